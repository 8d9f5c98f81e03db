/* job.h - renders sounds into files: one, a sound with many seeds, or a batch of different ones.
 *
 * A take is a sound with a seed. Its samples do not depend on the other takes, the lanes, the
 * threads or the cut. Takes of one program share its groups: where one ends, the next takes its
 * lane.
 *
 *   job_render    renders every take into a temporary file, or into the sheet
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

/* What is played, but for the seed. */
struct sound {
    const struct rp_program *program;
    const char *name;       /* of the program, for messages */
    const char *place;      /* the list that asks for it, for messages; or NULL */
    unsigned line;          /* of the list */
    struct events events;   /* in order */
    const char *input;      /* sound file for the program's inputs, or NULL: silence */
    uint64_t input_frames;  /* its length; 0 without one */
    uint64_t serial;        /* of the voice */
    struct audio_spec spec; /* .frames: the length, or the longest with until_silent */
    bool dither;
    bool until_silent; /* ends as silence.h says, not before the last event or the input's end */
    float threshold;   /* magnitude */
    uint64_t hold;     /* frames */
};

struct take {
    const struct sound *sound;
    uint64_t seed;
    const char *path; /* NULL: no file of its own */

    struct audio_file file;
    bool opened;          /* `file` holds something to discard */
    uint64_t frames;      /* length of the result */
    bool silent;          /* no frame reached the threshold */
    bool cut_off;         /* the longest length came before silence */
    char hash[HASH_TEXT]; /* if asked for */
};

struct sheet;

struct job {
    enum rp_isa isa;
    unsigned lanes;   /* 1, 4, 8 or 16 takes side by side; 0: our choice */
    unsigned threads; /* at least 1; the calling thread is one of them */
    size_t cut;       /* frames asked of the engine at a time; 0: our choice */
    bool hash;
    struct sheet *sheet;    /* gets every take, one behind the other; or NULL */
    const atomic_int *stop; /* not 0: give up soon; may be set by a signal handler */
    /* Called now and then, by the calling thread, with the frames done of all takes. Or NULL. */
    void (*progress)(void *context, uint64_t frames);
    void *context;
};

/* RENDER_WRONG: the sound, or its input, is not finite; the error names the node, and is that of
 * the lowest take that fails alone, whatever the cut. */
enum render_status job_render(const struct job *, struct take *takes, size_t count,
                              struct render_error *);
enum render_status job_commit(const struct job *, struct take *takes, size_t count,
                              struct render_error *);
void job_discard(struct take *takes, size_t count);

#endif
