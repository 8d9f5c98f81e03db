/* math.c - arithmetic, comparison, conversion. */
#include "compiler/lower/lower.h"

DIRECT(MATH_ADD, add)
DIRECT(MATH_SUB, sub)
DIRECT(MATH_MUL, mul)
DIRECT(MATH_DIV, div)
DIRECT(MATH_MIN, min)
DIRECT(MATH_MAX, max)
DIRECT(MATH_CLIP, clip)
DIRECT(MATH_ABS, abs)
DIRECT(MATH_SIGN, sign)
DIRECT(MATH_FLOOR, floor)
DIRECT(MATH_ROUND, round)
DIRECT(MATH_MOD, modulo)
DIRECT(MATH_SQRT, sqrt)
DIRECT(MATH_POW, power)
DIRECT(MATH_EXP2, exp2)
DIRECT(MATH_LOG2, log2)
DIRECT(MATH_SIN, sine)
DIRECT(MATH_GT, greater)
DIRECT(MATH_GE, not_less)
DIRECT(MATH_EQ, equal)
DIRECT(LOGIC_AND, and)
DIRECT(LOGIC_OR, or)
DIRECT(LOGIC_XOR, xor)
DIRECT(LOGIC_NOT, not )
DIRECT(LOGIC_SELECT, select)

void lower_GAIN(struct lowering *l, unsigned node)
{
    struct signal x = in_signal(l, node, VM_IN_GAIN_in);
    int amp = in_value(l, node, VM_IN_GAIN_amp);
    x.left = op2(l, VM_OP_gain, x.left, amp);
    if (x.right != IR_NONE)
        x.right = op2(l, VM_OP_gain, x.right, amp);
    set_any(l, node, x);
}

static int one_less(struct lowering *l, int x)
{
    return sub(l, constant(l, 1.0), x);
}

/* ---- one input ---- */

void lower_MATH_NEG(struct lowering *l, unsigned node)
{
    set_out(l, node, 0, scale(l, in_value(l, node, VM_IN_MATH_NEG_a), -1.0));
}

void lower_MATH_CEIL(struct lowering *l, unsigned node)
{
    int down = op1(l, VM_OP_floor, scale(l, in_value(l, node, VM_IN_MATH_CEIL_a), -1.0));
    set_out(l, node, 0, scale(l, down, -1.0));
}

void lower_MATH_FRACT(struct lowering *l, unsigned node)
{
    int a = in_value(l, node, VM_IN_MATH_FRACT_a);
    set_out(l, node, 0, sub(l, a, op1(l, VM_OP_floor, a)));
}

void lower_MATH_COS(struct lowering *l, unsigned node)
{
    int a = in_value(l, node, VM_IN_MATH_COS_a);
    set_out(l, node, 0, op1(l, VM_OP_sine, add(l, a, constant(l, 0.25))));
}

static const double LOG2_E = 1.4426950408889634074;

static int exp_of(struct lowering *l, int x, double base_two_log)
{
    return op1(l, VM_OP_exp2, scale(l, x, base_two_log));
}

static int log_of(struct lowering *l, int x, double base_two_log)
{
    return scale(l, op1(l, VM_OP_log2, x), 1.0 / base_two_log);
}

void lower_MATH_EXP(struct lowering *l, unsigned node)
{
    set_out(l, node, 0, exp_of(l, in_value(l, node, VM_IN_MATH_EXP_a), LOG2_E));
}

void lower_MATH_LOG(struct lowering *l, unsigned node)
{
    set_out(l, node, 0, log_of(l, in_value(l, node, VM_IN_MATH_LOG_a), LOG2_E));
}

void lower_MATH_BISQUARE(struct lowering *l, unsigned node)
{
    int a = in_value(l, node, VM_IN_MATH_BISQUARE_a);
    set_out(l, node, 0, mul(l, a, op1(l, VM_OP_abs, a)));
}

void lower_MATH_BIROOT(struct lowering *l, unsigned node)
{
    int a = in_value(l, node, VM_IN_MATH_BIROOT_a);
    int root = op1(l, VM_OP_sqrt, op1(l, VM_OP_abs, a));
    set_out(l, node, 0, mul(l, op1(l, VM_OP_sign, a), root));
}

/* ---- comparison ---- */

void lower_MATH_LT(struct lowering *l, unsigned node)
{
    int a = in_value(l, node, VM_IN_MATH_LT_a), b = in_value(l, node, VM_IN_MATH_LT_b);
    set_out(l, node, 0, op2(l, VM_OP_greater, b, a));
}

void lower_MATH_LE(struct lowering *l, unsigned node)
{
    int a = in_value(l, node, VM_IN_MATH_LE_a), b = in_value(l, node, VM_IN_MATH_LE_b);
    set_out(l, node, 0, op2(l, VM_OP_not_less, b, a));
}

void lower_MATH_NE(struct lowering *l, unsigned node)
{
    int a = in_value(l, node, VM_IN_MATH_NE_a), b = in_value(l, node, VM_IN_MATH_NE_b);
    set_out(l, node, 0, op1(l, VM_OP_not, op2(l, VM_OP_equal, a, b)));
}

/* ---- ranges ---- */

void lower_MATH_WRAP(struct lowering *l, unsigned node)
{
    int low = in_value(l, node, VM_IN_MATH_WRAP_low);
    int size = sub(l, in_value(l, node, VM_IN_MATH_WRAP_high), low);
    int above = sub(l, in_value(l, node, VM_IN_MATH_WRAP_a), low);
    set_out(l, node, 0, add(l, low, op2(l, VM_OP_modulo, above, size)));
}

void lower_MATH_MAP(struct lowering *l, unsigned node)
{
    int low = in_value(l, node, VM_IN_MATH_MAP_low), high = in_value(l, node, VM_IN_MATH_MAP_high);
    int to = in_value(l, node, VM_IN_MATH_MAP_tolow);
    int grown = sub(l, in_value(l, node, VM_IN_MATH_MAP_tohigh), to);
    int empty = op2(l, VM_OP_equal, low, high);
    int above = sub(l, in_value(l, node, VM_IN_MATH_MAP_a), low);
    /* An empty range is 1 wide; a narrow one is stopped before it overflows. */
    int part = op2(l, VM_OP_div, above, add(l, sub(l, high, low), empty));
    part = op3(l, VM_OP_clip, part, constant(l, -1e18), constant(l, 1e18));
    part = op3(l, VM_OP_select, empty, constant(l, 0.0), part);
    set_out(l, node, 0, add(l, to, mul(l, grown, part)));
}

/* 0 to 1. */
static int held(struct lowering *l, unsigned node, unsigned input)
{
    int a = in_value(l, node, input);
    return op3(l, VM_OP_clip, a, constant(l, 0.0), constant(l, 1.0));
}

static int power_of(struct lowering *l, int t, unsigned n)
{
    int square = mul(l, t, t);
    return n == 2 ? square : n == 3 ? mul(l, square, t) : mul(l, square, square);
}

enum ease {
    EASE_IN,
    EASE_OUT,
    EASE_INOUT,
    EASE_POWERS = 9, /* the three of 2, of 3 and of 4 */
    EASE_SMOOTHSTEP = EASE_POWERS,
    EASE_FLATCENTER,
    EASE_BELL,
    EASE_OVERSHOOT,
    EASE_FLIP
};

static int ease_power(struct lowering *l, enum ease way, unsigned n, int t)
{
    int in = power_of(l, t, n), out = one_less(l, power_of(l, one_less(l, t), n));
    if (way != EASE_INOUT)
        return way == EASE_IN ? in : out;
    int twice = scale(l, t, 2.0);
    int first = scale(l, power_of(l, twice, n), 0.5);
    int second = scale(l, power_of(l, sub(l, constant(l, 2.0), twice), n), 0.5);
    int late = op2(l, VM_OP_greater, t, constant(l, 0.5));
    return op3(l, VM_OP_select, late, one_less(l, second), first);
}

static int three_less_twice(struct lowering *l, int t)
{
    int twice = scale(l, t, 2.0);
    return sub(l, constant(l, 3.0), twice);
}

static int ease_curve(struct lowering *l, enum ease curve, int t)
{
    int square = mul(l, t, t), middle = sub(l, t, constant(l, 0.5));
    switch (curve) {
    case EASE_SMOOTHSTEP:
        return mul(l, square, three_less_twice(l, t));
    case EASE_FLATCENTER:
        return add(l, scale(l, power_of(l, middle, 3), 4.0), constant(l, 0.5));
    case EASE_BELL:
        return op1(l, VM_OP_exp2, scale(l, mul(l, middle, middle), -40.0));
    case EASE_OVERSHOOT:
        return mul(l, t, three_less_twice(l, t));
    case EASE_FLIP:
        return one_less(l, t);
    default:
        return ease_power(l, curve % 3, 2 + curve / 3, t);
    }
}

void lower_MATH_EASE(struct lowering *l, unsigned node)
{
    enum ease curve = (enum ease)in_static(l, node, VM_IN_MATH_EASE_curve);
    set_out(l, node, 0, ease_curve(l, curve, held(l, node, VM_IN_MATH_EASE_a)));
}

/* A range whose ends are one is a straight line. */
void lower_MATH_LOGCURVE(struct lowering *l, unsigned node)
{
    double low = in_static(l, node, VM_IN_MATH_LOGCURVE_low);
    double high = in_static(l, node, VM_IN_MATH_LOGCURVE_high);
    int t = held(l, node, VM_IN_MATH_LOGCURVE_a), out = t;
    if ((float)(high / low) != 1.0f) {
        int octaves = op1(l, VM_OP_log2, constant(l, high / low));
        int grown = op1(l, VM_OP_exp2, mul(l, t, octaves));
        out = scale(l, sub(l, grown, constant(l, 1.0)), low / (high - low));
    }
    set_out(l, node, 0, out);
}

void lower_MATH_EXPCURVE(struct lowering *l, unsigned node)
{
    double low = in_static(l, node, VM_IN_MATH_EXPCURVE_low);
    double high = in_static(l, node, VM_IN_MATH_EXPCURVE_high);
    int t = held(l, node, VM_IN_MATH_EXPCURVE_a), out = t;
    if ((float)(high / low) != 1.0f) {
        int octaves = op1(l, VM_OP_log2, constant(l, high / low));
        int ratio = add(l, scale(l, t, (high - low) / low), constant(l, 1.0));
        out = op2(l, VM_OP_div, op1(l, VM_OP_log2, ratio), octaves);
    }
    set_out(l, node, 0, out);
}

void lower_MATH_LOOKUP(struct lowering *l, unsigned node)
{
    const struct data *d = in_table(l, node, VM_IN_MATH_LOOKUP_table);
    int in[VM_OP_INPUTS] = {in_value(l, node, VM_IN_MATH_LOOKUP_a)};
    int step = in_static(l, node, VM_IN_MATH_LOOKUP_interp) > 0.0;
    refuse_rows(l, node, VM_IN_MATH_LOOKUP_table, "write (table 0 0.5 1)");
    struct ir_extra extra = {.table = table(l, d->values, d->count)};
    set_out(l, node, 0, op_with(l, step ? VM_OP_lookup_step : VM_OP_lookup, extra, in));
}

/* ---- conversions ---- */

static const double LOG2_OF_DB = 0.16609640474436811739; /* log2(10)/20 */

/* |a|, at least `low`. */
static int size_of(struct lowering *l, unsigned node, unsigned input, double low)
{
    int size = op1(l, VM_OP_abs, in_value(l, node, input));
    return op2(l, VM_OP_max, size, constant(l, low));
}

void lower_DB_TO_RATIO(struct lowering *l, unsigned node)
{
    set_out(l, node, 0, exp_of(l, in_value(l, node, VM_IN_DB_TO_RATIO_a), LOG2_OF_DB));
}

void lower_RATIO_TO_DB(struct lowering *l, unsigned node)
{
    set_out(l, node, 0, log_of(l, size_of(l, node, VM_IN_RATIO_TO_DB_a, 1e-20), LOG2_OF_DB));
}

void lower_MIDI_TO_HZ(struct lowering *l, unsigned node)
{
    int note = in_value(l, node, VM_IN_MIDI_TO_HZ_a);
    int held = op3(l, VM_OP_clip, note, constant(l, -1000.0), constant(l, 1000.0));
    int above = sub(l, held, constant(l, 69.0));
    set_out(l, node, 0, scale(l, exp_of(l, above, 1.0 / 12.0), 440.0));
}

void lower_HZ_TO_MIDI(struct lowering *l, unsigned node)
{
    int ratio = scale(l, size_of(l, node, VM_IN_HZ_TO_MIDI_a, 1e-3), 1.0 / 440.0);
    set_out(l, node, 0, add(l, log_of(l, ratio, 1.0 / 12.0), constant(l, 69.0)));
}

void lower_SEMITONES_TO_RATIO(struct lowering *l, unsigned node)
{
    set_out(l, node, 0, exp_of(l, in_value(l, node, VM_IN_SEMITONES_TO_RATIO_a), 1.0 / 12.0));
}

void lower_RATIO_TO_SEMITONES(struct lowering *l, unsigned node)
{
    int size = size_of(l, node, VM_IN_RATIO_TO_SEMITONES_a, 1e-20);
    set_out(l, node, 0, log_of(l, size, 1.0 / 12.0));
}

void lower_MS_TO_SECONDS(struct lowering *l, unsigned node)
{
    set_out(l, node, 0, scale(l, in_value(l, node, VM_IN_MS_TO_SECONDS_a), 0.001));
}

void lower_SECONDS_TO_MS(struct lowering *l, unsigned node)
{
    set_out(l, node, 0, scale(l, in_value(l, node, VM_IN_SECONDS_TO_MS_a), 1000.0));
}

void lower_HZ_TO_SECONDS(struct lowering *l, unsigned node)
{
    int a = in_value(l, node, VM_IN_HZ_TO_SECONDS_a);
    int size = size_of(l, node, VM_IN_HZ_TO_SECONDS_a, 1e-9);
    int period = op2(l, VM_OP_div, constant(l, 1.0), size);
    int below = op2(l, VM_OP_greater, constant(l, 0.0), a);
    set_out(l, node, 0, op3(l, VM_OP_select, below, scale(l, period, -1.0), period));
}

void lower_BPM_TO_HZ(struct lowering *l, unsigned node)
{
    set_out(l, node, 0, scale(l, in_value(l, node, VM_IN_BPM_TO_HZ_a), 1.0 / 60.0));
}
