/* writer.h - interleaved float frames into a sound file: converted, held back, hashed, written.
 *
 * Frames are held back until they are settled: until then the file may still end before them. The
 * file is written in blocks of a fixed size, whatever the size of the pieces that arrive, so that
 * an encoder's answer cannot depend on the cut. A writer serves one file after another; it
 * allocates in writer_init and writer_renew, and where samples are kept. */
#ifndef RENDER_WRITER_H
#define RENDER_WRITER_H

#include "render/audio_file.h"
#include "render/hash.h"

struct writer_plan {
    struct audio_spec spec;
    bool hash, dither;
    bool keep;     /* all samples stay in memory, and go to no file */
    uint64_t held; /* frames that may be unsettled at a time */
    uint64_t
        first; /* number of the file's first frame, where it is a part of a whole: for dither */
};

struct writer {
    struct writer_plan plan;
    struct audio_file *file; /* or NULL: only the hash */
    uint64_t seed;           /* of dither */
    struct sample_hash hash;
    unsigned char *pending; /* converted frames not yet written */
    size_t count, room;     /* frames in it, bytes it can hold */
    uint64_t fed, written;  /* frames */
    unsigned char *kept;    /* of plan.keep: from malloc; who takes it leaves NULL */
    size_t kept_bytes, kept_room;
};

/* writer_free may follow in any case. */
enum render_status writer_init(struct writer *, const struct writer_plan *, struct render_error *);
/* Another plan, between two files. Zeroed, a writer is ready for it. */
enum render_status writer_renew(struct writer *, const struct writer_plan *, struct render_error *);
void writer_free(struct writer *);

/* `file` has been created, or is NULL. */
void writer_start(struct writer *, struct audio_file *file, uint64_t seed);
/* Frames, of which those before frame `settled` of the file are sure to stay. */
enum render_status writer_feed(struct writer *, const float *samples, size_t frames,
                               uint64_t settled, struct render_error *);
/* The same with samples as pcm_convert leaves them, which are not dithered. */
enum render_status writer_feed_ready(struct writer *, const void *samples, size_t frames,
                                     uint64_t settled, struct render_error *);
/* The file has `frames` frames, at most those fed. Closes its encoder. `text`, if any, gets the
 * hash, when one was asked for. */
enum render_status writer_end(struct writer *, uint64_t frames, char text[HASH_TEXT],
                              struct render_error *);

#endif
