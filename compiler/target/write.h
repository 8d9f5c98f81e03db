/* write.h - what the two graph writers share: private to target/. */
#ifndef COMPILER_TARGET_WRITE_H
#define COMPILER_TARGET_WRITE_H

#include "compiler/graph.h"
#include "text/number.h"

/* How many of the input's terms stand at the node; the rest are connections, which a reader adds
 * after them in order. */
unsigned write_inline_terms(const struct input *);
/* A constant as it was written when that reads as the same value at this port, else shortest. */
const char *write_constant(char text[NUMBER_TEXT], const struct vm_in *, const struct term *);
/* "osc1", or "pan1.left" when it is not the first output; a param's name. NULL: no memory. */
const char *write_reference(struct arena *, const struct graph *, const struct term *);

extern const char *const write_units[]; /* of params, by enum rp_unit */

#endif
