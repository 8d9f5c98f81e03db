/* verify.c - what a bytecode file must be before a frame of it runs.
 *
 * Every check reads only bytes that an earlier check proved to be there. After vm_file_open says
 * RP_OK: all counts and operand numbers are in range, every register is written before it is
 * read, state and delay memory are what STAT says and below the limits, and the code is straight
 * line: a frame takes at most the operations that rp_cost says, which are bounded by the limits
 * alone, since no op goes through a table longer than its row in ops.def accepts. Here is all but
 * the code: verify_code.c. */
#include "vm/verify.h"
#include "vm/float_unit.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char vm_section_tags[VM_SECTIONS][5] = {"CNST", "PARM", "PORT", "TABL", "STAT",
                                              "CODE", "NODE", "NAME", "LINE"};

int vm_refuse(struct rp_error *error, enum refusal code, uint64_t offset, const char *format, ...)
{
    if (error) {
        memset(error, 0, sizeof *error);
        error->status = RP_REFUSED;
        error->code = code;
        error->offset = offset;
        va_list arguments;
        va_start(arguments, format);
        vsnprintf(error->reason, sizeof error->reason, format, arguments);
        va_end(arguments);
    }
    return -1;
}

uint32_t vm_get_u32(const uint8_t *b)
{
    return (uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
}

static float get_f32(const uint8_t *b)
{
    uint32_t bits = vm_get_u32(b);
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static int is_finite_bits(uint32_t bits)
{
    return (bits & 0x7f800000u) != 0x7f800000u;
}

static int is_kept(uint32_t bits)
{
    float x;
    memcpy(&x, &bits, sizeof x);
    return x >= -VM_MOST_KEPT && x <= VM_MOST_KEPT;
}

uint32_t vm_crc32(const uint8_t *bytes, size_t size)
{
    /* Four bits at a time: a table small enough to stand here. */
    static const uint32_t nibble[16] = {0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac,
                                        0x76dc4190, 0x6b6b51f4, 0x4db26158, 0x5005713c,
                                        0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c,
                                        0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c};
    uint32_t crc = 0xffffffffu;
    for (size_t i = 0; i < size; i++) {
        crc ^= bytes[i];
        crc = crc >> 4 ^ nibble[crc & 15];
        crc = crc >> 4 ^ nibble[crc & 15];
    }
    return ~crc;
}

uint32_t vm_delay_slots(uint32_t longest, unsigned rate)
{
    uint32_t slots = 2 * VM_DELAY_MARGIN;
    while (slots < longest + ((uint32_t)VM_DELAY_MARGIN << rate) + 2)
        slots *= 2;
    return slots;
}

uint32_t vm_ring_slots(uint32_t longest)
{
    uint32_t slots = 4;
    while (slots < longest + 1)
        slots *= 2;
    return slots;
}

static int check_header(struct vm_file *f, struct rp_error *e)
{
    if (f->size < VM_HEADER_SIZE) {
        if (f->size >= 8 && memcmp(f->bytes, VM_MAGIC, 8) != 0)
            return vm_refuse(e, REFUSE_MAGIC, 0, "this is not a Repatch bytecode file");
        return vm_refuse(e, REFUSE_SHORT, f->size, "the file ends within its header");
    }
    if (memcmp(f->bytes, VM_MAGIC, 8) != 0)
        return vm_refuse(e, REFUSE_MAGIC, 0, "this is not a Repatch bytecode file");
    uint32_t format = vm_get_u32(f->bytes + VM_AT_FORMAT);
    if (format != RP_FORMAT_VERSION)
        return vm_refuse(e, REFUSE_FORMAT, VM_AT_FORMAT,
                         "format version %lu, this machine reads version %d", (unsigned long)format,
                         RP_FORMAT_VERSION);
    uint32_t semantics = vm_get_u32(f->bytes + VM_AT_SEMANTICS);
    if (semantics != RP_SEMANTICS_VERSION)
        return vm_refuse(e, REFUSE_SEMANTICS, VM_AT_SEMANTICS,
                         "semantics version %lu, this machine makes the samples of version %d",
                         (unsigned long)semantics, RP_SEMANTICS_VERSION);
    uint32_t size = vm_get_u32(f->bytes + VM_AT_SIZE);
    if (size != f->size || f->size > VM_MAX_FILE)
        return vm_refuse(e, REFUSE_SIZE, VM_AT_SIZE, "the header says %lu bytes, the file has %llu",
                         (unsigned long)size, (unsigned long long)f->size);
    if (vm_crc32(f->bytes + VM_HEADER_SIZE, f->size - VM_HEADER_SIZE) !=
        vm_get_u32(f->bytes + VM_AT_CRC))
        return vm_refuse(e, REFUSE_CHECKSUM, VM_AT_CRC,
                         "the checksum does not match: damaged file");
    return 0;
}

static int section_named(const uint8_t *tag)
{
    for (int i = 0; i < VM_SECTIONS; i++)
        if (memcmp(tag, vm_section_tags[i], 4) == 0)
            return i;
    return -1;
}

static int keep_section(struct vm_file *f, size_t at, uint32_t length, struct rp_error *e)
{
    static const uint32_t row_size[VM_SECTIONS] = {
        4, VM_PARAM_SIZE, VM_PORT_SIZE, 4, VM_STAT_SIZE, 4, 4, 1, VM_LINE_SIZE};
    int name = section_named(f->bytes + at);
    if (name < 0)
        return 0;
    struct vm_section *s = &f->section[name];
    if (s->bytes)
        return vm_refuse(e, REFUSE_SECTION, at, "a second section %s", vm_section_tags[name]);
    if (length % row_size[name] != 0)
        return vm_refuse(e, REFUSE_SECTION, at + 4,
                         "section %s has %lu bytes, not a multiple of %lu", vm_section_tags[name],
                         (unsigned long)length, (unsigned long)row_size[name]);
    s->bytes = f->bytes + at + VM_SECTION_HEADER;
    s->size = length;
    s->offset = at + VM_SECTION_HEADER;
    return 0;
}

static int find_sections(struct vm_file *f, struct rp_error *e)
{
    size_t at = VM_HEADER_SIZE;
    while (at < f->size) {
        if (f->size - at < VM_SECTION_HEADER)
            return vm_refuse(e, REFUSE_SECTION, at, "the file ends within a section header");
        uint32_t length = vm_get_u32(f->bytes + at + 4);
        size_t room = f->size - at - VM_SECTION_HEADER;
        size_t padding = (4 - length % 4) % 4;
        if (length > room || padding > room - length)
            return vm_refuse(e, REFUSE_SECTION, at + 4, "a section of %lu bytes where %llu remain",
                             (unsigned long)length, (unsigned long long)room);
        if (keep_section(f, at, length, e))
            return -1;
        at += VM_SECTION_HEADER + length;
        for (; padding > 0; padding--, at++)
            if (f->bytes[at] != 0)
                return vm_refuse(e, REFUSE_SECTION, at, "the padding after a section is not zero");
    }
    if (!f->section[VM_STAT].bytes || !f->section[VM_CODE].bytes)
        return vm_refuse(e, REFUSE_MISSING, f->size, "there is no section %s",
                         f->section[VM_CODE].bytes ? "STAT" : "CODE");
    if (f->section[VM_STAT].size != VM_STAT_SIZE)
        return vm_refuse(e, REFUSE_SECTION, f->section[VM_STAT].offset - 4,
                         "section STAT has %lu bytes, not %d",
                         (unsigned long)f->section[VM_STAT].size, VM_STAT_SIZE);
    return 0;
}

static int check_count(const struct vm_file *f, enum vm_section_name name, uint32_t row,
                       uint32_t limit, uint32_t *count, struct rp_error *e)
{
    *count = f->section[name].size / row;
    if (*count > limit)
        return vm_refuse(e, REFUSE_LIMIT, f->section[name].offset - 4,
                         "%lu rows in %s, at most %lu", (unsigned long)*count,
                         vm_section_tags[name], (unsigned long)limit);
    return 0;
}

static int check_name(const struct vm_file *f, uint32_t name, uint64_t offset, struct rp_error *e)
{
    if (name >= f->section[VM_NAME].size)
        return vm_refuse(e, REFUSE_NAME, offset, "name offset %lu of %lu bytes of names",
                         (unsigned long)name, (unsigned long)f->section[VM_NAME].size);
    return 0;
}

static int check_names(const struct vm_file *f, struct rp_error *e)
{
    const struct vm_section *s = &f->section[VM_NAME];
    if (s->size > 0 && s->bytes[s->size - 1] != 0)
        return vm_refuse(e, REFUSE_NAME, s->offset + s->size - 1,
                         "the last name does not end with a zero byte");
    for (uint32_t i = 0; i < s->size; i++)
        if ((s->bytes[i] < 0x20 && s->bytes[i] != 0) || s->bytes[i] == 0x7f)
            return vm_refuse(e, REFUSE_NAME, s->offset + i, "a control character in a name");
    return 0;
}

static int check_constants(const struct vm_file *f, struct rp_error *e)
{
    const struct vm_section *s = &f->section[VM_CNST];
    for (uint32_t i = 0; i < f->constants; i++)
        if (!is_finite_bits(vm_get_u32(s->bytes + 4 * (size_t)i)))
            return vm_refuse(e, REFUSE_CONSTANT, s->offset + 4 * (uint64_t)i,
                             "constant %lu is not finite", (unsigned long)i);
    return 0;
}

/* TABL is one table after the other: its length, then its values. */
static int check_tables(struct vm_file *f, struct rp_error *e)
{
    const struct vm_section *s = &f->section[VM_TABL];
    for (uint32_t at = 0; at < s->size;) {
        uint64_t offset = s->offset + at;
        uint32_t length = vm_get_u32(s->bytes + at);
        at += 4;
        if (length < 1 || length > (s->size - at) / 4)
            return vm_refuse(e, REFUSE_TABLE, offset, "a table of %lu values where %lu are left",
                             (unsigned long)length, (unsigned long)(s->size - at) / 4);
        if (length > VM_MAX_TABLE || f->tables == VM_MAX_TABLES)
            return vm_refuse(e, REFUSE_LIMIT, offset,
                             "a table of more than %d values, or %d tables", VM_MAX_TABLE,
                             VM_MAX_TABLES);
        for (uint32_t i = 0; i < length; i++, at += 4)
            if (!is_kept(vm_get_u32(s->bytes + at)))
                return vm_refuse(e, REFUSE_CONSTANT, s->offset + at,
                                 "a table's value is not finite, or beyond 2^100");
        f->table_length[f->tables++] = length;
        f->table_values += length;
    }
    return 0;
}

static int check_param(const struct vm_file *f, uint32_t i, struct rp_error *e)
{
    const struct vm_section *s = &f->section[VM_PARM];
    const uint8_t *row = s->bytes + VM_PARAM_SIZE * (size_t)i;
    uint64_t at = s->offset + VM_PARAM_SIZE * (uint64_t)i;
    if (check_name(f, vm_get_u32(row), at, e))
        return -1;
    uint32_t curve = vm_get_u16(row + 6);
    if (vm_get_u16(row + 4) > RP_UNIT_GATE || curve > RP_EXPONENTIAL)
        return vm_refuse(e, REFUSE_PARAM, at + 4, "parameter %lu has an unknown unit or curve",
                         (unsigned long)i);
    for (size_t k = 8; k < 20; k += 4)
        if (!is_finite_bits(vm_get_u32(row + k)))
            return vm_refuse(e, REFUSE_PARAM, at + k, "a bound of parameter %lu is not finite",
                             (unsigned long)i);
    float low = get_f32(row + 8), high = get_f32(row + 12), def = get_f32(row + 16);
    if (!(low <= def && def <= high))
        return vm_refuse(e, REFUSE_PARAM, at + 8,
                         "the default of parameter %lu is not in its range", (unsigned long)i);
    if (curve == RP_EXPONENTIAL && !(low > 0.0f || high < 0.0f))
        return vm_refuse(e, REFUSE_PARAM, at + 6,
                         "parameter %lu is exponential over a range with zero in it",
                         (unsigned long)i);
    return 0;
}

/* Adds the port's ring to *sum. */
static int check_delay(const struct vm_file *f, uint32_t i, uint64_t *sum, struct rp_error *e)
{
    uint32_t low = vm_get_u32(vm_port_row(f, i) + 4), high = vm_get_u32(vm_port_row(f, i) + 8);
    if (low < 1 || low > high)
        return vm_refuse(e, REFUSE_PORT, vm_port_offset(f, i) + 4,
                         "port %lu has delays from %lu to %lu frames", (unsigned long)i,
                         (unsigned long)low, (unsigned long)high);
    if (high > VM_MAX_DELAY || (*sum += vm_delay_slots(high, vm_port_rate(f, i))) > VM_MAX_RINGS)
        return vm_refuse(e, REFUSE_LIMIT, vm_port_offset(f, i) + 8,
                         "a delay of more than %d frames, or more than %d in all", VM_MAX_DELAY,
                         VM_MAX_RINGS);
    return 0;
}

static int check_ring(const struct vm_file *f, uint32_t i, uint64_t *sum, struct rp_error *e)
{
    uint32_t longest = vm_get_u32(vm_port_row(f, i) + 4), rest = vm_get_u32(vm_port_row(f, i) + 8);
    if (rest != 0)
        return vm_refuse(e, REFUSE_PORT, vm_port_offset(f, i) + 8,
                         "port %lu is a ring and its last field is not 0", (unsigned long)i);
    if (longest > VM_MAX_DELAY || (*sum += vm_ring_slots(longest)) > VM_MAX_RINGS)
        return vm_refuse(e, REFUSE_LIMIT, vm_port_offset(f, i) + 4,
                         "a ring of more than %d frames, or more than %d in all", VM_MAX_DELAY,
                         VM_MAX_RINGS);
    return 0;
}

/* The inputs are channels 0, 1 in this order, so that each is there once and none is left out. */
static int check_input(struct vm_file *f, uint32_t i, struct rp_error *e)
{
    uint32_t channel = vm_get_u32(vm_port_row(f, i) + 4), rest = vm_get_u32(vm_port_row(f, i) + 8);
    if (f->inputs == VM_MAX_INPUTS)
        return vm_refuse(e, REFUSE_PORT, vm_port_offset(f, i), "more than %d inputs",
                         VM_MAX_INPUTS);
    if (channel != f->inputs)
        return vm_refuse(e, REFUSE_PORT, vm_port_offset(f, i) + 4,
                         "port %lu is input channel %lu where channel %lu is next",
                         (unsigned long)i, (unsigned long)channel, (unsigned long)f->inputs);
    if (rest != 0)
        return vm_refuse(e, REFUSE_PORT, vm_port_offset(f, i) + 8,
                         "port %lu is an input and its last field is not 0", (unsigned long)i);
    f->inputs++;
    return 0;
}

static int check_ports(struct vm_file *f, uint32_t *delay, struct rp_error *e)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < f->ports; i++) {
        int failed;
        unsigned rate = vm_port_rate(f, i);
        if (rate > (vm_port_kind(f, i) == VM_PORT_INPUT ? 0 : VM_MAX_RATE))
            return vm_refuse(e, REFUSE_PORT, vm_port_offset(f, i) + 2, "port %lu has rate %u",
                             (unsigned long)i, rate);
        switch (vm_port_kind(f, i)) {
        case VM_PORT_DELAY:
            failed = check_delay(f, i, &sum, e);
            break;
        case VM_PORT_INPUT:
            failed = check_input(f, i, e);
            break;
        case VM_PORT_RING:
            failed = check_ring(f, i, &sum, e);
            break;
        default:
            failed = vm_refuse(e, REFUSE_PORT, vm_port_offset(f, i), "port %lu is of unknown kind",
                               (unsigned long)i);
        }
        if (failed)
            return -1;
    }
    *delay = (uint32_t)sum;
    return 0;
}

static int check_stat(struct vm_file *f, const struct vm_totals *sum, struct rp_error *e)
{
    static const char *const names[] = {"registers", "state words", "delay frames", "channels"};
    const struct vm_section *s = &f->section[VM_STAT];
    const uint32_t real[] = {sum->registers, sum->state, sum->delay, sum->channels};
    for (unsigned i = 0; i < 4; i++) {
        uint32_t said = vm_get_u32(s->bytes + 4 * i);
        if (said != real[i])
            return vm_refuse(e, REFUSE_STATE, s->offset + 4 * i, "%lu %s where the code has %lu",
                             (unsigned long)said, names[i], (unsigned long)real[i]);
    }
    f->totals = *sum;
    return 0;
}

/* NODE has a name (or none) for each instruction, LINE a row for each. */
static int check_debug(const struct vm_file *f, struct rp_error *e)
{
    const struct vm_section *node = &f->section[VM_NODE], *line = &f->section[VM_LINE];
    if (node->bytes && node->size / 4 != f->instructions)
        return vm_refuse(e, REFUSE_SECTION, node->offset - 4,
                         "NODE has %lu rows for %lu instructions", (unsigned long)node->size / 4,
                         (unsigned long)f->instructions);
    if (line->bytes && line->size / VM_LINE_SIZE != f->instructions)
        return vm_refuse(e, REFUSE_SECTION, line->offset - 4,
                         "LINE has %lu rows for %lu instructions",
                         (unsigned long)line->size / VM_LINE_SIZE, (unsigned long)f->instructions);
    for (uint32_t i = 0; i < f->instructions; i++) {
        uint32_t at = i * 4;
        if (node->bytes && vm_get_u32(node->bytes + at) != VM_NONE &&
            check_name(f, vm_get_u32(node->bytes + at), node->offset + at, e))
            return -1;
        at = i * VM_LINE_SIZE;
        if (line->bytes && vm_get_u32(line->bytes + at) != VM_NONE &&
            check_name(f, vm_get_u32(line->bytes + at), line->offset + at, e))
            return -1;
    }
    return 0;
}

static enum rp_status open_file(struct vm_file *f, const void *bytes, size_t size,
                                struct rp_error *e)
{
    struct vm_totals sum = {0};
    memset(f, 0, sizeof *f);
    f->bytes = bytes;
    f->size = size;
    if (check_header(f, e) || find_sections(f, e) || check_names(f, e) ||
        check_count(f, VM_CNST, 4, VM_MAX_CONSTANTS, &f->constants, e) ||
        check_count(f, VM_PARM, VM_PARAM_SIZE, VM_MAX_PARAMS, &f->params, e) ||
        check_count(f, VM_PORT, VM_PORT_SIZE, VM_MAX_PORTS, &f->ports, e) ||
        check_constants(f, e) || check_tables(f, e))
        return RP_REFUSED;
    for (uint32_t i = 0; i < f->params; i++)
        if (check_param(f, i, e))
            return RP_REFUSED;
    if (check_ports(f, &sum.delay, e) || vm_check_code(f, &sum, e) || vm_check_port_writes(f, e) ||
        check_stat(f, &sum, e) || check_debug(f, e))
        return RP_REFUSED;
    return RP_OK;
}

enum rp_status vm_file_open(struct vm_file *f, const void *bytes, size_t size, struct rp_error *e)
{
    uint32_t host = vm_float_begin();
    enum rp_status status = open_file(f, bytes, size, e);
    vm_float_end(host);
    return status;
}

enum rp_status rp_verify(const void *bytes, size_t size, struct rp_error *error)
{
    struct vm_file file;
    return vm_file_open(&file, bytes, size, error);
}
