/* patchc_limits.h - what a program can take at most, for people and as JSON. */
#ifndef PATCHC_LIMITS_H
#define PATCHC_LIMITS_H

#include "vm/repatch.h"
#include <stdio.h>

struct limits;

/* Of bytecode. 0; 1: refused, with *error filled in; 2: no memory. */
int limits_of(const void *bytes, size_t size, struct limits **, struct rp_error *error);
void limits_free(struct limits *);
/* 0, or -1. */
int limits_print(const struct limits *, FILE *);
int limits_json(const struct limits *, FILE *);

#endif
