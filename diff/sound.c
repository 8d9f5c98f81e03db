#include "diff/sound.h"
#include "render/sound_in.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

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
    return render_fail(error, RENDER_TROUBLE, "%s: cannot read: %s", s->name, why);
}

/* What reading says of itself, or the decoder. */
static enum render_status fail_reading(struct sound *s, struct render_error *error)
{
    bool trouble;
    const char *why = sound_in_why(s->in, s->decoder, &trouble);
    return fail(s, why ? why : "it ends too soon", error);
}

static enum render_status open_decoder(struct sound *s, struct render_error *error)
{
    SF_INFO info = {0};
    s->in = malloc(sizeof *s->in);
    if (!s->in)
        return render_fail(error, RENDER_TROUBLE, "out of memory");
    int number = sound_in_open(s->in, s->path);
    if (number || S_ISDIR(s->in->mode))
        return fail(s, strerror(number ? number : EISDIR), error);
    if (!S_ISREG(s->in->mode) || s->in->size == 0)
        return fail(s, S_ISREG(s->in->mode) ? "it is empty" : "it is no regular file", error);
    s->decoder = sound_in_decode(s->in, &info);
    if (!s->decoder)
        return fail_reading(s, error);
    s->channels = (unsigned)info.channels;
    s->rate = info.samplerate;
    s->frames = (uint64_t)info.frames;
    read_format(s, info.format);
    return info.channels > SOUND_CHANNELS ? fail(s, "it has more than 32 channels", error)
                                          : RENDER_OK;
}

enum render_status sound_open(struct sound *s, const char *path, const char *name,
                              struct render_error *error)
{
    *s = (struct sound){.path = path, .name = name};
    enum render_status status = open_decoder(s, error);
    if (status != RENDER_OK)
        sound_close(s);
    return status;
}

void sound_close(struct sound *s)
{
    if (s->decoder)
        sf_close(s->decoder);
    if (s->in)
        sound_in_close(s->in);
    free(s->in);
    s->decoder = NULL;
    s->in = NULL;
}

enum render_status sound_seek(struct sound *s, uint64_t frame, struct render_error *error)
{
    if (frame > s->frames)
        frame = s->frames;
    if (sf_seek(s->decoder, (sf_count_t)frame, SEEK_SET) < 0)
        return fail_reading(s, error);
    return RENDER_OK;
}

size_t sound_read(struct sound *s, double *samples, size_t frames, struct render_error *error)
{
    error->status = RENDER_OK;
    sf_count_t got = sf_readf_double(s->decoder, samples, (sf_count_t)frames);
    if (s->in->failure || (got == 0 && sf_error(s->decoder))) {
        fail_reading(s, error);
        return 0;
    }
    return got > 0 ? (size_t)got : 0;
}
