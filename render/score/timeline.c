/* timeline.c - sorted runs of commands, in memory and in files, and their merge.
 *
 * Runs that were spilled lie in the file of level 0. When that has FAN runs they are merged into
 * one run of level 1, and so on: no more than FAN runs of a level are ever open, and every command
 * is copied once a level. A run that follows on the one before it is joined to it, so that commands
 * that come in order make one run however many they are. */
#include "render/score/timeline.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    RUN_BYTES = 4 * 1024 * 1024,
    READ_BYTES = 4 * 1024 * 1024, /* for all runs of a merge together */
    WRITE_COMMANDS = 1024,
    FAN = 256,
    LEVELS = 8, /* FAN^8 runs are more than any disk has */
    SMALL = 16, /* sorted by insertion */
};

_Static_assert(sizeof(struct mix_command) == 96, "padding would go into the file unset");

struct run {
    off_t begin;
    uint64_t count;
    struct mix_command last;
};

struct level {
    int open, fd;
    off_t size;
    size_t count;
    struct run runs[FAN];
};

/* A run being read: [at, end) is what lies in memory. */
struct cursor {
    const struct mix_command *at, *end;
    struct mix_command *buffer; /* NULL: it was all in memory */
    size_t room;
    int fd;
    off_t next;
    uint64_t left;
};

struct merge {
    struct cursor *cursors;
    struct cursor **heap; /* the one with the earliest command first */
    size_t count;
    struct mix_command *buffers;
};

struct timeline {
    struct mix_command *run;
    size_t used, capacity, most;
    int unsorted;
    struct mix_command *spare; /* for sorting */
    size_t spare_capacity;
    uint64_t last;
    struct level levels[LEVELS];
    struct merge merge;
    size_t next; /* in `run`, when nothing was spilled */
    struct mix_command *out;
    size_t out_capacity;
};

static int before(const struct mix_command *a, const struct mix_command *b)
{
    return a->frame != b->frame ? a->frame < b->frame : a->order < b->order;
}

static enum render_status no_memory(struct render_error *error)
{
    return render_fail(error, RENDER_TROUBLE, "out of memory for the score's commands");
}

static enum render_status file_trouble(struct render_error *error, const char *what)
{
    render_fail(error, RENDER_TROUBLE, "cannot %s a temporary file: %s", what, strerror(errno));
    render_help(error, "a long score needs room there; TMPDIR names another folder");
    return RENDER_TROUBLE;
}

/* --- sorting a run ------------------------------------------------------------------------- */

static void sort_small(struct mix_command *list, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        struct mix_command c = list[i];
        size_t at = i;
        for (; at > 0 && before(&c, &list[at - 1]); at--)
            list[at] = list[at - 1];
        list[at] = c;
    }
}

/* from[0, middle) and from[middle, count) are sorted; so is to[0, count) afterwards. */
static void merge_halves(const struct mix_command *from, size_t middle, size_t count,
                         struct mix_command *to)
{
    size_t a = 0, b = middle, n = 0;
    if (middle >= count || !before(&from[middle], &from[middle - 1])) {
        memcpy(to, from, count * sizeof *to);
        return;
    }
    while (a < middle && b < count)
        to[n++] = before(&from[b], &from[a]) ? from[b++] : from[a++];
    memcpy(to + n, from + a, (middle - a) * sizeof *to);
    memcpy(to + n + middle - a, from + b, (count - b) * sizeof *to);
}

static void sort(struct mix_command *list, struct mix_command *spare, size_t count)
{
    for (size_t i = 0; i < count; i += SMALL)
        sort_small(list + i, count - i < SMALL ? count - i : SMALL);
    struct mix_command *from = list, *to = spare;
    for (size_t width = SMALL; width < count; width *= 2) {
        for (size_t i = 0; i < count; i += 2 * width) {
            size_t both = count - i < 2 * width ? count - i : 2 * width;
            merge_halves(from + i, width < both ? width : both, both, to + i);
        }
        struct mix_command *swap = from;
        from = to, to = swap;
    }
    if (from != list)
        memcpy(list, from, count * sizeof *list);
}

static enum render_status sort_run(struct timeline *t, struct render_error *error)
{
    if (!t->unsorted)
        return RENDER_OK;
    if (t->spare_capacity < t->used) {
        free(t->spare);
        t->spare = malloc(t->capacity * sizeof *t->spare);
        t->spare_capacity = t->spare ? t->capacity : 0;
    }
    if (!t->spare)
        return no_memory(error);
    sort(t->run, t->spare, t->used);
    t->unsorted = 0;
    return RENDER_OK;
}

/* --- files --------------------------------------------------------------------------------- */

static enum render_status open_file(struct level *level, struct render_error *error)
{
    if (level->open)
        return RENDER_OK;
    const char *folder = getenv("TMPDIR");
    folder = folder && *folder ? folder : "/tmp";
    const size_t bytes = strlen(folder) + sizeof "/repatch-XXXXXX";
    char *path = malloc(bytes);
    if (!path)
        return no_memory(error);
    snprintf(path, bytes, "%s/repatch-XXXXXX", folder);
    level->fd = mkstemp(path);
    level->open = level->fd >= 0;
    int why = errno;
    if (level->open) {
        fcntl(level->fd, F_SETFD, FD_CLOEXEC);
        unlink(path); /* it goes when it is closed, whatever happens */
    }
    free(path);
    if (level->open)
        return RENDER_OK;
    render_fail(error, RENDER_TROUBLE, "cannot make a temporary file in '%s': %s", folder,
                strerror(why));
    render_help(error, "TMPDIR names the folder for such files");
    return RENDER_TROUBLE;
}

static enum render_status write_all(struct level *level, const struct mix_command *list,
                                    size_t count, struct render_error *error)
{
    const char *bytes = (const char *)list;
    size_t left = count * sizeof *list;
    while (left > 0) {
        ssize_t done = pwrite(level->fd, bytes, left, level->size);
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return file_trouble(error, "write");
        bytes += done;
        left -= (size_t)done;
        level->size += done;
    }
    return RENDER_OK;
}

static enum render_status read_all(const struct cursor *c, size_t count, struct render_error *error)
{
    char *bytes = (char *)c->buffer;
    size_t left = count * sizeof *c->buffer;
    off_t at = c->next;
    while (left > 0) {
        ssize_t done = pread(c->fd, bytes, left, at);
        if (done < 0 && errno == EINTR)
            continue;
        if (done == 0)
            errno = EIO; /* shorter than it was written */
        if (done <= 0)
            return file_trouble(error, "read");
        bytes += done;
        left -= (size_t)done;
        at += done;
    }
    return RENDER_OK;
}

/* --- merging runs -------------------------------------------------------------------------- */

static enum render_status refill(struct cursor *c, struct render_error *error)
{
    size_t count = c->left < c->room ? (size_t)c->left : c->room;
    if (read_all(c, count, error))
        return RENDER_TROUBLE;
    c->at = c->buffer;
    c->end = c->buffer + count;
    c->next += (off_t)(count * sizeof *c->buffer);
    c->left -= count;
    return RENDER_OK;
}

static void sift_down(struct merge *m, size_t i)
{
    struct cursor *c = m->heap[i];
    for (;;) {
        size_t child = 2 * i + 1;
        if (child >= m->count)
            break;
        if (child + 1 < m->count && before(m->heap[child + 1]->at, m->heap[child]->at))
            child++;
        if (!before(m->heap[child]->at, c->at))
            break;
        m->heap[i] = m->heap[child];
        i = child;
    }
    m->heap[i] = c;
}

static void merge_close(struct merge *m)
{
    free(m->cursors);
    free(m->heap);
    free(m->buffers);
    *m = (struct merge){NULL, NULL, 0, NULL};
}

static struct cursor file_cursor(const struct level *level, const struct run *run)
{
    return (struct cursor){.fd = level->fd, .next = run->begin, .left = run->count};
}

static enum render_status take_memory(struct merge *m, size_t runs, struct render_error *error)
{
    size_t room = READ_BYTES / sizeof(struct mix_command) / runs;
    room = room > SMALL ? room : SMALL;
    m->cursors = calloc(runs, sizeof *m->cursors);
    m->heap = calloc(runs, sizeof *m->heap);
    m->buffers = calloc(runs * room, sizeof *m->buffers);
    if (!m->cursors || !m->heap || !m->buffers)
        return no_memory(error);
    for (size_t i = 0; i < runs; i++) {
        m->cursors[i].buffer = m->buffers + i * room;
        m->cursors[i].room = room;
    }
    return RENDER_OK;
}

/* The runs of levels [first, end), and `extra` commands in memory, if there are any. */
static enum render_status merge_open(struct timeline *t, int first, int end, size_t extra,
                                     struct merge *m, struct render_error *error)
{
    size_t runs = extra > 0, n = 0;
    for (int i = first; i < end; i++)
        runs += t->levels[i].count;
    if (take_memory(m, runs, error))
        return RENDER_TROUBLE;
    for (int i = first; i < end; i++)
        for (size_t r = 0; r < t->levels[i].count; r++, n++) {
            struct cursor c = file_cursor(&t->levels[i], &t->levels[i].runs[r]);
            c.buffer = m->cursors[n].buffer;
            c.room = m->cursors[n].room;
            m->cursors[n] = c;
            if (refill(&m->cursors[n], error))
                return RENDER_TROUBLE;
        }
    if (extra)
        m->cursors[n] = (struct cursor){.at = t->run, .end = t->run + extra};
    for (m->count = 0; m->count < runs; m->count++)
        m->heap[m->count] = &m->cursors[m->count];
    for (size_t i = runs / 2; i > 0; i--)
        sift_down(m, i - 1);
    return RENDER_OK;
}

/* Past the earliest command. */
static enum render_status merge_step(struct merge *m, struct render_error *error)
{
    struct cursor *c = m->heap[0];
    c->at++;
    if (c->at == c->end && c->left > 0 && refill(c, error))
        return RENDER_TROUBLE;
    if (c->at == c->end)
        m->heap[0] = m->heap[--m->count];
    if (m->count)
        sift_down(m, 0);
    return RENDER_OK;
}

/* --- spilling ------------------------------------------------------------------------------ */

static struct run *last_run(struct level *level)
{
    return level->count ? &level->runs[level->count - 1] : NULL;
}

/* Where commands that begin with `first` go: into the last run, if they follow on it. */
static struct run *run_for(struct level *level, const struct mix_command *first)
{
    struct run *run = last_run(level);
    if (run && !before(first, &run->last))
        return run;
    level->runs[level->count] = (struct run){.begin = level->size};
    return &level->runs[level->count++];
}

static enum render_status collapse(struct timeline *t, int number, struct render_error *error);

static enum render_status make_room(struct timeline *t, int number, struct render_error *error)
{
    if (number >= LEVELS)
        return render_fail(error, RENDER_TROUBLE, "the score has too many commands");
    if (open_file(&t->levels[number], error))
        return RENDER_TROUBLE;
    return t->levels[number].count < FAN ? RENDER_OK : collapse(t, number, error);
}

static enum render_status write_merged(struct merge *m, struct level *to, struct run *run,
                                       struct render_error *error)
{
    struct mix_command *buffer = malloc(WRITE_COMMANDS * sizeof *buffer);
    if (!buffer)
        return no_memory(error);
    enum render_status status = RENDER_OK;
    while (m->count && !status) {
        size_t n = 0;
        while (m->count && n < WRITE_COMMANDS && !status) {
            buffer[n++] = *m->heap[0]->at;
            status = merge_step(m, error);
        }
        run->last = buffer[n - 1];
        run->count += n;
        if (!status)
            status = write_all(to, buffer, n, error);
    }
    free(buffer);
    return status;
}

/* All runs of a level become one of the next. */
static enum render_status collapse(struct timeline *t, int number, struct render_error *error)
{
    struct level *from = &t->levels[number];
    struct merge merge = {NULL, NULL, 0, NULL};
    enum render_status status = make_room(t, number + 1, error);
    if (!status)
        status = merge_open(t, number, number + 1, 0, &merge, error);
    if (!status) {
        struct level *to = &t->levels[number + 1];
        status = write_merged(&merge, to, run_for(to, merge.heap[0]->at), error);
    }
    merge_close(&merge);
    if (!status && ftruncate(from->fd, 0))
        status = file_trouble(error, "shorten");
    from->count = 0;
    from->size = 0;
    return status;
}

static enum render_status spill(struct timeline *t, struct render_error *error)
{
    if (sort_run(t, error) || make_room(t, 0, error))
        return RENDER_TROUBLE;
    struct level *level = &t->levels[0];
    struct run *run = run_for(level, &t->run[0]);
    run->last = t->run[t->used - 1];
    run->count += t->used;
    enum render_status status = write_all(level, t->run, t->used, error);
    t->used = 0;
    return status;
}

static int spilled(const struct timeline *t)
{
    return t->levels[0].open;
}

/* --- the timeline -------------------------------------------------------------------------- */

struct timeline *timeline_new(size_t run, struct render_error *error)
{
    struct timeline *t = calloc(1, sizeof *t);
    if (!t) {
        no_memory(error);
        return NULL;
    }
    t->most = run ? run : RUN_BYTES / sizeof(struct mix_command);
    return t;
}

void timeline_free(struct timeline *t)
{
    if (!t)
        return;
    for (int i = 0; i < LEVELS; i++)
        if (t->levels[i].open)
            close(t->levels[i].fd);
    merge_close(&t->merge);
    free(t->run);
    free(t->spare);
    free(t->out);
    free(t);
}

/* Makes *list hold more than `used`, but no more than `most`. */
static enum render_status grow(struct mix_command **list, size_t *capacity, size_t used,
                               size_t most, struct render_error *error)
{
    if (used < *capacity)
        return RENDER_OK;
    size_t more = *capacity ? *capacity * 2 : 64;
    more = more < most ? more : most;
    struct mix_command *grown =
        more > SIZE_MAX / sizeof *grown ? NULL : realloc(*list, more * sizeof *grown);
    if (!grown)
        return no_memory(error);
    *list = grown;
    *capacity = more;
    return RENDER_OK;
}

enum render_status timeline_add(struct timeline *t, const struct mix_command *c,
                                struct render_error *error)
{
    if (t->used == t->most && spill(t, error))
        return RENDER_TROUBLE;
    if (grow(&t->run, &t->capacity, t->used, t->most, error))
        return RENDER_TROUBLE;
    if (t->used > 0 && before(c, &t->run[t->used - 1]))
        t->unsorted = 1;
    t->run[t->used++] = *c;
    t->last = c->frame > t->last ? c->frame : t->last;
    return RENDER_OK;
}

enum render_status timeline_seal(struct timeline *t, struct render_error *error)
{
    if (sort_run(t, error))
        return RENDER_TROUBLE;
    free(t->spare);
    t->spare = NULL;
    t->spare_capacity = 0;
    return timeline_rewind(t, error);
}

enum render_status timeline_rewind(struct timeline *t, struct render_error *error)
{
    t->next = 0;
    merge_close(&t->merge);
    return spilled(t) ? merge_open(t, 0, LEVELS, t->used, &t->merge, error) : RENDER_OK;
}

/* In memory nothing needs to be copied. */
static void until_in_memory(struct timeline *t, uint64_t end, const struct mix_command **list,
                            size_t *count)
{
    size_t from = t->next;
    while (t->next < t->used && t->run[t->next].frame < end)
        t->next++;
    *list = t->run ? t->run + from : NULL;
    *count = t->next - from;
}

enum render_status timeline_until(struct timeline *t, uint64_t end, const struct mix_command **list,
                                  size_t *count, struct render_error *error)
{
    *list = NULL;
    *count = 0;
    if (!spilled(t)) {
        until_in_memory(t, end, list, count);
        return RENDER_OK;
    }
    while (t->merge.count && t->merge.heap[0]->at->frame < end) {
        if (grow(&t->out, &t->out_capacity, *count, SIZE_MAX, error))
            return RENDER_TROUBLE;
        t->out[(*count)++] = *t->merge.heap[0]->at;
        if (merge_step(&t->merge, error))
            return RENDER_TROUBLE;
    }
    *list = t->out;
    return RENDER_OK;
}

uint64_t timeline_last(const struct timeline *t)
{
    return t->last;
}
