/* build_outputs.c - (outputs (NAME VALUE ...) ...): what a patch gives besides its sound to the
 * patch that uses it. Each is a mix with the id NAME-out. */
#include "compiler/build.h"
#include <string.h>

static int is_output_name(struct builder *b, const struct patch *patch, const struct sx *name)
{
    const struct type type = {patch->name, NULL, (struct patch *)(uintptr_t)patch};
    if (check_id(b, name, "an output"))
        return 0;
    int old = type_find_output(&type, name->text);
    if (old < 0)
        return 1;
    struct diag *d = diag_error(b->diags, E_DUPLICATE_ID, name->place,
                                "output '%s' is defined twice", name->text);
    if (old >= SIDE_COUNT)
        diag_note(b->diags, d, patch->outputs[old - SIDE_COUNT].place, "first defined here");
    else
        diag_help(b->diags, d, "out, left and right are what the node of type output is given");
    return 0;
}

static void declare_output(struct builder *b, struct patch *patch, const struct sx *entry)
{
    const struct vm_module *mix = vm_module_by_id(VM_MOD_MIX);
    if (entry->kind != SX_LIST || !entry->first || !entry->first->next) {
        shape_error(b, entry->place, "an output has a name and a value", "(outputs (level env))");
        return;
    }
    const struct sx *name = entry->first;
    if (!is_output_name(b, patch, name))
        return;
    struct proto *proto = new_proto(b, patch, entry, name->place);
    if (!proto || set_type(b, proto, (struct type){mix->name, mix, NULL}) ||
        arena_grow(b->arena, (void **)&patch->outputs, &patch->output_capacity,
                   patch->output_count + 1, sizeof *patch->outputs))
        return;
    patch->outputs[patch->output_count++] = (struct named_output){name->text, name->place, proto};
}

void declare_outputs(struct builder *b, struct patch *patch, const struct sx *section)
{
    for (const struct sx *entry = section->first->next; entry; entry = entry->next)
        declare_output(b, patch, entry);
}

void read_output(struct builder *b, struct patch *patch, struct proto *proto)
{
    const struct sx *name = proto->form->first;
    for (const struct sx *value = name->next; value; value = value->next)
        read_value(b, patch, proto, VM_IN_MIX_in, value);
    proto->id = arena_format(b->arena, "%s-out", name->text);
    for (unsigned n = 2; proto->id && table_get(&patch->names, proto->id) != TABLE_NONE; n++)
        proto->id = arena_format(b->arena, "%s-out%u", name->text, n);
    proto->anonymous = 1;
    if (proto->id && table_put(b->arena, &patch->names, proto->id,
                               name_value(NAME_ANONYMOUS, proto->number)) == 0)
        schedule_proto(b, patch, proto);
}
