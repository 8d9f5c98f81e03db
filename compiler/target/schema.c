#include "compiler/target/schema.h"
#include "compiler/target/schema_text.h"
#include "vm/tables.h"
#include <jansson.h>
#include <string.h>

/* As in write_json.c: jansson's setters refuse NULL, so a failed maker shows in its setter. */

static const char *unit_pattern(enum vm_unit unit)
{
    switch (unit) {
    case VM_UNIT_HZ:
        return "^(" HZ_TEXT ")$";
    case VM_UNIT_SECONDS:
        return "^" SECONDS_TEXT "$";
    default:
        return "^" FACTOR_TEXT "$";
    }
}

/* A number within the port's bounds, text with a unit, or unless `constant` a reference. */
static json_t *one_value(const struct vm_in *in)
{
    json_t *any = json_array();
    json_t *list = json_pack("{s:o}", "anyOf", any);
    int failed = json_array_append_new(any, json_pack("{s:s, s:f, s:f}", "type", "number",
                                                      "minimum", in->low, "maximum", in->high)) ||
                 json_array_append_new(any, json_pack("{s:s, s:s}", "type", "string", "pattern",
                                                      unit_pattern(in->unit)));
    if (!failed && in->use != VM_USE_STATIC)
        failed = json_array_append_new(any, json_pack("{s:s}", "$ref", "#/$defs/reference"));
    if (!failed)
        return list;
    json_decref(list);
    return NULL;
}

static json_t *words_schema(const struct vm_in *in)
{
    json_t *words = json_array();
    for (const char *word = in->words; *word;) {
        size_t length = strcspn(word, " ");
        if (json_array_append_new(words, json_stringn(word, length))) {
            json_decref(words);
            return NULL;
        }
        word += length + strspn(word + length, " ");
    }
    return json_pack("{s:s, s:o}", "description", in->help, "enum", words);
}

/* One value, or an array of values that are added up. */
static json_t *input_schema(const struct vm_in *in)
{
    char help[256];
    const char *unit = vm_unit_name(in->unit);
    snprintf(help, sizeof help, "%s%s%s", in->help, *unit ? "; in " : "", unit);
    if (in->kind == VM_CHOICE)
        return words_schema(in);
    if (in->kind == VM_DATA)
        return json_pack("{s:s, s:s}", "description", help, "$ref", "#/$defs/table");
    json_t *array =
        json_pack("{s:s, s:i, s:o}", "type", "array", "minItems", 1, "items", one_value(in));
    if (in->use == VM_USE_STATIC && json_object_set_new(array, "maxItems", json_integer(1))) {
        json_decref(array);
        array = NULL;
    }
    return json_pack("{s:s, s:[o, o]}", "description", help, "anyOf", one_value(in), array);
}

/* A table cannot come through a cable. */
static json_t *required_params(const struct vm_module *module)
{
    json_t *names = json_array();
    for (unsigned i = 0; i < module->inputs; i++)
        if (module->in[i].kind == VM_DATA && module->in[i].use == VM_USE_REQ &&
            json_array_append_new(names, json_string(module->in[i].name))) {
            json_decref(names);
            return NULL;
        }
    return names;
}

static json_t *module_params(const struct vm_module *module)
{
    json_t *properties = json_object();
    json_t *schema = json_pack("{s:s, s:O, s:b, s:o}", "type", "object", "properties", properties,
                               "additionalProperties", 0, "required", required_params(module));
    for (unsigned i = 0; schema && i < module->inputs; i++)
        if (json_object_set_new(properties, module->in[i].name, input_schema(&module->in[i]))) {
            json_decref(schema);
            schema = NULL;
        }
    json_decref(properties);
    return schema;
}

static int has_output(const struct vm_module *module, const char *name)
{
    for (unsigned i = 0; i < module->outputs; i++)
        if (strcmp(module->out[i].name, name) == 0)
            return 1;
    return 0;
}

/* As build_extra.c has it. */
static int takes_unison(const struct vm_module *module)
{
    int found = 0;
    for (unsigned i = 0; i < module->inputs; i++) {
        const struct vm_in *in = &module->in[i];
        found |= (strcmp(in->name, "freq") == 0 || strcmp(in->name, "pitch") == 0) &&
                 in->unit == VM_UNIT_HZ && in->kind == VM_SIGNAL && in->use != VM_USE_STATIC;
    }
    return found && (module->out[0].kind != VM_STEREO || has_output(module, "left"));
}

static json_t *unison_rule(const struct vm_module *module)
{
    if (!takes_unison(module))
        return json_false();
    if (module->out[0].kind != VM_STEREO)
        return json_true();
    return json_pack("{s:{s:{s:s}}}", "properties", "width", "$ref", "#/$defs/none");
}

static json_t *module_rule(const struct vm_module *module)
{
    static const char *const outside[] = {"input", "input.mono", "output"};
    json_t *properties = json_object(), *required = required_params(module), *then;
    int rated = 1;
    for (unsigned i = 0; i < 3; i++)
        rated &= strcmp(module->name, outside[i]) != 0;
    int failed = json_object_set_new(properties, "params", module_params(module)) ||
                 json_object_set_new(properties, "oversample", json_boolean(rated)) ||
                 json_object_set_new(properties, "unison", unison_rule(module));
    then = failed ? NULL : json_pack("{s:O}", "properties", properties);
    if (then && json_array_size(required) > 0 &&
        json_object_set_new(then, "required", json_pack("[s]", "params"))) {
        json_decref(then);
        then = NULL;
    }
    json_decref(required);
    json_decref(properties);
    return json_pack("{s:s, s:{s:{s:{s:s}}, s:[s]}, s:o}", "description", module->summary, "if",
                     "properties", "type", "const", module->name, "required", "type", "then", then);
}

/* What a used or defined patch takes, whose params this schema cannot know. */
static json_t *patch_rule(json_t *names)
{
    return json_pack("{s:{s:{s:{s:O}}}, s:{s:{s:{s:{s:s}, s:{s:s}}}}}", "if", "properties", "type",
                     "enum", names, "else", "properties", "params", "propertyNames", "$ref",
                     "#/$defs/id", "additionalProperties", "$ref", "#/$defs/values");
}

static json_t *node_schema(json_t *names)
{
    json_t *rules = json_array();
    int failed = json_array_append_new(rules, patch_rule(names));
    for (size_t i = 0; i < vm_module_count && !failed; i++)
        failed = json_array_append_new(rules, module_rule(&vm_modules[i]));
    json_t *schema =
        failed ? NULL
               : json_pack("{s:s, s:b, s:[s], s:{s:{s:[{s:O}, {s:s}]}, s:{s:s}, s:{s:s}, "
                           "s:{s:[i, i, i]}, s:{s:s}}, s:O}",
                           "type", "object", "additionalProperties", 0, "required", "type",
                           "properties", "type", "anyOf", "enum", names, "$ref", "#/$defs/id",
                           "params", "type", "object", "comment", "type", "string", "oversample",
                           "enum", 2, 4, 8, "unison", "$ref", "#/$defs/unison", "allOf", rules);
    json_decref(rules);
    return schema;
}

static json_t *module_names(void)
{
    json_t *names = json_array();
    for (size_t i = 0; i < vm_module_count; i++)
        if (json_array_append_new(names, json_string(vm_modules[i].name))) {
            json_decref(names);
            return NULL;
        }
    return names;
}

/* What stands in for a module of that name is none. */
static json_t *type_schema(json_t *names)
{
    return json_pack("{s:s, s:{s:O}}", "$ref", "#/$defs/id", "not", "enum", names);
}

/* An output by name is a sum as of mix. */
static json_t *sum_schema(void)
{
    return input_schema(&vm_module_by_id(VM_MOD_MIX)->in[VM_IN_MIX_in]);
}

/* ---- params ---- */

/* Numbers of a param in each unit: their text, how large they may be, and the range that holds when
 * none is given. At most 1e9 of the base unit. */
static const struct {
    const char *unit, *pattern;
    double low, high, range_low, range_high;
} units[] = {
    {"none", "^" FACTOR_TEXT "$", -1e9, 1e9, -1e6, 1e6},
    {"hz", "^(" HZ_TEXT ")$", -1e9, 1e9, 0.0, 24000.0},
    {"khz", "^(" HZ_TEXT ")$", -1e6, 1e6, 0.0, 24.0},
    {"s", "^" SECONDS_TEXT "$", -1e9, 1e9, 0.0, 60.0},
    {"ms", "^" SECONDS_TEXT "$", -1e12, 1e12, 0.0, 60e3},
    {"us", "^" SECONDS_TEXT "$", -1e15, 1e15, 0.0, 60e6},
    {"ratio", "^" FACTOR_TEXT "$", -1e9, 1e9, 0.0, 1.0},
    {"%", "^" FACTOR_TEXT "$", -1e11, 1e11, 0.0, 100.0},
    {"db", "^" FACTOR_TEXT "$", -1000.0, 180.0, -120.0, 24.0},
    {"gate", "^" PLAIN "$", -1e9, 1e9, 0.0, 1.0},
};

static json_t *unit_number(size_t i)
{
    return json_pack("{s:[{s:s, s:f, s:f}, {s:s, s:s}]}", "anyOf", "type", "number", "minimum",
                     units[i].low, "maximum", units[i].high, "type", "string", "pattern",
                     units[i].pattern);
}

/* Unless said otherwise a param is in `none`, which comes first. */
static json_t *unit_rule(size_t i)
{
    json_t *is = json_pack("{s:{s:{s:s}}}", "properties", "unit", "const", units[i].unit);
    if (i > 0 && json_object_set_new(is, "required", json_pack("[s]", "unit"))) {
        json_decref(is);
        is = NULL;
    }
    return json_pack("{s:o, s:{s:{s:{s:o}, s:o}, s:[{s:[s]}, {s:{s:{s:[{s:s}, {s:f, s:f}]}}}]}}",
                     "if", is, "then", "properties", "range", "items", unit_number(i), "default",
                     unit_number(i), "anyOf", "required", "range", "properties", "default", "anyOf",
                     "type", "string", "minimum", units[i].range_low, "maximum",
                     units[i].range_high);
}

static int add_unit_rules(json_t *defs)
{
    json_t *forms = json_object_get(json_object_get(defs, "param"), "anyOf");
    json_t *rules = json_object_get(json_array_get(forms, 2), "allOf");
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (json_array_append_new(rules, unit_rule(i)))
            return -1;
    return 0;
}

/* ---- all of it ---- */

static int add_texts(json_t *defs)
{
    for (size_t i = 0; schema_texts[i]; i++) {
        json_t *more = json_loads(schema_texts[i], 0, NULL);
        int failed = json_object_update(defs, more);
        json_decref(more);
        if (failed)
            return -1;
    }
    return 0;
}

int schema_write(FILE *file)
{
    json_t *defs = json_object(), *names = module_names();
    json_t *schema =
        json_pack("{s:s, s:s, s:s, s:O}", "$schema", "https://json-schema.org/draft/2020-12/schema",
                  "title", "Repatch patch", "$ref", "#/$defs/patch", "$defs", defs);
    int failed = add_texts(defs) || add_unit_rules(defs) ||
                 json_object_set_new(defs, "node", node_schema(names)) ||
                 json_object_set_new(defs, "type", type_schema(names)) ||
                 json_object_set_new(defs, "sum", sum_schema()) ||
                 json_dumpf(schema, file, JSON_INDENT(2) | JSON_REAL_PRECISION(15));
    fputc('\n', file);
    json_decref(names);
    json_decref(defs);
    json_decref(schema);
    return failed || ferror(file) ? -1 : 0;
}
