#include "compiler/build.h"
#include <string.h>

enum { PARAM_MOST = 1000000000, GLIDE_MOST = 3600 };

static const struct {
    const char *name;
    enum rp_unit unit;
    const char *bare; /* what a bare number in the param is in */
} units[] = {
    {"none", RP_UNIT_NONE, ""},   {"hz", RP_UNIT_HZ, "hz"},      {"khz", RP_UNIT_HZ, "khz"},
    {"s", RP_UNIT_SECONDS, "s"},  {"ms", RP_UNIT_SECONDS, "ms"}, {"us", RP_UNIT_SECONDS, "us"},
    {"ratio", RP_UNIT_RATIO, ""}, {"%", RP_UNIT_RATIO, "%"},     {"db", RP_UNIT_DB, "db"},
    {"gate", RP_UNIT_GATE, ""},
};

static const struct {
    const char *name;
    enum number_unit written; /* what its numbers may be in */
    double low, high;
} defaults[] = {
    [RP_UNIT_NONE] = {"none", NUMBER_BARE, -1e6, 1e6},
    [RP_UNIT_HZ] = {"hz", NUMBER_HZ, 0.0, 24000.0},
    [RP_UNIT_SECONDS] = {"s", NUMBER_SECONDS, 0.0, 60.0},
    [RP_UNIT_RATIO] = {"ratio", NUMBER_PERCENT, 0.0, 1.0},
    [RP_UNIT_DB] = {"db", NUMBER_DB, 0.0, 0.0}, /* -120 to 24 dB, set below */
    [RP_UNIT_GATE] = {"gate", NUMBER_BARE, 0.0, 1.0},
};

int param_unit_fits(enum rp_unit unit, enum vm_unit port)
{
    if (unit == RP_UNIT_NONE || unit == RP_UNIT_GATE || port == VM_UNIT_NONE)
        return 1;
    return unit == RP_UNIT_HZ        ? port == VM_UNIT_HZ
           : unit == RP_UNIT_SECONDS ? port == VM_UNIT_SECONDS
                                     : port == VM_UNIT_RATIO;
}

/* A param while its fields are read. */
struct reading {
    struct builder *b;
    struct param *param;
    const char *bare;
    const struct sx *fields[5];
};

enum { FIELD_UNIT, FIELD_RANGE, FIELD_DEFAULT, FIELD_CURVE, FIELD_GLIDE, FIELD_COUNT };

static const char *const field_names[] = {"unit", "range", "default", "curve", "glide"};
static const char *const field_shapes[] = {"(unit hz)", "(range 20 2000)", "(default 440)",
                                           "(curve exponential)", "(glide 20ms)"};

static int number_fits(enum number_unit unit, enum rp_unit wanted)
{
    return wanted == RP_UNIT_GATE ? unit == NUMBER_BARE
                                  : number_unit_fits(unit, defaults[wanted].written);
}

/* 0 when *value was set. */
static int read_number(struct reading *r, const struct sx *sx, enum rp_unit unit, const char *bare,
                       double *value)
{
    struct number number;
    if (sx->kind != SX_NUMBER) {
        shape_error(r->b, sx->place, "a number is wanted here", NULL);
        return -1;
    }
    enum number_status status = number_read_in(sx->text, sx->length, bare, &number);
    if (status != NUMBER_OK) {
        number_error(r->b, sx, status, &number);
        return -1;
    }
    if (!number_fits(number.unit, unit)) {
        struct diag *d =
            diag_error(r->b->diags, E_UNIT, sx->place, "'%s' does not fit the unit '%s'", sx->text,
                       defaults[unit].name);
        diag_label(r->b->diags, d, "another unit");
        return -1;
    }
    if (number.value < -PARAM_MOST || number.value > PARAM_MOST) {
        diag_error(r->b->diags, E_PARAM_RANGE, sx->place, "'%s' is beyond 1e9", sx->text);
        return -1;
    }
    *value = number.value;
    return 0;
}

static void unknown_field(struct reading *r, const struct sx *field)
{
    struct diag *d = diag_error(r->b->diags, E_PARAM_FIELD, field->first->place,
                                "a param has no field '%s'", field->first->text);
    suggest(r->b, d, field->first->text, "the fields are", field_names, FIELD_COUNT);
}

static void sort_field(struct reading *r, const struct sx *field)
{
    if (field->kind != SX_LIST || !field->first || field->first->kind == SX_LIST) {
        shape_error(r->b, field->place, "a field of a param is wanted here", "(range 20 2000)");
        return;
    }
    size_t i = 0;
    while (i < FIELD_COUNT && strcmp(field_names[i], field->first->text) != 0)
        i++;
    if (i == FIELD_COUNT) {
        unknown_field(r, field);
    } else if (r->fields[i]) {
        struct diag *d = diag_error(r->b->diags, E_INPUT_TWICE, field->first->place,
                                    "'%s' is given twice", field_names[i]);
        diag_note(r->b->diags, d, r->fields[i]->first->place, "first given here");
    } else if (sx_count(field) != (i == FIELD_RANGE ? 3 : 2)) {
        shape_error(r->b, field->place, "the field has another shape", field_shapes[i]);
    } else {
        r->fields[i] = field;
    }
}

static const struct sx *value_of(const struct reading *r, size_t field)
{
    return r->fields[field] ? r->fields[field]->first->next : NULL;
}

static void unknown_word(struct reading *r, const struct sx *word, const char *what,
                         const char *const *names, size_t count)
{
    struct diag *d = diag_error(r->b->diags, E_PARAM_FIELD, word->place, "unknown %s '%s'", what,
                                word->kind == SX_LIST ? "(...)" : word->text);
    suggest(r->b, d, word->text ? word->text : "", "there are", names, count);
}

static void read_unit(struct reading *r)
{
    const char *names[sizeof units / sizeof *units];
    const struct sx *word = value_of(r, FIELD_UNIT);
    for (size_t i = 0; word && i < sizeof units / sizeof *units; i++) {
        names[i] = units[i].name;
        if (word->kind == SX_LIST || strcmp(units[i].name, word->text) != 0)
            continue;
        r->param->unit = units[i].unit;
        r->bare = units[i].bare;
        return;
    }
    if (word)
        unknown_word(r, word, "unit", names, sizeof units / sizeof *units);
}

static void read_curve(struct reading *r)
{
    static const char *const curves[] = {"linear", "exponential"};
    const struct sx *word = value_of(r, FIELD_CURVE);
    if (!word)
        return;
    if (word->kind != SX_LIST && strcmp(word->text, curves[1]) == 0)
        r->param->curve = RP_EXPONENTIAL;
    else if (word->kind == SX_LIST || strcmp(word->text, curves[0]) != 0)
        unknown_word(r, word, "curve", curves, 2);
}

static void default_range(struct param *param)
{
    param->low = defaults[param->unit].low;
    param->high = defaults[param->unit].high;
    if (param->unit != RP_UNIT_DB)
        return;
    param->low = number_factor(-120.0);
    param->high = number_factor(24.0);
}

static int read_range(struct reading *r)
{
    struct param *p = r->param;
    const struct sx *low = value_of(r, FIELD_RANGE);
    default_range(p);
    if (!low)
        return 0;
    if (read_number(r, low, p->unit, r->bare, &p->low) ||
        read_number(r, low->next, p->unit, r->bare, &p->high))
        return -1;
    if ((float)p->low < (float)p->high)
        return 0;
    struct diag *d = diag_error(r->b->diags, E_PARAM_RANGE, r->fields[FIELD_RANGE]->place,
                                "the range of '%s' is empty", p->name);
    diag_help(r->b->diags, d, "write the lower end first");
    return -1;
}

/* Without a default: a voice starts with its gate on; else 0 (for dB, 0 dB), or the low end of a
 * range that does not hold it. */
static double implied_default(const struct reading *r)
{
    const struct param *p = r->param;
    if (p->unit == RP_UNIT_GATE && strcmp(p->name, "gate") == 0)
        return p->high;
    double zero = p->unit == RP_UNIT_DB ? 1.0 : 0.0;
    return p->low <= zero && zero <= p->high ? zero : p->low;
}

static int read_default(struct reading *r)
{
    struct param *p = r->param;
    const struct sx *value = value_of(r, FIELD_DEFAULT);
    if (!value) {
        p->def = implied_default(r);
        return 0;
    }
    if (read_number(r, value, p->unit, r->bare, &p->def))
        return -1;
    if (p->def >= p->low && p->def <= p->high)
        return 0;
    struct diag *d = diag_error(r->b->diags, E_PARAM_RANGE, value->place,
                                "the default of '%s' lies outside its range", p->name);
    if (r->fields[FIELD_RANGE])
        diag_note(r->b->diags, d, r->fields[FIELD_RANGE]->place, "the range is given here");
    else
        diag_help(r->b->diags, d, "a param in %s ranges from %g to %g unless it says otherwise",
                  defaults[p->unit].name, p->low, p->high);
    return -1;
}

static void check_curve(struct reading *r)
{
    const struct param *p = r->param;
    if (p->curve != RP_EXPONENTIAL || p->low > 0.0 || p->high < 0.0)
        return;
    struct diag *d = diag_error(r->b->diags, E_PARAM_RANGE, r->fields[FIELD_CURVE]->place,
                                "an exponential curve cannot touch zero");
    if (r->fields[FIELD_RANGE])
        diag_note(r->b->diags, d, r->fields[FIELD_RANGE]->place, "the range is given here");
    diag_help(r->b->diags, d, "let the range begin above zero, or use a linear curve");
}

static void read_glide(struct reading *r)
{
    const struct sx *value = value_of(r, FIELD_GLIDE);
    double glide = 0.0;
    if (!value || read_number(r, value, RP_UNIT_SECONDS, "s", &glide))
        return;
    if (glide < 0.0 || glide > GLIDE_MOST)
        diag_error(r->b->diags, E_PARAM_RANGE, value->place, "a glide takes 0 to %d s", GLIDE_MOST);
    else
        r->param->glide = glide;
}

static void check_gate_name(struct reading *r)
{
    const struct param *p = r->param;
    if (strcmp(p->name, "gate") != 0 || p->unit == RP_UNIT_GATE)
        return;
    struct diag *d =
        diag_error(r->b->diags, E_GATE_PARAM, p->place, "the param 'gate' must have the unit gate");
    if (r->fields[FIELD_UNIT])
        diag_note(r->b->diags, d, r->fields[FIELD_UNIT]->place, "it has another unit here");
    diag_help(r->b->diags, d, "write (gate (unit gate)), or choose another name");
}

static void read_fields(struct reading *r, const struct sx *fields)
{
    unsigned before = r->b->diags->count;
    for (; fields; fields = fields->next)
        sort_field(r, fields);
    read_unit(r);
    read_curve(r);
    read_glide(r);
    check_gate_name(r);
    /* What follows leans on the unit. */
    if (r->b->diags->count == before && read_range(r) == 0 && read_default(r) == 0)
        check_curve(r);
}

/* (NAME 440hz): the default, its unit being the param's. */
static void read_short(struct reading *r, const struct sx *value)
{
    static const enum rp_unit from[] = {RP_UNIT_NONE, RP_UNIT_HZ, RP_UNIT_SECONDS, RP_UNIT_DB,
                                        RP_UNIT_RATIO};
    struct number number;
    if (number_read(value->text, value->length, &number) == NUMBER_OK)
        r->param->unit = from[number.unit];
    default_range(r->param);
    check_gate_name(r);
    struct sx field = {.kind = SX_LIST};
    struct sx name = {.kind = SX_SYMBOL, .text = "default", .next = (struct sx *)value};
    field.first = &name;
    r->fields[FIELD_DEFAULT] = &field;
    read_default(r);
    r->fields[FIELD_DEFAULT] = NULL;
}

static void read_param(struct builder *b, struct patch *patch, const struct sx *item)
{
    static const char help[] = "(pitch (unit hz) (range 20 2000) (default 440))";
    if (item->kind != SX_LIST || !item->first) {
        shape_error(b, item->place, "a param is wanted here", help);
        return;
    }
    const struct sx *name = item->first, *rest = name->next;
    struct graph *g = &patch->graph;
    if (check_id(b, name, "a param") ||
        arena_grow(b->arena, (void **)&g->params, &g->param_capacity, g->param_count + 1,
                   sizeof *g->params))
        return;
    struct param *param = &g->params[g->param_count];
    *param = (struct param){.name = name->text, .place = name->place};
    if (declare_name(b, patch, name, NAME_PARAM, g->param_count))
        return;
    g->param_count++;
    struct reading r = {.b = b, .param = param, .bare = ""};
    if (rest && rest->kind == SX_NUMBER && !rest->next)
        read_short(&r, rest);
    else
        read_fields(&r, rest);
}

void read_params(struct builder *b, struct patch *patch, const struct sx *section)
{
    for (const struct sx *item = section->first->next; item; item = item->next)
        read_param(b, patch, item);
}
