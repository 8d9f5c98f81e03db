/* signal.c - from a span to its contributions. */
#include "render/mixer/state.h"

static int32_t *part(int32_t *const *parts, uint32_t number)
{
    return parts ? parts[number] : NULL;
}

static void contribute(struct mix_worker *w, const struct mix_span *s, bool stereo, const float *a,
                       const float *b, uint32_t at, uint32_t n)
{
    mix_contribute(w, &s->level, &s->route, stereo, a, b, at, n, part(w->mixer->voice, s->voice),
                   part(w->mixer->voice_direct, s->voice));
}

void mix_sample_span(struct mix_worker *w, const struct mix_span *s)
{
    struct mix_head head = s->head;
    float *signal = w->signals[0];
    w->mixer->kernels->sample(w->mixer->config.sources[s->source].sample->frames, &head,
                              s->end - s->begin, signal);
    contribute(w, s, false, signal, signal, s->begin, s->end - s->begin);
}

void mix_patch_span(struct mix_worker *w, const struct mix_span *s, const float *a, const float *b,
                    uint32_t at, uint32_t n)
{
    contribute(w, s, a != b, a, b, at, n);
}
