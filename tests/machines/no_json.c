/* no_json.c - what the compiler needs of jansson and of its own JSON reader, where there is no
 * jansson: nothing is read as JSON, and nothing is written so. */
#include "compiler/front.h"
#include "text/json.h"

struct sx *json_read(struct arena *arena, struct diags *diags, const struct source *source)
{
    (void)arena;
    (void)diags;
    (void)source;
    return NULL;
}

json_t *json_array(void)
{
    return NULL;
}

json_t *json_object(void)
{
    return NULL;
}

json_t *json_null(void)
{
    return NULL;
}

json_t *json_string(const char *value)
{
    (void)value;
    return NULL;
}

json_t *json_integer(json_int_t value)
{
    (void)value;
    return NULL;
}

int json_object_set_new(json_t *object, const char *key, json_t *value)
{
    (void)object;
    (void)key;
    (void)value;
    return -1;
}

int json_array_append_new(json_t *array, json_t *value)
{
    (void)array;
    (void)value;
    return -1;
}

int json_dumpf(const json_t *json, FILE *output, size_t flags)
{
    (void)json;
    (void)output;
    (void)flags;
    return -1;
}

void json_delete(json_t *json)
{
    (void)json;
}

void json_watch_memory(void)
{
}

int json_memory_gone(void)
{
    return 0;
}
