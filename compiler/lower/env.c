/* env.c - envelopes. */
#include "compiler/lower/lower.h"

/* frames and step of a segment go to in[0] and in[1]. */
static void segment(struct lowering *l, unsigned node, unsigned port, int *in)
{
    in[0] = op1(l, VM_OP_env_segment, in_value(l, node, port));
    in[1] = in[0] + 1;
}

void lower_ENV_ADSR(struct lowering *l, unsigned node)
{
    int in[VM_OP_INPUTS] = {in_value(l, node, VM_IN_ENV_ADSR_gate)};
    segment(l, node, VM_IN_ENV_ADSR_attack, in + 1);
    segment(l, node, VM_IN_ENV_ADSR_decay, in + 3);
    in[5] = in_value(l, node, VM_IN_ENV_ADSR_sustain);
    segment(l, node, VM_IN_ENV_ADSR_release, in + 6);
    set_out(l, node, 0, op(l, VM_OP_env_adsr, in));
}

void lower_ENV_DECAY(struct lowering *l, unsigned node)
{
    int in[VM_OP_INPUTS] = {in_value(l, node, VM_IN_ENV_DECAY_gate)};
    segment(l, node, VM_IN_ENV_DECAY_attack, in + 1);
    segment(l, node, VM_IN_ENV_DECAY_time, in + 3);
    set_out(l, node, 0, op(l, VM_OP_env_decay, in));
}
