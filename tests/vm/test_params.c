/* test_params.c - parameters from outside: jumps, glides, positions. */
#include "parts.h"

static const char one_param[] = "LOAD_PARAM r1, \"x\"\nWRITE_OUTPUT r1\n";

static struct built param_program(const char *declaration)
{
    char text[256];
    snprintf(text, sizeof text, ".param \"x\" %s\n%s", declaration, one_param);
    return t_build(text);
}

static void test_jump(void **state)
{
    static const float values[] = {2.0f, -1.0f, 11.0f, -11.0f, NAN, INFINITY, -INFINITY, 0.25f};
    static const float heard[] = {2.0f, -1.0f, 10.0f, -10.0f, -10.0f, 10.0f, -10.0f, 0.25f};
    struct built b = param_program("none linear -10 10 3 0");
    struct rp_group *g = started(b.program);
    float out[333];
    (void)state;
    t_run(g, 100, out, NULL);
    for (size_t k = 0; k < 100; k++)
        assert_true(out[k] == 3.0f);
    for (size_t i = 0; i < COUNT(values); i++) {
        assert_int_equal(rp_param_set(g, 0, 0, values[i]), RP_OK);
        t_run(g, 1 + 41 * i, out, NULL);
        for (size_t k = 0; k < 1 + 41 * i; k++)
            assert_true(out[k] == heard[i]);
    }
    assert_int_equal(rp_param_set(g, 1, 0, 0.0f), RP_ARGUMENT);
    assert_int_equal(rp_param_set(g, 0, 1, 0.0f), RP_ARGUMENT);
    assert_int_equal(rp_param_glide(g, 0, 1, 0.0f, 9), RP_ARGUMENT);
    assert_int_equal(rp_voice_start(g, 1, 0, 0), RP_ARGUMENT);
    free(g);
    t_free(&b);
}

/* Frame k of a glide of n: start + (target - start) (k/n), every step rounded; frame n is it. */
static float on_line(float start, float target, uint32_t k, uint32_t n)
{
    return k >= n ? target : start + (target - start) * ((float)k / (float)n);
}

static void test_linear_glide(void **state)
{
    static const uint32_t lengths[] = {1, 2, 63, 64, 65, 100, 1000};
    struct built b = param_program("none linear -10 10 3 0");
    (void)state;
    for (size_t i = 0; i < COUNT(lengths); i++) {
        struct rp_group *g = started(b.program);
        uint32_t n = lengths[i];
        float out[1200];
        t_run(g, 17, out, NULL);
        assert_int_equal(rp_param_glide(g, 0, 0, -7.3f, n), RP_OK);
        t_run(g, 1200, out, NULL);
        for (uint32_t k = 0; k < 1200; k++)
            if (t_bits(out[k]) != t_bits(on_line(3.0f, -7.3f, k, n)))
                fail_msg("frame %u of %u: %.9g", k, n, (double)out[k]);
        assert_true(out[n - 1] > -7.3f && out[n] == -7.3f);
        t_run(g, 1, out, NULL);
        assert_true(g->gliding[0] == 0 && !g->stale); /* uniform again: nothing is paid for it */
        free(g);
    }
    t_free(&b);
}

/* start (target/start)^(k/n), one way only and between its ends. */
static void glide_exponentially(float low, float high, float from, float to, uint32_t n)
{
    char text[96];
    float out[2048];
    snprintf(text, sizeof text, "none exponential %.9g %.9g %.9g 0", (double)low, (double)high,
             (double)from);
    struct built b = param_program(text);
    struct rp_group *g = started(b.program);
    assert_int_equal(rp_param_glide(g, 0, 0, to, n), RP_OK);
    t_run(g, n + 10, out, NULL);
    assert_int_equal(t_bits(out[0]), t_bits(from));
    for (uint32_t k = 0; k < 10; k++)
        assert_int_equal(t_bits(out[n + k]), t_bits(to));
    for (uint32_t k = 1; k < n; k++) {
        double want = (double)from * pow((double)to / (double)from, (double)k / n);
        if (fabs((double)out[k] / want - 1.0) > 2e-6)
            fail_msg("frame %u of %u: %.9g, not %.9g", k, n, (double)out[k], want);
        assert_true(fabsf(to) > fabsf(from) ? fabsf(out[k]) >= fabsf(out[k - 1])
                                            : fabsf(out[k]) <= fabsf(out[k - 1]));
    }
    free(g);
    t_free(&b);
}

static void test_exponential_glide(void **state)
{
    (void)state;
    glide_exponentially(20.0f, 20000.0f, 440.0f, 880.0f, 100);
    glide_exponentially(20.0f, 20000.0f, 20.0f, 20000.0f, 2000);
    glide_exponentially(20.0f, 20000.0f, 20000.0f, 20.0f, 2000);
    glide_exponentially(-8.0f, -0.001f, -8.0f, -0.001f, 777);
    glide_exponentially(1e-6f, 1.0f, 1.0f, 1e-6f, 480);
    glide_exponentially(1.0f, 2.0f, 1.5f, 1.5f, 64);
}

static void test_glide_while_gliding(void **state)
{
    struct built b = param_program("none linear -10 10 0 0");
    struct rp_group *g = started(b.program);
    float out[500];
    (void)state;
    rp_param_glide(g, 0, 0, 8.0f, 200);
    t_run(g, 77, out, NULL);
    float there = on_line(0.0f, 8.0f, 77, 200);
    rp_param_glide(g, 0, 0, -20.0f, 150); /* held to -10 */
    t_run(g, 100, out, NULL);
    for (uint32_t k = 0; k < 100; k++)
        assert_int_equal(t_bits(out[k]), t_bits(on_line(there, -10.0f, k, 150)));
    rp_param_set(g, 0, 0, 1.0f); /* a jump ends a glide */
    t_run(g, 100, out, NULL);
    for (uint32_t k = 0; k < 100; k++)
        assert_true(out[k] == 1.0f);
    rp_param_glide(g, 0, 0, NAN, 10);
    t_run(g, 11, out, NULL);
    assert_true(out[0] == 1.0f && out[9] > -10.0f && out[10] == -10.0f);
    rp_param_glide(g, 0, 0, 5.0f, 10);
    rp_voice_start(g, 0, 0, 0); /* and so does a new voice */
    t_run(g, 20, out, NULL);
    for (uint32_t k = 0; k < 20; k++)
        assert_true(out[k] == 0.0f);
    free(g);
    t_free(&b);
}

/* Several glides within one call, ending at frames of their own. */
static void test_glides_together(void **state)
{
    struct built b = t_build(".param \"x\" none linear 0 9 0 0\n.param \"y\" none linear 0 9 9 0\n"
                             "LOAD_PARAM r1, \"x\"\nLOAD_PARAM r2, \"y\"\nWRITE_OUTPUT r1, r2\n");
    struct rp_group *g = t_group(b.program, 4, RP_ISA_BEST);
    static float x[4 * 300], y[4 * 300];
    (void)state;
    for (unsigned l = 0; l < 4; l++) {
        rp_voice_start(g, l, 0, 0);
        rp_param_glide(g, l, 0, (float)l + 1.0f, 50 * l); /* none for lane 0: a jump */
        rp_param_glide(g, l, 1, 0.0f, 33 + l);
    }
    t_run(g, 300, x, y);
    for (uint32_t k = 0; k < 300; k++)
        for (unsigned l = 0; l < 4; l++) {
            assert_true(x[4 * k + l] == on_line(0.0f, (float)l + 1.0f, k, 50 * l));
            assert_true(y[4 * k + l] == on_line(9.0f, 0.0f, k, 33 + l));
        }
    free(g);
    t_free(&b);
}

/* The longest glide a snapshot can hold ends, and does not begin again. */
static void test_longest_glide(void **state)
{
    struct built b = param_program("none linear 0 10 0 0");
    struct rp_group *g = started(b.program);
    uint32_t words[64];
    float out[300];
    (void)state;
    rp_param_glide(g, 0, 0, 10.0f, 1234);
    assert_true(rp_snapshot_bytes(b.program) <= sizeof words);
    assert_int_equal(rp_snapshot(g, 0, words, sizeof words), RP_OK);
    assert_int_equal(words[8], 1234); /* header 4, value, start, target, at, length */
    words[8] = UINT32_MAX;
    words[7] = UINT32_MAX - 30;
    assert_int_equal(rp_restore(g, 0, words, sizeof words), RP_OK);
    t_run(g, 300, out, NULL);
    for (uint32_t k = 30; k < 300; k++)
        if (out[k] != 10.0f)
            fail_msg("frame %u after the end: %.9g", k - 30, (double)out[k]);
    rp_param_glide(g, 0, 0, 0.0f, 10);
    t_run(g, 11, out, NULL);
    assert_true(out[0] == 10.0f && out[10] == 0.0f);
    free(g);
    t_free(&b);
}

static void test_positions(void **state)
{
    struct rp_param line = {"", RP_UNIT_NONE, RP_LINEAR, -2.0f, 6.0f, 0.0f, 0};
    struct rp_param curve = {"", RP_UNIT_HZ, RP_EXPONENTIAL, 20.0f, 20480.0f, 440.0f, 0};
    (void)state;
    assert_true(rp_param_at(&line, 0.5f) == 2.0f && rp_param_at(&line, 0.25f) == 0.0f);
    assert_true(fabsf(rp_param_at(&curve, 0.5f) - 640.0f) < 0.001f);
    struct rp_param both[] = {line, curve};
    for (unsigned i = 0; i < 2; i++) {
        assert_true(rp_param_at(&both[i], 0.0f) == both[i].low);
        assert_true(rp_param_at(&both[i], -1.0f) == both[i].low);
        assert_true(rp_param_at(&both[i], NAN) == both[i].low);
        assert_true(rp_param_at(&both[i], 1.0f) == both[i].high);
        assert_true(rp_param_at(&both[i], 7.0f) == both[i].high);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_jump),
        cmocka_unit_test(test_linear_glide),
        cmocka_unit_test(test_exponential_glide),
        cmocka_unit_test(test_glide_while_gliding),
        cmocka_unit_test(test_glides_together),
        cmocka_unit_test(test_longest_glide),
        cmocka_unit_test(test_positions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
