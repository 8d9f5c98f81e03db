#define _XOPEN_SOURCE 700 /* realpath, nftw */
#include "diff/work.h"
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static volatile sig_atomic_t stopped_by;

static void on_signal(int number)
{
    stopped_by = number;
}

void work_catch_signals(void)
{
    static const int caught[] = {SIGINT, SIGTERM, SIGHUP};
    struct sigaction action = {.sa_handler = on_signal}, old;
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < sizeof caught / sizeof caught[0]; i++)
        if (sigaction(caught[i], NULL, &old) == 0 && old.sa_handler != SIG_IGN)
            sigaction(caught[i], &action, NULL);
    action.sa_handler = SIG_IGN;
    sigaction(SIGPIPE, &action, NULL);
    sigaction(SIGXFSZ, &action, NULL);
}

int work_stopped(void)
{
    return stopped_by;
}

enum render_status work_go_on(struct render_error *error)
{
    return stopped_by ? render_fail(error, RENDER_INTERRUPTED, "%s", "") : RENDER_OK;
}

enum render_status work_no_memory(struct render_error *error)
{
    return render_fail(error, RENDER_TROUBLE, "out of memory");
}

/* ---- the folder ---- */

/* Beside us, as they are built and installed; else wherever PATH has them. */
static char *find_programs(struct work *w, const char *self)
{
    char path[4096];
    ssize_t length = readlink("/proc/self/exe", path, sizeof path - 16);
    if (length <= 0) {
        char *real = strchr(self, '/') ? realpath(self, NULL) : NULL;
        length = real ? snprintf(path, sizeof path - 16, "%s", real) : 0;
        free(real);
    }
    path[length > 0 ? length : 0] = '\0';
    char *slash = strrchr(path, '/');
    size_t folder = slash ? (size_t)(slash + 1 - path) : 0;
    memcpy(path + folder, "patchrun", sizeof "patchrun");
    if (folder == 0 || access(path, X_OK))
        folder = 0;
    return arena_copy(&w->arena, path, folder);
}

void work_init(struct work *w, const char *self)
{
    *w = (struct work){.serial = 0};
    arena_init(&w->arena);
    w->programs = find_programs(w, self);
}

static int remove_one(const char *path, const struct stat *info, int kind, struct FTW *at)
{
    (void)info, (void)kind, (void)at;
    return remove(path);
}

static int remove_file(const char *path, const struct stat *info, int kind, struct FTW *at)
{
    return at->level > 0 ? remove_one(path, info, kind, at) : 0;
}

/* What we know of goes in any case; what an engine has put there besides must be looked for. */
static void remove_files(struct work *w)
{
    for (; w->files; w->files = w->files->next)
        unlink(w->files->path);
}

void work_clear(struct work *w)
{
    remove_files(w);
    if (w->folder)
        nftw(w->folder, remove_file, 16, FTW_DEPTH | FTW_PHYS);
}

void work_end(struct work *w)
{
    remove_files(w);
    if (w->folder && rmdir(w->folder))
        nftw(w->folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    arena_free(&w->arena);
}

static enum render_status make_folder(struct work *w, struct render_error *error)
{
    const char *place = getenv("TMPDIR");
    char *name = arena_format(&w->arena, "%s/patchdiff-XXXXXX", place && *place ? place : "/tmp");
    if (!name)
        return work_no_memory(error);
    if (!mkdtemp(name)) {
        render_fail(error, RENDER_TROUBLE, "%s: cannot create a folder there: %s",
                    place && *place ? place : "/tmp", strerror(errno));
        render_help(error, "TMPDIR names the place for what is rendered to be compared");
        return RENDER_TROUBLE;
    }
    char *real = realpath(name, NULL); /* engines run in other folders */
    w->folder = real ? arena_copy(&w->arena, real, strlen(real)) : name;
    free(real);
    return RENDER_OK;
}

char *work_path(struct work *w, const char *extension, struct render_error *error)
{
    if (!w->folder && make_folder(w, error) != RENDER_OK)
        return NULL;
    struct work_file *file = arena_take(&w->arena, 1, sizeof *file);
    char *path = arena_format(&w->arena, "%s/%u%s", w->folder, w->serial++, extension);
    if (!path || !file) {
        work_no_memory(error);
        return NULL;
    }
    *file = (struct work_file){w->files, path};
    w->files = file;
    return path;
}

/* ---- words ---- */

static bool blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n';
}

/* Copies one word to `to`, which has room. NULL: a quote is not closed. */
static const char *take_word(const char *at, char *to)
{
    char quote = 0;
    for (; *at && (quote || !blank(*at)); at++) {
        bool escapes = *at == '\\' && quote != '\'' && at[1];
        if (!escapes && (*at == '\'' || *at == '"') && (!quote || quote == *at))
            quote = quote ? 0 : *at;
        else
            *to++ = escapes ? *++at : *at;
    }
    *to = '\0';
    return quote ? NULL : at;
}

char **work_words(struct work *w, const char *text, size_t *count, struct render_error *error)
{
    size_t length = strlen(text);
    char **words = arena_take(&w->arena, length / 2 + 2, sizeof *words);
    char *room = arena_take(&w->arena, 2 * length + 2, 1);
    *count = 0;
    if (!words || !room) {
        work_no_memory(error);
        return NULL;
    }
    for (const char *at = text;;) {
        while (blank(*at))
            at++;
        if (!*at)
            return words;
        words[(*count)++] = room;
        at = take_word(at, room);
        if (!at) {
            render_fail(error, RENDER_WRONG, "a quote is not closed: %s", text);
            return NULL;
        }
        room += strlen(room) + 1;
    }
}

char *work_quote(struct work *w, const char *text)
{
    char *quoted = arena_take(&w->arena, 4 * strlen(text) + 3, 1), *to = quoted;
    if (!quoted)
        return NULL;
    *to++ = '\'';
    for (; *text; text++) {
        if (*text == '\'') {
            memcpy(to, "'\\''", 4);
            to += 4;
        } else {
            *to++ = *text;
        }
    }
    *to = '\'';
    return quoted;
}

/* ---- processes ---- */

static void redirect(const char *path, int to)
{
    int fd = open(path ? path : "/dev/null", O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (fd >= 0)
        dup2(fd, to);
}

static void become(const struct process *p)
{
    int in = open("/dev/null", O_RDONLY);
    setpgid(0, 0); /* what it starts is stopped with it */
    if (in >= 0)
        dup2(in, STDIN_FILENO);
    redirect(p->out, STDOUT_FILENO);
    redirect(p->err, STDERR_FILENO);
    signal(SIGPIPE, SIG_DFL);
    signal(SIGXFSZ, SIG_DFL);
    if (p->folder && chdir(p->folder))
        _exit(126);
    execvp(p->argv[0], p->argv);
    fprintf(stderr, "%s: %s\n", p->argv[0], strerror(errno));
    fflush(stderr);
    _exit(127);
}

/* The signal that stops us stops the process first. It may come between the look and the wait, so
 * we wait in slices. */
static int wait_for(pid_t child)
{
    int status = 0;
    bool told = false;
    for (unsigned long slice = 50000;;) {
        pid_t got = waitpid(child, &status, WNOHANG);
        if (got == child)
            return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
        if (got < 0 && errno != EINTR)
            return 127;
        if (stopped_by && !told) {
            kill(-child, stopped_by == SIGINT ? SIGTERM : stopped_by);
            told = true;
        }
        struct timespec pause = {0, (long)slice};
        nanosleep(&pause, NULL);
        slice = slice < 5000000 ? slice * 2 : slice;
    }
}

enum render_status work_run(const struct process *p, int *code, struct render_error *error)
{
    enum render_status status = work_go_on(error);
    if (status != RENDER_OK)
        return status;
    fflush(NULL);
    pid_t child = fork();
    if (child < 0)
        return render_fail(error, RENDER_TROUBLE, "%s: cannot start: %s", p->argv[0],
                           strerror(errno));
    if (child == 0)
        become(p);
    setpgid(child, child);
    *code = wait_for(child);
    return work_go_on(error);
}

char *work_head(struct work *w, const char *path, size_t most)
{
    FILE *file = fopen(path, "rb");
    char *text = arena_take(&w->arena, most + 1, 1);
    if (file && text)
        text[fread(text, 1, most, file)] = '\0';
    if (file)
        fclose(file);
    for (char *at = text; at && *at; at++)
        if (((unsigned char)*at < ' ' && *at != '\n') || *at == 127)
            *at = ' ';
    size_t length = text ? strlen(text) : 0;
    while (length > 0 && blank(text[length - 1]))
        text[--length] = '\0';
    return text;
}
