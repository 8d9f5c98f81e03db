/* parts.h - what the tests of groups share: a voice's part, and the ways to play it. */
#ifndef TESTS_VM_PARTS_H
#define TESTS_VM_PARTS_H

#include "listing.h"
#include "vm/group.h"

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

static inline void stir_crowd(struct player *p)
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

static inline uint32_t next_cut(struct player *p, uint32_t until)
{
    uint32_t n = until - p->now;
    uint32_t cut = p->way.cut == UINT32_MAX ? 1 + t_below(&p->way.chance, 200) : p->way.cut;
    if (p->next < p->part->count && p->part->events[p->next].frame < until)
        n = p->part->events[p->next].frame - p->now;
    return cut && cut < n ? cut : n;
}

/* Plays up to frame `until`; out[CHANNELS * FRAMES] receives this voice's samples. */
static inline void play_to(struct player *p, uint32_t until, float *out)
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

static inline void run_before(struct player *p)
{
    static _Thread_local float planes[CHANNELS][1024 * RP_MAX_LANES];
    for (uint32_t left = p->way.late; left > 0;) {
        uint32_t n = left < 1024 ? left : 1024;
        t_run(p->group, n, planes[0], planes[1]);
        left -= n;
    }
}

static inline struct player player(const struct part *part, const struct way *way)
{
    struct player p = {.part = part, .way = *way};
    p.group = t_group(part->program, way->lanes, way->isa);
    for (unsigned l = 0; way->crowd && l < way->lanes; l++)
        rp_voice_start(p.group, l, t_random(&p.way.chance), l);
    run_before(&p);
    assert_int_equal(rp_voice_start(p.group, way->lane, part->seed, part->serial), RP_OK);
    return p;
}

static inline void play(const struct part *part, const struct way *way, float *out)
{
    struct player p = player(part, way);
    memset(out, 0, CHANNELS * FRAMES * sizeof *out);
    play_to(&p, FRAMES, out);
    free(p.group);
}

static inline void assert_played(const struct part *part, const struct way *w, const float *want)
{
    static float got[CHANNELS * FRAMES];
    char what[160];
    play(part, w, got);
    snprintf(what, sizeof what, "lane %u of %u, ISA %d, crowd %d, late %u, cut %u", w->lane,
             w->lanes, (int)w->isa, w->crowd, w->late, w->cut);
    t_same(got, want, CHANNELS * FRAMES, what);
}

static inline int is_silent(const float *samples)
{
    for (size_t i = 0; i < CHANNELS * FRAMES; i++)
        if (samples[i] != 0.0f)
            return 0;
    return 1;
}

/* ---- parts by chance ---- */

static inline float any_value(const struct rp_param *info, uint64_t *chance)
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

static inline int by_frame(const void *a, const void *b)
{
    const struct event *x = a, *y = b;
    return (x->frame > y->frame) - (x->frame < y->frame);
}

static inline struct part random_part(const struct rp_program *program, uint64_t *chance)
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

static inline struct built every_op(void)
{
    static struct listing t;
    t_every_op(&t);
    return t_build(t.text);
}

static inline struct rp_group *started(const struct rp_program *p)
{
    struct rp_group *g = t_group(p, 1, RP_ISA_BEST);
    assert_int_equal(rp_voice_start(g, 0, 0, 0), RP_OK);
    return g;
}

#endif
