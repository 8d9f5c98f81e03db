/* ratio.h - exact fractions of 64-bit integers. What does not fit is refused, never rounded.
 *
 * Private to render/score/. */
#ifndef RENDER_SCORE_RATIO_H
#define RENDER_SCORE_RATIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ratio {
    int64_t num, den; /* den > 0; without a common divisor */
};

static inline struct ratio ratio_whole(int64_t n)
{
    return (struct ratio){n, 1};
}

/* False when the result does not fit, or den is 0. */
bool ratio_make(int64_t num, int64_t den, struct ratio *result);
bool ratio_add(struct ratio, struct ratio, struct ratio *sum);
bool ratio_subtract(struct ratio, struct ratio, struct ratio *difference);
bool ratio_multiply(struct ratio, struct ratio, struct ratio *product);
bool ratio_divide(struct ratio, struct ratio, struct ratio *quotient);
int ratio_compare(struct ratio, struct ratio); /* below, at or above 0 */
int64_t ratio_floor(struct ratio);
double ratio_double(struct ratio);

/* Reads [+-] digits [. digits] [e [+-] digits] [/ digits] from the start of a text, every digit
 * counted. Returns the characters read; 0: no number stands there. *fits is false when it is too
 * large or too fine. */
size_t ratio_read(const char *text, size_t length, struct ratio *value, bool *fits);

#endif
