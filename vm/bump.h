/* bump.h - private to vm/: pieces of the caller's memory, one after the other. */
#ifndef VM_BUMP_H
#define VM_BUMP_H

#include "vm/repatch.h"

/* With base NULL it only counts. */
struct bump {
    uint8_t *base;
    size_t used;
};

/* An aligned piece, not cleared; NULL while counting. */
static inline void *bump_take(struct bump *b, size_t count, size_t size)
{
    void *piece = b->base ? b->base + b->used : NULL;
    b->used += (count * size + RP_ALIGNMENT - 1) / RP_ALIGNMENT * RP_ALIGNMENT;
    return piece;
}

#endif
