#include "render/take_ladder.h"
#include "render/job_input.h"
#include "render/taps.h"
#include "render/tick_hash.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct player {
    const struct job *job;
    const struct take *take;
    const struct sound *sound; /* of the take */
    unsigned lanes;
    void *memory;
    struct rp_group *group;
    float *planes[2], *in_planes[2]; /* [frame * lanes + lane], a tick's */
    const float *in[2];
    struct job_input input;
    struct taps *taps;
    size_t next_event;
    float tick[2 * TICK_FRAMES]; /* interleaved */
};

static void *take_aligned(size_t bytes)
{
    return aligned_alloc(RP_ALIGNMENT, (bytes + RP_ALIGNMENT - 1) / RP_ALIGNMENT * RP_ALIGNMENT);
}

static enum render_status open_player(struct player *p, struct render_error *error)
{
    const struct sound *sound = p->sound;
    size_t bytes = rp_group_bytes(sound->program, p->lanes);
    size_t plane = (size_t)TICK_FRAMES * p->lanes * sizeof(float);
    bool ready = (p->taps = taps_new()) != NULL;
    p->memory = take_aligned(bytes);
    for (unsigned c = 0; c < 2; c++)
        ready = (p->planes[c] = take_aligned(plane)) && (p->in_planes[c] = take_aligned(plane)) &&
                ready;
    if (ready && p->memory)
        p->group = rp_instantiate(sound->program, p->lanes, p->job->isa, p->memory, bytes, NULL);
    if (!p->group)
        return render_fail(error, RENDER_TROUBLE, "out of memory");
    for (unsigned lane = 0; lane < p->lanes; lane++)
        rp_voice_start(p->group, lane, p->take->seed, sound->serial);
    if (!sound->input)
        return RENDER_OK;
    for (unsigned c = 0; c < rp_inputs(sound->program); c++)
        p->in[c] = p->in_planes[c];
    return job_input_open(&p->input, sound->input, rp_inputs(sound->program), error);
}

static void close_player(struct player *p)
{
    job_input_close(&p->input);
    for (unsigned c = 0; c < 2; c++) {
        free(p->planes[c]);
        free(p->in_planes[c]);
    }
    taps_free(p->taps);
    free(p->memory);
}

/* Frames from `at` until something happens, `most` at most. */
static size_t span(const struct player *p, uint64_t at, uint64_t most)
{
    const struct events *events = &p->sound->events;
    size_t cut = p->job->cut ? p->job->cut : TICK_FRAMES;
    if (p->next_event < events->count && events->list[p->next_event].frame - at < most)
        most = events->list[p->next_event].frame - at;
    return most < cut ? (size_t)most : cut;
}

static void gather(struct player *p, size_t at, size_t frames)
{
    unsigned channels = p->sound->spec.channels, lanes = p->lanes;
    for (unsigned c = 0; c < channels; c++)
        for (size_t i = 0; i < frames; i++)
            p->tick[(at + i) * channels + c] = p->planes[c][i * lanes];
}

static size_t apply_events(struct player *p, uint64_t frame)
{
    size_t next = p->next_event;
    for (unsigned lane = 0; lane < p->lanes; lane++)
        next = events_apply(&p->sound->events, p->next_event, frame, p->group, lane);
    return next;
}

static enum render_status play_tick(struct player *p, uint64_t begin, unsigned frames,
                                    struct render_error *error)
{
    const struct sound *sound = p->sound;
    struct rp_tap tap = taps_tap(p->taps, 0);
    enum render_status status = RENDER_OK;
    for (size_t at = 0, n; at < frames && status == RENDER_OK; at += n) {
        struct rp_error trouble;
        p->next_event = apply_events(p, begin + at);
        n = span(p, begin + at, frames - at);
        if (sound->input)
            status = job_input_read(&p->input, p->in_planes, p->lanes, n, error);
        if (status == RENDER_OK &&
            rp_process_tapped(p->group, n, p->in, p->planes, &tap, &trouble) != RP_OK)
            status = render_fail(error, RENDER_WRONG, "%s: is inf or NaN at frame %" PRIu64,
                                 sound->name, trouble.offset);
        if (status == RENDER_OK)
            gather(p, at, n);
    }
    return status;
}

static enum render_status write_tick(struct player *p, uint64_t tick, unsigned frames,
                                     struct out_file *file, struct render_error *error)
{
    char text[80];
    size_t count = (size_t)frames * p->sound->spec.channels;
    int size = snprintf(text, sizeof text, "%" PRIu64 " mix=%016" PRIx64 " out=%016" PRIx64, tick,
                        tick_hash_16(p->tick, count), tick_hash_float(p->tick, count));
    enum render_status status = out_write(file, text, (size_t)size, error);
    if (status == RENDER_OK)
        status = taps_write(p->taps, "", file, error);
    return status == RENDER_OK ? out_write(file, "\n", 1, error) : status;
}

enum render_status take_ladder(const struct job *job, const struct take *take, uint64_t values,
                               struct out_file *file, struct render_error *error)
{
    struct player p = {
        .job = job, .take = take, .sound = take->sound, .lanes = job->lanes ? job->lanes : 1};
    uint64_t frames = take->frames;
    enum render_status status = open_player(&p, error);
    if (status == RENDER_OK)
        status = out_write(file, LADDER_FIRST_LINE, strlen(LADDER_FIRST_LINE), error);
    for (uint64_t at = 0; at < frames && status == RENDER_OK; at += TICK_FRAMES) {
        unsigned n = frames - at < TICK_FRAMES ? (unsigned)(frames - at) : TICK_FRAMES;
        if (atomic_load_explicit(job->stop, memory_order_relaxed))
            status = render_fail(error, RENDER_INTERRUPTED, "%s", "");
        if (status == RENDER_OK)
            taps_keep(p.taps, at / TICK_FRAMES == values);
        if (status == RENDER_OK)
            status = play_tick(&p, at, n, error);
        if (status == RENDER_OK)
            status = write_tick(&p, at / TICK_FRAMES, n, file, error);
    }
    close_player(&p);
    return status;
}
