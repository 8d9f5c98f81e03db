/* midi.c - what an instrument map makes of a MIDI file's messages.
 *
 *   instrument   drum[key] on channel 10, else channel[n], else program[n] (not on channel 10)
 *   volume       round(P v c e / 127^3): P the plan's volume, v velocity (127 for a patch that has
 *                a velocity parameter), c controller 7, e controller 11; both 127 at first
 *   pan          the plan's + w - 128, held within 0 .. 255: w = 2 x, and 1 more from x = 96 on, x
 *                being controller 10, 64 at first
 *   rate         the plan's * 2^((key - root + b) / 12) for a sample, * 2^(b / 12) for a patch
 *                and for a drum, which every key plays alike; b the bend in semitones
 *   controllers  one that the map names does what the map says and nothing else
 *
 * Messages act on notes that are held, by their key or by the pedal, and on later ones. A drum's
 * sample without a loop is not held: it sounds to its end. */
#include "render/score/midi_file.h"
#include "render/score/pitch.h"
#include "render/score/score.h"
#include "text/number.h"
#include "text/source.h"
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
    CHANNELS = 16,
    KEYS = 128,
    DRUMS = 9,   /* channel 10, counted from 0 */
    MOST = 127,  /* of a data byte */
    RAMP = 240,  /* frames a change of volume or pan takes, lest it clicks: 5 ms */
    UNSET = 255, /* a controller that was not moved */
    BEND_RPN = 0,
    NO_RPN = 0x3fff,
    READ_BYTES = 64 * 1024,
    SAID_GROUPS = 8 /* of notes without an instrument */
};

enum controller {
    CC_DATA = 6,
    CC_VOLUME = 7,
    CC_PAN = 10,
    CC_EXPRESSION = 11,
    CC_DATA_FINE = 38,
    CC_PEDAL = 64,
    CC_NRPN_FINE = 98,
    CC_NRPN = 99,
    CC_RPN_FINE = 100,
    CC_RPN = 101,
    CC_SOUND_OFF = 120,
    CC_RESET = 121,
    CC_NOTES_OFF = 123
};

enum note_state { NOTE_NONE, NOTE_HELD, NOTE_PEDAL, NOTE_RELEASED };

/* The latest note of a key. */
struct note {
    enum note_state state;
    int drum;
    uint8_t velocity;
    const struct score_plan *plan;
    uint64_t order, frame; /* of its play */
};

struct channel {
    struct note notes[KEYS];
    uint8_t program, volume, expression, pan;
    int pedal;
    int bend;                  /* -8192 .. 8191 */
    unsigned semitones, cents; /* of a full bend, once set by RPN 0 */
    double range;              /* semitones of a full bend */
    unsigned rpn;              /* the registered parameter that data entry sets */
    uint8_t cc[CC_SOUND_OFF];  /* what the map names */
    uint64_t missing[KEYS];    /* notes without an instrument, by program; on channel 10 by key */
};

struct player {
    struct score *score;
    uint64_t frame;
    struct channel channels[CHANNELS];
    struct render_error error;
};

/* --- formulas ------------------------------------------------------------------------------ */

static int is_patch(const struct player *p, const struct score_plan *plan)
{
    return p->score->sources[plan->play.source].program != NULL;
}

static uint8_t volume_of(const struct channel *c, const struct note *n)
{
    const uint64_t whole = MOST * MOST * MOST;
    uint64_t velocity = n->plan->velocity >= 0 ? MOST : n->velocity;
    uint64_t product = n->plan->play.volume * velocity * c->volume * c->expression;
    return (uint8_t)((2 * product + whole) / (2 * whole));
}

static uint8_t pan_of(const struct channel *c, const struct note *n)
{
    int pan = n->plan->play.pan + 2 * c->pan + (c->pan >= 96) - 128;
    return (uint8_t)(pan < 0 ? 0 : pan > 255 ? 255 : pan);
}

static int64_t rounded_rate(double rate)
{
    double size = rate < 0 ? -rate : rate;
    size = size < 1.0 ? 1.0 : size;
    size = size > (double)MIX_RATE_MOST ? (double)MIX_RATE_MOST : size;
    int64_t whole = (int64_t)(size + 0.5);
    return rate < 0 ? -whole : whole;
}

static int64_t rate_of(const struct player *p, const struct channel *c, const struct note *n,
                       unsigned key)
{
    double semitones = c->bend / 8192.0 * c->range;
    if (!is_patch(p, n->plan) && !n->drum)
        semitones += (int)key - n->plan->root;
    if (semitones == 0)
        return n->plan->play.rate;
    return rounded_rate((double)n->plan->play.rate * number_exp2(semitones / 12.0));
}

static float frequency_of(unsigned key)
{
    return (float)key_hz(ratio_whole(key));
}

/* The parameter of this plan's patch that a mapped controller moves, or NULL. */
static const struct rp_param *moved_param(const struct player *p, const struct score_cc *cc,
                                          const struct score_plan *plan)
{
    const struct rp_program *program = p->score->sources[plan->play.source].program;
    int number = program ? rp_param_find(program, p->score->params[cc->param]) : -1;
    return number < 0 ? NULL : rp_param_info(program, (unsigned)number);
}

static float moved_value(const struct score_cc *cc, const struct rp_param *param, uint8_t value)
{
    float position = (float)value / 127.0f;
    return cc->ranged ? cc->low + (cc->high - cc->low) * position : rp_param_at(param, position);
}

/* What the parameter is before its controller is moved. */
static float unmoved_value(const struct score_cc *cc, const struct rp_param *param,
                           const struct score_plan *plan)
{
    float value = param->def;
    for (size_t i = 0; i < plan->part_count; i++)
        if (plan->parts[i].verb == MIX_SET && plan->parts[i].param == cc->param)
            value = plan->parts[i].number;
    return value;
}

/* --- commands ------------------------------------------------------------------------------ */

static enum render_status add(struct player *p, struct mix_command *command)
{
    return score_add(p->score, command, &p->error);
}

/* A command for the sound of a note, which in a quantised score may begin later than its message.
 */
static struct mix_command to_note(const struct player *p, const struct note *n, enum mix_verb verb)
{
    return (struct mix_command){.frame = p->frame > n->frame ? p->frame : n->frame,
                                .target = n->order,
                                .verb = (uint8_t)verb,
                                .to = MIX_SOUND};
}

static enum render_status simple(struct player *p, const struct note *n, enum mix_verb verb)
{
    struct mix_command c = to_note(p, n, verb);
    return add(p, &c);
}

static enum render_status ramp(struct player *p, const struct note *n, enum mix_verb verb,
                               uint8_t value)
{
    struct mix_command c = to_note(p, n, verb);
    c.value = value;
    c.frames = RAMP;
    return add(p, &c);
}

static enum render_status set_pitch(struct player *p, const struct channel *c, const struct note *n,
                                    unsigned key)
{
    struct mix_command command = to_note(p, n, MIX_SET_PITCH);
    command.rate = rate_of(p, c, n, key);
    return is_patch(p, n->plan) && n->plan->pitch < 0 ? RENDER_OK : add(p, &command);
}

/* A parameter that comes with the play. */
static enum render_status set_part(struct player *p, const struct note *n, uint32_t param,
                                   float value)
{
    struct mix_command c = to_note(p, n, MIX_SET);
    c.frame = n->frame;
    c.part = 1;
    c.param = param;
    c.number = value;
    return add(p, &c);
}

/* --- notes --------------------------------------------------------------------------------- */

static const struct score_plan *choose(const struct player *p, unsigned channel, unsigned key,
                                       int *drum)
{
    const struct score_midi_map *map = &p->score->midi;
    int plan = channel == DRUMS ? map->drum[key] : -1;
    *drum = plan >= 0;
    if (plan < 0)
        plan = map->channel[channel];
    if (plan < 0 && channel != DRUMS)
        plan = map->program[p->channels[channel].program];
    return plan < 0 ? NULL : &p->score->plans[plan];
}

static int is_sounding(const struct note *n)
{
    return n->state == NOTE_HELD || n->state == NOTE_PEDAL;
}

static enum render_status release(struct player *p, struct note *n)
{
    n->state = NOTE_RELEASED;
    return simple(p, n, MIX_RELEASE);
}

static enum render_status play(struct player *p, const struct channel *c, struct note *n,
                               unsigned key)
{
    struct mix_command command = n->plan->play;
    command.frame = p->frame;
    command.volume = volume_of(c, n);
    command.pan = pan_of(c, n);
    command.rate = rate_of(p, c, n, key);
    if (n->plan->pitch >= 0 && !n->drum)
        command.number = frequency_of(key);
    enum render_status status = add(p, &command);
    n->order = command.order;
    n->frame = command.frame;
    return status;
}

static enum render_status add_plan_parts(struct player *p, const struct note *n)
{
    enum render_status status = RENDER_OK;
    for (size_t i = 0; i < n->plan->part_count && !status; i++) {
        struct mix_command c = n->plan->parts[i];
        c.frame = n->frame;
        c.part = 1;
        c.to = MIX_SOUND;
        c.target = n->order;
        status = add(p, &c);
    }
    return status;
}

/* Pitch, velocity and what the controllers say, after the plan's own. */
static enum render_status add_note_parts(struct player *p, const struct channel *c,
                                         const struct note *n, unsigned key)
{
    const struct score_midi_map *map = &p->score->midi;
    const struct score_plan *plan = n->plan;
    enum render_status status = RENDER_OK;
    if (plan->pitch >= 0 && !n->drum)
        status = set_part(p, n, (uint32_t)plan->pitch, frequency_of(key));
    if (!status && plan->velocity >= 0)
        status = set_part(p, n, (uint32_t)plan->velocity, (float)n->velocity / 127.0f);
    for (size_t i = 0; i < map->cc_count && !status; i++) {
        const struct score_cc *cc = &map->ccs[i];
        const struct rp_param *param = moved_param(p, cc, plan);
        uint8_t value = cc->number < CC_SOUND_OFF ? c->cc[cc->number] : UNSET;
        if (param && value != UNSET)
            status = set_part(p, n, cc->param, moved_value(cc, param, value));
    }
    return status;
}

/* A drum's sample without a loop, which the end of its note does not cut: files end the notes of
 * drums at once. */
static int ends_alone(const struct player *p, const struct note *n)
{
    const struct mix_command *c = &n->plan->play;
    const struct sample *sample = p->score->sources[c->source].sample;
    int loops =
        c->loop == MIX_LOOP_ON || (c->loop == MIX_LOOP_SAMPLE && sample && sample->has_loop);
    return n->drum && sample && !loops;
}

static enum render_status note_on(struct player *p, unsigned channel, unsigned key,
                                  uint8_t velocity)
{
    struct channel *c = &p->channels[channel];
    struct note *n = &c->notes[key];
    enum render_status status = is_sounding(n) ? release(p, n) : RENDER_OK;
    if (status)
        return status;
    *n = (struct note){.velocity = velocity};
    n->plan = choose(p, channel, key, &n->drum);
    if (!n->plan) {
        c->missing[channel == DRUMS ? key : c->program]++;
        return RENDER_OK;
    }
    n->state = ends_alone(p, n) ? NOTE_RELEASED : NOTE_HELD;
    status = play(p, c, n, key);
    if (!status)
        status = add_plan_parts(p, n);
    return status ? status : add_note_parts(p, c, n, key);
}

static enum render_status note_off(struct player *p, struct channel *c, struct note *n)
{
    if (n->state != NOTE_HELD)
        return RENDER_OK;
    if (!c->pedal)
        return release(p, n);
    n->state = NOTE_PEDAL;
    return RENDER_OK;
}

/* --- controllers --------------------------------------------------------------------------- */

/* What a message does to each note that is held; `argument` is its own. */
typedef enum render_status change(struct player *, struct channel *, struct note *, unsigned key,
                                  const void *argument);

static enum render_status each_held(struct player *p, struct channel *c, change *act,
                                    const void *argument)
{
    enum render_status status = RENDER_OK;
    for (unsigned key = 0; key < KEYS && !status; key++)
        if (is_sounding(&c->notes[key]))
            status = act(p, c, &c->notes[key], key, argument);
    return status;
}

static enum render_status change_volume(struct player *p, struct channel *c, struct note *n,
                                        unsigned key, const void *argument)
{
    (void)key, (void)argument;
    return ramp(p, n, MIX_SET_VOLUME, volume_of(c, n));
}

static enum render_status change_pan(struct player *p, struct channel *c, struct note *n,
                                     unsigned key, const void *argument)
{
    (void)key, (void)argument;
    return ramp(p, n, MIX_SET_PAN, pan_of(c, n));
}

static enum render_status change_pitch(struct player *p, struct channel *c, struct note *n,
                                       unsigned key, const void *argument)
{
    (void)argument;
    return set_pitch(p, c, n, key);
}

static enum render_status change_held(struct player *p, struct channel *c, struct note *n,
                                      unsigned key, const void *argument)
{
    (void)key, (void)argument;
    return note_off(p, c, n);
}

static enum render_status change_pedal(struct player *p, struct channel *c, struct note *n,
                                       unsigned key, const void *argument)
{
    (void)c, (void)key, (void)argument;
    return n->state == NOTE_PEDAL ? release(p, n) : RENDER_OK;
}

static enum render_status change_end(struct player *p, struct channel *c, struct note *n,
                                     unsigned key, const void *argument)
{
    (void)c, (void)key, (void)argument;
    return release(p, n);
}

static enum render_status change_param(struct player *p, struct channel *c, struct note *n,
                                       unsigned key, const void *argument)
{
    const struct score_cc *cc = argument;
    const struct rp_param *param = moved_param(p, cc, n->plan);
    struct mix_command command = to_note(p, n, MIX_SET);
    (void)key;
    if (!param)
        return RENDER_OK;
    command.param = cc->param;
    command.frames = param->glide;
    command.number = c->cc[cc->number] == UNSET ? unmoved_value(cc, param, n->plan)
                                                : moved_value(cc, param, c->cc[cc->number]);
    return add(p, &command);
}

static int is_mapped(const struct player *p, unsigned number)
{
    for (size_t i = 0; i < p->score->midi.cc_count; i++)
        if (p->score->midi.ccs[i].number == number)
            return 1;
    return 0;
}

static enum render_status move_mapped(struct player *p, struct channel *c, unsigned number,
                                      uint8_t value)
{
    const struct score_midi_map *map = &p->score->midi;
    enum render_status status = RENDER_OK;
    if (c->cc[number] == value)
        return RENDER_OK;
    c->cc[number] = value;
    for (size_t i = 0; i < map->cc_count && !status; i++)
        if (map->ccs[i].number == number)
            status = each_held(p, c, change_param, &map->ccs[i]);
    return status;
}

static enum render_status move(struct player *p, struct channel *c, uint8_t *state, uint8_t value,
                               change *act)
{
    if (*state == value)
        return RENDER_OK;
    *state = value;
    return each_held(p, c, act, NULL);
}

static enum render_status move_bend(struct player *p, struct channel *c, int bend, double range)
{
    int same = c->bend * c->range == bend * range;
    c->bend = bend;
    c->range = range;
    return same ? RENDER_OK : each_held(p, c, change_pitch, NULL);
}

static enum render_status move_pedal(struct player *p, struct channel *c, int down)
{
    c->pedal = down;
    return down ? RENDER_OK : each_held(p, c, change_pedal, NULL);
}

/* Data entry: of the registered parameters there is the range of the bend alone. */
static enum render_status enter_data(struct player *p, struct channel *c, unsigned semitones,
                                     unsigned cents)
{
    if (c->rpn != BEND_RPN)
        return RENDER_OK;
    c->semitones = semitones;
    c->cents = cents;
    return move_bend(p, c, c->bend, semitones + cents / 100.0);
}

static enum render_status sound_off(struct player *p, struct channel *c)
{
    enum render_status status = RENDER_OK;
    for (unsigned key = 0; key < KEYS && !status; key++) {
        struct note *n = &c->notes[key];
        if (n->state != NOTE_NONE)
            status = simple(p, n, MIX_STOP);
        n->state = NOTE_NONE;
    }
    return status;
}

/* Which controllers "reset all controllers" leaves alone: RP-015. */
static int is_kept(unsigned number)
{
    return number == 0 || number == 32 || number == CC_VOLUME || number == CC_PAN ||
           (number >= 70 && number <= 79) || (number >= 91 && number <= 95);
}

static enum render_status reset(struct player *p, struct channel *c)
{
    enum render_status status = move_pedal(p, c, 0);
    c->rpn = NO_RPN;
    if (!status)
        status = move(p, c, &c->expression, MOST, change_volume);
    if (!status)
        status = move_bend(p, c, 0, c->range);
    for (unsigned i = 0; i < CC_SOUND_OFF && !status; i++)
        if (!is_kept(i))
            status = move_mapped(p, c, i, UNSET);
    return status;
}

static enum render_status mode(struct player *p, struct channel *c, unsigned number)
{
    if (number == CC_SOUND_OFF)
        return sound_off(p, c);
    if (number == CC_RESET)
        return reset(p, c);
    return number >= CC_NOTES_OFF ? each_held(p, c, change_held, NULL) : RENDER_OK;
}

static enum render_status control(struct player *p, struct channel *c, unsigned number,
                                  uint8_t value)
{
    if (number >= CC_SOUND_OFF)
        return mode(p, c, number);
    if (is_mapped(p, number))
        return move_mapped(p, c, number, value);
    switch (number) {
    case CC_VOLUME:
        return move(p, c, &c->volume, value, change_volume);
    case CC_EXPRESSION:
        return move(p, c, &c->expression, value, change_volume);
    case CC_PAN:
        return move(p, c, &c->pan, value, change_pan);
    case CC_PEDAL:
        return move_pedal(p, c, value >= 64);
    case CC_DATA:
        return enter_data(p, c, value, c->cents);
    case CC_DATA_FINE:
        return enter_data(p, c, c->semitones, value);
    case CC_RPN:
        c->rpn = (c->rpn & 0x7f) | (unsigned)value << 7;
        return RENDER_OK;
    case CC_RPN_FINE:
        c->rpn = (c->rpn & 0x3f80) | value;
        return RENDER_OK;
    case CC_NRPN:
    case CC_NRPN_FINE:
        c->rpn = NO_RPN;
        return RENDER_OK;
    default:
        return RENDER_OK;
    }
}

/* --- the file ------------------------------------------------------------------------------ */

static enum render_status act(struct player *p, const struct midi_event *event)
{
    unsigned number = event->status & 0xf, first = event->data[0];
    uint8_t second = event->data[1];
    struct channel *c = &p->channels[number];
    p->frame = event->frame;
    switch (event->status >> 4) {
    case 0x8:
        return note_off(p, c, &c->notes[first]);
    case 0x9:
        return second ? note_on(p, number, first, second) : note_off(p, c, &c->notes[first]);
    case 0xb:
        return control(p, c, first, second);
    case 0xc:
        c->program = (uint8_t)first;
        return RENDER_OK;
    case 0xe:
        return move_bend(p, c, (int)(first | (unsigned)second << 7) - 8192, c->range);
    default:
        return RENDER_OK; /* pressure */
    }
}

static void start(struct player *p)
{
    float bend = p->score->midi.bend;
    for (unsigned i = 0; i < CHANNELS; i++) {
        struct channel *c = &p->channels[i];
        c->volume = c->expression = MOST;
        c->pan = 64;
        c->rpn = NO_RPN;
        c->range = (double)bend;
        c->semitones = bend > 0.0f ? (unsigned)bend : 0;
        memset(c->cc, UNSET, sizeof c->cc);
    }
}

static enum render_status end(struct player *p, uint64_t frame)
{
    enum render_status status = RENDER_OK;
    p->frame = frame;
    for (unsigned i = 0; i < CHANNELS && !status; i++)
        status = each_held(p, &p->channels[i], change_end, NULL);
    if (!status)
        status = timeline_seal(p->score->timeline, &p->error);
    if (p->score->last < frame)
        p->score->last = frame;
    return status;
}

static enum render_status play_file(struct player *p, struct midi_file *f)
{
    struct midi_event event;
    int more = 1;
    start(p);
    for (;;) {
        enum render_status status = midi_next(f, &event, &more, &p->error);
        if (!status && !more)
            return end(p, event.frame);
        if (!status)
            status = act(p, &event);
        if (status)
            return status;
    }
}

static void say_missing(const struct player *p, const char *name, FILE *notes)
{
    uint64_t all = 0;
    unsigned groups = 0;
    for (unsigned i = 0; i < CHANNELS * KEYS; i++)
        all += p->channels[i / KEYS].missing[i % KEYS];
    if (all == 0)
        return;
    fprintf(notes, "%s: note: no instrument for %" PRIu64 " note%s:", name, all,
            all == 1 ? "" : "s");
    for (unsigned i = 0; i < CHANNELS * KEYS; i++) {
        uint64_t count = p->channels[i / KEYS].missing[i % KEYS];
        if (count && groups++ < SAID_GROUPS)
            fprintf(notes, "%s %" PRIu64 " on channel %u (%s %u)", groups > 1 ? "," : "", count,
                    i / KEYS + 1, i / KEYS == DRUMS ? "key" : "program", i % KEYS);
    }
    if (groups > SAID_GROUPS)
        fprintf(notes, ", and %u more", groups - SAID_GROUPS);
    fputc('\n', notes);
}

static enum render_status play_bytes(struct score *score, const uint8_t *bytes, size_t size,
                                     const char *name, FILE *notes, struct render_error *error)
{
    struct player *p = calloc(1, sizeof *p);
    struct midi_file *f = p ? midi_open(bytes, size, error) : NULL;
    if (!p)
        render_fail(error, RENDER_TROUBLE, "out of memory");
    enum render_status status = error->status;
    if (f) {
        p->score = score;
        status = play_file(p, f);
        *error = p->error;
        if (!status && notes)
            say_missing(p, name, notes);
    }
    midi_close(f);
    free(p);
    return status;
}

/* NULL: *error says why. A byte too many is read, so that a file that is too large shows. */
static uint8_t *read_file(FILE *file, size_t *size, struct render_error *error)
{
    uint8_t *bytes = NULL;
    size_t capacity = 0, got = 1;
    *size = 0;
    while (got > 0 && !ferror(file) && *size <= MIDI_LIMIT) {
        if (capacity - *size < READ_BYTES) {
            capacity = capacity * 2 + READ_BYTES;
            uint8_t *grown = realloc(bytes, capacity);
            if (!grown) {
                free(bytes);
                render_fail(error, RENDER_TROUBLE, "out of memory");
                return NULL;
            }
            bytes = grown;
        }
        errno = 0;
        got = fread(bytes + *size, 1, READ_BYTES, file);
        *size += got;
    }
    bool shrank = !ferror(file) && source_shrank(file);
    if (!ferror(file) && !shrank)
        return bytes;
    free(bytes);
    render_fail(error, RENDER_TROUBLE, "cannot read: %s",
                shrank ? source_shrank_why : strerror(errno));
    return NULL;
}

int midi_read(struct score *score, FILE *file, const char *name, FILE *diagnostics, FILE *notes)
{
    struct render_error error = {.status = RENDER_OK};
    size_t size;
    uint8_t *bytes = read_file(file, &size, &error);
    enum render_status status = error.status;
    if (bytes)
        status = play_bytes(score, bytes, size, name, notes, &error);
    free(bytes);
    if (status == RENDER_OK)
        return 0;
    fprintf(diagnostics, "%s: error: %s\n", name, error.text);
    if (error.help[0])
        fprintf(diagnostics, "  = help: %s\n", error.help);
    return status == RENDER_WRONG ? 1 : 2;
}
