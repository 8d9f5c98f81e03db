/* memory.h - rings, tables and the rate, as kernels see them.
 *
 * A ring holds past frames of VM_LANES voices side by side; a kernel sees the VM_VEC voices of its
 * part. A table is the same for all voices. Whatever index a kernel computes, it reads inside. */
#ifndef VM_MEMORY_H
#define VM_MEMORY_H

#include "vm/lane.h"

#ifndef VM_LANES
#define VM_LANES VM_VEC
#endif

struct memory {
    float *ring;     /* slot 0 of this part's first voice; VM_LANES floats a slot */
    uint32_t mask;   /* slots less one, a power of two less one */
    uint32_t now;    /* the slot of this frame, not masked */
    float low, high; /* frames back that a delay line's reads are held within */
    const float *table;
    uint32_t length; /* of the table, at least 1 */
    float rate;      /* frames of the op's own a frame of the sample rate: 1, 2, 4 or 8 */
    float share;     /* of them one is: 1/rate, exact */
    uint32_t steady; /* bit j: input j is what it was a frame ago */
};

/* This frame's slot becomes x; what is below 1e-20 becomes 0, so that no ring holds denormals. */
LANE_FN void ring_write(const struct memory *m, lane x)
{
    lane clean = lane_flush(x);
    memcpy(m->ring + (size_t)(m->now & m->mask) * VM_LANES, &clean, sizeof clean);
}

/* What was written `back` frames ago, the same for all voices; 0: in this frame. */
LANE_FN lane ring_at(const struct memory *m, uint32_t back)
{
    lane x;
    memcpy(&x, m->ring + (size_t)((m->now - back) & m->mask) * VM_LANES, sizeof x);
    return x;
}

#if VM_VEC == 1
LANE_FN lane ring_read(const struct memory *m, ilane back)
{
    return ring_at(m, (uint32_t)back);
}
LANE_FN lane table_read(const struct memory *m, ilane at)
{
    uint32_t i = (uint32_t)at;
    return m->table[i < m->length ? i : m->length - 1];
}
#else
/* The same, each voice its own way back. */
LANE_FN lane ring_read(const struct memory *m, ilane back)
{
    lane x;
    for (int v = 0; v < VM_VEC; v++)
        x[v] = m->ring[(size_t)((m->now - (uint32_t)back[v]) & m->mask) * VM_LANES + (unsigned)v];
    return x;
}

/* Beyond the end, or below 0, the last value. */
LANE_FN lane table_read(const struct memory *m, ilane at)
{
    lane x;
    for (int v = 0; v < VM_VEC; v++) {
        uint32_t i = (uint32_t)at[v];
        x[v] = m->table[i < m->length ? i : m->length - 1];
    }
    return x;
}
#endif

/* What an op at r times the sample rate is given is Hz over r and seconds times r, so that it can
 * count in frames of its own; the bounds it holds them within go along, and are the same for a
 * patch at every rate. All of it is exact. */
LANE_FN lane held_hz(lane x, float low, float high, const struct memory *m)
{
    return lane_clamp(x, low * m->share, high * m->share);
}

LANE_FN lane held_seconds(lane x, float low, float high, const struct memory *m)
{
    return lane_clamp(x, low * m->rate, high * m->rate);
}

#endif
