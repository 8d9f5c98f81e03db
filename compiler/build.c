/* build.c - from a source to the checked graph. */
#include "compiler/build.h"
#include <string.h>
#include <sys/stat.h>

static const char *const item_words[] = {"nodes", "connections", "params", "outputs", "use", "def"};
enum { ITEM_WORDS = sizeof item_words / sizeof *item_words };

static const char cable_help[] =
    "(osc1 \"out\" -> gain1 \"in\"), in JSON {\"from\": [\"osc1\", \"out\"], \"to\": [...]}";

void *shape_error(struct builder *b, struct place place, const char *message, const char *help)
{
    struct diag *d = diag_error(b->diags, E_SHAPE, place, "%s", message);
    if (help)
        diag_help(b->diags, d, *help == '(' ? "the shape is %s" : "%s", help);
    return NULL;
}

static int is_form(const struct sx *sx, const char *head)
{
    return sx && sx->kind == SX_LIST && sx_is(sx->first, head);
}

static int is_keyword(const struct sx *item)
{
    for (size_t i = 0; i < ITEM_WORDS; i++)
        if (is_form(item, item_words[i]))
            return 1;
    return 0;
}

static int is_patch_def(const struct sx *item)
{
    const struct sx *name = is_form(item, "def") ? item->first->next : NULL;
    return name && is_form(name->next, "patch") && !name->next->next;
}

static int is_nested_item(const struct sx *item)
{
    return item->kind == SX_LIST && item->first && item->first->kind == SX_SYMBOL &&
           !is_keyword(item);
}

/* First: params and types, which everything else refers to. */
static void collect(struct builder *b, struct patch *patch, const struct sx *item)
{
    if (is_form(item, "params"))
        read_params(b, patch, item);
    else if (is_form(item, "use"))
        read_use(b, patch, item);
    else if (is_patch_def(item))
        read_def_patch(b, patch, item);
    else if (!is_keyword(item) && !is_nested_item(item))
        shape_error(
            b, item->place, "an item of a patch is wanted here",
            "(nodes ...), (connections ...), (params ...), (outputs ...), (def ...), (use ...) "
            "or a module");
}

static const struct sx *type_field(const struct sx *entry)
{
    for (const struct sx *field = entry->first->next; field; field = field->next)
        if (is_form(field, "type"))
            return field;
    return NULL;
}

/* The one nested form that says what a node is: (ID (osc.saw ...)). */
static const struct sx *nested_form(struct patch *patch, const struct sx *entry)
{
    const struct sx *form = entry->first->next;
    if (!form || form->next || form->kind != SX_LIST || !form->first ||
        form->first->kind != SX_SYMBOL)
        return NULL;
    const char *head = form->first->text;
    return strchr(head, '.') || type_known(patch, head) ? form : NULL;
}

static const struct sx *type_name(struct builder *b, struct patch *patch, const struct sx *entry)
{
    const struct sx *field = type_field(entry);
    const struct sx *form = field ? NULL : nested_form(patch, entry);
    if (form)
        return form->first;
    if (!field) {
        struct diag *d = diag_error(b->diags, E_NO_TYPE, entry->first->place,
                                    "the node '%s' has no type", entry->first->text);
        diag_help(b->diags, d, "add a type, as in (%s (type \"osc.sine\"))", entry->first->text);
        return NULL;
    }
    const struct sx *name = field->first->next;
    if (name && !name->next && (name->kind == SX_SYMBOL || name->kind == SX_STRING))
        return name;
    return shape_error(b, field->place, "a type is one name", "(type \"osc.sine\")");
}

static void declare(struct builder *b, struct patch *patch, const struct sx *form,
                    const struct sx *id, const struct sx *type, const struct sx *fields)
{
    struct proto *proto = new_proto(b, patch, form, id->place);
    if (!proto)
        return;
    proto->id = id->text;
    declare_name(b, patch, id, NAME_NODE, proto->number);
    if (type && set_type(b, proto, find_type(b, patch, type)) == 0)
        read_extras(b, proto, fields);
}

static void declare_entry(struct builder *b, struct patch *patch, const struct sx *entry)
{
    if (entry->kind != SX_LIST || !entry->first)
        shape_error(b, entry->place, "a node is wanted here",
                    "(osc1 (type \"osc.sine\") (freq 440))");
    else if (check_id(b, entry->first, "a node") == 0) {
        const struct sx *type = type_name(b, patch, entry);
        const struct sx *nested = type ? type->next : NULL;
        declare(b, patch, entry, entry->first, type,
                type_field(entry) ? entry->first->next : nested);
    }
}

static void declare_def(struct builder *b, struct patch *patch, const struct sx *item)
{
    static const char help[] = "(def lfo (osc.sine (freq 5)))";
    const struct sx *id = item->first->next;
    const struct sx *form = id ? id->next : NULL;
    if (!form || form->next || form->kind != SX_LIST || !form->first ||
        form->first->kind != SX_SYMBOL)
        shape_error(b, item->place, "a definition names one form", help);
    else if (check_id(b, id, "a node") == 0)
        declare(b, patch, item, id, form->first, form->first->next);
}

/* Second: the ids and types of nodes, so that references may point forward. */
static void declare_item(struct builder *b, struct patch *patch, const struct sx *item)
{
    if (is_form(item, "def") && !is_patch_def(item))
        declare_def(b, patch, item);
    if (is_form(item, "outputs"))
        declare_outputs(b, patch, item);
    for (const struct sx *e = is_form(item, "nodes") ? item->first->next : NULL; e; e = e->next)
        declare_entry(b, patch, e);
}

static int has_type(const struct proto *proto)
{
    return proto->type.module || proto->type.patch;
}

/* The proto declared for this form. They are asked for in the order of their declaration. */
static struct proto *declared(const struct patch *patch, size_t *next, const struct sx *form)
{
    if (*next >= patch->proto_count || patch->protos[*next]->form != form)
        return NULL;
    return patch->protos[(*next)++];
}

static void read_entry(struct builder *b, struct patch *patch, struct proto *proto)
{
    if (type_field(proto->form))
        read_long(b, patch, proto);
    else
        read_nested(b, patch, proto->form->first->next, proto);
}

static void unknown_item(struct builder *b, const struct sx *head, const char *near)
{
    struct diag *d = diag_error(b->diags, E_UNKNOWN_MODULE, head->place,
                                "unknown item or module '%s'", head->text);
    diag_help(b->diags, d, "did you mean '%s'?", near);
}

static void read_free_form(struct builder *b, struct patch *patch, const struct sx *item)
{
    const struct sx *head = item->first;
    const char *near = diag_nearest(head->text, head->length, item_words, ITEM_WORDS);
    if (near && !type_known(patch, head->text))
        unknown_item(b, head, near);
    else
        read_nested(b, patch, item, NULL);
}

/* Third: what the nodes' inputs are given. */
static void read_item(struct builder *b, struct patch *patch, const struct sx *item, size_t *next)
{
    if (is_nested_item(item)) {
        read_free_form(b, patch, item);
    } else if (is_form(item, "def")) {
        struct proto *proto = declared(patch, next, item);
        if (proto && has_type(proto))
            read_nested(b, patch, item->first->next->next, proto);
    } else if (is_form(item, "outputs")) {
        for (const struct sx *entry = item->first->next; entry; entry = entry->next) {
            struct proto *proto = declared(patch, next, entry);
            if (proto && has_type(proto))
                read_output(b, patch, proto);
        }
    } else if (is_form(item, "nodes")) {
        for (const struct sx *entry = item->first->next; entry; entry = entry->next) {
            struct proto *proto = declared(patch, next, entry);
            if (proto && has_type(proto))
                read_entry(b, patch, proto);
        }
    }
}

/* One end of a cable. */
struct end {
    struct place place;
    const char *name, *port;
};

static int read_end(struct builder *b, const struct sx *first, const struct sx *stop,
                    struct end *end)
{
    const struct sx *second = first != stop ? first->next : NULL;
    if (first == stop || first->kind == SX_LIST ||
        (second != stop && (second->kind == SX_LIST || second->next != stop)))
        return -1;
    const char *dot = second == stop ? strchr(first->text, '.') : NULL;
    size_t length = dot ? (size_t)(dot - first->text) : first->length;
    end->place = first->place;
    end->name = arena_copy(b->arena, first->text, length);
    end->port = dot ? dot + 1 : NULL;
    if (second != stop) {
        end->place.end = second->place.end;
        end->port = second->text;
    }
    return end->name ? 0 : -1;
}

static struct proto *cable_end(struct builder *b, struct patch *patch, const struct end *to)
{
    unsigned value = table_get(&patch->names, to->name);
    if (value == TABLE_NONE || value % NAME_KINDS == NAME_ANONYMOUS) {
        unknown_name(b, patch, to->place, to->name);
        return NULL;
    }
    if (value % NAME_KINDS == NAME_NODE)
        return patch->protos[value / NAME_KINDS];
    struct diag *d = diag_error(b->diags, E_UNKNOWN_INPUT, to->place,
                                "'%s' is a param and has no inputs", to->name);
    diag_label(b->diags, d, "a cable cannot end here");
    return NULL;
}

static void read_cable(struct builder *b, struct patch *patch, const struct sx *cable)
{
    const struct sx *arrow = cable->kind == SX_LIST ? cable->first : NULL;
    struct end from, to;
    while (arrow && !sx_is(arrow, "->"))
        arrow = arrow->next;
    if (!arrow || read_end(b, cable->first, arrow, &from) || read_end(b, arrow->next, NULL, &to)) {
        if (!b->arena->failed)
            shape_error(b, cable->place, "a connection has a source, an arrow and an end",
                        cable_help);
        return;
    }
    struct proto *proto = cable_end(b, patch, &to);
    if (!proto || !has_type(proto))
        return;
    int input = to.port                     ? type_find_input(&proto->type, to.port)
                : type_inputs(&proto->type) ? 0
                                            : -1;
    if (input < 0) {
        unknown_input(b, &proto->type, to.place, to.port ? to.port : "in");
        return;
    }
    proto->touched[input] = 1;
    read_reference(b, patch, proto, (unsigned)input, from.place, from.name, from.port);
}

/* Fourth: cables, which come after what a node's own form gives an input. */
static void connect_item(struct builder *b, struct patch *patch, const struct sx *item)
{
    if (!is_form(item, "connections"))
        return;
    for (const struct sx *cable = item->first->next; cable; cable = cable->next)
        read_cable(b, patch, cable);
}

static int is_output(const struct proto *proto)
{
    return proto->type.module && proto->type.module->id == VM_MOD_OUTPUT;
}

/* (filter.bell (gain saw 2)): a field where a module of that name was meant. */
static void help_with_namesake(struct builder *b, struct diag *d, const struct proto *proto)
{
    for (unsigned i = 0; i < type_inputs(&proto->type); i++) {
        const char *name = type_port(&proto->type, i).name;
        if (!proto->given[i].source || !vm_module_by_name(name, strlen(name)))
            continue;
        diag_help(b->diags, d,
                  "(%s ...) is an input here; def a module of that name, and use its id", name);
        return;
    }
}

static void check_required(struct builder *b, const struct proto *proto)
{
    for (unsigned i = 0; i < type_inputs(&proto->type); i++) {
        struct port port = type_port(&proto->type, i);
        if ((port.use != VM_USE_REQ && port.use != VM_USE_REQ_SUM) || proto->touched[i])
            continue;
        struct diag *d =
            diag_error(b->diags, E_NOT_CONNECTED, proto->place,
                       "input '%s' of '%s' is not connected", port.name, proto->type.name);
        diag_label(b->diags, d, "this needs something at '%s'", port.name);
        help_with_namesake(b, d, proto);
    }
}

/* Each constant was checked alone; what they add up to is as constant. */
static void check_constant_sums(struct builder *b, const struct proto *proto)
{
    for (unsigned i = 0; i < type_inputs(&proto->type); i++) {
        const struct input *in = &proto->in[i];
        struct port port = type_port(&proto->type, i);
        double sum = 0.0;
        unsigned k = 0;
        for (; k < in->count && in->terms[k].kind == TERM_CONSTANT; k++)
            sum += in->terms[k].value;
        if (k < 2 || k < in->count || (port.low <= sum && sum <= port.high))
            continue;
        struct diag *d =
            diag_error(b->diags, E_RANGE, in->terms[0].place, "input '%s' of '%s' takes %g to %g",
                       port.name, proto->type.name, port.low, port.high);
        diag_label(b->diags, d, "the sum is %g", sum);
    }
}

static void check_output_fed(struct builder *b, const struct proto *proto)
{
    for (unsigned i = 0; i < type_inputs(&proto->type); i++)
        if (proto->touched[i])
            return;
    struct diag *d =
        diag_error(b->diags, E_OUTPUT_SILENT, proto->place, "the output is fed with nothing");
    diag_label(b->diags, d, "silent");
    diag_help(b->diags, d, "connect a node to it, as in (connections (osc1 \"out\" -> %s \"in\"))",
              proto->id);
}

static void check_outputs(struct builder *b, const struct patch *patch, int clean)
{
    const struct proto *output = NULL;
    for (size_t i = 0; i < patch->order_count; i++) {
        const struct proto *proto = patch->protos[patch->order[i]];
        if (!is_output(proto))
            continue;
        if (output) {
            struct diag *d = diag_error(b->diags, E_OUTPUT_TWICE, proto->place,
                                        "the patch has more than one output");
            diag_note(b->diags, d, output->place, "the first output is here");
            diag_help(b->diags, d, "give everything to one output: its values sum");
            continue;
        }
        output = proto;
        if (clean) /* what should have fed it may have been refused */
            check_output_fed(b, proto);
    }
    if (output || !clean)
        return;
    struct diag *d =
        diag_error(b->diags, E_NO_OUTPUT, patch->form->first->place, "the patch has no output");
    diag_help(b->diags, d, "add a node of type output");
}

static void read_items(struct builder *b, struct patch *patch)
{
    const struct sx *first = patch->form->first->next;
    unsigned before = b->diags->count;
    size_t next = 0;
    for (const struct sx *item = first; item; item = item->next)
        collect(b, patch, item);
    for (const struct sx *item = first; item; item = item->next)
        declare_item(b, patch, item);
    for (const struct sx *item = first; item; item = item->next)
        read_item(b, patch, item, &next);
    for (const struct sx *item = first; item; item = item->next)
        connect_item(b, patch, item);
    for (size_t i = 0; i < patch->order_count; i++)
        check_required(b, patch->protos[patch->order[i]]);
    for (size_t i = 0; i < patch->order_count; i++)
        check_constant_sums(b, patch->protos[patch->order[i]]);
    check_outputs(b, patch, b->diags->count == before);
    if (b->diags->count == before)
        check_types_used(b, patch);
}

/* (score ...), or in JSON lines ["score" ...], which our reader takes for three atoms and more. */
int is_score(const struct sx *first)
{
    return is_form(first, "score") ||
           (sx_is(first, "[") && first->next && first->next->length == 5 &&
            strcmp(first->next->text, "score") == 0);
}

void score_error(struct diags *diags, const struct sx *first, const char *message)
{
    struct diag *d = diag_error(diags, E_NOT_A_PATCH, first->place, "%s", message);
    diag_label(diags, d, "this is a score");
    diag_help(diags, d, "patchrun plays scores");
}

/* The one (patch ...) form of a file. */
static const struct sx *read_form(struct builder *b, const struct source *source)
{
    if (source_check(b->diags, source))
        return NULL;
    if (source_is_json(source))
        return json_read(b->arena, b->diags, source);
    const struct sx *all = sx_read(b->arena, b->diags, source, 0);
    if (!all)
        return NULL;
    if (is_form(all->first, "patch") && !all->first->next)
        return all->first;
    const struct sx *odd = all->first;
    if (is_score(odd)) {
        score_error(b->diags, odd, "a file holds exactly one patch");
        return NULL;
    }
    if (is_form(odd, "patch"))
        odd = odd->next;
    struct place start = {source, 0, 0};
    struct diag *d = diag_error(b->diags, E_NOT_A_PATCH, odd ? odd->place : start,
                                "a file holds exactly one patch");
    if (odd)
        diag_label(b->diags, d, odd == all->first ? "this is not a patch" : "this is one too many");
    diag_help(b->diags, d, "write (patch ...) around everything");
    return NULL;
}

void build_patch(struct builder *b, struct patch *patch)
{
    unsigned before = b->diags->count;
    patch->state = PATCH_BUILDING;
    b->path[b->depth++] = patch;
    if (!patch->form)
        patch->form = read_form(b, patch->source);
    if (patch->form && !b->arena->failed)
        read_items(b, patch);
    if (patch->form && !b->arena->failed && b->diags->count == before)
        write_out_unisons(b, patch);
    if (patch->form && !b->arena->failed && b->diags->count == before)
        lay_out_patch(b, patch);
    b->depth--;
    int good = patch->form && !b->arena->failed && b->diags->count == before;
    patch->state = good ? PATCH_BUILT : PATCH_BROKEN;
}

/* So that a used file that uses this one again is seen to come round. */
static int remember_file(struct builder *b, struct patch *patch)
{
    struct stat info;
    if (stat(patch->source->name, &info) != 0 || !S_ISREG(info.st_mode))
        return 0;
    if (arena_grow(b->arena, (void **)&b->files, &b->file_capacity, 1, sizeof *b->files))
        return -1;
    b->files[b->file_count++] =
        (struct used_file){(uint64_t)info.st_dev, (uint64_t)info.st_ino, patch};
    return 0;
}

struct graph *graph_read(struct arena *arena, struct diags *diags, const struct source *source,
                         const struct sound_loader *sounds)
{
    struct builder *b = arena_take(arena, 1, sizeof *b);
    struct patch *patch = arena_take(arena, 1, sizeof *patch);
    if (!b || !patch)
        return NULL;
    *b = (struct builder){.arena = arena, .diags = diags, .root = source, .sounds = sounds};
    *patch = (struct patch){.name = source->name, .source = source};
    if (remember_file(b, patch))
        return NULL;
    build_patch(b, patch);
    return patch->state == PATCH_BUILT ? &patch->graph : NULL;
}
