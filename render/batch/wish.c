/* wish.c - what is asked for a sound becomes one; for lists and for the command line. */
#include "render/batch/batch.h"
#include <stdlib.h>
#include <string.h>

void wish_release(const struct sound_wish *wish, const struct rp_program *program,
                  uint64_t input_frames, struct events *events)
{
    int gate = rp_param_find(program, "gate");
    uint64_t release = wish->input && !wish->release_given ? input_frames : wish->release;
    bool wanted = wish->release_given || wish->frames == 0;
    for (size_t i = 0; i < events->count && !wish->release_given; i++)
        if (events->list[i].frame > 0 && (int)events->list[i].param == gate)
            wanted = false; /* the events play the gate themselves */
    if (gate >= 0 && wanted)
        events->list[events->count++] = (struct event){.frame = release, .param = (unsigned)gate};
    events_sort(events);
}

static uint64_t most_frames(const struct sound_wish *wish, uint64_t input_frames)
{
    if (wish->frames)
        return wish->frames;
    return wish->longest_given ? wish->longest : wish->longest + input_frames;
}

struct sound wish_sound(const struct sound_wish *wish, const struct rp_program *program,
                        const char *name, uint64_t input_frames, const struct events *events)
{
    struct audio_spec spec = {.format = wish->format,
                              .pcm = wish->pcm,
                              .channels = rp_channels(program),
                              .frames = most_frames(wish, input_frames)};
    return (struct sound){.program = program,
                          .name = name,
                          .serial = wish->serial,
                          .input = wish->input,
                          .input_frames = input_frames,
                          .events = *events,
                          .spec = spec,
                          .dither = wish->dither,
                          .until_silent = wish->frames == 0,
                          .threshold = wish->threshold,
                          .hold = wish->quiet_hold};
}

/* Decimal digits of a number of variations. */
static size_t digits(size_t number)
{
    size_t count = 1;
    for (; number >= 10 && count < 9; number /= 10)
        count++;
    return count;
}

char *numbered_name(const char *path, size_t number, size_t last)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    const char *dot = strrchr(name, '.');
    if (!dot || dot == name)
        dot = path + strlen(path);
    size_t stem = (size_t)(dot - path), width = digits(last);
    char *result = malloc(strlen(path) + 1 + width + 1);
    if (!result)
        return NULL;
    memcpy(result, path, stem);
    result[stem] = '-';
    for (size_t i = width; i > 0; i--, number /= 10)
        result[stem + i] = (char)('0' + number % 10);
    memcpy(result + stem + 1 + width, dot, strlen(dot) + 1);
    return result;
}
