/* diag.h - what is wrong, where, why and what to do about it.
 *
 * Codes are the rows of diagnostics.def. Reports are collected, at most DIAG_LIMIT of them, and
 * printed together as text or JSON lines. */
#ifndef TEXT_DIAG_H
#define TEXT_DIAG_H

#include "text/arena.h"
#include "text/source.h"
#include <stdio.h>

enum { DIAG_LIMIT = 20 };

/* DIAG(code number, ENUM, "short title", "explanation for --explain") */
enum diag_code {
#define DIAG(number, ENUM, title, explanation) E_##ENUM = number,
#include "text/diagnostics.def"
#undef DIAG
};

struct diag_note {
    struct place place;
    const char *text;
    struct diag_note *next;
};

struct diag {
    enum diag_code code;
    struct place place;
    const char *message; /* "unknown module 'osc.sin'" */
    const char *label;   /* under the caret, or NULL */
    const char *help;    /* after "= help:", or NULL */
    struct diag_note *notes;
};

struct diags {
    struct arena *arena;
    struct diag list[DIAG_LIMIT];
    struct diag scratch; /* what is reported past the limit; overwritten */
    unsigned count;      /* all reported, also those past the limit */
};

void diags_init(struct diags *, struct arena *);
/* Reports an error. Never NULL: past the limit, a scratch report. */
struct diag *diag_error(struct diags *, enum diag_code, struct place, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
void diag_label(struct diags *, struct diag *, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void diag_help(struct diags *, struct diag *, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void diag_note(struct diags *, struct diag *, struct place, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* In order of place within each file. */
void diags_print(const struct diags *, FILE *);
/* 0, or -1 when memory ran out: then some are missing. */
int diags_print_json(const struct diags *, FILE *);
/* Prints the row of "E0203" or "e0203" or "203". 0, or -1 when there is no such code. */
int diag_explain(const char *code, FILE *);

/* The candidate nearest to `word` when near enough to suggest, else NULL. */
const char *diag_nearest(const char *word, size_t length, const char *const *candidates,
                         size_t count);
/* Says which of the words was meant, or, behind `there_is` or `there_are`, what there is. */
void diag_suggest(struct diags *, struct diag *, const char *word, const char *there_is,
                  const char *there_are, const char *const *words, size_t count);

#endif
