#include "render/score/reading.h"
#include "text/number.h"
#include <inttypes.h>
#include <string.h>

static const char *shown(const struct sx *sx)
{
    return sx->kind == SX_LIST ? "(...)" : sx->text;
}

static bool not_a(struct reading *r, const struct sx *sx, const char *what, const char *wanted)
{
    struct diag *d = score_wrong(r, E_SCORE_VALUE, sx, "%s is %s", what, wanted);
    diag_label(&r->diags, d, "this is none");
    return false;
}

bool is_whole(const struct sx *sx)
{
    size_t digits = 0;
    while (sx->text[digits] >= '0' && sx->text[digits] <= '9')
        digits++;
    return sx->kind != SX_LIST && digits > 0 && digits == sx->length;
}

/* --- words -------------------------------------------------------------------------------- */

bool arg_word(struct reading *r, const struct sx *sx, const char *what, const char *const *words,
              size_t count, size_t *index)
{
    for (*index = 0; *index < count; ++*index)
        if (sx->kind != SX_LIST && strcmp(words[*index], sx->text) == 0)
            return true;
    struct diag *d = score_wrong(r, E_SCORE_VALUE, sx, "unknown %s '%.60s'", what, shown(sx));
    diag_suggest(&r->diags, d, sx->text, "there is", "there are", words, count);
    return false;
}

bool arg_switch(struct reading *r, const struct sx *sx, const char *what, bool *on)
{
    static const char *const words[] = {"off", "on", "no", "yes"};
    size_t index;
    if (!arg_word(r, sx, what, words, 4, &index))
        return false;
    *on = index & 1;
    return true;
}

bool arg_resample(struct reading *r, const struct sx *sx, enum sample_resample *resample)
{
    static const char *const words[] = {"off", "best", "medium", "fastest", "linear"};
    size_t index;
    if (!arg_word(r, sx, "converter", words, 5, &index))
        return false;
    *resample = (enum sample_resample)index;
    return true;
}

const char *arg_text(struct reading *r, const struct sx *sx, const char *what)
{
    if (sx->kind != SX_LIST && sx->length > 0)
        return sx->text;
    not_a(r, sx, what, "a word or a text in quotes");
    return NULL;
}

const char *arg_name(struct reading *r, const struct sx *sx, const char *what)
{
    bool good = sx->kind != SX_LIST && sx->length > 0 && sx->length <= MOST_NAME &&
                !strchr(":+-.", sx->text[0]) && !is_whole(sx);
    for (size_t i = 0; good && i < sx->length; i++)
        good = (unsigned char)sx->text[i] > ' ' && !strchr("()[]{}\",;|", sx->text[i]);
    if (good)
        return sx->text;
    struct diag *d =
        score_wrong(r, E_SCORE_VALUE, sx, "'%.60s' cannot be the name of %s", shown(sx), what);
    diag_help(&r->diags, d, "a name is a word of at most %d characters, as kick or bass-2",
              (int)MOST_NAME);
    return NULL;
}

/* --- numbers ------------------------------------------------------------------------------ */

/* The number that the whole of an atom is, but for a unit at its end. */
static bool read_ratio(const struct sx *sx, const char *unit, struct ratio *value, bool *fits)
{
    size_t used = sx->kind == SX_LIST ? 0 : ratio_read(sx->text, sx->length, value, fits);
    return used > 0 && sx->text[used] == unit[0] && strcmp(sx->text + used, unit) == 0;
}

static bool too_fine(struct reading *r, const struct sx *sx)
{
    score_wrong(r, E_SCORE_VALUE_RANGE, sx, "'%.60s' is too large or too fine", shown(sx));
    return false;
}

bool arg_ratio(struct reading *r, const struct sx *sx, const char *what, struct ratio *value)
{
    bool fits = true;
    if (!read_ratio(sx, "", value, &fits))
        return not_a(r, sx, what, "a number");
    return fits || too_fine(r, sx);
}

bool arg_whole(struct reading *r, const struct sx *sx, const char *what, int64_t low, int64_t high,
               int64_t *value)
{
    struct ratio ratio;
    bool fits = true;
    if (!read_ratio(sx, "", &ratio, &fits) || (fits && ratio.den != 1))
        return not_a(r, sx, what, "a whole number");
    if (fits && ratio.num >= low && ratio.num <= high) {
        *value = ratio.num;
        return true;
    }
    struct diag *d = score_wrong(r, E_SCORE_VALUE_RANGE, sx, "%s goes from %" PRId64 " to %" PRId64,
                                 what, low, high);
    diag_label(&r->diags, d, "out of range");
    return false;
}

bool arg_byte(struct reading *r, const struct sx *sx, const char *what, uint8_t *value)
{
    int64_t whole;
    if (!arg_whole(r, sx, what, 0, 255, &whole))
        return false;
    *value = (uint8_t)whole;
    return true;
}

/* floor(255 f + 1/2), f being the factor of a percentage, exact, or of decibels; *fits is false
 * when it is far out of range or too fine. */
static bool read_level(const struct sx *sx, int64_t *value, bool *fits)
{
    struct ratio share;
    struct number number;
    if (read_ratio(sx, "%", &share, fits)) {
        *fits = *fits && share.num >= 0 &&
                ratio_multiply(share, (struct ratio){255, 100}, &share) &&
                ratio_add(share, (struct ratio){1, 2}, &share);
        *value = *fits ? ratio_floor(share) : 0;
        return true;
    }
    if (sx->kind == SX_LIST || number_read(sx->text, sx->length, &number) != NUMBER_OK ||
        number.unit != NUMBER_DB)
        return false;
    *fits = number.value < 1e6;
    *value = *fits ? (int64_t)(number.value * 255.0 + 0.5) : 0;
    return true;
}

bool arg_volume(struct reading *r, const struct sx *sx, const char *what, uint8_t *value)
{
    int64_t whole;
    struct ratio bare;
    bool fits = true;
    if (read_ratio(sx, "", &bare, &fits) && (!fits || bare.den == 1))
        return arg_byte(r, sx, what, value);
    fits = true;
    if (!read_level(sx, &whole, &fits))
        return not_a(r, sx, what, "a whole number from 0 to 255, a percentage or decibels");
    if (fits && whole >= 0 && whole <= 255) {
        *value = (uint8_t)whole;
        return true;
    }
    struct diag *d = score_wrong(r, E_SCORE_VALUE_RANGE, sx, "%s goes from 0 to 255", what);
    diag_label(&r->diags, d, "255 is 100%% and 0db");
    return false;
}

bool arg_share(struct reading *r, const struct sx *sx, const char *what, struct ratio *share)
{
    bool fits = true;
    bool percent = read_ratio(sx, "%", share, &fits);
    if (!percent && !read_ratio(sx, "", share, &fits))
        return not_a(r, sx, what, "a share such as 0.8 or 80%");
    if (fits && percent)
        fits = ratio_divide(*share, ratio_whole(100), share);
    if (!fits)
        return too_fine(r, sx);
    if (share->num >= 0 && share->num <= share->den)
        return true;
    struct diag *d = score_wrong(r, E_SCORE_VALUE_RANGE, sx, "%s goes from 0 to 1, or 100%%", what);
    diag_label(&r->diags, d, "out of range");
    return false;
}

bool arg_semitones(struct reading *r, const struct sx *sx, struct ratio *semitones)
{
    bool fits = true;
    if (!read_ratio(sx, "st", semitones, &fits) && !read_ratio(sx, "", semitones, &fits))
        return not_a(r, sx, "this", "a number of semitones");
    if (!fits)
        return too_fine(r, sx);
    if (semitones->num / semitones->den <= 128 && semitones->num / semitones->den >= -128)
        return true;
    score_wrong(r, E_SCORE_VALUE_RANGE, sx, "semitones go from -128 to 128");
    return false;
}

/* --- rates -------------------------------------------------------------------------------- */

static bool bad_rate(struct reading *r, const struct sx *sx, const char *message)
{
    struct diag *d = score_wrong(r, E_SCORE_RATE, sx, "%s", message);
    diag_help(&r->diags, d, "a rate is 1.5, 3/2, -1 for backwards, or 7st, within 1024 and -1024");
    return false;
}

/* The nearest multiple of 2^-32, of two the one further from zero. */
static int64_t round_rate(struct ratio rate)
{
    mpz_t over, under;
    mpz_init_set_d(over, 0.0);
    mpz_init(under);
    uint64_t size = rate.num < 0 ? 0 - (uint64_t)rate.num : (uint64_t)rate.num;
    uint64_t den = (uint64_t)rate.den, result = 0;
    mpz_import(over, 1, -1, sizeof size, 0, 0, &size);
    mpz_import(under, 1, -1, sizeof den, 0, 0, &den);
    mpz_mul_2exp(over, over, 33);
    mpz_add(over, over, under);
    mpz_mul_2exp(under, under, 1);
    mpz_fdiv_q(over, over, under);
    mpz_export(&result, NULL, -1, sizeof result, 0, 0, over);
    mpz_clears(over, under, (mpz_ptr)0);
    return rate.num < 0 ? -(int64_t)result : (int64_t)result;
}

static bool rate_fits(struct ratio rate)
{
    return ratio_compare(rate, ratio_whole(1024)) <= 0 &&
           ratio_compare(rate, ratio_whole(-1024)) >= 0;
}

bool arg_rate(struct reading *r, const struct sx *sx, int64_t *rate)
{
    struct ratio value;
    bool fits = true;
    if (read_ratio(sx, "st", &value, &fits)) {
        if (!fits || ratio_compare(value, ratio_whole(120)) > 0 ||
            ratio_compare(value, ratio_whole(-384)) < 0)
            return bad_rate(r, sx, "this rate is out of range");
        *rate = (int64_t)(number_exp2(ratio_double(value) / 12.0 + 32.0) + 0.5);
        return true;
    }
    if (!read_ratio(sx, "", &value, &fits))
        return bad_rate(r, sx, "this is not a rate");
    if (!fits || !rate_fits(value))
        return bad_rate(r, sx, "this rate is out of range");
    *rate = round_rate(value);
    return *rate != 0 || bad_rate(r, sx, "a rate of zero stands still");
}

/* --- times -------------------------------------------------------------------------------- */

static bool bad_time(struct reading *r, const struct sx *sx, enum time_status status, size_t at)
{
    static const char help[] = "times look like 1.5s, 20ms, 4800f, 3t, 7/2, 2bars or 5:3.5";
    struct diag *d;
    switch (status) {
    case TIME_NO_TEMPO:
        d = score_wrong(r, E_SCORE_NO_TEMPO, sx, "'%.60s' is in beats, and the score has no tempo",
                        sx->text);
        diag_help(&r->diags, d, "write 1.5s for seconds, or add (tempo 120) before it");
        return false;
    case TIME_TOO_FINE:
        score_wrong(r, E_SCORE_TIME_RANGE, sx, "'%.60s' is too large or too fine", sx->text);
        return false;
    case TIME_UNIT:
        d = score_wrong(r, E_SCORE_TIME, sx, "unknown unit '%.40s' in '%.60s'", sx->text + at,
                        sx->text);
        break;
    case TIME_NO_BEAT:
        d = score_wrong(r, E_SCORE_TIME, sx, "there is no beat '%.60s'", sx->text);
        diag_help(&r->diags, d, "bars and beats are counted from 1; a beat is a quarter note");
        return false;
    case TIME_POSITION:
        d = score_wrong(r, E_SCORE_TIME, sx, "'%.60s' is a position, and a length is wanted",
                        sx->text);
        diag_help(&r->diags, d, "lengths look like 1.5s, 20ms, 7/2 or 2bars");
        return false;
    case TIME_BACKWARDS:
        d = score_wrong(r, E_SCORE_TIME, sx, "bars are counted forwards");
        break;
    default:
        d = score_wrong(r, E_SCORE_TIME, sx, "'%.60s' is not a time", shown(sx));
    }
    diag_help(&r->diags, d, "%s", help);
    return false;
}

bool arg_time(struct reading *r, const struct sx *sx, const struct moment *start, bool position,
              struct moment *offset)
{
    size_t at = 0;
    if (sx->kind == SX_LIST)
        return bad_time(r, sx, TIME_MALFORMED, 0);
    enum time_status status =
        time_read(&r->time, sx->text, sx->length, start, position, offset, &at);
    return status == TIME_OK || bad_time(r, sx, status, at);
}

bool arg_frame(struct reading *r, const struct sx *sx, const struct moment *at, uint64_t *frame)
{
    int64_t result = time_frame(&r->time, at);
    *frame = (uint64_t)result;
    if (result >= 0 && result <= TIME_MOST_FRAMES)
        return true;
    score_wrong(r, E_SCORE_TIME_RANGE, sx, "this is %s",
                result < 0 ? "before the start of the score"
                           : "more than 1000000000 s after the start");
    return false;
}

static bool no_length(struct reading *r, const struct sx *sx, bool zero)
{
    score_wrong(r, E_SCORE_LENGTH, sx, zero ? "a length of zero" : "a length below zero");
    return false;
}

bool arg_end(struct reading *r, const struct sx *sx, const struct moment *start, bool zero,
             struct moment *end)
{
    struct moment length;
    if (!arg_time(r, sx, start, false, &length) || !eval_later(r, sx, start, &length, end))
        return false;
    int order = time_compare(&r->time, end, start);
    if (order < 0 || (order == 0 && !zero))
        return no_length(r, sx, order == 0);
    return true;
}

bool arg_duration(struct reading *r, const struct sx *sx, const struct moment *start,
                  uint32_t *frames)
{
    struct moment end;
    uint64_t from, to;
    if (!arg_end(r, sx, start, true, &end) || !arg_frame(r, sx, start, &from) ||
        !arg_frame(r, sx, &end, &to))
        return false;
    if (to - from <= MOST_DURATION) {
        *frames = (uint32_t)(to - from);
        return true;
    }
    score_wrong(r, E_SCORE_VALUE_RANGE, sx, "this takes more than a day");
    return false;
}
