/* test_mixer_model.c - docs/mixer.md read to the letter, one frame after the other and one voice
 * after the other, against the mixer on random scores: samples, patches, buses, sends, effects.
 * Then the same scores cut, packed and threaded in other ways, and isolation (P5).
 *
 * Run from the repository's root. All randomness is from fixed seeds. */
#include "tests/render/test_mixer_kit.h"
#include <math.h>

enum { FRAMES = 12 * MIX_TICK - 137, VOICES = 5, SCORES = 40 };

static uint64_t random_state;

static uint32_t below(uint32_t n)
{
    random_state = random_state * UINT64_C(6364136223846793005) + 1442695040888963407u;
    return (uint32_t)(random_state >> 33) % n;
}

/* ---- the model ---- */

struct model_ramp {
    float a, b;
    uint64_t f;
    uint32_t n;
};

struct model_voice {
    bool sounding, released, ending;
    const struct mix_command *play;
    const struct mix_source *source;
    uint64_t age, begun, released_at, note_end, fade_end;
    int64_t pos;
    int64_t step;
    bool loop;
    uint32_t loop_start, loop_end, quiet;
    float base;
    struct model_ramp volume, pan;
    bool named[KIT_BUSES];
    uint8_t amount[KIT_BUSES];
    unsigned sends;
    struct rp_group *group;
    void *memory;
    bool loud;
    int32_t left, right;
};

struct model {
    struct kit *k;
    struct model_voice voice[VOICES];
    struct model_ramp bus_volume[KIT_BUSES], bus_pan[KIT_BUSES];
    struct rp_group *bus_group[KIT_BUSES];
    void *bus_memory[KIT_BUSES];
    uint64_t plays, source_plays[KIT_SOURCES];
    uint64_t name_order[8];
    uint32_t commands;
    int64_t *mix;
    struct mix_cost cost[FRAMES / MIX_TICK + 2];
    uint64_t voice_cost[VOICES];
    bool heard[VOICES], interpolates[VOICES], part_heard[VOICES];
};

static float model_at(const struct model_ramp *r, uint64_t frame)
{
    uint64_t k = frame - r->f;
    return k < r->n ? r->a + (r->b - r->a) * ((float)k / (float)r->n) : r->b;
}

static void model_ramp(struct model_ramp *r, uint64_t frame, float to, uint32_t n)
{
    *r = (struct model_ramp){model_at(r, frame), to, frame, n};
}

static struct rp_group *model_group(const struct rp_program *p, void **memory)
{
    size_t size = rp_group_bytes(p, 1);
    *memory = aligned_alloc(RP_ALIGNMENT, (size + 63) / 64 * 64);
    return rp_instantiate(p, 1, RP_ISA_BASE, *memory, size, NULL);
}

/* What was heard of a sound in the tick is paid for when it leaves, or at the end of the tick. */
static void model_pay(struct model *m, int v)
{
    struct model_voice *s = &m->voice[v];
    if (m->part_heard[v]) {
        m->heard[v] = true;
        m->voice_cost[v] += 24u + (s->source->program ? rp_cost(s->source->program) : 0) +
                            (m->interpolates[v] ? 16u : 0);
    }
    m->part_heard[v] = m->interpolates[v] = false;
}

static void model_end(struct model *m, int v)
{
    model_pay(m, v);
    m->voice[v].sounding = false;
    free(m->voice[v].memory);
    m->voice[v].memory = NULL;
}

static void model_stop(struct model *m, int v, uint64_t frame, uint32_t fade)
{
    struct model_voice *s = &m->voice[v];
    if (fade == 0) {
        model_end(m, v);
        return;
    }
    if (frame + fade > s->fade_end)
        return;
    model_ramp(&s->volume, frame, 0.0f, fade);
    s->fade_end = frame + fade;
}

static void model_release(struct model *m, int v, uint64_t frame)
{
    struct model_voice *s = &m->voice[v];
    if (s->released || (s->source->program && s->source->gate < 0))
        return;
    s->released = true;
    s->released_at = frame;
    if (s->source->program)
        rp_param_set(s->group, 0, (unsigned)s->source->gate, 0.0f);
    else
        model_stop(m, v, frame, s->play->frames);
}

static int64_t model_step(int64_t rate, uint32_t sample_rate)
{
    int64_t x = (int64_t)rate * sample_rate + 24000;
    int64_t step = x / 48000;
    if (x % 48000 < 0)
        step--;
    if (step == 0)
        return rate > 0 ? 1 : -1;
    return (int64_t)step;
}

static void model_pitch(struct model_voice *s, int64_t rate)
{
    if (s->source->sample)
        s->step = model_step(rate, s->source->sample->rate);
    else if (s->source->pitch >= 0)
        rp_param_set(s->group, 0, (unsigned)s->source->pitch, s->base * ((float)rate * 0x1p-32f));
}

static bool model_older(const struct model *m, int a, int b)
{
    return m->voice[a].age < m->voice[b].age;
}

static int model_choose(const struct model *m, const struct mix_command *c)
{
    int best = 0;
    if (c->to == MIX_VOICE)
        return (int)c->target;
    for (int v = 0; v < VOICES; v++)
        if (!m->voice[v].sounding)
            return v;
    for (int v = 1; v < VOICES; v++) {
        float x = 0.0f, y = 0.0f;
        if (m->k->config.policy == MIX_STEAL_QUIETEST) {
            x = model_at(&m->voice[v].volume, c->frame);
            y = model_at(&m->voice[best].volume, c->frame);
        } else if (m->k->config.policy == MIX_STEAL_LOWEST_PRIORITY) {
            x = m->voice[v].play->priority;
            y = m->voice[best].play->priority;
        }
        if (x < y || (x == y && model_older(m, v, best)))
            best = v;
    }
    if (m->k->config.policy == MIX_REFUSE)
        return -1;
    if (m->k->config.policy == MIX_STEAL_LOWEST_PRIORITY &&
        m->voice[best].play->priority > c->priority)
        return -1;
    return best;
}

static void model_start(struct model *m, int v, const struct mix_command *c, uint64_t serial)
{
    struct model_voice *s = &m->voice[v];
    const struct mix_source *source = &m->k->sources[c->source];
    if (s->sounding)
        model_end(m, v);
    *s = (struct model_voice){.sounding = true,
                              .play = c,
                              .source = source,
                              .age = m->plays++,
                              .begun = c->frame,
                              .note_end = c->length && (source->sample || source->gate >= 0)
                                              ? c->frame + c->length
                                              : UINT64_MAX,
                              .fade_end = UINT64_MAX,
                              .volume = {.b = c->volume},
                              .pan = {.b = c->pan},
                              .base = c->number};
    if (source->program) {
        s->group = model_group(source->program, &s->memory);
        rp_voice_start(s->group, 0, m->k->config.seed, serial);
        if (source->gate >= 0)
            rp_param_set(s->group, 0, (unsigned)source->gate, 1.0f);
        if (isnan(c->number) && source->pitch >= 0)
            s->base = rp_param_info(source->program, (unsigned)source->pitch)->def;
        return;
    }
    s->step = model_step(c->rate, source->sample->rate);
    s->loop = c->loop == MIX_LOOP_ON || (c->loop == MIX_LOOP_SAMPLE && source->sample->has_loop);
    s->loop_start = c->loop == MIX_LOOP_ON ? c->loop_start : source->sample->loop_start;
    s->loop_end = c->loop == MIX_LOOP_ON ? c->loop_end : source->sample->loop_end;
    if (s->step < 0)
        s->pos = (int64_t)((s->loop ? s->loop_end : source->sample->length) - 1) << 32;
}

static int model_find(const struct model *m, const struct mix_command *c)
{
    uint64_t order = c->target;
    if (c->to == MIX_VOICE)
        return m->voice[c->target].sounding ? (int)c->target : -1;
    if (c->to == MIX_NAMED)
        order = m->name_order[c->target];
    for (int v = 0; v < VOICES; v++)
        if (m->voice[v].sounding && m->voice[v].play->order == order)
            return v;
    return -1;
}

static void model_send(struct model_voice *s, const struct mix_command *c)
{
    if (!s->named[c->send_bus] && s->sends == MIX_SENDS)
        return;
    s->sends += !s->named[c->send_bus];
    s->named[c->send_bus] = true;
    s->amount[c->send_bus] = c->value;
}

static void model_bus(struct model *m, const struct mix_command *c)
{
    uint64_t b = c->target;
    if (c->verb == MIX_SET_VOLUME)
        model_ramp(&m->bus_volume[b], c->frame, c->value, c->frames);
    else if (c->verb == MIX_SET_PAN)
        model_ramp(&m->bus_pan[b], c->frame, c->value, c->frames);
    else if (m->k->buses[b].program) {
        int p = rp_param_find(m->k->buses[b].program, m->k->config.params[c->param]);
        if (p >= 0)
            rp_param_glide(m->bus_group[b], 0, (unsigned)p, c->number, c->frames);
    }
}

static void model_set(struct model *m, struct model_voice *s, const struct mix_command *c)
{
    int p =
        s->source->program ? rp_param_find(s->source->program, m->k->config.params[c->param]) : -1;
    if (p >= 0)
        rp_param_glide(s->group, 0, (unsigned)p, c->number, c->frames);
}

static void model_command(struct model *m, const struct mix_command *c)
{
    if (c->to == MIX_BUS) {
        model_bus(m, c);
        return;
    }
    int v = model_find(m, c);
    struct model_voice *s = &m->voice[v < 0 ? 0 : v];
    if (v < 0 || c->verb == MIX_IS_PLAYING)
        return;
    if (c->verb == MIX_STOP)
        model_stop(m, v, c->frame, c->frames);
    else if (c->verb == MIX_RELEASE)
        model_release(m, v, c->frame);
    else if (c->verb == MIX_SET_VOLUME)
        model_ramp(&s->volume, c->frame, c->value, c->frames);
    else if (c->verb == MIX_SET_PAN)
        model_ramp(&s->pan, c->frame, c->value, c->frames);
    else if (c->verb == MIX_SET_PITCH)
        model_pitch(s, c->rate);
    else if (c->verb == MIX_SET)
        model_set(m, s, c);
    else if (c->verb == MIX_SEND)
        model_send(s, c);
}

/* Returns the commands used up. */
static size_t model_play(struct model *m, const struct mix_command *c, size_t count)
{
    size_t used = 1;
    uint64_t counted = m->source_plays[c->source]++;
    int v = model_choose(m, c);
    if (c->name != MIX_NO_NAME)
        m->name_order[c->name] = c->order;
    if (v >= 0)
        model_start(m, v, c, c->serial < 0 ? counted : (uint64_t)c->serial);
    for (; used < count && c[used].part; used++)
        if (v >= 0)
            model_command(m, &c[used]);
    if (v >= 0 && c->rate != MIX_RATE_ONE && m->voice[v].source->program)
        model_pitch(&m->voice[v], c->rate);
    return used;
}

/* A patch voice's quiet ticks. */
static void model_quiet(struct model *m, uint64_t first)
{
    for (int v = 0; v < VOICES; v++) {
        struct model_voice *s = &m->voice[v];
        if (!s->sounding || !s->source->program)
            continue;
        bool released = s->source->gate < 0 || (s->released && s->released_at <= first);
        bool quiet = released && s->begun <= first && !s->loud;
        s->quiet = quiet ? s->quiet + 1 : 0;
        s->ending |= quiet && s->quiet >= s->source->tail;
        s->loud = false;
    }
}

static int32_t nearest(float x)
{
    return (int32_t)rintf(x);
}

static float held(float s)
{
    return fminf(fmaxf(s, -16777216.0f), 16777216.0f);
}

static void model_gains(float volume, float pan, bool stereo, float g[2])
{
    float q = pan <= 127.0f ? pan : fmaxf(127.0f, pan - 1.0f);
    float v = volume / 255.0f;
    if (stereo) {
        g[0] = v * fminf(1.0f, (254.0f - q) / 127.0f);
        g[1] = v * fminf(1.0f, q / 127.0f);
    } else {
        g[0] = v * sqrtf((254.0f - q) / 254.0f);
        g[1] = v * sqrtf(q / 254.0f);
    }
}

static void model_sample(struct model *m, int v, float s[2])
{
    struct model_voice *o = &m->voice[v];
    const struct sample *sample = o->source->sample;
    int64_t i = (int64_t)(o->pos >> 32);
    int64_t w = (int64_t)((uint32_t)o->pos >> 17);
    m->interpolates[v] |= (uint32_t)o->pos != 0;
    int64_t a = sample->frames[i], b;
    if (o->loop && i + 1 == o->loop_end)
        b = sample->frames[o->loop_start];
    else
        b = i + 1 == sample->length ? 0 : sample->frames[i + 1];
    s[0] = s[1] = (float)(256 * a + (int64_t)floor((double)((b - a) * w) / 128.0));
    o->pos += o->step;
    int64_t start = (int64_t)o->loop_start << 32, end = (int64_t)o->loop_end << 32;
    if (o->loop && o->step > 0 && o->pos >= end)
        o->pos = start + (o->pos - start) % (end - start);
    else if (o->loop && o->step < 0 && o->pos < start)
        o->pos = start + ((o->pos - start) % (end - start) + (end - start)) % (end - start);
    else if (!o->loop && (o->pos < 0 || o->pos >= (int64_t)sample->length << 32))
        o->ending = true;
}

static void model_run(struct rp_group *g, const struct rp_program *p, const float *const in[],
                      float y[2])
{
    float *out[2] = {&y[0], &y[1]};
    assert_int_equal(rp_process(g, 1, in, out, NULL), RP_OK);
    if (rp_channels(p) == 1)
        y[1] = y[0];
}

static void model_voice(struct model *m, int v, uint64_t frame)
{
    struct model_voice *o = &m->voice[v];
    float s[2] = {0}, g[2];
    bool stereo = false;
    if (o->source->sample) {
        model_sample(m, v, s);
    } else {
        model_run(o->group, o->source->program, NULL, s);
        o->loud |= fabsf(s[0]) >= 0x1p-15f || fabsf(s[1]) >= 0x1p-15f;
        s[0] = held(s[0] * 8388608.0f);
        s[1] = held(s[1] * 8388608.0f);
        stereo = rp_channels(o->source->program) == 2;
    }
    model_gains(model_at(&o->volume, frame), model_at(&o->pan, frame), stereo, g);
    o->left = nearest(s[0] * g[0]);
    o->right = nearest(s[1] * g[1]);
    m->part_heard[v] = true;
}

static void model_bus_frame(struct model *m, size_t b, uint64_t frame, int64_t sums[][2])
{
    const struct mix_bus *bus = &m->k->buses[b];
    float left = (float)sums[b + 1][0], right = (float)sums[b + 1][1], s[2] = {left, right}, g[2];
    if (bus->program) {
        float in[2] = {left * 0x1p-23f, right * 0x1p-23f};
        const float *const ins[2] = {&in[0], &in[1]};
        if (rp_inputs(bus->program) == 1)
            in[0] = (float)(sums[b + 1][0] + sums[b + 1][1]) * 0x1p-24f;
        model_run(m->bus_group[b], bus->program, ins, s);
        s[0] *= 8388608.0f;
        s[1] *= 8388608.0f;
    }
    model_gains(model_at(&m->bus_volume[b], frame), model_at(&m->bus_pan[b], frame), true, g);
    sums[bus->to + 1][0] += nearest(held(s[0]) * g[0]);
    sums[bus->to + 1][1] += nearest(held(s[1]) * g[1]);
}

static void model_frame(struct model *m, uint64_t frame)
{
    int64_t sums[KIT_BUSES + 1][2] = {{0}};
    for (int v = 0; v < VOICES; v++) {
        struct model_voice *o = &m->voice[v];
        if (!o->sounding)
            continue;
        model_voice(m, v, frame);
        sums[o->play->bus + 1][0] += o->left;
        sums[o->play->bus + 1][1] += o->right;
        for (size_t b = 0; b < m->k->config.bus_count; b++) {
            float amount = (float)o->amount[b] / 255.0f;
            sums[b + 1][0] += nearest((float)o->left * amount);
            sums[b + 1][1] += nearest((float)o->right * amount);
        }
    }
    for (size_t b = 0; b < m->k->config.bus_count; b++)
        model_bus_frame(m, b, frame, sums);
    m->mix[2 * frame] = sums[0][0];
    m->mix[2 * frame + 1] = sums[0][1];
}

static void model_cost(struct model *m, struct mix_cost *cost)
{
    cost->mix_cycles = 20 + 5 * (uint64_t)m->commands;
    cost->audio_commands = m->commands;
    for (size_t b = 0; b < m->k->config.bus_count; b++)
        cost->mix_cycles += 12u + (m->k->buses[b].program ? rp_cost(m->k->buses[b].program) : 0);
    for (int v = 0; v < VOICES; v++) {
        model_pay(m, v);
        cost->voices_active += m->heard[v];
        cost->mix_cycles += m->voice_cost[v];
        m->heard[v] = false;
        m->voice_cost[v] = 0;
    }
    m->commands = 0;
}

static struct model *model_all(struct kit *k)
{
    struct model *m = calloc(1, sizeof *m);
    m->k = k;
    m->mix = calloc(FRAMES, 2 * sizeof *m->mix);
    for (size_t b = 0; b < k->config.bus_count; b++) {
        m->bus_volume[b].b = k->buses[b].volume;
        m->bus_pan[b].b = k->buses[b].pan;
        if (!k->buses[b].program)
            continue;
        m->bus_group[b] = model_group(k->buses[b].program, &m->bus_memory[b]);
        rp_voice_start(m->bus_group[b], 0, k->config.seed, b);
    }
    size_t next = 0;
    for (uint64_t frame = 0; frame < FRAMES; frame++) {
        for (int v = 0; v < VOICES; v++)
            if (m->voice[v].sounding && (m->voice[v].ending || m->voice[v].fade_end == frame))
                model_end(m, v);
        for (int v = 0; v < VOICES; v++)
            if (m->voice[v].sounding && !m->voice[v].released && m->voice[v].note_end == frame) {
                m->commands++;
                model_release(m, v, frame);
            }
        while (next < k->command_count && k->commands[next].frame == frame) {
            m->commands += !k->commands[next].part;
            if (k->commands[next].verb == MIX_PLAY)
                next += model_play(m, &k->commands[next], k->command_count - next);
            else
                model_command(m, &k->commands[next++]);
        }
        model_frame(m, frame);
        if (frame % MIX_TICK == MIX_TICK - 1 || frame + 1 == FRAMES) {
            model_cost(m, &m->cost[frame / MIX_TICK]);
            model_quiet(m, frame - frame % MIX_TICK);
        }
    }
    return m;
}

static void model_free(struct model *m)
{
    for (int v = 0; v < VOICES; v++)
        free(m->voice[v].memory);
    for (size_t b = 0; b < KIT_BUSES; b++)
        free(m->bus_memory[b]);
    free(m->mix);
    free(m);
}

/* ---- random scores ---- */

static const char *const param_names[] = {"pitch", "colour", "gate", "nobody"};

static const char lead[] =
    "(patch (params (pitch (unit hz) (range 20 5000) (default 440))"
    " (colour (unit ratio) (range 0 1) (default 50%) (curve linear)))"
    " (def env (env.adsr (attack 2ms) (decay 10ms) (sustain 50%) (release 5ms)))"
    " (output (gain (mix (osc.saw (freq pitch)) (gain (noise.white) (amp colour)))"
    " (amp env))))";
static const char wide[] = "(patch (def env (env.decay (attack 1ms) (time 15ms)))"
                           " (output (left (gain (osc.sine (freq 300)) (amp (gain env (amp 3)))))"
                           " (right (gain (noise.white) (amp env)))))";
static const char mono_effect[] =
    "(patch (params (colour (unit ratio) (range 0 1) (default 50%)))"
    " (output (gain (delay.feedback (input.mono) (time 3ms) (feedback 0.5)) (amp colour))))";
static const char stereo_effect[] =
    "(patch (params (colour (unit ratio) (range 0 4) (default 50%)))"
    " (def in (input)) (output (left (gain in.right (amp colour)))"
    " (right (delay.feedback in.left (time 1ms)))))";

static void random_sample(struct kit *k, uint32_t length, uint32_t rate, bool loop)
{
    int16_t *x = malloc(length * sizeof *x);
    for (uint32_t i = 0; i < length; i++)
        x[i] = (int16_t)below(65536);
    uint32_t n = kit_sample(k, x, length, rate);
    free(x);
    uint32_t start = below(length);
    if (loop)
        kit_loop(k, n, start, start + 1 + below(length - start));
}

static void random_instruments(struct kit *k)
{
    random_sample(k, 1, 48000, false);
    random_sample(k, 1 + below(3000), 22050, false);
    random_sample(k, 1 + below(3000), 44100, true);
    random_sample(k, 1 + below(12), 48000, true);
    random_sample(k, 5000, 768000, true);
    kit_patch(k, kit_program(k, lead));
    kit_patch(k, kit_program(k, wide));
    k->sources[5].tail = 2;
    k->sources[6].tail = 1 + below(3);
    kit_bus(k, NULL, 2);
    kit_bus(k, kit_program(k, mono_effect), -1);
    kit_bus(k, kit_program(k, stereo_effect), 4);
    kit_bus(k, NULL, -1);
    kit_bus(k, NULL, -1);
    k->buses[3].pan = 30;
    k->config.params = param_names;
    k->config.param_count = 4;
    k->config.name_count = 4;
}

static int64_t random_rate(void)
{
    static const int64_t some[] = {1,
                                   -1,
                                   MIX_RATE_MOST,
                                   -MIX_RATE_MOST,
                                   MIX_RATE_ONE,
                                   -MIX_RATE_ONE,
                                   MIX_RATE_ONE / 2,
                                   3 * MIX_RATE_ONE};
    if (below(3) == 0)
        return some[below(8)];
    int64_t rate = 1 + (int64_t)below(UINT32_MAX) * (1 + below(4));
    return below(4) ? rate : -rate;
}

static void random_play(struct kit *k, uint64_t frame)
{
    struct mix_command *c = kit_play(k, frame, below((uint32_t)k->config.source_count));
    uint32_t length = k->sources[c->source].sample ? k->sources[c->source].sample->length : 1;
    uint64_t order = c->order;
    if (below(4) == 0) {
        c->to = MIX_VOICE;
        c->target = below(VOICES);
    }
    c->volume = (uint8_t)below(256);
    c->pan = (uint8_t)below(256);
    c->priority = (uint8_t)below(3);
    c->rate = below(2) ? MIX_RATE_ONE : random_rate();
    c->frames = below(2) ? 0 : below(900);
    c->length = below(2) ? 0 : 1 + below(3000);
    c->bus = (int32_t)below((uint32_t)k->config.bus_count + 1) - 1;
    c->name = below(2) ? below(4) : MIX_NO_NAME;
    c->serial = below(2) ? -1 : (int64_t)below(100);
    c->loop = (uint8_t)below(3);
    c->loop_start = below(length);
    c->loop_end = c->loop_start + 1 + below(length - c->loop_start);
    if (below(2))
        c->number = below(4) ? (float)(100 + below(900)) : 0.0f;
    for (uint32_t parts = below(3); parts > 0; parts--) {
        c = kit_command(k, frame, below(2) ? MIX_SET : MIX_SEND, MIX_SOUND, order);
        c->part = 1;
        c->param = below(2);
        c->number = (float)below(1000) / 800.0f;
        c->send_bus = (uint16_t)below((uint32_t)k->config.bus_count);
        c->value = (uint8_t)below(256);
    }
}

static void random_command(struct kit *k, uint64_t frame)
{
    static const enum mix_verb on_bus[] = {MIX_SET_VOLUME, MIX_SET_PAN, MIX_SET};
    enum mix_verb verb = (enum mix_verb)(MIX_STOP + below(MIX_VERBS - 1));
    struct mix_command *c;
    uint32_t to = below(4);
    if (to == 0)
        c = kit_command(k, frame, verb, MIX_NAMED, below(4));
    else if (to == 1)
        c = kit_command(k, frame, verb, MIX_SOUND, 100 + below((uint32_t)k->command_count + 1));
    else if (to == 2)
        c = kit_command(k, frame, verb, MIX_VOICE, below(VOICES));
    else
        c = kit_command(k, frame, on_bus[below(3)], MIX_BUS, below((uint32_t)k->config.bus_count));
    c->value = (uint8_t)below(256);
    c->frames = below(2) ? 0 : 1 + below(1500);
    c->rate = random_rate();
    c->param = below(4);
    c->number = (float)below(1000) / (below(2) ? 1.0f : 1000.0f);
    c->send_bus = (uint16_t)below((uint32_t)k->config.bus_count);
}

static struct kit *random_score(uint64_t seed)
{
    struct kit *k = kit_new(VOICES);
    random_state = seed * 77 + 1;
    random_instruments(k);
    k->config.policy = (enum mix_policy)(seed % 4);
    uint32_t pause = 1 + below(500);
    for (uint64_t frame = 0; frame < FRAMES; frame += below(3) ? below(pause) : 0) {
        if (k->command_count + 8 > KIT_COMMANDS)
            break;
        if (below(3) == 0)
            random_play(k, frame);
        else
            random_command(k, frame);
    }
    return k;
}

/* ---- tests ---- */

static void assert_same_mix(const struct kit *k, const int64_t *wanted)
{
    assert_int_equal(k->status, RENDER_OK);
    for (unsigned i = 0; i < 2 * FRAMES; i++)
        if (k->mix[i] != wanted[i])
            fail_msg("frame %u, side %u: %lld, wanted %lld", i / 2, i % 2, (long long)k->mix[i],
                     (long long)wanted[i]);
}

static void the_mixer_does_what_the_page_says(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < SCORES; seed++) {
        struct kit *k = random_score(seed);
        struct model *m = model_all(k);
        kit_run(k, FRAMES);
        assert_same_mix(k, m->mix);
        for (unsigned t = 0; t * MIX_TICK < FRAMES; t++) {
            assert_int_equal(kit_cost(k, t)->mix_cycles, m->cost[t].mix_cycles);
            assert_int_equal(kit_cost(k, t)->voices_active, m->cost[t].voices_active);
            assert_int_equal(kit_cost(k, t)->audio_commands, m->cost[t].audio_commands);
        }
        model_free(m);
        kit_free(k);
    }
}

static void assert_same_events(const struct kit *k, const struct mix_event *wanted, size_t count)
{
    assert_int_equal(k->event_count, count);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(k->events[i].kind, wanted[i].kind);
        assert_int_equal(k->events[i].frame, wanted[i].frame);
        assert_int_equal(k->events[i].voice, wanted[i].voice);
        assert_int_equal(k->events[i].cost.mix_cycles, wanted[i].cost.mix_cycles);
        assert_ptr_equal(k->events[i].command, wanted[i].command);
    }
}

static void nothing_depends_on_how_it_is_computed(void **state)
{
    (void)state;
    static const unsigned cuts[] = {1, 63, 64, 799, 800}, lanes[] = {0, 1, 4, 8, 16};
    const enum rp_isa isas[] = {RP_ISA_BEST, RP_ISA_BASE,
                                rp_isa_available(RP_ISA_AVX2) ? RP_ISA_AVX2 : RP_ISA_BEST};
    for (uint64_t seed = 100; seed < 110; seed++) {
        struct kit *k = random_score(seed);
        kit_run(k, FRAMES);
        int64_t *mix = k->mix;
        k->mix = NULL;
        size_t count = k->event_count;
        struct mix_event *events = malloc(count * sizeof *events);
        memcpy(events, k->events, count * sizeof *events);
        for (unsigned i = 0; i < 15; i++) {
            k->config.cut = cuts[i % 5];
            k->config.lanes = lanes[(i / 3) % 5];
            k->config.threads = 1 + i % 3;
            k->config.isa = isas[i % 3];
            k->config.parts = i % 4 == 3;
            k->config.check = i == 14;
            kit_run(k, FRAMES);
            assert_same_mix(k, mix);
            assert_same_events(k, events, count);
        }
        free(mix);
        free(events);
        kit_free(k);
    }
}

/* As floats the mix is its sums, on one thread, which keeps them narrow, and on two. */
static void floats_are_the_sums(void **state)
{
    (void)state;
    struct kit *k = random_score(4);
    struct mix_output out;
    kit_run(k, FRAMES);
    int64_t *mix = k->mix;
    k->mix = NULL;
    k->config.floats = true;
    for (k->config.threads = 1; k->config.threads < 3; k->config.threads++) {
        kit_start(k);
        for (unsigned at = 0; at < FRAMES; at += MIX_TICK) {
            unsigned n = FRAMES - at < MIX_TICK ? FRAMES - at : MIX_TICK;
            assert_int_equal(kit_tick(k, at, n, &out), RENDER_OK);
            assert_null(out.mix);
            for (unsigned i = 0; i < 2 * n; i++)
                assert_true(out.floats[i] == (float)mix[2 * (size_t)at + i] / 8388608.0f);
        }
    }
    free(mix);
    kit_free(k);
}

/* The parts of a tick add up to it, and each heard voice is said to be. */
static void parts_add_up(void **state)
{
    (void)state;
    struct kit *k = random_score(3);
    struct mix_output out;
    k->config.parts = true;
    kit_start(k);
    for (unsigned at = 0; at < FRAMES; at += MIX_TICK) {
        unsigned n = FRAMES - at < MIX_TICK ? FRAMES - at : MIX_TICK, heard = 0;
        assert_int_equal(kit_tick(k, at, n, &out), RENDER_OK);
        for (unsigned i = 0; i < 2 * n; i++) {
            int64_t sum = 0;
            for (unsigned v = 0; v < VOICES; v++)
                sum += out.heard[v] ? out.voice_direct[v][i] : 0;
            for (size_t b = 0; b < k->config.bus_count; b++)
                sum += k->buses[b].to < 0 ? out.bus[b][i] : 0;
            assert_int_equal(sum, out.mix[i]);
        }
        for (unsigned v = 0; v < VOICES; v++)
            heard += out.heard[v];
        assert_int_equal(kit_cost(k, at / MIX_TICK)->voices_active, heard);
    }
    kit_free(k);
}

/* P5: a note in a crowd and alone, at another frame, in another voice: the same contributions. */
static void a_sound_knows_nothing_of_the_others(void **state)
{
    (void)state;
    enum { LENGTH = 4 * MIX_TICK, LATER = 300 };
    static int32_t got[2][LENGTH][2];
    memset(got, 0, sizeof got);
    for (unsigned crowd = 0; crowd < 2; crowd++) {
        struct kit *k = kit_new(40);
        uint32_t source = kit_patch(k, kit_program(k, lead));
        struct mix_output out;
        unsigned begin = crowd ? LATER : 0, voice = crowd ? 20 : 0;
        for (unsigned i = 0; crowd && i < 40; i++)
            kit_play(k, i < 20 ? 0 : LATER, source)->serial = i == voice ? 5 : 50 + (int64_t)i;
        if (!crowd)
            kit_play(k, 0, source)->serial = 5;
        k->config.parts = true;
        kit_start(k);
        for (unsigned at = 0; at < LENGTH; at += MIX_TICK) {
            assert_int_equal(kit_tick(k, at, MIX_TICK, &out), RENDER_OK);
            for (unsigned i = 0; i < MIX_TICK; i++)
                if (at + i >= begin && at + i - begin < LENGTH)
                    memcpy(got[crowd][at + i - begin], out.voice[voice] + 2 * (size_t)i,
                           sizeof got[0][0]);
        }
        kit_free(k);
    }
    assert_true(got[0][1000][0] != 0);
    assert_memory_equal(got[0], got[1], (LENGTH - LATER) * sizeof got[0][0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_mixer_does_what_the_page_says),
        cmocka_unit_test(nothing_depends_on_how_it_is_computed),
        cmocka_unit_test(floats_are_the_sums),
        cmocka_unit_test(parts_add_up),
        cmocka_unit_test(a_sound_knows_nothing_of_the_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
