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

/* Time to fall by 60 dB: from the line through Schroeder's integral between -5 and -35 dB. The
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
        if (level > -5.0 || level < -35.0)
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
    while ((double)(1 << log2) < (0.9 * seconds + 0.25) * SR)
        log2++;
    return log2;
}

/* Whole, as band 0, and in octaves. */
static const double octaves[] = {125, 250, 500, 1000, 2000, 4000};
enum { BANDS = COUNT(octaves) + 1 };

/* A reverberator's decay over what was asked, of each side, by band; highs last as long. */
static void decays_of(const char *form, double size, double seconds, double got[2][BANDS])
{
    int log2_all = log2_for(seconds);
    size_t frames = (size_t)1 << log2_all;
    float *h[2] = {calloc(frames, sizeof *h[0]), calloc(frames, sizeof *h[1])};
    float *in = calloc(frames, sizeof *in);
    TEXT("(patch (output (%s (in (input.mono)) (high 1) (decay %g) (size %.9g) (wet 100%%))))",
         form, seconds, size);
    struct player p = play(text);
    assert_true(h[0] && h[1] && in);
    in[0] = 1.0f;
    player_run_in(&p, frames, in, NULL, h[0], h[1]);
    player_close(&p);
    for (int side = 0; side < 2; side++) {
        double complex *x = spectrum_of(h[side], log2_all);
        double complex *whole = calloc(frames, sizeof *whole);
        assert_non_null(whole);
        for (size_t i = 0; i < frames; i++)
            whole[i] = (double)h[side][i];
        got[side][0] = decay_time(whole, frames, 1.0 / SR) / seconds;
        for (size_t i = 0; i < COUNT(octaves); i++)
            got[side][i + 1] = band_decay(x, log2_all, octaves[i], 1.0) / seconds;
        free(whole);
        free(x);
        free(h[side]);
    }
    free(in);
}

/* At size 1 each response by itself, each side, whole and in every octave: within 5 %, of a room
 * from 0.3 s, of a plate from 0.5 s. */
static void check_as_asked(const char *form, double from)
{
    static const double seconds[] = {0.3, 0.4, 0.5, 0.7, 1, 1.5, 2, 3, 4, 6, 10};
    double worst = 0.0;
    for (size_t i = 0; i < COUNT(seconds); i++) {
        double got[2][BANDS];
        if (seconds[i] < from)
            continue;
        decays_of(form, 1.0, seconds[i], got);
        for (int k = 0; k < 2 * BANDS; k++)
            worst = fmax(worst, fabs(got[k / BANDS][k % BANDS] - 1.0));
    }
    print_message("%s, each response at size 1, from %g s: within %.3f\n", form, from, worst);
    assert_true(worst <= 0.05);
}

static void test_as_asked(void **state)
{
    (void)state;
    check_as_asked("reverb.fdn", 0.3);
    check_as_asked("reverb.plate", 0.5);
}

/* Of any size, each response as a whole within 5 %; an octave, which has chance in it (a decaying
 * noise of as much band and time would spread by 55 %/sqrt(hertz seconds), ISO 3382-1), within 5 %
 * in the mean of `rooms` near that size and both sides; 10 % where it has fewer than 50
 * resonances, 1.4 size a Hz, which beat alike in all of them, or less than 25 hertz seconds, where
 * its filter is heard too. */
static void check_rooms(const char *form, double size, double seconds, int rooms)
{
    double speed[BANDS] = {0.0}, worst = 0.0;
    for (int room = 0; room < rooms; room++) {
        double got[2][BANDS];
        decays_of(form, size * (1.0 + 0.5 * room / rooms), seconds, got);
        for (int k = 0; k < 2 * BANDS; k++)
            speed[k % BANDS] += 0.5 / got[k / BANDS][k % BANDS] / rooms;
        worst = fmax(worst, fmax(fabs(got[0][0] - 1.0), fabs(got[1][0] - 1.0)));
    }
    print_message("%s, size %g, %g s: each within %.3f;", form, size, seconds, worst);
    for (int k = 0; k < BANDS; k++)
        print_message(" %.3f", 1.0 / speed[k]);
    print_message("\n");
    assert_true(worst <= 0.05);
    for (int k = 0; k < BANDS; k++) {
        double width = k > 0 ? octaves[k - 1] * 0.707 : SR;
        int few = 1.4 * size * width < 50.0 || width * seconds < 25.0;
        assert_near(1.0 / speed[k], 1.0, few ? 0.1 : 0.05, "decay in the mean of rooms");
    }
}

/* Size, seconds, rooms. */
static const double rooms[][3] = {{0.1, 0.2, 16}, {0.3, 0.2, 16}, {0.5, 0.2, 16}, {0.7, 0.3, 12},
                                  {0.5, 1, 6},    {1, 0.25, 16},  {1, 0.3, 12},   {1, 1, 6},
                                  {2, 0.5, 16},   {1, 3, 3},      {1, 10, 1},     {2, 0.6, 8},
                                  {2, 2, 3},      {2.6, 1, 6}};

static void test_rooms(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rooms); i++) {
        check_rooms("reverb.fdn", rooms[i][0], rooms[i][1], (int)rooms[i][2]);
        check_rooms("reverb.fdn (mod 0.5)", rooms[i][0], rooms[i][1], (int)rooms[i][2]);
        if (rooms[i][0] >= 0.5) {
            check_rooms("reverb.plate", rooms[i][0], rooms[i][1], (int)rooms[i][2]);
            check_rooms("reverb.plate (mod 0.5)", rooms[i][0], rooms[i][1], (int)rooms[i][2]);
        }
    }
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

/* The loudest line of four late parts of a tail. */
enum { PARTS = 4, LONGEST = 1 << 18 };

static void lines_of(const float *h, double *line)
{
    static const size_t at[PARTS] = {24000, 48000, 96000, 144000};
    for (int i = 0; i < PARTS; i++)
        line[i] = loudest_mode(h, at[i]);
}

/* Gaussian noise that decays in 4 s. */
static void fill_noise(float *h, uint64_t seed)
{
    for (size_t i = 0; i < LONGEST; i++) {
        double u = kit_between(&seed, 1e-300, 1.0), v = kit_between(&seed, 0.0, TAU);
        h[i] = (float)(sqrt(-2.0 * log(u)) * cos(v) * pow(10.0, -3.0 / 4.0 * (double)i / SR));
    }
}

/* No metal: every tail's loudest line is within what noise has, LINE at most, and their mean is
 * within 0.7 dB of noise's. Echoes soon as dense as noise's. */
static const double line_limit = 12.5, line_mean = 0.7;

static double mean_line_of_noise(void)
{
    enum { TRIALS = 12 };
    static float h[LONGEST];
    double sum = 0.0, worst = 0.0;
    for (int i = 0; i < TRIALS; i++) {
        double line[PARTS];
        fill_noise(h, (uint64_t)i);
        lines_of(h, line);
        for (int k = 0; k < PARTS; k++) {
            sum += line[k] / (TRIALS * PARTS);
            worst = fmax(worst, line[k]);
        }
    }
    print_message("noise: loudest line %.1f dB in the mean, %.1f at most\n", sum, worst);
    assert_true(worst < line_limit);
    return sum;
}

static double dense_after(const float *h)
{
    enum { WINDOW = 960 };
    for (size_t at = 0; at < 48000; at += 48)
        if (echo_density(h, at, WINDOW) > 0.9)
            return ((double)at + WINDOW / 2) / SR;
    return 1.0;
}

static void check_texture(const char *form, double dense_by, double noise)
{
    static const double sizes[] = {1.0, 1.0 / 0.97, 1.3, 2.0};
    double sum = 0.0, worst = 0.0;
    for (size_t i = 0; i < COUNT(sizes); i++)
        for (int side = 0; side < 2; side++) {
            double line[PARTS];
            TEXT("(patch (def r (%s (input.mono) (decay 4s) (size %.9g) (wet 100%%))) (output "
                 "r.%s))",
                 form, sizes[i], side ? "right" : "left");
            float *h = impulse_of(text, LONGEST);
            lines_of(h, line);
            for (int k = 0; k < PARTS; k++) {
                sum += line[k] / (2.0 * COUNT(sizes) * PARTS);
                worst = fmax(worst, line[k]);
            }
            if (i == 0) {
                print_message("%s: dense after %.0f ms\n", form, dense_after(h) * 1000.0);
                assert_true(dense_after(h) < dense_by);
            }
            free(h);
        }
    print_message("%s: loudest line %.1f dB in the mean, %.1f at most\n", form, sum, worst);
    assert_true(worst < line_limit);
    assert_near(sum, noise, line_mean, "mean of the loudest lines");
}

static void test_texture(void **state)
{
    double noise = mean_line_of_noise();
    (void)state;
    check_texture("reverb.fdn", 0.08, noise);
    check_texture("reverb.plate", 0.06, noise);
}

/* What a held sine becomes after 3 s: the deviation of its frequency, weighted by its power, in
 * cents; 0 where nothing moves. */
static double wobble(const char *form, double hz)
{
    enum { FRAMES = 8 * 48000, STEP = 240, POINTS = FRAMES / STEP };
    static float out[FRAMES];
    double complex last = 0.0;
    double sum = 0.0, power = 0.0;
    TEXT("(patch (def r (%s (in (osc.sine (freq %g))) (decay 2s) (wet 100%%))) (output r.left))",
         form, hz);
    struct player p = play(text);
    player_run(&p, FRAMES, out);
    player_close(&p);
    for (size_t k = 3 * 48000 / STEP; k < POINTS; k++) {
        double complex z = 0.0;
        for (size_t i = k * STEP; i < (k + 1) * STEP; i++)
            z += (double)out[i] * cexp(-I * TAU * hz / SR * (double)i);
        if (last != 0.0) {
            double off = carg(z * conj(last)) / TAU * SR / STEP;
            sum += off * off * cabs(z) * cabs(last);
            power += cabs(z) * cabs(last);
        }
        last = z;
    }
    return 1200.0 * log2(1.0 + sqrt(sum / power) / hz);
}

static void test_wobble(void **state)
{
    static const char *const forms[] = {"reverb.fdn", "reverb.fdn (mod 30%)", "reverb.plate",
                                        "reverb.plate (mod 50%)"};
    (void)state;
    for (size_t i = 0; i < COUNT(forms); i++) {
        double cents[2];
        for (int k = 0; k < 2; k++)
            cents[k] = wobble(forms[i], k ? 1000.0 : 400.0);
        print_message("%s: 400 Hz deviates by %.4f cents, 1 kHz by %.4f\n", forms[i], cents[0],
                      cents[1]);
        assert_true(cents[0] < (i % 2 ? 5.0 : 0.01) && cents[1] < (i % 2 ? 5.0 : 0.01));
    }
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
        assert_true(fabs(lr / sqrt(ll * rr)) < 0.05);
        assert_true(fabs(10 * log10(ll / rr)) < 1.0);
        player_close(&p);
    }
}

/* Silent to the frame before the first echo: the shortest line's, 17 ms, in primes 821 frames; of
 * the plate 5.5 ms, 269. */
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
                     960 + 269);
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
        cmocka_unit_test(test_as_asked),       cmocka_unit_test(test_rooms),
        cmocka_unit_test(test_fdn_bands),      cmocka_unit_test(test_texture),
        cmocka_unit_test(test_wobble),         cmocka_unit_test(test_stereo),
        cmocka_unit_test(test_predelay),       cmocka_unit_test(test_convolve),
        cmocka_unit_test(test_convolve_sides),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
