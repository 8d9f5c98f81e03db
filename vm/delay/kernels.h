/* kernels.h - delays and space. */
#ifndef VM_DELAY_KERNELS_H
#define VM_DELAY_KERNELS_H

#include "vm/delay/convolve.h"
#include "vm/delay/network.h"
#include "vm/delay/sweep.h"
#include "vm/delay/taps.h"
#include "vm/kernel.h"

/* A time as frames, where it is not a constant. */
KERNEL(frames)
{
    (void)state;
    out[0] = in[0] * VM_RATE;
}

/* Gains to place a signal, halfway in dB between linear and constant power; pos held within -1
 * and 1, v := (1 + pos)/2:  left := sqrt((1 - v) cos(pi v/2));  right := sqrt(v sin(pi v/2)). */
KERNEL(pan_compromise)
{
    (void)state;
    lane v = (lane_clamp(in[0], -1.0f, 1.0f) + 1.0f) * 0.5f;
    ulane angle = lane_as_uint(lane_to_int(v * 1073741824.0f));
    out[0] = lane_sqrt((lane_set(1.0f) - v) *
                       lane_max(lane_sin_turns(angle + 0x40000000u), lane_set(0.0f)));
    out[1] = lane_sqrt(v * lane_sin_turns(angle));
}

#endif
