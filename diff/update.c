#define _XOPEN_SOURCE 700 /* realpath */
#include "diff/update.h"
#include "diff/report.h"
#include "render/out_file.h"
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FILES = 4, PIECE = 1 << 16 };

/* ---- the golden's text ---- */

/* `to` as seen from the folder `from`, both real paths. */
static char *relative(struct work *w, const char *from, const char *to)
{
    size_t common = 0, i = 0;
    char *path = arena_copy(&w->arena, "", 0);
    while (from[i] && from[i] == to[i])
        if (to[i++] == '/')
            common = i;
    if (!from[i] && to[i] == '/')
        common = i + 1;
    for (const char *up = from + (common < strlen(from) ? common : strlen(from)); path && *up;) {
        path = arena_format(&w->arena, "%s../", path);
        up += strcspn(up, "/");
        up += *up == '/';
    }
    return path ? arena_format(&w->arena, "%s%s", path, to + common) : NULL;
}

static enum render_status set_source(struct update *u, struct work *w, const char *source,
                                     struct render_error *error)
{
    char *folder = realpath(u->golden.folder, NULL), *real = folder ? realpath(source, NULL) : NULL;
    if (!real) {
        render_fail(error, RENDER_TROUBLE, "%s: cannot read: %s",
                    folder ? source : u->golden.folder, strerror(errno));
        if (!folder)
            render_help(error, "the golden's folder must exist; none is made");
        free(folder);
        return RENDER_TROUBLE;
    }
    u->golden.source = relative(w, folder, real);
    free(folder);
    free(real);
    return u->golden.source ? RENDER_OK : work_no_memory(error);
}

static enum render_status read_old(struct update *u, struct work *w, const char *base,
                                   const struct update_wish *wish, struct render_error *error)
{
    char *path = arena_format(&w->arena, "%s.golden", base);
    if (!path)
        return work_no_memory(error);
    u->had_old = access(path, F_OK) == 0;
    if (u->had_old) {
        enum render_status status = golden_read(&u->golden, w, path, error);
        u->old_audio = status == RENDER_OK ? golden_audio(&u->golden, w) : NULL;
        return status;
    }
    enum render_status status = golden_begin(&u->golden, w, base, error);
    return status == RENDER_WRONG && wish->source ? RENDER_OK : status;
}

static enum render_status take_wish(struct update *u, struct work *w,
                                    const struct update_wish *wish, struct render_error *error)
{
    struct golden *g = &u->golden;
    if (wish->source && set_source(u, w, wish->source, error) != RENDER_OK)
        return error->status;
    if (wish->render)
        g->render = arena_copy(&w->arena, wish->render, strlen(wish->render));
    if (!g->render || strchr(g->render, '\n'))
        return render_fail(error, RENDER_TROUBLE, "--render: a golden's options stand in one line");
    g->clips |= wish->clips;
    g->silent |= wish->silent;
    g->constant |= wish->constant;
    return wish->excerpt ? golden_set_excerpt(g, w, wish->excerpt, error) : RENDER_OK;
}

/* ---- what speaks against it ---- */

static enum render_status refuse(const struct update *u, const char *why, const char *flag,
                                 struct render_error *error)
{
    char help[120];
    render_fail(error, RENDER_WRONG, "%s: %s; nothing was written", u->golden.base, why);
    if (flag) {
        snprintf(help, sizeof help, "if that is meant: patchdiff update NAME %s", flag);
        render_help(error, help);
    }
    return RENDER_WRONG;
}

static enum render_status look_at_sound(struct update *u, struct work *w,
                                        struct render_error *error)
{
    struct soundness s;
    if (soundness_of(u->now.sound, u->now.name, &s, error) != RENDER_OK)
        return error->status;
    char *unsound = case_unsound(w, &s, &u->golden);
    if (unsound)
        return refuse(u, unsound,
                      s.frames == 0 ? NULL
                      : s.silent    ? "--silent"
                      : s.constant  ? "--constant"
                                    : "--clips",
                      error);
    u->golden.clips = s.clipped > 0;
    u->golden.silent = s.silent;
    u->golden.constant = s.constant && !s.silent;
    if (u->now.whole != u->now.sound && soundness_of(u->now.whole, u->now.name, &s, error))
        return error->status;
    u->golden.hash = arena_copy(&w->arena, s.hash, strlen(s.hash));
    return u->golden.hash ? RENDER_OK : work_no_memory(error);
}

static enum render_status look_at_notes(struct update *u, struct work *w,
                                        const struct update_wish *wish, struct render_error *error)
{
    struct notes notes;
    if (!u->now.trace || !u->now.ladder)
        return RENDER_OK;
    if (notes_of(w, u->now.trace, u->now.ladder, u->now.name, &notes, error) != RENDER_OK)
        return error->status;
    if (notes.unheard > u->golden.unheard && !wish->unheard) {
        char why[500];
        snprintf(why, sizeof why, "%" PRIu64 " of %" PRIu64 " notes never sounded, the first is %s",
                 notes.unheard, notes.played, notes.first);
        return refuse(u, why, "--unheard", error);
    }
    u->golden.unheard = notes.unheard;
    return RENDER_OK;
}

/* ---- the files ---- */

struct files {
    struct out_file files[FILES];
    size_t count;
    bool changed;
};

static bool same_bytes(const char *a, const char *b)
{
    FILE *x = fopen(a, "rb"), *y = fopen(b, "rb");
    int c = 0, d = 0;
    while (x && y && c == d && c != EOF) {
        c = getc(x);
        d = getc(y);
    }
    bool same = x && y && c == d;
    if (x)
        fclose(x);
    if (y)
        fclose(y);
    return same;
}

/* A copy of the file `from` under the name `to`, waiting beside it. */
static enum render_status put_file(struct files *f, const char *to, const char *from,
                                   struct render_error *error)
{
    static char bytes[PIECE];
    FILE *in = fopen(from, "rb");
    if (!in)
        return render_fail(error, RENDER_TROUBLE, "%s: cannot read: %s", from, strerror(errno));
    struct out_file *out = &f->files[f->count];
    enum render_status status = out_create(out, to, 10 + f->count, error);
    f->count++;
    f->changed |= !same_bytes(to, from);
    for (size_t n; status == RENDER_OK && (n = fread(bytes, 1, sizeof bytes, in)) > 0;)
        status = out_write(out, bytes, n, error);
    if (status == RENDER_OK && ferror(in))
        status = render_fail(error, RENDER_TROUBLE, "%s: cannot read", from);
    fclose(in);
    return status == RENDER_OK ? out_close(out, error) : status;
}

static enum render_status put_text(struct files *f, struct work *w, const char *to,
                                   const char *text, struct render_error *error)
{
    char *path = work_path(w, ".golden", error);
    FILE *file = path ? fopen(path, "wb") : NULL;
    bool failed = !file || fputs(text, file) < 0;
    if (file && fclose(file))
        failed = true;
    if (failed)
        return render_fail(error, RENDER_TROUBLE, "%s: cannot write: %s", path ? path : to,
                           strerror(errno));
    return put_file(f, to, path, error);
}

static enum render_status put_listing(struct files *f, struct update *u, struct work *w,
                                      struct render_error *error)
{
    char *fresh = work_path(w, ".listing", error);
    bool found = false;
    if (u->now.score)
        return RENDER_OK;
    if (!fresh ||
        engine_listing(w, u->golden.source, u->golden.folder, fresh, &found, error) != RENDER_OK)
        return error->status;
    if (!found)
        return render_fail(error, RENDER_TROUBLE, "%s: patchc gives no listing of it", u->now.name);
    return put_file(f, golden_path(&u->golden, w, ".listing"), fresh, error);
}

static enum render_status put_all(struct files *f, struct update *u, struct work *w,
                                  struct render_error *error)
{
    char *ladder = work_path(w, ".ladder.gz", error);
    char *text = golden_text(&u->golden, w);
    if (!ladder || !text)
        return work_no_memory(error);
    if (ladder_pack(u->now.ladder, ladder, error) != RENDER_OK ||
        put_file(f, golden_audio(&u->golden, w), u->now.sound, error) != RENDER_OK ||
        put_file(f, golden_path(&u->golden, w, ".ladder.gz"), ladder, error) != RENDER_OK ||
        put_listing(f, u, w, error) != RENDER_OK)
        return error->status;
    return put_text(f, w, golden_path(&u->golden, w, ".golden"), text, error);
}

/* The golden's text comes last: it is what makes the others one. */
static enum render_status write_files(struct update *u, struct work *w, struct render_error *error)
{
    struct files f = {.count = 0};
    enum render_status status = put_all(&f, u, w, error);
    if (status == RENDER_OK)
        status = work_go_on(error);
    for (size_t i = 0; i < f.count && status == RENDER_OK && f.changed; i++)
        status = out_commit(&f.files[i], error);
    for (size_t i = 0; i < f.count; i++)
        out_discard(&f.files[i]);
    u->changed = f.changed;
    const char *audio = golden_audio(&u->golden, w);
    if (status == RENDER_OK && u->old_audio && audio && strcmp(audio, u->old_audio) != 0)
        unlink(u->old_audio); /* FLAC or WAV, not both */
    return status;
}

/* ---- all of it ---- */

/* The audio of an old golden, though its other files may be lost. */
static enum render_status compare(struct update *u, struct work *w, struct render_error *error)
{
    const char *audio = u->old_audio;
    u->old = (struct side){.name = u->golden.base, .kind = SIDE_GOLDEN, .from = u->golden.from};
    u->old.ladder = golden_path(&u->golden, w, ".ladder.gz");
    u->old.sound = audio;
    u->had_old &= audio && access(audio, R_OK) == 0;
    if (u->old.ladder && access(u->old.ladder, R_OK))
        u->old.ladder = NULL;
    if (!u->had_old)
        u->old = u->now;       /* for a picture */
    u->now.kind = SIDE_GOLDEN; /* it is rendered already */
    u->compared = true;
    return comparison_make(&u->comparison, w, &u->old, &u->now, NULL, error);
}

enum render_status update_make(struct update *u, struct work *w, const char *base,
                               const struct update_wish *wish, struct render_error *error)
{
    *u = (struct update){.had_old = false};
    enum render_status status = read_old(u, w, base, wish, error);
    if (status == RENDER_OK)
        status = take_wish(u, w, wish, error);
    if (status == RENDER_OK)
        status = side_of_golden(&u->now, w, &u->golden, NULL, error);
    if (status != RENDER_OK)
        return status;
    const char *audio = golden_audio(&u->golden, w);
    u->now.extension = audio && strstr(audio, ".wav") ? ".wav" : ".flac";
    u->now.stretches = true;
    status = side_render(&u->now, w, error);
    if (status == RENDER_OK)
        status = look_at_sound(u, w, error);
    if (status == RENDER_OK)
        status = look_at_notes(u, w, wish, error);
    if (status == RENDER_OK)
        status = compare(u, w, error);
    return status == RENDER_OK ? write_files(u, w, error) : status;
}

void update_close(struct update *u)
{
    comparison_close(&u->comparison);
}
