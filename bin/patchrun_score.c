/* patchrun_score.c - scores and MIDI files: read, performed, reported. */
#include "bin/patchrun_common.h"
#include "bin/patchrun_score_info.h"
#include "render/performance/performance.h"
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/* --- reading ------------------------------------------------------------------------------ */

static int read_midi(const struct options *options, struct input_file *midi,
                     struct score_options *reading, struct score *score)
{
    struct input_file map;
    if (!options->map) {
        fprintf(stderr,
                "patchrun: %s: a MIDI file needs instruments\n"
                "  = help: give a score that names them with --map; score(5) shows one\n",
                midi->name);
        return 2;
    }
    reading->map_only = 1;
    int status = input_file_open(&map, options->map);
    if (status == 0)
        status = score_read(score, map.stream, map.name, reading);
    input_file_close(&map);
    return status == 0 ? midi_read(score, midi->stream, midi->name, stderr, reading->notes)
                       : status;
}

static int read_score(const struct options *options, struct input_file *input,
                      struct library *library, struct score *score)
{
    struct score_options reading = {.loader = {library_load, library},
                                    .diagnostics = stderr,
                                    .notes = options->quiet ? NULL : stderr,
                                    .stop = &stop_signal};
    if (input->kind == INPUT_MIDI)
        return read_midi(options, input, &reading, score);
    return score_read(score, input->stream, input->name, &reading);
}

/* --- performing --------------------------------------------------------------------------- */

static struct performance_plan make_plan(const struct options *options,
                                         const struct input_file *input, struct score *score)
{
    struct performance_plan plan = {
        .score = score,
        .name = input->name,
        .output = options->output,
        .stems = options->stems,
        .ladder = options->ladder,
        .ladder_nodes = options->ladder_nodes,
        .ladder_values = options->ladder_values,
        .trace = options->trace,
        .cost = options->cost,
        .format = options->format,
        .pcm = options->pcm,
        .hash = options->hash,
        .dither = options->dither,
        .seed = options->seed_given ? options->seed
                : score->has_seed   ? score->seed
                                    : 0,
        .budget = options->budget ? options->budget : score->budget,
        .isa = options->isa,
        .lanes = options->lanes,
        .threads = options->threads,
        .cut = (unsigned)options->cut,
        .from = options->from,
        .threshold = options->threshold,
        .hold = options->quiet_hold,
        .stop = &stop_signal,
    };
    if (options->frames)
        plan.to = options->frames;
    else if (score->has_end && !options->until_silent)
        plan.to = score->end;
    plan.until_silent = plan.to == 0;
    if (plan.until_silent)
        plan.to = score->last + options->longest;
    plan.bounded = options->to && options->to < plan.to;
    if (plan.bounded)
        plan.to = options->to;
    return plan;
}

static int check_plan(const struct performance_plan *plan)
{
    if (plan->from < plan->to)
        return 0;
    if (plan->until_silent && !plan->bounded) {
        fprintf(stderr, "patchrun: %s: the score is over before --from\n", plan->name);
        return 1;
    }
    fprintf(stderr, "patchrun: %s: there is nothing to render from %g s to %g s\n", plan->name,
            (double)plan->from / RP_SAMPLE_RATE, (double)plan->to / RP_SAMPLE_RATE);
    return 1;
}

static const char *plural(uint64_t count)
{
    return count == 1 ? "" : "s";
}

/* What stands after the end that the score itself says. */
static int note_late(const struct options *options, const struct input_file *input,
                     struct score *score)
{
    struct score_late late;
    struct render_error error = {.status = RENDER_OK};
    if (options->quiet || !score->has_end || options->frames || options->until_silent)
        return 0;
    if (score_late(score, score->end, &late, &error))
        return say_error(&error);
    if (late.count == 0)
        return 0;
    fprintf(stderr, "patchrun: note: %s: %" PRIu64 " command%s after the end at %g s", input->name,
            late.count, late.count == 1 ? " lies" : "s lie", (double)score->end / RP_SAMPLE_RATE);
    if (late.line)
        fprintf(stderr, ", %s in line %" PRIu32, late.count == 1 ? "it is" : "the first",
                late.line);
    if (late.line && late.file > 0)
        fprintf(stderr, " of %s", score->files[late.file]);
    fputc('\n', stderr);
    return 0;
}

static void note(const struct options *options, const struct performance_plan *plan,
                 const struct performance_result *result)
{
    if (options->quiet)
        return;
    if (result->silent)
        fprintf(stderr, "patchrun: note: %s: nothing reached the silence threshold\n", plan->name);
    if (result->cut_off && !plan->bounded)
        fprintf(stderr, "patchrun: note: %s: ends at %g s, before it was silent (--longest)\n",
                plan->name, (double)plan->to / RP_SAMPLE_RATE);
    if (result->clipped)
        fprintf(stderr, "patchrun: note: %s: the mix is louder than full scale and was clipped\n",
                plan->name);
    if (result->refused + result->stolen > 0)
        fprintf(stderr,
                "patchrun: note: %s: %" PRIu64 " voice%s stolen, %" PRIu64
                " play%s refused (--trace tells which)\n",
                plan->name, result->stolen, plural(result->stolen), result->refused,
                plural(result->refused));
}

static void say_blame(int voice)
{
    if (voice < 0)
        fputs("commands and buses alone pass it", stderr);
    else
        fprintf(stderr, "voice %d passes it", voice);
}

/* The certification of PROMETEU's section 10: 0 within the budget, else 1. */
static int certify(const struct performance_plan *plan, const struct performance_result *result)
{
    if (result->ticks_over == 0)
        return 0;
    fprintf(stderr,
            "patchrun: %s: tick %" PRIu64 " costs %" PRIu64 " cycles, the budget is %" PRIu64 ": ",
            plan->name, result->first_over, result->first_cycles, plan->budget);
    say_blame(result->first_blame);
    fprintf(stderr,
            "\n  = note: over budget in %" PRIu64 " tick%s, worst in tick %" PRIu64 " with %" PRIu64
            " cycles\n",
            result->ticks_over, plural(result->ticks_over), result->worst_over,
            result->worst_cycles);
    return 1;
}

static int print_hash(const struct options *options, const struct input_file *input,
                      const struct performance_result *result)
{
    bool piped = options->output && out_is_stdout(options->output);
    FILE *stream = piped ? stderr : stdout;
    if (options->hash)
        fprintf(stream, "%s  %s\n", result->hash, options->output ? options->output : input->name);
    return flush_output(stream);
}

/* Copying into a pipe may wait for its reader for ever; by then a signal may end us as usual. */
static int commit(const struct options *options, struct performance *performance)
{
    struct render_error error;
    if (options->output && out_is_stdout(options->output))
        release_signals();
    return perform_commit(performance, &error) ? say_error(&error) : 0;
}

/* Every stem is an open file: as many as the system lets us have. */
static void allow_files(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

static int perform_plan(const struct options *options, const struct input_file *input,
                        struct performance_plan *plan)
{
    struct performance *performance = NULL;
    struct performance_result result;
    struct render_error error = {.status = RENDER_OK};
    struct progress progress = progress_begin(plan->to);
    if (plan->stems)
        allow_files();
    if (!options->quiet && isatty(STDERR_FILENO)) {
        plan->progress = progress_show;
        plan->context = &progress;
    }
    int status = (int)perform(plan, &performance, &result, &error);
    progress_end(&progress);
    if (atomic_load(&stop_signal))
        status = 2; /* main dies of it */
    else if (status != RENDER_OK)
        status = say_error(&error);
    else
        status = commit(options, performance);
    if (status == 0) {
        note(options, plan, &result);
        status = print_hash(options, input, &result);
    }
    perform_discard(performance);
    return status == 0 ? certify(plan, &result) : status;
}

static int play(const struct options *options, const struct input_file *input, struct score *score)
{
    struct performance_plan plan = make_plan(options, input, score);
    int status = check_plan(&plan);
    if (status == 0)
        status = note_late(options, input, score);
    return status ? status : perform_plan(options, input, &plan);
}

static int print_info(const struct options *options, const struct input_file *input,
                      const struct score *score)
{
    score_info(input->name, score, options->info == INFO_JSON, stdout);
    return flush_output(stdout);
}

int play_score(const struct options *options, struct input_file *input)
{
    struct library library = {NULL};
    struct score score = {0};
    int status = read_score(options, input, &library, &score);
    if (status == 0)
        status = options->info != INFO_NONE ? print_info(options, input, &score)
                                            : play(options, input, &score);
    score_free(&score);
    library_free(&library);
    return status;
}
