/* limit OUT.wav - row 3 by hand: each sine is a recurrence over every 8th frame,
 *     y[n] = 2 cos(8 w) y[n - 8] - y[n - 16],
 * so that a multiply and a subtraction make eight frames of it and one addition sums them. Eight
 * sines at once stay in registers through a stretch of frames, begun anew from exact values of
 * every stretch: the recurrence in single precision loses 120 dB only slowly. */
#define _DEFAULT_SOURCE
#include "wav.h"
#include <fcntl.h>
#include <immintrin.h>
#include <math.h>
#include <stdlib.h>
#include <unistd.h>

enum {
    RATE = 48000,
    FRAMES = 60 * RATE,
    SINES = 256,
    BLOCK = 2000,
    BLOCKS_A_WRITE = 36,
    TOGETHER = 4
};

struct sine {
    __m256 now, last, twice; /* frames 0 .. 7, -8 .. -1 */
};

static struct sine sines[SINES];
static float sums[BLOCK] __attribute__((aligned(32)));
static int16_t out[BLOCKS_A_WRITE * BLOCK] __attribute__((aligned(32)));
static double re[SINES], im[SINES]; /* where each is, at the stretch's first frame */
static double block_re[SINES], block_im[SINES];
static double ahead_re[SINES][16], ahead_im[SINES][16]; /* -8 .. 7 frames ahead */

static void prepare(void)
{
    for (int i = 0; i < SINES; i++) {
        double w = 2 * M_PI * (40 + 37.3 * i) / RATE;
        sines[i].twice = _mm256_set1_ps((float)(2 * cos(8 * w)));
        re[i] = 1.0 / SINES * 32768;
        im[i] = 0;
        block_re[i] = cos(BLOCK * w);
        block_im[i] = sin(BLOCK * w);
        for (int k = 0; k < 16; k++) {
            ahead_re[i][k] = cos((k - 8) * w);
            ahead_im[i][k] = sin((k - 8) * w);
        }
    }
}

/* Exact values to begin a stretch with; then a stretch ahead. */
static void begin(int i)
{
    float values[16];
    for (int k = 0; k < 16; k++)
        values[k] = (float)(im[i] * ahead_re[i][k] + re[i] * ahead_im[i][k]);
    sines[i].last = _mm256_loadu_ps(values);
    sines[i].now = _mm256_loadu_ps(values + 8);
    double x = re[i] * block_re[i] - im[i] * block_im[i];
    im[i] = re[i] * block_im[i] + im[i] * block_re[i];
    re[i] = x;
}

static void add(const struct sine *from, int fresh)
{
    __m256 a[TOGETHER], b[TOGETHER], c[TOGETHER];
    for (int k = 0; k < TOGETHER; k++) {
        a[k] = from[k].now;
        b[k] = from[k].last;
        c[k] = from[k].twice;
    }
    for (int i = 0; i < BLOCK; i += 16) { /* twice: now and last change places */
        __m256 x = fresh ? _mm256_setzero_ps() : _mm256_load_ps(sums + i);
        __m256 y = fresh ? _mm256_setzero_ps() : _mm256_load_ps(sums + i + 8);
        __m256 s = _mm256_add_ps(_mm256_add_ps(a[0], a[1]), _mm256_add_ps(a[2], a[3]));
        for (int k = 0; k < TOGETHER; k++)
            b[k] = _mm256_fmsub_ps(c[k], a[k], b[k]);
        __m256 t = _mm256_add_ps(_mm256_add_ps(b[0], b[1]), _mm256_add_ps(b[2], b[3]));
        for (int k = 0; k < TOGETHER; k++)
            a[k] = _mm256_fmsub_ps(c[k], b[k], a[k]);
        _mm256_store_ps(sums + i, _mm256_add_ps(x, s));
        _mm256_store_ps(sums + i + 8, _mm256_add_ps(y, t));
    }
}

static void render(int16_t *to)
{
    for (int i = 0; i < SINES; i++)
        begin(i);
    for (int i = 0; i < SINES; i += TOGETHER)
        add(sines + i, i == 0);
    for (int i = 0; i < BLOCK; i += 8) {
        __m256i x = _mm256_cvtps_epi32(_mm256_load_ps(sums + i));
        __m128i half = _mm_packs_epi32(_mm256_castsi256_si128(x), _mm256_extracti128_si256(x, 1));
        _mm_store_si128((__m128i *)(to + i), half);
    }
}

int main(int argc, char **argv)
{
    unsigned char header[WAV_HEADER];
    if (argc != 2)
        return 2;
    prepare();
    int file = open(argv[1], O_WRONLY | O_CREAT | O_TRUNC, 0666);
    wav_header(header, 1, RATE, FRAMES, 0);
    if (file < 0 || write(file, header, sizeof header) != sizeof header)
        return 2;
    for (int i = 0; i < FRAMES / BLOCK / BLOCKS_A_WRITE; i++) {
        for (int b = 0; b < BLOCKS_A_WRITE; b++)
            render(out + b * BLOCK);
        if (write(file, out, sizeof out) != sizeof out)
            return 2;
    }
    return close(file) == 0 ? 0 : 2;
}
