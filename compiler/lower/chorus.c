/* chorus.c - delays and all-passes on the move: chorus, flanger, phaser. Each side has its own
 * oscillators, `spread` turns apart. */
#include "compiler/lower/delay.h"

/* A sine of `rate` Hz, `turns` ahead. */
static int lfo(struct lowering *l, int rate, int turns)
{
    return op2(l, VM_OP_osc_sine_pm, rate, turns);
}

/* wet = sum over v < V of w[n - time - depth sin(2 pi (rate t + v/V + side spread/V))]/sqrt(V):
 * the sides' oscillators stand between each other's at a spread of 1/2. */
static int chorus_side(struct lowering *l, unsigned node, int port, unsigned side)
{
    static const double levels[] = {1.0, 0.70710678, 0.57735027, 0.5, 0.4472136, 0.40824829};
    int voices = (int)(in_static(l, node, VM_IN_CHORUS_voices) + 0.5);
    int time = time_frames(l, node, VM_IN_CHORUS_time), sum = IR_NONE;
    int depth = time_frames(l, node, VM_IN_CHORUS_depth);
    int rate = in_value(l, node, VM_IN_CHORUS_rate);
    int turns = scale(l, in_value(l, node, VM_IN_CHORUS_spread), 1.0 / voices);
    for (int v = 0; v < voices; v++) {
        int at = constant(l, (double)v / voices);
        int way = mul(l, lfo(l, rate, side ? add(l, at, turns) : at), depth);
        int voice = tap(l, VM_OP_tap_between, port, add(l, time, way));
        sum = sum == IR_NONE ? voice : add(l, sum, voice);
    }
    return scale(l, sum, levels[voices - 1]);
}

static double end_of(const struct lowering *l, unsigned node, unsigned input, double high)
{
    return time_span(l, node, input, high).high;
}

void lower_CHORUS(struct lowering *l, unsigned node)
{
    struct signal in = in_signal(l, node, VM_IN_CHORUS_in);
    double longest =
        end_of(l, node, VM_IN_CHORUS_time, 0.1) + end_of(l, node, VM_IN_CHORUS_depth, 0.05);
    int port = tapped_line(l, node, longest, in.left), out[2];
    for (unsigned s = 0; s < 2; s++) {
        if (s == 1 && in.right != IR_NONE)
            port = tapped_line(l, node, longest, in.right);
        int wet = chorus_side(l, node, port, s);
        out[s] = blend(l, node, VM_IN_CHORUS_wet, side_of(in, s), wet);
    }
    set_sides(l, node, out[0], out[1]);
}

void lower_FLANGER(struct lowering *l, unsigned node)
{
    struct signal in = in_signal(l, node, VM_IN_FLANGER_in);
    double longest =
        end_of(l, node, VM_IN_FLANGER_time, 0.05) + end_of(l, node, VM_IN_FLANGER_depth, 0.05);
    int time = time_frames(l, node, VM_IN_FLANGER_time), out[2];
    int depth = time_frames(l, node, VM_IN_FLANGER_depth);
    int rate = in_value(l, node, VM_IN_FLANGER_rate);
    int feedback = in_value(l, node, VM_IN_FLANGER_feedback);
    int turns[2] = {constant(l, 0.0), in_value(l, node, VM_IN_FLANGER_spread)};
    for (unsigned s = 0; s < 2; s++) {
        int frames = add(l, time, mul(l, lfo(l, rate, turns[s]), depth)), x = side_of(in, s);
        int wet = ringed(l, node, VM_OP_comb, longest, x, frames, feedback);
        out[s] = blend(l, node, VM_IN_FLANGER_wet, x, wet);
    }
    set_sides(l, node, out[0], out[1]);
}

void lower_PHASER(struct lowering *l, unsigned node)
{
    static const enum vm_op chains[] = {VM_OP_phaser_2, VM_OP_phaser_4, VM_OP_phaser_6,
                                        VM_OP_phaser_8, VM_OP_phaser_12};
    enum vm_op chain = chains[(unsigned)in_static(l, node, VM_IN_PHASER_stages)];
    struct signal in = in_signal(l, node, VM_IN_PHASER_in);
    int freq = in_value(l, node, VM_IN_PHASER_freq), out[2];
    int depth = in_value(l, node, VM_IN_PHASER_depth);
    int rate = in_value(l, node, VM_IN_PHASER_rate);
    int feedback = in_value(l, node, VM_IN_PHASER_feedback);
    int turns[2] = {constant(l, 0.0), in_value(l, node, VM_IN_PHASER_spread)};
    for (unsigned s = 0; s < 2; s++) {
        int centre = op3(l, VM_OP_sweep, freq, depth, lfo(l, rate, turns[s])), x = side_of(in, s);
        int wet = op3(l, chain, x, op1(l, VM_OP_phaser_coeff, centre), feedback);
        out[s] = blend(l, node, VM_IN_PHASER_wet, x, wet);
    }
    set_sides(l, node, out[0], out[1]);
}
