/* test_score.c - what scores mean: times, ticks, order, structure. */
#include "tests/render/test_score.h"
#include <gmp.h>
#include <time.h>

/* --- times ----------------------------------------------------------------------------------- */

#define EXACT "(score) (quantise off) (sample k \"kick.wav\") "

static const struct {
    const char *setting, *time;
    const char *frame;
} times[] = {
    {"", "0", "0"},
    {"", "1.5s", "72000"},
    {"", "20ms", "960"},
    {"", "250us", "12"},
    {"", "4800f", "4800"},
    {"", "3t", "2400"},
    {"", "1s+20ms-10f", "48950"},
    {"", "1/3s", "16000"},
    {"", "1e1ms", "480"},
    {"", "0.5f", "1"}, /* ties go up */
    {"", "0.499999f", "0"},
    {"(tempo 120)", "4", "96000"},
    {"(tempo 120)", "7/2b", "84000"},
    {"(tempo 120)", "2beats", "48000"},
    {"(tempo 120)", "4-5ms", "95760"},
    {"(tempo 120)", "5:1", "384000"},
    {"(tempo 120)", "5:3.5", "444000"},
    {"(tempo 120)", "5:3+1/2", "444000"},
    {"(tempo 120)", "9:1+20ms", "768960"},
    {"(tempo 120)", "2bars", "192000"},
    {"(tempo 120)", "5/2bars", "240000"},
    /* 10,000 beats are 10000 * 60 * 48000 / 124 = 232258064.516... frames */
    {"(tempo 124)", "10000", "232258065"},
    {"(tempo 124)", "2501:1", "232258065"},
    /* 10000 * 2880000 / 119.98 = 240040006.667... */
    {"(tempo 119.98)", "10000", "240040007"},
    {"(tempo 240/7)", "1/3", "28000"},
    /* 4 beats at 120, then 2 at 90 */
    {"(tempo 120) (tempo 90 :at 4)", "6", "160000"},
    {"(tempo 120) (tempo 90 :at 2:1)", "2:3", "160000"},
    {"(tempo 120) (tempo 90 :at 4) (tempo 60 :at 6)", "7", "208000"},
    /* Fractions of frames are carried over a change: 1 beat at 7 bpm is 411428.571..., and so are
     * the six sevenths after it. */
    {"(tempo 7) (tempo 70 :at 1)", "11", "822857"},
    /* 3 bars of 4/4, then 3/4, then 6/8 */
    {"(tempo 120) (meter 3 4 :at 4:1)", "5:1", "360000"},
    {"(tempo 120) (meter 3 4 :at 4:1)", "4:3", "336000"},
    {"(tempo 120) (meter 3 4 :at 4:1) (meter 6 8 :at 6:1)", "7:1+1/2", "516000"},
    {"(tempo 120) (meter 7 8)", "3:1", "168000"},
    {"(tempo 120) (meter 3 4)", "2bars", "144000"},
    /* In a sum, bars are those in force where the beats before them lead. */
    {"(tempo 60) (meter 3 4 :at 2:1)", "2:1+1bar", "336000"},
    {"(tempo 60) (meter 3 4 :at 2:1)", "1bar+1bar", "336000"},
    {"(tempo 60) (meter 3 4 :at 2:1)", "2bars-1+1bar", "432000"},
    {"(tempo 60) (meter 3 4 :at 2:1)", "1s+1bar+20f", "240020"},
    {"(tempo 60) (meter 3 4 :at 2:1)", "4+1bar-1s", "288000"},
    /* A tie that follows on a start in thirds: 64001/64000 beats of 32000 frames. */
    {"(tempo 90) (tempo 90 :at 1/3)", "64001/64000", "32001"},
    {"(tempo 90) (tempo 180 :at 1/3) (tempo 90 :at 2/3)", "1", "26667"},
};

static void times_are_exact(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
        char text[400], wanted[64];
        snprintf(text, sizeof text, EXACT "%s (play k :at %s)", times[i].setting, times[i].time);
        snprintf(wanted, sizeof wanted, "%s play k\n", times[i].frame);
        expect(text, wanted);
    }
}

/* The tempo map against beats of 2880000 / bpm frames added up over a common denominator. */
static void many_tempos_are_exact(void **state)
{
    (void)state;
    char text[4000];
    size_t at = (size_t)snprintf(text, sizeof text, EXACT);
    uint64_t sum = 0; /* 5040 times the frames: a multiple of every bpm */
    for (unsigned i = 0; i < 40; i++) {
        unsigned bpm = 1 + i % 10;
        at += (size_t)snprintf(text + at, sizeof text - at, "(tempo %u :at %u)", bpm, i);
        sum += UINT64_C(2880000) * 5040 / bpm;
    }
    snprintf(text + at, sizeof text - at, "(play k :at 40)");
    char wanted[64];
    snprintf(wanted, sizeof wanted, "%" PRIu64 " play k\n", (2 * sum + 5040) / (2 * 5040));
    expect(text, wanted);
}

/* The frame nearest to a sum of fractions, of two the later, in text. */
static void put_frame(char *text, size_t size, mpq_t sum)
{
    mpz_t frame;
    mpz_init(frame);
    mpz_mul_2exp(frame, mpq_numref(sum), 1);
    mpz_add(frame, frame, mpq_denref(sum));
    mpz_fdiv_q(frame, frame, mpq_denref(sum));
    mpz_fdiv_q_2exp(frame, frame, 1);
    snprintf(text, size, "%lu play k\n", mpz_get_ui(frame));
    mpz_clear(frame);
}

/* Tempi with two decimals, whose common denominator has thousands of digits, and plays at the
 * thirds between them. */
static void irregular_tempos_are_exact(void **state)
{
    (void)state;
    enum { TEMPOS = 2000, LINE = 40 };
    char *text = malloc(3 * TEMPOS * LINE), *wanted = malloc(TEMPOS * LINE);
    size_t at = (size_t)sprintf(text, EXACT), to = 0;
    mpq_t sum, third;
    mpq_inits(sum, third, NULL);
    unsigned random = 1;
    for (unsigned i = 0; i < TEMPOS; i++) {
        random = random * 1103515245 + 12345;
        unsigned bpm = 6000 + random / 65536 % 14000; /* hundredths */
        at += (size_t)sprintf(text + at, "(tempo %u.%02u :at %u)", bpm / 100, bpm % 100, i);
        mpq_set_ui(third, 96000000, bpm);
        mpq_canonicalize(third);
        for (int part = 1; part <= 3; part++) {
            mpq_add(sum, sum, third);
            if (part == 2)
                put_frame(wanted + to, LINE, sum);
        }
        to += strlen(wanted + to);
    }
    for (unsigned i = 0; i < TEMPOS; i++)
        at += (size_t)sprintf(text + at, "(play k :at %u+2/3)", i);
    expect(text, wanted);
    mpq_clears(sum, third, NULL);
    free(text);
    free(wanted);
}

/* Two ways to the same place over many tempi are equally long, and a little more is more. */
static void moments_are_compared_exactly(void **state)
{
    (void)state;
    char text[20000];
    size_t at = (size_t)sprintf(text, EXACT "(tempo 70)");
    for (unsigned i = 1; i < 300; i++)
        at += (size_t)sprintf(text + at, "(tempo %u.%02u :at %u/3)", 60 + i % 97, i % 100, i);
    sprintf(text + at, "(tempo 60 :at 100) (play k :at 102) (seq (rest 100) (par (rest 2) (rest "
                       "1+1s) (rest 2s)) (play k)) (seq (rest 100) (par (rest 2) (rest 1/2+1.5s)"
                       "(rest 1+1s+1/1000000f)) (play k))");
    struct run run;
    read_text(&run, text);
    assert_int_equal(run.status, 0);
    size_t count;
    const struct mix_command *c;
    struct render_error error;
    assert_int_equal(timeline_until(run.score.timeline, UINT64_MAX, &c, &count, &error), 0);
    assert_int_equal(count, 3);
    assert_true(c[0].frame == c[1].frame && c[1].frame == c[2].frame);
    end_run(&run);
    expect(EXACT "(tempo 90) (tempo 90 :at 1/3) (tempo 90 :at 2/3)\n"
                 "(seq (par (rest 1) (rest 2/3s)) (play k))",
           "32000 play k\n");
}

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* From the top, from within a bar, and in turn; each in the time of some walks over all meters. */
static void many_meters_take_little_time(void **state)
{
    (void)state;
    enum { METERS = 8000, LINE = 60 };
    char *text = malloc(3 * METERS * LINE), *wanted = malloc(3 * METERS * LINE);
    size_t at = (size_t)sprintf(text, EXACT "(tempo 60)"), to = 0;
    uint64_t beat = 0;
    for (int i = 0; i < METERS; i++) {
        at += (size_t)sprintf(text + at, "(meter %d 4 :at %d:1) (play k :at %d:1)\n", 2 + i % 5,
                              i + 1, i + 1);
        to += (size_t)sprintf(wanted + to, "%" PRIu64 " play k\n", beat * 48000);
        beat += 2 + (unsigned)i % 5;
    }
    double start = seconds();
    expect(text, wanted);
    assert_true(seconds() - start < 4.0);
    at = (size_t)sprintf(text, EXACT "(tempo 60)");
    for (int i = 0; i < METERS; i++)
        at += (size_t)sprintf(text + at, "(meter %d 4 :at %d:1)", 2 + i % 5, i + 1);
    at += (size_t)sprintf(text + at, "(at 1/2 ");
    to = 0;
    beat = 0;
    for (int i = 0; i < METERS; i++) {
        at += (size_t)sprintf(text + at, "(play k :at %d:1)", i + 1);
        to += (size_t)sprintf(wanted + to, "%" PRIu64 " play k\n", beat * 48000 + 24000);
        beat += 2 + (unsigned)i % 5;
    }
    sprintf(text + at, ")");
    start = seconds();
    expect(text, wanted);
    assert_true(seconds() - start < 4.0);
    free(text);
    free(wanted);
}

/* A bar from within one may pass over a whole meter. */
static void bars_from_within_a_bar_are_walked(void **state)
{
    (void)state;
    /* 4/4 until beat 4, 1/4 until 5, 2/4 from there on; bars from 3: 4, 2, 2, ... */
    expect(EXACT
           "(tempo 60) (meter 1 4 :at 2:1) (meter 2 4 :at 3:1)\n"
           "(at 3 (play k :at 2:1) (play k :at 4:2) (play k :at 3:1) (play k :at 1bar+2bars))",
           "336000 play k\n432000 play k\n528000 play k\n576000 play k\n");
}

static void bars_within_forms_follow_the_meter(void **state)
{
    (void)state;
    expect(EXACT "(tempo 120) (meter 3 4 :at 3:1) (at 2:1 (play k :at 2:1) (play k :at 3:1))",
           "192000 play k\n264000 play k\n");
    /* From within a bar, as long as the bar that one is in. */
    expect(EXACT "(tempo 120) (seq (rest 1) (play k :at 2:1))", "120000 play k\n");
}

/* --- ticks ----------------------------------------------------------------------------------- */

static void commands_act_on_ticks(void **state)
{
    (void)state;
    expect("(score) (sample k \"kick.wav\") (play k :at 800f) (play k :at 801f)\n"
           "(stop 0 :at 1ms) (set_volume 0 9 :at 1f :ramp 7f)",
           "800 play k\n800 stop voice 0\n800 set_volume voice 0 9 in 7\n1600 play k\n");
}

static void parameters_act_on_frames(void **state)
{
    (void)state;
    expect("(score) (patch p \"lead.sx\") (play p :at 100f :as a :voice 2)\n"
           "(set a cutoff 500 :at 100f) (set 2 cutoff 600 :at 799f) (set a cutoff 700 :at 801f)\n"
           "(set a cutoff 400 :at 99f) (play p :at 10f (set cutoff 900) (set cutoff 300 :at 2t))",
           "99 set a cutoff 400\n"
           "800 play voice 2 p as a\n"
           "800 set a cutoff 500\n"
           "800 set voice 2 cutoff 600\n"
           "800 play p\n"
           "800 set #5 cutoff 900\n"
           "801 set a cutoff 700\n"
           "1610 set #5 cutoff 300\n");
}

static void lengths_end_on_ticks(void **state)
{
    (void)state;
    /* 100 + 1500 = 1600: a tick; 101 + 1500 = 1601: the next. */
    expect("(score) (sample k \"kick.wav\") (play k :at 100f :for 1500f) (play k :at 101f :for "
           "1500f)\n(play k :at 100f :for 10f) (play k :at 0 :for 0.1f)",
           "0 play k for 800\n800 play k for 800\n800 play k for 1600\n800 play k for 800\n");
    expect(EXACT "(play k :at 100f :for 1500f) (play k :at 101f :for 7f)",
           "100 play k for 1500\n101 play k for 7\n");
}

static void lengths_follow_the_tempo(void **state)
{
    (void)state;
    expect(EXACT "(tempo 120) (tempo 60 :at 1) (play k :at 0 :for 2) (stop 0 :at 1/2 :fade 1)",
           "0 play k for 72000\n12000 stop voice 0 in 36000\n");
}

static void last_is_the_last_end(void **state)
{
    (void)state;
    struct run run;
    read_text(&run, "(score) (sample k \"kick.wav\") (play k :at 1s) (play k :for 2s) (stop 0)");
    assert_int_equal(run.status, 0);
    assert_int_equal(run.score.last, 96000);
    end_run(&run);
}

static void order_is_written_order(void **state)
{
    (void)state;
    expect("(score) (sample a \"kick.wav\") (sample b \"kick.wav\") (play b :at 790f) (play a :at "
           "2f)\n(play b :at 800f)",
           "800 play b\n800 play a\n800 play b\n");
}

static void lines_are_known(void **state)
{
    (void)state;
    struct run run;
    const struct mix_command *c;
    size_t count;
    struct render_error error;
    write_text("part.sx", "(score)\n\n(section s (play k)\n (play k))");
    read_text(&run,
              "; one\n(score)\n(sample k \"kick.wav\") (play k)\n(par (play k)\n\n (play k))\n"
              "(include \"part.sx\") (do s)");
    assert_int_equal(run.status, 0);
    assert_int_equal(timeline_until(run.score.timeline, UINT64_MAX, &c, &count, &error), RENDER_OK);
    static const unsigned lines[] = {3, 4, 6, 3, 4}, files[] = {0, 0, 0, 1, 1};
    assert_int_equal(count, 5);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(c[i].line, lines[i]);
        assert_int_equal(c[i].file, files[i]);
    }
    assert_string_equal(run.score.files[1], "part.sx");
    end_run(&run);
}

/* --- structure ------------------------------------------------------------------------------- */

static void forms_take_their_place(void **state)
{
    (void)state;
    expect(HEAD "(at 1 (play kick) (play kick :at 1) (at 2 (play ring)))",
           "24000 play kick\n48000 play kick\n72000 play ring\n");
    expect(HEAD "(seq (note lead 69 1) (rest 1) (par (play kick :for 1) (play kick :for 2)) (play "
                "ring))",
           "0 play lead for 24000 base 440\n0 + set #0 freq 440\n48000 play kick for 24000\n"
           "48000 play kick for 48000\n96000 play ring\n");
    expect(HEAD "(seq (at 1 :length 3 (play kick)) (par :length 1) (play ring))",
           "24000 play kick\n120000 play ring\n");
    expect(HEAD "(seq (play kick :for 1 :at 1) (set_volume 0 7 :at 9) (play ring))",
           "24000 play kick for 24000\n48000 play ring\n264000 set_volume voice 0 7\n");
    expect(HEAD "(seq (par (rest 1) (rest 0.25s) (rest 0.75s)) (play ring))", "36000 play ring\n");
}

static void repeats_are_what_they_stand_for(void **state)
{
    (void)state;
    expect_same(HEAD "(repeat 3 (note lead c4 1/3) (play kick :for 0.1s))",
                HEAD "(seq (note lead c4 1/3) (play kick :for 0.1s) (note lead c4 1/3)\n"
                     "(play kick :for 0.1s) (note lead c4 1/3) (play kick :for 0.1s))");
    expect_same(HEAD "(section a (play kick) (play ring :at 1) (rest 2)) (do a :times 3 :at 1)",
                HEAD "(at 1 (play kick) (play ring :at 1)) (at 3 (play kick) (play ring :at 1))\n"
                     "(at 5 (play kick) (play ring :at 1))");
    expect_same(HEAD "(section a :length 4 (play kick)) (do a :times 2) (seq (do a :length 1) (do "
                     "a))",
                HEAD "(play kick) (play kick :at 4) (play kick) (play kick :at 1)");
    expect_same(HEAD "(repeat 0 (play ring)) (play kick)", HEAD "(play kick)");
}

static void sections_are_transposed(void **state)
{
    (void)state;
    expect_same(HEAD "(section a (line lead c4 e4) (note lead 440hz 1) (play kick))\n"
                     "(section b (do a :transpose 5)) (do b :transpose 7)",
                HEAD "(line lead c5 e5) (note lead 880hz 1) (play kick)");
}

static void names_are_taken_by_turns(void **state)
{
    (void)state;
    expect(HEAD "(repeat 2 (play kick :as a) (stop a :at 1/2) (rest 1)) (is_playing a :at 3)",
           "0 play kick as a\n12000 stop a\n24000 play kick as a\n36000 stop a\n"
           "72000 is_playing a\n");
}

static void json_says_the_same(void **state)
{
    (void)state;
    char *wanted;
    struct run run;
    read_text(&run, HEAD "(play kick :at 1.5s :volume 200 :loop (10 20))\n"
                         "(note lead c4 1/2 :velocity 50% :set (cutoff 2khz) (set cutoff 50% :at "
                         "0.25))\n(line lead c4:2 . _x:1)\n");
    assert_int_equal(run.status, 1); /* _x is no item */
    end_run(&run);
    read_text(&run, HEAD "(play kick :at 1.5s :volume 200 :loop (10 20) :as a) (send a room 9)\n"
                         "(note lead c4 1/2 :velocity 50% :set (cutoff 2khz) (set cutoff 50% :at "
                         "0.25))\n(line lead 60:2 . (c4 e4 :for 2) _)\n(pattern kick \"x. | X.\")");
    assert_int_equal(run.status, 0);
    wanted = commands_of(&run.score);
    end_run(&run);
    expect("[\"score\"]\n[\"tempo\", 120]\n[\"sample\", \"kick\", \"kick.wav\"]\n"
           "[\"sample\", \"ring\", \"loop.wav\"]\n[\"patch\", \"lead\", \"lead.sx\"]\n"
           "[\"bus\", \"room\", \"echo.sx\"]\n[\"bus\", \"all\"]\n"
           "[\"play\", \"kick\", {\"at\": \"1.5s\", \"volume\": 200, \"loop\": [10, 20], \"as\": "
           "\"a\"}]\n[\"send\", \"a\", \"room\", 9]\n"
           "[\"note\", \"lead\", \"c4\", \"1/2\", {\"velocity\": \"50%\", \"set\": {\"cutoff\": "
           "\"2khz\"}}, [\"set\", \"cutoff\", \"50%\", {\"at\": 0.25}]]\n"
           "[\"line\", \"lead\", \"60:2\", \".\", [\"c4\", \"e4\", {\"for\": 2}], \"_\"]\n"
           "[\"pattern\", \"kick\", \"x. | X.\"]\n",
           wanted);
    free(wanted);
}

static void files_are_included(void **state)
{
    (void)state;
    assert_int_equal(mkdir("sub", 0777), 0);
    write_sample("sub/kick.wav", 1, 0);
    write_text("sub/part.sx", "(score) (sample kick2 \"kick.wav\") (include \"deep.sx\" :at 1)\n"
                              "(section s (play kick2) (rest 1)) (play kick2)");
    write_text("sub/deep.sx", "(score deep) (play kick2 :at 1)");
    expect(HEAD "(include \"sub/part.sx\" :at 1) (do s :times 2)",
           "0 play kick2\n24000 play kick2\n24000 play kick2\n72000 play kick2\n");
}

static void ordered_scores_go_forward(void **state)
{
    (void)state;
    expect_same(
        "(score) (sample k \"kick.wav\") (ordered) (play k) (at 1s (play k :at 1s)) (play k "
        ":at 1s)",
        "(score) (sample k \"kick.wav\") (play k) (play k :at 2s) (play k :at 1s)");
}

static void many_commands_are_read(void **state)
{
    (void)state;
    struct run run;
    read_text(&run, EXACT "(tempo 124) (repeat 300 (repeat 300 (play k) (rest 1/3)))");
    assert_int_equal(run.status, 0);
    assert_int_equal(run.score.command_count, 90000);
    /* 89999 / 3 * 2880000 / 124 = 696766451.6... */
    assert_int_equal(run.score.last, 696766452);
    end_run(&run);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(times_are_exact),
        cmocka_unit_test(many_tempos_are_exact),
        cmocka_unit_test(irregular_tempos_are_exact),
        cmocka_unit_test(moments_are_compared_exactly),
        cmocka_unit_test(many_meters_take_little_time),
        cmocka_unit_test(bars_from_within_a_bar_are_walked),
        cmocka_unit_test(bars_within_forms_follow_the_meter),
        cmocka_unit_test(commands_act_on_ticks),
        cmocka_unit_test(parameters_act_on_frames),
        cmocka_unit_test(lengths_end_on_ticks),
        cmocka_unit_test(lengths_follow_the_tempo),
        cmocka_unit_test(last_is_the_last_end),
        cmocka_unit_test(order_is_written_order),
        cmocka_unit_test(lines_are_known),
        cmocka_unit_test(forms_take_their_place),
        cmocka_unit_test(repeats_are_what_they_stand_for),
        cmocka_unit_test(sections_are_transposed),
        cmocka_unit_test(names_are_taken_by_turns),
        cmocka_unit_test(json_says_the_same),
        cmocka_unit_test(files_are_included),
        cmocka_unit_test(ordered_scores_go_forward),
        cmocka_unit_test(many_commands_are_read),
    };
    return IN_FOLDER(tests);
}
