/* out_file.h - a file that appears whole or not at all.
 *
 *   out_create    opens a file without a name, or where there are none, a temporary one
 *   out_write     adds bytes
 *   out_close     every byte is on its way and was accepted; the file stays open without a name, or
 *                 where there are too many such or none, has a temporary one
 *   out_commit    gives the file its name, or copies it into a pipe or device
 *   out_discard   removes what there is; allowed at any moment, also after a commit, and needed in
 *                 the end
 *
 * Until out_commit an older file of that name is untouched. "-" and "/dev/stdout" are the
 * standard output; a pipe, FIFO or device is written through, never replaced. A symbolic link is
 * followed. One file is one thread's at a time. */
#ifndef RENDER_OUT_FILE_H
#define RENDER_OUT_FILE_H

#include "render/error.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct out_file {
    const char *name;    /* as the user wrote it; not ours */
    char *target, *temp; /* what to rename, to and from; NULL: written through, or no name yet */
    uint64_t number;     /* of the temporary name */
    int fd;              /* the file being made, or -1 */
    int through;         /* pipe or device it goes to, or -1 */
    bool waits;          /* ready, open, and without a name */
    bool replaces;       /* there was a file of that name at the begin */
    int failure;         /* errno of the first read or write that failed, else 0 */
    char *pending;       /* out_write gathers here */
    size_t count;
};

/* Is the path the standard output? */
bool out_is_stdout(const char *path);

/* `path` must outlive the file. `number` makes the temporary name differ from those of other
 * files of this process: any below 1,000,000, used once. Fails early when the file could not be
 * committed: a missing directory, a directory of that name, no permission. Every field is set even
 * then. */
enum render_status out_create(struct out_file *, const char *path, uint64_t number,
                              struct render_error *error);
/* Gathered and written in blocks; a failure shows at once or in out_close. */
enum render_status out_write(struct out_file *, const void *bytes, size_t size,
                             struct render_error *error);
enum render_status out_close(struct out_file *, struct render_error *error);
enum render_status out_commit(struct out_file *, struct render_error *error);
void out_discard(struct out_file *);

/* All of a file at once. A pipe or device is written to at once, without a file in between. */
enum render_status out_put(const char *path, const void *bytes, size_t size, struct render_error *);

/* What failed, in one sentence with advice. `what` is "create", "write". */
enum render_status out_fail(const struct out_file *, const char *what, int number,
                            struct render_error *error);
/* Straight to the file, past out_write: 0, or the errno that stopped it, kept in `failure`. */
int out_write_now(struct out_file *, const void *bytes, size_t size);
/* The same of two pieces, one behind the other. */
int out_write_two(struct out_file *, const void *head, size_t head_size, const void *bytes,
                  size_t size);
/* Bytes read, 0 at the end or on a failure, kept in `failure`. */
size_t out_read(struct out_file *, void *bytes, size_t size);

#endif
