#include "render/writer.h"
#include <stdlib.h>
#include <string.h>

enum { PIECE = 1024 }; /* frames converted at a time */

static size_t frame_bytes(const struct writer *writer)
{
    return pcm_bytes(writer->plan.spec.pcm) * writer->plan.spec.channels;
}

static size_t next_block(const struct writer *writer)
{
    return writer->file ? audio_block(writer->file) : AUDIO_BLOCK;
}

static enum render_status out_of_memory(struct render_error *error)
{
    return render_fail(error, RENDER_TROUBLE, "out of memory");
}

enum render_status writer_renew(struct writer *writer, const struct writer_plan *plan,
                                struct render_error *error)
{
    writer->plan = *plan;
    size_t room = ((size_t)plan->held + AUDIO_BLOCK + PIECE) * frame_bytes(writer);
    if (room > writer->room) {
        free(writer->pending);
        writer->room = 0;
        writer->pending = malloc(room);
        if (!writer->pending)
            return out_of_memory(error);
        writer->room = room;
    }
    if (plan->hash && !writer->hash.state && hash_init(&writer->hash))
        return out_of_memory(error);
    return RENDER_OK;
}

enum render_status writer_init(struct writer *writer, const struct writer_plan *plan,
                               struct render_error *error)
{
    *writer = (struct writer){.room = 0};
    return writer_renew(writer, plan, error);
}

void writer_free(struct writer *writer)
{
    free(writer->pending);
    free(writer->kept);
    hash_free(&writer->hash);
}

void writer_start(struct writer *writer, struct audio_file *file, uint64_t seed)
{
    writer->file = file;
    writer->seed = seed;
    writer->count = 0;
    writer->fed = writer->written = 0;
    writer->kept_bytes = 0;
    if (writer->plan.hash)
        hash_restart(&writer->hash);
}

static void convert(struct writer *writer, const float *samples, size_t frames)
{
    const struct audio_spec *spec = &writer->plan.spec;
    void *out = writer->pending + writer->count * frame_bytes(writer);
    size_t count = frames * spec->channels;
    if (writer->plan.dither)
        pcm_convert_dithered(spec->pcm, writer->seed,
                             (writer->plan.first + writer->fed) * spec->channels, samples, count,
                             out);
    else
        pcm_convert(spec->pcm, samples, count, out);
    writer->count += frames;
    writer->fed += frames;
}

static enum render_status keep(struct writer *writer, const unsigned char *bytes, size_t size,
                               struct render_error *error)
{
    if (writer->kept_room - writer->kept_bytes < size || !writer->kept) {
        size_t room = writer->kept ? writer->kept_room * 2 + size : size;
        unsigned char *more = realloc(writer->kept, room);
        if (!more)
            return out_of_memory(error);
        writer->kept = more;
        writer->kept_room = room;
    }
    memcpy(writer->kept + writer->kept_bytes, bytes, size);
    writer->kept_bytes += size;
    return RENDER_OK;
}

static enum render_status write_block(struct writer *writer, const unsigned char *bytes,
                                      size_t frames, struct render_error *error)
{
    const struct audio_spec *spec = &writer->plan.spec;
    if (writer->plan.hash)
        hash_add(&writer->hash, spec->pcm, bytes, frames * spec->channels);
    writer->written += frames;
    if (writer->plan.keep)
        return keep(writer, bytes, frames * frame_bytes(writer), error);
    return writer->file ? audio_write(writer->file, bytes, frames, error) : RENDER_OK;
}

/* Writes whole blocks of the frames before `settled` and moves the rest to the front. */
static enum render_status write_blocks(struct writer *writer, uint64_t settled,
                                       struct render_error *error)
{
    enum render_status status = RENDER_OK;
    size_t done = 0, width = frame_bytes(writer);
    for (size_t n; status == RENDER_OK && settled - writer->written >= (n = next_block(writer));
         done += n)
        status = write_block(writer, writer->pending + done * width, n, error);
    writer->count -= done;
    if (done > 0)
        memmove(writer->pending, writer->pending + done * width, writer->count * width);
    return status;
}

static enum render_status fed(struct writer *writer, uint64_t settled, struct render_error *error)
{
    uint64_t sure = settled < writer->fed ? settled : writer->fed;
    return sure > writer->written ? write_blocks(writer, sure, error) : RENDER_OK;
}

enum render_status writer_feed(struct writer *writer, const float *samples, size_t frames,
                               uint64_t settled, struct render_error *error)
{
    enum render_status status = RENDER_OK;
    for (size_t at = 0, n; at < frames && status == RENDER_OK; at += n) {
        n = frames - at < PIECE ? frames - at : PIECE;
        convert(writer, samples + at * writer->plan.spec.channels, n);
        status = fed(writer, settled, error);
    }
    return status;
}

enum render_status writer_feed_ready(struct writer *writer, const void *samples, size_t frames,
                                     uint64_t settled, struct render_error *error)
{
    const unsigned char *from = samples;
    size_t width = frame_bytes(writer);
    enum render_status status = RENDER_OK;
    for (size_t n; frames > 0 && status == RENDER_OK; from += n * width, frames -= n) {
        n = frames < PIECE ? frames : PIECE;
        memcpy(writer->pending + writer->count * width, from, n * width);
        writer->count += n;
        writer->fed += n;
        status = fed(writer, settled, error);
    }
    return status;
}

enum render_status writer_end(struct writer *writer, uint64_t frames, char text[HASH_TEXT],
                              struct render_error *error)
{
    enum render_status status = RENDER_OK;
    size_t done = 0, rest = (size_t)(frames - writer->written), width = frame_bytes(writer);
    if (writer->file && writer->written == 0)
        audio_expect(writer->file, frames);
    for (size_t n; status == RENDER_OK && done < rest; done += n) {
        n = next_block(writer) < rest - done ? next_block(writer) : rest - done;
        status = write_block(writer, writer->pending + done * width, n, error);
    }
    if (status == RENDER_OK && writer->file)
        status = audio_finish(writer->file, error);
    if (writer->plan.hash && text)
        hash_text(&writer->hash, text);
    return status;
}
