/* test_snapshots.c - a voice's state goes from group to group and is heard nowhere. */
#include "maker.h"
#include "parts.h"

/* Plays a part in pieces, each in another group, lane and width, by way of snapshots. */
static void play_relay(const struct part *part, uint64_t *chance, float *out)
{
    size_t size = rp_snapshot_bytes(part->program);
    void *bytes = malloc(size), *again = malloc(size);
    assert_true(bytes != NULL && again != NULL);
    struct player p = player(part, &plainest);
    while (p.now < FRAMES) {
        uint32_t until = p.now + 1 + t_below(chance, 500);
        play_to(&p, until < FRAMES ? until : FRAMES, out);
        assert_int_equal(rp_snapshot(p.group, p.way.lane, bytes, size), RP_OK);
        free(p.group);
        struct way way = {.lanes = t_widths[t_below(chance, 4)], .late = t_below(chance, 200)};
        way.lane = t_below(chance, way.lanes);
        way.crowd = (int)t_below(chance, 2);
        way.cut = t_below(chance, 2) ? UINT32_MAX : 0;
        way.chance = t_random(chance);
        struct player next = player(part, &way);
        next.now = p.now;
        next.next = p.next;
        assert_int_equal(rp_restore(next.group, way.lane, bytes, size), RP_OK);
        assert_int_equal(rp_snapshot(next.group, way.lane, again, size), RP_OK);
        assert_memory_equal(bytes, again, size);
        p = next;
    }
    free(p.group);
    free(bytes);
    free(again);
}

static void test_snapshots(void **state)
{
    static float want[CHANNELS * FRAMES], got[CHANNELS * FRAMES];
    static struct maker m;
    (void)state;
    for (uint64_t seed = 0; seed < 60; seed++) {
        if (seed)
            make_program(&m, 1000 + seed);
        struct built b = seed ? t_build(m.t.text) : every_op();
        uint64_t chance = seed;
        struct part part = random_part(b.program, &chance);
        play(&part, &plainest, want);
        memset(got, 0, sizeof got);
        play_relay(&part, &chance, got);
        t_same(got, want, CHANNELS * FRAMES, "by way of snapshots");
        t_free(&b);
    }
}

/* Restoring brings a voice back to an earlier frame; the other lanes go on as if nothing was. */
static void test_restore_leaves_neighbours(void **state)
{
    static float want[4 * 400], got[4 * 400], skip[4 * 100];
    struct built b = every_op();
    size_t size = rp_snapshot_bytes(b.program);
    void *bytes = malloc(size);
    (void)state;
    assert_non_null(bytes);
    for (int restoring = 0; restoring < 2; restoring++) {
        struct rp_group *g = t_group(b.program, 4, RP_ISA_BEST);
        for (unsigned l = 0; l < 4; l++)
            rp_voice_start(g, l, l, l);
        t_run(g, 10, skip, NULL);
        rp_snapshot(g, 1, bytes, size);
        if (restoring)
            rp_param_set(g, 1, 0, 5000.0f);
        t_run(g, 90, skip, NULL);
        if (restoring)
            assert_int_equal(rp_restore(g, 1, bytes, size), RP_OK);
        t_run(g, 400, restoring ? got : want, NULL);
        free(g);
    }
    for (uint32_t k = 0; k < 400; k++)
        for (unsigned l = 0; l < 4; l++)
            if (l != 1)
                assert_int_equal(t_bits(got[4 * k + l]), t_bits(want[4 * k + l]));
            else if (k >= 90)
                assert_int_equal(t_bits(got[4 * k + l]), t_bits(want[4 * (k - 90) + l]));
    free(bytes);
    t_free(&b);
}

static void test_wrong_snapshots(void **state)
{
    struct built b = every_op();
    struct built other = t_build(".param \"x\" none linear 0 1 0 0\n"
                                 "LOAD_PARAM r1, \"x\"\nWRITE_OUTPUT r1\n");
    struct built third = t_build(".param \"x\" none linear 0 1 0.5 0\n"
                                 "LOAD_PARAM r1, \"x\"\nWRITE_OUTPUT r1\n");
    struct rp_group *g = started(b.program), *h = started(other.program);
    struct rp_group *k = started(third.program);
    size_t size = rp_snapshot_bytes(b.program), small = rp_snapshot_bytes(other.program);
    uint32_t *bytes = malloc(size);
    (void)state;
    assert_non_null(bytes);
    assert_int_equal(rp_snapshot(g, 0, bytes, size - 1), RP_MEMORY);
    assert_int_equal(rp_snapshot(g, 1, bytes, size), RP_ARGUMENT);
    assert_int_equal(rp_snapshot(g, 0, bytes, size), RP_OK);
    assert_int_equal(rp_restore(g, 0, bytes, size - 1), RP_MEMORY);
    assert_int_equal(rp_restore(g, 1, bytes, size), RP_ARGUMENT);
    assert_int_equal(rp_restore(h, 0, bytes, size), RP_ARGUMENT);
    assert_int_equal(rp_snapshot(h, 0, bytes, small), RP_OK);
    assert_int_equal(rp_restore(k, 0, bytes, small), RP_ARGUMENT); /* as long, other program */
    bytes[1]++;
    assert_int_equal(rp_restore(h, 0, bytes, small), RP_ARGUMENT);
    bytes[1]--;
    assert_int_equal(rp_restore(h, 0, bytes, small), RP_OK);
    free(bytes);
    free(g);
    free(h);
    free(k);
    t_free(&b);
    t_free(&other);
    t_free(&third);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_snapshots),
        cmocka_unit_test(test_restore_leaves_neighbours),
        cmocka_unit_test(test_wrong_snapshots),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
