/* kernels.h - physical models: strings and modes. */
#ifndef VM_PHYSICAL_KERNELS_H
#define VM_PHYSICAL_KERNELS_H

#include "vm/kernel.h"
#include "vm/loss.h"
#include "vm/noise/kernels.h"

/* ---- string ----
 *
 * Karplus and Strong 1983, Jaffe and Smith 1983 (extensions): a loop of
 *   a delay of N frames;
 *   the filter h, 1 - 2h, h: linear phase, one frame, 1 - 4h sin^2(w/2) at w;
 *   an all-pass (a + 1/z)/(1 + a/z), whose delay at the string's own w is d frames exactly;
 *   the factor rho.
 * N + 1 + d = P, the period, d from 1/2 to 3/2. */

/* in: freq, decay (T60 of the fundamental), brightness.
 *   P := sr/freq, freq held within 1 Hz and 12 kHz;  w := 2 pi/P
 *   d := P - 1 - floor(P - 3/2);  a := sin((1 - d) w/2)/sin((1 + d) w/2)
 *   g := (1 - a^2)/(1 + a^2 + 2a cos w): the all-pass's group delay; what decays goes round in
 *   P - d + g frames, and its pitch in P
 *   loss := 1 - 10^(-3 (1 + (g - d)/P)/(freq decay)): once round, of the fundamental
 *   h := (1 - brightness)/4, at most what makes half the loss: loss/(8 sin^2(w/2))
 *   rho := (1 - loss)/(1 - 4h sin^2(w/2)) < 1 */
KERNEL(string_coeff)
{
    (void)state;
    lane f = held_hz(in[0], 1.0f, 12000.0f, memory);
    lane period = lane_set(VM_RATE) / f;
    lane decay = held_seconds(in[1], 0.001f, 1000.0f, memory);
    lane half = f * (2147483648.0f / VM_RATE); /* w/2 in 2^-32 turns */
    lane sine = lane_sin_turns(lane_as_uint(lane_to_int(half)));
    lane square = sine * sine;
    lane d = period - 1.0f - lane_from_int(lane_to_int(period - 1.5f));
    lane one = lane_set(1.0f);
    lane above = lane_sin_turns(lane_as_uint(lane_to_int((one - d) * half)));
    lane below = lane_sin_turns(lane_as_uint(lane_to_int((one + d) * half)));
    lane a = above / below, aa = a * a;
    lane g = (one - aa) / (one + aa + (a + a) * (one - square - square));
    lane round = one + (g - d) / period;
    lane loss = lane_loss(round * 6.90775528f / (f * decay));
    lane h = (one - lane_clamp(in[2], 0.0f, 1.0f)) * 0.25f;
    h = lane_min(h, loss * 0.125f / square);
    out[0] = period;
    out[1] = h;
    out[2] = (one - loss) / (one - h * square * 4.0f);
    out[3] = a;
}

struct string_state {
    ulane key0, key1;
    ilane gate;   /* mask: on in the last frame */
    ilane n;      /* frames since the pluck */
    ulane plucks; /* so far */
    lane soft;    /* low-passed pluck */
    lane x, y;    /* the all-pass's last input and output */
};

/* The pluck: a period of noise less the same noise a share `position` of the period later, which is
 * what the reflection at the near end does; no DC in it. Nothing but 0 outside. */
LANE_FN lane string_burst(const struct string_state *s, lane period, lane position)
{
    ilane frames = lane_to_int(period);
    ilane later = lane_to_int(lane_max(position * period + 0.5f, lane_set(1.0f)));
    ilane here = lane_igt(frames, s->n) & lane_igt(lane_as_int(s->plucks), lane_iset(0));
    ilane there = lane_igt(frames + later, s->n) & ~lane_igt(later, s->n) &
                  lane_igt(lane_as_int(s->plucks), lane_iset(0));
    if (!lane_any(here | there))
        return lane_set(0.0f);
    ulane at = (s->plucks << 17) + lane_as_uint(s->n);
    lane first = noise_signed(noise_hash(s->key0, s->key1, at));
    lane second = noise_signed(noise_hash(s->key0, s->key1, at - lane_as_uint(later)));
    lane zero = lane_set(0.0f);
    return (lane_sel(here, first, zero) - lane_sel(there, second, zero)) * 0.4f;
}

/* in: x, gate, position, brightness, and P, h, rho, a of string_coeff. w is the ring.
 *   f := (1 - 2h) w[n - N - 1] + h (w[n - N] + w[n - N - 2]);  y := a (f - y') + f'
 *   e := e + (0.05 + 0.95 brightness^2) (burst - e)
 *   w[n] := rho y + e + x;  out := w[n]
 * Stable at rest: |all-pass| is 1, |f| at most 1, rho < 1. Where freq moves at audio rate what went
 * round may be heard again, so out is held within 2^20. P is held within what the ring holds. */
MEMORY_KERNEL(string_pluck)
{
    struct string_state *s = state;
    ilane on = lane_gt(in[1], lane_set(0.0f));
    ilane rise = on & ~s->gate;
    s->gate = on;
    s->plucks += lane_as_uint(rise & lane_iset(1));
    s->n = s->n & ~rise;
    lane period = lane_min(lane_max(in[4], lane_set(4.0f)), lane_set(memory->high - 2.0f));
    lane bright = lane_clamp(in[3], 0.0f, 1.0f);
    lane burst = string_burst(s, period, lane_clamp(in[2], 0.01f, 0.99f));
    s->soft = lane_flush(s->soft + (bright * bright * 0.95f + 0.05f) * (burst - s->soft));
    s->n = s->n + (lane_igt(lane_iset(1 << 28), s->n) & lane_iset(1));
    ilane back = lane_to_int(period - 1.5f);
    lane sides = ring_read(memory, back) + ring_read(memory, back + 2);
    lane f = (lane_set(1.0f) - in[5] - in[5]) * ring_read(memory, back + 1) + in[5] * sides;
    lane y = in[7] * (f - s->y) + s->x;
    s->x = f;
    s->y = lane_flush(y);
    out[0] = lane_clamp(in[6] * y + s->soft + in[0], -1048576.0f, 1048576.0f);
    ring_write(memory, out[0]);
}

/* ---- modes ---- */

struct strike_state {
    ilane gate; /* mask: on in the last frame */
    ilane n;    /* frame of the strike, from 1; 0: none */
};

/* When the gate rises: a raised cosine of W = round(time sr) frames, at least 1, whose sum is 1.
 *   out := (1 - cos(2 pi n/(W + 1)))/(W + 1), n from 1 to W */
KERNEL(strike)
{
    struct strike_state *s = state;
    ilane on = lane_gt(in[0], lane_set(0.0f));
    ilane rise = on & ~s->gate;
    s->gate = on;
    lane width = lane_clamp(in[1] * VM_RATE + 0.5f, 1.0f, 1e6f * memory->rate);
    lane turn = lane_from_int(lane_to_int(width) + 1);
    ilane at = lane_isel(rise, lane_iset(1), s->n);
    lane n = lane_from_int(at);
    ilane in_it = lane_gt(n, lane_set(0.0f)) & lane_lt(n, turn);
    lane part =
        lane_sel(in_it, n / turn, lane_set(1.0f)) - 0.5f; /* cos(2 pi x) = -cos(2 pi (x - 1/2)) */
    ulane phase = lane_as_uint(lane_to_int(part * 2147483648.0f)) << 1;
    lane height = (lane_sin_turns(phase + 0x40000000u) + 1.0f) / turn;
    out[0] = lane_sel(in_it, height, lane_set(0.0f));
    s->n = lane_iadd(at, lane_iset(1)) & in_it;
}

/* A mode's rotation and loss a frame.
 *   t := tan(pi f/sr);  s := 2t/(1 + t^2) = sin(2 pi f/sr);  loss := 1 - 10^(-3/(T60 sr))
 *   on := 1 for f from 0 to 20 kHz, else 0
 * T60 held within 0.1 ms and 60 s. */
KERNEL(mode_coeff)
{
    (void)state;
    lane f = held_hz(in[0], 0.0f, 20000.0f, memory);
    lane one = lane_set(1.0f);
    lane t = lane_tan_pi(f * (1.0f / VM_RATE));
    out[0] = t;
    out[1] = (t + t) / (one + t * t);
    lane decay = held_seconds(in[1], 0.0001f, 60.0f, memory);
    out[2] = lane_loss(lane_set(6.90775528f / VM_RATE) / decay);
    lane top = lane_set(20000.0f * memory->share);
    ilane audible = lane_ge(in[0], lane_set(0.0f)) & lane_le(in[0], top);
    out[3] = lane_sel(audible, one, lane_set(0.0f));
}

struct mode_state {
    lane u, v;
};

/* in: x, t, s, loss, gain, sum. (u, v) turned by w and shortened by the loss:
 *   u := u - t v;  v := v + s u;  u := u - t v;  (u, v) := (1 - loss) (u, v);  u := u + x
 *   out := sum + gain v
 * For an impulse v[n] is r^n sin(w n), r = 1 - loss. The turn is three shears, each of determinant
 * 1 whatever t and s are rounded to, so that roundings neither damp nor excite: w within 2e-7 of
 * itself, the T60 within 0.2 % up to 60 s. Stable for loss > 0, however f moves: lengths stay. */
KERNEL(mode)
{
    struct mode_state *m = state;
    lane u = m->u - in[1] * m->v;
    lane v = m->v + in[2] * u;
    u = u - in[1] * v;
    m->v = lane_flush(v - in[3] * v);
    m->u = lane_flush(u - in[3] * u + in[0]);
    out[0] = in[5] + in[4] * m->v;
}

#endif
