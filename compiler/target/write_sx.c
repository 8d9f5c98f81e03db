#include "compiler/target/write.h"
#include <string.h>

const char *const write_units[] = {"none", "hz", "s", "ratio", "db", "gate"};

unsigned write_inline_terms(const struct input *in)
{
    unsigned leading = 0;
    while (leading < in->count && in->terms[leading].kind != TERM_NODE)
        leading++;
    for (unsigned i = leading; i < in->count; i++)
        if (in->terms[i].kind != TERM_NODE)
            return in->count;
    return leading;
}

static int fits(enum number_unit unit, enum vm_unit port)
{
    if (unit == NUMBER_HZ)
        return port == VM_UNIT_HZ;
    if (unit == NUMBER_SECONDS)
        return port == VM_UNIT_SECONDS;
    return unit == NUMBER_BARE || port == VM_UNIT_RATIO || port == VM_UNIT_NONE;
}

const char *write_constant(char text[NUMBER_TEXT], const struct vm_in *port,
                           const struct term *term)
{
    struct number number;
    /* A note is not: a node may have its name. */
    if (term->text && !strchr("abcdefgABCDEFG", term->text[0]) &&
        number_read(term->text, strlen(term->text), &number) == NUMBER_OK &&
        fits(number.unit, port->unit) && number.value == term->value)
        return term->text;
    return number_write(text, term->value, 0, "");
}

const char *write_reference(struct arena *arena, const struct graph *g, const struct term *term)
{
    if (term->kind == TERM_PARAM)
        return g->params[term->param].name;
    const struct node *node = &g->nodes[term->node];
    if (term->port == 0)
        return node->id;
    return arena_format(arena, "%s.%s", node->id, node->module->out[term->port].name);
}

static void write_string(const char *text, FILE *file)
{
    fputc('"', file);
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            fputc('\\', file);
        if (*text == '\n' || *text == '\t')
            fputs(*text == '\n' ? "\\n" : "\\t", file);
        else
            fputc(*text, file);
    }
    fputc('"', file);
}

static const char *param_value(char text[NUMBER_TEXT], const struct param *param, double value)
{
    return param->unit == RP_UNIT_DB ? number_write_db(text, value)
                                     : number_write(text, value, 0, "");
}

static void write_param(const struct param *p, FILE *file)
{
    char low[NUMBER_TEXT], high[NUMBER_TEXT], def[NUMBER_TEXT], glide[NUMBER_TEXT];
    fprintf(file, "\n    (%s (unit %s) (range %s %s) (default %s)", p->name, write_units[p->unit],
            param_value(low, p, p->low), param_value(high, p, p->high),
            param_value(def, p, p->def));
    if (p->curve == RP_EXPONENTIAL)
        fputs(" (curve exponential)", file);
    if (p->glide > 0.0)
        fprintf(file, " (glide %s)", number_write(glide, p->glide, 3, "ms"));
    fputc(')', file);
}

/* Numbers in base units, read back as they are. */
static void write_table(const struct data *data, FILE *file)
{
    char text[NUMBER_TEXT];
    if (data->file) {
        fputs(" (sample ", file);
        write_string(data->file, file);
        fprintf(file, strcmp(data->channel, "mix") ? " (channel %s))" : ")", data->channel);
        return;
    }
    fputs(" (table", file);
    for (size_t i = 0; i < data->count; i++) {
        int rows = data->columns > 1;
        fprintf(file, "%s%s%s",
                rows && i % data->columns ? " "
                : rows                    ? " ("
                                          : " ",
                number_write(text, data->values[i], 0, ""),
                rows && (i + 1) % data->columns == 0 ? ")" : "");
    }
    fputc(')', file);
}

static int write_term(struct arena *arena, const struct graph *g, const struct vm_in *port,
                      const struct term *term, FILE *file)
{
    char text[NUMBER_TEXT];
    if (term->kind == TERM_TABLE) {
        write_table(term->table, file);
        return 0;
    }
    const char *value = port->kind == VM_CHOICE       ? term->text
                        : term->kind == TERM_CONSTANT ? write_constant(text, port, term)
                                                      : write_reference(arena, g, term);
    return !value || fprintf(file, " %s", value) < 0 ? -1 : 0;
}

static int write_input(struct arena *arena, const struct graph *g, const struct node *node,
                       unsigned input, FILE *file)
{
    const struct input *in = &node->in[input];
    unsigned count = write_inline_terms(in);
    if (count == 0)
        return 0;
    fprintf(file, " (%s", node->module->in[input].name);
    for (unsigned i = 0; i < count; i++)
        if (write_term(arena, g, &node->module->in[input], &in->terms[i], file))
            return -1;
    fputc(')', file);
    return 0;
}

static int write_node(struct arena *arena, const struct graph *g, const struct node *node,
                      FILE *file)
{
    fprintf(file, "\n    (%s (type \"%s\")", node->id, node->module->name);
    for (unsigned i = 0; i < node->module->inputs; i++)
        if (write_input(arena, g, node, i, file))
            return -1;
    if (node->rate)
        fprintf(file, " (oversample %u)", 1u << node->rate);
    fputc(')', file);
    return 0;
}

/* The connections of all nodes, with the section around them when there are any. */
static void write_cables(const struct graph *g, FILE *file)
{
    int any = 0;
    for (size_t n = 0; n < g->node_count; n++) {
        const struct node *node = &g->nodes[n];
        for (unsigned i = 0; i < node->module->inputs; i++) {
            const struct input *in = &node->in[i];
            for (unsigned t = write_inline_terms(in); t < in->count; t++) {
                const struct node *from = &g->nodes[in->terms[t].node];
                fprintf(file, "%s\n    (%s \"%s\" -> %s \"%s\")", any ? "" : "\n  (connections",
                        from->id, from->module->out[in->terms[t].port].name, node->id,
                        node->module->in[i].name);
                any = 1;
            }
        }
    }
    if (any)
        fputc(')', file);
}

int graph_write_sx(struct arena *arena, const struct graph *g, FILE *file)
{
    fputs("(patch", file);
    if (g->param_count > 0) {
        fputs("\n  (params", file);
        for (size_t i = 0; i < g->param_count; i++)
            write_param(&g->params[i], file);
        fputc(')', file);
    }
    fputs("\n  (nodes", file);
    for (size_t i = 0; i < g->node_count; i++)
        if (write_node(arena, g, &g->nodes[i], file))
            return -1;
    fputc(')', file);
    write_cables(g, file);
    fputs(")\n", file);
    return 0;
}
