/* test_cost.c - no frame takes more operations than the rows of ops.def say: counted. */
#include "tests/vm/count.h"
#include "tests/vm/listing.h"

enum { FRAMES = 20000, SLOTS = 1 << 15 };

/* Of every size a kernel meets, and of none that it should. */
static float any_input(uint64_t *chance)
{
    float unit = (float)t_below(chance, 1 << 20) / (float)(1 << 20);
    switch (t_below(chance, 8)) {
    case 0:
        return 0.0f;
    case 1:
        return unit;
    case 2:
        return 2.0f * unit - 1.0f;
    case 3:
        return 20.0f * unit - 10.0f;
    case 4:
        return 24000.0f * unit;
    case 5:
        return 1.0f;
    case 6:
        return (float)t_below(chance, 20);
    default:
        return -100000.0f * unit;
    }
}

/* The most operations of a frame among many, with a table of `length` values. Inputs move now and
 * then; input `held`, unless -1, is +-size. */
static uint64_t most_counted(size_t row, uint32_t length, int held, float size)
{
    static float ring[SLOTS], table[VM_MAX_TAPS];
    uint32_t state[VM_OP_STATE] = {0};
    float in[VM_OP_INPUTS] = {0}, out[VM_OP_OUTPUTS];
    struct count_memory memory = {ring, SLOTS - 1, 0, 0.0f, 4096.0f, table, length};
    uint64_t chance = row + 1, most = 0;
    memset(ring, 0, sizeof ring);
    for (uint32_t i = 0; i < length; i++)
        table[i] = any_input(&chance) / 16.0f;
    for (unsigned k = 0; k < FRAMES; k++, memory.now++) {
        for (unsigned j = 0; j < VM_OP_INPUTS; j++)
            if (k % 32 == 0 || t_below(&chance, 64) == 0)
                in[j] = any_input(&chance);
        if (k % 512 == 0)
            memset(state, 0, sizeof state);
        if (held >= 0)
            in[held] = t_below(&chance, 2) ? size : -size;
        uint64_t count = count_operations(row, in, out, state, &memory);
        most = count > most ? count : most;
    }
    return most;
}

static uint64_t bound(const struct vm_cost *c, uint32_t count)
{
    return c->base + (uint64_t)c->each * count;
}

/* Not above; and what goes through values or steps not far below, that the bound is one. */
static int is_kept(size_t row, uint32_t count, uint64_t counted)
{
    const struct vm_op_row *op = &vm_ops[row];
    if (op->loop == VM_UP)
        counted = (counted + 1) / 2; /* its kernel gives two frames */
    int above = counted > bound(&op->cost, count);
    int far = op->cost.by != VM_FIXED && bound(&op->cost, count) > counted + counted / 8 + 200;
    if (above)
        print_error("%s takes %llu operations, its row says %llu\n", op->name,
                    (unsigned long long)counted, (unsigned long long)bound(&op->cost, count));
    if (far)
        print_error("%s of %u takes only %llu operations of %llu\n", op->name, count,
                    (unsigned long long)counted, (unsigned long long)bound(&op->cost, count));
    return !above && !far;
}

static void rows_are_kept(void **state)
{
    int kept = 1;
    (void)state;
    for (size_t row = 0; row < vm_op_count; row++) {
        const struct vm_cost *c = &vm_ops[row].cost;
        const uint32_t lengths[] = {1, 8, 100, c->most};
        if (c->by == VM_FIXED)
            kept &= is_kept(row, 0, most_counted(row, 1024, -1, 0.0f));
        for (unsigned i = 0; i < 4 && c->by == VM_PER_VALUE; i++)
            kept &= is_kept(row, lengths[i], most_counted(row, lengths[i], -1, 0.0f));
        for (uint32_t n = 1; n <= c->most && c->by == VM_PER_INPUT; n++)
            kept &= is_kept(row, n, most_counted(row, 1024, (int)c->input, (float)n));
    }
    assert_true(kept);
}

static uint64_t cost_of(const char *listing)
{
    struct built b = t_build(listing);
    uint64_t cost = rp_cost(b.program);
    t_free(&b);
    return cost;
}

#define SINC(step)                                                                                 \
    "LOAD_CONST r1, 1\nLOAD_CONST r2, " step "\nCALL_OP sample_sinc, t0, r1, r1, r1, r2"

/* Of a program: what is a constant is known, else the worst counts; 2^rate times at a rate. */
static void programs_sum_their_rows(void **state)
{
    (void)state;
    const struct vm_cost *sinc = &vm_op_by_id(VM_OP_sample_sinc)->cost;
    const struct vm_cost *taps = &vm_op_by_id(VM_OP_convolve)->cost;
    static const struct {
        const char *step;
        uint32_t wholes;
    } rows[] = {{SINC("0"), 1},  {SINC("1"), 1},   {SINC("-1"), 1},  {SINC("1.001"), 2},
                {SINC("-3"), 3}, {SINC("16"), 16}, {SINC("1e9"), 16}};
    for (unsigned i = 0; i < COUNT(rows); i++) {
        char text[256];
        snprintf(text, sizeof text, ".table 3 0 1 0\n%s -> r3\nWRITE_OUTPUT r3\n", rows[i].step);
        assert_int_equal(cost_of(text), bound(sinc, rows[i].wholes));
    }
    assert_int_equal(
        cost_of(".param \"p\" none linear 0 1 1 0\n.table 3 0 1 0\nLOAD_PARAM r1, \"p\"\n"
                "CALL_OP sample_sinc, t0, r1, r1, r1, r1 -> r2\nWRITE_OUTPUT r2\n"),
        16 + bound(sinc, 16));
    assert_int_equal(
        cost_of(".table 1 0\n.table 8 0 0 0 0 0 0 0 1\n.ring 15 @8x\nLOAD_CONST r1, 1\n"
                "CALL_OP convolve, p0, t1, r1 -> r2 @8x\n"
                "CALL_OP rate_pick, r2 -> r3 @4x\nCALL_OP rate_pick, r3 -> r4 @2x\n"
                "CALL_OP rate_pick, r4 -> r5\nWRITE_OUTPUT r5\n"),
        8 * bound(taps, 8) + 4 + 2 + 1);
    assert_int_equal(
        cost_of(".param \"p\" none exponential 1 9 1 0\n.delay 9 9\nLOAD_PARAM r1, \"p\"\n"
                "READ_PORT p0, r1 -> r2\nWRITE_PORT p0, r2\nWRITE_OUTPUT r2\n"),
        64 + 12 + 4);
}

/* More than 32 bits of operations are summed. */
static void costs_do_not_wrap(void **state)
{
    (void)state;
    enum { OPS = 25000 };
    static char text[OPS * 64 + 256];
    size_t at =
        (size_t)sprintf(text, ".table 3 0 1 0\n.param \"p\" none linear 0 1 1 0\nLOAD_PARAM r1, "
                              "\"p\"\nCALL_OP rate_hold, r1 -> r2 @8x\n");
    for (unsigned i = 0; i < OPS; i++)
        at += (size_t)sprintf(text + at, "CALL_OP sample_sinc, t0, r2, r2, r2, r2 -> r%u @8x\n",
                              i + 3);
    sprintf(text + at, "WRITE_OUTPUT r1\n");
    uint64_t each = bound(&vm_op_by_id(VM_OP_sample_sinc)->cost, 16);
    assert_true(8 * each * OPS > UINT32_MAX);
    assert_int_equal(cost_of(text), 16 + 8 + 8 * each * OPS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_kept),
        cmocka_unit_test(programs_sum_their_rows),
        cmocka_unit_test(costs_do_not_wrap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
