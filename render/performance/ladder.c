#include "render/performance/ladder.h"
#include "render/pcm.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <xxhash.h>

enum { SAMPLES = MIX_TICK * 2, ENTRY = 160 };

static uint64_t hash16(const int16_t *samples, unsigned count)
{
    unsigned char bytes[SAMPLES * 2];
    for (unsigned i = 0; i < count; i++) {
        bytes[2 * i] = (unsigned char)((uint16_t)samples[i] & 0xff);
        bytes[2 * i + 1] = (unsigned char)((uint16_t)samples[i] >> 8);
    }
    return XXH3_64bits(bytes, (size_t)count * 2);
}

static uint64_t hash32(const int32_t *samples, unsigned count)
{
    unsigned char bytes[SAMPLES * 4];
    for (unsigned i = 0; i < count; i++)
        for (unsigned b = 0; b < 4; b++)
            bytes[4 * i + b] = (unsigned char)((uint32_t)samples[i] >> (8 * b) & 0xff);
    return XXH3_64bits(bytes, (size_t)count * 4);
}

static enum render_status put(struct out_file *file, const char *text, struct render_error *error)
{
    return out_write(file, text, strlen(text), error);
}

enum render_status ladder_begin(struct out_file *file, struct render_error *error)
{
    return put(file, "repatch-ladder 1\n", error);
}

enum render_status ladder_tick(struct out_file *file, const struct score *score, uint64_t tick,
                               unsigned frames, const float *mix, const struct mix_output *output,
                               struct render_error *error)
{
    char entry[ENTRY];
    int16_t samples[SAMPLES];
    pcm_convert(PCM_16, mix, (size_t)frames * 2, samples);
    snprintf(entry, sizeof entry, "%" PRIu64 " mix=%016" PRIx64, tick, hash16(samples, frames * 2));
    enum render_status status = put(file, entry, error);
    for (unsigned v = 0; v < score->voices && status == RENDER_OK; v++) {
        if (!output->heard[v])
            continue;
        snprintf(entry, sizeof entry, " voice%u=%016" PRIx64, v,
                 hash32(output->voice[v], frames * 2));
        status = put(file, entry, error);
    }
    for (size_t b = 0; b < score->bus_count && status == RENDER_OK; b++) {
        snprintf(entry, sizeof entry, "=%016" PRIx64, hash32(output->bus[b], frames * 2));
        status = put(file, " bus.", error);
        if (status == RENDER_OK)
            status = put(file, score->buses[b].name, error);
        if (status == RENDER_OK)
            status = put(file, entry, error);
    }
    return status == RENDER_OK ? put(file, "\n", error) : status;
}
