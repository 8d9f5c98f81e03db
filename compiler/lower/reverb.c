/* reverb.c - reverberators: rings of 16 lines in pairs; a room's are long, a plate's soon dense. */
#include "compiler/lower/delay.h"
#include <math.h>

enum {
    PAIRS = 8,
    LINES = 2 * PAIRS,
    DIFFUSERS = 4,
    SHORTEST = 67,     /* frames of a line that rests */
    LEAST_FRAMES = 64, /* of one that moves: what is computed at a time */
};

/* Lengths at size 1, in seconds, pair by pair, the left side's first: all-passes, and the lines
 * behind them. Their sum is the modes a Hz. */
struct shape {
    double allpass[LINES], line[LINES];
    double gain;                                             /* of the all-passes */
    double level;                                            /* of what is heard */
    unsigned minus;                                          /* bit i: line i is heard inverted */
    unsigned moving;                                         /* this pair's all-passes move */
    double diffuser[2][DIFFUSERS], diffuser_gain[DIFFUSERS]; /* before the ring */
};

struct decay {
    int time, high, high_freq, low, corner; /* corner of the lows; IR_NONE: as long as the middle */
};

/* A line or an all-pass: what it is read from and what was read, with its own loss. */
struct delay {
    int port, end;
    unsigned frames;
};

struct ring {
    const struct shape *shape;
    double size;
    struct decay decay;
    int swing[2]; /* frames by which the moving pair is later; IR_NONE: nothing moves */
    struct delay line[LINES], allpass[LINES], diffuser[2][DIFFUSERS];
};

/* ---- lengths ---- */

/* Whole frames of a length at the node's rate, made odd and then prime: no two lines have echoes in
 * common. What would be shorter than a block is longer, by the next prime each time. */
static int is_prime(unsigned x)
{
    for (unsigned i = 3; i * i <= x; i += 2)
        if (x % i == 0)
            return 0;
    return 1;
}

static unsigned next_prime(unsigned frames)
{
    frames |= 1;
    while (!is_prime(frames))
        frames += 2;
    return frames;
}

static unsigned some_frames(const struct lowering *l, unsigned node, double seconds, unsigned other)
{
    unsigned rate = (unsigned)node_rate(l, node);
    double frames = seconds * RP_SAMPLE_RATE * rate;
    if (frames < SHORTEST * rate)
        frames = SHORTEST * rate + 4 * other;
    return next_prime((unsigned)frames);
}

static double seconds_of(const struct lowering *l, unsigned node, double frames)
{
    return frames / (RP_SAMPLE_RATE * node_rate(l, node));
}

/* The input, as much later as asked for. */
static int later(struct lowering *l, unsigned node, unsigned input, int x)
{
    double seconds;
    if (in_constant(l, node, input, &seconds) && seconds == 0.0)
        return x;
    double longest = time_span(l, node, input, 1.0).high;
    int port = tapped_line(l, node, longest, x);
    return tap(l, VM_OP_tap_whole, port, time_frames(l, node, input));
}

/* ---- decay ---- */

/* What was read, with its own share of the loss: with as much behind each frame of delay, in lines
 * and all-passes alike, all resonances decay alike. Absorbent all-passes: L. Dahl, J.-M. Jot, "A
 * reverberator based on absorbent all-pass filters", 2000. */
static int decayed(struct lowering *l, const struct decay *d, const struct delay *read)
{
    double seconds = (double)read->frames / RP_SAMPLE_RATE;
    int wanted[VM_OP_INPUTS] = {constant(l, seconds), d->time, d->low, d->high, d->high_freq};
    int c = op(l, VM_OP_decay_coeff, wanted);
    int x = read->end;
    if (d->corner != IR_NONE)
        x = op3(l, VM_OP_decay_shelf, x, c + 1, d->corner);
    return op3(l, VM_OP_absorb, x, c, c + 2);
}

/* ---- the ring ---- */

static void read_delay(struct lowering *l, unsigned node, struct delay *d, unsigned frames)
{
    double seconds = seconds_of(l, node, frames);
    d->frames = frames;
    d->port = delay_line(l, node, seconds, seconds);
    d->end = delay_read(l, d->port, constant(l, frames));
}

static void read_moving(struct lowering *l, unsigned node, struct delay *d, unsigned frames,
                        int swing)
{
    d->frames = frames;
    d->port = delay_line(l, node, (double)LEAST_FRAMES / RP_SAMPLE_RATE,
                         seconds_of(l, node, 2.0 * frames));
    d->end = tap(l, VM_OP_tap_between, d->port, add(l, constant(l, frames), swing));
}

/* All ends are read before anything is written. */
static void read_ring(struct lowering *l, unsigned node, struct ring *r)
{
    const struct shape *s = r->shape;
    for (unsigned i = 0; i < LINES; i++) {
        unsigned allpass = some_frames(l, node, s->allpass[i] * r->size, 2 * i);
        unsigned line = some_frames(l, node, s->line[i] * r->size, 2 * i + 1);
        if (i / 2 == s->moving && r->swing[i % 2] != IR_NONE)
            read_moving(l, node, &r->allpass[i], allpass, r->swing[i % 2]);
        else
            read_delay(l, node, &r->allpass[i], allpass);
        r->allpass[i].end = decayed(l, &r->decay, &r->allpass[i]);
        read_delay(l, node, &r->line[i], line);
        r->line[i].end = decayed(l, &r->decay, &r->line[i]);
    }
}

/* Schroeder's all-pass around what was read:  w := x + g end;  y := end - g w. */
static int allpass(struct lowering *l, const struct delay *d, int gain, int x)
{
    int w = add(l, x, mul(l, d->end, gain));
    delay_write(l, d->port, w);
    return sub(l, d->end, mul(l, w, gain));
}

/* One side's way in, with the ring's losses, so that it is no longer than they are. */
static int diffused(struct lowering *l, unsigned node, struct ring *r, unsigned side, int amount,
                    int x)
{
    double size = r->size > 1.0 ? 1.0 : r->size;
    for (unsigned i = 0; i < DIFFUSERS; i++) {
        struct delay *d = &r->diffuser[side][i];
        double seconds = r->shape->diffuser[side][i] * size;
        read_delay(l, node, d, some_frames(l, node, seconds, 2 * LINES + 2 * i + side));
        d->end = decayed(l, &r->decay, d);
        x = allpass(l, d, scale(l, amount, r->shape->diffuser_gain[i]), x);
    }
    return x;
}

/* One side: its line of each pair, as loud as energy takes to come from the one before it, so that
 * as much is heard in each moment from the first on; three fourths that, a fourth the way to the
 * next. */
static int heard(struct lowering *l, const struct ring *r, unsigned side)
{
    double way[PAIRS], mean = 0.0;
    int sum = IR_NONE;
    for (unsigned p = 0; p < PAIRS; p++) {
        unsigned i = 2 * p + side;
        way[p] = (double)r->allpass[i].frames + (double)r->line[i].frames;
        mean += way[p] / PAIRS;
    }
    for (unsigned p = 0; p < PAIRS; p++) {
        unsigned i = 2 * p + side;
        double gain = r->shape->level * sqrt((0.75 * way[p] + 0.25 * way[(p + 1) % PAIRS]) / mean);
        int x = scale(l, r->line[i].end, r->shape->minus >> i & 1 ? -gain : gain);
        sum = sum == IR_NONE ? x : add(l, sum, x);
    }
    return sum;
}

/* What comes in at the first pair, and what comes out of the last one with it. A pair's ends are
 * turned into each other by an eighth of a turn, and by turn[pair] beyond it. */
static void write_ring(struct lowering *l, const struct ring *r, const int *in, const int *turn)
{
    for (unsigned p = 0; p < PAIRS; p++) {
        unsigned a = 2 * p, next = (a + 2) % LINES;
        int x = r->line[a].end, y = r->line[a + 1].end, turned[2];
        if (turn) {
            turned[1] = op3(l, VM_OP_rotate, x, y, turn[p]);
            turned[0] = turned[1] + 1;
        } else {
            turned[0] = scale(l, add(l, x, y), 0.70710678118654752);
            turned[1] = scale(l, sub(l, x, y), 0.70710678118654752);
        }
        for (unsigned s = 0; s < 2; s++) {
            unsigned i = next + s;
            double gain = (i / 2 + i) % 2 ? r->shape->gain : -r->shape->gain;
            int into = next == 0 ? add(l, turned[s], in[s]) : turned[s];
            into = allpass(l, &r->allpass[i], constant(l, gain), into);
            delay_write(l, r->line[i].port, into);
        }
    }
}

static void set_reverb(struct lowering *l, unsigned node, unsigned wet, struct signal dry,
                       const int *it)
{
    int out[2];
    for (unsigned s = 0; s < 2; s++)
        out[s] = blend(l, node, wet, side_of(dry, s), it[s]);
    set_sides(l, node, out[0], out[1]);
}

/* ---- reverb.fdn ---- */

static const struct shape room = {
    .allpass = {0.00345, 0.00429, 0.00662, 0.00542, 0.00894, 0.00982, 0.01626, 0.01372, 0.02131,
                0.02517, 0.03733, 0.03072, 0.04591, 0.06067, 0.08625, 0.07446},
    .line = {0.01700, 0.01854, 0.02190, 0.02340, 0.03276, 0.02986, 0.03739, 0.04120, 0.06030,
             0.05523, 0.06992, 0.07790, 0.10783, 0.09933, 0.13598, 0.14365},
    .gain = 0.65,
    .level = 1.57,
    .minus = 0xac30,
    .moving = PAIRS,
    .diffuser = {{0.00207, 0.00371, 0.00613, 0.00979}, {0.00229, 0.00341, 0.00659, 0.00907}},
    .diffuser_gain = {0.7, 0.7, 0.7, 0.7},
};

/* How far each pair is turned: to and fro, every pair at a speed of its own. */
static const int *room_turns(struct lowering *l, unsigned node, int *turn)
{
    double none;
    if (in_constant(l, node, VM_IN_REVERB_FDN_mod, &none) && none == 0.0)
        return NULL;
    int depth = scale(l, in_value(l, node, VM_IN_REVERB_FDN_mod), 0.125);
    int rate = in_value(l, node, VM_IN_REVERB_FDN_rate), eighth = constant(l, 0.125);
    for (unsigned p = 0; p < PAIRS; p++) {
        int own = scale(l, rate, 1.0 + 0.1 * (double)p), phase = constant(l, p / 8.0);
        int swing = mul(l, op2(l, VM_OP_osc_sine_pm, own, phase), depth);
        turn[p] = add(l, swing, eighth);
    }
    return turn;
}

static int room_corner(struct lowering *l, unsigned node)
{
    double low;
    if (in_constant(l, node, VM_IN_REVERB_FDN_low, &low) && low == 1.0)
        return IR_NONE;
    return op1(l, VM_OP_decay_corner, in_value(l, node, VM_IN_REVERB_FDN_low_freq));
}

void lower_REVERB_FDN(struct lowering *l, unsigned node)
{
    struct signal in = in_signal(l, node, VM_IN_REVERB_FDN_in);
    struct ring r = {.shape = &room,
                     .size = in_static(l, node, VM_IN_REVERB_FDN_size),
                     .swing = {IR_NONE, IR_NONE}};
    int x[2], out[2], turn[PAIRS], limit[2] = {constant(l, -1.4), constant(l, 1.4)};
    r.decay.time = in_value(l, node, VM_IN_REVERB_FDN_decay);
    r.decay.high = in_value(l, node, VM_IN_REVERB_FDN_high);
    r.decay.high_freq = in_value(l, node, VM_IN_REVERB_FDN_high_freq);
    r.decay.low = in_value(l, node, VM_IN_REVERB_FDN_low);
    r.decay.corner = room_corner(l, node);
    read_ring(l, node, &r);
    int amount = in_value(l, node, VM_IN_REVERB_FDN_diffusion);
    amount = op3(l, VM_OP_clip, amount, limit[0], limit[1]);
    for (unsigned s = 0; s < 2; s++) {
        x[s] = later(l, node, VM_IN_REVERB_FDN_predelay, side_of(in, s));
        x[s] = scale(l, diffused(l, node, &r, s, amount, x[s]), 0.70710678118654752);
        out[s] = heard(l, &r, s);
    }
    write_ring(l, &r, x, room_turns(l, node, turn));
    set_reverb(l, node, VM_IN_REVERB_FDN_wet, in, out);
}

/* ---- reverb.plate ---- */

static const struct shape plate = {
    .allpass = {0.00321, 0.00381, 0.00674, 0.00537, 0.00886, 0.01073, 0.01832, 0.01403, 0.02286,
                0.02701, 0.05139, 0.04060, 0.07123, 0.08047, 0.13051, 0.11323},
    .line = {0.00550, 0.00605, 0.00883, 0.00917, 0.01451, 0.01274, 0.02191, 0.02404, 0.04098,
             0.03133, 0.05659, 0.06490, 0.09425, 0.08719, 0.14541, 0.16037},
    .gain = 0.6,
    .level = 1.87,
    .minus = 0x4f04,
    .moving = 4,
    .diffuser = {{0.004771345, 0.003595309, 0.01273479, 0.009307483}},
    .diffuser_gain = {0.75, 0.75, 0.625, 0.625},
};

/* Up to 16 frames of Dattorro's 29761 Hz to and fro, the right side a quarter turn ahead. */
static void plate_swing(struct lowering *l, unsigned node, struct ring *r)
{
    double none, swing = 16.0 / 29761.0 * RP_SAMPLE_RATE * node_rate(l, node) * r->size;
    r->swing[0] = r->swing[1] = IR_NONE;
    if (in_constant(l, node, VM_IN_REVERB_PLATE_mod, &none) && none == 0.0)
        return;
    int depth = scale(l, in_value(l, node, VM_IN_REVERB_PLATE_mod), swing);
    int rate = in_value(l, node, VM_IN_REVERB_PLATE_rate);
    for (unsigned s = 0; s < 2; s++) {
        int phase = constant(l, s * 0.25);
        r->swing[s] = mul(l, op2(l, VM_OP_osc_sine_pm, rate, phase), depth);
    }
}

void lower_REVERB_PLATE(struct lowering *l, unsigned node)
{
    struct signal in = in_signal(l, node, VM_IN_REVERB_PLATE_in);
    struct ring r = {.shape = &plate, .size = in_static(l, node, VM_IN_REVERB_PLATE_size)};
    int out[2], limit[2] = {constant(l, -1.3), constant(l, 1.3)};
    r.decay.time = in_value(l, node, VM_IN_REVERB_PLATE_decay);
    r.decay.high = in_value(l, node, VM_IN_REVERB_PLATE_high);
    r.decay.high_freq = in_value(l, node, VM_IN_REVERB_PLATE_high_freq);
    r.decay.low = constant(l, 1.0);
    r.decay.corner = IR_NONE;
    plate_swing(l, node, &r);
    read_ring(l, node, &r);
    int x = in.right == IR_NONE ? in.left : scale(l, add(l, in.left, in.right), 0.5);
    int corner = op1(l, VM_OP_onepole_coeff, in_value(l, node, VM_IN_REVERB_PLATE_bandwidth));
    int amount = in_value(l, node, VM_IN_REVERB_PLATE_diffusion);
    amount = op3(l, VM_OP_clip, amount, limit[0], limit[1]);
    x = later(l, node, VM_IN_REVERB_PLATE_predelay, op2(l, VM_OP_onepole, x, corner));
    x = scale(l, diffused(l, node, &r, 0, amount, x), 0.70710678118654752);
    for (unsigned s = 0; s < 2; s++)
        out[s] = heard(l, &r, s);
    write_ring(l, &r, (int[2]){x, x}, NULL);
    set_reverb(l, node, VM_IN_REVERB_PLATE_wet, in, out);
}
