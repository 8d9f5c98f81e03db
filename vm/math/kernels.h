/* kernels.h - arithmetic, comparison, conversion. */
#ifndef VM_MATH_KERNELS_H
#define VM_MATH_KERNELS_H

#include "vm/kernel.h"

#define ARITHMETIC(name, expression)                                                               \
    KERNEL(name)                                                                                   \
    {                                                                                              \
        (void)state;                                                                               \
        out[0] = expression;                                                                       \
    }

ARITHMETIC(gain, in[0] * in[1])
ARITHMETIC(add, in[0] + in[1])
ARITHMETIC(sub, in[0] - in[1])
ARITHMETIC(mul, in[0] * in[1])
ARITHMETIC(div, in[0] / in[1])
ARITHMETIC(min, lane_min(in[0], in[1]))
ARITHMETIC(max, lane_max(in[0], in[1]))
ARITHMETIC(clip, lane_min(lane_max(in[0], in[1]), in[2]))

/* Whole numbers. Above 2^23 every float is one; below, conversion to int and back is exact. */
LANE_FN lane math_floor(lane x)
{
    lane whole = lane_from_int(lane_to_int(lane_clamp(x, -8388608.0f, 8388608.0f)));
    lane down = whole - lane_sel(lane_gt(whole, x), lane_set(1.0f), lane_set(0.0f));
    return lane_sel(lane_lt(lane_abs(x), lane_set(8388608.0f)), down, x);
}

/* 1 or 0. */
LANE_FN lane math_truth(ilane mask)
{
    return lane_sel(mask, lane_set(1.0f), lane_set(0.0f));
}

LANE_FN ilane math_on(lane x)
{
    return lane_gt(x, lane_set(0.0f));
}

ARITHMETIC(abs, lane_abs(in[0]))
ARITHMETIC(sign, math_truth(math_on(in[0])) - math_truth(lane_lt(in[0], lane_set(0.0f))))
ARITHMETIC(floor, math_floor(in[0]))
ARITHMETIC(sqrt, lane_sqrt(lane_max(in[0], lane_set(0.0f))))

/* The most that an exponential gives, 2^100 or 1.27e30: filters, half-bands and what reads between
 * frames may sum up what comes of it, and have 2^27 until the largest float. */
#define MATH_MOST 100.0f

ARITHMETIC(exp2, lane_exp2(lane_clamp(in[0], -126.0f, MATH_MOST)))
ARITHMETIC(log2, lane_log2(lane_clamp(in[0], 1.17549435e-38f, 1.70141183e38f)))
ARITHMETIC(greater, math_truth(lane_gt(in[0], in[1])))
ARITHMETIC(not_less, math_truth(lane_ge(in[0], in[1])))
ARITHMETIC(equal, math_truth(lane_ge(in[0], in[1]) & lane_le(in[0], in[1])))
ARITHMETIC(and, math_truth(math_on(in[0]) & math_on(in[1])))
ARITHMETIC(or, math_truth(math_on(in[0]) | math_on(in[1])))
ARITHMETIC(xor, math_truth(math_on(in[0]) ^ math_on(in[1])))
ARITHMETIC(not, math_truth(~math_on(in[0])))
ARITHMETIC(select, lane_sel(math_on(in[0]), in[1], in[2]))

/* Adding 2^23 rounds to a whole number, ties to even. */
KERNEL(round)
{
    (void)state;
    lane shift = lane_copysign(lane_set(8388608.0f), in[0]);
    lane small = (in[0] + shift) - shift;
    out[0] = lane_sel(lane_lt(lane_abs(in[0]), lane_set(8388608.0f)), small, in[0]);
}

/* r := a - b floor(a/b), mended where the quotient was rounded up or down over a whole number. */
KERNEL(modulo)
{
    (void)state;
    lane a = in[0], b = in[1];
    ilane none = lane_ge(b, lane_set(0.0f)) & lane_le(b, lane_set(0.0f));
    lane divisor = lane_sel(none, lane_set(1.0f), b);
    lane r = a - divisor * math_floor(a / divisor);
    lane size = lane_abs(divisor), sense = lane_copysign(lane_set(1.0f), divisor);
    lane m = r * sense; /* wanted in [0, size) */
    m = lane_sel(lane_lt(m, lane_set(0.0f)), m + size, m);
    m = lane_sel(lane_ge(m, size) | lane_lt(m, lane_set(0.0f)), lane_set(0.0f), m);
    out[0] = lane_sel(none, lane_set(0.0f), m * sense);
}

/* Turns, held within +-2^20, to the phase of lane_sin_turns; exact to 2^-31 turns. */
KERNEL(sine)
{
    (void)state;
    lane x = lane_clamp(in[0], -1048576.0f, 1048576.0f);
    lane fraction = x - lane_from_int(lane_to_int(x));
    out[0] = lane_sin_turns(lane_as_uint(lane_to_int(fraction * 2147483648.0f)) << 1);
}

/* |a|^b with the sign of a, so that it is a number for every a and b. |a| is held within 1e-30 and
 * 1e30, the result within 2^-126 and 2^100. Relative error <= 1e-7 (1 + |b log2|a||). */
KERNEL(power)
{
    (void)state;
    lane size = lane_clamp(lane_abs(in[0]), 1e-30f, 1e30f);
    lane power = lane_clamp(in[1] * lane_log2(size), -126.0f, MATH_MOST);
    lane value = lane_copysign(lane_exp2(power), in[0]);
    ilane zero = lane_le(lane_abs(in[0]), lane_set(0.0f));
    out[0] = lane_sel(zero, lane_set(0.0f), value);
}

MEMORY_KERNEL(lookup)
{
    (void)state;
    lane at = lane_clamp(in[0], 0.0f, 1.0f) * (float)(int32_t)(memory->length - 1);
    ilane below = lane_to_int(at);
    lane part = at - lane_from_int(below);
    lane a = table_read(memory, below);
    out[0] = a + part * (table_read(memory, below + 1) - a);
}

MEMORY_KERNEL(lookup_step)
{
    (void)state;
    lane at = lane_clamp(in[0], 0.0f, 1.0f) * (float)(int32_t)memory->length;
    out[0] = table_read(memory, lane_to_int(at));
}

#endif
