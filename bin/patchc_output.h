/* patchc_output.h - a whole output at once: to standard output, or to a file that is either
 * written completely or not touched. */
#ifndef PATCHC_OUTPUT_H
#define PATCHC_OUTPUT_H

#include <stddef.h>

/* path NULL or "-": standard output. A regular file is written under a temporary name beside it
 * and renamed. 0, or 2 with the reason printed. */
int output_write(const char *path, const void *data, size_t size);

#endif
