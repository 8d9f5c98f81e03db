/* work.h - what a run of patchdiff holds: memory, a folder for what is rendered, temporary files,
 * and the signals that end it early.
 *
 * The folder is made when it is first needed, in $TMPDIR or /tmp, and goes with everything in it in
 * work_end, which is also what an interrupted run comes to: loops look at work_stopped(). */
#ifndef DIFF_WORK_H
#define DIFF_WORK_H

#include "render/error.h"
#include "text/arena.h"
#include <stdbool.h>

struct work_file {
    struct work_file *next;
    char *path;
};

struct work {
    struct arena arena;
    char *programs; /* the folder of patchrun and patchc, ending in '/'; "": where PATH has them */
    char *folder;   /* NULL: not made yet */
    struct work_file *files; /* whose paths were given out: to be removed without memory */
    unsigned serial;
};

/* `self` is argv[0]. */
void work_init(struct work *, const char *self);
void work_end(struct work *);

/* A path in the folder that nothing has yet, of the extension given (".wav"). NULL: trouble. */
char *work_path(struct work *, const char *extension, struct render_error *);
/* Removes what is in the folder, when a part of the work is done. */
void work_clear(struct work *);
enum render_status work_no_memory(struct render_error *);

void work_catch_signals(void);
/* The number of the signal that asked us to stop, or 0. */
int work_stopped(void);
/* Fills the error with RENDER_INTERRUPTED when one did. */
enum render_status work_go_on(struct render_error *);

/* Splits as a shell does: blanks, '...', "...", backslash. NULL-terminated; NULL: memory, or a
 * quote that is not closed (RENDER_WRONG). */
char **work_words(struct work *, const char *text, size_t *count, struct render_error *);
/* A word that the shell takes as it is. */
char *work_quote(struct work *, const char *text);

struct process {
    char **argv;
    const char *folder; /* run there; NULL: where we are */
    const char *out;    /* its standard output goes there; NULL: nowhere */
    const char *err;    /* likewise */
};
/* *code is the exit status, 128 + n for a signal, 127 for no such program. */
enum render_status work_run(const struct process *, int *code, struct render_error *);
/* The first `most` bytes of a text file, without control characters but '\n'; "" when none. */
char *work_head(struct work *, const char *path, size_t most);

#endif
