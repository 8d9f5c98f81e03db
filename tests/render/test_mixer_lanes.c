/* test_mixer_lanes.c - where patch sounds run: how many lanes a crowd takes, who gets whose lane,
 * and when memory goes back. */
#include "tests/render/test_mixer_kit.h"

static const char tone[] =
    "(patch (params (pitch (unit hz) (range 20 5000) (default 440)))"
    " (output (gain (mix (osc.saw (freq pitch)) (noise.white)) (amp (env.adsr (release 5ms))))))";
static const char divides[] = "(patch (params (level (range 0 1) (default 1)))"
                              " (output (math.div (osc.sine (freq 100)) (b level))))";

static unsigned lanes_in(const struct mixer *m)
{
    unsigned lanes = 0;
    for (const struct mix_group *g = m->groups; g; g = g->next)
        lanes += g->lanes;
    return lanes;
}

/* Many plays in one tick, `together` on a frame. */
static struct kit *crowd(unsigned voices, unsigned plays, unsigned together)
{
    struct kit *k = kit_new(voices);
    kit_patch(k, kit_program(k, tone));
    kit_patch(k, kit_program(k, tone));
    for (unsigned i = 0; i < plays; i++)
        kit_play(k, i / together, i % 7 == 0);
    return k;
}

static void a_crowd_in_a_tick_takes_no_more_lanes_than_sound(void **state)
{
    (void)state;
    static const unsigned together[] = {5, 6, 4000};
    for (unsigned i = 0; i < 3; i++) {
        struct kit *k = crowd(1, 4000, together[i]);
        kit_run(k, 2 * MIX_TICK);
        assert_int_equal(k->status, RENDER_OK);
        assert_in_range(lanes_in(k->mixer), 1, 2); /* of either patch */
        kit_free(k);
        k = crowd(16, 4000, together[i]);
        kit_run(k, 2 * MIX_TICK);
        assert_in_range(lanes_in(k->mixer), 16, 32);
        kit_free(k);
    }
}

static void a_lane_used_twice_in_a_tick_sounds_like_two(void **state)
{
    (void)state;
    static const unsigned voices[] = {1, 3, 40};
    for (unsigned i = 0; i < 3; i++) {
        struct kit *k = crowd(voices[i], 300, 1 + i);
        struct mix_output out;
        k->config.parts = true;
        kit_start(k);
        assert_int_equal(kit_tick(k, 0, MIX_TICK, &out), RENDER_OK);
        for (unsigned c = 0; c < k->command_count; c += 7) {
            const struct mix_command play = k->commands[c];
            unsigned end = (c + voices[i]) / (1 + i); /* where it is stolen */
            struct kit *alone = kit_new(1);
            struct mix_command *only = kit_play(alone, play.frame, 0);
            kit_patch(alone, kit_program(alone, tone));
            only->serial = play.source == 0 ? c - (c + 6) / 7 : c / 7;
            kit_run(alone, MIX_TICK);
            const int32_t *voice = out.voice[c % voices[i]];
            for (uint64_t f = play.frame; f < end; f++)
                assert_int_equal(voice[2 * f], kit_left(alone, (unsigned)f));
            kit_free(alone);
        }
        kit_free(k);
    }
}

/* The second sound of a lane has its own frames, and its own voice. */
static void a_fault_names_who_has_the_lane(void **state)
{
    (void)state;
    static const char *const names[] = {"level"};
    struct kit *k = kit_new(2);
    uint32_t source = kit_patch(k, kit_program(k, divides));
    kit_play(k, 100, source);
    kit_command(k, 200, MIX_STOP, MIX_VOICE, 0);
    struct mix_command *c = kit_play(k, 300, source);
    c->to = MIX_VOICE;
    c->target = 1;
    kit_command(k, 450, MIX_SET, MIX_VOICE, 1);
    k->config.params = names;
    k->config.param_count = 1;
    kit_run(k, MIX_TICK);
    assert_int_equal(k->status, RENDER_WRONG);
    assert_int_equal(lanes_in(k->mixer), 1);
    assert_string_equal(k->error.text,
                        "source 'patch': node 'output' gives inf or NaN at frame 450 (0.009 s) in "
                        "voice 1, frame 150 of the sound");
    kit_free(k);
}

static void a_group_that_is_long_idle_goes(void **state)
{
    (void)state;
    enum { IDLE = 600 };
    struct kit *k = kit_new(40);
    struct mix_output out;
    uint32_t source = kit_patch(k, kit_program(k, tone));
    for (unsigned i = 0; i < 40; i++)
        kit_play(k, 0, source);
    for (unsigned i = 1; i < 40; i++)
        kit_command(k, 10, MIX_STOP, MIX_VOICE, i);
    kit_command(k, MIX_TICK, MIX_STOP, MIX_VOICE, 0);
    kit_play(k, (IDLE + 5) * MIX_TICK, source);
    kit_start(k);
    for (unsigned tick = 0; tick < IDLE + 6; tick++) {
        assert_int_equal(kit_tick(k, tick * MIX_TICK, MIX_TICK, &out), RENDER_OK);
        if (tick < IDLE)
            assert_int_equal(lanes_in(k->mixer), 16 + 16 + 8);
    }
    assert_int_equal(lanes_in(k->mixer), 1);
    assert_int_equal(mixer_sounding(k->mixer), 1);
    kit_free(k);
}

/* It is idle from the end of its last sound, however long that was. */
static void a_group_is_idle_from_its_last_end(void **state)
{
    (void)state;
    enum { IDLE = 600, SOUNDS = IDLE + 10 };
    struct kit *k = kit_new(1);
    struct mix_output out;
    uint32_t source = kit_patch(k, kit_program(k, tone));
    kit_play(k, 0, source);
    kit_command(k, SOUNDS * MIX_TICK, MIX_STOP, MIX_VOICE, 0);
    kit_start(k);
    for (unsigned tick = 0; tick < SOUNDS + IDLE + 5; tick++) {
        assert_int_equal(kit_tick(k, tick * MIX_TICK, MIX_TICK, &out), RENDER_OK);
        if (tick < SOUNDS + IDLE)
            assert_int_equal(lanes_in(k->mixer), 1);
    }
    assert_int_equal(lanes_in(k->mixer), 0);
    kit_free(k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_crowd_in_a_tick_takes_no_more_lanes_than_sound),
        cmocka_unit_test(a_lane_used_twice_in_a_tick_sounds_like_two),
        cmocka_unit_test(a_fault_names_who_has_the_lane),
        cmocka_unit_test(a_group_that_is_long_idle_goes),
        cmocka_unit_test(a_group_is_idle_from_its_last_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
