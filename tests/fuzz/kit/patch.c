/* patch.c - texts of patches. */
#include "compiler/format.h"
#include "tests/fuzz/kit/kit.h"
#include <stdlib.h>
#include <string.h>

/* A short ramp for every file. */
static int load_sound(void *context, const char *path, enum sound_channel channel,
                      struct sound_frames *sound)
{
    (void)context;
    if (strlen(path) % 7 == 6) {
        snprintf(sound->why, sizeof sound->why, "there is none");
        return -1;
    }
    sound->count = 50;
    sound->rate = channel == SOUND_MIX ? 48000 : 44100;
    sound->values = malloc(sound->count * sizeof *sound->values);
    FZ_CHECK(sound->values);
    for (size_t i = 0; i < sound->count; i++)
        sound->values[i] = (double)i / 50.0 - 0.5;
    return 0;
}

static const char *name_of(void)
{
    static char name[64];
    snprintf(name, sizeof name, "%s/fuzz.sx", fz_folder());
    return name;
}

static void begin(struct compile_job *job, const struct source *source)
{
    compile_init(job);
    job->source = source;
    job->sounds = (struct sound_loader){load_sound, NULL};
}

static void say(const struct compile_job *job)
{
    diags_print(&job->diags, fz_nowhere());
    diags_print_json(&job->diags, fz_nowhere());
}

/* The text is of the same program. */
static void assert_program(const char *text, size_t size, const struct bytes *want)
{
    struct compile_job job;
    struct source source = fz_source(name_of(), (const uint8_t *)text, size);
    begin(&job, &source);
    struct graph *graph = compile_graph(&job);
    struct bytes bytes = {0};
    if (graph)
        bytes = compile_graph_to_bytes(&job, graph, false);
    if (!bytes.data || bytes.size != want->size ||
        memcmp(bytes.data, want->data, bytes.size) != 0) {
        fprintf(stderr, "%s\n", source.text);
        diags_print(&job.diags, stderr);
        fz_fail("the text that was written is of another program");
    }
    compile_free(&job);
    free((void *)(uintptr_t)source.text);
}

static void check_forms(struct compile_job *job, const struct graph *graph,
                        const struct bytes *bytes)
{
    for (unsigned form = 0; form < 3; form++) {
        char *text = NULL;
        size_t size = 0;
        FILE *file = open_memstream(&text, &size);
        FZ_CHECK(file);
        int failed = form == 0   ? graph_write_sx(&job->arena, graph, file)
                     : form == 1 ? graph_write_json(&job->arena, graph, file)
                                 : format_sx(&job->arena, &job->diags, job->source, file);
        fclose(file);
        if (failed)
            diags_print(&job->diags, stderr);
        FZ_CHECK(!failed);
        assert_program(text, size, bytes);
        free(text);
    }
}

static void check_format(struct compile_job *job)
{
    struct diags diags;
    diags_init(&diags, &job->arena);
    format_sx(&job->arena, &diags, job->source, fz_nowhere());
    diags_print(&diags, fz_nowhere());
}

void fz_patch(const uint8_t *data, size_t size)
{
    struct compile_job job;
    struct source source = fz_source(name_of(), data, size);
    uint64_t chance = size;
    for (size_t i = 0; i < size; i++)
        chance = chance * 31 + data[i];
    begin(&job, &source);
    struct graph *graph = compile_graph(&job);
    struct bytes bytes = {0};
    if (graph)
        bytes = compile_graph_to_bytes(&job, graph, false);
    FZ_CHECK(!job.arena.failed);
    FZ_CHECK((bytes.data == NULL) == (job.diags.count > 0));
    say(&job);
    if (bytes.data && bytes.size < 20000) {
        check_forms(&job, graph, &bytes);
        fz_play(bytes.data, bytes.size, chance);
    } else {
        check_format(&job);
    }
    compile_free(&job);
    free((void *)(uintptr_t)source.text);
}
