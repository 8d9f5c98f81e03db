/* kernels.h - control signals. */
#ifndef VM_CONTROL_KERNELS_H
#define VM_CONTROL_KERNELS_H

#include "vm/kernel.h"

#endif
