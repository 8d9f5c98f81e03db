/* noise.c - noise and chance. */
#include "compiler/lower/lower.h"

/* An op with the node's own key. */
static int keyed(struct lowering *l, unsigned node, enum vm_op what, const int *in)
{
    struct ir_extra key = {.key = node_key(l, node, 0)};
    return op_with(l, what, key, in);
}

static int white(struct lowering *l, unsigned node)
{
    int in[VM_OP_INPUTS] = {0};
    return keyed(l, node, VM_OP_noise_white, in);
}

void lower_NOISE_WHITE(struct lowering *l, unsigned node)
{
    set_out(l, node, 0, white(l, node));
}

void lower_NOISE_PINK(struct lowering *l, unsigned node)
{
    set_out(l, node, 0, op1(l, VM_OP_noise_pink, white(l, node)));
}

void lower_NOISE_BROWN(struct lowering *l, unsigned node)
{
    set_out(l, node, 0, op1(l, VM_OP_noise_brown, white(l, node)));
}

void lower_NOISE_VELVET(struct lowering *l, unsigned node)
{
    int in[VM_OP_INPUTS] = {in_value(l, node, VM_IN_NOISE_VELVET_density)};
    set_out(l, node, 0, keyed(l, node, VM_OP_noise_velvet, in));
}

void lower_NOISE_DUST(struct lowering *l, unsigned node)
{
    int in[VM_OP_INPUTS] = {in_value(l, node, VM_IN_NOISE_DUST_density),
                            constant(l, in_static(l, node, VM_IN_NOISE_DUST_sign))};
    set_out(l, node, 0, keyed(l, node, VM_OP_noise_dust, in));
}

void lower_NOISE_CRACKLE(struct lowering *l, unsigned node)
{
    int in[VM_OP_INPUTS] = {in_value(l, node, VM_IN_NOISE_CRACKLE_chaos)};
    set_out(l, node, 0, keyed(l, node, VM_OP_noise_crackle, in));
}

/* a, b and t follow each other; `shape` is the number of a word of "step linear smooth". */
static int blend(struct lowering *l, int a, double shape)
{
    return shape == 0.0
               ? a
               : op3(l, shape == 1.0 ? VM_OP_blend_linear : VM_OP_blend_smooth, a, a + 1, a + 2);
}

void lower_NOISE_HOLD(struct lowering *l, unsigned node)
{
    int in[VM_OP_INPUTS] = {in_value(l, node, VM_IN_NOISE_HOLD_freq)};
    int a = keyed(l, node, VM_OP_noise_hold, in);
    set_out(l, node, 0, blend(l, a, in_static(l, node, VM_IN_NOISE_HOLD_shape)));
}

void lower_NOISE_WALK(struct lowering *l, unsigned node)
{
    int in[VM_OP_INPUTS] = {
        in_value(l, node, VM_IN_NOISE_WALK_freq), in_value(l, node, VM_IN_NOISE_WALK_step),
        in_value(l, node, VM_IN_NOISE_WALK_low), in_value(l, node, VM_IN_NOISE_WALK_high)};
    int a = keyed(l, node, VM_OP_noise_walk, in);
    set_out(l, node, 0, blend(l, a, in_static(l, node, VM_IN_NOISE_WALK_shape)));
}
