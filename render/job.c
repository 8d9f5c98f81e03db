#include "render/job.h"
#include "render/worker.h"
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct member {
    struct crew *crew;
    struct worker worker;
    pthread_mutex_t *lock; /* of the packs' members */
    pthread_t thread;
    struct pack *first; /* chosen before the threads start, so that each has one */
};

/* --- packs -------------------------------------------------------------------------------- */

static bool share_group(const struct take *a, const struct take *b)
{
    const struct sound *x = a->sound, *y = b->sound;
    if (x == y)
        return true;
    if (x->program != y->program || !x->input != !y->input)
        return false;
    return !x->input || strcmp(x->input, y->input) == 0;
}

struct packing {
    struct pack *packs;
    size_t *order;
    size_t count;
};

struct slot {
    size_t first; /* take of the pack, for comparing */
    size_t pack;
    bool used;
};

static size_t hash_of(const struct sound *sound, size_t slots)
{
    uint64_t key = (uint64_t)(uintptr_t)sound->program * UINT64_C(0x9e3779b97f4a7c15);
    for (const char *c = sound->input; c && *c; c++)
        key = (key ^ (unsigned char)*c) * UINT64_C(0x100000001b3);
    return (size_t)(key >> 20) & (slots - 1);
}

/* Finds or makes the pack of a take. */
static size_t pack_of(struct packing *p, struct slot *slots, size_t room, const struct take *takes,
                      size_t take)
{
    size_t at = hash_of(takes[take].sound, room);
    while (slots[at].used && !share_group(&takes[slots[at].first], &takes[take]))
        at = (at + 1) & (room - 1);
    if (!slots[at].used)
        slots[at] = (struct slot){.first = take, .pack = p->count++, .used = true};
    return slots[at].pack;
}

/* Counts, then deals out. `of` becomes each take's pack. */
static void deal(struct packing *p, struct slot *slots, size_t room, const struct take *takes,
                 size_t count, size_t *of)
{
    for (size_t i = 0; i < count; i++) {
        of[i] = pack_of(p, slots, room, takes, i);
        p->packs[of[i]].count++;
    }
    size_t begin = 0;
    for (size_t i = 0; i < p->count; i++) {
        p->packs[i].order = p->order + begin;
        begin += p->packs[i].count;
        p->packs[i].count = 0;
    }
    for (size_t i = 0; i < count; i++) {
        struct pack *pack = &p->packs[of[i]];
        p->order[(size_t)(pack->order - p->order) + pack->count++] = i;
    }
}

static enum render_status make_packs(struct packing *p, const struct take *takes, size_t count,
                                     struct render_error *error)
{
    size_t room = 16;
    while (room < 2 * count)
        room *= 2;
    struct slot *slots = calloc(room, sizeof *slots);
    size_t *of = malloc(count * sizeof *of);
    p->packs = calloc(count, sizeof *p->packs);
    p->order = malloc(count * sizeof *p->order);
    bool there = slots && of && p->packs && p->order;
    if (there)
        deal(p, slots, room, takes, count, of);
    free(slots);
    free(of);
    return there ? RENDER_OK : render_fail(error, RENDER_TROUBLE, "out of memory");
}

/* A pack that all threads would have to share is cut into groups for each of them. */
static void choose_lanes(const struct job *job, const struct packing *p)
{
    for (size_t i = 0; i < p->count; i++) {
        struct pack *pack = &p->packs[i];
        size_t share = p->count >= job->threads ? pack->count
                                                : (pack->count + job->threads - 1) / job->threads;
        pack->lanes = job->lanes ? job->lanes : rp_choose_lanes(share);
    }
}

/* --- threads ------------------------------------------------------------------------------ */

/* The first pack nobody is at; else the one with the most left for each. NULL: none. */
static struct pack *choose_pack(struct member *member)
{
    struct crew *crew = member->crew;
    struct pack *best = NULL;
    size_t most = 0;
    pthread_mutex_lock(member->lock);
    for (size_t i = crew->first_open; i < crew->pack_count; i++) {
        struct pack *pack = &crew->packs[i];
        size_t next = atomic_load(&pack->next);
        if (next >= pack->count) {
            crew->first_open += i == crew->first_open;
            continue;
        }
        size_t left = pack->members ? (pack->count - next) / (pack->members + 1) : SIZE_MAX;
        if (left > most) {
            best = pack;
            most = left;
        }
        if (left == SIZE_MAX)
            break;
    }
    if (best)
        best->members++;
    pthread_mutex_unlock(member->lock);
    return best;
}

static void leave_pack(struct member *member, struct pack *pack)
{
    pthread_mutex_lock(member->lock);
    pack->members--;
    pthread_mutex_unlock(member->lock);
}

static void work(struct member *member)
{
    struct pack *pack = member->first;
    while (pack && !atomic_load_explicit(member->crew->job->stop, memory_order_relaxed)) {
        worker_play(&member->worker, pack);
        leave_pack(member, pack);
        pack = choose_pack(member);
    }
}

static void *thread_main(void *argument)
{
    work(argument);
    return NULL;
}

static size_t thread_count(const struct job *job, const struct packing *p)
{
    size_t groups = 0;
    for (size_t i = 0; i < p->count && groups < job->threads; i++)
        groups += (p->packs[i].count + p->packs[i].lanes - 1) / p->packs[i].lanes;
    return groups < job->threads ? groups : job->threads;
}

/* Fewer threads than asked for do the same work. */
static size_t start_threads(struct member *members, size_t count)
{
    size_t started = 1;
    while (started < count &&
           pthread_create(&members[started].thread, NULL, thread_main, &members[started]) == 0)
        started++;
    return started;
}

static enum render_status lowest_failure(const struct job *job, const struct member *members,
                                         size_t count, struct render_error *error)
{
    const struct worker *lowest = &members[0].worker;
    for (size_t i = 1; i < count; i++)
        if (members[i].worker.failed < lowest->failed)
            lowest = &members[i].worker;
    if (atomic_load(job->stop))
        return render_fail(error, RENDER_INTERRUPTED, "%s", "");
    if (lowest->failed == SIZE_MAX)
        return RENDER_OK;
    *error = lowest->error;
    return error->status;
}

static enum render_status render_with(const struct job *job, struct member *members, size_t count,
                                      struct render_error *error)
{
    size_t started = start_threads(members, count);
    work(&members[0]);
    for (size_t i = 1; i < started; i++)
        pthread_join(members[i].thread, NULL);
    return lowest_failure(job, members, started, error);
}

static enum render_status render_crew(struct crew *crew, const struct packing *packing,
                                      struct render_error *error)
{
    pthread_mutex_t lock;
    size_t threads = thread_count(crew->job, packing);
    struct member *members = calloc(threads, sizeof *members);
    if (!members || pthread_mutex_init(&lock, NULL)) {
        free(members);
        return render_fail(error, RENDER_TROUBLE, "out of memory");
    }
    for (size_t i = 0; i < threads; i++) {
        members[i] = (struct member){.crew = crew, .lock = &lock};
        worker_init(&members[i].worker, crew);
        members[i].worker.reports = i == 0;
        members[i].first = choose_pack(&members[i]);
    }
    enum render_status status = render_with(crew->job, members, threads, error);
    for (size_t i = 0; i < threads; i++)
        worker_free(&members[i].worker);
    pthread_mutex_destroy(&lock);
    free(members);
    return status;
}

enum render_status job_render(const struct job *job, struct take *takes, size_t count,
                              struct render_error *error)
{
    struct packing packing = {0};
    enum render_status status = make_packs(&packing, takes, count, error);
    if (status == RENDER_OK) {
        struct crew crew = {.job = job,
                            .takes = takes,
                            .count = count,
                            .packs = packing.packs,
                            .pack_count = packing.count,
                            .failed = SIZE_MAX};
        choose_lanes(job, &packing);
        status = render_crew(&crew, &packing, error);
    }
    free(packing.packs);
    free(packing.order);
    return status;
}

/* --- names for the files ------------------------------------------------------------------ */

enum {
    FILES_A_THREAD = 64, /* for fewer, a thread is not worth starting */
    MOST_NAMERS = 8      /* a folder is changed by one at a time anyway */
};

struct naming {
    struct take *takes;
    size_t count;
    atomic_size_t next, failed; /* the lowest that failed; SIZE_MAX: none */
};

struct namer {
    struct naming *naming;
    pthread_t thread;
    size_t failed;
    struct render_error error;
};

static void *give_names(void *argument)
{
    struct namer *namer = argument;
    struct naming *n = namer->naming;
    for (;;) {
        size_t i = atomic_fetch_add(&n->next, 1);
        if (i >= n->count || i > atomic_load(&n->failed))
            return NULL;
        if (!n->takes[i].path || audio_commit(&n->takes[i].file, &namer->error) == RENDER_OK)
            continue;
        namer->failed = i;
        size_t lowest = atomic_load(&n->failed);
        while (i < lowest && !atomic_compare_exchange_weak(&n->failed, &lowest, i))
            continue;
        return NULL;
    }
}

enum render_status job_commit(const struct job *job, struct take *takes, size_t count,
                              struct render_error *error)
{
    struct naming naming = {.takes = takes, .count = count, .failed = SIZE_MAX};
    struct namer namers[MOST_NAMERS];
    size_t most = count / FILES_A_THREAD < job->threads ? count / FILES_A_THREAD : job->threads;
    size_t started = 0;
    for (size_t i = 0; i < MOST_NAMERS; i++)
        namers[i] = (struct namer){.naming = &naming, .failed = SIZE_MAX};
    while (started + 1 < most && started + 1 < MOST_NAMERS &&
           pthread_create(&namers[started + 1].thread, NULL, give_names, &namers[started + 1]) == 0)
        started++;
    give_names(&namers[0]);
    for (size_t i = 1; i <= started; i++)
        pthread_join(namers[i].thread, NULL);
    const struct namer *lowest = &namers[0];
    for (size_t i = 1; i <= started; i++)
        if (namers[i].failed < lowest->failed)
            lowest = &namers[i];
    if (lowest->failed == SIZE_MAX)
        return RENDER_OK;
    *error = lowest->error;
    return error->status;
}

void job_discard(struct take *takes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (takes[i].opened)
            audio_discard(&takes[i].file);
        takes[i].opened = false;
    }
}
