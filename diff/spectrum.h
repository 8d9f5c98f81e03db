/* spectrum.h - where in the spectrum two sounds differ: levels in octaves. */
#ifndef DIFF_SPECTRUM_H
#define DIFF_SPECTRUM_H

#include "diff/sound.h"

enum { BANDS = 10 };

/* Powers, full scale sine being 1/2 ... as fractions of full scale squared, all channels' mean. */
struct spectrum {
    double centre[BANDS]; /* Hz; the first has all below, the last all above */
    double a[BANDS], b[BANDS], difference[BANDS];
    double peak; /* Hz, where the difference has most */
};

enum render_status spectrum_of(struct sound *a, struct sound *b, struct spectrum *,
                               struct render_error *);

#endif
