/* test_verify_limits.c - promise P8: the machine's limits, each just kept and just passed. */
#include "files.h"

static struct bytecode writer(struct arena *arena)
{
    struct bytecode b;
    arena_init(arena);
    bytecode_init(&b, arena);
    return b;
}

static uint32_t instruction(struct bytecode *b, enum vm_opcode opcode, uint32_t arg,
                            const uint32_t *in, unsigned inputs)
{
    struct bytecode_instruction n = {.opcode = opcode, .arg = arg, .inputs = inputs};
    for (unsigned j = 0; j < inputs; j++)
        n.in[j] = in[j];
    return bytecode_instruction(b, &n);
}

static uint32_t load_const(struct bytecode *b, float x)
{
    uint32_t constant = bytecode_constant(b, x);
    return instruction(b, VM_LOAD_CONST, constant, NULL, 0);
}

/* Finishes and checks: code 0 for accepted, else the refusal at `blame` within section `tag`. */
static void assert_limit(struct bytecode *b, enum refusal code, const char *tag, int64_t blame)
{
    struct bytes bytes = bytecode_finish(b);
    struct rp_error error = {0};
    assert_non_null(bytes.data);
    struct file f = {bytes.data, bytes.size, bytes.size};
    if (code == 0 && rp_verify(bytes.data, bytes.size, &error) != RP_OK)
        fail_msg("refused: %s", error.reason);
    if (code != 0)
        assert_refused(&f, code, (uint64_t)((int64_t)section(&f, tag) + blame));
    arena_free(b->arena);
}

static void with_constants(uint32_t count, enum refusal code)
{
    struct arena arena;
    struct bytecode b = writer(&arena);
    uint32_t r = load_const(&b, 0.0f);
    for (uint32_t i = 1; i < count; i++)
        bytecode_constant(&b, t_float(i));
    instruction(&b, VM_WRITE_OUTPUT, 0, &r, 1);
    assert_limit(&b, code, "CNST", -4);
}

static void with_params(uint32_t count, enum refusal code)
{
    struct arena arena;
    struct bytecode b = writer(&arena);
    for (uint32_t i = 0; i < count; i++)
        bytecode_param(&b, "p", RP_UNIT_NONE, RP_LINEAR, 0.0f, 1.0f, 0.0f, 0);
    uint32_t r = instruction(&b, VM_LOAD_PARAM, count - 1, NULL, 0);
    instruction(&b, VM_WRITE_OUTPUT, 0, &r, 1);
    assert_limit(&b, code, "PARM", -4);
}

static void with_ports(uint32_t count, uint32_t longest, enum refusal code, int64_t blame)
{
    struct arena arena;
    struct bytecode b = writer(&arena);
    uint32_t r = load_const(&b, 0.0f);
    for (uint32_t i = 0; i < count; i++) {
        bytecode_delay(&b, 0, 1, longest);
        instruction(&b, VM_WRITE_PORT, i, &r, 1);
    }
    instruction(&b, VM_WRITE_OUTPUT, 0, &r, 1);
    assert_limit(&b, code, "PORT", blame);
}

static void with_instructions(uint32_t count, enum refusal code)
{
    struct arena arena;
    struct bytecode b = writer(&arena);
    uint32_t constant = bytecode_constant(&b, 0.0f), r = 1;
    for (uint32_t i = 1; i < count; i++)
        instruction(&b, VM_LOAD_CONST, constant, NULL, 0);
    instruction(&b, VM_WRITE_OUTPUT, 0, &r, 1);
    assert_limit(&b, code, "CODE", 12 * (int64_t)(count - 1));
}

static void with_rings(uint32_t count, uint32_t longest, enum refusal code, int64_t blame)
{
    struct arena arena;
    struct bytecode b = writer(&arena);
    uint32_t r = load_const(&b, 0.0f);
    for (uint32_t i = 0; i < count; i++)
        bytecode_ring(&b, 0, longest);
    instruction(&b, VM_WRITE_OUTPUT, 0, &r, 1);
    assert_limit(&b, code, "PORT", blame);
}

static void with_tables(uint32_t count, uint32_t length, enum refusal code, int64_t blame)
{
    struct arena arena;
    struct bytecode b = writer(&arena);
    uint32_t r = load_const(&b, 0.0f);
    float *values = calloc(length, sizeof *values);
    assert_non_null(values);
    for (uint32_t i = 0; i < count; i++)
        bytecode_table(&b, values, length);
    free(values);
    instruction(&b, VM_WRITE_OUTPUT, 0, &r, 1);
    assert_limit(&b, code, "TABL", blame);
}

/* A table of `length` values, after another, where an op reads it: what is refused is named with
 * the table's place in the instruction. */
static void with_table_of(const char *name, uint32_t length, enum refusal code)
{
    struct arena arena;
    struct bytecode b = writer(&arena);
    const struct vm_op_row *row = vm_op_by_name(name, strlen(name));
    static const float values[VM_MAX_TAPS + 1];
    struct bytecode_instruction n = {
        .opcode = VM_CALL_OP, .arg = (uint32_t)(row - vm_ops), .table = 1, .inputs = 1};
    n.in[0] = load_const(&b, 0.0f);
    bytecode_table(&b, values, 1);
    bytecode_table(&b, values, length);
    if (vm_op_has_port(row))
        bytecode_ring(&b, 0, 20);
    n.in[0] = bytecode_instruction(&b, &n);
    instruction(&b, VM_WRITE_OUTPUT, 0, n.in, 1);
    assert_limit(&b, code, "CODE", 12 + 8 + 4 * vm_op_has_port(row));
}

static void test_limits(void **state)
{
    (void)state;
    with_table_of("convolve", VM_MAX_TAPS, 0);
    with_table_of("convolve", VM_MAX_TAPS + 1, REFUSE_LIMIT);
    with_table_of("quantise_scale", VM_MAX_SCALE, 0);
    with_table_of("quantise_scale", VM_MAX_SCALE + 1, REFUSE_LIMIT);
    with_table_of("lookup", VM_MAX_TAPS + 1, 0);
    with_rings(1, VM_MAX_DELAY, REFUSE_PORT, 0); /* no op writes it */
    with_rings(1, VM_MAX_DELAY + 1, REFUSE_LIMIT, 4);
    with_rings(9, 1000000, REFUSE_LIMIT, 8 * VM_PORT_SIZE + 4);
    with_tables(VM_MAX_TABLES, 1, 0, 0);
    with_tables(VM_MAX_TABLES + 1, 1, REFUSE_LIMIT, 8 * (int64_t)VM_MAX_TABLES);
    with_tables(1, VM_MAX_TABLE + 1, REFUSE_LIMIT, 0);
    with_constants(VM_MAX_CONSTANTS, 0);
    with_constants(VM_MAX_CONSTANTS + 1, REFUSE_LIMIT);
    with_params(VM_MAX_PARAMS, 0);
    with_params(VM_MAX_PARAMS + 1, REFUSE_LIMIT);
    with_ports(VM_MAX_PORTS, 1, 0, 0);
    with_ports(VM_MAX_PORTS + 1, 1, REFUSE_LIMIT, -4);
    with_ports(1, VM_MAX_DELAY, 0, 0);
    with_ports(1, VM_MAX_DELAY + 1, REFUSE_LIMIT, 8);
    with_ports(8, 1000000, 0, 0);
    with_ports(9, 1000000, REFUSE_LIMIT, 8 * VM_PORT_SIZE + 8);
    with_instructions(VM_MAX_INSTRUCTIONS, 0);
    with_instructions(VM_MAX_INSTRUCTIONS + 1, REFUSE_LIMIT);
}

/* `alive` signals wait at once, then are summed. Liveness is found while loading. */
static struct bytes crowded(struct arena *arena, uint32_t alive)
{
    struct bytecode b = writer(arena);
    uint32_t row = (uint32_t)(vm_op_by_name("add", 3) - vm_ops), in[2] = {1, 2};
    bytecode_param(&b, "p", RP_UNIT_NONE, RP_LINEAR, 0.0f, 1.0f, 0.0f, 0);
    for (uint32_t i = 0; i < alive; i++)
        instruction(&b, VM_LOAD_PARAM, 0, NULL, 0);
    for (uint32_t i = 2; i <= alive; i++) {
        in[1] = i;
        in[0] = instruction(&b, VM_CALL_OP, row, in, 2);
    }
    instruction(&b, VM_WRITE_OUTPUT, 0, in, 1);
    return bytecode_finish(&b);
}

static void test_limit_of_signals(void **state)
{
    (void)state;
    for (uint32_t over = 0; over < 2; over++) {
        struct arena arena;
        struct rp_error error = {0};
        struct bytes file = crowded(&arena, VM_MAX_LIVE - 1 + over); /* and the sum */
        struct file f = {file.data, file.size, file.size};
        size_t need = rp_program_bytes(file.data, file.size);
        void *memory = t_memory(need);
        struct rp_program *p = rp_load(file.data, file.size, memory, need, &error);
        if (over) {
            assert_null(p);
            assert_int_equal(error.status, RP_REFUSED);
            assert_int_equal(error.code, REFUSE_LIMIT);
            assert_int_equal(error.offset, section(&f, "CODE") - 4);
        } else {
            assert_non_null(p);
        }
        free(memory);
        arena_free(&arena);
    }
}

/* The size is looked at before the bytes: these are only a header. */
static void test_limit_of_file(void **state)
{
    struct file f = file_of(sine);
    struct rp_error error;
    (void)state;
    set_u32(f.bytes + VM_AT_SIZE, VM_MAX_FILE + 4);
    assert_int_equal(rp_verify(f.bytes, (size_t)VM_MAX_FILE + 4, &error), RP_REFUSED);
    assert_int_equal(error.code, REFUSE_SIZE);
    assert_int_equal(error.offset, VM_AT_SIZE);
    free(f.bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_limit_of_signals),
        cmocka_unit_test(test_limit_of_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
