/* events.h - parameter changes in frame order. */
#ifndef RENDER_EVENTS_H
#define RENDER_EVENTS_H

#include "vm/repatch.h"

struct event {
    uint64_t frame; /* acts on this frame */
    unsigned param;
    float value;    /* in the parameter's unit */
    uint32_t glide; /* frames to reach it; 0: at once */
};

struct events {
    struct event *list; /* the caller's */
    size_t count;
};

/* By frame; events of one frame keep their order. */
void events_sort(struct events *);
/* The frame of the last event; 0 when there is none. */
uint64_t events_last(const struct events *);
/* Applies the events of `frame` to a lane and returns the number of the next event, from
 * `next` on, which is the first not yet applied. */
size_t events_apply(const struct events *, size_t next, uint64_t frame, struct rp_group *,
                    unsigned lane);

#endif
