#include "diff/sound.h"
#include <errno.h>
#include <fcntl.h>
#include <sndfile.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void read_format(struct sound *s, int format)
{
    static const struct {
        int subtype;
        unsigned bits;
        const char *name;
    } rows[] = {{SF_FORMAT_PCM_S8, 8, "8 bits"},       {SF_FORMAT_PCM_U8, 8, "8 bits"},
                {SF_FORMAT_PCM_16, 16, "16 bits"},     {SF_FORMAT_PCM_24, 24, "24 bits"},
                {SF_FORMAT_PCM_32, 32, "32 bits"},     {SF_FORMAT_FLOAT, 0, "float"},
                {SF_FORMAT_DOUBLE, 0, "64-bit float"}, {SF_FORMAT_ALAC_16, 16, "16 bits"},
                {SF_FORMAT_ALAC_20, 20, "20 bits"},    {SF_FORMAT_ALAC_24, 24, "24 bits"},
                {SF_FORMAT_ALAC_32, 32, "32 bits"}};
    s->bits = 0;
    s->format = "a lossy format";
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (rows[i].subtype == (format & SF_FORMAT_SUBMASK)) {
            s->bits = rows[i].bits;
            s->format = rows[i].name;
        }
    }
    s->step = 1.0 / (double)(UINT64_C(1) << ((s->bits ? s->bits : 24) - 1));
}

static enum render_status fail(const struct sound *s, const char *why, struct render_error *error)
{
    int length = (int)strlen(why);
    length -= length > 0 && why[length - 1] == '.'; /* of a library's words */
    return render_fail(error, RENDER_TROUBLE, "%s: cannot read: %.*s", s->name, length, why);
}

enum render_status sound_open(struct sound *s, const char *path, const char *name,
                              struct render_error *error)
{
    struct stat about;
    SF_INFO info = {0};
    *s = (struct sound){.path = path, .name = name};
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0 || fstat(fd, &about) || S_ISDIR(about.st_mode)) {
        fail(s, fd < 0 ? strerror(errno) : strerror(EISDIR), error);
        if (fd >= 0)
            close(fd);
        return RENDER_TROUBLE;
    }
    s->decoder = sf_open_fd(fd, SFM_READ, &info, SF_TRUE);
    if (!s->decoder)
        return fail(s, about.st_size ? sf_strerror(NULL) : "it is empty", error);
    s->channels = (unsigned)info.channels;
    s->rate = info.samplerate;
    s->frames = (uint64_t)info.frames;
    read_format(s, info.format);
    if (info.channels > SOUND_CHANNELS)
        return fail(s, "it has more than 32 channels", error);
    return RENDER_OK;
}

void sound_close(struct sound *s)
{
    if (s->decoder)
        sf_close(s->decoder);
    s->decoder = NULL;
}

enum render_status sound_seek(struct sound *s, uint64_t frame, struct render_error *error)
{
    if (frame > s->frames)
        frame = s->frames;
    if (sf_seek(s->decoder, (sf_count_t)frame, SEEK_SET) < 0)
        return fail(s, sf_strerror(s->decoder), error);
    return RENDER_OK;
}

size_t sound_read(struct sound *s, double *samples, size_t frames, struct render_error *error)
{
    error->status = RENDER_OK;
    sf_count_t got = sf_readf_double(s->decoder, samples, (sf_count_t)frames);
    if (got == 0 && sf_error(s->decoder))
        fail(s, sf_strerror(s->decoder), error);
    return got > 0 ? (size_t)got : 0;
}
