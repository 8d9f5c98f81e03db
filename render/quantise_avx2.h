/* quantise_avx2.h - pcm.c's rule for 16 bits, eight samples at a time, for AVX2. Private to
 * render/. */
#ifndef RENDER_QUANTISE_AVX2_H
#define RENDER_QUANTISE_AVX2_H

#include <immintrin.h>

#define AVX2 __attribute__((target("avx2")))

AVX2 static inline __m256i quantise_wide(__m256 x)
{
    const __m256 half = _mm256_set1_ps(0x1.fffffep-2f), sign = _mm256_set1_ps(-0.0f);
    __m256 y = _mm256_and_ps(x, _mm256_cmp_ps(x, x, _CMP_ORD_Q));
    y = _mm256_mul_ps(y, _mm256_set1_ps(32768.0f));
    y = _mm256_max_ps(y, _mm256_set1_ps(-32768.0f));
    y = _mm256_min_ps(y, _mm256_set1_ps(32767.0f));
    return _mm256_cvttps_epi32(_mm256_add_ps(y, _mm256_or_ps(half, _mm256_and_ps(y, sign))));
}

#endif
