#include "render/job_input.h"
#include "vm/repatch.h"
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { PIECE = 1024 }; /* frames decoded at a time */

static enum render_status cannot(const struct job_input *in, const char *what, const char *why,
                                 struct render_error *error)
{
    return render_fail(error, RENDER_TROUBLE, "%s: cannot %s: %s", in->name, what, why);
}

static enum render_status stopped(struct job_input *in, const char *what,
                                  struct render_error *error)
{
    bool trouble;
    const char *why = sound_in_why(&in->from, in->file, &trouble);
    return cannot(in, what, why ? why : "it ends too soon", error);
}

/* Each thread reads it from its start, so it must be a file. */
static enum render_status open_regular(struct job_input *in, struct render_error *error)
{
    int number = sound_in_open(&in->from, in->name);
    if (number)
        return cannot(in, "open", strerror(number), error);
    return S_ISREG(in->from.mode) ? RENDER_OK : cannot(in, "open", "not a regular file", error);
}

static enum render_status check(const struct job_input *in, const SF_INFO *info,
                                struct render_error *error)
{
    if (info->samplerate != RP_SAMPLE_RATE) {
        render_fail(error, RENDER_WRONG, "%s: has %d frames a second, and a patch %d", in->name,
                    info->samplerate, RP_SAMPLE_RATE);
        render_help(error, "convert it first, as with: sox -D IN.wav -r 48000 OUT.wav");
        return RENDER_WRONG;
    }
    if (info->channels <= (int)in->inputs)
        return RENDER_OK;
    render_fail(error, RENDER_WRONG, "%s: has %d channels, and the patch takes %u", in->name,
                info->channels, in->inputs);
    render_help(error, in->inputs == 1
                           ? "mix them first, as with: sox -D IN.wav OUT.wav remix -; or have the "
                             "patch take two, with 'input' for 'input.mono'"
                           : "choose two first, as with: sox -D IN.wav OUT.wav remix 1 2");
    return RENDER_WRONG;
}

enum render_status job_input_open(struct job_input *in, const char *name, unsigned inputs,
                                  struct render_error *error)
{
    SF_INFO info = {0};
    *in = (struct job_input){.name = name, .inputs = inputs, .from.fd = -1};
    enum render_status status = open_regular(in, error);
    if (status != RENDER_OK)
        return status;
    in->file = sound_in_decode(&in->from, &info);
    if (!in->file) {
        bool trouble;
        const char *why = sound_in_why(&in->from, NULL, &trouble);
        return trouble ? cannot(in, "read", why, error)
                       : render_fail(error, RENDER_WRONG,
                                     "%s: is not a sound file that can be read: %s", name, why);
    }
    in->channels = (unsigned)info.channels;
    in->frames = (uint64_t)info.frames;
    status = check(in, &info, error);
    if (status != RENDER_OK)
        return status;
    in->piece = malloc(PIECE * in->channels * sizeof *in->piece);
    return in->piece ? RENDER_OK : render_fail(error, RENDER_TROUBLE, "out of memory");
}

void job_input_close(struct job_input *in)
{
    if (in->file)
        sf_close(in->file);
    if (in->name) /* it was opened */
        sound_in_close(&in->from);
    in->name = NULL;
    free(in->piece);
    in->file = NULL;
    in->piece = NULL;
}

enum render_status job_input_length(const char *name, unsigned inputs, uint64_t *frames,
                                    struct render_error *error)
{
    struct job_input in;
    enum render_status status = job_input_open(&in, name, inputs, error);
    *frames = in.frames;
    job_input_close(&in);
    return status;
}

enum render_status job_input_rewind(struct job_input *in, struct render_error *error)
{
    if (in->at == 0)
        return RENDER_OK;
    in->at = 0;
    if (sf_seek(in->file, 0, SEEK_SET) == 0)
        return RENDER_OK;
    return stopped(in, "go back to its start", error);
}

/* The next frames of the piece; those past the end are silent. */
static enum render_status decode(struct job_input *in, size_t frames, struct render_error *error)
{
    uint64_t left = in->at < in->frames ? in->frames - in->at : 0;
    size_t wanted = left < frames ? (size_t)left : frames;
    sf_count_t got = wanted ? sf_readf_float(in->file, in->piece, (sf_count_t)wanted) : 0;
    if ((size_t)got < wanted || in->from.failure)
        return stopped(in, "read", error);
    memset(in->piece + wanted * in->channels, 0,
           (frames - wanted) * in->channels * sizeof *in->piece);
    in->at += frames;
    return RENDER_OK;
}

static void spread(const struct job_input *in, unsigned input, size_t frames, unsigned lanes,
                   float *to)
{
    const float *from = in->piece + (input < in->channels ? input : 0);
    for (size_t i = 0; i < frames; i++, from += in->channels)
        for (unsigned lane = 0; lane < lanes; lane++)
            *to++ = *from;
}

enum render_status job_input_read(struct job_input *in, float *const to[], unsigned lanes,
                                  size_t frames, struct render_error *error)
{
    for (size_t at = 0, n; at < frames; at += n) {
        n = frames - at < PIECE ? frames - at : PIECE;
        enum render_status status = decode(in, n, error);
        if (status != RENDER_OK)
            return status;
        for (unsigned input = 0; input < in->inputs; input++)
            spread(in, input, n, lanes, to[input] + at * lanes);
    }
    return RENDER_OK;
}
