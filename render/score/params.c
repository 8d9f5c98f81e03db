/* params.c - parameters of patches: found, and given values as people write them. */
#include "render/param_text.h"
#include "render/score/reading.h"
#include <string.h>

/* --- values ------------------------------------------------------------------------------- */

static enum param_fit fit_value(const struct sx *sx, const struct rp_param *param, float *value)
{
    return sx->kind == SX_LIST ? PARAM_OTHER_UNIT : param_read(sx->text, sx->length, param, value);
}

static bool misfit(struct reading *r, const struct sx *sx, const char *where,
                   const struct rp_param *param, enum param_fit fit)
{
    char low[NUMBER_TEXT], high[NUMBER_TEXT];
    const char *text = sx->kind == SX_LIST ? "(...)" : sx->text;
    struct diag *d =
        score_wrong(r, E_SCORE_PARAM_VALUE, sx,
                    fit == PARAM_OTHER_UNIT ? "'%.60s' does not fit parameter '%s' of '%s'"
                                            : "'%.60s' is outside the range of '%s' of '%s'",
                    text, param->name, where);
    if (fit == PARAM_OTHER_UNIT)
        diag_help(&r->diags, d, "it takes %s", param_examples(param));
    else
        diag_help(&r->diags, d, "its range is %s to %s", param_text(low, param, param->low),
                  param_text(high, param, param->high));
    return false;
}

bool param_value(struct reading *r, const struct sx *sx, const char *where,
                 const struct rp_param *param, float *value)
{
    enum param_fit fit = fit_value(sx, param, value);
    return fit == PARAM_FITS || misfit(r, sx, where, param, fit);
}

/* --- names -------------------------------------------------------------------------------- */

uint32_t param_number(struct reading *r, const char *name)
{
    return names_add(&r->params, name);
}

static void unknown_param(struct reading *r, const struct sx *sx, const char *where,
                          const char *const *words, size_t count)
{
    struct diag *d = score_wrong(r, E_SCORE_PARAM, sx, "'%s' has no parameter '%.60s'", where,
                                 sx->kind == SX_LIST ? "(...)" : sx->text);
    if (count > 0)
        diag_suggest(&r->diags, d, sx->text, "it has", "it has", words, count);
    else
        diag_help(&r->diags, d, "it has no parameters at all");
}

int param_of(struct reading *r, const struct sx *sx, const char *where,
             const struct rp_program *program)
{
    unsigned count = rp_param_count(program);
    int found = sx->kind == SX_LIST ? -1 : rp_param_find(program, sx->text);
    if (found >= 0)
        return found;
    const char **words = arena_take(&r->score->arena, count, sizeof *words);
    for (unsigned i = 0; words && i < count; i++)
        words[i] = rp_param_info(program, i)->name;
    unknown_param(r, sx, where, words, words ? count : 0);
    return -1;
}

static const struct rp_param *param_in(const struct rp_program *program, const char *name)
{
    int found = program ? rp_param_find(program, name) : -1;
    return found < 0 ? NULL : rp_param_info(program, (unsigned)found);
}

static void unknown_anywhere(struct reading *r, const struct sx *sx)
{
    struct diag *d =
        score_wrong(r, E_SCORE_PARAM, sx, "no patch of the score has a parameter '%.60s'",
                    sx->kind == SX_LIST ? "(...)" : sx->text);
    diag_suggest(&r->diags, d, sx->text, "there is", "there are", r->params.words, r->params.count);
}

/* The first patch that has the parameter and takes the value, else the first that has it. */
bool param_anywhere(struct reading *r, const struct sx *name, const struct sx *value, float *number)
{
    const struct rp_param *first = NULL;
    const char *where = "";
    for (size_t i = 0; name->kind != SX_LIST && i < r->score->source_count; i++) {
        const struct mix_source *source = &r->score->sources[i];
        const struct rp_param *param = param_in(source->program, name->text);
        if (param && fit_value(value, param, number) == PARAM_FITS)
            return true;
        if (param && !first) {
            first = param;
            where = source->name;
        }
    }
    if (!first) {
        unknown_anywhere(r, name);
        return false;
    }
    return misfit(r, value, where, first, fit_value(value, first, number));
}

bool param_exists(struct reading *r, const struct sx *name)
{
    for (size_t i = 0; name->kind != SX_LIST && i < r->score->source_count; i++)
        if (param_in(r->score->sources[i].program, name->text))
            return true;
    unknown_anywhere(r, name);
    return false;
}
