/* kernels.h - colour: clipping, folding, quantising. */
#ifndef VM_SHAPE_KERNELS_H
#define VM_SHAPE_KERNELS_H

#include "vm/kernel.h"

#endif
