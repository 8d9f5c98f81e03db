/* tables.h - the op and module tables as data. Read-only; rows live as long as the program. */
#ifndef VM_TABLES_H
#define VM_TABLES_H

#include "vm/call.h"
#include <stddef.h>
#include <stdint.h>

enum { VM_MODULE_OUTPUTS = 8 };

enum vm_op {
#define OP(id, name, in, out, state, key, loop, cost, algebra) VM_OP_##name = id,
#include "ops.def"
};

/* Operations a frame, at most: base, and `each` more for each value of its table, of which there
 * are `most` or the program is refused; or for each whole of |input|, from 1 to `most`. */
struct vm_cost {
    uint32_t base;
    enum { VM_FIXED, VM_PER_VALUE, VM_PER_INPUT } by;
    uint32_t each, most;
    unsigned input;
};

struct vm_op_row {
    uint16_t id;
    uint8_t inputs, outputs, state, key;
    enum vm_loop loop;
    struct vm_cost cost;
    const char *name, *algebra;
};

/* CALL_OP names a port, a table. */
static inline int vm_op_has_port(const struct vm_op_row *row)
{
    return row->loop == VM_RING || row->loop == VM_TAP || row->loop == VM_RING_TABLE;
}

static inline int vm_op_has_table(const struct vm_op_row *row)
{
    return row->loop == VM_TABLE || row->loop == VM_RING_TABLE;
}

/* Its outputs are one value for one set of inputs, whenever. */
static inline int vm_op_is_stateless(const struct vm_op_row *row)
{
    unsigned keys = row->key ? 2 : 0; /* these stay what they are */
    return row->state == keys &&
           (row->loop == VM_NOTHING || row->loop == VM_TABLE || row->loop == VM_HOLD);
}

extern const struct vm_op_row vm_ops[];
extern const size_t vm_op_count;

/* The row, or NULL. */
const struct vm_op_row *vm_op_by_id(uint32_t id);
const struct vm_op_row *vm_op_by_name(const char *name, size_t length);

enum vm_module_id {
#define MODULE(id, ENUM, ...) VM_MOD_##ENUM = id,
#define IN(...)
#define OUT(...)
#include "modules.def"
};

/* Port numbers within a module: VM_IN_FILTER_LOPASS_cutoff and so on. */
#define MODULE(id, ENUM, ...)                                                                      \
    }                                                                                              \
    ;                                                                                              \
    enum { VM_INS_START_##ENUM = -1,
#define IN(ENUM, port, ...) VM_IN_##ENUM##_##port,
#define OUT(...)
enum {
    VM_INS_NONE
#include "modules.def"
};

enum vm_kind { VM_SIGNAL, VM_GATE, VM_STEREO, VM_ANY, VM_DATA, VM_CHOICE };
enum vm_unit { VM_UNIT_NONE, VM_UNIT_HZ, VM_UNIT_SECONDS, VM_UNIT_RATIO };
enum vm_use {
    VM_USE_OPT,
    VM_USE_REQ,
    VM_USE_GATED,
    VM_USE_STATIC,
    VM_USE_REQ_SUM,
    VM_USE_OPT_SUM,
};

struct vm_in {
    const char *name, *help;
    enum vm_kind kind;
    enum vm_unit unit;
    enum vm_use use;
    double def, low, high;
    const char *words; /* of a choice: blanks between; else NULL */
};

struct vm_out {
    const char *name, *help;
    enum vm_kind kind;
};

struct vm_module {
    enum vm_module_id id;
    const char *name, *summary, *recurrence, *source, *stable, *latency, *example;
    const struct vm_in *in;
    const struct vm_out *out;
    unsigned inputs, outputs;
};

extern const struct vm_module vm_modules[];
extern const size_t vm_module_count;

/* The modules of a folder of vm/: vm_modules[first] up to the first of the next. */
struct vm_family {
    const char *name, *title;
    unsigned first;
};

extern const struct vm_family vm_families[];
extern const size_t vm_family_count;
const struct vm_family *vm_module_family(const struct vm_module *);

const struct vm_module *vm_module_by_id(enum vm_module_id id);
const struct vm_module *vm_module_by_name(const char *name, size_t length);

/* "signal", "gate", "stereo", "signal or stereo", "table", "choice"; "", "Hz", "s", "ratio". */
const char *vm_kind_name(enum vm_kind);
const char *vm_unit_name(enum vm_unit);

#endif
