/* test_midi.c - MIDI files: what conforms and what does not, exact time, and the commands that an
 * instrument map makes of them. With MIDI_FILES naming a folder, every .mid file below it. */
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

static void put(struct file *f, const void *bytes, size_t size)
{
    assert_true(f->size + size <= sizeof f->bytes);
    if (size)
        memcpy(f->bytes + f->size, bytes, size);
    f->size += size;
}

static void put_number(struct file *f, uint32_t value, size_t bytes)
{
    while (bytes-- > 0)
        put(f, &(uint8_t){(uint8_t)(value >> 8 * bytes)}, 1);
}

static struct file header(unsigned format, unsigned tracks, unsigned division)
{
    struct file f = {.size = 0};
    put(&f, "MThd\0\0\0\6", 8);
    put_number(&f, format, 2);
    put_number(&f, tracks, 2);
    put_number(&f, division, 2);
    return f;
}

static void put_chunk(struct file *f, const char *type, const uint8_t *bytes, size_t size)
{
    put(f, type, 4);
    put_number(f, (uint32_t)size, 4);
    put(f, bytes, size);
}

#define END 0x00, 0xff, 0x2f, 0x00
#define TRACK(f, ...)                                                                              \
    put_chunk(f, "MTrk", (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}))

/* --- reading ------------------------------------------------------------------------------- */

/* All events as "frame:status,data,data ... frame" or the error. */
static const char *events_of(const uint8_t *bytes, size_t size)
{
    static char text[2000];
    struct render_error error = {.status = RENDER_OK};
    struct midi_file *m = midi_open(bytes, size, &error);
    size_t at = 0;
    if (!m)
        return memcpy(text, error.text, sizeof error.text);
    for (int more = 1; more;) {
        struct midi_event e;
        if (midi_next(m, &e, &more, &error)) {
            midi_close(m);
            return memcpy(text, error.text, sizeof error.text);
        }
        at += (size_t)snprintf(text + at, sizeof text - at, "%" PRIu64, e.frame);
        if (more)
            at += (size_t)snprintf(text + at, sizeof text - at, ":%02x,%u,%u ", e.status, e.data[0],
                                   e.data[1]);
    }
    midi_close(m);
    return text;
}

static void assert_events(const struct file *f, const char *wanted)
{
    assert_string_equal(events_of(f->bytes, f->size), wanted);
}

/* At 480 ticks and 120 beats a minute a tick is 50 frames. */
static void events_come_in_order(void **state)
{
    (void)state;
    struct file f = header(0, 1, 480);
    TRACK(&f, 0, 0x90, 60, 64, 1, 61, 65, 0x83, 0x60, 0x80, 60, 0, 0, 0xc1, 7, 0, 0xd2, 9, 0, 0xe3,
          1, 2, 2, 0xa4, 3, 4, END);
    assert_events(&f, "0:90,60,64 50:90,61,65 24050:80,60,0 24050:c1,7,0 24050:d2,9,0 24050:e3,1,2 "
                      "24150:a4,3,4 24150");
    f = header(1, 3, 480);
    TRACK(&f, 4, 0x90, 1, 1, 4, 0x90, 2, 2, END);
    TRACK(&f, 0, 0x91, 3, 3, 4, 0x91, 4, 4, 0, 0x91, 5, 5, 20, 0xff, 0x2f, 0);
    TRACK(&f, 8, 0x92, 6, 6, END);
    assert_events(&f, "0:91,3,3 200:90,1,1 200:91,4,4 200:91,5,5 400:90,2,2 400:92,6,6 1200");
}

static void what_is_not_played_is_skipped(void **state)
{
    (void)state;
    struct file f = header(1, 1, 480);
    memcpy(f.bytes + 7, "\7", 1); /* a longer header, of another time */
    put(&f, "", 1);
    put_chunk(&f, "XFIH", (const uint8_t *)"abc", 3);
    TRACK(&f, 1, 0xf0, 3, 0x7e, 0x09, 0xf7, 1, 0xf7, 2, 0x90, 60, 1, 0xff, 0x01, 2, 'h', 'i', 1,
          0xff, 0x7f, 0, 1, 0xff, 0x20, 1, 5, 1, 0x90, 60, 1, END);
    put_chunk(&f, "MTrq", NULL, 0);
    assert_events(&f, "300:90,60,1 300");
}

static void tempo_acts_from_its_tick_in_all_tracks(void **state)
{
    (void)state;
    struct file f = header(1, 2, 96);
    TRACK(&f, 96, 0xff, 0x51, 3, 0x03, 0xd0, 0x90, 96, 0xff, 0x51, 3, 0x0f, 0x42, 0x40, END);
    TRACK(&f, 48, 0x90, 1, 1, 48, 2, 2, 48, 3, 3, 48, 4, 4, 96, 5, 5, END);
    /* a quarter note: 24000 frames, then 12000, then 48000 */
    assert_events(&f, "12000:90,1,1 24000:90,2,2 30000:90,3,3 36000:90,4,4 84000:90,5,5 84000");
}

static void film_time_knows_no_tempo(void **state)
{
    (void)state;
    static const struct {
        unsigned division;
        const char *wanted;
    } rows[] = {
        {0xe828, "50:90,1,1 192000:90,2,2 192000"},   /* 24 * 40: a tick is 50 */
        {0xe728, "48:90,1,1 184320:90,2,2 184320"},   /* 25 * 40: 48 */
        {0xe250, "20:90,1,1 76800:90,2,2 76800"},     /* 30 * 80: 20 */
        {0xe304, "400:90,1,1 1537536:90,2,2 1537536"} /* 29.97 * 4: 400.4 */
    };
    for (size_t i = 0; i < 4; i++) {
        struct file f = header(0, 1, rows[i].division);
        TRACK(&f, 0, 0xff, 0x51, 3, 1, 0, 0, 1, 0x90, 1, 1, 0x9d, 0x7f, 2, 2, END);
        assert_events(&f, rows[i].wanted);
    }
}

/* 24 ticks to a quarter note of q microseconds: a tick is 6 q / 3000 frames. */
static void ties_go_up(void **state)
{
    (void)state;
    struct file f = header(0, 1, 24); /* q = 250: half a frame */
    TRACK(&f, 0, 0xff, 0x51, 3, 0, 0, 250, 1, 0x90, 1, 1, 1, 2, 2, 1, 3, 3, END);
    assert_events(&f, "1:90,1,1 1:90,2,2 2:90,3,3 2");
    f = header(0, 1, 24); /* a hair less */
    TRACK(&f, 0, 0xff, 0x51, 3, 0, 0, 249, 1, 0x90, 1, 1, 1, 2, 2, 1, 3, 3, END);
    assert_events(&f, "0:90,1,1 1:90,2,2 1:90,3,3 1");
}

static uint64_t random_state = 1;

static uint32_t random_below(uint32_t limit)
{
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)((random_state >> 33) % limit);
}

static void put_delta(struct file *f, uint32_t delta)
{
    for (int shift = 21; shift > 0; shift -= 7)
        put(f, &(uint8_t){(uint8_t)(0x80 | (delta >> shift & 0x7f))}, 1);
    put(f, &(uint8_t){(uint8_t)(delta & 0x7f)}, 1);
}

/* Long steps, all tempos and divisions; the times again as fractions. */
static void time_is_exact(void **state)
{
    (void)state;
    mpq_t time, step;
    mpz_t frame, twice;
    mpq_inits(time, step, NULL);
    mpz_inits(frame, twice, NULL);
    for (int run = 0; run < 300; run++) {
        unsigned division = run % 3 ? 1 + random_below(0x7fff) : 1 + random_below(3);
        struct file f = header(0, 1, division), track = {.size = 0};
        uint64_t wanted[40];
        uint32_t tempo = 500000;
        mpq_set_ui(time, 0, 1);
        for (int i = 0; i < 40; i++) {
            uint32_t delta = random_below(run % 2 ? 1 << 28 : 1000);
            put_delta(&track, delta);
            mpq_set_ui(step, (unsigned long)delta * tempo * 6, 125ul * division);
            mpq_canonicalize(step);
            mpq_add(time, time, step);
            mpz_mul_ui(twice, mpq_numref(time), 2);
            mpz_add(twice, twice, mpq_denref(time));
            mpz_mul_ui(frame, mpq_denref(time), 2);
            mpz_fdiv_q(frame, twice, frame);
            wanted[i] = mpz_get_ui(frame);
            put(&track, "\x90\x01\x01", 3);
            tempo = 1 + random_below(0xffffff);
            put(&track, "\0\xff\x51\3", 4);
            put_number(&track, tempo, 3);
        }
        put(&track, "\0\xff\x2f\0", 4);
        put_chunk(&f, "MTrk", track.bytes, track.size);
        struct render_error error;
        struct midi_event e;
        int more;
        struct midi_file *m = midi_open(f.bytes, f.size, &error);
        assert_non_null(m);
        for (int i = 0; i < 40; i++) {
            assert_int_equal(midi_next(m, &e, &more, &error), RENDER_OK);
            assert_int_equal(e.frame, wanted[i]);
        }
        midi_close(m);
    }
    mpq_clears(time, step, NULL);
    mpz_clears(frame, twice, NULL);
}

static void more_than_2_to_the_53_frames_are_refused(void **state)
{
    (void)state;
    struct file f = header(0, 1, 1), track = {.size = 0};
    put(&track, "\0\xff\x51\3\xff\xff\xff", 7);
    for (int i = 0; i < 100; i++)
        put(&track, "\xff\xff\xff\x7f\x90\1\1", 7);
    put(&track, "\0\xff\x2f\0", 4);
    put_chunk(&f, "MTrk", track.bytes, track.size);
    const char *text = events_of(f.bytes, f.size);
    /* a step is (2^28 - 1) * (2^24 - 1) * 6 / 125 = 2.16e14 frames: 41 of them are below 2^53 */
    assert_string_equal(text,
                        "byte 320: expected an event within 2^53 frames, 5,900 years, found a "
                        "later one");
}

/* --- what does not conform ----------------------------------------------------------------- */

#define HEAD "MThd\0\0\0\6\0\0\0\1\0\x60" /* 14 bytes */
#define BAD(bytes, message)                                                                        \
    {                                                                                              \
        bytes, sizeof bytes - 1, message                                                           \
    }

static void errors_name_the_byte(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t size;
        const char *message;
    } rows[] = {
        BAD("", "byte 0: expected 'MThd', with which a MIDI file begins"),
        BAD("RIFF\0\0\0\6", "byte 0: expected 'MThd', with which a MIDI file begins"),
        BAD("MThd\0\0", "byte 0: expected a chunk's type and length, 8 bytes, found 6"),
        BAD("MThd\0\0\0\6\0\1",
            "byte 4: expected the 6 bytes of the chunk 'MThd', found 2, then the end of the file"),
        BAD("MThd\0\0\0\5\0\1\0\1\0", "byte 4: expected a header of 6 bytes or more, found 5"),
        BAD("MThd\0\0\0\6\0\2\0\1\0\x60",
            "byte 8: expected format 0 or 1, found 2: patterns, each on its own, which the file "
            "does not put in order"),
        BAD("MThd\0\0\0\6\1\0\0\1\0\x60", "byte 8: expected format 0 or 1, found 256"),
        BAD("MThd\0\0\0\6\0\0\0\2\0\x60",
            "byte 10: expected 1 track in a file of format 0, found 2"),
        BAD("MThd\0\0\0\6\0\1\0\0\0\x60", "byte 10: expected a track or more, found 0"),
        BAD("MThd\0\0\0\6\0\0\0\1\0\0",
            "byte 12: expected ticks to a quarter note, at least 1, found 0"),
        BAD("MThd\0\0\0\6\0\0\0\1\xe6\4",
            "byte 12: expected 24, 25, 29 or 30 frames a second, negated, found -26"),
        BAD("MThd\0\0\0\6\0\0\0\1\xe8\0",
            "byte 13: expected ticks to a frame, at least 1, found 0"),
        BAD(HEAD, "byte 14: expected 'MTrk', track 1 of 1, found the end of the file"),
        BAD(HEAD "MTrk", "byte 14: expected a chunk's type and length, 8 bytes, found 4"),
        BAD(HEAD "MTrk\0\0\0\5\0\xff\x2f\0",
            "byte 18: expected the 5 bytes of the chunk 'MTrk', found 4, then the end of the file"),
        BAD(HEAD "MTrk\0\0\0\4\0\xff\x2f\0MTrk\0\0\0\0",
            "byte 26: expected no more than the header's 1 tracks, found 'MTrk'"),
        BAD(HEAD "\1\2\3\4\xff\xff\xff\xff",
            "byte 18: expected the 4294967295 bytes of the chunk '....', found 0, then the end of "
            "the file"),
        BAD(HEAD "MTrk\0\0\0\0",
            "byte 22: expected an end of track event, FF 2F 00, found the end of track 1"),
        BAD(HEAD "MTrk\0\0\0\4\0\x90\1\1",
            "byte 26: expected an end of track event, FF 2F 00, found the end of track 1"),
        BAD(HEAD "MTrk\0\0\0\1\x80", "byte 23: expected a delta time, found the end of track 1"),
        BAD(HEAD "MTrk\0\0\0\1\0", "byte 23: expected an event, found the end of track 1"),
        BAD(HEAD "MTrk\0\0\0\5\x80\x80\x80\x80\0",
            "byte 25: expected the last byte, below 0x80, of a delta time, found 0x80 as the 4th"),
        BAD(HEAD "MTrk\0\0\0\2\0\x40",
            "byte 23: expected a status byte, there being none to run on with, found 0x40"),
        BAD(HEAD "MTrk\0\0\0\12\0\x90\1\1\0\xff\1\0\0\1",
            "byte 31: expected a status byte, there being none to run on with, found 0x01"),
        BAD(HEAD "MTrk\0\0\0\11\0\x90\1\1\0\xf0\0\0\1",
            "byte 30: expected a status byte, there being none to run on with, found 0x01"),
        BAD(HEAD "MTrk\0\0\0\4\0\x90\x80\1",
            "byte 24: expected a data byte, below 0x80, found 0x80"),
        BAD(HEAD "MTrk\0\0\0\4\0\x90\1\xff",
            "byte 25: expected a data byte, below 0x80, found 0xFF"),
        BAD(HEAD "MTrk\0\0\0\3\0\x90\1", "byte 25: expected a data byte, found the end of track 1"),
        BAD(HEAD "MTrk\0\0\0\2\0\xf8",
            "byte 23: expected a status byte that a file may have, found 0xF8"),
        BAD(HEAD "MTrk\0\0\0\2\0\xf1",
            "byte 23: expected a status byte that a file may have, found 0xF1"),
        BAD(HEAD "MTrk\0\0\0\2\0\xff",
            "byte 24: expected a meta event's type, found the end of track 1"),
        BAD(HEAD "MTrk\0\0\0\3\0\xff\x80",
            "byte 24: expected a meta event's type, below 0x80, found 0x80"),
        BAD(HEAD "MTrk\0\0\0\3\0\xff\1",
            "byte 25: expected an event's length, found the end of track 1"),
        BAD(HEAD "MTrk\0\0\0\5\0\xff\1\2x",
            "byte 25: expected the 2 bytes of an event, found 1, then the end of track 1"),
        BAD(HEAD "MTrk\0\0\0\4\0\xf0\x82\1",
            "byte 24: expected the 257 bytes of an event, found 0, then the end of track 1"),
        BAD(HEAD "MTrk\0\0\0\6\0\xff\x51\2xx", "byte 25: expected a tempo of 3 bytes, found 2"),
        BAD(HEAD "MTrk\0\0\0\7\0\xff\x51\3\0\0\0",
            "byte 26: expected microseconds to a quarter note, at least 1, found 0"),
        BAD(HEAD "MTrk\0\0\0\5\0\xff\x2f\1x",
            "byte 25: expected an end of track of 0 bytes, found 1"),
        BAD(HEAD "MTrk\0\0\0\10\0\xff\x2f\0\0\x90\1\1",
            "byte 26: expected nothing after the end of track 1, found 4 bytes"),
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_string_equal(events_of((const uint8_t *)rows[i].bytes, rows[i].size),
                            rows[i].message);
}

static struct file busy(void)
{
    struct file f = header(1, 2, 96);
    TRACK(&f, 0, 0xff, 0x51, 3, 7, 0xa1, 0x20, 0, 0xc0, 5, 0, 0x90, 60, 100, 10, 64, 90, 5, 0xb0, 7,
          80, 5, 64, 127, 60, 0x80, 60, 0, 0, 64, 0, 5, 0xe0, 0, 0x50, 5, 0xb0, 64, 0, 0, 121, 0, 0,
          123, 0, END);
    TRACK(&f, 0, 0x99, 36, 127, 24, 36, 0, 0, 38, 1, 0x81, 0, 0xf0, 2, 1, 0xf7, 0, 0xb9, 120, 0, 1,
          0x91, 60, 64, 0x60, 0xff, 0x2f, 0);
    return f;
}

/* No strict beginning of a file is a file. */
static void cut_files_are_refused(void **state)
{
    (void)state;
    struct file f = busy();
    for (size_t size = 0; size < f.size; size++)
        assert_memory_equal(events_of(f.bytes, size), "byte ", 5);
    assert_memory_not_equal(events_of(f.bytes, f.size), "byte ", 5);
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

static struct mix_command plain_play(uint32_t source)
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
static void set_stage(struct stage *s)
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

static void clear_stage(struct stage *s)
{
    timeline_free(s->score.timeline);
    free(s->score.own);
    free(program_memory);
}

static void show_param(FILE *out, const struct stage *s, const struct mix_command *c)
{
    fprintf(out, " %s=%.9g", s->params[c->param], (double)c->number);
    if (c->frames)
        fprintf(out, "/%u", c->frames);
}

/* Sounds are called A, B, ... in the order of their plays. */
static void show(FILE *out, const struct stage *s, const struct mix_command *c, char name)
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

static void show_all(struct stage *s)
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

static void play(struct stage *s, const struct file *f)
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

static void notes_play_samples_in_tune(void **state)
{
    (void)state;
    struct stage s;
    set_stage(&s);
    PLAY(&s, 0, 0x90, 60, 127, 1, 72, 64, 1, 48, 1, 1, 67, 127, 1, 60, 0, 1, 0x80, 72, 9);
    assert_string_equal(s.text, "0 play A piano v255 p128 r1\n"
                                "50 play B piano v129 p128 r2\n"
                                "100 play C piano v2 p128 r0.5\n"
                                "150 play D piano v255 p128 r1.49830708\n"
                                "200 release A\n"
                                "250 release B\n"
                                "250 release C\n"
                                "250 release D\n");
    assert_int_equal(s.score.last, 250);
    assert_string_equal(s.said, "");
    s.plans[PIANO].play.volume = 100;
    s.plans[PIANO].play.rate = -MIX_RATE_ONE / 2;
    s.plans[PIANO].play.length = 700;
    s.plans[PIANO].root = 72;
    PLAY(&s, 0, 0x90, 60, 64, 1, 0x80, 60, 64);
    assert_string_equal(s.text, "0 play A piano v50 p128 r-0.25\n50 release A\n");
    assert_int_equal(s.score.last, 700);
    clear_stage(&s);
}

/* 2^(n / 12) as a fraction: (2^32 r)^12 and 2^(12 * 32 + n) differ by less than the last bit. */
static void rates_are_nearest(void **state)
{
    (void)state;
    struct stage s;
    mpz_t low, high, exact;
    mpz_inits(low, high, exact, NULL);
    set_stage(&s);
    s.plans[PIANO].root = 64;
    for (unsigned key = 0; key < 128; key++) {
        struct render_error error;
        const struct mix_command *list;
        size_t count;
        struct file f = header(0, 1, 480);
        TRACK(&f, 0, 0x90, (uint8_t)key, 100, 1, 0x80, (uint8_t)key, 0, END);
        play(&s, &f);
        timeline_rewind(s.score.timeline, &error);
        timeline_until(s.score.timeline, UINT64_MAX, &list, &count, &error);
        assert_int_equal(count, 2);
        mpz_set_ui(low, (unsigned long)list[0].rate * 2 - 1); /* half a bit on both sides */
        mpz_set_ui(high, (unsigned long)list[0].rate * 2 + 1);
        mpz_pow_ui(low, low, 12);
        mpz_pow_ui(high, high, 12);
        mpz_ui_pow_ui(exact, 2, 33 * 12 + key - 64);
        assert_true(mpz_cmp(low, exact) <= 0 && mpz_cmp(exact, high) <= 0);
    }
    clear_stage(&s);
    mpz_clears(low, high, exact, NULL);
}

static void patches_get_frequency_and_velocity(void **state)
{
    (void)state;
    struct stage s;
    set_stage(&s);
    PLAY(&s, 0, 0xc0, 1, 0, 0x90, 69, 64, 1, 69, 0);
    assert_string_equal(s.text, "0 play A organ v255 p128 r1 440Hz\n"
                                "0 +set A freq=440\n"
                                "0 +set A velocity=0.503937006\n"
                                "50 release A\n");
    s.part = (struct mix_command){.verb = MIX_SET, .param = CUTOFF, .number = 1234.0f};
    s.plans[ORGAN].parts = &s.part;
    s.plans[ORGAN].part_count = 1;
    PLAY(&s, 0, 0xc0, 1, 0, 0x90, 60, 127, 1, 60, 0);
    assert_string_equal(s.text, "0 play A organ v255 p128 r1 261.62558Hz\n"
                                "0 +set A cutoff=1234\n"
                                "0 +set A freq=261.62558\n"
                                "0 +set A velocity=1\n"
                                "50 release A\n");
    clear_stage(&s);
}

static void the_same_key_again_releases_the_older(void **state)
{
    (void)state;
    struct stage s;
    set_stage(&s);
    PLAY(&s, 0, 0x90, 60, 127, 2, 60, 127, 1, 60, 0, 1, 60, 0);
    assert_string_equal(s.text, "0 play A piano v255 p128 r1\n"
                                "100 release A\n"
                                "100 play B piano v255 p128 r1\n"
                                "150 release B\n");
    clear_stage(&s);
}

static void the_pedal_holds(void **state)
{
    (void)state;
    struct stage s;
    set_stage(&s);
    PLAY(&s, 0, 0xb0, 64, 64, 0, 0x90, 60, 127, 1, 62, 127, 1, 60, 0, 1, 60, 127, 1, 0xb0, 64, 127,
         1, 64, 63, 1, 0x90, 60, 0);
    assert_string_equal(s.text, "0 play A piano v255 p128 r1\n"
                                "50 play B piano v255 p128 r1.12246205\n"
                                "150 release A\n"
                                "150 play C piano v255 p128 r1\n"
                                "300 release C\n"
                                "300 release B\n");
    clear_stage(&s);
}

static void notes_that_are_held_end_with_the_track(void **state)
{
    (void)state;
    struct stage s;
    set_stage(&s);
    struct file f = header(0, 1, 480);
    TRACK(&f, 0, 0xb0, 64, 127, 0, 0x90, 62, 127, 0, 60, 127, 0, 62, 0, 20, 0xff, 0x2f, 0);
    play(&s, &f);
    assert_string_equal(s.text, "0 play A piano v255 p128 r1.12246205\n"
                                "0 play B piano v255 p128 r1\n"
                                "1000 release B\n"
                                "1000 release A\n");
    assert_int_equal(s.score.last, 1000);
    clear_stage(&s);
}

static void volume_and_expression_multiply(void **state)
{
    (void)state;
    struct stage s;
    set_stage(&s);
    PLAY(&s, 0, 0x90, 60, 127, 1, 0xb0, 7, 64, 1, 11, 64, 1, 11, 64, 1, 0x90, 72, 64, 1, 0xb0, 7, 0,
         1, 121, 0);
    assert_string_equal(s.text, "0 play A piano v255 p128 r1\n"
                                "50 volume A 129/240\n"
                                "100 volume A 65/240\n"
                                "200 play B piano v33 p128 r2\n"
                                "250 volume A 0/240\n"
                                "250 volume B 0/240\n"
                                "300 volume A 0/240\n"
                                "300 volume B 0/240\n"
                                "300 release A\n"
                                "300 release B\n");
    clear_stage(&s);
}

/* The formula over its whole domain of plan volume and velocity. */
static void volume_is_the_nearest(void **state)
{
    (void)state;
    struct stage s;
    set_stage(&s);
    for (unsigned volume = 0; volume <= 255; volume += 5) {
        struct render_error error;
        const struct mix_command *list;
        size_t count;
        s.plans[PIANO].play.volume = (uint8_t)volume;
        struct file f = header(0, 1, 480), track = {.size = 0};
        for (uint8_t v = 1; v < 128; v++)
            put(&track, (const uint8_t[]){0, 0x90, 60, v}, 4);
        put(&track, "\0\xff\x2f\0", 4);
        put_chunk(&f, "MTrk", track.bytes, track.size);
        FILE *in = fmemopen(f.bytes, f.size, "rb");
        timeline_free(s.score.timeline);
        s.score.timeline = timeline_new(0, &error);
        assert_int_equal(midi_read(&s.score, in, "song.mid", stderr, stderr), 0);
        fclose(in);
        timeline_until(s.score.timeline, UINT64_MAX, &list, &count, &error);
        unsigned v = 1;
        for (size_t i = 0; i < count; i++)
            if (list[i].verb == MIX_PLAY)
                assert_int_equal(list[i].volume, (2 * volume * v++ + 127) / 254);
        assert_int_equal(v, 128);
    }
    clear_stage(&s);
}

static void pan_is_added(void **state)
{
    (void)state;
    struct stage s;
    set_stage(&s);
    PLAY(&s, 0, 0x90, 60, 127, 1, 0xb0, 10, 0, 1, 10, 127, 1, 10, 64, 1, 10, 95, 1, 10, 96, 1, 0x90,
         60, 0);
    assert_string_equal(s.text, "0 play A piano v255 p128 r1\n"
                                "50 pan A 0/240\n"
                                "100 pan A 255/240\n"
                                "150 pan A 128/240\n"
                                "200 pan A 190/240\n"
                                "250 pan A 193/240\n"
                                "300 release A\n");
    s.plans[PIANO].play.pan = 28;
    PLAY(&s, 0, 0x90, 60, 127, 1, 0xb0, 10, 127, 1, 10, 0, 1, 0x90, 60, 127, 0, 60, 0);
    assert_string_equal(s.text, "0 play A piano v255 p28 r1\n"
                                "50 pan A 155/240\n"
                                "100 pan A 0/240\n"
                                "150 release A\n"
                                "150 play B piano v255 p0 r1\n"
                                "150 release B\n");
    clear_stage(&s);
}

static void the_bend_moves_pitch(void **state)
{
    (void)state;
    struct stage s;
    set_stage(&s);
    PLAY(&s, 0, 0x90, 60, 127, 1, 0xe0, 0, 0, 1, 0xe0, 0, 0x60, 0, 0x90, 72, 127, 1, 0xe0, 0, 0x40,
         1, 0xe0, 0, 0x40);
    assert_string_equal(s.text, "0 play A piano v255 p128 r1\n"
                                "50 pitch A 0.890898718\n"
                                "100 pitch A 1.05946309\n"
                                "100 play B piano v255 p128 r2.11892619\n"
                                "150 pitch A 1\n"
                                "150 pitch B 2\n"
                                "200 release A\n"
                                "200 release B\n");
    /* of a patch the rate is the bend alone; RPN 0 sets 12 semitones and 0 cents */
    PLAY(&s, 0, 0xc0, 1, 0, 0xb0, 101, 0, 0, 100, 0, 0, 6, 12, 0, 38, 0, 0, 101, 127, 0, 100, 127,
         0, 6, 5, 0, 0xe0, 0, 0, 0, 0x90, 69, 127, 1, 0xe0, 0, 0x40, 1, 0x90, 69, 0);
    assert_string_equal(s.text, "0 play A organ v255 p128 r0.5 440Hz\n"
                                "0 +set A freq=440\n"
                                "0 +set A velocity=1\n"
                                "50 pitch A 1\n"
                                "100 release A\n");
    /* 50 cents more; an unregistered parameter is none of ours */
    s.score.midi.bend = 12.0f;
    PLAY(&s, 0, 0x90, 60, 127, 0, 0xe0, 0, 0, 1, 0xb0, 100, 0, 0, 101, 0, 0, 38, 50, 0, 99, 1, 0, 6,
         1, 0, 0x90, 60, 0);
    assert_string_equal(s.text, "0 play A piano v255 p128 r1\n"
                                "0 pitch A 0.5\n"
                                "50 pitch A 0.485765971\n"
                                "50 release A\n");
    clear_stage(&s);
}

static void mapped_controllers_move_parameters(void **state)
{
    (void)state;
    struct stage s;
    set_stage(&s);
    s.ccs[0] = (struct score_cc){.number = 1, .param = CUTOFF};
    s.ccs[1] = (struct score_cc){.number = 7, .param = CUTOFF, 1, 1000.0f, 1254.0f};
    s.ccs[2] = (struct score_cc){.number = 1, .param = OTHER};
    s.score.midi.ccs = s.ccs;
    s.score.midi.cc_count = 3;
    PLAY(&s, 0, 0xc0, 1, 0, 0x90, 69, 127, 1, 0xb0, 1, 0, 1, 1, 127, 1, 7, 64, 1, 0x90, 69, 0, 0,
         0xb0, 7, 127, 1, 0x90, 69, 127, 1, 0xb0, 121, 0, 1, 0x90, 69, 0);
    assert_string_equal(s.text, "0 play A organ v255 p128 r1 440Hz\n"
                                "0 +set A freq=440\n"
                                "0 +set A velocity=1\n"
                                "50 set A cutoff=100/480\n"
                                "100 set A cutoff=6400/480\n"
                                "150 set A cutoff=1128/480\n"
                                "200 release A\n"
                                "250 play B organ v255 p128 r1 440Hz\n"
                                "250 +set B freq=440\n"
                                "250 +set B velocity=1\n"
                                "250 +set B cutoff=6400\n"
                                "250 +set B cutoff=1254\n"
                                "300 set B cutoff=800/480\n"
                                "350 release B\n");
    PLAY(&s, 0, 0x90, 60, 127, 1, 0xb0, 7, 1, 1, 0x90, 60, 0); /* no patch: nothing moves */
    assert_string_equal(s.text, "0 play A piano v255 p128 r1\n100 release A\n");
    clear_stage(&s);
}

/* Back to what the plan has, where it has something. */
static void reset_returns_to_the_plan(void **state)
{
    (void)state;
    struct stage s;
    set_stage(&s);
    s.ccs[0] = (struct score_cc){.number = 1, .param = CUTOFF};
    s.score.midi.cc_count = 1;
    s.part = (struct mix_command){.verb = MIX_SET, .param = CUTOFF, .number = 1234.0f};
    s.plans[KICK].parts = &s.part;
    s.plans[KICK].part_count = 1;
    PLAY(&s, 0, 0x99, 36, 127, 0, 0xb9, 1, 127, 1, 121, 0, 1, 0x99, 36, 0);
    assert_string_equal(s.text, "0 play A kick v255 p128 r1\n"
                                "0 +set A cutoff=1234\n"
                                "0 set A cutoff=6400/480\n"
                                "50 set A cutoff=1234/480\n"
                                "100 release A\n");
    PLAY(&s, 0, 0xb0, 64, 127, 0, 0xe0, 0, 0, 0, 0xb0, 11, 0, 0, 0x90, 60, 127, 0, 60, 0, 1, 0xb0,
         121, 0);
    assert_string_equal(s.text, "0 play A piano v0 p128 r0.890898718\n"
                                "50 release A\n");
    clear_stage(&s);
}

static void drums_are_played_as_they_are(void **state)
{
    (void)state;
    struct stage s;
    set_stage(&s);
    PLAY(&s, 0, 0x99, 36, 127, 0, 38, 127, 1, 36, 0, 0, 38, 0, 1, 38, 64, 1, 0xb9, 120, 0);
    assert_string_equal(s.text, "0 play A kick v255 p128 r1\n"
                                "0 play B hit v255 p128 r1\n"
                                "50 release A\n"
                                "100 play C hit v129 p128 r1\n"
                                "150 stop A\n"
                                "150 stop C\n");
    s.looped.has_loop = true;
    s.sources[HIT].sample = &s.looped;
    PLAY(&s, 0, 0x99, 38, 127, 1, 38, 0);
    assert_string_equal(s.text, "0 play A hit v255 p128 r1\n50 release A\n");
    s.plans[KICK].play.number = 0.0f; /* a pitch that its declaration sets */
    PLAY(&s, 0, 0x99, 36, 127, 1, 36, 0);
    assert_string_equal(s.text, "0 play A kick v255 p128 r1 0Hz\n50 release A\n");
    clear_stage(&s);
}

static void sound_off_and_notes_off(void **state)
{
    (void)state;
    struct stage s;
    set_stage(&s);
    PLAY(&s, 0, 0x90, 60, 127, 0, 62, 127, 0, 62, 0, 0, 0x91, 60, 127, 1, 0xb0, 120, 0, 1, 120, 0,
         1, 0x90, 60, 127, 1, 0xb0, 123, 0, 1, 0xb1, 64, 127, 0, 126, 0, 1, 0xb1, 64, 0);
    assert_string_equal(s.text, "0 play A piano v255 p128 r1\n"
                                "0 play B piano v255 p128 r1.12246205\n"
                                "0 release B\n"
                                "0 play C piano v255 p128 r1\n"
                                "50 stop A\n"
                                "50 stop B\n"
                                "150 play D piano v255 p128 r1\n"
                                "200 release D\n"
                                "300 release C\n");
    clear_stage(&s);
}

static void a_channel_wins_over_the_program(void **state)
{
    (void)state;
    struct stage s;
    set_stage(&s);
    s.score.midi.channel[1] = HIT;
    s.score.midi.channel[9] = PIANO;
    PLAY(&s, 0, 0x91, 60, 127, 0, 60, 0, 0, 0x99, 60, 127, 0, 60, 0, 0, 36, 127, 0, 36, 0);
    assert_string_equal(s.text, "0 play A hit v255 p128 r1\n"
                                "0 release A\n"
                                "0 play B piano v255 p128 r1\n"
                                "0 release B\n"
                                "0 play C kick v255 p128 r1\n"
                                "0 release C\n");
    clear_stage(&s);
}

static void what_has_no_instrument_is_counted(void **state)
{
    (void)state;
    struct stage s;
    set_stage(&s);
    PLAY(&s, 0, 0x99, 40, 1, 0, 40, 0, 0, 0xc0, 33, 0, 0x90, 1, 1, 0, 2, 1, 0, 2, 0, 0, 0xc0, 34, 0,
         0x90, 1, 1);
    assert_string_equal(s.text, "");
    assert_string_equal(s.said,
                        "song.mid: note: no instrument for 4 notes: 2 on channel 1 (program "
                        "33), 1 on channel 1 (program 34), 1 on channel 10 (key 40)\n");
    struct file f = header(0, 1, 480), track = {.size = 0};
    for (uint8_t i = 10; i < 25; i++)
        put(&track, (const uint8_t[]){0, 0xc2, i, 0, 0x92, 60, 1}, 7);
    put(&track, "\0\xff\x2f\0", 4);
    put_chunk(&f, "MTrk", track.bytes, track.size);
    play(&s, &f);
    assert_non_null(strstr(s.said, "for 15 notes: 1 on channel 3 (program 10), "));
    assert_non_null(strstr(s.said, "(program 17), and 7 more\n"));
    clear_stage(&s);
}

static void a_wrong_file_is_reported(void **state)
{
    (void)state;
    struct stage s;
    set_stage(&s);
    struct file f = header(2, 1, 480);
    play(&s, &f);
    assert_int_equal(s.status, 1);
    assert_memory_equal(s.said, "song.mid: error: byte 8: expected format 0 or 1, found 2", 56);
    FILE *folder = fopen(".", "rb"), *said = fmemopen(s.said, sizeof s.said, "w");
    assert_int_equal(midi_read(&s.score, folder, ".", said, said), 2);
    fclose(folder);
    fclose(said);
    assert_string_equal(s.said, ".: error: cannot read: Is a directory\n");
    clear_stage(&s);
}

/* Bytes that are wrong give an error or commands, never anything else. */
static void damaged_files_do_no_harm(void **state)
{
    (void)state;
    struct stage s;
    set_stage(&s);
    s.ccs[0] = (struct score_cc){.number = 7, .param = CUTOFF};
    s.score.midi.cc_count = 1;
    int good = 0;
    for (int run = 0; run < 20000; run++) {
        struct file f = busy();
        struct render_error error;
        for (uint32_t n = 1 + random_below(3); n > 0; n--)
            f.bytes[random_below((uint32_t)f.size)] = (uint8_t)random_below(256);
        FILE *in = fmemopen(f.bytes, f.size, "rb"), *said = fmemopen(s.said, sizeof s.said, "w");
        timeline_free(s.score.timeline);
        s.score.timeline = timeline_new(0, &error);
        s.score.last = 0;
        int status = midi_read(&s.score, in, "song.mid", said, said);
        assert_in_range(status, 0, 1);
        good += status == 0;
        fclose(in);
        fclose(said);
    }
    assert_in_range(good, 1000, 19000);
    clear_stage(&s);
}

/* --- files of others ----------------------------------------------------------------------- */

static int ends_in_mid(const char *name)
{
    size_t length = strlen(name);
    return length > 4 &&
           (strcmp(name + length - 4, ".mid") == 0 || strcmp(name + length - 4, ".MID") == 0);
}

static void play_song(struct stage *s, const char *path)
{
    struct render_error error;
    FILE *in = fopen(path, "rb"), *said = fmemopen(s->said, sizeof s->said, "w");
    assert_non_null(in);
    timeline_free(s->score.timeline);
    s->score.timeline = timeline_new(0, &error);
    s->score.last = 0;
    int status = midi_read(&s->score, in, path, said, said);
    fclose(in);
    fclose(said);
    if (status)
        print_error("%s", s->said);
    assert_int_equal(status, 0);
    assert_true(s->score.command_count > 100);
    assert_in_range(s->score.last, 48000 * 5, 48000 * 1800); /* 5 s to half an hour */
}

static unsigned play_folder(struct stage *s, const char *folder)
{
    DIR *list = opendir(folder);
    unsigned count = 0;
    for (struct dirent *entry = list ? readdir(list) : NULL; entry; entry = readdir(list)) {
        char path[4096];
        struct stat info;
        int length = snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        if (entry->d_name[0] == '.' || length >= (int)sizeof path || stat(path, &info))
            continue;
        if (S_ISDIR(info.st_mode))
            count += play_folder(s, path);
        else if (ends_in_mid(entry->d_name))
            play_song(s, path), count++;
    }
    if (list)
        closedir(list);
    return count;
}

static void songs_of_others_are_played(void **state)
{
    (void)state;
    const char *folder = getenv("MIDI_FILES");
    struct stage s;
    if (!folder)
        skip();
    set_stage(&s);
    for (unsigned i = 0; i < 16; i++)
        s.score.midi.channel[i] = i % 2 ? ORGAN : PIANO;
    assert_int_not_equal(play_folder(&s, folder), 0);
    clear_stage(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(events_come_in_order),
        cmocka_unit_test(what_is_not_played_is_skipped),
        cmocka_unit_test(tempo_acts_from_its_tick_in_all_tracks),
        cmocka_unit_test(film_time_knows_no_tempo),
        cmocka_unit_test(ties_go_up),
        cmocka_unit_test(time_is_exact),
        cmocka_unit_test(more_than_2_to_the_53_frames_are_refused),
        cmocka_unit_test(errors_name_the_byte),
        cmocka_unit_test(cut_files_are_refused),
        cmocka_unit_test(notes_play_samples_in_tune),
        cmocka_unit_test(rates_are_nearest),
        cmocka_unit_test(patches_get_frequency_and_velocity),
        cmocka_unit_test(the_same_key_again_releases_the_older),
        cmocka_unit_test(the_pedal_holds),
        cmocka_unit_test(notes_that_are_held_end_with_the_track),
        cmocka_unit_test(volume_and_expression_multiply),
        cmocka_unit_test(volume_is_the_nearest),
        cmocka_unit_test(pan_is_added),
        cmocka_unit_test(the_bend_moves_pitch),
        cmocka_unit_test(mapped_controllers_move_parameters),
        cmocka_unit_test(reset_returns_to_the_plan),
        cmocka_unit_test(drums_are_played_as_they_are),
        cmocka_unit_test(sound_off_and_notes_off),
        cmocka_unit_test(a_channel_wins_over_the_program),
        cmocka_unit_test(what_has_no_instrument_is_counted),
        cmocka_unit_test(a_wrong_file_is_reported),
        cmocka_unit_test(damaged_files_do_no_harm),
        cmocka_unit_test(songs_of_others_are_played),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
