/* test_math.c - vm/math.h: exact values, symmetries, bits, and errors against libm in double on a
 * thinned-out sweep; the same bits at every lane width. functions.c takes every argument. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kern.h"

enum { CHUNK = 4096 };

static float from_bits(uint32_t u)
{
    float x;
    memcpy(&x, &u, sizeof x);
    return x;
}

static uint32_t to_bits(float x)
{
    uint32_t u;
    memcpy(&u, &x, sizeof u);
    return u;
}

/* What was seen over a sweep. */
struct worst {
    double absolute;
    double relative;
    double excess; /* of |error| over a bound that depends on the value */
    uint32_t at;   /* bits of the argument, worst by the kind the caller looks at */
    float highest;
};

/* One argument's error against the oracle, into *w. */
typedef void judge_fn(struct worst *w, uint32_t bits, float got);

static void judge(struct worst *w, uint32_t bits, float got, double want)
{
    double error = fabs((double)got - want);
    if (!isfinite(got))
        fail_msg("argument 0x%08x gives %g", bits, (double)got);
    if (error > w->absolute) {
        w->absolute = error;
        w->at = bits;
    }
    if (want != 0.0 && error / fabs(want) > w->relative)
        w->relative = error / fabs(want);
    if (fabsf(got) > w->highest)
        w->highest = fabsf(got);
}

static void run_all_widths(enum kern_fn fn, const uint32_t *bits, float *y)
{
    static const struct kern *const wide[] = {&kern_4, &kern_8, &kern_16};
    static float other[CHUNK];
    kern_1.map(fn, CHUNK, bits, y);
    for (size_t k = 0; k < 3; k++) {
        wide[k]->map(fn, CHUNK, bits, other);
        assert_memory_equal(y, other, sizeof other);
    }
}

/* From first to last inclusive by `step`, the last chunk filled up with `last`. */
static void sweep(enum kern_fn fn, judge_fn *judged, struct worst *w, uint32_t first, uint32_t last,
                  uint32_t step)
{
    static uint32_t bits[CHUNK];
    static float y[CHUNK];
    uint64_t next = first;
    while (next <= last) {
        for (size_t i = 0; i < CHUNK; i++, next += step)
            bits[i] = next <= last ? (uint32_t)next : last;
        run_all_widths(fn, bits, y);
        for (size_t i = 0; i < CHUNK; i++)
            judged(w, bits[i], y[i]);
    }
}

static float at(enum kern_fn fn, uint32_t bits)
{
    float y;
    kern_1.map(fn, 1, &bits, &y);
    return y;
}

static void report(const char *name, const struct worst *w)
{
    print_message("  %s: absolute %.3g at 0x%08x, relative %.3g, highest %.9g\n", name, w->absolute,
                  w->at, w->relative, (double)w->highest);
}

static const double TURN = 6.283185307179586476925286766559;

static void judge_sin(struct worst *w, uint32_t phase, float got)
{
    judge(w, phase, got, sin(TURN * ((double)phase / 4294967296.0)));
}

static void test_sin(void **state)
{
    struct worst w = {0};
    (void)state;
    sweep(FN_SIN, judge_sin, &w, 0, 0xffffffffu, 509);
    report("sin", &w);
    assert_true(w.absolute <= 1.1e-7);
    assert_true(w.highest <= 1.0f);
    assert_true(w.absolute > 1e-8); /* the oracle is another function */
    assert_int_equal(to_bits(at(FN_SIN, 0)), to_bits(0.0f));
    assert_int_equal(to_bits(at(FN_SIN, 0x40000000u)), to_bits(1.0f));
    assert_true(at(FN_SIN, 0x80000000u) == 0.0f);
    assert_int_equal(to_bits(at(FN_SIN, 0xc0000000u)), to_bits(-1.0f));
}

/* sin(-p) = -sin(p) = sin(p + 1/2), sin(1/2 - p) = sin(p), bit for bit. */
static void test_sin_symmetry(void **state)
{
    static uint32_t bits[4][CHUNK];
    static float y[4][CHUNK];
    uint32_t step = 251;
    (void)state;
    for (uint64_t next = 1; next < 0x40000000u;) {
        for (size_t i = 0; i < CHUNK; i++, next += step) {
            uint32_t p = next < 0x40000000u ? (uint32_t)next : 1;
            bits[0][i] = p;
            bits[1][i] = 0u - p;
            bits[2][i] = 0x80000000u - p;
            bits[3][i] = 0x80000000u + p;
        }
        for (size_t k = 0; k < 4; k++)
            kern_1.map(FN_SIN, CHUNK, bits[k], y[k]);
        for (size_t i = 0; i < CHUNK; i++) {
            uint32_t u = to_bits(y[0][i]);
            if (to_bits(y[1][i]) != (u ^ 0x80000000u) || to_bits(y[2][i]) != u ||
                to_bits(y[3][i]) != (u ^ 0x80000000u))
                fail_msg("sin is not symmetric at phase 0x%08x", bits[0][i]);
        }
    }
}

/* A fused or double-precision rewrite, a coefficient's last digit: all show in the bits. */
static void test_sin_bits(void **state)
{
    uint32_t hash = 2166136261u;
    (void)state;
    for (uint32_t i = 0; i < 65536; i++)
        hash = (hash ^ to_bits(at(FN_SIN, i * 40503u * 65537u))) * 16777619u;
    assert_int_equal(hash, 0xd0cb6aadu);
}

static void judge_tan(struct worst *w, uint32_t bits, float got)
{
    judge(w, bits, got, tan(TURN / 2 * (double)from_bits(bits)));
}

static void test_tan(void **state)
{
    struct worst w = {0};
    (void)state;
    sweep(FN_TAN, judge_tan, &w, to_bits(1e-12f), to_bits(0.49f), 193);
    sweep(FN_TAN, judge_tan, &w, to_bits(0.24f), to_bits(0.26f), 1);
    report("tan", &w);
    assert_true(w.relative <= 3e-7);
    assert_int_equal(to_bits(at(FN_TAN, to_bits(0.0f))), 0);
}

static void judge_exp2(struct worst *w, uint32_t bits, float got)
{
    judge(w, bits, got, exp2((double)from_bits(bits)));
}

static void test_exp2(void **state)
{
    struct worst w = {0};
    uint32_t step = 397;
    (void)state;
    sweep(FN_EXP2, judge_exp2, &w, to_bits(1e-9f), to_bits(127.0f), step);
    sweep(FN_EXP2, judge_exp2, &w, to_bits(-1e-9f), to_bits(-126.0f), step);
    sweep(FN_EXP2, judge_exp2, &w, to_bits(0.49f), to_bits(0.51f), 1);
    report("exp2", &w);
    assert_true(w.relative <= 1.1e-7);
    for (int i = -126; i <= 127; i++)
        assert_true(at(FN_EXP2, to_bits((float)i)) == ldexpf(1.0f, i));
    assert_true(at(FN_EXP2, to_bits(1000.0f)) == ldexpf(1.0f, 127));
    assert_true(at(FN_EXP2, to_bits(-INFINITY)) == ldexpf(1.0f, -126));
    assert_true(at(FN_EXP2, to_bits(NAN)) == ldexpf(1.0f, -126));
}

static void judge_log2(struct worst *w, uint32_t bits, float got)
{
    double want = log2((double)from_bits(bits));
    double over = fabs((double)got - want) - fabs(want) / 16777216.0;
    if (over > w->excess)
        w->excess = over;
    judge(w, bits, got, want);
}

static void test_log2(void **state)
{
    struct worst w = {0};
    struct worst near = {0};
    (void)state;
    sweep(FN_LOG2, judge_log2, &w, 0x00800000u, 0x7f7fffffu, 1021);
    report("log2", &w);
    print_message("  log2: beyond 2^-24 |log2 x|: %.3g\n", w.excess);
    assert_true(w.excess <= 7e-8);
    sweep(FN_LOG2, judge_log2, &near, to_bits(0.70710683f), to_bits(1.4142134f), 3);
    report("log2 from sqrt(1/2) to sqrt(2)", &near);
    assert_true(near.relative <= 1.5e-7);
    for (int i = -126; i <= 127; i++)
        assert_true(at(FN_LOG2, to_bits(ldexpf(1.0f, i))) == (float)i);
}

static void judge_tanh(struct worst *w, uint32_t bits, float got)
{
    judge(w, bits, got, tanh((double)from_bits(bits)));
}

/* Odd bit for bit, so one side is all. */
static void test_tanh(void **state)
{
    struct worst w = {0};
    uint32_t step = 397;
    (void)state;
    sweep(FN_TANH, judge_tanh, &w, 0x00800000u, to_bits(1e-9f), 9973);
    sweep(FN_TANH, judge_tanh, &w, to_bits(1e-9f), 0x7f7fffffu, step);
    sweep(FN_TANH, judge_tanh, &w, to_bits(8.9f), to_bits(9.1f), 1);
    report("tanh", &w);
    assert_true(w.relative <= 4.1e-7);
    assert_true(w.relative > 1e-8);
    assert_true(w.highest <= 1.0f);
    for (uint64_t u = 0; u <= 0x7f800000u; u += step)
        assert_int_equal(to_bits(at(FN_TANH, (uint32_t)u)) ^ 0x80000000u,
                         to_bits(at(FN_TANH, (uint32_t)u | 0x80000000u)));
    for (float x = 1e-38f; x < 1e-4f; x *= 1.37f)
        assert_true(at(FN_TANH, to_bits(x)) == x);
    assert_true(at(FN_TANH, to_bits(INFINITY)) == 1.0f);
    assert_true(at(FN_TANH, to_bits(NAN)) == -1.0f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sin),      cmocka_unit_test(test_sin_symmetry),
        cmocka_unit_test(test_sin_bits), cmocka_unit_test(test_tan),
        cmocka_unit_test(test_exp2),     cmocka_unit_test(test_log2),
        cmocka_unit_test(test_tanh),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
