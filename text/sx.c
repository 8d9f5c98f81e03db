#include "text/sx.h"
#include "text/number.h"
#include <string.h>

enum { ROOM = 64 }; /* nodes taken at a time */

struct reader {
    struct arena *arena;
    struct diags *diags; /* NULL: nothing is said */
    const struct source *source;
    char *copy; /* of the text: atoms are words in it, each ended where its delimiter was */
    size_t at;
    unsigned line;
    int keep_comments;
    struct sx *room;
    size_t rooms;
};

/* Lists being read, innermost last. */
struct open_list {
    struct sx *list, **end;
};

enum { BLANK = 1, ENDS_ATOM = 2 };

static const unsigned char kinds[256] = {
    ['\0'] = ENDS_ATOM,         [' '] = BLANK | ENDS_ATOM,  ['\t'] = BLANK | ENDS_ATOM,
    ['\n'] = BLANK | ENDS_ATOM, ['\r'] = BLANK | ENDS_ATOM, ['('] = ENDS_ATOM,
    [')'] = ENDS_ATOM,          ['"'] = ENDS_ATOM,          [';'] = ENDS_ATOM,
};

static struct place place_from(const struct reader *r, size_t begin)
{
    return (struct place){r->source, (uint32_t)begin, (uint32_t)r->at};
}

static char peek(const struct reader *r)
{
    return r->at < r->source->size ? r->source->text[r->at] : '\0';
}

static int ahead(const struct reader *r, const char *two)
{
    const char *text = r->source->text + r->at;
    return r->at + 1 < r->source->size && text[0] == two[0] && text[1] == two[1];
}

static int ends_atom(char c)
{
    return kinds[(unsigned char)c] & ENDS_ATOM;
}

static int more_room(struct reader *r)
{
    size_t left = (r->source->size - r->at) / 4 + 1;
    size_t rooms = left < ROOM ? left : ROOM;
    r->room = arena_take(r->arena, rooms, sizeof *r->room);
    r->rooms = r->room ? rooms : 0;
    return r->room ? 0 : -1;
}

/* From `begin` to where the reader is. */
static struct sx *new_node(struct reader *r, enum sx_kind kind, size_t begin)
{
    if (r->rooms == 0 && more_room(r))
        return NULL;
    r->rooms--;
    struct sx *sx = r->room++;
    sx->kind = kind;
    sx->line = r->line;
    sx->place = place_from(r, begin);
    sx->text = "";
    return sx;
}

static struct sx *new_sx(struct arena *arena, enum sx_kind kind, struct place place)
{
    struct sx *sx = arena_take(arena, 1, sizeof *sx);
    if (sx)
        *sx = (struct sx){.kind = kind, .place = place, .text = ""};
    return sx;
}

struct sx *sx_list(struct arena *arena, struct place place)
{
    return new_sx(arena, SX_LIST, place);
}

enum sx_kind sx_atom_kind(const char *text, size_t length)
{
    if (number_begins(text, length))
        return SX_NUMBER;
    for (size_t i = 0; i < length; i++)
        if (ends_atom(text[i]) || text[i] == '|')
            return SX_STRING;
    return length ? SX_SYMBOL : SX_STRING;
}

struct sx *sx_atom(struct arena *arena, struct place place, const char *text, size_t length)
{
    struct sx *sx = new_sx(arena, sx_atom_kind(text, length), place);
    if (!sx)
        return NULL;
    sx->text = arena_copy(arena, text, length);
    sx->length = length;
    return sx->text ? sx : NULL;
}

static int read_block_comment(struct reader *r)
{
    size_t begin = r->at, depth = 0;
    do {
        int opens = ahead(r, "#|"), closes = ahead(r, "|#");
        depth += (size_t)opens;
        depth -= (size_t)closes;
        r->line += peek(r) == '\n';
        r->at += opens || closes ? 2 : 1;
    } while (depth && r->at < r->source->size);
    if (depth == 0)
        return 0;
    if (!r->diags)
        return -1;
    struct place place = {r->source, (uint32_t)begin, (uint32_t)begin + 2};
    struct diag *d = diag_error(r->diags, E_COMMENT, place, "the block comment is not closed");
    diag_label(r->diags, d, "begins here");
    diag_help(r->diags, d, "close it with '|#'; each '#|' within it needs its own");
    return -1;
}

static int is_comment(const struct reader *r)
{
    return peek(r) == ';' || ahead(r, "#|");
}

static int read_comment(struct reader *r)
{
    if (peek(r) != ';')
        return read_block_comment(r);
    while (r->at < r->source->size && peek(r) != '\n')
        r->at++;
    return 0;
}

static int bad_string(struct reader *r, size_t begin, const char *message, const char *help)
{
    if (!r->diags)
        return -1;
    struct diag *d = diag_error(r->diags, E_STRING, place_from(r, begin), "%s", message);
    diag_help(r->diags, d, "%s", help);
    return -1;
}

/* One character of a string, after its escape is undone; -1 when it was reported. */
static int string_char(struct reader *r)
{
    if (peek(r) != '\\')
        return (unsigned char)r->source->text[r->at++];
    r->at++;
    char c = peek(r);
    size_t begin = r->at - 1;
    r->at += r->at < r->source->size;
    if (c == '"' || c == '\\')
        return c;
    if (c == 'n' || c == 't')
        return c == 'n' ? '\n' : '\t';
    return bad_string(r, begin, "unknown escape in a string", "the escapes are \\\" \\\\ \\n \\t");
}

/* What it says is written over what stands there, which is not shorter. */
static struct sx *read_string(struct reader *r)
{
    size_t begin = r->at++, length = 0;
    char *text = r->copy + r->at;
    while (peek(r) != '"') {
        if (r->at >= r->source->size || peek(r) == '\n') {
            r->at = begin + 1;
            bad_string(r, begin, "the string is not closed", "close it with '\"' on the same line");
            return NULL;
        }
        int c = string_char(r);
        if (c < 0)
            return NULL;
        text[length++] = (char)c;
    }
    text[length] = '\0';
    r->at++;
    struct sx *sx = new_node(r, SX_STRING, begin);
    if (!sx)
        return NULL;
    sx->text = text;
    sx->length = length;
    return sx;
}

static struct sx *read_atom(struct reader *r)
{
    size_t begin = r->at, end = begin;
    const char *text = r->source->text;
    while (!ends_atom(text[end])) /* as the NUL behind the text does */
        end++;
    r->at = end;
    int numeric = number_begins(text + begin, end - begin);
    struct sx *sx = new_node(r, numeric ? SX_NUMBER : SX_SYMBOL, begin);
    if (!sx)
        return NULL;
    r->copy[end] = '\0';
    sx->text = r->copy + begin;
    sx->length = end - begin;
    return sx;
}

static struct sx *stray_close(struct reader *r)
{
    size_t begin = r->at++;
    if (!r->diags)
        return NULL;
    struct diag *d = diag_error(r->diags, E_STRAY_CLOSE, place_from(r, begin), "unexpected ')'");
    diag_label(r->diags, d, "no list is open here");
    return NULL;
}

static struct sx *open_list(struct reader *r, unsigned depth)
{
    struct sx *list = new_node(r, SX_LIST, r->at);
    r->at++;
    if (!list || depth < NESTING_LIMIT)
        return list;
    if (!r->diags)
        return NULL;
    struct diag *d = diag_error(r->diags, E_DEPTH, place_from(r, r->at - 1),
                                "lists are nested more than %d deep", NESTING_LIMIT);
    diag_help(r->diags, d, "name inner forms with def, and refer to them");
    return NULL;
}

/* The next token as a node, or NULL. A closing parenthesis is not one. */
static struct sx *read_token(struct reader *r, unsigned depth)
{
    size_t begin = r->at;
    if (peek(r) == '(')
        return open_list(r, depth);
    if (peek(r) == ')')
        return stray_close(r);
    if (peek(r) == '"')
        return read_string(r);
    if (!is_comment(r))
        return read_atom(r);
    unsigned line = r->line;
    if (read_comment(r))
        return NULL;
    struct sx *sx = new_node(r, SX_COMMENT, begin);
    if (!sx)
        return NULL;
    sx->line = line;
    sx->length = r->at - begin;
    sx->text = arena_copy(r->arena, r->source->text + begin, sx->length);
    return sx->text ? sx : NULL;
}

static struct sx *not_closed(struct reader *r, const struct sx *list)
{
    if (!r->diags)
        return NULL;
    struct place place = {r->source, list->place.begin, list->place.begin + 1};
    struct diag *d = diag_error(r->diags, E_UNCLOSED, place, "a parenthesis is not closed");
    diag_label(r->diags, d, "this list has no ')'");
    return NULL;
}

/* Where whole lines of whole forms ended last. */
struct whole {
    size_t used;
    struct sx **end;
};

static void pass_blanks(struct reader *r, unsigned depth, const struct open_list *open,
                        struct whole *whole)
{
    const char *text = r->source->text;
    for (; kinds[(unsigned char)text[r->at]] & BLANK; r->at++) {
        if (text[r->at] != '\n')
            continue;
        r->line++;
        if (depth == 0)
            *whole = (struct whole){r->at + 1, open[0].end};
    }
}

/* 0 when the text ends as it should. */
static int read_all(struct reader *r, struct sx *all, struct whole *whole)
{
    struct open_list open[NESTING_LIMIT + 1];
    unsigned depth = 0;
    open[0] = (struct open_list){all, &all->first};
    *whole = (struct whole){0, &all->first};
    for (;;) {
        pass_blanks(r, depth, open, whole);
        if (r->at >= r->source->size)
            return depth ? (not_closed(r, open[depth].list), -1) : 0;
        if (peek(r) == ')' && depth > 0) {
            r->at++;
            open[depth].list->place.end = (uint32_t)r->at;
            depth--;
            continue;
        }
        if (is_comment(r) && !r->keep_comments) {
            if (read_comment(r))
                return -1;
            continue;
        }
        struct sx *sx = read_token(r, depth);
        if (!sx)
            return -1;
        *open[depth].end = sx;
        open[depth].end = &sx->next;
        if (sx->kind == SX_LIST)
            open[++depth] = (struct open_list){sx, &sx->first};
    }
}

static struct sx *start(struct reader *r)
{
    const struct source *source = r->source;
    r->at = source_start(source);
    r->line = source->lines_before + 1;
    r->copy = arena_copy(r->arena, source->text, source->size);
    return r->copy ? sx_list(r->arena, (struct place){source, 0, (uint32_t)source->size}) : NULL;
}

struct sx *sx_read(struct arena *arena, struct diags *diags, const struct source *source,
                   int keep_comments)
{
    struct reader r = {
        .arena = arena, .diags = diags, .source = source, .keep_comments = keep_comments};
    struct whole whole;
    struct sx *all = start(&r);
    return all && read_all(&r, all, &whole) == 0 ? all : NULL;
}

struct sx *sx_read_lines(struct arena *arena, const struct source *source, size_t *used)
{
    struct reader r = {.arena = arena, .source = source};
    struct whole whole = {0, NULL};
    struct sx *all = start(&r);
    *used = 0;
    if (!all)
        return NULL;
    read_all(&r, all, &whole);
    *whole.end = NULL;
    *used = whole.used;
    return arena->failed ? NULL : all;
}

int sx_is(const struct sx *sx, const char *text)
{
    return sx && sx->kind == SX_SYMBOL && strcmp(sx->text, text) == 0;
}

size_t sx_count(const struct sx *list)
{
    size_t count = 0;
    for (const struct sx *child = list->first; child; child = child->next)
        count++;
    return count;
}
