/* glide.h - from one value to the next: glides in a given time, slew limits. */
#ifndef VM_CONTROL_GLIDE_H
#define VM_CONTROL_GLIDE_H

#include "vm/control/turn.h"

struct glide_state {
    lane start, target, octaves; /* octaves from start to target, of a geometric glide */
    ilane n, begun;              /* frames since the target changed; mask */
};

/* A new target begins a glide from `level`, the value it would have had now. in: target, frames. */
LANE_FN ilane glide_change(struct glide_state *s, const lane *in, lane level, lane *out)
{
    ilane change = lane_lt(in[0], s->target) | lane_gt(in[0], s->target) | ~s->begun;
    lane start = lane_sel(s->begun, level, in[0]);
    s->start = lane_sel(change, start, s->start);
    s->target = lane_sel(change, in[0], s->target);
    s->n = s->n & ~change;
    s->begun = lane_iset(-1);
    *out = lane_sel(change, lane_sel(lane_lt(in[1], lane_set(1.0f)), in[0], start), level);
    s->n = s->n + (lane_igt(lane_iset(1 << 28), s->n) & lane_iset(1));
    return change;
}

/* in: target, frames, step. n frames after the target's change
 *   out := start + (target - start) n/frames;  target from n = frames on */
KERNEL(glide_linear)
{
    struct glide_state *s = state;
    lane n = lane_from_int(s->n);
    lane level = s->start + (s->target - s->start) * (n * in[2]);
    level = lane_sel(lane_ge(n, in[1]), s->target, level);
    glide_change(s, in, level, &out[0]);
}

/* Both ends on one side of zero, and their magnitudes within 1e-6 and 1e9. */
LANE_FN ilane glide_is_geometric(const struct glide_state *s)
{
    lane a = lane_copysign(s->start, s->start * s->target);
    lane b = lane_abs(s->target);
    lane low = lane_set(1e-6f), high = lane_set(1e9f);
    return lane_ge(a, low) & lane_ge(b, low) & lane_le(a, high) & lane_le(b, high);
}

/* As glide_linear, with  out := start (target/start)^(n/frames), where start and target have one
 * sign: the same interval in the same time. Within 2e-7 + 1e-7 |log2(target/start)| of that. */
KERNEL(glide_exponential)
{
    struct glide_state *s = state;
    lane n = lane_from_int(s->n);
    lane t = n * in[2];
    lane level = s->start + (s->target - s->start) * t;
    level = lane_sel(glide_is_geometric(s), s->start * lane_exp2(s->octaves * t), level);
    level = lane_sel(lane_ge(n, in[1]), s->target, level);
    if (lane_any(glide_change(s, in, level, &out[0]))) {
        lane one = lane_set(1.0f);
        ilane geometric = glide_is_geometric(s);
        lane ratio = lane_sel(geometric, s->target, one) / lane_sel(geometric, s->start, one);
        s->octaves = lane_log2(ratio);
    }
}

struct slew_state {
    lane y, error;
    ilane begun;
};

/* in: x, rise and fall a second, not below 0.
 *   y := y + (x - y held within -fall/sr and rise/sr);  y := x in the first frame
 * The rounding error of the sum is carried over to the next frame, so that the rate is exact also
 * where a frame's step is near the last bit of y. */
KERNEL(slew)
{
    struct slew_state *s = state;
    lane rise = lane_clamp(in[1], 0.0f, 1e12f) / VM_RATE;
    lane fall = lane_clamp(in[2], 0.0f, 1e12f) / VM_RATE;
    lane gap = in[0] - s->y;
    lane step = lane_min(lane_max(gap, lane_set(0.0f) - fall), rise);
    ilane there = (lane_ge(gap, step) & lane_le(gap, step)) | ~s->begun;
    step = step + s->error;
    lane y = s->y + step;
    s->error = lane_sel(there, lane_set(0.0f), lane_flush(step - (y - s->y)));
    s->y = lane_flush(lane_sel(there, in[0], y));
    s->begun = lane_iset(-1);
    out[0] = s->y;
}

#endif
