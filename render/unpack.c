/* unpack.c - a group's samples lie lane beside lane, a file's frame behind frame. They are made
 * whole numbers first, so that half as many bytes are turned. */
#include "render/unpack.h"
#include "render/pcm.h"

#if defined __SSE2__
#include "render/quantise_avx2.h"

enum { SIDE = 8 }; /* frames and lanes turned at a time */

/* As pcm.c has it. */
static inline __m128i quantise(__m128 x)
{
    const __m128 half = _mm_set1_ps(0x1.fffffep-2f), sign = _mm_set1_ps(-0.0f);
    __m128 y = _mm_and_ps(x, _mm_cmpord_ps(x, x));
    y = _mm_mul_ps(y, _mm_set1_ps(32768.0f));
    y = _mm_min_ps(_mm_max_ps(y, _mm_set1_ps(-32768.0f)), _mm_set1_ps(32767.0f));
    return _mm_cvttps_epi32(_mm_add_ps(y, _mm_or_ps(half, _mm_and_ps(y, sign))));
}

/* Eight lanes of a frame. */
static inline __m128i eight(const float *from)
{
    return _mm_packs_epi32(quantise(_mm_loadu_ps(from)), quantise(_mm_loadu_ps(from + 4)));
}

/* Rows become columns: first pairs, then fours, then eights. */
static inline void turn(__m128i r[SIDE])
{
    __m128i a[SIDE], b[SIDE];
    for (int i = 0; i < 4; i++) {
        a[2 * i] = _mm_unpacklo_epi16(r[2 * i], r[2 * i + 1]);
        a[2 * i + 1] = _mm_unpackhi_epi16(r[2 * i], r[2 * i + 1]);
    }
    for (int i = 0; i < 2; i++) {
        b[4 * i] = _mm_unpacklo_epi32(a[4 * i], a[4 * i + 2]);
        b[4 * i + 1] = _mm_unpackhi_epi32(a[4 * i], a[4 * i + 2]);
        b[4 * i + 2] = _mm_unpacklo_epi32(a[4 * i + 1], a[4 * i + 3]);
        b[4 * i + 3] = _mm_unpackhi_epi32(a[4 * i + 1], a[4 * i + 3]);
    }
    for (int i = 0; i < 4; i++) {
        r[2 * i] = _mm_unpacklo_epi64(b[i], b[i + 4]);
        r[2 * i + 1] = _mm_unpackhi_epi64(b[i], b[i + 4]);
    }
}

/* Eight frames of eight lanes, turned: lane l's are in columns[l]. */
static inline void square(const float *from, size_t lanes, __m128i columns[SIDE])
{
    for (size_t i = 0; i < SIDE; i++)
        columns[i] = eight(from + i * lanes);
    turn(columns);
}

static void mono(const float *from, size_t lanes, int16_t *to)
{
    __m128i columns[SIDE];
    square(from, lanes, columns);
    for (size_t i = 0; i < SIDE; i++)
        _mm_storeu_si128((__m128i *)(void *)(to + i * UNPACK_MOST), columns[i]);
}

static void stereo(const float *left, const float *right, size_t lanes, int16_t *to)
{
    __m128i a[SIDE], b[SIDE];
    square(left, lanes, a);
    square(right, lanes, b);
    for (size_t i = 0; i < SIDE; i++) {
        __m128i *out = (__m128i *)(void *)(to + i * UNPACK_MOST * 2);
        _mm_storeu_si128(out, _mm_unpacklo_epi16(a[i], b[i]));
        _mm_storeu_si128(out + 1, _mm_unpackhi_epi16(a[i], b[i]));
    }
}

static void squares(const float *const planes[], unsigned channels, size_t lanes, size_t frames,
                    int16_t *to)
{
    for (size_t at = 0; at < frames; at += SIDE)
        for (size_t l = 0; l < lanes; l += SIDE) {
            size_t from = at * lanes + l;
            int16_t *out = to + (l * UNPACK_MOST + at) * channels;
            if (channels == 1)
                mono(planes[0] + from, lanes, out);
            else
                stereo(planes[0] + from, planes[1] + from, lanes, out);
        }
}

int unpack_is_quick(unsigned lanes)
{
    return lanes % SIDE == 0;
}

/* --- the same, 16 lanes at a time --------------------------------------------------------- */

/* Sixteen lanes of a frame: 0 to 3 and 8 to 11 in one half, the others in the other. */
AVX2 static inline __m256i sixteen(const float *from)
{
    return _mm256_packs_epi32(quantise_wide(_mm256_loadu_ps(from)),
                              quantise_wide(_mm256_loadu_ps(from + 8)));
}

/* Each half as `turn` does. */
AVX2 static inline void turn_wide(__m256i r[SIDE])
{
    __m256i a[SIDE], b[SIDE];
    for (int i = 0; i < 4; i++) {
        a[2 * i] = _mm256_unpacklo_epi16(r[2 * i], r[2 * i + 1]);
        a[2 * i + 1] = _mm256_unpackhi_epi16(r[2 * i], r[2 * i + 1]);
    }
    for (int i = 0; i < 2; i++) {
        b[4 * i] = _mm256_unpacklo_epi32(a[4 * i], a[4 * i + 2]);
        b[4 * i + 1] = _mm256_unpackhi_epi32(a[4 * i], a[4 * i + 2]);
        b[4 * i + 2] = _mm256_unpacklo_epi32(a[4 * i + 1], a[4 * i + 3]);
        b[4 * i + 3] = _mm256_unpackhi_epi32(a[4 * i + 1], a[4 * i + 3]);
    }
    for (int i = 0; i < 4; i++) {
        r[2 * i] = _mm256_unpacklo_epi64(b[i], b[i + 4]);
        r[2 * i + 1] = _mm256_unpackhi_epi64(b[i], b[i + 4]);
    }
}

AVX2 static inline void square_wide(const float *from, __m256i columns[SIDE])
{
    for (size_t i = 0; i < SIDE; i++)
        columns[i] = sixteen(from + i * 2 * SIDE);
    turn_wide(columns);
}

AVX2 static inline void store(int16_t *to, __m128i x)
{
    _mm_storeu_si128((__m128i *)(void *)to, x);
}

/* The lane of column i's lower half; of the other it is four further. */
static inline size_t lane_of(size_t i)
{
    return i < 4 ? i : i + 4;
}

AVX2 static void mono_wide(const float *from, int16_t *to)
{
    __m256i columns[SIDE];
    square_wide(from, columns);
    for (size_t i = 0; i < SIDE; i++) {
        int16_t *out = to + lane_of(i) * UNPACK_MOST;
        store(out, _mm256_castsi256_si128(columns[i]));
        store(out + 4 * UNPACK_MOST, _mm256_extracti128_si256(columns[i], 1));
    }
}

AVX2 static void stereo_wide(const float *left, const float *right, int16_t *to)
{
    __m256i a[SIDE], b[SIDE];
    square_wide(left, a);
    square_wide(right, b);
    for (size_t i = 0; i < SIDE; i++) {
        int16_t *out = to + lane_of(i) * UNPACK_MOST * 2, *further = out + 4 * UNPACK_MOST * 2;
        __m256i low = _mm256_unpacklo_epi16(a[i], b[i]), high = _mm256_unpackhi_epi16(a[i], b[i]);
        store(out, _mm256_castsi256_si128(low));
        store(out + SIDE, _mm256_castsi256_si128(high));
        store(further, _mm256_extracti128_si256(low, 1));
        store(further + SIDE, _mm256_extracti128_si256(high, 1));
    }
}

static void squares_wide(const float *const planes[], unsigned channels, size_t frames, int16_t *to)
{
    for (size_t at = 0; at < frames; at += SIDE) {
        if (channels == 1)
            mono_wide(planes[0] + at * 2 * SIDE, to + at);
        else
            stereo_wide(planes[0] + at * 2 * SIDE, planes[1] + at * 2 * SIDE, to + at * 2);
    }
}

#else

enum { SIDE = 1 };

static void squares(const float *const planes[], unsigned channels, size_t lanes, size_t frames,
                    int16_t *to)
{
    (void)planes, (void)channels, (void)lanes, (void)frames, (void)to;
}

static void squares_wide(const float *const planes[], unsigned channels, size_t frames, int16_t *to)
{
    (void)planes, (void)channels, (void)frames, (void)to;
}

int unpack_is_quick(unsigned lanes)
{
    (void)lanes;
    return 0;
}

#endif

static void one_by_one(const float *const planes[], unsigned channels, size_t lanes, size_t begin,
                       size_t end, int16_t *to)
{
    float samples[2 * UNPACK_MOST];
    for (size_t l = 0; l < lanes && begin < end; l++) {
        for (unsigned c = 0; c < channels; c++)
            for (size_t i = begin; i < end; i++)
                samples[(i - begin) * channels + c] = planes[c][i * lanes + l];
        pcm_convert(PCM_16, samples, (end - begin) * channels,
                    to + l * UNPACK_MOST * channels + begin * channels);
    }
}

void unpack_16(const float *const planes[], unsigned channels, unsigned lanes, size_t frames,
               enum rp_isa isa, int16_t *to)
{
    size_t whole = unpack_is_quick(lanes) ? frames - frames % SIDE : 0;
    if (whole && lanes == 2 * SIDE && isa != RP_ISA_BASE && rp_isa_available(RP_ISA_AVX2))
        squares_wide(planes, channels, whole, to);
    else
        squares(planes, channels, lanes, whole, to);
    one_by_one(planes, channels, lanes, whole, frames, to);
}

/* Four lanes, from the end: of a sound that goes on, its last loud frame is soon found. */
#if defined __SSE2__

static void loud_lanes(const float *left, const float *right, size_t lanes, size_t frames,
                       const float *threshold, uint32_t *loud)
{
    const __m128 bits = _mm_castsi128_ps(_mm_set1_epi32(0x7fffffff)), t = _mm_loadu_ps(threshold);
    __m128 found = _mm_setzero_ps();
    __m128i last = _mm_setzero_si128();
    for (size_t at = frames; at > 0 && _mm_movemask_ps(found) != 15; at--) {
        __m128 x = _mm_and_ps(_mm_loadu_ps(left + (at - 1) * lanes), bits);
        __m128 y = _mm_and_ps(_mm_loadu_ps(right + (at - 1) * lanes), bits);
        __m128 is = _mm_or_ps(_mm_cmpnlt_ps(x, t), _mm_cmpnlt_ps(y, t));
        __m128i now = _mm_castps_si128(_mm_andnot_ps(found, is));
        last = _mm_or_si128(last, _mm_and_si128(now, _mm_set1_epi32((int)at)));
        found = _mm_or_ps(found, is);
    }
    _mm_storeu_si128((__m128i *)(void *)loud, last);
}

#else

static void loud_lanes(const float *left, const float *right, size_t lanes, size_t frames,
                       const float *threshold, uint32_t *loud)
{
    for (size_t l = 0; l < 4; l++) {
        size_t at = frames;
        for (; at > 0; at--) {
            float x = left[(at - 1) * lanes + l], y = right[(at - 1) * lanes + l];
            if (!(x < threshold[l] && x > -threshold[l] && y < threshold[l] && y > -threshold[l]))
                break;
        }
        loud[l] = (uint32_t)at;
    }
}

#endif

void unpack_loud(const float *const planes[], unsigned channels, unsigned lanes, size_t frames,
                 const float *threshold, uint32_t *loud)
{
    for (size_t l = 0; l < lanes; l += 4)
        loud_lanes(planes[0] + l, planes[channels - 1] + l, lanes, frames, threshold + l, loud + l);
}
