#include "render/performance/ending.h"
#include "render/least.h"
#include "render/mixer/command.h"

void ending_init(struct ending *e, bool until_silent, float threshold, uint64_t hold, uint64_t kept,
                 uint64_t tail)
{
    *e = (struct ending){.until_silent = until_silent, .kept = kept, .tail = tail};
    silence_init(&e->silence, threshold, hold, UINT64_MAX);
}

void ending_feed(struct ending *e, const float *samples, unsigned frames, bool sounding,
                 bool commands)
{
    if (sounding && e->fed > e->tail)
        e->alive = e->fed - e->tail;
    bool may_end = e->until_silent && !sounding && !commands;
    e->silence.not_before = may_end ? min64(e->silence.not_before, e->fed) : UINT64_MAX;
    silence_feed(&e->silence, samples, frames, 2);
    e->fed += frames;
}

uint64_t ending_settled(const struct ending *e)
{
    if (!e->until_silent)
        return e->fed;
    return max64(max64(e->silence.end, e->alive), min64(e->kept, e->fed));
}

uint64_t ending_held(const struct ending *e)
{
    return e->until_silent ? max64(e->silence.hold, e->tail) + 2 * MIX_TICK : MIX_TICK;
}

bool ending_over(const struct ending *e)
{
    return e->until_silent && e->silence.over;
}
