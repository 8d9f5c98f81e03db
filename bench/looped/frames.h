/* frames.h - what the tables of Faust's program are filled from: the frames of sample `voice`, the
 * first once more after the last. Full scale is 1. */
#ifndef LOOPED_FRAMES_H
#define LOOPED_FRAMES_H

extern float *looped_frames[];

static inline float looped_frame(int voice, int index)
{
    return looped_frames[voice][index];
}

#endif
