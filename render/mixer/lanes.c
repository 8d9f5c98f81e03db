/* lanes.c - which group a patch sound runs in. A new sound goes into the fullest group that has a
 * free lane. Where there is none, the voices of the groups narrower than the machine's widest move
 * into a wider one together with it: so a source has one narrow group at most, and its sounds fill
 * the lanes there are. Lanes become free at the end of a tick. */
#include "render/mixer/state.h"
#include <stdlib.h>
#include <string.h>

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
    m->instances[number] =
        (struct mix_instance){.source = source, .voice = voice, .begun = begun, .fresh = true};
    m->fresh[m->fresh_count++] = number;
    m->sources[source].fresh++;
    return number;
}

static struct mix_group *new_group(struct mixer *m, uint32_t source, unsigned lanes)
{
    const struct rp_program *program = m->config.sources[source].program;
    size_t bytes = rp_group_bytes(program, lanes);
    struct mix_group *g = calloc(1, sizeof *g);
    if (g)
        g->memory =
            aligned_alloc(RP_ALIGNMENT, (bytes + RP_ALIGNMENT - 1) / RP_ALIGNMENT * RP_ALIGNMENT);
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
    g->next = m->sources[source].groups;
    m->sources[source].groups = g;
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
    g->used++;
    instance->group = g;
    instance->lane = lane;
}

static void leave_lane(struct mix_group *g, unsigned lane)
{
    rp_voice_stop(g->rp, lane);
    g->taken &= ~(UINT32_C(1) << lane);
    g->live &= ~(UINT32_C(1) << lane);
    g->used--;
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
    leave_lane(from, lane);
}

static void move_narrower(struct mixer *m, struct mix_group *to)
{
    for (struct mix_group *g = m->sources[to->source].groups; g; g = g->next) {
        if (g == to || g->lanes >= to->lanes)
            continue;
        for (unsigned lane = 0; lane < g->lanes && to->used < to->lanes; lane++)
            if (g->taken >> lane & 1)
                move_lane(m, g, lane, to);
    }
}

static struct mix_group *idle_group(const struct mixer *m, uint32_t source, unsigned lanes)
{
    struct mix_group *g = m->sources[source].groups;
    while (g && (g->lanes != lanes || g->used > 0))
        g = g->next;
    return g;
}

/* No group in use has a free lane. */
static struct mix_group *widen(struct mixer *m, uint32_t source)
{
    size_t voices = m->sources[source].fresh;
    for (struct mix_group *g = m->sources[source].groups; g; g = g->next)
        if (g->lanes < RP_MAX_LANES)
            voices += g->used;
    unsigned lanes = m->config.lanes ? m->config.lanes : rp_choose_lanes(voices);
    struct mix_group *g = idle_group(m, source, lanes);
    if (!g)
        g = new_group(m, source, lanes);
    if (g && m->config.lanes == 0)
        move_narrower(m, g);
    return g;
}

static struct mix_group *fullest(const struct mixer *m, uint32_t source)
{
    struct mix_group *best = NULL;
    for (struct mix_group *g = m->sources[source].groups; g; g = g->next)
        if (g->used > 0 && g->used < g->lanes && (!best || g->used > best->used))
            best = g;
    return best;
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
    struct mix_list *list = &m->instances[m->actions[number].instance].group->actions;
    if (list->first == MIX_END)
        list->first = number;
    else
        m->actions[list->last].next = number;
    list->last = number;
}

static void give_span(struct mixer *m, uint32_t number)
{
    struct mix_list *list = &m->instances[m->spans[number].instance].group->spans;
    if (list->first == MIX_END)
        list->first = number;
    else
        m->spans[list->last].next = number;
    list->last = number;
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

static void list_running(struct mixer *m, struct mix_group *groups)
{
    for (struct mix_group *g = groups; g; g = g->next) {
        g->actions = g->spans = MIX_EMPTY;
        if (g->used > 0 && MIX_ROOM(m, running, running_count, running_room))
            m->running[m->running_count++] = g;
    }
}

void mix_groups_prepare(struct mixer *m)
{
    for (size_t i = 0; i < m->fresh_count && !m->no_memory; i++)
        place(m, m->fresh[i]);
    for (size_t i = 0; i < m->config.source_count; i++)
        list_running(m, m->sources[i].groups);
    if (m->no_memory)
        return;
    watch(m);
    for (uint32_t i = 0; i < m->action_count; i++) {
        m->instances[m->actions[i].instance].over |= m->actions[i].kind == MIX_ACTION_STOP;
        give_action(m, i);
    }
    for (uint32_t i = 0; i < m->span_count; i++)
        if (m->config.sources[m->spans[i].source].program)
            give_span(m, i);
}

static void settle(struct mixer *m, struct mix_group *g)
{
    for (unsigned lane = 0; lane < g->lanes; lane++) {
        if (!(g->taken >> lane & 1))
            continue;
        m->instances[g->instance[lane]].fresh = false;
        if (!m->instances[g->instance[lane]].over)
            continue;
        leave_lane(g, lane);
        if (MIX_ROOM(m, spare, spare_count, spare_room))
            m->spare[m->spare_count++] = g->instance[lane];
    }
}

void mix_groups_settle(struct mixer *m)
{
    for (size_t i = 0; i < m->running_count; i++)
        settle(m, m->running[i]);
    m->running_count = m->fresh_count = 0;
}

void mix_groups_free(struct mixer *m)
{
    for (size_t i = 0; m->sources && i < m->config.source_count; i++) {
        free(m->sources[i].snapshot);
        for (struct mix_group *g = m->sources[i].groups, *next; g; g = next) {
            next = g->next;
            free(g->memory);
            free(g);
        }
    }
}
