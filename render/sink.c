#include "render/sink.h"
#include "render/least.h"

enum { PIECE = 1024 }; /* frames looked at at a time */

/* The frame before which no sound is over. */
static uint64_t not_before(const struct job *job)
{
    return max64(events_last(job->events), job->input_frames);
}

/* Silent frames are held back until it is known whether the sound goes on after them. Those that
 * the input lasts stay in any case. */
static uint64_t most_held(const struct job *job)
{
    uint64_t quiet = not_before(job) - job->input_frames + job->hold;
    return job->until_silent ? min64(quiet, job->spec.frames) : 0;
}

enum render_status sink_init(struct sink *sink, const struct job *job, struct render_error *error)
{
    *sink = (struct sink){.job = job};
    struct writer_plan plan = {
        .spec = job->spec, .hash = job->hash, .dither = job->dither, .held = most_held(job)};
    return writer_init(&sink->writer, &plan, error);
}

void sink_free(struct sink *sink)
{
    writer_free(&sink->writer);
}

enum render_status sink_start(struct sink *sink, struct take *take, size_t number,
                              struct render_error *error)
{
    const struct job *job = sink->job;
    sink->take = take;
    silence_init(&sink->silence, job->threshold, job->hold, not_before(job));
    writer_start(&sink->writer, take->path ? &take->file : NULL, job->seed + number);
    if (!take->path)
        return RENDER_OK;
    take->opened = true;
    return audio_create(&take->file, &job->spec, take->path, number, error);
}

static enum render_status feed_piece(struct sink *sink, const float *samples, size_t frames,
                                     struct render_error *error)
{
    uint64_t settled = sink->writer.fed + frames;
    if (sink->job->until_silent) {
        silence_feed(&sink->silence, samples, frames, sink->job->spec.channels);
        settled = max64(sink->silence.end, min64(settled, sink->job->input_frames));
    }
    return writer_feed(&sink->writer, samples, frames, settled, error);
}

bool sink_over(const struct sink *sink)
{
    return sink->silence.over || sink->writer.fed == sink->job->spec.frames;
}

enum render_status sink_feed(struct sink *sink, const float *samples, size_t frames,
                             struct render_error *error)
{
    enum render_status status = RENDER_OK;
    for (size_t at = 0, n; at < frames && !sink_over(sink) && status == RENDER_OK; at += n) {
        n = frames - at < PIECE ? frames - at : PIECE;
        status = feed_piece(sink, samples + at * sink->job->spec.channels, n, error);
    }
    return status;
}

enum render_status sink_end(struct sink *sink, struct render_error *error)
{
    struct take *take = sink->take;
    bool over = sink->silence.over;
    take->silent = over && sink->silence.end == 0;
    take->cut_off = sink->job->until_silent && !over;
    uint64_t heard = max64(sink->silence.end, sink->job->input_frames);
    take->frames = over ? max64(heard, 1) : sink->writer.fed;
    return writer_end(&sink->writer, take->frames, take->hash, error);
}
