#include "bin/patchrun_common.h"
#include <errno.h>
#include <signal.h>
#include <time.h>

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
