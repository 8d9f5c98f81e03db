#include "compiler/build.h"
#include <string.h>

static size_t hash(const char *key)
{
    uint64_t h = 14695981039346656037u; /* FNV-1a */
    for (; *key; key++)
        h = (h ^ (unsigned char)*key) * 1099511628211u;
    return (size_t)(h ^ h >> 32);
}

static struct table_slot *find_slot(const struct table *table, const char *key)
{
    size_t i = hash(key) & (table->capacity - 1);
    while (table->slots[i].key && strcmp(table->slots[i].key, key) != 0)
        i = (i + 1) & (table->capacity - 1);
    return &table->slots[i];
}

unsigned table_get(const struct table *table, const char *key)
{
    const struct table_slot *slot = table->capacity ? find_slot(table, key) : NULL;
    return slot && slot->key ? slot->value : TABLE_NONE;
}

static int table_widen(struct arena *arena, struct table *table)
{
    struct table wide = {.capacity = table->capacity ? table->capacity * 2 : 16};
    wide.count = table->count;
    wide.slots = arena_take(arena, wide.capacity, sizeof *wide.slots);
    if (!wide.slots)
        return -1;
    for (size_t i = 0; i < table->capacity; i++)
        if (table->slots[i].key)
            *find_slot(&wide, table->slots[i].key) = table->slots[i];
    *table = wide;
    return 0;
}

int table_put(struct arena *arena, struct table *table, const char *key, unsigned value)
{
    if (table->count + 1 > table->capacity / 2 && table_widen(arena, table))
        return -1;
    struct table_slot *slot = find_slot(table, key);
    table->count += !slot->key;
    *slot = (struct table_slot){key, value};
    return 0;
}

static const char *const reserved[] = {"patch", "nodes", "connections", "params", "def",
                                       "use",   "as",    "type",        "outputs"};

static int is_reserved(const char *text)
{
    for (size_t i = 0; i < sizeof reserved / sizeof *reserved; i++)
        if (strcmp(text, reserved[i]) == 0)
            return 1;
    return 0;
}

static int is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static int has_id_shape(const char *text)
{
    if (!is_letter(*text))
        return 0;
    for (; *text; text++)
        if (!is_letter(*text) && !(*text >= '0' && *text <= '9') && *text != '-' && *text != '/')
            return 0;
    return 1;
}

/* The longest run between slashes: used patches in one another make ids of many. */
static size_t longest_part(const char *text)
{
    size_t longest = 0;
    for (;; text++) {
        size_t length = strcspn(text, "/");
        longest = length > longest ? length : longest;
        text += length;
        if (!*text)
            return longest;
    }
}

int name_is_id(const char *text)
{
    return has_id_shape(text) && !is_reserved(text);
}

int check_id(struct builder *b, const struct sx *sx, const char *what)
{
    if (!sx || sx->kind == SX_LIST) {
        struct place none = {NULL, 0, 0};
        shape_error(b, sx ? sx->place : none, "a name is wanted here", NULL);
        return -1;
    }
    if (strlen(sx->text) == sx->length && longest_part(sx->text) <= ID_LIMIT &&
        name_is_id(sx->text))
        return 0;
    struct diag *d = diag_error(b->diags, E_BAD_ID, sx->place, "'%.*s' cannot be the name of %s",
                                ID_LIMIT, sx->text, what);
    if (longest_part(sx->text) > ID_LIMIT)
        diag_label(b->diags, d, "longer than %d characters", ID_LIMIT);
    else if (is_reserved(sx->text))
        diag_label(b->diags, d, "this word is reserved");
    if (has_id_shape(sx->text) && longest_part(sx->text) <= ID_LIMIT)
        diag_help(b->diags, d, "another name, such as '%s_1', will do", sx->text);
    else
        diag_help(b->diags, d, "begin with a letter or _, go on with letters, digits, _ - and /");
    return -1;
}

static struct place name_place(const struct patch *patch, unsigned value)
{
    unsigned index = value / NAME_KINDS;
    return value % NAME_KINDS == NAME_PARAM ? patch->graph.params[index].place
                                            : patch->protos[index]->place;
}

int declare_name(struct builder *b, struct patch *patch, const struct sx *sx, enum name_kind kind,
                 size_t index)
{
    unsigned old = table_get(&patch->names, sx->text);
    if (old == TABLE_NONE)
        return table_put(b->arena, &patch->names, sx->text, name_value(kind, index));
    struct diag *d =
        diag_error(b->diags, E_DUPLICATE_ID, sx->place, "'%s' is defined twice", sx->text);
    diag_label(b->diags, d, "defined again here");
    diag_note(b->diags, d, name_place(patch, old), "first defined here");
    return -1;
}

/* The type's last dotted part, then the smallest number no other id in the patch has. */
const char *anonymous_id(struct builder *b, struct patch *patch, const struct type *type)
{
    const char *dot = strrchr(type->name, '.');
    const char *stem = dot ? dot + 1 : type->name;
    unsigned number = table_get(&patch->stems, stem);
    number = number == TABLE_NONE ? 1 : number + 1;
    const char *id = arena_format(b->arena, "%s%u", stem, number);
    while (id && (table_get(&patch->names, id) != TABLE_NONE || !name_is_id(id)))
        id = arena_format(b->arena, "%s%u", stem, ++number);
    if (!id || table_put(b->arena, &patch->stems, stem, number))
        return NULL;
    return id;
}

void *suggest(struct builder *b, struct diag *d, const char *word, const char *what,
              const char *const *names, size_t count)
{
    enum { SHOWN = 24 };
    if (d == &b->diags->scratch)
        return NULL;
    const char *near = diag_nearest(word, strlen(word), names, count);
    if (near) {
        diag_help(b->diags, d, "did you mean '%s'?", near);
        return NULL;
    }
    const char *list = "";
    for (size_t i = 0; i < count && i < SHOWN && list; i++)
        list = arena_format(b->arena, "%s%s%s", list, i ? ", " : "", names[i]);
    if (list && count)
        diag_help(b->diags, d, "%s: %s%s", what, list, count > SHOWN ? ", ..." : "");
    return NULL;
}

void unknown_name(struct builder *b, const struct patch *patch, struct place place,
                  const char *name)
{
    struct diag *d =
        diag_error(b->diags, E_UNKNOWN_NODE, place, "unknown node or param '%s'", name);
    unsigned value = table_get(&patch->names, name);
    if (value != TABLE_NONE) {
        diag_note(b->diags, d, name_place(patch, value), "this form has no name of its own");
        diag_help(b->diags, d, "name the form, as in (def lead (...))");
        return;
    }
    if (d == &b->diags->scratch)
        return;
    const char **names = arena_take(b->arena, patch->names.count + 1, sizeof *names);
    size_t count = 0;
    for (size_t i = 0; names && i < patch->graph.param_count; i++)
        names[count++] = patch->graph.params[i].name;
    for (size_t i = 0; names && i < patch->proto_count && count < patch->names.count; i++)
        if (patch->protos[i]->id && name_is_id(patch->protos[i]->id) &&
            table_get(&patch->names, patch->protos[i]->id) == name_value(NAME_NODE, i))
            names[count++] = patch->protos[i]->id;
    if (names)
        suggest(b, d, name, "there are", names, count);
}
