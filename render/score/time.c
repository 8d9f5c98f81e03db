#include "render/score/time.h"
#include "render/mixer/command.h"
#include "vm/repatch.h"
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    MOST_BARS = 1000000000,
    FRAMES_OF_A_MINUTE = 60 * RP_SAMPLE_RATE,
    POINT = 128 /* bits of a frame's fraction */
};

/* --- memory -------------------------------------------------------------------------------- */

/* GMP ends the program when it gets no memory. Here it gets some of a reserve instead, and the
 * arena says that memory ran out, which ends the reading after the form at hand. Numbers are of a
 * few words, and most of them last. */
enum { RESERVE = 1 << 16, UNIT = 16 };
static struct {
    _Alignas(max_align_t) unsigned char bytes[RESERVE];
    size_t used;
    struct arena *arena;
} reserve;

static bool is_reserve(const void *memory)
{
    uintptr_t at = (uintptr_t)memory, begin = (uintptr_t)reserve.bytes;
    return at >= begin && at < begin + RESERVE;
}

static void *take_reserve(size_t size)
{
    size_t room = (size + UNIT - 1) / UNIT * UNIT;
    if (reserve.arena)
        reserve.arena->failed = 1;
    if (!reserve.arena || room > RESERVE - reserve.used) {
        fputs("error: out of memory\n", stderr);
        exit(2);
    }
    reserve.used += room;
    return reserve.bytes + reserve.used - room;
}

static void *number_take(size_t size)
{
    void *memory = malloc(size);
    return memory ? memory : take_reserve(size);
}

static void number_give(void *memory, size_t size)
{
    (void)size;
    if (!is_reserve(memory))
        free(memory);
}

static void *number_retake(void *old, size_t before, size_t size)
{
    void *memory = is_reserve(old) ? NULL : realloc(old, size);
    if (memory)
        return memory;
    memory = take_reserve(size);
    memcpy(memory, old, before < size ? before : size);
    number_give(old, before);
    return memory;
}

/* --- the maps ----------------------------------------------------------------------------- */

/* Also where a long has 32 bits. */
static void set_integer(mpz_t z, int64_t value)
{
    uint64_t size = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    mpz_import(z, 1, -1, sizeof size, 0, 0, &size);
    if (value < 0)
        mpz_neg(z, z);
}

static void multiply(mpz_t z, int64_t value, mpz_t work)
{
    if (value == 1)
        return;
    set_integer(work, value);
    mpz_mul(z, z, work);
}

bool time_init(struct time_map *map, struct arena *arena)
{
    *map = (struct time_map){.arena = arena};
    reserve.arena = arena;
    mp_set_memory_functions(number_take, number_retake, number_give);
    map->furthest_beat = map->furthest_bar = ratio_whole(0);
    mpz_inits(map->over, map->under, map->work, map->scaled, (mpz_ptr)0);
    mpq_init(map->exact);
    mpq_init(map->term);
    return time_meter(map, ratio_whole(0), ratio_whole(4));
}

void time_free(struct time_map *map)
{
    if (!map->arena)
        return;
    for (size_t i = 0; i < map->tempo_count; i++)
        mpz_clear(map->tempos[i].start);
    mpz_clears(map->over, map->under, map->work, map->scaled, (mpz_ptr)0);
    mpq_clear(map->exact);
    mpq_clear(map->term);
    map->arena = NULL;
    reserve.arena = NULL;
}

/* The last one that begins at or before the beat, or the first. */
static size_t tempo_at(const struct time_map *map, struct ratio beat)
{
    size_t low = 0, high = map->tempo_count;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (ratio_compare(map->tempos[middle].beat, beat) <= 0)
            low = middle;
        else
            high = middle;
    }
    return low;
}

static size_t meter_at(const struct time_map *map, struct ratio beat)
{
    size_t low = 0, high = map->meter_count;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (ratio_compare(map->meters[middle].beat, beat) <= 0)
            low = middle;
        else
            high = middle;
    }
    return low;
}

/* over / under := frames from the start of a tempo to a moment: with the beats b and B, F frames
 * of a minute and the tempo m, (b - B) F / m + frames. */
static void frames_within(struct time_map *map, size_t at, const struct moment *moment, mpz_t over,
                          mpz_t under)
{
    mpz_set_ui(over, 0);
    mpz_set_ui(under, 1);
    if (map->tempo_count > 0) {
        const struct tempo *tempo = &map->tempos[at];
        set_integer(over, moment->beats.num);
        multiply(over, tempo->beat.den, map->work);
        set_integer(under, tempo->beat.num);
        multiply(under, moment->beats.den, map->work);
        mpz_sub(over, over, under);
        mpz_mul_ui(over, over, FRAMES_OF_A_MINUTE);
        multiply(over, tempo->bpm.den, map->work);
        set_integer(under, tempo->bpm.num);
        multiply(under, moment->beats.den, map->work);
        multiply(under, tempo->beat.den, map->work);
    }
    if (moment->frames.num == 0)
        return;
    multiply(over, moment->frames.den, map->work);
    set_integer(map->work, moment->frames.num);
    mpz_addmul(over, under, map->work);
    multiply(under, moment->frames.den, map->work);
}

/* scaled := the moment's frame times 2^POINT, less than `at` + 1 too low. */
static void scaled_frame(struct time_map *map, size_t at, const struct moment *moment, mpz_t scaled)
{
    frames_within(map, at, moment, map->over, map->under);
    mpz_mul_2exp(map->over, map->over, POINT);
    mpz_fdiv_q(scaled, map->over, map->under);
    if (map->tempo_count > 0)
        mpz_add(scaled, scaled, map->tempos[at].start);
}

static void fraction_within(struct time_map *map, size_t at, const struct moment *moment, mpq_t q)
{
    frames_within(map, at, moment, mpq_numref(q), mpq_denref(q));
    mpq_canonicalize(q);
}

/* The fraction at which a tempo starts may have as many digits as there are tempos, so there is
 * but one: it is moved from tempo to tempo. */
static void exact_start(struct time_map *map, size_t at)
{
    struct moment end = {.frames = ratio_whole(0)};
    while (map->exact_at < at) {
        end.beats = map->tempos[map->exact_at + 1].beat;
        fraction_within(map, map->exact_at++, &end, map->term);
        mpq_add(map->exact, map->exact, map->term);
    }
    while (map->exact_at > at) {
        end.beats = map->tempos[map->exact_at].beat;
        fraction_within(map, --map->exact_at, &end, map->term);
        mpq_sub(map->exact, map->exact, map->term);
    }
}

static void exact_frame(struct time_map *map, size_t at, const struct moment *moment, mpq_t frame)
{
    exact_start(map, at);
    fraction_within(map, at, moment, frame);
    mpq_add(frame, frame, map->exact);
}

/* The start for frame_quickly. */
static void start_quickly(struct time_map *map, struct tempo *tempo)
{
    uint64_t whole = 0, part = 0;
    mpz_fdiv_q_2exp(map->over, tempo->start, POINT);
    tempo->quick = mpz_sizeinbase(map->over, 2) < 60;
    mpz_fdiv_r_2exp(map->under, tempo->start, POINT);
    mpz_fdiv_q_2exp(map->under, map->under, POINT - 32);
    if (tempo->quick)
        mpz_export(&whole, NULL, -1, sizeof whole, 0, 0, map->over);
    mpz_export(&part, NULL, -1, sizeof part, 0, 0, map->under);
    tempo->whole = (int64_t)whole;
    tempo->part = (uint32_t)part;
}

bool time_tempo(struct time_map *map, struct ratio beat, struct ratio bpm)
{
    const struct moment start = {beat, ratio_whole(0)};
    if (arena_grow(map->arena, (void **)&map->tempos, &map->tempo_capacity, map->tempo_count + 1,
                   sizeof *map->tempos))
        return false;
    struct tempo *tempo = &map->tempos[map->tempo_count];
    *tempo = (struct tempo){.beat = beat, .bpm = bpm};
    mpz_init(tempo->start);
    if (map->tempo_count > 0)
        scaled_frame(map, map->tempo_count - 1, &start, tempo->start);
    start_quickly(map, tempo);
    map->tempo_count++;
    return true;
}

/* The number of the bar, from 0, that begins on the beat. False: none does, or it does not fit. */
static bool bar_number(const struct time_map *map, struct ratio beat, int64_t *number)
{
    const struct meter *meter = &map->meters[meter_at(map, beat)];
    struct ratio bars;
    return ratio_subtract(beat, meter->beat, &bars) && ratio_divide(bars, meter->bar, &bars) &&
           bars.den == 1 && !__builtin_add_overflow(meter->number, bars.num, number);
}

bool time_meter(struct time_map *map, struct ratio beat, struct ratio bar)
{
    size_t last = map->meter_count - 1;
    int64_t number = 0;
    map->walk.bars = 0;
    if (map->meter_count && ratio_compare(map->meters[last].beat, beat) == 0) {
        map->meters[last].bar = bar;
        return true;
    }
    if ((map->meter_count && !bar_number(map, beat, &number)) ||
        arena_grow(map->arena, (void **)&map->meters, &map->meter_capacity, map->meter_count + 1,
                   sizeof *map->meters))
        return false;
    map->meters[map->meter_count++] = (struct meter){beat, bar, number};
    return true;
}

bool time_is_bar(const struct time_map *map, struct ratio beat)
{
    int64_t number;
    return bar_number(map, beat, &number);
}

/* --- bars --------------------------------------------------------------------------------- */

/* How many bars begin between a beat and the end of its meter, at most `most`. */
static bool bars_within(const struct time_map *map, size_t meter, struct ratio from, int64_t most,
                        int64_t *count)
{
    struct ratio left;
    *count = most;
    if (meter + 1 == map->meter_count)
        return true;
    if (!ratio_subtract(map->meters[meter + 1].beat, from, &left) ||
        !ratio_divide(left, map->meters[meter].bar, &left))
        return false;
    int64_t whole = ratio_floor(left) + (left.den > 1);
    *count = whole < most ? whole : most;
    return true;
}

/* Where the bar of a number begins. */
static bool bar_begin(const struct time_map *map, int64_t number, struct ratio *beat)
{
    size_t low = 0, high = map->meter_count;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (map->meters[middle].number <= number)
            low = middle;
        else
            high = middle;
    }
    const struct meter *meter = &map->meters[low];
    return ratio_multiply(meter->bar, ratio_whole(number - meter->number), beat) &&
           ratio_add(*beat, meter->beat, beat);
}

/* Bars from within a bar begin on no bar line, and no number finds them. The walk goes on where the
 * last one from there ended. */
static bool walk_bars(struct time_map *map, int64_t bars, struct ratio *beat)
{
    struct bar_walk walk = {.from = *beat, .to = *beat};
    if (map->walk.bars > 0 && map->walk.bars <= bars && ratio_compare(map->walk.from, *beat) == 0)
        walk = map->walk;
    while (walk.bars < bars) {
        size_t meter = meter_at(map, walk.to);
        int64_t count;
        struct ratio length;
        if (!bars_within(map, meter, walk.to, bars - walk.bars, &count) ||
            !ratio_multiply(map->meters[meter].bar, ratio_whole(count), &length) ||
            !ratio_add(walk.to, length, &walk.to))
            return false;
        walk.bars += count;
    }
    map->walk = walk;
    *beat = walk.to;
    return true;
}

/* A bar is as long as the meter says that is in force where it begins. */
static bool skip_bars(struct time_map *map, int64_t bars, struct ratio *beat)
{
    int64_t number;
    if (bars == 0)
        return true;
    if (!bar_number(map, *beat, &number))
        return walk_bars(map, bars, beat);
    return !__builtin_add_overflow(number, bars, &number) && bar_begin(map, number, beat);
}

void time_settle(struct time_map *map, struct ratio beat)
{
    if (ratio_compare(beat, map->furthest_bar) > 0)
        map->furthest_bar = beat;
}

bool time_bar(const struct time_map *map, struct ratio beat, struct ratio *begin,
              struct ratio *length)
{
    const struct meter *meter = &map->meters[meter_at(map, beat)];
    struct ratio bars;
    *length = meter->bar;
    return ratio_subtract(beat, meter->beat, &bars) && ratio_divide(bars, meter->bar, &bars) &&
           ratio_multiply(ratio_whole(ratio_floor(bars)), meter->bar, &bars) &&
           ratio_add(meter->beat, bars, begin);
}

/* Whole bars, then a part of the one that follows. */
static enum time_status bars_long(struct time_map *map, struct ratio bars, struct ratio from,
                                  struct ratio *beats)
{
    struct ratio to = from, part;
    int64_t whole = ratio_floor(bars);
    if (bars.num < 0)
        return TIME_BACKWARDS;
    if (whole > MOST_BARS || !skip_bars(map, whole, &to) ||
        !ratio_subtract(bars, ratio_whole(whole), &part) ||
        !ratio_multiply(part, map->meters[meter_at(map, to)].bar, &part) ||
        !ratio_add(to, part, &to) || !ratio_subtract(to, from, beats))
        return TIME_TOO_FINE;
    time_settle(map, to);
    return TIME_OK;
}

static enum time_status bar_and_beat(struct time_map *map, struct ratio bar, struct ratio beat,
                                     struct ratio from, struct ratio *beats)
{
    struct ratio to = from;
    if (bar.den != 1 || bar.num < 1 || bar.num > MOST_BARS || beat.num < beat.den)
        return TIME_NO_BEAT;
    if (!skip_bars(map, bar.num - 1, &to) || !ratio_subtract(beat, ratio_whole(1), &beat))
        return TIME_TOO_FINE;
    if (ratio_compare(beat, map->meters[meter_at(map, to)].bar) >= 0)
        return TIME_NO_BEAT;
    if (!ratio_add(to, beat, &to) || !ratio_subtract(to, from, beats))
        return TIME_TOO_FINE;
    time_settle(map, to);
    return TIME_OK;
}

/* --- texts -------------------------------------------------------------------------------- */

enum unit_kind { FRAMES, BEATS, BARS };

static const struct {
    const char *name;
    enum unit_kind kind;
    struct ratio size;
} units[] = {
    {"s", FRAMES, {RP_SAMPLE_RATE, 1}},
    {"ms", FRAMES, {RP_SAMPLE_RATE / 1000, 1}},
    {"us", FRAMES, {RP_SAMPLE_RATE / 1000, 1000}},
    {"f", FRAMES, {1, 1}},
    {"t", FRAMES, {MIX_TICK, 1}},
    {"", BEATS, {1, 1}},
    {"b", BEATS, {1, 1}},
    {"beat", BEATS, {1, 1}},
    {"beats", BEATS, {1, 1}},
    {"bar", BARS, {1, 1}},
    {"bars", BARS, {1, 1}},
};

enum { UNIT_COUNT = sizeof units / sizeof *units };

struct reader {
    struct time_map *map;
    const char *text;
    size_t length, at;
    const struct moment *start;
    struct moment sum;
};

static char lower(char c)
{
    return (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

static bool is_letter(char c)
{
    return lower(c) >= 'a' && lower(c) <= 'z';
}

/* The row of the letters at the reader's place, which are passed over; or -1. */
static int read_unit(struct reader *r)
{
    size_t end = r->at;
    while (end < r->length && is_letter(r->text[end]))
        end++;
    for (int i = 0; i < UNIT_COUNT; i++) {
        size_t n = 0;
        while (r->at + n < end && units[i].name[n] == lower(r->text[r->at + n]))
            n++;
        if (r->at + n == end && !units[i].name[n]) {
            r->at = end;
            return i;
        }
    }
    return -1;
}

static enum time_status add_beats(struct reader *r, struct ratio beats)
{
    if (beats.num != 0 && r->map->tempo_count == 0)
        return TIME_NO_TEMPO;
    return ratio_add(r->sum.beats, beats, &r->sum.beats) ? TIME_OK : TIME_TOO_FINE;
}

static enum time_status read_number(struct reader *r, struct ratio *value)
{
    bool fits;
    size_t used = ratio_read(r->text + r->at, r->length - r->at, value, &fits);
    r->at += used;
    return used == 0 ? TIME_MALFORMED : fits ? TIME_OK : TIME_TOO_FINE;
}

/* Bars are counted from where the beats before them lead. */
static bool bars_from(const struct reader *r, struct ratio *beat)
{
    return ratio_add(r->start->beats, r->sum.beats, beat);
}

/* 5:3.5, the bar having been read. It comes first, so it counts from the start. */
static enum time_status read_position(struct reader *r, struct ratio bar)
{
    struct ratio beat, beats;
    if (r->at + 1 < r->length && (r->text[r->at + 1] == '-' || r->text[r->at + 1] == '+'))
        return TIME_MALFORMED;
    r->at++;
    enum time_status status = read_number(r, &beat);
    if (status == TIME_OK)
        status = bar_and_beat(r->map, bar, beat, r->start->beats, &beats);
    return status == TIME_OK ? add_beats(r, beats) : status;
}

static enum time_status read_term(struct reader *r)
{
    struct ratio value, from;
    enum time_status status = read_number(r, &value);
    if (status != TIME_OK)
        return status;
    int unit = read_unit(r);
    if (unit < 0)
        return TIME_UNIT;
    if (units[unit].kind == BARS) {
        if (!bars_from(r, &from))
            return TIME_TOO_FINE;
        status = bars_long(r->map, value, from, &value);
        return status == TIME_OK ? add_beats(r, value) : status;
    }
    if (!ratio_multiply(value, units[unit].size, &value))
        return TIME_TOO_FINE;
    if (units[unit].kind == BEATS)
        return add_beats(r, value);
    return ratio_add(r->sum.frames, value, &r->sum.frames) ? TIME_OK : TIME_TOO_FINE;
}

static bool begins_position(const struct reader *r)
{
    size_t i = 0;
    while (i < r->length && r->text[i] >= '0' && r->text[i] <= '9')
        i++;
    return i > 0 && i < r->length && r->text[i] == ':';
}

static enum time_status read_first(struct reader *r, bool position)
{
    struct ratio bar;
    if (!begins_position(r))
        return read_term(r);
    if (!position)
        return TIME_POSITION;
    enum time_status status = read_number(r, &bar);
    return status == TIME_OK ? read_position(r, bar) : status;
}

enum time_status time_read(struct time_map *map, const char *text, size_t length,
                           const struct moment *start, bool position, struct moment *offset,
                           size_t *at)
{
    struct reader r = {map, text, length, 0, start, {ratio_whole(0), ratio_whole(0)}};
    enum time_status status = read_first(&r, position);
    while (status == TIME_OK && r.at < length)
        status = text[r.at] == '+' || text[r.at] == '-' ? read_term(&r) : TIME_MALFORMED;
    *offset = r.sum;
    *at = r.at;
    return status;
}

/* --- moments ------------------------------------------------------------------------------ */

bool moment_add(const struct moment *x, const struct moment *y, struct moment *sum)
{
    return ratio_add(x->beats, y->beats, &sum->beats) &&
           ratio_add(x->frames, y->frames, &sum->frames);
}

bool moment_scale(const struct moment *x, struct ratio by, struct moment *product)
{
    return ratio_multiply(x->beats, by, &product->beats) &&
           ratio_multiply(x->frames, by, &product->frames);
}

bool moment_is_zero(const struct moment *x)
{
    return x->beats.num == 0 && x->frames.num == 0;
}

/* Where the moment's tempo is; no later one may move it. */
static size_t use_tempo(struct time_map *map, const struct moment *moment)
{
    if (map->tempo_count == 0)
        return 0;
    if (ratio_compare(moment->beats, map->furthest_beat) > 0)
        map->furthest_beat = moment->beats;
    return tempo_at(map, moment->beats);
}

static int compare_exactly(struct time_map *map, size_t at_x, const struct moment *x, size_t at_y,
                           const struct moment *y)
{
    mpq_t left, right;
    mpq_inits(left, right, (mpq_ptr)0);
    if (at_x == at_y) {
        fraction_within(map, at_x, x, left);
        fraction_within(map, at_y, y, right);
    } else {
        exact_frame(map, at_x, x, left);
        exact_frame(map, at_y, y, right);
    }
    int order = mpq_cmp(left, right);
    mpq_clears(left, right, (mpq_ptr)0);
    return order;
}

int time_compare(struct time_map *map, const struct moment *x, const struct moment *y)
{
    int beats = ratio_compare(x->beats, y->beats), frames = ratio_compare(x->frames, y->frames);
    if (beats * frames >= 0)
        return beats ? beats : frames;
    size_t at_x = use_tempo(map, x), at_y = use_tempo(map, y);
    mpz_t left;
    mpz_init(left);
    scaled_frame(map, at_x, x, left);
    scaled_frame(map, at_y, y, map->scaled);
    mpz_sub(left, left, map->scaled);
    /* Each is too low by less than its own number of tempos. */
    int order = mpz_cmp_ui(left, at_y + 1) >= 0                           ? 1
                : mpz_sgn(left) < 0 && mpz_cmpabs_ui(left, at_x + 1) >= 0 ? -1
                                                                          : 0;
    mpz_clear(left);
    return order ? order : compare_exactly(map, at_x, x, at_y, y);
}

/* frame := floor(x + 1/2) of x / 2^POINT */
static void round_scaled(mpz_t frame, mpz_t scaled)
{
    mpz_fdiv_q_2exp(frame, scaled, POINT - 1);
    mpz_add_ui(frame, frame, 1);
    mpz_fdiv_q_2exp(frame, frame, 1);
}

/* frame := floor(x + 1/2) = floor((2 over + under) / (2 under)) */
static void round_exactly(struct time_map *map, size_t at, const struct moment *moment, mpz_t frame)
{
    mpq_t exact;
    mpq_init(exact);
    exact_frame(map, at, moment, exact);
    mpz_mul_2exp(frame, mpq_numref(exact), 1);
    mpz_add(frame, frame, mpq_denref(exact));
    mpz_mul_2exp(map->under, mpq_denref(exact), 1);
    mpz_fdiv_q(frame, frame, map->under);
    mpq_clear(exact);
}

static bool times(int64_t *value, int64_t by)
{
    return !__builtin_mul_overflow(*value, by, value);
}

/* As frames_within. False: it does not fit. */
static bool quickly_within(const struct time_map *map, size_t at, const struct moment *moment,
                           int64_t *over, int64_t *under)
{
    struct ratio beats = moment->beats, frames = moment->frames;
    *over = 0;
    *under = 1;
    if (map->tempo_count > 0 && (beats.num != 0 || at > 0)) {
        const struct tempo *tempo = &map->tempos[at];
        int64_t before = tempo->beat.num;
        *over = beats.num;
        *under = tempo->bpm.num;
        if (!times(over, tempo->beat.den) || !times(&before, beats.den) ||
            __builtin_sub_overflow(*over, before, over) || !times(over, FRAMES_OF_A_MINUTE) ||
            !times(over, tempo->bpm.den) || !times(under, beats.den) ||
            !times(under, tempo->beat.den))
            return false;
    }
    int64_t more = frames.num;
    return frames.num == 0 ||
           (times(over, frames.den) && times(&more, *under) &&
            !__builtin_add_overflow(*over, more, over) && times(under, frames.den));
}

/* floor(x + 1/2), as far as integers of 64 bits can tell. With a start that was rounded down, as a
 * quotient is, x is less than 3 units too low. */
static bool frame_quickly(const struct time_map *map, size_t at, const struct moment *moment,
                          int64_t *frame)
{
    int64_t over, under;
    if (!quickly_within(map, at, moment, &over, &under))
        return false;
    int64_t whole = over / under - (over % under < 0), rest = over - whole * under;
    if (at == 0) {
        *frame = whole + (rest >= under - rest);
        return true;
    }
    const struct tempo *tempo = &map->tempos[at];
    if (!tempo->quick || under > INT32_MAX)
        return false;
    uint64_t half = UINT64_C(1) << 31;
    uint64_t part = tempo->part + ((uint64_t)rest << 32) / (uint64_t)under + half;
    *frame = (int64_t)(part >> 32);
    return part >> 32 == (part + 3) >> 32 && !__builtin_add_overflow(*frame, whole, frame) &&
           !__builtin_add_overflow(*frame, tempo->whole, frame);
}

int64_t time_frame(struct time_map *map, const struct moment *moment)
{
    size_t at = use_tempo(map, moment);
    int64_t quick;
    if (frame_quickly(map, at, moment, &quick))
        return quick < 0 ? -1 : quick;
    scaled_frame(map, at, moment, map->scaled);
    round_scaled(map->over, map->scaled);
    mpz_add_ui(map->scaled, map->scaled, at); /* it is below one more */
    round_scaled(map->under, map->scaled);
    if (mpz_cmp(map->over, map->under) != 0)
        round_exactly(map, at, moment, map->over);
    if (mpz_sgn(map->over) < 0)
        return -1;
    uint64_t frame = 0;
    if (mpz_sizeinbase(map->over, 2) > 60)
        return TIME_MOST_FRAMES + 1;
    mpz_export(&frame, NULL, -1, sizeof frame, 0, 0, map->over);
    return (int64_t)frame;
}
