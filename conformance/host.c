/* host.c - a host that has set the float unit in a way of its own before it calls us: what it gets
 * must be the same, and it must find its unit as it was. */
#include "conformance/engine.h"
#include "vm/float_unit.h"
#include <fenv.h>
#include <string.h>
#if defined __SSE__
#include <xmmintrin.h>
#endif

static const struct {
    const char *name;
    int mode;
} roundings[] = {
#ifdef FE_UPWARD
    {"upward", FE_UPWARD},
#endif
#ifdef FE_DOWNWARD
    {"downward", FE_DOWNWARD},
#endif
#ifdef FE_TOWARDZERO
    {"zero", FE_TOWARDZERO},
#endif
    {"nearest", FE_TONEAREST},
};

static int rounding_of(const char *how)
{
    for (size_t i = 0; i < sizeof roundings / sizeof *roundings; i++)
        if (strcmp(how, roundings[i].name) == 0)
            return roundings[i].mode;
    return -1;
}

#if defined __SSE__
enum { FLUSH = 0x8040 }; /* FTZ, DAZ */
static void set_flush(bool on)
{
    _mm_setcsr(on ? _mm_getcsr() | FLUSH : _mm_getcsr() & ~(unsigned)FLUSH);
}
static int flush_is(void)
{
    return (_mm_getcsr() & FLUSH) == FLUSH;
}
#elif defined __aarch64__
enum { FLUSH = 1 << 24 }; /* FZ */
static uint64_t control(void)
{
    uint64_t word;
    __asm__ volatile("mrs %0, fpcr" : "=r"(word));
    return word;
}
static void set_flush(bool on)
{
    uint64_t word = on ? control() | FLUSH : control() & ~(uint64_t)FLUSH;
    __asm__ volatile("msr fpcr, %0" : : "r"(word));
}
static int flush_is(void)
{
    return (control() & FLUSH) != 0;
}
#elif defined __arm__ && defined __VFP_FP__
enum { FLUSH = 1 << 24 }; /* FZ */
static uint32_t control(void)
{
    uint32_t word;
    __asm__ volatile("vmrs %0, fpscr" : "=r"(word));
    return word;
}
static void set_flush(bool on)
{
    uint32_t word = on ? control() | FLUSH : control() & ~(uint32_t)FLUSH;
    __asm__ volatile("vmsr fpscr, %0" : : "r"(word));
}
static int flush_is(void)
{
    return (control() & FLUSH) != 0;
}
#else
#define NO_FLUSH
static void set_flush(bool on)
{
    (void)on;
}
static int flush_is(void)
{
    return 0;
}
#endif

static _Thread_local uint32_t left; /* as it was left */

bool host_float(const char *how)
{
    bool done;
    if (strcmp(how, "flush") == 0) {
        set_flush(true);
        done = flush_is();
    } else {
        int mode = rounding_of(how);
        done = mode != -1 && fesetround(mode) == 0;
    }
    left = vm_float_get() & (uint32_t)VM_FLOAT_MODES;
    return done;
}

bool host_float_kept(const char *how)
{
    bool flush = strcmp(how, "flush") == 0;
    return (vm_float_get() & (uint32_t)VM_FLOAT_MODES) == left && flush_is() == flush &&
           (flush || fegetround() == rounding_of(how));
}

void host_float_usual(void)
{
    set_flush(false);
    fesetround(FE_TONEAREST);
}
