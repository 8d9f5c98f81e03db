/* trace.h - what the mixer did, as JSON lines; and the cost report of PROMETEU's section 10.
 *
 * patchrun(1), section TRACE, tells users. One object a line, keys always in the same order.
 * Private to render/performance/. */
#ifndef RENDER_PERFORMANCE_TRACE_H
#define RENDER_PERFORMANCE_TRACE_H

#include "render/mixer/mixer.h"
#include "render/out_file.h"
#include "render/score/score.h"

/* The line for an event, without its end; malloc'd. NULL: out of memory. */
char *trace_line(const struct score *, const struct mix_event *);

/* The first line of a trace: what is played, and with what. malloc'd. */
char *trace_header(const struct score *, uint64_t seed);

enum { COST_TEXT = 160 };
/* "Frame 1024:" and the three lines under it; returns the length. */
int trace_cost(const struct mix_event *, char text[COST_TEXT]);
/* The same as a JSON line, with its end. */
int trace_cost_json(const struct mix_event *, char text[COST_TEXT]);

#endif
