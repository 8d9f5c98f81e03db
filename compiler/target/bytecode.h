/* bytecode.h - writes a bytecode file piece by piece; vm/format.h and bytecode(5) say the form.
 *
 * Constants and names are stored once each, in order of first use, so that the same calls give
 * the same bytes: the compiler and the assembler both write through this. */
#ifndef COMPILER_TARGET_BYTECODE_H
#define COMPILER_TARGET_BYTECODE_H

#include "compiler/ir.h"
#include "text/arena.h"
#include "vm/repatch.h"

struct bytes {
    unsigned char *data;
    size_t size, capacity;
};

/* Byte strings to numbers. */
struct intern_table {
    struct intern_entry *entries;
    size_t size, used;
};

struct bytecode {
    struct arena *arena; /* check arena->failed at the end */
    struct bytes constants, params, ports, tables, code, nodes, lines, names, foreign;
    struct intern_table known_constants, known_names;
    uint32_t constant_count, table_count, registers, state, delay, channels;
    int has_nodes, has_lines;
    uint32_t node, line[3]; /* where the next instructions come from */
};

void bytecode_init(struct bytecode *, struct arena *);
void bytecode_param(struct bytecode *, const char *name, enum rp_unit, enum rp_curve, float low,
                    float high, float def, uint32_t glide);
/* Ports, in the order of their numbers. Frames are at 2^rate times the sample rate. */
void bytecode_delay(struct bytecode *, unsigned rate, uint32_t low, uint32_t high);
void bytecode_ring(struct bytecode *, unsigned rate, uint32_t longest);
void bytecode_input(struct bytecode *, uint32_t channel);
/* Its number. Equal tables are not looked for. */
uint32_t bytecode_table(struct bytecode *, const float *values, uint32_t length);
/* NULL: no node, no line, for the instructions that follow. */
void bytecode_node(struct bytecode *, const char *id);
void bytecode_line(struct bytecode *, const char *file, uint32_t line, uint32_t column);
uint32_t bytecode_constant(struct bytecode *, float);
/* For VM_CALL_OP `arg` is a row of vm_ops, with key, port and table as far as the row has them;
 * in[] are registers. */
struct bytecode_instruction {
    enum vm_opcode opcode;
    unsigned rate, inputs;
    uint32_t arg, key, port, table;
    uint32_t in[VM_OP_INPUTS];
};
/* The instruction's outputs are the next registers, the first of which is returned. */
uint32_t bytecode_instruction(struct bytecode *, const struct bytecode_instruction *);
void bytecode_foreign(struct bytecode *, const char tag[4], const unsigned char *data, size_t size);
/* The whole file. data NULL when memory ran out. */
struct bytes bytecode_finish(struct bytecode *);

/* The program of an IR. With `lines`, instructions carry file, line and column. */
struct bytes bytecode_from_ir(struct arena *, struct ir *, int lines);

#endif
