/* test_shape.c - the shapes against their formulas in double. */
#include "kit.h"

enum { FRAMES = 40001 };

typedef double shape_fn(double x);

/* The largest error of a module against a formula, for inputs from -span to span. */
static double against(const char *module, double span, shape_fn *f)
{
    char text[400];
    float *in = calloc(FRAMES, sizeof *in), *out = calloc(FRAMES, sizeof *out);
    snprintf(text, sizeof text, "(patch (output %s))", module);
    struct player p = play(text);
    for (int n = 0; n < FRAMES; n++)
        in[n] = (float)(span * (2.0 * n / (FRAMES - 1) - 1.0));
    player_run_in(&p, FRAMES, in, NULL, out, NULL);
    player_close(&p);
    double worst = 0.0;
    for (int n = 0; n < FRAMES; n++)
        worst = fmax(worst, fabs((double)out[n] - f((double)in[n])));
    free(in);
    free(out);
    return worst;
}

static double soft(double x)
{
    double v = fmax(-1.5, fmin(1.5, 3.0 * x / 0.5));
    return 0.5 * (v - 4.0 / 27.0 * v * v * v);
}

static double hard(double x)
{
    return fmax(-0.25, fmin(0.25, 3.0 * x));
}

static double saturated(double x)
{
    return tanh(4.0 * x + 0.3) - tanh(0.3);
}

/* From the definition by reflections, not from a formula. */
static double reflect(double v)
{
    while (fabs(v) > 1.0)
        v = v > 0.0 ? 2.0 - v : -2.0 - v;
    return v;
}

static double folded(double x)
{
    return reflect(5.0 * x + 0.25) - 0.25;
}

static double folded_sine(double x)
{
    return sin(TAU / 4.0 * (5.0 * x - 0.5)) - sin(-TAU / 8.0);
}

static double crushed(double x)
{
    return rint(x * 8.0) / 8.0; /* 4 bits: 16 steps from -1 to 1 */
}

static double crushed_fraction(double x)
{
    double step = pow(2.0, -1.5);
    return step * rint(x / step);
}

static double rectified(double x)
{
    return fabs(x);
}

static double half_rectified(double x)
{
    return x > 0.0 ? x : 0.0;
}

static void test_formulas(void **state)
{
    static const struct {
        const char *module;
        double span;
        shape_fn *f;
        double bound;
    } rows[] = {
        {"(shape.soft (input.mono) (drive 3) (level 0.5))", 1.0, soft, 1e-7},
        {"(shape.hard (input.mono) (drive 3) (level 0.25))", 1.0, hard, 1e-7},
        {"(shape.tanh (input.mono) (drive 4) (bias 0.3))", 3.0, saturated, 6e-7},
        {"(shape.fold (input.mono) (drive 5) (bias 0.25))", 4.0, folded, 2e-6},
        {"(shape.fold (input.mono) (drive 5) (bias -0.5) (curve sine))", 4.0, folded_sine, 3e-6},
        {"(shape.crush (input.mono) (bits 4))", 3.0, crushed, 0.0},
        {"(shape.rectify (input.mono))", 3.0, rectified, 0.0},
        {"(shape.rectify (input.mono) (wave half))", 3.0, half_rectified, 0.0},
    };
    (void)state;
    for (unsigned i = 0; i < COUNT(rows); i++) {
        double worst = against(rows[i].module, rows[i].span, rows[i].f);
        print_message("%s: within %.2g\n", rows[i].module, worst);
        if (!(worst <= rows[i].bound))
            fail_msg("more than %g", rows[i].bound);
    }
}

/* Bits may be fractions; where x/step is next to a half, either neighbour is right. */
static void test_crush_fraction(void **state)
{
    (void)state;
    assert_true(against("(shape.crush (input.mono) (bits 24))", 1.0, crushed) > 0.05);
    float in[1000], out[1000];
    struct player p = play("(patch (output (shape.crush (input.mono) (bits 2.5))))");
    for (int n = 0; n < 1000; n++)
        in[n] = (float)(n - 500) / 250.0f;
    player_run_in(&p, 1000, in, NULL, out, NULL);
    player_close(&p);
    for (int n = 0; n < 1000; n++) {
        double q = (double)in[n] / pow(2.0, -1.5);
        if (fabs(fabs(q - floor(q)) - 0.5) > 1e-4)
            assert_near((double)out[n], crushed_fraction((double)in[n]), 1e-6, "2.5 bits");
    }
}

/* Frame n shows the input of the first frame of n's period: ceil(floor(n f/sr) sr/f). */
static void test_reduce(void **state)
{
    static const double rates[] = {8000.0, 11025.0, 44100.0, 47999.0, 48000.0, 0.5, 24000.0};
    (void)state;
    for (unsigned i = 0; i < COUNT(rates); i++) {
        char text[200];
        float *in = calloc(FRAMES, sizeof *in), *out = calloc(FRAMES, sizeof *out);
        snprintf(text, sizeof text,
                 "(patch (output (shape.reduce (input.mono) (freq (math.add %g 0)))))", rates[i]);
        struct player p = play(text);
        for (int n = 0; n < FRAMES; n++)
            in[n] = (float)(n + 1);
        player_run_in(&p, FRAMES, in, NULL, out, NULL);
        player_close(&p);
        for (int n = 0; n < FRAMES; n++) {
            double period = floor((double)n * rates[i] / SR + 1e-9);
            double wanted = ceil(period * SR / rates[i] - 1e-9) + 1.0;
            /* The rate is rounded to 2^-31 turns: at a period's edge it may be a frame late. */
            if ((double)n * rates[i] / SR - period > 1e-4 || fmod(48000.0, rates[i]) == 0.0)
                assert_near((double)out[n], wanted, fmod(48000.0, rates[i]) == 0.0 ? 0.0 : 1.0,
                            "the held frame");
        }
        free(in);
        free(out);
    }
}

/* cos a cos b = (cos(a + b) + cos(a - b))/2: sum and difference alone, each at -6 dB. */
static void test_ring(void **state)
{
    (void)state;
    float *x = sound_of("(patch (output (shape.ring (osc.sine (freq 1000)) (freq 300))))", 48000);
    assert_near(magnitude_at(x, 48000, 700.0) / 24000.0, 0.5, 1e-5, "the difference");
    assert_near(magnitude_at(x, 48000, 1300.0) / 24000.0, 0.5, 1e-5, "the sum");
    assert_true(magnitude_at(x, 48000, 1000.0) / 24000.0 < 1e-5);
    assert_true(magnitude_at(x, 48000, 300.0) / 24000.0 < 1e-5);
    free(x);
    float in[3] = {0.5f, -0.25f, 1.0f}, out[3];
    struct player p =
        play("(patch (def i (input)) (output (left (shape.ring i.left (carrier i.right) "
             "(depth 0.5)))))");
    static const float carrier[3] = {1.0f, 0.0f, -1.0f};
    player_run_in(&p, 3, in, carrier, out, NULL);
    player_close(&p);
    assert_true(out[0] == 0.5f && out[1] == -0.125f && out[2] == 0.0f);
}

/* Tables of polynomials: lines are exact with linear, parabolas with cubic, between the end pairs.
 */
static double parabola(double x)
{
    double u = fmax(-1.0, fmin(1.0, x));
    return u * u - 0.3 * u - 0.5;
}

static void test_table(void **state)
{
    char text[2000] = "(shape.table (input.mono) (interp cubic) (table (table";
    (void)state;
    for (int i = 0; i <= 16; i++) {
        double u = -1.0 + i / 8.0;
        snprintf(text + strlen(text), 40, " %.9f", parabola(u));
    }
    strcat(text, ")))");
    double inside = against(text, 0.875, parabola);
    print_message("shape.table: a parabola within %.2g\n", inside);
    assert_true(inside < 5e-7);
    assert_true(against(text, 1.5, parabola) < 0.01);
    static const float in[] = {-2.0f, -1.0f, -0.5f, 0.0f, 0.25f, 1.0f, 9.0f};
    static const float wanted[] = {5.0f, 5.0f, 3.0f, 1.0f, 0.0f, -3.0f, -3.0f};
    float out[COUNT(in)];
    struct player p = play("(patch (output (shape.table (input.mono) (table (table 5 1 -3)))))");
    player_run_in(&p, COUNT(in), in, NULL, out, NULL);
    player_close(&p);
    for (unsigned i = 0; i < COUNT(in); i++)
        assert_true(out[i] == wanted[i]);
}

/* The aliases of a driven 5 kHz sine: what is at multiples of 1 kHz that are no harmonics. */
static double aliases(const char *text)
{
    float *x = sound_of(text, 52800);
    double sum = 0.0;
    for (int k = 1; k < 24; k++)
        if (k % 5 != 0)
            sum += pow(magnitude_at(x + 4800, 48000, 1000.0 * k) / 24000.0, 2.0);
    free(x);
    return 10.0 * log10(sum);
}

static void test_oversampled(void **state)
{
    static const char *const shapes[] = {
        "hard (osc.sine (freq 5000)) (drive 4)", "tanh (osc.sine (freq 5000)) (drive 4)",
        "soft (osc.sine (freq 5000)) (drive 4)", "fold (osc.sine (freq 5000)) (drive 4)"};
    (void)state;
    for (unsigned i = 0; i < COUNT(shapes); i++) {
        char plain[200], four[200];
        snprintf(plain, sizeof plain, "(patch (output (shape.%s)))", shapes[i]);
        snprintf(four, sizeof four, "(patch (output (shape.%s (oversample 4))))", shapes[i]);
        double before = aliases(plain), after = aliases(four);
        print_message("%s: aliases %.1f dB, oversampled %.1f dB\n", shapes[i], before, after);
        assert_true(after < before - 12.0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_formulas), cmocka_unit_test(test_crush_fraction),
        cmocka_unit_test(test_reduce),   cmocka_unit_test(test_ring),
        cmocka_unit_test(test_table),    cmocka_unit_test(test_oversampled),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
