/* crew.h - tasks done by processes side by side, what they found taken in order.
 *
 * A task has a copy of everything and a folder of its own. What it writes into `out` is all that
 * comes back; `take` reads it in the caller, task after task as if one had followed the other. */
#ifndef DIFF_CREW_H
#define DIFF_CREW_H

#include "diff/work.h"
#include <stddef.h>
#include <stdio.h>

struct crew {
    size_t count;  /* of tasks */
    unsigned jobs; /* at a time, at least 1 */
    void *context; /* of the two */
    enum render_status (*task)(void *, struct work *, size_t index, FILE *out,
                               struct render_error *);
    enum render_status (*take)(void *, size_t index, FILE *in, struct render_error *);
};

/* Ends at the first task or take that fails, in order. */
enum render_status crew_run(const struct crew *, struct work *, struct render_error *);
/* As many as there are processors. */
unsigned crew_jobs(void);

/* Text on its way back, or NULL. */
void crew_put(FILE *, const char *text);
/* Of the arena. False: the file is not whole, or there is no memory. */
bool crew_get(FILE *, struct work *, char **text);

#endif
