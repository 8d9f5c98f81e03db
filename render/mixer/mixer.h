/* mixer.h - PROMETEU's mixer: voices, policies, buses, sums. docs/mixer.md is its definition.
 *
 *   mixer_new     takes all it can know of beforehand
 *   mixer_tick    applies a tick's commands and computes its frames
 *   mixer_free
 *
 * Nothing here depends on lanes, threads, cut, ISA or the host's float unit (vm/repatch.h) but the
 * time it takes. Patch voices take
 * memory where no idle one of their patch is left: for no more than sound at once (config.voices),
 * up to whole groups of lanes. A group goes when it was idle for 10 s. Lists of what happens in a
 * tick grow with the commands of a tick, and are kept. */
#ifndef RENDER_MIXER_H
#define RENDER_MIXER_H

#include "render/error.h"
#include "render/mixer/command.h"
#include "render/sample.h"
#include "vm/repatch.h"
#include <stdbool.h>
#include <stddef.h>

enum mix_policy { MIX_STEAL_OLDEST, MIX_STEAL_QUIETEST, MIX_STEAL_LOWEST_PRIORITY, MIX_REFUSE };

struct mix_source {
    const char *name;
    const struct sample *sample;      /* NULL: a patch */
    const struct rp_program *program; /* NULL: a sample */
    int gate, pitch, velocity;        /* parameters of the patch, or -1 */
    uint32_t tail;                    /* quiet ticks after which a released patch voice ends */
};

struct mix_bus {
    const char *name;
    const struct rp_program *program; /* NULL: no effect */
    int to;                           /* a higher bus, or -1: the mix */
    uint8_t volume, pan;
};

/* What happened, in order. Texts live as long as the mixer. */
enum mix_event_kind {
    MIX_EVENT_PLAY,    /* voice, source, serial */
    MIX_EVENT_REFUSE,  /* source */
    MIX_EVENT_STEAL,   /* voice, source: what was there; a play of that voice follows */
    MIX_EVENT_CUT,     /* the same, the voice having been asked for by number */
    MIX_EVENT_RELEASE, /* voice, source; also at the end of a note's length, then command is NULL */
    MIX_EVENT_END,     /* voice, source, reason: "finished", "stopped", "faded" or "silent" */
    MIX_EVENT_COMMAND, /* voice (or bus), source: set_volume .. send was applied */
    MIX_EVENT_IGNORE,  /* reason: "idle", "ended" (also stolen, cut), "refused", "not played",
                          "no pitch", "no gate", "no parameter", "released", "fading",
                          "too many sends", "not a voice" */
    MIX_EVENT_ANSWER,  /* voice or -1; playing */
    MIX_EVENT_COST     /* once a tick, last */
};

struct mix_cost {
    uint32_t voices_active, audio_commands;
    uint64_t mix_cycles;
    bool over; /* the budget */
    int blame; /* voice, or -1 */
};

struct mix_event {
    enum mix_event_kind kind;
    uint64_t frame;
    int voice, bus; /* or -1 */
    int source;     /* or -1 */
    uint64_t serial;
    bool playing;
    const char *reason;                /* or NULL */
    const struct mix_command *command; /* that caused it, or NULL */
    struct mix_cost cost;
};

/* Listens to nodes. */
struct mix_tap {
    /* Asked before a voice or a bus (the other is -1) runs on: what looks at its ops meanwhile,
     * whose lane is not looked at; nothing with `look` NULL. The sound began at frame `begun`, of a
     * bus 0; the next frame is number `at` of the tick. */
    struct rp_tap (*listen)(void *context, int voice, int bus, uint64_t begun, uint32_t at);
    void *context;
    bool several; /* voices may be listened to at a time: each is then in a group of its own */
};

struct mix_config {
    unsigned voices;
    enum mix_policy policy;
    uint64_t seed;
    uint64_t budget; /* cycles; 0: none */
    const struct mix_source *sources;
    size_t source_count;
    const struct mix_bus *buses;
    size_t bus_count;
    const char *const *params; /* every parameter name the commands use, once */
    size_t param_count;
    size_t name_count; /* names of plays are below it */

    bool parts;  /* contributions of each voice and bus are wanted: mix_output */
    bool floats; /* mix_output has `floats` in place of `mix` */
    void (*event)(void *context, const struct mix_event *); /* or NULL */
    void *context;

    enum rp_isa isa;
    unsigned lanes;   /* 0: chosen */
    unsigned threads; /* at least 1 */
    unsigned cut;     /* frames computed at a time, at most; 0: chosen */

    /* Or NULL. With it one thread does all. */
    const struct mix_tap *tap;

    /* Slow, to find out after a failure: from the tick at `check_from` on every op is looked at,
     * and an error names the node. */
    bool check;
    uint64_t check_from;
};

/* A tick's result; pointers are into the mixer and good until the next tick. */
struct mix_output {
    const int64_t *mix;  /* [frame][left, right], units of 2^-23 */
    const float *floats; /* the same as floats: docs/mixer.md, section 7 */
    /* With mix_config.parts only. A voice not heard in the tick has heard[v] = false. */
    const bool *heard;
    const int32_t *const *voice;        /* [v][frame][2]: contributions */
    const int32_t *const *voice_direct; /* the same as far as they went to the mix, not to a bus */
    const int32_t *const *bus;          /* [b][frame][2] */
};

struct mixer;

/* NULL on failure, RENDER_TROUBLE: memory, or threads that do not start. The config's arrays must
 * outlive the mixer. */
struct mixer *mixer_new(const struct mix_config *, struct render_error *);
void mixer_free(struct mixer *);

/* Computes `frames` frames, 800, or fewer in a last tick, from where the last call ended.
 * `commands` are those of these frames and no others, sorted by (frame, order).
 * RENDER_WRONG: a sample is not finite; the error names voice or bus, and frame. The node, too, if
 * the commands are given again from the start to a mixer with `check`, its check_from being this
 * tick's first frame: the place it then names does not depend on lanes and threads.
 * RENDER_TROUBLE: memory. After a failure only mixer_free is allowed. */
enum render_status mixer_tick(struct mixer *, const struct mix_command *commands, size_t count,
                              unsigned frames, struct mix_output *, struct render_error *);

/* Voices whose sound goes on for a frame more, if no command ends it. */
unsigned mixer_sounding(const struct mixer *);
/* A sound that cannot end without a further command: a looped sample, a patch whose gate is open,
 * without a length. `file` and `line` are those of its play. */
struct mix_endless {
    uint32_t voice, source;
    uint16_t file;
    uint32_t line;
};
bool mixer_endless(const struct mixer *, struct mix_endless *);

#endif
