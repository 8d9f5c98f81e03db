#include "bin/patchrun_common.h"
#include <errno.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

atomic_int stop_signal;

static void on_signal(int number)
{
    atomic_store(&stop_signal, number);
}

static const int caught_signals[] = {SIGINT, SIGTERM, SIGHUP};
enum { CAUGHT = sizeof caught_signals / sizeof caught_signals[0] };

void catch_signals(void)
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
void release_signals(void)
{
    struct sigaction old;
    for (size_t i = 0; i < CAUGHT; i++) {
        if (sigaction(caught_signals[i], NULL, &old) == 0 && old.sa_handler == on_signal)
            signal(caught_signals[i], SIG_DFL);
    }
}

int say_error(const struct render_error *error)
{
    fprintf(stderr, "patchrun: %s\n", error->text);
    if (error->help[0])
        fprintf(stderr, "  = help: %s\n", error->help);
    return error->status == RENDER_WRONG ? 1 : 2;
}

int flush_output(FILE *stream)
{
    return fflush(stream) ? say_trouble("standard output", "write", errno) : 0;
}

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

struct progress progress_begin(uint64_t total)
{
    return (struct progress){.start = now(), .total = total};
}

void progress_show(void *context, uint64_t frames)
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

void progress_end(const struct progress *progress)
{
    if (progress->shown)
        fputs("\r\033[K", stderr);
}

struct sound_wish wish_of(const struct options *o)
{
    return (struct sound_wish){.seed = o->seed,
                               .serial = o->serial,
                               .variations = o->variations,
                               .frames = o->frames,
                               .longest = o->longest,
                               .longest_given = o->longest_given,
                               .threshold = o->threshold,
                               .quiet_hold = o->quiet_hold,
                               .release = o->release,
                               .release_given = o->release_given,
                               .input = o->sound,
                               .format_given = o->format_given,
                               .bits_given = o->bits_given,
                               .dither = o->dither,
                               .format = o->format,
                               .pcm = o->pcm};
}

struct job job_of(const struct options *o)
{
    return (struct job){.isa = o->isa,
                        .lanes = o->lanes,
                        .threads = o->threads,
                        .cut = o->cut,
                        .hash = o->hash,
                        .stop = &stop_signal};
}

void note_take(const struct take *take, const char *name)
{
    if (take->silent)
        fprintf(stderr,
                "patchrun: note: %s: nothing reached the silence threshold; is the sound "
                "late (--silence-hold) or soft (--silence-threshold)?\n",
                name);
    else if (take->cut_off && isatty(STDERR_FILENO))
        fprintf(stderr, "patchrun: note: %s: ends at %g s, before it was silent (--longest)\n",
                name, (double)take->frames / RP_SAMPLE_RATE);
}
