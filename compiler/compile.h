/* compile.h - a patch file to bytecode: the passes in order. */
#ifndef COMPILER_COMPILE_H
#define COMPILER_COMPILE_H

#include "compiler/graph.h"
#include "compiler/target/bytecode.h"
#include "text/arena.h"
#include "text/diag.h"
#include "text/source.h"
#include <stdbool.h>
#include <stdio.h>

/* One compile: its memory, its text, what was reported. */
struct compile_job {
    struct arena arena;
    struct diags diags;
    const struct source *source;
    struct sound_loader sounds; /* for (sample ...); none unless set */
};

void compile_init(struct compile_job *);
void compile_free(struct compile_job *);
/* Reads a whole file into the job; "-" is standard input. 0, or -1 with *why. */
int compile_open(struct compile_job *, const char *path, const char **why);
/* The checked graph. NULL: reported, or arena.failed. */
struct graph *compile_graph(struct compile_job *);
/* The program. data NULL: reported, or arena.failed. With `lines`, source lines are in it. */
struct bytes compile_graph_to_bytes(struct compile_job *, const struct graph *, bool lines);

struct compile_options {
    bool debug_lines;           /* keep source lines in the program */
    bool json_diagnostics;      /* JSON lines instead of text */
    struct sound_loader sounds; /* for (sample ...); none unless set */
};

struct compile_result {
    unsigned char *bytes; /* malloc'd: the caller frees */
    size_t size;
};

/* All of it, for a file or for a text that has been read already (its name then says where used
 * patches are looked for). 0 done; 1 the patch is wrong (reported to `diagnostics`); 2 trouble
 * (reported). */
int compile_file(const char *path, const struct compile_options *, FILE *diagnostics,
                 struct compile_result *);
int compile_text(const struct source *, const struct compile_options *, FILE *diagnostics,
                 struct compile_result *);

#endif
