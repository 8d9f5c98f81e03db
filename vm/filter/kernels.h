/* kernels.h - filters. */
#ifndef VM_FILTER_KERNELS_H
#define VM_FILTER_KERNELS_H

#include "vm/filter/biquad.h"
#include "vm/filter/comb.h"
#include "vm/filter/formant.h"
#include "vm/filter/ladder.h"
#include "vm/filter/onepole.h"
#include "vm/filter/svf.h"

#endif
