/* front.h - what the files of the front end share: private to compiler/. */
#ifndef COMPILER_FRONT_H
#define COMPILER_FRONT_H

#include "compiler/arena.h"
#include "compiler/diag.h"
#include "compiler/source.h"
#include "compiler/sx.h"
#include <jansson.h>

enum {
    SOURCE_LIMIT = 64 * 1024 * 1024, /* bytes of a file */
    NESTING_LIMIT = 256,             /* lists or JSON values in one another */
    USE_LIMIT = 32,                  /* patches in one another */
    NODE_LIMIT = 1000000,            /* of a patch, every use written out */
    ID_LIMIT = 128,                  /* characters of a written id */
};

/* Bytes of the valid UTF-8 sequence at `text`, of at most `size`; 0 when it is none. */
size_t utf8_length(const char *text, size_t size);
/* Where the text begins: past a byte order mark. */
size_t source_start(const struct source *);
/* Reports text that is too large, not UTF-8 or has control characters. 0 when it is clean. */
int source_check(struct diags *, const struct source *);

/* Reads all that is left of a file. NULL with *why set, or with *why NULL when memory ran out. */
const struct source *source_read(struct arena *, FILE *, const char *name, const char **why);
const struct source *source_load(struct arena *, const char *path, const char **why);

/* Whether the text is JSON: its first character that is neither blank nor comment is '{'. */
int source_is_json(const struct source *);

/* Parses JSON strictly, reporting what is wrong. The caller owns the value. NULL on error. */
json_t *json_parse(struct diags *, const struct source *);
/* The JSON form as the (patch ...) form it stands for, with places in the JSON text. */
struct sx *json_read(struct arena *, struct diags *, const struct source *);

#endif
