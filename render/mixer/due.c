/* due.c - what happens by itself in a tick: a heap of it, the next on top. What a command makes
 * untrue stays in the heap and is dropped when it comes up. */
#include "render/mixer/state.h"

enum { PHASE_END = 1, PHASE_RELEASE = 2 };

static bool before(const struct mix_due *a, const struct mix_due *b)
{
    if (a->frame != b->frame)
        return a->frame < b->frame;
    return a->phase != b->phase ? a->phase < b->phase : a->voice < b->voice;
}

static void swap(struct mix_due *a, struct mix_due *b)
{
    struct mix_due t = *a;
    *a = *b;
    *b = t;
}

static void push(struct mixer *m, struct mix_due due)
{
    if (due.frame >= m->frame + m->frames || !MIX_ROOM(m, due, due_count, due_room))
        return;
    size_t i = m->due_count++;
    m->due[i] = due;
    for (; i > 0 && before(&m->due[i], &m->due[(i - 1) / 2]); i = (i - 1) / 2)
        swap(&m->due[i], &m->due[(i - 1) / 2]);
}

static struct mix_due pop(struct mixer *m)
{
    struct mix_due top = m->due[0];
    size_t n = --m->due_count;
    m->due[0] = m->due[n];
    for (size_t i = 0;;) {
        size_t least = i;
        for (size_t child = 2 * i + 1; child <= 2 * i + 2 && child < n; child++)
            if (before(&m->due[child], &m->due[least]))
                least = child;
        if (least == i)
            return top;
        swap(&m->due[i], &m->due[least]);
        i = least;
    }
}

void mix_due_add(struct mixer *m, uint32_t voice)
{
    const struct mix_sound *s = &m->sounds[voice];
    push(m, (struct mix_due){mix_sound_end_frame(s), s->order, PHASE_END, voice});
    push(m, (struct mix_due){s->note_end, s->order, PHASE_RELEASE, voice});
}

void mix_due_gather(struct mixer *m)
{
    m->due_count = 0;
    for (uint32_t v = 0; (v = mix_next_sounding(m, v)) < m->config.voices; v++)
        mix_due_add(m, v);
}

static bool still_true(const struct mixer *m, const struct mix_due *due)
{
    const struct mix_sound *s = &m->sounds[due->voice];
    if (!s->sounding || s->order != due->order)
        return false;
    if (due->phase == PHASE_END)
        return mix_sound_end_frame(s) == due->frame;
    return !s->released && s->note_end == due->frame;
}

bool mix_due_next(struct mixer *m, uint64_t frame, struct mix_due *due)
{
    while (m->due_count > 0 && m->due[0].frame < frame) {
        *due = pop(m);
        if (still_true(m, due))
            return true;
    }
    return false;
}

static const char *why(const struct mix_sound *s, uint64_t frame)
{
    if (s->finish == frame)
        return "finished";
    return s->fade_end == frame ? "faded" : "silent";
}

void mix_due_act(struct mixer *m, const struct mix_due *due)
{
    const struct mix_sound *s = &m->sounds[due->voice];
    if (due->phase == PHASE_RELEASE) {
        m->commands++;
        mix_sound_release(m, due->voice, due->frame, NULL);
        return;
    }
    struct mix_event e =
        mix_event(MIX_EVENT_END, due->frame, (int)due->voice, (int)s->source, NULL);
    e.reason = why(s, due->frame);
    mix_sound_end(m, due->voice, due->frame);
    mix_emit(m, e);
}
