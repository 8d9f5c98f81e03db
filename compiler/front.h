/* front.h - what the files of the front end share: private to compiler/. */
#ifndef COMPILER_FRONT_H
#define COMPILER_FRONT_H

#include "text/arena.h"
#include "text/diag.h"
#include "text/source.h"
#include "text/sx.h"

enum {
    USE_LIMIT = 32, /* patches in one another */
#ifndef FUZZING
    NODE_LIMIT = 1000000, /* of a patch, every use written out */
#else
    NODE_LIMIT = 10000, /* a second for each such patch would be a long time there */
#endif
    ID_LIMIT = 128, /* characters of an id between slashes */
};

/* The JSON form as the (patch ...) form it stands for, with places in the JSON text. */
struct sx *json_read(struct arena *, struct diags *, const struct source *);

/* Whether a file's first form is that of a score; reports that this is none of our files. */
int is_score(const struct sx *first);
void score_error(struct diags *, const struct sx *first, const char *message);

#endif
