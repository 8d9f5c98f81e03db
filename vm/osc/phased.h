/* phased.h - private to vm/: the loop of PHASE_KERNELs in a group of one lane. Only the phase needs
 * the frame before: the phases of some frames are made first, and all else is the same for each of
 * them, side by side in vectors. */
#ifndef VM_OSC_PHASED_H
#define VM_OSC_PHASED_H

#include "vm/loop.h"
#include "vm/osc/kernels.h"

#if VM_LANES == 1

enum { PHASED_BLOCK = 128 }; /* frames */

struct phased_block {
    uint32_t phase[PHASED_BLOCK], step[PHASED_BLOCK];
    float in[VM_OP_INPUTS][PHASED_BLOCK]; /* but for in[0] */
};

typedef lane at_fn(ulane phase, struct osc_rate r, const lane *in);

LANE_FN void phased_fill(struct phased_block *b, const struct vm_call *c, uint32_t at, uint32_t n,
                         unsigned inputs)
{
    for (unsigned j = 1; j < inputs; j++) {
        if (c->varying >> j & 1)
            memcpy(b->in[j], c->in[j] + at, n * sizeof(float));
        else
            for (uint32_t i = 0; i < n; i++)
                b->in[j][i] = c->in[j][0];
    }
}

/* Makes the phases; returns osc_rate's `near` of all frames. */
LANE_FN int phased_run(struct phased_block *b, const struct vm_call *c, uint32_t at, uint32_t n)
{
    uint32_t phase = c->state[0];
    float speed[PHASED_BLOCK], fastest = 0.0f;
    if (c->varying & 1)
        for (uint32_t i = 0; i < n; i++)
            b->step[i] = osc_increment(c->in[0][at + i]);
    else
        for (uint32_t i = 0; i < n; i++)
            b->step[i] = osc_increment(c->in[0][0]);
    for (uint32_t i = 0; i < n; i++)
        speed[i] = lane_abs(lane_from_int(lane_as_int(b->step[i])));
    for (uint32_t i = 0; i < n; i++) {
        fastest = lane_max(speed[i], fastest);
        b->phase[i] = phase;
        phase += b->step[i];
    }
    c->state[0] = phase;
    struct osc_rate r = osc_rate_of(fastest, OSC_ASK);
    return osc_near(&r);
}

LANE_FN void phased_values(const struct phased_block *b, float *restrict out, uint32_t n, at_fn *at,
                           unsigned inputs, int near)
{
    for (uint32_t i = 0; i < n; i++) {
        lane in[VM_OP_INPUTS];
        for (unsigned j = 1; j < inputs; j++)
            in[j] = b->in[j][i];
        out[i] = at(b->phase[i], osc_rate(b->step[i], near), in);
    }
}

LANE_FN void phased_loop(struct vm_call *c, uint32_t frames, at_fn *at, unsigned inputs)
{
    struct phased_block b;
    for (uint32_t i = 0, n; i < frames; i += n) {
        n = frames - i < PHASED_BLOCK ? frames - i : PHASED_BLOCK;
        phased_fill(&b, c, i, n, inputs);
        switch (phased_run(&b, c, i, n)) {
        case OSC_NONE:
            phased_values(&b, c->out[0] + i, n, at, inputs, OSC_NONE);
            break;
        case OSC_QUARTER:
            phased_values(&b, c->out[0] + i, n, at, inputs, OSC_QUARTER);
            break;
        case OSC_HALF:
            phased_values(&b, c->out[0] + i, n, at, inputs, OSC_HALF);
            break;
        case OSC_TURN:
            phased_values(&b, c->out[0] + i, n, at, inputs, OSC_TURN);
            break;
        case OSC_TURN_AND_HALF:
            phased_values(&b, c->out[0] + i, n, at, inputs, OSC_TURN_AND_HALF);
            break;
        default:
            phased_values(&b, c->out[0] + i, n, at, inputs, OSC_TWO_AND_HALF);
        }
    }
}

#endif

#endif
