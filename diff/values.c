#include "diff/values.h"
#include "diff/ladder.h"
#include <stdlib.h>
#include <string.h>

enum { OPS = 256, TICK = 800 };

/* ---- a tick of a ladder ---- */

/* Open at the tick, or at its end. NULL: the error is set. */
static struct ladder *open_at(const char *path, const char *name, uint64_t tick,
                              struct render_error *error)
{
    struct ladder *l = ladder_open(path, name, error);
    int got = l ? 1 : -1;
    while (got == 1) {
        got = ladder_next(l, error);
        if (got == 1 && ladder_tick_of(l) >= tick)
            break;
        if (work_go_on(error) != RENDER_OK)
            got = -1;
    }
    if (got >= 0)
        return l;
    ladder_close(l);
    return NULL;
}

static const char *kind_at(const char *name, const char *kind)
{
    size_t length = strlen(kind);
    for (const char *at = name; (at = strstr(at, kind)); at += length)
        if (at == name || at[-1] == '.')
            return at;
    return NULL;
}

/* Entry number `nth` of that name, of sounds that share the tick. */
static const char *find(const struct ladder *l, uint64_t tick, const char *name, size_t nth)
{
    for (size_t i = 0; ladder_tick_of(l) == tick && i < ladder_count(l); i++)
        if (strcmp(ladder_entry(l, i).name, name) == 0 && nth-- == 0)
            return ladder_entry(l, i).hash;
    return NULL;
}

static size_t count_before(const struct ladder *l, size_t index)
{
    size_t count = 0;
    for (size_t i = 0; i < index; i++)
        count += strcmp(ladder_entry(l, i).name, ladder_entry(l, index).name) == 0;
    return count;
}

/* ---- what a node gave ---- */

struct op {
    const char *label; /* "svf_lopass.0", not ended */
    size_t length;
    unsigned rate;
    const char *values; /* runs: "3f800000*4,..." */
};

struct given {
    uint64_t start; /* frame of the tick */
    struct op ops[OPS];
    size_t count;
};

/* "START;OP.OUTPUT/RATE:RUNS;..." False: it is none. */
static bool read_given(const char *text, struct given *g)
{
    char *end;
    g->count = 0;
    g->start = strtoull(text, &end, 10);
    if (end == text || g->start >= TICK)
        return false;
    while (*end == ';' && g->count < OPS) {
        struct op *op = &g->ops[g->count++];
        op->label = end + 1;
        op->length = strcspn(op->label, "/:;");
        if (op->length == 0 || op->label[op->length] != '/')
            return false;
        op->rate = (unsigned)strtoul(op->label + op->length + 1, &end, 10);
        if (*end != ':' || op->rate == 0 || op->rate > 64)
            return false;
        op->values = end + 1;
        end += strcspn(end, ";");
    }
    return g->count > 0 && (*end == '\0' || g->count == OPS);
}

/* The next run: *bits, *count. False: the end. */
static bool next_run(const char **at, uint32_t *bits, uint64_t *count)
{
    char *end;
    *bits = (uint32_t)strtoul(*at, &end, 16);
    if (end == *at)
        return false;
    *count = 1;
    if (*end == '*')
        *count = strtoull(end + 1, &end, 10);
    *at = *end == ',' ? end + 1 : end;
    return *count > 0;
}

/* The first value in which two differ; UINT64_MAX: in none. One that ends is different there. */
static uint64_t first_difference(const struct op *a, const struct op *b)
{
    const char *x = a->values, *y = b->values;
    uint32_t bits_x = 0, bits_y = 0;
    uint64_t left_x = 0, left_y = 0, done = 0;
    for (;;) {
        bool more_x = left_x || next_run(&x, &bits_x, &left_x);
        bool more_y = left_y || next_run(&y, &bits_y, &left_y);
        if (!more_x && !more_y)
            return UINT64_MAX;
        if (!more_x || !more_y || bits_x != bits_y)
            return done;
        uint64_t both = left_x < left_y ? left_x : left_y;
        left_x -= both;
        left_y -= both;
        done += both;
    }
}

static bool value_at(const struct op *op, uint64_t index, double *value)
{
    uint32_t bits;
    uint64_t count;
    float x;
    for (const char *at = op->values; next_run(&at, &bits, &count); index -= count)
        if (index < count) {
            memcpy(&x, &bits, sizeof x);
            *value = (double)x;
            return true;
        }
    return false;
}

static bool same_ops(const struct given *a, const struct given *b)
{
    bool same = a->count == b->count;
    for (size_t i = 0; same && i < a->count; i++)
        same = a->ops[i].length == b->ops[i].length && a->ops[i].rate == b->ops[i].rate &&
               memcmp(a->ops[i].label, b->ops[i].label, a->ops[i].length) == 0;
    return same;
}

struct pair {
    struct given a, b;
    bool other_ops;
    size_t first; /* op from which on they are compared, of a and of b: their last when others */
    size_t first_b;
};

static void match(struct pair *p)
{
    p->other_ops = !same_ops(&p->a, &p->b);
    p->first = p->other_ops ? p->a.count - 1 : 0;
    p->first_b = p->other_ops ? p->b.count - 1 : 0;
}

/* The first frame of the tick, UINT64_MAX: none. */
static uint64_t first_frame(const struct pair *p)
{
    uint64_t first = UINT64_MAX;
    if (p->a.start != p->b.start)
        return p->a.start < p->b.start ? p->a.start : p->b.start;
    for (size_t i = p->first, k = p->first_b; i < p->a.count; i++, k++) {
        uint64_t at =
            p->a.ops[i].rate == p->b.ops[k].rate ? first_difference(&p->a.ops[i], &p->b.ops[k]) : 0;
        if (at != UINT64_MAX && p->a.start + at / p->a.ops[i].rate < first)
            first = p->a.start + at / p->a.ops[i].rate;
    }
    return first;
}

static bool add_value(struct work *w, struct node_values *v, const struct op *op, double a,
                      double b)
{
    if (v->count++ >= VALUES_SHOWN)
        return true;
    char *label = arena_copy(&w->arena, op->label, op->length);
    v->values[v->count - 1] = (struct node_value){label, a, b};
    return label != NULL;
}

/* The values that differ in that frame: of several to a frame, the first that do. */
static bool take_values(struct work *w, struct node_values *v, const struct pair *p, uint64_t frame)
{
    v->count = 0;
    v->other_ops = p->other_ops;
    for (size_t i = p->first, k = p->first_b; i < p->a.count; i++, k++) {
        const struct op *a = &p->a.ops[i], *b = &p->b.ops[k];
        for (unsigned n = 0; n < a->rate && frame >= p->a.start && frame >= p->b.start; n++) {
            double x, y;
            if (!value_at(a, (frame - p->a.start) * a->rate + n, &x) ||
                !value_at(b, (frame - p->b.start) * b->rate + n * b->rate / a->rate, &y))
                break;
            if (memcmp(&x, &y, sizeof x) == 0)
                continue;
            if (!add_value(w, v, a, x, y))
                return false;
            break;
        }
    }
    return true;
}

static bool take_hashes(struct work *w, struct node_values *v, const struct ladder *a,
                        const struct ladder *b, uint64_t tick, const char *values)
{
    const char *kind = kind_at(values, "values.");
    char *name =
        kind ? arena_format(&w->arena, "%.*snode.%s", (int)(kind - values), values, kind + 7)
             : arena_copy(&w->arena, values, strlen(values));
    const char *x = name ? find(a, tick, name, 0) : NULL, *y = name ? find(b, tick, name, 0) : NULL;
    v->node = name;
    v->hash_a = x ? arena_copy(&w->arena, x, strlen(x)) : NULL;
    v->hash_b = y ? arena_copy(&w->arena, y, strlen(y)) : NULL;
    return name != NULL;
}

static bool compare(struct work *w, const struct ladder *a, const struct ladder *b, uint64_t tick,
                    struct pair *p, struct node_values *v)
{
    uint64_t first = UINT64_MAX;
    bool done = true;
    for (size_t i = 0; done && ladder_tick_of(a) == tick && i < ladder_count(a); i++) {
        struct ladder_entry e = ladder_entry(a, i);
        const char *other =
            kind_at(e.name, "values.") ? find(b, tick, e.name, count_before(a, i)) : NULL;
        if (!other || !read_given(e.hash, &p->a) || !read_given(other, &p->b))
            continue;
        match(p);
        uint64_t frame = first_frame(p);
        if (frame >= first)
            continue;
        first = frame;
        v->found = true;
        v->frame = tick * TICK + frame;
        done = take_values(w, v, p, frame) && take_hashes(w, v, a, b, tick, e.name);
    }
    return done;
}

enum render_status values_compare(struct work *w, const char *a, const char *name_a, const char *b,
                                  const char *name_b, uint64_t tick, struct node_values *v,
                                  struct render_error *error)
{
    *v = (struct node_values){.found = false};
    error->status = RENDER_OK;
    struct pair *p = arena_take(&w->arena, 1, sizeof *p);
    struct ladder *x = p ? open_at(a, name_a, tick, error) : NULL;
    struct ladder *y = x ? open_at(b, name_b, tick, error) : NULL;
    if (!p || (x && y && !compare(w, x, y, tick, p, v)))
        work_no_memory(error);
    ladder_close(x);
    ladder_close(y);
    return error->status;
}

/* ---- of one side ---- */

static bool show(struct work *w, const struct ladder *b, uint64_t tick, const char *name,
                 uint64_t frame, struct given *g, struct node_values *v)
{
    const char *given = find(b, tick, name, 0);
    if (!given || !read_given(given, g))
        return true;
    uint64_t at = frame < tick * TICK + g->start ? g->start : frame - tick * TICK;
    v->frame = tick * TICK + at;
    const struct op *last = &g->ops[g->count - 1];
    double value;
    if (!value_at(last, (at - g->start) * last->rate, &value))
        return true;
    v->found_one = true;
    return add_value(w, v, last, value, value);
}

enum render_status values_of_one(struct work *w, const char *a, const char *name_a, const char *b,
                                 const char *name_b, const char *node, uint64_t tick,
                                 uint64_t frame, struct node_values *v, struct render_error *error)
{
    *v = (struct node_values){.found = false};
    error->status = RENDER_OK;
    const char *kind = kind_at(node, "node.");
    char *name =
        kind ? arena_format(&w->arena, "%.*svalues.%s", (int)(kind - node), node, kind + 5) : NULL;
    struct given *g = arena_take(&w->arena, 1, sizeof *g);
    struct ladder *x = name ? open_at(a, name_a, tick, error) : NULL;
    struct ladder *y = x ? open_at(b, name_b, tick, error) : NULL;
    if (!name || !g)
        work_no_memory(error);
    else if (x && y &&
             (!show(w, y, tick, name, frame, g, v) || !take_hashes(w, v, x, y, tick, name)))
        work_no_memory(error);
    ladder_close(x);
    ladder_close(y);
    return error->status;
}
