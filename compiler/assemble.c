/* assemble.c - one line at a time: a word, then operands. The order of a line's parts is that of
 * vm/disassemble.c. */
#include "compiler/assemble.h"
#include "text/number.h"
#include "vm/disassemble.h"
#include <stdlib.h>
#include <string.h>

/* A word, a quoted string, or one of the marks , and -> */
struct token {
    enum { END, WORD, STRING, MARK } kind;
    struct place place;
    const char *text; /* NUL-terminated; of a string, what it says */
};

struct assembler {
    struct arena *arena;
    struct diags *diags;
    const struct source *source;
    struct bytecode b;
    const char *at, *end; /* of the line */
    const char *stop;     /* of the text */
    struct token token;   /* the next one */
    int bad;              /* the line has been reported */
    const char **params;  /* names, by number */
    size_t param_count, param_capacity;
};

static struct place place_of(const struct assembler *a, const char *begin, const char *end)
{
    return (struct place){a->source, (uint32_t)(begin - a->source->text),
                          (uint32_t)(end - a->source->text)};
}

static struct diag *wrong(struct assembler *a, enum diag_code code, const char *what)
{
    if (a->bad)
        return NULL;
    a->bad = 1;
    return diag_error(a->diags, code, a->token.place, "%s", what);
}

static int hex_value(char c)
{
    const char *digits = "0123456789abcdef";
    const char *found = c ? strchr(digits, c) : NULL;
    return found ? (int)(found - digits) : -1;
}

/* Undoes put_string of the disassembler. */
static const char *read_string(struct assembler *a)
{
    char *text = arena_take(a->arena, (size_t)(a->end - a->at) + 1, 1);
    size_t n = 0;
    if (!text)
        return "";
    for (a->at++; a->at < a->end && *a->at != '"'; a->at++) {
        char c = *a->at;
        if (c == '\\' && a->end - a->at > 3 && a->at[1] == 'x' && hex_value(a->at[2]) >= 0 &&
            hex_value(a->at[3]) >= 0) {
            c = (char)(hex_value(a->at[2]) << 4 | hex_value(a->at[3]));
            a->at += 3;
        } else if (c == '\\' && a->end - a->at > 1) {
            c = *++a->at;
        }
        text[n++] = c;
    }
    if (a->at < a->end)
        a->at++;
    else
        wrong(a, E_ASM_OPERAND, "a string without its closing quote");
    return text;
}

static void next(struct assembler *a)
{
    while (a->at < a->end && (*a->at == ' ' || *a->at == '\t' || *a->at == '\r'))
        a->at++;
    const char *begin = a->at;
    a->token = (struct token){END, place_of(a, begin, begin), ""};
    if (begin >= a->end || *begin == ';')
        return;
    a->token.place = place_of(a, begin, begin + 1);
    if (*begin == '"') {
        a->token.kind = STRING;
        a->token.text = read_string(a);
    } else if (*begin == ',' || (*begin == '-' && a->end - begin > 1 && begin[1] == '>')) {
        a->at += *begin == ',' ? 1 : 2;
        a->token.kind = MARK;
        a->token.text = *begin == ',' ? "," : "->";
    } else {
        while (a->at < a->end && !strchr(" \t\r,;\"", *a->at))
            a->at++;
        a->token.kind = WORD;
        a->token.text = arena_copy(a->arena, begin, (size_t)(a->at - begin));
        if (!a->token.text)
            a->token.text = "";
    }
    a->token.place = place_of(a, begin, a->at);
}

static int is_mark(const struct assembler *a, const char *text)
{
    return a->token.kind == MARK && strcmp(a->token.text, text) == 0;
}

static void mark(struct assembler *a, const char *text)
{
    if (!is_mark(a, text))
        wrong(a, E_ASM_OPERAND, *text == ',' ? "',' expected here" : "'->' expected here");
    next(a);
}

/* Decimal digits, after a letter when one is asked for (r12, p0). */
static uint32_t whole(struct assembler *a, char letter, const char *what)
{
    const char *text = a->token.text;
    char *end = NULL;
    unsigned long long n = 0;
    if (letter && *text == letter)
        text++;
    else if (letter)
        text = "";
    if (a->token.kind == WORD && *text >= '0' && *text <= '9')
        n = strtoull(text, &end, 10);
    if (!end || *end || n > UINT32_MAX)
        wrong(a, E_ASM_OPERAND, what);
    next(a);
    return (uint32_t)n;
}

/* Bare numbers only. A float's shortest text through double and back is the same float. */
static float number(struct assembler *a)
{
    struct number n;
    size_t length = strlen(a->token.text);
    float x = 0.0f;
    if (a->token.kind == WORD && number_read(a->token.text, length, &n) == NUMBER_OK &&
        n.unit == NUMBER_BARE && n.value >= -3.4028235e38 && n.value <= 3.4028235e38) {
        x = (float)n.value;
        if (x == 0.0f && a->token.text[0] == '-')
            x = -0.0f;
    } else {
        wrong(a, E_ASM_OPERAND, "a number expected here");
    }
    next(a);
    return x;
}

static const char *string(struct assembler *a)
{
    const char *text = a->token.text;
    if (a->token.kind != STRING)
        wrong(a, E_ASM_OPERAND, "a quoted name expected here");
    next(a);
    return text;
}

static uint32_t choice(struct assembler *a, const char *const *names, uint32_t count)
{
    uint32_t i = 0;
    while (i < count && strcmp(a->token.text, names[i]) != 0)
        i++;
    if (i == count) {
        struct diag *d = wrong(a, E_ASM_OPERAND, "an unknown word");
        const char *near = diag_nearest(a->token.text, strlen(a->token.text), names, count);
        if (d && near)
            diag_help(a->diags, d, "did you mean '%s'?", near);
        i = 0;
    }
    next(a);
    return i;
}

/* ---- directives ---- */

static void directive_param(struct assembler *a)
{
    const char *name = string(a);
    enum rp_unit unit = (enum rp_unit)choice(a, vm_param_unit_names, 6);
    enum rp_curve curve = (enum rp_curve)choice(a, vm_curve_names, 2);
    float low = number(a), high, def;
    high = number(a);
    def = number(a);
    uint32_t glide = whole(a, 0, "the glide in frames expected here");
    if (arena_grow(a->arena, (void **)&a->params, &a->param_capacity, a->param_count + 1,
                   sizeof *a->params))
        return;
    a->params[a->param_count++] = name;
    bytecode_param(&a->b, name, unit, curve, low, high, def, glide);
}

/* @2x, @4x or @8x, or nothing, as its power of two. */
static unsigned rate(struct assembler *a)
{
    static const char *const words[] = {"@1x", "@2x", "@4x", "@8x"};
    if (a->token.kind != WORD || a->token.text[0] != '@')
        return 0;
    return choice(a, words, VM_MAX_RATE + 1);
}

static void directive_delay(struct assembler *a)
{
    uint32_t low = whole(a, 0, "the shortest delay in frames expected here");
    uint32_t high = whole(a, 0, "the longest delay in frames expected here");
    unsigned times = rate(a);
    if (low > VM_MAX_DELAY || high > VM_MAX_DELAY)
        wrong(a, E_ASM_OPERAND, "a delay over the limit");
    else
        bytecode_delay(&a->b, times, low, high);
}

static void directive_ring(struct assembler *a)
{
    uint32_t longest = whole(a, 0, "the ring's length in frames expected here");
    unsigned times = rate(a);
    if (longest > VM_MAX_DELAY)
        wrong(a, E_ASM_OPERAND, "a ring over the limit");
    else
        bytecode_ring(&a->b, times, longest);
}

static const char *line_end(const struct assembler *a, const char *line)
{
    const char *end = memchr(line, '\n', (size_t)(a->stop - line));
    return end ? end : a->stop;
}

/* A table goes on in lines that begin with a number. */
static void next_value(struct assembler *a)
{
    while (a->token.kind == END && a->end < a->stop) {
        const char *line = a->end + 1, *first = line;
        while (first < a->stop && (*first == ' ' || *first == '\t' || *first == '\r'))
            first++;
        if (first >= a->stop || !strchr("+-0123456789\n;", *first))
            return;
        a->at = line;
        a->end = line_end(a, line);
        next(a);
    }
}

static void directive_table(struct assembler *a)
{
    uint32_t length = whole(a, 0, "the table's length expected here");
    float *values = NULL;
    if (length < 1 || length > (size_t)(a->stop - a->at) / 2 + 1)
        wrong(a, E_ASM_OPERAND, "not as many values as said");
    else
        values = arena_take(a->arena, length, sizeof *values);
    for (uint32_t i = 0; values && i < length && !a->bad; i++) {
        next_value(a);
        if (a->token.kind == END)
            wrong(a, E_ASM_OPERAND, "not as many values as said");
        else
            values[i] = number(a);
    }
    if (values && !a->bad)
        bytecode_table(&a->b, values, length);
}

static void directive_input(struct assembler *a)
{
    uint32_t channel = whole(a, 0, "the input's channel expected here");
    if (!a->bad)
        bytecode_input(&a->b, channel);
}

static void directive_node(struct assembler *a)
{
    const char *id = string(a);
    bytecode_node(&a->b, *id ? id : NULL);
}

static void directive_line(struct assembler *a)
{
    const char *file = string(a);
    uint32_t line = whole(a, 0, "a line number expected here");
    uint32_t column = whole(a, 0, "a column number expected here");
    bytecode_line(&a->b, *file ? file : NULL, line, column);
}

static uint32_t key(struct assembler *a)
{
    char *end = NULL;
    unsigned long long n = 0;
    if (a->token.kind == WORD && a->token.text[0] == '#')
        n = strtoull(a->token.text + 1, &end, 16);
    if (!end || end == a->token.text + 1 || *end || n > UINT32_MAX)
        wrong(a, E_ASM_OPERAND, "eight hexadecimal digits such as #3f2a0001 expected here");
    next(a);
    return (uint32_t)n;
}

/* The tag is four bytes of any value, the data any number of bytes. */
static void directive_section(struct assembler *a)
{
    uint32_t number = key(a);
    char tag[4] = {(char)(number >> 24), (char)(number >> 16), (char)(number >> 8), (char)number};
    const char *hex = a->token.kind == WORD ? a->token.text : "";
    size_t length = strlen(hex);
    unsigned char *data = arena_take(a->arena, length / 2 + 1, 1);
    if (!data)
        return;
    for (size_t i = 0; i + 1 < length; i += 2) {
        if (hex_value(hex[i]) < 0 || hex_value(hex[i + 1]) < 0)
            wrong(a, E_ASM_OPERAND, "bytes in hexadecimal expected here");
        else
            data[i / 2] = (unsigned char)(hex_value(hex[i]) << 4 | hex_value(hex[i + 1]));
    }
    if (length % 2)
        wrong(a, E_ASM_OPERAND, "whole bytes expected here");
    else if (!a->bad)
        bytecode_foreign(&a->b, tag, data, length / 2);
    if (length)
        next(a);
}

/* ---- instructions ---- */

static void result(struct assembler *a, uint32_t expected)
{
    struct diag *d = NULL;
    struct token token = a->token;
    uint32_t r = whole(a, 'r', "a register expected here");
    if (r == expected || a->bad)
        return;
    a->token.place = token.place;
    d = wrong(a, E_ASM_REGISTER, "this result is out of order");
    if (d)
        diag_help(a->diags, d, "the next register is r%lu", (unsigned long)expected);
    a->at = a->end;
}

static uint32_t param_number(struct assembler *a)
{
    for (size_t i = 0; i < a->param_count; i++)
        if (a->token.kind == STRING && strcmp(a->params[i], a->token.text) == 0) {
            next(a);
            return (uint32_t)i;
        }
    wrong(a, E_ASM_OPERAND, "no .param of this name stands above");
    return 0;
}

static uint32_t op_row(struct assembler *a)
{
    const struct vm_op_row *row = vm_op_by_name(a->token.text, strlen(a->token.text));
    if (a->token.kind != WORD || !row) {
        const char **names = arena_take(a->arena, vm_op_count, sizeof *names);
        for (size_t i = 0; names && i < vm_op_count; i++)
            names[i] = vm_ops[i].name;
        struct diag *d = wrong(a, E_ASM_OP, "an unknown op");
        const char *near =
            names ? diag_nearest(a->token.text, strlen(a->token.text), names, vm_op_count) : NULL;
        if (d && near)
            diag_help(a->diags, d, "did you mean '%s'?", near);
        return 0;
    }
    next(a);
    return (uint32_t)(row - vm_ops);
}

/* Writes the instruction down, with the rate that may end its line. */
static void give(struct assembler *a, struct bytecode_instruction *n)
{
    n->rate = rate(a);
    if (!a->bad)
        bytecode_instruction(&a->b, n);
}

static void call_op(struct assembler *a)
{
    struct bytecode_instruction n = {.opcode = VM_CALL_OP, .arg = op_row(a)};
    const struct vm_op_row *row = &vm_ops[n.arg];
    if (a->bad)
        return;
    n.inputs = row->inputs;
    if (row->key) {
        mark(a, ",");
        n.key = key(a);
    }
    if (vm_op_has_port(row)) {
        mark(a, ",");
        n.port = whole(a, 'p', "a port such as p0 expected here");
    }
    if (vm_op_has_table(row)) {
        mark(a, ",");
        n.table = whole(a, 't', "a table such as t0 expected here");
    }
    for (unsigned j = 0; j < row->inputs; j++) {
        mark(a, ",");
        n.in[j] = whole(a, 'r', "a register expected here");
    }
    for (unsigned j = 0; j < row->outputs; j++) {
        mark(a, j ? "," : "->");
        result(a, a->b.registers + 1 + j);
    }
    give(a, &n);
}

static void load_instruction(struct assembler *a, enum vm_opcode opcode)
{
    result(a, a->b.registers + 1);
    mark(a, ",");
    struct bytecode_instruction n = {.opcode = opcode};
    n.arg = opcode == VM_LOAD_CONST ? bytecode_constant(&a->b, number(a)) : param_number(a);
    give(a, &n);
}

static void port_instruction(struct assembler *a, enum vm_opcode opcode)
{
    struct bytecode_instruction n = {.opcode = opcode};
    n.arg = whole(a, 'p', "a port such as p0 expected here");
    n.inputs = opcode == VM_WRITE_PORT || is_mark(a, ",");
    if (n.inputs) {
        mark(a, ",");
        n.in[0] = whole(a, 'r', "a register expected here");
    }
    if (opcode == VM_READ_PORT) {
        mark(a, "->");
        result(a, a->b.registers + 1);
    }
    give(a, &n);
}

static void write_output(struct assembler *a)
{
    struct bytecode_instruction n = {.opcode = VM_WRITE_OUTPUT, .inputs = 1};
    n.in[0] = whole(a, 'r', "a register expected here");
    if (a->token.kind == MARK) {
        mark(a, ",");
        n.in[n.inputs++] = whole(a, 'r', "a register expected here");
    }
    give(a, &n);
}

static void instruction(struct assembler *a, enum vm_opcode opcode)
{
    switch (opcode) {
    case VM_LOAD_CONST:
    case VM_LOAD_PARAM:
        load_instruction(a, opcode);
        break;
    case VM_READ_PORT:
    case VM_WRITE_PORT:
        port_instruction(a, opcode);
        break;
    case VM_CALL_OP:
        call_op(a);
        break;
    case VM_WRITE_OUTPUT:
        write_output(a);
        break;
    }
}

static const struct {
    const char *word;
    void (*read)(struct assembler *);
} directives[] = {
    {".param", directive_param}, {".delay", directive_delay},     {".input", directive_input},
    {".ring", directive_ring},   {".table", directive_table},     {".node", directive_node},
    {".line", directive_line},   {".section", directive_section},
};

static void read_line(struct assembler *a)
{
    static const char *const words[] = {"LOAD_CONST", "LOAD_PARAM",   "READ_PORT", "CALL_OP",
                                        "WRITE_PORT", "WRITE_OUTPUT", ".param",    ".delay",
                                        ".ring",      ".table",       ".input",    ".node",
                                        ".line",      ".section"};
    next(a);
    if (a->token.kind == END)
        return;
    for (size_t i = 0; i < sizeof directives / sizeof *directives; i++)
        if (strcmp(a->token.text, directives[i].word) == 0) {
            next(a);
            directives[i].read(a);
            goto read;
        }
    for (int i = VM_LOAD_CONST; i <= VM_WRITE_OUTPUT; i++)
        if (strcmp(a->token.text, vm_opcode_names[i]) == 0) {
            next(a);
            instruction(a, (enum vm_opcode)i);
            goto read;
        }
    struct diag *d = wrong(a, E_ASM_LINE, "neither an instruction nor a directive");
    const char *near =
        diag_nearest(a->token.text, strlen(a->token.text), words, sizeof words / sizeof *words);
    if (d && near)
        diag_help(a->diags, d, "did you mean '%s'?", near);
    return;
read:
    if (!a->bad && a->token.kind != END)
        wrong(a, E_ASM_OPERAND, "more than the line's operands");
}

struct bytes assemble(struct arena *arena, struct diags *diags, const struct source *source)
{
    struct assembler a = {.arena = arena, .diags = diags, .source = source};
    struct rp_error error;
    bytecode_init(&a.b, arena);
    a.stop = source->text + source->size;
    for (const char *line = source->text; line < a.stop && !arena->failed;) {
        a.at = line;
        a.end = line_end(&a, line);
        a.bad = 0;
        read_line(&a);
        line = a.end + 1;
    }
    if (arena->failed || diags->count)
        return (struct bytes){0};
    struct bytes file = bytecode_finish(&a.b);
    if (file.data && rp_verify(file.data, file.size, &error) != RP_OK) {
        struct place place = {source, (uint32_t)source->size, (uint32_t)source->size};
        diag_error(diags, E_ASM_PROGRAM, place, "byte %llu of the program: %s",
                   (unsigned long long)error.offset, error.reason);
        return (struct bytes){0};
    }
    return file;
}

/* ---- the other way ---- */

struct text {
    struct arena *arena;
    struct bytes bytes;
};

static void append(void *context, const char *piece)
{
    struct text *t = context;
    size_t length = strlen(piece);
    if (arena_grow(t->arena, (void **)&t->bytes.data, &t->bytes.capacity,
                   t->bytes.size + length + 1, 1))
        return;
    memcpy(t->bytes.data + t->bytes.size, piece, length);
    t->bytes.size += length;
}

/* A file of another writer may keep its tables in another order than ours. */
static int reassembles(struct arena *arena, const struct bytes *file, const struct text *text)
{
    struct diags diags;
    struct source source = {"", (const char *)text->bytes.data, text->bytes.size, 0};
    diags_init(&diags, arena);
    struct bytes again = assemble(arena, &diags, &source);
    return again.data && again.size == file->size &&
           memcmp(again.data, file->data, file->size) == 0;
}

struct bytes disassemble(struct arena *arena, const struct bytes *file, int full,
                         struct rp_error *error)
{
    struct text text = {arena, {0}}, all = {arena, {0}};
    if (vm_disassemble(file->data, file->size, full ? VM_LISTING_FULL : VM_LISTING_CODE, append,
                       &text, error) != RP_OK)
        return (struct bytes){0};
    append(&text, "");
    if (!full || reassembles(arena, file, &text))
        return text.bytes;
    append(&all, "; the tables of this file are not in patchc's order: assembling this text gives\n"
                 "; an equal program, but not the same bytes\n");
    append(&all, (const char *)text.bytes.data);
    return all.bytes;
}
