/* steps.h - clocks and step sequencers.
 *
 * What a clock of f Hz does for the k-th time it does in the frame nearest to 48000 k/f: where the
 * phase would pass a turn within the next half of a frame. So a frequency that a float cannot hold,
 * as 48000/28800 Hz, still gives the frames that were meant, until its error adds up to half a
 * frame. */
#ifndef VM_CONTROL_STEPS_H
#define VM_CONTROL_STEPS_H

#include "vm/control/turn.h"

struct turn_clock {
    struct turn_fixed turn; /* -24000 <= whole < 48000 + 24000 */
    ilane begun;            /* mask */
};

/* Whether the clock strikes now; *past is how far it then is, a turn 48000. */
LANE_FN ilane clock_strike(struct turn_clock *c, lane rate, ilane reset, lane *past)
{
    struct turn_fixed h = turn_hertz(lane_max(rate, lane_set(0.0f)));
    c->begun = c->begun & ~reset;
    c->turn.whole = c->turn.whole & c->begun;
    c->turn.part = c->turn.part & lane_as_uint(c->begun);
    struct turn_fixed ahead = turn_add(c->turn, turn_half(h));
    ilane due = lane_igt(ahead.whole, lane_iset(TURN_WHOLE - 1));
    ahead.whole -= due & lane_iset(TURN_WHOLE);
    c->turn.whole = lane_isub(c->turn.whole, due & lane_iset(TURN_WHOLE));
    *past = turn_to_lane(ahead);
    ilane strike = due | ~c->begun;
    c->turn = turn_add(c->turn, h);
    c->begun = lane_iset(-1);
    return strike;
}

/* On for `share` of a turn, at least one frame of each if above 0, always from 1 on. */
LANE_FN ilane clock_gate(ilane strike, lane past, lane share)
{
    lane held = lane_clamp(share, 0.0f, 1.0f);
    ilane whole = lane_ge(held, lane_set(1.0f));
    ilane on = lane_lt(past, held * (float)TURN_WHOLE) | whole | strike;
    return on & lane_gt(held, lane_set(0.0f));
}

struct clock_rate_state {
    struct turn_clock clock;
    ilane reset;
};

/* in: rate Hz, width, reset. out: gate, trigger. */
KERNEL(clock_rate)
{
    struct clock_rate_state *s = state;
    lane past;
    ilane strike = clock_strike(&s->clock, in[0], gate_rise(&s->reset, in[2]), &past);
    out[0] = gate_of(clock_gate(strike, past, in[1]));
    out[1] = gate_of(strike);
}

/* ---- sequences ---- */

enum { STEPS_FORWARD, STEPS_BACKWARD, STEPS_PINGPONG, STEPS_RANDOM };

struct step_sequence {
    ulane key0, key1;
    ulane count;       /* steps made: the number of the next draw */
    ilane at;          /* place in the round; -1 before its first step */
    ilane begun;       /* mask: below here is set */
    lane value, share; /* of the step */
};

/* The row of place `at` of the round. */
LANE_FN ilane steps_row(const struct step_sequence *s, ilane at, ilane rows, lane direction)
{
    ilane way = lane_to_int(lane_clamp(direction, 0.0f, 3.0f));
    ilane back = lane_ieq(way, lane_iset(STEPS_BACKWARD));
    ilane turned = lane_ieq(way, lane_iset(STEPS_PINGPONG)) & lane_igt(at, rows - lane_iset(1));
    lane any = lane_from_int(key_draw(s->key0, s->key1, s->count)) * (1.0f / 16777216.0f);
    ilane row = lane_isel(back, lane_isub(rows - lane_iset(1), at), at);
    row = lane_isel(turned, lane_isub(rows + rows - lane_iset(2), at), row);
    return lane_isel(lane_ieq(way, lane_iset(STEPS_RANDOM)), lane_to_int(any * lane_from_int(rows)),
                     row);
}

/* Makes a step where `strike`. in: direction, columns of the table (1: value; 2: value, length). */
LANE_FN void steps_next(struct step_sequence *s, const struct memory *m, ilane strike,
                        const lane *in)
{
    ilane pairs = lane_gt(in[1], lane_set(1.5f));
    ilane look = strike | ~s->begun;
    if (!lane_any(look))
        return;
    ilane rows =
        lane_isel(pairs, lane_iset((int32_t)(m->length / 2)), lane_iset((int32_t)m->length));
    ilane pingpong = lane_gt(in[0], lane_set(1.5f)) & lane_lt(in[0], lane_set(2.5f));
    ilane round =
        lane_isel(pingpong & lane_igt(rows, lane_iset(1)), rows + rows - lane_iset(2), rows);
    ilane next = lane_iadd(s->at, lane_iset(1));
    next = next & lane_igt(round, next);
    ilane row = steps_row(s, next, rows, in[0]);
    ilane at = lane_isel(pairs, lane_iadd(row, row), row);
    lane share = lane_sel(pairs, table_read(m, lane_iadd(at, lane_iset(1))), lane_set(1.0f));
    s->value = lane_sel(look, table_read(m, at), s->value);
    s->share = lane_sel(look, share, s->share);
    s->at = lane_isel(strike, next, s->at);
    s->count = s->count + lane_as_uint(strike & lane_iset(1));
    s->begun = lane_iset(-1);
}

/* The next step is the first of the round. */
LANE_FN void steps_reset(struct step_sequence *s, ilane reset)
{
    ilane again = reset | ~s->begun;
    s->at = lane_isel(again, lane_iset(-1), s->at);
}

struct steps_rate_state {
    struct step_sequence steps;
    struct turn_clock clock;
    ilane reset;
};

/* in: direction, columns, rate Hz, length, reset. out: value, trigger, gate. */
MEMORY_KERNEL(steps_rate)
{
    struct steps_rate_state *s = state;
    lane past;
    ilane reset = gate_rise(&s->reset, in[4]);
    ilane strike = clock_strike(&s->clock, in[2], reset, &past);
    steps_reset(&s->steps, reset);
    steps_next(&s->steps, memory, strike, in);
    ilane sounds = lane_gt(s->steps.share, lane_set(0.0f));
    out[0] = s->steps.value;
    out[1] = gate_of(strike & sounds);
    out[2] = gate_of(clock_gate(strike, past, in[3] * s->steps.share));
}

struct steps_clock_state {
    struct step_sequence steps;
    ilane clock, reset;
};

/* in: direction, columns, clock, reset. out: value, trigger, gate: the clock's. */
MEMORY_KERNEL(steps_clock)
{
    struct steps_clock_state *s = state;
    ilane strike = gate_rise(&s->clock, in[2]);
    steps_reset(&s->steps, gate_rise(&s->reset, in[3]));
    steps_next(&s->steps, memory, strike, in);
    ilane sounds = lane_gt(s->steps.share, lane_set(0.0f)) & ~lane_ieq(s->steps.at, lane_iset(-1));
    out[0] = s->steps.value;
    out[1] = gate_of(strike & sounds);
    out[2] = gate_of(s->clock & sounds);
}

#endif
