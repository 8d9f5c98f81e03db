/* reading.h - a batch while it is read. Private to render/batch/.
 *
 *   list.c    the file, its forms, patches
 *   options.c what stands behind keywords
 *   sound.c   parameters, events, sounds
 *
 * Everything reports to `diags` and goes on. A `false` means: it has been reported. */
#ifndef RENDER_BATCH_READING_H
#define RENDER_BATCH_READING_H

#include "render/batch/batch.h"
#include "render/score/names.h"
#include "text/diag.h"
#include "text/sx.h"

enum { MOST_EVENTS = 1000, MOST_INPUTS = 1000 };

/* A patch file, compiled once. */
struct batch_file {
    const char *path;
    const struct rp_program *program; /* NULL: it failed */
};

/* (patch NAME FILE options) */
struct batch_patch {
    uint32_t file;
    const struct sx *form; /* for its options; NULL: a file without a name */
};

struct batch_input {
    uint64_t frames;
    unsigned inputs; /* it was opened for so many */
};

struct list {
    struct batch *batch;
    const struct batch_options *options;
    const char *path, *folder;
    struct diags diags;
    struct render_error error; /* trouble; status RENDER_OK: none */
    struct sound_wish wish;    /* what (default) has made of it */
    struct names files, patches, outputs, inputs;
    struct batch_file *file;
    struct batch_patch *patch;
    struct batch_input *input; /* by number of `inputs` */
    uint32_t *output_line;     /* by number of `outputs` */
    size_t file_room, patch_room, input_room, output_room, take_room, name_room;
    struct event events[MOST_EVENTS + 1];
    bool headed, keep;
};

struct diag *list_wrong(struct list *, enum diag_code, const struct sx *, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
void list_trouble(struct list *, const char *format, ...) __attribute__((format(printf, 2, 3)));
bool list_is_hopeless(const struct list *);
unsigned list_line(const struct sx *);
/* A name of the list's folder. NULL: out of memory. */
const char *list_path(struct list *, const char *name);
bool is_key(const struct sx *);
/* A word or a text in quotes that is not empty; NULL: reported. */
const char *list_text(struct list *, const struct sx *, const char *what);

/* --- options.c --- */

#define LONGEST_FRAMES ((uint64_t)24 * 3600 * RP_SAMPLE_RATE)

/* What a form has for an atom, for messages; its text, or "". */
const char *list_shown(const struct sx *);
const char *list_atom(const struct sx *);
/* Reports, and is false. */
bool list_bad_value(struct list *, const struct sx *, const char *option, const char *takes);
bool list_time(struct list *, const struct sx *, const char *option, uint64_t low, uint64_t high,
               uint64_t *frames);
/* Puts the options of a form into a wish, but :set, which (default) must not have. */
bool wish_options(struct list *, const struct sx *form, bool is_default, struct sound_wish *);

/* --- sound.c --- */

void do_sound(struct list *, const struct sx *form);

/* --- list.c --- */

/* Can that file be opened? */
bool list_readable(struct list *, const struct sx *, const char *path, const char *what);
/* The patch of that name or file; false: it was reported. */
bool patch_find(struct list *, const struct sx *, struct batch_patch *);

#endif
