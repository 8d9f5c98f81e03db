/* take_ladder.h - a take's hash ladder: for each tick of 800 frames the hash of what it gives and
 * of what every node gave it. */
#ifndef RENDER_TAKE_LADDER_H
#define RENDER_TAKE_LADDER_H

#include "render/job.h"
#include "render/out_file.h"

/* Plays a take once more, `frames` of it, on the job's lanes, and writes
 * "TICK out=HASH node.ID=HASH ..." for each tick, under a first line "repatch-ladder 1". The hash
 * of a tick is the XXH3-64 of its frames, channels in turn, as floats, least significant byte
 * first; of nodes taps.h tells. In tick `values`, if there is one, the nodes' values stand, too.
 * RENDER_WRONG: not finite. */
enum render_status take_ladder(const struct job *, const struct take *, uint64_t values,
                               struct out_file *, struct render_error *);

#endif
