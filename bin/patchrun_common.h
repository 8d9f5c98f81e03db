/* patchrun_common.h - signals, progress and errors, for patches and scores alike. */
#ifndef BIN_PATCHRUN_COMMON_H
#define BIN_PATCHRUN_COMMON_H

#include "bin/patchrun_load.h"
#include "bin/patchrun_options.h"
#include "render/batch/batch.h"
#include "render/error.h"
#include <stdatomic.h>
#include <stdbool.h>

/* The signal that asks us to end, or 0. */
extern atomic_int stop_signal;
void catch_signals(void);
/* From here on they end us at once. */
void release_signals(void);

/* Returns the exit status it stands for. */
int say_error(const struct render_error *);
/* Flushes what was printed: 0 or 2. */
int flush_output(FILE *);

/* Only on a terminal, and only when the render takes longer than a second. */
struct progress {
    double start, last; /* seconds */
    uint64_t total;     /* frames */
    bool shown;
};
struct progress progress_begin(uint64_t total);
void progress_show(void *progress, uint64_t frames);
void progress_end(const struct progress *);

/* What the command line says of all sounds; how they are rendered. */
struct sound_wish wish_of(const struct options *);
struct job job_of(const struct options *);
/* What is worth knowing of a take and not wrong. */
void note_take(const struct take *, const char *name);

/* 0, 1 or 2. */
int play_patch(const struct options *, struct input_file *);
int play_batch(const struct options *, struct input_file *);
int play_score(const struct options *, struct input_file *);

#endif
