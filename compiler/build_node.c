/* build_node.c - nodes in the long form and the nested form. */
#include "compiler/build.h"
#include <string.h>

static const char long_help[] = "(osc1 (type \"osc.sine\") (freq 440)) or (osc1 (osc.sine))";

struct proto *new_proto(struct builder *b, struct patch *patch, const struct sx *form,
                        struct place place)
{
    if (patch->proto_count >= NODE_LIMIT) {
        diag_error(b->diags, E_TOO_MANY, place, "a patch may have %d nodes", NODE_LIMIT);
        return NULL;
    }
    struct proto *proto = arena_take(b->arena, 1, sizeof *proto);
    if (!proto || arena_grow(b->arena, (void **)&patch->protos, &patch->proto_capacity,
                             patch->proto_count + 1, sizeof(struct proto *)))
        return NULL;
    *proto = (struct proto){.form = form, .place = place, .number = (unsigned)patch->proto_count};
    patch->protos[patch->proto_count++] = proto;
    return proto;
}

int set_type(struct builder *b, struct proto *proto, struct type type)
{
    size_t count = type_inputs(&type);
    proto->in = arena_take(b->arena, count, sizeof *proto->in);
    proto->given = arena_take(b->arena, count, sizeof *proto->given);
    proto->touched = arena_take(b->arena, count, 1);
    if (!proto->in || !proto->given || !proto->touched)
        return -1;
    proto->type = type;
    return type.module || type.patch ? 0 : -1;
}

int schedule_proto(struct builder *b, struct patch *patch, const struct proto *proto)
{
    if (arena_grow(b->arena, (void **)&patch->order, &patch->order_capacity, patch->order_count + 1,
                   sizeof *patch->order))
        return -1;
    patch->order[patch->order_count++] = proto->number;
    return 0;
}

/* Whether an input may be given: once only. `help` leads to an example. */
static int give(struct builder *b, struct proto *proto, unsigned input, struct place place,
                const char *help)
{
    if (!proto->given[input].source) {
        proto->given[input] = place;
        return 1;
    }
    const char *name = type_port(&proto->type, input).name;
    struct diag *d = diag_error(b->diags, E_INPUT_TWICE, place, "input '%s' is given twice", name);
    diag_note(b->diags, d, proto->given[input], "first given here");
    diag_help(b->diags, d, "%s (%s 1 2)", help, name);
    return 0;
}

/* (table 1 2) where an input is called table: the field and its value in one. */
static int is_field_of_data(const struct proto *proto, unsigned input, const struct sx *field)
{
    const struct sx *first = field->first->next;
    return is_data(field) && type_port(&proto->type, input).kind == VM_DATA &&
           !(first && is_data(first));
}

/* -6 db, of which the second is no name that anybody gave. */
static int is_unit_apart(const struct patch *patch, const struct sx *number, const struct sx *unit)
{
    if (!number || number->kind != SX_NUMBER || unit->kind != SX_SYMBOL ||
        table_get(&patch->names, unit->text) != TABLE_NONE)
        return 0;
    for (size_t i = 0; i < number_unit_word_count; i++)
        if (strcmp(unit->text, number_unit_words[i]) == 0)
            return 1;
    return 0;
}

static void unit_apart(struct builder *b, const struct sx *number, const struct sx *unit)
{
    struct diag *d =
        diag_error(b->diags, E_UNKNOWN_NODE, unit->place, "unknown node or param '%s'", unit->text);
    diag_help(b->diags, d, "a number and its unit are written together: %s%s", number->text,
              unit->text);
}

static void read_field(struct builder *b, struct patch *patch, struct proto *proto, unsigned input,
                       const struct sx *field)
{
    if (!give(b, proto, input, field->first->place, "several values in one field sum:"))
        return;
    const struct sx *first = field->first->next;
    if (is_field_of_data(proto, input, field)) {
        read_value(b, patch, proto, input, field);
        return;
    }
    if (!first) {
        proto->touched[input] = 1;
        shape_error(b, field->place, "the input is given no value", "(freq 440)");
    }
    const struct sx *before = NULL;
    for (const struct sx *value = first; value; before = value, value = value->next)
        if (is_unit_apart(patch, before, value))
            unit_apart(b, before, value);
        else
            read_value(b, patch, proto, input, value);
}

static void read_long_field(struct builder *b, struct patch *patch, struct proto *proto,
                            const struct sx *field)
{
    if (field->kind != SX_LIST || !field->first || field->first->kind == SX_LIST) {
        shape_error(b, field->place, "a field is wanted here", long_help);
        return;
    }
    int input = type_find_input(&proto->type, field->first->text);
    if (input < 0)
        unknown_input(b, &proto->type, field->first->place, field->first->text);
    else
        read_field(b, patch, proto, (unsigned)input, field);
}

static int is_type_field(const struct sx *sx)
{
    return sx->kind == SX_LIST && sx_is(sx->first, "type");
}

/* The fields of a node whose type has been set. */
void read_long(struct builder *b, struct patch *patch, struct proto *proto)
{
    const struct sx *type_field = NULL;
    for (const struct sx *field = proto->form->first->next; field; field = field->next) {
        if (is_extra(proto, field)) {
            continue; /* read when it was declared */
        } else if (!is_type_field(field)) {
            read_long_field(b, patch, proto, field);
        } else if (!type_field) {
            type_field = field;
        } else {
            struct diag *d =
                diag_error(b->diags, E_INPUT_TWICE, field->first->place, "the type is given twice");
            diag_note(b->diags, d, type_field->first->place, "first given here");
        }
    }
    schedule_proto(b, patch, proto);
}

static int names_input(const struct proto *proto, const struct sx *arg)
{
    if (arg->kind != SX_LIST || !arg->first || arg->first->kind == SX_LIST)
        return -1;
    return type_find_input(&proto->type, arg->first->text);
}

/* A list that is neither an input nor a form: a misspelt input, unless it looks like a type. */
static int is_unknown_field(struct builder *b, struct patch *patch, const struct type *type,
                            const struct sx *arg)
{
    const struct sx *head = arg->kind == SX_LIST ? arg->first : NULL;
    if (!head || head->kind != SX_SYMBOL || strchr(head->text, '.') || is_data(arg) ||
        type_known(patch, head->text) || means_module(b, type, arg))
        return 0;
    if (is_input_of_any(head->text))
        return 1;
    size_t count;
    const char **names = type_names(b, patch, &count);
    return names && !diag_nearest(head->text, head->length, names, count);
}

static int takes_all(const struct proto *proto)
{
    enum vm_use use = type_port(&proto->type, 0).use;
    return use == VM_USE_REQ_SUM || use == VM_USE_OPT_SUM;
}

static int give_next(struct builder *b, struct proto *proto, const struct sx *arg, unsigned input)
{
    static const char help[] = "values without a name feed the inputs in order, and this is the "
                               "turn of the one named before; to add up, write";
    return give(b, proto, input, arg->place, help) ? (int)input : -1;
}

/* The input of the next value without a name; -1 when there is none left, which is reported. */
static int next_unnamed(struct builder *b, struct proto *proto, const struct sx *arg,
                        unsigned *next)
{
    unsigned count = type_inputs(&proto->type);
    if (*next > 0 && count > 0 && takes_all(proto))
        return 0;
    if (*next < count)
        return give_next(b, proto, arg, (*next)++);
    struct diag *d =
        diag_error(b->diags, E_UNKNOWN_INPUT, arg->place,
                   count ? "'%s' has no more inputs" : "'%s' has no inputs", proto->type.name);
    diag_label(b->diags, d, "this value has nowhere to go");
    if (count)
        diag_help(b->diags, d,
                  "values without a name feed the inputs in order; to add them up, "
                  "write (%s 1 2)",
                  type_port(&proto->type, 0).name);
    return -1;
}

static void read_unnamed(struct builder *b, struct patch *patch, struct proto *proto,
                         const struct sx *arg, unsigned *next)
{
    if (is_unknown_field(b, patch, &proto->type, arg)) {
        unknown_input(b, &proto->type, arg->first->place, arg->first->text);
        return;
    }
    int input = next_unnamed(b, proto, arg, next);
    if (input >= 0)
        read_value(b, patch, proto, (unsigned)input, arg);
}

static void read_args(struct builder *b, struct patch *patch, struct proto *proto,
                      const struct sx *arg)
{
    const struct sx *before = NULL;
    unsigned next = 0;
    for (; arg; before = arg, arg = arg->next) {
        if (is_extra(proto, arg))
            continue;
        if (is_unit_apart(patch, before, arg)) {
            unit_apart(b, before, arg);
            continue;
        }
        int input = names_input(proto, arg);
        int turn =
            input >= 0 && (unsigned)input == next && is_field_of_data(proto, (unsigned)input, arg);
        if (input >= 0 && !turn)
            read_field(b, patch, proto, (unsigned)input, arg);
        else
            read_unnamed(b, patch, proto, arg, &next);
    }
}

static int name_anonymous(struct builder *b, struct patch *patch, struct proto *proto)
{
    proto->id = anonymous_id(b, patch, &proto->type);
    if (!proto->id)
        return -1;
    proto->anonymous = 1;
    return table_put(b->arena, &patch->names, proto->id, name_value(NAME_ANONYMOUS, proto->number));
}

struct proto *read_nested(struct builder *b, struct patch *patch, const struct sx *form,
                          struct proto *named)
{
    const struct sx *head = form->first;
    if (!head || head->kind == SX_LIST || (head->kind == SX_NUMBER && !name_is_id(head->text))) {
        shape_error(b, form->place, "a form begins with the name of a module",
                    "(osc.sine (freq 440))");
        return NULL;
    }
    struct proto *proto = named ? named : new_proto(b, patch, form, head->place);
    if (!proto)
        return NULL;
    if (!named && set_type(b, proto, find_type(b, patch, head)))
        return NULL;
    if (!named)
        read_extras(b, proto, head->next);
    read_args(b, patch, proto, head->next);
    if (!proto->id && name_anonymous(b, patch, proto))
        return NULL;
    return schedule_proto(b, patch, proto) ? NULL : proto;
}
