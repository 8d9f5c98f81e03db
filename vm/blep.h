/* blep.h - the band-limited step and ramp.
 *
 * h(t): a low-pass kernel, an even polynomial on |t| <= H = 7 frames, integral 1, flat within
 * 0.16 dB to 16 kHz, and such that every alias of a saw below 20 kHz is 107 dB under a 5 kHz
 * fundamental (docs/blep.py; docs/numerics.md has the table). With d the time since an edge
 * in frames, negative while the edge is ahead:
 *   S(d)     = integral of h from 0 to d,  odd,  S(d) = sgn(d)/2 from |d| = H on
 *   blep(d)  = S(d) - sgn(d)/2:       add s blep(d) to a signal that steps by s
 *   blamp(d) = integral of blep from -H to d, even:
 *              add r blamp(d) to a signal whose slope changes by r a frame
 * Both are zero from |d| = H on. Arguments here are u = d/H.
 *
 * Each is one polynomial in v = 2u^2 - 1, which spreads [0, H] over [-1, 1]: no coefficient
 * exceeds 5, so Horner loses little. The last term makes the ends exact in single.
 */
#ifndef VM_BLEP_H
#define VM_BLEP_H

#include "lane.h"

#define BLEP_H 7.0f /* frames */

/* 2 S(H u) = u Q(v); exactly +-1 from |u| = 1 on. Twice S, as steps are mostly of size 2. */
LANE_FN lane blep_step(lane u)
{
    lane x = lane_clamp(u, -1.0f, 1.0f);
    lane v = x * x * 2.0f - 1.0f;
    /* Horner */
    lane y = v * -0.184365556f + 0.624670327f;
    y = y * v - 0.95319289f;
    y = y * v + 1.61084986f;
    y = y * v - 3.19045973f;
    y = y * v + 4.21680307f;
    y = y * v - 3.09289932f;
    y = y * v + 0.283315003f;
    y = y * v + 2.55319905f;
    y = y * v - 3.39477801f;
    y = y * v + 1.61973894f;
    y = y * v + 0.701551139f;
    y = y * v - 1.41762972f;
    y = y * v + 0.921487331f;
    y = y * v - 0.670698822f;
    y = y * v + 1.37240946f;
    return x * y;
}

/* blamp(H u)/H = U(v) - u/2 for u >= 0; exactly +0 from u = 1 on. */
LANE_FN lane blep_ramp(lane u)
{
    lane x = lane_min(u, lane_set(1.0f));
    lane v = x * x * 2.0f - 1.0f;
    /* Horner */
    lane y = v * -0.0014403559f + 0.00520558609f;
    y = y * v - 0.00851065014f;
    y = y * v + 0.0154889412f;
    y = y * v - 0.0332339555f;
    y = y * v + 0.0479182154f;
    y = y * v - 0.0386612415f;
    y = y * v + 0.00393493054f;
    y = y * v + 0.0398937352f;
    y = y * v - 0.0606210344f;
    y = y * v + 0.0337445624f;
    y = y * v + 0.0175387785f;
    y = y * v - 0.0443009287f;
    y = y * v + 0.0383953042f;
    y = y * v - 0.0419186763f;
    y = y * v + 0.171551198f;
    y = y * v + 0.355015576f;
    return y - x * 0.5f;
}

#endif
