/* test_midi_kit.h - what the tests of MIDI files share: files made by hand, an instrument map, and
 * the commands it makes, as text. */
#ifndef TESTS_RENDER_TEST_MIDI_KIT_H
#define TESTS_RENDER_TEST_MIDI_KIT_H

#include "compiler/compile.h"
#include "render/score/midi_file.h"
#include "render/score/score.h"
#include <dirent.h>
#include <gmp.h>
#include <inttypes.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

/* --- files made by hand -------------------------------------------------------------------- */

struct file {
    uint8_t bytes[4096];
    size_t size;
};

static inline void put(struct file *f, const void *bytes, size_t size)
{
    assert_true(f->size + size <= sizeof f->bytes);
    if (size)
        memcpy(f->bytes + f->size, bytes, size);
    f->size += size;
}

static inline void put_number(struct file *f, uint32_t value, size_t bytes)
{
    while (bytes-- > 0)
        put(f, &(uint8_t){(uint8_t)(value >> 8 * bytes)}, 1);
}

static inline struct file header(unsigned format, unsigned tracks, unsigned division)
{
    struct file f = {.size = 0};
    put(&f, "MThd\0\0\0\6", 8);
    put_number(&f, format, 2);
    put_number(&f, tracks, 2);
    put_number(&f, division, 2);
    return f;
}

static inline void put_chunk(struct file *f, const char *type, const uint8_t *bytes, size_t size)
{
    put(f, type, 4);
    put_number(f, (uint32_t)size, 4);
    put(f, bytes, size);
}

#define END 0x00, 0xff, 0x2f, 0x00
#define TRACK(f, ...)                                                                              \
    put_chunk(f, "MTrk", (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}))

/* --- reading ------------------------------------------------------------------------------- */

static uint64_t random_state = 1;

static inline uint32_t random_below(uint32_t limit)
{
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)((random_state >> 33) % limit);
}

/* --- what does not conform ----------------------------------------------------------------- */

static inline struct file busy(void)
{
    struct file f = header(1, 2, 96);
    TRACK(&f, 0, 0xff, 0x51, 3, 7, 0xa1, 0x20, 0, 0xc0, 5, 0, 0x90, 60, 100, 10, 64, 90, 5, 0xb0, 7,
          80, 5, 64, 127, 60, 0x80, 60, 0, 0, 64, 0, 5, 0xe0, 0, 0x50, 5, 0xb0, 64, 0, 0, 121, 0, 0,
          123, 0, END);
    TRACK(&f, 0, 0x99, 36, 127, 24, 36, 0, 0, 38, 1, 0x81, 0, 0xf0, 2, 1, 0xf7, 0, 0xb9, 120, 0, 1,
          0x91, 60, 64, 0x60, 0xff, 0x2f, 0);
    return f;
}

/* --- a score ------------------------------------------------------------------------------- */

enum { FREQ, VELOCITY, CUTOFF, OTHER, PARAMS };
enum { PIANO, ORGAN, HIT, KICK, PLANS };

static const char lead_text[] =
    "(patch (params (freq (unit hz) (range 20 20000) (default 440))"
    "  (velocity (range 0 1) (default 1))"
    "  (cutoff (unit hz) (range 100 6400) (default 800) (curve exponential) (glide 10ms)))"
    " (output (filter.lopass (osc.saw (freq freq)) (cutoff cutoff)) ))";

static void *program_memory;

static const struct rp_program *load_patch(void)
{
    struct source source = {"lead.sx", lead_text, sizeof lead_text - 1, 0};
    struct compile_options options = {.debug_lines = false};
    struct compile_result code;
    struct rp_error error;
    assert_int_equal(compile_text(&source, &options, stderr, &code), 0);
    size_t size = rp_program_bytes(code.bytes, code.size);
    size = (size + RP_ALIGNMENT - 1) / RP_ALIGNMENT * RP_ALIGNMENT;
    program_memory = aligned_alloc(RP_ALIGNMENT, size);
    const struct rp_program *program = rp_load(code.bytes, code.size, program_memory, size, &error);
    assert_non_null(program);
    free(code.bytes);
    return program;
}

struct stage {
    struct score score;
    struct sample sample, looped;
    struct mix_source sources[PLANS];
    struct score_plan plans[PLANS];
    struct mix_command part;
    struct score_cc ccs[3];
    const char *params[PARAMS];
    char text[20000], said[1000];
    int status;
};

static inline struct mix_command plain_play(uint32_t source)
{
    return (struct mix_command){.verb = MIX_PLAY,
                                .source = source,
                                .volume = 255,
                                .pan = 128,
                                .number = MIX_NO_BASE,
                                .rate = MIX_RATE_ONE,
                                .serial = -1,
                                .name = MIX_NO_NAME,
                                .bus = -1};
}

/* The piano is a looped sample, the organ a patch, the hit a sample without a loop, the kick the
 * patch again. */
static inline void set_stage(struct stage *s)
{
    static const char *const names[] = {"freq", "velocity", "cutoff", "other"};
    const struct rp_program *program = load_patch();
    memset(s, 0, sizeof *s);
    memcpy(s->params, names, sizeof names);
    s->looped.has_loop = true;
    for (unsigned i = 0; i < PLANS; i++) {
        int patch = i == ORGAN || i == KICK;
        s->sources[i].program = patch ? program : NULL;
        s->sources[i].sample = i == PIANO ? &s->looped : i == HIT ? &s->sample : NULL;
        s->plans[i] = (struct score_plan){.play = plain_play(i),
                                          .root = 60,
                                          .pitch = patch ? FREQ : -1,
                                          .velocity = i == ORGAN ? VELOCITY : -1};
    }
    s->score = (struct score){.voices = 16,
                              .sources = s->sources,
                              .source_count = PLANS,
                              .plans = s->plans,
                              .params = s->params,
                              .param_count = PARAMS};
    s->score.own = calloc(1, 4096); /* opaque, and nothing in it */
    struct score_midi_map *map = &s->score.midi;
    memset(map->channel, 0xff, sizeof map->channel);
    memset(map->program, 0xff, sizeof map->program);
    memset(map->drum, 0xff, sizeof map->drum);
    map->ccs = s->ccs;
    map->bend = 2.0f;
    map->program[0] = PIANO;
    map->program[1] = ORGAN;
    map->drum[36] = KICK;
    map->drum[38] = HIT;
}

static inline void clear_stage(struct stage *s)
{
    timeline_free(s->score.timeline);
    free(s->score.own);
    free(program_memory);
}

static inline void show_param(FILE *out, const struct stage *s, const struct mix_command *c)
{
    fprintf(out, " %s=%.9g", s->params[c->param], (double)c->number);
    if (c->frames)
        fprintf(out, "/%u", c->frames);
}

/* Sounds are called A, B, ... in the order of their plays. */
static inline void show(FILE *out, const struct stage *s, const struct mix_command *c, char name)
{
    static const char *const verbs[] = {"play",  "stop", "release", "volume", "pan",
                                        "pitch", "set",  "send",    "is"};
    static const char *const sources[] = {"piano", "organ", "hit", "kick"};
    fprintf(out, "%" PRIu64 " %s%s %c", c->frame, c->part ? "+" : "", verbs[c->verb], name);
    if (c->verb == MIX_PLAY)
        fprintf(out, " %s v%u p%u r%.9g", sources[c->source], c->volume, c->pan,
                ldexp((double)c->rate, -32));
    if (c->verb == MIX_PLAY && c->number == c->number)
        fprintf(out, " %.9gHz", (double)c->number);
    if (c->verb == MIX_SET_VOLUME || c->verb == MIX_SET_PAN)
        fprintf(out, " %u/%u", c->value, c->frames);
    if (c->verb == MIX_SET_PITCH)
        fprintf(out, " %.9g", ldexp((double)c->rate, -32));
    if (c->verb == MIX_SET)
        show_param(out, s, c);
    fputc('\n', out);
}

static inline void show_all(struct stage *s)
{
    uint64_t plays[26];
    size_t count, known = 0;
    const struct mix_command *list;
    struct render_error error;
    FILE *out = fmemopen(s->text, sizeof s->text, "w");
    assert_int_equal(timeline_until(s->score.timeline, UINT64_MAX, &list, &count, &error), 0);
    for (size_t i = 0; i < count; i++) {
        size_t sound = 0;
        if (list[i].verb == MIX_PLAY) {
            assert_true(known < 26);
            plays[known++] = list[i].order;
        } else {
            assert_int_equal(list[i].to, MIX_SOUND);
        }
        uint64_t order = list[i].verb == MIX_PLAY ? list[i].order : list[i].target;
        while (sound < known && plays[sound] != order)
            sound++;
        assert_true(sound < known);
        show(out, s, &list[i], (char)('A' + sound));
    }
    fclose(out);
}

static inline void play(struct stage *s, const struct file *f)
{
    struct render_error error;
    FILE *in = fmemopen((void *)(uintptr_t)f->bytes, f->size, "rb");
    FILE *said = fmemopen(s->said, sizeof s->said, "w");
    timeline_free(s->score.timeline);
    s->score.timeline = timeline_new(0, &error);
    s->score.last = 0;
    s->text[0] = s->said[0] = '\0';
    s->status = midi_read(&s->score, in, "song.mid", said, said);
    fclose(in);
    fclose(said);
    if (s->status == 0)
        show_all(s);
}

/* One track at 50 frames a tick, its end not included. */
#define PLAY(s, ...)                                                                               \
    do {                                                                                           \
        struct file f_ = header(0, 1, 480);                                                        \
        TRACK(&f_, __VA_ARGS__, END);                                                              \
        play(s, &f_);                                                                              \
        assert_int_equal((s)->status, 0);                                                          \
    } while (0)

#endif
