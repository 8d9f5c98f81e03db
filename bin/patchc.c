/* patchc - compiles a patch to bytecode. See patchc(1). */
#include "bin/patchc_limits.h"
#include "bin/patchc_modules.h"
#include "bin/patchc_output.h"
#include "compiler/assemble.h"
#include "compiler/compile.h"
#include "compiler/format.h"
#include "compiler/target/schema.h"
#include "render/sound_file.h"
#include "vm/float_unit.h"
#include "vm/format.h"
#include <fenv.h>
#include <getopt.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

enum action {
    ACTION_COMPILE,
    ACTION_LISTING,
    ACTION_CHECK,
    ACTION_EMIT_SX,
    ACTION_EMIT_JSON,
    ACTION_FORMAT,
    ACTION_ASSEMBLE,
    ACTION_DISASSEMBLE,
    ACTION_LIMITS,
    ACTION_LIMITS_JSON,
    ACTION_SCHEMA, /* from here on no file is read */
    ACTION_EXPLAIN,
    ACTION_MODULES,
    ACTION_MODULES_JSON,
    ACTION_MODULES_PAGE,
    ACTION_MODULES_TABLE,
    ACTION_MODULE,
    ACTION_EXAMPLE,
};

struct options {
    enum action action;
    unsigned actions; /* how many were asked for */
    const char *input, *output;
    const char *name; /* of an error code or a module */
    bool debug_lines, json_diagnostics;
};

static const char usage_text[] =
    "usage: patchc [options] FILE       compile a patch (S-expression or JSON; - is stdin)\n"
    "\n"
    "  -o, --output OUT       write to OUT; FILE.pbc when compiling, standard output otherwise\n"
    "  -g, --debug            keep source lines in the program\n"
    "  -S, --listing          print the program's instructions\n"
    "      --check            only check\n"
    "      --emit sx|json     print the patch's flat graph in either form\n"
    "      --format           print the patch in canonical layout\n"
    "  -d, --disassemble      FILE is bytecode: print all of it as text\n"
    "      --assemble         FILE is such a text: make the bytecode again\n"
    "      --limits[=json]    print what the program, or FILE's bytecode, takes at most\n"
    "      --schema           print the JSON Schema of the JSON form (no FILE)\n"
    "      --explain CODE     explain an error code such as E0203 (no FILE)\n"
    "      --modules[=json]   list every module, or all that is known of them as JSON\n"
    "      --module NAME      show a module: what it computes, inputs, outputs, example\n"
    "      --example NAME     print a module's example, a patch\n"
    "      --diagnostics text|json\n"
    "                         how errors are printed, on standard error\n"
    "  -h, --help             print this\n"
    "      --version          print the version\n"
    "\n"
    "exit status: 0 done, 1 the input is wrong, 2 trouble (files, memory, usage)\n";

enum {
    OPT_CHECK = 256,
    OPT_EMIT,
    OPT_FORMAT,
    OPT_ASSEMBLE,
    OPT_LIMITS,
    OPT_SCHEMA,
    OPT_EXPLAIN,
    OPT_MODULES,
    OPT_MODULE,
    OPT_EXAMPLE,
    OPT_DIAGNOSTICS,
    OPT_VERSION
};

static const struct option long_options[] = {
    {"output", required_argument, NULL, 'o'},
    {"debug", no_argument, NULL, 'g'},
    {"listing", no_argument, NULL, 'S'},
    {"check", no_argument, NULL, OPT_CHECK},
    {"emit", required_argument, NULL, OPT_EMIT},
    {"format", no_argument, NULL, OPT_FORMAT},
    {"disassemble", no_argument, NULL, 'd'},
    {"assemble", no_argument, NULL, OPT_ASSEMBLE},
    {"limits", optional_argument, NULL, OPT_LIMITS},
    {"schema", no_argument, NULL, OPT_SCHEMA},
    {"explain", required_argument, NULL, OPT_EXPLAIN},
    {"modules", optional_argument, NULL, OPT_MODULES},
    {"module", required_argument, NULL, OPT_MODULE},
    {"example", required_argument, NULL, OPT_EXAMPLE},
    {"diagnostics", required_argument, NULL, OPT_DIAGNOSTICS},
    {"help", no_argument, NULL, 'h'},
    {"version", no_argument, NULL, OPT_VERSION},
    {NULL, 0, NULL, 0},
};

static int usage(const char *format, const char *what)
{
    fputs("patchc: ", stderr);
    fprintf(stderr, format, what);
    fputs("\n  = help: patchc --help lists the options\n", stderr);
    return 2;
}

static void ask(struct options *o, enum action action)
{
    o->action = action;
    o->actions++;
}

static int ask_modules(struct options *o, const char *form)
{
    if (!form || strcmp(form, "text") == 0)
        ask(o, ACTION_MODULES);
    else if (strcmp(form, "json") == 0)
        ask(o, ACTION_MODULES_JSON);
    else if (strcmp(form, "man") == 0)
        ask(o, ACTION_MODULES_PAGE);
    else if (strcmp(form, "markdown") == 0)
        ask(o, ACTION_MODULES_TABLE);
    else
        return usage("--modules takes text, json, man or markdown, not '%s'", form);
    return -1;
}

/* What a name says. */
static int ask_of(struct options *o, enum action action, const char *name)
{
    ask(o, action);
    o->name = name;
    return -1;
}

/* -1: go on; else the exit status. */
static int read_option(struct options *o, int option)
{
    switch (option) {
    case 'o':
        o->output = optarg;
        return -1;
    case 'g':
        o->debug_lines = true;
        return -1;
    case 'S':
        ask(o, ACTION_LISTING);
        return -1;
    case 'd':
        ask(o, ACTION_DISASSEMBLE);
        return -1;
    case OPT_CHECK:
        ask(o, ACTION_CHECK);
        return -1;
    case OPT_EMIT:
        if (strcmp(optarg, "sx") != 0 && strcmp(optarg, "json") != 0)
            return usage("--emit takes sx or json, not '%s'", optarg);
        ask(o, strcmp(optarg, "sx") == 0 ? ACTION_EMIT_SX : ACTION_EMIT_JSON);
        return -1;
    case OPT_FORMAT:
        ask(o, ACTION_FORMAT);
        return -1;
    case OPT_ASSEMBLE:
        ask(o, ACTION_ASSEMBLE);
        return -1;
    case OPT_LIMITS:
        if (optarg && strcmp(optarg, "text") != 0 && strcmp(optarg, "json") != 0)
            return usage("--limits takes text or json, not '%s'", optarg);
        ask(o, optarg && strcmp(optarg, "json") == 0 ? ACTION_LIMITS_JSON : ACTION_LIMITS);
        return -1;
    case OPT_SCHEMA:
        ask(o, ACTION_SCHEMA);
        return -1;
    case OPT_EXPLAIN:
        return ask_of(o, ACTION_EXPLAIN, optarg);
    case OPT_MODULES:
        return ask_modules(o, optarg);
    case OPT_MODULE:
        return ask_of(o, ACTION_MODULE, optarg);
    case OPT_EXAMPLE:
        return ask_of(o, ACTION_EXAMPLE, optarg);
    case OPT_DIAGNOSTICS:
        if (strcmp(optarg, "text") != 0 && strcmp(optarg, "json") != 0)
            return usage("--diagnostics takes text or json, not '%s'", optarg);
        o->json_diagnostics = strcmp(optarg, "json") == 0;
        return -1;
    case 'h':
        fputs(usage_text, stdout);
        return 0;
    case OPT_VERSION:
        printf("patchc " RP_VERSION ", format %d, semantics %d\n", RP_FORMAT_VERSION,
               RP_SEMANTICS_VERSION);
        return 0;
    default:
        fputs("  = help: patchc --help lists the options\n", stderr);
        return 2;
    }
}

static int read_options(struct options *o, int argc, char **argv)
{
    int option;
    unsetenv("POSIXLY_CORRECT"); /* options may follow the file everywhere */
    while ((option = getopt_long(argc, argv, "o:gSdh", long_options, NULL)) != -1) {
        int status = read_option(o, option);
        if (status >= 0)
            return status;
    }
    bool needs_file = o->action < ACTION_SCHEMA;
    if (o->actions > 1)
        return usage("%s", "only one of -S, -d, --check, --emit, --format, --assemble, --limits, "
                           "--schema, --explain, --modules, --module and --example at a time");
    if (needs_file && optind == argc)
        return usage("%s", "no file to read");
    if (argc - optind > (needs_file ? 1 : 0))
        return usage("one file at a time: '%s' is too many", argv[argc - 1]);
    o->input = needs_file ? argv[optind] : NULL;
    return -1;
}

static int out_of_memory(void)
{
    fputs("patchc: out of memory\n", stderr);
    return 2;
}

/* The status of a job that gave nothing. */
static int nothing_made(const struct compile_job *job)
{
    return job->diags.count && !job->arena.failed ? 1 : out_of_memory();
}

static int refused(const struct options *o, const struct rp_error *error)
{
    fprintf(stderr, "patchc: %s: byte %llu: %s\n", o->input, (unsigned long long)error->offset,
            error->reason);
    return 1;
}

static int print_bytes(const struct options *o, const struct bytes *bytes, int full)
{
    struct arena arena;
    struct rp_error error = {0};
    arena_init(&arena);
    struct bytes text = disassemble(&arena, bytes, full, &error);
    int status;
    if (error.status == RP_REFUSED)
        status = refused(o, &error);
    else
        status = text.data ? output_write(o->output, text.data, text.size) : out_of_memory();
    arena_free(&arena);
    return status;
}

/* A program never takes the place of what it was made from. */
static int write_to(const struct options *o, const char *path, const struct bytes *bytes)
{
    if (!output_is_stdout(path) && output_same_file(path, o->input)) {
        fprintf(stderr, "patchc: %s: the output is the input; name another with -o\n", path);
        return 2;
    }
    return output_write(path, bytes->data, bytes->size);
}

/* FILE.sx gives FILE.pbc, beside it. Standard input has no name to change. */
static int write_program(const struct options *o, const struct bytes *bytes)
{
    if (o->output || strcmp(o->input, "-") == 0)
        return write_to(o, o->output, bytes);
    size_t length = strlen(o->input);
    const char *slash = strrchr(o->input, '/'), *dot = strrchr(o->input, '.');
    if (dot && dot > (slash ? slash + 1 : o->input))
        length = (size_t)(dot - o->input);
    char *path = malloc(length + sizeof ".pbc");
    if (!path)
        return out_of_memory();
    memcpy(path, o->input, length);
    memcpy(path + length, ".pbc", sizeof ".pbc");
    int status = write_to(o, path, bytes);
    free(path);
    return status;
}

static int write_graph(const struct options *o, struct compile_job *job, const struct graph *graph)
{
    struct output_text text;
    FILE *file = output_text_open(&text);
    if (!file)
        return out_of_memory();
    int failed = o->action == ACTION_EMIT_SX ? graph_write_sx(&job->arena, graph, file)
                                             : graph_write_json(&job->arena, graph, file);
    return output_text_write(&text, failed, o->output);
}

static int write_limits(const struct options *o, const struct limits *limits)
{
    struct output_text text;
    FILE *file = output_text_open(&text);
    if (!file)
        return out_of_memory();
    int failed =
        o->action == ACTION_LIMITS ? limits_print(limits, file) : limits_json(limits, file);
    return output_text_write(&text, failed, o->output);
}

static int print_limits(const struct options *o, const struct bytes *bytes)
{
    struct limits *limits;
    struct rp_error error;
    int status = limits_of(bytes->data, bytes->size, &limits, &error);
    if (status == 1)
        refused(o, &error);
    else
        status = status ? out_of_memory() : write_limits(o, limits);
    limits_free(limits);
    return status;
}

static int compile(const struct options *o, struct compile_job *job)
{
    struct graph *graph = compile_graph(job);
    struct bytes bytes = {0};
    if (graph)
        bytes = compile_graph_to_bytes(job, graph, o->debug_lines);
    if (!bytes.data)
        return nothing_made(job);
    switch (o->action) {
    case ACTION_CHECK:
        return 0;
    case ACTION_LISTING:
        return print_bytes(o, &bytes, 0);
    case ACTION_LIMITS:
    case ACTION_LIMITS_JSON:
        return print_limits(o, &bytes);
    case ACTION_EMIT_SX:
    case ACTION_EMIT_JSON:
        return write_graph(o, job, graph);
    default:
        return write_program(o, &bytes);
    }
}

static int format(const struct options *o, struct compile_job *job)
{
    struct output_text text;
    FILE *file = output_text_open(&text);
    if (!file)
        return out_of_memory();
    if (format_sx(&job->arena, &job->diags, job->source, file) == 0)
        return output_text_write(&text, job->arena.failed, o->output);
    output_text_drop(&text);
    return nothing_made(job);
}

static int assemble_file(const struct options *o, struct compile_job *job)
{
    struct bytes bytes = assemble(&job->arena, &job->diags, job->source);
    if (!bytes.data)
        return nothing_made(job);
    return write_program(o, &bytes);
}

static int run_job(const struct options *o, struct compile_job *job)
{
    struct bytes bytes = {(unsigned char *)(uintptr_t)job->source->text, job->source->size, 0};
    switch (o->action) {
    case ACTION_FORMAT:
        return format(o, job);
    case ACTION_ASSEMBLE:
        return assemble_file(o, job);
    case ACTION_DISASSEMBLE:
        return print_bytes(o, &bytes, 1);
    case ACTION_LIMITS:
    case ACTION_LIMITS_JSON:
        if (bytes.size && bytes.data[0] == (unsigned char)VM_MAGIC[0])
            return print_limits(o, &bytes);
        return compile(o, job);
    default:
        return compile(o, job);
    }
}

static int run_on_file(const struct options *o)
{
    struct compile_job job;
    const char *why;
    int status;
    compile_init(&job);
    job.sounds = (struct sound_loader){sound_load, NULL};
    if (compile_open(&job, o->input, &why)) {
        fprintf(stderr, "patchc: %s: cannot read: %s\n", o->input, why);
        status = 2;
    } else {
        status = run_job(o, &job);
    }
    if (job.diags.count && o->json_diagnostics && diags_print_json(&job.diags, stderr))
        status = out_of_memory();
    else if (job.diags.count && o->json_diagnostics)
        ; /* all are printed */
    else if (job.diags.count)
        diags_print(&job.diags, stderr);
    compile_free(&job);
    return status;
}

static int write_of(enum action action, const struct vm_module *module, FILE *file)
{
    switch (action) {
    case ACTION_SCHEMA:
        return schema_write(file);
    case ACTION_MODULES:
        return modules_list(file);
    case ACTION_MODULES_JSON:
        return modules_json(file);
    case ACTION_MODULES_PAGE:
        return modules_page(file);
    case ACTION_MODULES_TABLE:
        return modules_table(file);
    case ACTION_MODULE:
        return module_show(module, file);
    default:
        return fprintf(file, "%s\n", module->example) < 0;
    }
}

/* What the tables alone say. */
static int print(const struct options *o)
{
    const struct vm_module *module = o->name ? module_find(o->name) : NULL;
    struct output_text text;
    if (o->name && !module)
        return 2;
    FILE *file = output_text_open(&text);
    if (!file)
        return out_of_memory();
    return output_text_write(&text, write_of(o->action, module, file), o->output);
}

static int explain(const struct options *o)
{
    if (diag_explain(o->name, stdout)) {
        fprintf(stderr, "patchc: there is no error code '%s'\n", o->name);
        return 2;
    }
    return output_flush();
}

int main(int argc, char **argv)
{
    struct options o = {0};
    vm_float_begin(); /* a library may have set it while it was loaded */
    fesetround(FE_TONEAREST);
    signal(SIGPIPE, SIG_IGN); /* a closed pipe and a file too large are errors of write */
    signal(SIGXFSZ, SIG_IGN);
    int status = read_options(&o, argc, argv);
    if (status >= 0)
        return status == 0 ? output_flush() : status;
    if (o.action == ACTION_EXPLAIN)
        return explain(&o);
    return o.action < ACTION_SCHEMA ? run_on_file(&o) : print(&o);
}
