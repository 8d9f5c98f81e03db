/* groups.c - a group runs through the tick in pieces: between the frames on which something
 * happens to one of its lanes, and no longer than what the caches hold. */
#include "render/mixer/state.h"

bool mix_fault_sooner(const struct mix_fault *a, const struct mix_fault *b)
{
    if (!a->found || !b->found)
        return a->found;
    return a->frame != b->frame ? a->frame < b->frame : a->voice < b->voice;
}

enum rp_status mix_run(const struct mixer *m, struct rp_group *g, struct rp_tap tap,
                       uint32_t frames, const float *const in[], float *const out[],
                       struct rp_error *error)
{
    if (tap.look)
        return rp_process_tapped(g, frames, in, out, &tap, error);
    if (m->config.check && m->frame >= m->config.check_from)
        return rp_process_checked(g, frames, in, out, error);
    return rp_process(g, frames, in, out, error);
}

static void act(const struct mixer *m, struct mix_group *g, const struct mix_action *a)
{
    unsigned lane = m->instances[a->instance].lane;
    switch (a->kind) {
    case MIX_ACTION_START:
        rp_voice_start(g->rp, lane, m->config.seed, a->serial);
        g->live |= UINT32_C(1) << lane;
        g->instance[lane] = a->instance;
        break;
    case MIX_ACTION_STOP:
        rp_voice_stop(g->rp, lane);
        g->live &= ~(UINT32_C(1) << lane);
        break;
    case MIX_ACTION_SET:
        rp_param_glide(g->rp, lane, a->param, a->value, a->frames);
        break;
    }
}

/* Lanes whose spans last the whole piece at one level and go to one place: they need not be taken
 * apart. */
struct plain {
    uint32_t lanes; /* bits; 0: none */
    unsigned count;
    int32_t bus;
    float left[RP_MAX_LANES], right[RP_MAX_LANES];
};

/* A tick's walk through a group. */
struct walk {
    struct mix_worker *worker;
    struct mix_group *group;
    uint32_t action, span; /* the next action; the first span that is not over */
    uint32_t at, end;      /* the piece */
    struct plain plain;    /* of the piece */
    bool others, lasting;  /* spans that are not plain; all are, and to the end of the tick */
    bool listens;          /* since an action: */
    uint32_t unheard;      /* lanes that are watched and not yet loud */
};

static bool act_here(struct walk *w)
{
    const struct mixer *m = w->worker->mixer;
    while (w->action != MIX_END && m->actions[w->action].offset == w->at) {
        act(m, w->group, &m->actions[w->action]);
        w->listens = false;
        w->action = m->actions[w->action].next;
    }
    w->end = w->action == MIX_END ? m->frames : m->actions[w->action].offset;
    return w->group->live != 0;
}

static void keep_fault(const struct walk *w, const struct rp_error *error)
{
    const struct mixer *m = w->worker->mixer;
    const struct mix_instance *i = &m->instances[w->group->instance[error->lane]];
    struct mix_fault fault = {.found = true,
                              .frame = i->begun + error->offset,
                              .own_frame = error->offset,
                              .voice = i->voice,
                              .source = i->source,
                              .node = error->node};
    if (mix_fault_sooner(&fault, &w->worker->fault))
        w->worker->fault = fault;
}

/* Lanes among those wanted in which a sample is 2^-15 or more. Most are after a few frames. */
static uint32_t loud_lanes(const struct walk *w, const float *from, uint32_t wanted)
{
    enum { LOOK = 32 };
    uint32_t n = w->end - w->at, found = 0;
    for (uint32_t at = 0; at < n && (found & wanted) != wanted; at += LOOK)
        found |= w->worker->mixer->kernels->loud(from + at * (size_t)w->group->lanes,
                                                 w->group->lanes, n - at < LOOK ? n - at : LOOK);
    return found & wanted;
}

static uint32_t unheard_lanes(const struct walk *w)
{
    const struct mix_group *g = w->group;
    uint32_t lanes = 0;
    for (unsigned lane = 0; lane < g->lanes; lane++) {
        const struct mix_instance *i = &w->worker->mixer->instances[g->instance[lane]];
        if (g->live >> lane & 1 && i->watched && !i->loud)
            lanes |= UINT32_C(1) << lane;
    }
    return lanes;
}

static void listen(struct walk *w, unsigned channels)
{
    const struct mix_group *g = w->group;
    uint32_t found = 0;
    if (!w->listens)
        w->unheard = unheard_lanes(w);
    w->listens = true;
    for (unsigned c = 0; c < channels && w->unheard; c++)
        found |= loud_lanes(w, w->worker->planes[c], w->unheard);
    w->unheard &= ~found;
    for (unsigned lane = 0; lane < g->lanes && found; lane++)
        if (found >> lane & 1)
            w->worker->mixer->instances[g->instance[lane]].loud = true;
}

static void mix_span_part(const struct walk *w, const struct mix_span *span, unsigned channels)
{
    const struct mixer *m = w->worker->mixer;
    uint32_t from = span->begin > w->at ? span->begin : w->at;
    uint32_t to = span->end < w->end ? span->end : w->end;
    if (from >= to)
        return;
    size_t first = m->instances[span->instance].lane * (size_t)MIX_TICK + from - w->at;
    mix_patch_span(w->worker, span, w->worker->signals[0] + first,
                   w->worker->signals[channels - 1] + first, from, to - from);
}

static void find_plain(struct walk *w, bool stereo)
{
    const struct mixer *m = w->worker->mixer;
    struct plain *plain = &w->plain;
    plain->lanes = plain->count = 0;
    w->others = false;
    w->lasting = true;
    for (uint32_t i = w->span; i != MIX_END; i = m->spans[i].next) {
        const struct mix_span *span = &m->spans[i];
        w->lasting &= span->end == m->frames;
        if (span->begin > w->at || span->end < w->end ||
            (plain->lanes && span->route.bus != plain->bus) ||
            !mix_is_plain(w->worker, &span->level, &span->route, w->at)) {
            w->others |= span->begin < w->end;
            w->lasting = false;
            continue;
        }
        unsigned lane = m->instances[span->instance].lane;
        struct mix_gains gains = mix_gains(span->level.volume.to, span->level.pan.to, stereo);
        plain->bus = span->route.bus;
        plain->lanes |= UINT32_C(1) << lane;
        plain->count++;
        plain->left[lane] = gains.left;
        plain->right[lane] = gains.right;
    }
    for (unsigned lane = 0; lane < w->group->lanes; lane++)
        if (!(plain->lanes >> lane & 1))
            plain->left[lane] = plain->right[lane] = 0.0f;
}

/* Spans of a sound follow each other, and are listed by their ends. */
static void mix_piece(struct walk *w, unsigned channels)
{
    const struct mixer *m = w->worker->mixer;
    const struct mix_group *g = w->group;
    float *const *planes = w->worker->planes;
    uint32_t n = w->end - w->at;
    const struct plain *plain = &w->plain;
    while (w->span != MIX_END && m->spans[w->span].end <= w->at)
        w->span = m->spans[w->span].next;
    if (!w->lasting)
        find_plain(w, channels > 1);
    for (unsigned c = 0; w->others && c < channels; c++)
        m->kernels->planes(planes[c], g->lanes, n, w->worker->signals[c]);
    listen(w, channels);
    if (plain->count > 0) {
        struct mix_place *place = mix_place(w->worker, plain->bus, plain->count);
        m->kernels->add_lanes(planes[0], planes[channels - 1], g->lanes, n, plain->left,
                              plain->right, place->left + w->at, place->right + w->at);
    }
    for (uint32_t i = w->span; w->others && i != MIX_END; i = m->spans[i].next)
        if (!(plain->lanes >> m->instances[m->spans[i].instance].lane & 1))
            mix_span_part(w, &m->spans[i], channels);
}

/* What listens to the first lane whose voice is listened to. */
static struct rp_tap tap_lane(const struct walk *w)
{
    const struct mixer *m = w->worker->mixer;
    const struct mix_tap *listener = m->config.tap;
    struct rp_tap tap = {.look = NULL};
    for (unsigned lane = 0; listener && !tap.look && lane < w->group->lanes; lane++) {
        const struct mix_instance *i = &m->instances[w->group->instance[lane]];
        if (w->group->live >> lane & 1)
            tap = listener->listen(listener->context, (int)i->voice, -1, i->begun, w->at);
        tap.lane = lane;
    }
    return tap;
}

static bool run_piece(struct walk *w)
{
    const struct mixer *m = w->worker->mixer;
    const struct mix_group *g = w->group;
    unsigned channels = rp_channels(m->config.sources[g->source].program);
    uint32_t n = w->end - w->at;
    struct rp_error error;
    if (mix_run(m, g->rp, tap_lane(w), n, NULL, w->worker->planes, &error) != RP_OK) {
        keep_fault(w, &error);
        return false;
    }
    mix_piece(w, channels);
    return true;
}

void mix_group_run(struct mix_worker *worker, struct mix_group *g)
{
    const struct mixer *m = worker->mixer;
    struct walk w = {
        .worker = worker, .group = g, .action = g->actions.first, .span = g->spans.first};
    uint32_t piece = MIX_PIECE / g->lanes;
    if (piece > m->config.cut)
        piece = m->config.cut;
    while (w.at < m->frames) {
        if (act_here(&w)) {
            if (w.end - w.at > piece)
                w.end = w.at + piece;
            if (!run_piece(&w))
                return;
        }
        w.at = w.end;
    }
}
