/* filter.c - filters. */
#include "compiler/lower/lower.h"

/* ---- state-variable ---- */

/* All of them have these inputs in these places; gain is the shelves' and the bell's. */
enum { SVF_IN, SVF_CUTOFF, SVF_Q, SVF_GAIN };

#define SVF_PLACES(ENUM)                                                                           \
    _Static_assert((int)VM_IN_FILTER_##ENUM##_in == SVF_IN &&                                      \
                       (int)VM_IN_FILTER_##ENUM##_cutoff == SVF_CUTOFF &&                          \
                       (int)VM_IN_FILTER_##ENUM##_q == SVF_Q,                                      \
                   "lower_svf and lower_shelf read it")

/* Each side through a filter of its own with the same coefficients. */
static void lower_svf_sides(struct lowering *l, unsigned node, int c, enum vm_op what)
{
    struct signal x = in_signal(l, node, SVF_IN);
    int left[VM_OP_INPUTS] = {x.left, c, c + 1, c + 2, c + 3};
    int right[VM_OP_INPUTS] = {x.right, c, c + 1, c + 2, c + 3};
    x.left = op(l, what, left);
    if (x.right != IR_NONE)
        x.right = op(l, what, right);
    set_any(l, node, x);
}

/* The i-th output of an op whose first is given, on each side. */
static struct signal output_of(struct signal first, int i)
{
    return (struct signal){first.left + i, first.right == IR_NONE ? IR_NONE : first.right + i};
}

static void lower_svf(struct lowering *l, unsigned node, enum vm_op what)
{
    int cutoff = in_value(l, node, SVF_CUTOFF), q = in_value(l, node, SVF_Q);
    lower_svf_sides(l, node, op2(l, VM_OP_svf_coeff, cutoff, q), what);
}

static void lower_shelf(struct lowering *l, unsigned node, enum vm_op coeff, enum vm_op what)
{
    int cutoff = in_value(l, node, SVF_CUTOFF), q = in_value(l, node, SVF_Q);
    lower_svf_sides(l, node, op3(l, coeff, cutoff, q, in_value(l, node, SVF_GAIN)), what);
}

#define SVF(ENUM, what)                                                                            \
    SVF_PLACES(ENUM);                                                                              \
    void lower_FILTER_##ENUM(struct lowering *l, unsigned node)                                    \
    {                                                                                              \
        lower_svf(l, node, VM_OP_svf_##what);                                                      \
    }
#define SHELF(ENUM, what)                                                                          \
    SVF_PLACES(ENUM);                                                                              \
    _Static_assert((int)VM_IN_FILTER_##ENUM##_gain == SVF_GAIN, "lower_shelf reads it");           \
    void lower_FILTER_##ENUM(struct lowering *l, unsigned node)                                    \
    {                                                                                              \
        lower_shelf(l, node, VM_OP_svf_##what##_coeff, VM_OP_svf_##what);                          \
    }

SVF(LOPASS, lopass)
SVF(HIPASS, hipass)
SVF(BANDPASS, bandpass)
SVF(NOTCH, notch)
SVF(PEAK, peak)
SVF(ALLPASS, allpass)
SHELF(BELL, bell)
SHELF(LOSHELF, loshelf)
SHELF(HISHELF, hishelf)

void lower_FILTER_CROSSOVER(struct lowering *l, unsigned node)
{
    struct signal x = in_signal(l, node, VM_IN_FILTER_CROSSOVER_in);
    int cutoff = in_value(l, node, VM_IN_FILTER_CROSSOVER_cutoff);
    int c = op2(l, VM_OP_svf_coeff, cutoff, constant(l, 0.70710678118654752));
    int left[VM_OP_INPUTS] = {x.left, c, c + 1, c + 2, c + 3};
    int right[VM_OP_INPUTS] = {x.right, c, c + 1, c + 2, c + 3};
    x.left = op(l, VM_OP_crossover, left);
    if (x.right != IR_NONE)
        x.right = op(l, VM_OP_crossover, right);
    for (int i = 0; i < 2; i++)
        set_stereo(l, node, (unsigned)i, output_of(x, i));
}

/* ---- one pole, one zero ---- */

static int lower_pole(struct lowering *l, unsigned node, int x, unsigned cutoff, enum vm_op what)
{
    return op2(l, what, x, op1(l, VM_OP_onepole_coeff, in_value(l, node, cutoff)));
}

static void lower_poles(struct lowering *l, unsigned node, unsigned in, unsigned cutoff,
                        enum vm_op what)
{
    struct signal x = in_signal(l, node, in);
    x.left = lower_pole(l, node, x.left, cutoff, what);
    if (x.right != IR_NONE)
        x.right = lower_pole(l, node, x.right, cutoff, what);
    set_any(l, node, x);
}

#define POLE(ENUM, what)                                                                           \
    void lower_FILTER_##ENUM(struct lowering *l, unsigned node)                                    \
    {                                                                                              \
        lower_poles(l, node, VM_IN_FILTER_##ENUM##_in, VM_IN_FILTER_##ENUM##_cutoff,               \
                    VM_OP_##what);                                                                 \
    }

POLE(ONEPOLE, onepole)
POLE(ONEPOLE_HI, onepole_hi)
POLE(DCBLOCK, onepole_hi)

/* A frame of r times the rate holds 1/r of the change, and counts as 1/r. */
void lower_FILTER_DIFF(struct lowering *l, unsigned node)
{
    int x = op1(l, VM_OP_diff, in_value(l, node, VM_IN_FILTER_DIFF_in));
    set_out(l, node, 0, scale(l, x, node_rate(l, node)));
}

void lower_FILTER_LEAKY(struct lowering *l, unsigned node)
{
    int x = scale(l, in_value(l, node, VM_IN_FILTER_LEAKY_in), 1.0 / node_rate(l, node));
    set_out(l, node, 0, lower_pole(l, node, x, VM_IN_FILTER_LEAKY_leak, VM_OP_leaky));
}

/* ---- biquad, ladder ---- */

void lower_FILTER_BIQUAD(struct lowering *l, unsigned node)
{
    int in[VM_OP_INPUTS];
    for (unsigned i = VM_IN_FILTER_BIQUAD_in; i <= VM_IN_FILTER_BIQUAD_b2; i++)
        in[i] = in_value(l, node, i);
    int a1 = in_value(l, node, VM_IN_FILTER_BIQUAD_a1);
    int c = op2(l, VM_OP_biquad_poles, a1, in_value(l, node, VM_IN_FILTER_BIQUAD_a2));
    for (int i = 0; i < 4; i++)
        in[4 + i] = c + i;
    set_out(l, node, 0, op(l, VM_OP_biquad, in));
}

void lower_FILTER_LADDER(struct lowering *l, unsigned node)
{
    enum { LP12 = 3 }; /* behind out and its sides */
    struct signal x = in_signal(l, node, VM_IN_FILTER_LADDER_in);
    int settings[VM_OP_INPUTS] = {
        in_value(l, node, VM_IN_FILTER_LADDER_cutoff), in_value(l, node, VM_IN_FILTER_LADDER_res),
        in_value(l, node, VM_IN_FILTER_LADDER_drive), in_value(l, node, VM_IN_FILTER_LADDER_comp)};
    int c = op(l, VM_OP_ladder_coeff, settings);
    int left[VM_OP_INPUTS] = {x.left, c, c + 1, c + 2, c + 3};
    int right[VM_OP_INPUTS] = {x.right, c, c + 1, c + 2, c + 3};
    x.left = op(l, VM_OP_ladder, left);
    if (x.right != IR_NONE)
        x.right = op(l, VM_OP_ladder, right);
    set_any(l, node, x);
    for (int i = 1; i < 4; i++)
        set_stereo(l, node, (unsigned)(LP12 + i - 1), output_of(x, i));
}

/* ---- with a ring ---- */

/* What `time` can be: a constant, in frames computed in double so that 0.3 s is 14400 of them; a
 * param's range; else up to `max`. The ring holds what the interpolation needs beyond it. */
static int ring_time(struct lowering *l, unsigned node, unsigned time, unsigned max, int *frames)
{
    double rate = node_rate(l, node);
    double low = 0.0, high = in_static(l, node, max);
    in_range(l, node, time, &low, &high);
    *frames = low == high ? constant(l, high * RP_SAMPLE_RATE * rate)
                          : op1(l, VM_OP_frames, in_value(l, node, time));
    return ring(l, node, high + 6.0 / (RP_SAMPLE_RATE * rate));
}

/* Each side through the op with a ring of its own; the second as long as the first. */
static void lower_ringed(struct lowering *l, unsigned node, enum vm_op what, int port,
                         struct signal x, int *in)
{
    x.left = op_with(l, what, (struct ir_extra){.port = port}, in);
    if (x.right != IR_NONE) {
        in[0] = x.right;
        x.right = op_with(l, what, (struct ir_extra){.port = ring_like(l, port)}, in);
    }
    set_any(l, node, x);
}

void lower_FILTER_COMB(struct lowering *l, unsigned node)
{
    int frames, port = ring_time(l, node, VM_IN_FILTER_COMB_time, VM_IN_FILTER_COMB_max, &frames);
    int c = op2(l, VM_OP_ringcomb_coeff, frames, in_value(l, node, VM_IN_FILTER_COMB_damp));
    struct signal x = in_signal(l, node, VM_IN_FILTER_COMB_in);
    int in[VM_OP_INPUTS] = {x.left, c};
    in[2] = in_value(l, node, VM_IN_FILTER_COMB_feedback);
    in[3] = in_value(l, node, VM_IN_FILTER_COMB_feedforward);
    in[4] = c + 1;
    lower_ringed(l, node, VM_OP_ringcomb, port, x, in);
}

void lower_FILTER_SCHROEDER(struct lowering *l, unsigned node)
{
    int frames,
        port = ring_time(l, node, VM_IN_FILTER_SCHROEDER_time, VM_IN_FILTER_SCHROEDER_max, &frames);
    struct signal x = in_signal(l, node, VM_IN_FILTER_SCHROEDER_in);
    int in[VM_OP_INPUTS] = {x.left, frames, in_value(l, node, VM_IN_FILTER_SCHROEDER_feedback)};
    lower_ringed(l, node, VM_OP_schroeder, port, x, in);
}

/* ---- formants ---- */

enum { VOWELS = 5, FORMANTS = 5 };

struct formant {
    double hz, db, width;
};

/* Sung vowels a e i o u by voice, as the filter's `voice` names them: Csound Manual, appendix
 * "Formant Values". */
static const struct formant formants[][VOWELS][FORMANTS] = {
    {
        /* bass */
        {{600, 0, 60}, {1040, -7, 70}, {2250, -9, 110}, {2450, -9, 120}, {2750, -20, 130}},
        {{400, 0, 40}, {1620, -12, 80}, {2400, -9, 100}, {2800, -12, 120}, {3100, -18, 120}},
        {{250, 0, 60}, {1750, -30, 90}, {2600, -16, 100}, {3050, -22, 120}, {3340, -28, 120}},
        {{400, 0, 40}, {750, -11, 80}, {2400, -21, 100}, {2600, -20, 120}, {2900, -40, 120}},
        {{350, 0, 40}, {600, -20, 80}, {2400, -32, 100}, {2675, -28, 120}, {2950, -36, 120}},
    },
    {
        /* tenor */
        {{650, 0, 80}, {1080, -6, 90}, {2650, -7, 120}, {2900, -8, 130}, {3250, -22, 140}},
        {{400, 0, 70}, {1700, -14, 80}, {2600, -12, 100}, {3200, -14, 120}, {3580, -20, 120}},
        {{290, 0, 40}, {1870, -15, 90}, {2800, -18, 100}, {3250, -20, 120}, {3540, -30, 120}},
        {{400, 0, 40}, {800, -10, 80}, {2600, -12, 100}, {2800, -12, 120}, {3000, -26, 120}},
        {{350, 0, 40}, {600, -20, 60}, {2700, -17, 100}, {2900, -14, 120}, {3300, -26, 120}},
    },
    {
        /* countertenor */
        {{660, 0, 80}, {1120, -6, 90}, {2750, -23, 120}, {3000, -24, 130}, {3350, -38, 140}},
        {{440, 0, 70}, {1800, -14, 80}, {2700, -18, 100}, {3000, -20, 120}, {3300, -20, 120}},
        {{270, 0, 40}, {1850, -24, 90}, {2900, -24, 100}, {3350, -36, 120}, {3590, -36, 120}},
        {{430, 0, 40}, {820, -10, 80}, {2700, -26, 100}, {3000, -22, 120}, {3300, -34, 120}},
        {{370, 0, 40}, {630, -20, 60}, {2750, -23, 100}, {3000, -30, 120}, {3400, -34, 120}},
    },
    {
        /* alto */
        {{800, 0, 80}, {1150, -4, 90}, {2800, -20, 120}, {3500, -36, 130}, {4950, -60, 140}},
        {{400, 0, 60}, {1600, -24, 80}, {2700, -30, 120}, {3300, -35, 150}, {4950, -60, 200}},
        {{350, 0, 50}, {1700, -20, 100}, {2700, -30, 120}, {3700, -36, 150}, {4950, -60, 200}},
        {{450, 0, 70}, {800, -9, 80}, {2830, -16, 100}, {3500, -28, 130}, {4950, -55, 135}},
        {{325, 0, 50}, {700, -12, 60}, {2530, -30, 170}, {3500, -40, 180}, {4950, -64, 200}},
    },
    {
        /* soprano */
        {{800, 0, 80}, {1150, -6, 90}, {2900, -32, 120}, {3900, -20, 130}, {4950, -50, 140}},
        {{350, 0, 60}, {2000, -20, 100}, {2800, -15, 120}, {3600, -40, 150}, {4950, -56, 200}},
        {{270, 0, 60}, {2140, -12, 90}, {2950, -26, 100}, {3900, -26, 120}, {4950, -44, 120}},
        {{450, 0, 70}, {800, -11, 80}, {2830, -22, 100}, {3800, -22, 130}, {4950, -50, 135}},
        {{325, 0, 50}, {700, -16, 60}, {2700, -35, 170}, {3800, -40, 180}, {4950, -60, 200}},
    },
};

#define LOG2_OF_DB 0.16609640474436811739 /* log2(10)/20 */

/* Formant i through all vowels, as op formant_band has it. */
static int formant_table(struct lowering *l, unsigned voice, unsigned i)
{
    double t[3 * VOWELS];
    for (unsigned v = 0; v < VOWELS; v++) {
        const struct formant *f = &formants[voice][v][i];
        t[v] = f->hz;
        t[VOWELS + v] = f->width;
        t[2 * VOWELS + v] = f->db * LOG2_OF_DB;
    }
    return table(l, t, sizeof t / sizeof *t);
}

/* Neighbours in opposite polarity: between their peaks each is a quarter turn away, to the other
 * side, and they add. */
static int formant_sum(struct lowering *l, int sum, int band, unsigned i)
{
    return i == 0 ? band : i % 2 ? sub(l, sum, band) : add(l, sum, band);
}

/* A letter counts from 1; 0 is the input. */
static int formant_vowel(struct lowering *l, unsigned node)
{
    double letter = in_static(l, node, VM_IN_FILTER_FORMANT_sing);
    if (letter > 0.0 && in_given(l, node, VM_IN_FILTER_FORMANT_vowel))
        lower_error(l, node, "is given a vowel both by 'vowel' and by 'sing'",
                    "leave one of them out");
    return letter > 0.0 ? constant(l, letter - 1.0) : in_value(l, node, VM_IN_FILTER_FORMANT_vowel);
}

void lower_FILTER_FORMANT(struct lowering *l, unsigned node)
{
    struct signal x = in_signal(l, node, VM_IN_FILTER_FORMANT_in), sum = {0, IR_NONE};
    int vowel = formant_vowel(l, node);
    int shift = in_value(l, node, VM_IN_FILTER_FORMANT_shift);
    unsigned voice = (unsigned)in_static(l, node, VM_IN_FILTER_FORMANT_voice);
    for (unsigned i = 0; i < FORMANTS; i++) {
        struct ir_extra extra = {.table = formant_table(l, voice, i)};
        int place[VM_OP_INPUTS] = {vowel, shift};
        int f = op_with(l, VM_OP_formant_band, extra, place);
        int c = op2(l, VM_OP_svf_coeff, scale(l, f, 1.0 / node_rate(l, node)), f + 1);
        int in[VM_OP_INPUTS] = {x.left, c, c + 1, c + 2, c + 3};
        int band = mul(l, op(l, VM_OP_svf_bandpass, in), f + 2);
        sum.left = formant_sum(l, sum.left, band, i);
        in[0] = x.right;
        if (x.right == IR_NONE)
            continue;
        band = mul(l, op(l, VM_OP_svf_bandpass, in), f + 2);
        sum.right = formant_sum(l, sum.right, band, i);
    }
    set_any(l, node, sum);
}
