/* group.c - voices come to be, and run.
 *
 * A stretch is at most vm_block() frames with no event within. Before a stretch that follows an
 * event, prepare() walks the code once: what does not vary is computed there and then, one frame
 * of it; the rest is bound to buffers as a list of calls. The stretch is that list, each kernel
 * over all the frames. */
#include "vm/group.h"
#include "vm/bump.h"
#include "vm/float_unit.h"
#include "vm/pairs.h"
#include <stdio.h>
#include <string.h>

/* One layout for counting and for building. The group itself is the first piece. */
static void lay_out(struct bump *b, const struct rp_program *p, size_t lanes, struct rp_group *g)
{
    memset(g, 0, sizeof *g);
    bump_take(b, 1, sizeof *g);
    size_t registers = p->totals.registers + 1, params = p->param_count;
    g->age = bump_take(b, lanes, sizeof *g->age);
    g->value = bump_take(b, params * lanes, sizeof *g->value);
    g->glide = bump_take(b, params * lanes, sizeof *g->glide);
    g->gliding = bump_take(b, params, sizeof *g->gliding);
    g->uniform = bump_take(b, registers * lanes, sizeof *g->uniform);
    g->varying = bump_take(b, registers, sizeof *g->varying);
    g->rate = bump_take(b, registers, sizeof *g->rate);
    g->buffers = bump_take(b, p->buffer_blocks * (size_t)vm_block((unsigned)lanes) * lanes,
                           sizeof *g->buffers);
    g->state = bump_take(b, p->totals.state * lanes, sizeof *g->state);
    g->delays = bump_take(b, p->port_count, sizeof *g->delays);
    g->calls = bump_take(b, p->instruction_count, sizeof *g->calls);
    for (uint32_t i = 0; i < p->port_count; i++) {
        float *ring = bump_take(b, p->ports[i].ring * lanes, sizeof *ring);
        if (b->base)
            g->delays[i].ring = ring;
    }
}

size_t rp_group_bytes(const struct rp_program *p, unsigned lanes)
{
    struct bump count = {NULL, 0};
    struct rp_group scrap;
    if (!vm_engine_find(lanes, RP_ISA_BASE))
        return 0;
    lay_out(&count, p, lanes, &scrap);
    return count.used;
}

static struct rp_group *fail(struct rp_error *error, enum rp_status status, const char *reason)
{
    if (error) {
        memset(error, 0, sizeof *error);
        error->status = status;
        snprintf(error->reason, sizeof error->reason, "%s", reason);
    }
    return NULL;
}

static void default_params(struct rp_group *g, unsigned lane)
{
    for (uint32_t i = 0; i < g->program->param_count; i++) {
        g->value[i * g->lanes + lane] = g->program->params[i].def;
        g->glide[i * g->lanes + lane] = (struct vm_glide){0};
        g->gliding[i] &= ~(UINT32_C(1) << lane);
    }
}

struct rp_group *rp_instantiate(const struct rp_program *p, unsigned lanes, enum rp_isa isa,
                                void *memory, size_t memory_size, struct rp_error *error)
{
    const struct vm_engine *engine = vm_engine_find(lanes, isa);
    size_t need = rp_group_bytes(p, lanes);
    struct bump bump = {memory, 0};
    if (!engine)
        return fail(error, RP_ARGUMENT, "no such lane width, or not on this CPU");
    if (!memory || need > memory_size || (uintptr_t)memory % RP_ALIGNMENT != 0)
        return fail(error, RP_MEMORY, "the memory for the group is too small or not aligned");
    memset(memory, 0, need);
    struct rp_group *g = memory;
    lay_out(&bump, p, lanes, g);
    g->program = p;
    g->engine = engine;
    g->lanes = lanes;
    g->stale = 1;
    for (uint32_t i = 0; i < p->port_count; i++) {
        if (p->ports[i].kind == VM_PORT_INPUT)
            continue;
        g->delays[i].mask = p->ports[i].ring - 1;
        g->delays[i].low = (float)p->ports[i].low;
        g->delays[i].high = (float)p->ports[i].high;
    }
    for (unsigned lane = 0; lane < lanes; lane++)
        default_params(g, lane);
    return g;
}

/* Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014: SplitMix64. */
static uint64_t mix64(uint64_t z)
{
    z += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static void start_state(struct rp_group *g, unsigned lane, uint64_t seed, uint64_t serial)
{
    const struct rp_program *p = g->program;
    for (uint32_t w = 0; w < p->totals.state; w++)
        g->state[w * (size_t)g->lanes + lane] = 0;
    for (uint32_t i = 0; i < p->instruction_count; i++) {
        const struct vm_instruction *n = &p->code[i];
        if (n->opcode != VM_CALL_OP || !vm_ops[n->arg].key)
            continue;
        uint64_t key = mix64(mix64(mix64(seed) ^ serial) ^ n->key);
        uint32_t *state = g->state + n->state * (size_t)g->lanes + lane;
        state[0] = (uint32_t)key;
        state[g->lanes] = (uint32_t)(key >> 32);
    }
    for (uint32_t i = 0; i < p->port_count; i++)
        for (uint32_t k = 0; k < p->ports[i].ring; k++)
            g->delays[i].ring[k * (size_t)g->lanes + lane] = 0.0f;
}

enum rp_status rp_voice_start(struct rp_group *g, unsigned lane, uint64_t seed, uint64_t serial)
{
    if (lane >= g->lanes)
        return RP_ARGUMENT;
    start_state(g, lane, seed, serial);
    default_params(g, lane);
    g->age[lane] = 0;
    g->started |= UINT32_C(1) << lane;
    g->stale = 1;
    return RP_OK;
}

enum rp_status rp_voice_stop(struct rp_group *g, unsigned lane)
{
    if (lane >= g->lanes)
        return RP_ARGUMENT;
    g->started &= ~(UINT32_C(1) << lane);
    for (uint32_t i = 0; i < g->program->param_count; i++)
        g->gliding[i] &= ~(UINT32_C(1) << lane);
    g->stale = 1;
    return RP_OK;
}

static float *buffer_of(const struct rp_group *g, uint32_t r)
{
    return g->buffers + g->program->buffer[r] * (size_t)vm_block(g->lanes) * g->lanes;
}

static float *uniform_of(const struct rp_group *g, uint32_t r)
{
    return g->uniform + r * (size_t)g->lanes;
}

static float *signal_of(const struct rp_group *g, uint32_t r)
{
    return g->varying[r] ? buffer_of(g, r) : uniform_of(g, r);
}

static int varies(const struct rp_group *g, const struct vm_instruction *n)
{
    switch (n->opcode) {
    case VM_LOAD_PARAM:
        return g->gliding[n->arg] != 0;
    case VM_READ_PORT:
    case VM_WRITE_PORT:
        return 1;
    case VM_CALL_OP:
        if (!vm_op_is_stateless(&vm_ops[n->arg]))
            return 1;
        for (unsigned j = 0; j < n->inputs; j++)
            if (g->varying[n->in[j]])
                return 1;
        return 0;
    default:
        return 0;
    }
}

static void bind(struct rp_group *g, struct vm_call *c, const struct vm_instruction *n)
{
    memset(c, 0, sizeof *c);
    c->outputs = n->outputs;
    c->rate = n->rate;
    for (unsigned j = 0; j < n->inputs; j++) {
        c->in[j] = signal_of(g, n->in[j]);
        c->varying |= (uint32_t)g->varying[n->in[j]] << j;
    }
    for (unsigned j = 0; j < n->outputs; j++)
        c->out[j] = signal_of(g, n->out[j]);
    if (n->opcode == VM_CALL_OP) {
        c->run = g->engine->run[n->arg];
        c->state = g->state + n->state * (size_t)g->lanes;
        if (vm_op_has_port(&vm_ops[n->arg]))
            c->delay = &g->delays[n->port];
        if (vm_op_has_table(&vm_ops[n->arg]))
            c->table = &g->program->tables[n->table];
        if (vm_ops[n->arg].loop == VM_HOLD)
            c->shift = (uint8_t)(n->rate - g->rate[n->in[0]]);
    } else if (vm_reads_input(n)) {
        c->run = NULL;
    } else if (n->opcode == VM_READ_PORT || n->opcode == VM_WRITE_PORT) {
        c->run = n->opcode == VM_READ_PORT ? g->engine->read_port : g->engine->write_port;
        c->delay = &g->delays[n->arg];
    }
}

static void load_uniform(struct rp_group *g, const struct vm_instruction *n)
{
    float *to = uniform_of(g, n->out[0]);
    for (unsigned l = 0; l < g->lanes; l++)
        to[l] = n->opcode == VM_LOAD_CONST ? g->program->constants[n->arg]
                                           : g->value[n->arg * (size_t)g->lanes + l];
}

/* The first frame in which a started lane is not finite, or `frames`. Fills in frame and lane. */
static uint32_t find_not_finite(const struct rp_group *g, const float *values, uint32_t frames,
                                uint32_t stride, const char *what, struct rp_error *error)
{
    for (uint32_t i = 0; i < frames; i++) {
        for (unsigned l = 0; l < g->lanes; l++) {
            float x = values[i * (size_t)stride + l];
            if (!(g->started >> l & 1) || x - x == 0.0f)
                continue;
            if (error) {
                memset(error, 0, sizeof *error);
                error->status = RP_NOT_FINITE;
                error->offset = g->age[l] + i;
                error->lane = l;
                snprintf(error->reason, sizeof error->reason, "an %s is %s", what,
                         x == x ? "infinite" : "not a number");
            }
            return i;
        }
    }
    return frames;
}

static const char *node_of(const struct rp_program *p, uint32_t instruction)
{
    return p->nodes && p->nodes[instruction] != VM_NONE ? p->names + p->nodes[instruction] : NULL;
}

/* What looks at every op's values as they come: a tap, or a check that they are finite. */
struct watch {
    const struct rp_tap *tap; /* NULL: a check */
    uint32_t longest;         /* stretch */
};

/* Values of one op and output: `frames` rows of the op's rate, or one row for all of them. */
static enum rp_status check(const struct rp_group *g, const struct vm_instruction *n,
                            const float *values, uint32_t rows, struct rp_error *error)
{
    uint32_t good = find_not_finite(g, values, rows, g->lanes, "output", error);
    if (good == rows)
        return RP_OK;
    if (error) {
        error->offset -= good - (good >> n->rate);
        error->node = node_of(g->program, (uint32_t)(n - g->program->code));
    }
    return RP_NOT_FINITE;
}

static void tell(const struct rp_group *g, const struct vm_instruction *n, unsigned output,
                 uint32_t frames, const struct rp_tap *tap)
{
    int audio = g->varying[n->out[output]];
    struct rp_instruction of;
    rp_instruction_at(g->program, (uint32_t)(n - g->program->code), &of);
    struct rp_tap_values values = {
        .instruction = (uint32_t)(n - g->program->code),
        .output = output,
        .node = of.node,
        .op = of.op,
        .values = signal_of(g, n->out[output]) + tap->lane,
        .stride = audio ? g->lanes : 0,
        .frames = frames << n->rate,
        .rate = 1u << n->rate,
    };
    tap->look(tap->context, &values);
}

/* After an instruction gave its values of a stretch. */
static enum rp_status look(const struct rp_group *g, const struct watch *watch,
                           const struct vm_instruction *n, uint32_t frames, struct rp_error *error)
{
    enum rp_status status = RP_OK;
    for (unsigned j = 0; watch && j < n->outputs && status == RP_OK; j++) {
        uint32_t rows = g->varying[n->out[j]] ? frames << n->rate : 1;
        if (watch->tap)
            tell(g, n, j, frames, watch->tap);
        else
            status = check(g, n, signal_of(g, n->out[j]), rows, error);
    }
    return status;
}

/* The last call, with that of the instruction before it whose values it alone reads. */
static void pair(struct rp_group *g, struct vm_call *second, uint32_t instruction)
{
    struct vm_call *first = second;
    while (first > g->calls && first->instruction > instruction)
        first--;
    if (first->instruction != instruction ||
        !vm_pair_calls(g->program, g->engine->pairs, first, second))
        return;
    memmove(first, first + 1, (size_t)(second - first) * sizeof *first);
    g->call_count--;
}

/* Makes uniform values and the list of calls, for a stretch of `frames` if there is a watch. */
static enum rp_status prepare(struct rp_group *g, const struct watch *watch, uint32_t frames,
                              struct rp_error *error)
{
    const struct rp_program *p = g->program;
    g->call_count = 0;
    for (uint32_t i = 0; i < p->instruction_count; i++) {
        const struct vm_instruction *n = &p->code[i];
        int audio = varies(g, n);
        for (unsigned j = 0; j < n->outputs; j++)
            g->varying[n->out[j]] = (uint8_t)audio;
        for (unsigned j = 0; j < n->outputs; j++)
            g->rate[n->out[j]] = n->rate;
        if (n->opcode == VM_WRITE_OUTPUT) {
            g->output_varies = 0;
            for (unsigned j = 0; j < n->inputs; j++) {
                g->output[j] = signal_of(g, n->in[j]);
                g->output_varies |= (uint32_t)g->varying[n->in[j]] << j;
            }
        } else if (audio) {
            struct vm_call *c = &g->calls[g->call_count++];
            bind(g, c, n);
            c->instruction = i;
            if (!watch && n->first != VM_NONE)
                pair(g, c, n->first);
        } else if (n->opcode == VM_CALL_OP) {
            struct vm_call once;
            bind(g, &once, n);
            once.run(&once, 1);
            if (look(g, watch, n, frames, error))
                return RP_NOT_FINITE;
        } else {
            load_uniform(g, n);
            if (n->opcode == VM_LOAD_PARAM && look(g, watch, n, frames, error))
                return RP_NOT_FINITE;
        }
    }
    g->stale = 0;
    return RP_OK;
}

static void fill_param(struct rp_group *g, const struct vm_call *c, uint32_t frames)
{
    uint32_t param = g->program->code[c->instruction].arg;
    for (uint32_t i = 0; i < frames; i++)
        for (unsigned l = 0; l < g->lanes; l++)
            c->out[0][i * (size_t)g->lanes + l] = vm_param_value(g, param, l, i);
}

static void fill_input(struct rp_group *g, const struct vm_call *c, uint32_t frames)
{
    uint32_t port = g->program->code[c->instruction].arg;
    const float *from = g->input[g->program->ports[port].channel];
    size_t bytes = frames * (size_t)g->lanes * sizeof *from;
    if (from)
        memcpy(c->out[0], from, bytes);
    else
        memset(c->out[0], 0, bytes);
}

/* What has no kernel. */
static void fill(struct rp_group *g, const struct vm_call *c, uint32_t frames)
{
    if (g->program->code[c->instruction].opcode == VM_LOAD_PARAM)
        fill_param(g, c, frames);
    else
        fill_input(g, c, frames);
}

static void advance_param(struct rp_group *g, uint32_t param, uint32_t frames)
{
    for (unsigned l = 0; l < g->lanes; l++) {
        size_t i = param * (size_t)g->lanes + l;
        struct vm_glide *glide = &g->glide[i];
        if (!(g->gliding[param] >> l & 1))
            continue;
        if (frames < glide->length - glide->at) {
            glide->at += frames;
            continue;
        }
        glide->at = glide->length;
        g->value[i] = glide->target;
        g->gliding[param] &= ~(UINT32_C(1) << l);
        g->stale = 1;
    }
}

static void advance(struct rp_group *g, uint32_t frames)
{
    for (uint32_t i = 0; i < g->program->param_count; i++)
        if (g->gliding[i])
            advance_param(g, i, frames);
    for (uint32_t i = 0; i < g->program->port_count; i++)
        g->delays[i].at += frames << g->program->ports[i].rate;
    for (uint32_t c = 0; c < g->program->inputs; c++)
        if (g->input[c])
            g->input[c] += frames * (size_t)g->lanes;
    for (unsigned l = 0; l < g->lanes; l++)
        g->age[l] += frames;
}

/* A value a lane, for all frames. */
static void repeat(float *to, const float *from, size_t frames, size_t lanes)
{
    if (lanes > 1) {
        for (size_t i = 0; i < frames; i++)
            memcpy(to + i * lanes, from, lanes * sizeof *to);
    } else if (frames > 0) {
        float only = *from;
        for (size_t i = 0; i < frames; i++)
            to[i] = only;
    }
}

/* Copies an output of the stretch to where it is wanted; whether a value of it is not finite. */
static uint32_t deliver_one(const struct rp_group *g, unsigned c, uint32_t frames, float *to)
{
    const float *from = g->output[c];
    if (to && g->output_varies >> c & 1)
        return g->engine->copy(to, from, frames * g->lanes);
    if (to)
        repeat(to, from, frames, g->lanes);
    return g->engine->not_finite(from, (g->output_varies >> c & 1 ? frames : 1) * g->lanes);
}

/* All of them; RP_NOT_FINITE when some frames are not good. */
static enum rp_status deliver(struct rp_group *g, uint32_t frames, float *const out[], size_t at,
                              struct rp_error *error)
{
    uint32_t good =
        frames; /* before the first in which an output of a started lane is not finite */
    for (unsigned c = 0; c < g->program->totals.channels && good > 0; c++) {
        if (!deliver_one(g, c, frames, out[c] ? out[c] + at * g->lanes : NULL))
            continue;
        uint32_t rows = g->output_varies >> c & 1 ? good : 1;
        uint32_t found = find_not_finite(g, g->output[c], rows, g->lanes, "output", error);
        if (found == rows)
            continue; /* an idle lane */
        if (error)
            error->channel = c;
        good = found;
    }
    return good == frames ? RP_OK : RP_NOT_FINITE;
}

static enum rp_status run_stretch(struct rp_group *g, uint32_t frames, const struct watch *watch,
                                  struct rp_error *error)
{
    if (g->stale || watch)
        if (prepare(g, watch, frames, error))
            return RP_NOT_FINITE;
    for (uint32_t i = 0; i < g->call_count; i++) {
        struct vm_call *c = &g->calls[i];
        if (c->run)
            c->run(c, frames << c->rate);
        else
            fill(g, c, frames);
        if (look(g, watch, &g->program->code[c->instruction], frames, error))
            return RP_NOT_FINITE;
    }
    return RP_OK;
}

/* Frames of the stretch before the first in which an input that is read is not finite: it must
 * not depend on what the patch makes of it. */
static uint32_t good_input(const struct rp_group *g, uint32_t frames, struct rp_error *error)
{
    const struct rp_program *p = g->program;
    for (uint32_t c = 0; c < p->inputs && frames > 0; c++) {
        const float *from = g->input[c];
        if (!from || p->reader[c] == VM_NONE || !g->engine->not_finite(from, frames * g->lanes))
            continue;
        uint32_t good = find_not_finite(g, from, frames, g->lanes, "input", error);
        if (good == frames)
            continue; /* an idle lane */
        if (error) {
            error->input = 1;
            error->channel = c;
        }
        if (error)
            error->node = node_of(p, p->reader[c]);
        frames = good;
    }
    return frames;
}

/* Stretches of about one length: kernels are quicker in two of 400 frames than in one of 512 and a
 * rest. Whole vectors of 16 frames suit a group of one lane. */
static uint32_t stretch_of(size_t frames, uint32_t longest)
{
    if (frames <= longest)
        return (uint32_t)frames;
    size_t pieces = (frames + longest - 1) / longest;
    size_t n = ((frames + pieces - 1) / pieces + 15) & ~(size_t)15;
    return n < longest ? (uint32_t)n : longest;
}

static enum rp_status run_all(struct rp_group *g, size_t frames, const float *const in[],
                              float *const out[], const struct watch *watch, struct rp_error *error)
{
    uint32_t longest = g->program->block, room = vm_block(g->lanes);
    if (longest > room)
        longest = room;
    if (watch && watch->longest < longest)
        longest = watch->longest;
    for (uint32_t c = 0; c < g->program->inputs; c++)
        g->input[c] = in ? in[c] : NULL;
    for (size_t at = 0; at < frames;) {
        uint32_t n = stretch_of(frames - at, longest);
        uint32_t good = good_input(g, n, error);
        enum rp_status status = good ? run_stretch(g, good, watch, error) : RP_OK;
        if (status == RP_OK)
            status = deliver(g, good, out, at, error);
        if (status == RP_OK && good < n)
            status = RP_NOT_FINITE;
        if (status != RP_OK)
            return status;
        advance(g, n);
        at += n;
    }
    return RP_OK;
}

/* Whatever the host has set its float unit to. */
static enum rp_status run(struct rp_group *g, size_t frames, const float *const in[],
                          float *const out[], const struct watch *watch, struct rp_error *error)
{
    uint32_t host = vm_float_begin();
    enum rp_status status = run_all(g, frames, in, out, watch, error);
    vm_float_end(host);
    return status;
}

enum rp_status rp_process(struct rp_group *g, size_t frames, const float *const in[],
                          float *const out[], struct rp_error *error)
{
    return run(g, frames, in, out, NULL, error);
}

/* Stretches are single frames: the first bad value in time is then the first found. */
enum rp_status rp_process_checked(struct rp_group *g, size_t frames, const float *const in[],
                                  float *const out[], struct rp_error *error)
{
    struct watch watch = {NULL, 1};
    return run(g, frames, in, out, &watch, error);
}

enum rp_status rp_process_tapped(struct rp_group *g, size_t frames, const float *const in[],
                                 float *const out[], const struct rp_tap *tap,
                                 struct rp_error *error)
{
    struct watch watch = {tap, RP_BLOCK};
    if (tap->lane >= g->lanes) {
        fail(error, RP_ARGUMENT, "no such lane");
        return RP_ARGUMENT;
    }
    return run(g, frames, in, out, &watch, error);
}

enum rp_status rp_run(struct rp_group *g, size_t frames, float *const out[], struct rp_error *error)
{
    return rp_process(g, frames, NULL, out, error);
}

enum rp_status rp_run_checked(struct rp_group *g, size_t frames, float *const out[],
                              struct rp_error *error)
{
    return rp_process_checked(g, frames, NULL, out, error);
}
