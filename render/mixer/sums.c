/* sums.c - what is added up in a place: int32 while it fits, then int64. */
#include "render/mixer/state.h"
#include <stdlib.h>
#include <string.h>

static bool make(struct mix_place *p)
{
    p->left = mix_take(MIX_TICK, sizeof *p->left);
    p->right = mix_take(MIX_TICK, sizeof *p->right);
    p->sum_left = mix_take(MIX_TICK, sizeof *p->sum_left);
    p->sum_right = mix_take(MIX_TICK, sizeof *p->sum_right);
    return p->left && p->right && p->sum_left && p->sum_right;
}

bool mix_places_make(struct mix_worker *w)
{
    size_t count = 1 + w->mixer->config.bus_count;
    w->places = mix_take(count, sizeof *w->places);
    for (size_t i = 0; w->places && i < count; i++)
        if (!make(&w->places[i]))
            return false;
    return w->places != NULL;
}

void mix_places_free(struct mix_worker *w)
{
    for (size_t i = 0; w->places && i < 1 + w->mixer->config.bus_count; i++) {
        free(w->places[i].left);
        free(w->places[i].right);
        free(w->places[i].sum_left);
        free(w->places[i].sum_right);
    }
    free(w->places);
}

void mix_places_clear(struct mix_worker *w)
{
    for (size_t i = 0; i < 1 + w->mixer->config.bus_count; i++) {
        w->places[i].additions = 0;
        w->places[i].summed = w->places[i].heard = false;
    }
}

static void flush(struct mix_place *p, uint32_t frames)
{
    for (uint32_t i = 0; i < frames; i++) {
        p->sum_left[i] = (p->summed ? p->sum_left[i] : 0) + p->left[i];
        p->sum_right[i] = (p->summed ? p->sum_right[i] : 0) + p->right[i];
    }
    p->summed = true;
    p->additions = 0;
}

struct mix_place *mix_place(struct mix_worker *w, int32_t bus, unsigned additions)
{
    struct mix_place *p = &w->places[bus + 1];
    uint32_t frames = w->mixer->frames;
    if (p->additions + additions > MIX_ADDITIONS)
        flush(p, frames);
    if (p->additions == 0) {
        memset(p->left, 0, frames * sizeof *p->left);
        memset(p->right, 0, frames * sizeof *p->right);
    }
    p->additions += additions;
    p->heard = true;
    return p;
}

static void merge(struct mix_place *to, const struct mix_place *from, uint32_t frames)
{
    for (uint32_t i = 0; i < frames; i++) {
        to->sum_left[i] = (to->summed ? to->sum_left[i] : 0) + from->sum_left[i];
        to->sum_right[i] = (to->summed ? to->sum_right[i] : 0) + from->sum_right[i];
    }
    to->summed = to->heard = true;
}

struct mix_place *mix_place_total(struct mixer *m, int32_t bus)
{
    struct mix_place *total = &m->workers[0].places[bus + 1];
    for (unsigned i = 0; i < m->config.threads; i++) {
        struct mix_place *p = &m->workers[i].places[bus + 1];
        if (p->additions > 0)
            flush(p, m->frames);
        if (i > 0 && p->heard)
            merge(total, p, m->frames);
    }
    return total->heard ? total : NULL;
}

const struct mix_place *mix_place_narrow(const struct mixer *m, int32_t bus)
{
    const struct mix_place *first = &m->workers[0].places[bus + 1];
    for (unsigned i = 1; i < m->config.threads; i++)
        if (m->workers[i].places[bus + 1].heard)
            return NULL;
    return first->heard && !first->summed ? first : NULL;
}
