/* limit OUT.wav - the hand-written limit: 16 looped samples, interpolated, panned, in AVX2, with no
 * regard for anything but this task. Reads s0.wav .. s15.wav in the current folder.
 *
 * Eight frames of a voice stand side by side. Steps are below 2, so their frames lie close
 * together: one load of eight (step below 1) or two (below 2) and a permutation stand for a gather.
 * A table has for each frame x[i], of what follows it x[i+1], the pair
 *     (-m, h),  h = (x[i+1] - x[i]) / 2,  m = x[i] + h
 * so that with f, the position's fraction, as the signed number w = 65536 f - 32768, the
 * interpolated sample is one multiply-add of 16-bit pairs:
 *     32768 (x[i] + (x[i+1] - x[i]) f) = -m * -32768 + h * w
 * h loses half a unit, which is below the noise of the output's 16 bits. */
#define _DEFAULT_SOURCE
#include "../wav.h"
#include "voices.h"
#include <fcntl.h>
#include <immintrin.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum {
    LANES = 8,
    BLOCK = 1280,        /* frames: the sums lie in the L1 cache */
    AFTER = 32,          /* pairs a table goes on after the loop's end, from its beginning */
    BLOCKS_A_WRITE = 50, /* 256,000 bytes: they lie in the L2 cache */
    WRITES = FRAMES / (BLOCK * BLOCKS_A_WRITE),
};
_Static_assert(WRITES *BLOCK *BLOCKS_A_WRITE == FRAMES, "whole writes");

struct player {
    const int32_t *pairs;
    uint64_t position, step8, end; /* 32.32 */
    /* Fractions are in 2^-32, minus one half: unsigned comparison as signed. Lane k of `fraction`
     * is that of the position of frame k. `ahead` is how far frame k lies after the frame its load
     * begins at: whole frames and fraction. */
    __m256i fraction, fraction8, ahead_whole, ahead_fraction;
    __m256 left, right;
    int far; /* step 1 or above: lanes 4 .. 7 have a load of their own */
    uint64_t step4;
};

static float sums[2][BLOCK] __attribute__((aligned(32)));
static int16_t out[BLOCKS_A_WRITE * BLOCK * 2] __attribute__((aligned(32)));

static void trouble(const char *what)
{
    perror(what);
    exit(2);
}

static const int32_t *load_pairs(int index, int length)
{
    char name[16];
    snprintf(name, sizeof name, "s%d.wav", index);
    size_t bytes = (size_t)length * 2 + WAV_HEADER;
    int16_t *file = malloc(bytes + 2), *x = file + WAV_HEADER / 2;
    int32_t *pairs = malloc((size_t)(length + AFTER) * sizeof *pairs);
    int from = open(name, O_RDONLY);
    if (!file || !pairs || from < 0 || read(from, file, bytes) != (ssize_t)bytes)
        trouble(name);
    close(from);
    x[length] = x[0];
    for (int i = 0; i < length; i++) {
        int twice = x[i + 1] - x[i];
        int h = (twice + (twice >> 1 & 1)) >> 1, m = -(x[i] + h); /* halves to even: no bias */
        pairs[i] = (int32_t)((uint32_t)h << 16 | (uint16_t)(m > 32767 ? 32767 : m));
    }
    for (int i = 0; i < AFTER; i++)
        pairs[length + i] = pairs[i];
    free(file);
    return pairs;
}

static struct player prepare(int index)
{
    const struct voice *voice = &looped_voices[index];
    uint64_t step = looped_step(voice);
    struct player player = {
        .pairs = load_pairs(index, voice->length),
        .step8 = step * LANES,
        .step4 = step * 4,
        .end = (uint64_t)voice->length << 32,
        .far = step >> 32 != 0,
        .fraction8 = _mm256_set1_epi32((int32_t)(uint32_t)(step * LANES)),
        .left = _mm256_set1_ps((float)(looped_gain(voice, 0) / 32768)),
        .right = _mm256_set1_ps((float)(looped_gain(voice, 1) / 32768)),
    };
    uint32_t fraction[LANES], whole[LANES], ahead[LANES];
    for (unsigned k = 0; k < LANES; k++) {
        uint64_t after = step * (player.far ? k % 4 : k);
        fraction[k] = (uint32_t)(step * k) ^ 0x80000000u;
        whole[k] = (uint32_t)(after >> 32);
        ahead[k] = (uint32_t)after ^ 0x80000000u;
    }
    player.fraction = _mm256_loadu_si256((__m256i *)fraction);
    player.ahead_whole = _mm256_loadu_si256((__m256i *)whole);
    player.ahead_fraction = _mm256_loadu_si256((__m256i *)ahead);
    return player;
}

/* The next eight frames of a voice, times 32768. */
static inline __attribute__((always_inline)) __m256 next(struct player *p, const int far)
{
    /* A fraction below its share of the way has passed 1. */
    __m256i passed = _mm256_cmpgt_epi32(p->ahead_fraction, p->fraction);
    __m256i index = _mm256_sub_epi32(p->ahead_whole, passed);
    __m256i weights = _mm256_blend_epi16(_mm256_set1_epi16(-32768), p->fraction, 0xaa);
    const int32_t *at = p->pairs + (p->position >> 32);
    __m256i pairs = _mm256_permutevar8x32_epi32(_mm256_loadu_si256((const __m256i *)at), index);
    if (far) {
        at = p->pairs + ((p->position + p->step4) >> 32);
        __m256i late = _mm256_permutevar8x32_epi32(_mm256_loadu_si256((const __m256i *)at), index);
        pairs = _mm256_blend_epi32(pairs, late, 0xf0);
    }
    p->fraction = _mm256_add_epi32(p->fraction, p->fraction8);
    p->position += p->step8;
    uint64_t wrapped = p->position - p->end;
    p->position = p->position >= p->end ? wrapped : p->position;
    return _mm256_cvtepi32_ps(_mm256_madd_epi16(pairs, weights));
}

/* Two voices at a time: their state fits the registers, and sums are loaded half as often. */
static inline __attribute__((always_inline)) void
add_two(struct player *first, struct player *second, const int far1, const int far2)
{
    struct player p = *first, q = *second;
    for (int i = 0; i < BLOCK; i += LANES) {
        __m256 left = _mm256_load_ps(&sums[0][i]), right = _mm256_load_ps(&sums[1][i]);
        __m256 a = next(&p, far1), b = next(&q, far2);
        left = _mm256_fmadd_ps(a, p.left, _mm256_fmadd_ps(b, q.left, left));
        right = _mm256_fmadd_ps(a, p.right, _mm256_fmadd_ps(b, q.right, right));
        _mm256_store_ps(&sums[0][i], left);
        _mm256_store_ps(&sums[1][i], right);
    }
    first->position = p.position;
    first->fraction = p.fraction;
    second->position = q.position;
    second->fraction = q.fraction;
}

static __attribute__((noinline)) void add_near(struct player *p)
{
    add_two(p, p + 1, 0, 0);
}

static __attribute__((noinline)) void add_mixed(struct player *p)
{
    add_two(p, p + 1, 0, 1);
}

static __attribute__((noinline)) void add_far(struct player *p)
{
    add_two(p, p + 1, 1, 1);
}

static void finish_block(int16_t *to)
{
    for (int i = 0; i < BLOCK; i += LANES) {
        __m256i left = _mm256_cvtps_epi32(_mm256_load_ps(&sums[0][i]));
        __m256i right = _mm256_cvtps_epi32(_mm256_load_ps(&sums[1][i]));
        __m256i both = _mm256_packs_epi32(_mm256_unpacklo_epi32(left, right),
                                          _mm256_unpackhi_epi32(left, right));
        _mm256_store_si256((__m256i *)(to + 2 * i), both);
    }
}

static void render_block(struct player *players, int16_t *to)
{
    memset(sums, 0, sizeof sums);
    for (int i = 0; i < VOICES; i += 2) {
        if (players[i].far)
            add_far(players + i);
        else if (players[i + 1].far)
            add_mixed(players + i);
        else
            add_near(players + i);
    }
    finish_block(to);
}

int main(int argc, char **argv)
{
    struct player players[VOICES];
    unsigned char header[WAV_HEADER];
    int count = 0;
    if (argc != 2)
        return 2;
    for (int far = 0; far < 2; far++) { /* those with one load first */
        for (int i = 0; i < VOICES; i++) {
            if ((looped_step(&looped_voices[i]) >> 32 != 0) == far)
                players[count++] = prepare(i);
        }
    }
    int file = open(argv[1], O_WRONLY | O_CREAT | O_TRUNC, 0666);
    wav_header(header, 2, OUT_RATE, FRAMES, 0);
    if (file < 0 || write(file, header, sizeof header) != sizeof header)
        trouble(argv[1]);
    for (int i = 0; i < WRITES; i++) {
        for (int b = 0; b < BLOCKS_A_WRITE; b++)
            render_block(players, out + b * BLOCK * 2);
        if (write(file, out, sizeof out) != (ssize_t)sizeof out)
            trouble(argv[1]);
    }
    return close(file) == 0 ? 0 : 2;
}
