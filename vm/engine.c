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

/* Frames from `slot` on, at most n, that lie in a row in a ring. */
static uint32_t in_a_row(const struct vm_delay *d, uint32_t slot, uint32_t n)
{
    uint32_t room = d->mask + 1 - slot;
    return n < room ? n : room;
}

/* out := a + part (b - a), b a frame before a: along the ring, as wide as vectors are. */
static void read_row(float *restrict out, const float *restrict a, const float *restrict b,
                     uint32_t values, float part)
{
    for (uint32_t i = 0; i < values; i++)
        out[i] = a[i] + part * (b[i] - a[i]);
}

/* A delay that is the same in all frames and lanes. */
static void read_steady(const struct vm_call *c, uint32_t frames, float time)
{
    const struct vm_delay *d = c->delay;
    time = time > d->low ? time : d->low;
    time = time < d->high ? time : d->high;
    uint32_t whole = (uint32_t)(int32_t)time, n;
    float part = time - (float)(int32_t)whole;
    for (uint32_t i = 0; i < frames; i += n) {
        uint32_t slot = (d->at + i - whole) & d->mask;
        const float *a = d->ring + (size_t)slot * LANES;
        const float *b = slot ? a - LANES : d->ring + (size_t)d->mask * LANES;
        n = slot ? in_a_row(d, slot, frames - i) : 1;
        read_row(c->out[0] + (size_t)i * LANES, a, b, n * LANES, part);
    }
}

static int is_steady(const struct vm_call *c)
{
    int same = !(c->varying & 1);
    for (unsigned l = 1; l < LANES; l++)
        same &= c->in[0][l] == c->in[0][0];
    return same;
}

/* out := w[n - d], linear between frames, d := in[0] frames held within low to high. */
static void read_port(struct vm_call *c, uint32_t frames)
{
    const struct vm_delay *d = c->delay;
    size_t stride = c->varying & 1 ? LANES : 0;
    if (is_steady(c)) {
        read_steady(c, frames, c->in[0][0]);
        return;
    }
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

static void write_row(float *restrict to, const float *restrict from, uint32_t vectors)
{
    for (size_t i = 0; i < (size_t)vectors * VEC; i += VEC)
        store(to + i, lane_flush(load(from + i)));
}

static void write_port(struct vm_call *c, uint32_t frames)
{
    const struct vm_delay *d = c->delay;
    size_t stride = c->varying & 1 ? LANES : 0;
    for (uint32_t i = 0, n; i < frames; i += n) {
        uint32_t slot = (d->at + i) & d->mask;
        n = stride ? in_a_row(d, slot, frames - i) : 1;
        write_row(d->ring + (size_t)slot * LANES, c->in[0] + i * stride, n * PARTS);
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

static uint32_t copy(float *restrict to, const float *restrict from, uint32_t n)
{
    ilane bad = lane_iset(0);
    for (uint32_t i = 0; i < n; i += VEC) {
        lane x = load(from + i);
        bad |= lane_ieq((ilane)(lane_bits(x) & 0x7f800000u), lane_iset(0x7f800000));
        store(to + i, x);
    }
    return (uint32_t)lane_any(bad);
}

extern void (*const NAME(vm_pairs_, VM_SUFFIX)[])(struct vm_call *, uint32_t);
extern const struct vm_engine NAME(vm_engine_, VM_SUFFIX);
const struct vm_engine NAME(vm_engine_, VM_SUFFIX) = {
    LANES, run_table, NAME(vm_pairs_, VM_SUFFIX), read_port, write_port, not_finite, copy};
