/* test_compile_host.c - a host that has set its float unit in a way of its own compiles the same
 * bytes, and finds its unit as it was. The machine and the mixer are held to that by the
 * conformance kit.
 *
 * Run from the repository's root. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "compiler/compile.h"
#include "vm/float_unit.h"
#include <fenv.h>
#include <glob.h>
#include <stdlib.h>

static struct compile_result compiled(const char *path)
{
    struct compile_options options = {.debug_lines = false};
    struct compile_result result = {0};
    assert_int_equal(compile_file(path, &options, stderr, &result), 0);
    return result;
}

static void same_in(const char *path, const struct compile_result *wanted, int rounding)
{
    assert_int_equal(fesetround(rounding), 0);
    uint32_t unit = vm_float_get() & (uint32_t)VM_FLOAT_MODES;
    struct compile_result got = compiled(path);
    int rounding_after = fegetround();
    uint32_t unit_after = vm_float_get() & (uint32_t)VM_FLOAT_MODES;
    fesetround(FE_TONEAREST);
    assert_int_equal(rounding_after, rounding);
    assert_int_equal(unit_after, unit);
    assert_int_equal(got.size, wanted->size);
    assert_memory_equal(got.bytes, wanted->bytes, wanted->size);
    free(got.bytes);
}

static void test_rounding(void **state)
{
    static const int ways[] = {
#ifdef FE_UPWARD
        FE_UPWARD,
#endif
#ifdef FE_DOWNWARD
        FE_DOWNWARD,
#endif
#ifdef FE_TOWARDZERO
        FE_TOWARDZERO,
#endif
        FE_TONEAREST,
    };
    (void)state;
    glob_t found;
    assert_int_equal(glob("fixtures/*.sx", 0, NULL, &found), 0);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        struct compile_result wanted = compiled(found.gl_pathv[i]);
        for (size_t k = 0; k < sizeof ways / sizeof *ways; k++)
            same_in(found.gl_pathv[i], &wanted, ways[k]);
        free(wanted.bytes);
    }
    globfree(&found);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_rounding)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
