/* biquad.h - a second-order section given by its coefficients. */
#ifndef VM_FILTER_BIQUAD_H
#define VM_FILTER_BIQUAD_H

#include "vm/kernel.h"

/* H(z) = (b0 + b1 z^-1 + b2 z^-2)/(1 + a1 z^-1 + a2 z^-2): the zeros first, as a sum of past
 * inputs, which keeps them where they are, then the poles as a normalised ladder. Its rotations
 * keep the energy of what enters, whatever their angles do from frame to frame, where a direct
 * form can be driven apart by coefficients that are each stable.
 * A. Gray, J. Markel, "A normalized digital filter structure", IEEE Trans. ASSP 23, 1975.
 *   k2 := a2;  k1 := a1/(1 + a2);  c := sqrt(1 - k^2)
 * The triangle |a2| < 1, |a1| < 1 + a2 is |k1| < 1, |k2| < 1: what lies outside is held at
 * |k2| <= 1 - 2^-20, 1 - |k1| >= 2^-23. k1 is kept as d := 1 - |k1| with the sign of a1, exact
 * where poles crowd at 0 Hz. */
KERNEL(biquad_poles)
{
    (void)state;
    const lane one = lane_set(1.0f);
    lane k2 = lane_clamp(in[1], -0.99999905f, 0.99999905f);
    lane room = k2 - (lane_abs(in[0]) - one);
    lane d = lane_clamp(room / (one + k2), 1.1920929e-07f, 1.0f);
    out[0] = lane_copysign(d, in[0]);
    out[1] = lane_sqrt(d * (2.0f - d));
    out[2] = k2;
    out[3] = lane_sqrt((one - k2) * (one + k2));
}

struct biquad_state {
    lane x1, x2; /* past inputs */
    lane s1, s2; /* the ladder's backward waves, a frame old */
};

/* in: x, b0, b1, b2, d, c1, k2, c2.
 *   p := b0 x + b1 x' + b2 x'';  f := c2 p - k2 s2;  e := c1 f - k1 s1;  out := e/(c1 c2)
 *   s2 := k1 f + c1 s1;  s1 := e */
KERNEL(biquad)
{
    struct biquad_state *s = state;
    lane d = lane_abs(in[4]);
    lane sign = lane_copysign(lane_set(1.0f), in[4]);
    lane p = in[1] * in[0] + in[2] * s->x1 + in[3] * s->x2;
    lane f = in[7] * p - in[6] * s->s2;
    lane e = in[5] * f - (s->s1 - d * s->s1) * sign;
    s->x2 = s->x1;
    s->x1 = in[0];
    s->s2 = lane_flush((f - d * f) * sign + in[5] * s->s1);
    s->s1 = lane_flush(e);
    out[0] = e / lane_max(in[5] * in[7], lane_set(1e-7f)); /* never so small from biquad_poles */
}

#endif
