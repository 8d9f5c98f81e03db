#define _XOPEN_SOURCE 700 /* realpath */
#include "render/out_file.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BLOCK = 1 << 16, NAME_TRIES = 1000 };

enum render_status out_fail(const struct out_file *file, const char *what, int number,
                            struct render_error *error)
{
    const char *name = out_is_stdout(file->name) ? "standard output" : file->name;
    render_fail(error, RENDER_TROUBLE, "%s: cannot %s: %s", name, what, strerror(number));
    if (number == ENOSPC)
        render_help(error, "make room on the disk; nothing was left behind");
    else if (number == EPIPE)
        render_help(error, "the reader closed the pipe before all was written");
    else if (number == EMFILE)
        render_help(error, "allow more open files: ulimit -n");
    else if (number == ENOENT && !file->temp)
        render_help(error, "the directory must exist; none is made");
    return RENDER_TROUBLE;
}

/* 0, or the errno that stopped it. */
static int write_all(int fd, const char *bytes, size_t size)
{
    while (size > 0) {
        ssize_t put = write(fd, bytes, size);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return errno;
        bytes += put;
        size -= (size_t)put;
    }
    return 0;
}

int out_write_now(struct out_file *file, const void *bytes, size_t size)
{
    if (!file->failure)
        file->failure = write_all(file->fd, bytes, size);
    return file->failure;
}

size_t out_read(struct out_file *file, void *bytes, size_t size)
{
    ssize_t got;
    do
        got = read(file->fd, bytes, size);
    while (got < 0 && errno == EINTR);
    if (got < 0 && !file->failure)
        file->failure = errno;
    return got < 0 ? 0 : (size_t)got;
}

bool out_is_stdout(const char *path)
{
    return strcmp(path, "-") == 0 || strcmp(path, "/dev/stdout") == 0 ||
           strcmp(path, "/dev/fd/1") == 0;
}

/* `directory`/.patchrun-PID-NUMBER, short whatever the target's name. */
static char *temp_name(const char *directory, size_t length, uint64_t number)
{
    size_t room = length + 64;
    char *name = malloc(room);
    if (name)
        snprintf(name, room, "%.*s.patchrun-%ld-%llu", (int)length, directory, (long)getpid(),
                 (unsigned long long)number);
    return name;
}

/* Opened with O_EXCL and 0666, so that the umask is honoured without touching it. A name taken
 * is a left-over of another process with our id: we go on to one that nobody of ours uses. */
static int open_temp(struct out_file *file, const char *directory, size_t length, uint64_t number)
{
    for (int tries = 0; tries < NAME_TRIES; tries++, number += 1000000) {
        file->temp = temp_name(directory, length, number);
        if (!file->temp)
            return ENOMEM;
        file->fd = open(file->temp, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (file->fd >= 0)
            return 0;
        int number_of_error = errno;
        free(file->temp);
        file->temp = NULL;
        if (number_of_error != EEXIST)
            return number_of_error;
    }
    return EEXIST;
}

/* A pipe cannot be sought in, and gets nothing before all is well: what it gets waits in a file
 * without a name. */
static int open_nameless(struct out_file *file, uint64_t number)
{
    const char *directory = getenv("TMPDIR");
    char place[4096];
    int length =
        snprintf(place, sizeof place, "%s/", directory && directory[0] ? directory : "/tmp");
    if (length < 0 || (size_t)length >= sizeof place)
        return ENAMETOOLONG;
    int failed = open_temp(file, place, (size_t)length, number);
    if (failed)
        return failed;
    unlink(file->temp);
    free(file->temp);
    file->temp = NULL;
    return 0;
}

static int open_through(struct out_file *file, uint64_t number)
{
    if (out_is_stdout(file->name))
        file->through = dup(STDOUT_FILENO);
    else
        file->through = open(file->name, O_WRONLY | O_CLOEXEC);
    return file->through < 0 ? errno : open_nameless(file, number);
}

/* An existing target is resolved: behind a symbolic link, what it points to is replaced. */
static int open_beside(struct out_file *file, bool exists, uint64_t number)
{
    file->target = exists ? realpath(file->name, NULL) : strdup(file->name);
    if (!file->target)
        return errno;
    const char *slash = strrchr(file->target, '/');
    return open_temp(file, file->target, slash ? (size_t)(slash + 1 - file->target) : 0, number);
}

static int open_place(struct out_file *file, uint64_t number)
{
    struct stat info;
    bool exists = !out_is_stdout(file->name) && stat(file->name, &info) == 0;
    if (exists && S_ISDIR(info.st_mode))
        return EISDIR;
    if (out_is_stdout(file->name) || (exists && !S_ISREG(info.st_mode)))
        return open_through(file, number);
    if (file->name[0] == '\0' || file->name[strlen(file->name) - 1] == '/')
        return ENOENT;
    /* Renaming needs no permission on the old file; replacing a protected one would surprise. */
    if (exists && access(file->name, W_OK))
        return errno;
    return open_beside(file, exists, number);
}

enum render_status out_create(struct out_file *file, const char *path, uint64_t number,
                              struct render_error *error)
{
    *file = (struct out_file){.name = path, .fd = -1, .through = -1};
    int failed = open_place(file, number);
    return failed ? out_fail(file, "create", failed, error) : RENDER_OK;
}

static enum render_status flush(struct out_file *file, struct render_error *error)
{
    int failed = file->count > 0 ? out_write_now(file, file->pending, file->count) : 0;
    file->count = 0;
    return failed ? out_fail(file, "write", failed, error) : RENDER_OK;
}

enum render_status out_write(struct out_file *file, const void *bytes, size_t size,
                             struct render_error *error)
{
    enum render_status status = RENDER_OK;
    if (!file->pending)
        file->pending = malloc(BLOCK);
    if (!file->pending)
        return out_fail(file, "write", ENOMEM, error);
    if (file->count + size > BLOCK)
        status = flush(file, error);
    if (status != RENDER_OK)
        return status;
    if (size > BLOCK)
        return out_write_now(file, bytes, size) ? out_fail(file, "write", file->failure, error)
                                                : RENDER_OK;
    memcpy(file->pending + file->count, bytes, size);
    file->count += size;
    return RENDER_OK;
}

enum render_status out_close(struct out_file *file, struct render_error *error)
{
    enum render_status status = flush(file, error);
    free(file->pending);
    file->pending = NULL;
    if (status != RENDER_OK || file->through >= 0)
        return status;
    int failed = close(file->fd) ? errno : 0; /* network file systems report a full disk here */
    file->fd = -1;
    return failed ? out_fail(file, "write", failed, error) : RENDER_OK;
}

static enum render_status copy_through(struct out_file *file, struct render_error *error)
{
    char bytes[BLOCK];
    size_t got;
    int failed = 0;
    if (lseek(file->fd, 0, SEEK_SET) != 0)
        return out_fail(file, "write", errno, error);
    while (!failed && (got = out_read(file, bytes, sizeof bytes)) > 0)
        failed = write_all(file->through, bytes, got);
    if (!failed)
        failed = file->failure;
    if (!failed && close(file->through))
        failed = errno;
    if (!failed)
        file->through = -1;
    return failed ? out_fail(file, "write", failed, error) : RENDER_OK;
}

enum render_status out_commit(struct out_file *file, struct render_error *error)
{
    if (file->through >= 0)
        return copy_through(file, error);
    if (rename(file->temp, file->target))
        return out_fail(file, "create", errno, error);
    free(file->temp);
    file->temp = NULL;
    return RENDER_OK;
}

static void close_if_open(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

void out_discard(struct out_file *file)
{
    close_if_open(&file->fd);
    close_if_open(&file->through);
    if (file->temp)
        unlink(file->temp);
    free(file->temp);
    free(file->target);
    free(file->pending);
    file->temp = file->target = file->pending = NULL;
}
