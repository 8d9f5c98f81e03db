/* json.c - jansson validates the text and builds the values; a cursor then goes over the same
 * text once more, which cannot fail, to give each value its place. */
#include "text/json.h"
#include <stdlib.h>
#include <string.h>

struct walk {
    struct arena *arena;
    struct diags *diags;
    const struct source *source;
    size_t at;
};

/* The token that ends at or before `end`, where jansson stopped. */
static struct place blamed_place(const struct source *source, size_t end)
{
    const char *text = source->text;
    size_t least = source_start(source);
    end = end < source->size ? end : source->size;
    while (end > least && strchr(" \t\r\n", text[end - 1]))
        end--;
    size_t begin = end > least ? end - 1 : end;
    if (begin > least && text[begin] == '"') {
        while (begin > least &&
               (text[begin - 1] != '"' || (begin - 1 > least && text[begin - 2] == '\\')) &&
               text[begin - 1] != '\n')
            begin--;
        begin -= begin > least && text[begin - 1] == '"';
    } else {
        while (begin > least && !strchr(" \t\r\n\"{}[]:,", text[begin]) &&
               !strchr(" \t\r\n\"{}[]:,", text[begin - 1]))
            begin--;
    }
    return (struct place){source, (uint32_t)begin, (uint32_t)end};
}

static void report(struct diags *diags, const struct source *source, const json_error_t *error)
{
    enum json_error_code code = json_error_code(error);
    size_t at = error->position < 0 ? 0 : (size_t)error->position + source_start(source);
    struct place place = blamed_place(source, at);
    if (code == json_error_duplicate_key) {
        struct diag *d = diag_error(diags, E_JSON_DUPLICATE, place, "a JSON key given twice");
        diag_label(diags, d, "this key is already in the object");
        diag_help(diags, d, "rename or remove one of the two");
    } else if (code == json_error_numeric_overflow) {
        diag_error(diags, E_NUMBER, place, "the number does not fit a double");
    } else if (code == json_error_stack_overflow) {
        diag_error(diags, E_DEPTH, place, "values are nested more than %d deep", NESTING_LIMIT);
    } else {
        struct diag *d = diag_error(diags, E_JSON_SYNTAX, place, "the text is not JSON");
        const char *near = strstr(error->text, " near"); /* what follows repeats the source */
        size_t length = near ? (size_t)(near - error->text) : strlen(error->text);
        diag_label(diags, d, "%.*s", (int)length, error->text);
        diag_help(diags, d, "keys stand in double quotes, and no comma after the last value");
    }
}

static int memory_gone;

static void *watched_malloc(size_t size)
{
    void *memory = malloc(size);
    if (!memory)
        memory_gone = 1;
    return memory;
}

void json_watch_memory(void)
{
    json_set_alloc_funcs(watched_malloc, free);
    memory_gone = 0;
}

int json_memory_gone(void)
{
    return memory_gone;
}

json_t *json_parse(struct diags *diags, const struct source *source)
{
    json_error_t error;
    size_t start = source_start(source);
    json_watch_memory();
    json_t *json =
        json_loadb(source->text + start, source->size - start, JSON_REJECT_DUPLICATES, &error);
    if (memory_gone) { /* then it may report anything, or nothing and give texts that lack some */
        json_decref(json);
        json = NULL;
        diags->arena->failed = 1;
    } else if (!json) {
        report(diags, source, &error);
    }
    return json;
}

static void skip_blank(struct walk *w)
{
    while (w->at < w->source->size && strchr(" \t\r\n,:", w->source->text[w->at]))
        w->at++;
}

static struct place scalar_place(struct walk *w)
{
    const char *text = w->source->text;
    size_t begin = w->at;
    if (text[w->at] == '"') {
        w->at++;
        while (text[w->at] != '"')
            w->at += text[w->at] == '\\' ? 2 : 1;
        w->at++;
    } else {
        w->at += strcspn(text + w->at, " \t\r\n,:]}");
    }
    return (struct place){w->source, (uint32_t)begin, (uint32_t)w->at};
}

static struct json_value *locate(struct walk *w, const json_t *json, unsigned depth);

static int locate_member(struct walk *w, const char *key, const json_t *json, unsigned depth,
                         struct json_value ***end)
{
    struct place key_place = {NULL, 0, 0};
    skip_blank(w);
    if (key)
        key_place = scalar_place(w);
    skip_blank(w);
    struct json_value *member = locate(w, json, depth + 1);
    if (!member)
        return -1;
    member->key = key;
    member->key_place = key_place;
    **end = member;
    *end = &member->next;
    return 0;
}

static int locate_members(struct walk *w, const json_t *json, unsigned depth,
                          struct json_value *into)
{
    struct json_value **end = &into->first;
    if (json_is_array(json)) {
        for (size_t i = 0; i < json_array_size(json); i++)
            if (locate_member(w, NULL, json_array_get(json, i), depth, &end))
                return -1;
        return 0;
    }
    json_t *object = (json_t *)json; /* jansson's iterators want it so; nothing is changed */
    for (void *i = json_object_iter(object); i; i = json_object_iter_next(object, i))
        if (locate_member(w, json_object_iter_key(i), json_object_iter_value(i), depth, &end))
            return -1;
    return 0;
}

static struct json_value *locate(struct walk *w, const json_t *json, unsigned depth)
{
    struct json_value *value = arena_take(w->arena, 1, sizeof *value);
    if (!value)
        return NULL;
    size_t begin = w->at;
    value->json = json;
    if (!json_is_array(json) && !json_is_object(json)) {
        value->place = scalar_place(w);
        return value;
    }
    w->at++;
    if (depth >= NESTING_LIMIT) {
        struct place place = {w->source, (uint32_t)begin, (uint32_t)w->at};
        diag_error(w->diags, E_DEPTH, place, "values are nested more than %d deep", NESTING_LIMIT);
        return NULL;
    }
    if (locate_members(w, json, depth, value))
        return NULL;
    skip_blank(w);
    w->at++;
    value->place = (struct place){w->source, (uint32_t)begin, (uint32_t)w->at};
    return value;
}

struct json_value *json_locate(struct arena *arena, struct diags *diags,
                               const struct source *source, const json_t *json)
{
    struct walk w = {arena, diags, source, source_start(source)};
    skip_blank(&w);
    return locate(&w, json, 0);
}
