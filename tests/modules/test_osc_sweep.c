/* test_osc_sweep.c - the band-limited oscillators while their frequency moves.
 *
 * With the frequency of a frame taken for its neighbours', the band-limited edges sum (Poisson) to
 * the Fourier series at the frame's phase, harmonic k through the kernel's response at k times the
 * frame's frequency, and what the kernel's stop-band leaves of those above 28 kHz: the same for any
 * frequency, however it moves. The series is summed here in double along the same phases; the
 * response is read off a held saw. */
#include "spectrum.h"

enum { PART = 1024, LINES = 256 };
#define TOP   28000.0 /* Hz: the stop-band begins */
#define HEARD 19600.0 /* Hz: the window's lobe lower than 20 kHz, where the images of TOP lie */

/* ---- the kernel's response ---- */

static double response[LINES]; /* at multiples of line_hz */
static double line_hz;

/* As the oscillators round it: 2^-32 turns a frame, toward zero. */
static uint32_t increment_of(float freq)
{
    return (uint32_t)(int32_t)(freq * (4294967296.0f / 48000.0f));
}

/* Images lie half-way between the harmonics. */
static int measure_response(void **state)
{
    static const char text[] = "(patch (output (osc.saw (freq 111.49825784))))"; /* 48000/430.5 */
    (void)state;
    float *x = sound_of(text, SPECTRUM_FRAMES);
    line_hz = (double)increment_of(111.49825784f) * (SR / 4294967296.0);
    response[0] = 1.0;
    for (size_t k = 1; k < LINES; k++) {
        double hz = line_hz * (double)k, heard = hz < SR / 2.0 ? hz : SR - hz;
        response[k] = spectrum_line(x, heard) * (TAU / 4.0) * (double)k;
    }
    free(x);
    return 0;
}

/* A cubic through four lines. */
static double response_at(double hz)
{
    double at = hz / line_hz, t;
    size_t i = at < 1.0 ? 1 : (size_t)at;
    const double *r = response + i - 1;
    assert_true(i + 2 < LINES);
    t = at - (double)i;
    return -t * (t - 1.0) * (t - 2.0) / 6.0 * r[0] +
           (t + 1.0) * (t - 1.0) * (t - 2.0) / 2.0 * r[1] - (t + 1.0) * t * (t - 2.0) / 2.0 * r[2] +
           (t + 1.0) * t * (t - 1.0) / 6.0 * r[3];
}

/* ---- the series ---- */

struct wave {
    const char *node; /* of freq f */
    enum { SAW, PULSE, TRIANGLE } shape;
    double width;
};

/* Harmonic k of the wave at phase p, in turns. */
static double harmonic(const struct wave *w, double k, double p)
{
    double saw = 2.0 / (TAU / 2.0) / k;
    switch (w->shape) {
    case SAW:
        return -saw * sin(TAU * k * p);
    case PULSE:
        return saw * (sin(TAU * k * p) - sin(TAU * k * (p - w->width)));
    default:
        break;
    }
    double odd = fmod(k, 4.0) == 1.0 ? 1.0 : fmod(k, 4.0) == 3.0 ? -1.0 : 0.0;
    return odd * 2.0 * saw * saw * sin(TAU * k * p);
}

static double series_at(const struct wave *w, double hz, double p)
{
    double sum = w->shape == PULSE ? 2.0 * w->width - 1.0 : 0.0;
    for (double k = 1.0; k * hz < TOP; k += 1.0)
        sum += response_at(k * hz) * harmonic(w, k, p);
    return sum;
}

/* ---- what the oscillators add to it ---- */

/* Power from 20 Hz to HEARD of PART frames. */
static double power_of(const double *x)
{
    static double re[SPECTRUM_FRAMES], im[SPECTRUM_FRAMES];
    double sum = 0.0;
    for (size_t i = 0; i < SPECTRUM_FRAMES; i++) {
        re[i] = i < PART ? x[i] * spectrum_window(i * (SPECTRUM_FRAMES / PART)) : 0.0;
        im[i] = 0.0;
    }
    spectrum_transform(re, im);
    for (size_t i = 0; i < SPECTRUM_FRAMES / 2; i++) {
        double hz = (double)i * SR / SPECTRUM_FRAMES;
        if (hz > 20.0 && hz < HEARD)
            sum += re[i] * re[i] + im[i] * im[i];
    }
    return sum;
}

/* The worst part of the sound: dB of all that is not the series, under the series. */
static double worst_part(const float *x, const float *freq, size_t frames, const struct wave *w)
{
    double *want = calloc(2 * frames, sizeof *want), *more = want + frames, worst = 0.0;
    uint32_t phase = 0;
    assert_non_null(want);
    for (size_t i = 0; i < frames; i++) {
        uint32_t increment = increment_of(freq[i]);
        double hz = (double)increment * (SR / 4294967296.0);
        want[i] = series_at(w, hz, (double)phase / 4294967296.0);
        more[i] = (double)x[i] - want[i];
        phase += increment;
    }
    for (size_t i = 0; i + PART <= frames; i += PART / 2)
        worst = fmax(worst, power_of(more + i) / power_of(want + i));
    free(want);
    return decibels(sqrt(worst));
}

static const struct wave waves[] = {
    {"osc.saw (freq f)", SAW, 0.0},
    {"osc.pulse (freq f)", PULSE, 0.5},
    {"osc.pulse (freq f) (width 0.2)", PULSE, 0.2},
    {"osc.triangle (freq f)", TRIANGLE, 0.0},
};

static void check_moving(const char *what, const char *freq, size_t frames)
{
    float *x = calloc(2 * frames, sizeof *x);
    assert_non_null(x);
    for (size_t k = 0; k < COUNT(waves); k++) {
        char text[512];
        snprintf(text, sizeof text, "(patch (def f %s) (output (left (%s)) (right f)))", freq,
                 waves[k].node);
        struct player p = play(text);
        player_run_in(&p, frames, NULL, NULL, x, x + frames);
        player_close(&p);
        double worst = worst_part(x, x + frames, frames, &waves[k]);
        print_message("  %s, %s: all else %.1f dB\n", what, waves[k].node, worst);
        assert_true(worst < -96.0);
    }
    free(x);
}

static void test_sweeps(void **state)
{
    (void)state;
    check_moving("440 Hz to 14 kHz in 1/4 s",
                 "(gain (math.exp2 (gain (osc.oneshot (freq 4)) 5)) 440)", 12000);
    check_moving("14 kHz to 440 Hz in 1/4 s",
                 "(gain (math.exp2 (gain (osc.oneshot (freq 4)) -5)) 14080)", 12000);
    check_moving("440 Hz to 14 kHz in 1/16 s",
                 "(gain (math.exp2 (gain (osc.oneshot (freq 16)) 5)) 440)", 3000);
}

static void test_modulation(void **state)
{
    (void)state;
    check_moving("50 Hz by an octave", "(gain (math.exp2 (osc.sine (freq 50))) 880)", 4096);
    check_moving("500 Hz by a half", "(math.add 1000 (gain (osc.sine (freq 500)) 500))", 4096);
    check_moving("by chance", "(math.add 3000 (gain (noise.white) 2000))", 4096);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sweeps),
        cmocka_unit_test(test_modulation),
    };
    return cmocka_run_group_tests_name("osc_sweep", tests, measure_response, NULL);
}
