/* loops.c - a family's kernels wrapped in loops over the frames of a stretch: built once per
 * family, lane width and ISA. VM_OPS and VM_KERNELS are the family's files, the rest width.h says.
 */
#include "vm/loop.h"
#include VM_KERNELS

/* Which inputs vary is known to the compiler in the common cases: each set of up to two inputs; of
 * more, the first alone (a filter at rest), all (a filter on the move), and for an op with state
 * none. A loop that looks while it runs takes the others, and ops with much state or memory, whose
 * kernel is so long that what stands around it does not matter. An op without state that runs on
 * uniform values alone runs for one frame, where a value is as good as a signal. */
#define ONE_LOOP(name, mask)                                                                       \
    loop(c, frames, k_##name, inputs, outputs, words, 0, kind, mask, asks_##name, NULL, NULL, 0)

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

#define LATE_LOOP(name, n_in, n_out, n_state, mask)                                                \
    loop(c, frames, k_##name, n_in, n_out, n_state, 0, VM_LATE, mask, 0, first_##name,             \
         second_##name, 0)
#define RUN_LATE(name, n_in, n_out, n_state)                                                       \
    if (c->varying == 0)                                                                           \
        LATE_LOOP(name, n_in, n_out, n_state, 0);                                                  \
    else                                                                                           \
        LATE_LOOP(name, n_in, n_out, n_state, c->varying);

#define RUN_PHASED(name, n_in, n_out, n_state)                                                     \
    phased_loop(c, frames, PHASED_FN(VALUES_##name), n_in, start_##name);

#define RUN_GATED(name, n_in, n_out, n_state)                                                      \
    if (c->varying > 1)                                                                            \
        loop(c, frames, k_##name, n_in, n_out, n_state, 0, VM_NOTHING, c->varying, 0, NULL, NULL,  \
             0);                                                                                   \
    else                                                                                           \
        gated_loop(c, frames, k_##name, view_##name, n_in, n_state);

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
