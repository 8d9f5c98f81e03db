/* test_performance.c - plans of a performance: places whose nodes a ladder has, forms of the cost
 * report, hashes of every form of sample, progress, and a call to stop. */
#include "render/performance/performance.h"
#include "tests/render/test_score.h"

static const char text[] = "(score all) (voices 3) (quantise off) (end 0.1s)\n"
                           "(sample kick \"kick.wav\") (patch noise \"noise.sx\")\n"
                           "(bus room \"echo.sx\")\n"
                           "(play kick :volume 200) (play noise :at 1ms :send (room 90))\n";

static atomic_int stop;

static struct performance_plan plan_of(struct run *run)
{
    return (struct performance_plan){.score = &run->score,
                                     .name = "score.sx",
                                     .format = AUDIO_WAV,
                                     .pcm = PCM_16,
                                     .hash = true,
                                     .threads = 1,
                                     .to = run->score.end,
                                     .stop = &stop};
}

/* What perform gives; what was made is committed. */
static int done(const struct performance_plan *plan, struct performance_result *result,
                struct render_error *error)
{
    struct performance *performance = NULL;
    memset(error, 0, sizeof *error);
    int status = (int)perform(plan, &performance, result, error);
    if (status == 0)
        assert_int_equal(perform_commit(performance, error), RENDER_OK);
    perform_discard(performance);
    return status;
}

static void test_places(void **state)
{
    static const struct {
        const char *place;
        int good;
    } cases[] = {{"voice0", 1},    {"voice2", 1}, {"voice3", 0},   {"voice0x", 0},
                 {"voice", 0},     {"voicex", 0}, {"bus.room", 1}, {"bus.hall", 0},
                 {"bus.", 0},      {"room", 0},   {"voice-1", 0},  {"", 0},
                 {"bus.rooms", 0}, {"voice:", 0}, {"all", 1},      {"all0", 0}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct run run;
        struct performance_result result;
        struct render_error error;
        read_text(&run, text);
        assert_int_equal(run.status, 0);
        struct performance_plan plan = plan_of(&run);
        plan.ladder = "out.ladder";
        plan.ladder_nodes = cases[i].place;
        assert_int_equal(done(&plan, &result, &error), cases[i].good ? RENDER_OK : RENDER_WRONG);
        assert_int_equal(access("out.ladder", F_OK) == 0, cases[i].good);
        if (!cases[i].good)
            assert_non_null(strstr(error.text, "whose nodes the ladder is to have"));
        remove("out.ladder");
        end_run(&run);
    }
}

/* The names that mean JSON lines. */
static void test_cost(void **state)
{
    static const struct {
        const char *name;
        int json;
    } cases[] = {{"a.jsonl", 1}, {"a.json", 1}, {"a.txt", 0}, {"json", 0}, {"c", 0}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct run run;
        struct performance_result result;
        struct render_error error;
        read_text(&run, text);
        struct performance_plan plan = plan_of(&run);
        plan.cost = cases[i].name;
        assert_int_equal(done(&plan, &result, &error), RENDER_OK);
        FILE *file = fopen(cases[i].name, "rb");
        assert_non_null(file);
        assert_int_equal(fgetc(file) == '{', cases[i].json);
        fclose(file);
        end_run(&run);
    }
}

/* The hash is of the samples alone: of the same ones the same, of others another. */
static void test_hashes(void **state)
{
    static const enum pcm_format formats[] = {PCM_16, PCM_24, PCM_FLOAT};
    char hashes[3][2][HASH_TEXT];
    (void)state;
    for (size_t i = 0; i < 3; i++)
        for (int file = 0; file < 2; file++) {
            struct run run;
            struct performance_result result;
            struct render_error error;
            read_text(&run, text);
            struct performance_plan plan = plan_of(&run);
            plan.pcm = formats[i];
            plan.output = file ? "out.wav" : NULL;
            assert_int_equal(done(&plan, &result, &error), RENDER_OK);
            assert_int_equal(result.frames, 4800);
            memcpy(hashes[i][file], result.hash, sizeof result.hash);
            end_run(&run);
        }
    for (size_t i = 0; i < 3; i++) {
        assert_string_equal(hashes[i][0], hashes[i][1]);
        assert_string_not_equal(hashes[i][0], hashes[(i + 1) % 3][0]);
    }
}

static void count(void *context, uint64_t frames)
{
    uint64_t *last = context;
    assert_true(frames >= *last);
    *last = frames;
}

static void stop_at_once(void *context, uint64_t frames)
{
    (void)context;
    (void)frames;
    atomic_store(&stop, 1);
}

static void test_progress_and_stop(void **state)
{
    (void)state;
    for (int stopped = 0; stopped < 2; stopped++) {
        struct run run;
        struct performance_result result;
        struct render_error error;
        uint64_t last = 0;
        read_text(&run, text);
        struct performance_plan plan = plan_of(&run);
        plan.output = "never.wav";
        plan.progress = stopped ? stop_at_once : count;
        plan.context = &last;
        assert_int_equal(done(&plan, &result, &error) == RENDER_OK, !stopped);
        assert_int_equal(access("never.wav", F_OK) == 0, !stopped);
        assert_true(stopped || last > 0);
        remove("never.wav");
        end_run(&run);
        atomic_store(&stop, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_places),
        cmocka_unit_test(test_cost),
        cmocka_unit_test(test_hashes),
        cmocka_unit_test(test_progress_and_stop),
    };
    return IN_FOLDER(tests);
}
