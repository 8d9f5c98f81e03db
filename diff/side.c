#define _XOPEN_SOURCE 700 /* realpath */
#include "diff/side.h"
#include "diff/ladder.h"
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { HEAD = 4096 };

static bool ends_in(const char *path, const char *end)
{
    size_t length = strlen(path), tail = strlen(end);
    return length > tail && strcmp(path + length - tail, end) == 0;
}

/* ---- what it is ---- */

static enum render_status spool(struct side *s, struct work *w, struct render_error *error)
{
    char bytes[1 << 14];
    size_t got;
    char *path = work_path(w, ".in", error);
    FILE *file = path ? fopen(path, "wb") : NULL;
    if (!file)
        return path ? render_fail(error, RENDER_TROUBLE, "%s: %s", path, strerror(errno))
                    : error->status;
    int failed = 0;
    while (!failed && (got = fread(bytes, 1, sizeof bytes, stdin)) > 0)
        failed = fwrite(bytes, 1, got, file) != got;
    failed = ferror(stdin) || fclose(file) || failed;
    s->path = path;
    s->name = "standard input";
    if (failed)
        render_fail(error, RENDER_TROUBLE, "standard input: cannot read: %s", strerror(errno));
    return failed ? RENDER_TROUBLE : work_go_on(error);
}

/* The first word of text behind blanks and comments. */
static const char *first_word(const char *text)
{
    for (;;) {
        text += strspn(text, " \t\r\n");
        if (*text != ';')
            return text;
        text += strcspn(text, "\n");
    }
}

static bool is_score(const char *head)
{
    const char *word = first_word(head);
    return strncmp(word, "(score", 6) == 0 || word[0] == '[' || strncmp(head, "MThd", 4) == 0;
}

/* Sound files that libsndfile knows begin so; of the others their names tell. */
static bool is_sound(const char *head, size_t size, const char *path)
{
    static const char *const magics[] = {"RIFF", "RF64", "RIFX", "fLaC", "OggS",
                                         "FORM", ".snd", "caff", "riff", "ID3"};
    static const char *const names[] = {".wav", ".flac", ".ogg", ".aiff", ".aif", ".au",
                                        ".caf", ".w64",  ".mp3", ".opus", ".raw"};
    for (size_t i = 0; i < sizeof magics / sizeof magics[0]; i++)
        if (size >= 4 && memcmp(head, magics[i], strlen(magics[i])) == 0)
            return true;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (ends_in(path, names[i]))
            return true;
    return false;
}

static bool is_golden(const char *head, const char *path)
{
    return ends_in(path, ".golden") ||
           (strstr(head, "\nhash: ") && strncmp(first_word(head), "render:", 7) == 0);
}

static enum render_status read_head(const struct side *s, char *head, size_t *size,
                                    struct render_error *error)
{
    struct stat about;
    int fd = open(s->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    ssize_t got = -1;
    bool known = fd >= 0 && fstat(fd, &about) == 0;
    if (known && S_ISREG(about.st_mode))
        while ((got = read(fd, head, HEAD)) < 0 && errno == EINTR)
            continue;
    else if (known)
        errno = S_ISDIR(about.st_mode) ? EISDIR : ESPIPE;
    int number = errno;
    if (fd >= 0)
        close(fd);
    *size = got > 0 ? (size_t)got : 0;
    if (got >= 0)
        return RENDER_OK;
    render_fail(error, RENDER_TROUBLE, "%s: cannot read: %s", s->name, strerror(number));
    if (number == EISDIR)
        render_help(error, "patchdiff check DIR checks the goldens of a folder");
    else if (number == ESPIPE)
        render_help(error, "it is no regular file; '-' reads the standard input");
    return RENDER_TROUBLE;
}

static enum render_status set_render(struct side *s, struct work *w, const char *head,
                                     struct render_error *error)
{
    s->kind = SIDE_RENDER;
    s->score = is_score(head);
    if (!s->engine) {
        s->engine = arena_take(&w->arena, 1, sizeof *s->engine);
        if (!s->engine)
            return work_no_memory(error);
        return engine_read(s->engine, w, "ours", error);
    }
    s->name = arena_format(&w->arena, "%s by %s", s->name, s->engine->name);
    return s->name ? RENDER_OK : work_no_memory(error);
}

static enum render_status open_golden(struct side *s, struct work *w, struct render_error *error)
{
    s->kind = SIDE_GOLDEN;
    if (golden_read(&s->golden, w, s->path, error) != RENDER_OK)
        return error->status;
    s->options = s->golden.render;
    s->from = s->golden.from;
    s->sound = golden_audio(&s->golden, w);
    s->ladder = golden_path(&s->golden, w, ".ladder.gz");
    if (!s->sound || !s->ladder)
        return work_no_memory(error);
    if (access(s->ladder, R_OK))
        s->ladder = NULL;
    return RENDER_OK;
}

enum render_status side_open(struct side *s, struct work *w, const char *argument,
                             struct engine *engine, struct render_error *error)
{
    char head[HEAD + 1] = {0};
    size_t size = 0;
    *s = (struct side){.name = argument, .path = argument, .engine = engine, .options = ""};
    if (strcmp(argument, "-") == 0 && spool(s, w, error) != RENDER_OK)
        return error->status;
    if (read_head(s, head, &size, error) != RENDER_OK)
        return error->status;
    bool packed = size > 2 && memcmp(head, "\x1f\x8b", 2) == 0;
    if (packed || strncmp(head, "repatch-ladder", 14) == 0) {
        s->kind = SIDE_LADDER;
        s->ladder = s->path;
        return RENDER_OK;
    }
    if (is_sound(head, size, s->path) || size == 0) {
        s->kind = SIDE_SOUND;
        s->sound = s->path;
        return RENDER_OK;
    }
    return is_golden(head, s->path) ? open_golden(s, w, error) : set_render(s, w, head, error);
}

enum render_status side_of_golden(struct side *s, struct work *w, struct golden *g,
                                  struct engine *engine, struct render_error *error)
{
    char head[HEAD + 1] = {0};
    size_t size = 0;
    if (golden_find_source(g, w, error) != RENDER_OK)
        return error->status;
    *s = (struct side){.engine = engine, .options = g->render, .folder = g->folder};
    s->path = s->name = golden_source(g, w);
    if (!s->path)
        return work_no_memory(error);
    if (read_head(s, head, &size, error) != RENDER_OK || set_render(s, w, head, error) != RENDER_OK)
        return error->status;
    s->path = g->source;
    s->more = g->excerpt;
    s->from = g->from;
    return RENDER_OK;
}

/* ---- rendering ---- */

enum render_status side_render(struct side *s, struct work *w, struct render_error *error)
{
    struct rendering whole = {.input = s->path,
                              .folder = s->folder,
                              .options = s->options,
                              .ladder = true,
                              .nodes = s->score && s->stretches ? "all" : NULL,
                              .extension = s->extension,
                              .trace = s->score};
    struct rendering part = whole;
    if (s->kind != SIDE_RENDER)
        return RENDER_OK;
    enum render_status status = engine_render(s->engine, w, &whole, error);
    s->sound = s->whole = whole.sound;
    s->ladder = whole.ladder_path;
    s->trace = whole.trace_path;
    if (status != RENDER_OK || !s->more)
        return status;
    part.more = s->more;
    part.nodes = NULL;
    part.ladder = part.trace = false;
    status = engine_render(s->engine, w, &part, error);
    s->sound = part.sound;
    return status;
}

enum render_status side_nodes(struct side *s, struct work *w, const char *place,
                              const uint64_t *values, char **ladder, struct render_error *error)
{
    char tick[24] = "";
    struct rendering r = {.input = s->path,
                          .folder = s->folder,
                          .options = s->options,
                          .nodes = place,
                          .values = values ? tick : NULL,
                          .ladder = true};
    *ladder = NULL;
    if (values)
        snprintf(tick, sizeof tick, "%" PRIu64, *values);
    if (s->kind != SIDE_RENDER || !s->ladder || (values && !engine_gives_values(s->engine)))
        return RENDER_OK;
    enum render_status status = engine_render(s->engine, w, &r, error);
    *ladder = status == RENDER_OK ? r.ladder_path : NULL;
    bool none = s->engine->command && status != RENDER_INTERRUPTED; /* a ladder, but of no nodes */
    return none ? RENDER_OK : status;
}

enum render_status side_like_golden(struct side *s, struct work *w, const struct golden *g,
                                    struct render_error *error)
{
    char *real = realpath(s->path, NULL);
    if (!real)
        return render_fail(error, RENDER_TROUBLE, "%s: cannot read: %s", s->name, strerror(errno));
    s->path = arena_copy(&w->arena, real, strlen(real));
    free(real);
    s->folder = g->folder;
    s->options = g->render;
    s->more = g->excerpt;
    s->from = g->from;
    return s->path ? RENDER_OK : work_no_memory(error);
}
