#include "render/audio_file.h"
#include "render/ogg_serial.h"
#include "render/sound_in.h"
#include "vm/repatch.h"
#include <errno.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

enum { HEADER_ROOM = 4096, WAV_HEADER = 44, WAV_BLOCK = 1 << 16 /* bytes */ };

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

/* --- WAV of 16 bits ----------------------------------------------------------------------- */

/* What most files are is soon written, and libsndfile takes longer to begin a file than we to
 * render a short sound. The bytes are those that it writes. */

enum { SWAP_SAMPLES = 1024 };

static bool is_plain(const struct audio_spec *spec)
{
    return spec->pcm == PCM_16 && spec->format == AUDIO_WAV && wav_format(spec) == SF_FORMAT_WAV;
}

static unsigned char *put(unsigned char *to, uint32_t value, unsigned bytes)
{
    for (unsigned b = 0; b < bytes; b++)
        *to++ = (unsigned char)(value >> (8 * b) & 0xff);
    return to;
}

static unsigned char *put_name(unsigned char *to, const char *name)
{
    memcpy(to, name, 4);
    return to + 4;
}

static void make_header(const struct audio_file *file, unsigned char header[WAV_HEADER])
{
    uint32_t frame = 2 * file->spec.channels, size = (uint32_t)file->said * frame;
    unsigned char *to = put_name(header, "RIFF");
    to = put_name(put(to, size + WAV_HEADER - 8, 4), "WAVE");
    to = put(put_name(to, "fmt "), 16, 4);
    to = put(put(to, 1, 2), file->spec.channels, 2);
    to = put(put(to, RP_SAMPLE_RATE, 4), RP_SAMPLE_RATE * frame, 4);
    to = put(put(to, frame, 2), 16, 2);
    put(put_name(to, "data"), size, 4);
}

/* Of a machine whose numbers begin with the other end. */
static void write_swapped(struct audio_file *file, const int16_t *samples, size_t count)
{
    unsigned char bytes[2 * SWAP_SAMPLES];
    for (size_t n; count > 0; samples += n, count -= n) {
        n = count < SWAP_SAMPLES ? count : SWAP_SAMPLES;
        for (size_t i = 0; i < n; i++)
            put(bytes + 2 * i, (uint16_t)samples[i], 2);
        out_write_now(&file->out, bytes, 2 * n);
    }
}

static enum render_status write_plain(struct audio_file *file, const int16_t *samples,
                                      size_t frames, struct render_error *error)
{
    unsigned char header[WAV_HEADER];
    const uint16_t one = 1;
    bool little = *(const unsigned char *)&one == 1;
    size_t head = file->written == 0 ? WAV_HEADER : 0, size = frames * file->spec.channels * 2;
    make_header(file, header);
    if (little)
        out_write_two(&file->out, header, head, samples, size);
    else
        out_write_two(&file->out, header, head, NULL, 0);
    if (!little)
        write_swapped(file, samples, frames * file->spec.channels);
    file->written += frames;
    return file->out.failure ? out_fail(&file->out, "write", file->out.failure, error) : RENDER_OK;
}

static enum render_status finish_plain(struct audio_file *file, struct render_error *error)
{
    unsigned char header[WAV_HEADER];
    if (file->said != file->written || file->written == 0) {
        file->said = file->written;
        make_header(file, header);
        if (vio_seek(0, SEEK_SET, file) == 0)
            out_write_now(&file->out, header, WAV_HEADER);
    }
    if (file->out.failure)
        return out_fail(&file->out, "write", file->out.failure, error);
    return out_close(&file->out, error);
}

void audio_expect(struct audio_file *file, uint64_t frames)
{
    file->said = frames;
}

/* --- all formats -------------------------------------------------------------------------- */

enum render_status audio_create(struct audio_file *file, const struct audio_spec *spec,
                                const char *path, uint64_t number, struct render_error *error)
{
    *file = (struct audio_file){.spec = *spec, .said = spec->frames};
    enum render_status status = out_create(&file->out, path, number, error);
    return status == RENDER_OK && !is_plain(spec) ? open_encoder(file, error) : status;
}

/* The page cache takes a write that begins and ends on a multiple of 64 KiB in half the time of one
 * that does not. */
size_t audio_block(const struct audio_file *file)
{
    size_t head = file->written == 0 ? WAV_HEADER : 0;
    return file->encoder ? AUDIO_BLOCK : (WAV_BLOCK - head) / (2 * file->spec.channels);
}

enum render_status audio_write(struct audio_file *file, const void *samples, size_t frames,
                               struct render_error *error)
{
    sf_count_t count = (sf_count_t)frames, put = 0;
    if (!file->encoder)
        return write_plain(file, samples, frames, error);
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
    if (!file->encoder)
        return finish_plain(file, error);
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
