/* delay.c - delays. */
#include "compiler/lower/delay.h"

/* ---- shared ---- */

/* Frames that are read beyond a delay, as vm/delay/taps.h has it. */
enum { MARGIN = 4 };

int time_frames(struct lowering *l, unsigned node, unsigned input)
{
    double x;
    if (in_constant(l, node, input, &x))
        return constant(l, x * RP_SAMPLE_RATE * node_rate(l, node));
    return op1(l, VM_OP_frames, in_value(l, node, input));
}

struct span time_span(const struct lowering *l, unsigned node, unsigned input, double high)
{
    struct span s = {0.0, high};
    in_range(l, node, input, &s.low, &s.high);
    if (s.low < 0.0)
        s.low = 0.0;
    if (s.high < s.low)
        s.high = s.low;
    return s;
}

static double with_margin(const struct lowering *l, unsigned node, double seconds)
{
    return seconds + MARGIN / (RP_SAMPLE_RATE * node_rate(l, node));
}

int tapped_line(struct lowering *l, unsigned node, double high, int value)
{
    int port = delay_line(l, node, 0.0, with_margin(l, node, high));
    delay_write(l, port, value);
    return port;
}

int tap(struct lowering *l, enum vm_op what, int port, int frames)
{
    int in[VM_OP_INPUTS] = {frames};
    return op_with(l, what, (struct ir_extra){.port = port}, in);
}

int ringed(struct lowering *l, unsigned node, enum vm_op what, double high, int a, int b, int c)
{
    int in[VM_OP_INPUTS] = {a, b, c};
    struct ir_extra extra = {.port = ring(l, node, with_margin(l, node, high))};
    return op_with(l, what, extra, in);
}

int blend(struct lowering *l, unsigned node, unsigned share, int dry, int wet)
{
    double x;
    if (in_constant(l, node, share, &x) && (x == 0.0 || x == 1.0))
        return x == 0.0 ? dry : wet;
    int way = in_value(l, node, share);
    return add(l, dry, mul(l, sub(l, wet, dry), way));
}

int side_of(struct signal s, unsigned side)
{
    return side == 1 && s.right != IR_NONE ? s.right : s.left;
}

void set_sides(struct lowering *l, unsigned node, int left, int right)
{
    set_stereo(l, node, 0, (struct signal){left, right});
    set_out(l, node, 1, left);
    set_out(l, node, 2, right);
}

/* ---- delay.feedback ---- */

/* The delays a line must offer: a constant's own; a parameter's range; else min to max. */
static void delay_range(const struct lowering *l, unsigned node, double *low, double *high)
{
    *low = in_static(l, node, VM_IN_DELAY_FEEDBACK_min);
    *high = in_static(l, node, VM_IN_DELAY_FEEDBACK_max);
    double from = *low, to = *high;
    in_range(l, node, VM_IN_DELAY_FEEDBACK_time, &from, &to);
    if (from == to || !in_given(l, node, VM_IN_DELAY_FEEDBACK_min))
        *low = from;
    if (from == to || !in_given(l, node, VM_IN_DELAY_FEEDBACK_max))
        *high = to;
}

/* A constant time is turned into frames in double, so that 0.3 s is 14400 frames and not
 * 14400.001. */
static int delay_frames(struct lowering *l, unsigned node, double low, double high)
{
    if (low == high) {
        double frames = low * RP_SAMPLE_RATE * node_rate(l, node);
        return constant(l, frames < node_rate(l, node) ? node_rate(l, node) : frames);
    }
    return op1(l, VM_OP_frames, in_value(l, node, VM_IN_DELAY_FEEDBACK_time));
}

void lower_DELAY_FEEDBACK(struct lowering *l, unsigned node)
{
    int twin = twin_of(l, node);
    if (twin != IR_NONE) {
        set_stereo(l, node, 0, node_out(l, (unsigned)twin, 0));
        return;
    }
    double low, high;
    delay_range(l, node, &low, &high);
    double frame = 1.0000001 / RP_SAMPLE_RATE; /* what a cycle needs at least */
    int port = delay_line(l, node, low > frame ? low : frame, high > frame ? high : frame);
    later_delay(l, node, port);
    set_out(l, node, 0, delay_read(l, port, delay_frames(l, node, low, high)));
}

/* ---- one delay ---- */

/* Each side through a line of its own, tapped by `what`. */
static void tap_sides(struct lowering *l, unsigned node, unsigned input, enum vm_op what,
                      double longest, int frames)
{
    struct signal s = in_signal(l, node, input);
    s.left = tap(l, what, tapped_line(l, node, longest, s.left), frames);
    if (s.right != IR_NONE)
        s.right = tap(l, what, tapped_line(l, node, longest, s.right), frames);
    set_stereo(l, node, 0, s);
}

/* Each side through an op with a ring. */
static void ring_sides(struct lowering *l, unsigned node, unsigned input, enum vm_op what,
                       double longest, int frames, int gain)
{
    struct signal s = in_signal(l, node, input);
    s.left = ringed(l, node, what, longest, s.left, frames, gain);
    if (s.right != IR_NONE)
        s.right = ringed(l, node, what, longest, s.right, frames, gain);
    set_stereo(l, node, 0, s);
}

void lower_DELAY_INTEGER(struct lowering *l, unsigned node)
{
    double max = in_static(l, node, VM_IN_DELAY_INTEGER_max);
    struct span time = time_span(l, node, VM_IN_DELAY_INTEGER_time, max);
    int frames = time_frames(l, node, VM_IN_DELAY_INTEGER_time);
    tap_sides(l, node, VM_IN_DELAY_INTEGER_in, VM_OP_tap_whole, time.high, frames);
}

void lower_DELAY_FRACTIONAL(struct lowering *l, unsigned node)
{
    unsigned in = VM_IN_DELAY_FRACTIONAL_in;
    double max = in_static(l, node, VM_IN_DELAY_FRACTIONAL_max);
    struct span time = time_span(l, node, VM_IN_DELAY_FRACTIONAL_time, max);
    int frames = time_frames(l, node, VM_IN_DELAY_FRACTIONAL_time);
    if (in_static(l, node, VM_IN_DELAY_FRACTIONAL_method) == 1.0)
        ring_sides(l, node, in, VM_OP_delay_allpass, time.high, frames, 0);
    else
        tap_sides(l, node, in, VM_OP_tap_between, time.high, frames);
}

/* d = time + depth mod */
void lower_DELAY_MODULATED(struct lowering *l, unsigned node)
{
    double max = in_static(l, node, VM_IN_DELAY_MODULATED_max);
    double known = time_span(l, node, VM_IN_DELAY_MODULATED_time, 0.0).high +
                   time_span(l, node, VM_IN_DELAY_MODULATED_depth, 0.0).high;
    if (!in_given(l, node, VM_IN_DELAY_MODULATED_max) && known > max)
        max = known;
    int frames = time_frames(l, node, VM_IN_DELAY_MODULATED_time);
    int depth = time_frames(l, node, VM_IN_DELAY_MODULATED_depth);
    int way = mul(l, in_value(l, node, VM_IN_DELAY_MODULATED_mod), depth);
    tap_sides(l, node, VM_IN_DELAY_MODULATED_in, VM_OP_tap_between, max, add(l, frames, way));
}

void lower_DELAY_ALLPASS(struct lowering *l, unsigned node)
{
    double max = in_static(l, node, VM_IN_DELAY_ALLPASS_max);
    struct span time = time_span(l, node, VM_IN_DELAY_ALLPASS_time, max);
    int frames = time_frames(l, node, VM_IN_DELAY_ALLPASS_time);
    int gain = in_value(l, node, VM_IN_DELAY_ALLPASS_feedback);
    ring_sides(l, node, VM_IN_DELAY_ALLPASS_in, VM_OP_allpass, time.high, frames, gain);
}

/* ---- several ---- */

/* Both sides cross over:  w_left := in_left + feedback right;  w_right := in_right + feedback left,
 * each through the tone filter. A mono input enters on the left alone. */
void lower_DELAY_PINGPONG(struct lowering *l, unsigned node)
{
    double max = in_static(l, node, VM_IN_DELAY_PINGPONG_max);
    struct span time = time_span(l, node, VM_IN_DELAY_PINGPONG_time, max);
    struct signal in = in_signal(l, node, VM_IN_DELAY_PINGPONG_in);
    int frames = time_frames(l, node, VM_IN_DELAY_PINGPONG_time);
    int feedback = in_value(l, node, VM_IN_DELAY_PINGPONG_feedback);
    int corner = op1(l, VM_OP_decay_corner, in_value(l, node, VM_IN_DELAY_PINGPONG_tone));
    int none = constant(l, 0.0), one = constant(l, 1.0);
    unsigned share = VM_IN_DELAY_PINGPONG_wet;
    int limit[2] = {constant(l, -0.99), constant(l, 0.99)};
    int port[2], out[2];
    /* The shortest delay stands beyond what the polynomial reads of newer frames. */
    double shortest = time.low > 0.001 ? time.low : 0.001;
    double least = shortest - MARGIN / (RP_SAMPLE_RATE * node_rate(l, node));
    double longest = time.high > shortest ? time.high : shortest;
    feedback = op3(l, VM_OP_clip, feedback, limit[0], limit[1]);
    for (unsigned s = 0; s < 2; s++)
        port[s] = delay_line(l, node, least, with_margin(l, node, longest));
    frames = op2(l, VM_OP_max, frames, constant(l, shortest * RP_SAMPLE_RATE * node_rate(l, node)));
    for (unsigned s = 0; s < 2; s++) {
        int echo = tap(l, VM_OP_tap_between, port[s], frames);
        int in_filter[VM_OP_INPUTS] = {echo, one, none, corner, corner};
        out[s] = op(l, VM_OP_decay_filter, in_filter);
    }
    for (unsigned s = 0; s < 2; s++) {
        int back = mul(l, out[1 - s], feedback);
        int silent = s == 1 && in.right == IR_NONE;
        delay_write(l, port[s], silent ? back : add(l, side_of(in, s), back));
    }
    for (unsigned s = 0; s < 2; s++)
        out[s] = blend(l, node, share, side_of(in, s), out[s]);
    set_sides(l, node, out[0], out[1]);
}

/* Whole frames of a table's time. */
static double tap_frames(const struct lowering *l, unsigned node, double seconds)
{
    return (double)(uint32_t)(seconds * RP_SAMPLE_RATE * node_rate(l, node) + 0.5);
}

/* left += gain x, right += gain x, by the row's pan. */
static void add_tap(struct lowering *l, const double *row, unsigned columns, int x, int *sum)
{
    int wet = scale(l, x, row[1]);
    if (columns < 3) {
        sum[0] = sum[0] == IR_NONE ? wet : add(l, sum[0], wet);
        return;
    }
    int gains = op1(l, VM_OP_pan_gains, constant(l, row[2]));
    for (int s = 0; s < 2; s++) {
        int part = mul(l, wet, gains + s);
        sum[s] = sum[s] == IR_NONE ? part : add(l, sum[s], part);
    }
}

/* The latest tap of all feeds back; its line is one more, as it is read before it is written and
 * the others after. */
void lower_DELAY_MULTITAP(struct lowering *l, unsigned node)
{
    const struct data *taps = in_table(l, node, VM_IN_DELAY_MULTITAP_taps);
    int x = in_value(l, node, VM_IN_DELAY_MULTITAP_in), sum[2] = {IR_NONE, IR_NONE};
    if (taps->columns < 2 || taps->columns > 3) {
        lower_row_error(l, node, VM_IN_DELAY_MULTITAP_taps, 0,
                        "wants rows of (time gain) or (time gain pan)",
                        "(taps (table (250ms 50% -1) (375ms 30% 1)))");
        return;
    }
    static const struct column columns[] = {
        {"time", 0.0, 60.0, "s"}, {"gain", -1e6, 1e6, ""}, {"pan", -1.0, 1.0, ""}};
    if (check_columns(l, node, VM_IN_DELAY_MULTITAP_taps, columns, taps->columns,
                      "(taps (table (250ms 50% -1) (375ms 30% 1)))"))
        return;
    double longest = 0.0, rate = RP_SAMPLE_RATE * node_rate(l, node), share;
    for (size_t i = 0; i < taps->count; i += taps->columns)
        if (taps->values[i] > longest)
            longest = taps->values[i];
    if (!in_constant(l, node, VM_IN_DELAY_MULTITAP_feedback, &share) || share != 0.0) {
        double back = longest > 0.002 ? longest : 0.002;
        int loop =
            delay_line(l, node, tap_frames(l, node, back) / rate, tap_frames(l, node, back) / rate);
        int feedback = in_value(l, node, VM_IN_DELAY_MULTITAP_feedback);
        feedback = op3(l, VM_OP_clip, feedback, constant(l, -0.99), constant(l, 0.99));
        int late = delay_read(l, loop, constant(l, tap_frames(l, node, back)));
        x = add(l, x, mul(l, late, feedback));
        delay_write(l, loop, x);
    }
    int port = tapped_line(l, node, longest, x);
    for (size_t i = 0; i + taps->columns <= taps->count; i += taps->columns) {
        const double *row = taps->values + i;
        int frames = constant(l, tap_frames(l, node, row[0]));
        add_tap(l, row, taps->columns, tap(l, VM_OP_tap_whole, port, frames), sum);
    }
    set_sides(l, node, sum[0], taps->columns == 3 ? sum[1] : sum[0]);
}
