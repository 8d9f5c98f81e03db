/* fm.h - phase modulation, and the waves of sfxr. */
#ifndef VM_OSC_FM_H
#define VM_OSC_FM_H

#include "vm/noise/kernels.h"
#include "vm/osc/clock.h"

struct fm_state {
    ulane carrier, modulator; /* phases */
    lane m1, m2;              /* the modulator one and two frames ago */
};

/* m := sin(2 pi b + feedback (m1 + m2)/2);  out := sin(2 pi (a + phase) + index m)
 * a := a + freq/sr;  b := b + ratio freq/sr.  index and feedback in radians, feedback held within
 * +-8. Both sines are bounded whatever comes in. The mean of two frames (as in the DX7) has a zero
 * at half the rate, where feedback of one frame alone would flip from frame to frame. J. Chowning,
 * "The synthesis of complex audio spectra by means of frequency modulation", 1973; N. Tomisawa, US
 * patent 4,249,447, 1981. */
LANE_FN void first_osc_fm(const lane *in, lane *between, state_words state,
                          const struct memory *memory __attribute__((unused)))
{
    struct fm_state *s = state;
    lane strength = osc_few_scaled(lane_clamp(in[3], -8.0f, 8.0f) * 0.0795774715f);
    lane m = lane_sin_turns(s->modulator + osc_few_turns((s->m1 + s->m2) * strength));
    between[0] = lane_from_bits(s->carrier + osc_turns(in[4]));
    between[1] = in[2];
    between[2] = m;
    s->m2 = s->m1;
    s->m1 = m;
    s->carrier += osc_increment(in[0]);
    s->modulator += osc_increment(in[0] * in[1]);
}

LANE_FN void second_osc_fm(const lane *own __attribute__((unused)), const lane *between, lane *out,
                           state_words state __attribute__((unused)),
                           const struct memory *memory __attribute__((unused)))
{
    lane m = between[2];
    out[0] = lane_sin_turns(lane_bits(between[0]) + osc_turns(between[1] * m * 0.159154943f));
    out[1] = m;
}

LATE_KERNEL(osc_fm)

struct duty_state {
    ilane moved; /* 2^-30 turns */
};

/* out := min(max(duty + d, 0), 1/2);  d := out - duty + sweep/sr
 * so that a sweep stops at its end and a moving duty takes it along. duty in turns, held within 0
 * and 1/2, sweep in turns a second, held within +-12000. Integers, in 2^-30 turns. */
KERNEL(sfxr_duty)
{
    struct duty_state *s = state;
    ilane duty = lane_to_int(lane_clamp(in[0], 0.0f, 0.5f) * 1073741824.0f);
    lane step = held_hz(in[1], -12000.0f, 12000.0f, memory) * (1073741824.0f / VM_RATE);
    ilane at = lane_iadd(duty, s->moved);
    at = at & ~lane_igt(lane_iset(0), at);
    at = lane_isel(lane_igt(at, lane_iset(1 << 29)), lane_iset(1 << 29), at);
    out[0] = lane_from_int(at) * (1.0f / 1073741824.0f);
    s->moved = at - duty + lane_to_int(step);
}

struct sfxr_noise_state {
    ulane key0, key1;
    ulane phase, turns;
};

/* Value number n of the noise, in 2^-23. */
LANE_FN ilane sfxr_value(const struct sfxr_noise_state *s, ulane n)
{
    return lane_as_int(noise_hash(s->key0, s->key1, n)) >> 8;
}

/* 32 values a turn, new ones each turn: v(x) := hash(key, floor(32 x)) in [-1, 1), x turns since
 * the start.  out := 1/8 sum k = 0..7 of v(p + k F/8);  p := p + F,  F = |freq|/sr A frame of 8
 * equal values is one; the sum is one of integers, and exact either way. */
KERNEL(sfxr_noise)
{
    struct sfxr_noise_state *s = state;
    ulane increment = osc_increment(lane_abs(in[0])), eighth = increment >> 3;
    ulane at = s->phase, turns = s->turns, first = (turns << 5) | (at >> 27);
    ilane sum = sfxr_value(s, first) * 8;
    ulane last = at + eighth * 7u;
    ilane same = lane_ieq(lane_as_int(at >> 27), lane_as_int(last >> 27)) & ~lane_ult(last, at);
    if (lane_any(~same)) {
        sum = sfxr_value(s, first);
        for (unsigned k = 1; k < 8; k++) {
            ulane next = at + eighth;
            turns -= lane_as_uint(lane_ult(next, at));
            at = next;
            sum += sfxr_value(s, (turns << 5) | (at >> 27));
        }
    }
    out[0] = lane_from_int(sum) * (1.0f / 67108864.0f);
    at = s->phase + increment;
    s->turns -= lane_as_uint(lane_ult(at, s->phase));
    s->phase = at;
}

#endif
