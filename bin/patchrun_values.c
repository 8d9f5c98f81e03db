#include "bin/patchrun_values.h"
#include "render/mixer/command.h"
#include "text/diag.h"
#include "text/number.h"
#include "vm/disassemble.h"
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_TEXT = 100, MOST_PARAMS = 1024 };

/* "24000f", "30t" */
static int read_count(const char *text, uint64_t *frames)
{
    char *end;
    if (text[0] < '0' || text[0] > '9' || strlen(text) > 12)
        return -1;
    *frames = strtoull(text, &end, 10);
    if (strcmp(end, "t") == 0)
        *frames *= MIX_TICK;
    else if (strcmp(end, "f") != 0)
        return -1;
    return 0;
}

int value_time(const char *text, uint64_t *frames)
{
    struct number number;
    if (read_count(text, frames) == 0)
        return 0;
    if (number_read(text, strlen(text), &number) != NUMBER_OK)
        return -1;
    bool time = number.unit == NUMBER_BARE || number.unit == NUMBER_SECONDS;
    if (!time || !(number.value >= 0.0 && number.value <= 1e9))
        return -1;
    *frames = (uint64_t)(number.value * RP_SAMPLE_RATE + 0.5);
    return 0;
}

int value_threshold(const char *text, float *factor)
{
    struct number number;
    if (number_read_in(text, strlen(text), "db", &number) != NUMBER_OK)
        return -1;
    if (number.unit != NUMBER_BARE && number.unit != NUMBER_DB)
        return -1;
    *factor = (float)number.value;
    return *factor >= 1e-10f && *factor <= 1.0f ? 0 : -1;
}

/* --- a parameter's value ----------------------------------------------------------------- */

static const char *unit_name(enum rp_unit unit)
{
    static const char *const names[] = {
        [RP_UNIT_NONE] = "",  [RP_UNIT_HZ] = "Hz", [RP_UNIT_SECONDS] = "s",
        [RP_UNIT_RATIO] = "", [RP_UNIT_DB] = "dB", [RP_UNIT_GATE] = "gate"};
    return names[unit];
}

/* With its unit, as people write it. */
static const char *value_text(char text[NUMBER_TEXT], const struct rp_param *param, float value)
{
    const char *unit = param->unit == RP_UNIT_GATE ? "" : unit_name(param->unit);
    if (param->unit == RP_UNIT_DB)
        snprintf(text, NUMBER_TEXT, "%g dB", number_db((double)value));
    else
        snprintf(text, NUMBER_TEXT, "%.7g%s%s", (double)value, unit[0] ? " " : "", unit);
    return text;
}

enum fit { FITS, WRONG_UNIT, OUT_OF_RANGE };

/* A share of a range in Hz or seconds is a place in it; of all else, a factor. */
static bool is_position(const struct rp_param *param, const struct number *number)
{
    return number->unit == NUMBER_PERCENT &&
           (param->unit == RP_UNIT_HZ || param->unit == RP_UNIT_SECONDS);
}

static bool unit_fits(const struct rp_param *param, const struct number *number)
{
    static const enum number_unit wanted[] = {[RP_UNIT_NONE] = NUMBER_BARE,
                                              [RP_UNIT_HZ] = NUMBER_HZ,
                                              [RP_UNIT_SECONDS] = NUMBER_SECONDS,
                                              [RP_UNIT_RATIO] = NUMBER_PERCENT,
                                              [RP_UNIT_DB] = NUMBER_DB};
    if (param->unit == RP_UNIT_GATE)
        return number->unit == NUMBER_BARE;
    return is_position(param, number) || number_unit_fits(number->unit, wanted[param->unit]);
}

static enum fit read_value(const char *text, const struct rp_param *param, float *value)
{
    struct number number;
    const char *bare = param->unit == RP_UNIT_DB ? "db" : "";
    if (number_read_in(text, strlen(text), bare, &number) != NUMBER_OK ||
        !unit_fits(param, &number))
        return WRONG_UNIT;
    *value = (float)number.value;
    if (!is_position(param, &number))
        return *value >= param->low && *value <= param->high ? FITS : OUT_OF_RANGE;
    bool within = *value >= 0.0f && *value <= 1.0f;
    *value = rp_param_at(param, *value);
    return within ? FITS : OUT_OF_RANGE;
}

static const char *examples(enum rp_unit unit)
{
    static const char *const texts[] = {
        [RP_UNIT_NONE] = "a number such as 0.5, 50% or -6db",
        [RP_UNIT_HZ] = "a frequency such as 880, 880hz, 1.2khz or a4, or 50% of the range",
        [RP_UNIT_SECONDS] = "a time such as 0.3, 5ms or 0.3s, or 50% of the range",
        [RP_UNIT_RATIO] = "a factor such as 0.5, 50% or -6db",
        [RP_UNIT_DB] = "a level such as -6, -6db or 50%",
        [RP_UNIT_GATE] = "0 or 1"};
    return texts[unit];
}

static int say_misfit(const char *file, const char *text, const struct rp_param *param,
                      enum fit fit, FILE *diagnostics)
{
    char low[NUMBER_TEXT], high[NUMBER_TEXT];
    if (fit == WRONG_UNIT)
        fprintf(diagnostics,
                "patchrun: %s: '%s' does not fit parameter '%s'\n  = help: it takes %s\n", file,
                text, param->name, examples(param->unit));
    else
        fprintf(diagnostics,
                "patchrun: %s: '%s' is outside the range of parameter '%s'\n"
                "  = help: its range is %s to %s\n",
                file, text, param->name, value_text(low, param, param->low),
                value_text(high, param, param->high));
    return 1;
}

static int say_unknown(const char *file, const char *name, const struct rp_program *program,
                       FILE *diagnostics)
{
    const char *names[MOST_PARAMS];
    unsigned count = rp_param_count(program);
    count = count < MOST_PARAMS ? count : MOST_PARAMS;
    for (unsigned i = 0; i < count; i++)
        names[i] = rp_param_info(program, i)->name;
    const char *near = diag_nearest(name, strlen(name), names, count);
    fprintf(diagnostics, "patchrun: %s: no parameter '%s'", file, name);
    if (near)
        fprintf(diagnostics, "; did you mean '%s'?", near);
    fputs(count > 0 ? "\n  = help: it has" : "\n  = help: it has no parameters", diagnostics);
    for (unsigned i = 0; i < count; i++)
        fprintf(diagnostics, "%s '%s'", i > 0 ? "," : "", names[i]);
    fputc('\n', diagnostics);
    return 1;
}

/* --- --set ------------------------------------------------------------------------------- */

struct setting {
    char text[3 * MOST_TEXT];
    const char *name, *value, *time, *glide; /* in text; NULL: none */
};

/* Cuts NAME=VALUE[@TIME[~GLIDE]] into its parts. */
static int split(const char *text, struct setting *setting)
{
    size_t length = strlen(text);
    if (length >= sizeof setting->text)
        return -1;
    memcpy(setting->text, text, length + 1);
    char *equals = strchr(setting->text, '=');
    if (!equals || equals == setting->text)
        return -1;
    *equals = '\0';
    char *at = strchr(equals + 1, '@');
    if (at)
        *at = '\0';
    char *wave = at ? strchr(at + 1, '~') : NULL;
    if (wave)
        *wave = '\0';
    setting->name = setting->text;
    setting->value = equals + 1;
    setting->time = at ? at + 1 : NULL;
    setting->glide = wave ? wave + 1 : NULL;
    return 0;
}

/* 0, or -1: a time is none, or a glide is longer than it may be. */
static int read_times(const struct setting *setting, struct event *event)
{
    uint64_t glide = 0;
    if (setting->time && value_time(setting->time, &event->frame))
        return -1;
    if (setting->glide && (value_time(setting->glide, &glide) || glide > UINT32_MAX))
        return -1;
    event->glide = (uint32_t)glide;
    return 0;
}

int value_setting(const char *text, const char *file, const struct rp_program *program,
                  struct event *event, FILE *diagnostics)
{
    struct setting setting;
    *event = (struct event){0};
    if (split(text, &setting) || read_times(&setting, event)) {
        fprintf(diagnostics,
                "patchrun: --set: '%s' is not of the form NAME=VALUE, NAME=VALUE@TIME or "
                "NAME=VALUE@TIME~GLIDE\n"
                "  = help: a TIME is 0.5s, 20ms, 24000f or 30t\n",
                text);
        return 2;
    }
    int found = rp_param_find(program, setting.name);
    if (found < 0)
        return say_unknown(file, setting.name, program, diagnostics);
    event->param = (unsigned)found;
    const struct rp_param *param = rp_param_info(program, event->param);
    if (setting.time && !setting.glide)
        event->glide = param->glide;
    enum fit fit = read_value(setting.value, param, &event->value);
    return fit == FITS ? 0 : say_misfit(file, setting.value, param, fit, diagnostics);
}

/* --- --info ------------------------------------------------------------------------------ */

static const char *curve_name(const struct rp_param *param)
{
    return param->curve == RP_EXPONENTIAL ? "exponential" : "linear";
}

static void info_text_param(const struct rp_param *param, FILE *stream)
{
    char low[NUMBER_TEXT], high[NUMBER_TEXT], def[NUMBER_TEXT];
    fprintf(stream, "%-16s %12s %12s %12s %9.6g s  %s\n", param->name,
            value_text(low, param, param->low), value_text(high, param, param->high),
            value_text(def, param, param->def), (double)param->glide / RP_SAMPLE_RATE,
            curve_name(param));
}

static void info_text(const char *file, const struct rp_program *program, size_t size, FILE *stream)
{
    static const char *const inputs[] = {"", " from a mono input", " from a stereo input"};
    fprintf(stream,
            "%s: %s%s, %zu bytes of bytecode, %zu bytes to play a voice, at most %" PRIu64
            " operations a frame\n",
            file, rp_channels(program) == 2 ? "stereo" : "mono", inputs[rp_inputs(program)], size,
            rp_group_bytes(program, 1), rp_cost(program));
    if (rp_param_count(program) > 0)
        fprintf(stream, "%-16s %12s %12s %12s %11s  %s\n", "parameter", "low", "high", "default",
                "glide", "curve");
    for (unsigned i = 0; i < rp_param_count(program); i++)
        info_text_param(rp_param_info(program, i), stream);
}

void value_json_string(const char *text, FILE *stream)
{
    fputc('"', stream);
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        if (c < 0x20)
            fprintf(stream, "\\u%04x", c);
        else
            fprintf(stream, c == '"' || c == '\\' ? "\\%c" : "%c", c);
    }
    fputc('"', stream);
}

/* Levels are factors here, as the program has them: JSON has no minus infinity. */
static void info_json_param(const struct rp_param *param, FILE *stream)
{
    fputs("{\"name\": ", stream);
    value_json_string(param->name, stream);
    fprintf(stream,
            ", \"unit\": \"%s\", \"curve\": \"%s\", \"low\": %.9g, \"high\": %.9g, "
            "\"default\": %.9g, \"glide_frames\": %" PRIu32 "}",
            vm_param_unit_names[param->unit], curve_name(param), (double)param->low,
            (double)param->high, (double)param->def, param->glide);
}

void value_json_params(const struct rp_program *program, FILE *stream)
{
    fputc('[', stream);
    for (unsigned i = 0; i < rp_param_count(program); i++) {
        fputs(i > 0 ? ", " : "", stream);
        info_json_param(rp_param_info(program, i), stream);
    }
    fputc(']', stream);
}

static void info_json(const char *file, const struct rp_program *program, size_t size, FILE *stream)
{
    fputs("{\"file\": ", stream);
    value_json_string(file, stream);
    fprintf(stream,
            ", \"channels\": %u, \"inputs\": %u, \"bytecode_bytes\": %zu, \"voice_bytes\": %zu, "
            "\"cost\": %" PRIu64 ", \"params\": ",
            rp_channels(program), rp_inputs(program), size, rp_group_bytes(program, 1),
            rp_cost(program));
    value_json_params(program, stream);
    fputs("}\n", stream);
}

void value_info(const char *file, const struct rp_program *program, size_t size, int json,
                FILE *stream)
{
    if (json)
        info_json(file, program, size, stream);
    else
        info_text(file, program, size, stream);
}
