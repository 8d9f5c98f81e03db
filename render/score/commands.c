/* commands.c - what is done to a voice, a named sound or a bus. */
#include "render/score/reading.h"
#include <string.h>

struct target {
    uint8_t to;
    uint64_t number;
    const char *name;
    const struct sounding *sound;     /* the last play there, or NULL */
    const struct rp_program *program; /* that is known to be there, or NULL */
    const struct sx *const *args;     /* after the voice */
};

static const char *shown(const struct sx *sx)
{
    return sx->kind == SX_LIST ? "(...)" : sx->text;
}

static void unknown_voice(struct reading *r, const struct sx *sx)
{
    struct diag *d =
        score_wrong(r, E_SCORE_VOICE, sx, "no sound and no bus is called '%.60s'", shown(sx));
    if (sx->kind != SX_LIST && names_find(&r->sources, sx->text) != NAME_NONE)
        diag_help(&r->diags, d,
                  "'%s' is what is played: give the play a name with :as, and use "
                  "that",
                  sx->text);
    else if (r->names.count > 0)
        diag_suggest(&r->diags, d, sx->text, "the only sound is", "sounds are", r->names.words,
                     r->names.count);
    else
        diag_help(&r->diags, d, "write a voice's number, or name a play with :as");
}

static bool by_number(struct reading *r, const struct sx *sx, struct target *t)
{
    int64_t voice;
    if (!arg_whole(r, sx, "a voice", 0, r->score->voices - 1, &voice))
        return false;
    t->to = MIX_VOICE;
    t->number = (uint64_t)voice;
    t->sound = &r->voices[voice];
    return true;
}

static void source_of(struct reading *r, struct target *t)
{
    const struct mix_source *source = &r->score->sources[t->sound->source];
    t->program = source->program;
    t->name = source->name;
}

static bool by_name(struct reading *r, const struct sx *sx, struct target *t)
{
    const char *word = sx->kind == SX_LIST ? "" : sx->text;
    uint32_t bus = names_find(&r->buses, word), name = names_find(&r->names, word);
    if (bus != NAME_NONE) {
        t->to = MIX_BUS;
        t->number = bus;
        t->name = word;
        t->program = r->score->buses[bus].program;
    } else if (name != NAME_NONE && name < r->named_capacity && r->named[name].any) {
        t->to = MIX_NAMED;
        t->number = name;
        t->sound = &r->named[name];
        source_of(r, t);
    } else if (name == NAME_NONE) { /* else the play itself was wrong */
        unknown_voice(r, sx);
    }
    return t->to != MIX_ANY;
}

/* What the command is for; within a play, its sound. */
static bool find_target(struct reading *r, const struct form *f, struct target *t)
{
    *t = (struct target){.args = f->items + 1, .name = ""};
    if (!r->inner)
        return is_whole(f->items[0]) ? by_number(r, f->items[0], t) : by_name(r, f->items[0], t);
    t->args = f->items;
    t->to = MIX_SOUND;
    t->number = r->inner->order;
    t->sound = r->inner;
    source_of(r, t);
    return true;
}

static bool is_for_bus(struct reading *r, const struct form *f, const struct target *t)
{
    if (t->to != MIX_BUS)
        return true;
    struct diag *d = score_wrong(r, E_SCORE_NOT_FOR, f->sx, "'%s' is not for a bus", f->row->name);
    diag_label(&r->diags, d, "'%s' is a bus", t->name);
    return false;
}

static bool check_time(struct reading *r, const struct form *f, uint64_t *frame)
{
    if (!arg_frame(r, f->sx, &f->start, frame))
        return false;
    if (!r->inner || *frame >= r->inner->exact)
        return true;
    score_wrong(r, E_SCORE_TIME_RANGE, f->sx, "this comes before the sound it is for");
    return false;
}

/* A parameter acts on its own frame, but not before the tick on which its sound starts. */
static uint64_t set_frame(const struct target *t, uint64_t exact)
{
    const struct sounding *sound = t->sound;
    bool follows = sound && sound->any && sound->exact <= exact;
    return follows && sound->act > exact ? sound->act : exact;
}

static void send_out(struct reading *r, const struct form *f, const struct target *t,
                     enum mix_verb verb, struct mix_command *command)
{
    if (!check_time(r, f, &command->frame))
        return;
    if (verb == MIX_SET)
        command->frame = set_frame(t, command->frame);
    command->verb = (uint8_t)verb;
    command->to = t->to;
    command->target = t->number;
    score_emit(r, f->sx, command);
}

/* --- forms -------------------------------------------------------------------------------- */

void do_stop(struct reading *r, const struct form *f, struct moment *end)
{
    (void)end;
    struct target t;
    struct mix_command c = {0};
    const struct sx *fade = f->keys[KEY_FADE];
    if (find_target(r, f, &t) && is_for_bus(r, f, &t) &&
        (!fade || arg_duration(r, fade, &f->start, &c.frames)))
        send_out(r, f, &t, MIX_STOP, &c);
}

static void simple(struct reading *r, const struct form *f, enum mix_verb verb)
{
    struct target t;
    struct mix_command c = {0};
    if (find_target(r, f, &t) && is_for_bus(r, f, &t))
        send_out(r, f, &t, verb, &c);
}

void do_release(struct reading *r, const struct form *f, struct moment *end)
{
    (void)end;
    simple(r, f, MIX_RELEASE);
}

void do_is_playing(struct reading *r, const struct form *f, struct moment *end)
{
    (void)end;
    simple(r, f, MIX_IS_PLAYING);
}

static void ramped(struct reading *r, const struct form *f, enum mix_verb verb, const char *what)
{
    struct target t;
    struct mix_command c = {0};
    const struct sx *ramp = f->keys[KEY_RAMP];
    if (find_target(r, f, &t) &&
        (verb == MIX_SET_PAN ? arg_byte : arg_volume)(r, t.args[0], what, &c.value) &&
        (!ramp || arg_duration(r, ramp, &f->start, &c.frames)))
        send_out(r, f, &t, verb, &c);
}

void do_set_volume(struct reading *r, const struct form *f, struct moment *end)
{
    (void)end;
    ramped(r, f, MIX_SET_VOLUME, "a volume");
}

void do_set_pan(struct reading *r, const struct form *f, struct moment *end)
{
    (void)end;
    ramped(r, f, MIX_SET_PAN, "a pan");
}

void do_set_pitch(struct reading *r, const struct form *f, struct moment *end)
{
    (void)end;
    struct target t;
    struct mix_command c = {0};
    if (find_target(r, f, &t) && is_for_bus(r, f, &t) && arg_rate(r, t.args[0], &c.rate))
        send_out(r, f, &t, MIX_SET_PITCH, &c);
}

void do_send(struct reading *r, const struct form *f, struct moment *end)
{
    (void)end;
    struct target t;
    struct mix_command c = {0};
    uint32_t bus;
    if (!find_target(r, f, &t) || !is_for_bus(r, f, &t) || !bus_find(r, t.args[0], &bus) ||
        !arg_volume(r, t.args[1], "an amount", &c.value))
        return;
    c.send_bus = (uint16_t)bus;
    send_out(r, f, &t, MIX_SEND, &c);
}

static bool no_parameters(struct reading *r, const struct form *f, const struct target *t)
{
    if (names_find(&r->failed, t->name) != NAME_NONE)
        return false; /* nobody knows what it has */
    struct diag *d = score_wrong(r, E_SCORE_NOT_FOR, f->sx, "'%s' has no parameters", t->name);
    diag_label(&r->diags, d, t->to == MIX_BUS ? "this bus has no effect" : "this is a sample");
    return false;
}

static bool read_param(struct reading *r, const struct form *f, const struct target *t,
                       struct mix_command *c)
{
    const struct sx *name = t->args[0], *value = t->args[1];
    if (t->to == MIX_VOICE && !param_anywhere(r, name, value, &c->number))
        return false;
    if (t->to != MIX_VOICE) {
        if (!t->program)
            return no_parameters(r, f, t);
        int param = param_of(r, name, t->name, t->program);
        if (param < 0 ||
            !param_value(r, value, t->name, rp_param_info(t->program, (unsigned)param), &c->number))
            return false;
    }
    c->param = param_number(r, name->text);
    return true;
}

void do_set(struct reading *r, const struct form *f, struct moment *end)
{
    (void)end;
    struct target t;
    struct mix_command c = {0};
    if (find_target(r, f, &t) && read_param(r, f, &t, &c))
        send_out(r, f, &t, MIX_SET, &c);
}

void do_glide(struct reading *r, const struct form *f, struct moment *end)
{
    (void)end;
    struct target t;
    struct mix_command c = {0};
    if (find_target(r, f, &t) && read_param(r, f, &t, &c) &&
        arg_duration(r, t.args[2], &f->start, &c.frames))
        send_out(r, f, &t, MIX_SET, &c);
}
