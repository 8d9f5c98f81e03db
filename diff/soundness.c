#include "diff/soundness.h"
#include "diff/sound.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double silence = 3.1622776601683795e-5; /* -90 dB */

static double piece[SOUND_PIECE * SOUND_CHANNELS];
static float floats[SOUND_PIECE * SOUND_CHANNELS];
static int16_t shorts[SOUND_PIECE * SOUND_CHANNELS];
static int32_t longs[SOUND_PIECE * SOUND_CHANNELS];

/* The samples as the file has them. */
static void add_to_hash(struct sample_hash *hash, const struct sound *s, size_t count)
{
    enum pcm_format format = s->bits == 16 ? PCM_16 : s->bits == 24 ? PCM_24 : PCM_FLOAT;
    for (size_t i = 0; i < count; i++) {
        if (format == PCM_16)
            shorts[i] = (int16_t)lround(piece[i] * 32768.0);
        else if (format == PCM_24)
            longs[i] = (int32_t)lround(piece[i] * 8388608.0) * 256;
        else
            floats[i] = (float)piece[i];
    }
    const void *samples = format == PCM_16   ? (void *)shorts
                          : format == PCM_24 ? (void *)longs
                                             : (void *)floats;
    hash_add(hash, format, samples, count);
}

static void look(struct soundness *n, const struct sound *s, const double *first, size_t frames)
{
    for (size_t i = 0; i < frames * s->channels; i++) {
        double x = piece[i];
        n->peak = fabs(x) > n->peak ? fabs(x) : n->peak;
        n->clipped += s->bits ? x >= 1.0 - s->step || x <= -1.0 : fabs(x) > 1.0;
        n->constant &= x == first[i % s->channels];
    }
}

static enum render_status read_all(struct sound *s, struct sample_hash *hash, struct soundness *n,
                                   struct render_error *error)
{
    double first[SOUND_CHANNELS] = {0};
    for (size_t got; (got = sound_read(s, piece, SOUND_PIECE, error)) > 0; n->frames += got) {
        if (n->frames == 0)
            memcpy(first, piece, s->channels * sizeof *first);
        look(n, s, first, got);
        add_to_hash(hash, s, got * s->channels);
        if (work_go_on(error) != RENDER_OK)
            return error->status;
    }
    hash_text(hash, n->hash);
    n->silent = n->peak <= silence;
    return error->status;
}

enum render_status soundness_of(const char *path, const char *name, struct soundness *n,
                                struct render_error *error)
{
    struct sound s;
    struct sample_hash hash = {NULL};
    *n = (struct soundness){.constant = true};
    enum render_status status = sound_open(&s, path, name, error);
    if (status == RENDER_OK && hash_init(&hash))
        status = work_no_memory(error);
    if (status == RENDER_OK)
        status = read_all(&s, &hash, n, error);
    if (hash.state)
        hash_free(&hash);
    sound_close(&s);
    return status;
}
