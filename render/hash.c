#include "render/hash.h"
#include <stdio.h>
#include <string.h>
#include <xxhash.h>

enum { CHUNK = 1024 };

int hash_init(struct sample_hash *hash)
{
    hash->state = XXH3_createState();
    if (!hash->state)
        return -1;
    hash_restart(hash);
    return 0;
}

void hash_free(struct sample_hash *hash)
{
    XXH3_freeState(hash->state);
    hash->state = NULL;
}

void hash_restart(struct sample_hash *hash)
{
    XXH3_128bits_reset(hash->state);
}

static int little_endian(void)
{
    const uint16_t one = 1;
    unsigned char first;
    memcpy(&first, &one, 1);
    return first == 1;
}

/* The sample's bits, in as many low bytes as the file gives it. */
static uint32_t sample_bits(enum pcm_format format, const void *samples, size_t i)
{
    uint32_t bits;
    if (format == PCM_16)
        return ((const uint16_t *)samples)[i];
    memcpy(&bits, (const uint32_t *)samples + i, sizeof bits);
    return format == PCM_24 ? bits >> 8 : bits;
}

static size_t packed_bytes(enum pcm_format format)
{
    return format == PCM_16 ? 2 : format == PCM_24 ? 3 : 4;
}

static void add_packed(XXH3_state_t *state, enum pcm_format format, const void *samples,
                       size_t begin, size_t end)
{
    unsigned char bytes[CHUNK * 4];
    size_t size = 0, width = packed_bytes(format);
    for (size_t i = begin; i < end; i++) {
        uint32_t bits = sample_bits(format, samples, i);
        for (size_t b = 0; b < width; b++)
            bytes[size++] = (unsigned char)(bits >> (8 * b));
    }
    XXH3_128bits_update(state, bytes, size);
}

void hash_add(struct sample_hash *hash, enum pcm_format format, const void *samples, size_t count)
{
    if (format != PCM_24 && little_endian()) {
        XXH3_128bits_update(hash->state, samples, count * pcm_bytes(format));
        return;
    }
    for (size_t i = 0; i < count; i += CHUNK)
        add_packed(hash->state, format, samples, i, count - i < CHUNK ? count : i + CHUNK);
}

void hash_text(const struct sample_hash *hash, char text[HASH_TEXT])
{
    XXH128_hash_t sum = XXH3_128bits_digest(hash->state);
    snprintf(text, HASH_TEXT, "%016llx%016llx", (unsigned long long)sum.high64,
             (unsigned long long)sum.low64);
}
