/* test_delay_space.c - reverberators: decay by octave bands (Schroeder's integral), density,
 * resonances. Convolution against its sum in double. */
#include "kit.h"
#include <complex.h>

/* ---- Fourier ---- */

/* In place, 2^log2 of them; sign -1 forward, 1 back (not divided). */
static void fourier(double complex *x, int log2, int sign)
{
    size_t n = (size_t)1 << log2;
    for (size_t i = 1, j = 0; i < n; i++) {
        size_t bit = n >> 1;
        for (; j & bit; bit >>= 1)
            j ^= bit;
        j ^= bit;
        if (i < j) {
            double complex t = x[i];
            x[i] = x[j];
            x[j] = t;
        }
    }
    for (size_t len = 2; len <= n; len *= 2) {
        double complex step = cexp(I * (sign * TAU / (double)len));
        for (size_t i = 0; i < n; i += len) {
            double complex w = 1.0;
            for (size_t k = 0; k < len / 2; k++, w *= step) {
                double complex a = x[i + k], b = x[i + k + len / 2] * w;
                x[i + k] = a + b;
                x[i + k + len / 2] = a - b;
            }
        }
    }
}

/* ---- decay ---- */

/* Time to fall by 60 dB: from the line through Schroeder's integral between -10 and -35 dB. The
 * last quarter of a second is left out: the beginning leaks into the end. */
static double decay_time(const double complex *band, size_t count, double step)
{
    size_t frames = count - (size_t)(0.25 / step);
    double *left = calloc(frames + 1, sizeof *left);
    double n = 0.0, t1 = 0.0, t2 = 0.0, d1 = 0.0, dt = 0.0;
    assert_non_null(left);
    for (size_t i = frames; i-- > 0;)
        left[i] = left[i + 1] + creal(band[i] * conj(band[i]));
    for (size_t i = 0; i < frames; i++) {
        double level = 10.0 * log10(left[i] / left[0]), t = (double)i * step;
        if (level > -10.0 || level < -35.0)
            continue;
        n += 1.0;
        t1 += t;
        t2 += t * t;
        d1 += level;
        dt += level * t;
    }
    free(left);
    return -60.0 * (n * t2 - t1 * t1) / (n * dt - t1 * d1);
}

/* Of the band around `centre`, `width` octaves with soft edges: its part of the spectrum,
 * moved down to 0 Hz, is its envelope, with as many values as it is wide. */
static double band_decay(const double complex *spectrum, int log2_all, double centre, double width)
{
    double bins = (double)(1 << log2_all) / SR * centre, half = pow(2.0, width / 2 + 0.2);
    size_t low = (size_t)(bins / half), high = (size_t)(bins * half) + 1;
    int log2_band = 0;
    while ((size_t)1 << log2_band < high - low)
        log2_band++;
    size_t n = (size_t)1 << log2_band;
    double complex *band = calloc(n, sizeof *band);
    assert_non_null(band);
    for (size_t i = low > 1 ? low : 1; i < high; i++) {
        double beyond = fabs(log2((double)i / bins)) - width / 2;
        double edge = fmin(fmax(0.5 - beyond / 0.4, 0.0), 1.0);
        band[i - low] = spectrum[i] * (0.5 - 0.5 * cos(TAU / 2 * edge));
    }
    fourier(band, log2_band, 1);
    double time = decay_time(band, n, (double)(1 << log2_all) / (double)n / SR);
    free(band);
    return time;
}

static double complex *spectrum_of(const float *h, int log2)
{
    size_t n = (size_t)1 << log2;
    double complex *x = calloc(n, sizeof *x);
    assert_non_null(x);
    for (size_t i = 0; i < n; i++)
        x[i] = (double)h[i];
    fourier(x, log2, -1);
    return x;
}

#define TEXT(...)                                                                                  \
    char text[600];                                                                                \
    snprintf(text, sizeof text, __VA_ARGS__)

/* Long enough for a decay of `seconds`. */
static int log2_for(double seconds)
{
    int log2 = 15;
    while ((double)(1 << log2) < (0.8 * seconds + 0.25) * SR)
        log2++;
    return log2;
}

static const double octaves[] = {125, 250, 500, 1000, 2000, 4000, 8000};

/* Every octave band decays as asked where all frequencies shall decay alike: within 5 %, in the
 * mean of rooms up to nearly twice as large, as one room's decay has chance in it. Where a band has
 * fewer than 50 resonances (0.75 size a Hz), chance is the same in all of them: within 8 %. */
static void check_even_decay(const char *form, double size, double seconds, int rooms)
{
    int log2_all = log2_for(seconds);
    double speed[COUNT(octaves)] = {0.0};
    for (int room = 0; room < rooms; room++) {
        TEXT("(patch (def r (%s (decay %g) (size %g) (wet 100%%))) (output r.%s))", form, seconds,
             size * (1.0 + 0.8 * room / rooms), room % 2 ? "left" : "right");
        float *h = impulse_of(text, (size_t)1 << log2_all);
        double complex *x = spectrum_of(h, log2_all);
        for (size_t i = 0; i < COUNT(octaves); i++)
            speed[i] += seconds / band_decay(x, log2_all, octaves[i], 1.0) / rooms;
        free(x);
        free(h);
    }
    print_message("%s, size %g, %g s:", form, size, seconds);
    for (size_t i = 0; i < COUNT(octaves); i++) {
        print_message("  %g Hz %.3f", octaves[i], 1.0 / speed[i]);
        int few = 0.75 * size * octaves[i] * 0.707 < 50.0;
        assert_near(1.0 / speed[i], 1.0, few ? 0.08 : 0.05, "decay");
    }
    print_message("\n");
}

/* Seconds, size, rooms. */
static const double rooms[][3] = {{0.3, 0.3, 24}, {1, 1, 10}, {3, 1, 3}, {10, 1, 1}};

static void test_fdn_even(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rooms); i++)
        for (int moving = 0; moving < 2; moving++)
            check_even_decay(moving ? "reverb.fdn (input.mono) (high 1) (mod 0.5)"
                                    : "reverb.fdn (input.mono) (high 1) (mod 0)",
                             rooms[i][1], rooms[i][0], (int)rooms[i][2]);
}

/* What the one-poles make of it: exact at high_freq and at 0 Hz. */
static void test_fdn_bands(void **state)
{
    (void)state;
    float *h = impulse_of("(patch (def r (reverb.fdn (input.mono) (decay 2s) (high 0.4) (high_freq "
                          "5000) (low 1.5) (low_freq 250) (wet 100%))) (output r.left))",
                          1 << 18);
    double complex *x = spectrum_of(h, 18);
    double high = band_decay(x, 18, 5000.0, 0.2);
    double middle = band_decay(x, 18, 1000.0, 0.5);
    double low = band_decay(x, 18, 40.0, 0.5);
    print_message("high: %.3f s of 0.8; middle: %.3f s of 2; low: %.3f s of 3\n", high, middle,
                  low);
    assert_near(high, 0.8, 0.04, "at high_freq");
    assert_near(middle, 2.0, 0.2, "in the middle");
    assert_near(low, 3.0, 0.15, "lows");
    free(x);
    free(h);
}

static void test_plate_decay(void **state)
{
    (void)state;
    check_even_decay("reverb.plate (input.mono) (high 1)", 0.5, 0.8, 16);
    for (size_t i = 1; i < COUNT(rooms); i++)
        check_even_decay("reverb.plate (input.mono) (high 1)", rooms[i][1], rooms[i][0],
                         (int)rooms[i][2]);
}

/* ---- density ---- */

/* Abel and Huang, "A simple, robust measure of reverberation echo density", 2006: the share of
 * frames beyond a window's deviation, over that of Gaussian noise. */
static double echo_density(const float *h, size_t at, size_t window)
{
    double power = 0.0, beyond = 0.0;
    for (size_t i = 0; i < window; i++)
        power += (double)h[at + i] * (double)h[at + i];
    power /= (double)window;
    for (size_t i = 0; i < window; i++)
        beyond += (double)h[at + i] * (double)h[at + i] > power;
    return beyond / (double)window / 0.3173;
}

/* The largest peak of a late second's spectrum over the mean around it; of Gaussian noise 10 log10
 * ln N, 10.1 dB. */
static double loudest_mode(const float *h, size_t at)
{
    enum { LOG2 = 16, N = 1 << LOG2, SIDE = 150 };
    static double power[N];
    double complex *x = calloc(N, sizeof *x);
    double worst = 0.0;
    assert_non_null(x);
    for (size_t i = 0; i < N; i++) /* a decaying sine is one line only when it is held up */
        x[i] = (double)h[at + i] * (0.5 - 0.5 * cos(TAU * (double)i / N));
    fourier(x, LOG2, -1);
    for (size_t i = 0; i < N / 2; i++)
        power[i] = creal(x[i] * conj(x[i]));
    for (size_t i = 200; i < 15000; i++) {
        double mean = 0.0;
        for (size_t k = i - SIDE; k <= i + SIDE; k++)
            mean += power[k] / (2 * SIDE + 1);
        worst = fmax(worst, power[i] / mean);
    }
    free(x);
    return 10.0 * log10(worst);
}

static void check_texture(const char *text, const char *name, double dense_by, double limit)
{
    enum { WINDOW = 960 };
    float *h = impulse_of(text, 1 << 18);
    double dense = 0.0;
    for (size_t at = 0; at < 48000 && dense == 0.0; at += 48)
        if (echo_density(h, at, WINDOW) > 0.9)
            dense = ((double)at + WINDOW / 2) / SR;
    double mode = loudest_mode(h, 96000);
    print_message("%s: dense after %.0f ms; loudest mode %.1f dB over its surroundings\n", name,
                  dense * 1000.0, mode);
    assert_true(dense > 0.0 && dense < dense_by);
    assert_true(mode < limit);
    free(h);
}

static void test_texture(void **state)
{
    (void)state;
    check_texture("(patch (def r (reverb.fdn (input.mono) (decay 4s) (wet 100%))) (output "
                  "r.left))",
                  "reverb.fdn", 0.15, 14.0);
    check_texture("(patch (def r (reverb.plate (input.mono) (decay 4s) (wet 100%))) (output "
                  "r.left))",
                  "reverb.plate", 0.3, 14.0);
}

/* Both sides are strangers to each other. */
static void test_stereo(void **state)
{
    static const char *const forms[] = {"reverb.fdn", "reverb.plate"};
    enum { FRAMES = 96000 };
    static float in[FRAMES], left[FRAMES], right[FRAMES];
    (void)state;
    in[0] = 1.0f;
    for (int i = 0; i < 2; i++) {
        TEXT("(patch (output (%s (input.mono) (decay 2s) (wet 100%%))))", forms[i]);
        struct player p = play(text);
        double lr = 0.0, ll = 0.0, rr = 0.0;
        player_run_in(&p, FRAMES, in, NULL, left, right);
        for (int n = 0; n < FRAMES; n++) {
            lr += (double)left[n] * (double)right[n];
            ll += (double)left[n] * (double)left[n];
            rr += (double)right[n] * (double)right[n];
        }
        print_message("%s: energy %.2f dB and %.2f dB, correlation of the sides %.3f\n", forms[i],
                      10 * log10(ll), 10 * log10(rr), lr / sqrt(ll * rr));
        assert_true(fabs(lr / sqrt(ll * rr)) < 0.15);
        assert_true(fabs(10 * log10(ll / rr)) < 1.0);
        player_close(&p);
    }
}

/* Silent to the frame before the first echo: the shortest line's, 17 ms, in primes 821 frames; the
 * first tap's, 266 frames of 29761 Hz, 429. */
static int first_echo(const char *text)
{
    int first = 0;
    float *h = impulse_of(text, 48000);
    while (first < 48000 && h[first] == 0.0f)
        first++;
    free(h);
    return first;
}

static void test_predelay(void **state)
{
    (void)state;
    assert_int_equal(first_echo("(patch (def r (reverb.fdn (input.mono) (predelay 20ms) (wet "
                                "100%))) (output r.left))"),
                     960 + 821);
    assert_int_equal(first_echo("(patch (def r (reverb.plate (input.mono) (predelay 20ms) (wet "
                                "100%))) (output r.left))"),
                     960 + 429);
}

/* ---- convolution ---- */

static void check_convolution(size_t taps)
{
    enum { FRAMES = 12000 };
    static float in[FRAMES], out[FRAMES];
    static double h[8192];
    size_t room = 40 * taps + 200, at;
    char *text = malloc(room);
    uint64_t chance = taps;
    assert_non_null(text);
    at = (size_t)snprintf(text, room, "(patch (output (convolve (input.mono) (impulse (table");
    for (size_t k = 0; k < taps; k++) {
        h[k] = (double)(float)kit_between(&chance, -1.0, 1.0);
        at += (size_t)snprintf(text + at, room - at, " %.9f", h[k]);
        h[k] = (double)strtof(strrchr(text, ' ') + 1, NULL);
    }
    snprintf(text + at, room - at, ")))))");
    for (size_t n = 0; n < FRAMES; n++)
        in[n] = (float)kit_between(&chance, -1.0, 1.0);
    struct player p = play(text);
    player_run_in(&p, FRAMES, in, NULL, out, NULL);
    player_close(&p);
    double worst = 0.0;
    for (size_t n = 0; n<FRAMES; n += taps> 1000 ? 37 : 1) {
        double sum = 0.0, size = 0.0;
        for (size_t k = 0; k < taps && k <= n; k++) {
            sum += h[k] * (double)in[n - k];
            size += fabs(h[k] * (double)in[n - k]);
        }
        double bound = ldexp((double)taps / 8 + 4, -24) * size + 1e-12;
        worst = fmax(worst, fabs((double)out[n] - sum) / bound);
    }
    print_message("%zu taps: %.3f of the bound\n", taps, worst);
    assert_true(worst <= 1.0);
    free(text);
}

static void test_convolve(void **state)
{
    static const size_t taps[] = {1, 2, 7, 8, 9, 100, 1024, 8192};
    (void)state;
    for (size_t i = 0; i < COUNT(taps); i++)
        check_convolution(taps[i]);
}

/* Columns are sides; a second table is the right one. */
static void test_convolve_sides(void **state)
{
    static const char *const texts[] = {"(patch (output (convolve.stereo (input) (impulse (table "
                                        "(1 0) (0.5 0.25) (0 -1))) (level 2))))",
                                        "(patch (output (convolve.stereo (input) (impulse (table 1 "
                                        "0.5 0)) (right (table 0 0.25 -1)) "
                                        "(level 2))))"};
    static const float want[2][4] = {{2, 1, 0, 0}, {0, 0.5f, -2, 0}};
    float in[4] = {1, 0, 0, 0}, left[4], right[4];
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct player p = play(texts[i]);
        player_run_in(&p, 4, in, in, left, right);
        assert_memory_equal(left, want[0], sizeof left);
        assert_memory_equal(right, want[1], sizeof right);
        player_close(&p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fdn_even),    cmocka_unit_test(test_fdn_bands),
        cmocka_unit_test(test_plate_decay), cmocka_unit_test(test_texture),
        cmocka_unit_test(test_stereo),      cmocka_unit_test(test_predelay),
        cmocka_unit_test(test_convolve),    cmocka_unit_test(test_convolve_sides),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
