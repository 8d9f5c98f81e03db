/* test_group.c - promises P2, P3 and P5 with every op at once: the cut of time, the width and the
 * neighbours change no bit. */
#include "parts.h"
#include <pthread.h>

/* ---- parts by chance ---- */

static void test_every_op_is_there(void **state)
{
    static struct listing t;
    (void)state;
    t_every_op(&t);
    for (size_t i = 0; i < vm_op_count; i++)
        if (!t_has_op(&t, &vm_ops[i]))
            fail_msg("t_every_op() lacks %s", vm_ops[i].name);
}

/* All widths, all ISAs, every lane, alone and in a crowd. */
static void test_packing(void **state)
{
    static float want[CHANNELS * FRAMES];
    struct built b = every_op();
    uint64_t chance = 2;
    (void)state;
    struct part part = random_part(b.program, &chance);
    part.count = EVENTS / 2;
    play(&part, &plainest, want);
    assert_false(is_silent(want));
    for (size_t w = 0; w < COUNT(t_widths); w++)
        for (enum rp_isa isa = RP_ISA_BASE; isa <= RP_ISA_AVX512; isa++)
            for (unsigned lane = 0; rp_isa_available(isa) && lane < t_widths[w]; lane++)
                for (int crowd = 0; crowd < 2; crowd++) {
                    struct way way = {t_widths[w], lane, isa, crowd, 0, 0, 77};
                    assert_played(&part, &way, want);
                }
    t_free(&b);
}

static void test_cuts(void **state)
{
    static float want[CHANNELS * FRAMES];
    static const uint32_t cuts[] = {1, 2, 63, 64, 65, 127, 128, 799, UINT32_MAX};
    struct built b = every_op();
    uint64_t chance = 3;
    (void)state;
    struct part part = random_part(b.program, &chance);
    play(&part, &plainest, want);
    for (size_t w = 0; w < COUNT(t_widths); w++)
        for (size_t i = 0; i < COUNT(cuts); i++) {
            struct way way = {.lanes = t_widths[w], .lane = t_widths[w] / 2, .cut = cuts[i]};
            way.chance = i;
            assert_played(&part, &way, want);
        }
    t_free(&b);
}

static void test_late_start(void **state)
{
    static float want[CHANNELS * FRAMES];
    static const uint32_t late[] = {1, 63, 64, 1000, 4093};
    struct built b = every_op();
    uint64_t chance = 4;
    (void)state;
    struct part part = random_part(b.program, &chance);
    play(&part, &plainest, want);
    for (size_t w = 0; w < COUNT(t_widths); w++)
        for (size_t i = 0; i < COUNT(late); i++)
            for (int crowd = 0; crowd < 2; crowd++) {
                struct way way = {t_widths[w], 0, RP_ISA_BEST, crowd, late[i], UINT32_MAX, i};
                assert_played(&part, &way, want);
            }
    struct way second = {4, 0, RP_ISA_BEST, 1, 48000, UINT32_MAX, 6};
    assert_played(&part, &second, want);
    t_free(&b);
}

/* A lane that has played another voice plays the next as a fresh one would. */
static void test_lane_again(void **state)
{
    static float want[CHANNELS * FRAMES], got[CHANNELS * FRAMES];
    struct built b = every_op();
    uint64_t chance = 5;
    (void)state;
    struct part first = random_part(b.program, &chance), second = random_part(b.program, &chance);
    play(&second, &plainest, want);
    struct way way = {.lanes = 8, .lane = 5, .cut = 100};
    struct player p = player(&first, &way);
    play_to(&p, 1234, got);
    assert_int_equal(rp_voice_start(p.group, 5, second.seed, second.serial), RP_OK);
    p = (struct player){&second, way, p.group, 0, 0};
    play_to(&p, FRAMES, got);
    t_same(got, want, CHANNELS * FRAMES, "after another voice");
    free(p.group);
    t_free(&b);
}

/* Seed and serial are heard. Without this, the tests above could compare silence with silence. */
static void test_seeds_differ(void **state)
{
    static float one[CHANNELS * FRAMES], two[CHANNELS * FRAMES];
    struct built b = every_op();
    struct part part = {.program = b.program, .seed = 1, .serial = 1};
    (void)state;
    play(&part, &plainest, one);
    for (unsigned i = 0; i < 2; i++) {
        part.seed = 1 + i;
        part.serial = 2 - i;
        play(&part, &plainest, two);
        assert_memory_not_equal(one, two, sizeof one);
    }
    t_free(&b);
}

/* ---- threads ---- */

struct errand {
    const struct part *part;
    float out[CHANNELS * FRAMES];
};

static void *run_errand(void *context)
{
    struct errand *e = context;
    struct way way = {.lanes = 8, .lane = 3, .crowd = 1, .cut = UINT32_MAX, .chance = 5};
    for (int i = 0; i < 10; i++)
        play(e->part, &way, e->out);
    return NULL;
}

static void test_threads(void **state)
{
    static struct errand errands[3];
    static float want[CHANNELS * FRAMES];
    struct built b = every_op();
    uint64_t chance = 6;
    struct part parts[3];
    pthread_t threads[3];
    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        parts[i] = random_part(b.program, &chance);
        errands[i].part = &parts[i];
        assert_int_equal(pthread_create(&threads[i], NULL, run_errand, &errands[i]), 0);
    }
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        play(&parts[i], &plainest, want);
        t_same(errands[i].out, want, CHANNELS * FRAMES, "in a thread");
    }
    t_free(&b);
}

/* ---- what the CPU offers ---- */

static void test_widths(void **state)
{
    static const unsigned want[] = {1, 1, 4, 4, 4, 8, 8, 8, 8, 16};
    struct built b = t_build("LOAD_CONST r1, 1\nWRITE_OUTPUT r1\n");
    struct rp_error error;
    void *memory = t_memory(1 << 20);
    (void)state;
    for (size_t n = 0; n < COUNT(want); n++)
        assert_int_equal(rp_choose_lanes(n), want[n]);
    assert_int_equal(rp_choose_lanes(100000), 16);
    assert_true(rp_isa_available(RP_ISA_BEST) && rp_isa_available(RP_ISA_BASE));
    assert_null(rp_instantiate(b.program, 3, RP_ISA_BEST, memory, 1 << 20, &error));
    assert_int_equal(error.status, RP_ARGUMENT);
    assert_null(rp_instantiate(b.program, 4, (enum rp_isa)77, memory, 1 << 20, &error));
    assert_int_equal(error.status, RP_ARGUMENT);
    for (int isa = RP_ISA_BASE; isa <= RP_ISA_AVX512; isa++)
        for (size_t w = 0; w < COUNT(t_widths); w++) {
            struct rp_group *g =
                rp_instantiate(b.program, t_widths[w], (enum rp_isa)isa, memory, 1 << 20, &error);
            assert_int_equal(g != NULL, rp_isa_available((enum rp_isa)isa));
        }
    free(memory);
    t_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_op_is_there),
        cmocka_unit_test(test_packing),
        cmocka_unit_test(test_cuts),
        cmocka_unit_test(test_late_start),
        cmocka_unit_test(test_lane_again),
        cmocka_unit_test(test_seeds_differ),
        cmocka_unit_test(test_threads),
        cmocka_unit_test(test_widths),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
