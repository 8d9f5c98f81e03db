/* errors.c - what only modules know to be wrong, and the limits of a program. */
#include "compiler/lower/lower.h"
#include "text/number.h"
#include <stdio.h>

void lower_error(struct lowering *l, unsigned node, const char *message, const char *help)
{
    const struct node *n = node_of(l, node);
    struct diag *d =
        diag_error(diags_of(l), E_MODULE, n->place, "'%s' %s", n->module->name, message);
    diag_help(diags_of(l), d, "%s", help);
}

/* ---- tables ---- */

void lower_row_error(struct lowering *l, unsigned node, unsigned input, size_t row,
                     const char *message, const char *help)
{
    const struct node *n = node_of(l, node);
    const struct data *data = in_table(l, node, input);
    struct diag *d = diag_error(diags_of(l), E_MODULE,
                                data->rows ? data->rows[row] : n->in[input].terms[0].place,
                                "'%s' %s", n->module->name, message);
    diag_label(diags_of(l), d, "%s %zu of '%s'", data->rows ? "row" : "number", row + 1,
               n->module->in[input].name);
    diag_note(diags_of(l), d, n->place, "'%s' is here", n->module->name);
    diag_help(diags_of(l), d, "%s", help);
}

int refuse_rows(struct lowering *l, unsigned node, unsigned input, const char *help)
{
    if (in_table(l, node, input)->columns == 1)
        return 0;
    lower_row_error(l, node, input, 0, "takes a table of single numbers, not of rows", help);
    return 1;
}

int check_columns(struct lowering *l, unsigned node, unsigned input, const struct column *column,
                  unsigned columns, const char *help)
{
    const struct data *data = in_table(l, node, input);
    for (size_t i = 0; i < data->count; i++) {
        const struct column *c = &column[i % columns];
        char low[NUMBER_TEXT], high[NUMBER_TEXT];
        if (data->values[i] >= c->low && data->values[i] <= c->high)
            continue;
        char message[200];
        snprintf(message, sizeof message, "takes a %s of %s to %s in each row", c->name,
                 number_write(low, c->low, 0, c->unit), number_write(high, c->high, 0, c->unit));
        lower_row_error(l, node, input, i / data->columns, message, help);
        return -1;
    }
    return 0;
}

/* ---- limits ---- */

static const struct ir_port *longest(const struct ir *ir)
{
    static const struct ir_port none = {.high = 0};
    const struct ir_port *port = &none;
    for (size_t i = 0; i < ir->port_count; i++)
        port = ir->ports[i].high > port->high ? &ir->ports[i] : port;
    return port;
}

static unsigned highest_rate(const struct ir *ir)
{
    unsigned rate = 0;
    for (size_t i = 0; i < ir->port_count; i++)
        rate = ir->ports[i].rate > rate ? ir->ports[i].rate : rate;
    return rate;
}

struct limits {
    const struct ir *ir;
    const struct graph *graph;
    struct diags *diags;
};

/* A line's seconds take as many times more frames as its node is oversampled. */
static struct diag *line_too_long(const struct limits *l, const struct ir_port *port)
{
    const struct node *n = &l->graph->nodes[port->node];
    double most = (double)VM_MAX_DELAY / RP_SAMPLE_RATE;
    struct diag *d;
    if (port->rate == 0)
        return diag_error(l->diags, E_DELAY_LIMIT, n->place,
                          "'%s' has a delay line of more than %.1f s", n->id, most);
    d = diag_error(l->diags, E_DELAY_LIMIT, n->place,
                   "'%s' has a delay line of more than %.1f s, the most at %u times the sample "
                   "rate",
                   n->id, most / (1u << port->rate), 1u << port->rate);
    diag_label(l->diags, d, "%.1f s where it is not oversampled", most);
    return d;
}

static struct diag *lines_too_long(const struct limits *l, uint64_t frames)
{
    unsigned rate = highest_rate(l->ir);
    struct diag *d = diag_error(l->diags, E_DELAY_LIMIT, l->graph->nodes[l->graph->output].place,
                                "%zu delay lines that take %.1f s of memory; at most %d and %.1f s",
                                l->ir->port_count, (double)frames / RP_SAMPLE_RATE, VM_MAX_PORTS,
                                (double)VM_MAX_RINGS / RP_SAMPLE_RATE);
    if (rate)
        diag_label(l->diags, d, "a line at %u times the sample rate takes %u times the memory",
                   1u << rate, 1u << rate);
    return d;
}

static uint64_t all_rings(const struct ir *ir)
{
    uint64_t frames = 0;
    for (size_t i = 0; i < ir->port_count; i++)
        if (ir->ports[i].kind == VM_PORT_DELAY)
            frames += vm_delay_slots(ir->ports[i].high, ir->ports[i].rate);
        else if (ir->ports[i].kind == VM_PORT_RING)
            frames += vm_ring_slots(ir->ports[i].high);
    return frames;
}

void report_limits(const struct ir *ir, const struct graph *graph, struct diags *diags)
{
    const struct limits limits = {ir, graph, diags}, *l = &limits;
    uint64_t frames = all_rings(ir);
    if (ir->not_finite) {
        const struct node *n = &l->graph->nodes[ir->not_finite - 1];
        struct diag *d = diag_error(l->diags, E_CONSTANT_NOT_FINITE, n->place,
                                    "the constants of '%s' do not give a finite number", n->id);
        diag_help(l->diags, d, "look for a division by zero or a product out of range");
    }
    struct diag *d = NULL;
    if (longest(ir)->high > VM_MAX_DELAY)
        d = line_too_long(l, longest(ir));
    else if (frames > VM_MAX_RINGS || ir->port_count > VM_MAX_PORTS)
        d = lines_too_long(l, frames);
    if (d)
        diag_help(l->diags, d, "give the delays a shorter 'time', or a smaller 'max'");
}
