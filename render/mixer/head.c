/* head.c - docs/mixer.md, 3.2, many frames at once. Positions reach up to 2^63: what is added to
 * one is added without a sign. */
#include "render/mixer/state.h"

static int64_t fixed(uint32_t frames)
{
    return (int64_t)frames << 32;
}

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

int64_t mix_step(int64_t rate, uint32_t sample_rate)
{
    int64_t step = floor_div(rate * (int64_t)sample_rate + 24000, 48000);
    if (step != 0)
        return step;
    return rate > 0 ? 1 : -1;
}

/* `past` frames, as 32.32, after loop_end. */
static int64_t wrapped_forward(const struct mix_head *h, uint64_t past)
{
    uint64_t length = (uint64_t)fixed(h->loop_end - h->loop_start);
    return fixed(h->loop_start) + (int64_t)(past % length);
}

/* `before` > 0, as 32.32, before loop_start. */
static int64_t wrapped_backward(const struct mix_head *h, uint64_t before)
{
    uint64_t length = (uint64_t)fixed(h->loop_end - h->loop_start);
    return fixed(h->loop_end) - 1 - (int64_t)((before - 1) % length);
}

void mix_head_advance(struct mix_head *h, uint32_t frames)
{
    uint64_t way = (uint64_t)(h->step > 0 ? h->step : -h->step) * frames;
    if (h->step > 0) {
        uint64_t pos = (uint64_t)h->pos + way, end = (uint64_t)fixed(h->loop_end);
        h->pos = h->loop && pos >= end ? wrapped_forward(h, pos - end) : (int64_t)pos;
    } else {
        int64_t pos = h->pos - (int64_t)way, start = fixed(h->loop_start);
        h->pos = h->loop && pos < start ? wrapped_backward(h, (uint64_t)(start - pos)) : pos;
    }
}

uint64_t mix_head_left(const struct mix_head *h, uint32_t length)
{
    if (h->loop)
        return MIX_NEVER;
    if (h->step < 0)
        return (uint64_t)h->pos / (uint64_t)-h->step + 1;
    uint64_t way = (uint64_t)(fixed(length) - h->pos), step = (uint64_t)h->step;
    return way / step + (way % step != 0);
}

/* Loops are whole frames long: the fraction goes on as if there were none. */
bool mix_head_fraction(const struct mix_head *h, uint32_t frames)
{
    return frames > 0 && ((uint32_t)h->pos != 0 || (frames > 1 && (uint32_t)h->step != 0));
}

enum { CLOSE_LOOP = 64 }; /* frames: a shorter loop wraps too often */

bool mix_head_is_close(const struct mix_head *h)
{
    return h->step > 0 && h->step <= INT64_C(2) << 32 &&
           (!h->loop || h->loop_end - h->loop_start >= CLOSE_LOOP);
}

/* Without a loop all are: a span ends with its sample, which silence follows. */
uint32_t mix_head_straight(const struct mix_head *h, uint32_t n)
{
    if (!h->loop)
        return n;
    int64_t limit = ((int64_t)h->loop_end - 1) << 32;
    if (h->pos >= limit)
        return 0;
    uint64_t frames = ((uint64_t)(limit - h->pos) + (uint64_t)h->step - 1) / (uint64_t)h->step;
    return frames < n ? (uint32_t)frames : n;
}
