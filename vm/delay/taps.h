/* taps.h - looking back into delay lines: whole frames, and between them.
 *
 * Between frames: Lagrange's polynomial of degree 7 through the 8 frames around, 4 on either side;
 * where there are not so many newer ones, of degree 3 through 4, at the new end a straight line.
 * All of them give whole delays and constants exactly, so nothing jumps where one takes over from
 * another. In the middle interval |H| <= 1 (Kootsookos and Williamson, "FIR approximation of
 * fractional sample delay systems", 1996): a loop through it is no louder than its feedback.
 * V. Valimaki, T. Laakso, "Principles of fractional delay filters", 2000. Errors at the worst
 * delay, half a frame, in magnitude and against e^(-i w d): 1 kHz 0 dB, -120 dB (rounding); 5 kHz
 * 0.0003 dB, -90 dB; 10 kHz 0.05 dB, -44 dB; 15 kHz 0.9 dB, -20 dB.
 * A delay of d frames is as fine as a float: 2^-24 d. */
#ifndef VM_DELAY_TAPS_H
#define VM_DELAY_TAPS_H

#include "vm/kernel.h"

/* x + sum h_k(t) (x_k - x), the ways from x to the other frames weighted: exact for t = 0 and for
 * equal frames. k counts frames further back than x. */
LANE_FN lane tap_way(const struct memory *m, ilane whole, int32_t k, lane x)
{
    return ring_read(m, whole + k) - x;
}

/* h_k(t) = prod over j != k, -3 <= j <= 4, of (t - j)/(k - j) */
LANE_FN lane tap_degree_7(const struct memory *m, ilane whole, lane t)
{
    lane x = ring_read(m, whole);
    lane a1 = t + 1.0f, a2 = t + 2.0f, a3 = t + 3.0f;
    lane b1 = t - 1.0f, b2 = t - 2.0f, b3 = t - 3.0f, b4 = t - 4.0f;
    lane a12 = a1 * a2, b12 = b1 * b2, b34 = b3 * b4;
    lane newer = t * (b12 * b34), older = t * (a12 * a3);
    lane sum = newer * (a12 * (-1.0f / 5040.0f)) * tap_way(m, whole, -3, x);
    sum = sum + newer * (a1 * a3 * (1.0f / 720.0f)) * tap_way(m, whole, -2, x);
    sum = sum + newer * (a2 * a3 * (-1.0f / 240.0f)) * tap_way(m, whole, -1, x);
    sum = sum + older * (b2 * b34 * (-1.0f / 144.0f)) * tap_way(m, whole, 1, x);
    sum = sum + older * (b1 * b34 * (1.0f / 240.0f)) * tap_way(m, whole, 2, x);
    sum = sum + older * (b12 * b4 * (-1.0f / 720.0f)) * tap_way(m, whole, 3, x);
    sum = sum + older * (b12 * b3 * (1.0f / 5040.0f)) * tap_way(m, whole, 4, x);
    return x + sum;
}

/* The same with -1 <= j <= 2. */
LANE_FN lane tap_degree_3(const struct memory *m, ilane whole, lane t)
{
    lane x = ring_read(m, whole);
    lane a1 = t + 1.0f, b1 = t - 1.0f, b2 = t - 2.0f;
    lane sum = t * (b1 * b2 * (-1.0f / 6.0f)) * tap_way(m, whole, -1, x);
    sum = sum + t * (a1 * b2 * (-1.0f / 2.0f)) * tap_way(m, whole, 1, x);
    sum = sum + t * (a1 * b1 * (1.0f / 6.0f)) * tap_way(m, whole, 2, x);
    return x + sum;
}

LANE_FN lane tap_degree_1(const struct memory *m, ilane whole, lane t)
{
    return ring_read(m, whole) + t * tap_way(m, whole, 1, ring_read(m, whole));
}

enum { TAP_MARGIN = 4 }; /* frames that are read beyond a delay */

/* Frames held within `newest`, or NaN, and what the memory holds with `margin` frames to spare. */
LANE_FN lane tap_hold(const struct memory *m, lane frames, float newest, float margin)
{
    float room = m->high - margin;
    return lane_min(lane_max(frames, lane_set(newest)), lane_set(room > newest ? room : newest));
}

/* The signal `frames` back; frames newer than `newest` are not there yet. */
LANE_FN lane tap_between_frames(const struct memory *m, lane frames, float newest)
{
    lane d = tap_hold(m, frames, newest, TAP_MARGIN);
    ilane whole = lane_to_int(d);
    lane t = d - lane_from_int(whole);
    ilane room = whole - lane_to_int(lane_set(newest));
    ilane near = lane_igt(lane_iset(3), room);
    lane y = tap_degree_7(m, whole, t);
    if (lane_any(near)) {
        lane low = lane_sel(lane_igt(lane_iset(1), room), tap_degree_1(m, whole, t),
                            tap_degree_3(m, whole, t));
        y = lane_sel(near, low, y);
    }
    return y;
}

/* A line that was written before has this very frame; one that may be read before it is written
 * has a shortest delay of more than one frame, and what is newer than that is not there. */
LANE_FN float tap_newest(const struct memory *m)
{
    return m->low > 1.0f ? m->low : 0.0f;
}

/* out := w[n - d], d := floor(frames + 1/2) */
MEMORY_KERNEL(tap_whole)
{
    (void)state;
    lane d = tap_hold(memory, in[0] + 0.5f, tap_newest(memory), 0.0f);
    out[0] = ring_read(memory, lane_to_int(d));
}

MEMORY_KERNEL(tap_between)
{
    (void)state;
    out[0] = tap_between_frames(memory, in[0], tap_newest(memory));
}

struct thiran_state {
    lane y;
};

/* Thiran's all-pass of degree 1 behind a whole delay: |H| = 1 at all frequencies; the delay is
 * exact at 0 Hz and drifts towards the nearest whole one at 24 kHz.
 *   d = M + D, 1/2 <= D < 3/2;  a := (1 - D)/(1 + D);  y := a (w[n - M] - y) + w[n - M - 1]
 * Stable for |a| < 1; here |a| <= 1/3. J.-P. Thiran, "Recursive digital filters with maximally
 * flat group delay", 1971. A change of d rings for some frames: 1/3 each. */
MEMORY_KERNEL(delay_allpass)
{
    struct thiran_state *s = state;
    ring_write(memory, in[0]);
    lane d = tap_hold(memory, in[1], 0.5f, 1.0f);
    ilane whole = lane_to_int(d - 0.5f);
    lane rest = d - lane_from_int(whole);
    lane a = (lane_set(1.0f) - rest) / (lane_set(1.0f) + rest);
    out[0] = a * (ring_read(memory, whole) - s->y) + ring_read(memory, whole + 1);
    s->y = lane_flush(out[0]);
}

/* A comb whose delay may move and be short:  out := w[n - frames];  w[n] := x + feedback out.
 * At least one frame; |feedback| is held within 0.995 and |w| within 2^20, so that the sum is
 * stable however the delay moves. */
MEMORY_KERNEL(comb)
{
    (void)state;
    out[0] = tap_between_frames(memory, in[1], 1.0f);
    lane w = in[0] + out[0] * lane_clamp(in[2], -0.995f, 0.995f);
    ring_write(memory, lane_clamp(w, -1048576.0f, 1048576.0f));
}

/* Schroeder's all-pass:  d := w[n - M];  w[n] := x + g d;  out := d - g w[n];  M whole frames, at
 * least 1; g held within +-0.99. |H| = 1.
 * M. Schroeder, "Natural sounding artificial reverberation", 1962. */
MEMORY_KERNEL(allpass)
{
    (void)state;
    lane frames = tap_hold(memory, in[1] + 0.5f, 1.0f, 0.0f);
    lane g = lane_clamp(in[2], -0.99f, 0.99f);
    lane d = ring_read(memory, lane_to_int(frames));
    lane w = lane_flush(in[0] + g * d);
    ring_write(memory, w);
    out[0] = d - g * w;
}

#endif
