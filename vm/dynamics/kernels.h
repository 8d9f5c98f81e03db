/* kernels.h - dynamics. Levels and reductions are log2: 1 is 6.02 dB. */
#ifndef VM_DYNAMICS_KERNELS_H
#define VM_DYNAMICS_KERNELS_H

#include "vm/kernel.h"
#include "vm/loss.h"

/* ---- levels ---- */

/* The louder side: |x| of both, held within 1e9. */
KERNEL(link_peak)
{
    (void)state;
    out[0] = lane_clamp(lane_max(lane_abs(in[0]), lane_abs(in[1])), 0.0f, 1e9f);
}

/* out := log2 |x|, |x| held within 1e-10 (-200 dB) to 1e9. */
KERNEL(level)
{
    (void)state;
    out[0] = lane_log2(lane_clamp(lane_abs(in[0]), 1e-10f, 1e9f));
}

struct follow_state {
    lane s, left;
};

/* s + step. At 8 times the sample rate a minute is 23 million frames, and a frame's step may be
 * less than the last bit of s: what the sum rounds off goes to the next frame's. At the sample rate
 * a minute is within 1 % without. */
LANE_FN lane carried(lane s, lane step, lane *left, const struct memory *m)
{
    lane whole = step + *left, y = s + whole;
    ilane fast = lane_gt(lane_set(m->rate), lane_set(1.0f));
    *left = lane_sel(fast, lane_flush(whole - (y - s)), lane_set(0.0f));
    return y;
}

/* max(x, s - a s), and nothing left where it is x. */
LANE_FN lane fallen(struct follow_state *st, lane x, lane a, const struct memory *m)
{
    lane y = carried(st->s, lane_set(0.0f) - a * st->s, &st->left, m);
    st->left = lane_sel(lane_gt(x, y), lane_set(0.0f), st->left);
    st->s = lane_flush(lane_max(x, y));
    return st->s;
}

/* s := s + a (x^2 - s);  out := log2(s)/2, s held within 1e-20 and 1e18. Stable for 0 < a <= 1. */
KERNEL(level_rms)
{
    struct follow_state *st = state;
    lane x = lane_clamp(in[0], -1e9f, 1e9f);
    st->s = lane_flush(carried(st->s, in[1] * (x * x - st->s), &st->left, memory));
    out[0] = lane_log2(lane_max(st->s, lane_set(1e-20f))) * 0.5f;
}

/* ---- followers ---- */

/* a := 1 - e^(-1/(time sr)): a one-pole with it goes 1 - 1/e (63 %) of a step in `time` seconds.
 * time held within 0 to 100; 0 goes all the way at once. Relative error <= 1e-6. */
KERNEL(follow_coeff)
{
    (void)state;
    lane frames = held_seconds(in[0], 0.0f, 100.0f, memory) * VM_RATE;
    out[0] = lane_loss(lane_set(1.0f) / lane_max(frames, lane_set(0.03f)));
}

/* s := s + (x > s ? up : down) (x - s);  out := s. Stable for 0 < up, down <= 1.
 * The branching smooth detector of Giannoulis, Massberg and Reiss 2012, eq. 16. */
KERNEL(follow)
{
    struct follow_state *st = state;
    lane a = lane_sel(lane_gt(in[0], st->s), in[1], in[2]);
    st->s = lane_flush(carried(st->s, a * (in[0] - st->s), &st->left, memory));
    out[0] = st->s;
}

/* ---- compressor ---- */

/* What a curve is made of: threshold T and half the knee h in log2, slope and the knee's curvature.
 *   T := log2(threshold);  slope := 1 - 1/ratio;  h := log2(knee)/2;  c := 1/(4 h)
 * ratio held within 1 to 1e6, knee within 1 and 1e4. */
KERNEL(compress_coeff)
{
    (void)state;
    lane h = lane_log2(lane_clamp(in[2], 1.0f, 1e4f)) * 0.5f;
    out[0] = lane_log2(lane_clamp(in[0], 1e-10f, 1e9f));
    out[1] = lane_set(1.0f) - lane_set(1.0f) / lane_clamp(in[1], 1.0f, 1e6f);
    out[2] = h;
    out[3] = lane_set(0.25f) / lane_max(h, lane_set(1e-6f));
}

/* The reduction a level calls for, >= 0. in: level L, T, slope, h, c.
 *   d := L - T;  u := d + h within 0 and 2h;  out := slope (c u^2 + max(d - h, 0))
 * which is 0 below the knee, slope (d + h)^2/(4h) in it and slope d above it: eq. 4 of Giannoulis,
 * Massberg and Reiss 2012, as a reduction. */
KERNEL(compress_curve)
{
    (void)state;
    lane zero = lane_set(0.0f);
    lane d = in[0] - in[1];
    lane u = lane_min(lane_max(d + in[3], zero), in[3] + in[3]);
    out[0] = in[2] * (u * u * in[4] + lane_max(d - in[3], zero));
}

/* out := 2^-reduction makeup */
KERNEL(reduce)
{
    (void)state;
    out[0] = lane_exp2(lane_set(0.0f) - in[0]) * in[1];
}

/* ---- limiter ----
 *
 * Its filters over past frames have no feedback, so nothing adds up in them: x[n] and what the
 * ring's length back was. A chain of them with lengths d1, d2, ... looks d1 + d2 + ... frames back:
 * maxima with 1, 2, 4, ... are a sliding maximum, means with N/2, N/4, ... a moving average. */

/* out := x[n - D], D the ring's length */
MEMORY_KERNEL(back_delay)
{
    (void)state;
    ring_write(memory, in[0]);
    out[0] = ring_at(memory, (uint32_t)memory->high);
}

/* out := max(x[n], x[n - D]), of values >= 0 */
MEMORY_KERNEL(back_max)
{
    (void)state;
    ring_write(memory, in[0]);
    out[0] = lane_max(in[0], ring_at(memory, (uint32_t)memory->high));
}

/* out := (x[n] + x[n - D])/2 */
MEMORY_KERNEL(back_mean)
{
    (void)state;
    ring_write(memory, in[0]);
    out[0] = (in[0] + ring_at(memory, (uint32_t)memory->high)) * 0.5f;
}

/* out := max(log2(x/ceiling), 0): what a peak is above the ceiling. in: x >= 0, log2 ceiling. */
KERNEL(limit_excess)
{
    (void)state;
    lane over = lane_log2(lane_clamp(in[0], 1e-10f, 1e9f)) - in[1];
    out[0] = lane_max(over, lane_set(0.0f));
}

/* s := max(x, s - a s);  out := s. Up at once, down as a one-pole. Stable for 0 < a <= 1. */
KERNEL(limit_release)
{
    out[0] = fallen(state, in[0], in[1], memory);
}

/* out := x gain, held within +-ceiling: the gain is right but for the roundings of log2 and exp2,
 * a few in 1e6, and those are cut off here. */
KERNEL(limit_apply)
{
    (void)state;
    lane c = lane_clamp(lane_abs(in[2]), 1e-10f, 1e9f);
    out[0] = lane_max(lane_min(in[0] * in[1], c), lane_set(0.0f) - c);
}

/* ---- gate ---- */

struct gate_state {
    ilane n;      /* frames it stays open without being asked */
    lane e, left; /* 0 closed to 1 open; what rounding left */
};

/* in: |x|, threshold, hysteresis, hold, attack and release as shares a frame, range.
 *   asked := |x| > threshold, or open and |x| > threshold/hysteresis
 *   open := asked, or asked within the last round(hold sr) frames
 *   e := e + (open ? attack : release) (open - e);  out := range + (1 - range) e
 * Stable for 0 < attack, release <= 1. hold held within 0 to 300 s, hysteresis at 1 or above. */
KERNEL(gate_gain)
{
    struct gate_state *st = state;
    lane frames = held_seconds(in[3] * VM_RATE + 0.5f, 0.0f, 14400000.0f, memory);
    ilane was = lane_igt(st->n, lane_iset(0));
    lane low = in[1] / lane_clamp(in[2], 1.0f, 1e6f);
    ilane asked = lane_gt(in[0], in[1]) | (was & lane_gt(in[0], low));
    ilane open = asked | lane_igt(st->n, lane_iset(1));
    st->n = lane_isel(asked, lane_to_int(frames) + 1, st->n + was);
    lane target = lane_sel(open, lane_set(1.0f), lane_set(0.0f));
    lane step = lane_sel(open, in[4], in[5]) * (target - st->e);
    st->e = lane_flush(carried(st->e, step, &st->left, memory));
    lane range = lane_clamp(in[6], 0.0f, 1.0f);
    out[0] = range + (lane_set(1.0f) - range) * st->e;
}

/* ---- transient shaper ---- */

struct transient_state {
    lane peak;
    struct follow_state slow, tail;
};

/* in: |x|, log2 attack, log2 sustain, the shares a frame of the falling peak, the slow rise and the
 * slow fall.
 *   peak := max(|x|, peak - fall peak)
 *   slow := min(peak, slow + rise (peak - slow));  tail := max(peak, tail - tail_fall tail)
 *   out := 2^(attack min(log2(peak/slow)/2, 1) + sustain min(log2(tail/peak)/2, 1))
 * with 1e-5 added to each, so that silence is left alone. Of ratios only, so that it does the same
 * to loud and soft. Stable for shares in (0, 1]; attack and sustain held within +-8. */
KERNEL(transient_gain)
{
    struct transient_state *st = state;
    lane one = lane_set(1.0f);
    st->peak = lane_flush(lane_max(in[0], st->peak - in[3] * st->peak));
    lane rise = in[4] * (st->peak - st->slow.s);
    lane slow = carried(st->slow.s, rise, &st->slow.left, memory);
    st->slow.left = lane_sel(lane_lt(st->peak, slow), lane_set(0.0f), st->slow.left);
    st->slow.s = lane_flush(lane_min(st->peak, slow));
    lane tail = fallen(&st->tail, st->peak, in[5], memory);
    lane peak = lane_log2(st->peak + 1e-5f);
    lane rising = lane_min((peak - lane_log2(st->slow.s + 1e-5f)) * 0.5f, one);
    lane falling = lane_min((lane_log2(tail + 1e-5f) - peak) * 0.5f, one);
    out[0] = lane_exp2(lane_clamp(in[1], -8.0f, 8.0f) * rising +
                       lane_clamp(in[2], -8.0f, 8.0f) * falling);
}

#endif
