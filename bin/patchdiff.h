/* patchdiff.h - what the command line of patchdiff says, and the ends of its commands. */
#ifndef BIN_PATCHDIFF_H
#define BIN_PATCHDIFF_H

#include "diff/report.h"

enum command { COMMAND_COMPARE, COMMAND_CHECK, COMMAND_UPDATE, COMMAND_DIFF };

struct diff_options {
    enum command command;
    char **arguments;
    int count;
    struct engine *engine_a, *engine_b;    /* NULL: not named */
    const char *render, *excerpt, *source; /* NULL: not given */
    const char *picture, *junit;
    bool json;
    const char *json_file; /* NULL: the standard output, instead of the text */
    bool clips, silent, constant, unheard, quiet;
    struct tolerance tolerance;
    unsigned jobs; /* 0: as many as there are processors */
};

/* -1: go on; else the exit status. */
int diff_options_read(struct diff_options *, struct work *, int argc, char **argv);

/* Says what is wrong; the exit status, always 2: the input of a comparison is never just wrong. */
int diff_say(const struct render_error *);
/* A file or "-", whole or not at all. */
enum render_status diff_write(const char *path, const char *text, size_t size,
                              struct render_error *);
/* Does the report for people go to the standard output, or JSON or XML instead? */
bool diff_prints_text(const struct diff_options *);
/* Prints, draws and writes what was asked for; the exit status. */
int diff_finish(const struct diff_options *, struct work *, struct comparison *,
                struct render_error *);
/* What --json and --junit ask for; without --json nothing is printed. */
enum render_status diff_publish(const struct diff_options *, json_t *, const char *suite,
                                const struct junit_case *, size_t count, struct render_error *);

#endif
