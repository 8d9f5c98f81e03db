/* job.h - renders a program into one file, or into many with a seed each.
 *
 * Take i is the program's voice of seed `seed + i` (modulo 2^64). It does not depend on the other
 * takes, the lanes, the threads or the cut. Every take hears the same input.
 *
 *   job_render    renders every take into a temporary file
 *   job_commit    gives the files their names
 *   job_discard   removes what was not committed and frees it; needed in the end in any case
 */
#ifndef RENDER_JOB_H
#define RENDER_JOB_H

#include "render/audio_file.h"
#include "render/error.h"
#include "render/events.h"
#include "render/hash.h"
#include <stdatomic.h>

struct job {
    const struct rp_program *program;
    const char *name; /* of the program, for messages */
    enum rp_isa isa;
    unsigned lanes;   /* 1, 4, 8 or 16 takes side by side */
    unsigned threads; /* at least 1; the calling thread is one of them */
    size_t cut;       /* frames asked of the engine at a time, at least 1 */
    uint64_t seed, serial;
    const struct events *events; /* in order */
    const char *input;           /* sound file for the program's inputs, or NULL: silence */
    uint64_t input_frames;       /* its length; 0 without one */
    struct audio_spec spec;      /* .frames: the length, or the longest with until_silent */
    bool hash, dither;

    bool until_silent; /* ends as silence.h says, not before the last event or the input's end */
    float threshold;   /* magnitude */
    uint64_t hold;     /* frames */

    const atomic_int *stop; /* not 0: give up soon; may be set by a signal handler */
    /* Called now and then, by the calling thread, with the frames done of all takes. Or NULL. */
    void (*progress)(void *context, uint64_t frames);
    void *context;
};

struct take {
    const char *path; /* given; NULL: no file, only the hash */
    struct audio_file file;
    bool opened;          /* `file` holds something to discard */
    uint64_t frames;      /* length of the result */
    bool silent;          /* no frame reached the threshold */
    bool cut_off;         /* the longest length came before silence */
    char hash[HASH_TEXT]; /* if asked for */
};

/* RENDER_WRONG: the sound, or its input, is not finite; the error names the node, and is that of
 * the lowest take that fails alone, whatever the cut. */
enum render_status job_render(const struct job *, struct take *takes, size_t count,
                              struct render_error *);
enum render_status job_commit(struct take *takes, size_t count, struct render_error *);
void job_discard(struct take *takes, size_t count);

#endif
