/* lanes.c - which group a patch sound runs in. A sound takes the lane of one of its source that
 * ended before it in the tick. Where there is none, it goes into the fullest group that has a free
 * lane. Where there is none either, the voices of the group narrower than the machine's widest move
 * into a wider one together with it: so a source has one narrow group at most, and its sounds fill
 * the lanes there are. Other lanes become free at the end of a tick; a group that has long been
 * idle goes. */
#include "render/mixer/state.h"
#include <stdlib.h>

enum { LONG_IDLE = 600 * MIX_TICK }; /* frames: 10 s */

uint32_t mix_instance_new(struct mixer *m, uint32_t source, uint32_t voice, uint64_t begun)
{
    uint32_t number;
    if (!MIX_ROOM(m, fresh, fresh_count, fresh_room))
        return 0;
    if (m->spare_count > 0) {
        number = m->spare[--m->spare_count];
    } else {
        if (!MIX_ROOM(m, instances, instance_count, instance_room))
            return 0;
        number = (uint32_t)m->instance_count++;
    }
    m->instances[number] = (struct mix_instance){
        .source = source, .voice = voice, .begun = begun, .after = MIX_END, .fresh = true};
    m->fresh[m->fresh_count++] = number;
    return number;
}

void mix_instance_end(struct mixer *m, uint32_t number, uint64_t frame)
{
    m->instances[number].unheard = m->instances[number].begun == frame;
    mix_act(m, (struct mix_action){.kind = MIX_ACTION_STOP,
                                   .offset = (uint32_t)(frame - m->frame),
                                   .instance = number});
}

/* ---- groups ---- */

static void delist(struct mix_group *g)
{
    if (!g->link)
        return;
    *g->link = g->next_open;
    if (g->next_open)
        g->next_open->link = g->link;
    g->link = NULL;
}

/* A group with a free lane is listed by the lanes in use. */
static void set_used(struct mixer *m, struct mix_group *g, unsigned used)
{
    delist(g);
    g->used = used;
    if (used == 0)
        g->idle_from = m->frame;
    if (used == g->lanes)
        return;
    g->link = &m->sources[g->source].open[used];
    g->next_open = *g->link;
    if (g->next_open)
        g->next_open->link = &g->next_open;
    *g->link = g;
}

static void free_group(struct mixer *m, struct mix_group *g)
{
    delist(g);
    if (m->sources[g->source].narrow == g)
        m->sources[g->source].narrow = NULL;
    free(g->memory);
    free(g);
}

static struct mix_group *new_group(struct mixer *m, uint32_t source, unsigned lanes)
{
    const struct rp_program *program = m->config.sources[source].program;
    size_t bytes = rp_group_bytes(program, lanes);
    struct mix_group *g = calloc(1, sizeof *g);
    if (g)
        g->memory = mix_take_bytes(bytes);
    if (g && g->memory)
        g->rp = rp_instantiate(program, lanes, m->config.isa, g->memory, bytes, NULL);
    if (!g || !g->rp) {
        if (g)
            free(g->memory);
        free(g);
        m->no_memory = true;
        return NULL;
    }
    g->source = source;
    g->lanes = lanes;
    g->next = m->groups;
    m->groups = g;
    set_used(m, g, 0);
    return g;
}

static void take_lane(struct mixer *m, struct mix_group *g, uint32_t number)
{
    struct mix_instance *instance = &m->instances[number];
    unsigned lane = 0;
    while (g->taken >> lane & 1)
        lane++;
    g->taken |= UINT32_C(1) << lane;
    g->instance[lane] = number;
    set_used(m, g, g->used + 1);
    instance->group = g;
    instance->lane = lane;
}

static void leave_lane(struct mixer *m, struct mix_group *g, unsigned lane)
{
    rp_voice_stop(g->rp, lane);
    g->taken &= ~(UINT32_C(1) << lane);
    g->live &= ~(UINT32_C(1) << lane);
    set_used(m, g, g->used - 1);
}

/* The state of a voice that has not begun is nothing. */
static void move_lane(struct mixer *m, struct mix_group *from, unsigned lane, struct mix_group *to)
{
    struct mix_source_state *source = &m->sources[from->source];
    uint32_t number = from->instance[lane];
    size_t bytes = rp_snapshot_bytes(m->config.sources[from->source].program);
    if (!m->instances[number].fresh && !source->snapshot)
        source->snapshot = malloc(bytes);
    if (!m->instances[number].fresh && !source->snapshot) {
        m->no_memory = true;
        return;
    }
    take_lane(m, to, number);
    if (!m->instances[number].fresh) {
        rp_snapshot(from->rp, lane, source->snapshot, bytes);
        rp_restore(to->rp, m->instances[number].lane, source->snapshot, bytes);
        to->live |= UINT32_C(1) << m->instances[number].lane;
    }
    leave_lane(m, from, lane);
}

static void move_all(struct mixer *m, struct mix_group *from, struct mix_group *to)
{
    for (unsigned lane = 0; lane < from->lanes && to->used < to->lanes; lane++)
        if (from->taken >> lane & 1)
            move_lane(m, from, lane, to);
}

static struct mix_group *idle_group(const struct mixer *m, uint32_t source, unsigned lanes)
{
    struct mix_group *g = m->sources[source].open[0];
    while (g && g->lanes != lanes)
        g = g->next_open;
    return g;
}

/* No group in use has a free lane. */
static struct mix_group *widen(struct mixer *m, uint32_t number)
{
    struct mix_source_state *source = &m->sources[number];
    struct mix_group *narrow = source->narrow;
    size_t voices = source->fresh + (narrow ? narrow->used : 0);
    unsigned lanes = m->config.lanes ? m->config.lanes : rp_choose_lanes(voices);
    struct mix_group *g = idle_group(m, number, lanes);
    if (!g)
        g = new_group(m, number, lanes);
    if (!g || m->config.lanes)
        return g;
    if (narrow && narrow != g)
        move_all(m, narrow, g);
    source->narrow = lanes < RP_MAX_LANES ? g : NULL;
    return g;
}

static struct mix_group *fullest(const struct mixer *m, uint32_t source)
{
    for (unsigned used = RP_MAX_LANES - 1; used > 0; used--)
        if (m->sources[source].open[used])
            return m->sources[source].open[used];
    return NULL;
}

static void place(struct mixer *m, uint32_t number)
{
    uint32_t source = m->instances[number].source;
    struct mix_group *g = fullest(m, source);
    if (!g)
        g = widen(m, source);
    if (!g)
        return;
    take_lane(m, g, number);
    m->sources[source].fresh--;
}

void mix_act(struct mixer *m, struct mix_action action)
{
    action.next = MIX_END;
    if (MIX_ROOM(m, actions, action_count, action_room))
        m->actions[m->action_count++] = action;
}

static void give_action(struct mixer *m, uint32_t number)
{
    struct mix_group *g = m->instances[m->actions[number].instance].group;
    if (g)
        MIX_APPEND(&g->actions, m->actions, number);
}

static void give_span(struct mixer *m, uint32_t number)
{
    struct mix_group *g = m->instances[m->spans[number].instance].group;
    MIX_APPEND(&g->spans, m->spans, number);
}

/* Only sounds released by the tick's first frame may fall silent. */
static void watch(struct mixer *m)
{
    for (uint32_t v = 0; (v = mix_next_sounding(m, v)) < m->config.voices; v++) {
        const struct mix_sound *s = &m->sounds[v];
        const struct mix_source *source = &m->config.sources[s->source];
        if (source->sample)
            continue;
        bool let_go = source->gate < 0 || (s->released && s->released_at <= m->frame);
        m->instances[s->instance].watched = let_go && s->begun <= m->frame;
        m->instances[s->instance].loud = false;
    }
}

/* Groups in use run. */
static void list_running(struct mixer *m)
{
    for (struct mix_group **link = &m->groups, *g; (g = *link);) {
        if (g->used == 0 && m->frame - g->idle_from >= LONG_IDLE) {
            *link = g->next;
            free_group(m, g);
            continue;
        }
        g->actions = g->spans = MIX_EMPTY;
        if (g->used > 0 && MIX_ROOM(m, running, running_count, running_room))
            m->running[m->running_count++] = g;
        link = &g->next;
    }
}

/* Who takes whose lane: actions are in the order of time. A sound of no frame needs none. */
static void match(struct mixer *m)
{
    for (uint32_t i = 0; i < m->action_count; i++) {
        const struct mix_action *a = &m->actions[i];
        struct mix_instance *instance = &m->instances[a->instance];
        struct mix_source_state *source = &m->sources[instance->source];
        if (a->kind == MIX_ACTION_SET || instance->unheard)
            continue;
        if (a->kind == MIX_ACTION_STOP) {
            instance->next_ended = source->ended;
            source->ended = a->instance;
        } else if (source->ended != MIX_END) {
            instance->after = source->ended;
            source->ended = m->instances[source->ended].next_ended;
        } else {
            source->fresh++;
        }
    }
    for (uint32_t i = 0; i < m->action_count; i++)
        m->sources[m->instances[m->actions[i].instance].source].ended = MIX_END;
}

/* Lanes move while sounds are placed, so those that come after others are last. */
static void place_all(struct mixer *m)
{
    for (size_t i = 0; i < m->fresh_count && !m->no_memory; i++) {
        const struct mix_instance *instance = &m->instances[m->fresh[i]];
        if (!instance->unheard && instance->after == MIX_END)
            place(m, m->fresh[i]);
    }
    for (size_t i = 0; i < m->fresh_count && !m->no_memory; i++) {
        struct mix_instance *instance = &m->instances[m->fresh[i]];
        if (instance->after == MIX_END)
            continue;
        instance->group = m->instances[instance->after].group;
        instance->lane = m->instances[instance->after].lane;
    }
}

void mix_groups_prepare(struct mixer *m)
{
    match(m);
    place_all(m);
    list_running(m);
    if (m->no_memory)
        return;
    watch(m);
    for (uint32_t i = 0; i < m->action_count; i++)
        give_action(m, i);
    for (uint32_t i = 0; i < m->span_count; i++)
        if (m->config.sources[m->spans[i].source].program)
            give_span(m, i);
}

/* Its lane may be another's by now. */
static void settle(struct mixer *m, uint32_t number)
{
    const struct mix_instance *instance = &m->instances[number];
    struct mix_group *g = instance->group;
    if (g && g->instance[instance->lane] == number)
        leave_lane(m, g, instance->lane);
    if (MIX_ROOM(m, spare, spare_count, spare_room))
        m->spare[m->spare_count++] = number;
}

void mix_groups_settle(struct mixer *m)
{
    for (size_t i = 0; i < m->fresh_count; i++)
        m->instances[m->fresh[i]].fresh = false;
    for (size_t i = 0; i < m->action_count; i++)
        if (m->actions[i].kind == MIX_ACTION_STOP)
            settle(m, m->actions[i].instance);
    m->running_count = m->fresh_count = 0;
}

void mix_groups_free(struct mixer *m)
{
    for (struct mix_group *g = m->groups, *next; g; g = next) {
        next = g->next;
        free_group(m, g);
    }
    for (size_t i = 0; m->sources && i < m->config.source_count; i++)
        free(m->sources[i].snapshot);
}
