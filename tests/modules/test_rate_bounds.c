/* test_rate_bounds.c - the longest times and the lowest frequencies that modules take, at 8 times
 * the sample rate: each against what its algebra says. */
#include "kit.h"

enum { SECOND = 48000, PIECE = 1 << 16 };

/* `frames` of a patch, of which every `step`-th is kept. Freed by the caller. */
static float *heard(const char *text, double level, size_t frames, size_t step)
{
    static float in[PIECE], out[PIECE];
    struct player p = play(text);
    float *kept = calloc(frames / step + 1, sizeof *kept);
    assert_non_null(kept);
    for (size_t i = 0; i < PIECE; i++)
        in[i] = (float)level;
    for (size_t at = 0; at < frames;) {
        size_t n = frames - at < PIECE ? frames - at : PIECE;
        player_run_in(&p, n, in, in, out, NULL);
        for (size_t i = 0; i < n; i++)
            if ((at + i) % step == 0)
                kept[(at + i) / step] = out[i];
        at += n;
    }
    player_close(&p);
    return kept;
}

/* ---- times ---- */

/* A mode of 60 s: 1 dB a second. */
static void test_mode(void **state)
{
    (void)state;
    float *x = heard("(patch (output (modal.bank (freq 1000) (modes (table (1 60s 1)))\n"
                     "  (oversample 8))))",
                     0.0, 9 * SECOND, 1);
    double early = rms_of(x + SECOND, SECOND), late = rms_of(x + 8 * SECOND, SECOND);
    assert_near(decibels(late / early), -7.0, 0.15, "7 s of a mode of 60 s");
    free(x);
}

static void test_string(void **state)
{
    (void)state;
    float *x = heard("(patch (output (string.pluck (freq 1000) (decay 60s) (brightness 0)\n"
                     "  (oversample 8))))",
                     0.0, 9 * SECOND, 1);
    double early = magnitude_at(x + SECOND, SECOND, 1000.0);
    double late = magnitude_at(x + 8 * SECOND, SECOND, 1000.0);
    assert_near(decibels(late / early), -7.0, 0.15, "7 s of a string of 60 s");
    free(x);
}

/* From 0 to 1 in 300 s, exactly there at its end. */
static void test_line(void **state)
{
    (void)state;
    float *x = heard("(patch (output (env.line (from 0) (to 1) (time 300s) (oversample 8))))", 0.0,
                     301 * SECOND, SECOND);
    for (unsigned s = 1; s < 300; s += 13)
        assert_near((double)x[s], s / 300.0, 2e-6, "a line of 300 s");
    assert_near((double)x[300], 1.0, 1e-6, "its end");
    free(x);
}

/* The fall of an envelope is (1 - t)^4. */
static void test_envelopes(void **state)
{
    static const char *const forms[] = {
        "(env.decay (time 120s) (oversample 8))",
        "(env.adsr (attack 0) (decay 120s) (sustain 0) (oversample 8))",
        "(env.ahdsr (attack 0) (decay 120s) (sustain 0) (decay_curve 0) (oversample 8))",
        "(env.points (points (table (0s 1) (120s 0))) (oversample 8))"};
    (void)state;
    for (size_t i = 0; i < COUNT(forms); i++) {
        char text[300];
        snprintf(text, sizeof text, "(patch (output %s))", forms[i]);
        float *x = heard(text, 0.0, 61 * SECOND, SECOND);
        double left = 0.5;
        assert_near((double)x[60], i < 2 ? left * left * left * left : left, 1e-5, forms[i]);
        free(x);
    }
}

/* 1 - e^(-t/T), and a gate that stays. */
static void test_followers(void **state)
{
    (void)state;
    float *x = heard("(patch (output (env.follow.peak (input.mono) (attack 300s) (oversample 8))))",
                     1.0, 61 * SECOND, SECOND);
    assert_near((double)x[60], 1.0 - exp(-60.0 / 300.0), 1e-4, "a follower of 300 s");
    free(x);
    x = heard("(patch (output (env.follow.rms (input.mono) (attack 300s) (oversample 8))))", 1.0,
              61 * SECOND, SECOND);
    assert_near((double)x[60], sqrt(1.0 - exp(-60.0 / 300.0)), 1e-4, "an RMS of 300 s");
    free(x);
}

static void test_stays(void **state)
{
    static const struct {
        const char *form;
        unsigned seconds;
    } gates[] = {
        {"(control.gate (env.decay (time 1ms)) (time 100s) (oversample 8))", 100},
        {"(dynamics.gate (input.mono) (side (env.decay (time 1ms))) (hold 60s) (attack 0)\n"
         "  (release 0) (oversample 8))",
         60},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(gates); i++) {
        char text[300];
        snprintf(text, sizeof text, "(patch (output %s))", gates[i].form);
        float *x = heard(text, 1.0, (gates[i].seconds + 2) * SECOND, SECOND / 2);
        assert_near((double)x[2 * gates[i].seconds - 1], 1.0, 1e-4, gates[i].form);
        assert_near((double)x[2 * gates[i].seconds + 1], 0.0, 1e-3, gates[i].form);
        free(x);
    }
}

static void test_glides(void **state)
{
    (void)state;
    float *x = heard("(patch (def step (gain (env.line (from 0) (to 1) (time 0)) 1))\n"
                     "  (output (control.lfo (freq 0) (shape square) (delay 30s) (fade 60s)\n"
                     "    (oversample 8))))",
                     0.0, 61 * SECOND, SECOND);
    assert_near((double)x[29], 0.0, 1e-6, "a delay of 30 s");
    assert_near((double)x[60], 0.5, 1e-5, "half of a fade of 60 s");
    free(x);
}

/* A compressor of ratio 1e6 that lets go of 40 dB: the reduction in dB falls as e^(-t/T). */
static void test_release(void **state)
{
    (void)state;
    float *x = heard("(patch (def loud (gain (env.decay (time 100ms)) 1e3))\n"
                     "  (output (dynamics.compressor (input.mono) (side loud) (threshold 1)\n"
                     "    (ratio 1e6) (knee 1) (attack 0) (release 60s) (oversample 8))))",
                     1.0, 31 * SECOND, SECOND);
    double early = decibels((double)x[1]), late = decibels((double)x[30]);
    print_message("  release of 60 s: %.3f of e^(-t/T)\n", late / early / exp(-29.0 / 60.0));
    assert_near(late / early, exp(-29.0 / 60.0), 0.01, "29 s of a release of 60 s");
    free(x);
}

/* ---- frequencies ---- */

/* Steps: 1 - e^(-wt), of two equal poles 1 - (1 + wt) e^(-wt). A state-variable filter of 1 Hz at
 * 384 kHz is 0.25 % short of 1 at its end: what is left of the way is below the last bit. */
static void test_corners(void **state)
{
    static const struct {
        const char *form;
        double hz;
        int poles;
    } filters[] = {
        {"(filter.onepole (input.mono) (cutoff 0.01) (oversample 8))", 0.01, 1},
        {"(filter.onepole (input.mono) (cutoff (math.mul 0.01 0.1)) (oversample 8))", 0.01, 1},
        {"(filter.lopass (input.mono) (cutoff 1) (q 0.5) (oversample 8))", 1.0, 2},
        {"(filter.lopass (input.mono) (cutoff (math.mul 1 0.1)) (q 0.5) (oversample 8))", 1.0, 2},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(filters); i++) {
        char text[200];
        snprintf(text, sizeof text, "(patch (output %s))", filters[i].form);
        float *x = heard(text, 1.0, 2 * SECOND, 4800);
        for (unsigned k = 2; k < 20; k++) {
            double wt = TAU * filters[i].hz * k / 10.0;
            double wanted = 1.0 - (filters[i].poles == 2 ? 1.0 + wt : 1.0) * exp(-wt);
            assert_near((double)x[k], wanted, 4e-3, filters[i].form);
        }
        free(x);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mode),      cmocka_unit_test(test_string),
        cmocka_unit_test(test_line),      cmocka_unit_test(test_envelopes),
        cmocka_unit_test(test_followers), cmocka_unit_test(test_stays),
        cmocka_unit_test(test_glides),    cmocka_unit_test(test_release),
        cmocka_unit_test(test_corners),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
