/* load.c - a checked file becomes a program: decoded once, so that running it looks nothing up. */
#include "vm/bump.h"
#include "vm/pairs.h"
#include <stdio.h>
#include <string.h>

enum { RATE_ANY = 255 }; /* a constant's */

/* The memory only loading needs. */
struct scratch {
    uint32_t *last_use; /* by register: the instruction that reads it last */
    uint32_t *next;     /* by register whose buffer is free again: the one freed before, or 0 */
    uint8_t *rate;      /* by register */
    uint32_t *constant; /* by register: which one it is, or VM_NONE */
};

/* One layout for counting and for building: counts come from the checked file. The program
 * itself is the first piece. */
static void lay_out(struct bump *b, const struct vm_file *f, struct rp_program *p,
                    struct scratch *s)
{
    size_t registers = f->totals.registers + 1;
    memset(p, 0, sizeof *p);
    bump_take(b, 1, sizeof *p);
    p->constants = bump_take(b, f->constants, sizeof *p->constants);
    p->params = bump_take(b, f->params, sizeof *p->params);
    p->ports = bump_take(b, f->ports, sizeof *p->ports);
    p->tables = bump_take(b, f->tables, sizeof *p->tables);
    float *values = bump_take(b, f->table_values, sizeof *values);
    p->code = bump_take(b, f->instructions, sizeof *p->code);
    p->buffer = bump_take(b, registers, sizeof *p->buffer);
    p->names = bump_take(b, f->section[VM_NAME].size + 1, 1);
    if (f->section[VM_NODE].bytes)
        p->nodes = bump_take(b, f->instructions, sizeof *p->nodes);
    if (f->section[VM_LINE].bytes)
        p->lines = bump_take(b, 3 * (size_t)f->instructions, sizeof *p->lines);
    s->last_use = bump_take(b, registers, sizeof *s->last_use);
    s->next = bump_take(b, registers, sizeof *s->next);
    s->rate = bump_take(b, registers, sizeof *s->rate);
    s->constant = bump_take(b, registers, sizeof *s->constant);
    if (b->base && f->tables)
        p->tables[0].values = values;
}

size_t rp_program_bytes(const void *bytes, size_t size)
{
    struct vm_file file;
    struct bump count = {NULL, 0};
    struct scratch scratch;
    struct rp_program scrap;
    if (vm_file_open(&file, bytes, size, NULL) != RP_OK)
        return 0;
    lay_out(&count, &file, &scrap, &scratch);
    return count.used;
}

static float float_at(const uint8_t *b)
{
    uint32_t bits = vm_get_u32(b);
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static void load_params(struct rp_program *p, const struct vm_file *f)
{
    for (uint32_t i = 0; i < f->params; i++) {
        const uint8_t *row = f->section[VM_PARM].bytes + VM_PARAM_SIZE * (size_t)i;
        p->params[i] = (struct rp_param){
            .name = p->names + vm_get_u32(row),
            .unit = (enum rp_unit)row[4],
            .curve = (enum rp_curve)row[6],
            .low = float_at(row + 8),
            .high = float_at(row + 12),
            .def = float_at(row + 16),
            .glide = vm_get_u32(row + 20),
        };
    }
}

static struct vm_port port_at(const uint8_t *row)
{
    uint32_t first = vm_get_u32(row + 4), second = vm_get_u32(row + 8);
    struct vm_port port = {.kind = (enum vm_port_kind)row[0], .rate = row[2]};
    if (port.kind == VM_PORT_INPUT) {
        port.channel = first;
    } else if (port.kind == VM_PORT_RING) {
        port.high = first;
        port.ring = vm_ring_slots(first);
    } else {
        port.low = first;
        port.high = second;
        port.ring = vm_delay_slots(second, port.rate);
    }
    return port;
}

static void load_values(struct rp_program *p, const struct vm_file *f)
{
    const uint8_t *at = f->section[VM_TABL].bytes;
    float *to = (float *)(uintptr_t)(f->tables ? p->tables[0].values : NULL);
    p->table_count = f->tables;
    for (uint32_t t = 0; t < f->tables; t++) {
        p->tables[t] = (struct vm_table){to, vm_get_u32(at)};
        at += 4;
        for (uint32_t i = 0; i < p->tables[t].length; i++, at += 4)
            *to++ = float_at(at);
    }
}

static void load_tables(struct rp_program *p, const struct vm_file *f)
{
    const struct vm_section *s = f->section;
    p->constant_count = f->constants;
    p->param_count = f->params;
    p->port_count = f->ports;
    p->inputs = f->inputs;
    p->totals = f->totals;
    p->check = vm_get_u32(f->bytes + VM_AT_CRC);
    if (s[VM_NAME].size)
        memcpy(p->names, s[VM_NAME].bytes, s[VM_NAME].size);
    p->names[s[VM_NAME].size] = 0;
    for (uint32_t i = 0; i < f->constants; i++)
        p->constants[i] = float_at(s[VM_CNST].bytes + 4 * (size_t)i);
    load_params(p, f);
    for (uint32_t i = 0; i < f->ports; i++) {
        const uint8_t *row = s[VM_PORT].bytes + VM_PORT_SIZE * (size_t)i;
        p->ports[i] = port_at(row);
    }
    load_values(p, f);
    for (uint32_t i = 0; p->nodes && i < f->instructions; i++)
        p->nodes[i] = vm_get_u32(s[VM_NODE].bytes + 4 * (size_t)i);
    for (size_t i = 0; p->lines && i < 3 * (size_t)f->instructions; i++)
        p->lines[i] = vm_get_u32(s[VM_LINE].bytes + 4 * i);
}

static void load_code(struct rp_program *p, const struct vm_file *f)
{
    const struct vm_section *s = &f->section[VM_CODE];
    uint32_t state = 0;
    for (uint32_t at = 0; at < s->size;) {
        struct vm_instruction *n = &p->code[p->instruction_count++];
        at += vm_decode(s->bytes + at, n);
        n->state = state;
        if (n->opcode == VM_CALL_OP)
            state += vm_ops[n->arg].state;
    }
}

/* A port read before it is written in the code carries a cycle: a stretch may be no longer than
 * its shortest delay, so that what is read was written by an earlier stretch. Nor may it be longer
 * than the room that a ring has beyond its longest delay. */
static void find_block(struct rp_program *p)
{
    uint8_t written[VM_MAX_PORTS] = {0};
    p->block = RP_BLOCK;
    for (uint32_t i = 0; i < p->port_count; i++) {
        const struct vm_port *port = &p->ports[i];
        if (port->kind == VM_PORT_DELAY && (port->ring - port->high - 2) >> port->rate < p->block)
            p->block = (port->ring - port->high - 2) >> port->rate;
    }
    for (uint32_t i = 0; i < p->instruction_count; i++) {
        const struct vm_instruction *n = &p->code[i];
        int taps = n->opcode == VM_CALL_OP && vm_ops[n->arg].loop == VM_TAP;
        uint32_t port = taps ? n->port : n->arg;
        if (n->opcode == VM_WRITE_PORT)
            written[port] = 1;
        else if ((taps || (n->opcode == VM_READ_PORT && !vm_reads_input(n))) && !written[port] &&
                 p->ports[port].low >> n->rate < p->block)
            p->block = p->ports[port].low >> n->rate;
    }
    if (p->block > 16) /* whole vectors along time */
        p->block &= ~15u;
}

/* What an instruction of that rate may read: a constant, or what has the same rate; the ops that
 * change rates, what they change from. */
static int fits_rate(const struct vm_instruction *n, uint8_t rate)
{
    enum vm_loop loop = n->opcode == VM_CALL_OP ? vm_ops[n->arg].loop : VM_NOTHING;
    if (rate == RATE_ANY)
        return loop != VM_UP || n->rate > 0;
    switch (loop) {
    case VM_HOLD:
        return rate < n->rate;
    case VM_UP:
        return rate + 1 == n->rate;
    case VM_DOWN:
        return rate == n->rate + 1;
    default:
        return rate == n->rate;
    }
}

/* Offset in the code section of the first instruction that reads another rate, or VM_NONE. */
static uint32_t find_wrong_rate(const struct rp_program *p, const struct vm_file *f, uint8_t *rate)
{
    uint32_t at = 0;
    for (uint32_t i = 0; i < p->instruction_count; i++) {
        const struct vm_instruction *n = &p->code[i];
        struct vm_instruction again;
        int constant = n->opcode == VM_LOAD_CONST, param = n->opcode == VM_LOAD_PARAM;
        if ((constant || param || n->opcode == VM_WRITE_OUTPUT) && n->rate > 0)
            return at;
        for (unsigned j = 0; j < n->inputs; j++)
            if (!fits_rate(n, rate[n->in[j]]))
                return at;
        for (unsigned j = 0; j < n->outputs; j++)
            rate[n->out[j]] = constant ? RATE_ANY : n->rate;
        at += vm_decode(f->section[VM_CODE].bytes + at, &again);
    }
    return VM_NONE;
}

static void find_readers(struct rp_program *p)
{
    for (unsigned c = 0; c < VM_MAX_INPUTS; c++)
        p->reader[c] = VM_NONE;
    for (uint32_t i = p->instruction_count; i-- > 0;)
        if (vm_reads_input(&p->code[i]))
            p->reader[p->ports[p->code[i].arg].channel] = i;
}

/* Registers whose signals an instruction works with: of a pair's second also what the first reads.
 */
static unsigned uses(const struct rp_program *p, const struct vm_instruction *n, uint32_t *used)
{
    unsigned count = 0;
    if (n->first != VM_NONE)
        for (unsigned j = 0; j < p->code[n->first].inputs; j++)
            used[count++] = p->code[n->first].in[j];
    for (unsigned j = 0; j < n->inputs; j++)
        used[count++] = n->in[j];
    for (unsigned j = 0; j < n->outputs; j++)
        used[count++] = n->out[j];
    return count;
}

static void find_last_uses(const struct rp_program *p, uint32_t *last_use)
{
    uint32_t used[2 * VM_OP_INPUTS + VM_OP_OUTPUTS];
    for (uint32_t i = 0; i < p->instruction_count; i++) {
        unsigned count = uses(p, &p->code[i], used);
        for (unsigned j = 0; j < count; j++)
            last_use[used[j]] = i;
    }
}

/* Gives every register that may vary within a stretch a buffer of its rate's size, free again for
 * others of that rate after its last use; the last freed is taken first, so that the working set
 * stays small. An instruction's outputs are placed before its inputs are freed: kernels may assume
 * they do not overlap. Returns -1 when more than VM_MAX_LIVE are in use at once. */
static int assign_buffers(struct rp_program *p, const struct scratch *s)
{
    uint32_t spare[VM_MAX_RATE + 1] = {0}, live = 0; /* spare: the register freed last, or 0 */
    p->buffer_blocks = 0;
    find_last_uses(p, s->last_use);
    for (uint32_t i = 0; i < p->instruction_count; i++) {
        const struct vm_instruction *n = &p->code[i];
        if (n->opcode == VM_LOAD_CONST) {
            p->buffer[n->out[0]] = VM_NONE;
            continue;
        }
        for (unsigned j = 0; j < n->outputs; j++, live++) {
            uint32_t from = spare[n->rate];
            p->buffer[n->out[j]] = from ? p->buffer[from] : p->buffer_blocks;
            if (from)
                spare[n->rate] = s->next[from];
            else
                p->buffer_blocks += UINT32_C(1) << n->rate;
        }
        if (live > VM_MAX_LIVE)
            return -1;
        uint32_t used[2 * VM_OP_INPUTS + VM_OP_OUTPUTS];
        unsigned count = uses(p, n, used);
        for (unsigned j = 0; j < count; j++) {
            uint32_t r = used[j];
            if (s->last_use[r] != i || p->buffer[r] == VM_NONE)
                continue;
            s->next[r] = spare[s->rate[r]];
            spare[s->rate[r]] = r;
            live--;
            s->last_use[r] = VM_NONE; /* an instruction may name a register twice */
        }
    }
    return 0;
}

static struct rp_program *fail(struct rp_error *error, enum rp_status status, const char *reason)
{
    if (error) {
        memset(error, 0, sizeof *error);
        error->status = status;
        snprintf(error->reason, sizeof error->reason, "%s", reason);
    }
    return NULL;
}

struct rp_program *rp_load(const void *bytes, size_t size, void *memory, size_t memory_size,
                           struct rp_error *error)
{
    struct vm_file file;
    struct bump count = {NULL, 0}, bump = {memory, 0};
    struct scratch scratch;
    struct rp_program scrap, *p = memory;
    if (vm_file_open(&file, bytes, size, error) != RP_OK)
        return NULL;
    lay_out(&count, &file, &scrap, &scratch);
    if (!memory || count.used > memory_size || (uintptr_t)memory % RP_ALIGNMENT != 0)
        return fail(error, RP_MEMORY, "the memory for the program is too small or not aligned");
    lay_out(&bump, &file, p, &scratch);
    load_tables(p, &file);
    load_code(p, &file);
    find_block(p);
    if (p->block == 0) {
        fail(error, RP_REFUSED,
             "a delay line that is read before it is written is shorter than a frame");
        if (error) {
            error->code = REFUSE_RATE;
            error->offset = file.section[VM_CODE].offset;
        }
        return NULL;
    }
    find_readers(p);
    vm_find_costs(p, scratch.constant);
    uint32_t wrong = find_wrong_rate(p, &file, scratch.rate);
    if (wrong != VM_NONE) {
        fail(error, RP_REFUSED, "an operand has another rate than its instruction");
        if (error) {
            error->code = REFUSE_RATE;
            error->offset = file.section[VM_CODE].offset + wrong;
        }
        return NULL;
    }
    vm_find_pairs(p, scratch.next, scratch.last_use);
    if (assign_buffers(p, &scratch) == 0)
        return p;
    vm_forget_pairs(p); /* they keep signals a little longer */
    if (assign_buffers(p, &scratch) == 0)
        return p;
    fail(error, RP_REFUSED, "more than 65536 signals are alive at once");
    if (error) {
        error->code = REFUSE_LIMIT;
        error->offset = file.section[VM_CODE].offset - 4;
    }
    return NULL;
}

unsigned rp_channels(const struct rp_program *p)
{
    return p->totals.channels;
}

unsigned rp_inputs(const struct rp_program *p)
{
    return p->inputs;
}

unsigned rp_param_count(const struct rp_program *p)
{
    return p->param_count;
}

const struct rp_param *rp_param_info(const struct rp_program *p, unsigned param)
{
    return param < p->param_count ? &p->params[param] : NULL;
}

int rp_param_find(const struct rp_program *p, const char *name)
{
    for (uint32_t i = 0; i < p->param_count; i++)
        if (strcmp(p->params[i].name, name) == 0)
            return (int)i;
    return -1;
}
