/* kern.h - the kernels behind plain pointers, built once a lane width (kern.c). Values lie frame
 * by frame, the voices of a frame side by side; state likewise, word by word. */
#ifndef TESTS_NUMERIC_KERN_H
#define TESTS_NUMERIC_KERN_H

#include <stddef.h>
#include <stdint.h>

enum kern_op {
    OSC_SINE,
    OSC_SINE_PM,
    OSC_PHASOR,
    OSC_SAW,
    OSC_PULSE,
    OSC_TRIANGLE,
    NOISE_WHITE,
    KERN_OPS
};

enum kern_fn { FN_SIN, FN_TAN, FN_EXP2, FN_LOG2, FN_TANH, FN_SQRT, FN_STEP, FN_RAMP, KERN_FNS };

struct kern {
    int width;
    /* in0, in1: frames*voices values; state: 3*voices words; voices: a multiple of width */
    void (*osc)(enum kern_op op, size_t frames, size_t voices, const float *in0, const float *in1,
                float *out, uint32_t *state);
    /* bits of the arguments (FN_SIN: the phase), n a multiple of width */
    void (*map)(enum kern_fn fn, size_t n, const uint32_t *bits, float *out);
};

extern const struct kern kern_1;
extern const struct kern kern_4;
extern const struct kern kern_8;
extern const struct kern kern_16;

#endif
