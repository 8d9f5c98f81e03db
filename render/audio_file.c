#include "render/audio_file.h"
#include "render/ogg_serial.h"
#include "render/sound_in.h"
#include "vm/repatch.h"
#include <errno.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

enum { HEADER_ROOM = 4096 };

const char *const audio_format_names[] = {"wav", "flac", "ogg", NULL};

bool audio_format_of(const char *path, enum audio_format *format)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    const char *dot = strrchr(name, '.');
    *format = AUDIO_WAV;
    if (!dot || dot == name || strcasecmp(dot, ".wave") == 0)
        return true;
    if (strcasecmp(dot, ".oga") == 0) {
        *format = AUDIO_OGG;
        return true;
    }
    for (int i = 0; audio_format_names[i]; i++) {
        if (strcasecmp(dot + 1, audio_format_names[i]) == 0) {
            *format = (enum audio_format)i;
            return true;
        }
    }
    return false;
}

/* libsndfile's view of the file. Going through our own functions, no failed write is lost: FLAC
 * and Ogg write their last bytes while closing, where libsndfile reports nothing. It is told that
 * all is well, because it leaks an Ogg encoder when it hears of a failure. */

static sf_count_t note_failure(struct audio_file *file)
{
    if (!file->out.failure)
        file->out.failure = errno;
    return -1;
}

static sf_count_t vio_length(void *context)
{
    struct audio_file *file = context;
    struct stat info;
    if (fstat(file->out.fd, &info) == 0)
        return info.st_size;
    return note_failure(file);
}

static sf_count_t vio_seek(sf_count_t offset, int whence, void *context)
{
    struct audio_file *file = context;
    off_t at = lseek(file->out.fd, offset, whence);
    return at < 0 ? note_failure(file) : at;
}

static sf_count_t vio_read(void *bytes, sf_count_t count, void *context)
{
    struct audio_file *file = context;
    return (sf_count_t)out_read(&file->out, bytes, (size_t)count);
}

static sf_count_t vio_write(const void *bytes, sf_count_t count, void *context)
{
    struct audio_file *file = context;
    out_write_now(&file->out, bytes, (size_t)count);
    return count;
}

static sf_count_t vio_tell(void *context)
{
    return vio_seek(0, SEEK_CUR, context);
}

static enum render_status cannot_encode(const struct audio_file *file, const char *words,
                                        struct render_error *error)
{
    if (sound_says_memory(words))
        words = "out of memory";
    return render_fail(error, RENDER_TROUBLE, "%s: cannot encode: %s", file->out.name, words);
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
    if (file->out.failure)
        return out_fail(&file->out, "write", file->out.failure, error);
    if (!file->encoder)
        return cannot_encode(file, sf_strerror(NULL), error);
    sf_command(file->encoder, SFC_SET_ADD_PEAK_CHUNK, NULL, SF_FALSE); /* it holds the time */
    return RENDER_OK;
}

enum render_status audio_create(struct audio_file *file, const struct audio_spec *spec,
                                const char *path, uint64_t number, struct render_error *error)
{
    *file = (struct audio_file){.spec = *spec};
    enum render_status status = out_create(&file->out, path, number, error);
    return status == RENDER_OK ? open_encoder(file, error) : status;
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
    if (file->out.failure)
        return out_fail(&file->out, "write", file->out.failure, error);
    if (put != count)
        return cannot_encode(file, sf_strerror(file->encoder), error);
    return RENDER_OK;
}

enum render_status audio_finish(struct audio_file *file, struct render_error *error)
{
    int failed = sf_close(file->encoder);
    file->encoder = NULL;
    if (file->out.failure)
        return out_fail(&file->out, "write", file->out.failure, error);
    if (failed)
        return cannot_encode(file, sf_error_number(failed), error);
    if (file->spec.format == AUDIO_OGG && ogg_clear_serial(file->out.fd))
        return out_fail(&file->out, "write", errno, error);
    return out_close(&file->out, error);
}

enum render_status audio_commit(struct audio_file *file, struct render_error *error)
{
    return out_commit(&file->out, error);
}

void audio_discard(struct audio_file *file)
{
    if (file->encoder)
        sf_close(file->encoder);
    file->encoder = NULL;
    out_discard(&file->out);
}
