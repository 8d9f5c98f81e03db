/* test_sample.c - sound files as samples: every format and the rounding. */
#include "tests/render/test_sample_kit.h"

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
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
