/* pulses.h - the impulse train and the super saw, of the band-limited pieces. */
#ifndef VM_OSC_PULSES_H
#define VM_OSC_PULSES_H

#include "vm/noise/kernels.h"
#include "vm/osc/sinc.h"

/* With q = p from -1/2 to 1/2, F = |freq|/sr, P = 1/F frames:
 *   out := sum over j of h(q P + j P) - F;  p := p + freq/sr
 * An impulse of area 1 where the phase passes 0, less the mean of all; 0 where freq is 0. A
 * neighbour is in reach above 1.5 kHz, an eighth at 24 kHz. */
KERNEL(osc_impulse)
{
    struct osc_state *s = state;
    ulane increment = osc_increment(in[0]);
    lane speed = lane_abs(lane_from_int(lane_as_int(increment)));
    lane frame = lane_set(1.0f) / lane_max(speed, lane_set(1.0f)); /* a 2^-32 turn */
    lane period = frame * 4294967296.0f;
    lane at = lane_from_int(lane_as_int(s->phase)) * frame;
    lane sum = sinc_kernel(at) + 0.0f; /* -0 becomes 0, as it does where neighbours are added */
    for (float k = 1.0f; lane_any(lane_lt(period * (k - 0.5f), lane_set(SINC_H + 0.01f)));
         k += 1.0f)
        sum = sum + (sinc_kernel(at + period * k) + sinc_kernel(at - period * k));
    lane mean = speed * (1.0f / 4294967296.0f);
    out[0] = lane_sel(lane_gt(speed, lane_set(0.0f)), sum - mean, lane_set(0.0f));
    s->phase += increment;
}

/* What the knobs of the JP-8000 do, x from 0 to 1:
 *   spread := a polynomial of degree 11 through 17 measured points;
 *   centre := (0.99785 - 0.55366 mix)/4;  side := (0.044372 + 1.2841 mix - 0.73764 mix^2)/4
 * A. Szabo, "How to Emulate the Super Saw", 2010. The polynomial is his, in v = 2x - 1, where its
 * coefficients stay below 10: within 1.2e-6 in single. A quarter, so that seven saws in step, at
 * the loudest mix, reach 1. */
KERNEL(supersaw_coeff)
{
    (void)state;
    lane v = lane_clamp(in[0], 0.0f, 1.0f) * 2.0f - 1.0f;
    lane mix = lane_clamp(in[1], 0.0f, 1.0f);
    lane y = v * 4.89684145f + 4.2374579f;
    y = y * v - 9.4449022f;
    y = y * v - 7.36196442f;
    y = y * v + 6.85856336f;
    y = y * v + 4.38893776f;
    y = y * v - 2.5363995f;
    y = y * v - 1.16272172f;
    y = y * v + 0.593829944f;
    y = y * v + 0.301817963f;
    y = y * v + 0.130538008f;
    out[0] = y * v + 0.0979551523f;
    out[1] = lane_set(0.2494625f) - mix * 0.138415f;
    out[2] = (lane_set(1.2841f) - mix * 0.73764f) * mix * 0.25f + 0.011093f;
}

struct supersaw_state {
    ulane key0, key1;
    ilane running; /* all ones after the first frame */
    ulane phase[7];
};

/* One saw, as osc_saw's. */
LANE_FN lane supersaw_one(ulane *phase, lane freq)
{
    ulane increment = osc_increment(freq);
    struct osc_rate one = osc_rate(increment);
    struct osc_rates r = {.near = OSC_ASK};
    lane out;
    osc_rates_set(&r, 0, one.speed, one.window);
    osc_saws(&out, phase, &r, NULL, 1);
    *phase += increment;
    return out;
}

/* Saws k = 1..7 at freq (1 + d_k spread), d_k the JP-8000's, each from a phase by chance:
 *   out := centre saw4 + side (saw1 + saw2 + saw3 + saw5 + saw6 + saw7)
 *   away := side (saw1 - saw7 + 2/3 (saw6 - saw2) + 1/3 (saw3 - saw5))
 * out + away is the left side, out - away the right one: the saws stand apart at -1, 2/3, -1/3, 0,
 * 1/3, -2/3 and 1 of the way to the sides, flat and sharp on both. */
KERNEL(osc_supersaw)
{
    static const float detune[7] = {-0.11002313f, -0.06288439f, -0.01952356f, 0.0f,
                                    0.01991221f,  0.06216538f,  0.10745242f};
    struct supersaw_state *s = state;
    lane saw[7];
    if (lane_any(~s->running))
        for (unsigned k = 0; k < 7; k++) {
            ulane start = noise_hash(s->key0, s->key1, lane_as_uint(lane_iset((int32_t)k)));
            s->phase[k] =
                lane_as_uint(lane_isel(s->running, lane_as_int(s->phase[k]), lane_as_int(start)));
        }
    s->running = lane_iset(-1);
    for (unsigned k = 0; k < 7; k++)
        saw[k] = supersaw_one(&s->phase[k], in[0] + in[0] * (in[1] * detune[k]));
    lane sides = (saw[0] + saw[6]) + (saw[1] + saw[5]) + (saw[2] + saw[4]);
    lane apart =
        (saw[0] - saw[6]) + (saw[5] - saw[1]) * 0.666666687f + (saw[2] - saw[4]) * 0.333333343f;
    out[0] = in[2] * saw[3] + in[3] * sides;
    out[1] = in[3] * apart;
}

#endif
