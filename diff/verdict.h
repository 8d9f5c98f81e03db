/* verdict.h - what kind of difference it is, each kind shown by its evidence. */
#ifndef DIFF_VERDICT_H
#define DIFF_VERDICT_H

#include "diff/parts.h"

enum difference {
    DIFF_SAME,
    DIFF_SHAPE,    /* rates or channels */
    DIFF_LENGTH,   /* one goes on where the other ends */
    DIFF_SILENT,   /* one of them is */
    DIFF_LSB,      /* nowhere more than a step of the coarser format */
    DIFF_SMALL,    /* nowhere more than 2^-16, nor 2^-10 of the peak; nothing below explains it */
    DIFF_POLARITY, /* of one channel or of all */
    DIFF_SWAPPED,  /* left and right */
    DIFF_GAIN,     /* a factor, one a channel */
    DIFF_OFFSET,   /* a constant */
    DIFF_LEVEL,    /* a gain and an offset */
    DIFF_SHIFT,    /* in time, alone or with one of those above */
    DIFF_INSIDE,   /* the sounds are the same, their ladders are not */
    DIFF_HASH,     /* a ladder or a hash differs, and there is no sound to look at */
    DIFF_NEW,      /* none of them explains it */
    DIFF_PARTS     /* nor the whole, but each stretch that differs has its kind */
};

/* --tolerance. What is not given is infinite. */
struct tolerance {
    bool given;
    double largest, rms; /* factors of full scale */
    double steps;        /* of the coarser format */
};

struct verdict {
    enum difference kind;
    bool same;      /* or near enough for the tolerance */
    bool tolerated; /* different, and near enough */
    bool lenient;   /* a tolerance was given */
    struct compared compared;
    struct mapping map;       /* of GAIN, OFFSET, LEVEL, POLARITY, SWAPPED and SHIFT */
    struct residual residual; /* what the map leaves; of a new sound, what the best leaves */
    double correlation;       /* of frame 0 with frame 0, gains apart */
    int64_t best_shift;       /* where the correlation found is largest */
    double best_correlation;
    enum difference within; /* of SHIFT: what it comes with, or DIFF_SAME */
    struct parts parts;     /* of NEW and PARTS */
    unsigned channels;
    int rate;
    double step; /* of the coarser format */
};

/* Words for --json: "same", "gain", ... */
const char *difference_word(enum difference);

/* "-80db", "rms:-90db", "lsb:2", or several with commas. -1: it is none. */
int tolerance_read(const char *text, struct tolerance *);
/* Two sounds, both open. */
enum render_status verdict_of_sounds(struct sound *a, struct sound *b, const struct tolerance *,
                                     struct verdict *, struct render_error *);

#endif
