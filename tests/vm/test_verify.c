/* test_verify.c - promise P8: what the verifier refuses it refuses with a reason and a place. Best
 * run with address and undefined sanitizers too, as all of test_verify_*.c. */
#include "files.h"

/* ---- one field wrong ---- */

struct field {
    enum refusal code;
    const char *tag; /* NULL: offsets in the file; else from the section's payload */
    int at;          /* of the field */
    int width;       /* bytes */
    uint32_t value;
    int blame; /* the offset reported */
};

static const struct field fields[] = {
    /* of echo */
    {REFUSE_MAGIC, NULL, 0, 1, 0x88, 0},
    {REFUSE_MAGIC, NULL, 4, 1, '\n', 0},
    {REFUSE_FORMAT, NULL, VM_AT_FORMAT, 4, RP_FORMAT_VERSION + 1, VM_AT_FORMAT},
    {REFUSE_FORMAT, NULL, VM_AT_FORMAT, 4, 0, VM_AT_FORMAT},
    {REFUSE_SEMANTICS, NULL, VM_AT_SEMANTICS, 4, RP_SEMANTICS_VERSION + 1, VM_AT_SEMANTICS},
    {REFUSE_SECTION, "PARM", -4, 4, 23, -4},
    {REFUSE_SECTION, "PARM", -4, 4, 0xfffffff8u, -4},
    {REFUSE_SECTION, "PARM", -4, 4, 0xffffffffu, -4},
    {REFUSE_SECTION, "NAME", -4, 4, 1000, -4},
    {REFUSE_MISSING, "STAT", -8, 4, 0x54415458, -1},
    {REFUSE_MISSING, "CODE", -8, 4, 0x45444f58, -1},
    {REFUSE_CONSTANT, "CNST", 0, 4, 0x7f800000u, 0},
    {REFUSE_CONSTANT, "CNST", 0, 4, 0xffc00000u, 0},
    {REFUSE_NAME, "PARM", 0, 4, 9999, 0},
    {REFUSE_NAME, "PARM", 0, 4, VM_NONE, 0},
    {REFUSE_NAME, "NODE", 4, 4, 9999, 4},
    {REFUSE_NAME, "LINE", 12, 4, 9999, 12},
    {REFUSE_PARAM, "PARM", 4, 2, RP_UNIT_GATE + 1, 4},
    {REFUSE_PARAM, "PARM", 6, 2, 2, 4},
    {REFUSE_PARAM, "PARM", 8, 4, 0x7fc00000u, 8},
    {REFUSE_PARAM, "PARM", 12, 4, 0x7f800000u, 12},
    {REFUSE_PARAM, "PARM", 16, 4, 0xff800000u, 16},
    {REFUSE_PARAM, "PARM", 16, 4, 0x3f800000u, 8}, /* default 1 of 0.001..0.01 */
    {REFUSE_PARAM, "PARM", 12, 4, 0xbf800000u, 8}, /* high below low */
    {REFUSE_PARAM, "PARM", 8, 4, 0, 6},            /* exponential from zero */
    {REFUSE_PARAM, "PARM", 8, 4, 0xbf800000u, 6},
    {REFUSE_PORT, "PORT", 0, 4, 0, 0},
    {REFUSE_PORT, "PORT", 0, 2, 4, 0},
    {REFUSE_PORT, "PORT", 0, 2, VM_PORT_RING, 8}, /* whose last field is 0 */
    {REFUSE_PORT, "PORT", 2, 2, 4, 2},            /* 16 times the sample rate */
    {REFUSE_PORT, "PORT", 2, 2, 0xffff, 2},
    {REFUSE_PORT, "PORT", 4, 4, 0, 4},
    {REFUSE_PORT, "PORT", 4, 4, 481, 4},
    {REFUSE_PORT, "PORT", 8, 4, 47, 4},
    {REFUSE_LIMIT, "PORT", 8, 4, VM_MAX_DELAY + 1, 8},
    {REFUSE_LIMIT, "PORT", 8, 4, 0xffffffffu, 8},
    {REFUSE_INSTRUCTION, "CODE", 0, 1, 0, 0},
    {REFUSE_INSTRUCTION, "CODE", 0, 1, 7, 0},
    {REFUSE_INSTRUCTION, "CODE", 1, 1, 1, 1},
    {REFUSE_INSTRUCTION, "CODE", 14, 1, 2, 13},
    {REFUSE_INSTRUCTION, "CODE", 27, 1, 1, 27}, /* the port has another rate */
    {REFUSE_INSTRUCTION, "CODE", 27, 1, 4, 27}, /* there is no such rate */
    {REFUSE_INSTRUCTION, "CODE", 59, 1, 255, 59},
    {REFUSE_INSTRUCTION, "CODE", 60, 4, 0xffffu, 60},
    {REFUSE_INSTRUCTION, "CODE", 60, 4, VM_OP_osc_sine, 57},
    {REFUSE_INSTRUCTION, "CODE", 89, 1, 3, 89},
    {REFUSE_INSTRUCTION, "CODE", 89, 1, 0, 89},
    {REFUSE_OPERAND, "CODE", 4, 4, 1, 4},   /* constant */
    {REFUSE_OPERAND, "CODE", 16, 4, 1, 16}, /* parameter */
    {REFUSE_OPERAND, "CODE", 28, 4, 1, 28}, /* port read */
    {REFUSE_OPERAND, "CODE", 80, 4, 1, 80}, /* port written */
    {REFUSE_OPERAND, "CODE", 92, 4, 1, 92}, /* output */
    {REFUSE_OPERAND, "CODE", 64, 4, 5, 56}, /* its own result */
    {REFUSE_OPERAND, "CODE", 68, 4, 0, 56}, /* there is no r0 */
    {REFUSE_OPERAND, "CODE", 96, 4, 6, 88}, /* past the last */
    {REFUSE_OPERAND, "CODE", 100, 4, 0xffffffffu, 88},
    {REFUSE_RESULT, "CODE", 8, 4, 2, 0},
    {REFUSE_RESULT, "CODE", 20, 4, 1, 12},
    {REFUSE_RESULT, "CODE", 36, 4, 0, 24},
    {REFUSE_RESULT, "CODE", 52, 4, 0xffffffffu, 40},
    {REFUSE_STATE, "STAT", 0, 4, 6, 0},
    {REFUSE_STATE, "STAT", 4, 4, 2, 4},
    {REFUSE_STATE, "STAT", 8, 4, 0, 8},
    {REFUSE_STATE, "STAT", 12, 4, 1, 12},
};

static const struct field input_fields[] = {
    /* of effect */
    {REFUSE_PORT, "PORT", 0, 2, 4, 0},
    {REFUSE_PORT, "PORT", 2, 2, 1, 2}, /* sound comes in at the sample rate */
    {REFUSE_PORT, "PORT", 14, 2, 7, 14},
    {REFUSE_PORT, "PORT", 0, 4, VM_PORT_DELAY, 4}, /* of 0 frames */
    {REFUSE_PORT, "PORT", 4, 4, 1, 4},             /* channel 1 before channel 0 */
    {REFUSE_PORT, "PORT", 4, 4, 0xffffffffu, 4},
    {REFUSE_PORT, "PORT", 8, 4, 1, 8},
    {REFUSE_PORT, "PORT", 12, 4, VM_PORT_INPUT, 16}, /* of channel 48 */
    {REFUSE_PORT, "PORT", 28, 4, 0, 28},             /* channel 0 again */
    {REFUSE_PORT, "PORT", 28, 4, 2, 28},
    {REFUSE_PORT, "PORT", 32, 4, 0x80000000u, 32},
    {REFUSE_INSTRUCTION, "CODE", 13, 1, 1, 13}, /* an input read at a time */
    {REFUSE_INSTRUCTION, "CODE", 13, 1, 2, 13},
    {REFUSE_INSTRUCTION, "CODE", 16, 4, 1, 13}, /* a delay line read without one */
    {REFUSE_INSTRUCTION, "CODE", 25, 1, 0, 25},
    {REFUSE_INSTRUCTION, "CODE", 28, 4, 2, 25},
    {REFUSE_OPERAND, "CODE", 16, 4, 3, 16},
    {REFUSE_RESULT, "CODE", 20, 4, 1, 12},
    {REFUSE_INSTRUCTION, "CODE", 108, 4, 0, 105}, /* an input written */
    {REFUSE_INSTRUCTION, "CODE", 108, 4, 2, 105},
    {REFUSE_STATE, "STAT", 8, 4, 3 * 1024, 8}, /* only the delay has a ring */
};

static const struct field rate_fields[] = {
    /* of faster */
    {REFUSE_INSTRUCTION, "CODE", 47, 1, 0, 47}, /* the port's rate */
    {REFUSE_INSTRUCTION, "CODE", 63, 1, 2, 63},
    {REFUSE_INSTRUCTION, "CODE", 31, 1, 4, 31},
    {REFUSE_TABLE, "TABL", 0, 4, 0, 0},
    {REFUSE_TABLE, "TABL", 0, 4, 5, 0},
    {REFUSE_TABLE, "TABL", 0, 4, 0xffffffffu, 0},
    {REFUSE_TABLE, "TABL", 12, 4, 2, 12},
    {REFUSE_CONSTANT, "TABL", 8, 4, 0x7f800000u, 8},
    {REFUSE_CONSTANT, "TABL", 16, 4, 0x7fc00000u, 16},
    {REFUSE_CONSTANT, "TABL", 16, 4, 0x71800001u, 16}, /* beyond 2^100 */
    {REFUSE_CONSTANT, "TABL", 16, 4, 0xf1800001u, 16},
    {REFUSE_SECTION, "TABL", -4, 4, 19, -4},
};

static const struct field ring_fields[] = {
    /* of rings */
    {REFUSE_OPERAND, "CODE", 20, 4, 1, 20}, /* there is no t1 */
    {REFUSE_OPERAND, "CODE", 20, 4, 0xffffffffu, 20},
    {REFUSE_OPERAND, "CODE", 40, 4, 3, 40},     /* no p3 */
    {REFUSE_INSTRUCTION, "CODE", 40, 4, 1, 33}, /* a delay line is no ring */
    {REFUSE_INSTRUCTION, "CODE", 92, 4, 0, 85}, /* a ring cannot be tapped */
    {REFUSE_INSTRUCTION, "CODE", 76, 4, 0, 73}, /* nor written from outside */
    {REFUSE_PORT, "CODE", 60, 4, 0, 52},        /* a ring is of one op */
    {REFUSE_INSTRUCTION, "CODE", 35, 1, 1, 35}, /* of another rate than its ring */
    {REFUSE_INSTRUCTION, "CODE", 87, 1, 2, 87},
    {REFUSE_LIMIT, "PORT", 4, 4, VM_MAX_DELAY + 1, 4},
    {REFUSE_PORT, "PORT", 8, 4, 1, 8},
    {REFUSE_STATE, "STAT", 8, 4, 32 + 256, 8}, /* 32, 256 and 32 slots */
};

static void refuse_fields(const char *listing, const struct field *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct field *c = &list[i];
        struct file f = file_of(listing);
        size_t base = c->tag ? section(&f, c->tag) : 0;
        uint64_t blame = (uint64_t)((int64_t)base + c->blame);
        for (int k = 0; k < c->width; k++)
            f.bytes[(int64_t)base + c->at + k] = (uint8_t)(c->value >> 8 * k);
        repair(&f);
        if (c->code == REFUSE_MISSING)
            blame = f.size;
        assert_refused(&f, c->code, blame);
        free(f.bytes);
    }
}

static void test_fields(void **state)
{
    (void)state;
    refuse_fields(echo, fields, COUNT(fields));
    refuse_fields(effect, input_fields, COUNT(input_fields));
    refuse_fields(faster, rate_fields, COUNT(rate_fields));
    refuse_fields(rings, ring_fields, COUNT(ring_fields));
}

/* What reads another rate is found while loading, at its instruction. */
static void test_wrong_rates(void **state)
{
    static const struct {
        const char *listing;
        unsigned blame; /* in the code */
    } wrong[] = {
        {"LOAD_CONST r1, 1 @2x\nWRITE_OUTPUT r1\n", 0},
        {".delay 1 90 @2x\nLOAD_CONST r1, 1\nREAD_PORT p0, r1 -> r2 @2x\n"
         "WRITE_PORT p0, r2 @2x\nCALL_OP rate_down, r2 -> r3\nWRITE_OUTPUT r3\n",
         0}, /* a cycle of less than a frame */
        {".param \"x\" none linear 0 1 0 0\nLOAD_PARAM r1, \"x\" @2x\nWRITE_OUTPUT r1\n", 0},
        {"LOAD_CONST r1, 1\nWRITE_OUTPUT r1 @2x\n", 12},
        {"LOAD_CONST r1, 1\nCALL_OP osc_sine, r1 -> r2 @2x\nWRITE_OUTPUT r2\n", 28},
        {"LOAD_CONST r1, 1\nCALL_OP osc_sine, r1 -> r2\nCALL_OP osc_sine, r2 -> r3 @2x\n"
         "WRITE_OUTPUT r1\n",
         28},
        {"LOAD_CONST r1, 1\nCALL_OP osc_sine, r1 -> r2\nCALL_OP rate_up, r2 -> r3 @4x\n"
         "WRITE_OUTPUT r1\n",
         28},
        {"LOAD_CONST r1, 1\nCALL_OP osc_sine, r1 -> r2\nCALL_OP rate_up, r2 -> r3\n"
         "WRITE_OUTPUT r1\n",
         28},
        {"LOAD_CONST r1, 1\nCALL_OP rate_up, r1 -> r2\nWRITE_OUTPUT r2\n", 12},
        {"LOAD_CONST r1, 1\nCALL_OP osc_sine, r1 -> r2 @4x\nCALL_OP rate_down, r2 -> r3\n"
         "WRITE_OUTPUT r3\n",
         28},
        {"LOAD_CONST r1, 1\nCALL_OP osc_sine, r1 -> r2\nCALL_OP rate_hold, r2 -> r3\n"
         "WRITE_OUTPUT r3\n",
         28},
        {"LOAD_CONST r1, 1\nCALL_OP osc_sine, r1 -> r2 @8x\nCALL_OP rate_hold, r2 -> r3 @4x\n"
         "WRITE_OUTPUT r1\n",
         28},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(wrong); i++) {
        struct file f = file_of(wrong[i].listing);
        struct rp_error error = {0};
        size_t need = rp_program_bytes(f.bytes, f.size);
        void *memory = t_memory(need);
        assert_int_equal(rp_verify(f.bytes, f.size, &error), RP_OK);
        assert_null(rp_load(f.bytes, f.size, memory, need, &error));
        assert_int_equal(error.status, RP_REFUSED);
        assert_int_equal(error.code, REFUSE_RATE);
        if (error.offset != section(&f, "CODE") + wrong[i].blame)
            fail_msg("%s: blamed %zu", wrong[i].listing,
                     (size_t)error.offset - section(&f, "CODE"));
        seen[REFUSE_RATE]++;
        free(memory);
        free(f.bytes);
    }
}

/* Not more than two, be the third one's channel what it will. */
static void test_third_input(void **state)
{
    (void)state;
    for (uint32_t channel = 0; channel < 4; channel++) {
        struct file f = file_of(".input 0\n.input 1\n.delay 3 3\nLOAD_CONST r1, 1\n"
                                "WRITE_PORT p2, r1\nWRITE_OUTPUT r1\n");
        size_t row = section(&f, "PORT") + 2 * VM_PORT_SIZE;
        set_u32(f.bytes + row, VM_PORT_INPUT);
        set_u32(f.bytes + row + 4, channel);
        set_u32(f.bytes + row + 8, 0);
        repair(&f);
        assert_refused(&f, REFUSE_PORT, row);
        free(f.bytes);
    }
}

/* ---- the form of the file wrong: each alters it and says where the blame falls ---- */

static uint64_t short_header(struct file *f)
{
    return f->size = 23;
}

static uint64_t no_bytes(struct file *f)
{
    return f->size = 0;
}

static uint64_t other_short_file(struct file *f)
{
    memcpy(f->bytes, "RIFF....WAVE", 12);
    f->size = 12;
    return 0;
}

static uint64_t cut_short(struct file *f)
{
    f->size--;
    return VM_AT_SIZE;
}

static uint64_t appended(struct file *f)
{
    f->bytes[f->size++] = 0;
    return VM_AT_SIZE;
}

static uint64_t damaged(struct file *f)
{
    f->bytes[f->size - 2] ^= 0x10;
    return VM_AT_CRC;
}

static uint64_t damaged_checksum(struct file *f)
{
    f->bytes[VM_AT_CRC + 3] ^= 0x80;
    return VM_AT_CRC;
}

static uint64_t half_section_header(struct file *f)
{
    memset(f->bytes + f->size, 0, 4);
    f->size += 4;
    repair(f);
    return f->size - 4;
}

static uint64_t no_padding(struct file *f) /* the length fits, its padding does not */
{
    uint64_t at = f->size + 4;
    uint8_t odd[11] = {'X', 'X', 'X', 'X', 3, 0, 0, 0};
    memcpy(f->bytes + f->size, odd, sizeof odd);
    f->size += sizeof odd;
    repair(f);
    return at;
}

static uint64_t dirty_padding(struct file *f)
{
    uint8_t odd[12] = {'X', 'X', 'X', 'X', 2, 0, 0, 0, 1, 2, 0, 1};
    memcpy(f->bytes + f->size, odd, sizeof odd);
    f->size += sizeof odd;
    repair(f);
    return f->size - 1;
}

static uint64_t second_code(struct file *f)
{
    uint8_t empty[8] = {'C', 'O', 'D', 'E', 0, 0, 0, 0};
    memcpy(f->bytes + f->size, empty, sizeof empty);
    f->size += sizeof empty;
    repair(f);
    return f->size - 8;
}

static uint64_t long_stat(struct file *f)
{
    size_t at = section(f, "STAT");
    uint8_t zeros[16] = {0};
    insert(f, at + 16, zeros, 16);
    set_u32(f->bytes + at - 4, 32);
    repair(f);
    return at - 4;
}

static uint64_t short_node_section(struct file *f)
{
    size_t at = section(f, "NODE");
    cut(f, at, 4);
    set_u32(f->bytes + at - 4, vm_get_u32(f->bytes + at - 4) - 4);
    repair(f);
    return at - 4;
}

static uint64_t long_line_section(struct file *f)
{
    size_t at = section(f, "LINE");
    uint8_t row[12] = {0};
    insert(f, at, row, 12);
    set_u32(f->bytes + at - 4, vm_get_u32(f->bytes + at - 4) + 12);
    repair(f);
    return at - 4;
}

static uint64_t open_name(struct file *f)
{
    size_t at = section(f, "NAME");
    size_t last = at + vm_get_u32(f->bytes + at - 4) - 1;
    f->bytes[last] = 'x';
    repair(f);
    return last;
}

static void trim_code(struct file *f, uint32_t count)
{
    size_t at = section(f, "CODE");
    cut(f, at + 104 - count, count);
    set_u32(f->bytes + at - 4, 104 - count);
    repair(f);
}

static uint64_t half_instruction(struct file *f)
{
    trim_code(f, 4);
    return section(f, "CODE") + 88;
}

static uint64_t half_instruction_head(struct file *f)
{
    trim_code(f, 12);
    return section(f, "CODE") + 88;
}

static uint64_t no_output(struct file *f)
{
    trim_code(f, 16);
    return section(f, "CODE") + 88;
}

static uint64_t no_code(struct file *f)
{
    trim_code(f, 104);
    return section(f, "CODE");
}

static uint64_t code_after_output(struct file *f)
{
    size_t at = section(f, "CODE");
    uint8_t again[16];
    memcpy(again, f->bytes + at + 88, 16);
    insert(f, at + 104, again, 16);
    set_u32(f->bytes + at - 4, 120);
    repair(f);
    return at + 104;
}

static uint64_t port_written_twice(struct file *f)
{
    size_t at = section(f, "CODE");
    uint8_t again[12];
    memcpy(again, f->bytes + at + 76, 12);
    insert(f, at + 88, again, 12);
    set_u32(f->bytes + at - 4, 116);
    repair(f);
    return at + 88;
}

static uint64_t port_never_written(struct file *f)
{
    size_t at = section(f, "CODE");
    cut(f, at + 76, 12);
    set_u32(f->bytes + at - 4, 92);
    repair(f);
    return section(f, "PORT");
}

static const struct form {
    enum refusal code;
    uint64_t (*alter)(struct file *);
} forms[] = {
    {REFUSE_SHORT, short_header},
    {REFUSE_SHORT, no_bytes},
    {REFUSE_MAGIC, other_short_file},
    {REFUSE_SIZE, cut_short},
    {REFUSE_SIZE, appended},
    {REFUSE_CHECKSUM, damaged},
    {REFUSE_CHECKSUM, damaged_checksum},
    {REFUSE_SECTION, half_section_header},
    {REFUSE_SECTION, no_padding},
    {REFUSE_SECTION, dirty_padding},
    {REFUSE_SECTION, second_code},
    {REFUSE_SECTION, long_stat},
    {REFUSE_SECTION, short_node_section},
    {REFUSE_SECTION, long_line_section},
    {REFUSE_NAME, open_name},
    {REFUSE_INSTRUCTION, half_instruction},
    {REFUSE_INSTRUCTION, half_instruction_head},
    {REFUSE_OUTPUT, no_output},
    {REFUSE_OUTPUT, no_code},
    {REFUSE_OUTPUT, code_after_output},
    {REFUSE_PORT, port_written_twice},
    {REFUSE_PORT, port_never_written},
};

static void test_forms(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(forms); i++) {
        struct file f = file_of(echo);
        uint64_t blame = forms[i].alter(&f);
        assert_refused(&f, forms[i].code, blame);
        free(f.bytes);
    }
}

/* ---- limits ---- */

/* Run after the tests above. */
static void test_every_refusal_was_provoked(void **state)
{
    (void)state;
    for (int code = 0; code < REFUSALS; code++)
        if (refusal_names[code] && !seen[code])
            fail_msg("no input provokes %s", refusal_names[code]);
}

/* ---- sections and memory ---- */

/* Published check value of CRC-32/ISO-HDLC. */
static void test_crc(void **state)
{
    (void)state;
    assert_int_equal(vm_crc32((const uint8_t *)"123456789", 9), 0xcbf43926u);
    assert_int_equal(vm_crc32(NULL, 0), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_crc),         cmocka_unit_test(test_fields),
        cmocka_unit_test(test_third_input), cmocka_unit_test(test_wrong_rates),
        cmocka_unit_test(test_forms),       cmocka_unit_test(test_every_refusal_was_provoked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
