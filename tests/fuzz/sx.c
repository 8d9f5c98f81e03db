/* sx.c - the reader of S-expressions, and all the compiler behind it. */
#include "tests/fuzz/kit/kit.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fz_patch(data, size);
    return 0;
}
