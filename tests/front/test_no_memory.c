/* test_no_memory.c - a compilation whose memory ends at any point is not done and says so, and one
 * whose does not is done: every module's example, and patches with something in them, there and
 * back as text. */
#include "compiler/assemble.h"
#include "compiler/compile.h"
#include "compiler/format.h"
#include "compiler/target/write.h"
#include "render/sound_file.h"
#include "vm/tables.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* What comes of one compilation: the program, from a listing of it. */
static struct bytes there_and_back(struct compile_job *job)
{
    struct bytes none = {0};
    struct rp_error error;
    struct graph *graph = compile_graph(job);
    struct bytes bytes = graph ? compile_graph_to_bytes(job, graph, true) : none;
    struct bytes text = bytes.data ? disassemble(&job->arena, &bytes, 1, &error) : none;
    struct source listing = {"listing", (const char *)text.data, text.size, 0};
    if (text.data)
        listing.size = strlen(listing.text);
    return text.data ? assemble(&job->arena, &job->diags, &listing) : none;
}

/* fail_after -1: no allocation fails. The program is the caller's to free. */
static struct bytes compiled(const char *text, long fail_after, int *failed)
{
    struct compile_job job;
    struct source source = {"tests/front/test.sx", text, strlen(text), 0};
    compile_init(&job);
    job.source = &source;
    job.sounds = (struct sound_loader){sound_load, NULL};
    job.arena.fail_after = fail_after;
    struct bytes bytes = there_and_back(&job), copy = {0};
    *failed = job.arena.failed;
    if (bytes.data && !job.arena.failed) {
        copy = (struct bytes){malloc(bytes.size), bytes.size, bytes.size};
        assert_non_null(copy.data);
        memcpy(copy.data, bytes.data, bytes.size);
    }
    compile_free(&job);
    return copy;
}

/* Allocations a compilation makes. */
static long allocations(const char *text)
{
    long low = 0, high = 1;
    int failed = 1;
    for (; failed; low = high, high *= 2)
        free(compiled(text, high, &failed).data);
    high = low;
    low /= 2;
    while (low + 1 < high) {
        long middle = (low + high) / 2;
        free(compiled(text, middle, &failed).data);
        *(failed ? &low : &high) = middle;
    }
    return high;
}

/* Whether it is a program when no allocation fails. */
static int fails_anywhere(const char *text, long step, long first)
{
    int failed;
    long count = allocations(text);
    struct bytes wanted = compiled(text, -1, &failed);
    assert_true(!failed && count > 20);
    for (long n = first % step; n < count; n += step) {
        assert_null(compiled(text, n, &failed).data);
        assert_true(failed);
    }
    struct bytes last = compiled(text, count, &failed);
    assert_true(!failed && last.size == wanted.size);
    if (wanted.data)
        assert_memory_equal(last.data, wanted.data, wanted.size);
    free(last.data);
    free(wanted.data);
    return wanted.data != NULL;
}

static const char *const hairy[] = {
#define PATCH(text) (text),
#include "tests/front/patches.def"
#undef PATCH
};

static void test_patches(void **state)
{
    int done = 0;
    (void)state;
    for (size_t i = 0; i < sizeof hairy / sizeof *hairy; i++)
        done += fails_anywhere(hairy[i], 1, 0);
    assert_true(done > 8); /* the others are no programs */
}

/* Of the examples each has others of its allocations fail, which between them are all. */
static void test_examples(void **state)
{
    (void)state;
    for (size_t i = 0; i < vm_module_count; i++)
        assert_int_equal(fails_anywhere(vm_modules[i].example, 23, (long)i), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_patches),
        cmocka_unit_test(test_examples),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
