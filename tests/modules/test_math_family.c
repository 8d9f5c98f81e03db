/* test_math_family.c - arithmetic, comparison, projections and conversions against libm in double,
 * over ramps that take in the ends of each range. */
#include "kit.h"

enum { N = 4096 };

static float out[N];

/* The module at `form`, its `a` going from low to high. */
static void ramp(const char *form, double low, double high)
{
    char text[512];
    snprintf(text, sizeof text,
             "(patch (params (x (unit none) (range -1e9 1e9) (default 0))) (output %s))", form);
    struct player p = play(text);
    for (int n = 0; n < N; n++) {
        player_set(&p, "x", low + (high - low) * n / (N - 1));
        player_run(&p, 1, out + n);
    }
    player_close(&p);
}

static double at(double low, double high, int n)
{
    return (double)(float)(low + (high - low) * n / (N - 1));
}

typedef double fn(double);

/* Within `absolute` plus `relative` of the wanted value. */
static void against(const char *form, fn *wanted, double low, double high, double absolute,
                    double relative)
{
    double worst = 0.0;
    ramp(form, low, high);
    for (int n = 0; n < N; n++) {
        double x = at(low, high, n), y = wanted(x), off = fabs((double)out[n] - y);
        if (!(off <= absolute + relative * fabs(y)))
            fail_msg("%s at %.9g: %.9g, not %.9g", form, x, (double)out[n], y);
        worst = fmax(worst, off);
    }
    print_message("  %-50s off by %.2g at most\n", form, worst);
}

static double f_neg(double x)
{
    return -x;
}
static double f_sign(double x)
{
    return x > 0 ? 1 : x < 0 ? -1 : 0;
}
static double f_fract(double x)
{
    return x - floor(x);
}
static double f_root(double x)
{
    return sqrt(fmax(x, 0));
}
static double f_exp(double x)
{
    return exp(fmax(fmin(x, 87), -87));
}
static double f_sin(double x)
{
    return sin(TAU * x);
}
static double f_cos(double x)
{
    return cos(TAU * x);
}
static double f_cube(double x)
{
    return x < 0 ? -pow(-x, 3) : pow(x, 3);
}
static double f_mod(double x)
{
    return x - 2.5 * floor(x / 2.5);
}
static double f_modneg(double x)
{
    return x + 2.5 * floor(x / -2.5);
}
static double f_wrap(double x)
{
    return x - 3 * floor((x + 1) / 3);
}
static double f_bisquare(double x)
{
    return x * fabs(x);
}
static double f_biroot(double x)
{
    return x < 0 ? -sqrt(-x) : sqrt(x);
}
static double f_map(double x)
{
    return 10 + (x + 2) * 2.5;
}
static double f_ratio(double x)
{
    return pow(10, x / 20);
}
static double f_db(double x)
{
    return 20 * log10(fmax(fabs(x), 1e-20));
}
static double f_hz(double x)
{
    return 440 * exp2((x - 69) / 12);
}
static double f_midi(double x)
{
    return 69 + 12 * log2(fmax(x, 1e-3) / 440);
}
static double f_semis(double x)
{
    return exp2(x / 12);
}
static double f_steps(double x)
{
    return 12 * log2(fabs(x));
}
static double f_ms(double x)
{
    return x / 1000;
}
static double f_period(double x)
{
    return 1 / x;
}
static double f_bpm(double x)
{
    return x / 60;
}

/* Exponentials end at 2^100 and 2^-126, at the sample rate and through half-bands. */
static void test_most(void **state)
{
    static const char *const forms[] = {"(math.exp2 x%s)", "(math.exp x%s)", "(db.to.ratio x%s)",
                                        "(semitones.to.ratio x%s)",
                                        "(math.pow 1e9 (math.mul x x)%s)"};
    (void)state;
    for (size_t i = 0; i < COUNT(forms); i++)
        for (int fast = 0; fast < 2; fast++) {
            char form[200];
            snprintf(form, sizeof form, forms[i], fast ? " (oversample 8)" : "");
            ramp(form, -1e9, 1e9);
            assert_true(out[N - 1] == 0x1p100f);
            assert_true(i == COUNT(forms) - 1 || out[0] == 0x1p-126f);
        }
    /* What a filter that resonates makes of the largest steps. */
    ramp("(filter.lopass (math.exp2 (gain (math.sin (gain x 0.1)) 200)) (cutoff 1200) (q 1000))", 0,
         N);
    for (int n = 0; n < N; n++)
        assert_true(isfinite(out[n]));
}

static void test_arithmetic(void **state)
{
    (void)state;
    against("(math.abs x)", fabs, -5, 5, 0, 0);
    against("(math.neg x)", f_neg, -5, 5, 0, 0);
    against("(math.sign x)", f_sign, -5, 5, 0, 0);
    against("(math.floor x)", floor, -5, 5, 0, 0);
    against("(math.floor x)", floor, -2e7, 2e7, 0, 0);
    against("(math.ceil x)", ceil, -5, 5, 0, 0);
    against("(math.round x)", nearbyint, -5, 5, 0, 0);
    against("(math.round x)", nearbyint, -1e7, 1e7, 0, 0);
    against("(math.fract x)", f_fract, -5, 5, 3e-7, 0);
    against("(math.mod x (b 2.5))", f_mod, -50, 50, 4e-6, 0);
    against("(math.mod x (b -2.5))", f_modneg, -50, 50, 4e-6, 0);
    against("(math.wrap x (low -1) (high 2))", f_wrap, -20, 20, 4e-6, 0);
    against("(math.sqrt x)", f_root, -1, 9, 0, 6e-8);
    against("(math.pow x (b 3))", f_cube, -9, 9, 1e-30, 2e-6);
    against("(math.exp2 x)", exp2, -30, 30, 0, 1.1e-7);
    against("(math.log2 x)", log2, 1e-3, 1e4, 1e-7, 6e-8);
    against("(math.exp x)", f_exp, -20, 20, 0, 2e-6);
    against("(math.log x)", log, 1e-3, 1e4, 2e-7, 1.2e-7);
    against("(math.sin x)", f_sin, -3, 3, 3e-7, 0);
    against("(math.cos x)", f_cos, -3, 3, 2e-6, 0);
    against("(math.bisquare x)", f_bisquare, -3, 3, 0, 6e-8);
    against("(math.biroot x)", f_biroot, -3, 3, 0, 6e-8);
    against("(math.map x (low -2) (high 2) (tolow 10) (tohigh 20))", f_map, -4, 4, 2e-6, 0);
}

/* a, the decisions at a < b, a = b, a > b. */
static void truth(const char *form, int below, int equal, int above)
{
    float y[3];
    char text[256];
    snprintf(text, sizeof text,
             "(patch (params (x (unit none) (range -9 9) (default 0))) (output %s))", form);
    struct player p = play(text);
    for (int n = 0; n < 3; n++) {
        player_set(&p, "x", n - 1.0);
        player_run(&p, 1, y + n);
    }
    player_close(&p);
    if (y[0] != (float)below || y[1] != (float)equal || y[2] != (float)above)
        fail_msg("%s: %g %g %g", form, (double)y[0], (double)y[1], (double)y[2]);
}

static void test_decisions(void **state)
{
    (void)state;
    truth("(math.gt x (b 0))", 0, 0, 1);
    truth("(math.ge x (b 0))", 0, 1, 1);
    truth("(math.lt x (b 0))", 1, 0, 0);
    truth("(math.le x (b 0))", 1, 1, 0);
    truth("(math.eq x (b 0))", 0, 1, 0);
    truth("(math.ne x (b 0))", 1, 0, 1);
    truth("(logic.and x (math.gt x (b -5)))", 0, 0, 1);
    truth("(logic.or x (math.lt x (b -0.5)))", 1, 0, 1);
    truth("(logic.xor x (math.gt x (b -5)))", 1, 1, 0);
    truth("(logic.not x)", 1, 1, 0);
    truth("(logic.select x (a 3) (b 4))", 4, 4, 3);
}

/* A curve meets its ends and middle, and is the same bent the other way where it says so. */
static void test_ease(void **state)
{
    static const struct {
        const char *curve;
        double quarter, half, end;
    } curves[] = {
        {"in", 0.0625, 0.25, 1},
        {"out", 0.4375, 0.75, 1},
        {"inout", 0.125, 0.5, 1},
        {"incubic", 0.015625, 0.125, 1},
        {"outcubic", 0.578125, 0.875, 1},
        {"inoutcubic", 0.0625, 0.5, 1},
        {"inquartic", 0.00390625, 0.0625, 1},
        {"outquartic", 0.68359375, 0.9375, 1},
        {"inoutquartic", 0.03125, 0.5, 1},
        {"smoothstep", 0.15625, 0.5, 1},
        {"flatcenter", 0.4375, 0.5, 1},
        {"bell", 0.17677669, 1, 0.0009765625},
        {"overshoot", 0.625, 1, 1},
        {"flip", 0.75, 0.5, 0},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(curves); i++) {
        char form[64];
        snprintf(form, sizeof form, "(math.ease x (curve %s))", curves[i].curve);
        ramp(form, 0.25, 1.0); /* frame 0 at 1/4; 1/2 at a third, 1 at the end */
        assert_near((double)out[0], curves[i].quarter, 1e-6, form);
        assert_near((double)out[1365], curves[i].half, 1e-6, form);
        assert_near((double)out[N - 1], curves[i].end, 1e-6, form);
        ramp(form, -1.0, 2.0);
        for (int n = 1; n < N; n++)
            assert_true(fabs((double)out[n] - (double)out[n - 1]) < 0.0045);
    }
}

static double f_logcurve(double t)
{
    return 20.0 * (pow(1000.0, t) - 1) / (20000.0 - 20.0);
}

static void test_curves(void **state)
{
    (void)state;
    against("(math.logcurve x)", f_logcurve, 0, 1, 2e-6, 2e-6);
    ramp("(math.expcurve (math.logcurve x))", 0, 1);
    for (int n = 0; n < N; n++)
        assert_near((double)out[n], at(0, 1, n), 2e-4, "there and back");
}

static void test_lookup(void **state)
{
    (void)state;
    ramp("(math.lookup x (table (table 1 3 -2 5)))", 0, 1);
    for (int n = 0; n < N; n++) {
        double x = at(0, 1, n) * 3, v[] = {1, 3, -2, 5, 5};
        int i = (int)x;
        assert_near((double)out[n], v[i] + (x - i) * (v[i + 1] - v[i]), 2e-6, "linear");
    }
    ramp("(math.lookup x (table (table 1 3 -2 5)) (interp step))", -0.5, 1.5);
    for (int n = 0; n < N; n++) {
        double x = at(-0.5, 1.5, n), v[] = {1, 3, -2, 5};
        int i = (int)fmin(fmax(x, 0) * 4, 3);
        assert_near((double)out[n], v[i], 0, "step");
    }
}

static void test_conversions(void **state)
{
    (void)state;
    against("(db.to.ratio x)", f_ratio, -120, 60, 0, 1e-6);
    against("(ratio.to.db x)", f_db, 1e-5, 10, 2e-6, 2e-7);
    against("(ratio.to.db x)", f_db, -10, -1e-5, 2e-6, 2e-7);
    against("(midi.to.hz x)", f_hz, 0, 127, 0, 8e-7); /* 0.0014 cents */
    against("(hz.to.midi x)", f_midi, 8, 13000, 1e-5, 0);
    against("(semitones.to.ratio x)", f_semis, -48, 48, 0, 5e-7);
    against("(ratio.to.semitones x)", f_steps, 0.05, 20, 5e-6, 2e-7);
    against("(ms.to.seconds x)", f_ms, 0, 1e4, 0, 2e-7);
    against("(hz.to.seconds x)", f_period, 0.01, 1000, 0, 6e-8);
    against("(hz.to.seconds x)", f_period, -1000, -0.01, 0, 6e-8);
    against("(bpm.to.hz x)", f_bpm, 20, 300, 0, 2e-7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_most),        cmocka_unit_test(test_arithmetic),
        cmocka_unit_test(test_decisions),   cmocka_unit_test(test_ease),
        cmocka_unit_test(test_curves),      cmocka_unit_test(test_lookup),
        cmocka_unit_test(test_conversions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
