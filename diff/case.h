/* case.h - one golden: is it whole, is it a sound, and is it what is rendered now? */
#ifndef DIFF_CASE_H
#define DIFF_CASE_H

#include "diff/difference.h"
#include "diff/soundness.h"

enum { PROBLEMS = 16 };

struct golden_case {
    const char *name;         /* the golden's path without ".golden" */
    char *problems[PROBLEMS]; /* in words, the gravest first; none: the case passes */
    size_t count;
    bool trouble; /* one of them is trouble of ours, not of the golden */
    bool read;    /* the golden could be read: its source is known */
    struct golden golden;
    struct side old, now;
    struct comparison comparison; /* golden and now */
    bool compared;
};

/* Everything there is to check. RENDER_TROUBLE and RENDER_WRONG become problems; what is returned
 * is RENDER_OK or RENDER_INTERRUPTED. case_close may follow in any case. */
enum render_status case_check(struct golden_case *, struct work *, const char *golden_path,
                              struct engine *engine, const struct tolerance *,
                              struct render_error *);
void case_close(struct golden_case *);
/* Adds a problem, of printf's form. */
void case_problem(struct golden_case *, struct work *, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* What speaks against a sound as a golden, said in `say`; NULL: nothing. The golden may allow it.
 */
char *case_unsound(struct work *, const struct soundness *, const struct golden *);
/* The golden that NAME means: NAME.golden, or the patch, score or other file beside one; without
 * ".golden". */
char *case_base(struct work *, const char *name);

#endif
