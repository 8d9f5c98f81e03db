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

/* A kernel's state words as whatever struct it has there (tests/vm/count.cc has a type of its own).
 */
typedef void *state_words;

/* KERNEL for a row without ring and table, MEMORY_KERNEL for one with, STEADY_KERNEL for one
 * without that does less where memory->steady says that inputs rest: it is never told of the first
 * frame of a stretch. What its struct has behind the row's state words lasts for a stretch. */
#define KERNEL(name)                                                                               \
    enum { asks_##name = 0 };                                                                      \
    LANE_FN void k_##name(const lane *in, lane *out, state_words state,                            \
                          const struct memory *memory __attribute__((unused)))
#define MEMORY_KERNEL(name)                                                                        \
    enum { asks_##name = 0 };                                                                      \
    LANE_FN void k_##name(const lane *in, lane *out, state_words state, const struct memory *memory)
#define STEADY_KERNEL(name)                                                                        \
    enum { asks_##name = 1 };                                                                      \
    LANE_FN void k_##name(const lane *in, lane *out, state_words state, const struct memory *memory)
/* Of a row whose loop is LATE: first_NAME alone has state, and gives LATE_VALUES at most, of which
 * second_NAME makes the row's outputs. */
enum { LATE_VALUES = 4 };
#define LATE_KERNEL(name)                                                                          \
    KERNEL(name)                                                                                   \
    {                                                                                              \
        lane between[LATE_VALUES];                                                                 \
        first_##name(in, between, state, memory);                                                  \
        second_##name(NULL, between, out, NULL, memory);                                           \
    }

#define VM_RATE 48000.0f

#endif
