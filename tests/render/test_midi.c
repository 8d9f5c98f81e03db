/* test_midi.c - the commands that an instrument map makes of the notes in MIDI files. With
 * MIDI_FILES naming a folder, every .mid file below it. */
#include "tests/render/test_midi_kit.h"

/* --- a score ------------------------------------------------------------------------------- */

static void notes_play_samples_in_tune(void **state)
{
    (void)state;
    struct stage s;
    set_stage(&s);
    PLAY(&s, 0, 0x90, 60, 127, 1, 72, 64, 1, 48, 1, 1, 67, 127, 1, 60, 0, 1, 0x80, 72, 9);
    assert_string_equal(s.text, "0 play A piano v255 p128 r1\n"
                                "50 play B piano v129 p128 r2\n"
                                "100 play C piano v2 p128 r0.5\n"
                                "150 play D piano v255 p128 r1.49830708\n"
                                "200 release A\n"
                                "250 release B\n"
                                "250 release C\n"
                                "250 release D\n");
    assert_int_equal(s.score.last, 250);
    assert_string_equal(s.said, "");
    s.plans[PIANO].play.volume = 100;
    s.plans[PIANO].play.rate = -MIX_RATE_ONE / 2;
    s.plans[PIANO].play.length = 700;
    s.plans[PIANO].root = 72;
    PLAY(&s, 0, 0x90, 60, 64, 1, 0x80, 60, 64);
    assert_string_equal(s.text, "0 play A piano v50 p128 r-0.25\n50 release A\n");
    assert_int_equal(s.score.last, 700);
    clear_stage(&s);
}

/* 2^(n / 12) as a fraction: (2^32 r)^12 and 2^(12 * 32 + n) differ by less than the last bit. */
static void rates_are_nearest(void **state)
{
    (void)state;
    struct stage s;
    mpz_t low, high, exact;
    mpz_inits(low, high, exact, NULL);
    set_stage(&s);
    s.plans[PIANO].root = 64;
    for (unsigned key = 0; key < 128; key++) {
        struct render_error error;
        const struct mix_command *list;
        size_t count;
        struct file f = header(0, 1, 480);
        TRACK(&f, 0, 0x90, (uint8_t)key, 100, 1, 0x80, (uint8_t)key, 0, END);
        play(&s, &f);
        timeline_rewind(s.score.timeline, &error);
        timeline_until(s.score.timeline, UINT64_MAX, &list, &count, &error);
        assert_int_equal(count, 2);
        mpz_set_ui(low, (unsigned long)list[0].rate * 2 - 1); /* half a bit on both sides */
        mpz_set_ui(high, (unsigned long)list[0].rate * 2 + 1);
        mpz_pow_ui(low, low, 12);
        mpz_pow_ui(high, high, 12);
        mpz_ui_pow_ui(exact, 2, 33 * 12 + key - 64);
        assert_true(mpz_cmp(low, exact) <= 0 && mpz_cmp(exact, high) <= 0);
    }
    clear_stage(&s);
    mpz_clears(low, high, exact, NULL);
}

static void patches_get_frequency_and_velocity(void **state)
{
    (void)state;
    struct stage s;
    set_stage(&s);
    PLAY(&s, 0, 0xc0, 1, 0, 0x90, 69, 64, 1, 69, 0);
    assert_string_equal(s.text, "0 play A organ v255 p128 r1 440Hz\n"
                                "0 +set A freq=440\n"
                                "0 +set A velocity=0.503937006\n"
                                "50 release A\n");
    s.part = (struct mix_command){.verb = MIX_SET, .param = CUTOFF, .number = 1234.0f};
    s.plans[ORGAN].parts = &s.part;
    s.plans[ORGAN].part_count = 1;
    PLAY(&s, 0, 0xc0, 1, 0, 0x90, 60, 127, 1, 60, 0);
    assert_string_equal(s.text, "0 play A organ v255 p128 r1 261.62558Hz\n"
                                "0 +set A cutoff=1234\n"
                                "0 +set A freq=261.62558\n"
                                "0 +set A velocity=1\n"
                                "50 release A\n");
    clear_stage(&s);
}

static void the_same_key_again_releases_the_older(void **state)
{
    (void)state;
    struct stage s;
    set_stage(&s);
    PLAY(&s, 0, 0x90, 60, 127, 2, 60, 127, 1, 60, 0, 1, 60, 0);
    assert_string_equal(s.text, "0 play A piano v255 p128 r1\n"
                                "100 release A\n"
                                "100 play B piano v255 p128 r1\n"
                                "150 release B\n");
    clear_stage(&s);
}

static void the_pedal_holds(void **state)
{
    (void)state;
    struct stage s;
    set_stage(&s);
    PLAY(&s, 0, 0xb0, 64, 64, 0, 0x90, 60, 127, 1, 62, 127, 1, 60, 0, 1, 60, 127, 1, 0xb0, 64, 127,
         1, 64, 63, 1, 0x90, 60, 0);
    assert_string_equal(s.text, "0 play A piano v255 p128 r1\n"
                                "50 play B piano v255 p128 r1.12246205\n"
                                "150 release A\n"
                                "150 play C piano v255 p128 r1\n"
                                "300 release C\n"
                                "300 release B\n");
    clear_stage(&s);
}

static void notes_that_are_held_end_with_the_track(void **state)
{
    (void)state;
    struct stage s;
    set_stage(&s);
    struct file f = header(0, 1, 480);
    TRACK(&f, 0, 0xb0, 64, 127, 0, 0x90, 62, 127, 0, 60, 127, 0, 62, 0, 20, 0xff, 0x2f, 0);
    play(&s, &f);
    assert_string_equal(s.text, "0 play A piano v255 p128 r1.12246205\n"
                                "0 play B piano v255 p128 r1\n"
                                "1000 release B\n"
                                "1000 release A\n");
    assert_int_equal(s.score.last, 1000);
    clear_stage(&s);
}

static void drums_are_played_as_they_are(void **state)
{
    (void)state;
    struct stage s;
    set_stage(&s);
    PLAY(&s, 0, 0x99, 36, 127, 0, 38, 127, 1, 36, 0, 0, 38, 0, 1, 38, 64, 1, 0xb9, 120, 0);
    assert_string_equal(s.text, "0 play A kick v255 p128 r1\n"
                                "0 play B hit v255 p128 r1\n"
                                "50 release A\n"
                                "100 play C hit v129 p128 r1\n"
                                "150 stop A\n"
                                "150 stop C\n");
    s.looped.has_loop = true;
    s.sources[HIT].sample = &s.looped;
    PLAY(&s, 0, 0x99, 38, 127, 1, 38, 0);
    assert_string_equal(s.text, "0 play A hit v255 p128 r1\n50 release A\n");
    s.plans[KICK].play.number = 0.0f; /* a pitch that its declaration sets */
    PLAY(&s, 0, 0x99, 36, 127, 1, 36, 0);
    assert_string_equal(s.text, "0 play A kick v255 p128 r1 0Hz\n50 release A\n");
    clear_stage(&s);
}

static void sound_off_and_notes_off(void **state)
{
    (void)state;
    struct stage s;
    set_stage(&s);
    PLAY(&s, 0, 0x90, 60, 127, 0, 62, 127, 0, 62, 0, 0, 0x91, 60, 127, 1, 0xb0, 120, 0, 1, 120, 0,
         1, 0x90, 60, 127, 1, 0xb0, 123, 0, 1, 0xb1, 64, 127, 0, 126, 0, 1, 0xb1, 64, 0);
    assert_string_equal(s.text, "0 play A piano v255 p128 r1\n"
                                "0 play B piano v255 p128 r1.12246205\n"
                                "0 release B\n"
                                "0 play C piano v255 p128 r1\n"
                                "50 stop A\n"
                                "50 stop B\n"
                                "150 play D piano v255 p128 r1\n"
                                "200 release D\n"
                                "300 release C\n");
    clear_stage(&s);
}

static void a_channel_wins_over_the_program(void **state)
{
    (void)state;
    struct stage s;
    set_stage(&s);
    s.score.midi.channel[1] = HIT;
    s.score.midi.channel[9] = PIANO;
    PLAY(&s, 0, 0x91, 60, 127, 0, 60, 0, 0, 0x99, 60, 127, 0, 60, 0, 0, 36, 127, 0, 36, 0);
    assert_string_equal(s.text, "0 play A hit v255 p128 r1\n"
                                "0 release A\n"
                                "0 play B piano v255 p128 r1\n"
                                "0 release B\n"
                                "0 play C kick v255 p128 r1\n"
                                "0 release C\n");
    clear_stage(&s);
}

static void what_has_no_instrument_is_counted(void **state)
{
    (void)state;
    struct stage s;
    set_stage(&s);
    PLAY(&s, 0, 0x99, 40, 1, 0, 40, 0, 0, 0xc0, 33, 0, 0x90, 1, 1, 0, 2, 1, 0, 2, 0, 0, 0xc0, 34, 0,
         0x90, 1, 1);
    assert_string_equal(s.text, "");
    assert_string_equal(s.said,
                        "song.mid: note: no instrument for 4 notes: 2 on channel 1 (program "
                        "33), 1 on channel 1 (program 34), 1 on channel 10 (key 40)\n");
    struct file f = header(0, 1, 480), track = {.size = 0};
    for (uint8_t i = 10; i < 25; i++)
        put(&track, (const uint8_t[]){0, 0xc2, i, 0, 0x92, 60, 1}, 7);
    put(&track, "\0\xff\x2f\0", 4);
    put_chunk(&f, "MTrk", track.bytes, track.size);
    play(&s, &f);
    assert_non_null(strstr(s.said, "for 15 notes: 1 on channel 3 (program 10), "));
    assert_non_null(strstr(s.said, "(program 17), and 7 more\n"));
    clear_stage(&s);
}

static void a_wrong_file_is_reported(void **state)
{
    (void)state;
    struct stage s;
    set_stage(&s);
    struct file f = header(2, 1, 480);
    play(&s, &f);
    assert_int_equal(s.status, 1);
    assert_memory_equal(s.said, "song.mid: error: byte 8: expected format 0 or 1, found 2", 56);
    FILE *folder = fopen(".", "rb"), *said = fmemopen(s.said, sizeof s.said, "w");
    assert_int_equal(midi_read(&s.score, folder, ".", said, said), 2);
    fclose(folder);
    fclose(said);
    assert_string_equal(s.said, ".: error: cannot read: Is a directory\n");
    clear_stage(&s);
}

/* Bytes that are wrong give an error or commands, never anything else. */
static void damaged_files_do_no_harm(void **state)
{
    (void)state;
    struct stage s;
    set_stage(&s);
    s.ccs[0] = (struct score_cc){.number = 7, .param = CUTOFF};
    s.score.midi.cc_count = 1;
    int good = 0;
    for (int run = 0; run < 20000; run++) {
        struct file f = busy();
        struct render_error error;
        for (uint32_t n = 1 + random_below(3); n > 0; n--)
            f.bytes[random_below((uint32_t)f.size)] = (uint8_t)random_below(256);
        FILE *in = fmemopen(f.bytes, f.size, "rb"), *said = fmemopen(s.said, sizeof s.said, "w");
        timeline_free(s.score.timeline);
        s.score.timeline = timeline_new(0, &error);
        s.score.last = 0;
        int status = midi_read(&s.score, in, "song.mid", said, said);
        assert_in_range(status, 0, 1);
        good += status == 0;
        fclose(in);
        fclose(said);
    }
    assert_in_range(good, 1000, 19000);
    clear_stage(&s);
}

/* --- files of others ----------------------------------------------------------------------- */

static int ends_in_mid(const char *name)
{
    size_t length = strlen(name);
    return length > 4 &&
           (strcmp(name + length - 4, ".mid") == 0 || strcmp(name + length - 4, ".MID") == 0);
}

static void play_song(struct stage *s, const char *path)
{
    struct render_error error;
    FILE *in = fopen(path, "rb"), *said = fmemopen(s->said, sizeof s->said, "w");
    assert_non_null(in);
    timeline_free(s->score.timeline);
    s->score.timeline = timeline_new(0, &error);
    s->score.last = 0;
    int status = midi_read(&s->score, in, path, said, said);
    fclose(in);
    fclose(said);
    if (status)
        print_error("%s", s->said);
    assert_int_equal(status, 0);
    assert_true(s->score.command_count > 100);
    assert_in_range(s->score.last, 48000 * 5, 48000 * 1800); /* 5 s to half an hour */
}

static unsigned play_folder(struct stage *s, const char *folder)
{
    DIR *list = opendir(folder);
    unsigned count = 0;
    for (struct dirent *entry = list ? readdir(list) : NULL; entry; entry = readdir(list)) {
        char path[4096];
        struct stat info;
        int length = snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        if (entry->d_name[0] == '.' || length >= (int)sizeof path || stat(path, &info))
            continue;
        if (S_ISDIR(info.st_mode))
            count += play_folder(s, path);
        else if (ends_in_mid(entry->d_name))
            play_song(s, path), count++;
    }
    if (list)
        closedir(list);
    return count;
}

static void songs_of_others_are_played(void **state)
{
    (void)state;
    const char *folder = getenv("MIDI_FILES");
    struct stage s;
    if (!folder)
        skip();
    set_stage(&s);
    for (unsigned i = 0; i < 16; i++)
        s.score.midi.channel[i] = i % 2 ? ORGAN : PIANO;
    assert_int_not_equal(play_folder(&s, folder), 0);
    clear_stage(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(notes_play_samples_in_tune),
        cmocka_unit_test(rates_are_nearest),
        cmocka_unit_test(patches_get_frequency_and_velocity),
        cmocka_unit_test(the_same_key_again_releases_the_older),
        cmocka_unit_test(the_pedal_holds),
        cmocka_unit_test(notes_that_are_held_end_with_the_track),
        cmocka_unit_test(drums_are_played_as_they_are),
        cmocka_unit_test(sound_off_and_notes_off),
        cmocka_unit_test(a_channel_wins_over_the_program),
        cmocka_unit_test(what_has_no_instrument_is_counted),
        cmocka_unit_test(a_wrong_file_is_reported),
        cmocka_unit_test(damaged_files_do_no_harm),
        cmocka_unit_test(songs_of_others_are_played),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
