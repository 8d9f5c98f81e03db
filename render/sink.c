#include "render/sink.h"
#include <stdlib.h>
#include <string.h>

enum { BLOCK = 32768, PIECE = 1024 }; /* frames: written at a time, converted at a time */

static uint64_t min64(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint64_t max64(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

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

static size_t frame_bytes(const struct sink *sink)
{
    return pcm_bytes(sink->job->spec.pcm) * sink->job->spec.channels;
}

enum render_status sink_init(struct sink *sink, const struct job *job, struct render_error *error)
{
    *sink = (struct sink){.job = job};
    sink->room = (size_t)most_held(job) + BLOCK + PIECE;
    sink->pending = malloc(sink->room * frame_bytes(sink));
    if (!sink->pending || (job->hash && hash_init(&sink->hash)))
        return render_fail(error, RENDER_TROUBLE, "out of memory");
    return RENDER_OK;
}

void sink_free(struct sink *sink)
{
    free(sink->pending);
    hash_free(&sink->hash);
}

enum render_status sink_start(struct sink *sink, struct take *take, size_t number,
                              struct render_error *error)
{
    const struct job *job = sink->job;
    sink->take = take;
    sink->seed = job->seed + number;
    sink->count = 0;
    sink->fed = sink->written = 0;
    silence_init(&sink->silence, job->threshold, job->hold, not_before(job));
    if (job->hash)
        hash_restart(&sink->hash);
    if (!take->path)
        return RENDER_OK;
    take->opened = true;
    return audio_create(&take->file, &job->spec, take->path, number, error);
}

static void convert(struct sink *sink, const float *samples, size_t frames)
{
    const struct audio_spec *spec = &sink->job->spec;
    void *out = sink->pending + sink->count * frame_bytes(sink);
    size_t count = frames * spec->channels;
    if (sink->job->dither)
        pcm_convert_dithered(spec->pcm, sink->seed, sink->fed * spec->channels, samples, count,
                             out);
    else
        pcm_convert(spec->pcm, samples, count, out);
    sink->count += frames;
    sink->fed += frames;
}

static enum render_status write_block(struct sink *sink, const unsigned char *bytes, size_t frames,
                                      struct render_error *error)
{
    const struct audio_spec *spec = &sink->job->spec;
    if (sink->job->hash)
        hash_add(&sink->hash, spec->pcm, bytes, frames * spec->channels);
    sink->written += frames;
    return sink->take->path ? audio_write(&sink->take->file, bytes, frames, error) : RENDER_OK;
}

/* Writes whole blocks of the frames before `settled` and moves the rest to the front. */
static enum render_status write_blocks(struct sink *sink, uint64_t settled,
                                       struct render_error *error)
{
    enum render_status status = RENDER_OK;
    size_t done = 0, width = frame_bytes(sink);
    for (; status == RENDER_OK && settled - sink->written >= BLOCK; done += BLOCK)
        status = write_block(sink, sink->pending + done * width, BLOCK, error);
    sink->count -= done;
    if (done > 0)
        memmove(sink->pending, sink->pending + done * width, sink->count * width);
    return status;
}

static enum render_status feed_piece(struct sink *sink, const float *samples, size_t frames,
                                     struct render_error *error)
{
    uint64_t settled = sink->fed + frames;
    if (sink->job->until_silent) {
        silence_feed(&sink->silence, samples, frames, sink->job->spec.channels);
        settled = max64(sink->silence.end, min64(settled, sink->job->input_frames));
    }
    convert(sink, samples, frames);
    return settled > sink->written ? write_blocks(sink, settled, error) : RENDER_OK;
}

bool sink_over(const struct sink *sink)
{
    return sink->silence.over || sink->fed == sink->job->spec.frames;
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

static enum render_status finish(struct sink *sink, uint64_t frames, struct render_error *error)
{
    size_t rest = (size_t)(frames - sink->written);
    enum render_status status = RENDER_OK;
    if (rest > 0)
        status = write_block(sink, sink->pending, rest, error);
    if (status == RENDER_OK && sink->take->path)
        status = audio_finish(&sink->take->file, error);
    return status;
}

enum render_status sink_end(struct sink *sink, struct render_error *error)
{
    struct take *take = sink->take;
    bool over = sink->silence.over;
    take->silent = over && sink->silence.end == 0;
    take->cut_off = sink->job->until_silent && !over;
    uint64_t heard = max64(sink->silence.end, sink->job->input_frames);
    take->frames = over ? max64(heard, 1) : sink->fed;
    enum render_status status = finish(sink, take->frames, error);
    if (sink->job->hash)
        hash_text(&sink->hash, take->hash);
    return status;
}
