/* pairs.c - what pairs.def says as functions, and as a table: built once per lane width and ISA. */
#include "vm/pairs.h"
#include "vm/kernels.h"
#include "vm/loop.h"

#define OP(id, name, in, out, state, ...)                                                          \
    enum { inputs_##name = in, outputs_##name = out, words_##name = state };
#include "vm/ops.def"

/* The second's own inputs, counted before anything is inlined: the loops depend on it. */
#define IS_OWN(feeds, j) ((j) < sizeof(feeds) && (feeds)[(j) < sizeof(feeds) ? (j) : 0] == 'x')
#define OWN(feeds)                                                                                 \
    (0u + IS_OWN(feeds, 0) + IS_OWN(feeds, 1) + IS_OWN(feeds, 2) + IS_OWN(feeds, 3) +              \
     IS_OWN(feeds, 4) + IS_OWN(feeds, 5) + IS_OWN(feeds, 6) + IS_OWN(feeds, 7))

/* in: the second's own inputs, then the first's. */
LANE_FN void both(const lane *in, lane *out, void *state, const struct memory *memory,
                  kernel_fn *first, unsigned words, kernel_fn *second, unsigned inputs,
                  const char *feeds, unsigned own)
{
    lane between[VM_OP_OUTPUTS], to[VM_OP_INPUTS];
    first(in + own, between, state, memory);
    for (unsigned j = inputs; j-- > 0;)
        to[j] = feeds[j] == 'x' ? in[--own] : between[feeds[j] - '0'];
    second(to, out, (unsigned char *)state + words * sizeof(lane), memory);
}

/* With any three inputs, each set of them is known to the compiler: so one lane's frames become
 * vectors. */
#define SET(kernel, set)                                                                           \
    case set:                                                                                      \
        loop(c, frames, kernel, inputs, OUTPUTS, WORDS, MORE, VM_NOTHING, set, 0);                 \
        break;
#define RUN_PAIR(kernel, mask)                                                                     \
    if ((mask) != PAIR_ANY)                                                                        \
        loop(c, frames, kernel, inputs, OUTPUTS, WORDS, MORE, VM_NOTHING, mask, 0);                \
    else                                                                                           \
        switch (c->varying) {                                                                      \
            SET(kernel, 1)                                                                         \
            SET(kernel, 2)                                                                         \
            SET(kernel, 3)                                                                         \
            SET(kernel, 4)                                                                         \
            SET(kernel, 5)                                                                         \
            SET(kernel, 6)                                                                         \
            SET(kernel, 7)                                                                         \
        }

#define PAIR(name, first, second, feeds, mask)                                                     \
    _Static_assert(!asks_##first && !asks_##second, "neither asks what rests");                    \
    LANE_FN void pair_##name(const lane *in, lane *out, void *state, const struct memory *memory)  \
    {                                                                                              \
        both(in, out, state, memory, k_##first, words_##first, k_##second, inputs_##second, feeds, \
             OWN(feeds));                                                                          \
    }                                                                                              \
    static void run_##name(struct vm_call *c, uint32_t frames)                                     \
    {                                                                                              \
        enum { WORDS = words_##first, MORE = words_##second, OUTPUTS = outputs_##second };         \
        const unsigned inputs = inputs_##first + OWN(feeds);                                       \
        RUN_PAIR(pair_##name, mask)                                                                \
    }
#include "vm/pairs.def"

#define TABLE NAME(vm_pairs_, VM_SUFFIX)
extern void (*const TABLE[])(struct vm_call *, uint32_t);
void (*const TABLE[])(struct vm_call *, uint32_t) = {
#define PAIR(name, first, second, feeds, mask) run_##name,
#include "vm/pairs.def"
};
