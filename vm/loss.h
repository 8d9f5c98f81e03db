/* loss.h - how much an exponential loses in a frame. */
#ifndef VM_LOSS_H
#define VM_LOSS_H

#include "vm/math.h"

/* 1 - e^-u, u >= 0: below 1/4 its series, else by lane_exp2. Relative error <= 5e-7, however small
 * u is: so 1 - e^-(1/(time sr)) is right for times of minutes, where e^-u alone has few bits. */
LANE_FN lane lane_loss(lane u)
{
    lane p = u * (-1.0f / 720.0f) + (1.0f / 120.0f);
    p = p * u - (1.0f / 24.0f);
    p = p * u + (1.0f / 6.0f);
    p = p * u - 0.5f;
    p = p * u + 1.0f;
    lane large = lane_set(1.0f) - lane_exp2(u * -1.44269504f);
    return lane_sel(lane_lt(u, lane_set(0.25f)), p * u, large);
}

#endif
