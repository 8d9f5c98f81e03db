/* test_delay.c - delays, chorus, flanger, phaser and stereo against algebra and Fourier's. */
#include "kit.h"
#include <complex.h>

/* ---- what goes in and comes out ---- */

static float *noise_of(uint64_t seed, size_t frames)
{
    float *x = calloc(frames, sizeof *x);
    assert_non_null(x);
    for (size_t n = 0; n < frames; n++)
        x[n] = (float)kit_between(&seed, -1.0, 1.0);
    return x;
}

struct sides {
    float *left, *right;
};

/* A stereo patch's sound of what comes in. */
static struct sides through(const char *text, const float *in, const float *in_right, size_t frames)
{
    struct player p = play(text);
    struct sides s = {calloc(frames, sizeof(float)), calloc(frames, sizeof(float))};
    assert_non_null(s.left);
    assert_non_null(s.right);
    player_run_in(&p, frames, in, in_right, s.left, p.channels == 2 ? s.right : NULL);
    player_close(&p);
    return s;
}

static void sides_free(struct sides *s)
{
    free(s->left);
    free(s->right);
}

static struct sides impulse_sides(const char *text, size_t frames)
{
    float *in = calloc(frames, sizeof *in);
    assert_non_null(in);
    in[0] = 1.0f;
    struct sides s = through(text, in, in, frames);
    free(in);
    return s;
}

/* sum h[n] e^(-i w n) */
static double complex response_at(const float *h, size_t frames, double hz)
{
    double complex sum = 0.0;
    for (size_t n = 0; n < frames; n++)
        sum += (double)h[n] * cexp(-I * TAU * hz / SR * (double)n);
    return sum;
}

#define TEXT(...)                                                                                  \
    char text[600];                                                                                \
    snprintf(text, sizeof text, __VA_ARGS__)

/* ---- whole frames ---- */

static void test_integer(void **state)
{
    static const int frames[] = {0, 1, 2, 63, 64, 65, 1000, 2999};
    float *in = noise_of(1, 3000);
    (void)state;
    for (size_t i = 0; i < COUNT(frames); i++)
        for (int param = 0; param < 2; param++) {
            TEXT("(patch (params (t (unit s) (range 0 0.1) (default %.9g))) (output (delay.integer "
                 "(input.mono) (time %s))))",
                 frames[i] / SR, param ? "t" : "(math.add t 0)");
            struct sides s = through(text, in, NULL, 3000);
            for (int n = 0; n < 3000; n++)
                assert_true(s.left[n] == (n < frames[i] ? 0.0f : in[n - frames[i]]));
            sides_free(&s);
        }
    free(in);
}

/* Times halfway between frames go up. */
static void test_integer_rounds(void **state)
{
    static const double times[][2] = {
        {0.49, 0}, {0.5, 1}, {10.25, 10}, {10.75, 11}, {4799.6, 4800}};
    (void)state;
    for (size_t i = 0; i < COUNT(times); i++) {
        TEXT("(patch (output (delay.integer (input.mono) (time %.12g))))", times[i][0] / SR);
        float *h = impulse_of(text, 6000);
        for (int n = 0; n < 6000; n++)
            assert_true(h[n] == (n == (int)times[i][1] ? 1.0f : 0.0f));
        free(h);
    }
}

/* ---- between frames ---- */

/* Lagrange's weights in double: of frame k for a delay of d, order + 1 frames from `first`. */
static double lagrange(double d, int first, int order, int k)
{
    double w = 1.0;
    for (int j = first; j <= first + order; j++)
        if (j != k)
            w *= (d - j) / (k - j);
    return w;
}

static void test_lagrange(void **state)
{
    uint64_t chance = 2;
    (void)state;
    for (int i = 0; i < 200; i++) {
        double d = i < 30 ? i / 10.0 : kit_between(&chance, 3.0, 200.0);
        d = (double)(float)d;
        int whole = (int)d, order = whole >= 3 ? 7 : whole >= 1 ? 3 : 1;
        int first = whole - order / 2;
        TEXT("(patch (output (delay.fractional (input.mono) (time %.17g))))", d / SR);
        float *h = impulse_of(text, 256);
        for (int n = 0; n < 256; n++) {
            double wanted = n >= first && n <= first + order ? lagrange(d, first, order, n) : 0.0;
            assert_near((double)h[n], wanted, 4e-6, "a weight");
        }
        free(h);
    }
}

/* Worst at half a frame: how far from e^(-i w d), and how loud. */
static void test_fractional_response(void **state)
{
    static const double at[][3] = {/* Hz, error in dB, droop in dB */
                                   {1000, -120, 1e-5},
                                   {5000, -89.7, 0.0003},
                                   {10000, -44.1, 0.054},
                                   {15000, -20.4, 0.88}};
    (void)state;
    float *h = impulse_of("(patch (output (delay.fractional (input.mono) (time 0.4166666666666ms) "
                          ")))",
                          64);
    float *half = impulse_of("(patch (output (delay.fractional (input.mono) (time 0.42708333333ms)"
                             ")))",
                             64);
    for (size_t i = 0; i < COUNT(at); i++) {
        double complex H = response_at(half, 64, at[i][0]);
        double complex wanted = cexp(-I * TAU * at[i][0] / SR * 20.5);
        double error = decibels(cabs(H - wanted)), level = decibels(cabs(H));
        print_message("lagrange, half a frame: %5.0f Hz: error %6.1f dB, level %8.5f dB\n",
                      at[i][0], error, level);
        assert_true(error < at[i][1]);
        assert_true(level < 1e-5 && level > -at[i][2]);
        assert_near(carg(H / wanted), 0.0, 1e-5, "phase");
        assert_near(cabs(response_at(h, 64, at[i][0])), 1.0, 1e-6, "a whole delay");
    }
    free(h);
    free(half);
}

static void test_thiran(void **state)
{
    uint64_t chance = 3;
    (void)state;
    for (int i = 0; i < 40; i++) {
        double d = kit_between(&chance, 0.5, 50.0);
        TEXT("(patch (output (delay.fractional (input.mono) (time %.12g) (method allpass))))",
             d / SR);
        float *h = impulse_of(text, 256);
        for (double f = 100; f < 24000; f += 1700)
            assert_near(cabs(response_at(h, 256, f)), 1.0, 2e-6, "an all-pass");
        double complex H = response_at(h, 256, 100.0);
        double delay = -carg(H) * SR / (TAU * 100.0);
        assert_near(delay, d, 2e-3, "delay at 100 Hz");
        free(h);
    }
}

/* sin(w (n - d(n))): the patch's delay against the formula. The frequencies are whole numbers of
 * 2^-32 turns a frame. */
static void test_modulated(void **state)
{
    static const double at[][3] = {/* Hz, of modulation, SNR in dB */
                                   {1125, 5.859375, 110},
                                   {1125, 187.5, 110},
                                   {5250, 187.5, 85},
                                   {1125, 3000, 80}};
    enum { FRAMES = 24000, START = 2000 };
    (void)state;
    for (size_t i = 0; i < COUNT(at); i++) {
        double f = at[i][0], m = at[i][1], depth = 48.0 * fmin(1.0, 40.0 / m);
        TEXT("(patch (output (delay.modulated (osc.sine (freq %g)) (time 5ms) (mod (osc.sine (freq "
             "%g))) (depth %.12g))))",
             f, m, depth / SR);
        float *y = sound_of(text, FRAMES);
        double error = 0.0, power = 0.0;
        for (int n = START; n < FRAMES; n++) {
            double d = 240.0 + depth * sin(TAU * m / SR * n);
            double wanted = sin(TAU * f / SR * (n - d));
            error += pow((double)y[n] - wanted, 2);
            power += wanted * wanted;
        }
        double snr = 10.0 * log10(power / error);
        print_message("%g Hz moved by %.3g frames at %g Hz: SNR %.1f dB\n", f, depth, m, snr);
        assert_true(snr > at[i][2]);
        free(y);
    }
    /* A time that is known makes room for itself, though max is 0.1 s. */
    float *late = sound_of("(patch (output (delay.modulated (osc.tick (freq 0.01)) (time 0.5s))))",
                           FRAMES + 10);
    for (int n = 0; n < FRAMES + 10; n++)
        assert_near(late[n], n == FRAMES ? 1.0 : 0.0, 1e-6, "an impulse half a second later");
    free(late);
}

/* ---- all-pass, echoes ---- */

static void test_allpass(void **state)
{
    (void)state;
    float *h = impulse_of("(patch (output (delay.allpass (input.mono) (time 1ms) (feedback 0.6))))",
                          48000);
    double energy = 0.0;
    for (int n = 0; n < 48000; n++)
        energy += (double)h[n] * (double)h[n];
    assert_near(energy, 1.0, 1e-6, "energy");
    assert_near((double)h[0], -0.6, 1e-7, "at once");
    assert_near((double)h[48], 0.64, 1e-7, "after the delay");
    assert_near((double)h[96], 0.384, 1e-7, "again");
    for (double f = 10; f < 24000; f += 997)
        assert_near(cabs(response_at(h, 4800, f)), 1.0, 1e-6, "|H|");
    free(h);
}

static void test_comb(void **state)
{
    (void)state;
    float *h = impulse_of("(patch (output (delay.feedback (input.mono) (time 2ms) (feedback "
                          "-0.5))))",
                          1000);
    for (int n = 0; n < 1000; n++)
        assert_true(h[n] == (n % 96 == 0 && n ? (float)pow(-0.5, n / 96 - 1) : 0.0f));
    free(h);
}

static void test_multitap(void **state)
{
    (void)state;
    struct sides s = impulse_sides(
        "(patch (output (delay.multitap (input.mono) (taps (table (0s 0.25 -1) (1ms 0.5 1) (10ms "
        "0.75 0))) (feedback 0.5))))",
        2000);
    for (int n = 0; n < 2000; n++) {
        double g = pow(0.5, n / 480), r = sqrt(0.5);
        double left = n % 480 == 0 ? g * (0.25 + (n ? 2 * 0.75 * r : 0.0)) : 0.0;
        double right = n % 480 == 48 ? 0.5 * g : n % 480 == 0 && n ? 2 * g * 0.75 * r : 0.0;
        assert_near((double)s.left[n], left, 3e-7, "left");
        assert_near((double)s.right[n], right, 3e-7, "right");
    }
    sides_free(&s);
    s = impulse_sides("(patch (output (delay.multitap (input.mono) (taps (table (3ms 0.5) (7ms "
                      "-0.25))))))",
                      500);
    for (int n = 0; n < 500; n++)
        assert_true(s.left[n] == (n == 144   ? 0.5f
                                  : n == 336 ? -0.25f
                                             : 0.0f) &&
                    s.left[n] == s.right[n]);
    sides_free(&s);
}

/* Each echo is spread by the tone filter, whose gain at 0 Hz is 1: its sum is what it should be. */
static void test_pingpong(void **state)
{
    (void)state;
    struct sides s = impulse_sides("(patch (output (delay.pingpong (input.mono) (time 100ms) "
                                   "(feedback 0.7) (tone 4000) (wet 100%))))",
                                   48000);
    for (int k = 1; k < 9; k++) {
        double left = 0.0, right = 0.0;
        for (int n = 4800 * k; n < 4800 * k + 4800; n++) {
            left += (double)s.left[n];
            right += (double)s.right[n];
        }
        assert_near(left, k % 2 ? pow(0.7, k - 1) : 0.0, 1e-5, "left");
        assert_near(right, k % 2 ? 0.0 : pow(0.7, k - 1), 1e-5, "right");
    }
    for (int n = 0; n < 4800; n++)
        assert_true(s.left[n] == 0.0f && s.right[n] == 0.0f);
    sides_free(&s);
    s = impulse_sides("(patch (output (delay.pingpong (input) (time 20ms) (wet 100%))))", 2000);
    assert_memory_equal(s.left, s.right, 2000 * sizeof(float));
    sides_free(&s);
}

/* ---- chorus ---- */

/* J_k(x) = 1/pi integral from 0 to pi of cos(k t - x sin t) */
static double bessel(int k, double x)
{
    double sum = 0.0;
    for (int i = 0; i < 2000; i++) {
        double t = (i + 0.5) / 2000.0 * TAU / 2.0;
        sum += cos(k * t - x * sin(t));
    }
    return sum / 2000.0;
}

/* One voice turns a sine into frequency modulation: lines of J_k(2 pi f depth) at f + k rate. */
static void test_chorus_spectrum(void **state)
{
    (void)state;
    float *y = sound_of("(patch (output (chorus (osc.sine (freq 1000)) (voices 1) (rate 5) "
                        "(depth 0.3ms) (time 5ms) (wet 100%))))",
                        98000);
    for (int k = -4; k <= 4; k++) {
        double got = magnitude_at(y + 2000, 96000, 1000.0 + 5.0 * k) / 48000.0;
        assert_near(got, fabs(bessel(k, TAU * 1000 * 0.0003)), 2e-5, "a side line");
    }
    free(y);
}

/* At rest the voices stand still at time + depth sin(2 pi v/V): V lines of 1/sqrt(V). */
static void test_chorus_voices(void **state)
{
    (void)state;
    for (int count = 1; count <= 6; count++)
        for (int side = 0; side < 2; side++) {
            TEXT("(patch (def c (chorus (input.mono) (voices %d) (rate 0) (depth 1ms) (time 5ms) "
                 "(wet 100%%) (spread 25%%))) (output c.%s))",
                 count, side ? "right" : "left");
            float *h = impulse_of(text, 512);
            for (double f = 200; f < 5000; f += 613) {
                double complex wanted = 0.0;
                for (int v = 0; v < count; v++) {
                    double d = 240 + 48 * sin(TAU * (v + 0.25 * side) / count);
                    wanted += cexp(-I * TAU * f / SR * d) / sqrt(count);
                }
                assert_near(cabs(response_at(h, 512, f) - wanted), 0.0, 2e-3, "voices at rest");
            }
            free(h);
        }
}

/* ---- flanger and phaser at rest ---- */

static void test_flanger(void **state)
{
    static const double feedbacks[] = {0.0, 0.7, -0.7};
    (void)state;
    for (size_t i = 0; i < COUNT(feedbacks); i++) {
        TEXT("(patch (output (flanger (input.mono) (depth 0s) (time 1ms) (feedback %g))))",
             feedbacks[i]);
        float *h = impulse_of(text, 9600);
        for (double f = 100; f < 20000; f += 83) {
            double complex z = cexp(-I * TAU * f / SR * 48.0);
            double complex wanted = 0.5 + 0.5 * z / (1.0 - feedbacks[i] * z);
            assert_near(cabs(response_at(h, 9600, f) - wanted), 0.0, 1e-5, "a comb");
        }
        if (feedbacks[i] == 0.0)
            assert_true(cabs(response_at(h, 9600, 7500.0)) < 1e-6); /* 7.5 turns of 1 ms */
        free(h);
    }
}

static void test_phaser(void **state)
{
    static const char *const words[] = {"two", "four", "six", "eight", "twelve"};
    static const int counts[] = {2, 4, 6, 8, 12};
    static const double feedbacks[] = {0.0, 0.7, -0.6};
    double t = tan(TAU / 2 * 1000.0 / SR), a = (t - 1) / (t + 1);
    (void)state;
    for (int i = 0; i < 5; i++)
        for (size_t k = 0; k < COUNT(feedbacks); k++) {
            TEXT("(patch (output (phaser (input.mono) (freq 1000) (depth 0) (stages %s) (feedback "
                 "%g))))",
                 words[i], feedbacks[k]);
            float *h = impulse_of(text, 9600);
            for (double f = 50; f < 23000; f *= 1.1) {
                double complex z = cexp(-I * TAU * f / SR), A = 1.0;
                for (int n = 0; n < counts[i]; n++)
                    A *= (a + z) / (1.0 + a * z);
                double complex wanted = 0.5 + 0.5 * A / (1.0 - feedbacks[k] * A);
                assert_near(cabs(response_at(h, 9600, f) - wanted), 0.0, 2e-5, "a phaser");
            }
            /* Notches where the all-passes turn by odd halves:
             * tan(pi f/sr) = tan(pi 1000/sr) tan((2j + 1) pi/(2N)). */
            for (int j = 0; j < counts[i] / 2 && feedbacks[k] == 0.0; j++) {
                double f = SR / (TAU / 2) * atan(t * tan((2 * j + 1) * TAU / 4 / counts[i]));
                double depth = decibels(cabs(response_at(h, 9600, f)));
                assert_true(depth < -80.0);
            }
            free(h);
        }
}

/* ---- two sides ---- */

static void test_width(void **state)
{
    static const double widths[] = {0.0, 0.5, 1.0, 2.0};
    float *l = noise_of(5, 100), *r = noise_of(6, 100);
    (void)state;
    for (size_t i = 0; i < COUNT(widths); i++) {
        TEXT("(patch (output (stereo.width (input) (width %g))))", widths[i]);
        struct sides s = through(text, l, r, 100);
        for (int n = 0; n < 100; n++) {
            double m = ((double)l[n] + (double)r[n]) / 2, d = ((double)l[n] - (double)r[n]) / 2;
            assert_near((double)s.left[n], m + widths[i] * d, 3e-7, "left");
            assert_near((double)s.right[n], m - widths[i] * d, 3e-7, "right");
        }
        sides_free(&s);
    }
    struct sides s = through("(patch (output (stereo.midside (stereo.midside (input)) (mode "
                             "decode))))",
                             l, r, 100);
    for (int n = 0; n < 100; n++) {
        assert_near((double)s.left[n], (double)l[n], 1.2e-7, "left again");
        assert_near((double)s.right[n], (double)r[n], 1.2e-7, "right again");
    }
    sides_free(&s);
    free(l);
    free(r);
}

static struct sides at_pos(const char *form, const char *law, double pos)
{
    float in[1] = {1.0f};
    TEXT("(patch (output (%s (input) (pos %g) (law %s))))", form, pos, law);
    if (strcmp(form, "stereo.pan") == 0)
        snprintf(text, sizeof text, "(patch (output (%s (input.mono) (pos %g) (law %s))))", form,
                 pos, law);
    return through(text, in, in, 1);
}

static void test_pan_laws(void **state)
{
    (void)state;
    for (double pos = -1.0; pos <= 1.0; pos += 0.125) {
        double v = (1 + pos) / 2;
        struct sides power = at_pos("stereo.pan", "power", pos);
        struct sides linear = at_pos("stereo.pan", "linear", pos);
        struct sides middle = at_pos("stereo.pan", "middle", pos);
        double l = (double)*power.left, r = (double)*power.right;
        assert_near(l * l + r * r, 1.0, 4e-7, "power");
        assert_near((double)*linear.left + (double)*linear.right, 1.0, 2e-7, "sum");
        assert_near((double)*linear.right, v, 2e-7, "linear");
        assert_near((double)*middle.left, sqrt((1 - v) * cos(TAU / 4 * v)), 3e-7, "middle");
        assert_near((double)*middle.right, sqrt(v * sin(TAU / 4 * v)), 3e-7, "middle");
        if (pos == 0.0)
            assert_near(decibels((double)*middle.left), -4.515, 0.001, "-4.5 dB");
        sides_free(&power);
        sides_free(&linear);
        sides_free(&middle);
        static const char *const laws[] = {"side", "power", "linear", "middle"};
        for (int i = 0; i < 4; i++) {
            struct sides b = at_pos("stereo.balance", laws[i], pos);
            if (pos == 0.0)
                assert_near((double)*b.left, 1.0, 3e-7, "nothing in the middle");
            if (i == 0)
                assert_near((double)*b.left, fmin(1, 1 - pos), 2e-7, "left");
            if (i == 0)
                assert_near((double)*b.right, fmin(1, 1 + pos), 2e-7, "right");
            if (pos == 1.0)
                assert_near((double)*b.left, 0.0, 4e-4, "nothing on the far side");
            sides_free(&b);
        }
    }
}

static void test_haas(void **state)
{
    float *l = noise_of(7, 2000);
    (void)state;
    struct sides s = through("(patch (output (stereo.haas (input.mono) (time 10ms) (side right) "
                             "(level 0.5))))",
                             l, NULL, 2000);
    for (int n = 0; n < 2000; n++)
        assert_true(s.right[n] == l[n] && s.left[n] == (n < 480 ? 0.0f : 0.5f * l[n - 480]));
    sides_free(&s);
    free(l);
}

/* ---- any cut, any width ---- */

static const char *const everything[] = {
    "(patch (output (delay.integer (input.mono) (time 3ms (gain (noise.white) (amp 0.002))))))",
    "(patch (output (delay.fractional (input.mono) (time 0.04ms (gain (noise.white) (amp "
    "0.00004))))))",
    "(patch (output (delay.fractional (input.mono) (time 1ms (gain (noise.white) (amp 0.001))) "
    "(method allpass))))",
    "(patch (output (delay.modulated (input.mono) (time 2ms) (mod (noise.white)) (depth 2ms))))",
    "(patch (output (delay.allpass (input.mono) (time 2ms (gain (noise.white) (amp 0.002))) "
    "(feedback "
    "0.7 (gain (noise.white) (amp 0.2))))))",
    "(patch (output (delay.multitap (input.mono) (taps (table (0s 0.5) (1ms 0.3) (3.3ms 0.4))) "
    "(feedback 0.6))))",
    "(patch (output (delay.pingpong (input) (time 2ms (gain (noise.white) (amp 0.001))) (feedback "
    "-0.8))))",
    "(patch (output (chorus (input) (rate 9) (depth 4ms) (time 4ms) (voices 6))))",
    "(patch (output (flanger (input) (rate 20) (depth 1ms) (time 1ms) (feedback 0.9))))",
    "(patch (output (phaser (input) (rate 11) (depth 4) (stages twelve) (feedback -0.9))))",
    "(patch (output (reverb.fdn (input) (decay 0.5s) (size 0.05) (mod 1) (predelay 1ms))))",
    "(patch (output (reverb.plate (input) (decay 0.5s) (size 0.5) (mod 1) (rate 9))))",
    "(patch (output (convolve (input) (impulse (table (1 0) (0.5 0.2) (0.2 -0.3) (0 1))))))",
    "(patch (output (stereo.haas (input) (time 2ms) (level -3db))))",
    "(patch (output (stereo.pan (input.mono) (law middle) (pos (noise.white)))))",
};

struct way {
    unsigned lanes, lane;
    enum rp_isa isa;
    uint64_t cuts; /* 0: in one piece */
};

/* Lane `lane` of a group of `lanes` hears `in`; the others something else. */
static void play_way(const char *text, const struct way *way, const float *in, float *out,
                     size_t frames)
{
    struct player p = play(text);
    struct rp_error error;
    size_t size = rp_group_bytes(p.program, way->lanes), lanes = way->lanes;
    void *memory = kit_aligned(size);
    struct rp_group *g = rp_instantiate(p.program, way->lanes, way->isa, memory, size, &error);
    float *wide = calloc(2 * frames * lanes, sizeof *wide), *got = calloc(frames * lanes, 8);
    uint64_t chance = way->cuts;
    assert_non_null(g);
    assert_non_null(wide);
    assert_non_null(got);
    for (unsigned v = 0; v < lanes; v++)
        assert_int_equal(rp_voice_start(g, v, 7, v == way->lane ? 3 : 10 + v), RP_OK);
    for (size_t i = 0; i < 2 * frames; i++)
        for (size_t v = 0; v < lanes; v++)
            wide[i * lanes + v] = v == way->lane ? in[i] : 0.5f * in[(i * 7 + v) % frames];
    for (size_t at = 0; at < frames;) {
        size_t n = way->cuts ? 1 + kit_random(&chance) % 150 : frames;
        n = n < frames - at ? n : frames - at;
        const float *from[2] = {wide + at * lanes, wide + (frames + at) * lanes};
        float *to[2] = {got + at * lanes, got + (frames + at) * lanes};
        assert_int_equal(rp_process(g, n, from, to, &error), RP_OK);
        at += n;
    }
    for (size_t i = 0; i < frames * p.channels; i++)
        out[i] = got[i * lanes + way->lane];
    free(wide);
    free(got);
    free(memory);
    player_close(&p);
}

static void test_ways(void **state)
{
    enum { FRAMES = 6000 };
    static const enum rp_isa isas[] = {RP_ISA_BASE, RP_ISA_AVX2, RP_ISA_AVX512};
    static const unsigned widths[] = {1, 4, 8, 16};
    static float want[2 * FRAMES], got[2 * FRAMES];
    float *in = noise_of(8, 2 * FRAMES);
    uint64_t chance = 9;
    (void)state;
    for (size_t e = 0; e < COUNT(everything); e++) {
        struct way plain = {.lanes = 1, .isa = RP_ISA_BASE};
        memset(want, 0, sizeof want);
        play_way(everything[e], &plain, in, want, FRAMES);
        for (size_t w = 0; w < COUNT(widths); w++)
            for (size_t i = 0; i < COUNT(isas); i++) {
                struct way way = {widths[w], (unsigned)(kit_random(&chance) % widths[w]), isas[i],
                                  kit_random(&chance)};
                if (!rp_isa_available(isas[i]))
                    continue;
                memset(got, 0, sizeof got);
                play_way(everything[e], &way, in, got, FRAMES);
                if (memcmp(want, got, sizeof want) != 0)
                    fail_msg("%s: other bits at width %u, isa %d", everything[e], widths[w],
                             (int)isas[i]);
            }
    }
    free(in);
}

/* ---- tails ---- */

/* To silence after a burst, and nothing denormal on the way. */
static void test_tails(void **state)
{
    enum { BURST = 2000, TAIL = 400000 };
    float *in = noise_of(10, BURST + TAIL);
    memset(in + BURST, 0, TAIL * sizeof *in);
    (void)state;
    for (size_t e = 0; e < COUNT(everything); e++) {
        struct sides s = through(everything[e], in, in, BURST + TAIL);
        for (int n = 0; n < BURST + TAIL; n++) {
            if (fpclassify(s.left[n]) == FP_SUBNORMAL || fpclassify(s.right[n]) == FP_SUBNORMAL)
                fail_msg("%s: denormal at frame %d", everything[e], n);
        }
        for (int n = BURST + TAIL - 1000; n < BURST + TAIL; n++)
            if (s.left[n] != 0.0f || s.right[n] != 0.0f)
                fail_msg("%s: %g at frame %d", everything[e], (double)s.left[n], n);
        sides_free(&s);
    }
    free(in);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_integer),
        cmocka_unit_test(test_integer_rounds),
        cmocka_unit_test(test_lagrange),
        cmocka_unit_test(test_fractional_response),
        cmocka_unit_test(test_thiran),
        cmocka_unit_test(test_modulated),
        cmocka_unit_test(test_allpass),
        cmocka_unit_test(test_comb),
        cmocka_unit_test(test_multitap),
        cmocka_unit_test(test_pingpong),
        cmocka_unit_test(test_chorus_spectrum),
        cmocka_unit_test(test_chorus_voices),
        cmocka_unit_test(test_flanger),
        cmocka_unit_test(test_phaser),
        cmocka_unit_test(test_width),
        cmocka_unit_test(test_pan_laws),
        cmocka_unit_test(test_haas),
        cmocka_unit_test(test_ways),
        cmocka_unit_test(test_tails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
