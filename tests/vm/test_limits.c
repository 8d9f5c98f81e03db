/* test_limits.c - what a program may take, and how loud it may be, at most: of ops by chance within
 * the ranges of their inputs, of the fixtures, the modules' examples and programs by chance. */
#include "listing.h"
#include "maker.h"
#include "slow.h"

#include "compiler/compile.h"
#include "render/sound_file.h"
#include "vm/range.h"
#include <glob.h>
#include <math.h>

/* ---- ops ---- */

enum { SLOTS = 1 << 10, OP_FRAMES = 3000, TRIALS = 60, TABLE = 40 };

static float any_size(uint64_t *chance)
{
    static const float sizes[] = {0.0f, 1e-3f, 0.3f, 1.0f, 7.0f, 440.0f, 24000.0f, 1e6f};
    return t_between(chance, -1.0f, 1.0f) * sizes[t_below(chance, COUNT(sizes))];
}

static struct vm_range any_range(uint64_t *chance)
{
    float a = any_size(chance), b = any_size(chance);
    switch (t_below(chance, 8)) {
    case 0:
        return VM_UNBOUNDED;
    case 1:
        return (struct vm_range){0.0f, 1.0f};
    case 2:
        return (struct vm_range){-1.0f, 1.0f};
    case 3:
        return (struct vm_range){a < b ? a : b, a < b ? b : a};
    default:
        return (struct vm_range){a, a};
    }
}

/* An end, or between; of what is not bounded, anything. */
static float any_within(struct vm_range r, uint64_t *chance)
{
    static const float wild[] = {0.0f, 1e30f, -1e30f, 3e38f, 1.0f, -1.0f, 1e-40f};
    if (!vm_is_bounded(r)) {
        uint32_t kind = t_below(chance, COUNT(wild) + 3);
        if (kind < COUNT(wild))
            return wild[kind];
        return kind == COUNT(wild) ? NAN : kind == COUNT(wild) + 1 ? INFINITY : any_size(chance);
    }
    uint32_t kind = t_below(chance, 4);
    float x = kind == 0 ? r.low : kind == 1 ? r.high : t_between(chance, r.low, r.high);
    return x < r.low ? r.low : x > r.high ? r.high : x;
}

/* Pairs of inputs that are a segment's frames and step, for the ops that want such. */
static uint32_t segments_of(const struct vm_op_row *row)
{
    return row->id == VM_OP_env_adsr                                             ? 0x4a
           : row->id == VM_OP_env_decay                                          ? 0xa
           : row->id == VM_OP_glide_linear || row->id == VM_OP_glide_exponential ? 2
                                                                                 : 0;
}

struct op_trial {
    uint32_t row;
    unsigned rate;
    uint32_t pairs;
    struct vm_range in[VM_OP_INPUTS], out[VM_OP_OUTPUTS], ring_range;
    float table[TABLE], ring[SLOTS];
    struct vm_table values;
};

/* A filter's coefficients, as its patches make them. */
static void any_filter(struct op_trial *t, uint64_t *chance)
{
    const char *name = vm_ops[t->row].name;
    const char *maker = strcmp(name, "svf_bell") == 0      ? "svf_bell_coeff"
                        : strcmp(name, "svf_loshelf") == 0 ? "svf_loshelf_coeff"
                        : strcmp(name, "svf_hishelf") == 0 ? "svf_hishelf_coeff"
                                                           : "svf_coeff";
    const struct vm_op_row *row = vm_op_by_name(maker, strlen(maker));
    float in[VM_OP_INPUTS] = {t_between(chance, 20.0f, 20000.0f), t_between(chance, 0.3f, 12.0f),
                              t_between(chance, 0.2f, 4.0f)};
    float out[VM_OP_OUTPUTS];
    struct count_memory m = {.rate = t->rate};
    count_operations((size_t)(row - vm_ops), in, out, NULL, &m);
    for (unsigned j = 1; j < vm_ops[t->row].inputs; j++)
        t->in[j] = (struct vm_range){out[j - 1], out[j - 1]};
}

static void start_trial(struct op_trial *t, uint32_t row, uint64_t *chance)
{
    t->row = row;
    t->rate = t_below(chance, 4);
    t->pairs = segments_of(&vm_ops[row]);
    t->values = (struct vm_table){t->table, 4 + t_below(chance, TABLE - 4)};
    for (unsigned i = 0; i < TABLE; i++)
        t->table[i] = any_size(chance) / 100.0f;
    for (unsigned j = 0; j < vm_ops[row].inputs; j++)
        t->in[j] = any_range(chance);
    if (t_below(chance, 2))
        t->in[0] = (struct vm_range){-1.0f, 1.0f};
    if ((strncmp(vm_ops[row].name, "svf_", 4) == 0 && vm_ops[row].state) ||
        vm_ops[row].id == VM_OP_crossover)
        any_filter(t, chance);
    t->ring_range = (struct vm_range){-0.5f, 2.0f};
    for (unsigned i = 0; i < SLOTS; i++)
        t->ring[i] = vm_ops[row].loop == VM_TAP ? any_within(t->ring_range, chance) : 0.0f;
    vm_op_range(row, t->rate, t->in, t->pairs, &t->values, t->ring_range, t->out);
}

static void move_inputs(const struct op_trial *t, float *in, uint64_t *chance)
{
    for (unsigned j = 0; j < vm_ops[t->row].inputs; j++)
        in[j] = any_within(t->in[j], chance);
    for (unsigned j = 0; j + 1 < VM_OP_INPUTS; j++)
        if (t->pairs >> j & 1) {
            in[j] = (float)t_below(chance, 300);
            in[j + 1] = 1.0f / (in[j] > 1.0f ? in[j] : 1.0f);
        }
}

/* How many bounds there were. */
static unsigned run_trial(struct op_trial *t, uint64_t *chance)
{
    const struct vm_op_row *row = &vm_ops[t->row];
    uint32_t state[VM_OP_STATE] = {0}, due = 0;
    float in[VM_OP_INPUTS] = {0}, out[VM_OP_OUTPUTS] = {0};
    struct count_memory m = {t->ring,  SLOTS - 1,        0,      2.0f, 600.0f,
                             t->table, t->values.length, t->rate};
    unsigned bounds = 0;
    unsigned gives = row->loop == VM_UP ? 2 : row->outputs;
    for (unsigned j = 0; j < 2 && row->key; j++)
        state[j] = (uint32_t)t_random(chance);
    for (unsigned j = 0; j < row->outputs; j++)
        bounds += (unsigned)vm_is_bounded(t->out[j]);
    for (unsigned k = 0; k < OP_FRAMES && bounds && row->loop != VM_HOLD; k++, m.now++) {
        if (due-- == 0) {
            move_inputs(t, in, chance);
            due = t_below(chance, 2) ? t_below(chance, 400) : 0;
        }
        if (row->loop == VM_DOWN)
            in[1] = any_within(t->in[0], chance);
        count_operations(t->row, in, out, state, &m);
        for (unsigned j = 0; j < gives; j++) {
            struct vm_range r = t->out[row->loop == VM_UP ? 0 : j];
            if (vm_is_bounded(r) && !(r.low <= out[j] && out[j] <= r.high))
                fail_msg("%s, output %u, frame %u: %.9g, not within %.9g and %.9g", row->name, j, k,
                         (double)out[j], (double)r.low, (double)r.high);
        }
    }
    return bounds;
}

static unsigned bounds[1024]; /* there were, by row of vm_ops */

/* An op's outputs are within its row of ranges.def. */
static void test_ops(void **state)
{
    static struct op_trial trial;
    (void)state;
    uint64_t chance = 1;
    for (uint32_t row = 0; row < vm_op_count; row++)
        for (unsigned k = 0; k < TRIALS; k++) {
            start_trial(&trial, row, &chance);
            bounds[row] += run_trial(&trial, &chance);
        }
}

/* ---- programs ---- */

enum { FRAMES = 4000, SLOW_FRAMES = 150, CHANGE = 700 };

struct seen {
    const struct rp_program *program;
    const struct vm_ranges *ranges;
    const char *name;
    unsigned long bounded, all;
};

static void look(void *context, const struct rp_tap_values *v)
{
    struct seen *seen = context;
    uint32_t reg = seen->program->code[v->instruction].out[v->output];
    struct vm_range r = seen->ranges->of[reg];
    seen->all++;
    if (!vm_is_bounded(r))
        return;
    seen->bounded++;
    if (seen->program->code[v->instruction].opcode == VM_CALL_OP)
        bounds[seen->program->code[v->instruction].arg]++;
    for (uint32_t i = 0; i < v->frames; i++) {
        float x = v->values[i * v->stride];
        if (!(r.low <= x && x <= r.high))
            fail_msg("%s: instruction %u (%s of node %s): %.9g, not within %.9g and %.9g",
                     seen->name, v->instruction,
                     seen->program->code[v->instruction].opcode == VM_CALL_OP
                         ? vm_ops[seen->program->code[v->instruction].arg].name
                         : "no op",
                     v->node ? v->node : "-", (double)x, (double)r.low, (double)r.high);
    }
}

/* Parameters at their ends or between, at once or by a glide. */
static void change_params(struct rp_group *g, const struct rp_program *p, uint64_t *chance)
{
    for (unsigned i = 0; i < rp_param_count(p); i++) {
        const struct rp_param *info = rp_param_info(p, i);
        float at[] = {info->low, info->high, rp_param_at(info, t_between(chance, 0.0f, 1.0f))};
        uint32_t glide = t_below(chance, 2) ? t_below(chance, CHANGE) : 0;
        assert_int_equal(rp_param_glide(g, 0, i, at[t_below(chance, 3)], glide), RP_OK);
    }
}

static void run_tapped(struct seen *seen, struct rp_group *g, uint64_t *chance)
{
    static float in[2][CHANGE], out[2][CHANGE];
    const float *const from[] = {in[0], in[1]};
    float *const to[] = {out[0], out[1]};
    struct rp_tap tap = {0, look, seen};
    struct rp_error error;
    assert_int_equal(rp_voice_start(g, 0, t_random(chance), 3), RP_OK);
    for (uint32_t at = 0; at < FRAMES; at += CHANGE) {
        change_params(g, seen->program, chance);
        for (unsigned i = 0; i < CHANGE; i++) {
            in[0][i] = t_below(chance, 2) ? t_between(chance, -1.0f, 1.0f) : 1.0f;
            in[1][i] = t_below(chance, 2) ? -1.0f : 1.0f;
        }
        enum rp_status status = rp_process_tapped(g, CHANGE, from, to, &tap, &error);
        assert_true(status == RP_OK || status == RP_NOT_FINITE);
        if (status != RP_OK)
            return;
    }
}

/* Operations, counted, are not more than are declared, of each instruction and in all. */
static void count_slowly(const struct rp_program *p, const char *name, uint64_t *chance)
{
    struct slow slow;
    float *params = t_memory((rp_param_count(p) + 1) * sizeof *params), out[2];
    for (unsigned i = 0; i < rp_param_count(p); i++) {
        const struct rp_param *info = rp_param_info(p, i);
        params[i] = t_below(chance, 2) ? info->high : info->low;
    }
    assert_int_equal(slow_start(&slow, p, params, 1, 1), 0);
    for (unsigned i = 0; i < SLOW_FRAMES; i++)
        slow_frame(&slow, out);
    if (slow.over != VM_NONE || slow.most > rp_cost(p))
        fail_msg("%s: instruction %u (%s) takes more operations than it says, of %u", name,
                 slow.over, slow.over == VM_NONE ? "all" : vm_ops[p->code[slow.over].arg].name,
                 slow.over == VM_NONE ? 0 : p->code[slow.over].cost);
    slow_free(&slow);
    free(params);
}

static void check_program(const struct rp_program *p, const char *name, unsigned long seen_of[2])
{
    enum { GUARD = 64 };
    struct vm_ranges ranges;
    void *memory = t_memory(vm_ranges_bytes(p));
    size_t size = rp_group_bytes(p, 1);
    uint8_t *group = t_memory(size + GUARD);
    uint64_t chance = size;
    struct rp_error error;
    struct rp_sizes sizes;
    vm_ranges_in(&ranges, p, memory);
    vm_find_ranges(p, &ranges);
    memset(group + size, 0xa5, GUARD);
    struct rp_group *g = rp_instantiate(p, 1, RP_ISA_BASE, group, size, &error);
    assert_non_null(g);
    struct seen seen = {.program = p, .ranges = &ranges, .name = name};
    run_tapped(&seen, g, &chance);
    count_slowly(p, name, &chance);
    for (unsigned i = 0; i < GUARD; i++)
        assert_int_equal(group[size + i], 0xa5);
    rp_sizes_of(p, &sizes);
    assert_true(sizes.state + sizes.delay <= size);
    seen_of[0] += seen.bounded;
    seen_of[1] += seen.all;
    free(group);
    free(memory);
}

static void check_bytes(const struct compile_result *result, const char *name,
                        unsigned long seen[2])
{
    size_t size = rp_program_bytes(result->bytes, result->size);
    struct rp_error error;
    void *memory = t_memory(size);
    const struct rp_program *p = rp_load(result->bytes, result->size, memory, size, &error);
    assert_non_null(p);
    check_program(p, name, seen);
    free(memory);
}

static void test_fixtures(void **state)
{
    glob_t found;
    unsigned long seen[2] = {0, 0};
    struct compile_options options = {.sounds = {sound_load, NULL}};
    (void)state;
    assert_int_equal(glob("fixtures/*.sx", 0, NULL, &found), 0);
    glob("fixtures/scores/patches/*.sx", GLOB_APPEND, NULL, &found);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        struct compile_result result;
        assert_int_equal(compile_file(found.gl_pathv[i], &options, stderr, &result), 0);
        check_bytes(&result, found.gl_pathv[i], seen);
        free(result.bytes);
    }
    globfree(&found);
    assert_true(seen[0] > seen[1] / 4); /* most of what there is has a bound */
}

static void test_examples(void **state)
{
    unsigned long seen[2] = {0, 0};
    struct compile_options options = {.sounds = {sound_load, NULL}};
    (void)state;
    for (size_t i = 0; i < vm_module_count; i++) {
        const char *text = vm_modules[i].example;
        struct source source = {.name = "fixtures/example", .text = text, .size = strlen(text)};
        struct compile_result result;
        FILE *nowhere = fopen("/dev/null", "w");
        int status = compile_text(&source, &options, nowhere, &result);
        fclose(nowhere);
        if (status == 0) {
            check_bytes(&result, vm_modules[i].name, seen);
            free(result.bytes);
        }
    }
    assert_true(seen[1] > 10000 && seen[0] > seen[1] / 4);
}

static void test_random_programs(void **state)
{
    static struct maker m;
    unsigned long seen[2] = {0, 0};
    (void)state;
    for (uint64_t seed = 5000; seed < 5060; seed++) {
        char name[32];
        make_program(&m, seed);
        struct built b = t_build(m.t.text);
        snprintf(name, sizeof name, "seed %llu", (unsigned long long)seed);
        check_program(b.program, name, seen);
        t_free(&b);
    }
    assert_true(seen[0] > 0);
}

/* Somewhere in what came before. */
static void test_every_row_bounds(void **state)
{
    (void)state;
#define RANGE(name, rule, a, b)                                                                    \
    if (bounds[vm_op_by_id(VM_OP_##name) - vm_ops] == 0)                                           \
        fail_msg("%s never has a bound", #name);
#include "vm/ranges.def"
}

/* ---- known answers ---- */

static struct rp_level level_of(const char *listing)
{
    struct built b = t_build(listing);
    struct rp_level level[2];
    size_t size = rp_level_bytes(b.program);
    void *memory = t_memory(size);
    assert_int_equal(rp_level(b.program, memory, size - 1, level), RP_MEMORY);
    assert_int_equal(rp_level(b.program, memory, size, level), RP_OK);
    free(memory);
    t_free(&b);
    return level[0];
}

#define NOISE "CALL_OP noise_white, #00000001 -> r1\n"

static void test_known(void **state)
{
    (void)state;
    struct rp_level l = level_of(NOISE "LOAD_CONST r2, 0.25\nLOAD_CONST r3, 2\n"
                                       "CALL_OP mul, r1, r2 -> r4\nCALL_OP add, r4, r3 -> r5\n"
                                       "WRITE_OUTPUT r5\n");
    assert_true(l.bounded && l.low == 1.75f && l.high == 2.25f);
    /* An echo of half of itself adds up to twice the sound. */
    l = level_of(".delay 100 200\nLOAD_CONST r1, 150\nLOAD_CONST r2, 0.5\n"
                 "READ_PORT p0, r1 -> r3\nCALL_OP mul, r3, r2 -> r4\n"
                 "CALL_OP noise_white, #00000001 -> r5\nCALL_OP add, r4, r5 -> r6\n"
                 "WRITE_PORT p0, r6\nWRITE_OUTPUT r6\n");
    assert_true(l.bounded && l.high >= 2.0f && l.high < 2.001f && l.low == -l.high);
    /* One of itself has no end: it begins where the line is read. */
    l = level_of(".delay 100 200\nLOAD_CONST r1, 150\nREAD_PORT p0, r1 -> r2\n"
                 "CALL_OP noise_white, #00000001 -> r3\nCALL_OP add, r2, r3 -> r4\n"
                 "WRITE_PORT p0, r4\nWRITE_OUTPUT r4\n");
    assert_true(!l.bounded && l.instruction == 1);
    /* 1 - G + G z^-1 ... of a one-pole: its impulse response is not below 0 and adds up to 1. */
    l = level_of(NOISE "LOAD_CONST r2, 0.1\nCALL_OP onepole, r1, r2 -> r3\nWRITE_OUTPUT r3\n");
    assert_true(l.bounded && l.high >= 1.0f && l.high < 1.01f);
    /* A filter that moves: by its coefficients. */
    l = level_of(NOISE "LOAD_CONST r2, 900\nCALL_OP mul, r1, r2 -> r3\n"
                       "CALL_OP onepole_coeff, r3 -> r4\nCALL_OP onepole, r1, r4 -> r5\n"
                       "WRITE_OUTPUT r5\n");
    assert_true(!l.bounded && l.instruction == 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ops),
        cmocka_unit_test(test_fixtures),
        cmocka_unit_test(test_examples),
        cmocka_unit_test(test_random_programs),
        cmocka_unit_test(test_every_row_bounds),
        cmocka_unit_test(test_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
