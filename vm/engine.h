/* engine.h - private to vm/: the kernels wrapped in loops, one table per lane width and ISA. */
#ifndef VM_ENGINE_H
#define VM_ENGINE_H

#include "vm/program.h"
#include <stdint.h>

/* One instruction bound to memory. Signals are [frame][lane]; values that are uniform over the
 * stretch are [lane]. `varying` has bit j set when in[j] is a signal. Outputs never share memory
 * with inputs. */
struct vm_call {
    void (*run)(struct vm_call *, uint32_t frames);
    const float *in[VM_OP_INPUTS];
    float *out[VM_OP_OUTPUTS];
    uint32_t *state;              /* [word][lane] */
    const struct vm_delay *delay; /* of a port */
    const struct vm_table *table;
    uint32_t varying;
    uint32_t instruction; /* which one, for messages */
    uint8_t outputs;
    uint8_t rate;  /* `frames` of run is 2^rate for each frame of the stretch */
    uint8_t shift; /* VM_HOLD: a frame of the input is 2^shift of the output */
};

/* A delay line or ring: ring[frame & mask][lane]. `at` is the slot of the stretch's first frame. */
struct vm_delay {
    float *ring;
    uint32_t mask, at;
    float low, high; /* frames a read is held within */
};

struct vm_engine {
    unsigned lanes;
    void (*const *run)(struct vm_call *, uint32_t frames); /* by row of vm_ops */
    void (*read_port)(struct vm_call *, uint32_t frames);
    void (*write_port)(struct vm_call *, uint32_t frames);
    /* Nonzero when any of n values is NaN or infinite. n is a multiple of lanes. */
    uint32_t (*not_finite)(const float *values, uint32_t n);
};

/* The fastest engine of that width within the ISA; NULL when the width does not exist or the
 * CPU lacks the ISA. */
const struct vm_engine *vm_engine_find(unsigned lanes, enum rp_isa isa);

/* Runs one frame of a stateless op by its own kernel, for folding constants. `row` is a row
 * number of vm_ops. */
void vm_evaluate(uint32_t row, const float *in, float *out);

#endif
