/* pthread.h - for WebAssembly without threads: one that is asked for does not start. */
#ifndef WASI_PTHREAD_H
#define WASI_PTHREAD_H

typedef int pthread_t, pthread_mutex_t, pthread_cond_t;

static inline int wasi_nothing(void)
{
    return 0;
}
static inline int wasi_no_thread(void *(*work)(void *), void *context)
{
    (void)work;
    (void)context;
    return 6; /* EAGAIN */
}
#define pthread_create(thread, attributes, work, context) wasi_no_thread(work, context)
#define pthread_join(thread, result)                      ((void)(thread), wasi_nothing())
#define pthread_mutex_init(mutex, attributes)             wasi_nothing()
#define pthread_mutex_destroy(mutex)                      wasi_nothing()
#define pthread_mutex_lock(mutex)                         wasi_nothing()
#define pthread_mutex_unlock(mutex)                       wasi_nothing()
#define pthread_cond_init(cond, attributes)               wasi_nothing()
#define pthread_cond_destroy(cond)                        wasi_nothing()
#define pthread_cond_wait(cond, mutex)                    wasi_nothing()
#define pthread_cond_signal(cond)                         wasi_nothing()
#define pthread_cond_broadcast(cond)                      wasi_nothing()

#endif
