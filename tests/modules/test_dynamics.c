/* test_dynamics.c - dynamics against their formulas: static curves, time constants, the ceiling. */
#include "kit.h"

enum { LONG = 48000 };

static double db(double x)
{
    return 20.0 * log10(x);
}

/* out and gain of a dynamics module, for an input signal. */
struct both {
    float *out, *gain;
};

static struct both run_gain(const char *module, const float *in, size_t frames)
{
    char text[600];
    struct both b = {calloc(frames, sizeof(float)), calloc(frames, sizeof(float))};
    snprintf(text, sizeof text, "(patch (def d %s) (output (left d.left) (right d.gain)))", module);
    struct player p = play(text);
    player_run_in(&p, frames, in, in, b.out, b.gain);
    player_close(&p);
    return b;
}

static void both_free(struct both *b)
{
    free(b->out);
    free(b->gain);
}

static float *constant_signal(size_t frames, double x)
{
    float *s = calloc(frames, sizeof *s);
    assert_non_null(s);
    for (size_t n = 0; n < frames; n++)
        s[n] = (float)x;
    return s;
}

/* ---- compressor ---- */

/* Giannoulis, Massberg and Reiss 2012, eq. 4, in dB. */
static double curve(double x, double threshold, double ratio, double knee)
{
    double d = x - threshold;
    if (2.0 * d < -knee)
        return x;
    if (2.0 * fabs(d) <= knee)
        return x + (1.0 / ratio - 1.0) * (d + knee / 2.0) * (d + knee / 2.0) / (2.0 * knee);
    return threshold + d / ratio;
}

static void test_static_curve(void **state)
{
    static const double knees[] = {0.0, 6.0, 24.0}, ratios[] = {1.0, 2.0, 4.0, 1000.0};
    double worst = 0.0;
    (void)state;
    for (unsigned k = 0; k < COUNT(knees); k++)
        for (unsigned r = 0; r < COUNT(ratios); r++)
            for (double x = -70.0; x <= 30.0; x += 1.7) {
                char text[300];
                snprintf(text, sizeof text,
                         "(dynamics.compressor (input.mono) (threshold -20db) (ratio %g) (knee "
                         "%gdb) (attack 0) (release 0) (makeup 3db))",
                         ratios[r], knees[k]);
                float *in = constant_signal(4, pow(10.0, x / 20.0));
                struct both b = run_gain(text, in, 4);
                double wanted = curve(x, -20.0, ratios[r], knees[k]) + 3.0;
                worst = fmax(worst, fabs(db((double)b.out[3]) - wanted));
                both_free(&b);
                free(in);
            }
    print_message("compressor: static curve within %.2g dB\n", worst);
    assert_true(worst < 2e-5);
}

/* A step up, then down: the reduction in dB goes as 1 - e^(-t/attack), then as e^(-t/release). */
static void test_compressor_times(void **state)
{
    static const double attacks[] = {0.0005, 0.01, 0.3}, releases[] = {0.02, 0.1, 5.0};
    double worst = 0.0;
    (void)state;
    for (unsigned i = 0; i < COUNT(attacks); i++) {
        char text[300];
        snprintf(text, sizeof text,
                 "(dynamics.compressor (input.mono) (threshold -20db) (ratio 4) (knee 0db) (attack "
                 "%g) (release %g))",
                 attacks[i], releases[i]);
        float *in = constant_signal(2 * LONG, 1.0);
        for (size_t n = LONG; n < 2 * LONG; n++)
            in[n] = 0.01f;
        struct both b = run_gain(text, in, 2 * LONG);
        double top = 15.0 * (1.0 - exp(-LONG / (attacks[i] * SR)));
        for (size_t n = 0; n < 2 * LONG; n += 97) {
            double t = (double)(n < LONG ? n + 1 : n + 1 - LONG) / SR;
            double wanted =
                n < LONG ? 15.0 * (1.0 - exp(-t / attacks[i])) : top * exp(-t / releases[i]);
            worst = fmax(worst, fabs(-db((double)b.gain[n]) - wanted));
        }
        both_free(&b);
        free(in);
    }
    print_message("compressor: attack and release within %.2g dB of the exponential\n", worst);
    assert_true(worst < 0.002);
}

/* A sine's mean square is half its amplitude's square: 3.01 dB less than its peak. */
static void test_rms(void **state)
{
    (void)state;
    float *in = constant_signal(LONG, 0.0);
    for (size_t n = 0; n < LONG; n++)
        in[n] = (float)sin(TAU * 997.0 / SR * (double)n);
    struct both b =
        run_gain("(dynamics.compressor (input.mono) (threshold -23.0103db) (ratio 4) (knee 0db) "
                 "(detector rms) (window 50ms) (attack 0) (release 0))",
                 in, LONG);
    for (size_t n = LONG - 4800; n < LONG; n++)
        assert_near(db((double)b.gain[n]), -15.0, 0.03, "the reduction by the mean square");
    /* A step in the mean square: (1 - e^(-t/window)). */
    assert_near(db((double)b.gain[2400]), -0.75 * (20.0 + 10.0 * log10(1.0 - exp(-1.0))), 0.05,
                "the reduction after one window");
    both_free(&b);
    free(in);
}

/* One gain for both sides, found from the louder one; from the side chain alone if there is one. */
static void test_linked(void **state)
{
    (void)state;
    float l[LONG / 10], r[LONG / 10], out_l[LONG / 10], out_r[LONG / 10];
    uint64_t chance = 7;
    for (size_t n = 0; n < COUNT(l); n++) {
        l[n] = (float)kit_between(&chance, -0.9, 0.9);
        r[n] = l[n] * 0.25f;
    }
    struct player p = play("(patch (output (dynamics.compressor (input) (threshold -20db))))");
    assert_int_equal(p.channels, 2);
    player_run_in(&p, COUNT(l), l, r, out_l, out_r);
    player_close(&p);
    for (size_t n = 0; n < COUNT(l); n++)
        assert_true(out_r[n] == out_l[n] * 0.25f);
    assert_true(peak_of(out_l + 2000, 2000) < 0.6);
    p = play("(patch (def in (input)) (output (left (dynamics.compressor in.left (side in.right) "
             "(attack 0) (threshold -6db)))))");
    player_run_in(&p, COUNT(l), l, r, out_l, out_r);
    player_close(&p);
    for (size_t n = 0; n < COUNT(l); n++)
        assert_true(out_l[n] == l[n]); /* the right side never reaches -6 dB */
}

/* ---- limiter ---- */

enum { TORTURES = 9 };

/* n-th frame of a signal that is hard on limiters; *s its chance. */
static double torture(unsigned kind, size_t n, uint64_t *s)
{
    double white = kit_between(s, -1.0, 1.0);
    switch (kind) {
    case 0:
        return white * 100.0;
    case 1:
        return n % 997 == 0 ? 1000.0 : 0.0;
    case 2:
        return n & 1 ? 3.0 : -3.0;
    case 3:
        return n / 3000 % 2 ? 20.0 : 0.1;
    case 4:
        return sin(0.5 * TAU * (double)n * (double)n / LONG) * 4.0;
    case 5:
        return kit_between(s, 0.0, 1.0) < 0.001 ? white * 1e6 : white * 0.5;
    case 6:
        return exp(white * 14.0) * (white < 0.0 ? -1.0 : 1.0);
    case 7:
        return 1e9 * white;
    default:
        return (double)n / LONG * 5.0 * (n / 7 & 1 ? 1.0 : -1.0);
    }
}

static void test_ceiling(void **state)
{
    static const double lookaheads[] = {0.0, 0.00003, 0.001, 0.005, 0.0371, 0.5};
    static const double releases[] = {0.0, 0.002, 0.1, 10.0};
    static const double ceilings[] = {1.0, 0.8912509381, 0.01};
    double cut = 0.0;
    (void)state;
    for (unsigned kind = 0; kind < TORTURES; kind++)
        for (unsigned i = 0; i < COUNT(lookaheads); i++) {
            uint64_t chance = kind + 1;
            double release = releases[(kind + i) % COUNT(releases)];
            double ceiling = ceilings[(kind + i) % COUNT(ceilings)];
            size_t late = (size_t)(lookaheads[i] * SR + 0.5);
            char text[200];
            snprintf(text, sizeof text,
                     "(dynamics.limiter (input.mono) (lookahead %.9g) (release %g) (ceiling %.9g))",
                     lookaheads[i], release, ceiling);
            float *in = constant_signal(LONG, 0.0);
            for (size_t n = 0; n < LONG; n++)
                in[n] = (float)torture(kind, n, &chance);
            struct both b = run_gain(text, in, LONG);
            assert_true(peak_of(b.out, LONG) <= (double)(float)ceiling);
            assert_true(lookaheads[i] > 0.04 || peak_of(b.out, LONG) > ceiling * 0.9);
            for (size_t n = late; n < LONG; n++) {
                double before = fabs((double)in[n - late] * (double)b.gain[n]);
                cut = fmax(cut, before / (double)(float)ceiling - 1.0);
            }
            both_free(&b);
            free(in);
        }
    print_message("limiter: before the last cut %.2g above the ceiling\n", cut);
    assert_true(cut < 1e-5);
}

/* What stays below the ceiling comes out as it was, so many frames later. */
static void test_limiter_is_clean(void **state)
{
    (void)state;
    uint64_t chance = 3;
    float *in = constant_signal(LONG, 0.0);
    for (size_t n = 0; n < LONG; n++)
        in[n] = (float)kit_between(&chance, -0.89, 0.89);
    struct both b = run_gain("(dynamics.limiter (input.mono))", in, LONG);
    for (size_t n = 240; n < LONG; n++)
        assert_true(b.out[n] == in[n - 240]);
    assert_true(peak_of(b.out, 240) == 0.0);
    both_free(&b);
    free(in);
}

/* A step of 20 dB is met by a gain that moves by no more than the peak of a triangle of 5 ms. */
static void test_limiter_is_smooth(void **state)
{
    (void)state;
    float *in = constant_signal(LONG, 0.1);
    for (size_t n = LONG / 2; n < LONG; n++)
        in[n] = 10.0f;
    struct both b = run_gain("(dynamics.limiter (input.mono) (ceiling 1))", in, LONG);
    double steepest = 0.0;
    for (size_t n = 1; n < LONG; n++)
        steepest = fmax(steepest, fabs(db((double)b.gain[n]) - db((double)b.gain[n - 1])));
    print_message("limiter: 20 dB in 5 ms at no more than %.3f dB a frame\n", steepest);
    assert_true(steepest <= 20.0 * 2.3 / 240.0);
    assert_true(b.gain[LONG / 2 - 1] == 1.0f && b.gain[LONG / 2 + 240] < 0.1001f);
    both_free(&b);
    free(in);
}

/* After one frame of 20 dB above the ceiling the way back in dB is e^(-t/release). */
static void test_limiter_release(void **state)
{
    (void)state;
    float *in = constant_signal(LONG, 0.0);
    in[100] = 10.0f;
    struct both b = run_gain(
        "(dynamics.limiter (input.mono) (ceiling 1) (release 50ms) (lookahead 0))", in, LONG);
    for (size_t n = 100; n < 20000; n += 61)
        assert_near(db((double)b.gain[n]), -20.0 * exp(-((double)n - 100.0) / 2400.0), 1e-4,
                    "the way back");
    both_free(&b);
    free(in);
}

/* ---- gate ---- */

static void test_gate_times(void **state)
{
    (void)state;
    float *in = constant_signal(LONG, 0.0);
    for (size_t n = 1000; n < 2000; n++)
        in[n] = n & 1 ? 0.5f : -0.5f;
    for (size_t n = 2000; n < 3000; n++)
        in[n] = 0.2f; /* above threshold/hysteresis */
    for (size_t n = 3000; n < 9000; n++)
        in[n] = 0.16f; /* below it */
    for (size_t n = 9000; n < 9010; n++)
        in[n] = 0.2f; /* not enough to open */
    struct both b =
        run_gain("(dynamics.gate (input.mono) (threshold 0.3333333) (hysteresis 2) (hold "
                 "10ms) (attack 0) (release 0) (range 0.25))",
                 in, LONG);
    for (size_t n = 0; n < LONG; n++)
        assert_true(b.gain[n] == (n >= 1000 && n < 3000 + 480 ? 1.0f : 0.25f));
    both_free(&b);
    b = run_gain(
        "(dynamics.gate (input.mono) (threshold 0.3333333) (hysteresis 2) (hold 0) (attack "
        "3ms) (release 30ms))",
        in, LONG);
    for (size_t n = 1000; n < LONG; n += 13) {
        double top = 1.0 - exp(-2000.0 / 144.0), t = (double)n + 1.0;
        double wanted =
            n < 3000 ? 1.0 - exp(-(t - 1000.0) / 144.0) : top * exp(-(t - 3000.0) / 1440.0);
        assert_near((double)b.gain[n], wanted, 2e-5, "the gate's opening");
    }
    both_free(&b);
    free(in);
}

/* ---- transient shaper ---- */

/* On a step the peak is 1 at once and the slow follower 1 - e^(-t/rise). */
static void test_transient_onset(void **state)
{
    (void)state;
    double worst = 0.0, steady = 0.0;
    for (double level = 0.01; level < 3.0; level *= 10.0) {
        float *in = constant_signal(LONG, level);
        struct both b =
            run_gain("(dynamics.transient (input.mono) (attack 9db) (rise 20ms))", in, LONG);
        for (size_t n = 0; n < LONG; n += 7) {
            double slow = level * (1.0 - exp(-((double)n + 1.0) / 960.0));
            double a = fmin(log2((level + 1e-5) / (slow + 1e-5)) / 2.0, 1.0);
            worst = fmax(worst, fabs(db((double)b.gain[n]) - 9.0 * a));
        }
        both_free(&b);
        free(in);
    }
    for (double hz = 50.0; hz < 9000.0; hz *= 3.0) {
        float *in = constant_signal(LONG, 0.0);
        for (size_t n = 0; n < LONG; n++)
            in[n] = (float)(0.3 * sin(TAU * hz / SR * (double)n));
        struct both b =
            run_gain("(dynamics.transient (input.mono) (attack 12db) (sustain 12db))", in, LONG);
        for (size_t n = LONG / 2; n < LONG; n++)
            steady = fmax(steady, fabs(db((double)b.gain[n])));
        both_free(&b);
        free(in);
    }
    print_message("transient: onset within %.2g dB; a steady sine moved by %.2f dB\n", worst,
                  steady);
    assert_true(worst < 1e-3);
    assert_true(steady < 2.0);
}

/* After the end the peak falls with 50 ms and the tail with `fall`. */
static void test_transient_tail(void **state)
{
    (void)state;
    float *in = constant_signal(LONG, 0.0);
    for (size_t n = 0; n < LONG / 2; n++)
        in[n] = 1.0f;
    struct both b = run_gain(
        "(dynamics.transient (input.mono) (attack 0db) (sustain -12db) (fall 1s))", in, LONG);
    for (size_t n = LONG / 2; n < LONG; n += 11) {
        double t = (double)n + 1.0 - LONG / 2.0;
        double s = log2((exp(-t / 48000.0) + 1e-5) / (exp(-t / 2400.0) + 1e-5)) / 2.0;
        assert_near(db((double)b.gain[n]), -12.0 * fmin(s, 1.0), 0.002, "a tail turned down");
    }
    both_free(&b);
    free(in);
}

/* ---- anything ---- */

/* Every input leaping over more than its range: finite, and no louder than the gain allows. */
static void test_leaping_inputs(void **state)
{
    static const char *const modules[] = {
        "(dynamics.compressor (input) (threshold n) (ratio n) (attack n) (release n) (knee n) "
        "(makeup 1) (window n) (side n) (detector rms))",
        "(dynamics.compressor (input) (threshold n) (ratio n) (attack n) (release n) (knee n))",
        "(dynamics.limiter (input) (ceiling n) (release n))",
        "(dynamics.gate (input) (threshold n) (hysteresis n) (attack n) (hold n) (release n) "
        "(range "
        "n))",
        "(dynamics.transient (input) (attack n) (sustain n) (rise n) (fall n))",
    };
    float l[LONG / 4], r[LONG / 4], out_l[LONG / 4], out_r[LONG / 4];
    uint64_t chance = 11;
    (void)state;
    for (unsigned i = 0; i < COUNT(modules); i++)
        for (double size = 1e-6; size < 1e7; size *= 1e6) {
            char text[400];
            for (size_t n = 0; n < COUNT(l); n++) {
                l[n] = (float)kit_between(&chance, -1e6, 1e6);
                r[n] = n % 5 == 0 ? 0.0f : -l[n] * 1e-9f;
            }
            snprintf(text, sizeof text,
                     "(patch (def n (gain (noise.hold (freq 12000)) %g)) (output %s))", size,
                     modules[i]);
            struct player p = play(text);
            player_run_in(&p, COUNT(l), l, r, out_l, out_r);
            player_close(&p);
            assert_true(peak_of(out_l, COUNT(l)) < 1e9 && peak_of(out_r, COUNT(l)) < 1e9);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_static_curve),
        cmocka_unit_test(test_compressor_times),
        cmocka_unit_test(test_rms),
        cmocka_unit_test(test_linked),
        cmocka_unit_test(test_ceiling),
        cmocka_unit_test(test_limiter_is_clean),
        cmocka_unit_test(test_limiter_is_smooth),
        cmocka_unit_test(test_limiter_release),
        cmocka_unit_test(test_gate_times),
        cmocka_unit_test(test_transient_onset),
        cmocka_unit_test(test_transient_tail),
        cmocka_unit_test(test_leaping_inputs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
