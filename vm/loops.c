/* loops.c - a family's kernels wrapped in loops over the frames of a stretch: built once per
 * family, lane width and ISA. VM_OPS and VM_KERNELS are the family's files, the rest width.h says.
 */
#include "vm/call.h"
#include "vm/width.h"
#include VM_KERNELS

enum { SIDE = PARTS > 1 ? 2 : 1 };

/* A part's state words, in a row as the kernel's struct has them. */
LANE_FN void load_state(unsigned char *words, const uint32_t *state, unsigned count, unsigned part)
{
    for (unsigned w = 0; w < count; w++)
        memcpy(words + w * sizeof(lane), state + w * LANES + part * VEC, sizeof(lane));
}

LANE_FN void store_state(uint32_t *state, const unsigned char *words, unsigned count, unsigned part)
{
    for (unsigned w = 0; w < count; w++)
        memcpy(state + w * LANES + part * VEC, words + w * sizeof(lane), sizeof(lane));
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

/* One kernel over the frames of a stretch. With everything but `frames` known at compile time
 * this folds into a plain loop: inputs that do not vary are loaded once, state stays in
 * registers, and a stateless kernel of one lane vectorises along time. Where a group has several
 * parts, two go side by side: each hides the other's latency. */
LANE_FN void loop(struct vm_call *c, uint32_t frames, kernel_fn *kernel, unsigned inputs,
                  unsigned outputs, unsigned words, unsigned kind, uint32_t varying)
{
    enum { STATE = VM_OP_STATE * sizeof(lane) };
    for (unsigned first = 0; first < PARTS; first += SIDE) {
        const float *restrict from[SIDE][VM_OP_INPUTS];
        float *restrict to[SIDE][VM_OP_OUTPUTS];
        lane in[SIDE][VM_OP_INPUTS], out[VM_OP_OUTPUTS];
        _Alignas(lane) unsigned char state[SIDE][STATE];
        struct memory memory[SIDE];
        for (unsigned s = 0; s < SIDE; s++) {
            for (unsigned j = 0; j < inputs; j++) {
                from[s][j] = c->in[j] + (first + s) * VEC;
                in[s][j] = load(from[s][j]);
            }
            for (unsigned j = 0; j < outputs; j++)
                to[s][j] = c->out[j] + (first + s) * VEC;
            load_state(state[s], c->state, words, first + s);
            memory[s] = memory_of(c, kind, first + s);
        }
        for (uint32_t i = 0; i < frames; i++) {
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
        for (unsigned s = 0; s < SIDE; s++)
            store_state(c->state, state[s], words, first + s);
    }
}

/* Which inputs vary is known to the compiler in the common cases: each set of up to two inputs; of
 * more, the first alone (a filter at rest), all (a filter on the move), and for an op with state
 * none. A loop that looks while it runs takes the others, and ops with much state or memory, whose
 * kernel is so long that what stands around it does not matter. An op without state that runs on
 * uniform values alone runs for one frame, where a value is as good as a signal. */
#define ONE_LOOP(name, mask) loop(c, frames, k_##name, inputs, outputs, words, kind, mask)

#define LOOPS(name, n_in, n_out, n_state, memory)                                                  \
    const unsigned inputs = n_in, outputs = n_out, words = n_state, kind = memory;                 \
    const uint32_t all = (1u << inputs) - 1;                                                       \
    _Static_assert(n_in <= (int)VM_OP_INPUTS && n_out <= (int)VM_OP_OUTPUTS &&                     \
                       n_state <= (int)VM_OP_STATE,                                                \
                   "a row is within the machine's limits");                                        \
    if (words > 8 || kind != VM_NOTHING)                                                           \
        ONE_LOOP(name, c->varying);                                                                \
    else if (c->varying == all || (words == 0 && c->varying == 0))                                 \
        ONE_LOOP(name, all);                                                                       \
    else if (words > 0 && c->varying == 0)                                                         \
        ONE_LOOP(name, 0);                                                                         \
    else if (inputs > 1 && c->varying == 1)                                                        \
        ONE_LOOP(name, 1);                                                                         \
    else if (inputs == 2)                                                                          \
        ONE_LOOP(name, 2);                                                                         \
    else if (inputs > 2)                                                                           \
        ONE_LOOP(name, c->varying);

#define RUN_NOTHING(name, in, out, state)    LOOPS(name, in, out, state, VM_NOTHING)
#define RUN_RING(name, in, out, state)       LOOPS(name, in, out, state, VM_RING)
#define RUN_TAP(name, in, out, state)        LOOPS(name, in, out, state, VM_TAP)
#define RUN_TABLE(name, in, out, state)      LOOPS(name, in, out, state, VM_TABLE)
#define RUN_RING_TABLE(name, in, out, state) LOOPS(name, in, out, state, VM_RING_TABLE)

/* What changes rates counts frames on both sides: `from` of the input, `to` of the output. The
 * kernel takes `taken` frames and gives `given`. */
LANE_FN void rate_loop(struct vm_call *c, uint32_t steps, kernel_fn *kernel, unsigned taken,
                       unsigned given, unsigned words)
{
    size_t stride = c->varying & 1 ? LANES : 0;
    for (unsigned part = 0; part < PARTS; part++) {
        _Alignas(lane) unsigned char state[VM_OP_STATE * sizeof(lane)];
        lane in[VM_OP_INPUTS], out[VM_OP_OUTPUTS];
        load_state(state, c->state, words, part);
        for (uint32_t i = 0; i < steps; i++) {
            for (unsigned k = 0; k < taken; k++)
                in[k] = load(c->in[0] + (i * taken + k) * stride + part * VEC);
            kernel(in, out, state, NULL);
            for (unsigned k = 0; k < given; k++)
                store(c->out[0] + (size_t)(i * given + k) * LANES + part * VEC, out[k]);
        }
        store_state(c->state, state, words, part);
    }
}

#define RUN_UP(name, n_in, n_out, n_state)   rate_loop(c, frames / 2, k_##name, 1, 2, n_state);
#define RUN_DOWN(name, n_in, n_out, n_state) rate_loop(c, frames, k_##name, 2, 1, n_state);

/* A uniform value stays the one value it is. */
#define RUN_HOLD(name, n_in, n_out, n_state)                                                       \
    if (!c->varying)                                                                               \
        frames = 1;                                                                                \
    for (uint32_t i = 0; i < frames; i++)                                                          \
        memcpy(c->out[0] + (size_t)i * LANES, c->in[0] + (size_t)(i >> c->shift) * LANES,          \
               LANES * sizeof(float));

#define OP(id, name, in, out, state, key, loop, cost, algebra)                                     \
    void RUN(name)(struct vm_call * c, uint32_t frames);                                           \
    void RUN(name)(struct vm_call * c, uint32_t frames)                                            \
    {                                                                                              \
        RUN_##loop(name, in, out, state)                                                           \
    }
#include VM_OPS
