/* logic.h - triggers, gates, and what they move. A gate is on above 0; a trigger is its rise. */
#ifndef VM_CONTROL_LOGIC_H
#define VM_CONTROL_LOGIC_H

#include "vm/control/turn.h"

struct trigger_rise_state {
    ilane above;
};

/* in: x, threshold.  out := 1 in the frame in which x > threshold after x <= threshold, or at the
 * start */
KERNEL(trigger_rise)
{
    struct trigger_rise_state *s = state;
    ilane above = lane_gt(in[0], in[1]);
    out[0] = gate_of(above & ~s->above);
    s->above = above;
}

struct gate_stay_state {
    ilane on, left; /* mask; frames that it stays on at least */
};

/* in: x, frames, high, low.  on := x > high, or on and x > min(low, high);
 * out := on, or less than `frames` frames since on rose */
KERNEL(gate_stay)
{
    struct gate_stay_state *s = state;
    lane low = lane_min(in[3], in[2]);
    ilane on = lane_gt(in[0], in[2]) | (s->on & lane_gt(in[0], low));
    ilane left = s->left - (lane_igt(s->left, lane_iset(0)) & lane_iset(1));
    lane frames = held_seconds(in[1], 0.0f, 16777216.0f, memory);
    s->left = lane_isel(on & ~s->on, lane_to_int(frames), left);
    s->on = on;
    out[0] = gate_of(on | lane_igt(s->left, lane_iset(0)));
}

struct sample_hold_state {
    lane value;
    ilane gate;
};

/* in: x, trigger.  out := x where the trigger rises, else what it was; 0 before */
KERNEL(sample_hold)
{
    struct sample_hold_state *s = state;
    s->value = lane_sel(gate_rise(&s->gate, in[1]), in[0], s->value);
    out[0] = s->value;
}

/* in: x, gate.  out := x while the gate is on, else what it was; 0 before */
KERNEL(sample_track)
{
    lane *value = state;
    *value = lane_sel(lane_gt(in[1], lane_set(0.0f)), in[0], *value);
    out[0] = *value;
}

struct trigger_chance_state {
    ulane key0, key1, count;
    ilane gate, pass;
};

/* in: gate, probability. At its k-th rise draws u in [0, 1) and passes if u < probability.
 * out: the gate if it passes, the gate if it does not */
KERNEL(trigger_chance)
{
    struct trigger_chance_state *s = state;
    ilane rise = gate_rise(&s->gate, in[0]);
    lane u = lane_from_int(key_draw(s->key0, s->key1, s->count)) * (1.0f / 16777216.0f);
    s->pass = lane_isel(rise, lane_lt(u, in[1]), s->pass);
    s->count = s->count + lane_as_uint(rise & lane_iset(1));
    out[0] = gate_of(s->gate & s->pass);
    out[1] = gate_of(s->gate & ~s->pass);
}

struct trigger_count_state {
    ilane gate, reset, count; /* rises since the first of the round, that included */
};

/* in: gate, every, reset. out: the first gate of each `every`; the number of the last in its round,
 * from 0 */
KERNEL(trigger_count)
{
    struct trigger_count_state *s = state;
    ilane every = lane_to_int(lane_clamp(in[1] + 0.5f, 1.0f, 16777216.0f));
    s->count = s->count & ~gate_rise(&s->reset, in[2]);
    ilane rise = gate_rise(&s->gate, in[0]);
    ilane next = lane_isel(lane_igt(every, s->count), s->count, lane_iset(0)) + lane_iset(1);
    s->count = lane_isel(rise, next, s->count);
    out[0] = gate_of(s->gate & lane_ieq(s->count, lane_iset(1)));
    ilane number = s->count - (lane_igt(s->count, lane_iset(0)) & lane_iset(1));
    out[1] = lane_from_int(number);
}

struct flip_state {
    ilane gate, reset, on;
};

/* in: trigger, reset.  on := not on where the trigger rises; off where reset does */
KERNEL(flip_toggle)
{
    struct flip_state *s = state;
    s->on = (s->on ^ gate_rise(&s->gate, in[0])) & ~gate_rise(&s->reset, in[1]);
    out[0] = gate_of(s->on);
}

/* in: set, reset.  on where set rises, off where reset does; off where both do */
KERNEL(flip_latch)
{
    struct flip_state *s = state;
    s->on = (s->on | gate_rise(&s->gate, in[0])) & ~gate_rise(&s->reset, in[1]);
    out[0] = gate_of(s->on);
}

/* Down to a whole number, |x| <= 2^23. */
LANE_FN lane whole_below(lane x)
{
    lane cut = lane_from_int(lane_to_int(x));
    return cut - lane_sel(lane_gt(cut, x), lane_set(1.0f), lane_set(0.0f));
}

/* in: x, step, held within 1e-6 and 1e6.  out := step floor(x/step + 1/2); x where |x/step| >=
 * 2^22, which is finer than a float */
KERNEL(quantise_step)
{
    (void)state;
    lane step = lane_clamp(in[1], 1e-6f, 1e6f);
    lane ratio = in[0] / step;
    lane whole = whole_below(lane_clamp(ratio, -4194304.0f, 4194304.0f) + 0.5f);
    out[0] = lane_sel(lane_lt(lane_abs(ratio), lane_set(4194304.0f)), whole * step, in[0]);
}

/* in: x semitones, held within +-1e6. The table is ascending, its first value the last degree less
 * 12, its last the first degree plus 12. out: 12 floor(x/12) and the nearest value to the rest; of
 * two as near the lower */
MEMORY_KERNEL(quantise_scale)
{
    (void)state;
    lane x = lane_clamp(in[0], -1e6f, 1e6f);
    lane octaves = whole_below(x / 12.0f) * 12.0f;
    lane rest = x - octaves;
    lane best = lane_set(memory->table[0]);
    for (uint32_t i = 1; i < memory->length; i++) {
        lane degree = lane_set(memory->table[i]);
        ilane nearer = lane_lt(lane_abs(rest - degree), lane_abs(rest - best));
        best = lane_sel(nearer, degree, best);
    }
    out[0] = octaves + best;
}

#endif
