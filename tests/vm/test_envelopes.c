/* test_envelopes.c - the stated times of envelopes. */
#include "voices.h"

static double fall(double from, double to, int n, int frames)
{
    return n < frames ? to + (from - to) * pow(1.0 - (double)n / frames, 4.0) : to;
}

static void check_adsr(int attack, int decay, float sustain, int hold, int release)
{
    static float out[LONG];
    struct voice v = envelope("env_adsr");
    int on = attack + decay + hold;
    set_times(&v, attack, decay, sustain, release);
    t_run(v.group, 100, out, NULL);
    for (int n = 0; n < 100; n++)
        assert_int_equal(t_bits(out[n]), 0);
    set(&v, 0, 1.0f);
    t_run(v.group, (size_t)on, out, NULL);
    set(&v, 0, 0.0f);
    t_run(v.group, (size_t)release + 100, out + on, NULL);
    for (int n = 0; n < attack; n++) {
        assert_near(out[n], (double)n / attack, "attack", n);
        assert_true(out[n] < 1.0f);
    }
    assert_true(out[attack] == (decay ? 1.0f : sustain));
    for (int n = 0; n < decay; n++)
        assert_near(out[attack + n], fall(1.0, (double)sustain, n, decay), "decay", n);
    for (int n = attack + decay; n < on; n++)
        assert_true(out[n] == sustain);
    for (int n = 0; n < release; n++) {
        assert_near(out[on + n], fall((double)sustain, 0.0, n, release), "release", n);
        assert_true(out[on + n] > 0.0f || sustain == 0.0f);
    }
    for (int n = on + release; n < on + release + 100; n++)
        assert_int_equal(t_bits(out[n]), 0);
    voice_free(&v);
}

static void test_adsr(void **state)
{
    (void)state;
    check_adsr(240, 4800, 0.7f, 1000, 9600);
    check_adsr(0, 480, 0.25f, 100, 480);
    check_adsr(1, 1, 0.5f, 10, 1);
    check_adsr(7, 0, 0.6f, 100, 0);
    check_adsr(0, 0, 1.0f, 100, 30);
    check_adsr(64, 128, 0.0f, 64, 640);
    check_adsr(48000, 3, 0.9f, 5, 11);
    for (int i = 0; i <= 100; i++)
        check_adsr(0, 10, (float)i / 100.0f, 1, 1);
}

/* Neither the attack nor the release jumps: both go on from the level that was. */
static void test_adsr_interrupted(void **state)
{
    struct voice v = envelope("env_adsr");
    float out[2000];
    (void)state;
    set_times(&v, 400, 400, 0.5f, 200);
    set(&v, 0, 1.0f);
    t_run(v.group, 101, out, NULL); /* a quarter up */
    assert_near(out[100], 0.25, "attack", 100);
    set(&v, 0, 0.0f);
    t_run(v.group, 151, out + 101, NULL);
    assert_int_equal(t_bits(out[101]), t_bits(out[100]));
    for (int n = 0; n < 151; n++)
        assert_near(out[101 + n], fall(0.25, 0.0, n, 200), "release", n);
    float level = out[251];
    set(&v, 0, 0.3f); /* any level above zero is on */
    t_run(v.group, 500, out, NULL);
    assert_int_equal(t_bits(out[0]), t_bits(level));
    for (int n = 0; n < 400; n++)
        assert_near(out[n], (double)level + (1.0 - (double)level) * n / 400, "again", n);
    assert_true(out[399] < 1.0f && out[400] == 1.0f && out[401] < 1.0f);
    set(&v, 0, -1.0f); /* and none below it */
    t_run(v.group, 300, out, NULL);
    assert_true(out[199] > 0.0f && out[200] == 0.0f);
    voice_free(&v);
}

/* A gate that opens and closes with a signal, on for 5 frames of every 10. */
static void test_adsr_signal_gate(void **state)
{
    struct voice v = voice("LOAD_CONST r1, 4800\nLOAD_CONST r2, 0\nLOAD_CONST r3, 0.25\n"
                           "CALL_OP osc_phasor, r1, r3 -> r4\nLOAD_CONST r5, 0.5\n"
                           "CALL_OP sub, r4, r5 -> r6\nCALL_OP env_segment, r2 -> r7, r8\n"
                           "LOAD_CONST r9, 1\n"
                           "CALL_OP env_adsr, r6, r7, r8, r7, r8, r9, r7, r8 -> r10\n"
                           "WRITE_OUTPUT r10, r6\n",
                           0, 0);
    float out[1000], gate[1000];
    int on = 0;
    (void)state;
    t_run(v.group, 1000, out, gate);
    for (int n = 0; n < 1000; n++) {
        assert_true(out[n] == (gate[n] > 0.0f ? 1.0f : 0.0f));
        on += gate[n] > 0.0f;
    }
    assert_true(on > 400 && on < 600);
    voice_free(&v);
}

static void check_decay(int attack, int time)
{
    static float out[LONG];
    struct voice v = envelope("env_decay");
    int total = attack + time;
    set_times(&v, attack, time, 0.0f, 0);
    t_run(v.group, 10, out, NULL);
    assert_true(out[0] == 0.0f && out[9] == 0.0f);
    set(&v, 0, 1.0f);
    t_run(v.group, (size_t)total / 2, out, NULL);
    set(&v, 0, 0.0f); /* only arms the next rise */
    t_run(v.group, (size_t)(total - total / 2 + 50), out + total / 2, NULL);
    for (int n = 0; n < attack; n++)
        assert_near(out[n], (double)n / attack, "attack", n);
    assert_true(out[attack] == (time ? 1.0f : 0.0f));
    for (int n = 0; n < time; n++) {
        assert_near(out[attack + n], fall(1.0, 0.0, n, time), "decay", n);
        assert_true(out[attack + n] > 0.0f);
    }
    for (int n = total; n < total + 50; n++)
        assert_int_equal(t_bits(out[n]), 0);
    voice_free(&v);
}

static void test_decay(void **state)
{
    (void)state;
    check_decay(0, 9600);
    check_decay(100, 1000);
    check_decay(2, 1);
    check_decay(30, 0);
    check_decay(0, 48000);
}

static void test_decay_again(void **state)
{
    struct voice v = envelope("env_decay");
    float out[400];
    (void)state;
    set_times(&v, 0, 100, 0.0f, 0);
    set(&v, 0, 1.0f);
    t_run(v.group, 50, out, NULL);
    set(&v, 0, 0.0f);
    t_run(v.group, 1, out, NULL);
    assert_near(out[0], fall(1.0, 0.0, 50, 100), "decay", 50);
    set(&v, 0, 1.0f); /* from the start again */
    t_run(v.group, 200, out, NULL);
    assert_true(out[0] == 1.0f && out[99] > 0.0f && out[100] == 0.0f && out[199] == 0.0f);
    set(&v, 0, 0.0f);
    t_run(v.group, 1, out, NULL);
    set_times(&v, 100, 100, 0.0f, 0);
    set(&v, 0, 1.0f);
    t_run(v.group, 51, out, NULL);
    set(&v, 0, 0.0f);
    t_run(v.group, 1, out, NULL); /* goes on rising */
    assert_near(out[0], 0.51, "attack", 51);
    set(&v, 0, 1.0f); /* rises from there to 1 in 100 frames */
    t_run(v.group, 201, out, NULL);
    for (int n = 0; n < 100; n++)
        assert_near(out[n], 0.51 + 0.49 * n / 100, "attack again", n);
    assert_true(out[100] == 1.0f && out[200] == 0.0f);
    voice_free(&v);
}

/* round(time sr), held within 0 and 2^24; the share of a frame. */
static void test_segments(void **state)
{
    static const float times[] = {0.0f, -1.0f,  1e-5f, 1.1e-5f, 0.001f,
                                  1.0f, 300.0f, 1e9f,  0.99999f};
    static const float frames[] = {0, 0, 0, 1, 48, 48000, 14400000, 16777216, 48000};
    struct voice v = voice(".param \"t\" s linear -1 1e9 0 0\nLOAD_PARAM r1, \"t\"\n"
                           "CALL_OP env_segment, r1 -> r2, r3\nWRITE_OUTPUT r2, r3\n",
                           0, 0);
    float n, step;
    (void)state;
    for (size_t i = 0; i < COUNT(times); i++) {
        set(&v, 0, times[i]);
        t_run(v.group, 1, &n, &step);
        assert_true(n == frames[i]);
        assert_true(step == 1.0f / fmaxf(frames[i], 1.0f));
    }
    voice_free(&v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_adsr),
        cmocka_unit_test(test_adsr_interrupted),
        cmocka_unit_test(test_adsr_signal_gate),
        cmocka_unit_test(test_decay),
        cmocka_unit_test(test_decay_again),
        cmocka_unit_test(test_segments),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
