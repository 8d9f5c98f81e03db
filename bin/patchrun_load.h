/* patchrun_load.h - what FILE is, and programs from patches and bytecode. Errors are said on
 * standard error. */
#ifndef BIN_PATCHRUN_LOAD_H
#define BIN_PATCHRUN_LOAD_H

#include "vm/repatch.h"
#include <stdbool.h>
#include <stdio.h>

/* INPUT_UNKNOWN: the compiler will say what is wrong with it. */
enum input_kind { INPUT_PATCH, INPUT_SCORE, INPUT_MIDI, INPUT_BATCH, INPUT_UNKNOWN };

struct input_file {
    const char *path;
    const char *name; /* for messages */
    enum input_kind kind;
    FILE *stream; /* at its beginning; can be sought in */
};

/* "-" is standard input. A pipe is copied into a nameless file first. 0 or 2; input_file_close may
 * follow in any case. */
int input_file_open(struct input_file *, const char *path);
void input_file_close(struct input_file *);

struct loaded {
    const char *name; /* for messages */
    size_t bytecode;  /* bytes */
    void *memory;     /* the caller frees it */
    struct rp_program *program;
};

/* Bytecode stays as it is, anything else is compiled. What is wrong with a patch is said on
 * `diagnostics`. 0; 1: the input is wrong; 2: trouble. */
int load_stream(const char *name, FILE *stream, FILE *diagnostics, struct loaded *);
int load_path(const char *path, FILE *diagnostics, struct loaded *);

/* Programs that live as long as the score or batch that plays them. */
struct library {
    struct book *books;
};
/* For their loaders; the context is the library. */
const struct rp_program *library_load(void *library, const char *path, FILE *diagnostics,
                                      int *status);
void library_free(struct library *);

/* patchrun: NAME: cannot WHAT: REASON. Returns 2. */
int say_trouble(const char *name, const char *what, int number);
int say_out_of_memory(void);

#endif
