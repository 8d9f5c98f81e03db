/* source.h - texts being compiled, and places in them. */
#ifndef COMPILER_SOURCE_H
#define COMPILER_SOURCE_H

#include <stddef.h>
#include <stdint.h>

/* A file's text, kept for the whole job so that every place can be shown.
 * Shape: `size` bytes and a terminating NUL that is not counted. */
struct source {
    const char *name; /* as the user wrote it; "<stdin>" for - */
    const char *text;
    size_t size;
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

#endif
