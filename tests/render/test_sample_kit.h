/* test_sample_kit.h - what the tests of samples share: sound files made by hand, and read. */
#ifndef TESTS_RENDER_TEST_SAMPLE_KIT_H
#define TESTS_RENDER_TEST_SAMPLE_KIT_H

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

enum { MOST = 200000, RATE = 44100 };

static const struct sample_options as_is = {false, SAMPLE_AS_IS};
static const struct sample_options mixed = {true, SAMPLE_AS_IS};

/* --- helpers ----------------------------------------------------------------------------- */

static inline int enter_directory(void **state)
{
    char *directory = strdup("/tmp/test_sample.XXXXXX");
    *state = directory;
    return directory && mkdtemp(directory) && chdir(directory) == 0 ? 0 : -1;
}

static inline int leave_directory(void **state)
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

static inline SNDFILE *create(const char *path, int format, int rate, int channels)
{
    SF_INFO info = {.samplerate = rate, .channels = channels, .format = format};
    SNDFILE *file = sf_open(path, SFM_WRITE, &info);
    if (!file)
        print_error("%s: %s\n", path, sf_strerror(NULL));
    assert_non_null(file);
    return file;
}

static inline void write_ints(const char *path, int format, const int32_t *samples,
                              sf_count_t count)
{
    SNDFILE *file = create(path, format, RATE, 1);
    assert_int_equal(sf_write_int(file, samples, count), count);
    assert_int_equal(sf_close(file), 0);
}

static inline void write_doubles_at(const char *path, int format, int rate, int channels,
                                    const double *samples, sf_count_t count)
{
    SNDFILE *file = create(path, format, rate, channels);
    assert_int_equal(sf_write_double(file, samples, count), count);
    assert_int_equal(sf_close(file), 0);
}

static inline void write_doubles(const char *path, int channels, const double *samples,
                                 sf_count_t count)
{
    write_doubles_at(path, SF_FORMAT_WAV | SF_FORMAT_DOUBLE, RATE, channels, samples, count);
}

static inline void write_zeros(const char *path, int format, int rate, sf_count_t frames)
{
    static double zeros[MOST];
    write_doubles_at(path, format, rate, 1, zeros, frames);
}

static inline void load(struct sample *sample, const char *path,
                        const struct sample_options *options)
{
    struct render_error error = {.text = ""};
    enum render_status status = sample_load(sample, path, options, &error);
    if (status != RENDER_OK)
        print_error("%s\n", error.text);
    assert_int_equal(status, RENDER_OK);
}

/* The whole message, as `wanted`. */
static inline void refuse(const char *path, const struct sample_options *options,
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
static inline void noise(int32_t *samples, size_t count)
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

/* 10 log10 of the power of a sine over that of what differs from it. */
static inline double sine_snr(const struct sample *sample, double hz, double peak, size_t begin,
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

static inline void write_sine(const char *path, int format, int rate, double hz, double peak,
                              sf_count_t frames)
{
    double *x = malloc((size_t)frames * sizeof *x);
    assert_non_null(x);
    for (sf_count_t i = 0; i < frames; i++)
        x[i] = peak * sin(2.0 * PI * hz * (double)i / (double)rate);
    write_doubles_at(path, format, rate, 1, x, frames);
    free(x);
}

/* --- files made by hand ------------------------------------------------------------------ */

struct bytes {
    unsigned char data[4096];
    size_t size;
};

static inline void put(struct bytes *b, const void *data, size_t size)
{
    assert_true(b->size + size <= sizeof b->data);
    memcpy(b->data + b->size, data, size);
    b->size += size;
}

static inline void put_tag(struct bytes *b, const char *tag)
{
    put(b, tag, 4);
}

static inline void put_little(struct bytes *b, uint32_t value, unsigned size)
{
    for (unsigned i = 0; i < size; i++) {
        unsigned char byte = (unsigned char)(value >> (8 * i));
        put(b, &byte, 1);
    }
}

static inline void put_big(struct bytes *b, uint32_t value, unsigned size)
{
    for (unsigned i = size; i-- > 0;) {
        unsigned char byte = (unsigned char)(value >> (8 * i));
        put(b, &byte, 1);
    }
}

static inline void save(const char *path, const void *data, size_t size)
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

static inline void put_smpl(struct bytes *b, const struct smpl *smpl)
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
static inline void put_wav(struct bytes *b, uint32_t rate, const struct smpl *smpl, uint32_t frames,
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

static inline void save_wav(uint32_t rate, const struct smpl *smpl, uint32_t frames,
                            uint32_t claimed)
{
    struct bytes b = {.size = 0};
    put_wav(&b, rate, smpl, frames, claimed);
    save("a", b.data, b.size);
}

/* --- memory ------------------------------------------------------------------------------ */

#define IN_DIRECTORY(test) cmocka_unit_test_setup_teardown(test, enter_directory, leave_directory)

#endif
