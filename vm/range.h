/* range.h - private to vm/: what the values of a program are held within. */
#ifndef VM_RANGE_H
#define VM_RANGE_H

#include "vm/program.h"

/* low <= x <= high, and x is a number. Both infinite: nothing is known, not even that. */
struct vm_range {
    float low, high;
};

#define VM_UNBOUNDED ((struct vm_range){-__builtin_inff(), __builtin_inff()})

static inline int vm_is_bounded(struct vm_range r)
{
    return r.high - r.low < __builtin_inff();
}

/* Memory for what vm_find_ranges finds. */
struct vm_ranges {
    struct vm_range *of; /* by register */
    uint32_t *cause;     /* by register: the first instruction that made it unbounded, or VM_NONE */
    struct vm_range *port, *before; /* by port: what is written to it; what it was taken to hold */
    uint8_t *segment; /* by register: it is of an env_segment, and its first output or second */
    uint8_t *cyclic;  /* by port: 3: it is read before it is written */
    float *response;  /* by instruction and output: of linear ops */
};

size_t vm_ranges_bytes(const struct rp_program *);
/* `memory` has that many, aligned. */
void vm_ranges_in(struct vm_ranges *, const struct rp_program *, void *memory);

/* For every voice, whatever its parameters, seeds and events, with sound coming in that is within
 * -1 and 1. */
void vm_find_ranges(const struct rp_program *, struct vm_ranges *);

/* Of one op of rate 2^rate, from the ranges of its inputs, a table or NULL, and what the ring of a
 * delay line holds. `pair` has bit j set when inputs j and j + 1 are the frames and step of one
 * segment. */
void vm_op_range(uint32_t row, unsigned rate, const struct vm_range *in, uint32_t pairs,
                 const struct vm_table *, struct vm_range ring, struct vm_range *out);

#endif
