/* kernels.h - envelopes and followers. */
#ifndef VM_ENV_KERNELS_H
#define VM_ENV_KERNELS_H

#include "vm/env/follow.h"
#include "vm/env/segments.h"
#include "vm/kernel.h"

/* A segment's length in whole frames and the share of it one frame is.
 *   frames := round(time sr), 0 to 2^24 (349 s) at the sample rate;  step := 1/max(frames, 1) */
KERNEL(env_segment)
{
    (void)state;
    lane t = held_seconds(in[0] * VM_RATE + 0.5f, 0.0f, 16777216.0f, memory);
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
    s->n = env_segment_next(s->n);
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

#endif
