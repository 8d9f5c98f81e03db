/* test_filters.c - the analytic response of each filter's recurrence, conservation of energy,
 * violent modulation. */
#include "voices.h"

/* The bilinear transform with prewarping: at f, s = j tan(pi f/sr)/tan(pi cutoff/sr), and then
 *   low 1, band k s, high s^2, over s^2 + k s + 1, k = 1/q;  one pole 1/(1 + s). */
static double analytic(enum kind kind, double cutoff, double q, double f)
{
    double s = tan(PI * f / RP_SAMPLE_RATE) / tan(PI * cutoff / RP_SAMPLE_RATE);
    double below = hypot(1.0 - s * s, s / q);
    if (kind == ONEPOLE)
        return 1.0 / hypot(1.0, s);
    return (kind == LOPASS ? 1.0 : kind == HIPASS ? s * s : s / q) / below;
}

/* |sum h[n] e^(-2 pi i f n/sr)| */
static double response(const float *h, int count, double f)
{
    double step = 2.0 * PI * f / RP_SAMPLE_RATE, re = 0.0, im = 0.0;
    double c = 1.0, s = 0.0, dc = cos(step), ds = sin(step);
    for (int n = 0; n < count; n++) {
        re += (double)h[n] * c;
        im -= (double)h[n] * s;
        double next = c * dc - s * ds;
        s = s * dc + c * ds;
        c = next;
    }
    return hypot(re, im);
}

/* The answer to a single 1, until it stays below 1e-12; its length. */
static int impulse_response(enum kind kind, float cutoff, float q, float *h)
{
    struct voice v = filter(kind);
    int count = LONG;
    set(&v, 0, 1.0f);
    set(&v, 1, cutoff);
    set(&v, 2, q);
    t_run(v.group, 1, h, NULL);
    set(&v, 0, 0.0f);
    t_run(v.group, LONG - 1, h + 1, NULL);
    while (count > 1 && fabsf(h[count - 1]) < 1e-12f)
        count--;
    assert_true(count < LONG);
    voice_free(&v);
    return count;
}

/* Within 0.05 dB, or 3e-7 (-130 dB) of the peak where rounding of single precision is all there is.
 */
static double check_response(enum kind kind, float cutoff, float q)
{
    static float h[LONG];
    int count = impulse_response(kind, cutoff, q, h);
    double worst = 0.0, floor = 3e-7 * fmax(1.0, (double)q);
    for (double f = 20.0; f <= 18000.0; f *= 1.12) {
        double want = analytic(kind, (double)cutoff, (double)q, f), got = response(h, count, f);
        double db = fabs(20.0 * log10(got / want));
        if (fabs(got - want) > floor && db > 0.05)
            fail_msg("%s, cutoff %g, q %g: at %g Hz %g, not %g", kind_names[kind], (double)cutoff,
                     (double)q, f, got, want);
        if (want > 1e-3 && db > worst)
            worst = db;
    }
    return worst;
}

static void test_responses(void **state)
{
    static const float cutoffs[] = {50.0f, 440.0f, 1000.0f, 5000.0f, 12000.0f, 18000.0f, 23000.0f};
    static const float qs[] = {0.5f, 0.70710678f, 4.0f, 20.0f};
    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        double worst = 0.0;
        for (size_t i = 0; i < COUNT(cutoffs); i++)
            for (size_t k = 0; k < (kind == ONEPOLE ? 1 : COUNT(qs)); k++)
                worst = fmax(worst, check_response((enum kind)kind, cutoffs[i], qs[k]));
        print_message("  %s: off by %.4f dB at most, above -60 dB\n", kind_names[kind], worst);
    }
}

/* What is out of range is held at its end: the same bits. */
static void test_filter_limits(void **state)
{
    static const struct {
        float cutoff, q, held_cutoff, held_q;
    } cases[] = {{24000.0f, 1.0f, 23500.0f, 1.0f},
                 {0.0f, 1.0f, 1.0f, 1.0f},
                 {1000.0f, 0.0f, 1000.0f, 0.05f},
                 {1000.0f, 2000.0f, 1000.0f, 1000.0f}};
    static float got[LONG], want[LONG];
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++)
        for (int held = 0; held < 2; held++) {
            struct voice v = filter(LOPASS);
            set(&v, 0, 1.0f);
            set(&v, 1, held ? cases[i].held_cutoff : cases[i].cutoff);
            set(&v, 2, held ? cases[i].held_q : cases[i].q);
            t_run(v.group, 1000, held ? want : got, NULL);
            if (held)
                t_same(got, want, 1000, "held");
            assert_true(want[999] != 0.0f || !held);
            voice_free(&v);
        }
}

/* Without input c1^2 + c2^2 changes by -4 g k v1^2 a frame: it never grows, whatever the cutoff and
 * q do. (c1' + c1 = 2 v1, c1' - c1 = -2 g (k v1 + v2), c2' + c2 = 2 v2, c2' - c2 = 2 g v1.) */
static void test_filter_energy(void **state)
{
    uint64_t chance = 11;
    struct voice v = filter(BANDPASS);
    float words[2], out[64];
    double energy = 1e30;
    (void)state;
    set(&v, 0, 1.0f);
    t_run(v.group, 50, out, NULL);
    set(&v, 0, 0.0f);
    for (int i = 0; i < 20000; i++) {
        set(&v, 1, t_between(&chance, 1.0f, 23500.0f));
        set(&v, 2, expf(t_between(&chance, -3.0f, 6.9f)));
        t_run(v.group, 1, out, NULL);
        state_words(&v, words, 2);
        double now = (double)words[0] * (double)words[0] + (double)words[1] * (double)words[1];
        if (now > energy * (1.0 + 1e-6))
            fail_msg("frame %d: energy %g after %g", i, now, energy);
        if (i == 0)
            assert_true(now > 0.01);
        energy = now;
    }
    voice_free(&v);
}

/* Noise in, the cutoff thrown about at every frame: bounded, and no trace of it afterwards. */
static void test_violent_modulation(void **state)
{
    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        struct voice v = filter((enum kind)kind);
        uint64_t chance = 12;
        float loudest = 0.0f, out[20000];
        set(&v, 2, 2.0f);
        for (int i = 0; i < 100000; i++) {
            float x = t_between(&chance, -1.0f, 1.0f);
            set(&v, 0, x);
            set(&v, 1, i % 7 ? t_between(&chance, 0.0f, 24000.0f) : i % 2 ? 24000.0f : 1.0f);
            t_run(v.group, 1, out, NULL);
            loudest = fmaxf(loudest, fabsf(out[0]));
        }
        print_message("  %s: at most %.2f\n", kind_names[kind], (double)loudest);
        assert_true(loudest > 0.1f && loudest < 100.0f);
        set(&v, 0, 0.0f);
        set(&v, 1, 1000.0f);
        t_run(v.group, 20000, out, NULL);
        assert_true(out[19999] == 0.0f);
        voice_free(&v);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_responses),
        cmocka_unit_test(test_filter_limits),
        cmocka_unit_test(test_filter_energy),
        cmocka_unit_test(test_violent_modulation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
