/* test_osc_family.c - clocks, impulses, the super saw, FM and the waves of sfxr; tests of the
 * tables are in test_osc_tables.c, of the plain waves in tests/numeric/test_osc.c. */
#include "spectrum.h"

static struct spectrum spectrum;

static const char *text_of(const char *format, ...) __attribute__((format(printf, 1, 2)));
static const char *text_of(const char *format, ...)
{
    static char text[1 << 16];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    return text;
}

/* ---- clocks ---- */

/* Every n-th tick falls on the first frame not before n/freq: ceil(48000 n/freq), in exact
 * arithmetic as freq is `times`/`over` Hz. */
static void check_ticks(const char *freq, uint64_t times, uint64_t over, size_t frames)
{
    float *x = sound_of(text_of("(patch (output (osc.tick (freq %s))))", freq), frames);
    uint64_t n = 0;
    for (size_t i = 0; i < frames; i++) {
        uint64_t next = (n * 48000 * over + times - 1) / times;
        assert_true(x[i] == 0.0f || x[i] == 1.0f);
        if ((i == next) != (x[i] == 1.0f))
            fail_msg("%s Hz: frame %zu is %g; tick %zu is due at %zu", freq, i, (double)x[i],
                     (size_t)n, (size_t)next);
        n += i == next;
    }
    assert_true(n >= 2);
    free(x);
}

static void test_ticks(void **state)
{
    (void)state;
    check_ticks("2", 2, 1, 5000000);
    check_ticks("1", 1, 1, 100000);
    check_ticks("7", 7, 1, 1000000);
    check_ticks("0.375", 3, 8, 1000000);
    check_ticks("440", 440, 1, 300000);
    check_ticks("2.0625", 33, 16, 1000000);
    check_ticks("24000", 24000, 1, 1000);
    check_ticks("23999", 23999, 1, 100000);
}

static void test_tick_phase(void **state)
{
    static const struct {
        double phase;
        size_t first;
    } cases[] = {{0.25, 18000}, {-0.25, 6000}, {0.5, 12000}, {3.75, 6000}, {1.0, 0}};
    (void)state;
    for (size_t k = 0; k < COUNT(cases); k++) {
        float *x = sound_of(
            text_of("(patch (output (osc.tick (freq 2) (phase %g))))", cases[k].phase), 60000);
        for (size_t i = 0; i < 60000; i++)
            if ((x[i] != 0.0f) != (i % 24000 == cases[k].first))
                fail_msg("phase %g: frame %zu is %g", cases[k].phase, i, (double)x[i]);
        free(x);
    }
    /* A start between whole 48000ths of a turn: 479.52 of them are left, a hundredth a frame. */
    float *x = sound_of("(patch (output (osc.tick (freq 0.01) (phase 0.99001))))", 48100);
    double left = 48000.0 - (double)(0.99001f * 48000.0f);
    for (size_t i = 0; i < 48100; i++)
        assert_true((x[i] != 0.0f) == (i == (size_t)ceil(left / (double)0.01f)));
    free(x);
}

/* A rise begins again at the phase; a fall does nothing. */
static void test_tick_reset(void **state)
{
    static float x[3000];
    struct player p = play("(patch (params (r (unit gate) (default 0)))\n"
                           "  (output (osc.tick (freq 48) (phase 0.75) (reset r))))");
    (void)state;
    player_run(&p, 600, x);
    player_set(&p, "r", 1.0);
    player_run(&p, 300, x + 600);
    player_set(&p, "r", 0.0);
    player_run(&p, 600, x + 900);
    player_set(&p, "r", 1.0);
    player_run(&p, 1500, x + 1500);
    for (int n = 0; n < 3000; n++) /* a period is 1000 frames, of which a quarter is left */
        assert_true((x[n] != 0.0f) == (n == 250 || n == 850 || n == 1750 || n == 2750));
    player_close(&p);
}

/* Begun at a phase: what it would be later on, to the bit, as 750 Hz are 64 frames a turn. */
static void test_start_phase(void **state)
{
    static const char *const waves[] = {"osc.saw", "osc.pulse", "osc.triangle"};
    (void)state;
    for (size_t i = 0; i < COUNT(waves); i++)
        for (int k = -64; k < 128; k += 5) {
            float *x = sound_of(
                text_of("(patch (output (%s (freq 750) (phase %.9g))))", waves[i], k / 64.0), 500);
            float *y = sound_of(text_of("(patch (output (%s (freq 750))))", waves[i]), 700);
            assert_memory_equal(x, y + (k + 64) % 64, 500 * sizeof *x);
            free(x);
            free(y);
        }
}

static void test_tick_of_nothing(void **state)
{
    float *x = sound_of("(patch (output (osc.tick (freq 0))))", 50000);
    (void)state;
    assert_true(x[0] == 1.0f);
    for (size_t i = 1; i < 50000; i++)
        assert_true(x[i] == 0.0f);
    free(x);
}

static void check_oneshot(double freq)
{
    size_t end = (size_t)ceil(48000.0 / freq), frames = end + 100;
    float *x = sound_of(text_of("(patch (output (osc.oneshot (freq %.9g))))", freq), frames);
    for (size_t i = 0; i < end; i++) {
        assert_near((double)x[i], (double)i * freq / 48000.0, 1.2e-7, "a ramp");
        assert_true(x[i] < 1.0f);
    }
    for (size_t i = end; i < frames; i++)
        assert_true(x[i] == 1.0f);
    free(x);
}

static void test_oneshot(void **state)
{
    (void)state;
    check_oneshot(1.0);
    check_oneshot(0.5);
    check_oneshot(7.0);
    check_oneshot(440.0);
    check_oneshot(333.25);
    check_oneshot(24000.0);
    struct player p = play("(patch (params (gate (unit gate))) (def r (osc.oneshot (freq 480)))"
                           "(output (left r) (right r.done)))");
    float x[500], done[500];
    player_set(&p, "gate", 0.0);
    player_run_in(&p, 50, NULL, NULL, x, done);
    player_set(&p, "gate", 1.0);
    player_run_in(&p, 150, NULL, NULL, x + 50, done + 50);
    player_set(&p, "gate", 0.0);
    player_run_in(&p, 50, NULL, NULL, x + 200, done + 200);
    player_set(&p, "gate", 1.0);
    player_run_in(&p, 250, NULL, NULL, x + 250, done + 250);
    for (size_t i = 0; i < 500; i++) {
        size_t since = i < 50 ? 0 : i < 250 ? i - 50 : i - 250;
        double want = i < 50 ? 0.0 : fmin(1.0, (double)since / 100.0);
        assert_near((double)x[i], want, 1.2e-7, "a triggered ramp");
        assert_true(done[i] == (want == 1.0 ? 1.0f : 0.0f));
    }
    player_close(&p);
}

/* ---- impulses ---- */

/* All harmonics of 2 freq/sr, none else, no mean. The kernel's response: flat to 18 kHz. */
static void test_impulse_spectrum(void **state)
{
    static const double freqs[] = {20.37,   55.13,   110.37,  441.37, 1000.37, 2093.0,
                                   3135.96, 4186.01, 5587.65, 7040.0, 9956.06, 15017.3};
    (void)state;
    for (size_t k = 0; k < COUNT(freqs); k++) {
        float *x = sound_of(text_of("(patch (output (osc.impulse (freq %.9g))))", freqs[k]),
                            SPECTRUM_FRAMES);
        double f = floor((double)(float)freqs[k] * 4294967296.0 / SR) * SR / 4294967296.0;
        double level = 2.0 * f / SR, ripple = 0.0;
        spectrum_of(&spectrum, x);
        for (double h = 1.0; h * f < 18000.0; h = floor(h * 1.5) + 1.0)
            ripple = fmax(ripple, fabs(decibels(spectrum_line(x, h * f) / level)));
        double alias = decibels(spectrum_alias(&spectrum, f, 19700.0) / level);
        print_message("  %8.2f Hz: harmonics within %.4f dB, the rest under %.1f dB, mean %.1e\n",
                      freqs[k], ripple, alias, mean_of(x, SPECTRUM_FRAMES));
        assert_true(ripple < 0.01);
        assert_true(alias < -88.0);
        assert_true(fabs(mean_of(x, SPECTRUM_FRAMES)) < 3e-4 + 10.0 / SPECTRUM_FRAMES);
        free(x);
    }
}

/* Between impulses there is the mean and nothing else; one that falls on a frame is 1 there. */
static void test_impulse_alone(void **state)
{
    float *x = sound_of("(patch (output (osc.impulse (freq 375))))", 48000);
    float mean = -375.0f / 48000.0f;
    (void)state;
    for (size_t i = 0; i < 48000; i++)
        assert_near((double)x[i], (i % 128 == 0 ? 1.0 : 0.0) + (double)mean, 2e-6, "an impulse");
    for (size_t i = 20; i < 100; i++)
        assert_true(x[i] == mean);
    free(x);
}

/* ---- the super saw ---- */

static const double saw_offsets[7] = {-0.11002313, -0.06288439, -0.01952356, 0.0,
                                      0.01991221,  0.06216538,  0.10745242};

/* Szabo's polynomial, as published. */
static double szabo_spread(double x)
{
    static const double c[12] = {10028.7312891634,   -50818.8652045924, 111363.4808729368,
                                 -138150.6761080548, 106649.6679158292, -53046.9642751875,
                                 17019.9518580080,   -3425.0836591318,  404.2703938388,
                                 -24.1878824391,     0.6717417634,      0.0030115596};
    double y = 0.0;
    for (size_t i = 0; i < 12; i++)
        y = y * x + c[i];
    return y;
}

/* Fundamentals of seven saws at the published places, with the published levels. */
static void check_supersaw(double freq, double detune, double mix)
{
    struct player p =
        play_seeded(text_of("(patch (output (osc.supersaw (freq %.9g) (detune %.9g) (mix %.9g))))",
                            freq, detune, mix),
                    7, 7);
    float *x = calloc(SPECTRUM_FRAMES, sizeof *x);
    assert_non_null(x);
    player_run(&p, SPECTRUM_FRAMES, x);
    double worst = 0.0, total = 0.0;
    for (size_t k = 0; k < 7; k++) {
        double gain =
            k == 3 ? 0.99785 - 0.55366 * mix : 0.044372 + 1.2841 * mix - 0.73764 * mix * mix;
        double f = freq * (1.0 + saw_offsets[k] * szabo_spread(detune));
        double want = gain / 4.0 * 2.0 / (TAU / 2.0);
        worst = fmax(worst, fabs(decibels(spectrum_line(x, f) / want)));
        total += want;
    }
    print_message("  detune %.2f, mix %.2f: seven lines of %.3f within %.4f dB\n", detune, mix,
                  total, worst);
    assert_true(worst < 0.2); /* the saws' own ripple */
    player_close(&p);
    free(x);
}

static void test_supersaw(void **state)
{
    (void)state;
    check_supersaw(2000.0, 1.0, 1.0);
    check_supersaw(2000.0, 0.9, 0.5);
    check_supersaw(3000.0, 0.75, 0.3);
    check_supersaw(5000.0, 0.5, 0.6);
    check_supersaw(1500.0, 0.95, 0.0);
}

static void test_supersaw_sides(void **state)
{
    static const char text[] = "(patch (def s (osc.supersaw (freq 220) (spread 0.6)))"
                               "(output (left s.left) (right s.right)))";
    enum { FRAMES = 20000 };
    static float left[FRAMES], right[FRAMES], other[FRAMES];
    (void)state;
    struct player p = play_seeded(text, 1, 2);
    player_run_in(&p, FRAMES, NULL, NULL, left, right);
    player_close(&p);
    p = play_seeded("(patch (def s (osc.supersaw (freq 220) (spread 0.6))) (output s))", 1, 2);
    player_run(&p, FRAMES, other);
    player_close(&p);
    for (size_t i = 0; i < FRAMES; i++)
        assert_near(((double)left[i] + (double)right[i]) / 2, (double)other[i], 2e-7, "both sides");
    p = play_seeded(text, 1, 3);
    player_run_in(&p, FRAMES, NULL, NULL, other, NULL);
    player_close(&p);
    double apart = 0.0, seeds = 0.0;
    for (size_t i = 0; i < FRAMES; i++) {
        apart = fmax(apart, fabs((double)left[i] - (double)right[i]));
        seeds = fmax(seeds, fabs((double)left[i] - (double)other[i]));
    }
    assert_true(apart > 0.2);
    assert_true(seeds > 0.2);
    assert_true(peak_of(left, FRAMES) < 1.2);
    assert_near(decibels(rms_of(left, FRAMES) / rms_of(right, FRAMES)), 0.0, 1.5, "the balance");
}

/* ---- FM ---- */

/* J_n(2) and J_n(5): M. Abramowitz, I. Stegun, Handbook of Mathematical Functions, table 9.1, 9.2.
 */
static void test_fm_sidebands(void **state)
{
    static const double j2[] = {0.2238907791, 0.5767248078, 0.3528340286, 0.1289432495,
                                0.0339957198, 0.0070396298, 0.0012024290};
    static const double j5[] = {-0.1775967713, -0.3275791376, 0.0465651163, 0.3648312306,
                                0.3912323605,  0.2611405461,  0.1310487318, 0.0533764102};
    (void)state;
    for (int index = 2; index <= 5; index += 3) {
        const double *bessel = index == 2 ? j2 : j5;
        float *x = sound_of(
            text_of("(patch (output (osc.fm (freq 9000) (ratio 0.0712) (index %d))))", index),
            SPECTRUM_FRAMES);
        double worst = 0.0;
        for (int n = -6; n <= 6; n++) {
            double line = spectrum_line(x, 9000.0 + n * 9000.0 * 0.0712);
            worst = fmax(worst, fabs(line - fabs(bessel[abs(n)])));
        }
        print_message("  index %d: side bands within %.1e of Bessel's functions\n", index, worst);
        assert_true(worst < 2e-6);
        free(x);
    }
}

/* A sine that turns itself has the harmonics 2 J_n(n b)/(n b) (Tomisawa's patent); J_n from the
 * same tables. Two frames' mean and delay do not matter at 20 Hz. */
static void test_fm_feedback(void **state)
{
    static const double jn_of_n[] = {0.4400505857, 0.3528340286, 0.3090627223};
    (void)state;
    float *x = sound_of("(patch (def f (osc.fm (freq 20) (ratio 1) (feedback 1)))"
                        "(output f.modulator))",
                        SPECTRUM_FRAMES);
    for (int n = 1; n <= 3; n++)
        assert_near(spectrum_line(x, 20.0 * n), 2.0 * jn_of_n[n - 1] / n, 0.01, "a harmonic");
    free(x);
    /* y := g y[-1] flips from frame to frame where g < -1, g of the mean of two only where g < -2:
     * at 1.7 a turn jumps once, and else is smooth. */
    x = sound_of("(patch (def f (osc.fm (freq 50) (ratio 1) (feedback 1.7)))"
                 "(output f.modulator))",
                 48000);
    size_t rough = 0;
    for (size_t i = 2; i < 48000; i++)
        rough += fabs((double)x[i] - 2.0 * (double)x[i - 1] + (double)x[i - 2]) > 0.02;
    print_message("  feedback 1.7: %zu of 48000 frames are rough\n", rough);
    assert_true(rough < 1500);
    free(x);
}

/* ---- sfxr ---- */

/* 15 Hz: each of 32 values is 100 frames long, and each turn has others. 750 Hz: 2 frames. */
static void test_sfxr_noise(void **state)
{
    static float x[96000];
    double sum = 0.0, square = 0.0;
    (void)state;
    struct player p = play_seeded("(patch (output (osc.sfxr (freq 15) (wave noise))))", 5, 5);
    player_run(&p, 96000, x);
    player_close(&p);
    for (size_t i = 0; i < 96000; i++)
        if (i % 100 > 1 && i % 100 < 99)
            assert_true(x[i] == x[i - 1]);
    for (size_t v = 0; v < 960; v++) {
        double y = (double)x[v * 100 + 50];
        sum += y;
        square += y * y;
        if (v >= 32)
            assert_true(x[v * 100 + 50] != x[(v - 32) * 100 + 50]);
    }
    assert_near(sum / 960.0, 0.0, 5.0 * sqrt(1.0 / 3.0 / 960.0), "the values' mean");
    assert_near(square / 960.0, 1.0 / 3.0, 5.0 * sqrt(4.0 / 45.0 / 960.0), "their square");
    /* Where a frame spans n values whose mean it is, the power is 1/(3 n): n = 8 at 12 kHz. */
    p = play_seeded("(patch (output (osc.sfxr (freq 12000) (wave noise))))", 5, 5);
    player_run(&p, 96000, x);
    player_close(&p);
    assert_near(rms_of(x, 96000) / sqrt(1.0 / 24.0), 1.0, 0.02, "8 values a frame");
}

static void test_sfxr_square(void **state)
{
    (void)state;
    float *x = sound_of("(patch (output (osc.sfxr (freq 500) (duty 0.2))))", 48000);
    assert_near(mean_of(x, 48000), 0.0, 1e-5, "the mean of a square");
    /* Fourier: 2/pi sin(pi d) for a pulse of height 1. */
    assert_near(magnitude_at(x, 48000, 500.0) / 24000.0, 2.0 / (TAU / 2.0) * sin(TAU / 2.0 * 0.2),
                0.002, "its fundamental");
    free(x);
    /* From 0.5 to 0 in 1 s: a quarter after half of it, silence from then on. */
    x = sound_of("(patch (output (osc.sfxr (freq 480) (duty 0.5) (sweep -0.5))))", 60000);
    for (size_t i = 48010; i < 60000; i++)
        assert_near((double)x[i], 0.0, 1e-6, "the end of a sweep");
    for (int at = 1; at < 10; at++) {
        double duty = 0.5 - 0.05 * at;
        assert_near(magnitude_at(x + at * 4800 - 500, 1000, 480.0) / 500.0,
                    2.0 / (TAU / 2.0) * sin(TAU / 2.0 * duty), 0.003, "a sweep");
    }
    free(x);
}

static void test_sfxr_others(void **state)
{
    (void)state;
    float *x = sound_of("(patch (output (osc.sfxr (freq 100) (wave saw))))", 480);
    for (size_t i = 20; i < 460; i++)
        assert_near((double)x[i], 1.0 - 2.0 * (double)i / 480.0, 0.002, "a saw");
    free(x);
    x = sound_of("(patch (output (osc.sfxr (freq 100) (wave sine))))", 480);
    for (size_t i = 0; i < 480; i++)
        assert_near((double)x[i], sin(TAU * (double)i / 480.0), 2e-6, "a sine");
    free(x);
}

/* ---- the plain waves: what others get wrong ---- */

/* A sine rises from 0; negative frequencies run backwards; at half the rate the phase still moves
 * by half a turn, and beyond it is held there. */
static void test_plain(void **state)
{
    (void)state;
    float *x = sound_of("(patch (output (osc.sine (freq 100))))", 1000);
    float *y = sound_of("(patch (output (osc.sine (freq -100))))", 1000);
    assert_true(x[0] == 0.0f && x[1] > 0.0f);
    for (size_t i = 0; i < 1000; i++)
        assert_near((double)x[i] + (double)y[i], 0.0, 1e-7, "forth and back");
    free(x);
    free(y);
    x = sound_of("(patch (output (osc.phasor (freq -12000))))", 100);
    for (size_t i = 0; i < 100; i++)
        assert_near((double)x[i], (double)((4 - i % 4) % 4) * 0.25, 1e-7, "a falling phasor");
    free(x);
    x = sound_of("(patch (output (osc.phasor (freq 24000))))", 100);
    y = sound_of("(patch (def f (math.add 24000 (b (math.add 20000))))"
                 "(output (osc.phasor (freq f))))",
                 100);
    for (size_t i = 0; i < 100; i++) {
        double away = fabs((double)x[i] - (double)(i % 2) * 0.5);
        assert_true(fmin(away, 1.0 - away) < 1e-5);
        assert_true(x[i] == y[i]);
    }
    free(x);
    free(y);
}

/* ---- at higher rates ---- */

/* The same fundamental and third harmonic, at the same level, whatever the rate. */
static void test_oversampled(void **state)
{
    static const char *const nodes[] = {
        "osc.impulse (freq 1000)",
        "osc.supersaw (freq 1000) (detune 0.8)",
        "osc.fm (freq 1000) (ratio 2) (index 1.5) (feedback 0.5)",
        "osc.sfxr (freq 1000) (duty 0.3)",
        "osc.sfxr (freq 1000) (duty 0.5) (sweep -0.2)",
        "osc.wavetable (table 0 1 0.9 -0.5 0.3 0.2 -0.1 -0.9) (freq 1000)",
        "osc.sample (table 0 1 0.9 -0.5 0.3 0.2 -0.1 -0.9 -0.8 0.1 0.2 0.4) (rate 0.25) (loop on)"
        " (interpolation sinc)",
    };
    (void)state;
    for (size_t i = 0; i < COUNT(nodes); i++)
        for (int rate = 2; rate <= 8; rate *= 2) {
            float *x = sound_of(text_of("(patch (output (%s)))", nodes[i]), SPECTRUM_FRAMES);
            float *y = sound_of(text_of("(patch (output (%s (oversample %d))))", nodes[i], rate),
                                SPECTRUM_FRAMES);
            for (int k = 1; k <= 3; k += 2) {
                double one = spectrum_line(x, 1000.0 * k), many = spectrum_line(y, 1000.0 * k);
                if (!(fabs(decibels(many / one)) < 0.2)) /* the ripple of saws */
                    fail_msg("%s, harmonic %d: %g, %d times oversampled %g", nodes[i], k, one, rate,
                             many);
            }
            free(x);
            free(y);
        }
}

/* However far a sweep pushes, the duty stays at its end when it moves itself. */
static void test_sfxr_duty_ends(void **state)
{
    enum { N = 2400 };
    static float y[N];
    (void)state;
    struct player p = play("(patch (params (d (unit none) (range 0 0.5) (default 0)))"
                           "(output (osc.sfxr (freq 100) (duty d) (sweep 2))))");
    for (int i = 0; i < 40; i++)
        player_run(&p, N, y);
    player_set(&p, "d", 0.5);
    for (int i = 0; i < 4; i++) {
        player_run(&p, N, y); /* five periods of a square */
        assert_near(mean_of(y, N), 0, 1e-3, "the mean of a square of half duty");
        assert_near(rms_of(y, N), 0.5, 0.01, "its level");
    }
    player_close(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sfxr_duty_ends), cmocka_unit_test(test_ticks),
        cmocka_unit_test(test_tick_phase),     cmocka_unit_test(test_tick_of_nothing),
        cmocka_unit_test(test_oneshot),        cmocka_unit_test(test_impulse_spectrum),
        cmocka_unit_test(test_impulse_alone),  cmocka_unit_test(test_supersaw),
        cmocka_unit_test(test_supersaw_sides), cmocka_unit_test(test_fm_sidebands),
        cmocka_unit_test(test_fm_feedback),    cmocka_unit_test(test_sfxr_noise),
        cmocka_unit_test(test_sfxr_square),    cmocka_unit_test(test_sfxr_others),
        cmocka_unit_test(test_plain),          cmocka_unit_test(test_oversampled),
        cmocka_unit_test(test_tick_reset),     cmocka_unit_test(test_start_phase),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
