/* osc.c - oscillators. */
#include "compiler/lower/lower.h"

DIRECT(OSC_SAW, osc_saw)
DIRECT(OSC_PULSE, osc_pulse)
DIRECT(OSC_TRIANGLE, osc_triangle)
DIRECT(OSC_PHASOR, osc_phasor)

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
