/* trials.c - the conformance kit's programs about one module: its example, each input at the ends
 * of its range and moving, all inputs together at one end, and by chance. Written as requests
 * (conformance/README.md), those that do not compile left out.
 *
 * usage: trials MODULE > REQUESTS; with -t, the patches as text */
#include "tests/modules/kit.h"
#include "tests/modules/trial.h"
#include <inttypes.h>

enum {
    FRAMES = 1600,
    EXAMPLE_FRAMES = 4800,
    INPUT_FRAMES = 97,
    BY_CHANCE = 4,
    GLIDE = 700,
    LARGE = 8192
};
#define MOST_MEMORY (13u << 20) /* of a group of 16 */

static int as_text;
static unsigned written;

static void put_f32(FILE *f, float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    for (unsigned i = 0; i < 4; i++)
        fputc((int)(bits >> 8 * i & 0xff), f);
}

/* A full-scale step, an impulse, silence and noise. */
static void put_sound(FILE *f, uint64_t chance, unsigned channels)
{
    for (unsigned i = 0; i < INPUT_FRAMES; i++)
        for (unsigned c = 0; c < channels; c++) {
            double x = i < 20 ? 1.0 : i == 30 ? -1.0 : 0.0;
            if (i >= 50)
                x = kit_between(&chance, -1.0, 1.0);
            put_f32(f, (float)x);
        }
}

/* Params go to the ends of their ranges and glide between. */
static void put_events(FILE *f, const struct rp_program *p, uint64_t chance, uint32_t frames)
{
    unsigned params = rp_param_count(p);
    static const float positions[] = {0.0f, 1.0f, 0.5f};
    for (unsigned i = 0; i < 8 && params; i++) {
        unsigned param = i % params;
        const struct rp_param *info = rp_param_info(p, param);
        uint64_t r = kit_random(&chance);
        float position = i < 3 * params ? positions[i / params % 3] : (float)(r & 0xff) / 255.0f;
        fprintf(f, "%" PRIu32 " %s %a %u\n", i * frames / 8 + (uint32_t)(r >> 8) % 97, info->name,
                (double)rp_param_at(info, position), r >> 40 & 1 ? (unsigned)(r >> 44) % GLIDE : 0);
    }
}

static void put_request(const char *module, const char *what, const struct compile_result *result,
                        const struct rp_program *p, uint64_t chance, uint32_t frames)
{
    char *events = NULL, *input = NULL;
    size_t events_size = 0, input_size = 0;
    FILE *f = open_memstream(&events, &events_size);
    assert_non_null(f);
    put_events(f, p, chance, frames);
    fclose(f);
    f = open_memstream(&input, &input_size);
    assert_non_null(f);
    put_sound(f, chance, rp_inputs(p));
    fclose(f);
    printf("vm %s/%s %zu %zu %zu %" PRIu32 " %" PRIu64 " %" PRIu64 "\n", module, what, result->size,
           events_size, input_size, frames, chance, chance >> 32);
    fwrite(result->bytes, 1, result->size, stdout);
    fwrite(events, 1, events_size, stdout);
    fwrite(input, 1, input_size, stdout);
    free(events);
    free(input);
    written++;
}

/* A program that takes much memory is left out, it must run on small machines; of large files the
 * less needed. */
static int put_program(const char *module, const char *what, const struct compile_result *result,
                       uint64_t chance, uint32_t frames)
{
    struct rp_error error;
    size_t size = rp_program_bytes(result->bytes, result->size);
    void *memory = kit_aligned(size);
    struct rp_program *p = rp_load(result->bytes, result->size, memory, size, &error);
    assert_non_null(p);
    int moves = strstr(what, ".noise") || strstr(what, ".square") || strstr(what, "chance");
    int fits = 4 * rp_group_bytes(p, 4) <= MOST_MEMORY && (result->size < LARGE || !moves);
    if (fits)
        put_request(module, what, result, p, chance, frames);
    free(memory);
    return fits;
}

static int put_trial(struct trial *t, const char *what)
{
    struct compile_result result;
    if (compile_trial(t, &result))
        return 0;
    int fits = 1;
    if (as_text)
        printf("; %s/%s\n%s", t->module->name, what, t->text);
    else
        fits = put_program(t->module->name, what, &result, t->chance, FRAMES);
    free(result.bytes);
    return fits;
}

static void put_example(const struct vm_module *m)
{
    struct compile_result result;
    if (!m->example[0] || compile(m->example, &result))
        return;
    if (!as_text)
        put_program(m->name, "example", &result, m->id, EXAMPLE_FRAMES);
    free(result.bytes);
}

/* Nothing has its turn; then each input has every turn. */
static unsigned put_turns(struct trial *t, const struct vm_module *m)
{
    static const char *const moves[] = {"low", "high", "noise", "square", "param"};
    char what[200] = "plain";
    unsigned number = 0;
    if (trial_plan(t, m, number++, 1, 0))
        put_trial(t, what);
    for (unsigned i = 0; i < m->inputs; i++) {
        struct wire wire;
        for (unsigned n = 0; drive_in_turn(t, &m->in[i], n, &wire); n++) {
            if (!trial_plan(t, m, number++, 1, 0))
                return number;
            if (m->in[i].kind == VM_CHOICE)
                snprintf(what, sizeof what, "%s.%u", m->in[i].name, n);
            else
                snprintf(what, sizeof what, "%s.%s", m->in[i].name, moves[n]);
            put_trial(t, what);
            if (m->in[i].kind == VM_CHOICE && t->output > 0) {
                t->output = 0;
                strcat(what, ".first");
                put_trial(t, what);
            }
        }
    }
    return number;
}

/* Tables that need not be given are not. */
static void put_without_tables(struct trial *t, const struct vm_module *m)
{
    unsigned left_out = 0;
    trial_plan(t, m, 0, 1, 0);
    for (unsigned i = 0; i < m->inputs; i++)
        if (m->in[i].kind == VM_DATA && !must_be_given(&m->in[i])) {
            t->in[i].drive = DRIVE_NOTHING;
            left_out++;
        }
    if (left_out)
        put_trial(t, "no-table");
}

/* All inputs at once have the turn. */
static void put_all(struct trial *t, const struct vm_module *m, unsigned turn, const char *what)
{
    trial_begin(t, m, 1000 + turn, 1);
    t->oversample = 1;
    for (unsigned i = 0; i < m->inputs; i++) {
        t->in[i] = quiet_wire(t, &m->in[i]);
        if (m->in[i].kind == VM_CHOICE || (turn < 2 && is_sound(m, &m->in[i])))
            continue;
        drive_in_turn(t, &m->in[i], turn, &t->in[i]);
    }
    put_trial(t, what);
}

static void put_module(const struct vm_module *m)
{
    static const char *const all[] = {"all-low", "all-high", "all-noise", "all-square",
                                      "all-param"};
    static struct trial t;
    put_example(m);
    unsigned turns = put_turns(&t, m);
    put_without_tables(&t, m);
    for (unsigned i = 0; i < COUNT(all); i++)
        put_all(&t, m, i, all[i]);
    for (unsigned i = 0; i < BY_CHANCE; i++) {
        char what[40];
        snprintf(what, sizeof what, "chance.%u", i);
        if (trial_plan(&t, m, turns + i, 2 + i, BY_CHANCE))
            put_trial(&t, what);
    }
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "-t") == 0) {
        as_text = 1;
        argv++;
        argc--;
    }
    for (size_t i = 0; argc == 2 && i < vm_module_count; i++)
        if (strcmp(vm_modules[i].name, argv[1]) == 0) {
            put_module(&vm_modules[i]);
            return written > 0 || as_text ? 0 : 1;
        }
    fputs("usage: trials [-t] MODULE\n", stderr);
    return 2;
}
