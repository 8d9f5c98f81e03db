/* sound.h - a sound file read in pieces: memory does not grow with its length. */
#ifndef DIFF_SOUND_H
#define DIFF_SOUND_H

#include "render/error.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SOUND_CHANNELS = 32, SOUND_PIECE = 4096 }; /* most channels; frames read at a time */

struct sound {
    const char *path, *name; /* what messages call it */
    void *decoder;           /* SNDFILE */
    struct sound_in *in;     /* what it reads from */
    unsigned channels;
    int rate;
    uint64_t frames;
    unsigned bits; /* of a sample; 0: floats, or a lossy format */
    double step;   /* between neighbouring values, full scale being 1; floats count as 24 bits */
    const char *format;
};

/* RENDER_TROUBLE: cannot be read, or is no sound file. */
enum render_status sound_open(struct sound *, const char *path, const char *name,
                              struct render_error *);
void sound_close(struct sound *);
enum render_status sound_seek(struct sound *, uint64_t frame, struct render_error *);
/* Frames read, at most `frames`, interleaved, exact for whole numbers of up to 32 bits; 0 at the
 * end. A file that has fewer frames than it says is trouble: error->status tells. */
size_t sound_read(struct sound *, double *samples, size_t frames, struct render_error *);

#endif
