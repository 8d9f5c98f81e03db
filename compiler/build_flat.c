/* build_flat.c - lays a patch out as one flat graph: instances of other patches are copied in.
 *
 * An instance becomes: a mix for each param that is given a sum, so that its value is one signal
 * wherever the patch uses it; the patch's nodes without its output; a mix for each output that is
 * used and is not just one node's; and where its sides stand apart, what joins them. */
#include "compiler/build.h"
#include <string.h>

struct flat {
    struct builder *b;
    struct patch *patch;
    struct graph *g;
    const struct proto *blamed; /* the instance last reported: once is enough */
    size_t own;                 /* nodes before those of sides_of */
};

static int is_gate_param(const struct proto *p, unsigned param)
{
    return p->type.patch->graph.params[param].unit == RP_UNIT_GATE;
}

static int needs_param_mix(const struct proto *p, unsigned param)
{
    return p->in[param].count > 1 && !is_gate_param(p, param);
}

static unsigned param_mixes(const struct proto *p, unsigned params)
{
    unsigned count = 0;
    for (unsigned i = 0; i < params; i++)
        count += (unsigned)needs_param_mix(p, i);
    return count;
}

static int is_one_node(const struct input *in)
{
    return in->count == 1 && in->terms[0].kind == TERM_NODE;
}

static int needs_side_mix(const struct proto *p, unsigned side)
{
    const struct patch *inner = p->type.patch;
    if (!(p->used_outputs >> side & 1) || (side == SIDE_OUT && inner->stereo))
        return 0;
    return !is_one_node(&inner->side[side]);
}

static unsigned side_mixes(const struct proto *p, unsigned sides)
{
    unsigned count = 0;
    for (unsigned i = 0; i < sides; i++)
        count += (unsigned)needs_side_mix(p, i);
    return count;
}

/* Where the sides stand apart and go elsewhere than to this patch's output, they are joined. */
static int needs_join(const struct proto *p)
{
    const struct graph *inner = &p->type.patch->graph;
    const struct input *in = inner->nodes[inner->output].in;
    return p->joined && p->type.patch->stereo &&
           (in[VM_IN_OUTPUT_left].count > 0 || in[VM_IN_OUTPUT_right].count > 0);
}

static size_t node_count(const struct proto *p)
{
    if (p->type.module)
        return 1;
    return p->type.patch->graph.node_count - 1 + param_mixes(p, type_inputs(&p->type)) +
           side_mixes(p, SIDE_COUNT) + (unsigned)needs_join(p);
}

/* Where an instance's copy of its patch's node stands. */
static unsigned copy_of(const struct proto *p, unsigned node)
{
    const struct graph *inner = &p->type.patch->graph;
    unsigned start = p->first + param_mixes(p, type_inputs(&p->type));
    return start + node - (node > inner->output);
}

static unsigned side_mix(const struct proto *p, unsigned side)
{
    return p->first + p->count - (unsigned)needs_join(p) - side_mixes(p, SIDE_COUNT) +
           side_mixes(p, side);
}

static int number_nodes(struct flat *f)
{
    size_t total = 0;
    for (size_t i = 0; i < f->patch->order_count; i++) {
        struct proto *p = f->patch->protos[f->patch->order[i]];
        size_t count = node_count(p);
        p->first = (unsigned)total;
        p->count = (unsigned)count;
        total += count;
        if (total > NODE_LIMIT) {
            struct diag *d = diag_error(f->b->diags, E_TOO_MANY, p->place,
                                        "the patch has more than %d nodes", NODE_LIMIT);
            diag_label(f->b->diags, d, "too many from here on");
            return -1;
        }
    }
    f->g->nodes = arena_take(f->b->arena, total, sizeof *f->g->nodes);
    f->g->node_count = f->g->node_capacity = total;
    return f->g->nodes ? 0 : -1;
}

static void set_node(struct flat *f, unsigned index, const char *id, const struct vm_module *module,
                     unsigned rate, struct place place)
{
    struct input *in = arena_take(f->b->arena, module->inputs, sizeof *in);
    f->g->nodes[index] =
        (struct node){.id = id, .module = module, .in = in, .rate = rate, .place = place};
}

/* Within an oversampled instance everything is faster by its factor, but for the sound that comes
 * in. */
static unsigned inner_rate(struct flat *f, const struct proto *p, const struct node *node)
{
    enum { MOST = 3 };
    unsigned rate = node->rate + p->rate;
    if (node->module->id == VM_MOD_INPUT || node->module->id == VM_MOD_INPUT_MONO)
        return 0;
    if (rate <= MOST || f->blamed == p)
        return rate;
    f->blamed = p;
    struct diag *d =
        diag_error(f->b->diags, E_OVERSAMPLE, p->rate_place,
                   "'%s' within would run at %u times the sample rate", node->id, 1u << rate);
    diag_label(f->b->diags, d, "%u times here", 1u << p->rate);
    diag_note(f->b->diags, d, node->place, "%u times here", 1u << node->rate);
    diag_help(f->b->diags, d, "oversampling within oversampling multiplies; 8 times is the most");
    return rate;
}

/* INSTANCE/NAME-sum; with a number when the patch itself has a node of that name. */
static void set_made(struct flat *f, unsigned index, const struct proto *p, const char *name,
                     const char *ending, enum vm_module_id module)
{
    struct arena *arena = f->b->arena;
    const char *id = arena_format(arena, "%s%s", name, ending);
    for (unsigned n = 2; id && table_get(&p->type.patch->names, id) != TABLE_NONE; n++)
        id = arena_format(arena, "%s%s%u", name, ending, n);
    id = id ? arena_format(arena, "%s/%s", p->id, id) : NULL;
    set_node(f, index, id, vm_module_by_id(module), p->rate, p->place);
}

static void set_instance(struct flat *f, const struct proto *p)
{
    const struct graph *inner = &p->type.patch->graph;
    unsigned params = type_inputs(&p->type);
    for (unsigned i = 0; i < params; i++)
        if (needs_param_mix(p, i))
            set_made(f, p->first + param_mixes(p, i), p, inner->params[i].name, "-sum", VM_MOD_MIX);
    for (unsigned i = 0; i < inner->node_count; i++) {
        const struct node *node = &inner->nodes[i];
        if (i != inner->output)
            set_node(f, copy_of(p, i), arena_format(f->b->arena, "%s/%s", p->id, node->id),
                     node->module, inner_rate(f, p, node), node->place);
    }
    for (unsigned i = 0; i < SIDE_COUNT; i++)
        if (needs_side_mix(p, i))
            set_made(f, side_mix(p, i), p, type_output_name(&p->type, i), "-mix", VM_MOD_MIX);
    if (needs_join(p))
        set_made(f, p->first + p->count - 1, p, "out", "-join", VM_MOD_STEREO_JOIN);
}

static void set_nodes(struct flat *f)
{
    for (size_t i = 0; i < f->patch->order_count; i++) {
        const struct proto *p = f->patch->protos[f->patch->order[i]];
        if (p->type.patch)
            set_instance(f, p);
        else
            set_node(f, p->first, p->id, p->type.module, p->rate, p->place);
        if (p->type.module && p->type.module->id == VM_MOD_OUTPUT)
            f->g->output = p->first;
    }
}

/* An input in the flat graph, and on whose behalf something is put there. */
struct target {
    unsigned node, input;
    const struct proto *via; /* the instance through whose param it came, or NULL */
};

static const struct vm_in *row_of(const struct flat *f, struct target to)
{
    return &f->g->nodes[to.node].module->in[to.input];
}

static void does_not_fit(struct flat *f, struct target to, struct place place, const char *what)
{
    const struct node *node = &f->g->nodes[to.node];
    if (f->blamed == to.via)
        return;
    f->blamed = to.via;
    struct diag *d = diag_error(f->b->diags, E_USE_FIT, place, "the %s does not fit inside '%s'",
                                what, to.via->type.name);
    diag_label(f->b->diags, d, "reaches input '%s' of '%s'", row_of(f, to)->name, node->id);
    diag_note(f->b->diags, d, node->place, "which is defined here");
}

static void put(struct flat *f, struct target to, struct term term)
{
    const struct vm_in *row = row_of(f, to);
    if (to.via && term.kind == TERM_CONSTANT && (term.value < row->low || term.value > row->high))
        does_not_fit(f, to, term.place, "value");
    else if (to.via && term.kind == TERM_PARAM &&
             !param_unit_fits(f->g->params[term.param].unit, row->unit))
        does_not_fit(f, to, term.place, "param's unit");
    else if (f->g->nodes[to.node].in)
        input_add(f->b, &f->g->nodes[to.node].in[to.input], term);
}

/* Of a patch's constants and what its params are given, the sum is constant too. */
static void check_sum(struct flat *f, const struct proto *p, unsigned index, unsigned input)
{
    const struct node *node = &f->g->nodes[index];
    const struct vm_in *row = &node->module->in[input];
    const struct input *in = &node->in[input];
    struct target to = {index, input, p};
    double sum = 0.0;
    unsigned t = 0;
    for (; t < in->count && in->terms[t].kind == TERM_CONSTANT; t++)
        sum += in->terms[t].value;
    if (t > 1 && t == in->count && (sum < row->low || sum > row->high))
        does_not_fit(f, to, p->place, "sum");
}

static void put_node(struct flat *f, struct target to, unsigned node, unsigned port,
                     struct place place)
{
    put(f, to, (struct term){.kind = TERM_NODE, .node = node, .port = port, .place = place});
}

static void put_outer(struct flat *f, struct target to, const struct term *term);
static void put_inner(struct flat *f, struct target to, const struct proto *p,
                      const struct term *term);

/* A used patch's stereo output into this patch's output: side by side. */
static void put_sides(struct flat *f, struct target to, const struct proto *p)
{
    const struct graph *inner = &p->type.patch->graph;
    static const unsigned into[] = {VM_IN_OUTPUT_in, VM_IN_OUTPUT_left, VM_IN_OUTPUT_right};
    for (unsigned i = 0; i < 3; i++) {
        const struct input *in = &inner->nodes[inner->output].in[into[i]];
        struct target side = {to.node, i > 0 ? into[i] : to.input, to.via};
        for (unsigned t = 0; t < in->count; t++)
            put_inner(f, side, p, &in->terms[t]);
    }
}

static void put_stereo(struct flat *f, struct target to, const struct proto *p, struct place place)
{
    const struct graph *inner = &p->type.patch->graph;
    const struct input *in = &inner->nodes[inner->output].in[VM_IN_OUTPUT_in];
    if (f->g->nodes[to.node].module->id == VM_MOD_OUTPUT)
        put_sides(f, to, p);
    else if (needs_join(p))
        put_node(f, to, p->first + p->count - 1, 0, place);
    else
        for (unsigned t = 0; t < in->count; t++)
            put_inner(f, to, p, &in->terms[t]);
}

/* A term as this patch's protos have it. */
static void put_outer(struct flat *f, struct target to, const struct term *term)
{
    if (term->kind != TERM_NODE) {
        put(f, to, *term);
        return;
    }
    const struct proto *p = f->patch->protos[term->node];
    if (p->type.module)
        put_node(f, to, p->first, term->port, term->place);
    else if (term->port == SIDE_OUT && p->type.patch->stereo)
        put_stereo(f, to, p, term->place);
    else if (term->port >= SIDE_COUNT)
        put_node(f, to, copy_of(p, p->type.patch->outputs[term->port - SIDE_COUNT].proto->first), 0,
                 term->place);
    else if (needs_side_mix(p, term->port))
        put_node(f, to, side_mix(p, term->port), 0, term->place);
    else
        put_inner(f, to, p, &p->type.patch->side[term->port].terms[0]);
}

/* This patch's param `gate`, made when it is missing, stands for the voice's gate. */
static int gate_param(struct flat *f, const struct proto *p, unsigned *index)
{
    struct graph *g = f->g;
    unsigned value = table_get(&f->patch->names, "gate");
    if (value != TABLE_NONE && value % NAME_KINDS == NAME_PARAM) {
        *index = value / NAME_KINDS;
        return 0;
    }
    if (value != TABLE_NONE) {
        struct diag *d =
            diag_error(f->b->diags, E_DUPLICATE_ID, p->place,
                       "'%s' needs the voice's gate, but 'gate' is a node here", p->type.name);
        diag_help(f->b->diags, d, "give the node 'gate' another name");
        return -1;
    }
    *index = (unsigned)g->param_count;
    if (arena_grow(f->b->arena, (void **)&g->params, &g->param_capacity, g->param_count + 1,
                   sizeof *g->params))
        return -1;
    g->params[g->param_count++] = (struct param){.name = "gate",
                                                 .unit = RP_UNIT_GATE,
                                                 .low = 0.0,
                                                 .high = 1.0,
                                                 .def = 1.0,
                                                 .place = p->place};
    return table_put(f->b->arena, &f->patch->names, "gate", name_value(NAME_PARAM, *index));
}

static void put_default(struct flat *f, struct target to, const struct proto *p, unsigned index)
{
    const struct param *param = &p->type.patch->graph.params[index];
    char text[NUMBER_TEXT];
    if (param->unit == RP_UNIT_GATE && strcmp(param->name, "gate") == 0) {
        unsigned gate;
        if (gate_param(f, p, &gate) == 0)
            put(f, to, (struct term){.kind = TERM_PARAM, .param = gate, .place = p->place});
        return;
    }
    number_write(text, param->def, 0, "");
    put(f, to,
        (struct term){.kind = TERM_CONSTANT,
                      .value = param->def,
                      .text = arena_copy(f->b->arena, text, strlen(text)),
                      .place = p->place});
}

static void put_param(struct flat *f, struct target to, const struct proto *p, unsigned index)
{
    const struct input *in = &p->in[index];
    to.via = p;
    if (needs_param_mix(p, index)) {
        put_node(f, to, p->first + param_mixes(p, index), 0, p->place);
        return;
    }
    for (unsigned t = 0; t < in->count; t++)
        put_outer(f, to, &in->terms[t]);
    if (in->count == 0)
        put_default(f, to, p, index);
}

/* A term as the patch of the instance p has it. */
static void put_inner(struct flat *f, struct target to, const struct proto *p,
                      const struct term *term)
{
    if (term->kind == TERM_PARAM)
        put_param(f, to, p, term->param);
    else if (term->kind == TERM_NODE)
        put_node(f, to, copy_of(p, term->node), term->port, term->place);
    else
        put(f, to, *term);
}

/* Whether nothing but the voice's own gate reaches the input, which is what no terms mean. */
static int is_voice_gate(const struct proto *p, const struct input *in)
{
    if (in->count != 1 || in->terms[0].kind != TERM_PARAM)
        return 0;
    const struct param *param = &p->type.patch->graph.params[in->terms[0].param];
    return param->unit == RP_UNIT_GATE && strcmp(param->name, "gate") == 0 &&
           p->in[in->terms[0].param].count == 0;
}

/* Within a patch that is given a gate, that gate is the voice's. */
static void put_gated(struct flat *f, struct target to, const struct proto *p)
{
    int gate = type_find_input(&p->type, "gate");
    if (gate >= 0 && p->in[gate].count > 0)
        put_param(f, to, p, (unsigned)gate);
}

static void fill_copy(struct flat *f, const struct proto *p, unsigned node)
{
    const struct node *inner = &p->type.patch->graph.nodes[node];
    for (unsigned i = 0; i < inner->module->inputs; i++) {
        struct target to = {copy_of(p, node), i, NULL};
        enum vm_use use = inner->module->in[i].use;
        const struct input *in = &inner->in[i];
        if (use == VM_USE_GATED && in->count == 0)
            put_gated(f, to, p);
        if (use == VM_USE_GATED && is_voice_gate(p, in))
            continue;
        for (unsigned t = 0; t < in->count; t++)
            put_inner(f, to, p, &in->terms[t]);
        check_sum(f, p, to.node, i);
    }
}

static void fill_side(struct flat *f, const struct proto *p, unsigned side, struct target to)
{
    const struct input *in = &p->type.patch->side[side];
    for (unsigned t = 0; t < in->count; t++)
        put_inner(f, to, p, &in->terms[t]);
    if (in->count == 0)
        put(f, to, (struct term){.kind = TERM_CONSTANT, .text = "0", .place = p->place});
}

static void fill_instance(struct flat *f, const struct proto *p)
{
    const struct graph *inner = &p->type.patch->graph;
    for (unsigned i = 0; i < type_inputs(&p->type); i++) {
        struct target to = {p->first + param_mixes(p, i), VM_IN_MIX_in, p};
        for (unsigned t = 0; needs_param_mix(p, i) && t < p->in[i].count; t++)
            put_outer(f, to, &p->in[i].terms[t]);
    }
    for (unsigned i = 0; i < inner->node_count; i++)
        if (i != inner->output)
            fill_copy(f, p, i);
    for (unsigned i = 0; i < SIDE_COUNT; i++)
        if (needs_side_mix(p, i))
            fill_side(f, p, i, (struct target){side_mix(p, i), VM_IN_MIX_in, NULL});
    if (needs_join(p)) {
        unsigned join = p->first + p->count - 1;
        fill_side(f, p, SIDE_LEFT, (struct target){join, VM_IN_STEREO_JOIN_left, NULL});
        fill_side(f, p, SIDE_RIGHT, (struct target){join, VM_IN_STEREO_JOIN_right, NULL});
    }
}

static void fill_module(struct flat *f, const struct proto *p)
{
    for (unsigned i = 0; i < p->type.module->inputs; i++) {
        struct target to = {p->first, i, NULL};
        for (unsigned t = 0; t < p->in[i].count; t++)
            put_outer(f, to, &p->in[i].terms[t]);
    }
}

/* A written id such as "lead/osc1" may meet one that an instance makes. */
static void check_ids(struct flat *f)
{
    struct table seen = {.count = 0};
    for (unsigned i = 0; i < f->g->node_count; i++) {
        const struct node *node = &f->g->nodes[i];
        unsigned old = table_get(&seen, node->id);
        if (old != TABLE_NONE) {
            struct diag *d = diag_error(f->b->diags, E_DUPLICATE_ID, node->place,
                                        "'%s' is defined twice", node->id);
            diag_note(f->b->diags, d, f->g->nodes[old].place, "first defined here");
        } else if (table_put(f->b->arena, &seen, node->id, i)) {
            return;
        }
    }
}

/* A mix of an output that has no sides of its own; none where the patch is not used. */
static unsigned sides_of(struct flat *f, struct term term)
{
    struct graph *g = f->g;
    const struct node *from = &g->nodes[term.node];
    struct place place = from->place;
    for (size_t i = f->own; i < g->node_count; i++) {
        const struct term *t = g->nodes[i].in ? g->nodes[i].in[VM_IN_MIX_in].terms : NULL;
        if (t && t->node == term.node && t->port == term.port)
            return (unsigned)i;
    }
    const char *id =
        arena_format(f->b->arena, "%s/%s-sides", from->id, from->module->out[term.port].name);
    if (arena_grow(f->b->arena, (void **)&g->nodes, &g->node_capacity, g->node_count + 1,
                   sizeof *g->nodes))
        return term.node;
    unsigned index = (unsigned)g->node_count++;
    set_node(f, index, id, vm_module_by_id(VM_MOD_MIX), g->nodes[term.node].rate, place);
    if (g->nodes[index].in)
        input_add(f->b, &g->nodes[index].in[VM_IN_MIX_in], term);
    return index;
}

/* One side of what a stereo output node is given. */
static void add_side(struct flat *f, enum vm_kind *kind, unsigned side, unsigned input,
                     const char *stereo_node)
{
    struct patch *patch = f->patch;
    const char *name = side == SIDE_LEFT ? "left" : "right";
    const struct input *in = &f->g->nodes[f->g->output].in[input];
    for (unsigned t = 0; t < in->count; t++) {
        struct term term = in->terms[t];
        if (term.kind == TERM_NODE) {
            struct type type = {NULL, f->g->nodes[term.node].module, NULL};
            enum vm_kind out = type_output_kind(&type, term.port);
            int stereo = out == VM_STEREO || (out == VM_ANY && stereo_node[term.node]);
            if (stereo)
                *kind = VM_STEREO;
            int port = type_find_output(&type, name);
            if (stereo && side != SIDE_OUT && (port < 0 || term.port > 0) && f->b->depth > 1) {
                term.node = sides_of(f, term);
                port = (int)side; /* a mix has them in the same places */
            }
            if (stereo && side != SIDE_OUT && port >= 0)
                term.port = (unsigned)port;
        }
        input_add(f->b, &patch->side[side], term);
    }
}

static void find_sides(struct flat *f)
{
    const struct node *output = &f->g->nodes[f->g->output];
    enum vm_kind kind = VM_SIGNAL;
    const char *stereo = find_stereo(f->b, f->g);
    if (!stereo)
        return;
    add_side(f, &kind, SIDE_OUT, VM_IN_OUTPUT_in, stereo);
    add_side(f, &kind, SIDE_LEFT, VM_IN_OUTPUT_in, stereo);
    add_side(f, &kind, SIDE_LEFT, VM_IN_OUTPUT_left, stereo);
    add_side(f, &kind, SIDE_RIGHT, VM_IN_OUTPUT_in, stereo);
    add_side(f, &kind, SIDE_RIGHT, VM_IN_OUTPUT_right, stereo);
    f->patch->stereo = kind == VM_STEREO || output->in[VM_IN_OUTPUT_left].count > 0 ||
                       output->in[VM_IN_OUTPUT_right].count > 0;
}

/* One or two channels come in, not one for some nodes and two for others. */
static void find_inputs(struct flat *f)
{
    const struct node *first = NULL;
    for (unsigned i = 0; i < f->g->node_count; i++) {
        const struct node *node = &f->g->nodes[i];
        enum vm_module_id id = node->module->id;
        if (id != VM_MOD_INPUT && id != VM_MOD_INPUT_MONO)
            continue;
        if (!first)
            first = node;
        f->g->inputs = id == VM_MOD_INPUT ? 2 : 1;
        if (id == first->module->id)
            continue;
        struct diag *d = diag_error(f->b->diags, E_INPUTS_MIXED, node->place,
                                    "the patch has both 'input' and 'input.mono'");
        diag_label(f->b->diags, d, "this is '%s'", node->module->name);
        diag_note(f->b->diags, d, first->place, "and this is '%s'", first->module->name);
        diag_help(f->b->diags, d,
                  "take one of them; the outputs left and right of 'input' are signals");
        return;
    }
}

void lay_out_patch(struct builder *b, struct patch *patch)
{
    struct flat f = {b, patch, &patch->graph, NULL, 0};
    unsigned before = b->diags->count;
    if (number_nodes(&f))
        return;
    set_nodes(&f);
    for (size_t i = 0; i < patch->order_count && !b->arena->failed; i++) {
        const struct proto *p = patch->protos[patch->order[i]];
        if (p->type.patch)
            fill_instance(&f, p);
        else
            fill_module(&f, p);
    }
    if (b->arena->failed || b->diags->count != before)
        return;
    check_ids(&f);
    f.own = f.g->node_count;
    find_inputs(&f);
    find_sides(&f);
}
