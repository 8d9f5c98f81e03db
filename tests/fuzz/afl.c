/* afl.c - the bytecode mutator as AFL++ calls it. */
#include "tests/fuzz/kit/mutate.h"
#include <stdlib.h>
#include <string.h>

struct mutator {
    uint64_t chance;
    uint8_t *bytes;
    size_t room;
};

void *afl_custom_init(void *afl, unsigned seed);
size_t afl_custom_fuzz(void *context, uint8_t *in, size_t size, uint8_t **out, uint8_t *more,
                       size_t more_size, size_t most);
void afl_custom_deinit(void *context);

void *afl_custom_init(void *afl, unsigned seed)
{
    struct mutator *m = calloc(1, sizeof *m);
    (void)afl;
    if (m)
        m->chance = seed;
    return m;
}

size_t afl_custom_fuzz(void *context, uint8_t *in, size_t size, uint8_t **out, uint8_t *more,
                       size_t more_size, size_t most)
{
    struct mutator *m = context;
    (void)more;
    (void)more_size;
    if (m->room < most) {
        free(m->bytes);
        m->bytes = malloc(most);
        m->room = m->bytes ? most : 0;
    }
    if (m->room < size)
        return 0;
    memcpy(m->bytes, in, size);
    *out = m->bytes;
    m->chance = m->chance * 6364136223846793005u + 1442695040888963407u;
    return fz_mutate_bytecode(m->bytes, size, most, m->chance >> 13);
}

void afl_custom_deinit(void *context)
{
    struct mutator *m = context;
    free(m->bytes);
    free(m);
}
