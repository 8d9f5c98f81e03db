/* loop.h - private to vm/: the loop of a kernel over the frames of a stretch; loops.c and pairs.c,
 * built once per lane width and ISA, make their functions of it. */
#ifndef VM_LOOP_H
#define VM_LOOP_H

#include "vm/call.h"
#include "vm/kernel.h"
#include "vm/memory.h"
#include "vm/width.h"

enum {
    SIDE = PARTS > 1 ? 2 : 1,
    STRETCH = 4, /* words that a steady kernel keeps for a stretch */
    AHEAD = 3,   /* frames that the first of a pair may be before the second */
    APART = 128, /* and of a lane alone */
};

/* A part's state words, in a row as the kernel's struct has them. They are moved as lanes: of a
 * lane alone gcc makes memcpy an integer's, and then keeps the kernel's floats in integer
 * registers. */
typedef lane any_lane __attribute__((may_alias));

LANE_FN void load_state(unsigned char *words, const uint32_t *state, unsigned count, unsigned part)
{
    for (unsigned w = 0; w < count; w++) {
        lane x;
        memcpy(&x, state + w * LANES + part * VEC, sizeof x);
        ((any_lane *)words)[w] = x;
    }
}

LANE_FN void store_state(uint32_t *state, const unsigned char *words, unsigned count, unsigned part)
{
    for (unsigned w = 0; w < count; w++) {
        lane x = ((const any_lane *)words)[w];
        memcpy(state + w * LANES + part * VEC, &x, sizeof x);
    }
}

LANE_FN struct memory memory_of(const struct vm_call *c, unsigned kind, unsigned part)
{
    struct memory m = {.rate = (float)(1u << c->rate), .share = 1.0f / (float)(1u << c->rate)};
    if (kind == VM_RING || kind == VM_TAP || kind == VM_RING_TABLE) {
        m.ring = c->delay->ring + part * VEC;
        m.mask = c->delay->mask;
        m.now = c->delay->at;
        m.low = c->delay->low;
        m.high = c->delay->high;
    }
    if (kind == VM_TABLE || kind == VM_RING_TABLE) {
        m.table = c->table->values;
        m.length = c->table->length;
    }
    return m;
}

typedef void kernel_fn(const lane *in, lane *out, void *state, const struct memory *memory);

/* The second op of a pair: `own` are its own inputs, `between` what the first gave. */
typedef void after_fn(const lane *own, const lane *between, lane *out, void *state,
                      const struct memory *memory);

enum { STATE_BYTES = VM_OP_STATE * sizeof(lane) };

/* Frames of a stretch of the parts side by side. */
LANE_FN void span(const float *restrict (*from)[VM_OP_INPUTS], float *restrict (*to)[VM_OP_OUTPUTS],
                  lane (*in)[VM_OP_INPUTS], unsigned char (*state)[STATE_BYTES],
                  struct memory *memory, uint32_t start, uint32_t end, kernel_fn *kernel,
                  unsigned inputs, unsigned outputs, uint32_t varying)
{
    lane out[VM_OP_OUTPUTS];
    for (uint32_t i = start; i < end; i++) {
        for (unsigned s = 0; s < SIDE; s++) {
            for (unsigned j = 0; j < inputs; j++)
                if (varying >> j & 1)
                    in[s][j] = load(from[s][j] + (size_t)i * LANES);
            kernel(in[s], out, state[s], &memory[s]);
            memory[s].now++;
            for (unsigned j = 0; j < outputs; j++)
                store(to[s][j] + (size_t)i * LANES, out[j]);
        }
    }
}

/* The same of two kernels, of which the first has no state and takes long, and the second waits for
 * itself from frame to frame: of a lane alone the first is APART frames before, which become
 * vectors. */
LANE_FN void span_apart(const float *restrict (*from)[VM_OP_INPUTS],
                        float *restrict (*to)[VM_OP_OUTPUTS], lane (*in)[VM_OP_INPUTS],
                        unsigned char (*state)[STATE_BYTES], struct memory *memory, uint32_t frames,
                        kernel_fn *first, after_fn *second, unsigned own, unsigned inputs,
                        unsigned outputs, uint32_t varying)
{
    float between[VM_OP_OUTPUTS][APART];
    for (uint32_t i = 0, n; i < frames; i += n) {
        n = frames - i < APART ? frames - i : APART;
        for (uint32_t k = 0; k < n; k++) {
            lane x[VM_OP_INPUTS], given[VM_OP_OUTPUTS] = {0};
            for (unsigned j = own; j < inputs; j++)
                x[j] = varying >> j & 1 ? load(from[0][j] + i + k) : in[0][j];
            first(x + own, given, NULL, &memory[0]);
            for (unsigned j = 0; j < VM_OP_OUTPUTS; j++)
                store(&between[j][k], given[j]);
        }
        for (uint32_t k = 0; k < n; k++) {
            lane given[VM_OP_OUTPUTS], out[VM_OP_OUTPUTS];
            for (unsigned j = 0; j < own; j++)
                if (varying >> j & 1)
                    in[0][j] = load(from[0][j] + i + k);
            for (unsigned j = 0; j < VM_OP_OUTPUTS; j++)
                given[j] = load(&between[j][k]);
            second(in[0], given, out, state[0], &memory[0]);
            for (unsigned j = 0; j < outputs; j++)
                store(to[0][j] + i + k, out[j]);
        }
    }
}

/* The same of many lanes: the first is AHEAD frames before. In one frame, the second's waiting
 * instructions would fill the CPU's window before it sees the next frame's first. Returns where it
 * ended: what is left is not enough to be ahead of. */
LANE_FN uint32_t span_ahead(const float *restrict (*from)[VM_OP_INPUTS],
                            float *restrict (*to)[VM_OP_OUTPUTS], lane (*in)[VM_OP_INPUTS],
                            unsigned char (*state)[STATE_BYTES], struct memory *memory,
                            uint32_t frames, kernel_fn *first, after_fn *second, unsigned own,
                            unsigned inputs, unsigned outputs, uint32_t varying)
{
    lane between[AHEAD][SIDE][VM_OP_OUTPUTS], out[VM_OP_OUTPUTS];
    uint32_t i = 0;
    for (unsigned k = 0; k < AHEAD && frames >= 2 * AHEAD; k++) {
        for (unsigned s = 0; s < SIDE; s++) {
            for (unsigned j = own; j < inputs; j++)
                if (varying >> j & 1)
                    in[s][j] = load(from[s][j] + (size_t)k * LANES);
            first(in[s] + own, between[k][s], NULL, &memory[s]);
        }
    }
    for (; i + 2 * AHEAD <= frames; i += AHEAD) {
#pragma GCC unroll 3
        for (unsigned k = 0; k < AHEAD; k++) {
            for (unsigned s = 0; s < SIDE; s++) {
                for (unsigned j = 0; j < own; j++)
                    if (varying >> j & 1)
                        in[s][j] = load(from[s][j] + (size_t)(i + k) * LANES);
                second(in[s], between[k][s], out, state[s], &memory[s]);
                for (unsigned j = 0; j < outputs; j++)
                    store(to[s][j] + (size_t)(i + k) * LANES, out[j]);
                for (unsigned j = own; j < inputs; j++)
                    if (varying >> j & 1)
                        in[s][j] = load(from[s][j] + (size_t)(i + k + AHEAD) * LANES);
                first(in[s] + own, between[k][s], NULL, &memory[s]);
            }
        }
    }
    return i;
}

LANE_FN void late_out(float *restrict (*to)[VM_OP_OUTPUTS], lane (*between)[LATE_VALUES],
                      const struct memory *memory, uint32_t frame, after_fn *second,
                      unsigned outputs)
{
    lane out[VM_OP_OUTPUTS];
    for (unsigned s = 0; s < SIDE; s++) {
        second(NULL, between[s], out, NULL, &memory[s]);
        for (unsigned j = 0; j < outputs; j++)
            store(to[s][j] + (size_t)frame * LANES, out[j]);
    }
}

/* The same of a kernel in two parts, of which `first` alone has state, and waits for itself from
 * frame to frame: what `second` makes of its values comes after the next frame's first, so that the
 * CPU, which takes what is older first, does not keep that waiting. */
LANE_FN void span_late(const float *restrict (*from)[VM_OP_INPUTS],
                       float *restrict (*to)[VM_OP_OUTPUTS], lane (*in)[VM_OP_INPUTS],
                       unsigned char (*state)[STATE_BYTES], struct memory *memory, uint32_t frames,
                       kernel_fn *first, after_fn *second, unsigned inputs, unsigned outputs,
                       uint32_t varying)
{
    lane between[SIDE][LATE_VALUES], next[SIDE][LATE_VALUES];
    for (unsigned s = 0; s < SIDE; s++)
        first(in[s], between[s], state[s], &memory[s]);
    for (uint32_t i = 1; i < frames; i++) {
        for (unsigned s = 0; s < SIDE; s++) {
            for (unsigned j = 0; j < inputs; j++)
                if (varying >> j & 1)
                    in[s][j] = load(from[s][j] + (size_t)i * LANES);
            first(in[s], next[s], state[s], &memory[s]);
        }
        late_out(to, between, memory, i - 1, second, outputs);
        memcpy(between, next, sizeof between);
    }
    late_out(to, between, memory, frames - 1, second, outputs);
}

/* One kernel over the frames of a stretch. With everything but `frames` known at compile time
 * this folds into a plain loop: inputs that do not vary are loaded once, state stays in
 * registers, and a stateless kernel of one lane vectorises along time. Where a group has several
 * parts, two go side by side: each hides the other's latency. A kernel that `asks` is told from the
 * second frame on which inputs rest. A pair has `more` state words elsewhere;
 * one whose first may go ahead has its ops apart, too: `before`, and `after` with `own` inputs. */
LANE_FN void loop(struct vm_call *c, uint32_t frames, kernel_fn *kernel, unsigned inputs,
                  unsigned outputs, unsigned words, unsigned more, unsigned kind, uint32_t varying,
                  unsigned asks, kernel_fn *before, after_fn *after, unsigned own)
{
    for (unsigned first = 0; first < PARTS; first += SIDE) {
        const float *restrict from[SIDE][VM_OP_INPUTS];
        float *restrict to[SIDE][VM_OP_OUTPUTS];
        lane in[SIDE][VM_OP_INPUTS];
        _Alignas(lane) unsigned char state[SIDE][STATE_BYTES];
        struct memory memory[SIDE];
        for (unsigned s = 0; s < SIDE; s++) {
            for (unsigned j = 0; j < inputs; j++) {
                from[s][j] = c->in[j] + (first + s) * VEC;
                in[s][j] = load(from[s][j]);
            }
            for (unsigned j = 0; j < outputs; j++)
                to[s][j] = c->out[j] + (first + s) * VEC;
            if (asks)
                memset(state[s] + words * sizeof(lane), 0, STRETCH * sizeof(lane));
            load_state(state[s], c->state, words, first + s);
            load_state(state[s] + words * sizeof(lane), c->more, more, first + s);
            memory[s] = memory_of(c, kind, first + s);
        }
        if (asks) {
            span(from, to, in, state, memory, 0, 1, kernel, inputs, outputs, varying);
            for (unsigned s = 0; s < SIDE; s++)
                memory[s].steady = ~varying;
        }
        uint32_t start = asks;
        if (kind == VM_LATE)
            span_late(from, to, in, state, memory, frames, before, after, inputs, outputs, varying);
        else if (before && VEC == 1) {
            span_apart(from, to, in, state, memory, frames, before, after, own, inputs, outputs,
                       varying);
            start = frames;
        } else if (before)
            start = span_ahead(from, to, in, state, memory, frames, before, after, own, inputs,
                               outputs, varying);
        if (kind != VM_LATE)
            span(from, to, in, state, memory, start, frames, kernel, inputs, outputs, varying);
        for (unsigned s = 0; s < SIDE; s++) {
            store_state(c->state, state[s], words, first + s);
            store_state(c->more, state[s] + words * sizeof(lane), more, first + s);
        }
    }
}

#endif
