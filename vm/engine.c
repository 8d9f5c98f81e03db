/* engine.c - built once per lane width and ISA: VM_LANES voices a group, VM_VEC of them in a
 * vector, VM_ENGINE the table's name. Where the CPU's vectors are narrower than the group, each
 * kernel runs over the group's parts in turn (VM_LANES / VM_VEC of them). */
#include "vm/engine.h"
#include "vm/kernels.h"

enum { LANES = VM_LANES, VEC = VM_VEC, PARTS = LANES / VEC, SIDE = PARTS > 1 ? 2 : 1 };

_Static_assert(LANES % VEC == 0, "a group is a whole number of vectors");

extern const struct vm_engine VM_ENGINE;

LANE_FN lane load(const float *p)
{
    lane x;
    memcpy(&x, p, sizeof x);
    return x;
}

LANE_FN void store(float *p, lane x)
{
    memcpy(p, &x, sizeof x);
}

/* A part's state words, in a row as the kernel's struct has them. */
struct words {
    _Alignas(lane) unsigned char bytes[8 * sizeof(lane)];
};

LANE_FN void load_state(struct words *words, const uint32_t *state, unsigned count, unsigned part)
{
    for (unsigned w = 0; w < count; w++)
        memcpy(words->bytes + w * sizeof(lane), state + w * LANES + part * VEC, sizeof(lane));
}

LANE_FN void store_state(uint32_t *state, const struct words *words, unsigned count, unsigned part)
{
    for (unsigned w = 0; w < count; w++)
        memcpy(state + w * LANES + part * VEC, words->bytes + w * sizeof(lane), sizeof(lane));
}

typedef void kernel_fn(const lane *in, lane *out, void *state);

/* One kernel over the frames of a stretch. With everything but `frames` known at compile time
 * this folds into a plain loop: inputs that do not vary are loaded once, state stays in
 * registers, and a stateless kernel of one lane vectorises along time. Where a group has several
 * parts, two go side by side: each hides the other's latency. */
LANE_FN void loop(struct vm_call *c, uint32_t frames, kernel_fn *kernel, unsigned inputs,
                  unsigned outputs, unsigned words, uint32_t varying)
{
    for (unsigned first = 0; first < PARTS; first += SIDE) {
        const float *restrict from[SIDE][VM_OP_INPUTS];
        float *restrict to[SIDE][VM_OP_OUTPUTS];
        lane in[SIDE][VM_OP_INPUTS], out[VM_OP_OUTPUTS];
        struct words state[SIDE];
        for (unsigned s = 0; s < SIDE; s++) {
            for (unsigned j = 0; j < inputs; j++) {
                from[s][j] = c->in[j] + (first + s) * VEC;
                in[s][j] = load(from[s][j]);
            }
            for (unsigned j = 0; j < outputs; j++)
                to[s][j] = c->out[j] + (first + s) * VEC;
            load_state(&state[s], c->state, words, first + s);
        }
        for (uint32_t i = 0; i < frames; i++) {
            for (unsigned s = 0; s < SIDE; s++) {
                for (unsigned j = 0; j < inputs; j++)
                    if (varying >> j & 1)
                        in[s][j] = load(from[s][j] + (size_t)i * LANES);
                kernel(in[s], out, &state[s]);
                for (unsigned j = 0; j < outputs; j++)
                    store(to[s][j] + (size_t)i * LANES, out[j]);
            }
        }
        for (unsigned s = 0; s < SIDE; s++)
            store_state(c->state, &state[s], words, first + s);
    }
}

/* Ops of up to three inputs get a loop for each set of varying inputs. Ops of more get one for
 * the two common sets (the first input alone: a filter at rest; all: a filter on the move), and
 * one that looks while it runs. */
#define ONE_LOOP(name, mask)                                                                       \
    case mask:                                                                                     \
        loop(c, frames, k_##name, inputs, outputs, words, mask);                                   \
        return;

#define OP(id, name, n_in, n_out, n_state, imm, cost, algebra)                                     \
    static void run_##name(struct vm_call *c, uint32_t frames)                                     \
    {                                                                                              \
        enum { inputs = n_in, outputs = n_out, words = n_state, all = (1 << inputs) - 1 };         \
        if (inputs <= 3) {                                                                         \
            switch (c->varying & all) {                                                            \
                ONE_LOOP(name, 0)                                                                  \
                ONE_LOOP(name, 1)                                                                  \
                ONE_LOOP(name, 2)                                                                  \
                ONE_LOOP(name, 3)                                                                  \
                ONE_LOOP(name, 4)                                                                  \
                ONE_LOOP(name, 5)                                                                  \
                ONE_LOOP(name, 6)                                                                  \
                ONE_LOOP(name, 7)                                                                  \
            }                                                                                      \
        } else if (c->varying == 1)                                                                \
            loop(c, frames, k_##name, inputs, outputs, words, 1);                                  \
        else if (c->varying == all)                                                                \
            loop(c, frames, k_##name, inputs, outputs, words, all);                                \
        else                                                                                       \
            loop(c, frames, k_##name, inputs, outputs, words, c->varying);                         \
    }
#include "vm/ops.def"
#undef OP

static void (*const run_table[])(struct vm_call *, uint32_t) = {
#define OP(id, name, ...) run_##name,
#include "vm/ops.def"
#undef OP
};

/* out := w[n - d], linear between frames, d := in[0] frames held within low to high. */
static void read_port(struct vm_call *c, uint32_t frames)
{
    const struct vm_delay *d = c->delay;
    size_t stride = c->varying & 1 ? LANES : 0;
    for (unsigned l = 0; l < LANES; l++) {
        for (uint32_t i = 0; i < frames; i++) {
            float time = c->in[0][i * stride + l];
            time = time > d->low ? time : d->low;
            time = time < d->high ? time : d->high;
            uint32_t whole = (uint32_t)(int32_t)time;
            float part = time - (float)(int32_t)whole;
            uint32_t slot = d->at + i - whole;
            float a = d->ring[(size_t)(slot & d->mask) * LANES + l];
            float b = d->ring[(size_t)((slot - 1) & d->mask) * LANES + l];
            c->out[0][(size_t)i * LANES + l] = a + part * (b - a);
        }
    }
}

static void write_port(struct vm_call *c, uint32_t frames)
{
    const struct vm_delay *d = c->delay;
    size_t stride = c->varying & 1 ? LANES : 0;
    for (uint32_t i = 0; i < frames; i++) {
        float *slot = d->ring + (size_t)((d->at + i) & d->mask) * LANES;
        for (unsigned part = 0; part < PARTS; part++)
            store(slot + part * VEC, lane_flush(load(c->in[0] + i * stride + part * VEC)));
    }
}

static uint32_t not_finite(const float *values, uint32_t n)
{
    ilane bad = lane_iset(0);
    for (uint32_t i = 0; i < n; i += VEC) {
        ulane exponent = lane_bits(load(values + i)) & 0x7f800000u;
        bad |= lane_ieq((ilane)exponent, lane_iset(0x7f800000));
    }
    return (uint32_t)lane_any(bad);
}

const struct vm_engine VM_ENGINE = {LANES, run_table, read_port, write_port, not_finite};
