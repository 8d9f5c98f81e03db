/* kern.c - the kernels at one lane width, VM_VEC; see kern.h. */
#include "vm/lane.h"

#include "kern.h"

#include "vm/noise/kernels.h"
#include "vm/osc/kernels.h"

#define PASTE(a, b) a##b
#define NAMED(a, b) PASTE(a, b)

enum { W = VM_VEC, STATE_WORDS = 3, INPUTS = 2 };

/* One group of W voices over all frames. */
#define RUN(name)                                                                                  \
    for (size_t f = 0; f < frames; f++) {                                                          \
        lane in[INPUTS];                                                                           \
        lane y;                                                                                    \
        memcpy(&in[0], in0 + f * voices + v, sizeof y);                                            \
        memcpy(&in[1], in1 + f * voices + v, sizeof y);                                            \
        k_##name(in, &y, s, NULL);                                                                 \
        memcpy(out + f * voices + v, &y, sizeof y);                                                \
    }                                                                                              \
    break

static void osc(enum kern_op op, size_t frames, size_t voices, const float *in0, const float *in1,
                float *out, uint32_t *state)
{
    for (size_t v = 0; v < voices; v += W) {
        ulane s[STATE_WORDS];
        for (size_t i = 0; i < STATE_WORDS; i++)
            memcpy(&s[i], state + i * voices + v, sizeof s[i]);
        switch (op) {
        case OSC_SINE:
            RUN(osc_sine);
        case OSC_SINE_PM:
            RUN(osc_sine_pm);
        case OSC_PHASOR:
            RUN(osc_phasor);
        case OSC_SAW:
            RUN(osc_saw);
        case OSC_PULSE:
            RUN(osc_pulse);
        case OSC_TRIANGLE:
            RUN(osc_triangle);
        case NOISE_WHITE:
        case KERN_OPS:
            RUN(noise_white);
        }
        for (size_t i = 0; i < STATE_WORDS; i++)
            memcpy(state + i * voices + v, &s[i], sizeof s[i]);
    }
}

#define MAP(expression)                                                                            \
    for (size_t i = 0; i < n; i += W) {                                                            \
        ulane u;                                                                                   \
        lane y;                                                                                    \
        memcpy(&u, bits + i, sizeof u);                                                            \
        y = expression;                                                                            \
        memcpy(out + i, &y, sizeof y);                                                             \
    }                                                                                              \
    break

static void map(enum kern_fn fn, size_t n, const uint32_t *bits, float *out)
{
    switch (fn) {
    case FN_SIN:
        MAP(lane_sin_turns(u));
    case FN_TAN:
        MAP(lane_tan_pi(lane_from_bits(u)));
    case FN_EXP2:
        MAP(lane_exp2(lane_from_bits(u)));
    case FN_LOG2:
        MAP(lane_log2(lane_from_bits(u)));
    case FN_TANH:
        MAP(lane_tanh(lane_from_bits(u)));
    case FN_SQRT:
        MAP(lane_sqrt(lane_from_bits(u)));
    case FN_STEP:
        MAP(blep_step(lane_from_bits(u)));
    case FN_RAMP:
    case KERN_FNS:
        MAP(blep_ramp(lane_from_bits(u)));
    }
}

const struct kern NAMED(kern_, VM_VEC) = {W, osc, map};
