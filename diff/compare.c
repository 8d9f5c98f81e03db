#include "diff/compare.h"
#include "diff/work.h"
#include <math.h>
#include <string.h>

enum { HASTE = 48000 };

struct piece {
    double a[SOUND_PIECE * SOUND_CHANNELS], b[SOUND_PIECE * SOUND_CHANNELS];
};

static struct piece piece; /* one comparison at a time; too large for a stack */

static bool finite_value(double x)
{
    return x - x == 0.0;
}

/* As bits, so that a NaN equals itself; -0 and 0 are one value. */
static bool equal(double x, double y)
{
    return x == y || memcmp(&x, &y, sizeof x) == 0;
}

struct sums {
    double square, a, b;
    uint64_t values;
};

static void take_level(struct compared *c, double *peak, double *square, const double *x, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (!finite_value(x[i])) {
            c->not_finite++;
            continue;
        }
        *peak = fabs(x[i]) > *peak ? fabs(x[i]) : *peak;
        *square += x[i] * x[i];
    }
}

static void take_difference(struct compared *c, struct sums *s, uint64_t frame, unsigned channel,
                            double x, double y)
{
    double d = fabs(y - x);
    if (c->largest < 0.0 && c->differing == 0) {
        c->first = frame;
        c->first_channel = channel;
        c->first_a = x;
        c->first_b = y;
    }
    c->last = frame;
    if (!finite_value(d))
        d = INFINITY;
    s->square += d * d;
    if (d > c->largest) {
        c->largest = d;
        c->largest_frame = frame;
        c->largest_channel = channel;
        c->largest_a = x;
        c->largest_b = y;
    }
}

static void take_frames(struct compared *c, struct sums *s, unsigned channels, size_t frames)
{
    for (size_t i = 0; i < frames; i++) {
        const double *x = piece.a + i * channels, *y = piece.b + i * channels;
        bool differs = false;
        for (unsigned k = 0; k < channels; k++) {
            if (equal(x[k], y[k]))
                continue;
            take_difference(c, s, c->common + i, k, x[k], y[k]);
            differs = true;
        }
        c->differing += differs;
    }
}

/* What one of them has beyond the end of the other. */
static enum render_status take_surplus(struct compared *c, struct sound *of, double *peak,
                                       double *square, struct render_error *error)
{
    for (size_t n; (n = sound_read(of, piece.a, SOUND_PIECE, error)) > 0;) {
        take_level(c, &c->surplus_peak, square, piece.a, n * of->channels);
        if (work_go_on(error) != RENDER_OK)
            return error->status;
    }
    *peak = c->surplus_peak > *peak ? c->surplus_peak : *peak;
    return error->status;
}

static double root_mean(double square, double values)
{
    return values > 0.0 ? sqrt(square / values) : 0.0;
}

enum render_status compare_sounds(struct sound *a, struct sound *b, struct compared *c,
                                  struct render_error *error)
{
    struct sums s = {0};
    unsigned channels = a->channels;
    *c = (struct compared){.largest = -1.0};
    if (sound_seek(a, 0, error) != RENDER_OK || sound_seek(b, 0, error) != RENDER_OK)
        return error->status;
    uint64_t shorter = a->frames < b->frames ? a->frames : b->frames;
    while (c->common < shorter) {
        size_t want =
            shorter - c->common < SOUND_PIECE ? (size_t)(shorter - c->common) : SOUND_PIECE;
        size_t n = sound_read(a, piece.a, want, error);
        size_t m = error->status == RENDER_OK ? sound_read(b, piece.b, want, error) : 0;
        if (error->status != RENDER_OK || work_go_on(error) != RENDER_OK)
            return error->status;
        if (n != want || m != want)
            return render_fail(error, RENDER_TROUBLE, "%s: cannot read: it is cut short",
                               n != want ? a->name : b->name);
        take_level(c, &c->peak_a, &s.a, piece.a, n * channels);
        take_level(c, &c->peak_b, &s.b, piece.b, n * channels);
        take_frames(c, &s, channels, n);
        c->common += n;
    }
    c->rms = root_mean(s.square, (double)c->common * channels);
    if (take_surplus(c, a, &c->peak_a, &s.a, error) != RENDER_OK ||
        take_surplus(c, b, &c->peak_b, &s.b, error) != RENDER_OK)
        return error->status;
    c->rms_a = root_mean(s.a, (double)a->frames * channels);
    c->rms_b = root_mean(s.b, (double)b->frames * channels);
    return RENDER_OK;
}

/* ---- mappings ---- */

struct overlap {
    uint64_t begin_a, begin_b, frames;
};

static struct overlap overlap_of(const struct sound *a, const struct sound *b, int64_t shift)
{
    struct overlap o = {shift < 0 ? (uint64_t)-shift : 0, shift > 0 ? (uint64_t)shift : 0, 0};
    if (o.begin_a < a->frames && o.begin_b < b->frames) {
        uint64_t left_a = a->frames - o.begin_a, left_b = b->frames - o.begin_b;
        o.frames = left_a < left_b ? left_a : left_b;
    }
    return o;
}

static enum render_status begin(struct sound *a, struct sound *b, const struct overlap *o,
                                struct render_error *error)
{
    if (sound_seek(a, o->begin_a, error) != RENDER_OK)
        return error->status;
    return sound_seek(b, o->begin_b, error);
}

/* The frames at `done` of the overlap; 0: an error. */
static size_t next(struct sound *a, struct sound *b, const struct overlap *o, uint64_t done,
                   struct render_error *error)
{
    size_t want = o->frames - done < SOUND_PIECE ? (size_t)(o->frames - done) : SOUND_PIECE;
    size_t n = sound_read(a, piece.a, want, error);
    size_t m = error->status == RENDER_OK ? sound_read(b, piece.b, want, error) : 0;
    if (error->status != RENDER_OK || work_go_on(error) != RENDER_OK)
        return 0;
    if (n == want && m == want)
        return n;
    render_fail(error, RENDER_TROUBLE, "%s: cannot read: it is cut short",
                n != want ? a->name : b->name);
    return 0;
}

/* Of one channel. */
struct moments {
    double n, x, y, xx, yy, xy;
};

/* Where values of whole numbers may be clipped. */
static double full_scale(const struct sound *a, const struct sound *b)
{
    double step = a->step > b->step ? a->step : b->step;
    return a->bits || b->bits ? 1.0 - 1.5 * step : INFINITY;
}

static void take_moments(struct moments *m, const struct mapping *map, unsigned channels,
                         size_t frames, double full)
{
    for (size_t i = 0; i < frames * channels; i++) {
        unsigned k = (unsigned)(i % channels);
        double x = piece.a[i], y = piece.b[map->swapped ? i - k + (k ^ 1) : i];
        if (!finite_value(x) || !finite_value(y) || fabs(x) >= full || fabs(y) >= full)
            continue;
        m[k].n += 1.0;
        m[k].x += x;
        m[k].y += y;
        m[k].xx += x * x;
        m[k].yy += y * y;
        m[k].xy += x * y;
    }
}

static void solve(struct mapping *map, unsigned k, const struct moments *m, enum mapping_kind kind)
{
    double n = m->n > 0.0 ? m->n : 1.0;
    double spread = m->xx - m->x * m->x / n;
    map->gain[k] = 1.0;
    map->offset[k] = 0.0;
    if (kind == MAP_GAIN && m->xx > 0.0)
        map->gain[k] = m->xy / m->xx;
    if (kind == MAP_BOTH && spread > 0.0)
        map->gain[k] = (m->xy - m->x * m->y / n) / spread;
    if (kind != MAP_GAIN)
        map->offset[k] = (m->y - map->gain[k] * m->x) / n;
}

/* No correlation to speak of. */
static bool unlike(const struct moments *m, unsigned channels)
{
    struct moments all = {0};
    for (unsigned k = 0; k < channels; k++) {
        all.xx += m[k].xx;
        all.yy += m[k].yy;
        all.xy += fabs(m[k].xy);
    }
    return all.xx > 0.0 && all.yy > 0.0 && all.xy < 0.9 * sqrt(all.xx * all.yy);
}

enum render_status mapping_fit(struct sound *a, struct sound *b, struct mapping *map,
                               enum mapping_kind kind, struct residual *r,
                               struct render_error *error)
{
    struct moments m[SOUND_CHANNELS] = {{0}}, all = {0};
    struct overlap o = overlap_of(a, b, map->shift);
    double full = full_scale(a, b);
    *r = (struct residual){.overlap = o.frames};
    if (begin(a, b, &o, error) != RENDER_OK)
        return error->status;
    for (uint64_t done = 0, n; done < o.frames; done += n) {
        n = next(a, b, &o, done, error);
        if (n == 0)
            return error->status;
        take_moments(m, map, a->channels, (size_t)n, full);
        if (map->hasty && done >= HASTE && unlike(m, a->channels))
            break;
    }
    for (unsigned k = 0; k < a->channels; k++) {
        solve(map, k, &m[k], kind);
        all.n += m[k].n;
        all.xx += m[k].xx;
        all.yy += m[k].yy;
        all.xy += m[k].xy;
    }
    r->level = root_mean(all.yy, all.n);
    r->correlation = all.xx > 0.0 && all.yy > 0.0 ? all.xy / sqrt(all.xx * all.yy) : 0.0;
    return RENDER_OK;
}

struct limits {
    double allowed, full;
};

/* False: a value is too far. */
static bool take_residual(struct residual *r, const struct mapping *map, unsigned channels,
                          size_t frames, struct limits limits, double *square, double *level)
{
    for (size_t i = 0; i < frames * channels; i++) {
        unsigned k = (unsigned)(i % channels);
        double x = piece.a[i], y = piece.b[map->swapped ? i - k + (k ^ 1) : i];
        double d = fabs(y - (map->gain[k] * x + map->offset[k]));
        bool plain = map->gain[k] == 1.0 && map->offset[k] == 0.0;
        r->values++;
        if (plain && equal(x, y))
            d = 0.0;
        else if (!plain && (fabs(x) >= limits.full || fabs(y) >= limits.full)) {
            r->clipped++;
            continue;
        }
        if (!(d <= limits.allowed * (1.0 + fabs(map->gain[k])) / 2.0))
            return false;
        r->exact += d == 0.0;
        r->largest = d > r->largest ? d : r->largest;
        *square += d * d;
        *level += y * y;
    }
    return true;
}

enum render_status mapping_check(struct sound *a, struct sound *b, const struct mapping *map,
                                 double allowed, struct residual *r, struct render_error *error)
{
    struct overlap o = overlap_of(a, b, map->shift);
    double square = 0.0, level = 0.0;
    struct limits limits = {allowed, full_scale(a, b)};
    *r = (struct residual){.overlap = o.frames};
    if (begin(a, b, &o, error) != RENDER_OK)
        return error->status;
    for (uint64_t done = 0, n; done < o.frames; done += n) {
        n = next(a, b, &o, done, error);
        if (n == 0)
            return error->status;
        if (!take_residual(r, map, a->channels, (size_t)n, limits, &square, &level))
            return RENDER_OK;
    }
    r->rms = root_mean(square, (double)(r->values - r->clipped));
    r->level = root_mean(level, (double)(r->values - r->clipped));
    r->holds = r->values > r->clipped;
    return RENDER_OK;
}
