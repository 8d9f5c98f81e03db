#include "render/sound_in.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static sf_count_t vio_length(void *context)
{
    const struct sound_in *in = context;
    return in->size;
}

static sf_count_t vio_tell(void *context)
{
    const struct sound_in *in = context;
    return in->at;
}

static sf_count_t vio_seek(sf_count_t offset, int whence, void *context)
{
    struct sound_in *in = context;
    sf_count_t from = whence == SEEK_CUR ? in->at : whence == SEEK_END ? in->size : 0;
    if (offset < -from)
        return -1;
    return in->at = from + offset;
}

size_t sound_in_read(struct sound_in *in, void *bytes, size_t count)
{
    size_t all = 0;
    while (all < count && !in->failure) {
        ssize_t got = pread(in->fd, (char *)bytes + all, count - all, in->at);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            in->failure = errno;
        else if (got == 0 && in->at < in->size)
            in->failure = -1;
        if (got <= 0)
            break;
        in->at += got;
        all += (size_t)got;
    }
    return all;
}

static sf_count_t vio_read(void *bytes, sf_count_t count, void *context)
{
    return (sf_count_t)sound_in_read(context, bytes, (size_t)count);
}

int sound_in_open(struct sound_in *in, const char *path)
{
    struct stat info;
    *in = (struct sound_in){.fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)};
    if (in->fd < 0 || fstat(in->fd, &info))
        return errno;
    in->mode = info.st_mode;
    in->size = info.st_size;
    return 0;
}

SNDFILE *sound_in_decode(struct sound_in *in, SF_INFO *info)
{
    SF_VIRTUAL_IO io = {
        .get_filelen = vio_length, .seek = vio_seek, .read = vio_read, .tell = vio_tell};
    SNDFILE *decoder = sf_open_virtual(&io, SFM_READ, info, in);
    if (!decoder || !in->failure)
        return decoder;
    sf_close(decoder);
    return NULL;
}

bool sound_says_memory(const char *words)
{
    return strstr(words, "malloc") || strstr(words, "memory"); /* its own, a loader's */
}

const char *sound_in_why(struct sound_in *in, SNDFILE *decoder, bool *trouble)
{
    *trouble = true;
    if (in->failure)
        return in->failure < 0 ? "it became shorter while it was read" : strerror(in->failure);
    if (decoder && !sf_error(decoder))
        return NULL;
    const char *words = sf_strerror(decoder);
    if (sound_says_memory(words))
        return "out of memory";
    *trouble = !decoder && sf_error(NULL) == SF_ERR_SYSTEM; /* also that there is no library */
    int length = (int)strlen(words);
    length -= length > 0 && words[length - 1] == '.';
    snprintf(in->why, sizeof in->why, "%.*s", length, words);
    return in->why;
}

void sound_in_close(struct sound_in *in)
{
    if (in->fd >= 0)
        close(in->fd);
    in->fd = -1;
}
