/* disassemble.h - bytecode as text, every byte of it: patchc --assemble makes the same file. */
#ifndef VM_DISASSEMBLE_H
#define VM_DISASSEMBLE_H

#include "vm/repatch.h"

/* Receives the text piece by piece. */
typedef void vm_text_sink(void *context, const char *text);

enum vm_listing {
    VM_LISTING_CODE, /* the instructions, after .param, .delay and .table lines if any */
    VM_LISTING_FULL, /* also the nodes and source lines they come from, and foreign sections */
};

/* Verifies and writes the text. RP_OK, or RP_REFUSED with *error filled. */
enum rp_status vm_disassemble(const void *bytes, size_t size, enum vm_listing, vm_text_sink *,
                              void *context, struct rp_error *error);

/* The shortest text that reads back as exactly this float; `text` holds 32 bytes. */
void vm_float_text(float x, char *text);

extern const char *const vm_opcode_names[7]; /* by enum vm_opcode */
extern const char *const vm_param_unit_names[6];
extern const char *const vm_curve_names[2];

#endif
