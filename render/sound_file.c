#include "render/sound_file.h"
#include "vm/format.h"
#include <errno.h>
#include <fcntl.h>
#include <sndfile.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MOST_CHANNELS = 1024, READ_SAMPLES = 1 << 14 };

struct file {
    SNDFILE *decoder;
    SF_INFO info;
    struct sound_frames *sound;
    size_t room;
    double in[READ_SAMPLES];
};

static int fail(struct sound_frames *sound, const char *why)
{
    int length = (int)strlen(why);
    length -= length > 0 && why[length - 1] == '.'; /* of a library's words */
    snprintf(sound->why, sizeof sound->why, "%.*s", length, why);
    return -1;
}

static int open_decoder(struct file *f, const char *path)
{
    struct stat info;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0 || fstat(fd, &info)) {
        fail(f->sound, errno == ENOENT ? "no such file" : strerror(errno));
        if (fd >= 0)
            close(fd);
        return -1;
    }
    if (!S_ISREG(info.st_mode) || info.st_size == 0) {
        close(fd);
        return fail(f->sound, info.st_size ? "not a regular file" : "an empty file");
    }
    f->decoder = sf_open_fd(fd, SFM_READ, &f->info, SF_TRUE);
    return f->decoder ? 0 : fail(f->sound, sf_strerror(NULL));
}

static int check_shape(struct file *f, enum sound_channel channel)
{
    if (f->info.channels < 1 || f->info.channels > MOST_CHANNELS)
        return fail(f->sound, "more channels than a sound file can have");
    if (channel == SOUND_RIGHT && f->info.channels < 2)
        return fail(f->sound, "it has no right channel, it is mono");
    f->sound->rate = f->info.samplerate;
    return 0;
}

static double frame_of(const double *frame, int channels, enum sound_channel channel)
{
    if (channel != SOUND_MIX)
        return frame[channel - SOUND_LEFT];
    double sum = frame[0];
    for (int c = 1; c < channels; c++)
        sum += frame[c];
    return sum / channels;
}

static int make_room(struct file *f, size_t frames)
{
    if (f->sound->count + frames > VM_MAX_TABLE)
        return fail(f->sound, "too long: a table has at most 16777216 values");
    if (f->sound->count + frames <= f->room)
        return 0;
    size_t room = f->room * 2 + READ_SAMPLES;
    double *more = realloc(f->sound->values, room * sizeof *more);
    if (!more)
        return fail(f->sound, strerror(ENOMEM));
    f->sound->values = more;
    f->room = room;
    return 0;
}

static int take(struct file *f, size_t frames, enum sound_channel channel)
{
    if (make_room(f, frames))
        return -1;
    for (size_t i = 0; i < frames; i++) {
        double x = frame_of(f->in + i * (size_t)f->info.channels, f->info.channels, channel);
        if (!(x >= -VM_MOST_WRITTEN && x <= VM_MOST_WRITTEN))
            return fail(f->sound, "a frame of it is not a finite number, or beyond 1e24");
        f->sound->values[f->sound->count++] = x;
    }
    return 0;
}

static int read_frames(struct file *f, enum sound_channel channel)
{
    sf_count_t room = READ_SAMPLES / f->info.channels, got;
    while ((got = sf_readf_double(f->decoder, f->in, room)) > 0)
        if (take(f, (size_t)got, channel))
            return -1;
    if (sf_error(f->decoder))
        return fail(f->sound, sf_strerror(f->decoder));
    if (f->sound->count == 0)
        return fail(f->sound, "it has no frames");
    if (f->info.frames != SF_COUNT_MAX && f->sound->count < (uint64_t)f->info.frames)
        return fail(f->sound, "it is cut short");
    return 0;
}

int sound_load(void *context, const char *path, enum sound_channel channel,
               struct sound_frames *sound)
{
    (void)context;
    *sound = (struct sound_frames){0};
    struct file *f = calloc(1, sizeof *f);
    if (!f)
        return fail(sound, strerror(ENOMEM));
    f->sound = sound;
    int failed = open_decoder(f, path) || check_shape(f, channel) || read_frames(f, channel);
    if (f->decoder)
        sf_close(f->decoder);
    free(f);
    if (!failed)
        return 0;
    free(sound->values);
    sound->values = NULL;
    return -1;
}
