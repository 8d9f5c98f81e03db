/* limit OUT.wav - row 1 by hand: 64 frames side by side, each a recurrence over every 64th frame,
 * y[n] = 2 cos(64 w) y[n - 64] - y[n - 128], begun anew from exact values for each write. */
#define _DEFAULT_SOURCE
#include "wav.h"
#include <fcntl.h>
#include <immintrin.h>
#include <math.h>
#include <unistd.h>

enum { RATE = 48000, FRAMES = 600 * RATE, ABREAST = 64, WRITE = 96000, VECTORS = ABREAST / 8 };

static int16_t out[WRITE] __attribute__((aligned(32)));

static void load(__m256 *v, double phase, double w)
{
    float x[ABREAST];
    for (int i = 0; i < ABREAST; i++)
        x[i] = (float)(16384 * sin(phase + i * w));
    for (int k = 0; k < VECTORS; k++)
        v[k] = _mm256_loadu_ps(x + 8 * k);
}

static void render(int64_t frame)
{
    const double turns = 441.7 / RATE * (double)frame, w = 2 * M_PI * 441.7 / RATE;
    const double phase = 2 * M_PI * (turns - floor(turns));
    const __m256 twice = _mm256_set1_ps((float)(2 * cos(ABREAST * w)));
    __m256 now[VECTORS], last[VECTORS];
    load(now, phase, w);
    load(last, phase - ABREAST * w, w);
    for (int i = 0; i < WRITE; i += ABREAST) {
        for (int k = 0; k < VECTORS; k += 2) {
            __m256i both =
                _mm256_packs_epi32(_mm256_cvtps_epi32(now[k]), _mm256_cvtps_epi32(now[k + 1]));
            _mm256_store_si256((__m256i *)(out + i + 8 * k), _mm256_permute4x64_epi64(both, 0xd8));
        }
        for (int k = 0; k < VECTORS; k++) {
            __m256 next = _mm256_fmsub_ps(twice, now[k], last[k]);
            last[k] = now[k];
            now[k] = next;
        }
    }
}

int main(int argc, char **argv)
{
    unsigned char header[WAV_HEADER];
    if (argc != 2)
        return 2;
    int file = open(argv[1], O_WRONLY | O_CREAT | O_TRUNC, 0666);
    wav_header(header, 1, RATE, FRAMES, 0);
    if (file < 0 || write(file, header, sizeof header) != sizeof header)
        return 2;
    for (int64_t i = 0; i < FRAMES; i += WRITE) {
        render(i);
        if (write(file, out, sizeof out) != sizeof out)
            return 2;
    }
    return close(file) == 0 ? 0 : 2;
}
