/* cost.c - how much a program computes: the one place that knows. Static bounds, in the operations
 * of docs/mixer.md, 8: whatever comes in, no frame of a voice takes more. */
#include "vm/program.h"
#include <string.h>

enum {
    COST_READ = 12,
    COST_WRITE = 4,
    /* A parameter costs what its glide does. */
    COST_LINEAR = 16,
    COST_EXPONENTIAL = 64,
};

/* |x| in wholes, from 1 to most; of what is not known, most. */
static uint32_t wholes(const struct rp_program *p, uint32_t constant, uint32_t most)
{
    if (constant == VM_NONE)
        return most;
    float x = p->constants[constant];
    x = x < 0.0f ? -x : x;
    if (!(x < (float)most))
        return most;
    uint32_t whole = (uint32_t)x;
    whole += (float)whole < x;
    return whole > 1 ? whole : 1;
}

static uint32_t op_cost(const struct rp_program *p, const struct vm_instruction *n,
                        const uint32_t *constant)
{
    const struct vm_cost *cost = &vm_ops[n->arg].cost;
    switch (cost->by) {
    case VM_PER_VALUE:
        return cost->base + cost->each * p->tables[n->table].length;
    case VM_PER_INPUT:
        return cost->base + cost->each * wholes(p, constant[n->in[cost->input]], cost->most);
    default:
        return cost->base;
    }
}

static uint32_t cost_of(const struct rp_program *p, const struct vm_instruction *n,
                        const uint32_t *constant)
{
    switch (n->opcode) {
    case VM_CALL_OP:
        return op_cost(p, n, constant);
    case VM_LOAD_PARAM:
        return p->params[n->arg].curve == RP_EXPONENTIAL ? COST_EXPONENTIAL : COST_LINEAR;
    case VM_READ_PORT:
        return vm_reads_input(n) ? 0 : COST_READ;
    case VM_WRITE_PORT:
        return COST_WRITE;
    default:
        return 0;
    }
}

void vm_find_costs(struct rp_program *p, uint32_t *constant)
{
    for (uint32_t i = 0; i < p->instruction_count; i++) {
        struct vm_instruction *n = &p->code[i];
        for (unsigned j = 0; j < n->outputs; j++)
            constant[n->out[j]] = n->opcode == VM_LOAD_CONST ? n->arg : VM_NONE;
        n->cost = cost_of(p, n, constant) << n->rate;
    }
}

uint64_t rp_cost(const struct rp_program *p)
{
    uint64_t cost = 0;
    for (uint32_t i = 0; i < p->instruction_count; i++)
        cost += p->code[i].cost;
    return cost;
}

uint64_t rp_node_cost(const struct rp_program *p, const char *node)
{
    uint64_t cost = 0;
    for (uint32_t i = 0; p->nodes && i < p->instruction_count; i++)
        if (p->nodes[i] != VM_NONE && strcmp(p->names + p->nodes[i], node) == 0)
            cost += p->code[i].cost;
    return cost;
}
