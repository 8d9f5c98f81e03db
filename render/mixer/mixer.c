/* mixer.c - the mixer's tick, its beginning, its end, and what it costs. */
#include "render/mixer/state.h"
#include "vm/float_unit.h"
#include <stdlib.h>
#include <string.h>

/* ---- beginning and end ---- */

static bool make_voices(struct mixer *m)
{
    unsigned voices = m->config.voices;
    size_t slots = 4;
    while (slots < 2 * (size_t)voices)
        slots *= 2;
    m->slot_mask = slots - 1;
    m->oldest = m->youngest = MIX_END;
    m->slots = mix_take(slots, sizeof *m->slots);
    m->sounds = mix_take(voices, sizeof *m->sounds);
    m->idle = mix_take((voices + 63) / 64, sizeof *m->idle);
    m->voice_cost = mix_take(voices, sizeof *m->voice_cost);
    m->heard = mix_take(voices, sizeof *m->heard);
    if (!m->slots || !m->sounds || !m->idle || !m->voice_cost || !m->heard)
        return false;
    for (unsigned v = 0; v < voices; v++)
        m->idle[v / 64] |= UINT64_C(1) << v % 64;
    return true;
}

static bool make_sources(struct mixer *m)
{
    const struct mix_config *c = &m->config;
    m->names = mix_take(c->name_count, sizeof *m->names);
    m->sources = mix_take(c->source_count, sizeof *m->sources);
    for (size_t i = 0; m->sources && i < c->source_count; i++) {
        m->sources[i].ended = MIX_END;
        if (c->sources[i].program)
            m->sources[i].cost = rp_cost(c->sources[i].program);
    }
    return m->names && m->sources;
}

/* A piece of memory cut into ticks of contributions. */
static int32_t **make_parts(int32_t **memory, size_t count)
{
    int32_t **parts = mix_take(count, sizeof *parts);
    for (size_t i = 0; parts && i < count; i++, *memory += 2 * MIX_TICK)
        parts[i] = *memory;
    return parts;
}

static bool make_output(struct mixer *m)
{
    size_t voices = m->config.voices, buses = m->config.bus_count;
    if (m->config.floats)
        m->output.floats = m->floats = mix_take(2 * MIX_TICK, sizeof *m->floats);
    else
        m->output.mix = m->mix = mix_take(2 * MIX_TICK, sizeof *m->mix);
    if (!m->mix && !m->floats)
        return false;
    if (!m->config.parts)
        return true;
    m->part_memory = mix_take((2 * voices + buses) * 2 * MIX_TICK, sizeof *m->part_memory);
    if (!m->part_memory)
        return false;
    int32_t *memory = m->part_memory;
    m->voice = make_parts(&memory, voices);
    m->voice_direct = make_parts(&memory, voices);
    m->bus = make_parts(&memory, buses);
    m->output.heard = m->heard;
    m->output.voice = (const int32_t *const *)m->voice;
    m->output.voice_direct = (const int32_t *const *)m->voice_direct;
    m->output.bus = (const int32_t *const *)m->bus;
    return m->voice && m->voice_direct && m->bus;
}

static bool make_worker(struct mixer *m, struct mix_worker *w)
{
    w->mixer = m;
    w->left = mix_take(MIX_TICK, sizeof *w->left);
    w->right = mix_take(MIX_TICK, sizeof *w->right);
    for (unsigned c = 0; c < 2; c++) {
        w->planes[c] = mix_take(RP_MAX_LANES * (size_t)MIX_TICK, sizeof(float));
        w->signals[c] = mix_take(RP_MAX_LANES * (size_t)MIX_TICK, sizeof(float));
        if (!w->planes[c] || !w->signals[c])
            return false;
    }
    return w->left && w->right && mix_places_make(w);
}

static bool make_workers(struct mixer *m)
{
    m->workers = mix_take(m->config.threads, sizeof *m->workers);
    for (unsigned i = 0; m->workers && i < m->config.threads; i++)
        if (!make_worker(m, &m->workers[i]))
            return false;
    if (m->workers && m->config.threads > 1)
        m->crew = mix_crew_make(m);
    return m->workers && (m->config.threads == 1 || m->crew);
}

static void choose(struct mix_config *c)
{
    if (c->cut == 0 || c->cut > MIX_TICK)
        c->cut = MIX_TICK;
    if (c->check)
        c->lanes = c->threads = 1; /* each voice is then found by itself */
    if (c->tap)
        c->threads = 1;
    if (c->tap && c->tap->several)
        c->lanes = 1;
}

struct mixer *mixer_new(const struct mix_config *config, struct render_error *error)
{
    struct mixer *m = calloc(1, sizeof *m);
    if (m) {
        m->config = *config;
        choose(&m->config);
        m->kernels = mix_kernels(config->isa);
    }
    if (m && make_voices(m) && make_sources(m) && mix_buses_make(m) && mix_params_make(m) &&
        make_output(m) && make_workers(m))
        return m;
    if (m && m->no_thread)
        render_fail(error, RENDER_TROUBLE, "cannot start %u threads: %s", config->threads - 1,
                    strerror(m->no_thread));
    else
        render_fail(error, RENDER_TROUBLE, "out of memory");
    mixer_free(m);
    return NULL;
}

static void free_worker(struct mix_worker *w)
{
    if (!w->mixer)
        return;
    mix_places_free(w);
    for (unsigned c = 0; c < 2; c++) {
        free(w->planes[c]);
        free(w->signals[c]);
    }
    free(w->left);
    free(w->right);
}

void mixer_free(struct mixer *m)
{
    if (!m)
        return;
    mix_crew_free(m->crew);
    for (unsigned i = 0; m->workers && i < m->config.threads; i++)
        free_worker(&m->workers[i]);
    mix_groups_free(m);
    mix_buses_free(m);
    void *const all[] = {m->workers, m->sounds,     m->idle,         m->sources,     m->names,
                         m->slots,   m->voice_cost, m->heard,        m->params,      m->due,
                         m->spans,   m->bus_spans,  m->actions,      m->instances,   m->spare,
                         m->fresh,   m->direct,     m->running,      m->bus_actions, m->mix,
                         m->floats,  m->voice,      m->voice_direct, m->bus,         m->part_memory,
                         m};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        free(all[i]);
}

/* ---- the cost of a tick: docs/mixer.md, 8 ---- */

enum { COST_TICK = 20, COST_COMMAND = 5, COST_BUS = 12 };

static struct mix_cost cost_of(const struct mixer *m)
{
    struct mix_cost cost = {.audio_commands = m->commands, .blame = MIX_NONE};
    uint64_t budget = m->config.budget ? m->config.budget : UINT64_MAX;
    cost.mix_cycles = COST_TICK + COST_COMMAND * (uint64_t)m->commands;
    for (size_t b = 0; b < m->config.bus_count; b++)
        cost.mix_cycles += COST_BUS + m->buses[b].cost;
    for (unsigned v = 0; v < m->config.voices; v++) {
        bool before = cost.mix_cycles > budget;
        cost.voices_active += m->heard[v];
        cost.mix_cycles += m->voice_cost[v];
        if (!before && cost.mix_cycles > budget)
            cost.blame = (int)v;
    }
    cost.over = cost.mix_cycles > budget;
    return cost;
}

static void report_cost(struct mixer *m)
{
    if (!m->config.event)
        return;
    struct mix_event e = mix_event(MIX_EVENT_COST, m->frame, MIX_NONE, MIX_NONE, NULL);
    e.cost = cost_of(m);
    mix_emit(m, e);
}

/* ---- a tick ---- */

static void clear(struct mixer *m, unsigned frames)
{
    m->frames = frames;
    m->commands = 0;
    m->span_count = m->bus_span_count = m->direct_count = 0;
    m->action_count = m->bus_action_count = 0;
    memset(m->voice_cost, 0, m->config.voices * sizeof *m->voice_cost);
    memset(m->heard, 0, m->config.voices * sizeof *m->heard);
    for (unsigned i = 0; i < m->config.threads; i++)
        mix_places_clear(&m->workers[i]);
}

static void clear_parts(struct mixer *m)
{
    size_t bytes = 2 * m->frames * sizeof(int32_t);
    for (unsigned v = 0; m->voice && v < m->config.voices; v++) {
        if (!m->heard[v])
            continue;
        memset(m->voice[v], 0, bytes);
        memset(m->voice_direct[v], 0, bytes);
    }
    for (size_t b = 0; m->bus && b < m->config.bus_count; b++)
        memset(m->bus[b], 0, bytes);
}

static enum render_status fail_finite(const struct mixer *m, const struct mix_fault *f,
                                      struct render_error *error)
{
    const char *kind = f->in_bus ? "bus" : "source", *node = f->node ? f->node : "output";
    const char *name =
        f->in_bus ? m->config.buses[f->voice].name : m->config.sources[f->source].name;
    double seconds = (double)f->frame / RP_SAMPLE_RATE;
    if (f->in_bus)
        render_fail(error, RENDER_WRONG,
                    "%s '%s': node '%s' gives inf or NaN at frame %llu (%.3f s)", kind, name, node,
                    (unsigned long long)f->frame, seconds);
    else
        render_fail(error, RENDER_WRONG,
                    "%s '%s': node '%s' gives inf or NaN at frame %llu (%.3f s) in voice %u, "
                    "frame %llu of the sound",
                    kind, name, node, (unsigned long long)f->frame, seconds, f->voice,
                    (unsigned long long)f->own_frame);
    render_help(error, "nothing was written; a division by zero or a gain above 1 in a feedback "
                       "path is the usual cause");
    return RENDER_WRONG;
}

static const struct mix_fault *first_fault(const struct mixer *m)
{
    const struct mix_fault *first = &m->workers[0].fault;
    for (unsigned i = 1; i < m->config.threads; i++)
        if (mix_fault_sooner(&m->workers[i].fault, first))
            first = &m->workers[i].fault;
    return first->found ? first : NULL;
}

static enum render_status out_of_memory(struct render_error *error)
{
    return render_fail(error, RENDER_TROUBLE, "out of memory");
}

static enum render_status tick(struct mixer *m, const struct mix_command *commands, size_t count,
                               unsigned frames, struct mix_output *output,
                               struct render_error *error)
{
    clear(m, frames);
    mix_control(m, commands, count);
    if (!m->no_memory)
        mix_groups_prepare(m);
    if (m->no_memory)
        return out_of_memory(error);
    clear_parts(m);
    mix_crew_run(m);
    if (!first_fault(m))
        mix_buses_run(m);
    if (m->no_memory)
        return out_of_memory(error);
    const struct mix_fault *fault = first_fault(m);
    if (fault)
        return fail_finite(m, fault, error);
    mix_sounds_settle(m);
    mix_groups_settle(m);
    report_cost(m);
    *output = m->output;
    m->frame += frames;
    return m->no_memory ? out_of_memory(error) : RENDER_OK;
}

enum render_status mixer_tick(struct mixer *m, const struct mix_command *commands, size_t count,
                              unsigned frames, struct mix_output *output,
                              struct render_error *error)
{
    uint32_t host = vm_float_begin();
    enum render_status status = tick(m, commands, count, frames, output, error);
    vm_float_end(host);
    return status;
}

/* ---- what sounds ---- */

/* A sound that ends on the next frame is heard no more. */
static bool goes_on(const struct mixer *m, const struct mix_sound *s)
{
    uint64_t end = mix_sound_end_frame(s);
    if (s->note_end < end && s->fade == 0 && m->config.sources[s->source].sample)
        end = s->note_end;
    return s->sounding && end > m->frame;
}

unsigned mixer_sounding(const struct mixer *m)
{
    unsigned count = 0;
    for (unsigned v = 0; v < m->config.voices; v++)
        count += goes_on(m, &m->sounds[v]);
    return count;
}

bool mixer_endless(const struct mixer *m, struct mix_endless *found)
{
    for (unsigned v = 0; v < m->config.voices; v++) {
        const struct mix_sound *s = &m->sounds[v];
        const struct mix_source *from = &m->config.sources[s->source];
        if (!goes_on(m, s) || mix_sound_end_frame(s) != MIX_NEVER || s->note_end != MIX_NEVER)
            continue;
        if (!from->sample && (from->gate < 0 || s->released))
            continue;
        *found = (struct mix_endless){v, s->source, s->file, s->line};
        return true;
    }
    return false;
}
