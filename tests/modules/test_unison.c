/* test_unison.c - copies of a node: at which frequencies, how loud, where. */
#include "kit.h"

enum { LONG = 96000 };

static float *stereo_of(const char *text, float **right)
{
    struct player p = play(text);
    float *left = calloc(LONG, sizeof *left);
    *right = calloc(LONG, sizeof **right);
    assert_non_null(left);
    assert_non_null(*right);
    assert_int_equal(p.channels, 2);
    player_run_in(&p, LONG, NULL, NULL, left, *right);
    player_close(&p);
    return left;
}

/* Amplitude and phase of a line, through a Hann window of one second from `from` on. */
static double line(const float *x, size_t from, double hz, double *phase)
{
    double re = 0.0, im = 0.0;
    for (size_t n = 0; n < 48000; n++) {
        double window = 1.0 - cos(TAU * (double)n / 48000.0),
               a = TAU * hz / SR * (double)(from + n);
        re += window * (double)x[from + n] * cos(a);
        im -= window * (double)x[from + n] * sin(a);
    }
    if (phase)
        *phase = atan2(im, re);
    return hypot(re, im) / 24000.0;
}

/* The frequency of the line near hz: how its phase moves in a second tells. */
static double frequency(const float *x, double hz)
{
    double first, second;
    line(x, 0, hz, &first);
    line(x, 48000, hz, &second);
    double turns = (second - first) / TAU;
    return hz + (turns - round(turns));
}

static void check_lines(const float *x, unsigned count, double cents, double centre)
{
    double sum = 0.0;
    for (unsigned i = 0; i < count; i++) {
        double hz = centre * exp2((2.0 * i / (count - 1) - 1.0) * cents / 1200.0);
        double amplitude = line(x, 0, hz, NULL);
        assert_near(frequency(x, hz), hz, 1e-3, "a copy's frequency");
        assert_near(amplitude, 1.0 / sqrt(count), 2e-3, "a copy's level");
        sum += amplitude * amplitude / 2.0;
    }
    double rms = rms_of(x, LONG);
    assert_near(sum, rms * rms, 0.01, "there is nothing else");
}

/* Constant, a param, a sum, a signal; of a module and of a patch. */
static void test_frequencies(void **state)
{
    static const char *const texts[] = {
        "(patch (output (osc.sine (freq 1000) (unison 5 (detune 100)))))",
        "(patch (output (osc.sine (freq 400 0.6khz) (unison 5 (detune 100)))))",
        "(patch (params (k (unit hz) (default 1000))) (output (osc.sine (freq k)\n"
        "  (unison 5 (detune 100)))))",
        "(patch (params (k (unit hz) (default 600))) (output (osc.sine (freq k 400)\n"
        "  (unison 5 (detune 100)))))",
        "(patch (def f (gain (osc.pulse 1 (width 1)) 1000)) (output (osc.sine (freq f)\n"
        "  (unison 5 (detune 100)))))",
        "(patch (def v (patch (params (pitch (unit hz))) (output (osc.sine pitch))))\n"
        "  (output (v (pitch 1000) (unison 5 (detune 100)))))",
        "(patch (def v (patch (params (freq (unit hz) (default 1khz))) (output (osc.sine freq))))\n"
        "  (nodes (n (type v) (unison 5 (detune 100))) (o (output n))))",
    };
    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++) {
        float *x = sound_of(texts[i], LONG);
        check_lines(x, 5, 100.0, 1000.0);
        free(x);
    }
}

static void test_level(void **state)
{
    (void)state;
    for (unsigned count = 2; count <= 16; count++) {
        char text[200];
        snprintf(text, sizeof text,
                 "(patch (output (osc.sine (freq 1000) (unison %u (detune 1200)))))", count);
        float *x = sound_of(text, LONG);
        assert_near(decibels(rms_of(x, LONG) / sqrt(0.5)), 0.0, 0.05, "as loud as one");
        free(x);
    }
}

/* One copy is the node itself, to the bit; so is what a unison of one has been asked besides. */
static void test_one(void **state)
{
    (void)state;
    float *x =
        sound_of("(patch (def n (noise.white)) (output (osc.saw (freq 220 (gain n 9)))))", LONG);
    float *y =
        sound_of("(patch (def n (noise.white))\n"
                 "  (output (osc.saw (freq 220 (gain n 9)) (unison 1 (detune 30) (width 1)))))",
                 LONG);
    assert_memory_equal(x, y, LONG * sizeof *x);
    free(x);
    free(y);
}

/* Two copies at full width are one a side; five stand at evenly spaced places, neighbours in pitch
 * apart, each with the power of a pan. */
static void test_width(void **state)
{
    static const double places[] = {-1.0, 1.0, -0.5, 0.5, 0.0};
    (void)state;
    float *right, *left;
    left = stereo_of("(patch (output (osc.sine (freq 1000) (unison 2 (detune 100) (width 1)))))",
                     &right);
    double low = 1000.0 * exp2(-100.0 / 1200.0), high = 1000.0 * exp2(100.0 / 1200.0);
    assert_near(line(left, 0, low, NULL), sqrt(0.5), 1e-4, "the low one, left");
    assert_near(line(right, 0, high, NULL), sqrt(0.5), 1e-4, "the high one, right");
    assert_true(line(left, 0, high, NULL) < 1e-5 && line(right, 0, low, NULL) < 1e-5);
    free(left);
    free(right);
    left = stereo_of("(patch (output (osc.sine (freq 1000) (unison 5 (detune 100) (width 60%)))))",
                     &right);
    for (unsigned i = 0; i < 5; i++) {
        double hz = 1000.0 * exp2((0.5 * i - 1.0) * 100.0 / 1200.0);
        double angle = TAU / 8.0 * (1.0 + 0.6 * places[i]);
        assert_near(line(left, 0, hz, NULL), cos(angle) / sqrt(5.0), 1e-3, "left");
        assert_near(line(right, 0, hz, NULL), sin(angle) / sqrt(5.0), 1e-3, "right");
    }
    free(left);
    free(right);
}

/* Copies of a stereo patch keep their sides. */
static void test_stereo(void **state)
{
    (void)state;
    float *right, *left;
    left = stereo_of(
        "(patch (def v (patch (params (freq (unit hz)))\n"
        "    (output (left (osc.sine freq)) (right (osc.sine (freq (math.mul freq 2)))))))\n"
        "  (def both (v (freq 1000) (unison 3 (detune 100))))\n"
        "  (output (left both.left) (right both.right)))",
        &right);
    check_lines(left, 3, 100.0, 1000.0);
    check_lines(right, 3, 100.0, 2000.0);
    free(left);
    free(right);
}

/* At the start, before the copies drift apart, they are as loud as one, and not as one that is as
 * many times louder; with a phase of their own they are. */
static void test_start(void **state)
{
    (void)state;
    for (unsigned count = 2; count <= 16; count++) {
        char text[200];
        for (int own = 0; own < 2; own++) {
            snprintf(text, sizeof text,
                     "(patch (output (osc.sine (freq 1000) %s (unison %u (detune 1)))))",
                     own ? "(phase 0)" : "", count);
            float *x = sound_of(text, 480);
            assert_near(decibels(rms_of(x, 480) / sqrt(0.5)), own ? 10.0 * log10(count) : 0.0, 0.3,
                        "how loud it begins");
            free(x);
        }
    }
}

/* Noise within the copies differs: their powers add up, not their amplitudes. */
static void test_noise(void **state)
{
    (void)state;
    float *x = sound_of("(patch (def v (patch (params (freq (unit hz)))\n"
                        "    (output (filter.lopass (noise.white) freq))))\n"
                        "  (output (v (freq 5000) (unison 16 (detune 0)))))",
                        LONG);
    float *y = sound_of("(patch (output (filter.lopass (noise.white) 5000)))", LONG);
    assert_near(decibels(rms_of(x, LONG) / rms_of(y, LONG)), 0.0, 0.1, "a crowd of noises");
    free(x);
    free(y);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_frequencies), cmocka_unit_test(test_level),
        cmocka_unit_test(test_one),         cmocka_unit_test(test_width),
        cmocka_unit_test(test_stereo),      cmocka_unit_test(test_noise),
        cmocka_unit_test(test_start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
