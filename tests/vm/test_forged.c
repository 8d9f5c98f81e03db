/* test_forged.c - snapshots with words that no voice ever had: they may sound like anything, and no
 * more. A build with UBSan, of gcc, sees into vectors and says where an int overflows. */
#include "maker.h"
#include "parts.h"

#ifdef VM_NARROW
enum { WIDTHS = 2 };
#else
enum { WIDTHS = COUNT(t_widths) };
#endif
enum { HEADER = 2, RUN = 130 };

/* What counters, masks, places and floats take badly. */
static const uint32_t nasty[] = {0x7fffffff, 0x80000000, 0xffffffff, 0x80000001, 0x40000000,
                                 0xbfffffff, 0x7fc00000, 0x7f800000, 0xff800000, 0x4f000000,
                                 0xcf000000, 0x7f7fffff, 0x00000001, 0x7ffffffe};

static uint32_t bad_word(uint64_t *chance)
{
    uint32_t kind = t_below(chance, COUNT(nasty) + 2);
    return kind < COUNT(nasty) ? nasty[kind] : (uint32_t)t_random(chance);
}

/* Half of them one word for all, the others here and there. */
static void forge(uint32_t *words, size_t count, uint64_t *chance)
{
    uint32_t same = bad_word(chance), share = 1 + t_below(chance, 20);
    int all = (int)t_below(chance, 2);
    for (size_t i = HEADER; i < count; i++)
        if (all || t_below(chance, share) == 0)
            words[i] = all ? same : bad_word(chance);
}

static void run_forged(const struct rp_program *p, unsigned lanes, uint64_t *chance)
{
    static float out[2][16 * RUN];
    size_t size = rp_snapshot_bytes(p);
    uint32_t *words = malloc(size);
    unsigned lane = t_below(chance, lanes), params = rp_param_count(p);
    struct rp_group *g = t_group(p, lanes, RP_ISA_BEST);
    float *const to[] = {out[0], out[1]};
    struct rp_error error;
    assert_non_null(words);
    assert_int_equal(rp_voice_start(g, lane, t_random(chance), 0), RP_OK);
    for (unsigned i = 0; i < params; i++)
        rp_param_set(g, lane, i, rp_param_at(rp_param_info(p, i), t_between(chance, 0.0f, 1.0f)));
    assert_int_equal(rp_run(g, t_below(chance, RUN), to, &error), RP_OK);
    assert_int_equal(rp_snapshot(g, lane, words, size), RP_OK);
    forge(words, size / sizeof *words, chance);
    assert_int_equal(rp_restore(g, lane, words, size), RP_OK);
    for (unsigned i = 0; i < params && t_below(chance, 2); i++)
        rp_param_set(g, lane, i, rp_param_at(rp_param_info(p, i), t_between(chance, 0.0f, 1.0f)));
    enum rp_status status = rp_run(g, RUN, to, &error);
    assert_true(status == RP_OK || status == RP_NOT_FINITE);
    free(words);
    free(g);
}

static void test_every_op(void **state)
{
    struct built b = every_op();
    uint64_t chance = 7;
    (void)state;
    for (int i = 0; i < 300; i++)
        for (size_t w = 0; w < WIDTHS; w++)
            run_forged(b.program, t_widths[w], &chance);
    t_free(&b);
}

/* In these the ops are driven: gates, clocks, echoes, regions. */
static void test_programs_by_chance(void **state)
{
    static struct maker m;
    (void)state;
    for (uint64_t seed = 1; seed <= 60; seed++) {
        make_program(&m, 4000 + seed);
        struct built b = t_build(m.t.text);
        for (int i = 0; i < 12; i++)
            for (size_t w = 0; w < WIDTHS; w++)
                run_forged(b.program, t_widths[w], &m.chance);
        t_free(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_op),
        cmocka_unit_test(test_programs_by_chance),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
