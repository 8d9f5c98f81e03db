#include "render/error.h"
#include <stdarg.h>
#include <stdio.h>

enum render_status render_fail(struct render_error *error, enum render_status status,
                               const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(error->text, sizeof error->text, format, args);
    va_end(args);
    error->help[0] = '\0';
    error->status = status;
    return status;
}

void render_help(struct render_error *error, const char *help)
{
    snprintf(error->help, sizeof error->help, "%s", help);
}
