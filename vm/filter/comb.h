/* comb.h - filters with a ring: comb and all-pass delay. */
#ifndef VM_FILTER_COMB_H
#define VM_FILTER_COMB_H

#include "vm/filter/onepole.h"

/* What was written `frames` ago, by the polynomial of degree 5 through the six frames around it:
 * exact on whole frames, never louder than what was written, -0.2 dB at 10 kHz midway between
 * frames, -1.5 dB at 15 kHz. frames is held within 3 and three less than the ring's length.
 * T. Laakso et al., "Splitting the Unit Delay", IEEE Signal Processing Magazine 13, 1996. */
LANE_FN lane ringcomb_read(const struct memory *m, lane frames)
{
    lane at = lane_clamp(frames, 3.0f, m->high - 3.0f);
    ilane i = lane_to_int(at);
    lane r = at - lane_from_int(i);
    lane p = r + 2.0f, q = r + 1.0f, s = r - 1.0f, t = r - 2.0f, u = r - 3.0f;
    lane pq = p * q, rs = r * s, tu = t * u;
    lane even = ring_read(m, i) * ((pq * s * tu) * (-1.0f / 12.0f));
    lane odd = ring_read(m, i + 1) * ((pq * r * tu) * (1.0f / 12.0f));
    even = even + ring_read(m, i + 2) * ((pq * rs * u) * (-1.0f / 24.0f));
    odd = odd + ring_read(m, i - 1) * ((p * rs * tu) * (1.0f / 24.0f));
    even = even + ring_read(m, i - 2) * ((q * rs * tu) * (-1.0f / 120.0f));
    odd = odd + ring_read(m, i + 3) * ((pq * rs * t) * (1.0f / 120.0f));
    return even + odd;
}

/* Feedback below 1. */
LANE_FN lane ringcomb_gain(lane x)
{
    return lane_clamp(x, -0.9999f, 0.9999f);
}

/* What enters a ring, bounded: a delay on the move can be fed its loudest again and again. */
LANE_FN lane ringcomb_bound(lane x)
{
    return lane_clamp(x, -1e9f, 1e9f);
}

/* The feedback's low-pass, and the delay less the frames it takes at low frequencies, so that the
 * comb stays in tune.  in: frames, damp Hz.  G := g/(1 + g), 1 from 23500 Hz on, which is none;
 *   out: frames - 1/(2 g), G */
KERNEL(ringcomb_coeff)
{
    (void)state;
    const lane one = lane_set(1.0f);
    ilane none = lane_ge(in[1], lane_set(23500.0f * memory->share));
    lane g = lane_tan_pi(held_hz(in[1], 20.0f, 23500.0f, memory) * (1.0f / VM_RATE));
    out[0] = in[0] - lane_sel(none, lane_set(0.0f), lane_set(0.5f) / g);
    out[1] = lane_sel(none, one, g / (one + g));
}

struct ringcomb_state {
    struct onepole_state damp;
};

/* in: x, frames, feedback, feedforward, G.
 *   d := w[n - frames];  w[n] := x + feedback (low-pass of G) d;  out := w[n] + feedforward d
 * Stable for |feedback| < 1: held within 0.9999. */
MEMORY_KERNEL(ringcomb)
{
    struct ringcomb_state *s = state;
    ilane none = lane_ge(in[4], lane_set(1.0f));
    lane d = ringcomb_read(memory, in[1]);
    lane damped = lane_sel(none, d, onepole_step(&s->damp, d, in[4]));
    s->damp.s = lane_sel(none, d, s->damp.s);
    lane w = ringcomb_bound(in[0] + ringcomb_gain(in[2]) * damped);
    ring_write(memory, w);
    out[0] = w + in[3] * d;
}

/* in: x, frames, a.  d := w[n - frames];  w[n] := x + a d;  out := d - a w[n]
 * Stable for |a| < 1: held within 0.9999. */
MEMORY_KERNEL(schroeder)
{
    (void)state;
    lane a = ringcomb_gain(in[2]);
    lane d = ringcomb_read(memory, in[1]);
    lane w = ringcomb_bound(in[0] + a * d);
    ring_write(memory, w);
    out[0] = d - a * w;
}

#endif
