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

/* The second, its inputs put in their order. */
LANE_FN void second_of(const lane *own, const lane *between, lane *out, void *state,
                       const struct memory *memory, kernel_fn *second, unsigned inputs,
                       const char *feeds)
{
    lane to[VM_OP_INPUTS];
    unsigned x = 0;
    for (unsigned j = 0; j < inputs; j++)
        to[j] = feeds[j] == 'x' ? own[x++] : between[feeds[j] - '0'];
    second(to, out, state, memory);
}

/* With any three inputs, each set of them is known to the compiler: so one lane's frames become
 * vectors. */
#define LOOP(name, set, before, after)                                                             \
    loop(c, frames, pair_##name, inputs, OUTPUTS, WORDS, MORE, VM_NOTHING, set, 0, before, after,  \
         own)
#define SET(name, set)                                                                             \
    case set:                                                                                      \
        LOOP(name, set, NULL, NULL);                                                               \
        break;
#define RUN_PAIR(name, first, mask)                                                                \
    if ((mask) != PAIR_ANY && WORDS == 0 && MORE > 0)                                              \
        LOOP(name, mask, k_##first, after_##name);                                                 \
    else if ((mask) != PAIR_ANY)                                                                   \
        LOOP(name, mask, NULL, NULL);                                                              \
    else                                                                                           \
        switch (c->varying) {                                                                      \
            SET(name, 1)                                                                           \
            SET(name, 2)                                                                           \
            SET(name, 3)                                                                           \
            SET(name, 4)                                                                           \
            SET(name, 5)                                                                           \
            SET(name, 6)                                                                           \
            SET(name, 7)                                                                           \
        }

/* pair_: the second's own inputs, then the first's. */
#define PAIR(name, first, second, feeds, mask)                                                     \
    _Static_assert(!asks_##first && !asks_##second, "neither asks what rests");                    \
    LANE_FN void after_##name(const lane *own, const lane *between, lane *out, void *state,        \
                              const struct memory *memory)                                         \
    {                                                                                              \
        second_of(own, between, out, state, memory, k_##second, inputs_##second, feeds);           \
    }                                                                                              \
    LANE_FN void pair_##name(const lane *in, lane *out, void *state, const struct memory *memory)  \
    {                                                                                              \
        lane between[VM_OP_OUTPUTS];                                                               \
        k_##first(in + OWN(feeds), between, state, memory);                                        \
        after_##name(in, between, out, (unsigned char *)state + words_##first * sizeof(lane),      \
                     memory);                                                                      \
    }                                                                                              \
    static void run_##name(struct vm_call *c, uint32_t frames)                                     \
    {                                                                                              \
        enum { WORDS = words_##first, MORE = words_##second, OUTPUTS = outputs_##second };         \
        const unsigned own = OWN(feeds), inputs = inputs_##first + own;                            \
        RUN_PAIR(name, first, mask)                                                                \
    }
#include "vm/pairs.def"

#define TABLE NAME(vm_pairs_, VM_SUFFIX)
extern void (*const TABLE[])(struct vm_call *, uint32_t);
void (*const TABLE[])(struct vm_call *, uint32_t) = {
#define PAIR(name, first, second, feeds, mask) run_##name,
#include "vm/pairs.def"
};
