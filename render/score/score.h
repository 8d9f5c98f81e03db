/* score.h - a score: what is there to be played, and when. score(5) is its language.
 *
 *   score_read     a score's text, its samples and patches loaded, its commands in a timeline
 *   score_free
 *
 * Errors are collected and printed with their place, as patchc's. */
#ifndef RENDER_SCORE_H
#define RENDER_SCORE_H

#include "render/mixer/mixer.h"
#include "render/score/timeline.h"
#include "text/arena.h"
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>

/* Compiling belongs to another layer: the program of a patch file (source text or bytecode), good
 * until the score is freed. NULL: it was said on `diagnostics`, *status is 1 (wrong) or 2. */
struct score_loader {
    const struct rp_program *(*load)(void *context, const char *path, FILE *diagnostics,
                                     int *status);
    void *context;
};

/* What a sample, patch or drum of a MIDI map plays like: play's arguments, their defaults filled
 * in. `parts` are the set and send commands that follow the play. */
struct score_plan {
    const char *name;
    struct mix_command play;
    const struct mix_command *parts;
    size_t part_count;
    int root;     /* sample: MIDI note at which it plays at rate 1.0 */
    int velocity; /* patch: number of its velocity parameter in `params`, or -1 */
    int pitch;    /* patch: number of its pitch parameter in `params`, or -1 */
};

/* (cc NUMBER PARAM LOW HIGH): a controller moves a parameter of every patch that has it. */
struct score_cc {
    uint8_t number;
    uint32_t param; /* in score.params */
    int ranged;     /* low and high were given */
    float low, high;
};

struct score_midi_map {
    int channel[16];  /* plan number, or -1 */
    int program[128]; /* plan number, or -1: tried when the channel has none */
    int drum[128];    /* channel 10: plan number by key, or -1 */
    struct score_cc *ccs;
    size_t cc_count;
    float bend; /* semitones, 2 unless said */
};

struct score {
    const char *name; /* of its (score NAME) form, or "" */
    unsigned voices;
    enum mix_policy policy;
    int quantise; /* commands act on ticks */
    uint64_t seed;
    int has_seed;
    uint64_t budget; /* 0: none */
    uint64_t end;    /* frames; valid if has_end */
    int has_end;
    struct mix_source *sources;
    size_t source_count;
    struct score_plan *plans; /* one for each source: its defaults */
    struct mix_bus *buses;
    size_t bus_count;
    const char **params; /* every parameter name of every patch and bus */
    size_t param_count;
    size_t name_count;
    const char **names; /* of plays */
    const char **files; /* command.file */
    size_t file_count;
    struct score_midi_map midi;
    struct timeline *timeline; /* sealed */
    uint64_t command_count;    /* parts of plays not counted */
    uint64_t last;             /* the frame after which no command acts and no note's length ends */

    struct arena arena;
    struct score_private *own; /* what nobody outside has to know */
};

extern const char *const score_policy_words[4]; /* by enum mix_policy */

struct score_options {
    struct score_loader loader;
    FILE *diagnostics;
    FILE *notes;  /* what is worth knowing and not wrong; NULL: it is not told */
    int map_only; /* an instrument map for MIDI: commands are refused, the timeline stays open */
    const atomic_int *stop; /* NULL, or: not 0 asks to give up soon, as a signal does */
};

/* Reads `stream`, which stays the caller's, to its end. `path` is for messages, and says where
 * files it names are looked for: beside it. 0 done; 1 the score is wrong (reported); 2 trouble
 * (reported), or stopped (nothing is said). score_free is needed in any case. */
int score_read(struct score *, FILE *stream, const char *path, const struct score_options *);
void score_free(struct score *);

/* Puts a command into the timeline at its act frame: `frame` of the command, exact, is moved to the
 * next tick if the score is quantised and the verb acts on ticks. `order` is set here, ascending.
 * Returns the order given, for MIX_SOUND targets. */
enum render_status score_add(struct score *, struct mix_command *, struct render_error *);

/* What a render up to `end` would leave out: plays from there on, other commands after it. */
struct score_late {
    uint64_t count;
    uint16_t file; /* of the earliest: in score.files */
    uint32_t line; /* 0: none */
};

/* Of a sealed timeline, which is read again from its start afterwards. */
enum render_status score_late(struct score *, uint64_t end, struct score_late *,
                              struct render_error *);

/* Plays a Standard MIDI File with the score's map (read with map_only). `name` for messages;
 * errors name the byte. 0, 1 or 2; what is wrong is said on `diagnostics`. Seals the timeline. */
int midi_read(struct score *, FILE *file, const char *name, FILE *diagnostics, FILE *notes);

/* Is it the name of a form of score(5)? */
bool score_has_form(const char *name);

#endif
