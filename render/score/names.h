/* names.h - words and their numbers. Private to render/. */
#ifndef RENDER_SCORE_NAMES_H
#define RENDER_SCORE_NAMES_H

#include "text/arena.h"
#include <stdint.h>

#define NAME_NONE UINT32_MAX

/* Zeroed but for the arena: empty. words[i] has the number i. */
struct names {
    struct arena *arena;
    const char **words;
    size_t count, capacity;
    uint32_t *slots; /* open addressing; number + 1, 0: free */
    size_t slot_count;
};

uint32_t names_find(const struct names *, const char *word); /* or NAME_NONE */
/* The word's number, a new one if need be; NAME_NONE: out of memory. The word is copied. */
uint32_t names_add(struct names *, const char *word);

#endif
