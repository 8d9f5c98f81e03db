/* test_physical.c - strings: pitch in cents, decay in seconds, position, brightness; modes against
 * their formula. */
#include "kit.h"
#include <complex.h>

enum { SECOND = 48000 };

/* ---- strings ---- */

/* The amplitude at hz around frame `at`, Hann window of `frames`; its phase is that of frame `at`
 * as its middle. */
static double complex partial(const float *x, size_t at, size_t frames, double hz)
{
    double complex sum = 0.0;
    for (size_t n = 0; n < frames; n++) {
        double a = TAU * hz / SR * ((double)n - (double)frames / 2.0);
        sum += (double)x[at - frames / 2 + n] *
               (0.5 - 0.5 * cos(TAU * (double)n / (double)frames)) * cexp(-I * a);
    }
    return sum / ((double)frames / 4.0);
}

/* What a partial near hz really is, from its phase at two places; its T60 from its levels there. */
static double measured(const float *x, double hz, double *t60)
{
    enum { WINDOW = 24000, FIRST = 24000, APART = 6000, LATER = 48000 };
    double complex a = partial(x, FIRST, WINDOW, hz), b = partial(x, FIRST + APART, WINDOW, hz);
    double expected = TAU * hz * APART / SR;
    double off = carg(b / a * cexp(-I * expected));
    double complex c = partial(x, FIRST + LATER, WINDOW, hz);
    *t60 = 3.0 * (LATER / SR) / log10(cabs(a) / cabs(c));
    return hz + off / TAU * SR / APART;
}

static const double pitches[] = {27.5,  41.2,   82.41,  110.0,  196.0,   440.0,  554.37,
                                 880.0, 987.77, 1318.5, 2093.0, 2637.02, 3520.0, 4186.01};

static void test_pitch_and_decay(void **state)
{
    static const double brightness[] = {0.0, 0.3, 0.8, 1.0}, decays[] = {1.5, 4.0, 20.0};
    double cents = 0.0, decay = 0.0, peak = 0.0;
    (void)state;
    for (unsigned i = 0; i < COUNT(pitches); i++)
        for (unsigned k = 0; k < COUNT(brightness); k++) {
            char text[300];
            double t60, asked = decays[(i + k) % COUNT(decays)];
            snprintf(text, sizeof text,
                     "(patch (output (string.pluck (freq %.9g) (decay %g) (brightness %g))))",
                     pitches[i], asked, brightness[k]);
            float *x = sound_of(text, 2 * SECOND);
            double hz = measured(x, pitches[i], &t60);
            cents = fmax(cents, fabs(1200.0 * log2(hz / pitches[i])));
            decay = fmax(decay, fabs(t60 / asked - 1.0));
            peak = fmax(peak, peak_of(x, 2 * SECOND));
            assert_near(mean_of(x, 2 * SECOND), 0.0, 1e-4, "no DC");
            free(x);
        }
    print_message("string: 27.5 to 4186 Hz within %.3f cents, T60 within %.2f %%, peak %.2f\n",
                  cents, decay * 100.0, peak);
    assert_true(peak < 1.2);
    assert_true(cents < 0.1);
    assert_true(decay < 0.01);
}

/* Where the all-pass's group delay is far from its phase delay. */
static void test_high_decay(void **state)
{
    static const double high[] = {5000.0, 7000.0, 9000.0, 10000.0, 10700.0, 11000.0, 12000.0};
    double decay = 0.0;
    (void)state;
    for (unsigned i = 0; i < COUNT(high); i++) {
        char text[200];
        double t60;
        snprintf(text, sizeof text,
                 "(patch (output (string.pluck (freq %.9g) (decay 1.5) (brightness 1))))", high[i]);
        float *x = sound_of(text, 2 * SECOND);
        measured(x, high[i], &t60);
        decay = fmax(decay, fabs(t60 / 1.5 - 1.0));
        free(x);
    }
    print_message("string: 5 to 12 kHz, T60 within %.2f %%\n", decay * 100.0);
    assert_true(decay < 0.01);
}

/* The filter's gain a period: 1 - 4h sin^2(w/2) at each harmonic, beside the fundamental's. */
static void test_brightness(void **state)
{
    (void)state;
    float *x = sound_of("(patch (output (string.pluck (freq 200) (decay 3s) (brightness 0.6))))",
                        3 * SECOND);
    double loss = pow(10.0, -3.0 / (200.0 * 3.0));
    for (int k = 2; k < 10; k++) {
        double t60, hz = 200.0 * k, h = 0.1;
        double one = 1.0 - 4.0 * h * pow(sin(TAU * 200.0 / SR / 2.0), 2.0);
        double mine = 1.0 - 4.0 * h * pow(sin(TAU * hz / SR / 2.0), 2.0);
        double wanted = -3.0 / (200.0 * log10(loss * mine / one));
        measured(x, hz, &t60);
        assert_near(t60, wanted, 0.03 * wanted, "a harmonic's T60");
    }
    free(x);
}

/* Plucked at a quarter, it has no fourth harmonic, no eighth. */
static void test_position(void **state)
{
    (void)state;
    float *x = sound_of(
        "(patch (output (string.pluck (freq 100) (position 0.25) (brightness 1) (decay 20s))))",
        2 * SECOND);
    double levels[9];
    for (int k = 1; k < 9; k++)
        levels[k] = cabs(partial(x, 24000, 24000, 100.0 * k));
    assert_true(levels[4] < 0.005 * levels[3] && levels[4] < 0.005 * levels[5]);
    assert_true(levels[8] < 0.005 * levels[7] && levels[8] < 0.005 * levels[6]);
    free(x);
}

/* Each pluck is another, those of one voice the same every time; without a gate none. */
static void test_plucks(void **state)
{
    (void)state;
    static const char text[] =
        "(patch (params (hit (unit gate) (default 0))) (output (string.pluck "
        "(freq 300) (gate hit) (decay 0.2s))))";
    float a[4800], b[4800], c[4800];
    struct player p = play(text);
    player_run(&p, 4800, a);
    assert_true(peak_of(a, 4800) == 0.0);
    player_set(&p, "hit", 1.0);
    player_run(&p, 4800, a);
    player_set(&p, "hit", 0.0);
    float *rest = calloc(SECOND, sizeof *rest);
    player_run(&p, SECOND, rest);
    player_set(&p, "hit", 1.0);
    player_run(&p, 4800, b);
    player_close(&p);
    free(rest);
    assert_true(rms_of(a, 4800) > 0.03 && rms_of(b, 4800) > 0.03);
    assert_memory_not_equal(a, b, sizeof a);
    p = play(text);
    player_set(&p, "hit", 1.0);
    player_run(&p, 4800, c);
    player_close(&p);
    assert_memory_equal(a, c, sizeof a);
}

/* An impulse comes by after a period less than a frame off, at what a period leaves of it. */
static void test_driven(void **state)
{
    (void)state;
    float *h =
        impulse_of("(patch (output (string.pluck (in (input.mono)) (freq 480) (brightness 1) "
                   "(decay 1s))))",
                   1000);
    assert_true(h[0] == 1.0f);
    for (size_t n = 1; n < 99; n++)
        assert_near((double)h[n], 0.0, 1e-6, "nothing before a period");
    assert_near((double)h[100], pow(10.0, -3.0 / 480.0), 1e-5, "after a period");
    free(h);
}

/* ---- modes ---- */

static void test_modes(void **state)
{
    static const double rows[][3] = {{1.0, 2.0, 0.5},
                                     {2.756, 0.3, 0.25},
                                     {5.404, 0.05, -1.0},
                                     {0.02, 10.0, 1.0},
                                     {36.0, 1.0, 0.5}};
    enum { FRAMES = 2 * SECOND };
    (void)state;
    double worst = 0.0;
    float *h =
        impulse_of("(patch (output (modal.bank (in (input.mono)) (freq 500) (decay 1.5) (modes "
                   "(table (1 2s 0.5) (2.756 300ms 0.25) (5.404 50ms -1) (0.02 10s 1) (36 1s "
                   "0.5) (41 1s 5))))))",
                   FRAMES);
    for (size_t n = 0; n < FRAMES; n++) {
        double sum = 0.0, t = (double)n / SR;
        for (unsigned i = 0; i < COUNT(rows); i++)
            sum += rows[i][2] * pow(10.0, -3.0 * t / (1.5 * rows[i][1])) *
                   sin(TAU * 500.0 * rows[i][0] * t);
        worst = fmax(worst, fabs((double)h[n] - sum));
    }
    print_message("modes: within %.2g of the sum of decaying sines over 2 s\n", worst);
    assert_true(worst < 3e-3);
    free(h);
}

/* The T60 of long modes, and their pitch. */
static void test_long_modes(void **state)
{
    static const double freqs[] = {30.0, 220.0, 1000.0, 6000.0, 15000.0};
    double cents = 0.0, decay = 0.0;
    (void)state;
    for (unsigned i = 0; i < COUNT(freqs); i++) {
        char text[200];
        double t60;
        snprintf(text, sizeof text,
                 "(patch (output (modal.bank (freq %g) (contact 0) (modes (table (1 30s 1))))))",
                 freqs[i]);
        float *x = sound_of(text, 2 * SECOND);
        double hz = measured(x, freqs[i], &t60);
        cents = fmax(cents, fabs(1200.0 * log2(hz / freqs[i])));
        decay = fmax(decay, fabs(t60 / 30.0 - 1.0));
        free(x);
    }
    print_message("modes: within %.4f cents, a T60 of 30 s within %.2f %%\n", cents, decay * 100.0);
    assert_true(cents < 0.01);
    assert_true(decay < 0.01);
}

/* A strike is a raised cosine of sum 1: what it makes is a mode's response to that. */
static void test_strike(void **state)
{
    enum { FRAMES = 2000, WIDTH = 48 };
    (void)state;
    double worst = 0.0;
    float *x = sound_of("(patch (output (modal.bank (freq 500) (contact 1ms) (modes (table (1 1s "
                        "1))))))",
                        FRAMES);
    for (int n = 0; n < FRAMES; n++) {
        double sum = 0.0;
        for (int k = 0; k < WIDTH && k <= n; k++) {
            double t = (double)(n - k) / SR;
            sum += (1.0 - cos(TAU * (k + 1.0) / (WIDTH + 1.0))) / (WIDTH + 1.0) *
                   pow(10.0, -3.0 * t) * sin(TAU * 500.0 * t);
        }
        worst = fmax(worst, fabs((double)x[n] - sum));
    }
    print_message("a strike: within %.2g\n", worst);
    assert_true(worst < 2e-5);
    free(x);
}

/* ---- anything ---- */

/* Inputs that leap all over their ranges: nothing becomes infinite, and the end is silence. */
static void test_robust(void **state)
{
    static const char *const patches[] = {
        "(patch (def n (noise.hold (freq 20000))) (def e (env.decay (time 1s))) (output "
        "(string.pluck "
        "(in (gain (noise.white) e)) (freq (mix 6000 (gain n 7000))) (decay (mix 10 (gain "
        "(noise.white) 12))) (brightness (noise.white)) (position (noise.white)) (gate (osc.pulse "
        "(freq 50))))))",
        "(patch (def n (noise.hold (freq 20000))) (def e (env.decay (time 1s))) (output "
        "(modal.bank "
        "(in (gain (noise.white) e)) (freq (mix 9000 (gain n 12000))) (decay (mix 60 (gain "
        "(noise.white) 70))) (gate e))))",
    };
    (void)state;
    for (unsigned i = 0; i < COUNT(patches); i++) {
        float *x = sound_of(patches[i], 4 * SECOND);
        double peak = peak_of(x, 4 * SECOND);
        print_message("leaping inputs: peak %.3g\n", peak);
        assert_true(peak < 1000.0);
        free(x);
    }
}

/* A string sounds wherever it is plucked, and stays in bounds however its pitch is shaken. */
static void test_pluck_ends(void **state)
{
    static const char *const plucks[] = {"(freq 12000)", "(freq 1000) (position 0.01)",
                                         "(freq 2000) (position 0.02)"};
    enum { SECONDS = 14, N = 48000 };
    static float y[N];
    (void)state;
    for (size_t i = 0; i < COUNT(plucks); i++) {
        char text[128];
        snprintf(text, sizeof text, "(patch (output (string.pluck %s)))", plucks[i]);
        float *x = sound_of(text, 4800);
        assert_true(peak_of(x, 4800) > 0.01);
        free(x);
    }
    struct player p = play("(patch (output (string.pluck (freq (math.map (osc.sine (freq 300))"
                           "(tolow 50) (tohigh 2000))) (decay 1000) (brightness 1))))");
    for (int s = 0; s < SECONDS; s++) {
        player_run(&p, N, y);
        assert_true(peak_of(y, N) <= 1048576.0);
    }
    player_close(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pluck_ends), cmocka_unit_test(test_pitch_and_decay),
        cmocka_unit_test(test_high_decay), cmocka_unit_test(test_brightness),
        cmocka_unit_test(test_position),   cmocka_unit_test(test_plucks),
        cmocka_unit_test(test_driven),     cmocka_unit_test(test_modes),
        cmocka_unit_test(test_long_modes), cmocka_unit_test(test_strike),
        cmocka_unit_test(test_robust),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
