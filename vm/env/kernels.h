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

/* Of the segment that an envelope is in. */
struct env_now {
    ilane attack; /* mask */
    lane frames, step, target;
};

struct env_adsr_state {
    struct env_state env;
    struct env_now now; /* behind the row's words: from a turn to the next */
};

struct env_decay_state {
    struct env_state env;
    ilane gate;         /* mask: the gate was on in the last frame */
    struct env_now now; /* behind the row's words */
};

/* Where gated.h finds what an envelope is at, and for what truth of the gate it is there. */
struct env_view {
    struct env_state *env;
    struct env_now *now;
    ilane on;
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
LANE_FN lane env_segment_level(struct env_state *s, const struct env_now *now)
{
    lane n = lane_from_int(s->n);
    lane left = lane_set(1.0f) - n * now->step;
    left = lane_sel(lane_ge(n, now->frames), lane_set(0.0f), left);
    lane square = left * left;
    lane shape = lane_sel(now->attack, left, square * square);
    s->n = env_segment_next(s->n);
    s->level = now->target + (s->start - now->target) * shape;
    return s->level;
}

/* Follows the gate and the attack's end. in: as env_adsr. */
LANE_FN void env_adsr_turn(struct env_adsr_state *s, const lane *in)
{
    env_gate(&s->env, in[0]);
    env_attack_end(&s->env, in[1]);
    ilane attack = lane_ieq(s->env.stage, lane_iset(ENV_ATTACK));
    ilane fall = lane_ieq(s->env.stage, lane_iset(ENV_FALL));
    s->now.attack = attack;
    s->now.frames = lane_sel(attack, in[1], lane_sel(fall, in[3], in[6]));
    s->now.step = lane_sel(attack, in[2], lane_sel(fall, in[4], in[7]));
    s->now.target = lane_sel(attack, lane_set(1.0f), lane_sel(fall, in[5], lane_set(0.0f)));
}

/* in: gate, attack frames and step, decay frames and step, sustain, release frames and step. */
KERNEL(env_adsr)
{
    struct env_adsr_state *s = state;
    env_adsr_turn(s, in);
    out[0] = env_segment_level(&s->env, &s->now);
}

LANE_FN struct env_view view_env_adsr(state_words state)
{
    struct env_adsr_state *s = state;
    return (struct env_view){&s->env, &s->now, lane_igt(s->env.stage, lane_iset(ENV_OFF))};
}

/* Follows the gate and the attack's end. in: as env_decay. */
LANE_FN void env_decay_turn(struct env_decay_state *s, const lane *in)
{
    ilane on = lane_gt(in[0], lane_set(0.0f));
    ilane rise = on & ~s->gate;
    s->gate = on;
    s->env.start = lane_sel(rise, s->env.level, s->env.start);
    s->env.stage = lane_isel(rise, lane_iset(ENV_ATTACK), s->env.stage);
    s->env.n = s->env.n & ~rise;
    env_attack_end(&s->env, in[1]);
    ilane attack = lane_ieq(s->env.stage, lane_iset(ENV_ATTACK));
    s->now.attack = attack;
    s->now.frames = lane_sel(attack, in[1], in[3]);
    s->now.step = lane_sel(attack, in[2], in[4]);
    s->now.target = lane_sel(attack, lane_set(1.0f), lane_set(0.0f));
}

/* in: gate, attack frames and step, decay frames and step. As env_adsr with sustain 0, but a
 * falling gate only arms the next rise: the envelope runs on. */
KERNEL(env_decay)
{
    struct env_decay_state *s = state;
    env_decay_turn(s, in);
    out[0] = env_segment_level(&s->env, &s->now);
}

LANE_FN struct env_view view_env_decay(state_words state)
{
    struct env_decay_state *s = state;
    return (struct env_view){&s->env, &s->now, s->gate};
}

#endif
