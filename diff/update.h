/* update.h - a golden made anew: its text, audio, ladder and listing appear together or not at all.
 */
#ifndef DIFF_UPDATE_H
#define DIFF_UPDATE_H

#include "diff/case.h"

/* What the user says; NULL or false: as the golden has it, or nothing. */
struct update_wish {
    const char *render, *excerpt, *source; /* the source as seen from where we are */
    bool clips, silent, constant, unheard;
};

struct update {
    struct golden golden;
    struct side old, now;
    struct comparison comparison; /* of an old golden with audio, or of the new one with itself */
    bool had_old, compared;
    const char *old_audio; /* where the old golden has it */
    bool changed;          /* files were written */
};

/* `base` as case_base gives it. RENDER_WRONG: it cannot be rendered, or would be silent, constant,
 * clipped or have unheard notes without being meant to. update_close may follow in any case. */
enum render_status update_make(struct update *, struct work *, const char *base,
                               const struct update_wish *, struct render_error *);
void update_close(struct update *);

#endif
