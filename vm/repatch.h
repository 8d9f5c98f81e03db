/* repatch.h - load and run Repatch bytecode. The one door to the virtual machine.
 *
 *   rp_verify / rp_load   bytes -> struct rp_program: checked, immutable, shared by any number
 *                         of groups and threads
 *   rp_instantiate        program -> struct rp_group: 1, 4, 8 or 16 voices side by side, in
 *                         memory the caller owns
 *   rp_voice_start, rp_param_set, rp_param_glide, rp_run, rp_process, rp_snapshot, rp_restore
 *
 * No global state, no allocation, no I/O. Nothing here is freed: when the caller's memory goes,
 * the object is gone. Two groups may run in two threads; one group is one thread's at a time.
 *
 * A voice's samples are a function of (program, seed, serial, parameter events and their
 * frames, input samples) alone: not of the group's width, its other voices, the cut of rp_run
 * calls or the CPU. Nor of how the host has set the float unit: flushing of denormals, another
 * rounding or traps are put aside for the time of a call, and are as they were when it returns.
 *
 * Units: frames at RP_SAMPLE_RATE; parameter values in the parameter's unit (Hz, seconds, plain
 * factor); output samples nominally -1 to 1, unclipped.
 */
#ifndef REPATCH_H
#define REPATCH_H

#include <stddef.h>
#include <stdint.h>

#define RP_VERSION           "0.1.0"
#define RP_SAMPLE_RATE       48000
#define RP_BLOCK             1024 /* frames computed at a time, at most; in wide groups fewer */
#define RP_MAX_LANES         16
#define RP_FORMAT_VERSION    1
#define RP_SEMANTICS_VERSION 1
#define RP_ALIGNMENT         64 /* of the memory given to rp_load and rp_instantiate */

enum rp_status {
    RP_OK,
    RP_REFUSED,    /* the bytes are not a program this machine accepts */
    RP_MEMORY,     /* the memory given is too small or not aligned */
    RP_ARGUMENT,   /* a lane, parameter or width that does not exist */
    RP_NOT_FINITE, /* an output became NaN or infinite, or an input was */
};

struct rp_error {
    enum rp_status status;
    uint32_t code;    /* which refusal: a row of refusals.def */
    uint64_t offset;  /* RP_REFUSED: byte offset in the file. RP_NOT_FINITE: voice's frame */
    unsigned lane;    /* RP_NOT_FINITE */
    uint32_t channel; /* RP_NOT_FINITE: of the output, or of the input */
    int input;        /* RP_NOT_FINITE: nonzero when an input sample was not finite */
    const char
        *node; /* RP_NOT_FINITE of an input, or found by a checked run: the node, else NULL */
    char reason[160]; /* one sentence, lower case, no full stop */
};

enum rp_unit { RP_UNIT_NONE, RP_UNIT_HZ, RP_UNIT_SECONDS, RP_UNIT_RATIO, RP_UNIT_DB, RP_UNIT_GATE };
enum rp_curve { RP_LINEAR, RP_EXPONENTIAL };

/* A parameter as the patch exposes it. With RP_UNIT_DB the values here are factors, as the
 * patch receives them; the unit says how people write them. */
struct rp_param {
    const char *name;
    enum rp_unit unit;
    enum rp_curve curve; /* the path a glide takes, and of a 0..1 position through the range */
    float low, high, def;
    uint32_t glide; /* frames a host's change should take */
};

/* What the CPU offers. RP_ISA_BEST asks for the best it has. */
enum rp_isa { RP_ISA_BEST, RP_ISA_BASE, RP_ISA_AVX2, RP_ISA_AVX512 };

struct rp_program;
struct rp_group;

/* Checks a file without keeping anything. RP_OK, or RP_REFUSED with offset and reason. Two checks
 * take memory and are left to rp_load: 65536 signals alive at once, and that rates fit. */
enum rp_status rp_verify(const void *bytes, size_t size, struct rp_error *error);

/* Bytes of memory rp_load needs for a file of this size that verifies. 0: it does not. */
size_t rp_program_bytes(const void *bytes, size_t size);

/* Verifies, then builds the program in `memory`. `bytes` may go afterwards.
 * NULL on failure, with *error filled. */
struct rp_program *rp_load(const void *bytes, size_t size, void *memory, size_t memory_size,
                           struct rp_error *error);

unsigned rp_channels(const struct rp_program *); /* 1 or 2 */
unsigned rp_inputs(const struct rp_program *);   /* channels it takes: 0, 1 or 2 */
/* Its cost in the model of docs/mixer.md: arithmetic operations a frame and voice, at most. */
uint64_t rp_cost(const struct rp_program *);
/* The share of it of one node, by its id in the patch. */
uint64_t rp_node_cost(const struct rp_program *, const char *node);

/* What a voice takes, in bytes. A group has that for each of its lanes, and its buffers. */
struct rp_sizes {
    size_t state, delay; /* of its ops; of its delay lines and rings */
    size_t tables;       /* of the program: all voices share them */
};
void rp_sizes_of(const struct rp_program *, struct rp_sizes *);

/* One instruction of a program. */
struct rp_instruction {
    const char *node; /* it belongs to, by its id in the patch; NULL: not known */
    const char *op;   /* its mnemonic, of CALL_OP the op's */
    uint64_t cost;    /* of it in rp_cost */
    size_t state;     /* bytes a voice */
};
/* 0, or -1 when there is no instruction of that number, from 0 on. */
int rp_instruction_at(const struct rp_program *, uint32_t number, struct rp_instruction *);

/* How loud an output can be, whatever the parameters, seeds and events, as long as sound that comes
 * in is within -1 and 1. */
struct rp_level {
    int bounded;
    float low, high;      /* if bounded: no sample is beyond */
    uint32_t instruction; /* if not: the first that there is no bound for */
};
/* Bytes of memory rp_level takes while it runs. */
size_t rp_level_bytes(const struct rp_program *);
/* level[channel], of rp_channels. RP_MEMORY: too little of it, or not aligned. */
enum rp_status rp_level(const struct rp_program *, void *memory, size_t size,
                        struct rp_level level[2]);

unsigned rp_param_count(const struct rp_program *);
const struct rp_param *rp_param_info(const struct rp_program *, unsigned param);
int rp_param_find(const struct rp_program *, const char *name); /* -1: none */
/* The value at position 0..1 of a parameter's range, along its curve. */
float rp_param_at(const struct rp_param *, float position);

/* The group width that suits `voices` voices on this CPU: 1, 4, 8 or 16. */
unsigned rp_choose_lanes(size_t voices);
int rp_isa_available(enum rp_isa);

/* Bytes of memory a group of `lanes` voices needs. 0: no such width. */
size_t rp_group_bytes(const struct rp_program *, unsigned lanes);
/* Builds a group in `memory`, which the caller keeps until done. The program must outlive it.
 * Every lane starts silent: start it before it is heard. NULL on failure. */
struct rp_group *rp_instantiate(const struct rp_program *, unsigned lanes, enum rp_isa,
                                void *memory, size_t memory_size, struct rp_error *error);

/* Clears a lane and starts a voice in it, its parameters at their defaults, at its frame 0. */
enum rp_status rp_voice_start(struct rp_group *, unsigned lane, uint64_t seed, uint64_t serial);
/* Frees a lane: it is as if its voice had never been, until it is started or restored again. */
enum rp_status rp_voice_stop(struct rp_group *, unsigned lane);
/* From the next frame on; the value is held within the parameter's range (NaN: low). */
enum rp_status rp_param_set(struct rp_group *, unsigned lane, unsigned param, float value);
/* Reaches the value after `frames` frames, along the parameter's curve. */
enum rp_status rp_param_glide(struct rp_group *, unsigned lane, unsigned param, float value,
                              uint32_t frames);

/* Runs all lanes for n frames. out[channel][frame * lanes + lane] receives the samples;
 * channels not wanted may be NULL. On RP_NOT_FINITE the frames before error->offset are good
 * and the group must not be run again. A program with inputs hears silence. */
enum rp_status rp_run(struct rp_group *, size_t frames, float *const out[], struct rp_error *error);
/* The same samples, slowly, looking at every op: names the first node that is not finite. */
enum rp_status rp_run_checked(struct rp_group *, size_t frames, float *const out[],
                              struct rp_error *error);

/* The same with sound coming in: in[channel][frame * lanes + lane] for each channel of
 * rp_inputs. `in` NULL, or a channel's: silence. in[i] may be out[j]. Every sample of a started
 * lane that the program reads must be finite. */
enum rp_status rp_process(struct rp_group *, size_t frames, const float *const in[],
                          float *const out[], struct rp_error *error);
enum rp_status rp_process_checked(struct rp_group *, size_t frames, const float *const in[],
                                  float *const out[], struct rp_error *error);

/* What one op gave the voice in lane `lane`, as the group runs: for who wants to know where two
 * renders part. */
struct rp_tap_values {
    uint32_t instruction; /* its number in the program */
    unsigned output;      /* which of its values */
    const char *node;     /* the node it belongs to, by its id in the patch; NULL: not known */
    const char *op;       /* its mnemonic, of CALL_OP the op's */
    const float *values;  /* of frame i: values[i * stride]; good during the call */
    size_t stride;        /* 0: one value for all frames */
    uint32_t frames;      /* at the op's own rate */
    unsigned rate;        /* 1, 2, 4 or 8 of them for each frame of the stretch */
};
struct rp_tap {
    unsigned lane;
    void (*look)(void *context, const struct rp_tap_values *);
    void *context;
};
/* rp_process, and the tap sees what every op but a constant gives: in each stretch first what does
 * not change in it, then the rest, both in the order of the program. Stretches depend on the cut;
 * an op's values, put together, do not. */
enum rp_status rp_process_tapped(struct rp_group *, size_t frames, const float *const in[],
                                 float *const out[], const struct rp_tap *, struct rp_error *);

/* A voice's whole state. The bytes fit any group of the same program, of any width, in this
 * process or another on a machine of the same byte order. */
size_t rp_snapshot_bytes(const struct rp_program *);
enum rp_status rp_snapshot(const struct rp_group *, unsigned lane, void *bytes, size_t size);
enum rp_status rp_restore(struct rp_group *, unsigned lane, const void *bytes, size_t size);

#endif
