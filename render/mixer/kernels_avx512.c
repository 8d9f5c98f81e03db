/* kernels_avx512.c - sixteen frames of a sample at a time, where AVX-512 is. */
#include "render/mixer/state.h"

#if defined __x86_64__
#include <immintrin.h>

#define AVX512 __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq")))

enum { WIDE = 16 };

/* For steps above 0, up to 2, without a wrap. The samples of sixteen frames lie within 32 of the
 * file, so a load and a permutation do what a gather would. The rest is kernels_avx2.c's close_by:
 *     256 a + floor((b - a) w / 128) = floor((32768 a + (b w - a w)) / 128) */
AVX512 static uint32_t close_by(const int16_t *x, struct mix_head *head, uint32_t n, float *to)
{
    uint32_t part[WIDE], pair[WIDE];
    for (uint32_t i = 0; i < WIDE; i++) { /* of frame i, from a frame whose fraction is 0 */
        uint64_t way = i * (uint64_t)head->step, whole = way >> 32;
        part[i] = (uint32_t)way;
        pair[i] = (uint32_t)(whole | (whole + 1) << 16);
    }
    const __m512i parts = _mm512_loadu_si512(part), pairs = _mm512_loadu_si512(pair);
    const __m512i next = _mm512_set1_epi32(0x10001), zero = _mm512_setzero_si512();
    int64_t pos = head->pos;
    uint32_t k = 0;
    for (; k + WIDE <= n; k += WIDE, pos += WIDE * head->step) {
        __m512i at = _mm512_add_epi32(parts, _mm512_set1_epi32((int32_t)(uint32_t)pos));
        __mmask16 carry = _mm512_cmplt_epu32_mask(at, parts);
        __m512i which = _mm512_mask_add_epi32(pairs, carry, pairs, next);
        __m512i both = _mm512_permutexvar_epi16(which, _mm512_loadu_si512(x + (pos >> 32)));
        __m512i weight = _mm512_srli_epi32(at, 17);
        __m512i weights = _mm512_or_si512(_mm512_slli_epi32(weight, 16), weight);
        weights = _mm512_mask_sub_epi16(weights, 0x55555555, zero, weights);
        __m512i a = _mm512_srai_epi32(_mm512_slli_epi32(both, 16), 1);
        __m512i sum = _mm512_add_epi32(_mm512_madd_epi16(both, weights), a);
        _mm512_storeu_ps(to + k, _mm512_cvtepi32_ps(_mm512_srai_epi32(sum, 7)));
    }
    mix_head_advance(head, k); /* the last step may wrap */
    return k;
}

AVX512 static void sample(const int16_t *x, struct mix_head *h, uint32_t n, float *to)
{
    uint32_t done = 0;
    while (n - done >= WIDE && mix_head_is_close(h)) {
        uint32_t straight = mix_head_straight(h, n - done);
        if (straight >= WIDE)
            done += close_by(x, h, straight, to + done);
        uint32_t rest = n - done < WIDE ? n - done : WIDE;
        mix_kernels_avx2.sample(x, h, rest, to + done);
        done += rest;
    }
    mix_kernels_avx2.sample(x, h, n - done, to + done);
}

AVX512 static inline void add_sixteen(const float *from, __m512 gain, int32_t *to)
{
    __m512i more = _mm512_cvtps_epi32(_mm512_mul_ps(_mm512_loadu_ps(from), gain));
    _mm512_storeu_si512(to, _mm512_add_epi32(_mm512_loadu_si512(to), more));
}

AVX512 static void add(const float *a, const float *b, uint32_t n, float gain_left,
                       float gain_right, int32_t *left, int32_t *right)
{
    __m512 to_left = _mm512_set1_ps(gain_left), to_right = _mm512_set1_ps(gain_right);
    uint32_t i = 0;
    for (; i + WIDE <= n; i += WIDE) {
        add_sixteen(a + i, to_left, left + i);
        add_sixteen(b + i, to_right, right + i);
    }
    mix_kernels_avx2.add(a + i, b + i, n - i, gain_left, gain_right, left + i, right + i);
}

static void planes(const float *from, unsigned lanes, uint32_t n, float *to)
{
    mix_kernels_avx2.planes(from, lanes, n, to);
}

static void add_lanes(const float *a, const float *b, unsigned lanes, uint32_t n,
                      const float *gain_left, const float *gain_right, int32_t *left,
                      int32_t *right)
{
    mix_kernels_avx2.add_lanes(a, b, lanes, n, gain_left, gain_right, left, right);
}

static uint32_t loud(const float *from, unsigned lanes, uint32_t n)
{
    return mix_kernels_avx2.loud(from, lanes, n);
}

static void floats(const int32_t *left, const int32_t *right, uint32_t n, float *to)
{
    mix_kernels_avx2.floats(left, right, n, to);
}

const struct mix_kernels mix_kernels_avx512 = {sample, add, planes, add_lanes, loud, floats};
#endif
