/* tick_hash.h - the hashes of a ladder: XXH3 (64 bits) of a tick's samples, least significant byte
 * first on every machine. */
#ifndef RENDER_TICK_HASH_H
#define RENDER_TICK_HASH_H

#include <stddef.h>
#include <stdint.h>

enum { TICK_FRAMES = 800 };
enum { LADDER_STRETCH = 60 }; /* ticks for which a node has one hash: --ladder-nodes all */
#define LADDER_FIRST_LINE "repatch-ladder 1\n"

/* Of at most 2 * TICK_FRAMES values: as a file of 16 bits has them, as floats, as 32-bit
 * integers. */
uint64_t tick_hash_16(const float *samples, size_t count);
uint64_t tick_hash_float(const float *samples, size_t count);
uint64_t tick_hash_32(const int32_t *samples, size_t count);

#endif
