/* test_arguments.c - what is no lane, no parameter, no memory is refused and leaves the group as it
 * was; errors need not be asked for. */
#include "listing.h"

static const char tone[] = ".param \"x\" none linear -1 1 0.5 0\n.node \"clock\"\n"
                           "LOAD_CONST r1, 440\nCALL_OP osc_sine, r1 -> r2\n"
                           ".node \"out\"\nLOAD_PARAM r3, \"x\"\nCALL_OP mul, r2, r3 -> r4\n"
                           "WRITE_OUTPUT r4\n";

enum { FRAMES = 100 };

/* Too small by a byte, or not aligned, or none. With an error and without one. */
static void test_memory(void **state)
{
    struct built b = t_build(tone);
    struct rp_error error;
    size_t load = rp_program_bytes(b.file.data, b.file.size);
    size_t group = rp_group_bytes(b.program, 4), level = rp_level_bytes(b.program);
    unsigned char *memory = t_memory(load + group + level + RP_ALIGNMENT);
    struct rp_level levels[2];
    (void)state;
    for (int told = 0; told < 2; told++) {
        struct rp_error *e = told ? &error : NULL;
        assert_null(rp_load(b.file.data, b.file.size, NULL, load, e));
        assert_null(rp_load(b.file.data, b.file.size, memory, load - 1, e));
        assert_null(rp_load(b.file.data, b.file.size, memory + 1, load, e));
        assert_true(!told || error.status == RP_MEMORY);
        assert_non_null(rp_load(b.file.data, b.file.size, memory, load, e));
        assert_null(rp_instantiate(b.program, 4, RP_ISA_BEST, NULL, group, e));
        assert_null(rp_instantiate(b.program, 4, RP_ISA_BEST, memory, group - 1, e));
        assert_null(rp_instantiate(b.program, 4, RP_ISA_BEST, memory + 4, group, e));
        assert_true(!told || error.status == RP_MEMORY);
        assert_null(rp_instantiate(b.program, 5, RP_ISA_BEST, memory, group, e));
        assert_true(!told || error.status == RP_ARGUMENT);
        assert_non_null(rp_instantiate(b.program, 4, RP_ISA_BEST, memory, group, e));
    }
    assert_int_equal(rp_level(b.program, NULL, level, levels), RP_MEMORY);
    assert_int_equal(rp_level(b.program, memory, level - 1, levels), RP_MEMORY);
    assert_int_equal(rp_level(b.program, memory + 8, level, levels), RP_MEMORY);
    assert_int_equal(rp_level(b.program, memory, level, levels), RP_OK);
    assert_int_equal(rp_group_bytes(b.program, 2), 0);
    assert_int_equal(rp_program_bytes(b.file.data, b.file.size - 1), 0);
    free(memory);
    t_free(&b);
}

static void look(void *context, const struct rp_tap_values *values)
{
    (void)values;
    ++*(unsigned *)context;
}

/* All that can be done wrong to a group of four. */
static void misuse(struct rp_group *g, const struct rp_program *p)
{
    static float out[4 * FRAMES];
    unsigned looks = 0;
    struct rp_error error;
    const struct rp_tap tap = {4, look, &looks};
    float *const outs[] = {out};
    size_t size = rp_snapshot_bytes(p);
    unsigned char *bytes = malloc(size);
    assert_non_null(bytes);
    assert_int_equal(rp_voice_start(g, 4, 0, 0), RP_ARGUMENT);
    assert_int_equal(rp_voice_stop(g, 4), RP_ARGUMENT);
    assert_int_equal(rp_param_set(g, 4, 0, 1.0f), RP_ARGUMENT);
    assert_int_equal(rp_param_set(g, 0, 1, 1.0f), RP_ARGUMENT);
    assert_int_equal(rp_param_glide(g, 4, 0, 1.0f, 10), RP_ARGUMENT);
    assert_int_equal(rp_param_glide(g, 0, 1, 1.0f, 10), RP_ARGUMENT);
    assert_int_equal(rp_process_tapped(g, FRAMES, NULL, outs, &tap, &error), RP_ARGUMENT);
    assert_int_equal(rp_process_tapped(g, FRAMES, NULL, outs, &tap, NULL), RP_ARGUMENT);
    assert_int_equal(looks, 0);
    assert_int_equal(rp_snapshot(g, 4, bytes, size), RP_ARGUMENT);
    assert_int_equal(rp_snapshot(g, 0, bytes, size - 1), RP_MEMORY);
    assert_int_equal(rp_snapshot(g, 1, bytes, size), RP_OK);
    assert_int_equal(rp_restore(g, 4, bytes, size), RP_ARGUMENT);
    assert_int_not_equal(rp_restore(g, 0, bytes, size - 1), RP_OK);
    bytes[0] ^= 1; /* of another program */
    assert_int_not_equal(rp_restore(g, 0, bytes, size), RP_OK);
    free(bytes);
}

static void test_group(void **state)
{
    static float want[4 * FRAMES], got[4 * FRAMES];
    struct built b = t_build(tone);
    (void)state;
    for (int misused = 0; misused < 2; misused++) {
        struct rp_group *g = t_group(b.program, 4, RP_ISA_BEST);
        for (unsigned l = 0; l < 4; l++)
            assert_int_equal(rp_voice_start(g, l, 0, l), RP_OK);
        t_run(g, 10, got, NULL);
        if (misused)
            misuse(g, b.program);
        t_run(g, FRAMES, misused ? got : want, NULL);
        free(g);
    }
    t_same(got, want, 4 * FRAMES, "after misuse");
    t_free(&b);
}

static void test_program(void **state)
{
    struct built b = t_build(tone);
    struct rp_instruction i;
    (void)state;
    assert_int_equal(rp_param_find(b.program, "x"), 0);
    assert_int_equal(rp_param_find(b.program, "y"), -1);
    assert_non_null(rp_param_info(b.program, 0));
    assert_null(rp_param_info(b.program, 1));
    assert_true(rp_param_at(rp_param_info(b.program, 0), -7.0f) == -1.0f);
    assert_true(rp_param_at(rp_param_info(b.program, 0), (float)NAN) == -1.0f);
    assert_true(rp_param_at(rp_param_info(b.program, 0), 0.5f) == 0.0f);
    assert_true(rp_param_at(rp_param_info(b.program, 0), 7.0f) == 1.0f);
    assert_int_equal(rp_instruction_at(b.program, 4, &i), 0);
    assert_string_equal(i.op, "WRITE_OUTPUT");
    assert_int_equal(rp_instruction_at(b.program, 5, &i), -1);
    assert_true(rp_node_cost(b.program, "clock") > 0);
    assert_int_equal(rp_node_cost(b.program, "nobody"), 0);
    t_free(&b);
    b = t_build("LOAD_CONST r1, 440\nCALL_OP osc_sine, r1 -> r2\nWRITE_OUTPUT r2\n");
    assert_int_equal(rp_instruction_at(b.program, 1, &i), 0);
    assert_null(i.node); /* nothing is known of nodes */
    assert_int_equal(rp_node_cost(b.program, "clock"), 0);
    t_free(&b);
}

/* 1/x at x = 0. */
static void test_nobody_is_told(void **state)
{
    static float out[FRAMES];
    float *const outs[] = {out};
    struct built b = t_build(".param \"x\" none linear -1 1 0 0\nLOAD_CONST r1, 1\n"
                             "LOAD_PARAM r2, \"x\"\nCALL_OP div, r1, r2 -> r3\nWRITE_OUTPUT r3\n");
    (void)state;
    struct rp_group *g = t_group(b.program, 1, RP_ISA_BEST);
    rp_voice_start(g, 0, 0, 0);
    assert_int_equal(rp_run(g, FRAMES, outs, NULL), RP_NOT_FINITE);
    rp_voice_start(g, 0, 0, 0);
    assert_int_equal(rp_run_checked(g, FRAMES, outs, NULL), RP_NOT_FINITE);
    rp_voice_start(g, 0, 0, 0);
    rp_param_set(g, 0, 0, 0.5f);
    assert_int_equal(rp_run(g, FRAMES, outs, NULL), RP_OK);
    free(g);
    t_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_memory),
        cmocka_unit_test(test_group),
        cmocka_unit_test(test_program),
        cmocka_unit_test(test_nobody_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
