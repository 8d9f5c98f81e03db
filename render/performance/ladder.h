/* ladder.h - one hash a tick for the mix, each voice and each bus: docs/mixer.md, section 9.
 * Private to render/performance/. */
#ifndef RENDER_PERFORMANCE_LADDER_H
#define RENDER_PERFORMANCE_LADDER_H

#include "render/performance/nodes.h"

enum render_status ladder_begin(struct out_file *, struct render_error *);
/* The line of a tick of `frames` frames; `mix` is its output as floats; `last`: the ladder's last.
 */
enum render_status ladder_tick(struct out_file *, const struct score *, uint64_t tick,
                               unsigned frames, const float *mix, const struct mix_output *,
                               struct nodes *, bool last, struct render_error *);

#endif
