/* ladder.h - the transistor ladder. */
#ifndef VM_FILTER_LADDER_H
#define VM_FILTER_LADDER_H

#include "vm/kernel.h"

/* Four trapezoidal one-poles in a row, fed back without a delay through a tanh at the input:
 *   y0 := tanh(gain x - k y4);  yi := (one-pole of G) y(i-1)
 * V. Zavalishin, "The Art of VA Filter Design", 2012, chapter 5; the ladder is R. Moog's, 1965.
 *
 * Each one-pole turns the phase by 1/8 turn at the cutoff exactly, and tanh turns it nowhere: the
 * loop closes at the cutoff at any level, so self-oscillation (k > 4) is in tune.
 *
 * Stable for k >= 0 and any movement of G: |y0| <= 1 and each one-pole is passive (it adds at most
 * g y(i-1)^2 to its state's square). */

/* in: cutoff Hz, held within 1 to 23500; res, held within 0 to 1.25; drive, a ratio, held within 0
 * to 1000; comp, held within 0 to 1.
 *   G := g/(1 + g);  k := 4 res;  r := 1/(1 + k G^4);  gain := drive (1 + comp k) */
KERNEL(ladder_coeff)
{
    (void)state;
    const lane one = lane_set(1.0f);
    lane g = lane_tan_pi(held_hz(in[0], 1.0f, 23500.0f, memory) * (1.0f / VM_RATE));
    lane G = g / (one + g);
    lane k = lane_clamp(in[1], 0.0f, 1.25f) * 4.0f;
    lane G2 = G * G;
    out[0] = G;
    out[1] = k;
    out[2] = one / (one + k * (G2 * G2));
    out[3] = lane_clamp(in[2], 0.0f, 1000.0f) * (one + lane_clamp(in[3], 0.0f, 1.0f) * k);
}

struct ladder_state {
    lane s[4];
};

/* u := tanh(z) where z + c u = b: the loop without delay, c >= 0, r = 1/(1 + c). For b > 0 the
 * root is above both b r and b - c, and from there Newton's steps rise to it. After two of them u
 * is what solves the second's tangent: z + c u = b holds to rounding, |u| <= 1, and u is within
 * 0.001 of tanh(z) for c <= 5: a saturation of its own, as smooth, odd and without memory. */
LANE_FN lane ladder_saturate(lane b, lane c, lane r)
{
    const lane one = lane_set(1.0f);
    lane m = lane_abs(b);
    lane z = lane_max(m * r, m - c);
    lane t = lane_tanh(z);
    lane slope = one - t * t;
    z = z + (m - z - c * t) / (one + c * slope);
    t = lane_tanh(z);
    slope = one - t * t;
    lane dz = (m - z - c * t) / (one + c * slope);
    return lane_copysign(lane_min(t + slope * dz, one), b);
}

/* in: x, G, k, r, gain; out: 24 dB low-pass, 12 dB low-pass, band-pass, 24 dB high-pass.
 *   S := (1 - G)(((s1 G + s2) G + s3) G + s4);  y0 := tanh(gain x - k (G^4 y0 + S))
 *   v := G (y(i-1) - si);  yi := v + si;  si := yi + v */
KERNEL(ladder)
{
    struct ladder_state *st = state;
    lane *s = st->s;
    lane G = in[1], G2 = G * G;
    lane S = (((s[0] * G + s[1]) * G + s[2]) * G + s[3]) * (1.0f - G);
    lane y[5];
    y[0] = ladder_saturate(in[4] * in[0] - in[2] * S, in[2] * (G2 * G2), in[3]);
    for (int i = 0; i < 4; i++) {
        lane v = G * (y[i] - s[i]);
        y[i + 1] = v + s[i];
        s[i] = lane_flush(y[i + 1] + v);
    }
    out[0] = y[4];
    out[1] = y[2];
    out[2] = (y[2] - (y[3] + y[3]) + y[4]) * 4.0f;
    out[3] = y[0] + y[4] - (y[1] + y[3]) * 4.0f + y[2] * 6.0f;
}

#endif
