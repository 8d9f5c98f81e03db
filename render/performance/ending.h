/* ending.h - where a performance ends: on a given frame, or after its last sound.
 *
 * Until silent, nothing ends before the last command has acted and the last sound is over; then a
 * stretch of silence must follow. The result ends after its last loud frame, but keeps the frames
 * up to the last command, and those up to a voice's tail before the last sound ended: a sound may
 * be silent in the middle. Private to render/performance/. */
#ifndef RENDER_PERFORMANCE_ENDING_H
#define RENDER_PERFORMANCE_ENDING_H

#include "render/silence.h"

struct ending {
    bool until_silent;
    struct silence silence;
    uint64_t kept;  /* frames that stay in any case: up to the last command */
    uint64_t tail;  /* frames a patch voice may be silent before it ends */
    uint64_t alive; /* frames that stay because something sounded later */
    uint64_t fed;   /* frames so far */
};

/* Frames here are those of the output. */
void ending_init(struct ending *, bool until_silent, float threshold, uint64_t hold, uint64_t kept,
                 uint64_t tail);
/* Stereo frames, after which `sounding` says whether a voice sounds and `commands` whether a
 * command is still to come. */
void ending_feed(struct ending *, const float *samples, unsigned frames, bool sounding,
                 bool commands);
/* Frames that are sure to stay. At most ending_held frames are not. */
uint64_t ending_settled(const struct ending *);
uint64_t ending_held(const struct ending *);
/* Nothing more is heard. */
bool ending_over(const struct ending *);

#endif
