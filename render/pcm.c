#include "render/pcm.h"
#include "vm/repatch.h"
#include <string.h>
#if defined __x86_64__
#include "render/quantise_avx2.h"
#endif

/* Four floats fit the registers of every machine we build for. */
#define VM_VEC 4
#include "vm/lane.h"

typedef int16_t lane16 __attribute__((vector_size(2 * VM_VEC)));

/* Everything about a whole-number format but where its bits lie. */
struct scale {
    float one, low, high;
};

static const struct scale scale16 = {32768.0f, -32768.0f, 32767.0f};
static const struct scale scale24 = {8388608.0f, -8388608.0f, 8388607.0f};

size_t pcm_bytes(enum pcm_format format)
{
    return format == PCM_16 ? sizeof(int16_t) : sizeof(int32_t);
}

/* The float below one half, added before truncation: half itself would carry the float below
 * n + 1/2 up to n + 1. Scaling by a power of two is exact. */
static ilane quantise(lane x, struct scale scale)
{
    lane y = lane_from_bits(lane_bits(x) & (ulane)lane_le(x, x)); /* NaN: 0 */
    y = lane_clamp(y * lane_set(scale.one), scale.low, scale.high);
    return lane_to_int(y + lane_copysign(lane_set(0x1.fffffep-2f), y));
}

static void store16(ilane s, int16_t *out)
{
    lane16 narrow = __builtin_convertvector(s, lane16);
    memcpy(out, &narrow, sizeof narrow);
}

static void store24(ilane s, int32_t *out)
{
    s *= 256;
    memcpy(out, &s, sizeof s);
}

static void convert24(const float *in, size_t count, int32_t *out)
{
    for (size_t i = 0; i < count; i += VM_VEC) {
        lane x;
        memcpy(&x, in + i, sizeof x);
        store24(quantise(x, scale24), out + i);
    }
}

#if defined __x86_64__

/* Packing keeps to each half of its arguments, so the quarters are put in order. */
AVX2 static void convert16_wide(const float *in, size_t count, int16_t *out)
{
    for (size_t i = 0; i < count; i += 16) {
        __m256i both = _mm256_packs_epi32(quantise_wide(_mm256_loadu_ps(in + i)),
                                          quantise_wide(_mm256_loadu_ps(in + i + 8)));
        _mm256_storeu_si256((__m256i *)(void *)(out + i), _mm256_permute4x64_epi64(both, 0xd8));
    }
}

static size_t convert16_quickly(const float *in, size_t count, int16_t *out)
{
    size_t whole = rp_isa_available(RP_ISA_AVX2) ? count - count % 16 : 0;
    convert16_wide(in, whole, out);
    return whole;
}

#else

static size_t convert16_quickly(const float *in, size_t count, int16_t *out)
{
    (void)in, (void)count, (void)out;
    return 0;
}

#endif

static void convert16(const float *in, size_t count, int16_t *out)
{
    for (size_t i = convert16_quickly(in, count, out); i < count; i += VM_VEC) {
        lane x;
        memcpy(&x, in + i, sizeof x);
        store16(quantise(x, scale16), out + i);
    }
}

static void convert(enum pcm_format format, const float *in, size_t count, void *out)
{
    if (format == PCM_16)
        convert16(in, count, out);
    else
        convert24(in, count, out);
}

void pcm_convert(enum pcm_format format, const float *in, size_t count, void *out)
{
    if (format == PCM_FLOAT) {
        memcpy(out, in, count * sizeof *in);
        return;
    }
    size_t whole = count - count % VM_VEC, rest = count - whole;
    convert(format, in, whole, out);
    float last[VM_VEC] = {0};
    int32_t converted[VM_VEC];
    memcpy(last, in + whole, rest * sizeof *in);
    convert(format, last, VM_VEC, converted);
    memcpy((char *)out + whole * pcm_bytes(format), converted, rest * pcm_bytes(format));
}

/* SplitMix64's output function (Steele, Lea, Flood 2014). */
static uint64_t scramble(uint64_t z)
{
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

/* The difference of two uniform numbers, in steps: -1 to 1, triangular. */
static double triangular(uint64_t key, uint64_t sample)
{
    uint64_t bits = scramble(key + sample * 0x9e3779b97f4a7c15u);
    int64_t first = (int64_t)(bits >> 32), second = (int64_t)(bits & 0xffffffffu);
    return (double)(first - second) * 0x1p-32;
}

/* In double: a float step plus 33 bits of dither does not fit a float. */
static int32_t quantise_dithered(float x, double dither, struct scale scale)
{
    double y = x == x ? (double)x * (double)scale.one + dither : 0.0;
    y = y > (double)scale.low ? y : (double)scale.low;
    y = y < (double)scale.high ? y : (double)scale.high;
    int32_t whole = (int32_t)y;
    double rest = y - whole;
    return whole + (rest >= 0.5) - (rest <= -0.5);
}

void pcm_convert_dithered(enum pcm_format format, uint64_t seed, uint64_t first, const float *in,
                          size_t count, void *out)
{
    if (format == PCM_FLOAT) {
        pcm_convert(format, in, count, out);
        return;
    }
    uint64_t key =
        scramble(seed ^ 0x6469746865720000u); /* "dither": apart from the voice's noise */
    int16_t *out16 = out;
    int32_t *out24 = out;
    for (size_t i = 0; i < count; i++) {
        double dither = triangular(key, first + i);
        if (format == PCM_16)
            out16[i] = (int16_t)quantise_dithered(in[i], dither, scale16);
        else
            out24[i] = quantise_dithered(in[i], dither, scale24) * 256;
    }
}
