/* unpack.c - a group's samples lie lane beside lane, a file's frame behind frame. They are made
 * whole numbers first, so that half as many bytes are turned. */
#include "render/unpack.h"
#include "render/pcm.h"
#include <string.h>

#if defined __SSE2__
#include <emmintrin.h>

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

#else

enum { SIDE = 1 };

static void squares(const float *const planes[], unsigned channels, size_t lanes, size_t frames,
                    int16_t *to)
{
    (void)planes, (void)channels, (void)lanes, (void)frames, (void)to;
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
               int16_t *to)
{
    size_t whole = unpack_is_quick(lanes) ? frames - frames % SIDE : 0;
    squares(planes, channels, lanes, whole, to);
    one_by_one(planes, channels, lanes, whole, frames, to);
}

/* From the end: of a sound that goes on, that is soon found. */
void unpack_loud(const float *const planes[], unsigned channels, unsigned lanes, size_t frames,
                 const float *threshold, uint32_t *loud)
{
    unsigned missing = lanes;
    memset(loud, 0, lanes * sizeof *loud);
    for (size_t at = frames; at > 0 && missing > 0; at--) {
        const float *left = planes[0] + (at - 1) * lanes,
                    *right = planes[channels - 1] + (at - 1) * lanes;
        for (unsigned l = 0; l < lanes; l++) {
            float t = threshold[l], x = left[l], y = right[l];
            int is_loud = !(x < t && x > -t) || !(y < t && y > -t);
            if (is_loud && !loud[l]) {
                loud[l] = (uint32_t)at;
                missing--;
            }
        }
    }
}
