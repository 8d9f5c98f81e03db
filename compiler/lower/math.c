/* math.c - arithmetic, comparison, conversion. */
#include "compiler/lower/lower.h"

DIRECT(GAIN, gain)
DIRECT(MATH_ADD, add)
DIRECT(MATH_SUB, sub)
DIRECT(MATH_MUL, mul)
DIRECT(MATH_DIV, div)
DIRECT(MATH_MIN, min)
DIRECT(MATH_MAX, max)
DIRECT(MATH_CLIP, clip)
