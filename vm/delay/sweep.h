/* sweep.h - phasers. */
#ifndef VM_DELAY_SWEEP_H
#define VM_DELAY_SWEEP_H

#include "vm/kernel.h"

/* A frequency swept by octaves:  out := f 2^(octaves lfo) Hz, held within 5 Hz to 22 kHz. */
KERNEL(sweep)
{
    (void)state;
    lane f = held_hz(in[0], 5.0f, 22000.0f, memory);
    lane swept = f * lane_exp2(lane_clamp(in[1] * in[2], -12.0f, 12.0f));
    out[0] = held_hz(swept, 5.0f, 22000.0f, memory);
}

/* An all-pass that turns by a quarter at f:  t := tan(pi f/sr);  a := (t - 1)/(t + 1);
 * f held within 1 Hz and 23.5 kHz. */
KERNEL(phaser_coeff)
{
    (void)state;
    lane t = lane_tan_pi(held_hz(in[0], 1.0f, 23500.0f, memory) * (1.0f / VM_RATE));
    out[0] = (t - 1.0f) / (t + 1.0f);
}

/* n all-passes A(z) = (a + z^-1)/(1 + a z^-1) in a row, fed back without delay:
 *   u := x + k y;  y := A^n u
 * Each is y_i := a y_(i-1) + s_i, s_i := y_(i-1) - a y_i, so that y = a^n u + S, and
 *   u = (x + k S)/(1 - k a^n)
 * Stable for |a| < 1, |k| < 1; k is held within +-0.98. However a moves, each stage is
 * bounded by 3 |u|; u is held within 2^20.  V. Zavalishin, "The Art of VA Filter Design", 2012. */
LANE_FN lane phaser(lane *s, int stages, const lane *in)
{
    lane a = lane_clamp(in[1], -0.9999f, 0.9999f), k = lane_clamp(in[2], -0.98f, 0.98f);
    lane rest = lane_set(0.0f), power = lane_set(1.0f);
    for (int i = 0; i < stages; i++) {
        rest = lane_flush(rest * a + s[i]);
        power = lane_flush(power * a); /* a passes 0 at sr/4 */
    }
    lane u = (in[0] + k * rest) / (lane_set(1.0f) - k * power);
    lane y = lane_clamp(u, -1048576.0f, 1048576.0f);
    for (int i = 0; i < stages; i++) {
        lane before = y;
        y = lane_flush(a * before + s[i]);
        s[i] = lane_flush(before - a * y);
    }
    return y;
}

#define PHASER(n)                                                                                  \
    KERNEL(phaser_##n)                                                                             \
    {                                                                                              \
        out[0] = phaser(state, n, in);                                                             \
    }

PHASER(2)
PHASER(4)
PHASER(6)
PHASER(8)
PHASER(12)

#endif
