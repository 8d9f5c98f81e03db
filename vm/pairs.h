/* pairs.h - private to vm/: pairs of ops that run as one; see pairs.def. */
#ifndef VM_PAIRS_H
#define VM_PAIRS_H

#include "vm/program.h"

#define PAIR_ANY UINT32_MAX

/* Finds, in a loaded program, each instruction that may be the first of a pair, and which one its
 * second is. `readers` and `reader` have room for each register. */
void vm_find_pairs(struct rp_program *, uint32_t *readers, uint32_t *reader);

void vm_forget_pairs(struct rp_program *);

/* Makes `second` a call of both, if there is a row for what varies in them; else returns 0. */
int vm_pair_calls(const struct rp_program *, void (*const *run)(struct vm_call *, uint32_t),
                  const struct vm_call *first, struct vm_call *second);

#endif
