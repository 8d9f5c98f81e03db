/* json.h - strict JSON, each value with its place in the text. */
#ifndef TEXT_JSON_H
#define TEXT_JSON_H

#include "text/arena.h"
#include "text/diag.h"
#include "text/source.h"
#include <jansson.h>

/* A JSON value with its place; a member of an object also has its key. */
struct json_value {
    const json_t *json;
    struct place place, key_place;
    const char *key;
    struct json_value *first, *next;
};

/* From here on jansson's allocations are watched; json_memory_gone says whether one has failed
 * since, which its functions do not always tell. */
void json_watch_memory(void);
int json_memory_gone(void);
/* Parses JSON strictly, reporting what is wrong. The caller owns the value. NULL on error. */
json_t *json_parse(struct diags *, const struct source *);
/* The places of the values that json_parse made of this text; they live as long as `json` and
 * the arena. NULL when values are nested too deep, which is reported, or memory ran out. */
struct json_value *json_locate(struct arena *, struct diags *, const struct source *,
                               const json_t *json);

#endif
