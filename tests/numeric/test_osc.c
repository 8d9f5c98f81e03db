/* test_osc.c - vm/osc/kernels.h and vm/blep.h: spectra against Fourier series, bits across lane
 * widths, exact phases, the statistics of noise.
 *
 * Build: as test_math.c says, with test_osc.c in its place.
 */
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

#define PI 3.14159265358979323846
#define SR 48000.0

enum { LOG_N = 17, N = 1 << LOG_N, CHUNK = 4800 };

static float y[N];

/* ---- running a kernel ---- */

struct note {
    enum kern_op op;
    float in0;
    float in1;
    uint32_t state[3];
};

/* One voice, constant inputs; the state goes on from call to call. */
static void run(struct note *n, size_t frames, float *out)
{
    static float in0[CHUNK];
    static float in1[CHUNK];
    for (size_t i = 0; i < CHUNK; i++) {
        in0[i] = n->in0;
        in1[i] = n->in1;
    }
    for (size_t done = 0; done < frames; done += CHUNK) {
        size_t part = frames - done < CHUNK ? frames - done : CHUNK;
        kern_1.osc(n->op, part, 1, in0, in1, out + done, n->state);
    }
}

static float value_at(enum kern_op op, float in0, float in1, uint32_t phase)
{
    struct note n = {op, in0, in1, {phase, 0, 0}};
    float one;
    run(&n, 1, &one);
    return one;
}

/* The frequency an oscillator really has: its phase moves by whole 2^-32 turns. */
static double true_freq(float freq)
{
    struct note n = {OSC_SINE, freq, 0.0f, {0, 0, 0}};
    float one;
    run(&n, 1, &one);
    return (double)(int32_t)n.state[0] * SR / 4294967296.0;
}

/* ---- spectra ---- */

static double re[N];
static double im[N];
static double window[N];
static double window_sum;

/* Blackman-Harris, seven terms (Albrecht 2001): side lobes under -180 dB, main lobe 7 bins a side.
 */
static void make_window(void)
{
    static const double a[7] = {0.27105140069342,  -0.43329793923448, 0.21812299954311,
                                -0.06592544638803, 0.01081174209837,  -0.00077658482522,
                                0.00001388721735};
    for (size_t i = 0; i < N; i++) {
        window[i] = 0.0;
        for (size_t k = 0; k < 7; k++)
            window[i] += a[k] * cos(2 * PI * (double)(k * i) / N);
        window_sum += window[i];
    }
}

static void swap(double *a, double *b)
{
    double t = *a;
    *a = *b;
    *b = t;
}

static void fft(void)
{
    for (size_t i = 1, j = 0; i < N; i++) {
        size_t bit = N >> 1;
        for (; j & bit; bit >>= 1)
            j ^= bit;
        j |= bit;
        if (i < j) {
            swap(&re[i], &re[j]);
            swap(&im[i], &im[j]);
        }
    }
    for (size_t len = 2; len <= N; len *= 2)
        for (size_t k = 0; k < len / 2; k++) {
            double c = cos(2 * PI * (double)k / (double)len);
            double s = -sin(2 * PI * (double)k / (double)len);
            for (size_t i = k; i < N; i += len) {
                size_t j = i + len / 2;
                double r = re[j] * c - im[j] * s;
                double m = re[j] * s + im[j] * c;
                re[j] = re[i] - r;
                im[j] = im[i] - m;
                re[i] += r;
                im[i] += m;
            }
        }
}

static double db(double x)
{
    return 20 * log10(x < 1e-12 ? 1e-12 : x);
}

/* Amplitude of the sinusoid of exactly f Hz in y; at 0, the mean. */
static double amplitude(double f)
{
    double r = 0;
    double m = 0;
    for (size_t i = 0; i < N; i++) {
        double turns = f / SR * (double)i;
        double angle = 2 * PI * (turns - floor(turns));
        r += window[i] * (double)y[i] * cos(angle);
        m += window[i] * (double)y[i] * sin(angle);
    }
    return sqrt(r * r + m * m) / window_sum * (f > 0 ? 2 : 1);
}

/* Strongest line below `top` Hz that is no harmonic of f0 and not the mean, dB under the
 * fundamental. Low by at most 0.5 dB, the window's loss half way between bins. */
static double strongest_alias(double f0, double top, double *where)
{
    double bin = SR / N;
    double most = 0;
    for (size_t i = 0; i < N; i++) {
        re[i] = window[i] * (double)y[i];
        im[i] = 0;
    }
    fft();
    for (size_t i = 0; (double)i * bin < top; i++) {
        double f = (double)i * bin;
        double a = 2 * hypot(re[i], im[i]) / window_sum;
        if (fabs(f - f0 * round(f / f0)) > 8 * bin && a > most) {
            most = a;
            *where = f;
        }
    }
    return db(most / amplitude(f0));
}

struct alias_row {
    float freq;
    double saw, pulse, narrow,
        triangle; /* dB; the measured level rounded up, and a margin of 1 dB */
};

static const struct alias_row alias_table[] = {
    {20.37f, -153, -153, -143, -160},   {55.13f, -144, -144, -135, -160},
    {110.37f, -138, -139, -129, -165},  {441.37f, -127, -127, -118, -164},
    {1000.37f, -120, -120, -110, -152}, {2093.00f, -114, -114, -104, -137},
    {3135.96f, -111, -111, -108, -132}, {4186.01f, -109, -109, -100, -128},
    {5000.00f, -106, -109, -97, -128},  {5587.65f, -107, -108, -97, -129},
    {7040.00f, -104, -107, -94, -124},  {8372.02f, -104, -104, -94, -118},
    {9956.06f, -100, -100, -91, -109},  {12543.90f, -102, -102, -91, -111},
    {15017.30f, -98, -100, -91, -109},
};

static double alias_of(enum kern_op op, float freq, float width)
{
    struct note n = {op, freq, width, {0, 0, 0}};
    double where = 0;
    double level;
    run(&n, N, y);
    level = strongest_alias(true_freq(freq), 20000.0, &where);
    print_message("  %8.1f at %7.1f", level, where);
    return level;
}

static void test_aliases(void **state)
{
    (void)state;
    print_message(
        "  freq: strongest alias below 20 kHz, dB and Hz: saw, pulse 0.5, pulse 0.1, triangle\n");
    for (size_t i = 0; i < sizeof alias_table / sizeof *alias_table; i++) {
        const struct alias_row *row = &alias_table[i];
        double level[4];
        print_message("  %8.2f:", (double)row->freq);
        level[0] = alias_of(OSC_SAW, row->freq, 0.0f);
        level[1] = alias_of(OSC_PULSE, row->freq, 0.5f);
        level[2] = alias_of(OSC_PULSE, row->freq, 0.1f);
        level[3] = alias_of(OSC_TRIANGLE, row->freq, 0.0f);
        print_message("\n");
        assert_true(level[0] < row->saw);
        assert_true(level[1] < row->pulse);
        assert_true(level[2] < row->narrow);
        assert_true(level[3] < row->triangle);
    }
}

/* A saw without its band-limited steps must fail the test above. */
static void test_alias_meter(void **state)
{
    double f0 = true_freq(5000.0f);
    double where = 0;
    (void)state;
    for (size_t i = 0; i < N; i++) {
        double p = f0 / SR * (double)i;
        y[i] = (float)(2 * (p - floor(p)) - 1);
    }
    assert_true(strongest_alias(f0, 20000.0, &where) > -25);
    for (size_t i = 0; i < N; i++)
        y[i] = (float)sin(2 * PI * f0 / SR * (double)i) +
               1e-5f * (float)cos(2 * PI * 777.7 / SR * (double)i);
    assert_true(fabs(strongest_alias(f0, 20000.0, &where) + 100) < 1);
    assert_true(fabs(where - 777.7) < 1);
}

/* dB by which a harmonic at f Hz may lie over and under the Fourier series. */
static void droop_bounds(double f, double *over, double *under)
{
    static const double table[][2] = {{15900, -0.16}, {16000, -0.17}, {17000, -0.87},
                                      {18000, -2.1},  {20000, -6.5},  {22000, -14.0}};
    *over = 0.16;
    *under = -25.7;
    for (size_t i = sizeof table / sizeof *table; i-- > 0;)
        if (f <= table[i][0])
            *under = table[i][1];
}

static double series(enum kern_op op, double width, int k)
{
    if (op == OSC_SAW)
        return 2 / (PI * k);
    if (op == OSC_PULSE)
        return fabs(4 / (PI * k) * sin(PI * k * width));
    return k % 2 ? 8 / (PI * PI * k * k) : 0;
}

static void check_harmonics(enum kern_op op, float freq, float width)
{
    struct note n = {op, freq, width, {0, 0, 0}};
    double f0 = true_freq(freq);
    run(&n, N, y);
    for (int k = 1; k * f0 < 24000; k++) {
        double want = series(op, (double)width, k);
        double got = amplitude(k * f0);
        double over;
        double under;
        droop_bounds(k * f0, &over, &under);
        if (want < 1e-6)
            assert_true(got < 2e-6);
        else if (db(got / want) > over || db(got / want) < under)
            fail_msg("op %d, %g Hz: harmonic %d is %.3f dB from the series", op, (double)freq, k,
                     db(got / want));
    }
}

static void test_harmonics(void **state)
{
    static const float notes[] = {437.1f, 1234.5f, 5000.0f, 9956.06f, 17123.4f};
    (void)state;
    for (size_t i = 0; i < sizeof notes / sizeof *notes; i++) {
        check_harmonics(OSC_SAW, notes[i], 0.0f);
        check_harmonics(OSC_PULSE, notes[i], 0.5f);
        check_harmonics(OSC_PULSE, notes[i], 0.3f);
        check_harmonics(OSC_TRIANGLE, notes[i], 0.0f);
    }
}

/* Harmonic by harmonic the response of the kernel itself, where the droop is steep. */
static void test_droop(void **state)
{
    static const double want[][2] = {{1e3, -0.03},  {5e3, -0.06},  {8e3, 0.14},   {11e3, -0.15},
                                     {13e3, -0.01}, {15e3, 0.13},  {16e3, -0.15}, {17e3, -0.84},
                                     {18e3, -2.05}, {20e3, -6.36}, {22e3, -13.79}};
    struct note n = {OSC_SAW, 10.13f, 0.0f, {0, 0, 0}}; /* no alias falls on a harmonic */
    double f0 = true_freq(10.13f);
    (void)state;
    run(&n, N, y);
    for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
        int k = (int)lround(want[i][0] / f0);
        double got = db(amplitude(k * f0) * PI * k / 2);
        if (fabs(got - want[i][1]) > 0.03)
            fail_msg("the saw at %g Hz is %.3f dB, not %.2f dB", want[i][0], got, want[i][1]);
    }
}

static void test_sine_purity(void **state)
{
    static const float notes[] = {20.37f, 440.37f, 5000.0f, 17123.4f};
    (void)state;
    for (size_t i = 0; i < sizeof notes / sizeof *notes; i++) {
        struct note n = {OSC_SINE, notes[i], 0.0f, {0, 0, 0}};
        double f0 = true_freq(notes[i]);
        double left = 0;
        double where = 0;
        double alias;
        run(&n, N, y);
        assert_true(fabs(db(amplitude(f0))) < 1e-5);
        for (int k = 2; k <= 9; k++)
            left = fmax(left, amplitude(fabs(k * f0 - SR * round(k * f0 / SR))));
        alias = strongest_alias(f0, 23900.0, &where);
        print_message("  sine %8.2f Hz: harmonics below %.1f dB, all else below %.1f dB\n",
                      (double)notes[i], db(left), alias);
        assert_true(db(left) < -140);
        assert_true(alias < -140);
    }
}

static void test_means(void **state)
{
    static const float notes[] = {110.37f, 1234.5f, 5000.0f, 11111.1f};
    (void)state;
    for (size_t i = 0; i < sizeof notes / sizeof *notes; i++) {
        struct note tri = {OSC_TRIANGLE, notes[i], 0.0f, {0, 0, 0}};
        struct note saw = {OSC_SAW, notes[i], 0.0f, {0, 0, 0}};
        struct note pulse = {OSC_PULSE, notes[i], 0.2f, {0, 0, 0}};
        run(&tri, N, y);
        assert_true(amplitude(0) < 1e-7);
        run(&saw, N, y);
        assert_true(amplitude(0) < 1e-7);
        run(&pulse, N, y);
        assert_true(fabs(amplitude(0) - 0.6) < 1e-6);
    }
}

/* ---- the band-limited step and ramp ---- */

static float map1(enum kern_fn fn, float x)
{
    uint32_t u;
    float out;
    memcpy(&u, &x, sizeof u);
    kern_1.map(fn, 1, &u, &out);
    return out;
}

static void test_step_and_ramp(void **state)
{
    double sum = 0;
    (void)state;
    assert_true(map1(FN_STEP, 0.0f) == 0.0f);
    assert_true(map1(FN_STEP, 1.0f) == 1.0f && map1(FN_STEP, 1.0001f) == 1.0f &&
                map1(FN_STEP, 1e20f) == 1.0f);
    assert_true(map1(FN_RAMP, 1.0f) == 0.0f && !signbit(map1(FN_RAMP, 1.0f)) &&
                map1(FN_RAMP, 1e20f) == 0.0f);
    for (int i = 1; i <= 10000; i++) {
        float u = (float)i / 10000.0f;
        float before = (float)(i - 1) / 10000.0f;
        double middle = (double)map1(FN_STEP, (u + before) / 2);
        double rise = (double)map1(FN_RAMP, u) - (double)map1(FN_RAMP, before);
        assert_true(map1(FN_STEP, -u) == -map1(FN_STEP, u));
        /* the ramp's slope is the step's residual, (2S - 1)/2 */
        sum += (middle - 1) / 2 * ((double)u - (double)before);
        assert_true(fabs(rise - (middle - 1) / 2e4) < 3e-7);
        /* smooth joins: (1 - u)^2 is left of h near the end, (1 - u)^3 of S */
        if (u > 0.98f)
            assert_true(fabs(middle - 1) < 4 * pow(1 - (double)before, 3) + 4e-7);
    }
    assert_true(fabs(sum + (double)map1(FN_RAMP, 0.0f)) < 1e-6);
}

/* ---- phase ---- */

static void test_phase_is_exact(void **state)
{
    static const float notes[] = {0.001f,    0.1f,     20.0f,     440.0f, 999.999f,
                                  12345.67f, 24000.0f, -24000.0f, -440.0f};
    static float out[CHUNK];
    (void)state;
    for (size_t i = 0; i < sizeof notes / sizeof *notes; i++) {
        struct note n = {OSC_PHASOR, notes[i], 0.0f, {0, 0, 0}};
        uint32_t step;
        run(&n, 1, out);
        step = n.state[0];
        assert_true(fabs(true_freq(notes[i]) - (double)notes[i]) <=
                    1.12e-5 + 7.2e-8 * fabs((double)notes[i]));
        for (uint32_t f = 1; f < 48000 * 600; f += (f == 1 ? CHUNK - 1 : CHUNK)) /* ten minutes */
            run(&n, f == 1 ? CHUNK - 1 : CHUNK, out);
        assert_int_equal(n.state[0], step * (48000u * 600u));
        run(&n, 1, out);
        assert_true((double)out[0] == (double)((step * (48000u * 600u)) >> 8) / 16777216.0);
    }
}

static void test_odd_frequencies(void **state)
{
    static const float odd[] = {NAN, INFINITY, -INFINITY, 3.4e38f, -3.4e38f, 1e-45f, -0.0f, 1e6f};
    (void)state;
    for (int op = 0; op < NOISE_WHITE; op++)
        for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
            struct note n = {(enum kern_op)op, odd[i], odd[i], {0x12345678u, 0, 0}};
            run(&n, 1000, y);
            for (size_t f = 0; f < 1000; f++)
                assert_true(fabsf(y[f]) <= 1.3f);
        }
    assert_true(true_freq(1e9f) == true_freq(24000.0f));
    assert_true(true_freq(NAN) == true_freq(-24000.0f));
    assert_true(true_freq(24000.0f) == -true_freq(-24000.0f));
}

static void test_zero_frequency(void **state)
{
    (void)state;
    for (uint32_t i = 1; i < 1000; i++) {
        uint32_t p = i * 4294967u;
        double turns = p / 4294967296.0;
        struct note n = {OSC_SAW, 0.0f, 0.0f, {p, 0, 0}};
        run(&n, 10, y);
        assert_int_equal(n.state[0], p);
        assert_true(fabs((double)y[9] - (2 * turns - 1)) < 1.2e-7);
        assert_true(fabs((double)value_at(OSC_TRIANGLE, 0.0f, 0.0f, p) -
                         asin(sin(2 * PI * turns)) * 2 / PI) < 2.4e-7);
        assert_true(value_at(OSC_PULSE, 0.0f, 0.3f, p) == (turns < 0.3 ? 1.0f : -1.0f));
    }
    assert_true(value_at(OSC_SAW, 0.0f, 0.0f, 0) == 0.0f);
}

static void test_backwards(void **state)
{
    static const float notes[] = {0.01f, 33.3f, 440.0f, 5000.0f, 23000.0f};
    static float back[N];
    (void)state;
    for (int op = OSC_SINE; op <= OSC_TRIANGLE; op++)
        for (size_t i = 0; i < sizeof notes / sizeof *notes; i++) {
            struct note forth = {
                (enum kern_op)op, notes[i], op == OSC_PULSE ? 0.25f : 0.0f, {0, 0, 0}};
            struct note turned = {
                (enum kern_op)op, -notes[i], op == OSC_PULSE ? 0.75f : 0.0f, {0, 0, 0}};
            if (op == OSC_PHASOR)
                continue;
            run(&forth, 20000, y);
            run(&turned, 20000, back);
            for (size_t f = 0; f < 20000;
                 f++) /* each is odd; a pulse of width w turns into 1 - w */
                if (back[f] != -y[f])
                    fail_msg("op %d, %g Hz, frame %zu: %a forth, %a back", op, (double)notes[i], f,
                             (double)y[f], (double)back[f]);
        }
}

static void test_starts(void **state)
{
    static const float notes[] = {-440.0f, 0.5f, 440.0f, 3000.0f, 10000.0f, 23000.0f};
    (void)state;
    for (size_t i = 0; i < sizeof notes / sizeof *notes; i++) {
        assert_true(value_at(OSC_SINE, notes[i], 0.0f, 0) == 0.0f);
        assert_true(value_at(OSC_SINE_PM, notes[i], 0.25f, 0) == 1.0f);
        assert_true(value_at(OSC_PHASOR, notes[i], 0.0f, 0) == 0.0f);
        assert_true(value_at(OSC_SAW, notes[i], 0.0f, 0) == 0.0f);
        assert_true(value_at(OSC_TRIANGLE, notes[i], 0.0f, 0) == 0.0f);
        assert_true(fabsf(value_at(OSC_PULSE, notes[i], 0.5f, 0)) < 1e-6f);
    }
    assert_true(value_at(OSC_TRIANGLE, 440.0f, 0.0f, 0x08000000u) > 0.0f); /* rising */
    assert_true(value_at(OSC_PULSE, 440.0f, 0.5f, 0x20000000u) == 1.0f);
    assert_true(value_at(OSC_PULSE, 440.0f, 0.5f, 0xa0000000u) == -1.0f);
    assert_true(value_at(OSC_SAW, 440.0f, 0.0f, 0x20000000u) == -0.75f);
}

static void test_width_extremes(void **state)
{
    static const float notes[] = {0.0f, 20.0f, -440.0f, 5000.0f, 23999.0f};
    static const float closed[] = {0.0f, -1.0f, NAN};
    static const float open[] = {1.0f, 7.0f, INFINITY};
    (void)state;
    for (size_t i = 0; i < sizeof notes / sizeof *notes; i++)
        for (size_t w = 0; w < 3; w++) {
            struct note low = {OSC_PULSE, notes[i], closed[w], {0, 0, 0}};
            struct note high = {OSC_PULSE, notes[i], open[w], {0, 0, 0}};
            run(&low, 5000, y);
            for (size_t f = 0; f < 5000; f++)
                assert_true(y[f] == -1.0f);
            run(&high, 5000, y);
            for (size_t f = 0; f < 5000; f++)
                assert_true(y[f] == 1.0f);
        }
}

/* Next to an extreme the pulse is a small bump: nothing jumps while the width sweeps into it. */
static void test_width_is_continuous(void **state)
{
    static const float notes[] = {20.0f, 440.0f, 5000.0f, 15000.0f};
    (void)state;
    for (size_t i = 0; i < sizeof notes / sizeof *notes; i++)
        for (uint32_t p = 0; p < 2000; p++) {
            uint32_t phase = p * 2147483u;
            float period = 48000.0f / notes[i];
            float small = 1e-3f / period;
            assert_true(fabsf(value_at(OSC_PULSE, notes[i], small, phase) + 1.0f) < 4e-3f);
            assert_true(fabsf(value_at(OSC_PULSE, notes[i], 1.0f - small, phase) - 1.0f) < 4e-3f);
        }
}

/* p + phase: whole turns change nothing, fractions are exact, the far end is held. */
static void test_phase_input(void **state)
{
    (void)state;
    for (int i = -64; i <= 64; i++) {
        double turns = i / 32.0;
        assert_true((double)value_at(OSC_PHASOR, 0.0f, (float)turns, 0) == turns - floor(turns));
        assert_true(fabs((double)value_at(OSC_SINE_PM, 0.0f, (float)turns, 0) -
                         sin(2 * PI * turns)) < 1.2e-7);
        assert_true(value_at(OSC_SINE_PM, 0.0f, (float)i + 0.375f, 77u) ==
                    value_at(OSC_SINE_PM, 0.0f, 0.375f, 77u));
    }
    assert_true((double)value_at(OSC_PHASOR, 0.0f, 1048575.875f, 0) == 0.875);
    assert_true(value_at(OSC_PHASOR, 0.0f, -1e-9f, 0) == 16777215.0f / 16777216.0f);
    assert_true(value_at(OSC_PHASOR, 0.0f, 1e30f, 0) == 0.0f);
    assert_true(value_at(OSC_PHASOR, 0.0f, NAN, 0x80000000u) == 0.5f);
}

/* ---- the same bits at every width ---- */

enum { VOICES = 16, FRAMES = 6000 };

static uint32_t seed;

static uint32_t dice(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 17;
    return seed ^= seed << 5;
}

/* Voices of every kind side by side: low, high, still, backwards, modulated, beyond the ends. */
static float any_freq(size_t voice, size_t frame)
{
    static const float ends[] = {0.0f,     -0.0f,     NAN,    INFINITY, -INFINITY,
                                 24000.0f, -24000.0f, 1e-30f, 1e30f,    3428.0f};
    double turn = (double)(dice() % 65536) / 65536;
    switch (voice % 8) {
    case 0:
        return 27.5f * (float)(voice + 1);
    case 1:
        return 4000.0f + 300.0f * (float)voice;
    case 2:
        return -9000.0f;
    case 3:
        return (float)(24000 * turn);
    case 4:
        return 300.0f + (float)(frame * 37 % 400);
    case 5:
        return frame % 97 ? 220.0f : ends[dice() % 10];
    case 6:
        return ends[dice() % 10];
    default:
        return (float)(turn * (double)(1u << dice() % 15));
    }
}

static void hash_floats(uint32_t *hash, const float *x, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        uint32_t u;
        memcpy(&u, x + i, sizeof u);
        *hash = (*hash ^ u) * 16777619u;
    }
}

static void test_bits(void **state)
{
    /* FNV of the outputs, the same from every compiler and machine. */
    static const uint32_t want[KERN_OPS] = {0x7745662bu, 0x53cc3cceu, 0x5d0a307du, 0xaf22915bu,
                                            0x81433651u, 0xa701e0f9u, 0x1d81ed9bu};
    static const struct kern *const wide[] = {&kern_4, &kern_8, &kern_16};
    static float in0[FRAMES * VOICES], in1[FRAMES * VOICES], out[FRAMES * VOICES],
        other[FRAMES * VOICES];
    (void)state;
    seed = 1;
    for (size_t f = 0; f < FRAMES; f++)
        for (size_t v = 0; v < VOICES; v++) {
            in0[f * VOICES + v] = any_freq(v, f);
            in1[f * VOICES + v] = (float)(dice() % 40960) / 32768.0f - 0.125f;
        }
    for (int op = 0; op < KERN_OPS; op++) {
        uint32_t hash = 2166136261u;
        uint32_t first[3 * VOICES], one[3 * VOICES];
        for (size_t i = 0; i < 3 * VOICES; i++)
            first[i] = dice();
        memcpy(one, first, sizeof one);
        kern_1.osc((enum kern_op)op, FRAMES, VOICES, in0, in1, out, one);
        for (size_t k = 0; k < 3; k++) {
            uint32_t words[3 * VOICES];
            memcpy(words, first, sizeof words);
            wide[k]->osc((enum kern_op)op, FRAMES, VOICES, in0, in1, other, words);
            assert_memory_equal(out, other, sizeof out);
            assert_memory_equal(one, words, sizeof one);
        }
        hash_floats(&hash, out, FRAMES * VOICES);
        if (hash != want[op])
            fail_msg("op %d hashes to 0x%08x, not 0x%08x", op, hash, want[op]);
    }
}

/* ---- noise ---- */

static double noise[2][N];

static void make_noise(int which, uint32_t key0, uint32_t key1)
{
    struct note n = {NOISE_WHITE, 0.0f, 0.0f, {key0, key1, 0}};
    run(&n, N, y);
    for (size_t i = 0; i < N; i++)
        noise[which][i] = (double)y[i];
}

/* Correlation of the two at a lag, in standard deviations of what chance gives. */
static double correlation(const double *a, const double *b, size_t lag)
{
    double sum = 0;
    for (size_t i = 0; i + lag < N; i++)
        sum += a[i] * b[i + lag];
    return sum * 3 / sqrt((double)(N - lag));
}

static const uint32_t keys[][2] = {
    {0, 0}, {1, 0}, {0, 1}, {0x9e3779b9u, 0x7f4a7c15u}, {0xffffffffu, 0xffffffffu}};

enum { KEYS = sizeof keys / sizeof *keys };

static void test_noise_moments(void **state)
{
    (void)state;
    for (size_t k = 0; k < KEYS; k++) {
        double mean = 0;
        double square = 0;
        make_noise(0, keys[k][0], keys[k][1]);
        for (size_t i = 0; i < N; i++) {
            assert_true(noise[0][i] >= -1 && noise[0][i] < 1);
            mean += noise[0][i] / N;
            square += noise[0][i] * noise[0][i] / N;
        }
        assert_true(fabs(mean) < 5 * sqrt(1.0 / 3 / N));
        assert_true(fabs(square - 1.0 / 3) < 5 * sqrt(4.0 / 45 / N));
        for (size_t lag = 1; lag <= 200; lag++)
            assert_true(fabs(correlation(noise[0], noise[0], lag)) < 5);
    }
}

/* Chi-squared over 256 cells within 5 deviations of its 255 degrees of freedom. */
static void check_even(const uint32_t *cells)
{
    double chi = 0;
    for (size_t i = 0; i < 256; i++)
        chi += (cells[i] - N / 256.0) * (cells[i] - N / 256.0) / (N / 256.0);
    assert_true(fabs(chi - 255) < 5 * sqrt(2 * 255));
}

/* Every byte of the 24 bits, each byte beside its neighbour's, and pairs in time fall evenly. */
static void test_noise_is_even(void **state)
{
    (void)state;
    for (size_t k = 0; k < KEYS; k++) {
        uint32_t cells[5][256] = {{0}};
        make_noise(0, keys[k][0], keys[k][1]);
        for (size_t i = 0; i < N; i++) {
            uint32_t u = (uint32_t)(int32_t)(noise[0][i] * 8388608);
            uint32_t next = (uint32_t)(int32_t)(noise[0][(i + 1) % N] * 8388608);
            cells[0][u & 255]++;
            cells[1][u >> 8 & 255]++;
            cells[2][u >> 16 & 255]++;
            cells[3][(u >> 20 & 15) << 4 | (next >> 20 & 15)]++;
            cells[4][(u & 15) << 4 | (next & 15)]++;
        }
        for (size_t c = 0; c < 5; c++)
            check_even(cells[c]);
    }
}

static void test_noise_is_flat(void **state)
{
    enum { BANDS = 64, WIDTH = N / 2 / BANDS };
    (void)state;
    for (size_t k = 0; k < KEYS; k++) {
        make_noise(0, keys[k][0], keys[k][1]);
        memcpy(re, noise[0], sizeof re);
        memset(im, 0, sizeof im);
        fft();
        for (size_t b = 0; b < BANDS; b++) {
            double power = 0;
            for (size_t i = 0; i < WIDTH; i++) {
                size_t bin = b * WIDTH + i + 1;
                power += (re[bin] * re[bin] + im[bin] * im[bin]) * 3 / N / WIDTH;
            }
            assert_true(fabs(power - 1) < 5 / sqrt(WIDTH));
        }
    }
}

/* A key that differs in any one bit gives another stream, not a shifted or shuffled one. */
static void test_noise_keys(void **state)
{
    static const uint32_t base[][2] = {{0, 0}, {0x2545f491u, 0x4f6cdd1du}};
    double most = 0;
    (void)state;
    for (size_t k = 0; k < 2; k++) {
        make_noise(0, base[k][0], base[k][1]);
        for (uint32_t bit = 0; bit < 64; bit++) {
            make_noise(1, base[k][0] ^ (bit < 32 ? 1u << bit : 0),
                       base[k][1] ^ (bit < 32 ? 0 : 1u << (bit - 32)));
            for (size_t lag = 0; lag <= 4; lag++) {
                most = fmax(most, fabs(correlation(noise[0], noise[1], lag)));
                most = fmax(most, fabs(correlation(noise[1], noise[0], lag)));
            }
            if (bit < 17) /* a lag of one bit's worth: n + key0 is the same there */
                most = fmax(most, fmax(fabs(correlation(noise[0], noise[1], (size_t)1 << bit)),
                                       fabs(correlation(noise[1], noise[0], (size_t)1 << bit))));
        }
    }
    print_message(
        "  noise: strongest of %d correlations between keys one bit apart: %.2f deviations\n",
        2 * (640 + 34), most);
    assert_true(most < 5);
}

static void test_noise_from_any_frame(void **state)
{
    static float later[100];
    struct note n = {NOISE_WHITE, 0.0f, 0.0f, {3, 4, 0}};
    struct note m = {NOISE_WHITE, 0.0f, 0.0f, {3, 4, 1000}};
    (void)state;
    run(&n, 1100, y);
    run(&m, 100, later);
    assert_memory_equal(y + 1000, later, sizeof later);
    assert_int_equal(m.state[2], 1100);
    assert_int_equal(m.state[0], 3);
    assert_int_equal(m.state[1], 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bits),
        cmocka_unit_test(test_alias_meter),
        cmocka_unit_test(test_aliases),
        cmocka_unit_test(test_harmonics),
        cmocka_unit_test(test_droop),
        cmocka_unit_test(test_sine_purity),
        cmocka_unit_test(test_means),
        cmocka_unit_test(test_step_and_ramp),
        cmocka_unit_test(test_phase_is_exact),
        cmocka_unit_test(test_odd_frequencies),
        cmocka_unit_test(test_zero_frequency),
        cmocka_unit_test(test_backwards),
        cmocka_unit_test(test_starts),
        cmocka_unit_test(test_width_extremes),
        cmocka_unit_test(test_width_is_continuous),
        cmocka_unit_test(test_phase_input),
        cmocka_unit_test(test_noise_moments),
        cmocka_unit_test(test_noise_is_even),
        cmocka_unit_test(test_noise_is_flat),
        cmocka_unit_test(test_noise_keys),
        cmocka_unit_test(test_noise_from_any_frame),
    };
    make_window();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
