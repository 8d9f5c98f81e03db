/* kernels.c - the inner loops in plain C: what they compute, for any machine. */
#include "render/mixer/state.h"

static void step_head(struct mix_head *h)
{
    int64_t start = (int64_t)h->loop_start << 32, end = (int64_t)h->loop_end << 32;
    if (h->loop && (h->step > 0 ? h->pos >= end - h->step : h->pos < start - h->step))
        mix_head_advance(h, 1);
    else /* may leave the sample, and then wrap: it is not looked at */
        h->pos = (int64_t)((uint64_t)h->pos + (uint64_t)h->step);
}

static void sample(const int16_t *x, struct mix_head *h, uint32_t n, float *to)
{
    for (uint32_t k = 0; k < n; k++) {
        int64_t i = h->pos >> 32;
        int32_t w = (int32_t)((uint32_t)h->pos >> 17);
        int32_t a = x[i], b = x[i + 1]; /* 0 past the end: sample.h */
        if (h->loop && i + 1 == h->loop_end)
            b = x[h->loop_start];
        to[k] = (float)(256 * a + ((b - a) * w >> 7));
        step_head(h);
    }
}

static void add(const float *a, const float *b, uint32_t n, float gain_left, float gain_right,
                int32_t *left, int32_t *right)
{
    for (uint32_t i = 0; i < n; i++) {
        left[i] += mix_rne(a[i] * gain_left);
        right[i] += mix_rne(b[i] * gain_right);
    }
}

static void planes(const float *from, unsigned lanes, uint32_t n, float *to)
{
    for (unsigned l = 0; l < lanes; l++)
        for (uint32_t i = 0; i < n; i++)
            to[l * (size_t)MIX_TICK + i] = mix_hold(from[i * (size_t)lanes + l] * MIX_UNIT);
}

static void add_lanes(const float *a, const float *b, unsigned lanes, uint32_t n,
                      const float *gain_left, const float *gain_right, int32_t *left,
                      int32_t *right)
{
    for (uint32_t i = 0; i < n; i++)
        for (unsigned l = 0; l < lanes; l++) {
            left[i] += mix_rne(mix_hold(a[i * (size_t)lanes + l] * MIX_UNIT) * gain_left[l]);
            right[i] += mix_rne(mix_hold(b[i * (size_t)lanes + l] * MIX_UNIT) * gain_right[l]);
        }
}

static uint32_t loud(const float *from, unsigned lanes, uint32_t n)
{
    uint32_t found = 0;
    for (uint32_t i = 0; i < n; i++)
        for (unsigned l = 0; l < lanes; l++) {
            float y = from[i * (size_t)lanes + l];
            found |= (uint32_t)((y >= 0x1p-15f) | (y <= -0x1p-15f)) << l;
        }
    return found;
}

static void floats(const int32_t *left, const int32_t *right, uint32_t n, float *to)
{
    for (uint32_t i = 0; i < n; i++) {
        to[2 * i] = (float)left[i] * (1.0f / MIX_UNIT);
        to[2 * i + 1] = (float)right[i] * (1.0f / MIX_UNIT);
    }
}

const struct mix_kernels mix_kernels_plain = {sample, add, planes, add_lanes, loud, floats};

const struct mix_kernels *mix_kernels(enum rp_isa isa)
{
#if defined __x86_64__
    if ((isa == RP_ISA_BEST || isa == RP_ISA_AVX512) && rp_isa_available(RP_ISA_AVX512))
        return &mix_kernels_avx512;
    if (isa != RP_ISA_BASE && rp_isa_available(RP_ISA_AVX2))
        return &mix_kernels_avx2;
#else
    (void)isa;
#endif
    return &mix_kernels_plain;
}
