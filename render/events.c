#include "render/events.h"

/* Insertion: a command line holds few, and it keeps equals in order. */
void events_sort(struct events *events)
{
    for (size_t i = 1; i < events->count; i++) {
        struct event moved = events->list[i];
        size_t at = i;
        for (; at > 0 && events->list[at - 1].frame > moved.frame; at--)
            events->list[at] = events->list[at - 1];
        events->list[at] = moved;
    }
}

uint64_t events_last(const struct events *events)
{
    return events->count > 0 ? events->list[events->count - 1].frame : 0;
}

static void apply(const struct event *event, struct rp_group *group, unsigned lane)
{
    if (event->glide > 0)
        rp_param_glide(group, lane, event->param, event->value, event->glide);
    else
        rp_param_set(group, lane, event->param, event->value);
}

size_t events_apply(const struct events *events, size_t next, uint64_t frame,
                    struct rp_group *group, unsigned lane)
{
    for (; next < events->count && events->list[next].frame <= frame; next++)
        apply(&events->list[next], group, lane);
    return next;
}
