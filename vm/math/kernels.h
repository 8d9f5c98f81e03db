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

#endif
