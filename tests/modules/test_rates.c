/* test_rates.c - what runs at a multiple of the sample rate: the filters between rates, and what
 * must be the same at every rate. */
#include "kit.h"

static const unsigned factors[] = {2, 4, 8};

enum { LONG = 48000, SETTLED = 9600 };

/* A patch with one number in it. */
static char *patch(const char *format, ...) __attribute__((format(printf, 1, 2)));
static char *patch(const char *format, ...)
{
    static char text[2048];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    return text;
}

static double phase_at(const float *x, size_t frames, double hz)
{
    double re = 0.0, im = 0.0;
    for (size_t n = 0; n < frames; n++) {
        re += (double)x[n] * cos(TAU * hz / SR * (double)n);
        im -= (double)x[n] * sin(TAU * hz / SR * (double)n);
    }
    return atan2(im, re);
}

/* Amplitude of a line once all is settled; the line falls on a bin of the second half second. */
static double line_at(const float *x, double hz)
{
    return magnitude_at(x + LONG / 2, LONG / 2, hz) / (LONG / 4);
}

/* ---- the filters ---- */

static void test_flat(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(factors); i++) {
        float *h = impulse_of(
            patch("(patch (output (gain (input.mono) 0.5 (oversample %u))))", factors[i]), SETTLED);
        double worst = 0.0;
        for (double hz = 0.0; hz <= 20000.0; hz += 125.0)
            worst = fmax(worst, fabs(decibels(magnitude_at(h, SETTLED, hz) / 0.5)));
        print_message("  %ux: flat to 20 kHz within %.2g dB\n", factors[i], worst);
        assert_true(worst < 0.01);
        free(h);
    }
}

/* The two half-bands between a rate and its double are late by 3.85 frames each of the higher rate
 * (docs/halfband.py), and of each pair of frames the later one goes down: (2 3.85 - 1)/2 frames. */
static void test_latency(void **state)
{
    (void)state;
    double wanted = 0.0;
    for (size_t i = 0; i < COUNT(factors); i++) {
        wanted += (2.0 * 3.853 - 1.0) / factors[i];
        float *h = impulse_of(
            patch("(patch (output (gain (input.mono) 0.5 (oversample %u))))", factors[i]), SETTLED);
        double frames = -phase_at(h, SETTLED, 500.0) * SR / (TAU * 500.0);
        print_message("  %ux: late by %.3f frames\n", factors[i], frames);
        assert_near(frames, wanted, 0.01, "latency");
        free(h);
    }
}

/* Sines above 28 kHz, made at the higher rate, would come back below 20 kHz. */
static void test_aliases(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(factors); i++) {
        double worst = 0.0, top = 24000.0 * factors[i];
        for (double hz = 28000.0; hz < top; hz += 1870.0) {
            double back = fabs(hz - 48000.0 * round(hz / 48000.0));
            if (back > 20000.0)
                continue;
            float *x = sound_of(
                patch("(patch (output (osc.sine (freq (math.mul %.17g 16)) (oversample %u))))",
                      hz / 16.0, factors[i]),
                LONG);
            worst = fmax(worst, peak_of(x + SETTLED, LONG - SETTLED));
            free(x);
        }
        print_message("  %ux: aliases at %.1f dB\n", factors[i], decibels(worst));
        assert_true(decibels(worst) < -90.0);
    }
}

/* A sine of 9 kHz that goes up has images at 48 k n -+ 9 kHz. Each in turn is moved to 7 kHz by a
 * product with a sine within, where nothing else is. */
static void test_images(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(factors); i++) {
        double worst = 0.0;
        for (double k = 48000.0; k <= 24000.0 * factors[i]; k += 48000.0)
            for (int side = -1; side <= 1; side += 2) {
                double image = k + side * 9000.0;
                if (image > 24000.0 * factors[i])
                    continue;
                float *x = sound_of(
                    patch("(patch (def tone (osc.sine (freq 9000)))\n"
                          "  (def all (patch (params (in))\n"
                          "    (output (math.mul in (osc.sine (freq (math.mul %.17g 16)))))))\n"
                          "  (output (all tone (oversample %u))))",
                          (image - 7000.0) / 16.0, factors[i]),
                    LONG);
                worst = fmax(worst, line_at(x, 7000.0) / 0.5);
                free(x);
            }
        print_message("  %ux: images at %.1f dB\n", factors[i], decibels(worst));
        assert_true(decibels(worst) < -90.0);
    }
}

/* ---- why ---- */

/* What is neither a harmonic of `hz` nor DC, in dB below the fundamental. `hz` is whole, even, and
 * a phase steps by it exactly. */
static double foreign(const float *x, unsigned hz)
{
    const float *half = x + LONG / 2;
    double rms = rms_of(half, LONG / 2), mean = mean_of(half, LONG / 2);
    double rest = rms * rms - mean * mean, first = line_at(x, hz);
    for (unsigned k = 1; k * hz < 24000; k++) {
        double a = line_at(x, k * hz);
        rest -= a * a / 2.0;
    }
    return 10.0 * log10(fmax(rest, 1e-14) / (first * first / 2.0));
}

static void test_less_aliasing(void **state)
{
    static const struct {
        const char *form;
        double least; /* dB less at 4x */
    } shapes[] = {
        {"(math.clip (gain in 4) (low -1) (high 1) %s)", 20.0},
        {"(math.mul in (math.mul in in %s) %s)", 90.0},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(shapes); i++) {
        double rest[2];
        for (int over = 0; over < 2; over++) {
            const char *rate = over ? "(oversample 4)" : "";
            char form[200];
            snprintf(form, sizeof form, shapes[i].form, rate, rate);
            float *x = sound_of(
                patch("(patch (def in (osc.sine (freq 9000))) (output (gain %s 0.5)))", form),
                LONG);
            rest[over] = foreign(x, 9000);
            free(x);
        }
        print_message("  aliases of %s: %.1f dB, at 4x %.1f dB\n", i ? "a cubic" : "a clipped sine",
                      rest[0], rest[1]);
        assert_true(rest[1] < rest[0] - shapes[i].least);
    }
}

/* ---- what must be the same ---- */

static void same_bits(const float *a, const float *b, size_t count, const char *what)
{
    for (size_t n = 0; n < count; n++)
        if (memcmp(&a[n], &b[n], sizeof *a) != 0)
            fail_msg("%s: frame %zu is %.9g, not %.9g", what, n, (double)a[n], (double)b[n]);
}

/* Two patches with a param k that is set now and then. */
static void same_when_set(const char *one, const char *two, const char *what)
{
    static float a[4000], b[4000];
    float *to[2] = {a, b};
    const char *const texts[] = {one, two};
    for (int i = 0; i < 2; i++) {
        struct player p = play(texts[i]);
        uint64_t chance = 7;
        for (size_t n = 0; n < 4000;) {
            size_t cut = 1 + kit_random(&chance) % 300;
            cut = cut < 4000 - n ? cut : 4000 - n;
            player_run(&p, cut, to[i] + n);
            player_set(&p, "k", kit_between(&chance, -1.0, 1.0));
            n += cut;
        }
        player_close(&p);
    }
    same_bits(a, b, 4000, what);
    assert_true(peak_of(a, 4000) > 0.5);
}

static void test_exact(void **state)
{
    (void)state;
    static const char params[] = "(patch (params (k (range -1 1) (default 0.3)))";
    char one[400], two[400];
    static const char *const forms[] = {"(math.add k 0.1 %s)", "(math.mul (math.add k 0.2) k %s)",
                                        "(gain (math.sub 0.7 k %s) (math.add k 1))"};
    for (size_t i = 0; i < COUNT(forms); i++)
        for (size_t f = 0; f < COUNT(factors); f++) {
            char form[200], rate[40];
            snprintf(rate, sizeof rate, "(oversample %u)", factors[f]);
            snprintf(form, sizeof form, forms[i], "");
            snprintf(one, sizeof one, "%s (output %s))", params, form);
            snprintf(form, sizeof form, forms[i], rate);
            snprintf(two, sizeof two, "%s (output %s))", params, form);
            same_when_set(one, two, form);
        }
    /* The gate's edge is where the param's is: both then go down through the same filter, the one
     * as an envelope without ramps, the other times a signal of ones. */
    same_when_set("(patch (params (k (unit gate)))\n"
                  "  (output (env.adsr (gate k) (attack 0) (decay 0) (sustain 1) (release 0)\n"
                  "    (oversample 4))))",
                  "(patch (params (k (range 0 1e-30))) (output (env.adsr (gate k) (attack 0)\n"
                  "  (decay 0) (sustain 1) (release 0) (oversample 4))))",
                  "a gate and a param as a gate");
}

/* A gate that rises at frame 1000: the envelope's step has its middle there, and the latency on top
 * of that of one filter. */
static void test_gate_in_time(void **state)
{
    (void)state;
    static float x[4800];
    struct player p = play("(patch (params (gate (unit gate))) (output (env.adsr (gate gate)\n"
                           "  (attack 0) (decay 0) (sustain 1) (release 0) (oversample 8))))");
    player_set(&p, "gate", 0.0);
    player_run(&p, 1000, x);
    player_set(&p, "gate", 1.0);
    player_run(&p, 3800, x + 1000);
    assert_near(peak_of(x, 999), 0.0, 1e-6, "before the gate");
    assert_near((double)x[4799], 1.0, 1e-5, "after it");
    double sum = 0.0; /* of 1 - x from the gate on: the step's delay in frames, and half a frame */
    for (size_t n = 1000; n < 4800; n++)
        sum += 1.0 - (double)x[n];
    /* three filters, each 3.853 - 1/2 frames of its higher rate; a frame's 8 start with its first
     */
    double wanted = 0.0;
    for (size_t i = 0; i < COUNT(factors); i++)
        wanted += (3.853 - 0.5) / factors[i];
    assert_near(sum, wanted, 0.05, "the step's delay");
    player_close(&p);
}

static void test_delay(void **state)
{
    static const double times[] = {0.01, 0.0123456, 0.25};
    (void)state;
    for (size_t f = 0; f < COUNT(factors); f++)
        for (size_t i = 0; i < COUNT(times); i++) {
            char *text =
                patch("(patch (output (gain (input.mono) 1 (oversample %u))))", factors[f]);
            float *plain = impulse_of(text, LONG);
            text = patch("(patch (output (delay.feedback (input.mono) (time %.9g)\n"
                         "  (oversample %u))))",
                         times[i], factors[f]);
            float *late = impulse_of(text, LONG);
            /* Where 48 Hz comes to: turns of the phase, unwrapped by what is expected. */
            double turns = (phase_at(plain, LONG, 48.0) - phase_at(late, LONG, 48.0)) / TAU;
            turns += round(times[i] * 48.0 - turns);
            assert_near(turns / 48.0, times[i], 1e-8, "a delay's time");
            free(plain);
            free(late);
        }
    /* Fed back: a comb's peaks, 10 ms apart, each half of the one before. */
    float *h = impulse_of("(patch (output (delay.feedback (input.mono) (time 10ms) (feedback 50%)\n"
                          "  (oversample 4))))",
                          LONG);
    double first = peak_of(h, 720), second = peak_of(h + 720, 480), third = peak_of(h + 1200, 480);
    assert_near(second / first, 0.5, 1e-3, "the second echo");
    assert_near(third / first, 0.25, 1e-3, "the third echo");
    free(h);
}

/* Lines of one time at different rates are not one line. */
static void test_delays_apart(void **state)
{
    (void)state;
    float *h = impulse_of("(patch (def in (input.mono))\n"
                          "  (output (delay.feedback in (time 10ms))\n"
                          "    (gain (delay.feedback in (time 10ms) (oversample 2)) -1)))",
                          4800);
    assert_true(peak_of(h, 4800) > 0.3);
    free(h);
}

static void test_sine(void **state)
{
    (void)state;
    for (size_t f = 0; f < COUNT(factors); f++) {
        float *x = sound_of(
            patch("(patch (output (osc.sine (freq 1000) (oversample %u))))", factors[f]), LONG);
        double line = line_at(x, 1000.0), rms = rms_of(x + LONG / 2, LONG / 2);
        assert_near(line, 1.0, 1e-5, "a sine's level");
        assert_near(rms * rms, line * line / 2.0, 1e-9, "and nothing besides");
        free(x);
    }
}

/* An envelope's times and a filter's corner in a region. */
static void test_units(void **state)
{
    (void)state;
    float *x = sound_of("(patch (output (env.decay (time 100ms) (oversample 4))))", LONG);
    float *y = sound_of("(patch (output (env.decay (time 100ms))))", LONG);
    for (size_t n = 100; n < LONG; n++)
        assert_near((double)x[n], (double)y[n], 4e-3, "an envelope");
    assert_near(peak_of(x + 5000, LONG - 5000), 0.0, 1e-6, "its end");
    free(x);
    free(y);
    x = impulse_of("(patch (output (filter.onepole (input.mono) 1000 (oversample 8))))", LONG);
    assert_near(decibels(magnitude_at(x, LONG, 1000.0)), -3.0103, 0.01, "a corner");
    free(x);
}

/* ---- P2, P3 ---- */

enum { FRAMES = 3000 };

/* One voice in `lane` of `lanes`, in random cuts, the others with other seeds. */
static void run_voice(const struct rp_program *program, unsigned lanes, unsigned lane,
                      uint64_t chance, float *out)
{
    static float planes[2][FRAMES * RP_MAX_LANES];
    float *to[2] = {planes[0], planes[1]};
    size_t size = rp_group_bytes(program, lanes);
    void *memory = kit_aligned(size);
    struct rp_error error;
    struct rp_group *g = rp_instantiate(program, lanes, RP_ISA_BEST, memory, size, &error);
    assert_non_null(g);
    for (unsigned l = 0; l < lanes; l++)
        assert_int_equal(rp_voice_start(g, l, l == lane ? 5 : 100 + l, l == lane ? 6 : l), RP_OK);
    for (size_t n = 0; n < FRAMES;) {
        size_t cut = 1 + kit_random(&chance) % 150;
        cut = cut < FRAMES - n ? cut : FRAMES - n;
        if (n == 0)
            cut = 37;
        assert_int_equal(rp_run(g, cut, to, &error), RP_OK);
        for (size_t k = 0; k < cut; k++)
            for (unsigned c = 0; c < 2; c++)
                out[c * FRAMES + n + k] = planes[c][k * lanes + lane];
        n += cut;
        if (n == 37) /* in every cut */
            assert_int_equal(rp_param_glide(g, lane, 0, 700.0f, 500), RP_OK);
    }
    free(memory);
}

static void test_cuts_and_widths(void **state)
{
    static float want[2 * FRAMES], got[2 * FRAMES];
    static const unsigned widths[] = {1, 4, 8, 16};
    (void)state;
    struct player p =
        play("(patch (params (k (unit hz) (range 20 2000) (default 220)))\n"
             "  (def voice (patch (params (freq (unit hz)))\n"
             "    (def cut (filter.lopass (osc.saw freq) (cutoff 3000 (gain (noise.white) 500))))\n"
             "    (output (delay.feedback cut (feedback (gain cut 0.5)) (time 1ms)\n"
             "      (oversample 2)))))\n"
             "  (output (voice (freq k (gain (osc.sine 9) 20)) (oversample 4)\n"
             "      (unison 5 (detune 20) (width 80%)))\n"
             "    (math.clip (gain (osc.triangle k) 3) -1 1 (oversample 8))))");
    run_voice(p.program, 1, 0, 1, want);
    assert_true(peak_of(want, FRAMES) > 0.1 && peak_of(want + FRAMES, FRAMES) > 0.1);
    for (size_t w = 0; w < COUNT(widths); w++)
        for (unsigned i = 0; i < 4; i++) {
            run_voice(p.program, widths[w], (i * 7) % widths[w], 10 + i, got);
            same_bits(got, want, 2 * FRAMES, "cut or packed otherwise");
        }
    player_close(&p);
}

/* A trigger of one frame at a higher rate is one at the lower, wherever it falls. */
static void test_triggers_down(void **state)
{
    (void)state;
    for (int times = 2; times <= 8; times *= 2) {
        static float y[48000];
        char text[160];
        snprintf(text, sizeof text,
                 "(patch (def c (control.count (osc.tick (freq 1001) (oversample %d)) (every 1e6)))"
                 "(output c.count))",
                 times);
        struct player p = play(text);
        player_run(&p, 48000, y);
        player_close(&p);
        assert_near((double)y[47999], 1000, 1, "triggers counted");
    }
}

/* A number drawn once is the same in every frame, within a region too. */
static void test_random_held(void **state)
{
    float one[8], eight[8];
    (void)state;
    struct player p = play("(patch (def r (voice.random)) (output (gain r)))");
    player_run(&p, 8, one);
    player_close(&p);
    p = play("(patch (def r (voice.random)) (output (gain r (oversample 8))))");
    player_run(&p, 8, eight);
    player_close(&p);
    assert_true(one[0] > 0.0f && one[0] < 1.0f);
    for (int n = 0; n < 8; n++)
        assert_true(one[n] == one[0] && eight[n] == one[0]);
}

/* A tap after its line was written may read this very frame, at any rate. */
static void test_no_delay(void **state)
{
    static const double centroid[] = {0, 0, 3.349, 0, 5.024, 0, 0, 0, 5.861};
    (void)state;
    for (int times = 2; times <= 8; times *= 2) {
        char text[160];
        snprintf(text, sizeof text,
                 "(patch (output (delay.integer (input.mono) (time 0) (oversample %d))))", times);
        float *h = impulse_of(text, 512);
        double sum = 0, moment = 0;
        for (int n = 0; n < 512; n++) {
            sum += (double)h[n];
            moment += n * (double)h[n];
        }
        free(h);
        assert_near(moment / sum, centroid[times], 0.01, "latency of the half-bands alone");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_triggers_down),
        cmocka_unit_test(test_random_held),
        cmocka_unit_test(test_no_delay),
        cmocka_unit_test(test_flat),
        cmocka_unit_test(test_latency),
        cmocka_unit_test(test_aliases),
        cmocka_unit_test(test_images),
        cmocka_unit_test(test_less_aliasing),
        cmocka_unit_test(test_exact),
        cmocka_unit_test(test_gate_in_time),
        cmocka_unit_test(test_delay),
        cmocka_unit_test(test_delays_apart),
        cmocka_unit_test(test_sine),
        cmocka_unit_test(test_units),
        cmocka_unit_test(test_cuts_and_widths),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
