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

/* With a curve: attack straight, then the curve to 0. */
static void lower_curved_decay(struct lowering *l, unsigned node)
{
    int in[VM_OP_INPUTS] = {in_value(l, node, VM_IN_ENV_DECAY_gate)};
    segment(l, node, VM_IN_ENV_DECAY_attack, in + 1);
    segment(l, node, VM_IN_ENV_DECAY_time, in + 3);
    int stage = op(l, VM_OP_env_oneshot, in);
    int straight = op1(l, VM_OP_env_curve, constant(l, 0.0));
    int fall = op1(l, VM_OP_env_curve, in_value(l, node, VM_IN_ENV_DECAY_curve));
    int pick[VM_OP_INPUTS] = {stage,    straight, straight + 1, fall,
                              fall + 1, straight, straight + 1};
    int k = op(l, VM_OP_env_pick, pick);
    int bend[VM_OP_INPUTS] = {stage, stage + 1, constant(l, 0.0), k, k + 1};
    set_out(l, node, 0, op(l, VM_OP_env_bend, bend));
}

void lower_ENV_DECAY(struct lowering *l, unsigned node)
{
    if (in_given(l, node, VM_IN_ENV_DECAY_curve)) {
        lower_curved_decay(l, node);
        return;
    }
    int in[VM_OP_INPUTS] = {in_value(l, node, VM_IN_ENV_DECAY_gate)};
    segment(l, node, VM_IN_ENV_DECAY_attack, in + 1);
    segment(l, node, VM_IN_ENV_DECAY_time, in + 3);
    set_out(l, node, 0, op(l, VM_OP_env_decay, in));
}

/* k and r of a curve go to in[0] and in[1]. */
static void curve(struct lowering *l, unsigned node, unsigned port, int *in)
{
    in[0] = op1(l, VM_OP_env_curve, in_value(l, node, port));
    in[1] = in[0] + 1;
}

void lower_ENV_AHDSR(struct lowering *l, unsigned node)
{
    int in[VM_OP_INPUTS] = {in_value(l, node, VM_IN_ENV_AHDSR_gate)};
    segment(l, node, VM_IN_ENV_AHDSR_attack, in + 1);
    in[3] = op1(l, VM_OP_env_segment, in_value(l, node, VM_IN_ENV_AHDSR_hold));
    segment(l, node, VM_IN_ENV_AHDSR_decay, in + 4);
    segment(l, node, VM_IN_ENV_AHDSR_release, in + 6);
    int stage = op(l, VM_OP_env_ahdsr, in);
    int pick[VM_OP_INPUTS] = {stage};
    curve(l, node, VM_IN_ENV_AHDSR_attack_curve, pick + 1);
    curve(l, node, VM_IN_ENV_AHDSR_decay_curve, pick + 3);
    curve(l, node, VM_IN_ENV_AHDSR_release_curve, pick + 5);
    int k = op(l, VM_OP_env_pick, pick);
    int sustain = in_value(l, node, VM_IN_ENV_AHDSR_sustain);
    int bend[VM_OP_INPUTS] = {stage, stage + 1, sustain, k, k + 1};
    set_out(l, node, 0, op(l, VM_OP_env_bend, bend));
}

void lower_ENV_LINE(struct lowering *l, unsigned node)
{
    int in[VM_OP_INPUTS] = {in_value(l, node, VM_IN_ENV_LINE_gate)};
    in[1] = in_value(l, node, VM_IN_ENV_LINE_from);
    in[2] = in_value(l, node, VM_IN_ENV_LINE_to);
    segment(l, node, VM_IN_ENV_LINE_time, in + 3);
    curve(l, node, VM_IN_ENV_LINE_curve, in + 5);
    set_out(l, node, 0, op(l, VM_OP_env_line, in));
}

/* ---- points ---- */

/* What is wrong with a table of points: a row, and a way out. */
struct fault {
    size_t row;
    const char *what, *help;
};

static struct fault check_times(const struct data *points, double sustain, double loop)
{
    double around = 0.0;
    unsigned idle = 0;
    for (size_t i = 0; i < points->count; i += points->columns) {
        double row = (double)(i / points->columns + 1), time = points->values[i];
        idle = time * RP_SAMPLE_RATE >= 0.5 ? 0 : idle + 1;
        if (idle > 3)
            return (struct fault){i / points->columns,
                                  "has more than 3 rows without time after each other",
                                  "the last of them is enough"};
        around += row >= loop && row <= sustain ? time : 0.0;
    }
    if (loop > 0.0 && around == 0.0)
        return (struct fault){(size_t)loop - 1, "has a loop that takes no time",
                              "give one of its rows a time"};
    return (struct fault){0, NULL, NULL};
}

static struct fault check_marks(const struct data *points, double sustain, double loop)
{
    size_t rows = points->count / points->columns;
    if (sustain > (double)rows)
        return (struct fault){rows - 1, "has a sustain row after the last",
                              "rows count from 1; 0 is none"};
    if (loop > sustain)
        return (struct fault){(size_t)sustain - 1, "has a loop row after its sustain row",
                              "a loop leads from the sustain row back to itself or to an earlier "
                              "row"};
    return check_times(points, sustain, loop);
}

static int points_fit(struct lowering *l, unsigned node, double sustain, double loop)
{
    static const struct column columns[] = {
        {"time", 0.0, 300.0, "s"}, {"level", -1e6, 1e6, ""}, {"curve", -20.0, 20.0, ""}};
    static const char help[] = "(points (table (0s 0) (10ms 1) (200ms 0)))";
    const struct data *points = in_table(l, node, VM_IN_ENV_POINTS_points);
    if (points->columns < 2 || points->columns > 3) {
        lower_row_error(l, node, VM_IN_ENV_POINTS_points, 0,
                        "wants rows of time and level, or of time, level and curve", help);
        return 0;
    }
    if (check_columns(l, node, VM_IN_ENV_POINTS_points, columns, points->columns,
                      "a row is (time level) or (time level curve)"))
        return 0;
    struct fault fault = check_marks(points, sustain, loop);
    if (fault.what)
        lower_row_error(l, node, VM_IN_ENV_POINTS_points, fault.row, fault.what, fault.help);
    return !fault.what;
}

void lower_ENV_POINTS(struct lowering *l, unsigned node)
{
    const struct data *points = in_table(l, node, VM_IN_ENV_POINTS_points);
    double sustain = (double)(long)(in_static(l, node, VM_IN_ENV_POINTS_sustain) + 0.5);
    double loop = (double)(long)(in_static(l, node, VM_IN_ENV_POINTS_loop) + 0.5);
    if (loop > 0.0 && sustain == 0.0)
        sustain = (double)(points->count / points->columns);
    if (!points_fit(l, node, sustain, loop)) {
        set_out(l, node, 0, constant(l, 0.0));
        return;
    }
    int stretch = in_value(l, node, VM_IN_ENV_POINTS_stretch);
    if (in_given(l, node, VM_IN_ENV_POINTS_time)) {
        double all = 0.0;
        for (size_t i = 0; i < points->count; i += points->columns)
            all += points->values[i];
        if (all == 0.0)
            lower_row_error(l, node, VM_IN_ENV_POINTS_points, 0,
                            "has rows without time, which cannot take one together",
                            "give a row a time, or leave 'time' out");
        int time = in_value(l, node, VM_IN_ENV_POINTS_time);
        all *= node_rate(l, node); /* `time` is in frames of the node's own */
        stretch = mul(l, stretch, scale(l, time, all > 0.0 ? 1.0 / all : 1.0));
    }
    int in[VM_OP_INPUTS] = {in_value(l, node, VM_IN_ENV_POINTS_gate)};
    in[1] = scale(l, stretch, node_rate(l, node));
    in[2] = constant(l, sustain);
    in[3] = constant(l, loop);
    in[4] = constant(l, (double)points->columns);
    struct ir_extra extra = {.table = table(l, points->values, points->count)};
    set_out(l, node, 0, op_with(l, VM_OP_env_points, extra, in));
}

/* ---- followers ---- */

/* The two followers have the same inputs in the same places. */
_Static_assert((int)VM_IN_ENV_FOLLOW_PEAK_attack == (int)VM_IN_ENV_FOLLOW_RMS_attack &&
                   (int)VM_IN_ENV_FOLLOW_PEAK_release == (int)VM_IN_ENV_FOLLOW_RMS_release &&
                   (int)VM_IN_ENV_FOLLOW_PEAK_hold == (int)VM_IN_ENV_FOLLOW_RMS_hold,
               "lower_follow reads both");

static void lower_follow(struct lowering *l, unsigned node, enum vm_op what)
{
    int in[VM_OP_INPUTS] = {in_value(l, node, VM_IN_ENV_FOLLOW_PEAK_in)};
    in[1] = op1(l, VM_OP_env_follow_coeff, in_value(l, node, VM_IN_ENV_FOLLOW_PEAK_attack));
    in[2] = op1(l, VM_OP_env_follow_coeff, in_value(l, node, VM_IN_ENV_FOLLOW_PEAK_release));
    in[3] = op1(l, VM_OP_env_segment, in_value(l, node, VM_IN_ENV_FOLLOW_PEAK_hold));
    set_out(l, node, 0, op(l, what, in));
}

void lower_ENV_FOLLOW_PEAK(struct lowering *l, unsigned node)
{
    lower_follow(l, node, VM_OP_env_follow_peak);
}

void lower_ENV_FOLLOW_RMS(struct lowering *l, unsigned node)
{
    lower_follow(l, node, VM_OP_env_follow_rms);
}
