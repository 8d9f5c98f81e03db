/* kernel.h - what every kernel is written with.
 *
 * A kernel is one frame of VM_VEC voices: k_NAME(in, out, state, memory) for each row of ops.def.
 * in[] and out[] hold the row's inputs and outputs, state points at the row's state words, memory
 * is the ring or table of a row that has one, and the rate of any. Every engine includes the same
 * kernels, so every engine computes the same bits. Branches are selections. */
#ifndef VM_KERNEL_H
#define VM_KERNEL_H

#include "vm/lane.h"
#include "vm/math.h"
#include "vm/memory.h"

/* KERNEL for a row without ring and table, MEMORY_KERNEL for one with. */
#define KERNEL(name)                                                                               \
    LANE_FN void k_##name(const lane *in, lane *out, void *state,                                  \
                          const struct memory *memory __attribute__((unused)))
#define MEMORY_KERNEL(name)                                                                        \
    LANE_FN void k_##name(const lane *in, lane *out, void *state, const struct memory *memory)

#define VM_RATE 48000.0f

#endif
