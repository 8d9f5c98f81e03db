/* test_sides.c - modules that give stereo for stereo: each side is what a signal would be, to the
 * bit, and a signal gives a signal. */
#include "kit.h"

enum { LONG = 4800 };

static const char left_in[] = "(osc.saw (freq 220))", right_in[] = "(osc.pulse (freq 137))";

static void mono_of(const char *form, const char *in, const char *port, float *x)
{
    char text[400], filled[200];
    snprintf(filled, sizeof filled, form, in);
    snprintf(text, sizeof text, "(patch (def x %s) (output x.%s))", filled, port);
    float *y = sound_of(text, LONG);
    memcpy(x, y, LONG * sizeof *x);
    free(y);
}

/* As stereo into the output, by name where it has sides, and through a patch. */
static void check_sides(const char *form, const char *port)
{
    static const char *const outputs[] = {
        "(patch (def x %s) (output x.%s))",
        "(patch (def x %s) (def m (mix x.%s)) (output (left m.left) (right m.right)))",
        "(patch (def p (patch (def x %s) (output x.%s))) (def q (p)) (output (left q.left)\n"
        "  (right q.right)))",
        "(patch (def p (patch (def x %s) (output (left x.left) (right x.right)))) (output (p)))",
    };
    static float want[2][LONG], left[LONG], right[LONG];
    char both[100], filled[200];
    mono_of(form, left_in, port, want[0]);
    mono_of(form, right_in, port, want[1]);
    snprintf(both, sizeof both, "(stereo.join %s %s)", left_in, right_in);
    snprintf(filled, sizeof filled, form, both);
    for (size_t i = 0; i < COUNT(outputs); i++) {
        char text[500];
        if (i == 3 && strcmp(port, "out") != 0)
            continue;
        snprintf(text, sizeof text, outputs[i], filled, port);
        struct player p = play(text);
        assert_int_equal(p.channels, 2);
        player_run_in(&p, LONG, NULL, NULL, left, right);
        player_close(&p);
        assert_memory_equal(left, want[0], sizeof left);
        assert_memory_equal(right, want[1], sizeof right);
    }
}

static void test_filters(void **state)
{
    static const struct {
        const char *form, *port;
    } cases[] = {
        {"(filter.crossover %s (cutoff 700))", "low"},
        {"(filter.crossover %s (cutoff 700))", "high"},
        {"(filter.ladder %s (cutoff 700) (res 0.5) (drive 2))", "out"},
        {"(filter.ladder %s (cutoff 700) (res 0.5) (drive 2))", "lp12"},
        {"(filter.ladder %s (cutoff 700) (res 0.5) (drive 2))", "bp"},
        {"(filter.ladder %s (cutoff 700) (res 0.5) (drive 2))", "hp"},
        {"(filter.comb %s (time 5ms) (feedback 0.6) (damp 3khz))", "out"},
        {"(filter.comb %s (time (env.line (from 0.01) (to 0.002) (time 80ms))))", "out"},
        {"(filter.schroeder %s (time 7ms) (feedback 0.6))", "out"},
        {"(filter.formant %s (vowel 2.5) (voice alto))", "out"},
        {"(filter.formant %s (sing u))", "out"},
        {"(filter.lopass %s)", "out"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++)
        check_sides(cases[i].form, cases[i].port);
}

/* Letters are the whole numbers of `vowel`. */
static void test_vowels(void **state)
{
    (void)state;
    for (int v = 0; v < 5; v++) {
        char text[200];
        snprintf(text, sizeof text, "(patch (output (filter.formant (osc.saw 110) (sing %c))))",
                 "aeiou"[v]);
        float *x = sound_of(text, LONG);
        snprintf(text, sizeof text, "(patch (output (filter.formant (osc.saw 110) (vowel %d))))",
                 v);
        float *y = sound_of(text, LONG);
        assert_memory_equal(x, y, LONG * sizeof *x);
        free(x);
        free(y);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_filters),
        cmocka_unit_test(test_vowels),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
