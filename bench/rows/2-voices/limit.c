/* limit OUT.wav - row 2 by hand: two vectors of eight voices side by side, every coefficient of
 * every frame computed, the envelope too. Eight frames of each side are summed over the voices at
 * once. What is not asked: exactness. The LFO is a rotation, the tangent a polynomial of 0 .. 0.17,
 * the division a reciprocal with a step of Newton. */
#define _DEFAULT_SOURCE
#include "wav.h"
#include <fcntl.h>
#include <immintrin.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "voices.h"

enum { RATE = 48000, FRAMES = 120 * RATE };

struct group {
    __m256i phase, step;
    __m256 re, im, cos, sin; /* of the LFO: times 1000 pi / RATE */
    __m256 ic1, ic2, left, right;
};

static struct group groups[2];

static void prepare(struct group *g, int first)
{
    float cos_[8], sin_[8];
    int32_t step[8];
    for (int i = 0; i < 8; i++) {
        double turn = 2 * M_PI * lfos[first + i] / RATE;
        step[i] = (int32_t)(uint32_t)(freqs[first + i] / RATE * 4294967296.0 + 0.5);
        cos_[i] = (float)cos(turn);
        sin_[i] = (float)sin(turn);
    }
    g->step = _mm256_loadu_si256((__m256i *)step);
    g->phase = _mm256_set1_epi32((int32_t)0x80000000u);
    g->cos = _mm256_loadu_ps(cos_);
    g->sin = _mm256_loadu_ps(sin_);
    g->re = _mm256_set1_ps((float)(1000 * M_PI / RATE));
    g->im = g->ic1 = g->ic2 = _mm256_setzero_ps();
    g->left = _mm256_loadu_ps(lefts + first);
    g->right = _mm256_loadu_ps(rights + first);
    g->left = _mm256_mul_ps(g->left, _mm256_set1_ps(32768.0f));
    g->right = _mm256_mul_ps(g->right, _mm256_set1_ps(32768.0f));
}

static inline __attribute__((always_inline)) __m256 tick(struct group *g, __m256 env)
{
    const __m256 one = _mm256_set1_ps(1.0f), k = _mm256_set1_ps((float)(1.0 / 3));
    __m256 saw = _mm256_mul_ps(_mm256_cvtepi32_ps(g->phase), _mm256_set1_ps(0x1p-31f));
    g->phase = _mm256_add_epi32(g->phase, g->step);
    __m256 w = _mm256_add_ps(g->im, _mm256_set1_ps((float)(1500 * M_PI / RATE)));
    __m256 re = _mm256_fmsub_ps(g->re, g->cos, _mm256_mul_ps(g->im, g->sin));
    g->im = _mm256_fmadd_ps(g->re, g->sin, _mm256_mul_ps(g->im, g->cos));
    g->re = re;
    __m256 w2 = _mm256_mul_ps(w, w);
    __m256 tan = _mm256_fmadd_ps(w2, _mm256_set1_ps(2.0f / 15), _mm256_set1_ps(1.0f / 3));
    tan = _mm256_fmadd_ps(_mm256_mul_ps(w, w2), tan, w);
    __m256 d = _mm256_fmadd_ps(tan, _mm256_add_ps(tan, k), one);
    __m256 a1 = _mm256_rcp_ps(d);
    a1 = _mm256_mul_ps(a1, _mm256_fnmadd_ps(a1, d, _mm256_set1_ps(2.0f)));
    __m256 a2 = _mm256_mul_ps(tan, a1), a3 = _mm256_mul_ps(tan, a2);
    __m256 v3 = _mm256_sub_ps(saw, g->ic2);
    __m256 v1 = _mm256_fmadd_ps(a2, v3, _mm256_mul_ps(a1, g->ic1));
    __m256 v2 = _mm256_fmadd_ps(a3, v3, _mm256_fmadd_ps(a2, g->ic1, g->ic2));
    g->ic1 = _mm256_fmsub_ps(_mm256_set1_ps(2.0f), v1, g->ic1);
    g->ic2 = _mm256_fmsub_ps(_mm256_set1_ps(2.0f), v2, g->ic2);
    return _mm256_mul_ps(v2, env);
}

/* Lane i of the result: the sum of lanes of x[i]. */
static inline __attribute__((always_inline)) __m256 sums(const __m256 *x)
{
    __m256 a = _mm256_hadd_ps(_mm256_hadd_ps(x[0], x[1]), _mm256_hadd_ps(x[2], x[3]));
    __m256 b = _mm256_hadd_ps(_mm256_hadd_ps(x[4], x[5]), _mm256_hadd_ps(x[6], x[7]));
    return _mm256_add_ps(_mm256_permute2f128_ps(a, b, 0x20), _mm256_permute2f128_ps(a, b, 0x31));
}

/* A segment of the envelope, from + span t, or t^4 but in the attack. */
static inline __attribute__((always_inline)) void run(int16_t *to, int frames, float t,
                                                      const float dt, const float from,
                                                      const float span, const int attack)
{
    struct group p = groups[0], q = groups[1];
    __m256 level = _mm256_set1_ps(t), fall = _mm256_set1_ps(dt);
    const __m256 base = _mm256_set1_ps(from), by = _mm256_set1_ps(span);
    for (int i = 0; i < frames; i += 8) {
        __m256 left[8], right[8];
        for (int k = 0; k < 8; k++) {
            __m256 e = level;
            if (!attack) {
                e = _mm256_mul_ps(e, e);
                e = _mm256_mul_ps(e, e);
            }
            e = _mm256_fmadd_ps(e, by, base);
            level = _mm256_add_ps(level, fall);
            __m256 a = tick(&p, e), b = tick(&q, e);
            left[k] = _mm256_fmadd_ps(a, p.left, _mm256_mul_ps(b, q.left));
            right[k] = _mm256_fmadd_ps(a, p.right, _mm256_mul_ps(b, q.right));
        }
        __m256i l = _mm256_cvtps_epi32(sums(left)), r = _mm256_cvtps_epi32(sums(right));
        _mm256_storeu_si256(
            (__m256i *)(to + 2 * i),
            _mm256_packs_epi32(_mm256_unpacklo_epi32(l, r), _mm256_unpackhi_epi32(l, r)));
    }
    groups[0] = p;
    groups[1] = q;
}

static __attribute__((noinline)) void run_attack(int16_t *to, int n, float t, float dt)
{
    run(to, n, t, dt, 0.0f, 1.0f, 1);
}

static __attribute__((noinline)) void run_fall(int16_t *to, int n, float t, float dt, float from,
                                               float span)
{
    run(to, n, t, dt, from, span, 0);
}

/* A second: every segment is a whole number of eight frames. */
static void second(int16_t *to)
{
    run_attack(to, 480, 0.0f, 1.0f / 480);
    run_fall(to + 2 * 480, 4800, 1.0f, -1.0f / 4800, 0.6f, 0.4f);
    run_fall(to + 2 * 5280, 24000 - 5280, 0.0f, 0.0f, 0.6f, 0.0f);
    run_fall(to + 2 * 24000, 9600, 1.0f, -1.0f / 9600, 0.0f, 0.6f);
    run_fall(to + 2 * 33600, 48000 - 33600, 0.0f, 0.0f, 0.0f, 0.0f);
}

static int16_t audio[RATE * 2] __attribute__((aligned(32)));

int main(int argc, char **argv)
{
    unsigned char header[WAV_HEADER];
    if (argc != 2)
        return 2;
    prepare(&groups[0], 0);
    prepare(&groups[1], 8);
    int file = open(argv[1], O_WRONLY | O_CREAT | O_TRUNC, 0666);
    wav_header(header, 2, RATE, FRAMES, 0);
    if (file < 0 || write(file, header, sizeof header) != sizeof header)
        return 2;
    for (int i = 0; i < FRAMES / RATE; i++) {
        second(audio);
        if (write(file, audio, sizeof audio) != sizeof audio)
            return 2;
    }
    return close(file) == 0 ? 0 : 2;
}
