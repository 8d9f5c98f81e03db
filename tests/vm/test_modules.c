/* test_modules.c - checks of the kernels that do not come from us: the analytic response of each
 * filter's recurrence, conservation of energy, the stated times of envelopes, tails that end. */
#include "listing.h"

enum { LONG = 1 << 18 };

static const double PI = 3.14159265358979323846;

/* Left or right of one voice. */
struct voice {
    struct built built;
    struct rp_group *group;
};

static struct voice voice(const char *listing, uint64_t seed, uint64_t serial)
{
    struct voice v = {.built = t_build(listing)};
    v.group = t_group(v.built.program, 1, RP_ISA_BEST);
    assert_int_equal(rp_voice_start(v.group, 0, seed, serial), RP_OK);
    return v;
}

static void voice_free(struct voice *v)
{
    free(v->group);
    t_free(&v->built);
}

static void set(struct voice *v, unsigned param, float x)
{
    assert_int_equal(rp_param_set(v->group, 0, param, x), RP_OK);
}

/* ---- filters ---- */

static const char filter_params[] = ".param \"x\" none linear -1000 1000 0 0\n"
                                    ".param \"cutoff\" hz linear 0 24000 1000 0\n"
                                    ".param \"q\" none linear 0 2000 1 0\n"
                                    "LOAD_PARAM r1, \"x\"\nLOAD_PARAM r2, \"cutoff\"\n"
                                    "LOAD_PARAM r3, \"q\"\n";

enum kind { LOPASS, HIPASS, BANDPASS, ONEPOLE, KINDS };
static const char *const kind_names[] = {"svf_lopass", "svf_hipass", "svf_bandpass", "onepole"};

/* Params: 0 the input, 1 cutoff, 2 q. */
static struct voice filter(enum kind kind)
{
    static struct listing t;
    t = (struct listing){.registers = 3};
    t_line(&t, "%s", filter_params);
    unsigned c, out;
    if (kind == ONEPOLE) {
        c = t_call(&t, "onepole_coeff", 2u);
        out = t_call(&t, "onepole", 1u, c);
    } else {
        c = t_call(&t, "svf_coeff", 2u, 3u);
        out = t_call(&t, kind_names[kind], 1u, c, c + 1, c + 2, c + 3);
    }
    t_line(&t, "WRITE_OUTPUT r%u\n", out);
    return voice(t.text, 0, 0);
}

/* The bilinear transform with prewarping: at f, s = j tan(pi f/sr)/tan(pi cutoff/sr), and then
 *   low 1, band k s, high s^2, over s^2 + k s + 1, k = 1/q;  one pole 1/(1 + s). */
static double analytic(enum kind kind, double cutoff, double q, double f)
{
    double s = tan(PI * f / RP_SAMPLE_RATE) / tan(PI * cutoff / RP_SAMPLE_RATE);
    double below = hypot(1.0 - s * s, s / q);
    if (kind == ONEPOLE)
        return 1.0 / hypot(1.0, s);
    return (kind == LOPASS ? 1.0 : kind == HIPASS ? s * s : s / q) / below;
}

/* |sum h[n] e^(-2 pi i f n/sr)| */
static double response(const float *h, int count, double f)
{
    double step = 2.0 * PI * f / RP_SAMPLE_RATE, re = 0.0, im = 0.0;
    double c = 1.0, s = 0.0, dc = cos(step), ds = sin(step);
    for (int n = 0; n < count; n++) {
        re += (double)h[n] * c;
        im -= (double)h[n] * s;
        double next = c * dc - s * ds;
        s = s * dc + c * ds;
        c = next;
    }
    return hypot(re, im);
}

/* The answer to a single 1, until it stays below 1e-12; its length. */
static int impulse_response(enum kind kind, float cutoff, float q, float *h)
{
    struct voice v = filter(kind);
    int count = LONG;
    set(&v, 0, 1.0f);
    set(&v, 1, cutoff);
    set(&v, 2, q);
    t_run(v.group, 1, h, NULL);
    set(&v, 0, 0.0f);
    t_run(v.group, LONG - 1, h + 1, NULL);
    while (count > 1 && fabsf(h[count - 1]) < 1e-12f)
        count--;
    assert_true(count < LONG);
    voice_free(&v);
    return count;
}

/* Within 0.05 dB, or 3e-7 (-130 dB) of the peak where rounding of single precision is all there is.
 */
static double check_response(enum kind kind, float cutoff, float q)
{
    static float h[LONG];
    int count = impulse_response(kind, cutoff, q, h);
    double worst = 0.0, floor = 3e-7 * fmax(1.0, (double)q);
    for (double f = 20.0; f <= 18000.0; f *= 1.12) {
        double want = analytic(kind, (double)cutoff, (double)q, f), got = response(h, count, f);
        double db = fabs(20.0 * log10(got / want));
        if (fabs(got - want) > floor && db > 0.05)
            fail_msg("%s, cutoff %g, q %g: at %g Hz %g, not %g", kind_names[kind], (double)cutoff,
                     (double)q, f, got, want);
        if (want > 1e-3 && db > worst)
            worst = db;
    }
    return worst;
}

static void test_responses(void **state)
{
    static const float cutoffs[] = {50.0f, 440.0f, 1000.0f, 5000.0f, 12000.0f, 18000.0f, 23000.0f};
    static const float qs[] = {0.5f, 0.70710678f, 4.0f, 20.0f};
    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        double worst = 0.0;
        for (size_t i = 0; i < COUNT(cutoffs); i++)
            for (size_t k = 0; k < (kind == ONEPOLE ? 1 : COUNT(qs)); k++)
                worst = fmax(worst, check_response((enum kind)kind, cutoffs[i], qs[k]));
        print_message("  %s: off by %.4f dB at most, above -60 dB\n", kind_names[kind], worst);
    }
}

/* What is out of range is held at its end: the same bits. */
static void test_filter_limits(void **state)
{
    static const struct {
        float cutoff, q, held_cutoff, held_q;
    } cases[] = {{24000.0f, 1.0f, 23500.0f, 1.0f},
                 {0.0f, 1.0f, 1.0f, 1.0f},
                 {1000.0f, 0.0f, 1000.0f, 0.05f},
                 {1000.0f, 2000.0f, 1000.0f, 1000.0f}};
    static float got[LONG], want[LONG];
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++)
        for (int held = 0; held < 2; held++) {
            struct voice v = filter(LOPASS);
            set(&v, 0, 1.0f);
            set(&v, 1, held ? cases[i].held_cutoff : cases[i].cutoff);
            set(&v, 2, held ? cases[i].held_q : cases[i].q);
            t_run(v.group, 1000, held ? want : got, NULL);
            if (held)
                t_same(got, want, 1000, "held");
            assert_true(want[999] != 0.0f || !held);
            voice_free(&v);
        }
}

/* Words of a snapshot: check, count, age, age, five a parameter, then state. */
static void state_words(const struct voice *v, float *words, size_t count)
{
    static uint32_t all[1 << 14];
    size_t before = 4 + 5 * (size_t)rp_param_count(v->built.program);
    assert_true(rp_snapshot_bytes(v->built.program) <= sizeof all);
    assert_int_equal(rp_snapshot(v->group, 0, all, sizeof all), RP_OK);
    assert_true(before + count <= rp_snapshot_bytes(v->built.program) / 4);
    memcpy(words, all + before, count * sizeof *words);
}

/* Without input c1^2 + c2^2 changes by -4 g k v1^2 a frame: it never grows, whatever the cutoff and
 * q do. (c1' + c1 = 2 v1, c1' - c1 = -2 g (k v1 + v2), c2' + c2 = 2 v2, c2' - c2 = 2 g v1.) */
static void test_filter_energy(void **state)
{
    uint64_t chance = 11;
    struct voice v = filter(BANDPASS);
    float words[2], out[64];
    double energy = 1e30;
    (void)state;
    set(&v, 0, 1.0f);
    t_run(v.group, 50, out, NULL);
    set(&v, 0, 0.0f);
    for (int i = 0; i < 20000; i++) {
        set(&v, 1, t_between(&chance, 1.0f, 23500.0f));
        set(&v, 2, expf(t_between(&chance, -3.0f, 6.9f)));
        t_run(v.group, 1, out, NULL);
        state_words(&v, words, 2);
        double now = (double)words[0] * (double)words[0] + (double)words[1] * (double)words[1];
        if (now > energy * (1.0 + 1e-6))
            fail_msg("frame %d: energy %g after %g", i, now, energy);
        if (i == 0)
            assert_true(now > 0.01);
        energy = now;
    }
    voice_free(&v);
}

/* Noise in, the cutoff thrown about at every frame: bounded, and no trace of it afterwards. */
static void test_violent_modulation(void **state)
{
    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        struct voice v = filter((enum kind)kind);
        uint64_t chance = 12;
        float loudest = 0.0f, out[20000];
        set(&v, 2, 2.0f);
        for (int i = 0; i < 100000; i++) {
            float x = t_between(&chance, -1.0f, 1.0f);
            set(&v, 0, x);
            set(&v, 1, i % 7 ? t_between(&chance, 0.0f, 24000.0f) : i % 2 ? 24000.0f : 1.0f);
            t_run(v.group, 1, out, NULL);
            loudest = fmaxf(loudest, fabsf(out[0]));
        }
        print_message("  %s: at most %.2f\n", kind_names[kind], (double)loudest);
        assert_true(loudest > 0.1f && loudest < 100.0f);
        set(&v, 0, 0.0f);
        set(&v, 1, 1000.0f);
        t_run(v.group, 20000, out, NULL);
        assert_true(out[19999] == 0.0f);
        voice_free(&v);
    }
}

/* ---- envelopes ---- */

/* Params: 0 gate, 1 attack, 2 decay (time), 3 sustain, 4 release. */
static struct voice envelope(const char *op)
{
    static struct listing t;
    static const char *const names[] = {"gate", "attack", "decay", "sustain", "release"};
    unsigned r[5], a, d, s, out;
    t = (struct listing){.size = 0};
    for (unsigned i = 0; i < 5; i++) {
        t_line(&t, ".param \"%s\" none linear -1 1000 0 0\n", names[i]);
        r[i] = t_param(&t, names[i]);
    }
    a = t_call(&t, "env_segment", r[1]);
    d = t_call(&t, "env_segment", r[2]);
    s = t_call(&t, "env_segment", r[4]);
    if (strcmp(op, "env_adsr") == 0)
        out = t_call(&t, op, r[0], a, a + 1, d, d + 1, r[3], s, s + 1);
    else
        out = t_call(&t, op, r[0], a, a + 1, d, d + 1);
    t_line(&t, "WRITE_OUTPUT r%u\n", out);
    return voice(t.text, 0, 0);
}

static void set_times(struct voice *v, int attack, int decay, float sustain, int release)
{
    set(v, 1, (float)attack / RP_SAMPLE_RATE);
    set(v, 2, (float)decay / RP_SAMPLE_RATE);
    set(v, 3, sustain);
    set(v, 4, (float)release / RP_SAMPLE_RATE);
}

/* Within rounding of single precision. */
static void assert_near(float got, double want, const char *what, int frame)
{
    if (!(fabs((double)got - want) < 5e-7))
        fail_msg("%s: frame %d is %.9g, not %.9g", what, frame, (double)got, want);
}

static double fall(double from, double to, int n, int frames)
{
    return n < frames ? to + (from - to) * pow(1.0 - (double)n / frames, 4.0) : to;
}

static void check_adsr(int attack, int decay, float sustain, int hold, int release)
{
    static float out[LONG];
    struct voice v = envelope("env_adsr");
    int on = attack + decay + hold;
    set_times(&v, attack, decay, sustain, release);
    t_run(v.group, 100, out, NULL);
    for (int n = 0; n < 100; n++)
        assert_int_equal(t_bits(out[n]), 0);
    set(&v, 0, 1.0f);
    t_run(v.group, (size_t)on, out, NULL);
    set(&v, 0, 0.0f);
    t_run(v.group, (size_t)release + 100, out + on, NULL);
    for (int n = 0; n < attack; n++) {
        assert_near(out[n], (double)n / attack, "attack", n);
        assert_true(out[n] < 1.0f);
    }
    assert_true(out[attack] == (decay ? 1.0f : sustain));
    for (int n = 0; n < decay; n++)
        assert_near(out[attack + n], fall(1.0, (double)sustain, n, decay), "decay", n);
    for (int n = attack + decay; n < on; n++)
        assert_true(out[n] == sustain);
    for (int n = 0; n < release; n++) {
        assert_near(out[on + n], fall((double)sustain, 0.0, n, release), "release", n);
        assert_true(out[on + n] > 0.0f || sustain == 0.0f);
    }
    for (int n = on + release; n < on + release + 100; n++)
        assert_int_equal(t_bits(out[n]), 0);
    voice_free(&v);
}

static void test_adsr(void **state)
{
    (void)state;
    check_adsr(240, 4800, 0.7f, 1000, 9600);
    check_adsr(0, 480, 0.25f, 100, 480);
    check_adsr(1, 1, 0.5f, 10, 1);
    check_adsr(7, 0, 0.6f, 100, 0);
    check_adsr(0, 0, 1.0f, 100, 30);
    check_adsr(64, 128, 0.0f, 64, 640);
    check_adsr(48000, 3, 0.9f, 5, 11);
    for (int i = 0; i <= 100; i++)
        check_adsr(0, 10, (float)i / 100.0f, 1, 1);
}

/* Neither the attack nor the release jumps: both go on from the level that was. */
static void test_adsr_interrupted(void **state)
{
    struct voice v = envelope("env_adsr");
    float out[2000];
    (void)state;
    set_times(&v, 400, 400, 0.5f, 200);
    set(&v, 0, 1.0f);
    t_run(v.group, 101, out, NULL); /* a quarter up */
    assert_near(out[100], 0.25, "attack", 100);
    set(&v, 0, 0.0f);
    t_run(v.group, 151, out + 101, NULL);
    assert_int_equal(t_bits(out[101]), t_bits(out[100]));
    for (int n = 0; n < 151; n++)
        assert_near(out[101 + n], fall(0.25, 0.0, n, 200), "release", n);
    float level = out[251];
    set(&v, 0, 0.3f); /* any level above zero is on */
    t_run(v.group, 500, out, NULL);
    assert_int_equal(t_bits(out[0]), t_bits(level));
    for (int n = 0; n < 400; n++)
        assert_near(out[n], (double)level + (1.0 - (double)level) * n / 400, "again", n);
    assert_true(out[399] < 1.0f && out[400] == 1.0f && out[401] < 1.0f);
    set(&v, 0, -1.0f); /* and none below it */
    t_run(v.group, 300, out, NULL);
    assert_true(out[199] > 0.0f && out[200] == 0.0f);
    voice_free(&v);
}

/* A gate that opens and closes with a signal, on for 5 frames of every 10. */
static void test_adsr_signal_gate(void **state)
{
    struct voice v = voice("LOAD_CONST r1, 4800\nLOAD_CONST r2, 0\nLOAD_CONST r3, 0.25\n"
                           "CALL_OP osc_phasor, r1, r3 -> r4\nLOAD_CONST r5, 0.5\n"
                           "CALL_OP sub, r4, r5 -> r6\nCALL_OP env_segment, r2 -> r7, r8\n"
                           "LOAD_CONST r9, 1\n"
                           "CALL_OP env_adsr, r6, r7, r8, r7, r8, r9, r7, r8 -> r10\n"
                           "WRITE_OUTPUT r10, r6\n",
                           0, 0);
    float out[1000], gate[1000];
    int on = 0;
    (void)state;
    t_run(v.group, 1000, out, gate);
    for (int n = 0; n < 1000; n++) {
        assert_true(out[n] == (gate[n] > 0.0f ? 1.0f : 0.0f));
        on += gate[n] > 0.0f;
    }
    assert_true(on > 400 && on < 600);
    voice_free(&v);
}

static void check_decay(int attack, int time)
{
    static float out[LONG];
    struct voice v = envelope("env_decay");
    int total = attack + time;
    set_times(&v, attack, time, 0.0f, 0);
    t_run(v.group, 10, out, NULL);
    assert_true(out[0] == 0.0f && out[9] == 0.0f);
    set(&v, 0, 1.0f);
    t_run(v.group, (size_t)total / 2, out, NULL);
    set(&v, 0, 0.0f); /* only arms the next rise */
    t_run(v.group, (size_t)(total - total / 2 + 50), out + total / 2, NULL);
    for (int n = 0; n < attack; n++)
        assert_near(out[n], (double)n / attack, "attack", n);
    assert_true(out[attack] == (time ? 1.0f : 0.0f));
    for (int n = 0; n < time; n++) {
        assert_near(out[attack + n], fall(1.0, 0.0, n, time), "decay", n);
        assert_true(out[attack + n] > 0.0f);
    }
    for (int n = total; n < total + 50; n++)
        assert_int_equal(t_bits(out[n]), 0);
    voice_free(&v);
}

static void test_decay(void **state)
{
    (void)state;
    check_decay(0, 9600);
    check_decay(100, 1000);
    check_decay(2, 1);
    check_decay(30, 0);
    check_decay(0, 48000);
}

static void test_decay_again(void **state)
{
    struct voice v = envelope("env_decay");
    float out[400];
    (void)state;
    set_times(&v, 0, 100, 0.0f, 0);
    set(&v, 0, 1.0f);
    t_run(v.group, 50, out, NULL);
    set(&v, 0, 0.0f);
    t_run(v.group, 1, out, NULL);
    assert_near(out[0], fall(1.0, 0.0, 50, 100), "decay", 50);
    set(&v, 0, 1.0f); /* from the start again */
    t_run(v.group, 200, out, NULL);
    assert_true(out[0] == 1.0f && out[99] > 0.0f && out[100] == 0.0f && out[199] == 0.0f);
    set(&v, 0, 0.0f);
    t_run(v.group, 1, out, NULL);
    set_times(&v, 100, 100, 0.0f, 0);
    set(&v, 0, 1.0f);
    t_run(v.group, 51, out, NULL);
    set(&v, 0, 0.0f);
    t_run(v.group, 1, out, NULL); /* goes on rising */
    assert_near(out[0], 0.51, "attack", 51);
    set(&v, 0, 1.0f); /* rises from there to 1 in 100 frames */
    t_run(v.group, 201, out, NULL);
    for (int n = 0; n < 100; n++)
        assert_near(out[n], 0.51 + 0.49 * n / 100, "attack again", n);
    assert_true(out[100] == 1.0f && out[200] == 0.0f);
    voice_free(&v);
}

/* round(time sr), held within 0 and 2^24; the share of a frame. */
static void test_segments(void **state)
{
    static const float times[] = {0.0f, -1.0f,  1e-5f, 1.1e-5f, 0.001f,
                                  1.0f, 300.0f, 1e9f,  0.99999f};
    static const float frames[] = {0, 0, 0, 1, 48, 48000, 14400000, 16777216, 48000};
    struct voice v = voice(".param \"t\" s linear -1 1e9 0 0\nLOAD_PARAM r1, \"t\"\n"
                           "CALL_OP env_segment, r1 -> r2, r3\nWRITE_OUTPUT r2, r3\n",
                           0, 0);
    float n, step;
    (void)state;
    for (size_t i = 0; i < COUNT(times); i++) {
        set(&v, 0, times[i]);
        t_run(v.group, 1, &n, &step);
        assert_true(n == frames[i]);
        assert_true(step == 1.0f / fmaxf(frames[i], 1.0f));
    }
    voice_free(&v);
}

/* ---- arithmetic ---- */

/* One frame of an op of up to three inputs, given as bits; `second` for its second output. */
static uint32_t one_frame(const char *op, const float *x, int second)
{
    static struct listing t;
    const struct vm_op_row *row = vm_op_by_name(op, strlen(op));
    static const char *const names[] = {"a", "b", "c"};
    unsigned in[3];
    float out[2] = {0.0f, 0.0f};
    t = (struct listing){.size = 0};
    for (unsigned j = 0; j < row->inputs; j++) {
        t_line(&t, ".param \"%s\" none linear -3e38 3e38 0 0\n", names[j]);
        in[j] = t_param(&t, names[j]);
    }
    unsigned r = t_op(&t, row, in, 0);
    t_line(&t, "WRITE_OUTPUT r%u\n", r + (unsigned)second);
    struct voice v = voice(t.text, 0, 0);
    for (unsigned j = 0; j < row->inputs; j++)
        set(&v, j, x[j]);
    t_run(v.group, 1, out, NULL);
    voice_free(&v);
    return t_bits(out[0]);
}

static void test_arithmetic(void **state)
{
    static const struct {
        const char *op;
        float x[3], want;
    } cases[] = {
        {"gain", {3.0f, 0.1f}, 3.0f * 0.1f},
        {"mul", {-1e-20f, 1e-20f}, -1e-20f * 1e-20f},
        {"add", {1.0f, 5.9604645e-8f}, 1.0f}, /* ties to even */
        {"add", {1.0000001f, 5.9604645e-8f}, 1.0000002f},
        {"sub", {0.3f, 0.1f}, 0.3f - 0.1f},
        {"sub", {1.0f, 1.0f}, 0.0f},
        {"div", {1.0f, 3.0f}, 1.0f / 3.0f},
        {"div", {-7.0f, 2.0f}, -3.5f},
        {"div", {0.0f, -5.0f}, -0.0f},
        {"min", {1.0f, 2.0f}, 1.0f},
        {"min", {2.0f, -1.0f}, -1.0f},
        {"min", {0.0f, -0.0f}, -0.0f}, /* a < b ? a : b: b when equal */
        {"min", {-0.0f, 0.0f}, 0.0f},
        {"max", {1.0f, 2.0f}, 2.0f},
        {"max", {2.0f, -1.0f}, 2.0f},
        {"max", {0.0f, -0.0f}, -0.0f},
        {"max", {-0.0f, 0.0f}, 0.0f},
        {"clip", {0.5f, -1.0f, 1.0f}, 0.5f},
        {"clip", {-5.0f, -1.0f, 1.0f}, -1.0f},
        {"clip", {5.0f, -1.0f, 1.0f}, 1.0f},
        {"clip", {0.0f, 2.0f, 1.0f}, 1.0f}, /* the upper limit has the last word */
        {"frames", {0.25f}, 12000.0f},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        uint32_t got = one_frame(cases[i].op, cases[i].x, 0);
        if (got != t_bits(cases[i].want))
            fail_msg("case %zu, %s: %.9g, not %.9g", i, cases[i].op, (double)t_float(got),
                     (double)cases[i].want);
    }
}

/* With NaN every comparison is false, so min and max give their second input, clip the low end. */
static void test_not_a_number(void **state)
{
    struct voice v = voice("LOAD_CONST r1, 0\nCALL_OP div, r1, r1 -> r2\nLOAD_CONST r3, 3\n"
                           "LOAD_CONST r4, 5\nCALL_OP min, r2, r3 -> r5\n"
                           "CALL_OP max, r2, r3 -> r6\nCALL_OP clip, r2, r3, r4 -> r7\n"
                           "CALL_OP add, r5, r6 -> r8\nWRITE_OUTPUT r8, r7\n",
                           0, 0);
    float left, right;
    (void)state;
    t_run(v.group, 1, &left, &right);
    assert_true(left == 6.0f && right == 3.0f);
    voice_free(&v);
    v = voice("LOAD_CONST r1, 0\nCALL_OP div, r1, r1 -> r2\nLOAD_CONST r3, 3\n"
              "CALL_OP min, r3, r2 -> r4\nWRITE_OUTPUT r4\n",
              0, 0);
    float *out[1] = {&left};
    struct rp_error error;
    assert_int_equal(rp_run(v.group, 1, out, &error), RP_NOT_FINITE);
    assert_non_null(strstr(error.reason, "not a number"));
    voice_free(&v);
}

static void pan_at(float pos, float *left, float *right)
{
    *left = t_float(one_frame("pan_gains", &pos, 0));
    *right = t_float(one_frame("pan_gains", &pos, 1));
}

static void test_pan(void **state)
{
    float left, right;
    (void)state;
    for (int i = -200; i <= 200; i++) {
        float pos = (float)i / 200.0f;
        double angle = PI / 4.0 * (1.0 + (double)pos);
        pan_at(pos, &left, &right);
        assert_near(left, cos(angle), "left", i);
        assert_near(right, sin(angle), "right", i);
        double power = (double)left * (double)left + (double)right * (double)right;
        assert_near((float)power, 1.0, "power", i);
        assert_true(left >= 0.0f && right >= 0.0f && left <= 1.0f && right <= 1.0f);
    }
    static const float ends[] = {1.0f, 2.0f, 1e30f};
    for (size_t i = 0; i < COUNT(ends); i++) {
        pan_at(-ends[i], &left, &right);
        assert_true(left == 1.0f && right == 0.0f);
        pan_at(ends[i], &left, &right);
        assert_true(left == 0.0f && right == 1.0f);
    }
    pan_at(0.0f, &left, &right);
    assert_int_equal(t_bits(left), t_bits(right));
}

/* ---- noise ---- */

enum { NOISE = 1 << 16 }; /* frames */

static void hear_noise(unsigned key, uint64_t seed, uint64_t serial, float *out)
{
    static struct listing t;
    t = (struct listing){.size = 0};
    t_line(&t, "WRITE_OUTPUT r%u\n", t_noise(&t, key));
    struct voice v = voice(t.text, seed, serial);
    t_run(v.group, NOISE, out, NULL);
    voice_free(&v);
}

/* Correlation of two streams, one shifted: for independent ones about 1/sqrt(NOISE), 0.004. */
static double correlation(const float *a, const float *b, int shift)
{
    double sum = 0.0, aa = 0.0, bb = 0.0;
    for (int n = shift; n < NOISE; n++) {
        sum += (double)a[n] * (double)b[n - shift];
        aa += (double)a[n] * (double)a[n];
        bb += (double)b[n - shift] * (double)b[n - shift];
    }
    return sum / sqrt(aa * bb);
}

static void test_noise(void **state)
{
    static float one[NOISE], two[NOISE];
    double sum = 0.0, power = 0.0;
    (void)state;
    hear_noise(1, 1, 1, one);
    hear_noise(1, 1, 1, two);
    t_same(two, one, NOISE, "the same noise");
    for (int shift = 1; shift < 20; shift++)
        assert_true(fabs(correlation(one, one, shift)) < 0.02);
    for (int n = 0; n < NOISE; n++) {
        assert_true(one[n] >= -1.0f && one[n] < 1.0f);
        sum += (double)one[n];
        power += (double)one[n] * (double)one[n];
    }
    assert_true(fabs(sum / NOISE) < 0.01 && fabs(power / NOISE - 1.0 / 3.0) < 0.01);
}

/* Key, seed and serial each make another noise, also when they change places. */
static void test_noises_differ(void **state)
{
    static const struct {
        unsigned key;
        uint64_t seed, serial;
    } noises[] = {{1, 1, 1},          {1, 1, 2},          {1, 2, 1},          {2, 1, 1},
                  {1, 0, 1},          {1, 1, 0},          {0, 1, 1},          {1, 3, 2},
                  {1, 2, 3},          {2, 1, 3},          {3, 1, 2},          {2, 3, 1},
                  {1, 1ull << 32, 1}, {1, 1, 1ull << 32}, {1, 1ull << 63, 1}, {1, 1, 1ull << 63},
                  {0x80000001u, 1, 1}};
    static float heard[COUNT(noises)][NOISE];
    (void)state;
    for (size_t i = 0; i < COUNT(noises); i++) {
        hear_noise(noises[i].key, noises[i].seed, noises[i].serial, heard[i]);
        for (size_t k = 0; k < i; k++)
            for (int shift = 0; shift < 3; shift++)
                if (fabs(correlation(heard[i], heard[k], shift)) > 0.025)
                    fail_msg("noises %zu and %zu are alike, %d frames apart", i, k, shift);
    }
}

/* ---- tails: to exact zero, with nothing denormal on the way ---- */

/* Looks at the state words that are floats (the first `floats`; -1: all, and the delay memory).
 * The largest of them and the output. */
static float look(const struct voice *v, int floats, float out, const char *what, int frame)
{
    static float words[1 << 14];
    size_t head = 4 + 5 * (size_t)rp_param_count(v->built.program);
    size_t all = rp_snapshot_bytes(v->built.program) / 4 - head;
    size_t count = floats < 0 ? all : (size_t)floats;
    float largest = fabsf(out);
    state_words(v, words, count);
    if (t_denormal(out))
        fail_msg("%s: output %g at frame %d", what, (double)out, frame);
    for (size_t i = 0; i < count; i++) {
        if (t_denormal(words[i]))
            fail_msg("%s: state %zu is %g at frame %d", what, i, (double)words[i], frame);
        largest = fmaxf(largest, fabsf(words[i]));
    }
    return largest;
}

/* Runs on after the input went silent, until nothing is left; how long that took. The state is
 * looked at after each of the first `closely` frames, then now and then. */
static int run_tail(struct voice *v, int floats, int closely, const char *what)
{
    static float out[997];
    float left = 1.0f;
    for (int n = 0, step = 1; n < 4000000; n += step) {
        step = n < closely ? 1 : 997;
        t_run(v->group, (size_t)step, out, NULL);
        for (int i = 0; i < step - 1; i++)
            assert_false(t_denormal(out[i]));
        left = look(v, floats, out[step - 1], what, n);
        if (left == 0.0f)
            return n;
    }
    fail_msg("%s: still %g after 4000000 frames", what, (double)left);
    return 0;
}

static struct voice ringing_filter(enum kind kind, float cutoff, float q)
{
    struct voice v = filter(kind);
    uint64_t chance = 21;
    float out = 0.0f;
    set(&v, 1, cutoff);
    set(&v, 2, q);
    for (int n = 0; n < 100; n++) {
        set(&v, 0, t_between(&chance, -1.0f, 1.0f));
        t_run(v.group, 1, &out, NULL);
    }
    assert_true(out != 0.0f);
    set(&v, 0, 0.0f);
    return v;
}

static void test_filter_tails(void **state)
{
    static const float cutoffs[] = {20.0f, 100.0f, 1000.0f, 10000.0f, 23500.0f};
    static const float qs[] = {0.1f, 0.70710678f, 10.0f};
    char what[64];
    (void)state;
    for (int kind = 0; kind < KINDS; kind++)
        for (size_t i = 0; i < COUNT(cutoffs); i++)
            for (size_t k = 0; k < (kind == ONEPOLE ? 1 : COUNT(qs)); k++) {
                struct voice v = ringing_filter((enum kind)kind, cutoffs[i], qs[k]);
                snprintf(what, sizeof what, "%s at %g Hz, q %g", kind_names[kind],
                         (double)cutoffs[i], (double)qs[k]);
                run_tail(&v, kind == ONEPOLE ? 1 : 2, 20000, what);
                voice_free(&v);
            }
}

/* Below 5 Hz the flush of one state can leave the other standing, 1e-20/(2g) or less: nothing to
 * hear, nothing denormal, but not zero. */
static void test_slow_filter_tails(void **state)
{
    static float out[600000];
    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        struct voice v = ringing_filter((enum kind)kind, 2.0f, 0.70710678f);
        t_run(v.group, 600000, out, NULL);
        for (int n = 0; n < 600000; n++)
            assert_false(t_denormal(out[n]));
        assert_true(fabsf(out[100]) > 1e-9f);
        assert_true(look(&v, kind == ONEPOLE ? 1 : 2, out[599999], kind_names[kind], 0) < 1e-15f);
        voice_free(&v);
    }
}

static void test_envelope_tails(void **state)
{
    static const int lengths[] = {1, 100, 4800, 480000};
    (void)state;
    for (size_t i = 0; i < COUNT(lengths); i++) {
        struct voice v = envelope("env_adsr");
        float out[300];
        set_times(&v, 1000, 10, 0.5f, lengths[i]);
        set(&v, 0, 1.0f);
        t_run(v.group, 2, out, NULL); /* released from a thousandth */
        set(&v, 0, 0.0f);
        t_run(v.group, 1, out, NULL);
        assert_true(out[0] > 0.0f && out[0] < 0.002f);
        assert_int_equal(run_tail(&v, 1, 500000, "env_adsr"), lengths[i] - 1);
        voice_free(&v);
        v = envelope("env_decay");
        set_times(&v, 0, lengths[i], 0.0f, 0);
        set(&v, 0, 1.0f);
        t_run(v.group, 1, out, NULL);
        assert_true(out[0] == 1.0f);
        assert_int_equal(run_tail(&v, 1, 500000, "env_decay"), lengths[i] - 1);
        voice_free(&v);
    }
}

static void check_delay_tail(float frames, float feedback)
{
    static struct listing t;
    char what[64];
    float out[100];
    uint64_t chance = 22;
    t = (struct listing){.size = 0};
    t_line(&t, ".param \"x\" none linear -1 1 0 0\n.delay 1 200\n");
    unsigned x = t_param(&t, "x"), time = t_const(&t, frames), share = t_const(&t, feedback);
    unsigned d = t_read(&t, 0, time), back = t_call(&t, "mul", d, share);
    t_write(&t, 0, t_call(&t, "add", x, back));
    t_line(&t, "WRITE_OUTPUT r%u\n", d);
    struct voice v = voice(t.text, 0, 0);
    for (int n = 0; n < 300; n++) {
        set(&v, 0, t_between(&chance, -1.0f, 1.0f));
        t_run(v.group, 1, out, NULL);
    }
    assert_true(out[0] != 0.0f);
    set(&v, 0, 0.0f);
    snprintf(what, sizeof what, "delay of %g, feedback %g", (double)frames, (double)feedback);
    run_tail(&v, -1, 60000, what);
    voice_free(&v);
}

static void test_delay_tails(void **state)
{
    (void)state;
    check_delay_tail(1.0f, 0.5f);
    check_delay_tail(1.0f, -0.99f);
    check_delay_tail(7.5f, 0.9f);
    check_delay_tail(150.25f, 0.7f);
}

/* A filtered, echoed, released sound as a patch would have it. */
static void test_whole_tail(void **state)
{
    static struct listing t;
    t = (struct listing){.size = 0};
    t_line(&t, ".param \"gate\" gate linear 0 1 1 0\n.delay 1 300\n");
    (void)state;
    unsigned gate = t_param(&t, "gate"), saw = t_call(&t, "osc_saw", t_const(&t, 220.0f));
    unsigned s = t_call(&t, "env_segment", t_const(&t, 0.05f)), level = t_const(&t, 0.5f);
    unsigned env = t_call(&t, "env_adsr", gate, s, s + 1, s, s + 1, level, s, s + 1);
    unsigned c = t_call(&t, "svf_coeff", t_const(&t, 800.0f), level);
    unsigned amp = t_call(&t, "gain", saw, env);
    unsigned low = t_call(&t, "svf_lopass", amp, c, c + 1, c + 2);
    unsigned d = t_read(&t, 0, t_const(&t, 240.5f)), back = t_call(&t, "mul", d, level);
    unsigned wet = t_call(&t, "add", low, back);
    t_write(&t, 0, wet);
    t_line(&t, "WRITE_OUTPUT r%u\n", wet);
    struct voice v = voice(t.text, 0, 0);
    static float out[100000];
    t_run(v.group, 9000, out, NULL);
    assert_true(fabsf(out[8999]) > 1e-3f);
    set(&v, 0, 0.0f);
    t_run(v.group, 100000, out, NULL);
    int last = 0;
    for (int n = 0; n < 100000; n++) {
        assert_false(t_denormal(out[n]));
        if (out[n] != 0.0f)
            last = n;
    }
    assert_true(last > 5000 && last < 60000);
    voice_free(&v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_responses),
        cmocka_unit_test(test_filter_limits),
        cmocka_unit_test(test_filter_energy),
        cmocka_unit_test(test_violent_modulation),
        cmocka_unit_test(test_adsr),
        cmocka_unit_test(test_adsr_interrupted),
        cmocka_unit_test(test_adsr_signal_gate),
        cmocka_unit_test(test_decay),
        cmocka_unit_test(test_decay_again),
        cmocka_unit_test(test_segments),
        cmocka_unit_test(test_arithmetic),
        cmocka_unit_test(test_not_a_number),
        cmocka_unit_test(test_pan),
        cmocka_unit_test(test_noise),
        cmocka_unit_test(test_noises_differ),
        cmocka_unit_test(test_filter_tails),
        cmocka_unit_test(test_slow_filter_tails),
        cmocka_unit_test(test_envelope_tails),
        cmocka_unit_test(test_delay_tails),
        cmocka_unit_test(test_whole_tail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
