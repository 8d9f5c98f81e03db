#include "render/silence.h"
#include "render/least.h"

void silence_init(struct silence *s, float threshold, uint64_t hold, uint64_t not_before)
{
    *s = (struct silence){.threshold = threshold, .hold = hold, .not_before = not_before};
}

/* The frame after the last loud one among begin..end, or begin when none is. */
static size_t after_loud(const float *samples, size_t begin, size_t end, unsigned channels,
                         float threshold)
{
    size_t low = begin * channels, at = end * channels;
    while (at > low) {
        float x = samples[--at];
        if (!(x < threshold && x > -threshold))
            return at / channels + 1;
    }
    return begin;
}

/* Goes from deadline to deadline, each the first frame at which the sound could be over; a loud
 * frame on the way, sought from the far end, moves the deadline. */
void silence_feed(struct silence *s, const float *samples, size_t frames, unsigned channels)
{
    size_t at = 0;
    while (!s->over && at < frames) {
        uint64_t left = max64(s->end + s->hold, s->not_before) - s->fed;
        size_t stop = left < frames - at ? at + (size_t)left : frames;
        size_t loud = after_loud(samples, at, stop, channels, s->threshold);
        if (loud > at)
            s->end = s->fed + (loud - at);
        s->fed += stop - at;
        at = stop;
        s->over = s->fed >= max64(s->end + s->hold, s->not_before);
    }
}

bool silence_is_open(const struct silence *s, uint64_t frames)
{
    return !s->over && s->fed + frames < max64(s->end + s->hold, s->not_before);
}

void silence_note(struct silence *s, uint64_t frames, uint64_t loud)
{
    if (loud > 0)
        s->end = s->fed + loud;
    s->fed += frames;
}
