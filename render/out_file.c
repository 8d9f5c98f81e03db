#define _GNU_SOURCE /* O_TMPFILE */
#include "render/out_file.h"
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum { BLOCK = 1 << 16, NAME_TRIES = 1000, MOST_WAITING = 4096 };
#define OWN_FILES "/proc/self/fd/"

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

int out_write_two(struct out_file *file, const void *head, size_t head_size, const void *bytes,
                  size_t size)
{
    struct iovec parts[] = {{(void *)(uintptr_t)head, head_size}, {(void *)(uintptr_t)bytes, size}};
    ssize_t put;
    if (file->failure)
        return file->failure;
    do
        put = writev(file->fd, parts, 2);
    while (put < 0 && errno == EINTR);
    if (put < 0)
        return file->failure = errno;
    size_t done = (size_t)put, of_head = done < head_size ? done : head_size;
    out_write_now(file, (const char *)head + of_head, head_size - of_head);
    return out_write_now(file, (const char *)bytes + (done - of_head), size - (done - of_head));
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

/* `directory`/.repatch-PID-NUMBER, short whatever the target's name. */
static char *temp_name(const char *directory, size_t length, uint64_t number)
{
    size_t room = length + 64;
    char *name = malloc(room);
    if (name)
        snprintf(name, room, "%.*s.repatch-%ld-%llu", (int)length, directory, (long)getpid(),
                 (unsigned long long)number);
    return name;
}

static size_t directory_length(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? (size_t)(slash + 1 - path) : 0;
}

/* Opened with O_EXCL and 0666, so that the umask is honoured without touching it. */
static int create_named(struct out_file *file)
{
    file->fd = open(file->temp, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    return file->fd < 0 ? errno : 0;
}

/* The file has been open, and now gets a name: by its descriptor, which Linux before 6.10 allows
 * few, else by way of /proc, which takes longer. */
static int link_as(const struct out_file *file, const char *name)
{
    char own[64];
#ifdef AT_EMPTY_PATH
    if (linkat(file->fd, "", AT_FDCWD, name, AT_EMPTY_PATH) == 0)
        return 0;
    if (errno != ENOENT && errno != EINVAL && errno != EPERM)
        return errno;
#endif
    snprintf(own, sizeof own, OWN_FILES "%d", file->fd);
    return linkat(AT_FDCWD, own, AT_FDCWD, name, AT_SYMLINK_FOLLOW) ? errno : 0;
}

static int link_named(struct out_file *file)
{
    return link_as(file, file->temp);
}

/* A name taken is a left-over of another process with our id: we go on to one that nobody of ours
 * uses. */
static int take_name(struct out_file *file, const char *directory, size_t length,
                     int (*make)(struct out_file *))
{
    int failed = EEXIST;
    for (uint64_t tries = 0; tries < NAME_TRIES && failed == EEXIST; tries++) {
        file->temp = temp_name(directory, length, file->number + tries * 1000000);
        if (!file->temp)
            return ENOMEM;
        failed = make(file);
        if (!failed)
            return 0;
        free(file->temp);
        file->temp = NULL;
    }
    return failed;
}

/* Asked once: it does not come and go. */
static bool has_own_files(void)
{
    static atomic_int known; /* 1: there, 2: not */
    int now = atomic_load_explicit(&known, memory_order_relaxed);
    if (!now) {
        now = access(OWN_FILES, X_OK) == 0 ? 1 : 2;
        atomic_store_explicit(&known, now, memory_order_relaxed);
    }
    return now == 1;
}

/* A file without a name, of which nothing is left whatever ends us. Not every file system has
 * them, and they get a name by way of /proc. */
static bool open_unnamed(struct out_file *file, const char *directory, size_t length)
{
#ifdef O_TMPFILE
    char place[4096];
    snprintf(place, sizeof place, "%.*s", length ? (int)length : 1, length ? directory : ".");
    if (length < sizeof place && has_own_files())
        file->fd = open(place, O_TMPFILE | O_RDWR | O_CLOEXEC, 0666);
#else
    (void)directory;
    (void)length;
#endif
    return file->fd >= 0;
}

/* A pipe cannot be sought in, and gets nothing before all is well: what it gets waits in a file
 * without a name. */
static int open_nameless(struct out_file *file)
{
    const char *directory = getenv("TMPDIR");
    char place[4096];
    int length =
        snprintf(place, sizeof place, "%s/", directory && directory[0] ? directory : "/tmp");
    if (length < 0 || (size_t)length >= sizeof place)
        return ENAMETOOLONG;
    if (open_unnamed(file, place, (size_t)length))
        return 0;
    int failed = take_name(file, place, (size_t)length, create_named);
    if (failed)
        return failed;
    unlink(file->temp);
    free(file->temp);
    file->temp = NULL;
    return 0;
}

static int open_through(struct out_file *file)
{
    if (out_is_stdout(file->name))
        file->through = dup(STDOUT_FILENO);
    else
        file->through = open(file->name, O_WRONLY | O_CLOEXEC);
    return file->through < 0 ? errno : 0;
}

/* Behind a symbolic link, what it points to is replaced. */
static int open_beside(struct out_file *file, bool linked)
{
    file->target = linked ? realpath(file->name, NULL) : strdup(file->name);
    if (!file->target)
        return errno;
    size_t length = directory_length(file->target);
    if (open_unnamed(file, file->target, length))
        return 0;
    return take_name(file, file->target, length, create_named);
}

static int open_place(struct out_file *file)
{
    struct stat info;
    bool exists = !out_is_stdout(file->name) && lstat(file->name, &info) == 0;
    bool linked = exists && S_ISLNK(info.st_mode);
    if (linked)
        linked = exists = stat(file->name, &info) == 0;
    if (exists && S_ISDIR(info.st_mode))
        return EISDIR;
    if (out_is_stdout(file->name) || (exists && !S_ISREG(info.st_mode)))
        return open_through(file);
    if (file->name[0] == '\0' || file->name[strlen(file->name) - 1] == '/')
        return ENOENT;
    /* Renaming needs no permission on the old file; replacing a protected one would surprise. */
    if (exists && access(file->name, W_OK))
        return errno;
    file->replaces = exists;
    return open_beside(file, linked);
}

enum render_status out_create(struct out_file *file, const char *path, uint64_t number,
                              struct render_error *error)
{
    *file = (struct out_file){.name = path, .number = number, .fd = -1, .through = -1};
    int failed = open_place(file);
    if (!failed && file->through >= 0)
        failed = open_nameless(file);
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
    if (size > 0)
        memcpy(file->pending + file->count, bytes, size);
    file->count += size;
    return RENDER_OK;
}

/* Files that are ready and have no name yet stay open until they get it, which saves them a first
 * name, but not all the descriptors we may have. */
static atomic_int waiting;

static int most_waiting(void)
{
    static atomic_int most; /* 0: not asked yet */
    struct rlimit limit;
    int now = atomic_load_explicit(&most, memory_order_relaxed);
    if (now)
        return now;
    bool known = getrlimit(RLIMIT_NOFILE, &limit) == 0;
    now = known && limit.rlim_cur < MOST_WAITING * 2 ? (int)limit.rlim_cur / 2 + 1 : MOST_WAITING;
    atomic_store_explicit(&most, now, memory_order_relaxed);
    return now;
}

static bool may_wait(void)
{
    if (atomic_fetch_add(&waiting, 1) < most_waiting())
        return true;
    atomic_fetch_sub(&waiting, 1);
    return false;
}

/* A copy of the descriptor is closed: network file systems report a full disk at every close. */
static int wait_open(struct out_file *file)
{
    int copy = fcntl(file->fd, F_DUPFD_CLOEXEC, 0);
    file->waits = true;
    return copy < 0 || close(copy) ? errno : 0;
}

enum render_status out_close(struct out_file *file, struct render_error *error)
{
    enum render_status status = flush(file, error);
    free(file->pending);
    file->pending = NULL;
    if (status != RENDER_OK || file->through >= 0)
        return status;
    int failed = 0;
    if (!file->temp && may_wait()) {
        failed = wait_open(file);
        return failed ? out_fail(file, "write", failed, error) : RENDER_OK;
    }
    if (!file->temp)
        failed = take_name(file, file->target, directory_length(file->target), link_named);
    if (failed)
        return out_fail(file, "create", failed, error);
    failed = close(file->fd) ? errno : 0; /* network file systems report a full disk here */
    file->fd = -1;
    return failed ? out_fail(file, "write", failed, error) : RENDER_OK;
}

static enum render_status copy_through(struct out_file *file, struct render_error *error)
{
    char bytes[BLOCK];
    size_t got;
    int failed = 0;
    off_t left = lseek(file->fd, 0, SEEK_END);
    if (left < 0 || lseek(file->fd, 0, SEEK_SET) != 0)
        return out_fail(file, "write", errno, error);
    for (; !failed && (got = out_read(file, bytes, sizeof bytes)) > 0; left -= (off_t)got)
        failed = write_all(file->through, bytes, got);
    if (!failed)
        failed = file->failure;
    if (!failed && left > 0)
        failed = EIO; /* its end is gone */
    if (!failed && close(file->through))
        failed = errno;
    if (!failed)
        file->through = -1;
    return failed ? out_fail(file, "write", failed, error) : RENDER_OK;
}

static void close_if_open(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

static void stop_waiting(struct out_file *file)
{
    if (!file->waits)
        return;
    file->waits = false;
    close_if_open(&file->fd);
    atomic_fetch_sub(&waiting, 1);
}

/* A file that is there cannot be replaced by one without a name. */
static int commit_waiting(struct out_file *file)
{
    int failed = file->replaces ? EEXIST : link_as(file, file->target);
    if (failed == EEXIST) {
        failed = take_name(file, file->target, directory_length(file->target), link_named);
        if (!failed && rename(file->temp, file->target))
            failed = errno;
    }
    return failed;
}

enum render_status out_commit(struct out_file *file, struct render_error *error)
{
    int failed = 0;
    if (file->through >= 0)
        return copy_through(file, error);
    if (file->waits)
        failed = commit_waiting(file);
    else if (rename(file->temp, file->target))
        failed = errno;
    if (failed)
        return out_fail(file, "create", failed, error);
    free(file->temp);
    file->temp = NULL;
    stop_waiting(file);
    return RENDER_OK;
}

static enum render_status put_through(struct out_file *file, const void *bytes, size_t size,
                                      struct render_error *error)
{
    int failed = write_all(file->through, bytes, size);
    if (close(file->through) && !failed)
        failed = errno;
    file->through = -1;
    return failed ? out_fail(file, "write", failed, error) : RENDER_OK;
}

enum render_status out_put(const char *path, const void *bytes, size_t size,
                           struct render_error *error)
{
    struct out_file file = {.name = path, .fd = -1, .through = -1};
    int failed = open_place(&file);
    enum render_status status = failed ? out_fail(&file, "create", failed, error) : RENDER_OK;
    if (status == RENDER_OK && file.through >= 0) {
        status = put_through(&file, bytes, size, error);
    } else if (status == RENDER_OK) {
        status = out_write(&file, bytes, size, error);
        if (status == RENDER_OK)
            status = out_close(&file, error);
        if (status == RENDER_OK)
            status = out_commit(&file, error);
    }
    out_discard(&file);
    return status;
}

void out_discard(struct out_file *file)
{
    stop_waiting(file);
    close_if_open(&file->fd);
    close_if_open(&file->through);
    if (file->temp)
        unlink(file->temp);
    free(file->temp);
    free(file->target);
    free(file->pending);
    file->temp = file->target = file->pending = NULL;
}
