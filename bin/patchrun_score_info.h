/* patchrun_score_info.h - what a score is made of. */
#ifndef BIN_PATCHRUN_SCORE_INFO_H
#define BIN_PATCHRUN_SCORE_INFO_H

#include "render/score/score.h"
#include <stdio.h>

/* Prints its settings, samples, patches and buses as text or JSON. */
void score_info(const char *file, const struct score *, int json, FILE *);

#endif
