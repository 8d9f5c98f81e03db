#include "render/param_text.h"
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TICK = 800, MOST_DIGITS = 11 };

/* A unit, what a bare number is in, and what is taken. */
static const struct {
    enum number_unit unit;
    const char *bare, *after, *examples;
} units[] = {
    [RP_UNIT_NONE] = {NUMBER_BARE, "", "", "a number such as 0.5, 50% or -6db"},
    [RP_UNIT_HZ] = {NUMBER_HZ, "", " Hz",
                    "a frequency such as 880, 1.2khz or a4, or 50% of the range"},
    [RP_UNIT_SECONDS] = {NUMBER_SECONDS, "", " s",
                         "a time such as 0.3, 5ms or 0.3s, or 50% of the range"},
    [RP_UNIT_RATIO] = {NUMBER_PERCENT, "", "", "a factor such as 0.5, 50% or -6db"},
    [RP_UNIT_DB] = {NUMBER_DB, "db", " dB", "a level such as -6, -6db or 50%"},
    [RP_UNIT_GATE] = {NUMBER_BARE, "", "", "0 or 1"},
};

/* A share of a range in Hz or seconds is a place in it; of all else, a factor. */
static bool is_position(const struct rp_param *param, const struct number *number)
{
    return number->unit == NUMBER_PERCENT &&
           (param->unit == RP_UNIT_HZ || param->unit == RP_UNIT_SECONDS);
}

static bool unit_fits(const struct rp_param *param, const struct number *number)
{
    if (param->unit == RP_UNIT_GATE)
        return number->unit == NUMBER_BARE;
    return is_position(param, number) || number_unit_fits(number->unit, units[param->unit].unit);
}

enum param_fit param_read(const char *text, size_t length, const struct rp_param *param,
                          float *value)
{
    struct number number;
    if (number_read_in(text, length, units[param->unit].bare, &number) != NUMBER_OK ||
        !unit_fits(param, &number))
        return PARAM_OTHER_UNIT;
    *value = (float)number.value;
    if (!is_position(param, &number))
        return *value >= param->low && *value <= param->high ? PARAM_FITS : PARAM_OUT_OF_RANGE;
    bool within = *value >= 0.0f && *value <= 1.0f;
    *value = rp_param_at(param, *value);
    return within ? PARAM_FITS : PARAM_OUT_OF_RANGE;
}

const char *param_text(char text[NUMBER_TEXT], const struct rp_param *param, float value)
{
    double shown = param->unit == RP_UNIT_DB ? number_db((double)value) : (double)value;
    snprintf(text, NUMBER_TEXT, "%.7g%s", shown, units[param->unit].after);
    return text;
}

const char *param_examples(const struct rp_param *param)
{
    return units[param->unit].examples;
}

/* --- times and levels ---------------------------------------------------------------------- */

/* "24000f", "30t" */
static int read_count(const char *text, size_t length, uint64_t *frames)
{
    char *end;
    if (text[0] < '0' || text[0] > '9' || length > MOST_DIGITS + 1)
        return -1;
    *frames = strtoull(text, &end, 10);
    if (strcmp(end, "t") == 0)
        *frames *= TICK;
    else if (strcmp(end, "f") != 0)
        return -1;
    return 0;
}

int frames_read(const char *text, uint64_t *frames)
{
    struct number number;
    size_t length = strlen(text);
    if (read_count(text, length, frames) == 0)
        return 0;
    if (number_read(text, length, &number) != NUMBER_OK)
        return -1;
    bool time = number.unit == NUMBER_BARE || number.unit == NUMBER_SECONDS;
    if (!time || !(number.value >= 0.0 && number.value <= 1e9))
        return -1;
    *frames = (uint64_t)(number.value * RP_SAMPLE_RATE + 0.5);
    return 0;
}

int threshold_read(const char *text, float *factor)
{
    struct number number;
    if (number_read_in(text, strlen(text), "db", &number) != NUMBER_OK)
        return -1;
    if (number.unit != NUMBER_BARE && number.unit != NUMBER_DB)
        return -1;
    *factor = (float)number.value;
    return *factor >= 1e-10f && *factor <= 1.0f ? 0 : -1;
}
