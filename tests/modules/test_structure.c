/* test_structure.c - routing, locked ramps and numbers drawn for a voice, against what they say of
 * themselves. */
#include "kit.h"

static void test_crossfade(void **state)
{
    (void)state;
    for (int i = 0; i <= 20; i++) {
        char text[160];
        double p = i / 20.0, x = fmin(fmax(p * 1.25 - 0.125, 0), 1);
        snprintf(text, sizeof text, "(patch (output (crossfade 1 (b 2) (pos (math.add %g 0)))))",
                 x);
        float *y = sound_of(text, 1);
        assert_near((double)*y, 1 + x, 2e-7, "linear");
        free(y);
        snprintf(text, sizeof text, "(patch (output (crossfade 1 (b 2) (pos %g) (law power))))", x);
        y = sound_of(text, 1);
        assert_near((double)*y, cos(TAU * x / 4) + 2 * sin(TAU * x / 4), 4e-7, "power");
        free(y);
    }
}

static double index_out(const char *patch, double index)
{
    float y;
    struct player p = play(patch);
    player_set(&p, "i", index);
    player_run(&p, 1, &y);
    player_close(&p);
    return (double)y;
}

#define INDEXED(form) "(patch (params (i (unit none) (range -9 99) (default 0))) (output " form "))"

static void test_mux(void **state)
{
    static const char step[] = INDEXED("(mux i (a 10) (b 20) (c 40))");
    static const char linear[] = INDEXED("(mux i (a 10) (b 20) (c 40) (mode linear))");
    (void)state;
    assert_near(index_out(step, -3), 10, 0, "below");
    assert_near(index_out(step, 0.99), 10, 0, "a");
    assert_near(index_out(step, 1), 20, 0, "b");
    assert_near(index_out(step, 2.5), 40, 0, "c");
    assert_near(index_out(step, 50), 40, 0, "above");
    assert_near(index_out(linear, 0.25), 12.5, 0, "a to b");
    assert_near(index_out(linear, 1.5), 30, 0, "b to c");
    assert_near(index_out(linear, 7), 40, 0, "above");
}

static void test_demux(void **state)
{
    static const char third[] = "(patch (params (i (unit none) (range -9 99) (default 0)))"
                                "(def d (demux 3 (index i))) (output d.c))";
    static const char part[] = "(patch (params (i (unit none) (range -9 99) (default 0)))"
                               "(def d (demux 3 (index i) (mode linear))) (output d.b))";
    (void)state;
    assert_near(index_out(third, 1.9), 0, 0, "not yet");
    assert_near(index_out(third, 2), 3, 0, "now");
    assert_near(index_out(third, 2.9), 3, 0, "still");
    assert_near(index_out(third, 3), 0, 0, "no more");
    assert_near(index_out(part, 0.25), 0.75, 0, "a quarter");
    assert_near(index_out(part, 1.5), 1.5, 0, "half");
}

/* 3 turns in 2, after ten minutes as in the first: the ramp's own phase is exact. */
static void test_tempo_lock(void **state)
{
    enum { SECOND = 48000, MINUTES = 10 * 60 };
    static float y[SECOND];
    (void)state;
    struct player p = play("(patch (output (tempo.lock (osc.phasor (freq 2)) (mul 3) (div 4))))");
    double worst = 0;
    for (int s = 0; s < MINUTES; s++) {
        player_run(&p, SECOND, y);
        for (int n = 0; n < SECOND && (s < 3 || s > MINUTES - 3); n += 7) {
            /* 2 Hz is 178956.97 of 2^32 turns a frame, held at 178956 */
            double x =
                (double)(178956ull * ((unsigned long long)s * SECOND + (unsigned)n)) / 4294967296.0;
            double want = fmod(x * 0.75, 1.0), off = fabs((double)y[n] - want);
            worst = fmax(worst, fmin(off, 1 - off));
        }
    }
    player_close(&p);
    print_message("  a ramp locked 3 to 4 is off by %.2g turns at most\n", worst);
    assert_true(worst < 1e-6);
}

/* Halves go up, whether the number is known when the patch is compiled or not. */
static void test_numbers_rounded(void **state)
{
    enum { FRAMES = 4800 };
    static const char *const pairs[][2] = {
        {"tempo.lock (osc.phasor (freq 40)) (mul 2.5) (div 1.5)",
         "tempo.lock (osc.phasor (freq 40)) (mul 3) (div 2)"},
        {"tempo.lock (osc.phasor (freq 40)) (mul (math.add 2.4 (gain (osc.sine) 0.05)))",
         "tempo.lock (osc.phasor (freq 40)) (mul 2)"},
        {"chorus (osc.saw) (voices 2.5)", "chorus (osc.saw) (voices 3)"},
        {"chorus (osc.saw) (voices 2.4)", "chorus (osc.saw) (voices 2)"},
    };
    static float sound[2][2 * FRAMES];
    (void)state;
    for (size_t i = 0; i < COUNT(pairs); i++) {
        for (unsigned side = 0; side < 2; side++) {
            char text[200];
            snprintf(text, sizeof text, "(patch (def x (%s)) (output x))", pairs[i][side]);
            struct player p = play(text);
            player_run_in(&p, FRAMES, NULL, NULL, sound[side], sound[side] + FRAMES);
            player_close(&p);
        }
        assert_memory_equal(sound[0], sound[1], sizeof sound[0]);
    }
}

static void test_voice_random(void **state)
{
    enum { VOICES = 4000 };
    static const char two[] =
        "(patch (def a (voice.random)) (def b (voice.random (low 5) (high 7)))"
        "(output (left a) (right b)))";
    double sum = 0, square = 0, product = 0;
    (void)state;
    for (unsigned v = 0; v < VOICES; v++) {
        float a[3], b[3];
        struct player p = play_seeded(two, 7, v);
        player_run_in(&p, 3, NULL, NULL, a, b);
        player_close(&p);
        assert_true(a[0] == a[2] && b[0] == b[2]);
        assert_true(a[0] >= 0.0f && a[0] < 1.0f && b[0] >= 5.0f && b[0] < 7.0f);
        double x = (double)a[0] - 0.5, w = ((double)b[0] - 6) / 2;
        sum += x;
        square += x * x;
        product += x * w;
    }
    /* Means of 4000 draws: within five standard deviations. */
    assert_near(sum / VOICES, 0, 0.023, "mean");
    assert_near(square / VOICES, 1 / 12.0, 0.006, "variance");
    assert_near(product / VOICES, 0, 0.0066, "two nodes of a voice");
}

/* What takes both sides treats each as it treats one. */
static void test_sides(void **state)
{
    enum { N = 400 };
    static const char *const forms[] = {
        "(filter.lopass %s (cutoff 900) (q 3))",
        "(filter.hipass %s)",
        "(filter.bandpass %s)",
        "(filter.notch %s)",
        "(filter.peak %s)",
        "(filter.allpass %s)",
        "(filter.bell %s (gain 6db))",
        "(filter.loshelf %s (gain 6db))",
        "(filter.hishelf %s (gain -6db))",
        "(filter.onepole %s)",
        "(filter.onepole.hi %s)",
        "(filter.dcblock %s)",
        "(gain %s (amp 0.3))",
        "(mix %s (level 0.3))",
    };
    static const char *const sources[] = {"(osc.saw (freq 440))", "(osc.pulse (freq 310))"};
    (void)state;
    for (size_t i = 0; i < COUNT(forms); i++) {
        float both[2][N];
        char form[128], text[256];
        snprintf(form, sizeof form, forms[i],
                 "(stereo.join (osc.saw (freq 440)) (osc.pulse (freq 310)))");
        snprintf(text, sizeof text, "(patch (output %s))", form);
        struct player p = play(text);
        assert_int_equal(p.channels, 2);
        player_run_in(&p, N, NULL, NULL, both[0], both[1]);
        player_close(&p);
        for (int side = 0; side < 2; side++) {
            snprintf(form, sizeof form, forms[i], sources[side]);
            snprintf(text, sizeof text, "(patch (output %s))", form);
            float *alone = sound_of(text, N);
            assert_true(peak_of(alone, N) > 0.01);
            assert_memory_equal(alone, both[side], sizeof both[side]);
            free(alone);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_crossfade),       cmocka_unit_test(test_mux),
        cmocka_unit_test(test_demux),           cmocka_unit_test(test_tempo_lock),
        cmocka_unit_test(test_voice_random),    cmocka_unit_test(test_sides),
        cmocka_unit_test(test_numbers_rounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
