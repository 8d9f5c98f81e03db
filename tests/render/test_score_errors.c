/* test_score_errors.c - what is wrong with a score is found, and found where it is. */
#include "tests/render/test_score.h"
#include <pthread.h>
#include <time.h>

#define TOP  "(score)\n"
#define KICK "(score) (tempo 120) (sample kick \"kick.wav\")\n"
#define LEAD KICK "(patch lead \"lead.sx\") (bus room \"echo.sx\") (bus all)\n"

/* A text, and the place, message and code of its first report. */
static const struct {
    const char *text, *wanted;
} faults[] = {
    {"", "score.sx:1:1: error: 'score.sx' does not begin with (score) [E0501]"},
    {"\n(tempo 120)", "score.sx:2:1: error: 'score.sx' does not begin with (score) [E0501]"},
    {TOP "(score)", "score.sx:2:1: error: (score) stands within the score [E0501]"},
    {KICK "(plya kick)", "score.sx:2:2: error: unknown form 'plya' [E0502]"},
    {KICK "(play kick at 1s)", "score.sx:2:12: error: options begin with a colon: ':at' [E0504]"},
    {KICK "(note kick c4 1 velocity 80%)",
     "score.sx:2:17: error: options begin with a colon: ':velocity' [E0504]"},
    {KICK "(line kick c4 step 1/2)",
     "score.sx:2:15: error: options begin with a colon: ':step' [E0504]"},
    {KICK "(stop 0 fade 20ms)", "score.sx:2:9: error: options begin with a colon: ':fade' [E0504]"},
    {KICK "(play kick (stop fade 20ms))",
     "score.sx:2:18: error: options begin with a colon: ':fade' [E0504]"},
    {KICK "(play kick :at 1.5 s)",
     "score.sx:2:20: error: a number and its unit are written together [E0503]"},
    {KICK "(at 1.5 s (play kick))",
     "score.sx:2:9: error: a number and its unit are written together [E0503]"},
    {LEAD "(glide 0 cutoff 2 khz 1s)",
     "score.sx:3:19: error: a number and its unit are written together [E0503]"},
    {TOP "play", "score.sx:2:1: error: a form is wanted here [E0503]"},
    {TOP "()", "score.sx:2:1: error: a form is wanted here [E0503]"},
    {LEAD "(set 0 cutoff)", "score.sx:3:1: error: 'set' has too few parts [E0503]"},
    {LEAD "(stop 0 1)", "score.sx:3:1: error: 'stop' has too many parts [E0503]"},
    {LEAD "(play lead (stop lead :at 1))",
     "score.sx:3:12: error: 'stop' has too many parts [E0503]"},
    {LEAD "(play lead :set (cutoff))",
     "score.sx:3:17: error: a list of pairs is wanted here [E0503]"},
    {KICK "(play kick :volum 20)", "score.sx:2:12: error: 'play' has no option 'volum' [E0504]"},
    {KICK "(play kick :pan 1 :pan 2)", "score.sx:2:19: error: 'pan' is given twice [E0504]"},
    {KICK "(play kick :pan)", "score.sx:2:12: error: the option 'pan' has no value [E0504]"},
    {KICK "(note kick c4 1 :for 1)", "score.sx:2:22: error: the length is given twice [E0504]"},
    {KICK "(play kick :at 1sec)", "score.sx:2:16: error: unknown unit 'sec' in '1sec' [E0505]"},
    {KICK "(play kick :at x)", "score.sx:2:16: error: 'x' is not a time [E0505]"},
    {KICK "(play kick :at (1))", "score.sx:2:16: error: '(...)' is not a time [E0505]"},
    {KICK "(play kick :at 1:5)", "score.sx:2:16: error: there is no beat '1:5' [E0505]"},
    {KICK "(play kick :at 0:1)", "score.sx:2:16: error: there is no beat '0:1' [E0505]"},
    {KICK "(play kick :for 2:1)",
     "score.sx:2:17: error: '2:1' is a position, and a length is wanted [E0505]"},
    {KICK "(play kick :at -1bar)", "score.sx:2:16: error: bars are counted forwards [E0505]"},
    {TOP "(sample k \"kick.wav\") (play k :at 2)",
     "score.sx:2:35: error: '2' is in beats, and the score has no tempo [E0506]"},
    {TOP "(sample k \"kick.wav\") (pattern k \"x\")",
     "score.sx:2:23: error: the steps are in beats, and the score has no tempo [E0506]"},
    {KICK "(play kick :at 40) (tempo 90 :at 32)",
     "score.sx:2:20: error: a beat after this tempo has its time already [E0507]"},
    {KICK "(tempo 90)",
     "score.sx:2:1: error: there is a tempo already at this beat or after it [E0507]"},
    {TOP "(tempo 90 :at 1s)", "score.sx:2:15: error: 'tempo' starts on a beat [E0507]"},
    {KICK "(play kick :at 3:1) (meter 3 4)",
     "score.sx:2:21: error: a bar after this meter has its time already [E0507]"},
    {KICK "(meter 3 4 :at 3)", "score.sx:2:1: error: a meter starts where a bar begins [E0507]"},
    {KICK "(at 1s (play kick :at -2s))",
     "score.sx:2:8: error: this is before the start of the score [E0508]"},
    {KICK "(play kick :at 2000000000s)",
     "score.sx:2:1: error: this is more than 1000000000 s after the start [E0508]"},
    {KICK "(play kick :at 1/99999999999999999999)",
     "score.sx:2:16: error: '1/99999999999999999999' is too large or too fine [E0508]"},
    {KICK "(play kick :at 1s (stop :at -1ms))",
     "score.sx:2:19: error: this comes before the sound it is for [E0508]"},
    {KICK "(play kick :for 0)", "score.sx:2:17: error: a length of zero [E0509]"},
    {KICK "(play kick :for -1s)", "score.sx:2:17: error: a length below zero [E0509]"},
    {TOP "(quantise off) (sample k \"kick.wav\") (play k :for 0.1f)",
     "score.sx:2:38: error: a length of less than a frame [E0509]"},
    {KICK "(repeat 4 (play kick))",
     "score.sx:2:1: error: the body takes no time, so it cannot be repeated [E0509]"},
    {KICK "(section a (play kick)) (do a :times 2)",
     "score.sx:2:25: error: the section takes no time, so it cannot be repeated [E0509]"},
    {KICK "(ordered) (play kick :at 2s) (play kick :at 1s)",
     "score.sx:2:30: error: this goes back in time, and the score is (ordered) [E0510]"},
    {TOP "(steal loudest)", "score.sx:2:8: error: unknown policy 'loudest' [E0511]"},
    {TOP "(voices many)", "score.sx:2:9: error: the number of voices is a whole number [E0511]"},
    {TOP "(sample 12 \"kick.wav\")",
     "score.sx:2:9: error: '12' cannot be the name of a sample [E0511]"},
    {TOP "(seed -1)", "score.sx:2:7: error: a seed is a whole number from 0 to 2^64 - 1 [E0511]"},
    {KICK "(play kick :volume 256)", "score.sx:2:20: error: a volume goes from 0 to 255 [E0512]"},
    {KICK "(play kick :volume 0.5)", "score.sx:2:20: error: a volume is a whole number from 0 to "
                                     "255, a percentage or decibels [E0511]"},
    {KICK "(play kick :volume 101%)", "score.sx:2:20: error: a volume goes from 0 to 255 [E0512]"},
    {KICK "(play kick :volume 0.1db)", "score.sx:2:20: error: a volume goes from 0 to 255 [E0512]"},
    {KICK "(set_volume 0 -1%)", "score.sx:2:15: error: a volume goes from 0 to 255 [E0512]"},
    {LEAD "(send 0 room 0.5)", "score.sx:3:14: error: an amount is a whole number from 0 to 255, a "
                               "percentage or decibels [E0511]"},
    {KICK "(play kick :pan 50%)", "score.sx:2:17: error: a pan is a whole number [E0511]"},
    {KICK "(stop 16)", "score.sx:2:7: error: a voice goes from 0 to 15 [E0512]"},
    {KICK "(play kick :loop (10 1001))",
     "score.sx:2:22: error: a loop's end goes from 11 to 1000 [E0512]"},
    {TOP "(tempo 0)", "score.sx:2:8: error: a tempo goes from 1 to 10000 beats a minute [E0512]"},
    {TOP "(meter 3 3)",
     "score.sx:2:10: error: the lower number of a meter is 1, 2, 4, 8, 16, 32 or 64 [E0512]"},
    {LEAD "(note lead c4 1 :velocity 101%)",
     "score.sx:3:27: error: a velocity goes from 0 to 1, or 100% [E0512]"},
    {KICK "(play kick :pitch 0)", "score.sx:2:19: error: a rate of zero stands still [E0513]"},
    {KICK "(set_pitch 0 1025)", "score.sx:2:14: error: this rate is out of range [E0513]"},
    {KICK "(set_pitch 0 200st)", "score.sx:2:14: error: this rate is out of range [E0513]"},
    {KICK "(set_pitch 0 fast)", "score.sx:2:14: error: this is not a rate [E0513]"},
    {LEAD "(note lead h4 1)", "score.sx:3:12: error: 'h4' is not a pitch [E0514]"},
    {LEAD "(note lead 128 1)", "score.sx:3:12: error: MIDI numbers go from 0 to 127 [E0514]"},
    {KICK "(sample kick \"kick.wav\")", "score.sx:2:9: error: 'kick' is there already [E0515]"},
    {LEAD "(play kick :as room)", "score.sx:3:16: error: 'room' is the name of a bus [E0515]"},
    {LEAD "(play kik)", "score.sx:3:7: error: there is no sample or patch 'kik' [E0516]"},
    {LEAD "(stop lead)", "score.sx:3:7: error: no sound and no bus is called 'lead' [E0517]"},
    {LEAD "(play kick :as a) (stop b)",
     "score.sx:3:25: error: no sound and no bus is called 'b' [E0517]"},
    {LEAD "(play kick :bus rom)", "score.sx:3:17: error: there is no bus 'rom' [E0518]"},
    {TOP "(bus a) (bus b :to a)", "score.sx:2:20: error: 'a' does not come after 'b' [E0518]"},
    {TOP "(bus a :to b)", "score.sx:2:12: error: there is no bus 'b' [E0518]"},
    {KICK "(section verse) (do vers)", "score.sx:2:21: error: there is no section 'vers' [E0519]"},
    {LEAD "(play lead :set (cutof 9))",
     "score.sx:3:18: error: 'lead' has no parameter 'cutof' [E0520]"},
    {LEAD "(set 3 cutof 9)",
     "score.sx:3:8: error: no patch of the score has a parameter 'cutof' [E0520]"},
    {LEAD "(play lead :as a) (set a cutoff 5ms)",
     "score.sx:3:33: error: '5ms' does not fit parameter 'cutoff' of 'lead' [E0521]"},
    {LEAD "(play lead (set cutoff 9khz))",
     "score.sx:3:24: error: '9khz' is outside the range of 'cutoff' of 'lead' [E0521]"},
    {LEAD "(set 1 level 0.5s)",
     "score.sx:3:14: error: '0.5s' does not fit parameter 'level' of 'lead' [E0521]"},
    {LEAD "(note lead c10 1)", "score.sx:3:1: error: this pitch, 16744.04 Hz, is outside the range "
                               "of 'freq' of 'lead' [E0521]"},
    {LEAD "(play kick :set (cutoff 9))",
     "score.sx:3:17: error: a sample has no parameters [E0522]"},
    {LEAD "(play kick (set cutoff 9))", "score.sx:3:12: error: 'kick' has no parameters [E0522]"},
    {LEAD "(play lead :loop on)", "score.sx:3:18: error: a patch has no loop [E0522]"},
    {LEAD "(stop room)", "score.sx:3:1: error: 'stop' is not for a bus [E0522]"},
    {TOP "(patch p \"echo.sx\")",
     "score.sx:2:10: error: this patch works on a sound and makes none [E0522]"},
    {TOP "(bus b \"lead.sx\")",
     "score.sx:2:8: error: this patch has no input, so it is no effect [E0522]"},
    {TOP "(tempo 99) (patch p \"noise.sx\") (note p c4 1)",
     "score.sx:2:33: error: 'p' has no pitch [E0522]"},
    {TOP "(patch p \"lead.sx\" :gate cutoff)",
     "score.sx:2:26: error: 'cutoff' is not a parameter with the unit gate [E0522]"},
    {TOP "(sample k \"kik.wav\")", "score.sx:2:11: error: the sample cannot be loaded [E0523]"},
    {TOP "(sample k \"wide.wav\")", "score.sx:2:11: error: the sample cannot be loaded [E0523]"},
    {TOP "(patch p \"bad.sx\")", "score.sx:2:10: error: the patch cannot be loaded [E0523]"},
    {TOP "(section a (bogus 3))", "score.sx:2:13: error: unknown form 'bogus' [E0502]"},
    {TOP "(section a (seq (at 1s (bogus))))", "score.sx:2:25: error: unknown form 'bogus' [E0502]"},
    {TOP "(include \"/dev/zero\")", "score.sx:2:10: error: cannot read '/dev/zero' [E0524]"},
    {TOP "(include \"none.sx\")", "score.sx:2:10: error: cannot read 'none.sx' [E0524]"},
    {TOP "(include \"score.sx\")", "score.sx:2:10: error: 'score.sx' includes itself [E0525]"},
    {KICK "(section a (do a)) (do a)", "score.sx:2:16: error: section 'a' uses itself [E0525]"},
    {LEAD "(bus b) (bus c) (bus d) (play kick :send (room 1 all 1 b 1 c 1 d 1))",
     "score.sx:3:64: error: a sound is sent to 4 buses at most [E0526]"},
    {KICK "(repeat 1000001 (play kick))",
     "score.sx:2:9: error: the number of turns goes from 0 to 1000000 [E0512]"},
    {KICK "(repeat 1000000 (repeat 1000 (play kick) (rest 1ms)))",
     "score.sx:2:1: error: written out, this is more than 100000000 commands [E0526]"},
    {KICK "(section a (rest 1)) (section b (do a :times 1000)) (do b :times 1000000)",
     "score.sx:2:53: error: written out, this is more than 400000000 forms and items [E0526]"},
    {KICK "(play kick) (quantise off)",
     "score.sx:2:13: error: 'quantise' comes after the first command [E0527]"},
    {TOP "(voices 3) (voices 4)", "score.sx:2:12: error: 'voices' is given twice [E0527]"},
    {KICK "(rest 1)(play kick)",
     "score.sx:2:1: error: a rest at the top of a score makes nothing wait [E0527]"},
    {KICK "(at 1 (tempo 90))", "score.sx:2:7: error: 'tempo' stands within another form [E0527]"},
    {KICK "(play kick (play kick))", "score.sx:2:12: error: 'play' stands within a play [E0527]"},
    {LEAD "(line lead _ c4)", "score.sx:3:12: error: there is no note before this hold [E0529]"},
    {LEAD "(line lead c4:)", "score.sx:3:12: error: 'c4:' is no item of a line [E0529]"},
    {LEAD "(line lead (c4 e4) :2)", "score.sx:3:20: error: ':2' is no item of a line [E0529]"},
    {LEAD "(line lead (c4 e4) !)", "score.sx:3:20: error: '!' is no item of a line [E0529]"},
    {LEAD "(line lead (c4 e4)!c4)", "score.sx:3:19: error: '!c4' is no item of a line [E0529]"},
    {LEAD "(line lead (c4 :for 2):2)", "score.sx:3:23: error: the length is given twice [E0504]"},
    {LEAD "(line lead c4 d4 e4 | f4)",
     "score.sx:3:21: error: this bar has 3 beats, and 4 are wanted [E0530]"},
    {LEAD "(line lead c4:4 | d4:5 | f4)",
     "score.sx:3:24: error: this bar has 5 beats, and 4 are wanted [E0530]"},
    {LEAD "(meter 2 4) (line lead :step 1/2 c4 _ _ | f4)",
     "score.sx:3:41: error: this bar has 1.5 beats, and 2 are wanted [E0530]"},
    {LEAD "(line lead c4:3 | _ | d4)",
     "score.sx:3:17: error: this bar has 3 beats, and 4 are wanted [E0530]"},
    {LEAD "(section a (line lead c4 | d4)) (do a)",
     "score.sx:3:26: error: this bar has 1 beat, and 4 are wanted [E0530]"},
    {LEAD "(line lead c4:4 | d4) (meter 3 4)",
     "score.sx:3:23: error: a bar after this meter has its time already [E0507]"},
    {LEAD "(line lead c4 :step 0)", "score.sx:3:21: error: a length of zero [E0509]"},
    {LEAD "(line lead c4:0)", "score.sx:3:12: error: a length of no steps [E0509]"},
    {LEAD "(line lead (c4:2 e4))", "score.sx:3:13: error: 'c4:2' is no item of a line [E0529]"},
    {LEAD "(pattern kick \"x-x\")", "score.sx:3:15: error: '-' is no step of a pattern [E0529]"},
    {LEAD "(cc 74 cutof)",
     "score.sx:3:8: error: no patch of the score has a parameter 'cutof' [E0520]"},
    {LEAD "(channel 0 lead)", "score.sx:3:10: error: a channel goes from 1 to 16 [E0512]"},
    {LEAD "(channel 3 17 lead)", "score.sx:3:12: error: a channel goes from 1 to 16 [E0512]"},
    {LEAD "(program 7 6 lead)",
     "score.sx:3:12: error: the end of this range comes before its start [E0512]"},
    {LEAD "(drum c4 b3 kick)",
     "score.sx:3:10: error: the end of this range comes before its start [E0512]"},
    {LEAD "(cc 120 cutoff)", "score.sx:3:5: error: a controller goes from 0 to 119 [E0512]"},
    {LEAD "(default :pitch 2)", "score.sx:3:10: error: 'default' has no option 'pitch' [E0504]"},
    {LEAD "(default :bus rom)", "score.sx:3:15: error: there is no bus 'rom' [E0518]"},
    {LEAD "(bend 97)", "score.sx:3:7: error: a bend goes from 0 to 96 semitones [E0512]"},
    {LEAD "(drum 128 kick)", "score.sx:3:7: error: MIDI numbers go from 0 to 127 [E0514]"},
};

static void faults_are_found(void **state)
{
    (void)state;
    unsigned missed = 0;
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
        struct run run;
        read_text(&run, faults[i].text);
        size_t length = strlen(faults[i].wanted);
        const char *first = strstr(run.said, "score.sx:");
        if (run.status != 1 || !first || strncmp(first, faults[i].wanted, length) != 0) {
            print_error("%s\n%s\nwanted: %s\n", faults[i].text, run.said, faults[i].wanted);
            missed++;
        }
        end_run(&run);
    }
    assert_int_equal(missed, 0);
}

static unsigned lines_with(const char *text, const char *part)
{
    unsigned count = 0;
    for (const char *at = strstr(text, part); at; at = strstr(at + 1, part))
        count++;
    return count;
}

static void faults_are_said_once_each(void **state)
{
    (void)state;
    struct run run;
    read_text(&run, KICK "(patch p \"none.sx\") (repeat 9 (play kik) (rest 1)) (play p :as q)\n"
                         "(stop q) (is_playing q) (note kuk c4 :as n) (release n)\n"
                         "(bus b \"bad.sx\") (set b wet 1) (play kick :bus b)\n"
                         "(section a (play kock)) (do a) (do a) (do a :times 4)\n"
                         "(par (play keck) (play kick :pan 300))");
    assert_int_equal(run.status, 1);
    assert_int_equal(lines_with(run.said, "[E05"), 7);
    end_run(&run);
}

static void astray_words_are_said_once(void **state)
{
    (void)state;
    struct run run;
    read_text(&run, LEAD "(play kick at 1s pan 3)\n(play kick :at 1.5 s)\n(par at 1s (play kick))\n"
                         "(do a times 2)\n(line lead (c4 e4) | | step 1)");
    assert_int_equal(run.status, 1);
    assert_int_equal(lines_with(run.said, "[E05"), 5);
    assert_non_null(strstr(run.said, "= help: write :at 1s\n"));
    assert_non_null(strstr(run.said, "= help: write 1.5s\n"));
    end_run(&run);
    read_text(&run, "[\"score\"]\n[\"sample\", \"k\", \"kick.wav\"]\n"
                    "[\"play\", \"k\", \"at\", \"1s\"]");
    assert_non_null(strstr(run.said, "score.sx:3:15: error: options stand in an object: 'at'"));
    assert_non_null(strstr(run.said, "= help: write {\"at\": \"1s\"}\n"));
    end_run(&run);
}

static void help_counts(void **state)
{
    (void)state;
    struct run run;
    read_text(&run, KICK "(bus room) (play kick :as x) (play kick :bus plate) (stop piano)\n"
                         "(play sousaphone) (do b)");
    assert_non_null(strstr(run.said, "= help: there is 'room'\n"));
    assert_non_null(strstr(run.said, "= help: the only sound is 'x'\n"));
    assert_non_null(strstr(run.said, "= help: there is 'kick'\n"));
    assert_non_null(strstr(run.said, "= help: declare it before: (section b FORM ...)\n"));
    end_run(&run);
    read_text(&run, KICK "(bus room) (bus all) (play kick :bus plate)");
    assert_non_null(strstr(run.said, "= help: there are 'room', 'all'\n"));
    end_run(&run);
}

static void places_outlive_their_forms(void **state)
{
    (void)state;
    struct run run;
    char *text = malloc(200000);
    assert_non_null(text);
    size_t at = (size_t)sprintf(text, KICK);
    for (int i = 0; i < 2000; i++)
        at += (size_t)sprintf(text + at, i % 150 ? "(play kick :at %d)\n" : "(play kick :att %d)\n",
                              i);
    read_text(&run, text);
    assert_int_equal(run.status, 1);
    assert_int_equal(lines_with(run.said, "'play' has no option 'att' [E0504]"), 14);
    assert_non_null(strstr(run.said, " 1802 | (play kick :att 1800)\n"));
    end_run(&run);
    free(text);
}

static void maps_have_no_commands(void **state)
{
    (void)state;
    struct run run;
    write_text("map.sx", LEAD "(channel 1 lead) (program 0 kick) (drum c2 kick) (drum 38 kick)\n"
                              "(cc 74 cutoff 200 8khz) (cc 1 level) (bend 12)\n");
    read_path(&run, "map.sx", 1);
    assert_int_equal(run.status, 0);
    const struct score_midi_map *midi = &run.score.midi;
    assert_int_equal(midi->channel[0], 1);
    assert_int_equal(midi->channel[1], -1);
    assert_int_equal(midi->program[0], 0);
    assert_int_equal(midi->drum[36], 0);
    assert_int_equal(midi->drum[38], 0);
    assert_int_equal(midi->drum[37], -1);
    assert_int_equal(midi->cc_count, 2);
    assert_true(midi->ccs[0].ranged && !midi->ccs[1].ranged);
    assert_true(midi->ccs[0].low == 200.0f && midi->ccs[0].high == 8000.0f);
    assert_string_equal(run.score.params[midi->ccs[1].param], "level");
    assert_true(midi->bend == 12.0f);
    end_run(&run);
    write_text("map.sx", LEAD "(channel 2 4 lead) (program 0 7 kick) (program 3 lead)\n"
                              "(drum c2 d2 kick) (drum 126 127 lead) (cc 119 cutoff)");
    read_path(&run, "map.sx", 1);
    assert_int_equal(run.status, 0);
    for (int i = 0; i < 16; i++)
        assert_int_equal(midi->channel[i], i >= 1 && i <= 3 ? 1 : -1);
    for (int i = 0; i < 128; i++) {
        assert_int_equal(midi->program[i], i == 3 ? 1 : i < 8 ? 0 : -1);
        assert_int_equal(midi->drum[i], i >= 126 ? 1 : i >= 36 && i <= 38 ? 0 : -1);
    }
    end_run(&run);
    write_text("map.sx", LEAD "(play kick) (stop 0)\n(rest 1) (play kick)");
    read_path(&run, "map.sx", 1);
    assert_int_equal(run.status, 1);
    assert_int_equal(lines_with(run.said, "[E0528]"), 1);
    assert_non_null(strstr(run.said, " this is a song, not a map\n"));
    assert_non_null(
        strstr(run.said, "map.sx:3:1: error: 'play' stands in an instrument map [E0528]"));
    end_run(&run);
}

static void included_settings_are_refused(void **state)
{
    (void)state;
    write_text("inc.sx", "(score) (sample s \"kick.wav\")\n(voices 4)");
    expect_wrong(TOP "(include \"inc.sx\")",
                 "inc.sx:2:1: error: 'voices' is a setting, and this file is included in another "
                 "[E0527]");
    write_text("inc.sx", "(play s)");
    expect_wrong(TOP "(include \"inc.sx\")",
                 "inc.sx:1:1: error: 'inc.sx' does not begin with (score) [E0501]");
}

static void too_much_is_refused(void **state)
{
    (void)state;
    char text[50000];
    size_t at = (size_t)sprintf(text, KICK "(section s0 (rest 1))");
    for (int i = 1; i < 1100; i++)
        at += (size_t)sprintf(text + at, "(section s%d (do s%d))", i, i - 1);
    sprintf(text + at, "(do s1099)");
    expect_wrong(text, "forms are nested more than 1000 deep [E0526]");
}

static atomic_int stop;

static void *stop_soon(void *nothing)
{
    nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
    atomic_store(&stop, 15);
    return nothing;
}

/* Written out, these take minutes, and are wrong besides. */
static const char *const endless[] = {
    "(repeat 1000000 (repeat 198 (rest 1)))",
    "(section a (repeat 198 (rest 1))) (do a :times 1000000)",
};

static void a_signal_ends_the_reading(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof endless / sizeof *endless; i++) {
        struct score score;
        pthread_t thread;
        char text[200], *said;
        size_t size;
        FILE *diagnostics = open_memstream(&said, &size);
        struct score_options options = {.diagnostics = diagnostics, .stop = &stop};
        snprintf(text, sizeof text, KICK "(play kick :volum 9) %s", endless[i]);
        FILE *stream = fmemopen(text, strlen(text), "r");
        atomic_store(&stop, 0);
        assert_int_equal(pthread_create(&thread, NULL, stop_soon, NULL), 0);
        assert_int_equal(score_read(&score, stream, "score.sx", &options), 2);
        pthread_join(thread, NULL);
        score_free(&score);
        fclose(stream);
        fclose(diagnostics);
        assert_string_equal(said, "");
        free(said);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(faults_are_found),
        cmocka_unit_test(faults_are_said_once_each),
        cmocka_unit_test(astray_words_are_said_once),
        cmocka_unit_test(help_counts),
        cmocka_unit_test(places_outlive_their_forms),
        cmocka_unit_test(maps_have_no_commands),
        cmocka_unit_test(included_settings_are_refused),
        cmocka_unit_test(too_much_is_refused),
        cmocka_unit_test(a_signal_ends_the_reading),
    };
    return IN_FOLDER(tests);
}
