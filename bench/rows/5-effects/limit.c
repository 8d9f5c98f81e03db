/* limit FOLDER - row 5 by hand: eight effects side by side, written as they are into
 * FOLDER/fx-0001.wav and so on. Noise is a generator of 32 bits a lane. */
#define _DEFAULT_SOURCE
#include "wav.h"
#include <fcntl.h>
#include <immintrin.h>
#include <math.h>
#include <stdio.h>
#include <unistd.h>

#include "numbers.h"

enum { RATE = 48000, FRAMES = 24000, COUNT = 1000 };

static int16_t out[8][FRAMES + WAV_HEADER / 2] __attribute__((aligned(32)));
static __m256i half[FRAMES / 2]; /* pairs of frames of eight lanes */

/* Eight effects: frame by frame, two frames' lanes packed as 16 bits. */
static void render(int first)
{
    float coefficient[3][8];
    for (int i = 0; i < 8; i++) {
        double g = tan(M_PI * cutoffs[first + i] / RATE), a1 = 1 / (1 + g * (g + M_SQRT2));
        coefficient[0][i] = (float)a1;
        coefficient[1][i] = (float)(g * a1);
        coefficient[2][i] = (float)(g * g * a1);
    }
    const __m256 a1 = _mm256_loadu_ps(coefficient[0]), a2 = _mm256_loadu_ps(coefficient[1]),
                 a3 = _mm256_loadu_ps(coefficient[2]), two = _mm256_set1_ps(2.0f);
    const __m256 unit = _mm256_set1_ps((float)(4294967296.0 / RATE));
    const __m256 from = _mm256_mul_ps(_mm256_loadu_ps(froms + first), unit);
    const __m256 to = _mm256_mul_ps(_mm256_loadu_ps(tos + first), unit);
    __m256 step = from,
           slope = _mm256_mul_ps(_mm256_sub_ps(to, from), _mm256_set1_ps(1.0f / FRAMES));
    const __m256 fall = _mm256_div_ps(_mm256_set1_ps(-1.0f / RATE), _mm256_loadu_ps(times + first));
    const __m256 noise = _mm256_mul_ps(_mm256_loadu_ps(noises + first), _mm256_set1_ps(0x1p-31f));
    __m256 level = _mm256_set1_ps(1.0f), ic1 = _mm256_setzero_ps(), ic2 = ic1;
    __m256i phase = _mm256_set1_epi32((int32_t)0x80000000u), random;
    random = _mm256_add_epi32(_mm256_setr_epi32(1, 22222223, 3, 44444445, 5, 66666667, 7, 88888889),
                              _mm256_set1_epi32(first * 7919 + 1));
    for (int i = 0; i < FRAMES; i += 2) {
        __m256 y[2];
        for (int k = 0; k < 2; k++) {
            __m256 x = _mm256_mul_ps(_mm256_cvtepi32_ps(phase), _mm256_set1_ps(0x1p-31f));
            phase = _mm256_add_epi32(phase, _mm256_cvtps_epi32(step));
            step = _mm256_add_ps(step, slope);
            random = _mm256_xor_si256(random, _mm256_slli_epi32(random, 13));
            random = _mm256_xor_si256(random, _mm256_srli_epi32(random, 17));
            random = _mm256_xor_si256(random, _mm256_slli_epi32(random, 5));
            x = _mm256_fmadd_ps(_mm256_cvtepi32_ps(random), noise, x);
            __m256 v3 = _mm256_sub_ps(x, ic2);
            __m256 v1 = _mm256_fmadd_ps(a2, v3, _mm256_mul_ps(a1, ic1));
            __m256 v2 = _mm256_fmadd_ps(a3, v3, _mm256_fmadd_ps(a2, ic1, ic2));
            ic1 = _mm256_fmsub_ps(two, v1, ic1);
            ic2 = _mm256_fmsub_ps(two, v2, ic2);
            __m256 e = _mm256_mul_ps(level, level);
            level = _mm256_max_ps(_mm256_add_ps(level, fall), _mm256_setzero_ps());
            y[k] =
                _mm256_mul_ps(_mm256_mul_ps(v2, _mm256_mul_ps(e, e)), _mm256_set1_ps(0.4f * 32768));
        }
        half[i / 2] = _mm256_packs_epi32(_mm256_cvtps_epi32(y[0]), _mm256_cvtps_epi32(y[1]));
    }
}

/* half: of frames 2i and 2i + 1, lanes 0-3 of the one, of the other, 4-7 of the one, of the other.
 */
static void spread(void)
{
    for (int i = 0; i < FRAMES; i += 8) {
        for (int side = 0; side < 2; side++) {
            __m128i v[4];
            for (int k = 0; k < 4; k++) {
                __m128i x = side ? _mm256_extracti128_si256(half[i / 2 + k], 1)
                                 : _mm256_castsi256_si128(half[i / 2 + k]);
                v[k] =
                    _mm_unpacklo_epi16(x, _mm_srli_si128(x, 8)); /* lane by lane, its two frames */
            }
            __m128i a = _mm_unpacklo_epi32(v[0], v[1]), b = _mm_unpackhi_epi32(v[0], v[1]);
            __m128i c = _mm_unpacklo_epi32(v[2], v[3]), d = _mm_unpackhi_epi32(v[2], v[3]);
            int16_t *to = &out[4 * side][WAV_HEADER / 2 + i];
            const int far = FRAMES + WAV_HEADER / 2;
            _mm_storeu_si128((__m128i *)to, _mm_unpacklo_epi64(a, c));
            _mm_storeu_si128((__m128i *)(to + far), _mm_unpackhi_epi64(a, c));
            _mm_storeu_si128((__m128i *)(to + 2 * far), _mm_unpacklo_epi64(b, d));
            _mm_storeu_si128((__m128i *)(to + 3 * far), _mm_unpackhi_epi64(b, d));
        }
    }
}

int main(int argc, char **argv)
{
    char name[4096];
    if (argc != 2)
        return 2;
    for (int i = 0; i < 8; i++)
        wav_header((unsigned char *)out[i], 1, RATE, FRAMES, 0);
    for (int first = 0; first < COUNT; first += 8) {
        render(first);
        spread();
        for (int i = 0; i < 8; i++) {
            snprintf(name, sizeof name, "%s/fx-%04d.wav", argv[1], first + i + 1);
            int file = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0666);
            if (file < 0 || write(file, out[i], sizeof out[i]) != sizeof out[i] || close(file) != 0)
                return 2;
        }
    }
    return 0;
}
