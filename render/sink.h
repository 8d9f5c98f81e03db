/* sink.h - the way of one voice into its file: trimmed, converted, hashed, written.
 *
 * A sink serves one take after another and allocates only in sink_init. */
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

/* The error is RENDER_TROUBLE. sink_free may follow in any case. */
enum render_status sink_init(struct sink *, const struct job *, struct render_error *);
void sink_free(struct sink *);

/* Opens the take's file. `number` is the take's among the job's. */
enum render_status sink_start(struct sink *, struct take *, size_t number, struct render_error *);
/* Interleaved frames, the job's longest length at most in all. */
enum render_status sink_feed(struct sink *, const float *samples, size_t frames,
                             struct render_error *);
/* No further frame will be heard. */
bool sink_over(const struct sink *);
/* Writes what is left, closes the file's encoder and fills in the take's results. */
enum render_status sink_end(struct sink *, struct render_error *);

#endif
