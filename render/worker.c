#include "render/worker.h"
#include <stdlib.h>

enum { TILE = 256 }; /* frames moved out of the lanes at a time: two channels stay in the L1 */

static void *take_aligned(size_t bytes)
{
    return aligned_alloc(RP_ALIGNMENT, (bytes + RP_ALIGNMENT - 1) / RP_ALIGNMENT * RP_ALIGNMENT);
}

static enum render_status out_of_memory(struct render_error *error)
{
    return render_fail(error, RENDER_TROUBLE, "out of memory");
}

static enum render_status take_memory(struct worker *worker, struct render_error *error)
{
    const struct job *job = worker->job;
    worker->group_bytes = rp_group_bytes(job->program, worker->lanes);
    worker->group_memory = take_aligned(worker->group_bytes);
    worker->tile = take_aligned(TILE * 2 * sizeof(float));
    if (!worker->group_memory || !worker->tile)
        return out_of_memory(error);
    for (unsigned channel = 0; channel < job->spec.channels; channel++) {
        worker->planes[channel] = take_aligned(job->cut * worker->lanes * sizeof(float));
        if (!worker->planes[channel])
            return out_of_memory(error);
    }
    return RENDER_OK;
}

static enum render_status open_input(struct worker *worker, struct render_error *error)
{
    const struct job *job = worker->job;
    unsigned inputs = rp_inputs(job->program);
    enum render_status status = job_input_open(&worker->input, job->input, inputs, error);
    for (unsigned i = 0; i < inputs && status == RENDER_OK; i++) {
        worker->in[i] = worker->in_planes[i] =
            take_aligned(job->cut * worker->lanes * sizeof(float));
        if (!worker->in[i])
            status = out_of_memory(error);
    }
    return status;
}

enum render_status worker_init(struct worker *worker, const struct job *job, unsigned lanes,
                               struct render_error *error)
{
    *worker = (struct worker){.job = job, .lanes = lanes};
    enum render_status status = take_memory(worker, error);
    if (status == RENDER_OK && job->input)
        status = open_input(worker, error);
    for (unsigned lane = 0; status == RENDER_OK && lane < lanes; lane++)
        status = sink_init(&worker->sinks[lane], job, error);
    return status;
}

void worker_free(struct worker *worker)
{
    for (unsigned lane = 0; lane < worker->lanes; lane++)
        sink_free(&worker->sinks[lane]);
    job_input_close(&worker->input);
    for (unsigned i = 0; i < 2; i++) {
        free(worker->planes[i]);
        free(worker->in_planes[i]);
    }
    free(worker->tile);
    free(worker->group_memory);
}

/* Every lane has a voice: those beyond `count` double the first one, so that they cannot fail
 * where it does not. */
static enum render_status start_voices(struct worker *worker, size_t first, size_t count,
                                       struct render_error *error)
{
    const struct job *job = worker->job;
    struct rp_error refusal;
    worker->group = rp_instantiate(job->program, worker->lanes, job->isa, worker->group_memory,
                                   worker->group_bytes, &refusal);
    if (!worker->group)
        return render_fail(error, RENDER_TROUBLE, "%s: cannot start: %s", job->name,
                           refusal.reason);
    for (unsigned lane = 0; lane < worker->lanes; lane++) {
        uint64_t number = first + (lane < count ? lane : 0);
        rp_voice_start(worker->group, lane, job->seed + number, job->serial);
    }
    return job->input ? job_input_rewind(&worker->input, error) : RENDER_OK;
}

/* Moves on in the input; what came is then in worker->in. */
static enum render_status hear(struct worker *worker, size_t frames, struct render_error *error)
{
    if (!worker->job->input)
        return RENDER_OK;
    return job_input_read(&worker->input, worker->in_planes, worker->lanes, frames, error);
}

/* Frames from `at` to the next event, the end or the end of the cut. */
static size_t span(const struct job *job, size_t next_event, uint64_t at)
{
    uint64_t end = job->spec.frames;
    const struct events *events = job->events;
    if (next_event < events->count && events->list[next_event].frame < end)
        end = events->list[next_event].frame;
    return end - at < job->cut ? (size_t)(end - at) : job->cut;
}

/* One lane's frames begin..end as a file has them, TILE at most. */
static void gather(const struct worker *worker, unsigned lane, size_t begin, size_t end)
{
    unsigned channels = worker->job->spec.channels;
    for (unsigned channel = 0; channel < channels; channel++) {
        const float *from = worker->planes[channel] + lane;
        float *to = worker->tile + channel;
        for (size_t frame = begin; frame < end; frame++, to += channels)
            *to = from[frame * worker->lanes];
    }
}

/* Tile by tile, all lanes of each, while it is in the cache. */
static enum render_status deliver(struct worker *worker, size_t count, size_t frames,
                                  struct render_error *error)
{
    enum render_status status = RENDER_OK;
    if (worker->lanes == 1 && worker->job->spec.channels == 1)
        return sink_feed(&worker->sinks[0], worker->planes[0], frames, error);
    for (size_t at = 0, end; at < frames; at = end) {
        end = frames - at < TILE ? frames : at + TILE;
        for (unsigned lane = 0; lane < count && status == RENDER_OK; lane++) {
            if (sink_over(&worker->sinks[lane]))
                continue;
            gather(worker, lane, at, end);
            status = sink_feed(&worker->sinks[lane], worker->tile, end - at, error);
        }
    }
    return status;
}

static bool all_over(const struct worker *worker, size_t count)
{
    for (unsigned lane = 0; lane < count; lane++) {
        if (!sink_over(&worker->sinks[lane]))
            return false;
    }
    return true;
}

static void report(struct worker *worker, uint64_t frames)
{
    const struct job *job = worker->job;
    if (!worker->done)
        return;
    uint64_t done = atomic_fetch_add_explicit(worker->done, frames, memory_order_relaxed);
    if (worker->reports && job->progress)
        job->progress(job->context, done + frames);
}

/* Until every take is over. RENDER_WRONG, without a text, when a sample is not finite. */
static enum render_status run_voices(struct worker *worker, size_t count,
                                     struct render_error *error)
{
    const struct job *job = worker->job;
    uint64_t at = 0;
    size_t next = 0;
    while (!all_over(worker, count)) {
        if (atomic_load_explicit(job->stop, memory_order_relaxed))
            return render_fail(error, RENDER_INTERRUPTED, "%s", "");
        next = events_apply(job->events, next, at, worker->group, worker->lanes);
        size_t frames = span(job, next, at);
        enum render_status status = hear(worker, frames, error);
        if (status != RENDER_OK)
            return status;
        struct rp_error trouble;
        bool finite =
            rp_process(worker->group, frames, worker->in, worker->planes, &trouble) == RP_OK;
        size_t good = finite ? frames : (size_t)(trouble.offset - at);
        status = deliver(worker, count, good, error);
        if (status != RENDER_OK)
            return status;
        /* A cut may reach past the end of a sound: what happens there is not heard. */
        if (!finite && !all_over(worker, count))
            return RENDER_WRONG;
        at += frames;
        report(worker, frames * count);
    }
    return RENDER_OK;
}

static enum render_status render_voices(struct worker *worker, struct take *takes, size_t first,
                                        size_t count, struct render_error *error)
{
    enum render_status status = start_voices(worker, first, count, error);
    for (unsigned lane = 0; lane < count && status == RENDER_OK; lane++)
        status = sink_start(&worker->sinks[lane], &takes[first + lane], first + lane, error);
    if (status == RENDER_OK)
        status = run_voices(worker, count, error);
    for (unsigned lane = 0; lane < count && status == RENDER_OK; lane++)
        status = sink_end(&worker->sinks[lane], error);
    return status;
}

static enum render_status say_bad_input(const struct job *job, const struct rp_error *found,
                                        struct render_error *error)
{
    render_fail(error, RENDER_WRONG, "%s: is inf or NaN at frame %llu (%.3f s)", job->input,
                (unsigned long long)found->offset, (double)found->offset / RP_SAMPLE_RATE);
    render_help(error, "nothing was written; a file of floats can hold what is no sound");
    return RENDER_WRONG;
}

static enum render_status say_bad_node(const struct job *job, size_t take,
                                       const struct rp_error *found, struct render_error *error)
{
    render_fail(error, RENDER_WRONG,
                "%s: node '%s' gives inf or NaN at frame %llu of voice 0 (%.3f s, seed %llu)",
                job->name, found->node ? found->node : "output", (unsigned long long)found->offset,
                (double)found->offset / RP_SAMPLE_RATE, (unsigned long long)(job->seed + take));
    render_help(error, "nothing was written; a division by zero or a gain above 1 in a feedback "
                       "path is the usual cause");
    return RENDER_WRONG;
}

/* Runs the one voice again, looking at every op, and says what it found. */
static enum render_status name_node(struct worker *worker, size_t take, struct render_error *error)
{
    const struct job *job = worker->job;
    struct rp_error found = {.status = RP_OK};
    enum render_status status = start_voices(worker, take, 1, error);
    if (status != RENDER_OK)
        return status;
    size_t next = 0, frames;
    for (uint64_t at = 0; at < job->spec.frames; at += frames) {
        next = events_apply(job->events, next, at, worker->group, 1);
        frames = span(job, next, at);
        status = hear(worker, frames, error);
        if (status != RENDER_OK)
            return status;
        if (rp_process_checked(worker->group, frames, worker->in, worker->planes, &found) != RP_OK)
            break;
    }
    return found.input ? say_bad_input(job, &found, error) : say_bad_node(job, take, &found, error);
}

/* In a crowd one take's failure ends all, also after its own sound was over. Alone, each shows
 * what it is. */
static enum render_status render_alone(const struct worker *worker, struct take *takes,
                                       size_t first, size_t count, struct render_error *error)
{
    struct worker single;
    job_discard(takes + first, count);
    enum render_status status = worker_init(&single, worker->job, 1, error);
    for (size_t i = 0; i < count && status == RENDER_OK; i++)
        status = worker_render(&single, takes, first + i, 1, error);
    worker_free(&single);
    return status;
}

enum render_status worker_render(struct worker *worker, struct take *takes, size_t first,
                                 size_t count, struct render_error *error)
{
    enum render_status status = render_voices(worker, takes, first, count, error);
    if (status != RENDER_WRONG)
        return status;
    if (worker->lanes == 1)
        return name_node(worker, first, error);
    return render_alone(worker, takes, first, count, error);
}
