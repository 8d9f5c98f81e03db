/* test_mixer.c - docs/mixer.md sections 4, 5, 6 and 8 by hand: which command does what to which
 * voice, in which order, and what is told of it. */
#include "tests/render/test_mixer_kit.h"
#include <errno.h>
#include <pthread.h>

enum { LONG = 100000 };

/* A source that sounds on and on, and a shorter one. */
static struct kit *one_kit(unsigned voices)
{
    struct kit *k = kit_new(voices);
    kit_constant(k, 100, LONG);
    kit_constant(k, 200, 50);
    return k;
}

/* ---- order within a frame ---- */

static void an_end_makes_room_on_its_frame(void **state)
{
    (void)state;
    struct kit *k = one_kit(1);
    kit_play(k, 0, 1);
    kit_play(k, 50, 1);
    kit_play(k, 800, 1);
    kit_run(k, 1600);
    kit_expect(k, 0, MIX_EVENT_PLAY, 0, 0, NULL);
    kit_expect(k, 1, MIX_EVENT_END, 50, 0, "finished");
    kit_expect(k, 2, MIX_EVENT_PLAY, 50, 0, NULL);
    kit_expect(k, 3, MIX_EVENT_END, 100, 0, "finished");
    kit_expect(k, 4, MIX_EVENT_PLAY, 800, 0, NULL);
    assert_int_equal(kit_left(k, 99), 51200);
    assert_int_equal(kit_left(k, 100), 0);
    kit_free(k);
}

static void ends_come_before_releases_before_commands(void **state)
{
    (void)state;
    struct kit *k = one_kit(4);
    kit_play(k, 0, 0)->length = 50; /* voice 0 */
    kit_play(k, 0, 1);              /* 1 */
    kit_play(k, 0, 0)->length = 50; /* 2 */
    kit_play(k, 0, 1);              /* 3 */
    kit_command(k, 50, MIX_IS_PLAYING, MIX_VOICE, 2);
    kit_run(k, 800);
    kit_expect(k, 4, MIX_EVENT_END, 50, 1, "finished");
    kit_expect(k, 5, MIX_EVENT_END, 50, 3, "finished");
    kit_expect(k, 6, MIX_EVENT_RELEASE, 50, 0, NULL);
    kit_expect(k, 7, MIX_EVENT_END, 50, 0, "stopped");
    kit_expect(k, 8, MIX_EVENT_RELEASE, 50, 2, NULL);
    kit_expect(k, 9, MIX_EVENT_END, 50, 2, "stopped");
    kit_expect(k, 10, MIX_EVENT_ANSWER, 50, -1, NULL);
    assert_null(kit_event_at(k, 7)->command);
    assert_int_equal(kit_cost(k, 0)->audio_commands, 4 + 2 + 1);
    kit_free(k);
}

static void the_cost_comes_last(void **state)
{
    (void)state;
    struct kit *k = one_kit(4);
    kit_play(k, 799, 0);
    kit_run(k, 1600);
    assert_int_equal(k->event_count, 3);
    assert_int_equal(k->events[1].kind, MIX_EVENT_COST);
    assert_int_equal(k->events[2].frame, 800);
    kit_free(k);
}

/* ---- stop, fade, release ---- */

static void a_stop_is_sample_accurate(void **state)
{
    (void)state;
    struct kit *k = one_kit(4);
    kit_play(k, 3, 0);
    kit_command(k, 17, MIX_STOP, MIX_VOICE, 0);
    kit_command(k, 17, MIX_STOP, MIX_VOICE, 0);
    kit_run(k, 800);
    assert_int_equal(kit_left(k, 2), 0);
    assert_int_equal(kit_left(k, 3), 25600);
    assert_int_equal(kit_left(k, 16), 25600);
    assert_int_equal(kit_left(k, 17), 0);
    kit_expect(k, 1, MIX_EVENT_END, 17, 0, "stopped");
    kit_expect(k, 2, MIX_EVENT_IGNORE, 17, -1, "idle");
    kit_free(k);
}

/* The shortest fade is no stop: its one frame is still heard in full. */
static void a_fade_of_a_frame_is_a_fade(void **state)
{
    (void)state;
    struct kit *k = one_kit(4);
    kit_play(k, 0, 0);
    kit_command(k, 10, MIX_STOP, MIX_VOICE, 0)->frames = 1;
    kit_run(k, 800);
    assert_int_equal(kit_left(k, 10), 25600);
    assert_int_equal(kit_left(k, 11), 0);
    kit_expect(k, 1, MIX_EVENT_COMMAND, 10, 0, NULL);
    kit_expect(k, 2, MIX_EVENT_END, 11, 0, "faded");
    kit_free(k);
}

static void the_earliest_of_several_ends_counts(void **state)
{
    (void)state;
    struct kit *k = one_kit(4);
    kit_play(k, 0, 0);
    kit_command(k, 10, MIX_STOP, MIX_VOICE, 0)->frames = 100;
    kit_command(k, 20, MIX_STOP, MIX_VOICE, 0)->frames = 200;      /* later: nothing */
    kit_command(k, 60, MIX_SET_VOLUME, MIX_VOICE, 0)->value = 255; /* the end stays */
    kit_play(k, 200, 1);
    kit_command(k, 210, MIX_STOP, MIX_VOICE, 0)->frames = 1000; /* its own end is sooner */
    kit_run(k, 1600);
    assert_int_equal(kit_left(k, 19), 25600 / 100 * 91);
    assert_int_equal(kit_left(k, 59), 25600 / 100 * 51);
    assert_int_equal(kit_left(k, 60), 25600);
    assert_int_equal(kit_left(k, 109), 25600);
    assert_int_equal(kit_left(k, 110), 0);
    kit_expect(k, 1, MIX_EVENT_COMMAND, 10, 0, NULL);
    kit_expect(k, 2, MIX_EVENT_IGNORE, 20, 0, "fading");
    kit_expect(k, 4, MIX_EVENT_END, 110, 0, "faded");
    kit_expect(k, 7, MIX_EVENT_END, 250, 0, "finished");
    kit_free(k);
}

static void a_release_is_a_stop_with_the_sounds_fade(void **state)
{
    (void)state;
    struct kit *k = one_kit(4);
    kit_play(k, 0, 0)->frames = 4;
    kit_command(k, 798, MIX_RELEASE, MIX_VOICE, 0);
    kit_command(k, 799, MIX_RELEASE, MIX_VOICE, 0);
    kit_run(k, 1600);
    kit_expect(k, 1, MIX_EVENT_RELEASE, 798, 0, NULL);
    kit_expect(k, 2, MIX_EVENT_IGNORE, 799, 0, "released");
    kit_expect(k, 3, MIX_EVENT_END, 802, 0, "faded");
    assert_int_equal(kit_left(k, 801), 6400);
    kit_free(k);
}

static void a_length_releases_once(void **state)
{
    (void)state;
    struct kit *k = one_kit(4);
    struct mix_command *c = kit_play(k, 0, 0);
    c->length = 1000;
    c->frames = 2000;
    kit_play(k, 0, 0)->length = 900;
    kit_command(k, 500, MIX_RELEASE, MIX_VOICE, 0);
    kit_run(k, 3200);
    kit_expect(k, 2, MIX_EVENT_RELEASE, 500, 0, NULL);
    kit_expect(k, 3, MIX_EVENT_RELEASE, 900, 1, NULL);
    kit_expect(k, 4, MIX_EVENT_END, 900, 1, "stopped");
    kit_expect(k, 5, MIX_EVENT_END, 2500, 0, "faded");
    assert_int_equal(kit_cost(k, 1)->audio_commands, 1);
    kit_free(k);
}

/* Without a gate the end of a length is nothing. */
static void a_length_needs_something_to_let_go(void **state)
{
    (void)state;
    struct kit *k = one_kit(4);
    uint32_t patch = kit_patch(k, kit_program(k, "(patch (output (osc.sine (freq 100))))"));
    kit_play(k, 0, patch)->length = 900;
    kit_run(k, 1600);
    assert_null(kit_event_at(k, 1));
    assert_int_equal(kit_cost(k, 1)->audio_commands, 0);
    kit_free(k);
}

/* A set_pitch moves the end; what was due before is forgotten. */
static void a_pitch_moves_the_end(void **state)
{
    (void)state;
    struct kit *k = one_kit(4);
    kit_play(k, 0, 1);
    kit_command(k, 10, MIX_SET_PITCH, MIX_VOICE, 0)->rate = MIX_RATE_ONE / 4;
    kit_command(k, 20, MIX_SET_PITCH, MIX_VOICE, 0)->rate = MIX_RATE_MOST;
    kit_run(k, 800);
    kit_expect(k, 3, MIX_EVENT_END, 21, 0, "finished");
    assert_null(kit_event_at(k, 4));
    kit_free(k);
}

/* ---- who is meant ---- */

static void names_mean_the_latest_play(void **state)
{
    (void)state;
    struct kit *k = one_kit(2);
    k->config.name_count = 3;
    k->config.policy = MIX_REFUSE;
    kit_command(k, 0, MIX_STOP, MIX_NAMED, 0);
    kit_play(k, 1, 0)->name = 0;
    kit_play(k, 2, 0)->name = 0;
    kit_command(k, 3, MIX_SET_VOLUME, MIX_NAMED, 0);
    kit_play(k, 4, 0)->name = 0;
    kit_command(k, 5, MIX_STOP, MIX_NAMED, 0);
    kit_command(k, 6, MIX_STOP, MIX_VOICE, 1);
    kit_play(k, 7, 0)->name = 1;
    kit_command(k, 8, MIX_STOP, MIX_NAMED, 1);
    kit_command(k, 9, MIX_STOP, MIX_NAMED, 1);
    kit_command(k, 9, MIX_IS_PLAYING, MIX_NAMED, 1);
    kit_command(k, 9, MIX_IS_PLAYING, MIX_VOICE, 0);
    kit_run(k, 800);
    kit_expect(k, 0, MIX_EVENT_IGNORE, 0, -1, "not played");
    kit_expect(k, 3, MIX_EVENT_COMMAND, 3, 1, NULL);
    kit_expect(k, 4, MIX_EVENT_REFUSE, 4, -1, NULL);
    kit_expect(k, 5, MIX_EVENT_IGNORE, 5, -1, "refused");
    kit_expect(k, 8, MIX_EVENT_END, 8, 1, "stopped");
    kit_expect(k, 9, MIX_EVENT_IGNORE, 9, -1, "ended");
    assert_false(kit_event_at(k, 10)->playing);
    assert_int_equal(kit_event_at(k, 10)->source, MIX_NONE);
    assert_true(kit_event_at(k, 11)->playing);
    assert_int_equal(kit_event_at(k, 11)->source, 0);
    kit_free(k);
}

/* A command for a sound that was stolen or cut does not reach what took its place. */
static void a_stolen_sound_is_out_of_reach(void **state)
{
    (void)state;
    struct kit *k = one_kit(1);
    uint64_t first = kit_play(k, 0, 0)->order;
    uint64_t second = kit_play(k, 1, 0)->order;
    kit_command(k, 2, MIX_STOP, MIX_SOUND, first);
    struct mix_command *c = kit_play(k, 3, 0);
    c->to = MIX_VOICE;
    kit_command(k, 4, MIX_STOP, MIX_SOUND, second);
    kit_command(k, 5, MIX_STOP, MIX_VOICE, 0);
    kit_run(k, 800);
    kit_expect(k, 1, MIX_EVENT_STEAL, 1, 0, NULL);
    kit_expect(k, 2, MIX_EVENT_PLAY, 1, 0, NULL);
    kit_expect(k, 3, MIX_EVENT_IGNORE, 2, -1, "ended");
    kit_expect(k, 4, MIX_EVENT_CUT, 3, 0, NULL);
    kit_expect(k, 6, MIX_EVENT_IGNORE, 4, -1, "ended");
    kit_expect(k, 7, MIX_EVENT_END, 5, 0, "stopped");
    kit_free(k);
}

static void what_a_source_lacks_is_ignored(void **state)
{
    (void)state;
    static const char *const names[] = {"pitch", "level"};
    struct kit *k = one_kit(4);
    k->config.params = names;
    k->config.param_count = 2;
    uint32_t patch = kit_patch(
        k, kit_program(k, "(patch (params (level (range 0 1) (default 1))) (output level))"));
    kit_bus(k, NULL, -1);
    struct mix_command *c = kit_play(k, 0, patch);
    uint64_t order = c->order;
    c->length = 100;
    c = kit_command(k, 0, MIX_SET, MIX_SOUND, order);
    c->part = 1; /* not told of */
    kit_play(k, 0, 0);
    kit_command(k, 1, MIX_SET_PITCH, MIX_VOICE, 0);
    kit_command(k, 2, MIX_RELEASE, MIX_VOICE, 0);
    kit_command(k, 3, MIX_SET, MIX_VOICE, 0);
    kit_command(k, 4, MIX_SET, MIX_VOICE, 1)->param = 1;
    kit_command(k, 5, MIX_SET, MIX_BUS, 0);
    kit_command(k, 6, MIX_SET, MIX_VOICE, 0)->param = 1;
    kit_run(k, 800);
    kit_expect(k, 2, MIX_EVENT_IGNORE, 1, 0, "no pitch");
    kit_expect(k, 3, MIX_EVENT_IGNORE, 2, 0, "no gate");
    kit_expect(k, 4, MIX_EVENT_IGNORE, 3, 0, "no parameter");
    kit_expect(k, 5, MIX_EVENT_IGNORE, 4, 1, "no parameter");
    kit_expect(k, 6, MIX_EVENT_IGNORE, 5, -1, "no parameter");
    kit_expect(k, 7, MIX_EVENT_COMMAND, 6, 0, NULL);
    kit_free(k);
}

/* Each program keeps those of the score's names that it has. */
static void names_are_found_in_every_program(void **state)
{
    (void)state;
    static const char *const names[] = {"nobody", "zinc", "gate", "copper", "nothing", "pitch"};
    static const char *const patches[] = {
        "(patch (params (zinc (default 1)) (copper (default 1))) (output (mix zinc copper)))",
        "(patch (params (iron (default 1)) (copper (default 1))) (output (mix iron copper)))",
        "(patch (params (iron (default 1))) (output (gain (env.adsr) (amp iron))))"};
    struct kit *k = one_kit(4);
    k->config.params = names;
    k->config.param_count = 6;
    for (unsigned i = 0; i < 3; i++) {
        struct rp_program *p = kit_program(k, patches[i]);
        kit_patch(k, p);
        kit_bus(k, p, -1);
    }
    kit_bus(k, NULL, -1);
    kit_start(k);
    for (uint32_t name = 0; name < 6; name++) {
        assert_int_equal(mix_param_of(&k->mixer->sources[0].params, name), -1);
        assert_int_equal(mix_param_of(&k->mixer->buses[3].params, name), -1);
        for (uint32_t i = 0; i < 3; i++) {
            int wanted = rp_param_find(k->buses[i].program, names[name]);
            assert_int_equal(mix_param_of(&k->mixer->sources[2 + i].params, name), wanted);
            assert_int_equal(mix_param_of(&k->mixer->buses[i].params, name), wanted);
        }
    }
    assert_int_equal(k->mixer->sources[2].params.count, 2);
    assert_int_equal(k->mixer->sources[3].params.count, 1);
    kit_free(k);
}

static void four_sends_and_no_more(void **state)
{
    (void)state;
    struct kit *k = one_kit(4);
    for (unsigned b = 0; b < 5; b++)
        kit_bus(k, NULL, -1);
    kit_play(k, 0, 0);
    for (unsigned b = 0; b < 5; b++) {
        struct mix_command *c = kit_command(k, 1, MIX_SEND, MIX_VOICE, 0);
        c->send_bus = (uint16_t)b;
        c->value = 255;
    }
    kit_command(k, 2, MIX_SEND, MIX_VOICE, 0)->send_bus = 2;
    struct mix_command *c = kit_command(k, 3, MIX_SEND, MIX_VOICE, 0); /* its place is kept */
    c->send_bus = 4;
    c->value = 255;
    c = kit_command(k, 4, MIX_SEND, MIX_VOICE, 0);
    c->send_bus = 2;
    c->value = 255;
    kit_run(k, 800);
    kit_expect(k, 5, MIX_EVENT_IGNORE, 1, 0, "too many sends");
    kit_expect(k, 7, MIX_EVENT_IGNORE, 3, 0, "too many sends");
    assert_int_equal(kit_left(k, 1), 5 * 25600);
    assert_int_equal(kit_left(k, 2), 4 * 25600);
    assert_int_equal(kit_left(k, 3), 4 * 25600);
    assert_int_equal(kit_left(k, 4), 5 * 25600);
    kit_free(k);
}

/* ---- policies ---- */

struct voice_row {
    uint8_t volume, priority;
};

/* Three voices, started in the order 1, 2, 0; then a play of `priority`. Returns the voice taken,
 * or -1. */
static int taken(enum mix_policy policy, const struct voice_row rows[3], uint8_t priority,
                 uint32_t ramp)
{
    static const unsigned order[] = {1, 2, 0};
    struct kit *k = one_kit(3);
    k->config.policy = policy;
    for (unsigned i = 0; i < 3; i++) {
        struct mix_command *c = kit_play(k, 10 * i, 0);
        c->to = MIX_VOICE;
        c->target = order[i];
        c->volume = rows[order[i]].volume;
        c->priority = rows[order[i]].priority;
    }
    if (ramp)
        kit_command(k, 100, MIX_SET_VOLUME, MIX_VOICE, 0)->frames = ramp;
    kit_play(k, 200, 0)->priority = priority;
    kit_run(k, 800);
    const struct mix_event *last = kit_event_at(k, ramp ? 4 : 3);
    assert_non_null(last);
    int voice = last->kind == MIX_EVENT_STEAL ? last->voice : -1;
    assert_int_equal(last->kind, voice < 0 ? MIX_EVENT_REFUSE : MIX_EVENT_STEAL);
    if (voice >= 0)
        kit_expect(k, ramp ? 5 : 4, MIX_EVENT_PLAY, 200, voice, NULL);
    kit_free(k);
    return voice;
}

static void policies_take_the_right_voice(void **state)
{
    (void)state;
    static const struct voice_row equal[3] = {{9, 5}, {9, 5}, {9, 5}};
    static const struct voice_row zero[3] = {{9, 3}, {9, 5}, {9, 5}};
    static const struct voice_row two_tie[3] = {{8, 4}, {9, 5}, {8, 4}};
    static const struct voice_row loud_old[3] = {{100, 0}, {255, 9}, {120, 9}};
    assert_int_equal(taken(MIX_STEAL_OLDEST, equal, 0, 0), 1);
    assert_int_equal(taken(MIX_STEAL_OLDEST, loud_old, 0, 0), 1);
    assert_int_equal(taken(MIX_STEAL_QUIETEST, equal, 0, 0), 1);
    assert_int_equal(taken(MIX_STEAL_QUIETEST, two_tie, 0, 0), 2);
    assert_int_equal(taken(MIX_STEAL_QUIETEST, loud_old, 0, 0), 0);
    assert_int_equal(taken(MIX_STEAL_LOWEST_PRIORITY, equal, 5, 0), 1);
    assert_int_equal(taken(MIX_STEAL_LOWEST_PRIORITY, equal, 4, 0), -1);
    assert_int_equal(taken(MIX_STEAL_LOWEST_PRIORITY, zero, 3, 0), 0);
    assert_int_equal(taken(MIX_STEAL_LOWEST_PRIORITY, zero, 2, 0), -1);
    assert_int_equal(taken(MIX_STEAL_LOWEST_PRIORITY, two_tie, 255, 0), 2);
    assert_int_equal(taken(MIX_REFUSE, equal, 255, 0), -1);
}

/* Voice 0 goes from 255 to 0: half way it is at 127.5, between the others. */
static void quietest_looks_into_the_ramp(void **state)
{
    (void)state;
    static const struct voice_row above[3] = {{255, 0}, {127, 0}, {200, 0}};
    static const struct voice_row below[3] = {{255, 0}, {128, 0}, {200, 0}};
    assert_int_equal(taken(MIX_STEAL_QUIETEST, above, 0, 200), 1);
    assert_int_equal(taken(MIX_STEAL_QUIETEST, below, 0, 200), 0);
}

/* What was stopped, cut or stolen is no longer old. */
static void age_is_that_of_the_sound(void **state)
{
    (void)state;
    static const int wanted[] = {2, 3, 1, 0, 2};
    struct kit *k = one_kit(4);
    for (unsigned i = 0; i < 4; i++)
        kit_play(k, 0, 0);
    kit_command(k, 1, MIX_STOP, MIX_VOICE, 1);
    kit_play(k, 2, 0); /* in voice 1 */
    kit_play(k, 3, 0)->to = MIX_VOICE;
    for (unsigned i = 0; i < 5; i++)
        kit_play(k, 4 + i, 0);
    kit_run(k, 800);
    for (unsigned i = 0; i < 5; i++)
        kit_expect(k, 8 + 2 * i, MIX_EVENT_STEAL, 4 + i, wanted[i], NULL);
    kit_free(k);
}

static void the_lowest_idle_voice_is_taken_first(void **state)
{
    (void)state;
    struct kit *k = one_kit(130);
    for (unsigned i = 0; i < 130; i++)
        kit_play(k, 0, 0);
    kit_command(k, 1, MIX_STOP, MIX_VOICE, 129);
    kit_command(k, 1, MIX_STOP, MIX_VOICE, 70);
    kit_play(k, 2, 0);
    kit_play(k, 2, 0);
    kit_run(k, 800);
    kit_expect(k, 129, MIX_EVENT_PLAY, 0, 129, NULL);
    kit_expect(k, 132, MIX_EVENT_PLAY, 2, 70, NULL);
    kit_expect(k, 133, MIX_EVENT_PLAY, 2, 129, NULL);
    kit_free(k);
}

/* Taken again on the frame it began, a sound is never heard, nor paid for. */
static void a_sound_may_have_no_frame(void **state)
{
    (void)state;
    struct kit *k = one_kit(1);
    kit_play(k, 5, 1);
    kit_play(k, 5, 0);
    kit_run(k, 800);
    assert_int_equal(kit_left(k, 5), 25600);
    assert_int_equal(kit_cost(k, 0)->mix_cycles, 20 + 2 * 5 + 24);
    kit_free(k);
}

static void serials_count_plays_of_the_source(void **state)
{
    (void)state;
    static const uint64_t wanted[] = {0, 0, 77, 2, 3, 1};
    struct kit *k = one_kit(2);
    k->config.policy = MIX_REFUSE;
    kit_play(k, 0, 0);
    kit_play(k, 0, 1);
    kit_play(k, 1, 0)->serial = 77; /* refused, counted */
    kit_play(k, 2, 0);              /* refused, counted */
    kit_command(k, 3, MIX_STOP, MIX_VOICE, 0);
    kit_play(k, 4, 0);
    kit_play(k, 60, 1);
    kit_run(k, 800);
    size_t n = 0;
    for (size_t i = 0; i < k->event_count; i++)
        if (k->events[i].kind == MIX_EVENT_PLAY || k->events[i].kind == MIX_EVENT_REFUSE)
            assert_int_equal(k->events[i].serial, wanted[n++]);
    assert_int_equal(n, 6);
    kit_free(k);
}

/* ---- what goes on ---- */

static void endless_is_what_no_one_ends(void **state)
{
    (void)state;
    struct kit *k = one_kit(8);
    kit_loop(k, 0, 0, 100);
    uint32_t patch = kit_patch(k, kit_program(k, "(patch (output (gain (env.adsr) (amp 0))))"));
    struct mix_output out;
    struct mix_endless endless;
    kit_play(k, 0, 0)->length = 800;
    kit_play(k, 0, 1);
    kit_play(k, 0, patch)->length = 3000;
    kit_play(k, 10, 0);
    kit_play(k, 10, patch);
    kit_command(k, 900, MIX_STOP, MIX_VOICE, 3)->frames = 100;
    kit_command(k, 2000, MIX_RELEASE, MIX_VOICE, 4);
    kit_start(k);
    assert_int_equal(mixer_sounding(k->mixer), 0);
    kit_tick(k, 0, MIX_TICK, &out);
    assert_int_equal(mixer_sounding(k->mixer), 3); /* voice 0 ends on the next frame */
    assert_true(mixer_endless(k->mixer, &endless));
    assert_int_equal(endless.voice, 3);
    assert_int_equal(endless.source, 0);
    kit_tick(k, 800, MIX_TICK, &out);
    assert_true(mixer_endless(k->mixer, &endless));
    assert_int_equal(endless.voice, 4);
    assert_int_equal(endless.source, 2);
    kit_tick(k, 1600, MIX_TICK, &out);
    assert_false(mixer_endless(k->mixer, &endless));
    kit_free(k);
}

/* ---- cost ---- */

static void prometeus_example_costs_410(void **state)
{
    (void)state;
    struct kit *k = one_kit(16);
    for (unsigned i = 0; i < 9; i++)
        kit_play(k, i * 80, 0)->rate = MIX_RATE_ONE / 2;
    for (unsigned i = 0; i < 6; i++)
        kit_command(k, 900 + i, MIX_SET_PAN, MIX_VOICE, i);
    kit_run(k, 1600);
    assert_int_equal(kit_cost(k, 1)->voices_active, 9);
    assert_int_equal(kit_cost(k, 1)->audio_commands, 6);
    assert_int_equal(kit_cost(k, 1)->mix_cycles, 410);
    assert_false(kit_cost(k, 1)->over);
    kit_free(k);
}

static void cost_knows_patches_and_buses(void **state)
{
    (void)state;
    struct kit *k = one_kit(16);
    struct rp_program *p = kit_program(k, "(patch (output (osc.sine (freq 100))))");
    struct rp_program *effect =
        kit_program(k, "(patch (output (delay.feedback (input.mono) (time 5ms))))");
    assert_int_equal(rp_cost(p), 23);
    kit_bus(k, NULL, -1);
    kit_bus(k, effect, -1);
    kit_play(k, 0, kit_patch(k, p));
    struct mix_command *c = kit_play(k, 0, 0); /* interpolates from frame 400 on */
    c->to = MIX_VOICE;
    c->target = 9;
    c = kit_command(k, 400, MIX_SET_PITCH, MIX_VOICE, 9);
    c->rate = MIX_RATE_ONE / 2;
    kit_run(k, 800);
    assert_int_equal(kit_cost(k, 0)->mix_cycles,
                     20 + 15 + 12 + 12 + rp_cost(effect) + (24 + 23) + (24 + 16));
    kit_free(k);
}

/* A rate of 1.0 from a whole place never interpolates; the first frame with a fraction pays. */
static void interpolation_is_a_fraction_on_any_frame(void **state)
{
    (void)state;
    static const struct {
        uint64_t frame;
        uint64_t cycles;
    } rows[] = {{798, 24 + 16}, {799, 24}};
    for (unsigned i = 0; i < 2; i++) {
        struct kit *k = one_kit(1);
        kit_play(k, 0, 0);
        kit_command(k, rows[i].frame, MIX_SET_PITCH, MIX_VOICE, 0)->rate = MIX_RATE_ONE / 2;
        kit_run(k, 1600);
        assert_int_equal(kit_cost(k, 0)->mix_cycles, 20 + 10 + rows[i].cycles);
        assert_int_equal(kit_cost(k, 1)->mix_cycles, 20 + 24 + 16);
        kit_free(k);
    }
}

static void a_budget_blames_a_voice(void **state)
{
    (void)state;
    static const struct {
        uint64_t budget;
        bool over;
        int blame;
    } rows[] = {{0, false, -1},          {20 + 15 + 72, false, -1}, {20 + 15 + 71, true, 5},
                {20 + 15 + 48, true, 5}, {20 + 15 + 47, true, 3},   {20 + 15 + 23, true, 1},
                {20 + 15, true, 1},      {20 + 14, true, -1}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct kit *k = one_kit(16);
        k->config.budget = rows[i].budget;
        for (unsigned v = 0; v < 3; v++) {
            struct mix_command *c = kit_play(k, 0, 0);
            c->to = MIX_VOICE;
            c->target = 5 - 2 * v;
        }
        kit_run(k, 800);
        assert_int_equal(kit_cost(k, 0)->over, rows[i].over);
        assert_int_equal(kit_cost(k, 0)->blame, rows[i].blame);
        kit_free(k);
    }
}

/* ---- threads ---- */

/* In place of the system's: none starts. */
int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*work)(void *),
                   void *context)
{
    (void)thread;
    (void)attributes;
    (void)work;
    (void)context;
    return EAGAIN;
}

static void threads_that_do_not_start_are_told_of(void **state)
{
    (void)state;
    struct kit *k = one_kit(4);
    char wanted[200];
    snprintf(wanted, sizeof wanted, "cannot start 3 threads: %s", strerror(EAGAIN));
    k->config.threads = 4;
    assert_null(mixer_new(&k->config, &k->error));
    assert_int_equal(k->error.status, RENDER_TROUBLE);
    assert_string_equal(k->error.text, wanted);
    kit_free(k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_end_makes_room_on_its_frame),
        cmocka_unit_test(ends_come_before_releases_before_commands),
        cmocka_unit_test(the_cost_comes_last),
        cmocka_unit_test(a_stop_is_sample_accurate),
        cmocka_unit_test(a_fade_of_a_frame_is_a_fade),
        cmocka_unit_test(the_earliest_of_several_ends_counts),
        cmocka_unit_test(a_release_is_a_stop_with_the_sounds_fade),
        cmocka_unit_test(a_length_releases_once),
        cmocka_unit_test(a_length_needs_something_to_let_go),
        cmocka_unit_test(a_pitch_moves_the_end),
        cmocka_unit_test(names_mean_the_latest_play),
        cmocka_unit_test(a_stolen_sound_is_out_of_reach),
        cmocka_unit_test(what_a_source_lacks_is_ignored),
        cmocka_unit_test(names_are_found_in_every_program),
        cmocka_unit_test(four_sends_and_no_more),
        cmocka_unit_test(policies_take_the_right_voice),
        cmocka_unit_test(quietest_looks_into_the_ramp),
        cmocka_unit_test(age_is_that_of_the_sound),
        cmocka_unit_test(the_lowest_idle_voice_is_taken_first),
        cmocka_unit_test(a_sound_may_have_no_frame),
        cmocka_unit_test(serials_count_plays_of_the_source),
        cmocka_unit_test(endless_is_what_no_one_ends),
        cmocka_unit_test(prometeus_example_costs_410),
        cmocka_unit_test(cost_knows_patches_and_buses),
        cmocka_unit_test(interpolation_is_a_fraction_on_any_frame),
        cmocka_unit_test(a_budget_blames_a_voice),
        cmocka_unit_test(threads_that_do_not_start_are_told_of),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
