/* options.c - what a form of a batch says by keywords. */
#include "render/batch/reading.h"
#include "render/param_text.h"
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum option {
    SET,
    SEED,
    SERIAL,
    VARIATIONS,
    SECONDS,
    FRAMES,
    UNTIL_SILENT,
    HOLD,
    SILENCE_THRESHOLD,
    SILENCE_HOLD,
    LONGEST,
    INPUT,
    FORMAT,
    BITS,
    DITHER,
    OPTIONS
};

static const char *const option_names[OPTIONS] = {"set",          "seed",    "serial",
                                                  "variations",   "seconds", "frames",
                                                  "until-silent", "hold",    "silence-threshold",
                                                  "silence-hold", "longest", "input",
                                                  "format",       "bits",    "dither"};

const char *list_shown(const struct sx *sx)
{
    return sx->kind == SX_LIST ? "(...)" : sx->text;
}

const char *list_atom(const struct sx *sx)
{
    return sx->kind == SX_LIST ? "" : sx->text;
}

bool list_bad_value(struct list *r, const struct sx *sx, const char *option, const char *takes)
{
    struct diag *d =
        list_wrong(r, E_BATCH_VALUE, sx, "'%.60s' is no value of '%s'", list_shown(sx), option);
    diag_help(&r->diags, d, "it takes %s", takes);
    return false;
}

/* --- values ------------------------------------------------------------------------------- */

static bool read_whole(struct list *r, const struct sx *sx, const char *option, uint64_t low,
                       uint64_t high, uint64_t *value)
{
    char takes[80], *end;
    const char *text = list_atom(sx);
    errno = 0;
    unsigned long long number = strtoull(text, &end, 10);
    bool digits = text[0] >= '0' && text[0] <= '9' && *end == '\0';
    if (digits && !errno && number >= low && number <= high) {
        *value = number;
        return true;
    }
    snprintf(takes, sizeof takes, "a whole number from %" PRIu64 " to %" PRIu64, low, high);
    return list_bad_value(r, sx, option, takes);
}

bool list_time(struct list *r, const struct sx *sx, const char *option, uint64_t low, uint64_t high,
               uint64_t *frames)
{
    char takes[80];
    if (frames_read(list_atom(sx), frames))
        return list_bad_value(r, sx, option, "a time such as 0.5, 0.5s, 20ms, 24000f or 30t");
    if (*frames >= low && *frames <= high)
        return true;
    snprintf(takes, sizeof takes, "%" PRIu64 " to %" PRIu64 " frames (%g s)", low, high,
             (double)high / RP_SAMPLE_RATE);
    return list_bad_value(r, sx, option, takes);
}

static bool read_word(struct list *r, const struct sx *sx, const char *option,
                      const char *const *words, const char *takes, int *index)
{
    for (*index = 0; words[*index]; ++*index)
        if (strcmp(list_atom(sx), words[*index]) == 0)
            return true;
    return list_bad_value(r, sx, option, takes);
}

static bool read_switch(struct list *r, const struct sx *sx, const char *option, bool *on)
{
    static const char *const words[] = {"off", "on", NULL};
    int index;
    if (!read_word(r, sx, option, words, "on or off", &index))
        return false;
    *on = index == 1;
    return true;
}

static bool read_format(struct list *r, const struct sx *sx, struct sound_wish *wish)
{
    int index;
    if (!read_word(r, sx, "format", audio_format_names, "wav, flac or ogg", &index))
        return false;
    wish->format = (enum audio_format)index;
    wish->format_given = true;
    return true;
}

static bool read_bits(struct list *r, const struct sx *sx, struct sound_wish *wish)
{
    static const char *const words[] = {"16", "24", "float", NULL};
    int index;
    if (!read_word(r, sx, "bits", words, "16, 24 or float", &index))
        return false;
    wish->pcm = (enum pcm_format)index;
    wish->bits_given = true;
    return true;
}

static bool read_until_silent(struct list *r, const struct sx *sx, struct sound_wish *wish)
{
    bool on;
    if (!read_switch(r, sx, "until-silent", &on))
        return false;
    if (!on)
        return list_bad_value(r, sx, "until-silent", "on; otherwise say how many seconds");
    wish->frames = 0;
    return true;
}

static bool read_input(struct list *r, const struct sx *sx, struct sound_wish *wish)
{
    const char *name = list_text(r, sx, "an input");
    wish->input = name ? list_path(r, name) : NULL;
    return wish->input;
}

static bool read_option(struct list *r, enum option option, const struct sx *sx,
                        struct sound_wish *w)
{
    const char *name = option_names[option];
    uint64_t count = 0;
    bool good;
    switch (option) {
    case SET:
        return true; /* when the patch is known */
    case SEED:
        return read_whole(r, sx, name, 0, UINT64_MAX, &w->seed);
    case SERIAL:
        return read_whole(r, sx, name, 0, UINT64_MAX, &w->serial);
    case VARIATIONS:
        good = read_whole(r, sx, name, 1, BATCH_MOST_SOUNDS, &count);
        w->variations = (size_t)count;
        return good;
    case SECONDS:
        return list_time(r, sx, name, 1, LONGEST_FRAMES, &w->frames);
    case FRAMES:
        return read_whole(r, sx, name, 1, LONGEST_FRAMES, &w->frames);
    case UNTIL_SILENT:
        return read_until_silent(r, sx, w);
    case HOLD:
        w->release_given = true;
        return list_time(r, sx, name, 0, LONGEST_FRAMES, &w->release);
    case SILENCE_THRESHOLD:
        return threshold_read(list_atom(sx), &w->threshold) == 0 ||
               list_bad_value(r, sx, name, "-200db to 0db");
    case SILENCE_HOLD:
        return list_time(r, sx, name, 1, 10 * RP_SAMPLE_RATE, &w->quiet_hold);
    case LONGEST:
        w->longest_given = true;
        return list_time(r, sx, name, 1, LONGEST_FRAMES, &w->longest);
    case INPUT:
        return read_input(r, sx, w);
    case FORMAT:
        return read_format(r, sx, w);
    case BITS:
        return read_bits(r, sx, w);
    case DITHER:
        return read_switch(r, sx, name, &w->dither);
    case OPTIONS:
        break;
    }
    return false;
}

/* --- the options of a form ---------------------------------------------------------------- */

static int find_option(const char *name)
{
    for (int i = 0; i < OPTIONS; i++)
        if (strcmp(option_names[i], name) == 0)
            return i;
    return -1;
}

static bool unknown_option(struct list *r, const struct sx *form, const struct sx *key)
{
    struct diag *d = list_wrong(r, E_BATCH_OPTION, key, "'%s' has no option '%.60s'",
                                form->first->text, key->text + 1);
    diag_suggest(&r->diags, d, key->text + 1, "its option is", "its options are", option_names,
                 OPTIONS);
    return false;
}

static uint32_t conflicts(int option)
{
    uint32_t lengths = UINT32_C(1) << SECONDS | UINT32_C(1) << FRAMES | UINT32_C(1) << UNTIL_SILENT;
    return lengths >> option & 1 ? lengths : UINT32_C(1) << option;
}

static bool take_option(struct list *r, const struct sx *form, const struct sx *key,
                        bool is_default, uint32_t *given, struct sound_wish *wish)
{
    int option = find_option(key->text + 1);
    const struct sx *value = key->next;
    if (option < 0)
        return unknown_option(r, form, key);
    if (!value || is_key(value)) {
        list_wrong(r, E_BATCH_OPTION, key, "the option '%s' has no value", option_names[option]);
        return false;
    }
    if (*given & conflicts(option)) {
        list_wrong(r, E_BATCH_OPTION, key,
                   *given >> option & 1 ? "'%s' is given twice"
                                        : "'%s' and another length exclude each other",
                   option_names[option]);
        return false;
    }
    *given |= UINT32_C(1) << option;
    if (option == SET && is_default) {
        struct diag *d = list_wrong(r, E_BATCH_OPTION, key, "'default' has no option 'set'");
        diag_help(&r->diags, d, "parameters belong to a patch: (patch NAME \"FILE\" :set (P V))");
        return false;
    }
    return read_option(r, (enum option)option, value, wish);
}

bool wish_options(struct list *r, const struct sx *form, bool is_default, struct sound_wish *wish)
{
    uint32_t given = 0;
    bool good = true;
    const struct sx *sx = form->first->next;
    while (sx) {
        if (is_key(sx)) {
            good &= take_option(r, form, sx, is_default, &given, wish);
            sx = sx->next && !is_key(sx->next) ? sx->next->next : sx->next;
            continue;
        }
        sx = sx->next;
    }
    return good;
}
