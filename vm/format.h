/* format.h - the bytecode file, as numbers. bytecode(5) is the description; the loader
 * (load.c), the compiler's writer and the tests share these. All fields are little-endian. */
#ifndef VM_FORMAT_H
#define VM_FORMAT_H

#include <stddef.h>
#include <stdint.h>

#define VM_MAGIC "\x89RPB\r\n\x1a\n"

enum {
    VM_HEADER_SIZE = 24, /* magic 8, format u32, semantics u32, file size u32, CRC-32 u32 */
    VM_AT_FORMAT = 8,
    VM_AT_SEMANTICS = 12,
    VM_AT_SIZE = 16,
    VM_AT_CRC = 20,        /* of every byte after the header */
    VM_SECTION_HEADER = 8, /* tag 4 bytes, payload length u32; the payload is padded to 4 */
    VM_PARAM_SIZE = 24,    /* name u32, unit u16, curve u16, low, high, default f32, glide u32 */
    VM_PORT_SIZE = 12,     /* kind u16, rate u16, then two u32: see vm_port_kind */
    VM_STAT_SIZE = 16,     /* registers, state words, delay frames, channels; u32 each */
    VM_LINE_SIZE = 12,     /* file name u32, line u32, column u32 */
    VM_MAX_RATE = 3,       /* a rate is 2^0 to 2^3 times RP_SAMPLE_RATE */
};

enum vm_opcode {
    VM_LOAD_CONST = 1,
    VM_LOAD_PARAM = 2,
    VM_READ_PORT = 3,
    VM_CALL_OP = 4,
    VM_WRITE_PORT = 5,
    VM_WRITE_OUTPUT = 6,
};

enum vm_port_kind {
    VM_PORT_DELAY = 1, /* shortest, longest, in frames */
    VM_PORT_INPUT = 2, /* channel, 0 */
    VM_PORT_RING = 3,  /* frames, 0: the memory of one op */
};

/* The machine's limits: a file over one of them is refused. */
enum {
    VM_MAX_FILE = 1 << 28,
    VM_MAX_CONSTANTS = 1 << 20,
    VM_MAX_PARAMS = 1 << 12,
    VM_MAX_PORTS = 1 << 12,
    VM_MAX_INPUTS = 2, /* channels from outside */
    VM_MAX_INSTRUCTIONS = 1 << 20,
    VM_MAX_DELAY = 1 << 22, /* frames of one port's longest delay */
    VM_DELAY_MARGIN = 64,   /* frames beyond a port's longest delay that its ring has room for */
    VM_MAX_RINGS = 1 << 23, /* frames of delay memory a voice, all rings together */
    VM_MAX_LIVE = 1 << 16,  /* signals alive at once */
    VM_MAX_STATE = 1 << 23, /* words */
    VM_MAX_TABLES = 1 << 12,
    VM_MAX_TABLE = 1 << 24, /* values in one */
    VM_MAX_TAPS = 1 << 13,  /* values in one that is an impulse response */
    VM_MAX_SCALE = 1 << 7,  /* values in one that is a scale */
};

#define VM_NONE UINT32_C(0xffffffff)

/* The most that a patch may write into a table: what interpolates, filters, convolves and amplifies
 * has room above it. What a program keeps is made of it, of a thousand partials perhaps, and may
 * be as much as an exponential gives. */
#define VM_MOST_WRITTEN 1e24
#define VM_MOST_KEPT    0x1p100f

/* CRC-32 as in ISO 3309, PNG and zip: reflected 0x04c11db7, start and end with all ones. */
uint32_t vm_crc32(const uint8_t *bytes, size_t size);
uint32_t vm_get_u32(const uint8_t *bytes);
/* Slots of a delay line that holds delays up to `longest` frames, at 2^rate times the sample rate:
 * a power of two with room for a block being written. */
uint32_t vm_delay_slots(uint32_t longest, unsigned rate);
/* Slots of an op's own ring that looks up to `longest` frames back. */
uint32_t vm_ring_slots(uint32_t longest);

#endif
