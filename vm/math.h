/* math.h - sine, tangent, powers, logarithms and tanh as lane functions.
 *
 * The libraries' functions differ between machines; these are + - * / and integers only, so
 * their bits do not. Coefficients come from docs/blep.py (minimax, rounded to single). The
 * bounds stated hold for every float of the range: tests/numeric/test_math.c measures them
 * against double; docs/numerics.md has the figures.
 */
#ifndef VM_MATH_H
#define VM_MATH_H

#include "lane.h"

/* phase -> its quarter wave t, |t| <= 2^30, sin(2 pi phase/2^32) = sin(2 pi t/2^32):
 *   t := 2^30 - |phase - 2^30|.  Exact; t(-phase) = -t(phase). */
LANE_FN ilane lane_quarter(ulane phase)
{
    ulane a = phase - 0x40000000u;
    ulane m = lane_as_uint(lane_as_int(a) >> 31); /* -1 where a < 0 */
    return lane_as_int((0x40000000u + m) - (a ^ m));
}

/* sin(2 pi phase/2^32) = z + z (1 - z^2) T(z^2), z = t/2^30, T of degree 3: degree 9 in all.
 * Absolute error <= 1.1e-7; odd, never above 1, exactly 0, 1, 0, -1 at the quarter turns. */
LANE_FN lane lane_sin_turns(ulane phase)
{
    lane z = lane_from_int(lane_quarter(phase)) * (1.0f / 1073741824.0f);
    lane w = z * z;
    lane p = w * -0.000150626845f + 0.00452120975f;
    p = p * w - 0.0751670077f;
    p = p * w + 0.570796311f;
    return z + (z - z * w) * p;
}

/* tan(pi f), 0 <= f <= 0.49: n/d below a quarter, d/n of (1/2 - f, exact) above it, with
 *   n = y (n0 + n1 y^2),  d = 1 + d1 y^2 + d2 y^4.
 * Relative error <= 3e-7; tan(0) = 0. One division. */
LANE_FN lane lane_tan_pi(lane f)
{
    ilane high = lane_gt(f, lane_set(0.25f));
    lane y = lane_sel(high, lane_set(0.5f) - f, f);
    lane w = y * y;
    lane n = (w * -2.97045612f + 3.1415925f) * y;
    lane d = (w * 0.946510255f - 4.2354002f) * w + 1.0f;
    return lane_sel(high, d, n) / lane_sel(high, n, d);
}

/* 2^x = 2^i (1 + f P(f)), i the nearest integer, f = x - i (exact), P of degree 5.
 * x is held within -126 and 127 (NaN: -126). Relative error <= 1.1e-7; integers are exact.
 * Adding 1.5 2^23 rounds to an integer and leaves it in the low bits. */
LANE_FN lane lane_exp2(lane x)
{
    lane c = lane_clamp(x, -126.0f, 127.0f);
    lane k = c + 12582912.0f;
    lane f = c - (k - 12582912.0f);
    lane p = f * 0.00015353359f + 0.00133988739f;
    p = p * f + 0.00961843692f;
    p = p * f + 0.0555033237f;
    p = p * f + 0.240226477f;
    p = p * f + 0.693147182f;
    p = p * f + 1.0f;
    return lane_from_bits(lane_bits(p) + (lane_bits(k) << 23));
}

/* log2(x) = e + f P(f), x = 2^e (1 + f), sqrt(1/2) <= 1 + f < sqrt(2), P of degree 8.
 * For positive normal x only. Absolute error <= 7e-8 + 2^-24 |log2 x|; powers of two are
 * exact; from sqrt(1/2) to sqrt(2) the error is <= 1.5e-7 of the result. */
LANE_FN lane lane_log2(lane x)
{
    ulane u = lane_bits(x);
    ilane e = lane_as_int(u - 0x3f3504f3u) >> 23; /* 0x3f3504f3: sqrt(1/2) */
    lane f = lane_from_bits(u - (lane_as_uint(e) << 23)) - 1.0f;
    lane p = f * 0.125837266f - 0.207269743f;
    p = p * f + 0.215715528f;
    p = p * f - 0.238944829f;
    p = p * f + 0.287916243f;
    p = p * f - 0.360703677f;
    p = p * f + 0.480910629f;
    p = p * f - 0.721347332f;
    p = p * f + 1.44269502f;
    return lane_from_int(e) + f * p;
}

/* tanh(x) = x N(x^2)/D(x^2), N and D of degree 4; x is held within -9.2 and 9.2 (NaN: -9.2),
 * where it is +-1. Relative error <= 4.1e-7; odd, never above 1, x itself below 1e-4. One division.
 */
LANE_FN lane lane_tanh(lane x)
{
    lane c = lane_clamp(x, -9.2f, 9.2f);
    lane w = c * c;
    lane n = w * 1.33843052e-08f + 2.06358327e-05f;
    n = n * w + 0.0034974583f;
    n = n * w + 0.133826882f;
    n = n * w + 1.0f;
    lane d = w * 7.79025527e-07f + 0.000328851835f;
    d = d * w + 0.0258843638f;
    d = d * w + 0.467160106f;
    d = d * w + 1.0f;
    return lane_clamp(c * n / d, -1.0f, 1.0f);
}

#endif
