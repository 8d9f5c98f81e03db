/* sample.h - a sound file's frames, played.
 *
 * The table (compiler/lower/osc_sample.c makes it) holds the frames between zeros, and a loop
 * behind them as it goes on, with what follows it: what stands next to a place is always what is
 * heard next to it, so that reading knows nothing of loops. */
#ifndef VM_OSC_SAMPLE_H
#define VM_OSC_SAMPLE_H

#include "vm/osc/clock.h"
#include "vm/osc/sinc.h"

enum { SAMPLE_GATE = 1, SAMPLE_PLAYS = 2, SAMPLE_DONE = 4 };

struct sample_state {
    ilane at;        /* position: frames of the table */
    ulane part;      /* and 2^-32 frames */
    ilane flags;     /* SAMPLE_GATE: it was on */
    ilane low, high; /* what is played, from the trigger on */
};

/* r := d mod n, n > 0; |d| < 2^26. */
LANE_FN ilane sample_modulo(ilane d, ilane n)
{
    lane quotient = lane_from_int(d) / lane_from_int(n);
    ilane r = d - lane_to_int(quotient) * n;
    r += n & lane_igt(lane_iset(0), r);
    return r - (n & ~lane_igt(n, r));
}

LANE_FN ilane sample_frames(lane x)
{
    return lane_to_int(lane_clamp(x, 0.0f, 16777215.0f));
}

LANE_FN ilane sample_all(ilane flags, int32_t flag)
{
    return ~lane_ieq(flags & flag, lane_iset(0));
}

/* Where the gate rises, x := start, or end - 1 where step < 0, in 32.32 bits; then x := x + step.
 * With a loop, x modulo its length once x is past its end, which start may be, or was within and is
 * before it; without one x ends at end, or before start.
 *
 * in: gate; step, frames a frame, held within +-64; more of it, 2^-32 frames, within +-2^24; start;
 * end; where the loop begins; its length, 0: none.
 *
 * out: the frame floor(x); x - floor(x), to 2^-24; 1 while it plays; 1 once it has ended. */
KERNEL(sample_position)
{
    struct sample_state *s = state;
    lane step = lane_clamp(in[1], -64.0f, 64.0f);
    ilane gate = lane_gt(in[0], lane_set(0.0f));
    ilane rise = gate & ~sample_all(s->flags, SAMPLE_GATE);
    ilane from = sample_frames(in[5]), length = sample_frames(in[6]);
    ilane loops = lane_igt(length, lane_iset(0)), loop_end = from + length;
    ilane safe = lane_isel(loops, length, lane_iset(1)), start = sample_frames(in[3]);
    start = lane_isel(loops & ~lane_igt(loop_end, start), from + sample_modulo(start - from, safe),
                      start);
    ilane lowest = lane_isel(loops & lane_igt(start, from), from, start);
    ilane low = lane_isel(rise, lowest, s->low);
    ilane high = lane_isel(rise, lane_isel(loops, loop_end, sample_frames(in[4])), s->high);
    ilane back = lane_lt(step, lane_set(0.0f));
    ilane at = lane_isel(rise, lane_isel(back, lane_isub(high, lane_iset(1)), start), s->at);
    ulane part = lane_as_uint(lane_isel(rise, lane_iset(0), lane_as_int(s->part)));
    ilane plays =
        (sample_all(s->flags, SAMPLE_PLAYS) | rise) & lane_igt(high, at) & ~lane_igt(low, at);
    ilane done = sample_all(s->flags, SAMPLE_DONE) | (rise & ~plays);
    done = lane_isel(rise & plays, lane_iset(0), done);
    out[0] = lane_from_int(at & plays);
    out[1] = lane_from_int(lane_as_int((part & lane_as_uint(plays)) >> 8)) * (1.0f / 16777216.0f);
    out[2] = lane_sel(plays, lane_set(1.0f), lane_set(0.0f));
    out[3] = lane_sel(done, lane_set(1.0f), lane_set(0.0f));

    /* |step| as whole and part is exact; backwards is its negative, in 64 bits. */
    lane size = lane_abs(step);
    ilane whole = lane_to_int(size);
    ulane fraction = lane_fraction32(size - lane_from_int(whole));
    ilane carry = lane_ieq(lane_as_int(fraction), lane_iset(0)) & lane_iset(1);
    fraction = (fraction ^ lane_as_uint(back)) - lane_as_uint(back);
    whole = lane_isel(back, ~whole + carry, whole);
    ulane next = part + fraction;
    ilane to = lane_isub(lane_iadd(at, whole), lane_ult(next, part));
    ilane extra = lane_to_int(lane_clamp(in[2], -16777216.0f, 16777216.0f));
    ulane more = next + lane_as_uint(extra);
    ilane minus = extra >> 31;
    to = lane_iadd(to, (minus & lane_ult(next, more)) - (~minus & lane_ult(more, next)));
    ilane inside = loops & ~lane_igt(from, at);
    ilane wrap = loops & (~lane_igt(loop_end, to) | (inside & lane_igt(from, to)));
    ilane past = lane_as_int(lane_as_uint(lane_isub(to, from)) << 5) >> 5; /* all that it may be */
    to = lane_isel(wrap, from + sample_modulo(past, safe), to);
    ilane ended = plays & ~(lane_igt(high, to) & ~lane_igt(low, to));
    s->at = lane_isel(plays, to, at);
    s->part = more;
    s->low = low;
    s->high = high;
    s->flags =
        (gate & SAMPLE_GATE) | (plays & ~ended & SAMPLE_PLAYS) | ((done | ended) & SAMPLE_DONE);
}

/* out := on (x[i] + f (x[i+1] - x[i])).  in: i, f, on, as sample_position gives them. */
MEMORY_KERNEL(sample_linear)
{
    (void)state;
    ilane i = sample_frames(in[0]);
    lane a = table_read(memory, i);
    out[0] = in[2] * (a + in[1] * (table_read(memory, i + 1) - a));
}

/* out := on times the cubic through x[i] and x[i+1] with the slopes (x[i+1] - x[i-1])/2 and (x[i+2]
 * - x[i])/2.  E. Catmull, R. Rom, "A class of local interpolating splines", 1974. */
MEMORY_KERNEL(sample_cubic)
{
    (void)state;
    ilane i = sample_frames(in[0]);
    lane f = in[1];
    lane a = table_read(memory, i - 1), b = table_read(memory, i);
    lane c = table_read(memory, i + 1), d = table_read(memory, i + 2);
    lane slope = (c - a) * 0.5f;
    lane y = ((b - c) * 1.5f + (d - a) * 0.5f) * f + (a - b * 2.5f + c * 2.0f - d * 0.5f);
    out[0] = in[2] * ((y * f + slope) * f + b);
}

/* out := on c sum over k of x[i + k] h(c (k - f)),  c := 1/max(1, |step|), step held within +-16
 * in: i, f, on, step.  h of sinc.h: 32 frames where step is within 1, as many times more where it
 * is not, so that what would fold is cut off first. */
MEMORY_KERNEL(sample_sinc)
{
    (void)state;
    ilane i = sample_frames(in[0]), on = lane_gt(in[2], lane_set(0.0f));
    lane f = lane_clamp(in[1], 0.0f, 1.0f); /* so that c alone bounds the loop */
    lane c = lane_set(1.0f) / lane_clamp(lane_abs(in[3]), 1.0f, 16.0f);
    lane sum = lane_set(0.0f);
    for (int32_t k = 0; k < 256; k++) {
        lane left = (f + (float)k) * c, right = ((lane_set(1.0f) - f) + (float)k) * c;
        ilane near = lane_lt(lane_min(left, right), lane_set(SINC_H)) & on;
        if (!lane_any(near))
            break;
        sum = sum + (table_read(memory, i - k) * sinc_kernel(left) +
                     table_read(memory, i + 1 + k) * sinc_kernel(right));
    }
    out[0] = lane_sel(on, sum * c, lane_set(0.0f));
}

#endif
