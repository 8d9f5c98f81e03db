/* resources.c - samples, patches and buses. */
#include "render/score/reading.h"
#include <errno.h>
#include <string.h>

enum { USUAL_TAIL = 15 }; /* ticks */

/* --- names -------------------------------------------------------------------------------- */

static bool taken(struct reading *r, const struct sx *sx, const char *name)
{
    struct diag *d = score_wrong(r, E_SCORE_NAME_TWICE, sx, "'%s' is there already", name);
    diag_help(&r->diags, d, "every sample, patch, bus and section has a name of its own");
    return true;
}

static const char *new_name(struct reading *r, const struct sx *sx, const struct names *names,
                            const char *what)
{
    const char *name = arg_name(r, sx, what);
    if (!name || (names_find(names, name) != NAME_NONE && taken(r, sx, name)))
        return NULL;
    return name;
}

/* --- samples and patches ------------------------------------------------------------------ */

static struct plan default_plan(uint32_t source)
{
    return (struct plan){.source = source,
                         .play = {.verb = MIX_PLAY,
                                  .number = MIX_NO_BASE,
                                  .rate = MIX_RATE_ONE,
                                  .serial = -1,
                                  .source = source,
                                  .name = MIX_NO_NAME,
                                  .bus = -1,
                                  .volume = 255,
                                  .pan = 128}};
}

/* A source is there under its name even if the rest of it is wrong: plays of it are not. */
static bool add_source(struct reading *r, const char *name, const struct mix_source *source)
{
    struct score *s = r->score;
    struct arena *arena = &s->arena;
    if (arena_grow(arena, (void **)&s->sources, &r->source_capacity, s->source_count + 1,
                   sizeof *s->sources) ||
        arena_grow(arena, (void **)&s->plans, &r->plan_capacity, s->source_count + 1,
                   sizeof *s->plans))
        return false;
    uint32_t number = names_add(&r->sources, name);
    if (number == NAME_NONE)
        return false;
    s->sources[number] = *source;
    s->sources[number].name = r->sources.words[number];
    s->plans[number] = (struct score_plan){.name = r->sources.words[number],
                                           .play = default_plan(number).play,
                                           .root = 60,
                                           .velocity = -1,
                                           .pitch = -1};
    s->source_count++;
    return true;
}

/* What (default) says, as a plan of the source; its parts are those of the reading. */
static struct plan begin_plan(struct reading *r, uint32_t source)
{
    const struct defaults *d = &r->file->defaults;
    struct plan plan = default_plan(source);
    r->part_count = 0;
    if (!d->any)
        return plan;
    plan.play = d->play;
    plan.play.source = source;
    plan_parts(r, d->parts, d->part_count);
    return plan;
}

/* A copy of the parts of the reading, which lasts. */
static struct mix_command *keep_parts(struct reading *r, size_t *count)
{
    struct mix_command *parts = arena_take(&r->score->arena, r->part_count, sizeof *parts);
    if (parts && r->part_count)
        memcpy(parts, r->parts, r->part_count * sizeof *parts);
    *count = parts ? r->part_count : 0;
    return parts;
}

/* The options of the declaration become the source's defaults. */
static void keep_plan(struct reading *r, const struct form *f)
{
    uint32_t source = (uint32_t)r->score->source_count - 1;
    struct score_plan *kept = &r->score->plans[source];
    struct plan plan = begin_plan(r, source);
    if (!plan_options(r, f, &plan))
        return;
    kept->play = plan.play;
    kept->parts = keep_parts(r, &kept->part_count);
}

static bool has_room(struct reading *r, const struct form *f)
{
    if (r->score->source_count < MOST_SOURCES)
        return true;
    score_wrong(r, E_SCORE_LIMIT, f->sx, "the score has more than %d samples and patches",
                (int)MOST_SOURCES);
    return false;
}

static bool sample_options(struct reading *r, const struct form *f, struct sample_options *options)
{
    const struct sx *mix = f->keys[KEY_MIX], *resample = f->keys[KEY_RESAMPLE];
    *options = (struct sample_options){.resample = r->resample};
    return (!mix || arg_switch(r, mix, "choice", &options->mix)) &&
           (!resample || arg_resample(r, resample, &options->resample));
}

static void cannot_load(struct reading *r, const struct sx *sx, const struct render_error *error)
{
    if (error->status == RENDER_TROUBLE) {
        score_trouble(r, "%s", error->text);
        return;
    }
    struct diag *d = score_wrong(r, E_SCORE_RESOURCE, sx, "the sample cannot be loaded");
    diag_label(&r->diags, d, "%s", error->text);
    if (error->help[0])
        diag_help(&r->diags, d, "%s", error->help);
}

static struct sample *load_sample(struct reading *r, const struct form *f)
{
    struct sample_options options;
    struct render_error error = {0};
    const char *file = arg_text(r, f->items[1], "a file's name");
    if (!file || !sample_options(r, f, &options))
        return NULL;
    const char *path = score_path(r, file);
    struct sample *sample = path ? score_keep_sample(r->score) : NULL;
    if (sample && sample_load(sample, path, &options, &error) == RENDER_OK) {
        if (sample->loop_ignored && !f->keys[KEY_LOOP] && r->options->notes)
            fprintf(r->options->notes,
                    "patchrun: note: %s: its loop does not run forwards, and is left out\n", path);
        return sample;
    }
    if (sample)
        cannot_load(r, f->items[1], &error);
    return NULL;
}

static bool read_root(struct reading *r, const struct sx *sx, int *root)
{
    struct pitch pitch;
    if (!pitch_read(r, sx, sx->text, sx->length, &pitch))
        return false;
    if (pitch.keyed && pitch.key.den == 1) {
        *root = (int)pitch.key.num;
        return true;
    }
    score_wrong(r, E_SCORE_PITCH, sx, "a root is a note or MIDI number");
    return false;
}

void do_sample(struct reading *r, const struct form *f, struct moment *end)
{
    (void)end;
    const char *name = new_name(r, f->items[0], &r->sources, "a sample");
    if (!name || !has_room(r, f))
        return;
    struct sample *sample = load_sample(r, f);
    struct mix_source source = {.sample = sample, .gate = -1, .pitch = -1, .velocity = -1};
    if (!sample)
        names_add(&r->failed, name);
    if (!sample || !add_source(r, name, &source))
        return;
    int root = sample->root >= 0 ? sample->root : 60;
    if (!f->keys[KEY_ROOT] || read_root(r, f->keys[KEY_ROOT], &root))
        r->score->plans[r->score->source_count - 1].root = root;
    keep_plan(r, f);
}

/* That a file is missing is the score's fault, and is said at its place. */
static bool is_readable(struct reading *r, const struct sx *sx, const char *path)
{
    const char *why;
    FILE *file = score_open_file(path, &why);
    if (file)
        fclose(file);
    if (file)
        return true;
    if (errno == ENOMEM) {
        score_trouble(r, "%s: cannot load: %s", path, why);
        return false;
    }
    struct diag *d = score_wrong(r, E_SCORE_RESOURCE, sx, "the patch cannot be loaded");
    diag_label(&r->diags, d, "%s: %s", path, why);
    return false;
}

static const struct rp_program *load_program(struct reading *r, const struct sx *sx)
{
    const struct score_loader *loader = &r->options->loader;
    const char *file = arg_text(r, sx, "a file's name");
    const char *path = file ? score_path(r, file) : NULL;
    int status = 0;
    if (!path || !is_readable(r, sx, path))
        return NULL;
    const struct rp_program *program =
        loader->load(loader->context, path, r->options->diagnostics, &status);
    if (!program && status == 2) {
        score_trouble(r, "%s: cannot load", path);
    } else if (!program) {
        struct diag *d = score_wrong(r, E_SCORE_RESOURCE, sx, "the patch cannot be loaded");
        diag_label(&r->diags, d, "what is wrong with it is said before");
    }
    return program;
}

/* The parameter that plays a part: by :gate, :pitch and so on, or by its usual name. `none` says
 * that there is none. */
static bool part_of(struct reading *r, const struct sx *sx, const struct mix_source *source,
                    const char *const *usual, int *param)
{
    *param = -1;
    if (sx && !sx_is(sx, "none")) {
        *param = param_of(r, sx, source->name, source->program);
        return *param >= 0;
    }
    for (; !sx && *usual && *param < 0; usual++)
        *param = rp_param_find(source->program, *usual);
    return true;
}

static bool has_unit(const struct mix_source *source, int param, enum rp_unit unit)
{
    return rp_param_info(source->program, (unsigned)param)->unit == unit;
}

static bool wrong_part(struct reading *r, const struct sx *sx, const char *what)
{
    score_wrong(r, E_SCORE_NOT_FOR, sx, "'%.60s' is not a parameter %s", sx->text, what);
    return false;
}

static bool find_parts(struct reading *r, const struct form *f, struct mix_source *source)
{
    static const char *const gates[] = {"gate", NULL}, *const velocities[] = {"velocity", NULL};
    static const char *const pitches[] = {"freq", "pitch", NULL};
    const struct sx *gate = f->keys[KEY_GATE], *pitch = f->keys[KEY_PITCH];
    if (!part_of(r, gate, source, gates, &source->gate) ||
        !part_of(r, pitch, source, pitches, &source->pitch) ||
        !part_of(r, f->keys[KEY_VELOCITY], source, velocities, &source->velocity))
        return false;
    if (source->gate >= 0 && !has_unit(source, source->gate, RP_UNIT_GATE)) {
        if (gate)
            return wrong_part(r, gate, "with the unit gate");
        source->gate = -1;
    }
    if (source->pitch >= 0 && !has_unit(source, source->pitch, RP_UNIT_HZ)) {
        if (pitch)
            return wrong_part(r, pitch, "in Hz");
        source->pitch = -1;
    }
    return true;
}

static void add_params(struct reading *r, const struct rp_program *program)
{
    for (unsigned i = 0; i < rp_param_count(program); i++)
        param_number(r, rp_param_info(program, i)->name);
}

static int plan_param(struct reading *r, const struct rp_program *program, int param)
{
    return param < 0 ? -1 : (int)param_number(r, rp_param_info(program, (unsigned)param)->name);
}

static bool read_tail(struct reading *r, const struct form *f, uint32_t *ticks)
{
    uint32_t frames;
    *ticks = r->file->defaults.any ? r->file->defaults.tail : USUAL_TAIL;
    if (!f->keys[KEY_TAIL])
        return true;
    if (!arg_duration(r, f->keys[KEY_TAIL], &f->start, &frames))
        return false;
    *ticks = frames ? (frames - 1) / MIX_TICK + 1 : 1;
    return true;
}

static bool is_instrument(struct reading *r, const struct sx *sx, const struct rp_program *program)
{
    if (!program || rp_inputs(program) == 0)
        return program;
    struct diag *d =
        score_wrong(r, E_SCORE_NOT_FOR, sx, "this patch works on a sound and makes none");
    diag_help(&r->diags, d, "it can be the effect of a bus: (bus NAME \"%s\")", sx->text);
    return false;
}

void do_patch(struct reading *r, const struct form *f, struct moment *end)
{
    (void)end;
    const char *name = new_name(r, f->items[0], &r->sources, "a patch");
    if (!name || !has_room(r, f))
        return;
    struct mix_source source = {.name = name};
    source.program = load_program(r, f->items[1]);
    if (!is_instrument(r, f->items[1], source.program)) {
        names_add(&r->failed, name);
        return;
    }
    add_params(r, source.program);
    bool good = find_parts(r, f, &source);
    good &= read_tail(r, f, &source.tail);
    if (!add_source(r, name, &source) || !good)
        return;
    struct score_plan *plan = &r->score->plans[r->score->source_count - 1];
    plan->pitch = plan_param(r, source.program, source.pitch);
    plan->velocity = plan_param(r, source.program, source.velocity);
    struct form options = *f; /* here these name parameters */
    options.keys[KEY_GATE] = options.keys[KEY_PITCH] = options.keys[KEY_VELOCITY] = NULL;
    keep_plan(r, &options);
}

/* --- what holds for those that follow --------------------------------------------------------- */

void do_default(struct reading *r, const struct form *f, struct moment *end)
{
    (void)end;
    struct defaults d = {.any = true};
    r->file->defaults.any = false; /* it is replaced wholly */
    struct plan plan = begin_plan(r, 0);
    if (!plan_options(r, f, &plan) || !read_tail(r, f, &d.tail))
        return;
    d.play = plan.play;
    d.parts = keep_parts(r, &d.part_count);
    r->file->defaults = d;
}

/* --- buses -------------------------------------------------------------------------------- */

bool bus_find(struct reading *r, const struct sx *sx, uint32_t *bus)
{
    *bus = sx->kind == SX_LIST ? NAME_NONE : names_find(&r->buses, sx->text);
    if (*bus != NAME_NONE)
        return true;
    struct diag *d = score_wrong(r, E_SCORE_BUS, sx, "there is no bus '%.60s'",
                                 sx->kind == SX_LIST ? "(...)" : sx->text);
    if (r->buses.count > 0)
        diag_suggest(&r->diags, d, sx->text, "there is", "there are", r->buses.words,
                     r->buses.count);
    else
        diag_help(&r->diags, d, "declare it before: (bus %.60s)", sx->text);
    return false;
}

static bool is_effect(struct reading *r, const struct sx *sx, const struct rp_program *program)
{
    if (!program || rp_inputs(program) > 0)
        return program;
    struct diag *d =
        score_wrong(r, E_SCORE_NOT_FOR, sx, "this patch has no input, so it is no effect");
    diag_help(&r->diags, d, "a sound comes into a patch by the modules input and input.mono");
    return false;
}

/* Values that hold from the start are commands of the first frame. */
static void bus_sets(struct reading *r, const struct sx *list, uint32_t number)
{
    const struct mix_bus *bus = &r->score->buses[number];
    if (!bus->program || list->kind != SX_LIST || sx_count(list) % 2) {
        struct diag *d = score_wrong(
            r, bus->program ? E_SCORE_SHAPE : E_SCORE_NOT_FOR, list,
            bus->program ? "a list of pairs is wanted here" : "'%s' has no parameters", bus->name);
        diag_help(&r->diags, d, "the shape is %s", "(bus NAME \"FILE\" :set (mix 50% time 1s))");
        return;
    }
    for (const struct sx *sx = list->first; sx; sx = sx->next->next) {
        struct sx name = pair_name(sx);
        int param = param_of(r, &name, bus->name, bus->program);
        struct mix_command c = {.verb = MIX_SET, .to = MIX_BUS, .target = number};
        if (param < 0 || !param_value(r, sx->next, bus->name,
                                      rp_param_info(bus->program, (unsigned)param), &c.number))
            continue;
        c.param = param_number(r, name.text);
        score_emit(r, sx, &c);
    }
}

static bool add_bus(struct reading *r, const char *name, const struct mix_bus *bus)
{
    struct score *s = r->score;
    if (arena_grow(&s->arena, (void **)&s->buses, &r->bus_capacity, s->bus_count + 1,
                   sizeof *s->buses) ||
        arena_grow(&s->arena, (void **)&r->bus_ends, &r->bus_end_capacity, s->bus_count + 1,
                   sizeof *r->bus_ends))
        return false;
    uint32_t number = names_add(&r->buses, name);
    if (number == NAME_NONE)
        return false;
    s->buses[number] = *bus;
    s->buses[number].name = r->buses.words[number];
    s->bus_count++;
    return true;
}

static const char *bus_name(struct reading *r, const struct sx *sx)
{
    const char *name = new_name(r, sx, &r->buses, "a bus");
    if (name && r->score->bus_count >= MOST_BUSES) {
        score_wrong(r, E_SCORE_LIMIT, sx, "the score has more than %d buses", (int)MOST_BUSES);
        return NULL;
    }
    if (name && (names_find(&r->names, name) != NAME_NONE || strcmp(name, "mix") == 0)) {
        taken(r, sx, name);
        return NULL;
    }
    return name;
}

void do_bus(struct reading *r, const struct form *f, struct moment *end)
{
    (void)end;
    const char *name = bus_name(r, f->items[0]);
    const struct sx *file = f->items[1], *to = f->keys[KEY_TO];
    struct mix_bus bus = {.to = -1, .volume = 255, .pan = 128};
    if (!name)
        return;
    bool good = true;
    if (file) {
        bus.program = load_program(r, file);
        good = is_effect(r, file, bus.program);
        if (!good)
            names_add(&r->failed, name);
    }
    good &= !f->keys[KEY_VOLUME] || arg_volume(r, f->keys[KEY_VOLUME], "a volume", &bus.volume);
    good &= !f->keys[KEY_PAN] || arg_byte(r, f->keys[KEY_PAN], "a pan", &bus.pan);
    if (!add_bus(r, name, &bus))
        return;
    uint32_t number = (uint32_t)r->score->bus_count - 1;
    r->bus_ends[number].to = to && !sx_is(to, "mix") ? to : NULL;
    r->keep |= to != NULL;
    if (bus.program)
        add_params(r, bus.program);
    if (good && f->keys[KEY_SET])
        bus_sets(r, f->keys[KEY_SET], number);
}

void bus_check_ends(struct reading *r)
{
    for (size_t i = 0; i < r->score->bus_count; i++) {
        const struct sx *to = r->bus_ends[i].to;
        uint32_t bus;
        if (!to || !bus_find(r, to, &bus))
            continue;
        r->score->buses[i].to = (int)bus;
        if (bus > i)
            continue;
        struct diag *d = score_wrong(r, E_SCORE_BUS, to, "'%s' does not come after '%s'",
                                     r->score->buses[bus].name, r->score->buses[i].name);
        diag_help(&r->diags, d, "a bus goes to one that is declared later");
    }
}
