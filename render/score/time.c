#include "render/score/time.h"
#include "render/mixer/command.h"
#include "vm/repatch.h"

enum { MOST_BARS = 1000000000, FRAMES_OF_A_MINUTE = 60 * RP_SAMPLE_RATE };

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
    map->furthest_beat = map->furthest_bar = ratio_whole(0);
    mpz_inits(map->over, map->under, map->work, (mpz_ptr)0);
    return time_meter(map, ratio_whole(0), ratio_whole(4));
}

static void clear_tempo(struct tempo *tempo)
{
    mpz_clears(tempo->rate, tempo->offset, tempo->scale, (mpz_ptr)0);
}

void time_free(struct time_map *map)
{
    if (!map->arena)
        return;
    for (size_t i = 0; i < map->tempo_count; i++)
        clear_tempo(&map->tempos[i]);
    mpz_clears(map->over, map->under, map->work, (mpz_ptr)0);
    map->arena = NULL;
}

/* The last element that begins at or before the beat, or the first. */
static const struct tempo *tempo_at(const struct time_map *map, struct ratio beat)
{
    size_t low = 0, high = map->tempo_count;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (ratio_compare(map->tempos[middle].beat, beat) <= 0)
            low = middle;
        else
            high = middle;
    }
    return &map->tempos[low];
}

static size_t meter_at(const struct time_map *map, struct ratio beat)
{
    size_t i = map->meter_count - 1;
    while (i > 0 && ratio_compare(map->meters[i].beat, beat) > 0)
        i--;
    return i;
}

/* over / under := the frame of a beat */
static void frame_of_beat(struct time_map *map, struct ratio beat, mpz_t over, mpz_t under)
{
    const struct tempo *tempo = tempo_at(map, beat);
    set_integer(over, beat.num);
    mpz_mul(over, over, tempo->rate);
    set_integer(under, beat.den);
    mpz_addmul(over, under, tempo->offset);
    mpz_mul(under, under, tempo->scale);
}

/* With S/T the frame at the beat n/d, and P/R frames a beat from there on:
 * frame(b) = (b P T d + S R d - n P T) / (R T d) */
static void join_tempo(struct tempo *tempo, mpz_t s, mpz_t t, mpz_t work)
{
    struct ratio bpm = tempo->bpm, beat = tempo->beat;
    mpz_set_ui(tempo->rate, FRAMES_OF_A_MINUTE);
    multiply(tempo->rate, bpm.den, work);
    mpz_mul(tempo->rate, tempo->rate, t);
    set_integer(tempo->offset, bpm.num);
    mpz_mul(tempo->offset, tempo->offset, s);
    multiply(tempo->offset, beat.den, work);
    set_integer(work, beat.num);
    mpz_submul(tempo->offset, tempo->rate, work);
    multiply(tempo->rate, beat.den, work);
    mpz_set(tempo->scale, t);
    multiply(tempo->scale, bpm.num, work);
    multiply(tempo->scale, beat.den, work);
    mpz_gcd(work, tempo->rate, tempo->offset);
    mpz_gcd(work, work, tempo->scale);
    mpz_divexact(tempo->rate, tempo->rate, work);
    mpz_divexact(tempo->offset, tempo->offset, work);
    mpz_divexact(tempo->scale, tempo->scale, work);
}

bool time_tempo(struct time_map *map, struct ratio beat, struct ratio bpm)
{
    if (arena_grow(map->arena, (void **)&map->tempos, &map->tempo_capacity, map->tempo_count + 1,
                   sizeof *map->tempos))
        return false;
    struct tempo *tempo = &map->tempos[map->tempo_count];
    *tempo = (struct tempo){.beat = beat, .bpm = bpm};
    mpz_inits(tempo->rate, tempo->offset, tempo->scale, (mpz_ptr)0);
    mpz_set_ui(map->over, 0);
    mpz_set_ui(map->under, 1);
    if (map->tempo_count > 0)
        frame_of_beat(map, beat, map->over, map->under);
    join_tempo(tempo, map->over, map->under, map->work);
    map->tempo_count++;
    return true;
}

bool time_meter(struct time_map *map, struct ratio beat, struct ratio bar)
{
    size_t last = map->meter_count - 1;
    if (map->meter_count && ratio_compare(map->meters[last].beat, beat) == 0) {
        map->meters[last].bar = bar;
        return true;
    }
    if (arena_grow(map->arena, (void **)&map->meters, &map->meter_capacity, map->meter_count + 1,
                   sizeof *map->meters))
        return false;
    map->meters[map->meter_count++] = (struct meter){beat, bar};
    return true;
}

bool time_is_bar(const struct time_map *map, struct ratio beat)
{
    const struct meter *meter = &map->meters[meter_at(map, beat)];
    struct ratio bars;
    return ratio_subtract(beat, meter->beat, &bars) && ratio_divide(bars, meter->bar, &bars) &&
           bars.den == 1;
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

/* A bar is as long as the meter says that is in force where it begins. */
static bool skip_bars(const struct time_map *map, int64_t bars, struct ratio *beat)
{
    while (bars > 0) {
        size_t meter = meter_at(map, *beat);
        int64_t count;
        struct ratio length;
        if (!bars_within(map, meter, *beat, bars, &count) ||
            !ratio_multiply(map->meters[meter].bar, ratio_whole(count), &length) ||
            !ratio_add(*beat, length, beat))
            return false;
        bars -= count;
    }
    return true;
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

/* 5:3.5, the bar having been read. */
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
    struct ratio value;
    enum time_status status = read_number(r, &value);
    if (status != TIME_OK)
        return status;
    int unit = read_unit(r);
    if (unit < 0)
        return TIME_UNIT;
    if (units[unit].kind == BARS) {
        status = bars_long(r->map, value, r->start->beats, &value);
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

/* over / under := the moment in frames */
static void exact_frame(struct time_map *map, const struct moment *moment, mpz_t over, mpz_t under)
{
    if (map->tempo_count == 0) {
        set_integer(over, moment->frames.num);
        set_integer(under, moment->frames.den);
        return;
    }
    frame_of_beat(map, moment->beats, over, under);
    if (ratio_compare(moment->beats, map->furthest_beat) > 0)
        map->furthest_beat = moment->beats;
    if (moment->frames.num == 0)
        return;
    multiply(over, moment->frames.den, map->work);
    set_integer(map->work, moment->frames.num);
    mpz_addmul(over, under, map->work);
    multiply(under, moment->frames.den, map->work);
}

int time_compare(struct time_map *map, const struct moment *x, const struct moment *y)
{
    int beats = ratio_compare(x->beats, y->beats), frames = ratio_compare(x->frames, y->frames);
    if (beats * frames >= 0)
        return beats ? beats : frames;
    mpz_t over, under;
    mpz_inits(over, under, (mpz_ptr)0);
    exact_frame(map, x, over, under);
    exact_frame(map, y, map->over, map->under);
    mpz_mul(over, over, map->under);
    mpz_mul(under, under, map->over);
    int order = mpz_cmp(over, under);
    mpz_clears(over, under, (mpz_ptr)0);
    return order;
}

/* floor(x + 1/2) = floor((2 over + under) / (2 under)) */
int64_t time_frame(struct time_map *map, const struct moment *moment)
{
    exact_frame(map, moment, map->over, map->under);
    mpz_mul_2exp(map->over, map->over, 1);
    mpz_add(map->over, map->over, map->under);
    mpz_mul_2exp(map->under, map->under, 1);
    mpz_fdiv_q(map->over, map->over, map->under);
    if (mpz_sgn(map->over) < 0)
        return -1;
    uint64_t frame = 0;
    if (mpz_sizeinbase(map->over, 2) > 60)
        return TIME_MOST_FRAMES + 1;
    mpz_export(&frame, NULL, -1, sizeof frame, 0, 0, map->over);
    return (int64_t)frame;
}
