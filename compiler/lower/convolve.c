/* convolve.c - a signal through an impulse response. */
#include "compiler/lower/delay.h"

enum { CONVOLVE_TAPS = 8192, CONVOLVE_SUMS = 8 };

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

void lower_CONVOLVE(struct lowering *l, unsigned node)
{
    const struct data *d = in_table(l, node, VM_IN_CONVOLVE_impulse);
    struct signal in = in_signal(l, node, VM_IN_CONVOLVE_in);
    int gain = in_value(l, node, VM_IN_CONVOLVE_gain), out[2];
    if (!d || d->columns > 2 || d->count / d->columns > CONVOLVE_TAPS) {
        lower_error(l, node, "wants at most 8192 frames of one or two channels at 'impulse'",
                    "8192 frames are 170 ms; a longer room is reverb.fdn or reverb.plate");
        return;
    }
    if (node_rate(l, node) != 1.0) {
        lower_error(l, node, "runs at the sample rate only", "take it out of the oversampled part");
        return;
    }
    for (unsigned s = 0; s < 2; s++) {
        unsigned column = s < d->columns ? s : 0;
        int same = s == 1 && in.right == IR_NONE && d->columns == 1;
        out[s] = same ? out[0] : through(l, node, d, column, side_of(in, s));
    }
    set_sides(l, node, mul(l, out[0], gain), mul(l, out[1], gain));
}
