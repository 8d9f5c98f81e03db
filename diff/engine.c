#include "diff/engine.h"
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MOST_WORDS = 200, WORDS_OF_OURS = 18, SAID = 1500 };

/* ---- which ---- */

static enum render_status read_variant(struct engine *e, struct work *w, const char *text,
                                       struct render_error *error)
{
    static const char *const names[] = {"isa", "lanes", "threads", "frames-per-call"};
    size_t count = 0;
    char *list = arena_copy(&w->arena, text, strlen(text));
    char *options = arena_take(&w->arena, 2 * strlen(text) + 40, 1);
    if (!list || !options)
        return work_no_memory(error);
    for (char *item = strtok(list, ","); item; item = strtok(NULL, ",")) {
        char *equals = strchr(item, '=');
        bool known = false;
        for (size_t i = 0; equals && i < sizeof names / sizeof names[0]; i++)
            known |= strlen(names[i]) == (size_t)(equals - item) &&
                     strncmp(item, names[i], strlen(names[i])) == 0;
        if (!known || ++count > 4) {
            render_fail(error, RENDER_TROUBLE, "engine 'ours:%s': '%s' is no variant of ours", text,
                        item);
            render_help(error, "isa=base|avx2|avx512, lanes=1|4|8|16, threads=N, frames-per-call=N,"
                               " with commas between");
            return RENDER_TROUBLE;
        }
        strcat(options, " --");
        strcat(options, item);
    }
    e->variant = options;
    return RENDER_OK;
}

enum render_status engine_read(struct engine *e, struct work *w, const char *text,
                               struct render_error *error)
{
    *e = (struct engine){.name = text, .variant = ""};
    if (strcmp(text, "ours") == 0)
        return RENDER_OK;
    if (strncmp(text, "ours:", 5) == 0)
        return read_variant(e, w, text + 5, error);
    if (text[strspn(text, " \t\n")] == '\0') {
        render_fail(error, RENDER_TROUBLE, "an engine without a name");
        render_help(error, "an engine is a command such as 'old/patchrun', or ours:isa=base");
        return RENDER_TROUBLE;
    }
    e->command = text;
    return RENDER_OK;
}

/* ---- ours ---- */

static void add(char **argv, size_t *count, const char *word)
{
    argv[(*count)++] = (char *)(uintptr_t)word;
}

static void add_all(char **argv, size_t *count, char **words, size_t more)
{
    for (size_t i = 0; i < more; i++)
        add(argv, count, words[i]);
}

static bool exists(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && info.st_size > 0;
}

/* What the program said, as its own lines. */
static enum render_status say_failure(struct work *w, const char *name, const char *input, int code,
                                      const char *err, struct render_error *error)
{
    char *said = work_head(w, err, SAID);
    const char *text = said ? said : "";
    size_t length = strlen(text), room = sizeof error->text - 200;
    render_fail(error, code == 1 ? RENDER_WRONG : RENDER_TROUBLE,
                "%s: engine '%.60s' failed with status %d%s%.*s", input, name, code,
                length ? ":\n" : "", (int)(length < room ? length : room), text);
    if (code == 127)
        render_help(error, "there is no such program; name it with its path");
    return error->status;
}

static enum render_status render_ours(struct engine *e, struct work *w, struct rendering *r,
                                      const char *err, struct render_error *error)
{
    size_t variants, options, more, count = 0;
    int code = 0;
    char **variant = work_words(w, e->variant, &variants, error);
    char **option = work_words(w, r->options, &options, error);
    char **rest = work_words(w, r->more ? r->more : "", &more, error);
    if (!variant || !option || !rest)
        return error->status;
    char **argv = arena_take(&w->arena, variants + options + more + WORDS_OF_OURS, sizeof *argv);
    char *program = arena_format(&w->arena, "%spatchrun", w->programs);
    if (!argv || !program)
        return work_no_memory(error);
    add(argv, &count, program);
    add(argv, &count, "--quiet");
    add_all(argv, &count, variant, variants);
    add_all(argv, &count, option, options);
    add_all(argv, &count, rest, more);
    if (r->ladder_path) {
        add(argv, &count, "--hash-ladder");
        add(argv, &count, r->ladder_path);
    }
    if (r->ladder_path && r->nodes) {
        add(argv, &count, "--ladder-nodes");
        add(argv, &count, r->nodes);
    }
    if (r->ladder_path && r->values) {
        add(argv, &count, "--ladder-values");
        add(argv, &count, r->values);
    }
    if (r->trace_path) {
        add(argv, &count, "--trace");
        add(argv, &count, r->trace_path);
    }
    add(argv, &count, "-o"); /* behind the options, so that it holds */
    add(argv, &count, r->sound);
    add(argv, &count, "--");
    add(argv, &count, r->input);
    struct process p = {argv, r->folder, NULL, err};
    enum render_status status = work_run(&p, &code, error);
    if (status == RENDER_OK && code != 0)
        return say_failure(w, "ours", r->input, code, err, error);
    if (status == RENDER_OK && !exists(r->sound)) {
        render_fail(error, RENDER_WRONG, "%s: nothing was rendered with '%s'", r->input,
                    r->options);
        render_help(error, "--info and --variations are no options of what is compared");
    }
    return error->status == RENDER_WRONG ? RENDER_WRONG : status;
}

/* ---- a command ---- */

static bool named(const char *command, const char *what)
{
    return strstr(command, what) != NULL;
}

/* `from` in `text` replaced everywhere. */
static char *replace(struct work *w, const char *text, const char *from, const char *to)
{
    size_t count = 0, length = strlen(from);
    for (const char *at = text; to && (at = strstr(at, from)); at += length)
        count++;
    char *made = to ? arena_take(&w->arena, strlen(text) + count * strlen(to) + 1, 1) : NULL;
    for (char *end = made; made;) {
        const char *at = strstr(text, from);
        size_t head = at ? (size_t)(at - text) : strlen(text);
        memcpy(end, text, head);
        if (!at)
            break;
        memcpy(end + head, to, strlen(to));
        end += head + strlen(to);
        text = at + length;
    }
    return made;
}

/* The options as words for the shell. */
static char *quoted(struct work *w, const char *a, const char *b, struct render_error *error)
{
    size_t count;
    char *both = arena_format(&w->arena, "%s %s", a, b ? b : "");
    char **words = both ? work_words(w, both, &count, error) : NULL;
    char *text = arena_format(&w->arena, "%s", "");
    for (size_t i = 0; words && text && i < count; i++)
        text = arena_format(&w->arena, "%s%s%s", text, i ? " " : "", work_quote(w, words[i]));
    return words ? text : NULL;
}

static bool is_template(const struct engine *e)
{
    return named(e->command, "{in}") || named(e->command, "{out}");
}

bool engine_gives_values(const struct engine *e)
{
    return !e->command || !is_template(e) || named(e->command, "{values}");
}

static char *fill_in(struct work *w, const struct engine *e, const struct rendering *r,
                     struct render_error *error)
{
    const char *text = e->command;
    char *options = quoted(w, r->options, r->more, error);
    if (!options)
        return NULL;
    if (!is_template(e))
        text = arena_format(&w->arena, "%s {in} -o {out} {options}%s%s%s", text,
                            r->ladder_path ? " --hash-ladder {ladder}" : "",
                            r->ladder_path && r->nodes ? " --ladder-nodes {nodes}" : "",
                            r->ladder_path && r->values ? " --ladder-values {values}" : "");
    if (text)
        text = replace(w, text, "{options}", options);
    if (text)
        text = replace(w, text, "{in}", work_quote(w, r->input));
    if (text)
        text = replace(w, text, "{out}", work_quote(w, r->sound));
    if (text)
        text = replace(w, text, "{ladder}",
                       r->ladder_path ? work_quote(w, r->ladder_path) : "/dev/null");
    if (text)
        text = replace(w, text, "{nodes}", r->nodes ? work_quote(w, r->nodes) : "''");
    if (text)
        text = replace(w, text, "{values}", r->values ? r->values : "''");
    if (!text)
        work_no_memory(error);
    return (char *)(uintptr_t)text;
}

static enum render_status run_command(struct engine *e, struct work *w, struct rendering *r,
                                      const char *err, int *code, struct render_error *error)
{
    char *text = fill_in(w, e, r, error);
    char *argv[] = {(char *)(uintptr_t) "sh", (char *)(uintptr_t) "-c", text, NULL};
    struct process p = {argv, r->folder, NULL, err};
    unlink(r->sound);
    return text ? work_run(&p, code, error) : error->status;
}

static enum render_status render_theirs(struct engine *e, struct work *w, struct rendering *r,
                                        const char *err, struct render_error *error)
{
    bool template = is_template(e);
    int code = 0;
    if (e->no_ladder || (template && !named(e->command, "{ladder}")))
        r->ladder_path = NULL;
    enum render_status status = run_command(e, w, r, err, &code, error);
    if (status == RENDER_OK && code != 0 && r->ladder_path && !r->nodes && !r->values &&
        !template) {
        r->ladder_path = NULL; /* an engine that knows no ladders? */
        status = run_command(e, w, r, err, &code, error);
        e->no_ladder = status == RENDER_OK && code == 0;
    }
    if (status != RENDER_OK)
        return status;
    if (code != 0)
        return say_failure(w, e->name, r->input, code, err, error);
    if (!exists(r->sound)) {
        render_fail(error, RENDER_TROUBLE, "%s: engine '%.60s' wrote no sound", r->input, e->name);
        render_help(error, "it is run as COMMAND FILE -o OUT OPTIONS; say otherwise with {in}, "
                           "{out} and {options}");
        return RENDER_TROUBLE;
    }
    if (r->ladder_path && !exists(r->ladder_path))
        r->ladder_path = NULL;
    return RENDER_OK;
}

enum render_status engine_render(struct engine *e, struct work *w, struct rendering *r,
                                 struct render_error *error)
{
    error->status = RENDER_OK;
    char *err = work_path(w, ".err", error);
    r->sound = work_path(w, r->extension ? r->extension : ".wav", error);
    r->ladder_path = r->ladder ? work_path(w, ".ladder", error) : NULL;
    r->trace_path = r->trace && !e->command ? work_path(w, ".jsonl", error) : NULL;
    if (!err || !r->sound || (r->ladder && !r->ladder_path))
        return error->status;
    return e->command ? render_theirs(e, w, r, err, error) : render_ours(e, w, r, err, error);
}

enum render_status engine_listing(struct work *w, const char *input, const char *folder,
                                  const char *to, bool *found, struct render_error *error)
{
    char *argv[] = {arena_format(&w->arena, "%spatchc", w->programs), (char *)(uintptr_t) "-S",
                    (char *)(uintptr_t) "--", (char *)(uintptr_t)input, NULL};
    struct process p = {argv, folder, to, NULL};
    int code = 1;
    if (!argv[0])
        return work_no_memory(error);
    enum render_status status = work_run(&p, &code, error);
    *found = status == RENDER_OK && code == 0;
    return status;
}
