#include "diff/compare.h"
#include "diff/work.h"
#include <fftw3.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { WINDOW = 1 << 18, SIZE = 2 * WINDOW, BINS = SIZE / 2 + 1, PEAKS = 8, NEAR = 4 };

static double piece[SOUND_PIECE * SOUND_CHANNELS];

/* The first frame that is not silent, or the number of frames. */
static enum render_status onset(struct sound *s, uint64_t *frame, struct render_error *error)
{
    uint64_t at = 0;
    if (sound_seek(s, 0, error) != RENDER_OK)
        return error->status;
    for (size_t n; (n = sound_read(s, piece, SOUND_PIECE, error)) > 0; at += n) {
        for (size_t i = 0; i < n * s->channels; i++) {
            if (piece[i] != 0.0) {
                *frame = at + i / s->channels;
                return RENDER_OK;
            }
        }
        if (work_go_on(error) != RENDER_OK)
            return error->status;
    }
    *frame = at;
    return error->status;
}

struct correlator {
    double *a, *b, *sum, *white;
    fftw_complex *fa, *fb, *total, *whitened;
};

static enum render_status take_window(struct sound *s, uint64_t begin, unsigned channel, double *to,
                                      struct render_error *error)
{
    size_t at = 0;
    memset(to, 0, SIZE * sizeof *to);
    if (sound_seek(s, begin, error) != RENDER_OK)
        return error->status;
    for (size_t n; at < WINDOW && (n = sound_read(s, piece, SOUND_PIECE, error)) > 0; at += n)
        for (size_t i = 0; i < n; i++) {
            double x = piece[i * s->channels + channel];
            to[at + i] = x - x == 0.0 ? x : 0.0;
        }
    return error->status;
}

/* Adds conj(A) B of a channel. */
static void multiply(struct correlator *c)
{
    for (size_t i = 0; i < BINS; i++) {
        double re = c->fa[i][0] * c->fb[i][0] + c->fa[i][1] * c->fb[i][1];
        double im = c->fa[i][0] * c->fb[i][1] - c->fa[i][1] * c->fb[i][0];
        c->total[i][0] += re;
        c->total[i][1] += im;
    }
}

static void whiten(struct correlator *c)
{
    for (size_t i = 0; i < BINS; i++) {
        double size = hypot(c->total[i][0], c->total[i][1]);
        c->whitened[i][0] = size > 0.0 ? c->total[i][0] / size : 0.0;
        c->whitened[i][1] = size > 0.0 ? c->total[i][1] / size : 0.0;
    }
}

static enum render_status correlate(struct correlator *c, struct sound *a, struct sound *b,
                                    uint64_t begin, struct render_error *error)
{
    fftw_plan there = fftw_plan_dft_r2c_1d(SIZE, c->a, c->fa, FFTW_ESTIMATE);
    fftw_plan here = fftw_plan_dft_r2c_1d(SIZE, c->b, c->fb, FFTW_ESTIMATE);
    fftw_plan back = fftw_plan_dft_c2r_1d(SIZE, c->total, c->sum, FFTW_ESTIMATE);
    fftw_plan white = fftw_plan_dft_c2r_1d(SIZE, c->whitened, c->white, FFTW_ESTIMATE);
    memset(c->total, 0, BINS * sizeof *c->total);
    enum render_status status = RENDER_OK;
    for (unsigned k = 0; k < a->channels && k < 2 && status == RENDER_OK; k++) {
        status = take_window(a, begin, k, c->a, error);
        if (status == RENDER_OK)
            status = take_window(b, begin, k, c->b, error);
        fftw_execute(there);
        fftw_execute(here);
        multiply(c);
    }
    whiten(c);
    fftw_execute(white);
    fftw_execute(back);
    fftw_destroy_plan(there);
    fftw_destroy_plan(here);
    fftw_destroy_plan(back);
    fftw_destroy_plan(white);
    return status;
}

struct list {
    int64_t *shifts;
    size_t count, most;
};

static void add(struct list *l, int64_t shift)
{
    for (size_t i = 0; i < l->count; i++)
        if (l->shifts[i] == shift)
            return;
    if (shift != 0 && l->count < l->most)
        l->shifts[l->count++] = shift;
}

/* The largest values, of either sign; what is near one is taken with it. */
static void add_peaks(struct list *l, double *values)
{
    for (int peak = 0; peak < PEAKS; peak++) {
        size_t best = 0;
        for (size_t i = 1; i < SIZE; i++)
            if (fabs(values[i]) > fabs(values[best]))
                best = i;
        int64_t shift = best < WINDOW ? (int64_t)best : (int64_t)best - SIZE;
        add(l, shift);
        if (peak == 0) {
            add(l, shift - 1); /* a gain and rounding may pull a broad peak aside */
            add(l, shift + 1);
        }
        for (int64_t i = shift - NEAR; i <= shift + NEAR; i++)
            values[(size_t)(i + SIZE) % SIZE] = 0.0;
    }
}

enum render_status shift_candidates(struct sound *a, struct sound *b, int64_t *shifts, size_t most,
                                    size_t *count, struct render_error *error)
{
    struct correlator c = {fftw_alloc_real(SIZE),    fftw_alloc_real(SIZE),
                           fftw_alloc_real(SIZE),    fftw_alloc_real(SIZE),
                           fftw_alloc_complex(BINS), fftw_alloc_complex(BINS),
                           fftw_alloc_complex(BINS), fftw_alloc_complex(BINS)};
    struct list list = {shifts, 0, most};
    uint64_t from_a = 0, from_b = 0;
    bool ready = c.a && c.b && c.sum && c.white && c.fa && c.fb && c.total && c.whitened;
    enum render_status status = ready ? onset(a, &from_a, error) : work_no_memory(error);
    if (status == RENDER_OK)
        status = onset(b, &from_b, error);
    if (status == RENDER_OK)
        status = correlate(&c, a, b, from_a < from_b ? from_a : from_b, error);
    if (status == RENDER_OK) {
        add(&list, (int64_t)from_b - (int64_t)from_a);
        add(&list, (int64_t)b->frames - (int64_t)a->frames);
        add_peaks(&list, c.white);
        add_peaks(&list, c.sum);
    }
    *count = list.count;
    double *reals[] = {c.a, c.b, c.sum, c.white};
    fftw_complex *bins[] = {c.fa, c.fb, c.total, c.whitened};
    for (size_t i = 0; i < 4; i++) {
        fftw_free(reals[i]);
        fftw_free(bins[i]);
    }
    return status;
}
