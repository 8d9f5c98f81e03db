#include "render/score/score.h"
#include "render/score/forms.h"
#include "render/score/reading.h"
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BATCH_BYTES = 32 * 1024, MOST_FILE_NUMBER = UINT16_MAX };

struct score_private {
    struct kept_sample *samples;
    uint64_t order;   /* of the next command */
    uint64_t play_at; /* where the last play acts */
};

struct kept_sample {
    struct sample sample;
    struct kept_sample *next;
};

/* --- commands ----------------------------------------------------------------------------- */

static uint64_t next_tick(uint64_t frame)
{
    return (frame + MIX_TICK - 1) / MIX_TICK * MIX_TICK;
}

uint64_t score_act_frame(const struct score *score, uint64_t exact)
{
    return score->quantise ? next_tick(exact) : exact;
}

/* The end of a length is a command like any other: it comes on a tick, and after the start. */
static uint64_t act_length(uint64_t exact, uint64_t length, uint64_t act)
{
    uint64_t end = next_tick(exact + length);
    return end > act ? end - act : MIX_TICK;
}

static void quantise(const struct score *score, struct mix_command *command)
{
    uint64_t exact = command->frame;
    if (command->part) {
        command->frame = score->own->play_at;
    } else if (score->quantise && command->verb != MIX_SET) {
        command->frame = next_tick(exact);
        if (command->verb == MIX_PLAY && command->length)
            command->length = act_length(exact, command->length, command->frame);
    }
    if (command->verb == MIX_PLAY)
        score->own->play_at = command->frame;
}

enum render_status score_add(struct score *score, struct mix_command *command,
                             struct render_error *error)
{
    if (score->own->order >= MOST_COMMANDS)
        return render_fail(error, RENDER_WRONG, "more than %d commands", (int)MOST_COMMANDS);
    quantise(score, command);
    command->order = score->own->order++;
    score->command_count += !command->part;
    uint64_t end = command->frame + (command->verb == MIX_PLAY ? command->length : 0);
    score->last = end > score->last ? end : score->last;
    return timeline_add(score->timeline, command, error);
}

static void count_late(struct score_late *late, const struct mix_command *c, uint64_t end)
{
    if (c->part || c->frame < end || (c->frame == end && c->verb != MIX_PLAY))
        return;
    if (late->count++ == 0) {
        late->file = c->file;
        late->line = c->line;
    }
}

/* In steps that grow where there is nothing, so that few commands are in memory at a time. */
enum render_status score_late(struct score *score, uint64_t end, struct score_late *late,
                              struct render_error *error)
{
    uint64_t last = timeline_last(score->timeline), step = MIX_TICK;
    enum render_status status = RENDER_OK;
    *late = (struct score_late){0};
    if (last < end)
        return RENDER_OK;
    for (uint64_t to = step; !status; to += step) {
        const struct mix_command *commands;
        size_t count;
        status = timeline_until(score->timeline, to, &commands, &count, error);
        for (size_t i = 0; i < count && !status; i++)
            count_late(late, &commands[i], end);
        if (to > last)
            break;
        step = count ? MIX_TICK : step * 2;
    }
    return status ? status : timeline_rewind(score->timeline, error);
}

static void too_many(struct reading *r, const struct sx *sx)
{
    struct diag *d = score_wrong(r, E_SCORE_LIMIT, sx, "the score has more than %d commands",
                                 (int)MOST_COMMANDS);
    diag_label(&r->diags, d, "this is one more");
}

uint64_t score_emit(struct reading *r, const struct sx *sx, struct mix_command *command)
{
    r->commands++;
    command->file = r->file_number;
    command->line = sx->line;
    if (r->diags.count || r->error.status)
        return 0;
    enum render_status status = score_add(r->score, command, &r->error);
    if (status == RENDER_WRONG) {
        r->error.status = RENDER_OK;
        too_many(r, sx);
    }
    return command->order;
}

static bool is_stopped(const struct reading *r)
{
    return r->options->stop && atomic_load(r->options->stop);
}

bool score_is_hopeless(const struct reading *r)
{
    return is_stopped(r) || r->error.status != RENDER_OK || r->score->arena.failed;
}

/* --- reports ------------------------------------------------------------------------------ */

struct diag *score_wrong(struct reading *r, enum diag_code code, const struct sx *sx,
                         const char *format, ...)
{
    char text[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return diag_error(&r->diags, code, sx->place, "%s", text);
}

void score_trouble(struct reading *r, const char *format, ...)
{
    char text[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (!r->error.status)
        render_fail(&r->error, RENDER_TROUBLE, "%s", text);
}

/* --- files -------------------------------------------------------------------------------- */

char *score_path(struct reading *r, const char *name)
{
    const char *folder = name[0] == '/' ? "" : r->file->folder;
    return arena_format(&r->score->arena, "%s%s", folder, name);
}

static const char *folder_of(struct reading *r, const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? arena_copy(&r->score->arena, path, (size_t)(slash + 1 - path)) : "";
}

/* An arena serves several forms: to make one anew costs more than a short form does. */
struct batch {
    struct arena arena;
    struct batch *next;
};

static struct batch *new_batch(struct reading *r)
{
    struct batch *batch = arena_take(&r->score->arena, 1, sizeof *batch);
    if (batch)
        arena_init(&batch->arena);
    return batch;
}

/* The score's to free. */
static void keep_batch(struct reading *r, struct batch *batch)
{
    batch->next = r->batches;
    r->batches = batch;
}

static void free_batches(struct reading *r)
{
    for (struct batch *batch = r->batches; batch; batch = batch->next)
        arena_free(&batch->arena);
}

static void not_headed(struct reading *r, const struct sx *sx)
{
    r->file->headed = true;
    struct diag *d =
        score_wrong(r, E_SCORE_FIRST, sx, "'%s' does not begin with (score)", r->file->path);
    diag_help(&r->diags, d, "write (score) before everything else");
}

static bool is_header(const struct sx *sx)
{
    return sx->kind == SX_LIST && sx->first && sx_is(sx->first, "score");
}

static void read_forms(struct reading *r, const struct sx *forms)
{
    for (const struct sx *sx = forms->first; sx && !score_is_hopeless(r); sx = sx->next) {
        if (!r->file->headed && !is_header(sx))
            not_headed(r, sx);
        eval_top(r, sx);
    }
}

/* The forms up to the next that must be kept. 0: the end. */
static int read_batch(struct reading *r, struct form_reader *reader, struct arena *arena)
{
    int status = 0;
    unsigned before = r->diags.count;
    r->keep = false;
    while (!r->keep && r->diags.count == before && arena->taken < BATCH_BYTES &&
           !score_is_hopeless(r)) {
        struct sx *forms = form_next(reader, arena, &r->diags, &status);
        if (forms)
            read_forms(r, forms);
        else if (status == 0)
            return 0;
        else
            r->file->headed = true; /* what was wrong may have been the header */
        if (status == 2)
            score_trouble(r, "%s: cannot read: %s", r->file->path,
                          arena->failed ? "out of memory"
                          : errno       ? strerror(errno)
                                        : source_shrank_why);
    }
    /* Places that reports show must live until they are printed. */
    if (before < DIAG_LIMIT && r->diags.count > before)
        r->keep = true;
    return 1;
}

static void read_open(struct reading *r, struct form_reader *reader)
{
    struct batch *batch = NULL;
    for (int more = 1; more && !score_is_hopeless(r);) {
        batch = batch ? batch : new_batch(r);
        if (!batch)
            return;
        more = read_batch(r, reader, &batch->arena);
        if (!r->keep) {
            arena_reset(&batch->arena);
            continue;
        }
        keep_batch(r, batch);
        batch = NULL;
    }
    if (batch)
        arena_free(&batch->arena);
}

static void check_headed(struct reading *r)
{
    struct source *source = arena_take(&r->score->arena, 1, sizeof *source);
    if (r->file->headed || !source)
        return;
    *source = (struct source){.name = r->file->path, .text = ""};
    struct sx nothing = {.place = {source, 0, 0}};
    not_headed(r, &nothing);
}

void score_read_file(struct reading *r, struct score_file *file, FILE *stream)
{
    struct score_file *outer = r->file;
    uint16_t outer_number = r->file_number;
    uint32_t number = names_add(&r->files, file->path);
    file->folder = folder_of(r, file->path);
    file->number = (uint16_t)(number < MOST_FILE_NUMBER ? number : MOST_FILE_NUMBER);
    struct form_reader *reader = form_open(stream, file->path, FORM_BATCH);
    if (!reader || !file->folder || number == NAME_NONE) {
        score_trouble(r, "out of memory");
    } else {
        r->file = file;
        r->file_number = file->number;
        read_open(r, reader);
        if (!score_is_hopeless(r))
            check_headed(r);
    }
    form_close(reader);
    r->file = outer;
    r->file_number = outer_number;
}

/* O_NONBLOCK: a FIFO that nobody writes to must not stop us before we can refuse it. */
FILE *score_open_file(const char *path, const char **why)
{
    struct stat info;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    bool known = fd >= 0 && fstat(fd, &info) == 0;
    FILE *stream = known && S_ISREG(info.st_mode) ? fdopen(fd, "rb") : NULL;
    if (stream)
        return stream;
    int number = errno;
    *why = known && !S_ISREG(info.st_mode) ? "not a regular file" : strerror(number);
    if (fd >= 0)
        close(fd);
    errno = number;
    return NULL;
}

/* --- the whole ---------------------------------------------------------------------------- */

static int start_score(struct score *score, struct render_error *error)
{
    arena_init(&score->arena);
    score->name = "";
    score->voices = 16;
    score->policy = MIX_STEAL_OLDEST;
    score->quantise = 1;
    score->midi.bend = 2.0f;
    memset(score->midi.channel, -1, sizeof score->midi.channel);
    memset(score->midi.program, -1, sizeof score->midi.program);
    memset(score->midi.drum, -1, sizeof score->midi.drum);
    score->own = arena_take(&score->arena, 1, sizeof *score->own);
    score->timeline = timeline_new(0, error);
    return score->own && score->timeline ? 0 : -1;
}

static void hand_over(struct reading *r)
{
    struct score *score = r->score;
    score->params = r->params.words;
    score->param_count = r->params.count;
    score->names = r->names.words;
    score->name_count = r->names.count;
    score->files = r->files.words;
    score->file_count = r->files.count;
}

static struct reading *new_reading(struct score *score, const struct score_options *options)
{
    struct arena *arena = &score->arena;
    struct reading *r = arena_take(arena, 1, sizeof *r);
    if (!r)
        return NULL;
    r->score = score;
    r->options = options;
    diags_init(&r->diags, arena);
    r->sources.arena = r->buses.arena = r->names.arena = arena;
    r->params.arena = r->sections.arena = r->files.arena = r->failed.arena = arena;
    r->transpose = ratio_whole(0);
    r->resample = SAMPLE_AS_IS;
    if (!time_init(&r->time, arena))
        score_trouble(r, "out of memory");
    return r;
}

static int finish(struct reading *r, const char *path)
{
    FILE *out = r->options->diagnostics;
    if (is_stopped(r))
        return 2;
    if (r->score->arena.failed)
        score_trouble(r, "%s: out of memory", path);
    diags_print(&r->diags, out);
    if (r->error.status)
        fprintf(out, "patchrun: %s\n", r->error.text);
    return r->error.status ? 2 : r->diags.count ? 1 : 0;
}

static int read_whole(struct reading *r, FILE *stream, const char *path)
{
    struct score_file file = {.path = path};
    file.start = (struct moment){ratio_whole(0), ratio_whole(0)};
    score_read_file(r, &file, stream);
    if (!score_is_hopeless(r))
        bus_check_ends(r);
    hand_over(r);
    if (!score_is_hopeless(r) && !r->options->map_only)
        timeline_seal(r->score->timeline, &r->error);
    return finish(r, path);
}

int score_read(struct score *score, FILE *stream, const char *path,
               const struct score_options *options)
{
    struct render_error error = {0};
    *score = (struct score){0};
    struct reading *r = start_score(score, &error) ? NULL : new_reading(score, options);
    if (!r) {
        fprintf(options->diagnostics, "patchrun: %s: out of memory\n", path);
        return 2;
    }
    int status = read_whole(r, stream, path);
    time_free(&r->time);
    free_batches(r);
    return status;
}

struct sample *score_keep_sample(struct score *score)
{
    struct kept_sample *kept = arena_take(&score->arena, 1, sizeof *kept);
    if (!kept)
        return NULL;
    kept->next = score->own->samples;
    score->own->samples = kept;
    return &kept->sample;
}

void score_free(struct score *score)
{
    struct kept_sample *kept = score->own ? score->own->samples : NULL;
    for (; kept; kept = kept->next)
        sample_free(&kept->sample);
    timeline_free(score->timeline);
    arena_free(&score->arena);
    *score = (struct score){0};
}
