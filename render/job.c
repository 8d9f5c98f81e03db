#include "render/job.h"
#include "render/worker.h"
#include <pthread.h>
#include <stdlib.h>

/* What the threads of a job have in common. */
struct crew {
    const struct job *job;
    struct take *takes;
    size_t count;
    atomic_size_t next;   /* first take of the next group */
    atomic_size_t failed; /* lowest first take of a group that failed; SIZE_MAX: none */
    atomic_uint_fast64_t done;
};

struct member {
    struct crew *crew;
    struct worker worker;
    pthread_t thread;
    size_t failed; /* first take of the group that failed; SIZE_MAX: none */
    struct render_error error;
};

static void note_failure(struct crew *crew, size_t first)
{
    size_t lowest = atomic_load(&crew->failed);
    while (first < lowest && !atomic_compare_exchange_weak(&crew->failed, &lowest, first))
        continue;
}

/* Groups are handed out in ascending order, and those below a failure are finished: so the
 * lowest failure is found whatever the threads' speed. */
static void work(struct member *member)
{
    struct crew *crew = member->crew;
    size_t lanes = crew->job->lanes;
    while (member->failed == SIZE_MAX) {
        size_t first = atomic_fetch_add(&crew->next, lanes);
        if (first >= crew->count || first > atomic_load(&crew->failed))
            return;
        size_t count = crew->count - first < lanes ? crew->count - first : lanes;
        if (worker_render(&member->worker, crew->takes, first, count, &member->error)) {
            member->failed = first;
            note_failure(crew, first);
        }
    }
}

static void *thread_main(void *argument)
{
    work(argument);
    return NULL;
}

static size_t thread_count(const struct job *job, size_t takes)
{
    size_t groups = (takes + job->lanes - 1) / job->lanes;
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

static enum render_status lowest_failure(const struct member *members, size_t count,
                                         struct render_error *error)
{
    const struct member *lowest = &members[0];
    for (size_t i = 1; i < count; i++) {
        if (members[i].failed < lowest->failed)
            lowest = &members[i];
    }
    if (lowest->failed == SIZE_MAX)
        return RENDER_OK;
    *error = lowest->error;
    return error->status;
}

static enum render_status render_with(struct member *members, size_t count,
                                      struct render_error *error)
{
    size_t started = start_threads(members, count);
    work(&members[0]);
    for (size_t i = 1; i < started; i++)
        pthread_join(members[i].thread, NULL);
    return lowest_failure(members, started, error);
}

enum render_status job_render(const struct job *job, struct take *takes, size_t count,
                              struct render_error *error)
{
    struct crew crew = {.job = job, .takes = takes, .count = count, .failed = SIZE_MAX};
    size_t threads = thread_count(job, count), ready = 0;
    struct member *members = calloc(threads, sizeof *members);
    if (!members)
        return render_fail(error, RENDER_TROUBLE, "out of memory");
    enum render_status status = RENDER_OK;
    for (; ready < threads && status == RENDER_OK; ready++) {
        struct member *member = &members[ready];
        member->crew = &crew;
        member->failed = SIZE_MAX;
        status = worker_init(&member->worker, job, job->lanes, error);
        member->worker.done = &crew.done;
        member->worker.reports = ready == 0;
    }
    if (status == RENDER_OK)
        status = render_with(members, threads, error);
    for (size_t i = 0; i < ready; i++)
        worker_free(&members[i].worker);
    free(members);
    return status;
}

enum render_status job_commit(struct take *takes, size_t count, struct render_error *error)
{
    enum render_status status = RENDER_OK;
    for (size_t i = 0; i < count && status == RENDER_OK; i++) {
        if (takes[i].path)
            status = audio_commit(&takes[i].file, error);
    }
    return status;
}

void job_discard(struct take *takes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (takes[i].opened)
            audio_discard(&takes[i].file);
        takes[i].opened = false;
    }
}
