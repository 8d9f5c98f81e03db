/* music.c - lines of notes and patterns of hits. */
#include "render/score/reading.h"
#include <string.h>

/* What the notes of a line or the hits of a pattern have in common. */
struct line {
    struct reading *r;
    const struct form *f;
    struct plan plan;
    struct moment step, at;
    struct ratio gate, velocity;
    bool barred;      /* bar lines are checked */
    struct ratio bar; /* the beat on which the last bar began */
};

/* --- the form ----------------------------------------------------------------------------- */

static bool default_step(struct line *l, struct ratio beats)
{
    l->step = (struct moment){beats, ratio_whole(0)};
    if (l->r->time.tempo_count > 0)
        return true;
    struct diag *d = score_wrong(l->r, E_SCORE_NO_TEMPO, l->f->sx,
                                 "the steps are in beats, and the score has no tempo");
    diag_help(&l->r->diags, d, "write :step 0.25s, or add (tempo 120) before it");
    return false;
}

static bool read_step(struct line *l, struct ratio beats)
{
    struct moment over;
    const struct sx *step = l->f->keys[KEY_STEP];
    if (!step)
        return default_step(l, beats);
    return arg_end(l->r, step, &l->f->start, false, &over) &&
           arg_time(l->r, step, &l->f->start, false, &l->step);
}

static bool read_gate(struct line *l)
{
    const struct sx *gate = l->f->keys[KEY_GATE];
    l->gate = ratio_whole(1);
    if (!gate)
        return true;
    if (!arg_share(l->r, gate, "a gate", &l->gate))
        return false;
    if (l->gate.num > 0)
        return true;
    score_wrong(l->r, E_SCORE_LENGTH, gate, "a note of no length");
    return false;
}

static bool read_velocity(struct line *l)
{
    const struct sx *velocity = l->f->keys[KEY_VELOCITY];
    l->velocity = (struct ratio){4, 5};
    return !velocity || arg_share(l->r, velocity, "a velocity", &l->velocity);
}

static bool start_line(struct line *l, struct reading *r, const struct form *f, struct ratio beats)
{
    uint32_t source;
    *l = (struct line){.r = r, .f = f, .at = f->start};
    return source_find(r, f->items[0], &source) && plan_make(r, f, source, &l->plan) &&
           read_step(l, beats) && read_gate(l) && read_velocity(l);
}

static bool after_steps(const struct line *l, const struct sx *sx, struct ratio steps,
                        struct moment *end)
{
    struct moment length;
    if (moment_scale(&l->step, steps, &length))
        return eval_later(l->r, sx, &l->at, &length, end);
    score_wrong(l->r, E_SCORE_TIME_RANGE, sx, "this length is too large or too fine");
    return false;
}

/* A quarter more, at most 1. */
static struct ratio accented(struct ratio velocity)
{
    struct ratio more;
    if (!ratio_multiply(velocity, (struct ratio){5, 4}, &more) ||
        ratio_compare(more, ratio_whole(1)) > 0)
        return ratio_whole(1);
    return more;
}

/* --- lines -------------------------------------------------------------------------------- */

/* c4, c4:2, c4!, c4!:1/2, c4:1/2!, . _ and so on, cut into its parts; :2 and ! alone are what
 * follows a chord. */
struct item {
    size_t length; /* of the pitch */
    bool accent;
    struct ratio steps;
};

static bool no_item(const struct line *l, const struct sx *sx)
{
    struct diag *d = score_wrong(l->r, E_SCORE_MUSIC, sx, "'%.60s' is no item of a line",
                                 sx->kind == SX_LIST ? "(...)" : sx->text);
    diag_help(&l->r->diags, d,
              "items are c4, c4:2 or c4:1/2, c4! with an accent, . for a rest, _ "
              "to hold, (c4 e4 g4) or (c4 e4 g4):2, | between bars");
    return false;
}

static bool read_steps(const struct line *l, const struct sx *sx, const char *text, size_t length,
                       struct ratio *steps)
{
    bool fits = true;
    if (ratio_read(text, length, steps, &fits) != length || length == 0)
        return no_item(l, sx);
    if (fits && steps->num > 0)
        return true;
    score_wrong(l->r, E_SCORE_LENGTH, sx,
                fits ? "a length of no steps" : "this length is too fine");
    return false;
}

static bool cut_parts(const struct line *l, const struct sx *sx, struct item *item)
{
    size_t end = sx->length;
    *item = (struct item){.steps = ratio_whole(1)};
    if (end > 0 && sx->text[end - 1] == '!') {
        item->accent = true;
        end--;
    }
    const char *colon = memchr(sx->text, ':', end);
    item->length = colon ? (size_t)(colon - sx->text) : end;
    if (colon && !read_steps(l, sx, colon + 1, end - item->length - 1, &item->steps))
        return false;
    if (item->length > 0 && sx->text[item->length - 1] == '!') {
        item->accent = true;
        item->length--;
    }
    return true;
}

static bool cut_item(const struct line *l, const struct sx *sx, struct item *item)
{
    return sx->kind == SX_LIST ? no_item(l, sx)
                               : cut_parts(l, sx, item) && (item->length > 0 || no_item(l, sx));
}

static bool is_mark(const struct sx *sx, char mark)
{
    return sx->kind != SX_LIST && sx->text[0] == mark && (!sx->text[1] || sx->text[1] == ':');
}

/* --- bars --------------------------------------------------------------------------------- */

static bool is_bar(const struct sx *sx)
{
    return sx->kind != SX_LIST && strcmp(sx->text, "|") == 0;
}

/* Bar lines are checked where the form around begins with a bar, and are counted from there. */
static void find_bar(struct line *l)
{
    const struct time_map *time = &l->r->time;
    const struct moment *around = &l->f->around;
    struct ratio length;
    l->barred = time->tempo_count > 0 && around->frames.num == 0 &&
                time_is_bar(time, around->beats) && time_bar(time, l->at.beats, &l->bar, &length);
}

static void wrong_bar(struct line *l, const struct sx *sx, struct ratio has, struct ratio wanted)
{
    struct diag *d =
        score_wrong(l->r, E_SCORE_BAR, sx, "this bar has %.6g beat%s, and %.6g %s wanted",
                    ratio_double(has), ratio_compare(has, ratio_whole(1)) ? "s" : "",
                    ratio_double(wanted), ratio_compare(wanted, ratio_whole(1)) ? "are" : "is");
    diag_help(&l->r->diags, d,
              "a beat is a quarter note; a step is a beat unless :step says how "
              "long it is");
    l->barred = false; /* what follows is off as well */
}

/* A bar line after so many steps from here. */
static void check_bar(struct line *l, const struct sx *sx, struct ratio steps)
{
    struct moment at;
    struct ratio begin, length, has;
    if (!l->barred || !after_steps(l, sx, steps, &at) || at.frames.num != 0 ||
        !time_bar(&l->r->time, at.beats, &begin, &length))
        return;
    if (ratio_compare(begin, at.beats) != 0 && ratio_subtract(at.beats, l->bar, &has))
        wrong_bar(l, sx, has, length);
    time_settle(&l->r->time, at.beats);
    l->bar = at.beats;
}

/* Adds the holds that follow, also those behind a bar line; the next item that is none is left in
 * *sx. */
static bool add_holds(struct line *l, const struct sx **sx, struct ratio *steps)
{
    struct item hold;
    for (; *sx && (is_bar(*sx) || is_mark(*sx, '_')); *sx = item_next(*sx)) {
        if (is_bar(*sx))
            check_bar(l, *sx, *steps);
        else if (!cut_item(l, *sx, &hold) || !ratio_add(*steps, hold.steps, steps))
            return false;
    }
    return true;
}

/* --- notes and chords --------------------------------------------------------------------- */

static bool strike(const struct line *l, const struct sx *sx, const struct item *item,
                   struct ratio steps)
{
    struct sounding sound;
    struct strike s = {.sx = sx, .start = l->at, .has_end = true, .has_pitch = true};
    s.has_velocity = true;
    s.velocity = item->accent ? accented(l->velocity) : l->velocity;
    if (!pitch_read(l->r, sx, sx->text, item->length, &s.pitch))
        return false;
    if (!ratio_multiply(steps, l->gate, &steps)) {
        score_wrong(l->r, E_SCORE_TIME_RANGE, sx, "this length is too fine");
        return false;
    }
    return after_steps(l, sx, steps, &s.end) && plan_strike(l->r, &l->plan, &s, &sound);
}

/* (c4 e4 g4)!:2 is read as a list and a word: the word, if it follows without a blank. */
static const struct sx *chord_suffix(const struct sx *chord)
{
    const struct sx *next = chord->next;
    if (!next || next->kind == SX_LIST || next->place.begin != chord->place.end)
        return NULL;
    bool length = next->text[0] == ':' && strspn(next->text + 1, "0123456789") > 0;
    return length || next->text[0] == '!' ? next : NULL;
}

static bool cut_suffix(const struct line *l, const struct sx *suffix, struct item *item)
{
    return cut_parts(l, suffix, item) && (item->length == 0 || no_item(l, suffix));
}

static bool chord_length(const struct line *l, const struct sx *chord, const struct sx *length,
                         struct ratio *steps)
{
    const struct sx *suffix = chord_suffix(chord);
    if (!length || length->kind == SX_LIST)
        return no_item(l, chord);
    if (!suffix || !strchr(suffix->text, ':'))
        return read_steps(l, length, length->text, length->length, steps);
    score_wrong(l->r, E_SCORE_OPTION, suffix, "the length is given twice");
    return false;
}

/* Its length and accent. */
static bool cut_chord(const struct line *l, const struct sx *chord, struct item *item)
{
    const struct sx *suffix = chord_suffix(chord);
    *item = (struct item){.steps = ratio_whole(1)};
    if (suffix && !cut_suffix(l, suffix, item))
        return false;
    for (const struct sx *sx = chord->first; sx; sx = sx->next)
        if (sx_is(sx, ":for"))
            return chord_length(l, chord, sx->next, &item->steps);
    return true;
}

static bool chord(const struct line *l, const struct sx *chord, bool accent, struct ratio steps)
{
    struct item item;
    for (const struct sx *sx = chord->first; sx; sx = sx->next) {
        if (sx_is(sx, ":for")) {
            sx = sx->next;
            continue;
        }
        if (!eval_step(l->r, sx) || !cut_item(l, sx, &item))
            return false;
        if (sx->length > item.length + item.accent)
            return no_item(l, sx);
        item.accent |= accent;
        if (!strike(l, sx, &item, steps))
            return false;
    }
    return true;
}

/* One item and the holds after it. *sx becomes the next one. False: the line is given up. */
static bool line_item(struct line *l, const struct sx **sx)
{
    struct item item;
    const struct sx *this = *sx, *suffix = NULL;
    bool rest = is_mark(this, '.'), list = this->kind == SX_LIST;
    if (is_bar(this)) {
        *sx = item_next(this);
        check_bar(l, this, ratio_whole(0));
        return true;
    }
    if (is_mark(this, '_')) {
        score_wrong(l->r, E_SCORE_MUSIC, this, "there is no note before this hold");
        return false;
    }
    if (!eval_step(l->r, this))
        return false;
    if (!(list ? cut_chord : cut_item)(l, this, &item))
        return false;
    if (list)
        suffix = chord_suffix(this);
    *sx = item_next(suffix ? suffix : this);
    struct ratio steps = item.steps;
    if (!rest && !add_holds(l, sx, &steps))
        return false;
    bool good = rest || (list ? chord(l, this, item.accent, steps) : strike(l, this, &item, steps));
    return after_steps(l, this, steps, &l->at) && good;
}

void do_line(struct reading *r, const struct form *f, struct moment *end)
{
    struct line l;
    if (!start_line(&l, r, f, ratio_whole(1)))
        return;
    find_bar(&l);
    for (const struct sx *sx = item_at(f, 1); sx && line_item(&l, &sx);)
        ;
    *end = l.at;
}

/* --- patterns ----------------------------------------------------------------------------- */

/* A sample rings out; a patch is held for its step; unless :for says otherwise. */
static bool hit_length(const struct line *l, struct strike *s)
{
    const struct sx *length = l->f->keys[KEY_FOR];
    s->has_end = length || l->r->score->sources[l->plan.source].program || l->f->keys[KEY_GATE];
    if (length)
        return arg_end(l->r, length, &l->at, false, &s->end);
    return !s->has_end || after_steps(l, l->f->items[1], l->gate, &s->end);
}

static bool hit(const struct line *l, char c)
{
    struct sounding sound;
    struct strike s = {.sx = l->f->sx, .start = l->at, .has_velocity = true};
    s.velocity = c == 'X' ? accented(l->velocity) : l->velocity;
    return hit_length(l, &s) && plan_strike(l->r, &l->plan, &s, &sound);
}

static bool bad_step(const struct line *l, const struct sx *sx, size_t i)
{
    struct diag *d = score_wrong(l->r, E_SCORE_MUSIC, sx, "'%c' is no step of a pattern",
                                 (unsigned char)sx->text[i] < 0x80 ? sx->text[i] : '?');
    diag_help(&l->r->diags, d,
              "the steps are x, X for an accent and . for a rest; blanks and | "
              "do not count");
    return false;
}

static bool pattern_step(struct line *l, const struct sx *sx, size_t i)
{
    char c = sx->text[i];
    if (c == ' ' || c == '|')
        return true;
    if (c != 'x' && c != 'X' && c != '.')
        return bad_step(l, sx, i);
    return eval_step(l->r, sx) && (c == '.' || hit(l, c)) &&
           after_steps(l, sx, ratio_whole(1), &l->at);
}

void do_pattern(struct reading *r, const struct form *f, struct moment *end)
{
    struct line l;
    const struct sx *steps = f->items[1];
    if (!start_line(&l, r, f, (struct ratio){1, 4}) || !arg_text(r, steps, "a pattern"))
        return;
    for (size_t i = 0; i < steps->length && pattern_step(&l, steps, i); i++)
        ;
    *end = l.at;
}
