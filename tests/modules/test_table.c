/* test_table.c - what holds for every module, tried on patches made from its row alone (trial.h):
 *
 *   - what comes out is finite, and no louder than what goes in accounts for (bound());
 *   - silence in gives no DC out;
 *   - the same bits at 1, 4, 8 and 16 lanes, in any lane, beside any voices, started at any time,
 *     in any cut of time, and from a snapshot on;
 *   - no tail reaches denormals: the CPU says so.
 *
 * test_table [MODULE [NUMBER]] tries the modules whose names begin so, or one trial of one. */
#include "kit.h"
#include "trial.h"
#include "vm/tables.h"
#include <float.h>
#include <string.h>
#if defined(__SSE__)
#include <xmmintrin.h>
#endif

enum { SEEDS = 4, RANDOM_TRIALS = 8, MOST_BYTES = 48 << 20, MUCH = 2 << 20 };

static const char *wanted = "";
static long wanted_number = -1;
static unsigned failures;

/* ---- failures ---- */

static void complain(const struct trial *t, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static void complain(const struct trial *t, const char *format, ...)
{
    char what[400];
    va_list args;
    va_start(args, format);
    vsnprintf(what, sizeof what, format, args);
    va_end(args);
    failures++;
    print_error("%s: %s\n  trial %u of seed %llu; where sound comes in, it is %s at %g\n"
                "  again: build/tests/modules/test_table %s %u\n%s\n",
                t->module->name, what, t->number, (unsigned long long)t->seed,
                sound_names[t->sound], t->level, t->module->name, t->number, t->text);
}

/* ---- what comes in ---- */

static void fill_sound(const struct trial *t, unsigned channel, float *to, unsigned frames)
{
    uint64_t chance = t->seed * 2 + channel;
    double value = 0.0;
    for (unsigned i = 0; i < frames; i++) {
        switch (t->sound) {
        case SOUND_NOISE:
            value = kit_between(&chance, -1.0, 1.0);
            break;
        case SOUND_STEPS:
            value = i % 200 == 0 ? kit_between(&chance, -1.0, 1.0) : value;
            break;
        case SOUND_IMPULSES:
            value = kit_random(&chance) % 300 == 0;
            break;
        case SOUND_SQUARE:
            value = i / (3 + 40 * channel) % 2 ? 1.0 : -1.0;
            break;
        default:
            value = 0.0;
        }
        to[i] = (float)(value * t->level);
    }
}

/* ---- playing it ---- */

struct way {
    unsigned lanes, lane;
    unsigned late; /* frames the group runs before */
    int cuts;      /* time is cut by chance */
    uint64_t chance;
};

struct stage {
    const struct patch *patch;
    struct way way;
    struct rp_group *group;
    void *memory;
    int light;             /* little memory is cleared when a voice starts */
    float *in[2], *out[2]; /* planes of the group */
    const float *sound[2]; /* of the voice */
};

static struct stage stage_open(const struct patch *p, const struct way *way)
{
    struct stage s = {.patch = p, .way = *way};
    struct rp_error error;
    size_t size = rp_group_bytes(p->program, way->lanes);
    s.memory = kit_aligned(size);
    s.light = size < MUCH;
    s.group = rp_instantiate(p->program, way->lanes, RP_ISA_BEST, s.memory, size, &error);
    assert_non_null(s.group);
    for (unsigned c = 0; c < 2; c++) {
        s.in[c] = calloc(TRIAL_FRAMES * way->lanes, sizeof(float));
        s.out[c] = calloc(TRIAL_FRAMES * way->lanes, sizeof(float));
        assert_non_null(s.in[c]);
        assert_non_null(s.out[c]);
    }
    return s;
}

static void stage_close(struct stage *s)
{
    for (unsigned c = 0; c < 2; c++) {
        free(s->in[c]);
        free(s->out[c]);
    }
    free(s->memory);
}

/* The other lanes hear noise of their own. */
static void fill_planes(struct stage *s, uint32_t at, uint32_t frames)
{
    unsigned lanes = s->way.lanes;
    for (unsigned c = 0; c < rp_inputs(s->patch->program); c++)
        for (uint32_t i = 0; i < frames; i++)
            for (unsigned l = 0; l < lanes; l++)
                s->in[c][i * lanes + l] = l == s->way.lane
                                              ? s->sound[c][at + i]
                                              : (float)kit_between(&s->way.chance, -1.0, 1.0);
}

static void stir_crowd(struct stage *s)
{
    const struct rp_program *p = s->patch->program;
    unsigned lane = (unsigned)(kit_random(&s->way.chance) % s->way.lanes);
    unsigned params = rp_param_count(p);
    if (lane == s->way.lane)
        return;
    if (params == 0 || kit_random(&s->way.chance) % 4 == 0) {
        if (s->light)
            rp_voice_start(s->group, lane, kit_random(&s->way.chance), lane);
    } else {
        unsigned param = (unsigned)(kit_random(&s->way.chance) % params);
        float position = (float)kit_between(&s->way.chance, 0.0, 1.0);
        rp_param_set(s->group, lane, param, rp_param_at(rp_param_info(p, param), position));
    }
}

static void act(struct stage *s, uint32_t frame)
{
    const struct rp_program *p = s->patch->program;
    unsigned params = rp_param_count(p);
    for (unsigned i = 0; i < TRIAL_EVENTS && params; i++) {
        const struct event *e = &s->patch->trial->events[i];
        if (e->frame == frame)
            rp_param_glide(s->group, s->way.lane, e->param % params,
                           rp_param_at(rp_param_info(p, e->param % params), e->position), e->glide);
    }
}

/* Frames until the next event, cut or end. */
static uint32_t stretch(struct stage *s, uint32_t at, uint32_t until)
{
    uint32_t n = until - at;
    for (unsigned i = 0; i < TRIAL_EVENTS; i++) {
        uint32_t frame = s->patch->trial->events[i].frame;
        if (frame > at && frame - at < n)
            n = frame - at;
    }
    if (s->way.cuts) {
        uint32_t cut = 1 + (uint32_t)(kit_random(&s->way.chance) % 150);
        n = cut < n ? cut : n;
    }
    return n;
}

/* The voice's frames from `at` to `until` into out[channel]. 0, or -1 with *error. */
static int run(struct stage *s, uint32_t at, uint32_t until, float *const out[2],
               struct rp_error *error)
{
    unsigned lanes = s->way.lanes, inputs = rp_inputs(s->patch->program);
    while (at < until) {
        act(s, at);
        uint32_t n = stretch(s, at, until);
        fill_planes(s, at, n);
        const float *in[2] = {s->in[0], s->in[1]};
        if (rp_process(s->group, n, inputs ? in : NULL, s->out, error) != RP_OK)
            return -1;
        for (unsigned c = 0; c < s->patch->channels; c++)
            for (uint32_t i = 0; i < n; i++)
                out[c][at + i] = s->out[c][i * lanes + s->way.lane];
        at += n;
        if (lanes > 1)
            stir_crowd(s);
    }
    return 0;
}

/* The group is in use when the voice starts, its lane too. */
static int run_before(struct stage *s, struct rp_error *error)
{
    for (unsigned l = 0; l < s->way.lanes; l++)
        if (s->light || l / 2 == s->way.lane / 2)
            rp_voice_start(s->group, l, kit_random(&s->way.chance), l);
    fill_planes(s, 0, s->way.late);
    const float *in[2] = {s->in[0], s->in[1]};
    return rp_process(s->group, s->way.late, rp_inputs(s->patch->program) ? in : NULL, s->out,
                      error) == RP_OK
               ? 0
               : -1;
}

/* ---- measures ---- */

/* An input that feeds back, so that what goes in may be added up every frame. */
static int adds_up(const struct vm_in *in)
{
    return strcmp(in->name, "feedback") == 0;
}

/* The loudest that what goes in accounts for: the product of the largest magnitudes, at least 1, of
 * all that is neither a frequency nor a time, times 5; what feeds back may add it up every frame,
 * and rows of a table may add up. Strings gather 32 times, modes 128 times. Arithmetic gives what
 * its algebra says, but no more than exponentials do, through half-bands; a biquad what its
 * coefficients do. */
static double bound(const struct trial *t)
{
    double most = 5.0;
    if (is_of(t->module, "math"))
        return 1.5 * 0x1p100;
    if (strcmp(t->module->name, "filter.biquad") == 0)
        return 1e13;
    if (is_of(t->module, "physical"))
        most = strcmp(t->module->name, "string.pluck") == 0 ? 32.0 : 128.0;
    if (strcmp(t->module->name, "filter.leaky") == 0) /* its leak is in Hz */
        most *= TRIAL_FRAMES;
    for (unsigned i = 0; i < t->module->inputs; i++) {
        const struct vm_in *in = &t->module->in[i];
        const struct wire *w = &t->in[i];
        double size = fmax(fabs(w->low), fabs(w->high));
        if (w->drive == DRIVE_SOUND)
            size = t->level;
        if (w->drive == DRIVE_TABLE)
            size = t->rows * t->tall;
        if (adds_up(in))
            size = TRIAL_FRAMES;
        if (in->unit != VM_UNIT_HZ && in->unit != VM_UNIT_SECONDS)
            most *= fmax(size, 1.0);
    }
    return most;
}

/* Silence and constants go in, where sound is meant to go through, and no table says otherwise. */
static int should_be_quiet(const struct trial *t)
{
    static const char *const families[] = {"filter", "delay", "dynamics", "shape"};
    int quiet = 0;
    if (t->output > 0) /* a gain, a level */
        return 0;
    for (unsigned i = 0; i < t->module->inputs; i++) {
        const struct wire *w = &t->in[i];
        if (w->drive == DRIVE_TABLE || w->drive == DRIVE_NOISE || w->drive == DRIVE_SQUARE ||
            w->drive == DRIVE_PARAM ||
            (is_sound(t->module, &t->module->in[i]) && w->drive == DRIVE_CONSTANT))
            return 0;
        quiet |= w->drive == DRIVE_SOUND && t->sound == SOUND_SILENCE;
    }
    for (size_t i = 0; quiet && i < COUNT(families); i++)
        if (is_of(t->module, families[i]))
            return 1;
    return 0;
}

static void measure(const struct patch *p, const float *const out[2])
{
    const struct trial *t = p->trial;
    for (unsigned c = 0; c < p->channels; c++) {
        double peak = peak_of(out[c], TRIAL_FRAMES);
        double dc = mean_of(out[c] + TRIAL_FRAMES / 2, TRIAL_FRAMES / 2);
        if (!(peak <= bound(t)))
            complain(t, "peak %g where %g is all that goes in", peak, bound(t));
        if (should_be_quiet(t) && !(fabs(dc) <= 1e-4))
            complain(t, "silence gives DC of %g", dc);
    }
}

static int same(const struct patch *p, const float *const want[2], const float *const got[2],
                uint32_t from, const char *how, const struct way *way)
{
    for (unsigned c = 0; c < p->channels; c++)
        for (uint32_t i = from; i < TRIAL_FRAMES; i++)
            if (memcmp(&want[c][i], &got[c][i], sizeof(float)) != 0) {
                complain(p->trial,
                         "frame %u of channel %u differs %s, lane %u of %u: %.9g, not %.9g", i, c,
                         how, way->lane, way->lanes, (double)got[c][i], (double)want[c][i]);
                return 0;
            }
    return 1;
}

/* ---- the trial ---- */

static float want_left[TRIAL_FRAMES], want_right[TRIAL_FRAMES];
static float got_left[TRIAL_FRAMES], got_right[TRIAL_FRAMES];
static float *const want[2] = {want_left, want_right}, *const got[2] = {got_left, got_right};

static struct way other_way(const struct trial *t, unsigned turn)
{
    static const unsigned widths[] = {4, 8, 16};
    struct way way = {
        .lanes = widths[(t->number + turn) % 3], .cuts = 1, .chance = t->chance + turn};
    way.lane = (unsigned)(kit_random(&way.chance) % way.lanes);
    way.late = (unsigned)(kit_random(&way.chance) % 200);
    return way;
}

static void try_lanes(const struct patch *p, const float *const sound[2])
{
    struct way way = other_way(p->trial, 0);
    struct rp_error error;
    struct stage s = stage_open(p, &way);
    s.sound[0] = sound[0];
    s.sound[1] = sound[1];
    int failed = run_before(&s, &error);
    rp_voice_start(s.group, way.lane, p->trial->seed, 1);
    if (failed || run(&s, 0, TRIAL_FRAMES, got, &error))
        complain(p->trial, "beside others: %s", error.reason);
    else
        same(p, (const float *const *)want, (const float *const *)got, 0, "in another group", &way);
    stage_close(&s);
}

/* Goes on from a snapshot in another group's lane. */
static void try_snapshot(const struct patch *p, const float *const sound[2], const void *bytes,
                         size_t size, uint32_t at)
{
    struct way way = other_way(p->trial, 1);
    struct rp_error error;
    struct stage s = stage_open(p, &way);
    s.sound[0] = sound[0];
    s.sound[1] = sound[1];
    int failed = run_before(&s, &error);
    assert_int_equal(rp_restore(s.group, way.lane, bytes, size), RP_OK);
    if (failed || run(&s, at, TRIAL_FRAMES, got, &error))
        complain(p->trial, "from a snapshot: %s", error.reason);
    else
        same(p, (const float *const *)want, (const float *const *)got, at, "from a snapshot", &way);
    stage_close(&s);
}

static void try_patch(const struct patch *p)
{
    static float left[TRIAL_FRAMES], right[TRIAL_FRAMES];
    static const struct way plain = {.lanes = 1};
    const float *const sound[2] = {left, right};
    const struct trial *t = p->trial;
    uint32_t at = 1 + (uint32_t)(t->chance % (TRIAL_FRAMES - 1));
    size_t size = rp_snapshot_bytes(p->program);
    void *bytes = malloc(size);
    struct rp_error error;
    assert_non_null(bytes);
    fill_sound(t, 0, left, TRIAL_FRAMES);
    fill_sound(t, 1, right, TRIAL_FRAMES);
    struct stage s = stage_open(p, &plain);
    s.sound[0] = left;
    s.sound[1] = right;
    rp_voice_start(s.group, 0, t->seed, 1);
    int failed = run(&s, 0, at, want, &error);
    rp_snapshot(s.group, 0, bytes, size);
    if (failed || run(&s, at, TRIAL_FRAMES, want, &error)) {
        complain(t, "frame %llu: %s", (unsigned long long)error.offset, error.reason);
    } else {
        measure(p, (const float *const *)want);
        if (rp_group_bytes(p->program, 16) < MOST_BYTES) {
            try_lanes(p, sound);
            try_snapshot(p, sound, bytes, size, at);
        }
    }
    stage_close(&s);
    free(bytes);
}

static int is_wanted(const struct vm_module *m, unsigned number)
{
    return strncmp(m->name, wanted, strlen(wanted)) == 0 &&
           (wanted_number < 0 || (long)number == wanted_number);
}

/* How many of a module's trials may be refused, where values by chance may contradict one another.
 */
static unsigned may_refuse(const struct vm_module *m, unsigned count)
{
    static const struct {
        const char *module;
        unsigned hundredths;
    } known[] = {
        {"osc.sample", 13},     /* a loop without a frame */
        {"osc.wavetable", 4},   /* cycles that do not divide the table */
        {"env.points", 27},     /* a sustain row after the last */
        {"filter.formant", 28}, /* a vowel by number and by letter */
    };
    for (size_t i = 0; i < COUNT(known); i++)
        if (strcmp(m->name, known[i].module) == 0)
            return count * known[i].hundredths / 100;
    return 0;
}

static unsigned try_module(const struct vm_module *m, unsigned *tried)
{
    static struct trial t;
    unsigned refused = 0, count = 0, before = failures;
    static char refusal[sizeof why_not + TRIAL_TEXT];
    for (uint64_t seed = 1; seed <= SEEDS; seed++)
        for (unsigned i = 0; trial_plan(&t, m, i, seed, RANDOM_TRIALS); i++) {
            struct patch p;
            if (!is_wanted(m, i) || failures > before + 2)
                continue;
            count++;
            if (patch_open(&p, &t)) {
                if (refused++ == 0)
                    snprintf(refusal, sizeof refusal, "%s\n%s", why_not, t.text);
                continue;
            }
            try_patch(&p);
            patch_close(&p);
        }
    if (refused > may_refuse(m, count)) {
        failures++;
        print_error("%s: %u of %u trials do not compile; the first:\n%s\n", m->name, refused, count,
                    refusal);
    }
    *tried += count - refused;
    return count;
}

static void test_trials(void **state)
{
    unsigned count = 0, tried = 0, before = failures;
    (void)state;
    for (size_t i = 0; i < vm_module_count; i++)
        count += try_module(&vm_modules[i], &tried);
    print_message("%zu modules, %u patches made, %u compile\n", vm_module_count, count, tried);
    assert_int_equal(failures, before);
}

#include "tails.h"

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_trials), cmocka_unit_test(test_tails)};
    wanted = argc > 1 ? argv[1] : "";
    wanted_number = argc > 2 ? strtol(argv[2], NULL, 10) : -1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
