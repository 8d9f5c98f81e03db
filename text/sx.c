#include "text/sx.h"
#include "text/number.h"
#include <string.h>

struct reader {
    struct arena *arena;
    struct diags *diags;
    const struct source *source;
    size_t at;
    int keep_comments;
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
    return r->at + 1 < r->source->size && memcmp(r->source->text + r->at, two, 2) == 0;
}

static int is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static int ends_atom(char c)
{
    return c == '\0' || is_blank(c) || strchr("()\";", c) != NULL;
}

static struct sx *new_sx(struct arena *arena, enum sx_kind kind, struct place place)
{
    struct sx *sx = arena_take(arena, 1, sizeof *sx);
    if (sx)
        *sx = (struct sx){.kind = kind, .place = place, .text = ""};
    return sx;
}

static struct sx *new_text(struct arena *arena, enum sx_kind kind, struct place place,
                           const char *text, size_t length)
{
    struct sx *sx = new_sx(arena, kind, place);
    if (!sx)
        return NULL;
    sx->text = arena_copy(arena, text, length);
    sx->length = length;
    return sx->text ? sx : NULL;
}

struct sx *sx_list(struct arena *arena, struct place place)
{
    return new_sx(arena, SX_LIST, place);
}

static enum sx_kind atom_kind(const char *text, size_t length)
{
    struct number number;
    if (number_read(text, length, &number) != NUMBER_NOT)
        return SX_NUMBER;
    if (length == 0 || memchr(text, '|', length))
        return SX_STRING;
    for (size_t i = 0; i < length; i++)
        if (ends_atom(text[i]))
            return SX_STRING;
    return SX_SYMBOL;
}

struct sx *sx_atom(struct arena *arena, struct place place, const char *text, size_t length)
{
    return new_text(arena, atom_kind(text, length), place, text, length);
}

static int read_block_comment(struct reader *r)
{
    size_t begin = r->at, depth = 0;
    do {
        int opens = ahead(r, "#|"), closes = ahead(r, "|#");
        depth += (size_t)opens;
        depth -= (size_t)closes;
        r->at += opens || closes ? 2 : 1;
    } while (depth && r->at < r->source->size);
    if (depth == 0)
        return 0;
    struct place place = {r->source, (uint32_t)begin, (uint32_t)begin + 2};
    struct diag *d = diag_error(r->diags, E_COMMENT, place, "the block comment is not closed");
    diag_label(r->diags, d, "begins here");
    diag_help(r->diags, d, "close it with '|#'; each '#|' within it needs its own");
    return -1;
}

static int read_comment(struct reader *r)
{
    if (ahead(r, "#|"))
        return read_block_comment(r);
    while (r->at < r->source->size && peek(r) != '\n')
        r->at++;
    return 0;
}

static int bad_string(struct reader *r, size_t begin, const char *message, const char *help)
{
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

/* An upper bound of a string's length, so that its text is taken in one piece. */
static size_t string_bytes(const char *text)
{
    size_t i = 1;
    while (text[i] && text[i] != '"' && text[i] != '\n')
        i += text[i] == '\\' && text[i + 1] ? 2 : 1;
    return i;
}

static struct sx *read_string(struct reader *r)
{
    size_t begin = r->at, length = 0;
    char *text = arena_take(r->arena, string_bytes(r->source->text + r->at++), 1);
    while (text && peek(r) != '"') {
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
    r->at++;
    struct sx *sx = text ? new_sx(r->arena, SX_STRING, place_from(r, begin)) : NULL;
    if (!sx)
        return NULL;
    sx->text = text;
    sx->length = length;
    return sx;
}

static struct sx *read_atom(struct reader *r)
{
    size_t begin = r->at;
    while (!ends_atom(peek(r)))
        r->at++;
    const char *text = r->source->text + begin;
    struct number number;
    int numeric = number_read(text, r->at - begin, &number) != NUMBER_NOT;
    return new_text(r->arena, numeric ? SX_NUMBER : SX_SYMBOL, place_from(r, begin), text,
                    r->at - begin);
}

/* Lists being read, innermost last. */
struct open_list {
    struct sx *list, **end;
};

static struct sx *stray_close(struct reader *r)
{
    size_t begin = r->at++;
    struct diag *d = diag_error(r->diags, E_STRAY_CLOSE, place_from(r, begin), "unexpected ')'");
    diag_label(r->diags, d, "no list is open here");
    return NULL;
}

static struct sx *open_list(struct reader *r, unsigned depth)
{
    struct sx *list = new_sx(r->arena, SX_LIST, place_from(r, r->at));
    r->at++;
    if (!list || depth < NESTING_LIMIT)
        return list;
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
    if (peek(r) != ';' && !ahead(r, "#|"))
        return read_atom(r);
    if (read_comment(r))
        return NULL;
    return new_text(r->arena, SX_COMMENT, place_from(r, begin), r->source->text + begin,
                    r->at - begin);
}

static struct sx *not_closed(struct reader *r, const struct sx *list)
{
    struct place place = {r->source, list->place.begin, list->place.begin + 1};
    struct diag *d = diag_error(r->diags, E_UNCLOSED, place, "a parenthesis is not closed");
    diag_label(r->diags, d, "this list has no ')'");
    return NULL;
}

struct sx *sx_read(struct arena *arena, struct diags *diags, const struct source *source,
                   int keep_comments)
{
    struct reader r = {arena, diags, source, source_start(source), keep_comments};
    struct open_list open[NESTING_LIMIT + 1];
    unsigned depth = 0;
    struct sx *all = sx_list(arena, (struct place){source, 0, (uint32_t)source->size});
    if (!all)
        return NULL;
    open[0] = (struct open_list){all, &all->first};
    for (;;) {
        while (is_blank(peek(&r)))
            r.at++;
        if (r.at >= source->size)
            return depth ? not_closed(&r, open[depth].list) : all;
        if (peek(&r) == ')' && depth > 0) {
            r.at++;
            open[depth].list->place.end = (uint32_t)r.at;
            depth--;
            continue;
        }
        struct sx *sx = read_token(&r, depth);
        if (!sx)
            return NULL;
        if (sx->kind == SX_COMMENT && !keep_comments)
            continue;
        *open[depth].end = sx;
        open[depth].end = &sx->next;
        if (sx->kind == SX_LIST)
            open[++depth] = (struct open_list){sx, &sx->first};
    }
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
