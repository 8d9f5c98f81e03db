/* clock.h - what counts turns exactly: ticks and single ramps.
 *
 * A turn is 48000 Hz frames, and a frame adds freq to it, in 2^-32 Hz. Every float from 2^-9 Hz up
 * is a whole number of those, so that 2 Hz ticks every 24000 frames for ever, where a phase of
 * 2^-32 turns would be off by 15 frames a minute. */
#ifndef VM_OSC_CLOCK_H
#define VM_OSC_CLOCK_H

#include "vm/kernel.h"

#define CLOCK_TURN 48000

struct clock {
    ilane hz;   /* 0 to CLOCK_TURN - 1 */
    ulane part; /* 2^-32 Hz */
};

/* a < b, unsigned. */
LANE_FN ilane lane_ult(ulane a, ulane b)
{
    return lane_igt(lane_as_int(b ^ 0x80000000u), lane_as_int(a ^ 0x80000000u));
}

/* x in [0, 1) as 2^-32, exact where x is a multiple of that. */
LANE_FN ulane lane_fraction32(lane x)
{
    lane high = x * 65536.0f;
    ilane h = lane_to_int(high);
    ilane l = lane_to_int((high - lane_from_int(h)) * 65536.0f);
    return (lane_as_uint(h) << 16) | lane_as_uint(l);
}

/* freq Hz, held within 0 and 24 kHz (NaN: 0). */
LANE_FN struct clock clock_step(lane freq)
{
    lane f = lane_clamp(freq, 0.0f, 24000.0f);
    struct clock step;
    step.hz = lane_to_int(f);
    step.part = lane_fraction32(f - lane_from_int(step.hz));
    return step;
}

/* Adds a step, without taking a whole turn off: hz may reach CLOCK_TURN. */
LANE_FN struct clock clock_add(struct clock c, struct clock step)
{
    c.part += step.part;
    ilane carry = lane_ult(c.part, step.part);
    c.hz = lane_iadd(c.hz, step.hz - carry);
    return c;
}

struct tick_state {
    struct clock clock;
    ilane due;     /* all ones: a tick falls on this frame */
    ilane running; /* all ones after the first frame */
};

/* c := c + freq mod 48000;  out := 1 in frame 0 and in each frame before which c wrapped
 * The first tick falls where a turn that starts at `phase` (its fraction) ends. The wraps are those
 * of osc_phasor, but exact. */
LANE_FN lane tick(struct tick_state *s, lane freq, lane phase)
{
    lane turns = lane_clamp(phase, -1048576.0f, 1048576.0f);
    lane fraction = turns - lane_from_int(lane_to_int(turns));
    fraction = lane_sel(lane_lt(fraction, lane_set(0.0f)), fraction + 1.0f, fraction);
    lane start = lane_min(fraction, lane_set(0.99999994f)) * (float)CLOCK_TURN;
    ilane hz = lane_to_int(start);
    struct clock c;
    c.hz = lane_isel(s->running, s->clock.hz, hz);
    c.part = lane_fraction32(start - lane_from_int(hz));
    c.part = lane_as_uint(lane_isel(s->running, lane_as_int(s->clock.part), lane_as_int(c.part)));
    ilane zero = lane_ieq(c.hz | lane_as_int(c.part), lane_iset(0));
    ilane due = lane_isel(s->running, s->due, zero);
    c = clock_add(c, clock_step(freq));
    s->due = lane_igt(c.hz, lane_iset(CLOCK_TURN - 1));
    c.hz -= s->due & CLOCK_TURN;
    s->clock = c;
    s->running = lane_iset(-1);
    return lane_sel(due, lane_set(1.0f), lane_set(0.0f));
}

KERNEL(osc_tick)
{
    out[0] = tick(state, in[0], in[1]);
}

struct tick_reset_state {
    struct tick_state tick;
    ilane gate; /* all ones: in[2] was on */
};

/* The same; a rise of in[2] makes its frame the first. */
KERNEL(osc_tick_reset)
{
    struct tick_reset_state *s = state;
    ilane on = lane_gt(in[2], lane_set(0.0f));
    s->tick.running = s->tick.running & ~(on & ~s->gate);
    s->gate = on;
    out[0] = tick(&s->tick, in[0], in[1]);
}

struct oneshot_state {
    struct clock clock;
    ilane gate;  /* all ones: it was on */
    ilane phase; /* 0: not yet triggered; 1: on its way; 2: arrived */
};

/* Where the gate rises c := 0; then c := c + freq until it reaches 48000, where it stays.
 *   out := c / 48000, exactly 1 from the first frame not before the end on;  done := arrived
 * 0 before the first trigger. */
KERNEL(osc_oneshot)
{
    struct oneshot_state *s = state;
    ilane gate = lane_gt(in[1], lane_set(0.0f));
    ilane rise = gate & ~s->gate;
    ilane phase = lane_isel(rise, lane_iset(1), s->phase);
    struct clock c;
    c.hz = s->clock.hz & ~rise;
    c.part = s->clock.part & lane_as_uint(~rise);
    ilane arrived = lane_ieq(phase, lane_iset(2)), moving = lane_ieq(phase, lane_iset(1));
    lane hz = lane_from_int(c.hz) + lane_from_int(lane_as_int(c.part >> 8)) * (1.0f / 16777216.0f);
    lane done = lane_sel(arrived, lane_set(1.0f), lane_set(0.0f));
    out[0] = lane_sel(arrived, lane_set(1.0f), hz / lane_set((float)CLOCK_TURN));
    out[1] = done;
    struct clock step = clock_step(in[0]);
    step.hz &= moving;
    step.part &= lane_as_uint(moving);
    c = clock_add(c, step);
    ilane end = moving & lane_igt(c.hz, lane_iset(CLOCK_TURN - 1));
    s->clock = c;
    s->phase = lane_isel(end, lane_iset(2), phase);
    s->gate = gate;
}

#endif
