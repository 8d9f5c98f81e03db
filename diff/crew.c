#define _DEFAULT_SOURCE /* processors */
#include "diff/crew.h"
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MOST_JOBS = 256, MOST_WAITING = 200 }; /* files of tasks that are over stay open */

unsigned crew_jobs(void)
{
    long count = sysconf(_SC_NPROCESSORS_ONLN);
    return count < 1 ? 1 : count > MOST_JOBS ? MOST_JOBS : (unsigned)count;
}

/* ---- what comes back ---- */

void crew_put(FILE *file, const char *text)
{
    uint64_t size = text ? strlen(text) : UINT64_MAX;
    fwrite(&size, sizeof size, 1, file);
    if (text)
        fwrite(text, 1, (size_t)size, file);
}

bool crew_get(FILE *file, struct work *w, char **text)
{
    uint64_t size;
    *text = NULL;
    if (fread(&size, sizeof size, 1, file) != 1)
        return false;
    if (size == UINT64_MAX)
        return true;
    *text = arena_take(&w->arena, (size_t)size + 1, 1);
    return *text && fread(*text, 1, (size_t)size, file) == size;
}

/* ---- processes ---- */

struct task {
    pid_t process; /* 0: not begun, or over */
    bool over;
    int status; /* of the process */
    FILE *file;
};

/* The child's end: its error, then what the task wrote. */
static void work_off(const struct crew *c, struct work *w, size_t index, FILE *file)
{
    struct render_error error = {.status = RENDER_OK};
    w->folder = NULL; /* that is the parent's */
    bool failed = fwrite(&error, sizeof error, 1, file) != 1;
    error.status =
        c->task(c->context, w, index, file, &error); /* what failed may have been dealt with */
    failed |= fseek(file, 0, SEEK_SET) || fwrite(&error, sizeof error, 1, file) != 1;
    failed |= fclose(file) != 0;
    work_end(w);
    _exit(failed);
}

static enum render_status begin(const struct crew *c, struct work *w, struct task *t, size_t index,
                                struct render_error *error)
{
    char *path = work_path(w, ".task", error);
    t->file = path ? fopen(path, "w+b") : NULL;
    if (!t->file)
        return path ? render_fail(error, RENDER_TROUBLE, "%s: cannot create: %s", path,
                                  strerror(errno))
                    : error->status;
    unlink(path);
    fflush(NULL);
    t->process = fork();
    if (t->process == 0)
        work_off(c, w, index, t->file);
    if (t->process > 0)
        return RENDER_OK;
    t->process = 0;
    return render_fail(error, RENDER_TROUBLE, "cannot start a process: %s", strerror(errno));
}

static bool is_over(struct task *t)
{
    if (t->process && waitpid(t->process, &t->status, WNOHANG) == t->process) {
        t->process = 0;
        t->over = true;
    }
    return t->over;
}

static enum render_status take(const struct crew *c, struct task *t, size_t index,
                               struct render_error *error)
{
    rewind(t->file);
    bool whole = WIFEXITED(t->status) && WEXITSTATUS(t->status) == 0 &&
                 fread(error, sizeof *error, 1, t->file) == 1;
    if (!whole)
        return render_fail(error, RENDER_TROUBLE,
                           WIFSIGNALED(t->status) ? "a check was ended by signal %d"
                                                  : "a check came to no end (status %d)",
                           WIFSIGNALED(t->status) ? WTERMSIG(t->status) : WEXITSTATUS(t->status));
    if (error->status == RENDER_INTERRUPTED && !work_stopped())
        return render_fail(error, RENDER_TROUBLE, "a check was interrupted");
    return error->status == RENDER_OK ? c->take(c->context, index, t->file, error) : error->status;
}

/* The signal that stops us stops them; each clears up behind itself. */
static void stop_all(struct task *tasks, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (tasks[i].process)
            kill(tasks[i].process, SIGTERM);
        if (tasks[i].process)
            waitpid(tasks[i].process, &tasks[i].status, 0);
        if (tasks[i].file)
            fclose(tasks[i].file);
    }
}

static enum render_status run_all(const struct crew *c, struct work *w, struct task *tasks,
                                  struct render_error *error)
{
    size_t begun = 0, taken = 0;
    enum render_status status = RENDER_OK;
    while (taken < c->count && status == RENDER_OK) {
        unsigned running = 0;
        for (size_t i = taken; i < begun; i++)
            running += !is_over(&tasks[i]);
        if (begun < c->count && running < c->jobs && begun - taken < MOST_WAITING) {
            status = begin(c, w, &tasks[begun], begun, error);
            begun++;
        } else if (tasks[taken].over) {
            status = take(c, &tasks[taken], taken, error);
            fclose(tasks[taken].file);
            tasks[taken++].file = NULL;
        } else {
            nanosleep(&(struct timespec){0, 2000000}, NULL);
        }
        if (status == RENDER_OK)
            status = work_go_on(error);
    }
    return status;
}

enum render_status crew_run(const struct crew *c, struct work *w, struct render_error *error)
{
    struct task *tasks = calloc(c->count + 1, sizeof *tasks);
    if (!tasks)
        return work_no_memory(error);
    enum render_status status = run_all(c, w, tasks, error);
    stop_all(tasks, c->count);
    free(tasks);
    return status;
}
