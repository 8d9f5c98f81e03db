/* test_timeline.c - commands in order, in memory and through the temporary file. */
#include "render/score/timeline.h"
#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

static uint64_t random_state;

static uint64_t random_bits(void)
{
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return random_state >> 33;
}

static struct mix_command command(uint64_t frame, uint64_t order)
{
    /* fields at both ends of the struct tell whether all of it came back */
    return (struct mix_command){.frame = frame,
                                .order = order,
                                .target = frame ^ order,
                                .verb = MIX_SET_PAN,
                                .number = (float)order,
                                .rate = -(int64_t)order,
                                .loop = (uint8_t)(order & 0xff)};
}

static struct timeline *make(size_t run)
{
    struct render_error error;
    struct timeline *t = timeline_new(run, &error);
    assert_non_null(t);
    return t;
}

static void add(struct timeline *t, uint64_t frame, uint64_t order)
{
    struct render_error error;
    struct mix_command c = command(frame, order);
    assert_int_equal(timeline_add(t, &c, &error), RENDER_OK);
}

static void seal(struct timeline *t)
{
    struct render_error error;
    assert_int_equal(timeline_seal(t, &error), RENDER_OK);
}

static const struct mix_command *until(struct timeline *t, uint64_t end, size_t *count)
{
    struct render_error error;
    const struct mix_command *list;
    assert_int_equal(timeline_until(t, end, &list, count, &error), RENDER_OK);
    return list;
}

static void assert_is(const struct mix_command *c, uint64_t frame, uint64_t order)
{
    struct mix_command wanted = command(frame, order);
    assert_memory_equal(c, &wanted, sizeof wanted);
}

/* Reads all in pieces of `step` frames; every command once, in order. Returns how many. */
static uint64_t read_all(struct timeline *t, uint64_t step)
{
    uint64_t all = 0, end = 0, frame = 0, order = 0, last = timeline_last(t);
    while (end <= last) {
        size_t count;
        end += step;
        const struct mix_command *list = until(t, end, &count);
        for (size_t i = 0; i < count; i++) {
            assert_true(list[i].frame < end && list[i].frame >= end - step);
            assert_true(all + i == 0 || list[i].frame > frame ||
                        (list[i].frame == frame && list[i].order > order));
            frame = list[i].frame, order = list[i].order;
            assert_is(&list[i], frame, order);
        }
        all += count;
    }
    size_t rest;
    until(t, UINT64_MAX, &rest);
    assert_int_equal(rest, 0);
    return all;
}

static void nothing_at_all(void **state)
{
    (void)state;
    struct timeline *t = make(0);
    size_t count;
    seal(t);
    until(t, UINT64_MAX, &count);
    assert_int_equal(count, 0);
    assert_int_equal(timeline_last(t), 0);
    timeline_free(t);
    timeline_free(NULL);
}

static void order_decides_at_equal_frames(void **state)
{
    (void)state;
    static const uint64_t frames[] = {800, 0, 800, 5, 0, 799};
    static const uint64_t wanted[] = {1, 4, 3, 5, 0, 2};
    for (size_t run = 0; run <= 7; run++) {
        struct timeline *t = make(run);
        size_t count, more;
        for (uint64_t i = 0; i < 6; i++)
            add(t, frames[i], i);
        assert_int_equal(timeline_last(t), 800);
        seal(t);
        const struct mix_command *list = until(t, 800, &count);
        assert_int_equal(count, 4);
        for (size_t i = 0; i < count; i++)
            assert_is(&list[i], frames[wanted[i]], wanted[i]);
        list = until(t, 801, &more);
        assert_int_equal(more, 2);
        assert_is(&list[0], 800, 0);
        assert_is(&list[1], 800, 2);
        timeline_free(t);
    }
}

/* A run of one command collapses twice: 70,000 is above 256 * 256. */
static void any_run_length_gives_one_order(void **state)
{
    (void)state;
    static const size_t runs[] = {1, 2, 3, 17, 255, 256, 1000, 69999, 70000, 0};
    static const uint64_t steps[] = {800, 1, 12345, UINT64_C(1) << 40};
    for (size_t r = 0; r < sizeof runs / sizeof *runs; r++) {
        struct timeline *t = make(runs[r]);
        random_state = 7;
        for (uint64_t i = 0; i < 70000; i++)
            add(t, random_bits() % 20000, i);
        seal(t);
        for (size_t s = 0; s < 4; s++) {
            struct render_error error;
            assert_int_equal(read_all(t, steps[s]), 70000);
            assert_int_equal(timeline_rewind(t, &error), RENDER_OK);
        }
        timeline_free(t);
    }
}

/* What nearly sorted and backward scores are: each in its own way hard for some sort. */
static void patterns_are_sorted(void **state)
{
    (void)state;
    for (int pattern = 0; pattern < 5; pattern++) {
        for (uint64_t n = 1; n <= 2000; n = n * 3 + 1) {
            struct timeline *t = make(pattern == 4 ? 7 : 0);
            for (uint64_t i = 0; i < n; i++) {
                uint64_t frames[] = {i, n - i, i % 7, i ^ 1, (i * 37) % n};
                add(t, frames[pattern], i);
            }
            seal(t);
            assert_int_equal(read_all(t, 13), n);
            timeline_free(t);
        }
    }
}

static size_t open_files(void)
{
    DIR *folder = opendir("/proc/self/fd");
    size_t count = 0;
    while (folder && readdir(folder))
        count++;
    if (folder)
        closedir(folder);
    return count;
}

/* A child that someone starts must not keep the file. */
static void files_are_closed_for_children(void **state)
{
    (void)state;
    int first = dup(0);
    close(first);
    struct timeline *t = make(1);
    add(t, 0, 0);
    add(t, 1, 1);
    assert_int_equal(fcntl(first, F_GETFD), FD_CLOEXEC);
    timeline_free(t);
}

static void small_scores_make_no_file_and_large_ones_leave_none(void **state)
{
    (void)state;
    char folder[] = "/tmp/timeline-XXXXXX";
    assert_non_null(mkdtemp(folder));
    setenv("TMPDIR", folder, 1);
    size_t files = open_files();
    struct timeline *t = make(100);
    for (uint64_t i = 0; i < 100; i++)
        add(t, i, i);
    assert_int_equal(open_files(), files);
    add(t, 100, 100);
    if (files)
        assert_int_equal(open_files(), files + 1);
    assert_int_equal(rmdir(folder), 0); /* the file has no name, so the folder is empty */
    seal(t);
    assert_int_equal(read_all(t, 7), 101);
    timeline_free(t);
    assert_int_equal(open_files(), files);
    unsetenv("TMPDIR");
}

static void trouble_is_said(void **state)
{
    (void)state;
    setenv("TMPDIR", "/nowhere/at/all", 1);
    struct timeline *t = make(1);
    struct render_error error = {.status = RENDER_OK};
    struct mix_command c = command(1, 1);
    add(t, 0, 0);
    assert_int_equal(timeline_add(t, &c, &error), RENDER_TROUBLE);
    assert_string_equal(error.text, "cannot make a temporary file in '/nowhere/at/all': "
                                    "No such file or directory");
    assert_non_null(strstr(error.help, "TMPDIR"));
    timeline_free(t);
    unsetenv("TMPDIR");
}

/* Files are limited to 1 MiB by the system: the write that goes beyond fails. */
static void a_full_disk_is_said(void **state)
{
    (void)state;
    struct rlimit old;
    struct timeline *t = make(1000);
    struct render_error error = {.status = RENDER_OK};
    getrlimit(RLIMIT_FSIZE, &old);
    struct rlimit little = {1 << 20, old.rlim_max};
    setrlimit(RLIMIT_FSIZE, &little);
    for (uint64_t i = 0; i < 100000 && !error.status; i++) {
        struct mix_command c = command(i, i);
        timeline_add(t, &c, &error);
    }
    setrlimit(RLIMIT_FSIZE, &old);
    assert_int_equal(error.status, RENDER_TROUBLE);
    assert_string_equal(error.text, "cannot write a temporary file: File too large");
    timeline_free(t);
}

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static double time_of(uint64_t count, int sorted)
{
    struct timeline *t = make(SIZE_MAX); /* no file: the sort alone */
    random_state = 1;
    double start = seconds();
    for (uint64_t i = 0; i < count; i++)
        add(t, sorted ? i : random_bits(), i);
    double added = seconds();
    seal(t);
    double end = seconds();
    timeline_free(t);
    return sorted ? end - added : end - start;
}

static void what_is_in_order_is_not_sorted_again(void **state)
{
    (void)state;
    assert_true(time_of(300000, 1) < time_of(300000, 0) / 20);
}

/* 10^7 with TIMELINE_LONG set, else a tenth: memory stays that of a run and its buffers. */
static void long_scores_need_little_memory(void **state)
{
    (void)state;
    const uint64_t all = getenv("TIMELINE_LONG") ? 10000000 : 1000000;
    struct rusage before, after;
    getrusage(RUSAGE_SELF, &before);
    struct timeline *t = make(0);
    random_state = 3;
    for (uint64_t i = 0; i < all; i++)
        add(t, random_bits(), i);
    seal(t);
    assert_int_equal(read_all(t, UINT64_C(1) << 20), all);
    getrusage(RUSAGE_SELF, &after);
    assert_true(after.ru_maxrss - before.ru_maxrss < 60 * 1024); /* KiB; a tenth is 92 MiB */
    timeline_free(t);
}

int main(void)
{
    signal(SIGXFSZ, SIG_IGN);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(long_scores_need_little_memory), /* first: the peak is the process's */
        cmocka_unit_test(nothing_at_all),
        cmocka_unit_test(order_decides_at_equal_frames),
        cmocka_unit_test(any_run_length_gives_one_order),
        cmocka_unit_test(patterns_are_sorted),
        cmocka_unit_test(small_scores_make_no_file_and_large_ones_leave_none),
        cmocka_unit_test(files_are_closed_for_children),
        cmocka_unit_test(trouble_is_said),
        cmocka_unit_test(a_full_disk_is_said),
        cmocka_unit_test(what_is_in_order_is_not_sorted_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
