/* float_unit.h - private to vm/ and render/mixer/: a host may have set the CPU's float unit to
 * flush denormals, to round another way or to trap. What computes samples begins with
 * vm_float_begin and ends with vm_float_end, so that it gives the same bits there, and the host
 * finds its unit as it was. When nothing is to be done it costs the reading of one register. The
 * compiler knows nothing of modes: what lies between the two must go through memory.
 *
 * WebAssembly has no such modes. A machine not named below must round to nearest by itself. */
#ifndef VM_FLOAT_UNIT_H
#define VM_FLOAT_UNIT_H

#include <stdint.h>

#define VM_FLOAT_FN static inline __attribute__((always_inline, unused))

/* VM_FLOAT_MODES: the bits that change results or trap; as they must be: VM_FLOAT_USUAL. */
#if defined __SSE__
/* MXCSR: FTZ, RC, the six masks, DAZ; the low six bits only tell what happened. */
enum { VM_FLOAT_MODES = 0xffc0, VM_FLOAT_USUAL = 0x1f80 };
VM_FLOAT_FN uint32_t vm_float_get(void)
{
    uint32_t word = 0; /* MemorySanitizer does not see the store */
    __asm__ volatile("stmxcsr %0" : "=m"(word) : : "memory");
    return word;
}
VM_FLOAT_FN void vm_float_set(uint32_t word)
{
    __asm__ volatile("ldmxcsr %0" : : "m"(word) : "memory");
}
#elif defined __aarch64__
/* FPCR: AHP, DN, FZ, RMode, traps, and AH, FIZ, NEP of newer machines. */
enum { VM_FLOAT_MODES = 0x07f79f07, VM_FLOAT_USUAL = 0 };
VM_FLOAT_FN uint32_t vm_float_get(void)
{
    uint64_t word;
    __asm__ volatile("mrs %0, fpcr" : "=r"(word) : : "memory");
    return (uint32_t)word;
}
VM_FLOAT_FN void vm_float_set(uint32_t word)
{
    __asm__ volatile("msr fpcr, %0" : : "r"((uint64_t)word) : "memory");
}
#elif defined __arm__ && defined __VFP_FP__ && !defined __SOFTFP__
/* FPSCR: AHP, DN, FZ, RMode, traps. */
enum { VM_FLOAT_MODES = 0x07c09f00, VM_FLOAT_USUAL = 0 };
VM_FLOAT_FN uint32_t vm_float_get(void)
{
    uint32_t word;
    __asm__ volatile("vmrs %0, fpscr" : "=r"(word) : : "memory");
    return word;
}
VM_FLOAT_FN void vm_float_set(uint32_t word)
{
    __asm__ volatile("vmsr fpscr, %0" : : "r"(word) : "memory");
}
#elif defined __riscv_flen
/* frm: 0 is to nearest. There is no flushing and there are no traps. */
enum { VM_FLOAT_MODES = 7, VM_FLOAT_USUAL = 0 };
VM_FLOAT_FN uint32_t vm_float_get(void)
{
    unsigned long word;
    __asm__ volatile("frrm %0" : "=r"(word) : : "memory");
    return (uint32_t)word;
}
VM_FLOAT_FN void vm_float_set(uint32_t word)
{
    unsigned long mode = word;
    __asm__ volatile("fsrm %0" : : "r"(mode) : "memory");
}
#elif defined __powerpc64__
/* FPSCR: RN, NI, and the five that trap. */
enum { VM_FLOAT_MODES = 0xff, VM_FLOAT_USUAL = 0 };
VM_FLOAT_FN uint32_t vm_float_get(void)
{
    union {
        double d;
        uint64_t u;
    } word;
    __asm__ volatile("mffs %0" : "=d"(word.d) : : "memory");
    return (uint32_t)word.u;
}
VM_FLOAT_FN void vm_float_set(uint32_t to)
{
    union {
        double d;
        uint64_t u;
    } word = {.u = to};
    __asm__ volatile("mtfsf 0xff, %0" : : "d"(word.d) : "memory");
}
#elif defined __s390x__
/* FPC: the masks that trap and the two rounding modes. */
enum { VM_FLOAT_MODES = (int)0xf8000077, VM_FLOAT_USUAL = 0 };
VM_FLOAT_FN uint32_t vm_float_get(void)
{
    uint32_t word;
    __asm__ volatile("efpc %0" : "=d"(word) : : "memory");
    return word;
}
VM_FLOAT_FN void vm_float_set(uint32_t word)
{
    __asm__ volatile("sfpc %0" : : "d"(word) : "memory");
}
#else
enum { VM_FLOAT_MODES = 0, VM_FLOAT_USUAL = 0 };
VM_FLOAT_FN uint32_t vm_float_get(void)
{
    return 0;
}
VM_FLOAT_FN void vm_float_set(uint32_t word)
{
    (void)word;
}
#endif

/* What vm_float_end gets. */
VM_FLOAT_FN uint32_t vm_float_begin(void)
{
    uint32_t word = vm_float_get();
    if ((word & (uint32_t)VM_FLOAT_MODES) != VM_FLOAT_USUAL)
        vm_float_set((word & ~(uint32_t)VM_FLOAT_MODES) | VM_FLOAT_USUAL);
    return word;
}

VM_FLOAT_FN void vm_float_end(uint32_t word)
{
    if ((word & (uint32_t)VM_FLOAT_MODES) != VM_FLOAT_USUAL)
        vm_float_set(word);
}

#endif
