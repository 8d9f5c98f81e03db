/* convolve.h - a signal through an impulse response. */
#ifndef VM_DELAY_CONVOLVE_H
#define VM_DELAY_CONVOLVE_H

#include "vm/kernel.h"

/* The ring holds each frame twice, half a ring apart, so that the latest frames always stand in
 * one row; the first of the latest `count`. */
LANE_FN const float *convolve_window(const struct memory *m, lane x, uint32_t count)
{
    uint32_t half = (m->mask + 1) / 2, at = m->now & (half - 1);
    lane clean = lane_flush(x);
    memcpy(m->ring + (size_t)at * VM_LANES, &clean, sizeof clean);
    memcpy(m->ring + (size_t)(at + half) * VM_LANES, &clean, sizeof clean);
    return m->ring + (size_t)(at + half + 1 - count) * VM_LANES;
}

enum { CONVOLVE_SUMS = 8 };

/* sums[j] += w[i] t[i], i the frames of a row that are j mod 8. */
LANE_FN void convolve_row(lane *sums, const float *w, const float *t)
{
    for (int j = 0; j < CONVOLVE_SUMS; j++) {
        lane x;
        memcpy(&x, w + (size_t)j * VM_LANES, sizeof x);
        sums[j] = sums[j] + x * t[j];
    }
}

/* out := sum over k of h[k] x[n - k], directly. The table has h backwards, a multiple of 8 long
 * with zeros in front. Eight sums, of each eighth tap, are added up in pairs: one order, whatever
 * the width. Error within 2^-24 (N/8 + 4) sum |h| |x|. */
MEMORY_KERNEL(convolve)
{
    (void)state;
    lane sums[CONVOLVE_SUMS];
    uint32_t half = (memory->mask + 1) / 2;
    uint32_t count = memory->length < half ? memory->length : half;
    count -= count % CONVOLVE_SUMS;
    const float *w = convolve_window(memory, in[0], count);
    for (int j = 0; j < CONVOLVE_SUMS; j++)
        sums[j] = lane_set(0.0f);
    for (uint32_t i = 0; i < count; i += CONVOLVE_SUMS)
        convolve_row(sums, w + (size_t)i * VM_LANES, memory->table + i);
    lane even = (sums[0] + sums[4]) + (sums[2] + sums[6]);
    lane odd = (sums[1] + sums[5]) + (sums[3] + sums[7]);
    out[0] = lane_flush(even + odd);
}

#endif
