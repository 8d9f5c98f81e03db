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

/* ---- scores ----
 *
 * Music is read by its lines: an author's line ends stay, and the blanks that line up columns. */

static unsigned raw_width(const struct sx *sx)
{
    if (sx->kind != SX_LIST)
        return points(written(sx), written_length(sx));
    unsigned width = 2;
    for (const struct sx *child = sx->first; child && width <= COLUMNS; child = child->next)
        width += raw_width(child) + (child->next != NULL);
    return width;
}

static int is_option(const struct sx *sx)
{
    return sx->kind == SX_SYMBOL && *written(sx) == ':';
}

static int ends_line(const struct sx *sx)
{
    return sx->kind == SX_COMMENT && *written(sx) == ';';
}

/* Blanks between neighbours on one line: as they are, and at least one. */
static unsigned blanks(const struct sx *before, const struct sx *sx)
{
    size_t from = before->place.begin + written_length(before);
    unsigned count = (unsigned)(sx->place.begin - from);
    return count > 0 ? count : 1;
}

/* What must fit behind `before`: the item, of an option its value too, and the parentheses that
 * close behind it. */
static int fits_behind(const struct layout *l, const struct sx *before, const struct sx *sx,
                       unsigned closing)
{
    const struct sx *last = is_option(sx) && sx->next ? sx->next : sx;
    unsigned width = blanks(before, sx) + raw_width(sx);
    if (last != sx)
        width += 1 + raw_width(last);
    return sx->kind == SX_COMMENT || l->column + width + (last->next ? 0 : closing) <= COLUMNS;
}

static void put_score(struct layout *l, const struct sx *sx, unsigned level, unsigned closing)
{
    const struct sx *before = NULL;
    if (sx->kind != SX_LIST) {
        put(l, written(sx), written_length(sx));
        return;
    }
    put(l, "(", 1);
    for (const struct sx *child = sx->first; child; before = child, child = child->next) {
        unsigned lines = before ? line_ends(before, child) : 0;
        int paired = before && is_option(before) && lines == 0;
        if (before && (lines > 0 || ends_line(before) ||
                       (!paired && !fits_behind(l, before, child, closing + 1)))) {
            if (lines > 1)
                fputc('\n', l->file);
            new_line(l, (level + 1) * TAB);
        } else if (before) {
            fprintf(l->file, "%*s", (int)blanks(before, child), "");
            l->column += blanks(before, child);
        }
        put_score(l, child, level + 1, child->next ? 0 : closing + 1);
    }
    if (before && ends_line(before))
        new_line(l, level * TAB);
    put(l, ")", 1);
}

/* Comments are kept here. */
static const struct sx *first_form(const struct sx *all)
{
    const struct sx *sx = all->first;
    while (sx && sx->kind == SX_COMMENT)
        sx = sx->next;
    return sx;
}

/* Whether a form of a score stays on its neighbour's line. */
static int stays(const struct layout *l, const struct sx *before, const struct sx *sx)
{
    return line_ends(before, sx) == 0 && !ends_line(before) && fits_behind(l, before, sx, 0);
}

static void put_scores(struct layout *l, const struct sx *sx)
{
    const struct sx *before = NULL;
    for (; sx; before = sx, sx = sx->next) {
        if (before && stays(l, before, sx)) {
            fprintf(l->file, "%*s", (int)blanks(before, sx), "");
            l->column += blanks(before, sx);
        } else if (before) {
            fputs(line_ends(before, sx) > 1 ? "\n" : "", l->file);
            new_line(l, 0);
        }
        put_score(l, sx, 0, 0);
    }
}

static void put_patches(struct layout *l, const struct sx *sx)
{
    const struct sx *before = NULL;
    for (; sx; before = sx, sx = sx->next) {
        if (is_trailing(before, sx) && !l->after_line_comment) {
            put(l, " ", 1);
        } else if (before) {
            fputs(line_ends(before, sx) > 1 ? "\n" : "", l->file);
            new_line(l, 0);
        }
        put_form(l, sx, 0);
    }
}

static int format_forms(struct arena *arena, struct diags *diags, const struct source *source,
                        FILE *file)
{
    struct layout l = {file, 0, 0};
    const struct sx *all = sx_read(arena, diags, source, 1);
    if (!all)
        return -1;
    const struct sx *first = first_form(all);
    int score = first && is_score(first);
    if (score && first->kind != SX_LIST) {
        score_error(diags, first, "this is a score in JSON lines, which have no other layout");
        return -1;
    }
    if (score)
        put_scores(&l, all->first);
    else
        put_patches(&l, all->first);
    if (all->first)
        fputc('\n', file);
    return 0;
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
