/* order.c - the order of computation. */
#include "compiler/graph.h"
#include <string.h>

/* Edges source -> user, grouped by source: those of node n are users[start[n] .. start[n + 1]). */
struct edges {
    size_t *start;
    unsigned *users;
    unsigned *waits; /* of each node: edges into it not yet honoured */
};

/* A cycle may pass here: what enters a delay line is not needed in the same frame. */
static int breaks_cycles(const struct node *node, unsigned input)
{
    return node->module->id == VM_MOD_DELAY_FEEDBACK &&
           (input == VM_IN_DELAY_FEEDBACK_in || input == VM_IN_DELAY_FEEDBACK_feedback);
}

/* The next source that node waits for, from *input and *term on; NULL at the end. */
static const struct term *next_source(const struct node *node, unsigned *input, unsigned *term)
{
    for (; *input < node->module->inputs; ++*input, *term = 0) {
        const struct input *in = &node->in[*input];
        while (!breaks_cycles(node, *input) && *term < in->count) {
            const struct term *t = &in->terms[(*term)++];
            if (t->kind == TERM_NODE)
                return t;
        }
    }
    return NULL;
}

static int gather(struct arena *arena, const struct graph *g, struct edges *e)
{
    size_t count = g->node_count;
    e->start = arena_take(arena, count + 2, sizeof *e->start);
    e->waits = arena_take(arena, count, sizeof *e->waits);
    if (!e->start || !e->waits)
        return -1;
    for (size_t n = 0; n < count; n++) {
        unsigned input = 0, term = 0;
        for (const struct term *t; (t = next_source(&g->nodes[n], &input, &term));)
            e->start[t->node + 2]++, e->waits[n]++;
    }
    for (size_t n = 2; n < count + 2; n++)
        e->start[n] += e->start[n - 1];
    e->users = arena_take(arena, e->start[count + 1], sizeof *e->users);
    if (!e->users)
        return -1;
    /* start[n + 1] moves from the begin of n's run to its end, which is where n + 1 begins. */
    for (size_t n = 0; n < count; n++) {
        unsigned input = 0, term = 0;
        for (const struct term *t; (t = next_source(&g->nodes[n], &input, &term));)
            e->users[e->start[t->node + 1]++] = (unsigned)n;
    }
    return 0;
}

/* Nodes that wait for nothing: a heap with the smallest number on top. */
struct heap {
    unsigned *items;
    size_t count;
};

static void heap_push(struct heap *h, unsigned item)
{
    size_t at = h->count++;
    for (; at > 0 && h->items[(at - 1) / 2] > item; at = (at - 1) / 2)
        h->items[at] = h->items[(at - 1) / 2];
    h->items[at] = item;
}

static unsigned heap_pop(struct heap *h)
{
    unsigned top = h->items[0], last = h->items[--h->count];
    size_t at = 0;
    for (size_t child = 1; child < h->count; child = 2 * at + 1) {
        if (child + 1 < h->count && h->items[child + 1] < h->items[child])
            child++;
        if (h->items[child] >= last)
            break;
        h->items[at] = h->items[child];
        at = child;
    }
    h->items[at] = last;
    return top;
}

/* A source of `node` that waits itself. There is one for every node that waits. */
static const struct term *waiting_source(const struct graph *g, const unsigned *waits,
                                         unsigned node)
{
    unsigned input = 0, term = 0;
    const struct term *t = next_source(&g->nodes[node], &input, &term);
    while (t && !waits[t->node])
        t = next_source(&g->nodes[node], &input, &term);
    return t;
}

/* From any node that waits, going from source to source must come round. */
static unsigned find_cycle(struct arena *arena, const struct graph *g, const unsigned *waits)
{
    char *seen = arena_take(arena, g->node_count, 1);
    unsigned node = 0;
    while (!waits[node])
        node++;
    while (seen && !seen[node]) {
        seen[node] = 1;
        node = waiting_source(g, waits, node)->node;
    }
    return node;
}

/* Returns a node of the cycle. */
static unsigned report_cycle(struct arena *arena, struct diags *diags, const struct graph *g,
                             const unsigned *waits)
{
    enum { SHOWN = 8 };
    unsigned first = find_cycle(arena, g, waits), node = first, length = 0;
    const char *path = g->nodes[first].id;
    struct diag *d = diag_error(diags, E_CYCLE, g->nodes[first].place,
                                "'%s' depends on itself within one frame", g->nodes[first].id);
    do {
        const struct term *t = waiting_source(g, waits, node);
        if (length++ < SHOWN) {
            diag_note(diags, d, t->place, "'%s' takes '%s'", g->nodes[node].id,
                      g->nodes[t->node].id);
            path = path ? arena_format(arena, "%s -> %s", g->nodes[t->node].id, path) : NULL;
        }
        node = t->node;
    } while (node != first);
    if (length > SHOWN)
        path = path ? arena_format(arena, "... -> %s", path) : NULL;
    diag_label(diags, d, "%s", path ? path : "");
    diag_help(diags, d, "send the loop through the in or feedback of a delay.feedback");
    return first;
}

/* Takes nodes that wait for nothing until there are none. Returns how many. */
static size_t take_ready(struct edges *e, struct heap *ready, unsigned *order)
{
    size_t taken = 0;
    while (ready->count > 0) {
        unsigned node = heap_pop(ready);
        order[taken++] = node;
        for (size_t i = e->start[node]; i < e->start[node + 1]; i++)
            if (e->waits[e->users[i]] && --e->waits[e->users[i]] == 0)
                heap_push(ready, e->users[i]);
    }
    return taken;
}

unsigned *graph_order(struct arena *arena, struct diags *diags, const struct graph *g)
{
    struct edges e;
    struct heap ready = {arena_take(arena, g->node_count, sizeof *ready.items), 0};
    unsigned *order = arena_take(arena, g->node_count, sizeof *order);
    size_t done = 0;
    if (!ready.items || !order || gather(arena, g, &e))
        return NULL;
    for (unsigned n = 0; n < g->node_count; n++)
        if (!e.waits[n])
            heap_push(&ready, n);
    done = take_ready(&e, &ready, order);
    if (done == g->node_count)
        return order;
    /* Each cycle is broken where it was found, to find the next. */
    while (done < g->node_count && diags->count < DIAG_LIMIT && !arena->failed) {
        unsigned node = report_cycle(arena, diags, g, e.waits);
        e.waits[node] = 0;
        heap_push(&ready, node);
        done += take_ready(&e, &ready, order + done);
    }
    return NULL;
}
