/* call.h - private to vm/: what a kernel's loop sees of the machine. It knows no rows of the op and
 * module tables: loops, which take long to build, are not built again when a row is added. */
#ifndef VM_CALL_H
#define VM_CALL_H

#include <stdint.h>

enum { VM_OP_INPUTS = 8, VM_OP_OUTPUTS = 4, VM_OP_STATE = 64 };

/* The loop that runs an op's kernel, as ops.def says: the memory it hands to the kernel, or the
 * rates it goes between. */
enum vm_loop {
    VM_NOTHING,
    VM_RING,
    VM_TAP,
    VM_TABLE,
    VM_RING_TABLE,
    VM_GATED,
    VM_LATE,
    VM_HOLD,
    VM_UP,
    VM_DOWN,
};

struct vm_table {
    const float *values;
    uint32_t length;
};

/* One instruction bound to memory. Signals are [frame][lane]; values that are uniform over the
 * stretch are [lane]. `varying` has bit j set when in[j] is a signal. Outputs never share memory
 * with inputs. */
struct vm_call {
    void (*run)(struct vm_call *, uint32_t frames);
    const float *in[VM_OP_INPUTS];
    float *out[VM_OP_OUTPUTS];
    uint32_t *state;              /* [word][lane] */
    uint32_t *more;               /* of a pair's second op */
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

#endif
