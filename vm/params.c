/* params.c - parameters from outside: jumps, glides, and the curve between two values. */
#define VM_VEC 1
#include "vm/float_unit.h"
#include "vm/group.h"
#include "vm/math.h"

/* start to target, x of the way. Exponential: start (target/start)^x. */
static float between(enum rp_curve curve, float start, float target, float x)
{
    if (curve == RP_EXPONENTIAL)
        return start * lane_exp2(lane_log2(target / start) * x);
    return start + (target - start) * x;
}

static float clamp_param(const struct rp_param *p, float value)
{
    value = value > p->low ? value : p->low;
    return value < p->high ? value : p->high;
}

static __attribute__((noinline)) float param_at(const struct rp_param *p, float position)
{
    if (!(position > 0.0f))
        return p->low;
    return position < 1.0f ? clamp_param(p, between(p->curve, p->low, p->high, position)) : p->high;
}

float rp_param_at(const struct rp_param *p, float position)
{
    uint32_t host = vm_float_begin();
    float value = param_at(p, position);
    vm_float_end(host);
    return value;
}

float vm_param_value(const struct rp_group *g, unsigned param, unsigned l, uint32_t ahead)
{
    size_t i = (size_t)param * g->lanes + l;
    const struct vm_glide *glide = &g->glide[i];
    const struct rp_param *info = &g->program->params[param];
    if (glide->at >= glide->length)
        return g->value[i];
    if (ahead >= glide->length - glide->at)
        return glide->target;
    float x = (float)(glide->at + ahead) / (float)glide->length;
    return clamp_param(info, between(info->curve, glide->start, glide->target, x));
}

enum rp_status rp_param_set(struct rp_group *g, unsigned l, unsigned param, float value)
{
    return rp_param_glide(g, l, param, value, 0);
}

static __attribute__((noinline)) void set_or_glide(struct rp_group *g, unsigned l, unsigned param,
                                                   float value, uint32_t frames)
{
    size_t i = (size_t)param * g->lanes + l;
    float now = vm_param_value(g, param, l, 0);
    value = clamp_param(&g->program->params[param], value);
    if (frames == 0) {
        g->value[i] = value;
        g->glide[i] = (struct vm_glide){value, value, 0, 0};
        g->gliding[param] &= ~(UINT32_C(1) << l);
    } else {
        g->glide[i] = (struct vm_glide){now, value, 0, frames};
        g->gliding[param] |= UINT32_C(1) << l;
    }
    g->stale = 1;
}

enum rp_status rp_param_glide(struct rp_group *g, unsigned l, unsigned param, float value,
                              uint32_t frames)
{
    if (l >= g->lanes || param >= g->program->param_count)
        return RP_ARGUMENT;
    uint32_t host = vm_float_begin();
    set_or_glide(g, l, param, value, frames);
    vm_float_end(host);
    return RP_OK;
}
