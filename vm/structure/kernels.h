/* kernels.h - mixing, panning, routing. */
#ifndef VM_STRUCTURE_KERNELS_H
#define VM_STRUCTURE_KERNELS_H

#include "vm/kernel.h"

/* Constant-power gains: the two sides of a quarter circle. pos is held within -1 to 1. */
KERNEL(pan_gains)
{
    (void)state;
    lane eighth_turns = (lane_clamp(in[0], -1.0f, 1.0f) + 1.0f) * 536870912.0f;
    ulane angle = lane_as_uint(lane_to_int(eighth_turns));
    out[0] = lane_sin_turns(angle + 0x40000000u);
    out[1] = lane_sin_turns(angle);
}

/* ---- rates ----
 *
 * An elliptic half-band as two chains of first-order all-passes at the lower rate,
 *   A(z) = prod (a + z^-1)/(1 + a z^-1),
 * one for even frames of the higher rate, one for odd ones (Valenzuela and Constantinides, 1983;
 * docs/halfband.py). Pass-band to 22 kHz of 96, flat within 1e-9 dB; stop-band -103 dB; group
 * delay 3.85 frames of the higher rate below 1 kHz, 24 at 22 kHz. */

enum { HALFBAND_STAGES = 5 };

/* The chain's last input, and each stage's last output. */
struct halfband_chain {
    lane x, y[HALFBAND_STAGES];
};

struct halfband {
    struct halfband_chain even, odd;
};

/* y := a (x - y') + x' */
LANE_FN lane halfband_chain(struct halfband_chain *c, const float *a, lane x)
{
    lane before = c->x;
    c->x = x;
    for (int i = 0; i < HALFBAND_STAGES; i++) {
        lane y = lane_flush((x - c->y[i]) * a[i] + before);
        before = c->y[i];
        c->y[i] = y;
        x = y;
    }
    return x;
}

LANE_FN lane halfband_even(struct halfband *s, lane x)
{
    static const float a[HALFBAND_STAGES] = {0.0374758838f, 0.279936336f, 0.570955095f,
                                             0.785420056f, 0.921785395f};
    return halfband_chain(&s->even, a, x);
}

LANE_FN lane halfband_odd(struct halfband *s, lane x)
{
    static const float a[HALFBAND_STAGES] = {0.13936584f, 0.430810089f, 0.689820492f, 0.860899401f,
                                             0.974522487f};
    return halfband_chain(&s->odd, a, x);
}

/* One frame to two. */
KERNEL(rate_up)
{
    out[0] = halfband_even(state, in[0]);
    out[1] = halfband_odd(state, in[0]);
}

/* Two frames, in[0] the earlier, to one. */
KERNEL(rate_down)
{
    lane odd = halfband_odd(state, in[0]);
    out[0] = (halfband_even(state, in[1]) + odd) * 0.5f;
}

/* For gates: on where either frame is, so that a trigger of one frame is not lost. */
KERNEL(rate_pick)
{
    (void)state;
    out[0] = lane_max(in[0], in[1]);
}

/* ---- time and chance ---- */

struct tempo_state {
    lane before, turns; /* the last x + 1, 0 at the start; whole turns of x, in [0, div) */
};

/* Locked for ever, as turns are counted and never added up. mul and div are whole numbers held
 * within 1 and 4096. A step of x by more than half a turn is a new turn, or one back. */
KERNEL(tempo_lock)
{
    struct tempo_state *s = state;
    lane one = lane_set(1.0f);
    lane mul = lane_from_int(lane_to_int(lane_clamp(in[1], 1.0f, 4096.0f)));
    lane div = lane_from_int(lane_to_int(lane_clamp(in[2], 1.0f, 4096.0f)));
    lane x = lane_clamp(in[0], 0.0f, 1.0f);
    lane step = lane_sel(lane_gt(s->before, lane_set(0.0f)), x + 1.0f - s->before, lane_set(0.0f));
    s->before = x + 1.0f;
    lane k = s->turns + lane_sel(lane_lt(step, lane_set(-0.5f)), one, lane_set(0.0f));
    k = k - lane_sel(lane_gt(step, lane_set(0.5f)), one, lane_set(0.0f));
    k = lane_sel(lane_lt(k, lane_set(0.0f)), div - 1.0f, k);
    k = lane_sel(lane_lt(k, div), k, lane_set(0.0f));
    s->turns = k;
    lane turns = (k + x) * mul / div;
    out[0] = turns - lane_from_int(lane_to_int(turns));
}

/* The same in every frame: u is the top 24 bits of a hash of the voice's key. */
KERNEL(voice_random)
{
    const ulane *key = state;
    ulane x = key[0] ^ (key[1] << 13 | key[1] >> 19);
    x = (x ^ (x >> 16)) * 0x7feb352du;
    x = (x ^ (x >> 15)) * 0x846ca68bu;
    x = x ^ (x >> 16);
    lane u = lane_from_int(lane_as_int(x >> 8)) * (1.0f / 16777216.0f);
    out[0] = in[0] + (in[1] - in[0]) * u;
}

#endif
