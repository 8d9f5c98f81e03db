/* lines.h - JSON lines as trees, in one pass. Private to render/score/. */
#ifndef RENDER_SCORE_LINES_H
#define RENDER_SCORE_LINES_H

#include "text/sx.h"
#include <stdbool.h>

/* As sx_read_lines: the forms of the text's first lines as far as they are whole and plain: arrays
 * of what forms.h has, without escapes, exponents and huge numbers. Where anything else stands it
 * stops, whether that is wrong or not. */
struct sx *json_read_lines(struct arena *, const struct source *, size_t *used);

#endif
