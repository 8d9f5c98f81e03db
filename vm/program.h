/* program.h - private to vm/: a verified program, decoded. */
#ifndef VM_PROGRAM_H
#define VM_PROGRAM_H

#include "vm/call.h"
#include "vm/format.h"
#include "vm/repatch.h"
#include "vm/tables.h"

/* Codes of rp_error. */
enum refusal {
#define REFUSAL(code, ENUM, explanation) REFUSE_##ENUM = code,
#include "vm/refusals.def"
#undef REFUSAL
};

/* A section's payload within the file; bytes NULL when the file has none. */
struct vm_section {
    const uint8_t *bytes;
    uint32_t size;
    uint64_t offset;
};

enum vm_section_name {
    VM_CNST,
    VM_PARM,
    VM_PORT,
    VM_TABL,
    VM_STAT,
    VM_CODE,
    VM_NODE,
    VM_NAME,
    VM_LINE,
    VM_SECTIONS
};
extern const char vm_section_tags[VM_SECTIONS][5];

struct vm_instruction {
    enum vm_opcode opcode;
    uint8_t inputs, outputs;
    uint8_t rate;              /* it computes 2^rate frames a frame */
    uint32_t arg;              /* constant, parameter or port number; CALL_OP: row of vm_ops */
    uint32_t key, port, table; /* CALL_OP of an op that has them */
    uint32_t in[VM_OP_INPUTS], out[VM_OP_OUTPUTS];
    uint32_t state;         /* first state word */
    uint32_t cost;          /* operations a frame of the sample rate, at most */
    uint32_t first, second; /* the other of a pair, if it is its second or first; or VM_NONE */
};

struct vm_port {
    enum vm_port_kind kind;
    uint32_t low, high; /* frames */
    uint32_t rate;      /* of those frames: 2^rate a frame */
    uint32_t ring;      /* slots of its ring, a power of two; 0: an input */
    uint32_t channel;   /* of an input */
};

/* What STAT says, and what the code adds up to. */
struct vm_totals {
    uint32_t registers, state, delay, channels;
};

/* A file taken apart: counts by section, nothing copied. */
struct vm_file {
    const uint8_t *bytes;
    size_t size;
    struct vm_section section[VM_SECTIONS];
    uint32_t constants, params, ports, tables, inputs, instructions;
    uint32_t table_values; /* all tables together */
    uint32_t table_length[VM_MAX_TABLES];
    struct vm_totals totals;
};

struct rp_program {
    uint32_t constant_count, param_count, port_count, table_count, instruction_count;
    struct vm_totals totals;
    float *constants;
    struct rp_param *params;
    struct vm_port *ports;
    struct vm_table *tables;
    struct vm_instruction *code;
    uint32_t *buffer; /* by register: where its signal is, in blocks; of rate r it takes 2^r */
    uint32_t buffer_blocks; /* vm_block() frames each */
    uint32_t block;         /* frames a stretch may have: RP_BLOCK, or less within short feedback */
    uint32_t inputs;        /* channels from outside */
    uint32_t reader[VM_MAX_INPUTS]; /* the first instruction that reads it, or VM_NONE */
    uint32_t *nodes; /* by instruction: offset in names, or VM_NONE; NULL without names */
    uint32_t *lines; /* by instruction: file name, line, column; NULL without lines */
    char *names;
    uint32_t check; /* the file's CRC: snapshots carry it */
};

/* Takes the file apart and checks all of it. */
enum rp_status vm_file_open(struct vm_file *, const void *bytes, size_t size, struct rp_error *);

/* Decodes the instruction at `at` in the code section. The bytes have been checked.
 * Returns its size in bytes. */
uint32_t vm_decode(const uint8_t *at, struct vm_instruction *);

/* Fills in the cost of each instruction. `constant` has room for each register. */
void vm_find_costs(struct rp_program *, uint32_t *constant);

/* A delay line is read at a time, an input is not. */
static inline int vm_reads_input(const struct vm_instruction *n)
{
    return n->opcode == VM_READ_PORT && n->inputs == 0;
}

#endif
