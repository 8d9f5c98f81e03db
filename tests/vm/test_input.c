/* test_input.c - sound that comes in: it arrives as it is, in every lane its own, however the run
 * is cut; and what is no sound is named. */
#include "listing.h"

enum { FRAMES = 3000, LANES = RP_MAX_LANES };

/* Channels out of order with a delay between, short feedback in one of them, both outputs. */
static const char effect[] = ".param \"time\" none linear 3 400 7 300\n"
                             ".input 0\n"
                             ".delay 3 400\n"
                             ".input 1\n"
                             "LOAD_PARAM r1, \"time\"\n"
                             ".node \"left-in\"\n"
                             "READ_PORT p0 -> r2\n"
                             ".node \"echo\"\n"
                             "READ_PORT p1, r1 -> r3\n"
                             "LOAD_CONST r4, 0.6\n"
                             "CALL_OP gain, r3, r4 -> r5\n"
                             "CALL_OP add, r2, r5 -> r6\n"
                             "WRITE_PORT p1, r6\n"
                             ".node \"right-in\"\n"
                             "READ_PORT p2 -> r7\n"
                             ".node \"filter\"\n"
                             "LOAD_CONST r8, 0.2\n"
                             "CALL_OP onepole, r7, r8 -> r9\n"
                             "CALL_OP add, r9, r2 -> r10\n"
                             "WRITE_OUTPUT r6, r10\n";

static const char through[] = ".input 0\n.input 1\nREAD_PORT p1 -> r1\nREAD_PORT p0 -> r2\n"
                              "WRITE_OUTPUT r1, r2\n";

/* ---- sound ---- */

/* What voice v hears and gives, [channel][frame]. */
struct sound {
    float of[2][FRAMES];
};

static struct sound heard[LANES], wanted[LANES];

/* Noise, with zeros of both signs and denormals in it. */
static void make_noise(void)
{
    static const uint32_t odd[] = {0, 0x80000000u, 1, 0x80000001u, 0x007fffffu};
    uint64_t chance = 5;
    for (unsigned v = 0; v < LANES; v++)
        for (unsigned c = 0; c < 2; c++)
            for (unsigned i = 0; i < FRAMES; i++)
                heard[v].of[c][i] = t_below(&chance, 50)
                                        ? t_between(&chance, -1.0f, 1.0f)
                                        : t_float(odd[t_below(&chance, COUNT(odd))]);
}

/* A group and the memory its sound goes through. Lane l plays voice l + shift. */
struct player {
    struct rp_group *group;
    unsigned lanes, shift;
    size_t at;
    float in[2][FRAMES * LANES], out[2][FRAMES * LANES];
};

static struct player player;

static unsigned voice_of(const struct player *p, unsigned lane)
{
    return (lane + p->shift) % LANES;
}

static void start(struct player *p, const struct rp_program *program, unsigned lanes,
                  enum rp_isa isa, unsigned shift)
{
    p->group = t_group(program, lanes, isa);
    p->lanes = lanes;
    p->shift = shift;
    p->at = 0;
    for (unsigned l = 0; l < lanes; l++) {
        assert_int_equal(rp_voice_start(p->group, l, 1, voice_of(p, l)), RP_OK);
        for (unsigned c = 0; c < 2; c++)
            for (size_t i = 0; i < FRAMES; i++)
                p->in[c][i * lanes + l] = heard[voice_of(p, l)].of[c][i];
    }
}

typedef enum rp_status processor(struct rp_group *, size_t, const float *const[], float *const[],
                                 struct rp_error *);

/* Goes on for n frames; the status is the caller's to judge. */
static enum rp_status go(struct player *p, size_t n, processor *process, struct rp_error *error)
{
    size_t at = p->at * p->lanes;
    const float *in[2] = {p->in[0] + at, p->in[1] + at};
    float *out[2] = {p->out[0] + at, p->out[1] + at};
    p->at += n;
    return process(p->group, n, in, out, error);
}

static void same_as_wanted(const struct player *p)
{
    for (unsigned l = 0; l < p->lanes; l++)
        for (unsigned c = 0; c < 2; c++)
            for (size_t i = 0; i < FRAMES; i++) {
                float got = p->out[c][i * p->lanes + l], want = wanted[voice_of(p, l)].of[c][i];
                if (t_bits(got) != t_bits(want))
                    fail_msg("lane %u of %u, channel %u, frame %zu: %.9g, not %.9g", l, p->lanes, c,
                             i, (double)got, (double)want);
            }
}

/* ---- the program ---- */

static void test_counts(void **state)
{
    static const struct {
        const char *listing;
        unsigned inputs;
    } cases[] = {
        {"LOAD_CONST r1, 1\nWRITE_OUTPUT r1\n", 0},
        {".delay 1 2\nLOAD_CONST r1, 1\nWRITE_PORT p0, r1\nWRITE_OUTPUT r1\n", 0},
        {".input 0\nLOAD_CONST r1, 1\nWRITE_OUTPUT r1\n", 1},
        {".input 0\nREAD_PORT p0 -> r1\nREAD_PORT p0 -> r2\nWRITE_OUTPUT r1, r2\n", 1},
        {".input 0\n.input 1\nREAD_PORT p1 -> r1\nWRITE_OUTPUT r1\n", 2},
        {effect, 2},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct built b = t_build(cases[i].listing);
        assert_int_equal(rp_inputs(b.program), cases[i].inputs);
        t_free(&b);
    }
}

/* An input is not state: it takes no memory in a snapshot, and little in a group. */
static void test_takes_no_ring(void **state)
{
    struct built with = t_build(".input 0\n.input 1\nREAD_PORT p0 -> r1\nWRITE_OUTPUT r1\n");
    struct built without = t_build("LOAD_CONST r1, 1\nCALL_OP frames, r1 -> r2\nWRITE_OUTPUT r2\n");
    (void)state;
    assert_int_equal(rp_snapshot_bytes(with.program), rp_snapshot_bytes(without.program));
    assert_true(rp_group_bytes(with.program, 16) <= rp_group_bytes(without.program, 16) + 1024);
    t_free(&with);
    t_free(&without);
}

/* ---- what arrives ---- */

static void test_arrives_as_it_is(void **state)
{
    struct built b = t_build(through);
    (void)state;
    for (unsigned v = 0; v < LANES; v++) {
        memcpy(wanted[v].of[0], heard[v].of[1], sizeof wanted[v].of[0]);
        memcpy(wanted[v].of[1], heard[v].of[0], sizeof wanted[v].of[1]);
    }
    for (size_t w = 0; w < COUNT(t_widths); w++) {
        start(&player, b.program, t_widths[w], RP_ISA_BEST, 3);
        while (player.at < FRAMES)
            assert_int_equal(go(&player, 500, rp_process, NULL), RP_OK);
        same_as_wanted(&player);
        free(player.group);
    }
    t_free(&b);
}

/* y[n] = x[n] + 0.6 y[n - 7]: an impulse comes back every 7 frames. */
static void test_echoes(void **state)
{
    static float in[64], left[64], right[64];
    const float *ins[2] = {in, NULL};
    float *outs[2] = {left, right};
    struct built b = t_build(effect);
    struct rp_group *g = t_group(b.program, 1, RP_ISA_BEST);
    (void)state;
    in[5] = 0.5f;
    assert_int_equal(rp_voice_start(g, 0, 0, 0), RP_OK);
    assert_int_equal(rp_process(g, 64, ins, outs, NULL), RP_OK);
    double level = 0.5;
    for (int i = 0; i < 64; i++) {
        int echo = i >= 5 && (i - 5) % 7 == 0;
        assert_true(fabs((double)left[i] - (echo ? level : 0.0)) < 1e-6);
        assert_true(right[i] == (i == 5 ? 0.5f : 0.0f)); /* its own channel is silent */
        level = echo ? level * 0.6 : level;
    }
    free(g);
    t_free(&b);
}

static void test_silence(void **state)
{
    static float in[FRAMES], left[FRAMES], right[FRAMES], none[FRAMES];
    const float *some[2] = {in, NULL}, *nulls[2] = {NULL, NULL};
    float *out[2] = {left, right};
    struct built b = t_build(through);
    struct rp_group *g = t_group(b.program, 1, RP_ISA_BEST);
    (void)state;
    for (int i = 0; i < FRAMES; i++)
        in[i] = 1.0f;
    assert_int_equal(rp_voice_start(g, 0, 0, 0), RP_OK);
    assert_int_equal(rp_process(g, FRAMES, some, out, NULL), RP_OK);
    t_same(left, none, FRAMES, "the channel that is NULL");
    t_same(right, in, FRAMES, "the other");
    for (int way = 0; way < 4; way++) { /* after sound: nothing of it may be left */
        enum rp_status status = way == 0   ? rp_run(g, FRAMES, out, NULL)
                                : way == 1 ? rp_run_checked(g, FRAMES, out, NULL)
                                : way == 2 ? rp_process(g, FRAMES, NULL, out, NULL)
                                           : rp_process_checked(g, FRAMES, nulls, out, NULL);
        assert_int_equal(status, RP_OK);
        t_same(left, none, FRAMES, "left");
        t_same(right, none, FRAMES, "right");
    }
    free(g);
    t_free(&b);
}

/* Output memory may be the input's. */
static void test_in_place(void **state)
{
    struct built b = t_build(through);
    (void)state;
    for (size_t w = 0; w < COUNT(t_widths); w++) {
        size_t count = FRAMES * t_widths[w];
        start(&player, b.program, t_widths[w], RP_ISA_BEST, 0);
        memcpy(player.out, player.in, sizeof player.in);
        const float *in[2] = {player.out[0], player.out[1]};
        float *out[2] = {player.out[0], player.out[1]};
        assert_int_equal(rp_process(player.group, FRAMES, in, out, NULL), RP_OK);
        t_same(player.out[0], player.in[1], count, "left");
        t_same(player.out[1], player.in[0], count, "right");
        free(player.group);
    }
    t_free(&b);
}

/* ---- P2, P3: cuts, widths, lanes, instruction sets ---- */

/* Each voice alone, uncut, on plain instructions, its delay moving on the way. */
static void play_alone(const struct rp_program *program)
{
    for (unsigned v = 0; v < LANES; v++) {
        start(&player, program, 1, RP_ISA_BASE, v);
        assert_int_equal(go(&player, 1000, rp_process, NULL), RP_OK);
        assert_int_equal(rp_param_glide(player.group, 0, 0, 333.0f, 700), RP_OK);
        assert_int_equal(go(&player, FRAMES - 1000, rp_process, NULL), RP_OK);
        for (unsigned c = 0; c < 2; c++)
            memcpy(wanted[v].of[c], player.out[c], sizeof wanted[v].of[c]);
        free(player.group);
    }
}

static void play_cut(struct player *p, processor *process, uint64_t *chance)
{
    while (p->at < FRAMES) {
        size_t end = p->at < 1000 ? 1000 : FRAMES, n = 1 + t_below(chance, 200);
        for (unsigned l = 0; l < p->lanes && p->at == 1000; l++)
            assert_int_equal(rp_param_glide(p->group, l, 0, 333.0f, 700), RP_OK);
        assert_int_equal(go(p, n < end - p->at ? n : end - p->at, process, NULL), RP_OK);
    }
}

/* Not every width has an engine for every instruction set. */
static int is_there(const struct rp_program *program, unsigned lanes, enum rp_isa isa)
{
    size_t size = rp_group_bytes(program, lanes);
    void *memory = t_memory(size);
    int there = rp_instantiate(program, lanes, isa, memory, size, NULL) != NULL;
    free(memory);
    return there;
}

static void test_however_cut(void **state)
{
    struct built b = t_build(effect);
    uint64_t chance = 9;
    (void)state;
    play_alone(b.program);
    for (size_t w = 0; w < COUNT(t_widths); w++)
        for (size_t i = 0; i < COUNT(t_isas); i++)
            for (unsigned round = 0; round < 4; round++) {
                if (!is_there(b.program, t_widths[w], t_isas[i]))
                    continue;
                start(&player, b.program, t_widths[w], t_isas[i], t_below(&chance, LANES));
                play_cut(&player, round == 3 ? rp_process_checked : rp_process, &chance);
                same_as_wanted(&player);
                free(player.group);
            }
    t_free(&b);
}

/* Stored half way, gone on with in a group of another width. */
static void test_snapshot(void **state)
{
    struct built b = t_build(effect);
    static struct player other;
    size_t size = rp_snapshot_bytes(b.program);
    void *bytes = t_memory(size);
    (void)state;
    play_alone(b.program);
    start(&player, b.program, 4, RP_ISA_BEST, 2);
    assert_int_equal(go(&player, 1000, rp_process, NULL), RP_OK);
    start(&other, b.program, 8, RP_ISA_BEST, 2);
    for (unsigned l = 0; l < 4; l++) {
        assert_int_equal(rp_snapshot(player.group, l, bytes, size), RP_OK);
        assert_int_equal(rp_restore(other.group, l, bytes, size), RP_OK);
        assert_int_equal(rp_param_glide(other.group, l, 0, 333.0f, 700), RP_OK);
    }
    other.at = 1000;
    assert_int_equal(go(&other, FRAMES - 1000, rp_process, NULL), RP_OK);
    for (unsigned l = 0; l < 4; l++)
        for (unsigned c = 0; c < 2; c++)
            for (size_t i = 1000; i < FRAMES; i++)
                assert_int_equal(t_bits(other.out[c][i * 8 + l]),
                                 t_bits(wanted[voice_of(&other, l)].of[c][i]));
    free(player.group);
    free(other.group);
    free(bytes);
    t_free(&b);
}

/* ---- what is no sound ---- */

struct bad {
    unsigned channel, lane;
    size_t frame;
    float value;
};

/* Runs into it, cut into pieces; what came before is what comes without it. */
static void expect_bad(const struct rp_program *p, unsigned lanes, const struct bad *bad,
                       size_t piece, processor *process, const char *node)
{
    static float clean[2][FRAMES * LANES];
    struct rp_error error = {0};
    enum rp_status status = RP_OK;
    start(&player, p, lanes, RP_ISA_BEST, 0);
    assert_int_equal(go(&player, FRAMES, rp_process, NULL), RP_OK);
    memcpy(clean, player.out, sizeof clean);
    free(player.group);
    start(&player, p, lanes, RP_ISA_BEST, 0);
    player.in[bad->channel][bad->frame * lanes + bad->lane] = bad->value;
    while (status == RP_OK && player.at < FRAMES)
        status =
            go(&player, piece < FRAMES - player.at ? piece : FRAMES - player.at, process, &error);
    assert_int_equal(status, RP_NOT_FINITE);
    assert_int_equal(error.status, RP_NOT_FINITE);
    assert_int_equal(error.input, 1);
    assert_int_equal(error.offset, bad->frame);
    assert_int_equal(error.lane, bad->lane);
    assert_int_equal(error.channel, bad->channel);
    if (node)
        assert_string_equal(error.node, node);
    else
        assert_null(error.node);
    assert_string_equal(error.reason,
                        isinf(bad->value) ? "an input is infinite" : "an input is not a number");
    for (unsigned c = 0; c < 2; c++)
        t_same(player.out[c], clean[c], bad->frame * lanes, "before it");
    free(player.group);
}

static void test_not_finite(void **state)
{
    static const struct bad bads[] = {
        {0, 0, 0, INFINITY},    {1, 0, 0, NAN},     {0, 3, 63, -INFINITY}, {1, 2, 64, NAN},
        {1, 1, 2999, INFINITY}, {0, 1, 1234, -NAN}, {1, 0, 3, INFINITY},
    };
    static const size_t pieces[] = {FRAMES, 1, 64, 97};
    struct built b = t_build(effect);
    (void)state;
    for (size_t w = 0; w < COUNT(t_widths); w++)
        for (size_t i = 0; i < COUNT(bads); i++)
            for (size_t k = 0; k < COUNT(pieces); k++) {
                struct bad bad = bads[i];
                bad.lane %= t_widths[w];
                const char *node = bad.channel ? "right-in" : "left-in";
                expect_bad(b.program, t_widths[w], &bad, pieces[k], rp_process, node);
                expect_bad(b.program, t_widths[w], &bad, pieces[k], rp_process_checked, node);
            }
    t_free(&b);
}

/* It counts even where nothing of it would be heard; a file without names names no node. */
static void test_not_finite_unheard(void **state)
{
    const struct bad bad = {0, 0, 100, INFINITY};
    struct built b = t_build(".input 0\n.input 1\nREAD_PORT p0 -> r1\nLOAD_CONST r2, 0.5\n"
                             "CALL_OP min, r1, r2 -> r3\nWRITE_OUTPUT r3, r3\n");
    (void)state;
    expect_bad(b.program, 4, &bad, 77, rp_process, NULL);
    expect_bad(b.program, 4, &bad, 77, rp_process_checked, NULL);
    t_free(&b);
}

/* Neither an idle lane nor a channel nobody reads is looked at. */
static void test_not_finite_unread(void **state)
{
    struct built b = t_build(".input 0\n.input 1\nREAD_PORT p1 -> r1\nWRITE_OUTPUT r1\n");
    static float left[FRAMES * 4];
    const float *in[2] = {player.in[0], player.in[1]};
    float *out[2] = {left, NULL};
    (void)state;
    start(&player, b.program, 4, RP_ISA_BEST, 0);
    free(player.group);
    player.group = t_group(b.program, 4, RP_ISA_BEST);
    assert_int_equal(rp_voice_start(player.group, 1, 0, 0), RP_OK);
    player.in[0][401] = NAN; /* lane 1, but of the other channel */
    player.in[1][402] = NAN; /* lane 2 */
    assert_int_equal(rp_process(player.group, FRAMES, in, out, NULL), RP_OK);
    assert_int_equal(rp_process_checked(player.group, FRAMES, in, out, NULL), RP_OK);
    player.in[1][401] = NAN;
    assert_int_equal(rp_process(player.group, FRAMES, in, out, NULL), RP_NOT_FINITE);
    free(player.group);
    t_free(&b);
}

/* The first in time counts, be it an output or an input; in the same frame the input. */
static void test_first_trouble(void **state)
{
    struct built b = t_build(".input 0\nREAD_PORT p0 -> r1\nLOAD_CONST r2, 1\n"
                             "CALL_OP div, r2, r1 -> r3\nWRITE_OUTPUT r3\n");
    static const struct {
        int zero, nan, at, input;
    } cases[] = {{10, 20, 10, 0}, {20, 10, 10, 1}, {15, 15, 15, 1}, {10, 200, 10, 0}};
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++)
        for (int checked = 0; checked < 2; checked++) {
            static float in[300], out[300];
            const float *ins[1] = {in};
            float *outs[2] = {out, NULL};
            struct rp_error error;
            struct rp_group *g = t_group(b.program, 1, RP_ISA_BEST);
            for (int k = 0; k < 300; k++)
                in[k] = 1.0f;
            in[cases[i].zero] = 0.0f;
            in[cases[i].nan] = NAN;
            assert_int_equal(rp_voice_start(g, 0, 0, 0), RP_OK);
            processor *process = checked ? rp_process_checked : rp_process;
            assert_int_equal(process(g, 300, ins, outs, &error), RP_NOT_FINITE);
            assert_int_equal(error.offset, cases[i].at);
            assert_int_equal(error.input, cases[i].input);
            free(g);
        }
    t_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_counts),
        cmocka_unit_test(test_takes_no_ring),
        cmocka_unit_test(test_arrives_as_it_is),
        cmocka_unit_test(test_echoes),
        cmocka_unit_test(test_silence),
        cmocka_unit_test(test_in_place),
        cmocka_unit_test(test_however_cut),
        cmocka_unit_test(test_snapshot),
        cmocka_unit_test(test_not_finite),
        cmocka_unit_test(test_not_finite_unheard),
        cmocka_unit_test(test_not_finite_unread),
        cmocka_unit_test(test_first_trouble),
    };
    make_noise();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
