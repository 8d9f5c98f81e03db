/* unpack.h - from the lanes of a group to the samples of files. */
#ifndef RENDER_UNPACK_H
#define RENDER_UNPACK_H

#include "vm/repatch.h"
#include <stddef.h>
#include <stdint.h>

/* Frames a call may have. */
enum { UNPACK_MOST = 256 };

/* Whether unpack_16 has something better than one sample after another for this many lanes. */
int unpack_is_quick(unsigned lanes);
/* to[lane * UNPACK_MOST * channels + frame * channels + channel] becomes what pcm_convert makes of
 * planes[channel][frame * lanes + lane] in 16 bits. The
 * ISA is for tests. */
void unpack_16(const float *const planes[], unsigned channels, unsigned lanes, size_t frames,
               enum rp_isa, int16_t *to);
/* loud[lane] becomes the number of the frame after the last in which a channel is not below
 * threshold[lane], or 0. Of 4, 8 or 16 lanes. */
void unpack_loud(const float *const planes[], unsigned channels, unsigned lanes, size_t frames,
                 const float *threshold, uint32_t *loud);

#endif
