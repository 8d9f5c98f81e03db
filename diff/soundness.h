/* soundness.h - what a golden must not be by accident: silent, constant, clipped, or a score some
 * of whose notes were never heard; and the hash of its samples. */
#ifndef DIFF_SOUNDNESS_H
#define DIFF_SOUNDNESS_H

#include "diff/work.h"
#include "render/hash.h"
#include <stdint.h>

struct soundness {
    uint64_t frames;
    double peak;      /* of full scale */
    uint64_t clipped; /* values at the ends of a whole-number format, or beyond 1 in float */
    bool silent;      /* nothing above -90 dB, where patchrun's silence begins */
    bool constant;    /* every frame is the first one */
    char hash[HASH_TEXT];
};

enum render_status soundness_of(const char *path, const char *name, struct soundness *,
                                struct render_error *);

/* Notes that were refused, or whose voice contributed nothing while they lasted. A trace says what
 * was played, a ladder what was heard. */
struct notes {
    uint64_t played, unheard; /* refused ones count in both */
    char *first;              /* of the unheard: "'coin' in tick 90 (song.sx:16): refused" */
};

enum render_status notes_of(struct work *, const char *trace, const char *ladder, const char *name,
                            struct notes *, struct render_error *);

#endif
