#include "bin/patchc_modules.h"
#include "compiler/compile.h"
#include <ctype.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* ---- facts ---- */

/* Text that grows in a buffer and never beyond it. */
static char *append(char *to, const char *end, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static char *append(char *to, const char *end, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int n = vsnprintf(to, (size_t)(end - to), format, args);
    va_end(args);
    return n < 0 || n >= end - to ? to + strlen(to) : to + n;
}

static struct rp_program *load(const struct bytes *bytes, void **memory)
{
    struct rp_error error;
    size_t size = rp_program_bytes(bytes->data, bytes->size);
    size = (size + RP_ALIGNMENT - 1) / RP_ALIGNMENT * RP_ALIGNMENT;
    *memory = size ? aligned_alloc(RP_ALIGNMENT, size) : NULL;
    return *memory ? rp_load(bytes->data, bytes->size, *memory, size, &error) : NULL;
}

static uint64_t dearest(const struct rp_program *program, const struct graph *graph,
                        const struct vm_module *module)
{
    uint64_t most = 0;
    for (size_t i = 0; i < graph->node_count; i++) {
        const struct node *node = &graph->nodes[i];
        if (node->module != module)
            continue;
        uint64_t cost = rp_node_cost(program, node->id) >> node->rate;
        most = cost > most ? cost : most;
    }
    return most;
}

void op_cost(const struct vm_op_row *op, char text[MODULE_FACTS])
{
    const struct vm_cost *cost = &op->cost;
    int n = snprintf(text, MODULE_FACTS, "%" PRIu32, cost->base);
    if (cost->by == VM_PER_VALUE)
        snprintf(text + n, (size_t)(MODULE_FACTS - n),
                 " + %" PRIu32 " for each value of its table, at most %" PRIu32 " of them",
                 cost->each, cost->most);
    else if (cost->by == VM_PER_INPUT)
        snprintf(text + n, (size_t)(MODULE_FACTS - n),
                 " + %" PRIu32 " for each whole of input %u without its sign, 1 to %" PRIu32
                 " of them",
                 cost->each, cost->input + 1, cost->most);
}

static int is_node_of(const struct graph *graph, const struct vm_module *module, const char *id)
{
    for (size_t i = 0; id && i < graph->node_count; i++)
        if (graph->nodes[i].module == module && strcmp(graph->nodes[i].id, id) == 0)
            return 1;
    return 0;
}

/* Of the first op of the module that has one. */
static void find_law(const struct rp_program *program, const struct graph *graph,
                     const struct vm_module *module, char law[MODULE_FACTS])
{
    struct rp_instruction instruction;
    for (uint32_t i = 0; rp_instruction_at(program, i, &instruction) == 0; i++) {
        if (!is_node_of(graph, module, instruction.node))
            continue;
        for (size_t j = 0; j < vm_op_count; j++) {
            if (vm_ops[j].cost.by == VM_FIXED || strcmp(vm_ops[j].name, instruction.op) != 0)
                continue;
            char text[MODULE_FACTS];
            op_cost(&vm_ops[j], text);
            append(law, law + MODULE_FACTS, "%s is %s", vm_ops[j].name, text);
            return;
        }
    }
}

int module_cost(const struct vm_module *module, struct module_cost *cost)
{
    *cost = (struct module_cost){0, ""};
    struct source source = {module->name, module->example, strlen(module->example), 0};
    struct compile_job job;
    void *memory = NULL;
    int status = 0;
    if (source.size == 0)
        return 0;
    compile_init(&job);
    job.source = &source;
    struct graph *graph = compile_graph(&job);
    struct bytes bytes = {0};
    if (graph)
        bytes = compile_graph_to_bytes(&job, graph, false);
    struct rp_program *program = bytes.data ? load(&bytes, &memory) : NULL;
    if (program) {
        cost->operations = dearest(program, graph, module);
        find_law(program, graph, module, cost->law);
    } else if (job.diags.count == 0) {
        status = -1;
    }
    free(memory);
    compile_free(&job);
    return status;
}

const char *module_word(const struct vm_in *in, unsigned number, int *length)
{
    const char *at = in->words;
    for (; number > 0 && *at; number--) {
        at += strcspn(at, " ");
        at += strspn(at, " ");
    }
    *length = (int)strcspn(at, " ");
    return at;
}

static void choice_facts(const struct vm_in *in, char *to, const char *end)
{
    int length;
    const char *word;
    for (unsigned i = 0; word = module_word(in, i, &length), length > 0; i++)
        to = append(to, end, "%s%.*s", i ? ", " : "one of ", length, word);
    word = module_word(in, (unsigned)in->def, &length);
    append(to, end, "; default %.*s", length, word);
}

static const char *use_facts(enum vm_use use)
{
    switch (use) {
    case VM_USE_REQ:
        return "; must be given";
    case VM_USE_REQ_SUM:
        return "; must be given; takes all unnamed values";
    case VM_USE_GATED:
        return "; the voice's own gate when nothing is given";
    case VM_USE_STATIC:
        return "; takes a constant only";
    case VM_USE_OPT_SUM:
        return "; takes all unnamed values";
    case VM_USE_OPT:
        return "";
    }
    return "";
}

void module_in_facts(const struct vm_in *in, char facts[MODULE_FACTS])
{
    const char *end = facts + MODULE_FACTS;
    char *to = facts;
    *to = 0;
    if (in->kind == VM_CHOICE) {
        choice_facts(in, to, end);
        return;
    }
    to = append(to, end, "%s", vm_kind_name(in->kind));
    if (in->unit == VM_UNIT_RATIO)
        to = append(to, end, ", a ratio");
    else if (in->unit != VM_UNIT_NONE)
        to = append(to, end, ", in %s", vm_unit_name(in->unit));
    if (in->kind == VM_DATA) {
        append(to, end, in->use == VM_USE_REQ ? "; must be given" : "");
        return;
    }
    to = append(to, end, "%s", use_facts(in->use));
    if (in->use != VM_USE_REQ && in->use != VM_USE_REQ_SUM && in->use != VM_USE_GATED)
        to = append(to, end, "; default %.10g", in->def);
    append(to, end, "; constants %.10g to %.10g", in->low, in->high);
}

/* ---- finding one ---- */

const struct vm_module *module_find(const char *name)
{
    const struct vm_module *module = vm_module_by_name(name, strlen(name));
    const char **names = module ? NULL : malloc(vm_module_count * sizeof *names);
    if (!names)
        return module;
    for (size_t i = 0; i < vm_module_count; i++)
        names[i] = vm_modules[i].name;
    const char *near = diag_nearest(name, strlen(name), names, vm_module_count);
    fprintf(stderr, "patchc: there is no module '%s'", name);
    if (near)
        fprintf(stderr, "; did you mean '%s'?\n", near);
    else
        fputs("\n  = help: patchc --modules lists them\n", stderr);
    free(names);
    return NULL;
}

/* ---- plain text ---- */

enum { WIDTH = 80, NAME_WIDTH = 12 };

/* Words from `column` on, in lines of at most WIDTH that begin at `indent`; ends the last line. */
static void put_wrapped(FILE *file, const char *text, int column, int indent)
{
    for (int first = 1; *text; first = 0) {
        int word = (int)strcspn(text, " \n");
        if (!first && column + 1 + word > WIDTH)
            column = fprintf(file, "\n%*s", indent, "") - 1;
        else if (!first)
            column += fprintf(file, " ");
        column += fprintf(file, "%.*s", word, text);
        text += word;
        text += strspn(text, " \n");
    }
    fputc('\n', file);
}

static void put_row(FILE *file, const char *name, const char *text)
{
    int column = fprintf(file, "  %-*s ", NAME_WIDTH - 1, name);
    put_wrapped(file, text, column, NAME_WIDTH + 2);
}

static void put_ports(FILE *file, const struct vm_module *module)
{
    char facts[MODULE_FACTS];
    fputs(module->inputs ? "\nInputs\n" : "\nNo inputs\n", file);
    for (unsigned i = 0; i < module->inputs; i++) {
        put_row(file, module->in[i].name, module->in[i].help);
        module_in_facts(&module->in[i], facts);
        put_row(file, "", facts);
    }
    fputs(module->outputs ? "\nOutputs\n" : "\nNo outputs\n", file);
    for (unsigned i = 0; i < module->outputs; i++) {
        snprintf(facts, sizeof facts, "%s: %s", vm_kind_name(module->out[i].kind),
                 module->out[i].help);
        put_row(file, module->out[i].name, facts);
    }
}

static void put_example(FILE *file, const char *example)
{
    while (*example) {
        int line = (int)strcspn(example, "\n");
        fprintf(file, "  %.*s\n", line, example);
        example += line + (example[line] == '\n');
    }
}

int module_show(const struct vm_module *module, FILE *file)
{
    struct module_cost cost;
    char text[MODULE_FACTS + 64];
    if (module_cost(module, &cost))
        return -1;
    snprintf(text, sizeof text, "%" PRIu64 " operations a frame in the example%s%s",
             cost.operations, *cost.law ? ", of which " : "", cost.law);
    fprintf(file, "%s - ", module->name);
    put_wrapped(file, module->summary, (int)strlen(module->name) + 3, 2);
    fputs("\n  ", file);
    put_wrapped(file, module->recurrence, 2, 2);
    put_ports(file, module);
    fputc('\n', file);
    put_row(file, "Latency", module->latency);
    put_row(file, "Cost", text);
    if (*module->stable)
        put_row(file, "Stable", module->stable);
    if (*module->source)
        put_row(file, "Source", module->source);
    fprintf(file, "\nExample, heard with: patchc --example %s | patchrun - -o x.wav\n",
            module->name);
    put_example(file, module->example);
    return ferror(file) ? -1 : 0;
}

int modules_list(FILE *file)
{
    const struct vm_family *last = NULL;
    int widest = 0;
    for (size_t i = 0; i < vm_module_count; i++) {
        int width = (int)strlen(vm_modules[i].name);
        widest = width > widest ? width : widest;
    }
    for (size_t i = 0; i < vm_module_count; i++) {
        const struct vm_module *module = &vm_modules[i];
        const struct vm_family *family = vm_module_family(module);
        if (family != last)
            fprintf(file, "%s%c%s\n", last ? "\n" : "", toupper((unsigned char)*family->title),
                    family->title + 1);
        last = family;
        fprintf(file, "  %-*s", widest + 2, module->name);
        put_wrapped(file, module->summary, widest + 4, widest + 4);
    }
    return ferror(file) ? -1 : 0;
}

int modules_table(FILE *file)
{
    const struct vm_family *last = NULL;
    for (size_t i = 0; i < vm_module_count; i++) {
        const struct vm_module *module = &vm_modules[i];
        const struct vm_family *family = vm_module_family(module);
        struct module_cost cost;
        if (module_cost(module, &cost))
            return -1;
        if (family != last)
            fprintf(file,
                    "\n### %c%s\n\n| module | | latency | cost |\n| --- | --- | --- | --- |\n",
                    toupper((unsigned char)*family->title), family->title + 1);
        last = family;
        fprintf(file, "| `%s` | %s | %s | %" PRIu64 "%s%s |\n", module->name, module->summary,
                module->latency, cost.operations, *cost.law ? ", of which " : "", cost.law);
    }
    fputc('\n', file);
    return ferror(file) ? -1 : 0;
}
