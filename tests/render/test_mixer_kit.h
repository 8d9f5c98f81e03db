/* test_mixer_kit.h - a mixer to test, in few words. */
#ifndef TEST_MIXER_KIT_H
#define TEST_MIXER_KIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "compiler/compile.h"
#include "render/mixer/state.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KIT __attribute__((unused)) static

enum { KIT_SOURCES = 16, KIT_BUSES = 8, KIT_COMMANDS = 4096, KIT_EVENTS = 1 << 16 };

struct kit {
    struct sample samples[KIT_SOURCES];
    struct mix_source sources[KIT_SOURCES];
    struct mix_bus buses[KIT_BUSES];
    struct mix_command commands[KIT_COMMANDS];
    size_t command_count;
    struct mix_event *events;
    size_t event_count;
    struct mix_config config;
    struct render_error error;
    enum render_status status;
    int64_t *mix; /* [frame][2] */
    struct mixer *mixer;
    void *memory[64];
    size_t memory_count;
};

KIT void *kit_keep(struct kit *k, void *memory)
{
    assert_non_null(memory);
    k->memory[k->memory_count++] = memory;
    return memory;
}

KIT struct kit *kit_new(unsigned voices)
{
    struct kit *k = calloc(1, sizeof *k);
    assert_non_null(k);
    k->events = malloc(KIT_EVENTS * sizeof *k->events);
    assert_non_null(k->events);
    k->config = (struct mix_config){
        .voices = voices, .seed = 7, .sources = k->sources, .buses = k->buses, .threads = 1};
    return k;
}

KIT void kit_stop(struct kit *k)
{
    mixer_free(k->mixer);
    free(k->mix);
    k->mixer = NULL;
    k->mix = NULL;
}

KIT void kit_free(struct kit *k)
{
    kit_stop(k);
    for (size_t i = 0; i < k->memory_count; i++)
        free(k->memory[i]);
    free(k->events);
    free(k);
}

/* Returns the source's number. */
KIT uint32_t kit_sample(struct kit *k, const int16_t *x, uint32_t length, uint32_t rate)
{
    size_t bytes = ((length + SAMPLE_PADDING) * sizeof *x + 63) / 64 * 64;
    int16_t *frames = kit_keep(k, aligned_alloc(64, bytes));
    memset(frames, 0, bytes);
    memcpy(frames, x, length * sizeof *x);
    uint32_t n = (uint32_t)k->config.source_count++;
    k->samples[n] =
        (struct sample){.name = "sample", .frames = frames, .length = length, .rate = rate};
    k->sources[n] = (struct mix_source){
        .name = "sample", .sample = &k->samples[n], .gate = -1, .pitch = -1, .velocity = -1};
    return n;
}

KIT uint32_t kit_constant(struct kit *k, int16_t value, uint32_t length)
{
    int16_t *x = malloc(length * sizeof *x);
    assert_non_null(x);
    for (uint32_t i = 0; i < length; i++)
        x[i] = value;
    uint32_t n = kit_sample(k, x, length, 48000);
    free(x);
    return n;
}

KIT void kit_loop(struct kit *k, uint32_t source, uint32_t start, uint32_t end)
{
    k->samples[source].has_loop = true;
    k->samples[source].loop_start = start;
    k->samples[source].loop_end = end;
}

KIT struct rp_program *kit_load(struct kit *k, const void *bytes, size_t size)
{
    size_t need = rp_program_bytes(bytes, size);
    assert_true(need > 0);
    void *memory =
        aligned_alloc(RP_ALIGNMENT, (need + RP_ALIGNMENT - 1) / RP_ALIGNMENT * RP_ALIGNMENT);
    struct rp_program *p = rp_load(bytes, size, kit_keep(k, memory), need, NULL);
    assert_non_null(p);
    return p;
}

KIT struct rp_program *kit_program(struct kit *k, const char *text)
{
    struct source source = {"test.sx", text, strlen(text), 0};
    struct compile_options options = {0};
    struct compile_result result;
    assert_int_equal(compile_text(&source, &options, stderr, &result), 0);
    struct rp_program *p = kit_load(k, result.bytes, result.size);
    free(result.bytes);
    return p;
}

KIT struct rp_program *kit_program_file(struct kit *k, const char *path)
{
    struct compile_options options = {0};
    struct compile_result result;
    assert_int_equal(compile_file(path, &options, stderr, &result), 0);
    struct rp_program *p = kit_load(k, result.bytes, result.size);
    free(result.bytes);
    return p;
}

KIT uint32_t kit_patch(struct kit *k, struct rp_program *p)
{
    uint32_t n = (uint32_t)k->config.source_count++;
    k->sources[n] = (struct mix_source){.name = "patch",
                                        .program = p,
                                        .gate = rp_param_find(p, "gate"),
                                        .pitch = rp_param_find(p, "pitch"),
                                        .velocity = -1,
                                        .tail = 15};
    return n;
}

KIT uint32_t kit_bus(struct kit *k, struct rp_program *effect, int to)
{
    uint32_t n = (uint32_t)k->config.bus_count++;
    k->buses[n] =
        (struct mix_bus){.name = "bus", .program = effect, .to = to, .volume = 255, .pan = 128};
    return n;
}

KIT struct mix_command *kit_command(struct kit *k, uint64_t frame, enum mix_verb verb,
                                    enum mix_target to, uint64_t target)
{
    assert_true(k->command_count < KIT_COMMANDS);
    struct mix_command *c = &k->commands[k->command_count];
    *c = (struct mix_command){.frame = frame,
                              .order = 100 + k->command_count,
                              .target = target,
                              .verb = (uint8_t)verb,
                              .to = (uint8_t)to,
                              .rate = MIX_RATE_ONE};
    k->command_count++;
    return c;
}

/* Volume 255, panned to the left: what is heard there is the sample as it is. */
KIT struct mix_command *kit_play(struct kit *k, uint64_t frame, uint32_t source)
{
    struct mix_command *c = kit_command(k, frame, MIX_PLAY, MIX_ANY, 0);
    c->source = source;
    c->name = MIX_NO_NAME;
    c->serial = -1;
    c->bus = -1;
    c->number = MIX_NO_BASE;
    c->volume = 255;
    return c;
}

KIT void kit_event(void *context, const struct mix_event *e)
{
    struct kit *k = context;
    if (k->event_count < KIT_EVENTS)
        k->events[k->event_count++] = *e;
}

KIT void kit_start(struct kit *k)
{
    kit_stop(k);
    k->event_count = 0;
    k->config.event = kit_event;
    k->config.context = k;
    k->mixer = mixer_new(&k->config, &k->error);
    assert_non_null(k->mixer);
}

/* Runs the tick that begins at `at`. The commands must be in order of frames. */
KIT enum render_status kit_tick(struct kit *k, uint64_t at, unsigned frames, struct mix_output *out)
{
    size_t first = 0, end;
    while (first < k->command_count && k->commands[first].frame < at)
        first++;
    for (end = first; end < k->command_count && k->commands[end].frame < at + frames;)
        end++;
    k->status = mixer_tick(k->mixer, k->commands + first, end - first, frames, out, &k->error);
    return k->status;
}

/* All of it from the start, into k->mix. */
KIT void kit_run(struct kit *k, unsigned frames)
{
    struct mix_output out;
    kit_start(k);
    k->mix = calloc(frames, 2 * sizeof *k->mix);
    assert_non_null(k->mix);
    for (unsigned at = 0; at < frames; at += MIX_TICK) {
        unsigned n = frames - at < MIX_TICK ? frames - at : MIX_TICK;
        if (kit_tick(k, at, n, &out) != RENDER_OK)
            return;
        memcpy(k->mix + 2 * (size_t)at, out.mix, 2 * n * sizeof *k->mix);
    }
}

KIT int64_t kit_left(const struct kit *k, unsigned frame)
{
    return k->mix[2 * (size_t)frame];
}

KIT int64_t kit_right(const struct kit *k, unsigned frame)
{
    return k->mix[2 * (size_t)frame + 1];
}

/* The n-th event, from 0, that is not a cost. */
KIT const struct mix_event *kit_event_at(const struct kit *k, size_t n)
{
    for (size_t i = 0; i < k->event_count; i++)
        if (k->events[i].kind != MIX_EVENT_COST && n-- == 0)
            return &k->events[i];
    return NULL;
}

KIT const struct mix_cost *kit_cost(const struct kit *k, unsigned tick)
{
    for (size_t i = 0; i < k->event_count; i++)
        if (k->events[i].kind == MIX_EVENT_COST && k->events[i].frame == tick * (uint64_t)MIX_TICK)
            return &k->events[i].cost;
    fail_msg("no cost of tick %u", tick);
    return NULL;
}

/* Asserts the n-th event; reason NULL: none. */
KIT void kit_expect(const struct kit *k, size_t n, enum mix_event_kind kind, uint64_t frame,
                    int voice, const char *reason)
{
    const struct mix_event *e = kit_event_at(k, n);
    assert_non_null(e);
    assert_int_equal(e->kind, kind);
    assert_int_equal(e->frame, frame);
    assert_int_equal(e->voice, voice);
    if (reason && e->reason)
        assert_string_equal(e->reason, reason);
    else
        assert_ptr_equal(e->reason, reason);
}

#endif
