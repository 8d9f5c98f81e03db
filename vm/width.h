/* width.h - private to vm/: what engine.c and loops.c, built once per lane width and ISA, share.
 * VM_LANES voices a group, VM_VEC of them in a vector; VM_SUFFIX ends the names, as 8_avx2; VM_ISA
 * those of what all widths of an ISA share, VM_IS_BASE is 1 for the one that is always there. Where
 * the CPU's vectors are narrower than the group, it is done in parts. */
#ifndef VM_WIDTH_H
#define VM_WIDTH_H

#include "vm/lane.h"

enum { LANES = VM_LANES, VEC = VM_VEC, PARTS = LANES / VEC };

_Static_assert(LANES % VEC == 0, "a group is a whole number of vectors");

LANE_FN lane load(const float *p)
{
    lane x;
    memcpy(&x, p, sizeof x);
    return x;
}

LANE_FN void store(float *p, lane x)
{
    memcpy(p, &x, sizeof x);
}

#define PASTE(a, b)     a##b
#define NAME(name, end) PASTE(name, end)
#define RUN(name)       NAME(vm_run_##name##_, VM_SUFFIX)

#endif
