/* test_sample.c - sound files as samples: every format, the rounding, loops, mixing, resampling,
 * and what is refused. */
#include "render/sample.h"
#include "vm/repatch.h"
#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <sndfile.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <xxhash.h>

#include <cmocka.h>

#define PI 3.14159265358979323846

#if defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__
#define SANITIZED 1
#elif defined __has_feature
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) ||                         \
    __has_feature(memory_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

/* libvorbis's, when libsndfile gives a cut Ogg file up. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:vorbis_info_init\n";
}

enum { MOST = 200000, RATE = 44100 };

static const struct sample_options as_is = {false, SAMPLE_AS_IS};
static const struct sample_options mixed = {true, SAMPLE_AS_IS};

/* --- helpers ----------------------------------------------------------------------------- */

static int enter_directory(void **state)
{
    char *directory = strdup("/tmp/test_sample.XXXXXX");
    *state = directory;
    return directory && mkdtemp(directory) && chdir(directory) == 0 ? 0 : -1;
}

static int leave_directory(void **state)
{
    DIR *directory = opendir(".");
    assert_non_null(directory);
    for (struct dirent *entry; (entry = readdir(directory));)
        if (unlink(entry->d_name))
            rmdir(entry->d_name);
    closedir(directory);
    int left = chdir("/") || rmdir(*state);
    free(*state);
    return left;
}

static SNDFILE *create(const char *path, int format, int rate, int channels)
{
    SF_INFO info = {.samplerate = rate, .channels = channels, .format = format};
    SNDFILE *file = sf_open(path, SFM_WRITE, &info);
    if (!file)
        print_error("%s: %s\n", path, sf_strerror(NULL));
    assert_non_null(file);
    return file;
}

static void write_ints(const char *path, int format, const int32_t *samples, sf_count_t count)
{
    SNDFILE *file = create(path, format, RATE, 1);
    assert_int_equal(sf_write_int(file, samples, count), count);
    assert_int_equal(sf_close(file), 0);
}

static void write_doubles_at(const char *path, int format, int rate, int channels,
                             const double *samples, sf_count_t count)
{
    SNDFILE *file = create(path, format, rate, channels);
    assert_int_equal(sf_write_double(file, samples, count), count);
    assert_int_equal(sf_close(file), 0);
}

static void write_doubles(const char *path, int channels, const double *samples, sf_count_t count)
{
    write_doubles_at(path, SF_FORMAT_WAV | SF_FORMAT_DOUBLE, RATE, channels, samples, count);
}

static void write_zeros(const char *path, int format, int rate, sf_count_t frames)
{
    static double zeros[MOST];
    write_doubles_at(path, format, rate, 1, zeros, frames);
}

static void load(struct sample *sample, const char *path, const struct sample_options *options)
{
    struct render_error error = {.text = ""};
    enum render_status status = sample_load(sample, path, options, &error);
    if (status != RENDER_OK)
        print_error("%s\n", error.text);
    assert_int_equal(status, RENDER_OK);
}

/* The whole message, as `wanted`. */
static void refuse(const char *path, const struct sample_options *options,
                   enum render_status wanted_status, const char *wanted)
{
    struct sample sample;
    struct render_error error = {.text = ""};
    assert_int_equal(sample_load(&sample, path, options, &error), wanted_status);
    assert_string_equal(error.text, wanted);
    assert_int_equal(error.status, wanted_status);
    assert_null(sample.frames);
    sample_free(&sample);
}

/* White noise, its first values the extremes. */
static void noise(int32_t *samples, size_t count)
{
    uint32_t x = 1;
    for (size_t i = 0; i < count; i++) {
        x = x * 1664525u + 1013904223u;
        samples[i] = (int32_t)(x ^ (x >> 15));
    }
    samples[0] = INT32_MIN;
    samples[1] = INT32_MAX;
    samples[2] = 0;
}

/* --- formats and rounding ---------------------------------------------------------------- */

/* v / 2^(bits-1) to 16 bits, in whole numbers; 16 bits and fewer lose nothing. */
static int32_t rounded(int32_t v, int bits)
{
    if (bits <= 16)
        return v * (1 << (16 - bits));
    int64_t half = INT64_C(1) << (bits - 17), size = v < 0 ? -(int64_t)v : v;
    int64_t s = (size + half) >> (bits - 16);
    return (int32_t)(v < 0 ? -s : s > 32767 ? 32767 : s);
}

static void check_whole_numbers(int format, int bits, const int32_t *samples)
{
    struct sample sample;
    write_ints("a", format, samples, MOST);
    load(&sample, "a", &as_is);
    assert_int_equal(sample.length, MOST);
    assert_int_equal(sample.rate, RATE);
    for (size_t i = 0; i < MOST; i++)
        assert_int_equal(sample.frames[i], rounded(samples[i] >> (32 - bits), bits));
    sample_free(&sample);
}

/* Lossless ones: container, coding, bits. */
static void whole_numbers_follow_the_rule(void **state)
{
    (void)state;
    static int32_t samples[MOST];
    static const struct {
        int format, bits;
    } cases[] = {
        {SF_FORMAT_WAV | SF_FORMAT_PCM_U8, 8},    {SF_FORMAT_AIFF | SF_FORMAT_PCM_S8, 8},
        {SF_FORMAT_FLAC | SF_FORMAT_PCM_S8, 8},   {SF_FORMAT_SVX | SF_FORMAT_PCM_S8, 8},
        {SF_FORMAT_VOC | SF_FORMAT_PCM_16, 16},   {SF_FORMAT_WAV | SF_FORMAT_PCM_16, 16},
        {SF_FORMAT_WAVEX | SF_FORMAT_PCM_16, 16}, {SF_FORMAT_AIFF | SF_FORMAT_PCM_16, 16},
        {SF_FORMAT_AU | SF_FORMAT_PCM_16, 16},    {SF_FORMAT_CAF | SF_FORMAT_PCM_16, 16},
        {SF_FORMAT_MAT5 | SF_FORMAT_PCM_16, 16},  {SF_FORMAT_FLAC | SF_FORMAT_PCM_16, 16},
        {SF_FORMAT_W64 | SF_FORMAT_PCM_16, 16},   {SF_FORMAT_RF64 | SF_FORMAT_PCM_16, 16},
        {SF_FORMAT_NIST | SF_FORMAT_PCM_16, 16},  {SF_FORMAT_WAV | SF_FORMAT_PCM_24, 24},
        {SF_FORMAT_AIFF | SF_FORMAT_PCM_24, 24},  {SF_FORMAT_FLAC | SF_FORMAT_PCM_24, 24},
        {SF_FORMAT_CAF | SF_FORMAT_PCM_24, 24},   {SF_FORMAT_WAV | SF_FORMAT_PCM_32, 32},
        {SF_FORMAT_AIFF | SF_FORMAT_PCM_32, 32},  {SF_FORMAT_CAF | SF_FORMAT_PCM_32, 32},
    };
    noise(samples, MOST);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        check_whole_numbers(cases[i].format, cases[i].bits, samples);
}

/* Every tie of 24 bits between 16-bit values, and its neighbours. */
static void whole_ties_go_away_from_zero(void **state)
{
    (void)state;
    static int32_t samples[3 * 65536];
    struct sample sample;
    size_t count = 0;
    for (int32_t whole = -32768; whole < 32768; whole++)
        for (int32_t near = 127; near <= 129; near++)
            samples[count++] = (whole * 256 + near) * 256;
    write_ints("a", SF_FORMAT_WAV | SF_FORMAT_PCM_24, samples, (sf_count_t)count);
    load(&sample, "a", &as_is);
    for (size_t i = 0; i < count; i++) {
        int32_t whole = -32768 + (int32_t)(i / 3);
        int32_t up = i % 3 == 2 || (i % 3 == 1 && whole >= 0);
        assert_int_equal(sample.frames[i], whole + up > 32767 ? 32767 : whole + up);
    }
    sample_free(&sample);
}

static void check_doubles(const char *path, const double *x, const int16_t *wanted, size_t count)
{
    struct sample sample;
    load(&sample, path, &as_is);
    assert_int_equal(sample.length, count);
    for (size_t i = 0; i < count; i++)
        if (sample.frames[i] != wanted[i])
            fail_msg("%s: %.17g is %d, not %d", path, x[i], sample.frames[i], wanted[i]);
    sample_free(&sample);
}

static void floats_follow_the_rule(void **state)
{
    (void)state;
    static const double x[] = {0.0,
                               -0.0,
                               0.5 / 32768,
                               -0.5 / 32768,
                               1.5 / 32768,
                               2.5 / 32768,
                               -2.5 / 32768,
                               0x1.fffffep-2 / 32768,
                               -0x1.fffffep-2 / 32768,
                               1.0,
                               -1.0,
                               32767.49 / 32768,
                               32767.5 / 32768,
                               -32768.5 / 32768,
                               3e38,
                               -3e38,
                               1e-40};
    static const int16_t wanted[] = {0,     0,      1,     -1,    2,      3,     -3,     0, 0,
                                     32767, -32768, 32767, 32767, -32768, 32767, -32768, 0};
    static const int formats[] = {
        SF_FORMAT_WAV | SF_FORMAT_FLOAT,  SF_FORMAT_WAV | SF_FORMAT_DOUBLE,
        SF_FORMAT_AIFF | SF_FORMAT_FLOAT, SF_FORMAT_AIFF | SF_FORMAT_DOUBLE,
        SF_FORMAT_CAF | SF_FORMAT_FLOAT,  SF_FORMAT_AU | SF_FORMAT_DOUBLE,
    };
    size_t count = sizeof x / sizeof x[0];
    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++) {
        write_doubles_at("a", formats[i], RATE, 1, x, (sf_count_t)count);
        check_doubles("a", x, wanted, count);
    }
}

/* Doubles that no float holds: just below a tie, and beyond what a product by 32768 holds. */
static void doubles_are_not_rounded_twice(void **state)
{
    (void)state;
    const double x[] = {nextafter(0.5, 0) / 32768,
                        nextafter(1.5, 0) / 32768,
                        -nextafter(2.5, 0) / 32768,
                        1e308,
                        -1e308,
                        4.9e-324};
    static const int16_t wanted[] = {0, 1, -2, 32767, -32768, 0};
    write_doubles("a", 1, x, 6);
    check_doubles("a", x, wanted, 6);
}

static void many_floats_follow_the_rule(void **state)
{
    (void)state;
    static int32_t bits[MOST];
    static double x[MOST];
    static int16_t wanted[MOST];
    noise(bits, MOST);
    for (size_t i = 0; i < MOST; i++) {
        x[i] = (double)bits[i] / 2e9;
        wanted[i] = (int16_t)fmax(-32768.0, fmin(32767.0, round(x[i] * 32768.0)));
    }
    write_doubles("a", 1, x, MOST);
    check_doubles("a", x, wanted, MOST);
}

/* 10 log10 of the power of a sine over that of what differs from it. */
static double sine_snr(const struct sample *sample, double hz, double peak, size_t begin,
                       size_t end)
{
    double signal = 0.0, rest = 0.0;
    for (size_t i = begin; i < end; i++) {
        double s = peak * 32768.0 * sin(2.0 * PI * hz * (double)i / (double)sample->rate);
        signal += s * s;
        rest += (s - sample->frames[i]) * (s - sample->frames[i]);
    }
    return 10.0 * log10(signal / rest);
}

static void write_sine(const char *path, int format, int rate, double hz, double peak,
                       sf_count_t frames)
{
    double *x = malloc((size_t)frames * sizeof *x);
    assert_non_null(x);
    for (sf_count_t i = 0; i < frames; i++)
        x[i] = peak * sin(2.0 * PI * hz * (double)i / (double)rate);
    write_doubles_at(path, format, rate, 1, x, frames);
    free(x);
}

static void ogg_is_read(void **state)
{
    (void)state;
    struct sample sample;
    write_sine("a", SF_FORMAT_OGG | SF_FORMAT_VORBIS, RATE, 1000.0, 0.5, RATE);
    load(&sample, "a", &as_is);
    assert_int_equal(sample.length, RATE);
    assert_true(sine_snr(&sample, 1000.0, 0.5, 4000, 40000) > 25.0);
    sample_free(&sample);
}

static void frames_are_aligned_padded_and_hashed(void **state)
{
    (void)state;
    static int32_t samples[200];
    unsigned char bytes[400], digest[16];
    char text[33];
    noise(samples, 200);
    for (uint32_t length = 1; length <= 200; length++) {
        struct sample sample;
        write_ints("a", SF_FORMAT_AIFF | SF_FORMAT_PCM_16, samples, length);
        load(&sample, "a", &as_is);
        assert_string_equal(sample.name, "a");
        assert_int_equal(sample.length, length);
        assert_int_equal((uintptr_t)sample.frames % 64, 0);
        for (int i = 0; i < SAMPLE_PADDING; i++)
            assert_int_equal(sample.frames[length + (uint32_t)i], 0);
        for (uint32_t i = 0; i < length; i++) {
            bytes[2 * i] = (unsigned char)(samples[i] >> 16);
            bytes[2 * i + 1] = (unsigned char)(samples[i] >> 24);
        }
        XXH128_hash_t hash = XXH3_128bits(bytes, 2 * length);
        XXH128_canonicalFromHash((XXH128_canonical_t *)digest, hash);
        for (int i = 0; i < 16; i++)
            snprintf(text + 2 * i, 3, "%02x", digest[i]);
        assert_string_equal(sample.hash, text);
        sample_free(&sample);
        assert_null(sample.frames);
    }
}

/* --- files made by hand ------------------------------------------------------------------ */

struct bytes {
    unsigned char data[4096];
    size_t size;
};

static void put(struct bytes *b, const void *data, size_t size)
{
    assert_true(b->size + size <= sizeof b->data);
    memcpy(b->data + b->size, data, size);
    b->size += size;
}

static void put_tag(struct bytes *b, const char *tag)
{
    put(b, tag, 4);
}

static void put_little(struct bytes *b, uint32_t value, unsigned size)
{
    for (unsigned i = 0; i < size; i++) {
        unsigned char byte = (unsigned char)(value >> (8 * i));
        put(b, &byte, 1);
    }
}

static void put_big(struct bytes *b, uint32_t value, unsigned size)
{
    for (unsigned i = size; i-- > 0;) {
        unsigned char byte = (unsigned char)(value >> (8 * i));
        put(b, &byte, 1);
    }
}

static void save(const char *path, const void *data, size_t size)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

struct smpl {
    uint32_t note, loops;
    struct {
        uint32_t type, start, end; /* end as in the chunk: the last frame played */
    } loop[2];
};

static void put_smpl(struct bytes *b, const struct smpl *smpl)
{
    put_tag(b, "smpl");
    put_little(b, 36 + 24 * smpl->loops, 4);
    put_little(b, 0, 4);
    put_little(b, 0, 4);
    put_little(b, 1000000000 / RATE, 4);
    put_little(b, smpl->note, 4);
    for (int i = 0; i < 3; i++)
        put_little(b, 0, 4);
    put_little(b, smpl->loops, 4);
    put_little(b, 0, 4);
    for (uint32_t i = 0; i < smpl->loops; i++) {
        put_little(b, i, 4);
        put_little(b, smpl->loop[i].type, 4);
        put_little(b, smpl->loop[i].start, 4);
        put_little(b, smpl->loop[i].end, 4);
        put_little(b, 0, 4);
        put_little(b, 0, 4);
    }
}

/* A mono WAV file of 16 bits; `claimed` is what its header says of the data, in bytes. */
static void put_wav(struct bytes *b, uint32_t rate, const struct smpl *smpl, uint32_t frames,
                    uint32_t claimed)
{
    put_tag(b, "RIFF");
    put_little(b, 0, 4);
    put_tag(b, "WAVE");
    put_tag(b, "fmt ");
    put_little(b, 16, 4);
    put_little(b, 1, 2);
    put_little(b, 1, 2);
    put_little(b, rate, 4);
    put_little(b, rate * 2, 4);
    put_little(b, 2, 2);
    put_little(b, 16, 2);
    if (smpl)
        put_smpl(b, smpl);
    put_tag(b, "data");
    put_little(b, claimed, 4);
    for (uint32_t i = 0; i < frames; i++)
        put_little(b, i + 1, 2);
    for (unsigned i = 0; i < 4; i++)
        b->data[4 + i] = (unsigned char)((b->size - 8) >> (8 * i));
}

static void save_wav(uint32_t rate, const struct smpl *smpl, uint32_t frames, uint32_t claimed)
{
    struct bytes b = {.size = 0};
    put_wav(&b, rate, smpl, frames, claimed);
    save("a", b.data, b.size);
}

static void save_looped(const struct smpl *smpl)
{
    save_wav(RATE, smpl, 200, 400);
}

/* 200 frames with a marker at each end of a loop; the modes are those of the INST chunk. */
static void save_aiff(uint32_t note, uint32_t mode, uint32_t release, uint32_t start, uint32_t end)
{
    static const unsigned char rate[10] = {0x40, 0x0e, 0xac, 0x44};
    struct bytes b = {.size = 0};
    put_tag(&b, "FORM");
    put_big(&b, 4 + 26 + 26 + 28 + 16 + 400, 4);
    put_tag(&b, "AIFF");
    put_tag(&b, "COMM");
    put_big(&b, 18, 4);
    put_big(&b, 1, 2);
    put_big(&b, 200, 4);
    put_big(&b, 16, 2);
    put(&b, rate, sizeof rate);
    put_tag(&b, "MARK");
    put_big(&b, 18, 4);
    put_big(&b, 2, 2);
    for (uint32_t i = 1; i <= 2; i++) {
        put_big(&b, i, 2);
        put_big(&b, i == 1 ? start : end, 4);
        put_big(&b, 0, 2);
    }
    put_tag(&b, "INST");
    put_big(&b, 20, 4);
    put_big(&b, note << 8, 2);
    put_big(&b, 127, 2);
    put_big(&b, 1 << 8 | 127, 2);
    put_big(&b, 0, 2);
    for (int i = 0; i < 2; i++) {
        uint32_t this = i == 0 ? mode : release;
        put_big(&b, this, 2);
        put_big(&b, this ? 1 : 0, 2);
        put_big(&b, this ? 2 : 0, 2);
    }
    put_tag(&b, "SSND");
    put_big(&b, 408, 4);
    put_big(&b, 0, 4);
    put_big(&b, 0, 4);
    for (uint32_t i = 0; i < 200; i++)
        put_big(&b, i + 1, 2);
    save("a", b.data, b.size);
}

/* --- loops and notes --------------------------------------------------------------------- */

static void check_loop(uint32_t start, uint32_t end, int root)
{
    struct sample sample;
    load(&sample, "a", &as_is);
    assert_int_equal(sample.length, 200);
    assert_int_equal(sample.frames[199], 200);
    assert_true(sample.has_loop);
    assert_false(sample.loop_ignored);
    assert_int_equal(sample.loop_start, start);
    assert_int_equal(sample.loop_end, end);
    assert_int_equal(sample.root, root);
    sample_free(&sample);
}

static void check_no_loop(bool ignored, int root)
{
    struct sample sample;
    load(&sample, "a", &as_is);
    assert_false(sample.has_loop);
    assert_int_equal(sample.loop_ignored, ignored);
    assert_int_equal(sample.loop_start, 0);
    assert_int_equal(sample.loop_end, 0);
    assert_int_equal(sample.root, root);
    sample_free(&sample);
}

/* The RIFF chunk names the last frame that is played; ours the one after. */
static void wav_loop_is_the_chunks(void **state)
{
    (void)state;
    save_looped(&(struct smpl){60, 1, {{0, 0, 99}}});
    check_loop(0, 100, 60);
    save_looped(&(struct smpl){0, 1, {{0, 0, 199}}});
    check_loop(0, 200, 0);
    save_looped(&(struct smpl){127, 1, {{0, 199, 199}}});
    check_loop(199, 200, 127);
    save_looped(&(struct smpl){60, 1, {{0, 0, 0}}});
    check_loop(0, 1, 60);
    save_looped(&(struct smpl){60, 2, {{0, 10, 19}, {1, 0, 5000}}});
    check_loop(10, 20, 60);
}

static void note_needs_no_loop(void **state)
{
    (void)state;
    save_looped(NULL);
    check_no_loop(false, -1);
    save_looped(&(struct smpl){61, 0, {{0, 0, 0}}});
    check_no_loop(false, 61);
    save_looped(&(struct smpl){128, 0, {{0, 0, 0}}});
    check_no_loop(false, -1);
    save_looped(&(struct smpl){UINT32_MAX, 0, {{0, 0, 0}}});
    check_no_loop(false, -1);
    save_aiff(72, 0, 0, 0, 0);
    check_no_loop(false, 72);
    write_zeros("a", SF_FORMAT_XI | SF_FORMAT_DPCM_16, RATE, 200);
    check_no_loop(false, -1);
}

/* Their points are not even looked at. */
static void other_loops_are_ignored(void **state)
{
    (void)state;
    for (uint32_t type = 1; type <= 4; type++) {
        save_looped(&(struct smpl){60, 1, {{type, 0, 5000}}});
        check_no_loop(true, 60);
    }
    save_aiff(60, 2, 0, 10, 5000); /* to and fro */
    check_no_loop(true, 60);
    save_aiff(60, 0, 1, 10, 50); /* after release only */
    check_no_loop(true, 60);
}

/* AIFF markers lie between frames. */
static void aiff_loop_is_the_markers(void **state)
{
    (void)state;
    save_aiff(60, 1, 0, 0, 100);
    check_loop(0, 100, 60);
    save_aiff(0, 1, 2, 10, 200);
    check_loop(10, 200, 0);
    save_aiff(60, 1, 0, 199, 200);
    check_loop(199, 200, 60);
}

static void loops_of_libsndfile_come_back(void **state)
{
    (void)state;
    static const int formats[] = {SF_FORMAT_WAV, SF_FORMAT_WAVEX};
    SF_INSTRUMENT instrument = {.gain = 1, .basenote = 64, .velocity_hi = 127, .key_hi = 127};
    short frames[200];
    instrument.loop_count = 1;
    instrument.loops[0].mode = SF_LOOP_FORWARD;
    instrument.loops[0].start = 20;
    instrument.loops[0].end = 180;
    for (short i = 0; i < 200; i++)
        frames[i] = (short)(i + 1);
    for (size_t i = 0; i < 2; i++) {
        SNDFILE *file = create("a", formats[i] | SF_FORMAT_PCM_16, RATE, 1);
        assert_int_equal(sf_command(file, SFC_SET_INSTRUMENT, &instrument, sizeof instrument), 1);
        assert_int_equal(sf_write_short(file, frames, 200), 200);
        assert_int_equal(sf_close(file), 0);
        check_loop(20, 180, 64);
    }
}

static void loops_outside_are_refused(void **state)
{
    (void)state;
    save_looped(&(struct smpl){60, 1, {{0, 0, 200}}});
    refuse("a", &as_is, RENDER_WRONG, "a: loops from frame 0 up to frame 201, and has 200 frames");
    save_looped(&(struct smpl){60, 1, {{0, 50, 49}}});
    refuse("a", &as_is, RENDER_WRONG, "a: loops from frame 50 up to frame 50, and has 200 frames");
    save_looped(&(struct smpl){60, 1, {{0, 50, 10}}});
    refuse("a", &as_is, RENDER_WRONG, "a: loops from frame 50 up to frame 11, and has 200 frames");
    save_looped(&(struct smpl){60, 1, {{0, 300, 400}}});
    refuse("a", &as_is, RENDER_WRONG,
           "a: loops from frame 300 up to frame 401, and has 200 frames");
    save_looped(&(struct smpl){60, 1, {{0, UINT32_MAX, UINT32_MAX}}});
    refuse("a", &as_is, RENDER_WRONG,
           "a: loops from frame 4294967295 up to frame 0, and has 200 frames");
    save_aiff(60, 1, 0, 0, 201);
    refuse("a", &as_is, RENDER_WRONG, "a: loops from frame 0 up to frame 201, and has 200 frames");
    save_aiff(60, 1, 0, 7, 7);
    refuse("a", &as_is, RENDER_WRONG, "a: loops from frame 7 up to frame 7, and has 200 frames");
}

/* --- channels ---------------------------------------------------------------------------- */

static void check_mixed(int channels, const double *x, const int16_t *wanted, uint32_t frames)
{
    struct sample sample;
    write_doubles("a", channels, x, channels * (sf_count_t)frames);
    load(&sample, "a", &mixed);
    assert_int_equal(sample.length, frames);
    assert_memory_equal(sample.frames, wanted, frames * sizeof *wanted);
    sample_free(&sample);
}

static void channels_are_averaged(void **state)
{
    (void)state;
    static const double one = 1.0 / 32768;
    const double two[] = {one, 2 * one, -one, -2 * one, 1.0, 1.0, 1.5, -0.5, 100 * one, -100 * one};
    const double three[] = {one, one, 3 * one, 2 * one, 2 * one, 3 * one};
    /* In this order 1 is lost in 1e16 first; in another it would not be. */
    const double ordered[] = {3.0, 1e17, -1e17, 1e17, -1e17, 3.0};
    check_mixed(2, two, (const int16_t[]){2, -2, 32767, 16384, 0}, 5);
    check_mixed(3, three, (const int16_t[]){2, 2}, 2);
    check_mixed(3, ordered, (const int16_t[]){0, 32767}, 2);
}

/* Whatever the cut into pieces does to frames of many channels. */
static void many_channels_stay_in_step(void **state)
{
    (void)state;
    static double x[MOST];
    for (int channels = 1; channels <= 1000; channels = channels * 3 + 1) {
        struct sample sample;
        sf_count_t frames = MOST / channels;
        for (sf_count_t i = 0; i < frames * channels; i++)
            x[i] = (double)(i / channels % 32768) / 32768.0;
        write_doubles("a", channels, x, frames * channels);
        load(&sample, "a", &mixed);
        assert_int_equal(sample.length, frames);
        for (sf_count_t i = 0; i < frames; i++)
            assert_int_equal(sample.frames[i], i % 32768);
        sample_free(&sample);
    }
}

static void mixing_must_be_asked_for(void **state)
{
    (void)state;
    static const double x[12] = {0};
    struct sample sample;
    struct render_error error;
    write_doubles("a", 2, x, 12);
    assert_int_equal(sample_load(&sample, "a", &as_is, &error), RENDER_WRONG);
    assert_string_equal(error.text, "a: has 2 channels; a sample is mono");
    assert_non_null(strstr(error.help, "':mix yes'"));
    write_doubles("a", 6, x, 12);
    refuse("a", &as_is, RENDER_WRONG, "a: has 6 channels; a sample is mono");
    write_doubles("a", 1, x, 12);
    load(&sample, "a", &mixed);
    sample_free(&sample);
}

/* --- resampling -------------------------------------------------------------------------- */

static void sines_survive_resampling(void **state)
{
    (void)state;
    static const struct {
        enum sample_resample how;
        int rate;
        double hz, least; /* dB; 16 bits themselves give about 97 */
    } cases[] = {
        {SAMPLE_BEST, 44100, 1000.0, 90.0},   {SAMPLE_BEST, 22050, 1000.0, 90.0},
        {SAMPLE_BEST, 96000, 1000.0, 90.0},   {SAMPLE_BEST, 44100, 15000.0, 90.0},
        {SAMPLE_MEDIUM, 44100, 1000.0, 90.0}, {SAMPLE_FASTEST, 44100, 1000.0, 85.0},
        {SAMPLE_LINEAR, 44100, 1000.0, 50.0}, {SAMPLE_BEST, 8000, 1000.0, 90.0},
        {SAMPLE_MEDIUM, 96000, 1000.0, 90.0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct sample sample;
        struct sample_options options = {false, cases[i].how};
        write_sine("a", SF_FORMAT_WAV | SF_FORMAT_FLOAT, cases[i].rate, cases[i].hz, 0.9,
                   cases[i].rate);
        load(&sample, "a", &options);
        assert_int_equal(sample.rate, RP_SAMPLE_RATE);
        assert_int_equal(sample.length, RP_SAMPLE_RATE);
        double snr = sine_snr(&sample, cases[i].hz, 0.9, 2000, 46000);
        print_message("  %d Hz, way %d: %.0f Hz: %.1f dB\n", cases[i].rate, (int)cases[i].how,
                      cases[i].hz, snr);
        if (!(snr >= cases[i].least))
            fail_msg("case %zu: %.1f dB", i, snr);
        sample_free(&sample);
    }
}

/* 90 dB under what it was is less than one step of 16 bits. */
static void what_would_fold_goes(void **state)
{
    (void)state;
    static const double hz[] = {26500.0, 30000.0, 40000.0, 47000.0};
    for (size_t i = 0; i < sizeof hz / sizeof hz[0]; i++) {
        struct sample sample;
        struct sample_options options = {false, SAMPLE_BEST};
        write_sine("a", SF_FORMAT_WAV | SF_FORMAT_FLOAT, 96000, hz[i], 0.9, 96000);
        load(&sample, "a", &options);
        for (sf_count_t n = 2000; n < 46000; n++)
            assert_in_range(sample.frames[n] + 1, 0, 2);
        sample_free(&sample);
    }
}

static void lengths_are_rounded_to_nearest(void **state)
{
    (void)state;
    static const int rates[] = {188,   8000,  11025, 22050,  44100,
                                47999, 48001, 96000, 192000, 768000};
    static const uint32_t lengths[] = {1, 2, 3, 7, 8, 9, 147, 1000, 44101};
    for (size_t r = 0; r < sizeof rates / sizeof rates[0]; r++)
        for (size_t n = 0; n < sizeof lengths / sizeof lengths[0]; n++) {
            struct sample sample;
            struct sample_options options = {false, n % 2 ? SAMPLE_FASTEST : SAMPLE_LINEAR};
            double wanted = floor(lengths[n] * 48000.0 / rates[r] + 0.5);
            if (wanted > 1e6)
                continue;
            write_zeros("a", SF_FORMAT_WAV | SF_FORMAT_PCM_U8, rates[r], lengths[n]);
            load(&sample, "a", &options);
            assert_int_equal(sample.length, fmax(wanted, 1.0));
            assert_int_equal(sample.rate, RP_SAMPLE_RATE);
            sample_free(&sample);
        }
}

/* Against whole numbers: 16-bit frames a and b give (a * (48000 - part) + b * part) / 48000. */
static void lines_are_exact(void **state)
{
    (void)state;
    static const int rates[] = {1, 8000, 22050, 44100, 96000, 768000};
    static const struct sample_options linear = {false, SAMPLE_LINEAR};
    static int32_t bits[40001];
    noise(bits, 40000);
    for (size_t r = 0; r < sizeof rates / sizeof rates[0]; r++) {
        struct sample sample;
        int64_t rate = rates[r], frames = rate == 1 ? 5 : 40000;
        bits[frames] = 0;
        SNDFILE *file = create("a", SF_FORMAT_WAV | SF_FORMAT_PCM_16, rates[r], 1);
        assert_int_equal(sf_write_int(file, bits, frames), frames);
        sf_close(file);
        load(&sample, "a", &linear);
        assert_int_equal(sample.length, (frames * 48000 + rate / 2) / rate);
        for (int64_t i = 0; i < sample.length; i++) {
            int64_t whole = i * rate / 48000, part = i * rate % 48000;
            int64_t sum = (bits[whole] >> 16) * (48000 - part) + (bits[whole + 1] >> 16) * part;
            assert_true(llabs(sum - sample.frames[i] * INT64_C(48000)) <= 24000);
        }
        sample_free(&sample);
    }
}

/* Neither lost at the front nor at the end: an impulse stays where it was, a constant is one. */
static void resampling_moves_nothing(void **state)
{
    (void)state;
    static double x[24000];
    static const struct sample_options best = {false, SAMPLE_BEST};
    struct sample sample;
    x[12000] = 0.4;
    write_doubles_at("a", SF_FORMAT_WAV | SF_FORMAT_FLOAT, 24000, 1, x, 24000);
    load(&sample, "a", &best);
    for (int i = 0; i < 48000; i++)
        assert_true(i == 24000 || abs(sample.frames[i]) < sample.frames[24000]);
    sample_free(&sample);
    for (int i = 0; i < 24000; i++)
        x[i] = 0.25;
    write_doubles_at("a", SF_FORMAT_WAV | SF_FORMAT_FLOAT, 24000, 1, x, 24000);
    load(&sample, "a", &best);
    assert_in_range(sample.frames[24000], 8191, 8193);
    assert_true(sample.frames[47999] > 4000); /* the edge, as the band limit has it */
    sample_free(&sample);
}

static void own_rate_is_untouched(void **state)
{
    (void)state;
    static int32_t bits[1000];
    static const struct sample_options best = {false, SAMPLE_BEST};
    struct sample plain, resampled;
    noise(bits, 1000);
    SNDFILE *file = create("a", SF_FORMAT_WAV | SF_FORMAT_PCM_24, RP_SAMPLE_RATE, 1);
    assert_int_equal(sf_write_int(file, bits, 1000), 1000);
    sf_close(file);
    load(&plain, "a", &as_is);
    load(&resampled, "a", &best);
    assert_int_equal(resampled.length, 1000);
    assert_string_equal(plain.hash, resampled.hash);
    sample_free(&plain);
    sample_free(&resampled);
}

static void check_scaled(uint32_t rate, uint32_t start, uint32_t last, uint32_t wanted_start,
                         uint32_t wanted_end)
{
    static const struct sample_options medium = {false, SAMPLE_MEDIUM};
    struct sample sample;
    save_wav(rate, &(struct smpl){60, 1, {{0, start, last}}}, 200, 400);
    load(&sample, "a", &medium);
    assert_true(sample.has_loop);
    assert_int_equal(sample.loop_start, wanted_start);
    assert_int_equal(sample.loop_end, wanted_end);
    assert_in_range(sample.loop_end, sample.loop_start + 1, sample.length);
    assert_int_equal(sample.root, 60);
    sample_free(&sample);
}

static void loops_are_scaled(void **state)
{
    (void)state;
    check_scaled(24000, 10, 99, 20, 200);
    check_scaled(44100, 10, 99, 11, 109);   /* 10.88, 108.84 */
    check_scaled(96000, 11, 199, 6, 100);   /* 5.5: up */
    check_scaled(96000, 3, 3, 2, 3);        /* 1.5 and 2 are one place: a frame is kept */
    check_scaled(96000, 199, 199, 99, 100); /* 99.5 and 100: past the end otherwise */
    check_scaled(768000, 0, 199, 0, 13);    /* 12.5: up */
}

static void wild_floats_do_not_break_the_converter(void **state)
{
    (void)state;
    double x[1000];
    for (int i = 0; i < 1000; i++)
        x[i] = i < 500 ? 1e308 : -1e308;
    write_doubles("a", 1, x, 1000);
    for (enum sample_resample how = SAMPLE_BEST; how <= SAMPLE_LINEAR; how++) {
        struct sample sample;
        load(&sample, "a", &(struct sample_options){false, how});
        assert_int_equal(sample.length, 1088);
        assert_int_equal(sample.frames[272], 32767);
        assert_int_equal(sample.frames[816], -32768);
        sample_free(&sample);
    }
}

static void resampled_lengths_and_rates_have_limits(void **state)
{
    (void)state;
    static const struct sample_options best = {false, SAMPLE_BEST};
    save_wav(187, NULL, 10, 20);
    refuse("a", &best, RENDER_WRONG, "a: cannot be resampled from 187 Hz to 48000 Hz");
    struct sample sample;
    load(&sample, "a", &as_is);
    assert_int_equal(sample.rate, 187);
    sample_free(&sample);
    write_zeros("a", SF_FORMAT_WAV | SF_FORMAT_PCM_U8, 1, 44740);
    refuse("a", &(struct sample_options){false, SAMPLE_LINEAR}, RENDER_WRONG,
           "a: is too long; a sample has at most 1073741824 frames");
}

/* --- refusals ---------------------------------------------------------------------------- */

static void what_is_no_file_is_refused(void **state)
{
    (void)state;
    char name[300];
    struct render_error error;
    struct sample sample;
    assert_int_equal(mkdir("dir", 0777), 0);
    assert_int_equal(mkfifo("fifo", 0666), 0);
    assert_int_equal(symlink("loop", "loop"), 0);
    save("text", "RIFF is only a word here, and no sound comes of it", 50);
    save("none", "", 0);
    refuse("missing", &as_is, RENDER_WRONG, "missing: cannot open: No such file or directory");
    refuse("", &as_is, RENDER_WRONG, ": cannot open: No such file or directory");
    refuse("text/a", &as_is, RENDER_WRONG, "text/a: cannot open: Not a directory");
    refuse("loop", &as_is, RENDER_WRONG, "loop: cannot open: Too many levels of symbolic links");
    refuse("dir", &as_is, RENDER_WRONG, "dir: is a directory, not a sound file");
    refuse("fifo", &as_is, RENDER_WRONG, "fifo: is not a regular file");
    refuse("/dev/zero", &as_is, RENDER_WRONG, "/dev/zero: is not a regular file");
    refuse("none", &as_is, RENDER_WRONG, "none: is an empty file");
    memset(name, 'x', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    assert_int_equal(sample_load(&sample, name, &as_is, &error), RENDER_WRONG);
    assert_non_null(strstr(error.text, "xx: cannot open: File name too long"));
    assert_int_equal(sample_load(&sample, "text", &as_is, &error), RENDER_WRONG);
    assert_memory_equal(error.text, "text: cannot be decoded: ", 25);
    assert_int_not_equal(error.text[strlen(error.text) - 1], '.');
}

static void failing_reads_are_trouble(void **state)
{
    (void)state;
    if (access("/proc/self/mem", R_OK))
        skip();
    refuse("/proc/self/mem", &as_is, RENDER_TROUBLE,
           "/proc/self/mem: cannot read: Input/output error");
    write_zeros("a", SF_FORMAT_WAV | SF_FORMAT_PCM_16, RATE, 10);
    assert_int_equal(chmod("a", 0), 0);
    if (access("a", R_OK))
        refuse("a", &as_is, RENDER_TROUBLE, "a: cannot open: Permission denied");
}

static void frames_must_be_numbers(void **state)
{
    (void)state;
    static double x[40000];
    x[30000] = (double)NAN;
    write_doubles("a", 1, x, 40000);
    refuse("a", &as_is, RENDER_WRONG, "a: frame 30000 is not a number");
    x[30000] = -(double)INFINITY;
    write_doubles_at("a", SF_FORMAT_AIFF | SF_FORMAT_FLOAT, RATE, 1, x, 40000);
    refuse("a", &as_is, RENDER_WRONG, "a: frame 30000 is infinite");
    x[30000] = 0.0;
    x[39999] = (double)INFINITY;
    write_doubles("a", 2, x, 40000);
    refuse("a", &mixed, RENDER_WRONG, "a: frame 19999 is infinite");
    x[0] = (double)NAN;
    write_doubles("a", 4, x, 40000);
    refuse("a", &(struct sample_options){true, SAMPLE_BEST}, RENDER_WRONG,
           "a: frame 0 is not a number");
}

static void shapes_have_limits(void **state)
{
    (void)state;
    struct sample sample;
    save_wav(RATE, NULL, 0, 0);
    refuse("a", &as_is, RENDER_WRONG, "a: has no frames; a sample has at least one");
    save_wav(768000, NULL, 10, 20);
    load(&sample, "a", &as_is);
    assert_int_equal(sample.rate, 768000);
    sample_free(&sample);
    save_wav(768001, NULL, 10, 20);
    refuse("a", &as_is, RENDER_WRONG, "a: has a rate of 768001 Hz; a sample has 1 to 768000");
}

/* A header that promises more: what is there is the sample. */
static void what_is_read_counts(void **state)
{
    (void)state;
    static const uint32_t claims[] = {402, 0x7ffff000, 0xffffffff};
    for (size_t i = 0; i < 3; i++) {
        struct sample sample;
        save_wav(RATE, NULL, 200, claims[i]);
        load(&sample, "a", &as_is);
        assert_int_equal(sample.length, 200);
        assert_int_equal(sample.frames[199], 200);
        sample_free(&sample);
    }
}

static size_t read_file(const char *path, unsigned char *bytes, size_t room)
{
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    size_t size = fread(bytes, 1, room, file);
    assert_int_equal(fclose(file), 0);
    return size;
}

/* The count of frames in a FLAC header, 36 bits of which these are the middle ones. */
static void promised_frames_are_missed(void **state)
{
    (void)state;
    static unsigned char bytes[1 << 16];
    struct sample sample;
    write_sine("a", SF_FORMAT_FLAC | SF_FORMAT_PCM_16, RATE, 1000.0, 0.5, 1000);
    size_t size = read_file("a", bytes, sizeof bytes);
    load(&sample, "a", &as_is);
    sample_free(&sample);
    assert_int_equal(bytes[24] << 8 | bytes[25], 1000);
    bytes[24] = 0xff;
    save("b", bytes, size);
    refuse("b", &as_is, RENDER_WRONG, "b: is cut short: of 65512 frames, 1000 are there");
    bytes[24] = bytes[25] = 0; /* unknown */
    save("b", bytes, size);
    load(&sample, "b", &as_is);
    assert_int_equal(sample.length, 1000);
    sample_free(&sample);
    bytes[22] = 0xff; /* too many, were they there */
    save("b", bytes, size);
    refuse("b", &as_is, RENDER_WRONG, "b: is too long; a sample has at most 1073741824 frames");
}

static const int damaged_formats[] = {
    SF_FORMAT_WAV | SF_FORMAT_PCM_16,  SF_FORMAT_AIFF | SF_FORMAT_PCM_24,
    SF_FORMAT_FLAC | SF_FORMAT_PCM_16, SF_FORMAT_OGG | SF_FORMAT_VORBIS,
    SF_FORMAT_CAF | SF_FORMAT_ALAC_16, SF_FORMAT_WAV | SF_FORMAT_IMA_ADPCM,
};

/* A sample, or an error with a text that blames the file; never more frames than there were. */
static void check_damaged(const unsigned char *bytes, size_t size)
{
    struct sample sample;
    struct render_error error;
    save("b", bytes, size);
    enum render_status status = sample_load(&sample, "b", &as_is, &error);
    if (status == RENDER_OK) {
        assert_in_range(sample.length, 1, MOST);
        assert_int_equal(sample.frames[sample.length], 0);
    } else {
        assert_int_equal(status, RENDER_WRONG);
        assert_memory_equal(error.text, "b: ", 3);
        assert_null(sample.frames);
    }
    sample_free(&sample);
}

static void cut_files_are_refused_or_shorter(void **state)
{
    (void)state;
    static unsigned char bytes[1 << 20];
    for (size_t f = 0; f < sizeof damaged_formats / sizeof damaged_formats[0]; f++) {
        write_sine("a", damaged_formats[f], RATE, 1000.0, 0.5, 20000);
        size_t size = read_file("a", bytes, sizeof bytes);
        for (size_t cut = 0; cut < size; cut += cut < 128 ? 1 : size / 50)
            check_damaged(bytes, cut);
    }
}

static void a_cut_wav_or_aiff_is_refused(void **state)
{
    (void)state;
    static unsigned char bytes[1 << 20];
    for (size_t f = 0; f < 2; f++) {
        write_sine("a", damaged_formats[f], RATE, 1000.0, 0.5, 20000);
        size_t size = read_file("a", bytes, sizeof bytes);
        for (size_t cut = 44; cut < size - 1; cut += size / 7) {
            struct sample sample;
            struct render_error error;
            save("b", bytes, cut);
            assert_int_equal(sample_load(&sample, "b", &as_is, &error), RENDER_WRONG);
            assert_non_null(strstr(error.text, "b: is cut short: of "));
        }
    }
}

/* The sizes and counts of a header, wrong one bit after the other. */
static void headers_are_not_trusted(void **state)
{
    (void)state;
    struct bytes b = {.size = 0};
    put_wav(&b, RATE, &(struct smpl){60, 1, {{0, 0, 99}}}, 200, 400);
    for (size_t bit = 0; bit < 8 * (b.size - 400); bit++) {
        b.data[bit / 8] ^= (unsigned char)(1u << bit % 8);
        check_damaged(b.data, b.size);
        b.data[bit / 8] ^= (unsigned char)(1u << bit % 8);
    }
}

static void broken_flac_is_refused(void **state)
{
    (void)state;
    static unsigned char bytes[1 << 20];
    static int32_t samples[MOST];
    struct render_error error;
    struct sample sample;
    noise(samples, MOST);
    write_ints("a", SF_FORMAT_FLAC | SF_FORMAT_PCM_16, samples, MOST);
    size_t size = read_file("a", bytes, sizeof bytes);
    save("b", bytes, size / 2);
    assert_int_equal(sample_load(&sample, "b", &as_is, &error), RENDER_WRONG);
    assert_memory_equal(error.text, "b: is broken after frame ", 25);
    assert_null(sample.frames);
    for (size_t i = size / 2; i < size / 2 + 2000; i++)
        bytes[i] ^= 0x5a;
    save("b", bytes, size);
    assert_int_equal(sample_load(&sample, "b", &as_is, &error), RENDER_WRONG);
    assert_memory_equal(error.text, "b: is broken after frame ", 25);
}

static void cut_ogg_is_refused(void **state)
{
    (void)state;
    static unsigned char bytes[1 << 20];
    write_sine("a", SF_FORMAT_OGG | SF_FORMAT_VORBIS, RATE, 1000.0, 0.5, 20000);
    size_t size = read_file("a", bytes, sizeof bytes);
    save("b", bytes, size - 200);
    refuse("b", &as_is, RENDER_WRONG, "b: is broken: not one frame can be decoded");
}

/* --- memory ------------------------------------------------------------------------------ */

/* The file is a hole: nothing of it is on the disk, or should get into memory. */
static void too_long_is_refused_at_once(void **state)
{
    (void)state;
    struct bytes b = {.size = 0};
    static const uint32_t header[] = {24, 0xffffffff, 2, RATE, 1}; /* AU, 8 bits, length unknown */
    put_tag(&b, ".snd");
    for (size_t i = 0; i < 5; i++)
        put_big(&b, header[i], 4);
    save("a", b.data, b.size);
    if (truncate("a", 24 + INT64_C(0x80000000)))
        skip();
    refuse("a", &as_is, RENDER_WRONG, "a: is too long; a sample has at most 1073741824 frames");
    assert_int_equal(truncate("a", 24 + INT64_C(0x10000)), 0);
    struct sample sample;
    load(&sample, "a", &as_is);
    assert_int_equal(sample.length, 0x10000);
    sample_free(&sample);
}

static size_t pages_in_use(void)
{
    unsigned long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (file && fscanf(file, "%lu", &pages) != 1)
        pages = 0;
    if (file)
        fclose(file);
    return (size_t)pages;
}

/* What comes of loading "a" in a process with `room` more bytes of address space. */
static int load_within(size_t room)
{
    pid_t child = fork();
    int result = -1;
    assert_true(child >= 0);
    if (child == 0) {
        struct sample sample;
        struct render_error error;
        size_t bytes = pages_in_use() * (size_t)sysconf(_SC_PAGESIZE) + room;
        struct rlimit limit = {bytes, bytes};
        if (setrlimit(RLIMIT_AS, &limit))
            _exit(99);
        enum render_status status = sample_load(&sample, "a", &as_is, &error);
        bool worded = status == RENDER_OK ||
                      strcmp(error.text, "a: cannot load: Cannot allocate memory") == 0;
        _exit(worded ? (int)status : 98);
    }
    assert_int_equal(waitpid(child, &result, 0), child);
    assert_true(WIFEXITED(result));
    return WEXITSTATUS(result);
}

/* 20 MB of frames: twice that and a little is enough, less is said. */
static void memory_is_twice_the_sample(void **state)
{
    (void)state;
    enum { FRAMES = 10000000, BYTES = 2 * FRAMES };
    if (SANITIZED || pages_in_use() == 0)
        skip();
    SNDFILE *file = create("a", SF_FORMAT_WAV | SF_FORMAT_PCM_16, RATE, 1);
    static const short zeros[10000];
    for (int i = 0; i < FRAMES / 10000; i++)
        assert_int_equal(sf_write_short(file, zeros, 10000), 10000);
    sf_close(file);
    assert_int_equal(load_within(BYTES * 2 + BYTES / 5), RENDER_OK);
    assert_int_equal(load_within(BYTES + BYTES / 2), RENDER_TROUBLE);
    assert_int_equal(load_within(BYTES / 2), RENDER_TROUBLE);
}

#define IN_DIRECTORY(test) cmocka_unit_test_setup_teardown(test, enter_directory, leave_directory)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_DIRECTORY(whole_numbers_follow_the_rule),
        IN_DIRECTORY(whole_ties_go_away_from_zero),
        IN_DIRECTORY(floats_follow_the_rule),
        IN_DIRECTORY(doubles_are_not_rounded_twice),
        IN_DIRECTORY(many_floats_follow_the_rule),
        IN_DIRECTORY(ogg_is_read),
        IN_DIRECTORY(frames_are_aligned_padded_and_hashed),
        IN_DIRECTORY(wav_loop_is_the_chunks),
        IN_DIRECTORY(note_needs_no_loop),
        IN_DIRECTORY(other_loops_are_ignored),
        IN_DIRECTORY(aiff_loop_is_the_markers),
        IN_DIRECTORY(loops_of_libsndfile_come_back),
        IN_DIRECTORY(loops_outside_are_refused),
        IN_DIRECTORY(channels_are_averaged),
        IN_DIRECTORY(many_channels_stay_in_step),
        IN_DIRECTORY(mixing_must_be_asked_for),
        IN_DIRECTORY(sines_survive_resampling),
        IN_DIRECTORY(what_would_fold_goes),
        IN_DIRECTORY(lengths_are_rounded_to_nearest),
        IN_DIRECTORY(lines_are_exact),
        IN_DIRECTORY(resampling_moves_nothing),
        IN_DIRECTORY(own_rate_is_untouched),
        IN_DIRECTORY(loops_are_scaled),
        IN_DIRECTORY(wild_floats_do_not_break_the_converter),
        IN_DIRECTORY(resampled_lengths_and_rates_have_limits),
        IN_DIRECTORY(what_is_no_file_is_refused),
        IN_DIRECTORY(failing_reads_are_trouble),
        IN_DIRECTORY(frames_must_be_numbers),
        IN_DIRECTORY(shapes_have_limits),
        IN_DIRECTORY(what_is_read_counts),
        IN_DIRECTORY(promised_frames_are_missed),
        IN_DIRECTORY(cut_files_are_refused_or_shorter),
        IN_DIRECTORY(a_cut_wav_or_aiff_is_refused),
        IN_DIRECTORY(headers_are_not_trusted),
        IN_DIRECTORY(broken_flac_is_refused),
        IN_DIRECTORY(cut_ogg_is_refused),
        IN_DIRECTORY(too_long_is_refused_at_once),
        IN_DIRECTORY(memory_is_twice_the_sample),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
