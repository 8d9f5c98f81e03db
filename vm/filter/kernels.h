/* kernels.h - filters. */
#ifndef VM_FILTER_KERNELS_H
#define VM_FILTER_KERNELS_H

#include "vm/kernel.h"

struct svf_state {
    lane c1, c2;
};

/* Coefficients of the trapezoidal state-variable filter.
 *   g := tan(pi cutoff/sr);  k := 1/q;  a1 := 1/(1 + g(g + k));  a2 := g a1;  a3 := g a2
 * cutoff Hz, held within 1 to 23500; q held within 0.05 to 1000.
 * A. Simper, "Linear Trapezoidal Integrated State Variable Filter", 2013. */
KERNEL(svf_coeff)
{
    (void)state;
    lane g = lane_tan_pi(lane_clamp(in[0], 1.0f, 23500.0f) * (1.0f / VM_RATE));
    lane k = lane_set(1.0f) / lane_clamp(in[1], 0.05f, 1000.0f);
    lane a1 = lane_set(1.0f) / (lane_set(1.0f) + g * (g + k));
    lane a2 = g * a1;
    out[0] = a1;
    out[1] = a2;
    out[2] = g * a2;
    out[3] = k;
}

/* One step of the filter: *v1 its band-pass, *v2 its low-pass. Stable for 0 <= g < inf, k > 0.
 *   v1 := a1 c1 + a2 (x - c2);  v2 := c2 + a2 c1 + a3 (x - c2)
 *   c1 := 2 v1 - c1;  c2 := 2 v2 - c2 */
LANE_FN void svf_step(struct svf_state *s, const lane *in, lane *v1, lane *v2)
{
    lane v3 = in[0] - s->c2;
    *v1 = in[1] * s->c1 + in[2] * v3;
    *v2 = s->c2 + (in[2] * s->c1 + in[3] * v3);
    s->c1 = lane_flush(*v1 + *v1 - s->c1);
    s->c2 = lane_flush(*v2 + *v2 - s->c2);
}

KERNEL(svf_lopass)
{
    lane v1;
    svf_step(state, in, &v1, &out[0]);
}

KERNEL(svf_hipass)
{
    lane v1, v2;
    svf_step(state, in, &v1, &v2);
    out[0] = in[0] - in[4] * v1 - v2;
}

KERNEL(svf_bandpass)
{
    lane v1, v2;
    svf_step(state, in, &v1, &v2);
    out[0] = in[4] * v1;
}

/* Coefficient of the trapezoidal one-pole.  g := tan(pi cutoff/sr);  G := g/(1 + g)
 * cutoff Hz, held within 0.01 to 23500. V. Zavalishin, "The Art of VA Filter Design", 3.10. */
KERNEL(onepole_coeff)
{
    (void)state;
    lane g = lane_tan_pi(lane_clamp(in[0], 0.01f, 23500.0f) * (1.0f / VM_RATE));
    out[0] = g / (lane_set(1.0f) + g);
}

struct onepole_state {
    lane s;
};

/* v := G (x - s);  y := v + s;  s := y + v.  Stable for 0 <= G < 1. */
KERNEL(onepole)
{
    struct onepole_state *st = state;
    lane v = in[1] * (in[0] - st->s);
    out[0] = v + st->s;
    st->s = lane_flush(out[0] + v);
}

#endif
