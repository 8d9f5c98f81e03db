/* kernels.h - colour: clipping, folding, quantising. All but the sample-rate reduction keep nothing
 * from frame to frame: what they make above half the sample rate comes back as aliases, unless they
 * run at a higher rate. */
#ifndef VM_SHAPE_KERNELS_H
#define VM_SHAPE_KERNELS_H

#include "vm/kernel.h"

/* Input times drive, held within 1e9 so that no product of it overflows. */
LANE_FN lane shape_driven(lane x, lane drive)
{
    return lane_clamp(x * drive, -1e9f, 1e9f);
}

/* v := x drive/level, held within +-3/2;  out := level (v - 4/27 v^3)
 * Slope drive at 0, flat at +-3/2, where it reaches +-level. Level held within 1e-6 to 1e6. */
KERNEL(shape_soft)
{
    (void)state;
    lane level = lane_clamp(in[2], 1e-6f, 1e6f);
    lane v = lane_clamp(shape_driven(in[0], in[1]) / level, -1.5f, 1.5f);
    out[0] = (v - v * v * v * (4.0f / 27.0f)) * level;
}

/* out := x drive, held within +-level */
KERNEL(shape_hard)
{
    (void)state;
    lane level = lane_clamp(in[2], 1e-6f, 1e6f);
    out[0] = lane_max(lane_min(shape_driven(in[0], in[1]), level), lane_set(0.0f) - level);
}

/* out := tanh(x drive + bias) - tanh(bias) */
KERNEL(shape_tanh)
{
    (void)state;
    lane bias = lane_clamp(in[2], -100.0f, 100.0f);
    out[0] = lane_tanh(shape_driven(in[0], in[1]) + bias) - lane_tanh(bias);
}

/* v less the nearest multiple of 4, v held within 1e6: -2 to 2, exact. */
LANE_FN lane shape_wrap(lane v)
{
    lane c = lane_clamp(v, -1e6f, 1e6f);
    lane k = c * 0.25f + 12582912.0f;
    return c - (k - 12582912.0f) * 4.0f;
}

/* The triangle of period 4 through 0 with slope 1: r := wrap(v);  out := sign(r) (1 - |1 - |r||) */
LANE_FN lane shape_triangle(lane v)
{
    lane one = lane_set(1.0f);
    lane r = shape_wrap(v);
    return lane_copysign(one - lane_abs(one - lane_abs(r)), r);
}

/* sin(pi v/2) */
LANE_FN lane shape_sine(lane v)
{
    ulane turns = lane_as_uint(lane_to_int(shape_wrap(v) * 536870912.0f)) << 1;
    return lane_sin_turns(turns);
}

/* f := triangle or sine of x drive + bias;  out := f - the same of bias alone */
KERNEL(fold_triangle)
{
    (void)state;
    lane bias = lane_clamp(in[2], -100.0f, 100.0f);
    out[0] = shape_triangle(shape_driven(in[0], in[1]) + bias) - shape_triangle(bias);
}

KERNEL(fold_sine)
{
    (void)state;
    lane bias = lane_clamp(in[2], -100.0f, 100.0f);
    out[0] = shape_sine(shape_driven(in[0], in[1]) + bias) - shape_sine(bias);
}

/* A quantiser's step and its inverse.  step := 2^(1 - bits);  bits held within 1 to 24, exact where
 * they are whole. */
KERNEL(crush_step)
{
    (void)state;
    lane bits = lane_clamp(in[0], 1.0f, 24.0f);
    out[0] = lane_exp2(lane_set(1.0f) - bits);
    out[1] = lane_exp2(bits - 1.0f);
}

/* out := step round(x/step), halves to even; x as it is where it has no finer bits. */
KERNEL(crush)
{
    (void)state;
    lane q = in[0] * in[2];
    lane magnitude = lane_abs(q);
    lane whole = magnitude + 8388608.0f - 8388608.0f;
    lane rounded = lane_copysign(whole, q) * in[1];
    out[0] = lane_sel(lane_lt(magnitude, lane_set(8388608.0f)), rounded, in[0]);
}

struct reduce_state {
    ulane phase;
    lane held;
};

/* p in turns: h := x where p < freq/sr;  out := h;  p := p + freq/sr mod 1
 * One frame a period is taken, the voice's first among them. freq held within 0.01 Hz and 48 kHz,
 * to 2^-31 turns a frame; at 48 kHz every frame is taken. */
KERNEL(hold_rate)
{
    struct reduce_state *st = state;
    lane f = lane_clamp(in[1], 0.01f * memory->share, 48000.0f);
    lane turns = lane_min(f * (2147483648.0f / 48000.0f), lane_set(2147483520.0f));
    ulane step = lane_as_uint(lane_to_int(turns)) << 1;
    /* Unsigned p < step, by signs. */
    ilane p = lane_as_int(st->phase ^ 0x80000000u), s = lane_as_int(step ^ 0x80000000u);
    ilane take = lane_igt(s, p) | lane_ge(f, lane_set(48000.0f));
    st->held = lane_sel(take, in[0], st->held);
    st->phase += step;
    out[0] = st->held;
}

/* out := x (1 - depth + depth carrier) */
KERNEL(ring_modulate)
{
    (void)state;
    out[0] = in[0] * ((lane_set(1.0f) - in[2]) + in[2] * in[1]);
}

/* A place in a table of N values: u := x drive within +-1, t := (u + 1)/2 (N - 1), i its whole part
 * (at most N - 2, at least 0). Returns t - i. */
LANE_FN lane shape_place(const struct memory *m, lane x, lane drive, ilane *i)
{
    float last = (float)(m->length - 1);
    lane u = lane_clamp(x * drive, -1.0f, 1.0f);
    lane t = (u * 0.5f + 0.5f) * last;
    lane whole =
        lane_min(lane_from_int(lane_to_int(t)), lane_set(last < 1.0f ? 0.0f : last - 1.0f));
    *i = lane_to_int(whole);
    return t - whole;
}

/* out := a + f (b - a), a and b the values around the place */
MEMORY_KERNEL(table_linear)
{
    (void)state;
    ilane i;
    lane f = shape_place(memory, in[0], in[1], &i);
    lane a = table_read(memory, i);
    out[0] = a + f * (table_read(memory, i + 1) - a);
}

/* The cubic through b and c, at their places, whose slopes there are (c - a)/2 and (d - b)/2
 * (Catmull and Rom 1974); beyond an end the table goes on straight. */
MEMORY_KERNEL(table_cubic)
{
    (void)state;
    ilane i;
    lane f = shape_place(memory, in[0], in[1], &i);
    lane b = table_read(memory, i), c = table_read(memory, i + 1);
    ilane first = lane_igt(lane_iset(1), i);
    ilane last = lane_igt(i + 3, lane_iset((int32_t)memory->length));
    lane a = lane_sel(first, b + b - c, table_read(memory, i - 1));
    lane d = lane_sel(last, c + c - b, table_read(memory, i + 2));
    lane slope = (c - a) * 0.5f, end = (d - b) * 0.5f, rise = c - b;
    lane cubic = slope + end - rise - rise;
    lane square = rise - slope - cubic;
    out[0] = ((cubic * f + square) * f + slope) * f + b;
}

#endif
