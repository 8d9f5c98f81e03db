/* ir.h - primitive instructions in SSA form, between the graph and the file.
 *
 * Values are numbered from 0 and defined once. Making an instruction that exists already gives
 * its values; one of constants alone is computed at once, by its own kernel. */
#ifndef COMPILER_IR_H
#define COMPILER_IR_H

#include "compiler/graph.h"
#include "text/arena.h"
#include "vm/format.h"
#include "vm/tables.h"

enum { IR_NONE = -1 };

struct ir_instruction {
    enum vm_opcode opcode;
    uint8_t inputs, outputs, rate;
    uint32_t arg; /* param or port number, row of vm_ops, or a constant's bits */
    uint32_t key;
    int port, table; /* CALL_OP of a row that has them, else 0 */
    int in[VM_OP_INPUTS];
    int out; /* first of `outputs` consecutive values */
    unsigned node;
    int live, uniform; /* uniform: of constants and parameters alone */
};

struct ir_port {
    enum vm_port_kind kind;
    unsigned rate;
    uint32_t low, high; /* frames, of a delay line; of a ring `high` */
    unsigned node;      /* it belongs to */
};

struct ir_table {
    const float *values;
    uint32_t length;
};

struct ir {
    struct arena *arena;
    const struct graph *graph;
    struct ir_instruction *code;
    size_t count, capacity;
    int *definition; /* by value: its instruction */
    size_t values, value_capacity;
    struct param *params; /* the graph's, and room for the voice's gate */
    size_t param_count;
    struct ir_port *ports;
    size_t port_count, port_capacity;
    struct ir_table *tables;
    size_t table_count, table_capacity;
    int *slots; /* hash: instruction number + 1 */
    size_t slot_count, slots_used;
    unsigned node;  /* instructions made now belong to it */
    unsigned rate;  /* and compute 2^rate frames a frame; as do ports */
    int not_finite; /* a constant was folded to NaN or infinity: by this node + 1 */
};

/* 0, or -1 when memory ran out. */
int ir_init(struct ir *, struct arena *, const struct graph *);
int ir_constant(struct ir *, float);
int ir_param(struct ir *, unsigned param);
/* The n-th input port is channel n. They are made before any delay line. */
int ir_input(struct ir *);
int ir_delay(struct ir *, uint32_t low, uint32_t high);
int ir_ring(struct ir *, uint32_t longest);
/* Its number; the same for equal values. `values` must stay. length at least 1. */
int ir_table(struct ir *, const float *values, uint32_t length);
/* frames IR_NONE: of an input. */
int ir_read(struct ir *, int port, int frames);
void ir_write(struct ir *, int port, int value);
/* right IR_NONE: mono. The last instruction of the code. */
void ir_output(struct ir *, int left, int right);
/* What an op has besides its inputs, as far as its row says so. */
struct ir_extra {
    uint32_t key;
    int port, table;
};
/* First of the op's output values, the others follow it. */
int ir_call(struct ir *, enum vm_op, struct ir_extra, const int *in);
int ir_call2(struct ir *, enum vm_op, int a, int b);
/* The rate a value has; a constant fits all and says 0. */
unsigned ir_rate_of(const struct ir *, int value);
/* 1 when the value is a constant, with *x set. */
int ir_constant_of(const struct ir *, int value, float *x);
/* Marks what the output depends on. */
void ir_mark_live(struct ir *);

/* lower.c: the graph as instructions. NULL: reported, or out of memory. */
struct ir *lower(struct arena *, struct diags *, const struct graph *, const unsigned *order);

#endif
