/* kernels.h - noise and chance: hashes of counters. */
#ifndef VM_NOISE_KERNELS_H
#define VM_NOISE_KERNELS_H

#include "vm/kernel.h"

struct noise_state {
    ulane key0;
    ulane key1;
    ulane counter; /* frames */
};

/* A bijection of 32 bits in which each bit of x moves each bit of the result with a chance close to
 * 1/2 (Wellons, "Prospecting for hash functions", 2018: lowbias32), without its last shift. */
LANE_FN ulane noise_mix(ulane x)
{
    x = (x ^ (x >> 16)) * 0x7feb352du;
    return (x ^ (x >> 15)) * 0x846ca68bu;
}

/* a := mix(n + key0);  b := mix((a + key0) ^ key1);
 * out := the top 24 bits of b ^ b/2^16, signed, in
 * [-1, 1);  n := n + 1.  Two mixes, as one would leave keys that differ in key0 alone with the same
 * stream shifted. */
KERNEL(noise_white)
{
    struct noise_state *s = state;
    ulane a = noise_mix(s->counter + s->key0);
    ulane b = noise_mix((a + s->key0) ^ s->key1);
    (void)in;
    out[0] = lane_from_int(lane_as_int(b ^ (b >> 16)) >> 8) * (1.0f / 8388608.0f);
    s->counter += 1u;
}

#endif
