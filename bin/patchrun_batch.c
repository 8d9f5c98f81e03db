/* patchrun_batch.c - a list of sounds, each into its file or all into one. */
#include "bin/patchrun_common.h"
#include "render/sheet.h"
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* All there is of one run. */
struct run {
    const struct options *options;
    struct library library;
    struct batch batch;
    struct sheet sheet;
    struct out_file index;
    char **made; /* folders */
    size_t made_count, made_room;
};

/* --- reading ------------------------------------------------------------------------------ */

static int read_list(struct run *run, struct input_file *input)
{
    const struct options *o = run->options;
    struct batch_options reading = {.loader = {library_load, &run->library},
                                    .wish = wish_of(o),
                                    .sheet = o->sheet ? &run->sheet.spec : NULL,
                                    .directory = o->output,
                                    .diagnostics = stderr,
                                    .stop = &stop_signal};
    run->sheet.spec = (struct audio_spec){.format = o->format, .pcm = o->pcm, .channels = 1};
    return batch_read(&run->batch, input->stream, input->name, &reading);
}

/* One folder; it is there in the end, or it was said why not. */
static int make_folder(struct run *run, const char *path)
{
    struct stat info;
    if (run->made_count == run->made_room) {
        size_t room = run->made_room * 2 + 16;
        char **more = realloc(run->made, room * sizeof *more);
        if (!more)
            return say_out_of_memory();
        run->made = more;
        run->made_room = room;
    }
    char *kept = strdup(path);
    if (!kept)
        return say_out_of_memory();
    if (mkdir(path, 0777) == 0) {
        run->made[run->made_count++] = kept;
        return 0;
    }
    int number = errno;
    free(kept);
    if (number == EEXIST && stat(path, &info))
        number = errno;
    else if (number == EEXIST)
        number = S_ISDIR(info.st_mode) ? 0 : ENOTDIR;
    return number ? say_trouble(path, "make the directory", number) : 0;
}

/* The folders of a file from `known` characters of its path on, which is changed for a while. */
static int make_folders_of(struct run *run, char *path, size_t known)
{
    int status = 0;
    for (char *at = strchr(path + known, '/'); at && status == 0; at = strchr(at + 1, '/')) {
        *at = '\0';
        status = make_folder(run, path);
        *at = '/';
    }
    return status;
}

static size_t folder_length(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? (size_t)(slash - path) : 0;
}

static int make_folders(struct run *run)
{
    const char *folder = run->options->output, *before = NULL;
    if (!folder)
        return 0;
    int status = make_folder(run, folder);
    for (size_t i = 0; i < run->batch.count && status == 0; i++) {
        const char *path = run->batch.takes[i].path;
        size_t length = folder_length(path);
        if (!strchr(run->batch.names[i], '/') ||
            (before && folder_length(before) == length && memcmp(before, path, length) == 0))
            continue;
        char *copy = strdup(path);
        status = copy ? make_folders_of(run, copy, strlen(folder) + 1) : say_out_of_memory();
        free(copy);
        before = path;
    }
    return status;
}

/* Those we made, if nothing came into them. */
static void free_folders(struct run *run, bool remove)
{
    while (run->made_count > 0) {
        char *path = run->made[--run->made_count];
        if (remove)
            rmdir(path);
        free(path);
    }
    free(run->made);
}

static int open_sheet(struct run *run)
{
    struct render_error error;
    struct sheet *sheet = &run->sheet;
    if (!run->options->sheet)
        return 0;
    for (size_t i = 0; i < run->batch.count; i++) {
        const struct audio_spec *spec = &run->batch.takes[i].sound->spec;
        sheet->spec.frames += spec->frames + run->options->gap;
        if (spec->channels > sheet->spec.channels)
            sheet->spec.channels = spec->channels;
    }
    sheet->gap = run->options->gap;
    sheet->hash = run->options->hash;
    return sheet_open(sheet, run->options->sheet, run->batch.count, &error) ? say_error(&error) : 0;
}

/* --- rendering ---------------------------------------------------------------------------- */

static uint64_t all_frames(const struct batch *batch)
{
    uint64_t frames = 0;
    for (size_t i = 0; i < batch->count; i++)
        frames += batch->takes[i].sound->spec.frames;
    return frames;
}

static int render(struct run *run)
{
    struct render_error error = {.status = RENDER_OK};
    struct job job = job_of(run->options);
    struct progress progress = progress_begin(all_frames(&run->batch));
    if (run->options->sheet)
        job.sheet = &run->sheet;
    if (!run->options->quiet && isatty(STDERR_FILENO)) {
        job.progress = progress_show;
        job.context = &progress;
    }
    job_render(&job, run->batch.takes, run->batch.count, &error);
    progress_end(&progress);
    if (error.status == RENDER_OK && job.sheet)
        sheet_end(job.sheet, &error);
    if (atomic_load(&stop_signal))
        return 2; /* main dies of it */
    return error.status == RENDER_OK ? 0 : say_error(&error);
}

/* --- the index ---------------------------------------------------------------------------- */

struct index {
    struct out_file *file;
    enum render_status status;
    struct render_error error;
};

static void put_bytes(struct index *index, const char *bytes, size_t size)
{
    if (index->status == RENDER_OK)
        index->status = out_write(index->file, bytes, size, &index->error);
}

static void put(struct index *, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void put(struct index *index, const char *format, ...)
{
    char text[200];
    va_list args;
    va_start(args, format);
    int size = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    put_bytes(index, text, (size_t)size);
}

static void put_string(struct index *index, const char *before, const char *text)
{
    put(index, "%s\"", before);
    for (; *text; text++) {
        if ((unsigned char)*text < 0x20)
            put(index, "\\u%04x", (unsigned)(unsigned char)*text);
        else if (*text == '"' || *text == '\\')
            put(index, "\\%c", *text);
        else
            put_bytes(index, text, 1);
    }
    put(index, "\"");
}

static void index_sound(const struct run *run, size_t i, struct index *index)
{
    const struct take *take = &run->batch.takes[i];
    put_string(index, i > 0 ? ",\n  {\"name\": " : "\n  {\"name\": ", run->batch.names[i]);
    put_string(index, ", \"patch\": ", take->sound->name);
    put(index, ", \"seed\": %" PRIu64 ", \"serial\": %" PRIu64 ", \"channels\": %u", take->seed,
        take->sound->serial, take->sound->spec.channels);
    if (run->options->sheet)
        put(index, ", \"begin\": %" PRIu64, run->sheet.pieces[i].begin);
    put(index, ", \"frames\": %" PRIu64, take->frames);
    if (run->options->hash)
        put(index, ", \"hash\": \"%s\"", take->hash);
    put(index, "}");
}

static void index_all(const struct run *run, struct index *index)
{
    put_string(index, "{\"batch\": ", run->batch.name);
    put(index, ", \"rate\": %d", RP_SAMPLE_RATE);
    if (run->options->sheet) {
        put_string(index, ", \"sheet\": ", run->options->sheet);
        put(index, ", \"channels\": %u, \"frames\": %" PRIu64, run->sheet.spec.channels,
            run->sheet.at);
    }
    put(index, ", \"sounds\": [");
    for (size_t i = 0; i < run->batch.count; i++)
        index_sound(run, i, index);
    put(index, "\n]}\n");
}

static int write_index(struct run *run)
{
    struct index index = {.file = &run->index};
    if (!run->options->index)
        return 0;
    index.status = out_create(&run->index, run->options->index, run->batch.count + 1, &index.error);
    index_all(run, &index);
    if (index.status == RENDER_OK)
        index.status = out_close(&run->index, &index.error);
    return index.status == RENDER_OK ? 0 : say_error(&index.error);
}

/* --- the end ------------------------------------------------------------------------------ */

static int commit(struct run *run)
{
    struct render_error error;
    struct job job = job_of(run->options);
    bool failed = job_commit(&job, run->batch.takes, run->batch.count, &error);
    if (!failed && run->options->sheet && run->sheet.file.out.through >= 0)
        release_signals();
    if (!failed && run->options->sheet)
        failed = sheet_commit(&run->sheet, &error);
    if (!failed && run->options->index)
        failed = out_commit(&run->index, &error);
    return failed ? say_error(&error) : 0;
}

static int print_hashes(const struct run *run)
{
    const struct options *o = run->options;
    FILE *stream = o->sheet && out_is_stdout(o->sheet) ? stderr : stdout;
    for (size_t i = 0; i < run->batch.count && o->hash; i++)
        fprintf(stream, "%s  %s\n", run->batch.takes[i].hash,
                o->output ? run->batch.takes[i].path : run->batch.names[i]);
    if (o->hash && o->sheet)
        fprintf(stream, "%s  %s\n", run->sheet.text, o->sheet);
    return flush_output(stream);
}

static int play(struct run *run)
{
    int status = make_folders(run);
    if (status == 0)
        status = open_sheet(run);
    if (status == 0)
        status = render(run);
    if (status == 0)
        status = write_index(run);
    if (status == 0)
        status = commit(run);
    for (size_t i = 0; i < run->batch.count && status == 0 && !run->options->quiet; i++)
        note_take(&run->batch.takes[i], run->batch.names[i]);
    return status == 0 ? print_hashes(run) : status;
}

static void print_info(const struct run *run, FILE *stream)
{
    for (size_t i = 0; i < run->batch.count; i++) {
        const struct take *take = &run->batch.takes[i];
        fprintf(stream, "%s: %s, %s%g s, seed %" PRIu64 "\n", run->batch.names[i],
                take->sound->name, take->sound->until_silent ? "until silent, at most " : "",
                (double)take->sound->spec.frames / RP_SAMPLE_RATE, take->seed);
    }
}

int play_batch(const struct options *options, struct input_file *input)
{
    struct run run = {.options = options, .index = {.fd = -1, .through = -1}};
    int status = read_list(&run, input);
    if (status == 0 && options->info != INFO_NONE) {
        print_info(&run, stdout);
        status = flush_output(stdout);
    } else if (status == 0) {
        status = play(&run);
    }
    job_discard(run.batch.takes, run.batch.count);
    sheet_free(&run.sheet);
    out_discard(&run.index);
    free_folders(&run, status != 0);
    batch_free(&run.batch);
    library_free(&run.library);
    return status;
}
