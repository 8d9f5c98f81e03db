/* kernels.h - control signals. */
#ifndef VM_CONTROL_KERNELS_H
#define VM_CONTROL_KERNELS_H

#include "vm/control/glide.h"
#include "vm/control/lfo.h"
#include "vm/control/logic.h"
#include "vm/control/steps.h"

#endif
