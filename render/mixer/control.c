/* control.c - docs/mixer.md, 4: the tick's commands and what falls due between them, in order. */
#include "render/mixer/state.h"

static void ignore(struct mixer *m, const struct mix_command *c, int voice, const char *reason)
{
    struct mix_event e = mix_event(MIX_EVENT_IGNORE, c->frame, voice,
                                   voice < 0 ? MIX_NONE : (int)m->sounds[voice].source, c);
    e.bus = c->to == MIX_BUS ? (int)c->target : MIX_NONE;
    e.reason = reason;
    if (!c->part)
        mix_emit(m, e);
}

static void applied(struct mixer *m, const struct mix_command *c, int voice)
{
    struct mix_event e = mix_event(MIX_EVENT_COMMAND, c->frame, voice,
                                   voice < 0 ? MIX_NONE : (int)m->sounds[voice].source, c);
    e.bus = c->to == MIX_BUS ? (int)c->target : MIX_NONE;
    if (!c->part)
        mix_emit(m, e);
}

/* The voice a command is for; else MIX_NONE and why. */
static int find(const struct mixer *m, const struct mix_command *c, const char **reason)
{
    int voice;
    if (c->to == MIX_VOICE) {
        *reason = "idle";
        return c->target < m->config.voices && m->sounds[c->target].sounding ? (int)c->target
                                                                             : MIX_NONE;
    }
    *reason = "ended";
    if (c->to != MIX_NAMED)
        return mix_find_order(m, c->target);
    const struct mix_name *name = &m->names[c->target];
    voice = name->played ? mix_find_order(m, name->order) : MIX_NONE;
    if (!name->played)
        *reason = "not played";
    else if (name->refused)
        *reason = "refused";
    return voice;
}

static void on_bus(struct mixer *m, const struct mix_command *c)
{
    uint32_t bus = (uint32_t)c->target;
    struct mix_level *level = &m->buses[bus].level;
    if (c->verb == MIX_SET) {
        int param = mix_param_of(&m->buses[bus].params, c->param);
        if (param < 0) {
            ignore(m, c, MIX_NONE, "no parameter");
            return;
        }
        mix_act_on_bus(m, bus,
                       (struct mix_action){.kind = MIX_ACTION_SET,
                                           .offset = (uint32_t)(c->frame - m->frame),
                                           .param = (uint32_t)param,
                                           .value = c->number,
                                           .frames = c->frames});
    } else if (c->verb == MIX_SET_VOLUME || c->verb == MIX_SET_PAN) {
        mix_bus_cut(m, bus, c->frame);
        mix_ramp_to(c->verb == MIX_SET_PAN ? &level->pan : &level->volume, c->frame, c->value,
                    c->frames);
    } else {
        ignore(m, c, MIX_NONE, "not a voice");
        return;
    }
    applied(m, c, MIX_NONE);
}

static void set_level(struct mixer *m, const struct mix_command *c, int voice)
{
    struct mix_level *level = &m->sounds[voice].level;
    mix_sound_cut(m, (uint32_t)voice, c->frame);
    mix_ramp_to(c->verb == MIX_SET_PAN ? &level->pan : &level->volume, c->frame, c->value,
                c->frames);
    applied(m, c, voice);
}

static void set_pitch(struct mixer *m, const struct mix_command *c, int voice)
{
    const struct mix_source *source = &m->config.sources[m->sounds[voice].source];
    if (!source->sample && source->pitch < 0) {
        ignore(m, c, voice, "no pitch");
        return;
    }
    mix_sound_pitch(m, (uint32_t)voice, c->frame, c->rate);
    applied(m, c, voice);
}

static void set_param(struct mixer *m, const struct mix_command *c, int voice)
{
    const struct mix_sound *s = &m->sounds[voice];
    int param = mix_param_of(&m->sources[s->source].params, c->param);
    if (param < 0) {
        ignore(m, c, voice, "no parameter");
        return;
    }
    mix_act(m, (struct mix_action){.kind = MIX_ACTION_SET,
                                   .offset = (uint32_t)(c->frame - m->frame),
                                   .instance = s->instance,
                                   .param = (uint32_t)param,
                                   .value = c->number,
                                   .frames = c->frames});
    applied(m, c, voice);
}

/* False: no place is left. */
static bool set_send(struct mix_route *r, uint16_t bus, uint8_t amount)
{
    unsigned i = 0;
    while (i < r->send_count && r->sends[i].bus != bus)
        i++;
    if (i == MIX_SENDS)
        return false;
    r->sends[i] = (struct mix_send){bus, amount};
    if (i == r->send_count)
        r->send_count++;
    return true;
}

static void send(struct mixer *m, const struct mix_command *c, int voice)
{
    mix_sound_cut(m, (uint32_t)voice, c->frame);
    if (set_send(&m->sounds[voice].route, c->send_bus, c->value))
        applied(m, c, voice);
    else
        ignore(m, c, voice, "too many sends");
}

static void answer(struct mixer *m, const struct mix_command *c, int voice)
{
    struct mix_event e = mix_event(MIX_EVENT_ANSWER, c->frame, voice,
                                   voice < 0 ? MIX_NONE : (int)m->sounds[voice].source, c);
    e.playing = voice >= 0;
    mix_emit(m, e);
}

static void on_voice(struct mixer *m, const struct mix_command *c, int voice)
{
    switch ((enum mix_verb)c->verb) {
    case MIX_STOP:
        if (!mix_sound_stop(m, (uint32_t)voice, c->frame, c->frames, c))
            ignore(m, c, voice, "fading");
        else if (c->frames > 0)
            applied(m, c, voice);
        break;
    case MIX_RELEASE:
        mix_sound_release(m, (uint32_t)voice, c->frame, c);
        break;
    case MIX_SET_VOLUME:
    case MIX_SET_PAN:
        set_level(m, c, voice);
        break;
    case MIX_SET_PITCH:
        set_pitch(m, c, voice);
        break;
    case MIX_SET:
        set_param(m, c, voice);
        break;
    case MIX_SEND:
        send(m, c, voice);
        break;
    case MIX_IS_PLAYING:
    case MIX_PLAY:
    case MIX_VERBS:
        break;
    }
}

static void act(struct mixer *m, const struct mix_command *c)
{
    const char *reason;
    if (c->to == MIX_BUS) {
        on_bus(m, c);
        return;
    }
    int voice = find(m, c, &reason);
    if (c->verb == MIX_IS_PLAYING)
        answer(m, c, voice);
    else if (voice < 0)
        ignore(m, c, MIX_NONE, reason);
    else
        on_voice(m, c, voice);
}

/* A play with its parts, of which the pitch is the last. Returns the commands used up. */
static size_t play(struct mixer *m, const struct mix_command *c, size_t count)
{
    size_t used = 1;
    int voice = mix_play(m, c);
    for (; used < count && c[used].part && c[used].frame == c->frame; used++)
        act(m, &c[used]);
    if (voice == MIX_NONE || c->rate == MIX_RATE_ONE)
        return used;
    const struct mix_source *source = &m->config.sources[c->source];
    if (!source->sample && source->pitch >= 0)
        mix_sound_pitch(m, (uint32_t)voice, c->frame, c->rate);
    return used;
}

void mix_control(struct mixer *m, const struct mix_command *c, size_t count)
{
    struct mix_due due;
    uint64_t end = m->frame + m->frames;
    mix_due_gather(m);
    for (size_t i = 0; !m->no_memory;) {
        uint64_t frame = i < count ? c[i].frame + 1 : end;
        if (mix_due_next(m, frame, &due)) {
            mix_due_act(m, &due);
        } else if (i == count) {
            break;
        } else {
            m->commands += !c[i].part;
            if (c[i].verb == MIX_PLAY)
                i += play(m, &c[i], count - i);
            else
                act(m, &c[i++]);
        }
    }
    mix_sounds_close(m);
}
