/* lane.h - the number type every kernel is written in.
 *
 * A `lane` is one float, or a vector of VM_VEC floats: the same frame of VM_VEC voices side by
 * side. VM_VEC is set by the build (1, 4, 8 or 16). Every operation below is IEEE single
 * precision or 32-bit integer arithmetic, element by element, so a voice's bits do not depend
 * on the width it is computed in.
 *
 * Comparisons give an `ilane` mask: all ones where true, zero where false. With NaN every
 * comparison is false; lane_min(a, b) and lane_max(a, b) then give b.
 */
#ifndef VM_LANE_H
#define VM_LANE_H

#include <stdint.h>
#include <string.h>
#if defined __SSE__ && VM_VEC > 1
#include <immintrin.h>
#endif

#ifndef VM_VEC
#define VM_VEC 1
#endif

#if defined __FLT_EVAL_METHOD__ && __FLT_EVAL_METHOD__ != 0
#error "floats must be computed as floats: -fexcess-precision=fast, or -msse2 -mfpmath=sse"
#endif

#if VM_VEC == 1
typedef float lane;
typedef int32_t ilane;
typedef uint32_t ulane;
#else
typedef float lane __attribute__((vector_size(4 * VM_VEC)));
typedef int32_t ilane __attribute__((vector_size(4 * VM_VEC)));
typedef uint32_t ulane __attribute__((vector_size(4 * VM_VEC)));
#endif

#define LANE_FN static inline __attribute__((always_inline, unused))

LANE_FN lane lane_set(float x)
{
#if VM_VEC == 1
    return x;
#else
    return x - (lane){0};
#endif
}

LANE_FN ilane lane_iset(int32_t x)
{
#if VM_VEC == 1
    return x;
#else
    return x | (ilane){0};
#endif
}

/* The same 32 bits read as another type. */
LANE_FN ulane lane_bits(lane x)
{
    ulane u;
    memcpy(&u, &x, sizeof u);
    return u;
}

LANE_FN lane lane_from_bits(ulane u)
{
    lane x;
    memcpy(&x, &u, sizeof x);
    return x;
}

/* Nearest float, ties to even. */
LANE_FN lane lane_from_int(ilane i)
{
#if VM_VEC == 1
    return (float)i;
#else
    return __builtin_convertvector(i, lane);
#endif
}

/* Toward zero. The caller keeps |x| < 2^31 and x not NaN. The barriers: without trapping math gcc
 * makes a truncation of (float)(int32_t)x where the CPU has one, and that of -0.5 or -0 is -0.
 * Where vectors are the CPU's own it does so when it combines instructions, which the empty ones
 * here prevent; on x86 it does not. */
LANE_FN ilane lane_to_int(lane x)
{
#if VM_VEC == 1 && defined __GNUC__ && __GNUC__ >= 12 && !defined __clang__
    return __builtin_assoc_barrier((int32_t)x);
#elif VM_VEC == 1
    return (int32_t)x;
#elif defined __SSE__ || defined __clang__
    return __builtin_convertvector(x, ilane);
#elif (defined __aarch64__ || defined __VSX__) && VM_VEC == 4
    ilane i = __builtin_convertvector(x, ilane);
#ifdef __VSX__
    __asm__("" : "+wa"(i));
#else
    __asm__("" : "+w"(i));
#endif
    return i;
#else
    ilane i;
    for (int v = 0; v < VM_VEC; v++) {
        i[v] = (int32_t)x[v];
#if __GNUC__ >= 12
        i[v] = __builtin_assoc_barrier(i[v]);
#endif
    }
    return i;
#endif
}

LANE_FN ilane lane_as_int(ulane u)
{
    return (ilane)u;
}

LANE_FN ulane lane_as_uint(ilane i)
{
    return (ulane)i;
}

/* Sums that wrap: of what a snapshot holds, which may be anything. */
LANE_FN ilane lane_iadd(ilane a, ilane b)
{
    return (ilane)((ulane)a + (ulane)b);
}

LANE_FN ilane lane_isub(ilane a, ilane b)
{
    return (ilane)((ulane)a - (ulane)b);
}

#if VM_VEC == 1
LANE_FN ilane lane_lt(lane a, lane b)
{
    return -(int32_t)(a < b);
}
LANE_FN ilane lane_le(lane a, lane b)
{
    return -(int32_t)(a <= b);
}
LANE_FN ilane lane_gt(lane a, lane b)
{
    return -(int32_t)(a > b);
}
LANE_FN ilane lane_ge(lane a, lane b)
{
    return -(int32_t)(a >= b);
}
LANE_FN ilane lane_igt(ilane a, ilane b)
{
    return -(int32_t)(a > b);
}
LANE_FN ilane lane_ieq(ilane a, ilane b)
{
    return -(int32_t)(a == b);
}
/* By masks and not by ?: here too: gcc turns ?: of loop invariants into branches around copies of
 * the loop, and vectorises only the copy that is never run. */
LANE_FN lane lane_sel(ilane m, lane a, lane b)
{
    return lane_from_bits(((ulane)m & lane_bits(a)) | (~(ulane)m & lane_bits(b)));
}
LANE_FN ilane lane_isel(ilane m, ilane a, ilane b)
{
    return (m & a) | (~m & b);
}
LANE_FN int lane_any(ilane m)
{
    return m != 0;
}
#else
LANE_FN ilane lane_lt(lane a, lane b)
{
    return (ilane)(a < b);
}
LANE_FN ilane lane_le(lane a, lane b)
{
    return (ilane)(a <= b);
}
LANE_FN ilane lane_gt(lane a, lane b)
{
    return (ilane)(a > b);
}
LANE_FN ilane lane_ge(lane a, lane b)
{
    return (ilane)(a >= b);
}
LANE_FN ilane lane_igt(ilane a, ilane b)
{
    return (ilane)(a > b);
}
LANE_FN ilane lane_ieq(ilane a, ilane b)
{
    return (ilane)(a == b);
}
LANE_FN lane lane_sel(ilane m, lane a, lane b)
{
#if VM_VEC == 8 && defined __AVX__
    return (lane)_mm256_blendv_ps((__m256)b, (__m256)a, (__m256)m);
#endif
    return lane_from_bits(((ulane)m & lane_bits(a)) | (~(ulane)m & lane_bits(b)));
}
LANE_FN ilane lane_isel(ilane m, ilane a, ilane b)
{
    return (m & a) | (~m & b);
}
LANE_FN int lane_any(ilane m)
{
#if VM_VEC == 16 && defined __AVX512F__
    return _mm512_test_epi32_mask((__m512i)m, (__m512i)m) != 0;
#elif VM_VEC == 8 && defined __AVX__
    return !_mm256_testz_si256((__m256i)m, (__m256i)m);
#elif VM_VEC == 4 && defined __SSE2__
    return _mm_movemask_epi8((__m128i)m) != 0;
#endif
    int32_t any = 0;
    for (int i = 0; i < VM_VEC; i++)
        any |= m[i];
    return any != 0;
}
#endif

/* The correctly rounded square root; NaN below zero, -0 of -0. */
LANE_FN lane lane_sqrt(lane x)
{
#if VM_VEC == 1
    return __builtin_sqrtf(x);
#elif VM_VEC == 4 && defined __SSE__
    return (lane)_mm_sqrt_ps((__m128)x);
#elif VM_VEC == 8 && defined __AVX__
    return (lane)_mm256_sqrt_ps((__m256)x);
#elif VM_VEC == 16 && defined __AVX512F__
    return (lane)_mm512_sqrt_ps((__m512)x);
#else
    lane root;
    for (int i = 0; i < VM_VEC; i++)
        root[i] = __builtin_sqrtf(x[i]);
    return root;
#endif
}

/* min and max are one instruction on x86, with just these rules for NaN and equal values. */
#if VM_VEC == 4 && defined __SSE__
LANE_FN lane lane_min(lane a, lane b)
{
    return (lane)_mm_min_ps((__m128)a, (__m128)b);
}
LANE_FN lane lane_max(lane a, lane b)
{
    return (lane)_mm_max_ps((__m128)a, (__m128)b);
}
#elif VM_VEC == 8 && defined __AVX__
LANE_FN lane lane_min(lane a, lane b)
{
    return (lane)_mm256_min_ps((__m256)a, (__m256)b);
}
LANE_FN lane lane_max(lane a, lane b)
{
    return (lane)_mm256_max_ps((__m256)a, (__m256)b);
}
#elif VM_VEC == 16 && defined __AVX512F__
LANE_FN lane lane_min(lane a, lane b)
{
    return (lane)_mm512_min_ps((__m512)a, (__m512)b);
}
LANE_FN lane lane_max(lane a, lane b)
{
    return (lane)_mm512_max_ps((__m512)a, (__m512)b);
}
#else
LANE_FN lane lane_min(lane a, lane b)
{
    return lane_sel(lane_lt(a, b), a, b);
}
LANE_FN lane lane_max(lane a, lane b)
{
    return lane_sel(lane_gt(a, b), a, b);
}
#endif

/* lo where x is NaN. */
LANE_FN lane lane_clamp(lane x, float lo, float hi)
{
    return lane_min(lane_max(x, lane_set(lo)), lane_set(hi));
}

LANE_FN lane lane_abs(lane x)
{
    return lane_from_bits(lane_bits(x) & 0x7fffffffu);
}

/* The magnitude of x with the sign of s. */
LANE_FN lane lane_copysign(lane x, lane s)
{
    return lane_from_bits((lane_bits(x) & 0x7fffffffu) | (lane_bits(s) & 0x80000000u));
}

/* State up to 1e-20 (-400 dB) becomes zero, so that no tail decays into denormals, whose arithmetic
 * is slow. It is in every filter's way from frame to frame: a lane alone bets that it will not
 * happen, the others do it in integers; of 512 bits, where a comparison's mask comes late, by the
 * sign of a difference. NaN passes through. */
LANE_FN lane lane_flush(lane x)
{
#if VM_VEC == 1
    if (__builtin_expect(__builtin_fabsf(x) <= 1e-20f, 0))
        return 0.0f;
    return x;
#else
    ulane u = lane_bits(x);
    ilane size = (ilane)(u & 0x7fffffffu);
    ilane keep = VM_VEC == 16 ? (0x1e3ce508 - size) >> 31 : size > 0x1e3ce508; /* 1e-20f */
    return lane_from_bits(u & (ulane)keep);
#endif
}

/* Where branches are counted, what is not above is not inlined: each call would count anew. */
#ifdef COVERAGE
#undef LANE_FN
#define LANE_FN static __attribute__((unused))
#endif

#endif
