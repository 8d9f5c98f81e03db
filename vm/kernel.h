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

/* What an op at r times the sample rate is given is Hz over r and seconds times r, so that it can
 * count in frames of its own; the bounds it holds them within go along, and are the same for a
 * patch at every rate. All of it is exact. */
LANE_FN lane held_hz(lane x, float low, float high, const struct memory *m)
{
    return lane_clamp(x, low * m->share, high * m->share);
}

LANE_FN lane held_seconds(lane x, float low, float high, const struct memory *m)
{
    return lane_clamp(x, low * m->rate, high * m->rate);
}

#endif
