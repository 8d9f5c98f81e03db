/* patchrun - plays a patch or its bytecode into a sound file. See patchrun(1). */
#include "bin/patchrun_options.h"
#include "bin/patchrun_values.h"
#include "compiler/compile.h"
#include "render/job.h"
#include "render/job_input.h"
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { BYTECODE_FIRST = 0x89, MOST_INPUT = 256 << 20, BEST_CUT = 4096, LEAST_CUT = 256 };

/* The number of the signal that asked us to stop. */
static atomic_int stop_signal;

static void on_signal(int number)
{
    atomic_store(&stop_signal, number);
}

static const int caught_signals[] = {SIGINT, SIGTERM, SIGHUP};
enum { CAUGHT = sizeof caught_signals / sizeof caught_signals[0] };

static void catch_signals(void)
{
    struct sigaction action = {.sa_handler = on_signal}, old;
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < CAUGHT; i++) {
        /* nohup ignores SIGHUP for us: it stays ignored. */
        if (sigaction(caught_signals[i], NULL, &old) == 0 && old.sa_handler != SIG_IGN)
            sigaction(caught_signals[i], &action, NULL);
    }
    action.sa_handler = SIG_IGN; /* a closed pipe and a file too large are errors of write */
    sigaction(SIGPIPE, &action, NULL);
    sigaction(SIGXFSZ, &action, NULL);
}

/* From here on they end us at once. */
static void release_signals(void)
{
    struct sigaction old;
    for (size_t i = 0; i < CAUGHT; i++) {
        if (sigaction(caught_signals[i], NULL, &old) == 0 && old.sa_handler == on_signal)
            signal(caught_signals[i], SIG_DFL);
    }
}

static void die_of(int number)
{
    signal(number, SIG_DFL);
    raise(number);
}

static int trouble(const char *name, const char *what, int number)
{
    fprintf(stderr, "patchrun: %s: cannot %s: %s\n", name, what, strerror(number));
    return 2;
}

static int out_of_memory(void)
{
    fputs("patchrun: out of memory\n", stderr);
    return 2;
}

static int say_error(const struct render_error *error)
{
    fprintf(stderr, "patchrun: %s\n", error->text);
    if (error->help[0])
        fprintf(stderr, "  = help: %s\n", error->help);
    return error->status == RENDER_WRONG ? 1 : 2;
}

/* --- the program ------------------------------------------------------------------------- */

struct loaded {
    const char *name; /* for messages */
    size_t bytecode;  /* bytes */
    void *memory;
    struct rp_program *program;
};

static int read_stream(const char *name, FILE *stream, struct compile_result *code)
{
    size_t room = 1 << 16;
    code->size = 0;
    code->bytes = malloc(room);
    while (code->bytes) {
        code->size += fread(code->bytes + code->size, 1, room - code->size, stream);
        if (code->size < room)
            return ferror(stream) ? trouble(name, "read", errno) : 0;
        if (room >= MOST_INPUT)
            return trouble(name, "read", EFBIG);
        unsigned char *more = realloc(code->bytes, room *= 2);
        if (!more)
            break;
        code->bytes = more;
    }
    return out_of_memory();
}

/* Bytecode stays as it is, anything else is compiled. The input is read once: it may be a pipe. */
static int read_code(const char *name, FILE *stream, struct compile_result *code)
{
    struct compile_options options = {0};
    struct compile_result text = {0};
    int status = read_stream(name, stream, code);
    if (status || (code->size && code->bytes[0] == BYTECODE_FIRST))
        return status;
    code->bytes[code->size] = 0;
    struct source source = {name, (const char *)code->bytes, code->size, 0};
    status = compile_text(&source, &options, stderr, &text);
    free(code->bytes);
    *code = text;
    return status;
}

static int open_code(const char *path, const char *name, struct compile_result *code)
{
    if (strcmp(path, "-") == 0)
        return read_code(name, stdin, code);
    FILE *stream = fopen(path, "rb");
    if (!stream)
        return trouble(name, "open", errno);
    int status = read_code(name, stream, code);
    fclose(stream);
    return status;
}

static int load_code(const struct compile_result *code, struct loaded *loaded)
{
    struct rp_error error;
    if (rp_verify(code->bytes, code->size, &error) != RP_OK) {
        fprintf(stderr, "patchrun: %s: byte %" PRIu64 ": %s\n", loaded->name, error.offset,
                error.reason);
        return 1;
    }
    size_t size = rp_program_bytes(code->bytes, code->size);
    size = (size + RP_ALIGNMENT - 1) / RP_ALIGNMENT * RP_ALIGNMENT;
    loaded->memory = aligned_alloc(RP_ALIGNMENT, size);
    if (!loaded->memory)
        return out_of_memory();
    loaded->bytecode = code->size;
    loaded->program = rp_load(code->bytes, code->size, loaded->memory, size, &error);
    if (loaded->program)
        return 0;
    fprintf(stderr, "patchrun: %s: cannot load: %s\n", loaded->name, error.reason);
    return 2;
}

static int load(const char *path, struct loaded *loaded)
{
    struct compile_result code = {NULL, 0};
    *loaded = (struct loaded){.name = strcmp(path, "-") == 0 ? "standard input" : path};
    int status = open_code(path, loaded->name, &code);
    if (status == 0)
        status = load_code(&code, loaded);
    free(code.bytes);
    return status;
}

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

/* Closes the gate at --hold; until silent also unasked, for a held note has no end. That of an
 * effect is held as long as its input. */
static void add_release(const struct options *options, const struct rp_program *program,
                        uint64_t sound, struct events *events)
{
    int gate = rp_param_find(program, "gate");
    uint64_t release = options->sound && !options->release_given ? sound : options->release;
    bool wanted = options->release_given || options->frames == 0;
    for (size_t i = 0; i < events->count && !options->release_given; i++)
        if (events->list[i].frame > 0 && (int)events->list[i].param == gate)
            wanted = false; /* the command line plays the gate itself */
    if (gate >= 0 && wanted)
        events->list[events->count++] = (struct event){.frame = release, .param = (unsigned)gate};
}

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
        return out_of_memory();
    for (size_t i = 0; i < options->setting_count && status < 2; i++) {
        int failed = value_setting(options->settings[i], loaded->name, loaded->program,
                                   &events->list[events->count++], stderr);
        status = failed > status ? failed : status;
    }
    add_release(options, loaded->program, sound, events);
    events_sort(events);
    return status;
}

/* --- the files --------------------------------------------------------------------------- */

/* Decimal digits of a number of variations. */
static size_t digits(size_t number)
{
    size_t count = 1;
    for (; number >= 10 && count < 9; number /= 10)
        count++;
    return count;
}

/* "dir/coin.wav" as "dir/coin-07.wav". malloc'd. */
static char *numbered_name(const char *path, size_t number, size_t last)
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
        return out_of_memory();
    for (size_t i = 0; i < plan->count; i++) {
        plan->names[i] =
            options->variations > 0 ? numbered_name(base, i + 1, plan->count) : strdup(base);
        if (!plan->names[i])
            return out_of_memory();
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

/* --- progress ---------------------------------------------------------------------------- */

/* Only on a terminal, and only when the render takes longer than a second. */
struct progress {
    double start, last; /* seconds */
    uint64_t total;     /* frames of all takes */
    bool shown;
};

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

static void show_progress(void *context, uint64_t frames)
{
    struct progress *progress = context;
    double time = now(), done = (double)frames / RP_SAMPLE_RATE;
    if (time - progress->start < 1.0 || time - progress->last < 0.1)
        return;
    progress->last = time;
    progress->shown = true;
    fprintf(stderr, "\r%3.0f%%  %.1f s of %.1f s  %.0fx real time\033[K",
            100.0 * (double)frames / (double)progress->total, done,
            (double)progress->total / RP_SAMPLE_RATE, done / (time - progress->start));
}

static void end_progress(const struct progress *progress)
{
    if (progress->shown)
        fputs("\r\033[K", stderr);
}

/* --- rendering --------------------------------------------------------------------------- */

static void set_cut(const struct options *options, size_t takes, struct job *job)
{
    job->isa = options->isa;
    job->threads = options->threads;
    job->lanes = options->lanes ? options->lanes : rp_choose_lanes(takes);
    size_t cut = BEST_CUT / job->lanes > LEAST_CUT ? BEST_CUT / job->lanes : LEAST_CUT;
    job->cut = options->cut ? options->cut : cut;
}

static uint64_t most_frames(const struct options *options, uint64_t sound)
{
    if (options->frames)
        return options->frames;
    return options->longest_given ? options->longest : options->longest + sound;
}

static struct job make_job(const struct options *options, const struct loaded *loaded,
                           uint64_t sound, const struct events *events, size_t takes)
{
    struct job job = {.program = loaded->program,
                      .name = loaded->name,
                      .seed = options->seed,
                      .serial = options->serial,
                      .input = options->sound,
                      .input_frames = sound,
                      .events = events,
                      .hash = options->hash,
                      .dither = options->dither,
                      .until_silent = options->frames == 0,
                      .threshold = options->threshold,
                      .hold = options->quiet_hold,
                      .stop = &stop_signal};
    job.spec = (struct audio_spec){.format = options->format,
                                   .pcm = options->pcm,
                                   .channels = rp_channels(loaded->program),
                                   .frames = most_frames(options, sound)};
    set_cut(options, takes, &job);
    return job;
}

/* Copying into a pipe may wait for its reader for ever; nothing is left to clean up by then, so
 * a signal may end us as usual. */
static int commit(struct plan *plan)
{
    struct render_error error;
    if (plan->count == 1 && plan->takes[0].path && plan->takes[0].file.out.through >= 0)
        release_signals();
    return job_commit(plan->takes, plan->count, &error) ? say_error(&error) : 0;
}

static void note(const struct options *options, const struct plan *plan)
{
    bool terminal = isatty(STDERR_FILENO);
    for (size_t i = 0; i < plan->count && !options->quiet; i++) {
        const struct take *take = &plan->takes[i];
        if (take->silent)
            fprintf(stderr,
                    "patchrun: note: %s: nothing reached the silence threshold; is the sound "
                    "late (--silence-hold) or soft (--silence-threshold)?\n",
                    plan->names[i]);
        else if (take->cut_off && terminal)
            fprintf(stderr, "patchrun: note: %s: ends at %g s, before it was silent (--longest)\n",
                    plan->names[i], (double)take->frames / RP_SAMPLE_RATE);
    }
}

static int print_hashes(const struct options *options, const struct plan *plan)
{
    bool piped = options->output && out_is_stdout(options->output);
    FILE *stream = piped ? stderr : stdout;
    for (size_t i = 0; i < plan->count && options->hash; i++)
        fprintf(stream, "%s  %s\n", plan->takes[i].hash, plan->names[i]);
    return fflush(stream) ? trouble("standard output", "write", errno) : 0;
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
    struct progress progress = {.start = now(), .total = job->spec.frames * plan->count};
    job->progress = show_progress;
    job->context = &progress;
    int status = render(job, plan);
    end_progress(&progress);
    return status;
}

static int play_plan(const struct options *options, const struct loaded *loaded, uint64_t sound,
                     const struct events *events, struct plan *plan)
{
    struct job job = make_job(options, loaded, sound, events, plan->count);
    bool shown = !options->quiet && isatty(STDERR_FILENO);
    int status = shown ? render_shown(&job, plan) : render(&job, plan);
    if (status == 0)
        status = commit(plan);
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
    return fflush(stdout) ? trouble("standard output", "write", errno) : 0;
}

static int run(const struct options *options)
{
    struct loaded loaded;
    int status = load(options->input, &loaded);
    if (status == 0)
        status = options->info != INFO_NONE ? print_info(options, &loaded) : play(options, &loaded);
    free(loaded.memory);
    return status;
}

int main(int argc, char **argv)
{
    struct options options;
    int status = options_read(&options, argc, argv);
    if (status == 0) {
        catch_signals();
        status = run(&options);
    } else if (status == 1) {
        status = fflush(stdout) ? trouble("standard output", "write", errno) : 0;
    }
    options_free(&options);
    if (atomic_load(&stop_signal))
        die_of(atomic_load(&stop_signal));
    return status;
}
