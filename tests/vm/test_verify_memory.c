/* test_verify_memory.c - promise P8: what a program and a group need they say, and take no more. */
#include "files.h"

static void render(const struct bytes *file, float *out)
{
    struct rp_program *p = t_load(file);
    struct rp_group *g = t_group(p, 1, RP_ISA_BEST);
    assert_int_equal(rp_voice_start(g, 0, 3, 4), RP_OK);
    t_run(g, 500, out, NULL);
    free(g);
    free(p);
}

static void test_unknown_sections(void **state)
{
    static float plain[500], more[500];
    static const uint8_t foreign[] = {'X', 'T', 'R', 'A', 5, 0, 0, 0, 1, 2, 3, 4, 5, 0, 0, 0};
    (void)state;
    for (unsigned where = 0; where < 3; where++) {
        struct file f = file_of(fuzz_delays);
        struct bytes before = {f.bytes, f.size, f.size};
        render(&before, plain);
        insert(&f,
               where == 0   ? VM_HEADER_SIZE
               : where == 1 ? section(&f, "CODE") - 8
                            : f.size,
               foreign, sizeof foreign);
        repair(&f);
        struct bytes after = {f.bytes, f.size, f.size};
        render(&after, more);
        assert_memory_equal(plain, more, sizeof plain);
        assert_true(plain[499] != 0.0f);
        free(f.bytes);
    }
}

static void test_program_memory(void **state)
{
    (void)state;
    struct file f = file_of(echo);
    size_t need = rp_program_bytes(f.bytes, f.size);
    struct rp_error error;
    uint8_t *memory = guarded(need + RP_ALIGNMENT);
    assert_true(need > 0);
    assert_null(rp_load(f.bytes, f.size, memory, need - 1, &error));
    assert_int_equal(error.status, RP_MEMORY);
    assert_null(rp_load(f.bytes, f.size, NULL, need, &error));
    assert_int_equal(error.status, RP_MEMORY);
    for (size_t shift = 1; shift < RP_ALIGNMENT; shift++) {
        assert_null(rp_load(f.bytes, f.size, memory + shift, need, &error));
        assert_int_equal(error.status, RP_MEMORY);
    }
    assert_null(rp_load(f.bytes, f.size, memory, 0, NULL));
    memset(memory + need, 0xa5, RP_ALIGNMENT);
    assert_non_null(rp_load(f.bytes, f.size, memory, need, &error));
    assert_guard(memory, need);
    free(memory);
    free(f.bytes);
}

/* The bytes of the file may go once it is loaded. */
static void test_program_stands_alone(void **state)
{
    struct built b = t_build(echo);
    (void)state;
    memset(b.file.data, 0xee, b.file.size);
    assert_string_equal(rp_param_info(b.program, 0)->name, "time");
    assert_int_equal(rp_param_find(b.program, "time"), 0);
    assert_int_equal(rp_param_find(b.program, "tim"), -1);
    assert_int_equal(rp_param_count(b.program), 1);
    assert_null(rp_param_info(b.program, 1));
    assert_int_equal(rp_channels(b.program), 2);
    assert_int_equal(rp_param_info(b.program, 0)->unit, RP_UNIT_SECONDS);
    assert_int_equal(rp_param_info(b.program, 0)->curve, RP_EXPONENTIAL);
    assert_true(rp_param_info(b.program, 0)->def == 0.005f);
    struct rp_group *g = t_group(b.program, 4, RP_ISA_BASE);
    float out[4 * 100];
    rp_voice_start(g, 2, 0, 0);
    t_run(g, 100, out, NULL);
    free(g);
    t_free(&b);
}

static void test_group_memory(void **state)
{
    struct built b = t_build(echo);
    struct rp_error error;
    (void)state;
    for (size_t w = 0; w < COUNT(t_widths); w++) {
        unsigned lanes = t_widths[w];
        size_t need = rp_group_bytes(b.program, lanes);
        uint8_t *memory = guarded(need + RP_ALIGNMENT);
        assert_null(rp_instantiate(b.program, lanes, RP_ISA_BASE, memory, need - 1, &error));
        assert_int_equal(error.status, RP_MEMORY);
        assert_null(rp_instantiate(b.program, lanes, RP_ISA_BASE, memory + 4, need, &error));
        assert_int_equal(error.status, RP_MEMORY);
        assert_null(rp_instantiate(b.program, lanes, RP_ISA_BASE, NULL, need, NULL));
        memset(memory, 0xa5, need + RP_ALIGNMENT); /* whatever was there before */
        struct rp_group *g = rp_instantiate(b.program, lanes, RP_ISA_BASE, memory, need, &error);
        assert_non_null(g);
        uint64_t chance = lanes;
        run_group(g, b.program, lanes, &chance);
        assert_guard(memory, need);
        free(memory);
    }
    for (unsigned lanes = 0; lanes < 40; lanes++)
        if (lanes != 1 && lanes != 4 && lanes != 8 && lanes != 16)
            assert_int_equal(rp_group_bytes(b.program, lanes), 0);
    t_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_unknown_sections),
        cmocka_unit_test(test_program_memory),
        cmocka_unit_test(test_program_stands_alone),
        cmocka_unit_test(test_group_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
