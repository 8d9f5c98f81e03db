/* delay.h - private to compiler/lower/: what delays, choruses and reverberators share. */
#ifndef COMPILER_LOWER_DELAY_H
#define COMPILER_LOWER_DELAY_H

#include "compiler/lower/lower.h"

/* A time input as frames at the node's rate. A constant is turned in double, so that 0.3 s is 14400
 * frames and not 14400.001. */
int time_frames(struct lowering *, unsigned node, unsigned input);
/* The shortest and the longest time an input can have: a constant's own, a param's range, else
 * `otherwise` low and high. */
struct span {
    double low, high;
};
struct span time_span(const struct lowering *, unsigned node, unsigned input, double high);
/* A line of `value` that op taps read 0 to `high` seconds back, written here. */
int tapped_line(struct lowering *, unsigned node, double high, int value);
/* An op that taps a line. */
int tap(struct lowering *, enum vm_op, int port, int frames);
/* An op of three inputs with a ring of its own that holds `high` seconds. */
int ringed(struct lowering *, unsigned node, enum vm_op, double high, int a, int b, int c);
/* dry + share (wet - dry); exactly dry or wet where the input `share` is a constant 0 or 1. */
int blend(struct lowering *, unsigned node, unsigned share, int dry, int wet);
/* A side of a signal: a mono one has the same on both. */
int side_of(struct signal, unsigned side);
/* Output 0 is stereo, 1 and 2 its sides. */
void set_sides(struct lowering *, unsigned node, int left, int right);

#endif
