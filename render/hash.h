/* hash.h - XXH3-128 of the interleaved samples as a file holds them.
 *
 * The bytes hashed are little-endian on every machine: 16 bit in two bytes, 24 bit in three,
 * float in four. A file's header takes no part. For Ogg Vorbis they are the floats given to the
 * encoder. */
#ifndef RENDER_HASH_H
#define RENDER_HASH_H

#include "render/pcm.h"

enum { HASH_TEXT = 33 }; /* 32 hexadecimal digits and a NUL */

struct sample_hash {
    struct XXH3_state_s *state;
};

/* 0, or -1: out of memory. hash_free may follow either. */
int hash_init(struct sample_hash *);
void hash_free(struct sample_hash *);
void hash_restart(struct sample_hash *);
/* `samples` as pcm_convert left them. */
void hash_add(struct sample_hash *, enum pcm_format, const void *samples, size_t count);
/* The hash of everything added, lower case, most significant digit first. */
void hash_text(const struct sample_hash *, char text[HASH_TEXT]);

#endif
