#include "diff/ladder.h"
#include <stdio.h>
#include <string.h>

enum kind { MIX, OUT, PLACE, NODE, STRETCH, VALUES, KINDS };

static enum kind kind_of(const char *name)
{
    if (strcmp(name, "mix") == 0)
        return MIX;
    if (strcmp(name, "out") == 0)
        return OUT;
    if (strncmp(name, "values.", 7) == 0 || strstr(name, ".values."))
        return VALUES;
    if (strstr(name, ".stretch."))
        return STRETCH;
    return strncmp(name, "node.", 5) == 0 || strstr(name, ".node.") ? NODE : PLACE;
}

/* What a ladder has at all: of the other's, only that is compared. */
struct scan {
    bool has[KINDS];
    uint64_t ticks, first;
};

static enum render_status scan(const char *path, const char *name, struct scan *s,
                               struct render_error *error)
{
    struct ladder *l = ladder_open(path, name, error);
    int got = l ? 1 : -1;
    *s = (struct scan){.ticks = 0};
    while (got == 1 && (got = ladder_next(l, error)) == 1) {
        for (size_t i = 0; i < ladder_count(l); i++)
            s->has[kind_of(ladder_entry(l, i).name)] = true;
        if (s->ticks++ == 0)
            s->first = ladder_tick_of(l);
        if (work_go_on(error) != RENDER_OK)
            got = -1;
    }
    ladder_close(l);
    return got < 0 ? error->status : RENDER_OK;
}

struct walk {
    struct work *w;
    struct ladder *a, *b;
    const bool *compared;
    struct ladder_place *place;
    bool no_memory;
};

static void add(struct walk *k, struct ladder_list *list, const char *name)
{
    for (size_t i = 0; i < list->count && i < PLACES; i++)
        if (strcmp(list->names[i], name) == 0)
            return;
    if (list->count < PLACES) {
        list->names[list->count] = arena_copy(&k->w->arena, name, strlen(name));
        k->no_memory |= !list->names[list->count];
    }
    list->count++;
}

/* The entry of that name; it stands at or soon after the place of the last one. */
static const char *find(const struct ladder *l, const char *name, size_t *at)
{
    size_t count = ladder_count(l);
    for (size_t i = 0; i < count; i++) {
        struct ladder_entry e = ladder_entry(l, (*at + i) % count);
        if (strcmp(e.name, name) == 0) {
            *at = (*at + i + 1) % count;
            return e.hash;
        }
    }
    return NULL;
}

/* What differs in this tick. */
struct tick {
    bool any, mix, out, node;
    struct ladder_list places, nodes, stretches, only_a, only_b;
};

static void differs(struct walk *k, struct tick *t, enum kind kind, const char *name)
{
    t->any = true;
    t->mix |= kind == MIX;
    t->out |= kind == OUT;
    if (kind == PLACE)
        add(k, &t->places, name);
    if (kind == NODE)
        add(k, &t->nodes, name);
    if (kind == STRETCH)
        add(k, &t->stretches, name);
}

static void look(struct walk *k, struct tick *t)
{
    size_t at = 0;
    for (size_t i = 0; i < ladder_count(k->a); i++) {
        struct ladder_entry e = ladder_entry(k->a, i);
        enum kind kind = kind_of(e.name);
        if (!k->compared[kind])
            continue;
        const char *other = find(k->b, e.name, &at);
        if (!other && kind == NODE)
            add(k, &t->only_a, e.name);
        else if (!other || strcmp(other, e.hash) != 0)
            differs(k, t, kind, e.name);
    }
    at = 0;
    for (size_t i = 0; i < ladder_count(k->b); i++) {
        struct ladder_entry e = ladder_entry(k->b, i);
        enum kind kind = kind_of(e.name);
        if (!k->compared[kind] || find(k->a, e.name, &at))
            continue;
        if (kind == NODE)
            add(k, &t->only_b, e.name);
        else
            differs(k, t, kind, e.name);
    }
    t->any |= t->only_a.count || t->only_b.count;
}

static bool same_line(const struct ladder *a, const struct ladder *b)
{
    if (ladder_count(a) != ladder_count(b))
        return false;
    for (size_t i = 0; i < ladder_count(a); i++) {
        struct ladder_entry x = ladder_entry(a, i), y = ladder_entry(b, i);
        if (strcmp(x.name, y.name) != 0 || strcmp(x.hash, y.hash) != 0)
            return false;
    }
    return true;
}

/* A voice that only one of them hears has all its nodes there: that is no other program. */
static void take_nodes(struct ladder_place *p, const struct tick *t, uint64_t tick)
{
    if (p->nodes.count == 0 && t->nodes.count > 0) {
        p->nodes = t->nodes;
        p->node_tick = tick;
    }
    if (p->only_a.count == 0 && p->only_b.count == 0) {
        p->only_a = t->only_a;
        p->only_b = t->only_b;
    }
}

/* "voice3" of "voice3.stretch.ID" */
static void take_within(struct walk *k, const char *name)
{
    const char *end = name ? strstr(name, ".stretch.") : NULL;
    k->place->within = end ? arena_copy(&k->w->arena, name, (size_t)(end - name)) : NULL;
    k->no_memory |= !k->place->within;
}

static void take_tick(struct walk *k)
{
    struct ladder_place *p = k->place;
    struct tick t = {.any = false};
    if (same_line(k->a, k->b))
        return;
    look(k, &t);
    if (!t.any)
        return;
    if (!p->differs) {
        p->differs = true;
        p->tick = ladder_tick_of(k->a);
        p->mix = t.mix;
        p->out = t.out;
        p->places = t.places;
        if (!t.mix && !t.out && t.places.count == 0 && t.stretches.count > 0)
            take_within(k, t.stretches.names[0]);
    }
    p->ticks++;
    take_nodes(p, &t, ladder_tick_of(k->a));
}

/* Both at their first tick that the other has as well, and so on to the end of one. */
static int walk(struct walk *k, struct render_error *error)
{
    int a = ladder_next(k->a, error), b = a >= 0 ? ladder_next(k->b, error) : -1;
    while (a == 1 && b == 1) {
        uint64_t at_a = ladder_tick_of(k->a), at_b = ladder_tick_of(k->b);
        if (at_a == at_b)
            take_tick(k);
        if (at_a <= at_b)
            a = ladder_next(k->a, error);
        if (at_b <= at_a && a >= 0)
            b = ladder_next(k->b, error);
        if (work_go_on(error) != RENDER_OK)
            return -1;
    }
    return a < 0 || b < 0 ? -1 : 0;
}

static void compare_lengths(struct ladder_place *p, const struct scan *a, const struct scan *b)
{
    uint64_t end_a = a->first + a->ticks, end_b = b->first + b->ticks;
    p->ticks_a = end_a;
    p->ticks_b = end_b;
    p->length = end_a != end_b;
    if (p->length && !p->differs) {
        p->differs = true;
        p->tick = end_a < end_b ? end_a : end_b;
    }
}

enum render_status ladder_compare(struct work *w, const char *a, const char *name_a, const char *b,
                                  const char *name_b, struct ladder_place *p,
                                  struct render_error *error)
{
    struct scan of_a, of_b;
    bool compared[KINDS];
    *p = (struct ladder_place){.differs = false};
    if (scan(a, name_a, &of_a, error) != RENDER_OK || scan(b, name_b, &of_b, error) != RENDER_OK)
        return error->status;
    for (int i = 0; i < KINDS; i++)
        compared[i] = i != VALUES && of_a.has[i] && of_b.has[i];
    p->has_nodes = compared[NODE];
    struct walk k = {w, ladder_open(a, name_a, error), NULL, compared, p, false};
    k.b = k.a ? ladder_open(b, name_b, error) : NULL;
    int failed = k.a && k.b ? walk(&k, error) : -1;
    ladder_close(k.a);
    ladder_close(k.b);
    if (k.no_memory)
        return work_no_memory(error);
    if (failed)
        return error->status;
    compare_lengths(p, &of_a, &of_b);
    return RENDER_OK;
}
