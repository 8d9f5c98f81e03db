/* engine.c - what loops.c makes of each family, as one table, and the delay lines: built once per
 * lane width and ISA. */
#include "vm/engine.h"
#include "vm/width.h"

#define OP(id, name, ...) void RUN(name)(struct vm_call *, uint32_t);
#include "vm/ops.def"

static void (*const run_table[])(struct vm_call *, uint32_t) = {
#define OP(id, name, ...) RUN(name),
#include "vm/ops.def"
};

/* out := w[n - d], linear between frames, d := in[0] frames held within low to high. */
static void read_port(struct vm_call *c, uint32_t frames)
{
    const struct vm_delay *d = c->delay;
    size_t stride = c->varying & 1 ? LANES : 0;
    for (unsigned l = 0; l < LANES; l++) {
        for (uint32_t i = 0; i < frames; i++) {
            float time = c->in[0][i * stride + l];
            time = time > d->low ? time : d->low;
            time = time < d->high ? time : d->high;
            uint32_t whole = (uint32_t)(int32_t)time;
            float part = time - (float)(int32_t)whole;
            uint32_t slot = d->at + i - whole;
            float a = d->ring[(size_t)(slot & d->mask) * LANES + l];
            float b = d->ring[(size_t)((slot - 1) & d->mask) * LANES + l];
            c->out[0][(size_t)i * LANES + l] = a + part * (b - a);
        }
    }
}

static void write_port(struct vm_call *c, uint32_t frames)
{
    const struct vm_delay *d = c->delay;
    size_t stride = c->varying & 1 ? LANES : 0;
    for (uint32_t i = 0; i < frames; i++) {
        float *slot = d->ring + (size_t)((d->at + i) & d->mask) * LANES;
        for (unsigned part = 0; part < PARTS; part++)
            store(slot + part * VEC, lane_flush(load(c->in[0] + i * stride + part * VEC)));
    }
}

static uint32_t not_finite(const float *values, uint32_t n)
{
    ilane bad = lane_iset(0);
    for (uint32_t i = 0; i < n; i += VEC) {
        ulane exponent = lane_bits(load(values + i)) & 0x7f800000u;
        bad |= lane_ieq((ilane)exponent, lane_iset(0x7f800000));
    }
    return (uint32_t)lane_any(bad);
}

extern const struct vm_engine NAME(vm_engine_, VM_SUFFIX);
const struct vm_engine NAME(vm_engine_, VM_SUFFIX) = {LANES, run_table, read_port, write_port,
                                                      not_finite};
