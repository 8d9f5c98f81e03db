/* dynamics.c - dynamics. A gain is found from the louder side and applied to both. */
#include "compiler/lower/lower.h"

static int peak_of_sides(struct lowering *l, struct signal s)
{
    return op2(l, VM_OP_link_peak, s.left, s.right == IR_NONE ? s.left : s.right);
}

/* What the gain is found from: the side chain if there is one. */
static int key_peak(struct lowering *l, unsigned node, unsigned in, unsigned side)
{
    return peak_of_sides(l, in_signal(l, node, in_given(l, node, side) ? side : in));
}

static int share(struct lowering *l, unsigned node, unsigned time)
{
    return op1(l, VM_OP_follow_coeff, in_value(l, node, time));
}

static int share_of(struct lowering *l, unsigned node, double seconds)
{
    return op1(l, VM_OP_follow_coeff, constant(l, seconds * node_rate(l, node)));
}

/* The outputs out, left, right, gain. */
static void set_outputs(struct lowering *l, unsigned node, struct signal s, int gain)
{
    set_stereo(l, node, 0, s);
    set_out(l, node, 1, s.left);
    set_out(l, node, 2, s.right == IR_NONE ? s.left : s.right);
    set_out(l, node, 3, gain);
}

static void apply_gain(struct lowering *l, unsigned node, struct signal s, int gain)
{
    s.left = mul(l, s.left, gain);
    if (s.right != IR_NONE)
        s.right = mul(l, s.right, gain);
    set_outputs(l, node, s, gain);
}

void lower_DYNAMICS_COMPRESSOR(struct lowering *l, unsigned node)
{
    int x = key_peak(l, node, VM_IN_DYNAMICS_COMPRESSOR_in, VM_IN_DYNAMICS_COMPRESSOR_side);
    int rms = in_static(l, node, VM_IN_DYNAMICS_COMPRESSOR_detector) == 1.0;
    int level = rms ? op2(l, VM_OP_level_rms, x, share(l, node, VM_IN_DYNAMICS_COMPRESSOR_window))
                    : op1(l, VM_OP_level, x);
    int threshold = in_value(l, node, VM_IN_DYNAMICS_COMPRESSOR_threshold);
    int ratio = in_value(l, node, VM_IN_DYNAMICS_COMPRESSOR_ratio);
    int knee = in_value(l, node, VM_IN_DYNAMICS_COMPRESSOR_knee);
    int c = op3(l, VM_OP_compress_coeff, threshold, ratio, knee);
    int in[VM_OP_INPUTS] = {level, c, c + 1, c + 2, c + 3};
    int wanted = op(l, VM_OP_compress_curve, in);
    int attack = share(l, node, VM_IN_DYNAMICS_COMPRESSOR_attack);
    int release = share(l, node, VM_IN_DYNAMICS_COMPRESSOR_release);
    int reduction = op3(l, VM_OP_follow, wanted, attack, release);
    int makeup = in_value(l, node, VM_IN_DYNAMICS_COMPRESSOR_makeup);
    int gain = op2(l, VM_OP_reduce, reduction, makeup);
    apply_gain(l, node, in_signal(l, node, VM_IN_DYNAMICS_COMPRESSOR_in), gain);
}

/* One of the ops that look a whole number of frames back. */
static int look_back(struct lowering *l, unsigned node, enum vm_op what, int x, unsigned frames)
{
    double seconds = frames / (RP_SAMPLE_RATE * node_rate(l, node));
    struct ir_extra extra = {.port = ring(l, node, seconds)};
    int in[VM_OP_INPUTS] = {x};
    return frames ? op_with(l, what, extra, in) : x;
}

/* The largest of the last frames + 1 values: of 2, 4, 8, ..., then of two such that overlap. */
static int sliding_maximum(struct lowering *l, unsigned node, int x, unsigned frames)
{
    unsigned covered = 0;
    for (unsigned step = 1; covered < frames; covered += step, step = covered + 1) {
        if (step > frames - covered)
            step = frames - covered;
        x = look_back(l, node, VM_OP_back_max, x, step);
    }
    return x;
}

/* A moving average of about frames + 1 values, none of them more than `frames` back. */
static int moving_average(struct lowering *l, unsigned node, int x, unsigned frames)
{
    while (frames > 0) {
        unsigned step = (frames + 1) / 2;
        x = look_back(l, node, VM_OP_back_mean, x, step);
        frames -= step;
    }
    return x;
}

/* All gains that a peak asks for hold for the look-ahead: however they are averaged over it, the
 * peak gets all of what it asks for. */
void lower_DYNAMICS_LIMITER(struct lowering *l, unsigned node)
{
    double seconds = in_static(l, node, VM_IN_DYNAMICS_LIMITER_lookahead);
    unsigned ahead = (unsigned)(seconds * RP_SAMPLE_RATE * node_rate(l, node) + 0.5);
    struct signal s = in_signal(l, node, VM_IN_DYNAMICS_LIMITER_in);
    int ceiling = in_value(l, node, VM_IN_DYNAMICS_LIMITER_ceiling);
    int peak = peak_of_sides(l, s);
    int excess = op2(l, VM_OP_limit_excess, peak, op1(l, VM_OP_level, ceiling));
    int held = sliding_maximum(l, node, excess, ahead);
    int falling = op2(l, VM_OP_limit_release, held, share(l, node, VM_IN_DYNAMICS_LIMITER_release));
    int smooth = moving_average(l, node, falling, ahead - ahead / 2);
    smooth = moving_average(l, node, smooth, ahead / 2);
    int gain = op2(l, VM_OP_reduce, smooth, constant(l, 1.0));
    s.left = op3(l, VM_OP_limit_apply, look_back(l, node, VM_OP_back_delay, s.left, ahead), gain,
                 ceiling);
    if (s.right != IR_NONE)
        s.right = op3(l, VM_OP_limit_apply, look_back(l, node, VM_OP_back_delay, s.right, ahead),
                      gain, ceiling);
    set_outputs(l, node, s, gain);
}

void lower_DYNAMICS_GATE(struct lowering *l, unsigned node)
{
    int in[VM_OP_INPUTS] = {
        key_peak(l, node, VM_IN_DYNAMICS_GATE_in, VM_IN_DYNAMICS_GATE_side),
        in_value(l, node, VM_IN_DYNAMICS_GATE_threshold),
        in_value(l, node, VM_IN_DYNAMICS_GATE_hysteresis),
        in_value(l, node, VM_IN_DYNAMICS_GATE_hold),
        share(l, node, VM_IN_DYNAMICS_GATE_attack),
        share(l, node, VM_IN_DYNAMICS_GATE_release),
        in_value(l, node, VM_IN_DYNAMICS_GATE_range),
    };
    int gain = op(l, VM_OP_gate_gain, in);
    apply_gain(l, node, in_signal(l, node, VM_IN_DYNAMICS_GATE_in), gain);
}

void lower_DYNAMICS_TRANSIENT(struct lowering *l, unsigned node)
{
    struct signal s = in_signal(l, node, VM_IN_DYNAMICS_TRANSIENT_in);
    int in[VM_OP_INPUTS] = {
        peak_of_sides(l, s),
        op1(l, VM_OP_level, in_value(l, node, VM_IN_DYNAMICS_TRANSIENT_attack)),
        op1(l, VM_OP_level, in_value(l, node, VM_IN_DYNAMICS_TRANSIENT_sustain)),
        share_of(l, node, 0.05),
        share(l, node, VM_IN_DYNAMICS_TRANSIENT_rise),
        share(l, node, VM_IN_DYNAMICS_TRANSIENT_fall),
    };
    apply_gain(l, node, s, op(l, VM_OP_transient_gain, in));
}
