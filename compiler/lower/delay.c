/* delay.c - delays and space. */
#include "compiler/lower/lower.h"

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
    int port = delay_line(l, node, low, high);
    later_delay(l, node, port);
    set_out(l, node, 0, delay_read(l, port, delay_frames(l, node, low, high)));
}
