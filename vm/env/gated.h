/* gated.h - private to vm/: the loop of envelopes that look at their inputs where their gate turns
 * or an attack is over. From one such frame to the next they are in one segment; and most of the
 * time they are at its end, in a value that stays. */
#ifndef VM_ENV_GATED_H
#define VM_ENV_GATED_H

#include "vm/env/kernels.h"
#include "vm/loop.h"

typedef struct env_view env_view_fn(void *state);

LANE_FN int gated_all(ilane mask)
{
    return !lane_any(~mask);
}

/* Each voice is at its segment's end: it gives the same from frame to frame. */
LANE_FN int gated_is_still(const struct env_view *v)
{
    return gated_all(~v->now->attack & lane_ge(lane_from_int(v->env->n), v->now->frames));
}

/* Frames, at most `most`, before the one in which an attack is over in some voice, and in which no
 * count of frames reaches its end; 0 also where that is not sure. */
LANE_FN uint32_t gated_until(const struct env_view *v, uint32_t most)
{
    lane frames = lane_clamp(v->now->frames, -1.0f, 16777217.0f);
    ilane whole = lane_to_int(frames);
    whole -= lane_lt(lane_from_int(whole), frames);
    ilane n = v->env->n;
    ilane sure = lane_igt(n, lane_iset(-1)) & lane_igt(lane_iset(ENV_SEGMENT_MOST - (1 << 16)), n);
    ilane left = lane_isel(v->now->attack, lane_isub(whole, n), lane_iset((int32_t)most)) & sure;
    int32_t each[VEC], least = (int32_t)most;
    memcpy(each, &left, sizeof each);
    for (unsigned l = 0; l < VEC; l++)
        least = each[l] < least ? each[l] : least;
    return least > 0 ? (uint32_t)least : 0;
}

/* Frames, at most `most`, before the gate turns in some voice. */
LANE_FN uint32_t gated_same(const float *gate, ilane on, uint32_t most)
{
    uint32_t i = 0;
    for (; i + 4 <= most; i += 4) {
        ilane turn = lane_iset(0);
        for (unsigned k = 0; k < 4; k++)
            turn |= lane_gt(load(gate + (size_t)(i + k) * LANES), lane_set(0.0f)) ^ on;
        if (lane_any(turn))
            break;
    }
    while (i < most && !lane_any(lane_gt(load(gate + (size_t)i * LANES), lane_set(0.0f)) ^ on))
        i++;
    return i;
}

/* env_segment_level of each frame; `n` is far from its end. */
LANE_FN void gated_segment(const struct env_view *v, float *restrict out, uint32_t frames)
{
    struct env_state env = *v->env;
    const struct env_now now = *v->now;
    const ilane first = env.n;
    for (uint32_t i = 0; i < frames; i++) {
        env.n = first + (int32_t)i;
        store(out + (size_t)i * LANES, env_segment_level(&env, &now));
    }
    *v->env = env;
}

LANE_FN void gated_stay(const struct env_view *v, float *restrict out, uint32_t frames)
{
    lane level = env_segment_level(v->env, v->now);
    for (uint32_t i = 0; i < frames; i++)
        store(out + (size_t)i * LANES, level);
    v->env->n = env_segment_later(v->env->n, (int32_t)frames - 1);
}

/* Frames that need no look at an input, done; the frames done. */
LANE_FN uint32_t gated_run(const struct env_view *v, const float *gate, float *out, uint32_t most)
{
    int still = gated_is_still(v);
    if (!still)
        most = gated_until(v, most);
    if (gate)
        most = gated_same(gate, v->on, most);
    if (most == 0)
        return 0;
    if (still)
        gated_stay(v, out, most);
    else
        gated_segment(v, out, most);
    return most;
}

/* in[0] is the gate; no other input varies. */
LANE_FN void gated_loop(struct vm_call *c, uint32_t frames, kernel_fn *kernel, env_view_fn *view,
                        unsigned inputs, unsigned words)
{
    for (unsigned part = 0; part < PARTS; part++) {
        _Alignas(lane) unsigned char state[STATE_BYTES];
        lane in[VM_OP_INPUTS], out;
        const float *gate = c->in[0] + (size_t)part * VEC;
        float *to = c->out[0] + (size_t)part * VEC;
        struct memory memory = memory_of(c, VM_NOTHING, part);
        for (unsigned j = 0; j < inputs; j++)
            in[j] = load(c->in[j] + (size_t)part * VEC);
        load_state(state, c->state, words, part);
        for (uint32_t i = 0; i < frames;) {
            size_t at = (size_t)i * LANES;
            in[0] = load(gate + (c->varying ? at : 0));
            kernel(in, &out, state, &memory);
            store(to + at, out);
            at += LANES;
            i++;
            struct env_view v = view(state);
            i += gated_run(&v, c->varying ? gate + at : NULL, to + at, frames - i);
        }
        store_state(c->state, state, words, part);
    }
}

#endif
