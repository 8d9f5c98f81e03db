#include "diff/case.h"
#include "diff/report.h"
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TEXT = 1200 };

void case_problem(struct golden_case *c, struct work *w, const char *format, ...)
{
    char text[TEXT];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (c->count < PROBLEMS)
        c->problems[c->count++] = arena_copy(&w->arena, text, strlen(text));
}

static enum render_status error_problem(struct golden_case *c, struct work *w,
                                        const struct render_error *error)
{
    if (error->status == RENDER_INTERRUPTED)
        return RENDER_INTERRUPTED;
    c->trouble |= error->status == RENDER_TROUBLE;
    case_problem(c, w, "%s%s%s", error->text, error->help[0] ? "\n  = help: " : "", error->help);
    return RENDER_OK;
}

/* ---- names ---- */

static bool ends_in(const char *path, const char *end)
{
    size_t length = strlen(path), tail = strlen(end);
    return length > tail && strcmp(path + length - tail, end) == 0;
}

char *case_base(struct work *w, const char *name)
{
    static const char *const extensions[] = {".golden", ".ladder.gz", ".listing", ".flac",
                                             ".wav",    ".sx",        ".json",    ".jsonl",
                                             ".mid",    ".midi",      ".pbc"};
    char *golden = arena_format(&w->arena, "%s.golden", name);
    if (!golden || access(golden, F_OK) == 0)
        return golden ? arena_copy(&w->arena, name, strlen(name)) : NULL;
    for (size_t i = 0; i < sizeof extensions / sizeof extensions[0]; i++)
        if (ends_in(name, extensions[i]))
            return arena_copy(&w->arena, name, strlen(name) - strlen(extensions[i]));
    return arena_copy(&w->arena, name, strlen(name));
}

/* ---- the golden by itself ---- */

char *case_unsound(struct work *w, const struct soundness *s, const struct golden *g)
{
    if (s->frames == 0)
        return arena_format(&w->arena, "empty: the sound has no frames");
    if (s->silent && !g->silent)
        return arena_format(&w->arena, "silent: nothing is above -90 dB");
    if (s->constant && !s->silent && !g->constant)
        return arena_format(&w->arena, "constant: every frame is the same");
    if (s->clipped && !g->clips)
        return arena_format(&w->arena, "clipped: %" PRIu64 " values are at full scale", s->clipped);
    return NULL;
}

static bool is_there(const char *path)
{
    return access(path, F_OK) == 0;
}

/* The last tick of the sound may be cut where the ladder's is whole, and the ladder may go on. */
static enum render_status check_ladder(struct golden_case *c, struct work *w, uint64_t frames,
                                       struct render_error *error)
{
    struct ladder_place place;
    char *own = work_path(w, ".ladder", error);
    bool patch = false;
    if (!own || ladder_is_of_patch(c->old.ladder, c->old.ladder, &patch, error) != RENDER_OK)
        return error->status;
    bool exact = patch && !c->golden.excerpt;
    if (ladder_of_sound(c->old.sound, c->old.sound, c->golden.from / 800, own, error) !=
            RENDER_OK ||
        ladder_compare(w, own, c->old.sound, c->old.ladder, c->old.ladder, &place, error) !=
            RENDER_OK)
        return error->status;
    uint64_t end = c->golden.from / 800 + (frames + 799) / 800;
    bool cut = frames % 800 && place.ticks == 1 && place.tick + 1 == end;
    if (place.ticks && (exact || !cut))
        case_problem(c, w,
                     "its ladder is of another sound than its audio, from tick %" PRIu64 " on",
                     place.tick);
    else if (place.length && (exact || place.ticks_b < place.ticks_a))
        case_problem(c, w, "its ladder has %" PRIu64 " ticks, its audio %" PRIu64, place.ticks_b,
                     place.ticks_a);
    return RENDER_OK;
}

static enum render_status check_files(struct golden_case *c, struct work *w,
                                      struct render_error *error)
{
    struct soundness s;
    struct sound sound;
    char *ladder = golden_path(&c->golden, w, ".ladder.gz");
    char *listing = golden_path(&c->golden, w, ".listing");
    if (!is_there(c->old.sound))
        case_problem(c, w, "missing: %s", c->old.sound);
    if (!is_there(ladder))
        case_problem(c, w, "missing: %s", ladder);
    if (!c->now.score && !is_there(listing))
        case_problem(c, w, "missing: %s", listing);
    if (!is_there(c->old.sound)) {
        c->old.sound = NULL;
        return RENDER_OK;
    }
    if (soundness_of(c->old.sound, c->old.sound, &s, error) != RENDER_OK ||
        sound_open(&sound, c->old.sound, c->old.sound, error) != RENDER_OK)
        return error->status;
    unsigned bits = sound.bits, channels = sound.channels;
    sound_close(&sound);
    char *unsound = case_unsound(w, &s, &c->golden);
    if (unsound)
        case_problem(c, w, "%s", unsound);
    if (!c->golden.excerpt && strcmp(s.hash, c->golden.hash) != 0)
        case_problem(c, w, "its hash is not that of its audio, which is %s", s.hash);
    if (!c->old.ladder || bits != 16 || channels > 2 || c->golden.from % 800 ||
        strstr(c->golden.render, "--dither")) /* ladders are of what is not dithered */
        return RENDER_OK;
    return check_ladder(c, w, s.frames, error);
}

/* ---- and what is rendered now ---- */

static char *read_file(const char *path, size_t *size)
{
    FILE *file = fopen(path, "rb");
    char *text = NULL;
    size_t room = 0;
    *size = 0;
    FILE *memory = file ? open_memstream(&text, &room) : NULL;
    for (int c; memory && (c = getc(file)) != EOF;)
        putc(c, memory);
    if (memory)
        fclose(memory);
    if (file)
        fclose(file);
    *size = room;
    return text;
}

static enum render_status check_listing(struct golden_case *c, struct work *w,
                                        struct render_error *error)
{
    char *fresh = work_path(w, ".listing", error);
    char *old = golden_path(&c->golden, w, ".listing");
    bool found = false;
    if (c->now.score || !is_there(old))
        return RENDER_OK;
    if (!fresh ||
        engine_listing(w, c->golden.source, c->golden.folder, fresh, &found, error) != RENDER_OK)
        return error->status;
    size_t size_a, size_b, line = 1, i = 0;
    char *a = read_file(old, &size_a), *b = read_file(fresh, &size_b);
    while (a && b && i < size_a && i < size_b && a[i] == b[i])
        line += a[i++] == '\n';
    if (!a || !b || size_a != size_b || i < size_a)
        case_problem(c, w, "%s is not the listing of now: line %zu is the first that differs", old,
                     line);
    free(a);
    free(b);
    return RENDER_OK;
}

static enum render_status check_notes(struct golden_case *c, struct work *w,
                                      struct render_error *error)
{
    struct notes notes;
    if (!c->now.trace || !c->now.ladder)
        return RENDER_OK;
    if (notes_of(w, c->now.trace, c->now.ladder, c->now.name, &notes, error) != RENDER_OK)
        return error->status;
    if (notes.unheard > c->golden.unheard)
        case_problem(c, w, "%" PRIu64 " of %" PRIu64 " notes never sounded%s, the first is %s",
                     notes.unheard, notes.played,
                     c->golden.unheard ? ", more than the golden says" : "", notes.first);
    return RENDER_OK;
}

static enum render_status check_hash(struct golden_case *c, struct work *w,
                                     struct render_error *error)
{
    struct soundness s;
    if (soundness_of(c->now.whole, c->now.name, &s, error) != RENDER_OK)
        return error->status;
    if (c->count == 0 && strcmp(s.hash, c->golden.hash) != 0)
        case_problem(c, w, "its hash is not that of what is rendered now, which is %s", s.hash);
    return RENDER_OK;
}

static enum render_status check_render(struct golden_case *c, struct work *w,
                                       const struct tolerance *t, struct render_error *error)
{
    size_t before = c->count;
    enum render_status status = comparison_make(&c->comparison, w, &c->old, &c->now, t, error);
    if (status != RENDER_OK)
        return status;
    c->compared = true;
    const struct verdict *v = &c->comparison.verdict;
    if (!v->same && c->count < PROBLEMS) {
        memmove(c->problems + 1, c->problems, c->count * sizeof *c->problems);
        c->problems[0] = report_verdict(w, &c->comparison);
        c->count++;
    }
    if (!v->tolerated && c->count == before)
        status = check_hash(c, w, error);
    if (status == RENDER_OK)
        status = check_notes(c, w, error);
    if (status == RENDER_OK && !c->now.engine->command && !v->tolerated)
        status = check_listing(c, w, error);
    return status;
}

enum render_status case_check(struct golden_case *c, struct work *w, const char *path,
                              struct engine *engine, const struct tolerance *t,
                              struct render_error *error)
{
    *c =
        (struct golden_case){.name = arena_copy(&w->arena, path, strlen(path) - strlen(".golden"))};
    if (!c->name)
        return work_no_memory(error);
    enum render_status status = side_open(&c->old, w, path, NULL, error);
    if (status == RENDER_OK) {
        c->golden = c->old.golden;
        status = side_of_golden(&c->now, w, &c->golden, engine, error);
        c->read = status == RENDER_OK;
    }
    if (status == RENDER_OK)
        status = check_files(c, w, error);
    if (status == RENDER_OK)
        status = check_render(c, w, t, error);
    return status == RENDER_OK ? RENDER_OK : error_problem(c, w, error);
}

void case_close(struct golden_case *c)
{
    comparison_close(&c->comparison);
}
