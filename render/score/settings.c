/* settings.c - what holds for the whole score. */
#include "render/score/reading.h"
#include <string.h>

void do_score(struct reading *r, const struct form *f, struct moment *end)
{
    (void)end;
    if (r->file->headed) {
        struct diag *d = score_wrong(r, E_SCORE_FIRST, f->sx, "(score) stands within the score");
        diag_help(&r->diags, d, "it is the first form of a file, and there is no other");
        return;
    }
    r->file->headed = true;
    const char *name = f->items[0] ? arg_text(r, f->items[0], "the name of a score") : "";
    if (name && !r->file->in)
        name = arena_copy(&r->score->arena, name, strlen(name));
    if (name && !r->file->in)
        r->score->name = name;
}

void do_voices(struct reading *r, const struct form *f, struct moment *end)
{
    int64_t voices;
    (void)end;
    if (arg_whole(r, f->items[0], "the number of voices", 1, MIX_MOST_VOICES, &voices))
        r->score->voices = (unsigned)voices;
}

const char *const score_policy_words[4] = {"oldest", "quietest", "lowest_priority", "none"};

void do_steal(struct reading *r, const struct form *f, struct moment *end)
{
    size_t index;
    (void)end;
    if (arg_word(r, f->items[0], "policy", score_policy_words, 4, &index))
        r->score->policy = (enum mix_policy)index;
}

void do_quantise(struct reading *r, const struct form *f, struct moment *end)
{
    bool on;
    (void)end;
    if (arg_switch(r, f->items[0], "choice", &on))
        r->score->quantise = on;
}

/* Up to 2^64 - 1, which no signed number holds. */
static bool read_seed(const struct sx *sx, uint64_t *seed)
{
    *seed = 0;
    for (size_t i = 0; is_whole(sx) && i < sx->length; i++)
        if (__builtin_mul_overflow(*seed, UINT64_C(10), seed) ||
            __builtin_add_overflow(*seed, (uint64_t)(sx->text[i] - '0'), seed))
            return false;
    return is_whole(sx);
}

void do_seed(struct reading *r, const struct form *f, struct moment *end)
{
    (void)end;
    if (read_seed(f->items[0], &r->score->seed))
        r->score->has_seed = 1;
    else
        score_wrong(r, E_SCORE_VALUE, f->items[0], "a seed is a whole number from 0 to 2^64 - 1");
}

void do_budget(struct reading *r, const struct form *f, struct moment *end)
{
    int64_t budget;
    (void)end;
    if (arg_whole(r, f->items[0], "the budget", 1, INT64_MAX, &budget))
        r->score->budget = (uint64_t)budget;
}

void do_end(struct reading *r, const struct form *f, struct moment *end)
{
    struct moment at;
    (void)end;
    if (!arg_time(r, f->items[0], &f->start, true, &at) ||
        !arg_frame(r, f->items[0], &at, &r->score->end))
        return;
    if (r->score->end == 0)
        score_wrong(r, E_SCORE_LENGTH, f->items[0], "the score ends where it begins");
    r->score->has_end = 1;
}

void do_ordered(struct reading *r, const struct form *f, struct moment *end)
{
    (void)f;
    (void)end;
    r->ordered = true;
}

void do_resample(struct reading *r, const struct form *f, struct moment *end)
{
    (void)end;
    arg_resample(r, f->items[0], &r->resample);
}

/* --- tempo and meter ---------------------------------------------------------------------- */

/* The beat of :at, the start without it. */
static bool beat_of(struct reading *r, const struct form *f, struct ratio *beat)
{
    const struct sx *at = f->keys[KEY_AT];
    struct moment offset = {ratio_whole(0), ratio_whole(0)};
    if (at && !arg_time(r, at, &f->start, true, &offset))
        return false;
    *beat = offset.beats;
    if (offset.frames.num == 0 && beat->num >= 0)
        return true;
    struct diag *d = score_wrong(r, E_SCORE_TEMPO, at, "'%s' starts on a beat", f->row->name);
    diag_help(&r->diags, d, "write the place in beats or as BAR:BEAT, as :at 9:1");
    return false;
}

static bool is_late(struct reading *r, const struct form *f, struct ratio beat, struct ratio before,
                    const char *why)
{
    if (ratio_compare(beat, before) >= 0)
        return false;
    struct diag *d = score_wrong(r, E_SCORE_TEMPO, f->sx, "%s", why);
    diag_help(&r->diags, d, "'%s' is written before the beats that it governs", f->row->name);
    return true;
}

static const char first_help[] = "write :at to say from which beat on another one holds";

static bool tempo_fits(struct reading *r, const struct form *f, struct ratio beat)
{
    const struct time_map *map = &r->time;
    struct diag *d;
    if (map->tempo_count == 0 && beat.num > 0) {
        d = score_wrong(r, E_SCORE_TEMPO, f->sx, "the first tempo is that of the start");
        diag_help(&r->diags, d, "write (tempo 120) before it");
        return false;
    }
    if (map->tempo_count == 0)
        return true;
    if (ratio_compare(beat, map->tempos[map->tempo_count - 1].beat) <= 0) {
        d = score_wrong(r, E_SCORE_TEMPO, f->sx,
                        "there is a tempo already at this beat or after it");
        diag_help(&r->diags, d, "%s", first_help);
        return false;
    }
    return !is_late(r, f, beat, map->furthest_beat, "a beat after this tempo has its time already");
}

void do_tempo(struct reading *r, const struct form *f, struct moment *end)
{
    struct ratio bpm, beat;
    (void)end;
    if (!arg_ratio(r, f->items[0], "a tempo", &bpm) || !beat_of(r, f, &beat))
        return;
    if (ratio_compare(bpm, ratio_whole(1)) < 0 || ratio_compare(bpm, ratio_whole(10000)) > 0) {
        score_wrong(r, E_SCORE_VALUE_RANGE, f->items[0],
                    "a tempo goes from 1 to 10000 beats a minute");
        return;
    }
    if (tempo_fits(r, f, beat) && !time_tempo(&r->time, beat, bpm))
        score_trouble(r, "out of memory");
}

static bool meter_fits(struct reading *r, const struct form *f, struct ratio beat)
{
    const struct time_map *map = &r->time;
    if (!time_is_bar(map, beat)) {
        score_wrong(r, E_SCORE_TEMPO, f->sx, "a meter starts where a bar begins");
        return false;
    }
    if (ratio_compare(beat, map->meters[map->meter_count - 1].beat) < 0) {
        struct diag *d =
            score_wrong(r, E_SCORE_TEMPO, f->sx, "there is a meter already after this bar");
        diag_help(&r->diags, d, "%s", first_help);
        return false;
    }
    return !is_late(r, f, beat, map->furthest_bar, "a bar after this meter has its time already");
}

static bool is_power_of_two(int64_t n)
{
    return (n & (n - 1)) == 0;
}

void do_meter(struct reading *r, const struct form *f, struct moment *end)
{
    int64_t beats, part;
    struct ratio beat, bar;
    (void)end;
    if (!arg_whole(r, f->items[0], "the upper number of a meter", 1, 1000, &beats) ||
        !arg_whole(r, f->items[1], "the lower number of a meter", 1, 64, &part) ||
        !beat_of(r, f, &beat))
        return;
    if (!is_power_of_two(part))
        score_wrong(r, E_SCORE_VALUE_RANGE, f->items[1],
                    "the lower number of a meter is 1, 2, 4, 8, 16, 32 or 64");
    else if (meter_fits(r, f, beat) &&
             (!ratio_make(4 * beats, part, &bar) || !time_meter(&r->time, beat, bar)))
        score_trouble(r, "out of memory");
}
