/* test_not_finite.c - NaN and infinity are found where they come to be. */
#include "parts.h"

static const char trouble[] =
    ".param \"x\" none linear -1 1 1 0\n.param \"y\" none linear -1 1 1 0\n"
    ".node \"one\"\nLOAD_CONST r1, 1\n"
    ".node \"clock\"\nLOAD_CONST r2, 100\nCALL_OP osc_sine, r2 -> r3\n"
    ".node \"x\"\nLOAD_PARAM r4, \"x\"\nCALL_OP div, r1, r4 -> r5\n"
    ".node \"y\"\nLOAD_PARAM r6, \"y\"\nCALL_OP div, r3, r6 -> r7\n"
    ".node \"left\"\nCALL_OP add, r5, r3 -> r8\n"
    ".node \"out\"\nWRITE_OUTPUT r8, r7\n";

struct trouble {
    unsigned lane, param;
    uint32_t glide; /* from 1 to -1: the middle frame divides by zero */
};

typedef enum rp_status runner(struct rp_group *, size_t, float *const[], struct rp_error *);

/* Frames before `before` run well, then what is wrong begins. */
static struct rp_group *in_trouble(const struct rp_program *p, unsigned lanes, uint32_t before,
                                   const struct trouble *t, unsigned count)
{
    static float out[16 * 4096];
    struct rp_group *g = t_group(p, lanes, RP_ISA_BEST);
    for (unsigned l = 0; l < lanes; l++)
        if (l != 3) /* one lane stays idle */
            rp_voice_start(g, l, 0, 0);
    t_run(g, before, out, out);
    for (unsigned i = 0; i < count; i++)
        rp_param_glide(g, t[i].lane, t[i].param, t[i].glide ? -1.0f : 0.0f, t[i].glide);
    return g;
}

/* What frames before the trouble must hold, from a group in which there is none. */
static void good_samples(const struct rp_program *p, unsigned lanes, uint32_t before, float *left,
                         float *right)
{
    struct rp_group *g = in_trouble(p, lanes, before, NULL, 0);
    t_run(g, 1000, left, right);
    free(g);
}

static void expect_trouble(unsigned lanes, const struct trouble *t, unsigned count,
                           const struct rp_error *want)
{
    static float left[16 * 1000], right[16 * 1000], want_left[16 * 1000], want_right[16 * 1000];
    float *out[2] = {left, right};
    struct built b = t_build(trouble);
    good_samples(b.program, lanes, 50, want_left, want_right);
    for (int checked = 0; checked < 2; checked++) {
        struct rp_error error = {0};
        struct rp_group *g = in_trouble(b.program, lanes, 50, t, count);
        runner *run = checked ? rp_run_checked : rp_run;
        assert_int_equal(run(g, 1000, out, &error), RP_NOT_FINITE);
        assert_int_equal(error.status, RP_NOT_FINITE);
        assert_int_equal(error.offset, want->offset);
        assert_int_equal(error.lane, want->lane);
        if (checked)
            assert_string_equal(error.node, want->node);
        else
            assert_true(error.node == NULL && error.channel == want->channel);
        assert_true(error.reason[0] != 0);
        size_t good = (size_t)(error.offset - 50) * lanes;
        for (size_t i = 0; i < good; i++) /* lanes without trouble, and lanes before theirs */
            if (i % lanes != t[0].lane && (count < 2 || i % lanes != t[1].lane) && i % lanes != 3) {
                assert_int_equal(t_bits(left[i]), t_bits(want_left[i]));
                assert_int_equal(t_bits(right[i]), t_bits(want_right[i]));
            }
        for (size_t i = 0; i < good; i++)
            assert_true(isfinite(left[i]) && isfinite(right[i]));
        free(g);
    }
    t_free(&b);
}

static void test_not_finite(void **state)
{
    /* A jump to zero acts at once; a glide of 2n frames meets zero at frame n. */
    static const struct {
        struct trouble t[2];
        unsigned count;
        struct rp_error want; /* offset, lane, channel, node */
    } cases[] = {
        {{{0, 0, 0}}, 1, {.offset = 50, .lane = 0, .channel = 0, .node = "x"}},
        {{{0, 0, 200}}, 1, {.offset = 150, .lane = 0, .channel = 0, .node = "x"}},
        {{{0, 1, 200}}, 1, {.offset = 150, .lane = 0, .channel = 1, .node = "y"}},
        {{{0, 1, 2}}, 1, {.offset = 51, .lane = 0, .channel = 1, .node = "y"}},
        {{{0, 0, 1800}, {0, 1, 200}}, 2, {.offset = 150, .channel = 1, .node = "y"}},
        /* both in one stretch, the second channel first */
        {{{0, 0, 120}, {0, 1, 100}}, 2, {.offset = 100, .channel = 1, .node = "y"}},
        {{{0, 0, 100}, {0, 1, 120}}, 2, {.offset = 100, .channel = 0, .node = "x"}},
    };
    (void)state;
    for (size_t w = 0; w < COUNT(t_widths); w++)
        for (size_t i = 0; i < COUNT(cases); i++)
            expect_trouble(t_widths[w], cases[i].t, cases[i].count, &cases[i].want);
    /* The lane is named; the first in time counts. */
    struct trouble two[] = {{2, 0, 120}, {1, 1, 100}};
    expect_trouble(4, two, 2,
                   &(struct rp_error){.offset = 100, .lane = 1, .channel = 1, .node = "y"});
    struct trouble last[] = {{15, 1, 200}};
    expect_trouble(16, last, 1,
                   &(struct rp_error){.offset = 150, .lane = 15, .channel = 1, .node = "y"});
}

/* The frame is the voice's own, not the group's. */
static void test_not_finite_frame_of_voice(void **state)
{
    struct built b = t_build(trouble);
    static float left[4 * 300], right[4 * 300];
    float *out[2] = {left, right};
    (void)state;
    for (int checked = 0; checked < 2; checked++) {
        struct rp_error error;
        struct rp_group *g = t_group(b.program, 4, RP_ISA_BEST);
        rp_voice_start(g, 0, 0, 0);
        t_run(g, 111, left, right);
        rp_voice_start(g, 2, 0, 0);
        t_run(g, 22, left, right);
        rp_param_set(g, 2, 0, 0.0f);
        runner *run = checked ? rp_run_checked : rp_run;
        assert_int_equal(run(g, 300, out, &error), RP_NOT_FINITE);
        assert_int_equal(error.offset, 22);
        assert_int_equal(error.lane, 2);
        free(g);
    }
    t_free(&b);
}

/* An idle lane divides by zero and nobody minds; a null error is allowed. */
static void test_idle_lanes_do_not_matter(void **state)
{
    struct built b = t_build(".param \"x\" none linear 0 1 0 0\nLOAD_CONST r1, 1\n"
                             "LOAD_PARAM r2, \"x\"\nCALL_OP div, r1, r2 -> r3\n"
                             "CALL_OP osc_sine, r1 -> r4\nCALL_OP add, r3, r4 -> r5\n"
                             "WRITE_OUTPUT r3, r5\n");
    static float left[16 * 300], right[16 * 300];
    float *out[2] = {left, right}, *none[2] = {NULL, NULL};
    (void)state;
    for (size_t w = 1; w < COUNT(t_widths); w++) {
        struct rp_group *g = t_group(b.program, t_widths[w], RP_ISA_BEST);
        rp_voice_start(g, 2, 0, 0);
        rp_param_set(g, 2, 0, 1.0f);
        assert_int_equal(rp_run(g, 300, out, NULL), RP_OK);
        assert_int_equal(rp_run_checked(g, 300, out, NULL), RP_OK);
        assert_true(right[2] != 0.0f && left[2] == 1.0f);
        assert_int_equal(rp_run(g, 300, none, NULL), RP_OK); /* no channel wanted */
        rp_param_set(g, 2, 0, 0.0f);
        assert_int_equal(rp_run(g, 300, out, NULL), RP_NOT_FINITE);
        free(g);
    }
    t_free(&b);
}

/* The slow way gives the same samples. */
static void test_checked_is_the_same(void **state)
{
    static float want[CHANNELS * FRAMES], left[FRAMES], right[FRAMES];
    float *out[2] = {left, right};
    struct built b = every_op();
    struct part part = {.program = b.program, .seed = 9, .serial = 9};
    (void)state;
    play(&part, &plainest, want);
    struct rp_group *g = t_group(b.program, 1, RP_ISA_BEST);
    rp_voice_start(g, 0, 9, 9);
    struct rp_error error;
    if (rp_run_checked(g, FRAMES, out, &error) != RP_OK)
        fail_msg("frame %llu: %s: %s", (unsigned long long)error.offset, error.node, error.reason);
    t_same(left, want, FRAMES, "left");
    t_same(right, want + FRAMES, FRAMES, "right");
    free(g);
    t_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_not_finite),
        cmocka_unit_test(test_not_finite_frame_of_voice),
        cmocka_unit_test(test_idle_lanes_do_not_matter),
        cmocka_unit_test(test_checked_is_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
