/* test_arithmetic.c - one frame of arithmetic and panning, and noise by its moments. */
#include "voices.h"

/* ---- arithmetic ---- */

/* One frame of an op of up to three inputs, given as bits; `second` for its second output. */
static uint32_t one_frame(const char *op, const float *x, int second)
{
    static struct listing t;
    const struct vm_op_row *row = vm_op_by_name(op, strlen(op));
    static const char *const names[] = {"a", "b", "c"};
    unsigned in[3];
    float out[2] = {0.0f, 0.0f};
    t = (struct listing){.size = 0};
    for (unsigned j = 0; j < row->inputs; j++) {
        t_line(&t, ".param \"%s\" none linear -3e38 3e38 0 0\n", names[j]);
        in[j] = t_param(&t, names[j]);
    }
    unsigned r = t_op(&t, row, in, 0);
    t_line(&t, "WRITE_OUTPUT r%u\n", r + (unsigned)second);
    struct voice v = voice(t.text, 0, 0);
    for (unsigned j = 0; j < row->inputs; j++)
        set(&v, j, x[j]);
    t_run(v.group, 1, out, NULL);
    voice_free(&v);
    return t_bits(out[0]);
}

static void test_arithmetic(void **state)
{
    static const struct {
        const char *op;
        float x[3], want;
    } cases[] = {
        {"gain", {3.0f, 0.1f}, 3.0f * 0.1f},
        {"mul", {-1e-20f, 1e-20f}, -1e-20f * 1e-20f},
        {"add", {1.0f, 5.9604645e-8f}, 1.0f}, /* ties to even */
        {"add", {1.0000001f, 5.9604645e-8f}, 1.0000002f},
        {"sub", {0.3f, 0.1f}, 0.3f - 0.1f},
        {"sub", {1.0f, 1.0f}, 0.0f},
        {"div", {1.0f, 3.0f}, 1.0f / 3.0f},
        {"div", {-7.0f, 2.0f}, -3.5f},
        {"div", {0.0f, -5.0f}, -0.0f},
        {"min", {1.0f, 2.0f}, 1.0f},
        {"min", {2.0f, -1.0f}, -1.0f},
        {"min", {0.0f, -0.0f}, -0.0f}, /* a < b ? a : b: b when equal */
        {"min", {-0.0f, 0.0f}, 0.0f},
        {"max", {1.0f, 2.0f}, 2.0f},
        {"max", {2.0f, -1.0f}, 2.0f},
        {"max", {0.0f, -0.0f}, -0.0f},
        {"max", {-0.0f, 0.0f}, 0.0f},
        {"clip", {0.5f, -1.0f, 1.0f}, 0.5f},
        {"clip", {-5.0f, -1.0f, 1.0f}, -1.0f},
        {"clip", {5.0f, -1.0f, 1.0f}, 1.0f},
        {"clip", {0.0f, 2.0f, 1.0f}, 1.0f}, /* the upper limit has the last word */
        {"frames", {0.25f}, 12000.0f},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        uint32_t got = one_frame(cases[i].op, cases[i].x, 0);
        if (got != t_bits(cases[i].want))
            fail_msg("case %zu, %s: %.9g, not %.9g", i, cases[i].op, (double)t_float(got),
                     (double)cases[i].want);
    }
}

/* With NaN every comparison is false, so min and max give their second input, clip the low end. */
static void test_not_a_number(void **state)
{
    struct voice v = voice("LOAD_CONST r1, 0\nCALL_OP div, r1, r1 -> r2\nLOAD_CONST r3, 3\n"
                           "LOAD_CONST r4, 5\nCALL_OP min, r2, r3 -> r5\n"
                           "CALL_OP max, r2, r3 -> r6\nCALL_OP clip, r2, r3, r4 -> r7\n"
                           "CALL_OP add, r5, r6 -> r8\nWRITE_OUTPUT r8, r7\n",
                           0, 0);
    float left, right;
    (void)state;
    t_run(v.group, 1, &left, &right);
    assert_true(left == 6.0f && right == 3.0f);
    voice_free(&v);
    v = voice("LOAD_CONST r1, 0\nCALL_OP div, r1, r1 -> r2\nLOAD_CONST r3, 3\n"
              "CALL_OP min, r3, r2 -> r4\nWRITE_OUTPUT r4\n",
              0, 0);
    float *out[1] = {&left};
    struct rp_error error;
    assert_int_equal(rp_run(v.group, 1, out, &error), RP_NOT_FINITE);
    assert_non_null(strstr(error.reason, "not a number"));
    voice_free(&v);
}

static void pan_at(float pos, float *left, float *right)
{
    *left = t_float(one_frame("pan_gains", &pos, 0));
    *right = t_float(one_frame("pan_gains", &pos, 1));
}

static void test_pan(void **state)
{
    float left, right;
    (void)state;
    for (int i = -200; i <= 200; i++) {
        float pos = (float)i / 200.0f;
        double angle = PI / 4.0 * (1.0 + (double)pos);
        pan_at(pos, &left, &right);
        assert_near(left, cos(angle), "left", i);
        assert_near(right, sin(angle), "right", i);
        double power = (double)left * (double)left + (double)right * (double)right;
        assert_near((float)power, 1.0, "power", i);
        assert_true(left >= 0.0f && right >= 0.0f && left <= 1.0f && right <= 1.0f);
    }
    static const float ends[] = {1.0f, 2.0f, 1e30f};
    for (size_t i = 0; i < COUNT(ends); i++) {
        pan_at(-ends[i], &left, &right);
        assert_true(left == 1.0f && right == 0.0f);
        pan_at(ends[i], &left, &right);
        assert_true(left == 0.0f && right == 1.0f);
    }
    pan_at(0.0f, &left, &right);
    assert_int_equal(t_bits(left), t_bits(right));
}

/* ---- noise ---- */

enum { NOISE = 1 << 16 }; /* frames */

static void hear_noise(unsigned key, uint64_t seed, uint64_t serial, float *out)
{
    static struct listing t;
    t = (struct listing){.size = 0};
    t_line(&t, "WRITE_OUTPUT r%u\n", t_noise(&t, key));
    struct voice v = voice(t.text, seed, serial);
    t_run(v.group, NOISE, out, NULL);
    voice_free(&v);
}

/* Correlation of two streams, one shifted: for independent ones about 1/sqrt(NOISE), 0.004. */
static double correlation(const float *a, const float *b, int shift)
{
    double sum = 0.0, aa = 0.0, bb = 0.0;
    for (int n = shift; n < NOISE; n++) {
        sum += (double)a[n] * (double)b[n - shift];
        aa += (double)a[n] * (double)a[n];
        bb += (double)b[n - shift] * (double)b[n - shift];
    }
    return sum / sqrt(aa * bb);
}

static void test_noise(void **state)
{
    static float one[NOISE], two[NOISE];
    double sum = 0.0, power = 0.0;
    (void)state;
    hear_noise(1, 1, 1, one);
    hear_noise(1, 1, 1, two);
    t_same(two, one, NOISE, "the same noise");
    for (int shift = 1; shift < 20; shift++)
        assert_true(fabs(correlation(one, one, shift)) < 0.02);
    for (int n = 0; n < NOISE; n++) {
        assert_true(one[n] >= -1.0f && one[n] < 1.0f);
        sum += (double)one[n];
        power += (double)one[n] * (double)one[n];
    }
    assert_true(fabs(sum / NOISE) < 0.01 && fabs(power / NOISE - 1.0 / 3.0) < 0.01);
}

/* Key, seed and serial each make another noise, also when they change places. */
static void test_noises_differ(void **state)
{
    static const struct {
        unsigned key;
        uint64_t seed, serial;
    } noises[] = {{1, 1, 1},          {1, 1, 2},          {1, 2, 1},          {2, 1, 1},
                  {1, 0, 1},          {1, 1, 0},          {0, 1, 1},          {1, 3, 2},
                  {1, 2, 3},          {2, 1, 3},          {3, 1, 2},          {2, 3, 1},
                  {1, 1ull << 32, 1}, {1, 1, 1ull << 32}, {1, 1ull << 63, 1}, {1, 1, 1ull << 63},
                  {0x80000001u, 1, 1}};
    static float heard[COUNT(noises)][NOISE];
    (void)state;
    for (size_t i = 0; i < COUNT(noises); i++) {
        hear_noise(noises[i].key, noises[i].seed, noises[i].serial, heard[i]);
        for (size_t k = 0; k < i; k++)
            for (int shift = 0; shift < 3; shift++)
                if (fabs(correlation(heard[i], heard[k], shift)) > 0.025)
                    fail_msg("noises %zu and %zu are alike, %d frames apart", i, k, shift);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_arithmetic),    cmocka_unit_test(test_not_a_number),
        cmocka_unit_test(test_pan),           cmocka_unit_test(test_noise),
        cmocka_unit_test(test_noises_differ),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
