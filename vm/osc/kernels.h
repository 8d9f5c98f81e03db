/* kernels.h - oscillators.
 *
 * p is the phase in turns, kept as a 32-bit fraction: exact for ever. Every oscillator puts
 * out the value of its phase and then moves it by freq/48000, rounded to 2^-32 turns.
 */
#ifndef VM_OSC_KERNELS_H
#define VM_OSC_KERNELS_H

#include "vm/blep.h"
#include "vm/kernel.h"

struct osc_state {
    ulane phase; /* 2^-32 turns */
};

/* Hz to 2^-32 turns a frame, |freq| held within 24 kHz (NaN: -24 kHz), toward zero. */
LANE_FN ulane osc_increment(lane freq)
{
    lane x = lane_clamp(freq * (4294967296.0f / 48000.0f), -2147483520.0f, 2147483520.0f);
    return lane_as_uint(lane_to_int(x));
}

/* Turns, held within +-2^20 (NaN: 0 turns), to a phase; to 2^-31 turns, toward zero. */
LANE_FN ulane osc_turns(lane x)
{
    lane c = lane_clamp(x, -1048576.0f, 1048576.0f);
    lane fraction = c - lane_from_int(lane_to_int(c));
    return lane_as_uint(lane_to_int(fraction * 2147483648.0f)) << 1;
}

/* The same of |x| < 2, a number, to 2^-30 turns, x given as osc_few_scaled(x), or as a product with
 * what it gives: the shorter way for what is fed back. */
LANE_FN lane osc_few_scaled(lane x)
{
    return x * 1073741824.0f;
}

LANE_FN ulane osc_few_turns(lane scaled)
{
    return lane_as_uint(lane_to_int(scaled)) << 2;
}

/* What an oscillator's edges need to know of its frequency. This frame's is taken for all of them,
 * before and behind, however it moves: so each frame is the Fourier series at its phase, harmonic k
 * through the kernel's response at k freq, and nothing folds but what the stop-band leaves. Edges
 * placed where the phase truly passed them would alias no less. */
struct osc_rate {
    lane speed;  /* |increment|, 2^-32 turns a frame */
    lane window; /* u a 2^-32 turn; u counts windows of BLEP_H frames */
    lane period; /* u a turn */
};

LANE_FN struct osc_rate osc_rate(ulane increment)
{
    struct osc_rate r;
    r.speed = lane_abs(lane_from_int(lane_as_int(increment)));
    r.window = lane_set(1.0f / BLEP_H) / lane_max(r.speed, lane_set(1.0f));
    r.window = lane_from_bits(lane_bits(r.window) & ~7u); /* halves of turns are exact, to 3.5 */
    r.period = r.window * 4294967296.0f;
    return r;
}

/* Whether, in any lane, something `turns` of a turn away is within the window: the test for a
 * neighbouring edge. A little over 1, so that a lane that does not need the neighbour, but gets it
 * because another lane does, adds exactly zero. Depends on freq alone, so that it leaves a loop
 * over frames of one freq. */
LANE_FN int osc_reach(lane period, float turns)
{
    return lane_any(lane_lt(period * turns, lane_set(1.002f)));
}

/* sum + 2 (S(kP + d) - S(kP - d)): the edges k turns before and after, d = |u|. */
LANE_FN lane osc_step_pair(lane sum, lane d, lane period, float k)
{
    lane at = period * k;
    return sum + (blep_step(at + d) - blep_step(at - d));
}

/* The steps of all turns around the nearest one, |u| <= P/2, less their naive steps but for that
 * one's: 2 S(u) + 2 sum k >= 1 of S(kP + u) - S(kP - u). The neighbour on the side of u is in reach
 * above 3.4 kHz, the other above 6.9 kHz, a second above 10.3 kHz, a third above 17.1 kHz; a fourth
 * never, as P >= 2 frames. */
LANE_FN lane osc_steps(lane u, lane period)
{
    lane sum = blep_step(u);
    if (osc_reach(period, 0.5f)) {
        lane d = lane_abs(u);
        lane more;
        if (osc_reach(period, 1.0f))
            more = osc_step_pair(lane_set(0.0f), d, period, 1.0f);
        else
            more = lane_set(1.0f) - blep_step(period - d);
        if (osc_reach(period, 1.5f)) {
            more = osc_step_pair(more, d, period, 2.0f);
            if (osc_reach(period, 2.5f))
                more = osc_step_pair(more, d, period, 3.0f);
        }
        sum = sum + lane_from_bits(lane_bits(more) ^ (lane_bits(u) & 0x80000000u));
    }
    return sum;
}

/* The corner k turns away on the far side less the next, half a turn further, on the near. */
LANE_FN lane osc_corner_gap(lane d, lane period, float k)
{
    return blep_ramp(period * k + d) - blep_ramp(period * (k + 0.5f) - d);
}

/* Sum over j of (-1)^j blamp(u + jP/2)/H, the corners of all half turns around the nearest one,
 * |u| <= P/4. The neighbour on the side of u is in reach above 1.7 kHz, the one on the other side
 * above 3.4 kHz, and so on to seven. */
LANE_FN lane osc_corners(lane u, lane period)
{
    lane d = lane_abs(u);
    lane sum = blep_ramp(d);
    if (osc_reach(period, 0.25f)) {
        sum = sum - blep_ramp(period * 0.5f - d);
        if (osc_reach(period, 0.5f)) {
            sum = sum - osc_corner_gap(d, period, 0.5f);
            if (osc_reach(period, 1.0f)) {
                sum = sum + osc_corner_gap(d, period, 1.0f);
                if (osc_reach(period, 1.5f)) {
                    sum = sum - osc_corner_gap(d, period, 1.5f);
                    sum = sum + osc_corner_gap(d, period, 2.0f);
                    sum = sum - osc_corner_gap(d, period, 2.5f);
                    sum = sum + osc_corner_gap(d, period, 3.0f);
                }
            }
        }
    }
    return sum;
}

/* out := sin(2 pi p);  p := p + freq/sr */
KERNEL(osc_sine)
{
    struct osc_state *s = state;
    out[0] = lane_sin_turns(s->phase);
    s->phase += osc_increment(in[0]);
}

/* out := sin(2 pi (p + phase));  p := p + freq/sr.  phase in turns. */
KERNEL(osc_sine_pm)
{
    struct osc_state *s = state;
    out[0] = lane_sin_turns(s->phase + osc_turns(in[1]));
    s->phase += osc_increment(in[0]);
}

/* out := p + phase mod 1, its top 24 bits, in [0, 1);  p := p + freq/sr */
KERNEL(osc_phasor)
{
    struct osc_state *s = state;
    ulane p = s->phase + osc_turns(in[1]);
    out[0] = lane_from_int(lane_as_int(p >> 8)) * (1.0f / 16777216.0f);
    s->phase += osc_increment(in[0]);
}

/* With q = p from -1/2 to 1/2, the turn's step at q = 0:
 *   out := 2q - sgn(q) - 2 sum blep(q sr/|freq|) = 2q - 2 sum S;  p := p + freq/sr
 * The same for either sign of freq, as S is odd. At p = 0 the step's middle, 0. */
LANE_FN lane osc_saw_at(ulane phase, struct osc_rate r)
{
    lane q = lane_from_int(lane_as_int(phase));
    return q * (1.0f / 2147483648.0f) - osc_steps(q * r.window, r.period);
}

KERNEL(osc_saw)
{
    struct osc_state *s = state;
    ulane increment = osc_increment(in[0]);
    out[0] = osc_saw_at(s->phase, osc_rate(increment));
    s->phase += increment;
}

/* As if its phase had begun at in[1] turns; so the other ops of this ending. */
KERNEL(osc_saw_from)
{
    struct osc_state *s = state;
    ulane increment = osc_increment(in[0]);
    out[0] = osc_saw_at(s->phase + osc_turns(in[1]), osc_rate(increment));
    s->phase += increment;
}

/* With q from the rise at p = 0, f from the fall at p = width (held within 0 and 1):
 *   out := c + 2 sum S(q) - 2 sum S(f);  c := f > q ? 1 : -1;  p := p + freq/sr
 * as the naive pulse is c + sgn(q) - sgn(f). Width 0 is -1, width 1 is 1, exactly; no edge
 * is lost while the width moves, since out is continuous in it. */
LANE_FN lane osc_pulse_at(ulane phase, lane share, struct osc_rate r)
{
    lane width = lane_clamp(share, 0.0f, 1.0f);
    ilane full = lane_ge(width, lane_set(1.0f));
    lane turns = lane_min(width * 2147483648.0f, lane_set(2147483520.0f));
    ulane fall = (lane_as_uint(lane_to_int(turns)) << 1) & ~lane_as_uint(full);
    ilane qi = lane_as_int(phase);
    ilane fi = lane_as_int(phase - fall);
    lane c = lane_sel(lane_igt(fi, qi) | full, lane_set(1.0f), lane_set(-1.0f));
    lane rise = osc_steps(lane_from_int(qi) * r.window, r.period);
    return c + (rise - osc_steps(lane_from_int(fi) * r.window, r.period));
}

KERNEL(osc_pulse)
{
    struct osc_state *s = state;
    ulane increment = osc_increment(in[0]);
    out[0] = osc_pulse_at(s->phase, in[1], osc_rate(increment));
    s->phase += increment;
}

KERNEL(osc_pulse_from)
{
    struct osc_state *s = state;
    ulane increment = osc_increment(in[0]);
    out[0] = osc_pulse_at(s->phase + osc_turns(in[2]), in[1], osc_rate(increment));
    s->phase += increment;
}

/* With t the quarter wave of p, -1/4 <= t <= 1/4, and e the way to the nearest corner, 1/4 - |t|:
 *   out := 4t - sgn(t) 8 F sum (-1)^j blamp(e/F + j/(2F)),  F = |freq|/sr;  p := p + freq/sr
 * as the slope changes by 8 F a frame at each corner, down at p = 1/4, up at p = 3/4. */
LANE_FN lane osc_triangle_at(ulane phase, struct osc_rate r)
{
    lane t = lane_from_int(lane_quarter(phase));
    ulane corner = (phase - 0x40000000u) << 1; /* from the nearest corner, 2^-33 turns */
    lane u = lane_from_int(lane_as_int(corner)) * (r.window * 0.5f);
    lane bend = osc_corners(u, r.period) * (r.speed * (8.0f * BLEP_H / 4294967296.0f));
    ulane sign = lane_bits(t) & 0x80000000u;
    return t * (1.0f / 1073741824.0f) - lane_from_bits(lane_bits(bend) ^ sign);
}

KERNEL(osc_triangle)
{
    struct osc_state *s = state;
    ulane increment = osc_increment(in[0]);
    out[0] = osc_triangle_at(s->phase, osc_rate(increment));
    s->phase += increment;
}

KERNEL(osc_triangle_from)
{
    struct osc_state *s = state;
    ulane increment = osc_increment(in[0]);
    out[0] = osc_triangle_at(s->phase + osc_turns(in[1]), osc_rate(increment));
    s->phase += increment;
}

/* The rest of the family builds on these. */
#include "vm/osc/clock.h"
#include "vm/osc/fm.h"
#include "vm/osc/pulses.h"
#include "vm/osc/sample.h"
#include "vm/osc/wavetable.h"

#endif
