/* sound.h - the frames of a sound file, between who reads such files and who wants their numbers.
 */
#ifndef TEXT_SOUND_H
#define TEXT_SOUND_H

#include <stdbool.h>
#include <stddef.h>

enum sound_channel { SOUND_MIX, SOUND_LEFT, SOUND_RIGHT };

/* One channel, or the mean of all of them. */
struct sound_frames {
    double *values; /* fractions of full scale; from malloc, the caller frees */
    size_t count;   /* 1 .. VM_MAX_TABLE */
    double rate;    /* frames a second */
    char why[160];  /* when it cannot be loaded */
    bool no_memory; /* for that reason */
};

/* load NULL: there are no sound files here. */
struct sound_loader {
    /* 0, or -1 with `why` set. */
    int (*load)(void *context, const char *path, enum sound_channel, struct sound_frames *);
    void *context;
};

#endif
