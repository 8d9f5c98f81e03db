/* parts.h - what differs between two sounds, stretch by stretch, and what kind of difference each
 * stretch is, shown by every value in it. */
#ifndef DIFF_PARTS_H
#define DIFF_PARTS_H

#include "diff/compare.h"

enum { PARTS = 8 };

enum part_kind {
    PART_NEW,      /* nothing below explains it */
    PART_LSB,      /* nowhere more than a step */
    PART_A_SILENT, /* A is silent there */
    PART_B_SILENT,
    PART_GAIN,  /* a factor, one a channel; all near -1 or 1: polarity */
    PART_SHIFT, /* B is A so many frames later or earlier */
    PART_MOVED  /* something in A stands so many frames later or earlier in B; the rest is the same
                 */
};

struct part {
    enum part_kind kind;
    uint64_t first, last;        /* frames that differ */
    int64_t shift;               /* of SHIFT and MOVED: B's later by it */
    double gain[SOUND_CHANNELS]; /* of GAIN */
    double left, largest;        /* RMS of what is not explained, and its largest value */
    double level;                /* RMS of what is */
};

struct parts {
    struct part list[PARTS];
    size_t count;   /* may be more than are listed */
    bool explained; /* all of them */
};

/* Of sounds of one shape, over what they have in common. Stretches that differ are a tenth of a
 * second apart or more. RENDER_TROUBLE: files, memory. */
enum render_status parts_find(struct sound *a, struct sound *b, double step, struct parts *,
                              struct render_error *);

#endif
