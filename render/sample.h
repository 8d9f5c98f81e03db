/* sample.h - sound files as the mixer plays them: PCM16, mono, whole in memory, never changed.
 *
 * Any format libsndfile recognises by its content. One rule for all of them: a sample is x, the
 * value as a fraction of full scale (whole numbers of n bits: value / 2^(n-1), 8 bits unsigned:
 * (value - 128) / 128; float: as it is), in double. It becomes
 *
 *   s = x * 32768, rounded to the nearest integer, ties away from zero, held within -32768..32767
 *
 * which is the rule of pcm.h. So 16 bits arrive as they are, 8 bits times 256, 24 and 32 bits
 * rounded. All of that is the same on every machine; what Ogg, MP3 and the other lossy formats
 * decode to is up to their libraries.
 *
 * A file of several channels is mixed when asked for: x = (c0 + c1 + ...) / channels, in that
 * order. The root note and the loop come from the WAV smpl chunk and the AIFF INST and MARK chunks,
 * of which the first loop (AIFF: the sustain loop) is taken and repeat counts are not.
 *
 * Resampling happens once, before rounding, to 48,000 Hz: by libsamplerate's sinc converters, or by
 * straight lines between frames, in double. What the sinc converters give may differ between builds
 * of that library, in the last bit: results are bound to the build. Positions p, the length among
 * them, become p * 48000 / rate rounded to nearest, halves up; a sample or a loop that would be
 * empty has one frame. What is past the end counts as silence, in a loop too. */
#ifndef RENDER_SAMPLE_H
#define RENDER_SAMPLE_H

#include "render/error.h"
#include "render/hash.h"
#include <stdbool.h>
#include <stdint.h>

enum {
    SAMPLE_MOST_FRAMES = 1 << 30, /* docs/mixer.md, section 2 */
    SAMPLE_MOST_RATE = 768000,
    SAMPLE_PADDING = 32 /* frames of silence that may be read after the last */
};

enum sample_resample { SAMPLE_AS_IS, SAMPLE_BEST, SAMPLE_MEDIUM, SAMPLE_FASTEST, SAMPLE_LINEAR };

struct sample_options {
    bool mix;                      /* average the channels of a file that is not mono */
    enum sample_resample resample; /* a file of 48,000 Hz stays as it is */
};

struct sample {
    const char *name; /* path as written, for messages; not ours */
    int16_t *frames;  /* length, then SAMPLE_PADDING of 0; the first on a multiple of 64 bytes */
    uint32_t length;  /* frames, 1 .. SAMPLE_MOST_FRAMES */
    uint32_t rate;    /* Hz, 1 .. SAMPLE_MOST_RATE */
    bool has_loop;
    uint32_t loop_start, loop_end; /* frames [start, end): 0 <= start < end <= length */
    bool loop_ignored;             /* the file's loop goes backwards, to and fro, or unknown ways */
    int root;                      /* MIDI note the file says it was played at, 0 .. 127, or -1 */
    char hash[HASH_TEXT];          /* of `frames` without the padding */
};

/* `path` must outlive the sample. RENDER_WRONG when the file is missing, no regular file, or not
 * what a sample must be; RENDER_TROUBLE when it cannot be read or memory is short. The header is
 * not trusted: memory grows with what is read, to twice the sample, and the surplus is freed.
 * Every field is set even then. */
enum render_status sample_load(struct sample *, const char *path, const struct sample_options *,
                               struct render_error *error);
/* Allowed after a failed load too. */
void sample_free(struct sample *);

#endif
