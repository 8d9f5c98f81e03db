/* engine.h - private to vm/: the kernels wrapped in loops, one table per lane width and ISA. */
#ifndef VM_ENGINE_H
#define VM_ENGINE_H

#include "vm/program.h"
#include <stdint.h>

struct vm_engine {
    unsigned lanes;
    void (*const *run)(struct vm_call *, uint32_t frames);   /* by row of vm_ops */
    void (*const *pairs)(struct vm_call *, uint32_t frames); /* by row of pairs.def */
    void (*read_port)(struct vm_call *, uint32_t frames);
    void (*write_port)(struct vm_call *, uint32_t frames);
    /* Nonzero when any of n values is NaN or infinite. n is a multiple of lanes. */
    uint32_t (*not_finite)(const float *values, uint32_t n);
    uint32_t (*copy)(float *to, const float *from, uint32_t n); /* the same, of what it copies */
};

/* The fastest engine of that width within the ISA; NULL when the width does not exist or the
 * CPU lacks the ISA. */
const struct vm_engine *vm_engine_find(unsigned lanes, enum rp_isa isa);

/* Runs one frame of a stateless op by its own kernel, at 2^rate times the sample rate, for folding
 * constants. `row` is a row number of vm_ops. */
void vm_evaluate(uint32_t row, unsigned rate, const float *in, float *out);

#endif
