/* case.c - reads a mixer request: lines of a word and of key=value pairs. */
#include "conformance/case.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct reader {
    struct mixer_case *c;
    struct reply *reply;
    const uint8_t *at, *end;
    unsigned line;
    unsigned count;
    char *text; /* the line's copy */
    char *key[CASE_WORDS], *value[CASE_WORDS];
    bool used[CASE_WORDS];
    struct sample *sample; /* that values go to */
    uint32_t values;
    const struct mix_command *play; /* that parts belong to */
};

static void wrong(struct reader *r, const char *what, const char *name)
{
    engine_fail(r->reply, "line %u: %s '%s'", r->line, what, name);
}

static void *keep(struct reader *r, size_t size)
{
    struct mixer_case *c = r->c;
    void *memory = engine_take(size);
    if (c->memory_count == CASE_MEMORY) {
        wrong(r, "too much in", "the case");
        c->memory_count--; /* that memory is lost: the case is refused anyway */
    }
    c->memory[c->memory_count++] = memory;
    return memory;
}

static char *keep_text(struct reader *r, const char *text)
{
    char *copy = keep(r, strlen(text) + 1);
    memcpy(copy, text, strlen(text) + 1);
    return copy;
}

/* ---- names ---- */

static int find(const struct case_names *names, const char *name)
{
    for (size_t i = 0; i < names->count; i++)
        if (strcmp(names->of[i], name) == 0)
            return (int)i;
    return -1;
}

/* The name's number, new if need be. */
static uint32_t intern(struct reader *r, struct case_names *names, const char *name)
{
    int found = find(names, name);
    if (found >= 0)
        return (uint32_t)found;
    if (names->count == CASE_NAMES) {
        wrong(r, "too many names with", name);
        return 0;
    }
    names->of[names->count] = keep_text(r, name);
    return (uint32_t)names->count++;
}

static uint32_t add(struct reader *r, struct case_names *names, const char *name, size_t most)
{
    if (find(names, name) >= 0)
        wrong(r, "there are two of", name);
    if (names->count >= most) {
        wrong(r, "too many, from", name);
        return 0;
    }
    return intern(r, names, name);
}

static uint32_t known(struct reader *r, const struct case_names *names, const char *name)
{
    int found = find(names, name);
    if (found < 0)
        wrong(r, "there is no", name);
    return found < 0 ? 0 : (uint32_t)found;
}

/* ---- words ---- */

static const char *word(struct reader *r, const char *key)
{
    for (unsigned i = 1; i < r->count; i++)
        if (strcmp(r->key[i], key) == 0) {
            r->used[i] = true;
            return r->value[i];
        }
    return NULL;
}

static const char *needed(struct reader *r, const char *key)
{
    const char *value = word(r, key);
    if (!value)
        wrong(r, "there is no", key);
    return value ? value : "";
}

static int64_t whole(struct reader *r, const char *key, int64_t otherwise, int64_t low,
                     int64_t high)
{
    const char *value = word(r, key);
    char *rest;
    if (!value)
        return otherwise;
    long long n = strtoll(value, &rest, 10);
    if (!*value || *rest || n < low || n > high)
        wrong(r, "not a number that can stand there:", value);
    return n;
}

static uint64_t big(struct reader *r, const char *key)
{
    const char *value = word(r, key);
    char *rest = NULL;
    uint64_t n = value ? strtoull(value, &rest, 10) : 0;
    if (value && (!*value || *rest))
        wrong(r, "not a number:", value);
    return n;
}

static float real(struct reader *r, const char *key)
{
    const char *value = word(r, key);
    char *rest = NULL;
    float x = value ? strtof(value, &rest) : MIX_NO_BASE;
    if (value && (!*value || *rest))
        wrong(r, "not a number:", value);
    return x;
}

/* "start:end". */
static void points(struct reader *r, const char *text, uint32_t *start, uint32_t *end)
{
    if (sscanf(text, "%" SCNu32 ":%" SCNu32, start, end) != 2 || *start >= *end)
        wrong(r, "not a loop:", text);
}

/* ---- lines that set up ---- */

static void read_mixer(struct reader *r)
{
    static const char *const policies[] = {"oldest", "quietest", "lowest-priority", "refuse"};
    struct mixer_case *c = r->c;
    const char *policy = word(r, "policy"), *output = word(r, "output");
    c->config.voices = (unsigned)whole(r, "voices", 16, 1, MIX_MOST_VOICES);
    c->config.seed = big(r, "seed");
    c->config.budget = big(r, "budget");
    for (unsigned i = 0; policy && i < 4; i++)
        if (strcmp(policy, policies[i]) == 0) {
            c->config.policy = (enum mix_policy)i;
            policy = NULL;
        }
    if (policy)
        wrong(r, "no policy:", policy);
    if (!output || strcmp(output, "16") == 0)
        c->output = CASE_16;
    else if (strcmp(output, "24") == 0)
        c->output = CASE_24;
    else if (strcmp(output, "float") == 0)
        c->output = CASE_FLOAT;
    else if (sscanf(output, "voice:%" SCNu32, &c->output_number) == 1)
        c->output = CASE_VOICE;
    else if (sscanf(output, "stem:%" SCNu32, &c->output_number) == 1)
        c->output = CASE_STEM;
    else if (sscanf(output, "bus:%" SCNu32, &c->output_number) == 1)
        c->output = CASE_BUS;
    else
        wrong(r, "no output:", output);
    c->config.parts = c->output >= CASE_VOICE;
}

static struct mix_source *new_source(struct reader *r, uint32_t *number)
{
    *number = add(r, &r->c->sources, needed(r, "name"), CASE_SOURCES);
    struct mix_source *s = &r->c->source[*number];
    *s = (struct mix_source){
        .name = r->c->sources.count ? r->c->sources.of[*number] : "", .gate = -1, .pitch = -1};
    s->velocity = -1;
    return s;
}

/* Its values follow in lines "x"; those that are left out are the given ones again. */
static void read_sample(struct reader *r)
{
    uint32_t number;
    struct mix_source *source = new_source(r, &number);
    struct sample *s = &r->c->samples[number];
    const char *loop = word(r, "loop");
    uint32_t length = (uint32_t)whole(r, "length", 1, 1, 1 << 22);
    *s = (struct sample){.name = source->name, .length = length};
    s->rate = (uint32_t)whole(r, "rate", 48000, 1, SAMPLE_MOST_RATE);
    s->frames = keep(r, (length + SAMPLE_PADDING) * sizeof *s->frames);
    memset(s->frames, 0, (length + SAMPLE_PADDING) * sizeof *s->frames);
    if (loop) {
        s->has_loop = true;
        points(r, loop, &s->loop_start, &s->loop_end);
        if (s->loop_end > length)
            wrong(r, "the loop ends after the sample:", loop);
    }
    source->sample = s;
    r->sample = s;
    r->values = 0;
}

static void end_sample(struct reader *r)
{
    struct sample *s = r->sample;
    for (uint32_t i = r->values; s && r->values > 0 && i < s->length; i++)
        s->frames[i] = s->frames[i - r->values];
    r->sample = NULL;
}

static void read_values(struct reader *r, const char *text)
{
    char *rest;
    for (;; text = rest) {
        long n = strtol(text, &rest, 10);
        if (rest == text)
            break;
        if (!r->sample || r->values == r->sample->length || n < -32768 || n > 32767) {
            wrong(r, "a value too many, or too large, in", "x");
            return;
        }
        r->sample->frames[r->values++] = (int16_t)n;
    }
}

/* The bytes stand after the line, and a line end after them. */
static void read_program(struct reader *r)
{
    struct mixer_case *c = r->c;
    struct rp_error error;
    uint32_t number = add(r, &c->programs, needed(r, "name"), CASE_PROGRAMS);
    size_t size = (size_t)whole(r, "bytes", 0, 1, ENGINE_MOST);
    if (r->reply->failed || (size_t)(r->end - r->at) < size + 1) {
        wrong(r, "the case ends within", "program");
        return;
    }
    size_t need = rp_program_bytes(r->at, size);
    c->program[number] = need ? rp_load(r->at, size, keep(r, need), need, &error) : NULL;
    if (!c->program[number])
        wrong(r, "refused:", c->programs.of[number]);
    r->at += size + 1;
}

static int param_of(struct reader *r, const struct rp_program *p, const char *key)
{
    const char *name = word(r, key);
    int param = name && p ? rp_param_find(p, name) : -1;
    if (name && param < 0)
        wrong(r, "no such parameter:", name);
    return param;
}

static void read_patch(struct reader *r)
{
    uint32_t number;
    struct mix_source *s = new_source(r, &number);
    s->program = r->c->program[known(r, &r->c->programs, needed(r, "program"))];
    s->gate = param_of(r, s->program, "gate");
    s->pitch = param_of(r, s->program, "pitch");
    s->tail = (uint32_t)whole(r, "tail", 15, 1, UINT32_MAX);
    if (s->program && rp_inputs(s->program) > 0)
        wrong(r, "it has inputs:", s->name);
}

static void read_bus(struct reader *r)
{
    const char *effect = word(r, "effect"), *to = word(r, "to");
    uint32_t number = add(r, &r->c->buses, needed(r, "name"), CASE_BUSES);
    struct mix_bus *b = &r->c->bus[number];
    *b = (struct mix_bus){.name = "bus", .to = -1};
    b->volume = (uint8_t)whole(r, "volume", 255, 0, 255);
    b->pan = (uint8_t)whole(r, "pan", 128, 0, 255);
    if (effect)
        b->program = r->c->program[known(r, &r->c->programs, effect)];
    if (effect && b->program && rp_inputs(b->program) == 0)
        wrong(r, "it has no input:", effect);
    r->c->bus_to[number] = to ? keep_text(r, to) : NULL;
}

/* ---- commands ---- */

/* A part has the frame of its play. */
static struct mix_command *new_command(struct reader *r, enum mix_verb verb, uint64_t frame)
{
    struct mixer_case *c = r->c;
    if (c->command_count == c->command_room) {
        size_t room = c->command_room ? 2 * c->command_room : 64;
        struct mix_command *more = engine_take(room * sizeof *more);
        if (c->command_count)
            memcpy(more, c->commands, c->command_count * sizeof *more);
        free(c->commands);
        c->commands = more;
        c->command_room = room;
    }
    struct mix_command *m = &c->commands[c->command_count];
    *m = (struct mix_command){.order = c->command_count, .verb = (uint8_t)verb};
    m->frame = (uint64_t)whole(r, "frame", (int64_t)frame, 0, UINT32_MAX);
    m->rate = MIX_RATE_ONE;
    if (c->command_count > 0 && m->frame < m[-1].frame)
        wrong(r, "the frame is before that of the line before", "");
    c->command_count++;
    return m;
}

static int64_t rate(struct reader *r)
{
    int64_t n = whole(r, "rate", MIX_RATE_ONE, -MIX_RATE_MOST, MIX_RATE_MOST);
    if (n == 0)
        wrong(r, "not a rate:", "0");
    return n;
}

static void read_loop(struct reader *r, struct mix_command *m)
{
    const char *loop = word(r, "loop");
    m->loop = MIX_LOOP_SAMPLE;
    if (!loop || strcmp(loop, "sample") == 0)
        return;
    m->loop = MIX_LOOP_OFF;
    if (strcmp(loop, "off") == 0)
        return;
    m->loop = MIX_LOOP_ON;
    points(r, loop, &m->loop_start, &m->loop_end);
    if (!r->c->source[m->source].sample || m->loop_end > r->c->source[m->source].sample->length)
        wrong(r, "not a loop of it:", loop);
}

static void read_play(struct reader *r)
{
    struct mixer_case *c = r->c;
    struct mix_command *m = new_command(r, MIX_PLAY, 0);
    const char *name = word(r, "name"), *bus = word(r, "bus"), *voice = word(r, "voice");
    m->source = known(r, &c->sources, needed(r, "source"));
    m->to = voice ? MIX_VOICE : MIX_ANY;
    m->target = (uint64_t)whole(r, "voice", 0, 0, (int64_t)c->config.voices - 1);
    m->name = name ? intern(r, &c->plays, name) : MIX_NO_NAME;
    m->volume = (uint8_t)whole(r, "volume", 255, 0, 255);
    m->pan = (uint8_t)whole(r, "pan", 128, 0, 255);
    m->priority = (uint8_t)whole(r, "priority", 0, 0, 255);
    m->rate = rate(r);
    m->bus = bus ? (int32_t)known(r, &c->buses, bus) : -1;
    m->length = (uint64_t)whole(r, "length", 0, 1, UINT32_MAX);
    m->frames = (uint32_t)whole(r, "fade", 0, 0, UINT32_MAX);
    m->serial = whole(r, "serial", -1, 0, INT64_MAX);
    m->number = real(r, "base");
    read_loop(r, m);
    if (c->play_count == sizeof c->play_orders / sizeof *c->play_orders)
        wrong(r, "too many of", "play");
    else
        c->play_orders[c->play_count++] = m->order;
}

static void read_value(struct reader *r, struct mix_command *m)
{
    m->param = intern(r, &r->c->params, needed(r, "param"));
    needed(r, "value");
    m->number = real(r, "value");
    m->frames = (uint32_t)whole(r, "glide", 0, 0, UINT32_MAX);
}

static void read_send(struct reader *r, struct mix_command *m)
{
    m->send_bus = (uint16_t)known(r, &r->c->buses, needed(r, "to"));
    m->value = (uint8_t)whole(r, "amount", 0, 0, 255);
}

/* Of the play above: a parameter's value, or a send. The base is the pitch's last value. */
static void read_part(struct reader *r)
{
    struct mixer_case *c = r->c;
    size_t play = c->command_count;
    while (play > 0 && c->commands[play - 1].part)
        play--;
    if (play == 0 || c->commands[play - 1].verb != MIX_PLAY) {
        wrong(r, "there is no play before", "with");
        return;
    }
    struct mix_command above = c->commands[play - 1];
    struct mix_command *m = new_command(r, word(r, "param") ? MIX_SET : MIX_SEND, above.frame);
    m->part = 1;
    m->to = MIX_SOUND;
    m->target = above.order;
    if (m->verb == MIX_SEND) {
        read_send(r, m);
        return;
    }
    read_value(r, m);
    const struct mix_source *source = &c->source[above.source];
    bool pitch = source->pitch >= 0 &&
                 rp_param_find(source->program, c->params.of[m->param]) == source->pitch;
    if (pitch)
        c->commands[play - 1].number = m->number;
}

static void read_target(struct reader *r, struct mix_command *m)
{
    struct mixer_case *c = r->c;
    const char *voice = word(r, "voice"), *name = word(r, "name"), *bus = word(r, "bus");
    if (voice) {
        m->to = MIX_VOICE;
        m->target = (uint64_t)whole(r, "voice", 0, 0, (int64_t)c->config.voices - 1);
    } else if (name) {
        m->to = MIX_NAMED;
        m->target = intern(r, &c->plays, name);
    } else if (bus) {
        m->to = MIX_BUS;
        m->target = known(r, &c->buses, bus);
    } else {
        size_t number = (size_t)whole(r, "sound", 0, 0, UINT32_MAX);
        m->to = MIX_SOUND;
        m->target = number < c->play_count ? c->play_orders[number] : UINT64_MAX;
        needed(r, "sound");
    }
}

static void read_command(struct reader *r, enum mix_verb verb)
{
    struct mix_command *m = new_command(r, verb, 0);
    read_target(r, m);
    m->frames = (uint32_t)whole(r, "ramp", 0, 0, UINT32_MAX);
    if (verb == MIX_SET_VOLUME || verb == MIX_SET_PAN)
        m->value = (uint8_t)whole(r, "value", 0, 0, 255);
    else if (verb == MIX_STOP)
        m->frames = (uint32_t)whole(r, "fade", 0, 0, UINT32_MAX);
    else if (verb == MIX_SET)
        read_value(r, m);
    else if (verb == MIX_SEND)
        read_send(r, m);
    else if (verb == MIX_SET_PITCH)
        m->rate = rate(r);
}

/* ---- lines ---- */

static void read_words(struct reader *r)
{
    static const char *const verbs[] = {"",          "stop", "release", "set_volume", "set_pan",
                                        "set_pitch", "set",  "send",    "is_playing"};
    static const struct {
        const char *word;
        void (*read)(struct reader *);
    } lines[] = {{"mixer", read_mixer},     {"sample", read_sample}, {"patch", read_patch},
                 {"program", read_program}, {"bus", read_bus},       {"play", read_play},
                 {"with", read_part}};
    const char *first = r->key[0];
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        if (strcmp(first, lines[i].word) == 0) {
            lines[i].read(r);
            return;
        }
    for (unsigned verb = 1; verb < MIX_VERBS; verb++)
        if (strcmp(first, verbs[verb]) == 0) {
            read_command(r, (enum mix_verb)verb);
            return;
        }
    wrong(r, "not known:", first);
}

/* Takes a line apart; the copy lives as long as its reading. */
static void read_line(struct reader *r, size_t length)
{
    r->text = engine_take(length + 1);
    memcpy(r->text, r->at, length);
    r->text[length] = '\0';
    r->at += length + 1;
    r->line++;
    if (strncmp(r->text, "x ", 2) == 0) {
        read_values(r, r->text + 2);
        return;
    }
    end_sample(r);
    r->count = 0;
    for (char *at = strtok(r->text, " "); at; at = strtok(NULL, " ")) {
        char *equals = strchr(at, '=');
        if (r->count == CASE_WORDS) {
            wrong(r, "too many words in", r->text);
            return;
        }
        r->key[r->count] = at;
        r->value[r->count] = equals ? equals + 1 : at;
        r->used[r->count] = r->count == 0;
        if (equals)
            *equals = '\0';
        r->count++;
    }
    if (r->count == 0 || r->key[0][0] == '#')
        return;
    read_words(r);
    for (unsigned i = 0; i < r->count; i++)
        if (!r->used[i])
            wrong(r, "not known here:", r->key[i]);
}

static void link_buses(struct reader *r)
{
    struct mixer_case *c = r->c;
    for (size_t i = 0; i < c->buses.count; i++) {
        if (!c->bus_to[i])
            continue;
        c->bus[i].to = (int)known(r, &c->buses, c->bus_to[i]);
        if (c->bus[i].to <= (int)i)
            wrong(r, "not a later bus:", c->bus_to[i]);
    }
}

bool case_read(struct mixer_case *c, const struct request *q, struct reply *reply)
{
    struct reader r = {.c = c, .reply = reply, .at = q->events};
    r.end = q->events + q->events_size;
    c->config.voices = 16;
    c->frames = q->frames;
    while (r.at < r.end && !reply->failed) {
        const uint8_t *stop = memchr(r.at, '\n', (size_t)(r.end - r.at));
        if (!stop)
            engine_fail(reply, "the last line has no end");
        else
            read_line(&r, (size_t)(stop - r.at));
        free(r.text);
        r.text = NULL;
    }
    end_sample(&r);
    link_buses(&r);
    c->config.sources = c->source;
    c->config.source_count = c->sources.count;
    c->config.buses = c->bus;
    c->config.bus_count = c->buses.count;
    c->config.params = (const char *const *)c->params.of;
    c->config.param_count = c->params.count;
    c->config.name_count = c->plays.count;
    size_t parts = c->output == CASE_BUS ? c->buses.count : c->config.voices;
    if (c->output >= CASE_VOICE && c->output_number >= parts)
        engine_fail(reply, "there is no such output");
    return !reply->failed;
}

void case_free(struct mixer_case *c)
{
    for (size_t i = 0; i < c->memory_count; i++)
        free(c->memory[i]);
    free(c->commands);
}
