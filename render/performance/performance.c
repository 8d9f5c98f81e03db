#include "render/performance/performance.h"
#include "render/least.h"
#include "render/performance/ending.h"
#include "render/performance/ladder.h"
#include "render/performance/stems.h"
#include "render/performance/trace.h"
#include "render/writer.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum side { LADDER, TRACE, COST, SIDES }; /* files of text beside the sound */

struct performance {
    const struct performance_plan *plan;
    struct performance_result *result;
    struct mixer *mixer;
    struct audio_file file;
    bool opened;
    struct writer writer;
    struct ending ending;
    struct stems stems;
    struct out_file side[SIDES];
    bool side_opened[SIDES];
    uint64_t at;         /* frame of the score */
    const float *frames; /* the tick's mix */
    bool cost_json;
    struct render_error event_error; /* the first while tracing */
    struct nodes nodes;              /* that the ladder is to have */
};

static bool ends_with(const char *text, const char *tail)
{
    size_t length = strlen(text), size = strlen(tail);
    return length >= size && strcmp(text + length - size, tail) == 0;
}

/* --- what the mixer tells ------------------------------------------------------------------ */

static void write_side(struct performance *p, enum side side, const char *text, size_t size)
{
    struct render_error error;
    if (p->event_error.status == RENDER_OK &&
        out_write(&p->side[side], text, size, &error) != RENDER_OK)
        p->event_error = error;
}

static void write_line(struct performance *p, char *line)
{
    if (line) {
        write_side(p, TRACE, line, strlen(line));
        write_side(p, TRACE, "\n", 1);
    } else if (p->event_error.status == RENDER_OK) {
        render_fail(&p->event_error, RENDER_TROUBLE, "out of memory");
    }
    free(line);
}

static void count_cost(struct performance *p, const struct mix_event *event)
{
    struct performance_result *result = p->result;
    const struct mix_cost *cost = &event->cost;
    if (!cost->over)
        return;
    if (result->ticks_over++ == 0) {
        result->first_over = event->frame / MIX_TICK;
        result->first_blame = cost->blame;
        result->first_cycles = cost->mix_cycles;
    }
    if (cost->mix_cycles > result->worst_cycles) {
        result->worst_over = event->frame / MIX_TICK;
        result->worst_cycles = cost->mix_cycles;
    }
}

static void on_event(void *context, const struct mix_event *event)
{
    struct performance *p = context;
    char text[COST_TEXT];
    if (event->frame < p->plan->from / MIX_TICK * MIX_TICK)
        return;
    p->result->sounds += event->kind == MIX_EVENT_PLAY;
    p->result->refused += event->kind == MIX_EVENT_REFUSE;
    p->result->stolen += event->kind == MIX_EVENT_STEAL;
    if (event->kind == MIX_EVENT_COST)
        count_cost(p, event);
    if (p->side_opened[TRACE])
        write_line(p, trace_line(p->plan->score, event));
    if (p->side_opened[COST] && event->kind == MIX_EVENT_COST) {
        int size = p->cost_json ? trace_cost_json(event, text) : trace_cost(event, text);
        write_side(p, COST, text, (size_t)size);
    }
}

static uint64_t longest_tail(const struct score *score)
{
    uint64_t most = 0;
    for (size_t i = 0; i < score->source_count; i++)
        most = max64(most, score->sources[i].tail);
    return most * MIX_TICK;
}

/* --- files --------------------------------------------------------------------------------- */

static enum render_status open_side(struct performance *p, enum side side, const char *path,
                                    struct render_error *error)
{
    if (!path)
        return RENDER_OK;
    p->side_opened[side] = true;
    return out_create(&p->side[side], path, 1 + (uint64_t)side, error);
}

static enum render_status open_sides(struct performance *p, struct render_error *error)
{
    const struct performance_plan *plan = p->plan;
    enum render_status status = open_side(p, LADDER, plan->ladder, error);
    if (status == RENDER_OK)
        status = open_side(p, TRACE, plan->trace, error);
    if (status == RENDER_OK)
        status = open_side(p, COST, plan->cost, error);
    if (status == RENDER_OK && plan->ladder)
        status = ladder_begin(&p->side[LADDER], error);
    if (status == RENDER_OK && plan->trace)
        write_line(p, trace_header(plan->score, plan->seed));
    p->cost_json =
        plan->cost && (ends_with(plan->cost, ".jsonl") || ends_with(plan->cost, ".json"));
    return status;
}

static enum render_status open_sound(struct performance *p, struct render_error *error)
{
    const struct performance_plan *plan = p->plan;
    uint64_t held = ending_held(&p->ending);
    struct writer_plan writer = {
        .spec = {plan->format, plan->pcm, 2, plan->to - plan->from},
        .hash = plan->hash,
        .dither = plan->dither,
        .held = held,
        .first = plan->from,
    };
    enum render_status status = writer_init(&p->writer, &writer, error);
    if (status == RENDER_OK && plan->output) {
        p->opened = true;
        status = audio_create(&p->file, &writer.spec, plan->output, 0, error);
    }
    writer_start(&p->writer, plan->output ? &p->file : NULL, plan->seed);
    if (status == RENDER_OK && plan->stems)
        status = stems_begin(&p->stems, plan->score, plan->stems, writer.spec.frames, held, error);
    return status;
}

static struct mix_config configure(struct performance *p)
{
    const struct performance_plan *plan = p->plan;
    const struct score *score = plan->score;
    return (struct mix_config){
        .voices = score->voices,
        .policy = score->policy,
        .seed = plan->seed,
        .budget = plan->budget,
        .sources = score->sources,
        .source_count = score->source_count,
        .buses = score->buses,
        .bus_count = score->bus_count,
        .params = score->params,
        .param_count = score->param_count,
        .name_count = score->name_count,
        .parts = plan->stems || plan->ladder,
        .floats = true,
        .tap = p->plan->ladder_nodes ? &p->nodes.tap : NULL,
        .event = on_event,
        .context = p,
        .isa = plan->isa,
        .lanes = plan->lanes,
        .threads = plan->threads,
        .cut = plan->cut,
    };
}

static enum render_status open_mixer(struct performance *p, struct render_error *error)
{
    struct mix_config config = configure(p);
    p->mixer = mixer_new(&config, error);
    return p->mixer ? RENDER_OK : error->status;
}

/* --- a tick -------------------------------------------------------------------------------- */

/* Ties are rounded away from zero: half a step past the range is the first that is held. */
static void note_clipping(struct performance *p, unsigned begin, unsigned end)
{
    float high = p->plan->pcm == PCM_16 ? 0x1.fffep-1f : 1.0f;
    float low = p->plan->pcm == PCM_16 ? -0x1.0001p0f : -0x1.000002p0f;
    if (p->plan->pcm == PCM_FLOAT || p->result->clipped)
        return;
    int clipped = 0;
    for (unsigned i = 2 * begin; i < 2 * end; i++)
        clipped |= (p->frames[i] >= high) | (p->frames[i] <= low);
    p->result->clipped = clipped;
}

/* Frames begin .. end of the tick go out. */
static enum render_status deliver(struct performance *p, const struct mix_output *output,
                                  unsigned begin, unsigned end, struct render_error *error)
{
    if (begin >= end)
        return RENDER_OK;
    const float *samples = p->frames + (size_t)2 * begin;
    unsigned frames = end - begin;
    note_clipping(p, begin, end);
    ending_feed(&p->ending, samples, frames, mixer_sounding(p->mixer) > 0,
                p->at + end <= p->plan->score->last);
    uint64_t settled = ending_settled(&p->ending);
    enum render_status status = writer_feed(&p->writer, samples, frames, settled, error);
    if (status == RENDER_OK && p->plan->stems)
        status = stems_feed(&p->stems, output, begin, end, settled, error);
    return status;
}

static enum render_status run_tick(struct performance *p, unsigned frames,
                                   struct render_error *error)
{
    const struct performance_plan *plan = p->plan;
    const struct mix_command *commands;
    struct mix_output output;
    size_t count;
    uint64_t from = max64(plan->from, p->at) - p->at;
    enum render_status status =
        timeline_until(plan->score->timeline, p->at + frames, &commands, &count, error);
    nodes_keep(&p->nodes, p->at / MIX_TICK == plan->ladder_values);
    if (status == RENDER_OK)
        status = mixer_tick(p->mixer, commands, count, frames, &output, error);
    if (status != RENDER_OK)
        return status;
    if (p->event_error.status != RENDER_OK) {
        *error = p->event_error;
        return error->status;
    }
    if (from >= frames) {
        nodes_drop(&p->nodes);
        return RENDER_OK;
    }
    p->frames = output.floats;
    status = deliver(p, &output, (unsigned)from, frames, error);
    if (status != RENDER_OK || !plan->ladder)
        return status;
    bool last = p->at + MIX_TICK >= plan->to || ending_over(&p->ending);
    return ladder_tick(&p->side[LADDER], plan->score, p->at / MIX_TICK, frames, p->frames, &output,
                       &p->nodes, last, error);
}

/* --- the whole ----------------------------------------------------------------------------- */

/* A render until silence would have no end. */
static enum render_status refuse_endless(const struct performance *p, struct render_error *error)
{
    const struct score *score = p->plan->score;
    struct mix_endless found;
    if (!mixer_endless(p->mixer, &found))
        return RENDER_OK;
    const char *name = score->sources[found.source].name;
    if (found.line > 0 && found.file < score->file_count)
        render_fail(error, RENDER_WRONG, "%s:%u: '%s' plays on in voice %u and nothing stops it",
                    score->files[found.file], found.line, name, found.voice);
    else
        render_fail(error, RENDER_WRONG, "%s: '%s' plays on in voice %u and nothing stops it",
                    p->plan->name, name, found.voice);
    render_help(error,
                "give it a length, as in :for 2s, or stop it; or give the score an end, as in "
                "(end 30s), or use --seconds");
    return RENDER_WRONG;
}

/* Plays everything again up to the tick at p->at, which failed, looking there at every op: so the
 * error names the node, and says the same whatever lanes and threads met it first. */
static enum render_status name_node(struct performance *p, struct render_error *error)
{
    struct mix_config config = configure(p);
    config.event = NULL;
    config.parts = false;
    config.tap = NULL;
    config.check = true;
    config.check_from = p->at;
    struct timeline *timeline = p->plan->score->timeline;
    struct render_error found = {.status = RENDER_OK};
    enum render_status status = timeline_rewind(timeline, &found);
    struct mixer *mixer = status == RENDER_OK ? mixer_new(&config, &found) : NULL;
    for (uint64_t at = 0; mixer && at <= p->at && status == RENDER_OK; at += MIX_TICK) {
        if (atomic_load_explicit(p->plan->stop, memory_order_relaxed))
            break;
        const struct mix_command *commands;
        struct mix_output output;
        size_t count;
        unsigned frames = (unsigned)min64(p->plan->to - at, MIX_TICK);
        status = timeline_until(timeline, at + frames, &commands, &count, &found);
        if (status == RENDER_OK)
            status = mixer_tick(mixer, commands, count, frames, &output, &found);
    }
    mixer_free(mixer);
    if (atomic_load_explicit(p->plan->stop, memory_order_relaxed))
        return render_fail(error, RENDER_INTERRUPTED, "%s", "");
    if (found.status != RENDER_WRONG)
        found = *error;
    render_fail(error, RENDER_WRONG, "%s: %.560s", p->plan->name, found.text);
    render_help(error, found.help);
    return RENDER_WRONG;
}

static enum render_status run_all(struct performance *p, struct render_error *error)
{
    const struct performance_plan *plan = p->plan;
    enum render_status status = RENDER_OK;
    while (p->at < plan->to && !ending_over(&p->ending) && status == RENDER_OK) {
        if (atomic_load_explicit(plan->stop, memory_order_relaxed))
            return render_fail(error, RENDER_INTERRUPTED, "%s", "");
        status = run_tick(p, (unsigned)min64(plan->to - p->at, MIX_TICK), error);
        if (status == RENDER_WRONG)
            return name_node(p, error);
        p->at += MIX_TICK;
        if (plan->progress)
            plan->progress(plan->context, p->at);
        if (status == RENDER_OK && plan->until_silent && !plan->bounded &&
            p->at > plan->score->last)
            status = refuse_endless(p, error);
    }
    return status;
}

static enum render_status close_all(struct performance *p, struct render_error *error)
{
    struct performance_result *result = p->result;
    bool over = ending_over(&p->ending);
    uint64_t settled = ending_settled(&p->ending);
    if (over && settled == 0 && p->plan->from > 0)
        return render_fail(error, RENDER_WRONG, "%s: the score is over before --from",
                           p->plan->name);
    result->frames = over ? max64(settled, 1) : p->writer.fed;
    result->silent = p->ending.silence.end == 0;
    result->cut_off = p->plan->until_silent && !over;
    enum render_status status = writer_end(&p->writer, result->frames, result->hash, error);
    if (status == RENDER_OK && p->plan->stems)
        status = stems_end(&p->stems, result->frames, error);
    for (int i = 0; i < SIDES && status == RENDER_OK; i++)
        if (p->side_opened[i])
            status = out_close(&p->side[i], error);
    return status;
}

enum render_status perform(const struct performance_plan *plan, struct performance **performance,
                           struct performance_result *result, struct render_error *error)
{
    struct performance *p = *performance = calloc(1, sizeof *p);
    if (!p)
        return render_fail(error, RENDER_TROUBLE, "out of memory");
    memset(result, 0, sizeof *result);
    p->plan = plan;
    p->result = result;
    uint64_t last = plan->score->last;
    ending_init(&p->ending, plan->until_silent, plan->threshold, plan->hold,
                last > plan->from ? last - plan->from : 0, longest_tail(plan->score));
    enum render_status status = open_sides(p, error);
    if (status == RENDER_OK)
        status = open_sound(p, error);
    if (status == RENDER_OK)
        status = nodes_open(&p->nodes, plan->score, plan->name, plan->ladder_nodes, error);
    if (status == RENDER_OK)
        status = open_mixer(p, error);
    if (status == RENDER_OK)
        status = run_all(p, error);
    return status == RENDER_OK ? close_all(p, error) : status;
}

enum render_status perform_commit(struct performance *p, struct render_error *error)
{
    enum render_status status = RENDER_OK;
    if (p->plan->stems)
        status = stems_commit(&p->stems, error);
    for (int i = 0; i < SIDES && status == RENDER_OK; i++)
        if (p->side_opened[i])
            status = out_commit(&p->side[i], error);
    return status == RENDER_OK && p->opened ? audio_commit(&p->file, error) : status;
}

void perform_discard(struct performance *p)
{
    if (!p)
        return;
    mixer_free(p->mixer);
    nodes_close(&p->nodes);
    writer_free(&p->writer);
    stems_discard(&p->stems);
    if (p->opened)
        audio_discard(&p->file);
    for (int i = 0; i < SIDES; i++)
        if (p->side_opened[i])
            out_discard(&p->side[i]);
    free(p);
}
