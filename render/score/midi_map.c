/* midi_map.c - what of a MIDI file plays what. Numbers are as people write them: channels from 1
 * to 16, programs from 0 to 127. */
#include "render/score/reading.h"

static void map(struct reading *r, const struct form *f, const char *what, int low, int high,
                int *plans)
{
    int64_t number;
    uint32_t source;
    bool good = arg_whole(r, f->items[0], what, low, high, &number);
    if (source_find(r, f->items[1], &source) && good)
        plans[number - low] = (int)source;
}

void do_channel(struct reading *r, const struct form *f, struct moment *end)
{
    (void)end;
    map(r, f, "a channel", 1, 16, r->score->midi.channel);
}

void do_program(struct reading *r, const struct form *f, struct moment *end)
{
    (void)end;
    map(r, f, "a program", 0, 127, r->score->midi.program);
}

void do_drum(struct reading *r, const struct form *f, struct moment *end)
{
    (void)end;
    struct pitch key;
    uint32_t source;
    const struct sx *sx = f->items[0];
    bool good = pitch_read(r, sx, sx->text, sx->length, &key);
    if (good && (!key.keyed || key.key.den != 1 || key.key.num < 0 || key.key.num > 127)) {
        score_wrong(r, E_SCORE_PITCH, sx, "a drum is a note or MIDI number from 0 to 127");
        good = false;
    }
    if (source_find(r, f->items[1], &source) && good)
        r->score->midi.drum[key.key.num] = (int)source;
}

void do_cc(struct reading *r, const struct form *f, struct moment *end)
{
    (void)end;
    int64_t number;
    struct score_cc cc = {0};
    struct score_midi_map *midi = &r->score->midi;
    if (!arg_whole(r, f->items[0], "a controller", 0, 127, &number))
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
