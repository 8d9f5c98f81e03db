/* lower.h - private to compiler/lower/: modules become primitive ops.
 *
 * Each module has a function lower_ENUM(l, node) in the file of its family. It takes the node's
 * inputs, makes instructions, and sets the node's outputs. Values are IR values, all of them at the
 * node's rate; inputs in Hz and seconds are scaled to that rate, so that a kernel that counts
 * frames of 1/48000 s is right at every rate. */
#ifndef COMPILER_LOWER_H
#define COMPILER_LOWER_H

#include "compiler/ir.h"

/* One value, or a left and a right one. */
struct signal {
    int left, right; /* right IR_NONE: mono */
};

struct lowering;

#define MODULE(id, ENUM, ...) void lower_##ENUM(struct lowering *, unsigned node);
#define IN(...)
#define OUT(...)
#include "vm/modules.def"

/* ---- inputs ---- */

/* The sum of what the input is given, or its default; of a GATED input the voice's gate. */
int in_value(struct lowering *, unsigned node, unsigned input);
/* Of an ANY or STEREO input: right is IR_NONE when it was given a signal. */
struct signal in_signal(struct lowering *, unsigned node, unsigned input);
int in_given(const struct lowering *, unsigned node, unsigned input);
/* What a STATIC input or a CHOICE says, in the port's unit, not scaled by rate. */
double in_static(const struct lowering *, unsigned node, unsigned input);
/* 1 when the input is known now, with *x set; in the port's unit, not scaled by rate. */
int in_constant(const struct lowering *, unsigned node, unsigned input, double *x);
/* The bounds of what an input can be, as far as they are known: a constant's value, a lone param's
 * range; else `otherwise` low and high. Not scaled by rate. */
void in_range(const struct lowering *, unsigned node, unsigned input, double *low, double *high);
/* Of a DATA input; NULL when nothing was given to one that needs nothing. */
const struct data *in_table(const struct lowering *, unsigned node, unsigned input);
/* The node's rate: 1, 2, 4 or 8 times the sample rate. */
double node_rate(const struct lowering *, unsigned node);
/* Key number `index` of a node, for ops with a key: 0 is the node's own. */
uint32_t node_key(const struct lowering *, unsigned node, unsigned index);

/* ---- outputs ---- */

void set_out(struct lowering *, unsigned node, unsigned output, int value);
void set_stereo(struct lowering *, unsigned node, unsigned output, struct signal);
/* Outputs out, left and right, of a module that gives what it is given: of a signal, both sides are
 * it. */
void set_any(struct lowering *, unsigned node, struct signal);

/* ---- instructions ---- */

/* Arguments are evaluated in an order of the C compiler's own: at most one of a call may make
 * instructions, or patchc would write other bytes where another compiler built it. */
int constant(struct lowering *, double);
/* An op's first output; the others follow it. Inputs in the row's order. */
int op0(struct lowering *, enum vm_op);
int op1(struct lowering *, enum vm_op, int a);
int op2(struct lowering *, enum vm_op, int a, int b);
int op3(struct lowering *, enum vm_op, int a, int b, int c);
int op(struct lowering *, enum vm_op, const int *in);
/* The same for rows with a key, a port, a table, or several of them. */
int op_with(struct lowering *, enum vm_op, struct ir_extra, const int *in);
int add(struct lowering *, int a, int b);
int sub(struct lowering *, int a, int b);
int mul(struct lowering *, int a, int b);
int scale(struct lowering *, int a, double factor);

/* A ring of an op's own that looks up to `seconds` back (at the node's rate), for op_with. */
int ring(struct lowering *, unsigned node, double seconds);
int ring_like(struct lowering *, int port); /* another of the same length */
/* Zeroed memory that stays as long as the compilation, to make a table in; NULL: there is none. */
void *scratch(struct lowering *, size_t count, size_t size);
/* A table's number, for op_with; a copy is kept, rounded to float. */
int table(struct lowering *, const double *values, size_t count);
/* A delay line that is read `low` to `high` seconds back. Read it with delay_read (linear between
 * frames, `frames` an IR value) or an op that TAPs; written once. A read that comes before the
 * write cuts stretches to `low`; one after it does not, and then low may be 0 frames for an op that
 * TAPs, 1 frame for delay_read. */
int delay_line(struct lowering *, unsigned node, double low, double high);
int delay_read(struct lowering *, int port, int frames);
void delay_write(struct lowering *, int port, int value);

/* A module that is one op of the same inputs in the same order, with one output. */
void lower_direct(struct lowering *, unsigned node, enum vm_op);
#define DIRECT(ENUM, name)                                                                         \
    void lower_##ENUM(struct lowering *l, unsigned node)                                           \
    {                                                                                              \
        lower_direct(l, node, VM_OP_##name);                                                       \
    }

/* For an error that only a module knows of: at the node, with its module's name in the text. */
void lower_error(struct lowering *, unsigned node, const char *message, const char *help);
/* The same of a row, from 0, of a table at one of its inputs: at the row. */
void lower_row_error(struct lowering *, unsigned node, unsigned input, size_t row,
                     const char *message, const char *help);
/* 1, reported, when the table has rows and not single numbers. */
int refuse_rows(struct lowering *, unsigned node, unsigned input, const char *help);
/* What a column of a table may hold. */
struct column {
    const char *name;
    double low, high;
    const char *unit;
};
/* 0 when every row's numbers are within the columns' bounds; reports the first that is not. */
int check_columns(struct lowering *, unsigned node, unsigned input, const struct column *,
                  unsigned columns, const char *help);

/* The delay lines of delay.feedback are written when all nodes are lowered. */
void later_delay(struct lowering *, unsigned node, int port);
const struct node *node_of(const struct lowering *, unsigned node);
struct diags *diags_of(struct lowering *);
/* Of the whole program: constants that are not finite, delay lines. */
void report_limits(const struct ir *, const struct graph *, struct diags *);
int twin_of(const struct lowering *, unsigned node); /* IR_NONE: none */
struct signal node_out(const struct lowering *, unsigned node, unsigned output);

#endif
