#include "render/worker.h"
#include "render/unpack.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    TILE = UNPACK_MOST, /* frames moved out of the lanes at a time: two channels stay in the L1 */
    BEST_CUT = 4096,    /* frames times lanes of a call */
    LEAST_CUT = 256
};

static void *take_aligned(size_t bytes)
{
    return aligned_alloc(RP_ALIGNMENT, (bytes + RP_ALIGNMENT - 1) / RP_ALIGNMENT * RP_ALIGNMENT);
}

static enum render_status out_of_memory(struct render_error *error)
{
    return render_fail(error, RENDER_TROUBLE, "out of memory");
}

void worker_init(struct worker *worker, struct crew *crew)
{
    *worker = (struct worker){.crew = crew, .failed = SIZE_MAX};
}

static void free_planes(struct worker *worker)
{
    for (unsigned i = 0; i < 2; i++) {
        free(worker->planes[i]);
        free(worker->in_planes[i]);
        worker->planes[i] = worker->in_planes[i] = NULL;
    }
    worker->plane_room = 0;
}

void worker_free(struct worker *worker)
{
    for (unsigned lane = 0; lane < RP_MAX_LANES; lane++)
        sink_free(&worker->lane[lane].sink);
    job_input_close(&worker->input);
    free_planes(worker);
    free(worker->tile);
    free(worker->ready);
    free(worker->group_memory);
}

/* --- failures ----------------------------------------------------------------------------- */

static void note_failure(struct crew *crew, size_t take)
{
    size_t lowest = atomic_load(&crew->failed);
    while (take < lowest && !atomic_compare_exchange_weak(&crew->failed, &lowest, take))
        continue;
}

static void keep_failure(struct worker *worker, size_t take, const struct render_error *error)
{
    if (take < worker->failed) {
        worker->failed = take;
        worker->error = *error;
    }
    note_failure(worker->crew, take);
}

/* Takes are handed out in order, and those below a failure are played to their end: so the lowest
 * failure is found whatever the threads' speed. */
static bool next_take(struct worker *worker, struct pack *pack, size_t *take)
{
    for (;;) {
        size_t i = atomic_fetch_add(&pack->next, 1);
        if (i >= pack->count) {
            atomic_store(&pack->next, pack->count);
            return false;
        }
        *take = pack->order[i];
        if (*take < atomic_load(&worker->crew->failed))
            return true;
    }
}

/* --- a pack ------------------------------------------------------------------------------- */

static enum render_status take_planes(struct worker *worker, struct render_error *error)
{
    size_t room = worker->cut * worker->lanes;
    if (room > worker->plane_room) {
        free_planes(worker);
        worker->plane_room = room;
    }
    size_t bytes = worker->plane_room * sizeof(float);
    for (unsigned i = 0; i < 2; i++) {
        if (i < worker->channels && !worker->planes[i])
            worker->planes[i] = take_aligned(bytes);
        if (i < worker->inputs && !worker->in_planes[i])
            worker->in_planes[i] = take_aligned(bytes);
        bool there = (i >= worker->channels || worker->planes[i]) &&
                     (i >= worker->inputs || worker->in_planes[i]);
        if (!there)
            return out_of_memory(error);
        worker->in[i] = i < worker->inputs ? worker->in_planes[i] : NULL;
    }
    return RENDER_OK;
}

static enum render_status take_memory(struct worker *worker, struct render_error *error)
{
    if (!worker->tile)
        worker->tile = take_aligned(TILE * 2 * sizeof *worker->tile);
    if (!worker->ready)
        worker->ready = take_aligned(TILE * 2 * RP_MAX_LANES * sizeof *worker->ready);
    worker->group_bytes = rp_group_bytes(worker->program, worker->lanes);
    if (worker->group_bytes > worker->group_room) {
        free(worker->group_memory);
        worker->group_memory = take_aligned(worker->group_bytes);
        worker->group_room = worker->group_memory ? worker->group_bytes : 0;
    }
    if (!worker->tile || !worker->ready || !worker->group_memory)
        return out_of_memory(error);
    return take_planes(worker, error);
}

static enum render_status make_group(struct worker *worker, struct render_error *error)
{
    struct rp_error refusal;
    worker->group = rp_instantiate(worker->program, worker->lanes, worker->crew->job->isa,
                                   worker->group_memory, worker->group_bytes, &refusal);
    return worker->group ? RENDER_OK
                         : render_fail(error, RENDER_TROUBLE, "cannot start: %s", refusal.reason);
}

static enum render_status open_pack(struct worker *worker, const struct pack *pack,
                                    struct render_error *error)
{
    const struct job *job = worker->crew->job;
    const struct sound *sound = worker->crew->takes[pack->order[0]].sound;
    size_t cut = BEST_CUT / pack->lanes > LEAST_CUT ? BEST_CUT / pack->lanes : LEAST_CUT;
    worker->pack = pack;
    worker->program = sound->program;
    worker->lanes = pack->lanes;
    worker->channels = rp_channels(sound->program);
    worker->inputs = sound->input ? rp_inputs(sound->program) : 0;
    worker->cut = job->cut ? job->cut : cut;
    enum render_status status = take_memory(worker, error);
    if (status == RENDER_OK)
        status = make_group(worker, error);
    for (unsigned lane = 0; lane < worker->lanes && status == RENDER_OK; lane++)
        status = sink_prepare(&worker->lane[lane].sink, job, sound, error);
    job_input_close(&worker->input);
    if (status == RENDER_OK && sound->input)
        status = job_input_open(&worker->input, sound->input, worker->inputs, error);
    return status;
}

/* --- the lanes ---------------------------------------------------------------------------- */

static unsigned busy_lanes(const struct worker *worker)
{
    unsigned count = 0;
    for (unsigned lane = 0; lane < worker->lanes; lane++)
        count += worker->lane[lane].busy;
    return count;
}

static void start(struct worker *worker, unsigned number, size_t take)
{
    struct lane *lane = &worker->lane[number];
    struct take *of = &worker->crew->takes[take];
    struct render_error error;
    lane->take = take;
    lane->sound = of->sound;
    lane->at = 0;
    lane->next_event = 0;
    rp_voice_start(worker->group, number, of->seed, of->sound->serial);
    lane->busy = true;
    if (sink_start(&lane->sink, worker->crew->job, of, take, &error)) {
        lane->busy = false;
        keep_failure(worker, take, &error);
    }
}

/* What hears an input begins with it: such takes wait until all lanes are free. */
static void fill(struct worker *worker, struct pack *pack)
{
    size_t take;
    if (worker->inputs && busy_lanes(worker))
        return;
    for (unsigned lane = 0; lane < worker->lanes; lane++) {
        while (!worker->lane[lane].busy && next_take(worker, pack, &take))
            start(worker, lane, take);
        if (!worker->lane[lane].busy)
            rp_voice_stop(worker->group, lane);
    }
}

static void end(struct worker *worker, unsigned number)
{
    struct lane *lane = &worker->lane[number];
    struct render_error error;
    lane->busy = false;
    if (sink_end(&lane->sink, lane->take, &error))
        keep_failure(worker, lane->take, &error);
}

/* Lanes whose take does not matter any more are given up. */
static void prune(struct worker *worker)
{
    size_t failed = atomic_load_explicit(&worker->crew->failed, memory_order_relaxed);
    for (unsigned lane = 0; lane < worker->lanes && failed != SIZE_MAX; lane++)
        if (worker->lane[lane].take >= failed)
            worker->lane[lane].busy = false;
}

static uint64_t min_span(const struct lane *lane)
{
    const struct events *events = &lane->sound->events;
    uint64_t end = lane->sound->spec.frames;
    if (lane->next_event < events->count && events->list[lane->next_event].frame < end)
        end = events->list[lane->next_event].frame;
    return end - lane->at;
}

/* Frames until something happens in one of the lanes, the end of the cut at most. Events that are
 * due are applied. */
static size_t span(struct worker *worker)
{
    uint64_t frames = worker->cut;
    for (unsigned number = 0; number < worker->lanes; number++) {
        struct lane *lane = &worker->lane[number];
        if (!lane->busy)
            continue;
        lane->next_event =
            events_apply(&lane->sound->events, lane->next_event, lane->at, worker->group, number);
        uint64_t own = min_span(lane);
        frames = own < frames ? own : frames;
    }
    return (size_t)frames;
}

/* Moves on in the input; what came is then in worker->in. */
static enum render_status hear(struct worker *worker, size_t frames, struct render_error *error)
{
    if (!worker->inputs)
        return RENDER_OK;
    return job_input_read(&worker->input, worker->in_planes, worker->lanes, frames, error);
}

/* --- out of the lanes --------------------------------------------------------------------- */

/* One lane's frames begin..end as a file has them, TILE at most. */
static void gather(const struct worker *worker, unsigned lane, size_t begin, size_t end)
{
    unsigned channels = worker->channels;
    for (unsigned channel = 0; channel < channels; channel++) {
        const float *from = worker->planes[channel] + lane;
        float *to = worker->tile + channel;
        for (size_t frame = begin; frame < end; frame++, to += channels)
            *to = from[frame * worker->lanes];
    }
}

static bool is_open(const struct lane *lane)
{
    return lane->busy && !sink_over(&lane->sink);
}

/* What can be done for all lanes at once. Bit l of the answer: for lane l it was. */
static uint32_t unpack(struct worker *worker, size_t at, size_t frames, uint32_t loud[])
{
    float threshold[RP_MAX_LANES] = {0}; /* of a lane that nobody asks for everything is loud */
    uint32_t quick = 0, quiet = 0;
    for (unsigned l = 0; l < worker->lanes && unpack_is_quick(worker->lanes); l++) {
        const struct lane *lane = &worker->lane[l];
        if (!is_open(lane) || !sink_takes_ready(&lane->sink, frames))
            continue;
        quick |= UINT32_C(1) << l;
        quiet |= (uint32_t)lane->sound->until_silent;
        threshold[l] = lane->sound->until_silent ? lane->sound->threshold : 0.0f;
    }
    const float *planes[2] = {worker->planes[0] + at * worker->lanes, NULL};
    if (worker->channels == 2)
        planes[1] = worker->planes[1] + at * worker->lanes;
    if (quiet)
        unpack_loud(planes, worker->channels, worker->lanes, frames, threshold, loud);
    if (quick)
        unpack_16(planes, worker->channels, worker->lanes, frames, worker->crew->job->isa,
                  worker->ready);
    return quick;
}

static void deliver_tile(struct worker *worker, size_t at, size_t frames)
{
    uint32_t loud[RP_MAX_LANES];
    uint32_t quick = unpack(worker, at, frames, loud);
    for (unsigned number = 0; number < worker->lanes; number++) {
        struct lane *lane = &worker->lane[number];
        struct render_error error;
        enum render_status status;
        if (!is_open(lane))
            continue;
        if (quick >> number & 1) {
            status = sink_feed_ready(&lane->sink,
                                     worker->ready + number * TILE * (size_t)worker->channels,
                                     frames, loud[number], &error);
        } else {
            gather(worker, number, at, at + frames);
            status = sink_feed(&lane->sink, worker->tile, frames, &error);
        }
        if (status != RENDER_OK) {
            lane->busy = false;
            keep_failure(worker, lane->take, &error);
        }
    }
}

/* Tile by tile, all lanes of each, while it is in the cache. */
static void deliver(struct worker *worker, size_t frames)
{
    struct render_error error;
    struct lane *lane = &worker->lane[0];
    if (worker->lanes == 1 && worker->channels == 1) {
        if (sink_feed(&lane->sink, worker->planes[0], frames, &error)) {
            lane->busy = false;
            keep_failure(worker, lane->take, &error);
        }
        return;
    }
    for (size_t at = 0, n; at < frames; at += n) {
        n = frames - at < TILE ? frames - at : TILE;
        deliver_tile(worker, at, n);
    }
}

/* Ends what is over. */
static void settle(struct worker *worker, size_t frames)
{
    for (unsigned number = 0; number < worker->lanes; number++) {
        struct lane *lane = &worker->lane[number];
        lane->at += frames;
        if (lane->busy && sink_over(&lane->sink))
            end(worker, number);
    }
}

/* --- what is not finite ------------------------------------------------------------------- */

static enum render_status say_bad_input(const struct sound *sound, const struct rp_error *found,
                                        struct render_error *error)
{
    render_fail(error, RENDER_WRONG, "%s: is inf or NaN at frame %llu (%.3f s)", sound->input,
                (unsigned long long)found->offset, (double)found->offset / RP_SAMPLE_RATE);
    render_help(error, "nothing was written; a file of floats can hold what is no sound");
    return RENDER_WRONG;
}

static enum render_status say_bad_node(const struct take *take, const struct rp_error *found,
                                       struct render_error *error)
{
    const struct sound *sound = take->sound;
    char place[300] = "";
    if (sound->place)
        snprintf(place, sizeof place, "%.280s:%u: ", sound->place, sound->line);
    render_fail(error, RENDER_WRONG,
                "%s%s: node '%s' gives inf or NaN at frame %llu of voice 0 (%.3f s, seed %llu)",
                place, sound->name, found->node ? found->node : "output",
                (unsigned long long)found->offset, (double)found->offset / RP_SAMPLE_RATE,
                (unsigned long long)take->seed);
    render_help(error, "nothing was written; a division by zero or a gain above 1 in a feedback "
                       "path is the usual cause");
    return RENDER_WRONG;
}

/* Runs the one voice again, looking at every op, and says what it found. */
static enum render_status name_node(struct worker *worker, struct render_error *error)
{
    struct lane *lane = &worker->lane[0];
    const struct take *take = &worker->crew->takes[lane->take];
    struct rp_error found = {.status = RP_OK};
    enum render_status status = make_group(worker, error);
    if (status == RENDER_OK && worker->inputs)
        status = job_input_rewind(&worker->input, error);
    if (status != RENDER_OK)
        return status;
    rp_voice_start(worker->group, 0, take->seed, take->sound->serial);
    lane->next_event = 0;
    size_t frames;
    for (lane->at = 0; lane->at < take->sound->spec.frames; lane->at += frames) {
        frames = span(worker);
        status = hear(worker, frames, error);
        if (status != RENDER_OK)
            return status;
        if (rp_process_checked(worker->group, frames, worker->in, worker->planes, &found) != RP_OK)
            break;
    }
    return found.input ? say_bad_input(take->sound, &found, error)
                       : say_bad_node(take, &found, error);
}

/* In a crowd one take's failure ends all, also after its own sound was over. Alone, each shows
 * what it is. */
static void play_alone(struct worker *worker)
{
    for (unsigned number = 0; number < worker->lanes; number++) {
        struct lane *lane = &worker->lane[number];
        if (!lane->busy || lane->take >= atomic_load(&worker->crew->failed))
            continue;
        struct worker single;
        struct pack pack = {.order = &lane->take, .count = 1, .lanes = 1};
        job_discard(&worker->crew->takes[lane->take], 1);
        worker_init(&single, worker->crew);
        worker_play(&single, &pack);
        if (single.failed != SIZE_MAX)
            keep_failure(worker, single.failed, &single.error);
        worker_free(&single);
    }
}

/* The group is not to be run again. */
static void not_finite(struct worker *worker)
{
    struct render_error error;
    if (worker->lanes > 1)
        play_alone(worker);
    else if (worker->lane[0].busy && name_node(worker, &error))
        keep_failure(worker, worker->lane[0].take, &error);
    for (unsigned lane = 0; lane < worker->lanes; lane++)
        worker->lane[lane].busy = false;
    if (make_group(worker, &error))
        keep_failure(worker, 0, &error);
}

/* --- playing ------------------------------------------------------------------------------ */

static void report(struct worker *worker, uint64_t frames)
{
    const struct job *job = worker->crew->job;
    uint64_t done = atomic_fetch_add_explicit(&worker->crew->done, frames, memory_order_relaxed);
    if (worker->reports && job->progress)
        job->progress(job->context, done + frames);
}

static enum render_status play_on(struct worker *worker, struct render_error *error)
{
    struct rp_error trouble;
    unsigned busy = busy_lanes(worker);
    size_t frames = span(worker);
    enum render_status status = hear(worker, frames, error);
    if (status != RENDER_OK)
        return status;
    bool finite = rp_process(worker->group, frames, worker->in, worker->planes, &trouble) == RP_OK;
    size_t good = finite ? frames : (size_t)(trouble.offset - worker->lane[trouble.lane].at);
    deliver(worker, good);
    settle(worker, good);
    if (!finite) /* a cut may reach past the end of a sound: what happens there is not heard */
        not_finite(worker);
    report(worker, frames * busy);
    return RENDER_OK;
}

void worker_play(struct worker *worker, struct pack *pack)
{
    struct render_error error;
    const struct job *job = worker->crew->job;
    enum render_status status = open_pack(worker, pack, &error);
    while (status == RENDER_OK) {
        if (atomic_load_explicit(job->stop, memory_order_relaxed))
            status = render_fail(&error, RENDER_INTERRUPTED, "%s", "");
        prune(worker);
        if (status == RENDER_OK && !busy_lanes(worker) && worker->inputs)
            status = job_input_rewind(&worker->input, &error);
        if (status == RENDER_OK)
            fill(worker, pack);
        if (status != RENDER_OK || !busy_lanes(worker))
            break;
        status = play_on(worker, &error);
    }
    for (unsigned lane = 0; lane < worker->lanes; lane++)
        worker->lane[lane].busy = false;
    if (status == RENDER_OK)
        return;
    atomic_store(&pack->next, pack->count); /* nobody tries it again */
    keep_failure(worker, pack->order[0], &error);
}
