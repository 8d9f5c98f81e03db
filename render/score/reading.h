/* reading.h - a score while it is read. Private to render/score/.
 *
 *   score.c       files and top-level forms; what is done with a command
 *   eval.c        the table of forms; a form's items and keywords; its place in time
 *   args.c        values as people write them; pitch.c, keys in Hz
 *   settings.c    resources.c    midi_map.c    what stands at the top only
 *   plays.c       play and note, and what they are given
 *   commands.c    what is done to a voice
 *   structure.c   forms within forms
 *   music.c       line and pattern
 *
 * Everything reports to `diags` and goes on. A `false` means: it has been reported. */
#ifndef RENDER_SCORE_READING_H
#define RENDER_SCORE_READING_H

#include "render/score/names.h"
#include "render/score/pitch.h"
#include "render/score/score.h"
#include "render/score/time.h"
#include "text/diag.h"
#include "text/sx.h"

/* KEY_AT is written :at, and so on. */
#define SCORE_KEYS(X)                                                                              \
    X(AT, "at")                                                                                    \
    X(FOR, "for")                                                                                  \
    X(VOICE, "voice")                                                                              \
    X(AS, "as")                                                                                    \
    X(VOLUME, "volume")                                                                            \
    X(PAN, "pan")                                                                                  \
    X(PITCH, "pitch")                                                                              \
    X(PRIORITY, "priority")                                                                        \
    X(BUS, "bus")                                                                                  \
    X(SEND, "send")                                                                                \
    X(FADE, "fade")                                                                                \
    X(SET, "set")                                                                                  \
    X(LOOP, "loop")                                                                                \
    X(SERIAL, "serial")                                                                            \
    X(VELOCITY, "velocity")                                                                        \
    X(RAMP, "ramp")                                                                                \
    X(STEP, "step")                                                                                \
    X(GATE, "gate")                                                                                \
    X(LENGTH, "length")                                                                            \
    X(TIMES, "times")                                                                              \
    X(TRANSPOSE, "transpose")                                                                      \
    X(MIX, "mix")                                                                                  \
    X(RESAMPLE, "resample")                                                                        \
    X(ROOT, "root")                                                                                \
    X(TAIL, "tail")                                                                                \
    X(TO, "to")

#define SCORE_KEY_ID(id, name) KEY_##id,
enum key { SCORE_KEYS(SCORE_KEY_ID) KEYS };

enum {
    MOST_ITEMS = 4, /* that a form has in fixed places */
    MOST_NAME = 128,
    MOST_REPEATS = 1000000,
    MOST_DEPTH = 1000, /* forms in forms, sections used within counted */
    MOST_FILES = 32,   /* included in one another */
#ifndef FUZZING
    MOST_COMMANDS = 100000000,
    MOST_STEPS = 400000000, /* forms and items evaluated */
#else
    MOST_COMMANDS = 10000, /* a minute for each such score would be a long time there */
    MOST_STEPS = 40000,
#endif
    MOST_SOURCES = 65536,
    SEEN = 64,
    MOST_BUSES = 1024
};

/* A form taken apart. */
struct form {
    const struct sx *sx;
    const struct form_row *row;
    const struct sx *keys[KEYS];
    const struct sx *items[MOST_ITEMS];
    size_t count;         /* of items, all of them */
    struct moment start;  /* :at is in it */
    struct moment around; /* it is not */
};

/* The last sound a play made, under some name, or in some voice. */
struct sounding {
    bool any;
    uint32_t source;
    uint64_t order, exact, act; /* frames */
};

/* What (default ...) says of the samples and patches that follow. */
struct defaults {
    bool any;
    struct mix_command play;
    struct mix_command *parts;
    size_t part_count;
    uint32_t tail; /* ticks */
};

/* A file being read. */
struct score_file {
    const char *path, *folder;   /* the folder with its slash, or "" */
    uint16_t number;             /* in score.files */
    const struct score_file *in; /* what includes it, or NULL */
    struct moment start;         /* of its forms */
    bool headed;                 /* its (score) was seen */
    struct defaults defaults;
};

struct section {
    struct form form;
    uint16_t file;
    bool active, broken;
};

/* A bus's destination, which may be declared later. */
struct bus_end {
    const struct sx *to; /* or NULL */
};

struct reading {
    struct score *score;
    const struct score_options *options;
    struct diags diags;
    struct render_error error; /* trouble; status RENDER_OK: none */
    struct time_map time;
    struct score_file *file; /* whose forms are read */
    uint16_t file_number;    /* where the form being evaluated was written */

    struct names sources, buses, names, params, sections, files;
    struct names failed; /* sources and buses that could not be loaded: said once */
    size_t source_capacity, plan_capacity, bus_capacity, cc_capacity;
    struct section *section;
    size_t section_capacity;
    struct bus_end *bus_ends;
    size_t bus_end_capacity;
    struct sounding *named; /* by number of `names` */
    size_t named_capacity;
    struct sounding voices[MIX_MOST_VOICES];

    struct mix_command *parts; /* of the play being made */
    size_t part_count, part_capacity;
    const struct sounding *inner; /* the play whose body is evaluated, or NULL */
    struct ratio transpose;       /* semitones, of the sections around */
    enum sample_resample resample;
    uint64_t given; /* settings seen, by row of the table */
    bool begun;     /* a command was read */
    bool song;      /* one was refused in a map */
    bool keep;      /* the tree of this top-level form is needed further */
    bool ordered;
    uint64_t ordered_frame;
    const struct form_row *seen[SEEN]; /* rows that forms had, by some of their names' letters */
    unsigned depth;
    uint64_t steps, commands;
    struct batch *batches; /* kept trees */
};

/* --- eval.c --- */

enum form_kind { FORM_SETTING, FORM_RESOURCE, FORM_MAP, FORM_COMMAND, FORM_VOICE, FORM_STRUCTURE };

enum form_trait {
    FORM_EARLY = 1,       /* setting: before the first command; others may come between them */
    FORM_AGAIN = 2,       /* setting: more than once */
    FORM_ANY_FILE = 4,    /* setting: in included files too */
    FORM_OWN_AT = 8,      /* takes :at itself */
    FORM_TIME_ITEM = 16,  /* its first item says when */
    FORM_WAITS = 32,      /* nothing but time passes: not at the top */
    FORM_HOLDS_FORMS = 64 /* its lists are forms */
};

struct form_row {
    const char *name;
    enum form_kind kind;
    unsigned traits;
    size_t least, most; /* items */
    uint64_t keys;      /* 1 << enum key */
    void (*run)(struct reading *, const struct form *, struct moment *end);
    const char *shape; /* an example */
};

#define MOST_DURATION (UINT64_C(86400) * RP_SAMPLE_RATE) /* frames of a length, ramp or fade */
#define KEY(k)        (UINT64_C(1) << KEY_##k)
#define MANY_ITEMS    SIZE_MAX

extern const char *const key_names[KEYS];

/* A form at a place in time; *end is where it is over. */
void eval(struct reading *, const struct sx *, const struct moment *start, struct moment *end);
/* A top-level form. */
void eval_top(struct reading *, const struct sx *);
/* One form counts against the limits. False: too many. */
/* Reports forms of unknown names among the items and in their bodies. */
void eval_check_names(struct reading *, const struct sx *items);
bool eval_step(struct reading *, const struct sx *);
/* The items of a form, from one on; keywords are left out. NULL: no more. */
const struct sx *item_next(const struct sx *item);
/* The i-th item, also past MOST_ITEMS. */
const struct sx *item_at(const struct form *, size_t i);
/* A moment later; reports when it does not fit. */
bool eval_later(struct reading *, const struct sx *, const struct moment *, const struct moment *by,
                struct moment *sum);
/* *end becomes `at` if that is later. */
void eval_latest(struct reading *, struct moment *end, const struct moment *at);

/* --- score.c --- */

struct diag *score_wrong(struct reading *, enum diag_code, const struct sx *, const char *format,
                         ...) __attribute__((format(printf, 4, 5)));
void score_trouble(struct reading *, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* There was trouble or a signal: nothing goes on. */
bool score_is_hopeless(const struct reading *);
/* The frame at which a command acts that is due at an exact frame. */
uint64_t score_act_frame(const struct score *, uint64_t exact);
/* Hands a command to the timeline; file and line are set here. Returns its order. */
uint64_t score_emit(struct reading *, const struct sx *, struct mix_command *);
/* All forms of a file. Its path must outlive the score. */
void score_read_file(struct reading *, struct score_file *, FILE *);
/* NULL: *why says it. */
FILE *score_open_file(const char *path, const char **why);
/* A file's path, its name being relative to the folder of the file being read. */
char *score_path(struct reading *, const char *name);
/* Room for a sample, which score_free frees. */
struct sample *score_keep_sample(struct score *);

/* --- args.c --- */

bool arg_whole(struct reading *, const struct sx *, const char *what, int64_t low, int64_t high,
               int64_t *value);
bool arg_ratio(struct reading *, const struct sx *, const char *what, struct ratio *value);
/* The number of the word. */
bool arg_word(struct reading *, const struct sx *, const char *what, const char *const *words,
              size_t count, size_t *index);
bool arg_switch(struct reading *, const struct sx *, const char *what, bool *on);
/* A name that may be given to something, or NULL. */
const char *arg_name(struct reading *, const struct sx *, const char *what);
/* Any word or string, or NULL. */
const char *arg_text(struct reading *, const struct sx *, const char *what);
/* A time counted from `start`; with `position`, BAR:BEAT too. */
bool arg_time(struct reading *, const struct sx *, const struct moment *start, bool position,
              struct moment *offset);
/* start + a length that is not below zero; zero only if allowed. */
bool arg_end(struct reading *, const struct sx *, const struct moment *start, bool zero,
             struct moment *end);
bool arg_frame(struct reading *, const struct sx *, const struct moment *, uint64_t *frame);
/* A ramp, glide or fade. */
bool arg_duration(struct reading *, const struct sx *, const struct moment *start,
                  uint32_t *frames);
bool arg_byte(struct reading *, const struct sx *, const char *what, uint8_t *value);
/* 0..255, or a factor of 255 as a percentage or in dB: rounded to the nearest, of two the louder.
 */
bool arg_volume(struct reading *, const struct sx *, const char *what, uint8_t *value);
bool arg_rate(struct reading *, const struct sx *, int64_t *rate);
/* 0..1 or a percentage. */
bool arg_share(struct reading *, const struct sx *, const char *what, struct ratio *share);
bool arg_semitones(struct reading *, const struct sx *, struct ratio *semitones);
bool is_whole(const struct sx *);
bool arg_resample(struct reading *, const struct sx *, enum sample_resample *);

/* --- params.c --- */

bool param_value(struct reading *, const struct sx *, const char *where, const struct rp_param *,
                 float *value);
/* Finds a parameter of a program; reports with the names there are. -1: none. */
int param_of(struct reading *, const struct sx *, const char *where, const struct rp_program *);
/* The value of a parameter of any patch of the score. */
bool param_anywhere(struct reading *, const struct sx *name, const struct sx *value, float *number);
bool param_exists(struct reading *, const struct sx *name);
uint32_t param_number(struct reading *, const char *name);

/* --- plays.c --- */

struct pitch {
    bool keyed;
    struct ratio key; /* semitones, 60 is c4 */
    double hz;
};

/* A play to be made any number of times. `parts` of the reading belong to it. */
struct plan {
    uint32_t source;
    struct mix_command play;
    size_t own_parts; /* of the source; those of the form follow */
    bool sets_pitch;  /* the form does, by :set */
};

struct strike {
    const struct sx *sx;
    struct moment start, end;
    bool has_end, has_pitch, has_velocity;
    struct pitch pitch;
    struct ratio velocity;
};

#define PLAY_DEFAULTS                                                                              \
    (KEY(VOLUME) | KEY(PAN) | KEY(PITCH) | KEY(PRIORITY) | KEY(BUS) | KEY(SEND) | KEY(FADE) |      \
     KEY(SET) | KEY(LOOP))
#define PLAY_KEYS (PLAY_DEFAULTS | KEY(VOICE) | KEY(AS) | KEY(SERIAL))

bool source_find(struct reading *, const struct sx *, uint32_t *source);
/* The options of a form put onto a source's defaults. */
bool plan_make(struct reading *, const struct form *, uint32_t source, struct plan *);
bool plan_options(struct reading *, const struct form *, struct plan *);
/* Adds commands to the parts of the reading. */
bool plan_parts(struct reading *, const struct mix_command *parts, size_t count);
bool plan_strike(struct reading *, const struct plan *, const struct strike *, struct sounding *);
/* c4, 60, 440hz; shifted by what the sections around transpose. */
bool pitch_read(struct reading *, const struct sx *, const char *text, size_t length,
                struct pitch *);
double pitch_hz(const struct pitch *);
struct sx pair_name(const struct sx *);

/* --- resources.c --- */

void bus_check_ends(struct reading *);
bool bus_find(struct reading *, const struct sx *, uint32_t *bus);

/* --- handlers --- */

#define HANDLER(name) void name(struct reading *, const struct form *, struct moment *end)
HANDLER(do_score);
HANDLER(do_voices);
HANDLER(do_steal);
HANDLER(do_quantise);
HANDLER(do_seed);
HANDLER(do_budget);
HANDLER(do_end);
HANDLER(do_ordered);
HANDLER(do_resample);
HANDLER(do_tempo);
HANDLER(do_meter);
HANDLER(do_sample);
HANDLER(do_patch);
HANDLER(do_bus);
HANDLER(do_default);
HANDLER(do_channel);
HANDLER(do_program);
HANDLER(do_drum);
HANDLER(do_cc);
HANDLER(do_bend);
HANDLER(do_play);
HANDLER(do_note);
HANDLER(do_stop);
HANDLER(do_release);
HANDLER(do_set_volume);
HANDLER(do_set_pan);
HANDLER(do_set_pitch);
HANDLER(do_set);
HANDLER(do_glide);
HANDLER(do_send);
HANDLER(do_is_playing);
HANDLER(do_at);
HANDLER(do_par);
HANDLER(do_seq);
HANDLER(do_repeat);
HANDLER(do_section);
HANDLER(do_do);
HANDLER(do_rest);
HANDLER(do_include);
HANDLER(do_line);
HANDLER(do_pattern);

#endif
