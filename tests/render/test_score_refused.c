/* test_score_refused.c - what is nearly right in a score is refused with its code, and no word of
 * it is taken for something else. Beside test_score_errors.c, which has the words and places. */
#include "tests/render/test_score.h"
#include "text/diag.h"

#define KICK "(score) (tempo 120) (sample kick \"kick.wav\") (sample loop \"loop.wav\")\n"
#define LEAD KICK "(patch lead \"lead.sx\") (bus room \"echo.sx\") (bus all)\n"

static const struct {
    enum diag_code code;
    const char *text;
} refused[] = {
    /* a list where a word is wanted */
    {E_SCORE_VALUE, "(score) (steal (oldest))"},
    {E_SCORE_VALUE, "(score) (quantise (on))"},
    {E_SCORE_VALUE, "(score) (resample (off))"},
    {E_SCORE_VALUE, "(score) (voices (5))"},
    {E_SCORE_OPTION, "(score) (sample (k) \"kick.wav\")"},
    {E_SCORE_VALUE, "(score) (sample k (\"kick.wav\"))"},
    {E_SCORE_VALUE, KICK "(play kick :volume (9))"},
    {E_SCORE_VALUE, KICK "(play kick :pan (9))"},
    {E_SCORE_RATE, KICK "(play kick :pitch (1))"},
    {E_SCORE_VALUE, KICK "(play kick :priority (1))"},
    {E_SCORE_VALUE, KICK "(play kick :serial (1))"},
    {E_SCORE_VALUE, KICK "(play kick :as (a))"},
    {E_SCORE_SOURCE, KICK "(play (kick))"},
    {E_SCORE_BUS, LEAD "(play kick :bus (room))"},
    {E_SCORE_VOICE, KICK "(stop (0))"},
    {E_SCORE_VALUE, KICK "(play kick :voice (0))"},
    {E_SCORE_PITCH, LEAD "(note lead (c4) 1)"},
    {E_SCORE_SECTION, KICK "(do (a))"},
    {E_SCORE_PARAM, LEAD "(set 0 (cutoff) 5)"},
    {E_SCORE_PARAM_VALUE, LEAD "(play lead :set (cutoff (5)))"},
    {E_SCORE_VALUE, KICK "(pattern kick (x))"},
    /* numbers of another kind, or just outside */
    {E_SCORE_VALUE, "(score) (voices 2.5)"},
    {E_SCORE_VALUE_RANGE, "(score) (voices 0)"},
    {E_SCORE_VALUE_RANGE, "(score) (voices 4097)"},
    {E_SCORE_VALUE, "(score) (seed -1.5)"},
    {E_SCORE_VALUE_RANGE, "(score) (tempo 0)"},
    {E_SCORE_VALUE_RANGE, "(score) (tempo 10001)"},
    {E_SCORE_VALUE_RANGE, "(score) (tempo 120) (meter 0 4)"},
    {E_SCORE_VALUE_RANGE, "(score) (tempo 120) (meter 4 65)"},
    {E_SCORE_VALUE_RANGE, KICK "(play kick :volume 256)"},
    {E_SCORE_VALUE_RANGE, KICK "(play kick :volume -1)"},
    {E_SCORE_VALUE_RANGE, KICK "(play kick :volume 101%)"},
    {E_SCORE_VALUE_RANGE, KICK "(play kick :volume -1%)"},
    {E_SCORE_VALUE_RANGE, KICK "(play kick :volume 1dB)"},
    {E_SCORE_VALUE_RANGE, KICK "(play kick :pan 256)"},
    {E_SCORE_VALUE_RANGE, KICK "(play kick :priority 256)"},
    {E_SCORE_RATE, KICK "(play kick :pitch 0)"},
    {E_SCORE_RATE, KICK "(play kick :pitch 1025)"},
    {E_SCORE_RATE, KICK "(play kick :pitch 121st)"},
    {E_SCORE_RATE, KICK "(play kick :pitch fast)"},
    {E_SCORE_RATE, KICK "(set_pitch 0 0)"},
    {E_SCORE_PITCH, LEAD "(note lead 128 1)"},
    {E_SCORE_PITCH, LEAD "(note lead -1 1)"},
    {E_SCORE_PITCH, LEAD "(note lead h4 1)"},
    {E_SCORE_PITCH, LEAD "(note lead 0hz 1)"},
    {E_SCORE_PARAM_VALUE, LEAD "(note lead 9khz 1)"},
    {E_SCORE_VALUE_RANGE, LEAD "(note lead c4 1 :velocity 101%)"},
    {E_SCORE_VALUE_RANGE, LEAD "(note lead c4 1 :velocity 2)"},
    {E_SCORE_VALUE, LEAD "(note lead c4 1 :velocity loud)"},
    {E_SCORE_VALUE_RANGE, KICK "(play kick :loop (0 5000))"},
    {E_SCORE_VALUE_RANGE, KICK "(play kick :loop (5000 5001))"},
    {E_SCORE_SHAPE, KICK "(play kick :loop (1 2 3))"},
    {E_SCORE_VALUE, KICK "(play kick :loop sometimes)"},
    {E_SCORE_VALUE_RANGE, KICK "(play kick :for 100000s)"},
    {E_SCORE_VALUE_RANGE, KICK "(stop 0 :fade 100000s)"},
    /* options, lists of pairs */
    {E_SCORE_SHAPE, LEAD "(play kick :send (room))"},
    {E_SCORE_SHAPE, LEAD "(play kick :send room)"},
    {E_SCORE_BUS, LEAD "(play kick :send (nowhere 5))"},
    {E_SCORE_VALUE_RANGE, LEAD "(play kick :send (room 256))"},
    {E_SCORE_NOT_FOR, LEAD "(play kick :set (cutoff 500))"},
    {E_SCORE_PARAM, LEAD "(play lead :set (cutof 500))"},
    {E_SCORE_PARAM_VALUE, LEAD "(play lead :set (cutoff 50))"},
    {E_SCORE_PARAM_VALUE, LEAD "(play lead :set (cutoff 9khz))"},
    {E_SCORE_PARAM_VALUE, LEAD "(play lead :set (cutoff 5ms))"},
    {E_SCORE_PARAM_VALUE, LEAD "(play lead :set (cutoff high))"},
    {E_SCORE_PARAM_VALUE, LEAD "(play lead :set (attack 3s))"},
    {E_SCORE_PARAM_VALUE, LEAD "(play lead :set (level 5hz))"},
    {E_SCORE_NOT_FOR, LEAD "(set all wet 5)"},
    {E_SCORE_PARAM, LEAD "(set room cutoff 5)"},
    {E_SCORE_PARAM_VALUE, LEAD "(set room wet 2hz)"},
    {E_SCORE_VALUE_RANGE, LEAD "(set 99 cutoff 500)"},
    {E_SCORE_VOICE, LEAD "(send nobody room 5)"},
    {E_SCORE_BUS, LEAD "(send 0 nowhere 5)"},
    {E_SCORE_NOT_FOR, LEAD "(stop room)"},
    {E_SCORE_NOT_FOR, LEAD "(set_pitch room 1)"},
    {E_SCORE_NAME_TWICE, LEAD "(bus room)"},
    {E_SCORE_NAME_TWICE, LEAD "(sample kick \"kick.wav\")"},
    {E_SCORE_NAME_TWICE, LEAD "(section a (rest 1)) (section a (rest 1))"},
    {E_SCORE_NAME_TWICE, "(score) (bus mix)"},
    {E_SCORE_VALUE, "(score) (sample 5 \"kick.wav\")"},
    {E_SCORE_VALUE, "(score) (sample .k \"kick.wav\")"},
    {E_SCORE_VALUE, "(score) (sample \"\" \"kick.wav\")"},
    /* lines and patterns */
    {E_SCORE_MUSIC, LEAD "(line lead c4:)"},
    {E_SCORE_MUSIC, LEAD "(line lead c4:x)"},
    {E_SCORE_LENGTH, LEAD "(line lead c4:0)"},
    {E_SCORE_MUSIC, LEAD "(line lead _)"},
    {E_SCORE_PITCH, LEAD "(line lead c4!!x)"},
    {E_SCORE_MUSIC, LEAD "(line lead !)"},
    {E_SCORE_BAR, LEAD "(line lead c4 | c4 |)"},
    {E_SCORE_MUSIC, LEAD "(line lead ((c4)))"},
    {E_SCORE_MUSIC, KICK "(pattern kick \"xyz\")"},
    {E_SCORE_MUSIC, KICK "(pattern kick \"x\303\244\")"},
    {E_SCORE_LENGTH, KICK "(pattern kick \"x\" :step 0)"},
    {E_SCORE_LENGTH, LEAD "(line lead c4 :gate 0)"},
    {E_SCORE_VALUE_RANGE, LEAD "(line lead c4 :gate 101%)"},
    {E_SCORE_VALUE_RANGE, KICK "(section a (rest 1)) (do a :transpose 200)"},
    {E_SCORE_PLACE, KICK "(section a (tempo 90)) (do a)"},
    {E_SCORE_PLACE, KICK "(at 1 (voices 3))"},
    {E_SCORE_RESOURCE, "(score) (sample k \"none.wav\")"},
    {E_SCORE_RESOURCE, "(score) (patch k \"none.sx\")"},
    {E_SCORE_INCLUDE, "(score) (include \"none.sx\")"},
    {E_SCORE_RESOURCE, "(score) (bus b \"none.sx\")"},
    {E_SCORE_RESOURCE, "(score) (bus b \"bad.sx\")"},
    {E_SCORE_PARAM, "(score) (patch p \"lead.sx\" :pitch nothing)"},
    {E_SCORE_PARAM, "(score) (patch p \"lead.sx\" :gate nothing)"},
    {E_SCORE_PARAM, "(score) (patch p \"lead.sx\" :velocity nothing)"},
    {E_SCORE_PITCH, "(score) (sample k \"kick.wav\" :root x)"},
    {E_SCORE_PITCH, "(score) (sample k \"kick.wav\" :root 200)"},
    /* what is no time, wherever one stands */
    {E_SCORE_TIME, "(score) (end x)"},
    {E_SCORE_TIME, KICK "(at x (play kick))"},
    {E_SCORE_TIME, KICK "(repeat 2 (play kick) (rest x))"},
    {E_SCORE_TIME, KICK "(tempo 90 :at x)"},
    {E_SCORE_TIME, KICK "(meter 3 4 :at x)"},
    {E_SCORE_VALUE, KICK "(meter x 4)"},
    {E_SCORE_VALUE, KICK "(meter 4 x)"},
    {E_SCORE_TIME, LEAD "(glide 0 cutoff 500 x)"},
    {E_SCORE_TIME, LEAD "(line lead c4 :step x)"},
    {E_SCORE_VALUE, LEAD "(line lead c4 :gate x)"},
    {E_SCORE_VALUE, LEAD "(line lead c4 :velocity x)"},
    {E_SCORE_TIME, LEAD "(note lead c4 x)"},
    {E_SCORE_TIME, KICK "(play kick :fade x)"},
    {E_SCORE_TIME, KICK "(set_volume 0 5 :ramp x)"},
    {E_SCORE_TIME, KICK "(play kick (stop :at x))"},
    {E_SCORE_TIME, KICK "(stop 0 :at x)"},
    {E_SCORE_TIME, KICK "(play kick :at 1+)"},
    {E_SCORE_TIME, KICK "(play kick :at 1-+2)"},
    {E_SCORE_TIME, KICK "(play kick :at 1:)"},
    {E_SCORE_TIME_RANGE, KICK "(play kick :at 99999999999999999999)"},
    {E_SCORE_TIME_RANGE, KICK "(play kick :at 9223372036854775807+9223372036854775807)"},
    {E_SCORE_TIME_RANGE, KICK "(play kick :at 9223372036854775807f+9223372036854775807f)"},
    {E_SCORE_TIME_RANGE, KICK "(play kick :at 1/4294967296+1/4294967295+1/4294967291)"},
    /* JSON */
    {E_SCORE_VALUE, "[\"score\"]\n[\"voices\", true]"},
    {E_JSON_SHAPE, "[\"score\"]\n[\"voices\", null]"},
    {E_JSON_SHAPE, "[\"score\"]\n{\"voices\": 5}"},
    {E_SCORE_SHAPE, "[\"score\"]\n[[\"voices\", 5]]"},
    {E_SCORE_SHAPE, "[\"score\"]\n[]"},
    {E_SCORE_VALUE, "[\"score\"]\n[\"voices\", [5]]"},
    {E_SCORE_VALUE, "[\"score\"]\n[\"voices\", \"x\"]"},
};

static void test_refused(void **state)
{
    int wrong = 0;
    (void)state;
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        struct run run;
        char code[16];
        snprintf(code, sizeof code, "[E%04d]", (int)refused[i].code);
        read_text(&run, refused[i].text);
        if (run.status != 1 || !strstr(run.said, code)) {
            fprintf(stderr, "%s: %d, no %s: %.300s\n", refused[i].text, run.status, code, run.said);
            wrong++;
        }
        end_run(&run);
    }
    assert_int_equal(wrong, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_refused)};
    return IN_FOLDER(tests);
}
