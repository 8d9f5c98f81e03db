/* forms.c - finds where a form ends, then gives its lines to the reader of its syntax.
 *
 * The scan knows brackets, strings and comments, no more: it finds whole forms, the readers find
 * what is wrong with them. Memory is that of the longest form.
 *
 * Lines with which nothing is wrong need no scan: they are read many at a time, by readers that
 * stop where they find anything else. */
#include "render/score/forms.h"
#include "render/score/lines.h"
#include "text/json.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { READ_BYTES = 64 * 1024 };

enum form_syntax { UNKNOWN, SX, JSON };

struct form_reader {
    FILE *file;
    const char *name;
    char *text; /* [begin, end): read, and not yet given out */
    size_t capacity, begin, end;
    size_t batch;          /* bytes of lines read at once, at most */
    unsigned lines_before; /* of the file, before `begin` */
    enum form_syntax syntax;
    int at_end;   /* of the file */
    int mid_line; /* `begin` is not where a line begins */
    int lost;     /* after an error: on to the next line that begins a form */
};

/* How far a form's text has been followed. */
struct scan {
    size_t at;    /* from the reader's begin */
    size_t first; /* where the outermost list that is open begins */
    unsigned depth, comment_depth;
    int content; /* more than blanks and comments */
    int broken;  /* a stray bracket, a string without an end: nothing balances from here */
};

enum form_end { FORM_WHOLE, FORM_BROKEN, FORM_OPEN, FORM_LONG, FORM_NONE, FORM_TROUBLE };

struct form_reader *form_open(FILE *file, const char *name, size_t batch)
{
    struct form_reader *r = calloc(1, sizeof *r);
    if (r)
        *r = (struct form_reader){.file = file, .name = name, .batch = batch};
    return r;
}

void form_close(struct form_reader *r)
{
    if (r)
        free(r->text);
    free(r);
}

/* --- the text ------------------------------------------------------------------------------ */

/* Moves what is left to the front, and makes room behind it. */
static int make_room(struct form_reader *r)
{
    size_t left = r->end - r->begin;
    if (r->begin > left) { /* seldom enough that bytes are moved once on average */
        memcpy(r->text, r->text + r->begin, left);
        r->begin = 0;
        r->end = left;
    }
    if (r->capacity - r->end >= READ_BYTES)
        return 0;
    size_t more = r->capacity + r->capacity / 2 + READ_BYTES;
    char *grown = realloc(r->text, more);
    if (!grown)
        return -1;
    r->text = grown;
    r->capacity = more;
    return 0;
}

/* Reads on. 0: there is more, or the file's end. */
static int fill(struct form_reader *r, struct arena *arena)
{
    if (make_room(r)) {
        arena->failed = 1;
        return -1;
    }
    errno = 0;
    size_t got = fread(r->text + r->end, 1, READ_BYTES, r->file);
    r->end += got;
    r->at_end = got == 0;
    if (ferror(r->file))
        return -1;
    if (!r->at_end || !source_shrank(r->file))
        return 0;
    errno = 0; /* it is no error of the system's */
    return -1;
}

/* Whether `need` bytes from `at` on are there, after reading on if need be. */
static int have(struct form_reader *r, struct arena *arena, size_t at, size_t need, int *trouble)
{
    while (r->end - r->begin < at + need && !r->at_end && !*trouble)
        *trouble = fill(r, arena);
    return !*trouble && r->end - r->begin >= at + need;
}

static void drop(struct form_reader *r, size_t bytes)
{
    r->lines_before += source_lines(r->text + r->begin, bytes);
    if (bytes)
        r->mid_line = r->text[r->begin + bytes - 1] != '\n';
    r->begin += bytes;
}

/* --- the scan ------------------------------------------------------------------------------ */

static int is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* As sx_read has it. */
static int ends_atom(char c)
{
    return c == '\0' || is_blank(c) || c == '(' || c == ')' || c == '"' || c == ';';
}

struct scanner {
    struct form_reader *r;
    struct arena *arena;
    struct scan s;
    int trouble;
};

/* The byte at `ahead` from here, or 0 past the end. */
static char peek(struct scanner *z, size_t ahead)
{
    struct form_reader *r = z->r;
    size_t at = z->s.at + ahead;
    return r->end - r->begin > at || have(r, z->arena, at, 1, &z->trouble) ? r->text[r->begin + at]
                                                                           : '\0';
}

static int more(struct scanner *z)
{
    return z->s.at <= SOURCE_LIMIT && have(z->r, z->arena, z->s.at, 1, &z->trouble);
}

static void skip_line(struct scanner *z)
{
    while (more(z) && peek(z, 0) != '\n')
        z->s.at++;
}

/* Stops at a line's end, as an unclosed string does. */
static void skip_string(struct scanner *z)
{
    z->s.at++;
    while (more(z) && peek(z, 0) != '"' && peek(z, 0) != '\n')
        z->s.at += peek(z, 0) == '\\' && more(z) && peek(z, 1) != '\n' && peek(z, 1) ? 2 : 1;
    if (peek(z, 0) == '"')
        z->s.at++;
    else
        z->s.broken = 1;
}

static void skip_block_comment(struct scanner *z)
{
    do {
        char a = peek(z, 0), b = peek(z, 1);
        int opens = a == '#' && b == '|', closes = a == '|' && b == '#';
        z->s.comment_depth += (unsigned)opens;
        z->s.comment_depth -= (unsigned)closes;
        z->s.at += opens || closes ? 2 : 1;
    } while (z->s.comment_depth && more(z));
}

static void skip_atom(struct scanner *z)
{
    do
        z->s.at++;
    while (more(z) && !ends_atom(peek(z, 0)));
}

static void open_bracket(struct scan *s)
{
    if (s->depth++ == 0)
        s->first = s->at;
    s->at++;
}

static void close_bracket(struct scan *s)
{
    if (s->depth == 0)
        s->broken = 1;
    else
        s->depth--;
    s->at++;
}

static void scan_sx(struct scanner *z, char c)
{
    int block = c == '#' && peek(z, 1) == '|';
    z->s.content |= c != ';' && !block;
    if (c == ';')
        skip_line(z);
    else if (block)
        skip_block_comment(z);
    else if (c == '"')
        skip_string(z);
    else if (c == '(')
        open_bracket(&z->s);
    else if (c == ')')
        close_bracket(&z->s);
    else
        skip_atom(z);
}

static void scan_json(struct scanner *z, char c)
{
    z->s.content = 1;
    if (c == '"')
        skip_string(z);
    else if (c == '[' || c == '{')
        open_bracket(&z->s);
    else if (c == ']' || c == '}')
        close_bracket(&z->s);
    else
        z->s.at++;
}

static void scan_token(struct scanner *z, char c)
{
    int comment = c == ';' || (c == '#' && peek(z, 1) == '|');
    if (z->r->syntax == UNKNOWN && !comment)
        z->r->syntax = c == '[' || c == '{' ? JSON : SX;
    if (z->r->syntax == JSON)
        scan_json(z, c);
    else
        scan_sx(z, c);
}

static void skip_mark(struct scanner *z)
{
    static const char mark[] = {'\xef', '\xbb', '\xbf'};
    int first = z->r->lines_before == 0 && z->s.at == 0;
    if (first && have(z->r, z->arena, 0, 3, &z->trouble) &&
        memcmp(z->r->text + z->r->begin, mark, 3) == 0)
        z->s.at = 3;
}

/* Follows whole lines until every bracket is closed. */
static enum form_end scan_form(struct scanner *z)
{
    struct scan *s = &z->s;
    skip_mark(z);
    while (more(z)) {
        char c = peek(z, 0);
        if (c == '\n') {
            s->at++;
            if (s->broken)
                return FORM_BROKEN;
            if (s->depth == 0)
                return s->content ? FORM_WHOLE : FORM_NONE;
        } else if (is_blank(c)) {
            s->at++;
        } else {
            scan_token(z, c);
        }
    }
    if (z->trouble)
        return FORM_TROUBLE;
    if (s->at > SOURCE_LIMIT)
        return FORM_LONG;
    if (s->broken)
        return FORM_BROKEN;
    if (s->depth || s->comment_depth)
        return FORM_OPEN;
    return s->content ? FORM_WHOLE : FORM_NONE;
}

/* --- JSON as a tree ------------------------------------------------------------------------ */

/* A list that is being made. Out of memory shows in the arena, so adding nothing is allowed. */
struct made {
    struct sx *list, **end;
};

struct walk {
    struct arena *arena;
    struct diags *diags;
    const struct source *source;
    size_t counted; /* bytes whose lines are */
    unsigned line;
    int wrong; /* something was reported */
};

/* Nodes are made in the order in which they stand in the text. */
static struct sx *on_line(struct walk *w, struct sx *sx)
{
    if (sx && sx->place.begin > w->counted) {
        w->line += source_lines(w->source->text + w->counted, sx->place.begin - w->counted);
        w->counted = sx->place.begin;
    }
    if (sx)
        sx->line = w->line;
    return sx;
}

static struct made make(struct walk *w, struct place place)
{
    struct sx *list = on_line(w, sx_list(w->arena, place));
    return (struct made){list, list ? &list->first : NULL};
}

static void put(struct made *made, struct sx *sx)
{
    if (!sx || !made->list)
        return;
    *made->end = sx;
    made->end = &sx->next;
}

static struct sx *keyword(struct walk *w, const struct json_value *member)
{
    const char *text = arena_format(w->arena, ":%s", member->key);
    struct sx *sx = text ? sx_atom(w->arena, member->key_place, text, strlen(text)) : NULL;
    if (sx)
        sx->kind = SX_SYMBOL;
    return sx;
}

static struct sx *scalar(struct walk *w, const struct json_value *value)
{
    if (json_is_string(value->json)) {
        const char *text = json_string_value(value->json);
        return sx_atom(w->arena, value->place, text, strlen(text));
    }
    if (json_is_boolean(value->json)) {
        const char *text = json_is_true(value->json) ? "on" : "off";
        return sx_atom(w->arena, value->place, text, strlen(text));
    }
    if (json_is_number(value->json))
        return sx_atom(w->arena, value->place, w->source->text + value->place.begin,
                       value->place.end - value->place.begin);
    w->wrong = 1;
    struct diag *d = diag_error(w->diags, E_JSON_SHAPE, value->place, "null says nothing here");
    diag_help(w->diags, d, "leave out what is not given");
    return NULL;
}

static struct sx *list_of(struct walk *w, const struct json_value *value);

/* An array's items; an object's members as keywords. An object in an array has no list of its
 * own: its keywords belong to the form. */
static void put_items(struct walk *w, struct made *made, const struct json_value *value)
{
    for (const struct json_value *v = value->first; v; v = v->next) {
        if (v->key)
            put(made, on_line(w, keyword(w, v)));
        if (json_is_object(v->json) && !v->key)
            put_items(w, made, v);
        else if (json_is_object(v->json) || json_is_array(v->json))
            put(made, list_of(w, v));
        else
            put(made, on_line(w, scalar(w, v)));
    }
}

static struct sx *list_of(struct walk *w, const struct json_value *value)
{
    struct made made = make(w, value->place);
    put_items(w, &made, value);
    return made.list;
}

static struct sx *forms_of(struct walk *w, const struct json_value *value)
{
    if (json_is_array(value->json)) {
        struct made made = make(w, value->place);
        put(&made, list_of(w, value));
        return made.list;
    }
    struct diag *d =
        diag_error(w->diags, E_JSON_SHAPE, value->place, "a line of a score must be an array");
    diag_label(w->diags, d, "this is an object");
    diag_help(w->diags, d, "write it as [\"play\", \"kick\", {\"at\": \"1.5s\"}]");
    return NULL;
}

static struct sx *read_json(struct walk *w)
{
    json_t *json = json_parse(w->diags, w->source);
    if (!json)
        return NULL;
    struct json_value *value = json_locate(w->arena, w->diags, w->source, json);
    struct sx *forms = value ? forms_of(w, value) : NULL;
    json_decref(json);
    return w->wrong ? NULL : forms;
}

/* --- a form -------------------------------------------------------------------------------- */

static const struct source *keep(const struct form_reader *r, struct arena *arena, size_t size)
{
    struct source *source = arena_take(arena, 1, sizeof *source);
    char *text = source ? arena_copy(arena, r->text + r->begin, size) : NULL;
    if (!text)
        return NULL;
    *source = (struct source){r->name, text, size, r->lines_before};
    return source;
}

static struct sx *read_whole(const struct form_reader *r, struct arena *arena, struct diags *diags,
                             size_t size)
{
    const struct source *source = keep(r, arena, size);
    struct walk w = {arena, diags, source, 0, r->lines_before + 1, 0};
    if (!source || source_check(diags, source))
        return NULL;
    return r->syntax == JSON ? read_json(&w) : sx_read(arena, diags, source, 0);
}

static size_t line_end(const struct form_reader *r, size_t at)
{
    const char *from = r->text + r->begin + at;
    const char *end = memchr(from, '\n', r->end - r->begin - at);
    return end ? (size_t)(end + 1 - from) + at : r->end - r->begin;
}

/* The file ends, or the form is beyond all limits. What may be wrong is a bracket alone, so the
 * lines after its own are looked at again, if there is anybody who wants to know. */
static void report_open(struct form_reader *r, struct arena *arena, struct diags *diags,
                        const struct scan *s, int too_long)
{
    size_t end = line_end(r, s->first);
    const struct source *source = keep(r, arena, end < SOURCE_LIMIT ? end : SOURCE_LIMIT);
    struct place place = {source, (uint32_t)s->first, (uint32_t)s->first + 1};
    if (!source)
        return;
    if (too_long) {
        struct diag *d =
            diag_error(diags, E_TOO_LARGE, place, "a form of a score has at most 64 MiB");
        diag_help(diags, d, "is it closed where it should be?");
        return;
    }
    struct diag *d = diag_error(diags, E_UNCLOSED, place, "a bracket is not closed");
    diag_label(diags, d, "this %s has no '%c'", source->text[s->first] == '{' ? "object" : "array",
               source->text[s->first] == '{' ? '}' : ']');
}

static int begins_form(char c)
{
    return c == '(' || c == '[';
}

/* Past lines until one begins with a bracket. 0, or -1 when it cannot be read. */
static int find_form(struct form_reader *r, struct arena *arena)
{
    int trouble = 0;
    while (have(r, arena, 0, 1, &trouble)) {
        if (!r->mid_line && begins_form(r->text[r->begin]))
            break;
        drop(r, line_end(r, 0));
    }
    r->lost = 0;
    return trouble;
}

/* After a form that never closes: on behind the line that was blamed, or not at all, when nobody
 * hears more. */
static void leave_open(struct form_reader *r, const struct diags *diags, const struct scan *s,
                       unsigned before)
{
    int enough = diags->count >= DIAG_LIMIT || s->comment_depth;
    size_t blamed = diags->count > before && !enough ? diags->list[before].place.begin : s->first;
    drop(r, enough ? r->end - r->begin : line_end(r, blamed));
    r->at_end |= enough;
    r->lost = 1;
}

static struct sx *fail_open(struct form_reader *r, struct arena *arena, struct diags *diags,
                            const struct scan *s, int too_long)
{
    unsigned before = diags->count;
    if (too_long || r->syntax == JSON)
        report_open(r, arena, diags, s, too_long);
    else
        read_whole(r, arena, diags, r->end - r->begin);
    leave_open(r, diags, s, before);
    return NULL;
}

/* Comments are not kept, but they are text as well. */
static int is_clean(const struct form_reader *r, size_t size)
{
    struct source source = {r->name, r->text + r->begin, size, r->lines_before};
    return source_clean(&source) == size;
}

static struct sx *take_form(struct form_reader *r, struct arena *arena, struct diags *diags,
                            const struct scan *s, enum form_end end)
{
    if (end == FORM_OPEN || end == FORM_LONG)
        return fail_open(r, arena, diags, s, end == FORM_LONG);
    struct sx *forms = read_whole(r, arena, diags, s->at);
    drop(r, s->at);
    r->lost = end == FORM_BROKEN && !forms;
    return forms;
}

/* --- many lines ---------------------------------------------------------------------------- */

/* The end of the last line of a batch. */
static size_t lines_end(const struct form_reader *r)
{
    const char *text = r->text + r->begin;
    size_t left = r->end - r->begin, end = left < r->batch ? left : r->batch;
    while (end > 0 && text[end - 1] != '\n')
        end--;
    return end;
}

/* Forms, or none on lines that were passed. NULL: these lines want a closer look, or it is trouble
 * or memory. */
static struct sx *read_lines(struct form_reader *r, struct arena *arena, int *trouble)
{
    size_t used = 0;
    if (!r->batch || r->syntax == UNKNOWN || r->lost || r->mid_line)
        return NULL;
    have(r, arena, 0, r->batch, trouble);
    size_t size = *trouble ? 0 : lines_end(r);
    const struct source *source = size ? keep(r, arena, size) : NULL;
    if (!source || source_clean(source) < size)
        return NULL;
    struct sx *forms = r->syntax == JSON ? json_read_lines(arena, source, &used)
                                         : sx_read_lines(arena, source, &used);
    drop(r, used);
    return used > 0 ? forms : NULL;
}

struct sx *form_next(struct form_reader *r, struct arena *arena, struct diags *diags, int *status)
{
    for (;;) {
        struct scanner z = {r, arena, {0}, 0};
        *status = 2;
        struct sx *forms = read_lines(r, arena, &z.trouble);
        if (forms) {
            *status = 0;
            return forms;
        }
        if (z.trouble || arena->failed || (r->lost && find_form(r, arena)))
            return NULL;
        enum form_end end = scan_form(&z);
        if (end == FORM_TROUBLE)
            return NULL;
        if (end == FORM_NONE && is_clean(r, z.s.at)) {
            *status = 0;
            if (z.s.at == 0)
                return NULL;
            drop(r, z.s.at);
            continue;
        }
        forms = take_form(r, arena, diags, &z.s, end);
        if (arena->failed)
            return NULL;
        *status = forms ? 0 : 1;
        return forms;
    }
}
