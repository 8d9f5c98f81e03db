/* project.h - the goldens of a folder, and the patches and scores there that want one.
 *
 * .sx, .mid, .midi, and .json and .jsonl that are patches and scores want a golden, unless a line
 * of a file golden.ignore names them, in the folder that was asked for or one below it: a glob for
 * a name or for a path from there, or a folder with '/' at its end. */
#ifndef DIFF_PROJECT_H
#define DIFF_PROJECT_H

#include "diff/work.h"
#include <stddef.h>

struct name_list {
    char **names;
    size_t count, room;
};

struct project {
    struct name_list goldens;  /* paths of .golden files, sorted */
    struct name_list sources;  /* that want one, sorted */
    struct name_list leftover; /* ladders and listings without a golden */
};

/* Adds what a folder and those below it have; hidden ones are left out. */
enum render_status project_add(struct project *, struct work *, const char *folder,
                               struct render_error *);
/* Is the source one that a golden has? `used` holds the real paths of those. */
bool project_covers(const struct name_list *used, const char *source);
enum render_status name_list_add(struct name_list *, struct work *, const char *name,
                                 struct render_error *);
/* The real path, for `used`. */
enum render_status name_list_add_real(struct name_list *, struct work *, const char *path,
                                      struct render_error *);

#endif
