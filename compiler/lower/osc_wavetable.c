/* osc_wavetable.c - drawn cycles become the tables that vm/osc/wavetable.h reads.
 *
 * Analysis and synthesis are + - * / of doubles in a fixed order, with sine and cosine from a
 * series: the tables are the same on every machine. */
#include "compiler/lower/lower.h"

enum {
    HARMONICS = 1024,     /* of a cycle, at most */
    LEVELS = 3 * 10 + 3,  /* thirds of an octave from HARMONICS down to none */
    PER_HARMONIC = 16,    /* coefficients */
    HEAD = 4,             /* of the table */
    GUARD = 3,            /* c[-1], c[N], c[N + 1] */
    SMALLEST = 7,         /* log2 of a level's length: few harmonics have many */
    LARGEST = 14,         /* of HARMONICS PER_HARMONIC */
    MOST_VALUES = 1 << 20 /* of a wave */
};

static const double PI = 3.14159265358979323846;

/* ---- sine and cosine ---- */

struct turn {
    double cos, sin;
};

/* Of |x| <= pi/4: the series to x^17 and x^16, within 1e-17. */
static struct turn of_small(double x)
{
    double w = x * x, s = 1.0, c = 1.0;
    for (int n = 16; n >= 2; n -= 2) {
        s = 1.0 - w / (double)(n * (n + 1)) * s;
        c = 1.0 - w / (double)(n * (n - 1)) * c;
    }
    return (struct turn){c, x * s};
}

/* Of at/of turns. Eighths are folded as whole numbers, so that the symmetries are exact. */
static struct turn of_turns(uint64_t at, uint64_t of)
{
    uint64_t quarter = 4 * (at % of) / of, rest = 4 * (at % of) % of;
    int mirror = 2 * rest > of;
    struct turn t = of_small((double)(mirror ? of - rest : rest) / (double)of * (PI / 2.0));
    if (mirror)
        t = (struct turn){t.sin, t.cos};
    switch (quarter) {
    case 1:
        return (struct turn){-t.sin, t.cos};
    case 2:
        return (struct turn){-t.cos, -t.sin};
    case 3:
        return (struct turn){t.sin, -t.cos};
    default:
        return t;
    }
}

static struct turn *circle(struct lowering *l, size_t size)
{
    struct turn *t = scratch(l, size, sizeof *t);
    for (size_t i = 0; t && i < size; i++)
        t[i] = of_turns(i, size);
    return t;
}

/* ---- what was drawn, as harmonics ---- */

/* x(p) = sum over k of cos_k cos(2 pi k p) + sin_k sin(2 pi k p), k = 0 to harmonics. */
struct wave {
    size_t cycles, length; /* values of a cycle */
    size_t harmonics;
    struct turn *series; /* [cycle (harmonics + 1) + k] */
};

/* The discrete Fourier series, of the harmonics there is room for. */
static void analyse(const double *x, size_t length, const struct turn *t, size_t harmonics,
                    struct turn *series)
{
    for (size_t k = 0; k <= harmonics; k++) {
        struct turn sum = {0.0, 0.0};
        for (size_t n = 0, at = 0; n < length; n++) {
            sum.cos += x[n] * t[at].cos;
            sum.sin += x[n] * t[at].sin;
            at += k;
            at -= at >= length ? length : 0;
        }
        double share = (k == 0 || 2 * k == length ? 1.0 : 2.0) / (double)length;
        series[k] = (struct turn){sum.cos * share, sum.sin * share};
    }
}

/* a sin(2 pi (k p + phase)); the phase to 2^-32 turns. */
static struct turn partial(double a, double phase)
{
    double fraction = phase - (double)(int64_t)phase;
    struct turn t = of_turns((uint64_t)((fraction + 1.0) * 4294967296.0), UINT64_C(1) << 32);
    return (struct turn){a * t.sin, a * t.cos};
}

static int read_partials(struct lowering *l, const struct data *data, struct wave *w)
{
    w->harmonics = w->length;
    w->series = scratch(l, w->cycles * (w->harmonics + 1), sizeof *w->series);
    for (size_t i = 0; w->series && i < w->cycles * w->length; i++) {
        const double *row = data->values + i * data->columns;
        size_t at = i / w->length * (w->length + 1) + i % w->length + 1;
        w->series[at] = partial(row[0], data->columns > 1 ? row[1] : 0.0);
    }
    return w->series ? 0 : -1;
}

static int read_cycles(struct lowering *l, const struct data *data, struct wave *w)
{
    const struct turn *t = circle(l, w->length);
    w->harmonics = w->length / 2 < HARMONICS ? w->length / 2 : HARMONICS;
    w->series = scratch(l, w->cycles * (w->harmonics + 1), sizeof *w->series);
    for (size_t i = 0; t && w->series && i < w->cycles; i++)
        analyse(data->values + i * w->length, w->length, t, w->harmonics,
                w->series + i * (w->harmonics + 1));
    return t && w->series ? 0 : -1;
}

/* ---- levels ---- */

struct level {
    size_t harmonics;
    unsigned log2; /* of its length */
    size_t at;     /* where it begins, in cycle 0 */
};

struct plan {
    struct level levels[LEVELS];
    unsigned count;
    size_t head, stride; /* floats before cycle 0, and of a cycle */
};

static struct plan plan_levels(size_t harmonics)
{
    static const double thirds[3] = {1.0, 0.793700525984099737376, 0.629960524947436582384};
    struct plan p = {.count = 0};
    size_t kept = harmonics;
    for (unsigned j = 0; kept > 0 && j < LEVELS; j++) {
        double limit = (double)harmonics * thirds[j % 3] / (double)(1u << j / 3);
        kept = (size_t)(limit + 1e-9);
        p.levels[j].harmonics = kept;
        p.levels[j].log2 = SMALLEST;
        while ((size_t)1 << p.levels[j].log2 < kept * PER_HARMONIC)
            p.levels[j].log2++;
        p.count = j + 1;
    }
    p.head = HEAD + 2 * (size_t)p.count;
    for (unsigned j = 0; j < p.count; j++) {
        p.levels[j].at = p.head + p.stride;
        p.stride += ((size_t)1 << p.levels[j].log2) + GUARD;
    }
    return p;
}

/* z[n] := sum over k of z[k] e^(2 pi i k n/N), in place, N = 2^log2; t the N-th part of the circle.
 * J. W. Cooley, J. W. Tukey, 1965. */
static void transform(struct turn *z, unsigned log2, const struct turn *t)
{
    size_t size = (size_t)1 << log2;
    for (size_t i = 0, r = 0; i < size; i++) {
        if (i < r) {
            struct turn swap = z[i];
            z[i] = z[r];
            z[r] = swap;
        }
        size_t bit = size >> 1;
        for (; r & bit; bit >>= 1)
            r ^= bit;
        r |= bit;
    }
    for (size_t half = 1; half < size; half *= 2)
        for (size_t i = 0; i < size; i++) {
            if (i & half)
                continue;
            struct turn a = z[i], b = z[i + half], w = t[(i & (half - 1)) * (size / half / 2)];
            struct turn m = {b.cos * w.cos - b.sin * w.sin, b.cos * w.sin + b.sin * w.cos};
            z[i] = (struct turn){a.cos + m.cos, a.sin + m.sin};
            z[i + half] = (struct turn){a.cos - m.cos, a.sin - m.sin};
        }
}

/* What a cubic B-spline makes of harmonic k: (sin(x)/x)^4, x = pi k/N. */
static double spline_gain(size_t k, size_t size)
{
    double x = PI * (double)k / (double)size;
    double sinc = k ? of_turns(k, 2 * (uint64_t)size).sin / x : 1.0;
    return sinc * sinc * sinc * sinc;
}

/* A level's coefficients, c[-1] first. */
static void fill_level(const struct level *level, const struct turn *series, const struct turn *t,
                       struct turn *z, double *to)
{
    size_t size = (size_t)1 << level->log2;
    for (size_t k = 0; k < size; k++)
        z[k] = (struct turn){0.0, 0.0};
    for (size_t k = 0; k <= level->harmonics; k++) {
        double gain = spline_gain(k, size);
        z[k] = (struct turn){series[k].cos / gain, -series[k].sin / gain};
    }
    transform(z, level->log2, t);
    for (size_t n = 0; n < size + GUARD; n++)
        to[n] = z[(n + size - 1) & (size - 1)].cos;
}

static double *build(struct lowering *l, const struct wave *w, const struct plan *p)
{
    double *to = scratch(l, p->head + w->cycles * p->stride, sizeof *to);
    struct turn *z = scratch(l, (size_t)1 << LARGEST, sizeof *z);
    struct turn *circles[LARGEST + 1] = {NULL};
    if (!to || !z)
        return NULL;
    to[0] = (double)w->harmonics;
    to[1] = (double)p->count;
    to[2] = (double)p->stride;
    to[3] = (double)w->cycles;
    for (unsigned j = 0; j < p->count; j++) {
        const struct level *level = &p->levels[j];
        if (!circles[level->log2])
            circles[level->log2] = circle(l, (size_t)1 << level->log2);
        if (!circles[level->log2])
            return NULL;
        to[HEAD + 2 * j] = (double)level->at;
        to[HEAD + 2 * j + 1] = (double)level->log2;
        for (size_t i = 0; i < w->cycles; i++)
            fill_level(level, w->series + i * (w->harmonics + 1), circles[level->log2], z,
                       to + level->at + i * p->stride);
    }
    return to;
}

/* ---- the module ---- */

/* 0 when the wave has the shape it says. */
static int check_wave(struct lowering *l, unsigned node, const struct data *data, int partials,
                      struct wave *w)
{
    size_t rows = data->count / data->columns;
    double cycles = in_static(l, node, VM_IN_OSC_WAVETABLE_cycles);
    w->cycles = (size_t)cycles;
    w->length = rows / w->cycles;
    const char *wrong = NULL, *help = NULL;
    if ((double)w->cycles != cycles || rows % w->cycles) {
        wrong = "has a wave that is not a whole number of cycles";
        help = "'cycles' divides the number of values: every cycle has as many as the others";
    } else if (data->columns > (partials ? 2u : 1u)) {
        wrong = "has a wave whose rows have too many numbers";
        help = "a wave is a plain list; partials may be rows of amplitude and phase";
    } else if (partials && w->length > HARMONICS) {
        wrong = "has more than 1024 partials in a cycle";
        help = "at 24 Hz the 1000th is above hearing; perhaps 'cycles' was meant";
    } else if ((!partials && w->length < 2) || rows > MOST_VALUES) {
        wrong = "has a wave that is too short or too long";
        help = "a cycle has at least 2 values, a wave at most 1048576";
    }
    if (wrong)
        lower_error(l, node, wrong, help);
    return wrong ? -1 : 0;
}

/* The table's number, or -1: reported, or out of memory. */
static int wave_table(struct lowering *l, unsigned node)
{
    const struct data *data = in_table(l, node, VM_IN_OSC_WAVETABLE_wave);
    int partials = in_static(l, node, VM_IN_OSC_WAVETABLE_as) != 0.0;
    struct wave w = {0};
    if (check_wave(l, node, data, partials, &w) ||
        (partials ? read_partials(l, data, &w) : read_cycles(l, data, &w)))
        return -1;
    struct plan p = plan_levels(w.harmonics);
    if (p.head + w.cycles * p.stride > VM_MAX_TABLE) {
        lower_error(l, node, "has too many long cycles",
                    "its tables would have over 16777216 values; 32 times the values of the wave "
                    "are about right: use fewer or shorter cycles");
        return -1;
    }
    const double *values = build(l, &w, &p);
    return values ? table(l, values, p.head + w.cycles * p.stride) : -1;
}

void lower_OSC_WAVETABLE(struct lowering *l, unsigned node)
{
    int number = wave_table(l, node);
    int freq = in_value(l, node, VM_IN_OSC_WAVETABLE_freq);
    int phase = in_value(l, node, VM_IN_OSC_WAVETABLE_phase);
    if (number < 0) {
        set_out(l, node, 0, freq);
        return;
    }
    struct ir_extra extra = {.table = number};
    int in[VM_OP_INPUTS] = {freq};
    int level = op_with(l, VM_OP_wave_level, extra, in);
    int at[VM_OP_INPUTS] = {freq, phase, level, level + 1, level + 2};
    enum vm_op what = VM_OP_osc_wavetable;
    if (in_static(l, node, VM_IN_OSC_WAVETABLE_cycles) > 1.0) {
        int position[VM_OP_INPUTS] = {in_value(l, node, VM_IN_OSC_WAVETABLE_position)};
        int cycle = op_with(l, VM_OP_wave_scan, extra, position);
        for (int j = 0; j < 3; j++)
            at[5 + j] = cycle + j;
        what = VM_OP_osc_wavescan;
    }
    set_out(l, node, 0, op_with(l, what, extra, at));
}
