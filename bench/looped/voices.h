/* voices.h - the work of bench/looped.sh: which sample each voice loops, how fast, how loud, where.
 *
 * Steps are multiples of 2^-20 frame, so that a 24-bit float holds a position's fraction exactly:
 * an engine that counts in single precision is not to lose its way by the choice of the rates. */
#ifndef LOOPED_VOICES_H
#define LOOPED_VOICES_H

#include <math.h>
#include <stdint.h>

enum {
    VOICES = 16,
    OUT_RATE = 48000,
    SAMPLE_RATE = 44100,
    FRAMES = 120 * OUT_RATE,
};

struct voice {
    int length; /* frames, all of them in the loop */
    int step;   /* sample frames a frame of output, in units of 2^-20; below 2 */
    int volume; /* 0 .. 255 */
    int pan;    /* 0 .. 255 */
    int hz;     /* what the sample's lowest partial is near */
};

static const struct voice looped_voices[VOICES] = {
    {20011, 493562, 200, 16, 110},  {89917, 1361041, 140, 240, 147},
    {61223, 745123, 180, 96, 98},   {33871, 971177, 120, 160, 220},
    {47309, 1703329, 90, 32, 65},   {75401, 612347, 210, 224, 131},
    {28657, 866501, 160, 128, 165}, {53987, 1150859, 110, 64, 262},
    {82129, 540809, 190, 192, 82},  {24137, 1255031, 130, 0, 196},
    {67891, 693983, 170, 255, 123}, {39119, 1048577, 150, 112, 175},
    {71069, 915707, 100, 144, 247}, {44729, 1478963, 140, 48, 73},
    {58211, 801919, 200, 208, 156}, {86243, 1010101, 120, 80, 311},
};

/* The same in 32.32 fixed point. */
static inline uint64_t looped_step(const struct voice *voice)
{
    return (uint64_t)voice->step << 12;
}

/* What the score has to ask for. */
static inline double looped_pitch(const struct voice *voice)
{
    return voice->step / 1048576.0 * OUT_RATE / SAMPLE_RATE;
}

/* The mixer's gains, docs/mixer.md 3.1. */
static inline double looped_gain(const struct voice *voice, int right)
{
    int q = voice->pan <= 127 ? voice->pan : voice->pan - 1;
    return voice->volume / 255.0 * sqrt((right ? q : 254 - q) / 254.0);
}

#endif
