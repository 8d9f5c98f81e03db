/* audio_file.h - a sound file that appears whole or not at all.
 *
 *   audio_create   opens a nameless or temporary file and its encoder
 *   audio_write    adds frames
 *   audio_finish   closes the encoder; every byte is on its way and was accepted
 *   audio_commit   gives the file its name, or copies it into a pipe or device
 *   audio_discard  removes what there is; allowed at any moment, also after a commit, and needed
 *                  in the end
 *
 * Where it goes is out_file.h's matter. What a file holds depends on the spec and the samples
 * alone: no time stamp, no random number; the cut of the writes must be the same for Ogg.
 *
 * Functions return RENDER_OK or RENDER_TROUBLE with *error filled. One file is one thread's at a
 * time. */
#ifndef RENDER_AUDIO_FILE_H
#define RENDER_AUDIO_FILE_H

#include "render/out_file.h"
#include "render/pcm.h"
#include <sndfile.h>
#include <stdbool.h>

enum audio_format { AUDIO_WAV, AUDIO_FLAC, AUDIO_OGG };

struct audio_spec {
    enum audio_format format;
    enum pcm_format pcm; /* FLAC: not float. Ogg: float, which is what its encoder takes */
    unsigned channels;
    uint64_t frames; /* at most; a WAV that could pass 4 GiB is written as RF64 instead */
};

extern const char *const audio_format_names[]; /* by enum audio_format; NULL ends them */
/* By the extension of a name; one without, such as - or /dev/null, is a WAV. False: none is known
 * by it. */
bool audio_format_of(const char *path, enum audio_format *);

struct audio_file {
    struct audio_spec spec;
    struct out_file out;
    SNDFILE *encoder; /* NULL: a WAV of 16 bits, which we write ourselves */
    uint64_t written; /* of that: frames */
    uint64_t said;    /* frames that its header speaks of */
};

/* `path` must outlive the file. `number` makes the temporary name differ from those of other
 * files of this process: any below 1,000,000, used once. Fails early when the file could not be
 * committed: a missing directory, a directory of that name, no permission. Every field is set even
 * then. */
enum render_status audio_create(struct audio_file *, const struct audio_spec *, const char *path,
                                uint64_t number, struct render_error *error);
/* Frames that the next audio_write is best given, and in Ogg must be, at most AUDIO_BLOCK. */
enum { AUDIO_BLOCK = 32768 };
size_t audio_block(const struct audio_file *);
/* Samples as pcm_convert left them, interleaved. */
enum render_status audio_write(struct audio_file *, const void *samples, size_t frames,
                               struct render_error *error);
/* Before the first audio_write, if it is known: there will be so many frames. */
void audio_expect(struct audio_file *, uint64_t frames);
enum render_status audio_finish(struct audio_file *, struct render_error *error);
enum render_status audio_commit(struct audio_file *, struct render_error *error);
void audio_discard(struct audio_file *);

#endif
