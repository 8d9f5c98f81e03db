/* kernels.h - dynamics. */
#ifndef VM_DYNAMICS_KERNELS_H
#define VM_DYNAMICS_KERNELS_H

#include "vm/kernel.h"

#endif
