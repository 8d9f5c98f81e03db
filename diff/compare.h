/* compare.h - two sounds, frame by frame: where they differ and how much, and whether one is the
 * other under a shift in time, a gain, an offset or swapped channels.
 *
 * All figures come from every frame, read in pieces. Values are fractions of full scale. */
#ifndef DIFF_COMPARE_H
#define DIFF_COMPARE_H

#include "diff/sound.h"

/* What two sounds of the same channels and rate have in common, frame 0 with frame 0. */
struct compared {
    uint64_t common;    /* frames of the shorter */
    uint64_t differing; /* of those */
    uint64_t first, last;
    unsigned first_channel;
    double first_a, first_b;
    double largest; /* difference; -1 when all are equal */
    uint64_t largest_frame;
    unsigned largest_channel;
    double largest_a, largest_b;
    double rms;            /* of the difference, all channels */
    double peak_a, peak_b; /* of the whole files */
    double rms_a, rms_b;
    uint64_t not_finite; /* values that are no numbers: equal when both have the same bits */
    double surplus_peak; /* of what the longer has more */
};

enum render_status compare_sounds(struct sound *a, struct sound *b, struct compared *,
                                  struct render_error *);

/* b[n + shift] = gain * a[n] + offset, channel by channel. */
struct mapping {
    int64_t shift;
    bool swapped; /* left and right */
    bool hasty;   /* a fit gives up when the first second that sounds shows no likeness */
    double gain[SOUND_CHANNELS], offset[SOUND_CHANNELS];
};

/* Least squares over the overlap, for a shift and order of channels. */
enum mapping_kind { MAP_GAIN, MAP_OFFSET, MAP_BOTH };
/* How well a mapping explains b: over the overlap, values at full scale left out if `clips`. */
struct residual {
    uint64_t overlap, exact; /* frames; values without any residual */
    uint64_t values, clipped;
    double largest, rms;
    double level; /* RMS of b there */
    double correlation;
    bool holds; /* nothing is further than was allowed */
};

/* Fills gain and offset from shift and swapped. */
enum render_status mapping_fit(struct sound *a, struct sound *b, struct mapping *,
                               enum mapping_kind, struct residual *, struct render_error *);
/* Stops as soon as a value is further than `allowed` (times (1 + |gain|) / 2) and says that it does
 * not hold. */
enum render_status mapping_check(struct sound *a, struct sound *b, const struct mapping *,
                                 double allowed, struct residual *, struct render_error *);

/* Shifts worth checking, likeliest first; at most `most`. From the onsets, the lengths and the
 * peaks of the cross-correlation of the first seconds that sound. */
enum render_status shift_candidates(struct sound *a, struct sound *b, int64_t *shifts, size_t most,
                                    size_t *count, struct render_error *);

#endif
