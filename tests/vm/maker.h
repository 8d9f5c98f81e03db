/* maker.h - programs by chance: every op, cycles, echoes, regions of other rates. */
#ifndef TESTS_VM_MAKER_H
#define TESTS_VM_MAKER_H

#include "listing.h"

/* Registers by what they hold, so that most programs make sound; now and then any will do. */
struct pool {
    unsigned r[512], count;
};

struct maker {
    struct listing t;
    uint64_t chance;
    struct pool signal, hertz, frames;
    unsigned svf, pole, segment[4]; /* the latest coefficients */
    size_t turn;                    /* the op that comes next when it is not chance */
};

static inline void keep(struct pool *p, unsigned r)
{
    assert_true(p->count < COUNT(p->r));
    p->r[p->count++] = r;
}

static inline unsigned pick(struct maker *m, const struct pool *p)
{
    unsigned any = 1 + t_below(&m->chance, m->t.registers);
    if (t_below(&m->chance, 24) == 0 &&
        (m->t.rate_of[any] == m->t.rate || m->t.rate_of[any] == T_ANY))
        return any;
    return p->r[t_below(&m->chance, p->count)];
}

/* What each op wants: s signal, h Hz, q resonance, c..f coefficients of a filter, p of a one-pole,
 * t seconds, a A b B d D segments. An op that is not here wants signals. */
static const char *wants(const struct vm_op_row *row)
{
    static const char *const known[][2] = {{"osc_sine", "h"},       {"osc_sine_pm", "hs"},
                                           {"osc_phasor", "hs"},    {"osc_saw", "h"},
                                           {"osc_pulse", "hs"},     {"osc_triangle", "h"},
                                           {"svf_coeff", "hq"},     {"svf_lopass", "scde"},
                                           {"svf_hipass", "scdef"}, {"svf_bandpass", "scdef"},
                                           {"onepole_coeff", "h"},  {"onepole", "sp"},
                                           {"env_segment", "t"},    {"env_adsr", "saAbBsdD"},
                                           {"env_decay", "saAbB"},  {"frames", "t"}};
    for (size_t i = 0; i < COUNT(known); i++)
        if (strcmp(known[i][0], row->name) == 0)
            return known[i][1];
    return "ssssssss";
}

static inline unsigned input(struct maker *m, char want)
{
    if (want == 's')
        return pick(m, &m->signal);
    if (want == 'h')
        return pick(m, &m->hertz);
    if (want == 'q')
        return t_const(&m->t, t_between(&m->chance, 0.1f, 20.0f));
    if (want == 't')
        return t_const(&m->t, t_between(&m->chance, 0.0f, 0.02f));
    if (want >= 'c' && want <= 'f' && want != 'd')
        return m->svf + (unsigned)(want - 'c');
    return want == 'p' ? m->pole : 0;
}

static inline unsigned segment_input(struct maker *m, char want)
{
    static const char letters[] = "abdABD";
    const char *at = strchr(letters, want);
    return m->segment[(at - letters) % 3] + (at - letters >= 3);
}

static inline void place_op(struct maker *m, const struct vm_op_row *row)
{
    unsigned in[VM_OP_INPUTS];
    const char *want = wants(row);
    int filter = strncmp(row->name, "svf_", 4) == 0;
    for (unsigned j = 0; j < row->inputs; j++)
        in[j] = strchr("abABD", want[j]) || (want[j] == 'd' && !filter) ? segment_input(m, want[j])
                : want[j] == 'd'                                        ? m->svf + 1
                                                                        : input(m, want[j]);
    unsigned r = t_op(&m->t, row, in, t_below(&m->chance, 3));
    if (strcmp(row->name, "svf_coeff") == 0)
        m->svf = r;
    else if (strcmp(row->name, "onepole_coeff") == 0)
        m->pole = r;
    else if (strcmp(row->name, "env_segment") == 0)
        m->segment[t_below(&m->chance, 3)] = r;
    else if (strcmp(row->name, "frames") == 0)
        keep(&m->frames, r);
    else
        for (unsigned j = 0; j < row->outputs; j++)
            keep(&m->signal, r + j);
}

static inline void place_named(struct maker *m, const char *name)
{
    place_op(m, vm_op_by_name(name, strlen(name)));
}

static inline void declare_params(struct maker *m)
{
    t_line(&m->t, ".param \"pitch\" hz exponential 20 15000 440 48\n"
                  ".param \"down\" none exponential -4 -0.25 -1 0\n"
                  ".param \"level\" ratio linear -1 1 0.5 0\n"
                  ".param \"gate\" gate linear 0 1 1 0\n"
                  ".param \"length\" none linear 1 300 70.5 0\n");
    keep(&m->hertz, t_param(&m->t, "pitch"));
    keep(&m->signal, t_param(&m->t, "down"));
    keep(&m->signal, t_param(&m->t, "level"));
    keep(&m->signal, t_param(&m->t, "gate"));
    keep(&m->frames, t_param(&m->t, "length"));
    keep(&m->hertz, t_const(&m->t, t_between(&m->chance, 1.0f, 20000.0f)));
    keep(&m->signal, t_const(&m->t, t_between(&m->chance, -1.0f, 1.0f)));
    keep(&m->frames, t_const(&m->t, t_between(&m->chance, 0.0f, 400.0f)));
}

/* Vibrato and the like. */
static inline void place_modulation(struct maker *m)
{
    unsigned depth = t_const(&m->t, t_between(&m->chance, 0.0f, 2000.0f));
    unsigned move = t_call(&m->t, "mul", pick(m, &m->signal), depth);
    keep(&m->hertz, t_call(&m->t, "add", pick(m, &m->hertz), move));
    unsigned frames = t_const(&m->t, t_between(&m->chance, 0.0f, 200.0f));
    keep(&m->frames, t_call(&m->t, "mul", pick(m, &m->signal), frames));
}

/* Read before written, between 1 frame and more than a block. */
static inline unsigned place_cycle(struct maker *m)
{
    static const unsigned low[] = {1, 2, 10, 63, 64, 65, 200};
    unsigned shortest = low[t_below(&m->chance, COUNT(low))];
    shortest <<= m->t.rate;
    unsigned port = t_delay(&m->t, shortest, shortest + t_below(&m->chance, 500));
    unsigned r = t_read(&m->t, port, pick(m, &m->frames));
    keep(&m->signal, r);
    return r;
}

static inline void close_cycle(struct maker *m, unsigned port, unsigned r)
{
    unsigned share = t_const(&m->t, t_between(&m->chance, -0.9f, 0.9f));
    unsigned back = t_call(&m->t, "mul", r, share);
    t_write(&m->t, port, t_call(&m->t, "add", pick(m, &m->signal), back));
}

static inline void place_echo(struct maker *m)
{
    unsigned shortest = 1u << m->t.rate;
    unsigned port = t_delay(&m->t, shortest, shortest + t_below(&m->chance, 300));
    t_write(&m->t, port, pick(m, &m->signal));
    keep(&m->signal, t_read(&m->t, port, pick(m, &m->frames)));
}

static inline void place_coefficients(struct maker *m)
{
    place_named(m, "svf_coeff");
    place_named(m, "onepole_coeff");
    for (unsigned i = 0; i < 3; i++) {
        place_named(m, "env_segment");
        m->segment[i] = m->t.registers - 1;
    }
}

/* An op by turns, so that each comes often enough, or by chance; not one that changes rates. */
static inline void place_any(struct maker *m)
{
    const struct vm_op_row *row;
    do
        row = &vm_ops[t_below(&m->chance, 3) ? m->turn++ % vm_op_count
                                             : t_below(&m->chance, (uint32_t)vm_op_count)];
    while (t_changes_rate(row));
    place_op(m, row);
}

/* To a higher rate: a parameter or signal held, a signal through the filters. */
static inline unsigned go_up(struct maker *m, unsigned r, unsigned rate, int held)
{
    m->t.rate = rate;
    if (held)
        return t_call(&m->t, "rate_hold", r);
    for (m->t.rate = 1; m->t.rate < rate; m->t.rate++)
        r = t_call(&m->t, "rate_up", r);
    return t_call(&m->t, "rate_up", r);
}

static inline unsigned go_down(struct maker *m, unsigned r)
{
    while (m->t.rate > 0) {
        m->t.rate--;
        r = t_call(&m->t, t_below(&m->chance, 3) ? "rate_down" : "rate_pick", r);
    }
    return r;
}

/* Some ops at a higher rate, a cycle among them, with signals of their own. */
static inline void place_region(struct maker *m)
{
    static struct maker outer;
    unsigned rate = 1 + t_below(&m->chance, 3);
    unsigned in[] = {pick(m, &m->signal), pick(m, &m->signal), pick(m, &m->hertz)};
    outer = *m;
    m->signal.count = m->hertz.count = m->frames.count = 0;
    keep(&m->signal, go_up(m, in[0], rate, 0));
    keep(&m->signal, go_up(m, in[1], rate, 1));
    keep(&m->hertz, go_up(m, in[2], rate, 1));
    keep(&m->hertz, t_const(&m->t, t_between(&m->chance, 1.0f, 9000.0f)));
    keep(&m->frames, t_const(&m->t, t_between(&m->chance, 0.0f, 400.0f)));
    place_coefficients(m);
    unsigned port = m->t.ports, read = place_cycle(m);
    for (unsigned n = 1 + t_below(&m->chance, 5); n > 0; n--)
        place_any(m);
    place_echo(m);
    close_cycle(m, port, read);
    unsigned down = go_down(m, pick(m, &m->signal));
    outer.t = m->t;
    outer.chance = m->chance;
    outer.turn = m->turn;
    *m = outer;
    keep(&m->signal, down);
}

/* Everything is heard: the sum of all signals, each held within +-1. */
static inline void place_output(struct maker *m)
{
    unsigned low = t_const(&m->t, -1.0f), high = t_const(&m->t, 1.0f);
    unsigned sum[2] = {t_const(&m->t, 0.0f), t_const(&m->t, 0.0f)};
    for (unsigned i = 0; i < m->signal.count; i++) {
        unsigned held = t_call(&m->t, "clip", m->signal.r[i], low, high);
        sum[i % 2] = t_call(&m->t, "add", sum[i % 2], held);
    }
    if (t_below(&m->chance, 2))
        t_line(&m->t, "WRITE_OUTPUT r%u, r%u\n", sum[0], sum[1]);
    else
        t_line(&m->t, "WRITE_OUTPUT r%u\n", t_call(&m->t, "add", sum[0], sum[1]));
}

static inline void make_program(struct maker *m, uint64_t seed)
{
    *m = (struct maker){.chance = seed, .turn = seed * 13};
    declare_params(m);
    place_coefficients(m);
    unsigned cycles = t_below(&m->chance, 3), read[2] = {0, 0};
    for (unsigned i = 0; i < cycles; i++)
        read[i] = place_cycle(m);
    for (unsigned n = 8 + t_below(&m->chance, 24); n > 0; n--) {
        uint32_t kind = t_below(&m->chance, 12);
        if (kind == 0)
            place_modulation(m);
        else if (kind == 1)
            place_echo(m);
        else if (kind == 2)
            place_region(m);
        else
            place_any(m);
    }
    for (unsigned i = 0; i < cycles; i++)
        close_cycle(m, i, read[i]);
    place_output(m);
}

#endif
