/* test_noise.c - noises: spectra, densities, distributions, and that no two are alike. */
#include "kit.h"
#include "vm/noise/kernels.h"
#include <complex.h>

enum { SECOND = 48000, SIZE = 1 << 15, LONG = 1 << 21 };

/* ---- colours ---- */

/* In place, forward, `size` a power of two. */
static void fft(double complex *x, size_t size)
{
    for (size_t i = 1, j = 0; i < size; i++) {
        size_t bit = size / 2;
        for (; j & bit; bit /= 2)
            j ^= bit;
        j ^= bit;
        if (i < j) {
            double complex swap = x[i];
            x[i] = x[j];
            x[j] = swap;
        }
    }
    for (size_t half = 1; half < size; half *= 2)
        for (size_t k = 0; k < half; k++) {
            double complex w = cexp(-I * TAU / 2.0 * (double)k / (double)half);
            for (size_t i = k; i < size; i += 2 * half) {
                double complex a = x[i], b = x[i + half] * w;
                x[i] = a + b;
                x[i + half] = a - b;
            }
        }
}

/* Power of a patch's sound in octaves from 20 Hz up, in dB; Hann windows of 0.68 s, half over each
 * other. */
static void octaves_of(const char *text, double *octave, unsigned count)
{
    float *x = sound_of(text, LONG);
    double complex *bins = calloc(SIZE, sizeof *bins);
    assert_non_null(bins);
    memset(octave, 0, count * sizeof *octave);
    for (size_t at = 0; at + SIZE <= LONG; at += SIZE / 2) {
        for (size_t n = 0; n < SIZE; n++)
            bins[n] = (double)x[at + n] * (0.5 - 0.5 * cos(TAU * (double)n / SIZE));
        fft(bins, SIZE);
        for (size_t k = 1; k < SIZE / 2; k++) {
            double hz = (double)k * SR / SIZE;
            if (hz >= 20.0 && hz < 20.0 * pow(2.0, count))
                octave[(unsigned)log2(hz / 20.0)] += pow(cabs(bins[k]), 2.0);
        }
    }
    for (unsigned i = 0; i < count; i++)
        octave[i] = 10.0 * log10(octave[i]);
    free(bins);
    free(x);
}

/* Power in an octave of a power law f^-n: 0 dB an octave for pink, -3.01 for brown, 3.01 for white.
 */
static void test_slopes(void **state)
{
    static const struct {
        const char *module;
        double slope;
    } rows[] = {{"noise.white", 3.0103}, {"noise.pink", 0.0}, {"noise.brown", -3.0103}};
    (void)state;
    for (unsigned r = 0; r < COUNT(rows); r++) {
        char text[100];
        double octave[10], mean = 0.0, worst = 0.0;
        snprintf(text, sizeof text, "(patch (output (%s)))", rows[r].module);
        octaves_of(text, octave, 10);
        for (unsigned i = 0; i < 10; i++)
            mean += (octave[i] - rows[r].slope * i) / 10.0;
        for (unsigned i = 0; i < 10; i++)
            worst = fmax(worst, fabs(octave[i] - rows[r].slope * i - mean));
        print_message("%s: octaves from 20 Hz to 20.5 kHz within %.2f dB of the slope\n",
                      rows[r].module, worst);
        assert_true(worst < 0.5);
    }
}

typedef void kernel(const lane *in, lane *out, void *s, const struct memory *m);

static void pink_step(const lane *in, lane *out, void *s, const struct memory *m)
{
    k_noise_pink(in, out, s, m);
}

static void brown_step(const lane *in, lane *out, void *s, const struct memory *m)
{
    k_noise_brown(in, out, s, m);
}

/* The filter's response itself against f^-slope, without chance: half the spread in dB. */
static double ripple(kernel *step, double power, double *rms)
{
    enum { FRAMES = 200000 };
    float *h = calloc(FRAMES, sizeof *h);
    double low = 1e9, high = -1e9, sum = 0.0;
    struct pink_state s = {{0}};
    assert_non_null(h);
    for (size_t n = 0; n < FRAMES; n++) {
        float in = n == 0 ? 1.0f : 0.0f;
        step(&in, &h[n], &s, NULL);
        sum += (double)h[n] * (double)h[n];
    }
    *rms = sqrt(sum / 3.0);
    for (double hz = 20.0; hz <= 20000.0; hz *= pow(2.0, 1.0 / 6.0)) {
        double at = decibels(magnitude_at(h, FRAMES, hz)) + power * 20.0 * log10(hz);
        low = fmin(low, at);
        high = fmax(high, at);
    }
    free(h);
    return (high - low) / 2.0;
}

static void test_ripple(void **state)
{
    (void)state;
    double rms, pink = ripple(pink_step, 0.5, &rms);
    assert_near(rms, 0.2, 0.001, "pink's RMS");
    double brown = ripple(brown_step, 1.0, &rms);
    assert_near(rms, 0.2, 0.001, "brown's RMS");
    print_message("pink: ripple +-%.3f dB; brown: +-%.3f dB, 20 Hz to 20 kHz\n", pink, brown);
    assert_true(pink < 0.08 && brown < 0.3);
}

/* ---- no two alike ---- */

/* What a and b have in common, -1 to 1, of the differences of their frames: these are independent
 * in brown noise and walks too. */
static double correlation(const float *a, const float *b, size_t frames)
{
    double dot = 0.0, of_a = 0.0, of_b = 0.0;
    for (size_t n = 1; n < frames; n++) {
        double da = (double)a[n] - (double)a[n - 1], db = (double)b[n] - (double)b[n - 1];
        dot += da * db;
        of_a += da * da;
        of_b += db * db;
    }
    return dot / sqrt(of_a * of_b);
}

/* Two nodes of a patch; the same in another voice and with another seed. */
static void test_all_differ(void **state)
{
    enum { FRAMES = 9600, VOICES = 3 };
    static const char *const modules[] = {"noise.white",
                                          "noise.pink",
                                          "noise.brown",
                                          "noise.velvet",
                                          "noise.dust (density 5000) (sign both)",
                                          "noise.crackle",
                                          "noise.hold (freq 9000)",
                                          "noise.walk (freq 24000) (step 1)"};
    static float x[2 * VOICES][FRAMES], again[2][FRAMES];
    (void)state;
    double worst = 0.0;
    for (unsigned i = 0; i < COUNT(modules); i++) {
        char text[300];
        snprintf(text, sizeof text, "(patch (def a (%s)) (def b (%s)) (output (left a) (right b)))",
                 modules[i], modules[i]);
        for (unsigned v = 0; v < VOICES; v++) {
            struct player p = play_seeded(text, v == 2, v == 1);
            player_run_in(&p, FRAMES, NULL, NULL, x[2 * v], x[2 * v + 1]);
            player_close(&p);
        }
        for (unsigned a = 0; a < 2 * VOICES; a++)
            for (unsigned b = 0; b < a; b++)
                worst = fmax(worst, fabs(correlation(x[a], x[b], FRAMES)));
        struct player p = play(text);
        player_run_in(&p, FRAMES, NULL, NULL, again[0], again[1]);
        player_close(&p);
        assert_memory_equal(x[0], again[0], sizeof again[0]);
    }
    print_message("noises of nodes, voices and seeds: correlation at most %.3f\n", worst);
    assert_true(worst < 0.1);
}

/* ---- impulses ---- */

/* Exactly one in each period, of 1 or -1, anywhere in it; signs and places uncorrelated. */
static void test_velvet(void **state)
{
    static const double densities[] = {24000.0, 2000.0, 1000.0, 77.0, 1999.5};
    (void)state;
    for (unsigned i = 0; i < COUNT(densities); i++) {
        char text[100];
        double signs = 0.0, sum = 0.0, places = 0.0;
        size_t period = (size_t)(SR / densities[i]), count = 0;
        snprintf(text, sizeof text, "(patch (output (noise.velvet (density %g))))", densities[i]);
        float *x = sound_of(text, 20 * SECOND);
        for (size_t n = 0; n < 20 * SECOND; n++) {
            assert_true(x[n] == 0.0f || fabsf(x[n]) == 1.0f);
            count += x[n] != 0.0f;
            signs += (double)x[n];
            places += x[n] != 0.0f ? (double)(n % period) : 0.0;
        }
        assert_near((double)count, 20.0 * densities[i], i < 3 ? 0.0 : 1.0,
                    "the number of impulses");
        for (size_t k = 0; i < 3 && k < 20 * SECOND / period; k++) {
            sum = 0.0;
            for (size_t n = 0; n < period; n++)
                sum += fabs((double)x[k * period + n]);
            assert_true(sum == 1.0);
        }
        assert_true(fabs(signs) < 4.0 * sqrt((double)count));
        if (i < 3)
            assert_near(places / (double)count, ((double)period - 1.0) / 2.0,
                        1.2 * (double)period / sqrt((double)count), "the middle of the places");
        double worst = 0.0;
        for (size_t lag = 1; lag < 100; lag++) {
            double dot = 0.0;
            for (size_t n = lag; n < 20 * SECOND; n++)
                dot += (double)x[n] * (double)x[n - lag];
            worst = fmax(worst, fabs(dot) / (double)count);
        }
        assert_true(worst < 5.0 / sqrt((double)count));
        free(x);
    }
}

/* A Poisson process: the number within 4 deviations of density times time, intervals' deviation
 * equal to their mean. */
static void test_dust(void **state)
{
    (void)state;
    for (int both = 0; both < 2; both++) {
        double count = 0.0, heights = 0.0, gap = 0.0, gaps = 0.0, squares = 0.0;
        float *x = sound_of(both ? "(patch (output (noise.dust (density 400) (sign both))))"
                                 : "(patch (output (noise.dust (density 400))))",
                            20 * SECOND);
        for (size_t n = 0; n < 20 * SECOND; n++, gap += 1.0) {
            if (x[n] == 0.0f)
                continue;
            assert_true(fabsf(x[n]) <= 1.0f && (both || x[n] > 0.0f));
            count += 1.0;
            heights += (double)x[n];
            gaps += gap;
            squares += gap * gap;
            gap = 0.0;
        }
        assert_near(count, 8000.0, 360.0, "the number of impulses");
        assert_near(heights / count, both ? 0.0 : 0.5, 0.03, "their mean height");
        assert_near(sqrt(squares / count - pow(gaps / count, 2.0)) / (gaps / count), 1.0, 0.05,
                    "deviation over mean of the gaps");
        free(x);
    }
}

/* With the mean put back, every frame follows from the two before. */
static void test_crackle(void **state)
{
    (void)state;
    for (double chaos = 1.1; chaos < 2.0; chaos += 0.2) {
        char text[100];
        double m = 0.0, y1 = 0.0, y2 = 0.0, worst = 0.0;
        snprintf(text, sizeof text, "(patch (output (noise.crackle (chaos %g))))", chaos);
        float *x = sound_of(text, 4 * SECOND);
        for (size_t n = 0; n < 4 * SECOND; n++) {
            double y = (double)x[n] / 0.999 + m;
            m += (y - m) * 0.001;
            if (n >= 2)
                worst = fmax(worst, fabs(y - fabs(chaos * y1 - y2 - 0.05)));
            y2 = y1;
            y1 = y;
        }
        assert_true(worst < 1e-4);
        assert_true(rms_of(x + SECOND, 3 * SECOND) > 0.01);
        assert_near(mean_of(x + SECOND, 3 * SECOND), 0.0, 2e-3, "its mean");
        free(x);
    }
}

/* ---- control ---- */

static void test_hold(void **state)
{
    (void)state;
    float *step = sound_of("(patch (def n (noise.hold (freq 375))) (output n))", 10 * SECOND);
    float *line =
        sound_of("(patch (def n (noise.hold (freq 375) (shape linear))) (output n))", 10 * SECOND);
    float *curve =
        sound_of("(patch (def n (noise.hold (freq 375) (shape smooth))) (output n))", 10 * SECOND);
    for (size_t n = 0; n + 128 < 10 * SECOND; n++) {
        size_t k = n / 128 * 128;
        double t = (double)(n % 128) / 128.0, a = (double)step[k], b = (double)step[k + 128];
        assert_true(step[n] == step[k]);
        assert_near((double)line[n], a + (b - a) * t, 1e-6, "between two values");
        assert_near((double)curve[n], a + (b - a) * t * t * (3.0 - 2.0 * t), 1e-6, "a curve");
    }
    assert_near(mean_of(step, 10 * SECOND), 0.0, 4.0 / sqrt(3.0 * 3750.0), "the values' mean");
    assert_near(rms_of(step, 10 * SECOND), 1.0 / sqrt(3.0), 0.02, "their RMS");
    free(step);
    free(line);
    free(curve);
}

/* From the middle, by no more than a step, within the bounds, and in time all over them. */
static void test_walk(void **state)
{
    (void)state;
    float *wild = sound_of("(patch (output (noise.walk (freq 24000) (step 1e6) (low -1) (high 3) "
                           "(shape step))))",
                           20 * SECOND);
    assert_near(mean_of(wild, 20 * SECOND), 1.0, 0.05, "the middle, whatever the step");
    free(wild);
    float *x = sound_of("(patch (output (noise.walk (freq 24000) (step 0.5) (low -1) (high 3) "
                        "(shape step))))",
                        20 * SECOND);
    assert_true(x[0] == 1.0f && x[1] == 1.0f && x[2] != 1.0f);
    for (size_t n = 2; n < 20 * SECOND; n++) {
        assert_true(fabsf(x[n] - x[n - 1]) <= 0.5001f && x[n] >= -1.0f && x[n] <= 3.0f);
        assert_true((n & 1) == 0 || x[n] == x[n - 1]);
    }
    double mean = mean_of(x, 20 * SECOND), rms = rms_of(x, 20 * SECOND);
    assert_near(mean, 1.0, 0.05, "the middle");
    assert_near(sqrt(rms * rms - mean * mean), 4.0 / sqrt(12.0), 0.05, "a uniform spread");
    free(x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_slopes),     cmocka_unit_test(test_ripple),
        cmocka_unit_test(test_all_differ), cmocka_unit_test(test_velvet),
        cmocka_unit_test(test_dust),       cmocka_unit_test(test_crackle),
        cmocka_unit_test(test_hold),       cmocka_unit_test(test_walk),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
