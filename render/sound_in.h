/* sound_in.h - a sound file as libsndfile reads it, through our own functions: so a failing disk is
 * told from a broken file, and a file that shrinks from one that is short. */
#ifndef RENDER_SOUND_IN_H
#define RENDER_SOUND_IN_H

#include <sndfile.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct sound_in {
    int fd; /* or -1 */
    mode_t mode;
    off_t size, at;
    int failure; /* of a read: its errno, or -1: the file has become shorter; else 0 */
    char why[120];
};

/* 0, or an errno. It never waits for a FIFO's writer; what is no regular file must not be decoded.
 * sound_in_close may follow in any case. */
int sound_in_open(struct sound_in *, const char *path);
/* NULL: sound_in_why says more. It must not outlive the file. */
SNDFILE *sound_in_decode(struct sound_in *, SF_INFO *);
/* The next bytes, fewer only at the end or when reading fails; `at` may be set. */
size_t sound_in_read(struct sound_in *, void *bytes, size_t count);
/* Why opening (decoder NULL) or reading failed; without a full stop. *trouble: not for what is in
 * the file, but for the machine. NULL: nothing failed. */
const char *sound_in_why(struct sound_in *, SNDFILE *decoder, bool *trouble);
void sound_in_close(struct sound_in *);

/* Are these words of libsndfile's of too little memory? */
bool sound_says_memory(const char *words);

#endif
