/* sheet.h - many sounds in one file, one behind the other in the order of their takes.
 *
 * Takes come in any order, from any thread; what comes early waits in memory. All have the samples
 * of the sheet's format; a mono take is in both channels of a stereo sheet. */
#ifndef RENDER_SHEET_H
#define RENDER_SHEET_H

#include "render/audio_file.h"
#include "render/hash.h"
#include <pthread.h>

struct sheet_piece {
    unsigned char *samples; /* waits to be written */
    uint64_t begin, frames; /* in the sheet */
    unsigned channels;
    bool here;
};

struct sheet {
    struct audio_spec spec;
    uint64_t gap; /* frames of silence between two sounds */
    bool hash;
    struct audio_file file;
    bool opened, has_file;
    struct sample_hash sum;
    char text[HASH_TEXT];
    struct sheet_piece *pieces;
    size_t count, next;   /* the next to be written */
    uint64_t at;          /* frames written */
    unsigned char *block; /* gathered for the file */
    size_t filled;        /* frames in it */
    pthread_mutex_t lock;
    bool locks;  /* `lock` is one */
    bool writes; /* a thread is at it */
};

/* spec.frames: at most so many. path NULL: only the hash and the places. sheet_free may follow in
 * any case. */
enum render_status sheet_open(struct sheet *, const char *path, size_t takes,
                              struct render_error *);
/* A take's samples, as pcm_convert left them: from malloc, and the sheet's from here on. */
enum render_status sheet_add(struct sheet *, size_t take, unsigned char *samples, uint64_t frames,
                             unsigned channels, struct render_error *);
/* All are there. */
enum render_status sheet_end(struct sheet *, struct render_error *);
enum render_status sheet_commit(struct sheet *, struct render_error *);
void sheet_free(struct sheet *);

#endif
