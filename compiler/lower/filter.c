/* filter.c - filters. */
#include "compiler/lower/lower.h"

/* The three filters have the same inputs in the same places. */
_Static_assert((int)VM_IN_FILTER_LOPASS_cutoff == (int)VM_IN_FILTER_HIPASS_cutoff &&
                   (int)VM_IN_FILTER_LOPASS_cutoff == (int)VM_IN_FILTER_BANDPASS_cutoff &&
                   (int)VM_IN_FILTER_LOPASS_q == (int)VM_IN_FILTER_HIPASS_q &&
                   (int)VM_IN_FILTER_LOPASS_q == (int)VM_IN_FILTER_BANDPASS_q,
               "lower_svf reads all three");

static void lower_svf(struct lowering *l, unsigned node, enum vm_op what)
{
    int x = in_value(l, node, VM_IN_FILTER_LOPASS_in);
    int cutoff = in_value(l, node, VM_IN_FILTER_LOPASS_cutoff);
    int c = op2(l, VM_OP_svf_coeff, cutoff, in_value(l, node, VM_IN_FILTER_LOPASS_q));
    int in[VM_OP_INPUTS] = {x, c, c + 1, c + 2, c + 3};
    set_out(l, node, 0, op(l, what, in));
}

void lower_FILTER_LOPASS(struct lowering *l, unsigned node)
{
    lower_svf(l, node, VM_OP_svf_lopass);
}

void lower_FILTER_HIPASS(struct lowering *l, unsigned node)
{
    lower_svf(l, node, VM_OP_svf_hipass);
}

void lower_FILTER_BANDPASS(struct lowering *l, unsigned node)
{
    lower_svf(l, node, VM_OP_svf_bandpass);
}

void lower_FILTER_ONEPOLE(struct lowering *l, unsigned node)
{
    int x = in_value(l, node, VM_IN_FILTER_ONEPOLE_in);
    int g = op1(l, VM_OP_onepole_coeff, in_value(l, node, VM_IN_FILTER_ONEPOLE_cutoff));
    set_out(l, node, 0, op2(l, VM_OP_onepole, x, g));
}
