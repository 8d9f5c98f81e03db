#include "compiler/target/write.h"
#include "text/json.h"
#include <string.h>

enum { DIGITS = 15 }; /* of reals in the text: a number that needs more is written as a string */

/* Each maker returns a new value or NULL, and jansson's setters refuse NULL: so one test of the
 * last setter's result tells whether memory ran out anywhere. */

static int is_json_number(const char *text)
{
    if (*text == '-')
        text++;
    return *text >= '0' && *text <= '9' && !(text[0] == '0' && text[1] >= '0' && text[1] <= '9') &&
           text[strspn(text, "0123456789.eE+-")] == '\0';
}

static json_t *plain_number(double value)
{
    const double most = 9007199254740992.0;
    char text[NUMBER_TEXT];
    if (value >= -most && value <= most && value == (double)(json_int_t)value)
        return json_integer((json_int_t)value);
    if (number_digits(value) <= DIGITS)
        return json_real(value);
    return json_string(number_write(text, value, 0, ""));
}

static json_t *number(const char *text, double value)
{
    return is_json_number(text) ? plain_number(value) : json_string(text);
}

static int append_number(json_t *array, double value)
{
    char text[NUMBER_TEXT];
    return json_array_append_new(array, number(number_write(text, value, 0, ""), value));
}

static json_t *rows_value(const struct data *data)
{
    json_t *rows = json_array(), *row = NULL;
    int failed = 0;
    for (size_t i = 0; i < data->count && !failed; i++) {
        if (data->columns > 1 && i % data->columns == 0) {
            row = json_array();
            failed = json_array_append_new(rows, row);
        }
        failed = failed || append_number(row ? row : rows, data->values[i]);
    }
    if (!failed)
        return rows;
    json_decref(rows);
    return NULL;
}

static json_t *table_value(const struct data *data)
{
    if (!data->file)
        return json_pack("{s:o}", "table", rows_value(data));
    if (strcmp(data->channel, "mix") == 0)
        return json_pack("{s:s}", "sample", data->file);
    return json_pack("{s:s, s:s}", "sample", data->file, "channel", data->channel);
}

static json_t *term_value(struct arena *arena, const struct graph *g, const struct vm_in *port,
                          const struct term *term)
{
    char text[NUMBER_TEXT];
    if (term->kind == TERM_TABLE)
        return table_value(term->table);
    if (port->kind == VM_CHOICE)
        return json_string(term->text);
    if (term->kind == TERM_CONSTANT)
        return number(write_constant(text, port, term), term->value);
    const char *reference = write_reference(arena, g, term);
    return reference ? json_string(reference) : NULL;
}

static json_t *input_value(struct arena *arena, const struct graph *g, const struct vm_in *port,
                           const struct input *in, unsigned count)
{
    if (count == 1)
        return term_value(arena, g, port, &in->terms[0]);
    json_t *array = json_array();
    for (unsigned i = 0; i < count; i++)
        if (json_array_append_new(array, term_value(arena, g, port, &in->terms[i]))) {
            json_decref(array);
            return NULL;
        }
    return array;
}

static int put_params(struct arena *arena, const struct graph *g, const struct node *node,
                      json_t *params)
{
    for (unsigned i = 0; i < node->module->inputs; i++) {
        const struct vm_in *port = &node->module->in[i];
        unsigned count = write_inline_terms(&node->in[i]);
        if (count && json_object_set_new(params, port->name,
                                         input_value(arena, g, port, &node->in[i], count)))
            return -1;
    }
    return 0;
}

static json_t *node_value(struct arena *arena, const struct graph *g, const struct node *node)
{
    json_t *object = json_object(), *params = json_object();
    int failed = json_object_set_new(object, "type", json_string(node->module->name)) ||
                 put_params(arena, g, node, params);
    if (!failed && json_object_size(params) > 0)
        failed = json_object_set(object, "params", params);
    if (!failed && node->rate)
        failed = json_object_set_new(object, "oversample", json_integer(1 << node->rate));
    json_decref(params);
    if (!failed)
        return object;
    json_decref(object);
    return NULL;
}

static json_t *param_number(const struct param *p, double value)
{
    char text[NUMBER_TEXT];
    if (p->unit == RP_UNIT_DB)
        return json_string(number_write_db(text, value));
    return plain_number(value);
}

static json_t *param_value(const struct param *p)
{
    char glide[NUMBER_TEXT];
    json_t *object = json_object(), *range = json_array();
    int failed = json_object_set_new(object, "unit", json_string(write_units[p->unit])) ||
                 json_array_append_new(range, param_number(p, p->low)) ||
                 json_array_append_new(range, param_number(p, p->high)) ||
                 json_object_set(object, "range", range) ||
                 json_object_set_new(object, "default", param_number(p, p->def));
    if (!failed && p->curve == RP_EXPONENTIAL)
        failed = json_object_set_new(object, "curve", json_string("exponential"));
    if (!failed && p->glide > 0.0)
        failed = json_object_set_new(object, "glide",
                                     json_string(number_write(glide, p->glide, 3, "ms")));
    json_decref(range);
    if (!failed)
        return object;
    json_decref(object);
    return NULL;
}

static int put_cables(const struct graph *g, const struct node *node, json_t *cables)
{
    for (unsigned i = 0; i < node->module->inputs; i++) {
        const struct input *in = &node->in[i];
        for (unsigned t = write_inline_terms(in); t < in->count; t++) {
            const struct node *from = &g->nodes[in->terms[t].node];
            json_t *cable = json_pack("{s:[s,s], s:[s,s]}", "from", from->id,
                                      from->module->out[in->terms[t].port].name, "to", node->id,
                                      node->module->in[i].name);
            if (json_array_append_new(cables, cable))
                return -1;
        }
    }
    return 0;
}

static int fill(struct arena *arena, const struct graph *g, json_t *params, json_t *nodes,
                json_t *cables)
{
    for (size_t i = 0; i < g->param_count; i++)
        if (json_object_set_new(params, g->params[i].name, param_value(&g->params[i])))
            return -1;
    for (size_t i = 0; i < g->node_count; i++) {
        const struct node *node = &g->nodes[i];
        if (json_object_set_new(nodes, node->id, node_value(arena, g, node)) ||
            put_cables(g, node, cables))
            return -1;
    }
    return 0;
}

int graph_write_json(struct arena *arena, const struct graph *g, FILE *file)
{
    json_watch_memory();
    json_t *patch = json_object();
    json_t *params = json_object(), *nodes = json_object(), *cables = json_array();
    int failed = fill(arena, g, params, nodes, cables);
    if (!failed && json_object_size(params) > 0)
        failed = json_object_set(patch, "params", params);
    if (!failed)
        failed = json_object_set(patch, "nodes", nodes);
    if (!failed && json_array_size(cables) > 0)
        failed = json_object_set(patch, "connections", cables);
    if (!failed)
        failed = json_dumpf(patch, file, JSON_INDENT(2) | JSON_REAL_PRECISION(DIGITS));
    fputc('\n', file);
    json_decref(params);
    json_decref(nodes);
    json_decref(cables);
    json_decref(patch);
    return failed || json_memory_gone() ? -1 : 0;
}
