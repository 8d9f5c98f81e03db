/* follow.h - followers: what a sound's level is.
 *
 *   y := y + a (v - y), a that of attack while v >= y, of release while v < y, and 0 for `hold`
 *   frames after the last frame with v >= y
 * with v the input's magnitude, or its square. A constant v is approached as 1 - (1 - a)^n, exactly
 * the exponential of the time constant T: a = 1 - e^(-1/(T sr)). Stable for 0 < a <= 1, and y never
 * leaves the range of v.
 *
 * With T = 10 s a is 2e-6, and y + a (v - y) would round to y from 1.5% before v on: the rounding
 * error of the sum is kept and added to the next frame's step (Dekker 1971), which leaves 1e-6. */
#ifndef VM_ENV_FOLLOW_H
#define VM_ENV_FOLLOW_H

#include "vm/env/curve.h"

/* a := 1 - e^(-1/(T sr)), T seconds, held within 0 and 300; 1 for T = 0. Relative error <= 6e-7. */
KERNEL(env_follow_coeff)
{
    (void)state;
    lane frames = lane_max(held_seconds(in[0], 0.0f, 300.0f, memory) * VM_RATE, lane_set(1e-3f));
    out[0] = lane_set(0.0f) - curve_exp2m1(lane_set(-1.44269504f) / frames);
}

struct env_follow_state {
    lane y, error;
    ilane since; /* frames since v >= y */
};

/* in[1], in[2]: a of attack and release; in[3]: hold frames. */
LANE_FN lane env_follow(struct env_follow_state *s, lane v, const lane *in)
{
    ilane up = lane_ge(v, s->y);
    s->since = (s->since + (lane_igt(lane_iset(1 << 28), s->since) & lane_iset(1))) & ~up;
    ilane wait = ~up & lane_le(lane_from_int(s->since), in[3]);
    lane a = lane_sel(up, in[1], lane_sel(wait, lane_set(0.0f), in[2]));
    lane step = a * (v - s->y) + s->error;
    lane y = s->y + step;
    ilane jump = lane_ge(a, lane_set(1.0f));
    s->error = lane_sel(jump, lane_set(0.0f), lane_flush(step - (y - s->y)));
    s->y = lane_flush(lane_sel(jump, v, y));
    return s->y;
}

/* v := |x| */
KERNEL(env_follow_peak)
{
    out[0] = env_follow(state, lane_abs(lane_clamp(in[0], -1e9f, 1e9f)), in);
}

/* v := x^2;  out := sqrt(y) */
KERNEL(env_follow_rms)
{
    lane x = lane_clamp(in[0], -1e9f, 1e9f);
    out[0] = lane_sqrt(lane_max(env_follow(state, x * x, in), lane_set(0.0f)));
}

#endif
