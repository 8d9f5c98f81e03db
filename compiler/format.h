/* format.h - the canonical layout of a patch's text. */
#ifndef COMPILER_FORMAT_H
#define COMPILER_FORMAT_H

#include "text/arena.h"
#include "text/diag.h"
#include "text/source.h"
#include <stdio.h>

/* Writes an S-expression patch with its comments, two blanks a level, lists of at most 80 columns
 * on one line; or a JSON patch with two blanks a level and its keys in their order. What it
 * writes reads as the same graph, and formats to itself. Only the text is looked at, not what it
 * means. 0, or -1 when something was reported or memory ran out. */
int format_sx(struct arena *, struct diags *, const struct source *, FILE *);

#endif
