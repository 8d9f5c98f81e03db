/* test_fixtures.c - the promises from the inside, over every patch of fixtures/: one voice's
 * samples do not depend on the cut (P2), the width, the CPU's vectors or the lane (P3), on the
 * other voices, what they hear or when it starts (P5), or on being stored and restored half way.
 *
 * Run from the repository's root. All randomness is from a fixed seed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "compiler/compile.h"
#include "vm/repatch.h"
#include <glob.h>
#include <stdlib.h>
#include <string.h>

enum { FRAMES = 6000, RELEASE = 3000, CHANGE = 1777, GLIDE = 500 };

static uint32_t random_state = 1;

static uint32_t random_below(uint32_t n)
{
    random_state = random_state * 1664525u + 1013904223u;
    return (random_state >> 8) % n;
}

static void *aligned(size_t size)
{
    size_t whole = (size + RP_ALIGNMENT - 1) / RP_ALIGNMENT * RP_ALIGNMENT;
    void *memory = aligned_alloc(RP_ALIGNMENT, whole ? whole : RP_ALIGNMENT);
    assert_non_null(memory);
    return memory;
}

struct subject {
    struct rp_program *program;
    unsigned channels;
    float *wanted; /* [channel][frame] */
};

/* A voice that runs in one lane of a group, its events at their frames, its samples kept. */
struct voice {
    struct rp_group *group;
    void *memory;
    unsigned lanes, lane;
    uint32_t age;
    float *got; /* [channel][frame] */
};

static struct voice make_voice(const struct subject *s, unsigned lanes, enum rp_isa isa,
                               unsigned lane)
{
    struct voice v = {.lanes = lanes, .lane = lane};
    size_t size = rp_group_bytes(s->program, lanes);
    struct rp_error error;
    v.memory = aligned(size);
    memset(v.memory, 0xa5, size); /* P7: what the memory held before must not matter */
    v.group = rp_instantiate(s->program, lanes, isa, v.memory, size, &error);
    v.got = calloc((size_t)s->channels * FRAMES, sizeof *v.got);
    assert_non_null(v.got);
    return v;
}

static void free_voice(struct voice *v)
{
    free(v->memory);
    free(v->got);
}

/* What happens to the voice at each frame of its life. */
static void events(const struct subject *s, struct voice *v)
{
    int gate = rp_param_find(s->program, "gate");
    if (v->age == RELEASE && gate >= 0)
        assert_int_equal(rp_param_set(v->group, v->lane, (unsigned)gate, 0.0f), RP_OK);
    if (v->age != CHANGE)
        return;
    for (unsigned i = 0; i < rp_param_count(s->program); i++) {
        const struct rp_param *p = rp_param_info(s->program, i);
        float to = p->def + (p->high - p->def) * 0.25f;
        if ((int)i != gate)
            assert_int_equal(rp_param_glide(v->group, v->lane, i, to, GLIDE), RP_OK);
    }
}

static uint32_t next_event(uint32_t age)
{
    if (age < CHANGE)
        return CHANGE - age;
    return age < RELEASE ? RELEASE - age : FRAMES - age;
}

/* What an effect hears, from its first frame on. */
static float heard[2][FRAMES];

static void make_heard(void)
{
    for (unsigned c = 0; c < 2; c++)
        for (unsigned i = 0; i < FRAMES; i++)
            heard[c][i] = (float)random_below(2001) / 1000.0f - 1.0f;
}

/* The voice's own sound in its lane, in the others another one. */
static void hear(const struct voice *v, uint32_t n, float to[2][FRAMES * RP_MAX_LANES])
{
    for (unsigned c = 0; c < 2; c++)
        for (size_t i = 0; i < n; i++)
            for (unsigned l = 0; l < v->lanes; l++)
                to[c][i * v->lanes + l] =
                    l == v->lane ? heard[c][v->age + i] : heard[1 - c][(i + l) % FRAMES];
}

/* Runs the voice n frames on at most, to the next event. Returns how many. */
static uint32_t advance(const struct subject *s, struct voice *v, uint32_t n)
{
    static float planes[2][FRAMES * RP_MAX_LANES], inputs[2][FRAMES * RP_MAX_LANES];
    float *out[2] = {planes[0], planes[1]};
    const float *in[2] = {inputs[0], inputs[1]};
    struct rp_error error;
    events(s, v);
    uint32_t room = next_event(v->age);
    n = n < room ? n : room;
    if (rp_inputs(s->program))
        hear(v, n, inputs);
    assert_int_equal(rp_process(v->group, n, in, out, &error), RP_OK);
    for (unsigned c = 0; c < s->channels; c++)
        for (uint32_t i = 0; i < n; i++)
            v->got[c * FRAMES + v->age + i] = planes[c][i * v->lanes + v->lane];
    v->age += n;
    return n;
}

static void start(struct voice *v)
{
    assert_int_equal(rp_voice_start(v->group, v->lane, 77, 5), RP_OK);
    v->age = 0;
}

static void same_as_wanted(const struct subject *s, const struct voice *v)
{
    assert_memory_equal(v->got, s->wanted, s->channels * FRAMES * sizeof *v->got);
}

static void cuts(const struct subject *s)
{
    static const uint32_t fixed[] = {1, 63, 64, 799, 4096};
    for (size_t i = 0; i < 8; i++) {
        struct voice v = make_voice(s, 1, RP_ISA_BEST, 0);
        start(&v);
        while (v.age < FRAMES)
            advance(s, &v, i < 5 ? fixed[i] : 1 + random_below(500));
        same_as_wanted(s, &v);
        free_voice(&v);
    }
}

static void widths(const struct subject *s)
{
    static const unsigned lanes[] = {1, 4, 8, 16};
    for (size_t i = 0; i < 4; i++)
        for (int isa = RP_ISA_BASE; isa <= RP_ISA_AVX512; isa++) {
            struct voice v = make_voice(s, lanes[i], (enum rp_isa)isa, random_below(lanes[i]));
            if (!v.group) { /* not on this CPU */
                free_voice(&v);
                continue;
            }
            start(&v);
            while (v.age < FRAMES)
                advance(s, &v, 1 + random_below(1000));
            same_as_wanted(s, &v);
            free_voice(&v);
        }
}

/* Other voices start, change and start again around it; it starts late itself. */
static void crowd(const struct subject *s)
{
    static float planes[2][FRAMES * RP_MAX_LANES];
    float *out[2] = {planes[0], planes[1]};
    struct voice v = make_voice(s, 8, RP_ISA_BEST, random_below(8));
    struct rp_error error;
    for (unsigned l = 0; l < 8; l++)
        rp_voice_start(v.group, l, l, l);
    assert_int_equal(rp_run(v.group, 1 + random_below(3000), out, &error), RP_OK);
    start(&v);
    while (v.age < FRAMES) {
        unsigned other = random_below(8);
        if (other != v.lane && random_below(3) == 0)
            rp_voice_start(v.group, other, random_below(99), other);
        for (unsigned i = 0; other != v.lane && i < rp_param_count(s->program); i++) {
            const struct rp_param *p = rp_param_info(s->program, i);
            float to = rp_param_at(p, (float)random_below(100) / 100.0f);
            rp_param_glide(v.group, other, i, to, random_below(300));
        }
        advance(s, &v, 1 + random_below(700));
    }
    same_as_wanted(s, &v);
    free_voice(&v);
}

/* Stored at a random frame, restored in a group of another width that runs something else. */
static void moved(const struct subject *s)
{
    struct voice from = make_voice(s, 4, RP_ISA_BEST, 2), to = make_voice(s, 16, RP_ISA_BEST, 11);
    size_t size = rp_snapshot_bytes(s->program);
    void *bytes = aligned(size);
    uint32_t at = 1 + random_below(FRAMES - 1);
    start(&from);
    while (from.age < at)
        advance(s, &from, at - from.age);
    rp_voice_start(to.group, 3, 1, 1);
    rp_voice_start(to.group, 11, 9, 9);
    to.age = 0;
    advance(s, &to, 1000);
    assert_int_equal(rp_snapshot(from.group, from.lane, bytes, size), RP_OK);
    assert_int_equal(rp_restore(to.group, to.lane, bytes, size), RP_OK);
    memcpy(to.got, from.got, s->channels * FRAMES * sizeof *to.got);
    to.age = from.age;
    while (to.age < FRAMES)
        advance(s, &to, 1 + random_below(900));
    same_as_wanted(s, &to);
    free(bytes);
    free_voice(&from);
    free_voice(&to);
}

static struct rp_program *load(const char *path)
{
    struct compile_options options = {.debug_lines = false};
    struct compile_result result = {0};
    struct rp_error error;
    assert_int_equal(compile_file(path, &options, stderr, &result), 0);
    size_t size = rp_program_bytes(result.bytes, result.size);
    struct rp_program *program = rp_load(result.bytes, result.size, aligned(size), size, &error);
    assert_non_null(program);
    free(result.bytes);
    return program;
}

/* Every fixture, each with its reference: one voice alone, uncut, on plain instructions. */
static void over_fixtures(void (*property)(const struct subject *))
{
    glob_t found;
    assert_int_equal(glob("fixtures/*.sx", 0, NULL, &found), 0);
    assert_true(found.gl_pathc >= 10);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        struct subject s = {.program = load(found.gl_pathv[i])};
        s.channels = rp_channels(s.program);
        struct voice v = make_voice(&s, 1, RP_ISA_BASE, 0);
        start(&v);
        while (v.age < FRAMES)
            advance(&s, &v, FRAMES);
        s.wanted = v.got;
        property(&s);
        free_voice(&v);
        free(s.program);
    }
    globfree(&found);
}

#define PROPERTY(name)                                                                             \
    static void test_##name(void **state)                                                          \
    {                                                                                              \
        (void)state;                                                                               \
        over_fixtures(name);                                                                       \
    }
PROPERTY(cuts)
PROPERTY(widths)
PROPERTY(crowd)
PROPERTY(moved)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cuts),
        cmocka_unit_test(test_widths),
        cmocka_unit_test(test_crowd),
        cmocka_unit_test(test_moved),
    };
    make_heard();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
