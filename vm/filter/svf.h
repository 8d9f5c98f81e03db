/* svf.h - the trapezoidal state-variable filter. */
#ifndef VM_FILTER_SVF_H
#define VM_FILTER_SVF_H

#include "vm/kernel.h"

struct svf_state {
    lane s1, s2;
};

/* g := tan(pi cutoff/sr), cutoff Hz, held within 1 to 23500. */
LANE_FN lane svf_g(lane cutoff, const struct memory *m)
{
    return lane_tan_pi(held_hz(cutoff, 1.0f, 23500.0f, m) * (1.0f / VM_RATE));
}

/* k := 1/q, q held within 0.05 to 1000. */
LANE_FN lane svf_k(lane q)
{
    return lane_set(1.0f) / lane_clamp(q, 0.05f, 1000.0f);
}

/* r := 2/(1 + g(g + k)) */
LANE_FN lane svf_r(lane g, lane k)
{
    return lane_set(2.0f) / (lane_set(1.0f) + g * (g + k));
}

/* Coefficients of the trapezoidal state-variable filter.
 *   g := tan(pi cutoff/sr);  k := 1/q;  r := 2/(1 + g(g + k));  a := r - 1;  b := g r;  c := g b
 * cutoff Hz, held within 1 to 23500; q held within 0.05 to 1000.
 * A. Simper, "Linear Trapezoidal Integrated State Variable Filter", 2013: his a1, a2, a3 are r/2,
 * b/2 and c/2. */
KERNEL(svf_coeff)
{
    (void)state;
    lane g = svf_g(in[0], memory);
    lane k = svf_k(in[1]);
    lane r = svf_r(g, k);
    lane b = g * r;
    out[0] = r - lane_set(1.0f);
    out[1] = b;
    out[2] = g * b;
    out[3] = k;
}

/* One step of the filter: *v1 its band-pass, *v2 its low-pass. Stable for 0 <= g < inf, k > 0.
 *   t := x/2 - s2;  s1' := a s1 + b t;  s2' := (s2 + b s1) + c t;  v1 := s1 + s1';  v2 := s2 + s2'
 * The states are half of Simper's, and the new ones come of the old without v1 and v2 between them:
 * no state waits for more than three operations and the flush. */
LANE_FN void svf_step(struct svf_state *s, const lane *in, lane *v1, lane *v2)
{
    lane t = in[0] * 0.5f - s->s2;
    lane s1 = lane_flush(in[1] * s->s1 + in[2] * t);
    lane s2 = lane_flush(s->s2 + in[2] * s->s1 + in[3] * t);
    *v1 = s->s1 + s1;
    *v2 = s->s2 + s2;
    s->s1 = s1;
    s->s2 = s2;
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

/* Low plus high. */
KERNEL(svf_notch)
{
    lane v1, v2;
    svf_step(state, in, &v1, &v2);
    out[0] = in[0] - in[4] * v1;
}

/* Low less high. */
KERNEL(svf_peak)
{
    lane v1, v2;
    svf_step(state, in, &v1, &v2);
    out[0] = v2 + v2 + in[4] * v1 - in[0];
}

/* Low less band plus high. */
KERNEL(svf_allpass)
{
    lane v1, v2;
    svf_step(state, in, &v1, &v2);
    lane band = in[4] * v1;
    out[0] = in[0] - (band + band);
}

/* ---- shelves and bell ----
 *
 * The same filter with its outputs mixed (Simper 2013). A := sqrt(gain), gain a ratio, held within
 * 1e-4 to 1e4 (80 dB). Every state is that of svf_step, so what is stable there is stable here. */

LANE_FN lane svf_gain(lane gain)
{
    return lane_clamp(gain, 1e-4f, 1e4f);
}

/* k := 1/(q A);  out: a, b, c, m1 := k (A^2 - 1) */
KERNEL(svf_bell_coeff)
{
    (void)state;
    lane gain = svf_gain(in[2]);
    lane g = svf_g(in[0], memory);
    lane k = svf_k(in[1]) / lane_sqrt(gain);
    lane r = svf_r(g, k);
    lane b = g * r;
    out[0] = r - lane_set(1.0f);
    out[1] = b;
    out[2] = g * b;
    out[3] = k * (gain - lane_set(1.0f));
}

/* out := x + m1 v1 */
KERNEL(svf_bell)
{
    lane v1, v2;
    svf_step(state, in, &v1, &v2);
    out[0] = in[0] + in[4] * v1;
}

/* g := tan(pi cutoff/sr)/sqrt(A);  k := 1/q;  out: g, r, m1 := k (A - 1), m2 := A^2 - 1 */
KERNEL(svf_loshelf_coeff)
{
    (void)state;
    lane gain = svf_gain(in[2]);
    lane a = lane_sqrt(gain);
    lane g = svf_g(in[0], memory) / lane_sqrt(a);
    lane k = svf_k(in[1]);
    out[0] = g;
    out[1] = svf_r(g, k);
    out[2] = k * (a - lane_set(1.0f));
    out[3] = gain - lane_set(1.0f);
}

/* g := tan(pi cutoff/sr) sqrt(A);  k := 1/q;  out: g, r, m1 := k (A - A^2), m2 := A^2 - 1 */
KERNEL(svf_hishelf_coeff)
{
    (void)state;
    lane gain = svf_gain(in[2]);
    lane a = lane_sqrt(gain);
    lane g = svf_g(in[0], memory) * lane_sqrt(a);
    lane k = svf_k(in[1]);
    out[0] = g;
    out[1] = svf_r(g, k);
    out[2] = k * (a - gain);
    out[3] = gain - lane_set(1.0f);
}

/* in: x, g, r, m1, m2: one output fewer than a, b, c and the rest would take. */
LANE_FN void svf_shelf_step(struct svf_state *s, const lane *in, lane *v1, lane *v2)
{
    lane b = in[1] * in[2];
    const lane coeff[] = {in[0], in[2] - lane_set(1.0f), b, in[1] * b};
    svf_step(s, coeff, v1, v2);
}

/* out := x + m1 v1 + m2 v2 */
KERNEL(svf_loshelf)
{
    lane v1, v2;
    svf_shelf_step(state, in, &v1, &v2);
    out[0] = in[0] + (in[3] * v1 + in[4] * v2);
}

/* out := x + m1 v1 + m2 (x - v2) */
KERNEL(svf_hishelf)
{
    lane v1, v2;
    svf_shelf_step(state, in, &v1, &v2);
    out[0] = in[0] + (in[3] * v1 + in[4] * (in[0] - v2));
}

/* ---- crossover ---- */

struct crossover_state {
    struct svf_state first, second;
};

/* Linkwitz-Riley of order 4: a Butterworth low-pass twice, and what an all-pass of the same poles
 * leaves of it, which is the Butterworth high-pass twice:
 *   L := 1/(s^2 + k s + 1);  A := (s^2 - k s + 1) L;  A - L^2 = s^4 L^2,  k = sqrt(2)
 * S. Linkwitz, "Active Crossover Networks for Noncoincident Drivers", JAES 24, 1976. */
KERNEL(crossover)
{
    struct crossover_state *s = state;
    lane v1, v2, w1;
    svf_step(&s->first, in, &v1, &v2);
    lane band = in[4] * v1;
    const lane second[] = {v2, in[1], in[2], in[3]};
    svf_step(&s->second, second, &w1, &out[0]);
    out[1] = in[0] - (band + band) - out[0];
}

#endif
