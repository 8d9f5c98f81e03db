/* range.c - forward interval arithmetic over a program: how loud it can be. The rules are applied
 * by the rows of ranges.def. Every bound is of the floats that come out, roundings and all. */
#include "vm/range.h"
#include "vm/bump.h"
#include "vm/engine.h"
#include <string.h>

/* One op and what is known of it. */
struct at {
    uint32_t row;
    const struct vm_range *in;
    uint32_t pairs;
    const struct vm_table *table;
    struct vm_range ring;
    uint8_t rate;
    float *response; /* by output, or NULL: kept from an earlier pass */
    unsigned output;
    float a, b;
};

enum { RESPONSES = 2, RESPONSE_UNKNOWN = -2 };

static float size_of(struct vm_range r)
{
    return r.high > -r.low ? r.high : -r.low;
}

static int is_point(struct vm_range r)
{
    return r.low >= r.high && r.low <= r.high;
}

static struct vm_range around(float size)
{
    return (struct vm_range){-size, size};
}

static struct vm_range join(struct vm_range a, struct vm_range b)
{
    return (struct vm_range){a.low < b.low ? a.low : b.low, a.high > b.high ? a.high : b.high};
}

static struct vm_range and_0(struct vm_range r)
{
    return join(r, (struct vm_range){0.0f, 0.0f});
}

/* By a part of its size. Not a number: unbounded. */
static struct vm_range widen(struct vm_range r, float part)
{
    float more = size_of(r) * part;
    r = (struct vm_range){r.low - more, r.high + more};
    return r.low <= r.high ? r : VM_UNBOUNDED;
}

static int within_0_1(struct vm_range r)
{
    return r.low >= 0.0f && r.high <= 1.0f;
}

/* ---- rules ---- */

static struct vm_range within(const struct at *c)
{
    return (struct vm_range){c->a, c->b};
}

static struct vm_range corners_of(const struct at *c, unsigned inputs)
{
    struct vm_range r = {0.0f, 0.0f};
    for (uint32_t corner = 0; corner < UINT32_C(1) << inputs; corner++) {
        float in[VM_OP_INPUTS] = {0}, out[VM_OP_OUTPUTS];
        for (unsigned j = 0; j < vm_ops[c->row].inputs; j++)
            in[j] = corner >> j & 1 ? c->in[j].high : c->in[j].low;
        vm_evaluate(c->row, c->rate, in, out);
        float x = out[c->output];
        if (!(x - x == 0.0f))
            return VM_UNBOUNDED;
        r = corner ? join(r, (struct vm_range){x, x}) : (struct vm_range){x, x};
    }
    return widen(r, c->a);
}

static int all_bounded(const struct at *c)
{
    for (unsigned j = 0; j < vm_ops[c->row].inputs; j++)
        if (!vm_is_bounded(c->in[j]))
            return 0;
    return 1;
}

static struct vm_range corners(const struct at *c)
{
    return all_bounded(c) ? corners_of(c, vm_ops[c->row].inputs) : VM_UNBOUNDED;
}

static struct vm_range first_corners(const struct at *c)
{
    for (unsigned j = 1; j < vm_ops[c->row].inputs; j++)
        if (!is_point(c->in[j]))
            return VM_UNBOUNDED;
    return all_bounded(c) ? corners_of(c, 1) : VM_UNBOUNDED;
}

static struct vm_range size(const struct at *c)
{
    struct vm_range x = c->in[0];
    float least = x.low > 0.0f ? x.low : x.high < 0.0f ? -x.high : 0.0f;
    return vm_is_bounded(x) ? (struct vm_range){least, size_of(x)} : VM_UNBOUNDED;
}

static struct vm_range quotient(const struct at *c)
{
    return c->in[1].low > 0.0f || c->in[1].high < 0.0f ? corners(c) : VM_UNBOUNDED;
}

/* |a|^b is monotone in |a| and in b on either side of 1. */
static struct vm_range powers(const struct at *c)
{
    struct vm_range sizes = size(c), exponents = c->in[1];
    if (!all_bounded(c))
        return VM_UNBOUNDED;
    struct vm_range in[] = {
        {sizes.low > 1e-30f ? sizes.low : 1e-30f, sizes.high > 1e-30f ? sizes.high : 1e-30f},
        exponents};
    struct at sized = *c;
    sized.in = in;
    struct vm_range r = corners_of(&sized, 2);
    if (c->in[0].low > 0.0f || !vm_is_bounded(r))
        return r;
    return c->in[0].low < 0.0f ? around(r.high) : and_0(r);
}

static struct vm_range wrapped(const struct at *c)
{
    return vm_is_bounded(c->in[1]) && vm_is_bounded(c->in[0]) ? and_0(c->in[1]) : VM_UNBOUNDED;
}

/* min(max(x, lo), hi), also of an x that is no number. */
static struct vm_range clipped(const struct at *c)
{
    struct vm_range x = c->in[0], lo = c->in[1], hi = c->in[2];
    if (!vm_is_bounded(lo) || !vm_is_bounded(hi))
        return VM_UNBOUNDED;
    float low = x.low > lo.low ? x.low : lo.low, high = x.high > lo.high ? x.high : lo.high;
    if (!vm_is_bounded(x)) {
        low = lo.low;
        high = hi.high;
    }
    return (struct vm_range){low < hi.low ? low : hi.low, high < hi.high ? high : hi.high};
}

static struct vm_range turned(const struct at *c)
{
    float sum = size_of(c->in[0]) + size_of(c->in[1]);
    return vm_is_bounded(around(sum)) ? around(sum * 1.00001f) : VM_UNBOUNDED;
}

static struct vm_range hull(const struct at *c)
{
    struct vm_range r = c->in[(unsigned)c->a];
    for (unsigned j = (unsigned)c->a; j <= (unsigned)c->b; j++)
        r = join(r, c->in[j]);
    if ((r.low > 0.0f && r.low < 1e-19f) || (r.high < 0.0f && r.high > -1e-19f))
        r = and_0(r); /* state so small becomes 0 */
    return vm_is_bounded(r) ? widen(r, is_point(r) ? 0.0f : 1e-5f) : VM_UNBOUNDED;
}

static struct vm_range hull_and_0(const struct at *c)
{
    struct vm_range r = hull(c);
    return vm_is_bounded(r) ? and_0(r) : r;
}

static int are_shares(const struct at *c)
{
    for (unsigned j = (unsigned)c->a; j <= (unsigned)c->b; j++)
        if (!within_0_1(c->in[j]))
            return 0;
    return 1;
}

static struct vm_range shares(const struct at *c)
{
    if (!are_shares(c) || !vm_is_bounded(c->in[0]))
        return VM_UNBOUNDED;
    return widen(and_0(c->in[0]), 1e-4f);
}

static struct vm_range size_of_shares(const struct at *c)
{
    float most = vm_is_bounded(c->in[0]) ? size_of(c->in[0]) : 1e9f;
    return are_shares(c) ? widen((struct vm_range){0.0f, most}, 1e-3f) : VM_UNBOUNDED;
}

/* Of what is within 1e-10 and 1e9. */
static struct vm_range logarithm(const struct at *c)
{
    return are_shares(c) ? (struct vm_range){-33.3f, 30.0f} : VM_UNBOUNDED;
}

static struct vm_range gate(const struct at *c)
{
    return are_shares(c) ? (struct vm_range){-1e-5f, 1.00001f} : VM_UNBOUNDED;
}

static struct vm_range adsr(const struct at *c)
{
    struct vm_range sustain = c->in[5];
    if ((c->pairs & 0x4a) != 0x4a || !vm_is_bounded(sustain))
        return VM_UNBOUNDED;
    return widen(join(sustain, (struct vm_range){0.0f, 1.0f}), 1e-5f);
}

static struct vm_range decay(const struct at *c)
{
    return (c->pairs & 0xa) == 0xa ? (struct vm_range){-1e-5f, 1.00001f} : VM_UNBOUNDED;
}

static struct vm_range glide(const struct at *c)
{
    struct vm_range x = c->in[0];
    return (c->pairs & 2) && vm_is_bounded(x) ? widen(x, is_point(x) ? 0.0f : 1e-4f) : VM_UNBOUNDED;
}

static struct vm_range level_of(const struct at *c)
{
    struct vm_range r = c->in[(unsigned)c->a];
    float most = vm_is_bounded(r) ? size_of(r) : 1e9f;
    return around((most > c->b ? most : c->b) * 1.00001f);
}

/* f(x) - f(bias), f within +-1 and 0 at 0. */
static struct vm_range biased(const struct at *c)
{
    return around(is_point(c->in[2]) && size_of(c->in[2]) <= 0.0f ? 1.00001f : 2.00001f);
}

static struct vm_range peak_of(const struct at *c)
{
    float a = size_of(c->in[0]), b = size_of(c->in[1]);
    float most = a > b ? a : b;
    return (struct vm_range){0.0f, most < 1e9f ? most : 1e9f};
}

static struct vm_range crushed(const struct at *c)
{
    float most = size_of(c->in[0]), step = size_of(c->in[1]), inverse = size_of(c->in[2]);
    float rounded = (most * inverse + 1.0f) * step * 1.00001f;
    most = most > rounded ? most : rounded;
    return all_bounded(c) && vm_is_bounded(around(most)) ? around(most) : VM_UNBOUNDED;
}

static struct vm_range stepped(const struct at *c)
{
    float step = vm_is_bounded(c->in[1]) ? size_of(c->in[1]) : 1e6f;
    step = step > 1e-6f ? step : 1e-6f;
    return vm_is_bounded(c->in[0]) ? around((size_of(c->in[0]) + step) * 1.00001f) : VM_UNBOUNDED;
}

static struct vm_range excess(const struct at *c)
{
    float most = 30.0f - c->in[1].low;
    return vm_is_bounded(c->in[1]) ? (struct vm_range){0.0f, most > 0.0f ? most : 0.0f}
                                   : VM_UNBOUNDED;
}

/* Six saws at the sides, one in the middle: of its two outputs, the sum and what is away from it.
 */
static struct vm_range saws(const struct at *c)
{
    float most = 1.2f * (size_of(c->in[2]) + 6.0f * size_of(c->in[3])) * 1.00001f;
    return vm_is_bounded(around(most)) ? around(most) : VM_UNBOUNDED;
}

/* ---- tables ---- */

static struct vm_range values_of(const struct vm_table *t)
{
    struct vm_range r = {t->values[0], t->values[0]};
    for (uint32_t i = 1; i < t->length; i++)
        r = join(r, (struct vm_range){t->values[i], t->values[i]});
    return r;
}

static struct vm_range of_table(const struct at *c)
{
    struct vm_range r = and_0(values_of(c->table));
    r = c->a > 1.1f ? around(size_of(r) * c->a) : widen(r, c->a - 1.0f);
    return vm_is_bounded(r) ? r : VM_UNBOUNDED;
}

/* in: where, the part of the way to the next value, on. */
static struct vm_range of_sample(const struct at *c)
{
    float most = size_of(values_of(c->table)) * c->a * size_of(c->in[2]);
    if (!within_0_1(c->in[1]) || !vm_is_bounded(around(most)))
        return VM_UNBOUNDED;
    return around(most);
}

static struct vm_range taps(const struct at *c)
{
    float sum = 0.0f;
    for (uint32_t i = 0; i < c->table->length; i++)
        sum += c->table->values[i] < 0.0f ? -c->table->values[i] : c->table->values[i];
    sum *= 1.001f * size_of(c->in[0]);
    return vm_is_bounded(c->in[0]) && vm_is_bounded(around(sum)) ? around(sum) : VM_UNBOUNDED;
}

static struct vm_range of_port(const struct at *c)
{
    if (!vm_is_bounded(c->ring))
        return VM_UNBOUNDED;
    return c->a > 1.0f ? around(size_of(c->ring) * c->a) : c->ring;
}

/* ---- linear ops ---- */

#ifndef FUZZING
enum { PIECE = 64, PIECES = 16, MOST_PIECES = 1 << 14 };
#else
enum { PIECE = 64, PIECES = 16, MOST_PIECES = 1 << 7 };
#endif

static double piece_sums(const float *out, uint32_t frames, unsigned first, unsigned step)
{
    double sum = 0;
    for (uint32_t i = first; i < frames; i += step)
        sum += out[i] < 0.0f ? -(double)out[i] : (double)out[i];
    return sum;
}

/* The sum of |h[n]| over every step-th frame from `first`, h the answer to a 1 in frame `at`. The
 * tail is taken to fall as it did in the last frames. -1: it does not end. */
static double response(const struct at *c, uint32_t at, unsigned first, unsigned step)
{
    const struct vm_engine *engine = vm_engine_find(1, RP_ISA_BASE);
    const struct vm_op_row *row = &vm_ops[c->row];
    float in[VM_OP_INPUTS], signal[2 * PIECE] = {0}, out[VM_OP_OUTPUTS][PIECE];
    uint32_t state[VM_OP_STATE] = {0};
    struct vm_call call = {.state = state, .varying = 1, .in = {signal}, .rate = c->rate};
    double sum = 0, before = 0, now = 0;
    for (unsigned j = 1; j < row->inputs; j++) {
        in[j] = c->in[j].low;
        call.in[j] = &in[j];
    }
    for (unsigned j = 0; j < row->outputs; j++)
        call.out[j] = out[j];
    signal[at] = 1.0f;
    for (unsigned piece = 1; piece <= MOST_PIECES; piece++) {
        engine->run[c->row](&call, PIECE);
        signal[at] = 0.0f;
        now += piece_sums(out[c->output], PIECE, first, step);
        if (piece % PIECES != 0)
            continue;
        sum += now;
        if (!(sum < 1e30))
            return -1;
        if (now <= sum * 1e-7)
            return sum + (now < before ? now * now / (before - now) : now * 1e3);
        before = now;
        now = 0;
    }
    return -1;
}

/* The most that comes of what is within +-1. -1: there is no such thing. */
static float most_of_response(const struct at *c)
{
    enum vm_loop loop = vm_ops[c->row].loop;
    double sum = response(c, 0, 0, loop == VM_UP ? 2 : 1);
    double other = loop == VM_UP     ? response(c, 0, 1, 2)
                   : loop == VM_DOWN ? response(c, 1, 0, 1)
                                     : 0;
    if (sum < 0 || other < 0)
        return -1.0f;
    sum = loop == VM_UP ? (sum > other ? sum : other) : sum + other;
    return (float)(sum * 1.001);
}

static struct vm_range linear(const struct at *c)
{
    struct vm_range x = c->in[0];
    float *known = c->response && c->output < RESPONSES ? &c->response[c->output] : NULL;
    for (unsigned j = 1; j < vm_ops[c->row].inputs; j++)
        if (!is_point(c->in[j]))
            return VM_UNBOUNDED;
    if (!vm_is_bounded(x))
        return VM_UNBOUNDED;
    float most = known && *known > RESPONSE_UNKNOWN ? *known : most_of_response(c);
    if (known)
        *known = most;
    struct vm_range r = around(most * size_of(x) + 1e-12f);
    return most >= 0.0f && vm_is_bounded(r) ? r : VM_UNBOUNDED;
}

/* ---- an op ---- */

static const struct row {
    uint32_t op;
    struct vm_range (*rule)(const struct at *);
    float a, b;
} rows[] = {
#define RANGE(name, rule, a, b) {VM_OP_##name, rule, a, b},
#include "vm/ranges.def"
};

/* The row of an output: the last of its op's, if there are fewer than it has outputs. */
static const struct row *row_of(uint32_t op, unsigned output)
{
    const struct row *found = NULL;
    unsigned count = 0;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].op == op && count++ <= output)
            found = &rows[i];
    return found;
}

static void ranges_of(struct at *at, struct vm_range *out)
{
    for (unsigned j = 0; j < vm_ops[at->row].outputs; j++) {
        const struct row *row = row_of(vm_ops[at->row].id, j);
        out[j] = VM_UNBOUNDED;
        if (!row)
            continue;
        at->output = j;
        at->a = row->a;
        at->b = row->b;
        out[j] = row->rule(at);
    }
}

void vm_op_range(uint32_t op, unsigned rate, const struct vm_range *in, uint32_t pairs,
                 const struct vm_table *table, struct vm_range ring, struct vm_range *out)
{
    struct at at = {op, in, pairs, table, ring, (uint8_t)rate, NULL, 0, 0.0f, 0.0f};
    ranges_of(&at, out);
}

/* ---- a program ---- */

/* A segment's frames and step: their product is not above 1, whatever they are. */
static int is_segment(struct vm_range frames, struct vm_range step)
{
    return frames.low >= 0.0f && step.low >= 0.0f && frames.high * step.high <= 1.00001f;
}

/* Which inputs are the two outputs of one env_segment, by their order, or constants like them. */
static uint32_t pairs_of(const struct vm_instruction *n, const uint8_t *segment,
                         const struct vm_range *in)
{
    uint32_t pairs = 0;
    for (unsigned j = 0; j + 1 < n->inputs; j++)
        if ((segment[n->in[j]] == 1 && n->in[j + 1] == n->in[j] + 1) ||
            is_segment(in[j], in[j + 1]))
            pairs |= UINT32_C(1) << j;
    return pairs;
}

static void call_range(const struct rp_program *p, struct vm_ranges *s, uint32_t i,
                       struct vm_range *out)
{
    const struct vm_instruction *n = &p->code[i];
    struct vm_range in[VM_OP_INPUTS];
    const struct vm_op_row *row = &vm_ops[n->arg];
    for (unsigned j = 0; j < n->inputs; j++)
        in[j] = s->of[n->in[j]];
    struct at at = {.row = n->arg,
                    .in = in,
                    .pairs = pairs_of(n, s->segment, in),
                    .table = vm_op_has_table(row) ? &p->tables[n->table] : NULL,
                    .rate = n->rate,
                    .ring = row->loop == VM_TAP ? s->before[n->port] : VM_UNBOUNDED,
                    .response = s->response + (size_t)RESPONSES * i};
    ranges_of(&at, out);
}

static struct vm_range param_range(const struct rp_param *info)
{
    struct vm_range r = {info->low, info->high};
    return is_point(r) ? r : widen(r, 1e-5f); /* a glide's roundings */
}

/* The first instruction that an unbounded value goes back to. */
static uint32_t cause_of(const struct vm_ranges *s, const struct vm_instruction *n, uint32_t i)
{
    uint32_t first = i;
    for (unsigned j = 0; j < n->inputs; j++)
        if (!vm_is_bounded(s->of[n->in[j]]) && s->cause[n->in[j]] < first)
            first = s->cause[n->in[j]];
    return first;
}

static void step(const struct rp_program *p, struct vm_ranges *s, uint32_t i)
{
    const struct vm_instruction *n = &p->code[i];
    struct vm_range out[VM_OP_OUTPUTS] = {{0.0f, 0.0f}};
    switch (n->opcode) {
    case VM_LOAD_CONST:
        out[0] = (struct vm_range){p->constants[n->arg], p->constants[n->arg]};
        break;
    case VM_LOAD_PARAM:
        out[0] = param_range(&p->params[n->arg]);
        break;
    case VM_READ_PORT:
        out[0] = vm_reads_input(n) ? around(1.0f) : s->before[n->arg];
        break;
    case VM_CALL_OP:
        call_range(p, s, i, out);
        break;
    case VM_WRITE_PORT:
        s->port[n->arg] = and_0(s->of[n->in[0]]);
        if (s->cyclic[n->arg] != 3)
            s->before[n->arg] = s->port[n->arg];
        break;
    default:
        break;
    }
    for (unsigned j = 0; j < n->outputs; j++) {
        s->of[n->out[j]] = out[j];
        s->cause[n->out[j]] = vm_is_bounded(out[j]) ? VM_NONE : cause_of(s, n, i);
        if (n->opcode == VM_CALL_OP && vm_ops[n->arg].id == VM_OP_env_segment)
            s->segment[n->out[j]] = (uint8_t)(j + 1);
    }
}

/* ---- cycles ----
 *
 * A line that is read before it is written holds what was written in frames before. If it is taken
 * to hold a range, and everything then written is within that, then so it is for ever, as it begins
 * with silence. Such a range is looked for by doubling, and made smaller by what it leads to. */

enum { GUESSES = 24, FORGETS = 4, NARROWS = 24 };

static int holds(struct vm_range a, struct vm_range b)
{
    return a.low <= b.low && b.high <= a.high;
}

/* Whether every line is written what it was taken to hold; of another, `guess` of it. */
static int check_lines(const struct rp_program *p, struct vm_ranges *s, int guess)
{
    int all = 1;
    for (uint32_t i = 0; i < p->port_count; i++) {
        if (holds(s->before[i], s->port[i]))
            continue;
        struct vm_range more = widen(join(s->before[i], s->port[i]), 1.0f);
        s->before[i] = guess && vm_is_bounded(more) ? more : VM_UNBOUNDED;
        all = 0;
    }
    return all;
}

static void pass(const struct rp_program *p, struct vm_ranges *s)
{
    memset(s->segment, 0, p->totals.registers + 1);
    for (uint32_t i = 0; i < p->instruction_count; i++)
        step(p, s, i);
}

static int has_cycle(const struct rp_program *p, struct vm_ranges *s)
{
    int cycle = 0;
    memset(s->cyclic, 0, p->port_count);
    for (uint32_t i = p->instruction_count; i-- > 0;) {
        const struct vm_instruction *n = &p->code[i];
        int tap = n->opcode == VM_CALL_OP && vm_ops[n->arg].loop == VM_TAP;
        if (n->opcode == VM_WRITE_PORT) {
            s->cyclic[n->arg] = 2;
        } else if (tap || (n->opcode == VM_READ_PORT && !vm_reads_input(n))) {
            uint8_t *c = &s->cyclic[tap ? n->port : n->arg];
            cycle |= *c;
            *c |= *c >> 1;
        }
    }
    return cycle;
}

void vm_find_ranges(const struct rp_program *p, struct vm_ranges *s)
{
    int cycle = has_cycle(p, s);
    for (uint32_t i = 0; i < p->port_count; i++)
        s->port[i] = s->before[i] = (struct vm_range){0.0f, 0.0f};
    for (size_t i = 0; i < (size_t)RESPONSES * p->instruction_count; i++)
        s->response[i] = RESPONSE_UNKNOWN;
    pass(p, s);
    if (!cycle)
        return;
    for (unsigned k = 0; !check_lines(p, s, k < GUESSES); k++) {
        if (k == GUESSES + FORGETS)
            for (uint32_t i = 0; i < p->port_count; i++)
                s->before[i] = VM_UNBOUNDED;
        pass(p, s);
    }
    for (unsigned k = 0; k < NARROWS; k++) {
        for (uint32_t i = 0; i < p->port_count; i++)
            s->before[i] = s->port[i];
        pass(p, s);
    }
}

/* ---- what a program may ask for ---- */

static void lay_out(struct bump *b, const struct rp_program *p, struct vm_ranges *s)
{
    size_t registers = p->totals.registers + 1, ports = p->port_count + 1;
    s->of = bump_take(b, registers, sizeof *s->of);
    s->cause = bump_take(b, registers, sizeof *s->cause);
    s->segment = bump_take(b, registers, 1);
    s->port = bump_take(b, ports, sizeof *s->port);
    s->before = bump_take(b, ports, sizeof *s->before);
    s->cyclic = bump_take(b, ports, 1);
    s->response = bump_take(b, (size_t)RESPONSES * p->instruction_count, sizeof *s->response);
}

size_t vm_ranges_bytes(const struct rp_program *p)
{
    struct bump count = {NULL, 0};
    struct vm_ranges scrap;
    lay_out(&count, p, &scrap);
    return count.used;
}

void vm_ranges_in(struct vm_ranges *s, const struct rp_program *p, void *memory)
{
    struct bump bump = {memory, 0};
    lay_out(&bump, p, s);
}

size_t rp_level_bytes(const struct rp_program *p)
{
    return vm_ranges_bytes(p);
}

enum rp_status rp_level(const struct rp_program *p, void *memory, size_t size,
                        struct rp_level level[2])
{
    struct vm_ranges s;
    const struct vm_instruction *end = &p->code[p->instruction_count - 1];
    if (!memory || size < vm_ranges_bytes(p) || (uintptr_t)memory % RP_ALIGNMENT != 0)
        return RP_MEMORY;
    vm_ranges_in(&s, p, memory);
    vm_find_ranges(p, &s);
    for (unsigned c = 0; c < end->inputs; c++) {
        struct vm_range r = s.of[end->in[c]];
        level[c] = (struct rp_level){.bounded = vm_is_bounded(r),
                                     .low = r.low,
                                     .high = r.high,
                                     .instruction = s.cause[end->in[c]]};
    }
    return RP_OK;
}
