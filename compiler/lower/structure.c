/* structure.c - mixing, panning, routing, ins and outs. */
#include "compiler/lower/lower.h"

void lower_MIX(struct lowering *l, unsigned node)
{
    struct signal sum = in_signal(l, node, VM_IN_MIX_in);
    int level = in_value(l, node, VM_IN_MIX_level);
    double x;
    if (!in_constant(l, node, VM_IN_MIX_level, &x) || x != 1.0) {
        sum.left = mul(l, sum.left, level);
        if (sum.right != IR_NONE)
            sum.right = mul(l, sum.right, level);
    }
    set_any(l, node, sum);
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

void lower_STEREO_JOIN(struct lowering *l, unsigned node)
{
    int left = in_value(l, node, VM_IN_STEREO_JOIN_left);
    int right = in_value(l, node, VM_IN_STEREO_JOIN_right);
    set_stereo(l, node, 0, (struct signal){left, right});
    set_out(l, node, 1, left);
    set_out(l, node, 2, right);
}

static int between(struct lowering *l, int x, double low, double high)
{
    return op3(l, VM_OP_clip, x, constant(l, low), constant(l, high));
}

static int lerp(struct lowering *l, int a, int b, int part)
{
    return add(l, a, mul(l, part, sub(l, b, a)));
}

/* The gains of a pan from -1 to 1 are those of a fade from 0 to 1. */
void lower_CROSSFADE(struct lowering *l, unsigned node)
{
    int a = in_value(l, node, VM_IN_CROSSFADE_a), b = in_value(l, node, VM_IN_CROSSFADE_b);
    int p = between(l, in_value(l, node, VM_IN_CROSSFADE_pos), 0.0, 1.0), out;
    if (in_static(l, node, VM_IN_CROSSFADE_law) > 0.0) {
        int gains = op1(l, VM_OP_pan_gains, sub(l, scale(l, p, 2.0), constant(l, 1.0)));
        int from = mul(l, a, gains);
        out = add(l, from, mul(l, b, gains + 1));
    } else {
        out = lerp(l, a, b, p);
    }
    set_out(l, node, 0, out);
}

enum { MUX_WAYS = 8 };
_Static_assert(VM_IN_MUX_h - VM_IN_MUX_a == MUX_WAYS - 1, "a to h stand in a row");

/* Past input i, input i takes over from those before it. */
void lower_MUX(struct lowering *l, unsigned node)
{
    int linear = in_static(l, node, VM_IN_MUX_mode) > 0.0;
    int index = in_value(l, node, VM_IN_MUX_index);
    unsigned last = MUX_WAYS - 1;
    while (last > 0 && !in_given(l, node, VM_IN_MUX_a + last))
        last--;
    int out = in_value(l, node, VM_IN_MUX_a);
    for (unsigned i = 1; i <= last; i++) {
        int x = in_value(l, node, VM_IN_MUX_a + i);
        if (linear)
            out = lerp(l, out, x, between(l, sub(l, index, constant(l, i - 1.0)), 0.0, 1.0));
        else
            out = op3(l, VM_OP_select, op2(l, VM_OP_not_less, index, constant(l, i)), x, out);
    }
    set_out(l, node, 0, out);
}

void lower_DEMUX(struct lowering *l, unsigned node)
{
    int linear = in_static(l, node, VM_IN_DEMUX_mode) > 0.0;
    int in = in_value(l, node, VM_IN_DEMUX_in);
    int index = between(l, in_value(l, node, VM_IN_DEMUX_index), 0.0, MUX_WAYS - 1.0);
    int at = linear ? index : op1(l, VM_OP_floor, index);
    for (unsigned i = 0; i < MUX_WAYS; i++) {
        int way = op1(l, VM_OP_abs, sub(l, at, constant(l, i)));
        int share = between(l, sub(l, constant(l, 1.0), way), 0.0, 1.0);
        set_out(l, node, i, mul(l, in, share));
    }
}

/* A number known by now is folded to a whole one; the op cuts fractions off. */
void lower_TEMPO_LOCK(struct lowering *l, unsigned node)
{
    int half = constant(l, 0.5), in[VM_OP_INPUTS] = {in_value(l, node, VM_IN_TEMPO_LOCK_in)};
    in[1] = add(l, in_value(l, node, VM_IN_TEMPO_LOCK_mul), half);
    in[1] = op1(l, VM_OP_floor, in[1]);
    in[2] = add(l, in_value(l, node, VM_IN_TEMPO_LOCK_div), half);
    in[2] = op1(l, VM_OP_floor, in[2]);
    set_out(l, node, 0, op(l, VM_OP_tempo_lock, in));
}

void lower_VOICE_RANDOM(struct lowering *l, unsigned node)
{
    int in[VM_OP_INPUTS] = {in_value(l, node, VM_IN_VOICE_RANDOM_low),
                            in_value(l, node, VM_IN_VOICE_RANDOM_high)};
    struct ir_extra key = {.key = node_key(l, node, 0)};
    set_out(l, node, 0, op_with(l, VM_OP_voice_random, key, in));
}
