/* forms.h - the top-level forms of a score, one after another, in little memory.
 *
 * A score is S-expressions, or JSON lines that say the same: a line is an array whose first item
 * is the form's name; strings are symbols, numbers (with units: "1.5s") or strings, as
 * sx_atom reads them; a nested array is a nested list; an object stands for keywords:
 *
 *     (play kick :at 1.5s :volume 200)        ["play", "kick", {"at": "1.5s", "volume": 200}]
 *
 * The text is read line by line; a form's text and tree live in their own arena, which the caller
 * may keep (a section) or free. */
#ifndef RENDER_SCORE_FORMS_H
#define RENDER_SCORE_FORMS_H

#include "text/diag.h"
#include "text/sx.h"
#include <stdio.h>

struct form_reader;

/* Reads from `file`, which stays the caller's; `name` for messages. NULL: out of memory. */
struct form_reader *form_open(FILE *file, const char *name);
void form_close(struct form_reader *);

/* The next forms: all that begin on one line, as the children of a list; whole lines are taken
 * until every parenthesis is closed. NULL: the end (then *status is 0), or an error that was
 * reported to `diags` (1) or trouble with reading or memory (2, errno or arena->failed says).
 * Everything lives in `arena`; places are good as long as it does. */
struct sx *form_next(struct form_reader *, struct arena *arena, struct diags *diags, int *status);

#endif
