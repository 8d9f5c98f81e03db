/* test_osc_tables.c - drawn waves and samples against their Fourier series and ideal readings; the
 * whole family across lane widths, cuts and violent inputs. */
#include "spectrum.h"
#include <sndfile.h>

static struct spectrum spectrum;
static char text[1 << 20];

static size_t say(size_t at, const char *format, ...) __attribute__((format(printf, 2, 3)));
static size_t say(size_t at, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int n = vsnprintf(text + at, sizeof text - at, format, arguments);
    va_end(arguments);
    assert_true(at + (size_t)n < sizeof text);
    return at + (size_t)n;
}

/* A patch of one node whose first input is a table of x[]. */
static const char *with_table(const char *module, const double *x, size_t count, const char *rest)
{
    size_t at = say(0, "(patch (def n (%s (table", module);
    for (size_t i = 0; i < count; i++)
        at = say(at, " %.17g", x[i]);
    say(at, ") %s)) (output n))", rest);
    return text;
}

/* The frequency an oscillator really has: its phase moves by whole 2^-32 turns. */
static double true_freq(double freq)
{
    return floor((double)((float)freq * (4294967296.0f / 48000.0f))) * SR / 4294967296.0;
}

/* ---- wavetables ---- */

/* A saw of 1000 partials over the keyboard: each line up to 18 kHz is that of the series, nothing
 * is where no harmonic is, not even above 20 kHz. */
static void test_saw_of_partials(void **state)
{
    static const double freqs[] = {20.37,  27.5,    55.13,   110.37, 261.63,  441.37, 1000.37,
                                   2093.0, 3135.96, 4186.01, 7040.0, 9956.06, 15017.3};
    static double partials[1000];
    (void)state;
    for (size_t k = 0; k < 1000; k++)
        partials[k] = 1.0 / (double)(k + 1);
    for (size_t i = 0; i < COUNT(freqs); i++) {
        char rest[80];
        snprintf(rest, sizeof rest, "(as partials) (freq %.9g)", freqs[i]);
        float *x = sound_of(with_table("osc.wavetable", partials, 1000, rest), SPECTRUM_FRAMES);
        double f = true_freq(freqs[i]), off = 0.0;
        spectrum_of(&spectrum, x);
        for (double k = 1.0; k * f < 18000.0 && k <= 1000.0; k = floor(k * 1.4) + 1.0)
            off = fmax(off, fabs(decibels(spectrum_line(x, k * f) * k)));
        double alias = decibels(spectrum_alias(&spectrum, f, 23990.0));
        print_message("  %8.2f Hz: lines within %.4f dB, the rest under %.1f dB\n", freqs[i], off,
                      alias);
        assert_true(off < 0.003);
        assert_true(alias < -105.0);
        free(x);
    }
}

/* Equally loud partials are the hardest: every image is as strong as it can be. */
static void test_flat_partials(void **state)
{
    static const double freqs[] = {46.13, 110.37, 441.37, 1000.37, 3135.96, 7040.0};
    static double partials[512];
    (void)state;
    for (size_t k = 0; k < 512; k++)
        partials[k] = 0.05;
    for (size_t i = 0; i < COUNT(freqs); i++) {
        char rest[80];
        snprintf(rest, sizeof rest, "(as partials) (freq %.9g)", freqs[i]);
        float *x = sound_of(with_table("osc.wavetable", partials, 512, rest), SPECTRUM_FRAMES);
        spectrum_of(&spectrum, x);
        double alias = decibels(spectrum_alias(&spectrum, true_freq(freqs[i]), 23990.0) / 0.05);
        print_message("  %8.2f Hz: the rest under %.1f dB\n", freqs[i], alias);
        assert_true(alias < -90.0);
        free(x);
    }
}

/* What was drawn is heard: its values, where the phase is on them, of cycles of any length. A
 * ramp of the phase is off by 6e-8 turns, 4e-7 k of harmonic k. */
static void test_drawn_values(void **state)
{
    static const size_t lengths[] = {2, 3, 7, 64, 100, 600, 2000};
    static double drawn[2000];
    uint64_t chance = 3;
    (void)state;
    for (size_t i = 0; i < COUNT(lengths); i++) {
        size_t length = lengths[i], each = 96000 / length;
        for (size_t n = 0; n < length; n++)
            drawn[n] = kit_between(&chance, -0.5, 0.5);
        if (length == 2)
            drawn[1] = -drawn[0];
        char rest[80];
        snprintf(rest, sizeof rest, "(freq 0) (phase (osc.oneshot (freq %.17g)))",
                 48000.0 / (double)(length * each));
        float *x = sound_of(with_table("osc.wavetable", drawn, length, rest), length * each);
        for (size_t n = 0; n < length; n++)
            assert_near((double)x[n * each], drawn[n], 4e-4 * sqrt((double)length / 2000.0) + 3e-5,
                        "a drawn value");
        free(x);
    }
}

/* Partial 9 alone, of 200: a sine in every level from the first to the 9th part, with nothing of a
 * change of level to be heard: a sweep of 20 to 1990 Hz. */
static void test_wave_sweep(void **state)
{
    static double partials[200];
    enum { FRAMES = 96000 };
    float *turns = sound_of("(patch (output (osc.phasor (freq (math.add 20 (gain (osc.oneshot "
                            "(freq 0.5)) 1970))))))",
                            FRAMES);
    double worst = 0.0, step = 0.0;
    (void)state;
    partials[8] = 1.0;
    float *x = sound_of(with_table("osc.wavetable", partials, 200,
                                   "(as partials) (freq (math.add 20 (gain (osc.oneshot "
                                   "(freq 0.5)) 1970)))"),
                        FRAMES);
    double last = 0.0;
    for (size_t i = 0; i < FRAMES; i++) {
        double off = (double)x[i] - sin(TAU * 9.0 * (double)turns[i]);
        worst = fmax(worst, fabs(off));
        step = fmax(step, fabs(off - last));
        last = off;
    }
    print_message("  a sweep is within %.1e of its sine, its error moves by %.1e\n", worst, step);
    assert_true(worst < 1e-5 && step < 1e-5);
    free(turns);
    free(x);
}

/* The highest partial of 100 is there up to 24 kHz/1.001 less a twelfth of an octave, fades
 * straight over that twelfth, and then is gone. */
static void test_wave_fade(void **state)
{
    static double partials[100];
    static const double before[] = {-0.3, -0.25, -0.1875, -0.125, -0.0625, -0.001, 0.01, 0.5};
    (void)state;
    partials[99] = 1.0;
    for (size_t i = 0; i < COUNT(before); i++) {
        char rest[80];
        double freq = 240.0 / 1.001 * pow(2.0, before[i] / 3.0);
        snprintf(rest, sizeof rest, "(as partials) (freq %.9g)", freq);
        float *x = sound_of(with_table("osc.wavetable", partials, 100, rest), 4800);
        double want = fmin(1.0, fmax(0.0, -4.0 * before[i]));
        assert_near(rms_of(x, 4800) * sqrt(2.0), want, 2e-3, "the highest partial");
        free(x);
    }
}

/* Two cycles, a sine and its octave; between them a straight mix. A phase in turns. */
static void test_wave_position(void **state)
{
    static const double partials[] = {1.0, 0.0, 0.0, 0.0, 0.5, 0.0, 0.0, 0.0, 0.25};
    (void)state;
    for (int step = 0; step <= 8; step++) {
        char rest[120];
        double at = step / 8.0;
        snprintf(rest, sizeof rest,
                 "(as partials) (cycles 3) (freq 750) (phase 0.125) (position %g)", at);
        float *x = sound_of(with_table("osc.wavetable", partials, 9, rest), 640);
        double gains[3] = {fmax(0.0, 1.0 - 2.0 * at), 0.5 * (1.0 - fabs(2.0 * at - 1.0)),
                           0.25 * fmax(0.0, 2.0 * at - 1.0)};
        for (size_t i = 0; i < 640; i++) {
            double p = (double)i / 64.0 + 0.125, want = 0.0;
            for (int k = 0; k < 3; k++)
                want += gains[k] * sin(TAU * p * (k + 1));
            assert_near((double)x[i], want, 1e-5, "a position");
        }
        free(x);
    }
    /* At the top nothing is left, of the neighbour neither. */
    float *top =
        sound_of("(patch (output (osc.wavetable (table 0 0 0 1 1 1) (cycles 2) (freq 23999) "
                 "(as partials))))",
                 640);
    assert_true(peak_of(top, 640) < 1e-6);
    free(top);
    const char *rows = "(patch (output (osc.wavetable (table (1 0.25) (0 0) (0.5 -0.125)) "
                       "(as partials) (freq 750))))";
    float *x = sound_of(rows, 640);
    for (size_t i = 0; i < 640; i++) {
        double p = (double)i / 64.0;
        assert_near((double)x[i], cos(TAU * p) + 0.5 * sin(TAU * (3.0 * p - 0.125)), 1e-5,
                    "a partial's phase");
    }
    free(x);
}

/* ---- samples ---- */

enum { SAMPLE = 6000 };

static double tone[SAMPLE];

static void draw_tone(double hz)
{
    for (size_t n = 0; n < SAMPLE; n++)
        tone[n] = sin(TAU * hz / SR * (double)n);
}

/* dB: a tone at `hz`, read at `rate`, against the tone itself, away from the ends. */
static double reading_error(const char *how, double hz, double rate)
{
    char rest[120];
    size_t frames = (size_t)((SAMPLE - 600) / rate);
    double sum = 0.0, all = 0.0;
    draw_tone(hz);
    snprintf(rest, sizeof rest, "(rate %.9g) (interpolation %s)", rate, how);
    float *x = sound_of(with_table("osc.sample", tone, SAMPLE, rest), frames);
    for (size_t i = (size_t)(600.0 / rate); i < frames; i++) {
        double want = sin(TAU * hz / SR * rate * (double)i);
        sum += ((double)x[i] - want) * ((double)x[i] - want);
        all += want * want;
    }
    free(x);
    return 10.0 * log10(sum / all);
}

/* Straight lines are off by at most (tau f/sr)^2/8, cubics of this kind by 0.07 (tau f/sr)^3 and
 * less; the sinc by its ripple. */
static void test_sample_readings(void **state)
{
    static const double hz[] = {100.0, 441.0, 1000.0, 3000.0, 6000.0, 10000.0, 15000.0, 19000.0};
    static const double rates[] = {0.7317, 0.31, 0.9999};
    (void)state;
    print_message("  Hz: error of linear, cubic, sinc, dB under the tone\n");
    for (size_t k = 0; k < COUNT(hz); k++) {
        double linear = -200.0, cubic = -200.0, sinc = -200.0;
        for (size_t i = 0; i < COUNT(rates); i++) {
            linear = fmax(linear, reading_error("linear", hz[k], rates[i]));
            cubic = fmax(cubic, reading_error("cubic", hz[k], rates[i]));
            sinc = fmax(sinc, reading_error("sinc", hz[k], rates[i]));
        }
        print_message("  %7.0f: %6.1f %6.1f %6.1f\n", hz[k], linear, cubic, sinc);
        double w = TAU * hz[k] / SR;
        assert_true(linear < fmax(decibels(w * w / 8.0), -130.0));
        assert_true(cubic < fmax(decibels(0.07 * w * w * w), -125.0));
        assert_true(sinc < -90.0);
    }
}

/* Up in pitch, the sinc keeps what stays below 19.7 kHz and takes away what would fold. */
static void test_sample_up(void **state)
{
    static const struct {
        double hz, rate;
        int kept;
    } cases[] = {{9000.0, 2.0, 1},  {1000.0, 3.7, 1}, {4000.0, 4.5, 1},  {1200.0, 16.0, 1},
                 {15000.0, 2.0, 0}, {8000.0, 4.0, 0}, {22000.0, 1.4, 0}, {2000.0, 15.0, 0}};
    (void)state;
    for (size_t k = 0; k < COUNT(cases); k++) {
        double error = reading_error("sinc", cases[k].hz, cases[k].rate);
        char rest[120];
        snprintf(rest, sizeof rest, "(rate %.9g) (interpolation sinc)", cases[k].rate);
        size_t frames = (size_t)(SAMPLE / cases[k].rate);
        float *x = sound_of(with_table("osc.sample", tone, SAMPLE, rest), frames);
        double left = decibels(rms_of(x + frames / 4, frames / 2) * sqrt(2.0));
        print_message("  %5.0f Hz %g times: %.1f dB, off by %.1f dB\n", cases[k].hz, cases[k].rate,
                      left, error);
        assert_true(cases[k].kept ? error < -88.0 : left < -88.0);
        free(x);
    }
}

static void check_frames(const char *rest, const double *sound, size_t count, const double *want,
                         size_t frames, double tolerance)
{
    float *x = sound_of(with_table("osc.sample", sound, count, rest), frames);
    for (size_t i = 0; i < frames; i++)
        if (!(fabs((double)x[i] - want[i]) <= tolerance))
            fail_msg("%s: frame %zu is %.9g, not %.9g", rest, i, (double)x[i], want[i]);
    free(x);
}

/* At a rate of 1 every frame is the file's, and at -1 from behind; loops repeat what they should.
 */
static void test_sample_frames(void **state)
{
    static const double s[] = {0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8};
    static const double once[] = {0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.0, 0.0};
    static const double back[] = {0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1, 0.0, 0.0};
    static const double part[] = {0.3, 0.4, 0.5, 0.6, 0.0, 0.0, 0.0};
    static const double part_back[] = {0.6, 0.5, 0.4, 0.3, 0.0, 0.0, 0.0};
    static const double around[] = {0.1, 0.2, 0.3, 0.4, 0.5, 0.3, 0.4, 0.5, 0.3, 0.4, 0.5, 0.3};
    static const double there[] = {0.1, 0.2, 0.3, 0.4, 0.5, 0.4, 0.3, 0.4, 0.5, 0.4, 0.3, 0.4};
    static const double one[] = {0.1, 0.2, 0.3, 0.3, 0.3, 0.3, 0.3, 0.3};
    static const double halves[] = {0.1, 0.15, 0.2,  0.25, 0.3,  0.35, 0.4, 0.45, 0.5,
                                    0.4, 0.3,  0.35, 0.4,  0.45, 0.5,  0.4, 0.3,  0.35};
    static const double double_around[] = {0.1, 0.3, 0.5, 0.4, 0.3, 0.5, 0.4, 0.3, 0.5, 0.4};
    (void)state;
    check_frames("", s, 8, once, 10, 1e-7);
    check_frames("(interpolation linear)", s, 8, once, 10, 1e-7);
    check_frames("(interpolation sinc)", s, 8, once, 10, 3e-7);
    check_frames("(rate -1)", s, 8, back, 10, 1e-7);
    check_frames("(rate -1) (interpolation sinc)", s, 8, back, 10, 3e-7);
    /* 2 and 6 frames are 41.67 and 125 us. */
    check_frames("(begin 0.0000416667) (end 0.000125)", s, 8, part, 7, 1e-7);
    check_frames("(begin 0.0000416667) (end 0.000125) (rate -1)", s, 8, part_back, 7, 1e-7);
    static const char loop[] = "(loop_start 0.0000416667) (loop_end 0.000104167)";
    char rest[200];
    snprintf(rest, sizeof rest, "(loop on) %s", loop);
    check_frames(rest, s, 8, around, 12, 1e-7);
    snprintf(rest, sizeof rest, "(loop pingpong) (interpolation linear) %s", loop);
    check_frames(rest, s, 8, there, 12, 1e-7);
    snprintf(rest, sizeof rest, "(loop on) (rate 0.5) (interpolation linear) %s", loop);
    check_frames(rest, s, 8, halves, 18, 1e-7);
    snprintf(rest, sizeof rest, "(loop on) (rate 2) %s", loop);
    check_frames(rest, s, 8, double_around, 10, 1e-7);
    check_frames("(loop pingpong) (loop_start 0.0000416667) (loop_end 0.0000625)", s, 8, one, 8,
                 1e-7);
    /* What begins behind a loop's end begins within it, as far as the loop had gone on. */
    static const double sixth[] = {0.4, 0.5, 0.3, 0.4, 0.5, 0.3, 0.4};
    static const double eighth[] = {0.3, 0.4, 0.5, 0.3, 0.4, 0.5, 0.3};
    snprintf(rest, sizeof rest, "(loop on) %s (begin 0.000125)", loop);
    check_frames(rest, s, 8, sixth, 7, 1e-7);
    snprintf(rest, sizeof rest, "(loop on) %s (begin 1)", loop);
    check_frames(rest, s, 8, eighth, 7, 1e-7);
}

/* Slow and backwards goes as far as slow and forwards, however slow: a ramp tells the place. */
static void test_sample_slowly(void **state)
{
    static const double rates[] = {1e-8, 1e-6, 1e-4, 1e-2, 0.5};
    (void)state;
    for (size_t i = 0; i < COUNT(rates); i++) {
        float y[2000];
        struct player p =
            play("(patch (params (r (unit none) (range -1 1) (default 1)))"
                 "(def k (osc.sample (table 0 0.125 0.25 0.375 0.5 0.625 0.75 0.875 1)"
                 "(rate r) (interpolation linear))) (output k))");
        player_run(&p, 4, y); /* at 0.5 in the next frame */
        player_set(&p, "r", rates[i]);
        player_run(&p, 6, y);
        player_set(&p, "r", -rates[i]);
        player_run(&p, 6, y + 6);
        assert_near((double)y[5] - (double)y[0], 5 * 0.125 * rates[i], 2e-6, "forwards");
        assert_near((double)y[6] - (double)y[11], 5 * 0.125 * rates[i], 2e-6, "backwards");
        player_close(&p);
    }
}

/* A loop of whole periods is a tone without an end, whatever the rate and the length. */
static void test_sample_loop(void **state)
{
    static const char *const how[] = {"on", "pingpong"};
    (void)state;
    for (size_t k = 0; k < 2; k++) {
        char rest[200];
        double worst = 0.0;
        enum { FRAMES = 40000 };
        /* Cosines are symmetric about frames 0 and 480; 10 periods of 48 frames. */
        for (size_t n = 0; n < SAMPLE; n++)
            tone[n] = cos(TAU / 48.0 * (double)n);
        snprintf(rest, sizeof rest,
                 "(loop %s) (rate 0.77) (interpolation sinc) (loop_start 0.05) (loop_end %.9g)",
                 how[k], k ? 0.06 + 1.0 / SR : 0.06);
        float *x = sound_of(with_table("osc.sample", tone, SAMPLE, rest), FRAMES);
        for (size_t i = 100; i < FRAMES; i++)
            worst = fmax(worst, fabs((double)x[i] - cos(TAU / 48.0 * 0.77 * (double)i)));
        print_message("  loop %s: off by %.1f dB\n", how[k], decibels(worst));
        assert_true(worst < 1e-4);
        free(x);
    }
}

/* The end is exact for hours: 32.32 bits. The trigger starts again. */
static void test_sample_end(void **state)
{
    (void)state;
    size_t at = say(0, "(patch (params (gate (unit gate))) (def n (osc.sample (table");
    for (size_t n = 0; n < 1000; n++)
        at = say(at, " 0.5");
    say(at, ") (rate 0.0078125))) (output (left n) (right n.done)))");
    struct player p = play(text);
    static float x[200000], done[200000];
    player_run_in(&p, 128010, NULL, NULL, x, done);
    for (size_t i = 0; i < 128010; i++)
        assert_true(done[i] == (i < 128000 ? 0.0f : 1.0f));
    player_set(&p, "gate", 0.0);
    player_run_in(&p, 10, NULL, NULL, x, done);
    assert_true(done[9] == 1.0f && x[9] == 0.0f);
    player_set(&p, "gate", 1.0);
    player_run_in(&p, 10, NULL, NULL, x, done);
    assert_true(done[0] == 0.0f && x[0] == 0.5f);
    player_close(&p);
    /* 44.1 kHz at 48 kHz: 147 frames last 160, however many there are. */
    for (size_t n = 0; n < SAMPLE; n++)
        tone[n] = 0.5;
    const char *sound = with_table("osc.sample", tone, 147 * 40, "(rate 0.91875)");
    float *played = sound_of(sound, 160 * 40 + 10);
    for (size_t i = 10; i < 160 * 40 + 10; i++)
        assert_true((played[i] != 0.0f) == (i < 160 * 40));
    free(played);
    sound = with_table("osc.sample", tone, 147 * 40, "(rate -0.91875)");
    played = sound_of(sound, 160 * 40 + 10);
    for (size_t i = 10; i < 160 * 40 - 10; i++)
        assert_true(played[i] != 0.0f);
    assert_true(played[160 * 40] == 0.0f);
    free(played);
}

/* A file's own rate is taken: 2940 frames at 44.1 kHz last 3200, of a rate that may change too. */
static void test_sample_of_file(void **state)
{
    static const char *const rates[] = {"1", "r", "(math.sub 0 (b r))"};
    static float frames[2940];
    char folder[] = "/tmp/osc-sample-XXXXXX", path[64];
    SF_INFO info = {.samplerate = 44100, .channels = 1};
    (void)state;
    info.format = SF_FORMAT_WAV | SF_FORMAT_FLOAT;
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/a.wav", folder);
    SNDFILE *file = sf_open(path, SFM_WRITE, &info);
    assert_non_null(file);
    for (size_t n = 0; n < 2940; n++)
        frames[n] = 0.5f;
    assert_int_equal(sf_writef_float(file, frames, 2940), 2940);
    sf_close(file);
    for (size_t k = 0; k < COUNT(rates); k++) {
        say(0,
            "(patch (params (r (range 0 2) (default 1)))"
            "(output (osc.sample (sample \"%s\") (rate %s))))",
            path, rates[k]);
        float *x = sound_of(text, 3300);
        assert_true(x[3190] != 0.0f && x[3200] == 0.0f);
        assert_true(k == 2 || x[3199] != 0.0f); /* from frame 2939 down it is 3199 */
        free(x);
    }
    remove(path);
    remove(folder);
}

/* ---- the whole family ---- */

/* Patches whose params reach where it hurts: each lane of a group has other values. */
static const char *const patches[] = {
    "(output (logic.select (osc.tick (freq freq) (phase amount)) freq amount))",
    "(def o (osc.oneshot (freq freq) (gate (osc.pulse (freq slow) (width 0.3)))))"
    "(output (left o) (right o.done))",
    "(output (osc.impulse (freq (math.add freq (gain (osc.sine (freq 311)) wild)))))",
    "(def s (osc.supersaw (freq (math.add freq (gain (noise.white) wild))) (detune amount)"
    " (mix amount) (spread amount))) (output (left s.left) (right s.right))",
    "(def f (osc.fm (freq freq) (ratio slow) (index (gain (noise.white) wild)) (feedback slow)"
    " (phase amount))) (output (left f) (right f.modulator))",
    "(output (osc.sfxr (freq freq) (duty amount) (sweep (gain (osc.sine (freq slow)) wild))))",
    "(output (osc.sfxr (wave noise) (freq (math.add freq (gain (noise.white) wild)))))",
    "(output (osc.wavetable (table 0.3 1 -1 0.2 0.9 -0.3 0.1) (phase amount)"
    " (freq (math.add freq (gain (noise.white) wild)))))",
    "(output (osc.wavetable (table 0.3 1 -1 0.2 0.9 -0.3 0.1 0.8) (cycles 2) (position amount)"
    " (freq (math.add freq (gain (osc.sine (freq 13)) wild)))))",
    "(def n (osc.sample (table 0.3 1 -1 0.2 0.9 -0.3 0.1 0.8 -0.7 0.4 0.6 -1 1 0 0 0.3)"
    " (rate (math.add amount (gain (noise.white) slow))) (loop on) (loop_start 0.0001)"
    " (gate (osc.pulse (freq slow) (width 0.3))) (interpolation sinc)))"
    "(output (left n) (right n.done))",
    "(def n (osc.sample (table 0.3 1 -1 0.2 0.9 -0.3 0.1 0.8 -0.7 0.4 0.6 -1 1 0 0 0.3)"
    " (rate (gain (osc.sine (freq slow)) slow)) (loop pingpong)"
    " (gate (osc.pulse (freq freq) (width 0.3)))))"
    "(output (left n) (right n.done))",
    "(def n (osc.sample (table 0.3 1 -1 0.2 0.9 -0.3 0.1 0.8 -0.7 0.4 0.6 -1 1 0 0 0.3)"
    " (rate (gain (noise.white) slow)) (begin (gain amount 0.001)) (end (gain slow 0.001))"
    " (gate (osc.pulse (freq freq) (width 0.3))) (interpolation linear)))"
    "(output (left n) (right n.done))",
};

enum { GROUP_FRAMES = 3000 };

/* Lane `lane` of a group, cut by chance; out[2][GROUP_FRAMES] interleaved by lane. */
static void run_group(const struct rp_program *program, unsigned lanes, uint64_t chance,
                      unsigned first, float *left, float *right)
{
    static const float freqs[] = {440.0f, 0.0f,     24000.0f, -24000.0f, 5000.0f, 0.001f,
                                  60.0f,  11000.0f, -200.0f,  17.0f,     2500.0f};
    static const float wilds[] = {0.0f, 10.0f, 100000.0f, 300.0f};
    static const float slows[] = {0.5f, 7.0f, 60.0f, 1000.0f, 2.3f};
    static const char *const names[] = {"freq", "wild", "slow", "amount"};
    struct rp_error error;
    size_t size = rp_group_bytes(program, lanes);
    void *memory = kit_aligned(size);
    struct rp_group *g = rp_instantiate(program, lanes, RP_ISA_BEST, memory, size, &error);
    assert_non_null(g);
    for (unsigned lane = 0; lane < lanes; lane++) {
        unsigned v = first + lane;
        float values[4] = {freqs[v % COUNT(freqs)], wilds[v % COUNT(wilds)],
                           slows[v % COUNT(slows)], (float)(v % 7) / 6.0f};
        rp_voice_start(g, lane, 1000, v);
        for (unsigned k = 0; k < 4; k++)
            rp_param_set(g, lane, (unsigned)rp_param_find(program, names[k]), values[k]);
    }
    for (size_t done = 0; done < GROUP_FRAMES;) {
        size_t n = 1 + kit_random(&chance) % 200;
        n = n < GROUP_FRAMES - done ? n : GROUP_FRAMES - done;
        float *out[2] = {left + done * lanes, right + done * lanes};
        if (rp_process(g, n, NULL, out, &error) != RP_OK)
            fail_msg("lane %u, frame %llu: %s", error.lane, (unsigned long long)error.offset,
                     error.reason);
        done += n;
    }
    free(memory);
}

static void check_widths(const char *patch)
{
    static float group[2][GROUP_FRAMES * 16], alone[2][GROUP_FRAMES];
    static const unsigned widths[] = {4, 8, 16};
    say(0,
        "(patch (params (freq (unit hz) (range -24000 24000)) (wild (range 0 100000))"
        " (slow (range 0 1000)) (amount (range 0 1))) %s)",
        patch);
    struct player p = play(text); /* for its program */
    for (size_t w = 0; w < COUNT(widths); w++) {
        run_group(p.program, widths[w], w + 1, 0, group[0], group[1]);
        for (unsigned lane = 0; lane < widths[w]; lane++) {
            run_group(p.program, 1, 77 + lane, lane, alone[0], alone[1]);
            for (unsigned c = 0; c < p.channels; c++)
                for (size_t i = 0; i < GROUP_FRAMES; i++)
                    if (memcmp(&group[c][i * widths[w] + lane], &alone[c][i], sizeof(float)))
                        fail_msg("%s\nlane %u of %u, frame %zu: %.9g, alone %.9g", patch, lane,
                                 widths[w], i, (double)group[c][i * widths[w] + lane],
                                 (double)alone[c][i]);
        }
    }
    player_close(&p);
}

static void test_widths(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(patches); i++)
        check_widths(patches[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sample_slowly),  cmocka_unit_test(test_saw_of_partials),
        cmocka_unit_test(test_flat_partials),  cmocka_unit_test(test_drawn_values),
        cmocka_unit_test(test_wave_sweep),     cmocka_unit_test(test_wave_position),
        cmocka_unit_test(test_wave_fade),      cmocka_unit_test(test_sample_readings),
        cmocka_unit_test(test_sample_up),      cmocka_unit_test(test_sample_frames),
        cmocka_unit_test(test_sample_loop),    cmocka_unit_test(test_sample_end),
        cmocka_unit_test(test_sample_of_file), cmocka_unit_test(test_widths),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
