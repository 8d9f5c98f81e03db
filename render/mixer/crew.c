/* crew.c - a tick's groups and sample spans on several threads. Who does what is a matter of
 * chance; the sums are not, being of integers. */
#include "render/mixer/state.h"
#include "vm/float_unit.h"
#include <pthread.h>
#include <stdlib.h>

enum {
    BATCH = 8,   /* sample spans done at a time */
    WORTH = 64,  /* fewer are done sooner than another thread wakes */
    LOOKS = 1000 /* some 20 microseconds, about what waking takes: who waits looks so often before
                    it sleeps */
};

struct mix_crew {
    struct mixer *mixer;
    pthread_mutex_t lock;
    pthread_cond_t begin, end;
    _Atomic uint64_t tick; /* handed out so far */
    atomic_uint busy;
    bool over;
    unsigned hired;
    struct hand {
        struct mix_crew *crew;
        struct mix_worker *worker;
        pthread_t thread;
    } hands[];
};

static void do_unit(struct mix_worker *w, size_t unit)
{
    const struct mixer *m = w->mixer;
    if (unit < m->running_count) {
        mix_group_run(w, m->running[unit]);
        return;
    }
    size_t first = (unit - m->running_count) * BATCH;
    for (size_t i = first; i < first + BATCH && i < m->direct_count; i++)
        mix_sample_span(w, &m->spans[m->direct[i]]);
}

static size_t unit_count(const struct mixer *m)
{
    return m->running_count + (m->direct_count + BATCH - 1) / BATCH;
}

static void do_units(struct mix_worker *w)
{
    size_t count = unit_count(w->mixer), unit;
    while ((unit = atomic_fetch_add_explicit(&w->mixer->next_unit, 1, memory_order_relaxed)) <
           count)
        do_unit(w, unit);
}

/* Lets the other thread of the core have it for a moment. */
static void pause_briefly(void)
{
#ifdef __SSE__
    _mm_pause();
#endif
}

static void *work(void *context)
{
    struct hand *hand = context;
    struct mix_crew *crew = hand->crew;
    uint64_t done = 0;
    vm_float_begin(); /* a thread may inherit what the host has set */
    for (;;) {
        for (unsigned i = 0; i < LOOKS && crew->tick == done; i++)
            pause_briefly();
        pthread_mutex_lock(&crew->lock);
        while (crew->tick == done && !crew->over)
            pthread_cond_wait(&crew->begin, &crew->lock);
        if (crew->over)
            break;
        done = crew->tick;
        pthread_mutex_unlock(&crew->lock);
        do_units(hand->worker);
        pthread_mutex_lock(&crew->lock);
        if (--crew->busy == 0)
            pthread_cond_signal(&crew->end);
        pthread_mutex_unlock(&crew->lock);
    }
    pthread_mutex_unlock(&crew->lock);
    return NULL;
}

static bool hire(struct mix_crew *crew)
{
    struct hand *hand = &crew->hands[crew->hired];
    hand->crew = crew;
    hand->worker = &crew->mixer->workers[crew->hired + 1];
    crew->mixer->no_thread = pthread_create(&hand->thread, NULL, work, hand);
    if (crew->mixer->no_thread)
        return false;
    crew->hired++;
    return true;
}

struct mix_crew *mix_crew_make(struct mixer *m)
{
    unsigned others = m->config.threads - 1;
    struct mix_crew *crew = calloc(1, sizeof *crew + others * sizeof *crew->hands);
    if (!crew)
        return NULL;
    crew->mixer = m;
    pthread_mutex_init(&crew->lock, NULL);
    pthread_cond_init(&crew->begin, NULL);
    pthread_cond_init(&crew->end, NULL);
    while (crew->hired < others)
        if (!hire(crew)) {
            mix_crew_free(crew);
            return NULL;
        }
    return crew;
}

void mix_crew_free(struct mix_crew *crew)
{
    if (!crew)
        return;
    pthread_mutex_lock(&crew->lock);
    crew->over = true;
    pthread_cond_broadcast(&crew->begin);
    pthread_mutex_unlock(&crew->lock);
    for (unsigned i = 0; i < crew->hired; i++)
        pthread_join(crew->hands[i].thread, NULL);
    pthread_cond_destroy(&crew->end);
    pthread_cond_destroy(&crew->begin);
    pthread_mutex_destroy(&crew->lock);
    free(crew);
}

void mix_crew_run(struct mixer *m)
{
    struct mix_crew *crew = m->crew;
    atomic_store_explicit(&m->next_unit, 0, memory_order_relaxed);
    bool alone = !crew || (m->running_count < 2 && m->direct_count < WORTH);
    if (!alone) {
        pthread_mutex_lock(&crew->lock);
        crew->tick++;
        crew->busy = crew->hired;
        pthread_cond_broadcast(&crew->begin);
        pthread_mutex_unlock(&crew->lock);
    }
    do_units(&m->workers[0]);
    if (alone)
        return;
    for (unsigned i = 0; i < LOOKS && crew->busy > 0; i++)
        pause_briefly();
    pthread_mutex_lock(&crew->lock);
    while (crew->busy > 0)
        pthread_cond_wait(&crew->end, &crew->lock);
    pthread_mutex_unlock(&crew->lock);
}
