/* network.h - what reverberators are made of: decay as it is asked for, and lossless mixing. */
#ifndef VM_DELAY_NETWORK_H
#define VM_DELAY_NETWORK_H

#include "vm/kernel.h"

/* The filter of a line of d seconds in a network that decays by 60 dB in T seconds; in r T above,
 * at the frequency f; in l T at 0 Hz.
 *   gain := 10^(-3 d/T);  low := 10^(-3 d/(l T))/gain - 1
 *   h := 10^(-3 d/(r T))/gain;  t := (1 - h^2)/(2 h^2 (1 - cos(2 pi f/sr)))
 *   high := 2/(1 + sqrt(1 + 4 t))
 * high makes a one-pole low-pass have the gain h at f: |H|^2 = high^2/(high^2 + 2 (1 - high)
 * (1 - cos)), solved. T held within 0.01 s and 1000 s, r within 0.01 and 1, l within 0.1 and 4, f
 * within 100 Hz and 23.5 kHz; gain is within 2^-40 and 1, gain (1 + low) not above 0.9999. J.-M.
 * Jot, A. Chaigne, "Digital delay networks for designing artificial reverberators", 1991; the
 * low-pass by a frequency after F. Adriaensen's zita-rev1, 2010. */
KERNEL(decay_coeff)
{
    (void)state;
    lane time = held_seconds(in[1], 0.01f, 1000.0f, memory);
    lane power = lane_clamp(in[0] * -9.9657843f / time, -40.0f, 0.0f); /* log2 of the gain */
    lane gain = lane_exp2(power);
    lane whole = lane_exp2(power / lane_clamp(in[2], 0.1f, 4.0f));
    lane ratio = lane_clamp(in[3], 0.01f, 1.0f);
    lane h = lane_exp2(lane_max(power / ratio - power, lane_set(-30.0f)));
    lane turns = held_hz(in[4], 100.0f, 23500.0f, memory) * (1.0f / (2.0f * VM_RATE));
    lane half = lane_sin_turns(lane_as_uint(lane_to_int(turns * 4294967296.0f)));
    lane t = (lane_set(1.0f) - h * h) / (h * h * half * half * 4.0f);
    out[0] = gain;
    out[1] = lane_min(whole, lane_set(0.9999f)) / gain - 1.0f;
    out[2] = lane_set(2.0f) / (lane_sqrt(t * 4.0f + 1.0f) + 1.0f);
}

/* The weight of a one-pole low-pass that falls by 3 dB at f Hz, held within 1 and 23500:
 *   s := sin(pi f/sr);  out := 2 s/(s + sqrt(s^2 + 1)) */
KERNEL(decay_corner)
{
    (void)state;
    lane turns = held_hz(in[0], 1.0f, 23500.0f, memory) * (1.0f / (2.0f * VM_RATE));
    lane s = lane_sin_turns(lane_as_uint(lane_to_int(turns * 4294967296.0f)));
    out[0] = (s + s) / (s + lane_sqrt(s * s + 1.0f));
}

struct decay_state {
    lane low, high;
};

/* s += corner (x - s);  h += high (x + low s - h);  out := gain h.  corner and high are held within
 * 0 and 1, where s and h stay within what comes in; out within 2^20, so that no loop grows without
 * end however they move. */
KERNEL(decay_filter)
{
    struct decay_state *s = state;
    lane low = lane_clamp(in[2], -1.0f, 1e9f);
    lane corner = lane_clamp(in[3], 0.0f, 1.0f), high = lane_clamp(in[4], 0.0f, 1.0f);
    s->low = lane_flush(s->low + corner * (in[0] - s->low));
    s->high = lane_flush(s->high + high * (in[0] + low * s->low - s->high));
    out[0] = lane_clamp(in[1] * s->high, -1048576.0f, 1048576.0f);
}

struct absorb_state {
    lane h;
};

/* The same without lows of their own, held by decay_coeff alone:
 *   h += high (x - h);  out := gain h.  |out| is never above the loudest x. */
KERNEL(absorb)
{
    struct absorb_state *s = state;
    s->h = lane_flush(s->h + in[2] * (in[0] - s->h));
    out[0] = in[1] * s->h;
}

struct shelf_state {
    lane s;
};

/* The lows of it:  s += corner (x - s);  out := x + low s, held within 2^20. */
KERNEL(decay_shelf)
{
    struct shelf_state *s = state;
    s->s = lane_flush(s->s + in[2] * (in[0] - s->s));
    out[0] = lane_clamp(in[0] + in[1] * s->s, -1048576.0f, 1048576.0f);
}

/* Four lines mixed without loss:  out := H in, H Hadamard's matrix of order 4, halved. */
KERNEL(hadamard)
{
    (void)state;
    lane a = in[0] + in[1], b = in[0] - in[1];
    lane c = in[2] + in[3], d = in[2] - in[3];
    out[0] = (a + c) * 0.5f;
    out[1] = (b + d) * 0.5f;
    out[2] = (a - c) * 0.5f;
    out[3] = (b - d) * 0.5f;
}

/* Two lines turned into each other without loss, by an angle in turns, held within +-1:
 *   out := a cos - b sin;  out2 := a sin + b cos
 * A matrix that moves without changing energy: S. Schlecht, E. Habets, "Time-varying feedback
 * matrices in feedback delay networks and their application in artificial reverberation", 2015. */
KERNEL(rotate)
{
    (void)state;
    lane turns = lane_clamp(in[2], -1.0f, 1.0f) * 1073741824.0f;
    ulane angle = lane_as_uint(lane_to_int(turns)) << 2;
    lane c = lane_sin_turns(angle + 0x40000000u), s = lane_sin_turns(angle);
    out[0] = in[0] * c - in[1] * s;
    out[1] = in[0] * s + in[1] * c;
}

#endif
