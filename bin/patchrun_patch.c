/* patchrun_patch.c - one patch played, into one file or into many with a seed each. */
#include "bin/patchrun_common.h"
#include "bin/patchrun_values.h"
#include "render/batch/batch.h"
#include "render/job_input.h"
#include "render/take_ladder.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* --- the sound that comes in --------------------------------------------------------------- */

static int check_sound(const struct options *options, const struct loaded *loaded, uint64_t *frames)
{
    unsigned inputs = rp_inputs(loaded->program);
    struct render_error error;
    *frames = 0;
    if (!options->sound) {
        if (inputs > 0 && !options->quiet)
            fprintf(stderr, "patchrun: note: %s: its input is silent; --input gives it a sound\n",
                    loaded->name);
        return 0;
    }
    if (inputs == 0) {
        fprintf(stderr,
                "patchrun: %s: takes no input, so --input has nowhere to go\n"
                "  = help: an effect has a node of type 'input' or 'input.mono'\n",
                loaded->name);
        return 1;
    }
    return job_input_length(options->sound, inputs, frames, &error) ? say_error(&error) : 0;
}

/* --- the events -------------------------------------------------------------------------- */

static int check_release(const struct options *options, const struct loaded *loaded)
{
    if (!options->release_given || rp_param_find(loaded->program, "gate") >= 0)
        return 0;
    fprintf(stderr, "patchrun: %s: --hold needs a parameter 'gate', and there is none\n",
            loaded->name);
    return 1;
}

/* events->list is malloc'd. */
static int read_events(const struct options *options, const struct loaded *loaded, uint64_t sound,
                       struct events *events)
{
    int status = check_release(options, loaded);
    events->count = 0;
    events->list = malloc((options->setting_count + 1) * sizeof *events->list);
    if (!events->list)
        return say_out_of_memory();
    for (size_t i = 0; i < options->setting_count && status < 2; i++) {
        int failed = value_setting(options->settings[i], loaded->name, loaded->program,
                                   &events->list[events->count++], stderr);
        status = failed > status ? failed : status;
    }
    struct sound_wish wish = wish_of(options);
    wish_release(&wish, loaded->program, sound, events);
    return status;
}

/* --- the files --------------------------------------------------------------------------- */

struct plan {
    struct take *takes;
    char **names; /* of the takes, for files and hashes; malloc'd */
    size_t count;
};

static int make_plan(const struct options *options, const char *input, struct plan *plan)
{
    const char *base = options->output ? options->output : input;
    plan->count = options->variations > 0 ? options->variations : 1;
    plan->takes = calloc(plan->count, sizeof *plan->takes);
    plan->names = calloc(plan->count, sizeof *plan->names);
    if (!plan->takes || !plan->names)
        return say_out_of_memory();
    for (size_t i = 0; i < plan->count; i++) {
        plan->names[i] =
            options->variations > 0 ? numbered_name(base, i + 1, plan->count) : strdup(base);
        if (!plan->names[i])
            return say_out_of_memory();
        plan->takes[i].path = options->output ? plan->names[i] : NULL;
    }
    return 0;
}

static void free_plan(struct plan *plan)
{
    job_discard(plan->takes, plan->takes ? plan->count : 0);
    for (size_t i = 0; plan->names && i < plan->count; i++)
        free(plan->names[i]);
    free(plan->names);
    free(plan->takes);
}

/* --- rendering --------------------------------------------------------------------------- */

/* Copying into a pipe may wait for its reader for ever; nothing is left to clean up by then, so
 * a signal may end us as usual. */
static int commit(const struct job *job, struct plan *plan)
{
    struct render_error error;
    if (plan->count == 1 && plan->takes[0].path && plan->takes[0].file.out.through >= 0)
        release_signals();
    return job_commit(job, plan->takes, plan->count, &error) ? say_error(&error) : 0;
}

static void note(const struct options *options, const struct plan *plan)
{
    for (size_t i = 0; i < plan->count && !options->quiet; i++)
        note_take(&plan->takes[i], plan->names[i]);
}

static int print_hashes(const struct options *options, const struct plan *plan)
{
    bool piped = options->output && out_is_stdout(options->output);
    FILE *stream = piped ? stderr : stdout;
    for (size_t i = 0; i < plan->count && options->hash; i++)
        fprintf(stream, "%s  %s\n", plan->takes[i].hash, plan->names[i]);
    return flush_output(stream);
}

static int render(const struct job *job, struct plan *plan)
{
    struct render_error error = {.status = RENDER_OK};
    job_render(job, plan->takes, plan->count, &error);
    if (atomic_load(&stop_signal))
        return 2; /* main dies of it */
    return error.status == RENDER_OK ? 0 : say_error(&error);
}

static int render_shown(struct job *job, struct plan *plan)
{
    struct progress progress = progress_begin(plan->takes[0].sound->spec.frames * plan->count);
    job->progress = progress_show;
    job->context = &progress;
    int status = render(job, plan);
    progress_end(&progress);
    return status;
}

/* Committed by the caller. */
static int write_ladder(const struct options *options, const struct job *job,
                        const struct plan *plan, struct out_file *ladder)
{
    struct render_error error = {.status = RENDER_OK};
    if (!options->ladder)
        return 0;
    enum render_status status = out_create(ladder, options->ladder, plan->count, &error);
    if (status == RENDER_OK)
        status = take_ladder(job, &plan->takes[0], options->ladder_values, ladder, &error);
    if (status == RENDER_OK)
        status = out_close(ladder, &error);
    if (atomic_load(&stop_signal))
        return 2;
    return status == RENDER_OK ? 0 : say_error(&error);
}

static int commit_ladder(const struct options *options, struct out_file *ladder)
{
    struct render_error error;
    return options->ladder && out_commit(ladder, &error) ? say_error(&error) : 0;
}

static int play_plan(const struct options *options, const struct loaded *loaded, uint64_t sound,
                     const struct events *events, struct plan *plan)
{
    struct sound_wish wish = wish_of(options);
    struct sound played = wish_sound(&wish, loaded->program, loaded->name, sound, events);
    struct job job = job_of(options);
    struct out_file ladder = {.fd = -1, .through = -1};
    bool shown = !options->quiet && isatty(STDERR_FILENO);
    for (size_t i = 0; i < plan->count; i++) {
        plan->takes[i].sound = &played;
        plan->takes[i].seed = options->seed + i;
    }
    int status = shown ? render_shown(&job, plan) : render(&job, plan);
    if (status == 0)
        status = write_ladder(options, &job, plan, &ladder);
    if (status == 0)
        status = commit_ladder(options, &ladder);
    if (status == 0)
        status = commit(&job, plan);
    out_discard(&ladder);
    if (status == 0)
        note(options, plan);
    return status == 0 ? print_hashes(options, plan) : status;
}

static int play(const struct options *options, const struct loaded *loaded)
{
    struct events events = {0};
    struct plan plan = {0};
    uint64_t sound; /* frames */
    int status = check_sound(options, loaded, &sound);
    if (status == 0)
        status = read_events(options, loaded, sound, &events);
    if (status == 0)
        status = make_plan(options, loaded->name, &plan);
    if (status == 0)
        status = play_plan(options, loaded, sound, &events, &plan);
    free_plan(&plan);
    free(events.list);
    return status;
}

static int print_info(const struct options *options, const struct loaded *loaded)
{
    value_info(loaded->name, loaded->program, loaded->bytecode, options->info == INFO_JSON, stdout);
    return flush_output(stdout);
}

int play_patch(const struct options *options, struct input_file *input)
{
    struct loaded loaded;
    int status = load_stream(input->name, input->stream, stderr, &loaded);
    if (status == 0)
        status = options->info != INFO_NONE ? print_info(options, &loaded) : play(options, &loaded);
    free(loaded.memory);
    return status;
}
