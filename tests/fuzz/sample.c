/* sample.c - sound files, as the mixer and as patches load them. */
#define _GNU_SOURCE
#include "render/sample.h"
#include "render/sound_file.h"
#include "tests/fuzz/kit/kit.h"
#include "vm/format.h"
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* What libraries forget of a file that they refuse. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:libsndfile\nleak:libvorbis\nleak:libFLAC\nleak:libopus\nleak:libmpg123\n";
}

static void check_sample(const char *path, const struct sample_options *options)
{
    struct sample sample;
    struct render_error error = {0};
    enum render_status status = sample_load(&sample, path, options, &error);
    FZ_CHECK(status == RENDER_OK || (status == RENDER_WRONG && error.text[0]));
    if (status == RENDER_OK) {
        FZ_CHECK(sample.length >= 1 && sample.length <= SAMPLE_MOST_FRAMES);
        FZ_CHECK(sample.rate >= 1 && sample.rate <= SAMPLE_MOST_RATE);
        FZ_CHECK((uintptr_t)sample.frames % 64 == 0);
        for (unsigned i = 0; i < SAMPLE_PADDING; i++)
            FZ_CHECK(sample.frames[sample.length + i] == 0);
        if (sample.has_loop)
            FZ_CHECK(sample.loop_start < sample.loop_end && sample.loop_end <= sample.length);
        FZ_CHECK(sample.root >= -1 && sample.root <= 127);
        FZ_CHECK(strlen(sample.hash) > 0);
    }
    sample_free(&sample);
}

static void check_table(const char *path, enum sound_channel channel)
{
    struct sound_frames frames = {0};
    if (sound_load(NULL, path, channel, &frames)) {
        FZ_CHECK(frames.why[0]);
        return;
    }
    FZ_CHECK(frames.count >= 1 && frames.count <= VM_MAX_TABLE && frames.rate > 0);
    for (size_t i = 0; i < frames.count; i++)
        FZ_CHECK(frames.values[i] - frames.values[i] == 0);
    free(frames.values);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[40];
    int file = memfd_create("fuzz", 0);
    FZ_CHECK(file >= 0 && write(file, data, size) == (ssize_t)size);
    snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    check_sample(path, &(struct sample_options){.mix = true, .resample = SAMPLE_LINEAR});
    check_sample(path, &(struct sample_options){.resample = SAMPLE_FASTEST});
    check_table(path, size % 2 ? SOUND_MIX : SOUND_LEFT);
    close(file);
    return 0;
}
