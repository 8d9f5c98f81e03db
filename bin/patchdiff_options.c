#include "bin/patchdiff.h"
#include "vm/repatch.h"
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

static const char usage_text[] =
    "usage: patchdiff A B [options]              how B differs from A\n"
    "       patchdiff A --engine-b ENGINE        two engines on one patch or score\n"
    "       patchdiff check DIR...               are the goldens there what is rendered now?\n"
    "       patchdiff diff NAME                  golden NAME against what is rendered now\n"
    "       patchdiff update NAME...             makes golden NAME anew\n"
    "A and B are sound files, hash ladders, goldens (NAME.golden), or what patchrun renders:\n"
    "patches, bytecode, scores, MIDI files. - is the standard input.\n"
    "\n"
    "  --render 'OPTIONS'      patchrun's options for what is rendered\n"
    "  --engine-a ENGINE, --engine-b ENGINE\n"
    "                          what renders A or B: a command such as old/patchrun or\n"
    "                          'play.sh {in} {out} {options}', or ours:isa=base,lanes=1,threads=1\n"
    "  --engine ENGINE         of check and diff: what renders now\n"
    "  -j N, --jobs N          of check: so many goldens at a time (as many as there are "
    "processors)\n"
    "  --tolerance LIMITS      near enough: -80db (the largest difference), rms:-90db, lsb:2, or\n"
    "                          several with commas\n"
    "  --picture OUT.png       draw A, B and the difference\n"
    "  --json[=FILE]           print the report as JSON, or write it\n"
    "  --junit FILE            write a report in JUnit's XML\n"
    "  --quiet                 the verdict only; of check, only what fails\n"
    "\n"
    "a golden (update)\n"
    "  --excerpt '--from TIME --to TIME'\n"
    "                          keep only that part of the audio\n"
    "  --source FILE           the patch or score, when it does not lie beside the golden\n"
    "  --clips, --silent, --constant, --unheard\n"
    "                          that is meant: full scale, silence, a constant, notes not heard\n"
    "\n"
    "  -h, --help, --version\n"
    "\n"
    "exit status: 0 the same; 1 different; 2 trouble (files, memory, usage, engines)\n";

enum {
    RENDER = 256,
    ENGINE_A,
    ENGINE_B,
    TOLERANCE,
    PICTURE,
    JSON,
    JUNIT,
    QUIET,
    EXCERPT,
    SOURCE,
    CLIPS,
    SILENT,
    CONSTANT,
    UNHEARD,
    VERSION
};

static const struct option long_options[] = {
    {"render", required_argument, NULL, RENDER},
    {"engine-a", required_argument, NULL, ENGINE_A},
    {"engine-b", required_argument, NULL, ENGINE_B},
    {"engine", required_argument, NULL, ENGINE_B},
    {"tolerance", required_argument, NULL, TOLERANCE},
    {"picture", required_argument, NULL, PICTURE},
    {"json", optional_argument, NULL, JSON},
    {"junit", required_argument, NULL, JUNIT},
    {"quiet", no_argument, NULL, QUIET},
    {"excerpt", required_argument, NULL, EXCERPT},
    {"source", required_argument, NULL, SOURCE},
    {"clips", no_argument, NULL, CLIPS},
    {"silent", no_argument, NULL, SILENT},
    {"constant", no_argument, NULL, CONSTANT},
    {"unheard", no_argument, NULL, UNHEARD},
    {"jobs", required_argument, NULL, 'j'},
    {"help", no_argument, NULL, 'h'},
    {"version", no_argument, NULL, VERSION},
    {NULL, 0, NULL, 0},
};

static int usage(const char *what, const char *help)
{
    fprintf(stderr, "patchdiff: %s\n  = help: %s\n", what, help);
    return 2;
}

static int take_engine(struct engine **engine, struct work *w, const char *text)
{
    struct render_error error;
    *engine = arena_take(&w->arena, 1, sizeof **engine);
    if (!*engine)
        return usage("out of memory", "");
    return engine_read(*engine, w, text, &error) == RENDER_OK ? -1 : diff_say(&error);
}

static int take_jobs(struct diff_options *o, const char *text)
{
    char *end;
    unsigned long jobs = strtoul(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end || jobs < 1 || jobs > 256)
        return usage("-j: not a whole number from 1 to 256", "patchdiff check DIR -j 4");
    o->jobs = (unsigned)jobs;
    return -1;
}

static int take_option(struct diff_options *o, struct work *w, int option)
{
    switch (option) {
    case RENDER:
        o->render = optarg;
        return -1;
    case ENGINE_A:
        return take_engine(&o->engine_a, w, optarg);
    case ENGINE_B:
        return take_engine(&o->engine_b, w, optarg);
    case TOLERANCE:
        if (tolerance_read(optarg, &o->tolerance) == 0)
            return -1;
        fprintf(stderr, "patchdiff: --tolerance: '%s' is no tolerance\n", optarg);
        fputs("  = help: -80db, rms:-90db or lsb:2, or several with commas between\n", stderr);
        return 2;
    case PICTURE:
        o->picture = optarg;
        return -1;
    case JSON:
        o->json = true;
        o->json_file = optarg;
        return -1;
    case JUNIT:
        o->junit = optarg;
        return -1;
    case EXCERPT:
        o->excerpt = optarg;
        return -1;
    case SOURCE:
        o->source = optarg;
        return -1;
    case QUIET:
    case CLIPS:
    case SILENT:
    case CONSTANT:
    case UNHEARD:
        *(option == QUIET      ? &o->quiet
          : option == CLIPS    ? &o->clips
          : option == SILENT   ? &o->silent
          : option == CONSTANT ? &o->constant
                               : &o->unheard) = true;
        return -1;
    case 'j':
        return take_jobs(o, optarg);
    case 'h':
        fputs(usage_text, stdout);
        return 0;
    case VERSION:
        puts("patchdiff " RP_VERSION);
        return 0;
    default:
        fputs("  = help: patchdiff --help lists the options\n", stderr);
        return 2;
    }
}

static int take_command(struct diff_options *o, int argc, char **argv)
{
    static const char *const names[] = {"", "check", "update", "diff"};
    o->arguments = argv + optind;
    o->count = argc - optind;
    for (int i = COMMAND_CHECK; i <= COMMAND_DIFF && o->count > 0; i++) {
        if (strcmp(o->arguments[0], names[i]) == 0) {
            o->command = (enum command)i;
            o->arguments++;
            o->count--;
            break;
        }
    }
    return -1;
}

static int check_counts(const struct diff_options *o)
{
    bool update_only =
        o->excerpt || o->source || o->clips || o->silent || o->constant || o->unheard;
    if (o->command == COMMAND_COMPARE && o->count == 0)
        return usage("nothing to compare", "patchdiff A B; patchdiff --help lists the options");
    if (o->command == COMMAND_COMPARE && o->count > 2)
        return usage("more than two to compare", "patchdiff A B; a blank in a name needs quotes");
    if (o->command == COMMAND_COMPARE && o->count == 2 && strcmp(o->arguments[0], "-") == 0 &&
        strcmp(o->arguments[1], "-") == 0)
        return usage("the standard input can be one side only", "name a file for the other");
    if (o->command == COMMAND_CHECK && o->count == 0)
        return usage("check: no folder", "patchdiff check DIR");
    if (o->command == COMMAND_UPDATE && o->count == 0)
        return usage("update: no golden", "goldens are updated by name: patchdiff update NAME");
    if (o->command == COMMAND_DIFF && o->count != 1)
        return usage("diff: it takes one golden", "patchdiff diff NAME");
    if (update_only && o->command != COMMAND_UPDATE)
        return usage("--excerpt, --source, --clips, --silent, --constant and --unheard are for "
                     "update",
                     "patchdiff update NAME");
    if (o->picture && o->command == COMMAND_CHECK)
        return usage("--picture: check looks at more than one sound",
                     "patchdiff diff NAME --picture OUT.png");
    if (o->picture && o->command == COMMAND_UPDATE && o->count > 1)
        return usage("--picture: of one golden at a time", "update them one by one");
    if (o->engine_a && o->command != COMMAND_COMPARE)
        return usage("--engine-a is for comparing A with B", "--engine names what renders now");
    if (o->engine_b && o->command == COMMAND_UPDATE)
        return usage("update: goldens are made by our own engine", "leave --engine out");
    if (o->tolerance.given && o->command == COMMAND_UPDATE)
        return usage("--tolerance is not for update", "patchdiff check DIR --tolerance lsb:1");
    if (o->jobs && o->command != COMMAND_CHECK)
        return usage("-j is for check", "patchdiff check DIR -j 4");
    if (o->render && (o->command == COMMAND_CHECK || o->command == COMMAND_DIFF))
        return usage("--render: a golden says itself how it is rendered",
                     "patchdiff update NAME --render 'OPTIONS' changes it");
    return -1;
}

int diff_options_read(struct diff_options *o, struct work *w, int argc, char **argv)
{
    int option;
    while ((option = getopt_long(argc, argv, "hj:", long_options, NULL)) != -1) {
        int status = take_option(o, w, option);
        if (status >= 0)
            return status;
    }
    take_command(o, argc, argv);
    return check_counts(o);
}
