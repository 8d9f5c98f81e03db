/* param_text.h - values of parameters, times and levels as people write them. */
#ifndef RENDER_PARAM_TEXT_H
#define RENDER_PARAM_TEXT_H

#include "text/number.h"
#include "vm/repatch.h"

enum param_fit { PARAM_FITS, PARAM_OTHER_UNIT, PARAM_OUT_OF_RANGE };

/* The value in the parameter's unit: bare numbers are in it, but for dB, where they are dB; a
 * percentage of a parameter in Hz or seconds is the place in its range. */
enum param_fit param_read(const char *text, size_t length, const struct rp_param *, float *value);
/* With its unit. */
const char *param_text(char text[NUMBER_TEXT], const struct rp_param *, float value);
/* What it takes: "a number such as 0.5, 50% or -6db". */
const char *param_examples(const struct rp_param *);

/* "0.5", "0.5s", "20ms": the nearest frame; "24000f": that frame; "30t": that tick. 0, or -1: not
 * a time. */
int frames_read(const char *text, uint64_t *frames);
/* "-90db" or "-90": its factor. 0, or -1: not from -200 to 0 dB. */
int threshold_read(const char *text, float *factor);

#endif
