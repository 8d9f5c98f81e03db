/* worker.h - renders takes in the lanes of a group. Each thread has one.
 *
 * Private to render/. */
#ifndef RENDER_WORKER_H
#define RENDER_WORKER_H

#include "render/job_input.h"
#include "render/sink.h"

/* Takes that can share a group: of one program, and of one input. */
struct pack {
    const size_t *order; /* numbers of takes */
    size_t count;
    atomic_size_t next; /* of `order`: the first not yet handed out */
    unsigned lanes;
    unsigned members; /* threads at it, as the crew counts */
};

/* What the threads of a job have in common. */
struct crew {
    const struct job *job;
    struct take *takes;
    size_t count;
    struct pack *packs;
    size_t pack_count;
    size_t first_open;    /* all packs before it are handed out */
    atomic_size_t failed; /* lowest take that failed; SIZE_MAX: none */
    atomic_uint_fast64_t done;
};

struct lane {
    bool busy;
    size_t take;
    const struct sound *sound; /* of the take */
    uint64_t at;               /* frames played */
    size_t next_event;
    struct sink sink;
};

struct worker {
    struct crew *crew;
    const struct pack *pack;
    const struct rp_program *program;
    unsigned lanes, channels, inputs;
    size_t cut;
    struct rp_group *group;
    void *group_memory;
    size_t group_bytes;  /* of this program */
    size_t group_room;   /* bytes of group_memory */
    size_t plane_room;   /* floats of each plane */
    float *planes[2];    /* what the engine writes: [frame * lanes + lane] a channel */
    float *in_planes[2]; /* what the engine reads, in the same order */
    const float *in[2];  /* the same, or NULL: silence */
    float *tile;         /* one lane's interleaved frames */
    int16_t *ready;      /* frames of all lanes as files have them */
    struct job_input input;
    struct lane lane[RP_MAX_LANES];
    bool reports;  /* calls the job's progress */
    size_t failed; /* lowest take that failed here; SIZE_MAX: none */
    struct render_error error;
};

void worker_init(struct worker *, struct crew *);
void worker_free(struct worker *);
/* Plays takes of the pack until there are no more, or but such as lie behind one that failed. */
void worker_play(struct worker *, struct pack *);

#endif
