/* build_stereo.c - outputs of kind ANY: stereo where an input of kind ANY or STEREO is given it. */
#include "compiler/build.h"

enum { UNKNOWN, OPEN, MONO, STEREO };

/* A node being looked at, and its next term. */
struct look {
    unsigned node, input, term;
};

struct finder {
    const struct graph *graph;
    struct look *stack;
    size_t depth;
    char *state; /* by node */
};

static int passes_stereo(enum vm_kind kind)
{
    return kind == VM_ANY || kind == VM_STEREO;
}

static enum vm_kind term_kind(const struct graph *g, const struct term *t)
{
    return t->kind == TERM_NODE ? g->nodes[t->node].module->out[t->port].kind : VM_SIGNAL;
}

/* The next term at an input that passes stereo on; NULL at the end. */
static const struct term *next_term(const struct node *n, struct look *at)
{
    for (; at->input < n->module->inputs; at->input++, at->term = 0)
        if (passes_stereo(n->module->in[at->input].kind) && at->term < n->in[at->input].count)
            return &n->in[at->input].terms[at->term++];
    return NULL;
}

static void open_node(struct finder *f, unsigned node)
{
    f->state[node] = OPEN;
    f->stack[f->depth++] = (struct look){node, 0, 0};
}

/* One term of the node on top; with none left it is mono. */
static void look_on(struct finder *f)
{
    struct look *top = &f->stack[f->depth - 1];
    const struct term *t = next_term(&f->graph->nodes[top->node], top);
    enum vm_kind kind = t ? term_kind(f->graph, t) : VM_SIGNAL;
    if (!t || kind == VM_STEREO || (kind == VM_ANY && f->state[t->node] == STEREO)) {
        f->state[top->node] = t ? STEREO : MONO;
        f->depth--;
    } else if (kind == VM_ANY && f->state[t->node] == UNKNOWN) {
        top->term--; /* it is asked again when the node is known */
        open_node(f, t->node);
    }
}

static void refuse_stereo(struct builder *b, const struct graph *g, const struct node *n,
                          unsigned input, const struct term *t)
{
    const struct vm_in *in = &n->module->in[input];
    struct diag *d = diag_error(b->diags, E_KIND, t->place, "input '%s' of '%s' wants a %s",
                                in->name, n->module->name, vm_kind_name(in->kind));
    diag_label(b->diags, d, "this is stereo");
    diag_help(b->diags, d,
              t->port ? "'%s' is given stereo; a mix of this has outputs left and right"
                      : "'%s' is given stereo; its outputs left and right are signals",
              g->nodes[t->node].module->name);
}

static void check_node(struct builder *b, const struct graph *g, const char *stereo,
                       const struct node *n)
{
    for (unsigned i = 0; i < n->module->inputs; i++)
        for (unsigned t = 0; !passes_stereo(n->module->in[i].kind) && t < n->in[i].count; t++)
            if (term_kind(g, &n->in[i].terms[t]) == VM_ANY && stereo[n->in[i].terms[t].node])
                refuse_stereo(b, g, n, i, &n->in[i].terms[t]);
}

char *find_stereo(struct builder *b, const struct graph *g)
{
    struct finder f = {g, arena_take(b->arena, g->node_count + 1, sizeof *f.stack), 0,
                       arena_take(b->arena, g->node_count + 1, 1)};
    if (!f.stack || !f.state)
        return NULL;
    for (unsigned i = 0; i < g->node_count; i++) {
        if (f.state[i] == UNKNOWN)
            open_node(&f, i);
        while (f.depth > 0)
            look_on(&f);
    }
    for (unsigned i = 0; i < g->node_count; i++)
        f.state[i] = f.state[i] == STEREO;
    for (unsigned i = 0; i < g->node_count; i++)
        check_node(b, g, f.state, &g->nodes[i]);
    return f.state;
}
