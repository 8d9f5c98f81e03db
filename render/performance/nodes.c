#include "render/performance/nodes.h"
#include "render/tick_hash.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct rp_tap listen(void *context, int voice, int bus, uint64_t begun, uint32_t at)
{
    const struct nodes *n = context;
    struct taps *taps = n->taps[voice >= 0 ? (size_t)voice : n->score->voices + (size_t)bus];
    if (!taps)
        return (struct rp_tap){.look = NULL};
    taps_sound(taps, begun, at);
    return taps_tap(taps, 0);
}

/* Its number among the taps; `count`: there is no such place. */
static size_t find_place(const struct nodes *n, const char *text)
{
    char *end;
    if (strncmp(text, "voice", 5) == 0 && text[5] >= '0' && text[5] <= '9') {
        unsigned long voice = strtoul(text + 5, &end, 10);
        if (*end == '\0' && voice < n->score->voices)
            return voice;
    }
    for (size_t b = 0; strncmp(text, "bus.", 4) == 0 && b < n->score->bus_count; b++)
        if (strcmp(text + 4, n->score->buses[b].name) == 0)
            return n->score->voices + b;
    return n->count;
}

enum render_status nodes_open(struct nodes *n, const struct score *score, const char *name,
                              const char *place, struct render_error *error)
{
    bool all = place && strcmp(place, "all") == 0;
    *n = (struct nodes){.score = score, .place = place, .count = score->voices + score->bus_count};
    n->tap = (struct mix_tap){.listen = listen, .context = n, .several = all};
    if (!place)
        return RENDER_OK;
    size_t only = all ? 0 : find_place(n, place);
    if (only == n->count) {
        render_fail(error, RENDER_WRONG, "%s: has no %.80s, whose nodes the ladder is to have",
                    name, place);
        render_help(error, "give voice0 and so on, or bus.NAME, as the ladder names them, or all");
        return RENDER_WRONG;
    }
    n->taps = calloc(n->count, sizeof *n->taps);
    bool done = n->taps != NULL;
    for (size_t i = 0; i < n->count && done; i++)
        if (all || i == only)
            done = (n->taps[i] = taps_new()) != NULL;
    return done ? RENDER_OK : render_fail(error, RENDER_TROUBLE, "out of memory");
}

void nodes_close(struct nodes *n)
{
    for (size_t i = 0; n->taps && i < n->count; i++)
        taps_free(n->taps[i]);
    free(n->taps);
    n->taps = NULL;
}

void nodes_keep(struct nodes *n, bool keep)
{
    for (size_t i = 0; n->taps && i < n->count; i++)
        if (n->taps[i])
            taps_keep(n->taps[i], keep);
}

void nodes_drop(struct nodes *n)
{
    for (size_t i = 0; n->taps && i < n->count; i++)
        if (n->taps[i])
            taps_drop(n->taps[i]);
}

static enum render_status write_stretch(struct nodes *n, size_t i, struct out_file *file,
                                        struct render_error *error)
{
    char voice[40];
    if (i >= n->score->voices) {
        const char *bus = n->score->buses[i - n->score->voices].name;
        size_t size = strlen(bus) + sizeof "bus.";
        char *place = malloc(size);
        if (!place)
            return render_fail(error, RENDER_TROUBLE, "out of memory");
        snprintf(place, size, "bus.%s", bus);
        enum render_status status = taps_stretch(n->taps[i], place, file, error);
        free(place);
        return status;
    }
    snprintf(voice, sizeof voice, "voice%zu", i);
    return taps_stretch(n->taps[i], voice, file, error);
}

enum render_status nodes_write(struct nodes *n, uint64_t tick, bool last, struct out_file *file,
                               struct render_error *error)
{
    enum render_status status = RENDER_OK;
    bool over = last || tick % LADDER_STRETCH == LADDER_STRETCH - 1;
    for (size_t i = 0; n->taps && i < n->count && status == RENDER_OK; i++) {
        if (!n->taps[i])
            continue;
        status = n->tap.several ? taps_fold(n->taps[i], error)
                                : taps_write(n->taps[i], n->place, file, error);
        if (status == RENDER_OK && over && n->tap.several)
            status = write_stretch(n, i, file, error);
    }
    return status;
}
