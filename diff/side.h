/* side.h - one of two things that are compared: a sound file, a ladder, a golden, or something that
 * an engine renders. */
#ifndef DIFF_SIDE_H
#define DIFF_SIDE_H

#include "diff/engine.h"
#include "diff/golden.h"

enum side_kind { SIDE_SOUND, SIDE_LADDER, SIDE_GOLDEN, SIDE_RENDER };

struct side {
    const char *name; /* for people: the argument, with its engine if that was named */
    const char *path; /* "-" is copied into a file */
    enum side_kind kind;
    struct engine *engine;
    const char *folder, *options, *more; /* of what is rendered */
    struct golden golden;
    bool score;                         /* what is rendered: a score, not a patch */
    bool stretches;                     /* a score's ladder shall have hashes of all nodes */
    const char *sound, *ladder, *trace; /* files; NULL where there are none */
    const char *whole;                  /* the sound of all of it, when `sound` is a part */
    const char *extension;              /* of the sound to render; NULL: .wav */
    uint64_t from;                      /* the sound's first frame is this of the whole */
};

/* Looks at what the argument is. `engine` as of --engine-a, NULL: ours. */
enum render_status side_open(struct side *, struct work *, const char *argument,
                             struct engine *engine, struct render_error *);
/* What the golden's source is, rendered as the golden says. */
enum render_status side_of_golden(struct side *, struct work *, struct golden *, struct engine *,
                                  struct render_error *);
/* To render s as the golden is, where it lies. */
enum render_status side_like_golden(struct side *, struct work *, const struct golden *,
                                    struct render_error *);
/* Sound and ladder of what is rendered; nothing for the others. */
enum render_status side_render(struct side *, struct work *, struct render_error *);
/* Another ladder, which has the nodes of a place, and with `values` their values in that tick; NULL
 * where the engine makes none. `place` is NULL for a patch. */
enum render_status side_nodes(struct side *, struct work *, const char *place,
                              const uint64_t *values, char **ladder, struct render_error *);

#endif
