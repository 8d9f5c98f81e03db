#define _XOPEN_SOURCE 700 /* realpath */
#include "bin/patchc_output.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int trouble(const char *path, const char *what)
{
    fprintf(stderr, "patchc: %s: cannot %s: %s\n", path, what, strerror(errno));
    return 2;
}

static int write_all(int fd, const void *data, size_t size)
{
    const char *at = data;
    while (size > 0) {
        ssize_t n = write(fd, at, size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -1;
        at += n;
        size -= (size_t)n;
    }
    return 0;
}

/* A device or pipe is written, not replaced. */
static int write_special(const char *path, const void *data, size_t size)
{
    int fd = open(path, O_WRONLY);
    if (fd < 0)
        return trouble(path, "open");
    int failed = write_all(fd, data, size);
    if (close(fd) || failed)
        return trouble(path, "write");
    return 0;
}

/* With the signals that end us held back: they may not leave the temporary file behind. */
static int write_and_rename(const char *path, char *temporary, const void *data, size_t size)
{
    int fd = mkstemp(temporary);
    if (fd < 0)
        return trouble(path, "create");
    mode_t mask = umask(0);
    umask(mask);
    int failed = write_all(fd, data, size) || fchmod(fd, 0666 & ~mask);
    failed = close(fd) || failed;
    if (failed || rename(temporary, path)) {
        int status = trouble(path, "write");
        unlink(temporary);
        return status;
    }
    return 0;
}

static int replace(const char *path, const void *data, size_t size)
{
    size_t length = strlen(path);
    char *temporary = malloc(length + sizeof ".XXXXXX");
    if (!temporary) {
        fputs("patchc: out of memory\n", stderr);
        return 2;
    }
    memcpy(temporary, path, length);
    memcpy(temporary + length, ".XXXXXX", sizeof ".XXXXXX");
    sigset_t ending, before;
    sigemptyset(&ending);
    sigaddset(&ending, SIGINT);
    sigaddset(&ending, SIGTERM);
    sigaddset(&ending, SIGHUP);
    sigprocmask(SIG_BLOCK, &ending, &before);
    int status = write_and_rename(path, temporary, data, size);
    sigprocmask(SIG_SETMASK, &before, NULL);
    free(temporary);
    return status;
}

/* An old file is replaced where it really lies: a symbolic link stays one. */
static int replace_existing(const char *path, const void *data, size_t size)
{
    if (access(path, W_OK))
        return trouble(path, "write");
    char *target = realpath(path, NULL);
    if (!target)
        return trouble(path, "find");
    int status = replace(target, data, size);
    free(target);
    return status;
}

int output_is_stdout(const char *path)
{
    return !path || strcmp(path, "-") == 0 || strcmp(path, "/dev/stdout") == 0;
}

int output_same_file(const char *a, const char *b)
{
    struct stat x, y;
    return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

int output_write(const char *path, const void *data, size_t size)
{
    struct stat info;
    if (output_is_stdout(path))
        return write_all(STDOUT_FILENO, data, size) ? trouble("standard output", "write") : 0;
    if (stat(path, &info))
        return replace(path, data, size);
    if (!S_ISREG(info.st_mode))
        return write_special(path, data, size);
    return replace_existing(path, data, size);
}
