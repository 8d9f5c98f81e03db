/* json_read.c - the JSON form, made into the syntax tree the S-expressions give. */
#include "compiler/front.h"
#include "text/json.h"
#include "vm/tables.h"
#include <string.h>

struct walk {
    struct arena *arena;
    struct diags *diags;
    const struct source *source;
};

/* A list that is being made. Out of memory shows in the arena, so adding nothing is allowed. */
struct made {
    struct sx *list, **end;
};

static void put(struct made *made, struct sx *sx)
{
    if (!sx || !made->list)
        return;
    *made->end = sx;
    made->end = &sx->next;
}

static struct made make(struct walk *w, struct place place)
{
    struct sx *list = sx_list(w->arena, place);
    return (struct made){list, list ? &list->first : NULL};
}

static struct sx *word(struct walk *w, struct place place, const char *text)
{
    return sx_atom(w->arena, place, text, strlen(text));
}

static struct made make_named(struct walk *w, struct place place, struct place name_place,
                              const char *name)
{
    struct made made = make(w, place);
    put(&made, word(w, name_place, name));
    return made;
}

static struct sx *wrong(struct walk *w, const struct json_value *value, const char *what,
                        const char *wants)
{
    struct diag *d = diag_error(w->diags, E_JSON_SHAPE, value->place, "%s must be %s", what, wants);
    static const char *const types[] = {"an object", "an array", "a string", "a number",
                                        "a number",  "true",     "false",    "null"};
    diag_label(w->diags, d, "this is %s", types[json_typeof(value->json)]);
    return NULL;
}

static void unknown_key(struct walk *w, const struct json_value *member, const char *where,
                        const char *const *keys, size_t count)
{
    struct diag *d = diag_error(w->diags, E_JSON_KEY, member->key_place, "unknown key '%s' in %s",
                                member->key, where);
    const char *near = diag_nearest(member->key, strlen(member->key), keys, count);
    if (near) {
        diag_help(w->diags, d, "did you mean '%s'?", near);
        return;
    }
    const char *all = "";
    for (size_t i = 0; i < count && all; i++)
        all = arena_format(w->arena, "%s%s%s", all, i ? ", " : "", keys[i]);
    diag_help(w->diags, d, "the keys are %s", all ? all : "");
}

/* The key's number in keys, or count after reporting it. */
static size_t key_of(struct walk *w, const struct json_value *member, const char *where,
                     const char *const *keys, size_t count)
{
    size_t i = 0;
    while (i < count && strcmp(keys[i], member->key) != 0)
        i++;
    if (i == count)
        unknown_key(w, member, where, keys, count);
    return i;
}

static int is_type(struct walk *w, const struct json_value *value, json_type type)
{
    static const char *const wants[] = {"an object", "an array", "a string"};
    if (json_typeof(value->json) == type)
        return 1;
    const char *what = arena_format(w->arena, "'%s'", value->key ? value->key : "the entry");
    wrong(w, value, what ? what : "", wants[type]);
    return 0;
}

static struct sx *whole_number(struct walk *w, const struct json_value *value)
{
    json_int_t n = json_integer_value(value->json);
    const json_int_t most = (json_int_t)1 << 53;
    if (n >= -most && n <= most)
        return NULL;
    struct diag *d =
        diag_error(w->diags, E_NUMBER, value->place, "the whole number is beyond 2^53");
    diag_label(w->diags, d, "it would be rounded");
    return NULL;
}

/* A number or a string as the atom it says. */
static struct sx *atom(struct walk *w, const struct json_value *value, const char *what)
{
    if (json_is_string(value->json))
        return word(w, value->place, json_string_value(value->json));
    if (!json_is_number(value->json))
        return wrong(w, value, what, "a number or a string");
    if (json_is_integer(value->json))
        whole_number(w, value);
    size_t length = value->place.end - value->place.begin;
    return sx_atom(w->arena, value->place, w->source->text + value->place.begin, length);
}

static struct sx *string(struct walk *w, const struct json_value *value)
{
    if (!is_type(w, value, JSON_STRING))
        return NULL;
    struct sx *sx = word(w, value->place, json_string_value(value->json));
    if (sx)
        sx->kind = SX_STRING;
    return sx;
}

static struct place whole(const struct json_value *member)
{
    return (struct place){member->place.source, member->key_place.begin, member->place.end};
}

static struct sx *row(struct walk *w, const struct json_value *value)
{
    if (!json_is_array(value->json))
        return atom(w, value, "a table's item");
    struct made made = make(w, value->place);
    for (const struct json_value *item = value->first; item; item = item->next)
        put(&made, atom(w, item, "a table's number"));
    return made.list;
}

/* {"table": [...]} as (table ...), {"sample": "FILE", "channel": "left"} as (sample ...). */
static struct sx *data(struct walk *w, const struct json_value *object)
{
    static const char *const keys[] = {"table", "sample", "channel"};
    const struct json_value *parts[3] = {NULL, NULL, NULL};
    for (const struct json_value *v = object->first; v; v = v->next) {
        size_t key = key_of(w, v, "a table", keys, 3);
        if (key < 3)
            parts[key] = v;
    }
    if (!parts[0] == !parts[1] || (parts[0] && parts[2]))
        return wrong(w, object, "an object here", "{\"table\": [...]} or {\"sample\": \"FILE\"}");
    const struct json_value *first = parts[0] ? parts[0] : parts[1];
    struct made made =
        make_named(w, object->place, first->key_place, parts[0] ? "table" : "sample");
    if (parts[1])
        put(&made, string(w, parts[1]));
    else if (is_type(w, first, JSON_ARRAY))
        for (const struct json_value *item = first->first; item; item = item->next)
            put(&made, row(w, item));
    if (parts[2]) {
        struct made field = make_named(w, whole(parts[2]), parts[2]->key_place, "channel");
        put(&field, atom(w, parts[2], "'channel'"));
        put(&made, field.list);
    }
    return made.list;
}

static struct sx *value_of(struct walk *w, const struct json_value *value)
{
    return json_is_object(value->json) ? data(w, value) : atom(w, value, "an input's value");
}

static void put_values(struct walk *w, struct made *made, const struct json_value *value)
{
    if (!json_is_array(value->json)) {
        put(made, value_of(w, value));
        return;
    }
    for (const struct json_value *item = value->first; item; item = item->next)
        put(made, value_of(w, item));
}

static void put_atoms(struct walk *w, struct made *made, const struct json_value *value,
                      const char *what)
{
    if (!json_is_array(value->json)) {
        put(made, atom(w, value, what));
        return;
    }
    for (const struct json_value *item = value->first; item; item = item->next)
        put(made, atom(w, item, what));
}

/* A table or a word is no sum: there is one. */
static int is_one(struct walk *w, const struct vm_module *module, const struct json_value *v)
{
    enum vm_kind kind = VM_SIGNAL;
    for (unsigned i = 0; module && i < module->inputs; i++)
        if (strcmp(module->in[i].name, v->key) == 0)
            kind = module->in[i].kind;
    const char *what = arena_format(w->arena, "'%s'", v->key);
    if (kind == VM_CHOICE && !json_is_string(v->json))
        wrong(w, v, what ? what : "", "a word in a string");
    else if (kind == VM_DATA && json_is_array(v->json))
        wrong(w, v, what ? what : "", "{\"table\": [...]} or {\"sample\": \"FILE\"}");
    else
        return 1;
    return 0;
}

static void read_inputs(struct walk *w, struct made *node, const struct json_value *object,
                        const struct vm_module *module)
{
    if (!is_type(w, object, JSON_OBJECT))
        return;
    for (const struct json_value *v = object->first; v; v = v->next) {
        if (strcmp(v->key, "type") == 0 || strchr(v->key, '.')) {
            diag_error(w->diags, E_JSON_KEY, v->key_place, "'%s' cannot be an input", v->key);
            continue;
        }
        if (!is_one(w, module, v))
            continue;
        struct made field = make_named(w, whole(v), v->key_place, v->key);
        put_values(w, &field, v);
        put(node, field.list);
    }
}

/* How many there are is no quantity with a unit, which a string could say. */
static struct sx *whole_atom(struct walk *w, const struct json_value *value, const char *what)
{
    return json_is_number(value->json) ? atom(w, value, what) : wrong(w, value, what, "a number");
}

/* "unison": 7 or {"copies": 7, "detune": 12, "width": 0.5} */
static struct sx *read_unison(struct walk *w, const struct json_value *value)
{
    static const char *const keys[] = {"copies", "detune", "width"};
    struct made unison = make_named(w, whole(value), value->key_place, "unison");
    struct sx *parts[3] = {NULL, NULL, NULL};
    int object = json_is_object(value->json);
    if (!object)
        parts[0] = whole_atom(w, value, "'unison'");
    for (const struct json_value *v = object ? value->first : NULL; v; v = v->next) {
        size_t key = key_of(w, v, "a unison", keys, 3);
        if (key == 0) {
            parts[0] = whole_atom(w, v, "'copies'");
        } else if (key < 3) {
            struct made part = make_named(w, whole(v), v->key_place, keys[key]);
            put(&part, atom(w, v, "a unison's field"));
            parts[key] = part.list;
        }
    }
    for (size_t i = 0; i < 3; i++)
        put(&unison, parts[i]);
    return unison.list;
}

static struct sx *read_oversample(struct walk *w, const struct json_value *value)
{
    struct made field = make_named(w, whole(value), value->key_place, "oversample");
    put(&field, whole_atom(w, value, "'oversample'"));
    return field.list;
}

static struct sx *read_node(struct walk *w, const struct json_value *object)
{
    static const char *const keys[] = {"type", "params", "comment", "oversample", "unison"};
    struct made node = make_named(w, whole(object), object->key_place, object->key);
    if (!is_type(w, object, JSON_OBJECT))
        return NULL;
    if (!json_object_get(object->json, "type")) {
        struct diag *d = diag_error(w->diags, E_NO_TYPE, object->key_place,
                                    "the node '%s' has no type", object->key);
        diag_help(w->diags, d, "add a type, as in \"type\": \"osc.sine\"");
        return NULL;
    }
    const char *name = json_string_value(json_object_get(object->json, "type"));
    const struct vm_module *module = name ? vm_module_by_name(name, strlen(name)) : NULL;
    for (const struct json_value *v = object->first; v; v = v->next) {
        size_t key = key_of(w, v, "a node", keys, 5);
        if (key == 0) {
            struct made type = make_named(w, whole(v), v->key_place, "type");
            put(&type, string(w, v));
            put(&node, type.list);
        } else if (key == 1) {
            read_inputs(w, &node, v, module);
        } else if (key == 2) {
            is_type(w, v, JSON_STRING);
        } else if (key < 5) {
            put(&node, key == 3 ? read_oversample(w, v) : read_unison(w, v));
        }
    }
    return node.list;
}

static void put_end(struct walk *w, struct made *cable, const struct json_value *end)
{
    if (!is_type(w, end, JSON_ARRAY))
        return;
    for (const struct json_value *v = end->first; v; v = v->next)
        put(cable, string(w, v));
}

static struct sx *read_connection(struct walk *w, const struct json_value *object)
{
    static const char *const keys[] = {"from", "to"};
    const struct json_value *ends[2] = {NULL, NULL};
    if (!is_type(w, object, JSON_OBJECT))
        return NULL;
    for (const struct json_value *v = object->first; v; v = v->next) {
        size_t key = key_of(w, v, "a connection", keys, 2);
        if (key < 2)
            ends[key] = v;
    }
    struct made cable = make(w, object->place);
    if (ends[0])
        put_end(w, &cable, ends[0]);
    put(&cable, word(w, object->place, "->"));
    if (ends[1])
        put_end(w, &cable, ends[1]);
    return cable.list;
}

static struct sx *read_param(struct walk *w, const struct json_value *value)
{
    static const char *const keys[] = {"unit", "range", "default", "curve", "glide"};
    struct made param = make_named(w, whole(value), value->key_place, value->key);
    if (!json_is_object(value->json)) {
        put(&param, atom(w, value, "a param"));
        return param.list;
    }
    for (const struct json_value *v = value->first; v; v = v->next) {
        size_t key = key_of(w, v, "a param", keys, 5);
        if (key == 5)
            continue;
        struct made field = make_named(w, whole(v), v->key_place, v->key);
        if (key == 1)
            put_atoms(w, &field, v, "a range's end");
        else
            put(&field, atom(w, v, "a param's field"));
        put(&param, field.list);
    }
    return param.list;
}

static struct sx *read_output(struct walk *w, const struct json_value *value)
{
    struct made output = make_named(w, whole(value), value->key_place, value->key);
    put_values(w, &output, value);
    return output.list;
}

static struct sx *read_use(struct walk *w, const struct json_value *object)
{
    static const char *const keys[] = {"file", "as"};
    struct made use = make_named(w, object->place, object->place, "use");
    struct sx *parts[2] = {NULL, NULL};
    if (!is_type(w, object, JSON_OBJECT))
        return NULL;
    for (const struct json_value *v = object->first; v; v = v->next) {
        size_t key = key_of(w, v, "a use", keys, 2);
        if (key < 2)
            parts[key] = key == 0 ? string(w, v) : atom(w, v, "'as'");
    }
    put(&use, parts[0]);
    if (parts[1])
        put(&use, word(w, object->place, "as"));
    put(&use, parts[1]);
    return use.list;
}

static struct sx *read_patch(struct walk *w, const struct json_value *object);

static struct sx *read_def(struct walk *w, const struct json_value *object)
{
    struct made def = make_named(w, whole(object), object->key_place, "def");
    put(&def, word(w, object->key_place, object->key));
    put(&def, is_type(w, object, JSON_OBJECT) ? read_patch(w, object) : NULL);
    return def.list;
}

/* The section `name` with an entry for each member. */
static struct sx *read_section(struct walk *w, const struct json_value *section, const char *name,
                               struct sx *(*read)(struct walk *, const struct json_value *))
{
    struct made made = make_named(w, whole(section), section->key_place, name);
    for (const struct json_value *v = section->first; v; v = v->next)
        put(&made, read(w, v));
    return made.list;
}

/* Uses and definitions are items of the patch themselves, without a section around them. */
static void put_each(struct walk *w, struct made *patch, const struct json_value *section,
                     struct sx *(*read)(struct walk *, const struct json_value *))
{
    for (const struct json_value *v = section->first; v; v = v->next)
        put(patch, read(w, v));
}

static struct sx *read_patch(struct walk *w, const struct json_value *object)
{
    static const char *const keys[] = {"nodes", "connections", "params",  "uses",
                                       "defs",  "outputs",     "$schema", "comment"};
    static const json_type types[] = {JSON_OBJECT, JSON_ARRAY,  JSON_OBJECT, JSON_ARRAY,
                                      JSON_OBJECT, JSON_OBJECT, JSON_STRING, JSON_STRING};
    struct place start = {object->place.source, object->place.begin, object->place.begin + 1};
    struct made patch = make_named(w, object->place, start, "patch");
    for (const struct json_value *v = object->first; v; v = v->next) {
        size_t key = key_of(w, v, "a patch", keys, 8);
        if (key == 8 || !is_type(w, v, types[key]))
            continue;
        if (key == 0)
            put(&patch, read_section(w, v, "nodes", read_node));
        else if (key == 1)
            put(&patch, read_section(w, v, "connections", read_connection));
        else if (key == 2)
            put(&patch, read_section(w, v, "params", read_param));
        else if (key == 3)
            put_each(w, &patch, v, read_use);
        else if (key == 4)
            put_each(w, &patch, v, read_def);
        else if (key == 5)
            put(&patch, read_section(w, v, "outputs", read_output));
    }
    return patch.list;
}

struct sx *json_read(struct arena *arena, struct diags *diags, const struct source *source)
{
    struct walk w = {arena, diags, source};
    unsigned before = diags->count;
    json_t *json = json_parse(diags, source);
    if (!json)
        return NULL;
    struct json_value *value = json_locate(arena, diags, source, json);
    struct sx *patch = value ? read_patch(&w, value) : NULL;
    json_decref(json);
    return diags->count == before && !arena->failed ? patch : NULL;
}
