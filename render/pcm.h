/* pcm.h - float samples to the samples of a file.
 *
 * 16 bit: s = x * 32768, rounded to the nearest integer, ties away from zero, then held within
 * -32768..32767. 24 bit: the same with 8388608. Float: as it is. NaN gives 0 in 16 and 24 bit;
 * none arrives, because the renderer stops at the first.
 *
 * Dither, only when asked for, adds noise of triangular distribution, -1 to 1 step wide, before
 * rounding. It is a hash of the seed and the sample's place in the file, so that any part of a
 * file can be converted alone. Float is never dithered.
 */
#ifndef RENDER_PCM_H
#define RENDER_PCM_H

#include <stddef.h>
#include <stdint.h>

enum pcm_format {
    PCM_16,   /* int16_t */
    PCM_24,   /* int32_t, the 24 bits in its upper three bytes, as libsndfile wants them */
    PCM_FLOAT /* float */
};

/* Bytes of a sample in memory: 2, 4 or 4. */
size_t pcm_bytes(enum pcm_format);

/* Converts `count` samples; `out` has room for count * pcm_bytes(format). */
void pcm_convert(enum pcm_format, const float *in, size_t count, void *out);

/* The same with dither; `first` is the number of in[0] among the file's interleaved samples. */
void pcm_convert_dithered(enum pcm_format, uint64_t seed, uint64_t first, const float *in,
                          size_t count, void *out);

#endif
