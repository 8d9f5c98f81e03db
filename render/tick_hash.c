#include "render/tick_hash.h"
#include "render/pcm.h"
#include <string.h>
#include <xxhash.h>

enum { MOST = 2 * TICK_FRAMES };

static void put(unsigned char *to, uint32_t bits, unsigned bytes)
{
    for (unsigned b = 0; b < bytes; b++)
        to[b] = (unsigned char)(bits >> (8 * b) & 0xff);
}

uint64_t tick_hash_16(const float *samples, size_t count)
{
    int16_t pcm[MOST];
    unsigned char bytes[2 * MOST];
    pcm_convert(PCM_16, samples, count, pcm);
    for (size_t i = 0; i < count; i++)
        put(bytes + 2 * i, (uint16_t)pcm[i], 2);
    return XXH3_64bits(bytes, 2 * count);
}

uint64_t tick_hash_float(const float *samples, size_t count)
{
    int32_t bits[MOST];
    memcpy(bits, samples, count * sizeof *bits);
    return tick_hash_32(bits, count);
}

uint64_t tick_hash_32(const int32_t *samples, size_t count)
{
    unsigned char bytes[4 * MOST];
    for (size_t i = 0; i < count; i++)
        put(bytes + 4 * i, (uint32_t)samples[i], 4);
    return XXH3_64bits(bytes, 4 * count);
}
