#include "compiler/ir.h"
#include "vm/engine.h"
#include <string.h>

int ir_init(struct ir *ir, struct arena *arena, const struct graph *graph)
{
    memset(ir, 0, sizeof *ir);
    ir->arena = arena;
    ir->graph = graph;
    ir->param_count = graph->param_count;
    ir->params = arena_take(arena, ir->param_count + 1, sizeof *ir->params);
    if (ir->params && ir->param_count)
        memcpy(ir->params, graph->params, ir->param_count * sizeof *ir->params);
    return ir->params ? 0 : -1;
}

static uint32_t hash_instruction(const struct ir_instruction *n)
{
    uint32_t h = (uint32_t)n->opcode * 0x9e3779b1u ^ n->arg;
    h = (h ^ h >> 15) * 0x85ebca6bu ^ n->key;
    h = (h ^ h >> 14) * 0x9e3779b1u ^ ((uint32_t)n->port << 12 ^ (uint32_t)n->table << 2 ^ n->rate);
    for (unsigned j = 0; j < n->inputs; j++)
        h = (h ^ h >> 13) * 0xc2b2ae35u + (uint32_t)n->in[j];
    return h ^ h >> 16;
}

static int same_instruction(const struct ir_instruction *a, const struct ir_instruction *b)
{
    return a->opcode == b->opcode && a->arg == b->arg && a->key == b->key && a->port == b->port &&
           a->table == b->table && a->rate == b->rate && a->inputs == b->inputs &&
           memcmp(a->in, b->in, a->inputs * sizeof *a->in) == 0;
}

static int *slot_of(struct ir *ir, const struct ir_instruction *n)
{
    size_t i = hash_instruction(n) & (ir->slot_count - 1);
    while (ir->slots[i] && !same_instruction(&ir->code[ir->slots[i] - 1], n))
        i = (i + 1) & (ir->slot_count - 1);
    return &ir->slots[i];
}

static int slot_room(struct ir *ir)
{
    if (2 * (ir->slots_used + 1) <= ir->slot_count)
        return 0;
    size_t size = ir->slot_count ? 2 * ir->slot_count : 256;
    int *old = ir->slots;
    size_t old_size = ir->slot_count;
    int *table = arena_take(ir->arena, size, sizeof *table);
    if (!table)
        return -1;
    ir->slots = table;
    ir->slot_count = size;
    for (size_t i = 0; i < old_size; i++)
        if (old[i])
            *slot_of(ir, &ir->code[old[i] - 1]) = old[i];
    return 0;
}

static int append(struct ir *ir, struct ir_instruction *n)
{
    if (arena_grow(ir->arena, (void **)&ir->code, &ir->capacity, ir->count + 1, sizeof *n) ||
        arena_grow(ir->arena, (void **)&ir->definition, &ir->value_capacity,
                   ir->values + VM_OP_OUTPUTS, sizeof *ir->definition))
        return -1;
    n->out = (int)ir->values;
    n->node = ir->node;
    for (unsigned j = 0; j < n->outputs; j++)
        ir->definition[ir->values++] = (int)ir->count;
    ir->code[ir->count++] = *n;
    return 0;
}

/* The instruction's first value: an old one where the same was made before. A failed
 * allocation gives value 0; the arena remembers it. */
static int intern(struct ir *ir, struct ir_instruction *n)
{
    if (slot_room(ir))
        return 0;
    int *slot = slot_of(ir, n);
    if (!*slot) {
        if (append(ir, n))
            return 0;
        *slot = (int)ir->count;
        ir->slots_used++;
    }
    return ir->code[*slot - 1].out;
}

int ir_constant(struct ir *ir, float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    struct ir_instruction n = {.opcode = VM_LOAD_CONST, .outputs = 1, .arg = bits, .uniform = 1};
    return intern(ir, &n);
}

int ir_param(struct ir *ir, unsigned param)
{
    struct ir_instruction n = {.opcode = VM_LOAD_PARAM, .outputs = 1, .arg = param, .uniform = 1};
    return intern(ir, &n);
}

static int add_port(struct ir *ir, struct ir_port port)
{
    if (arena_grow(ir->arena, (void **)&ir->ports, &ir->port_capacity, ir->port_count + 1,
                   sizeof *ir->ports))
        return 0;
    port.node = ir->node;
    ir->ports[ir->port_count] = port;
    return (int)ir->port_count++;
}

int ir_input(struct ir *ir)
{
    return add_port(ir, (struct ir_port){.kind = VM_PORT_INPUT});
}

int ir_delay(struct ir *ir, uint32_t low, uint32_t high)
{
    return add_port(ir, (struct ir_port){VM_PORT_DELAY, ir->rate, low, high, 0});
}

int ir_ring(struct ir *ir, uint32_t longest)
{
    return add_port(ir, (struct ir_port){VM_PORT_RING, ir->rate, 0, longest, 0});
}

int ir_table(struct ir *ir, const float *values, uint32_t length)
{
    for (size_t i = 0; i < ir->table_count; i++)
        if (ir->tables[i].length == length &&
            memcmp(ir->tables[i].values, values, length * sizeof *values) == 0)
            return (int)i;
    if (arena_grow(ir->arena, (void **)&ir->tables, &ir->table_capacity, ir->table_count + 1,
                   sizeof *ir->tables))
        return 0;
    ir->tables[ir->table_count] = (struct ir_table){values, length};
    return (int)ir->table_count++;
}

int ir_read(struct ir *ir, int port, int frames)
{
    struct ir_instruction n = {
        .opcode = VM_READ_PORT, .outputs = 1, .rate = (uint8_t)ir->rate, .arg = (uint32_t)port};
    n.inputs = frames == IR_NONE ? 0 : 1;
    n.in[0] = frames;
    return intern(ir, &n);
}

void ir_write(struct ir *ir, int port, int value)
{
    struct ir_instruction n = {
        .opcode = VM_WRITE_PORT, .inputs = 1, .rate = (uint8_t)ir->rate, .arg = (uint32_t)port};
    n.in[0] = value;
    append(ir, &n);
}

void ir_output(struct ir *ir, int left, int right)
{
    struct ir_instruction n = {.opcode = VM_WRITE_OUTPUT};
    n.inputs = right == IR_NONE ? 1 : 2;
    n.in[0] = left;
    n.in[1] = right;
    append(ir, &n);
}

int ir_constant_of(const struct ir *ir, int value, float *x)
{
    if (ir->arena->failed)
        return 0;
    const struct ir_instruction *n = &ir->code[ir->definition[value]];
    if (n->opcode != VM_LOAD_CONST)
        return 0;
    memcpy(x, &n->arg, sizeof *x);
    return 1;
}

static int fold(struct ir *ir, const struct vm_op_row *row, const float *from)
{
    float to[VM_OP_OUTPUTS];
    vm_evaluate((uint32_t)(row - vm_ops), ir->rate, from, to);
    /* The results must be neighbours, so they are not looked up among older constants. */
    int first = IR_NONE;
    for (unsigned j = 0; j < row->outputs; j++) {
        struct ir_instruction n = {.opcode = VM_LOAD_CONST, .outputs = 1, .uniform = 1};
        if (to[j] - to[j] != 0.0f && !ir->not_finite)
            ir->not_finite = (int)ir->node + 1;
        memcpy(&n.arg, &to[j], sizeof n.arg);
        if (row->outputs == 1)
            return intern(ir, &n);
        append(ir, &n);
        if (j == 0)
            first = n.out;
    }
    return first;
}

static int is_constant(const struct ir *ir, int value, float x)
{
    float constant;
    return ir_constant_of(ir, value, &constant) && memcmp(&constant, &x, sizeof x) == 0;
}

/* The value that an op gives back as it is, bit for bit, whatever it may be; IR_NONE when that is
 * not known. A sum with 0 is not among them: it makes 0 of -0. */
static int same_as(const struct ir *ir, enum vm_op op, const int *in)
{
    float condition;
    switch (op) {
    case VM_OP_gain:
    case VM_OP_mul:
        return is_constant(ir, in[1], 1.0f)   ? in[0]
               : is_constant(ir, in[0], 1.0f) ? in[1]
                                              : IR_NONE;
    case VM_OP_div:
        return is_constant(ir, in[1], 1.0f) ? in[0] : IR_NONE;
    case VM_OP_sub:
        return is_constant(ir, in[1], 0.0f) ? in[0] : IR_NONE;
    case VM_OP_select:
        if (!ir_constant_of(ir, in[0], &condition))
            return IR_NONE;
        return condition > 0.0f ? in[1] : in[2];
    default:
        return IR_NONE;
    }
}

int ir_call(struct ir *ir, enum vm_op op, struct ir_extra extra, const int *in)
{
    const struct vm_op_row *row = vm_op_by_id(op);
    struct ir_instruction n = {.opcode = VM_CALL_OP,
                               .inputs = row->inputs,
                               .outputs = row->outputs,
                               .rate = (uint8_t)ir->rate,
                               .arg = (uint32_t)(row - vm_ops)};
    n.key = row->key ? extra.key : 0;
    n.port = vm_op_has_port(row) ? extra.port : 0;
    n.table = vm_op_has_table(row) ? extra.table : 0;
    float constants[VM_OP_INPUTS];
    int constant = vm_op_is_stateless(row) && row->loop == VM_NOTHING && !row->key;
    n.uniform =
        row->inputs > 0 && (vm_op_is_stateless(row) || (row->loop == VM_DOWN && row->state == 0));
    for (unsigned j = 0; j < row->inputs; j++) {
        n.in[j] = in[j];
        n.uniform &= !ir->arena->failed && ir->code[ir->definition[in[j]]].uniform;
        constant = ir_constant_of(ir, in[j], &constants[j]) && constant;
    }
    if (constant)
        return fold(ir, row, constants);
    int same = same_as(ir, op, in);
    return same != IR_NONE ? same : intern(ir, &n);
}

int ir_call2(struct ir *ir, enum vm_op op, int a, int b)
{
    int in[VM_OP_INPUTS] = {a, b};
    return ir_call(ir, op, (struct ir_extra){0}, in);
}

unsigned ir_rate_of(const struct ir *ir, int value)
{
    return ir->arena->failed ? 0 : ir->code[ir->definition[value]].rate;
}

/* A value's instruction comes after those it reads, but for what a port carries from the write
 * at the end to its read: so walk backwards, again while a port's write became live. */
void ir_mark_live(struct ir *ir)
{
    unsigned char *port = arena_take(ir->arena, ir->port_count + 1, 1);
    int again = port != NULL && ir->count > 0;
    while (again) {
        again = 0;
        for (size_t i = ir->count; i-- > 0;) {
            struct ir_instruction *n = &ir->code[i];
            if (n->opcode == VM_WRITE_OUTPUT || (n->opcode == VM_WRITE_PORT && port[n->arg]))
                n->live = 1;
            if (!n->live)
                continue;
            int taps = n->opcode == VM_CALL_OP && vm_ops[n->arg].loop == VM_TAP;
            uint32_t from = taps ? (uint32_t)n->port : n->arg;
            if ((taps || n->opcode == VM_READ_PORT) && !port[from]) {
                port[from] = 1;
                again = 1;
            }
            for (unsigned j = 0; j < n->inputs; j++)
                ir->code[ir->definition[n->in[j]]].live = 1;
        }
    }
}
