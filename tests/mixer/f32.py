"""IEEE single precision on Python's doubles, as section 1 of docs/mixer.md has it.

An f32 is kept as the Python float of the same value. The sum, difference, product, quotient and
square root of f32 values, rounded first to 53 and then to 24 bits, are those rounded once to 24
bits, because 53 >= 2 * 24 + 2. So `f32(a + b)` is the single-precision sum, and so on.
"""

import math
import struct

_SINGLE = struct.Struct("<f")


def f32(x):
    """The f32 nearest to the double `x`, ties to even."""
    try:
        return _SINGLE.unpack(_SINGLE.pack(x))[0]
    except OverflowError:
        return math.copysign(math.inf, x)


def f32_of_int(n):
    """f32(n) of an integer of any size, rounded once."""
    magnitude = abs(n)
    excess = magnitude.bit_length() - 24
    if excess > 0:
        unit = 1 << excess
        low = magnitude % unit
        magnitude -= low
        odd = (magnitude >> excess) & 1
        if 2 * low > unit or (2 * low == unit and odd):
            magnitude += unit
    return float(-magnitude if n < 0 else magnitude)


def f32_sqrt(x):
    return f32(math.sqrt(x))


def rne(x):
    """The integer nearest to an f32, ties to even."""
    return round(x)


def clamp(x, low, high):
    return low if x < low else high if x > high else x
