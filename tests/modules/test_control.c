/* test_control.c - control signals: phases against exact integers, clocks and glides to the frame,
 * logic against plain C, chance against the binomial distribution. */
#include "kit.h"

enum { LONG = 1 << 20 };

static float left[LONG], right[LONG], in[LONG];

static void run_patch(const char *text, size_t total)
{
    struct player p = play(text);
    player_run_in(&p, total, in, in, left, p.channels > 1 ? right : NULL);
    player_close(&p);
}

/* ---- oscillators ---- */

/* n f mod 48000, f in 2^-32 Hz, as turns. */
static double turns_after(uint64_t n, double hz)
{
    const uint64_t turn = UINT64_C(48000) << 32;
    uint64_t f = (uint64_t)((double)(float)hz * 4294967296.0);
    return (double)(n * f % turn) / (double)turn;
}

/* The whole ten minutes, looked at now and then. */
static void check_exact(double hz)
{
    enum { MINUTES = 10, PIECE = 48000 };
    char text[200];
    double worst = 0.0;
    snprintf(text, sizeof text, "(patch (output (control.lfo (shape ramp) (freq %.9g))))", hz);
    struct player p = play(text);
    for (uint64_t n = 0; n < MINUTES * 60 * UINT64_C(48000); n += PIECE) {
        player_run(&p, PIECE, left);
        for (unsigned i = 0; i < PIECE; i += 997) {
            double off = fabs((double)left[i] - (2.0 * turns_after(n + i, hz) - 1.0));
            worst = fmax(worst, fmin(off, 2.0 - off));
        }
    }
    print_message("  %g Hz: phase off by %.2g turns at most in %d minutes\n", hz, worst / 2.0,
                  MINUTES);
    assert_true(worst < 2.5e-7);
    player_close(&p);
}

static void test_lfo_exact(void **state)
{
    (void)state;
    check_exact(2.0);
    check_exact(0.013);
    check_exact(7.31);
}

static void test_lfo_shapes(void **state)
{
    static const struct {
        const char *shape;
        float at[8]; /* each eighth of a turn */
    } shapes[] = {
        {"sine", {0.0f, 0.70710678f, 1.0f, 0.70710678f, 0.0f, -0.70710678f, -1.0f, -0.70710678f}},
        {"triangle", {0.0f, 0.5f, 1.0f, 0.5f, 0.0f, -0.5f, -1.0f, -0.5f}},
        {"saw", {1.0f, 0.75f, 0.5f, 0.25f, 0.0f, -0.25f, -0.5f, -0.75f}},
        {"ramp", {-1.0f, -0.75f, -0.5f, -0.25f, 0.0f, 0.25f, 0.5f, 0.75f}},
        {"square", {1.0f, 1.0f, 1.0f, 1.0f, -1.0f, -1.0f, -1.0f, -1.0f}},
    };
    char text[200];
    (void)state;
    for (size_t i = 0; i < COUNT(shapes); i++)
        for (int way = 0; way < 4; way++) { /* forward; a quarter on; backward; unipolar */
            static const char *const more[] = {"(freq 1)", "(freq 1) (phase 4.25)", "(freq -1)",
                                               "(freq 1) (polarity unipolar)"};
            snprintf(text, sizeof text, "(patch (output (control.lfo (shape %s) %s)))",
                     shapes[i].shape, more[way]);
            float *x = sound_of(text, 96000);
            for (int k = 0; k < 16; k++) {
                int at = way == 1 ? k + 2 : way == 2 ? 16 - k : k;
                double want = (double)shapes[i].at[at % 8];
                assert_near((double)x[k * 6000], way == 3 ? want * 0.5 + 0.5 : want, 1.2e-7,
                            shapes[i].shape);
            }
            free(x);
        }
    float *x = sound_of("(patch (output (control.lfo (shape square) (freq 1))))", 48001);
    assert_true(x[23999] == 1.0f && x[24000] == -1.0f && x[47999] == -1.0f && x[48000] == 1.0f);
    free(x);
}

static void test_lfo_fade(void **state)
{
    (void)state;
    struct player p = play("(patch (params (g (unit gate) (default 0))) (output (control.lfo"
                           " (freq 0) (shape square) (delay 10ms) (fade 20ms) (retrigger g))))");
    for (int again = 0; again < 2; again++) {
        player_set(&p, "g", again);
        player_run(&p, 2000, left);
        for (int n = 0; n < 2000; n++) {
            double want = fmin(1.0, fmax(0.0, (n - 480) / 960.0));
            assert_near((double)left[n], want, 1e-7, "fade");
        }
        assert_true(left[1439] < 1.0f && left[1440] == 1.0f);
    }
    player_close(&p);
}

static void test_lfo_retrigger(void **state)
{
    (void)state;
    for (int i = 0; i < 3000; i++)
        in[i] = i >= 777 && i < 900 ? 1.0f : 0.0f;
    run_patch("(patch (output (control.lfo (freq 50) (shape ramp) (retrigger (input.mono)))))",
              3000);
    assert_true(left[777] == -1.0f && left[776] > -0.5f);
    for (int n = 0; n < 2000; n++)
        assert_near((double)left[777 + n], 2.0 * fmod(n * 50.0 / SR, 1.0) - 1.0, 1.2e-7, "again");
}

/* One value a turn, uniform, another for each node; smooth goes from each to the next. */
static void test_lfo_random(void **state)
{
    enum { TURN = 100, TURNS = 10000 };
    static const char text[] = "(patch (nodes (a (control.lfo (freq 480) (shape %s)))"
                               " (b (control.lfo (freq 480) (shape random))))"
                               " (output (left a) (right b)))";
    static float first[LONG];
    char patch[300];
    double sum = 0.0, squares = 0.0, both = 0.0, next = 0.0;
    (void)state;
    snprintf(patch, sizeof patch, text, "random");
    run_patch(patch, TURN * TURNS);
    memcpy(first, left, sizeof first);
    for (int k = 0; k < TURNS; k++) {
        for (int n = 1; n < TURN; n++)
            assert_true(left[k * TURN + n] == left[k * TURN]);
        double x = (double)left[k * TURN], y = (double)right[k * TURN];
        assert_true(x >= -1.0 && x < 1.0 && (k == 0 || left[k * TURN] != left[k * TURN - 1]));
        sum += x;
        squares += x * x;
        both += x * y;
        next += k ? x * (double)left[k * TURN - 1] : 0.0;
    }
    /* Standard deviations: of x 0.577, of x^2 0.298, of xy 1/3; each over 100. */
    print_message("  random: mean %.4f, variance %.4f, with another node %.4f, with itself %.4f\n",
                  sum / TURNS, squares / TURNS, both / TURNS, next / TURNS);
    assert_near(sum / TURNS, 0.0, 0.023, "mean");
    assert_near(squares / TURNS, 1.0 / 3.0, 0.012, "variance");
    assert_near(both / TURNS, 0.0, 0.0133, "two nodes");
    assert_near(next / TURNS, 0.0, 0.0133, "two turns");
    snprintf(patch, sizeof patch, text, "smooth");
    run_patch(patch, TURN * TURNS);
    for (int k = 0; k + 1 < TURNS; k++)
        for (int n = 0; n < TURN; n += 9) {
            double u = n / (double)TURN, from = (double)first[k * TURN];
            double want = from + ((double)first[(k + 1) * TURN] - from) * u * u * (3.0 - 2.0 * u);
            assert_near((double)left[k * TURN + n], want, 5e-7, "smooth");
        }
}

/* The value belongs to a turn of phase plus offset. */
static void test_lfo_random_offset(void **state)
{
    static float plain[48000];
    (void)state;
    run_patch("(patch (nodes (a (control.lfo (freq 100) (shape random)))) (output a))", 48000);
    memcpy(plain, left, sizeof plain);
    run_patch("(patch (nodes (a (control.lfo (freq 100) (phase 2.25) (shape random)))) (output a))",
              40000);
    for (int n = 0; n < 40000; n++)
        assert_true(left[n] == plain[n + 960 + 120]);
    run_patch(
        "(patch (nodes (a (control.lfo (freq 100) (phase -3.75) (shape random)))) (output a))",
        48000);
    for (int n = 1800; n < 48000; n++)
        assert_true(left[n] == plain[n - 1800]);
}

/* Backwards through the same values; a retrigger takes a new one. */
static void test_lfo_random_ways(void **state)
{
    (void)state;
    for (int i = 0; i < 1000; i++)
        in[i] = i == 530 ? 1.0f : 0.0f;
    struct player p = play("(patch (params (f (unit hz) (range -480 480) (default 480)))"
                           " (output (control.lfo (freq f) (shape random))))");
    player_run(&p, 550, left);
    player_set(&p, "f", -480.0);
    player_run(&p, 1000, left + 550);
    for (int n = 1; n < 550; n++)
        assert_true(left[550 + n] == left[550 - n] || n % 100 == 50);
    for (int turn = 0; turn < 4; turn++)
        assert_true(left[1100 + turn * 100 + 50] != left[1100 + turn * 100 - 50] &&
                    left[1100 + turn * 100 + 50] == left[1100 + turn * 100 + 10]);
    player_close(&p);
    run_patch("(patch (output (control.lfo (freq 480) (shape random) (retrigger (input.mono)))))",
              1000);
    assert_true(left[529] == left[501] && left[530] != left[529] && left[530] == left[629]);
    assert_true(left[630] != left[629] && left[630] == left[729]);
}

/* ---- from value to value ---- */

static void test_glide(void **state)
{
    (void)state;
    for (int exponential = 0; exponential < 2; exponential++) {
        char text[300];
        double worst = 0.0;
        snprintf(text, sizeof text,
                 "(patch (params (x 100)) (output (control.glide x (time 100ms) (shape %s))))",
                 exponential ? "exponential" : "linear");
        struct player p = play(text);
        player_run(&p, 1000, left);
        assert_true(left[0] == 100.0f && left[999] == 100.0f);
        static const double targets[] = {800.0, 25.0, 26.0, 1000.0, 0.5};
        double from = 100.0;
        for (size_t i = 0; i < COUNT(targets); i++) {
            player_set(&p, "x", targets[i]);
            player_run(&p, 5000, left);
            for (int n = 0; n < 4800; n++) {
                double t = n / 4800.0;
                double want =
                    exponential ? from * pow(targets[i] / from, t) : from + (targets[i] - from) * t;
                worst = fmax(worst, fabs((double)left[n] - want) /
                                        (exponential ? want : fmax(from, targets[i])));
            }
            assert_true(left[0] == (float)from && left[4799] != (float)targets[i]);
            assert_true(left[4800] == (float)targets[i] && left[4999] == (float)targets[i]);
            from = targets[i];
        }
        print_message("  %s: off by %.2g of the value\n", exponential ? "exponential" : "linear",
                      worst);
        assert_true(worst < (exponential ? 2e-6 : 2e-7));
        player_close(&p);
    }
}

/* A new target on the way begins where the old glide would be; times that are no whole blocks. */
static void test_glide_again(void **state)
{
    static const int lengths[] = {1, 2, 63, 64, 65, 100, 799, 4801};
    (void)state;
    for (size_t i = 0; i < COUNT(lengths); i++) {
        char text[200];
        int length = lengths[i], half = length / 2;
        snprintf(text, sizeof text, "(patch (params (x 0)) (output (control.glide x (time %.9g))))",
                 length / SR);
        struct player p = play(text);
        player_run(&p, 10, left);
        player_set(&p, "x", 1.0);
        player_run(&p, (size_t)half, left);
        player_set(&p, "x", -1.0);
        player_run(&p, (size_t)length + 10, left + half);
        double start = (double)half / length;
        for (int n = 0; n < length; n++)
            assert_near((double)left[half + n], start + (-1.0 - start) * n / length, 2e-7, "again");
        assert_true(left[half + length] == -1.0f && left[half + length - 1] > -1.0f);
        player_close(&p);
    }
    struct player p = play("(patch (params (x 0)) (output (control.glide x (time 0))))");
    player_run(&p, 5, left);
    player_set(&p, "x", 3.0);
    player_run(&p, 5, left + 5);
    assert_true(left[4] == 0.0f && left[5] == 3.0f);
    player_close(&p);
}

/* Through zero an exponential glide is straight; a moving target is followed, not waited for. */
static void test_glide_edges(void **state)
{
    (void)state;
    struct player p = play("(patch (params (x 2)) (output (control.glide x (time 10ms)"
                           " (shape exponential))))");
    player_run(&p, 1, left);
    player_set(&p, "x", -2.0);
    player_run(&p, 481, left);
    for (int n = 0; n <= 480; n++)
        assert_near((double)left[n], 2.0 - 4.0 * n / 480.0, 1e-6, "through zero");
    player_close(&p);
    float *x = sound_of("(patch (output (control.glide (osc.sine (freq 20)) (time 1ms))))", 48000);
    assert_near(rms_of(x, 48000), sqrt(0.5), 0.02, "a slow sine through a short glide");
    free(x);
}

static void test_slew(void **state)
{
    (void)state;
    for (int i = 0; i < LONG; i++)
        in[i] = i < 100 ? 0.25f : i < 60000 ? 1.0f : -1.0f;
    run_patch("(patch (output (control.slew (input.mono) (rise 2) (fall 8))))", 100000);
    for (int n = 0; n < 100000; n++) {
        double want = n < 100 ? 0.25 : fmin(1.0, 0.25 + (n - 99) * 2.0 / SR);
        if (n >= 60000)
            want = fmax(-1.0, 1.0 - (n - 59999) * 8.0 / SR);
        assert_near((double)left[n], want, 2e-7, "slew");
    }
    assert_true(left[18098] < 1.0f && left[18099] == 1.0f); /* 0.75 / 2 s later */
    run_patch("(patch (output (control.slew (math.mul (input.mono) 1000) (rise 0.5) (fall 0.5))))",
              LONG);
    for (int n = 100; n < 60000; n += 7)
        assert_near((double)left[n], 250.0 + (n - 99) * 0.5 / SR, 2e-5,
                    "a step below the last bit");
}

/* ---- clocks and sequences ---- */

static void check_clock(double hz, double nominal)
{
    enum { FRAMES = 960000 };
    char text[200];
    int k = 0;
    snprintf(text, sizeof text,
             "(patch (nodes (c (control.clock (rate %.9g) (width 0.25))))"
             " (output (left c) (right c.trigger)))",
             hz);
    run_patch(text, FRAMES);
    for (int n = 0, start = 0; n < FRAMES; n++) {
        int strike = n == (int)(k * nominal + 0.5);
        if ((right[n] == 1.0f) != strike)
            fail_msg("%g Hz: strike %d is not in frame %.0f (%d)", hz, k, k * nominal, n);
        start = strike ? n : start;
        k += strike;
        double on = nominal * 0.25 - 0.5;
        if (fabs(n - start - on) > 1.0) /* to a frame: where a period ends is rounded itself */
            assert_true(left[n] == (n - start < on || strike ? 1.0f : 0.0f));
    }
    assert_true(k > 10);
}

static void test_clock(void **state)
{
    (void)state;
    check_clock(2.0, 24000.0);
    check_clock(48000.0 / 28800.0, 28800.0); /* a float below it */
    check_clock(48000.0 / 36000.0, 36000.0); /* a float above it */
    check_clock(48000.0 / 5250.0, 5250.0);
    check_clock(48000.0 / 17.0, 17.0);
    check_clock(7.0, 48000.0 / 7.0);
    check_clock(24000.0, 2.0);
}

/* 120 beats a minute for ten minutes: the last one in its frame. */
static void test_clock_long(void **state)
{
    (void)state;
    struct player p = play("(patch (nodes (c (control.clock (rate 2)))) (output c.trigger))");
    for (int second = 0; second < 600; second++) {
        player_run(&p, 48000, left);
        for (int n = 0; n < 48000; n++)
            assert_true((left[n] == 1.0f) == (n % 24000 == 0));
    }
    player_close(&p);
}

static void check_order(const char *direction, const int *rows, int count)
{
    char text[300];
    snprintf(text, sizeof text,
             "(patch (nodes (s (control.steps (values (table 10 20 30 40)) (rate 480)"
             " (direction %s)))) (output (left s) (right s.trigger)))",
             direction);
    run_patch(text, 100 * 20);
    for (int n = 0; n < 2000; n++) {
        assert_true(left[n] == 10.0f * (float)(1 + rows[n / 100 % count]));
        assert_true(right[n] == (n % 100 == 0 ? 1.0f : 0.0f));
    }
}

static void test_steps_order(void **state)
{
    static const int forward[] = {0, 1, 2, 3}, backward[] = {3, 2, 1, 0};
    static const int pingpong[] = {0, 1, 2, 3, 2, 1};
    (void)state;
    check_order("forward", forward, 4);
    check_order("backward", backward, 4);
    check_order("pingpong", pingpong, 6);
    run_patch("(patch (output (control.steps (values (table 7)) (rate 480) (direction pingpong))))",
              1000);
    assert_true(left[0] == 7.0f && left[999] == 7.0f);
}

/* Each row equally often, and each pair of rows; 5 standard deviations. */
static void test_steps_random(void **state)
{
    enum { STEPS = 100000 };
    int once[5] = {0}, pair[25] = {0};
    (void)state;
    run_patch("(patch (output (control.steps (values (table 0 1 2 3 4)) (rate 4800)"
              " (direction random))))",
              STEPS * 10);
    for (int k = 0; k < STEPS; k++) {
        int row = (int)left[k * 10 + 5];
        once[row]++;
        if (k)
            pair[5 * row + (int)left[k * 10 - 5]]++;
    }
    for (int i = 0; i < 5; i++)
        assert_near(once[i], STEPS / 5.0, 5.0 * sqrt(STEPS * 0.16), "row");
    for (int i = 0; i < 25; i++)
        assert_near(pair[i], STEPS / 25.0, 5.0 * sqrt(STEPS * 0.04 * 0.96), "pair of rows");
}

/* Lengths: a quarter of the step, a rest, tied, half. */
static void test_steps_lengths(void **state)
{
    (void)state;
    run_patch("(patch (nodes (s (control.steps (values (table (1 0.5) (2 0) (3 2) (4 1)))"
              " (rate 100)))) (output (left s.gate) (right s.trigger)))",
              480 * 9);
    for (int n = 0; n < 480 * 9; n++) {
        int row = n / 480 % 4, past = n % 480;
        static const int on[] = {120, 0, 480, 240};
        assert_true(left[n] == (past < on[row] ? 1.0f : 0.0f));
        assert_true(right[n] == (past == 0 && row != 1 ? 1.0f : 0.0f));
    }
}

static void test_steps_clocked(void **state)
{
    uint64_t chance = 5;
    int row = 0, started = 0, was = 0;
    (void)state;
    for (int i = 0; i < 20000; i++)
        in[i] = (float)kit_between(&chance, -4.0, 1.0);
    run_patch("(patch (nodes (s (control.steps (values (table 10 20 30)) (clock (input.mono)))))"
              " (output (left s) (right s.trigger)))",
              20000);
    for (int n = 0; n < 20000; n++) {
        int rise = in[n] > 0.0f && !was;
        was = in[n] > 0.0f;
        row = rise && started ? (row + 1) % 3 : row;
        started |= rise;
        assert_true(left[n] == 10.0f * (float)(row + 1) && right[n] == (rise ? 1.0f : 0.0f));
    }
}

static void test_steps_reset(void **state)
{
    (void)state;
    for (int i = 0; i < 5000; i++)
        in[i] = i == 1234 || i == 1900 ? 1.0f : 0.0f;
    run_patch("(patch (nodes (s (control.steps (values (table 10 20 30)) (rate 480)"
              " (reset (input.mono))))) (output (left s) (right s.trigger)))",
              3000);
    for (int n = 0; n < 3000; n++) {
        int since = n < 1234 ? n : n < 1900 ? n - 1234 : n - 1900;
        assert_true(left[n] == 10.0f * (float)(since / 100 % 3 + 1));
        assert_true(right[n] == (since % 100 == 0 ? 1.0f : 0.0f));
    }
    run_patch("(patch (nodes (c (control.clock (rate 480))) (s (control.steps (values (table 10 20"
              " 30)) (clock c.trigger) (reset (input.mono))))) (output s))",
              1600);
    assert_true(left[1233] == 10.0f && left[1150] == 30.0f);
    assert_true(left[1299] == 10.0f && left[1300] == 10.0f && left[1400] == 20.0f);
}

/* ---- triggers and gates ---- */

static void random_in(uint64_t seed, double low, double high, int longest)
{
    for (int i = 0; i < LONG;) {
        float x = (float)kit_between(&seed, low, high);
        for (int n = 1 + (int)(kit_random(&seed) % (unsigned)longest); n > 0 && i < LONG; n--)
            in[i++] = x;
    }
}

static void test_trigger(void **state)
{
    (void)state;
    random_in(1, -1.0, 1.0, 3);
    run_patch("(patch (output (control.trigger (input.mono) (threshold 0.25))))", 100000);
    for (int n = 0; n < 100000; n++) {
        int rise = in[n] > 0.25f && (n == 0 || !(in[n - 1] > 0.25f));
        assert_true(left[n] == (rise ? 1.0f : 0.0f));
    }
}

static void test_gate(void **state)
{
    int on = 0, until = 0;
    (void)state;
    random_in(2, -1.0, 1.0, 40);
    run_patch("(patch (output (control.gate (input.mono) (time 1ms) (high 0.5) (low -0.25))))",
              100000);
    for (int n = 0; n < 100000; n++) {
        int before = on;
        on = in[n] > 0.5f || (on && in[n] > -0.25f);
        if (on && !before)
            until = n + 48;
        assert_true(left[n] == (on || n < until ? 1.0f : 0.0f));
    }
    for (int n = 0; n < 2000; n++)
        in[n] = n == 100 || n == 300 ? 1.0f : 0.0f;
    run_patch("(patch (output (control.gate (input.mono) (time 10ms))))", 2000);
    for (int n = 0; n < 2000; n++)
        assert_true(left[n] == (n >= 100 && n < 780 ? 1.0f : 0.0f));
}

static void test_hold_track(void **state)
{
    float held = 0.0f, tracked = 0.0f;
    (void)state;
    random_in(3, -1.0, 1.0, 2);
    run_patch("(patch (def x (input.mono)) (def g (math.sub x 0.2)) (def v (math.mul x 3))"
              " (output (left (control.hold v g)) (right (control.track v g))))",
              100000);
    for (int n = 0; n < 100000; n++) {
        int on = in[n] - 0.2f > 0.0f;
        if (on && (n == 0 || !(in[n - 1] - 0.2f > 0.0f)))
            held = in[n] * 3.0f;
        tracked = on ? in[n] * 3.0f : tracked;
        assert_true(left[n] == held && right[n] == tracked);
    }
}

static void test_count(void **state)
{
    int count = -1, was = 0;
    (void)state;
    random_in(4, -1.0, 1.0, 3);
    run_patch("(patch (nodes (c (control.count (input.mono) (every 5)"
              " (reset (math.sub (input.mono) 0.99))))) (output (left c) (right c.count)))",
              200000);
    for (int n = 0; n < 200000; n++) {
        int rise = in[n] > 0.0f && !was;
        was = in[n] > 0.0f;
        if (in[n] - 0.99f > 0.0f && (n == 0 || !(in[n - 1] - 0.99f > 0.0f)))
            count = -1;
        count = rise ? (count + 1) % 5 : count;
        assert_true(left[n] == (was && count == 0 ? 1.0f : 0.0f));
        assert_true(right[n] == (float)(count < 0 ? 0 : count));
    }
}

static void test_flips(void **state)
{
    int toggle = 0, latch = 0;
    (void)state;
    random_in(6, -1.0, 1.0, 3);
    run_patch("(patch (def x (input.mono)) (def r (math.sub -0.8 x))"
              " (output (left (control.toggle x (reset r))) (right (control.latch x r))))",
              100000);
    for (int n = 0; n < 100000; n++) {
        int rise = in[n] > 0.0f && (n == 0 || !(in[n - 1] > 0.0f));
        int reset = -0.8f - in[n] > 0.0f && (n == 0 || !(-0.8f - in[n - 1] > 0.0f));
        toggle = reset ? 0 : rise ? !toggle : toggle;
        latch = reset ? 0 : rise ? 1 : latch;
        assert_true(left[n] == (float)toggle && right[n] == (float)latch);
    }
}

/* ---- chance ---- */

/* How many of 100000 triggers pass each of two nodes, both, and two in a row. */
static void check_chance(double p)
{
    enum { TRIGGERS = 100000 };
    char text[400];
    int a = 0, b = 0, both = 0, row = 0;
    snprintf(text, sizeof text,
             "(patch (nodes (a (control.chance (input.mono) %g)) (b (control.chance (input.mono)"
             " %g))) (output (left a) (right b)))",
             p, p);
    for (int i = 0; i < 2 * TRIGGERS; i++)
        in[i] = i % 2 ? 0.0f : 1.0f;
    run_patch(text, 2 * TRIGGERS);
    for (int k = 0; k < TRIGGERS; k++) {
        assert_true(left[2 * k + 1] == 0.0f);
        a += left[2 * k] == 1.0f;
        b += right[2 * k] == 1.0f;
        both += left[2 * k] == 1.0f && right[2 * k] == 1.0f;
        row += k && left[2 * k] == 1.0f && left[2 * k - 2] == 1.0f;
    }
    double bound = 4.0 * sqrt(TRIGGERS * p * (1.0 - p));
    print_message("  %g: %d and %d of %d, both %d, two in a row %d\n", p, a, b, TRIGGERS, both,
                  row);
    assert_near(a, TRIGGERS * p, bound, "passed a");
    assert_near(b, TRIGGERS * p, bound, "passed b");
    assert_near(both, TRIGGERS * p * p, 4.0 * sqrt(TRIGGERS * p * p * (1.0 - p * p)), "both");
    assert_near(row, TRIGGERS * p * p, 8.0 * sqrt(TRIGGERS * p * p * (1.0 - p * p)) + (p == 1.0),
                "two in a row");
}

static void test_chance(void **state)
{
    static const double p[] = {0.0, 0.05, 0.5, 0.9, 1.0};
    (void)state;
    for (size_t i = 0; i < COUNT(p); i++)
        check_chance(p[i]);
}

/* A gate goes to one output, whole; another seed, another choice. */
static void test_chance_gates(void **state)
{
    static const char text[] = "(patch (nodes (c (control.chance (input.mono))))"
                               " (output (left c) (right c.other)))";
    static float other[100000];
    int differ = 0;
    (void)state;
    random_in(7, -1.0, 1.0, 20);
    run_patch(text, 100000);
    for (int n = 0; n < 100000; n++) {
        assert_true(left[n] + right[n] == (in[n] > 0.0f ? 1.0f : 0.0f));
        if (n && in[n] > 0.0f && in[n - 1] > 0.0f)
            assert_true(left[n] == left[n - 1]);
    }
    struct player p = play_seeded(text, 1, 0);
    player_run_in(&p, 100000, in, NULL, other, right);
    player_close(&p);
    for (int n = 0; n < 100000; n++)
        differ += other[n] != left[n];
    assert_true(differ > 20000 && differ < 30000);
}

/* ---- quantise ---- */

static void test_quantise(void **state)
{
    (void)state;
    random_in(8, -100.0, 100.0, 1);
    run_patch("(patch (output (control.quantise (input.mono) (step 0.25))))", 100000);
    for (int n = 0; n < 100000; n++)
        assert_true((double)left[n] == floor((double)in[n] / 0.25 + 0.5) * 0.25);
    in[0] = -0.0f;
    in[1] = 0.125f;
    in[2] = -0.125f;
    in[3] = 3e9f;
    run_patch("(patch (output (control.quantise (input.mono) (step 0.25))))", 4);
    assert_true(left[0] == 0.0f && left[1] == 0.25f && left[2] == 0.0f && left[3] == 3e9f);
    /* The least step and the largest. */
    in[0] = 3.4e-6f;
    run_patch("(patch (output (control.quantise (input.mono) (step 0.000001))))", 1);
    assert_true(left[0] == 3.0f * 1e-6f);
    in[0] = 1.6e6f;
    run_patch("(patch (output (control.quantise (input.mono) (step 1000000))))", 1);
    assert_true(left[0] == 2e6f);
}

/* In any order, twice, in any octave: the same scale. */
static void test_scale(void **state)
{
    static const double scale[] = {0.0, 2.0, 4.0, 5.0, 7.0, 9.0, 11.0};
    (void)state;
    random_in(9, -60.0, 140.0, 1);
    for (int n = 0; n < 400; n++)
        in[n] = (float)(n - 200) * 0.5f;
    run_patch("(patch (output (control.quantise (input.mono) (scale (table 7 12 2 -8 5 9 23 2)))))",
              100000);
    for (int n = 0; n < 100000; n++) {
        double best = 1e9;
        for (int octave = -20; octave < 20; octave++)
            for (size_t i = 0; i < COUNT(scale); i++) {
                double note = octave * 12.0 + scale[i];
                if (fabs((double)in[n] - note) < fabs((double)in[n] - best))
                    best = note;
            }
        if ((double)left[n] != best)
            fail_msg("%.9g becomes %.9g, not %.9g", (double)in[n], (double)left[n], best);
    }
}

/* ---- at higher rates ---- */

/* The same at 4 times the rate, but for the filters on the way down. */
static void test_oversampled(void **state)
{
    static const char *const patches[] = {
        "(control.lfo (freq 3) (phase 0.1) (delay 100ms) (fade 300ms) %s)",
        "(control.lfo (freq 3) (shape triangle) %s)",
        "(control.glide (control.lfo (freq 3) (shape square) %s) (time 100ms) %s)",
        "(control.slew (control.lfo (freq 3) (shape square) %s) (rise 10) (fall 5) %s)",
        "(control.glide (control.steps (values (table 0 1 3)) (rate 5) %s) (time 150ms) %s)",
        "(control.glide (control.gate (control.clock (rate 3) (width 0.01) %s) (time 200ms) %s)"
        " (time 100ms) %s)",
    };
    (void)state;
    for (size_t i = 0; i < COUNT(patches); i++) {
        char form[400], text[500];
        float *sound[2];
        for (int high = 0; high < 2; high++) {
            const char *o = high ? "(oversample 4)" : "";
            snprintf(form, sizeof form, patches[i], o, o, o);
            snprintf(text, sizeof text, "(patch (output %s))", form);
            sound[high] = sound_of(text, 48000);
        }
        for (int n = 1000; n < 48000; n++)
            assert_near((double)sound[1][n], (double)sound[0][n], 4e-3, patches[i]);
        free(sound[0]);
        free(sound[1]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lfo_exact),
        cmocka_unit_test(test_lfo_shapes),
        cmocka_unit_test(test_lfo_fade),
        cmocka_unit_test(test_lfo_retrigger),
        cmocka_unit_test(test_lfo_random),
        cmocka_unit_test(test_lfo_random_offset),
        cmocka_unit_test(test_lfo_random_ways),
        cmocka_unit_test(test_glide),
        cmocka_unit_test(test_glide_again),
        cmocka_unit_test(test_glide_edges),
        cmocka_unit_test(test_slew),
        cmocka_unit_test(test_clock),
        cmocka_unit_test(test_clock_long),
        cmocka_unit_test(test_steps_order),
        cmocka_unit_test(test_steps_random),
        cmocka_unit_test(test_steps_lengths),
        cmocka_unit_test(test_steps_clocked),
        cmocka_unit_test(test_steps_reset),
        cmocka_unit_test(test_trigger),
        cmocka_unit_test(test_gate),
        cmocka_unit_test(test_hold_track),
        cmocka_unit_test(test_count),
        cmocka_unit_test(test_flips),
        cmocka_unit_test(test_chance),
        cmocka_unit_test(test_chance_gates),
        cmocka_unit_test(test_quantise),
        cmocka_unit_test(test_scale),
        cmocka_unit_test(test_oversampled),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
