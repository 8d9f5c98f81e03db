/* silence.h - where a sound ends.
 *
 * A frame is loud when a channel is not below the threshold. The sound is over when `hold`
 * frames in a row were not loud and frame `not_before` is reached, and it ends right after its
 * last loud frame. Frames may be fed in any pieces: the answer is the same. */
#ifndef RENDER_SILENCE_H
#define RENDER_SILENCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct silence {
    float threshold;     /* magnitude, above 0 */
    uint64_t hold;       /* frames, at least 1 */
    uint64_t not_before; /* frame before which nothing ends, such as that of the last event */
    uint64_t fed;        /* frames looked at */
    uint64_t end;        /* frame after the last loud one; 0: all was silent */
    bool over;
};

void silence_init(struct silence *, float threshold, uint64_t hold, uint64_t not_before);
/* Looks at interleaved frames, unless the sound is over. */
void silence_feed(struct silence *, const float *samples, size_t frames, unsigned channels);

/* Whether the sound cannot be over within so many frames more. */
bool silence_is_open(const struct silence *, uint64_t frames);
/* Then this is as silence_feed of frames whose last loud one is the one before `loud`; 0: none is
 * loud. */
void silence_note(struct silence *, uint64_t frames, uint64_t loud);

#endif
