#include "compiler/compile.h"
#include "compiler/front.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

void compile_init(struct compile_job *job)
{
    memset(job, 0, sizeof *job);
    arena_init(&job->arena);
    diags_init(&job->diags, &job->arena);
}

void compile_free(struct compile_job *job)
{
    arena_free(&job->arena);
}

/* One byte over the limit is read, so that the reader can say that there is too much. */
static int read_all(struct compile_job *job, FILE *file)
{
    char *text = NULL;
    size_t size = 0, capacity = 0;
    for (;;) {
        if (arena_grow(&job->arena, (void **)&text, &capacity, size + 65536 + 1, 1))
            return -1;
        size_t n = fread(text + size, 1, 65536, file);
        size += n;
        if (n == 0 || size > SOURCE_LIMIT)
            break;
    }
    text[size] = 0;
    job->source.text = text;
    job->source.size = size;
    return ferror(file) ? -1 : 0;
}

int compile_open(struct compile_job *job, const char *path)
{
    int standard = strcmp(path, "-") == 0;
    FILE *file = standard ? stdin : fopen(path, "rb");
    if (!file)
        return -1;
    job->source.name = standard ? "<stdin>" : path;
    errno = 0;
    int status = read_all(job, file);
    if (!standard) {
        int cause = errno;
        fclose(file);
        errno = cause;
    }
    return status;
}

struct graph *compile_graph(struct compile_job *job)
{
    return graph_read(&job->arena, &job->diags, &job->source);
}

struct bytes compile_graph_to_bytes(struct compile_job *job, struct graph *graph, bool lines)
{
    struct bytes none = {0};
    unsigned *order = graph_order(&job->arena, &job->diags, graph);
    if (!order)
        return none;
    struct ir *ir = lower(&job->arena, &job->diags, graph, order);
    return ir ? bytecode_from_ir(&job->arena, ir, lines) : none;
}

static int give(struct compile_job *job, const struct bytes *bytes, struct compile_result *result,
                FILE *diagnostics)
{
    result->bytes = bytes->data ? malloc(bytes->size) : NULL;
    if (!result->bytes) {
        fprintf(diagnostics, "%s: out of memory\n", job->source.name);
        return 2;
    }
    memcpy(result->bytes, bytes->data, bytes->size);
    result->size = bytes->size;
    return 0;
}

int compile_file(const char *path, const struct compile_options *options, FILE *diagnostics,
                 struct compile_result *result)
{
    struct compile_job job;
    struct bytes bytes = {0};
    int status = 2;
    compile_init(&job);
    if (compile_open(&job, path)) {
        fprintf(diagnostics, "%s: cannot read: %s\n", path, strerror(errno));
    } else {
        struct graph *graph = compile_graph(&job);
        if (graph)
            bytes = compile_graph_to_bytes(&job, graph, options->debug_lines);
        if (job.diags.count && options->json_diagnostics)
            diags_print_json(&job.diags, diagnostics);
        else if (job.diags.count)
            diags_print(&job.diags, diagnostics);
        status = job.diags.count ? 1 : give(&job, &bytes, result, diagnostics);
    }
    compile_free(&job);
    return status;
}
