/* osc_sample.c - sound files become the tables that vm/osc/sample.h reads. */
#include "compiler/lower/lower.h"

enum {
    PAD = 260
}; /* frames a kernel looks past a place: 16 of them, 16 times stretched, and some */
enum { LOOP_OFF, LOOP_ON, LOOP_PINGPONG };

/* A sound and its loop, in frames of the file. */
struct sound {
    const struct data *data;
    double rate; /* frames a second */
    int loop;
    size_t from, to; /* the loop */
    size_t period;   /* of what goes on behind it: its length, or there and back */
};

/* Frame n of what is heard, without an end when looped: the file to the loop's end, then the loop
 * again and again; there and back without hearing an end twice. */
static double heard(const struct sound *s, size_t n)
{
    if (s->loop == LOOP_OFF)
        return n < s->data->count ? s->data->values[n] : 0.0;
    if (n < s->to)
        return s->data->values[n];
    size_t length = s->to - s->from, at = (n - s->from) % s->period;
    return s->data->values[s->from + (at < length ? at : s->period - at)];
}

static size_t to_frame(const struct sound *s, double seconds)
{
    double frame = seconds * s->rate + 0.5;
    return frame < (double)s->data->count ? (size_t)frame : s->data->count;
}

/* 0 when it fits a table and its loop is one. */
static int read_sound(struct lowering *l, unsigned node, struct sound *s)
{
    s->rate = s->data->rate > 0.0 ? s->data->rate : (double)RP_SAMPLE_RATE;
    s->loop = (int)in_static(l, node, VM_IN_OSC_SAMPLE_loop);
    s->from = to_frame(s, in_static(l, node, VM_IN_OSC_SAMPLE_loop_start));
    s->to = to_frame(s, in_static(l, node, VM_IN_OSC_SAMPLE_loop_end));
    if (s->data->columns != 1) {
        lower_error(l, node, "takes a plain list of frames", "(osc.sample (sample \"hit.wav\"))");
        return -1;
    }
    if (s->loop != LOOP_OFF && s->from >= s->to) {
        lower_error(l, node, "has a loop without a frame in it",
                    "'loop_end' is behind 'loop_start', both within the sample");
        return -1;
    }
    size_t length = s->to - s->from;
    s->period = s->loop == LOOP_PINGPONG && length > 1 ? 2 * length - 2 : length;
    return 0;
}

/* The sound between zeros; a loop is there a second time, behind itself, and then its beginning. */
static int sound_table(struct lowering *l, unsigned node, const struct sound *s)
{
    size_t frames = s->loop == LOOP_OFF ? s->data->count : s->to + s->period;
    size_t count = frames + 2 * (size_t)PAD;
    if (count >= VM_MAX_TABLE) {
        lower_error(l, node, "has a sample that is too long with its loop",
                    "the sample and its loop, of pingpong twice, are at most 349 s at 48 kHz");
        return -1;
    }
    double *values = scratch(l, count, sizeof *values);
    for (size_t n = 0; values && n < frames + PAD; n++)
        values[PAD + n] = heard(s, n);
    return values ? table(l, values, count) : -1;
}

/* A time as a place of the table. */
static int place(struct lowering *l, unsigned node, unsigned input, const struct sound *s)
{
    double seconds;
    if (in_constant(l, node, input, &seconds))
        return constant(l, (double)(PAD + to_frame(s, seconds)));
    int frames = scale(l, in_value(l, node, input), s->rate / node_rate(l, node));
    int held = op2(l, VM_OP_min, frames, constant(l, (double)s->data->count));
    return add(l, held, constant(l, PAD + 0.5));
}

/* x as so many 2^-32, away from 0; a double's last bits do not count. */
static int64_t fixed_point(double x)
{
    double exact = x * 4294967296.0;
    int64_t whole = (int64_t)exact;
    return whole + (exact - (double)whole > 1e-3) - ((double)whole - exact > 1e-3);
}

/* How far a frame goes: *step, and *more, the 2^-32 frames of it that a float has no room for. Away
 * from 0, so that 147 frames at 44.1 kHz last 160 and not 161. */
static void steps(struct lowering *l, unsigned node, const struct sound *s, int *step, int *more)
{
    double ratio = s->rate / RP_SAMPLE_RATE / node_rate(l, node), rate;
    int known = in_constant(l, node, VM_IN_OSC_SAMPLE_rate, &rate);
    double x = known ? rate * ratio : ratio;
    int64_t fixed = fixed_point(x > 64.0 ? 64.0 : x < -64.0 ? -64.0 : x);
    int64_t low = fixed & 16383;
    double high = (double)(fixed - low) / 4294967296.0;
    int factor = known ? constant(l, 1.0) : in_value(l, node, VM_IN_OSC_SAMPLE_rate);
    *step = mul(l, factor, constant(l, high));
    *more = mul(l, factor, constant(l, (double)low));
}

void lower_OSC_SAMPLE(struct lowering *l, unsigned node)
{
    static const enum vm_op read[] = {VM_OP_sample_cubic, VM_OP_sample_linear, VM_OP_sample_sinc};
    struct sound s = {.data = in_table(l, node, VM_IN_OSC_SAMPLE_sound)};
    int gate = in_value(l, node, VM_IN_OSC_SAMPLE_gate);
    int number = read_sound(l, node, &s) == 0 ? sound_table(l, node, &s) : -1;
    if (number < 0) {
        set_out(l, node, 0, gate);
        set_out(l, node, 1, gate);
        return;
    }
    int step, more;
    steps(l, node, &s, &step, &more);
    int in[VM_OP_INPUTS] = {gate,
                            step,
                            more,
                            place(l, node, VM_IN_OSC_SAMPLE_begin, &s),
                            place(l, node, VM_IN_OSC_SAMPLE_end, &s),
                            constant(l, (double)(PAD + s.to)),
                            constant(l, s.loop == LOOP_OFF ? 0.0 : (double)s.period)};
    int at = op(l, VM_OP_sample_position, in);
    int from[VM_OP_INPUTS] = {at, at + 1, at + 2, step};
    struct ir_extra extra = {.table = number};
    int kind = (int)in_static(l, node, VM_IN_OSC_SAMPLE_interpolation);
    set_out(l, node, 0, op_with(l, read[kind], extra, from));
    set_out(l, node, 1, at + 3);
}
