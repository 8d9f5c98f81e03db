/* kernels_avx2.c - the inner loops of kernels.c eight frames at a time. */
#include "render/mixer/state.h"

#if defined __x86_64__
#include <immintrin.h>

#define AVX2 __attribute__((target("avx2")))

enum { WIDE = 8 };

/* Eight heads side by side, each a frame after the one before. The fractions are kept less 2^31:
 * AVX2 compares signed numbers only. */
struct heads {
    __m256i whole, part;
    __m256i step_whole, step_part;      /* of eight frames */
    __m256i start, last, length, first; /* of the loop; first: its first sample in high halves */
};

AVX2 static inline __m256i all(int32_t x)
{
    return _mm256_set1_epi32(x);
}

AVX2 static struct heads spread(const int16_t *x, const struct mix_head *h)
{
    int32_t whole[WIDE], part[WIDE];
    struct mix_head head = *h;
    int64_t step = h->step * WIDE;
    for (int i = 0; i < WIDE; i++) {
        whole[i] = (int32_t)(head.pos >> 32);
        part[i] = (int32_t)((uint32_t)head.pos ^ UINT32_C(0x80000000));
        mix_head_advance(&head, 1);
    }
    return (struct heads){
        .whole = _mm256_loadu_si256((const __m256i *)whole),
        .part = _mm256_loadu_si256((const __m256i *)part),
        .step_whole = all((int32_t)(step >> 32)),
        .step_part = all((int32_t)(uint32_t)step),
        .start = all((int32_t)h->loop_start),
        .last = all((int32_t)h->loop_end - 1),
        .length = all((int32_t)(h->loop_end - h->loop_start)),
        .first = all((int32_t)((uint32_t)(uint16_t)x[h->loop ? h->loop_start : 0] << 16)),
    };
}

enum way { STRAIGHT, LOOP_FORWARD, LOOP_BACKWARD };

AVX2 static inline __attribute__((always_inline)) void move(struct heads *h, enum way way)
{
    __m256i part = _mm256_add_epi32(h->part, h->step_part);
    __m256i carry = _mm256_cmpgt_epi32(h->part, part);
    __m256i whole = _mm256_sub_epi32(_mm256_add_epi32(h->whole, h->step_whole), carry);
    if (way == LOOP_FORWARD)
        whole = _mm256_sub_epi32(whole,
                                 _mm256_and_si256(_mm256_cmpgt_epi32(whole, h->last), h->length));
    if (way == LOOP_BACKWARD)
        whole = _mm256_add_epi32(whole,
                                 _mm256_and_si256(_mm256_cmpgt_epi32(h->start, whole), h->length));
    h->whole = whole;
    h->part = part;
}

AVX2 static inline __attribute__((always_inline)) __m256 eight(const int16_t *x,
                                                               const struct heads *h, enum way way)
{
    __m256i pair = _mm256_i32gather_epi32((const int *)(const void *)x, h->whole, 2);
    if (way != STRAIGHT) {
        __m256i edge = _mm256_cmpeq_epi32(h->whole, h->last);
        pair = _mm256_blendv_epi8(pair, _mm256_blend_epi16(pair, h->first, 0xaa), edge);
    }
    __m256i weight = _mm256_srli_epi32(_mm256_xor_si256(h->part, all(INT32_MIN)), 17);
    __m256i a = _mm256_srai_epi32(_mm256_slli_epi32(pair, 16), 16);
    __m256i slope = _mm256_sub_epi32(_mm256_srai_epi32(pair, 16), a);
    __m256i between = _mm256_srai_epi32(_mm256_mullo_epi32(slope, weight), 7);
    return _mm256_cvtepi32_ps(_mm256_add_epi32(_mm256_slli_epi32(a, 8), between));
}

AVX2 static inline __attribute__((always_inline)) uint32_t
eights(const int16_t *x, struct mix_head *head, uint32_t n, float *to, enum way way)
{
    struct heads h = spread(x, head);
    uint32_t k = 0;
    for (; k + WIDE <= n; k += WIDE) {
        _mm256_storeu_ps(to + k, eight(x, &h, way));
        move(&h, way);
    }
    mix_head_advance(head, k);
    return k;
}

/* For steps above 0, up to 2, between the wraps of a loop. The samples of four frames lie within
 * eight of the file, so two loads and a shuffle do what a gather would. With both as 16-bit pairs
 *     256 a + floor((b - a) w / 128) = floor((32768 a + (b w - a w)) / 128)
 * which is one multiply-add. */
AVX2 static uint32_t close_by(const int16_t *x, struct mix_head *head, uint32_t n, float *to)
{
    const __m256i first_bytes =
        _mm256_setr_epi8(0, 0, 0, 0, 4, 4, 4, 4, 8, 8, 8, 8, 12, 12, 12, 12, 0, 0, 0, 0, 4, 4, 4, 4,
                         8, 8, 8, 8, 12, 12, 12, 12);
    const __m256i four_bytes = all(0x03020100);
    struct heads h = spread(x, &(struct mix_head){.pos = head->pos, .step = head->step});
    int64_t pos = head->pos, half = head->step * (WIDE / 2);
    uint32_t k = 0;
    for (; k + WIDE <= n; k += WIDE, pos += 2 * half) {
        int32_t low = (int32_t)(pos >> 32), high = (int32_t)((pos + half) >> 32);
        __m256i near = _mm256_inserti128_si256(
            _mm256_castsi128_si256(_mm_loadu_si128((const __m128i *)(const void *)(x + low))),
            _mm_loadu_si128((const __m128i *)(const void *)(x + high)), 1);
        __m256i base = _mm256_inserti128_si256(all(low), _mm_set1_epi32(high), 1);
        __m256i offset = _mm256_slli_epi32(_mm256_sub_epi32(h.whole, base), 1);
        __m256i bytes = _mm256_add_epi8(_mm256_shuffle_epi8(offset, first_bytes), four_bytes);
        __m256i pair = _mm256_shuffle_epi8(near, bytes);
        __m256i weight = _mm256_srli_epi32(_mm256_xor_si256(h.part, all(INT32_MIN)), 17);
        __m256i weights = _mm256_blend_epi16(_mm256_sub_epi32(all(0), weight),
                                             _mm256_slli_epi32(weight, 16), 0xaa);
        __m256i a = _mm256_srai_epi32(_mm256_slli_epi32(pair, 16), 1);
        __m256i sum = _mm256_add_epi32(_mm256_madd_epi16(pair, weights), a);
        _mm256_storeu_ps(to + k, _mm256_cvtepi32_ps(_mm256_srai_epi32(sum, 7)));
        move(&h, STRAIGHT);
    }
    mix_head_advance(head, k); /* the last step may wrap */
    return k;
}

/* In a loop, eight steps must not go round more than once. */
static bool fits(const struct mix_head *h)
{
    int64_t way = (h->step > 0 ? h->step : -h->step) * WIDE;
    return !h->loop || way <= (int64_t)(h->loop_end - h->loop_start) << 32;
}

/* Straight stretches close by, and what lies between them, the wraps, as before. */
AVX2 static uint32_t stretches(const int16_t *x, struct mix_head *h, uint32_t n, float *to)
{
    uint32_t done = 0;
    while (n - done >= WIDE) {
        uint32_t straight = mix_head_straight(h, n - done);
        if (straight >= WIDE)
            done += close_by(x, h, straight, to + done);
        if (n - done < WIDE)
            break;
        if (!h->loop)
            return done;
        done += eights(x, h, WIDE, to + done, LOOP_FORWARD);
    }
    return done;
}

AVX2 static void sample(const int16_t *x, struct mix_head *h, uint32_t n, float *to)
{
    uint32_t done = 0;
    if (h->loop && h->step < 0 && h->pos >> 32 < h->loop_start) {
        mix_kernels_plain.sample(x, h, 1, to); /* may jump by more than the loop's length */
        done = 1;
    }
    if (n - done >= WIDE && fits(h)) {
        if (mix_head_is_close(h))
            done += stretches(x, h, n - done, to + done);
        else if (!h->loop)
            done += eights(x, h, n - done, to + done, STRAIGHT);
        else if (h->step > 0)
            done += eights(x, h, n - done, to + done, LOOP_FORWARD);
        else
            done += eights(x, h, n - done, to + done, LOOP_BACKWARD);
    }
    mix_kernels_plain.sample(x, h, n - done, to + done);
}

AVX2 static inline void add_eight(const float *from, __m256 gain, int32_t *to)
{
    __m256i more = _mm256_cvtps_epi32(_mm256_mul_ps(_mm256_loadu_ps(from), gain));
    __m256i sum = _mm256_add_epi32(_mm256_loadu_si256((const __m256i *)(const void *)to), more);
    _mm256_storeu_si256((__m256i *)(void *)to, sum);
}

AVX2 static void add(const float *a, const float *b, uint32_t n, float gain_left, float gain_right,
                     int32_t *left, int32_t *right)
{
    __m256 to_left = _mm256_set1_ps(gain_left), to_right = _mm256_set1_ps(gain_right);
    uint32_t i = 0;
    for (; i + WIDE <= n; i += WIDE) {
        add_eight(a + i, to_left, left + i);
        add_eight(b + i, to_right, right + i);
    }
    mix_kernels_plain.add(a + i, b + i, n - i, gain_left, gain_right, left + i, right + i);
}

AVX2 static inline __m256 hold(const float *y)
{
    __m256 s = _mm256_mul_ps(_mm256_loadu_ps(y), _mm256_set1_ps(MIX_UNIT));
    s = _mm256_max_ps(s, _mm256_set1_ps(-MIX_LIMIT));
    return _mm256_min_ps(s, _mm256_set1_ps(MIX_LIMIT));
}

/* Rows of eight become columns of eight, in three rounds of pairs. */
AVX2 static inline void turn(const float *from, unsigned lanes, float *to)
{
    __m256 r[WIDE], s[WIDE];
    for (unsigned i = 0; i < WIDE; i++)
        r[i] = hold(from + i * lanes);
    for (unsigned i = 0; i < WIDE; i += 2) {
        s[i] = _mm256_unpacklo_ps(r[i], r[i + 1]);
        s[i + 1] = _mm256_unpackhi_ps(r[i], r[i + 1]);
    }
    for (unsigned i = 0; i < WIDE; i += 4) {
        r[i] = _mm256_shuffle_ps(s[i], s[i + 2], 0x44);
        r[i + 1] = _mm256_shuffle_ps(s[i], s[i + 2], 0xee);
        r[i + 2] = _mm256_shuffle_ps(s[i + 1], s[i + 3], 0x44);
        r[i + 3] = _mm256_shuffle_ps(s[i + 1], s[i + 3], 0xee);
    }
    for (unsigned i = 0; i < WIDE / 2; i++) {
        float *low = to + i * (size_t)MIX_TICK, *high = low + WIDE / 2 * (size_t)MIX_TICK;
        _mm256_storeu_ps(low, _mm256_permute2f128_ps(r[i], r[i + 4], 0x20));
        _mm256_storeu_ps(high, _mm256_permute2f128_ps(r[i], r[i + 4], 0x31));
    }
}

AVX2 static void planes(const float *from, unsigned lanes, uint32_t n, float *to)
{
    uint32_t done = lanes % WIDE == 0 ? n / WIDE * WIDE : 0;
    for (uint32_t i = 0; i < done; i += WIDE)
        for (unsigned l = 0; l < lanes; l += WIDE)
            turn(from + i * (size_t)lanes + l, lanes, to + l * (size_t)MIX_TICK + i);
    mix_kernels_plain.planes(from + done * (size_t)lanes, lanes, n - done, to + done);
}

/* A frame's lanes, times their gains, as whole numbers added to eight. */
AVX2 static inline __attribute__((always_inline)) __m256i gained(const float *from, unsigned lanes,
                                                                 const float *gain)
{
    __m256i sum = _mm256_setzero_si256();
    for (unsigned l = 0; l < lanes; l += WIDE) {
        __m256 x = _mm256_mul_ps(hold(from + l), _mm256_loadu_ps(gain + l));
        sum = _mm256_add_epi32(sum, _mm256_cvtps_epi32(x));
    }
    return sum;
}

/* The sums within each of eight vectors: of pairs, of fours, of the halves. */
AVX2 static inline __m256i eight_sums(const __m256i *v)
{
    __m256i pair[WIDE / 2], four[WIDE / 4];
    for (unsigned i = 0; i < WIDE / 2; i++)
        pair[i] = _mm256_hadd_epi32(v[2 * i], v[2 * i + 1]);
    for (unsigned i = 0; i < WIDE / 4; i++)
        four[i] = _mm256_hadd_epi32(pair[2 * i], pair[2 * i + 1]);
    return _mm256_add_epi32(_mm256_permute2x128_si256(four[0], four[1], 0x20),
                            _mm256_permute2x128_si256(four[0], four[1], 0x31));
}

/* Eight frames of four lanes: two in each vector. */
AVX2 static inline __m256i fours(const float *from, const float *gain)
{
    const __m256i order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
    __m256 gains = _mm256_broadcast_ps((const __m128 *)(const void *)gain);
    __m256i v[WIDE / 2];
    for (unsigned i = 0; i < WIDE / 2; i++)
        v[i] = _mm256_cvtps_epi32(_mm256_mul_ps(hold(from + i * (size_t)WIDE), gains));
    __m256i low = _mm256_hadd_epi32(v[0], v[1]), high = _mm256_hadd_epi32(v[2], v[3]);
    return _mm256_permutevar8x32_epi32(_mm256_hadd_epi32(low, high), order);
}

AVX2 static inline __attribute__((always_inline)) void
add_eight_frames(const float *from, unsigned lanes, const float *gain, int32_t *to)
{
    __m256i v[WIDE], sum = _mm256_loadu_si256((const __m256i *)(const void *)to);
    if (lanes == 1) {
        sum = _mm256_add_epi32(
            sum, _mm256_cvtps_epi32(_mm256_mul_ps(hold(from), _mm256_set1_ps(*gain))));
    } else if (lanes == WIDE / 2) {
        sum = _mm256_add_epi32(sum, fours(from, gain));
    } else {
        for (unsigned i = 0; i < WIDE; i++)
            v[i] = gained(from + i * (size_t)lanes, lanes, gain);
        sum = _mm256_add_epi32(sum, eight_sums(v));
    }
    _mm256_storeu_si256((__m256i *)(void *)to, sum);
}

AVX2 static inline __attribute__((always_inline)) uint32_t
add_side(const float *from, unsigned lanes, uint32_t n, const float *gain, int32_t *to)
{
    uint32_t done = n / WIDE * WIDE;
    for (uint32_t i = 0; i < done; i += WIDE)
        add_eight_frames(from + i * (size_t)lanes, lanes, gain, to + i);
    return done;
}

AVX2 static uint32_t add_eights(const float *from, unsigned lanes, uint32_t n, const float *gain,
                                int32_t *to)
{
    switch (lanes) {
    case 1:
        return add_side(from, 1, n, gain, to);
    case WIDE / 2:
        return add_side(from, WIDE / 2, n, gain, to);
    case WIDE:
        return add_side(from, WIDE, n, gain, to);
    case 2 * WIDE:
        return add_side(from, 2 * WIDE, n, gain, to);
    default:
        return 0;
    }
}

/* Four frames of sixteen lanes, each for both sides: what is held is held once. */
AVX2 static inline void add_mono(const float *from, const float *gain_left, const float *gain_right,
                                 int32_t *left, int32_t *right)
{
    __m256i v[WIDE]; /* the left of the four frames, then the right */
    for (unsigned i = 0; i < WIDE / 2; i++) {
        __m256 low = hold(from + i * 2 * WIDE), high = hold(from + i * 2 * WIDE + WIDE);
        v[i] = _mm256_add_epi32(
            _mm256_cvtps_epi32(_mm256_mul_ps(low, _mm256_loadu_ps(gain_left))),
            _mm256_cvtps_epi32(_mm256_mul_ps(high, _mm256_loadu_ps(gain_left + WIDE))));
        v[WIDE / 2 + i] = _mm256_add_epi32(
            _mm256_cvtps_epi32(_mm256_mul_ps(low, _mm256_loadu_ps(gain_right))),
            _mm256_cvtps_epi32(_mm256_mul_ps(high, _mm256_loadu_ps(gain_right + WIDE))));
    }
    __m256i sums = eight_sums(v);
    __m128i *to_left = (__m128i *)(void *)left, *to_right = (__m128i *)(void *)right;
    _mm_storeu_si128(to_left,
                     _mm_add_epi32(_mm_loadu_si128(to_left), _mm256_castsi256_si128(sums)));
    _mm_storeu_si128(to_right,
                     _mm_add_epi32(_mm_loadu_si128(to_right), _mm256_extracti128_si256(sums, 1)));
}

AVX2 static uint32_t add_monos(const float *from, uint32_t n, const float *gain_left,
                               const float *gain_right, int32_t *left, int32_t *right)
{
    uint32_t i = 0;
    for (; i + WIDE / 2 <= n; i += WIDE / 2)
        add_mono(from + i * (size_t)(2 * WIDE), gain_left, gain_right, left + i, right + i);
    return i;
}

AVX2 static void add_lanes(const float *a, const float *b, unsigned lanes, uint32_t n,
                           const float *gain_left, const float *gain_right, int32_t *left,
                           int32_t *right)
{
    uint32_t done;
    if (a == b && lanes == 2 * WIDE) {
        done = add_monos(a, n, gain_left, gain_right, left, right);
    } else {
        done = add_eights(a, lanes, n, gain_left, left);
        add_eights(b, lanes, n, gain_right, right);
    }
    size_t first = done * (size_t)lanes;
    mix_kernels_plain.add_lanes(a + first, b + first, lanes, n - done, gain_left, gain_right,
                                left + done, right + done);
}

AVX2 static uint32_t loud(const float *from, unsigned lanes, uint32_t n)
{
    const __m256 bits = _mm256_castsi256_ps(all(INT32_MAX)), least = _mm256_set1_ps(0x1p-15f);
    uint32_t found = 0;
    if (lanes % WIDE != 0)
        return mix_kernels_plain.loud(from, lanes, n);
    for (unsigned l = 0; l < lanes; l += WIDE) {
        __m256 most = _mm256_setzero_ps();
        for (uint32_t i = 0; i < n; i++)
            most = _mm256_max_ps(
                most, _mm256_and_ps(bits, _mm256_loadu_ps(from + i * (size_t)lanes + l)));
        found |= (uint32_t)_mm256_movemask_ps(_mm256_cmp_ps(most, least, _CMP_GE_OQ)) << l;
    }
    return found;
}

AVX2 static void floats(const int32_t *left, const int32_t *right, uint32_t n, float *to)
{
    const __m256 unit = _mm256_set1_ps(1.0f / MIX_UNIT);
    uint32_t i = 0;
    for (; i + WIDE <= n; i += WIDE) {
        __m256i l = _mm256_loadu_si256((const __m256i *)(const void *)(left + i));
        __m256i r = _mm256_loadu_si256((const __m256i *)(const void *)(right + i));
        __m256 a = _mm256_mul_ps(_mm256_cvtepi32_ps(l), unit);
        __m256 b = _mm256_mul_ps(_mm256_cvtepi32_ps(r), unit);
        __m256 low = _mm256_unpacklo_ps(a, b), high = _mm256_unpackhi_ps(a, b);
        _mm256_storeu_ps(to + 2 * i, _mm256_permute2f128_ps(low, high, 0x20));
        _mm256_storeu_ps(to + 2 * i + WIDE, _mm256_permute2f128_ps(low, high, 0x31));
    }
    mix_kernels_plain.floats(left + i, right + i, n - i, to + 2 * i);
}

const struct mix_kernels mix_kernels_avx2 = {sample, add, planes, add_lanes, loud, floats};
#endif
