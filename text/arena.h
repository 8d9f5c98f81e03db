/* arena.h - the memory of one compile job: taken piece by piece, freed at once, zeroed. */
#ifndef TEXT_ARENA_H
#define TEXT_ARENA_H

#include <stddef.h>

struct arena {
    struct arena_chunk *chunks;
    size_t taken;    /* bytes handed out */
    long fail_after; /* tests: the allocation that fails, counted down; -1 never */
    int failed;      /* an allocation failed: the job ends with exit status 2 */
};

void arena_init(struct arena *);
void arena_free(struct arena *);
/* Everything that was taken is given back, to be taken again without asking the system. */
void arena_reset(struct arena *);
/* count * size zeroed bytes, or NULL with failed set (also on overflow). */
void *arena_take(struct arena *, size_t count, size_t size);
/* A NUL-terminated copy. */
char *arena_copy(struct arena *, const char *text, size_t length);
char *arena_format(struct arena *, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* For growing arrays: makes *items hold at least `need` of `size` bytes (doubling, zeroed, old
 * contents kept). 0 on success. */
int arena_grow(struct arena *, void **items, size_t *capacity, size_t need, size_t size);

#endif
