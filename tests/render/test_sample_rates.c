/* test_sample_rates.c - samples mixed to one channel and brought to another rate. */
#include "tests/render/test_sample_kit.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
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
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
