/* plays.c - plays and notes: what a sound is started with. */
#include "render/score/reading.h"
#include "text/number.h"
#include <string.h>

/* --- sources ------------------------------------------------------------------------------ */

bool source_find(struct reading *r, const struct sx *sx, uint32_t *source)
{
    *source = sx->kind == SX_LIST ? NAME_NONE : names_find(&r->sources, sx->text);
    if (*source != NAME_NONE)
        return true;
    if (sx->kind != SX_LIST && names_find(&r->failed, sx->text) != NAME_NONE)
        return false;
    struct diag *d = score_wrong(r, E_SCORE_SOURCE, sx, "there is no sample or patch '%.60s'",
                                 sx->kind == SX_LIST ? "(...)" : sx->text);
    if (r->sources.count > 0)
        diag_suggest(&r->diags, d, sx->text, "there is", "there are", r->sources.words,
                     r->sources.count);
    else
        diag_help(&r->diags, d, "declare it before: (sample %.60s \"FILE.wav\")", sx->text);
    return false;
}

/* --- options ------------------------------------------------------------------------------ */

static struct mix_command *new_part(struct reading *r, enum mix_verb verb)
{
    if (arena_grow(&r->score->arena, (void **)&r->parts, &r->part_capacity, r->part_count + 1,
                   sizeof *r->parts))
        return NULL;
    struct mix_command *part = &r->parts[r->part_count++];
    *part = (struct mix_command){.verb = (uint8_t)verb, .to = MIX_SOUND, .part = 1};
    return part;
}

static void add_set(struct reading *r, uint32_t param, float value)
{
    struct mix_command *part = new_part(r, MIX_SET);
    if (!part)
        return;
    part->param = param;
    part->number = value;
}

static bool no_list(struct reading *r, const struct sx *sx, const char *shape)
{
    struct diag *d = score_wrong(r, E_SCORE_SHAPE, sx, "a list of pairs is wanted here");
    diag_help(&r->diags, d, "the shape is %s", shape);
    return false;
}

static bool is_pairs(struct reading *r, const struct sx *sx, const char *shape)
{
    size_t count = sx->kind == SX_LIST ? sx_count(sx) : 1;
    return count % 2 == 0 || no_list(r, sx, shape);
}

/* In JSON, {"cutoff": "2khz"} makes a keyword of the name. */
struct sx pair_name(const struct sx *sx)
{
    struct sx name = *sx;
    if (sx->kind == SX_SYMBOL && sx->text[0] == ':') {
        name.text++;
        name.length--;
    }
    return name;
}

static bool needs_patch(struct reading *r, const struct sx *sx, const struct mix_source *source,
                        const char *what)
{
    if (source->program)
        return true;
    struct diag *d = score_wrong(r, E_SCORE_NOT_FOR, sx, "a sample has no %s", what);
    diag_label(&r->diags, d, "'%s' is a sample", source->name);
    return false;
}

static bool take_sets(struct reading *r, const struct sx *list, struct plan *plan)
{
    const struct mix_source *source = &r->score->sources[plan->source];
    if (!is_pairs(r, list, ":set (cutoff 2khz q 3)") || !needs_patch(r, list, source, "parameters"))
        return false;
    bool good = true;
    for (const struct sx *sx = list->first; sx; sx = sx->next->next) {
        float value;
        struct sx name = pair_name(sx);
        int param = param_of(r, &name, source->name, source->program);
        if (param < 0 || !param_value(r, sx->next, source->name,
                                      rp_param_info(source->program, (unsigned)param), &value)) {
            good = false;
            continue;
        }
        add_set(r, param_number(r, name.text), value);
        if (param == source->pitch) {
            plan->play.number = value;
            plan->sets_pitch = true;
        }
    }
    return good;
}

/* A bus that is named again gets the later amount. */
static struct mix_command *send_to(struct reading *r, uint16_t bus, const struct sx *sx)
{
    size_t sends = 0;
    for (size_t i = 0; i < r->part_count; i++) {
        if (r->parts[i].verb != MIX_SEND)
            continue;
        if (r->parts[i].send_bus == bus)
            return &r->parts[i];
        sends++;
    }
    if (sends < MIX_SENDS)
        return new_part(r, MIX_SEND);
    score_wrong(r, E_SCORE_LIMIT, sx, "a sound is sent to %d buses at most", (int)MIX_SENDS);
    return NULL;
}

static bool take_sends(struct reading *r, const struct sx *list)
{
    if (!is_pairs(r, list, ":send (reverb 128 delay 40)"))
        return false;
    for (const struct sx *sx = list->first; sx; sx = sx->next->next) {
        uint32_t bus;
        uint8_t amount;
        struct sx name = pair_name(sx);
        if (!bus_find(r, &name, &bus) || !arg_volume(r, sx->next, "an amount", &amount))
            return false;
        struct mix_command *part = send_to(r, (uint16_t)bus, sx);
        if (!part)
            return false;
        part->send_bus = (uint16_t)bus;
        part->value = amount;
    }
    return true;
}

/* (START END) in frames of the sample; on: the declared loop, or the file's, or all of it. */
static bool loop_points(struct reading *r, const struct sx *sx, const struct sample *sample,
                        struct mix_command *play)
{
    int64_t start = 0, end = sample->length;
    if (sx->kind == SX_LIST) {
        if (sx_count(sx) != 2)
            return no_list(r, sx, ":loop (START END)");
        if (!arg_whole(r, sx->first, "a loop's start", 0, sample->length - 1, &start) ||
            !arg_whole(r, sx->first->next, "a loop's end", start + 1, sample->length, &end))
            return false;
    } else if (play->loop == MIX_LOOP_ON) {
        return true; /* the declaration's */
    } else if (sample->has_loop) {
        start = sample->loop_start;
        end = sample->loop_end;
    }
    play->loop = MIX_LOOP_ON;
    play->loop_start = (uint32_t)start;
    play->loop_end = (uint32_t)end;
    return true;
}

static bool take_loop(struct reading *r, const struct sx *sx, struct plan *plan)
{
    const struct sample *sample = r->score->sources[plan->source].sample;
    bool on = true;
    if (!sample) {
        struct diag *d = score_wrong(r, E_SCORE_NOT_FOR, sx, "a patch has no loop");
        diag_label(&r->diags, d, "'%s' is a patch", r->score->sources[plan->source].name);
        return false;
    }
    if (sx->kind != SX_LIST && !arg_switch(r, sx, "choice", &on))
        return false;
    if (on)
        return loop_points(r, sx, sample, &plan->play);
    plan->play.loop = MIX_LOOP_OFF;
    return true;
}

static bool take_bus(struct reading *r, const struct sx *sx, struct mix_command *play)
{
    uint32_t bus;
    if (sx_is(sx, "mix")) {
        play->bus = -1;
        return true;
    }
    if (!bus_find(r, sx, &bus))
        return false;
    play->bus = (int32_t)bus;
    return true;
}

static bool take_name(struct reading *r, const struct sx *sx, struct mix_command *play)
{
    const char *name = arg_name(r, sx, "a sound");
    if (!name)
        return false;
    if (names_find(&r->buses, name) != NAME_NONE || strcmp(name, "mix") == 0) {
        struct diag *d = score_wrong(r, E_SCORE_NAME_TWICE, sx, "'%s' is the name of a bus", name);
        diag_help(&r->diags, d, "give the sound another name");
        return false;
    }
    play->name = names_add(&r->names, name);
    return true;
}

static bool take_voice(struct reading *r, const struct sx *sx, struct mix_command *play)
{
    int64_t voice;
    if (!arg_whole(r, sx, "a voice", 0, r->score->voices - 1, &voice))
        return false;
    play->to = MIX_VOICE;
    play->target = (uint64_t)voice;
    return true;
}

bool plan_options(struct reading *r, const struct form *f, struct plan *plan)
{
    const struct sx *const *k = f->keys;
    struct mix_command *p = &plan->play;
    bool good = true;
    good &= !k[KEY_VOLUME] || arg_volume(r, k[KEY_VOLUME], "a volume", &p->volume);
    good &= !k[KEY_PAN] || arg_byte(r, k[KEY_PAN], "a pan", &p->pan);
    good &= !k[KEY_PITCH] || arg_rate(r, k[KEY_PITCH], &p->rate);
    good &= !k[KEY_PRIORITY] || arg_byte(r, k[KEY_PRIORITY], "a priority", &p->priority);
    good &= !k[KEY_BUS] || take_bus(r, k[KEY_BUS], p);
    good &= !k[KEY_FADE] || arg_duration(r, k[KEY_FADE], &f->start, &p->frames);
    good &= !k[KEY_LOOP] || take_loop(r, k[KEY_LOOP], plan);
    good &= !k[KEY_VOICE] || take_voice(r, k[KEY_VOICE], p);
    good &= !k[KEY_AS] || take_name(r, k[KEY_AS], p);
    good &=
        !k[KEY_SERIAL] || arg_whole(r, k[KEY_SERIAL], "a serial number", 0, INT64_MAX, &p->serial);
    good &= !k[KEY_SEND] || take_sends(r, k[KEY_SEND]);
    good &= !k[KEY_SET] || take_sets(r, k[KEY_SET], plan);
    return good;
}

bool plan_parts(struct reading *r, const struct mix_command *parts, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct mix_command *part = new_part(r, (enum mix_verb)parts[i].verb);
        if (!part)
            return false;
        *part = parts[i];
    }
    return true;
}

bool plan_make(struct reading *r, const struct form *f, uint32_t source, struct plan *plan)
{
    const struct score_plan *defaults = &r->score->plans[source];
    *plan = (struct plan){.source = source, .play = defaults->play};
    r->part_count = 0;
    bool good = plan_parts(r, defaults->parts, defaults->part_count);
    plan->own_parts = r->part_count;
    return good && plan_options(r, f, plan);
}

/* --- pitches ------------------------------------------------------------------------------ */

static bool no_pitch(struct reading *r, const struct sx *sx, const char *text, size_t length)
{
    struct diag *d = score_wrong(r, E_SCORE_PITCH, sx, "'%.*s' is not a pitch",
                                 (int)(length < 60 ? length : 60), text);
    diag_help(&r->diags, d, "a pitch is a note such as c4 or f#3, a MIDI number, or 440hz");
    return false;
}

static bool key_pitch(struct reading *r, const struct sx *sx, struct ratio key, struct pitch *pitch)
{
    *pitch = (struct pitch){.keyed = true};
    if (ratio_add(key, r->transpose, &pitch->key))
        return true;
    score_wrong(r, E_SCORE_VALUE_RANGE, sx, "this pitch is too fine");
    return false;
}

bool pitch_read(struct reading *r, const struct sx *sx, const char *text, size_t length,
                struct pitch *pitch)
{
    int note;
    bool fits;
    struct ratio key;
    struct number number;
    if (number_note(text, length, &note) == 0)
        return key_pitch(r, sx, ratio_whole(note), pitch);
    if (number_read(text, length, &number) == NUMBER_OK && number.unit == NUMBER_HZ &&
        number.value > 0.0) {
        *pitch =
            (struct pitch){.hz = number.value * number_exp2(ratio_double(r->transpose) / 12.0)};
        return true;
    }
    if (ratio_read(text, length, &key, &fits) != length || length == 0 || !fits)
        return no_pitch(r, sx, text, length);
    if (key.num >= 0 && ratio_compare(key, ratio_whole(127)) <= 0)
        return key_pitch(r, sx, key, pitch);
    struct diag *d = score_wrong(r, E_SCORE_PITCH, sx, "MIDI numbers go from 0 to 127");
    diag_help(&r->diags, d, "write 440hz for a frequency");
    return false;
}

double pitch_hz(const struct pitch *pitch)
{
    return pitch->keyed ? key_hz(pitch->key) : pitch->hz;
}

/* The factor by which a sample is played faster than at its root. */
static double pitch_factor(const struct pitch *pitch, int root)
{
    struct ratio steps;
    if (!pitch->keyed || !ratio_subtract(pitch->key, ratio_whole(root), &steps))
        return pitch_hz(pitch) / key_hz(ratio_whole(root));
    return number_exp2(ratio_double(steps) / 12.0);
}

/* --- strikes ------------------------------------------------------------------------------ */

static bool sample_pitch(struct reading *r, const struct strike *s, int root,
                         struct mix_command *play)
{
    double rate = pitch_factor(&s->pitch, root) * (double)play->rate;
    double size = rate < 0.0 ? -rate : rate;
    play->number = (float)pitch_hz(&s->pitch);
    if (!(size + 0.5 >= 1.0) || size > (double)MIX_RATE_MOST) {
        struct diag *d =
            score_wrong(r, E_SCORE_RATE, s->sx, "this pitch is out of the sample's reach");
        diag_help(&r->diags, d, "a rate lies within 1024 and -1024; the sample's root is %d", root);
        return false;
    }
    play->rate = (int64_t)(rate < 0.0 ? rate - 0.5 : rate + 0.5);
    return true;
}

static bool patch_pitch(struct reading *r, const struct strike *s, uint32_t source,
                        struct mix_command *play)
{
    const struct mix_source *to = &r->score->sources[source];
    if (to->pitch < 0) {
        struct diag *d = score_wrong(r, E_SCORE_NOT_FOR, s->sx, "'%s' has no pitch", to->name);
        diag_help(&r->diags, d, "name its parameter in Hz with :pitch where the patch is declared");
        return false;
    }
    const struct rp_param *param = rp_param_info(to->program, (unsigned)to->pitch);
    float hz = (float)pitch_hz(&s->pitch);
    play->number = hz;
    if (hz >= param->low && hz <= param->high)
        return true;
    struct diag *d = score_wrong(r, E_SCORE_PARAM_VALUE, s->sx,
                                 "this pitch, %.7g Hz, is outside the range of '%s' of '%s'",
                                 (double)hz, param->name, to->name);
    diag_help(&r->diags, d, "its range is %.7g Hz to %.7g Hz", (double)param->low,
              (double)param->high);
    return false;
}

/* floor(volume * velocity + 1/2) */
static uint8_t scale_volume(uint8_t volume, struct ratio velocity)
{
    struct ratio product, half = {1, 2};
    if (!ratio_multiply(velocity, ratio_whole(volume), &product) ||
        !ratio_add(product, half, &product))
        return (uint8_t)(ratio_double(velocity) * volume + 0.5);
    return (uint8_t)ratio_floor(product);
}

static bool take_length(struct reading *r, const struct strike *s, uint64_t exact,
                        struct mix_command *play)
{
    uint64_t end;
    if (!s->has_end)
        return true;
    if (!arg_frame(r, s->sx, &s->end, &end))
        return false;
    play->length = end > exact ? end - exact : 0;
    if (play->length == 0 && r->score->quantise)
        play->length = 1;
    if (play->length > 0 && play->length <= MOST_DURATION)
        return true;
    if (play->length == 0)
        score_wrong(r, E_SCORE_LENGTH, s->sx, "a length of less than a frame");
    else
        score_wrong(r, E_SCORE_VALUE_RANGE, s->sx, "this takes more than a day");
    return false;
}

static void emit_part(struct reading *r, const struct strike *s, const struct mix_command *part,
                      const struct sounding *sound)
{
    struct mix_command command = *part;
    command.frame = sound->exact;
    command.target = sound->order;
    score_emit(r, s->sx, &command);
}

static void emit_set(struct reading *r, const struct strike *s, int param, float value,
                     const struct sounding *sound)
{
    struct mix_command part = {.verb = MIX_SET, .to = MIX_SOUND, .part = 1, .number = value};
    part.param = (uint32_t)param;
    emit_part(r, s, &part, sound);
}

/* The source's own values, those of the note, those of the form: later ones count. */
static void emit_parts(struct reading *r, const struct plan *plan, const struct strike *s,
                       const struct sounding *sound)
{
    const struct score_plan *source = &r->score->plans[plan->source];
    for (size_t i = 0; i < plan->own_parts; i++)
        emit_part(r, s, &r->parts[i], sound);
    if (s->has_pitch && source->pitch >= 0)
        emit_set(r, s, source->pitch, (float)pitch_hz(&s->pitch), sound);
    if (s->has_velocity && source->velocity >= 0)
        emit_set(r, s, source->velocity, (float)ratio_double(s->velocity), sound);
    for (size_t i = plan->own_parts; i < r->part_count; i++)
        emit_part(r, s, &r->parts[i], sound);
}

static void remember(struct reading *r, const struct mix_command *play,
                     const struct sounding *sound)
{
    if (play->to == MIX_VOICE)
        r->voices[play->target] = *sound;
    if (play->name == MIX_NO_NAME)
        return;
    if (arena_grow(&r->score->arena, (void **)&r->named, &r->named_capacity, play->name + 1u,
                   sizeof *r->named) == 0)
        r->named[play->name] = *sound;
}

/* A pitch that the form itself sets goes before the note's. */
static bool pitch_play(struct reading *r, const struct plan *plan, const struct strike *s,
                       struct mix_command *play)
{
    if (!s->has_pitch)
        return true;
    if (r->score->sources[plan->source].sample)
        return sample_pitch(r, s, r->score->plans[plan->source].root, play);
    bool good = patch_pitch(r, s, plan->source, play);
    if (plan->sets_pitch)
        play->number = plan->play.number;
    return good;
}

bool plan_strike(struct reading *r, const struct plan *plan, const struct strike *s,
                 struct sounding *sound)
{
    struct mix_command play = plan->play;
    *sound = (struct sounding){.any = true, .source = plan->source};
    if (!arg_frame(r, s->sx, &s->start, &sound->exact) || !pitch_play(r, plan, s, &play) ||
        !take_length(r, s, sound->exact, &play))
        return false;
    if (s->has_velocity && r->score->plans[plan->source].velocity < 0)
        play.volume = scale_volume(play.volume, s->velocity);
    play.frame = sound->exact;
    sound->act = score_act_frame(r->score, sound->exact);
    sound->order = score_emit(r, s->sx, &play);
    emit_parts(r, plan, s, sound);
    remember(r, &play, sound);
    return true;
}

/* --- forms -------------------------------------------------------------------------------- */

static void run_body(struct reading *r, const struct form *f, size_t first,
                     const struct sounding *sound)
{
    struct moment end;
    r->inner = sound;
    for (const struct sx *sx = item_at(f, first); sx; sx = item_next(sx))
        eval(r, sx, &f->start, &end);
    r->inner = NULL;
}

static void run_play(struct reading *r, const struct form *f, struct strike *s, size_t body,
                     uint32_t source, struct moment *end)
{
    struct plan plan;
    struct sounding sound = {.any = true, .source = source};
    const struct sx *velocity = f->keys[KEY_VELOCITY];
    s->has_velocity = velocity != NULL;
    bool good = plan_make(r, f, source, &plan);
    good &= !velocity || arg_share(r, velocity, "a velocity", &s->velocity);
    if (good)
        plan_strike(r, &plan, s, &sound);
    run_body(r, f, body, &sound);
    *end = s->has_end ? s->end : f->start;
}

static bool read_length(struct reading *r, const struct form *f, const struct sx *length,
                        struct strike *s)
{
    s->has_end = length != NULL;
    return !length || arg_end(r, length, &f->start, false, &s->end);
}

/* A sound whose source is missing keeps its name: what is done to it is not wrong as well. */
static bool find_source(struct reading *r, const struct form *f, uint32_t *source)
{
    struct mix_command nothing;
    if (source_find(r, f->items[0], source))
        return true;
    if (f->keys[KEY_AS])
        take_name(r, f->keys[KEY_AS], &nothing);
    return false;
}

void do_play(struct reading *r, const struct form *f, struct moment *end)
{
    uint32_t source;
    struct strike s = {.sx = f->sx, .start = f->start};
    if (find_source(r, f, &source) && read_length(r, f, f->keys[KEY_FOR], &s))
        run_play(r, f, &s, 1, source, end);
}

void do_note(struct reading *r, const struct form *f, struct moment *end)
{
    uint32_t source;
    struct strike s = {.sx = f->sx, .start = f->start, .has_pitch = true};
    const struct sx *pitch = f->items[1], *length = f->items[2];
    if (length && length->kind == SX_LIST)
        length = NULL;
    size_t body = length ? 3 : 2;
    if (length && f->keys[KEY_FOR]) {
        score_wrong(r, E_SCORE_OPTION, f->keys[KEY_FOR], "the length is given twice");
        return;
    }
    if (!length)
        length = f->keys[KEY_FOR];
    if (find_source(r, f, &source) && pitch_read(r, pitch, pitch->text, pitch->length, &s.pitch) &&
        read_length(r, f, length, &s))
        run_play(r, f, &s, body, source, end);
}
