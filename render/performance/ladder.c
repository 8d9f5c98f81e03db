#include "render/performance/ladder.h"
#include "render/tick_hash.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { ENTRY = 160 };

static enum render_status put(struct out_file *file, const char *text, struct render_error *error)
{
    return out_write(file, text, strlen(text), error);
}

enum render_status ladder_begin(struct out_file *file, struct render_error *error)
{
    return put(file, LADDER_FIRST_LINE, error);
}

enum render_status ladder_tick(struct out_file *file, const struct score *score, uint64_t tick,
                               unsigned frames, const float *mix, const struct mix_output *output,
                               struct nodes *nodes, bool last, struct render_error *error)
{
    char entry[ENTRY];
    size_t count = (size_t)frames * 2;
    snprintf(entry, sizeof entry, "%" PRIu64 " mix=%016" PRIx64, tick, tick_hash_16(mix, count));
    enum render_status status = put(file, entry, error);
    for (unsigned v = 0; v < score->voices && status == RENDER_OK; v++) {
        if (!output->heard[v])
            continue;
        snprintf(entry, sizeof entry, " voice%u=%016" PRIx64, v,
                 tick_hash_32(output->voice[v], count));
        status = put(file, entry, error);
    }
    for (size_t b = 0; b < score->bus_count && status == RENDER_OK; b++) {
        snprintf(entry, sizeof entry, "=%016" PRIx64, tick_hash_32(output->bus[b], count));
        status = put(file, " bus.", error);
        if (status == RENDER_OK)
            status = put(file, score->buses[b].name, error);
        if (status == RENDER_OK)
            status = put(file, entry, error);
    }
    if (status == RENDER_OK)
        status = nodes_write(nodes, tick, last, file, error);
    return status == RENDER_OK ? put(file, "\n", error) : status;
}
