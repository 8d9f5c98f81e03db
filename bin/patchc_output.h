/* patchc_output.h - a whole output at once: to standard output, or to a file that is either
 * written completely or not touched. Each prints the reason when it returns 2. */
#ifndef PATCHC_OUTPUT_H
#define PATCHC_OUTPUT_H

#include <stddef.h>
#include <stdio.h>

/* path NULL, "-" or "/dev/stdout": standard output. A regular file is replaced as out_file.h has
 * it; a pipe or device is written through. 0 or 2. */
int output_is_stdout(const char *path);
/* Do both paths name one existing file? */
int output_same_file(const char *a, const char *b);
int output_write(const char *path, const void *data, size_t size);
/* What was printed: 0, or 2. */
int output_flush(void);

/* A stream into memory, whose errors show: those of open_memstream get lost. */
struct output_text {
    FILE *file;
    char *text;
    size_t size, room;
};

/* NULL: out of memory. output_text_write or output_text_drop must follow. */
FILE *output_text_open(struct output_text *);
/* `failed`: what was to be written could not be made. 0 or 2. */
int output_text_write(struct output_text *, int failed, const char *path);
void output_text_drop(struct output_text *);

#endif
