/* patchrun_values.h - times, levels and parameter values as people write them. */
#ifndef BIN_PATCHRUN_VALUES_H
#define BIN_PATCHRUN_VALUES_H

#include "render/events.h"
#include <stdio.h>

/* Reads NAME=VALUE[@TIME[~GLIDE]] for the program. An event at a TIME takes the parameter's glide;
 * one without is at frame 0 and has none. 0; 1: name, value or range is wrong; 2: not of that
 * shape. What is wrong is said on `diagnostics`, `file` being the program's name. */
int value_setting(const char *text, const char *file, const struct rp_program *, struct event *,
                  FILE *diagnostics);

/* A text in quotes; the program's parameters as an array. */
void value_json_string(const char *text, FILE *);
void value_json_params(const struct rp_program *, FILE *);
/* Prints the program's channels, sizes and parameters as text or JSON. */
void value_info(const char *file, const struct rp_program *, size_t size, int json, FILE *);

#endif
