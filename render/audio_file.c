#define _XOPEN_SOURCE 700 /* realpath */
#include "render/audio_file.h"
#include "render/ogg_serial.h"
#include "vm/repatch.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { COPY_BYTES = 1 << 16, NAME_TRIES = 1000, HEADER_ROOM = 4096 };

static enum render_status fail(const struct audio_file *file, const char *what, int number,
                               struct render_error *error)
{
    const char *name = audio_is_stdout(file->name) ? "standard output" : file->name;
    render_fail(error, RENDER_TROUBLE, "%s: cannot %s: %s", name, what, strerror(number));
    if (number == ENOSPC)
        render_help(error, "make room on the disk; nothing was left behind");
    else if (number == EPIPE)
        render_help(error, "the reader closed the pipe before the sound was whole");
    return RENDER_TROUBLE;
}

/* libsndfile's view of the file. Going through our own functions, no failed write is lost: FLAC
 * and Ogg write their last bytes while closing, where libsndfile reports nothing. It is told that
 * all is well, because it leaks an Ogg encoder when it hears of a failure. */

static sf_count_t vio_length(void *context)
{
    const struct audio_file *file = context;
    struct stat info;
    return fstat(file->fd, &info) ? -1 : info.st_size;
}

static sf_count_t vio_seek(sf_count_t offset, int whence, void *context)
{
    const struct audio_file *file = context;
    return lseek(file->fd, offset, whence);
}

static sf_count_t vio_read(void *bytes, sf_count_t count, void *context)
{
    struct audio_file *file = context;
    ssize_t got;
    do
        got = read(file->fd, bytes, (size_t)count);
    while (got < 0 && errno == EINTR);
    if (got < 0 && !file->failure)
        file->failure = errno;
    return got < 0 ? 0 : got;
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

static sf_count_t vio_write(const void *bytes, sf_count_t count, void *context)
{
    struct audio_file *file = context;
    if (!file->failure)
        file->failure = write_all(file->fd, bytes, (size_t)count);
    return count;
}

static sf_count_t vio_tell(void *context)
{
    return vio_seek(0, SEEK_CUR, context);
}

static int wav_format(const struct audio_spec *spec)
{
    uint64_t frame_bytes = spec->channels * pcm_bytes(spec->pcm);
    bool small = spec->frames < (UINT32_MAX - HEADER_ROOM) / frame_bytes;
    return small ? SF_FORMAT_WAV : SF_FORMAT_RF64;
}

static int sndfile_format(const struct audio_spec *spec)
{
    static const int coding[] = {
        [PCM_16] = SF_FORMAT_PCM_16, [PCM_24] = SF_FORMAT_PCM_24, [PCM_FLOAT] = SF_FORMAT_FLOAT};
    switch (spec->format) {
    case AUDIO_FLAC:
        return SF_FORMAT_FLAC | coding[spec->pcm];
    case AUDIO_OGG:
        return SF_FORMAT_OGG | SF_FORMAT_VORBIS;
    case AUDIO_WAV:
        break;
    }
    return wav_format(spec) | coding[spec->pcm];
}

static enum render_status open_encoder(struct audio_file *file, struct render_error *error)
{
    SF_VIRTUAL_IO io = {vio_length, vio_seek, vio_read, vio_write, vio_tell};
    SF_INFO info = {.samplerate = RP_SAMPLE_RATE,
                    .channels = (int)file->spec.channels,
                    .format = sndfile_format(&file->spec)};
    file->encoder = sf_open_virtual(&io, SFM_WRITE, &info, file);
    if (file->failure)
        return fail(file, "write", file->failure, error);
    if (!file->encoder)
        return render_fail(error, RENDER_TROUBLE, "%s: cannot encode: %s", file->name,
                           sf_strerror(NULL));
    sf_command(file->encoder, SFC_SET_ADD_PEAK_CHUNK, NULL, SF_FALSE); /* it holds the time */
    return RENDER_OK;
}

bool audio_is_stdout(const char *path)
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
static int open_temp(struct audio_file *file, const char *directory, size_t length, uint64_t number)
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

/* A pipe cannot be sought in, and gets nothing before all is well: its sound waits in a file
 * without a name. */
static int open_nameless(struct audio_file *file, uint64_t number)
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

static int open_through(struct audio_file *file, uint64_t number)
{
    if (audio_is_stdout(file->name))
        file->through = dup(STDOUT_FILENO);
    else
        file->through = open(file->name, O_WRONLY | O_CLOEXEC);
    return file->through < 0 ? errno : open_nameless(file, number);
}

/* An existing target is resolved: behind a symbolic link, what it points to is replaced. */
static int open_beside(struct audio_file *file, bool exists, uint64_t number)
{
    file->target = exists ? realpath(file->name, NULL) : strdup(file->name);
    if (!file->target)
        return errno;
    const char *slash = strrchr(file->target, '/');
    return open_temp(file, file->target, slash ? (size_t)(slash + 1 - file->target) : 0, number);
}

static int open_place(struct audio_file *file, uint64_t number)
{
    struct stat info;
    bool exists = !audio_is_stdout(file->name) && stat(file->name, &info) == 0;
    if (exists && S_ISDIR(info.st_mode))
        return EISDIR;
    if (audio_is_stdout(file->name) || (exists && !S_ISREG(info.st_mode)))
        return open_through(file, number);
    if (file->name[0] == '\0' || file->name[strlen(file->name) - 1] == '/')
        return ENOENT;
    /* Renaming needs no permission on the old file; replacing a protected one would surprise. */
    if (exists && access(file->name, W_OK))
        return errno;
    return open_beside(file, exists, number);
}

enum render_status audio_create(struct audio_file *file, const struct audio_spec *spec,
                                const char *path, uint64_t number, struct render_error *error)
{
    *file = (struct audio_file){.spec = *spec, .name = path, .fd = -1, .through = -1};
    int failed = open_place(file, number);
    if (!failed)
        return open_encoder(file, error);
    fail(file, "create", failed, error);
    if (failed == ENOENT)
        render_help(error, "the directory must exist; patchrun makes none");
    return RENDER_TROUBLE;
}

enum render_status audio_write(struct audio_file *file, const void *samples, size_t frames,
                               struct render_error *error)
{
    sf_count_t count = (sf_count_t)frames, put = 0;
    switch (file->spec.pcm) {
    case PCM_16:
        put = sf_writef_short(file->encoder, samples, count);
        break;
    case PCM_24:
        put = sf_writef_int(file->encoder, samples, count);
        break;
    case PCM_FLOAT:
        put = sf_writef_float(file->encoder, samples, count);
        break;
    }
    if (file->failure)
        return fail(file, "write", file->failure, error);
    if (put != count)
        return render_fail(error, RENDER_TROUBLE, "%s: cannot encode: %s", file->name,
                           sf_strerror(file->encoder));
    return RENDER_OK;
}

enum render_status audio_finish(struct audio_file *file, struct render_error *error)
{
    int failed = sf_close(file->encoder);
    file->encoder = NULL;
    if (file->failure)
        return fail(file, "write", file->failure, error);
    if (failed)
        return render_fail(error, RENDER_TROUBLE, "%s: cannot encode: %s", file->name,
                           sf_error_number(failed));
    if (file->spec.format == AUDIO_OGG && ogg_clear_serial(file->fd))
        return fail(file, "write", errno, error);
    if (file->through >= 0)
        return RENDER_OK;
    failed = close(file->fd) ? errno : 0; /* network file systems report a full disk here */
    file->fd = -1;
    return failed ? fail(file, "write", failed, error) : RENDER_OK;
}

static enum render_status copy_through(struct audio_file *file, struct render_error *error)
{
    char bytes[COPY_BYTES];
    sf_count_t got;
    int failed = 0;
    if (lseek(file->fd, 0, SEEK_SET) != 0)
        return fail(file, "write", errno, error);
    while (!failed && (got = vio_read(bytes, sizeof bytes, file)) > 0)
        failed = write_all(file->through, bytes, (size_t)got);
    if (!failed)
        failed = file->failure;
    if (!failed && close(file->through))
        failed = errno;
    if (!failed)
        file->through = -1;
    return failed ? fail(file, "write", failed, error) : RENDER_OK;
}

enum render_status audio_commit(struct audio_file *file, struct render_error *error)
{
    if (file->through >= 0)
        return copy_through(file, error);
    if (rename(file->temp, file->target))
        return fail(file, "create", errno, error);
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

void audio_discard(struct audio_file *file)
{
    if (file->encoder)
        sf_close(file->encoder);
    file->encoder = NULL;
    close_if_open(&file->fd);
    close_if_open(&file->through);
    if (file->temp)
        unlink(file->temp);
    free(file->temp);
    free(file->target);
    file->temp = file->target = NULL;
}
