/* phased.h - private to vm/: the loop of PHASE_KERNELs. Only the phase needs the frame before: the
 * phases of some frames are made first. All else is the same for each frame and each lane, in rows
 * where neither matters: one function for groups of all widths, several vectors at once. */
#ifndef VM_OSC_PHASED_H
#define VM_OSC_PHASED_H

#include "vm/loop.h"
#include "vm/osc/kernels.h"

enum { PHASED_VALUES = 256, PHASED_FRAMES = PHASED_VALUES / LANES };

struct phased_block {
    uint32_t phase[PHASED_VALUES];
    float speed[PHASED_VALUES], window[PHASED_VALUES]; /* of osc_rate */
    float resting[VM_OP_INPUTS][PHASED_VALUES];
    const float *in[VM_OP_INPUTS]; /* but for in[0] */
};

/* n values, of which each lane's edges are at most `near` away. */
typedef void phased_fn(const struct phased_block *b, float *restrict out, uint32_t n, int near);

#define PHASED_FN_(values)       NAME(vm_##values##_, VM_ISA)
#define PHASED_FN(values)        PHASED_FN_(values)
#define VALUES_osc_saw           osc_saws
#define VALUES_osc_saw_from      osc_saws
#define VALUES_osc_pulse         osc_pulses
#define VALUES_osc_pulse_from    osc_pulses
#define VALUES_osc_triangle      osc_triangles
#define VALUES_osc_triangle_from osc_triangles
phased_fn PHASED_FN(osc_saws), PHASED_FN(osc_pulses), PHASED_FN(osc_triangles);

/* ---- phases ---- */

LANE_FN size_t phased_at(uint32_t frame, unsigned part)
{
    return (size_t)frame * LANES + (size_t)part * VEC;
}

LANE_FN ulane phased_load(const uint32_t *p)
{
    ulane x;
    memcpy(&x, p, sizeof x);
    return x;
}

LANE_FN void phased_store(uint32_t *p, ulane x)
{
    memcpy(p, &x, sizeof x);
}

/* How near an edge comes, of rates whose least window has these bits. */
LANE_FN int phased_near(ilane window)
{
    return osc_near(osc_period(lane_from_bits(lane_as_uint(window))));
}

/* Of a lane alone in words that gcc makes vectors of. */
LANE_FN ilane phased_least(ilane a, ilane b)
{
#if VM_VEC == 1
    return a < b ? a : b;
#else
    return lane_isel(lane_igt(a, b), b, a);
#endif
}

/* Phases and rates of n frames of a part whose frequencies move. */
LANE_FN int phased_moving(struct phased_block *b, const float *restrict freq, uint32_t *state,
                          uint32_t n, unsigned part)
{
    for (uint32_t i = 0; i < n; i++) {
        size_t at = phased_at(i, part);
        phased_store(b->phase + at, osc_increment(load(freq + at)));
    }
    ilane least = lane_iset(0x7fffffff); /* windows are positive: their bits are in their order */
    for (uint32_t i = 0; i < n; i++) {
        size_t at = phased_at(i, part);
        struct osc_rate r = osc_rate(phased_load(b->phase + at));
        ilane window = lane_as_int(lane_bits(r.window));
        least = phased_least(least, window);
        store(b->speed + at, r.speed);
        store(b->window + at, r.window);
    }
    ulane phase = phased_load(state + part * VEC);
    for (uint32_t i = 0; i < n; i++) {
        size_t at = phased_at(i, part);
        ulane step = phased_load(b->phase + at);
        phased_store(b->phase + at, phase);
        phase += step;
    }
    phased_store(state + part * VEC, phase);
    return phased_near(least);
}

/* Rates of n frames of a part at rest, and the phases of each block. */
LANE_FN int phased_rest(struct phased_block *b, const float *freq, uint32_t n, unsigned part)
{
    struct osc_rate r = osc_rate(osc_increment(load(freq + part * VEC)));
    for (uint32_t i = 0; i < n; i++) {
        store(b->speed + phased_at(i, part), r.speed);
        store(b->window + phased_at(i, part), r.window);
    }
    return phased_near(lane_as_int(lane_bits(r.window)));
}

LANE_FN void phased_resting(struct phased_block *b, const float *freq, uint32_t *state, uint32_t n,
                            unsigned part)
{
    ulane step = osc_increment(load(freq + part * VEC));
    ulane phase = phased_load(state + part * VEC);
    for (uint32_t i = 0; i < n; i++) {
        phased_store(b->phase + phased_at(i, part), phase);
        phase += step;
    }
    phased_store(state + part * VEC, phase);
}

LANE_FN int phased_greatest(int a, int b)
{
    return a > b ? a : b;
}

/* Later by in[] turns. */
LANE_FN void phased_start(struct phased_block *b, const float *turns, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        for (unsigned part = 0; part < PARTS; part++) {
            size_t at = phased_at(i, part);
            phased_store(b->phase + at, phased_load(b->phase + at) + osc_turns(load(turns + at)));
        }
}

LANE_FN void phased_loop(struct vm_call *c, uint32_t frames, phased_fn *values, unsigned inputs,
                         unsigned start)
{
    struct phased_block b;
    uint32_t most = frames < PHASED_FRAMES ? frames : PHASED_FRAMES;
    int moves = c->varying & 1, near = OSC_NONE;
    for (unsigned part = 0; part < PARTS && !moves; part++)
        near = phased_greatest(near, phased_rest(&b, c->in[0], most, part));
    for (unsigned j = 1; j < inputs; j++) {
        for (unsigned part = 0; part < PARTS && !(c->varying >> j & 1); part++)
            for (uint32_t i = 0; i < most; i++)
                store(b.resting[j] + phased_at(i, part), load(c->in[j] + part * VEC));
        b.in[j] = b.resting[j];
    }
    for (uint32_t i = 0, n; i < frames; i += n) {
        n = frames - i < most ? frames - i : most;
        for (unsigned j = 1; j < inputs; j++)
            if (c->varying >> j & 1)
                b.in[j] = c->in[j] + (size_t)i * LANES;
        if (moves)
            near = OSC_NONE;
        for (unsigned part = 0; part < PARTS; part++) {
            if (moves)
                near = phased_greatest(
                    near, phased_moving(&b, c->in[0] + (size_t)i * LANES, c->state, n, part));
            else
                phased_resting(&b, c->in[0], c->state, n, part);
        }
        if (start)
            phased_start(&b, b.in[start], n);
        values(&b, c->out[0] + (size_t)i * LANES, n * LANES, near);
    }
}

/* ---- values ---- */

/* The engine that makes them: of each ISA the one whose group is one of its vectors. */
#if VM_LANES == VM_VEC && VM_VEC > 1 && (VM_VEC == 4) == VM_IS_BASE

typedef void values_fn(lane *out, const ulane *phase, const struct osc_rates *r,
                       const lane *const *in, unsigned n);

/* One vector or two from value i on, of which the last has `count` values. */
LANE_FN void phased_some(const struct phased_block *b, float *out, uint32_t i, values_fn *values,
                         unsigned inputs, int near, unsigned vectors, unsigned count)
{
    ulane phase[2];
    lane in[2][VM_OP_INPUTS], value[2];
    const lane *const rows[] = {in[0], in[1]};
    struct osc_rates r = {.near = near};
    for (unsigned k = 0; k < vectors; k++) {
        const size_t from = i + k * VEC, size = (k + 1 < vectors ? VEC : count) * sizeof(float);
        for (unsigned j = 1; j < inputs; j++) {
            in[k][j] = lane_set(0.0f);
            memcpy(&in[k][j], b->in[j] + from, size);
        }
        phase[k] = phased_load(b->phase + from);
        osc_rates_set(&r, k, load(b->speed + from), load(b->window + from));
    }
    values(value, phase, &r, rows, vectors);
    for (unsigned k = 0; k < vectors; k++)
        memcpy(out + i + k * VEC, &value[k], (k + 1 < vectors ? VEC : count) * sizeof(float));
}

/* Two at once where an edge is rarely near; above, one has several polynomials of its own. */
LANE_FN void phased_values(const struct phased_block *b, float *restrict out, uint32_t n,
                           values_fn *values, unsigned inputs, int near)
{
    uint32_t i = 0;
    for (; near < OSC_HALF && i + 2 * VEC <= n; i += 2 * VEC)
        phased_some(b, out, i, values, inputs, near, 2, VEC);
    for (; i < n; i += VEC)
        phased_some(b, out, i, values, inputs, near, 1, n - i < VEC ? n - i : VEC);
}

/* `near` is known to each loop. */
#define PHASED_NEAR(values, inputs, which)                                                         \
    case which:                                                                                    \
        phased_values(b, out, n, values, inputs, which);                                           \
        break;
#define PHASED(values, inputs)                                                                     \
    void PHASED_FN(values)(const struct phased_block *b, float *restrict out, uint32_t n,          \
                           int near)                                                               \
    {                                                                                              \
        switch (near) {                                                                            \
            PHASED_NEAR(values, inputs, OSC_NONE)                                                  \
            PHASED_NEAR(values, inputs, OSC_QUARTER)                                               \
            PHASED_NEAR(values, inputs, OSC_HALF)                                                  \
            PHASED_NEAR(values, inputs, OSC_TURN)                                                  \
            PHASED_NEAR(values, inputs, OSC_TURN_AND_HALF)                                         \
            PHASED_NEAR(values, inputs, OSC_TWO_AND_HALF)                                          \
        }                                                                                          \
    }
PHASED(osc_saws, 1)
PHASED(osc_pulses, 2)
PHASED(osc_triangles, 1)

#endif

#endif
