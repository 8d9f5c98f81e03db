/* score.c - scores, and what they make the mixer do. */
#include "render/score/score.h"
#include "tests/fuzz/kit/kit.h"
#include <stdlib.h>
#include <string.h>

enum {
    TICKS = 3,
    MOST_VOICES = 24,
    MOST_COMMANDS = 300, /* mixed */
};

struct program {
    void *memory;
    size_t size;
    struct program *next;
};

struct fz_score {
    struct score score;
    int status;
    uint8_t *text;
    char name[64];
    struct program *programs;
};

/* Names of which a patch is in the folder are of that patch, any other of the first. */
static const struct rp_program *load(void *context, const char *path, FILE *diagnostics,
                                     int *status)
{
    struct fz_score *s = context;
    struct compile_options options = {0};
    struct compile_result result;
    struct rp_error error;
    char name[64];
    int echo = strstr(path, "echo") || strstr(path, "bus");
    *status = 1;
    if (strstr(path, "none")) {
        fprintf(diagnostics, "%s: there is none\n", path);
        return NULL;
    }
    snprintf(name, sizeof name, "%s/%s", fz_folder(), echo ? "echo.sx" : "lead.sx");
    FZ_CHECK(compile_file(name, &options, stderr, &result) == 0);
    struct program *program = calloc(1, sizeof *program);
    FZ_CHECK(program);
    program->size = rp_program_bytes(result.bytes, result.size);
    program->memory = fz_take(program->size);
    program->next = s->programs;
    s->programs = program;
    struct rp_program *loaded =
        rp_load(result.bytes, result.size, program->memory, program->size, &error);
    FZ_CHECK(loaded);
    free(result.bytes);
    *status = 0;
    return loaded;
}

struct fz_score *fz_score_open(const uint8_t *data, size_t size, const char *name, int map_only)
{
    struct fz_score *s = calloc(1, sizeof *s);
    FZ_CHECK(s);
    snprintf(s->name, sizeof s->name, "%s/%s", fz_folder(), name);
    struct score_options options = {.loader = {load, s},
                                    .diagnostics = fz_nowhere(),
                                    .notes = fz_nowhere(),
                                    .map_only = map_only};
    FILE *stream = fz_stream(data, size);
    s->status = score_read(&s->score, stream, s->name, &options);
    fclose(stream);
    return s;
}

struct score *fz_score_of(struct fz_score *s)
{
    return &s->score;
}

int fz_score_status(const struct fz_score *s)
{
    return s->status;
}

/* ---- playing ---- */

static void on_event(void *context, const struct mix_event *event)
{
    unsigned *cost = context;
    FZ_CHECK(event->voice >= -1 && event->voice < MOST_VOICES);
    *cost += event->kind == MIX_EVENT_COST;
}

static struct mixer *new_mixer(struct score *score, unsigned lanes, unsigned cut, unsigned *ticks)
{
    struct render_error error;
    struct mix_config config = {
        .voices = score->voices,
        .policy = score->policy,
        .seed = score->seed,
        .budget = score->budget,
        .sources = score->sources,
        .source_count = score->source_count,
        .buses = score->buses,
        .bus_count = score->bus_count,
        .params = score->params,
        .param_count = score->param_count,
        .name_count = score->name_count,
        .event = on_event,
        .context = ticks,
        .isa = RP_ISA_BASE,
        .lanes = lanes,
        .threads = 1,
        .cut = cut,
    };
    struct mixer *mixer = mixer_new(&config, &error);
    FZ_CHECK(mixer);
    return mixer;
}

/* The commands, which must come in order, and how many there are; or too many. */
static struct mix_command *first_commands(struct score *score, size_t *count)
{
    struct render_error error;
    const struct mix_command *list;
    size_t n;
    struct mix_command *all = calloc(MOST_COMMANDS + 1, sizeof *all);
    FZ_CHECK(all && timeline_rewind(score->timeline, &error) == RENDER_OK);
    uint64_t first = 0;
    *count = 0;
    for (uint64_t end = 0; *count == 0 && end < UINT64_C(1) << 34; end = end ? end * 4 : MIX_TICK) {
        first = end;
        FZ_CHECK(timeline_until(score->timeline, end ? end : MIX_TICK, &list, &n, &error) ==
                 RENDER_OK);
        for (size_t i = 0; i < n && *count < MOST_COMMANDS; i++) {
            FZ_CHECK(i == 0 || list[i - 1].frame < list[i].frame ||
                     (list[i - 1].frame == list[i].frame && list[i - 1].order < list[i].order));
            all[(*count)++] = list[i];
        }
    }
    (void)first;
    return all;
}

/* Time begins with the first command's tick. */
static void mix(struct score *score, unsigned lanes, unsigned cut, const struct mix_command *all,
                size_t count, int64_t *sums, enum render_status *status)
{
    unsigned ticks = 0;
    struct mixer *mixer = new_mixer(score, lanes, cut, &ticks);
    struct render_error error;
    struct mix_output output;
    uint64_t start = count ? all[0].frame / MIX_TICK * MIX_TICK : 0;
    struct mix_command *tick = calloc(count + 1, sizeof *tick);
    FZ_CHECK(tick);
    *status = RENDER_OK;
    for (unsigned t = 0; t < TICKS && *status == RENDER_OK; t++) {
        size_t n = 0;
        for (size_t i = 0; i < count; i++)
            if ((all[i].frame - start) / MIX_TICK == t) {
                tick[n] = all[i];
                tick[n++].frame -= start;
            }
        *status = mixer_tick(mixer, tick, n, MIX_TICK, &output, &error);
        FZ_CHECK(*status != RENDER_TROUBLE);
        if (*status == RENDER_OK)
            memcpy(sums + t * 2 * MIX_TICK, output.mix, 2 * MIX_TICK * sizeof *sums);
    }
    FZ_CHECK(*status != RENDER_OK || ticks == TICKS);
    free(tick);
    mixer_free(mixer);
}

void fz_score_play(struct fz_score *s)
{
    static int64_t a[TICKS * 2 * MIX_TICK], b[TICKS * 2 * MIX_TICK];
    struct score *score = &s->score;
    enum render_status status[2];
    size_t count;
    if (s->status || score->voices > MOST_VOICES || score->source_count > 16)
        return;
    struct mix_command *all = first_commands(score, &count);
    memset(a, 0, sizeof a);
    memset(b, 0, sizeof b);
    mix(score, 1, 0, all, count, a, &status[0]);
    mix(score, 4, 97, all, count, b, &status[1]);
    FZ_CHECK(status[0] == status[1]);
    FZ_CHECK(memcmp(a, b, sizeof a) == 0);
    free(all);
}

void fz_score_close(struct fz_score *s)
{
    score_free(&s->score);
    while (s->programs) {
        struct program *next = s->programs->next;
        fz_give(s->programs->memory, s->programs->size);
        free(s->programs);
        s->programs = next;
    }
    free(s->text);
    free(s);
}
