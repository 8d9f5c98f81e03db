/* build_near.c - what a name that is no module's was to mean: a part of a module's name, or what
 * others call it. */
#include "compiler/build.h"
#include <string.h>

static const struct {
    const char *word, *module;
} other_words[] = {
    {"bitcrush", "shape.crush"},
    {"bp", "filter.bandpass"},
    {"bpf", "filter.bandpass"},
    {"delay", "delay.feedback"},
    {"distortion", "shape.tanh"},
    {"echo", "delay.feedback"},
    {"env", "env.adsr"},
    {"eq", "filter.bell"},
    {"filter", "filter.lopass"},
    {"highpass", "filter.hipass"},
    {"hp", "filter.hipass"},
    {"hpf", "filter.hipass"},
    {"lowpass", "filter.lopass"},
    {"lp", "filter.lopass"},
    {"lpf", "filter.lopass"},
    {"moog", "filter.ladder"},
    {"noise", "noise.white"},
    {"overdrive", "shape.tanh"},
    {"quantize", "control.quantise"},
    {"random", "noise.hold"},
    {"reverb", "reverb.fdn"},
    {"ringmod", "shape.ring"},
    {"sah", "control.hold"},
    {"sequencer", "control.steps"},
    {"sin", "osc.sine"},
    {"square", "osc.pulse"},
    {"svf", "filter.lopass"},
    {"tri", "osc.triangle"},
    {"vca", "gain"},
};

static const char *other_word(const char *word)
{
    for (size_t i = 0; i < sizeof other_words / sizeof *other_words; i++)
        if (strcmp(other_words[i].word, word) == 0)
            return other_words[i].module;
    return NULL;
}

/* The first module after `from` whose name ends in a dot and the word; NULL if none does. */
static const struct vm_module *of_last_part(const char *word, const struct vm_module *from)
{
    const struct vm_module *module = from ? from + 1 : vm_modules;
    for (; module < vm_modules + vm_module_count; module++) {
        const char *dot = strrchr(module->name, '.');
        if (dot && strcmp(dot + 1, word) == 0)
            return module;
    }
    return NULL;
}

int is_input_of_any(const char *word)
{
    for (size_t i = 0; i < vm_module_count; i++)
        for (unsigned j = 0; j < vm_modules[i].inputs; j++)
            if (strcmp(vm_modules[i].in[j].name, word) == 0)
                return 1;
    return 0;
}

static int is_near_input(struct builder *b, const struct type *type, const struct sx *head)
{
    unsigned count = type_inputs(type);
    const char **names = arena_take(b->arena, count + 1, sizeof *names);
    for (unsigned i = 0; names && i < count; i++)
        names[i] = type_port(type, i).name;
    return !names || diag_nearest(head->text, head->length, names, count);
}

static int holds_form(const struct sx *list)
{
    const struct sx *arg = list->first->next;
    while (arg && arg->kind != SX_LIST)
        arg = arg->next;
    return arg != NULL;
}

int means_module(struct builder *b, const struct type *type, const struct sx *list)
{
    const char *word = list->first->text;
    if (is_near_input(b, type, list->first))
        return 0;
    if (other_word(word))
        return 1;
    return !is_input_of_any(word) && (of_last_part(word, NULL) || holds_form(list));
}

int suggest_part(struct builder *b, struct diag *d, const char *word)
{
    const char *list = other_word(word);
    const struct vm_module *module = list ? NULL : of_last_part(word, NULL);
    if (module)
        list = module->name;
    while (list && module && (module = of_last_part(word, module)))
        list = arena_format(b->arena, "%s' or '%s", list, module->name);
    if (list)
        diag_help(b->diags, d, "did you mean '%s'?", list);
    return list != NULL;
}
