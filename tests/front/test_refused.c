/* test_refused.c - what only a module, or the whole program, knows to be wrong: each is refused
 * with its words, and what is just within is not. */
#include "compiler/compile.h"
#include "render/sound_file.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* What a patch is answered: NULL when it compiles. The caller frees it. */
static char *answer_to(const char *text)
{
    const struct compile_options options = {.sounds = {sound_load, NULL}};
    struct source source = {"tests/front/test.sx", text, strlen(text), 0};
    struct compile_result result = {0};
    char *said = NULL;
    size_t size;
    FILE *file = open_memstream(&said, &size);
    int status = compile_text(&source, &options, file, &result);
    fclose(file);
    free(result.bytes);
    assert_true(status == (size > 0));
    if (status == 1)
        return said;
    free(said);
    return NULL;
}

static void refused(const char *text, const char *words)
{
    char *said = answer_to(text);
    if (!said || !strstr(said, words))
        fail_msg("%.300s\n%s\nshould be answered: %s", text, said ? said : "(nothing)", words);
    free(said);
}

static void taken(const char *text)
{
    char *said = answer_to(text);
    if (said)
        fail_msg("%.300s\n%s", text, said);
}

/* A patch around a list: BEFORE ITEM ITEM ITEM ... AFTER. */
static char *with_items(const char *before, const char *item, size_t count, const char *after)
{
    char *text = NULL;
    size_t size;
    FILE *file = open_memstream(&text, &size);
    fputs(before, file);
    for (size_t i = 0; i < count; i++)
        fputs(item, file);
    fputs(after, file);
    fclose(file);
    return text;
}

/* `most` items are taken, one more is refused. */
static void bounded(const char *before, const char *item, size_t most, const char *after,
                    const char *words)
{
    char *text = with_items(before, item, most, after);
    taken(text);
    free(text);
    text = with_items(before, item, most + 1, after);
    refused(text, words);
    free(text);
}

static void test_responses(void **state)
{
    (void)state;
    refused("(patch (output (convolve 1 (sample \"inc/pair.wav\"))))",
            "wants a sample of 48000 Hz");
    refused("(patch (output (convolve 1 (table (1 2 3)))))", "at most 8192 frames of one or two");
    refused("(patch (output (convolve.stereo 1 (table 1) (right (table (1 2 3))))))",
            "at most 8192 frames of one or two");
    refused("(patch (nodes (c (convolve 1 (table 1 2) (oversample 2))) (o (output c))))",
            "runs at the sample rate only");
    bounded("(patch (output (convolve 1 (table", " 1", 8192, "))))", "at most 8192 frames");
    taken("(patch (output (convolve.stereo 1 (table (1 2) (3 4)))))");
    taken("(patch (output (convolve.stereo 1 (table 1) (right (table 2)))))");
}

static void test_rows(void **state)
{
    (void)state;
    refused("(patch (output (modal.bank (modes (table (1 2) (3 4) (5 6))))))",
            "wants a row of three for each mode");
    refused("(patch (output (modal.bank (modes (table 1 1 1 1)))))",
            "wants a row of three for each mode");
    bounded("(patch (output (modal.bank (modes (table", " (1 1 1)", 64, ")))))",
            "has more than 64 modes");
    bounded("(patch (output (modal.bank (modes (table", " 1 1 1", 64, ")))))",
            "has more than 64 modes");
    refused("(patch (output (delay.multitap 1 (table 1 2))))", "wants rows of (time gain)");
    refused("(patch (output (delay.multitap 1 (table (1 2 0 0)))))", "wants rows of (time gain)");
    refused("(patch (output (delay.multitap 1 (table (1 2 3)))))", "takes a pan of -1 to 1");
    taken("(patch (output (delay.multitap 1 (table (0 1) (60 1)) 0.5)))");
    taken("(patch (output (delay.multitap 1 (table (0.001 1)) 0.5)))");
}

static void test_lists(void **state)
{
    (void)state;
    refused("(patch (output (control.steps (table (1 2 3)))))",
            "wants values, or rows of value and length");
    taken("(patch (output (control.steps (table (1 2) (3 4)))))");
    bounded("(patch (output (control.quantise (osc.sine) (scale (table", " 1", 126, ")))))",
            "takes a scale of at most 126 semitones");
}

static void test_waves(void **state)
{
    (void)state;
    refused("(patch (output (osc.wavetable (table 1 2 3) (cycles 2))))",
            "not a whole number of cycles");
    refused("(patch (output (osc.wavetable (table 1 2 3) (cycles 1.5))))",
            "not a whole number of cycles");
    refused("(patch (output (osc.wavetable (table (1 2) (3 4)))))", "too many numbers");
    refused("(patch (output (osc.wavetable (table (1 2 3)) (as partials))))", "too many numbers");
    refused("(patch (output (osc.wavetable (table 1 2) (cycles 2))))", "too short or too long");
    taken("(patch (output (osc.wavetable (table 1 2))))");
    taken("(patch (output (osc.wavetable (table (1 0.5)) (as partials))))");
    taken("(patch (output (osc.wavetable (table 1) (as partials))))");
    bounded("(patch (output (osc.wavetable (as partials) (wave (table", " 1", 1024, ")))))",
            "more than 1024 partials");
}

static void test_sounds(void **state)
{
    (void)state;
    refused("(patch (output (osc.sample (table (1 2) (3 4)))))", "takes a plain list of frames");
    refused("(patch (output (osc.sample (sample \"inc/pair.wav\") (loop on)\n"
            "  (loop_start 1ms) (loop_end 1ms))))",
            "a loop without a frame in it");
    taken("(patch (output (osc.sample (sample \"inc/pair.wav\") (loop pingpong)\n"
          "  (loop_start 0.125ms) (loop_end 0.25ms))))"); /* one frame */
    taken(
        "(patch (output (osc.sample (sample \"inc/pair.wav\") (loop_start 1ms) (loop_end 1ms))))");
}

/* A chain of gains that comes round after `count`. */
static char *ring_of(unsigned count)
{
    char *text = NULL;
    size_t size;
    FILE *file = open_memstream(&text, &size);
    fputs("(patch (nodes (o (output g0))", file);
    for (unsigned i = 0; i < count; i++)
        fprintf(file, " (g%u (gain g%u))", i, (i + 1) % count);
    fputs("))", file);
    fclose(file);
    return text;
}

/* A path of 8 is shown whole, of a longer one the end. */
static void test_long_cycles(void **state)
{
    (void)state;
    char *text = ring_of(8), *said = answer_to(text);
    assert_non_null(said);
    assert_non_null(strstr(said, "depends on itself within one frame"));
    assert_null(strstr(said, "... -> "));
    assert_non_null(strstr(said, "'g7' takes 'g0'"));
    free(said);
    free(text);
    text = ring_of(9);
    refused(text, "... -> ");
    free(text);
    /* More of them than are reported. */
    FILE *file = open_memstream(&text, &(size_t){0});
    fputs("(patch (nodes", file);
    for (unsigned i = 0; i < 30; i++)
        fprintf(file, " (a%u (gain a%u))", i, i);
    fputs(" (o (output", file);
    for (unsigned i = 0; i < 30; i++)
        fprintf(file, " a%u", i);
    fputs("))))", file);
    fclose(file);
    refused(text, "'a19' depends on itself");
    said = answer_to(text);
    assert_null(strstr(said, "'a20' depends on itself"));
    free(said);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_responses), cmocka_unit_test(test_rows),
        cmocka_unit_test(test_lists),     cmocka_unit_test(test_waves),
        cmocka_unit_test(test_sounds),    cmocka_unit_test(test_long_cycles),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
