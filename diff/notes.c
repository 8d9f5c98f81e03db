#include "diff/ladder.h"
#include "diff/soundness.h"
#include "render/tick_hash.h"
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { VOICES = 256 };

struct note {
    uint64_t first, last; /* ticks */
    char *what;
    unsigned voice;
    bool heard, refused;
};

struct notebook {
    struct work *w;
    struct note *notes; /* as they were played, so each voice's in order of time */
    size_t count, room;
    size_t playing[VOICES]; /* 1 + the note that sounds there; 0: none */
};

/* ---- what was played ---- */

static bool add(struct notebook *b, const struct note *note)
{
    if (arena_grow(&b->w->arena, (void **)&b->notes, &b->room, b->count + 1, sizeof *b->notes))
        return false;
    b->notes[b->count++] = *note;
    return true;
}

static void end_note(struct notebook *b, size_t voice, uint64_t tick)
{
    if (voice < VOICES && b->playing[voice])
        b->notes[b->playing[voice] - 1].last = tick;
    if (voice < VOICES)
        b->playing[voice] = 0;
}

static bool take_play(struct notebook *b, const json_t *event, uint64_t tick, bool refused)
{
    const char *source = json_string_value(json_object_get(event, "source"));
    const char *at = json_string_value(json_object_get(event, "at"));
    size_t voice = (size_t)json_integer_value(json_object_get(event, "voice"));
    struct note note = {.first = tick, .last = UINT64_MAX, .refused = refused};
    note.voice = (unsigned)voice;
    note.what = arena_format(&b->w->arena, "'%s' in tick %" PRIu64 "%s%s%s", source ? source : "?",
                             tick, at ? " (" : "", at ? at : "", at ? ")" : "");
    if (!refused)
        end_note(b, voice, tick);
    if (!note.what || !add(b, &note))
        return false;
    if (!refused && voice < VOICES)
        b->playing[voice] = b->count;
    return true;
}

static bool take_event(struct notebook *b, const char *line)
{
    bool play = strstr(line, "\"event\":\"play\""), refuse = strstr(line, "\"event\":\"refuse\"");
    bool end = strstr(line, "\"event\":\"end\"") || strstr(line, "\"event\":\"steal\"") ||
               strstr(line, "\"event\":\"cut\"");
    if (!play && !refuse && !end)
        return true;
    json_t *event = json_loads(line, 0, NULL);
    uint64_t tick = (uint64_t)json_integer_value(json_object_get(event, "tick"));
    bool done = true;
    if (play || refuse)
        done = take_play(b, event, tick, refuse);
    else if (event)
        end_note(b, (size_t)json_integer_value(json_object_get(event, "voice")), tick);
    json_decref(event);
    return done;
}

static enum render_status read_trace(struct notebook *b, const char *trace,
                                     struct render_error *error)
{
    FILE *file = fopen(trace, "rb");
    char *line = NULL;
    size_t room = 0;
    bool done = file != NULL;
    while (done && getline(&line, &room, file) >= 0)
        done = take_event(b, line);
    free(line);
    if (file)
        fclose(file);
    return done ? RENDER_OK : work_no_memory(error);
}

/* ---- what was heard ---- */

/* The hash of silence; a last tick may have fewer frames. Sorted for bsearch. */
static int by_text(const void *a, const void *b)
{
    return memcmp(a, b, 16);
}

static bool is_nothing(const char *hash)
{
    static const int32_t zeros[2 * TICK_FRAMES];
    static char known[TICK_FRAMES][17];
    if (!known[0][0]) {
        for (size_t i = 0; i < TICK_FRAMES; i++)
            snprintf(known[i], sizeof known[i], "%016" PRIx64, tick_hash_32(zeros, 2 * i + 2));
        qsort(known, TICK_FRAMES, sizeof known[0], by_text);
    }
    return strlen(hash) == 16 && bsearch(hash, known, TICK_FRAMES, sizeof known[0], by_text);
}

struct hearing {
    size_t *order; /* notes by voice, each in order of time */
    size_t begin[VOICES + 1], at[VOICES];
};

static void hear(struct notebook *b, struct hearing *h, unsigned voice, uint64_t tick)
{
    size_t end = h->begin[voice + 1];
    while (h->at[voice] < end && b->notes[h->order[h->at[voice]]].last < tick)
        h->at[voice]++;
    for (size_t i = h->at[voice]; i < end && b->notes[h->order[i]].first <= tick; i++)
        b->notes[h->order[i]].heard = true;
}

static bool sort_by_voice(struct notebook *b, struct hearing *h)
{
    h->order = arena_take(&b->w->arena, b->count + 1, sizeof *h->order);
    size_t at = 0;
    for (unsigned v = 0; h->order && v < VOICES; v++) {
        h->begin[v] = h->at[v] = at;
        for (size_t i = 0; i < b->count; i++)
            if (b->notes[i].voice == v && !b->notes[i].refused)
                h->order[at++] = i;
    }
    h->begin[VOICES] = at;
    return h->order != NULL;
}

static enum render_status read_ladder(struct notebook *b, const char *path, const char *name,
                                      struct render_error *error)
{
    struct hearing h;
    if (!sort_by_voice(b, &h))
        return work_no_memory(error);
    struct ladder *l = ladder_open(path, name, error);
    int got = l ? 1 : -1;
    while (got == 1 && (got = ladder_next(l, error)) == 1) {
        for (size_t i = 0; i < ladder_count(l); i++) {
            struct ladder_entry e = ladder_entry(l, i);
            unsigned voice;
            char more;
            if (sscanf(e.name, "voice%u%c", &voice, &more) != 1 || voice >= VOICES)
                continue;
            if (!is_nothing(e.hash))
                hear(b, &h, voice, ladder_tick_of(l));
        }
        if (work_go_on(error) != RENDER_OK)
            got = -1;
    }
    ladder_close(l);
    return got < 0 ? error->status : RENDER_OK;
}

enum render_status notes_of(struct work *w, const char *trace, const char *ladder, const char *name,
                            struct notes *notes, struct render_error *error)
{
    struct notebook b = {.w = w};
    *notes = (struct notes){.first = NULL};
    if (read_trace(&b, trace, error) != RENDER_OK ||
        read_ladder(&b, ladder, name, error) != RENDER_OK)
        return error->status;
    notes->played = b.count;
    for (size_t i = 0; i < b.count; i++) {
        if (b.notes[i].heard)
            continue;
        if (notes->unheard++ == 0)
            notes->first = arena_format(&w->arena, "%s: %s", b.notes[i].what,
                                        b.notes[i].refused ? "refused" : "its voice gave nothing");
    }
    return RENDER_OK;
}
