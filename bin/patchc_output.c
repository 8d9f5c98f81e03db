#define _GNU_SOURCE /* fopencookie */
#include "bin/patchc_output.h"
#include "render/out_file.h"
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static int trouble(const struct render_error *error)
{
    fprintf(stderr, "patchc: %s\n", error->text);
    if (error->help[0])
        fprintf(stderr, "  = help: %s\n", error->help);
    return 2;
}

int output_is_stdout(const char *path)
{
    return !path || out_is_stdout(path);
}

int output_same_file(const char *a, const char *b)
{
    struct stat x, y;
    return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

/* The signals that end us are held back: they may not leave a temporary file behind. Not where
 * there is none: a pipe may wait for its reader for ever. */
int output_write(const char *path, const void *data, size_t size)
{
    struct render_error error = {.status = RENDER_OK};
    struct stat info;
    sigset_t ending, before;
    bool special = output_is_stdout(path) || (stat(path, &info) == 0 && !S_ISREG(info.st_mode));
    sigemptyset(&ending);
    sigaddset(&ending, SIGINT);
    sigaddset(&ending, SIGTERM);
    sigaddset(&ending, SIGHUP);
    if (!special)
        sigprocmask(SIG_BLOCK, &ending, &before);
    enum render_status status = out_put(path ? path : "-", data, size, &error);
    if (!special)
        sigprocmask(SIG_SETMASK, &before, NULL);
    return status == RENDER_OK ? 0 : trouble(&error);
}

int output_flush(void)
{
    if (fflush(stdout) == 0)
        return 0;
    fprintf(stderr, "patchc: standard output: cannot write: %s\n", strerror(errno));
    return 2;
}

/* ---- a stream into memory ---- */

static ssize_t take(void *context, const char *bytes, size_t size)
{
    struct output_text *t = context;
    if (t->room - t->size < size) {
        size_t room = 2 * t->room + size;
        char *more = realloc(t->text, room);
        if (!more)
            return 0; /* an error of the stream */
        t->text = more;
        t->room = room;
    }
    memcpy(t->text + t->size, bytes, size);
    t->size += size;
    return (ssize_t)size;
}

FILE *output_text_open(struct output_text *t)
{
    *t = (struct output_text){0};
    t->file = fopencookie(t, "w", (cookie_io_functions_t){.write = take});
    return t->file;
}

int output_text_write(struct output_text *t, int failed, const char *path)
{
    int status = 2;
    failed = fflush(t->file) || ferror(t->file) || failed;
    if (failed)
        fputs("patchc: out of memory\n", stderr);
    else
        status = output_write(path, t->text, t->size);
    output_text_drop(t);
    return status;
}

void output_text_drop(struct output_text *t)
{
    fclose(t->file);
    free(t->text);
}
