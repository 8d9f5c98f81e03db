/* slow.h - a second machine, that takes one instruction after the other, frame by frame, over the
 * kernels that count: count.cc. One voice, parameters that stay, no sound coming in. */
#ifndef TESTS_VM_SLOW_H
#define TESTS_VM_SLOW_H

#include "tests/vm/count.h"
#include "vm/program.h"
#include <stdlib.h>
#include <string.h>

struct slow {
    const struct rp_program *program;
    const float *params;              /* by parameter */
    float (*value)[1 << VM_MAX_RATE]; /* by register and frame of its rate */
    uint8_t *rate;                    /* by register; a constant's is 255 */
    uint32_t *state;
    float **ring; /* by port */
    uint32_t frame;
    uint32_t over;             /* the first instruction that took more than it may, or VM_NONE */
    uint64_t operations, most; /* of the kernels, in this frame and in the worst */
};

static inline uint64_t slow_mix(uint64_t z)
{
    z += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static inline void slow_free(struct slow *s)
{
    for (uint32_t i = 0; s->ring && i < s->program->port_count; i++)
        free(s->ring[i]);
    free(s->ring);
    free(s->value);
    free(s->rate);
    free(s->state);
}

/* 0, or -1: no memory. */
static inline int slow_start(struct slow *s, const struct rp_program *p, const float *params,
                             uint64_t seed, uint64_t serial)
{
    size_t registers = p->totals.registers + 1;
    *s = (struct slow){.program = p, .params = params, .over = VM_NONE};
    s->value = calloc(registers, sizeof *s->value);
    s->rate = calloc(registers, 1);
    s->state = calloc(p->totals.state + VM_OP_STATE, sizeof *s->state);
    s->ring = calloc(p->port_count + 1, sizeof *s->ring);
    int failed = !s->value || !s->rate || !s->state || !s->ring;
    for (uint32_t i = 0; !failed && i < p->port_count; i++)
        failed = p->ports[i].ring && !(s->ring[i] = calloc(p->ports[i].ring, sizeof **s->ring));
    for (uint32_t i = 0; !failed && i < p->instruction_count; i++) {
        const struct vm_instruction *n = &p->code[i];
        if (n->opcode != VM_CALL_OP || !vm_ops[n->arg].key)
            continue;
        uint64_t key = slow_mix(slow_mix(slow_mix(seed) ^ serial) ^ n->key);
        s->state[n->state] = (uint32_t)key;
        s->state[n->state + 1] = (uint32_t)(key >> 32);
    }
    return failed ? -1 : 0;
}

static inline float slow_flush(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return (bits & 0x7fffffffu) > 0x1e3ce508u ? x : 0.0f;
}

/* An input of an instruction at frame k of its rate. */
static inline float slow_in(const struct slow *s, const struct vm_instruction *n, unsigned j,
                            uint32_t k)
{
    uint8_t rate = s->rate[n->in[j]];
    if (rate == 255)
        k = 0;
    else if (rate < n->rate)
        k >>= n->rate - rate;
    return s->value[n->in[j]][k];
}

static inline float slow_read(const struct slow *s, const struct vm_port *port, const float *ring,
                              float time, uint32_t now)
{
    (void)s;
    float low = (float)port->low, high = (float)port->high;
    time = time > low ? time : low;
    time = time < high ? time : high;
    int32_t whole = (int32_t)time;
    float part = time - (float)whole;
    float a = ring[(now - (uint32_t)whole) & (port->ring - 1)];
    float b = ring[(now - (uint32_t)whole - 1) & (port->ring - 1)];
    return a + part * (b - a);
}

static inline struct count_memory slow_memory(const struct slow *s, const struct vm_instruction *n,
                                              uint32_t now)
{
    const struct vm_op_row *row = &vm_ops[n->arg];
    struct count_memory m = {.rate = n->rate};
    if (vm_op_has_port(row)) {
        const struct vm_port *port = &s->program->ports[n->port];
        m.ring = s->ring[n->port];
        m.mask = port->ring - 1;
        m.now = now;
        m.low = (float)port->low;
        m.high = (float)port->high;
    }
    if (vm_op_has_table(row)) {
        m.table = s->program->tables[n->table].values;
        m.length = s->program->tables[n->table].length;
    }
    return m;
}

/* All frames of an op in one of the sample rate: its operations. */
static inline uint64_t slow_call(struct slow *s, const struct vm_instruction *n)
{
    enum vm_loop loop = vm_ops[n->arg].loop;
    float in[VM_OP_INPUTS] = {0}, out[VM_OP_OUTPUTS] = {0};
    uint32_t frames = UINT32_C(1) << n->rate, step = loop == VM_UP ? 2 : 1;
    uint64_t sum = 0;
    for (uint32_t k = 0; k < frames; k += step) {
        struct count_memory m = slow_memory(s, n, (s->frame << n->rate) + k);
        for (unsigned j = 0; j < n->inputs; j++)
            in[j] = slow_in(s, n, j, k);
        if (loop == VM_DOWN) {
            int constant = s->rate[n->in[0]] == 255;
            in[0] = s->value[n->in[0]][constant ? 0 : 2 * k];
            in[1] = s->value[n->in[0]][constant ? 0 : 2 * k + 1];
        } else if (loop == VM_HOLD) {
            out[0] = in[0];
        }
        if (loop == VM_HOLD)
            sum++;
        else
            sum += count_operations(n->arg, in, out, s->state + n->state, &m);
        if (loop == VM_UP) {
            s->value[n->out[0]][k] = out[0];
            s->value[n->out[0]][k + 1] = out[1];
        } else {
            for (unsigned j = 0; j < n->outputs; j++)
                s->value[n->out[j]][k] = out[j];
        }
    }
    return sum;
}

static inline void slow_step(struct slow *s, const struct vm_instruction *n)
{
    const struct rp_program *p = s->program;
    for (unsigned j = 0; j < n->outputs; j++)
        s->rate[n->out[j]] = n->opcode == VM_LOAD_CONST ? 255 : n->rate;
    if (n->opcode == VM_LOAD_CONST) {
        s->value[n->out[0]][0] = p->constants[n->arg];
    } else if (n->opcode == VM_LOAD_PARAM) {
        s->value[n->out[0]][0] = s->params[n->arg];
    } else if (vm_reads_input(n)) {
        s->value[n->out[0]][0] = 0.0f;
    } else if (n->opcode == VM_CALL_OP) {
        uint64_t counted = slow_call(s, n);
        s->operations += counted;
        if (counted > n->cost && s->over == VM_NONE)
            s->over = (uint32_t)(n - p->code);
    } else if (n->opcode != VM_WRITE_OUTPUT) {
        const struct vm_port *port = &p->ports[n->arg];
        for (uint32_t k = 0; k < UINT32_C(1) << n->rate; k++) {
            uint32_t now = (s->frame << n->rate) + k;
            float x = slow_in(s, n, 0, k);
            if (n->opcode == VM_WRITE_PORT)
                s->ring[n->arg][now & (port->ring - 1)] = slow_flush(x);
            else
                s->value[n->out[0]][k] = slow_read(s, port, s->ring[n->arg], x, now);
        }
    }
}

/* One frame; out has a value for each channel. */
static inline void slow_frame(struct slow *s, float out[2])
{
    const struct rp_program *p = s->program;
    s->operations = 0;
    for (uint32_t i = 0; i < p->instruction_count; i++)
        slow_step(s, &p->code[i]);
    const struct vm_instruction *end = &p->code[p->instruction_count - 1];
    for (unsigned j = 0; j < end->inputs; j++)
        out[j] = slow_in(s, end, j, 0);
    s->most = s->operations > s->most ? s->operations : s->most;
    s->frame++;
}

#endif
