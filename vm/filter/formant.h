/* formant.h - one resonance of a vowel. */
#ifndef VM_FILTER_FORMANT_H
#define VM_FILTER_FORMANT_H

#include "vm/kernel.h"

enum { FORMANT_VOWELS = 5 };

/* Between the vowels around v. */
LANE_FN lane formant_between(const struct memory *m, int row, ilane i, lane f)
{
    lane a = table_read(m, i + row * FORMANT_VOWELS);
    lane b = table_read(m, i + (row * FORMANT_VOWELS + 1));
    return a + (b - a) * f;
}

/* in: vowel, held within 0 (a) to 4 (u); shift, held within 1/8 to 8. The table: Hz for each vowel,
 * then the bandwidth in Hz (at least 1), then log2 of the level; straight between vowels.
 *   out: shift Hz, Hz/bandwidth, level */
MEMORY_KERNEL(formant_band)
{
    (void)state;
    lane v = lane_clamp(in[0], 0.0f, 4.0f);
    ilane whole = lane_to_int(v);
    ilane i = whole - (lane_igt(whole, lane_iset(3)) & lane_iset(1));
    lane f = v - lane_from_int(i);
    lane hz = formant_between(memory, 0, i, f);
    out[0] = hz * lane_clamp(in[1], 0.125f, 8.0f);
    out[1] = hz / lane_max(formant_between(memory, 1, i, f), lane_set(1.0f));
    out[2] = lane_exp2(formant_between(memory, 2, i, f));
}

#endif
