#include "bin/patchrun_values.h"
#include "render/mixer/command.h"
#include "render/param_text.h"
#include "text/diag.h"
#include "text/number.h"
#include "vm/disassemble.h"
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_TEXT = 100, MOST_PARAMS = 1024 };

/* --- a parameter's value ----------------------------------------------------------------- */

static int say_misfit(const char *file, const char *text, const struct rp_param *param,
                      enum param_fit fit, FILE *diagnostics)
{
    char low[NUMBER_TEXT], high[NUMBER_TEXT];
    if (fit == PARAM_OTHER_UNIT)
        fprintf(diagnostics,
                "patchrun: %s: '%s' does not fit parameter '%s'\n  = help: it takes %s\n", file,
                text, param->name, param_examples(param));
    else
        fprintf(diagnostics,
                "patchrun: %s: '%s' is outside the range of parameter '%s'\n"
                "  = help: its range is %s to %s\n",
                file, text, param->name, param_text(low, param, param->low),
                param_text(high, param, param->high));
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
    if (setting->time && frames_read(setting->time, &event->frame))
        return -1;
    if (setting->glide && (frames_read(setting->glide, &glide) || glide > UINT32_MAX))
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
    enum param_fit fit = param_read(setting.value, strlen(setting.value), param, &event->value);
    return fit == PARAM_FITS ? 0 : say_misfit(file, setting.value, param, fit, diagnostics);
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
            param_text(low, param, param->low), param_text(high, param, param->high),
            param_text(def, param, param->def), (double)param->glide / RP_SAMPLE_RATE,
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
