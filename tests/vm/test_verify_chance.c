/* test_verify_chance.c - promise P8: files damaged by chance are refused, or run within their
 * memory. */
#include "files.h"

static const char fuzz_params[] =
    ".param \"freq\" hz exponential 20 20000 440 48\n.param \"gate\" gate linear 0 1 1 0\n"
    ".param \"level\" db linear 0 4 1 480\n"
    "LOAD_PARAM r1, \"freq\"\nLOAD_PARAM r2, \"gate\"\nLOAD_PARAM r3, \"level\"\n"
    "LOAD_CONST r4, 0.001\nCALL_OP env_segment, r4 -> r5, r6\n"
    "CALL_OP env_adsr, r2, r5, r6, r5, r6, r4, r5, r6 -> r7\n"
    "CALL_OP osc_saw, r1 -> r8\nCALL_OP gain, r8, r7 -> r9\nCALL_OP gain, r9, r3 -> r10\n"
    "WRITE_OUTPUT r10\n";

/* ---- damage ---- */

static void assert_explained(const struct rp_error *e, size_t size)
{
    assert_int_equal(e->status, RP_REFUSED);
    assert_true(e->code < REFUSALS && refusal_names[e->code] != NULL);
    assert_true(e->offset <= size);
    assert_true(e->reason[0] != 0 && memchr(e->reason, 0, sizeof e->reason) != NULL);
}

static void test_truncation(void **state)
{
    (void)state;
    struct file whole = file_of(echo);
    for (size_t n = 0; n < whole.size; n++) {
        struct rp_error error;
        uint8_t *exact = malloc(n ? n : 1); /* so that a sanitizer sees a byte too far */
        assert_non_null(exact);
        memcpy(exact, whole.bytes, n);
        assert_int_equal(rp_verify(exact, n, &error), RP_REFUSED);
        assert_explained(&error, n);
        /* With a header that agrees: something needed is missing or half there. */
        struct file f = {exact, n, n};
        repair(&f);
        assert_int_equal(rp_verify(exact, n, &error), RP_REFUSED);
        assert_explained(&error, n);
        free(exact);
    }
    free(whole.bytes);
}

static void test_bit_flips(void **state)
{
    (void)state;
    struct file f = file_of(echo);
    for (size_t bit = 0; bit < 8 * f.size; bit++) {
        struct rp_error error;
        f.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        if (rp_verify(f.bytes, f.size, &error) != RP_REFUSED)
            fail_msg("bit %zu may be flipped", bit);
        assert_explained(&error, f.size);
        f.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    assert_int_equal(rp_verify(f.bytes, f.size, NULL), RP_OK);
    free(f.bytes);
}

/* ---- chance ---- */

/* Bytes of a group by the limits alone: delays and live signals a voice, and what grows with the
 * file. A register is 4 bytes of a file at least, a state word of an op of 8 bytes less than 8. */
static uint64_t group_limit(size_t file, unsigned lanes)
{
    uint64_t blocks = (UINT64_C(2) << VM_MAX_RATE) - 1; /* of a signal of each rate */
    uint64_t voice = 4 * (uint64_t)VM_MAX_RINGS + 4 * blocks * RP_BLOCK * VM_MAX_LIVE;
    return lanes * (voice + 16 * (uint64_t)file) + 64 * (uint64_t)file + 65536;
}

static void no_text(void *context, const char *text)
{
    *(size_t *)context += strlen(text);
}

static void run_program(const struct rp_program *p, size_t file_size, uint64_t *chance)
{
    unsigned lanes = t_widths[t_below(chance, 4)];
    size_t need = rp_group_bytes(p, lanes);
    assert_true(need > 0 && need <= group_limit(file_size, lanes));
    if (need > MEMORY_CAP)
        return;
    void *memory = guarded(need);
    struct rp_error error;
    struct rp_group *g = rp_instantiate(p, lanes, RP_ISA_BEST, memory, need, &error);
    assert_non_null(g);
    run_group(g, p, lanes, chance);
    assert_guard(memory, need);
    free(memory);
}

/* 1 when accepted. */
static int try_file(const struct file *f, uint64_t *chance)
{
    struct rp_error error = {0}, error2 = {0};
    uint8_t *exact = malloc(f->size + !f->size);
    size_t text = 0;
    assert_non_null(exact);
    memcpy(exact, f->bytes, f->size);
    size_t need = rp_program_bytes(exact, f->size);
    void *memory = guarded(need);
    struct rp_program *p = rp_load(exact, f->size, memory, need, &error);
    enum rp_status listed =
        vm_disassemble(exact, f->size, VM_LISTING_FULL, no_text, &text, &error2);
    free(exact);
    /* What only loading looks at. */
    int late = !p && (error.code == REFUSE_RATE ||
                      (error.code == REFUSE_LIMIT && strstr(error.reason, "alive")));
    assert_int_equal(listed == RP_OK, p != NULL || late);
    assert_int_equal(p != NULL || late, need != 0);
    assert_true(need <= 64 * (f->size + 1024));
    if (p) {
        assert_true(text > 0);
        run_program(p, f->size, chance);
    } else {
        assert_explained(&error, f->size);
        if (error.code < REFUSALS)
            seen[error.code]++;
    }
    assert_guard(memory, need);
    free(memory);
    return p != NULL;
}

static uint32_t interesting(uint32_t old, uint64_t *chance)
{
    static const uint32_t values[] = {
        0,           1,           2,           3,           4,           8,           63,
        64,          65,          0x7fffffffu, 0x80000000u, 0xffffffffu, 0x7f800000u, 0x7fc00000u,
        0x00000001u, 0x7f7fffffu, 0xff7fffffu, 1 << 16,     1 << 22,     1 << 23};
    uint32_t kind = t_below(chance, 4);
    if (kind == 0)
        return old + 1;
    if (kind == 1)
        return old - 1;
    return kind == 2 ? values[t_below(chance, COUNT(values))] : (uint32_t)t_random(chance);
}

/* Another constant, bound, delay or register: what is most likely to be accepted. */
static void mutate_value(struct file *f, uint64_t *chance)
{
    static const char *const tags[] = {"CNST", "PARM", "PORT", "CODE"};
    size_t at = section(f, tags[t_below(chance, COUNT(tags))]);
    uint32_t length = vm_get_u32(f->bytes + at - 4);
    uint8_t *word = f->bytes + at + t_below(chance, length / 4) * 4;
    set_u32(word, interesting(vm_get_u32(word), chance));
}

/* Anywhere behind the header, which repair() makes good. */
static void mutate_form(struct file *f, uint64_t *chance)
{
    size_t body = f->size - VM_HEADER_SIZE, at = VM_HEADER_SIZE + t_below(chance, (uint32_t)body);
    size_t word = VM_HEADER_SIZE + t_below(chance, (uint32_t)(body / 4)) * 4;
    size_t other = VM_HEADER_SIZE + t_below(chance, (uint32_t)(body / 4)) * 4;
    uint8_t keep[4];
    switch (t_below(chance, 16)) {
    case 0:
        memcpy(keep, f->bytes + word, 4);
        memcpy(f->bytes + word, f->bytes + other, 4);
        memcpy(f->bytes + other, keep, 4);
        break;
    case 1:
        if (body > 64)
            cut(f, word, 4);
        break;
    case 2:
        memcpy(keep, f->bytes + other, 4);
        if (f->size + 4 <= f->capacity)
            insert(f, word, keep, 4);
        break;
    case 3:
        f->bytes[at] = (uint8_t)t_random(chance);
        break;
    case 4:
    case 5:
        f->bytes[at] ^= (uint8_t)(1u << t_below(chance, 8));
        break;
    default:
        set_u32(f->bytes + word, interesting(vm_get_u32(f->bytes + word), chance));
    }
}

/* 1 when accepted. Values are altered first, while the sections can still be found. */
static int try_mutant(const struct bytes *valid, int values, uint64_t *chance)
{
    struct file f = copy_of(valid);
    if (values)
        mutate_value(&f, chance);
    for (unsigned k = values ? t_below(chance, 2) : 1 + t_below(chance, 3); k > 0; k--)
        mutate_form(&f, chance);
    repair(&f);
    int accepted = try_file(&f, chance);
    free(f.bytes);
    return accepted;
}

static void test_mutants(void **state)
{
    static struct listing every;
    t_every_op(&every);
    const char *const listings[] = {sine,       echo,   fuzz_delays, fuzz_params,
                                    every.text, effect, faster,      rings};
    uint64_t chance = 1;
    unsigned accepted = 0;
    (void)state;
    memset(seen, 0, sizeof seen);
    for (unsigned i = 0; i < COUNT(listings); i++) {
        struct arena arena;
        arena_init(&arena);
        struct bytes valid = t_assemble(&arena, listings[i]);
        int has_all = i == 1 || i == 4 || i == 5; /* sections that mutate_value() looks for */
        for (unsigned n = 0; n < MUTANTS / COUNT(listings); n++)
            accepted += (unsigned)try_mutant(&valid, has_all && n % 2, &chance);
        arena_free(&arena);
    }
    print_message("  %d mutants, %u accepted\n", MUTANTS, accepted);
    assert_true(accepted > MUTANTS / 20 && accepted < MUTANTS / 2);
    for (int code = REFUSE_SECTION; code <= REFUSE_RATE; code++)
        assert_true(seen[code] > 0 || !refusal_names[code]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_truncation),
        cmocka_unit_test(test_bit_flips),
        cmocka_unit_test(test_mutants),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
