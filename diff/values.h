/* values.h - what the nodes of two ladders gave in one tick: which differs first, in which frame,
 * and what each had there. docs/mixer.md, section 9, says how values stand in a ladder. */
#ifndef DIFF_VALUES_H
#define DIFF_VALUES_H

#include "diff/work.h"
#include <stdint.h>

enum { VALUES_SHOWN = 4 };

/* One output of one operation of the node. */
struct node_value {
    const char *op; /* "svf_lopass.0" */
    double a, b;
};

struct node_values {
    bool found;       /* both have values of it, and they differ in `frame` */
    bool found_one;   /* only one can be rendered: what it gave in `frame` */
    bool one_is_a;    /* that one */
    const char *node; /* its name in the ladder */
    uint64_t frame;   /* of the whole */
    bool other_ops;   /* the node computes otherwise: its last values are compared */
    struct node_value values[VALUES_SHOWN]; /* those that differ there; of one alone its last */
    size_t count;                           /* may be more than are shown */
    const char *hash_a, *hash_b;            /* of the tick; NULL: none */
};

/* The node that differs in the first frame in which any does; of several the first in the order of
 * a's program. Nothing is found when a ladder has no values in that tick. */
enum render_status values_compare(struct work *, const char *a, const char *name_a, const char *b,
                                  const char *name_b, uint64_t tick, struct node_values *,
                                  struct render_error *);
/* What b, which alone has values, gave for `node` in a frame of that tick; and both hashes. */
enum render_status values_of_one(struct work *, const char *a, const char *name_a, const char *b,
                                 const char *name_b, const char *node, uint64_t tick,
                                 uint64_t frame, struct node_values *, struct render_error *);

#endif
