/* patchc --modules=json: the rows as they are, and the cost of each. */
#include "bin/patchc_modules.h"
#include "text/json.h"

/* jansson's setters refuse NULL, so a failed maker shows in its setter. */

static const char *use_name(enum vm_use use)
{
    switch (use) {
    case VM_USE_REQ:
    case VM_USE_REQ_SUM:
        return "required";
    case VM_USE_GATED:
        return "gate of the voice";
    case VM_USE_STATIC:
        return "constant";
    default:
        return "optional";
    }
}

static json_t *words_of(const struct vm_in *in)
{
    json_t *words = json_array();
    int length;
    const char *word;
    for (unsigned i = 0; word = module_word(in, i, &length), length > 0; i++)
        if (json_array_append_new(words, json_stringn(word, (size_t)length))) {
            json_decref(words);
            return NULL;
        }
    return words;
}

static int add_bounds(json_t *port, const struct vm_in *in)
{
    int length;
    if (in->kind == VM_DATA)
        return 0;
    if (in->kind == VM_CHOICE) {
        const char *word = module_word(in, (unsigned)in->def, &length);
        return json_object_set_new(port, "words", words_of(in)) ||
               json_object_set_new(port, "default", json_stringn(word, (size_t)length));
    }
    if (in->use != VM_USE_REQ && in->use != VM_USE_REQ_SUM && in->use != VM_USE_GATED &&
        json_object_set_new(port, "default", json_real(in->def)))
        return -1;
    return json_object_set_new(port, "low", json_real(in->low)) ||
           json_object_set_new(port, "high", json_real(in->high));
}

static json_t *input_of(const struct vm_in *in)
{
    int sum = in->use == VM_USE_REQ_SUM || in->use == VM_USE_OPT_SUM;
    json_t *port = json_pack("{s:s, s:s, s:s, s:s, s:s, s:b}", "name", in->name, "help", in->help,
                             "kind", vm_kind_name(in->kind), "unit", vm_unit_name(in->unit), "use",
                             use_name(in->use), "takes_all_unnamed", sum);
    if (port && add_bounds(port, in)) {
        json_decref(port);
        return NULL;
    }
    return port;
}

static json_t *ports_of(const struct vm_module *module, int out)
{
    json_t *ports = json_array();
    for (unsigned i = 0; i < (out ? module->outputs : module->inputs); i++) {
        const struct vm_out *o = &module->out[i];
        json_t *port = out ? json_pack("{s:s, s:s, s:s}", "name", o->name, "help", o->help, "kind",
                                       vm_kind_name(o->kind))
                           : input_of(&module->in[i]);
        if (json_array_append_new(ports, port)) {
            json_decref(ports);
            return NULL;
        }
    }
    return ports;
}

static json_t *module_json(const struct vm_module *module)
{
    struct module_cost cost;
    if (module_cost(module, &cost))
        return NULL;
    return json_pack(
        "{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:I, s:s, s:o, s:o, s:s}", "name", module->name,
        "family", vm_module_family(module)->name, "summary", module->summary, "recurrence",
        module->recurrence, "source", module->source, "stable", module->stable, "latency",
        module->latency, "cost", (json_int_t)cost.operations, "cost_law", cost.law, "inputs",
        ports_of(module, 0), "outputs", ports_of(module, 1), "example", module->example);
}

int modules_json(FILE *file)
{
    json_watch_memory();
    json_t *modules = json_array();
    int failed = !modules;
    for (size_t i = 0; i < vm_module_count && !failed; i++)
        failed = json_array_append_new(modules, module_json(&vm_modules[i]));
    json_t *all = failed ? NULL : json_pack("{s:O}", "modules", modules);
    failed = !all || json_dumpf(all, file, JSON_INDENT(2) | JSON_REAL_PRECISION(10));
    fputc('\n', file);
    json_decref(all);
    json_decref(modules);
    return failed || json_memory_gone() || ferror(file) ? -1 : 0;
}
