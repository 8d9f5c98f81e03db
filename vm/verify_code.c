/* verify_code.c - verify.c's part about the code and what it names. */
#include "vm/verify.h"
#include <string.h>

uint32_t vm_decode(const uint8_t *at, struct vm_instruction *n)
{
    memset(n, 0, sizeof *n);
    n->opcode = (enum vm_opcode)at[0];
    n->inputs = at[1];
    n->outputs = at[2];
    n->rate = at[3];
    n->arg = vm_get_u32(at + 4);
    const uint8_t *word = at + 8;
    if (n->opcode == VM_CALL_OP) {
        const struct vm_op_row *row = vm_op_by_id(n->arg);
        n->arg = (uint32_t)(row - vm_ops);
        uint32_t *extra[] = {row->key ? &n->key : NULL, vm_op_has_port(row) ? &n->port : NULL,
                             vm_op_has_table(row) ? &n->table : NULL};
        for (unsigned k = 0; k < 3; k++)
            if (extra[k]) {
                *extra[k] = vm_get_u32(word);
                word += 4;
            }
    }
    for (unsigned j = 0; j < n->inputs; j++, word += 4)
        n->in[j] = vm_get_u32(word);
    for (unsigned j = 0; j < n->outputs; j++, word += 4)
        n->out[j] = vm_get_u32(word);
    return (uint32_t)(word - at);
}

/* Checks that the instruction's bytes are there and of their op's shape. Its size, or 0. */
static uint32_t check_shape(const uint8_t *at, size_t room, uint64_t offset, struct rp_error *e)
{
    unsigned in = 0, out = 0, extra = 0;
    if (room < 8)
        return (
            uint32_t)(vm_refuse(e, REFUSE_INSTRUCTION, offset, "the code ends in an instruction"),
                      0);
    switch (at[0]) {
    case VM_LOAD_CONST:
    case VM_LOAD_PARAM:
        out = 1;
        break;
    case VM_READ_PORT: /* which of the two fits its port, check_operands asks */
        in = at[1] ? 1 : 0;
        out = 1;
        break;
    case VM_WRITE_PORT:
        in = 1;
        break;
    case VM_WRITE_OUTPUT:
        in = at[1] == 2 ? 2 : 1;
        break;
    case VM_CALL_OP: {
        const struct vm_op_row *row = vm_op_by_id(vm_get_u32(at + 4));
        if (!row) {
            vm_refuse(e, REFUSE_INSTRUCTION, offset + 4, "there is no op %lu",
                      (unsigned long)vm_get_u32(at + 4));
            return 0;
        }
        in = row->inputs;
        out = row->outputs;
        extra = row->key + (unsigned)vm_op_has_port(row) + (unsigned)vm_op_has_table(row);
        break;
    }
    default:
        vm_refuse(e, REFUSE_INSTRUCTION, offset, "there is no opcode %d", at[0]);
        return 0;
    }
    if (at[3] > VM_MAX_RATE) {
        vm_refuse(e, REFUSE_INSTRUCTION, offset + 3, "rate %d, at most %d", at[3], VM_MAX_RATE);
        return 0;
    }
    if (at[1] != in || at[2] != out) {
        vm_refuse(e, REFUSE_INSTRUCTION, offset + 1,
                  "%d inputs and %d outputs where the instruction has %u and %u", at[1], at[2], in,
                  out);
        return 0;
    }
    uint32_t size = 8 + 4 * (extra + in + out);
    if (size > room) {
        vm_refuse(e, REFUSE_INSTRUCTION, offset, "the code ends in an instruction");
        return 0;
    }
    return size;
}

/* The port is there, of the kind and the rate that the instruction wants. */
static int check_port_use(const struct vm_file *f, const struct vm_instruction *n, uint64_t offset,
                          struct rp_error *e)
{
    static const char *const kinds[] = {"", "a delay line", "an input", "a ring"};
    enum vm_port_kind wanted = VM_PORT_DELAY;
    uint32_t port = n->arg;
    if (n->opcode == VM_CALL_OP) {
        const struct vm_op_row *row = &vm_ops[n->arg];
        if (!vm_op_has_port(row))
            return 0;
        wanted = row->loop == VM_TAP ? VM_PORT_DELAY : VM_PORT_RING;
        port = n->port;
        if (port >= f->ports)
            return vm_refuse(e, REFUSE_OPERAND, offset + 8 + 4u * row->key, "port %lu of %lu",
                             (unsigned long)port, (unsigned long)f->ports);
    } else if (n->opcode == VM_READ_PORT && n->inputs == 0) {
        wanted = VM_PORT_INPUT;
    } else if (n->opcode != VM_READ_PORT && n->opcode != VM_WRITE_PORT) {
        return 0;
    }
    if (vm_port_kind(f, port) != wanted)
        return vm_refuse(e, REFUSE_INSTRUCTION, offset + 1, "port %lu is %s and used as %s",
                         (unsigned long)port, kinds[vm_port_kind(f, port)], kinds[wanted]);
    if (vm_port_rate(f, port) != n->rate)
        return vm_refuse(e, REFUSE_INSTRUCTION, offset + 3,
                         "port %lu has rate %u, the instruction %u", (unsigned long)port,
                         vm_port_rate(f, port), n->rate);
    return 0;
}

/* The table is there, and no longer than the op may go through in a frame. */
static int check_table_use(const struct vm_file *f, const struct vm_instruction *n, uint64_t offset,
                           struct rp_error *e)
{
    if (n->opcode != VM_CALL_OP || !vm_op_has_table(&vm_ops[n->arg]))
        return 0;
    const struct vm_op_row *row = &vm_ops[n->arg];
    uint64_t at = offset + 8 + 4u * row->key + 4u * (unsigned)vm_op_has_port(row);
    if (n->table >= f->tables)
        return vm_refuse(e, REFUSE_OPERAND, at, "table %lu of %lu", (unsigned long)n->table,
                         (unsigned long)f->tables);
    if (row->cost.by == VM_PER_VALUE && f->table_length[n->table] > row->cost.most)
        return vm_refuse(e, REFUSE_LIMIT, at, "table %lu has %lu values, %s takes at most %lu",
                         (unsigned long)n->table, (unsigned long)f->table_length[n->table],
                         row->name, (unsigned long)row->cost.most);
    return 0;
}

static int check_operands(const struct vm_file *f, const struct vm_instruction *n,
                          uint32_t *registers, uint64_t offset, struct rp_error *e)
{
    uint32_t count[] = {
        [VM_LOAD_CONST] = f->constants, [VM_LOAD_PARAM] = f->params, [VM_READ_PORT] = f->ports,
        [VM_CALL_OP] = UINT32_MAX,      [VM_WRITE_PORT] = f->ports,  [VM_WRITE_OUTPUT] = 1};
    if (n->arg >= count[n->opcode])
        return vm_refuse(e, REFUSE_OPERAND, offset + 4, "operand %lu of %lu", (unsigned long)n->arg,
                         (unsigned long)count[n->opcode]);
    if (check_port_use(f, n, offset, e))
        return -1;
    if (check_table_use(f, n, offset, e))
        return -1;
    for (unsigned j = 0; j < n->inputs; j++)
        if (n->in[j] < 1 || n->in[j] > *registers)
            return vm_refuse(e, REFUSE_OPERAND, offset,
                             "register r%lu is read before it is written", (unsigned long)n->in[j]);
    for (unsigned j = 0; j < n->outputs; j++)
        if (n->out[j] != ++*registers)
            return vm_refuse(e, REFUSE_RESULT, offset,
                             "register r%lu is written where r%lu is next",
                             (unsigned long)n->out[j], (unsigned long)*registers);
    return 0;
}

int vm_check_code(struct vm_file *f, struct vm_totals *sum, struct rp_error *e)
{
    const struct vm_section *s = &f->section[VM_CODE];
    uint32_t at = 0;
    while (at < s->size) {
        uint64_t offset = s->offset + at;
        if (sum->channels)
            return vm_refuse(e, REFUSE_OUTPUT, offset, "there is code after WRITE_OUTPUT");
        if (f->instructions++ >= VM_MAX_INSTRUCTIONS)
            return vm_refuse(e, REFUSE_LIMIT, offset, "more than %d instructions",
                             VM_MAX_INSTRUCTIONS);
        uint32_t size = check_shape(s->bytes + at, s->size - at, offset, e);
        if (size == 0)
            return -1;
        struct vm_instruction n;
        vm_decode(s->bytes + at, &n);
        if (check_operands(f, &n, &sum->registers, offset, e))
            return -1;
        if (n.opcode == VM_CALL_OP)
            sum->state += vm_ops[n.arg].state;
        if (sum->state > VM_MAX_STATE)
            return vm_refuse(e, REFUSE_LIMIT, offset, "more than %d state words", VM_MAX_STATE);
        if (n.opcode == VM_WRITE_OUTPUT)
            sum->channels = n.inputs;
        at += size;
    }
    if (!sum->channels)
        return vm_refuse(e, REFUSE_OUTPUT, s->offset + s->size,
                         "the code does not end in WRITE_OUTPUT");
    return 0;
}

/* An op writes its own ring. A delay line nobody writes would read as silence for ever, one written
 * twice would depend on which write came last: both are compiler faults. Ports are few: count by
 * looking. */
int vm_check_port_writes(const struct vm_file *f, struct rp_error *e)
{
    const struct vm_section *s = &f->section[VM_CODE];
    uint8_t written[VM_MAX_PORTS] = {0};
    struct vm_instruction n;
    for (uint32_t at = 0; at < s->size;) {
        uint64_t offset = s->offset + at;
        at += vm_decode(s->bytes + at, &n);
        uint32_t port = n.arg;
        if (n.opcode == VM_CALL_OP && vm_op_has_port(&vm_ops[n.arg]) &&
            vm_ops[n.arg].loop != VM_TAP)
            port = n.port;
        else if (n.opcode != VM_WRITE_PORT)
            continue;
        if (written[port]++)
            return vm_refuse(e, REFUSE_PORT, offset, "port %lu is written twice",
                             (unsigned long)port);
    }
    for (uint32_t i = 0; i < f->ports; i++)
        if (!written[i] && vm_port_kind(f, i) != VM_PORT_INPUT)
            return vm_refuse(e, REFUSE_PORT, vm_port_offset(f, i), "port %lu is never written",
                             (unsigned long)i);
    return 0;
}
