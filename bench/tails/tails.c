/* tails.c - what a frame of a module costs while it is loud and in its tail.
 *
 *   tails time [MODULE]    ns a frame, the least of ROUNDS, one voice and eight side by side
 *   tails count [MODULE]   the same frames once, for callgrind: a dump of its counts for each
 *
 * MODULE: those whose names begin so. The patches are those of tests/modules/trial.h. */
#include "tests/modules/trial.h"
#include <time.h>
#if __has_include(<valgrind/callgrind.h>)
#include <valgrind/callgrind.h>
#else
#define CALLGRIND_ZERO_STATS
#define CALLGRIND_DUMP_STATS_AT(name) (void)(name)
#endif

enum { FRAMES = 4800, SETTLE = 48000, ROUNDS = 25, LANES = 8 };

struct run {
    struct patch patch;
    struct rp_group *group;
    void *memory;
    unsigned lanes;
};

static float planes[4][FRAMES * LANES];

static void die(const struct run *r, const char *what)
{
    fprintf(stderr, "%s: %s\n%s", r->patch.trial->module->name, what, r->patch.trial->text);
    exit(2);
}

static void frames_of(struct run *r, int sound)
{
    const float *in[2] = {planes[0], planes[1]};
    float *out[2] = {planes[2], planes[3]};
    struct rp_error error;
    if (rp_process(r->group, FRAMES, sound ? in : NULL, out, &error) != RP_OK)
        die(r, error.reason);
}

static void start(struct run *r, unsigned lanes)
{
    struct rp_error error;
    size_t size = rp_group_bytes(r->patch.program, lanes);
    uint64_t chance = 1;
    r->lanes = lanes;
    r->memory = kit_aligned(size);
    r->group = rp_instantiate(r->patch.program, lanes, RP_ISA_BEST, r->memory, size, &error);
    for (unsigned l = 0; l < lanes; l++)
        rp_voice_start(r->group, l, 1, l);
    for (unsigned i = 0; i < FRAMES * lanes; i++)
        for (unsigned c = 0; c < 2; c++)
            planes[c][i] = (float)kit_between(&chance, -1.0, 1.0);
    frames_of(r, 1);
}

static void settle(struct run *r)
{
    unsigned params = rp_param_count(r->patch.program);
    for (unsigned l = 0; l < r->lanes; l++)
        for (unsigned i = 0; i < params; i++)
            if (rp_param_info(r->patch.program, i)->unit == RP_UNIT_GATE)
                rp_param_set(r->group, l, i, 0.0f);
    for (unsigned i = 0; i < SETTLE; i += FRAMES)
        frames_of(r, 0);
}

static double seconds_of(struct run *r, int sound)
{
    struct timespec a, b;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &a);
    frames_of(r, sound);
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &b);
    return (double)(b.tv_sec - a.tv_sec) + 1e-9 * (double)(b.tv_nsec - a.tv_nsec);
}

/* The tail's input is a buffer of zeros, as the loud one is a buffer. */
static void measure(struct run *r, unsigned lanes, double *loud, double *tail)
{
    *loud = *tail = 1e9;
    start(r, lanes);
    for (int i = 0; i < ROUNDS; i++)
        *loud = fmin(*loud, seconds_of(r, 1));
    memset(planes, 0, sizeof planes);
    settle(r);
    for (int i = 0; i < ROUNDS; i++)
        *tail = fmin(*tail, seconds_of(r, 1));
    free(r->memory);
}

static void print_times(struct run *r)
{
    double loud, tail;
    printf("%-20s", r->patch.trial->module->name);
    for (unsigned lanes = 1; lanes <= LANES; lanes += LANES - 1) {
        measure(r, lanes, &loud, &tail);
        printf(" %8.2f %8.2f %5.2f", 1e9 * loud / FRAMES, 1e9 * tail / FRAMES, tail / loud);
    }
    printf("\n");
}

static void count(struct run *r)
{
    char name[96];
    start(r, 1);
    snprintf(name, sizeof name, "loud %s", r->patch.trial->module->name);
    CALLGRIND_ZERO_STATS;
    frames_of(r, 1);
    CALLGRIND_DUMP_STATS_AT(name);
    memset(planes, 0, sizeof planes);
    settle(r);
    snprintf(name, sizeof name, "tail %s", r->patch.trial->module->name);
    CALLGRIND_ZERO_STATS;
    frames_of(r, 1);
    CALLGRIND_DUMP_STATS_AT(name);
    free(r->memory);
}

int main(int argc, char **argv)
{
    static struct trial t;
    const char *wanted = argc > 2 ? argv[2] : "";
    int counting = argc > 1 && strcmp(argv[1], "count") == 0;
    for (size_t i = 0; i < vm_module_count; i++) {
        struct run r = {.lanes = 1};
        if (strncmp(vm_modules[i].name, wanted, strlen(wanted)) != 0)
            continue;
        tail_plan(&t, &vm_modules[i], 0);
        if (patch_open(&r.patch, &t)) {
            fprintf(stderr, "%s: does not compile\n", t.module->name);
            continue;
        }
        if (counting)
            count(&r);
        else
            print_times(&r);
        patch_close(&r.patch);
    }
    return 0;
}
