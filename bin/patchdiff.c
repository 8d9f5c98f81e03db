/* patchdiff - how sounds differ, and whether goldens are what is rendered. See patchdiff(1). */
#include "bin/patchdiff.h"
#include "bin/patchdiff_workflow.h"
#include "diff/picture.h"
#include "render/out_file.h"
#include "text/json.h"
#include "vm/float_unit.h"
#include <errno.h>
#include <fenv.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

int diff_say(const struct render_error *error)
{
    if (error->status != RENDER_INTERRUPTED) {
        fprintf(stderr, "patchdiff: %s\n", error->text);
        if (error->help[0])
            fprintf(stderr, "  = help: %s\n", error->help);
    }
    return 2;
}

enum render_status diff_write(const char *path, const char *text, size_t size,
                              struct render_error *error)
{
    struct out_file file;
    enum render_status status = out_create(&file, path, 1, error);
    if (status == RENDER_OK)
        status = out_write(&file, text, size, error);
    if (status == RENDER_OK)
        status = out_close(&file, error);
    if (status == RENDER_OK)
        status = work_go_on(error);
    if (status == RENDER_OK)
        status = out_commit(&file, error);
    out_discard(&file);
    return status;
}

static enum render_status write_json(const char *path, json_t *json, struct render_error *error)
{
    char *text = json_dumps(json, JSON_INDENT(2) | JSON_REAL_PRECISION(12));
    char *line = text ? realloc(text, strlen(text) + 2) : NULL;
    if (!line) {
        free(text);
        return work_no_memory(error);
    }
    strcat(line, "\n");
    enum render_status status = diff_write(path, line, strlen(line), error);
    free(line);
    return status;
}

static enum render_status write_junit(const char *path, const char *suite,
                                      const struct junit_case *cases, size_t count,
                                      struct render_error *error)
{
    char *text = NULL;
    size_t size = 0;
    FILE *file = open_memstream(&text, &size);
    if (file)
        report_junit(suite, cases, count, file);
    bool failed = !file || fclose(file) || !text;
    enum render_status status =
        failed ? work_no_memory(error) : diff_write(path, text, size, error);
    free(text);
    return status;
}

enum render_status diff_publish(const struct diff_options *o, json_t *json, const char *suite,
                                const struct junit_case *cases, size_t count,
                                struct render_error *error)
{
    enum render_status status = RENDER_OK;
    if (o->json && (!json || json_memory_gone()))
        return work_no_memory(error);
    if (o->json)
        status = write_json(o->json_file ? o->json_file : "-", json, error);
    if (status == RENDER_OK && o->junit)
        status = write_junit(o->junit, suite, cases, count, error);
    return status;
}

/* ---- A and B ---- */

static enum render_status open_sides(const struct diff_options *o, struct work *w, struct side *a,
                                     struct side *b, struct render_error *error)
{
    enum render_status status = side_open(a, w, o->arguments[0], o->engine_a, error);
    if (status != RENDER_OK)
        return status;
    if (o->count == 2)
        status = side_open(b, w, o->arguments[1], o->engine_b, error);
    else if (a->kind == SIDE_GOLDEN)
        status = side_of_golden(b, w, &a->golden, o->engine_b, error);
    else if (a->kind == SIDE_RENDER && (o->engine_a || o->engine_b))
        status = side_open(b, w, a->path, o->engine_b, error);
    else {
        render_fail(error, RENDER_TROUBLE, "%s: nothing to compare it with", a->name);
        render_help(error, "patchdiff A B; or patchdiff A --engine-b ENGINE for what is rendered");
        return RENDER_TROUBLE;
    }
    return status;
}

/* What a golden is compared with is rendered as it says, where it lies. */
static enum render_status set_options(const struct diff_options *o, struct side *side,
                                      const struct side *other, struct work *w,
                                      struct render_error *error)
{
    if (side->kind != SIDE_RENDER || side->folder)
        return RENDER_OK;
    if (other->kind == SIDE_GOLDEN && !o->render)
        return side_like_golden(side, w, &other->golden, error);
    side->options = o->render ? o->render : "";
    return RENDER_OK;
}

bool diff_prints_text(const struct diff_options *o)
{
    bool json = o->json && (!o->json_file || out_is_stdout(o->json_file));
    return !json && !(o->junit && out_is_stdout(o->junit));
}

static enum render_status print(const char *text, struct render_error *error)
{
    if (fputs(text, stdout) >= 0 && fflush(stdout) == 0)
        return RENDER_OK;
    return render_fail(error, RENDER_TROUBLE, "standard output: cannot write: %s", strerror(errno));
}

int diff_finish(const struct diff_options *o, struct work *w, struct comparison *c,
                struct render_error *error)
{
    char *verdict = report_verdict(w, c), *details = NULL;
    char *name = arena_format(&w->arena, "%s %s", c->a->name, c->b->name);
    size_t size = 0;
    FILE *text = open_memstream(&details, &size);
    bool failed = !text || !verdict || !name || report_text(w, c, "", text);
    failed |= (text && fclose(text)) || !details;
    struct junit_case one = {name, c->verdict.same ? NULL : verdict, details, false};
    json_watch_memory();
    json_t *json = o->json && !failed ? report_json(w, c) : NULL;
    enum render_status status = failed ? work_no_memory(error) : RENDER_OK;
    if (status == RENDER_OK && o->picture)
        status = picture_write(c, o->picture, error);
    if (status == RENDER_OK)
        status = diff_publish(o, json, "patchdiff", &one, 1, error);
    if (status == RENDER_OK && diff_prints_text(o))
        status = print(o->quiet ? arena_format(&w->arena, "%s\n", verdict) : details, error);
    json_decref(json);
    free(details);
    return status == RENDER_OK ? !c->verdict.same : diff_say(error);
}

static int compare(const struct diff_options *o, struct work *w)
{
    struct render_error error = {.status = RENDER_OK};
    struct side a, b;
    struct comparison c = {.a = &a, .b = &b};
    enum render_status status = open_sides(o, w, &a, &b, &error);
    if (status == RENDER_OK)
        status = set_options(o, &a, &b, w, &error);
    if (status == RENDER_OK)
        status = set_options(o, &b, &a, w, &error);
    if (status == RENDER_OK)
        status = comparison_make(&c, w, &a, &b, &o->tolerance, &error);
    int result = status == RENDER_OK ? diff_finish(o, w, &c, &error) : diff_say(&error);
    comparison_close(&c);
    return result;
}

static int run(const struct diff_options *o, struct work *w)
{
    switch (o->command) {
    case COMMAND_COMPARE:
        return compare(o, w);
    case COMMAND_CHECK:
        return workflow_check(o, w);
    case COMMAND_UPDATE:
        return workflow_update(o, w);
    default:
        return workflow_diff(o, w);
    }
}

int main(int argc, char **argv)
{
    struct diff_options o = {.command = COMMAND_COMPARE};
    struct work w;
    vm_float_begin(); /* a library may have set it while it was loaded */
    fesetround(FE_TONEAREST);
    work_init(&w, argv[0]);
    work_catch_signals();
    int status = w.programs ? diff_options_read(&o, &w, argc, argv) : 2;
    if (!w.programs)
        fputs("patchdiff: out of memory\n", stderr);
    if (status < 0)
        status = run(&o, &w);
    work_end(&w);
    if (work_stopped()) {
        signal(work_stopped(), SIG_DFL);
        raise(work_stopped());
    }
    return status;
}
