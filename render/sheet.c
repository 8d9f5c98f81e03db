#include "render/sheet.h"
#include <stdlib.h>
#include <string.h>

enum { BLOCK = 32768 }; /* frames written at a time: what an encoder answers depends on it */

static size_t frame_bytes(const struct sheet *s)
{
    return pcm_bytes(s->spec.pcm) * s->spec.channels;
}

enum render_status sheet_open(struct sheet *s, const char *path, size_t takes,
                              struct render_error *error)
{
    s->count = takes;
    s->pieces = calloc(takes, sizeof *s->pieces);
    s->block = malloc(BLOCK * frame_bytes(s));
    if (!s->pieces || !s->block || (s->hash && hash_init(&s->sum)) ||
        pthread_mutex_init(&s->lock, NULL))
        return render_fail(error, RENDER_TROUBLE, "out of memory");
    s->locks = true;
    if (!path)
        return RENDER_OK;
    s->opened = s->has_file = true;
    return audio_create(&s->file, &s->spec, path, takes, error);
}

static enum render_status write_block(struct sheet *s, struct render_error *error)
{
    size_t frames = s->filled;
    s->filled = 0;
    if (s->hash)
        hash_add(&s->sum, s->spec.pcm, s->block, frames * s->spec.channels);
    return s->has_file && frames ? audio_write(&s->file, s->block, frames, error) : RENDER_OK;
}

/* One frame more room than before, or a block written. */
static enum render_status make_room(struct sheet *s, struct render_error *error)
{
    return s->filled == BLOCK ? write_block(s, error) : RENDER_OK;
}

/* samples NULL: silence. */
static enum render_status put(struct sheet *s, const unsigned char *samples, uint64_t frames,
                              unsigned channels, struct render_error *error)
{
    enum render_status status = RENDER_OK;
    size_t width = pcm_bytes(s->spec.pcm), to_bytes = frame_bytes(s);
    for (uint64_t at = 0; at < frames && status == RENDER_OK;) {
        status = make_room(s, error);
        uint64_t left = frames - at;
        size_t n = left < BLOCK - s->filled ? (size_t)left : BLOCK - s->filled;
        unsigned char *to = s->block + s->filled * to_bytes;
        const unsigned char *from = samples ? samples + at * channels * width : NULL;
        if (!from)
            memset(to, 0, n * to_bytes);
        else if (channels == s->spec.channels)
            memcpy(to, from, n * to_bytes);
        for (size_t i = 0; from && channels < s->spec.channels && i < n; i++) {
            memcpy(to + i * to_bytes, from + i * width, width);
            memcpy(to + i * to_bytes + width, from + i * width, width);
        }
        s->filled += n;
        s->at += n;
        at += n;
    }
    return status;
}

static enum render_status put_piece(struct sheet *s, struct sheet_piece *piece,
                                    struct render_error *error)
{
    enum render_status status = RENDER_OK;
    if (piece != s->pieces)
        status = put(s, NULL, s->gap, 1, error);
    piece->begin = s->at;
    if (status == RENDER_OK)
        status = put(s, piece->samples, piece->frames, piece->channels, error);
    free(piece->samples);
    piece->samples = NULL;
    return status;
}

/* One thread writes at a time, and the others need not wait for it. */
enum render_status sheet_add(struct sheet *s, size_t take, unsigned char *samples, uint64_t frames,
                             unsigned channels, struct render_error *error)
{
    enum render_status status = RENDER_OK;
    pthread_mutex_lock(&s->lock);
    s->pieces[take] = (struct sheet_piece){samples, 0, frames, channels, true};
    while (status == RENDER_OK && !s->writes && s->next < s->count && s->pieces[s->next].here) {
        s->writes = true;
        pthread_mutex_unlock(&s->lock);
        status = put_piece(s, &s->pieces[s->next], error);
        pthread_mutex_lock(&s->lock);
        s->writes = false;
        s->next++;
    }
    pthread_mutex_unlock(&s->lock);
    return status;
}

enum render_status sheet_end(struct sheet *s, struct render_error *error)
{
    enum render_status status = write_block(s, error);
    if (status == RENDER_OK && s->has_file)
        status = audio_finish(&s->file, error);
    if (s->hash)
        hash_text(&s->sum, s->text);
    return status;
}

enum render_status sheet_commit(struct sheet *s, struct render_error *error)
{
    return s->has_file ? audio_commit(&s->file, error) : RENDER_OK;
}

void sheet_free(struct sheet *s)
{
    for (size_t i = 0; s->pieces && i < s->count; i++)
        free(s->pieces[i].samples);
    free(s->pieces);
    free(s->block);
    hash_free(&s->sum);
    if (s->opened)
        audio_discard(&s->file);
    if (s->locks)
        pthread_mutex_destroy(&s->lock);
    *s = (struct sheet){0};
}
