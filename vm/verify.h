/* verify.h - private to vm/: what verify.c and verify_code.c share. */
#ifndef VM_VERIFY_H
#define VM_VERIFY_H

#include "vm/program.h"

/* Fills in the error; -1. */
int vm_refuse(struct rp_error *, enum refusal code, uint64_t offset, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* The code instruction by instruction; adds to the totals. */
int vm_check_code(struct vm_file *, struct vm_totals *, struct rp_error *);
int vm_check_port_writes(const struct vm_file *, struct rp_error *);

static inline uint32_t vm_get_u16(const uint8_t *b)
{
    return (uint32_t)b[0] | (uint32_t)b[1] << 8;
}

static inline const uint8_t *vm_port_row(const struct vm_file *f, uint32_t port)
{
    return f->section[VM_PORT].bytes + VM_PORT_SIZE * (size_t)port;
}

static inline uint64_t vm_port_offset(const struct vm_file *f, uint32_t port)
{
    return f->section[VM_PORT].offset + VM_PORT_SIZE * (uint64_t)port;
}

static inline enum vm_port_kind vm_port_kind(const struct vm_file *f, uint32_t port)
{
    return (enum vm_port_kind)vm_get_u16(vm_port_row(f, port));
}

static inline unsigned vm_port_rate(const struct vm_file *f, uint32_t port)
{
    return vm_get_u16(vm_port_row(f, port) + 2);
}

#endif
