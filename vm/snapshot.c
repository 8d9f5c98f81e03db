/* snapshot.c - one voice's state as words, in an order that does not depend on the width of the
 * group: age, parameters, state words, delay lines from the oldest frame on. */
#include "vm/group.h"
#include <string.h>

enum { HEADER_WORDS = 4, PARAM_WORDS = 5 };

static size_t snapshot_words(const struct rp_program *p)
{
    return HEADER_WORDS + PARAM_WORDS * (size_t)p->param_count + p->totals.state + p->totals.delay;
}

size_t rp_snapshot_bytes(const struct rp_program *p)
{
    return snapshot_words(p) * sizeof(uint32_t);
}

/* Moves words between a group and a snapshot, either way, so that one walk serves both. */
struct mover {
    uint8_t *bytes;
    int restoring;
};

static void move(struct mover *m, void *word)
{
    if (m->restoring)
        memcpy(word, m->bytes, sizeof(uint32_t));
    else
        memcpy(m->bytes, word, sizeof(uint32_t));
    m->bytes += sizeof(uint32_t);
}

static void move_params(struct mover *m, const struct rp_group *g, unsigned lane)
{
    for (uint32_t i = 0; i < g->program->param_count; i++) {
        size_t at = i * (size_t)g->lanes + lane;
        struct vm_glide *glide = &g->glide[at];
        move(m, &g->value[at]);
        move(m, &glide->start);
        move(m, &glide->target);
        move(m, &glide->at);
        move(m, &glide->length);
        if (!m->restoring)
            continue;
        g->gliding[i] &= ~(UINT32_C(1) << lane);
        if (glide->at < glide->length)
            g->gliding[i] |= UINT32_C(1) << lane;
    }
}

static void move_voice(struct mover *m, const struct rp_group *g, unsigned lane)
{
    size_t lanes = g->lanes;
    uint32_t age[2] = {(uint32_t)g->age[lane], (uint32_t)(g->age[lane] >> 32)};
    move(m, &age[0]);
    move(m, &age[1]);
    if (m->restoring)
        g->age[lane] = (uint64_t)age[1] << 32 | age[0];
    move_params(m, g, lane);
    for (uint32_t w = 0; w < g->program->totals.state; w++)
        move(m, &g->state[w * lanes + lane]);
    for (uint32_t i = 0; i < g->program->port_count; i++) {
        const struct vm_delay *d = &g->delays[i];
        for (uint32_t k = 0; k < g->program->ports[i].ring; k++)
            move(m, &d->ring[((d->at + k) & d->mask) * lanes + lane]);
    }
}

enum rp_status rp_snapshot(const struct rp_group *g, unsigned lane, void *bytes, size_t size)
{
    struct mover m = {bytes, 0};
    uint32_t words = (uint32_t)snapshot_words(g->program), check = g->program->check;
    if (lane >= g->lanes)
        return RP_ARGUMENT;
    if (size < rp_snapshot_bytes(g->program))
        return RP_MEMORY;
    move(&m, &check);
    move(&m, &words);
    move_voice(&m, g, lane);
    return RP_OK;
}

enum rp_status rp_restore(struct rp_group *g, unsigned lane, const void *bytes, size_t size)
{
    uint32_t header[2];
    if (lane >= g->lanes)
        return RP_ARGUMENT;
    if (size < rp_snapshot_bytes(g->program))
        return RP_MEMORY;
    memcpy(header, bytes, sizeof header);
    if (header[0] != g->program->check || header[1] != snapshot_words(g->program))
        return RP_ARGUMENT;
    struct mover m = {(uint8_t *)(uintptr_t)bytes + sizeof header, 1};
    move_voice(&m, g, lane);
    g->started |= UINT32_C(1) << lane;
    g->stale = 1;
    return RP_OK;
}
