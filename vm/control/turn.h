/* turn.h - slow phases: exact where an increment of 2^-32 turns is not.
 *
 * A frequency is a fixed-point number of Hz, 2^-32 Hz fine, and a turn is 48000 Hz frames: after n
 * frames of f Hz the phase is n f mod 48000, without any rounding, so that 2 Hz comes round every
 * 24000 frames for ever. In turns of 2^32, 2 Hz would be 178956.97 a frame, and late by 13 frames
 * after a hundred turns. Floats of 2^-9 Hz and more are exact, less ones to 2^-32 Hz. */
#ifndef VM_CONTROL_TURN_H
#define VM_CONTROL_TURN_H

#include "vm/kernel.h"

enum { TURN_WHOLE = 48000 };

/* whole + part/2^32; of a turn 0 <= whole < 48000. */
struct turn_fixed {
    ilane whole;
    ulane part;
};

/* |f| is held within 24 kHz (NaN: 0). */
LANE_FN struct turn_fixed turn_hertz(lane f)
{
    lane size = lane_clamp(lane_abs(f), 0.0f, 24000.0f);
    ilane whole = lane_to_int(size);
    lane rest = (size - lane_from_int(whole)) * 65536.0f;
    ilane high = lane_to_int(rest);
    ilane low = lane_to_int((rest - lane_from_int(high)) * 65536.0f);
    ulane part = (lane_as_uint(high) << 16) | lane_as_uint(low);
    ilane negative = lane_lt(f, lane_set(0.0f));
    ilane borrow = ~lane_ieq(lane_as_int(part), lane_iset(0)); /* -1 where there is a part */
    struct turn_fixed h;
    h.whole = lane_isel(negative, borrow - whole, whole);
    h.part = lane_as_uint(lane_isel(negative, lane_as_int(0u - part), lane_as_int(part)));
    return h;
}

LANE_FN struct turn_fixed turn_add(struct turn_fixed a, struct turn_fixed b)
{
    struct turn_fixed sum;
    sum.part = a.part + b.part;
    ilane carry = lane_igt(lane_as_int(a.part ^ 0x80000000u), lane_as_int(sum.part ^ 0x80000000u));
    sum.whole = lane_isub(lane_iadd(a.whole, b.whole), carry);
    return sum;
}

/* Half of what is not negative. */
LANE_FN struct turn_fixed turn_half(struct turn_fixed a)
{
    struct turn_fixed half;
    half.part = (a.part >> 1) | (lane_as_uint(a.whole) << 31);
    half.whole = a.whole >> 1;
    return half;
}

LANE_FN lane turn_to_lane(struct turn_fixed a)
{
    return lane_from_int(a.whole) + lane_from_int(lane_as_int(a.part >> 8)) * (1.0f / 16777216.0f);
}

/* Back into 0 to 48000: 1, 0 or -1, the turns it went round. */
LANE_FN ilane turn_wrap(struct turn_fixed *turn)
{
    ilane over = lane_igt(turn->whole, lane_iset(TURN_WHOLE - 1));
    ilane under = lane_igt(lane_iset(0), turn->whole);
    turn->whole += (under & lane_iset(TURN_WHOLE)) - (over & lane_iset(TURN_WHOLE));
    return under - over;
}

/* A turn as 2^-32 turns, at most four of them too low: whole 2^32/48000 + (part/2^32) 2^32/48000,
 * 2^32/48000 = 89478 + 31806.9/65536. Exact at the 128 parts of a turn that are whole Hz frames. */
LANE_FN ulane turn_phase(struct turn_fixed turn)
{
    ulane whole = lane_as_uint(turn.whole);
    return whole * 89478u + (whole * 31807u >> 16) + ((turn.part >> 17) * 89478u >> 15);
}

/* Where it rises above zero. *was is kept from frame to frame. */
LANE_FN ilane gate_rise(ilane *was, lane gate)
{
    ilane on = lane_gt(gate, lane_set(0.0f));
    ilane rise = on & ~*was;
    *was = on;
    return rise;
}

LANE_FN lane gate_of(ilane on)
{
    return lane_sel(on, lane_set(1.0f), lane_set(0.0f));
}

/* Draw n of a key, as noise_white draws: 24 bits. */
LANE_FN ilane key_draw(ulane key0, ulane key1, ulane n)
{
    ulane a = n + key0;
    a = (a ^ (a >> 16)) * 0x7feb352du;
    a = (a ^ (a >> 15)) * 0x846ca68bu;
    a = (a + key0) ^ key1;
    a = (a ^ (a >> 16)) * 0x7feb352du;
    a = (a ^ (a >> 15)) * 0x846ca68bu;
    return lane_as_int((a ^ (a >> 16)) >> 8);
}

#endif
