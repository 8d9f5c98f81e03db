/* start.c - docs/mixer.md, 5: which voice a sound gets, and how it begins. */
#include "render/mixer/state.h"

static int lowest_idle(const struct mixer *m)
{
    for (uint32_t word = 0; word <= (m->config.voices - 1) / 64; word++)
        if (m->idle[word])
            return (int)(64 * word) + __builtin_ctzll(m->idle[word]);
    return MIX_NONE;
}

/* The sound with the least of it is taken, the oldest of several. It is 0 or more. */
static float worth(enum mix_policy policy, const struct mix_sound *s, uint64_t frame)
{
    if (policy == MIX_STEAL_QUIETEST)
        return mix_ramp_at(&s->level.volume, frame);
    return policy == MIX_STEAL_LOWEST_PRIORITY ? s->priority : 0.0f;
}

/* All voices sound. */
static int victim(const struct mixer *m, const struct mix_command *c)
{
    enum mix_policy policy = m->config.policy;
    uint32_t best = m->oldest;
    float least = worth(policy, &m->sounds[best], c->frame);
    if (policy == MIX_REFUSE)
        return MIX_NONE;
    for (uint32_t v = best; v != MIX_END && least > 0.0f; v = m->sounds[v].younger) {
        float other = worth(policy, &m->sounds[v], c->frame);
        if (other < least) {
            best = v;
            least = other;
        }
    }
    if (policy == MIX_STEAL_LOWEST_PRIORITY && m->sounds[best].priority > c->priority)
        return MIX_NONE;
    return (int)best;
}

/* An idle voice, made idle if need be. MIX_NONE: refused. */
static int take_voice(struct mixer *m, const struct mix_command *c)
{
    bool asked = c->to == MIX_VOICE;
    int voice = asked ? (int)c->target : lowest_idle(m);
    if (voice == MIX_NONE)
        voice = victim(m, c);
    if (voice == MIX_NONE || !m->sounds[voice].sounding)
        return voice;
    enum mix_event_kind kind = asked ? MIX_EVENT_CUT : MIX_EVENT_STEAL;
    struct mix_event e = mix_event(kind, c->frame, voice, (int)m->sounds[voice].source, c);
    mix_sound_end(m, (uint32_t)voice, c->frame);
    mix_emit(m, e);
    return voice;
}

static struct mix_head head_at_start(const struct sample *sample, const struct mix_command *c)
{
    struct mix_head h = {.step = mix_step(c->rate, sample->rate)};
    if (c->loop == MIX_LOOP_ON) {
        h.loop = true;
        h.loop_start = c->loop_start;
        h.loop_end = c->loop_end;
    } else if (c->loop == MIX_LOOP_SAMPLE && sample->has_loop) {
        h.loop = true;
        h.loop_start = sample->loop_start;
        h.loop_end = sample->loop_end;
    }
    uint32_t end = h.loop ? h.loop_end : sample->length;
    h.pos = h.step > 0 ? 0 : (int64_t)(end - 1) << 32;
    return h;
}

static void start_sample(struct mix_sound *s, const struct sample *sample,
                         const struct mix_command *c)
{
    s->head = head_at_start(sample, c);
    uint64_t left = mix_head_left(&s->head, sample->length);
    s->finish = left < MIX_NEVER - c->frame ? c->frame + left : MIX_NEVER;
}

static void start_patch(struct mixer *m, uint32_t voice, const struct mix_command *c,
                        uint64_t serial)
{
    struct mix_sound *s = &m->sounds[voice];
    const struct mix_source *source = &m->config.sources[c->source];
    struct mix_action act = {.kind = MIX_ACTION_START,
                             .offset = (uint32_t)(c->frame - m->frame),
                             .instance = mix_instance_new(m, c->source, voice, c->frame),
                             .serial = serial};
    s->instance = act.instance;
    s->base = c->number;
    if (s->base != s->base && source->pitch >= 0) /* MIX_NO_BASE */
        s->base = rp_param_info(source->program, (unsigned)source->pitch)->def;
    mix_act(m, act);
    if (source->gate < 0)
        return;
    act.kind = MIX_ACTION_SET;
    act.param = (uint32_t)source->gate;
    act.value = 1.0f;
    mix_act(m, act);
}

static bool lets_go(const struct mix_source *source)
{
    return source->sample || source->gate >= 0;
}

static void start(struct mixer *m, uint32_t voice, const struct mix_command *c, uint64_t serial)
{
    const struct mix_source *source = &m->config.sources[c->source];
    struct mix_sound *s = &m->sounds[voice];
    *s = (struct mix_sound){
        .sounding = true,
        .priority = c->priority,
        .file = c->file,
        .line = c->line,
        .source = c->source,
        .fade = c->frames,
        .cut = (uint32_t)(c->frame - m->frame),
        .order = c->order,
        .older = m->youngest,
        .younger = MIX_END,
        .begun = c->frame,
        .finish = MIX_NEVER,
        .fade_end = MIX_NEVER,
        .silence = MIX_NEVER,
        .note_end = c->length && lets_go(source) ? c->frame + c->length : MIX_NEVER,
        .level = {mix_still(c->volume), mix_still(c->pan)},
        .route = {.bus = c->bus},
    };
    *(s->older == MIX_END ? &m->oldest : &m->sounds[s->older].younger) = voice;
    m->youngest = voice;
    m->idle[voice / 64] &= ~(UINT64_C(1) << voice % 64);
    mix_add_order(m, c->order, voice);
    if (source->sample)
        start_sample(s, source->sample, c);
    else
        start_patch(m, voice, c, serial);
    mix_due_add(m, voice);
}

int mix_play(struct mixer *m, const struct mix_command *c)
{
    uint64_t counted = m->sources[c->source].plays++;
    uint64_t serial = c->serial < 0 ? counted : (uint64_t)c->serial;
    int voice = take_voice(m, c);
    if (c->name != MIX_NO_NAME)
        m->names[c->name] = (struct mix_name){c->order, true, voice == MIX_NONE};
    if (voice != MIX_NONE)
        start(m, (uint32_t)voice, c, serial);
    struct mix_event e = mix_event(voice == MIX_NONE ? MIX_EVENT_REFUSE : MIX_EVENT_PLAY, c->frame,
                                   voice, (int)c->source, c);
    e.serial = serial;
    mix_emit(m, e);
    return voice;
}
