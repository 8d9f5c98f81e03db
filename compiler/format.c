#include "compiler/format.h"
#include "compiler/front.h"
#include "text/json.h"
#include "text/number.h"
#include <string.h>

enum { COLUMNS = 80, TAB = 2 };

struct layout {
    FILE *file;
    unsigned column;
    int after_line_comment; /* nothing more may stand on this line */
};

static unsigned points(const char *text, size_t length)
{
    unsigned count = 0;
    for (size_t i = 0; i < length; i++)
        count += ((unsigned char)text[i] & 0xc0) != 0x80;
    return count;
}

static size_t written_length(const struct sx *sx)
{
    const char *text = sx->place.source->text;
    size_t begin = sx->place.begin, end = sx->place.end;
    while (sx->kind == SX_COMMENT && end > begin && strchr(" \t\r", text[end - 1]))
        end--;
    return end - begin;
}

static const char *written(const struct sx *sx)
{
    return sx->place.source->text + sx->place.begin;
}

static void put(struct layout *l, const char *text, size_t length)
{
    fwrite(text, 1, length, l->file);
    const char *line = text + length;
    while (line > text && line[-1] != '\n')
        line--;
    unsigned wide = points(line, (size_t)(text + length - line));
    l->column = line > text ? wide : l->column + wide;
}

static void new_line(struct layout *l, unsigned indent)
{
    fprintf(l->file, "\n%*s", (int)indent, "");
    l->column = indent;
    l->after_line_comment = 0;
}

/* Columns a form takes on one line, or more than COLUMNS when it cannot stand on one. */
static unsigned flat_width(const struct sx *sx)
{
    static const char *const sections[] = {"patch", "nodes", "connections", "params"};
    if (sx->kind == SX_COMMENT)
        return COLUMNS + 1;
    if (sx->kind != SX_LIST)
        return points(written(sx), written_length(sx));
    for (size_t i = 0; i < sizeof sections / sizeof *sections; i++)
        if (sx_is(sx->first, sections[i]) && sx->first->next)
            return COLUMNS + 1;
    unsigned width = 2;
    for (const struct sx *child = sx->first; child && width <= COLUMNS; child = child->next)
        width += flat_width(child) + (child->next != NULL);
    return width;
}

static void put_flat(struct layout *l, const struct sx *sx)
{
    if (sx->kind != SX_LIST) {
        put(l, written(sx), written_length(sx));
        return;
    }
    put(l, "(", 1);
    for (const struct sx *child = sx->first; child; child = child->next) {
        put_flat(l, child);
        if (child->next)
            put(l, " ", 1);
    }
    put(l, ")", 1);
}

/* Line ends between two neighbours in the text. */
static unsigned line_ends(const struct sx *before, const struct sx *after)
{
    unsigned count = 0;
    const char *text = before->place.source->text;
    for (uint32_t i = before->place.end; i < after->place.begin; i++)
        count += text[i] == '\n';
    return count;
}

static int is_trailing(const struct sx *before, const struct sx *sx)
{
    return before && sx->kind == SX_COMMENT && line_ends(before, sx) == 0;
}

static void put_form(struct layout *l, const struct sx *sx, unsigned level);

/* A child of a list that is broken over lines: the atoms that lead stay on the list's first line
 * while there is room, a trailing comment stays with what it follows. */
static void put_child(struct layout *l, const struct sx *before, const struct sx *sx,
                      unsigned level, int leading)
{
    int stays =
        is_trailing(before, sx) || (leading && !l->after_line_comment && sx->kind != SX_COMMENT &&
                                    l->column + 1 + flat_width(sx) + 1 <= COLUMNS);
    if (stays && !l->after_line_comment) {
        put(l, " ", 1);
    } else {
        /* The patch's own items may stand apart; deeper down lines stay together. */
        if (before && level <= 1 && line_ends(before, sx) > 1)
            fputc('\n', l->file);
        new_line(l, level * TAB);
    }
    put_form(l, sx, level);
}

static void put_broken(struct layout *l, const struct sx *list, unsigned level)
{
    const struct sx *before = list->first;
    int leading = 1;
    put(l, "(", 1);
    if (before && before->kind == SX_COMMENT)
        new_line(l, (level + 1) * TAB);
    if (before)
        put_form(l, before, level + 1);
    for (const struct sx *child = before ? before->next : NULL; child; child = child->next) {
        leading = leading && child->kind != SX_LIST && child->kind != SX_COMMENT;
        put_child(l, before, child, level + 1, leading);
        before = child;
    }
    if (l->after_line_comment)
        new_line(l, level * TAB);
    put(l, ")", 1);
}

static void put_form(struct layout *l, const struct sx *sx, unsigned level)
{
    if (sx->kind == SX_LIST && l->column + flat_width(sx) > COLUMNS) {
        put_broken(l, sx, level);
        return;
    }
    put_flat(l, sx);
    l->after_line_comment = sx->kind == SX_COMMENT && *written(sx) == ';';
}

/* Comments are kept here. */
static const struct sx *first_form(const struct sx *all)
{
    const struct sx *sx = all->first;
    while (sx && sx->kind == SX_COMMENT)
        sx = sx->next;
    return sx;
}

static int format_forms(struct arena *arena, struct diags *diags, const struct source *source,
                        FILE *file)
{
    struct layout l = {file, 0, 0};
    const struct sx *all = sx_read(arena, diags, source, 1);
    const struct sx *before = NULL;
    if (all && is_score(first_form(all))) {
        score_error(diags, first_form(all), "this is a score; patchc formats patches");
        return -1;
    }
    for (const struct sx *sx = all ? all->first : NULL; sx; sx = sx->next) {
        if (is_trailing(before, sx) && !l.after_line_comment) {
            put(&l, " ", 1);
        } else if (before) {
            fputs(line_ends(before, sx) > 1 ? "\n" : "", file);
            new_line(&l, 0);
        }
        put_form(&l, sx, 0);
        before = sx;
    }
    if (before)
        fputc('\n', file);
    return all ? 0 : -1;
}

/* The fewest digits, from 15 to 17, in which every real of the value keeps its exact value. */
static size_t digits_needed(json_t *json, size_t least)
{
    json_t *item;
    const char *key;
    size_t i;
    if (json_is_real(json)) {
        size_t digits = number_digits(json_real_value(json));
        return digits > least ? digits : least;
    }
    json_array_foreach(json, i, item) least = digits_needed(item, least);
    json_object_foreach(json, key, item) least = digits_needed(item, least);
    return least;
}

static int format_json(struct diags *diags, const struct source *source, FILE *file)
{
    json_t *json = json_parse(diags, source);
    if (!json)
        return -1;
    size_t flags = JSON_INDENT(2) | JSON_REAL_PRECISION(digits_needed(json, 15));
    int failed = json_dumpf(json, file, flags);
    fputc('\n', file);
    json_decref(json);
    return failed ? -1 : 0;
}

int format_sx(struct arena *arena, struct diags *diags, const struct source *source, FILE *file)
{
    if (source_check(diags, source))
        return -1;
    return source_is_json(source) ? format_json(diags, source, file)
                                  : format_forms(arena, diags, source, file);
}
