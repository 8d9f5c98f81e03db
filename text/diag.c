#include "text/diag.h"
#include "text/json.h"
#include <jansson.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_COLUMNS = 160 };

static const struct {
    unsigned number;
    const char *title, *explanation;
} rows[] = {
#define DIAG(number, ENUM, title, explanation) {number, title, explanation},
#include "text/diagnostics.def"
#undef DIAG
};

void diags_init(struct diags *diags, struct arena *arena)
{
    *diags = (struct diags){.arena = arena};
}

static const char *format_text(struct arena *arena, const char *format, va_list args)
{
    va_list again;
    va_copy(again, args);
    int length = vsnprintf(NULL, 0, format, args);
    char *text = arena_take(arena, length < 0 ? 1 : (size_t)length + 1, 1);
    if (text && length > 0)
        vsnprintf(text, (size_t)length + 1, format, again);
    va_end(again);
    return text;
}

static int same_report(const struct diag *a, const struct diag *b)
{
    return a->code == b->code && a->place.begin == b->place.begin && a->place.end == b->place.end &&
           a->place.source && b->place.source &&
           source_same_file(a->place.source, b->place.source) &&
           a->place.source->lines_before == b->place.source->lines_before && a->message &&
           b->message && strcmp(a->message, b->message) == 0;
}

/* A file that is read again, for a second use, has the same faults again. */
static int reported_before(const struct diags *diags, const struct diag *d)
{
    for (unsigned i = 0; i < diags->count && i < DIAG_LIMIT; i++)
        if (same_report(&diags->list[i], d))
            return 1;
    return 0;
}

struct diag *diag_error(struct diags *diags, enum diag_code code, struct place place,
                        const char *format, ...)
{
    struct diag *d = &diags->scratch;
    *d = (struct diag){.code = code, .place = place};
    if (diags->count >= DIAG_LIMIT) {
        diags->count++;
        return d;
    }
    va_list args;
    va_start(args, format);
    d->message = format_text(diags->arena, format, args);
    va_end(args);
    if (reported_before(diags, d))
        return d;
    diags->list[diags->count] = *d;
    return &diags->list[diags->count++];
}

void diag_label(struct diags *diags, struct diag *d, const char *format, ...)
{
    if (d == &diags->scratch)
        return;
    va_list args;
    va_start(args, format);
    d->label = format_text(diags->arena, format, args);
    va_end(args);
}

void diag_help(struct diags *diags, struct diag *d, const char *format, ...)
{
    if (d == &diags->scratch)
        return;
    va_list args;
    va_start(args, format);
    d->help = format_text(diags->arena, format, args);
    va_end(args);
}

void diag_note(struct diags *diags, struct diag *d, struct place place, const char *format, ...)
{
    if (d == &diags->scratch)
        return;
    struct diag_note *note = arena_take(diags->arena, 1, sizeof *note);
    if (!note)
        return;
    va_list args;
    va_start(args, format);
    *note = (struct diag_note){place, format_text(diags->arena, format, args), NULL};
    va_end(args);
    struct diag_note **end = &d->notes;
    while (*end)
        end = &(*end)->next;
    *end = note;
}

/* Order of printing: by file, in the order in which files were first blamed, then by place. */
static unsigned kept(const struct diags *diags)
{
    return diags->count < DIAG_LIMIT ? diags->count : DIAG_LIMIT;
}

static unsigned file_rank(const struct diags *diags, const struct source *source)
{
    unsigned rank = 0;
    while (rank < kept(diags) && !source_same_file(diags->list[rank].place.source, source))
        rank++;
    return rank;
}

static int before(const struct diags *diags, const struct diag *a, const struct diag *b)
{
    unsigned file_a = file_rank(diags, a->place.source);
    unsigned file_b = file_rank(diags, b->place.source);
    if (file_a != file_b || !a->place.source || !b->place.source)
        return file_a < file_b;
    unsigned lines_a = a->place.source->lines_before, lines_b = b->place.source->lines_before;
    return lines_a != lines_b ? lines_a < lines_b : a->place.begin < b->place.begin;
}

static unsigned sorted(const struct diags *diags, const struct diag *list[DIAG_LIMIT])
{
    for (unsigned i = 0; i < kept(diags); i++) {
        unsigned at = i;
        for (; at > 0 && before(diags, &diags->list[i], list[at - 1]); at--)
            list[at] = list[at - 1];
        list[at] = &diags->list[i];
    }
    return kept(diags);
}

/* The part of a line that is shown: columns [first, last), counted in code points from 0. */
struct window {
    const char *line, *end;
    unsigned first, last, columns;
};

static const char *next_point(const char *p, const char *end)
{
    size_t length = utf8_length(p, (size_t)(end - p));
    return p + (length ? length : 1);
}

static unsigned points(const char *p, const char *end)
{
    unsigned count = 0;
    for (; p < end; p = next_point(p, end))
        count++;
    return count;
}

static struct window window_of(struct place place, unsigned column)
{
    const struct source *s = place.source;
    size_t begin = place.begin < s->size ? place.begin : s->size;
    size_t end = begin;
    while (begin > source_start(s) && s->text[begin - 1] != '\n')
        begin--;
    while (end < s->size && s->text[end] != '\n')
        end++;
    if (end > begin && s->text[end - 1] == '\r')
        end--;
    struct window w = {s->text + begin, s->text + end, 0, 0, 0};
    w.columns = w.last = points(w.line, w.end);
    if (w.columns <= LINE_COLUMNS)
        return w;
    w.first = column > LINE_COLUMNS / 2 ? column - LINE_COLUMNS / 2 : 0;
    if (w.first > w.columns - LINE_COLUMNS)
        w.first = w.columns - LINE_COLUMNS;
    w.last = w.first + LINE_COLUMNS;
    return w;
}

static void print_window(const struct window *w, FILE *file)
{
    unsigned column = 0;
    fputs(w->first ? "..." : "", file);
    for (const char *p = w->line; p < w->end && column < w->last; column++) {
        const char *next = next_point(p, w->end);
        int odd = (unsigned char)*p < 0x20 || *p == 0x7f;
        int bad = (unsigned char)*p >= 0x80 && next == p + 1;
        if (column >= w->first && (odd || bad))
            fputc(odd ? ' ' : '?', file);
        else if (column >= w->first)
            fwrite(p, 1, (size_t)(next - p), file);
        p = next;
    }
    fputs(w->last < w->columns ? "...\n" : "\n", file);
}

/* The source line with its number, then the caret and the text under it. */
static void print_place(struct place place, const char *text, FILE *file)
{
    struct position at = source_position(place.source, place.begin);
    unsigned column = at.column - 1;
    struct window w = window_of(place, column);
    const char *end = place.source->text + place.end;
    unsigned wide = points(place.source->text + place.begin, end < w.end ? end : w.end);
    if (column + wide > w.last)
        wide = w.last > column ? w.last - column : 0;
    fprintf(file, "%5u | ", at.line);
    print_window(&w, file);
    fprintf(file, "        %*s^", (int)(column - w.first + (w.first ? 3 : 0)), "");
    for (unsigned i = 1; i < wide; i++)
        fputc('~', file);
    if (text)
        fprintf(file, " %s", text);
    fputc('\n', file);
}

static void print_note(const struct diag *d, const struct diag_note *note, FILE *file)
{
    const char *text = note->text ? note->text : "";
    if (!note->place.source) {
        fprintf(file, "  = note: %s\n", text);
        return;
    }
    if (!source_same_file(note->place.source, d->place.source)) {
        struct position at = source_position(note->place.source, note->place.begin);
        fprintf(file, "%s:%u:%u: note:\n", note->place.source->name, at.line, at.column);
    }
    print_place(note->place, text, file);
}

static void print_one(const struct diag *d, FILE *file)
{
    const char *message = d->message ? d->message : "out of memory";
    if (d->place.source) {
        struct position at = source_position(d->place.source, d->place.begin);
        fprintf(file, "%s:%u:%u: ", d->place.source->name, at.line, at.column);
    }
    fprintf(file, "error: %s [E%04d]\n", message, (int)d->code);
    if (d->place.source)
        print_place(d->place, d->label, file);
    for (const struct diag_note *note = d->notes; note; note = note->next)
        print_note(d, note, file);
    if (d->help)
        fprintf(file, "  = help: %s\n", d->help);
}

void diags_print(const struct diags *diags, FILE *file)
{
    const struct diag *list[DIAG_LIMIT];
    unsigned count = sorted(diags, list);
    for (unsigned i = 0; i < count; i++)
        print_one(list[i], file);
    if (diags->count > count)
        fprintf(file, "and %u more\n", diags->count - count);
}

/* A file name need not be UTF-8, but JSON must be. */
static json_t *json_text(const char *text)
{
    json_t *value = text ? json_string(text) : json_null();
    if (value)
        return value;
    char ascii[256];
    size_t i = 0;
    for (; text[i] && i + 1 < sizeof ascii; i++)
        ascii[i] = (unsigned char)text[i] < 0x80 ? text[i] : '?';
    ascii[i] = '\0';
    return json_string(ascii);
}

static void put_place(json_t *object, struct place place)
{
    json_object_set_new(object, "file", json_text(place.source ? place.source->name : NULL));
    if (!place.source)
        return;
    struct position begin = source_position(place.source, place.begin);
    struct position end = source_position(place.source, place.end);
    json_object_set_new(object, "line", json_integer(begin.line));
    json_object_set_new(object, "column", json_integer(begin.column));
    json_object_set_new(object, "endLine", json_integer(end.line));
    json_object_set_new(object, "endColumn", json_integer(end.column));
}

/* Part of a report is worse than none. */
static void dump_line(json_t *object, FILE *file)
{
    if (!json_memory_gone()) {
        json_dumpf(object, file, JSON_COMPACT);
        fputc('\n', file);
    }
    json_decref(object);
}

static void print_one_json(const struct diag *d, FILE *file)
{
    char code[16];
    snprintf(code, sizeof code, "E%04d", (int)d->code);
    json_t *object = json_object();
    json_object_set_new(object, "code", json_text(code));
    json_object_set_new(object, "severity", json_text("error"));
    put_place(object, d->place);
    json_object_set_new(object, "message", json_text(d->message));
    json_object_set_new(object, "label", json_text(d->label));
    json_object_set_new(object, "help", json_text(d->help));
    json_t *notes = json_array();
    for (const struct diag_note *note = d->notes; note; note = note->next) {
        json_t *item = json_object();
        put_place(item, note->place);
        json_object_set_new(item, "message", json_text(note->text));
        json_array_append_new(notes, item);
    }
    json_object_set_new(object, "notes", notes);
    dump_line(object, file);
}

int diags_print_json(const struct diags *diags, FILE *file)
{
    const struct diag *list[DIAG_LIMIT];
    unsigned count = sorted(diags, list);
    json_watch_memory();
    for (unsigned i = 0; i < count; i++)
        print_one_json(list[i], file);
    if (diags->count <= count)
        return json_memory_gone() ? -1 : 0;
    json_t *object = json_object();
    json_object_set_new(object, "severity", json_text("note"));
    json_object_set_new(object, "more", json_integer(diags->count - count));
    dump_line(object, file);
    return json_memory_gone() ? -1 : 0;
}

int diag_explain(const char *code, FILE *file)
{
    const char *digits = code + (*code == 'E' || *code == 'e');
    size_t length = strlen(digits);
    if (length == 0 || length > 4 || strspn(digits, "0123456789") != length)
        return -1;
    unsigned number = (unsigned)strtoul(digits, NULL, 10);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (rows[i].number != number)
            continue;
        fprintf(file, "E%04u: %s\n\n%s", number, rows[i].title, rows[i].explanation);
        return 0;
    }
    return -1;
}

enum { WORD_LIMIT = 63 };

/* Not tolower(): the host may have set a locale. */
static int lower(char c)
{
    return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c;
}

/* Optimal string alignment: insertion, deletion, substitution, swap of neighbours cost 1 each. */
static size_t edit_distance(const char *a, size_t n, const char *b, size_t m)
{
    size_t rows_of[3][WORD_LIMIT + 1];
    size_t *older = rows_of[0], *old = rows_of[1], *now = rows_of[2];
    for (size_t j = 0; j <= m; j++)
        old[j] = j;
    for (size_t i = 1; i <= n; i++) {
        now[0] = i;
        for (size_t j = 1; j <= m; j++) {
            size_t best = old[j - 1] + (lower(a[i - 1]) != lower(b[j - 1]));
            best = old[j] + 1 < best ? old[j] + 1 : best;
            best = now[j - 1] + 1 < best ? now[j - 1] + 1 : best;
            int swap = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
            if (swap && older[j - 2] + 1 < best)
                best = older[j - 2] + 1;
            now[j] = best;
        }
        size_t *spare = older;
        older = old, old = now, now = spare;
    }
    return old[m];
}

/* "frequency" for "freq" is near, however long the rest. */
static int begins_with(const char *a, size_t n, const char *b, size_t m)
{
    size_t most = n < m ? n : m, i = 0;
    while (i < most && lower(a[i]) == lower(b[i]))
        i++;
    return i == most && most >= 3;
}

const char *diag_nearest(const char *word, size_t length, const char *const *candidates,
                         size_t count)
{
    const char *nearest = NULL;
    size_t best = length < 3 ? 2 : length / 3 + 2; /* strictly below: a third of the word, plus 1 */
    if (length == 0 || length > WORD_LIMIT)
        return NULL;
    for (size_t i = 0; i < count; i++) {
        size_t other = strlen(candidates[i]);
        if (other > WORD_LIMIT)
            continue;
        size_t distance = begins_with(word, length, candidates[i], other)
                              ? 1
                              : edit_distance(word, length, candidates[i], other);
        if (distance < best && distance < other) {
            best = distance;
            nearest = candidates[i];
        }
    }
    return nearest;
}

enum { LISTED = 12 };

void diag_suggest(struct diags *diags, struct diag *d, const char *word, const char *there_is,
                  const char *there_are, const char *const *words, size_t count)
{
    char text[512];
    size_t at = 0;
    const char *near = diag_nearest(word, strlen(word), words, count);
    if (near) {
        diag_help(diags, d, "did you mean '%s'?", near);
        return;
    }
    for (size_t i = 0; i < count && i < LISTED && at < sizeof text; i++)
        at +=
            (size_t)snprintf(text + at, sizeof text - at, "%s '%.40s'", i > 0 ? "," : "", words[i]);
    if (count > 0 && at < sizeof text)
        diag_help(diags, d, "%s%s%s", count == 1 ? there_is : there_are, text,
                  count > LISTED ? " and more" : "");
}
