/* bytecode.c - the loader, and a bounded run. Half of what it is given is made by a mutator that
 * knows the format: the checksum is right, sections are where they should be. */
#include "tests/fuzz/kit/kit.h"
#include "tests/fuzz/kit/mutate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint64_t chance = size;
    for (size_t i = 0; i < size; i++)
        chance = chance * 31 + data[i];
    fz_play(data, size, chance);
    return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned seed);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned seed)
{
    return fz_mutate_bytecode(data, size, most, seed);
}
