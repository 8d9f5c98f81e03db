/* timeline.h - the commands of a score in order, in little memory.
 *
 * Commands are added in any order of frames. Past a fixed number they go, sorted, into a nameless
 * temporary file; played back, the runs are merged. So memory does not grow with the score. */
#ifndef RENDER_SCORE_TIMELINE_H
#define RENDER_SCORE_TIMELINE_H

#include "render/error.h"
#include "render/mixer/command.h"
#include <stddef.h>

struct timeline;

/* `run`: commands kept in memory before they are spilled; 0: the default, some megabytes. */
struct timeline *timeline_new(size_t run, struct render_error *error);
void timeline_free(struct timeline *);

enum render_status timeline_add(struct timeline *, const struct mix_command *,
                                struct render_error *);
/* No more is added; reading begins, from the first command on. */
enum render_status timeline_seal(struct timeline *, struct render_error *);
/* The commands with frame below `end` that have not been read yet, sorted by (frame, order). They
 * stay good until the next call. */
enum render_status timeline_until(struct timeline *, uint64_t end, const struct mix_command **,
                                  size_t *count, struct render_error *);
/* The frame of the last command; 0 without any. */
uint64_t timeline_last(const struct timeline *);
/* Reads again from the first command. */
enum render_status timeline_rewind(struct timeline *, struct render_error *);

#endif
