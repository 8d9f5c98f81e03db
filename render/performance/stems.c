#include "render/performance/stems.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FIRST_NUMBER = 1000 }; /* of their temporary names: past those of the other files */

static const float unit = 0x1p-23f;

static bool is_mixed(const struct score *score, size_t stem)
{
    return stem < score->voices || score->buses[stem - score->voices].to < 0;
}

/* "voice-03.wav", "bus-reverb.wav"; a bus's number keeps names apart that only differ in
 * characters a file's name should not have. */
static char *stem_path(const struct stems *stems, size_t stem)
{
    const struct score *score = stems->score;
    size_t room = strlen(stems->directory) + 160;
    char *path = malloc(room);
    if (!path)
        return NULL;
    if (stem < score->voices) {
        int digits = score->voices > 1000 ? 4 : score->voices > 100 ? 3 : 2;
        snprintf(path, room, "%s/voice-%0*zu.wav", stems->directory, digits, stem);
        return path;
    }
    size_t bus = stem - score->voices;
    int at = snprintf(path, room, "%s/bus-%zu-", stems->directory, bus);
    snprintf(path + at, room - (size_t)at, "%.100s.wav", score->buses[bus].name);
    for (char *c = path + at; *c; c++)
        if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-", *c))
            *c = '_';
    return path;
}

enum render_status stems_begin(struct stems *stems, const struct score *score,
                               const char *directory, uint64_t frames, uint64_t held,
                               struct render_error *error)
{
    *stems = (struct stems){.score = score, .directory = directory};
    stems->plan = (struct writer_plan){
        .spec = {.format = AUDIO_WAV, .pcm = PCM_FLOAT, .channels = 2, .frames = frames},
        .held = held};
    stems->count = score->voices + score->bus_count;
    stems->list = calloc(stems->count, sizeof *stems->list);
    if (!stems->list)
        return render_fail(error, RENDER_TROUBLE, "out of memory");
    if (mkdir(directory, 0777) == 0) {
        stems->made = true;
        return RENDER_OK;
    }
    int number = errno;
    struct stat info;
    if (number == EEXIST && stat(directory, &info))
        number = errno;
    else if (number == EEXIST && S_ISDIR(info.st_mode))
        return RENDER_OK;
    return render_fail(error, RENDER_TROUBLE, "%s: cannot make the directory: %s", directory,
                       strerror(number));
}

/* A stem begins when it is first heard: what lies before is silence. */
static enum render_status begin(struct stems *stems, size_t number, struct render_error *error)
{
    static const float silence[1024];
    struct stem *stem = &stems->list[number];
    stem->path = stem_path(stems, number);
    if (!stem->path)
        return render_fail(error, RENDER_TROUBLE, "out of memory");
    stem->begun = true;
    enum render_status status =
        audio_create(&stem->file, &stems->plan.spec, stem->path, FIRST_NUMBER + number, error);
    if (status == RENDER_OK)
        status = writer_init(&stem->writer, &stems->plan, error);
    if (status == RENDER_OK)
        writer_start(&stem->writer, &stem->file, 0);
    for (uint64_t at = 0, n; at < stems->fed && status == RENDER_OK; at += n) {
        n = stems->fed - at < 512 ? stems->fed - at : 512;
        uint64_t settled = stems->fed > stems->plan.held ? stems->fed - stems->plan.held : 0;
        status = writer_feed(&stem->writer, silence, (size_t)n, settled, error);
    }
    return status;
}

static bool is_silent(const int32_t *samples, unsigned begin, unsigned end)
{
    for (unsigned i = 2 * begin; i < 2 * end; i++)
        if (samples[i] != 0)
            return false;
    return true;
}

static enum render_status feed(struct stems *stems, size_t number, const int32_t *samples,
                               unsigned first, unsigned last, uint64_t settled,
                               struct render_error *error)
{
    struct stem *stem = &stems->list[number];
    float frames[MIX_TICK * 2];
    enum render_status status = RENDER_OK;
    if (!stem->begun && (!samples || is_silent(samples, first, last)))
        return RENDER_OK;
    if (!stem->begun)
        status = begin(stems, number, error);
    for (unsigned i = 2 * first; i < 2 * last; i++)
        frames[i - 2 * first] = samples ? (float)samples[i] * unit : 0.0f;
    return status == RENDER_OK ? writer_feed(&stem->writer, frames, last - first, settled, error)
                               : status;
}

enum render_status stems_feed(struct stems *stems, const struct mix_output *output, unsigned first,
                              unsigned last, uint64_t settled, struct render_error *error)
{
    enum render_status status = RENDER_OK;
    unsigned voices = stems->score->voices;
    for (size_t i = 0; i < stems->count && status == RENDER_OK; i++) {
        if (!is_mixed(stems->score, i))
            continue;
        const int32_t *samples = i >= voices        ? output->bus[i - voices]
                                 : output->heard[i] ? output->voice_direct[i]
                                                    : NULL;
        status = feed(stems, i, samples, first, last, settled, error);
    }
    stems->fed += last - first;
    return status;
}

enum render_status stems_end(struct stems *stems, uint64_t frames, struct render_error *error)
{
    enum render_status status = RENDER_OK;
    for (size_t i = 0; i < stems->count && status == RENDER_OK; i++)
        if (stems->list[i].begun)
            status = writer_end(&stems->list[i].writer, frames, NULL, error);
    return status;
}

enum render_status stems_commit(struct stems *stems, struct render_error *error)
{
    enum render_status status = RENDER_OK;
    for (size_t i = 0; i < stems->count && status == RENDER_OK; i++)
        if (stems->list[i].begun)
            status = audio_commit(&stems->list[i].file, error);
    stems->made = stems->made && status != RENDER_OK;
    return status;
}

void stems_discard(struct stems *stems)
{
    for (size_t i = 0; stems->list && i < stems->count; i++) {
        struct stem *stem = &stems->list[i];
        if (!stem->begun)
            continue;
        writer_free(&stem->writer);
        audio_discard(&stem->file);
        free(stem->path);
    }
    free(stems->list);
    stems->list = NULL;
    if (stems->made)
        rmdir(stems->directory);
}
