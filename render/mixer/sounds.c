/* sounds.c - what sounds in the voices, from its start to its end, and how it is found. */
#include "render/mixer/state.h"

void mix_emit(struct mixer *m, struct mix_event e)
{
    if (m->config.event)
        m->config.event(m->config.context, &e);
}

struct mix_event mix_event(enum mix_event_kind kind, uint64_t frame, int voice, int source,
                           const struct mix_command *command)
{
    return (struct mix_event){.kind = kind,
                              .frame = frame,
                              .voice = voice,
                              .bus = MIX_NONE,
                              .source = source,
                              .command = command};
}

/* ---- order of a play -> voice: open addressing, at most half full ---- */

static size_t home(const struct mixer *m, uint64_t order)
{
    return (size_t)((order * UINT64_C(0x9e3779b97f4a7c15)) >> 32) & m->slot_mask;
}

static size_t slot_of(const struct mixer *m, uint64_t order)
{
    size_t i = home(m, order);
    while (m->slots[i].taken && m->slots[i].order != order)
        i = (i + 1) & m->slot_mask;
    return i;
}

int mix_find_order(const struct mixer *m, uint64_t order)
{
    const struct mix_slot *slot = &m->slots[slot_of(m, order)];
    return slot->taken ? (int)slot->voice : MIX_NONE;
}

void mix_add_order(struct mixer *m, uint64_t order, uint32_t voice)
{
    m->slots[slot_of(m, order)] = (struct mix_slot){order, voice, true};
}

/* Those after it that would no longer be found move up. */
void mix_remove_order(struct mixer *m, uint64_t order)
{
    size_t hole = slot_of(m, order);
    for (size_t i = (hole + 1) & m->slot_mask; m->slots[i].taken; i = (i + 1) & m->slot_mask) {
        size_t from_home = (i - home(m, m->slots[i].order)) & m->slot_mask;
        if (from_home < ((i - hole) & m->slot_mask))
            continue;
        m->slots[hole] = m->slots[i];
        hole = i;
    }
    m->slots[hole].taken = false;
}

/* ---- spans ---- */

static bool is_sample(const struct mixer *m, const struct mix_sound *s)
{
    return m->config.sources[s->source].sample != NULL;
}

uint64_t mix_sound_end_frame(const struct mix_sound *s)
{
    uint64_t end = s->finish < s->fade_end ? s->finish : s->fade_end;
    return end < s->silence ? end : s->silence;
}

static void add_span(struct mixer *m, uint32_t voice, uint32_t end)
{
    struct mix_sound *s = &m->sounds[voice];
    if (!MIX_ROOM(m, spans, span_count, span_room) ||
        !MIX_ROOM(m, direct, direct_count, direct_room))
        return;
    if (is_sample(m, s))
        m->direct[m->direct_count++] = (uint32_t)m->span_count;
    m->spans[m->span_count++] = (struct mix_span){
        s->cut, end, voice, s->source, s->instance, MIX_END, s->level, s->route, s->head};
}

void mix_sound_cut(struct mixer *m, uint32_t voice, uint64_t frame)
{
    struct mix_sound *s = &m->sounds[voice];
    uint32_t end = (uint32_t)(frame - m->frame), length = end - s->cut;
    if (length == 0)
        return;
    add_span(m, voice, end);
    s->heard = true;
    s->interpolates |= is_sample(m, s) && mix_head_fraction(&s->head, length);
    mix_head_advance(&s->head, length);
    s->cut = end;
}

static void account(struct mixer *m, uint32_t voice)
{
    const struct mix_sound *s = &m->sounds[voice];
    if (!s->heard)
        return;
    m->heard[voice] = true;
    m->voice_cost[voice] += 24 + m->sources[s->source].cost + (s->interpolates ? 16 : 0);
}

static void leave_ages(struct mixer *m, const struct mix_sound *s)
{
    *(s->older == MIX_END ? &m->oldest : &m->sounds[s->older].younger) = s->younger;
    *(s->younger == MIX_END ? &m->youngest : &m->sounds[s->younger].older) = s->older;
}

void mix_sound_end(struct mixer *m, uint32_t voice, uint64_t frame)
{
    struct mix_sound *s = &m->sounds[voice];
    mix_sound_cut(m, voice, frame);
    account(m, voice);
    if (!is_sample(m, s))
        mix_instance_end(m, s->instance, frame);
    mix_remove_order(m, s->order);
    s->sounding = false;
    leave_ages(m, s);
    m->idle[voice / 64] |= UINT64_C(1) << voice % 64;
}

/* ---- what commands and ends of notes do ---- */

bool mix_sound_stop(struct mixer *m, uint32_t voice, uint64_t frame, uint32_t fade,
                    const struct mix_command *command)
{
    struct mix_sound *s = &m->sounds[voice];
    struct mix_event e = mix_event(MIX_EVENT_END, frame, (int)voice, (int)s->source, command);
    if (fade == 0) {
        mix_sound_end(m, voice, frame);
        e.reason = "stopped";
        mix_emit(m, e);
        return true;
    }
    if (frame + fade > s->fade_end)
        return false;
    mix_sound_cut(m, voice, frame);
    mix_ramp_to(&s->level.volume, frame, 0.0f, fade);
    s->fade_end = frame + fade;
    mix_due_add(m, voice);
    return true;
}

void mix_sound_release(struct mixer *m, uint32_t voice, uint64_t frame,
                       const struct mix_command *command)
{
    struct mix_sound *s = &m->sounds[voice];
    const struct mix_source *source = &m->config.sources[s->source];
    struct mix_event e = mix_event(MIX_EVENT_RELEASE, frame, (int)voice, (int)s->source, command);
    if (s->released)
        e.reason = "released";
    else if (!source->sample && source->gate < 0)
        e.reason = "no gate";
    if (e.reason)
        e.kind = MIX_EVENT_IGNORE;
    mix_emit(m, e);
    s->note_end = MIX_NEVER;
    if (e.reason)
        return;
    s->released = true;
    s->released_at = frame;
    if (source->sample)
        mix_sound_stop(m, voice, frame, s->fade, command);
    else
        mix_act(m, (struct mix_action){.kind = MIX_ACTION_SET,
                                       .offset = (uint32_t)(frame - m->frame),
                                       .instance = s->instance,
                                       .param = (uint32_t)source->gate});
}

void mix_sound_pitch(struct mixer *m, uint32_t voice, uint64_t frame, int64_t rate)
{
    struct mix_sound *s = &m->sounds[voice];
    const struct mix_source *source = &m->config.sources[s->source];
    if (!source->sample) {
        float r = (float)rate * (1.0f / 4294967296.0f);
        mix_act(m, (struct mix_action){.kind = MIX_ACTION_SET,
                                       .offset = (uint32_t)(frame - m->frame),
                                       .instance = s->instance,
                                       .param = (uint32_t)source->pitch,
                                       .value = s->base * r});
        return;
    }
    mix_sound_cut(m, voice, frame);
    s->head.step = mix_step(rate, source->sample->rate);
    uint64_t left = mix_head_left(&s->head, source->sample->length);
    s->finish = left < MIX_NEVER - frame ? frame + left : MIX_NEVER;
    mix_due_add(m, voice);
}

/* ---- the end of a tick ---- */

uint32_t mix_next_sounding(const struct mixer *m, uint32_t voice)
{
    uint32_t voices = m->config.voices;
    while (voice < voices) {
        uint64_t busy = ~m->idle[voice / 64] >> voice % 64;
        if (busy) {
            voice += (uint32_t)__builtin_ctzll(busy);
            break;
        }
        voice = voice / 64 * 64 + 64;
    }
    return voice < voices ? voice : voices;
}

void mix_sounds_close(struct mixer *m)
{
    for (uint32_t v = 0; (v = mix_next_sounding(m, v)) < m->config.voices; v++) {
        mix_sound_cut(m, v, m->frame + m->frames);
        account(m, v);
    }
}

static void settle_patch(struct mixer *m, struct mix_sound *s)
{
    const struct mix_source *source = &m->config.sources[s->source];
    const struct mix_instance *instance = &m->instances[s->instance];
    if (!instance->watched || instance->loud) {
        s->quiet = 0;
        return;
    }
    if (++s->quiet >= source->tail)
        s->silence = m->frame + m->frames;
}

void mix_sounds_settle(struct mixer *m)
{
    for (uint32_t v = 0; (v = mix_next_sounding(m, v)) < m->config.voices; v++) {
        struct mix_sound *s = &m->sounds[v];
        if (!is_sample(m, s))
            settle_patch(m, s);
        s->cut = 0;
        s->heard = s->interpolates = false;
    }
}
