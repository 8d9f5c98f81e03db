#include "diff/ladder.h"
#include "render/tick_hash.h"
#include <stdio.h>
#include <string.h>

struct search {
    struct work *w;
    struct ladder *a, *b;
    char *prefix; /* "voice0.stretch." */
    const char *place;
    struct ladder_stretch *found;
    bool no_memory;
};

/* "ID" of "voice0.stretch.ID", or NULL. */
static const char *id_of(const struct search *s, const char *name)
{
    size_t length = strlen(s->prefix);
    return strncmp(name, s->prefix, length) == 0 ? name + length : NULL;
}

static const char *find(const struct ladder *l, const char *name)
{
    for (size_t i = 0; i < ladder_count(l); i++)
        if (strcmp(ladder_entry(l, i).name, name) == 0)
            return ladder_entry(l, i).hash;
    return NULL;
}

static char *copy(struct search *s, const char *text)
{
    char *made = text ? arena_copy(&s->w->arena, text, strlen(text)) : NULL;
    s->no_memory |= text && !made;
    return made;
}

static void add(struct search *s, struct ladder_list *list, const char *id)
{
    if (list->count < PLACES) {
        list->names[list->count] = arena_format(&s->w->arena, "%s.node.%s", s->place, id);
        s->no_memory |= !list->names[list->count];
    }
    list->count++;
}

static void look(struct search *s)
{
    struct ladder_stretch *f = s->found;
    for (size_t i = 0; i < ladder_count(s->a); i++) {
        struct ladder_entry e = ladder_entry(s->a, i);
        const char *id = id_of(s, e.name), *other = id ? find(s->b, e.name) : NULL;
        if (id && !other)
            add(s, &f->only_a, id);
        if (!other || strcmp(other, e.hash) == 0)
            continue;
        if (f->nodes.count < PLACES) {
            f->hash_a[f->nodes.count] = copy(s, e.hash);
            f->hash_b[f->nodes.count] = copy(s, other);
        }
        add(s, &f->nodes, id);
    }
    for (size_t i = 0; i < ladder_count(s->b); i++) {
        struct ladder_entry e = ladder_entry(s->b, i);
        const char *id = id_of(s, e.name);
        if (id && !find(s->a, e.name))
            add(s, &f->only_b, id);
    }
}

/* Has the line nodes of any place? */
static bool ends_stretch(const struct ladder *l)
{
    for (size_t i = ladder_count(l); i-- > 0;)
        if (strstr(ladder_entry(l, i).name, ".stretch."))
            return true;
    return false;
}

/* Line by line, both at the same tick, to the stretch that `tick` is in. 1: found or over; -1. */
static int walk(struct search *s, uint64_t tick, struct render_error *error)
{
    struct ladder_stretch *f = s->found;
    uint64_t end = tick / LADDER_STRETCH * LADDER_STRETCH + LADDER_STRETCH;
    int a = ladder_next(s->a, error), b = a >= 0 ? ladder_next(s->b, error) : -1;
    while (a == 1 && b == 1) {
        uint64_t at_a = ladder_tick_of(s->a), at_b = ladder_tick_of(s->b);
        if (at_a >= end || at_b >= end)
            break;
        if (at_a == at_b && ends_stretch(s->a) && ends_stretch(s->b)) {
            look(s);
            f->known = true;
            f->first = at_a / LADDER_STRETCH * LADDER_STRETCH;
            f->last = at_a;
            if (f->nodes.count || f->only_a.count || f->only_b.count)
                break;
        }
        if (at_a <= at_b)
            a = ladder_next(s->a, error);
        if (at_b <= at_a && a >= 0)
            b = ladder_next(s->b, error);
        if (work_go_on(error) != RENDER_OK)
            return -1;
    }
    f->known &= f->last >= tick || f->nodes.count || f->only_a.count || f->only_b.count;
    return a < 0 || b < 0 ? -1 : 0;
}

enum render_status ladder_stretch_compare(struct work *w, const char *a, const char *name_a,
                                          const char *b, const char *name_b, const char *place,
                                          uint64_t tick, struct ladder_stretch *f,
                                          struct render_error *error)
{
    struct search s = {.w = w, .place = place, .found = f};
    *f = (struct ladder_stretch){.known = false};
    error->status = RENDER_OK;
    s.prefix = arena_format(&w->arena, "%s.stretch.", place);
    if (!s.prefix)
        return work_no_memory(error);
    s.a = ladder_open(a, name_a, error);
    s.b = s.a ? ladder_open(b, name_b, error) : NULL;
    int failed = s.a && s.b ? walk(&s, tick, error) : -1;
    ladder_close(s.a);
    ladder_close(s.b);
    if (s.no_memory)
        return work_no_memory(error);
    return failed ? error->status : RENDER_OK;
}

/* ---- in the order of the program ---- */

static void exchange(struct ladder_stretch *f, size_t i, size_t k)
{
    char *name = f->nodes.names[i];
    const char *a = f->hash_a[i], *b = f->hash_b[i];
    f->nodes.names[i] = f->nodes.names[k];
    f->hash_a[i] = f->hash_a[k];
    f->hash_b[i] = f->hash_b[k];
    f->nodes.names[k] = name;
    f->hash_a[k] = a;
    f->hash_b[k] = b;
}

enum render_status ladder_stretch_order(struct ladder_stretch *f, const char *path,
                                        const char *name, uint64_t tick, struct render_error *error)
{
    struct ladder *l = ladder_open(path, name, error);
    int got = l ? ladder_next(l, error) : -1;
    while (got == 1 && ladder_tick_of(l) < tick)
        got = ladder_next(l, error);
    size_t done = 0, count = f->nodes.count < PLACES ? f->nodes.count : PLACES;
    for (size_t i = 0; got == 1 && i < ladder_count(l); i++) {
        struct ladder_entry e = ladder_entry(l, i);
        for (size_t k = done; k < count; k++)
            if (strcmp(f->nodes.names[k], e.name) == 0) {
                for (size_t m = k; m > done; m--)
                    exchange(f, m, m - 1);
                done++;
                break;
            }
    }
    ladder_close(l);
    return got < 0 ? error->status : RENDER_OK;
}
