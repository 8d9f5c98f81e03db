/* batch.h - a list of sounds to be rendered, each with its patch, parameters and file.
 *
 * Its forms are S-expressions or JSON lines, as render/score/forms.h reads them; patchrun(1) is the
 * manual:
 *
 *     (batch ["NAME"])                              first
 *     (default [options])                           of the sounds that follow
 *     (patch NAME "FILE" [options])                 compiled once
 *     (sound PATCH "OUT" [options] [events])        PATCH: a name, or a file
 *
 * Options: :set (P VALUE ...), not in default; :seed, :serial, :variations, :seconds or :frames or
 * :until-silent, :hold, :silence-threshold, :silence-hold, :longest, :input, :format, :bits,
 * :dither. Events: (set P VALUE :at T), (glide P VALUE LENGTH :at T). */
#ifndef RENDER_BATCH_H
#define RENDER_BATCH_H

#include "render/job.h"
#include "text/arena.h"
#include <stdbool.h>
#include <stdio.h>

enum { BATCH_MOST_SOUNDS = 100000 };

/* Compiling belongs to another layer: the program of a patch file (source text or bytecode), good
 * until the batch is freed. NULL: it was said on `diagnostics`, *status is 1 (wrong) or 2. */
struct batch_loader {
    const struct rp_program *(*load)(void *context, const char *path, FILE *diagnostics,
                                     int *status);
    void *context;
};

/* What is asked for a sound, where nothing else is said. */
struct sound_wish {
    uint64_t seed, serial;
    size_t variations; /* 0: one, with the name as it is */
    uint64_t frames;   /* 0: until silent */
    uint64_t longest;  /* frames, counted from the input's end unless given */
    bool longest_given;
    float threshold;
    uint64_t quiet_hold; /* frames */
    uint64_t release;    /* frame at which the gate closes */
    bool release_given;
    const char *input; /* NULL: none */
    bool format_given, bits_given, dither;
    enum audio_format format; /* if given: else by the name */
    enum pcm_format pcm;
};

struct batch_options {
    struct batch_loader loader;
    struct sound_wish wish;
    const struct audio_spec *sheet; /* all sounds are for one file of this kind; or NULL */
    const char *directory;          /* of the files; NULL: they get no path */
    FILE *diagnostics;
    const atomic_int *stop;
};

struct batch {
    const char *name;
    struct take *takes; /* in the order of the list, variations in a row */
    const char **names; /* of the takes, as the list has them */
    size_t count;
    struct arena arena;
};

/* 0 done; 1 the list is wrong (reported); 2 trouble (reported), or stopped. batch_free is needed in
 * any case; it leaves what the takes opened alone. */
int batch_read(struct batch *, FILE *stream, const char *path, const struct batch_options *);
void batch_free(struct batch *);

/* "dir/coin.wav" as "dir/coin-07.wav", of `last`; from malloc. */
char *numbered_name(const char *path, size_t number, size_t last);
/* Closes the gate where the wish says; until silent also unasked, for a held note has no end. That
 * of an effect is held as long as its input. `events` has room for one more, and is then sorted. */
void wish_release(const struct sound_wish *, const struct rp_program *, uint64_t input_frames,
                  struct events *events);
/* A sound of what is wished, without place. */
struct sound wish_sound(const struct sound_wish *, const struct rp_program *, const char *name,
                        uint64_t input_frames, const struct events *);

/* Is it the name of a form that begins a batch? */
bool batch_has_form(const char *name);

#endif
