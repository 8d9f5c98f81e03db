/* engine.h - private to conformance/: our own machine and mixer behind the pipe of README.md. */
#ifndef CONFORMANCE_ENGINE_H
#define CONFORMANCE_ENGINE_H

#include "vm/repatch.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum { ENGINE_TEXT = 400, ENGINE_TICK = 800, ENGINE_MOST = 1 << 28 };

struct options {
    unsigned lanes, threads, cut; /* cut 0: none */
    unsigned heavy;               /* frames from snapshot to snapshot; 0: none */
    enum rp_isa isa;
    const char *host; /* how the host has set its float unit, see host.c; NULL: as it was */
};

struct request {
    char name[256];
    const uint8_t *program, *events, *input; /* vm; of a mixer its text is `events` */
    size_t program_size, events_size, input_size;
    uint32_t frames;
    uint64_t seed, serial;
};

struct reply {
    bool failed;
    char error[ENGINE_TEXT]; /* one line */
    uint8_t *bytes;          /* malloc */
    size_t size;
    char *log; /* malloc; NULL: none */
    size_t log_size;
};

void engine_vm(const struct options *, const struct request *, struct reply *);
void engine_mixer(const struct options *, const struct request *, struct reply *);
/* Sets reply.failed and its line; the first one stays. */
void engine_fail(struct reply *, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Memory on a multiple of RP_ALIGNMENT, or the program ends: a test has nothing better to do. */
void *engine_take(size_t size);
void engine_put_u32(uint8_t *to, uint32_t);
uint32_t engine_get_u32(const uint8_t *from);
/* Counter-based chance. */
uint64_t engine_chance(uint64_t counter);
uint64_t engine_hash(const char *text);

/* The float unit as a careless host leaves it. False: this machine cannot be set so. */
bool host_float(const char *how);
/* Whether it still is. */
bool host_float_kept(const char *how);
void host_float_usual(void);

#endif
