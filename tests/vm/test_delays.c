/* test_delays.c - delay lines against a plain one. */
#include "parts.h"

enum { LONG = 6000 };

struct line {
    unsigned low, high;
    double feedback;
    int cycle;      /* read before written */
    float from, to; /* delay in frames: constant, or a glide over 5000 frames */
    float swing;    /* and this much of a 7 Hz sine added */
};

static void line_listing(struct listing *t, const struct line *l, int hear_time)
{
    *t = (struct listing){.size = 0};
    t_line(t, ".param \"time\" none linear 0 100000 %.9g 0\n.delay %u %u\n", (double)l->from,
           l->low, l->high);
    unsigned time = t_param(t, "time"), in = t_noise(t, 1), source, d;
    unsigned wave = t_call(t, "osc_sine", t_const(t, 7.0f));
    unsigned moved = t_call(t, "mul", wave, t_const(t, l->swing));
    if (l->from != l->to || l->swing > 0.0f)
        time = t_call(t, "add", time, moved);
    if (l->cycle) {
        d = t_read(t, 0, time);
        unsigned back = t_call(t, "mul", d, t_const(t, (float)l->feedback));
        source = t_call(t, "add", in, back);
        t_write(t, 0, source);
    } else {
        t_write(t, 0, in);
        d = t_read(t, 0, time);
    }
    t_line(t, "WRITE_OUTPUT r%u, r%u\n", hear_time ? time : in, d);
}

static void hear_line(const struct line *l, int hear_time, float *first, float *second)
{
    static struct listing t;
    line_listing(&t, l, hear_time);
    struct built b = t_build(t.text);
    struct rp_group *g = started(b.program);
    if (l->to != l->from)
        rp_param_glide(g, 0, 0, l->to, 5000);
    t_run(g, LONG, first, second);
    free(g);
    t_free(&b);
}

/* d[n] = w[n - time], linear between frames; w[n] = in + feedback d. */
static void check_line(const struct line *l)
{
    static float in[LONG], time[LONG], got[LONG], same[LONG];
    static double w[LONG];
    double worst = 0.0;
    hear_line(l, 0, in, got);
    hear_line(l, 1, time, same);
    t_same(same, got, LONG, "delay");
    for (int n = 0; n < LONG; n++) {
        double at = fmin(fmax((double)time[n], l->low), l->high), whole = floor(at);
        int k = n - (int)whole;
        w[n] = l->cycle ? 0.0 : (double)in[n];
        double a = k >= 0 ? w[k] : 0.0, b = k >= 1 ? w[k - 1] : 0.0;
        double d = a + (at - whole) * (b - a);
        if (l->cycle)
            w[n] = (double)in[n] + (double)(float)l->feedback * d;
        worst = fmax(worst, fabs(d - (double)got[n]));
    }
    if (!(worst < 3e-6))
        fail_msg("delay %g to %g in %u..%u, feedback %g, swing %g: off by %g", (double)l->from,
                 (double)l->to, l->low, l->high, l->feedback, (double)l->swing, worst);
}

static void test_delays(void **state)
{
    static const struct line lines[] = {
        /* feed-forward: constant, fractional, held at both ends, moving */
        {1, 1, 0.0, 0, 1.0f, 1.0f, 0.0f},
        {1, 10, 0.0, 0, 10.0f, 10.0f, 0.0f},
        {1, 62, 0.0, 0, 61.75f, 61.75f, 0.0f},
        {1, 63, 0.0, 0, 63.0f, 63.0f, 0.0f},
        {1, 64, 0.0, 0, 64.0f, 64.0f, 0.0f},
        {1, 100, 0.0, 0, 1.5f, 1.5f, 0.0f},
        {1, 4000, 0.0, 0, 3999.5f, 3999.5f, 0.0f},
        {1, 4000, 0.0, 0, 4000.0f, 4000.0f, 0.0f},
        {5, 90, 0.0, 0, 0.0f, 0.0f, 0.0f},
        {5, 90, 0.0, 0, 1000.0f, 1000.0f, 0.0f},
        {1, 500, 0.0, 0, 10.0f, 490.0f, 0.0f},
        {1, 500, 0.0, 0, 600.0f, 0.0f, 0.0f},
        {1, 500, 0.0, 0, 250.0f, 250.0f, 240.0f},
        {1, 200, 0.0, 0, 100.0f, 100.0f, 300.0f},
        /* in a cycle: comb filters of 1, 10, 100 frames and longer */
        {1, 1, 0.9, 1, 1.0f, 1.0f, 0.0f},
        {1, 1, -0.5, 1, 1.0f, 1.0f, 0.0f},
        {1, 10, 0.9, 1, 10.0f, 10.0f, 0.0f},
        {2, 2, -0.9, 1, 2.0f, 2.0f, 0.0f},
        {10, 10, -0.9, 1, 10.0f, 10.0f, 0.0f},
        {63, 63, 0.9, 1, 63.0f, 63.0f, 0.0f},
        {64, 64, 0.9, 1, 64.0f, 64.0f, 0.0f},
        {65, 65, 0.9, 1, 65.0f, 65.0f, 0.0f},
        {100, 100, 0.9, 1, 100.0f, 100.0f, 0.0f},
        {100, 200, 0.9, 1, 150.25f, 150.25f, 0.0f},
        {1, 100, 0.9, 1, 100.0f, 100.0f, 0.0f},
        {1000, 4000, 0.95, 1, 1234.5f, 1234.5f, 0.0f},
        {1, 500, 0.9, 1, 1.0f, 499.0f, 0.0f},
        {1, 500, 0.9, 1, 400.0f, 0.0f, 0.0f},
        {10, 500, 0.9, 1, 250.0f, 250.0f, 240.0f},
        {70, 500, -0.9, 1, 250.0f, 250.0f, 300.0f},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(lines); i++)
        check_line(&lines[i]);
}

/* A time that is not a number is the shortest delay. */
static void test_delay_of_nan(void **state)
{
    struct built b = t_build(".delay 3 50\nLOAD_CONST r1, 0\nCALL_OP div, r1, r1 -> r2\n"
                             "CALL_OP noise_white, #00000001 -> r3\nWRITE_PORT p0, r3\n"
                             "READ_PORT p0, r2 -> r4\nWRITE_OUTPUT r3, r4\n");
    struct rp_group *g = started(b.program);
    float in[200], out[200];
    (void)state;
    t_run(g, 200, in, out);
    for (int i = 3; i < 200; i++)
        assert_true(out[i] == in[i - 3]);
    free(g);
    t_free(&b);
}

/* A tap reads 4 frames beyond its delay. A memory without them gives the shortest delay it may. */
static void test_tap_without_room(void **state)
{
    struct built b = t_build(".delay 10 12\nLOAD_CONST r1, 100\n"
                             "CALL_OP noise_white, #00000001 -> r2\nWRITE_PORT p0, r2\n"
                             "CALL_OP tap_between, p0, r1 -> r3\nWRITE_OUTPUT r2, r3\n");
    struct rp_group *g = started(b.program);
    float in[200], out[200];
    (void)state;
    t_run(g, 200, in, out);
    for (int i = 10; i < 200; i++)
        assert_true(out[i] == in[i - 10]);
    free(g);
    t_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_delays),
        cmocka_unit_test(test_delay_of_nan),
        cmocka_unit_test(test_tap_without_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
