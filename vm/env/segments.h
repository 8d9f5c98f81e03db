/* segments.h - envelopes of bent segments: env.ahdsr, env.line, env.points.
 *
 * A segment of `frames` frames goes from `start` at its frame 0 towards `target`,
 *   level := start + (target - start) y(n/frames), n < frames;  target from n = frames on,
 * so that its end is exact to the frame and to the bit. Nothing is fed back but the level a segment
 * starts from: errors do not add up. */
#ifndef VM_ENV_SEGMENTS_H
#define VM_ENV_SEGMENTS_H

#include "vm/env/curve.h"

enum { ENV_AHDSR_RELEASE, ENV_AHDSR_ATTACK, ENV_AHDSR_HOLD, ENV_AHDSR_DECAY };

/* Frames a segment may count: more than the longest has. */
enum { ENV_SEGMENT_MOST = 1 << 28 };

LANE_FN ilane env_segment_next(ilane n)
{
    return n + (lane_igt(lane_iset(ENV_SEGMENT_MOST), n) & lane_iset(1));
}

/* The same `frames` times, n no less than 0. */
LANE_FN ilane env_segment_later(ilane n, int32_t frames)
{
    ilane later = lane_iadd(n, lane_iset(frames)), most = lane_iset(ENV_SEGMENT_MOST);
    later = lane_isel(lane_igt(later, most), most, later);
    return lane_isel(lane_igt(most, n), later, n);
}

struct env_ahdsr_state {
    ilane stage, n; /* ENV_AHDSR_*; frames since it began */
};

/* Where an envelope is. in: gate, attack frames and step, hold frames, decay frames and step,
 * release frames and step. out: stage; its share that has passed, 0 at its first frame alone, 1
 * where it is over. A rise of the gate begins the attack, a fall the release; attack, hold, and
 * decay follow each other, those of no frames within a frame. */
KERNEL(env_ahdsr)
{
    struct env_ahdsr_state *s = state;
    ilane on = lane_gt(in[0], lane_set(0.0f));
    ilane change = on ^ lane_igt(s->stage, lane_iset(ENV_AHDSR_RELEASE));
    s->stage = lane_isel(change, on & lane_iset(ENV_AHDSR_ATTACK), s->stage);
    s->n = s->n & ~change;
    ilane full =
        lane_ieq(s->stage, lane_iset(ENV_AHDSR_ATTACK)) & lane_ge(lane_from_int(s->n), in[1]);
    s->stage = lane_isel(full, lane_iset(ENV_AHDSR_HOLD), s->stage);
    s->n = s->n & ~full;
    ilane held = lane_ieq(s->stage, lane_iset(ENV_AHDSR_HOLD));
    full = held & lane_ge(lane_from_int(s->n), in[3]);
    s->stage = lane_isel(full, lane_iset(ENV_AHDSR_DECAY), s->stage);
    s->n = s->n & ~full;
    held = held & ~full;
    ilane attack = lane_ieq(s->stage, lane_iset(ENV_AHDSR_ATTACK));
    ilane decay = lane_ieq(s->stage, lane_iset(ENV_AHDSR_DECAY));
    lane frames = lane_sel(attack, in[1], lane_sel(decay, in[4], in[6]));
    lane step = lane_sel(attack, in[2], lane_sel(decay, in[5], in[7]));
    lane n = lane_from_int(s->n);
    out[0] = lane_from_int(s->stage);
    out[1] = lane_sel(held | lane_ge(n, frames), lane_set(1.0f), n * step);
    s->n = env_segment_next(s->n);
}

struct env_oneshot_state {
    ilane stage, n; /* as env_ahdsr; release: never begun */
    ilane gate;     /* mask: on in the last frame */
};

/* in: gate, attack frames and step, decay frames and step. out: as env_ahdsr. */
KERNEL(env_oneshot)
{
    struct env_oneshot_state *s = state;
    ilane on = lane_gt(in[0], lane_set(0.0f));
    ilane rise = on & ~s->gate;
    s->gate = on;
    s->stage = lane_isel(rise, lane_iset(ENV_AHDSR_ATTACK), s->stage);
    s->n = s->n & ~rise;
    ilane full =
        lane_ieq(s->stage, lane_iset(ENV_AHDSR_ATTACK)) & lane_ge(lane_from_int(s->n), in[1]);
    s->stage = lane_isel(full, lane_iset(ENV_AHDSR_DECAY), s->stage);
    s->n = s->n & ~full;
    ilane attack = lane_ieq(s->stage, lane_iset(ENV_AHDSR_ATTACK));
    lane frames = lane_sel(attack, in[1], in[3]);
    lane n = lane_from_int(s->n);
    out[0] = lane_from_int(s->stage);
    out[1] = lane_sel(lane_ge(n, frames), lane_set(1.0f), n * lane_sel(attack, in[2], in[4]));
    s->n = env_segment_next(s->n);
}

/* The curve of a stage. in: stage, then k and r of attack, decay, release. */
KERNEL(env_pick)
{
    (void)state;
    ilane attack = lane_lt(in[0], lane_set(1.5f)) & lane_gt(in[0], lane_set(0.5f));
    ilane decay = lane_gt(in[0], lane_set(2.5f));
    out[0] = lane_sel(attack, in[1], lane_sel(decay, in[3], in[5]));
    out[1] = lane_sel(attack, in[2], lane_sel(decay, in[4], in[6]));
}

struct env_bend_state {
    lane level, start; /* last output; level at the stage's first frame */
};

/* in: stage and share t of env_ahdsr, sustain, k, r.
 *   t = 0: start := level;  out := t < 1 ? start + (target - start) y(t) : target
 * Decay starts from 1, target is 1, 1, sustain, 0 in attack, hold, decay, release. */
KERNEL(env_bend)
{
    struct env_bend_state *s = state;
    ilane decay = lane_gt(in[0], lane_set(2.5f));
    ilane up = lane_gt(in[0], lane_set(0.5f)) & ~decay;
    s->start = lane_sel(lane_le(in[1], lane_set(0.0f)), s->level, s->start);
    lane start = lane_sel(decay, lane_set(1.0f), s->start);
    lane target = lane_sel(up, lane_set(1.0f), lane_sel(decay, in[2], lane_set(0.0f)));
    lane level = start + (target - start) * curve_bend(in[1], in[3], in[4]);
    s->level = lane_sel(lane_ge(in[1], lane_set(1.0f)), target, level);
    out[0] = s->level;
}

struct env_line_state {
    ilane gate, begun, n; /* masks: on in the last frame, ever on; frames since it rose */
};

/* in: gate, from, to, frames, step, k, r. 0 until the gate rises for the first time. */
KERNEL(env_line)
{
    struct env_line_state *s = state;
    ilane on = lane_gt(in[0], lane_set(0.0f));
    ilane rise = on & ~s->gate;
    s->gate = on;
    s->begun = s->begun | rise;
    s->n = s->n & ~rise;
    lane n = lane_from_int(s->n);
    lane level = in[1] + (in[2] - in[1]) * curve_bend(n * in[4], in[5], in[6]);
    level = lane_sel(lane_ge(n, in[3]), in[2], level);
    out[0] = lane_sel(s->begun, level, lane_set(0.0f));
    s->n = env_segment_next(s->n);
}

/* ---- points ---- */

enum { ENV_POINTS_AT_ONCE = 4 }; /* rows that may be over in one frame */

struct env_points_state {
    lane level, start, target, frames, k, r;
    ilane row, n, gate; /* row from 1, 0 at rest; frames since it began; mask: was on */
};

/* Its inputs but for the gate, as numbers of rows. */
struct env_points_in {
    lane stretch;
    ilane sustain, loop, wide; /* mask: rows of 3 and not of 2 */
};

LANE_FN ilane env_points_row(lane x)
{
    return lane_to_int(lane_clamp(x, 0.0f, 65536.0f));
}

/* Where mask: row `row` begins from the level that is; beyond the last one, rest. */
LANE_FN void env_points_enter(struct env_points_state *s, const struct memory *m,
                              const struct env_points_in *p, ilane mask, ilane row)
{
    ilane last = lane_isel(p->wide, lane_iset((int32_t)(m->length / 3)),
                           lane_iset((int32_t)(m->length / 2)));
    row = row & ~lane_igt(row, last);
    ilane before = lane_isub(row, lane_iset(1));
    ilane at = lane_iadd(lane_iadd(before, before), before & p->wide);
    lane time = table_read(m, at) * VM_RATE;
    lane frames = held_seconds(time * p->stretch + 0.5f, 0.0f, 16777216.0f, m);
    frames = lane_from_int(lane_to_int(frames));
    lane least = lane_sel(lane_ge(time, lane_set(0.5f)), lane_set(1.0f), lane_set(0.0f));
    lane curve = lane_sel(p->wide, table_read(m, lane_iadd(at, lane_iset(2))), lane_set(0.0f)), k,
         r;
    curve_of(curve, &k, &r);
    s->row = lane_isel(mask, row, s->row);
    s->n = s->n & ~mask;
    s->start = lane_sel(mask, s->level, s->start);
    s->frames = lane_sel(mask, lane_max(frames, least), s->frames);
    s->target = lane_sel(mask, table_read(m, lane_iadd(at, lane_iset(1))), s->target);
    s->k = lane_sel(mask, k, s->k);
    s->r = lane_sel(mask, r, s->r);
}

/* Goes on to the next row where one is over, from the sustain row to the loop's; 1 if anywhere. */
LANE_FN int env_points_advance(struct env_points_state *s, const struct memory *m,
                               const struct env_points_in *p)
{
    ilane full = lane_igt(s->row, lane_iset(0)) & lane_ge(lane_from_int(s->n), s->frames);
    ilane at = lane_ieq(s->row, p->sustain) & s->gate;
    full = full & ~(at & lane_ieq(p->loop, lane_iset(0)));
    if (!lane_any(full))
        return 0;
    s->level = lane_sel(full, s->target, s->level);
    env_points_enter(s, m, p, full, lane_isel(at, p->loop, lane_iadd(s->row, lane_iset(1))));
    return 1;
}

/* in: gate, stretch, sustain row and loop row, from 1, 0: none; 3 where the table has rows of time,
 * level and curve, 2 where they have no curve. A rise of the gate begins row 1; with a sustain row,
 * that row's level is held while the gate is on, or the rows from the loop's are gone through
 * again, and a fall begins the row after it. At the end the last level stays. */
MEMORY_KERNEL(env_points)
{
    struct env_points_state *s = state;
    struct env_points_in p = {in[1], env_points_row(in[2]), env_points_row(in[3]),
                              lane_gt(in[4], lane_set(2.5f))};
    ilane on = lane_gt(in[0], lane_set(0.0f));
    ilane rise = on & ~s->gate;
    ilane left = lane_igt(s->row, lane_iset(0)) & ~lane_igt(s->row, p.sustain);
    ilane fall = s->gate & ~on & left;
    s->gate = on;
    if (lane_any(rise | fall))
        env_points_enter(s, memory, &p, rise | fall,
                         lane_isel(rise, lane_iset(1), p.sustain + lane_iset(1)));
    for (int i = 0; i < ENV_POINTS_AT_ONCE && env_points_advance(s, memory, &p); i++)
        ;
    lane n = lane_from_int(s->n);
    lane t = n / lane_max(s->frames, lane_set(1.0f));
    lane level = s->start + (s->target - s->start) * curve_bend(t, s->k, s->r);
    level = lane_sel(lane_ge(n, s->frames), s->target, level);
    s->level = lane_sel(lane_igt(s->row, lane_iset(0)), level, s->level);
    out[0] = s->level;
    s->n = env_segment_next(s->n);
}

#endif
