/* job_input.h - the sound file that a job's program works on, read piece by piece.
 *
 * Whole numbers become floats as libsndfile has it: 16 bits divided by 32768 and so on; floats
 * stay as they are. Private to render/ but for its first three functions. */
#ifndef RENDER_JOB_INPUT_H
#define RENDER_JOB_INPUT_H

#include "render/error.h"
#include "render/sound_in.h"
#include <stddef.h>
#include <stdint.h>

struct job_input {
    const char *name; /* not ours */
    SNDFILE *file;
    struct sound_in from;
    unsigned channels; /* the file's */
    unsigned inputs;   /* the program's */
    uint64_t frames;   /* the file's length */
    uint64_t at;       /* the next frame */
    float *piece;      /* interleaved */
};

/* A regular file of 48 kHz and no more channels than the program has inputs, or RENDER_WRONG.
 * job_input_close may follow in any case. */
enum render_status job_input_open(struct job_input *, const char *name, unsigned inputs,
                                  struct render_error *);
void job_input_close(struct job_input *);
/* Its length alone. */
enum render_status job_input_length(const char *name, unsigned inputs, uint64_t *frames,
                                    struct render_error *);

enum render_status job_input_rewind(struct job_input *, struct render_error *);
/* The next frames, to every lane: to[input][frame * lanes + lane]. A mono file goes to every
 * input; after the end comes silence. Never RENDER_WRONG. */
enum render_status job_input_read(struct job_input *, float *const to[], unsigned lanes,
                                  size_t frames, struct render_error *);

#endif
