/* forms.h - the top-level forms of a score, one after another, in little memory.
 *
 * A score is S-expressions, or JSON lines that say the same: a line is an array whose first item
 * is the form's name; strings are symbols, numbers (with units: "1.5s") or strings, as
 * sx_atom reads them; true and false are on and off; a nested array is a nested list; an object
 * stands for keywords, and as the value of a keyword for a list of them:
 *
 *     (play kick :at 1.5s :volume 200)        ["play", "kick", {"at": "1.5s", "volume": 200}]
 *
 * Which of the two it is, the first character says that is neither blank nor in a comment: '[' is
 * JSON. The text is read line by line; a form's text and tree live in their own arena, which the
 * caller may keep (a section) or free. */
#ifndef RENDER_SCORE_FORMS_H
#define RENDER_SCORE_FORMS_H

#include "text/diag.h"
#include "text/sx.h"
#include <stdio.h>

struct form_reader;

enum { FORM_BATCH = 2048 };

/* Reads from `file`, which stays the caller's; `name` for messages. `batch`: bytes of text, of
 * which forms are read together as long as nothing is wrong; 0: none are. NULL: out of memory. */
struct form_reader *form_open(FILE *file, const char *name, size_t batch);
void form_close(struct form_reader *);

/* The next forms: all that begin on one line, as the children of a list, or on several that make a
 * batch, which may have none; whole lines are taken until every bracket is closed, 64 MiB at most.
 * NULL: the end (then *status is 0), or an error that was reported to `diags` (1) or trouble with
 * reading or memory (2, errno or arena->failed says). After an error there may be more: reading
 * goes on with the next form, and where brackets do not balance, with the next line that begins
 * with one. Everything lives in `arena`; places are good as long as it does, so an arena with a
 * reported error must be kept until the reports are printed. */
struct sx *form_next(struct form_reader *, struct arena *arena, struct diags *diags, int *status);

#endif
