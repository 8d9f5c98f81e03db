#include "bin/patchc_output.h"
#include <errno.h>
#include <fcntl.h>
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
static int is_special(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && !S_ISREG(info.st_mode);
}

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

static int replace(const char *path, char *temporary, const void *data, size_t size)
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

int output_write(const char *path, const void *data, size_t size)
{
    if (!path || strcmp(path, "-") == 0)
        return write_all(STDOUT_FILENO, data, size) ? trouble("standard output", "write") : 0;
    if (is_special(path))
        return write_special(path, data, size);
    size_t length = strlen(path);
    char *temporary = malloc(length + sizeof ".XXXXXX");
    if (!temporary) {
        fputs("patchc: out of memory\n", stderr);
        return 2;
    }
    memcpy(temporary, path, length);
    memcpy(temporary + length, ".XXXXXX", sizeof ".XXXXXX");
    int status = replace(path, temporary, data, size);
    free(temporary);
    return status;
}
