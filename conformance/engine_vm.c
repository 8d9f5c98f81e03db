/* engine_vm.c - a vm request: one voice of a program in a lane of a group, others beside it. */
#include "conformance/engine.h"
#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { PIECE = 1024, AGAIN = 4 /* renders from a snapshot */ };

struct event {
    uint32_t frame, glide;
    unsigned param;
    float value;
};

struct job {
    const struct options *options;
    const struct request *request;
    const struct rp_program *program;
    struct event *events;
    size_t event_count;
    unsigned channels, inputs;
    size_t input_frames;
};

/* A voice in a lane of a group of its own. */
struct stage {
    const struct job *job;
    struct rp_group *group;
    void *memory;
    unsigned lanes, lane;
    size_t event;
    float *in[2], *out[2];
};

static float float_of(uint32_t bits)
{
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* ---- the request ---- */

/* Lines of "frame parameter value glide". */
static void read_events(struct job *j, struct reply *reply)
{
    const char *at = (const char *)j->request->events, *end = at + j->request->events_size;
    size_t lines = 0;
    for (const char *c = at; c < end; c++)
        lines += *c == '\n';
    j->events = engine_take(lines * sizeof *j->events);
    while (at < end) {
        char name[256], value[64], *rest;
        struct event *e = &j->events[j->event_count];
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        if (!stop || j->event_count == lines ||
            sscanf(at, "%" SCNu32 " %255s %63s %" SCNu32, &e->frame, name, value, &e->glide) != 4) {
            engine_fail(reply, "event %zu is not well formed", j->event_count);
            return;
        }
        int param = rp_param_find(j->program, name);
        e->value = strtof(value, &rest);
        if (param < 0 || *rest) {
            engine_fail(reply, "event %zu: no such parameter, or no number", j->event_count);
            return;
        }
        if (j->event_count > 0 && e->frame < e[-1].frame) {
            engine_fail(reply, "event %zu is before the one before it", j->event_count);
            return;
        }
        e->param = (unsigned)param;
        j->event_count++;
        at = stop + 1;
    }
}

static struct rp_program *load(const struct request *q, void **memory, struct reply *reply)
{
    struct rp_error error;
    if (rp_verify(q->program, q->program_size, &error) != RP_OK) {
        engine_fail(reply, "refused %" PRIu32 " at %" PRIu64 ": %s", error.code, error.offset,
                    error.reason);
        return NULL;
    }
    size_t size = rp_program_bytes(q->program, q->program_size);
    *memory = engine_take(size);
    struct rp_program *p = rp_load(q->program, q->program_size, *memory, size, &error);
    if (!p)
        engine_fail(reply, "refused %" PRIu32 ": %s", error.code, error.reason);
    return p;
}

/* ---- playing ---- */

static bool open_stage(struct stage *s, const struct job *j, unsigned lanes, unsigned lane)
{
    size_t size = rp_group_bytes(j->program, lanes);
    *s = (struct stage){.job = j, .lanes = lanes, .lane = lane};
    if (size == 0)
        return false;
    s->memory = engine_take(size);
    memset(s->memory, 0xa5, size);
    s->group = rp_instantiate(j->program, lanes, j->options->isa, s->memory, size, NULL);
    for (unsigned c = 0; c < 2; c++) {
        s->in[c] = engine_take(PIECE * lanes * sizeof(float));
        s->out[c] = engine_take(PIECE * lanes * sizeof(float));
    }
    return s->group != NULL;
}

static void close_stage(struct stage *s)
{
    free(s->memory);
    for (unsigned c = 0; c < 2; c++) {
        free(s->in[c]);
        free(s->out[c]);
    }
}

static void start(struct stage *s)
{
    const struct request *q = s->job->request;
    for (unsigned l = 0; l < s->lanes; l++)
        rp_voice_start(s->group, l, q->seed, l == s->lane ? q->serial : q->serial + 1 + l);
}

/* In the lanes beside it the same happens, with other noise. */
static void act(struct stage *s, uint32_t at)
{
    const struct job *j = s->job;
    for (; s->event < j->event_count && j->events[s->event].frame <= at; s->event++) {
        const struct event *e = &j->events[s->event];
        for (unsigned l = 0; l < s->lanes; l++) {
            if (e->glide)
                rp_param_glide(s->group, l, e->param, e->value, e->glide);
            else
                rp_param_set(s->group, l, e->param, e->value);
        }
    }
}

/* What comes in begins again when it is over. */
static void fill(struct stage *s, uint32_t at, uint32_t n)
{
    const struct job *j = s->job;
    for (uint32_t i = 0; i < n && j->input_frames; i++)
        for (unsigned c = 0; c < j->inputs; c++) {
            size_t frame = (at + i) % j->input_frames;
            const uint8_t *from = j->request->input + 4 * (frame * j->inputs + c);
            float x = float_of(engine_get_u32(from));
            for (unsigned l = 0; l < s->lanes; l++)
                s->in[c][i * s->lanes + l] = x;
        }
}

static uint32_t stretch(const struct stage *s, uint32_t at, uint32_t until)
{
    const struct job *j = s->job;
    uint32_t n = until - at < PIECE ? until - at : PIECE;
    if (j->options->cut && n > j->options->cut)
        n = j->options->cut;
    if (s->event < j->event_count && j->events[s->event].frame - at < n)
        n = j->events[s->event].frame - at;
    return n;
}

static bool run(struct stage *s, uint32_t at, uint32_t until, float *out, struct reply *reply)
{
    const struct job *j = s->job;
    while (at < until) {
        struct rp_error error;
        const float *in[2] = {s->in[0], s->in[1]};
        act(s, at);
        uint32_t n = stretch(s, at, until);
        fill(s, at, n);
        enum rp_status status = j->input_frames ? rp_process(s->group, n, in, s->out, &error)
                                                : rp_run(s->group, n, s->out, &error);
        if (status != RP_OK) {
            engine_fail(reply, "%s on frame %" PRIu64, error.reason, error.offset);
            return false;
        }
        for (uint32_t i = 0; i < n; i++)
            for (unsigned c = 0; c < j->channels; c++)
                out[(at + i) * j->channels + c] = s->out[c][i * s->lanes + s->lane];
        at += n;
    }
    return true;
}

static bool render(const struct job *j, float *out, struct reply *reply)
{
    struct stage s;
    unsigned lanes = j->options->lanes;
    unsigned lane = (unsigned)(engine_hash(j->request->name) % lanes);
    bool good = open_stage(&s, j, lanes, lane);
    if (good) {
        start(&s);
        good = run(&s, 0, j->request->frames, out, reply);
    } else {
        engine_fail(reply, "no such lanes");
    }
    close_stage(&s);
    return good;
}

/* ---- heavy: from snapshot to snapshot, each in another lane of another group ---- */

struct heavy {
    const struct job *job;
    struct stage stage;
    uint8_t *snapshots;
    size_t size, count;
    size_t *events; /* the next, at each snapshot */
};

/* Into a group of another width. */
static bool restore(const struct heavy *h, size_t snapshot, struct stage *s)
{
    static const unsigned widths[] = {1, 4, 8, 16};
    uint64_t chance = engine_chance(engine_hash(h->job->request->name) + snapshot);
    unsigned lanes = widths[chance % 4];
    if (rp_group_bytes(h->job->program, lanes) == 0)
        lanes = 1;
    if (!open_stage(s, h->job, lanes, (unsigned)(chance >> 32) % lanes))
        return false;
    s->event = h->events[snapshot];
    return rp_restore(s->group, s->lane, h->snapshots + snapshot * h->size, h->size) == RP_OK;
}

static bool walk(struct heavy *h, float *out, struct reply *reply)
{
    const struct job *j = h->job;
    uint32_t frames = j->request->frames, every = j->options->heavy;
    for (uint32_t at = 0; at < frames; at += every) {
        uint32_t until = frames - at < every ? frames : at + every;
        if (!run(&h->stage, at, until, out, reply))
            return false;
        h->events[h->count] = h->stage.event;
        rp_snapshot(h->stage.group, h->stage.lane, h->snapshots + h->count * h->size, h->size);
        h->count++;
        close_stage(&h->stage);
        if (!restore(h, h->count - 1, &h->stage)) {
            engine_fail(reply, "a snapshot is refused");
            return false;
        }
    }
    return true;
}

static bool again(const struct heavy *h, const float *out, float *other, struct reply *reply)
{
    const struct job *j = h->job;
    uint32_t frames = j->request->frames, every = j->options->heavy;
    bool good = true;
    for (uint64_t turn = 0; good && turn < AGAIN && h->count > 1; turn++) {
        size_t snapshot = (size_t)(engine_chance(j->request->seed + turn) % (h->count - 1));
        uint32_t at = (uint32_t)(snapshot + 1) * every;
        size_t first = (size_t)at * j->channels, count = (frames - at) * (size_t)j->channels;
        struct stage s;
        good = restore(h, snapshot, &s) && run(&s, at, frames, other, reply);
        close_stage(&s);
        if (good && memcmp(out + first, other + first, count * sizeof *out) != 0) {
            engine_fail(reply, "other samples from the snapshot of frame %" PRIu32, at);
            good = false;
        }
    }
    return good;
}

static bool render_heavy(const struct job *j, float *out, struct reply *reply)
{
    struct heavy h = {.job = j, .size = rp_snapshot_bytes(j->program)};
    size_t most = j->request->frames / j->options->heavy + 1;
    h.snapshots = engine_take(most * h.size);
    h.events = engine_take(most * sizeof *h.events);
    float *other = engine_take(j->request->frames * (size_t)j->channels * sizeof *other);
    bool good = open_stage(&h.stage, j, j->options->lanes, j->options->lanes - 1);
    if (good) {
        start(&h.stage);
        good = walk(&h, out, reply) && again(&h, out, other, reply);
    }
    close_stage(&h.stage);
    free(h.snapshots);
    free(h.events);
    free(other);
    return good;
}

/* ---- all of it, in threads at once if asked ---- */

struct hand {
    pthread_t thread;
    const struct job *job;
    float *out;
    struct reply reply;
};

static void *work(void *context)
{
    struct hand *h = context;
    const struct options *o = h->job->options;
    if (o->host)
        host_float(o->host);
    if (o->heavy)
        render_heavy(h->job, h->out, &h->reply);
    else
        render(h->job, h->out, &h->reply);
    if (o->host && !host_float_kept(o->host))
        engine_fail(&h->reply, "the host's float unit is not as it was");
    return NULL;
}

static void work_all(const struct job *j, struct hand *hands, size_t size, struct reply *reply)
{
    unsigned count = j->options->threads;
    for (unsigned i = 0; i < count; i++) {
        hands[i] = (struct hand){.job = j, .out = engine_take(size)};
        if (i > 0 && pthread_create(&hands[i].thread, NULL, work, &hands[i]) != 0) {
            fputs("engine: no thread\n", stderr);
            exit(2);
        }
    }
    work(&hands[0]);
    host_float_usual();
    for (unsigned i = 0; i < count; i++) {
        if (i > 0)
            pthread_join(hands[i].thread, NULL);
        if (hands[i].reply.failed)
            engine_fail(reply, "%s", hands[i].reply.error);
        else if (memcmp(hands[0].out, hands[i].out, size) != 0)
            engine_fail(reply, "two threads do not agree");
    }
}

static void play(const struct job *j, struct reply *reply)
{
    size_t values = j->request->frames * (size_t)j->channels, size = values * sizeof(float);
    struct hand *hands = engine_take(j->options->threads * sizeof *hands);
    work_all(j, hands, size, reply);
    reply->size = 4 * values;
    reply->bytes = engine_take(reply->size);
    for (size_t i = 0; i < values; i++) {
        uint32_t bits;
        memcpy(&bits, &hands[0].out[i], sizeof bits);
        engine_put_u32(reply->bytes + 4 * i, bits);
    }
    for (unsigned i = 0; i < j->options->threads; i++)
        free(hands[i].out);
    free(hands);
}

void engine_vm(const struct options *o, const struct request *q, struct reply *reply)
{
    struct job j = {.options = o, .request = q};
    void *memory = NULL;
    if (o->host)
        host_float(o->host);
    j.program = load(q, &memory, reply);
    if (o->host && !host_float_kept(o->host))
        engine_fail(reply, "the host's float unit is not as it was");
    host_float_usual();
    if (!reply->failed) {
        j.channels = rp_channels(j.program);
        j.inputs = rp_inputs(j.program);
        j.input_frames = j.inputs ? q->input_size / (4 * (size_t)j.inputs) : 0;
        if (q->input_size != 4 * j.input_frames * j.inputs)
            engine_fail(reply, "the input is no whole number of frames");
        read_events(&j, reply);
    }
    if (!reply->failed)
        play(&j, reply);
    free(j.events);
    free(memory);
}
