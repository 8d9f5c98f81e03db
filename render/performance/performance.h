/* performance.h - a score rendered: the mix into a file, and on request stems, a hash ladder, a
 * trace and a cost report.
 *
 *   perform            renders everything into temporary files
 *   perform_commit     gives the files their names
 *   perform_discard    removes what was not committed and frees it; needed in the end in any case
 *
 * Memory does not depend on the length: commands come from the score's timeline, frames go out as
 * they are settled. */
#ifndef RENDER_PERFORMANCE_H
#define RENDER_PERFORMANCE_H

#include "render/audio_file.h"
#include "render/hash.h"
#include "render/score/score.h"
#include <stdatomic.h>

struct performance_plan {
    struct score *score;
    const char *name;                                   /* of the score, for messages */
    const char *output, *stems, *ladder, *trace, *cost; /* paths, or NULL */
    const char *ladder_nodes; /* voice or bus whose nodes the ladder has, or "all"; or NULL */
    uint64_t ladder_values;   /* the tick in which it has their values, too */
    enum audio_format format;
    enum pcm_format pcm;
    bool hash, dither;

    uint64_t seed, budget;
    enum rp_isa isa;
    unsigned lanes, threads, cut; /* as mix_config has them */

    /* Frames of the score: the render is from .. to; with until_silent it may end before. `to` is
     * then the frame at which it ends in any case. */
    uint64_t from, to;
    bool until_silent, bounded; /* bounded: `to` was asked for, and a sound need not end */
    float threshold;            /* magnitude */
    uint64_t hold; /* frames of silence that end it, after the last command and the last sound */

    const atomic_int *stop;                           /* not 0: give up soon */
    void (*progress)(void *context, uint64_t frames); /* or NULL */
    void *context;
};

struct performance;

struct performance_result {
    uint64_t frames;      /* of the output */
    bool silent;          /* no frame reached the threshold */
    bool cut_off;         /* until_silent, and `to` came first */
    bool clipped;         /* a sample was held within the range of 16 or 24 bits */
    char hash[HASH_TEXT]; /* if asked for */
    uint64_t ticks_over;  /* over budget */
    uint64_t first_over;  /* tick */
    int first_blame;      /* voice, or -1 */
    uint64_t first_cycles, worst_over, worst_cycles; /* tick, cycles */
    uint64_t sounds, refused, stolen;                /* plays that sounded, and so on */
};

/* *performance is set in any case and wants perform_discard, unless it is NULL. RENDER_WRONG: a
 * sound is not finite, or cannot end. */
enum render_status perform(const struct performance_plan *, struct performance **performance,
                           struct performance_result *, struct render_error *);
enum render_status perform_commit(struct performance *, struct render_error *);
void perform_discard(struct performance *);

#endif
