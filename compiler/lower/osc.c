/* osc.c - oscillators. Those of tables are in osc_wavetable.c and osc_sample.c. */
#include "compiler/lower/lower.h"

DIRECT(OSC_PHASOR, osc_phasor)

/* A wave from its start, or with a last input `phase` from elsewhere. */
static void lower_wave(struct lowering *l, unsigned node, unsigned phase, enum vm_op plain,
                       enum vm_op from)
{
    int in[VM_OP_INPUTS] = {0};
    int moved = in_static(l, node, phase) != 0.0;
    for (unsigned j = 0; j < phase + (unsigned)moved; j++)
        in[j] = in_value(l, node, j);
    set_out(l, node, 0, op(l, moved ? from : plain, in));
}

#define WAVE(ENUM, name)                                                                           \
    void lower_OSC_##ENUM(struct lowering *l, unsigned node)                                       \
    {                                                                                              \
        lower_wave(l, node, VM_IN_OSC_##ENUM##_phase, VM_OP_##name, VM_OP_##name##_from);          \
    }

WAVE(SAW, osc_saw)
WAVE(PULSE, osc_pulse)
WAVE(TRIANGLE, osc_triangle)

void lower_OSC_TICK(struct lowering *l, unsigned node)
{
    int in[VM_OP_INPUTS] = {0};
    int again = in_given(l, node, VM_IN_OSC_TICK_reset);
    for (unsigned j = 0; j < 2 + (unsigned)again; j++)
        in[j] = in_value(l, node, j);
    set_out(l, node, 0, op(l, again ? VM_OP_osc_tick_reset : VM_OP_osc_tick, in));
}

void lower_OSC_SINE(struct lowering *l, unsigned node)
{
    int freq = in_value(l, node, VM_IN_OSC_SINE_freq);
    int out;
    if (in_given(l, node, VM_IN_OSC_SINE_phase))
        out = op2(l, VM_OP_osc_sine_pm, freq, in_value(l, node, VM_IN_OSC_SINE_phase));
    else
        out = op1(l, VM_OP_osc_sine, freq);
    set_out(l, node, 0, out);
}

/* An impulse's area is a frame's of its own rate; as many frames more there are, as much louder. */
void lower_OSC_IMPULSE(struct lowering *l, unsigned node)
{
    int out = op1(l, VM_OP_osc_impulse, in_value(l, node, VM_IN_OSC_IMPULSE_freq));
    set_out(l, node, 0, scale(l, out, node_rate(l, node)));
}

void lower_OSC_SUPERSAW(struct lowering *l, unsigned node)
{
    int detune = in_value(l, node, VM_IN_OSC_SUPERSAW_detune);
    int c = op2(l, VM_OP_supersaw_coeff, detune, in_value(l, node, VM_IN_OSC_SUPERSAW_mix));
    int in[VM_OP_INPUTS] = {in_value(l, node, VM_IN_OSC_SUPERSAW_freq), c, c + 1, c + 2};
    struct ir_extra key = {.key = node_key(l, node, 0)};
    int out = op_with(l, VM_OP_osc_supersaw, key, in);
    int away = mul(l, out + 1, in_value(l, node, VM_IN_OSC_SUPERSAW_spread));
    set_out(l, node, 0, out);
    set_out(l, node, 1, add(l, out, away));
    set_out(l, node, 2, sub(l, out, away));
}

void lower_OSC_ONESHOT(struct lowering *l, unsigned node)
{
    int freq = in_value(l, node, VM_IN_OSC_ONESHOT_freq);
    int out = op2(l, VM_OP_osc_oneshot, freq, in_value(l, node, VM_IN_OSC_ONESHOT_gate));
    set_out(l, node, 0, out);
    set_out(l, node, 1, out + 1);
}

void lower_OSC_FM(struct lowering *l, unsigned node)
{
    int in[VM_OP_INPUTS] = {0};
    for (unsigned j = 0; j < 5; j++)
        in[j] = in_value(l, node, j);
    int out = op(l, VM_OP_osc_fm, in);
    set_out(l, node, 0, out);
    set_out(l, node, 1, out + 1);
}

/* 1/2 where p < duty, else -1/2, less its mean, duty - 1/2. */
static int sfxr_square(struct lowering *l, unsigned node, int freq)
{
    int sweep = scale(l, in_value(l, node, VM_IN_OSC_SFXR_sweep), 1.0 / node_rate(l, node));
    int duty = op2(l, VM_OP_sfxr_duty, in_value(l, node, VM_IN_OSC_SFXR_duty), sweep);
    int mean = sub(l, duty, constant(l, 0.5));
    return sub(l, scale(l, op2(l, VM_OP_osc_pulse, freq, duty), 0.5), mean);
}

void lower_OSC_SFXR(struct lowering *l, unsigned node)
{
    enum { SQUARE, SAW, SINE, NOISE };
    int freq = in_value(l, node, VM_IN_OSC_SFXR_freq);
    int in[VM_OP_INPUTS] = {freq};
    struct ir_extra key = {.key = node_key(l, node, 0)};
    int out = IR_NONE;
    switch ((int)in_static(l, node, VM_IN_OSC_SFXR_wave)) {
    case SQUARE:
        out = sfxr_square(l, node, freq);
        break;
    case SAW:
        out = scale(l, op1(l, VM_OP_osc_saw, freq), -1.0);
        break;
    case SINE:
        out = op1(l, VM_OP_osc_sine, freq);
        break;
    case NOISE:
        out = op_with(l, VM_OP_sfxr_noise, key, in);
        break;
    }
    set_out(l, node, 0, out);
}
