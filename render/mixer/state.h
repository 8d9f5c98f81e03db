/* state.h - private to render/mixer/. A tick goes one way:
 *
 *   control.c, start.c, due.c   commands and what falls due -> spans and actions
 *   lanes.c                     patch sounds get lanes in groups
 *   groups.c                    groups run, their spans are mixed
 *   signal.c                    sample spans
 *   level.c, sums.c             gains, contributions, sums of a place
 *   buses.c                     buses in ascending order, then the mix
 *   crew.c                      the same on several threads
 *
 * A span is a stretch of one sound within the tick in which nothing but ramps and the position
 * moves. Spans and groups may be computed in any order by any thread: what they make is added up
 * as integers. */
#ifndef RENDER_MIXER_STATE_H
#define RENDER_MIXER_STATE_H

#include "render/mixer/mixer.h"
#include "render/sample.h"
#include <stdatomic.h>
#ifdef __SSE__
#include <xmmintrin.h>
#endif

enum {
    MIX_NONE = -1,
    MIX_ADDITIONS = 127, /* of at most 2^24 each that fit an int32 */
    MIX_PIECE = 2048 /* values a group gives at a time, all lanes together: they stay in the L1 */
};

#define MIX_NEVER UINT64_MAX
#define MIX_UNIT  8388608.0f  /* units in full scale */
#define MIX_LIMIT 16777216.0f /* units in which signals are held */

/* The value is `to` from frame `begin` + `frames` on. */
struct mix_ramp {
    float from, to;
    uint64_t begin;
    uint32_t frames;
};

struct mix_level {
    struct mix_ramp volume, pan;
};

struct mix_send {
    uint16_t bus;
    uint8_t amount;
};

/* Where in a sample a sound is. */
struct mix_head {
    int64_t pos, step; /* 32.32; while it sounds, pos lies in the sample */
    uint32_t loop_start, loop_end;
    bool loop;
};

/* Where contributions go. */
struct mix_route {
    int32_t bus; /* or MIX_NONE: the mix */
    uint8_t send_count;
    struct mix_send sends[MIX_SENDS];
};

/* What sounds in a voice. */
struct mix_sound {
    bool sounding, released;
    bool heard, interpolates; /* in this tick */
    uint8_t priority;
    uint16_t file; /* of the score, and line: where it was played */
    uint32_t line;
    uint32_t source, fade;
    uint32_t cut; /* frame of the tick from which on there is no span yet */
    uint32_t quiet;
    uint32_t instance;       /* patch */
    float base;              /* patch: Hz at rate 1.0 */
    uint32_t older, younger; /* voices, or MIX_END: by the age of what sounds there */
    uint64_t order, begun, released_at;
    uint64_t finish, fade_end, silence; /* frames on which it ends, or MIX_NEVER */
    uint64_t note_end;                  /* frame on which it is released, or MIX_NEVER */
    struct mix_level level;
    struct mix_route route;
    struct mix_head head;
};

struct mix_span {
    uint32_t begin, end; /* frames of the tick */
    uint32_t voice, source, instance, next;
    struct mix_level level;
    struct mix_route route;
    struct mix_head head;
};

struct mix_bus_span {
    uint32_t begin, end, next;
    struct mix_level level;
};

enum mix_action_kind { MIX_ACTION_START, MIX_ACTION_STOP, MIX_ACTION_SET };

/* What happens to a patch at a frame of the tick. */
struct mix_action {
    enum mix_action_kind kind;
    uint32_t offset, next;
    uint32_t instance; /* of a voice; of a bus it is not looked at */
    uint32_t param, frames;
    float value;
    uint64_t serial;
};

/* A list within an array, in the order of time. */
struct mix_list {
    uint32_t first, last;
};
#define MIX_END   UINT32_MAX
#define MIX_EMPTY ((struct mix_list){MIX_END, MIX_END})
/* Element `number` of `array`, its `next` being MIX_END, becomes the last. */
#define MIX_APPEND(list, array, number)                                                            \
    do {                                                                                           \
        struct mix_list *list_ = (list);                                                           \
        *(list_->first == MIX_END ? &list_->first : &(array)[list_->last].next) = (number);        \
        list_->last = (number);                                                                    \
    } while (0)

/* A started patch, until the end of the tick in which its sound ends. */
struct mix_instance {
    uint32_t source, voice, lane;
    uint64_t begun;
    uint32_t after;          /* the one that has its lane before it in this tick, or MIX_END */
    uint32_t next_ended;     /* of its source, in this tick, or MIX_END */
    struct mix_group *group; /* NULL: has no lane, or none yet */
    bool fresh;              /* starts in this tick */
    bool unheard;            /* ends on the frame it starts on */
    bool watched, loud;      /* whether a sample of the tick was at least 2^-15 */
};

struct mix_group {
    struct rp_group *rp;
    struct mix_group *next;              /* of all */
    struct mix_group *next_open, **link; /* in a list of mix_source_state.open, or link NULL */
    uint64_t idle_from;                  /* frame of the tick, while no lane is used */
    void *memory;
    uint32_t source;
    unsigned lanes, used;
    uint32_t taken;                  /* bit l: instance[l] is one */
    uint32_t live;                   /* bit l: its voice has started */
    uint32_t instance[RP_MAX_LANES]; /* the latest in the lane */
    struct mix_list actions, spans;
};

/* A name in mix_config.params and the program's number for it. */
struct mix_param {
    uint32_t name, number;
};

struct mix_params {
    const struct mix_param *of; /* by name */
    uint32_t count;
};

struct mix_source_state {
    uint64_t plays; /* commands so far */
    struct mix_params params;
    uint64_t cost;
    /* Of a patch: */
    uint32_t fresh; /* instances that need a lane */
    uint32_t ended; /* instances whose lane another may take in this tick, or MIX_END */
    struct mix_group *open[RP_MAX_LANES]; /* groups with a free lane, by the lanes in use */
    struct mix_group *narrow;             /* narrower than the widest; NULL: none is in use */
    void *snapshot;                       /* room for one voice */
};

struct mix_bus_state {
    struct mix_level level;
    struct mix_params params;
    uint32_t cut;
    uint64_t cost;
    struct mix_list actions, spans;
    struct rp_group *rp;
    void *memory;
};

/* The latest play of a name. */
struct mix_name {
    uint64_t order;
    bool played, refused;
};

/* Something that happens by itself: an end, or the release at the end of a note. */
struct mix_due {
    uint64_t frame, order;
    uint32_t phase, voice;
};

struct mix_slot {
    uint64_t order;
    uint32_t voice;
    bool taken;
};

/* The first sample that was not finite: of a sound, of equals that of the lowest voice; if there is
 * none, of the lowest bus. */
struct mix_fault {
    bool found, in_bus;
    uint64_t frame, own_frame; /* own: since the sound started, or the bus */
    uint32_t voice, source;    /* or the bus, and nothing */
    const char *node;          /* or NULL */
};

/* The sums of a place: the mix, or a bus. */
struct mix_place {
    int32_t *left, *right;
    int64_t *sum_left, *sum_right;
    unsigned additions; /* in left and right since they were zero */
    bool summed, heard; /* sum_* hold something; something was added in the tick */
};

/* What one thread needs. */
struct mix_worker {
    struct mixer *mixer;
    struct mix_place *places; /* [0]: the mix, [1 + b]: a bus */
    float *planes[2];         /* a group's piece as it comes: [frame][lane] */
    float *signals[2];        /* units: [lane][frame of the piece], or a tick of one signal */
    int32_t *left, *right;    /* contributions of a stretch */
    struct mix_fault fault;
};

/* Inner loops. All give the same bits. */
struct mix_kernels {
    /* n frames of a sample, in units. */
    void (*sample)(const int16_t *, struct mix_head *, uint32_t n, float *to);
    /* left[i] += rne(a[i] * gain_left), right[i] += rne(b[i] * gain_right) */
    void (*add)(const float *a, const float *b, uint32_t n, float gain_left, float gain_right,
                int32_t *left, int32_t *right);
    /* n frames of [frame][lane] to [lane][MIX_TICK]: times 2^23, held within 2^24. */
    void (*planes)(const float *from, unsigned lanes, uint32_t n, float *to);
    /* Both at once for all lanes, gains by lane: a and b as they come, [frame][lane]. */
    void (*add_lanes)(const float *a, const float *b, unsigned lanes, uint32_t n,
                      const float *gain_left, const float *gain_right, int32_t *left,
                      int32_t *right);
    /* Bit l: in lane l a sample of n frames is 2^-15 or more, or -2^-15 or less. */
    uint32_t (*loud)(const float *from, unsigned lanes, uint32_t n);
    /* to[2 i] = left[i] 2^-23, to[2 i + 1] = right[i] 2^-23, rounded to nearest, ties to even */
    void (*floats)(const int32_t *left, const int32_t *right, uint32_t n, float *to);
};

struct mix_crew;

struct mixer {
    struct mix_config config;
    const struct mix_kernels *kernels;
    uint64_t frame;  /* the tick's first */
    uint32_t frames; /* of the tick */
    bool no_memory;
    int no_thread; /* the error of pthread_create */

    struct mix_sound *sounds;  /* [voice] */
    uint32_t oldest, youngest; /* voices in which something sounds, or MIX_END */
    uint64_t *idle;            /* bit v % 64 of word v / 64: the voice is idle */
    struct mix_source_state *sources;
    struct mix_bus_state *buses;
    struct mix_name *names;
    struct mix_param *params; /* of all sources and buses */
    struct mix_slot *slots;   /* order of a play -> voice */
    size_t slot_mask;

    struct mix_due *due; /* a heap, the first on top */
    struct mix_span *spans;
    struct mix_bus_span *bus_spans;
    struct mix_action *actions, *bus_actions;
    struct mix_instance *instances;
    uint32_t *spare;  /* instances that are free */
    uint32_t *fresh;  /* instances that start in this tick */
    uint32_t *direct; /* spans of samples */
    struct mix_group *groups;
    struct mix_group **running;
    size_t due_count, span_count, bus_span_count, action_count, bus_action_count, instance_count,
        spare_count, fresh_count, direct_count, running_count;
    size_t due_room, span_room, bus_span_room, action_room, bus_action_room, instance_room,
        spare_room, fresh_room, direct_room, running_room;

    uint32_t commands;    /* counted in the tick */
    uint64_t *voice_cost; /* [voice], of the tick */
    bool *heard;
    struct mix_output output;
    int64_t *mix;
    float *floats;
    int32_t **voice, **voice_direct, **bus; /* with config.parts */
    int32_t *part_memory;

    struct mix_worker *workers; /* [config.threads] */
    struct mix_crew *crew;      /* NULL: one thread */
    atomic_size_t next_unit;
};

/* ---- memory.c ---- */

/* Room for one more; false and mixer.no_memory without. */
bool mix_room(struct mixer *, void **array, size_t *room, size_t count, size_t size);
#define MIX_ROOM(m, array, count, room)                                                            \
    mix_room(m, (void **)&(m)->array, &(m)->room, (m)->count, sizeof *(m)->array)
/* On a multiple of RP_ALIGNMENT; NULL without. The second: zeroed. */
void *mix_take_bytes(size_t bytes);
void *mix_take(size_t count, size_t size);

/* ---- level.c ---- */

struct mix_gains {
    float left, right;
};

struct mix_ramp mix_still(float value);
float mix_ramp_at(const struct mix_ramp *, uint64_t frame);
void mix_ramp_to(struct mix_ramp *, uint64_t frame, float to, uint32_t frames);
struct mix_gains mix_gains(float volume, float pan, bool stereo);
/* Correctly rounded; the second by integers alone. 0 <= x < 2^32. */
float mix_sqrt(float x);
float mix_sqrt_integer(float x);

/* To the nearest integer, ties to even; |x| < 2^31. Adding 1.5 2^52 in double does that too. */
static inline int32_t mix_rne(float x)
{
#ifdef __SSE__
    return _mm_cvtss_si32(_mm_set_ss(x));
#else
    return (int32_t)((double)x + 6755399441055744.0 - 6755399441055744.0);
#endif
}

static inline float mix_hold(float s)
{
    s = s > -MIX_LIMIT ? s : -MIX_LIMIT;
    return s < MIX_LIMIT ? s : MIX_LIMIT;
}

/* Adds n frames from frame `at` of the tick on to where they go. a[0], b[0] are frame `at`. */
void mix_contribute(struct mix_worker *, const struct mix_level *, const struct mix_route *,
                    bool stereo, const float *a, const float *b, uint32_t at, uint32_t n,
                    int32_t *part, int32_t *part_direct);

/* Whether a level stays what it is from frame `at` of the tick on, and all goes to one place. */
bool mix_is_plain(const struct mix_worker *, const struct mix_level *, const struct mix_route *,
                  uint32_t at);

/* ---- sums.c ---- */

bool mix_places_make(struct mix_worker *);
void mix_places_free(struct mix_worker *);
void mix_places_clear(struct mix_worker *);
/* Ready for so many more additions of at most 2^24 a frame. */
struct mix_place *mix_place(struct mix_worker *, int32_t bus, unsigned additions);
/* All threads' sums of a place into the first one's. NULL: nothing was added. */
struct mix_place *mix_place_total(struct mixer *, int32_t bus);
/* Before that: the place, if all that was added is in `left` and `right` of the first thread's.
 * Else NULL. */
const struct mix_place *mix_place_narrow(const struct mixer *, int32_t bus);

/* ---- head.c: docs/mixer.md 3.2 in closed form ---- */

int64_t mix_step(int64_t rate, uint32_t sample_rate);
void mix_head_advance(struct mix_head *, uint32_t frames);
/* Frames it sounds from here on, or MIX_NEVER. */
uint64_t mix_head_left(const struct mix_head *, uint32_t length);
/* Whether `pos` has a fraction on any of the next frames. */
bool mix_head_fraction(const struct mix_head *, uint32_t frames);
/* Goes forward by up to two frames of the file, and does not wrap all the time. */
bool mix_head_is_close(const struct mix_head *);
/* Frames of the next n, going forward, whose two samples lie side by side in the file: no wrap, no
 * loop's end. */
uint32_t mix_head_straight(const struct mix_head *, uint32_t n);

/* ---- kernels.c, kernels_avx2.c, kernels_avx512.c ---- */

const struct mix_kernels *mix_kernels(enum rp_isa);
extern const struct mix_kernels mix_kernels_plain, mix_kernels_avx2, mix_kernels_avx512;

/* ---- due.c ---- */

void mix_due_gather(struct mixer *);
void mix_due_add(struct mixer *, uint32_t voice);
/* The next that is still true before `frame`, removed. False: none. */
bool mix_due_next(struct mixer *, uint64_t frame, struct mix_due *);
void mix_due_act(struct mixer *, const struct mix_due *);

/* ---- sounds.c ---- */

void mix_emit(struct mixer *, struct mix_event);
struct mix_event mix_event(enum mix_event_kind, uint64_t frame, int voice, int source,
                           const struct mix_command *);
/* The first voice from `voice` on in which something sounds, or config.voices. */
uint32_t mix_next_sounding(const struct mixer *, uint32_t voice);
/* The frame on which it ends by what is known now. */
uint64_t mix_sound_end_frame(const struct mix_sound *);
/* Makes the span up to `frame`: before anything changes that can be heard. */
void mix_sound_cut(struct mixer *, uint32_t voice, uint64_t frame);
/* Leaves its voice. */
void mix_sound_end(struct mixer *, uint32_t voice, uint64_t frame);
/* False: a fade under way is over sooner. */
bool mix_sound_stop(struct mixer *, uint32_t voice, uint64_t frame, uint32_t fade,
                    const struct mix_command *);
void mix_sound_release(struct mixer *, uint32_t voice, uint64_t frame, const struct mix_command *);
void mix_sound_pitch(struct mixer *, uint32_t voice, uint64_t frame, int64_t rate);
/* Spans, costs and silences at the end of a tick. */
void mix_sounds_close(struct mixer *);
void mix_sounds_settle(struct mixer *);
int mix_find_order(const struct mixer *, uint64_t order); /* voice, or MIX_NONE */
void mix_add_order(struct mixer *, uint64_t order, uint32_t voice);
void mix_remove_order(struct mixer *, uint64_t order);

/* ---- start.c, control.c ---- */

/* The voice in which it sounds, or MIX_NONE. */
int mix_play(struct mixer *, const struct mix_command *);
void mix_control(struct mixer *, const struct mix_command *, size_t count);

/* ---- params.c ---- */

bool mix_params_make(struct mixer *);
/* The program's number for a name, or MIX_NONE. */
int mix_param_of(const struct mix_params *, uint32_t name);

/* ---- lanes.c ---- */

uint32_t mix_instance_new(struct mixer *, uint32_t source, uint32_t voice, uint64_t begun);
void mix_instance_end(struct mixer *, uint32_t instance, uint64_t frame);
void mix_act(struct mixer *, struct mix_action);
/* Lanes for what starts; what each group has to do. */
void mix_groups_prepare(struct mixer *);
void mix_groups_settle(struct mixer *);
void mix_groups_free(struct mixer *);

/* ---- groups.c ---- */

void mix_group_run(struct mix_worker *, struct mix_group *);
/* Runs a group, checked when the mixer is to; the tap, unless its look is NULL, hears a lane. */
enum rp_status mix_run(const struct mixer *, struct rp_group *, struct rp_tap, uint32_t frames,
                       const float *const in[], float *const out[], struct rp_error *);
bool mix_fault_sooner(const struct mix_fault *, const struct mix_fault *);

/* ---- signal.c ---- */

void mix_sample_span(struct mix_worker *, const struct mix_span *);
/* A span of a patch, of which a[0], b[0] are frame `at` of the tick. */
void mix_patch_span(struct mix_worker *, const struct mix_span *, const float *a, const float *b,
                    uint32_t at, uint32_t n);

/* ---- buses.c ---- */

bool mix_buses_make(struct mixer *);
void mix_buses_free(struct mixer *);
void mix_bus_cut(struct mixer *, uint32_t bus, uint64_t frame);
void mix_act_on_bus(struct mixer *, uint32_t bus, struct mix_action);
void mix_buses_run(struct mixer *);

/* ---- crew.c ---- */

/* NULL: without memory, or mixer.no_thread says why. */
struct mix_crew *mix_crew_make(struct mixer *);
void mix_crew_free(struct mix_crew *);
/* All units of the tick, on all threads. */
void mix_crew_run(struct mixer *);

#endif
