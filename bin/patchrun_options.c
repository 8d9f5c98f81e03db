#include "bin/patchrun_options.h"
#include "bin/patchrun_load.h"
#include "render/param_text.h"
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#define LONGEST_FRAMES ((uint64_t)24 * 3600 * RP_SAMPLE_RATE)

enum {
    SECONDS = 256,
    FRAMES,
    SET,
    HOLD,
    INPUT,
    SEED,
    SERIAL,
    VARIATIONS,
    MAP,
    FROM,
    TO,
    BUDGET,
    TRACE,
    STEMS,
    HASH_LADDER,
    LADDER_NODES,
    LADDER_VALUES,
    COST,
    SHEET,
    INDEX,
    GAP,
    FORMAT,
    BITS,
    UNTIL_SILENT,
    SILENCE_THRESHOLD,
    SILENCE_HOLD,
    LONGEST,
    DITHER,
    HASH,
    FRAMES_PER_CALL,
    LANES,
    THREADS,
    ISA,
    QUIET,
    INFO,
    HELP,
    VERSION
};

static const struct option long_options[] = {
    {"output", required_argument, NULL, 'o'},
    {"seconds", required_argument, NULL, SECONDS},
    {"frames", required_argument, NULL, FRAMES},
    {"set", required_argument, NULL, SET},
    {"hold", required_argument, NULL, HOLD},
    {"input", required_argument, NULL, INPUT},
    {"seed", required_argument, NULL, SEED},
    {"serial", required_argument, NULL, SERIAL},
    {"variations", required_argument, NULL, VARIATIONS},
    {"map", required_argument, NULL, MAP},
    {"from", required_argument, NULL, FROM},
    {"to", required_argument, NULL, TO},
    {"budget", required_argument, NULL, BUDGET},
    {"trace", required_argument, NULL, TRACE},
    {"stems", required_argument, NULL, STEMS},
    {"hash-ladder", required_argument, NULL, HASH_LADDER},
    {"ladder-nodes", required_argument, NULL, LADDER_NODES},
    {"ladder-values", required_argument, NULL, LADDER_VALUES},
    {"cost", required_argument, NULL, COST},
    {"sheet", required_argument, NULL, SHEET},
    {"index", required_argument, NULL, INDEX},
    {"gap", required_argument, NULL, GAP},
    {"format", required_argument, NULL, FORMAT},
    {"bits", required_argument, NULL, BITS},
    {"until-silent", no_argument, NULL, UNTIL_SILENT},
    {"silence-threshold", required_argument, NULL, SILENCE_THRESHOLD},
    {"silence-hold", required_argument, NULL, SILENCE_HOLD},
    {"longest", required_argument, NULL, LONGEST},
    {"dither", no_argument, NULL, DITHER},
    {"hash", no_argument, NULL, HASH},
    {"frames-per-call", required_argument, NULL, FRAMES_PER_CALL},
    {"lanes", required_argument, NULL, LANES},
    {"threads", required_argument, NULL, THREADS},
    {"isa", required_argument, NULL, ISA},
    {"quiet", no_argument, NULL, QUIET},
    {"info", optional_argument, NULL, INFO},
    {"help", no_argument, NULL, HELP},
    {"version", no_argument, NULL, VERSION},
    {NULL, 0, NULL, 0},
};

static const char help_text[] =
    "usage: patchrun FILE -o OUT.wav [options]\n"
    "Plays FILE, a patch or its bytecode, a score or a MIDI file, into a sound file, or a batch "
    "of\n"
    "sounds into many. The same options give the same samples on every machine.\n"
    "\n"
    "a patch\n"
    "  --set NAME=VALUE[@TIME]    set a parameter: 880, 1.2khz, 5ms, -6db, 50%, a4; at a TIME\n"
    "                             (0.5s, 20ms, 24000f) it takes the parameter's glide to get "
    "there,\n"
    "                             or that of NAME=VALUE@TIME~GLIDE\n"
    "  --hold TIME                set 'gate' to 0 at TIME (until silent: 0.5s, with --input at\n"
    "                             its end; else never)\n"
    "  --input SOUND              the sound that an effect works on, of 48000 Hz\n"
    "  --serial N                 of the voice: another number, other noise (0)\n"
    "  --variations K             K files, OUT-1.wav and so on, of seeds N, N+1, ...\n"
    "\n"
    "a score\n"
    "  --map SCORE                the instruments of a MIDI file\n"
    "  --from TIME, --to TIME     only that part, equal to that part of the whole\n"
    "  --trace FILE               every command as it acted, voices, costs: JSON lines\n"
    "  --stems DIR                a float WAV for each voice and bus; their sum is the mix\n"
    "  --ladder-nodes PLACE       the ladder has the nodes of voice3, bus.reverb, all\n"
    "  --cost FILE                the cost of each tick; JSON lines if FILE ends in .jsonl\n"
    "  --budget CYCLES            status 1 if a tick costs more\n"
    "\n"
    "a batch\n"
    "  -o, --output DIR           the folder of the files that the list names\n"
    "  --sheet OUT                all sounds in one file, one behind the other, instead\n"
    "  --gap TIME                 silence between them (0)\n"
    "  --index FILE               names, places and lengths of all sounds, as JSON\n"
    "\n"
    "both\n"
    "  --hash-ladder FILE         a hash for each 60 Hz tick of the mix and of voices and buses, "
    "or\n"
    "                             of a patch's nodes\n"
    "  --ladder-values TICK       the ladder has the values of its nodes in that tick, too\n"
    "  --seed N                   of noise and every random choice (0)\n"
    "\n"
    "how long\n"
    "  --seconds S, --frames N    exactly so long, 24 hours at most\n"
    "  --until-silent             until the last sound has decayed; this is the default, but for\n"
    "                             a score that says its end\n"
    "  --silence-threshold DB     what counts as silent (-90db)\n"
    "  --silence-hold TIME        for how long, up to 10 s (0.25s)\n"
    "  --longest TIME             end there in any case (60s; from the end of --input or from the\n"
    "                             last command of a score)\n"
    "\n"
    "the file\n"
    "  -o, --output OUT           - is standard output; pipes and devices are written through\n"
    "  --format wav|flac|ogg      (by OUT's extension)\n"
    "  --bits 16|24|float         (16)\n"
    "  --dither                   triangular, before rounding to 16 or 24 bits\n"
    "  --hash                     print the XXH3-128 of the samples; OUT is then optional\n"
    "\n"
    "other\n"
    "  --info[=json]              print what FILE is made of instead of playing it\n"
    "  --threads N                for variations, batches and scores (1)\n"
    "  --frames-per-call N, --lanes 1|4|8|16, --isa base|avx2|avx512\n"
    "                             the engine's cut, for tests: never changes a bit\n"
    "  --quiet                    no progress, no notes\n"
    "  --help, --version\n"
    "\n"
    "exit status: 0 done; 1 the input is wrong; 2 trouble (I/O, memory, usage)\n";

static int usage(const char *option, const char *what)
{
    fprintf(stderr, "patchrun: %s: %s\n  = help: see patchrun --help\n", option, what);
    return 2;
}

/* A whole decimal number, low..high. */
static int read_whole(const char *option, const char *text, uint64_t low, uint64_t high,
                      uint64_t *value)
{
    char *end;
    errno = 0;
    unsigned long long number = strtoull(text, &end, 10);
    bool digits = text[0] >= '0' && text[0] <= '9' && *end == '\0';
    if (digits && !errno && number >= low && number <= high) {
        *value = number;
        return 0;
    }
    fprintf(stderr, "patchrun: %s: '%s' is not a whole number from %" PRIu64 " to %" PRIu64 "\n",
            option, text, low, high);
    return 2;
}

static int read_size(const char *option, const char *text, size_t high, size_t *value)
{
    uint64_t number = 0;
    int failed = read_whole(option, text, 1, high, &number);
    *value = (size_t)number;
    return failed;
}

static int read_frames(const char *option, const char *text, uint64_t low, uint64_t high,
                       uint64_t *frames)
{
    if (frames_read(text, frames))
        return usage(option, *text == '.' ? "not a time; a number begins with a digit: 0.5"
                                          : "not a time; write 0.5s, 20ms, 24000f or 30t");
    if (*frames >= low && *frames <= high)
        return 0;
    fprintf(stderr, "patchrun: %s: '%s' is outside %" PRIu64 " to %" PRIu64 " frames (%g s)\n",
            option, text, low, high, (double)high / RP_SAMPLE_RATE);
    return 2;
}

/* The place of `text` in a list that ends with NULL, or -1. */
static int choice(const char *text, const char *const *list)
{
    for (int i = 0; list[i]; i++) {
        if (strcasecmp(text, list[i]) == 0)
            return i;
    }
    return -1;
}

static int read_format(const char *text, enum audio_format *format)
{
    int found = choice(text, audio_format_names);
    if (found < 0)
        return usage("--format", "must be wav, flac or ogg");
    *format = (enum audio_format)found;
    return 0;
}

static int read_bits(const char *text, enum pcm_format *pcm)
{
    static const char *const names[] = {"16", "24", "float", NULL};
    int found = choice(text, names);
    if (found < 0)
        return usage("--bits", "must be 16, 24 or float");
    *pcm = (enum pcm_format)found;
    return 0;
}

static int read_isa(const char *text, enum rp_isa *isa)
{
    static const char *const names[] = {"base", "avx2", "avx512", NULL};
    int found = choice(text, names);
    if (found < 0)
        return usage("--isa", "must be base, avx2 or avx512");
    *isa = (enum rp_isa)(RP_ISA_BASE + found);
    return rp_isa_available(*isa) ? 0 : usage("--isa", "this CPU does not have it");
}

static int read_lanes(const char *text, unsigned *lanes)
{
    static const char *const names[] = {"1", "4", "8", "16", NULL};
    static const unsigned widths[] = {1, 4, 8, 16};
    int found = choice(text, names);
    if (found < 0)
        return usage("--lanes", "must be 1, 4, 8 or 16");
    *lanes = widths[found];
    return 0;
}

static int read_info(const char *text, enum info_form *info)
{
    if (text && strcmp(text, "json") != 0)
        return usage("--info", "the form must be json, or none");
    *info = text ? INFO_JSON : INFO_TEXT;
    return 0;
}

/* What was said, where options depend on each other. */
struct said {
    bool length, help, version;
};

static int read_length(int option, const char *text, struct options *o, struct said *said)
{
    if (said->length)
        return usage("--seconds, --frames", "the length is given twice");
    said->length = true;
    if (option == FRAMES)
        return read_whole("--frames", text, 1, LONGEST_FRAMES, &o->frames);
    return read_frames("--seconds", text, 1, LONGEST_FRAMES, &o->frames);
}

static int read_sound_option(int option, const char *text, struct options *o, struct said *said)
{
    switch (option) {
    case SECONDS:
    case FRAMES:
        return read_length(option, text, o, said);
    case SET:
        o->settings[o->setting_count++] = text;
        return 0;
    case HOLD:
        o->release_given = true;
        return read_frames("--hold", text, 0, LONGEST_FRAMES, &o->release);
    case INPUT:
        o->sound = text;
        return 0;
    case SEED:
        o->seed_given = true;
        return read_whole("--seed", text, 0, UINT64_MAX, &o->seed);
    case SERIAL:
        return read_whole("--serial", text, 0, UINT64_MAX, &o->serial);
    case VARIATIONS:
        return read_size("--variations", text, MOST_VARIATIONS, &o->variations);
    case UNTIL_SILENT:
        o->until_silent = true;
        return 0;
    case SILENCE_THRESHOLD:
        return threshold_read(text, &o->threshold)
                   ? usage("--silence-threshold", "must be from -200db to 0db")
                   : 0;
    case SILENCE_HOLD:
        return read_frames("--silence-hold", text, 1, 10 * RP_SAMPLE_RATE, &o->quiet_hold);
    default:
        o->longest_given = true;
        return read_frames("--longest", text, 1, LONGEST_FRAMES, &o->longest);
    }
}

static int read_cut_option(int option, const char *text, struct options *o)
{
    size_t threads = 0;
    int failed;
    switch (option) {
    case FRAMES_PER_CALL:
        return read_size("--frames-per-call", text, MOST_CUT, &o->cut);
    case LANES:
        return read_lanes(text, &o->lanes);
    case THREADS:
        failed = read_size("--threads", text, MOST_THREADS, &threads);
        o->threads = (unsigned)threads;
        return failed;
    default:
        return read_isa(text, &o->isa);
    }
}

static int read_score_option(int option, const char *text, struct options *o)
{
    switch (option) {
    case MAP:
        o->map = text;
        return 0;
    case FROM:
        return read_frames("--from", text, 0, LONGEST_FRAMES, &o->from);
    case TO:
        return read_frames("--to", text, 1, LONGEST_FRAMES, &o->to);
    case BUDGET:
        return read_whole("--budget", text, 1, UINT64_MAX, &o->budget);
    case TRACE:
        o->trace = text;
        return 0;
    case STEMS:
        o->stems = text;
        return 0;
    case HASH_LADDER:
        o->ladder = text;
        return 0;
    case LADDER_NODES:
        o->ladder_nodes = *text ? text : NULL;
        return 0;
    case LADDER_VALUES:
        return !*text ? 0
                      : read_whole("--ladder-values", text, 0, LONGEST_FRAMES, &o->ladder_values);
    default:
        o->cost = text;
        return 0;
    }
}

static int read_option(int option, const char *text, struct options *o, struct said *said)
{
    switch (option) {
    case 'o':
        o->output = text;
        return 0;
    case FORMAT:
        o->format_given = true;
        return read_format(text, &o->format);
    case BITS:
        o->bits_given = true;
        return read_bits(text, &o->pcm);
    case DITHER:
        o->dither = true;
        return 0;
    case HASH:
        o->hash = true;
        return 0;
    case QUIET:
        o->quiet = true;
        return 0;
    case INFO:
        return read_info(text, &o->info);
    case HELP:
        said->help = true;
        return 0;
    case VERSION:
        said->version = true;
        return 0;
    case FRAMES_PER_CALL:
    case LANES:
    case THREADS:
    case ISA:
        return read_cut_option(option, text, o);
    case MAP:
    case FROM:
    case TO:
    case BUDGET:
    case TRACE:
    case STEMS:
    case HASH_LADDER:
    case LADDER_NODES:
    case LADDER_VALUES:
    case COST:
        return read_score_option(option, text, o);
    case SHEET:
        o->sheet = text;
        return 0;
    case INDEX:
        o->index = text;
        return 0;
    case GAP:
        return read_frames("--gap", text, 0, 60 * RP_SAMPLE_RATE, &o->gap);
    case '?': /* getopt said it */
        fputs("  = help: see patchrun --help\n", stderr);
        return 2;
    default:
        return read_sound_option(option, text, o, said);
    }
}

static int read_all(struct options *o, int argc, char **argv, struct said *said)
{
    static char name[] = "patchrun"; /* getopt's messages begin with it, not with our path */
    int option, failed = 0;
    argv[0] = name;
    unsetenv("POSIXLY_CORRECT"); /* options may follow the file everywhere */
    while (!failed && (option = getopt_long(argc, argv, "o:", long_options, NULL)) != -1)
        failed = read_option(option, optarg, o, said);
    if (failed || said->help || said->version)
        return failed;
    if (optind + 1 != argc)
        return usage("FILE", optind == argc ? "which patch, score or bytecode file is missing"
                                            : "one at a time; options begin with --");
    o->input = argv[optind];
    return 0;
}

static int format_of_name(const char *path, enum audio_format *format)
{
    if (audio_format_of(path, format))
        return 0;
    fprintf(stderr, "patchrun: %s: no format is known by this extension\n", path);
    fputs("  = help: give --format wav, flac or ogg\n", stderr);
    return 2;
}

static int check_coding(const struct options *o)
{
    if (o->format == AUDIO_FLAC && o->pcm == PCM_FLOAT)
        return usage("--bits", "FLAC has no float; give 16 or 24");
    if (o->format == AUDIO_OGG && o->bits_given)
        return usage("--bits", "Ogg Vorbis has no bits to choose");
    if (o->dither && (o->pcm == PCM_FLOAT || o->format == AUDIO_OGG))
        return usage("--dither", "is for 16 and 24 bits");
    return 0;
}

static int check_file(struct options *o)
{
    bool beside = o->trace || o->stems || o->ladder || o->cost || o->budget;
    if (!o->output && !o->hash && !beside && o->info == INFO_NONE)
        return usage("-o", "where the sound should go is missing; or ask for its --hash");
    if (o->output && !o->format_given && format_of_name(o->output, &o->format))
        return 2;
    if (check_coding(o))
        return 2;
    if (o->format == AUDIO_OGG)
        o->pcm = PCM_FLOAT;
    return 0;
}

/* Of its files each may be of another format. */
static int check_batch(struct options *o)
{
    if (!o->output && !o->sheet && !o->hash && !o->index && o->info == INFO_NONE)
        return usage("-o", "the folder for the sounds is missing; or ask for a --sheet or --hash");
    if (o->output && o->sheet)
        return usage("--sheet", "has all the sounds; leave -o out");
    if (o->gap && !o->sheet)
        return usage("--gap", "is between the sounds of a --sheet");
    if (o->output && out_is_stdout(o->output))
        return usage("-o", "the sounds of a batch need a folder");
    if (!o->sheet)
        return 0;
    if (!o->format_given && format_of_name(o->sheet, &o->format))
        return 2;
    if (check_coding(o))
        return 2;
    if (o->format == AUDIO_OGG)
        o->pcm = PCM_FLOAT;
    return 0;
}

static int check(struct options *o, const struct said *said)
{
    if (said->length && o->until_silent)
        return usage("--until-silent", "excludes --seconds and --frames; --longest bounds it");
    if (o->variations > 0 && o->ladder)
        return usage("--variations", "have no --hash-ladder; it is of one seed");
    if (o->ladder_nodes && !o->ladder)
        return usage("--ladder-nodes", "is for the --hash-ladder");
    if (o->ladder_values != UINT64_MAX && !o->ladder)
        return usage("--ladder-values", "is for the --hash-ladder");
    return 0;
}

int options_read(struct options *o, int argc, char **argv)
{
    struct said said = {0};
    *o = (struct options){.longest = 60 * RP_SAMPLE_RATE,
                          .quiet_hold = RP_SAMPLE_RATE / 4,
                          .release = RP_SAMPLE_RATE / 2,
                          .threads = 1,
                          .ladder_values = UINT64_MAX};
    o->settings = malloc(((size_t)argc + 1) * sizeof *o->settings);
    if (!o->settings)
        return say_out_of_memory();
    threshold_read("-90db", &o->threshold);
    int failed = read_all(o, argc, argv, &said);
    if (failed)
        return failed;
    if (said.help)
        fputs(help_text, stdout);
    else if (said.version)
        printf("patchrun (repatch) %s, semantics %d, bytecode %d\n", RP_VERSION,
               RP_SEMANTICS_VERSION, RP_FORMAT_VERSION);
    return said.help || said.version ? 1 : check(o, &said);
}

/* Where a path leads: its directory as it is, and its last name. False: nowhere yet, or to a
 * device, which may be written twice. */
static bool find_place(const char *path, struct stat *directory, const char **name)
{
    struct stat info;
    char parent[4096];
    if (!path || out_is_stdout(path) || strlen(path) >= sizeof parent)
        return false;
    if (stat(path, &info) == 0 && !S_ISREG(info.st_mode) && !S_ISDIR(info.st_mode))
        return false;
    const char *slash = strrchr(path, '/');
    *name = slash ? slash + 1 : path;
    snprintf(parent, sizeof parent, "%.*s", slash ? (int)(slash - path) + 1 : 1,
             slash ? path : ".");
    return stat(parent, directory) == 0;
}

static bool same_place(const char *a, const char *b)
{
    struct stat x, y;
    const char *name_a, *name_b;
    if (!find_place(a, &x, &name_a) || !find_place(b, &y, &name_b))
        return a && b && out_is_stdout(a) && out_is_stdout(b);
    bool one_name = x.st_dev == y.st_dev && x.st_ino == y.st_ino && strcmp(name_a, name_b) == 0;
    bool one_file =
        stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
    return one_name || one_file;
}

/* Outputs that would go to one place, or to where an input lies. */
static int check_names(const struct options *o)
{
    const char *names[] = {o->output, o->sheet, o->index, o->ladder, o->trace,
                           o->cost,   o->stems, o->input, o->map};
    enum { NAMES = sizeof names / sizeof names[0], OUTPUTS = 7 };
    for (size_t i = 0; i < OUTPUTS; i++)
        for (size_t k = i + 1; k < NAMES; k++)
            if (same_place(names[i], names[k]))
                return usage(names[i], k < OUTPUTS ? "is to hold two things"
                                                   : "is what is played; it would be overwritten");
    for (size_t i = 0; i < OUTPUTS - 1; i++) {
        struct stat stems, directory;
        const char *name;
        if (o->stems && find_place(names[i], &directory, &name) && stat(o->stems, &stems) == 0 &&
            stems.st_dev == directory.st_dev && stems.st_ino == directory.st_ino)
            return usage(names[i], "would stand among the stems; give them a folder of their own");
    }
    return 0;
}

static int check_kind(struct options *o, enum input_kind kind)
{
    bool beside = o->trace || o->stems || o->ladder_nodes || o->cost || o->budget;
    bool for_scores = beside || o->map || o->from || o->to;
    if (kind == INPUT_UNKNOWN && for_scores) {
        fprintf(stderr,
                "patchrun: %s: begins like neither a score nor a MIDI file\n"
                "  = help: a score begins with (score), or in JSON lines with [\"score\"]\n",
                o->input);
        return 1;
    }
    if (kind == INPUT_BATCH && (for_scores || o->ladder))
        return usage(o->input, "is a batch; --map, --from, --to, --trace, --stems, --hash-ladder, "
                               "--ladder-nodes, --cost and --budget are not for it");
    if (kind == INPUT_BATCH && (o->setting_count > 0 || o->sound))
        return usage(o->input, "is a batch; its list has what --set and --input say");
    if (kind == INPUT_BATCH)
        return check_batch(o);
    if (o->sheet || o->index || o->gap)
        return usage(o->input, "is no batch; --sheet, --index and --gap are for batches");
    if (o->variations > 0 && o->output && out_is_stdout(o->output))
        return usage("--variations", "cannot share the standard output");
    if (kind == INPUT_PATCH && for_scores)
        return usage(o->input, "is a patch; --map, --from, --to, --trace, --stems, "
                               "--ladder-nodes, --cost and --budget are for scores");
    if (kind == INPUT_PATCH || kind == INPUT_UNKNOWN)
        return check_file(o);
    if (o->setting_count > 0 || o->release_given || o->sound || o->variations || o->serial)
        return usage(o->input, "is a score; --set, --hold, --input, --serial and --variations are "
                               "for patches");
    bool one = o->ladder_nodes && strcmp(o->ladder_nodes, "all") != 0;
    if (o->ladder_values != UINT64_MAX && !one)
        return usage("--ladder-values", "of a score needs --ladder-nodes PLACE: whose values");
    if (kind == INPUT_SCORE && o->map)
        return usage("--map", "is for MIDI files; a score names its own instruments");
    return check_file(o);
}

int options_check(struct options *o, enum input_kind kind)
{
    int status = check_kind(o, kind);
    return status ? status : check_names(o);
}

void options_free(struct options *o)
{
    free(o->settings);
}
