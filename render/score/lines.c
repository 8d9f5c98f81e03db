#include "render/score/lines.h"
#include <string.h>

enum {
    ROOM = 64,        /* nodes taken at a time */
    MOST_NESTED = 64, /* values in one another */
    MOST_KEYS = 16,   /* in an object */
    MOST_DIGITS = 18  /* of a number: it fits any type */
};

struct reader {
    struct arena *arena;
    const struct source *source;
    const char *text; /* a NUL is behind it */
    char *copy;       /* of it: words in it are ended where their delimiters were */
    size_t at;
    unsigned line, depth;
    struct sx *room;
    size_t rooms;
};

/* A list that is being made. */
struct made {
    struct sx **end;
};

/* Keys of an object. */
struct key {
    const char *text;
    size_t length;
};

static struct sx *new_node(struct reader *r, enum sx_kind kind)
{
    if (r->rooms == 0) {
        size_t left = (r->source->size - r->at) / 4 + 1;
        size_t rooms = left < ROOM ? left : ROOM;
        r->room = arena_take(r->arena, rooms, sizeof *r->room);
        if (!r->room)
            return NULL;
        r->rooms = rooms;
    }
    r->rooms--;
    struct sx *sx = r->room++;
    sx->kind = kind;
    sx->line = r->line;
    sx->place = (struct place){r->source, (uint32_t)r->at, (uint32_t)r->at};
    sx->text = "";
    return sx;
}

/* What stands from the node's place to the reader's is over. */
static void put(const struct reader *r, struct made *made, struct sx *sx, const char *text,
                size_t length)
{
    sx->text = text;
    sx->length = length;
    sx->place.end = (uint32_t)r->at;
    *made->end = sx;
    made->end = &sx->next;
}

/* The same; the text lies in the copy. */
static void put_word(struct reader *r, struct made *made, struct sx *sx, size_t begin, size_t end)
{
    r->copy[end] = '\0';
    put(r, made, sx, r->copy + begin, end - begin);
}

static char pass_blanks(struct reader *r)
{
    for (;; r->at++) {
        char c = r->text[r->at];
        if (c == '\n')
            r->line++;
        else if (c != ' ' && c != '\t' && c != '\r')
            return c;
    }
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Past a string without escapes. */
static bool pass_string(struct reader *r)
{
    const char *text = r->text;
    size_t at = r->at + 1;
    while (text[at] != '"' && text[at] != '\\' && (unsigned char)text[at] >= ' ')
        at++;
    r->at = at + 1;
    return text[at] == '"';
}

static bool read_string(struct reader *r, struct made *made)
{
    struct sx *sx = new_node(r, SX_STRING);
    if (!sx || !pass_string(r))
        return false;
    size_t begin = sx->place.begin + 1, end = r->at - 1;
    sx->kind = sx_atom_kind(r->text + begin, end - begin);
    put_word(r, made, sx, begin, end);
    return true;
}

/* The key's opening quote becomes its colon. */
static bool read_key(struct reader *r, struct made *made, struct key *key)
{
    struct sx *sx = new_node(r, SX_SYMBOL);
    if (!sx || !pass_string(r))
        return false;
    size_t begin = sx->place.begin;
    *key = (struct key){r->text + begin + 1, r->at - 2 - begin};
    r->copy[begin] = ':';
    put_word(r, made, sx, begin, r->at - 1);
    return true;
}

static size_t pass_digits(struct reader *r)
{
    size_t from = r->at;
    while (is_digit(r->text[r->at]))
        r->at++;
    return r->at - from;
}

static bool read_number(struct reader *r, struct made *made)
{
    struct sx *sx = new_node(r, SX_NUMBER);
    if (!sx)
        return false;
    size_t begin = r->at;
    r->at += r->text[r->at] == '-';
    bool zero = r->text[r->at] == '0';
    size_t digits = pass_digits(r);
    if (digits == 0 || digits > MOST_DIGITS || (zero && digits > 1))
        return false;
    if (r->text[r->at] == '.') {
        r->at++;
        digits = pass_digits(r);
        if (digits == 0 || digits > MOST_DIGITS)
            return false;
    }
    if (!strchr(" \t\r\n,]}", r->text[r->at]))
        return false;
    put_word(r, made, sx, begin, r->at);
    return true;
}

static bool read_switch(struct reader *r, struct made *made)
{
    bool is_on = strncmp(r->text + r->at, "true", 4) == 0;
    if (!is_on && strncmp(r->text + r->at, "false", 5) != 0)
        return false;
    struct sx *sx = new_node(r, SX_SYMBOL);
    if (!sx)
        return false;
    r->at += is_on ? 4 : 5;
    put(r, made, sx, is_on ? "on" : "off", is_on ? 2 : 3);
    return true;
}

static bool read_items(struct reader *r, struct made *made);
static bool read_members(struct reader *r, struct made *made);

static bool read_list(struct reader *r, struct made *made, bool object)
{
    struct sx *list = new_node(r, SX_LIST);
    if (!list)
        return false;
    struct made inner = {&list->first};
    if (!(object ? read_members : read_items)(r, &inner))
        return false;
    list->place.end = (uint32_t)r->at;
    *made->end = list;
    made->end = &list->next;
    return true;
}

static bool read_value(struct reader *r, struct made *made, char c)
{
    if (c == '"')
        return read_string(r, made);
    if (c == '-' || is_digit(c))
        return read_number(r, made);
    if (c == '[' || c == '{')
        return read_list(r, made, c == '{');
    return read_switch(r, made);
}

/* After an item: past the comma, or the bracket that ends it all. */
static bool goes_on(struct reader *r, char close, bool *good)
{
    char c = pass_blanks(r);
    *good = c == ',' || c == close;
    r->at += *good;
    return c == ',';
}

static bool read_items(struct reader *r, struct made *made)
{
    bool good = true;
    if (r->depth++ == MOST_NESTED)
        return false;
    r->at++;
    if (pass_blanks(r) == ']') {
        r->at++;
    } else {
        do {
            char c = pass_blanks(r);
            good = c == '{' ? read_members(r, made) : read_value(r, made, c);
        } while (good && goes_on(r, ']', &good));
    }
    r->depth--;
    return good;
}

static bool is_new(const struct key *keys, size_t count, const struct key *key)
{
    for (size_t i = 0; i < count; i++)
        if (keys[i].length == key->length && memcmp(keys[i].text, key->text, key->length) == 0)
            return false;
    return true;
}

static bool read_member(struct reader *r, struct made *made, struct key *key)
{
    if (pass_blanks(r) != '"' || !read_key(r, made, key) || pass_blanks(r) != ':')
        return false;
    r->at++;
    return read_value(r, made, pass_blanks(r));
}

static bool read_members(struct reader *r, struct made *made)
{
    struct key keys[MOST_KEYS];
    size_t count = 0;
    bool good = true;
    if (r->depth++ == MOST_NESTED)
        return false;
    r->at++;
    if (pass_blanks(r) == '}') {
        r->at++;
    } else {
        do {
            good = count < MOST_KEYS && read_member(r, made, &keys[count]) &&
                   is_new(keys, count, &keys[count]);
            count++;
        } while (good && goes_on(r, '}', &good));
    }
    r->depth--;
    return good;
}

static bool ends_line(struct reader *r)
{
    while (r->text[r->at] == ' ' || r->text[r->at] == '\t' || r->text[r->at] == '\r')
        r->at++;
    return r->text[r->at] == '\n';
}

struct sx *json_read_lines(struct arena *arena, const struct source *source, size_t *used)
{
    struct reader r = {.arena = arena,
                       .source = source,
                       .text = source->text,
                       .copy = arena_copy(arena, source->text, source->size),
                       .at = source_start(source),
                       .line = source->lines_before + 1};
    struct sx *all = sx_list(arena, (struct place){source, 0, (uint32_t)source->size});
    *used = 0;
    if (!r.copy || !all)
        return NULL;
    struct made made = {&all->first};
    struct sx **whole = made.end;
    bool good = true;
    while (good && pass_blanks(&r) == '[') {
        good = read_list(&r, &made, false) && ends_line(&r);
        if (good) {
            *used = r.at + 1;
            whole = made.end;
        }
    }
    *whole = NULL;
    if (good && r.at == source->size) /* all that is left is blank */
        *used = source->size;
    return arena->failed ? NULL : all;
}
