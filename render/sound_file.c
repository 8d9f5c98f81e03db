#include "render/sound_file.h"
#include "render/sound_in.h"
#include "vm/format.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { MOST_CHANNELS = 1024, READ_SAMPLES = 1 << 14 };

struct file {
    struct sound_in from;
    SNDFILE *decoder;
    SF_INFO info;
    struct sound_frames *sound;
    size_t room;
    double in[READ_SAMPLES];
};

static int fail(struct sound_frames *sound, const char *why)
{
    snprintf(sound->why, sizeof sound->why, "%s", why);
    return -1;
}

static int fail_memory(struct sound_frames *sound)
{
    sound->no_memory = true;
    return fail(sound, "out of memory");
}

/* -1 when something failed. */
static int check_reading(struct file *f)
{
    bool trouble;
    const char *why = sound_in_why(&f->from, f->decoder, &trouble);
    if (why && trouble && strcmp(why, "out of memory") == 0)
        return fail_memory(f->sound);
    return why ? fail(f->sound, why) : 0;
}

static int open_decoder(struct file *f, const char *path)
{
    int number = sound_in_open(&f->from, path);
    if (number)
        return fail(f->sound, number == ENOENT ? "no such file" : strerror(number));
    if (!S_ISREG(f->from.mode))
        return fail(f->sound, "not a regular file");
    if (f->from.size == 0)
        return fail(f->sound, "an empty file");
    f->decoder = sound_in_decode(&f->from, &f->info);
    return f->decoder ? 0 : check_reading(f);
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
        return fail_memory(f->sound);
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
    if (check_reading(f))
        return -1;
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
        return fail_memory(sound);
    f->sound = sound;
    int failed = open_decoder(f, path) || check_shape(f, channel) || read_frames(f, channel);
    if (f->decoder)
        sf_close(f->decoder);
    sound_in_close(&f->from);
    free(f);
    if (!failed)
        return 0;
    free(sound->values);
    sound->values = NULL;
    return -1;
}
