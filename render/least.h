/* least.h - the lesser and the greater of two counts of frames. Private to render/. */
#ifndef RENDER_LEAST_H
#define RENDER_LEAST_H

#include <stdint.h>

static inline uint64_t min64(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static inline uint64_t max64(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

#endif
