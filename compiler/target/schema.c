#include "compiler/target/schema.h"
#include "text/json.h"
#include "vm/tables.h"
#include <string.h>

/* As in write_json.c: jansson's setters refuse NULL, so a failed maker shows in its setter. */

#define ID        "[A-Za-z_][A-Za-z0-9_/-]*"
#define REFERENCE "^" ID "(\\.[a-z]+)?$"
#define PLAIN     "[+-]?[0-9]+(\\.[0-9]+)?([eE][+-]?[0-9]+)?"
#define NOTE      "[A-Ga-g][#Bb]?(-1|10|[0-9])"
#define HZ        "([Hh][Zz]|[Kk][Hh][Zz])"
#define SECONDS   "([Ss]|[Mm][Ss]|[Uu][Ss])"
#define FACTOR    "([Dd][Bb]|%)"

static const char *unit_pattern(enum vm_unit unit)
{
    switch (unit) {
    case VM_UNIT_HZ:
        return "^(" PLAIN HZ "?|" NOTE ")$";
    case VM_UNIT_SECONDS:
        return "^" PLAIN SECONDS "?$";
    default:
        return "^" PLAIN FACTOR "?$";
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
    return json_pack("{s:s, s:[o, {s:s, s:i, s:o}]}", "description", help, "anyOf", one_value(in),
                     "type", "array", "minItems", 1, "items", one_value(in));
}

static json_t *module_params(const struct vm_module *module)
{
    json_t *properties = json_object();
    json_t *schema = json_pack("{s:s, s:O, s:b}", "type", "object", "properties", properties,
                               "additionalProperties", 0);
    for (unsigned i = 0; schema && i < module->inputs; i++)
        if (json_object_set_new(properties, module->in[i].name, input_schema(&module->in[i]))) {
            json_decref(schema);
            schema = NULL;
        }
    json_decref(properties);
    return schema;
}

static json_t *module_rule(const struct vm_module *module)
{
    return json_pack("{s:s, s:{s:{s:{s:s}}, s:[s]}, s:{s:{s:o}}}", "description", module->summary,
                     "if", "properties", "type", "const", module->name, "required", "type", "then",
                     "properties", "params", module_params(module));
}

/* A type is a module of the table, or the name of a used or defined patch, whose params this
 * schema cannot know. */
static json_t *node_schema(void)
{
    json_t *names = json_array(), *rules = json_array();
    int failed = !names || !rules;
    for (size_t i = 0; i < vm_module_count && !failed; i++)
        failed = json_array_append_new(names, json_string(vm_modules[i].name)) ||
                 json_array_append_new(rules, module_rule(&vm_modules[i]));
    json_t *schema =
        failed
            ? NULL
            : json_pack("{s:s, s:b, s:[s], s:{s:{s:[{s:O}, {s:s, s:s}]}, "
                        "s:{s:s, s:{s:s}}, s:{s:s}, s:{s:[i, i, i]}, s:{s:s}}, s:O}",
                        "type", "object", "additionalProperties", 0, "required", "type",
                        "properties", "type", "anyOf", "enum", names, "type", "string", "pattern",
                        "^" ID "$", "params", "type", "object", "additionalProperties", "$ref",
                        "#/$defs/values", "comment", "type", "string", "oversample", "enum", 2, 4,
                        8, "unison", "$ref", "#/$defs/unison", "allOf", rules);
    json_decref(names);
    json_decref(rules);
    return schema;
}

/* What does not depend on the table is written as it is. */
static const char frame[] =
    "{\"$schema\": \"https://json-schema.org/draft/2020-12/schema\","
    " \"title\": \"Repatch patch\","
    " \"$ref\": \"#/$defs/patch\","
    " \"$defs\": {"
    "  \"id\": {\"type\": \"string\", \"pattern\": \"^[A-Za-z_][A-Za-z0-9_/-]*$\","
    "    \"maxLength\": 128, \"not\": {\"enum\": [\"patch\", \"nodes\", \"connections\","
    "    \"params\", \"def\", \"use\", \"as\", \"type\"]}},"
    "  \"number\": {\"type\": [\"number\", \"string\"], \"minimum\": -1e9, \"maximum\": 1e9},"
    "  \"glide\": {\"type\": [\"number\", \"string\"], \"minimum\": 0, \"maximum\": 3600},"
    "  \"value\": {\"type\": [\"number\", \"string\"]},"
    "  \"values\": {\"anyOf\": [{\"$ref\": \"#/$defs/value\"}, {\"$ref\": \"#/$defs/table\"},"
    "    {\"type\": \"array\", \"minItems\": 1, \"items\": {\"$ref\": \"#/$defs/value\"}}]},"
    "  \"row\": {\"type\": \"array\", \"minItems\": 1, \"items\": {\"$ref\": \"#/$defs/value\"}},"
    "  \"table\": {\"anyOf\": [{\"type\": \"object\", \"additionalProperties\": false,"
    "    \"required\": [\"table\"], \"properties\": {\"table\": {\"anyOf\": ["
    "      {\"$ref\": \"#/$defs/row\"}, {\"type\": \"array\", \"minItems\": 1,"
    "       \"items\": {\"$ref\": \"#/$defs/row\"}}]}}},"
    "    {\"type\": \"object\", \"additionalProperties\": false, \"required\": [\"sample\"],"
    "     \"properties\": {\"sample\": {\"type\": \"string\", \"minLength\": 1},"
    "      \"channel\": {\"enum\": [\"mix\", \"left\", \"right\"]}}}]},"
    "  \"unison\": {\"anyOf\": [{\"$ref\": \"#/$defs/copies\"},"
    "    {\"type\": \"object\", \"additionalProperties\": false, \"required\": [\"copies\"],"
    "     \"properties\": {\"copies\": {\"$ref\": \"#/$defs/copies\"},"
    "      \"detune\": {\"type\": [\"number\", \"string\"], \"minimum\": 0, \"maximum\": 1200},"
    "      \"width\": {\"type\": [\"number\", \"string\"], \"minimum\": 0, \"maximum\": 1}}}]},"
    "  \"copies\": {\"type\": \"integer\", \"minimum\": 1, \"maximum\": 16},"
    "  \"end\": {\"type\": \"array\", \"minItems\": 1, \"maxItems\": 2,"
    "    \"items\": {\"type\": \"string\"}},"
    "  \"connection\": {\"type\": \"object\", \"additionalProperties\": false,"
    "    \"required\": [\"from\", \"to\"], \"properties\": {"
    "      \"from\": {\"description\": \"node and output, or a param\", \"$ref\": \"#/$defs/end\"},"
    "      \"to\": {\"description\": \"node and input\", \"$ref\": \"#/$defs/end\"}}},"
    "  \"param\": {\"anyOf\": [{\"$ref\": \"#/$defs/number\"},"
    "    {\"type\": \"object\", \"additionalProperties\": false, \"properties\": {"
    "      \"unit\": {\"enum\": [\"none\", \"hz\", \"khz\", \"s\", \"ms\", \"us\", \"ratio\","
    "        \"%\", \"db\", \"gate\"]},"
    "      \"range\": {\"type\": \"array\", \"minItems\": 2, \"maxItems\": 2,"
    "        \"items\": {\"$ref\": \"#/$defs/number\"}},"
    "      \"default\": {\"$ref\": \"#/$defs/number\"},"
    "      \"curve\": {\"enum\": [\"linear\", \"exponential\"]},"
    "      \"glide\": {\"$ref\": \"#/$defs/glide\"}}}]},"
    "  \"use\": {\"type\": \"object\", \"additionalProperties\": false, \"required\": [\"file\"],"
    "    \"properties\": {\"file\": {\"type\": \"string\", \"minLength\": 1},"
    "      \"as\": {\"$ref\": \"#/$defs/id\"}}},"
    "  \"patch\": {\"type\": \"object\", \"additionalProperties\": false,"
    "    \"required\": [\"nodes\"], \"properties\": {"
    "      \"$schema\": {\"type\": \"string\"},"
    "      \"comment\": {\"type\": \"string\"},"
    "      \"params\": {\"type\": \"object\", \"propertyNames\": {\"$ref\": \"#/$defs/id\"},"
    "        \"additionalProperties\": {\"$ref\": \"#/$defs/param\"}},"
    "      \"uses\": {\"type\": \"array\", \"items\": {\"$ref\": \"#/$defs/use\"}},"
    "      \"defs\": {\"type\": \"object\", \"propertyNames\": {\"$ref\": \"#/$defs/id\"},"
    "        \"additionalProperties\": {\"$ref\": \"#/$defs/patch\"}},"
    "      \"nodes\": {\"type\": \"object\", \"propertyNames\": {\"$ref\": \"#/$defs/id\"},"
    "        \"additionalProperties\": {\"$ref\": \"#/$defs/node\"}},"
    "      \"connections\": {\"type\": \"array\","
    "        \"items\": {\"$ref\": \"#/$defs/connection\"}}}}}}";

int schema_write(FILE *file)
{
    json_watch_memory();
    json_t *schema = json_loads(frame, 0, NULL);
    json_t *defs = json_object_get(schema, "$defs");
    json_t *reference = json_pack("{s:s, s:s}", "type", "string", "pattern", REFERENCE);
    int failed = json_object_set_new(defs, "reference", reference) ||
                 json_object_set_new(defs, "node", node_schema()) ||
                 json_dumpf(schema, file, JSON_INDENT(2) | JSON_REAL_PRECISION(15));
    fputc('\n', file);
    json_decref(schema);
    return failed || json_memory_gone() || ferror(file) ? -1 : 0;
}
