/* voices.h - what the tests of kernels share: one voice, filters and envelopes set by parameters.
 */
#ifndef TESTS_VM_VOICES_H
#define TESTS_VM_VOICES_H

#include "listing.h"

enum { LONG = 1 << 18 };

static const double PI = 3.14159265358979323846;

/* Left or right of one voice. */
struct voice {
    struct built built;
    struct rp_group *group;
};

static inline struct voice voice(const char *listing, uint64_t seed, uint64_t serial)
{
    struct voice v = {.built = t_build(listing)};
    v.group = t_group(v.built.program, 1, RP_ISA_BEST);
    assert_int_equal(rp_voice_start(v.group, 0, seed, serial), RP_OK);
    return v;
}

static inline void voice_free(struct voice *v)
{
    free(v->group);
    t_free(&v->built);
}

static inline void set(struct voice *v, unsigned param, float x)
{
    assert_int_equal(rp_param_set(v->group, 0, param, x), RP_OK);
}

/* ---- filters ---- */

static const char filter_params[] = ".param \"x\" none linear -1000 1000 0 0\n"
                                    ".param \"cutoff\" hz linear 0 24000 1000 0\n"
                                    ".param \"q\" none linear 0 2000 1 0\n"
                                    "LOAD_PARAM r1, \"x\"\nLOAD_PARAM r2, \"cutoff\"\n"
                                    "LOAD_PARAM r3, \"q\"\n";

enum kind { LOPASS, HIPASS, BANDPASS, ONEPOLE, KINDS };
static const char *const kind_names[] = {"svf_lopass", "svf_hipass", "svf_bandpass", "onepole"};

/* Params: 0 the input, 1 cutoff, 2 q. */
static inline struct voice filter(enum kind kind)
{
    static struct listing t;
    t = (struct listing){.registers = 3};
    t_line(&t, "%s", filter_params);
    unsigned c, out;
    if (kind == ONEPOLE) {
        c = t_call(&t, "onepole_coeff", 2u);
        out = t_call(&t, "onepole", 1u, c);
    } else {
        c = t_call(&t, "svf_coeff", 2u, 3u);
        out = t_call(&t, kind_names[kind], 1u, c, c + 1, c + 2, c + 3);
    }
    t_line(&t, "WRITE_OUTPUT r%u\n", out);
    return voice(t.text, 0, 0);
}

/* Words of a snapshot: check, count, age, age, five a parameter, then state. */
static inline void state_words(const struct voice *v, float *words, size_t count)
{
    static uint32_t all[1 << 14];
    size_t before = 4 + 5 * (size_t)rp_param_count(v->built.program);
    assert_true(rp_snapshot_bytes(v->built.program) <= sizeof all);
    assert_int_equal(rp_snapshot(v->group, 0, all, sizeof all), RP_OK);
    assert_true(before + count <= rp_snapshot_bytes(v->built.program) / 4);
    memcpy(words, all + before, count * sizeof *words);
}

/* ---- envelopes ---- */

/* Params: 0 gate, 1 attack, 2 decay (time), 3 sustain, 4 release. */
static inline struct voice envelope(const char *op)
{
    static struct listing t;
    static const char *const names[] = {"gate", "attack", "decay", "sustain", "release"};
    unsigned r[5], a, d, s, out;
    t = (struct listing){.size = 0};
    for (unsigned i = 0; i < 5; i++) {
        t_line(&t, ".param \"%s\" none linear -1 1000 0 0\n", names[i]);
        r[i] = t_param(&t, names[i]);
    }
    a = t_call(&t, "env_segment", r[1]);
    d = t_call(&t, "env_segment", r[2]);
    s = t_call(&t, "env_segment", r[4]);
    if (strcmp(op, "env_adsr") == 0)
        out = t_call(&t, op, r[0], a, a + 1, d, d + 1, r[3], s, s + 1);
    else
        out = t_call(&t, op, r[0], a, a + 1, d, d + 1);
    t_line(&t, "WRITE_OUTPUT r%u\n", out);
    return voice(t.text, 0, 0);
}

static inline void set_times(struct voice *v, int attack, int decay, float sustain, int release)
{
    set(v, 1, (float)attack / RP_SAMPLE_RATE);
    set(v, 2, (float)decay / RP_SAMPLE_RATE);
    set(v, 3, sustain);
    set(v, 4, (float)release / RP_SAMPLE_RATE);
}

/* Within rounding of single precision. */
static inline void assert_near(float got, double want, const char *what, int frame)
{
    if (!(fabs((double)got - want) < 5e-7))
        fail_msg("%s: frame %d is %.9g, not %.9g", what, frame, (double)got, want);
}

#endif
