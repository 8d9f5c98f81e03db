#include "diff/spectrum.h"
#include "diff/work.h"
#include <fftw3.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SIZE = 8192, HOP = SIZE / 2, BINS = SIZE / 2 + 1 };

/* The last SIZE frames of both, of every channel. */
struct analyser {
    double *frames_a, *frames_b; /* [channel][SIZE] */
    double *in;
    fftw_complex *out;
    fftw_plan plan;
    double a[BINS], b[BINS], difference[BINS];
    double window[SIZE];
    double piece[HOP * SOUND_CHANNELS];
};

/* Shifts a hop in; what is beyond the end is silence. False: nothing was left. */
static bool take(struct analyser *n, struct sound *s, double *frames, struct render_error *error)
{
    size_t got = sound_read(s, n->piece, HOP, error);
    for (unsigned k = 0; k < s->channels; k++) {
        double *to = frames + (size_t)k * SIZE;
        memmove(to, to + HOP, HOP * sizeof *to);
        for (size_t i = 0; i < HOP; i++) {
            double x = i < got ? n->piece[i * s->channels + k] : 0.0;
            to[HOP + i] = x - x == 0.0 ? x : 0.0;
        }
    }
    return got > 0;
}

static void add_power(struct analyser *n, double *power)
{
    for (size_t i = 0; i < SIZE; i++)
        n->in[i] *= n->window[i];
    fftw_execute(n->plan);
    for (size_t i = 0; i < BINS; i++)
        power[i] += n->out[i][0] * n->out[i][0] + n->out[i][1] * n->out[i][1];
}

static void analyse(struct analyser *n, unsigned channels)
{
    for (size_t at = 0; at < (size_t)channels * SIZE; at += SIZE) {
        const double *x = n->frames_a + at, *y = n->frames_b + at;
        memcpy(n->in, x, SIZE * sizeof *x);
        add_power(n, n->a);
        memcpy(n->in, y, SIZE * sizeof *y);
        add_power(n, n->b);
        for (size_t i = 0; i < SIZE; i++)
            n->in[i] = y[i] - x[i];
        add_power(n, n->difference);
    }
}

static void gather(const struct analyser *n, int rate, double scale, struct spectrum *s)
{
    double most = 0.0;
    for (size_t i = 0; i < BINS; i++) {
        double hz = (double)i * rate / SIZE;
        int band = hz > 0.0 ? (int)lround(log2(hz / 1000.0)) + 5 : 0;
        band = band < 0 ? 0 : band >= BANDS ? BANDS - 1 : band;
        s->a[band] += n->a[i] * scale;
        s->b[band] += n->b[i] * scale;
        s->difference[band] += n->difference[i] * scale;
        if (n->difference[i] > most) {
            most = n->difference[i];
            s->peak = hz;
        }
    }
}

static enum render_status run(struct analyser *n, struct sound *a, struct sound *b,
                              struct spectrum *s, struct render_error *error)
{
    double frames = 0.0, energy = 0.0;
    for (size_t i = 0; i < SIZE; i++) {
        double sine = sin(3.14159265358979323846 * ((double)i + 0.5) / SIZE);
        n->window[i] = sine * sine;
        energy += n->window[i] * n->window[i];
    }
    if (sound_seek(a, 0, error) != RENDER_OK || sound_seek(b, 0, error) != RENDER_OK)
        return error->status;
    for (;;) {
        bool more = take(n, a, n->frames_a, error);
        more |= error->status == RENDER_OK && take(n, b, n->frames_b, error);
        if (error->status != RENDER_OK || work_go_on(error) != RENDER_OK)
            return error->status;
        analyse(n, a->channels);
        frames += 1.0;
        if (!more)
            break;
    }
    gather(n, a->rate, 2.0 / (energy * SIZE * frames * a->channels), s);
    return RENDER_OK;
}

enum render_status spectrum_of(struct sound *a, struct sound *b, struct spectrum *s,
                               struct render_error *error)
{
    struct analyser *n = calloc(1, sizeof *n);
    *s = (struct spectrum){.peak = 0.0};
    for (int i = 0; i < BANDS; i++)
        s->centre[i] = 1000.0 * pow(2.0, i - 5);
    if (n) {
        n->frames_a = calloc((size_t)a->channels * SIZE, sizeof(double));
        n->frames_b = calloc((size_t)a->channels * SIZE, sizeof(double));
        n->in = fftw_alloc_real(SIZE);
        n->out = fftw_alloc_complex(BINS);
    }
    bool ready = n && n->frames_a && n->frames_b && n->in && n->out;
    if (ready)
        n->plan = fftw_plan_dft_r2c_1d(SIZE, n->in, n->out, FFTW_ESTIMATE);
    enum render_status status = ready ? run(n, a, b, s, error) : work_no_memory(error);
    if (ready)
        fftw_destroy_plan(n->plan);
    if (n) {
        free(n->frames_a);
        free(n->frames_b);
        fftw_free(n->in);
        fftw_free(n->out);
    }
    free(n);
    return status;
}
