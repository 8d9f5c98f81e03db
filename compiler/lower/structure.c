/* structure.c - mixing, panning, routing, ins and outs. */
#include "compiler/lower/lower.h"

void lower_MIX(struct lowering *l, unsigned node)
{
    int sum = in_value(l, node, VM_IN_MIX_in);
    int level = in_value(l, node, VM_IN_MIX_level);
    double x;
    int whole = in_constant(l, node, VM_IN_MIX_level, &x) && x == 1.0;
    set_out(l, node, 0, whole ? sum : mul(l, sum, level));
}

void lower_PAN(struct lowering *l, unsigned node)
{
    int x = in_value(l, node, VM_IN_PAN_in);
    int gains = op1(l, VM_OP_pan_gains, in_value(l, node, VM_IN_PAN_pos));
    struct signal both = {mul(l, x, gains), mul(l, x, gains + 1)};
    set_stereo(l, node, 0, both);
    set_out(l, node, 1, both.left);
    set_out(l, node, 2, both.right);
}

/* Channel n is port n; the ports run at the sample rate. */
static int read_channel(struct lowering *l, int channel)
{
    return delay_read(l, channel, IR_NONE);
}

void lower_INPUT(struct lowering *l, unsigned node)
{
    int left = read_channel(l, 0), right = read_channel(l, 1);
    set_stereo(l, node, 0, (struct signal){left, right});
    set_out(l, node, 1, left);
    set_out(l, node, 2, right);
}

void lower_INPUT_MONO(struct lowering *l, unsigned node)
{
    set_out(l, node, 0, read_channel(l, 0));
}

/* It ends the code: lower() writes it when all is there. */
void lower_OUTPUT(struct lowering *l, unsigned node)
{
    (void)l;
    (void)node;
}
