/* patchrun_options.h - the command line of patchrun, checked as far as it can be without the
 * program it names. */
#ifndef BIN_PATCHRUN_OPTIONS_H
#define BIN_PATCHRUN_OPTIONS_H

#include "bin/patchrun_load.h"
#include "render/audio_file.h"
#include "vm/repatch.h"

enum { MOST_VARIATIONS = 100000, MOST_THREADS = 64, MOST_CUT = 1 << 20 };

enum info_form { INFO_NONE, INFO_TEXT, INFO_JSON };

struct options {
    const char *input;
    const char *output;    /* NULL: none */
    const char **settings; /* NAME=VALUE[@TIME[~GLIDE]], in order */
    size_t setting_count;

    const char *sound; /* --input, or NULL */
    uint64_t frames;   /* exact length; 0: until silent */
    uint64_t longest;  /* frames; unless given, from the sound's end */
    bool longest_given;
    float threshold;     /* magnitude */
    uint64_t quiet_hold; /* --silence-hold, frames */
    uint64_t release;    /* --hold, frame at which the gate closes */
    bool release_given;

    uint64_t seed, serial;
    bool seed_given, until_silent;
    size_t variations; /* 0: one, with the name as it is */

    const char *map, *trace, *stems, *ladder_nodes, *cost; /* of scores; NULL: none */
    const char *ladder;                                    /* NULL: none */
    uint64_t from, to;                                     /* frames; to 0: the end */
    uint64_t ladder_values;                                /* tick; UINT64_MAX: none */
    uint64_t budget;                                       /* cycles; 0: the score's */

    const char *sheet, *index; /* of a batch; NULL: none */
    uint64_t gap;              /* frames between sounds of the sheet */

    enum audio_format format;
    enum pcm_format pcm;
    bool format_given, bits_given;
    bool dither, hash, quiet;
    enum info_form info;

    size_t cut;     /* 0: our choice */
    unsigned lanes; /* 0: our choice */
    unsigned threads;
    enum rp_isa isa;
};

/* 0: run; 1: --help or --version was printed, all is done; 2: usage, and it was said. The
 * options' texts are argv's; options_free frees the rest in any case. */
int options_read(struct options *, int argc, char **argv);
/* Whether the options fit what FILE turned out to be; settles the format. 0; or 1 or 2, and it was
 * said. */
int options_check(struct options *, enum input_kind);
void options_free(struct options *);

#endif
