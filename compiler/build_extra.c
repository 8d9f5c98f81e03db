/* build_extra.c - the fields that every node may have besides its inputs: oversample, unison. They
 * are read when the node is declared, as they decide what its outputs are. */
#include "compiler/build.h"
#include <string.h>

enum { MOST_COPIES = 16, MOST_CENTS = 1200 };

static int is_named(const struct sx *sx, const char *name)
{
    return sx->kind == SX_LIST && sx->first && sx->first->kind != SX_LIST &&
           strcmp(sx->first->text, name) == 0;
}

/* An input of that name, which a used patch may have, comes first. */
int is_extra(const struct proto *proto, const struct sx *field)
{
    return (is_named(field, "oversample") || is_named(field, "unison")) &&
           type_find_input(&proto->type, field->first->text) < 0;
}

/* ---- oversample ---- */

static void not_oversampled(struct builder *b, const struct proto *proto, const struct sx *field)
{
    struct diag *d = diag_error(b->diags, E_OVERSAMPLE, field->place, "'%s' cannot be oversampled",
                                proto->type.name);
    diag_help(b->diags, d,
              "sound comes in and goes out at the sample rate; oversample what is "
              "between");
}

static int runs_outside(const struct type *type)
{
    enum vm_module_id id = type->module ? type->module->id : VM_MOD_GAIN;
    return id == VM_MOD_INPUT || id == VM_MOD_INPUT_MONO || id == VM_MOD_OUTPUT;
}

static void read_oversample(struct builder *b, struct proto *proto, const struct sx *field)
{
    const struct sx *value = field->first->next;
    struct number number;
    if (runs_outside(&proto->type)) {
        not_oversampled(b, proto, field);
        return;
    }
    int is_number = value && !value->next && value->kind == SX_NUMBER &&
                    number_read(value->text, value->length, &number) == NUMBER_OK &&
                    number.unit == NUMBER_BARE;
    for (unsigned rate = 1; is_number && rate < 4; rate++)
        if (number.value == (double)(1u << rate)) {
            proto->rate = rate;
            proto->rate_place = field->place;
            return;
        }
    struct diag *d = diag_error(b->diags, E_OVERSAMPLE, value ? value->place : field->place,
                                "a node runs at 2, 4 or 8 times the sample rate");
    diag_help(b->diags, d, "write (oversample 4)");
}

/* ---- unison ---- */

static int number_in(struct builder *b, const struct sx *sx, double low, double high,
                     const char *what, double *x)
{
    struct number number;
    if (sx && !sx->next && sx->kind == SX_NUMBER) {
        enum number_status status = number_read(sx->text, sx->length, &number);
        if (status != NUMBER_OK) {
            number_error(b, sx, status, &number);
            return -1;
        }
        if ((number.unit == NUMBER_BARE || (number.unit == NUMBER_PERCENT && high == 1.0)) &&
            number.value >= low && number.value <= high) {
            *x = number.value;
            return 0;
        }
    }
    if (sx)
        diag_error(b->diags, E_UNISON, sx->place, "%s is a number from %g to %g", what, low, high);
    return -1;
}

static int said_before(const struct sx *first, const struct sx *part)
{
    for (const struct sx *other = first; other != part; other = other->next)
        if (part->first && part->first->text && is_named(other, part->first->text))
            return 1;
    return 0;
}

static void read_spread_field(struct builder *b, struct spread *s, const struct sx *field)
{
    if (is_named(field, "detune") && field->first->next)
        number_in(b, field->first->next, 0.0, MOST_CENTS, "the detuning in cents", &s->detune);
    else if (is_named(field, "width") && field->first->next)
        number_in(b, field->first->next, 0.0, 1.0, "the width", &s->width);
    else
        shape_error(b, field->place, "this is no part of a unison",
                    "(unison 7 (detune 12) (width 50%))");
}

/* freq, or else pitch: where it is a signal in Hz. */
static int find_frequency(const struct type *type)
{
    static const char *const names[] = {"freq", "pitch"};
    for (unsigned i = 0; i < 2; i++) {
        int input = type_find_input(type, names[i]);
        struct port port;
        if (input < 0)
            continue;
        port = type_port(type, (unsigned)input);
        if (port.unit == VM_UNIT_HZ && port.kind == VM_SIGNAL && port.use != VM_USE_STATIC)
            return input;
    }
    return -1;
}

static int is_stereo(const struct type *type)
{
    return type_outputs(type) > 0 && type_output_kind(type, 0) == VM_STEREO;
}

static void *no_unison(struct builder *b, const struct proto *proto, struct place place)
{
    struct diag *d =
        diag_error(b->diags, E_UNISON, place, "'%s' has no frequency to detune", proto->type.name);
    diag_help(b->diags, d, "a unison is of what has an input 'freq' or 'pitch' in Hz");
    return NULL;
}

static void read_unison(struct builder *b, struct proto *proto, const struct sx *field)
{
    struct spread *s = arena_take(b->arena, 1, sizeof *s);
    const struct sx *value = field->first->next;
    unsigned before = b->diags->count;
    double count = 0.0;
    if (!s)
        return;
    if (!value || value->kind == SX_LIST) {
        shape_error(b, field->place, "a unison has a number of copies",
                    "(unison 7 (detune 12) (width 50%))");
        return;
    }
    *s = (struct spread){
        .detune = 10.0, .place = field->place, .input = find_frequency(&proto->type)};
    struct sx alone = *value;
    alone.next = NULL;
    if (number_in(b, &alone, 1.0, MOST_COPIES, "the number of copies", &count) == 0 &&
        count != (double)(unsigned)count)
        diag_error(b->diags, E_UNISON, value->place, "the number of copies is a whole number");
    for (const struct sx *part = value->next; part; part = part->next)
        if (said_before(value->next, part))
            shape_error(b, part->place, "a part of a unison is said twice", "say it once");
        else
            read_spread_field(b, s, part);
    if (s->input < 0 || (is_stereo(&proto->type) && type_find_output(&proto->type, "left") < 0))
        no_unison(b, proto, field->first->place);
    s->count = (unsigned)count;
    s->stereo = is_stereo(&proto->type);
    if (s->stereo && s->width > 0.0) {
        struct diag *d =
            diag_error(b->diags, E_UNISON, field->place,
                       "'%s' is stereo: its copies keep their places", proto->type.name);
        diag_help(b->diags, d, "leave the width out");
    }
    if (b->diags->count == before && s->count > 1)
        proto->spread = s;
}

void read_extras(struct builder *b, struct proto *proto, const struct sx *fields)
{
    const struct sx *seen[2] = {NULL, NULL};
    for (const struct sx *field = fields; field; field = field->next) {
        if (!is_extra(proto, field))
            continue;
        int which = is_named(field, "unison");
        if (seen[which]) {
            struct diag *d = diag_error(b->diags, E_INPUT_TWICE, field->first->place,
                                        "'%s' is given twice", field->first->text);
            diag_note(b->diags, d, seen[which]->first->place, "first given here");
        } else if (which) {
            read_unison(b, proto, field);
        } else {
            read_oversample(b, proto, field);
        }
        seen[which] = field;
    }
}

/* ---- a unison written out ----
 *
 * ID/1, ID/2 ... are the copies, ID/freq1 ... what their frequencies are multiplied by, ID/pan1 ...
 * their places, and the node itself becomes their sum. */

struct unison {
    struct builder *b;
    struct patch *patch;
    struct proto *p; /* the node */
    const struct spread *s;
};

struct type output_type(const struct proto *p)
{
    struct type type = p->type;
    if (!p->spread)
        return type;
    int stereo = p->spread->stereo || p->spread->width > 0.0;
    type.module = vm_module_by_id(stereo ? VM_MOD_STEREO_JOIN : VM_MOD_MIX);
    type.patch = NULL;
    return type;
}

static struct proto *add_proto(struct unison *u, struct type type, const char *name,
                               unsigned number)
{
    struct proto *made = new_proto(u->b, u->patch, u->p->form, u->p->place);
    if (!made || set_type(u->b, made, type))
        return NULL;
    made->rate = u->p->rate;
    made->rate_place = u->p->rate_place;
    made->id = number ? arena_format(u->b->arena, "%s/%s%u", u->p->id, name, number)
                      : arena_format(u->b->arena, "%s/%s", u->p->id, name);
    return made;
}

static struct proto *add_module(struct unison *u, enum vm_module_id id, const char *name,
                                unsigned number)
{
    const struct vm_module *module = vm_module_by_id(id);
    return add_proto(u, (struct type){module->name, module, NULL}, name, number);
}

static int schedule(struct unison *u, const struct proto *p)
{
    return p ? schedule_proto(u->b, u->patch, p) : -1;
}

static void give_constant(struct unison *u, struct input *in, double value)
{
    char text[NUMBER_TEXT];
    number_write(text, value, 0, "");
    input_add(u->b, in,
              (struct term){.kind = TERM_CONSTANT,
                            .value = value,
                            .text = arena_copy(u->b->arena, text, strlen(text)),
                            .place = u->p->place});
}

static void give_node(struct unison *u, struct input *in, struct proto *from, unsigned port)
{
    from->used_outputs |= 1u << port;
    input_add(
        u->b, in,
        (struct term){.kind = TERM_NODE, .node = from->number, .port = port, .place = u->p->place});
}

/* Newton's way, in double: the same on every machine. */
static double root(double x)
{
    double y = x;
    for (int i = 0; i < 32; i++)
        y = 0.5 * (y + x / y);
    return y;
}

/* From -1 to 1, evenly. */
static double even(unsigned i, unsigned count)
{
    return 2.0 * i / (count - 1) - 1.0;
}

/* Neighbours in pitch are apart in place: both sides have low ones and high ones. */
static double place_of(unsigned i, unsigned count)
{
    return even(i % 2 ? count - 1 - i / 2 : i / 2, count);
}

/* 1, with *hz set, when the frequency is known now. At a range's end a copy may leave the range:
 * then it is computed, as it would be of a signal. */
static int known_frequency(const struct proto *p, unsigned input, double *hz)
{
    const struct input *in = &p->in[input];
    *hz = 0.0;
    for (unsigned t = 0; t < in->count; t++) {
        if (in->terms[t].kind != TERM_CONSTANT)
            return 0;
        *hz += in->terms[t].value;
    }
    if (in->count == 0)
        *hz =
            p->type.module ? p->type.module->in[input].def : p->type.patch->graph.params[input].def;
    return 1;
}

/* Where a copy's phase begins unless it is given one: -1, or the input. A clock begins where it is
 * said to. */
static int phase_input(const struct proto *p)
{
    const struct vm_module *module = p->type.module;
    int input = module ? type_find_input(&p->type, "phase") : -1;
    if (input < 0 || strncmp(module->name, "osc.", 4) != 0 || module->id == VM_MOD_OSC_TICK ||
        p->touched[input])
        return -1;
    return input;
}

/* Quadratic phases (Chu, 1972): at the start all copies together are as loud as later on average,
 * and so is each of their harmonics whose number has no factor in common with count. */
static double start_phase(unsigned i, unsigned count)
{
    unsigned square = count % 2 ? i * (i + 1) : i * i;
    return (double)(square % (2 * count)) / (2.0 * count);
}

/* Whether a constant may stand there, and within a used patch wherever the param does. */
static int takes(const struct type *type, unsigned input, double value)
{
    struct port port = type_port(type, input);
    const struct graph *inner = type->patch ? &type->patch->graph : NULL;
    int fits = value >= port.low && value <= port.high;
    for (size_t n = 0; inner && n < inner->node_count && fits; n++) {
        const struct node *node = &inner->nodes[n];
        for (unsigned i = 0; i < node->module->inputs; i++)
            for (unsigned t = 0; t < node->in[i].count; t++)
                if (node->in[i].terms[t].kind == TERM_PARAM &&
                    node->in[i].terms[t].param == input &&
                    (value < node->module->in[i].low || value > node->module->in[i].high))
                    fits = 0;
    }
    return fits;
}

static int give_frequency(struct unison *u, struct proto *copy, unsigned i)
{
    unsigned input = (unsigned)u->s->input;
    double ratio = number_exp2(even(i, u->s->count) * u->s->detune / 1200.0);
    double hz;
    if (ratio == 1.0) {
        copy->in[input] = u->p->in[input];
        return 0;
    }
    if (known_frequency(u->p, input, &hz) && takes(&u->p->type, input, hz * ratio)) {
        give_constant(u, &copy->in[input], hz * ratio);
        return 0;
    }
    struct proto *product = add_module(u, VM_MOD_MATH_MUL, "freq", i + 1);
    if (!product)
        return -1;
    product->in[VM_IN_MATH_MUL_a] = u->p->in[input];
    give_constant(u, &product->in[VM_IN_MATH_MUL_b], ratio);
    give_node(u, &copy->in[input], product, 0);
    return schedule(u, product);
}

static struct proto *add_copy(struct unison *u, unsigned i)
{
    struct proto *copy = add_proto(u, u->p->type, "", i + 1);
    if (!copy)
        return NULL;
    for (unsigned k = 0; k < type_inputs(&u->p->type); k++)
        if (k != (unsigned)u->s->input)
            copy->in[k] = u->p->in[k];
    int phase = phase_input(u->p);
    if (phase >= 0)
        give_constant(u, &copy->in[phase], start_phase(i, u->s->count));
    return give_frequency(u, copy, i) || schedule(u, copy) ? NULL : copy;
}

/* The copy in its place, from which each side is taken. */
static struct proto *add_place(struct unison *u, struct proto *copy, unsigned i)
{
    if (u->s->stereo)
        return copy;
    struct proto *pan = add_module(u, VM_MOD_PAN, "pan", i + 1);
    if (!pan)
        return NULL;
    give_node(u, &pan->in[VM_IN_PAN_in], copy, 0);
    give_constant(u, &pan->in[VM_IN_PAN_pos], u->s->width * place_of(i, u->s->count));
    return schedule(u, pan) ? NULL : pan;
}

static int sum_sides(struct unison *u, struct proto *const *copies, double level)
{
    static const char *const names[] = {"left", "right"};
    struct proto *side[2];
    for (unsigned k = 0; k < 2; k++) {
        side[k] = add_module(u, VM_MOD_MIX, names[k], 0);
        if (!side[k])
            return -1;
        give_constant(u, &side[k]->in[VM_IN_MIX_level], level);
    }
    for (unsigned i = 0; i < u->s->count; i++) {
        struct proto *from = add_place(u, copies[i], i);
        for (unsigned k = 0; from && k < 2; k++)
            give_node(u, &side[k]->in[VM_IN_MIX_in], from,
                      (unsigned)type_find_output(&from->type, names[k]));
    }
    if (set_type(u->b, u->p, output_type(u->p)) || schedule(u, side[0]) || schedule(u, side[1]))
        return -1;
    give_node(u, &u->p->in[VM_IN_STEREO_JOIN_left], side[0], 0);
    give_node(u, &u->p->in[VM_IN_STEREO_JOIN_right], side[1], 0);
    return 0;
}

static void write_out(struct unison *u)
{
    struct proto *copies[MOST_COPIES];
    double level = 1.0 / root(u->s->count);
    for (unsigned i = 0; i < u->s->count; i++) {
        copies[i] = add_copy(u, i);
        if (!copies[i])
            return;
    }
    if (output_type(u->p).module->id == VM_MOD_STEREO_JOIN) {
        if (sum_sides(u, copies, level))
            return;
    } else {
        if (set_type(u->b, u->p, output_type(u->p)))
            return;
        for (unsigned i = 0; i < u->s->count; i++)
            give_node(u, &u->p->in[VM_IN_MIX_in], copies[i], 0);
        give_constant(u, &u->p->in[VM_IN_MIX_level], level);
    }
    schedule(u, u->p);
}

void write_out_unisons(struct builder *b, struct patch *patch)
{
    unsigned *order = patch->order;
    size_t count = patch->order_count;
    patch->order = NULL;
    patch->order_count = patch->order_capacity = 0;
    for (size_t i = 0; i < count && !b->arena->failed; i++) {
        struct proto *p = patch->protos[order[i]];
        struct unison u = {b, patch, p, p->spread};
        if (p->spread)
            write_out(&u);
        else
            schedule(&u, p);
    }
}
