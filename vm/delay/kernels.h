/* kernels.h - delays and space. */
#ifndef VM_DELAY_KERNELS_H
#define VM_DELAY_KERNELS_H

#include "vm/kernel.h"

/* A time as frames, where it is not a constant. */
KERNEL(frames)
{
    (void)state;
    out[0] = in[0] * VM_RATE;
}

#endif
