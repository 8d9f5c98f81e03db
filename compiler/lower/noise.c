/* noise.c - noise and chance. */
#include "compiler/lower/lower.h"

void lower_NOISE_WHITE(struct lowering *l, unsigned node)
{
    int in[VM_OP_INPUTS] = {0};
    struct ir_extra key = {.key = node_key(l, node, 0)};
    set_out(l, node, 0, op_with(l, VM_OP_noise_white, key, in));
}
