#include "diff/verdict.h"
#include "text/number.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { CANDIDATES = 40, TOLERANCE_TEXT = 200 };

const char *difference_word(enum difference kind)
{
    static const char *const words[] = {
        [DIFF_SAME] = "same",         [DIFF_SHAPE] = "shape",       [DIFF_LENGTH] = "length",
        [DIFF_SILENT] = "silent",     [DIFF_LSB] = "lsb",           [DIFF_SMALL] = "small",
        [DIFF_POLARITY] = "polarity", [DIFF_SWAPPED] = "swapped",   [DIFF_GAIN] = "gain",
        [DIFF_OFFSET] = "offset",     [DIFF_LEVEL] = "gain+offset", [DIFF_SHIFT] = "shift",
        [DIFF_INSIDE] = "inside",     [DIFF_HASH] = "hash",         [DIFF_NEW] = "new sound",
        [DIFF_PARTS] = "parts"};
    return words[kind];
}

/* ---- tolerance ---- */

static int read_db(const char *text, double *factor)
{
    struct number number;
    if (number_read_in(text, strlen(text), "db", &number) != NUMBER_OK)
        return -1;
    if (number.unit != NUMBER_DB && number.unit != NUMBER_BARE)
        return -1;
    *factor = number.value;
    return *factor > 0.0 && *factor <= 1.0 ? 0 : -1;
}

static int read_steps(const char *text, double *steps)
{
    char *end;
    long value = strtol(text, &end, 10);
    *steps = (double)value;
    return text[0] >= '0' && text[0] <= '9' && !*end && value <= 1000000 ? 0 : -1;
}

int tolerance_read(const char *text, struct tolerance *t)
{
    char list[TOLERANCE_TEXT];
    *t = (struct tolerance){true, INFINITY, INFINITY, INFINITY};
    if (strlen(text) >= sizeof list || !*text)
        return -1;
    memcpy(list, text, strlen(text) + 1);
    for (char *item = strtok(list, ","); item; item = strtok(NULL, ",")) {
        int failed = strncmp(item, "rms:", 4) == 0   ? read_db(item + 4, &t->rms)
                     : strncmp(item, "lsb:", 4) == 0 ? read_steps(item + 4, &t->steps)
                                                     : read_db(item, &t->largest);
        if (failed)
            return -1;
    }
    return 0;
}

/* A hair for the rounding of a difference of doubles. */
static bool tolerates(const struct tolerance *t, const struct verdict *v)
{
    const struct compared *c = &v->compared;
    double hair = 1.0 + 1e-12;
    return t && t->given && c->largest <= t->largest * hair && c->rms <= t->rms * hair &&
           c->largest <= t->steps * v->step * hair;
}

/* ---- kinds ---- */

struct search {
    struct sound *a, *b;
    struct verdict *v;
    struct render_error *error;
};

/* Does the mapping explain b? Then it becomes the verdict. What it leaves must be far below the
 * sound, and the overlap most of both. */
static bool explains(struct search *s, const struct mapping *map, double allowed)
{
    struct residual r;
    if (mapping_check(s->a, s->b, map, allowed, &r, s->error) != RENDER_OK)
        return false;
    uint64_t shorter = s->a->frames < s->b->frames ? s->a->frames : s->b->frames;
    bool enough = r.holds && r.overlap * 2 >= shorter && r.rms <= 0.1 * r.level &&
                  r.level >= 0.5 * s->v->compared.rms_b;
    if (enough) {
        s->v->map = *map;
        s->v->residual = r;
    }
    return enough;
}

static struct mapping plain(int64_t shift, bool swapped, double gain)
{
    struct mapping map = {.shift = shift, .swapped = swapped};
    for (unsigned k = 0; k < SOUND_CHANNELS; k++)
        map.gain[k] = gain;
    return map;
}

/* Gains near 1 and -1 are taken for these, if that explains it: DIFF_SAME for all 1. */
static enum difference round_gains(struct mapping *map, unsigned channels)
{
    enum difference kind = DIFF_SAME;
    for (unsigned k = 0; k < channels; k++) {
        if (fabs(fabs(map->gain[k]) - 1.0) > 1e-3)
            return DIFF_GAIN;
        map->gain[k] = map->gain[k] < 0.0 ? -1.0 : 1.0;
        kind = map->gain[k] < 0.0 ? DIFF_POLARITY : kind;
    }
    return kind;
}

static bool offset_matters(const struct mapping *map, const struct verdict *v)
{
    for (unsigned k = 0; k < v->channels; k++)
        if (fabs(map->offset[k]) > 0.5 * v->step)
            return true;
    return false;
}

/* What explains b at a shift: *kind, DIFF_SAME for nothing but the shift and swap; DIFF_NEW when
 * nothing does. */
static enum render_status explain(struct search *s, int64_t shift, bool swapped,
                                  enum difference *kind)
{
    struct verdict *v = s->v;
    struct mapping gain = plain(shift, swapped, 1.0), even, offset = gain, both = gain;
    double likely = shift ? 0.9 : 0.1; /* of a correlation, to look for an offset, too */
    gain.hasty = shift != 0;
    struct residual r;
    *kind = DIFF_NEW;
    even = plain(shift, swapped, 1.0);
    if (explains(s, &even, v->step))
        *kind = DIFF_SAME;
    if (s->error->status != RENDER_OK || *kind != DIFF_NEW)
        return s->error->status;
    if (mapping_fit(s->a, s->b, &gain, MAP_GAIN, &r, s->error) != RENDER_OK)
        return s->error->status;
    if (shift == 0)
        v->correlation = r.correlation;
    uint64_t shorter = s->a->frames < s->b->frames ? s->a->frames : s->b->frames;
    if (fabs(r.correlation) > fabs(v->best_correlation) && r.overlap >= shorter / 4 * 3) {
        v->best_correlation = r.correlation;
        v->best_shift = shift;
    }
    even = gain;
    enum difference near = round_gains(&even, v->channels);
    if (near == DIFF_POLARITY && explains(s, &even, v->step))
        *kind = DIFF_POLARITY;
    else if (s->error->status == RENDER_OK && explains(s, &gain, v->step))
        *kind = DIFF_GAIN;
    if (s->error->status != RENDER_OK || *kind != DIFF_NEW || fabs(r.correlation) < likely)
        return s->error->status;
    if (mapping_fit(s->a, s->b, &offset, MAP_OFFSET, &r, s->error) == RENDER_OK &&
        offset_matters(&offset, v) && explains(s, &offset, v->step))
        *kind = DIFF_OFFSET;
    else if (s->error->status == RENDER_OK &&
             mapping_fit(s->a, s->b, &both, MAP_BOTH, &r, s->error) == RENDER_OK &&
             offset_matters(&both, v) && explains(s, &both, v->step))
        *kind = DIFF_LEVEL;
    return s->error->status;
}

static enum render_status find_shift(struct search *s)
{
    int64_t shifts[CANDIDATES];
    size_t count = 0;
    enum render_status status = shift_candidates(s->a, s->b, shifts, CANDIDATES, &count, s->error);
    for (size_t i = 0; i < count && status == RENDER_OK; i++) {
        enum difference kind;
        status = explain(s, shifts[i], false, &kind);
        if (status == RENDER_OK && kind != DIFF_NEW) {
            s->v->kind = DIFF_SHIFT;
            s->v->within = kind;
            return RENDER_OK;
        }
    }
    return status;
}

static enum render_status find_kind(struct search *s)
{
    struct verdict *v = s->v;
    enum difference kind;
    enum render_status status = explain(s, 0, false, &kind);
    if (status != RENDER_OK || kind != DIFF_NEW) {
        v->kind = kind;
        return status;
    }
    struct mapping swapped = plain(0, true, 1.0);
    if (v->channels == 2 && explains(s, &swapped, v->step))
        v->kind = DIFF_SWAPPED;
    return s->error->status == RENDER_OK && v->kind == DIFF_NEW ? find_shift(s) : s->error->status;
}

/* Half a step of 16 bits, and next to nothing of the sounds themselves. */
static bool is_small(const struct compared *c)
{
    double peak = c->peak_a < c->peak_b ? c->peak_a : c->peak_b;
    return c->not_finite == 0 && c->largest <= 0x1p-16 && c->largest <= peak * 0x1p-10;
}

enum render_status verdict_of_sounds(struct sound *a, struct sound *b, const struct tolerance *t,
                                     struct verdict *v, struct render_error *error)
{
    struct search s = {a, b, v, error};
    struct compared *c = &v->compared;
    *v = (struct verdict){.kind = DIFF_NEW, .channels = a->channels, .rate = a->rate};
    v->step = a->step > b->step ? a->step : b->step;
    v->lenient = t && t->given;
    error->status = RENDER_OK;
    if (a->channels != b->channels || a->rate != b->rate) {
        v->kind = DIFF_SHAPE;
        return RENDER_OK;
    }
    if (compare_sounds(a, b, c, error) != RENDER_OK)
        return error->status;
    v->same = c->differing == 0 && a->frames == b->frames;
    enum render_status status = RENDER_OK;
    if (v->same)
        v->kind = DIFF_SAME;
    else if (c->differing == 0)
        v->kind = DIFF_LENGTH;
    else if (c->peak_a == 0.0 || c->peak_b == 0.0)
        v->kind = DIFF_SILENT;
    else if (c->largest <= v->step && a->frames == b->frames)
        v->kind = DIFF_LSB;
    else
        status = find_kind(&s);
    if (v->kind == DIFF_NEW && a->frames == b->frames && is_small(c))
        v->kind = DIFF_SMALL;
    if (status == RENDER_OK && v->kind == DIFF_NEW && c->not_finite == 0)
        status = parts_find(a, b, v->step, &v->parts, error);
    if (v->parts.explained)
        v->kind = DIFF_PARTS;
    if (v->kind == DIFF_SAME && !v->same) /* within a step, and of other lengths */
        v->kind = DIFF_LSB;
    v->tolerated = !v->same && a->frames == b->frames && tolerates(t, v);
    v->same = v->same || v->tolerated;
    return status;
}
