/* golden.h - NAME.golden: how a sound is made and what it was, in lines "KEY: VALUE".
 *
 *   source:   the patch or score; not there when it lies beside the golden under the same name
 *   render:   patchrun's options for it
 *   excerpt:  --from TIME --to TIME: the audio holds only that part
 *   hash:     XXH3-128 of the samples, as patchrun --hash prints it
 *   clips:    yes, when values at full scale are meant
 *   silent:   yes, when silence is; constant: yes, when a constant is
 *   unheard:  how many notes of the score may be refused or contribute nothing
 *
 * Lines that begin with '#' are comments and stay. Paths are relative to the golden's folder, where
 * it is rendered. */
#ifndef DIFF_GOLDEN_H
#define DIFF_GOLDEN_H

#include "diff/work.h"
#include <stdint.h>

struct golden {
    char *base;   /* the golden's path without ".golden" */
    char *folder; /* where it lies */
    char *source; /* relative to the folder */
    char *render, *excerpt, *hash;
    char *comments; /* lines, each with its end */
    bool clips, silent, constant;
    uint64_t unheard;
    uint64_t from; /* of the excerpt: its first frame */
};

/* `path` ends in ".golden". RENDER_WRONG: it says what cannot be. */
enum render_status golden_read(struct golden *, struct work *, const char *path,
                               struct render_error *);
/* RENDER_WRONG: its source is not there, it is orphaned. */
enum render_status golden_find_source(struct golden *, struct work *, struct render_error *);
/* All there is to a golden that has none yet: `base` without extension. The source is the file that
 * lies beside. RENDER_WRONG: there is none. */
enum render_status golden_begin(struct golden *, struct work *, const char *base,
                                struct render_error *);
/* "--from TIME --to TIME", either or both; "" for the whole. RENDER_WRONG: it is something else. */
enum render_status golden_set_excerpt(struct golden *, struct work *, const char *excerpt,
                                      struct render_error *);
/* The text of the file. NULL: out of memory. */
char *golden_text(const struct golden *, struct work *);
/* base with an extension; the audio is .flac, or .wav where FLAC cannot hold it. */
char *golden_path(const struct golden *, struct work *, const char *extension);
char *golden_audio(const struct golden *, struct work *);
/* The source as seen from where we are. */
char *golden_source(const struct golden *, struct work *);

#endif
