/* build_value.c - what an input is given: numbers, references, nested forms, cables. */
#include "compiler/build.h"
#include <string.h>

int input_add(struct builder *b, struct input *input, struct term term)
{
    if (arena_grow(b->arena, (void **)&input->terms, &input->capacity, input->count + 1u,
                   sizeof *input->terms))
        return -1;
    input->terms[input->count++] = term;
    return 0;
}

void number_error(struct builder *b, const struct sx *sx, enum number_status status,
                  const struct number *number)
{
    if (status == NUMBER_NO_UNIT) {
        const char *unit = sx->text + number->unit_at;
        struct diag *d = diag_error(b->diags, E_UNIT_UNKNOWN, sx->place,
                                    "unknown unit '%s' in '%s'", unit, sx->text);
        suggest(b, d, unit, "the units are", number_unit_words, number_unit_word_count);
        return;
    }
    struct diag *d = diag_error(b->diags, E_NUMBER, sx->place, "'%.60s' is not a number", sx->text);
    if (status == NUMBER_TOO_LARGE)
        diag_label(b->diags, d, "too large");
    else
        diag_help(b->diags, d, "numbers look like 440, -0.5, 1e-3, 20ms or a4");
}

/* What a number for a port may be written in. */
static const enum number_unit written_units[] = {
    [VM_UNIT_NONE] = NUMBER_BARE,
    [VM_UNIT_HZ] = NUMBER_HZ,
    [VM_UNIT_SECONDS] = NUMBER_SECONDS,
    [VM_UNIT_RATIO] = NUMBER_PERCENT,
};

/* What a port wants, in words. */
static const char *wanted_unit(enum vm_unit unit)
{
    static const char *const words[] = {"a plain number", "a frequency", "a time", "a factor"};
    return words[unit];
}

static const char *wanted_examples(enum vm_unit unit)
{
    static const char *const words[] = {"0.5, 50% or -6db", "440, 440hz, 1.2khz or a4",
                                        "0.2, 200ms or 0.2s", "0.5, 50% or -6db"};
    return words[unit];
}

static void note_param(struct builder *b, struct diag *d, const struct type *type, unsigned input)
{
    if (type->patch)
        diag_note(b->diags, d, type->patch->graph.params[input].place, "'%s' is defined here",
                  type->patch->graph.params[input].name);
}

static void wrong_unit(struct builder *b, const struct type *type, unsigned input,
                       const struct sx *sx, const struct number *number)
{
    static const char *const given[] = {"a plain number", "a frequency", "a time", "in dB",
                                        "in percent"};
    struct port port = type_port(type, input);
    struct diag *d = diag_error(b->diags, E_UNIT, sx->place, "input '%s' of '%s' wants %s",
                                port.name, type->name, wanted_unit(port.unit));
    diag_label(b->diags, d, "this is %s", given[number->unit]);
    note_param(b, d, type, input);
    diag_help(b->diags, d, "write %s", wanted_examples(port.unit));
}

static void out_of_range(struct builder *b, const struct type *type, unsigned input,
                         const struct sx *sx)
{
    char low[NUMBER_TEXT], high[NUMBER_TEXT];
    struct port port = type_port(type, input);
    const char *unit = vm_unit_name(port.unit);
    if (port.unit == VM_UNIT_RATIO)
        unit = "";
    const char *gap = *unit ? " " : "";
    struct diag *d =
        diag_error(b->diags, E_RANGE, sx->place, "input '%s' of '%s' takes %s to %s%s%s", port.name,
                   type->name, number_write(low, port.low, 0, ""),
                   number_write(high, port.high, 0, ""), gap, unit);
    diag_label(b->diags, d, "out of range");
    note_param(b, d, type, input);
}

static void second_static(struct builder *b, const struct type *type, unsigned input,
                          const struct sx *sx)
{
    struct diag *d =
        diag_error(b->diags, E_STATIC, sx->place, "input '%s' of '%s' takes one number",
                   type_port(type, input).name, type->name);
    diag_label(b->diags, d, "this is another");
}

static void read_constant(struct builder *b, struct proto *proto, unsigned input,
                          const struct sx *sx)
{
    struct number number;
    struct port port = type_port(&proto->type, input);
    enum number_status status = number_read(sx->text, sx->length, &number);
    if (status != NUMBER_OK)
        number_error(b, sx, status, &number);
    else if (!number_unit_fits(number.unit, written_units[port.unit]))
        wrong_unit(b, &proto->type, input, sx, &number);
    else if (number.value < port.low || number.value > port.high)
        out_of_range(b, &proto->type, input, sx);
    else if (port.use == VM_USE_STATIC && proto->in[input].count > 0)
        second_static(b, &proto->type, input, sx);
    else
        input_add(b, &proto->in[input],
                  (struct term){.kind = TERM_CONSTANT,
                                .value = number.value,
                                .text = sx->text,
                                .place = sx->place});
}

/* What a reference found. */
struct origin {
    const char *name; /* as the source would write it */
    enum vm_kind kind;
    struct place defined;
    const struct param *param;
    const struct proto *proto;
};

static void kind_help(struct builder *b, struct diag *d, const struct origin *from)
{
    if (from->kind == VM_GATE)
        diag_help(b->diags, d, "an envelope makes a signal of it: (env.adsr (gate %s))",
                  from->name);
    else if (from->proto->id && !from->proto->anonymous)
        diag_help(b->diags, d, "'%s.left' and '%s.right' are signals", from->proto->id,
                  from->proto->id);
    else
        diag_help(b->diags, d, "name the form, and use its outputs 'left' and 'right'");
}

static int check_kind(struct builder *b, const struct type *type, unsigned input,
                      struct place place, const struct origin *from)
{
    struct port port = type_port(type, input);
    int fits = port.kind == from->kind || from->kind == VM_SIGNAL || from->kind == VM_ANY ||
               (port.kind == VM_ANY && from->kind == VM_STEREO);
    if (fits)
        return 0;
    struct diag *d = diag_error(b->diags, E_KIND, place, "input '%s' of '%s' wants a %s", port.name,
                                type->name, vm_kind_name(port.kind));
    diag_label(b->diags, d, from->kind == VM_GATE ? "this is a gate" : "this is stereo");
    if (from->defined.begin != place.begin || from->defined.source != place.source)
        diag_note(b->diags, d, from->defined, "'%s' is defined here", from->name);
    kind_help(b, d, from);
    return -1;
}

static int check_param_unit(struct builder *b, const struct type *type, unsigned input,
                            struct place place, const struct param *param)
{
    static const char *const names[] = {"no unit", "Hz", "seconds", "a factor", "dB", "gate"};
    struct port port = type_port(type, input);
    if (param_unit_fits(param->unit, port.unit))
        return 0;
    struct diag *d = diag_error(b->diags, E_UNIT, place, "input '%s' of '%s' wants %s", port.name,
                                type->name, wanted_unit(port.unit));
    diag_label(b->diags, d, "this param is in %s", names[param->unit]);
    diag_note(b->diags, d, param->place, "'%s' is defined here", param->name);
    if (port.unit == VM_UNIT_RATIO)
        diag_help(b->diags, d, "what is computed has no unit: (math.mul %s 1)", param->name);
    else
        diag_help(b->diags, d, "a param with (unit none) fits every input");
    return -1;
}

static int check_static(struct builder *b, const struct type *type, unsigned input,
                        struct place place)
{
    struct port port = type_port(type, input);
    if (port.use != VM_USE_STATIC)
        return 0;
    struct diag *d = diag_error(b->diags, E_STATIC, place, "input '%s' of '%s' takes only a number",
                                port.name, type->name);
    diag_label(b->diags, d, "not known before the patch runs");
    return -1;
}

static void add_param(struct builder *b, struct patch *patch, struct proto *proto, unsigned input,
                      struct place place, unsigned index)
{
    const struct param *param = &patch->graph.params[index];
    struct origin from = {param->name, VM_SIGNAL, param->place, param, NULL};
    if (param->unit == RP_UNIT_GATE)
        from.kind = VM_GATE;
    if (check_static(b, &proto->type, input, place) ||
        check_kind(b, &proto->type, input, place, &from) ||
        check_param_unit(b, &proto->type, input, place, param))
        return;
    input_add(b, &proto->in[input],
              (struct term){.kind = TERM_PARAM, .param = index, .place = place});
}

static void add_node(struct builder *b, struct proto *proto, unsigned input, struct place place,
                     struct proto *source, unsigned output)
{
    struct type type = output_type(source);
    struct origin from = {source->id ? source->id : source->type.name,
                          type_output_kind(&type, output), source->place, NULL, source};
    if (check_static(b, &proto->type, input, place) ||
        check_kind(b, &proto->type, input, place, &from))
        return;
    if (output < SIDE_COUNT)
        source->used_outputs |= 1u << output;
    if (output == SIDE_OUT && !(proto->type.module && proto->type.module->id == VM_MOD_OUTPUT))
        source->joined = 1;
    input_add(
        b, &proto->in[input],
        (struct term){.kind = TERM_NODE, .node = source->number, .port = output, .place = place});
}

static int has_outputs(struct builder *b, const struct proto *source, struct place place)
{
    if (type_outputs(&source->type) > 0)
        return 1;
    struct diag *d =
        diag_error(b->diags, E_OUTPUT_SOURCE, place, "'%s' has no outputs", source->type.name);
    diag_label(b->diags, d, "the patch ends here");
    diag_help(b->diags, d, "take the signal from the node that feeds it");
    return 0;
}

static void param_port(struct builder *b, struct place place, const char *name, const char *port)
{
    struct diag *d = diag_error(b->diags, E_UNKNOWN_OUTPUT, place,
                                "'%s' is a param and has no '%s'", name, port);
    diag_help(b->diags, d, "write '%s' alone", name);
}

void read_reference(struct builder *b, struct patch *patch, struct proto *proto, unsigned input,
                    struct place place, const char *name, const char *port)
{
    unsigned value = table_get(&patch->names, name);
    if (refuse_reference(b, proto, input, place, name))
        return;
    if (value == TABLE_NONE || value % NAME_KINDS == NAME_ANONYMOUS) {
        unknown_name(b, patch, place, name);
        return;
    }
    unsigned index = value / NAME_KINDS;
    if (value % NAME_KINDS == NAME_PARAM) {
        if (port)
            param_port(b, place, name, port);
        else
            add_param(b, patch, proto, input, place, index);
        return;
    }
    struct proto *source = patch->protos[index];
    if ((!source->type.module && !source->type.patch) || !has_outputs(b, source, place))
        return;
    struct type type = output_type(source);
    int output = port ? type_find_output(&type, port) : 0;
    if (output < 0)
        unknown_output(b, &type, place, port);
    else
        add_node(b, proto, input, place, source, (unsigned)output);
}

static void read_symbol(struct builder *b, struct patch *patch, struct proto *proto, unsigned input,
                        const struct sx *sx)
{
    const char *dot = strchr(sx->text, '.');
    size_t length = dot ? (size_t)(dot - sx->text) : sx->length;
    const char *name = arena_copy(b->arena, sx->text, length);
    if (!name)
        return;
    if (*name)
        read_reference(b, patch, proto, input, sx->place, name, dot ? dot + 1 : NULL);
    else
        unknown_name(b, patch, sx->place, sx->text);
}

static void read_inner(struct builder *b, struct patch *patch, struct proto *proto, unsigned input,
                       const struct sx *sx)
{
    struct proto *inner = read_nested(b, patch, sx, NULL);
    struct place place = sx->first && sx->first->kind != SX_LIST ? sx->first->place : sx->place;
    if (inner && has_outputs(b, inner, place))
        add_node(b, proto, input, place, inner, 0);
}

/* A name of the patch comes before a note of the same letters: a node may be called g1. */
static int is_name(const struct patch *patch, const struct sx *sx)
{
    if (!sx->length || !strchr("abcdefgABCDEFG", sx->text[0]))
        return 0;
    char name[8] = {0};
    size_t length = strcspn(sx->text, ".");
    if (length >= sizeof name)
        return 0;
    memcpy(name, sx->text, length);
    unsigned value = table_get(&patch->names, name);
    return value != TABLE_NONE && value % NAME_KINDS != NAME_ANONYMOUS;
}

void read_value(struct builder *b, struct patch *patch, struct proto *proto, unsigned input,
                const struct sx *sx)
{
    enum vm_kind kind = type_port(&proto->type, input).kind;
    proto->touched[input] = 1;
    if (kind == VM_DATA)
        read_data(b, patch, proto, input, sx);
    else if (kind == VM_CHOICE)
        read_choice(b, proto, input, sx);
    else if (is_data(sx) && !type_known(patch, sx->first->text))
        misplaced_data(b, proto, input, sx);
    else if (sx->kind == SX_NUMBER && is_name(patch, sx))
        read_symbol(b, patch, proto, input, sx);
    else if (sx->kind == SX_NUMBER)
        read_constant(b, proto, input, sx);
    else if (sx->kind == SX_SYMBOL)
        read_symbol(b, patch, proto, input, sx);
    else if (sx->kind == SX_LIST)
        read_inner(b, patch, proto, input, sx);
    else
        shape_error(b, sx->place, "a string cannot be a value",
                    "write a number, the name of a node or param, or a form like (osc.sine)");
}
