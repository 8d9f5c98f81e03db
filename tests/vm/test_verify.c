/* test_verify.c - promise P8: what the verifier refuses it refuses with a reason and a place, and
 * what it accepts runs within its memory. Best run with address and undefined sanitizers too. */
#include "listing.h"
#include "vm/program.h"

enum { REFUSALS = 64 }; /* codes are below */

static const char *const refusal_names[REFUSALS] = {
#define REFUSAL(code, ENUM, explanation) [code] = #ENUM,
#include "vm/refusals.def"
#undef REFUSAL
};

/* Every section there is, in the order the writer gives: CNST PARM PORT STAT CODE NODE LINE NAME.
 * The code's offsets: LOAD_CONST 0, LOAD_PARAM 12, READ_PORT 24, noise 40, add 56, WRITE_PORT 76,
 * WRITE_OUTPUT 88; 104 bytes in all. */
static const char echo[] = ".param \"time\" s exponential 0.001 0.01 0.005 0\n"
                           ".delay 48 480\n"
                           ".node \"echo\"\n"
                           ".line \"echo.sx\" 3 5\n"
                           "LOAD_CONST r1, 100\n"
                           "LOAD_PARAM r2, \"time\"\n"
                           "READ_PORT p0, r1 -> r3\n"
                           "CALL_OP noise_white, #00000001 -> r4\n"
                           "CALL_OP add, r4, r3 -> r5\n"
                           "WRITE_PORT p0, r5\n"
                           "WRITE_OUTPUT r5, r3\n";

/* The code's offsets: LOAD_PARAM 0, READ_PORT p0 12, READ_PORT p1 24, READ_PORT p2 40, LOAD_CONST
 * 52, gain 64, add 84, WRITE_PORT 104, WRITE_OUTPUT 116. */
static const char effect[] = ".param \"time\" none linear 48 480 100 0\n"
                             ".input 0\n"
                             ".delay 48 480\n"
                             ".input 1\n"
                             "LOAD_PARAM r1, \"time\"\n"
                             "READ_PORT p0 -> r2\n"
                             "READ_PORT p1, r1 -> r3\n"
                             "READ_PORT p2 -> r4\n"
                             "LOAD_CONST r5, 0.5\n"
                             "CALL_OP gain, r3, r5 -> r6\n"
                             "CALL_OP add, r2, r6 -> r7\n"
                             "WRITE_PORT p1, r7\n"
                             "WRITE_OUTPUT r7, r4\n";

static const char sine[] = "LOAD_CONST r1, 440\nCALL_OP osc_sine, r1 -> r2\nWRITE_OUTPUT r2\n";

static const char fuzz_delays[] =
    ".delay 1 4\n.delay 100 900\n"
    "LOAD_CONST r1, 3\nLOAD_CONST r2, 0.5\nCALL_OP noise_white, #00000003 -> r3\n"
    "READ_PORT p0, r1 -> r4\nCALL_OP gain, r4, r2 -> r5\nCALL_OP add, r3, r5 -> r6\n"
    "WRITE_PORT p0, r6\nWRITE_PORT p1, r6\nLOAD_CONST r7, 333.25\nREAD_PORT p1, r7 -> r8\n"
    "WRITE_OUTPUT r8, r6\n";

static const char fuzz_params[] =
    ".param \"freq\" hz exponential 20 20000 440 48\n.param \"gate\" gate linear 0 1 1 0\n"
    ".param \"level\" db linear 0 4 1 480\n"
    "LOAD_PARAM r1, \"freq\"\nLOAD_PARAM r2, \"gate\"\nLOAD_PARAM r3, \"level\"\n"
    "LOAD_CONST r4, 0.001\nCALL_OP env_segment, r4 -> r5, r6\n"
    "CALL_OP env_adsr, r2, r5, r6, r5, r6, r4, r5, r6 -> r7\n"
    "CALL_OP osc_saw, r1 -> r8\nCALL_OP gain, r8, r7 -> r9\nCALL_OP gain, r9, r3 -> r10\n"
    "WRITE_OUTPUT r10\n";

/* ---- files being altered ---- */

struct file {
    uint8_t *bytes;
    size_t size, capacity;
};

static void set_u32(uint8_t *at, uint32_t x)
{
    for (int i = 0; i < 4; i++)
        at[i] = (uint8_t)(x >> 8 * i);
}

/* Makes the header's size and checksum true again. */
static void repair(struct file *f)
{
    if (f->size < VM_HEADER_SIZE)
        return;
    set_u32(f->bytes + VM_AT_SIZE, (uint32_t)f->size);
    set_u32(f->bytes + VM_AT_CRC, vm_crc32(f->bytes + VM_HEADER_SIZE, f->size - VM_HEADER_SIZE));
}

static struct file copy_of(const struct bytes *b)
{
    struct file f = {malloc(b->size + 256), b->size, b->size + 256};
    assert_non_null(f.bytes);
    memcpy(f.bytes, b->data, b->size);
    return f;
}

static struct file file_of(const char *listing)
{
    struct arena arena;
    arena_init(&arena);
    struct bytes b = t_assemble(&arena, listing);
    struct file f = copy_of(&b);
    arena_free(&arena);
    return f;
}

/* Where a section's payload begins. */
static size_t section(const struct file *f, const char *tag)
{
    for (size_t at = VM_HEADER_SIZE; at + VM_SECTION_HEADER <= f->size;) {
        if (memcmp(f->bytes + at, tag, 4) == 0)
            return at + VM_SECTION_HEADER;
        at += VM_SECTION_HEADER + (vm_get_u32(f->bytes + at + 4) + 3) / 4 * 4;
    }
    fail_msg("no section %s", tag);
    return 0;
}

static void insert(struct file *f, size_t at, const void *bytes, size_t count)
{
    assert_true(f->size + count <= f->capacity);
    memmove(f->bytes + at + count, f->bytes + at, f->size - at);
    memcpy(f->bytes + at, bytes, count);
    f->size += count;
}

static void cut(struct file *f, size_t at, size_t count)
{
    memmove(f->bytes + at, f->bytes + at + count, f->size - at - count);
    f->size -= count;
}

static unsigned seen[REFUSALS]; /* refusals provoked, by code */

/* Refused for this reason at this place by both doors. */
static void assert_refused(const struct file *f, enum refusal code, uint64_t offset)
{
    struct rp_error error = {.status = RP_OK}, again = {.status = RP_OK};
    enum rp_status status = rp_verify(f->bytes, f->size, &error);
    if (status != RP_REFUSED || error.status != RP_REFUSED || error.code != (uint32_t)code ||
        error.offset != offset || !error.reason[0])
        fail_msg("wanted %s at %llu, got status %d, %s at %llu: %s", refusal_names[code],
                 (unsigned long long)offset, (int)status,
                 refusal_names[error.code % REFUSALS] ? refusal_names[error.code % REFUSALS] : "-",
                 (unsigned long long)error.offset, error.reason);
    assert_int_equal(rp_program_bytes(f->bytes, f->size), 0);
    assert_null(rp_load(f->bytes, f->size, NULL, 0, &again));
    assert_memory_equal(&error, &again, sizeof error);
    assert_int_equal(rp_verify(f->bytes, f->size, NULL), RP_REFUSED);
    seen[code]++;
}

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

/* The code's offsets: LOAD_CONST 0, osc_sine 12, rate_up 28, READ_PORT 44, WRITE_PORT 60, rate_down
 * 72, WRITE_OUTPUT 88. */
static const char faster[] = ".delay 4 90 @2x\n.table 2 0.5 1\n.table 1 3\n"
                             "LOAD_CONST r1, 440\n"
                             "CALL_OP osc_sine, r1 -> r2\n"
                             "CALL_OP rate_up, r2 -> r3 @2x\n"
                             "READ_PORT p0, r1 -> r4 @2x\n"
                             "WRITE_PORT p0, r3 @2x\n"
                             "CALL_OP rate_down, r4 -> r5\n"
                             "WRITE_OUTPUT r5\n";

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

/* The code's offsets: LOAD_CONST 0, lookup 12, back_delay 32, back_max 52, WRITE_PORT 72, tap_whole
 * 84, WRITE_OUTPUT 104. */
static const char rings[] = ".ring 20\n.delay 4 90\n.ring 30\n.table 2 0.5 1\n"
                            "LOAD_CONST r1, 0.25\n"
                            "CALL_OP lookup, t0, r1 -> r2\n"
                            "CALL_OP back_delay, p0, r2 -> r3\n"
                            "CALL_OP back_max, p2, r3 -> r4\n"
                            "WRITE_PORT p1, r4\n"
                            "CALL_OP tap_whole, p1, r1 -> r5\n"
                            "WRITE_OUTPUT r5\n";

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

static void test_limits(void **state)
{
    (void)state;
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

/* Run after the tests above. */
static void test_every_refusal_was_provoked(void **state)
{
    (void)state;
    for (int code = 0; code < REFUSALS; code++)
        if (refusal_names[code] && !seen[code])
            fail_msg("no input provokes %s", refusal_names[code]);
}

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

enum { GUARD = 64, MEMORY_CAP = 64 << 20, MUTANTS = 20000 };

static void *guarded(size_t size)
{
    uint8_t *memory = t_memory(size + GUARD);
    memset(memory + size, 0xa5, GUARD);
    return memory;
}

static void assert_guard(const void *memory, size_t size)
{
    const uint8_t *guard = (const uint8_t *)memory + size;
    for (size_t i = 0; i < GUARD; i++)
        if (guard[i] != 0xa5)
            fail_msg("byte %zu behind the memory was written", i);
}

/* Bytes of a group by the limits alone: delays and live signals a voice, and what grows with the
 * file. A register is 4 bytes of a file at least, a state word of an op of 8 bytes less than 8. */
static uint64_t group_limit(size_t file, unsigned lanes)
{
    uint64_t voice =
        4 * (uint64_t)VM_MAX_RINGS + (4 * (uint64_t)RP_BLOCK << VM_MAX_RATE) * VM_MAX_LIVE;
    return lanes * (voice + 16 * (uint64_t)file) + 64 * (uint64_t)file + 65536;
}

static void no_text(void *context, const char *text)
{
    *(size_t *)context += strlen(text);
}

static void set_params(struct rp_group *g, const struct rp_program *p, uint64_t *chance)
{
    for (unsigned i = 0; i < rp_param_count(p) && i < 8; i++) {
        float value = t_float((uint32_t)t_random(chance));
        assert_int_equal(rp_param_glide(g, 0, i, value, t_below(chance, 100)), RP_OK);
    }
}

static void run_group(struct rp_group *g, const struct rp_program *p, unsigned lanes,
                      uint64_t *chance)
{
    static float left[200 * RP_MAX_LANES], right[200 * RP_MAX_LANES], heard[2][100 * RP_MAX_LANES];
    float *out[2] = {left, right};
    const float *in[2] = {heard[0], heard[1]};
    struct rp_error error;
    for (size_t k = 0; k < 100 * lanes && rp_inputs(p); k++)
        heard[0][k] = heard[1][k] = t_between(chance, -1.0f, 1.0f);
    for (unsigned l = 0; l < lanes; l++)
        assert_int_equal(rp_voice_start(g, l, t_random(chance), l), RP_OK);
    for (unsigned i = 0; i < 2; i++) {
        enum rp_status status = rp_process(g, 100, in, out, &error);
        if (status == RP_NOT_FINITE) {
            assert_true(error.lane < lanes && error.channel < rp_channels(p) && !error.input);
            assert_true(error.offset < 200);
            return;
        }
        assert_int_equal(status, RP_OK);
        for (size_t k = 0; k < 100 * lanes; k++)
            assert_true(isfinite(left[k]));
        set_params(g, p, chance);
    }
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

/* ---- sections and memory ---- */

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
        cmocka_unit_test(test_crc),
        cmocka_unit_test(test_fields),
        cmocka_unit_test(test_third_input),
        cmocka_unit_test(test_wrong_rates),
        cmocka_unit_test(test_forms),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_limit_of_signals),
        cmocka_unit_test(test_limit_of_file),
        cmocka_unit_test(test_every_refusal_was_provoked),
        cmocka_unit_test(test_truncation),
        cmocka_unit_test(test_bit_flips),
        cmocka_unit_test(test_mutants),
        cmocka_unit_test(test_unknown_sections),
        cmocka_unit_test(test_program_memory),
        cmocka_unit_test(test_program_stands_alone),
        cmocka_unit_test(test_group_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
