#include "diff/golden.h"
#include "text/number.h"
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LINE = 4096 };

static enum render_status wrong(const char *path, unsigned line, const char *what,
                                struct render_error *error)
{
    render_fail(error, RENDER_WRONG, "%s:%u: %s", path, line, what);
    render_help(error, "a golden has lines such as 'render: --seconds 2' and 'hash: 0123...'; see "
                       "patchdiff(1)");
    return RENDER_WRONG;
}

/* "20s", "256t", "800f", "0.5", in frames. */
static int read_time(const char *text, uint64_t *frames)
{
    char *end;
    struct number number;
    unsigned long long whole = strtoull(text, &end, 10);
    if (end != text && (strcmp(end, "f") == 0 || strcmp(end, "t") == 0)) {
        *frames = whole * (*end == 't' ? 800 : 1);
        return 0;
    }
    if (number_read(text, strlen(text), &number) != NUMBER_OK ||
        (number.unit != NUMBER_SECONDS && number.unit != NUMBER_BARE) || number.value < 0.0 ||
        number.value > 1e9)
        return -1;
    *frames = (uint64_t)(number.value * 48000.0 + 0.5);
    return 0;
}

static int read_excerpt(struct golden *g, struct work *w, struct render_error *error)
{
    size_t count;
    char **words = work_words(w, g->excerpt, &count, error);
    bool sound = words && count > 0 && count % 2 == 0;
    for (size_t i = 0; sound && i < count; i += 2) {
        uint64_t to;
        bool from = strcmp(words[i], "--from") == 0;
        sound = (from || strcmp(words[i], "--to") == 0) &&
                read_time(words[i + 1], from ? &g->from : &to) == 0;
    }
    return sound ? 0 : -1;
}

enum render_status golden_set_excerpt(struct golden *g, struct work *w, const char *excerpt,
                                      struct render_error *error)
{
    g->from = 0;
    g->excerpt = *excerpt ? arena_copy(&w->arena, excerpt, strlen(excerpt)) : NULL;
    if (!*excerpt || (g->excerpt && read_excerpt(g, w, error) == 0))
        return RENDER_OK;
    render_fail(error, RENDER_WRONG, "--excerpt: '%s' is no excerpt", excerpt);
    render_help(error, "write '--from 20s --to 34s', or one of the two");
    return RENDER_WRONG;
}

static int read_yes(const char *text, bool *flag)
{
    *flag = strcmp(text, "yes") == 0;
    return *flag || strcmp(text, "no") == 0 ? 0 : -1;
}

static int is_hash(const char *text)
{
    return strlen(text) == 32 && strspn(text, "0123456789abcdef") == 32 ? 0 : -1;
}

static int read_count(const char *text, uint64_t *count)
{
    char *end;
    *count = strtoull(text, &end, 10);
    return *text >= '0' && *text <= '9' && !*end ? 0 : -1;
}

static int take_pair(struct golden *g, struct work *w, const char *key, const char *value,
                     struct render_error *error)
{
    char *copy = arena_copy(&w->arena, value, strlen(value));
    if (!copy)
        return -1;
    if (strcmp(key, "source") == 0)
        return g->source = copy, *value ? 0 : -1;
    if (strcmp(key, "render") == 0) {
        size_t count;
        return g->render = copy, work_words(w, copy, &count, error) ? 0 : -1;
    }
    if (strcmp(key, "excerpt") == 0)
        return g->excerpt = copy, read_excerpt(g, w, error);
    if (strcmp(key, "hash") == 0)
        return g->hash = copy, is_hash(value);
    if (strcmp(key, "clips") == 0)
        return read_yes(value, &g->clips);
    if (strcmp(key, "silent") == 0)
        return read_yes(value, &g->silent);
    if (strcmp(key, "constant") == 0)
        return read_yes(value, &g->constant);
    if (strcmp(key, "unheard") == 0)
        return read_count(value, &g->unheard);
    return -1;
}

static enum render_status take_line(struct golden *g, struct work *w, const char *path,
                                    unsigned number, char *line, struct render_error *error)
{
    size_t length = strlen(line);
    while (length > 0 && strchr("\r\n \t", line[length - 1]))
        line[--length] = '\0';
    if (line[0] == '#') {
        g->comments = arena_format(&w->arena, "%s%s\n", g->comments, line);
        return g->comments ? RENDER_OK : work_no_memory(error);
    }
    char *colon = strchr(line, ':');
    if (!*line)
        return RENDER_OK;
    if (!colon)
        return wrong(path, number, "this is not 'KEY: VALUE'", error);
    *colon = '\0';
    char *value = colon + 1 + strspn(colon + 1, " \t");
    if (take_pair(g, w, line, value, error)) {
        char text[200];
        snprintf(text, sizeof text, "'%.40s: %.100s' is nothing a golden says", line, value);
        return wrong(path, number, text, error);
    }
    return RENDER_OK;
}

static enum render_status set_base(struct golden *g, struct work *w, const char *base,
                                   struct render_error *error)
{
    const char *slash = strrchr(base, '/');
    *g = (struct golden){.from = 0};
    g->base = arena_copy(&w->arena, base, strlen(base));
    g->folder = slash ? arena_copy(&w->arena, base, slash == base ? 1 : (size_t)(slash - base))
                      : arena_copy(&w->arena, ".", 1);
    g->render = g->comments = arena_copy(&w->arena, "", 0);
    return g->base && g->folder && g->render ? RENDER_OK : work_no_memory(error);
}

/* The patch or score beside the golden: under its name, of one of the extensions. */
static bool find_beside(struct golden *g, struct work *w)
{
    static const char *const extensions[] = {".sx", ".json", ".jsonl", ".mid", ".midi", ".pbc"};
    struct stat info;
    for (size_t i = 0; i < sizeof extensions / sizeof extensions[0]; i++) {
        char *path = golden_path(g, w, extensions[i]);
        const char *slash = path ? strrchr(path, '/') : NULL;
        if (path && stat(path, &info) == 0 && S_ISREG(info.st_mode)) {
            g->source = slash ? path + (slash + 1 - path) : path;
            return true;
        }
    }
    return false;
}

static bool source_exists(const struct golden *g, struct work *w)
{
    char *path = golden_source(g, w);
    return path && access(path, F_OK) == 0;
}

enum render_status golden_begin(struct golden *g, struct work *w, const char *base,
                                struct render_error *error)
{
    if (set_base(g, w, base, error) != RENDER_OK)
        return error->status;
    if (find_beside(g, w))
        return RENDER_OK;
    render_fail(error, RENDER_WRONG, "%s: no patch or score of this name", base);
    render_help(error, "NAME is a patch, a score or their golden; --source says where the patch "
                       "lies when it is elsewhere");
    return RENDER_WRONG;
}

enum render_status golden_read(struct golden *g, struct work *w, const char *path,
                               struct render_error *error)
{
    char line[LINE];
    unsigned number = 0;
    size_t length = strlen(path) - strlen(".golden");
    char *base = arena_copy(&w->arena, path, length);
    if (!base || set_base(g, w, base, error) != RENDER_OK)
        return work_no_memory(error);
    FILE *file = fopen(path, "rb");
    if (!file)
        return render_fail(error, RENDER_TROUBLE, "%s: cannot read: %s", path, strerror(errno));
    enum render_status status = RENDER_OK;
    error->status = RENDER_OK;
    while (status == RENDER_OK && fgets(line, sizeof line, file))
        status = take_line(g, w, path, ++number, line, error);
    if (status == RENDER_OK && ferror(file))
        status = render_fail(error, RENDER_TROUBLE, "%s: cannot read: %s", path, strerror(errno));
    fclose(file);
    if (status == RENDER_OK && !g->hash)
        status = wrong(path, number, "it has no 'hash:'", error);
    return status;
}

enum render_status golden_find_source(struct golden *g, struct work *w, struct render_error *error)
{
    if (!g->source && !find_beside(g, w)) {
        render_fail(error, RENDER_WRONG, "%s.golden: orphaned: no patch or score lies beside it",
                    g->base);
        render_help(error, "delete the golden, or let it say 'source: PATH'");
        return RENDER_WRONG;
    }
    if (!source_exists(g, w)) {
        render_fail(error, RENDER_WRONG, "%s.golden: orphaned: its source '%s' is not there",
                    g->base, g->source);
        render_help(error, "delete the golden, or correct its 'source:'");
        return RENDER_WRONG;
    }
    return RENDER_OK;
}

/* Is the source the one that would be found without saying so? */
static bool beside(const struct golden *g, struct work *w)
{
    struct golden other = *g;
    return find_beside(&other, w) && strcmp(other.source, g->source) == 0;
}

char *golden_text(const struct golden *g, struct work *w)
{
    char unheard[40] = "";
    if (g->unheard)
        snprintf(unheard, sizeof unheard, "unheard: %" PRIu64 "\n", g->unheard);
    bool own = !beside(g, w);
    return arena_format(&w->arena, "%s%s%s%srender: %s\n%s%s%shash: %s\n%s%s%s%s", g->comments,
                        own ? "source: " : "", own ? g->source : "", own ? "\n" : "", g->render,
                        g->excerpt ? "excerpt: " : "", g->excerpt ? g->excerpt : "",
                        g->excerpt ? "\n" : "", g->hash, g->clips ? "clips: yes\n" : "",
                        g->silent ? "silent: yes\n" : "", g->constant ? "constant: yes\n" : "",
                        unheard);
}

char *golden_path(const struct golden *g, struct work *w, const char *extension)
{
    return arena_format(&w->arena, "%s%s", g->base, extension);
}

char *golden_audio(const struct golden *g, struct work *w)
{
    const char *bits = strstr(g->render, "--bits");
    return golden_path(g, w, bits && strstr(bits, "float") ? ".wav" : ".flac");
}

char *golden_source(const struct golden *g, struct work *w)
{
    if (g->source[0] == '/')
        return g->source;
    return strcmp(g->folder, ".") == 0 && !strchr(g->base, '/')
               ? arena_copy(&w->arena, g->source, strlen(g->source))
               : arena_format(&w->arena, "%s/%s", g->folder, g->source);
}
