/* level.c - docs/mixer.md 3.1 and 3.4: ramps, gains, contributions. */
#include "render/mixer/state.h"
#include <string.h>

struct mix_ramp mix_still(float value)
{
    return (struct mix_ramp){.from = value, .to = value};
}

float mix_ramp_at(const struct mix_ramp *r, uint64_t frame)
{
    uint64_t k = frame - r->begin;
    if (k >= r->frames)
        return r->to;
    return r->from + (r->to - r->from) * ((float)k / (float)r->frames);
}

void mix_ramp_to(struct mix_ramp *r, uint64_t frame, float to, uint32_t frames)
{
    *r = (struct mix_ramp){mix_ramp_at(r, frame), to, frame, frames};
}

/* x = m 4^e with m of 47 or 48 bits: the root of m has 24 bits, and what is left of m says which
 * way to round. A root is never a tie. */
float mix_sqrt_integer(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    if (bits >> 23 == 0)
        return 0.0f; /* no gain is that small but 0 itself */
    int32_t exponent = (int32_t)(bits >> 23) - 150;
    int32_t shift = exponent % 2 == 0 ? 24 : 23;
    uint64_t m = (uint64_t)((bits & 0x7fffff) | 0x800000) << shift, root = 0;
    for (uint64_t bit = 0x800000; bit; bit >>= 1)
        if ((root | bit) * (root | bit) <= m)
            root |= bit;
    root += m - root * root > root;
    bits = (uint32_t)((exponent - shift) / 2 + 150) << 23;
    bits += (uint32_t)root - 0x800000; /* a root of 2^24 carries into the exponent */
    memcpy(&x, &bits, sizeof x);
    return x;
}

float mix_sqrt(float x)
{
#ifdef __SSE__
    return _mm_cvtss_f32(_mm_sqrt_ss(_mm_set_ss(x)));
#else
    return mix_sqrt_integer(x);
#endif
}

struct mix_gains mix_gains(float volume, float pan, bool stereo)
{
    float q = pan;
    if (pan > 127.0f)
        q = pan - 1.0f > 127.0f ? pan - 1.0f : 127.0f;
    float v = volume / 255.0f;
    if (stereo) {
        float left = (254.0f - q) / 127.0f, right = q / 127.0f;
        return (struct mix_gains){v * (left < 1.0f ? left : 1.0f),
                                  v * (right < 1.0f ? right : 1.0f)};
    }
    return (struct mix_gains){v * mix_sqrt((254.0f - q) / 254.0f), v * mix_sqrt(q / 254.0f)};
}

/* ---- contributions ---- */

/* A stretch of contributions on its way. */
struct stretch {
    struct mix_worker *worker;
    const struct mix_route *route;
    int32_t *part, *part_direct;
    uint32_t at, n;
    const int32_t *left, *right;
};

static void add(const int32_t *from, uint32_t n, int32_t *to)
{
    for (uint32_t i = 0; i < n; i++)
        to[i] += from[i];
}

static void send(const struct stretch *s, const struct mix_send *to)
{
    struct mix_place *place = mix_place(s->worker, to->bus, 1);
    float gain = (float)to->amount / 255.0f;
    for (uint32_t i = 0; i < s->n; i++) {
        place->left[s->at + i] += mix_rne((float)s->left[i] * gain);
        place->right[s->at + i] += mix_rne((float)s->right[i] * gain);
    }
}

static void interleave(const struct stretch *s, int32_t *to)
{
    for (uint32_t i = 0; i < s->n; i++) {
        to[2 * (s->at + i)] = s->left[i];
        to[2 * (s->at + i) + 1] = s->right[i];
    }
}

static void distribute(const struct stretch *s)
{
    struct mix_place *place = mix_place(s->worker, s->route->bus, 1);
    add(s->left, s->n, place->left + s->at);
    add(s->right, s->n, place->right + s->at);
    for (unsigned i = 0; i < s->route->send_count; i++)
        if (s->route->sends[i].amount > 0)
            send(s, &s->route->sends[i]);
    if (s->part)
        interleave(s, s->part);
    if (s->part_direct && s->route->bus == MIX_NONE)
        interleave(s, s->part_direct);
}

/* It goes to one place. */
static bool goes_one_way(const struct mix_route *route)
{
    unsigned amounts = 0;
    for (unsigned i = 0; i < route->send_count; i++)
        amounts |= route->sends[i].amount;
    return amounts == 0;
}

static void with_gains(struct stretch *s, const float *a, const float *b, struct mix_gains g)
{
    const struct mix_kernels *k = s->worker->mixer->kernels;
    if (!s->part && goes_one_way(s->route)) {
        struct mix_place *place = mix_place(s->worker, s->route->bus, 1);
        k->add(a, b, s->n, g.left, g.right, place->left + s->at, place->right + s->at);
        return;
    }
    memset(s->worker->left, 0, s->n * sizeof *s->worker->left);
    memset(s->worker->right, 0, s->n * sizeof *s->worker->right);
    k->add(a, b, s->n, g.left, g.right, s->worker->left, s->worker->right);
    s->left = s->worker->left;
    s->right = s->worker->right;
    distribute(s);
}

static void with_ramps(struct stretch *s, const struct mix_level *level, bool stereo,
                       const float *a, const float *b)
{
    uint64_t frame = s->worker->mixer->frame + s->at;
    for (uint32_t i = 0; i < s->n; i++) {
        struct mix_gains g = mix_gains(mix_ramp_at(&level->volume, frame + i),
                                       mix_ramp_at(&level->pan, frame + i), stereo);
        s->worker->left[i] = mix_rne(a[i] * g.left);
        s->worker->right[i] = mix_rne(b[i] * g.right);
    }
    s->left = s->worker->left;
    s->right = s->worker->right;
    distribute(s);
}

/* Frames from `frame` on in which the ramp moves. */
static uint64_t moving(const struct mix_ramp *r, uint64_t frame)
{
    uint64_t k = frame - r->begin;
    return k < r->frames ? r->frames - k : 0;
}

bool mix_is_plain(const struct mix_worker *w, const struct mix_level *level,
                  const struct mix_route *route, uint32_t at)
{
    uint64_t frame = w->mixer->frame + at;
    return !w->mixer->voice && goes_one_way(route) && moving(&level->pan, frame) == 0 &&
           moving(&level->volume, frame) == 0;
}

void mix_contribute(struct mix_worker *w, const struct mix_level *level,
                    const struct mix_route *route, bool stereo, const float *a, const float *b,
                    uint32_t at, uint32_t n, int32_t *part, int32_t *part_direct)
{
    uint64_t frame = w->mixer->frame + at, pan = moving(&level->pan, frame);
    uint64_t ramped = moving(&level->volume, frame);
    struct stretch s = {w, route, part, part_direct, at, n, NULL, NULL};
    ramped = pan > ramped ? pan : ramped;
    s.n = ramped < n ? (uint32_t)ramped : n;
    if (s.n > 0)
        with_ramps(&s, level, stereo, a, b);
    uint32_t done = s.n;
    s.at += done;
    s.n = n - done;
    if (s.n > 0)
        with_gains(&s, a + done, b + done, mix_gains(level->volume.to, level->pan.to, stereo));
}
