/* kernels.h - the kernel of every primitive op: one frame of VM_VEC voices.
 *
 * k_NAME(in, out, state) for each row of ops.def: in[] and out[] hold the row's inputs and
 * outputs, state points at the row's state words. Every engine includes this file, so every
 * engine computes the same bits. Branches are selections. */
#ifndef VM_KERNELS_H
#define VM_KERNELS_H

#include "vm/blep.h"
#include "vm/lane.h"
#include "vm/math.h"

#define KERNEL(name) LANE_FN void k_##name(const lane *in, lane *out, void *state)

#define VM_RATE 48000.0f

#include "vm/kernels_osc.h"

/* ---- filters ---- */

struct svf_state {
    lane c1, c2;
};

/* Coefficients of the trapezoidal state-variable filter.
 *   g := tan(pi cutoff/sr);  k := 1/q;  a1 := 1/(1 + g(g + k));  a2 := g a1;  a3 := g a2
 * cutoff Hz, held within 1 to 23500; q held within 0.05 to 1000.
 * A. Simper, "Linear Trapezoidal Integrated State Variable Filter", 2013. */
KERNEL(svf_coeff)
{
    (void)state;
    lane g = lane_tan_pi(lane_clamp(in[0], 1.0f, 23500.0f) * (1.0f / VM_RATE));
    lane k = lane_set(1.0f) / lane_clamp(in[1], 0.05f, 1000.0f);
    lane a1 = lane_set(1.0f) / (lane_set(1.0f) + g * (g + k));
    lane a2 = g * a1;
    out[0] = a1;
    out[1] = a2;
    out[2] = g * a2;
    out[3] = k;
}

/* One step of the filter: *v1 its band-pass, *v2 its low-pass. Stable for 0 <= g < inf, k > 0.
 *   v1 := a1 c1 + a2 (x - c2);  v2 := c2 + a2 c1 + a3 (x - c2)
 *   c1 := 2 v1 - c1;  c2 := 2 v2 - c2 */
LANE_FN void svf_step(struct svf_state *s, const lane *in, lane *v1, lane *v2)
{
    lane v3 = in[0] - s->c2;
    *v1 = in[1] * s->c1 + in[2] * v3;
    *v2 = s->c2 + (in[2] * s->c1 + in[3] * v3);
    s->c1 = lane_flush(*v1 + *v1 - s->c1);
    s->c2 = lane_flush(*v2 + *v2 - s->c2);
}

KERNEL(svf_lopass)
{
    lane v1;
    svf_step(state, in, &v1, &out[0]);
}

KERNEL(svf_hipass)
{
    lane v1, v2;
    svf_step(state, in, &v1, &v2);
    out[0] = in[0] - in[4] * v1 - v2;
}

KERNEL(svf_bandpass)
{
    lane v1, v2;
    svf_step(state, in, &v1, &v2);
    out[0] = in[4] * v1;
}

/* Coefficient of the trapezoidal one-pole.  g := tan(pi cutoff/sr);  G := g/(1 + g)
 * cutoff Hz, held within 0.01 to 23500. V. Zavalishin, "The Art of VA Filter Design", 3.10. */
KERNEL(onepole_coeff)
{
    (void)state;
    lane g = lane_tan_pi(lane_clamp(in[0], 0.01f, 23500.0f) * (1.0f / VM_RATE));
    out[0] = g / (lane_set(1.0f) + g);
}

struct onepole_state {
    lane s;
};

/* v := G (x - s);  y := v + s;  s := y + v.  Stable for 0 <= G < 1. */
KERNEL(onepole)
{
    struct onepole_state *st = state;
    lane v = in[1] * (in[0] - st->s);
    out[0] = v + st->s;
    st->s = lane_flush(out[0] + v);
}

/* ---- envelopes ---- */

/* A segment's length in whole frames and the share of it one frame is.
 *   frames := round(time sr), 0 to 2^24;  step := 1/max(frames, 1) */
KERNEL(env_segment)
{
    (void)state;
    lane t = lane_clamp(in[0] * VM_RATE + 0.5f, 0.0f, 16777216.0f);
    lane n = lane_from_int(lane_to_int(t));
    out[0] = n;
    out[1] = lane_set(1.0f) / lane_max(n, lane_set(1.0f));
}

enum { ENV_OFF, ENV_ATTACK, ENV_FALL };

struct env_state {
    lane level, start; /* last output; level at the segment's first frame */
    ilane stage, n;    /* ENV_*; frames since the segment began */
};

struct env_decay_state {
    struct env_state env;
    ilane gate; /* mask: the gate was on in the last frame */
};

/* Follows the gate: a rise starts the attack, a fall the release, each from the last level. */
LANE_FN void env_gate(struct env_state *s, lane gate)
{
    ilane on = lane_gt(gate, lane_set(0.0f));
    ilane was = lane_igt(s->stage, lane_iset(ENV_OFF));
    ilane change = on ^ was;
    s->start = lane_sel(change, s->level, s->start);
    s->stage = lane_isel(change, on & lane_iset(ENV_ATTACK), s->stage);
    s->n = s->n & ~change;
}

/* After `attack` frames the fall begins, from exactly 1. */
LANE_FN void env_attack_end(struct env_state *s, lane attack)
{
    ilane full = lane_ieq(s->stage, lane_iset(ENV_ATTACK)) & lane_ge(lane_from_int(s->n), attack);
    s->start = lane_sel(full, lane_set(1.0f), s->start);
    s->stage = lane_isel(full, lane_iset(ENV_FALL), s->stage);
    s->n = s->n & ~full;
}

/* out := target + (start - target) shape(t), t := n/frames, exactly target from t = 1 on;
 * shape(t) is 1 - t in the attack and (1 - t)^4 in a fall. */
LANE_FN lane env_segment_level(struct env_state *s, lane frames, lane step, lane target)
{
    ilane attack = lane_ieq(s->stage, lane_iset(ENV_ATTACK));
    lane n = lane_from_int(s->n);
    lane left = lane_set(1.0f) - n * step;
    left = lane_sel(lane_ge(n, frames), lane_set(0.0f), left);
    lane square = left * left;
    lane shape = lane_sel(attack, left, square * square);
    s->n = s->n + (lane_igt(lane_iset(1 << 25), s->n) & lane_iset(1));
    s->level = target + (s->start - target) * shape;
    return s->level;
}

/* in: gate, attack frames and step, decay frames and step, sustain, release frames and step. */
KERNEL(env_adsr)
{
    struct env_state *s = state;
    env_gate(s, in[0]);
    env_attack_end(s, in[1]);
    ilane attack = lane_ieq(s->stage, lane_iset(ENV_ATTACK));
    ilane fall = lane_ieq(s->stage, lane_iset(ENV_FALL));
    lane frames = lane_sel(attack, in[1], lane_sel(fall, in[3], in[6]));
    lane step = lane_sel(attack, in[2], lane_sel(fall, in[4], in[7]));
    lane target = lane_sel(attack, lane_set(1.0f), lane_sel(fall, in[5], lane_set(0.0f)));
    out[0] = env_segment_level(s, frames, step, target);
}

/* in: gate, attack frames and step, decay frames and step. As env_adsr with sustain 0, but a
 * falling gate only arms the next rise: the envelope runs on. */
KERNEL(env_decay)
{
    struct env_decay_state *s = state;
    ilane on = lane_gt(in[0], lane_set(0.0f));
    ilane rise = on & ~s->gate;
    s->gate = on;
    s->env.start = lane_sel(rise, s->env.level, s->env.start);
    s->env.stage = lane_isel(rise, lane_iset(ENV_ATTACK), s->env.stage);
    s->env.n = s->env.n & ~rise;
    env_attack_end(&s->env, in[1]);
    ilane attack = lane_ieq(s->env.stage, lane_iset(ENV_ATTACK));
    lane frames = lane_sel(attack, in[1], in[3]);
    lane step = lane_sel(attack, in[2], in[4]);
    lane target = lane_sel(attack, lane_set(1.0f), lane_set(0.0f));
    out[0] = env_segment_level(&s->env, frames, step, target);
}

/* ---- arithmetic ---- */

#define ARITHMETIC(name, expression)                                                               \
    KERNEL(name)                                                                                   \
    {                                                                                              \
        (void)state;                                                                               \
        out[0] = expression;                                                                       \
    }

ARITHMETIC(gain, in[0] * in[1])
ARITHMETIC(add, in[0] + in[1])
ARITHMETIC(sub, in[0] - in[1])
ARITHMETIC(mul, in[0] * in[1])
ARITHMETIC(div, in[0] / in[1])
ARITHMETIC(min, lane_min(in[0], in[1]))
ARITHMETIC(max, lane_max(in[0], in[1]))
ARITHMETIC(clip, lane_min(lane_max(in[0], in[1]), in[2]))
ARITHMETIC(frames, in[0] * VM_RATE)

/* Constant-power gains: the two sides of a quarter circle. pos is held within -1 to 1. */
KERNEL(pan_gains)
{
    (void)state;
    lane eighth_turns = (lane_clamp(in[0], -1.0f, 1.0f) + 1.0f) * 536870912.0f;
    ulane angle = lane_as_uint(lane_to_int(eighth_turns));
    out[0] = lane_sin_turns(angle + 0x40000000u);
    out[1] = lane_sin_turns(angle);
}

#endif
