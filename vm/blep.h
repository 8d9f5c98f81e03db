/* blep.h - the band-limited step and ramp.
 *
 * h(t): a low-pass kernel, an even polynomial on |t| <= H = 5 frames, integral 1, flat within
 * 0.11 dB to 15 kHz, and such that every alias of a saw below 20 kHz is 76 dB under a 5 kHz
 * fundamental (docs/blep.py; docs/numerics.md has the table). With d the time since an edge
 * in frames, negative while the edge is ahead:
 *   S(d)     = integral of h from 0 to d,  odd,  S(d) = sgn(d)/2 from |d| = H on
 *   blep(d)  = S(d) - sgn(d)/2:       add s blep(d) to a signal that steps by s
 *   blamp(d) = integral of blep from -H to d, even:
 *              add r blamp(d) to a signal whose slope changes by r a frame
 * Both are zero from |d| = H on. Arguments here are u = d/H.
 *
 * Each is one polynomial in v = 2u^2 - 1, which spreads [0, H] over [-1, 1]: no coefficient
 * exceeds 2, so Horner loses nothing. The last term makes the ends exact in single.
 */
#ifndef VM_BLEP_H
#define VM_BLEP_H

#include "lane.h"

#define BLEP_H 5.0f /* frames */

/* 2 S(H u) = u Q(v); exactly +-1 from |u| = 1 on. Twice S, as steps are mostly of size 2. */
LANE_FN lane blep_step(lane u)
{
    lane x = lane_clamp(u, -1.0f, 1.0f);
    lane v = x * x * 2.0f - 1.0f;
    /* Horner */
    lane y = v * 0.224979877f - 0.743938982f;
    y = y * v + 1.11597145f;
    y = y * v - 1.45411205f;
    y = y * v + 1.77120483f;
    y = y * v - 1.21218884f;
    y = y * v + 0.0640793741f;
    y = y * v + 0.359729379f;
    y = y * v + 0.130762339f;
    y = y * v - 0.716650486f;
    y = y * v + 1.46016312f;
    return x * y;
}

/* blamp(H u)/H = U(v) - u/2 for u >= 0; exactly +0 from u = 1 on. */
LANE_FN lane blep_ramp(lane u)
{
    lane x = lane_min(u, lane_set(1.0f));
    lane v = x * x * 2.0f - 1.0f;
    /* Horner */
    lane y = v * 0.00255658943f - 0.00929923728f;
    y = y * v + 0.0154996039f;
    y = y * v - 0.0227205008f;
    y = y * v + 0.0316286571f;
    y = y * v - 0.0252539329f;
    y = y * v + 0.00160198426f;
    y = y * v + 0.0112415431f;
    y = y * v + 0.00544843078f;
    y = y * v - 0.0447906554f;
    y = y * v + 0.18252039f;
    y = y * v + 0.351567119f;
    return y - x * 0.5f;
}

#endif
