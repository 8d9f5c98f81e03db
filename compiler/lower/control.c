/* control.c - control signals. */
#include "compiler/lower/lower.h"

DIRECT(CONTROL_TRIGGER, trigger_rise)
DIRECT(CONTROL_HOLD, sample_hold)
DIRECT(CONTROL_TRACK, sample_track)
DIRECT(CONTROL_TOGGLE, flip_toggle)
DIRECT(CONTROL_LATCH, flip_latch)

/* An op of two outputs that takes the module's inputs as they are. */
static void lower_pair(struct lowering *l, unsigned node, enum vm_op what, struct ir_extra extra)
{
    int in[VM_OP_INPUTS] = {in_value(l, node, 0), in_value(l, node, 1)};
    if (what != VM_OP_trigger_chance)
        in[2] = in_value(l, node, 2);
    int out = op_with(l, what, extra, in);
    set_out(l, node, 0, out);
    set_out(l, node, 1, out + 1);
}

void lower_CONTROL_CLOCK(struct lowering *l, unsigned node)
{
    lower_pair(l, node, VM_OP_clock_rate, (struct ir_extra){0});
}

void lower_CONTROL_COUNT(struct lowering *l, unsigned node)
{
    lower_pair(l, node, VM_OP_trigger_count, (struct ir_extra){0});
}

void lower_CONTROL_CHANCE(struct lowering *l, unsigned node)
{
    lower_pair(l, node, VM_OP_trigger_chance, (struct ir_extra){.key = node_key(l, node, 0)});
}

/* ---- oscillators ---- */

/* How far its swing has grown. */
static int fade(struct lowering *l, unsigned node)
{
    int in[VM_OP_INPUTS] = {in_value(l, node, VM_IN_CONTROL_LFO_retrigger)};
    in[1] = op1(l, VM_OP_env_segment, in_value(l, node, VM_IN_CONTROL_LFO_delay));
    in[2] = op1(l, VM_OP_env_segment, in_value(l, node, VM_IN_CONTROL_LFO_fade));
    in[3] = in[2] + 1;
    return op(l, VM_OP_lfo_fade, in);
}

void lower_CONTROL_LFO(struct lowering *l, unsigned node)
{
    enum { SAW = 2 };
    static const enum vm_op shapes[] = {VM_OP_lfo_sine,  VM_OP_lfo_triangle, VM_OP_lfo_ramp,
                                        VM_OP_lfo_ramp,  VM_OP_lfo_square,   VM_OP_lfo_random,
                                        VM_OP_lfo_smooth};
    unsigned shape = (unsigned)in_static(l, node, VM_IN_CONTROL_LFO_shape);
    struct ir_extra key = {.key = node_key(l, node, 0)};
    int in[VM_OP_INPUTS] = {in_value(l, node, VM_IN_CONTROL_LFO_freq)};
    in[1] = in_value(l, node, VM_IN_CONTROL_LFO_phase);
    in[2] = in_value(l, node, VM_IN_CONTROL_LFO_retrigger);
    int out = op_with(l, shapes[shape], key, in);
    double size = shape == SAW ? -1.0 : 1.0;
    if (in_static(l, node, VM_IN_CONTROL_LFO_polarity) > 0.0)
        out = add(l, scale(l, out, 0.5 * size), constant(l, 0.5));
    else
        out = scale(l, out, size);
    if (in_given(l, node, VM_IN_CONTROL_LFO_delay) || in_given(l, node, VM_IN_CONTROL_LFO_fade))
        out = mul(l, out, fade(l, node));
    set_out(l, node, 0, out);
}

/* ---- from value to value ---- */

void lower_CONTROL_GLIDE(struct lowering *l, unsigned node)
{
    int exponential = in_static(l, node, VM_IN_CONTROL_GLIDE_shape) > 0.0;
    int x = in_value(l, node, VM_IN_CONTROL_GLIDE_in);
    int frames = op1(l, VM_OP_env_segment, in_value(l, node, VM_IN_CONTROL_GLIDE_time));
    enum vm_op what = exponential ? VM_OP_glide_exponential : VM_OP_glide_linear;
    set_out(l, node, 0, op3(l, what, x, frames, frames + 1));
}

void lower_CONTROL_SLEW(struct lowering *l, unsigned node)
{
    double a_frame = 1.0 / node_rate(l, node);
    int rise = scale(l, in_value(l, node, VM_IN_CONTROL_SLEW_rise), a_frame);
    int fall = scale(l, in_value(l, node, VM_IN_CONTROL_SLEW_fall), a_frame);
    set_out(l, node, 0, op3(l, VM_OP_slew, in_value(l, node, VM_IN_CONTROL_SLEW_in), rise, fall));
}

void lower_CONTROL_GATE(struct lowering *l, unsigned node)
{
    int in[VM_OP_INPUTS] = {in_value(l, node, VM_IN_CONTROL_GATE_in)};
    in[1] = op1(l, VM_OP_env_segment, in_value(l, node, VM_IN_CONTROL_GATE_time));
    in[2] = in_value(l, node, VM_IN_CONTROL_GATE_high);
    in[3] = in_value(l, node, VM_IN_CONTROL_GATE_low);
    set_out(l, node, 0, op(l, VM_OP_gate_stay, in));
}

/* ---- tables ---- */

void lower_CONTROL_STEPS(struct lowering *l, unsigned node)
{
    const struct data *values = in_table(l, node, VM_IN_CONTROL_STEPS_values);
    int clocked = in_given(l, node, VM_IN_CONTROL_STEPS_clock);
    if (values->columns > 2)
        lower_row_error(l, node, VM_IN_CONTROL_STEPS_values, 0,
                        "wants values, or rows of value and length",
                        "(values (table 60 63 67)) or (values (table (60 1) (63 0) (67 0.5)))");
    struct ir_extra extra = {.key = node_key(l, node, 0)};
    extra.table = table(l, values->values, values->count);
    int in[VM_OP_INPUTS] = {
        constant(l, in_static(l, node, VM_IN_CONTROL_STEPS_direction)),
        constant(l, (double)values->columns),
        in_value(l, node, clocked ? VM_IN_CONTROL_STEPS_clock : VM_IN_CONTROL_STEPS_rate)};
    int reset = in_value(l, node, VM_IN_CONTROL_STEPS_reset);
    in[3] = clocked ? reset : in_value(l, node, VM_IN_CONTROL_STEPS_length);
    in[4] = reset;
    int out = op_with(l, clocked ? VM_OP_steps_clock : VM_OP_steps_rate, extra, in);
    for (unsigned i = 0; i < 3; i++)
        set_out(l, node, i, out + (int)i);
}

enum { SCALE_MOST = VM_MAX_SCALE - 2 };

/* The degrees ascending, each once, within an octave; then the last less 12 before the first, and
 * the first plus 12 after the last. Returns how many. */
static size_t scale_table(const struct data *scale, double *to)
{
    size_t count = 0;
    for (size_t i = 0; i < scale->count; i++) {
        double x = scale->values[i] - 12.0 * (double)(long)(scale->values[i] / 12.0);
        x = x < 0.0 ? x + 12.0 : x;
        size_t at = count;
        while (at > 0 && to[at] > x)
            at--;
        if (at > 0 && to[at] == x)
            continue;
        for (size_t k = count; k > at; k--)
            to[k + 1] = to[k];
        to[at + 1] = x;
        count++;
    }
    to[0] = to[count] - 12.0;
    to[count + 1] = to[1] + 12.0;
    return count + 2;
}

static int scale_fits(struct lowering *l, unsigned node, const struct data *scale)
{
    static const char help[] = "(scale (table 0 2 4 5 7 9 11))";
    static const struct column semitone = {"semitone", -1e6, 1e6, ""};
    unsigned input = VM_IN_CONTROL_QUANTISE_scale;
    if (refuse_rows(l, node, input, help) || check_columns(l, node, input, &semitone, 1, help))
        return 0;
    if (scale->count > SCALE_MOST)
        lower_row_error(l, node, input, SCALE_MOST, "takes a scale of at most 126 semitones", help);
    return scale->count <= SCALE_MOST;
}

void lower_CONTROL_QUANTISE(struct lowering *l, unsigned node)
{
    const struct data *notes = in_table(l, node, VM_IN_CONTROL_QUANTISE_scale);
    int x = in_value(l, node, VM_IN_CONTROL_QUANTISE_in);
    double degrees[SCALE_MOST + 2];
    if (!notes) {
        int step = in_value(l, node, VM_IN_CONTROL_QUANTISE_step);
        set_out(l, node, 0, op2(l, VM_OP_quantise_step, x, step));
        return;
    }
    if (!scale_fits(l, node, notes)) {
        set_out(l, node, 0, x);
        return;
    }
    struct ir_extra extra = {.table = table(l, degrees, scale_table(notes, degrees))};
    int in[VM_OP_INPUTS] = {x};
    set_out(l, node, 0, op_with(l, VM_OP_quantise_scale, extra, in));
}
