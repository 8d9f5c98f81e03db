/* test_mixer_sound.c - docs/mixer.md sections 3, 6 and 7 by hand: gains, interpolation, loops,
 * ramps, silence, buses, values that are no numbers. Units are 2^-23. */
#include "tests/render/test_mixer_kit.h"
#include <math.h>

enum { HALF = 16384, UNITS = 256 * HALF };

static void assert_left(const struct kit *k, unsigned first, const int64_t *wanted, unsigned count)
{
    assert_int_equal(k->status, RENDER_OK);
    for (unsigned i = 0; i < count; i++)
        if (kit_left(k, first + i) != wanted[i])
            fail_msg("frame %u: %lld, wanted %lld", first + i, (long long)kit_left(k, first + i),
                     (long long)wanted[i]);
}
#define ASSERT_LEFT(k, first, ...)                                                                 \
    do {                                                                                           \
        const int64_t wanted_[] = {__VA_ARGS__};                                                   \
        assert_left(k, first, wanted_, sizeof wanted_ / sizeof *wanted_);                          \
    } while (0)

/* ---- gains ---- */

static void pan_has_constant_power(void **state)
{
    (void)state;
    static const struct {
        uint8_t volume, pan;
        int64_t left, right;
    } rows[] = {
        {255, 0, UNITS, 0},
        {255, 255, 0, UNITS}, /* 1 at the ends */
        {255, 127, 2965821, 2965821},
        {255, 128, 2965821, 2965821}, /* sqrt(1/2) */
        {128, 0, 2105376, 0},         /* 128/255 is 8421505 2^-24 */
        {0, 128, 0, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct kit *k = kit_new(16);
        struct mix_command *c = kit_play(k, 0, kit_constant(k, HALF, 10));
        c->volume = rows[i].volume;
        c->pan = rows[i].pan;
        kit_run(k, 100);
        assert_int_equal(kit_left(k, 5), rows[i].left);
        assert_int_equal(kit_right(k, 5), rows[i].right);
        kit_free(k);
    }
}

static void the_middle_of_pan_is_flat(void **state)
{
    (void)state;
    struct mix_gains middle = mix_gains(255.0f, 127.0f, false);
    struct mix_gains between = mix_gains(255.0f, 127.5f, false);
    assert_memory_equal(&middle, &between, sizeof middle);
    assert_true(mix_gains(255.0f, 129.0f, false).right > middle.right);
}

static void a_bus_balances(void **state)
{
    (void)state;
    static const struct {
        uint8_t pan;
        float left, right;
    } rows[] = {{0, 1, 0},   {64, 1, 64.0f / 127},  {127, 1, 1},
                {128, 1, 1}, {192, 63.0f / 127, 1}, {255, 0, 1}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct mix_gains g = mix_gains(255.0f, rows[i].pan, true);
        assert_true(g.left == rows[i].left && g.right == rows[i].right);
    }
}

static void roots_are_rounded_right(void **state)
{
    (void)state;
    uint32_t random = 1;
    for (unsigned i = 0; i < 1000000; i++) {
        random = random * 1664525u + 1013904223u;
        uint32_t bits = 0x00800000u + random % 0x4e800000u; /* up to 2^31 */
        float x;
        memcpy(&x, &bits, sizeof x);
        if (i < 256 * 256)
            x = ((float)(i / 256) + (float)(i % 256) / 256.0f) / 254.0f;
        assert_true(mix_sqrt_integer(x) == sqrtf(x));
        assert_true(mix_sqrt(x) == sqrtf(x));
    }
}

/* ---- a sample's signal ---- */

static const int16_t steps[] = {0, 100, 200};

static struct kit *play_sample(const int16_t *x, uint32_t length, int64_t rate, uint32_t start,
                               uint32_t end)
{
    struct kit *k = kit_new(16);
    uint32_t source = kit_sample(k, x, length, 48000);
    if (end)
        kit_loop(k, source, start, end);
    kit_play(k, 0, source)->rate = rate;
    kit_run(k, 100);
    return k;
}

static void between_frames_the_signal_is_a_line(void **state)
{
    (void)state;
    static const int16_t x[] = {0, 1000, -32768, 32767};
    struct kit *k = play_sample(x, 4, MIX_RATE_ONE / 2, 0, 0);
    ASSERT_LEFT(k, 0, 0, 128000, 256000, -4066304, -8388608, -128, 8388352, 4194176, 0, 0);
    kit_free(k);
    k = play_sample(x, 4, MIX_RATE_ONE / 2, 1, 4); /* its end leads to its start */
    ASSERT_LEFT(k, 6, 8388352, 4322176, 256000, -4066304);
    kit_free(k);
}

static void weights_have_15_bits_and_floor(void **state)
{
    (void)state;
    static const int16_t x[] = {0, -1};
    struct kit *k = play_sample(x, 2, 1 << 17, 0, 0); /* w = 1 on frame 1 */
    ASSERT_LEFT(k, 0, 0, -1, -1);
    kit_free(k);
    k = play_sample(x, 2, (1 << 17) - 1, 0, 0); /* w is 0 still */
    ASSERT_LEFT(k, 0, 0, 0, -1);
    kit_free(k);
}

static void a_loop_keeps_the_fraction(void **state)
{
    (void)state;
    struct kit *k = play_sample(steps, 3, MIX_RATE_ONE * 5 / 4, 0, 3);
    /* at 0, 1.25, 2.5, 0.75, 2, 0.25 */
    ASSERT_LEFT(k, 0, 0, 32000, 25600, 19200, 51200, 6400);
    kit_free(k);
}

static void a_rate_above_the_loop_goes_round_more_than_once(void **state)
{
    (void)state;
    struct kit *k = play_sample(steps, 3, 7 * MIX_RATE_ONE, 0, 3);
    ASSERT_LEFT(k, 0, 0, 25600, 51200, 0, 25600, 51200);
    kit_free(k);
    k = play_sample(steps, 3, -7 * MIX_RATE_ONE, 0, 3);
    ASSERT_LEFT(k, 0, 51200, 25600, 0, 51200, 25600, 0);
    kit_free(k);
}

static void a_negative_rate_plays_backwards(void **state)
{
    (void)state;
    struct kit *k = play_sample(steps, 3, -MIX_RATE_ONE, 0, 0);
    ASSERT_LEFT(k, 0, 51200, 25600, 0, 0);
    kit_expect(k, 1, MIX_EVENT_END, 3, 0, "finished");
    kit_free(k);
    k = play_sample(steps, 3, -MIX_RATE_ONE / 2, 0, 0);
    ASSERT_LEFT(k, 0, 51200, 38400, 25600, 12800, 0);
    kit_expect(k, 1, MIX_EVENT_END, 5, 0, "finished");
    kit_free(k);
    k = play_sample(steps, 3, -MIX_RATE_ONE, 1, 3);
    ASSERT_LEFT(k, 0, 51200, 25600, 51200, 25600);
    kit_free(k);
}

/* What follows the loop is never reached, what precedes it is played once. */
static void a_sound_enters_its_loop_from_outside(void **state)
{
    (void)state;
    static const int16_t x[] = {1, 2, 3, 4, 5};
    struct kit *k = play_sample(x, 5, MIX_RATE_ONE, 2, 4);
    ASSERT_LEFT(k, 0, 256, 512, 768, 1024, 768, 1024, 768);
    kit_free(k);
}

static void steps_are_rounded_as_written(void **state)
{
    (void)state;
    assert_int_equal(mix_step(MIX_RATE_ONE, 48000), MIX_RATE_ONE);
    assert_int_equal(mix_step(MIX_RATE_ONE, 44100), 3946001203); /* .2 below .5 */
    assert_int_equal(mix_step(-MIX_RATE_ONE, 44100), -3946001203);
    assert_int_equal(mix_step(3, 24000), 2);   /* 1.5 up */
    assert_int_equal(mix_step(-3, 24000), -1); /* -1.5 up */
    assert_int_equal(mix_step(1, 1), 1);
    assert_int_equal(mix_step(-1, 1), -1);
    assert_int_equal(mix_step(MIX_RATE_MOST, 768000), INT64_C(16384) << 32);
}

/* The longest sample there may be, without having one. */
static void heads_do_not_overflow(void **state)
{
    (void)state;
    struct mix_head h = {.pos = INT64_C(0x7ffffffe) << 32, .step = INT64_C(16384) << 32};
    assert_int_equal(mix_head_left(&h, INT32_MAX), 1);
    h = (struct mix_head){.pos = INT64_C(0x7ffffffe) << 32,
                          .step = INT64_C(16384) << 32,
                          .loop = true,
                          .loop_start = 5,
                          .loop_end = INT32_MAX};
    mix_head_advance(&h, 800);
    assert_int_equal(h.pos, (5 + INT64_C(800) * 16384 - 1) * MIX_RATE_ONE);
    h = (struct mix_head){.step = 1};
    assert_int_equal(mix_head_left(&h, INT32_MAX), UINT64_C(0x7fffffff) << 32);
}

static void set_pitch_keeps_the_place(void **state)
{
    (void)state;
    static const int16_t x[] = {0, 10, 20, 30, 40, 50};
    struct kit *k = kit_new(16);
    kit_play(k, 0, kit_sample(k, x, 6, 48000));
    kit_command(k, 2, MIX_SET_PITCH, MIX_VOICE, 0)->rate = MIX_RATE_ONE / 2;
    kit_command(k, 4, MIX_SET_PITCH, MIX_VOICE, 0)->rate = -MIX_RATE_ONE;
    kit_run(k, 100);
    ASSERT_LEFT(k, 0, 0, 2560, 5120, 6400, 7680, 5120, 2560, 0, 0);
    kit_expect(k, 3, MIX_EVENT_END, 8, 0, "finished");
    kit_free(k);
}

/* ---- ramps ---- */

static void a_ramp_is_exact_on_every_frame(void **state)
{
    (void)state;
    struct kit *k = kit_new(16);
    kit_play(k, 0, kit_constant(k, HALF, 2000));
    kit_command(k, 10, MIX_SET_VOLUME, MIX_VOICE, 0)->frames = 4;
    struct mix_command *c = kit_command(k, 802, MIX_SET_VOLUME, MIX_VOICE, 0);
    c->value = 255;
    c->frames = 4;
    kit_command(k, 804, MIX_SET_VOLUME, MIX_VOICE, 0)->frames = 2; /* from the middle */
    kit_command(k, 810, MIX_SET_VOLUME, MIX_VOICE, 0)->value = 255;
    kit_run(k, 1600);
    ASSERT_LEFT(k, 9, UNITS, UNITS, UNITS / 4 * 3, UNITS / 2, UNITS / 4, 0, 0);
    ASSERT_LEFT(k, 802, 0, UNITS / 4, UNITS / 2, UNITS / 4, 0, 0, 0, 0, UNITS);
    kit_free(k);
}

static void pan_ramps_too(void **state)
{
    (void)state;
    struct kit *k = kit_new(16);
    kit_play(k, 0, kit_constant(k, HALF, 2000));
    struct mix_command *c = kit_command(k, 798, MIX_SET_PAN, MIX_VOICE, 0);
    c->value = 127;
    c->frames = 4; /* across the tick's end */
    kit_run(k, 1600);
    for (unsigned i = 0; i < 6; i++) {
        float q = i < 4 ? 127.0f * (float)i / 4.0f : 127.0f;
        assert_int_equal(kit_left(k, 798 + i),
                         (int64_t)rintf((float)UNITS * sqrtf((254.0f - q) / 254.0f)));
        assert_int_equal(kit_right(k, 798 + i), (int64_t)rintf((float)UNITS * sqrtf(q / 254.0f)));
    }
    kit_free(k);
}

/* ---- patches ---- */

static void a_patch_is_held_within_two(void **state)
{
    (void)state;
    struct kit *k = kit_new(16);
    struct rp_program *p = kit_program(
        k, "(patch (params (x (range -9 9) (default 3))) (output (left x) (right (gain x (amp "
           "-0.25)))))");
    kit_play(k, 0, kit_patch(k, p))->pan = 128;
    kit_run(k, 100);
    assert_int_equal(kit_left(k, 50), 16777216);
    assert_int_equal(kit_right(k, 50), -6291456);
    kit_free(k);
}

static const char with_gate[] =
    "(patch (params (level (range 0 1) (default 0)))"
    " (output (mix level (gain (env.adsr (attack 0s) (decay 0s) (sustain 0%) (release 0s))"
    " (amp 0)))))";
static const char without_gate[] =
    "(patch (params (level (range 0 1) (default 0))) (output level))";
static const char *const level_name[] = {"level"};

static struct kit *quiet_kit(const char *text, uint32_t tail)
{
    struct kit *k = kit_new(16);
    uint32_t source = kit_patch(k, kit_program(k, text));
    k->sources[source].tail = tail;
    k->config.params = level_name;
    k->config.param_count = 1;
    return k;
}

static void silence_ends_a_patch_without_gate(void **state)
{
    (void)state;
    static const struct {
        uint64_t begin;
        uint32_t tail;
        uint64_t end;
    } rows[] = {{0, 15, 12000}, {1, 15, 12800}, {0, 1, 800}, {800, 2, 2400}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct kit *k = quiet_kit(without_gate, rows[i].tail);
        kit_play(k, rows[i].begin, 0);
        kit_run(k, 16000);
        kit_expect(k, 1, MIX_EVENT_END, rows[i].end, 0, "silent");
        kit_free(k);
    }
}

static void silence_waits_for_the_release(void **state)
{
    (void)state;
    static const struct {
        uint64_t release, end;
    } rows[] = {{800, 2400}, {801, 3200}, {1599, 3200}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct kit *k = quiet_kit(with_gate, 2);
        assert_true(k->sources[0].gate >= 0);
        kit_play(k, 0, 0);
        kit_command(k, rows[i].release, MIX_RELEASE, MIX_VOICE, 0);
        kit_run(k, 8000);
        kit_expect(k, 1, MIX_EVENT_RELEASE, rows[i].release, 0, NULL);
        kit_expect(k, 2, MIX_EVENT_END, rows[i].end, 0, "silent");
        kit_free(k);
    }
}

/* 2^-15 is loud, less is not; one loud sample begins the count anew. */
static void silence_is_below_a_threshold(void **state)
{
    (void)state;
    for (unsigned loud = 0; loud < 2; loud++) {
        struct kit *k = quiet_kit(without_gate, 2);
        kit_play(k, 0, 0);
        kit_command(k, 1599, MIX_SET, MIX_VOICE, 0)->number = loud ? 0x1p-15f : 0x1.fffffep-16f;
        kit_command(k, 1600, MIX_SET, MIX_VOICE, 0);
        kit_run(k, 8000);
        kit_expect(k, loud ? 3 : 2, MIX_EVENT_END, loud ? 3200 : 1600, 0, "silent");
        kit_free(k);
    }
}

static void pitch_is_relative_to_the_note(void **state)
{
    (void)state;
    struct kit *k = kit_new(16);
    static const char *const names[] = {"pitch"};
    uint32_t source =
        kit_patch(k, kit_program(k, "(patch (params (pitch (unit hz) (range 0 8000) (default 100)))"
                                    " (output (gain pitch (amp 0.0001220703125))))")); /* / 8192 */
    k->config.params = names;
    k->config.param_count = 1;
    kit_play(k, 0, source)->rate = 2 * MIX_RATE_ONE;
    struct mix_command *c = kit_play(k, 10, source);
    uint64_t order = c->order;
    c->to = MIX_VOICE;
    c->rate = 2 * MIX_RATE_ONE;
    c->number = 300.0f;
    c = kit_command(k, 10, MIX_SET, MIX_SOUND, order); /* before the play's rate */
    c->part = 1;
    c->number = 300.0f;
    kit_command(k, 20, MIX_SET_PITCH, MIX_VOICE, 0)->rate = MIX_RATE_ONE / 4;
    kit_run(k, 100);
    assert_int_equal(k->status, RENDER_OK);
    float gain = mix_gains(255.0f, 0.0f, false).left;
    assert_true(gain == 1.0f);
    assert_int_equal(kit_left(k, 5), 200 * 1024);
    assert_int_equal(kit_left(k, 15), 600 * 1024);
    assert_int_equal(kit_left(k, 25), 75 * 1024);
    kit_free(k);
}

/* 0 is a pitch like others; only MIX_NO_BASE is none. */
static void a_base_of_0_stays_0(void **state)
{
    (void)state;
    static const float bases[] = {MIX_NO_BASE, 0.0f, 50.0f};
    static const int64_t wanted[] = {200 * 1024, 0, 100 * 1024};
    for (unsigned i = 0; i < 3; i++) {
        struct kit *k = kit_new(16);
        uint32_t source = kit_patch(
            k, kit_program(k, "(patch (params (pitch (unit hz) (range 0 8000) (default 100)))"
                              " (output (gain pitch (amp 0.0001220703125))))")); /* / 8192 */
        struct mix_command *c = kit_play(k, 0, source);
        c->rate = 2 * MIX_RATE_ONE;
        c->number = bases[i];
        kit_run(k, 100);
        assert_int_equal(kit_left(k, 5), wanted[i]);
        kit_free(k);
    }
}

/* ---- no numbers ---- */

static const char divides[] = "(patch (params (level (range 0 1) (default 1)))"
                              " (def ratio (math.div (osc.sine (freq 100)) (b level)))"
                              " (output ratio))";

static void a_value_that_is_no_number_is_named(void **state)
{
    (void)state;
    static const unsigned lanes[] = {0, 16};
    for (unsigned i = 0; i < 4; i++) {
        struct kit *k = quiet_kit(divides, 15);
        struct mix_output out;
        kit_play(k, 700, 0);
        kit_play(k, 700, 0);
        kit_command(k, 900, MIX_SET, MIX_VOICE, 1);
        k->config.lanes = lanes[i % 2];
        k->config.check = i >= 2;
        k->config.check_from = 800;
        kit_start(k);
        assert_int_equal(kit_tick(k, 0, MIX_TICK, &out), RENDER_OK);
        assert_int_equal(kit_tick(k, 800, MIX_TICK, &out), RENDER_WRONG);
        assert_string_equal(
            k->error.text,
            i < 2
                ? "source 'patch': node 'output' gives inf or NaN at frame 900 (0.019 s) in voice "
                  "1, frame 200 of the sound"
                : "source 'patch': node 'ratio' gives inf or NaN at frame 900 (0.019 s) in voice "
                  "1, frame 200 of the sound");
        kit_free(k);
    }
}

static void what_is_not_heard_may_be_no_number(void **state)
{
    (void)state;
    struct kit *k = quiet_kit(divides, 15);
    kit_play(k, 0, 0);
    kit_play(k, 0, 0);
    kit_command(k, 500, MIX_STOP, MIX_VOICE, 1);
    struct mix_command *c = kit_play(k, 600, 0);
    uint64_t order = c->order;
    c = kit_command(k, 600, MIX_SET, MIX_SOUND, order);
    c->part = 1; /* level 0: infinite from its first frame on, which is none */
    kit_command(k, 600, MIX_STOP, MIX_SOUND, order);
    kit_run(k, 2400);
    assert_int_equal(k->status, RENDER_OK);
    kit_free(k);
}

static void a_bus_that_gives_no_number_is_named(void **state)
{
    (void)state;
    struct kit *k = kit_new(16);
    struct rp_program *p = kit_program(k, "(patch (params (level (range 0 1) (default 1)))"
                                          " (def ratio (math.div (input.mono) (b level)))"
                                          " (output ratio))");
    kit_play(k, 0, kit_constant(k, HALF, 2000))->bus = (int32_t)kit_bus(k, p, -1);
    kit_command(k, 900, MIX_SET, MIX_BUS, 0);
    k->config.params = level_name;
    k->config.param_count = 1;
    k->config.check = true;
    kit_run(k, 1600);
    assert_int_equal(k->status, RENDER_WRONG);
    assert_string_equal(k->error.text,
                        "bus 'bus': node 'ratio' gives inf or NaN at frame 900 (0.019 s)");
    kit_free(k);
}

/* ---- buses ---- */

static void a_send_is_rounded_by_itself(void **state)
{
    (void)state;
    struct kit *k = kit_new(16);
    static const int16_t x[] = {1, 3, -1, 200};
    uint64_t order = kit_play(k, 0, kit_sample(k, x, 4, 48000))->order;
    kit_bus(k, NULL, -1);
    struct mix_command *c = kit_command(k, 0, MIX_SEND, MIX_SOUND, order);
    c->part = 1;
    c->value = 51; /* a fifth: 51.2, 153.6, -51.2, 10240 */
    kit_run(k, 100);
    ASSERT_LEFT(k, 0, 256 + 51, 768 + 154, -256 - 51, 51200 + 10240, 0);
    kit_free(k);
}

/* A place is kept for it, but the way to the mix is as short as without: the contributions are
 * nowhere by themselves. */
static void sends_of_nothing_cost_nothing(void **state)
{
    (void)state;
    for (uint8_t amount = 0; amount < 2; amount++) {
        struct kit *k = kit_new(16);
        struct mix_output out;
        kit_play(k, 0, kit_constant(k, HALF, 2000));
        kit_bus(k, NULL, -1);
        kit_bus(k, NULL, -1);
        kit_command(k, 0, MIX_SEND, MIX_VOICE, 0);
        struct mix_command *c = kit_command(k, 0, MIX_SEND, MIX_VOICE, 0);
        c->send_bus = 1;
        c->value = amount;
        kit_start(k);
        k->mixer->workers[0].left[700] = 12345;
        assert_int_equal(kit_tick(k, 0, MIX_TICK, &out), RENDER_OK);
        assert_int_equal(out.mix[1400], UNITS + (amount ? 16448 : 0)); /* UNITS / 255 */
        if (amount == 0)
            assert_int_equal(k->mixer->workers[0].left[700], 12345);
        else
            assert_int_equal(k->mixer->workers[0].left[700], UNITS);
        kit_free(k);
    }
}

static void buses_run_in_ascending_order(void **state)
{
    (void)state;
    struct kit *k = kit_new(16);
    kit_play(k, 0, kit_constant(k, HALF, 2000))->bus = 0;
    kit_bus(k, NULL, 2);
    kit_bus(k, NULL, -1);
    kit_bus(k, NULL, -1);
    k->buses[0].volume = 51; /* a fifth */
    struct mix_command *c = kit_command(k, 10, MIX_SET_VOLUME, MIX_BUS, 2);
    c->frames = 4;
    kit_command(k, 20, MIX_SET_PAN, MIX_BUS, 2)->value = 255;
    kit_run(k, 100);
    int64_t fifth = (int64_t)rintf((float)UNITS * (51.0f / 255.0f));
    ASSERT_LEFT(k, 9, fifth, fifth, (int64_t)rintf((float)fifth * 0.75f),
                (int64_t)rintf((float)fifth * 0.5f));
    ASSERT_LEFT(k, 14, 0, 0);
    kit_free(k);
}

static void a_bus_without_effect_is_held_within_two(void **state)
{
    (void)state;
    struct kit *k = kit_new(16);
    kit_bus(k, NULL, -1);
    for (unsigned i = 0; i < 3; i++)
        kit_play(k, 0, 0)->bus = 0;
    kit_constant(k, -32768, 100);
    kit_run(k, 100);
    ASSERT_LEFT(k, 5, -16777216);
    kit_free(k);
}

static void effects_hear_one_channel_or_two(void **state)
{
    (void)state;
    static const char *const effects[] = {
        "(patch (output (input.mono)))",
        "(patch (def in (input)) (output (left in.right) (right in.left)))"};
    for (unsigned i = 0; i < 2; i++) {
        struct kit *k = kit_new(16);
        uint32_t source = kit_constant(k, HALF, 2000);
        kit_bus(k, kit_program(k, effects[i]), -1);
        kit_play(k, 0, source)->bus = 0; /* all left */
        kit_run(k, 1600);
        assert_int_equal(kit_left(k, 1000), i == 0 ? UNITS / 2 : 0);
        assert_int_equal(kit_right(k, 1000), i == 0 ? UNITS / 2 : UNITS);
        kit_free(k);
    }
}

static void an_effect_rings_on(void **state)
{
    (void)state;
    struct kit *k = kit_new(16);
    uint32_t source = kit_constant(k, HALF, 10);
    kit_bus(k, kit_program(k, "(patch (output (delay.feedback (input.mono) (time 100ms))))"), -1);
    struct mix_command *c = kit_play(k, 100, source);
    c->bus = 0;
    kit_run(k, 8000);
    ASSERT_LEFT(k, 4899, 0, UNITS / 2);
    ASSERT_LEFT(k, 4909, UNITS / 2, 0);
    kit_free(k);
}

static void sums_are_exact(void **state)
{
    (void)state;
    struct kit *k = kit_new(1000);
    kit_constant(k, -32768, 1000);
    for (unsigned i = 0; i < 1000; i++)
        kit_play(k, 0, 0);
    k->config.threads = 3;
    kit_run(k, 1600);
    ASSERT_LEFT(k, 500, INT64_C(-8388608) * 1000);
    ASSERT_LEFT(k, 999, INT64_C(-8388608) * 1000, 0);
    kit_free(k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pan_has_constant_power),
        cmocka_unit_test(the_middle_of_pan_is_flat),
        cmocka_unit_test(a_bus_balances),
        cmocka_unit_test(roots_are_rounded_right),
        cmocka_unit_test(between_frames_the_signal_is_a_line),
        cmocka_unit_test(weights_have_15_bits_and_floor),
        cmocka_unit_test(a_loop_keeps_the_fraction),
        cmocka_unit_test(a_rate_above_the_loop_goes_round_more_than_once),
        cmocka_unit_test(a_negative_rate_plays_backwards),
        cmocka_unit_test(a_sound_enters_its_loop_from_outside),
        cmocka_unit_test(steps_are_rounded_as_written),
        cmocka_unit_test(heads_do_not_overflow),
        cmocka_unit_test(set_pitch_keeps_the_place),
        cmocka_unit_test(a_ramp_is_exact_on_every_frame),
        cmocka_unit_test(pan_ramps_too),
        cmocka_unit_test(a_patch_is_held_within_two),
        cmocka_unit_test(silence_ends_a_patch_without_gate),
        cmocka_unit_test(silence_waits_for_the_release),
        cmocka_unit_test(silence_is_below_a_threshold),
        cmocka_unit_test(pitch_is_relative_to_the_note),
        cmocka_unit_test(a_base_of_0_stays_0),
        cmocka_unit_test(a_value_that_is_no_number_is_named),
        cmocka_unit_test(what_is_not_heard_may_be_no_number),
        cmocka_unit_test(a_bus_that_gives_no_number_is_named),
        cmocka_unit_test(a_send_is_rounded_by_itself),
        cmocka_unit_test(sends_of_nothing_cost_nothing),
        cmocka_unit_test(buses_run_in_ascending_order),
        cmocka_unit_test(a_bus_without_effect_is_held_within_two),
        cmocka_unit_test(effects_hear_one_channel_or_two),
        cmocka_unit_test(an_effect_rings_on),
        cmocka_unit_test(sums_are_exact),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
