/* time.h - tempo and meter; times as people write them; beats to frames, exactly.
 *
 * A beat is a quarter note. A moment is a sum of beats and frames; which frame it is follows from
 * the tempo map: the frame nearest to the exact value, of two the later.
 *
 * Private to render/score/. */
#ifndef RENDER_SCORE_TIME_H
#define RENDER_SCORE_TIME_H

#include "render/score/ratio.h"
#include "text/arena.h"
#include <gmp.h>

#define TIME_MOST_FRAMES (INT64_C(48000) * 1000000000)

struct moment {
    struct ratio beats, frames;
};

/* `start` is the frame of the beat times 2^128, rounded down, and that once more for each tempo
 * before: so it is too low by as many units at most. Only where these could change a result is the
 * start counted as a fraction, whose digits grow with the tempos. */
struct tempo {
    struct ratio beat, bpm;
    mpz_t start;
    int64_t whole; /* the start's frame, and 2^32ths of one, rounded down */
    uint32_t part;
    bool quick; /* it fits these */
};

struct meter {
    struct ratio beat, bar; /* where it begins; beats of a bar */
    int64_t number;         /* of its first bar, from 0 */
};

/* Where so many bars lead from a beat that no bar begins on. */
struct bar_walk {
    struct ratio from, to;
    int64_t bars; /* 0: none */
};

struct time_map {
    struct arena *arena;
    struct tempo *tempos;
    size_t tempo_count, tempo_capacity;
    struct meter *meters;
    size_t meter_count, meter_capacity;
    struct bar_walk walk;
    struct ratio furthest_beat, furthest_bar; /* beats that were converted, counted in bars */
    mpq_t exact;                              /* the frame at which the tempo exact_at starts */
    size_t exact_at;
    mpz_t over, under, work, scaled; /* room for a conversion */
    mpq_t term;
};

enum time_status {
    TIME_OK,
    TIME_MALFORMED,
    TIME_UNIT,     /* unknown; `at` says where it begins */
    TIME_TOO_FINE, /* or too large to be counted exactly */
    TIME_NO_TEMPO, /* beats, and no tempo yet */
    TIME_NO_BEAT,  /* 5:7 in a bar of four, 0:1 */
    TIME_POSITION, /* BAR:BEAT where a length is wanted */
    TIME_BACKWARDS /* bars counted backwards */
};

/* Without a tempo, in 4/4. time_free is allowed in any case. False: out of memory. */
bool time_init(struct time_map *, struct arena *);
void time_free(struct time_map *);
/* The tempo from a beat on that is not before the last one's. False: out of memory. */
bool time_tempo(struct time_map *, struct ratio beat, struct ratio bpm);
/* From a beat on that a bar begins on. */
bool time_meter(struct time_map *, struct ratio beat, struct ratio bar);
/* Whether a bar begins on that beat. */
bool time_is_bar(const struct time_map *, struct ratio beat);
/* Where the bar begins in which that beat lies, and how many beats it has. False: too fine. */
bool time_bar(const struct time_map *, struct ratio beat, struct ratio *begin,
              struct ratio *length);
/* No later meter may move a bar up to that beat. */
void time_settle(struct time_map *, struct ratio beat);

/* What a text means when counted from `start`: 1.5s, 20ms, 4800f, 3t, 4, 7/2b, 2bars, and with
 * `position` 5:3.5; sums of these. */
enum time_status time_read(struct time_map *, const char *text, size_t length,
                           const struct moment *start, bool position, struct moment *offset,
                           size_t *at);
bool moment_add(const struct moment *, const struct moment *, struct moment *sum);
bool moment_scale(const struct moment *, struct ratio by, struct moment *product);
bool moment_is_zero(const struct moment *);
/* Below, at or above 0. */
int time_compare(struct time_map *, const struct moment *, const struct moment *);
/* The frame, below 0 if before the start; more than TIME_MOST_FRAMES if it is far outside. */
int64_t time_frame(struct time_map *, const struct moment *);

#endif
