/* engine_mixer.c - a mixer request: the timeline is played, what comes out and what happened are
 * the reply. */
#include "conformance/case.h"
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

struct playing {
    struct mixer_case *c;
    struct reply *reply;
    size_t log_room;
    const char *host;
};

static void say(struct playing *p, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void say(struct playing *p, const char *format, ...)
{
    va_list args;
    struct reply *r = p->reply;
    if (p->log_room - r->log_size < 300) {
        size_t room = 2 * p->log_room + 4096;
        char *more = engine_take(room);
        if (r->log_size)
            memcpy(more, r->log, r->log_size);
        free(r->log);
        r->log = more;
        p->log_room = room;
    }
    va_start(args, format);
    int n = vsnprintf(r->log + r->log_size, p->log_room - r->log_size, format, args);
    va_end(args);
    if (n > 0)
        r->log_size += (size_t)n;
}

static const char *reason_of(const char *reason)
{
    if (reason && strcmp(reason, "stopped") == 0)
        return "stop";
    return reason && strcmp(reason, "faded") == 0 ? "fade" : "over";
}

static void log_event(void *context, const struct mix_event *e)
{
    struct playing *p = context;
    const char *source = e->source >= 0 ? p->c->sources.of[e->source] : "-";
    uint64_t f = e->frame;
    switch (e->kind) {
    case MIX_EVENT_PLAY:
        say(p, "%" PRIu64 " play voice=%d source=%s serial=%" PRIu64 "\n", f, e->voice, source,
            e->serial);
        break;
    case MIX_EVENT_REFUSE:
        say(p, "%" PRIu64 " refuse source=%s\n", f, source);
        break;
    case MIX_EVENT_STEAL:
        say(p, "%" PRIu64 " steal voice=%d source=%s\n", f, e->voice, source);
        break;
    case MIX_EVENT_CUT:
        say(p, "%" PRIu64 " cut voice=%d source=%s\n", f, e->voice, source);
        break;
    case MIX_EVENT_RELEASE:
        say(p, "%" PRIu64 " release voice=%d source=%s\n", f, e->voice, source);
        break;
    case MIX_EVENT_END:
        say(p, "%" PRIu64 " end voice=%d source=%s reason=%s\n", f, e->voice, source,
            reason_of(e->reason));
        break;
    case MIX_EVENT_COMMAND:
        break;
    case MIX_EVENT_IGNORE:
        say(p, "%" PRIu64 " ignore\n", f);
        break;
    case MIX_EVENT_ANSWER:
        say(p, "%" PRIu64 " answer playing=%d\n", f, e->playing);
        break;
    case MIX_EVENT_COST:
        say(p,
            "%" PRIu64 " cost voices=%" PRIu32 " cycles=%" PRIu64 " commands=%" PRIu32
            " over=%d blame=%d\n",
            f, e->cost.voices_active, e->cost.mix_cycles, e->cost.audio_commands, e->cost.over,
            e->cost.blame);
        break;
    }
}

static int64_t round_away(int64_t n, int64_t divisor)
{
    int64_t half = divisor / 2;
    return n < 0 ? -((-n + half) / divisor) : (n + half) / divisor;
}

static int64_t hold(int64_t n, int64_t most)
{
    if (n > most)
        return most;
    return n < -most - 1 ? -most - 1 : n;
}

static void put_float(uint8_t *to, int64_t units)
{
    float x = (float)units * 0x1p-23f;
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    engine_put_u32(to, bits);
}

static int64_t part_of(const int32_t *part, bool heard, size_t i)
{
    return heard ? part[i] : 0;
}

/* One value of the tick's frames, left and right in turn. */
static void put_value(const struct mixer_case *c, const struct mix_output *o, size_t i, uint8_t *to)
{
    uint32_t n = c->output_number;
    uint8_t four[4];
    switch (c->output) {
    case CASE_16:
        engine_put_u32(four, (uint32_t)hold(round_away(o->mix[i], 256), 32767));
        memcpy(to, four, 2);
        break;
    case CASE_24:
        engine_put_u32(four, (uint32_t)hold(o->mix[i], 8388607));
        memcpy(to, four, 3);
        break;
    case CASE_FLOAT:
        put_float(to, o->mix[i]);
        break;
    case CASE_VOICE:
        engine_put_u32(to, (uint32_t)part_of(o->voice[n], o->heard[n], i));
        break;
    case CASE_STEM:
        put_float(to, part_of(o->voice_direct[n], o->heard[n], i));
        break;
    case CASE_BUS:
        engine_put_u32(to, (uint32_t)o->bus[n][i]);
        break;
    }
}

static size_t value_bytes(enum case_output output)
{
    return output == CASE_16 ? 2 : output == CASE_24 ? 3 : 4;
}

static void tick(struct mixer *m, const struct playing *p, uint32_t at, uint32_t frames)
{
    const struct mixer_case *c = p->c;
    struct render_error error;
    struct mix_output out;
    size_t first = 0, end, bytes = value_bytes(c->output);
    while (first < c->command_count && c->commands[first].frame < at)
        first++;
    for (end = first; end < c->command_count && c->commands[end].frame < at + frames;)
        end++;
    if (p->host)
        host_float(p->host);
    bool good = mixer_tick(m, c->commands + first, end - first, frames, &out, &error) == RENDER_OK;
    if (p->host && !host_float_kept(p->host))
        engine_fail(p->reply, "the host's float unit is not as it was");
    host_float_usual();
    if (!good) {
        engine_fail(p->reply, "%s", error.text);
        return;
    }
    for (size_t i = 0; i < 2 * (size_t)frames; i++)
        put_value(c, &out, i, p->reply->bytes + (2 * (size_t)at + i) * bytes);
}

static void play(struct playing *p)
{
    struct mixer_case *c = p->c;
    struct render_error error;
    p->reply->size = 2 * (size_t)c->frames * value_bytes(c->output);
    p->reply->bytes = engine_take(p->reply->size);
    say(p, "%s", "");
    if (p->host)
        host_float(p->host); /* threads begin so */
    struct mixer *m = mixer_new(&c->config, &error);
    if (!m)
        engine_fail(p->reply, "%s", error.text);
    for (uint32_t at = 0; at < c->frames && !p->reply->failed; at += MIX_TICK)
        tick(m, p, at, c->frames - at < MIX_TICK ? c->frames - at : MIX_TICK);
    host_float_usual();
    if (m)
        mixer_free(m);
}

void engine_mixer(const struct options *o, const struct request *q, struct reply *reply)
{
    struct mixer_case *c = engine_take(sizeof *c);
    struct playing p = {.c = c, .reply = reply, .host = o->host};
    memset(c, 0, sizeof *c);
    c->config.isa = o->isa;
    c->config.lanes = o->lanes;
    c->config.threads = o->threads;
    c->config.cut = o->cut;
    c->config.event = log_event;
    c->config.context = &p;
    if (case_read(c, q, reply))
        play(&p);
    case_free(c);
    free(c);
}
