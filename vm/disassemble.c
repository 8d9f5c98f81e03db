#include "vm/disassemble.h"
#include "vm/program.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const vm_opcode_names[7] = {NULL,      "LOAD_CONST", "LOAD_PARAM",  "READ_PORT",
                                        "CALL_OP", "WRITE_PORT", "WRITE_OUTPUT"};
const char *const vm_param_unit_names[6] = {"none", "hz", "s", "ratio", "db", "gate"};
const char *const vm_curve_names[2] = {"linear", "exponential"};

struct text {
    vm_text_sink *sink;
    void *context;
};

static void put(const struct text *t, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void put(const struct text *t, const char *format, ...)
{
    char line[256];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    t->sink(t->context, line);
}

/* 440 and not 4.4e+02: with as many digits as stand before the point, %g needs no exponent. */
static int whole_digits(float x)
{
    int digits = 0;
    for (double rest = x < 0.0f ? -x : x; rest >= 1.0 && digits < 9; rest /= 10.0)
        digits++;
    return digits;
}

/* A host's locale may have another point, of several bytes even. */
static void put_point(char *text)
{
    size_t begin = strspn(text, "-0123456789"), length = strcspn(text + begin, "e0123456789");
    if (length == 0)
        return;
    text[begin] = '.';
    memmove(text + begin + 1, text + begin + length, strlen(text + begin + length) + 1);
}

void vm_float_text(float x, char *text)
{
    int whole = whole_digits(x);
    for (int digits = 1; digits <= 9; digits++) {
        snprintf(text, 32, "%.*g", digits > whole ? digits : whole, (double)x);
        float back = strtof(text, NULL);
        if (memcmp(&back, &x, sizeof x) == 0)
            break;
    }
    put_point(text);
}

/* A quoted string; what is not plain ASCII as \xNN. */
static void put_string(const struct text *t, const char *s)
{
    put(t, "\"");
    for (; *s; s++) {
        unsigned char c = (unsigned char)*s;
        if (c == '"' || c == '\\')
            put(t, "\\%c", c);
        else if (c < 0x20 || c > 0x7e)
            put(t, "\\x%02x", c);
        else
            put(t, "%c", c);
    }
    put(t, "\"");
}

static const char *name_at(const struct vm_file *f, uint32_t offset)
{
    return (const char *)f->section[VM_NAME].bytes + offset;
}

static float float_at(const uint8_t *b)
{
    uint32_t bits = vm_get_u32(b);
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* Nothing at the sample rate itself. */
static void put_rate(const struct text *t, unsigned rate)
{
    if (rate)
        put(t, " @%ux", 1u << rate);
}

static void put_params(const struct text *t, const struct vm_file *f)
{
    for (uint32_t i = 0; i < f->params; i++) {
        const uint8_t *row = f->section[VM_PARM].bytes + VM_PARAM_SIZE * (size_t)i;
        char low[32], high[32], def[32];
        vm_float_text(float_at(row + 8), low);
        vm_float_text(float_at(row + 12), high);
        vm_float_text(float_at(row + 16), def);
        put(t, ".param ");
        put_string(t, name_at(f, vm_get_u32(row)));
        put(t, " %s %s %s %s %s %lu\n", vm_param_unit_names[row[4]], vm_curve_names[row[6]], low,
            high, def, (unsigned long)vm_get_u32(row + 20));
    }
    for (uint32_t i = 0; i < f->ports; i++) {
        const uint8_t *row = f->section[VM_PORT].bytes + VM_PORT_SIZE * (size_t)i;
        if (row[0] == VM_PORT_INPUT)
            put(t, ".input %lu", (unsigned long)vm_get_u32(row + 4));
        else if (row[0] == VM_PORT_RING)
            put(t, ".ring %lu", (unsigned long)vm_get_u32(row + 4));
        else
            put(t, ".delay %lu %lu", (unsigned long)vm_get_u32(row + 4),
                (unsigned long)vm_get_u32(row + 8));
        put_rate(t, row[2]);
        put(t, "\n");
    }
}

/* The values in lines of at most COLUMNS. */
static void put_table(const struct text *t, const uint8_t *values, uint32_t length)
{
    enum { COLUMNS = 100 };
    char number[33] = " ";
    char head[32];
    snprintf(head, sizeof head, ".table %lu", (unsigned long)length);
    put(t, "%s", head);
    size_t column = strlen(head);
    for (uint32_t k = 0; k < length; k++) {
        vm_float_text(float_at(values + 4 * (size_t)k), number + 1);
        size_t width = strlen(number);
        if (column + width > COLUMNS) {
            put(t, "\n ");
            column = 1;
        }
        put(t, "%s", number);
        column += width;
    }
    put(t, "\n");
}

static void put_tables(const struct text *t, const struct vm_file *f)
{
    const uint8_t *at = f->section[VM_TABL].bytes;
    for (uint32_t i = 0; i < f->tables; i++) {
        uint32_t length = vm_get_u32(at);
        put_table(t, at + 4, length);
        at += 4 + 4 * (size_t)length;
    }
}

static void put_registers(const struct text *t, const uint32_t *r, unsigned count,
                          const char *before)
{
    for (unsigned j = 0; j < count; j++)
        put(t, "%sr%lu", j ? ", " : before, (unsigned long)r[j]);
}

static void put_instruction(const struct text *t, const struct vm_file *f,
                            const struct vm_instruction *n)
{
    char number[32];
    put(t, "%-12s ", vm_opcode_names[n->opcode]);
    switch (n->opcode) {
    case VM_LOAD_CONST:
        vm_float_text(float_at(f->section[VM_CNST].bytes + 4 * (size_t)n->arg), number);
        put(t, "r%lu, %s", (unsigned long)n->out[0], number);
        break;
    case VM_LOAD_PARAM:
        put(t, "r%lu, ", (unsigned long)n->out[0]);
        put_string(
            t, name_at(f, vm_get_u32(f->section[VM_PARM].bytes + VM_PARAM_SIZE * (size_t)n->arg)));
        break;
    case VM_READ_PORT:
        put(t, "p%lu", (unsigned long)n->arg);
        put_registers(t, n->in, n->inputs, ", ");
        put_registers(t, n->out, 1, " -> ");
        break;
    case VM_WRITE_PORT:
        put(t, "p%lu", (unsigned long)n->arg);
        put_registers(t, n->in, 1, ", ");
        break;
    case VM_CALL_OP:
        put(t, "%s", vm_ops[n->arg].name);
        if (vm_ops[n->arg].key)
            put(t, ", #%08lx", (unsigned long)n->key);
        if (vm_op_has_port(&vm_ops[n->arg]))
            put(t, ", p%lu", (unsigned long)n->port);
        if (vm_op_has_table(&vm_ops[n->arg]))
            put(t, ", t%lu", (unsigned long)n->table);
        put_registers(t, n->in, n->inputs, ", ");
        put_registers(t, n->out, n->outputs, " -> ");
        break;
    case VM_WRITE_OUTPUT:
        put_registers(t, n->in, n->inputs, "");
        break;
    }
    put_rate(t, n->rate);
    put(t, "\n");
}

/* .node and .line hold until the next one; said only where they change. */
struct origin {
    uint32_t node, line[3];
};

static void put_origin(const struct text *t, const struct vm_file *f, uint32_t i,
                       struct origin *last)
{
    struct origin now = {VM_NONE, {VM_NONE, 0, 0}};
    if (f->section[VM_NODE].bytes)
        now.node = vm_get_u32(f->section[VM_NODE].bytes + 4 * (size_t)i);
    for (unsigned k = 0; f->section[VM_LINE].bytes && k < 3; k++)
        now.line[k] = vm_get_u32(f->section[VM_LINE].bytes + VM_LINE_SIZE * (size_t)i + 4 * k);
    if (now.node != last->node) {
        put(t, ".node ");
        put_string(t, now.node == VM_NONE ? "" : name_at(f, now.node));
        put(t, "\n");
    }
    if (memcmp(now.line, last->line, sizeof now.line) != 0) {
        put(t, ".line ");
        put_string(t, now.line[0] == VM_NONE ? "" : name_at(f, now.line[0]));
        put(t, " %lu %lu\n", (unsigned long)now.line[1], (unsigned long)now.line[2]);
    }
    *last = now;
}

static void put_foreign(const struct text *t, const struct vm_file *f)
{
    for (size_t at = VM_HEADER_SIZE; at < f->size;) {
        uint32_t length = vm_get_u32(f->bytes + at + 4);
        int known = 0;
        for (int i = 0; i < VM_SECTIONS; i++)
            known |= memcmp(f->bytes + at, vm_section_tags[i], 4) == 0;
        if (!known) {
            const uint8_t *tag = f->bytes + at;
            put(t, ".section #%02x%02x%02x%02x ", tag[0], tag[1], tag[2], tag[3]);
            for (uint32_t k = 0; k < length; k++)
                put(t, "%02x", f->bytes[at + VM_SECTION_HEADER + k]);
            put(t, "\n");
        }
        at += VM_SECTION_HEADER + (length + 3) / 4 * 4;
    }
}

enum rp_status vm_disassemble(const void *bytes, size_t size, enum vm_listing listing,
                              vm_text_sink *sink, void *context, struct rp_error *error)
{
    struct text t = {sink, context};
    struct vm_file f;
    struct origin last = {VM_NONE, {VM_NONE, 0, 0}};
    enum rp_status status = vm_file_open(&f, bytes, size, error);
    if (status != RP_OK)
        return status;
    put_params(&t, &f);
    put_tables(&t, &f);
    const struct vm_section *code = &f.section[VM_CODE];
    uint32_t i = 0;
    for (uint32_t at = 0; at < code->size; i++) {
        struct vm_instruction n;
        at += vm_decode(code->bytes + at, &n);
        if (listing == VM_LISTING_FULL)
            put_origin(&t, &f, i, &last);
        put_instruction(&t, &f, &n);
    }
    if (listing == VM_LISTING_FULL)
        put_foreign(&t, &f);
    return RP_OK;
}
