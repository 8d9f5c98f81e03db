/* test_midi_controllers.c - volume, pan, bend and mapped controllers of MIDI files. */
#include "tests/render/test_midi_kit.h"

static void volume_and_expression_multiply(void **state)
{
    (void)state;
    struct stage s;
    set_stage(&s);
    PLAY(&s, 0, 0x90, 60, 127, 1, 0xb0, 7, 64, 1, 11, 64, 1, 11, 64, 1, 0x90, 72, 64, 1, 0xb0, 7, 0,
         1, 121, 0);
    assert_string_equal(s.text, "0 play A piano v255 p128 r1\n"
                                "50 volume A 129/240\n"
                                "100 volume A 65/240\n"
                                "200 play B piano v33 p128 r2\n"
                                "250 volume A 0/240\n"
                                "250 volume B 0/240\n"
                                "300 volume A 0/240\n"
                                "300 volume B 0/240\n"
                                "300 release A\n"
                                "300 release B\n");
    clear_stage(&s);
}

/* The formula over its whole domain of plan volume and velocity. */
static void volume_is_the_nearest(void **state)
{
    (void)state;
    struct stage s;
    set_stage(&s);
    for (unsigned volume = 0; volume <= 255; volume += 5) {
        struct render_error error;
        const struct mix_command *list;
        size_t count;
        s.plans[PIANO].play.volume = (uint8_t)volume;
        struct file f = header(0, 1, 480), track = {.size = 0};
        for (uint8_t v = 1; v < 128; v++)
            put(&track, (const uint8_t[]){0, 0x90, 60, v}, 4);
        put(&track, "\0\xff\x2f\0", 4);
        put_chunk(&f, "MTrk", track.bytes, track.size);
        FILE *in = fmemopen(f.bytes, f.size, "rb");
        timeline_free(s.score.timeline);
        s.score.timeline = timeline_new(0, &error);
        assert_int_equal(midi_read(&s.score, in, "song.mid", stderr, stderr), 0);
        fclose(in);
        timeline_until(s.score.timeline, UINT64_MAX, &list, &count, &error);
        unsigned v = 1;
        for (size_t i = 0; i < count; i++)
            if (list[i].verb == MIX_PLAY)
                assert_int_equal(list[i].volume, (2 * volume * v++ + 127) / 254);
        assert_int_equal(v, 128);
    }
    clear_stage(&s);
}

static void pan_is_added(void **state)
{
    (void)state;
    struct stage s;
    set_stage(&s);
    PLAY(&s, 0, 0x90, 60, 127, 1, 0xb0, 10, 0, 1, 10, 127, 1, 10, 64, 1, 10, 95, 1, 10, 96, 1, 0x90,
         60, 0);
    assert_string_equal(s.text, "0 play A piano v255 p128 r1\n"
                                "50 pan A 0/240\n"
                                "100 pan A 255/240\n"
                                "150 pan A 128/240\n"
                                "200 pan A 190/240\n"
                                "250 pan A 193/240\n"
                                "300 release A\n");
    s.plans[PIANO].play.pan = 28;
    PLAY(&s, 0, 0x90, 60, 127, 1, 0xb0, 10, 127, 1, 10, 0, 1, 0x90, 60, 127, 0, 60, 0);
    assert_string_equal(s.text, "0 play A piano v255 p28 r1\n"
                                "50 pan A 155/240\n"
                                "100 pan A 0/240\n"
                                "150 release A\n"
                                "150 play B piano v255 p0 r1\n"
                                "150 release B\n");
    clear_stage(&s);
}

static void the_bend_moves_pitch(void **state)
{
    (void)state;
    struct stage s;
    set_stage(&s);
    PLAY(&s, 0, 0x90, 60, 127, 1, 0xe0, 0, 0, 1, 0xe0, 0, 0x60, 0, 0x90, 72, 127, 1, 0xe0, 0, 0x40,
         1, 0xe0, 0, 0x40);
    assert_string_equal(s.text, "0 play A piano v255 p128 r1\n"
                                "50 pitch A 0.890898718\n"
                                "100 pitch A 1.05946309\n"
                                "100 play B piano v255 p128 r2.11892619\n"
                                "150 pitch A 1\n"
                                "150 pitch B 2\n"
                                "200 release A\n"
                                "200 release B\n");
    /* of a patch the rate is the bend alone; RPN 0 sets 12 semitones and 0 cents */
    PLAY(&s, 0, 0xc0, 1, 0, 0xb0, 101, 0, 0, 100, 0, 0, 6, 12, 0, 38, 0, 0, 101, 127, 0, 100, 127,
         0, 6, 5, 0, 0xe0, 0, 0, 0, 0x90, 69, 127, 1, 0xe0, 0, 0x40, 1, 0x90, 69, 0);
    assert_string_equal(s.text, "0 play A organ v255 p128 r0.5 440Hz\n"
                                "0 +set A freq=440\n"
                                "0 +set A velocity=1\n"
                                "50 pitch A 1\n"
                                "100 release A\n");
    /* 50 cents more; an unregistered parameter is none of ours */
    s.score.midi.bend = 12.0f;
    PLAY(&s, 0, 0x90, 60, 127, 0, 0xe0, 0, 0, 1, 0xb0, 100, 0, 0, 101, 0, 0, 38, 50, 0, 99, 1, 0, 6,
         1, 0, 0x90, 60, 0);
    assert_string_equal(s.text, "0 play A piano v255 p128 r1\n"
                                "0 pitch A 0.5\n"
                                "50 pitch A 0.485765971\n"
                                "50 release A\n");
    clear_stage(&s);
}

static void mapped_controllers_move_parameters(void **state)
{
    (void)state;
    struct stage s;
    set_stage(&s);
    s.ccs[0] = (struct score_cc){.number = 1, .param = CUTOFF};
    s.ccs[1] = (struct score_cc){.number = 7, .param = CUTOFF, 1, 1000.0f, 1254.0f};
    s.ccs[2] = (struct score_cc){.number = 1, .param = OTHER};
    s.score.midi.ccs = s.ccs;
    s.score.midi.cc_count = 3;
    PLAY(&s, 0, 0xc0, 1, 0, 0x90, 69, 127, 1, 0xb0, 1, 0, 1, 1, 127, 1, 7, 64, 1, 0x90, 69, 0, 0,
         0xb0, 7, 127, 1, 0x90, 69, 127, 1, 0xb0, 121, 0, 1, 0x90, 69, 0);
    assert_string_equal(s.text, "0 play A organ v255 p128 r1 440Hz\n"
                                "0 +set A freq=440\n"
                                "0 +set A velocity=1\n"
                                "50 set A cutoff=100/480\n"
                                "100 set A cutoff=6400/480\n"
                                "150 set A cutoff=1128/480\n"
                                "200 release A\n"
                                "250 play B organ v255 p128 r1 440Hz\n"
                                "250 +set B freq=440\n"
                                "250 +set B velocity=1\n"
                                "250 +set B cutoff=6400\n"
                                "250 +set B cutoff=1254\n"
                                "300 set B cutoff=800/480\n"
                                "350 release B\n");
    PLAY(&s, 0, 0x90, 60, 127, 1, 0xb0, 7, 1, 1, 0x90, 60, 0); /* no patch: nothing moves */
    assert_string_equal(s.text, "0 play A piano v255 p128 r1\n100 release A\n");
    clear_stage(&s);
}

/* Back to what the plan has, where it has something. */
static void reset_returns_to_the_plan(void **state)
{
    (void)state;
    struct stage s;
    set_stage(&s);
    s.ccs[0] = (struct score_cc){.number = 1, .param = CUTOFF};
    s.score.midi.cc_count = 1;
    s.part = (struct mix_command){.verb = MIX_SET, .param = CUTOFF, .number = 1234.0f};
    s.plans[KICK].parts = &s.part;
    s.plans[KICK].part_count = 1;
    PLAY(&s, 0, 0x99, 36, 127, 0, 0xb9, 1, 127, 1, 121, 0, 1, 0x99, 36, 0);
    assert_string_equal(s.text, "0 play A kick v255 p128 r1\n"
                                "0 +set A cutoff=1234\n"
                                "0 set A cutoff=6400/480\n"
                                "50 set A cutoff=1234/480\n"
                                "100 release A\n");
    PLAY(&s, 0, 0xb0, 64, 127, 0, 0xe0, 0, 0, 0, 0xb0, 11, 0, 0, 0x90, 60, 127, 0, 60, 0, 1, 0xb0,
         121, 0);
    assert_string_equal(s.text, "0 play A piano v0 p128 r0.890898718\n"
                                "50 release A\n");
    clear_stage(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(volume_and_expression_multiply),
        cmocka_unit_test(volume_is_the_nearest),
        cmocka_unit_test(pan_is_added),
        cmocka_unit_test(the_bend_moves_pitch),
        cmocka_unit_test(mapped_controllers_move_parameters),
        cmocka_unit_test(reset_returns_to_the_plan),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
