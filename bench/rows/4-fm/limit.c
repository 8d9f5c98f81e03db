/* limit OUT.wav - row 4 by hand: four vectors of eight voices side by side, as the modulator's
 * feedback lets nothing stand side by side in time. Phases in 2^-32 turns; a sine of half a turn
 * folded, by an odd polynomial of degree 7, within 6e-7. */
#define _DEFAULT_SOURCE
#include "wav.h"
#include <fcntl.h>
#include <immintrin.h>
#include <math.h>
#include <unistd.h>

#include "voices.h"

enum { RATE = 48000, FRAMES = 60 * RATE, WRITE = 48000, GROUPS = 4 };

static int16_t out[WRITE * 2] __attribute__((aligned(32)));

struct group {
    __m256i a, b, step_a, step_b;
    __m256 m1, m2, left, right;
};

static struct group groups[GROUPS];

static void prepare(struct group *g, int first)
{
    int32_t a[8], b[8];
    for (int i = 0; i < 8; i++) {
        a[i] = (int32_t)(uint32_t)((double)freqs[first + i] / RATE * 4294967296.0 + 0.5);
        b[i] = (int32_t)(uint32_t)(2.0 * freqs[first + i] / RATE * 4294967296.0 + 0.5);
    }
    g->step_a = _mm256_loadu_si256((__m256i *)a);
    g->step_b = _mm256_loadu_si256((__m256i *)b);
    g->a = g->b = _mm256_setzero_si256();
    g->m1 = g->m2 = _mm256_setzero_ps();
    g->left = _mm256_mul_ps(_mm256_loadu_ps(lefts + first), _mm256_set1_ps(32768.0f));
    g->right = _mm256_mul_ps(_mm256_loadu_ps(rights + first), _mm256_set1_ps(32768.0f));
}

/* The sine of a phase. x = quarter turns from the nearest zero going up, folded to -1 .. 1. */
static inline __m256 sine(__m256i phase)
{
    const __m256i half = _mm256_set1_epi32((int32_t)0x80000000u);
    /* from a quarter to three quarters of a turn, half a turn less the phase */
    __m256i top = _mm256_srai_epi32(_mm256_xor_si256(phase, _mm256_slli_epi32(phase, 1)), 31);
    __m256i folded = _mm256_sub_epi32(_mm256_xor_si256(phase, top), top);
    folded = _mm256_add_epi32(folded, _mm256_and_si256(top, half));
    __m256 x = _mm256_mul_ps(_mm256_cvtepi32_ps(folded), _mm256_set1_ps(0x1p-30f));
    __m256 z = _mm256_mul_ps(x, x);
    __m256 y = _mm256_fmadd_ps(z, _mm256_set1_ps(-0.00433309524f), _mm256_set1_ps(0.0794343445f));
    y = _mm256_fmadd_ps(z, y, _mm256_set1_ps(-0.645892849f));
    y = _mm256_fmadd_ps(z, y, _mm256_set1_ps(1.57079101f));
    return _mm256_mul_ps(x, y);
}

static inline __m256i turns(__m256 x, float scale)
{
    return _mm256_cvtps_epi32(_mm256_mul_ps(x, _mm256_set1_ps(scale)));
}

static inline __attribute__((always_inline)) __m256 tick(struct group *g)
{
    const float radian = (float)(4294967296.0 / (2 * M_PI));
    __m256i back = turns(_mm256_add_ps(g->m1, g->m2), 0.25f * radian);
    __m256 m = sine(_mm256_add_epi32(g->b, back));
    g->m2 = g->m1;
    g->m1 = m;
    __m256 y = sine(_mm256_add_epi32(g->a, turns(m, 1.5f * radian)));
    g->a = _mm256_add_epi32(g->a, g->step_a);
    g->b = _mm256_add_epi32(g->b, g->step_b);
    return y;
}

/* Lane i of the result: the sum of lanes of x[i]. */
static inline __m256 sums(const __m256 *x)
{
    __m256 a = _mm256_hadd_ps(_mm256_hadd_ps(x[0], x[1]), _mm256_hadd_ps(x[2], x[3]));
    __m256 b = _mm256_hadd_ps(_mm256_hadd_ps(x[4], x[5]), _mm256_hadd_ps(x[6], x[7]));
    return _mm256_add_ps(_mm256_permute2f128_ps(a, b, 0x20), _mm256_permute2f128_ps(a, b, 0x31));
}

static void render(void)
{
    for (int i = 0; i < WRITE; i += 8) {
        __m256 left[8], right[8];
        for (int k = 0; k < 8; k++) {
            left[k] = right[k] = _mm256_setzero_ps();
            for (int n = 0; n < GROUPS; n++) {
                __m256 y = tick(&groups[n]);
                left[k] = _mm256_fmadd_ps(y, groups[n].left, left[k]);
                right[k] = _mm256_fmadd_ps(y, groups[n].right, right[k]);
            }
        }
        __m256i l = _mm256_cvtps_epi32(sums(left)), r = _mm256_cvtps_epi32(sums(right));
        _mm256_store_si256(
            (__m256i *)(out + 2 * i),
            _mm256_packs_epi32(_mm256_unpacklo_epi32(l, r), _mm256_unpackhi_epi32(l, r)));
    }
}

int main(int argc, char **argv)
{
    unsigned char header[WAV_HEADER];
    if (argc != 2)
        return 2;
    for (int i = 0; i < GROUPS; i++)
        prepare(&groups[i], 8 * i);
    int file = open(argv[1], O_WRONLY | O_CREAT | O_TRUNC, 0666);
    wav_header(header, 2, RATE, FRAMES, 0);
    if (file < 0 || write(file, header, sizeof header) != sizeof header)
        return 2;
    for (int i = 0; i < FRAMES; i += WRITE) {
        render();
        if (write(file, out, sizeof out) != sizeof out)
            return 2;
    }
    return close(file) == 0 ? 0 : 2;
}
