/* build_type.c - modules, used files and local patches: what a node can be. */
#include "compiler/build.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

unsigned type_inputs(const struct type *type)
{
    return type->module  ? type->module->inputs
           : type->patch ? (unsigned)type->patch->graph.param_count
                         : 0;
}

struct port type_port(const struct type *type, unsigned input)
{
    static const enum vm_unit units[] = {VM_UNIT_NONE,  VM_UNIT_HZ,    VM_UNIT_SECONDS,
                                         VM_UNIT_RATIO, VM_UNIT_RATIO, VM_UNIT_NONE};
    if (type->module) {
        const struct vm_in *in = &type->module->in[input];
        return (struct port){in->name, in->kind, in->unit, in->use, in->low, in->high, in->words};
    }
    const struct param *param = &type->patch->graph.params[input];
    enum vm_kind kind = param->unit == RP_UNIT_GATE ? VM_GATE : VM_SIGNAL;
    return (struct port){param->name, kind, units[param->unit], VM_USE_OPT, param->low,
                         param->high, NULL};
}

int type_find_input(const struct type *type, const char *name)
{
    for (unsigned i = 0; i < type_inputs(type); i++)
        if (strcmp(type_port(type, i).name, name) == 0)
            return (int)i;
    return -1;
}

unsigned type_outputs(const struct type *type)
{
    return type->module  ? type->module->outputs
           : type->patch ? SIDE_COUNT + (unsigned)type->patch->output_count
                         : 0;
}

const char *type_output_name(const struct type *type, unsigned output)
{
    static const char *const sides[] = {"out", "left", "right"};
    if (type->module)
        return type->module->out[output].name;
    return output < SIDE_COUNT ? sides[output] : type->patch->outputs[output - SIDE_COUNT].name;
}

int type_find_output(const struct type *type, const char *name)
{
    for (unsigned i = 0; i < type_outputs(type); i++)
        if (strcmp(type_output_name(type, i), name) == 0)
            return (int)i;
    return -1;
}

enum vm_kind type_output_kind(const struct type *type, unsigned output)
{
    if (type->module)
        return type->module->out[output].kind;
    if (output >= SIDE_COUNT)
        return VM_ANY;
    return output == SIDE_OUT && type->patch->stereo ? VM_STEREO : VM_SIGNAL;
}

void unknown_input(struct builder *b, const struct type *type, struct place place, const char *name)
{
    struct diag *d =
        diag_error(b->diags, E_UNKNOWN_INPUT, place, "'%s' has no input '%s'", type->name, name);
    unsigned count = type_inputs(type);
    const char **names = arena_take(b->arena, count + 1, sizeof *names);
    for (unsigned i = 0; names && i < count; i++)
        names[i] = type_port(type, i).name;
    if (count == 0)
        diag_help(b->diags, d, "'%s' has no inputs", type->name);
    else if (names)
        suggest(b, d, name, "its inputs are", names, count);
}

void unknown_output(struct builder *b, const struct type *type, struct place place,
                    const char *name)
{
    struct diag *d =
        diag_error(b->diags, E_UNKNOWN_OUTPUT, place, "'%s' has no output '%s'", type->name, name);
    unsigned count = type_outputs(type);
    const char **names = arena_take(b->arena, count + 1, sizeof *names);
    for (unsigned i = 0; names && i < count; i++)
        names[i] = type_output_name(type, i);
    if (names)
        suggest(b, d, name, "its outputs are", names, count);
}

static struct local_type *own_type(struct patch *patch, const char *name)
{
    for (size_t i = 0; i < patch->type_count; i++)
        if (strcmp(patch->types[i].name, name) == 0)
            return &patch->types[i];
    return NULL;
}

static struct local_type *find_local(struct patch *patch, const char *name)
{
    struct local_type *found = NULL;
    for (; patch && !found; patch = patch->outer)
        found = own_type(patch, name);
    return found;
}

int type_known(struct patch *patch, const char *name)
{
    return vm_module_by_name(name, strlen(name)) || find_local(patch, name);
}

const char **type_names(struct builder *b, const struct patch *patch, size_t *count)
{
    size_t most = vm_module_count;
    for (const struct patch *p = patch; p; p = p->outer)
        most += p->type_count;
    const char **names = arena_take(b->arena, most, sizeof *names);
    *count = 0;
    for (const struct patch *p = patch; names && p; p = p->outer)
        for (size_t i = 0; i < p->type_count; i++)
            names[(*count)++] = p->types[i].name;
    for (size_t i = 0; names && i < vm_module_count; i++)
        names[(*count)++] = vm_modules[i].name;
    return names;
}

static void unknown_module(struct builder *b, struct patch *patch, const struct sx *name)
{
    struct diag *d =
        diag_error(b->diags, E_UNKNOWN_MODULE, name->place, "unknown module '%s'", name->text);
    size_t count;
    const char **names = type_names(b, patch, &count);
    if (names && (d == &b->diags->scratch || !suggest_part(b, d, name->text)))
        suggest(b, d, name->text, "the modules are", names, count);
}

static void report_cycle(struct builder *b, const struct patch *patch, struct place place)
{
    const char *path = "";
    unsigned i = 0;
    while (b->path[i] != patch)
        i++;
    for (; i < b->depth && path; i++)
        path = arena_format(b->arena, "%s%s -> ", path, b->path[i]->name);
    struct diag *d = diag_error(b->diags, E_USE_CYCLE, place, "'%s' uses itself", patch->name);
    diag_label(b->diags, d, "comes round here");
    diag_help(b->diags, d, "the path is %s%s", path ? path : "", patch->name);
}

/* The folder of `source`, with its last slash, before `file`. */
const char *path_beside(struct builder *b, const struct source *source, const char *file)
{
    const char *slash = strrchr(source->name, '/');
    int folder = slash && *file != '/' ? (int)(slash + 1 - source->name) : 0;
    return arena_format(b->arena, "%.*s%s", folder, source->name, file);
}

static struct patch *cannot_read(struct builder *b, const struct local_type *type, const char *path,
                                 const char *why)
{
    struct diag *d = diag_error(b->diags, E_USE_FILE, type->place, "cannot read '%s'", path);
    diag_label(b->diags, d, "%s", why);
    diag_help(b->diags, d, "a used file is looked for beside the file that uses it");
    return NULL;
}

static struct patch *load_patch(struct builder *b, const struct local_type *type, const char *path,
                                const struct stat *info)
{
    const char *why = NULL;
    const struct source *source = source_load(b->arena, path, &why);
    if (!source)
        return why ? cannot_read(b, type, path, why) : NULL;
    struct patch *patch = arena_take(b->arena, 1, sizeof *patch);
    if (!patch || arena_grow(b->arena, (void **)&b->files, &b->file_capacity, b->file_count + 1,
                             sizeof *b->files))
        return NULL;
    *patch = (struct patch){.name = path, .source = source};
    b->files[b->file_count++] =
        (struct used_file){(uint64_t)info->st_dev, (uint64_t)info->st_ino, patch};
    return patch;
}

/* A file is known by its device and inode, so that two spellings of a path are one file. */
static struct patch *used_patch(struct builder *b, const struct local_type *type)
{
    struct stat info;
    const char *path = path_beside(b, type->place.source, type->file);
    if (!path)
        return NULL;
    if (stat(path, &info) != 0)
        return cannot_read(b, type, path, errno == ENOENT ? "no such file" : strerror(errno));
    if (!S_ISREG(info.st_mode))
        return cannot_read(b, type, path, "not a regular file");
    for (size_t i = 0; i < b->file_count; i++)
        if (b->files[i].device == (uint64_t)info.st_dev &&
            b->files[i].inode == (uint64_t)info.st_ino)
            return b->files[i].patch;
    return load_patch(b, type, path, &info);
}

static struct patch *patch_of(struct builder *b, struct local_type *local)
{
    if (!local->patch && !local->failed)
        local->patch = used_patch(b, local);
    local->failed = !local->patch;
    return local->patch;
}

/* Builds the patch if need be. 0 when it may be used. */
static int make_ready(struct builder *b, struct patch *patch, struct place place)
{
    if (patch->state == PATCH_BUILDING) {
        report_cycle(b, patch, place);
        return -1;
    }
    if (patch->state == PATCH_NEW && b->depth == USE_LIMIT) {
        diag_error(b->diags, E_USE_DEPTH, place, "patches stand in one another more than %d deep",
                   USE_LIMIT);
        return -1;
    }
    if (patch->state == PATCH_NEW)
        build_patch(b, patch);
    return patch->state == PATCH_BUILT ? 0 : -1;
}

struct type find_type(struct builder *b, struct patch *patch, const struct sx *name)
{
    struct type type = {name->text, vm_module_by_name(name->text, name->length), NULL};
    if (type.module)
        return type;
    struct local_type *local = find_local(patch, name->text);
    if (!local) {
        unknown_module(b, patch, name);
        return type;
    }
    local->used = 1;
    struct patch *used = patch_of(b, local);
    if (used && make_ready(b, used, name->place) == 0)
        type.patch = used;
    return type;
}

static struct local_type *add_type(struct builder *b, struct patch *patch, const struct sx *name,
                                   const char *text)
{
    struct local_type *old = own_type(patch, text); /* one further out may be hidden */
    int module = vm_module_by_name(text, strlen(text)) != NULL;
    if (old || module) {
        struct diag *d =
            diag_error(b->diags, E_TYPE_TWICE, name->place, "the type '%s' is defined twice", text);
        if (old)
            diag_note(b->diags, d, old->place, "first defined here");
        else
            diag_label(b->diags, d, "this is the name of a module");
        diag_help(b->diags, d, "give it another name");
        return NULL;
    }
    if (arena_grow(b->arena, (void **)&patch->types, &patch->type_capacity, patch->type_count + 1,
                   sizeof *patch->types))
        return NULL;
    struct local_type *type = &patch->types[patch->type_count++];
    *type = (struct local_type){.name = text, .place = name->place};
    return type;
}

/* The file's name without folders and without what follows its first dot. */
static const char *stem_of(struct builder *b, const char *file)
{
    const char *slash = strrchr(file, '/');
    const char *base = slash ? slash + 1 : file;
    return arena_copy(b->arena, base, strcspn(base, "."));
}

void read_use(struct builder *b, struct patch *patch, const struct sx *item)
{
    static const char help[] = "(use \"voice.sx\") or (use \"voice.sx\" as lead)";
    const struct sx *file = item->first->next;
    const struct sx *as = file ? file->next : NULL;
    const struct sx *name = as ? as->next : NULL;
    if (!file || file->kind != SX_STRING || !file->length || (as && !sx_is(as, "as")) ||
        (as && !name) || (name && name->next)) {
        shape_error(b, item->place, "a use names one file", help);
        return;
    }
    struct sx stem = *file;
    stem.text = stem_of(b, file->text);
    if (!stem.text)
        return;
    stem.length = strlen(stem.text);
    if (check_id(b, name ? name : &stem, "a type"))
        return;
    struct local_type *type = add_type(b, patch, name ? name : file, name ? name->text : stem.text);
    if (!type)
        return;
    type->file = file->text;
    type->place = file->place;
}

void read_def_patch(struct builder *b, struct patch *patch, const struct sx *item)
{
    const struct sx *name = item->first->next;
    if (check_id(b, name, "a type"))
        return;
    struct local_type *type = add_type(b, patch, name, name->text);
    struct patch *inner = type ? arena_take(b->arena, 1, sizeof *inner) : NULL;
    if (!inner)
        return;
    *inner = (struct patch){
        .name = name->text, .form = name->next, .source = patch->source, .outer = patch};
    type->patch = inner;
}

void check_types_used(struct builder *b, const struct patch *patch)
{
    for (size_t i = 0; i < patch->type_count; i++) {
        const struct local_type *type = &patch->types[i];
        if (type->used)
            continue;
        struct diag *d =
            diag_error(b->diags, E_UNUSED, type->place, "'%s' is never used", type->name);
        diag_label(b->diags, d, "no node has this type");
        diag_help(b->diags, d, "remove it, or write (%s) where it is wanted", type->name);
    }
}
