/* harsh.c - linked into patchc and patchrun, the linker leading calls here first (--wrap), to see
 * whether anything shows in what they make:
 *
 *   HARSH_HEAVY=SEED   heavy mode: before each 800 frames of a group its voices go to snapshots,
 *                      its memory is overwritten, and they come back. Another group, of another
 *                      width and other lanes, goes on from the snapshots of now and then, and
 *                      must give the same samples, and the same snapshots in the end.
 *   HARSH_THREADS=SEED threads yield, sleep and wake for nothing, by chance.
 *   HARSH_FLOAT=HOW    main begins with the float unit so: flush, upward, downward, zero.
 *   HARSH_LOCALE=NAME  main begins in that locale.
 *
 * What differs ends the program by abort(). Chance is a hash of seed, thread and count. */
#include "conformance/engine.h"
#include "render/mixer/state.h"
#include "vm/group.h"
#include <locale.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* ---- chance ---- */

static uint64_t threads_seed, heavy_seed;
static bool threads_on, heavy_on;
static uint64_t thread_count;
static _Thread_local uint64_t thread_number, thread_turn;

static uint64_t mix64(uint64_t z)
{
    z += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static uint64_t thread_chance(void)
{
    return mix64(mix64(mix64(threads_seed) ^ thread_number) ^ thread_turn++);
}

static _Noreturn void say(const char *what)
{
    fprintf(stderr, "harsh: %s\n", what);
    abort();
}

static void *take(size_t size)
{
    size = (size + RP_ALIGNMENT) / RP_ALIGNMENT * RP_ALIGNMENT;
    void *memory = aligned_alloc(RP_ALIGNMENT, size);
    if (!memory)
        say("out of memory");
    memset(memory, 0xa5, size);
    return memory;
}

/* ---- threads ---- */

static void dawdle(void)
{
    uint64_t chance = threads_on ? thread_chance() : 0;
    struct timespec nap = {0, (long)(chance >> 32 & 0x3ffff)}; /* a quarter of a millisecond */
    if (!threads_on)
        return;
    if (chance % 4 == 0)
        sched_yield();
    else if (chance % 32 == 1)
        nanosleep(&nap, NULL);
    else if (chance % 32 == 2)
        for (int i = 0; i < 20; i++)
            sched_yield();
}

struct beginning {
    void *(*work)(void *);
    void *context;
    uint64_t number;
};

static void *begin(void *argument)
{
    struct beginning *b = argument;
    void *(*work)(void *) = b->work, *context = b->context;
    thread_number = b->number;
    free(b);
    dawdle();
    return work(context);
}

/* The linker's names: what was called, and what is called now. */
#define WRAP(type, name, ...)                                                                      \
    type __real_##name(__VA_ARGS__);                                                               \
    type __wrap_##name(__VA_ARGS__);                                                               \
    type __wrap_##name(__VA_ARGS__)

WRAP(int, pthread_create, pthread_t *thread, const pthread_attr_t *attributes,
     void *(*work)(void *), void *context)
{
    struct beginning *b = malloc(sizeof *b);
    if (!b)
        return -1;
    *b = (struct beginning){work, context, ++thread_count};
    int status = __real_pthread_create(thread, attributes, begin, b);
    if (status)
        free(b);
    dawdle();
    return status;
}

WRAP(int, pthread_mutex_lock, pthread_mutex_t *lock)
{
    dawdle();
    int status = __real_pthread_mutex_lock(lock);
    dawdle();
    return status;
}

WRAP(int, pthread_mutex_unlock, pthread_mutex_t *lock)
{
    int status = __real_pthread_mutex_unlock(lock);
    dawdle();
    return status;
}

/* It may return for no reason at all. */
WRAP(int, pthread_cond_wait, pthread_cond_t *cond, pthread_mutex_t *lock)
{
    if (threads_on && thread_chance() % 3 == 0) {
        __real_pthread_mutex_unlock(lock);
        dawdle();
        return __real_pthread_mutex_lock(lock);
    }
    int status = __real_pthread_cond_wait(cond, lock);
    dawdle();
    return status;
}

WRAP(int, pthread_cond_signal, pthread_cond_t *cond)
{
    dawdle();
    int status = __real_pthread_cond_signal(cond);
    dawdle();
    return status;
}

WRAP(int, pthread_cond_broadcast, pthread_cond_t *cond)
{
    dawdle();
    int status = __real_pthread_cond_broadcast(cond);
    dawdle();
    return status;
}

/* Between two pieces of work of a tick. */
WRAP(void, mix_group_run, struct mix_worker *worker, struct mix_group *group)
{
    dawdle();
    __real_mix_group_run(worker, group);
    dawdle();
}

WRAP(void, mix_sample_span, struct mix_worker *worker, const struct mix_span *span)
{
    dawdle();
    __real_mix_sample_span(worker, span);
}

/* ---- heavy mode ---- */

enum { ROOMS = 1 << 12, LANES = RP_MAX_LANES, TICK = 800, FOLLOW = 12 };

/* A group and what is known of it. A group's address is that of its memory. */
struct room {
    struct room *next;
    struct rp_group *group;
    const struct rp_program *program;
    enum rp_isa isa;
    size_t size;
    uint64_t turn;
    struct rp_group *shadow; /* NULL: none */
    void *shadow_memory;
    unsigned shadow_lanes, shift; /* lane l is there (l + shift) % shadow_lanes */
};

static struct room *rooms[ROOMS];
static pthread_mutex_t rooms_lock = PTHREAD_MUTEX_INITIALIZER;

static struct room *room_of(const struct rp_group *group, bool make)
{
    struct room **at = &rooms[mix64((uintptr_t)group) % ROOMS], *r;
    __real_pthread_mutex_lock(&rooms_lock);
    for (r = *at; r && r->group != group;)
        r = r->next;
    if (!r && make) {
        r = take(sizeof *r);
        *r = (struct room){.next = *at};
        *at = r;
    }
    __real_pthread_mutex_unlock(&rooms_lock);
    return r;
}

static void end_shadow(struct room *r)
{
    free(r->shadow_memory);
    r->shadow_memory = NULL;
    r->shadow = NULL;
}

WRAP(struct rp_group *, rp_instantiate, const struct rp_program *program, unsigned lanes,
     enum rp_isa isa, void *memory, size_t size, struct rp_error *error)
{
    struct rp_group *g = __real_rp_instantiate(program, lanes, isa, memory, size, error);
    if (!heavy_on || !g)
        return g;
    struct room *r = room_of(g, true);
    end_shadow(r);
    r->group = g;
    r->program = program;
    r->isa = isa;
    r->size = rp_group_bytes(program, lanes);
    r->turn = 0;
    return g;
}

static unsigned place_of(const struct room *r, unsigned lane)
{
    return (lane + r->shift) % r->shadow_lanes;
}

#define FOLLOWED(call, ...)                                                                        \
    do {                                                                                           \
        struct room *r = heavy_on ? room_of(group, false) : NULL;                                  \
        if (r && r->shadow && lane < group->lanes)                                                 \
            call(r->shadow, place_of(r, lane) __VA_ARGS__);                                        \
    } while (0)

WRAP(enum rp_status, rp_voice_start, struct rp_group *group, unsigned lane, uint64_t seed,
     uint64_t serial)
{
    FOLLOWED(__real_rp_voice_start, , seed, serial);
    return __real_rp_voice_start(group, lane, seed, serial);
}

WRAP(enum rp_status, rp_voice_stop, struct rp_group *group, unsigned lane)
{
    FOLLOWED(__real_rp_voice_stop, );
    return __real_rp_voice_stop(group, lane);
}

WRAP(enum rp_status, rp_param_set, struct rp_group *group, unsigned lane, unsigned param,
     float value)
{
    FOLLOWED(__real_rp_param_set, , param, value);
    return __real_rp_param_set(group, lane, param, value);
}

WRAP(enum rp_status, rp_param_glide, struct rp_group *group, unsigned lane, unsigned param,
     float value, uint32_t frames)
{
    FOLLOWED(__real_rp_param_glide, , param, value, frames);
    return __real_rp_param_glide(group, lane, param, value, frames);
}

/* A voice moved here by the program itself. */
WRAP(enum rp_status, rp_restore, struct rp_group *group, unsigned lane, const void *bytes,
     size_t size)
{
    FOLLOWED(__real_rp_restore, , bytes, size);
    return __real_rp_restore(group, lane, bytes, size);
}

static size_t snapshots_of(const struct room *r, uint8_t **bytes)
{
    size_t size = rp_snapshot_bytes(r->program);
    *bytes = take(size * r->group->lanes);
    for (unsigned l = 0; l < r->group->lanes; l++)
        if (r->group->started >> l & 1)
            rp_snapshot(r->group, l, *bytes + l * size, size);
    return size;
}

/* The shadow has come to where the group is. */
static void compare_states(const struct room *r, const uint8_t *snapshots, size_t size)
{
    uint8_t *other = take(size);
    for (unsigned l = 0; r->shadow && l < r->group->lanes; l++) {
        if (!(r->group->started >> l & 1))
            continue;
        rp_snapshot(r->shadow, place_of(r, l), other, size);
        if (memcmp(snapshots + l * size, other, size) != 0)
            say("a voice that went on from a snapshot is in another state");
    }
    free(other);
}

static void begin_shadow(struct room *r, const uint8_t *snapshots, size_t size, uint64_t chance)
{
    static const unsigned widths[] = {1, 4, 8, 16};
    unsigned lanes = widths[chance >> 8 & 3];
    if (lanes < r->group->lanes)
        lanes = r->group->lanes;
    size_t bytes = rp_group_bytes(r->program, lanes);
    end_shadow(r);
    r->shadow_lanes = lanes;
    r->shift = (unsigned)(chance >> 16) % lanes;
    r->shadow_memory = take(bytes);
    r->shadow = __real_rp_instantiate(r->program, lanes, chance >> 32 & 1 ? RP_ISA_BASE : r->isa,
                                      r->shadow_memory, bytes, NULL);
    if (!r->shadow)
        say("no group");
    for (unsigned l = 0; l < r->group->lanes; l++)
        if (r->group->started >> l & 1)
            if (__real_rp_restore(r->shadow, place_of(r, l), snapshots + l * size, size) != RP_OK)
                say("a snapshot is refused");
}

/* Its voices leave the group, and come back into memory that holds something else. */
static void wipe(struct room *r, const uint8_t *snapshots, size_t size)
{
    struct rp_group *g = r->group;
    unsigned lanes = g->lanes;
    uint32_t started = g->started;
    memset(g, 0xa5, r->size);
    if (__real_rp_instantiate(r->program, lanes, r->isa, g, r->size, NULL) != g)
        say("no group");
    for (unsigned l = 0; l < lanes; l++)
        if (started >> l & 1 && __real_rp_restore(g, l, snapshots + l * size, size) != RP_OK)
            say("a snapshot is refused");
}

/* What comes in may lie where the group will write. */
static void hear_too(const struct room *r, size_t frames, const float *const in[], float *to[2])
{
    unsigned lanes = r->group->lanes, wide = r->shadow_lanes;
    for (unsigned c = 0; c < rp_inputs(r->program) && in && in[c]; c++) {
        to[c] = take(frames * wide * sizeof(float));
        memset(to[c], 0, frames * wide * sizeof(float));
        for (size_t i = 0; i < frames; i++)
            for (unsigned l = 0; l < lanes; l++)
                to[c][i * wide + place_of(r, l)] = in[c][i * lanes + l];
    }
}

static void compare_frames(const struct room *r, size_t frames, const float *own,
                           const float *shadow)
{
    unsigned lanes = r->group->lanes;
    for (size_t i = 0; i < frames; i++)
        for (unsigned l = 0; l < lanes; l++)
            if (r->group->started >> l & 1 && memcmp(&shadow[i * r->shadow_lanes + place_of(r, l)],
                                                     &own[i * lanes + l], sizeof(float)) != 0)
                say("other samples after a snapshot");
}

WRAP(enum rp_status, rp_process, struct rp_group *, size_t, const float *const[], float *const[],
     struct rp_error *);

static enum rp_status run_both(struct room *r, size_t frames, const float *const in[],
                               float *const out[], struct rp_error *error)
{
    float *heard[2] = {NULL, NULL}, *given[2];
    const float *shadow_in[2];
    hear_too(r, frames, in, heard);
    for (unsigned c = 0; c < 2; c++) {
        shadow_in[c] = heard[c];
        given[c] = take(frames * r->shadow_lanes * sizeof(float));
    }
    enum rp_status status = __real_rp_process(r->group, frames, in, out, error);
    if (status == RP_OK && __real_rp_process(r->shadow, frames, shadow_in, given, NULL) != RP_OK)
        say("it fails after a snapshot");
    for (unsigned c = 0; status == RP_OK && c < rp_channels(r->program); c++)
        compare_frames(r, frames, out[c], given[c]);
    for (unsigned c = 0; c < 2; c++) {
        free(heard[c]);
        free(given[c]);
    }
    return status;
}

static enum rp_status run_heavy(struct room *r, size_t frames, const float *const in[],
                                float *const out[], struct rp_error *error)
{
    uint8_t *snapshots;
    size_t size = snapshots_of(r, &snapshots);
    uint64_t chance = mix64(mix64(heavy_seed ^ r->program->check) ^ r->turn++);
    wipe(r, snapshots, size);
    if (!r->shadow || chance % FOLLOW == 0) {
        compare_states(r, snapshots, size);
        begin_shadow(r, snapshots, size, chance);
    }
    free(snapshots);
    return run_both(r, frames, in, out, error);
}

enum rp_status __wrap_rp_process(struct rp_group *group, size_t frames, const float *const in[],
                                 float *const out[], struct rp_error *error)
{
    struct room *r = heavy_on ? room_of(group, false) : NULL;
    enum rp_status status = RP_OK;
    dawdle();
    if (!r)
        return __real_rp_process(group, frames, in, out, error);
    for (size_t at = 0, n; at < frames && status == RP_OK; at += n) {
        const float *from[2] = {NULL, NULL};
        float *to[2] = {NULL, NULL};
        n = frames - at < TICK ? frames - at : TICK;
        for (unsigned c = 0; c < rp_inputs(r->program) && in; c++)
            from[c] = in[c] ? in[c] + at * group->lanes : NULL;
        for (unsigned c = 0; c < rp_channels(r->program); c++)
            to[c] = out[c] + at * group->lanes;
        status = run_heavy(r, n, in ? from : NULL, to, error);
    }
    return status;
}

/* Looked at on the way, a group goes on alone. */
static void leave(const struct rp_group *group)
{
    struct room *r = heavy_on ? room_of(group, false) : NULL;
    if (r)
        end_shadow(r);
}

WRAP(enum rp_status, rp_process_checked, struct rp_group *group, size_t frames,
     const float *const in[], float *const out[], struct rp_error *error)
{
    leave(group);
    return __real_rp_process_checked(group, frames, in, out, error);
}

WRAP(enum rp_status, rp_process_tapped, struct rp_group *group, size_t frames,
     const float *const in[], float *const out[], const struct rp_tap *tap, struct rp_error *error)
{
    leave(group);
    return __real_rp_process_tapped(group, frames, in, out, tap, error);
}

/* ---- what main finds ---- */

static bool seed_of(const char *name, uint64_t *seed)
{
    const char *text = getenv(name);
    if (text)
        *seed = mix64(strtoull(text, NULL, 10));
    return text != NULL;
}

__attribute__((constructor)) static void prepare(void)
{
    const char *how = getenv("HARSH_FLOAT"), *name = getenv("HARSH_LOCALE");
    threads_on = seed_of("HARSH_THREADS", &threads_seed);
    heavy_on = seed_of("HARSH_HEAVY", &heavy_seed);
    if (name && !setlocale(LC_ALL, name))
        say("no such locale");
    if (how && !host_float(how))
        say("this machine has no such float unit");
}
