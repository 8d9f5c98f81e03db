/* buses.c - docs/mixer.md, 7: buses in ascending order, then the mix. */
#include "render/mixer/state.h"
#include <stdlib.h>
#include <string.h>

static bool make_effect(struct mixer *m, uint32_t bus)
{
    struct mix_bus_state *b = &m->buses[bus];
    const struct rp_program *program = m->config.buses[bus].program;
    size_t bytes = rp_group_bytes(program, 1);
    b->memory = mix_take_bytes(bytes);
    if (b->memory)
        b->rp = rp_instantiate(program, 1, m->config.isa, b->memory, bytes, NULL);
    if (!b->rp)
        return false;
    rp_voice_start(b->rp, 0, m->config.seed, bus);
    b->cost = rp_cost(program);
    return true;
}

bool mix_buses_make(struct mixer *m)
{
    m->buses = mix_take(m->config.bus_count, sizeof *m->buses);
    for (uint32_t i = 0; m->buses && i < m->config.bus_count; i++) {
        const struct mix_bus *bus = &m->config.buses[i];
        m->buses[i].level = (struct mix_level){mix_still(bus->volume), mix_still(bus->pan)};
        m->buses[i].actions = m->buses[i].spans = MIX_EMPTY;
        if (bus->program && !make_effect(m, i))
            return false;
    }
    return m->buses != NULL;
}

void mix_buses_free(struct mixer *m)
{
    for (size_t i = 0; m->buses && i < m->config.bus_count; i++)
        free(m->buses[i].memory);
    free(m->buses);
}

void mix_act_on_bus(struct mixer *m, uint32_t bus, struct mix_action action)
{
    action.next = MIX_END;
    if (!MIX_ROOM(m, bus_actions, bus_action_count, bus_action_room))
        return;
    uint32_t number = (uint32_t)m->bus_action_count++;
    m->bus_actions[number] = action;
    MIX_APPEND(&m->buses[bus].actions, m->bus_actions, number);
}

void mix_bus_cut(struct mixer *m, uint32_t bus, uint64_t frame)
{
    struct mix_bus_state *b = &m->buses[bus];
    uint32_t end = (uint32_t)(frame - m->frame);
    if (end == b->cut || !MIX_ROOM(m, bus_spans, bus_span_count, bus_span_room))
        return;
    uint32_t number = (uint32_t)m->bus_span_count++;
    m->bus_spans[number] = (struct mix_bus_span){b->cut, end, MIX_END, b->level};
    MIX_APPEND(&b->spans, m->bus_spans, number);
    b->cut = end;
}

/* a, b: what the bus got, as its effect wants it, or in units without one. */
static void take_in(const struct mixer *m, unsigned inputs, const struct mix_place *sums, float *a,
                    float *b)
{
    if (!sums) {
        memset(a, 0, m->frames * sizeof *a);
        memset(b, 0, m->frames * sizeof *b);
        return;
    }
    for (uint32_t i = 0; i < m->frames; i++) {
        int64_t left = sums->sum_left[i], right = sums->sum_right[i];
        if (inputs == 1) {
            a[i] = (float)(left + right) * (0.5f / MIX_UNIT);
        } else if (inputs == 2) {
            a[i] = (float)left * (1.0f / MIX_UNIT);
            b[i] = (float)right * (1.0f / MIX_UNIT);
        } else {
            a[i] = mix_hold((float)left);
            b[i] = mix_hold((float)right);
        }
    }
}

static void keep_fault(struct mixer *m, uint32_t bus, const struct rp_error *error)
{
    struct mix_fault *fault = &m->workers[0].fault;
    if (!fault->found)
        *fault = (struct mix_fault){.found = true,
                                    .in_bus = true,
                                    .frame = error->offset,
                                    .own_frame = error->offset,
                                    .voice = bus,
                                    .node = error->node};
}

/* Through the effect, y to units, in place: one channel, or two. */
static bool run_effect(struct mixer *m, uint32_t bus, float *const signal[2])
{
    struct mix_bus_state *b = &m->buses[bus];
    struct rp_error error;
    uint32_t action = b->actions.first;
    const struct mix_tap *listener = m->config.tap;
    struct rp_tap tap = {.look = NULL};
    if (listener)
        tap = listener->listen(listener->context, -1, (int)bus, 0, 0);
    tap.lane = 0;
    for (uint32_t at = 0, end; at < m->frames; at = end) {
        for (; action != MIX_END && m->bus_actions[action].offset == at;
             action = m->bus_actions[action].next) {
            const struct mix_action *a = &m->bus_actions[action];
            rp_param_glide(b->rp, 0, a->param, a->value, a->frames);
        }
        end = action == MIX_END ? m->frames : m->bus_actions[action].offset;
        if (end - at > m->config.cut)
            end = at + m->config.cut;
        const float *in[2] = {signal[0] + at, signal[1] + at};
        float *out[2] = {signal[0] + at, signal[1] + at};
        if (mix_run(m, b->rp, tap, end - at, in, out, &error) != RP_OK) {
            keep_fault(m, bus, &error);
            return false;
        }
    }
    for (unsigned c = 0; c < rp_channels(m->config.buses[bus].program); c++)
        for (uint32_t i = 0; i < m->frames; i++)
            signal[c][i] = mix_hold(signal[c][i] * MIX_UNIT);
    return true;
}

static bool run_bus(struct mixer *m, uint32_t number)
{
    const struct mix_bus *bus = &m->config.buses[number];
    struct mix_worker *w = &m->workers[0];
    struct mix_place *sums = mix_place_total(m, (int32_t)number);
    struct mix_route route = {.bus = bus->to};
    float *const *signal = w->signals;
    if (!sums && !bus->program)
        return true;
    take_in(m, bus->program ? rp_inputs(bus->program) : 0, sums, signal[0], signal[1]);
    if (bus->program && !run_effect(m, number, signal))
        return false;
    const float *b = signal[bus->program && rp_channels(bus->program) == 1 ? 0 : 1];
    for (uint32_t i = m->buses[number].spans.first; i != MIX_END; i = m->bus_spans[i].next) {
        const struct mix_bus_span *s = &m->bus_spans[i];
        mix_contribute(w, &s->level, &route, true, signal[0] + s->begin, b + s->begin, s->begin,
                       s->end - s->begin, m->bus ? m->bus[number] : NULL, NULL);
    }
    return true;
}

static void put_floats(struct mixer *m)
{
    const struct mix_place *narrow = mix_place_narrow(m, MIX_NONE);
    if (narrow) {
        m->kernels->floats(narrow->left, narrow->right, m->frames, m->floats);
        return;
    }
    const struct mix_place *sums = mix_place_total(m, MIX_NONE);
    if (!sums)
        memset(m->floats, 0, 2 * m->frames * sizeof *m->floats);
    for (uint32_t i = 0; sums && i < m->frames; i++) {
        m->floats[2 * i] = (float)sums->sum_left[i] * (1.0f / MIX_UNIT);
        m->floats[2 * i + 1] = (float)sums->sum_right[i] * (1.0f / MIX_UNIT);
    }
}

static void put_sums(struct mixer *m)
{
    const struct mix_place *sums = mix_place_total(m, MIX_NONE);
    if (!sums)
        memset(m->mix, 0, 2 * m->frames * sizeof *m->mix);
    for (uint32_t i = 0; sums && i < m->frames; i++) {
        m->mix[2 * i] = sums->sum_left[i];
        m->mix[2 * i + 1] = sums->sum_right[i];
    }
}

void mix_buses_run(struct mixer *m)
{
    bool finite = true;
    for (uint32_t i = 0; i < m->config.bus_count && finite; i++) {
        mix_bus_cut(m, i, m->frame + m->frames);
        finite = run_bus(m, i);
        m->buses[i].cut = 0;
        m->buses[i].spans = m->buses[i].actions = MIX_EMPTY;
    }
    if (finite)
        (m->floats ? put_floats : put_sums)(m);
}
