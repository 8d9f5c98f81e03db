/* listing.h - what the tests of vm/ share: programs made from listing text, groups, a PRNG.
 * A test includes this first. */
#ifndef TESTS_VM_LISTING_H
#define TESTS_VM_LISTING_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "compiler/assemble.h"
#include "vm/disassemble.h"
#include "vm/format.h"
#include "vm/repatch.h"
#include "vm/tables.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

static const unsigned t_widths[] = {1, 4, 8, 16};
static const enum rp_isa t_isas[] = {RP_ISA_BASE, RP_ISA_AVX2, RP_ISA_AVX512, RP_ISA_BEST};

/* ---- chance, the same every time ---- */

static inline uint64_t t_random(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static inline uint32_t t_below(uint64_t *state, uint32_t n)
{
    return (uint32_t)((t_random(state) >> 32) * n >> 32);
}

static inline float t_between(uint64_t *state, float low, float high)
{
    return low + (high - low) * (float)t_below(state, 1 << 20) / (float)(1 << 20);
}

/* ---- floats as bits ---- */

static inline uint32_t t_bits(float x)
{
    uint32_t u;
    memcpy(&u, &x, sizeof u);
    return u;
}

static inline float t_float(uint32_t u)
{
    float x;
    memcpy(&x, &u, sizeof x);
    return x;
}

static inline int t_denormal(float x)
{
    return (t_bits(x) & 0x7f800000u) == 0 && (t_bits(x) & 0x007fffffu) != 0;
}

/* ---- memory and programs ---- */

static inline void *t_memory(size_t size)
{
    void *memory = aligned_alloc(RP_ALIGNMENT, (size + 63) / 64 * 64);
    assert_non_null(memory);
    return memory;
}

/* A program and what it stands on. */
struct built {
    struct arena arena;
    struct bytes file;
    struct rp_program *program;
};

static inline struct bytes t_assemble(struct arena *arena, const char *listing)
{
    struct source source = {"listing", listing, strlen(listing), 0};
    struct diags *diags = arena_take(arena, 1, sizeof *diags);
    diags_init(diags, arena);
    struct bytes file = assemble(arena, diags, &source);
    if (!file.data) {
        diags_print(diags, stderr);
        fail_msg("this listing does not assemble:\n%s", listing);
    }
    return file;
}

static inline struct rp_program *t_load(const struct bytes *file)
{
    struct rp_error error;
    size_t size = rp_program_bytes(file->data, file->size);
    void *memory = t_memory(size);
    struct rp_program *p = rp_load(file->data, file->size, memory, size, &error);
    if (!p)
        fail_msg("rp_load: byte %llu: %s", (unsigned long long)error.offset, error.reason);
    return p;
}

static inline struct built t_build(const char *listing)
{
    struct built b;
    arena_init(&b.arena);
    b.file = t_assemble(&b.arena, listing);
    b.program = t_load(&b.file);
    return b;
}

static inline void t_free(struct built *b)
{
    free(b->program);
    arena_free(&b->arena);
}

/* To be freed by free(). */
static inline struct rp_group *t_group(const struct rp_program *p, unsigned lanes, enum rp_isa isa)
{
    struct rp_error error;
    size_t size = rp_group_bytes(p, lanes);
    struct rp_group *g = rp_instantiate(p, lanes, isa, t_memory(size), size, &error);
    if (!g)
        fail_msg("rp_instantiate: %s", error.reason);
    return g;
}

static inline void t_run(struct rp_group *g, size_t frames, float *left, float *right)
{
    struct rp_error error;
    float *out[2] = {left, right};
    if (rp_run(g, frames, out, &error) != RP_OK)
        fail_msg("rp_run: frame %llu, lane %u: %s", (unsigned long long)error.offset, error.lane,
                 error.reason);
}

/* Fails at the first frame whose bits differ. */
static inline void t_same(const float *got, const float *want, size_t count, const char *what)
{
    for (size_t i = 0; i < count; i++)
        if (t_bits(got[i]) != t_bits(want[i]))
            fail_msg("%s: sample %zu is %.9g, not %.9g", what, i, (double)got[i], (double)want[i]);
}

/* ---- listings written by a program: registers number themselves ---- */

struct listing {
    char text[1 << 16];
    size_t size;
    unsigned registers, ports, tables;
    unsigned rate;                  /* of the instructions that follow, as in files */
    unsigned char rate_of[1 << 13]; /* by register; of a constant T_ANY */
};

enum { T_ANY = 255 };

static inline void t_line(struct listing *t, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static inline void t_line(struct listing *t, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int n = vsnprintf(t->text + t->size, sizeof t->text - t->size, format, arguments);
    va_end(arguments);
    t->size += (size_t)n;
    assert_true(t->size < sizeof t->text);
}

/* The next register. */
static inline unsigned t_result(struct listing *t, unsigned rate)
{
    assert_true(++t->registers < COUNT(t->rate_of));
    t->rate_of[t->registers] = (unsigned char)rate;
    return t->registers;
}

static inline const char *t_suffix(const struct listing *t)
{
    static const char *const text[] = {"", " @2x", " @4x", " @8x"};
    return text[t->rate];
}

static inline unsigned t_const(struct listing *t, float x)
{
    char number[32];
    vm_float_text(x, number);
    t_line(t, "LOAD_CONST r%u, %s\n", t_result(t, T_ANY), number);
    return t->registers;
}

static inline unsigned t_param(struct listing *t, const char *name)
{
    t_line(t, "LOAD_PARAM r%u, \"%s\"\n", t_result(t, 0), name);
    return t->registers;
}

static inline unsigned t_delay(struct listing *t, unsigned low, unsigned high)
{
    t_line(t, ".delay %u %u%s\n", low, high, t_suffix(t));
    return t->ports++;
}

static inline unsigned t_read(struct listing *t, unsigned port, unsigned time)
{
    t_line(t, "READ_PORT p%u, r%u -> r%u%s\n", port, time, t->registers + 1, t_suffix(t));
    return t_result(t, t->rate);
}

static inline void t_write(struct listing *t, unsigned port, unsigned r)
{
    t_line(t, "WRITE_PORT p%u, r%u%s\n", port, r, t_suffix(t));
}

/* A ring or delay line for an op; the latter is written what the op's first input is. */
static inline unsigned t_port_for(struct listing *t, const struct vm_op_row *row,
                                  const unsigned *in)
{
    if (row->loop == VM_TAP) {
        unsigned port = t_delay(t, 1u << t->rate, 300);
        t_write(t, port, row->inputs ? in[0] : t_const(t, 0.5f));
        return port;
    }
    t_line(t, ".ring %u%s\n", 1 + t->ports * 37 % 700, t_suffix(t));
    return t->ports++;
}

static inline unsigned t_table(struct listing *t)
{
    static const float values[] = {0.0f, 1.0f, 0.25f, -0.5f, 3.0f, -1.0f, 0.125f};
    unsigned length = 1 + t->tables % 7;
    char number[32];
    t_line(t, ".table %u", length);
    for (unsigned i = 0; i < length; i++) {
        vm_float_text(values[i], number);
        t_line(t, " %s", number);
    }
    t_line(t, "\n");
    return t->tables++;
}

/* An op by row of vm_ops; its first output. */
static inline unsigned t_op(struct listing *t, const struct vm_op_row *row, const unsigned *in,
                            unsigned key)
{
    unsigned port = vm_op_has_port(row) ? t_port_for(t, row, in) : 0;
    unsigned table = vm_op_has_table(row) ? t_table(t) : 0;
    t_line(t, "CALL_OP %s", row->name);
    if (row->key)
        t_line(t, ", #%08x", key);
    if (vm_op_has_port(row))
        t_line(t, ", p%u", port);
    if (vm_op_has_table(row))
        t_line(t, ", t%u", table);
    for (unsigned j = 0; j < row->inputs; j++)
        t_line(t, ", r%u", in[j]);
    for (unsigned j = 0; j < row->outputs; j++)
        t_line(t, "%sr%u", j ? ", " : " -> ", t->registers + 1 + j);
    t_line(t, "%s\n", t_suffix(t));
    for (unsigned j = 0; j < row->outputs; j++)
        t_result(t, t->rate);
    return t->registers - row->outputs + 1;
}

/* An op without a key by name, followed by its input registers, unsigned. */
static inline unsigned t_call(struct listing *t, const char *name, ...)
{
    const struct vm_op_row *row = vm_op_by_name(name, strlen(name));
    unsigned in[VM_OP_INPUTS];
    va_list inputs;
    if (!row)
        fail_msg("no op %s", name);
    va_start(inputs, name);
    for (unsigned j = 0; j < row->inputs; j++)
        in[j] = va_arg(inputs, unsigned);
    va_end(inputs);
    return t_op(t, row, in, 0);
}

static inline unsigned t_noise(struct listing *t, unsigned key)
{
    return t_op(t, vm_op_by_name("noise_white", 11), NULL, key);
}

static inline int t_has_op(const struct listing *t, const struct vm_op_row *row)
{
    char call[2][64];
    snprintf(call[0], sizeof call[0], "CALL_OP %s,", row->name);
    snprintf(call[1], sizeof call[1], "CALL_OP %s ", row->name);
    return strstr(t->text, call[0]) || strstr(t->text, call[1]);
}

static inline int t_changes_rate(const struct vm_op_row *row)
{
    return row->loop == VM_HOLD || row->loop == VM_UP || row->loop == VM_DOWN;
}

/* A part at 8 times the rate and back: all that changes rates, and a delay line there. */
static inline unsigned t_region(struct listing *t, unsigned signal, unsigned param)
{
    t->rate = 3;
    unsigned held = t_call(t, "rate_hold", param);
    t->rate = 1;
    unsigned up = t_call(t, "rate_up", signal);
    t->rate = 2;
    up = t_call(t, "rate_up", up);
    t->rate = 3;
    up = t_call(t, "mul", t_call(t, "rate_up", up), t_call(t, "osc_sine", held));
    unsigned line = t_delay(t, 30, 90);
    unsigned back = t_read(t, line, t_const(t, 77.5f));
    t_write(t, line, t_call(t, "add", up, t_call(t, "mul", back, t_const(t, 0.3f))));
    t->rate = 2;
    unsigned down = t_call(t, "rate_down", back);
    t->rate = 1;
    down = t_call(t, "rate_pick", down);
    t->rate = 0;
    return t_call(t, "rate_down", down);
}

/* Every op that is not called yet, on `in` in turn: the sum of what they give, each held within
 * +-1. */
static inline unsigned t_rest(struct listing *t, const unsigned *in, unsigned count)
{
    unsigned low = t_const(t, -1.0f), high = t_const(t, 1.0f), sum = low;
    for (size_t i = 0; i < vm_op_count; i++) {
        const struct vm_op_row *row = &vm_ops[i];
        unsigned from[VM_OP_INPUTS];
        if (t_has_op(t, row) || t_changes_rate(row))
            continue;
        for (unsigned j = 0; j < row->inputs; j++)
            from[j] = in[(i + j) % count];
        t_line(t, ".node \"%s\"\n", row->name);
        unsigned r = t_op(t, row, from, (unsigned)i);
        for (unsigned j = 0; j < row->outputs; j++)
            sum = t_call(t, "add", sum, t_call(t, "clip", r + j, low, high));
    }
    return t_call(t, "mul", sum, t_const(t, 0.1f));
}

/* A stereo program with every op and with delays of every kind, its outputs clipped to +-8. */
static inline void t_every_op(struct listing *t)
{
    *t = (struct listing){.size = 0};
    t_line(t, ".param \"pitch\" hz exponential 20 12000 440 480\n"
              ".param \"cutoff\" hz exponential 20 20000 1500 0\n"
              ".param \"gate\" gate linear 0 1 1 0\n"
              ".param \"amount\" ratio linear -1 1 0.25 100\n"
              ".param \"time\" s linear 0.0001 0.015 0.003 0\n"
              ".delay 1 30\n.delay 100 4000\n.delay 1 700\n.table 2 0.5 -1\n");
    t->ports = 3;
    t->tables = 1;
    unsigned pitch = t_param(t, "pitch"), cutoff = t_param(t, "cutoff"), gate = t_param(t, "gate");
    unsigned amount = t_param(t, "amount"), time = t_param(t, "time");
    t_line(t, ".node \"oscillators\"\n");
    unsigned sine = t_call(t, "osc_sine", pitch), slow = t_call(t, "osc_phasor", amount, sine);
    unsigned pm = t_call(t, "osc_sine_pm", pitch, sine), saw = t_call(t, "osc_saw", pitch);
    unsigned pulse = t_call(t, "osc_pulse", pitch, slow), tri = t_call(t, "osc_triangle", pitch);
    unsigned noise = t_noise(t, 7), noise2 = t_noise(t, 8);
    t_line(t, ".node \"envelopes\"\n");
    unsigned attack = t_call(t, "env_segment", time),
             tail = t_call(t, "env_segment", t_const(t, 0.01f));
    unsigned level = t_call(t, "max", amount, t_const(t, 0.1f));
    unsigned adsr =
        t_call(t, "env_adsr", gate, attack, attack + 1, tail, tail + 1, level, tail, tail + 1);
    unsigned decay = t_call(t, "env_decay", sine, attack, attack + 1, tail, tail + 1);
    t_line(t, ".node \"filters\"\n");
    unsigned moving = t_call(t, "mul", cutoff, t_call(t, "add", adsr, t_const(t, 0.5f)));
    unsigned c = t_call(t, "svf_coeff", moving, t_const(t, 3.0f));
    unsigned rest = t_call(t, "svf_coeff", cutoff, t_const(t, 0.7071f));
    unsigned low = t_call(t, "svf_lopass", saw, c, c + 1, c + 2);
    unsigned high = t_call(t, "svf_hipass", noise, rest, rest + 1, rest + 2, rest + 3);
    unsigned band = t_call(t, "svf_bandpass", pulse, c, c + 1, c + 2, c + 3);
    unsigned one = t_call(t, "onepole", noise2, t_call(t, "onepole_coeff", pitch));
    t_line(t, ".node \"delays\"\n");
    unsigned frames = t_call(t, "frames", time);
    unsigned comb = t_read(t, 0, t_call(t, "min", frames, t_const(t, 25.5f)));
    unsigned echo =
        t_read(t, 1, t_call(t, "sub", frames, t_call(t, "mul", tri, t_const(t, 50.0f))));
    t_write(t, 2, low);
    unsigned later = t_read(t, 2, frames);
    t_write(t, 0, t_call(t, "add", high, t_call(t, "mul", comb, t_const(t, 0.7f))));
    t_write(t, 1, t_call(t, "sub", band, t_call(t, "gain", echo, amount)));
    t_line(t, ".node \"mix\"\n");
    unsigned ratio = t_call(t, "div", pm, t_call(t, "add", decay, t_const(t, 1.5f)));
    unsigned sum = t_call(t, "add", t_call(t, "add", comb, echo), later);
    sum = t_call(t, "add", sum, ratio);
    sum = t_call(t, "add", sum, t_call(t, "mul", one, adsr));
    t_line(t, ".node \"rest\"\n");
    unsigned any[] = {sine, saw, tri, noise, level};
    for (unsigned i = 0; i < 4; i++) /* 0.1 to 0.9: no op gives anything that is not finite */
        any[i] = t_call(t, "add", t_call(t, "mul", any[i], t_const(t, 0.4f)), t_const(t, 0.5f));
    sum = t_call(t, "add", sum, t_region(t, saw, pitch));
    sum = t_call(t, "add", sum, t_rest(t, any, COUNT(any)));
    t_line(t, ".node \"mix\"\n");
    unsigned pan = t_call(t, "pan_gains", tri), limit = t_const(t, 8.0f), floor = t_const(t, -8.0f);
    unsigned left = t_call(t, "clip", t_call(t, "gain", sum, pan), floor, limit);
    unsigned right = t_call(t, "clip", t_call(t, "gain", sum, pan + 1), floor, limit);
    t_line(t, "WRITE_OUTPUT r%u, r%u\n", left, right);
}

#endif
