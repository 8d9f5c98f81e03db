/* test_pairs.c - each row of pairs.def: found, run as one where it says, and the same bits as its
 * two ops one after the other, in every lane width and ISA. A checked run does not pair. */
#include "listing.h"

#include "vm/group.h"
#include "vm/pairs.h"

enum { FRAMES = 700 };

static const struct row {
    const char *first, *second, *feeds;
    uint32_t varying;
} rows[] = {
#define PAIR(name, first, second, feeds, varying) {#first, #second, feeds, varying},
#include "vm/pairs.def"
};

static const struct vm_op_row *op(const char *name)
{
    return vm_op_by_name(name, strlen(name));
}

/* The second's own inputs, then the first's: signals where `varying` says. */
static unsigned inputs_of(const struct row *row, unsigned *own)
{
    *own = 0;
    for (unsigned j = 0; j < op(row->second)->inputs; j++)
        *own += row->feeds[j] == 'x';
    return *own + op(row->first)->inputs;
}

/* Of signals: cutoffs that matter, coefficients that do not run away. */
static float scale_of(const struct row *row)
{
    return strcmp(row->first, "svf_coeff") == 0    ? 4000.0f
           : strcmp(row->first, "svf_lopass") == 0 ? 0.05f
                                                   : 1.0f;
}

static unsigned input(struct listing *t, const struct row *row, unsigned number, uint32_t varying)
{
    if (!(varying >> number & 1))
        return t_const(t, 0.37f * (float)(number + 1));
    unsigned noise = t_noise(t, number + 1);
    float scale = scale_of(row);
    return scale != 1.0f ? t_call(t, "mul", noise, t_const(t, scale)) : noise;
}

/* Returns how many calls there are besides the two. */
static unsigned write_listing(struct listing *t, const struct row *row, uint32_t varying)
{
    unsigned in[2 * VM_OP_INPUTS], from[VM_OP_INPUTS], own, x = 0;
    unsigned n = inputs_of(row, &own), others = 0;
    *t = (struct listing){.size = 0};
    for (unsigned j = 0; j < n; j++) {
        in[j] = input(t, row, j, varying);
        others += (varying >> j & 1) << (scale_of(row) != 1.0f);
    }
    unsigned first = t_op(t, op(row->first), in + own, 0);
    for (unsigned j = 0; j < op(row->second)->inputs; j++)
        from[j] = row->feeds[j] == 'x' ? in[x++] : first + (unsigned)(row->feeds[j] - '0');
    unsigned second = t_op(t, op(row->second), from, 0);
    t_line(t, "WRITE_OUTPUT r%u\n", second);
    return others;
}

static void start(struct rp_group *g, unsigned lanes)
{
    for (unsigned l = 0; l < lanes; l++)
        assert_int_equal(rp_voice_start(g, l, 5, l), RP_OK);
}

/* Returns the calls of a stretch. */
static uint32_t assert_same(const struct rp_program *p, unsigned lanes, enum rp_isa isa)
{
    static float want[16 * FRAMES], got[16 * FRAMES];
    float *to_want[] = {want}, *to_got[] = {got};
    struct rp_group *checked = t_group(p, lanes, isa), *g = t_group(p, lanes, isa);
    struct rp_error error;
    start(checked, lanes);
    start(g, lanes);
    assert_int_equal(rp_run_checked(checked, FRAMES, to_want, &error), RP_OK);
    assert_int_equal(rp_run(g, FRAMES, to_got, &error), RP_OK);
    t_same(got, want, (size_t)FRAMES * lanes, "paired");
    uint32_t calls = g->call_count;
    free(checked);
    free(g);
    return calls;
}

static void check(const struct row *row, uint32_t varying, int paired)
{
    static struct listing t;
    unsigned others = write_listing(&t, row, varying);
    struct built b = t_build(t.text);
    unsigned found = 0;
    for (uint32_t i = 0; i < b.program->instruction_count; i++)
        found += b.program->code[i].second != VM_NONE;
    if (found != 1)
        fail_msg("%s and %s: %u pairs found", row->first, row->second, found);
    for (size_t w = 0; w < COUNT(t_widths); w++)
        for (size_t i = 0; i < COUNT(t_isas); i++) {
            if (!rp_isa_available(t_isas[i]) || !vm_engine_find(t_widths[w], t_isas[i]))
                continue;
            uint32_t calls = assert_same(b.program, t_widths[w], t_isas[i]);
            if (calls != others + (paired ? 1 : 2))
                fail_msg("%s and %s, varying %u: %u calls", row->first, row->second, varying,
                         calls);
        }
    t_free(&b);
}

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        unsigned own, n = inputs_of(&rows[i], &own);
        for (uint32_t varying = 0; varying < UINT32_C(1) << n; varying++) {
            int first_varies = !vm_op_is_stateless(op(rows[i].first)) || varying >> own;
            if (rows[i].varying == PAIR_ANY && first_varies)
                check(&rows[i], varying, 1);
        }
        if (rows[i].varying != PAIR_ANY)
            check(&rows[i], rows[i].varying, 1);
    }
}

/* Coefficients that vary, of a signal that does not: no row. */
static void test_not_paired(void **state)
{
    (void)state;
    check(&rows[0], 6, 0);
}

/* What a third instruction reads, too, is not a pair's own. */
static void test_read_twice(void **state)
{
    static struct listing t;
    (void)state;
    t = (struct listing){.size = 0};
    unsigned noise = t_noise(&t, 1), half = t_const(&t, 0.5f);
    unsigned product = t_call(&t, "mul", noise, half);
    unsigned sum = t_call(&t, "add", product, half);
    t_line(&t, "WRITE_OUTPUT r%u\n", t_call(&t, "max", sum, product));
    struct built b = t_build(t.text);
    for (uint32_t i = 0; i < b.program->instruction_count; i++)
        assert_int_equal(b.program->code[i].second, VM_NONE);
    t_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_not_paired),
        cmocka_unit_test(test_read_twice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
