/* test_group.c - promises P2, P3, P5 and P6 within vm/: one voice gives the same bits whatever the
 * width, ISA, lane, neighbours, cut and start; snapshots, errors, and delay lines. */
#include "listing.h"
#include "vm/group.h"
#include <pthread.h>

/* ---- a voice's part and the ways to play it ---- */

enum { EVENTS = 24, FRAMES = 1500, CHANNELS = 2 };

struct event {
    uint32_t frame, param, glide; /* frame of the voice */
    float value;
};

struct part {
    const struct rp_program *program;
    uint64_t seed, serial;
    struct event events[EVENTS]; /* in order of frame */
    unsigned count;
};

/* How a part is played; none of this may be heard. */
struct way {
    unsigned lanes, lane;
    enum rp_isa isa;
    int crowd;       /* the other lanes play too, with seeds, values and starts of their own */
    uint32_t late;   /* frames the group runs before the voice starts */
    uint32_t cut;    /* frames a call; 0: as many as can be; UINT32_MAX: by chance */
    uint64_t chance; /* of the crowd and the cuts */
};

static const struct way plainest = {.lanes = 1, .isa = RP_ISA_BASE};

/* A group at work. */
struct player {
    const struct part *part;
    struct way way;
    struct rp_group *group;
    uint32_t now;  /* frame of the voice */
    unsigned next; /* event */
};

static void stir_crowd(struct player *p)
{
    struct way *w = &p->way;
    unsigned lane = t_below(&w->chance, w->lanes);
    unsigned params = rp_param_count(p->part->program);
    if (lane == w->lane)
        return;
    if (params == 0 || t_below(&w->chance, 4) == 0)
        rp_voice_start(p->group, lane, t_random(&w->chance), lane);
    else
        rp_param_glide(p->group, lane, t_below(&w->chance, params),
                       t_between(&w->chance, -1.0f, 3000.0f), t_below(&w->chance, 200));
}

static uint32_t next_cut(struct player *p, uint32_t until)
{
    uint32_t n = until - p->now;
    uint32_t cut = p->way.cut == UINT32_MAX ? 1 + t_below(&p->way.chance, 200) : p->way.cut;
    if (p->next < p->part->count && p->part->events[p->next].frame < until)
        n = p->part->events[p->next].frame - p->now;
    return cut && cut < n ? cut : n;
}

/* Plays up to frame `until`; out[CHANNELS * FRAMES] receives this voice's samples. */
static void play_to(struct player *p, uint32_t until, float *out)
{
    static _Thread_local float planes[CHANNELS][FRAMES * RP_MAX_LANES];
    unsigned lanes = p->way.lanes;
    while (p->now < until) {
        for (; p->next < p->part->count && p->part->events[p->next].frame == p->now; p->next++) {
            const struct event *e = &p->part->events[p->next];
            assert_int_equal(rp_param_glide(p->group, p->way.lane, e->param, e->value, e->glide),
                             RP_OK);
        }
        uint32_t n = next_cut(p, until);
        t_run(p->group, n, planes[0], planes[1]);
        for (uint32_t i = 0; i < n; i++)
            for (unsigned c = 0; c < rp_channels(p->part->program); c++)
                out[c * FRAMES + p->now + i] = planes[c][i * lanes + p->way.lane];
        p->now += n;
        if (p->way.crowd)
            stir_crowd(p);
    }
}

static void run_before(struct player *p)
{
    static _Thread_local float planes[CHANNELS][1024 * RP_MAX_LANES];
    for (uint32_t left = p->way.late; left > 0;) {
        uint32_t n = left < 1024 ? left : 1024;
        t_run(p->group, n, planes[0], planes[1]);
        left -= n;
    }
}

static struct player player(const struct part *part, const struct way *way)
{
    struct player p = {.part = part, .way = *way};
    p.group = t_group(part->program, way->lanes, way->isa);
    for (unsigned l = 0; way->crowd && l < way->lanes; l++)
        rp_voice_start(p.group, l, t_random(&p.way.chance), l);
    run_before(&p);
    assert_int_equal(rp_voice_start(p.group, way->lane, part->seed, part->serial), RP_OK);
    return p;
}

static void play(const struct part *part, const struct way *way, float *out)
{
    struct player p = player(part, way);
    memset(out, 0, CHANNELS * FRAMES * sizeof *out);
    play_to(&p, FRAMES, out);
    free(p.group);
}

static void assert_played(const struct part *part, const struct way *w, const float *want)
{
    static float got[CHANNELS * FRAMES];
    char what[160];
    play(part, w, got);
    snprintf(what, sizeof what, "lane %u of %u, ISA %d, crowd %d, late %u, cut %u", w->lane,
             w->lanes, (int)w->isa, w->crowd, w->late, w->cut);
    t_same(got, want, CHANNELS * FRAMES, what);
}

static int is_silent(const float *samples)
{
    for (size_t i = 0; i < CHANNELS * FRAMES; i++)
        if (samples[i] != 0.0f)
            return 0;
    return 1;
}

/* ---- parts by chance ---- */

static float any_value(const struct rp_param *info, uint64_t *chance)
{
    switch (t_below(chance, 8)) {
    case 0:
        return info->high * 2.0f;
    case 1:
        return info->low - 1.0f;
    case 2:
        return t_below(chance, 4) ? info->def : NAN;
    default:
        return t_between(chance, info->low, info->high);
    }
}

static int by_frame(const void *a, const void *b)
{
    const struct event *x = a, *y = b;
    return (x->frame > y->frame) - (x->frame < y->frame);
}

static struct part random_part(const struct rp_program *program, uint64_t *chance)
{
    struct part p = {.program = program, .seed = t_random(chance), .serial = t_random(chance)};
    if (rp_param_count(program) == 0)
        return p;
    p.count = t_below(chance, EVENTS + 1);
    for (unsigned i = 0; i < p.count; i++) {
        uint32_t param = t_below(chance, rp_param_count(program));
        uint32_t glide = t_below(chance, 2) ? 0 : t_below(chance, 500);
        float value = any_value(rp_param_info(program, param), chance);
        p.events[i] = (struct event){t_below(chance, FRAMES), param, glide, value};
    }
    qsort(p.events, p.count, sizeof *p.events, by_frame);
    return p;
}

static struct built every_op(void)
{
    static struct listing t;
    t_every_op(&t);
    return t_build(t.text);
}

static void test_every_op_is_there(void **state)
{
    static struct listing t;
    (void)state;
    t_every_op(&t);
    for (size_t i = 0; i < vm_op_count; i++)
        if (!t_has_op(&t, &vm_ops[i]))
            fail_msg("t_every_op() lacks %s", vm_ops[i].name);
}

/* All widths, all ISAs, every lane, alone and in a crowd. */
static void test_packing(void **state)
{
    static float want[CHANNELS * FRAMES];
    struct built b = every_op();
    uint64_t chance = 2;
    (void)state;
    struct part part = random_part(b.program, &chance);
    part.count = EVENTS / 2;
    play(&part, &plainest, want);
    assert_false(is_silent(want));
    for (size_t w = 0; w < COUNT(t_widths); w++)
        for (size_t i = 0; i < COUNT(t_isas); i++)
            for (unsigned lane = 0; rp_isa_available(t_isas[i]) && lane < t_widths[w]; lane++)
                for (int crowd = 0; crowd < 2; crowd++) {
                    struct way way = {t_widths[w], lane, t_isas[i], crowd, 0, 0, 77};
                    assert_played(&part, &way, want);
                }
    t_free(&b);
}

static void test_cuts(void **state)
{
    static float want[CHANNELS * FRAMES];
    static const uint32_t cuts[] = {1, 2, 63, 64, 65, 127, 128, 799, UINT32_MAX};
    struct built b = every_op();
    uint64_t chance = 3;
    (void)state;
    struct part part = random_part(b.program, &chance);
    play(&part, &plainest, want);
    for (size_t w = 0; w < COUNT(t_widths); w++)
        for (size_t i = 0; i < COUNT(cuts); i++) {
            struct way way = {.lanes = t_widths[w], .lane = t_widths[w] / 2, .cut = cuts[i]};
            way.chance = i;
            assert_played(&part, &way, want);
        }
    t_free(&b);
}

static void test_late_start(void **state)
{
    static float want[CHANNELS * FRAMES];
    static const uint32_t late[] = {1, 63, 64, 1000, 4093, 48000};
    struct built b = every_op();
    uint64_t chance = 4;
    (void)state;
    struct part part = random_part(b.program, &chance);
    play(&part, &plainest, want);
    for (size_t w = 0; w < COUNT(t_widths); w++)
        for (size_t i = 0; i < COUNT(late); i++)
            for (int crowd = 0; crowd < 2; crowd++) {
                struct way way = {t_widths[w], 0, RP_ISA_BEST, crowd, late[i], UINT32_MAX, i};
                assert_played(&part, &way, want);
            }
    t_free(&b);
}

/* A lane that has played another voice plays the next as a fresh one would. */
static void test_lane_again(void **state)
{
    static float want[CHANNELS * FRAMES], got[CHANNELS * FRAMES];
    struct built b = every_op();
    uint64_t chance = 5;
    (void)state;
    struct part first = random_part(b.program, &chance), second = random_part(b.program, &chance);
    play(&second, &plainest, want);
    struct way way = {.lanes = 8, .lane = 5, .cut = 100};
    struct player p = player(&first, &way);
    play_to(&p, 1234, got);
    assert_int_equal(rp_voice_start(p.group, 5, second.seed, second.serial), RP_OK);
    p = (struct player){&second, way, p.group, 0, 0};
    play_to(&p, FRAMES, got);
    t_same(got, want, CHANNELS * FRAMES, "after another voice");
    free(p.group);
    t_free(&b);
}

/* Seed and serial are heard. Without this, the tests above could compare silence with silence. */
static void test_seeds_differ(void **state)
{
    static float one[CHANNELS * FRAMES], two[CHANNELS * FRAMES];
    struct built b = every_op();
    struct part part = {.program = b.program, .seed = 1, .serial = 1};
    (void)state;
    play(&part, &plainest, one);
    for (unsigned i = 0; i < 2; i++) {
        part.seed = 1 + i;
        part.serial = 2 - i;
        play(&part, &plainest, two);
        assert_memory_not_equal(one, two, sizeof one);
    }
    t_free(&b);
}

/* ---- programs by chance ---- */

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

static void keep(struct pool *p, unsigned r)
{
    assert_true(p->count < COUNT(p->r));
    p->r[p->count++] = r;
}

static unsigned pick(struct maker *m, const struct pool *p)
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

static unsigned input(struct maker *m, char want)
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

static unsigned segment_input(struct maker *m, char want)
{
    static const char letters[] = "abdABD";
    const char *at = strchr(letters, want);
    return m->segment[(at - letters) % 3] + (at - letters >= 3);
}

static void place_op(struct maker *m, const struct vm_op_row *row)
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

static void place_named(struct maker *m, const char *name)
{
    place_op(m, vm_op_by_name(name, strlen(name)));
}

static void declare_params(struct maker *m)
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
static void place_modulation(struct maker *m)
{
    unsigned depth = t_const(&m->t, t_between(&m->chance, 0.0f, 2000.0f));
    unsigned move = t_call(&m->t, "mul", pick(m, &m->signal), depth);
    keep(&m->hertz, t_call(&m->t, "add", pick(m, &m->hertz), move));
    unsigned frames = t_const(&m->t, t_between(&m->chance, 0.0f, 200.0f));
    keep(&m->frames, t_call(&m->t, "mul", pick(m, &m->signal), frames));
}

/* Read before written, between 1 frame and more than a block. */
static unsigned place_cycle(struct maker *m)
{
    static const unsigned low[] = {1, 2, 10, 63, 64, 65, 200};
    unsigned shortest = low[t_below(&m->chance, COUNT(low))];
    shortest <<= m->t.rate;
    unsigned port = t_delay(&m->t, shortest, shortest + t_below(&m->chance, 500));
    unsigned r = t_read(&m->t, port, pick(m, &m->frames));
    keep(&m->signal, r);
    return r;
}

static void close_cycle(struct maker *m, unsigned port, unsigned r)
{
    unsigned share = t_const(&m->t, t_between(&m->chance, -0.9f, 0.9f));
    unsigned back = t_call(&m->t, "mul", r, share);
    t_write(&m->t, port, t_call(&m->t, "add", pick(m, &m->signal), back));
}

static void place_echo(struct maker *m)
{
    unsigned shortest = 1u << m->t.rate;
    unsigned port = t_delay(&m->t, shortest, shortest + t_below(&m->chance, 300));
    t_write(&m->t, port, pick(m, &m->signal));
    keep(&m->signal, t_read(&m->t, port, pick(m, &m->frames)));
}

static void place_coefficients(struct maker *m)
{
    place_named(m, "svf_coeff");
    place_named(m, "onepole_coeff");
    for (unsigned i = 0; i < 3; i++) {
        place_named(m, "env_segment");
        m->segment[i] = m->t.registers - 1;
    }
}

/* An op by turns, so that each comes often enough, or by chance; not one that changes rates. */
static void place_any(struct maker *m)
{
    const struct vm_op_row *row;
    do
        row = &vm_ops[t_below(&m->chance, 3) ? m->turn++ % vm_op_count
                                             : t_below(&m->chance, (uint32_t)vm_op_count)];
    while (t_changes_rate(row));
    place_op(m, row);
}

/* To a higher rate: a parameter or signal held, a signal through the filters. */
static unsigned go_up(struct maker *m, unsigned r, unsigned rate, int held)
{
    m->t.rate = rate;
    if (held)
        return t_call(&m->t, "rate_hold", r);
    for (m->t.rate = 1; m->t.rate < rate; m->t.rate++)
        r = t_call(&m->t, "rate_up", r);
    return t_call(&m->t, "rate_up", r);
}

static unsigned go_down(struct maker *m, unsigned r)
{
    while (m->t.rate > 0) {
        m->t.rate--;
        r = t_call(&m->t, t_below(&m->chance, 3) ? "rate_down" : "rate_pick", r);
    }
    return r;
}

/* Some ops at a higher rate, a cycle among them, with signals of their own. */
static void place_region(struct maker *m)
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
static void place_output(struct maker *m)
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

static void make_program(struct maker *m, uint64_t seed)
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

static void play_random_ways(const struct part *part, const float *want, uint64_t *chance)
{
    static const uint32_t cuts[] = {0, 1, 63, 64, 799, UINT32_MAX};
    for (size_t w = 0; w < COUNT(t_widths); w++)
        for (size_t i = 0; i < COUNT(t_isas); i++) {
            struct way way = {.lanes = t_widths[w], .isa = t_isas[i]};
            way.lane = t_below(chance, way.lanes);
            way.crowd = (int)t_below(chance, 2);
            way.late = t_below(chance, 2) * t_below(chance, 300);
            way.cut = cuts[t_below(chance, COUNT(cuts))];
            way.chance = t_random(chance);
            if (rp_isa_available(way.isa))
                assert_played(part, &way, want);
        }
}

/* As text and back: the same bytes. */
static void check_text(struct built *b)
{
    struct rp_error error;
    struct bytes text = disassemble(&b->arena, &b->file, 1, &error);
    assert_non_null(text.data);
    struct bytes again = t_assemble(&b->arena, (const char *)text.data);
    assert_int_equal(again.size, b->file.size);
    assert_memory_equal(again.data, b->file.data, again.size);
}

static void test_random_programs(void **state)
{
    static float want[CHANNELS * FRAMES];
    static struct maker m;
    static unsigned used[1024];
    (void)state;
    for (uint64_t seed = 1; seed <= 120; seed++) {
        make_program(&m, seed);
        struct built b = t_build(m.t.text);
        struct part part = random_part(b.program, &m.chance);
        check_text(&b);
        play(&part, &plainest, want);
        assert_false(is_silent(want));
        play_random_ways(&part, want, &m.chance);
        for (size_t i = 0; i < vm_op_count; i++)
            used[i] += (unsigned)t_has_op(&m.t, &vm_ops[i]);
        t_free(&b);
    }
    for (size_t i = 0; i < vm_op_count; i++)
        if (used[i] <= 5)
            fail_msg("%s is in %u programs only", vm_ops[i].name, used[i]);
}

/* ---- buffers ---- */

/* From the instruction that writes a register to the last that reads it. */
struct life {
    uint32_t first, last;
};

static void find_lives(const struct rp_program *p, struct life *lives)
{
    for (uint32_t i = 0; i < p->instruction_count; i++) {
        const struct vm_instruction *n = &p->code[i];
        for (unsigned j = 0; j < n->outputs; j++)
            lives[n->out[j]] = (struct life){i, i};
        for (unsigned j = 0; j < n->inputs; j++)
            lives[n->in[j]].last = i;
    }
}

/* The blocks that r's buffer has: a signal of rate k is 2^k as long. */
static uint32_t blocks_of(const struct rp_program *p, const struct life *life)
{
    return UINT32_C(1) << p->code[life->first].rate;
}

/* No two registers alive in one instruction share a block, and there are no more buffers of a rate
 * than registers of that rate alive at once. */
static void check_buffers(const struct rp_program *p)
{
    static struct life lives[4096];
    uint32_t most[VM_MAX_RATE + 1] = {0}, sum = 0, registers = p->totals.registers;
    assert_true(registers < COUNT(lives));
    find_lives(p, lives);
    for (uint32_t i = 0; i < p->instruction_count; i++) {
        uint8_t taken[8 * 4096] = {0};
        uint32_t alive[VM_MAX_RATE + 1] = {0};
        for (uint32_t r = 1; r <= registers; r++) {
            if (p->buffer[r] == VM_NONE || lives[r].first > i || lives[r].last < i)
                continue;
            assert_true(p->buffer[r] + blocks_of(p, &lives[r]) <= p->buffer_blocks);
            for (uint32_t k = 0; k < blocks_of(p, &lives[r]); k++)
                if (taken[p->buffer[r] + k]++)
                    fail_msg("instruction %u: the buffer of r%u is in use", i, r);
            alive[p->code[lives[r].first].rate]++;
        }
        for (unsigned k = 0; k <= VM_MAX_RATE; k++)
            most[k] = alive[k] > most[k] ? alive[k] : most[k];
    }
    for (unsigned k = 0; k <= VM_MAX_RATE; k++)
        sum += most[k] << k;
    assert_int_equal(p->buffer_blocks, sum);
}

static void test_buffers(void **state)
{
    static struct maker m;
    (void)state;
    for (uint64_t seed = 2000; seed < 2050; seed++) {
        make_program(&m, seed);
        struct built b = t_build(m.t.text);
        check_buffers(b.program);
        t_free(&b);
    }
}

/* 200 sines alive at once, summed; the last of them, if asked for, through a node of 8 times the
 * rate. */
static size_t bytes_of_many(int region, unsigned lanes)
{
    static struct listing t;
    unsigned r[200];
    t = (struct listing){0};
    unsigned freq = t_const(&t, 440.0f);
    for (unsigned i = 0; i < COUNT(r); i++)
        r[i] = t_call(&t, "osc_sine", freq);
    if (region) {
        for (unsigned to = 1; to <= 3; to++) {
            t.rate = to;
            r[199] = t_call(&t, "rate_up", r[199]);
        }
        r[199] = t_call(&t, "shape_tanh", r[199], t_const(&t, 1.0f), t_const(&t, 0.0f));
        for (t.rate = 3; t.rate > 0;) {
            t.rate--;
            r[199] = t_call(&t, "rate_down", r[199]);
        }
    }
    for (unsigned i = 1; i < COUNT(r); i++)
        r[0] = t_call(&t, "add", r[0], r[i]);
    t_line(&t, "WRITE_OUTPUT r%u\n", r[0]);
    struct built b = t_build(t.text);
    size_t bytes = rp_group_bytes(b.program, lanes);
    t_free(&b);
    return bytes;
}

/* A node of 8 times the rate takes what it needs: buffers of 2, 4 and, one to read and one to
 * write, 8 blocks, state, and a few calls; not 8 times the 200. */
static void test_memory_of_a_region(void **state)
{
    (void)state;
    for (unsigned w = 0; w < COUNT(t_widths); w++) {
        size_t lanes = t_widths[w], block = RP_BLOCK * lanes * sizeof(float);
        size_t plain = bytes_of_many(0, t_widths[w]), with = bytes_of_many(1, t_widths[w]);
        assert_in_range(plain, 200 * block, 240 * block + 200 * 1024);
        assert_in_range(with, plain + 20 * block, plain + 24 * block + 4096 + 80 * 4 * lanes);
    }
}

/* ---- parameters ---- */

static const char one_param[] = "LOAD_PARAM r1, \"x\"\nWRITE_OUTPUT r1\n";

static struct built param_program(const char *declaration)
{
    char text[256];
    snprintf(text, sizeof text, ".param \"x\" %s\n%s", declaration, one_param);
    return t_build(text);
}

static struct rp_group *started(const struct rp_program *p)
{
    struct rp_group *g = t_group(p, 1, RP_ISA_BEST);
    assert_int_equal(rp_voice_start(g, 0, 0, 0), RP_OK);
    return g;
}

static void test_jump(void **state)
{
    static const float values[] = {2.0f, -1.0f, 11.0f, -11.0f, NAN, INFINITY, -INFINITY, 0.25f};
    static const float heard[] = {2.0f, -1.0f, 10.0f, -10.0f, -10.0f, 10.0f, -10.0f, 0.25f};
    struct built b = param_program("none linear -10 10 3 0");
    struct rp_group *g = started(b.program);
    float out[333];
    (void)state;
    t_run(g, 100, out, NULL);
    for (size_t k = 0; k < 100; k++)
        assert_true(out[k] == 3.0f);
    for (size_t i = 0; i < COUNT(values); i++) {
        assert_int_equal(rp_param_set(g, 0, 0, values[i]), RP_OK);
        t_run(g, 1 + 41 * i, out, NULL);
        for (size_t k = 0; k < 1 + 41 * i; k++)
            assert_true(out[k] == heard[i]);
    }
    assert_int_equal(rp_param_set(g, 1, 0, 0.0f), RP_ARGUMENT);
    assert_int_equal(rp_param_set(g, 0, 1, 0.0f), RP_ARGUMENT);
    assert_int_equal(rp_param_glide(g, 0, 1, 0.0f, 9), RP_ARGUMENT);
    assert_int_equal(rp_voice_start(g, 1, 0, 0), RP_ARGUMENT);
    free(g);
    t_free(&b);
}

/* Frame k of a glide of n: start + (target - start) (k/n), every step rounded; frame n is it. */
static float on_line(float start, float target, uint32_t k, uint32_t n)
{
    return k >= n ? target : start + (target - start) * ((float)k / (float)n);
}

static void test_linear_glide(void **state)
{
    static const uint32_t lengths[] = {1, 2, 63, 64, 65, 100, 1000};
    struct built b = param_program("none linear -10 10 3 0");
    (void)state;
    for (size_t i = 0; i < COUNT(lengths); i++) {
        struct rp_group *g = started(b.program);
        uint32_t n = lengths[i];
        float out[1200];
        t_run(g, 17, out, NULL);
        assert_int_equal(rp_param_glide(g, 0, 0, -7.3f, n), RP_OK);
        t_run(g, 1200, out, NULL);
        for (uint32_t k = 0; k < 1200; k++)
            if (t_bits(out[k]) != t_bits(on_line(3.0f, -7.3f, k, n)))
                fail_msg("frame %u of %u: %.9g", k, n, (double)out[k]);
        assert_true(out[n - 1] > -7.3f && out[n] == -7.3f);
        assert_true(g->gliding[0] == 0 && !g->stale); /* uniform again: nothing is paid for it */
        free(g);
    }
    t_free(&b);
}

/* start (target/start)^(k/n), one way only and between its ends. */
static void glide_exponentially(float low, float high, float from, float to, uint32_t n)
{
    char text[96];
    float out[2048];
    snprintf(text, sizeof text, "none exponential %.9g %.9g %.9g 0", (double)low, (double)high,
             (double)from);
    struct built b = param_program(text);
    struct rp_group *g = started(b.program);
    assert_int_equal(rp_param_glide(g, 0, 0, to, n), RP_OK);
    t_run(g, n + 10, out, NULL);
    assert_int_equal(t_bits(out[0]), t_bits(from));
    for (uint32_t k = 0; k < 10; k++)
        assert_int_equal(t_bits(out[n + k]), t_bits(to));
    for (uint32_t k = 1; k < n; k++) {
        double want = (double)from * pow((double)to / (double)from, (double)k / n);
        if (fabs((double)out[k] / want - 1.0) > 2e-6)
            fail_msg("frame %u of %u: %.9g, not %.9g", k, n, (double)out[k], want);
        assert_true(fabsf(to) > fabsf(from) ? fabsf(out[k]) >= fabsf(out[k - 1])
                                            : fabsf(out[k]) <= fabsf(out[k - 1]));
    }
    free(g);
    t_free(&b);
}

static void test_exponential_glide(void **state)
{
    (void)state;
    glide_exponentially(20.0f, 20000.0f, 440.0f, 880.0f, 100);
    glide_exponentially(20.0f, 20000.0f, 20.0f, 20000.0f, 2000);
    glide_exponentially(20.0f, 20000.0f, 20000.0f, 20.0f, 2000);
    glide_exponentially(-8.0f, -0.001f, -8.0f, -0.001f, 777);
    glide_exponentially(1e-6f, 1.0f, 1.0f, 1e-6f, 480);
    glide_exponentially(1.0f, 2.0f, 1.5f, 1.5f, 64);
}

static void test_glide_while_gliding(void **state)
{
    struct built b = param_program("none linear -10 10 0 0");
    struct rp_group *g = started(b.program);
    float out[500];
    (void)state;
    rp_param_glide(g, 0, 0, 8.0f, 200);
    t_run(g, 77, out, NULL);
    float there = on_line(0.0f, 8.0f, 77, 200);
    rp_param_glide(g, 0, 0, -20.0f, 150); /* held to -10 */
    t_run(g, 100, out, NULL);
    for (uint32_t k = 0; k < 100; k++)
        assert_int_equal(t_bits(out[k]), t_bits(on_line(there, -10.0f, k, 150)));
    rp_param_set(g, 0, 0, 1.0f); /* a jump ends a glide */
    t_run(g, 100, out, NULL);
    for (uint32_t k = 0; k < 100; k++)
        assert_true(out[k] == 1.0f);
    rp_param_glide(g, 0, 0, NAN, 10);
    t_run(g, 11, out, NULL);
    assert_true(out[0] == 1.0f && out[9] > -10.0f && out[10] == -10.0f);
    rp_param_glide(g, 0, 0, 5.0f, 10);
    rp_voice_start(g, 0, 0, 0); /* and so does a new voice */
    t_run(g, 20, out, NULL);
    for (uint32_t k = 0; k < 20; k++)
        assert_true(out[k] == 0.0f);
    free(g);
    t_free(&b);
}

/* Several glides within one call, ending at frames of their own. */
static void test_glides_together(void **state)
{
    struct built b = t_build(".param \"x\" none linear 0 9 0 0\n.param \"y\" none linear 0 9 9 0\n"
                             "LOAD_PARAM r1, \"x\"\nLOAD_PARAM r2, \"y\"\nWRITE_OUTPUT r1, r2\n");
    struct rp_group *g = t_group(b.program, 4, RP_ISA_BEST);
    static float x[4 * 300], y[4 * 300];
    (void)state;
    for (unsigned l = 0; l < 4; l++) {
        rp_voice_start(g, l, 0, 0);
        rp_param_glide(g, l, 0, (float)l + 1.0f, 50 * l); /* none for lane 0: a jump */
        rp_param_glide(g, l, 1, 0.0f, 33 + l);
    }
    t_run(g, 300, x, y);
    for (uint32_t k = 0; k < 300; k++)
        for (unsigned l = 0; l < 4; l++) {
            assert_true(x[4 * k + l] == on_line(0.0f, (float)l + 1.0f, k, 50 * l));
            assert_true(y[4 * k + l] == on_line(9.0f, 0.0f, k, 33 + l));
        }
    free(g);
    t_free(&b);
}

/* The longest glide a snapshot can hold ends, and does not begin again. */
static void test_longest_glide(void **state)
{
    struct built b = param_program("none linear 0 10 0 0");
    struct rp_group *g = started(b.program);
    uint32_t words[64];
    float out[300];
    (void)state;
    rp_param_glide(g, 0, 0, 10.0f, 1234);
    assert_true(rp_snapshot_bytes(b.program) <= sizeof words);
    assert_int_equal(rp_snapshot(g, 0, words, sizeof words), RP_OK);
    assert_int_equal(words[8], 1234); /* header 4, value, start, target, at, length */
    words[8] = UINT32_MAX;
    words[7] = UINT32_MAX - 30;
    assert_int_equal(rp_restore(g, 0, words, sizeof words), RP_OK);
    t_run(g, 300, out, NULL);
    for (uint32_t k = 30; k < 300; k++)
        if (out[k] != 10.0f)
            fail_msg("frame %u after the end: %.9g", k - 30, (double)out[k]);
    rp_param_glide(g, 0, 0, 0.0f, 10);
    t_run(g, 11, out, NULL);
    assert_true(out[0] == 10.0f && out[10] == 0.0f);
    free(g);
    t_free(&b);
}

static void test_positions(void **state)
{
    struct rp_param line = {"", RP_UNIT_NONE, RP_LINEAR, -2.0f, 6.0f, 0.0f, 0};
    struct rp_param curve = {"", RP_UNIT_HZ, RP_EXPONENTIAL, 20.0f, 20480.0f, 440.0f, 0};
    (void)state;
    assert_true(rp_param_at(&line, 0.5f) == 2.0f && rp_param_at(&line, 0.25f) == 0.0f);
    assert_true(fabsf(rp_param_at(&curve, 0.5f) - 640.0f) < 0.001f);
    struct rp_param both[] = {line, curve};
    for (unsigned i = 0; i < 2; i++) {
        assert_true(rp_param_at(&both[i], 0.0f) == both[i].low);
        assert_true(rp_param_at(&both[i], -1.0f) == both[i].low);
        assert_true(rp_param_at(&both[i], NAN) == both[i].low);
        assert_true(rp_param_at(&both[i], 1.0f) == both[i].high);
        assert_true(rp_param_at(&both[i], 7.0f) == both[i].high);
    }
}

/* ---- snapshots ---- */

/* Plays a part in pieces, each in another group, lane and width, by way of snapshots. */
static void play_relay(const struct part *part, uint64_t *chance, float *out)
{
    size_t size = rp_snapshot_bytes(part->program);
    void *bytes = malloc(size), *again = malloc(size);
    assert_true(bytes != NULL && again != NULL);
    struct player p = player(part, &plainest);
    while (p.now < FRAMES) {
        uint32_t until = p.now + 1 + t_below(chance, 500);
        play_to(&p, until < FRAMES ? until : FRAMES, out);
        assert_int_equal(rp_snapshot(p.group, p.way.lane, bytes, size), RP_OK);
        free(p.group);
        struct way way = {.lanes = t_widths[t_below(chance, 4)], .late = t_below(chance, 200)};
        way.lane = t_below(chance, way.lanes);
        way.crowd = (int)t_below(chance, 2);
        way.cut = t_below(chance, 2) ? UINT32_MAX : 0;
        way.chance = t_random(chance);
        struct player next = player(part, &way);
        next.now = p.now;
        next.next = p.next;
        assert_int_equal(rp_restore(next.group, way.lane, bytes, size), RP_OK);
        assert_int_equal(rp_snapshot(next.group, way.lane, again, size), RP_OK);
        assert_memory_equal(bytes, again, size);
        p = next;
    }
    free(p.group);
    free(bytes);
    free(again);
}

static void test_snapshots(void **state)
{
    static float want[CHANNELS * FRAMES], got[CHANNELS * FRAMES];
    static struct maker m;
    (void)state;
    for (uint64_t seed = 0; seed < 60; seed++) {
        if (seed)
            make_program(&m, 1000 + seed);
        struct built b = seed ? t_build(m.t.text) : every_op();
        uint64_t chance = seed;
        struct part part = random_part(b.program, &chance);
        play(&part, &plainest, want);
        memset(got, 0, sizeof got);
        play_relay(&part, &chance, got);
        t_same(got, want, CHANNELS * FRAMES, "by way of snapshots");
        t_free(&b);
    }
}

/* Restoring brings a voice back to an earlier frame; the other lanes go on as if nothing was. */
static void test_restore_leaves_neighbours(void **state)
{
    static float want[4 * 400], got[4 * 400], skip[4 * 100];
    struct built b = every_op();
    size_t size = rp_snapshot_bytes(b.program);
    void *bytes = malloc(size);
    (void)state;
    assert_non_null(bytes);
    for (int restoring = 0; restoring < 2; restoring++) {
        struct rp_group *g = t_group(b.program, 4, RP_ISA_BEST);
        for (unsigned l = 0; l < 4; l++)
            rp_voice_start(g, l, l, l);
        t_run(g, 10, skip, NULL);
        rp_snapshot(g, 1, bytes, size);
        if (restoring)
            rp_param_set(g, 1, 0, 5000.0f);
        t_run(g, 90, skip, NULL);
        if (restoring)
            assert_int_equal(rp_restore(g, 1, bytes, size), RP_OK);
        t_run(g, 400, restoring ? got : want, NULL);
        free(g);
    }
    for (uint32_t k = 0; k < 400; k++)
        for (unsigned l = 0; l < 4; l++)
            if (l != 1)
                assert_int_equal(t_bits(got[4 * k + l]), t_bits(want[4 * k + l]));
            else if (k >= 90)
                assert_int_equal(t_bits(got[4 * k + l]), t_bits(want[4 * (k - 90) + l]));
    free(bytes);
    t_free(&b);
}

static void test_wrong_snapshots(void **state)
{
    struct built b = every_op();
    struct built other = t_build(".param \"x\" none linear 0 1 0 0\n"
                                 "LOAD_PARAM r1, \"x\"\nWRITE_OUTPUT r1\n");
    struct built third = t_build(".param \"x\" none linear 0 1 0.5 0\n"
                                 "LOAD_PARAM r1, \"x\"\nWRITE_OUTPUT r1\n");
    struct rp_group *g = started(b.program), *h = started(other.program);
    struct rp_group *k = started(third.program);
    size_t size = rp_snapshot_bytes(b.program), small = rp_snapshot_bytes(other.program);
    uint32_t *bytes = malloc(size);
    (void)state;
    assert_non_null(bytes);
    assert_int_equal(rp_snapshot(g, 0, bytes, size - 1), RP_MEMORY);
    assert_int_equal(rp_snapshot(g, 1, bytes, size), RP_ARGUMENT);
    assert_int_equal(rp_snapshot(g, 0, bytes, size), RP_OK);
    assert_int_equal(rp_restore(g, 0, bytes, size - 1), RP_MEMORY);
    assert_int_equal(rp_restore(g, 1, bytes, size), RP_ARGUMENT);
    assert_int_equal(rp_restore(h, 0, bytes, size), RP_ARGUMENT);
    assert_int_equal(rp_snapshot(h, 0, bytes, small), RP_OK);
    assert_int_equal(rp_restore(k, 0, bytes, small), RP_ARGUMENT); /* as long, other program */
    bytes[1]++;
    assert_int_equal(rp_restore(h, 0, bytes, small), RP_ARGUMENT);
    bytes[1]--;
    assert_int_equal(rp_restore(h, 0, bytes, small), RP_OK);
    free(bytes);
    free(g);
    free(h);
    free(k);
    t_free(&b);
    t_free(&other);
    t_free(&third);
}

/* ---- not finite ---- */

static const char trouble[] =
    ".param \"x\" none linear -1 1 1 0\n.param \"y\" none linear -1 1 1 0\n"
    ".node \"one\"\nLOAD_CONST r1, 1\n"
    ".node \"clock\"\nLOAD_CONST r2, 100\nCALL_OP osc_sine, r2 -> r3\n"
    ".node \"x\"\nLOAD_PARAM r4, \"x\"\nCALL_OP div, r1, r4 -> r5\n"
    ".node \"y\"\nLOAD_PARAM r6, \"y\"\nCALL_OP div, r3, r6 -> r7\n"
    ".node \"left\"\nCALL_OP add, r5, r3 -> r8\n"
    ".node \"out\"\nWRITE_OUTPUT r8, r7\n";

typedef enum rp_status runner(struct rp_group *, size_t, float *const[], struct rp_error *);

struct trouble {
    unsigned lane, param;
    uint32_t glide; /* from 1 to -1: the middle frame divides by zero */
};

/* Frames before `before` run well, then what is wrong begins. */
static struct rp_group *in_trouble(const struct rp_program *p, unsigned lanes, uint32_t before,
                                   const struct trouble *t, unsigned count)
{
    static float out[16 * 4096];
    struct rp_group *g = t_group(p, lanes, RP_ISA_BEST);
    for (unsigned l = 0; l < lanes; l++)
        if (l != 3) /* one lane stays idle */
            rp_voice_start(g, l, 0, 0);
    t_run(g, before, out, out);
    for (unsigned i = 0; i < count; i++)
        rp_param_glide(g, t[i].lane, t[i].param, t[i].glide ? -1.0f : 0.0f, t[i].glide);
    return g;
}

/* What frames before the trouble must hold, from a group in which there is none. */
static void good_samples(const struct rp_program *p, unsigned lanes, uint32_t before, float *left,
                         float *right)
{
    struct rp_group *g = in_trouble(p, lanes, before, NULL, 0);
    t_run(g, 1000, left, right);
    free(g);
}

static void expect_trouble(unsigned lanes, const struct trouble *t, unsigned count,
                           const struct rp_error *want)
{
    static float left[16 * 1000], right[16 * 1000], want_left[16 * 1000], want_right[16 * 1000];
    float *out[2] = {left, right};
    struct built b = t_build(trouble);
    good_samples(b.program, lanes, 50, want_left, want_right);
    for (int checked = 0; checked < 2; checked++) {
        struct rp_error error = {0};
        struct rp_group *g = in_trouble(b.program, lanes, 50, t, count);
        runner *run = checked ? rp_run_checked : rp_run;
        assert_int_equal(run(g, 1000, out, &error), RP_NOT_FINITE);
        assert_int_equal(error.status, RP_NOT_FINITE);
        assert_int_equal(error.offset, want->offset);
        assert_int_equal(error.lane, want->lane);
        if (checked)
            assert_string_equal(error.node, want->node);
        else
            assert_true(error.node == NULL && error.channel == want->channel);
        assert_true(error.reason[0] != 0);
        size_t good = (size_t)(error.offset - 50) * lanes;
        for (size_t i = 0; i < good; i++) /* lanes without trouble, and lanes before theirs */
            if (i % lanes != t[0].lane && (count < 2 || i % lanes != t[1].lane) && i % lanes != 3) {
                assert_int_equal(t_bits(left[i]), t_bits(want_left[i]));
                assert_int_equal(t_bits(right[i]), t_bits(want_right[i]));
            }
        for (size_t i = 0; i < good; i++)
            assert_true(isfinite(left[i]) && isfinite(right[i]));
        free(g);
    }
    t_free(&b);
}

static void test_not_finite(void **state)
{
    /* A jump to zero acts at once; a glide of 2n frames meets zero at frame n. */
    static const struct {
        struct trouble t[2];
        unsigned count;
        struct rp_error want; /* offset, lane, channel, node */
    } cases[] = {
        {{{0, 0, 0}}, 1, {.offset = 50, .lane = 0, .channel = 0, .node = "x"}},
        {{{0, 0, 200}}, 1, {.offset = 150, .lane = 0, .channel = 0, .node = "x"}},
        {{{0, 1, 200}}, 1, {.offset = 150, .lane = 0, .channel = 1, .node = "y"}},
        {{{0, 1, 2}}, 1, {.offset = 51, .lane = 0, .channel = 1, .node = "y"}},
        {{{0, 0, 1800}, {0, 1, 200}}, 2, {.offset = 150, .channel = 1, .node = "y"}},
        /* both in one stretch, the second channel first */
        {{{0, 0, 120}, {0, 1, 100}}, 2, {.offset = 100, .channel = 1, .node = "y"}},
        {{{0, 0, 100}, {0, 1, 120}}, 2, {.offset = 100, .channel = 0, .node = "x"}},
    };
    (void)state;
    for (size_t w = 0; w < COUNT(t_widths); w++)
        for (size_t i = 0; i < COUNT(cases); i++)
            expect_trouble(t_widths[w], cases[i].t, cases[i].count, &cases[i].want);
    /* The lane is named; the first in time counts. */
    struct trouble two[] = {{2, 0, 120}, {1, 1, 100}};
    expect_trouble(4, two, 2,
                   &(struct rp_error){.offset = 100, .lane = 1, .channel = 1, .node = "y"});
    struct trouble last[] = {{15, 1, 200}};
    expect_trouble(16, last, 1,
                   &(struct rp_error){.offset = 150, .lane = 15, .channel = 1, .node = "y"});
}

/* The frame is the voice's own, not the group's. */
static void test_not_finite_frame_of_voice(void **state)
{
    struct built b = t_build(trouble);
    static float left[4 * 300], right[4 * 300];
    float *out[2] = {left, right};
    (void)state;
    for (int checked = 0; checked < 2; checked++) {
        struct rp_error error;
        struct rp_group *g = t_group(b.program, 4, RP_ISA_BEST);
        rp_voice_start(g, 0, 0, 0);
        t_run(g, 111, left, right);
        rp_voice_start(g, 2, 0, 0);
        t_run(g, 22, left, right);
        rp_param_set(g, 2, 0, 0.0f);
        runner *run = checked ? rp_run_checked : rp_run;
        assert_int_equal(run(g, 300, out, &error), RP_NOT_FINITE);
        assert_int_equal(error.offset, 22);
        assert_int_equal(error.lane, 2);
        free(g);
    }
    t_free(&b);
}

/* An idle lane divides by zero and nobody minds; a null error is allowed. */
static void test_idle_lanes_do_not_matter(void **state)
{
    struct built b = t_build(".param \"x\" none linear 0 1 0 0\nLOAD_CONST r1, 1\n"
                             "LOAD_PARAM r2, \"x\"\nCALL_OP div, r1, r2 -> r3\n"
                             "CALL_OP osc_sine, r1 -> r4\nCALL_OP add, r3, r4 -> r5\n"
                             "WRITE_OUTPUT r3, r5\n");
    static float left[16 * 300], right[16 * 300];
    float *out[2] = {left, right}, *none[2] = {NULL, NULL};
    (void)state;
    for (size_t w = 1; w < COUNT(t_widths); w++) {
        struct rp_group *g = t_group(b.program, t_widths[w], RP_ISA_BEST);
        rp_voice_start(g, 2, 0, 0);
        rp_param_set(g, 2, 0, 1.0f);
        assert_int_equal(rp_run(g, 300, out, NULL), RP_OK);
        assert_int_equal(rp_run_checked(g, 300, out, NULL), RP_OK);
        assert_true(right[2] != 0.0f && left[2] == 1.0f);
        assert_int_equal(rp_run(g, 300, none, NULL), RP_OK); /* no channel wanted */
        rp_param_set(g, 2, 0, 0.0f);
        assert_int_equal(rp_run(g, 300, out, NULL), RP_NOT_FINITE);
        free(g);
    }
    t_free(&b);
}

/* The slow way gives the same samples. */
static void test_checked_is_the_same(void **state)
{
    static float want[CHANNELS * FRAMES], left[FRAMES], right[FRAMES];
    float *out[2] = {left, right};
    struct built b = every_op();
    struct part part = {.program = b.program, .seed = 9, .serial = 9};
    (void)state;
    play(&part, &plainest, want);
    struct rp_group *g = t_group(b.program, 1, RP_ISA_BEST);
    rp_voice_start(g, 0, 9, 9);
    struct rp_error error;
    if (rp_run_checked(g, FRAMES, out, &error) != RP_OK)
        fail_msg("frame %llu: %s: %s", (unsigned long long)error.offset, error.node, error.reason);
    t_same(left, want, FRAMES, "left");
    t_same(right, want + FRAMES, FRAMES, "right");
    free(g);
    t_free(&b);
}

/* ---- threads ---- */

struct errand {
    const struct part *part;
    float out[CHANNELS * FRAMES];
};

static void *run_errand(void *context)
{
    struct errand *e = context;
    struct way way = {.lanes = 8, .lane = 3, .crowd = 1, .cut = UINT32_MAX, .chance = 5};
    for (int i = 0; i < 10; i++)
        play(e->part, &way, e->out);
    return NULL;
}

static void test_threads(void **state)
{
    static struct errand errands[3];
    static float want[CHANNELS * FRAMES];
    struct built b = every_op();
    uint64_t chance = 6;
    struct part parts[3];
    pthread_t threads[3];
    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        parts[i] = random_part(b.program, &chance);
        errands[i].part = &parts[i];
        assert_int_equal(pthread_create(&threads[i], NULL, run_errand, &errands[i]), 0);
    }
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        play(&parts[i], &plainest, want);
        t_same(errands[i].out, want, CHANNELS * FRAMES, "in a thread");
    }
    t_free(&b);
}

/* ---- delay lines against a plain one ---- */

enum { LONG = 6000 };

struct line {
    unsigned low, high;
    double feedback;
    int cycle;      /* read before written */
    float from, to; /* delay in frames: constant, or a glide over 5000 frames */
    float swing;    /* and this much of a 7 Hz sine added */
};

static void line_listing(struct listing *t, const struct line *l, int hear_time)
{
    *t = (struct listing){.size = 0};
    t_line(t, ".param \"time\" none linear 0 100000 %.9g 0\n.delay %u %u\n", (double)l->from,
           l->low, l->high);
    unsigned time = t_param(t, "time"), in = t_noise(t, 1), source, d;
    unsigned wave = t_call(t, "osc_sine", t_const(t, 7.0f));
    unsigned moved = t_call(t, "mul", wave, t_const(t, l->swing));
    if (l->from != l->to || l->swing > 0.0f)
        time = t_call(t, "add", time, moved);
    if (l->cycle) {
        d = t_read(t, 0, time);
        unsigned back = t_call(t, "mul", d, t_const(t, (float)l->feedback));
        source = t_call(t, "add", in, back);
        t_write(t, 0, source);
    } else {
        t_write(t, 0, in);
        d = t_read(t, 0, time);
    }
    t_line(t, "WRITE_OUTPUT r%u, r%u\n", hear_time ? time : in, d);
}

static void hear_line(const struct line *l, int hear_time, float *first, float *second)
{
    static struct listing t;
    line_listing(&t, l, hear_time);
    struct built b = t_build(t.text);
    struct rp_group *g = started(b.program);
    if (l->to != l->from)
        rp_param_glide(g, 0, 0, l->to, 5000);
    t_run(g, LONG, first, second);
    free(g);
    t_free(&b);
}

/* d[n] = w[n - time], linear between frames; w[n] = in + feedback d. */
static void check_line(const struct line *l)
{
    static float in[LONG], time[LONG], got[LONG], same[LONG];
    static double w[LONG];
    double worst = 0.0;
    hear_line(l, 0, in, got);
    hear_line(l, 1, time, same);
    t_same(same, got, LONG, "delay");
    for (int n = 0; n < LONG; n++) {
        double at = fmin(fmax((double)time[n], l->low), l->high), whole = floor(at);
        int k = n - (int)whole;
        w[n] = l->cycle ? 0.0 : (double)in[n];
        double a = k >= 0 ? w[k] : 0.0, b = k >= 1 ? w[k - 1] : 0.0;
        double d = a + (at - whole) * (b - a);
        if (l->cycle)
            w[n] = (double)in[n] + (double)(float)l->feedback * d;
        worst = fmax(worst, fabs(d - (double)got[n]));
    }
    if (!(worst < 3e-6))
        fail_msg("delay %g to %g in %u..%u, feedback %g, swing %g: off by %g", (double)l->from,
                 (double)l->to, l->low, l->high, l->feedback, (double)l->swing, worst);
}

static void test_delays(void **state)
{
    static const struct line lines[] = {
        /* feed-forward: constant, fractional, held at both ends, moving */
        {1, 1, 0.0, 0, 1.0f, 1.0f, 0.0f},
        {1, 10, 0.0, 0, 10.0f, 10.0f, 0.0f},
        {1, 62, 0.0, 0, 61.75f, 61.75f, 0.0f},
        {1, 63, 0.0, 0, 63.0f, 63.0f, 0.0f},
        {1, 64, 0.0, 0, 64.0f, 64.0f, 0.0f},
        {1, 100, 0.0, 0, 1.5f, 1.5f, 0.0f},
        {1, 4000, 0.0, 0, 3999.5f, 3999.5f, 0.0f},
        {1, 4000, 0.0, 0, 4000.0f, 4000.0f, 0.0f},
        {5, 90, 0.0, 0, 0.0f, 0.0f, 0.0f},
        {5, 90, 0.0, 0, 1000.0f, 1000.0f, 0.0f},
        {1, 500, 0.0, 0, 10.0f, 490.0f, 0.0f},
        {1, 500, 0.0, 0, 600.0f, 0.0f, 0.0f},
        {1, 500, 0.0, 0, 250.0f, 250.0f, 240.0f},
        {1, 200, 0.0, 0, 100.0f, 100.0f, 300.0f},
        /* in a cycle: comb filters of 1, 10, 100 frames and longer */
        {1, 1, 0.9, 1, 1.0f, 1.0f, 0.0f},
        {1, 1, -0.5, 1, 1.0f, 1.0f, 0.0f},
        {1, 10, 0.9, 1, 10.0f, 10.0f, 0.0f},
        {2, 2, -0.9, 1, 2.0f, 2.0f, 0.0f},
        {10, 10, -0.9, 1, 10.0f, 10.0f, 0.0f},
        {63, 63, 0.9, 1, 63.0f, 63.0f, 0.0f},
        {64, 64, 0.9, 1, 64.0f, 64.0f, 0.0f},
        {65, 65, 0.9, 1, 65.0f, 65.0f, 0.0f},
        {100, 100, 0.9, 1, 100.0f, 100.0f, 0.0f},
        {100, 200, 0.9, 1, 150.25f, 150.25f, 0.0f},
        {1, 100, 0.9, 1, 100.0f, 100.0f, 0.0f},
        {1000, 4000, 0.95, 1, 1234.5f, 1234.5f, 0.0f},
        {1, 500, 0.9, 1, 1.0f, 499.0f, 0.0f},
        {1, 500, 0.9, 1, 400.0f, 0.0f, 0.0f},
        {10, 500, 0.9, 1, 250.0f, 250.0f, 240.0f},
        {70, 500, -0.9, 1, 250.0f, 250.0f, 300.0f},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(lines); i++)
        check_line(&lines[i]);
}

/* A time that is not a number is the shortest delay. */
static void test_delay_of_nan(void **state)
{
    struct built b = t_build(".delay 3 50\nLOAD_CONST r1, 0\nCALL_OP div, r1, r1 -> r2\n"
                             "CALL_OP noise_white, #00000001 -> r3\nWRITE_PORT p0, r3\n"
                             "READ_PORT p0, r2 -> r4\nWRITE_OUTPUT r3, r4\n");
    struct rp_group *g = started(b.program);
    float in[200], out[200];
    (void)state;
    t_run(g, 200, in, out);
    for (int i = 3; i < 200; i++)
        assert_true(out[i] == in[i - 3]);
    free(g);
    t_free(&b);
}

/* ---- what the CPU offers ---- */

static void test_widths(void **state)
{
    static const unsigned want[] = {1, 1, 4, 4, 4, 8, 8, 8, 8, 16};
    struct built b = t_build(trouble);
    struct rp_error error;
    void *memory = t_memory(1 << 20);
    (void)state;
    for (size_t n = 0; n < COUNT(want); n++)
        assert_int_equal(rp_choose_lanes(n), want[n]);
    assert_int_equal(rp_choose_lanes(100000), 16);
    assert_true(rp_isa_available(RP_ISA_BEST) && rp_isa_available(RP_ISA_BASE));
    assert_null(rp_instantiate(b.program, 3, RP_ISA_BEST, memory, 1 << 20, &error));
    assert_int_equal(error.status, RP_ARGUMENT);
    assert_null(rp_instantiate(b.program, 4, (enum rp_isa)77, memory, 1 << 20, &error));
    assert_int_equal(error.status, RP_ARGUMENT);
    for (int isa = RP_ISA_BASE; isa <= RP_ISA_AVX512; isa++)
        for (size_t w = 0; w < COUNT(t_widths); w++) {
            struct rp_group *g =
                rp_instantiate(b.program, t_widths[w], (enum rp_isa)isa, memory, 1 << 20, &error);
            assert_int_equal(g != NULL, rp_isa_available((enum rp_isa)isa));
        }
    free(memory);
    t_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_op_is_there),
        cmocka_unit_test(test_packing),
        cmocka_unit_test(test_cuts),
        cmocka_unit_test(test_late_start),
        cmocka_unit_test(test_lane_again),
        cmocka_unit_test(test_seeds_differ),
        cmocka_unit_test(test_random_programs),
        cmocka_unit_test(test_buffers),
        cmocka_unit_test(test_memory_of_a_region),
        cmocka_unit_test(test_jump),
        cmocka_unit_test(test_linear_glide),
        cmocka_unit_test(test_exponential_glide),
        cmocka_unit_test(test_glide_while_gliding),
        cmocka_unit_test(test_glides_together),
        cmocka_unit_test(test_longest_glide),
        cmocka_unit_test(test_positions),
        cmocka_unit_test(test_snapshots),
        cmocka_unit_test(test_restore_leaves_neighbours),
        cmocka_unit_test(test_wrong_snapshots),
        cmocka_unit_test(test_not_finite),
        cmocka_unit_test(test_not_finite_frame_of_voice),
        cmocka_unit_test(test_idle_lanes_do_not_matter),
        cmocka_unit_test(test_checked_is_the_same),
        cmocka_unit_test(test_threads),
        cmocka_unit_test(test_delays),
        cmocka_unit_test(test_delay_of_nan),
        cmocka_unit_test(test_widths),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
