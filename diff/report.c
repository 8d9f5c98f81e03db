#include "diff/report.h"
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SHOWN = 8, FEW = 24 };

const char *report_db(char *text, double factor)
{
    double db = 20.0 * log10(factor);
    if (factor <= 0.0)
        return "-inf dB";
    if (!(db - db == 0.0))
        return "beyond numbers";
    snprintf(text, FEW, "%.2f dB", db == 0.0 ? 0.0 : db);
    return text;
}

const char *report_channel(char *text, unsigned channel, unsigned channels)
{
    if (channels == 1)
        return "";
    snprintf(text, FEW, "channel %u", channel + 1);
    return channels > 2 ? text : channel == 0 ? "left" : "right";
}

/* ---- the verdict ---- */

static char *gain_text(struct work *w, double gain)
{
    char db[FEW];
    return arena_format(&w->arena, "%s%s%s", fabs(gain) > 1.0 ? "+" : "", report_db(db, fabs(gain)),
                        gain < 0.0 ? " upside down" : "");
}

/* One for all channels, or those that are none are left out. */
static char *gains(struct work *w, const struct verdict *v)
{
    const double *gain = v->map.gain;
    char name[FEW], *list = NULL;
    bool one = true;
    for (unsigned k = 1; k < v->channels; k++)
        one &= fabs(gain[k] - gain[0]) < 1e-4 * fabs(gain[0]);
    if (one)
        return arena_format(&w->arena, "a gain of %s", gain_text(w, gain[0]));
    for (unsigned k = 0; k < v->channels; k++)
        if (fabs(gain[k] - 1.0) > 1e-4)
            list = arena_format(&w->arena, "%s%s%s %s", list ? list : "", list ? ", " : "",
                                report_channel(name, k, v->channels), gain_text(w, gain[k]));
    return arena_format(&w->arena, "a gain: %s", list ? list : "none");
}

static char *offsets(struct work *w, const struct verdict *v)
{
    unsigned k = v->channels == 2 && fabs(v->map.offset[1]) > fabs(v->map.offset[0]);
    char name[FEW];
    return arena_format(&w->arena, "an offset of %.6f (%+.1f steps)%s%s", v->map.offset[k],
                        v->map.offset[k] / v->step, v->channels > 1 ? ", most in " : "",
                        report_channel(name, k, v->channels));
}

static char *polarity(struct work *w, const struct verdict *v)
{
    char name[FEW];
    unsigned inverted = 0, which = 0;
    for (unsigned k = 0; k < v->channels; k++) {
        if (v->map.gain[k] < 0.0) {
            inverted++;
            which = k;
        }
    }
    if (inverted == v->channels)
        return arena_format(&w->arena, "polarity: B is A upside down");
    return arena_format(&w->arena, "polarity: %s of B is upside down",
                        inverted == 1 ? report_channel(name, which, v->channels)
                                      : "more than one channel");
}

static char *shift(struct work *w, const struct verdict *v);
static char *kind_text(struct work *w, const struct comparison *c, enum difference kind);

/* Where, when it is only a part; and how alike the sounds are, never rounded up to 1. */
static char *new_sound(struct work *w, const struct comparison *c)
{
    const struct verdict *v = &c->verdict;
    const struct compared *f = &v->compared;
    double size = fabs(v->correlation), shown = trunc(v->correlation * 1e4) / 1e4;
    char where[80] = "";
    if (f->last - f->first + 1 < f->common / 10 * 9)
        snprintf(where, sizeof where, " in frames %" PRIu64 " to %" PRIu64, f->first + c->a->from,
                 f->last + c->a->from);
    if (isinf(f->largest))
        return arena_format(&w->arena, "a new sound%s, with values that are no numbers", where);
    return arena_format(&w->arena, "a new sound%s, %s A (correlation %.4f)", where,
                        size > 0.99  ? "much like"
                        : size > 0.7 ? "like"
                                     : "unlike",
                        shown);
}

/* "in frames 60000 to 83000 (1.250 s to 1.729 s): ..." */
static char *part_text(struct work *w, const struct comparison *c, const struct part *p)
{
    struct verdict v = c->verdict;
    struct comparison only = {.a = c->a, .b = c->b};
    uint64_t first = p->first + c->a->from, last = p->last + c->a->from;
    int64_t by = p->shift;
    char *what = NULL, left[FEW], db[FEW] = "";
    v.within = DIFF_SAME;
    v.map.shift = by;
    bool upside = true;
    for (unsigned k = 0; k < v.channels; k++) {
        v.map.gain[k] = p->gain[k];
        upside &= p->gain[k] == -1.0 || p->gain[k] == 1.0;
    }
    only.verdict = v;
    if (p->kind == PART_GAIN)
        what = kind_text(w, &only, upside ? DIFF_POLARITY : DIFF_GAIN);
    else if (p->kind == PART_LSB)
        what = kind_text(w, &only, DIFF_LSB);
    else if (p->kind == PART_SHIFT)
        what = shift(w, &v);
    else if (p->kind == PART_MOVED)
        what = arena_format(&w->arena, "something in A is %" PRId64 " frames %s in B",
                            by < 0 ? -by : by, by > 0 ? "later" : "earlier");
    else
        what = arena_format(&w->arena, p->kind == PART_A_SILENT   ? "A is silent"
                                       : p->kind == PART_B_SILENT ? "B is silent"
                                                                  : "a new sound");
    if (p->left > 0.0 && p->kind >= PART_GAIN)
        snprintf(db, sizeof db, "%s", report_db(left, p->left));
    return arena_format(&w->arena,
                        "in frames %" PRIu64 " to %" PRIu64 " (%.3f s to %.3f s): %s%s%s%s", first,
                        last, (double)first / v.rate, (double)last / v.rate, what,
                        *db ? "; what is left has " : "", db, *db ? " RMS" : "");
}

static char *kind_text(struct work *w, const struct comparison *c, enum difference kind)
{
    const struct verdict *v = &c->verdict;
    const struct compared *f = &v->compared;
    uint64_t a = c->sound_a.frames, b = c->sound_b.frames;
    char left[FEW];
    switch (kind) {
    case DIFF_SHAPE:
        return arena_format(&w->arena, "A has %d Hz and %u channel%s, B %d Hz and %u channel%s",
                            c->sound_a.rate, c->sound_a.channels,
                            c->sound_a.channels > 1 ? "s" : "", c->sound_b.rate,
                            c->sound_b.channels, c->sound_b.channels > 1 ? "s" : "");
    case DIFF_LENGTH:
        if (a == 0 || b == 0)
            return arena_format(&w->arena, "length: %s has no frames", a == 0 ? "A" : "B");
        return arena_format(&w->arena,
                            "length: %s goes on for %" PRIu64 " frames%s; all before is "
                            "the same",
                            b > a ? "B" : "A", b > a ? b - a : a - b,
                            f->surplus_peak == 0.0 ? " of silence" : "");
    case DIFF_SILENT:
        return arena_format(&w->arena, "%s is silent", f->peak_a == 0.0 ? "A" : "B");
    case DIFF_LSB:
        return arena_format(&w->arena, "LSB: no value by more than one step%s",
                            a != b ? ", and the lengths differ" : "");
    case DIFF_SMALL:
        return arena_format(&w->arena, "small: no value by more than %s",
                            report_db(left, f->largest));
    case DIFF_POLARITY:
        return polarity(w, v);
    case DIFF_SWAPPED:
        return arena_format(&w->arena, "left and right are swapped");
    case DIFF_GAIN:
        return gains(w, v);
    case DIFF_OFFSET:
        return offsets(w, v);
    case DIFF_LEVEL:
        return arena_format(&w->arena, "%s and %s", gains(w, v), offsets(w, v));
    case DIFF_SHIFT:
        return shift(w, v);
    case DIFF_INSIDE:
        return arena_format(&w->arena, "inside only: the sounds have the same bits, the ladders do "
                                       "not");
    case DIFF_HASH:
        return c->place.length && c->place.ticks == 0
                   ? arena_format(&w->arena, "length: %" PRIu64 " ticks against %" PRIu64,
                                  c->place.ticks_a, c->place.ticks_b)
                   : arena_format(&w->arena, "the hashes part in tick %" PRIu64, c->place.tick);
    case DIFF_PARTS:
        return v->parts.count > 1
                   ? arena_format(&w->arena, "in %zu parts, each explained below", v->parts.count)
                   : arena_format(&w->arena, "in a part: %s", part_text(w, c, &v->parts.list[0]));
    default:
        return new_sound(w, c);
    }
}

static char *shift(struct work *w, const struct verdict *v)
{
    int64_t by = v->map.shift;
    struct comparison only = {.verdict = *v};
    char *with = v->within == DIFF_SAME ? NULL : kind_text(w, &only, v->within);
    return arena_format(&w->arena, "shift: B is A %" PRId64 " frame%s %s%s%s", by < 0 ? -by : by,
                        by == 1 || by == -1 ? "" : "s", by > 0 ? "later" : "earlier",
                        with ? ", with " : "", with ? with : "");
}

char *report_verdict(struct work *w, const struct comparison *c)
{
    const struct verdict *v = &c->verdict;
    char db[FEW];
    if (v->tolerated)
        return arena_format(&w->arena, "same within the tolerance: nothing further than %s",
                            report_db(db, v->compared.largest));
    if (v->same)
        return arena_format(&w->arena, c->has_sounds && c->has_ladders
                                           ? "same: every bit of the sound and of the ladder"
                                       : c->has_sounds ? "same: every bit"
                                                       : "same: every hash");
    char *kind = kind_text(w, c, v->kind);
    return kind ? arena_format(&w->arena, "different: %s", kind) : NULL;
}

/* ---- the lines ---- */

struct page {
    struct work *w;
    const struct comparison *c;
    const char *indent;
    FILE *file;
};

#define LINE(p, label, ...)                                                                        \
    (fprintf((p)->file, "%s  %-9s ", (p)->indent, label), fprintf((p)->file, __VA_ARGS__),         \
     fputc('\n', (p)->file))

static void side_line(const struct page *p, const char *label, const struct side *side,
                      const struct sound *s)
{
    if (p->c->has_sounds)
        LINE(p, label, "%s: %d Hz, %u channel%s, %s, %.3f s (%" PRIu64 " frames)", side->name,
             s->rate, s->channels, s->channels > 1 ? "s" : "", s->format,
             (double)s->frames / s->rate, s->frames);
    else
        LINE(p, label, "%s", side->name);
}

/* As the file has it: whole steps, or a fraction. */
static const char *value_text(char *text, const struct sound *s, double x)
{
    if (s->bits)
        snprintf(text, FEW, "%.0f", x / s->step);
    else
        snprintf(text, FEW, "%.9g", x);
    return text;
}

static void value_line(const struct page *p, const char *label, const char *what, uint64_t frame,
                       unsigned channel, double a, double b)
{
    const struct comparison *c = p->c;
    char name[FEW], x[FEW], y[FEW], steps[60] = "";
    frame += c->a->from;
    if (c->sound_a.bits && c->sound_a.bits == c->sound_b.bits)
        snprintf(steps, sizeof steps, " of %.0f", 1.0 / c->sound_a.step);
    const char *side = report_channel(name, channel, c->verdict.channels);
    LINE(p, label, "%sframe %" PRIu64 " (%.6f s, tick %" PRIu64 ")%s%s: A %s, B %s%s", what, frame,
         (double)frame / c->verdict.rate, frame * 60 / (uint64_t)c->verdict.rate, *side ? ", " : "",
         side, value_text(x, &c->sound_a, a), value_text(y, &c->sound_b, b), steps);
}

static void sound_lines(const struct page *p)
{
    const struct compared *f = &p->c->verdict.compared;
    char db[FEW], what[60];
    if (f->differing == 0)
        return;
    value_line(p, "first", "", f->first, f->first_channel, f->first_a, f->first_b);
    snprintf(what, sizeof what, "%s at ", report_db(db, f->largest));
    value_line(p, "largest", what, f->largest_frame, f->largest_channel, f->largest_a,
               f->largest_b);
    LINE(p, "rms", "%s; %" PRIu64 " of %" PRIu64 " frames differ, the last is %" PRIu64,
         report_db(db, f->rms), f->differing, f->common, f->last + p->c->a->from);
    if (f->not_finite)
        LINE(p, "trouble", "%" PRIu64 " values are infinite or no numbers", f->not_finite);
    if (p->c->sound_a.frames != p->c->sound_b.frames)
        LINE(p, "length", "%" PRIu64 " frames against %" PRIu64, p->c->sound_a.frames,
             p->c->sound_b.frames);
}

static void evidence_line(const struct page *p)
{
    const struct verdict *v = &p->c->verdict;
    const struct residual *r = &v->residual;
    char db[FEW], left[80] = "the same bits";
    if (v->kind >= DIFF_NEW && fabs(v->best_correlation) > fabs(v->correlation) + 0.05)
        LINE(p, "shifted", "B is more like A %" PRId64 " frames %s (correlation %.4f)",
             v->best_shift < 0 ? -v->best_shift : v->best_shift,
             v->best_shift < 0 ? "earlier" : "later", v->best_correlation);
    if (v->kind < DIFF_POLARITY || v->kind > DIFF_SHIFT)
        return;
    if (r->largest > 0.0)
        snprintf(left, sizeof left, "within %.2f steps, what is left has %s RMS",
                 r->largest / v->step, report_db(db, r->rms));
    LINE(p, "evidence", "B, explained so, is %s over %" PRIu64 " frames", left, r->overlap);
    if (r->clipped)
        LINE(p, "", "(%" PRIu64 " values at full scale were left out)", r->clipped);
}

/* Where there is more than the verdict says. */
static void parts_lines(const struct page *p)
{
    const struct parts *parts = &p->c->verdict.parts;
    if (parts->count < 2)
        return;
    LINE(p, "parts", "%zu stretches differ, a tenth of a second apart or more", parts->count);
    for (size_t i = 0; i < parts->count && i < PARTS && (i + 1 < PARTS || parts->count <= PARTS);
         i++)
        LINE(p, "", "%s", part_text(p->w, p->c, &parts->list[i]));
}

static void list_line(const struct page *p, const char *label, const char *text,
                      const struct ladder_list *list, size_t from)
{
    if (list->count <= from)
        return;
    fprintf(p->file, "%s  %-9s %s", p->indent, label, text);
    for (size_t i = from; i < list->count && i < from + SHOWN; i++) {
        const char *node = strstr(list->names[i], "node.");
        fprintf(p->file, "%s%s", i > from ? ", " : "", node ? node + 5 : list->names[i]);
    }
    if (list->count > from + SHOWN)
        fprintf(p->file, " and %zu more", list->count - from - SHOWN);
    fputc('\n', p->file);
}

/* What the node had, or what the side that can be rendered has. */
static void values_lines(const struct page *p)
{
    const struct node_values *v = &p->c->values;
    double seconds = (double)v->frame / 48000.0;
    if (v->found) {
        LINE(p, "", "in frame %" PRIu64 " (%.6f s)%s", v->frame, seconds,
             v->other_ops ? ", computed by other operations" : "");
        for (size_t i = 0; i < v->count && i < VALUES_SHOWN; i++)
            LINE(p, "", "  %s: A %.9g, B %.9g", v->values[i].op, v->values[i].a, v->values[i].b);
        if (v->count > VALUES_SHOWN)
            LINE(p, "", "  and %zu more", v->count - VALUES_SHOWN);
    } else if (v->found_one) {
        LINE(p, "", "hash %s in A, %s in B", v->hash_a ? v->hash_a : "none",
             v->hash_b ? v->hash_b : "none");
        LINE(p, "", "in frame %" PRIu64 " (%.6f s) %s gives %s: %.9g", v->frame, seconds,
             v->one_is_a ? "A" : "B", v->values[0].op, v->values[0].a);
    }
}

static void node_lines(const struct page *p, const struct ladder_place *place)
{
    uint64_t tick = 0;
    const char *node = comparison_node(p->c, &tick);
    const char *in = p->c->where ? p->c->where : "";
    if (node) {
        const struct ladder_stretch *s = &p->c->stretch;
        if (s->known)
            LINE(p, "node", "%s of %s, in ticks %" PRIu64 " to %" PRIu64, node, in, s->first,
                 s->last);
        else
            LINE(p, "node", "%s%s%s, from tick %" PRIu64 " on", node, *in ? " of " : "", in, tick);
        values_lines(p);
        list_line(p, "", "after it: ", &place->nodes, 1);
    }
    if (!node && p->c->stretch.known && place->only_a.count + place->only_b.count == 0)
        LINE(p, "node", "none of %s: its volume, pan or pitch does, or what goes into it", in);
    list_line(p, node ? "" : "nodes", "only A has: ", &place->only_a, 0);
    list_line(p, node ? "" : "nodes", "only B has: ", &place->only_b, 0);
}

static void ladder_lines(const struct page *p)
{
    const struct comparison *c = p->c;
    const struct ladder_place *l = &c->place;
    if (!c->has_ladders || !l->differs)
        return;
    if (l->ticks && l->within)
        LINE(p, "tick", "none differs for a voice, a bus or the mix, but nodes do up to %" PRIu64,
             l->tick);
    else if (l->ticks)
        LINE(p, "tick", "%" PRIu64 " (%.6f s) is the first that differs; %" PRIu64 " do", l->tick,
             (double)l->tick / 60.0, l->ticks);
    if (l->length)
        LINE(p, "length", "%" PRIu64 " ticks against %" PRIu64, l->ticks_a, l->ticks_b);
    if (c->plays)
        LINE(p, "voice", "%s, which plays '%s'%s%s%s", c->where, c->plays, c->played ? " (" : "",
             c->played ? c->played : "", c->played ? ")" : "");
    else
        list_line(p, "place", "",
                  &(struct ladder_list){{(char *)(uintptr_t)c->where}, c->where != 0}, 0);
    list_line(p, "", "there too: ", &l->places, 1);
    if (l->ticks && l->places.count == 0 && l->mix && !l->out && l->nodes.count == 0)
        LINE(p, "place", "the mix");
    node_lines(p, c->has_inside ? &c->inside : l);
}

static double level(double power)
{
    return power > 0.0 ? 10.0 * log10(power) : -999.0;
}

static void level_text(char *text, double power)
{
    if (level(power) < -150.0)
        snprintf(text, FEW, "%9s", "-");
    else
        snprintf(text, FEW, "%9.1f", level(power));
}

/* To a tenth, and never -0. */
static double tenths(double x)
{
    return round(10.0 * x) / 10.0 + 0.0;
}

static void spectrum_lines(const struct page *p)
{
    const struct spectrum *s = &p->c->spectrum;
    if (!p->c->has_spectrum)
        return;
    LINE(p, "spectrum",
         "octave     A dB      B dB  B over A     B - A dB; B - A is strongest at "
         "%.0f Hz",
         s->peak);
    for (int i = 0; i < BANDS; i++) {
        char a[FEW], b[FEW], difference[FEW], over[FEW];
        if (level(s->a[i]) < -120.0 && level(s->b[i]) < -120.0)
            continue;
        level_text(a, s->a[i]);
        level_text(b, s->b[i]);
        level_text(difference, s->difference[i]);
        if (level(s->a[i]) < -150.0 || level(s->b[i]) < -150.0)
            snprintf(over, sizeof over, "%9s", "-");
        else
            snprintf(over, sizeof over, "%+9.1f", tenths(level(s->b[i]) - level(s->a[i])));
        LINE(p, "", "%5.0f %s %s %s    %s", s->centre[i], a, b, over, difference);
    }
}

void report_lines(struct work *w, const struct comparison *c, const char *indent, FILE *file)
{
    struct page p = {w, c, indent, file};
    side_line(&p, "A", c->a, &c->sound_a);
    side_line(&p, "B", c->b, &c->sound_b);
    if (c->has_sounds)
        sound_lines(&p);
    evidence_line(&p);
    parts_lines(&p);
    ladder_lines(&p);
    spectrum_lines(&p);
}

int report_text(struct work *w, const struct comparison *c, const char *indent, FILE *file)
{
    char *verdict = report_verdict(w, c);
    if (!verdict)
        return -1;
    fprintf(file, "%s%s\n", indent, verdict);
    if (!c->verdict.same || c->verdict.tolerated)
        report_lines(w, c, indent, file);
    return 0;
}
