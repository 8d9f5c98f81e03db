/* batch.c - lists of sounds: what is accepted is one whole plan, and the beginnings of the first
 * sounds are the same however they are packed and cut. */
#include "render/batch/batch.h"
#include "tests/fuzz/kit/kit.h"
#include <stdlib.h>
#include <string.h>

enum { MOST_TAKES = 6, MOST_FRAMES = 900, MOST_EVENTS = 40 };

/* Both patches of the folder, compiled once. */
static const struct rp_program *program_of(int echo)
{
    static const struct rp_program *programs[2];
    static void *memory[2]; /* stays reachable */
    struct compile_options options = {0};
    struct compile_result result;
    struct rp_error error;
    char name[64];
    if (programs[echo])
        return programs[echo];
    snprintf(name, sizeof name, "%s/%s", fz_folder(), echo ? "echo.sx" : "lead.sx");
    FZ_CHECK(compile_file(name, &options, stderr, &result) == 0);
    size_t size = rp_program_bytes(result.bytes, result.size);
    memory[echo] = fz_take(size);
    programs[echo] = rp_load(result.bytes, result.size, memory[echo], size, &error);
    FZ_CHECK(programs[echo]);
    free(result.bytes);
    return programs[echo];
}

/* What is in the folder is one of its patches; what is not a patch is not loaded. */
static const struct rp_program *load(void *context, const char *path, FILE *diagnostics,
                                     int *status)
{
    (void)context;
    size_t length = strlen(path);
    *status = length > 3 && strcmp(path + length - 3, ".sx") == 0 ? 0 : 1;
    if (*status == 0)
        return program_of(strstr(path, "echo") != NULL);
    fprintf(diagnostics, "%s: no patch\n", path);
    return NULL;
}

static void check_events(const struct sound *sound)
{
    for (size_t i = 0; i < sound->events.count; i++) {
        const struct event *e = &sound->events.list[i];
        FZ_CHECK(i == 0 || e[-1].frame <= e->frame);
        FZ_CHECK(e->param < rp_param_count(sound->program));
        const struct rp_param *info = rp_param_info(sound->program, e->param);
        FZ_CHECK(e->value - e->value == 0.0f && e->value >= info->low && e->value <= info->high);
    }
}

static void check_plan(const struct batch *batch)
{
    FZ_CHECK(batch->count > 0 && batch->count <= BATCH_MOST_SOUNDS && batch->name);
    for (size_t i = 0; i < batch->count; i++) {
        const struct take *take = &batch->takes[i];
        const struct sound *sound = take->sound;
        FZ_CHECK(batch->names[i] && batch->names[i][0] && sound && sound->program && sound->name);
        FZ_CHECK(sound->place && sound->line > 0);
        FZ_CHECK(sound->spec.frames > 0 && sound->spec.channels == rp_channels(sound->program));
        FZ_CHECK(sound->threshold >= 0.0f && sound->threshold - sound->threshold == 0.0f);
        FZ_CHECK(!sound->input == (sound->input_frames == 0));
        FZ_CHECK(i == 0 || batch->takes[i - 1].sound != sound ||
                 take->seed == batch->takes[i - 1].seed + 1);
        check_events(sound);
    }
}

/* Their first frames. */
static void render(const struct batch *batch, struct sound *sounds, unsigned lanes, size_t cut,
                   enum render_status *status, char hashes[][HASH_TEXT])
{
    static const atomic_int go_on;
    struct take takes[MOST_TAKES] = {{.opened = false}};
    struct job job = {
        .isa = RP_ISA_BASE, .lanes = lanes, .threads = 1, .cut = cut, .hash = true, .stop = &go_on};
    struct render_error error = {.status = RENDER_OK};
    size_t count = batch->count < MOST_TAKES ? batch->count : MOST_TAKES;
    for (size_t i = 0; i < count; i++) {
        sounds[i] = *batch->takes[i].sound;
        if (sounds[i].spec.frames > MOST_FRAMES)
            sounds[i].spec.frames = MOST_FRAMES;
        sounds[i].until_silent &= sounds[i].input_frames < MOST_FRAMES;
        takes[i] = (struct take){.sound = &sounds[i], .seed = batch->takes[i].seed};
    }
    *status = job_render(&job, takes, count, &error);
    FZ_CHECK(*status == RENDER_OK || (*status == RENDER_WRONG && error.text[0]));
    for (size_t i = 0; i < count && *status == RENDER_OK; i++) {
        FZ_CHECK(takes[i].frames <= sounds[i].spec.frames);
        memcpy(hashes[i], takes[i].hash, HASH_TEXT);
    }
    job_discard(takes, count);
}

static void play(const struct batch *batch)
{
    static struct sound sounds[MOST_TAKES];
    char a[MOST_TAKES][HASH_TEXT] = {{0}}, b[MOST_TAKES][HASH_TEXT] = {{0}};
    enum render_status status[2];
    for (size_t i = 0; i < batch->count && i < MOST_TAKES; i++)
        if (batch->takes[i].sound->events.count > MOST_EVENTS)
            return;
    render(batch, sounds, 1, 0, &status[0], a);
    render(batch, sounds, 4, 97, &status[1], b);
    FZ_CHECK(status[0] == status[1]);
    FZ_CHECK(memcmp(a, b, sizeof a) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char name[80];
    struct batch batch;
    static const atomic_int go_on;
    snprintf(name, sizeof name, "%s/list.sx", fz_folder());
    struct batch_options options = {
        .loader = {load, NULL},
        .wish = {.longest = 60 * RP_SAMPLE_RATE,
                 .threshold = 3e-5f,
                 .quiet_hold = RP_SAMPLE_RATE / 4,
                 .release = RP_SAMPLE_RATE / 2},
        .diagnostics = fz_nowhere(),
        .stop = &go_on,
    };
    FILE *stream = fz_stream(data, size);
    int status = batch_read(&batch, stream, name, &options);
    FZ_CHECK(status == 0 || status == 1);
    if (status == 0) {
        check_plan(&batch);
        play(&batch);
    }
    job_discard(batch.takes, batch.count);
    batch_free(&batch);
    fclose(stream);
    return 0;
}
