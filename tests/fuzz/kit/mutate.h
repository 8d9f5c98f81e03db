/* mutate.h - of the fuzzers' own mutator: it needs vm/ alone. */
#ifndef TESTS_FUZZ_MUTATE_H
#define TESTS_FUZZ_MUTATE_H

#include <stddef.h>
#include <stdint.h>

/* The same bytecode file or another that is nearly one, in at most `most` bytes; its new size. */
size_t fz_mutate_bytecode(uint8_t *data, size_t size, size_t most, uint64_t chance);

#endif
