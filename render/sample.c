#include "render/sample.h"
#include "render/sound_in.h"
#include "vm/repatch.h"
#include <errno.h>
#include <float.h>
#include <samplerate.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum {
    MOST_CHANNELS = 1024,   /* libsndfile's own limit */
    READ_SAMPLES = 1 << 14, /* at once, of all channels together */
    PIECE_FRAMES = 1 << 16,
    SILENCE_FRAMES = 16, /* few, as each may become 48,000 */
    ALIGNMENT = 64
};

/* Frames are collected in pieces, as the header's count is worth nothing. */
struct piece {
    struct piece *next;
    uint32_t count;
    int16_t frames[PIECE_FRAMES];
};

struct loader {
    struct sample *sample;
    const struct sample_options *options;
    struct render_error *error;
    struct sound_in file;
    SNDFILE *decoder;
    SF_INFO info;
    bool converts;        /* to RP_SAMPLE_RATE */
    SRC_STATE *converter; /* of the sinc kinds */
    double previous;      /* of the linear kind: the frame before the next */
    struct piece *first, *last;
    uint64_t read, given, stored; /* frames: of the file, to the linear kind, in pieces */
    float before[READ_SAMPLES];
    double in[READ_SAMPLES]; /* keeps its neighbours apart, which libsamplerate wants */
    float after[READ_SAMPLES];
};

/* Each step of the load is true when it went well; here it says why not. */
__attribute__((format(printf, 3, 4))) static bool fail(struct loader *l, enum render_status status,
                                                       const char *format, ...)
{
    char reason[160];
    va_list args;
    va_start(args, format);
    vsnprintf(reason, sizeof reason, format, args);
    va_end(args);
    render_fail(l->error, status, "%.400s: %s", l->sample->name, reason);
    return false;
}

static bool fail_memory(struct loader *l)
{
    return fail(l, RENDER_TROUBLE, "cannot load: %s", strerror(ENOMEM));
}

/* Of the decoder, or of none: true when nothing failed. */
static bool check_reading(struct loader *l, const char *what)
{
    bool trouble;
    const char *why = sound_in_why(&l->file, l->decoder, &trouble);
    if (!why)
        return true;
    return trouble ? fail(l, RENDER_TROUBLE, "cannot read: %s", why)
                   : fail(l, RENDER_WRONG, "%s: %s", what, why);
}

static bool fail_too_long(struct loader *l)
{
    return fail(l, RENDER_WRONG, "is too long; a sample has at most %d frames", SAMPLE_MOST_FRAMES);
}

/* --- the file ---------------------------------------------------------------------------- */

/* Whoever named the file is to blame, not the machine. */
static bool names_no_file(int number)
{
    return number == ENOENT || number == ENOTDIR || number == ELOOP || number == ENAMETOOLONG ||
           number == ENXIO;
}

static bool open_file(struct loader *l)
{
    int number = sound_in_open(&l->file, l->sample->name);
    if (number)
        return fail(l, names_no_file(number) ? RENDER_WRONG : RENDER_TROUBLE, "cannot open: %s",
                    strerror(number));
    if (S_ISDIR(l->file.mode))
        return fail(l, RENDER_WRONG, "is a directory, not a sound file");
    if (!S_ISREG(l->file.mode)) {
        fail(l, RENDER_WRONG, "is not a regular file");
        render_help(l->error, "pipes and devices cannot be samples: save the sound first");
        return false;
    }
    return true;
}

static uint32_t big_endian(const unsigned char *b)
{
    return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

static uint32_t little_endian(const unsigned char *b)
{
    return (uint32_t)b[3] << 24 | (uint32_t)b[2] << 16 | (uint32_t)b[1] << 8 | b[0];
}

/* libsndfile takes a WAV or AIFF file that was cut off for a shorter one. Programs that write into
 * pipes leave a size of 0, or one of about 2^31 or 2^32, which says nothing. */
static bool check_size(struct loader *l)
{
    unsigned char head[12] = {0};
    size_t got = sound_in_read(&l->file, head, sizeof head);
    l->file.at = 0;
    if (l->file.failure)
        return check_reading(l, "");
    if (got < sizeof head)
        return true;
    bool wav = memcmp(head, "RIFF", 4) == 0 && memcmp(head + 8, "WAVE", 4) == 0;
    bool aiff = memcmp(head, "FORM", 4) == 0 && memcmp(head + 8, "AIF", 3) == 0;
    uint32_t bytes = aiff ? big_endian(head + 4) : little_endian(head + 4);
    if ((!wav && !aiff) || bytes == 0 || bytes >= 0x7fff0000 ||
        (int64_t)bytes + 8 <= l->file.size + 1)
        return true;
    return fail(l, RENDER_WRONG, "is cut short: of %llu bytes, %lld are there",
                (unsigned long long)bytes + 8, (long long)l->file.size);
}

static bool open_decoder(struct loader *l)
{
    if (!check_size(l))
        return false;
    l->decoder = sound_in_decode(&l->file, &l->info);
    if (l->decoder)
        return true;
    if (l->file.size == 0)
        return fail(l, RENDER_WRONG, "is an empty file");
    return check_reading(l, "cannot be decoded");
}

static bool check_shape(struct loader *l)
{
    const SF_INFO *info = &l->info;
    if (info->samplerate < 1 || info->samplerate > SAMPLE_MOST_RATE)
        return fail(l, RENDER_WRONG, "has a rate of %d Hz; a sample has 1 to %d", info->samplerate,
                    SAMPLE_MOST_RATE);
    if (info->channels < 1 || info->channels > MOST_CHANNELS)
        return fail(l, RENDER_WRONG, "has %d channels", info->channels);
    if (info->channels > 1 && !l->options->mix) {
        fail(l, RENDER_WRONG, "has %d channels; a sample is mono", info->channels);
        render_help(l->error, "write ':mix yes' to have them averaged");
        return false;
    }
    return true;
}

/* --- collecting frames ------------------------------------------------------------------- */

/* The rule of sample.h. NaN, which a converter fed with huge numbers could give, ends low. */
static int16_t quantise(double x)
{
    double y = x * 32768.0;
    y = y > -32768.0 ? y : -32768.0;
    y = y < 32767.0 ? y : 32767.0;
    int32_t whole = (int32_t)y;
    double rest = y - whole;
    return (int16_t)(whole + (rest >= 0.5) - (rest <= -0.5));
}

/* The piece that has room, or NULL: out of memory. */
static struct piece *roomy_piece(struct loader *l)
{
    if (l->last && l->last->count < PIECE_FRAMES)
        return l->last;
    struct piece *piece = malloc(sizeof *piece);
    if (!piece)
        return NULL;
    piece->next = NULL;
    piece->count = 0;
    if (l->last)
        l->last->next = piece;
    else
        l->first = piece;
    return l->last = piece;
}

static bool store(struct loader *l, const double *frames, size_t count)
{
    while (count > 0) {
        struct piece *piece = roomy_piece(l);
        if (!piece)
            return fail_memory(l);
        size_t room = PIECE_FRAMES - piece->count, n = count < room ? count : room;
        for (size_t i = 0; i < n; i++)
            piece->frames[piece->count + i] = quantise(frames[i]);
        piece->count += (uint32_t)n;
        l->stored += n;
        frames += n;
        count -= n;
    }
    return true;
}

static bool is_linear(const struct loader *l)
{
    return l->options->resample == SAMPLE_LINEAR;
}

static double ratio(const struct loader *l)
{
    return (double)RP_SAMPLE_RATE / (double)l->info.samplerate;
}

static bool fail_ratio(struct loader *l)
{
    fail(l, RENDER_WRONG, "cannot be resampled from %d Hz to %d Hz", l->info.samplerate,
         RP_SAMPLE_RATE);
    render_help(l->error, "a ratio of 256 is the most; leave the sample as it is");
    return false;
}

static bool open_converter(struct loader *l)
{
    static const int kinds[] = {[SAMPLE_BEST] = SRC_SINC_BEST_QUALITY,
                                [SAMPLE_MEDIUM] = SRC_SINC_MEDIUM_QUALITY,
                                [SAMPLE_FASTEST] = SRC_SINC_FASTEST};
    int number = 0;
    l->converts = l->options->resample != SAMPLE_AS_IS && l->info.samplerate != RP_SAMPLE_RATE;
    if (!l->converts || is_linear(l))
        return true;
    if (!src_is_valid_ratio(ratio(l)))
        return fail_ratio(l);
    l->converter = src_new(kinds[l->options->resample], 1, &number);
    if (!l->converter)
        return fail(l, RENDER_TROUBLE, "cannot resample: %s", src_strerror(number));
    return true;
}

/* Overwrites l->in. */
static bool convert_by_sinc(struct loader *l, size_t count)
{
    SRC_DATA data = {.data_in = l->before,
                     .data_out = l->after,
                     .input_frames = (long)count,
                     .output_frames = READ_SAMPLES,
                     .src_ratio = ratio(l)};
    for (size_t i = 0; i < count; i++)
        l->before[i] = (float)l->in[i];
    do {
        int number = src_process(l->converter, &data);
        if (number)
            return fail(l, RENDER_TROUBLE, "cannot resample: %s", src_strerror(number));
        for (long i = 0; i < data.output_frames_gen; i++)
            l->in[i] = (double)l->after[i];
        if (!store(l, l->in, (size_t)data.output_frames_gen))
            return false;
        data.data_in += data.input_frames_used;
        data.input_frames -= data.input_frames_used;
    } while (data.input_frames > 0 || data.output_frames_gen == data.output_frames);
    return true;
}

/* Stores the frames from `previous`, at `whole`, up to `next`, a frame later, without the latter.
 * Ours, because libsamplerate's linear converter is a frame late. */
static bool convert_between(struct loader *l, uint64_t whole, double next)
{
    uint64_t rate = (uint64_t)l->info.samplerate, one = RP_SAMPLE_RATE;
    while (l->stored * rate < (whole + 1) * one) {
        double part = (double)(l->stored * rate - whole * one) / (double)one;
        double x = l->previous + part * (next - l->previous);
        if (!store(l, &x, 1))
            return false;
    }
    l->previous = next;
    return true;
}

static bool convert_linearly(struct loader *l, size_t count)
{
    for (size_t i = 0; i < count; i++, l->given++) {
        if (l->given == 0)
            l->previous = l->in[0];
        else if (!convert_between(l, l->given - 1, l->in[i]))
            return false;
    }
    return true;
}

/* In place: held far outside of full scale, so that no sum in a filter overflows. */
static void tame(double *frames, size_t count)
{
    for (size_t i = 0; i < count; i++)
        frames[i] = frames[i] > 0x1p20 ? 0x1p20 : frames[i] < -0x1p20 ? -0x1p20 : frames[i];
}

/* Gives the frames in l->in to the converter. */
static bool convert(struct loader *l, size_t count)
{
    tame(l->in, count);
    return is_linear(l) ? convert_linearly(l, count) : convert_by_sinc(l, count);
}

/* Of a frame of the file, in the sample. */
static uint64_t position(const struct loader *l, uint64_t frame)
{
    uint64_t rate = (uint64_t)l->info.samplerate;
    return l->converts ? (frame * RP_SAMPLE_RATE + rate / 2) / rate : frame;
}

static bool too_long(const struct loader *l, uint64_t frames)
{
    return frames > SAMPLE_MOST_FRAMES || position(l, frames) > SAMPLE_MOST_FRAMES;
}

/* By the header, before anything is read. The greatest count of all stands for an unknown one. */
static bool check_claim(struct loader *l)
{
    bool known = l->info.frames != SF_COUNT_MAX;
    return known && too_long(l, (uint64_t)l->info.frames) ? fail_too_long(l) : true;
}

/* --- reading ----------------------------------------------------------------------------- */

static bool check_finite(struct loader *l, size_t frames)
{
    size_t channels = (size_t)l->info.channels;
    const double *samples = l->in;
    for (size_t i = 0; i < frames * channels; i++) {
        if (samples[i] >= -DBL_MAX && samples[i] <= DBL_MAX)
            continue;
        const char *what = samples[i] == samples[i] ? "infinite" : "not a number";
        return fail(l, RENDER_WRONG, "frame %llu is %s",
                    (unsigned long long)(l->read + i / channels), what);
    }
    return true;
}

/* In place. */
static void mix_channels(double *samples, size_t frames, size_t channels)
{
    for (size_t i = 0; i < frames; i++) {
        double sum = samples[i * channels];
        for (size_t c = 1; c < channels; c++)
            sum += samples[i * channels + c];
        samples[i] = sum / (double)channels;
    }
}

static bool take(struct loader *l, size_t frames)
{
    if (!check_finite(l, frames))
        return false;
    if (l->info.channels > 1)
        mix_channels(l->in, frames, (size_t)l->info.channels);
    l->read += frames;
    if (too_long(l, l->read))
        return fail_too_long(l);
    return l->converts ? convert(l, frames) : store(l, l->in, frames);
}

/* libsndfile forgets its error on the next call. */
static bool check_decoder(struct loader *l)
{
    char what[64];
    snprintf(what, sizeof what, "is broken after frame %llu", (unsigned long long)l->read);
    return check_reading(l, what);
}

static bool check_count(struct loader *l)
{
    if (l->read == 0 && l->info.frames == 0)
        return fail(l, RENDER_WRONG, "has no frames; a sample has at least one");
    if (l->read == 0)
        return fail(l, RENDER_WRONG, "is broken: not one frame can be decoded");
    if (l->info.frames != SF_COUNT_MAX && l->read < (uint64_t)l->info.frames)
        return fail(l, RENDER_WRONG, "is cut short: of %llu frames, %llu are there",
                    (unsigned long long)l->info.frames, (unsigned long long)l->read);
    return true;
}

static bool read_frames(struct loader *l)
{
    sf_count_t room = READ_SAMPLES / l->info.channels, got;
    while ((got = sf_readf_double(l->decoder, l->in, room)) > 0)
        if (!take(l, (size_t)got) || !check_decoder(l))
            return false;
    return check_decoder(l) && check_count(l);
}

/* --- what the file says about itself ----------------------------------------------------- */

static int container(const struct loader *l)
{
    return l->info.format & SF_FORMAT_TYPEMASK;
}

/* The play mode of the sustain loop, in an AIFF file's INST chunk: 0 none, 1 forward, 2 to and
 * fro. libsndfile calls any of them forward, and a release loop the first when there is no other.
 */
static bool aiff_loop_is_forward(const struct loader *l)
{
    unsigned char bytes[20] = {0};
    SF_CHUNK_INFO chunk = {.id = "INST", .id_size = 4};
    SF_CHUNK_ITERATOR *found = sf_get_chunk_iterator(l->decoder, &chunk);
    chunk.data = bytes;
    chunk.datalen = sizeof bytes;
    return found && !sf_get_chunk_data(found, &chunk) && bytes[8] == 0 && bytes[9] == 1;
}

static bool loop_is_forward(const struct loader *l, const SF_INSTRUMENT *instrument)
{
    if (container(l) == SF_FORMAT_AIFF)
        return aiff_loop_is_forward(l);
    return instrument->loops[0].mode == SF_LOOP_FORWARD;
}

/* libsndfile's `end` is the frame after the last, for both formats: it adds 1 to that of a smpl
 * chunk. */
static bool take_loop(struct loader *l, uint32_t start, uint32_t end)
{
    struct sample *sample = l->sample;
    if (start >= end || end > l->read) {
        fail(l, RENDER_WRONG, "loops from frame %u up to frame %u, and has %llu frames", start, end,
             (unsigned long long)l->read);
        render_help(l->error, "correct the loop points in an audio editor, or remove them");
        return false;
    }
    sample->has_loop = true;
    sample->loop_start = (uint32_t)position(l, start);
    sample->loop_end = (uint32_t)position(l, end);
    if (sample->loop_start >= sample->length)
        sample->loop_start = sample->length - 1;
    if (sample->loop_end <= sample->loop_start)
        sample->loop_end = sample->loop_start + 1;
    return true;
}

/* XI files always have an instrument, of which libsndfile fills in nothing. */
static bool take_instrument(struct loader *l)
{
    SF_INSTRUMENT instrument = {0};
    if (sf_command(l->decoder, SFC_GET_INSTRUMENT, &instrument, sizeof instrument) != SF_TRUE ||
        container(l) == SF_FORMAT_XI)
        return true;
    unsigned char note = (unsigned char)instrument.basenote;
    l->sample->root = note <= 127 ? note : -1;
    if (instrument.loop_count < 1)
        return true;
    l->sample->loop_ignored = !loop_is_forward(l, &instrument);
    return l->sample->loop_ignored ||
           take_loop(l, instrument.loops[0].start, instrument.loops[0].end);
}

/* --- the sample -------------------------------------------------------------------------- */

/* A converter is late by its filter's length; silence drives the rest out. */
static bool settle_length(struct loader *l)
{
    uint64_t length = position(l, l->read);
    if (length == 0)
        length = 1;
    l->sample->length = (uint32_t)length;
    l->sample->rate = l->converts ? RP_SAMPLE_RATE : (uint32_t)l->info.samplerate;
    while (l->stored < length) {
        memset(l->in, 0, SILENCE_FRAMES * sizeof *l->in);
        if (!convert(l, SILENCE_FRAMES))
            return false;
    }
    return true;
}

static void free_first_piece(struct loader *l)
{
    struct piece *next = l->first->next;
    free(l->first);
    l->first = next;
}

static int16_t *allocate_frames(uint64_t length)
{
    uint64_t bytes = (length + SAMPLE_PADDING) * sizeof(int16_t);
    bytes = (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    return bytes > SIZE_MAX / 2 ? NULL : aligned_alloc(ALIGNMENT, (size_t)bytes);
}

static bool join_pieces(struct loader *l)
{
    struct sample *sample = l->sample;
    uint32_t done = 0;
    sample->frames = allocate_frames(sample->length);
    if (!sample->frames)
        return fail_memory(l);
    for (; l->first; free_first_piece(l)) {
        uint32_t left = sample->length - done;
        uint32_t count = l->first->count < left ? l->first->count : left;
        memcpy(sample->frames + done, l->first->frames, count * sizeof(int16_t));
        done += count;
    }
    memset(sample->frames + done, 0, SAMPLE_PADDING * sizeof(int16_t));
    return true;
}

static bool take_hash(struct loader *l)
{
    struct sample_hash hash;
    if (hash_init(&hash))
        return fail_memory(l);
    hash_add(&hash, PCM_16, l->sample->frames, l->sample->length);
    hash_text(&hash, l->sample->hash);
    hash_free(&hash);
    return true;
}

static void close_loader(struct loader *l)
{
    if (l->decoder)
        sf_close(l->decoder);
    if (l->converter)
        src_delete(l->converter);
    sound_in_close(&l->file);
    while (l->first)
        free_first_piece(l);
    free(l);
}

enum render_status sample_load(struct sample *sample, const char *path,
                               const struct sample_options *options, struct render_error *error)
{
    *sample = (struct sample){.name = path, .root = -1};
    struct loader *l = calloc(1, sizeof *l);
    if (!l)
        return render_fail(error, RENDER_TROUBLE, "%.400s: cannot load: %s", path,
                           strerror(ENOMEM));
    l->sample = sample;
    l->options = options;
    l->error = error;
    l->file.fd = -1;
    bool loaded = open_file(l) && open_decoder(l) && check_shape(l) && open_converter(l) &&
                  check_claim(l) && read_frames(l) && settle_length(l) && take_instrument(l) &&
                  join_pieces(l) && take_hash(l);
    close_loader(l);
    if (!loaded)
        sample_free(sample);
    return loaded ? RENDER_OK : error->status;
}

void sample_free(struct sample *sample)
{
    free(sample->frames);
    sample->frames = NULL;
    sample->length = 0;
}
