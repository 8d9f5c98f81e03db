/* mutate.c - bytecode that is nearly what it was: sections, operands, ops, tables and rates change,
 * and most of what has to agree with them is made to. */
#include "tests/fuzz/kit/mutate.h"
#include "vm/format.h"
#include "vm/tables.h"
#include <stdlib.h>
#include <string.h>

enum { MOST_SECTIONS = 16, MOST_SECTION = 1 << 16 };

struct section {
    uint8_t tag[4];
    uint8_t *bytes;
    uint32_t size;
};

struct parts {
    struct section s[MOST_SECTIONS];
    unsigned count;
    uint64_t *chance;
};

static uint32_t random32(uint64_t *chance)
{
    *chance += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t z = *chance;
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return (uint32_t)(z >> 32);
}

static uint32_t below(struct parts *p, uint32_t limit)
{
    return limit ? (uint32_t)((uint64_t)random32(p->chance) * limit >> 32) : 0;
}

static void put32(uint8_t *at, uint32_t x)
{
    for (unsigned i = 0; i < 4; i++)
        at[i] = (uint8_t)(x >> 8 * i);
}

static struct section *find(struct parts *p, const char *tag)
{
    for (unsigned i = 0; i < p->count; i++)
        if (memcmp(p->s[i].tag, tag, 4) == 0)
            return &p->s[i];
    return NULL;
}

/* ---- apart and together ---- */

static int take_apart(struct parts *p, const uint8_t *data, size_t size)
{
    size_t at = VM_HEADER_SIZE;
    while (size >= at + VM_SECTION_HEADER && p->count < MOST_SECTIONS) {
        struct section *s = &p->s[p->count];
        uint32_t length = vm_get_u32(data + at + 4);
        if (length > size - at - VM_SECTION_HEADER || length > MOST_SECTION)
            break;
        memcpy(s->tag, data + at, 4);
        s->size = length;
        s->bytes = malloc(MOST_SECTION + 64);
        if (!s->bytes)
            abort();
        memcpy(s->bytes, data + at + VM_SECTION_HEADER, length);
        p->count++;
        at += VM_SECTION_HEADER + (length + 3) / 4 * 4;
    }
    return p->count > 0;
}

static void fix_header(uint8_t *data, size_t size)
{
    memcpy(data, VM_MAGIC, 8);
    put32(data + VM_AT_FORMAT, 1);
    put32(data + VM_AT_SEMANTICS, 1);
    put32(data + VM_AT_SIZE, (uint32_t)size);
    put32(data + VM_AT_CRC, vm_crc32(data + VM_HEADER_SIZE, size - VM_HEADER_SIZE));
}

/* The file's size; 0: no room. */
static size_t put_together(const struct parts *p, uint8_t *data, size_t most)
{
    size_t at = VM_HEADER_SIZE;
    if (most < at)
        return 0;
    for (unsigned i = 0; i < p->count; i++) {
        size_t padded = (p->s[i].size + 3) / 4 * 4;
        if (VM_SECTION_HEADER + padded > most - at)
            return 0;
        memcpy(data + at, p->s[i].tag, 4);
        put32(data + at + 4, p->s[i].size);
        at += VM_SECTION_HEADER;
        memset(data + at, 0, padded);
        memcpy(data + at, p->s[i].bytes, p->s[i].size);
        at += padded;
    }
    fix_header(data, at);
    return at;
}

/* ---- code ---- */

enum { MOST_CODE = 4096 };

struct code {
    uint32_t at[MOST_CODE]; /* of each instruction */
    unsigned count;
    uint32_t registers, state;
};

/* Words between the head and the operands. */
static unsigned extra_of(const uint8_t *at)
{
    const struct vm_op_row *row = at[0] == VM_CALL_OP ? vm_op_by_id(vm_get_u32(at + 4)) : NULL;
    return row ? row->key + (unsigned)vm_op_has_port(row) + (unsigned)vm_op_has_table(row) : 0;
}

static void read_code(const struct section *s, struct code *c)
{
    *c = (struct code){.count = 0};
    for (uint32_t at = 0; s->size - at >= 8 && c->count < MOST_CODE;) {
        const uint8_t *b = s->bytes + at;
        uint32_t size = 8 + 4 * (extra_of(b) + b[1] + b[2]);
        if (size > s->size - at)
            break;
        c->at[c->count++] = at;
        c->registers += b[2];
        const struct vm_op_row *row = b[0] == VM_CALL_OP ? vm_op_by_id(vm_get_u32(b + 4)) : NULL;
        c->state += row ? row->state : 0;
        at += size;
    }
}

/* STAT says what code and ports add up to. */
static void fix_stat(struct parts *p)
{
    struct section *stat = find(p, "STAT"), *code = find(p, "CODE"), *port = find(p, "PORT");
    static struct code c;
    if (!stat || !code || stat->size < VM_STAT_SIZE)
        return;
    read_code(code, &c);
    uint32_t delay = 0;
    for (uint32_t i = 0; port && i + VM_PORT_SIZE <= port->size; i += VM_PORT_SIZE) {
        uint32_t a = vm_get_u32(port->bytes + i + 4), b = vm_get_u32(port->bytes + i + 8);
        if (port->bytes[i] == VM_PORT_DELAY && b <= VM_MAX_DELAY && port->bytes[i + 2] < 4)
            delay += vm_delay_slots(b, port->bytes[i + 2]);
        if (port->bytes[i] == VM_PORT_RING && a <= VM_MAX_DELAY)
            delay += vm_ring_slots(a);
    }
    put32(stat->bytes, c.registers);
    put32(stat->bytes + 4, c.state);
    put32(stat->bytes + 8, delay);
    if (c.count)
        put32(stat->bytes + 12, code->bytes[c.at[c.count - 1] + 1]);
}

static uint32_t edge(struct parts *p)
{
    static const uint32_t some[] = {0,          1,          2,          3,          0x7f800000,
                                    0x7f7fffff, 0x80000000, 0xffffffff, 0x3f800000, 0xbf800000,
                                    0x00000001, 0x47800000, 0x4b000000, 0x4f000000, 0xff7fffff,
                                    0x477fff00, 64,         65,         1 << 22,    0x33800000};
    uint32_t kind = below(p, 28);
    if (kind < sizeof some / sizeof *some)
        return some[kind];
    return kind & 1 ? below(p, 300) : random32(p->chance);
}

static float likely(struct parts *p)
{
    static const float some[] = {0,     1,     -1,   0.5f,  440,   20000,
                                 24000, 48000, 1e9f, -1e9f, 1e-9f, 0.25f};
    uint32_t kind = below(p, 20);
    if (kind < sizeof some / sizeof *some)
        return some[kind];
    return (float)(int32_t)random32(p->chance) / (kind & 1 ? 2147483648.0f : 65536.0f);
}

static void put_float(struct parts *p, uint8_t *at)
{
    float x = likely(p);
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    put32(at, bits);
}

/* An operand, an op of the same shape, a rate, or any word. */
static void change_instruction(struct parts *p, struct section *s)
{
    static struct code c;
    read_code(s, &c);
    if (c.count == 0)
        return;
    unsigned which = below(p, c.count);
    uint8_t *b = s->bytes + c.at[which];
    uint32_t before = 0;
    for (unsigned i = 0; i < which; i++)
        before += s->bytes[c.at[i] + 2];
    switch (below(p, 8)) {
    case 0:
        b[3] = (uint8_t)below(p, 5);
        return;
    case 1:
        put32(b + 4 + 4 * below(p, 1 + extra_of(b) + b[1] + b[2]), edge(p));
        return;
    case 2:
        if (extra_of(b))
            put32(b + 8 + 4 * below(p, extra_of(b)), below(p, 6));
        return;
    case 3:
    case 4:
        if (b[0] == VM_CALL_OP) {
            const struct vm_op_row *row = &vm_ops[below(p, (uint32_t)vm_op_count)];
            for (unsigned k = 0; k < 3000 && (row->inputs != b[1] || row->outputs != b[2]); k++)
                row = &vm_ops[below(p, (uint32_t)vm_op_count)];
            unsigned extra =
                row->key + (unsigned)vm_op_has_port(row) + (unsigned)vm_op_has_table(row);
            if (row->inputs == b[1] && row->outputs == b[2] && extra == extra_of(b))
                put32(b + 4, row->id);
            return;
        }
        put32(b + 4, below(p, 8));
        return;
    default:
        if (b[1])
            put32(b + 8 + 4 * (extra_of(b) + below(p, b[1])), 1 + below(p, before));
    }
}

/* A new op before the last instruction, which may hear it; the ports and tables there are serve. */
static void add_instruction(struct parts *p, struct section *s)
{
    static struct code c;
    uint8_t made[8 + 4 * (3 + VM_OP_INPUTS + VM_OP_OUTPUTS)] = {VM_CALL_OP};
    read_code(s, &c);
    const struct vm_op_row *row = &vm_ops[below(p, (uint32_t)vm_op_count)];
    struct section *port = find(p, "PORT"), *table = find(p, "TABL");
    if (c.count == 0 || c.registers == 0 || s->size > MOST_SECTION - 128)
        return;
    uint32_t last = c.at[c.count - 1], at = 8, ports = port ? port->size / VM_PORT_SIZE : 0;
    made[1] = row->inputs;
    made[2] = row->outputs;
    put32(made + 4, row->id);
    if (row->key)
        put32(made + at, random32(p->chance)), at += 4;
    if (vm_op_has_port(row)) {
        uint32_t use = below(p, ports);
        if (row->loop != VM_TAP && port && port->size < 50 * VM_PORT_SIZE) { /* a ring of its own */
            memset(port->bytes + port->size, 0, VM_PORT_SIZE);
            port->bytes[port->size] = VM_PORT_RING;
            put32(port->bytes + port->size + 4, below(p, 3) ? below(p, 200) : 0);
            port->size += VM_PORT_SIZE;
            use = ports;
        }
        put32(made + at, use), at += 4;
    }
    if (vm_op_has_table(row))
        put32(made + at, table ? below(p, 3) : 0), at += 4;
    for (unsigned j = 0; j < row->inputs; j++, at += 4)
        put32(made + at, 1 + below(p, c.registers));
    for (unsigned j = 0; j < row->outputs; j++, at += 4)
        put32(made + at, c.registers + 1 + j);
    memmove(s->bytes + last + at, s->bytes + last, s->size - last);
    memcpy(s->bytes + last, made, at);
    s->size += at;
    if (row->outputs && s->bytes[last + at] == VM_WRITE_OUTPUT && below(p, 4))
        put32(s->bytes + last + at + 8, c.registers + 1 + below(p, row->outputs));
}

/* The last instruction but one goes; what heard it hears another. */
static void drop_instruction(struct section *s)
{
    static struct code c;
    read_code(s, &c);
    if (c.count < 3)
        return;
    uint32_t at = c.at[c.count - 2], end = c.at[c.count - 1];
    uint32_t left = c.registers - s->bytes[at + 2];
    memmove(s->bytes + at, s->bytes + end, s->size - end);
    s->size -= end - at;
    for (unsigned j = 0; j < s->bytes[at + 1] && 12 + 4 * j <= s->size - at; j++)
        if (vm_get_u32(s->bytes + at + 8 + 4 * j) > left)
            put32(s->bytes + at + 8 + 4 * j, left);
}

/* ---- the rest ---- */

static void change_port(struct parts *p, struct section *s)
{
    uint32_t rows = s->size / VM_PORT_SIZE;
    uint8_t *row = s->bytes + VM_PORT_SIZE * below(p, rows);
    if (rows == 0)
        return;
    if (below(p, 4) == 0)
        row[2] = (uint8_t)below(p, 5);
    else if (below(p, 8) == 0)
        row[0] = (uint8_t)below(p, 5);
    else
        put32(row + 4 + 4 * below(p, 2), below(p, 4) ? below(p, 500) : edge(p));
}

static void change_table(struct parts *p, struct section *s)
{
    uint32_t words = s->size / 4;
    if (words < 2 || below(p, 6) == 0) { /* a new one */
        uint32_t length = 1 + below(p, 70);
        if (s->size > MOST_SECTION - 4 * 72)
            return;
        put32(s->bytes + s->size, length);
        for (uint32_t i = 0; i < length; i++)
            put_float(p, s->bytes + s->size + 4 + 4 * i);
        s->size += 4 + 4 * length;
    } else {
        put_float(p, s->bytes + 4 * (1 + below(p, words - 1)));
    }
}

static void change_param(struct parts *p, struct section *s)
{
    uint32_t rows = s->size / VM_PARAM_SIZE;
    uint8_t *row = s->bytes + VM_PARAM_SIZE * below(p, rows);
    if (rows == 0)
        return;
    if (below(p, 5) == 0)
        row[6] ^= 1;
    else if (below(p, 5) == 0)
        put32(row + 4 * below(p, 6), edge(p));
    else
        put_float(p, row + 8 + 4 * below(p, 3));
}

static void change_any(struct parts *p)
{
    struct section *s = &p->s[below(p, p->count)];
    if (s->size == 0)
        return;
    uint32_t kind = below(p, 6);
    if (kind == 0)
        s->bytes[below(p, s->size)] ^= (uint8_t)(1u << below(p, 8));
    else if (kind == 1)
        s->size -= below(p, s->size < 16 ? s->size : 16);
    else if (kind == 2 && s->size < MOST_SECTION)
        s->bytes[s->size++] = (uint8_t)below(p, 256);
    else if (kind == 3)
        s->tag[below(p, 4)] ^= 1;
    else if (s->size >= 4)
        put32(s->bytes + below(p, s->size / 4) * 4, edge(p));
}

static void change(struct parts *p)
{
    static const char *const tags[] = {"CODE", "CODE", "CODE", "CODE", "CNST",
                                       "CNST", "PORT", "TABL", "PARM"};
    unsigned kind = below(p, sizeof tags / sizeof *tags + 1);
    struct section *s = kind < sizeof tags / sizeof *tags ? find(p, tags[kind]) : NULL;
    if (!s)
        change_any(p);
    else if (kind == 0)
        add_instruction(p, s);
    else if (kind == 1 && below(p, 3) == 0)
        drop_instruction(s);
    else if (kind < 4)
        change_instruction(p, s);
    else if (kind < 6 && s->size >= 4)
        put_float(p, s->bytes + 4 * below(p, s->size / 4));
    else if (kind == 6)
        change_port(p, s);
    else if (kind == 7)
        change_table(p, s);
    else if (kind == 8)
        change_param(p, s);
}

size_t fz_mutate_bytecode(uint8_t *data, size_t size, size_t most, uint64_t chance)
{
    struct parts p = {.chance = &chance};
    size_t made = 0;
    if (take_apart(&p, data, size)) {
        for (uint32_t n = 1 + below(&p, 6); n > 0; n--)
            change(&p);
        if (below(&p, 16))
            fix_stat(&p);
        made = put_together(&p, data, most);
    }
    for (unsigned i = 0; i < p.count; i++)
        free(p.s[i].bytes);
    if (made && below(&p, 16))
        return made;
    made = made ? made : size;
    if (made > VM_HEADER_SIZE) { /* a byte anywhere */
        data[below(&p, (uint32_t)made)] = (uint8_t)random32(&chance);
        if (below(&p, 2))
            fix_header(data, made);
    }
    return made;
}
