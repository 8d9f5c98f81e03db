/* difference.h - two sides compared in full: sounds, ladders, the node, the spectrum. */
#ifndef DIFF_DIFFERENCE_H
#define DIFF_DIFFERENCE_H

#include "diff/ladder.h"
#include "diff/side.h"
#include "diff/spectrum.h"
#include "diff/values.h"
#include "diff/verdict.h"

struct comparison {
    struct side *a, *b;
    bool has_sounds, has_ladders;
    struct sound sound_a, sound_b; /* open while the comparison is */
    struct verdict verdict;
    struct ladder_place place;
    const char *where;          /* the first voice or bus that differs; NULL: the mix or a patch */
    const char *plays, *played; /* what sounds in that voice, and the line of the score */
    bool has_inside;            /* its nodes were compared */
    struct ladder_place inside;
    struct ladder_stretch stretch; /* known: by their hashes of a stretch only */
    struct node_values values;     /* of the node that differs, where they could be had */
    bool has_spectrum;
    struct spectrum spectrum;
};

/* Renders what is to be rendered. comparison_close may follow in any case. */
enum render_status comparison_make(struct comparison *, struct work *, struct side *a,
                                   struct side *b, const struct tolerance *, struct render_error *);
void comparison_close(struct comparison *);

/* The first node that differs, or NULL; *tick is the first in which it does. It is the first of the
 * list of nodes. */
const char *comparison_node(const struct comparison *, uint64_t *tick);

#endif
