/* trial.h - a patch about one module, made from its row alone: what each input is given, what comes
 * in from outside, what is set while it plays. A trial is a function of module, number and plan. */
#ifndef TESTS_MODULES_TRIAL_H
#define TESTS_MODULES_TRIAL_H

#include "kit.h"
#include "vm/format.h"
#include "vm/tables.h"

enum { TRIAL_INPUTS = 32, TRIAL_EVENTS = 8, TRIAL_FRAMES = 1024, TRIAL_TEXT = 16384 };

enum drive {
    DRIVE_NOTHING, /* the default */
    DRIVE_CONSTANT,
    DRIVE_PARAM,  /* set and glided while it plays */
    DRIVE_NOISE,  /* over the range, a value a frame */
    DRIVE_SQUARE, /* from end to end of the range, at audio rate */
    DRIVE_SOUND,  /* what comes in from outside */
    DRIVE_WORD,   /* of a choice */
    DRIVE_TABLE,
};

/* low and high are the bounds of what the input is given. */
struct wire {
    enum drive drive;
    double low, high, value;
};

enum sound { SOUND_NOISE, SOUND_STEPS, SOUND_SILENCE, SOUND_IMPULSES, SOUND_SQUARE, SOUND_KINDS };
static const char *const sound_names[] = {"noise", "steps of DC", "silence", "impulses",
                                          "a full-scale square"};

struct event {
    uint32_t frame, glide;
    unsigned param;
    float position; /* 0..1 in the param's range */
};

struct trial {
    const struct vm_module *module;
    unsigned number;
    uint64_t seed, chance;
    struct wire in[TRIAL_INPUTS];
    unsigned output, oversample, columns, rows;
    double tall; /* the largest magnitude in a table of plain values; rows have ranges */
    enum sound sound;
    double level;
    struct event events[TRIAL_EVENTS];
    char text[TRIAL_TEXT];
};

/* ---- kinds of inputs ---- */

static inline int must_be_given(const struct vm_in *in)
{
    return in->use == VM_USE_REQ || in->use == VM_USE_REQ_SUM;
}

static inline unsigned count_words(const char *words)
{
    unsigned count = 1;
    for (; *words; words++)
        count += *words == ' ';
    return count;
}

/* The divisor, whose zero is an error of the patch, as its module says. */
static inline int is_divisor(const struct vm_module *m, const struct vm_in *in)
{
    return strcmp(m->name, "math.div") == 0 && strcmp(in->name, "b") == 0;
}

/* No bounds worth the name: sound, or any number. */
static inline int is_sound(const struct vm_module *m, const struct vm_in *in)
{
    return in->kind == VM_ANY || in->kind == VM_STEREO ||
           (in->kind == VM_SIGNAL && in->unit == VM_UNIT_NONE && in->use != VM_USE_STATIC &&
            in->low <= -1e5 && in->high >= 1e5 && !is_divisor(m, in));
}

static inline double range_low(const struct vm_module *m, const struct vm_in *in)
{
    return is_divisor(m, in) ? 1.0 : in->low;
}

/* Memory is made for the longest time: a minute in each of sixteen lanes is not what is tested. */
static inline double range_high(const struct vm_module *m, const struct vm_in *in)
{
    if (is_divisor(m, in))
        return 1e6;
    return in->unit == VM_UNIT_SECONDS && in->high > 2.0 ? 2.0 : in->high;
}

static inline double log_between(uint64_t *chance, double low, double high)
{
    return low * pow(high / low, kit_between(chance, 0.0, 1.0));
}

/* A value that somebody may want: frequencies and times by octaves, times mostly short. */
static inline double likely(const struct vm_module *m, const struct vm_in *in, uint64_t *chance)
{
    double low = range_low(m, in), high = range_high(m, in), x;
    if (in->use == VM_USE_STATIC && in->unit == VM_UNIT_NONE && low >= 1.0 && low == floor(low))
        x = (double)(1u << kit_random(chance) % 6); /* a count, of a table's rows perhaps */
    else if (is_sound(m, in) && kit_random(chance) % 4)
        x = kit_between(chance, -1.0, 1.0);
    else if (in->unit == VM_UNIT_SECONDS)
        x = log_between(chance, 1e-5, kit_random(chance) % 4 ? 0.02 : fmax(high, 2e-5));
    else if (in->unit == VM_UNIT_HZ)
        x = log_between(chance, fmax(low, 0.1), high) *
            (low < 0.0 && kit_random(chance) % 2 ? -1 : 1);
    else if (high - low > 1e4 && kit_random(chance) % 2)
        x = kit_between(chance, -2.0, 2.0);
    else
        x = kit_between(chance, low, high);
    return fmin(fmax(x, low), high);
}

/* ---- what an input is given ---- */

static inline struct wire constant_wire(double x)
{
    return (struct wire){DRIVE_CONSTANT, x, x, x};
}

static inline struct wire ranging_wire(const struct trial *t, const struct vm_in *in,
                                       enum drive drive)
{
    double low = range_low(t->module, in), high = range_high(t->module, in);
    return (struct wire){drive, low, high, in->def};
}

static inline struct wire sound_wire(void)
{
    return (struct wire){.drive = DRIVE_SOUND};
}

/* The sorts of drive an input can have in turn; 0 when there is none of that number. */
static inline int drive_in_turn(const struct trial *t, const struct vm_in *in, unsigned turn,
                                struct wire *wire)
{
    double low = range_low(t->module, in), high = range_high(t->module, in);
    static const enum drive moving[] = {DRIVE_NOISE, DRIVE_SQUARE, DRIVE_PARAM};
    if (in->kind == VM_DATA || in->kind == VM_STEREO)
        return 0;
    if (in->kind == VM_CHOICE) {
        *wire = (struct wire){.drive = DRIVE_WORD, .value = turn};
        return turn < count_words(in->words);
    }
    if (turn < 2)
        *wire = constant_wire(turn ? high : low);
    else if (turn < 2 + COUNT(moving) && in->use != VM_USE_STATIC)
        *wire = ranging_wire(t, in, moving[turn - 2]);
    else
        return 0;
    return 1;
}

static inline struct wire any_wire(struct trial *t, const struct vm_in *in)
{
    static const enum drive moving[] = {DRIVE_NOISE, DRIVE_SQUARE, DRIVE_PARAM, DRIVE_PARAM};
    if (in->kind == VM_DATA)
        return (struct wire){.drive = DRIVE_TABLE};
    if (in->kind == VM_CHOICE)
        return (struct wire){.drive = DRIVE_WORD,
                             .value = (double)(kit_random(&t->chance) % count_words(in->words))};
    if (in->kind == VM_STEREO || (is_sound(t->module, in) && kit_random(&t->chance) % 4))
        return sound_wire();
    if (in->kind == VM_GATE || (in->use != VM_USE_STATIC && kit_random(&t->chance) % 2))
        return ranging_wire(t, in, moving[kit_random(&t->chance) % COUNT(moving)]);
    return constant_wire(likely(t->module, in, &t->chance));
}

/* What an input has while another has its turn. */
static inline struct wire quiet_wire(struct trial *t, const struct vm_in *in)
{
    if (in->kind == VM_DATA)
        return (struct wire){.drive = DRIVE_TABLE};
    if (is_sound(t->module, in) && (must_be_given(in) || in->kind != VM_SIGNAL))
        return sound_wire();
    if (must_be_given(in) ||
        (kit_random(&t->chance) % 2 && in->kind == VM_SIGNAL && !is_sound(t->module, in)))
        return in->kind == VM_GATE ? ranging_wire(t, in, DRIVE_SQUARE)
                                   : constant_wire(likely(t->module, in, &t->chance));
    return (struct wire){.low = in->def, .high = in->def, .value = in->def};
}

/* ---- text ---- */

static inline const char *unit_word(const struct vm_in *in)
{
    static const char *const words[] = {"none", "hz", "s", "ratio"};
    return in->kind == VM_GATE ? "gate" : words[in->unit];
}

static inline void put_word(FILE *f, const char *words, unsigned number)
{
    for (; number > 0; number--)
        words += strcspn(words, " ") + 1;
    fprintf(f, "%.*s", (int)strcspn(words, " "), words);
}

/* A first column that rises, as times do; the others from 0 to 1. */
static inline void put_table(FILE *f, struct trial *t)
{
    double first = 0.0;
    fputs("(table", f);
    for (unsigned row = 0; row < t->rows; row++) {
        first += t->columns > 1 ? kit_between(&t->chance, 0.001, 0.01) : 0.0;
        fputs(t->columns > 1 ? " (" : " ", f);
        for (unsigned column = 0; column < t->columns; column++)
            fprintf(f, "%s%.9g", column ? " " : "",
                    t->columns == 1 ? t->tall * kit_between(&t->chance, -1.0, 1.0)
                    : column == 0   ? first
                                    : kit_between(&t->chance, 0.0, 1.0));
        fputs(t->columns > 1 ? ")" : "", f);
    }
    fputs(")", f);
}

static inline void put_moving(FILE *f, struct trial *t, const struct vm_in *in,
                              const struct wire *w)
{
    double middle = w->low / 2 + w->high / 2, half = w->high / 2 - w->low / 2;
    char from[96];
    if (w->drive == DRIVE_NOISE)
        snprintf(from, sizeof from, "(noise.white)");
    else
        snprintf(from, sizeof from, "(math.clip (osc.pulse (freq %.9g)))",
                 log_between(&t->chance, 50.0, 20000.0));
    if (in->kind == VM_GATE)
        fprintf(f, "%s", from);
    else
        fprintf(f, "%.17g (math.mul %s (b %.17g))", middle, from, half);
}

static inline void put_input(FILE *f, struct trial *t, unsigned i)
{
    const struct vm_in *in = &t->module->in[i];
    const struct wire *w = &t->in[i];
    if (w->drive == DRIVE_NOTHING)
        return;
    fprintf(f, "\n    (%s ", in->name);
    switch (w->drive) {
    case DRIVE_CONSTANT:
        fprintf(f, "%.17g", w->value);
        break;
    case DRIVE_PARAM:
        fprintf(f, "p%u", i);
        break;
    case DRIVE_NOISE:
    case DRIVE_SQUARE:
        put_moving(f, t, in, w);
        break;
    case DRIVE_SOUND:
        fputs(in->kind == VM_SIGNAL ? i % 2 ? "sound.right" : "sound.left" : "sound", f);
        break;
    case DRIVE_WORD:
        put_word(f, in->words, (unsigned)w->value);
        break;
    case DRIVE_TABLE:
        put_table(f, t);
        break;
    case DRIVE_NOTHING:
        break;
    }
    fputs(")", f);
}

static inline void put_params(FILE *f, const struct trial *t)
{
    int any = 0;
    for (unsigned i = 0; i < t->module->inputs; i++) {
        const struct wire *w = &t->in[i];
        if (w->drive != DRIVE_PARAM)
            continue;
        fputs(any++ ? "" : "  (params", f);
        if (t->module->in[i].kind == VM_GATE)
            fprintf(f, "\n    (p%u (unit gate) (default 1))", i);
        else
            fprintf(f, "\n    (p%u (unit %s) (range %.17g %.17g) (default %.17g))", i,
                    unit_word(&t->module->in[i]), w->low, w->high,
                    fmin(fmax(w->value, w->low), w->high));
    }
    fputs(any ? ")\n" : "", f);
}

static inline int takes_sound(const struct trial *t)
{
    for (unsigned i = 0; i < t->module->inputs; i++)
        if (t->in[i].drive == DRIVE_SOUND)
            return 1;
    return 0;
}

static inline void put_output(FILE *f, const struct trial *t)
{
    const struct vm_out *out = &t->module->out[t->output];
    if (out->kind == VM_GATE)
        fprintf(
            f, "  (output (env.adsr (gate node.%s) (attack 0) (decay 0) (sustain 1) (release 0))))",
            out->name);
    else
        fprintf(f, "  (output node.%s))", out->name);
}

/* Writes t->text. What chance it needs is t->chance's, so that a trial keeps its text. */
static inline void trial_write(struct trial *t)
{
    uint64_t chance = t->chance;
    FILE *f = fmemopen(t->text, sizeof t->text, "w");
    assert_non_null(f);
    fputs("(patch\n", f);
    put_params(f, t);
    fputs(takes_sound(t) ? "  (def sound (input))\n" : "", f);
    fprintf(f, t->module->outputs ? "  (def node (%s" : "  (%s", t->module->name);
    if (t->oversample > 1)
        fprintf(f, " (oversample %u)", t->oversample);
    for (unsigned i = 0; i < t->module->inputs; i++)
        put_input(f, t, i);
    fputs(t->module->outputs ? "))\n" : "))", f);
    if (t->module->outputs)
        put_output(f, t);
    fputs("\n", f);
    assert_int_equal(fclose(f), 0);
    t->chance = chance;
}

static inline int is_of(const struct vm_module *m, const char *family)
{
    return strcmp(vm_module_family(m)->name, family) == 0;
}

/* Ins and outs have the rate of what is outside, and a response is frames of the sample rate. */
static inline int can_oversample(const struct vm_module *m)
{
    return m->inputs > 0 && m->outputs > 0 && strncmp(m->name, "convolve", 8) != 0;
}

/* ---- the plan: each input has its turns, then all of them at once by chance ---- */

static inline void trial_begin(struct trial *t, const struct vm_module *module, unsigned number,
                               uint64_t seed)
{
    static const double levels[] = {1.0, 1.0, 0.01, 1.0, 100.0};
    memset(t, 0, sizeof *t);
    t->module = module;
    t->number = number;
    t->seed = seed;
    t->chance = seed + number * UINT64_C(0x9e3779b97f4a7c15) + module->id;
    kit_random(&t->chance);
    t->output = module->outputs ? number % module->outputs : 0;
    t->sound = (enum sound)(number % SOUND_KINDS);
    t->level = levels[number / SOUND_KINDS % COUNT(levels)];
    t->columns = 1;
    t->rows = 8;
    t->tall = number % 4 == 3 && strcmp(module->name, "control.quantise") ? VM_MOST_WRITTEN : 1.0;
    t->oversample = number % 5 == 4 && can_oversample(module) ? 2u << number / 5 % 3 : 1;
    for (unsigned i = 0; i < TRIAL_EVENTS; i++) {
        uint64_t r = kit_random(&t->chance);
        t->events[i] =
            (struct event){.frame = (uint32_t)(i * TRIAL_FRAMES / TRIAL_EVENTS + r % 100),
                           .glide = r >> 8 & 1 ? (uint32_t)(r >> 16 & 255) : 0,
                           .param = (unsigned)(r >> 32 & 0xff),
                           .position = (float)(r >> 40 & 0xff) / 255.0f};
    }
}

/* 0 when the plan has no trial of that number. In the first nothing has its turn. */
static inline int trial_plan(struct trial *t, const struct vm_module *module, unsigned number,
                             uint64_t seed, unsigned random_trials)
{
    unsigned turn = number;
    trial_begin(t, module, number, seed);
    for (unsigned i = 0; i < module->inputs; i++)
        t->in[i] = quiet_wire(t, &module->in[i]);
    if (turn-- == 0)
        return 1;
    for (unsigned i = 0; i < module->inputs; i++) {
        struct wire wire;
        for (unsigned n = 0; drive_in_turn(t, &module->in[i], n, &wire); n++)
            if (turn-- == 0) {
                t->in[i] = wire;
                return 1;
            }
    }
    for (unsigned i = 0; i < module->inputs; i++)
        t->in[i] = any_wire(t, &module->in[i]);
    return turn < random_trials;
}

/* Signals are params, so that each lane has its own; constants and words have their turns. */
static inline int tail_plan(struct trial *t, const struct vm_module *m, unsigned number)
{
    unsigned turn = number;
    int found = number == 0;
    trial_begin(t, m, number, 1);
    t->sound = SOUND_NOISE;
    for (unsigned i = 0; i < m->inputs; i++) {
        const struct vm_in *in = &m->in[i];
        struct wire wire;
        t->in[i] = quiet_wire(t, in);
        if (in->kind == VM_CHOICE || in->use == VM_USE_STATIC) {
            for (unsigned n = 0; drive_in_turn(t, in, n, &wire); n++)
                if (turn-- == 1) {
                    t->in[i] = wire;
                    found = 1;
                }
        } else if (in->kind == VM_ANY || in->kind == VM_STEREO ||
                   (is_sound(m, in) && must_be_given(in))) {
            t->in[i] = sound_wire();
        } else if (in->kind != VM_DATA) {
            t->in[i] = ranging_wire(t, in, DRIVE_PARAM);
        }
    }
    return found;
}

/* ---- a trial as a program ---- */

struct patch {
    const struct trial *trial;
    void *memory;
    struct rp_program *program;
    unsigned channels;
};

static char why_not[2000]; /* what the compiler said last */

static inline int compile(const char *text, struct compile_result *result)
{
    struct source source = {"trial.sx", text, strlen(text), 0};
    struct compile_options options = {0};
    FILE *said = fmemopen(why_not, sizeof why_not, "w");
    assert_non_null(said);
    int status = compile_text(&source, &options, said, result);
    fclose(said);
    return status;
}

/* Tables of other shapes are tried until one fits. 0, or -1. */
static inline int compile_trial(struct trial *t, struct compile_result *result)
{
    static const unsigned rows[] = {8, 1, 2, 64};
    char first[sizeof why_not] = "";
    for (unsigned r = 0; r < COUNT(rows); r++)
        for (unsigned columns = 1; columns <= 4; columns++) {
            t->columns = columns;
            t->rows = rows[(r + t->number) % COUNT(rows)];
            trial_write(t);
            if (compile(t->text, result) == 0)
                return 0;
            if (!first[0])
                memcpy(first, why_not, sizeof first);
            if (!strstr(t->text, "(table"))
                return -1;
        }
    memcpy(why_not, first, sizeof first);
    return -1;
}

static inline int patch_open(struct patch *p, struct trial *t)
{
    struct compile_result result;
    struct rp_error error;
    if (compile_trial(t, &result))
        return -1;
    size_t size = rp_program_bytes(result.bytes, result.size);
    *p = (struct patch){.trial = t, .memory = kit_aligned(size)};
    p->program = rp_load(result.bytes, result.size, p->memory, size, &error);
    free(result.bytes);
    assert_non_null(p->program);
    p->channels = rp_channels(p->program);
    return 0;
}

static inline void patch_close(struct patch *p)
{
    free(p->memory);
}

/* A param of a setting: gates are on; one param is at its low or high end in turn; the first
 * settings have defaults beside it, the later ones what chance gives. */
static inline float setting_of(const struct patch *p, unsigned setting, unsigned param)
{
    const struct rp_param *info = rp_param_info(p->program, param);
    unsigned params = rp_param_count(p->program);
    uint64_t chance = setting * 64 + param;
    kit_random(&chance);
    if (info->unit == RP_UNIT_GATE)
        return 1.0f;
    if (setting > 0 && (setting - 1) / 2 % params == param)
        return setting % 2 ? info->high : info->low;
    if (setting > 2 * params)
        return rp_param_at(info, (float)kit_between(&chance, 0.0, 1.0));
    return info->def;
}

#endif
