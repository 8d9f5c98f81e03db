/* worker.h - renders one group of takes after another. Each thread has one.
 *
 * Private to render/. All memory is taken by worker_init. */
#ifndef RENDER_WORKER_H
#define RENDER_WORKER_H

#include "render/job_input.h"
#include "render/sink.h"

struct worker {
    const struct job *job;
    unsigned lanes;
    void *group_memory;
    size_t group_bytes;
    struct rp_group *group;
    float *planes[2]; /* what the engine writes: [frame * lanes + lane] a channel */
    float *tile;      /* one lane's interleaved frames */
    struct job_input input;
    float *in_planes[2]; /* what the engine reads, in the same order */
    const float *in[2];  /* the same, or NULL: silence */
    struct sink sinks[RP_MAX_LANES];
    atomic_uint_fast64_t *done; /* frames of all workers, or NULL */
    bool reports;               /* calls the job's progress */
};

/* worker_free may follow in any case. */
enum render_status worker_init(struct worker *, const struct job *, unsigned lanes,
                               struct render_error *);
void worker_free(struct worker *);

/* Renders takes[first .. first + count - 1], count <= lanes. */
enum render_status worker_render(struct worker *, struct take *takes, size_t first, size_t count,
                                 struct render_error *);

#endif
