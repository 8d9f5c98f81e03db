/* onepole.h - filters of one pole or one zero. */
#ifndef VM_FILTER_ONEPOLE_H
#define VM_FILTER_ONEPOLE_H

#include "vm/kernel.h"

/* Coefficient of the trapezoidal one-pole.  g := tan(pi cutoff/sr);  G := g/(1 + g)
 * cutoff Hz, held within 0.01 to 23500. V. Zavalishin, "The Art of VA Filter Design", 3.10. */
KERNEL(onepole_coeff)
{
    (void)state;
    lane g = lane_tan_pi(held_hz(in[0], 0.01f, 23500.0f, memory) * (1.0f / VM_RATE));
    out[0] = g / (lane_set(1.0f) + g);
}

struct onepole_state {
    lane s;
};

/* v := G (x - s);  y := v + s;  s := y + v.  Stable for 0 <= G < 1. */
LANE_FN lane onepole_step(struct onepole_state *s, lane x, lane G)
{
    lane v = G * (x - s->s);
    lane y = v + s->s;
    s->s = lane_flush(y + v);
    return y;
}

KERNEL(onepole)
{
    out[0] = onepole_step(state, in[0], in[1]);
}

struct onepole_hi_state {
    lane x, y;
};

/* The high-pass of the same pole, as a difference, so that a standing input leaves exactly 0:
 *   y := (1 - G)(x - x') + (1 - 2G) y'.  Stable for 0 < G < 1. */
KERNEL(onepole_hi)
{
    struct onepole_hi_state *s = state;
    lane leak = (in[1] + in[1]) * s->y;
    lane step = in[0] - s->x;
    s->x = in[0];
    s->y = lane_flush(step - in[1] * step + (s->y - leak));
    out[0] = s->y;
}

struct diff_state {
    lane x;
};

/* y := x - x' */
KERNEL(diff)
{
    struct diff_state *s = state;
    out[0] = in[0] - s->x;
    s->x = in[0];
}

struct leaky_state {
    lane y;
};

/* y := x + (1 - 2G) y'.  G from onepole_coeff; stable for 0 < G < 1. */
KERNEL(leaky)
{
    struct leaky_state *s = state;
    lane leak = (in[1] + in[1]) * s->y;
    s->y = lane_flush(in[0] + (s->y - leak));
    out[0] = s->y;
}

#endif
