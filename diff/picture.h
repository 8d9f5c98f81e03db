/* picture.h - a comparison as a PNG: waveforms and spectrograms of A, B and B - A. */
#ifndef DIFF_PICTURE_H
#define DIFF_PICTURE_H

#include "diff/difference.h"

enum { PICTURE_WIDTH = 1400, PICTURE_HEIGHT = 960 };

/* Of sounds of one rate and as many channels; RENDER_TROUBLE otherwise. Whole or not at all. */
enum render_status picture_write(struct comparison *, const char *path, struct render_error *);

#endif
