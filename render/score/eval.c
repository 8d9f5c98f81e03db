#include "render/score/reading.h"
#include <string.h>

#define KEY_NAME(id, name) [KEY_##id] = name,
const char *const key_names[KEYS] = {SCORE_KEYS(KEY_NAME)};

#define STRIKE_KEYS (KEY(AT) | KEY(FOR) | KEY(VELOCITY) | PLAY_KEYS)
#define DEFAULT_KEYS                                                                               \
    (KEY(VOLUME) | KEY(PAN) | KEY(PRIORITY) | KEY(BUS) | KEY(SEND) | KEY(FADE) | KEY(TAIL))
#define LINE_KEYS (KEY(AT) | KEY(STEP) | KEY(GATE) | KEY(VELOCITY) | PLAY_KEYS)

static const struct form_row rows[] = {
    {"score", FORM_SETTING, FORM_AGAIN | FORM_ANY_FILE, 0, 1, 0, do_score, "(score \"level one\")"},
    {"voices", FORM_SETTING, FORM_EARLY, 1, 1, 0, do_voices, "(voices 16)"},
    {"steal", FORM_SETTING, FORM_EARLY, 1, 1, 0, do_steal, "(steal oldest)"},
    {"quantise", FORM_SETTING, FORM_EARLY, 1, 1, 0, do_quantise, "(quantise off)"},
    {"seed", FORM_SETTING, FORM_EARLY, 1, 1, 0, do_seed, "(seed 7)"},
    {"budget", FORM_SETTING, FORM_EARLY, 1, 1, 0, do_budget, "(budget 600)"},
    {"end", FORM_SETTING, 0, 1, 1, 0, do_end, "(end 30s)"},
    {"ordered", FORM_SETTING, 0, 0, 0, 0, do_ordered, "(ordered)"},
    {"resample", FORM_SETTING, FORM_AGAIN, 1, 1, 0, do_resample, "(resample best)"},
    {"tempo", FORM_SETTING, FORM_AGAIN | FORM_OWN_AT, 1, 1, KEY(AT), do_tempo,
     "(tempo 120 :at 9:1)"},
    {"meter", FORM_SETTING, FORM_AGAIN | FORM_OWN_AT, 2, 2, KEY(AT), do_meter,
     "(meter 3 4 :at 9:1)"},

    {"sample", FORM_RESOURCE, 0, 2, 2, KEY(MIX) | KEY(RESAMPLE) | KEY(ROOT) | PLAY_DEFAULTS,
     do_sample, "(sample kick \"kick.wav\")"},
    {"patch", FORM_RESOURCE, 0, 2, 2, KEY(GATE) | KEY(VELOCITY) | KEY(TAIL) | PLAY_DEFAULTS,
     do_patch, "(patch lead \"lead.sx\")"},
    {"bus", FORM_RESOURCE, 0, 1, 2, KEY(TO) | KEY(VOLUME) | KEY(PAN) | KEY(SET), do_bus,
     "(bus reverb \"reverb.sx\")"},
    {"default", FORM_RESOURCE, 0, 0, 0, DEFAULT_KEYS, do_default, "(default :bus master :tail 3t)"},
    {"section", FORM_RESOURCE, 0, 1, MANY_ITEMS, KEY(LENGTH), do_section,
     "(section verse FORM ...)"},
    {"include", FORM_RESOURCE, 0, 1, 1, KEY(AT), do_include, "(include \"drums.sx\")"},

    {"channel", FORM_MAP, 0, 2, 3, 0, do_channel, "(channel 1 lead) or (channel 1 4 lead)"},
    {"program", FORM_MAP, 0, 2, 3, 0, do_program, "(program 0 piano) or (program 0 7 piano)"},
    {"drum", FORM_MAP, 0, 2, 3, 0, do_drum, "(drum 36 kick) or (drum 35 36 kick)"},
    {"cc", FORM_MAP, 0, 2, 4, 0, do_cc, "(cc 74 cutoff 200hz 8khz)"},
    {"bend", FORM_MAP, 0, 1, 1, 0, do_bend, "(bend 2)"},

    {"play", FORM_COMMAND, 0, 1, MANY_ITEMS, KEY(AT) | KEY(FOR) | PLAY_KEYS, do_play,
     "(play kick :at 1.5s)"},
    {"note", FORM_COMMAND, 0, 2, MANY_ITEMS, STRIKE_KEYS, do_note, "(note lead c4 1/2 :at 1)"},

    {"stop", FORM_VOICE, 0, 1, 1, KEY(AT) | KEY(FADE), do_stop, "(stop VOICE :fade 20ms)"},
    {"release", FORM_VOICE, 0, 1, 1, KEY(AT), do_release, "(release VOICE)"},
    {"set_volume", FORM_VOICE, 0, 2, 2, KEY(AT) | KEY(RAMP), do_set_volume,
     "(set_volume VOICE 128 :ramp 1s)"},
    {"set_pan", FORM_VOICE, 0, 2, 2, KEY(AT) | KEY(RAMP), do_set_pan,
     "(set_pan VOICE 64 :ramp 1s)"},
    {"set_pitch", FORM_VOICE, 0, 2, 2, KEY(AT), do_set_pitch, "(set_pitch VOICE 3/2)"},
    {"set", FORM_VOICE, 0, 3, 3, KEY(AT), do_set, "(set VOICE cutoff 2khz)"},
    {"glide", FORM_VOICE, 0, 4, 4, KEY(AT), do_glide, "(glide VOICE cutoff 2khz 1s)"},
    {"send", FORM_VOICE, 0, 3, 3, KEY(AT), do_send, "(send VOICE reverb 128)"},
    {"is_playing", FORM_VOICE, 0, 1, 1, KEY(AT), do_is_playing, "(is_playing VOICE)"},

    {"at", FORM_STRUCTURE, FORM_TIME_ITEM | FORM_HOLDS_FORMS, 1, MANY_ITEMS, KEY(LENGTH), do_at,
     "(at 5:1 FORM ...)"},
    {"par", FORM_STRUCTURE, FORM_HOLDS_FORMS, 0, MANY_ITEMS, KEY(AT) | KEY(LENGTH), do_par,
     "(par FORM ...)"},
    {"seq", FORM_STRUCTURE, FORM_HOLDS_FORMS, 0, MANY_ITEMS, KEY(AT) | KEY(LENGTH), do_seq,
     "(seq FORM ...)"},
    {"repeat", FORM_STRUCTURE, FORM_HOLDS_FORMS, 1, MANY_ITEMS, KEY(AT), do_repeat,
     "(repeat 4 FORM ...)"},
    {"do", FORM_STRUCTURE, 0, 1, 1, KEY(AT) | KEY(TIMES) | KEY(TRANSPOSE) | KEY(LENGTH), do_do,
     "(do verse :times 2)"},
    {"rest", FORM_STRUCTURE, FORM_WAITS, 1, 1, 0, do_rest, "(rest 1)"},
    {"line", FORM_STRUCTURE, 0, 2, MANY_ITEMS, LINE_KEYS, do_line, "(line lead c4 e4:2 . g4)"},
    {"pattern", FORM_STRUCTURE, 0, 2, 2, LINE_KEYS | KEY(FOR), do_pattern,
     "(pattern kick \"x..x..x. | x...x...\")"},
};

enum { ROWS = sizeof rows / sizeof *rows };

/* --- items and keywords ------------------------------------------------------------------- */

/* :2 is no name: it is the length of the chord before it. */
static bool is_key(const struct sx *sx)
{
    return sx->kind != SX_LIST && sx->kind != SX_STRING && sx->text[0] == ':' &&
           !(sx->text[1] >= '0' && sx->text[1] <= '9');
}

static const struct sx *pass_keys(const struct sx *sx)
{
    while (sx && is_key(sx))
        sx = sx->next ? sx->next->next : NULL;
    return sx;
}

const struct sx *item_next(const struct sx *item)
{
    return pass_keys(item->next);
}

const struct sx *item_at(const struct form *f, size_t i)
{
    const struct sx *item = item_next(f->sx->first);
    for (; item && i > 0; i--)
        item = item_next(item);
    return item;
}

static void unknown_key(struct reading *r, const struct form *f, const struct sx *sx,
                        const char *name)
{
    const char *words[KEYS];
    size_t count = 0;
    for (size_t i = 0; i < KEYS; i++)
        if (f->row->keys >> i & 1)
            words[count++] = key_names[i];
    struct diag *d =
        score_wrong(r, E_SCORE_OPTION, sx, "'%s' has no option '%.60s'", f->row->name, name);
    if (count > 0)
        diag_suggest(&r->diags, d, name, "its only option is", "its options are", words, count);
    else
        diag_help(&r->diags, d, "the shape is %s", f->row->shape);
}

static int find_key(const struct form *f, const char *name)
{
    for (uint64_t left = f->row->keys; left; left &= left - 1) {
        int i = __builtin_ctzll(left);
        if (key_names[i][0] == name[0] && strcmp(key_names[i], name) == 0)
            return i;
    }
    return -1;
}

static bool take_key(struct reading *r, struct form *f, const struct sx *sx, const char *name,
                     const struct sx *value)
{
    int key = find_key(f, name);
    if (key < 0)
        unknown_key(r, f, sx, name);
    else if (f->keys[key])
        score_wrong(r, E_SCORE_OPTION, sx, "'%s' is given twice", key_names[key]);
    else if (!value || is_key(value))
        score_wrong(r, E_SCORE_OPTION, sx, "the option '%s' has no value", key_names[key]);
    else
        f->keys[key] = value;
    return value && key >= 0 && f->keys[key] == value;
}

/* In a declaration, (resample best) says the same as :resample best. */
static bool is_field(const struct form *f, const struct sx *sx)
{
    return f->row->kind == FORM_RESOURCE && f->row->most < MANY_ITEMS && sx->kind == SX_LIST &&
           sx->first && sx->first->kind == SX_SYMBOL;
}

static bool take_field(struct reading *r, struct form *f, const struct sx *field)
{
    const struct sx *value = field->first->next;
    int key = find_key(f, field->first->text);
    if (value && value->next && (key == KEY_LOOP || key == KEY_SET || key == KEY_SEND)) {
        score_wrong(r, E_SCORE_OPTION, field, "'%s' has several values", key_names[key]);
        return false;
    }
    return take_key(r, f, field->first, field->first->text, value);
}

static bool take_parts(struct reading *r, struct form *f)
{
    bool good = true;
    const struct sx *sx = f->sx->first->next;
    while (sx) {
        if (is_key(sx)) {
            good &= take_key(r, f, sx, sx->text + 1, sx->next);
            sx = sx->next ? sx->next->next : NULL;
            continue;
        }
        if (is_field(f, sx))
            good &= take_field(r, f, sx);
        else if (f->count++ < MOST_ITEMS)
            f->items[f->count - 1] = sx;
        sx = sx->next;
    }
    return good;
}

/* Within a play the voice is left out. */
static size_t is_implied(const struct reading *r, const struct form *f)
{
    return r->inner && f->row->kind == FORM_VOICE;
}

/* --- words that are astray ---------------------------------------------------------------- */

static bool is_json(const struct sx *sx)
{
    return sx->place.source->text[sx->place.begin] == '"' && sx->kind != SX_STRING;
}

static bool without_colon(struct reading *r, const struct sx *sx)
{
    const char *value = !sx->next ? "..." : sx->next->kind == SX_LIST ? "(...)" : sx->next->text;
    struct diag *d;
    if (is_json(sx)) {
        d = score_wrong(r, E_SCORE_OPTION, sx, "options stand in an object: '%s'", sx->text);
        diag_help(&r->diags, d, "write {\"%s\": \"%.60s\"}", sx->text, value);
    } else {
        d = score_wrong(r, E_SCORE_OPTION, sx, "options begin with a colon: ':%s'", sx->text);
        diag_help(&r->diags, d, "write :%s %.60s", sx->text, value);
    }
    return false;
}

static bool is_unit(const struct sx *sx)
{
    static const char *const words[] = {"s",   "ms",   "us", "f",   "t",  "b", "beat", "beats",
                                        "bar", "bars", "hz", "khz", "db", "%", "st"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (sx_is(sx, words[i]))
            return true;
    return false;
}

/* `number` is what stands before the word. */
static bool without_number(struct reading *r, const struct sx *number, const struct sx *sx)
{
    struct diag *d =
        score_wrong(r, E_SCORE_SHAPE, sx, "a number and its unit are written together");
    diag_help(&r->diags, d, "write %.60s%s", number->text, sx->text);
    return false;
}

/* (play kick at 1 s): a word that is no item of the form, but would be an option or a unit. */
static bool check_words(struct reading *r, const struct form *f)
{
    size_t item = 0, implied = is_implied(r, f);
    const struct sx *before = f->sx->first;
    if (f->row->most < MANY_ITEMS && f->count <= f->row->most - implied)
        return true;
    for (const struct sx *sx = before->next; sx; before = sx, sx = sx->next) {
        if (is_key(sx)) {
            sx = sx->next; /* there is one: it was taken */
            continue;
        }
        if (item++ == 0 && f->row->least > implied)
            continue;
        if (sx->kind == SX_SYMBOL && find_key(f, sx->text) >= 0)
            return without_colon(r, sx);
        if (before->kind == SX_NUMBER && is_unit(sx))
            return without_number(r, before, sx);
    }
    return true;
}

static bool check_count(struct reading *r, const struct form *f)
{
    size_t implied = is_implied(r, f);
    size_t least = f->row->least - implied;
    size_t most = f->row->most == MANY_ITEMS ? MANY_ITEMS : f->row->most - implied;
    if (f->count >= least && f->count <= most)
        return true;
    struct diag *d = score_wrong(r, E_SCORE_SHAPE, f->sx, "'%s' has too %s parts", f->row->name,
                                 f->count < least ? "few" : "many");
    diag_help(&r->diags, d, "the shape is %s%s", f->row->shape,
              implied ? ", the voice being left out within a play" : "");
    return false;
}

/* --- where a form may stand --------------------------------------------------------------- */

static const struct form_row *unknown_form(struct reading *r, const struct sx *sx)
{
    const char *words[ROWS];
    for (size_t i = 0; i < ROWS; i++)
        words[i] = rows[i].name;
    const char *name = sx->first->text;
    struct diag *d = score_wrong(r, E_SCORE_FORM, sx->first, "unknown form '%.60s'", name);
    const char *near = diag_nearest(name, strlen(name), words, ROWS);
    if (near)
        diag_help(&r->diags, d, "did you mean '%s'?", near);
    else
        diag_help(&r->diags, d, "score(5) lists the forms, such as %s", "(play kick :at 1s)");
    return NULL;
}

static const struct form_row *row_of(const char *name)
{
    for (size_t i = 0; i < ROWS; i++)
        if (strcmp(rows[i].name, name) == 0)
            return &rows[i];
    return NULL;
}

bool score_has_form(const char *name)
{
    return row_of(name) != NULL;
}

/* The same; a score has many forms of few names. */
static const struct form_row *row_again(struct reading *r, const struct sx *name)
{
    size_t place = (size_t)(unsigned char)name->text[0] * 5 + name->length;
    const struct form_row **seen = &r->seen[place % SEEN];
    if (!*seen || strcmp((*seen)->name, name->text) != 0)
        *seen = row_of(name->text);
    return *seen;
}

static const struct form_row *find_row(struct reading *r, const struct sx *sx)
{
    if (sx->kind != SX_LIST || !sx->first || sx->first->kind == SX_LIST) {
        struct diag *d = score_wrong(r, E_SCORE_SHAPE, sx, "a form is wanted here");
        diag_help(&r->diags, d, "a form is a list that begins with a word, as (play kick :at 1s)");
        return NULL;
    }
    const struct form_row *row = row_again(r, sx->first);
    return row ? row : unknown_form(r, sx);
}

/* Names alone: what else is wrong is found where the section is played. */
void eval_check_names(struct reading *r, const struct sx *items)
{
    for (const struct sx *sx = pass_keys(items); sx; sx = item_next(sx)) {
        if (sx->kind != SX_LIST || !sx->first || sx->first->kind == SX_LIST)
            continue;
        const struct form_row *row = find_row(r, sx);
        if (row && row->traits & FORM_HOLDS_FORMS)
            eval_check_names(r, sx->first->next);
    }
}

static bool is_command(const struct form_row *row)
{
    return row->kind == FORM_COMMAND || row->kind == FORM_VOICE || row->kind == FORM_STRUCTURE;
}

static bool not_here(struct reading *r, const struct sx *sx, const struct form_row *row,
                     const char *why)
{
    struct diag *d = score_wrong(r, E_SCORE_PLACE, sx, "'%s' %s", row->name, why);
    if (row->kind == FORM_SETTING)
        diag_help(&r->diags, d, "settings stand at the top of a score, before its commands");
    else
        diag_help(&r->diags, d, "it stands at the top of a score");
    return false;
}

static bool check_setting(struct reading *r, const struct sx *sx, const struct form_row *row)
{
    bool setting = row->kind == FORM_SETTING;
    if (setting && r->file->in && !(row->traits & FORM_ANY_FILE))
        return not_here(r, sx, row, "is a setting, and this file is included in another");
    if (r->begun && (row->traits & FORM_EARLY))
        return not_here(r, sx, row, "comes after the first command");
    uint64_t bit = UINT64_C(1) << (row - rows);
    if (setting && (r->given & bit) && !(row->traits & FORM_AGAIN))
        return not_here(r, sx, row, "is given twice");
    r->given |= bit;
    return true;
}

/* One command says it all: a song that is taken for a map has many. */
static bool not_in_map(struct reading *r, const struct sx *sx, const struct form_row *row)
{
    if (r->song)
        return false;
    r->song = true;
    struct diag *d = score_wrong(r, E_SCORE_MAP, sx, "'%s' stands in an instrument map", row->name);
    diag_label(&r->diags, d, "this is a song, not a map");
    diag_help(&r->diags, d, "a map says what there is and what plays where: (channel 1 lead)");
    return false;
}

static bool not_waiting(struct reading *r, const struct sx *sx)
{
    struct diag *d =
        score_wrong(r, E_SCORE_PLACE, sx, "a rest at the top of a score makes nothing wait");
    diag_help(&r->diags, d, "write (seq ...) around it and what comes before and after it");
    return false;
}

static bool check_place(struct reading *r, const struct sx *sx, const struct form_row *row,
                        bool top)
{
    if (is_command(row) && r->options->map_only)
        return not_in_map(r, sx, row);
    if (top && (row->traits & FORM_WAITS))
        return not_waiting(r, sx);
    if (is_command(row)) {
        r->begun = true;
        return true;
    }
    return top ? check_setting(r, sx, row) : not_here(r, sx, row, "stands within another form");
}

static bool check_body(struct reading *r, const struct sx *sx, const struct form_row *row)
{
    if (!r->inner || row->kind == FORM_VOICE)
        return true;
    struct diag *d = score_wrong(r, E_SCORE_PLACE, sx, "'%s' stands within a play", row->name);
    diag_help(&r->diags, d, "what stands there is for the sound: (set cutoff 2khz :at 1s)");
    return false;
}

/* --- time --------------------------------------------------------------------------------- */

bool eval_later(struct reading *r, const struct sx *sx, const struct moment *at,
                const struct moment *by, struct moment *sum)
{
    if (moment_add(at, by, sum))
        return true;
    score_wrong(r, E_SCORE_TIME_RANGE, sx, "this time is too fine to be counted exactly");
    return false;
}

void eval_latest(struct reading *r, struct moment *end, const struct moment *at)
{
    if (time_compare(&r->time, at, end) > 0)
        *end = *at;
}

static bool take_at(struct reading *r, struct form *f)
{
    const struct sx *at = f->keys[KEY_AT];
    struct moment offset;
    if (!at || (f->row->traits & FORM_OWN_AT))
        return true;
    return arg_time(r, at, &f->start, true, &offset) &&
           eval_later(r, at, &f->start, &offset, &f->start);
}

static bool check_order(struct reading *r, const struct form *f)
{
    uint64_t frame;
    struct moment start = f->start, offset;
    if (f->row->traits & FORM_TIME_ITEM) {
        if (!arg_time(r, f->items[0], &f->start, true, &offset) ||
            !eval_later(r, f->items[0], &f->start, &offset, &start))
            return false;
    }
    if (!arg_frame(r, f->sx, &start, &frame))
        return false;
    if (frame >= r->ordered_frame) {
        r->ordered_frame = frame;
        return true;
    }
    struct diag *d = score_wrong(r, E_SCORE_BACKWARDS, f->sx,
                                 "this goes back in time, and the score is (ordered)");
    diag_label(&r->diags, d, "at %g s, after %g s", (double)frame / RP_SAMPLE_RATE,
               (double)r->ordered_frame / RP_SAMPLE_RATE);
    return false;
}

/* --- evaluation --------------------------------------------------------------------------- */

bool eval_step(struct reading *r, const struct sx *sx)
{
    if (r->steps++ < MOST_STEPS)
        return !score_is_hopeless(r);
    score_wrong(r, E_SCORE_LIMIT, sx, "the score is longer than %d forms and items, written out",
                (int)MOST_STEPS);
    return false;
}

static void run(struct reading *r, const struct sx *sx, const struct form_row *row, bool top,
                struct moment *end)
{
    struct form f = {.sx = sx, .row = row, .start = *end, .around = *end};
    if (!take_parts(r, &f) || !check_words(r, &f) || !check_count(r, &f) || !take_at(r, &f))
        return;
    if (top && r->ordered && is_command(row) && !r->file->in && !check_order(r, &f))
        return;
    row->run(r, &f, end);
}

static void eval_at(struct reading *r, const struct sx *sx, bool top, struct moment *end)
{
    const struct form_row *row = find_row(r, sx);
    if (!row || !check_body(r, sx, row) || !check_place(r, sx, row, top) || !eval_step(r, sx))
        return;
    if (r->depth >= MOST_DEPTH) {
        score_wrong(r, E_SCORE_LIMIT, sx, "forms are nested more than %d deep", (int)MOST_DEPTH);
        return;
    }
    r->depth++;
    run(r, sx, row, top, end);
    r->depth--;
}

void eval(struct reading *r, const struct sx *sx, const struct moment *start, struct moment *end)
{
    struct moment at = *start;
    eval_at(r, sx, false, &at);
    *end = at;
}

void eval_top(struct reading *r, const struct sx *sx)
{
    struct moment end = r->file->start;
    eval_at(r, sx, true, &end);
}
