/* ladder.h - hash ladders, plain or gzipped, read tick by tick; and the first place at which two
 * differ. docs/mixer.md, section 9, says what a ladder is. */
#ifndef DIFF_LADDER_H
#define DIFF_LADDER_H

#include "diff/work.h"
#include <stdint.h>

enum { PLACES = 32 };

struct ladder_list {
    char *names[PLACES];
    size_t count; /* may be more than there are names for */
};

/* Where two ladders part. */
struct ladder_place {
    bool differs;
    bool length; /* one ends before the other; `tick` is then its end */
    uint64_t ticks_a, ticks_b;
    uint64_t tick;             /* the first that differs */
    uint64_t ticks;            /* how many of those both have differ */
    bool mix, out;             /* these do, in that tick */
    struct ladder_list places; /* voices and buses that do, there; voices first */
    char *within;             /* none of these does, but nodes of this place have, in its stretch */
    bool has_nodes;           /* both have some, and no ladder lacks them */
    uint64_t node_tick;       /* the first in which a node differs */
    struct ladder_list nodes; /* those, in the order of a's program, the first being the cause */
    struct ladder_list only_a, only_b; /* entries the other never has */
};

/* `path` is plain or gzipped. RENDER_TROUBLE: cannot be read, or is no ladder. */
enum render_status ladder_compare(struct work *, const char *a, const char *name_a, const char *b,
                                  const char *name_b, struct ladder_place *, struct render_error *);
/* Which nodes of a place differ by the hashes that ladders made with --ladder-nodes all have. */
struct ladder_stretch {
    bool known;           /* both have such hashes as far as the tick */
    uint64_t first, last; /* ticks of the first stretch in which a node does; of the tick's, where
                             none does */
    struct ladder_list nodes; /* in the order of a; "PLACE.node.ID" */
    const char *hash_a[PLACES], *hash_b[PLACES];
    struct ladder_list only_a, only_b;
};
/* Up to the stretch that `tick` lies in. */
enum render_status ladder_stretch_compare(struct work *, const char *a, const char *name_a,
                                          const char *b, const char *name_b, const char *place,
                                          uint64_t tick, struct ladder_stretch *,
                                          struct render_error *);
/* Those that a ladder with the nodes of that place has in a tick come first, in its order, which is
 * that of the program that sounds there. */
enum render_status ladder_stretch_order(struct ladder_stretch *, const char *ladder,
                                        const char *name, uint64_t tick, struct render_error *);
/* The ladder of the mix alone, of a sound file of 16 bits: "TICK mix=HASH". */
enum render_status ladder_of_sound(const char *sound, const char *name, uint64_t first_tick,
                                   const char *to, struct render_error *);
/* Is it the ladder of a patch ("out=") or of a score? */
enum render_status ladder_is_of_patch(const char *path, const char *name, bool *patch,
                                      struct render_error *);
/* Writes a gzipped copy, the same bytes for the same ladder. */
enum render_status ladder_pack(const char *from, const char *to, struct render_error *);

/* One tick's entries, for others who read ladders. */
struct ladder_entry {
    const char *name, *hash;
};
struct ladder;
struct ladder *ladder_open(const char *path, const char *name, struct render_error *); /* or NULL */
void ladder_close(struct ladder *);
/* 1: a line; 0: the end; -1: the error is set. */
int ladder_next(struct ladder *, struct render_error *);
uint64_t ladder_tick_of(const struct ladder *);
size_t ladder_count(const struct ladder *);
struct ladder_entry ladder_entry(const struct ladder *, size_t index);

#endif
