/* curve.h - the bend of a segment, as SuperCollider's Env has it.
 *
 *   y(t) := (e^(c t) - 1)/(e^c - 1), 0 <= t <= 1;  y := t for c = 0
 *
 * c below 0 starts fast and ends slow, as a capacitor does; above 0 slow, then fast:
 * y(t; -c) = 1 - y(1 - t; c). Stateless. */
#ifndef VM_ENV_CURVE_H
#define VM_ENV_CURVE_H

#include "vm/kernel.h"

/* 2^x - 1: lane_exp2 with its 1 added last, so that the error is relative also near 0: <= 5e-7 of
 * the result. x is held within -126 and 127. */
LANE_FN lane curve_exp2m1(lane x)
{
    lane c = lane_clamp(x, -126.0f, 127.0f);
    lane k = c + 12582912.0f;
    lane f = c - (k - 12582912.0f);
    lane p = f * 0.00015353359f + 0.00133988739f;
    p = p * f + 0.00961843692f;
    p = p * f + 0.0555033237f;
    p = p * f + 0.240226477f;
    p = p * f + 0.693147182f;
    lane power = lane_from_bits((lane_bits(k) << 23) + 0x3f800000u);
    return power * (p * f) + (power - 1.0f);
}

/* What y needs of c, which is held within -20 and 20.
 *   k := c/ln 2, 0 where |c| < 1e-6;  r := 1/(2^k - 1), 1 where k is 0 */
LANE_FN void curve_of(lane curve, lane *k, lane *r)
{
    lane c = lane_clamp(curve, -20.0f, 20.0f);
    ilane straight = lane_lt(lane_abs(c), lane_set(1e-6f));
    lane bent = lane_sel(straight, lane_set(1.0f), c * 1.44269504f);
    *k = lane_sel(straight, lane_set(0.0f), bent);
    *r = lane_sel(straight, lane_set(1.0f), lane_set(1.0f) / curve_exp2m1(bent));
}

KERNEL(env_curve)
{
    (void)state;
    curve_of(in[0], &out[0], &out[1]);
}

/* y(t) of (k, r), t held at 1; within 1e-6 of it. Past 1 small powers would be denormal. */
LANE_FN lane curve_bend(lane time, lane k, lane r)
{
    lane t = lane_min(time, lane_set(1.0f));
    ilane straight = lane_ge(lane_set(0.0f), lane_abs(k));
    return lane_sel(straight, t, curve_exp2m1(k * t) * r);
}

#endif
