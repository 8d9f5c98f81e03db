/* wavetable.h - drawn cycles, band-limited.
 *
 * A table (compiler/lower/osc_wavetable.c makes it):
 *   [0] K, harmonics of a cycle   [1] L, levels   [2] floats a cycle   [3] cycles
 *   [4 + 2j] where level j of cycle 0 begins   [5 + 2j] log2 of its length N
 * then each cycle's levels, one behind the other. Level j has the harmonics up to K 2^(-j/3) as
 * coefficients of a cubic B-spline, N >= 16 times as many as harmonics, c[-1] first, c[N + 1] last.
 * The spline's own response is taken out of them, so that what is left of interpolation are images,
 * those of harmonic k by (N/k - 1)^4, 94 dB, below it. */
#ifndef VM_OSC_WAVETABLE_H
#define VM_OSC_WAVETABLE_H

#include "vm/kernel.h"

enum { WAVE_HEAD = 4, WAVE_GUARD = 3 };

/* floor(x), |x| < 2^22, not NaN. */
LANE_FN ilane wave_floor(lane x)
{
    ilane i = lane_to_int(x);
    return i + lane_lt(x, lane_from_int(i));
}

/* The level that may be heard at freq, and how far it has faded into the next, duller one:
 *   x := 3 log2(1.001 K |freq|/24000);  j := floor(x) + 1;  fade := max(0, 4 (x - floor(x)) - 3)
 * Level j ends at 24 kHz where x = j, and has faded out there: nothing folds. All up to 17.9 kHz,
 * 24 kHz 2^(-5/12), is heard in full. The last level has the mean alone and fades into nothing.
 *
 * out: where level j begins; 64 log2 N + log2 N of the next; fade. */
MEMORY_KERNEL(wave_level)
{
    (void)state;
    lane harmonics = lane_clamp(table_read(memory, lane_iset(0)), 1.0f, 1e6f);
    ilane last = lane_to_int(lane_clamp(table_read(memory, lane_iset(1)), 1.0f, 64.0f)) - 1;
    lane f = lane_clamp(lane_abs(in[0]), 0.000001f, 24000.0f) * (1.001f / 24000.0f);
    lane x = lane_max(lane_log2(f * harmonics) * 3.0f, lane_set(-1.0f));
    ilane whole = wave_floor(x);
    ilane j = whole + 1, next = whole + 2;
    j = lane_isel(lane_igt(j, last), last, j);
    next = lane_isel(lane_igt(next, last), last, next);
    lane size = table_read(memory, j + j + WAVE_HEAD + 1);
    out[0] = table_read(memory, j + j + WAVE_HEAD);
    out[1] = size * 64.0f + table_read(memory, next + next + WAVE_HEAD + 1);
    lane fade = lane_clamp((x - lane_from_int(whole)) * 4.0f - 3.0f, 0.0f, 1.0f);
    out[2] = lane_sel(lane_igt(last, j), fade, lane_set(0.0f));
}

/* Which cycles to hear at position 0..1 of them all: where the one begins, the one after it, both
 * from cycle 0 on, and how far to go from one to the other. */
MEMORY_KERNEL(wave_scan)
{
    (void)state;
    lane stride = table_read(memory, lane_iset(2));
    lane last = lane_clamp(table_read(memory, lane_iset(3)), 1.0f, 1e6f) - 1.0f;
    lane x = lane_clamp(in[0], 0.0f, 1.0f) * last;
    lane whole = lane_from_int(lane_to_int(x));
    out[0] = whole * stride;
    out[1] = lane_min(whole + 1.0f, last) * stride;
    out[2] = x - whole;
}

/* The spline at a phase: N = 2^size coefficients, c[-1] at `base`. t the way from c[i] to c[i + 1]:
 *   ((c[i+2] - c[i-1] + 3 (c[i] - c[i+1])) t^3 + 3 (c[i-1] - 2 c[i] + c[i+1]) t^2
 *    + 3 (c[i+1] - c[i-1]) t + c[i-1] + 4 c[i] + c[i+1])/6 */
LANE_FN lane wave_spline(const struct memory *memory, ulane phase, ilane base, ulane size)
{
    ilane i = base + lane_as_int(phase >> (32u - size));
    lane t = lane_from_int(lane_as_int((phase << size) >> 8)) * (1.0f / 16777216.0f);
    lane a = table_read(memory, i), b = table_read(memory, i + 1);
    lane c = table_read(memory, i + 2), d = table_read(memory, i + 3);
    lane y = ((d - a) + (b - c) * 3.0f) * t + (a - b - b + c) * 3.0f;
    y = y * t + (c - a) * 3.0f;
    return (y * t + (a + b * 4.0f + c)) * (1.0f / 6.0f);
}

/* A cycle `first` floats behind cycle 0, at its level. */
LANE_FN lane wave_at(const struct memory *memory, ulane phase, lane first, const lane *level)
{
    ilane base = lane_to_int(lane_clamp(first + level[0], 0.0f, 16777216.0f));
    ilane sizes = lane_to_int(lane_clamp(level[1], 130.0f, 1000.0f));
    ulane size = lane_as_uint((sizes >> 6) & 15);
    lane y = wave_spline(memory, phase, base, size);
    ilane fading = lane_gt(level[2], lane_set(0.0f));
    if (lane_any(fading)) {
        ilane next = base + lane_as_int(lane_as_uint(lane_iset(1)) << size) + WAVE_GUARD;
        ulane dull = lane_as_uint((sizes & 15) - lane_ieq(sizes & 15, lane_iset(0)));
        lane z = wave_spline(memory, phase, next, dull);
        y = lane_sel(fading, y + (z - y) * level[2], y);
    }
    return y;
}

/* out := the cycle at p + phase, of level in[2..4];  p := p + freq/sr */
MEMORY_KERNEL(osc_wavetable)
{
    struct osc_state *s = state;
    out[0] = wave_at(memory, s->phase + osc_turns(in[1]), lane_set(0.0f), &in[2]);
    s->phase += osc_increment(in[0]);
}

/* The same between two cycles: in[5] and in[6], in[7] of the way. */
MEMORY_KERNEL(osc_wavescan)
{
    struct osc_state *s = state;
    ulane phase = s->phase + osc_turns(in[1]);
    lane y = wave_at(memory, phase, in[5], &in[2]);
    ilane between = lane_gt(in[7], lane_set(0.0f));
    if (lane_any(between)) {
        lane z = wave_at(memory, phase, in[6], &in[2]);
        y = lane_sel(between, y + (z - y) * in[7], y);
    }
    out[0] = y;
    s->phase += osc_increment(in[0]);
}

#endif
