/* assemble.c - listings. What is assembled is played; its listing is of the same bytes. */
#include "compiler/assemble.h"
#include "tests/fuzz/kit/kit.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    struct diags diags;
    struct source source = fz_source("fuzz.text", data, size);
    arena_init(&arena);
    diags_init(&diags, &arena);
    struct bytes bytes = assemble(&arena, &diags, &source);
    FZ_CHECK(!arena.failed);
    FZ_CHECK((bytes.data == NULL) == (diags.count > 0));
    diags_print(&diags, fz_nowhere());
    if (bytes.data)
        fz_play(bytes.data, bytes.size, size);
    arena_free(&arena);
    free((void *)(uintptr_t)source.text);
    return 0;
}
