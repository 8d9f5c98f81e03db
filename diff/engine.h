/* engine.h - what turns a patch or a score into sound: our own patchrun, or a command.
 *
 * A command is run by sh. {in}, {out} and {options} in it are replaced by the file to play, the WAV
 * file to write and the options; {ladder} by the hash ladder to write, {nodes} by the place whose
 * nodes it shall have ("voice3", or nothing), {values} by the tick in which it shall have their
 * values (or nothing). Without any of these it gets what patchrun would:
 * `COMMAND FILE -o OUT OPTIONS --hash-ladder LADDER`, and when it fails on that or leaves no
 * ladder, it is an engine without ladders. */
#ifndef DIFF_ENGINE_H
#define DIFF_ENGINE_H

#include "diff/work.h"

struct engine {
    const char *name;    /* for messages */
    const char *command; /* NULL: ours */
    const char *variant; /* ours: options of the cut, "" for none */
    bool no_ladder;      /* found out */
};

/* "ours", "ours:isa=base,lanes=1,threads=1", or a command. */
enum render_status engine_read(struct engine *, struct work *, const char *text,
                               struct render_error *);

struct rendering {
    const char *input;     /* relative to `folder` */
    const char *folder;    /* where it is rendered; NULL: where we are */
    const char *options;   /* patchrun's; "" for none */
    const char *more;      /* more of them: --from, --to; or NULL */
    const char *nodes;     /* a place for --ladder-nodes, or NULL */
    const char *values;    /* a tick for --ladder-values, or NULL */
    const char *extension; /* of the sound; NULL: .wav */
    bool ladder, trace;    /* wanted; a trace is ours and of scores */
    char *sound;           /* found: paths; NULL where there is none */
    char *ladder_path, *trace_path;
};

/* Can it be asked for values? A template without {values} cannot. */
bool engine_gives_values(const struct engine *);
/* RENDER_WRONG: the input is, or the engine says so. */
enum render_status engine_render(struct engine *, struct work *, struct rendering *,
                                 struct render_error *);
/* The listing of a patch, by our patchc, into the file `to`; found is false for what is no patch.
 */
enum render_status engine_listing(struct work *, const char *input, const char *folder,
                                  const char *to, bool *found, struct render_error *);

#endif
