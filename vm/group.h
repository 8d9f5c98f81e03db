/* group.h - private to vm/: voices side by side. */
#ifndef VM_GROUP_H
#define VM_GROUP_H

#include "vm/engine.h"
#include "vm/program.h"

/* A parameter of one voice. A glide is under way while at < length. */
struct vm_glide {
    float start, target;
    uint32_t at, length;
};

struct rp_group {
    const struct rp_program *program;
    const struct vm_engine *engine;
    unsigned lanes;
    uint32_t started;        /* bit l: lane l has a voice */
    uint64_t *age;           /* [lane]: frames since its voice started */
    float *value;            /* [param][lane] */
    struct vm_glide *glide;  /* [param][lane] */
    uint32_t *gliding;       /* [param]: bit l: lane l glides */
    float *uniform;          /* [register][lane]: values that do not vary in a stretch */
    uint8_t *varying;        /* [register] */
    uint8_t *rate;           /* [register] */
    float *buffers;          /* [block][frame][lane] */
    uint32_t *state;         /* [word][lane] */
    struct vm_delay *delays; /* [port] */
    struct vm_call *calls;   /* what runs every stretch */
    uint32_t call_count;
    const float *input[VM_MAX_INPUTS]; /* the stretch's first frame; NULL: silence */
    const float *output[2];            /* a buffer, or a uniform row */
    uint32_t output_varies;            /* bit c */
    int stale;                         /* calls and uniform values must be made again */
};

/* Frames for which a buffer of a group has room: calls are short where lanes are few, and the
 * buffers in use should stay in the first cache where they are many. */
static inline uint32_t vm_block(unsigned lanes)
{
    enum { VALUES = 2048 };
    return VALUES / lanes < RP_BLOCK ? VALUES / lanes : RP_BLOCK;
}

/* The value of a parameter of a lane `ahead` frames from now. */
float vm_param_value(const struct rp_group *, unsigned param, unsigned lane, uint32_t ahead);

#endif
