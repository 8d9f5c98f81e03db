/* spectrum.h - lines of a sound, for the tests of the modules. After kit.h. */
#ifndef TESTS_MODULES_SPECTRUM_H
#define TESTS_MODULES_SPECTRUM_H

#include "kit.h"

enum { SPECTRUM_LOG = 16, SPECTRUM_FRAMES = 1 << SPECTRUM_LOG, SPECTRUM_LOBE = 8 };

/* Of SPECTRUM_FRAMES of sound. A line of amplitude a reads a, up to 0.5 dB less between bins. */
struct spectrum {
    double bin; /* Hz */
    double amplitude[SPECTRUM_FRAMES / 2];
};

/* Blackman-Harris, seven terms (Albrecht 2001): side lobes under -180 dB, main lobe 7 bins a side.
 */
static inline double spectrum_window(size_t i)
{
    static const double a[7] = {0.27105140069342,  -0.43329793923448, 0.21812299954311,
                                -0.06592544638803, 0.01081174209837,  -0.00077658482522,
                                0.00001388721735};
    double w = 0.0;
    for (size_t k = 0; k < 7; k++)
        w += a[k] * cos(TAU * (double)(k * i % SPECTRUM_FRAMES) / SPECTRUM_FRAMES);
    return w;
}

static inline void spectrum_transform(double *re, double *im)
{
    for (size_t i = 1, j = 0; i < SPECTRUM_FRAMES; i++) {
        size_t bit = SPECTRUM_FRAMES >> 1;
        for (; j & bit; bit >>= 1)
            j ^= bit;
        j |= bit;
        if (i < j) {
            double r = re[i], m = im[i];
            re[i] = re[j], im[i] = im[j];
            re[j] = r, im[j] = m;
        }
    }
    for (size_t half = 1; half < SPECTRUM_FRAMES; half *= 2)
        for (size_t k = 0; k < half; k++) {
            double c = cos(TAU * (double)k / (double)(2 * half));
            double s = -sin(TAU * (double)k / (double)(2 * half));
            for (size_t i = k; i < SPECTRUM_FRAMES; i += 2 * half) {
                size_t j = i + half;
                double r = re[j] * c - im[j] * s, m = re[j] * s + im[j] * c;
                re[j] = re[i] - r, im[j] = im[i] - m;
                re[i] += r, im[i] += m;
            }
        }
}

static inline void spectrum_of(struct spectrum *s, const float *x)
{
    static double re[SPECTRUM_FRAMES], im[SPECTRUM_FRAMES], window[SPECTRUM_FRAMES];
    double sum = 0.0;
    for (size_t i = 0; i < SPECTRUM_FRAMES; i++) {
        if (window[0] == 0.0 || window[1] == 0.0 || window[SPECTRUM_FRAMES - 1] == 0.0)
            window[i] = spectrum_window(i);
        re[i] = (double)x[i] * window[i];
        im[i] = 0.0;
        sum += window[i];
    }
    spectrum_transform(re, im);
    s->bin = SR / SPECTRUM_FRAMES;
    for (size_t i = 0; i < SPECTRUM_FRAMES / 2; i++)
        s->amplitude[i] = (i ? 2.0 : 1.0) * hypot(re[i], im[i]) / sum;
}

/* The strongest line from 20 Hz to `top` that is no harmonic of f0; f0 0: of all. */
static inline double spectrum_alias(const struct spectrum *s, double f0, double top)
{
    double most = 0.0;
    for (size_t i = (size_t)(20.0 / s->bin) + SPECTRUM_LOBE; (double)i * s->bin < top; i++) {
        double f = (double)i * s->bin;
        if (f0 > 0.0 && fabs(f - f0 * round(f / f0)) <= SPECTRUM_LOBE * s->bin)
            continue;
        most = fmax(most, s->amplitude[i]);
    }
    return most;
}

/* The amplitude of a line at f, whatever lies within the window's lobe of it. */
static inline double spectrum_line(const float *x, double f)
{
    double re = 0.0, im = 0.0, sum = 0.0;
    for (size_t i = 0; i < SPECTRUM_FRAMES; i++) {
        double turns = f / SR * (double)i, w = spectrum_window(i);
        turns -= floor(turns);
        re += w * (double)x[i] * cos(TAU * turns);
        im += w * (double)x[i] * sin(TAU * turns);
        sum += w;
    }
    return 2.0 * hypot(re, im) / sum;
}

#endif
