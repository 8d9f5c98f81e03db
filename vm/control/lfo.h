/* lfo.h - low-frequency oscillators: shapes of an exact phase, with corners and steps as they are.
 */
#ifndef VM_CONTROL_LFO_H
#define VM_CONTROL_LFO_H

#include "vm/control/turn.h"

struct lfo_state {
    struct turn_fixed turn;
    ilane gate;
};

struct lfo_random_state {
    ulane key0, key1;
    struct lfo_state lfo;
    ilane cycle;
};

/* in: freq Hz, phase turns, retrigger. The phase p of this frame, 2^-32 turns; then moves on.
 *   p := P + phase;  P := P + freq/sr mod 1, 0 where retrigger rises
 * *cycle, where it is not NULL, counts the turns of p. */
LANE_FN ulane lfo_phase(struct lfo_state *s, const lane *in, const struct memory *memory,
                        ilane *cycle, ilane *turns)
{
    ilane rise = lane_iset(0);
    if (!(memory->steady >> 2 & 1)) {
        rise = gate_rise(&s->gate, in[2]);
        s->turn.whole = s->turn.whole & ~rise;
        s->turn.part = s->turn.part & ~lane_as_uint(rise);
    }
    lane offset = lane_clamp(in[1], -1048576.0f, 1048576.0f);
    ilane whole = lane_to_int(offset);
    lane fraction = offset - lane_from_int(whole);
    ilane down = lane_lt(fraction, lane_set(0.0f));
    ulane add = lane_as_uint(lane_to_int(fraction * 2147483648.0f)) << 1;
    ulane base = turn_phase(s->turn);
    ulane p = base + add;
    if (cycle) {
        ilane wrapped = lane_igt(lane_as_int(base ^ 0x80000000u), lane_as_int(p ^ 0x80000000u));
        ilane none = lane_ieq(lane_as_int(add), lane_iset(0));
        *cycle = lane_isub(*cycle, rise);
        *turns = lane_isub(lane_iadd(lane_iadd(*cycle, whole), down & ~none), wrapped);
    }
    s->turn = turn_add(s->turn, turn_hertz(in[0]));
    ilane round = turn_wrap(&s->turn);
    if (cycle)
        *cycle = lane_iadd(*cycle, round);
    return p;
}

/* out := sin(2 pi p) */
STEADY_KERNEL(lfo_sine)
{
    out[0] = lane_sin_turns(lfo_phase(state, in, memory, NULL, NULL));
}

/* 0 at p = 0 and rising, 1 at a quarter. */
STEADY_KERNEL(lfo_triangle)
{
    ulane p = lfo_phase(state, in, memory, NULL, NULL);
    out[0] = lane_from_int(lane_quarter(p)) * (1.0f / 1073741824.0f);
}

/* out := 2p - 1 */
STEADY_KERNEL(lfo_ramp)
{
    ulane p = lfo_phase(state, in, memory, NULL, NULL);
    out[0] = lane_from_int(lane_as_int(p ^ 0x80000000u)) * (1.0f / 2147483648.0f);
}

/* out := p < 1/2 ? 1 : -1 */
STEADY_KERNEL(lfo_square)
{
    ilane low = lane_as_int(lfo_phase(state, in, memory, NULL, NULL)) >> 31;
    out[0] = lane_sel(low, lane_set(-1.0f), lane_set(1.0f));
}

/* The value of a turn: uniform in [-1, 1). */
LANE_FN lane lfo_value(const struct lfo_random_state *s, ilane turn)
{
    ilane bits = key_draw(s->key0, s->key1, lane_as_uint(turn)) - lane_iset(1 << 23);
    return lane_from_int(bits) * (1.0f / 8388608.0f);
}

/* out := v(turn), another one each turn */
STEADY_KERNEL(lfo_random)
{
    struct lfo_random_state *s = state;
    ilane turn;
    lfo_phase(&s->lfo, in, memory, &s->cycle, &turn);
    out[0] = lfo_value(s, turn);
}

/* out := v0 + (v1 - v0) (3 - 2p) p^2, from the value of this turn to that of the next */
STEADY_KERNEL(lfo_smooth)
{
    struct lfo_random_state *s = state;
    ilane turn;
    ulane phase = lfo_phase(&s->lfo, in, memory, &s->cycle, &turn);
    lane p = lane_from_int(lane_as_int(phase >> 8)) * (1.0f / 16777216.0f);
    lane from = lfo_value(s, turn);
    lane to = lfo_value(s, lane_iadd(turn, lane_iset(1)));
    out[0] = from + (to - from) * ((lane_set(3.0f) - (p + p)) * (p * p));
}

struct lfo_fade_state {
    ilane n, gate;
};

/* in: retrigger, delay frames, fade frames and step. With n frames since the start or the last
 * rise:  out := (n - delay)/fade, held within 0 and 1 */
KERNEL(lfo_fade)
{
    struct lfo_fade_state *s = state;
    s->n = s->n & ~gate_rise(&s->gate, in[0]);
    lane past = lane_from_int(s->n) - in[1];
    lane up = lane_sel(lane_ge(past, in[2]), lane_set(1.0f), past * in[3]);
    out[0] = lane_sel(lane_ge(past, lane_set(0.0f)), up, lane_set(0.0f));
    s->n = s->n + (lane_igt(lane_iset(1 << 29), s->n) & lane_iset(1));
}

#endif
