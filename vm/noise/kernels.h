/* kernels.h - noise and chance: hashes of counters. */
#ifndef VM_NOISE_KERNELS_H
#define VM_NOISE_KERNELS_H

#include "vm/kernel.h"

struct noise_state {
    ulane key0;
    ulane key1;
    ulane counter; /* frames */
};

/* A bijection of 32 bits in which each bit of x moves each bit of the result with a chance close to
 * 1/2 (Wellons, "Prospecting for hash functions", 2018: lowbias32), without its last shift. */
LANE_FN ulane noise_mix(ulane x)
{
    x = (x ^ (x >> 16)) * 0x7feb352du;
    return (x ^ (x >> 15)) * 0x846ca68bu;
}

/* a := mix(n + key0);  b := mix((a + key0) ^ key1);  b ^ b/2^16. Two mixes, as one would leave keys
 * that differ in key0 alone with the same stream shifted. */
LANE_FN ulane noise_hash(ulane key0, ulane key1, ulane n)
{
    ulane a = noise_mix(n + key0);
    ulane b = noise_mix((a + key0) ^ key1);
    return b ^ (b >> 16);
}

/* The top 24 bits of a hash, signed: in [-1, 1). */
LANE_FN lane noise_signed(ulane hash)
{
    return lane_from_int(lane_as_int(hash) >> 8) * (1.0f / 8388608.0f);
}

/* out := the hash of the frame's number, in [-1, 1);  n := n + 1 */
KERNEL(noise_white)
{
    struct noise_state *s = state;
    (void)in;
    out[0] = noise_signed(noise_hash(s->key0, s->key1, s->counter));
    s->counter += 1u;
}

/* ---- coloured ---- */

enum { PINK_POLES = 8 };

struct pink_state {
    lane s[PINK_POLES];
};

/* White to pink: s[i] := s[i] + a[i] (x - s[i]);  out := sum g[i] s[i] + d x. The sum's response is
 * 10 dB less a decade, flat within 0.08 dB from 18 Hz to 20.5 kHz: poles and weights are fitted to
 * that, minimax. Of noise uniform in [-1, 1) it makes an RMS of 0.2. Stable: 0 < a[i] < 1. */
KERNEL(noise_pink)
{
    static const float a[PINK_POLES] = {0.00101215845f, 0.0029714671f, 0.00970987183f,
                                        0.0319326902f,  0.0723272792f, 0.240642775f,
                                        0.805084685f,   0.83987367f};
    static const float g[PINK_POLES] = {4.14831499f,  1.61878713f,  0.774930782f, 0.40298502f,
                                        0.212677491f, 0.211808842f, 0.120509542f, 0.0700445613f};
    struct pink_state *st = state;
    lane sum = in[0] * -0.0621074242f;
    for (int i = 0; i < PINK_POLES; i++) {
        st->s[i] = lane_flush(st->s[i] + (in[0] - st->s[i]) * a[i]);
        sum = sum + st->s[i] * g[i];
    }
    out[0] = sum;
}

struct brown_state {
    lane s;
};

/* White to brown: s := s - a s + x;  out := b (s + 0.162 s'), s' the last s. An integrator that
 * leaks below 4 Hz, a = 1 - e^(-2 pi 4/sr), so that DC is bounded; the zero straightens it toward
 * half the sample rate. Of noise uniform in [-1, 1) it makes an RMS of 0.2. Stable: 0 < a < 1. */
KERNEL(noise_brown)
{
    struct brown_state *st = state;
    lane before = st->s;
    st->s = lane_flush(before - before * 0.000523461756f + in[0]);
    out[0] = (st->s + before * 0.162f) * 0.00964486f;
}

/* ---- impulses ---- */

/* Unsigned a < b. */
LANE_FN ilane noise_below(ulane a, ulane b)
{
    return lane_igt(lane_as_int(b ^ 0x80000000u), lane_as_int(a ^ 0x80000000u));
}

/* Hz to 2^-32 turns a frame, held within 0.001 Hz and half the rate. */
LANE_FN ulane noise_step(lane freq, const struct memory *m)
{
    lane x = lane_clamp(freq, 0.001f * m->share, 24000.0f) * (2147483648.0f / VM_RATE);
    return lane_as_uint(lane_to_int(x)) << 1;
}

struct velvet_state {
    ulane key0, key1;
    ulane phase, period; /* turns, 2^-32; whole turns */
    ilane fired;         /* mask: in this period */
};

/* Each turn of p has one impulse, in the frame that passes u = hash(turn), or in its last frame at
 * the latest: +-1 by u's last bit.  p := p + density/sr
 * M. Karjalainen, H. Jarvelainen, "Reverberation modeling using velvet noise", 2007. */
KERNEL(noise_velvet)
{
    struct velvet_state *s = state;
    ulane u = noise_hash(s->key0, s->key1, s->period);
    ulane next = s->phase + noise_step(in[0], memory);
    ilane wrap = noise_below(next, s->phase);
    ilane fire = ~s->fired & (wrap | noise_below(u, next));
    lane sign = lane_from_bits((u << 31) | 0x3f800000u);
    out[0] = lane_sel(fire, sign, lane_set(0.0f));
    s->fired = (s->fired | fire) & ~wrap;
    s->phase = next;
    s->period += lane_as_uint(wrap & lane_iset(1));
}

/* With a chance of density/sr a frame: an impulse of a height in (0, 1], where in[1] is above 0 of
 * either sign. */
KERNEL(noise_dust)
{
    struct noise_state *s = state;
    ulane h = noise_hash(s->key0, s->key1, s->counter);
    ulane height = noise_mix(h + s->key1);
    ilane fire = noise_below(h, noise_step(in[0], memory));
    lane tall = lane_from_int(lane_as_int(height >> 8) + 1) * (1.0f / 16777216.0f);
    ulane minus = lane_as_uint(lane_gt(in[1], lane_set(0.0f))) & (height << 31);
    lane either = lane_from_bits(lane_bits(tall) | minus);
    out[0] = lane_sel(fire, either, lane_set(0.0f));
    s->counter += 1u;
}

struct crackle_state {
    ulane key0, key1;
    lane y1, y2, mean;
    ilane begun;
};

/* y := |chaos y' - y'' - 0.05|, held within 4;  m := m + (y - m)/1000;  out := y - m
 * y' starts at a hash in [0, 1). chaos is held within 1 and 2, where |y| stays below 4 all but near
 * 2. J. McCartney, SuperCollider's Crackle; the mean is taken off here. */
KERNEL(noise_crackle)
{
    struct crackle_state *s = state;
    ulane h = noise_hash(s->key0, s->key1, lane_as_uint(lane_iset(0)));
    lane start = lane_from_int(lane_as_int(h >> 8)) * (1.0f / 16777216.0f);
    lane y1 = lane_sel(s->begun, s->y1, start);
    lane chaos = lane_clamp(in[0], 1.0f, 2.0f);
    lane y = lane_min(lane_abs(chaos * y1 - s->y2 - 0.05f), lane_set(4.0f));
    s->y2 = y1;
    s->y1 = lane_flush(y);
    s->mean = lane_flush(s->mean + (y - s->mean) * 0.001f);
    s->begun = lane_iset(-1);
    out[0] = y - s->mean;
}

/* ---- control ---- */

struct hold_state {
    ulane key0, key1;
    ulane phase, period;
};

/* Random values of this period and the next, and how far it has come: a := hash(k), b := hash(k +
 * 1) in [-1, 1), t in [0, 1);  p := p + freq/sr, k and t its whole turns and the rest. */
KERNEL(noise_hold)
{
    struct hold_state *s = state;
    out[0] = noise_signed(noise_hash(s->key0, s->key1, s->period));
    out[1] = noise_signed(noise_hash(s->key0, s->key1, s->period + 1u));
    out[2] = lane_from_int(lane_as_int(s->phase >> 8)) * (1.0f / 16777216.0f);
    ulane next = s->phase + noise_step(in[0], memory);
    s->period += lane_as_uint(noise_below(next, s->phase) & lane_iset(1));
    s->phase = next;
}

struct walk_state {
    ulane key0, key1;
    ulane phase, period;
    lane from, to;
    ilane begun; /* mask */
    ilane wait;  /* mask: no step is due */
};

/* x + d, thrown back at low and high. */
LANE_FN lane walk_reflect(lane y, lane low, lane high)
{
    y = lane_sel(lane_gt(y, high), high + high - y, y);
    y = lane_sel(lane_lt(y, low), low + low - y, y);
    return lane_min(lane_max(y, low), high);
}

/* in: freq, step, low, high. A walk from the middle of low and high, a random part of +-step each
 * turn of p, thrown back at low and high: to[k + 1] := reflect(to[k] + step hash(k)), step at most
 * high - low, from[k] := to[k - 1];  a := from, b := to, t in [0, 1) as noise_hold. */
KERNEL(noise_walk)
{
    struct walk_state *s = state;
    lane low = lane_min(in[2], in[3]), high = lane_max(in[2], in[3]);
    ulane next = s->phase + noise_step(in[0], memory);
    lane middle = (low + high) * 0.5f;
    lane to = lane_sel(s->begun, s->to, middle);
    lane part = noise_signed(noise_hash(s->key0, s->key1, s->period)) *
                lane_min(lane_abs(in[1]), high - low);
    /* A step is due in the voice's first frame and after each turn. */
    ilane due = ~s->wait;
    s->from = lane_sel(due, to, s->from);
    s->to = lane_sel(due, walk_reflect(to + part, low, high), to);
    s->period += lane_as_uint(due & lane_iset(1));
    out[0] = lane_min(lane_max(s->from, low), high);
    out[1] = lane_min(lane_max(s->to, low), high);
    out[2] = lane_from_int(lane_as_int(s->phase >> 8)) * (1.0f / 16777216.0f);
    s->wait = ~noise_below(next, s->phase);
    s->begun = lane_iset(-1);
    s->phase = next;
}

/* out := a + t (b - a) */
KERNEL(blend_linear)
{
    (void)state;
    out[0] = in[0] + in[2] * (in[1] - in[0]);
}

/* out := a + t^2 (3 - 2t) (b - a): flat at both ends */
KERNEL(blend_smooth)
{
    (void)state;
    lane t = in[2];
    out[0] = in[0] + t * t * (lane_set(3.0f) - t - t) * (in[1] - in[0]);
}

#endif
