/* lower.c - the pass: nodes in graph order, each by its module's function.
 *
 * An input of several terms is added up as its terms come to be, so that a long sum keeps one
 * value alive and not all of them. Where a term's node runs at another rate than the node that
 * takes it, the conversion is made here, once for each pair of value and rate. */
#include "compiler/lower/lower.h"
#include <string.h>

/* An input's sum, as far as its terms are known. */
struct sum {
    struct signal acc;
    unsigned taken; /* terms in acc */
};

/* A delay line of delay.feedback: read where its node stands, written after all nodes, which is
 * what lets a cycle pass through it. */
struct later {
    unsigned node;
    int port;
};

struct lowering {
    struct ir *ir;
    struct diags *diags;
    const struct graph *graph;
    struct signal (*out)[VM_MODULE_OUTPUTS]; /* [node][output] */
    unsigned char *done;                     /* [node] */
    struct sum *sums;                        /* [first_input[node] + input] */
    size_t *first_input;                     /* [node] */
    size_t *first_user; /* [node]: start in users; the inputs that wait for it */
    struct {
        unsigned node, input;
    } * users;
    struct later *later;
    size_t later_count;
    unsigned gate; /* the gate parameter + 1 */
};

static const struct signal nothing = {IR_NONE, IR_NONE};

static struct signal mono(int value)
{
    return (struct signal){value, IR_NONE};
}

static struct signal add_signals(struct lowering *l, struct signal a, struct signal b)
{
    if (a.right == IR_NONE && b.right == IR_NONE)
        return mono(add(l, a.left, b.left));
    int ar = a.right == IR_NONE ? a.left : a.right;
    int br = b.right == IR_NONE ? b.left : b.right;
    int left = add(l, a.left, b.left);
    return (struct signal){left, add(l, ar, br)};
}

/* ---- rates ---- */

/* To the rate instructions are made at. What is known from frame to frame only (parameters and what
 * is computed of them alone, gates) is held; sound is filtered: with steep half-bands, which an
 * edge would not survive. */
static int convert(struct lowering *l, int value, enum vm_kind kind)
{
    struct ir *ir = l->ir;
    unsigned wanted = ir->rate;
    if (value == IR_NONE || ir->arena->failed)
        return value;
    const struct ir_instruction *from = &ir->code[ir->definition[value]];
    if (from->opcode == VM_LOAD_CONST || from->rate == wanted)
        return value;
    int held = from->uniform || kind == VM_GATE;
    if (held && from->rate < wanted)
        return op1(l, VM_OP_rate_hold, value);
    for (unsigned rate = from->rate; rate < wanted;) {
        ir->rate = ++rate;
        value = op1(l, VM_OP_rate_up, value);
    }
    for (unsigned rate = ir_rate_of(ir, value); rate > wanted;) {
        ir->rate = --rate;
        value = op1(l, held ? VM_OP_rate_pick : VM_OP_rate_down, value);
    }
    ir->rate = wanted;
    return value;
}

double node_rate(const struct lowering *l, unsigned node)
{
    return (double)(1u << l->graph->nodes[node].rate);
}

/* ---- inputs ---- */

/* A term's signal at the rate of now, or nothing while its node is not lowered. */
static struct signal term_signal(struct lowering *l, const struct term *t, enum vm_kind kind)
{
    struct signal s = nothing;
    if (t->kind == TERM_CONSTANT)
        s = mono(constant(l, t->value));
    else if (t->kind == TERM_PARAM)
        s = mono(ir_param(l->ir, t->param));
    else if (t->kind == TERM_NODE && l->done[t->node])
        s = l->out[t->node][t->port];
    return (struct signal){convert(l, s.left, kind), convert(l, s.right, kind)};
}

/* Takes up all terms that are there. */
static void advance_sum(struct lowering *l, unsigned node, unsigned i)
{
    const struct node *n = &l->graph->nodes[node];
    const struct input *in = &n->in[i];
    struct sum *s = &l->sums[l->first_input[node] + i];
    unsigned outer = l->ir->node, outer_rate = l->ir->rate;
    l->ir->node = node;
    l->ir->rate = n->rate;
    for (; s->taken < in->count; s->taken++) {
        struct signal next = term_signal(l, &in->terms[s->taken], n->module->in[i].kind);
        if (next.left == IR_NONE)
            break;
        s->acc = s->taken == 0 ? next : add_signals(l, s->acc, next);
    }
    l->ir->node = outer;
    l->ir->rate = outer_rate;
}

/* The voice's own gate: the parameter `gate`, made when the patch does not declare it. */
static int voice_gate(struct lowering *l)
{
    struct ir *ir = l->ir;
    for (unsigned i = 0; !l->gate && i < ir->param_count; i++)
        if (strcmp(ir->params[i].name, "gate") == 0)
            l->gate = i + 1;
    if (!l->gate) {
        ir->params[ir->param_count] =
            (struct param){.name = "gate", .unit = RP_UNIT_GATE, .high = 1.0, .def = 1.0};
        l->gate = (unsigned)++ir->param_count;
    }
    return convert(l, ir_param(ir, l->gate - 1), VM_GATE);
}

/* Hz at 2^rate times the sample rate are so many fewer, seconds so many more. Exact. */
static double unit_scale(const struct lowering *l, unsigned node, unsigned i)
{
    enum vm_unit unit = l->graph->nodes[node].module->in[i].unit;
    double rate = node_rate(l, node);
    return unit == VM_UNIT_HZ ? 1.0 / rate : unit == VM_UNIT_SECONDS ? rate : 1.0;
}

struct signal in_signal(struct lowering *l, unsigned node, unsigned i)
{
    const struct node *n = &l->graph->nodes[node];
    struct signal s;
    advance_sum(l, node, i);
    if (n->in[i].count)
        s = l->sums[l->first_input[node] + i].acc;
    else if (n->module->in[i].use == VM_USE_GATED)
        s = mono(voice_gate(l));
    else
        s = mono(constant(l, n->module->in[i].def));
    double factor = unit_scale(l, node, i);
    s.left = scale(l, s.left, factor);
    if (s.right != IR_NONE)
        s.right = scale(l, s.right, factor);
    return s;
}

int in_value(struct lowering *l, unsigned node, unsigned i)
{
    return in_signal(l, node, i).left;
}

int in_given(const struct lowering *l, unsigned node, unsigned i)
{
    return l->graph->nodes[node].in[i].count > 0;
}

double in_static(const struct lowering *l, unsigned node, unsigned i)
{
    const struct node *n = &l->graph->nodes[node];
    return n->in[i].count ? n->in[i].terms[0].value : n->module->in[i].def;
}

int in_constant(const struct lowering *l, unsigned node, unsigned i, double *x)
{
    const struct node *n = &l->graph->nodes[node];
    *x = n->in[i].count ? 0.0 : n->module->in[i].def;
    for (unsigned k = 0; k < n->in[i].count; k++) {
        if (n->in[i].terms[k].kind != TERM_CONSTANT)
            return 0;
        *x += n->in[i].terms[k].value;
    }
    return n->in[i].count > 0 || n->module->in[i].use != VM_USE_GATED;
}

void in_range(const struct lowering *l, unsigned node, unsigned i, double *low, double *high)
{
    const struct input *in = &l->graph->nodes[node].in[i];
    double x;
    if (in_constant(l, node, i, &x)) {
        *low = *high = x;
    } else if (in->count == 1 && in->terms[0].kind == TERM_PARAM) {
        *low = l->graph->params[in->terms[0].param].low;
        *high = l->graph->params[in->terms[0].param].high;
    }
}

const struct data *in_table(const struct lowering *l, unsigned node, unsigned i)
{
    const struct input *in = &l->graph->nodes[node].in[i];
    return in->count ? in->terms[0].table : NULL;
}

uint32_t node_key(const struct lowering *l, unsigned node, unsigned index)
{
    const char *id = l->graph->nodes[node].id;
    return vm_crc32((const uint8_t *)id, strlen(id)) + index * 0x9e3779b9u;
}

/* ---- outputs ---- */

void set_out(struct lowering *l, unsigned node, unsigned output, int value)
{
    l->out[node][output] = mono(value);
}

void set_stereo(struct lowering *l, unsigned node, unsigned output, struct signal s)
{
    l->out[node][output] = s;
}

void set_any(struct lowering *l, unsigned node, struct signal s)
{
    set_stereo(l, node, 0, s);
    set_out(l, node, 1, s.left);
    set_out(l, node, 2, s.right == IR_NONE ? s.left : s.right);
}

struct signal node_out(const struct lowering *l, unsigned node, unsigned output)
{
    return l->out[node][output];
}

/* ---- instructions ---- */

int constant(struct lowering *l, double x)
{
    return ir_constant(l->ir, (float)x);
}

int op_with(struct lowering *l, enum vm_op what, struct ir_extra extra, const int *in)
{
    return ir_call(l->ir, what, extra, in);
}

int op(struct lowering *l, enum vm_op what, const int *in)
{
    return ir_call(l->ir, what, (struct ir_extra){0}, in);
}

int op0(struct lowering *l, enum vm_op what)
{
    int in[VM_OP_INPUTS] = {0};
    return op(l, what, in);
}

int op1(struct lowering *l, enum vm_op what, int a)
{
    int in[VM_OP_INPUTS] = {a};
    return op(l, what, in);
}

int op2(struct lowering *l, enum vm_op what, int a, int b)
{
    int in[VM_OP_INPUTS] = {a, b};
    return op(l, what, in);
}

int op3(struct lowering *l, enum vm_op what, int a, int b, int c)
{
    int in[VM_OP_INPUTS] = {a, b, c};
    return op(l, what, in);
}

int add(struct lowering *l, int a, int b)
{
    return op2(l, VM_OP_add, a, b);
}

int sub(struct lowering *l, int a, int b)
{
    return op2(l, VM_OP_sub, a, b);
}

int mul(struct lowering *l, int a, int b)
{
    return op2(l, VM_OP_mul, a, b);
}

int scale(struct lowering *l, int a, double factor)
{
    return factor == 1.0 ? a : mul(l, a, constant(l, factor));
}

/* One frame more than a port may have stands for all that is too long. */
static uint32_t port_frames(const struct lowering *l, unsigned node, double seconds, double round)
{
    double frames = seconds * RP_SAMPLE_RATE * node_rate(l, node) + round;
    if (!(frames <= VM_MAX_DELAY))
        return VM_MAX_DELAY + 1;
    return frames < 0.0 ? 0 : (uint32_t)frames;
}

int ring(struct lowering *l, unsigned node, double seconds)
{
    return ir_ring(l->ir, port_frames(l, node, seconds, 0.999999));
}

int ring_like(struct lowering *l, int port)
{
    return l->ir->arena->failed ? 0 : ir_ring(l->ir, l->ir->ports[port].high);
}

void *scratch(struct lowering *l, size_t count, size_t size)
{
    return arena_take(l->ir->arena, count, size);
}

int table(struct lowering *l, const double *values, size_t count)
{
    float *rounded = arena_take(l->ir->arena, count, sizeof *rounded);
    for (size_t i = 0; rounded && i < count; i++)
        rounded[i] = (float)values[i];
    return rounded ? ir_table(l->ir, rounded, (uint32_t)count) : 0;
}

int delay_line(struct lowering *l, unsigned node, double low, double high)
{
    uint32_t shortest = port_frames(l, node, low, 0.0);
    uint32_t longest = port_frames(l, node, high, 0.999999);
    if (shortest < 1)
        shortest = 1;
    return ir_delay(l->ir, shortest, longest < shortest ? shortest : longest);
}

int delay_read(struct lowering *l, int port, int frames)
{
    return ir_read(l->ir, port, frames);
}

void delay_write(struct lowering *l, int port, int value)
{
    ir_write(l->ir, port, value);
}

void lower_direct(struct lowering *l, unsigned node, enum vm_op what)
{
    int in[VM_OP_INPUTS] = {0};
    for (unsigned j = 0; j < l->graph->nodes[node].module->inputs; j++)
        in[j] = in_value(l, node, j);
    set_out(l, node, 0, op(l, what, in));
}

const struct node *node_of(const struct lowering *l, unsigned node)
{
    return &l->graph->nodes[node];
}

struct diags *diags_of(struct lowering *l)
{
    return l->diags;
}

/* ---- what is written when all nodes are lowered ---- */

static int same_terms(const struct input *a, const struct input *b)
{
    if (a->count != b->count)
        return 0;
    for (unsigned i = 0; i < a->count; i++) {
        const struct term *x = &a->terms[i], *y = &b->terms[i];
        if (x->kind != y->kind || x->value != y->value || x->param != y->param ||
            x->node != y->node || x->port != y->port)
            return 0;
    }
    return 1;
}

/* A delay line written twice: an earlier one with the same terms at every input. */
int twin_of(const struct lowering *l, unsigned node)
{
    const struct node *n = &l->graph->nodes[node];
    /* Past the limit, which is an error anyway, looking would take quadratic time. */
    for (size_t i = 0; i < l->later_count && l->later_count <= VM_MAX_PORTS; i++) {
        const struct node *other = &l->graph->nodes[l->later[i].node];
        unsigned k = 0;
        while (k < n->module->inputs && same_terms(&n->in[k], &other->in[k]))
            k++;
        if (k == n->module->inputs && n->rate == other->rate)
            return (int)l->later[i].node;
    }
    return IR_NONE;
}

void later_delay(struct lowering *l, unsigned node, int port)
{
    l->later[l->later_count++] = (struct later){node, port};
}

/* w := in + feedback d.  Without feedback, w := in. */
static void write_delays(struct lowering *l)
{
    for (size_t i = 0; i < l->later_count; i++) {
        unsigned node = l->later[i].node;
        l->ir->node = node;
        l->ir->rate = l->graph->nodes[node].rate;
        int w = in_value(l, node, VM_IN_DELAY_FEEDBACK_in);
        int feedback = in_value(l, node, VM_IN_DELAY_FEEDBACK_feedback);
        float x;
        if (!ir_constant_of(l->ir, feedback, &x) || x != 0.0f)
            w = add(l, w, mul(l, l->out[node][0].left, feedback));
        ir_write(l->ir, l->later[i].port, w);
    }
    l->ir->rate = 0;
}

/* One side of a stereo output: what `in` gives it, and what its own input adds. */
static int side(struct lowering *l, unsigned port, int from_in)
{
    unsigned node = l->graph->output;
    if (l->graph->nodes[node].in[port].count == 0 && from_in != IR_NONE)
        return from_in;
    int own = in_value(l, node, port);
    return from_in == IR_NONE ? own : add(l, from_in, own);
}

static void write_output(struct lowering *l)
{
    unsigned node = l->graph->output;
    const struct node *n = &l->graph->nodes[node];
    struct signal sum = nothing;
    l->ir->node = node;
    l->ir->rate = 0;
    if (n->in[VM_IN_OUTPUT_in].count)
        sum = in_signal(l, node, VM_IN_OUTPUT_in);
    if (n->in[VM_IN_OUTPUT_left].count || n->in[VM_IN_OUTPUT_right].count) {
        int right = sum.right == IR_NONE ? sum.left : sum.right;
        sum.left = side(l, VM_IN_OUTPUT_left, sum.left);
        sum.right = side(l, VM_IN_OUTPUT_right, right);
    }
    if (sum.left == IR_NONE)
        sum = mono(constant(l, 0.0));
    ir_output(l->ir, sum.left, sum.right);
}

/* ---- the pass ---- */

/* By row of vm_modules. */
static void (*const lower_node[])(struct lowering *, unsigned node) = {
#define MODULE(id, ENUM, ...) lower_##ENUM,
#define IN(...)
#define OUT(...)
#include "vm/modules.def"
};

/* For each node, the inputs of several terms that one of its outputs is a term of. */
static int find_users(struct lowering *l)
{
    const struct graph *g = l->graph;
    size_t inputs = 0, users = 0;
    l->first_input = arena_take(l->ir->arena, g->node_count + 1, sizeof *l->first_input);
    l->first_user = arena_take(l->ir->arena, g->node_count + 2, sizeof *l->first_user);
    if (!l->first_input || !l->first_user)
        return -1;
    for (size_t i = 0; i < g->node_count; i++) {
        l->first_input[i] = inputs;
        inputs += g->nodes[i].module->inputs;
    }
    for (int pass = 0; pass < 2; pass++) {
        for (unsigned i = 0; i < g->node_count; i++)
            for (unsigned j = 0; j < g->nodes[i].module->inputs; j++)
                for (unsigned k = 0; k < g->nodes[i].in[j].count; k++) {
                    const struct term *t = &g->nodes[i].in[j].terms[k];
                    if (t->kind != TERM_NODE)
                        continue;
                    if (pass == 0) {
                        l->first_user[t->node + 2]++;
                        users++;
                    } else {
                        size_t at = l->first_user[t->node + 1]++;
                        l->users[at].node = i;
                        l->users[at].input = j;
                    }
                }
        if (pass == 1)
            break;
        for (size_t i = 2; i < g->node_count + 2; i++)
            l->first_user[i] += l->first_user[i - 1];
        l->users = arena_take(l->ir->arena, users + 1, sizeof *l->users);
        if (!l->users)
            return -1;
    }
    l->sums = arena_take(l->ir->arena, inputs + 1, sizeof *l->sums);
    return l->sums ? 0 : -1;
}

struct ir *lower(struct arena *arena, struct diags *diags, const struct graph *graph,
                 const unsigned *order)
{
    struct ir *ir = arena_take(arena, 1, sizeof *ir);
    if (!ir || ir_init(ir, arena, graph))
        return NULL;
    struct lowering l = {.ir = ir, .diags = diags, .graph = graph};
    l.out = arena_take(arena, graph->node_count + 1, sizeof *l.out);
    l.done = arena_take(arena, graph->node_count + 1, 1);
    l.later = arena_take(arena, graph->node_count + 1, sizeof *l.later);
    if (!l.out || !l.done || !l.later || find_users(&l))
        return NULL;
    for (unsigned i = 0; i < graph->inputs; i++)
        ir_input(ir);
    for (size_t i = 0; i < graph->node_count && !arena->failed; i++) {
        unsigned node = order[i];
        ir->node = node;
        ir->rate = graph->nodes[node].rate;
        lower_node[graph->nodes[node].module - vm_modules](&l, node);
        l.done[node] = 1;
        for (size_t u = l.first_user[node]; u < l.first_user[node + 1]; u++)
            advance_sum(&l, l.users[u].node, l.users[u].input);
    }
    if (!arena->failed)
        write_delays(&l);
    if (!arena->failed)
        write_output(&l);
    if (!arena->failed)
        report_limits(ir, graph, diags);
    ir_mark_live(ir);
    return arena->failed || diags->count ? NULL : ir;
}
