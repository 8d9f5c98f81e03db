/* physical.c - physical models: strings and modes. */
#include "compiler/lower/lower.h"

/* A voice's own gate plays what has no input; what is driven by an input waits for a gate. */
static int trigger(struct lowering *l, unsigned node, unsigned in, unsigned gate)
{
    int silent = in_given(l, node, in) && !in_given(l, node, gate);
    return silent ? constant(l, 0.0) : in_value(l, node, gate);
}

void lower_STRING_PLUCK(struct lowering *l, unsigned node)
{
    double low = in_static(l, node, VM_IN_STRING_PLUCK_lowest), high = low;
    if (!in_given(l, node, VM_IN_STRING_PLUCK_lowest))
        in_range(l, node, VM_IN_STRING_PLUCK_freq, &low, &high);
    low = low > 1.0 ? low : 1.0;
    int brightness = in_value(l, node, VM_IN_STRING_PLUCK_brightness);
    int freq = in_value(l, node, VM_IN_STRING_PLUCK_freq);
    int decay = in_value(l, node, VM_IN_STRING_PLUCK_decay);
    int c = op3(l, VM_OP_string_coeff, freq, decay, brightness);
    int in[VM_OP_INPUTS] = {
        in_value(l, node, VM_IN_STRING_PLUCK_in),
        trigger(l, node, VM_IN_STRING_PLUCK_in, VM_IN_STRING_PLUCK_gate),
        in_value(l, node, VM_IN_STRING_PLUCK_position),
        brightness,
        c,
        c + 1,
        c + 2,
        c + 3,
    };
    struct ir_extra extra = {.key = node_key(l, node, 0),
                             .port = ring(l, node, 1.0 / low + 4.0 / RP_SAMPLE_RATE)};
    set_out(l, node, 0, op_with(l, VM_OP_string_pluck, extra, in));
}

enum { MODES = 64, MODE_COLUMNS = 3 };

/* Ratio, T60 and gain of each mode; NULL when the table has no such rows. */
static const double *mode_rows(struct lowering *l, unsigned node, size_t *count)
{
    /* A bar, free at both ends: Fletcher, Rossing, The Physics of Musical Instruments, 1998. */
    static const double bar[] = {1.0, 1.0,   1.0,  2.756,  0.6,   0.5,  5.404, 0.4,
                                 0.3, 8.933, 0.25, 0.1875, 13.34, 0.15, 0.125};
    const struct data *d = in_table(l, node, VM_IN_MODAL_BANK_modes);
    *count = d ? d->count / MODE_COLUMNS : sizeof bar / sizeof *bar / MODE_COLUMNS;
    if (!d)
        return bar;
    static const char help[] = "write (modes (table (1 1s 1) (2.76 0.5s 0.4)))";
    static const struct column columns[] = {
        {"ratio", 0.0, 1000.0, ""}, {"decay", 0.0, 1000.0, "s"}, {"gain", -1e6, 1e6, ""}};
    int rows = d->count % MODE_COLUMNS == 0 && (d->columns == 1 || d->columns == MODE_COLUMNS);
    if (!rows)
        lower_row_error(l, node, VM_IN_MODAL_BANK_modes, 0,
                        "wants a row of three for each mode: (ratio decay gain)", help);
    else if (*count > MODES)
        lower_row_error(l, node, VM_IN_MODAL_BANK_modes, MODES * MODE_COLUMNS / d->columns,
                        "has more than 64 modes", help);
    else if (check_columns(l, node, VM_IN_MODAL_BANK_modes, columns, MODE_COLUMNS, help) == 0)
        return d->values;
    return NULL;
}

static int mode(struct lowering *l, unsigned node, const double *row, int x, int sum)
{
    int freq = scale(l, in_value(l, node, VM_IN_MODAL_BANK_freq), row[0]);
    int decay = scale(l, in_value(l, node, VM_IN_MODAL_BANK_decay), row[1] * node_rate(l, node));
    int c = op2(l, VM_OP_mode_coeff, freq, decay);
    int in[VM_OP_INPUTS] = {x, c, c + 1, c + 2, scale(l, c + 3, row[2]), sum};
    return op(l, VM_OP_mode, in);
}

void lower_MODAL_BANK(struct lowering *l, unsigned node)
{
    size_t count;
    const double *rows = mode_rows(l, node, &count);
    /* A mode adds up what comes in, frame by frame. */
    int x = scale(l, in_value(l, node, VM_IN_MODAL_BANK_in), 1.0 / node_rate(l, node));
    int gate = trigger(l, node, VM_IN_MODAL_BANK_in, VM_IN_MODAL_BANK_gate);
    int hit = op2(l, VM_OP_strike, gate, in_value(l, node, VM_IN_MODAL_BANK_contact));
    int driven = in_given(l, node, VM_IN_MODAL_BANK_in) ? add(l, x, hit) : hit;
    int sum = constant(l, 0.0);
    for (size_t i = 0; rows && i < count; i++)
        sum = mode(l, node, rows + i * MODE_COLUMNS, driven, sum);
    set_out(l, node, 0, sum);
}
