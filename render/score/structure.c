/* structure.c - forms within forms: together, one after another, again, elsewhere. */
#include "render/score/reading.h"
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

static void together(struct reading *r, const struct sx *sx, const struct moment *start,
                     struct moment *end)
{
    *end = *start;
    for (; sx && !score_is_hopeless(r); sx = item_next(sx)) {
        struct moment over;
        eval(r, sx, start, &over);
        eval_latest(r, end, &over);
    }
}

static void in_turn(struct reading *r, const struct sx *sx, struct moment *at)
{
    for (; sx && !score_is_hopeless(r); sx = item_next(sx)) {
        struct moment start = *at;
        eval(r, sx, &start, at);
    }
}

/* :length says where a form is over, whatever is in it. */
static void set_length(struct reading *r, const struct form *f, const struct moment *start,
                       struct moment *end)
{
    struct moment over;
    if (f->keys[KEY_LENGTH] && arg_end(r, f->keys[KEY_LENGTH], start, true, &over))
        *end = over;
}

void do_at(struct reading *r, const struct form *f, struct moment *end)
{
    struct moment start, offset;
    if (!arg_time(r, f->items[0], &f->start, true, &offset) ||
        !eval_later(r, f->items[0], &f->start, &offset, &start))
        return;
    together(r, item_at(f, 1), &start, end);
    set_length(r, f, &start, end);
}

void do_par(struct reading *r, const struct form *f, struct moment *end)
{
    together(r, item_at(f, 0), &f->start, end);
    set_length(r, f, &f->start, end);
}

void do_seq(struct reading *r, const struct form *f, struct moment *end)
{
    *end = f->start;
    in_turn(r, item_at(f, 0), end);
    set_length(r, f, &f->start, end);
}

void do_rest(struct reading *r, const struct form *f, struct moment *end)
{
    struct moment over;
    if (arg_end(r, f->items[0], &f->start, true, &over))
        *end = over;
}

/* --- again -------------------------------------------------------------------------------- */

/* What takes no time would have all its turns at once. */
static bool took_time(struct reading *r, const struct form *f, const char *what,
                      const struct moment *start, const struct moment *end)
{
    if (time_compare(&r->time, end, start) > 0)
        return true;
    struct diag *d =
        score_wrong(r, E_SCORE_LENGTH, f->sx, "%s takes no time, so it cannot be repeated", what);
    diag_help(&r->diags, d, "end it with a rest, such as (rest 1)");
    return false;
}

/* How things stood before the first turn. */
struct turn {
    int64_t times;
    unsigned reports;
    uint64_t steps, commands;
    struct moment start;
};

static struct turn first_turn(const struct reading *r, const struct form *f, int64_t times)
{
    return (struct turn){times, r->diags.count, r->steps, r->commands, f->start};
}

/* All turns are alike, so the first one tells how many commands there will be. */
static bool has_room(struct reading *r, const struct form *f, uint64_t steps, uint64_t commands,
                     int64_t times)
{
    uint64_t more = (uint64_t)times - 1;
    bool few = (r->commands - commands) * more + r->commands <= MOST_COMMANDS;
    if (few && (r->steps - steps) * more + r->steps <= MOST_STEPS)
        return true;
    score_wrong(r, E_SCORE_LIMIT, f->sx, "written out, this is more than %d %s",
                few ? (int)MOST_STEPS : (int)MOST_COMMANDS, few ? "forms and items" : "commands");
    return false;
}

/* After the first of several turns. */
static void check_turn(struct reading *r, const struct form *f, const struct turn *turn,
                       const char *what, const struct moment *end)
{
    if (turn->times > 1 && r->diags.count == turn->reports &&
        took_time(r, f, what, &turn->start, end))
        has_room(r, f, turn->steps, turn->commands, turn->times);
}

void do_repeat(struct reading *r, const struct form *f, struct moment *end)
{
    int64_t times;
    if (!arg_whole(r, f->items[0], "the number of turns", 0, MOST_REPEATS, &times))
        return;
    struct turn turn = first_turn(r, f, times);
    *end = f->start;
    for (int64_t i = 0; i < times && r->diags.count == turn.reports && eval_step(r, f->sx); i++) {
        in_turn(r, item_at(f, 1), end);
        if (i == 0)
            check_turn(r, f, &turn, "the body", end);
    }
}

/* --- sections ----------------------------------------------------------------------------- */

void do_section(struct reading *r, const struct form *f, struct moment *end)
{
    (void)end;
    const char *name = arg_name(r, f->items[0], "a section");
    if (!name)
        return;
    if (names_find(&r->sections, name) != NAME_NONE) {
        struct diag *d =
            score_wrong(r, E_SCORE_NAME_TWICE, f->items[0], "'%s' is there already", name);
        diag_help(&r->diags, d, "every section has a name of its own");
        return;
    }
    uint32_t number = names_add(&r->sections, name);
    if (number == NAME_NONE || arena_grow(&r->score->arena, (void **)&r->section,
                                          &r->section_capacity, number + 1u, sizeof *r->section))
        return;
    r->section[number] = (struct section){.form = *f, .file = r->file_number};
    eval_check_names(r, f->items[0]->next);
    r->keep = true;
}

static struct section *find_section(struct reading *r, const struct sx *sx)
{
    uint32_t number = sx->kind == SX_LIST ? NAME_NONE : names_find(&r->sections, sx->text);
    if (number == NAME_NONE) {
        struct diag *d = score_wrong(r, E_SCORE_SECTION, sx, "there is no section '%.60s'",
                                     sx->kind == SX_LIST ? "(...)" : sx->text);
        if (r->sections.count > 0)
            diag_suggest(&r->diags, d, sx->text, "there is", "there are", r->sections.words,
                         r->sections.count);
        else
            diag_help(&r->diags, d, "declare it before: (section %.60s FORM ...)", sx->text);
        return NULL;
    }
    if (!r->section[number].active)
        return &r->section[number];
    score_wrong(r, E_SCORE_CYCLE, sx, "section '%.60s' uses itself", sx->text);
    return NULL;
}

/* The length of this use goes before the section's own. */
static void run_section(struct reading *r, const struct form *use, const struct section *section,
                        const struct moment *start, struct moment *end)
{
    uint16_t file = r->file_number;
    r->file_number = section->file;
    together(r, item_at(&section->form, 1), start, end);
    set_length(r, &section->form, start, end);
    r->file_number = file;
    set_length(r, use, start, end);
}

static void use_section(struct reading *r, const struct form *f, uint32_t number, int64_t times,
                        struct moment *end)
{
    struct turn turn = first_turn(r, f, times);
    *end = f->start;
    for (int64_t i = 0; i < times && r->diags.count == turn.reports && eval_step(r, f->sx); i++) {
        struct moment start = *end;
        run_section(r, f, &r->section[number], &start, end);
        if (i == 0)
            check_turn(r, f, &turn, "the section", end);
    }
}

void do_do(struct reading *r, const struct form *f, struct moment *end)
{
    int64_t times = 1;
    struct ratio outer = r->transpose, by = ratio_whole(0);
    const struct sx *count = f->keys[KEY_TIMES], *transpose = f->keys[KEY_TRANSPOSE];
    struct section *section = find_section(r, f->items[0]);
    if (!section || section->broken ||
        (count && !arg_whole(r, count, "the number of turns", 0, MOST_REPEATS, &times)) ||
        (transpose && !arg_semitones(r, transpose, &by)))
        return;
    unsigned before = r->diags.count;
    if (!ratio_add(outer, by, &r->transpose)) {
        score_wrong(r, E_SCORE_VALUE_RANGE, f->sx, "this transposition is too fine");
        return;
    }
    section->active = true;
    use_section(r, f, (uint32_t)(section - r->section), times, end);
    section->active = false;
    section->broken = r->diags.count > before; /* its faults are known */
    r->transpose = outer;
}

/* --- other files -------------------------------------------------------------------------- */

static bool same_file(const char *a, const char *b)
{
    struct stat x, y;
    return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

static bool may_include(struct reading *r, const struct sx *sx, const char *path)
{
    unsigned depth = 0;
    for (const struct score_file *file = r->file; file; file = file->in, depth++) {
        if (!same_file(file->path, path))
            continue;
        score_wrong(r, E_SCORE_CYCLE, sx, "'%.200s' includes itself", path);
        return false;
    }
    if (depth < MOST_FILES)
        return true;
    score_wrong(r, E_SCORE_LIMIT, sx, "files are included more than %d deep", (int)MOST_FILES);
    return false;
}

void do_include(struct reading *r, const struct form *f, struct moment *end)
{
    (void)end;
    const char *why, *name = arg_text(r, f->items[0], "a file's name");
    const char *path = name ? score_path(r, name) : NULL;
    if (!path || !may_include(r, f->items[0], path))
        return;
    FILE *stream = score_open_file(path, &why);
    if (!stream && errno == ENOMEM) {
        score_trouble(r, "%s: cannot read: %s", path, why);
        return;
    }
    if (!stream) {
        struct diag *d = score_wrong(r, E_SCORE_INCLUDE, f->items[0], "cannot read '%.200s'", path);
        diag_label(&r->diags, d, "%s", why);
        return;
    }
    struct score_file file = {.path = path, .in = r->file, .start = f->start};
    bool keep = r->keep;
    score_read_file(r, &file, stream);
    r->keep = keep;
    fclose(stream);
}
