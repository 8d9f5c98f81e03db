/* test_score.h - scores read from texts, and their commands as text. */
#ifndef TESTS_RENDER_TEST_SCORE_H
#define TESTS_RENDER_TEST_SCORE_H

#include "compiler/compile.h"
#include "render/score/score.h"
#include <inttypes.h>
#include <setjmp.h>
#include <sndfile.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

/* --- a folder with something to play --------------------------------------------------------- */

static char folder[] = "/tmp/repatch-score-XXXXXX";

static inline void write_text(const char *name, const char *text)
{
    FILE *file = fopen(name, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
    fclose(file);
}

static inline void write_sample(const char *name, int channels, int loop)
{
    SF_INFO info = {.samplerate = 48000, .channels = channels};
    info.format = SF_FORMAT_WAV | SF_FORMAT_PCM_16;
    SNDFILE *file = sf_open(name, SFM_WRITE, &info);
    assert_non_null(file);
    if (loop) {
        SF_INSTRUMENT instrument = {.gain = 1, .basenote = 72, .loop_count = 1};
        instrument.loops[0].mode = SF_LOOP_FORWARD;
        instrument.loops[0].start = 100;
        instrument.loops[0].end = 900;
        sf_command(file, SFC_SET_INSTRUMENT, &instrument, sizeof instrument);
    }
    short frames[2000] = {0};
    for (int i = 0; i < 1000 * channels; i++)
        frames[i] = (short)(i * 7);
    sf_writef_short(file, frames, 1000);
    sf_close(file);
}

static inline int enter_folder(void **state)
{
    (void)state;
    assert_non_null(mkdtemp(folder));
    assert_int_equal(chdir(folder), 0);
    write_sample("kick.wav", 1, 0);
    write_sample("loop.wav", 1, 1);
    write_sample("wide.wav", 2, 0);
    write_text("lead.sx", "(patch (params (freq (unit hz) (range 20 5000) (default 440))\n"
                          "  (cutoff (unit hz) (range 100 8000) (default 1000))\n"
                          "  (level (unit db) (default -6)) (attack (unit s) (range 0 2))\n"
                          "  (velocity (unit ratio) (default 1)) (gate (unit gate)))\n"
                          "  (output (gain (filter.lopass (osc.saw (freq freq)) cutoff)\n"
                          "    (amp (env.adsr (gate gate) (attack attack))) )\n"
                          "  (gain (osc.sine) (gain (osc.sine (freq 1)) level))\n"
                          "  (gain (osc.sine) velocity)))");
    write_text("noise.sx", "(patch (params (tone (unit hz) (default 900)))\n"
                           "  (output (filter.lopass (noise.white) tone)))");
    write_text("echo.sx", "(patch (params (wet (unit ratio) (default 0.5)))\n"
                          "  (output (gain (input.mono) wet)))");
    write_text("bad.sx", "(patch (output (osc.sin)))");
    return 0;
}

static inline int leave_folder(void **state)
{
    (void)state;
    return system("rm -rf \"$PWD\"") == 0 && chdir("/") == 0 ? 0 : -1;
}

/* --- reading --------------------------------------------------------------------------------- */

struct program {
    void *memory;
    struct program *next;
};

struct run {
    struct score score;
    struct program *programs;
    int status;
    char *said;
    size_t said_size;
    FILE *diagnostics;
};

static inline const struct rp_program *load(void *context, const char *path, FILE *diagnostics,
                                            int *status)
{
    struct run *run = context;
    struct compile_options options = {0};
    struct compile_result result;
    *status = compile_file(path, &options, diagnostics, &result);
    if (*status)
        return NULL;
    struct rp_error error;
    size_t size = rp_program_bytes(result.bytes, result.size);
    struct program *program = calloc(1, sizeof *program);
    assert_non_null(program);
    program->memory =
        aligned_alloc(RP_ALIGNMENT, (size + RP_ALIGNMENT - 1) / RP_ALIGNMENT * RP_ALIGNMENT);
    program->next = run->programs;
    run->programs = program;
    const struct rp_program *loaded =
        rp_load(result.bytes, result.size, program->memory, size, &error);
    free(result.bytes);
    assert_non_null(loaded);
    return loaded;
}

static inline void read_path(struct run *run, const char *path, int map_only)
{
    memset(run, 0, sizeof *run);
    run->diagnostics = open_memstream(&run->said, &run->said_size);
    assert_non_null(run->diagnostics);
    struct score_options options = {.loader = {load, run},
                                    .diagnostics = run->diagnostics,
                                    .notes = run->diagnostics,
                                    .map_only = map_only};
    FILE *stream = fopen(path, "rb");
    assert_non_null(stream);
    run->status = score_read(&run->score, stream, path, &options);
    fclose(stream);
    fflush(run->diagnostics);
}

static inline void read_text(struct run *run, const char *text)
{
    write_text("score.sx", text);
    read_path(run, "score.sx", 0);
}

static inline void end_run(struct run *run)
{
    score_free(&run->score);
    while (run->programs) {
        struct program *next = run->programs->next;
        free(run->programs->memory);
        free(run->programs);
        run->programs = next;
    }
    fclose(run->diagnostics);
    free(run->said);
}

/* --- commands as text ------------------------------------------------------------------------ */

static const char *const verbs[] = {"play",      "stop", "release", "set_volume", "set_pan",
                                    "set_pitch", "set",  "send",    "is_playing"};

static inline void put_target(FILE *out, const struct score *score, const struct mix_command *c)
{
    switch (c->to) {
    case MIX_VOICE:
        fprintf(out, " voice %" PRIu64, c->target);
        break;
    case MIX_NAMED:
        fprintf(out, " %s", score->names[c->target]);
        break;
    case MIX_SOUND:
        fprintf(out, " #%" PRIu64, c->target);
        break;
    case MIX_BUS:
        fprintf(out, " bus %s", score->buses[c->target].name);
        break;
    default:
        break;
    }
}

static inline void put_play(FILE *out, const struct score *score, const struct mix_command *c)
{
    fprintf(out, " %s", score->sources[c->source].name);
    if (c->volume != 255)
        fprintf(out, " volume %u", c->volume);
    if (c->pan != 128)
        fprintf(out, " pan %u", c->pan);
    if (c->rate != MIX_RATE_ONE)
        fprintf(out, " rate %" PRId64, c->rate);
    if (c->priority)
        fprintf(out, " priority %u", c->priority);
    if (c->length)
        fprintf(out, " for %" PRIu64, c->length);
    if (c->serial >= 0)
        fprintf(out, " serial %" PRId64, c->serial);
    if (c->bus >= 0)
        fprintf(out, " bus %s", score->buses[c->bus].name);
    if (c->name != MIX_NO_NAME)
        fprintf(out, " as %s", score->names[c->name]);
    if (c->loop == MIX_LOOP_ON)
        fprintf(out, " loop %u..%u", c->loop_start, c->loop_end);
    else if (c->loop == MIX_LOOP_OFF)
        fputs(" loop off", out);
    if (c->number == c->number)
        fprintf(out, " base %.6g", (double)c->number);
}

static inline void put_rest(FILE *out, const struct score *score, const struct mix_command *c)
{
    if (c->verb == MIX_SET)
        fprintf(out, " %s %.6g", score->params[c->param], (double)c->number);
    if (c->verb == MIX_SEND)
        fprintf(out, " to %s", score->buses[c->send_bus].name);
    if (c->verb == MIX_SET_VOLUME || c->verb == MIX_SET_PAN || c->verb == MIX_SEND)
        fprintf(out, " %u", c->value);
    if (c->verb == MIX_SET_PITCH)
        fprintf(out, " %" PRId64, c->rate);
}

static inline void put_command(FILE *out, const struct score *score, const struct mix_command *c)
{
    fprintf(out, "%" PRIu64 " %s%s", c->frame, c->part ? "+ " : "", verbs[c->verb]);
    put_target(out, score, c);
    if (c->verb == MIX_PLAY)
        put_play(out, score, c);
    else
        put_rest(out, score, c);
    if (c->frames)
        fprintf(out, " in %u", c->frames);
    fputc('\n', out);
}

/* Every command of the score; the caller frees it. */
static inline char *commands_of(struct score *score)
{
    char *text;
    size_t size, count;
    const struct mix_command *commands;
    struct render_error error;
    FILE *out = open_memstream(&text, &size);
    assert_non_null(out);
    assert_int_equal(timeline_until(score->timeline, UINT64_MAX, &commands, &count, &error),
                     RENDER_OK);
    for (size_t i = 0; i < count; i++)
        put_command(out, score, &commands[i]);
    fclose(out);
    return text;
}

/* What most scores here begin with. */
#define HEAD                                                                                       \
    "(score) (tempo 120) (sample kick \"kick.wav\") (sample ring \"loop.wav\")\n"                  \
    "(patch lead \"lead.sx\") (bus room \"echo.sx\") (bus all)\n"

static inline void expect(const char *text, const char *wanted)
{
    struct run run;
    read_text(&run, text);
    if (run.status)
        print_error("%s\n%s", text, run.said);
    assert_int_equal(run.status, 0);
    char *got = commands_of(&run.score);
    if (strcmp(got, wanted) != 0)
        print_error("%s\n", text);
    assert_string_equal(got, wanted);
    free(got);
    end_run(&run);
}

/* Both say the same. */
static inline void expect_same(const char *a, const char *b)
{
    struct run run;
    read_text(&run, b);
    if (run.status)
        print_error("%s\n%s", b, run.said);
    assert_int_equal(run.status, 0);
    char *wanted = commands_of(&run.score);
    assert_true(strlen(wanted) > 0);
    expect(a, wanted);
    free(wanted);
    end_run(&run);
}

/* The text is wrong, and the first report begins with that. */
static inline void expect_wrong(const char *text, const char *wanted)
{
    struct run run;
    read_text(&run, text);
    if (run.status != 1 || !strstr(run.said, wanted))
        print_error("%s\n%s\nwanted: %s\n", text, run.said, wanted);
    assert_int_equal(run.status, 1);
    assert_non_null(strstr(run.said, wanted));
    end_run(&run);
}

#define IN_FOLDER(tests) cmocka_run_group_tests(tests, enter_folder, leave_folder)

#endif
