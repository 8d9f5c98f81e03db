/* patchc_output.h - a whole output at once: to standard output, or to a file that is either
 * written completely or not touched. */
#ifndef PATCHC_OUTPUT_H
#define PATCHC_OUTPUT_H

#include <stddef.h>

/* path NULL, "-" or "/dev/stdout": standard output. A regular file is written under a temporary
 * name beside it and renamed; a pipe or device is written through. 0, or 2 with the reason
 * printed. */
int output_is_stdout(const char *path);
/* Do both paths name one existing file? */
int output_same_file(const char *a, const char *b);
int output_write(const char *path, const void *data, size_t size);

#endif
