#include "render/batch/batch.h"
#include "render/batch/reading.h"
#include "render/score/forms.h"
#include <errno.h>
#include <stdarg.h>
#include <string.h>

enum { TREE_BYTES = 32 * 1024, MOST_NAME = 128 };

/* --- reports ------------------------------------------------------------------------------ */

struct diag *list_wrong(struct list *r, enum diag_code code, const struct sx *sx,
                        const char *format, ...)
{
    char text[700];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return diag_error(&r->diags, code, sx->place, "%s", text);
}

void list_trouble(struct list *r, const char *format, ...)
{
    char text[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (!r->error.status)
        render_fail(&r->error, RENDER_TROUBLE, "%s", text);
}

static bool is_stopped(const struct list *r)
{
    return r->options->stop && atomic_load(r->options->stop);
}

bool list_is_hopeless(const struct list *r)
{
    return is_stopped(r) || r->error.status != RENDER_OK || r->batch->arena.failed;
}

/* A form's tree has whole lines of its own. */
unsigned list_line(const struct sx *sx)
{
    const struct source *source = sx->place.source;
    unsigned line = source ? source->lines_before + 1 : 0;
    for (uint32_t i = 0; source && i < sx->place.begin; i++)
        line += source->text[i] == '\n';
    return line;
}

/* --- words -------------------------------------------------------------------------------- */

bool is_key(const struct sx *sx)
{
    return sx->kind != SX_LIST && sx->kind != SX_STRING && sx->text[0] == ':';
}

const char *list_text(struct list *r, const struct sx *sx, const char *what)
{
    if (sx->kind != SX_LIST && sx->length > 0 && strlen(sx->text) == sx->length)
        return sx->text;
    list_wrong(r, E_BATCH_VALUE, sx, "%s is a name in quotes", what);
    return NULL;
}

const char *list_path(struct list *r, const char *name)
{
    return arena_format(&r->batch->arena, "%s%s", name[0] == '/' ? "" : r->folder, name);
}

/* --- patches ------------------------------------------------------------------------------ */

bool list_readable(struct list *r, const struct sx *sx, const char *path, const char *what)
{
    FILE *stream = fopen(path, "rb");
    if (stream) {
        fclose(stream);
        return true;
    }
    if (errno == ENOMEM) {
        list_trouble(r, "%s: cannot load: %s", path, strerror(errno));
        return false;
    }
    const char *why = strerror(errno);
    struct diag *d = list_wrong(r, E_BATCH_RESOURCE, sx, "%s cannot be loaded", what);
    diag_label(&r->diags, d, "%s: %s", path, why);
    return false;
}

static const struct rp_program *load(struct list *r, const struct sx *sx, const char *path)
{
    const struct batch_loader *loader = &r->options->loader;
    int status = 0;
    if (!list_readable(r, sx, path, "the patch"))
        return NULL;
    const struct rp_program *program =
        loader->load(loader->context, path, r->options->diagnostics, &status);
    if (!program && status == 2) {
        list_trouble(r, "%s: cannot load", path);
    } else if (!program) {
        struct diag *d = list_wrong(r, E_BATCH_RESOURCE, sx, "the patch cannot be loaded");
        diag_label(&r->diags, d, "what is wrong with it is said before");
    }
    return program;
}

/* Loads it when it is met first. */
static bool file_find(struct list *r, const struct sx *sx, uint32_t *number)
{
    struct arena *arena = &r->batch->arena;
    const char *path = list_path(r, sx->text);
    size_t before = r->files.count;
    *number = path ? names_add(&r->files, path) : NAME_NONE;
    if (*number == NAME_NONE ||
        arena_grow(arena, (void **)&r->file, &r->file_room, *number + 1, sizeof *r->file))
        return false;
    if (r->files.count > before) {
        const char *kept = r->files.words[*number];
        r->file[*number] = (struct batch_file){kept, load(r, sx, kept)};
    }
    return true;
}

static bool unknown_patch(struct list *r, const struct sx *sx)
{
    struct diag *d = list_wrong(r, E_BATCH_PATCH, sx, "unknown patch '%.60s'", sx->text);
    if (r->patches.count > 0)
        diag_suggest(&r->diags, d, sx->text, "there is", "there are", r->patches.words,
                     r->patches.count);
    else
        diag_help(&r->diags, d, "declare it: (patch %.60s \"FILE\"); or name its file", sx->text);
    return false;
}

bool patch_find(struct list *r, const struct sx *sx, struct batch_patch *patch)
{
    if (!list_text(r, sx, "a patch"))
        return false;
    uint32_t number = names_find(&r->patches, sx->text);
    if (number != NAME_NONE) {
        *patch = r->patch[number];
        return true;
    }
    *patch = (struct batch_patch){0};
    if (!strpbrk(sx->text, "./"))
        return unknown_patch(r, sx);
    return file_find(r, sx, &patch->file);
}

static const struct sx *item(const struct sx *form, size_t i)
{
    for (const struct sx *sx = form->first->next; sx; sx = sx->next) {
        if (is_key(sx))
            sx = sx->next;
        else if (i-- == 0)
            return sx;
        if (!sx)
            break;
    }
    return NULL;
}

static bool wrong_shape(struct list *r, const struct sx *form, const char *shape)
{
    struct diag *d =
        list_wrong(r, E_BATCH_SHAPE, form, "'%s' is not of its shape", form->first->text);
    diag_help(&r->diags, d, "the shape is %s", shape);
    return false;
}

static void do_patch(struct list *r, const struct sx *form)
{
    const struct sx *name = item(form, 0), *path = item(form, 1);
    struct sound_wish wish = r->wish;
    uint32_t file;
    if (!name || !path || item(form, 2)) {
        wrong_shape(r, form, "(patch zap \"zap.sx\" :set (pitch 880))");
        return;
    }
    if (!list_text(r, name, "a patch's name") || !list_text(r, path, "a patch's file"))
        return;
    if (names_find(&r->patches, name->text) != NAME_NONE) {
        list_wrong(r, E_BATCH_NAME_TWICE, name, "'%.60s' is there already", name->text);
        return;
    }
    r->keep = true;
    bool good = wish_options(r, form, false, &wish);
    uint32_t number = file_find(r, path, &file) ? names_add(&r->patches, name->text) : NAME_NONE;
    if (number == NAME_NONE || arena_grow(&r->batch->arena, (void **)&r->patch, &r->patch_room,
                                          number + 1, sizeof *r->patch))
        return;
    r->patch[number] = (struct batch_patch){file, good ? form : NULL};
}

/* --- forms -------------------------------------------------------------------------------- */

static void do_batch(struct list *r, const struct sx *form)
{
    const struct sx *name = item(form, 0);
    if (item(form, 1) || (name && name->kind == SX_LIST))
        wrong_shape(r, form, "(batch \"level one\")");
    else if (name)
        r->batch->name = arena_copy(&r->batch->arena, name->text, name->length);
}

static void do_default(struct list *r, const struct sx *form)
{
    if (item(form, 0)) {
        wrong_shape(r, form, "(default :seconds 0.5)");
        return;
    }
    r->keep = true;
    wish_options(r, form, true, &r->wish);
}

static const struct {
    const char *name;
    void (*run)(struct list *, const struct sx *);
} rows[] = {{"batch", do_batch}, {"default", do_default}, {"patch", do_patch}, {"sound", do_sound}};

enum { ROWS = sizeof rows / sizeof *rows };

bool batch_has_form(const char *name)
{
    return strcmp(name, "batch") == 0 || strcmp(name, "sound") == 0;
}

static void not_headed(struct list *r, const struct sx *sx)
{
    r->headed = true;
    struct diag *d = list_wrong(r, E_BATCH_FIRST, sx, "'%s' does not begin with (batch)", r->path);
    diag_help(&r->diags, d, "write (batch) before everything else");
}

static void unknown_form(struct list *r, const struct sx *sx)
{
    const char *words[ROWS];
    for (size_t i = 0; i < ROWS; i++)
        words[i] = rows[i].name;
    struct diag *d =
        list_wrong(r, E_BATCH_FORM, sx->first, "unknown form '%.60s'", sx->first->text);
    diag_suggest(&r->diags, d, sx->first->text, "there is", "there are", words, ROWS);
}

static void eval(struct list *r, const struct sx *sx)
{
    bool is_form = sx->kind == SX_LIST && sx->first && sx->first->kind != SX_LIST;
    bool is_head = is_form && sx_is(sx->first, "batch");
    if (is_head && r->headed) {
        list_wrong(r, E_BATCH_FIRST, sx, "'batch' stands at the beginning alone");
        return;
    }
    if (!r->headed && !is_head)
        not_headed(r, sx);
    r->headed = true;
    if (!is_form) {
        struct diag *d = list_wrong(r, E_BATCH_SHAPE, sx, "a form is wanted here");
        diag_help(&r->diags, d, "a form begins with a word, as (sound \"zap.sx\" \"zap.wav\")");
        return;
    }
    for (size_t i = 0; i < ROWS; i++) {
        if (strcmp(rows[i].name, sx->first->text) == 0) {
            rows[i].run(r, sx);
            return;
        }
    }
    unknown_form(r, sx);
}

/* --- the file ----------------------------------------------------------------------------- */

/* Trees of several forms: to make an arena anew costs more than a short form does. */
struct trees {
    struct arena arena;
    struct trees *next;
};

/* The forms up to the next that must be kept. 0: the end. */
static int read_trees(struct list *r, struct form_reader *reader, struct arena *arena)
{
    unsigned before = r->diags.count;
    r->keep = false;
    while (!r->keep && r->diags.count == before && arena->taken < TREE_BYTES &&
           !list_is_hopeless(r)) {
        int status = 0;
        struct sx *forms = form_next(reader, arena, &r->diags, &status);
        if (!forms && status == 0)
            return 0;
        if (!forms)
            r->headed = true; /* what was wrong may have been the header */
        for (const struct sx *sx = forms ? forms->first : NULL; sx && !list_is_hopeless(r);
             sx = sx->next)
            eval(r, sx);
        if (status == 2)
            list_trouble(r, "%s: cannot read: %s", r->path,
                         arena->failed ? "out of memory"
                         : errno       ? strerror(errno)
                                       : source_shrank_why);
    }
    /* Places that reports show must live until they are printed. */
    if (before < DIAG_LIMIT && r->diags.count > before)
        r->keep = true;
    return 1;
}

static struct trees *read_all(struct list *r, struct form_reader *reader)
{
    struct trees *kept = NULL;
    for (int more = 1; more && !list_is_hopeless(r);) {
        struct trees *trees = arena_take(&r->batch->arena, 1, sizeof *trees);
        if (!trees)
            break;
        arena_init(&trees->arena);
        more = read_trees(r, reader, &trees->arena);
        if (r->keep) {
            trees->next = kept;
            kept = trees;
        } else {
            arena_free(&trees->arena);
        }
    }
    return kept;
}

static void check_content(struct list *r, struct source *nothing)
{
    *nothing = (struct source){.name = r->path, .text = ""};
    struct sx sx = {.place = {nothing, 0, 0}};
    if (!r->headed)
        not_headed(r, &sx);
    else if (r->batch->count == 0 && r->diags.count == 0) {
        struct diag *d = list_wrong(r, E_BATCH_SHAPE, &sx, "'%s' has no sounds", r->path);
        diag_help(&r->diags, d, "write (sound \"zap.sx\" \"zap.wav\")");
    }
}

static int finish(struct list *r)
{
    FILE *out = r->options->diagnostics;
    if (is_stopped(r))
        return 2;
    if (r->batch->arena.failed)
        list_trouble(r, "%s: out of memory", r->path);
    diags_print(&r->diags, out);
    if (r->error.status)
        fprintf(out, "patchrun: %s\n", r->error.text);
    return r->error.status ? 2 : r->diags.count ? 1 : 0;
}

static int read_stream(struct list *r, FILE *stream)
{
    struct source nothing;
    const char *slash = strrchr(r->path, '/');
    struct trees *kept = NULL;
    r->folder = slash ? arena_copy(&r->batch->arena, r->path, (size_t)(slash + 1 - r->path)) : "";
    struct form_reader *reader = form_open(stream, r->path, FORM_BATCH);
    if (!reader || !r->folder)
        list_trouble(r, "out of memory");
    else
        kept = read_all(r, reader);
    form_close(reader);
    if (!list_is_hopeless(r))
        check_content(r, &nothing);
    int status = finish(r);
    for (; kept; kept = kept->next)
        arena_free(&kept->arena);
    return status;
}

int batch_read(struct batch *batch, FILE *stream, const char *path,
               const struct batch_options *options)
{
    *batch = (struct batch){.name = ""};
    arena_init(&batch->arena);
    struct list *r = arena_take(&batch->arena, 1, sizeof *r);
    if (!r) {
        fprintf(options->diagnostics, "patchrun: %s: out of memory\n", path);
        return 2;
    }
    r->batch = batch;
    r->options = options;
    r->wish = options->wish;
    r->path = arena_copy(&batch->arena, path, strlen(path));
    diags_init(&r->diags, &batch->arena);
    struct names *tables[] = {&r->files, &r->patches, &r->outputs, &r->inputs};
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
        tables[i]->arena = &batch->arena;
    if (!r->path)
        list_trouble(r, "%s: out of memory", path);
    return r->path ? read_stream(r, stream) : finish(r);
}

void batch_free(struct batch *batch)
{
    arena_free(&batch->arena);
    *batch = (struct batch){0};
}
