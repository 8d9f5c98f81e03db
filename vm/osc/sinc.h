/* sinc.h - the long kernel: a windowed sinc, for impulses and for reading samples.
 *
 *   h(z) := sin(pi z)/(pi z) W(z/H),  W(u) := I0(b sqrt(1 - u^2))/I0(b),  |z| < H = 16,  b = 8.96
 * J. F. Kaiser, "Nonrecursive digital filter design using the I0-sinh window function", 1974. With
 * z in frames the cut is at half the rate: flat within 0.0003 dB to 19.7 kHz, -6 dB at 24 kHz,
 * below -90 dB from 28.3 kHz on, whose folds lie above 19.7 kHz. */
#ifndef VM_OSC_SINC_H
#define VM_OSC_SINC_H

#include "vm/kernel.h"

#define SINC_H 16.0f

/* With n the integer next to z and r = z - n (exact), sin(pi z)/(pi z) = (-1)^n r S(r^2)/z, and
 * S(r^2) itself where n = 0: S of degree 4, W of degree 8 in 1 - u^2, both minimax. Absolute error
 * <= 3e-7, near integers relative to the distance. Exactly +0 from |z| = H on. */
LANE_FN lane sinc_kernel(lane z)
{
    lane x = lane_clamp(z, -SINC_H, SINC_H);
    lane k = x + 12582912.0f;
    lane n = k - 12582912.0f;
    lane r = x - n, w = r * r;
    lane s = w * 0.0247186446f - 0.190441753f;
    s = s * w + 0.811714843f;
    s = s * w - 1.64493321f;
    s = s * w + 1.0f;
    ilane centre = lane_ieq(lane_as_int(lane_bits(n) & 0x7fffffffu), lane_iset(0));
    lane side = lane_from_bits(lane_bits(r * s) ^ (lane_bits(k) << 31));
    lane sinc = lane_sel(centre, s, side / lane_sel(centre, lane_set(1.0f), x));
    lane t = lane_set(1.0f) - x * x * (1.0f / (SINC_H * SINC_H));
    lane y = t * 0.0454357293f - 0.0166313231f;
    y = y * t + 0.191150386f;
    y = y * t + 0.170860291f;
    y = y * t + 0.283095959f;
    y = y * t + 0.210164051f;
    y = y * t + 0.095928698f;
    y = y * t + 0.019046499f;
    y = y * t + 0.000949625512f;
    return lane_sel(lane_lt(lane_abs(z), lane_set(SINC_H)), sinc * y, lane_set(0.0f));
}

#endif
