/* count.cc - every kernel over numbers that count what is done with them. An addition,
 * multiplication, division, root, comparison, selection, conversion or operation on integers of a
 * lane is one operation, and so is a look into a ring or table; numbers that are the same for all
 * voices, as of a loop, are not counted. Kernels are read as C++ for this, and for nothing else. */
#include <stdint.h>
#include <string.h>

static uint64_t operations;

struct ilane;
struct ulane;

struct lane {
    float v;
    lane() = default;
    lane(float x) : v(x)
    {
    }
};

struct ilane {
    int32_t v;
    ilane() = default;
    ilane(int32_t x) : v(x)
    {
    }
    explicit ilane(ulane u);
    explicit operator uint32_t() const
    {
        return (uint32_t)v;
    }
};

struct ulane {
    uint32_t v;
    ulane() = default;
    ulane(uint32_t x) : v(x)
    {
    }
    explicit ulane(ilane i) : v((uint32_t)i.v)
    {
    }
    explicit operator uint32_t() const
    {
        return v;
    }
};

inline ilane::ilane(ulane u) : v((int32_t)u.v)
{
}

#define BINARY(type, op, as)                                                                       \
    [[maybe_unused]] static inline type operator op(type a, type b)                                \
    {                                                                                              \
        operations++;                                                                              \
        return type((decltype(a.v))((as)a.v op(as) b.v));                                          \
    }                                                                                              \
    [[maybe_unused]] static inline type &operator op##=(type &a, type b)                           \
    {                                                                                              \
        return a = a op b;                                                                         \
    }

BINARY(lane, +, float)
BINARY(lane, -, float)
BINARY(lane, *, float)
BINARY(lane, /, float)
BINARY(ilane, +, uint32_t)
BINARY(ilane, -, uint32_t)
BINARY(ilane, *, uint32_t)
BINARY(ilane, &, uint32_t)
BINARY(ilane, |, uint32_t)
BINARY(ilane, ^, uint32_t)
BINARY(ulane, +, uint32_t)
BINARY(ulane, -, uint32_t)
BINARY(ulane, *, uint32_t)
BINARY(ulane, &, uint32_t)
BINARY(ulane, |, uint32_t)
BINARY(ulane, ^, uint32_t)

#define SHIFT(type, op)                                                                            \
    [[maybe_unused]] static inline type operator op(type a, int by)                                \
    {                                                                                              \
        operations++;                                                                              \
        return type(a.v op by);                                                                    \
    }
SHIFT(ilane, >>)
SHIFT(ulane, >>)
SHIFT(ulane, <<)
static inline ulane operator>>(ulane a, ulane by)
{
    operations++;
    return ulane(a.v >> by.v);
}
static inline ulane operator<<(ulane a, ulane by)
{
    operations++;
    return ulane(a.v << by.v);
}

#define UNARY(type, op, as)                                                                        \
    [[maybe_unused]] static inline type operator op(type a)                                        \
    {                                                                                              \
        operations++;                                                                              \
        return type((decltype(a.v))(op(as) a.v));                                                  \
    }
UNARY(lane, -, float)
UNARY(ilane, -, uint32_t)
UNARY(ilane, ~, uint32_t)
UNARY(ulane, ~, uint32_t)

/* ---- vm/lane.h's functions ---- */

#define VM_LANE_H
#define VM_VEC  1
#define LANE_FN static inline __attribute__((unused))

template <typename T> static inline T counted(T x)
{
    operations++;
    return x;
}
template <typename To, typename From> static inline To same_bits(From x)
{
    To to;
    static_assert(sizeof to == sizeof x, "32 bits");
    memcpy(&to, &x, sizeof to);
    return to;
}

LANE_FN lane lane_set(float x)
{
    return lane(x);
}
LANE_FN ilane lane_iset(int32_t x)
{
    return ilane(x);
}
LANE_FN ulane lane_bits(lane x)
{
    return same_bits<ulane>(x);
}
LANE_FN lane lane_from_bits(ulane u)
{
    return same_bits<lane>(u);
}
LANE_FN ilane lane_as_int(ulane u)
{
    return ilane(u);
}
LANE_FN ulane lane_as_uint(ilane i)
{
    return ulane(i);
}
LANE_FN ilane lane_iadd(ilane a, ilane b)
{
    return a + b;
}
LANE_FN ilane lane_isub(ilane a, ilane b)
{
    return a - b;
}
LANE_FN lane lane_from_int(ilane i)
{
    return counted(lane((float)i.v));
}
LANE_FN ilane lane_to_int(lane x)
{
    return counted(ilane((int32_t)x.v));
}
LANE_FN ilane lane_lt(lane a, lane b)
{
    return counted(ilane(-(a.v < b.v)));
}
LANE_FN ilane lane_le(lane a, lane b)
{
    return counted(ilane(-(a.v <= b.v)));
}
LANE_FN ilane lane_gt(lane a, lane b)
{
    return counted(ilane(-(a.v > b.v)));
}
LANE_FN ilane lane_ge(lane a, lane b)
{
    return counted(ilane(-(a.v >= b.v)));
}
LANE_FN ilane lane_igt(ilane a, ilane b)
{
    return counted(ilane(-(a.v > b.v)));
}
LANE_FN ilane lane_ieq(ilane a, ilane b)
{
    return counted(ilane(-(a.v == b.v)));
}
LANE_FN lane lane_sel(ilane m, lane a, lane b)
{
    return counted(m.v ? a : b);
}
LANE_FN ilane lane_isel(ilane m, ilane a, ilane b)
{
    return counted(m.v ? a : b);
}
LANE_FN int lane_any(ilane m)
{
    return m.v != 0;
}
LANE_FN lane lane_sqrt(lane x)
{
    return counted(lane(__builtin_sqrtf(x.v)));
}
LANE_FN lane lane_min(lane a, lane b)
{
    return counted(a.v < b.v ? a : b);
}
LANE_FN lane lane_max(lane a, lane b)
{
    return counted(a.v > b.v ? a : b);
}
LANE_FN lane lane_clamp(lane x, float lo, float hi)
{
    return lane_min(lane_max(x, lo), hi);
}
LANE_FN lane lane_abs(lane x)
{
    return lane_from_bits(lane_bits(x) & 0x7fffffffu);
}
LANE_FN lane lane_copysign(lane x, lane s)
{
    return lane_from_bits((lane_bits(x) & 0x7fffffffu) | (lane_bits(s) & 0x80000000u));
}
LANE_FN lane lane_flush(lane x)
{
    ilane keep = lane_igt(ilane(lane_bits(x) & 0x7fffffffu), 0x1e3ce508);
    return lane_sel(keep, x, lane(0.0f));
}

/* ---- the kernels ---- */

#include "vm/math.h"
#include "vm/memory.h"

LANE_FN lane counted_ring_at(const struct memory *m, uint32_t back)
{
    return counted(ring_at(m, back));
}
LANE_FN lane counted_ring_read(const struct memory *m, ilane back)
{
    return counted(ring_read(m, back));
}
LANE_FN lane counted_table_read(const struct memory *m, ilane at)
{
    return counted(table_read(m, at));
}
LANE_FN void counted_ring_write(const struct memory *m, lane x)
{
    operations++;
    ring_write(m, x);
}
LANE_FN lane counted_held_hz(lane x, float low, float high, const struct memory *m)
{
    operations += 2;
    return held_hz(x, low, high, m);
}
LANE_FN lane counted_held_seconds(lane x, float low, float high, const struct memory *m)
{
    operations += 2;
    return held_seconds(x, low, high, m);
}
#define held_hz      counted_held_hz
#define held_seconds counted_held_seconds
#define ring_at      counted_ring_at
#define ring_read    counted_ring_read
#define table_read   counted_table_read
#define ring_write   counted_ring_write

/* State as whatever struct a kernel has there. */
struct any {
    void *p;
    template <typename T> operator T *() const
    {
        return static_cast<T *>(p);
    }
};

typedef any state_words;

#define VM_KERNEL_H
#define VM_RATE 48000.0f
#define KERNEL(name)                                                                               \
    LANE_FN void k_##name(const lane *in, lane *out, any state,                                    \
                          [[maybe_unused]] const struct memory *memory)
#define MEMORY_KERNEL(name)                                                                        \
    LANE_FN void k_##name(const lane *in, lane *out, any state, const struct memory *memory)
#define STEADY_KERNEL MEMORY_KERNEL
#define LATE_KERNEL(name)                                                                          \
    KERNEL(name)                                                                                   \
    {                                                                                              \
        lane between[4];                                                                           \
        first_##name(in, between, state, memory);                                                  \
        second_##name(nullptr, between, out, any{nullptr}, memory);                                \
    }

#include "tests/vm/count.h"
#include "vm/call.h"
#include "vm/kernels.h"

#define OP(id, name, inputs, outputs, words, key, loop, cost, algebra) COUNT_##loop(name)
#define COUNT_NOTHING(name)                                            k_##name,
#define COUNT_RING(name)                                               k_##name,
#define COUNT_TAP(name)                                                k_##name,
#define COUNT_TABLE(name)                                              k_##name,
#define COUNT_RING_TABLE(name)                                         k_##name,
#define COUNT_GATED(name)                                              k_##name,
#define COUNT_LATE(name)                                               k_##name,
#define COUNT_UP(name)                                                 k_##name,
#define COUNT_DOWN(name)                                               k_##name,
#define COUNT_HOLD(name)                                               nullptr,

static void (*const kernels[])(const lane *, lane *, any, const struct memory *) = {
#include "vm/ops.def"
};

static const unsigned words_of[] = {
#define OP(id, name, inputs, outputs, words, key, loop, cost, algebra) words,
#include "vm/ops.def"
};

extern "C" uint64_t count_operations(size_t row, const float *in, float *out, uint32_t *state,
                                     const struct count_memory *m)
{
    float rate = (float)(1u << m->rate);
    struct memory memory = {m->ring,  m->mask,   m->now, m->low,      m->high,
                            m->table, m->length, rate,   1.0f / rate, 0};
    lane from[VM_OP_INPUTS], to[VM_OP_OUTPUTS];
    memcpy(from, in, sizeof from);
    operations = 0;
    uint32_t kept[2 * VM_OP_STATE]; /* with room for what lasts for a stretch */
    memcpy(kept, state, words_of[row] * sizeof *kept);
    if (kernels[row])
        kernels[row](from, to, any{kept}, &memory);
    else
        operations = 1; /* a copy */
    memcpy(state, kept, words_of[row] * sizeof *kept);
    memcpy(out, to, sizeof to);
    return operations;
}
