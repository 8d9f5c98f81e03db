/* pairs.c - what pairs.def says as functions, and as a table: built once per lane width and ISA. */
#include "vm/pairs.h"
#include "vm/kernels.h"
#include "vm/loop.h"

#define OP(id, name, in, out, state, ...)                                                          \
    enum { inputs_##name = in, outputs_##name = out, words_##name = state };
#include "vm/ops.def"

LANE_FN unsigned own_inputs(const char *feeds, unsigned inputs)
{
    unsigned own = 0;
    for (unsigned j = 0; j < inputs; j++)
        own += feeds[j] == 'x';
    return own;
}

/* in: the second's own inputs, then the first's. */
LANE_FN void both(const lane *in, lane *out, void *state, const struct memory *memory,
                  kernel_fn *first, unsigned words, kernel_fn *second, unsigned inputs,
                  const char *feeds)
{
    lane between[VM_OP_OUTPUTS], to[VM_OP_INPUTS];
    unsigned own = own_inputs(feeds, inputs);
    first(in + own, between, state, memory);
    for (unsigned j = inputs; j-- > 0;)
        to[j] = feeds[j] == 'x' ? in[--own] : between[feeds[j] - '0'];
    second(to, out, (unsigned char *)state + words * sizeof(lane), memory);
}

#define PAIR(name, first, second, feeds, mask)                                                     \
    _Static_assert(!asks_##first && !asks_##second, "neither asks what rests");                    \
    LANE_FN void pair_##name(const lane *in, lane *out, void *state, const struct memory *memory)  \
    {                                                                                              \
        both(in, out, state, memory, k_##first, words_##first, k_##second, inputs_##second,        \
             feeds);                                                                               \
    }                                                                                              \
    static void run_##name(struct vm_call *c, uint32_t frames)                                     \
    {                                                                                              \
        loop(c, frames, pair_##name, inputs_##first + own_inputs(feeds, inputs_##second),          \
             outputs_##second, words_##first, words_##second, VM_NOTHING,                          \
             (mask) == PAIR_ANY ? c->varying : (mask), 0);                                         \
    }
#include "vm/pairs.def"

#define TABLE NAME(vm_pairs_, VM_SUFFIX)
extern void (*const TABLE[])(struct vm_call *, uint32_t);
void (*const TABLE[])(struct vm_call *, uint32_t) = {
#define PAIR(name, first, second, feeds, mask) run_##name,
#include "vm/pairs.def"
};
