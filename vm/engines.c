#include "vm/engine.h"
#include "vm/repatch.h"

extern const struct vm_engine vm_engine_1_base, vm_engine_4_base, vm_engine_8_base,
    vm_engine_16_base;
#if defined __x86_64__
extern const struct vm_engine vm_engine_1_avx2, vm_engine_4_avx2, vm_engine_8_avx2,
    vm_engine_16_avx2;
extern const struct vm_engine vm_engine_1_avx512, vm_engine_16_avx512;
#endif

/* Best first within a width. VM_NARROW: a build with base's 1 and 4 alone, for a
 * quick test; VM_BASE: one with base's alone. */
static const struct {
    const struct vm_engine *engine;
    enum rp_isa isa;
} engines[] = {
#if defined __x86_64__ && !defined VM_NARROW && !defined VM_BASE
    {&vm_engine_16_avx512, RP_ISA_AVX512}, {&vm_engine_16_avx2, RP_ISA_AVX2},
    {&vm_engine_8_avx2, RP_ISA_AVX2},      {&vm_engine_4_avx2, RP_ISA_AVX2},
    {&vm_engine_1_avx512, RP_ISA_AVX512},  {&vm_engine_1_avx2, RP_ISA_AVX2},
#endif
#ifndef VM_NARROW
    {&vm_engine_16_base, RP_ISA_BASE},     {&vm_engine_8_base, RP_ISA_BASE},
#endif
    {&vm_engine_4_base, RP_ISA_BASE},      {&vm_engine_1_base, RP_ISA_BASE},
};

int rp_isa_available(enum rp_isa isa)
{
    if (isa == RP_ISA_BEST || isa == RP_ISA_BASE)
        return 1;
#if defined __x86_64__
    if (isa == RP_ISA_AVX2)
        return __builtin_cpu_supports("avx2") != 0;
    if (isa == RP_ISA_AVX512)
        return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
               __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw");
#endif
    return 0;
}

const struct vm_engine *vm_engine_find(unsigned lanes, enum rp_isa isa)
{
    if (!rp_isa_available(isa))
        return NULL;
    for (size_t i = 0; i < sizeof engines / sizeof *engines; i++) {
        if (engines[i].engine->lanes != lanes || !rp_isa_available(engines[i].isa))
            continue;
        if (isa == RP_ISA_BEST || engines[i].isa <= isa)
            return engines[i].engine;
    }
    return NULL;
}

unsigned rp_choose_lanes(size_t voices)
{
    if (voices <= 1)
        return 1;
    if (voices <= 4)
        return 4;
    return voices <= 8 ? 8 : 16;
}

void vm_evaluate(uint32_t row, unsigned rate, const float *in, float *out)
{
    struct vm_call call = {.rate = (uint8_t)rate};
    for (unsigned j = 0; j < vm_ops[row].inputs; j++)
        call.in[j] = in + j;
    for (unsigned j = 0; j < vm_ops[row].outputs; j++)
        call.out[j] = out + j;
    vm_engine_1_base.run[row](&call, 1);
}
