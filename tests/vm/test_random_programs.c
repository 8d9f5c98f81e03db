/* test_random_programs.c - programs by chance: the same however played, their signals in buffers of
 * their own. */
#include "maker.h"
#include "parts.h"

/* ---- programs by chance ---- */

static void play_random_ways(const struct part *part, const float *want, uint64_t *chance)
{
    static const uint32_t cuts[] = {0, 1, 63, 64, 799, UINT32_MAX};
    for (size_t w = 0; w < COUNT(t_widths); w++)
        for (size_t i = 0; i < COUNT(t_isas); i++) {
            struct way way = {.lanes = t_widths[w], .isa = t_isas[i]};
            way.lane = t_below(chance, way.lanes);
            way.crowd = (int)t_below(chance, 2);
            way.late = t_below(chance, 2) * t_below(chance, 300);
            way.cut = cuts[t_below(chance, COUNT(cuts))];
            way.chance = t_random(chance);
            if (rp_isa_available(way.isa))
                assert_played(part, &way, want);
        }
}

/* As text and back: the same bytes. */
static void check_text(struct built *b)
{
    struct rp_error error;
    struct bytes text = disassemble(&b->arena, &b->file, 1, &error);
    assert_non_null(text.data);
    struct bytes again = t_assemble(&b->arena, (const char *)text.data);
    assert_int_equal(again.size, b->file.size);
    assert_memory_equal(again.data, b->file.data, again.size);
}

static void test_random_programs(void **state)
{
    static float want[CHANNELS * FRAMES];
    static struct maker m;
    static unsigned used[1024];
    (void)state;
    for (uint64_t seed = 1; seed <= 140; seed++) {
        make_program(&m, seed);
        struct built b = t_build(m.t.text);
        struct part part = random_part(b.program, &m.chance);
        check_text(&b);
        play(&part, &plainest, want);
        assert_false(is_silent(want));
        play_random_ways(&part, want, &m.chance);
        for (size_t i = 0; i < vm_op_count; i++)
            used[i] += (unsigned)t_has_op(&m.t, &vm_ops[i]);
        t_free(&b);
    }
    for (size_t i = 0; i < vm_op_count; i++)
        if (used[i] <= 5)
            fail_msg("%s is in %u programs only", vm_ops[i].name, used[i]);
}

/* ---- buffers ---- */

/* From the instruction that writes a register to the last that reads it. */
struct life {
    uint32_t first, last;
};

static void find_lives(const struct rp_program *p, struct life *lives)
{
    for (uint32_t i = 0; i < p->instruction_count; i++) {
        const struct vm_instruction *n = &p->code[i];
        for (unsigned j = 0; j < n->outputs; j++)
            lives[n->out[j]] = (struct life){i, i};
        for (unsigned j = 0; j < n->inputs; j++)
            lives[n->in[j]].last = i;
        if (n->first == VM_NONE)
            continue;
        const struct vm_instruction *first = &p->code[n->first]; /* may run here */
        for (unsigned j = 0; j < first->inputs; j++)
            lives[first->in[j]].last = i;
    }
}

/* The blocks that r's buffer has: a signal of rate k is 2^k as long. */
static uint32_t blocks_of(const struct rp_program *p, const struct life *life)
{
    return UINT32_C(1) << p->code[life->first].rate;
}

/* No two registers alive in one instruction share a block, and there are no more buffers of a rate
 * than registers of that rate alive at once. */
static void check_buffers(const struct rp_program *p)
{
    static struct life lives[4096];
    uint32_t most[VM_MAX_RATE + 1] = {0}, sum = 0, registers = p->totals.registers;
    assert_true(registers < COUNT(lives));
    find_lives(p, lives);
    for (uint32_t i = 0; i < p->instruction_count; i++) {
        uint8_t taken[8 * 4096] = {0};
        uint32_t alive[VM_MAX_RATE + 1] = {0};
        for (uint32_t r = 1; r <= registers; r++) {
            if (p->buffer[r] == VM_NONE || lives[r].first > i || lives[r].last < i)
                continue;
            assert_true(p->buffer[r] + blocks_of(p, &lives[r]) <= p->buffer_blocks);
            for (uint32_t k = 0; k < blocks_of(p, &lives[r]); k++)
                if (taken[p->buffer[r] + k]++)
                    fail_msg("instruction %u: the buffer of r%u is in use", i, r);
            alive[p->code[lives[r].first].rate]++;
        }
        for (unsigned k = 0; k <= VM_MAX_RATE; k++)
            most[k] = alive[k] > most[k] ? alive[k] : most[k];
    }
    for (unsigned k = 0; k <= VM_MAX_RATE; k++)
        sum += most[k] << k;
    assert_int_equal(p->buffer_blocks, sum);
}

static void test_buffers(void **state)
{
    static struct maker m;
    (void)state;
    for (uint64_t seed = 2000; seed < 2050; seed++) {
        make_program(&m, seed);
        struct built b = t_build(m.t.text);
        check_buffers(b.program);
        t_free(&b);
    }
}

/* 200 sines alive at once, summed; the last of them, if asked for, through a node of 8 times the
 * rate. */
static size_t bytes_of_many(int region, unsigned lanes)
{
    static struct listing t;
    unsigned r[200];
    t = (struct listing){0};
    unsigned freq = t_const(&t, 440.0f);
    for (unsigned i = 0; i < COUNT(r); i++)
        r[i] = t_call(&t, "osc_sine", freq);
    if (region) {
        for (unsigned to = 1; to <= 3; to++) {
            t.rate = to;
            r[199] = t_call(&t, "rate_up", r[199]);
        }
        r[199] = t_call(&t, "shape_tanh", r[199], t_const(&t, 1.0f), t_const(&t, 0.0f));
        for (t.rate = 3; t.rate > 0;) {
            t.rate--;
            r[199] = t_call(&t, "rate_down", r[199]);
        }
    }
    for (unsigned i = 1; i < COUNT(r); i++)
        r[0] = t_call(&t, "add", r[0], r[i]);
    t_line(&t, "WRITE_OUTPUT r%u\n", r[0]);
    struct built b = t_build(t.text);
    size_t bytes = rp_group_bytes(b.program, lanes);
    t_free(&b);
    return bytes;
}

/* A node of 8 times the rate takes what it needs: buffers of 2, 4 and, one to read and one to
 * write, 8 blocks, state, and a few calls; not 8 times the 200. */
static void test_memory_of_a_region(void **state)
{
    (void)state;
    for (unsigned w = 0; w < COUNT(t_widths); w++) {
        size_t lanes = t_widths[w], block = vm_block(t_widths[w]) * lanes * sizeof(float);
        size_t plain = bytes_of_many(0, t_widths[w]), with = bytes_of_many(1, t_widths[w]);
        assert_in_range(plain, 200 * block, 240 * block + 200 * 1024);
        assert_in_range(with, plain + 20 * block, plain + 24 * block + 4096 + 80 * 4 * lanes);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_programs),
        cmocka_unit_test(test_buffers),
        cmocka_unit_test(test_memory_of_a_region),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
