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
};

LANE_FN struct osc_rate osc_rate(ulane increment)
{
    struct osc_rate r = {.speed = lane_abs(lane_from_int(lane_as_int(increment)))};
    r.window = lane_set(1.0f / BLEP_H) / lane_max(r.speed, lane_set(1.0f));
    r.window = lane_from_bits(lane_bits(r.window) & ~7u); /* halves of turns are exact, to 3.5 */
    return r;
}

LANE_FN lane osc_period(lane window) /* u a turn */
{
    return window * 4294967296.0f;
}

/* How far away edges are within the window, in any lane. */
enum {
    OSC_ASK = -2,
    OSC_NONE,
    OSC_QUARTER,
    OSC_HALF,
    OSC_TURN,
    OSC_TURN_AND_HALF,
    OSC_TWO_AND_HALF
};

/* Whether, in any lane, something that part of a turn away is within the window: the test for a
 * neighbouring edge. A little over 1, so that a lane that does not need the neighbour, but gets it
 * because another lane does, adds exactly zero. Depends on freq alone, so that it leaves a loop
 * over frames of one freq. */
LANE_FN int osc_reach(lane period, int which)
{
    static const float turns[] = {0.25f, 0.5f, 1.0f, 1.5f, 2.5f};
    return lane_any(lane_lt(period * turns[which], lane_set(1.002f)));
}

/* The last that is in reach: the shorter the period, the more. */
LANE_FN int osc_near(lane period)
{
    int near = OSC_NONE;
    for (int which = OSC_QUARTER; which <= OSC_TWO_AND_HALF; which++)
        near = osc_reach(period, which) ? which : near;
    return near;
}

/* ---- edges, of n at once, at most BLEP_MANY, n known to the compiler ---- */

struct osc_rates {
    lane speed[BLEP_MANY], window[BLEP_MANY], period[BLEP_MANY];
    int near; /* the last that is in reach of any, or OSC_ASK */
};

LANE_FN void osc_rates_set(struct osc_rates *r, unsigned k, lane speed, lane window)
{
    r->speed[k] = speed;
    r->window[k] = window;
    r->period[k] = osc_period(window);
}

LANE_FN int osc_reaches(const struct osc_rates *r, int which, unsigned n)
{
    int any = 0;
    if (r->near != OSC_ASK)
        return r->near >= which;
    BLEP_EACH any |= osc_reach(r->period[k], which);
    return any;
}

/* sum + 2 (S(kP + d) - S(kP - d)): the edges k turns before and after, d = |u|. */
LANE_FN void osc_step_pair(lane *sum, const lane *d, const lane *period, float turns, unsigned n)
{
    lane before[BLEP_MANY], after[BLEP_MANY];
    BLEP_EACH before[k] = period[k] * turns + d[k];
    BLEP_EACH after[k] = period[k] * turns - d[k];
    blep_steps(before, before, n);
    blep_steps(after, after, n);
    BLEP_EACH sum[k] = sum[k] + (before[k] - after[k]);
}

/* The steps of all turns around the nearest one, |u| <= P/2, less their naive steps but for that
 * one's: 2 S(u) + 2 sum k >= 1 of S(kP + u) - S(kP - u). The neighbour on the side of u is in reach
 * above 3.4 kHz, the other above 6.9 kHz, a second above 10.3 kHz, a third above 17.1 kHz; a fourth
 * never, as P >= 2 frames. */
LANE_FN void osc_steps(lane *sum, const lane *u, const struct osc_rates *r, unsigned n)
{
    const lane *period = r->period;
    blep_steps(sum, u, n);
    if (osc_reaches(r, OSC_HALF, n)) {
        lane d[BLEP_MANY], more[BLEP_MANY];
        BLEP_EACH d[k] = lane_abs(u[k]);
        if (osc_reaches(r, OSC_TURN, n)) {
            BLEP_EACH more[k] = lane_set(0.0f);
            osc_step_pair(more, d, period, 1.0f, n);
        } else {
            BLEP_EACH more[k] = period[k] - d[k];
            blep_steps(more, more, n);
            BLEP_EACH more[k] = lane_set(1.0f) - more[k];
        }
        if (osc_reaches(r, OSC_TURN_AND_HALF, n)) {
            osc_step_pair(more, d, period, 2.0f, n);
            if (osc_reaches(r, OSC_TWO_AND_HALF, n))
                osc_step_pair(more, d, period, 3.0f, n);
        }
        BLEP_EACH sum[k] =
            sum[k] + lane_from_bits(lane_bits(more[k]) ^ (lane_bits(u[k]) & 0x80000000u));
    }
}

/* sum, more or less: the corner so many turns away on the far side less the next, half a turn
 * further, on the near. */
LANE_FN void osc_corner_gap(lane *sum, const lane *d, const lane *period, float turns, int more,
                            unsigned n)
{
    lane far[BLEP_MANY], next[BLEP_MANY];
    BLEP_EACH far[k] = period[k] * turns + d[k];
    BLEP_EACH next[k] = period[k] * (turns + 0.5f) - d[k];
    blep_ramps(far, far, n);
    blep_ramps(next, next, n);
    BLEP_EACH sum[k] = more ? sum[k] + (far[k] - next[k]) : sum[k] - (far[k] - next[k]);
}

/* Sum over j of (-1)^j blamp(u + jP/2)/H, the corners of all half turns around the nearest one,
 * |u| <= P/4. The neighbour on the side of u is in reach above 1.7 kHz, the one on the other side
 * above 3.4 kHz, and so on to seven. */
LANE_FN void osc_corners(lane *sum, const lane *u, const struct osc_rates *r, unsigned n)
{
    const lane *period = r->period;
    lane d[BLEP_MANY];
    BLEP_EACH d[k] = lane_abs(u[k]);
    blep_ramps(sum, d, n);
    if (osc_reaches(r, OSC_QUARTER, n)) {
        lane near[BLEP_MANY];
        BLEP_EACH near[k] = period[k] * 0.5f - d[k];
        blep_ramps(near, near, n);
        BLEP_EACH sum[k] = sum[k] - near[k];
        if (osc_reaches(r, OSC_HALF, n)) {
            osc_corner_gap(sum, d, period, 0.5f, 0, n);
            if (osc_reaches(r, OSC_TURN, n)) {
                osc_corner_gap(sum, d, period, 1.0f, 1, n);
                if (osc_reaches(r, OSC_TURN_AND_HALF, n)) {
                    osc_corner_gap(sum, d, period, 1.5f, 0, n);
                    osc_corner_gap(sum, d, period, 2.0f, 1, n);
                    osc_corner_gap(sum, d, period, 2.5f, 0, n);
                    osc_corner_gap(sum, d, period, 3.0f, 1, n);
                }
            }
        }
    }
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

/* A row whose one state word is a phase, moved by in[0] Hz, and whose output is what `values` makes
 * of the phase, its rate and in[] alone, of n at once: phased.h has its loop. It sounds as if the
 * phase had begun at in[start] turns, or at 0 where `start` is 0. */
#define PHASE_KERNEL(name, start, values)                                                          \
    enum { start_##name = start };                                                                 \
    KERNEL(name)                                                                                   \
    {                                                                                              \
        struct osc_state *s = state;                                                               \
        ulane increment = osc_increment(in[0]), phase = s->phase;                                  \
        struct osc_rate one = osc_rate(increment);                                                 \
        struct osc_rates r = {.near = OSC_ASK};                                                    \
        const lane *const row[] = {in};                                                            \
        osc_rates_set(&r, 0, one.speed, one.window);                                               \
        if (start)                                                                                 \
            phase += osc_turns(in[start]);                                                         \
        values(out, &phase, &r, row, 1);                                                           \
        s->phase += increment;                                                                     \
    }

/* With q = p from -1/2 to 1/2, the turn's step at q = 0:
 *   out := 2q - sgn(q) - 2 sum blep(q sr/|freq|) = 2q - 2 sum S;  p := p + freq/sr
 * The same for either sign of freq, as S is odd. At p = 0 the step's middle, 0. */
LANE_FN void osc_saws(lane *out, const ulane *phase, const struct osc_rates *r,
                      const lane *const *in, unsigned n)
{
    (void)in;
    lane q[BLEP_MANY], u[BLEP_MANY], steps[BLEP_MANY];
    BLEP_EACH q[k] = lane_from_int(lane_as_int(phase[k]));
    BLEP_EACH u[k] = q[k] * r->window[k];
    osc_steps(steps, u, r, n);
    BLEP_EACH out[k] = q[k] * (1.0f / 2147483648.0f) - steps[k];
}

PHASE_KERNEL(osc_saw, 0, osc_saws)

/* As if its phase had begun at in[1] turns; so the other ops of this ending. */
PHASE_KERNEL(osc_saw_from, 1, osc_saws)

/* With q from the rise at p = 0, f from the fall at p = width (held within 0 and 1):
 *   out := c + 2 sum S(q) - 2 sum S(f);  c := f > q ? 1 : -1;  p := p + freq/sr
 * as the naive pulse is c + sgn(q) - sgn(f). Width 0 is -1, width 1 is 1, exactly; no edge
 * is lost while the width moves, since out is continuous in it. */
LANE_FN void osc_pulses(lane *out, const ulane *phase, const struct osc_rates *r,
                        const lane *const *in, unsigned n)
{
    lane c[BLEP_MANY], q[BLEP_MANY], f[BLEP_MANY], rise[BLEP_MANY], fall[BLEP_MANY];
    BLEP_EACH
    {
        lane width = lane_clamp(in[k][1], 0.0f, 1.0f);
        ilane full = lane_ge(width, lane_set(1.0f));
        lane turns = lane_min(width * 2147483648.0f, lane_set(2147483520.0f));
        ulane at = (lane_as_uint(lane_to_int(turns)) << 1) & ~lane_as_uint(full);
        ilane qi = lane_as_int(phase[k]);
        ilane fi = lane_as_int(phase[k] - at);
        c[k] = lane_sel(lane_igt(fi, qi) | full, lane_set(1.0f), lane_set(-1.0f));
        q[k] = lane_from_int(qi) * r->window[k];
        f[k] = lane_from_int(fi) * r->window[k];
    }
    osc_steps(rise, q, r, n);
    osc_steps(fall, f, r, n);
    BLEP_EACH out[k] = c[k] + (rise[k] - fall[k]);
}

PHASE_KERNEL(osc_pulse, 0, osc_pulses)

PHASE_KERNEL(osc_pulse_from, 2, osc_pulses)

/* With t the quarter wave of p, -1/4 <= t <= 1/4, and e the way to the nearest corner, 1/4 - |t|:
 *   out := 4t - sgn(t) 8 F sum (-1)^j blamp(e/F + j/(2F)),  F = |freq|/sr;  p := p + freq/sr
 * as the slope changes by 8 F a frame at each corner, down at p = 1/4, up at p = 3/4. */
LANE_FN void osc_triangles(lane *out, const ulane *phase, const struct osc_rates *r,
                           const lane *const *in, unsigned n)
{
    (void)in;
    lane t[BLEP_MANY], u[BLEP_MANY], corners[BLEP_MANY];
    BLEP_EACH
    {
        ulane corner = (phase[k] - 0x40000000u) << 1; /* from the nearest corner, 2^-33 turns */
        t[k] = lane_from_int(lane_quarter(phase[k]));
        u[k] = lane_from_int(lane_as_int(corner)) * (r->window[k] * 0.5f);
    }
    osc_corners(corners, u, r, n);
    BLEP_EACH
    {
        lane bend = corners[k] * (r->speed[k] * (8.0f * BLEP_H / 4294967296.0f));
        ulane sign = lane_bits(t[k]) & 0x80000000u;
        out[k] = t[k] * (1.0f / 1073741824.0f) - lane_from_bits(lane_bits(bend) ^ sign);
    }
}

PHASE_KERNEL(osc_triangle, 0, osc_triangles)

PHASE_KERNEL(osc_triangle_from, 1, osc_triangles)

/* The rest of the family builds on these. */
#include "vm/osc/clock.h"
#include "vm/osc/fm.h"
#include "vm/osc/pulses.h"
#include "vm/osc/sample.h"
#include "vm/osc/wavetable.h"

#endif
