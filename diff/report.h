/* report.h - a comparison as text for people, as JSON and as JUnit XML. */
#ifndef DIFF_REPORT_H
#define DIFF_REPORT_H

#include "diff/difference.h"
#include <jansson.h>
#include <stdio.h>

/* "different: a gain of -3.01 dB", one line without its end. NULL: out of memory. */
char *report_verdict(struct work *, const struct comparison *);
/* The verdict and all that is known, every line after `indent`. 0, or -1: out of memory. */
int report_text(struct work *, const struct comparison *, const char *indent, FILE *);
/* The same without the verdict. */
void report_lines(struct work *, const struct comparison *, const char *indent, FILE *);
/* A new object. NULL: out of memory. */
json_t *report_json(struct work *, const struct comparison *);

/* Of any bytes: what is not UTF-8 becomes '?'. null of NULL. */
json_t *report_json_string(const char *);

/* A test of JUnit: passed when `failure` is NULL; trouble is an error, not a failure. */
struct junit_case {
    const char *name, *failure, *details;
    bool trouble;
};
void report_junit(const char *suite, const struct junit_case *, size_t count, FILE *);

/* A factor in dB, "-inf" for 0; text has room for 24. */
const char *report_db(char *text, double factor);
/* left, right, or "channel 3" counted from 1; text has room for 24. */
const char *report_channel(char *text, unsigned channel, unsigned channels);

#endif
