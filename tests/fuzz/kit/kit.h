/* kit.h - what the fuzz targets share. A target is LLVMFuzzerTestOneInput; it ends the process when
 * a promise is broken, and so do the sanitizers it is built with. */
#ifndef TESTS_FUZZ_KIT_H
#define TESTS_FUZZ_KIT_H

#include "compiler/compile.h"
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Says what is broken and ends the process. */
_Noreturn void fz_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
#define FZ_CHECK(condition)                                                                        \
    do {                                                                                           \
        if (!(condition))                                                                          \
            fz_fail("%s:%d: %s", __FILE__, __LINE__, #condition);                                  \
    } while (0)

/* Where texts nobody reads go. */
FILE *fz_nowhere(void);
/* A stream over the bytes, which must stay; the caller closes it. */
FILE *fz_stream(const uint8_t *data, size_t size);
/* A NUL-terminated copy that ends where its memory does; the caller frees. */
struct source fz_source(const char *name, const uint8_t *data, size_t size);
/* A folder of its own, made at the first call and removed at exit, with a patch and samples. */
const char *fz_folder(void);

/* Numbers by chance. */
uint32_t fz_random(uint64_t *chance);
uint32_t fz_below(uint64_t *chance, uint32_t limit);

/* ---- memory ---- */

/* `size` aligned bytes between guards that nobody may touch; under AddressSanitizer nobody can. */
void *fz_take(size_t size);
/* Also looks whether the guards are as they were. */
void fz_give(void *memory, size_t size);

/* ---- patches ---- */

/* A patch's text, of either form: refused with a reason, or a program that plays; its other forms
 * are texts of the same program. */
void fz_patch(const uint8_t *data, size_t size);

/* ---- programs ---- */

/* Loads bytecode and plays it for a bounded time in declared memory: at two widths and by
 * instruction with operations counted, the same bits; from a snapshot the same again. What is
 * refused has a reason. `chance` says what happens to it. */
void fz_play(const uint8_t *data, size_t size, uint64_t chance);

/* ---- scores ---- */

struct score;
struct fz_score;
/* Reads a score; patches it names are one that fz_folder holds. */
struct fz_score *fz_score_open(const uint8_t *data, size_t size, const char *name, int map_only);
struct score *fz_score_of(struct fz_score *);
int fz_score_status(const struct fz_score *);
/* Its commands come in order; the first ticks are mixed. */
void fz_score_play(struct fz_score *);
void fz_score_close(struct fz_score *);

#endif
