/* files.h - what the tests of the verifier share: bytecode files being altered, and run. */
#ifndef TESTS_VM_FILES_H
#define TESTS_VM_FILES_H

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

/* ---- files being altered ---- */

struct file {
    uint8_t *bytes;
    size_t size, capacity;
};

static inline void set_u32(uint8_t *at, uint32_t x)
{
    for (int i = 0; i < 4; i++)
        at[i] = (uint8_t)(x >> 8 * i);
}

/* Makes the header's size and checksum true again. */
static inline void repair(struct file *f)
{
    if (f->size < VM_HEADER_SIZE)
        return;
    set_u32(f->bytes + VM_AT_SIZE, (uint32_t)f->size);
    set_u32(f->bytes + VM_AT_CRC, vm_crc32(f->bytes + VM_HEADER_SIZE, f->size - VM_HEADER_SIZE));
}

static inline struct file copy_of(const struct bytes *b)
{
    struct file f = {malloc(b->size + 256), b->size, b->size + 256};
    assert_non_null(f.bytes);
    memcpy(f.bytes, b->data, b->size);
    return f;
}

static inline struct file file_of(const char *listing)
{
    struct arena arena;
    arena_init(&arena);
    struct bytes b = t_assemble(&arena, listing);
    struct file f = copy_of(&b);
    arena_free(&arena);
    return f;
}

/* Where a section's payload begins. */
static inline size_t section(const struct file *f, const char *tag)
{
    for (size_t at = VM_HEADER_SIZE; at + VM_SECTION_HEADER <= f->size;) {
        if (memcmp(f->bytes + at, tag, 4) == 0)
            return at + VM_SECTION_HEADER;
        at += VM_SECTION_HEADER + (vm_get_u32(f->bytes + at + 4) + 3) / 4 * 4;
    }
    fail_msg("no section %s", tag);
    return 0;
}

static inline void insert(struct file *f, size_t at, const void *bytes, size_t count)
{
    assert_true(f->size + count <= f->capacity);
    memmove(f->bytes + at + count, f->bytes + at, f->size - at);
    memcpy(f->bytes + at, bytes, count);
    f->size += count;
}

static inline void cut(struct file *f, size_t at, size_t count)
{
    memmove(f->bytes + at, f->bytes + at + count, f->size - at - count);
    f->size -= count;
}

static unsigned seen[REFUSALS]; /* refusals provoked, by code */

/* Refused for this reason at this place by both doors. */
static inline void assert_refused(const struct file *f, enum refusal code, uint64_t offset)
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

/* ---- chance ---- */

enum { GUARD = 64, MEMORY_CAP = 64 << 20, MUTANTS = 20000 };

static inline void *guarded(size_t size)
{
    uint8_t *memory = t_memory(size + GUARD);
    memset(memory + size, 0xa5, GUARD);
    return memory;
}

static inline void assert_guard(const void *memory, size_t size)
{
    const uint8_t *guard = (const uint8_t *)memory + size;
    for (size_t i = 0; i < GUARD; i++)
        if (guard[i] != 0xa5)
            fail_msg("byte %zu behind the memory was written", i);
}

static inline void set_params(struct rp_group *g, const struct rp_program *p, uint64_t *chance)
{
    for (unsigned i = 0; i < rp_param_count(p) && i < 8; i++) {
        float value = t_float((uint32_t)t_random(chance));
        assert_int_equal(rp_param_glide(g, 0, i, value, t_below(chance, 100)), RP_OK);
    }
}

static inline void run_group(struct rp_group *g, const struct rp_program *p, unsigned lanes,
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

#endif
