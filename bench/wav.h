/* wav.h - the WAV files of the benchmarks, read and written without a library: PCM16, one header of
 * 44 bytes. For little-endian machines. */
#ifndef BENCH_WAV_H
#define BENCH_WAV_H

#include <stdint.h>
#include <string.h>

enum { WAV_HEADER = 44 };

/* `more` bytes of other chunks follow the data. */
static inline void wav_header(unsigned char header[WAV_HEADER], unsigned channels, unsigned rate,
                              uint32_t frames, uint32_t more)
{
    uint32_t data = frames * channels * 2, riff = data + WAV_HEADER - 8 + more, format = 16;
    uint32_t bytes = rate * channels * 2;
    uint16_t pcm = 1, count = (uint16_t)channels, align = (uint16_t)(channels * 2), bits = 16;
    memcpy(header, "RIFF", 4);
    memcpy(header + 4, &riff, 4);
    memcpy(header + 8, "WAVEfmt ", 8);
    memcpy(header + 16, &format, 4);
    memcpy(header + 20, &pcm, 2);
    memcpy(header + 22, &count, 2);
    memcpy(header + 24, &rate, 4);
    memcpy(header + 28, &bytes, 4);
    memcpy(header + 32, &align, 2);
    memcpy(header + 34, &bits, 2);
    memcpy(header + 36, "data", 4);
    memcpy(header + 40, &data, 4);
}

#endif
