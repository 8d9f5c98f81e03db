/* midi_map.c - what of a MIDI file plays what. Numbers are as people write them: channels from 1
 * to 16, programs from 0 to 127. */
#include "render/score/reading.h"

enum { MOST_CONTROLLER = 119 }; /* from 120 on they are mode messages */

/* LOW HIGH SOURCE, or NUMBER SOURCE: the numbers were read. */
static void map(struct reading *r, const struct form *f, bool good, int64_t low, int64_t high,
                int *plans)
{
    uint32_t source;
    if (good && low > high) {
        struct diag *d = score_wrong(r, E_SCORE_VALUE_RANGE, f->items[1],
                                     "the end of this range comes before its start");
        diag_help(&r->diags, d, "the shape is %s", f->row->shape);
        good = false;
    }
    if (!source_find(r, f->items[f->count - 1], &source) || !good)
        return;
    for (int64_t i = low; i <= high; i++)
        plans[i] = (int)source;
}

/* `plans` begin with the number `low`. */
static void map_numbers(struct reading *r, const struct form *f, const char *what, int low,
                        int high, int *plans)
{
    int64_t first = 0, last;
    bool good = arg_whole(r, f->items[0], what, low, high, &first);
    last = first;
    if (f->count == 3)
        good &= arg_whole(r, f->items[1], what, low, high, &last);
    map(r, f, good, first - low, last - low, plans);
}

void do_channel(struct reading *r, const struct form *f, struct moment *end)
{
    (void)end;
    map_numbers(r, f, "a channel", 1, 16, r->score->midi.channel);
}

void do_program(struct reading *r, const struct form *f, struct moment *end)
{
    (void)end;
    map_numbers(r, f, "a program", 0, 127, r->score->midi.program);
}

static bool read_key(struct reading *r, const struct sx *sx, int64_t *number)
{
    struct pitch pitch;
    if (!pitch_read(r, sx, sx->text, sx->length, &pitch))
        return false;
    *number = pitch.key.num;
    if (pitch.keyed && pitch.key.den == 1 && *number >= 0 && *number <= 127)
        return true;
    score_wrong(r, E_SCORE_PITCH, sx, "a drum is a note or MIDI number from 0 to 127");
    return false;
}

void do_drum(struct reading *r, const struct form *f, struct moment *end)
{
    (void)end;
    int64_t first = 0, last;
    bool good = read_key(r, f->items[0], &first);
    last = first;
    if (f->count == 3)
        good &= read_key(r, f->items[1], &last);
    map(r, f, good, first, last, r->score->midi.drum);
}

void do_cc(struct reading *r, const struct form *f, struct moment *end)
{
    (void)end;
    int64_t number;
    struct score_cc cc = {0};
    struct score_midi_map *midi = &r->score->midi;
    if (!arg_whole(r, f->items[0], "a controller", 0, MOST_CONTROLLER, &number))
        return;
    if (f->count == 3) {
        struct diag *d = score_wrong(r, E_SCORE_SHAPE, f->sx, "a range has a low and a high end");
        diag_help(&r->diags, d, "the shape is %s", f->row->shape);
        return;
    }
    cc.number = (uint8_t)number;
    cc.ranged = f->count == 4;
    if (cc.ranged ? !param_anywhere(r, f->items[1], f->items[2], &cc.low) ||
                        !param_anywhere(r, f->items[1], f->items[3], &cc.high)
                  : !param_exists(r, f->items[1]))
        return;
    cc.param = param_number(r, f->items[1]->text);
    if (arena_grow(&r->score->arena, (void **)&midi->ccs, &r->cc_capacity, midi->cc_count + 1,
                   sizeof *midi->ccs) == 0)
        midi->ccs[midi->cc_count++] = cc;
}

void do_bend(struct reading *r, const struct form *f, struct moment *end)
{
    (void)end;
    struct ratio semitones;
    if (!arg_semitones(r, f->items[0], &semitones))
        return;
    if (semitones.num < 0 || ratio_compare(semitones, ratio_whole(96)) > 0)
        score_wrong(r, E_SCORE_VALUE_RANGE, f->items[0], "a bend goes from 0 to 96 semitones");
    else
        r->score->midi.bend = (float)ratio_double(semitones);
}
