/* sink.h - the way of one voice into its file: trimmed, converted, hashed, written.
 *
 * A sink serves one take after another. Zeroed, it is ready. */
#ifndef RENDER_SINK_H
#define RENDER_SINK_H

#include "render/job.h"
#include "render/silence.h"
#include "render/writer.h"

struct sink {
    const struct job *job;
    struct take *take;
    struct silence silence;
    struct writer writer;
};

void sink_free(struct sink *);

/* Takes memory for a sound, and those like it. */
enum render_status sink_prepare(struct sink *, const struct job *, const struct sound *,
                                struct render_error *);
/* Opens the take's file. `number` is the take's among the job's. The error is RENDER_TROUBLE. */
enum render_status sink_start(struct sink *, const struct job *, struct take *, size_t number,
                              struct render_error *);
/* Interleaved frames, the take's longest length at most in all. */
enum render_status sink_feed(struct sink *, const float *samples, size_t frames,
                             struct render_error *);
/* The same of 16 bits, which pcm_convert made without dither. `loud`: the number of the frame after
 * the last that reached the threshold, 0 when none did. Only where sink_takes_ready says so. */
enum render_status sink_feed_ready(struct sink *, const int16_t *samples, size_t frames,
                                   size_t loud, struct render_error *);
/* Whether the end cannot be within the next frames, so that `loud` tells all that matters. */
bool sink_takes_ready(const struct sink *, size_t frames);
/* No further frame will be heard. */
bool sink_over(const struct sink *);
/* Writes what is left, closes the file's encoder and fills in the take's results. */
enum render_status sink_end(struct sink *, size_t number, struct render_error *);

#endif
