/* kernels.h - every kernel, for what wants them in one place. */
#ifndef VM_KERNELS_H
#define VM_KERNELS_H

#include "vm/control/kernels.h"
#include "vm/delay/kernels.h"
#include "vm/dynamics/kernels.h"
#include "vm/env/kernels.h"
#include "vm/filter/kernels.h"
#include "vm/math/kernels.h"
#include "vm/noise/kernels.h"
#include "vm/osc/kernels.h"
#include "vm/physical/kernels.h"
#include "vm/shape/kernels.h"
#include "vm/structure/kernels.h"

#endif
