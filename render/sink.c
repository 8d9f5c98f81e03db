#include "render/sink.h"
#include "render/least.h"
#include "render/sheet.h"

enum { PIECE = 1024 }; /* frames looked at at a time */

/* The frame before which no sound is over. */
static uint64_t not_before(const struct sound *sound)
{
    return max64(events_last(&sound->events), sound->input_frames);
}

/* Silent frames are held back until it is known whether the sound goes on after them. Those that
 * the input lasts stay in any case. */
static uint64_t most_held(const struct sound *sound)
{
    uint64_t quiet = not_before(sound) - sound->input_frames + sound->hold;
    return sound->until_silent ? min64(quiet, sound->spec.frames) : 0;
}

void sink_free(struct sink *sink)
{
    writer_free(&sink->writer);
}

enum render_status sink_prepare(struct sink *sink, const struct job *job, const struct sound *sound,
                                struct render_error *error)
{
    struct writer_plan plan = {.spec = sound->spec,
                               .hash = job->hash,
                               .dither = sound->dither,
                               .keep = job->sheet != NULL,
                               .held = most_held(sound)};
    return writer_renew(&sink->writer, &plan, error);
}

enum render_status sink_start(struct sink *sink, const struct job *job, struct take *take,
                              size_t number, struct render_error *error)
{
    const struct sound *sound = take->sound;
    enum render_status status = sink_prepare(sink, job, sound, error);
    if (status != RENDER_OK)
        return status;
    sink->job = job;
    sink->take = take;
    silence_init(&sink->silence, sound->threshold, sound->hold, not_before(sound));
    writer_start(&sink->writer, take->path ? &take->file : NULL, take->seed);
    if (!take->path)
        return RENDER_OK;
    take->opened = true;
    return audio_create(&take->file, &sound->spec, take->path, number, error);
}

static uint64_t settled_of(const struct sink *sink, size_t frames)
{
    const struct sound *sound = sink->take->sound;
    uint64_t end = sink->writer.fed + frames;
    return sound->until_silent ? max64(sink->silence.end, min64(end, sound->input_frames)) : end;
}

static enum render_status feed_piece(struct sink *sink, const float *samples, size_t frames,
                                     struct render_error *error)
{
    const struct sound *sound = sink->take->sound;
    if (sound->until_silent)
        silence_feed(&sink->silence, samples, frames, sound->spec.channels);
    return writer_feed(&sink->writer, samples, frames, settled_of(sink, frames), error);
}

bool sink_over(const struct sink *sink)
{
    return sink->silence.over || sink->writer.fed == sink->take->sound->spec.frames;
}

enum render_status sink_feed(struct sink *sink, const float *samples, size_t frames,
                             struct render_error *error)
{
    enum render_status status = RENDER_OK;
    for (size_t at = 0, n; at < frames && !sink_over(sink) && status == RENDER_OK; at += n) {
        n = frames - at < PIECE ? frames - at : PIECE;
        status = feed_piece(sink, samples + at * sink->take->sound->spec.channels, n, error);
    }
    return status;
}

bool sink_takes_ready(const struct sink *sink, size_t frames)
{
    const struct sound *sound = sink->take->sound;
    return sound->spec.pcm == PCM_16 && !sound->dither &&
           (!sound->until_silent || silence_is_open(&sink->silence, frames));
}

enum render_status sink_feed_ready(struct sink *sink, const int16_t *samples, size_t frames,
                                   size_t loud, struct render_error *error)
{
    if (sink->take->sound->until_silent)
        silence_note(&sink->silence, frames, loud);
    return writer_feed_ready(&sink->writer, samples, frames, settled_of(sink, frames), error);
}

enum render_status sink_end(struct sink *sink, size_t number, struct render_error *error)
{
    struct take *take = sink->take;
    bool over = sink->silence.over;
    take->silent = over && sink->silence.end == 0;
    take->cut_off = take->sound->until_silent && !over;
    uint64_t heard = max64(sink->silence.end, take->sound->input_frames);
    take->frames = over ? max64(heard, 1) : sink->writer.fed;
    enum render_status status = writer_end(&sink->writer, take->frames, take->hash, error);
    if (status != RENDER_OK || !sink->job->sheet)
        return status;
    unsigned char *samples = sink->writer.kept;
    sink->writer.kept = NULL;
    return sheet_add(sink->job->sheet, number, samples, take->frames, take->sound->spec.channels,
                     error);
}
