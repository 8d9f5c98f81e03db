/* convolve.c - a signal through an impulse response. */
#include "compiler/lower/delay.h"

enum { CONVOLVE_TAPS = VM_MAX_TAPS, CONVOLVE_SUMS = 8 };

_Static_assert(CONVOLVE_TAPS == 8192, "messages and help say so");

/* A column of the response backwards, zeros in front up to a multiple of 8. What is below 1e-17 is
 * nothing: times a ring's smallest value it would be denormal. */
static int response(struct lowering *l, const struct data *d, unsigned column, size_t rows)
{
    double h[CONVOLVE_TAPS] = {0.0};
    size_t count = (rows + CONVOLVE_SUMS - 1) / CONVOLVE_SUMS * CONVOLVE_SUMS;
    for (size_t i = 0; i < rows; i++) {
        double x = d->values[i * d->columns + column];
        h[count - 1 - i] = x > 1e-17 || x < -1e-17 ? x : 0.0;
    }
    return table(l, h, count);
}

/* The op's ring holds the latest frames twice. */
static int through(struct lowering *l, unsigned node, const struct data *d, unsigned column, int x)
{
    size_t rows = d->count / d->columns, slots = CONVOLVE_SUMS;
    int in[VM_OP_INPUTS] = {x};
    while (slots < rows)
        slots *= 2;
    struct ir_extra extra = {.port = ring(l, node, (double)(2 * slots - 1) / RP_SAMPLE_RATE),
                             .table = response(l, d, column, rows)};
    return op_with(l, VM_OP_convolve, extra, in);
}

/* What is wrong with a response, or NULL. */
static const char *fault_of(const struct data *d)
{
    if (d->columns > 2 || d->count / d->columns > CONVOLVE_TAPS)
        return "wants at most 8192 frames of one or two channels";
    if (d->file && d->rate != RP_SAMPLE_RATE)
        return "wants a sample of 48000 Hz";
    return NULL;
}

static const char *help_for(const struct data *d)
{
    return d->file && d->rate != RP_SAMPLE_RATE
               ? "sox room.wav -r 48000 room48.wav makes one"
               : "8192 frames are 170 ms; reverb.fdn and reverb.plate make longer rooms";
}

/* 0, or -1 when it was reported why not. */
static int check_response(struct lowering *l, unsigned node, const struct data *d)
{
    if (fault_of(d)) {
        lower_error(l, node, fault_of(d), help_for(d));
        return -1;
    }
    if (node_rate(l, node) != 1.0) {
        lower_error(l, node, "runs at the sample rate only", "take it out of the oversampled part");
        return -1;
    }
    return 0;
}

void lower_CONVOLVE(struct lowering *l, unsigned node)
{
    const struct data *d = in_table(l, node, VM_IN_CONVOLVE_impulse);
    struct signal in = in_signal(l, node, VM_IN_CONVOLVE_in), out = in;
    int gain = in_value(l, node, VM_IN_CONVOLVE_level);
    if (check_response(l, node, d))
        return;
    out.left = mul(l, through(l, node, d, 0, in.left), gain);
    if (in.right != IR_NONE)
        out.right = mul(l, through(l, node, d, 0, in.right), gain);
    set_stereo(l, node, 0, out);
}

/* A table of two columns at `impulse` has both sides'. */
void lower_CONVOLVE_STEREO(struct lowering *l, unsigned node)
{
    const struct data *d[2] = {in_table(l, node, VM_IN_CONVOLVE_STEREO_impulse),
                               in_table(l, node, VM_IN_CONVOLVE_STEREO_right)};
    struct signal in = in_signal(l, node, VM_IN_CONVOLVE_STEREO_in);
    int gain = in_value(l, node, VM_IN_CONVOLVE_STEREO_level), out[2];
    unsigned column = !d[1] && d[0]->columns == 2;
    if (!d[1])
        d[1] = d[0];
    for (unsigned s = 0; s < 2; s++) {
        if (check_response(l, node, d[s]))
            return;
        out[s] = mul(l, through(l, node, d[s], s ? column : 0, side_of(in, s)), gain);
    }
    set_sides(l, node, out[0], out[1]);
}
