#include "compiler/target/bytecode.h"
#include <string.h>

struct intern_entry {
    const unsigned char *key;
    size_t size;
    uint32_t number;
};

void bytecode_init(struct bytecode *b, struct arena *arena)
{
    memset(b, 0, sizeof *b);
    b->arena = arena;
    b->node = VM_NONE;
    b->line[0] = VM_NONE;
}

static unsigned char *room(struct bytecode *b, struct bytes *to, size_t size)
{
    if (arena_grow(b->arena, (void **)&to->data, &to->capacity, to->size + size, 1))
        return NULL;
    to->size += size;
    return to->data + to->size - size;
}

static void put(struct bytecode *b, struct bytes *to, const void *data, size_t size)
{
    unsigned char *at = room(b, to, size);
    if (at && size)
        memcpy(at, data, size);
}

static void set_u32(unsigned char *at, uint32_t x)
{
    for (int i = 0; i < 4; i++)
        at[i] = (unsigned char)(x >> 8 * i);
}

static void put_u32(struct bytecode *b, struct bytes *to, uint32_t x)
{
    unsigned char le[4];
    set_u32(le, x);
    put(b, to, le, sizeof le);
}

static void put_f32(struct bytecode *b, struct bytes *to, float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    put_u32(b, to, bits);
}

static struct intern_entry *slot(struct intern_table *t, const void *key, size_t size)
{
    size_t i = vm_crc32(key, size) & (t->size - 1);
    while (t->entries[i].key &&
           (t->entries[i].size != size || memcmp(t->entries[i].key, key, size) != 0))
        i = (i + 1) & (t->size - 1);
    return &t->entries[i];
}

/* The key's number; `next` the first time, with *fresh set. The key must stay where it is. */
static uint32_t intern(struct bytecode *b, struct intern_table *t, const void *key, size_t size,
                       uint32_t next, int *fresh)
{
    *fresh = 0;
    if (2 * (t->used + 1) > t->size) {
        struct intern_table wider = {.size = t->size ? 2 * t->size : 64, .used = t->used};
        wider.entries = arena_take(b->arena, wider.size, sizeof *wider.entries);
        if (!wider.entries)
            return 0;
        for (size_t i = 0; i < t->size; i++)
            if (t->entries[i].key)
                *slot(&wider, t->entries[i].key, t->entries[i].size) = t->entries[i];
        *t = wider;
    }
    struct intern_entry *e = slot(t, key, size);
    if (!e->key) {
        *e = (struct intern_entry){key, size, next};
        t->used++;
        *fresh = 1;
    }
    return e->number;
}

static uint32_t name(struct bytecode *b, const char *text)
{
    int fresh;
    size_t size = strlen(text) + 1;
    char *copy = arena_copy(b->arena, text, size - 1);
    if (!copy)
        return 0;
    uint32_t offset = intern(b, &b->known_names, copy, size, (uint32_t)b->names.size, &fresh);
    if (fresh)
        put(b, &b->names, text, size);
    return offset;
}

uint32_t bytecode_constant(struct bytecode *b, float x)
{
    int fresh;
    unsigned char *key = arena_take(b->arena, 4, 1);
    uint32_t bits;
    if (!key)
        return 0;
    memcpy(&bits, &x, sizeof bits);
    set_u32(key, bits);
    uint32_t number = intern(b, &b->known_constants, key, 4, b->constant_count, &fresh);
    if (fresh) {
        put_u32(b, &b->constants, bits);
        b->constant_count++;
    }
    return number;
}

void bytecode_param(struct bytecode *b, const char *text, enum rp_unit unit, enum rp_curve curve,
                    float low, float high, float def, uint32_t glide)
{
    put_u32(b, &b->params, name(b, text));
    put_u32(b, &b->params, (uint32_t)unit | (uint32_t)curve << 16);
    put_f32(b, &b->params, low);
    put_f32(b, &b->params, high);
    put_f32(b, &b->params, def);
    put_u32(b, &b->params, glide);
}

static void put_port(struct bytecode *b, enum vm_port_kind kind, unsigned rate, uint32_t first,
                     uint32_t second)
{
    put_u32(b, &b->ports, (uint32_t)kind | rate << 16);
    put_u32(b, &b->ports, first);
    put_u32(b, &b->ports, second);
}

void bytecode_delay(struct bytecode *b, unsigned rate, uint32_t low, uint32_t high)
{
    put_port(b, VM_PORT_DELAY, rate, low, high);
    b->delay += vm_delay_slots(high, rate);
}

void bytecode_ring(struct bytecode *b, unsigned rate, uint32_t longest)
{
    put_port(b, VM_PORT_RING, rate, longest, 0);
    b->delay += vm_ring_slots(longest);
}

void bytecode_input(struct bytecode *b, uint32_t channel)
{
    put_port(b, VM_PORT_INPUT, 0, channel, 0);
}

uint32_t bytecode_table(struct bytecode *b, const float *values, uint32_t length)
{
    put_u32(b, &b->tables, length);
    for (uint32_t i = 0; i < length; i++)
        put_f32(b, &b->tables, values[i]);
    return b->table_count++;
}

void bytecode_node(struct bytecode *b, const char *id)
{
    b->node = id ? name(b, id) : VM_NONE;
    b->has_nodes |= id != NULL;
}

void bytecode_line(struct bytecode *b, const char *file, uint32_t line, uint32_t column)
{
    b->line[0] = file ? name(b, file) : VM_NONE;
    b->line[1] = file ? line : 0;
    b->line[2] = file ? column : 0;
    b->has_lines |= file != NULL;
}

static unsigned outputs_of(enum vm_opcode opcode, uint32_t arg)
{
    if (opcode == VM_CALL_OP)
        return vm_ops[arg].outputs;
    return opcode != VM_WRITE_PORT && opcode != VM_WRITE_OUTPUT;
}

uint32_t bytecode_instruction(struct bytecode *b, const struct bytecode_instruction *n)
{
    unsigned outputs = outputs_of(n->opcode, n->arg);
    uint32_t first = b->registers + 1;
    put_u32(b, &b->code, (uint32_t)n->opcode | n->inputs << 8 | outputs << 16 | n->rate << 24);
    if (n->opcode == VM_CALL_OP) {
        const struct vm_op_row *row = &vm_ops[n->arg];
        put_u32(b, &b->code, row->id);
        b->state += row->state;
        if (row->key)
            put_u32(b, &b->code, n->key);
        if (vm_op_has_port(row))
            put_u32(b, &b->code, n->port);
        if (vm_op_has_table(row))
            put_u32(b, &b->code, n->table);
    } else {
        put_u32(b, &b->code, n->arg);
    }
    for (unsigned j = 0; j < n->inputs; j++)
        put_u32(b, &b->code, n->in[j]);
    for (unsigned j = 0; j < outputs; j++)
        put_u32(b, &b->code, ++b->registers);
    if (n->opcode == VM_WRITE_OUTPUT)
        b->channels = n->inputs;
    put_u32(b, &b->nodes, b->node);
    for (unsigned k = 0; k < 3; k++)
        put_u32(b, &b->lines, b->line[k]);
    return first;
}

static void section(struct bytecode *b, struct bytes *file, const char *tag,
                    const struct bytes *data)
{
    static const unsigned char zeros[4] = {0};
    if (data->size == 0)
        return;
    put(b, file, tag, 4);
    put_u32(b, file, (uint32_t)data->size);
    put(b, file, data->data, data->size);
    put(b, file, zeros, (4 - data->size % 4) % 4);
}

void bytecode_foreign(struct bytecode *b, const char tag[4], const unsigned char *data, size_t size)
{
    static const unsigned char zeros[4] = {0};
    put(b, &b->foreign, tag, 4);
    put_u32(b, &b->foreign, (uint32_t)size);
    put(b, &b->foreign, data, size);
    put(b, &b->foreign, zeros, (4 - size % 4) % 4);
}

struct bytes bytecode_finish(struct bytecode *b)
{
    struct bytes file = {0}, stat = {0};
    static const unsigned char header[VM_HEADER_SIZE] = VM_MAGIC;
    put_u32(b, &stat, b->registers);
    put_u32(b, &stat, b->state);
    put_u32(b, &stat, b->delay);
    put_u32(b, &stat, b->channels);
    put(b, &file, header, sizeof header);
    section(b, &file, "CNST", &b->constants);
    section(b, &file, "PARM", &b->params);
    section(b, &file, "PORT", &b->ports);
    section(b, &file, "TABL", &b->tables);
    section(b, &file, "STAT", &stat);
    section(b, &file, "CODE", &b->code);
    if (b->has_nodes)
        section(b, &file, "NODE", &b->nodes);
    if (b->has_lines)
        section(b, &file, "LINE", &b->lines);
    section(b, &file, "NAME", &b->names);
    put(b, &file, b->foreign.data, b->foreign.size);
    if (b->arena->failed)
        return (struct bytes){0};
    set_u32(file.data + VM_AT_FORMAT, RP_FORMAT_VERSION);
    set_u32(file.data + VM_AT_SEMANTICS, RP_SEMANTICS_VERSION);
    set_u32(file.data + VM_AT_SIZE, (uint32_t)file.size);
    set_u32(file.data + VM_AT_CRC,
            vm_crc32(file.data + VM_HEADER_SIZE, file.size - VM_HEADER_SIZE));
    return file;
}

/* ---- from the IR ---- */

struct emitter {
    struct bytecode b;
    struct ir *ir;
    uint32_t *reg;   /* by value; 0: not yet */
    uint32_t *port;  /* by IR port: its number in the file + 1 */
    uint32_t *table; /* by IR table: the same */
    uint32_t ports;
    int lines;
    unsigned node; /* last said, + 1 */
};

static void origin(struct emitter *e, unsigned node)
{
    if (e->node == node + 1)
        return;
    const struct node *n = &e->ir->graph->nodes[node];
    e->node = node + 1;
    bytecode_node(&e->b, n->id);
    if (!e->lines)
        return;
    if (n->place.source) {
        struct position at = source_position(n->place.source, n->place.begin);
        bytecode_line(&e->b, n->place.source->name, at.line, at.column);
    } else {
        bytecode_line(&e->b, NULL, 0, 0);
    }
}

static uint32_t load_instruction(struct emitter *e, enum vm_opcode opcode, uint32_t arg)
{
    struct bytecode_instruction n = {.opcode = opcode, .arg = arg};
    return bytecode_instruction(&e->b, &n);
}

/* Constants and parameters are loaded right before their first use. */
static uint32_t load(struct emitter *e, int value)
{
    const struct ir_instruction *n = &e->ir->code[e->ir->definition[value]];
    if (n->opcode == VM_LOAD_CONST) {
        float x;
        memcpy(&x, &n->arg, sizeof x);
        value = ir_constant(e->ir, x); /* equal constants share one load */
        if (!e->reg[value])
            e->reg[value] = load_instruction(e, VM_LOAD_CONST, bytecode_constant(&e->b, x));
    } else if (!e->reg[value]) {
        e->reg[value] = load_instruction(e, VM_LOAD_PARAM, n->arg);
    }
    return e->reg[value];
}

static uint32_t operand(struct emitter *e, int value)
{
    enum vm_opcode opcode = e->ir->code[e->ir->definition[value]].opcode;
    if (opcode == VM_LOAD_CONST || opcode == VM_LOAD_PARAM)
        return load(e, value);
    return e->reg[value];
}

/* The port an instruction names, or IR_NONE. */
static int port_of(const struct ir_instruction *n)
{
    if (n->opcode == VM_READ_PORT || n->opcode == VM_WRITE_PORT)
        return (int)n->arg;
    return n->opcode == VM_CALL_OP && vm_op_has_port(&vm_ops[n->arg]) ? n->port : IR_NONE;
}

/* A table is written down when the first instruction that reads it is. */
static uint32_t table_number(struct emitter *e, int table)
{
    if (!e->table[table]) {
        const struct ir_table *t = &e->ir->tables[table];
        e->table[table] = bytecode_table(&e->b, t->values, t->length) + 1;
    }
    return e->table[table] - 1;
}

static void emit(struct emitter *e, const struct ir_instruction *n)
{
    struct bytecode_instruction to = {.opcode = n->opcode,
                                      .rate = n->rate,
                                      .inputs = n->inputs,
                                      .arg = n->opcode == VM_WRITE_OUTPUT ? 0 : n->arg,
                                      .key = n->key};
    origin(e, n->node);
    for (unsigned j = 0; j < n->inputs; j++)
        to.in[j] = operand(e, n->in[j]);
    if (n->opcode == VM_READ_PORT || n->opcode == VM_WRITE_PORT)
        to.arg = e->port[n->arg] - 1;
    else if (port_of(n) != IR_NONE)
        to.port = e->port[n->port] - 1;
    if (n->opcode == VM_CALL_OP && vm_op_has_table(&vm_ops[n->arg]))
        to.table = table_number(e, n->table);
    uint32_t first = bytecode_instruction(&e->b, &to);
    for (unsigned j = 0; j < n->outputs; j++)
        e->reg[n->out + (int)j] = first + j;
}

/* Every input is there, read or not: it is what the patch says it takes. A delay line or ring
 * only if something reads it. */
static void emit_ports(struct emitter *e)
{
    for (size_t i = 0; i < e->ir->port_count && e->ir->ports[i].kind == VM_PORT_INPUT; i++) {
        bytecode_input(&e->b, e->ports);
        e->port[i] = ++e->ports;
    }
    for (size_t i = 0; i < e->ir->count; i++) {
        const struct ir_instruction *n = &e->ir->code[i];
        int port = n->live ? port_of(n) : IR_NONE;
        if (port == IR_NONE || n->opcode == VM_WRITE_PORT || e->port[port])
            continue;
        const struct ir_port *p = &e->ir->ports[port];
        e->port[port] = ++e->ports;
        if (p->kind == VM_PORT_RING)
            bytecode_ring(&e->b, p->rate, p->high);
        else
            bytecode_delay(&e->b, p->rate, p->low, p->high);
    }
}

static void emit_tables(struct emitter *e)
{
    for (size_t i = 0; i < e->ir->param_count; i++) {
        const struct param *p = &e->ir->params[i];
        bytecode_param(&e->b, p->name, p->unit, p->curve, (float)p->low, (float)p->high,
                       (float)p->def, (uint32_t)(p->glide * RP_SAMPLE_RATE + 0.5));
    }
    emit_ports(e);
}

struct bytes bytecode_from_ir(struct arena *arena, struct ir *ir, int lines)
{
    struct emitter e = {.ir = ir, .lines = lines};
    bytecode_init(&e.b, arena);
    size_t count = ir->count; /* load() may find no canonical constant and add one */
    e.reg = arena_take(arena, ir->values + count + 1, sizeof *e.reg);
    e.port = arena_take(arena, ir->port_count + 1, sizeof *e.port);
    e.table = arena_take(arena, ir->table_count + 1, sizeof *e.table);
    if (!e.reg || !e.port || !e.table)
        return (struct bytes){0};
    emit_tables(&e);
    for (size_t i = 0; i < count && !arena->failed; i++) {
        enum vm_opcode opcode = ir->code[i].opcode;
        if (ir->code[i].live && opcode != VM_LOAD_CONST && opcode != VM_LOAD_PARAM) {
            struct ir_instruction n = ir->code[i];
            emit(&e, &n);
        }
    }
    return bytecode_finish(&e.b);
}
