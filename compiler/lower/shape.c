/* shape.c - colour: clipping, folding, quantising. */
#include "compiler/lower/lower.h"

DIRECT(SHAPE_SOFT, shape_soft)
DIRECT(SHAPE_HARD, shape_hard)
DIRECT(SHAPE_TANH, shape_tanh)
DIRECT(SHAPE_REDUCE, hold_rate)

void lower_SHAPE_FOLD(struct lowering *l, unsigned node)
{
    int sine = in_static(l, node, VM_IN_SHAPE_FOLD_curve) == 1.0;
    int x = in_value(l, node, VM_IN_SHAPE_FOLD_in);
    int drive = in_value(l, node, VM_IN_SHAPE_FOLD_drive);
    int bias = in_value(l, node, VM_IN_SHAPE_FOLD_bias);
    set_out(l, node, 0, op3(l, sine ? VM_OP_fold_sine : VM_OP_fold_triangle, x, drive, bias));
}

void lower_SHAPE_CRUSH(struct lowering *l, unsigned node)
{
    int step = op1(l, VM_OP_crush_step, in_value(l, node, VM_IN_SHAPE_CRUSH_bits));
    set_out(l, node, 0,
            op3(l, VM_OP_crush, in_value(l, node, VM_IN_SHAPE_CRUSH_in), step, step + 1));
}

void lower_SHAPE_RING(struct lowering *l, unsigned node)
{
    int carrier = in_given(l, node, VM_IN_SHAPE_RING_carrier)
                      ? in_value(l, node, VM_IN_SHAPE_RING_carrier)
                      : op1(l, VM_OP_osc_sine, in_value(l, node, VM_IN_SHAPE_RING_freq));
    int x = in_value(l, node, VM_IN_SHAPE_RING_in);
    int depth = in_value(l, node, VM_IN_SHAPE_RING_depth);
    set_out(l, node, 0, op3(l, VM_OP_ring_modulate, x, carrier, depth));
}

void lower_SHAPE_TABLE(struct lowering *l, unsigned node)
{
    const struct data *d = in_table(l, node, VM_IN_SHAPE_TABLE_table);
    int cubic = in_static(l, node, VM_IN_SHAPE_TABLE_interp) == 1.0;
    refuse_rows(l, node, VM_IN_SHAPE_TABLE_table, "write (table -1 0 1)");
    struct ir_extra extra = {.table = table(l, d->values, d->count)};
    int in[VM_OP_INPUTS] = {in_value(l, node, VM_IN_SHAPE_TABLE_in),
                            in_value(l, node, VM_IN_SHAPE_TABLE_drive)};
    set_out(l, node, 0, op_with(l, cubic ? VM_OP_table_cubic : VM_OP_table_linear, extra, in));
}

void lower_SHAPE_RECTIFY(struct lowering *l, unsigned node)
{
    int x = in_value(l, node, VM_IN_SHAPE_RECTIFY_in);
    int half = in_static(l, node, VM_IN_SHAPE_RECTIFY_wave) == 1.0;
    set_out(l, node, 0, half ? op2(l, VM_OP_max, x, constant(l, 0.0)) : op1(l, VM_OP_abs, x));
}
