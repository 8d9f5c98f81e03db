#include "bin/patchrun_score_info.h"
#include "bin/patchrun_values.h"
#include "vm/repatch.h"
#include <inttypes.h>

struct loop {
    bool any;
    uint32_t start, end;
};

/* That of a play that says nothing of it. */
static struct loop loop_of(const struct score *score, size_t source)
{
    const struct mix_command *play = &score->plans[source].play;
    const struct sample *sample = score->sources[source].sample;
    if (play->loop == MIX_LOOP_ON)
        return (struct loop){true, play->loop_start, play->loop_end};
    bool own = play->loop == MIX_LOOP_SAMPLE && sample->has_loop;
    return (struct loop){own, sample->loop_start, sample->loop_end};
}

/* --- text --------------------------------------------------------------------------------- */

static const char *plural(uint64_t count)
{
    return count == 1 ? "" : "s";
}

static void text_settings(const char *file, const struct score *score, FILE *stream)
{
    fprintf(stream, "%s: ", file);
    if (score->name[0])
        fprintf(stream, "\"%s\", ", score->name);
    fprintf(stream, "%" PRIu64 " command%s", score->command_count, plural(score->command_count));
    if (score->has_end)
        fprintf(stream, ", ends at %g s", (double)score->end / RP_SAMPLE_RATE);
    fprintf(stream, "\n%u voice%s, steal %s, %s, seed %" PRIu64 "\n", score->voices,
            plural(score->voices), score_policy_words[score->policy],
            score->quantise ? "on ticks" : "not on ticks", score->seed);
}

static void text_params(const char *before, const struct rp_program *program, FILE *stream)
{
    for (unsigned i = 0; i < rp_param_count(program); i++)
        fprintf(stream, "%s%s", i > 0 ? ", " : before, rp_param_info(program, i)->name);
}

static void text_sample(const struct score *score, size_t number, FILE *stream)
{
    const struct sample *sample = score->sources[number].sample;
    struct loop loop = loop_of(score, number);
    fprintf(stream, "%" PRIu32 " Hz, %" PRIu32 " frames (%.3g s), root %d", sample->rate,
            sample->length, (double)sample->length / sample->rate, score->plans[number].root);
    if (loop.any)
        fprintf(stream, ", loop %" PRIu32 " to %" PRIu32, loop.start, loop.end);
}

static void text_source(const struct score *score, size_t number, FILE *stream)
{
    const struct mix_source *source = &score->sources[number];
    fprintf(stream, "%-6s %-16s ", source->sample ? "sample" : "patch", source->name);
    if (source->sample) {
        text_sample(score, number, stream);
    } else {
        fputs(rp_channels(source->program) == 2 ? "stereo" : "mono", stream);
        text_params(": ", source->program, stream);
    }
    fputc('\n', stream);
}

static const char *bus_end(const struct score *score, const struct mix_bus *bus)
{
    return bus->to < 0 ? "mix" : score->buses[bus->to].name;
}

static void info_text(const char *file, const struct score *score, FILE *stream)
{
    text_settings(file, score, stream);
    for (size_t i = 0; i < score->source_count; i++)
        text_source(score, i, stream);
    for (size_t i = 0; i < score->bus_count; i++) {
        const struct mix_bus *bus = &score->buses[i];
        fprintf(stream, "%-6s %-16s to %s%s", "bus", bus->name, bus_end(score, bus),
                bus->program ? ", an effect" : "");
        if (bus->program)
            text_params(": ", bus->program, stream);
        fputc('\n', stream);
    }
}

/* --- JSON --------------------------------------------------------------------------------- */

static void json_settings(const char *file, const struct score *score, FILE *stream)
{
    fputs("{\"file\": ", stream);
    value_json_string(file, stream);
    fputs(", \"name\": ", stream);
    value_json_string(score->name, stream);
    fprintf(stream, ", \"commands\": %" PRIu64 ", ", score->command_count);
    if (score->has_end)
        fprintf(stream, "\"end_frame\": %" PRIu64 ", ", score->end);
    fprintf(stream, "\"voices\": %u, \"steal\": \"%s\", \"quantise\": %s, \"seed\": %" PRIu64,
            score->voices, score_policy_words[score->policy], score->quantise ? "true" : "false",
            score->seed);
}

static void json_sample(const struct score *score, size_t number, FILE *stream)
{
    const struct sample *sample = score->sources[number].sample;
    struct loop loop = loop_of(score, number);
    fprintf(stream, ", \"rate\": %" PRIu32 ", \"frames\": %" PRIu32 ", \"root\": %d", sample->rate,
            sample->length, score->plans[number].root);
    if (loop.any)
        fprintf(stream, ", \"loop\": [%" PRIu32 ", %" PRIu32 "]", loop.start, loop.end);
}

static void json_source(const struct score *score, size_t number, FILE *stream)
{
    const struct mix_source *source = &score->sources[number];
    fputs("{\"name\": ", stream);
    value_json_string(source->name, stream);
    fprintf(stream, ", \"kind\": \"%s\"", source->sample ? "sample" : "patch");
    if (source->sample) {
        json_sample(score, number, stream);
    } else {
        fprintf(stream, ", \"channels\": %u, \"params\": ", rp_channels(source->program));
        value_json_params(source->program, stream);
    }
    fputc('}', stream);
}

static void json_bus(const struct score *score, const struct mix_bus *bus, FILE *stream)
{
    fputs("{\"name\": ", stream);
    value_json_string(bus->name, stream);
    fputs(", \"to\": ", stream);
    value_json_string(bus_end(score, bus), stream);
    fprintf(stream, ", \"volume\": %u, \"pan\": %u", bus->volume, bus->pan);
    if (bus->program) {
        fputs(", \"params\": ", stream);
        value_json_params(bus->program, stream);
    }
    fputc('}', stream);
}

static void info_json(const char *file, const struct score *score, FILE *stream)
{
    json_settings(file, score, stream);
    fputs(", \"sources\": [", stream);
    for (size_t i = 0; i < score->source_count; i++) {
        fputs(i > 0 ? ", " : "", stream);
        json_source(score, i, stream);
    }
    fputs("], \"buses\": [", stream);
    for (size_t i = 0; i < score->bus_count; i++) {
        fputs(i > 0 ? ", " : "", stream);
        json_bus(score, &score->buses[i], stream);
    }
    fputs("]}\n", stream);
}

void score_info(const char *file, const struct score *score, int json, FILE *stream)
{
    if (json)
        info_json(file, score, stream);
    else
        info_text(file, score, stream);
}
