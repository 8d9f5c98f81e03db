/* test_filter.c - the filters against their transfer functions, in double; pitch, bounds, exact
 * echoes. s = j tan(pi f/sr)/tan(pi cutoff/sr) throughout: the bilinear transform, prewarped. */
#include "kit.h"
#include <complex.h>

enum { FRAMES = 1 << 16 };

typedef double complex cd;

/* The settings of a case; what a filter does not have it does not look at. */
struct setting {
    double cutoff, q, gain;
};

static cd s_of(double f, double cutoff)
{
    return I * tan(TAU / 2 * f / SR) / tan(TAU / 2 * cutoff / SR);
}

/* sum h[n] e^(-i tau n f/sr) */
static cd response(const float *h, size_t count, double f)
{
    cd z = 1.0, step = cexp(-I * TAU * f / SR), sum = 0.0;
    for (size_t n = 0; n < count; n++, z *= step)
        sum += (double)h[n] * z;
    return sum;
}

/* Without the tail below 1e-10. */
static size_t length_of(const float *h, size_t count)
{
    while (count > 1 && fabsf(h[count - 1]) < 1e-10f)
        count--;
    return count;
}

struct family {
    const char *name;
    const char *text; /* of a patch, with the module's fields from a setting */
    cd (*wanted)(double f, const struct setting *);
    int has_q, has_gain;
    double peak; /* size of the response for rounding, besides q and gain */
};

static cd want_lopass(double f, const struct setting *c)
{
    cd s = s_of(f, c->cutoff);
    return 1.0 / (s * s + s / c->q + 1.0);
}
static cd want_hipass(double f, const struct setting *c)
{
    cd s = s_of(f, c->cutoff);
    return s * s * want_lopass(f, c);
}
static cd want_bandpass(double f, const struct setting *c)
{
    return s_of(f, c->cutoff) / c->q * want_lopass(f, c);
}
static cd want_notch(double f, const struct setting *c)
{
    return want_lopass(f, c) + want_hipass(f, c);
}
static cd want_peak(double f, const struct setting *c)
{
    return want_lopass(f, c) - want_hipass(f, c);
}
static cd want_allpass(double f, const struct setting *c)
{
    cd s = s_of(f, c->cutoff);
    return (s * s - s / c->q + 1.0) / (s * s + s / c->q + 1.0);
}
static cd want_bell(double f, const struct setting *c)
{
    cd s = s_of(f, c->cutoff);
    double A = sqrt(c->gain);
    return (s * s + s * A / c->q + 1.0) / (s * s + s / (A * c->q) + 1.0);
}
static cd want_loshelf(double f, const struct setting *c)
{
    cd s = s_of(f, c->cutoff);
    double A = sqrt(c->gain), w = sqrt(A) / c->q;
    return A * (s * s + s * w + A) / (A * s * s + s * w + 1.0);
}
static cd want_hishelf(double f, const struct setting *c)
{
    cd s = s_of(f, c->cutoff);
    double A = sqrt(c->gain), w = sqrt(A) / c->q;
    return A * (A * s * s + s * w + 1.0) / (s * s + s * w + A);
}
static cd want_onepole(double f, const struct setting *c)
{
    return 1.0 / (s_of(f, c->cutoff) + 1.0);
}
static cd want_onepole_hi(double f, const struct setting *c)
{
    return s_of(f, c->cutoff) * want_onepole(f, c);
}
static cd want_low(double f, const struct setting *c)
{
    cd s = s_of(f, c->cutoff), b = 1.0 / (s * s + sqrt(2.0) * s + 1.0);
    return b * b;
}
static cd want_high(double f, const struct setting *c)
{
    cd s = s_of(f, c->cutoff);
    return s * s * s * s * want_low(f, c);
}

static const struct family families[] = {
    {"lopass", "filter.lopass (input.mono) (cutoff %.9g) (q %.9g)", want_lopass, 1, 0, 1.0},
    {"hipass", "filter.hipass (input.mono) (cutoff %.9g) (q %.9g)", want_hipass, 1, 0, 1.0},
    {"bandpass", "filter.bandpass (input.mono) (cutoff %.9g) (q %.9g)", want_bandpass, 1, 0, 1.0},
    {"notch", "filter.notch (input.mono) (cutoff %.9g) (q %.9g)", want_notch, 1, 0, 1.0},
    {"peak", "filter.peak (input.mono) (cutoff %.9g) (q %.9g)", want_peak, 1, 0, 1.0},
    {"allpass", "filter.allpass (input.mono) (cutoff %.9g) (q %.9g)", want_allpass, 1, 0, 1.0},
    {"bell", "filter.bell (input.mono) (cutoff %.9g) (q %.9g) (gain %.9g)", want_bell, 1, 1, 1.0},
    {"loshelf", "filter.loshelf (input.mono) (cutoff %.9g) (q %.9g) (gain %.9g)", want_loshelf, 1,
     1, 1.0},
    {"hishelf", "filter.hishelf (input.mono) (cutoff %.9g) (q %.9g) (gain %.9g)", want_hishelf, 1,
     1, 1.0},
    {"onepole", "filter.onepole (input.mono) (cutoff %.9g)", want_onepole, 0, 0, 1.0},
    {"onepole.hi", "filter.onepole.hi (input.mono) (cutoff %.9g)", want_onepole_hi, 0, 0, 1.0},
    {"dcblock", "filter.dcblock (input.mono) (cutoff %.9g)", want_onepole_hi, 0, 0, 1.0},
};

/* The worst error above -60 dB of the largest, in dB; fails above `limit` dB where the error is
 * more than `rounding` of the largest. Phase errors count as well: the distance in the plane is
 * compared. */
static double compare(const char *what, const float *h,
                      cd (*wanted)(double, const struct setting *), const struct setting *c,
                      double limit, double rounding)
{
    size_t count = length_of(h, FRAMES);
    double worst = 0.0, top = 1.0;
    assert_true(count < FRAMES);
    for (double f = 20.0; f < 20000.0; f *= 1.31)
        top = fmax(top, cabs(wanted(f, c)));
    for (double f = 20.0; f < 20000.0; f *= 1.31) {
        cd want = wanted(f, c), got = response(h, count, f);
        double db = decibels(1.0 + cabs(got - want) / cabs(want));
        if (db > limit && cabs(got - want) > rounding * top)
            fail_msg("%s, cutoff %g, q %g, gain %g: at %g Hz %g and %g turns, not %g and %g", what,
                     c->cutoff, c->q, c->gain, f, cabs(got), carg(got) / TAU, cabs(want),
                     carg(want) / TAU);
        if (cabs(want) > 1e-3 * top)
            worst = fmax(worst, db);
    }
    return worst;
}

static double check_family(const struct family *m, const struct setting *c)
{
    char form[300], text[400];
    snprintf(form, sizeof form, m->text, c->cutoff, c->q, c->gain);
    snprintf(text, sizeof text, "(patch (output (%s)))", form);
    float *h = impulse_of(text, FRAMES);
    double worst = compare(m->name, h, m->wanted, c, 0.02, 1e-6);
    free(h);
    return worst;
}

static void test_responses(void **state)
{
    static const double cutoffs[] = {300.0, 1000.0, 6000.0, 18000.0};
    static const double qs[] = {0.5, 0.70710678, 8.0}, gains[] = {0.03, 0.5, 2.0, 20.0};
    (void)state;
    for (size_t m = 0; m < COUNT(families); m++) {
        double worst = 0.0;
        for (size_t i = 0; i < COUNT(cutoffs); i++)
            for (size_t k = 0; k < (families[m].has_q ? COUNT(qs) : 1); k++)
                for (size_t g = 0; g < (families[m].has_gain ? COUNT(gains) : 1); g++) {
                    struct setting c = {cutoffs[i], qs[k], gains[g]};
                    worst = fmax(worst, check_family(&families[m], &c));
                }
        print_message("  filter.%s: off by %.4f dB at most, phase included\n", families[m].name,
                      worst);
    }
}

/* ---- crossover ---- */

static void test_crossover(void **state)
{
    static const double cutoffs[] = {80.0, 700.0, 3000.0, 15000.0};
    static const char *const form =
        "(patch (def x (filter.crossover (input.mono) (cutoff %g))) (output %s))";
    double flat = 0.0, off = 0.0;
    (void)state;
    for (size_t i = 0; i < COUNT(cutoffs); i++) {
        struct setting c = {cutoffs[i], 0.0, 0.0};
        float *h[3];
        static const char *const outs[] = {"x.low", "x.high", "(mix x.low x.high)"};
        for (int k = 0; k < 3; k++) {
            char text[200];
            snprintf(text, sizeof text, form, c.cutoff, outs[k]);
            h[k] = impulse_of(text, FRAMES);
        }
        off = fmax(off, compare("low", h[0], want_low, &c, 0.02, 1e-6));
        off = fmax(off, compare("high", h[1], want_high, &c, 0.02, 1e-6));
        for (double f = 20.0; f < 23000.0; f *= 1.05)
            flat = fmax(flat, fabs(decibels(cabs(response(h[2], FRAMES, f)))));
        for (int k = 0; k < 3; k++)
            free(h[k]);
    }
    print_message("  filter.crossover: sides off by %.4f dB, sum flat within %.5f dB\n", off, flat);
    assert_true(flat < 0.01);
}

/* ---- one zero, one pole ---- */

static void test_diff_leaky(void **state)
{
    (void)state;
    float *h = impulse_of("(patch (output (filter.diff (input.mono))))", 100);
    for (int n = 0; n < 100; n++)
        assert_true(h[n] == (n == 0 ? 1.0f : n == 1 ? -1.0f : 0.0f));
    free(h);
    double g = tan(TAU / 2 * 200.0 / SR), pole = (1.0 - g) / (1.0 + g);
    h = impulse_of("(patch (output (filter.leaky (input.mono) (leak 200))))", 500);
    for (int n = 0; n < 500; n++)
        assert_near((double)h[n], pow(pole, n), 1e-5, "leaky");
    free(h);
    /* One undoes the other. */
    h = sound_of("(patch (def s (osc.sine (freq 1000)))"
                 " (output (math.sub s (filter.leaky (filter.diff s) (leak 0.01)))))",
                 4800);
    assert_true(peak_of(h, 4800) < 1e-4);
    free(h);
}

/* The same at twice the rate, but for the filters between the rates. */
static void test_rate(void **state)
{
    static const char *const forms[] = {
        "filter.diff (osc.sine (freq 440))", "filter.leaky (osc.sine (freq 440)) (leak 100)",
        "filter.comb (osc.sine (freq 440)) (feedback 0.5) (damp 4khz)",
        "filter.formant (osc.sine (freq 440)) (vowel 1.5)",
        "filter.ladder (osc.sine (freq 440)) (cutoff 600)"};
    (void)state;
    for (size_t i = 0; i < COUNT(forms); i++) {
        double level[2];
        for (int twice = 0; twice < 2; twice++) {
            char text[300];
            snprintf(text, sizeof text, "(patch (output (%s %s)))", forms[i],
                     twice ? "(oversample 2)" : "");
            float *x = sound_of(text, 24000);
            level[twice] = magnitude_at(x + 12000, 12000, 440.0);
            free(x);
        }
        assert_near(decibels(level[1] / level[0]), 0.0, 0.05, forms[i]);
    }
}

/* A standing input ends in exactly nothing. */
static void test_dcblock(void **state)
{
    enum { LONG = 48000 * 3 };
    static float in[LONG], out[LONG];
    (void)state;
    for (int n = 0; n < LONG; n++)
        in[n] = 0.7f;
    struct player p = play("(patch (output (filter.dcblock (input.mono))))");
    player_run_in(&p, LONG, in, in, out, NULL);
    player_close(&p);
    assert_true(out[0] > 0.69f);
    assert_near((double)out[763], 0.7 * exp(-1.0), 0.002, "after 1/(tau 10 Hz)");
    assert_true(out[LONG - 1] == 0.0f);
}

/* ---- biquad ---- */

struct biquad {
    double b0, b1, b2, a1, a2;
};

static float *biquad_impulse(const struct biquad *c)
{
    char text[300];
    snprintf(text, sizeof text,
             "(patch (output (filter.biquad (input.mono) (b0 %.9g) (b1 %.9g) (b2 %.9g) (a1 %.9g)"
             " (a2 %.9g))))",
             c->b0, c->b1, c->b2, c->a1, c->a2);
    return impulse_of(text, FRAMES);
}

/* Low-pass, high-pass, and a resonator; coefficients as R. Bristow-Johnson gives them. */
static struct biquad cookbook(int kind, double f, double q)
{
    double w = TAU * f / SR, a = sin(w) / (2.0 * q), c = cos(w), n = 1.0 / (1.0 + a);
    struct biquad b = {.a1 = -2.0 * c * n, .a2 = (1.0 - a) * n};
    if (kind == 0)
        b.b1 = (1.0 - c) * n, b.b0 = b.b2 = b.b1 / 2.0;
    else if (kind == 1)
        b.b1 = -(1.0 + c) * n, b.b0 = b.b2 = -b.b1 / 2.0;
    else
        b.b0 = a * n, b.b2 = -b.b0;
    return b;
}

static cd biquad_wanted(const struct biquad *b, double f)
{
    cd z = cexp(-I * TAU * f / SR);
    return ((double)(float)b->b0 + (double)(float)b->b1 * z + (double)(float)b->b2 * z * z) /
           (1.0 + (double)(float)b->a1 * z + (double)(float)b->a2 * z * z);
}

/* Where the poles crowd at 0 Hz or the end, single precision shows: 1e-7/|A|. */
static void test_biquad(void **state)
{
    static const double cutoffs[] = {60.0, 1000.0, 12000.0, 21000.0}, qs[] = {0.4, 0.7, 6.0};
    double worst = 0.0;
    (void)state;
    for (int kind = 0; kind < 3; kind++)
        for (size_t i = 0; i < COUNT(cutoffs); i++)
            for (size_t k = 0; k < COUNT(qs); k++) {
                struct biquad b = cookbook(kind, cutoffs[i], qs[k]);
                float *h = biquad_impulse(&b);
                size_t count = length_of(h, FRAMES);
                double floor = 2e-6 + 1e-7 / (1.0 + b.a2 - fabs(b.a1));
                for (double f = 20.0; f < 22000.0; f *= 1.31) {
                    cd want = biquad_wanted(&b, f), got = response(h, count, f);
                    double db = decibels(1.0 + cabs(got - want) / cabs(want));
                    if (db > 0.02 && cabs(got - want) > floor)
                        fail_msg("biquad %d, %g Hz, q %g: at %g Hz %g, not %g", kind, cutoffs[i],
                                 qs[k], f, cabs(got), cabs(want));
                    if (cabs(want) > 1e-3)
                        worst = fmax(worst, db);
                }
                free(h);
            }
    print_message("  filter.biquad: off by %.4f dB at most\n", worst);
}

/* Coefficients on the edge are held inside it: a double pole at 1 would grow as n. */
static void test_biquad_held(void **state)
{
    static const struct biquad edges[] = {
        {1, 0, 0, -2, 1}, {1, 0, 0, 2, 1}, {1, 0, 0, 0, 1}, {1, 0, 0, 2, -1}, {1, 0, 0, -1, -0.9}};
    (void)state;
    for (size_t i = 0; i < COUNT(edges); i++) {
        float *h = biquad_impulse(&edges[i]);
        assert_true(peak_of(h, FRAMES) < 5e3);
        assert_true(rms_of(h + FRAMES / 2, FRAMES / 2) <= 1.05 * rms_of(h, FRAMES / 2) || i == 0 ||
                    i == 1);
        free(h);
    }
    float *x = sound_of("(patch (output (filter.biquad (noise.white) (a1 -1.6) (a2 0.5))))", 48000);
    assert_true(peak_of(x, 48000) < 2e6); /* (1.6 > 1.5: the pole at 1.17 is held) */
    free(x);
}

/* ---- ladder ---- */

static cd want_ladder(double f, const struct setting *c)
{
    cd s = s_of(f, c->cutoff) + 1.0;
    return (1.0 + 4.0 * c->gain * c->q) / (s * s * s * s + 4.0 * c->q);
}
static cd want_ladder_12(double f, const struct setting *c)
{
    cd s = s_of(f, c->cutoff) + 1.0;
    return want_ladder(f, c) * s * s;
}
static cd want_ladder_bp(double f, const struct setting *c)
{
    cd s = s_of(f, c->cutoff);
    return want_ladder(f, c) * 4.0 * s * s;
}
static cd want_ladder_hp(double f, const struct setting *c)
{
    cd s = s_of(f, c->cutoff);
    return want_ladder(f, c) * s * s * s * s;
}

/* Quiet enough for tanh to be straight: x - x^3/3, 1e-8 of x. q is res, gain is comp. */
static void test_ladder_response(void **state)
{
    static const double cutoffs[] = {300.0, 1000.0, 5000.0, 15000.0};
    static const double reses[] = {0.0, 0.5, 0.9};
    static const struct {
        const char *out;
        cd (*wanted)(double, const struct setting *);
    } outs[] = {{"out", want_ladder},
                {"lp12", want_ladder_12},
                {"bp", want_ladder_bp},
                {"hp", want_ladder_hp}};
    double worst = 0.0;
    (void)state;
    for (size_t o = 0; o < COUNT(outs); o++)
        for (size_t i = 0; i < COUNT(cutoffs); i++)
            for (size_t r = 0; r < COUNT(reses); r++) {
                struct setting c = {cutoffs[i], reses[r], 0.5 * (double)(r % 3)};
                char text[300];
                snprintf(text, sizeof text,
                         "(patch (def y (filter.ladder (gain (input.mono) 1e-5) (cutoff %.9g)"
                         " (res %.9g) (comp %g))) (output (gain y.%s 1e5)))",
                         c.cutoff, c.q, c.gain, outs[o].out);
                float *h = impulse_of(text, FRAMES);
                worst = fmax(worst, compare(outs[o].out, h, outs[o].wanted, &c, 0.05, 3e-6));
                free(h);
            }
    print_message("  filter.ladder: off by %.4f dB at most, phase included\n", worst);
}

/* The mean frequency between the first and the last rise through zero. */
static double pitch_of(const float *x, size_t frames)
{
    double first = -1.0, last = 0.0;
    unsigned turns = 0;
    for (size_t n = 1; n < frames; n++)
        if (x[n - 1] < 0.0f && x[n] >= 0.0f) {
            last = (double)n - (double)x[n] / ((double)x[n] - (double)x[n - 1]);
            if (first < 0.0)
                first = last;
            else
                turns++;
        }
    return turns * SR / (last - first);
}

/* Struck once, half a period long, it goes on at the cutoff. */
static double self_oscillation(double hz, double res, double *level)
{
    size_t settle = 24000 + (size_t)(30 * SR / hz), measure = 48000 + (size_t)(10 * SR / hz);
    float *in = calloc(settle + measure, sizeof *in), *out = calloc(settle + measure, sizeof *out);
    char text[200];
    snprintf(text, sizeof text,
             "(patch (output (filter.ladder (input.mono) (cutoff %g) (res %g))))", hz, res);
    struct player p = play(text);
    for (size_t n = 0; n < 1 + (size_t)(0.5 * SR / hz); n++)
        in[n] = 1.0f;
    player_run_in(&p, settle + measure, in, in, out, NULL);
    *level = peak_of(out + settle, measure);
    double pitch = pitch_of(out + settle, measure);
    player_close(&p);
    free(in);
    free(out);
    return pitch;
}

static void test_ladder_pitch(void **state)
{
    static const double hz[] = {20.0, 55.0, 220.0, 880.0, 2000.0, 4000.0, 7000.0, 10000.0};
    static const double reses[] = {1.02, 1.1, 1.25};
    (void)state;
    for (size_t r = 0; r < COUNT(reses); r++)
        for (size_t i = 0; i < COUNT(hz); i++) {
            double level, pitch = self_oscillation(hz[i], reses[r], &level);
            double cents = 1200.0 * log2(pitch / hz[i]);
            print_message("  res %.2f, %5g Hz: %+.3f cents, peak %.3f\n", reses[r], hz[i], cents,
                          level);
            assert_true(fabs(cents) < 2.0);
            assert_true(level > 0.02 && level < 1.0);
        }
}

/* Below 1 it dies away. */
static void test_ladder_edge(void **state)
{
    (void)state;
    float *h =
        impulse_of("(patch (output (filter.ladder (input.mono) (cutoff 1000) (res 0.98))))", 48000);
    assert_true(peak_of(h + 40000, 8000) < 1e-6);
    free(h);
}

/* At rest y4 = y0, and so y = tanh(x - k y). */
static void test_ladder_static(void **state)
{
    static const double levels[] = {0.1, 0.7, 2.0, 6.0}, reses[] = {0.0, 0.5, 0.9};
    double worst = 0.0;
    (void)state;
    for (size_t i = 0; i < COUNT(levels); i++)
        for (size_t r = 0; r < COUNT(reses); r++) {
            char text[200];
            snprintf(text, sizeof text,
                     "(patch (output (filter.ladder (input.mono) (cutoff 18000) (res %g) (comp 0)"
                     " (drive 2))))",
                     reses[r]);
            float in[4800], out[4800];
            for (int n = 0; n < 4800; n++)
                in[n] = (float)(levels[i] / 2.0);
            struct player p = play(text);
            player_run_in(&p, 4800, in, in, out, NULL);
            player_close(&p);
            double low = 0.0, high = 1.0;
            for (int k = 0; k < 50; k++) {
                double y = (low + high) / 2.0;
                *(tanh(levels[i] - 4.0 * reses[r] * y) > y ? &low : &high) = y;
            }
            worst = fmax(worst, fabs((double)out[4799] - low));
        }
    print_message("  filter.ladder: at rest off by %.5f at most\n", worst);
    assert_true(worst < 0.001);
}

/* tanh bounds what is let in, at any drive. */
static void test_ladder_drive(void **state)
{
    (void)state;
    float *x = sound_of(
        "(patch (output (filter.ladder (osc.saw (freq 100)) (cutoff 20000) (drive 60db))))", 4800);
    assert_near(peak_of(x, 4800), 1.0, 0.2, "a saw driven to a square");
    assert_true(rms_of(x, 4800) > 0.95);
    free(x);
}

/* ---- torture ---- */

/* Each control jumps to one end or the other of its range in each frame. */
static void test_torture(void **state)
{
    static const struct {
        const char *form;
        double bound;
    } cases[] = {
        {"filter.lopass a (cutoff b) (q c)", 300.0},
        {"filter.notch a (cutoff b) (q c)", 300.0},
        {"filter.peak a (cutoff b) (q c)", 300.0},
        {"filter.allpass a (cutoff b) (q c)", 300.0},
        {"filter.bell a (cutoff b) (q c) (gain d)", 1e6},
        {"filter.loshelf a (cutoff b) (q c) (gain d)", 1e7},
        {"filter.hishelf a (cutoff b) (q c) (gain d)", 1e7},
        {"filter.onepole.hi a (cutoff b)", 30.0},
        {"filter.dcblock a (cutoff b)", 30.0},
        {"filter.leaky a (leak b)", 1e3},
        {"filter.biquad a (b0 1) (a1 b) (a2 c)", 1e7},
        {"filter.ladder a (cutoff b) (res c) (drive d) (comp b)", 40.0},
        {"filter.ladder a (cutoff b) (res 1.25)", 40.0},
        {"filter.ladder a (cutoff 23500) (res c) (drive 1000)", 40.0},
        {"filter.comb a (time (gain b 1e-9)) (feedback 1) (damp c)", 1e5},
        {"filter.comb a (time (gain b 1e-5)) (feedback -1) (feedforward 1)", 1e9},
        {"filter.schroeder a (time (gain b 1e-9)) (feedback c)", 1e9},
        {"filter.formant a (vowel b) (shift c)", 50.0},
        {"filter.crossover a (cutoff b)", 50.0},
    };
    static const char *const modulators =
        "(def a (noise.white)) (def b (gain (noise.white) 1e6)) (def c (gain (noise.white) 1e6))"
        " (def d (gain (noise.white) 1e6))";
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        char text[600];
        snprintf(text, sizeof text, "(patch %s (output (%s)))", modulators, cases[i].form);
        float *x = sound_of(text, 48000);
        double peak = peak_of(x, 48000), mean = mean_of(x + 24000, 24000);
        print_message("  %-64s peak %.3g, mean %.2g\n", cases[i].form, peak, mean);
        assert_true(peak > 1e-4);
        assert_true(peak <= cases[i].bound);
        free(x);
    }
}

/* ---- rings ---- */

static void test_comb_echoes(void **state)
{
    (void)state;
    float *h = impulse_of(
        "(patch (output (filter.comb (input.mono) (time 5ms) (feedback 0.5) (feedforward -0.25))))",
        2400);
    for (int n = 0; n < 2400; n++) {
        float echo = 0.0f;
        if (n == 0)
            echo = 1.0f;
        else if (n % 240 == 0)
            echo = ldexpf(1.0f, -n / 240) - 0.25f * ldexpf(1.0f, 1 - n / 240);
        if (h[n] != echo)
            fail_msg("frame %d: %g, not %g", n, (double)h[n], (double)echo);
    }
    free(h);
}

static void test_schroeder_echoes(void **state)
{
    (void)state;
    float *h = impulse_of(
        "(patch (output (filter.schroeder (input.mono) (time 5ms) (feedback 0.5))))", 2400);
    for (int n = 0; n < 2400; n++) {
        float echo = n == 0 ? -0.5f : n % 240 == 0 ? 0.75f * ldexpf(1.0f, 1 - n / 240) : 0.0f;
        if (h[n] != echo)
            fail_msg("frame %d: %g, not %g", n, (double)h[n], (double)echo);
    }
    free(h);
    h = impulse_of("(patch (output (filter.schroeder (input.mono) (time 5ms))))", FRAMES);
    double flat = 0.0;
    for (double f = 20.0; f < 23000.0; f *= 1.01)
        flat = fmax(flat, fabs(decibels(cabs(response(h, length_of(h, FRAMES), f)))));
    print_message("  filter.schroeder: flat within %.5f dB\n", flat);
    assert_true(flat < 0.001);
    free(h);
}

/* Between frames: the delay is the time, to 15 kHz within what the interpolation loses. */
static void test_comb_fraction(void **state)
{
    (void)state;
    for (double frames = 100.0; frames < 101.0; frames += 0.125) {
        char text[200];
        snprintf(text, sizeof text,
                 "(patch (output (filter.comb (input.mono) (time %.12g) (feedforward 1))))",
                 frames / SR);
        float *h = impulse_of(text, 200);
        for (double f = 100.0; f < 15000.0; f *= 1.3) {
            cd got = response(h, 200, f) - 1.0, want = cexp(-I * TAU * frames * f / SR);
            double limit = f < 5000.0 ? 0.004 : f < 10000.0 ? 0.05 : 0.25;
            if (cabs(got - want) > limit || cabs(got) > 1.00001)
                fail_msg("%g frames at %g Hz: off by %g, level %g", frames, f, cabs(got - want),
                         cabs(got));
        }
        free(h);
    }
}

/* A damped string of 200 Hz sounds 200 Hz. */
static void test_comb_tune(void **state)
{
    static const double damps[] = {1500.0, 3000.0, 8000.0, 23500.0};
    (void)state;
    for (size_t i = 0; i < COUNT(damps); i++) {
        char text[200];
        snprintf(text, sizeof text,
                 "(patch (output (filter.lopass (filter.comb (input.mono) (time %.12g)"
                 " (feedback 0.995) (damp %g)) (cutoff 150))))",
                 1.0 / 200.0, damps[i]);
        float *h = impulse_of(text, 48000);
        double best = 0.0, top = 0.0;
        for (double f = 195.0; f < 205.0; f += 0.02) {
            double level = magnitude_at(h + 2400, 24000, f);
            if (level > top) {
                top = level;
                best = f;
            }
        }
        double cents = 1200.0 * log2(best / 200.0);
        print_message("  filter.comb, damp %5g: %+.2f cents\n", damps[i], cents);
        assert_true(fabs(cents) < 2.0);
        free(h);
    }
}

/* ---- formants ---- */

/* Sung vowels as the Csound Manual prints them: Hz, dB, bandwidth; and one midway of two. */
static void test_formant(void **state)
{
    static const struct {
        const char *fields;
        double f[5][3];
    } cases[] = {
        {"(voice tenor)",
         {{650, 0, 80}, {1080, -6, 90}, {2650, -7, 120}, {2900, -8, 130}, {3250, -22, 140}}},
        {"(vowel 2) (voice soprano)",
         {{270, 0, 60}, {2140, -12, 90}, {2950, -26, 100}, {3900, -26, 120}, {4950, -44, 120}}},
        {"(vowel 4) (voice bass) (shift 2)",
         {{700, 0, 80}, {1200, -20, 160}, {4800, -32, 200}, {5350, -28, 240}, {5900, -36, 240}}},
        {"(vowel 3) (voice countertenor)",
         {{430, 0, 40}, {820, -10, 80}, {2700, -26, 100}, {3000, -22, 120}, {3300, -34, 120}}},
        {"(vowel 0.5) (voice alto)",
         {{600, 0, 70}, {1375, -14, 85}, {2750, -25, 120}, {3400, -35.5, 140}, {4950, -60, 170}}},
    };
    double worst = 0.0;
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        char text[200];
        snprintf(text, sizeof text, "(patch (output (filter.formant (input.mono) %s)))",
                 cases[i].fields);
        float *h = impulse_of(text, FRAMES);
        size_t count = length_of(h, FRAMES);
        for (double f = 100.0; f < 6000.0; f *= 1.03) {
            cd want = 0.0, got = response(h, count, f);
            for (int k = 0; k < 5; k++) {
                struct setting c = {cases[i].f[k][0], cases[i].f[k][0] / cases[i].f[k][2], 0.0};
                want += (k % 2 ? -1.0 : 1.0) * pow(10.0, cases[i].f[k][1] / 20.0) *
                        want_bandpass(f, &c);
            }
            double db = decibels(1.0 + cabs(got - want) / cabs(want));
            worst = fmax(worst, db);
        }
        free(h);
    }
    print_message("  filter.formant: off by %.4f dB at most, phase included\n", worst);
    assert_true(worst < 0.02);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_responses),        cmocka_unit_test(test_crossover),
        cmocka_unit_test(test_diff_leaky),       cmocka_unit_test(test_rate),
        cmocka_unit_test(test_dcblock),          cmocka_unit_test(test_biquad),
        cmocka_unit_test(test_biquad_held),      cmocka_unit_test(test_ladder_response),
        cmocka_unit_test(test_ladder_pitch),     cmocka_unit_test(test_ladder_edge),
        cmocka_unit_test(test_ladder_static),    cmocka_unit_test(test_ladder_drive),
        cmocka_unit_test(test_torture),          cmocka_unit_test(test_comb_echoes),
        cmocka_unit_test(test_schroeder_echoes), cmocka_unit_test(test_comb_fraction),
        cmocka_unit_test(test_comb_tune),        cmocka_unit_test(test_formant),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
