/* patchdiff check, update and diff. */
#include "bin/patchdiff_workflow.h"
#include "bin/patchdiff.h"
#include "diff/crew.h"
#include "diff/picture.h"
#include "diff/project.h"
#include "diff/update.h"
#include <stdlib.h>
#include <string.h>

/* ---- check ---- */

/* One line of the report and what it says below. */
struct outcome {
    const char *name, *failure;
    char *details;
    bool trouble;
};

struct check {
    const struct diff_options *o;
    struct work *w;
    struct project project;
    struct name_list used; /* sources of goldens */
    struct outcome *outcomes;
    size_t count, room, failed, troubled;
    json_t *cases;
    FILE *text; /* NULL: not printed */
};

static void print_outcome(const struct check *k, const struct outcome *r)
{
    if (!k->text || (!r->failure && k->o->quiet))
        return;
    if (!r->failure) {
        fprintf(k->text, "ok    %s\n", r->name);
        return;
    }
    fprintf(k->text, "FAIL  %s: ", r->name);
    for (const char *at = r->details; *at; at++) {
        fputc(*at, k->text);
        if (*at == '\n' && at[1])
            fputs("      ", k->text);
    }
}

static enum render_status add_outcome(struct check *k, const struct outcome *r, json_t *more,
                                      struct render_error *error)
{
    if (arena_grow(&k->w->arena, (void **)&k->outcomes, &k->room, k->count + 1,
                   sizeof *k->outcomes))
        return work_no_memory(error);
    k->outcomes[k->count++] = *r;
    k->failed += r->failure && !r->trouble;
    k->troubled += r->failure && r->trouble;
    print_outcome(k, r);
    json_t *o = json_object();
    json_object_set_new(o, "name", report_json_string(r->name));
    json_object_set_new(o, "passed", json_boolean(!r->failure));
    json_object_set_new(o, "trouble", json_boolean(r->trouble));
    if (more)
        json_object_update(o, more);
    json_array_append_new(k->cases, o);
    return RENDER_OK;
}

/* The first problem stands in the line of the case; what a comparison found comes last. */
static char *details_of(struct check *k, struct golden_case *c)
{
    char *text = NULL, *copy;
    size_t size = 0;
    FILE *file = open_memstream(&text, &size);
    if (!file)
        return NULL;
    for (size_t i = 0; i < c->count; i++)
        fprintf(file, "%s\n", c->problems[i]);
    if (c->compared && !c->comparison.verdict.same)
        report_lines(k->w, &c->comparison, "", file);
    if (fclose(file))
        return free(text), NULL;
    copy = arena_copy(&k->w->arena, text, size);
    free(text);
    return copy;
}

static json_t *json_of(struct check *k, const struct golden_case *c)
{
    json_t *o = json_object(), *problems = json_array();
    for (size_t i = 0; i < c->count; i++)
        json_array_append_new(problems, report_json_string(c->problems[i]));
    json_object_set_new(o, "problems", problems);
    if (c->compared)
        json_object_set_new(o, "comparison", report_json(k->w, &c->comparison));
    return o;
}

/* In a process of its own: what it found goes to `out`. */
static enum render_status check_golden(void *context, struct work *w, size_t index, FILE *out,
                                       struct render_error *error)
{
    struct check *k = context;
    struct golden_case c;
    const char *path = k->project.goldens.names[index];
    enum render_status status = case_check(&c, w, path, k->o->engine_b, &k->o->tolerance, error);
    if (status == RENDER_OK) {
        char *details = details_of(k, &c);
        json_t *more = json_of(k, &c);
        char *json = more ? json_dumps(more, JSON_COMPACT) : NULL;
        crew_put(out, c.name);
        crew_put(out, c.count ? c.problems[0] : NULL);
        crew_put(out, details);
        crew_put(out, c.trouble ? "" : NULL);
        crew_put(out, c.read ? golden_source(&c.golden, w) : NULL);
        crew_put(out, json);
        status = details && json ? RENDER_OK : work_no_memory(error);
        json_decref(more);
        free(json);
    }
    case_close(&c);
    return status;
}

static enum render_status take_golden(void *context, size_t index, FILE *in,
                                      struct render_error *error)
{
    struct check *k = context;
    char *name, *failure, *details, *trouble, *source, *json;
    (void)index;
    if (!crew_get(in, k->w, &name) || !crew_get(in, k->w, &failure) ||
        !crew_get(in, k->w, &details) || !crew_get(in, k->w, &trouble) ||
        !crew_get(in, k->w, &source) || !crew_get(in, k->w, &json))
        return work_no_memory(error);
    json_t *more = json ? json_loads(json, 0, NULL) : NULL;
    struct outcome r = {name, failure, details, trouble != NULL};
    enum render_status status = more ? add_outcome(k, &r, more, error) : work_no_memory(error);
    if (status == RENDER_OK && source)
        status = name_list_add_real(&k->used, k->w, source, error);
    json_decref(more);
    return status;
}

static enum render_status fail_file(struct check *k, const char *path, const char *why,
                                    const char *help, struct render_error *error)
{
    char *details = arena_format(&k->w->arena, "%s\n  = help: %s\n", why, help);
    struct outcome r = {path, why, details, false};
    return details ? add_outcome(k, &r, NULL, error) : work_no_memory(error);
}

static enum render_status check_all(struct check *k, struct render_error *error)
{
    const struct project *p = &k->project;
    struct crew crew = {p->goldens.count, k->o->jobs ? k->o->jobs : crew_jobs(), k, check_golden,
                        take_golden};
    enum render_status status = crew_run(&crew, k->w, error);
    for (size_t i = 0; i < p->sources.count && status == RENDER_OK; i++)
        if (!project_covers(&k->used, p->sources.names[i]))
            status = fail_file(k, p->sources.names[i], "missing: it has no golden",
                               "listen to it, then: patchdiff update NAME; or name it in "
                               "golden.ignore",
                               error);
    for (size_t i = 0; i < p->leftover.count && status == RENDER_OK; i++)
        status = fail_file(k, p->leftover.names[i], "orphaned: no golden of its name is there",
                           "delete it", error);
    return status;
}

static enum render_status publish_check(struct check *k, struct render_error *error)
{
    struct junit_case *cases = arena_take(&k->w->arena, k->count + 1, sizeof *cases);
    json_t *all = json_object();
    if (!cases || !all)
        return json_decref(all), work_no_memory(error);
    for (size_t i = 0; i < k->count; i++)
        cases[i] = (struct junit_case){k->outcomes[i].name, k->outcomes[i].failure,
                                       k->outcomes[i].details, k->outcomes[i].trouble};
    json_object_set_new(all, "passed",
                        json_integer((json_int_t)(k->count - k->failed - k->troubled)));
    json_object_set_new(all, "failed", json_integer((json_int_t)k->failed));
    json_object_set_new(all, "trouble", json_integer((json_int_t)k->troubled));
    json_object_set(all, "cases", k->cases);
    enum render_status status = diff_publish(k->o, all, "patchdiff check", cases, k->count, error);
    json_decref(all);
    return status;
}

int workflow_check(const struct diff_options *o, struct work *w)
{
    struct render_error error = {.status = RENDER_OK};
    struct check k = {.o = o, .w = w, .cases = json_array()};
    k.text = diff_prints_text(o) ? stdout : NULL;
    enum render_status status = RENDER_OK;
    for (int i = 0; i < o->count && status == RENDER_OK; i++)
        status = project_add(&k.project, w, o->arguments[i], &error);
    if (status == RENDER_OK && k.project.goldens.count + k.project.sources.count == 0) {
        status = render_fail(&error, RENDER_TROUBLE, "%s: no goldens, no patches, no scores there",
                             o->arguments[0]);
        render_help(&error, "patchdiff update NAME makes a golden beside a patch");
    }
    if (status == RENDER_OK)
        status = check_all(&k, &error);
    if (status == RENDER_OK)
        status = publish_check(&k, &error);
    json_decref(k.cases);
    if (status != RENDER_OK)
        return diff_say(&error);
    if (k.text)
        fprintf(k.text, "%zu passed, %zu failed%s\n", k.count - k.failed - k.troubled,
                k.failed + k.troubled, k.troubled ? ", some by trouble" : "");
    if (fflush(stdout))
        return 2;
    return k.troubled ? 2 : k.failed ? 1 : 0;
}

/* ---- diff ---- */

int workflow_diff(const struct diff_options *o, struct work *w)
{
    struct render_error error = {.status = RENDER_OK};
    struct side a, b;
    struct comparison c = {.a = &a, .b = &b};
    char *base = case_base(w, o->arguments[0]);
    char *path = base ? arena_format(&w->arena, "%s.golden", base) : NULL;
    enum render_status status =
        path ? side_open(&a, w, path, NULL, &error) : work_no_memory(&error);
    if (status == RENDER_OK)
        status = side_of_golden(&b, w, &a.golden, o->engine_b, &error);
    if (status == RENDER_OK)
        status = comparison_make(&c, w, &a, &b, &o->tolerance, &error);
    int result = status == RENDER_OK ? diff_finish(o, w, &c, &error) : diff_say(&error);
    comparison_close(&c);
    return result;
}

/* ---- update ---- */

static enum render_status update_one(const struct diff_options *o, struct work *w, const char *name,
                                     struct render_error *error)
{
    struct update_wish wish = {o->render, o->excerpt,  o->source, o->clips,
                               o->silent, o->constant, o->unheard};
    struct update u = {.had_old = false};
    char *base = case_base(w, name);
    enum render_status status =
        base ? update_make(&u, w, base, &wish, error) : work_no_memory(error);
    if (status == RENDER_OK && o->picture)
        status = picture_write(&u.comparison, o->picture, error);
    if (status == RENDER_OK) {
        printf("%s: %s, %s\n", base,
               !u.had_old  ? "made"
               : u.changed ? "made anew"
                           : "unchanged",
               u.golden.hash);
        if (u.had_old && u.changed && !o->quiet)
            report_text(w, &u.comparison, "  ", stdout);
    }
    update_close(&u);
    work_clear(w);
    return status;
}

int workflow_update(const struct diff_options *o, struct work *w)
{
    struct render_error error = {.status = RENDER_OK};
    enum render_status worst = RENDER_OK;
    for (int i = 0; i < o->count && worst != RENDER_INTERRUPTED; i++) {
        enum render_status status = update_one(o, w, o->arguments[i], &error);
        if (status != RENDER_OK)
            diff_say(&error);
        worst = status > worst ? status : worst;
    }
    if (fflush(stdout))
        return 2;
    return worst == RENDER_OK ? 0 : worst == RENDER_WRONG ? 1 : 2;
}
