/* count.h - one frame of a row's kernel, counted: count.cc. */
#ifndef TESTS_VM_COUNT_H
#define TESTS_VM_COUNT_H

#include <stddef.h>
#include <stdint.h>

/* vm/memory.h's, of one voice. */
struct count_memory {
    float *ring;
    uint32_t mask, now;
    float low, high;
    const float *table;
    uint32_t length;
};

#ifdef __cplusplus
extern "C"
#endif
    /* Operations of the kernel of vm_ops[row]. in has VM_OP_INPUTS, out VM_OP_OUTPUTS values. */
    uint64_t
    count_operations(size_t row, const float *in, float *out, uint32_t *state,
                     const struct count_memory *);

#endif
