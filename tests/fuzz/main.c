/* main.c - a fuzz target as a program: each file named is one input, standard input if there is
 * none. For AFL++ it goes on with inputs in memory. */
#include "tests/fuzz/kit/kit.h"
#include <stdlib.h>
#include <string.h>

#ifdef __AFL_FUZZ_TESTCASE_LEN
#pragma clang diagnostic ignored "-Weverything" /* its macros are not of our kind */
#include <unistd.h>
__AFL_FUZZ_INIT();
#endif

static void run_stream(FILE *file)
{
    uint8_t *data = NULL;
    size_t size = 0, room = 0;
    do {
        room = room ? 2 * room : 4096;
        data = realloc(data, room);
        FZ_CHECK(data);
        size += fread(data + size, 1, room - size, file);
    } while (size == room);
    uint8_t *exact = malloc(size ? size : 1); /* reading past its end is then found */
    FZ_CHECK(exact);
    memcpy(exact, data, size);
    free(data);
    LLVMFuzzerTestOneInput(exact, size);
    free(exact);
}

int main(int argc, char **argv)
{
#ifdef __AFL_FUZZ_TESTCASE_LEN
    __AFL_INIT();
    unsigned char *input = __AFL_FUZZ_TESTCASE_BUF;
    if (argc == 1)
        while (__AFL_LOOP(1000))
            LLVMFuzzerTestOneInput(input, (size_t)__AFL_FUZZ_TESTCASE_LEN);
#else
    if (argc == 1)
        run_stream(stdin);
#endif
    for (int i = 1; i < argc; i++) {
        FILE *file = fopen(argv[i], "rb");
        if (!file)
            fz_fail("%s: cannot open", argv[i]);
        setenv("FUZZ_INPUT", argv[i], 1);
        run_stream(file);
        fclose(file);
    }
    return 0;
}
