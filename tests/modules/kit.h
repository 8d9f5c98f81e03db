/* kit.h - what the tests of the modules share: patches as text made into sound, and measures of
 * it. A test includes this first. Everything is one voice at the sample rate, in double where it
 * is measured. */
#ifndef TESTS_MODULES_KIT_H
#define TESTS_MODULES_KIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "compiler/compile.h"
#include "render/sound_file.h"
#include "vm/repatch.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define TAU          6.283185307179586476925286766559
#define SR           48000.0

/* ---- chance, the same every time ---- */

static inline uint64_t kit_random(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

/* In [low, high). */
static inline double kit_between(uint64_t *state, double low, double high)
{
    return low + (high - low) * (double)(kit_random(state) >> 11) / 9007199254740992.0;
}

/* ---- a patch being played ---- */

struct player {
    void *memory, *group_memory;
    struct rp_program *program;
    struct rp_group *group;
    unsigned channels;
};

static inline void *kit_aligned(size_t size)
{
    void *memory = aligned_alloc(RP_ALIGNMENT, (size + RP_ALIGNMENT) / RP_ALIGNMENT * RP_ALIGNMENT);
    assert_non_null(memory);
    return memory;
}

/* The text is a patch; what is wrong with it is printed and fails the test. */
static inline struct player play_seeded(const char *text, uint64_t seed, uint64_t serial)
{
    struct player p = {0};
    struct source source = {"<test>", text, strlen(text), 0};
    struct compile_options options = {.sounds = {sound_load, NULL}};
    struct compile_result result;
    struct rp_error error;
    if (compile_text(&source, &options, stderr, &result) != 0)
        fail_msg("this does not compile:\n%s", text);
    size_t size = rp_program_bytes(result.bytes, result.size);
    p.memory = kit_aligned(size);
    p.program = rp_load(result.bytes, result.size, p.memory, size, &error);
    if (!p.program)
        fail_msg("%s", error.reason);
    free(result.bytes);
    size = rp_group_bytes(p.program, 1);
    p.group_memory = kit_aligned(size);
    p.group = rp_instantiate(p.program, 1, RP_ISA_BEST, p.group_memory, size, &error);
    assert_non_null(p.group);
    assert_int_equal(rp_voice_start(p.group, 0, seed, serial), RP_OK);
    p.channels = rp_channels(p.program);
    return p;
}

static inline struct player play(const char *text)
{
    return play_seeded(text, 0, 0);
}

static inline void player_close(struct player *p)
{
    free(p->group_memory);
    free(p->memory);
}

static inline void player_set(struct player *p, const char *param, double value)
{
    int index = rp_param_find(p->program, param);
    if (index < 0)
        fail_msg("there is no param '%s'", param);
    assert_int_equal(rp_param_set(p->group, 0, (unsigned)index, (float)value), RP_OK);
}

/* in, in_right: NULL where nothing comes in. left, right: NULL where nobody listens. */
static inline void player_run_in(struct player *p, size_t frames, const float *in,
                                 const float *in_right, float *left, float *right)
{
    const float *from[2] = {in, in_right};
    float *to[2] = {left, right};
    struct rp_error error;
    if (rp_process(p->group, frames, from, to, &error) != RP_OK)
        fail_msg("frame %llu: %s", (unsigned long long)error.offset, error.reason);
}

static inline void player_run(struct player *p, size_t frames, float *left)
{
    player_run_in(p, frames, NULL, NULL, left, NULL);
}

/* ---- whole sounds ---- */

/* `frames` of a mono patch, or of a stereo patch's left side. Freed by the caller. */
static inline float *sound_of(const char *text, size_t frames)
{
    struct player p = play(text);
    float *out = calloc(frames, sizeof *out);
    assert_non_null(out);
    player_run(&p, frames, out);
    player_close(&p);
    return out;
}

/* What a patch with (input.mono) makes of a single 1 at frame 0. */
static inline float *impulse_of(const char *text, size_t frames)
{
    struct player p = play(text);
    float *in = calloc(frames, sizeof *in), *out = calloc(frames, sizeof *out);
    assert_non_null(in);
    assert_non_null(out);
    in[0] = 1.0f;
    player_run_in(&p, frames, in, in, out, NULL);
    player_close(&p);
    free(in);
    return out;
}

/* ---- measures ---- */

/* |sum x[n] e^(-i tau n hz/sr)| */
static inline double magnitude_at(const float *x, size_t frames, double hz)
{
    double re = 0.0, im = 0.0;
    for (size_t n = 0; n < frames; n++) {
        double a = TAU * hz / SR * (double)n;
        re += (double)x[n] * cos(a);
        im -= (double)x[n] * sin(a);
    }
    return hypot(re, im);
}

static inline double decibels(double ratio)
{
    return 20.0 * log10(ratio);
}

static inline double rms_of(const float *x, size_t frames)
{
    double sum = 0.0;
    for (size_t n = 0; n < frames; n++)
        sum += (double)x[n] * (double)x[n];
    return sqrt(sum / (double)frames);
}

static inline double mean_of(const float *x, size_t frames)
{
    double sum = 0.0;
    for (size_t n = 0; n < frames; n++)
        sum += (double)x[n];
    return sum / (double)frames;
}

static inline double peak_of(const float *x, size_t frames)
{
    double peak = 0.0;
    for (size_t n = 0; n < frames; n++)
        peak = fmax(peak, fabs((double)x[n]));
    return peak;
}

static inline void assert_near(double got, double wanted, double tolerance, const char *what)
{
    if (!(fabs(got - wanted) <= tolerance))
        fail_msg("%s: %.9g, not %.9g within %.3g", what, got, wanted, tolerance);
}

#endif
