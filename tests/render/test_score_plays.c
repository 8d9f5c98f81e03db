/* test_score_plays.c - what sounds are started with, what is done to them, music. */
#include "tests/render/test_score.h"

#define S                                                                                          \
    "(score) (quantise off) (tempo 120) (sample kick \"kick.wav\") (sample ring \"loop.wav\")\n"
#define P S "(patch lead \"lead.sx\") (patch noise \"noise.sx\") (bus room \"echo.sx\") (bus all)\n"

static void settings_are_taken(void **state)
{
    (void)state;
    struct run run;
    read_text(&run, "(score \"level one\") (voices 4096) (steal lowest_priority) (quantise off)\n"
                    "(seed 18446744073709551615) (budget 600) (end 1.5s) (resample linear)");
    assert_int_equal(run.status, 0);
    assert_string_equal(run.score.name, "level one");
    assert_int_equal(run.score.voices, 4096);
    assert_int_equal(run.score.policy, MIX_STEAL_LOWEST_PRIORITY);
    assert_int_equal(run.score.quantise, 0);
    assert_true(run.score.has_seed && run.score.seed == UINT64_MAX);
    assert_int_equal(run.score.budget, 600);
    assert_true(run.score.has_end && run.score.end == 72000);
    end_run(&run);
    read_text(&run, "(score)");
    assert_int_equal(run.status, 0);
    assert_string_equal(run.score.name, "");
    assert_int_equal(run.score.voices, 16);
    assert_int_equal(run.score.policy, MIX_STEAL_OLDEST);
    assert_int_equal(run.score.quantise, 1);
    assert_true(!run.score.has_seed && !run.score.has_end);
    end_run(&run);
}

static void resources_have_their_parts(void **state)
{
    (void)state;
    struct run run;
    read_text(&run, P "(sample wide \"wide.wav\" :mix yes :root a3) (patch dark \"lead.sx\" :pitch "
                      "none :gate none :velocity level :tail 1s)\n"
                      "(patch low \"noise.sx\" :pitch tone) (bus last :volume 9 :pan 8)\n");
    assert_int_equal(run.status, 0);
    const struct score *s = &run.score;
    assert_int_equal(s->source_count, 7);
    assert_int_equal(s->plans[0].root, 60);
    assert_int_equal(s->plans[1].root, 72); /* the file's own */
    assert_int_equal(s->plans[4].root, 57);
    assert_int_equal(s->sources[4].sample->length, 1000);
    assert_string_equal(s->params[s->plans[2].pitch], "freq");
    assert_string_equal(s->params[s->plans[2].velocity], "velocity");
    assert_string_equal(rp_param_info(s->sources[2].program, (unsigned)s->sources[2].gate)->name,
                        "gate");
    assert_int_equal(s->sources[2].tail, 15);
    assert_int_equal(s->sources[3].gate, -1);
    assert_int_equal(s->plans[3].pitch, -1);
    assert_int_equal(s->sources[5].pitch, -1);
    assert_int_equal(s->sources[5].gate, -1);
    assert_string_equal(s->params[s->plans[5].velocity], "level");
    assert_int_equal(s->sources[5].tail, 60);
    assert_string_equal(s->params[s->plans[6].pitch], "tone");
    assert_int_equal(s->bus_count, 3);
    assert_int_equal(s->buses[2].volume, 9);
    assert_int_equal(s->buses[2].pan, 8);
    end_run(&run);
}

static void buses_may_go_to_later_ones(void **state)
{
    (void)state;
    struct run run;
    read_text(&run, "(score) (bus a :to c) (bus b) (bus c \"echo.sx\" :to mix :set (wet 20%))");
    assert_int_equal(run.status, 0);
    assert_int_equal(run.score.buses[0].to, 2);
    assert_int_equal(run.score.buses[1].to, -1);
    assert_int_equal(run.score.buses[2].to, -1);
    char *got = commands_of(&run.score);
    assert_string_equal(got, "0 set bus c wet 0.2\n");
    free(got);
    end_run(&run);
}

static void options_are_taken(void **state)
{
    (void)state;
    expect(
        P "(play kick :voice 3 :as k :volume 1 :pan 2 :priority 4 :bus all :fade 10ms :serial 7 "
          ":pitch -3/2 :send (room 50))",
        "0 play voice 3 kick volume 1 pan 2 rate -6442450944 priority 4 serial 7 bus all as k in "
        "480\n0 + send #0 to room 50\n");
    expect(P "(play ring) (play ring :loop on) (play ring :loop off) (play ring :loop (3 4)) (play "
             "kick :loop on)",
           "0 play ring\n0 play ring loop 100..900\n0 play ring loop off\n0 play ring loop 3..4\n"
           "0 play kick loop 0..1000\n");
    expect(P "(play lead :set (cutoff 50% freq 100 level -6db attack 5ms))",
           "0 play lead base 100\n0 + set #0 cutoff 4050\n0 + set #0 freq 100\n"
           "0 + set #0 level 0.501187\n0 + set #0 attack 0.005\n");
}

/* Zero is a pitch like any other; where none is given there is none. */
static void a_pitch_may_be_zero(void **state)
{
    (void)state;
    write_text("low.sx", "(patch (params (freq (unit hz) (range 0 5000) (default 440)))\n"
                         "  (output (osc.saw freq)))");
    expect("(score) (patch low \"low.sx\") (patch zero \"low.sx\" :set (freq 0))\n"
           "(play low) (play low :set (freq 0)) (play zero) (play zero :set (freq 9))",
           "0 play low\n0 play low base 0\n0 + set #1 freq 0\n"
           "0 play zero base 0\n0 + set #3 freq 0\n"
           "0 play zero base 9\n0 + set #5 freq 0\n0 + set #5 freq 9\n");
}

static void defaults_are_overridden(void **state)
{
    (void)state;
    expect("(score) (bus a) (bus b) (sample k \"kick.wav\" :volume 9 :bus a :send (b 1) (fade 1t) "
           "(loop on))\n"
           "(patch p \"lead.sx\" :set (cutoff 500 freq 60))\n"
           "(play k) (play k :volume 8 :bus mix :send (b 2 a 3) :loop off)\n"
           "(play p :set (cutoff 600)) (note p a4)",
           "0 play k volume 9 bus a loop 0..1000 in 800\n0 + send #0 to b 1\n"
           "0 play k volume 8 loop off in 800\n0 + send #2 to b 2\n0 + send #2 to a 3\n"
           "0 play p base 60\n0 + set #5 cutoff 500\n0 + set #5 freq 60\n0 + set #5 cutoff 600\n"
           "0 play p base 440\n0 + set #9 cutoff 500\n0 + set #9 freq 60\n0 + set #9 freq 440\n");
}

static void defaults_hold_for_what_follows(void **state)
{
    (void)state;
    struct run run;
    static const char head[] = "(score) (bus a) (bus b) ";
    char text[1000];
    snprintf(text, sizeof text,
             "%s(sample before \"kick.wav\") (default :bus a :send (b 60) :volume 9 :tail 2t)\n"
             "(sample k \"kick.wav\") (sample l \"kick.wav\" :send (b 7 a 8) :bus mix)\n"
             "(patch p \"noise.sx\") (patch q \"noise.sx\" :tail 3t) (default :pan 1 :fade 1t)\n"
             "(sample m \"kick.wav\") (patch r \"noise.sx\") (default) (sample n \"kick.wav\")\n"
             "(play before) (play k) (play l) (play k :send (b 1)) (play m) (play n)",
             head);
    expect(text, "0 play before\n0 play k volume 9 bus a\n0 + send #1 to b 60\n"
                 "0 play l volume 9\n0 + send #3 to b 7\n0 + send #3 to a 8\n"
                 "0 play k volume 9 bus a\n0 + send #6 to b 1\n0 play m pan 1 in 800\n"
                 "0 play n\n");
    read_text(&run, text);
    static const unsigned tails[] = {2, 3, 15};
    for (size_t i = 0, patch = 0; i < run.score.source_count; i++)
        if (run.score.sources[i].program)
            assert_int_equal(run.score.sources[i].tail, tails[patch++]);
    end_run(&run);
    /* A file has its own. */
    write_text("own.sx", "(score) (sample k \"kick.wav\") (default :volume 5)");
    expect(
        "(score) (default :volume 9) (include \"own.sx\") (sample m \"kick.wav\") (play k) (play "
        "m)",
        "0 play k\n0 play m volume 9\n");
}

/* floor(255 f + 1/2): 50% is 127.5, -6 dB is 127.80, -48 dB is 1.015. */
static void volumes_are_rounded(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        unsigned value;
    } rows[] = {
        {"50%", 128},
        {"100%", 255},
        {"0%", 0},
        {"30%", 77}, /* 76.5 */
        {"1/3%", 1},
        {"33.3%", 85},
        {"49.8%", 127},
        {"0db", 255},
        {"-6db", 128},
        {"-6.1dB", 126},
        {"-20db", 26},
        {"-48db", 1},
        {"-200db", 0},
        {"10%", 26},
        /* 25.5 */ {"200.0", 200},
        {"0.1960784%", 0},
        {"0.19607844%", 1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char text[400], wanted[200];
        snprintf(text, sizeof text,
                 S "(bus room :volume %s) (play kick :send (room %s)) (set_volume 0 %s) "
                   "(send 0 room %s)",
                 rows[i].text, rows[i].text, rows[i].text, rows[i].text);
        snprintf(wanted, sizeof wanted,
                 "0 play kick\n0 + send #0 to room %u\n0 set_volume voice 0 %u\n"
                 "0 send voice 0 to room %u\n",
                 rows[i].value, rows[i].value, rows[i].value);
        expect(text, wanted);
        struct run run;
        snprintf(text, sizeof text, S "(play kick :volume %s)", rows[i].text);
        snprintf(wanted, sizeof wanted, S "(play kick :volume %u)", rows[i].value);
        expect_same(text, wanted);
        snprintf(text, sizeof text, "(score) (bus b :volume %s)", rows[i].text);
        read_text(&run, text);
        assert_int_equal(run.score.buses[0].volume, rows[i].value);
        end_run(&run);
    }
}

static const struct {
    const char *text;
    int64_t rate;
} rates[] = {
    {"1.5", INT64_C(6442450944)},
    {"1/3", INT64_C(1431655765)}, /* ...765.33 */
    {"2/3", INT64_C(2863311531)}, /* ...530.67 */
    {"-2/3", INT64_C(-2863311531)},
    {"12st", INT64_C(8589934592)},
    {"-12st", INT64_C(2147483648)},
    {"7st", INT64_C(6435179895)},   /* 2^(7/12 + 32) = 6435179894.55 */
    {"0.5st", INT64_C(4420819444)}, /* 2^(1/24 + 32) = 4420819444.08 */
    {"1024", INT64_C(1024) << 32},
    {"-1024", -(INT64_C(1024) << 32)},
};

static void rates_are_nearest(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rates / sizeof *rates; i++) {
        char text[200], wanted[100];
        snprintf(text, sizeof text, S "(set_pitch 0 %s)", rates[i].text);
        snprintf(wanted, sizeof wanted, "0 set_pitch voice 0 %" PRId64 "\n", rates[i].rate);
        expect(text, wanted);
    }
}

static void notes_have_pitch_and_velocity(void **state)
{
    (void)state;
    expect(P "(note lead a3 1 :velocity 25%)",
           "0 play lead for 24000 base 220\n0 + set #0 freq 220\n0 + set #0 velocity 0.25\n");
    expect(
        P "(note lead 69) (note lead 1.5khz) (note lead a4 :pitch 2 :set (freq 50))",
        "0 play lead base 440\n0 + set #0 freq 440\n0 play lead base 1500\n0 + set #2 freq 1500\n"
        "0 play lead rate 8589934592 base 50\n0 + set #4 freq 440\n0 + set #4 freq 50\n");
    /* A sample is played faster, from its root, and softer: floor(200 * 0.33 + 0.5) */
    expect(P "(note ring c6 :velocity 33% :volume 200) (note kick c3 :velocity 0.5) (note kick c5 "
             ":pitch 1/2)",
           "0 play ring volume 66 rate 8589934592 base 1046.5\n"
           "0 play kick volume 128 rate 2147483648 base 130.813\n"
           "0 play kick base 523.251\n");
}

static void voices_are_commanded(void **state)
{
    (void)state;
    expect(P "(play lead :as a) (stop a :fade 1t) (release 3) (set_volume a 5 :ramp 1s) (set_pan "
             "all 6)\n(set_pitch a 2) (set a cutoff 200) (glide 1 level 0 1) (send a room 7) "
             "(is_playing 15)\n(set room wet 1) (set_volume room 3)",
           "0 play lead as a\n0 stop a in 800\n0 release voice 3\n0 set_volume a 5 in 48000\n"
           "0 set_pan bus all 6\n0 set_pitch a 8589934592\n0 set a cutoff 200\n"
           "0 set voice 1 level 1 in 24000\n0 send a to room 7\n0 is_playing voice 15\n"
           "0 set bus room wet 1\n0 set_volume bus room 3\n");
}

static void bodies_are_for_their_sound(void **state)
{
    (void)state;
    expect(P "(seq :at 1 (play lead :for 2 (set cutoff 300) (glide cutoff 400 1 :at 1) (set_volume "
             "9 :at 1.5) (release :at 5)) (play kick))",
           "24000 play lead for 48000\n24000 set #0 cutoff 300\n48000 set #0 cutoff 400 in 24000\n"
           "60000 set_volume #0 9\n72000 play kick\n144000 release #0\n");
}

static void lines_are_played(void **state)
{
    (void)state;
    expect(S "(seq (line kick :velocity 1 c4 . c5:2 c3:1/2 _) (play ring))",
           "0 play kick for 24000 base 261.626\n"
           "48000 play kick rate 8589934592 for 48000 base 523.251\n"
           "96000 play kick rate 2147483648 for 36000 base 130.813\n132000 play ring\n");
    expect(S "(line kick :step 100ms :gate 50% c4 c4! (c4 c5! :for 3) _:2 .:2 60!:2 60:2!)",
           "0 play kick volume 204 for 2400 base 261.626\n"
           "4800 play kick for 2400 base 261.626\n"
           "9600 play kick volume 204 for 12000 base 261.626\n"
           "9600 play kick rate 8589934592 for 12000 base 523.251\n"
           "43200 play kick for 4800 base 261.626\n52800 play kick for 4800 base 261.626\n");
    /* Holds belong to what is before them, and rests do not end a line. */
    expect_same(P "(line lead :voice 2 :as l :step 1/4 c4 _ _ . . e4 _:3)",
                P "(line lead :voice 2 :as l c4:3/4 .:1/2 e4:1)");
}

static void chords_have_suffixes(void **state)
{
    (void)state;
    expect_same(P "(line lead (c4 e4):2 _ (c4 e4)! (c4! g4)!:1/2 (a4):2! (c4 :for 3)! b4)", P
                "(line lead (c4 e4 :for 3) (c4! e4!) (c4! g4! :for 1/2) (a4! :for 2) (c4! :for 3) "
                "b4)");
    expect_same(P "(line lead (c4 e4):velocity 50% (d4):step 1/2)",
                P "(line lead :step 1/2 :velocity 50% (c4 e4) (d4))");
}

static void bar_lines_make_nothing(void **state)
{
    (void)state;
    expect_same(P "(line lead | c4 d4:3 | (e4 g4):2 .:2 | f4:4 | _:4 | | g4:4 |)",
                P "(line lead c4 d4:3 (e4 g4):2 .:2 f4:8 g4:4)");
}

static void bar_lines_stand_at_bars(void **state)
{
    (void)state;
    struct run run;
    static const char *const good[] = {
        /* an upbeat; within a form that begins with no bar; without beats; without a tempo */
        P "(line lead :at 3 c4 | d4:4 | e4)", P "(at 1 (line lead c4 | d4))",
        P "(seq (line lead c4) (line lead c4 | d4))", P "(line lead :step 100ms c4 | d4)",
        "(score) (sample k \"kick.wav\") (line k :step 1s c4 | c4)",
        /* meters: 3 beats each from bar 2 on */
        P "(meter 3 4 :at 2:1) (line lead c4:4 | d4:3 | e4:2 f4 |)",
        P "(meter 6 8) (line lead :step 1/2 c4:6 | d4:6 | e4)",
        P "(section a (line lead c4:4 | d4)) (at 3:1 (do a)) (at 2 (do a))"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        read_text(&run, good[i]);
        if (run.status)
            print_error("%s\n%s", good[i], run.said);
        assert_int_equal(run.status, 0);
        end_run(&run);
    }
}

static void late_commands_are_counted(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        unsigned count, line;
    } rows[] = {
        {"(play k) (stop 0 :at 2s)", 0, 0},
        {"(play k)\n(play k :at 2s)", 1, 3},
        {"(play k :at 9000s)\n(set_volume 0 3 :at 1000s :ramp 1s)\n(play k :at 1s)", 2, 3},
        {"(patch p \"noise.sx\")\n(play p :at 3s :set (tone 500))\n(play k :for 3s)", 1, 3},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct run run;
        struct score_late late;
        struct render_error error;
        char text[400];
        snprintf(text, sizeof text, "(score) (sample k \"kick.wav\")\n%s\n(end 2s)", rows[i].text);
        read_text(&run, text);
        assert_int_equal(run.status, 0);
        assert_int_equal(score_late(&run.score, run.score.end, &late, &error), RENDER_OK);
        assert_int_equal(late.count, rows[i].count);
        assert_int_equal(late.line, rows[i].line);
        char *commands = commands_of(&run.score);
        uint64_t lines = 0;
        for (const char *at = commands; *at; at++) {
            lines += *at == '\n';
            lines -= *at == '+'; /* a part */
        }
        assert_int_equal(lines, run.score.command_count); /* all are still there */
        free(commands);
        end_run(&run);
    }
}

static void patterns_are_played(void **state)
{
    (void)state;
    expect(S "(seq (pattern kick \"x.X | .\") (play ring))",
           "0 play kick volume 204\n12000 play kick\n24000 play ring\n");
    expect(P "(pattern noise :step 1s :velocity 50% \"xX\")",
           "0 play noise volume 128 for 48000\n48000 play noise volume 159 for 48000\n");
    expect(P "(pattern kick :for 10ms x.) (pattern noise :gate 50% x)",
           "0 play kick volume 204 for 480\n0 play noise volume 204 for 3000\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(settings_are_taken),
        cmocka_unit_test(resources_have_their_parts),
        cmocka_unit_test(buses_may_go_to_later_ones),
        cmocka_unit_test(options_are_taken),
        cmocka_unit_test(a_pitch_may_be_zero),
        cmocka_unit_test(defaults_are_overridden),
        cmocka_unit_test(defaults_hold_for_what_follows),
        cmocka_unit_test(volumes_are_rounded),
        cmocka_unit_test(rates_are_nearest),
        cmocka_unit_test(notes_have_pitch_and_velocity),
        cmocka_unit_test(voices_are_commanded),
        cmocka_unit_test(bodies_are_for_their_sound),
        cmocka_unit_test(lines_are_played),
        cmocka_unit_test(chords_have_suffixes),
        cmocka_unit_test(bar_lines_make_nothing),
        cmocka_unit_test(bar_lines_stand_at_bars),
        cmocka_unit_test(patterns_are_played),
        cmocka_unit_test(late_commands_are_counted),
    };
    return IN_FOLDER(tests);
}
