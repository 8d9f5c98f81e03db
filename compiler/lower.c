/* lower.c - modules become primitive ops.
 *
 * Nodes are taken in graph order. A module that is one op stands in a table; the others have a
 * function. An input of several terms is added up as its terms come to be, so that a long sum
 * keeps one value alive and not all of them. Delay lines are read where their node stands and
 * written after all nodes, which is what lets a cycle pass through them. */
#include "compiler/ir.h"
#include <string.h>

/* One value, or a left and a right one. */
struct signal {
    int left, right; /* right IR_NONE: mono */
};

/* An input's sum, as far as its terms are known. */
struct sum {
    struct signal acc;
    unsigned taken; /* terms in acc */
};

struct lowering {
    struct ir *ir;
    struct diags *diags;
    const struct graph *graph;
    struct signal (*out)[3]; /* [node][output] */
    unsigned char *done;     /* [node] */
    struct sum *sums;        /* [first_input[node] + input] */
    size_t *first_input;     /* [node] */
    size_t *first_user;      /* [node]: start in users; the inputs that wait for it */
    struct {
        unsigned node, input;
    } * users;
    unsigned *delays; /* the nodes that have a delay line, in the order of their ports */
    size_t delay_count;
    unsigned gate; /* the gate parameter + 1 */
};

static const struct signal nothing = {IR_NONE, IR_NONE};

static struct signal mono(int value)
{
    return (struct signal){value, IR_NONE};
}

static struct signal add(struct ir *ir, struct signal a, struct signal b)
{
    if (a.right == IR_NONE && b.right == IR_NONE)
        return mono(ir_call2(ir, VM_OP_add, a.left, b.left));
    int ar = a.right == IR_NONE ? a.left : a.right;
    int br = b.right == IR_NONE ? b.left : b.right;
    int left = ir_call2(ir, VM_OP_add, a.left, b.left);
    return (struct signal){left, ir_call2(ir, VM_OP_add, ar, br)};
}

/* A term's signal, or nothing while its node is not lowered. */
static struct signal term_signal(const struct lowering *l, const struct term *t)
{
    switch (t->kind) {
    case TERM_CONSTANT:
        return mono(ir_constant(l->ir, (float)t->value));
    case TERM_PARAM:
        return mono(ir_param(l->ir, t->param));
    case TERM_NODE:
        return l->done[t->node] ? l->out[t->node][t->port] : nothing;
    }
    return nothing;
}

/* Takes up all terms that are there. */
static void advance_sum(struct lowering *l, unsigned node, unsigned input)
{
    const struct input *in = &l->graph->nodes[node].in[input];
    struct sum *s = &l->sums[l->first_input[node] + input];
    unsigned outer = l->ir->node;
    l->ir->node = node;
    for (; s->taken < in->count; s->taken++) {
        struct signal next = term_signal(l, &in->terms[s->taken]);
        if (next.left == IR_NONE)
            break;
        s->acc = s->taken == 0 ? next : add(l->ir, s->acc, next);
    }
    l->ir->node = outer;
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
    return ir_param(ir, l->gate - 1);
}

static struct signal input(struct lowering *l, unsigned node, unsigned i)
{
    const struct node *n = &l->graph->nodes[node];
    advance_sum(l, node, i);
    if (n->in[i].count)
        return l->sums[l->first_input[node] + i].acc;
    if (n->module->in[i].use == VM_USE_GATED)
        return mono(voice_gate(l));
    return mono(ir_constant(l->ir, (float)n->module->in[i].def));
}

static int value(struct lowering *l, unsigned node, unsigned i)
{
    return input(l, node, i).left;
}

static void give(struct lowering *l, unsigned node, int v)
{
    l->out[node][0] = mono(v);
}

/* Modules that are one op of the same inputs, in order, and one output. */
static const struct {
    enum vm_module_id module;
    enum vm_op op;
} direct[] = {
    {VM_MOD_OSC_SAW, VM_OP_osc_saw},
    {VM_MOD_OSC_PULSE, VM_OP_osc_pulse},
    {VM_MOD_OSC_TRIANGLE, VM_OP_osc_triangle},
    {VM_MOD_OSC_PHASOR, VM_OP_osc_phasor},
    {VM_MOD_GAIN, VM_OP_gain},
    {VM_MOD_MATH_ADD, VM_OP_add},
    {VM_MOD_MATH_SUB, VM_OP_sub},
    {VM_MOD_MATH_MUL, VM_OP_mul},
    {VM_MOD_MATH_DIV, VM_OP_div},
    {VM_MOD_MATH_MIN, VM_OP_min},
    {VM_MOD_MATH_MAX, VM_OP_max},
    {VM_MOD_MATH_CLIP, VM_OP_clip},
};

static int lower_direct(struct lowering *l, unsigned node)
{
    const struct vm_module *m = l->graph->nodes[node].module;
    int in[VM_OP_INPUTS] = {0};
    for (size_t i = 0; i < sizeof direct / sizeof *direct; i++) {
        if (direct[i].module != m->id)
            continue;
        for (unsigned j = 0; j < m->inputs; j++)
            in[j] = value(l, node, j);
        give(l, node, ir_call(l->ir, direct[i].op, 0, in));
        return 1;
    }
    return 0;
}

static void lower_sine(struct lowering *l, unsigned node)
{
    int in[VM_OP_INPUTS] = {value(l, node, VM_IN_OSC_SINE_freq)};
    enum vm_op op = VM_OP_osc_sine;
    if (l->graph->nodes[node].in[VM_IN_OSC_SINE_phase].count) {
        in[1] = value(l, node, VM_IN_OSC_SINE_phase);
        op = VM_OP_osc_sine_pm;
    }
    give(l, node, ir_call(l->ir, op, 0, in));
}

static void lower_noise(struct lowering *l, unsigned node)
{
    const char *id = l->graph->nodes[node].id;
    uint32_t key = vm_crc32((const uint8_t *)id, strlen(id));
    int in[VM_OP_INPUTS] = {0};
    give(l, node, ir_call(l->ir, VM_OP_noise_white, key, in));
}

/* The three filters have the same inputs in the same places. */
_Static_assert((int)VM_IN_FILTER_LOPASS_cutoff == (int)VM_IN_FILTER_HIPASS_cutoff &&
                   (int)VM_IN_FILTER_LOPASS_cutoff == (int)VM_IN_FILTER_BANDPASS_cutoff &&
                   (int)VM_IN_FILTER_LOPASS_q == (int)VM_IN_FILTER_HIPASS_q &&
                   (int)VM_IN_FILTER_LOPASS_q == (int)VM_IN_FILTER_BANDPASS_q,
               "lower_svf reads all three");

static void lower_svf(struct lowering *l, unsigned node, enum vm_op op)
{
    int x = value(l, node, VM_IN_FILTER_LOPASS_in);
    int cutoff = value(l, node, VM_IN_FILTER_LOPASS_cutoff);
    int c = ir_call2(l->ir, VM_OP_svf_coeff, cutoff, value(l, node, VM_IN_FILTER_LOPASS_q));
    int in[VM_OP_INPUTS] = {x, c, c + 1, c + 2, c + 3};
    give(l, node, ir_call(l->ir, op, 0, in));
}

static void lower_onepole(struct lowering *l, unsigned node)
{
    int x = value(l, node, VM_IN_FILTER_ONEPOLE_in);
    int in[VM_OP_INPUTS] = {value(l, node, VM_IN_FILTER_ONEPOLE_cutoff)};
    int g = ir_call(l->ir, VM_OP_onepole_coeff, 0, in);
    give(l, node, ir_call2(l->ir, VM_OP_onepole, x, g));
}

/* frames and step of an envelope's segment go to in[0] and in[1]. */
static void segment(struct lowering *l, unsigned node, unsigned port, int *in)
{
    int time[VM_OP_INPUTS] = {value(l, node, port)};
    in[0] = ir_call(l->ir, VM_OP_env_segment, 0, time);
    in[1] = in[0] + 1;
}

static void lower_adsr(struct lowering *l, unsigned node)
{
    int in[VM_OP_INPUTS] = {value(l, node, VM_IN_ENV_ADSR_gate)};
    segment(l, node, VM_IN_ENV_ADSR_attack, in + 1);
    segment(l, node, VM_IN_ENV_ADSR_decay, in + 3);
    in[5] = value(l, node, VM_IN_ENV_ADSR_sustain);
    segment(l, node, VM_IN_ENV_ADSR_release, in + 6);
    give(l, node, ir_call(l->ir, VM_OP_env_adsr, 0, in));
}

static void lower_decay(struct lowering *l, unsigned node)
{
    int in[VM_OP_INPUTS] = {value(l, node, VM_IN_ENV_DECAY_gate)};
    segment(l, node, VM_IN_ENV_DECAY_attack, in + 1);
    segment(l, node, VM_IN_ENV_DECAY_time, in + 3);
    give(l, node, ir_call(l->ir, VM_OP_env_decay, 0, in));
}

static void lower_mix(struct lowering *l, unsigned node)
{
    int sum = value(l, node, VM_IN_MIX_in);
    int level = value(l, node, VM_IN_MIX_level);
    float x;
    if (ir_constant_of(l->ir, level, &x) && x == 1.0f)
        give(l, node, sum);
    else
        give(l, node, ir_call2(l->ir, VM_OP_mul, sum, level));
}

static void lower_pan(struct lowering *l, unsigned node)
{
    int x = value(l, node, VM_IN_PAN_in);
    int pos[VM_OP_INPUTS] = {value(l, node, VM_IN_PAN_pos)};
    int gains = ir_call(l->ir, VM_OP_pan_gains, 0, pos);
    int left = ir_call2(l->ir, VM_OP_mul, x, gains);
    int right = ir_call2(l->ir, VM_OP_mul, x, gains + 1);
    l->out[node][0] = (struct signal){left, right};
    l->out[node][1] = mono(left);
    l->out[node][2] = mono(right);
}

/* Channel n is port n. */
static void lower_input(struct lowering *l, unsigned node)
{
    int left = ir_read(l->ir, 0, IR_NONE), right = ir_read(l->ir, 1, IR_NONE);
    l->out[node][0] = (struct signal){left, right};
    l->out[node][1] = mono(left);
    l->out[node][2] = mono(right);
}

static double fixed_or(const struct node *n, unsigned i, double otherwise)
{
    return n->in[i].count ? n->in[i].terms[0].value : otherwise;
}

/* One frame more than a port may have stands for all that is too long. */
static uint32_t whole_frames(double seconds, double round_up)
{
    double frames = seconds * RP_SAMPLE_RATE + round_up;
    if (frames > VM_MAX_DELAY)
        return VM_MAX_DELAY + 1;
    return frames < 1.0 ? 1 : (uint32_t)frames;
}

/* 1 when all terms are constants, with *sum their sum. */
static int constant_sum(const struct input *in, double *sum)
{
    *sum = 0.0;
    for (unsigned i = 0; i < in->count; i++) {
        if (in->terms[i].kind != TERM_CONSTANT)
            return 0;
        *sum += in->terms[i].value;
    }
    return in->count > 0;
}

/* The delays a line must offer: a constant's own; a parameter's range; else min to max. */
static void delay_range(const struct lowering *l, const struct node *n, double *low, double *high)
{
    const struct input *time = &n->in[VM_IN_DELAY_FEEDBACK_time];
    const struct vm_in *ports = n->module->in;
    double fixed;
    *low = ports[VM_IN_DELAY_FEEDBACK_min].def;
    *high = ports[VM_IN_DELAY_FEEDBACK_max].def;
    if (time->count == 0)
        *low = *high = ports[VM_IN_DELAY_FEEDBACK_time].def;
    else if (constant_sum(time, &fixed))
        *low = *high = fixed;
    else if (time->count == 1 && time->terms[0].kind == TERM_PARAM) {
        *low = l->graph->params[time->terms[0].param].low;
        *high = l->graph->params[time->terms[0].param].high;
    }
    if (*low != *high) {
        *low = fixed_or(n, VM_IN_DELAY_FEEDBACK_min, *low);
        *high = fixed_or(n, VM_IN_DELAY_FEEDBACK_max, *high);
    }
}

/* A constant time is turned into frames in double, so that 0.3 s is 14400 frames and not
 * 14400.001. */
static int delay_frames(struct lowering *l, unsigned node, double low, double high)
{
    if (low == high) {
        double frames = low * RP_SAMPLE_RATE;
        return ir_constant(l->ir, (float)(frames < 1.0 ? 1.0 : frames));
    }
    int in[VM_OP_INPUTS] = {value(l, node, VM_IN_DELAY_FEEDBACK_time)};
    return ir_call(l->ir, VM_OP_frames, 0, in);
}

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
static int same_delay(const struct lowering *l, unsigned node)
{
    const struct node *n = &l->graph->nodes[node];
    /* Past the limit, which is an error anyway, looking would take quadratic time. */
    for (size_t i = 0; i < l->delay_count && l->delay_count <= VM_MAX_PORTS; i++) {
        const struct node *other = &l->graph->nodes[l->delays[i]];
        unsigned k = 0;
        while (k < n->module->inputs && same_terms(&n->in[k], &other->in[k]))
            k++;
        if (k == n->module->inputs)
            return (int)l->delays[i];
    }
    return IR_NONE;
}

static void lower_delay(struct lowering *l, unsigned node)
{
    int twin = same_delay(l, node);
    if (twin != IR_NONE) {
        l->out[node][0] = l->out[twin][0];
        return;
    }
    l->delays[l->delay_count++] = node;
    double low, high;
    delay_range(l, &l->graph->nodes[node], &low, &high);
    uint32_t shortest = whole_frames(low, 0.0), longest = whole_frames(high, 0.999999);
    if (longest < shortest)
        longest = shortest;
    int port = ir_delay(l->ir, shortest, longest);
    int frames = delay_frames(l, node, low, high);
    give(l, node, ir_read(l->ir, port, frames));
}

/* w := in + feedback d.  Without feedback, w := in. */
static void write_delays(struct lowering *l)
{
    for (size_t i = 0; i < l->delay_count; i++) {
        unsigned node = l->delays[i];
        l->ir->node = node;
        int w = value(l, node, VM_IN_DELAY_FEEDBACK_in);
        int feedback = value(l, node, VM_IN_DELAY_FEEDBACK_feedback);
        float x;
        if (!ir_constant_of(l->ir, feedback, &x) || x != 0.0f) {
            int again = ir_call2(l->ir, VM_OP_mul, l->out[node][0].left, feedback);
            w = ir_call2(l->ir, VM_OP_add, w, again);
        }
        ir_write(l->ir, (int)(l->graph->inputs + i), w); /* the inputs' ports come first */
    }
}

/* One side of a stereo output: what `in` gives it, and what its own input adds. */
static int side(struct lowering *l, unsigned port, int from_in)
{
    unsigned node = l->graph->output;
    if (l->graph->nodes[node].in[port].count == 0 && from_in != IR_NONE)
        return from_in;
    int own = value(l, node, port);
    return from_in == IR_NONE ? own : ir_call2(l->ir, VM_OP_add, from_in, own);
}

static void lower_output(struct lowering *l)
{
    unsigned node = l->graph->output;
    const struct node *n = &l->graph->nodes[node];
    struct signal sum = nothing;
    l->ir->node = node;
    if (n->in[VM_IN_OUTPUT_in].count)
        sum = input(l, node, VM_IN_OUTPUT_in);
    if (n->in[VM_IN_OUTPUT_left].count || n->in[VM_IN_OUTPUT_right].count) {
        int right = sum.right == IR_NONE ? sum.left : sum.right;
        sum.left = side(l, VM_IN_OUTPUT_left, sum.left);
        sum.right = side(l, VM_IN_OUTPUT_right, right);
    }
    if (sum.left == IR_NONE)
        sum = mono(ir_constant(l->ir, 0.0f));
    ir_output(l->ir, sum.left, sum.right);
}

static void lower_node(struct lowering *l, unsigned node)
{
    switch (l->graph->nodes[node].module->id) {
    case VM_MOD_OSC_SINE:
        lower_sine(l, node);
        break;
    case VM_MOD_NOISE_WHITE:
        lower_noise(l, node);
        break;
    case VM_MOD_FILTER_LOPASS:
        lower_svf(l, node, VM_OP_svf_lopass);
        break;
    case VM_MOD_FILTER_HIPASS:
        lower_svf(l, node, VM_OP_svf_hipass);
        break;
    case VM_MOD_FILTER_BANDPASS:
        lower_svf(l, node, VM_OP_svf_bandpass);
        break;
    case VM_MOD_FILTER_ONEPOLE:
        lower_onepole(l, node);
        break;
    case VM_MOD_ENV_ADSR:
        lower_adsr(l, node);
        break;
    case VM_MOD_ENV_DECAY:
        lower_decay(l, node);
        break;
    case VM_MOD_MIX:
        lower_mix(l, node);
        break;
    case VM_MOD_PAN:
        lower_pan(l, node);
        break;
    case VM_MOD_DELAY_FEEDBACK:
        lower_delay(l, node);
        break;
    case VM_MOD_INPUT:
        lower_input(l, node);
        break;
    case VM_MOD_INPUT_MONO:
        give(l, node, ir_read(l->ir, 0, IR_NONE));
        break;
    case VM_MOD_OUTPUT: /* last of all */
        break;
    default:
        lower_direct(l, node);
    }
}

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

static uint32_t longest(const struct ir *ir)
{
    uint32_t frames = 0;
    for (size_t i = 0; i < ir->port_count; i++)
        frames = ir->ports[i].high > frames ? ir->ports[i].high : frames;
    return frames;
}

static uint64_t all_rings(const struct ir *ir)
{
    uint64_t frames = 0;
    for (size_t i = 0; i < ir->port_count; i++)
        if (ir->ports[i].kind == VM_PORT_DELAY)
            frames += vm_ring_frames(ir->ports[i].high);
    return frames;
}

static void report_limits(struct lowering *l)
{
    const struct ir *ir = l->ir;
    uint64_t frames = all_rings(ir);
    if (ir->not_finite) {
        const struct node *n = &l->graph->nodes[ir->not_finite - 1];
        struct diag *d = diag_error(l->diags, E_CONSTANT_NOT_FINITE, n->place,
                                    "the constants of '%s' do not give a finite number", n->id);
        diag_help(l->diags, d, "look for a division by zero or a product out of range");
    }
    struct diag *d = NULL;
    struct place place = l->graph->nodes[l->graph->output].place;
    if (longest(ir) > VM_MAX_DELAY)
        d = diag_error(l->diags, E_DELAY_LIMIT, place, "a delay line of more than %.1f s",
                       (double)VM_MAX_DELAY / RP_SAMPLE_RATE);
    else if (frames > VM_MAX_RINGS || ir->port_count > VM_MAX_PORTS)
        d = diag_error(l->diags, E_DELAY_LIMIT, place,
                       "%zu delay lines that take %.1f s of memory; at most %d and %.1f s",
                       l->delay_count, (double)frames / RP_SAMPLE_RATE, VM_MAX_PORTS,
                       (double)VM_MAX_RINGS / RP_SAMPLE_RATE);
    if (d)
        diag_help(l->diags, d, "give the delays a shorter 'time', or a smaller 'max'");
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
    l.delays = arena_take(arena, graph->node_count + 1, sizeof *l.delays);
    if (!l.out || !l.done || !l.delays || find_users(&l))
        return NULL;
    for (unsigned i = 0; i < graph->inputs; i++)
        ir_input(ir);
    for (size_t i = 0; i < graph->node_count && !arena->failed; i++) {
        unsigned node = order[i];
        ir->node = node;
        lower_node(&l, node);
        l.done[node] = 1;
        for (size_t u = l.first_user[node]; u < l.first_user[node + 1]; u++)
            advance_sum(&l, l.users[u].node, l.users[u].input);
    }
    if (!arena->failed)
        write_delays(&l);
    if (!arena->failed)
        lower_output(&l);
    if (!arena->failed)
        report_limits(&l);
    ir_mark_live(ir);
    return arena->failed || diags->count ? NULL : ir;
}
