/* source.h - texts being compiled, and places in them. */
#ifndef TEXT_SOURCE_H
#define TEXT_SOURCE_H

#include "text/arena.h"
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct diags;

enum {
    SOURCE_LIMIT = 64 * 1024 * 1024, /* bytes of a file read whole */
    NESTING_LIMIT = 256,             /* lists or JSON values in one another */
};

/* A file's text, or whole lines of it, kept as long as its places are shown.
 * Shape: `size` bytes and a terminating NUL that is not counted. */
struct source {
    const char *name; /* as the user wrote it; "<stdin>" for - */
    const char *text;
    size_t size;
    unsigned lines_before; /* of the file, that are not in `text` */
};

/* A run of bytes in a source. source NULL: no place (a default, a thing made by the compiler). */
struct place {
    const struct source *source;
    uint32_t begin, end;
};

/* 1-based line, and 1-based column counted in code points. */
struct position {
    unsigned line, column;
};
struct position source_position(const struct source *, uint32_t offset);

/* Bytes of the valid UTF-8 sequence at `text`, of at most `size`; 0 when it is none. */
size_t utf8_length(const char *text, size_t size);
/* Where the text begins: past a byte order mark, which only a file's first line can have. */
size_t source_start(const struct source *);
/* Whether two places are in one file, of which they may be different pieces. */
int source_same_file(const struct source *, const struct source *);
/* Bytes at the start of the text that are UTF-8 without control characters. */
size_t source_clean(const struct source *);
/* Line ends among these bytes. */
unsigned source_lines(const char *text, size_t size);
/* Reports text that is too large, not UTF-8 or has control characters. 0 when it is clean. */
int source_check(struct diags *, const struct source *);
/* Whether the text is JSON: its first character that is neither blank nor comment is '{'. */
int source_is_json(const struct source *);

/* At its end: is a regular file longer than what was read? Then reading failed, for this reason. */
int source_shrank(FILE *);
extern const char source_shrank_why[];
/* Reads all that is left of a file. NULL with *why set, or with *why NULL when memory ran out. */
const struct source *source_read(struct arena *, FILE *, const char *name, const char **why);
const struct source *source_load(struct arena *, const char *path, const char **why);

#endif
