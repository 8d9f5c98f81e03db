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

/* Of n at once, at most BLEP_MANY, n known to the compiler: each product of Horner's waits for the
 * one before, and one polynomial after the other would fill the CPU's schedulers with what waits.
 */
enum { BLEP_MANY = 2 };
#define BLEP_EACH      _Pragma("GCC unroll 2") for (unsigned k = 0; k < n; k++)
#define BLEP_HORNER(c) BLEP_EACH y[k] = y[k] * v[k] + (c);

/* 2 S(H u) = u Q(v); exactly +-1 from |u| = 1 on. Twice S, as steps are mostly of size 2. */
LANE_FN void blep_steps(lane *y, const lane *u, unsigned n)
{
    lane x[BLEP_MANY], v[BLEP_MANY];
    BLEP_EACH x[k] = lane_clamp(u[k], -1.0f, 1.0f);
    BLEP_EACH v[k] = x[k] * x[k] * 2.0f - 1.0f;
    BLEP_EACH y[k] = v[k] * -0.184365556f + 0.624670327f;
    BLEP_HORNER(-0.95319289f)
    BLEP_HORNER(1.61084986f)
    BLEP_HORNER(-3.19045973f)
    BLEP_HORNER(4.21680307f)
    BLEP_HORNER(-3.09289932f)
    BLEP_HORNER(0.283315003f)
    BLEP_HORNER(2.55319905f)
    BLEP_HORNER(-3.39477801f)
    BLEP_HORNER(1.61973894f)
    BLEP_HORNER(0.701551139f)
    BLEP_HORNER(-1.41762972f)
    BLEP_HORNER(0.921487331f)
    BLEP_HORNER(-0.670698822f)
    BLEP_HORNER(1.37240946f)
    BLEP_EACH y[k] = x[k] * y[k];
}

/* blamp(H u)/H = U(v) - u/2 for u >= 0; exactly +0 from u = 1 on. */
LANE_FN void blep_ramps(lane *y, const lane *u, unsigned n)
{
    lane x[BLEP_MANY], v[BLEP_MANY];
    BLEP_EACH x[k] = lane_min(u[k], lane_set(1.0f));
    BLEP_EACH v[k] = x[k] * x[k] * 2.0f - 1.0f;
    BLEP_EACH y[k] = v[k] * -0.0014403559f + 0.00520558609f;
    BLEP_HORNER(-0.00851065014f)
    BLEP_HORNER(0.0154889412f)
    BLEP_HORNER(-0.0332339555f)
    BLEP_HORNER(0.0479182154f)
    BLEP_HORNER(-0.0386612415f)
    BLEP_HORNER(0.00393493054f)
    BLEP_HORNER(0.0398937352f)
    BLEP_HORNER(-0.0606210344f)
    BLEP_HORNER(0.0337445624f)
    BLEP_HORNER(0.0175387785f)
    BLEP_HORNER(-0.0443009287f)
    BLEP_HORNER(0.0383953042f)
    BLEP_HORNER(-0.0419186763f)
    BLEP_HORNER(0.171551198f)
    BLEP_HORNER(0.355015576f)
    BLEP_EACH y[k] = y[k] - x[k] * 0.5f;
}

LANE_FN lane blep_step(lane u)
{
    lane y;
    blep_steps(&y, &u, 1);
    return y;
}

LANE_FN lane blep_ramp(lane u)
{
    lane y;
    blep_ramps(&y, &u, 1);
    return y;
}

#endif
