/* test_tails.c - tails go to exact zero, with nothing denormal on the way. */
#include "voices.h"

/* Looks at the state words that are floats (the first `floats`; -1: all, and the delay memory).
 * The largest of them and the output. */
static float look(const struct voice *v, int floats, float out, const char *what, int frame)
{
    static float words[1 << 14];
    size_t head = 4 + 5 * (size_t)rp_param_count(v->built.program);
    size_t all = rp_snapshot_bytes(v->built.program) / 4 - head;
    size_t count = floats < 0 ? all : (size_t)floats;
    float largest = fabsf(out);
    state_words(v, words, count);
    if (t_denormal(out))
        fail_msg("%s: output %g at frame %d", what, (double)out, frame);
    for (size_t i = 0; i < count; i++) {
        if (t_denormal(words[i]))
            fail_msg("%s: state %zu is %g at frame %d", what, i, (double)words[i], frame);
        largest = fmaxf(largest, fabsf(words[i]));
    }
    return largest;
}

/* Runs on after the input went silent, until nothing is left; how long that took. The state is
 * looked at after each of the first `closely` frames, then now and then. */
static int run_tail(struct voice *v, int floats, int closely, const char *what)
{
    static float out[997];
    float left = 1.0f;
    for (int n = 0, step = 1; n < 4000000; n += step) {
        step = n < closely ? 1 : 997;
        t_run(v->group, (size_t)step, out, NULL);
        for (int i = 0; i < step - 1; i++)
            assert_false(t_denormal(out[i]));
        left = look(v, floats, out[step - 1], what, n);
        if (left == 0.0f)
            return n;
    }
    fail_msg("%s: still %g after 4000000 frames", what, (double)left);
    return 0;
}

static struct voice ringing_filter(enum kind kind, float cutoff, float q)
{
    struct voice v = filter(kind);
    uint64_t chance = 21;
    float out = 0.0f;
    set(&v, 1, cutoff);
    set(&v, 2, q);
    for (int n = 0; n < 100; n++) {
        set(&v, 0, t_between(&chance, -1.0f, 1.0f));
        t_run(v.group, 1, &out, NULL);
    }
    assert_true(out != 0.0f);
    set(&v, 0, 0.0f);
    return v;
}

static void test_filter_tails(void **state)
{
    static const float cutoffs[] = {20.0f, 100.0f, 1000.0f, 10000.0f, 23500.0f};
    static const float qs[] = {0.1f, 0.70710678f, 10.0f};
    char what[64];
    (void)state;
    for (int kind = 0; kind < KINDS; kind++)
        for (size_t i = 0; i < COUNT(cutoffs); i++)
            for (size_t k = 0; k < (kind == ONEPOLE ? 1 : COUNT(qs)); k++) {
                struct voice v = ringing_filter((enum kind)kind, cutoffs[i], qs[k]);
                snprintf(what, sizeof what, "%s at %g Hz, q %g", kind_names[kind],
                         (double)cutoffs[i], (double)qs[k]);
                run_tail(&v, kind == ONEPOLE ? 1 : 2, 20000, what);
                voice_free(&v);
            }
}

/* Below 5 Hz the flush of one state can leave the other standing, 1e-20/(2g) or less: nothing to
 * hear, nothing denormal, but not zero. */
static void test_slow_filter_tails(void **state)
{
    static float out[600000];
    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        struct voice v = ringing_filter((enum kind)kind, 2.0f, 0.70710678f);
        t_run(v.group, 600000, out, NULL);
        for (int n = 0; n < 600000; n++)
            assert_false(t_denormal(out[n]));
        assert_true(fabsf(out[100]) > 1e-9f);
        assert_true(look(&v, kind == ONEPOLE ? 1 : 2, out[599999], kind_names[kind], 0) < 1e-15f);
        voice_free(&v);
    }
}

static void test_envelope_tails(void **state)
{
    static const int lengths[] = {1, 100, 4800, 480000};
    (void)state;
    for (size_t i = 0; i < COUNT(lengths); i++) {
        struct voice v = envelope("env_adsr");
        float out[300];
        set_times(&v, 1000, 10, 0.5f, lengths[i]);
        set(&v, 0, 1.0f);
        t_run(v.group, 2, out, NULL); /* released from a thousandth */
        set(&v, 0, 0.0f);
        t_run(v.group, 1, out, NULL);
        assert_true(out[0] > 0.0f && out[0] < 0.002f);
        assert_int_equal(run_tail(&v, 1, 500000, "env_adsr"), lengths[i] - 1);
        voice_free(&v);
        v = envelope("env_decay");
        set_times(&v, 0, lengths[i], 0.0f, 0);
        set(&v, 0, 1.0f);
        t_run(v.group, 1, out, NULL);
        assert_true(out[0] == 1.0f);
        assert_int_equal(run_tail(&v, 1, 500000, "env_decay"), lengths[i] - 1);
        voice_free(&v);
    }
}

static void check_delay_tail(float frames, float feedback)
{
    static struct listing t;
    char what[64];
    float out[100];
    uint64_t chance = 22;
    t = (struct listing){.size = 0};
    t_line(&t, ".param \"x\" none linear -1 1 0 0\n.delay 1 200\n");
    unsigned x = t_param(&t, "x"), time = t_const(&t, frames), share = t_const(&t, feedback);
    unsigned d = t_read(&t, 0, time), back = t_call(&t, "mul", d, share);
    t_write(&t, 0, t_call(&t, "add", x, back));
    t_line(&t, "WRITE_OUTPUT r%u\n", d);
    struct voice v = voice(t.text, 0, 0);
    for (int n = 0; n < 300; n++) {
        set(&v, 0, t_between(&chance, -1.0f, 1.0f));
        t_run(v.group, 1, out, NULL);
    }
    assert_true(out[0] != 0.0f);
    set(&v, 0, 0.0f);
    snprintf(what, sizeof what, "delay of %g, feedback %g", (double)frames, (double)feedback);
    run_tail(&v, -1, 60000, what);
    voice_free(&v);
}

static void test_delay_tails(void **state)
{
    (void)state;
    check_delay_tail(1.0f, 0.5f);
    check_delay_tail(1.0f, -0.99f);
    check_delay_tail(7.5f, 0.9f);
    check_delay_tail(150.25f, 0.7f);
}

/* A filtered, echoed, released sound as a patch would have it. */
static void test_whole_tail(void **state)
{
    static struct listing t;
    t = (struct listing){.size = 0};
    t_line(&t, ".param \"gate\" gate linear 0 1 1 0\n.delay 1 300\n");
    (void)state;
    unsigned gate = t_param(&t, "gate"), saw = t_call(&t, "osc_saw", t_const(&t, 220.0f));
    unsigned s = t_call(&t, "env_segment", t_const(&t, 0.05f)), level = t_const(&t, 0.5f);
    unsigned env = t_call(&t, "env_adsr", gate, s, s + 1, s, s + 1, level, s, s + 1);
    unsigned c = t_call(&t, "svf_coeff", t_const(&t, 800.0f), level);
    unsigned amp = t_call(&t, "gain", saw, env);
    unsigned low = t_call(&t, "svf_lopass", amp, c, c + 1, c + 2);
    unsigned d = t_read(&t, 0, t_const(&t, 240.5f)), back = t_call(&t, "mul", d, level);
    unsigned wet = t_call(&t, "add", low, back);
    t_write(&t, 0, wet);
    t_line(&t, "WRITE_OUTPUT r%u\n", wet);
    struct voice v = voice(t.text, 0, 0);
    static float out[100000];
    t_run(v.group, 9000, out, NULL);
    assert_true(fabsf(out[8999]) > 1e-3f);
    set(&v, 0, 0.0f);
    t_run(v.group, 100000, out, NULL);
    int last = 0;
    for (int n = 0; n < 100000; n++) {
        assert_false(t_denormal(out[n]));
        if (out[n] != 0.0f)
            last = n;
    }
    assert_true(last > 5000 && last < 60000);
    voice_free(&v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_filter_tails),   cmocka_unit_test(test_slow_filter_tails),
        cmocka_unit_test(test_envelope_tails), cmocka_unit_test(test_delay_tails),
        cmocka_unit_test(test_whole_tail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
