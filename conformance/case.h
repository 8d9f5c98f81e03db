/* case.h - private to conformance/: a mixer request's text, read. README.md says what stands in
 * it. */
#ifndef CONFORMANCE_CASE_H
#define CONFORMANCE_CASE_H

#include "conformance/engine.h"
#include "render/mixer/mixer.h"

enum {
    CASE_SOURCES = 256,
    CASE_BUSES = 64,
    CASE_PROGRAMS = 64,
    CASE_NAMES = 1024,
    CASE_WORDS = 40,
    CASE_MEMORY = 1024
};

enum case_output {
    CASE_16,
    CASE_24,
    CASE_FLOAT,
    CASE_VOICE, /* contributions of output_number */
    CASE_BUS,
    CASE_STEM, /* what of a voice's contributions went to the mix */
};

struct case_names {
    char *of[CASE_NAMES];
    size_t count;
};

struct mixer_case {
    struct mix_config config;
    enum case_output output;
    uint32_t output_number;
    uint32_t frames;
    struct case_names programs, sources, buses, params, plays;
    struct rp_program *program[CASE_PROGRAMS];
    struct sample samples[CASE_SOURCES];
    struct mix_source source[CASE_SOURCES];
    struct mix_bus bus[CASE_BUSES];
    char *bus_to[CASE_BUSES];
    struct mix_command *commands;
    size_t command_count, command_room;
    uint64_t play_orders[CASE_NAMES * 16]; /* by number of the play: its command's order */
    size_t play_count;
    void *memory[CASE_MEMORY];
    size_t memory_count;
};

/* False: reply says why. case_free may follow either. */
bool case_read(struct mixer_case *, const struct request *, struct reply *);
void case_free(struct mixer_case *);

#endif
