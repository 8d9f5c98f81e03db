#include "render/performance/trace.h"
#include "text/source.h"
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

enum { MOST_TEXT = 8192 };

static const char *const verb_names[MIX_VERBS] = {
    [MIX_PLAY] = "play",
    [MIX_STOP] = "stop",
    [MIX_RELEASE] = "release",
    [MIX_SET_VOLUME] = "set_volume",
    [MIX_SET_PAN] = "set_pan",
    [MIX_SET_PITCH] = "set_pitch",
    [MIX_SET] = "set",
    [MIX_SEND] = "send",
    [MIX_IS_PLAYING] = "is_playing",
};

static const char *event_name(const struct mix_event *event)
{
    static const char *const names[] = {
        [MIX_EVENT_PLAY] = "play",     [MIX_EVENT_REFUSE] = "refuse",   [MIX_EVENT_STEAL] = "steal",
        [MIX_EVENT_CUT] = "cut",       [MIX_EVENT_RELEASE] = "release", [MIX_EVENT_END] = "end",
        [MIX_EVENT_IGNORE] = "ignore", [MIX_EVENT_ANSWER] = "answer",   [MIX_EVENT_COST] = "cost",
    };
    return event->kind == MIX_EVENT_COMMAND ? verb_names[event->command->verb] : names[event->kind];
}

static void put_number(json_t *line, const char *key, int64_t value)
{
    json_object_set_new(line, key, json_integer(value));
}

/* JSON is UTF-8; a file's name need not be: what is none becomes a question mark. */
static void put_text(json_t *line, const char *key, const char *text)
{
    char clean[MOST_TEXT];
    size_t size = strlen(text), at = 0;
    for (size_t i = 0; i < size && at < sizeof clean - 5;) {
        size_t length = utf8_length(text + i, size - i);
        memcpy(clean + at, length ? text + i : "?", length ? length : 1);
        at += length ? length : 1;
        i += length ? length : 1;
    }
    json_object_set_new(line, key, json_stringn(clean, at));
}

/* Seeds are whole numbers below 2^64, those of JSON may end at 2^63. */
static void put_seed(json_t *line, uint64_t seed)
{
    char text[24];
    snprintf(text, sizeof text, "%" PRIu64, seed);
    if (seed <= INT64_MAX)
        put_number(line, "seed", (int64_t)seed);
    else
        put_text(line, "seed", text);
}

/* Every digit of a float, so that reading it gives the float again. */
static void put_float(json_t *line, const char *key, float value)
{
    json_object_set_new(line, key, json_real((double)value));
}

static void put_ramp(json_t *line, const char *key, uint32_t frames)
{
    if (frames > 0)
        put_number(line, key, frames);
}

static void put_rate(json_t *line, int64_t rate)
{
    json_object_set_new(line, "rate", json_real((double)rate / 4294967296.0));
    put_number(line, "rate_fixed", rate);
}

static void put_play(json_t *line, const struct score *score, const struct mix_command *play)
{
    if (play->name != MIX_NO_NAME)
        put_text(line, "name", score->names[play->name]);
    put_number(line, "volume", play->volume);
    put_number(line, "pan", play->pan);
    put_rate(line, play->rate);
    if (play->number == play->number)
        put_float(line, "hz", play->number);
    put_number(line, "priority", play->priority);
    if (play->length > 0)
        put_number(line, "length", (int64_t)play->length);
    if (play->bus >= 0)
        put_text(line, "into", score->buses[play->bus].name);
}

static void put_arguments(json_t *line, const struct score *score, const struct mix_command *c)
{
    switch ((enum mix_verb)c->verb) {
    case MIX_SET_VOLUME:
    case MIX_SET_PAN:
        put_number(line, "value", c->value);
        put_ramp(line, "ramp", c->frames);
        break;
    case MIX_SET_PITCH:
        put_rate(line, c->rate);
        break;
    case MIX_SET:
        put_text(line, "parameter", score->params[c->param]);
        put_float(line, "value", c->number);
        put_ramp(line, "glide", c->frames);
        break;
    case MIX_SEND:
        put_text(line, "to", score->buses[c->send_bus].name);
        put_number(line, "value", c->value);
        break;
    case MIX_STOP:
        put_ramp(line, "fade", c->frames);
        break;
    default:
        break;
    }
}

static void put_target(json_t *line, const struct score *score, const struct mix_command *c)
{
    if (c->to == MIX_NAMED)
        put_text(line, "name", score->names[c->target]);
    else if (c->to == MIX_VOICE)
        put_number(line, "voice", (int64_t)c->target);
}

static void put_place(json_t *line, const struct score *score, const struct mix_command *c)
{
    char place[MOST_TEXT];
    if (c->line == 0 || c->file >= score->file_count)
        return;
    snprintf(place, sizeof place, "%s:%" PRIu32, score->files[c->file], c->line);
    put_text(line, "at", place);
}

static void put_command(json_t *line, const struct score *score, const struct mix_event *event)
{
    const struct mix_command *c = event->command;
    if (event->kind == MIX_EVENT_PLAY)
        put_play(line, score, c);
    else if (event->kind == MIX_EVENT_COMMAND)
        put_arguments(line, score, c);
    if (event->kind == MIX_EVENT_IGNORE || event->kind == MIX_EVENT_ANSWER)
        put_text(line, event->kind == MIX_EVENT_IGNORE ? "command" : "query", verb_names[c->verb]);
    if (event->voice < 0)
        put_target(line, score, c);
    put_place(line, score, c);
}

static void put_cost(json_t *line, const struct mix_cost *cost)
{
    put_number(line, "voices_active", cost->voices_active);
    put_number(line, "mix_cycles", (int64_t)cost->mix_cycles);
    put_number(line, "audio_commands", cost->audio_commands);
    if (!cost->over)
        return;
    json_object_set_new(line, "over_budget", json_true());
    json_object_set_new(line, "blame", cost->blame < 0 ? json_null() : json_integer(cost->blame));
}

static void put_subject(json_t *line, const struct score *score, const struct mix_event *event)
{
    if (event->bus >= 0)
        put_text(line, "bus", score->buses[event->bus].name);
    if (event->voice >= 0)
        put_number(line, "voice", event->voice);
    if (event->source >= 0)
        put_text(line, "source", score->sources[event->source].name);
    if (event->kind == MIX_EVENT_PLAY)
        put_number(line, "serial", (int64_t)event->serial);
    if (event->kind == MIX_EVENT_ANSWER)
        json_object_set_new(line, "playing", json_boolean(event->playing));
    if (event->reason)
        put_text(line, "reason", event->reason);
}

static char *text_of(json_t *line)
{
    char *text = json_dumps(line, JSON_COMPACT | JSON_REAL_PRECISION(9));
    json_decref(line);
    return text;
}

char *trace_line(const struct score *score, const struct mix_event *event)
{
    json_t *line = json_object();
    put_number(line, "frame", (int64_t)event->frame);
    put_number(line, "tick", (int64_t)(event->frame / MIX_TICK));
    put_text(line, "event", event_name(event));
    if (event->kind == MIX_EVENT_COST)
        put_cost(line, &event->cost);
    else
        put_subject(line, score, event);
    if (event->command)
        put_command(line, score, event);
    return text_of(line);
}

static json_t *source_header(const struct mix_source *source)
{
    json_t *object = json_object();
    put_text(object, "name", source->name);
    if (source->sample) {
        put_text(object, "sample", source->sample->name);
        put_number(object, "rate", source->sample->rate);
        put_number(object, "frames", source->sample->length);
        put_text(object, "hash", source->sample->hash);
    } else {
        put_number(object, "channels", rp_channels(source->program));
        put_number(object, "parameters", rp_param_count(source->program));
        put_number(object, "cycles", (int64_t)rp_cost(source->program));
    }
    return object;
}

static json_t *bus_header(const struct mix_bus *bus)
{
    json_t *object = json_object();
    put_text(object, "name", bus->name);
    if (bus->program)
        put_number(object, "cycles", (int64_t)rp_cost(bus->program));
    return object;
}

char *trace_header(const struct score *score, uint64_t seed)
{
    json_t *line = json_object(), *sources = json_array(), *buses = json_array();
    put_text(line, "trace", "repatch 1");
    put_text(line, "score", score->name);
    put_number(line, "voices", score->voices);
    put_text(line, "steal", score_policy_words[score->policy]);
    put_seed(line, seed);
    for (size_t i = 0; i < score->source_count; i++)
        json_array_append_new(sources, source_header(&score->sources[i]));
    json_object_set_new(line, "sources", sources);
    for (size_t i = 0; i < score->bus_count; i++)
        json_array_append_new(buses, bus_header(&score->buses[i]));
    json_object_set_new(line, "buses", buses);
    return text_of(line);
}

int trace_cost(const struct mix_event *event, char text[COST_TEXT])
{
    const struct mix_cost *cost = &event->cost;
    return snprintf(text, COST_TEXT,
                    "Frame %" PRIu64 ":\nvoices_active: %" PRIu32 "\nmix_cycles: %" PRIu64
                    "\naudio_commands: %" PRIu32 "\n",
                    event->frame / MIX_TICK, cost->voices_active, cost->mix_cycles,
                    cost->audio_commands);
}

int trace_cost_json(const struct mix_event *event, char text[COST_TEXT])
{
    const struct mix_cost *cost = &event->cost;
    return snprintf(text, COST_TEXT,
                    "{\"frame\":%" PRIu64 ",\"voices_active\":%" PRIu32 ",\"mix_cycles\":%" PRIu64
                    ",\"audio_commands\":%" PRIu32 "}\n",
                    event->frame / MIX_TICK, cost->voices_active, cost->mix_cycles,
                    cost->audio_commands);
}
