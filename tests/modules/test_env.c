/* test_env.c - envelopes against their formulas in double, to the frame; followers against the
 * analytic answer to a step. */
#include "kit.h"

enum { LONG = 1 << 20 };

static float out[LONG];

/* ---- segments ---- */

/* (e^(c t) - 1)/(e^c - 1) */
static double bend(double c, double t)
{
    return c == 0.0 ? t : expm1(c * t) / expm1(c);
}

static double segment(double from, double to, double c, int n, int frames)
{
    return n >= frames ? to : from + (to - from) * bend(c, (double)n / frames);
}

struct ahdsr {
    int attack, hold, decay, release; /* frames */
    double sustain, curve[3];
};

static struct player ahdsr(const struct ahdsr *e)
{
    char text[1000];
    snprintf(text, sizeof text,
             "(patch (params (g (unit gate) (default 0))) (output (env.ahdsr g (attack %.9g)"
             " (hold %.9g) (decay %.9g) (sustain %.9g) (release %.9g) (attack_curve %g)"
             " (decay_curve %g) (release_curve %g))))",
             e->attack / SR, e->hold / SR, e->decay / SR, e->sustain, e->release / SR, e->curve[0],
             e->curve[1], e->curve[2]);
    return play(text);
}

static double worst;

static void check(int frame, double want, const char *what)
{
    double off = fabs((double)out[frame] - want);
    worst = fmax(worst, off);
    if (!(off <= 2e-6))
        fail_msg("%s: frame %d is %.9g, not %.9g", what, frame, (double)out[frame], want);
}

/* Silence, then the gate on for all of it and 100 frames, then off. */
static void check_ahdsr(const struct ahdsr *e)
{
    struct player p = ahdsr(e);
    int full = e->attack + e->hold, low = full + e->decay, on = low + 100;
    player_run(&p, 10, out);
    for (int n = 0; n < 10; n++)
        assert_true(out[n] == 0.0f);
    player_set(&p, "g", 1.0);
    player_run(&p, (size_t)on, out);
    player_set(&p, "g", 0.0);
    player_run(&p, (size_t)e->release + 100, out + on);
    for (int n = 0; n < e->attack; n++)
        check(n, segment(0.0, 1.0, e->curve[0], n, e->attack), "attack");
    for (int n = e->attack; n < full + (e->decay > 0); n++)
        assert_true(out[n] == 1.0f);
    for (int n = 0; n < e->decay; n++)
        check(full + n, segment(1.0, e->sustain, e->curve[1], n, e->decay), "decay");
    for (int n = low; n < on; n++)
        assert_true(out[n] == (float)e->sustain);
    for (int n = 0; n < e->release; n++)
        check(on + n, segment(e->sustain, 0.0, e->curve[2], n, e->release), "release");
    for (int n = on + e->release; n < on + e->release + 100; n++)
        assert_true(out[n] == 0.0f);
    if (e->attack > 2 && fabs(e->curve[0]) < 9.0)
        assert_true(out[e->attack - 1] < 1.0f);
    if (e->decay > 2 && fabs(e->curve[1]) < 9.0)
        assert_true(out[low - 1] > (float)e->sustain);
    if (e->release > 2 && fabs(e->curve[2]) < 9.0)
        assert_true(out[on + e->release - 1] > 0.0f);
    player_close(&p);
}

static void test_ahdsr(void **state)
{
    static const struct ahdsr cases[] = {
        {480, 96, 960, 2400, 0.5, {0.0, 0.0, 0.0}},
        {100, 0, 1000, 500, 0.25, {-4.0, -4.0, -4.0}},
        {1000, 10, 10, 1, 0.75, {4.0, 2.0, 1.0}},
        {0, 7, 300, 64, 0.5, {1.0, -20.0, 20.0}},
        {0, 0, 0, 0, 0.5, {0.0, 0.0, 0.0}},
        {1, 1, 1, 1, 0.5, {-1.0, -1.0, -1.0}},
        {3, 0, 2, 0, 1.0, {3.0, 1e-3, 1e-5}},
        {64, 0, 100, 100, 0.125, {1e-7, -1e-4, 0.3}},
        {48000, 1, 3, 96000, 0.9375, {-8.0, 0.0, 8.0}},
    };
    (void)state;
    worst = 0.0;
    for (size_t i = 0; i < COUNT(cases); i++)
        check_ahdsr(&cases[i]);
    print_message("  env.ahdsr: off its formula by %.2g at most\n", worst);
}

/* Neither a release nor an attack jumps, whichever stage it breaks off. */
static void test_ahdsr_interrupted(void **state)
{
    static const struct ahdsr e = {400, 200, 300, 500, 0.5, {-2.0, -3.0, -4.0}};
    (void)state;
    for (int at = 1; at < 1200; at += 37) {
        struct player p = ahdsr(&e);
        player_set(&p, "g", 1.0);
        player_run(&p, (size_t)at, out);
        player_set(&p, "g", 0.0);
        player_run(&p, 123, out + at);
        player_set(&p, "g", 1.0);
        player_run(&p, 401, out + at + 123);
        double before = (double)out[at - 1];
        for (int n = 0; n < 123; n++)
            check(at + n, segment(before, 0.0, -4.0, n, 500), "release");
        before = (double)out[at + 122];
        for (int n = 0; n < 401; n++)
            check(at + 123 + n, segment(before, 1.0, -2.0, n, 400), "attack again");
        assert_true(out[at + 123 + 400] == 1.0f);
        player_close(&p);
    }
}

/* Attack straight, then the curve; a fall of the gate does nothing, a rise begins again. */
static void test_decay_curve(void **state)
{
    static const double curves[] = {0.0, -4.0, 3.0, -20.0, 1e-4};
    (void)state;
    for (size_t i = 0; i < COUNT(curves); i++)
        for (int attack = 0; attack < 300; attack += 123) {
            char text[200];
            snprintf(text, sizeof text,
                     "(patch (params (g (unit gate) (default 0))) (output (env.decay g (time 10ms)"
                     " (attack %.9g) (curve %.9g))))",
                     attack / SR, curves[i]);
            struct player p = play(text);
            player_run(&p, 5, out);
            assert_true(out[0] == 0.0f && out[4] == 0.0f);
            player_set(&p, "g", 1.0);
            player_run(&p, 50, out);
            player_set(&p, "g", 0.0);
            player_run(&p, 150, out + 50);
            player_set(&p, "g", 1.0);
            player_run(&p, 1000, out + 200);
            for (int n = 0; n < attack && n < 200; n++)
                check(n, segment(0.0, 1.0, 0.0, n, attack), "attack");
            for (int n = attack; n < 200; n++)
                check(n, segment(1.0, 0.0, curves[i], n - attack, 480), "fall");
            double before = (double)out[199];
            for (int n = 0; n < attack; n++)
                check(200 + n, segment(before, 1.0, 0.0, n, attack), "attack again");
            for (int n = 0; n < 480; n++)
                check(200 + attack + n, segment(1.0, 0.0, curves[i], n, 480), "fall again");
            for (int n = 200 + attack + 480; n < 1200; n++)
                assert_true(out[n] == 0.0f);
            player_close(&p);
        }
}

/* All rows together take `time`: the same as the rows times its share. */
static void test_points_time(void **state)
{
    static const char *const same[][2] = {
        {"(points (table (10ms 1) (20ms 0.25) (30ms 0))) (time 120ms)",
         "(points (table (20ms 1) (40ms 0.25) (60ms 0)))"},
        {"(points (table (1 1) (2 0.25 ) (1 0))) (time 40ms) (stretch 0.5)",
         "(points (table (5ms 1) (10ms 0.25) (5ms 0)))"},
        {"(points (table (1 1 2) (2 0.25 -3) (1 0 4))) (time 40ms)",
         "(points (table (10ms 1 2) (20ms 0.25 -3) (10ms 0 4)))"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(same); i++) {
        float *sound[2];
        for (int k = 0; k < 2; k++) {
            char text[200];
            snprintf(text, sizeof text, "(patch (output (env.points %s)))", same[i][k]);
            sound[k] = sound_of(text, 6000);
        }
        for (int n = 0; n < 6000; n++)
            assert_near((double)sound[0][n], (double)sound[1][n], 1e-6, same[i][0]);
        free(sound[0]);
        free(sound[1]);
    }
}

static void test_line(void **state)
{
    struct player p =
        play("(patch (params (g (unit gate) (default 0))) (output (env.line g (from 3)"
             " (to -2) (time 25ms) (curve -5))))");
    (void)state;
    worst = 0.0;
    player_run(&p, 5, out);
    assert_true(out[0] == 0.0f && out[4] == 0.0f);
    for (int again = 0; again < 2; again++) {
        player_set(&p, "g", 1.0);
        player_run(&p, 700, out);
        player_set(&p, "g", 0.0);
        player_run(&p, 700, out + 700);
        assert_true(out[0] == 3.0f && out[1200] == -2.0f && out[1399] == -2.0f);
        for (int n = 0; n < 1200; n++)
            check(n, segment(3.0, -2.0, -5.0, n, 1200), "line");
        assert_true(out[1199] > -2.0f);
    }
    player_close(&p);
    float *straight = sound_of("(patch (output (env.line (time 1s))))", 48001);
    for (int n = 0; n <= 48000; n++)
        assert_near((double)straight[n], 1.0 - n / SR, 2e-7, "straight fall");
    assert_true(straight[47999] > 0.0f && straight[48000] == 0.0f);
    free(straight);
}

/* ---- points ---- */

/* Rows 0: 0 s, 100;  1: 10 ms, 1000, bent;  2: 20 ms, 500;  3: 5 ms, 800;  4: 30 ms, 0 */
static const double levels[] = {100.0, 1000.0, 500.0, 800.0, 0.0};
static const double bends[] = {0.0, -3.0, 0.0, 2.0, -4.0};
static const int frames[] = {0, 480, 960, 240, 1440};

static struct player points(const char *more)
{
    char text[600];
    snprintf(
        text, sizeof text,
        "(patch (params (g (unit gate) (default 0)) (s 1)) (output (env.points g (points (table"
        " (0s 100 0) (10ms 1000 -3) (20ms 500 0) (5ms 800 2) (30ms 0 -4))) %s)))",
        more);
    return play(text);
}

/* Row `row` from `level` in out[at..]; where it ends. */
static int check_row(int at, int row, double level, int length, double stretch)
{
    int whole = (int)(frames[row] * stretch + 0.5);
    for (int n = 0; n < length && n < whole; n++) {
        double want = segment(level, levels[row], bends[row], n, whole);
        if (fabs((double)out[at + n] - want) > 1e-3)
            fail_msg("row %d, frame %d: %.9g, not %.9g", row + 1, n, (double)out[at + n], want);
    }
    return at + (length < whole ? length : whole);
}

static void test_points(void **state)
{
    struct player p = points("");
    (void)state;
    player_run(&p, 10, out);
    assert_true(out[0] == 0.0f && out[9] == 0.0f);
    player_set(&p, "g", 1.0);
    player_run(&p, 1000, out);
    player_set(&p, "g", 0.0); /* without a sustain row a fall is nothing */
    player_run(&p, 3000, out + 1000);
    assert_true(out[0] == 100.0f && out[480] == 1000.0f && out[1440] == 500.0f);
    assert_true(out[1680] == 800.0f && out[3120] == 0.0f && out[3999] == 0.0f);
    int at = 0;
    for (int row = 1; row < 5; row++)
        at = check_row(at, row, levels[row - 1], LONG, 1.0);
    assert_int_equal(at, 3120);
    assert_true(out[479] < 1000.0f && out[1439] > 500.0f && out[3119] > 0.0f);
    player_close(&p);
}

static void test_points_sustain(void **state)
{
    struct player p = points("(sustain 3)");
    (void)state;
    player_set(&p, "g", 1.0);
    player_run(&p, 5000, out);
    player_set(&p, "g", 0.0);
    player_run(&p, 3000, out + 5000);
    for (int n = 1440; n < 5000; n++)
        assert_true(out[n] == 500.0f);
    check_row(5000, 3, 500.0, LONG, 1.0);
    assert_true(out[5240] == 800.0f && out[6680] == 0.0f);
    player_set(&p, "g", 1.0); /* let go early: from the level that is */
    player_run(&p, 100, out);
    player_set(&p, "g", 0.0);
    player_run(&p, 300, out + 100);
    check_row(100, 3, (double)out[99], LONG, 1.0);
    assert_true(out[340] == 800.0f);
    player_close(&p);
}

static void test_points_loop(void **state)
{
    struct player p = points("(sustain 4) (loop 3)");
    (void)state;
    player_set(&p, "g", 1.0);
    player_run(&p, 480 + 10 * 1200 + 100, out);
    player_set(&p, "g", 0.0);
    player_run(&p, 2000, out + 480 + 10 * 1200 + 100);
    for (int turn = 0; turn < 10; turn++) {
        int at = 480 + turn * 1200;
        at = check_row(at, 2, turn ? 800.0 : 1000.0, LONG, 1.0);
        assert_true(out[at] == 500.0f);
        at = check_row(at, 3, 500.0, LONG, 1.0);
        assert_true(out[at] == 800.0f || turn == 9);
    }
    int off = 480 + 10 * 1200 + 100;
    check_row(off, 4, (double)out[off - 1], LONG, 1.0);
    assert_true(out[off + 1440] == 0.0f && out[off + 1439] > 0.0f);
    player_close(&p);
}

static void test_points_stretch(void **state)
{
    struct player p = points("(stretch s)");
    (void)state;
    player_set(&p, "s", 2.5);
    player_set(&p, "g", 1.0);
    player_run(&p, 8000, out);
    int at = 0;
    for (int row = 1; row < 5; row++)
        at = check_row(at, row, levels[row - 1], LONG, 2.5);
    assert_int_equal(at, 7800);
    assert_true(out[7799] > 0.0f && out[7800] == 0.0f);
    player_set(&p, "s", 0.0); /* each row still takes a frame */
    player_set(&p, "g", 0.0);
    player_run(&p, 1, out);
    player_set(&p, "g", 1.0);
    player_run(&p, 6, out);
    assert_true(out[0] == 100.0f && out[1] == 1000.0f && out[2] == 500.0f && out[3] == 800.0f);
    assert_true(out[4] == 0.0f && out[5] == 0.0f);
    player_close(&p);
}

static int refused(const char *points)
{
    char text[600];
    snprintf(text, sizeof text, "(patch (output (env.points %s)))", points);
    struct source source = {"<test>", text, strlen(text), 0};
    struct compile_options options = {0};
    struct compile_result result;
    FILE *nowhere = tmpfile();
    assert_non_null(nowhere);
    int status = compile_text(&source, &options, nowhere, &result);
    fclose(nowhere);
    if (status == 0)
        free(result.bytes);
    return status != 0;
}

static void test_points_refused(void **state)
{
    (void)state;
    assert_false(refused("(points (table (0s 1) (1s 0)))"));
    assert_true(refused("(points (table 0 1 1 0))"));
    assert_true(refused("(points (table (0s 1 0 0) (1s 0 0 0)))"));
    assert_true(refused("(points (table (-1s 1) (1s 0)))"));
    assert_true(refused("(points (table (0s 1) (301s 0)))"));
    assert_true(refused("(points (table (0s 1) (1s 0))) (sustain 3)"));
    assert_true(refused("(points (table (0s 1) (1s 0))) (loop 3)"));
    assert_true(refused("(points (table (0s 1) (1s 0))) (sustain 1) (loop 2)"));
    assert_true(refused("(points (table (0s 1) (1s 0))) (sustain 1) (loop 1)"));
    assert_true(refused("(points (table (0s 1) (0s 2) (0s 3) (0s 4) (1s 0)))"));
    assert_false(refused("(points (table (0s 1) (0s 2) (0s 3) (1s 0)))"));
}

/* ---- followers ---- */

/* A follower of what comes in: `level` for `on` frames, then silence. */
static void follow(const char *type, const char *settings, float level, size_t on, size_t total)
{
    static float in[LONG];
    char text[300];
    snprintf(text, sizeof text, "(patch (output (%s (input.mono) %s)))", type, settings);
    struct player p = play(text);
    for (size_t i = 0; i < total; i++)
        in[i] = i < on ? (i % 2 ? -level : level) : 0.0f;
    player_run_in(&p, total, in, NULL, out, NULL);
    player_close(&p);
}

/* e^(-n/(T sr)), T in seconds */
static double fallen(double n, double time)
{
    return exp(-n / (time * SR));
}

static void test_follow_peak(void **state)
{
    (void)state;
    worst = 0.0;
    follow("env.follow.peak", "(attack 10ms) (release 50ms)", 1.0f, 20000, 60000);
    for (int n = 0; n < 20000; n++)
        check(n, 1.0 - fallen(n + 1.0, 0.01), "attack");
    for (int n = 20000; n < 60000; n++)
        check(n, fallen(n - 19999.0, 0.05) * (1.0 - fallen(20000.0, 0.01)), "release");
    follow("env.follow.peak", "(release 20ms) (hold 30ms)", 0.5f, 100, 10000);
    for (int n = 0; n < 100 + 1440; n++)
        assert_true(out[n] == 0.5f);
    assert_true(out[1540] < 0.5f);
    for (int n = 1540; n < 10000; n++)
        check(n, 0.5 * fallen(n - 1539.0, 0.02), "release after hold");
    follow("env.follow.peak", "(release 0)", 1.0f, 100, 200);
    assert_true(out[99] == 1.0f && out[100] == 0.0f);
    print_message("  env.follow.peak: off by %.2g at most\n", worst);
}

/* A frame's step is far below the last bit of the level, and the level still gets there. */
static void test_follow_slowly(void **state)
{
    (void)state;
    worst = 0.0;
    follow("env.follow.peak", "(attack 10s) (release 10s)", 1.0f, LONG, LONG);
    for (int n = 0; n < LONG; n += 100)
        check(n, 1.0 - fallen(n + 1.0, 10.0), "slow attack");
    print_message("  env.follow.peak, 10 s: off by %.2g at most\n", worst);
    follow("env.follow.peak", "(attack 0) (release 10s)", 1.0f, 1, LONG);
    for (int n = 0; n < LONG; n += 100)
        check(n, fallen(n, 10.0), "slow release");
}

static void test_follow_rms(void **state)
{
    (void)state;
    worst = 0.0;
    follow("env.follow.rms", "(attack 10ms) (release 50ms)", 2.0f, 20000, 60000);
    for (int n = 0; n < 20000; n++)
        check(n, 2.0 * sqrt(1.0 - fallen(n + 1.0, 0.01)), "attack");
    for (int n = 20000; n < 40000; n++)
        check(n, 2.0 * sqrt(fallen(n - 19999.0, 0.05)), "release");
    print_message("  env.follow.rms: off by %.2g at most\n", worst);
    float *sine = sound_of("(patch (output (env.follow.rms (gain (osc.sine (freq 1khz)) 0.8)"
                           " (attack 100ms) (release 100ms))))",
                           96000);
    double mean = mean_of(sine + 90000, 4800), ripple = 0.0;
    for (int n = 90000; n < 94800; n++)
        ripple = fmax(ripple, fabs((double)sine[n] - mean));
    print_message("  a sine of 0.8: %.6f, ripple %.2g\n", mean, ripple);
    assert_near(mean, 0.8 * sqrt(0.5), 1e-4, "a sine's level");
    assert_true(ripple < 1e-3);
    free(sine);
}

static void test_silence_follows(void **state)
{
    (void)state;
    follow("env.follow.rms", "(release 2ms)", 1.0f, 10, 48000);
    assert_true(out[47999] == 0.0f);
    for (int n = 0; n < 48000; n++)
        assert_true(out[n] == 0.0f || out[n] > 9e-11f);
    follow("env.follow.peak", "(release 2ms)", 1.0f, 10, 48000);
    assert_true(out[47999] == 0.0f);
    for (int n = 0; n < 48000; n++)
        assert_true(out[n] == 0.0f || out[n] > 9e-21f);
}

/* ---- at higher rates ---- */

/* The same envelope at 4 times the rate, but for the filters on the way down. */
static void test_oversampled(void **state)
{
    static const char *const patches[] = {
        "(env.points (points (table (100ms 1) (200ms 0.25) (300ms 0.75))) %s)",
        "(env.ahdsr (attack 100ms) (hold 50ms) (decay 100ms) %s)",
        "(env.line (time 500ms) (curve 3) %s)",
        "(env.follow.peak (osc.sine (freq 3)) (attack 20ms) (release 200ms) (hold 50ms) %s)",
        "(env.follow.rms (osc.sine (freq 3)) (attack 20ms) (release 200ms) %s)",
    };
    (void)state;
    for (size_t i = 0; i < COUNT(patches); i++) {
        char form[300], text[400];
        float *sound[2];
        for (int high = 0; high < 2; high++) {
            snprintf(form, sizeof form, patches[i], high ? "(oversample 4)" : "");
            snprintf(text, sizeof text, "(patch (output %s))", form);
            sound[high] = sound_of(text, 40000);
        }
        for (int n = 1000; n < 40000; n++)
            assert_near((double)sound[1][n], (double)sound[0][n], 4e-3, patches[i]);
        free(sound[0]);
        free(sound[1]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ahdsr),          cmocka_unit_test(test_ahdsr_interrupted),
        cmocka_unit_test(test_line),           cmocka_unit_test(test_points),
        cmocka_unit_test(test_points_sustain), cmocka_unit_test(test_points_loop),
        cmocka_unit_test(test_points_stretch), cmocka_unit_test(test_points_refused),
        cmocka_unit_test(test_follow_peak),    cmocka_unit_test(test_follow_slowly),
        cmocka_unit_test(test_follow_rms),     cmocka_unit_test(test_silence_follows),
        cmocka_unit_test(test_oversampled),    cmocka_unit_test(test_decay_curve),
        cmocka_unit_test(test_points_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
