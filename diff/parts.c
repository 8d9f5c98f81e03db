#include "diff/parts.h"
#include "diff/work.h"
#include <fftw3.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Frames that say something; frames of the correlation; values that are looked at closely. */
enum { LEAST = 64, WINDOW = 1 << 17, SIZE = 2 * WINDOW, PEAKS = 6, MOST_VALUES = 1 << 21 };

static double piece_a[SOUND_PIECE * SOUND_CHANNELS], piece_b[SOUND_PIECE * SOUND_CHANNELS];

/* ---- stretches ---- */

static void add_frame(struct parts *p, uint64_t frame, uint64_t gap)
{
    struct part *last = p->count ? &p->list[(p->count < PARTS ? p->count : PARTS) - 1] : NULL;
    if (last && frame - last->last < gap) {
        last->last = frame;
        return;
    }
    if (p->count++ < PARTS)
        p->list[p->count - 1] = (struct part){.first = frame, .last = frame};
    else
        p->list[PARTS - 1].last = frame; /* to know where the next begins; it is not described */
}

static bool frame_differs(const double *x, const double *y, unsigned channels)
{
    for (unsigned k = 0; k < channels; k++)
        if (!(x[k] == y[k]) && memcmp(&x[k], &y[k], sizeof *x) != 0)
            return true;
    return false;
}

static enum render_status find_stretches(struct sound *a, struct sound *b, struct parts *p,
                                         struct render_error *error)
{
    uint64_t shorter = a->frames < b->frames ? a->frames : b->frames;
    unsigned channels = a->channels;
    if (sound_seek(a, 0, error) != RENDER_OK || sound_seek(b, 0, error) != RENDER_OK)
        return error->status;
    for (uint64_t at = 0; at < shorter;) {
        size_t want = shorter - at < SOUND_PIECE ? (size_t)(shorter - at) : SOUND_PIECE;
        size_t n = sound_read(a, piece_a, want, error);
        size_t m = error->status == RENDER_OK ? sound_read(b, piece_b, want, error) : 0;
        if (error->status != RENDER_OK || work_go_on(error) != RENDER_OK || n != m || n == 0)
            return error->status;
        for (size_t i = 0; i < n; i++)
            if (frame_differs(piece_a + i * channels, piece_b + i * channels, channels))
                add_frame(p, at + i, (uint64_t)a->rate / 10);
        at += n;
    }
    return RENDER_OK;
}

/* ---- one stretch, in memory ---- */

struct stretch {
    struct part *part;
    double *a, *b, *moved; /* interleaved; what was moved */
    size_t frames, values;
    unsigned channels;
    int rate;
    double step;
    bool no_memory;
};

static enum render_status load(struct sound *s, uint64_t from, size_t frames, double *to,
                               struct render_error *error)
{
    size_t done = 0;
    if (sound_seek(s, from, error) != RENDER_OK)
        return error->status;
    for (size_t n = 1; done < frames && n > 0; done += n) {
        size_t want = frames - done < SOUND_PIECE ? frames - done : SOUND_PIECE;
        n = sound_read(s, to + done * s->channels, want, error);
        if (error->status != RENDER_OK || work_go_on(error) != RENDER_OK)
            return error->status;
    }
    for (size_t i = 0; i < frames * s->channels; i++)
        to[i] = i < done * s->channels && to[i] - to[i] == 0.0 ? to[i] : 0.0;
    return RENDER_OK;
}

static double rms(double square, size_t values)
{
    return values ? sqrt(square / (double)values) : 0.0;
}

static bool is_silent(const double *x, size_t values)
{
    for (size_t i = 0; i < values; i++)
        if (x[i] != 0.0)
            return false;
    return true;
}

static bool is_lsb(const struct stretch *s)
{
    double square = 0.0;
    struct part *p = s->part;
    p->largest = 0.0;
    for (size_t i = 0; i < s->values; i++) {
        double d = fabs(s->b[i] - s->a[i]);
        square += d * d;
        p->largest = d > p->largest ? d : p->largest;
    }
    p->left = rms(square, s->values);
    return p->largest <= s->step;
}

/* A gain for each channel, by least squares; every value within a step of it. */
static bool is_gain(const struct stretch *s)
{
    struct part *p = s->part;
    double xx[SOUND_CHANNELS] = {0}, xy[SOUND_CHANNELS] = {0}, square = 0.0, level = 0.0;
    for (size_t i = 0; i < s->values; i++) {
        xx[i % s->channels] += s->a[i] * s->a[i];
        xy[i % s->channels] += s->a[i] * s->b[i];
    }
    for (unsigned k = 0; k < s->channels; k++) {
        p->gain[k] = xx[k] > 0.0 ? xy[k] / xx[k] : 1.0;
        if (fabs(fabs(p->gain[k]) - 1.0) < 1e-3)
            p->gain[k] = p->gain[k] < 0.0 ? -1.0 : 1.0;
    }
    p->largest = 0.0;
    for (size_t i = 0; i < s->values; i++) {
        double gain = p->gain[i % s->channels], d = fabs(s->b[i] - gain * s->a[i]);
        if (d > s->step * (1.0 + fabs(gain)) / 2.0)
            return false;
        p->largest = d > p->largest ? d : p->largest;
        square += d * d;
        level += s->b[i] * s->b[i];
    }
    p->left = rms(square, s->values);
    p->level = rms(level, s->values);
    return s->frames >= LEAST && p->left <= 0.1 * p->level;
}

/* late[n + by] = early[n] for all n of the stretch but the last `by`. */
static bool is_shift(const struct stretch *s, const double *early, const double *late, size_t by)
{
    struct part *p = s->part;
    size_t values = (s->frames - by) * s->channels;
    double square = 0.0, level = 0.0, largest = 0.0;
    if (by >= s->frames / 2 || s->frames - by < LEAST)
        return false;
    for (size_t i = 0; i < values; i++) {
        double d = fabs(late[i + by * s->channels] - early[i]);
        if (d > s->step)
            return false;
        largest = d > largest ? d : largest;
        square += d * d;
        level += early[i] * early[i];
    }
    p->left = rms(square, values);
    p->level = rms(level, values);
    p->largest = largest;
    return p->left <= 0.1 * p->level;
}

/* What is moved is one thing: silent for `by` frames, it is over. So a tone of another phase is not
 * taken for bursts that were moved, which it might be. */
static bool is_one(const struct stretch *s, size_t lag, double limit)
{
    bool over = false;
    for (size_t at = 0; at < s->values; at += lag) {
        size_t end = s->values - at < lag ? s->values : at + lag;
        double square = 0.0;
        for (size_t i = at; i < end; i++)
            square += s->moved[i] * s->moved[i];
        bool silent = rms(square, end - at) <= limit;
        if (over && !silent)
            return false;
        over |= silent;
    }
    return true;
}

/* With x in A and, `by` frames later, in B: B - A = x[n - by] - x[n], so x follows from it frame by
 * frame, and must have ended `by` frames before the stretch does. Each frame adds the rounding of
 * two. What is left at the end is as likely for -x moved the other way: of the two, that counts of
 * which more is in A and B. */
static bool is_moved(struct stretch *s, size_t by)
{
    struct part *p = s->part;
    size_t lag = by * s->channels, end = s->values - lag;
    double square = 0.0, level = 0.0, later = 0.0, earlier = 0.0;
    if (by >= s->frames || by * 1000 < (size_t)s->rate)
        return false;
    for (size_t i = 0; i < s->values; i++)
        s->moved[i] = (i >= lag ? s->moved[i - lag] : 0.0) - (s->b[i] - s->a[i]);
    p->largest = 0.0;
    for (size_t i = end; i < s->values; i++) {
        double x = fabs(s->moved[i]);
        square += x * x;
        p->largest = x > p->largest ? x : p->largest;
    }
    for (size_t i = 0; i < end; i++) {
        double x = s->moved[i];
        level += x * x;
        later += x * (s->a[i] + s->b[i + lag]);
        earlier -= x * (s->b[i] + s->a[i + lag]);
    }
    p->left = rms(square, lag);
    p->level = rms(level, end);
    p->shift = later > earlier ? (int64_t)by : -(int64_t)by;
    double limit = 0.6 * s->step * sqrt((double)(s->frames / by + 2));
    return p->left <= limit && p->left * 30.0 <= p->level && is_one(s, lag, limit);
}

/* ---- by how much it may be moved ---- */

/* The difference is x less itself later, whose spectrum has notches: lags of the lowest values of
 * its cepstrum, where a step's rounding hides what is weak. */
static size_t find_lags(struct stretch *s, size_t lags[PEAKS])
{
    double *x = fftw_alloc_real(SIZE);
    fftw_complex *f = fftw_alloc_complex(SIZE / 2 + 1);
    size_t count = 0;
    s->no_memory = !x || !f;
    if (x && f) {
        fftw_plan there = fftw_plan_dft_r2c_1d(SIZE, x, f, FFTW_ESTIMATE);
        fftw_plan back = fftw_plan_dft_c2r_1d(SIZE, f, x, FFTW_ESTIMATE);
        memset(x, 0, SIZE * sizeof *x);
        for (size_t i = 0; i < s->frames && i < WINDOW; i++)
            for (unsigned k = 0; k < s->channels; k++)
                x[i] += (s->b[i * s->channels + k] - s->a[i * s->channels + k]) * (k ? 0.7 : 1.0);
        fftw_execute(there);
        for (size_t i = 0; i <= SIZE / 2; i++) {
            f[i][0] = log(f[i][0] * f[i][0] + f[i][1] * f[i][1] +
                          0.5 * s->step * s->step * (double)s->frames);
            f[i][1] = 0.0;
        }
        fftw_execute(back);
        for (count = 0; count < PEAKS; count++) {
            size_t best = 1;
            for (size_t i = 1; i < WINDOW; i++)
                best = x[i] < x[best] ? i : best;
            lags[count] = best;
            x[best] = 0.0;
        }
        fftw_destroy_plan(there);
        fftw_destroy_plan(back);
    }
    fftw_free(x);
    fftw_free(f);
    return count;
}

static enum part_kind find_shift(struct stretch *s)
{
    size_t lags[PEAKS], count = find_lags(s, lags);
    for (size_t i = 0; i < count; i++) {
        bool later = is_shift(s, s->a, s->b, lags[i]);
        if (later || is_shift(s, s->b, s->a, lags[i])) {
            s->part->shift = later ? (int64_t)lags[i] : -(int64_t)lags[i];
            return PART_SHIFT;
        }
    }
    for (size_t i = 0; i < count; i++)
        if (is_moved(s, lags[i]))
            return PART_MOVED;
    return PART_NEW;
}

static enum part_kind kind_of(struct stretch *s)
{
    if (is_lsb(s))
        return PART_LSB;
    if (is_silent(s->a, s->values))
        return PART_A_SILENT;
    if (is_silent(s->b, s->values))
        return PART_B_SILENT;
    return is_gain(s) ? PART_GAIN : find_shift(s);
}

static enum render_status describe(struct sound *a, struct sound *b, double step, struct part *p,
                                   struct render_error *error)
{
    struct stretch s = {.part = p, .channels = a->channels, .rate = a->rate, .step = step};
    uint64_t frames = p->last - p->first + 1;
    if (frames > MOST_VALUES / a->channels)
        return RENDER_OK;
    s.frames = (size_t)frames;
    s.values = s.frames * s.channels;
    s.a = malloc(s.values * sizeof *s.a);
    s.b = malloc(s.values * sizeof *s.b);
    s.moved = malloc(s.values * sizeof *s.moved);
    enum render_status status = s.a && s.b && s.moved ? RENDER_OK : work_no_memory(error);
    if (status == RENDER_OK)
        status = load(a, p->first, s.frames, s.a, error);
    if (status == RENDER_OK)
        status = load(b, p->first, s.frames, s.b, error);
    if (status == RENDER_OK)
        p->kind = kind_of(&s);
    if (s.no_memory)
        status = work_no_memory(error);
    free(s.a);
    free(s.b);
    free(s.moved);
    return status;
}

enum render_status parts_find(struct sound *a, struct sound *b, double step, struct parts *p,
                              struct render_error *error)
{
    *p = (struct parts){.count = 0};
    error->status = RENDER_OK;
    enum render_status status = find_stretches(a, b, p, error);
    p->explained = p->count > 0 && p->count <= PARTS;
    for (size_t i = 0; i < p->count && i < PARTS && status == RENDER_OK; i++) {
        if (i + 1 < PARTS || p->count <= PARTS) /* the end of the last is not its own otherwise */
            status = describe(a, b, step, &p->list[i], error);
        p->explained &= p->list[i].kind != PART_NEW;
    }
    return status;
}
