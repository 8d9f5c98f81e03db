/* nodes.h - the nodes that a ladder is to have: of one voice or bus a hash a tick, or of every
 * place a hash a stretch. docs/mixer.md, section 9. Private to render/performance/. */
#ifndef RENDER_PERFORMANCE_NODES_H
#define RENDER_PERFORMANCE_NODES_H

#include "render/mixer/mixer.h"
#include "render/out_file.h"
#include "render/score/score.h"
#include "render/taps.h"

struct nodes {
    const struct score *score;
    const char *place;  /* "voice3", "bus.reverb", "all"; NULL: none */
    struct taps **taps; /* of each voice, then of each bus; NULL where nobody listens */
    size_t count;
    struct mix_tap tap; /* for the mixer */
};

/* nodes_close may follow in any case. RENDER_WRONG: there is no such place. */
enum render_status nodes_open(struct nodes *, const struct score *, const char *name,
                              const char *place, struct render_error *);
void nodes_close(struct nodes *);
/* Before a tick: whether its values are kept. */
void nodes_keep(struct nodes *, bool keep);
/* A tick is over: what the ladder's line of it has more; `last` is the ladder's last. */
enum render_status nodes_write(struct nodes *, uint64_t tick, bool last, struct out_file *,
                               struct render_error *);
/* The same, of a tick that the ladder has not. */
void nodes_drop(struct nodes *);

#endif
