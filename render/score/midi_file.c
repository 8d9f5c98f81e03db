#include "render/score/midi_file.h"
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CHUNK_HEAD = 8, HEADER_BYTES = 6, VLQ_BYTES = 4, DEFAULT_TEMPO = 500000 };

#define MOST_FRAMES (UINT64_C(1) << 53)

enum event_kind { CHANNEL, TEMPO, END, SKIPPED };

struct track {
    size_t at, end; /* byte offsets */
    uint64_t tick;  /* of `event`, the next to be taken */
    unsigned number;
    uint8_t running; /* status, 0: none */
    enum event_kind kind;
    struct midi_event event;
    uint32_t tempo;
};

/* Time is frame + rest / unit, and each tick adds per_tick / unit frames. */
struct clock {
    uint64_t tick, frame, rest, per_tick, unit;
};

struct midi_file {
    const uint8_t *bytes;
    size_t size;
    unsigned format, track_count;
    uint16_t division;
    struct track *tracks;
    struct track **heap; /* the one with the next event first */
    size_t left;
    struct clock clock;
};

/* --- errors -------------------------------------------------------------------------------- */

static enum render_status wrong(struct render_error *error, size_t offset, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static enum render_status wrong(struct render_error *error, size_t offset, const char *format, ...)
{
    char text[400];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return render_fail(error, RENDER_WRONG, "byte %zu: %s", offset, text);
}

static enum render_status track_ends(struct render_error *error, const struct track *t,
                                     const char *wanted)
{
    return wrong(error, t->end, "expected %s, found the end of track %u", wanted, t->number);
}

/* --- chunks -------------------------------------------------------------------------------- */

static uint32_t big_endian(const uint8_t *bytes, size_t count)
{
    uint32_t value = 0;
    for (size_t i = 0; i < count; i++)
        value = value << 8 | bytes[i];
    return value;
}

struct chunk {
    char type[5];
    size_t at, end; /* of what is in it */
};

static enum render_status read_chunk(const struct midi_file *f, size_t at, struct chunk *chunk,
                                     struct render_error *error)
{
    if (f->size - at < CHUNK_HEAD)
        return wrong(error, at, "expected a chunk's type and length, 8 bytes, found %zu",
                     f->size - at);
    for (size_t i = 0; i < 4; i++) {
        uint8_t c = f->bytes[at + i];
        chunk->type[i] = (char)(c >= 0x20 && c < 0x7f ? c : '.');
    }
    chunk->type[4] = '\0';
    uint32_t length = big_endian(f->bytes + at + 4, 4);
    chunk->at = at + CHUNK_HEAD;
    if (length > f->size - chunk->at)
        return wrong(error, at + 4,
                     "expected the %" PRIu32 " bytes of the chunk '%s', found %zu, then the end of "
                     "the file",
                     length, chunk->type, f->size - chunk->at);
    chunk->end = chunk->at + length;
    return RENDER_OK;
}

static enum render_status read_division(struct midi_file *f, size_t at, struct render_error *error)
{
    f->division = (uint16_t)big_endian(f->bytes + at, 2);
    if (f->division == 0)
        return wrong(error, at, "expected ticks to a quarter note, at least 1, found 0");
    if (f->division < 0x8000)
        return RENDER_OK;
    unsigned rate = 256u - (f->division >> 8);
    if (rate != 24 && rate != 25 && rate != 29 && rate != 30)
        return wrong(error, at, "expected 24, 25, 29 or 30 frames a second, negated, found -%u",
                     rate);
    if ((f->division & 0xff) == 0)
        return wrong(error, at + 1, "expected ticks to a frame, at least 1, found 0");
    return RENDER_OK;
}

static enum render_status check_format(const struct midi_file *f, size_t at,
                                       struct render_error *error)
{
    if (f->format == 2)
        return wrong(error, at,
                     "expected format 0 or 1, found 2: patterns, each on its own, which "
                     "the file does not put in order");
    if (f->format > 2)
        return wrong(error, at, "expected format 0 or 1, found %u", f->format);
    if (f->format == 0 && f->track_count != 1)
        return wrong(error, at + 2, "expected 1 track in a file of format 0, found %u",
                     f->track_count);
    if (f->track_count == 0)
        return wrong(error, at + 2, "expected a track or more, found 0");
    return RENDER_OK;
}

/* *at: where the chunks after the header begin. */
static enum render_status read_header(struct midi_file *f, size_t *at, struct render_error *error)
{
    struct chunk head;
    if (f->size < 4 || memcmp(f->bytes, "MThd", 4) != 0)
        return wrong(error, 0, "expected 'MThd', with which a MIDI file begins");
    if (read_chunk(f, 0, &head, error))
        return RENDER_WRONG;
    if (head.end - head.at < HEADER_BYTES)
        return wrong(error, 4, "expected a header of 6 bytes or more, found %zu",
                     head.end - head.at);
    f->format = big_endian(f->bytes + head.at, 2);
    f->track_count = big_endian(f->bytes + head.at + 2, 2);
    *at = head.end;
    if (check_format(f, head.at, error))
        return RENDER_WRONG;
    return read_division(f, head.at + 4, error);
}

static enum render_status find_tracks(struct midi_file *f, size_t at, struct render_error *error)
{
    unsigned found = 0;
    while (at < f->size) {
        struct chunk chunk;
        if (read_chunk(f, at, &chunk, error))
            return RENDER_WRONG;
        int is_track = memcmp(f->bytes + at, "MTrk", 4) == 0;
        if (is_track && found == f->track_count)
            return wrong(error, at, "expected no more than the header's %u tracks, found 'MTrk'",
                         f->track_count);
        if (is_track) {
            f->tracks[found] = (struct track){.at = chunk.at, .end = chunk.end};
            f->tracks[found].number = found + 1;
            found++;
        }
        at = chunk.end;
    }
    if (found < f->track_count)
        return wrong(error, at, "expected 'MTrk', track %u of %u, found the end of the file",
                     found + 1, f->track_count);
    return RENDER_OK;
}

/* --- events -------------------------------------------------------------------------------- */

static enum render_status read_vlq(const struct midi_file *f, struct track *t, const char *wanted,
                                   uint32_t *value, struct render_error *error)
{
    *value = 0;
    for (int i = 0; i < VLQ_BYTES; i++) {
        if (t->at == t->end)
            return track_ends(error, t, wanted);
        uint8_t byte = f->bytes[t->at++];
        *value = *value << 7 | (byte & 0x7f);
        if (byte < 0x80)
            return RENDER_OK;
    }
    return wrong(error, t->at - 1,
                 "expected the last byte, below 0x80, of %s, found 0x%02X as the "
                 "4th",
                 wanted, f->bytes[t->at - 1]);
}

static enum render_status read_data(const struct midi_file *f, struct track *t, size_t count,
                                    struct render_error *error)
{
    for (size_t i = 0; i < count; i++) {
        if (t->at == t->end)
            return track_ends(error, t, "a data byte");
        uint8_t byte = f->bytes[t->at];
        if (byte >= 0x80)
            return wrong(error, t->at, "expected a data byte, below 0x80, found 0x%02X", byte);
        t->event.data[i] = byte;
        t->at++;
    }
    return RENDER_OK;
}

/* The length of what follows, all of it being there. */
static enum render_status read_length(const struct midi_file *f, struct track *t, uint32_t *length,
                                      struct render_error *error)
{
    size_t begin = t->at;
    if (read_vlq(f, t, "an event's length", length, error))
        return RENDER_WRONG;
    if (*length > t->end - t->at)
        return wrong(error, begin,
                     "expected the %" PRIu32 " bytes of an event, found %zu, then the "
                     "end of track %u",
                     *length, t->end - t->at, t->number);
    return RENDER_OK;
}

static enum render_status read_tempo(const struct midi_file *f, struct track *t, uint32_t length,
                                     struct render_error *error)
{
    if (length != 3)
        return wrong(error, t->at - 1, "expected a tempo of 3 bytes, found %" PRIu32, length);
    t->kind = TEMPO;
    t->tempo = big_endian(f->bytes + t->at, 3);
    if (t->tempo == 0)
        return wrong(error, t->at, "expected microseconds to a quarter note, at least 1, found 0");
    return RENDER_OK;
}

static enum render_status read_end(struct track *t, uint32_t length, struct render_error *error)
{
    if (length != 0)
        return wrong(error, t->at - 1, "expected an end of track of 0 bytes, found %" PRIu32,
                     length);
    if (t->at != t->end)
        return wrong(error, t->at, "expected nothing after the end of track %u, found %zu bytes",
                     t->number, t->end - t->at);
    t->kind = END;
    return RENDER_OK;
}

static enum render_status read_meta(const struct midi_file *f, struct track *t,
                                    struct render_error *error)
{
    uint32_t length;
    if (t->at == t->end)
        return track_ends(error, t, "a meta event's type");
    uint8_t type = f->bytes[t->at++];
    if (type >= 0x80)
        return wrong(error, t->at - 1, "expected a meta event's type, below 0x80, found 0x%02X",
                     type);
    enum render_status status = read_length(f, t, &length, error);
    if (!status && type == 0x51)
        status = read_tempo(f, t, length, error);
    else if (!status && type == 0x2f)
        status = read_end(t, length, error);
    t->at += status ? 0 : length;
    return status;
}

static enum render_status read_exclusive(const struct midi_file *f, struct track *t,
                                         struct render_error *error)
{
    uint32_t length;
    if (read_length(f, t, &length, error))
        return RENDER_WRONG;
    t->at += length;
    return RENDER_OK;
}

static enum render_status read_channel(const struct midi_file *f, struct track *t, uint8_t status,
                                       struct render_error *error)
{
    unsigned kind = status >> 4;
    t->running = t->event.status = status;
    t->kind = CHANNEL;
    return read_data(f, t, kind == 0xc || kind == 0xd ? 1 : 2, error);
}

/* The next event of a track, which has not ended. */
static enum render_status read_event(const struct midi_file *f, struct track *t,
                                     struct render_error *error)
{
    uint32_t delta;
    if (t->at == t->end)
        return track_ends(error, t, "an end of track event, FF 2F 00");
    if (read_vlq(f, t, "a delta time", &delta, error))
        return RENDER_WRONG;
    if (t->at == t->end)
        return track_ends(error, t, "an event");
    t->tick += delta;
    t->kind = SKIPPED;
    t->event = (struct midi_event){.offset = t->at};
    uint8_t first = f->bytes[t->at];
    if (first < 0x80 && !t->running)
        return wrong(error, t->at,
                     "expected a status byte, there being none to run on with, found "
                     "0x%02X",
                     first);
    if (first < 0x80)
        return read_channel(f, t, t->running, error);
    t->at++;
    if (first < 0xf0)
        return read_channel(f, t, first, error);
    t->running = 0;
    if (first == 0xff)
        return read_meta(f, t, error);
    if (first == 0xf0 || first == 0xf7)
        return read_exclusive(f, t, error);
    return wrong(error, t->at - 1, "expected a status byte that a file may have, found 0x%02X",
                 first);
}

/* --- time ---------------------------------------------------------------------------------- */

/* A quarter note of q microseconds and d ticks: 48000 q / (10^6 d) = 6 q / (125 d) frames a tick.
 */
static void set_tempo(struct midi_file *f, uint32_t tempo)
{
    if (f->division < 0x8000)
        f->clock.per_tick = (uint64_t)tempo * 6;
}

/* With n ticks to a frame of film: 48000 / (24 n); at 29 (drop frame, 30000 / 1001 a second)
 * 48000 * 1001 / (30000 n) = 8008 / (5 n). */
static void start_clock(struct midi_file *f)
{
    unsigned rate = 256u - (f->division >> 8), ticks = f->division & 0xff;
    f->clock = (struct clock){.unit = 125u * f->division};
    if (f->division < 0x8000)
        set_tempo(f, DEFAULT_TEMPO);
    else if (rate == 29)
        f->clock.per_tick = 8008, f->clock.unit = 5 * ticks;
    else
        f->clock.per_tick = 48000, f->clock.unit = rate * ticks;
}

/* 64 bits are enough: the track of the next event had its last event at the clock's tick or before,
 * so there are below 2^28 ticks to go; per_tick < 2^24 * 6 < 2^27, and rest < unit < 2^22. The
 * product is below 2^55, the sum below 2^56; and frame is held below 2^53. */
static void advance(struct clock *clock, uint64_t tick)
{
    uint64_t sum = clock->rest + (tick - clock->tick) * clock->per_tick;
    clock->frame += sum / clock->unit;
    clock->rest = sum % clock->unit;
    clock->tick = tick;
}

static uint64_t nearest_frame(const struct clock *clock)
{
    return clock->frame + (2 * clock->rest >= clock->unit);
}

/* --- the merge ----------------------------------------------------------------------------- */

static int before(const struct track *a, const struct track *b)
{
    return a->tick != b->tick ? a->tick < b->tick : a->number < b->number;
}

static void sift_down(struct midi_file *f, size_t i)
{
    struct track *t = f->heap[i];
    for (;;) {
        size_t child = 2 * i + 1;
        if (child >= f->left)
            break;
        child += child + 1 < f->left && before(f->heap[child + 1], f->heap[child]);
        if (!before(f->heap[child], t))
            break;
        f->heap[i] = f->heap[child];
        i = child;
    }
    f->heap[i] = t;
}

/* Leaves each track as it was. */
static enum render_status check_tracks(const struct midi_file *f, struct render_error *error)
{
    for (unsigned i = 0; i < f->track_count; i++) {
        struct track t = f->tracks[i];
        do
            if (read_event(f, &t, error))
                return RENDER_WRONG;
        while (t.kind != END);
    }
    return RENDER_OK;
}

static enum render_status begin(struct midi_file *f, struct render_error *error)
{
    for (unsigned i = 0; i < f->track_count; i++) {
        if (read_event(f, &f->tracks[i], error))
            return RENDER_WRONG;
        f->heap[i] = &f->tracks[i];
    }
    f->left = f->track_count;
    for (size_t i = f->left / 2; i > 0; i--)
        sift_down(f, i - 1);
    start_clock(f);
    return RENDER_OK;
}

static enum render_status open_tracks(struct midi_file *f, struct render_error *error)
{
    size_t at = 0;
    if (f->size > MIDI_LIMIT)
        return wrong(error, MIDI_LIMIT, "expected the end of the file: it has at most 64 MiB");
    if (read_header(f, &at, error))
        return RENDER_WRONG;
    f->tracks = calloc(f->track_count, sizeof *f->tracks);
    f->heap = calloc(f->track_count, sizeof *f->heap);
    if (!f->tracks || !f->heap)
        return render_fail(error, RENDER_TROUBLE, "out of memory");
    enum render_status status = find_tracks(f, at, error);
    if (!status)
        status = check_tracks(f, error);
    return status ? status : begin(f, error);
}

struct midi_file *midi_open(const uint8_t *bytes, size_t size, struct render_error *error)
{
    struct midi_file *f = calloc(1, sizeof *f);
    if (!f) {
        render_fail(error, RENDER_TROUBLE, "out of memory");
        return NULL;
    }
    f->bytes = bytes;
    f->size = size;
    if (open_tracks(f, error) == RENDER_OK)
        return f;
    midi_close(f);
    return NULL;
}

void midi_close(struct midi_file *f)
{
    if (!f)
        return;
    free(f->tracks);
    free(f->heap);
    free(f);
}

/* Takes the event at the top of the heap. */
static enum render_status take(struct midi_file *f, struct midi_event *event, enum event_kind *kind,
                               struct render_error *error)
{
    struct track *t = f->heap[0];
    advance(&f->clock, t->tick);
    *event = t->event;
    *kind = t->kind;
    event->frame = nearest_frame(&f->clock);
    if (event->frame > MOST_FRAMES)
        return wrong(error, event->offset,
                     "expected an event within 2^53 frames, 5,900 years, found a later one");
    if (t->kind == TEMPO)
        set_tempo(f, t->tempo);
    if (t->kind == END)
        f->heap[0] = f->heap[--f->left];
    else if (read_event(f, t, error))
        return RENDER_WRONG;
    if (f->left)
        sift_down(f, 0);
    return RENDER_OK;
}

enum render_status midi_next(struct midi_file *f, struct midi_event *event, int *more,
                             struct render_error *error)
{
    *event = (struct midi_event){.frame = nearest_frame(&f->clock)};
    *more = 0;
    while (f->left && !*more) {
        enum event_kind kind;
        if (take(f, event, &kind, error))
            return RENDER_WRONG;
        *more = kind == CHANNEL;
    }
    return RENDER_OK;
}
