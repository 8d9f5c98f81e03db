/* sound.c - the parameters and events of a sound; a sound becomes takes. */
#include "render/batch/reading.h"
#include "render/job_input.h"
#include "render/param_text.h"
#include <stdlib.h>
#include <string.h>

/* --- parameters --------------------------------------------------------------------------- */

/* Those of one sound while it is read. */
struct playing {
    struct list *list;
    const struct rp_program *program;
    const char *name; /* of the patch file */
    size_t count;     /* of events */
};

static int find_param(struct playing *p, const struct sx *sx, const char *name)
{
    struct list *r = p->list;
    int found = sx->kind == SX_LIST ? -1 : rp_param_find(p->program, name);
    if (found >= 0)
        return found;
    unsigned count = rp_param_count(p->program);
    const char **words = arena_take(&r->batch->arena, count + 1, sizeof *words);
    for (unsigned i = 0; words && i < count; i++)
        words[i] = rp_param_info(p->program, i)->name;
    struct diag *d = list_wrong(r, E_BATCH_PARAM, sx, "'%s' has no parameter '%.60s'", p->name,
                                sx->kind == SX_LIST ? "(...)" : name);
    if (words && count > 0)
        diag_suggest(&r->diags, d, name, "it has", "it has", words, count);
    else
        diag_help(&r->diags, d, "it has no parameters at all");
    return -1;
}

static bool misfit(struct playing *p, const struct sx *sx, const struct rp_param *param,
                   enum param_fit fit)
{
    char low[NUMBER_TEXT], high[NUMBER_TEXT];
    struct list *r = p->list;
    struct diag *d =
        list_wrong(r, E_BATCH_PARAM_VALUE, sx,
                   fit == PARAM_OTHER_UNIT ? "'%.60s' does not fit parameter '%s' of '%s'"
                                           : "'%.60s' is outside the range of '%s' of '%s'",
                   list_shown(sx), param->name, p->name);
    if (fit == PARAM_OTHER_UNIT)
        diag_help(&r->diags, d, "it takes %s", param_examples(param));
    else
        diag_help(&r->diags, d, "its range is %s to %s", param_text(low, param, param->low),
                  param_text(high, param, param->high));
    return false;
}

static bool add_event(struct playing *p, const struct sx *name, const struct sx *value,
                      struct event event)
{
    const char *text = list_atom(name);
    int found = find_param(p, name, text + (text[0] == ':'));
    if (found < 0)
        return false;
    const struct rp_param *param = rp_param_info(p->program, (unsigned)found);
    enum param_fit fit = value->kind == SX_LIST
                             ? PARAM_OTHER_UNIT
                             : param_read(value->text, value->length, param, &event.value);
    if (fit != PARAM_FITS)
        return misfit(p, value, param, fit);
    if (p->count == MOST_EVENTS) {
        list_wrong(p->list, E_BATCH_LIMIT, name, "a sound has at most %d changes of parameters",
                   (int)MOST_EVENTS);
        return false;
    }
    event.param = (unsigned)found;
    if (event.glide == UINT32_MAX)
        event.glide = param->glide;
    p->list->events[p->count++] = event;
    return true;
}

/* (P VALUE ...) */
static bool add_settings(struct playing *p, const struct sx *list)
{
    bool good = true;
    const struct sx *sx = list->kind == SX_LIST ? list->first : NULL;
    if (list->kind != SX_LIST)
        return list_bad_value(p->list, list, "set", "a list: (PARAM VALUE ...)");
    for (; sx && sx->next; sx = sx->next->next)
        good &= add_event(p, sx, sx->next, (struct event){0});
    if (sx) {
        list_wrong(p->list, E_BATCH_SHAPE, sx, "the parameter '%.60s' has no value",
                   list_shown(sx));
        return false;
    }
    return good;
}

static const struct sx *option_of(const struct sx *form, const char *name)
{
    for (const struct sx *sx = form->first->next; sx; sx = sx->next)
        if (is_key(sx) && strcmp(sx->text + 1, name) == 0)
            return sx->next;
    return NULL;
}

static bool wrong_event(struct list *r, const struct sx *form, const char *what)
{
    struct diag *d = list_wrong(r, E_BATCH_SHAPE, form, "%s", what);
    diag_help(&r->diags, d,
              "write (set PARAM VALUE :at TIME) or (glide PARAM VALUE LENGTH :at TIME)");
    return false;
}

/* (set P VALUE :at T), (glide P VALUE LENGTH :at T) */
static bool add_change(struct playing *p, const struct sx *form)
{
    struct list *r = p->list;
    const struct sx *items[3] = {NULL}, *at = NULL;
    size_t count = 0, wanted;
    struct event event = {0};
    uint64_t glide;
    bool glides = form->first && sx_is(form->first, "glide");
    if (!glides && !(form->first && sx_is(form->first, "set")))
        return wrong_event(r, form, "a sound holds nothing but changes of its parameters");
    for (const struct sx *sx = form->first->next; sx; sx = sx->next) {
        if (is_key(sx) && strcmp(sx->text, ":at") == 0 && sx->next && !at)
            at = sx = sx->next;
        else if (is_key(sx))
            return wrong_event(r, sx, "a change of a parameter has the option ':at TIME' alone");
        else if (count++ < 3)
            items[count - 1] = sx;
    }
    wanted = glides ? 3 : 2;
    if (count != wanted)
        return wrong_event(r, form, count < wanted ? "too few parts" : "too many parts");
    if (at && !list_time(r, at, "at", 0, LONGEST_FRAMES, &event.frame))
        return false;
    if (glides && !list_time(r, items[2], "glide", 0, LONGEST_FRAMES, &glide))
        return false;
    event.glide = glides ? (uint32_t)glide : at ? UINT32_MAX : 0;
    return add_event(p, items[0], items[1], event);
}

static bool add_changes(struct playing *p, const struct sx *form)
{
    bool good = true;
    for (const struct sx *sx = form->first->next; sx; sx = sx->next) {
        if (is_key(sx))
            sx = sx->next;
        else if (sx->kind == SX_LIST)
            good &= add_change(p, sx);
        if (!sx)
            break;
    }
    return good;
}

static bool read_events(struct playing *p, const struct sx *patch, const struct sx *form)
{
    const struct sx *of_patch = patch ? option_of(patch, "set") : NULL;
    const struct sx *own = option_of(form, "set");
    bool good = !of_patch || add_settings(p, of_patch);
    if (own)
        good &= add_settings(p, own);
    return add_changes(p, form) && good;
}

/* --- what fits ---------------------------------------------------------------------------- */

/* Blames the option, if the form has it. */
static bool no_fit(struct list *r, const struct sx *form, const char *option, const char *what,
                   const char *help)
{
    const struct sx *value = option_of(form, option);
    struct diag *d = list_wrong(r, E_BATCH_FIT, value ? value : form, "%s", what);
    diag_help(&r->diags, d, "%s", help);
    return false;
}

static bool choose_format(struct list *r, const struct sx *form, const char *name,
                          struct sound_wish *w)
{
    if (r->options->sheet) {
        w->format = r->options->sheet->format;
        w->pcm = r->options->sheet->pcm;
        w->dither &= w->pcm != PCM_FLOAT;
        return true;
    }
    if (!w->format_given && !audio_format_of(name, &w->format)) {
        struct diag *d =
            list_wrong(r, E_BATCH_FIT, form, "'%.80s': no format is known by this extension", name);
        diag_help(&r->diags, d, "give :format wav, flac or ogg");
        return false;
    }
    if (w->format == AUDIO_FLAC && w->pcm == PCM_FLOAT)
        return no_fit(r, form, "bits", "FLAC has no float", "give :bits 16 or 24");
    if (w->format == AUDIO_OGG && w->bits_given)
        return no_fit(r, form, "bits", "Ogg Vorbis has no bits to choose", "leave bits out");
    if (w->format == AUDIO_OGG)
        w->pcm = PCM_FLOAT;
    if (w->dither && w->pcm == PCM_FLOAT)
        return no_fit(r, form, "dither", "dither is for 16 and 24 bits", "write :dither off");
    return true;
}

/* The length of a sound file, asked for once. */
static bool input_length(struct list *r, const struct sx *form, const struct rp_program *program,
                         const char *path, uint64_t *frames)
{
    struct render_error error;
    unsigned inputs = rp_inputs(program);
    *frames = 0;
    if (!path)
        return true;
    if (inputs == 0)
        return no_fit(r, form, "input", "the patch takes no input",
                      "an effect has a node of type 'input' or 'input.mono'");
    uint32_t number = names_add(&r->inputs, path);
    if (number == NAME_NONE || arena_grow(&r->batch->arena, (void **)&r->input, &r->input_room,
                                          number + 1, sizeof *r->input))
        return false;
    struct batch_input *input = &r->input[number];
    if (input->inputs != inputs) {
        const struct sx *sx = option_of(form, "input");
        if (!list_readable(r, sx ? sx : form, path, "the input"))
            return false;
        enum render_status status = job_input_length(path, inputs, &input->frames, &error);
        if (status == RENDER_TROUBLE)
            list_trouble(r, "%s", error.text);
        if (status == RENDER_WRONG) {
            struct diag *d = list_wrong(r, E_BATCH_RESOURCE, sx ? sx : form, "%s", error.text);
            if (error.help[0])
                diag_help(&r->diags, d, "%s", error.help);
        }
        if (status != RENDER_OK)
            return false;
        input->inputs = inputs;
    }
    *frames = input->frames;
    return true;
}

static bool check_gate(struct list *r, const struct sx *form, const struct rp_program *program,
                       const struct sound_wish *wish)
{
    if (!wish->release_given || rp_param_find(program, "gate") >= 0)
        return true;
    /* Of all sounds, it is for those that have one. */
    if (r->wish.release_given && !option_of(form, "hold"))
        return true;
    return no_fit(r, form, "hold", "'hold' needs a parameter 'gate', and there is none",
                  "leave hold out");
}

/* --- takes -------------------------------------------------------------------------------- */

static bool stays_within(const char *name)
{
    if (name[0] == '/')
        return false;
    for (const char *at = name; at; at = strchr(at, '/') ? strchr(at, '/') + 1 : NULL)
        if (strncmp(at, "..", 2) == 0 && (at[2] == '/' || at[2] == '\0'))
            return false;
    return true;
}

static bool name_is_new(struct list *r, const struct sx *sx, const char *name)
{
    struct arena *arena = &r->batch->arena;
    size_t before = r->outputs.count;
    uint32_t number = names_add(&r->outputs, name);
    if (number == NAME_NONE || arena_grow(arena, (void **)&r->output_line, &r->output_room,
                                          number + 1, sizeof *r->output_line))
        return false;
    if (r->outputs.count > before) {
        r->output_line[number] = list_line(sx);
        return true;
    }
    struct diag *d = list_wrong(r, E_BATCH_NAME_TWICE, sx, "'%.80s' is there already", name);
    diag_help(&r->diags, d, "line %u has it; every sound has a file of its own",
              (unsigned)r->output_line[number]);
    return false;
}

/* The name is the arena's, and stays. */
static bool add_take(struct list *r, const struct sx *sx, const struct sound *sound,
                     const char *name, uint64_t seed)
{
    struct batch *batch = r->batch;
    const char *directory = r->options->directory;
    if (arena_grow(&batch->arena, (void **)&batch->takes, &r->take_room, batch->count + 1,
                   sizeof *batch->takes) ||
        arena_grow(&batch->arena, (void **)&batch->names, &r->name_room, batch->count + 1,
                   sizeof *batch->names) ||
        !name_is_new(r, sx, name))
        return false;
    struct take *take = &batch->takes[batch->count];
    *take = (struct take){.sound = sound, .seed = seed};
    name = r->outputs.words[r->outputs.count - 1];
    if (directory) {
        size_t length = strlen(directory);
        char *path = arena_take(&batch->arena, length + strlen(name) + 2, 1);
        if (!path)
            return false;
        memcpy(path, directory, length);
        path[length] = '/';
        strcpy(path + length + 1, name);
        take->path = path;
    }
    batch->names[batch->count++] = name;
    return true;
}

static bool has_room(struct list *r, const struct sx *form, size_t more)
{
    if (r->batch->count + more <= BATCH_MOST_SOUNDS)
        return true;
    list_wrong(r, E_BATCH_LIMIT, form, "the batch has more than %d sounds", BATCH_MOST_SOUNDS);
    return false;
}

static bool add_takes(struct list *r, const struct sx *form, const struct sx *out,
                      const struct sound *sound, const struct sound_wish *wish)
{
    if (!has_room(r, form, wish->variations ? wish->variations : 1))
        return false;
    if (wish->variations == 0)
        return add_take(r, out, sound, out->text, wish->seed);
    for (size_t i = 0; i < wish->variations; i++) {
        char *name = numbered_name(out->text, i + 1, wish->variations);
        bool good = name && add_take(r, out, sound, name, wish->seed + i);
        if (!name)
            list_trouble(r, "out of memory");
        free(name);
        if (!good)
            return false;
    }
    return true;
}

static struct sound *keep_sound(struct list *r, const struct sound *sound)
{
    struct arena *arena = &r->batch->arena;
    struct sound *kept = arena_take(arena, 1, sizeof *kept);
    struct event *events = arena_take(arena, sound->events.count + 1, sizeof *events);
    if (!kept || !events)
        return NULL;
    *kept = *sound;
    if (sound->events.count > 0)
        memcpy(events, sound->events.list, sound->events.count * sizeof *events);
    kept->events.list = events;
    return kept;
}

static bool check_out(struct list *r, const struct sx *sx)
{
    if (!list_text(r, sx, "a file"))
        return false;
    if (stays_within(sx->text))
        return true;
    struct diag *d = list_wrong(r, E_BATCH_VALUE, sx, "'%.80s' leads out of the folder", sx->text);
    diag_help(&r->diags, d, "names of sounds are relative to the folder that -o gives");
    return false;
}

void do_sound(struct list *r, const struct sx *form)
{
    const struct sx *items[2] = {NULL};
    struct sound_wish wish = r->wish;
    struct batch_patch patch;
    uint64_t input_frames;
    size_t count = 0;
    for (const struct sx *sx = form->first->next; sx; sx = sx->next) {
        if (is_key(sx))
            sx = sx->next;
        else if (sx->kind != SX_LIST && count++ < 2)
            items[count - 1] = sx;
        if (!sx)
            break;
    }
    if (count != 2) {
        struct diag *d = list_wrong(r, E_BATCH_SHAPE, form, "'sound' has too %s parts",
                                    count < 2 ? "few" : "many");
        diag_help(&r->diags, d, "the shape is (sound zap \"zap.wav\" :set (pitch 880))");
        return;
    }
    bool found = patch_find(r, items[0], &patch);
    if (found && patch.form)
        wish_options(r, patch.form, false, &wish);
    bool good = wish_options(r, form, false, &wish);
    good &= check_out(r, items[1]);
    const struct batch_file *file = found ? &r->file[patch.file] : NULL;
    if (!file || !file->program)
        return;
    struct playing playing = {.list = r, .program = file->program, .name = file->path};
    good &= read_events(&playing, patch.form, form);
    good = good && choose_format(r, form, items[1]->text, &wish) &&
           check_gate(r, form, file->program, &wish) &&
           input_length(r, form, file->program, wish.input, &input_frames);
    if (!good)
        return;
    struct events events = {r->events, playing.count};
    wish_release(&wish, file->program, input_frames, &events);
    struct sound sound = wish_sound(&wish, file->program, file->path, input_frames, &events);
    sound.place = r->path;
    sound.line = list_line(form);
    const struct sound *kept = keep_sound(r, &sound);
    if (kept)
        add_takes(r, form, items[1], kept, &wish);
}
