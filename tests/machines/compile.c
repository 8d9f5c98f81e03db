/* compile.c - patchc without libraries: compiles patches and the examples of all modules, and
 * prints each program's size and a hash of its bytes. On every machine they must be the same.
 *
 * usage: compile FILE... (S-expressions only: JSON needs jansson) */
#include "compiler/compile.h"
#include "compiler/front.h"
#include "vm/tables.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* FNV-1a, 64 bits. */
static uint64_t hash_of(const unsigned char *bytes, size_t size)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ bytes[i]) * UINT64_C(0x100000001b3);
    return hash;
}

static int tell(const char *name, int status, struct compile_result *result)
{
    if (status) {
        printf("%s: status %d\n", name, status);
        return 1;
    }
    printf("%s %zu %016" PRIx64 "\n", name, result->size, hash_of(result->bytes, result->size));
    free(result->bytes);
    return 0;
}

int main(int argc, char **argv)
{
    struct compile_options options = {0};
    struct compile_result result;
    int failed = 0;
    for (int i = 1; i < argc; i++)
        failed |= tell(argv[i], compile_file(argv[i], &options, stderr, &result), &result);
    for (size_t i = 0; i < vm_module_count; i++) {
        const struct vm_module *m = &vm_modules[i];
        struct source source = {m->name, m->example, strlen(m->example), 0};
        if (source.size > 0)
            failed |= tell(m->name, compile_text(&source, &options, stderr, &result), &result);
    }
    return failed;
}
