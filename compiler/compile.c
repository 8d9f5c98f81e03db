#include "compiler/compile.h"
#include "compiler/front.h"
#include "vm/float_unit.h"
#include <fenv.h>
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

int compile_open(struct compile_job *job, const char *path, const char **why)
{
    if (strcmp(path, "-") == 0)
        job->source = source_read(&job->arena, stdin, "<stdin>", why);
    else
        job->source = source_load(&job->arena, path, why);
    if (!job->source && !*why)
        *why = "out of memory";
    return job->source ? 0 : -1;
}

struct graph *compile_graph(struct compile_job *job)
{
    return graph_read(&job->arena, &job->diags, job->source, &job->sounds);
}

/* What a patch can ask for and no machine grants, the verifier says. */
static bool over_limits(struct compile_job *job, const struct graph *graph,
                        const struct bytes *bytes)
{
    struct rp_error error;
    if (rp_verify(bytes->data, bytes->size, &error) == RP_OK)
        return false;
    diag_error(&job->diags, E_PROGRAM_LIMIT, graph->nodes[graph->output].place,
               "the program is over the machine's limits: %s", error.reason);
    return true;
}

struct bytes compile_graph_to_bytes(struct compile_job *job, const struct graph *graph, bool lines)
{
    struct bytes none = {0};
    unsigned *order = graph_order(&job->arena, &job->diags, graph);
    if (!order)
        return none;
    struct ir *ir = lower(&job->arena, &job->diags, graph, order);
    struct bytes bytes = ir ? bytecode_from_ir(&job->arena, ir, lines) : none;
    return bytes.data && over_limits(job, graph, &bytes) ? none : bytes;
}

static int give(struct compile_job *job, const struct bytes *bytes, struct compile_result *result,
                FILE *diagnostics)
{
    result->bytes = bytes->data && !job->arena.failed ? malloc(bytes->size) : NULL;
    if (!result->bytes) {
        fprintf(diagnostics, "%s: error: out of memory\n", job->source->name);
        return 2;
    }
    memcpy(result->bytes, bytes->data, bytes->size);
    result->size = bytes->size;
    return 0;
}

/* strtod rounds as the host has it, too. */
static struct bytes compile_all(struct compile_job *job, bool lines)
{
    struct bytes bytes = {0};
    uint32_t unit = vm_float_begin();
    int rounding = fegetround();
    fesetround(FE_TONEAREST);
    struct graph *graph = compile_graph(job);
    if (graph)
        bytes = compile_graph_to_bytes(job, graph, lines);
    fesetround(rounding);
    vm_float_end(unit);
    return bytes;
}

static int run(struct compile_job *job, const struct compile_options *options, FILE *diagnostics,
               struct compile_result *result)
{
    job->sounds = options->sounds;
    struct bytes bytes = compile_all(job, options->debug_lines);
    if (job->diags.count && options->json_diagnostics)
        job->arena.failed |= diags_print_json(&job->diags, diagnostics) != 0;
    else if (job->diags.count)
        diags_print(&job->diags, diagnostics);
    return job->diags.count && !job->arena.failed ? 1 : give(job, &bytes, result, diagnostics);
}

int compile_file(const char *path, const struct compile_options *options, FILE *diagnostics,
                 struct compile_result *result)
{
    struct compile_job job;
    const char *why;
    int status = 2;
    compile_init(&job);
    if (compile_open(&job, path, &why))
        fprintf(diagnostics, "%s: cannot read: %s\n", path, why);
    else
        status = run(&job, options, diagnostics, result);
    compile_free(&job);
    return status;
}

int compile_text(const struct source *source, const struct compile_options *options,
                 FILE *diagnostics, struct compile_result *result)
{
    struct compile_job job;
    compile_init(&job);
    job.source = source;
    int status = run(&job, options, diagnostics, result);
    compile_free(&job);
    return status;
}
