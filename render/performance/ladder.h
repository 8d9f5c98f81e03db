/* ladder.h - one hash a tick for the mix, each voice and each bus: docs/mixer.md, section 9.
 * Private to render/performance/. */
#ifndef RENDER_PERFORMANCE_LADDER_H
#define RENDER_PERFORMANCE_LADDER_H

#include "render/mixer/mixer.h"
#include "render/out_file.h"
#include "render/score/score.h"
#include "render/taps.h"

enum render_status ladder_begin(struct out_file *, struct render_error *);
/* The line of a tick of `frames` frames; `mix` is its output as floats. `taps` is NULL or has heard
 * the nodes of `place`, "voice3" or "bus.reverb". */
enum render_status ladder_tick(struct out_file *, const struct score *, uint64_t tick,
                               unsigned frames, const float *mix, const struct mix_output *,
                               const char *place, struct taps *taps, struct render_error *);

#endif
