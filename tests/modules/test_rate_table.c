/* test_rate_table.c - what holds for every module in a region: its inputs at the ends of their
 * ranges and beyond, heard at the sample rate and at 8 times it.
 *
 *   - the same levels, window by window;
 *   - what is held at an end of its range at the sample rate is held there at 8 times too.
 *
 * test_rate_table [MODULE] tries one. */
#include "kit.h"
#include "trial.h"
#include "vm/tables.h"

enum { FRAMES = 12000, WINDOW = 480, LATE = 6, TEXT = 4000 };

static const double tolerance = 0.06; /* of the loudest window */

/* Where the levels differ, or what is held, and why; NULL: any input. */
static const struct {
    const char *module, *input, *why;
} levels_differ[] =
    {
        {"noise.velvet", NULL, "noise has its power spread over the wider band"},
        {"noise.dust", NULL, "noise"},
        {"noise.crackle", NULL, "noise"},
        {"noise.hold", NULL, "noise"},
        {"noise.walk", NULL, "noise"},
        {"string.pluck", NULL, "plucked with noise"},
        {"osc.tick", NULL, "a trigger of one frame goes through the filters"},
        {"control.trigger", NULL, "a trigger of one frame"},
        {"osc.impulse", NULL, "a third of its power is above 16 kHz, where a half-band rounds it"},
        {"osc.fm", "ratio", "sidebands beyond 24 kHz fold at the sample rate"},
        {"osc.fm", "index", "sidebands"},
        {"osc.fm", "feedback", "it acts over two of the node's own frames"},
        {"osc.sample", "rate", "what goes 64 times as fast is over within a window"},
        {"shape.fold", "drive", "overtones fold"},
        {"tempo.lock", "mul", "a ramp of some MHz folds"},
        {"filter.biquad", "a1", "coefficients are of the node's own frames"},
        {"filter.biquad", "a2", "coefficients"},
        {"filter.hishelf", "gain", "with 80 dB the slope begins beyond 24 kHz"},
        {"modal.bank", "decay", "0.1 ms are five frames"},
        {"math.eq", NULL, "no number is met twice"},
        {"ratio.to.db", NULL, "a pole where the input is 0"},
        {"ratio.to.semitones", NULL, "a pole"},
        {"hz.to.seconds", NULL, "a pole"},
        {"reverb.fdn", NULL,
         "lines of other primes have other modes: test_delay_space.c has its decay"},
        {"reverb.plate", NULL, "lines of other primes"},
},
  hold_differs[] = {
      {"osc.sample", "rate", "64 frames of the file in one of the node's"},
      {"osc.fm", "ratio", "the modulator goes on to half the node's own rate"},
      {"shape.reduce", "freq", "up to the node's own rate"},
};

static int is_listed(const char *module, const char *input, const char *in_module,
                     const char *in_input)
{
    return strcmp(module, in_module) == 0 && (!in_input || strcmp(input, in_input) == 0);
}

static int may_differ(const struct vm_module *m, const char *input)
{
    for (size_t i = 0; i < COUNT(levels_differ); i++)
        if (is_listed(m->name, input, levels_differ[i].module, levels_differ[i].input))
            return 1;
    return 0;
}

/* Oscillators and clocks go on to half of the rate they run at, which is what makes a region of
 * them worth its cost. */
static int goes_on(const struct vm_module *m, const struct vm_in *in)
{
    for (size_t i = 0; i < COUNT(hold_differs); i++)
        if (is_listed(m->name, in->name, hold_differs[i].module, hold_differs[i].input))
            return 1;
    return in->unit == VM_UNIT_HZ && in->high >= 24000.0;
}

/* ---- what is played ---- */

static float sound[FRAMES];

/* Below 2 kHz, where neither half-bands nor what folds matters, loud and soft in turn. */
static void make_sound(void)
{
    for (unsigned n = 0; n < FRAMES; n++) {
        double t = n / SR;
        sound[n] = (float)((0.5 + 0.3 * sin(TAU * 9.0 * t)) *
                           (0.5 * sin(TAU * 220.0 * t) + 0.3 * sin(TAU * 557.0 * t) +
                            0.2 * sin(TAU * 1310.0 * t)));
    }
}

static void put_shape(FILE *f, unsigned shape)
{
    if (shape == 1)
        fputs("(table (0.01 0.5) (0.02 0.25))", f);
    if (shape == 2)
        fputs("(table (1 0.1 0.5) (2.5 0.2 0.25))", f);
    if (shape > 0)
        return;
    fputs("(table", f);
    for (int i = 0; i < 64; i++)
        fprintf(f, " %.6f", 0.7 * sin(TAU * 3.0 * i / 64.0));
    fputs(")", f);
}

/* Module m, its input `turn` at x; -1: none. A value that may be beyond the range is what a node
 * puts out. */
static void write_patch(const struct vm_module *m, int turn, double x, unsigned rate,
                        unsigned shape, char *to)
{
    FILE *f = fmemopen(to, TEXT, "w");
    assert_non_null(f);
    fprintf(f, "(patch (def sound (input.mono))\n  (def node (%s", m->name);
    if (rate > 1)
        fprintf(f, " (oversample %u)", rate);
    for (unsigned i = 0; i < m->inputs; i++) {
        const struct vm_in *in = &m->in[i];
        if ((int)i == turn && in->use == VM_USE_STATIC)
            fprintf(f, "\n    (%s %.9g)", in->name, x);
        else if ((int)i == turn)
            fprintf(f, "\n    (%s (math.mul %.9g 16))", in->name, x / 16.0);
        else if (in->kind == VM_DATA) {
            fprintf(f, "\n    (%s ", in->name);
            put_shape(f, shape);
            fputs(")", f);
        } else if (must_be_given(in) ||
                   (is_sound(m, in) && (in->kind != VM_SIGNAL || strcmp(in->name, "in") == 0)))
            fprintf(f, "\n    (%s sound)", in->name);
    }
    fprintf(f, "))\n  (output node.%s))", m->out[0].name);
    assert_int_equal(fclose(f), 0);
}

/* 0, or -1 where no table makes it compile. */
static int hear(const struct vm_module *m, int turn, double x, unsigned rate, float *out)
{
    static char text[TEXT];
    struct compile_result result;
    for (unsigned shape = 0; shape < 3; shape++) {
        write_patch(m, turn, x, rate, shape, text);
        if (compile(text, &result) == 0) {
            free(result.bytes);
            struct player p = play(text);
            player_run_in(&p, FRAMES, sound, sound, out, NULL);
            player_close(&p);
            return 0;
        }
    }
    return -1;
}

/* ---- what is compared ---- */

static unsigned compared, held, failures;

static void compare_levels(const struct vm_module *m, const char *input, double x, const float *a,
                           const float *b)
{
    double most = 0.0, loudest = 1e-9;
    for (unsigned at = 0; at + WINDOW + LATE <= FRAMES; at += WINDOW) {
        double one = rms_of(a + at, WINDOW), eight = rms_of(b + at + LATE, WINDOW);
        most = fmax(most, fabs(one - eight));
        loudest = fmax(loudest, fmax(one, eight));
    }
    compared++;
    if (most <= tolerance * loudest)
        return;
    failures++;
    print_error("%s, '%s' at %g: levels up to %.3g of the loudest apart\n", m->name, input, x,
                most / loudest);
}

/* An end of a range, and a value beyond it. */
static void try_end(const struct vm_module *m, int turn, double end, double beyond)
{
    static float one[FRAMES], eight[FRAMES], one_beyond[FRAMES], eight_beyond[FRAMES];
    const struct vm_in *in = &m->in[turn];
    if (hear(m, turn, end, 1, one) || hear(m, turn, end, 8, eight))
        return;
    /* Close to half the sample rate filters are warped, and oscillators silent. */
    if (!may_differ(m, in->name) && !(in->unit == VM_UNIT_HZ && fabs(end) > 10000.0))
        compare_levels(m, in->name, end, one, eight);
    if (end == beyond || in->use == VM_USE_STATIC || goes_on(m, in) ||
        hear(m, turn, beyond, 1, one_beyond) || hear(m, turn, beyond, 8, eight_beyond) ||
        memcmp(one, one_beyond, sizeof one) != 0)
        return;
    held++;
    if (memcmp(eight, eight_beyond, sizeof eight) == 0)
        return;
    failures++;
    print_error("%s: '%s' is held at %g, but not at 8 times the sample rate\n", m->name, in->name,
                end);
}

static void try_module(const struct vm_module *m)
{
    static float one[FRAMES], eight[FRAMES];
    if (hear(m, -1, 0.0, 1, one) || hear(m, -1, 0.0, 8, eight))
        return;
    if (!may_differ(m, ""))
        compare_levels(m, "", 0.0, one, eight);
    for (unsigned i = 0; i < m->inputs; i++) {
        const struct vm_in *in = &m->in[i];
        if (in->kind != VM_SIGNAL || is_sound(m, in))
            continue;
        try_end(m, (int)i, in->low, in->low < 0.0 ? in->low * 16.0 : in->low / 16.0);
        try_end(m, (int)i, in->high, in->high > 0.0 ? in->high * 16.0 : in->high);
    }
}

static const char *wanted;

static void test_ends(void **state)
{
    (void)state;
    make_sound();
    for (size_t i = 0; i < vm_module_count; i++)
        if (can_oversample(&vm_modules[i]) && (!wanted || !strcmp(wanted, vm_modules[i].name)))
            try_module(&vm_modules[i]);
    print_message("%u pairs compared, %u ends that hold\n", compared, held);
    assert_int_equal(failures, 0);
    assert_true(wanted || (compared > 450 && held > 200));
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_ends)};
    wanted = argc > 1 ? argv[1] : NULL;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
