/* reverb.c - reverberators: a feedback delay network and a plate. */
#include "compiler/lower/delay.h"

/* Whole frames of a length at the node's rate, made odd and then prime: no two lines have echoes
 * in common. At least 67, beyond a block. */
static int is_prime(unsigned x)
{
    for (unsigned i = 3; i * i <= x; i += 2)
        if (x % i == 0)
            return 0;
    return 1;
}

static unsigned prime_frames(const struct lowering *l, unsigned node, double seconds)
{
    unsigned rate = (unsigned)node_rate(l, node);
    unsigned frames = (unsigned)(seconds * RP_SAMPLE_RATE * rate) | 1;
    if (frames < 67 * rate)
        frames = (67 * rate) | 1;
    while (!is_prime(frames))
        frames += 2;
    return frames;
}

static double seconds_of(const struct lowering *l, unsigned node, double frames)
{
    return frames / (RP_SAMPLE_RATE * node_rate(l, node));
}

/* Schroeder's all-pass of constant length. */
static int diffuser(struct lowering *l, unsigned node, int x, double seconds, int gain)
{
    unsigned frames = prime_frames(l, node, seconds);
    double longest = seconds_of(l, node, frames);
    return ringed(l, node, VM_OP_allpass, longest, x, constant(l, frames), gain);
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

/* How the two of them are to decay: at least `time`, share and frequency of the highs; share and
 * corner of the lows, where they differ. */
struct decay {
    int time, high, high_freq, low, corner;
};

/* The end of a line of so many frames, as much softer as the line is long: with each frame's share
 * of the loss behind each frame of delay, all resonances decay alike. */
static int decayed(struct lowering *l, const struct decay *d, double frames, int end)
{
    int wanted[VM_OP_INPUTS] = {constant(l, frames / RP_SAMPLE_RATE), d->time, d->low, d->high,
                                d->high_freq};
    int c = op(l, VM_OP_decay_coeff, wanted);
    int in[VM_OP_INPUTS] = {end, c, c + 1, d->corner, c + 2};
    return op(l, VM_OP_decay_filter, in);
}

/* ---- reverb.fdn ---- */

enum { LINES = 16 };

/* Lengths at size 1, in seconds: 17 ms to 101 ms in even ratios, shuffled over the network. Their
 * sum, 0.754 s, is the modes per Hz. */
static const double fdn_seconds[LINES] = {0.0170, 0.0624, 0.0241, 0.0884, 0.0438, 0.0271,
                                          0.0786, 0.0192, 0.0555, 0.0345, 0.1010, 0.0305,
                                          0.0216, 0.0702, 0.0389, 0.0493};

/* Each side's four all-passes before the network. */
static const double fdn_diffusers[2][4] = {{0.00207, 0.00371, 0.00613, 0.00979},
                                           {0.00229, 0.00341, 0.00659, 0.00907}};

struct fdn {
    int in[2], port[LINES], line[LINES];
};

static void fdn_input(struct lowering *l, unsigned node, struct fdn *f)
{
    struct signal in = in_signal(l, node, VM_IN_REVERB_FDN_in);
    int gain = scale(l, in_value(l, node, VM_IN_REVERB_FDN_diffusion), 0.7);
    double size = in_static(l, node, VM_IN_REVERB_FDN_size);
    if (size > 1.0)
        size = 1.0;
    for (unsigned s = 0; s < 2; s++) {
        f->in[s] = later(l, node, VM_IN_REVERB_FDN_predelay, side_of(in, s));
        for (unsigned i = 0; i < 4; i++)
            f->in[s] = diffuser(l, node, f->in[s], fdn_diffusers[s][i] * size, gain);
        f->in[s] = scale(l, f->in[s], 0.35355339); /* over 8 lines a side */
    }
}

static void fdn_read(struct lowering *l, unsigned node, struct fdn *f)
{
    double size = in_static(l, node, VM_IN_REVERB_FDN_size);
    struct decay d = {.time = in_value(l, node, VM_IN_REVERB_FDN_decay),
                      .high = in_value(l, node, VM_IN_REVERB_FDN_high),
                      .high_freq = in_value(l, node, VM_IN_REVERB_FDN_high_freq),
                      .low = in_value(l, node, VM_IN_REVERB_FDN_low),
                      .corner =
                          op1(l, VM_OP_decay_corner, in_value(l, node, VM_IN_REVERB_FDN_low_freq))};
    for (unsigned i = 0; i < LINES; i++) {
        unsigned frames = prime_frames(l, node, fdn_seconds[i] * size);
        double seconds = seconds_of(l, node, frames);
        f->port[i] = delay_line(l, node, seconds, seconds);
        f->line[i] = delay_read(l, f->port[i], constant(l, frames));
        f->line[i] = decayed(l, &d, frames, f->line[i]);
    }
}

/* One side of what is heard: all lines, with signs that are orthogonal to the other side's. */
static int fdn_heard(struct lowering *l, const struct fdn *f, unsigned side)
{
    int sum = f->line[0];
    for (unsigned i = 1; i < LINES; i++) {
        unsigned minus = side ? (i ^ i >> 2) & 1 : (i >> 1 ^ i >> 3) & 1;
        sum = minus ? sub(l, sum, f->line[i]) : add(l, sum, f->line[i]);
    }
    return scale(l, sum, 0.5);
}

/* Neighbouring lines turned into each other, to and fro: every pair at a speed of its own. */
static void fdn_turn(struct lowering *l, unsigned node, struct fdn *f)
{
    double none;
    if (in_constant(l, node, VM_IN_REVERB_FDN_mod, &none) && none == 0.0)
        return;
    int depth = scale(l, in_value(l, node, VM_IN_REVERB_FDN_mod), 0.25);
    int rate = in_value(l, node, VM_IN_REVERB_FDN_rate);
    for (unsigned i = 0; i < LINES; i += 2) {
        int own = scale(l, rate, 1.0 + 0.05 * (double)i);
        int way = mul(l, op2(l, VM_OP_osc_sine_pm, own, constant(l, i / 16.0)), depth);
        int turned = op3(l, VM_OP_rotate, f->line[i], f->line[i + 1], way);
        f->line[i] = turned;
        f->line[i + 1] = turned + 1;
    }
}

/* Hadamard's matrix of order 16: of order 4 along the rows of four, then across them. */
static void fdn_mix(struct lowering *l, struct fdn *f)
{
    for (unsigned along = 1; along <= 4; along += 3)
        for (unsigned i = 0; i < 4; i++) {
            unsigned first = along == 1 ? 4 * i : i;
            int in[VM_OP_INPUTS];
            for (unsigned k = 0; k < 4; k++)
                in[k] = f->line[first + k * along];
            int out = op(l, VM_OP_hadamard, in);
            for (unsigned k = 0; k < 4; k++)
                f->line[first + k * along] = out + (int)k;
        }
}

void lower_REVERB_FDN(struct lowering *l, unsigned node)
{
    struct fdn f;
    struct signal dry = in_signal(l, node, VM_IN_REVERB_FDN_in);
    int out[2];
    fdn_input(l, node, &f);
    fdn_read(l, node, &f);
    for (unsigned s = 0; s < 2; s++)
        out[s] = fdn_heard(l, &f, s);
    fdn_turn(l, node, &f);
    fdn_mix(l, &f);
    for (unsigned i = 0; i < LINES; i++)
        delay_write(l, f.port[i], add(l, f.in[i % 2], f.line[i]));
    for (unsigned s = 0; s < 2; s++)
        out[s] = blend(l, node, VM_IN_REVERB_FDN_wet, side_of(dry, s), out[s]);
    set_sides(l, node, out[0], out[1]);
}

/* ---- reverb.plate ---- */

#define PLATE_RATE 29761.0 /* Dattorro's; all lengths below are frames at it */

/* The tank's halves: a moving all-pass, a line, damping, an all-pass, a line; each half feeds the
 * other. */
static const double plate_lengths[2][4] = {{672.0, 4453.0, 1800.0, 3720.0},
                                           {908.0, 4217.0, 2656.0, 3163.0}};
enum plate_part { MOVING, LONG, STILL, LAST, PARTS };

/* What is heard: frames into a part of a half, added or taken away. */
static const struct {
    unsigned char half, part;
    signed char sign;
    double at;
} plate_taps[2][7] = {{{1, LONG, 1, 266.0},
                       {1, LONG, 1, 2974.0},
                       {1, STILL, -1, 1913.0},
                       {1, LAST, 1, 1996.0},
                       {0, LONG, -1, 1990.0},
                       {0, STILL, -1, 187.0},
                       {0, LAST, -1, 1066.0}},
                      {{0, LONG, 1, 353.0},
                       {0, LONG, 1, 3627.0},
                       {0, STILL, -1, 1228.0},
                       {0, LAST, 1, 2673.0},
                       {1, LONG, -1, 2111.0},
                       {1, STILL, -1, 335.0},
                       {1, LAST, -1, 121.0}}};

struct plate {
    double scale; /* frames of a frame at PLATE_RATE */
    int port[2][PARTS], end[2][PARTS];
    struct decay decay;
};

static double plate_frames(const struct plate *p, double at)
{
    return (double)(unsigned)(at * p->scale + 0.5);
}

/* All ends are read before anything is written: what is read was there before this block. Each part
 * has its own loss, the all-passes too; Dattorro's four equal gains make resonances decay in 0.9 to
 * 1.5 of the time that is their mean. */
static void plate_read(struct lowering *l, unsigned node, struct plate *p)
{
    double per_second = RP_SAMPLE_RATE * node_rate(l, node);
    double swing = 16.0 * p->scale;
    int depth = scale(l, in_value(l, node, VM_IN_REVERB_PLATE_mod), swing);
    int rate = in_value(l, node, VM_IN_REVERB_PLATE_rate);
    for (unsigned h = 0; h < 2; h++)
        for (unsigned part = 0; part < PARTS; part++) {
            double frames = plate_frames(p, plate_lengths[h][part]);
            double longest = frames + (part == MOVING ? swing + 8.0 : 0.0);
            int port = delay_line(l, node, (double)RP_BLOCK / RP_SAMPLE_RATE, longest / per_second);
            int time = constant(l, frames);
            p->port[h][part] = port;
            if (part == MOVING) {
                int turn = op2(l, VM_OP_osc_sine_pm, rate, constant(l, h ? 0.25 : 0.0));
                p->end[h][part] =
                    tap(l, VM_OP_tap_between, port, add(l, time, mul(l, turn, depth)));
            } else {
                p->end[h][part] = delay_read(l, port, time);
            }
            p->end[h][part] = decayed(l, &p->decay, frames, p->end[h][part]);
        }
}

/* An all-pass around a line that was read:  w := x - g end;  y := end + g w. */
static int plate_allpass(struct lowering *l, int port, int end, double gain, int x)
{
    int g = constant(l, gain);
    int w = sub(l, x, mul(l, end, g));
    delay_write(l, port, w);
    return add(l, end, mul(l, w, g));
}

static void plate_half(struct lowering *l, struct plate *p, unsigned h, int x)
{
    const int *port = p->port[h], *end = p->end[h];
    x = add(l, x, p->end[1 - h][LAST]);
    delay_write(l, port[LONG], plate_allpass(l, port[MOVING], end[MOVING], -0.7, x));
    delay_write(l, port[LAST], plate_allpass(l, port[STILL], end[STILL], 0.5, end[LONG]));
}

static int plate_input(struct lowering *l, unsigned node, const struct plate *p)
{
    static const double lengths[4] = {142.0, 107.0, 379.0, 277.0};
    static const double gains[4] = {-0.75, -0.75, -0.625, -0.625};
    struct signal in = in_signal(l, node, VM_IN_REVERB_PLATE_in);
    int x = in.right == IR_NONE ? in.left : scale(l, add(l, in.left, in.right), 0.5);
    int corner = op1(l, VM_OP_onepole_coeff, in_value(l, node, VM_IN_REVERB_PLATE_bandwidth));
    int diffusion = in_value(l, node, VM_IN_REVERB_PLATE_diffusion);
    x = later(l, node, VM_IN_REVERB_PLATE_predelay, op2(l, VM_OP_onepole, x, corner));
    for (unsigned i = 0; i < 4; i++) {
        double frames = plate_frames(p, lengths[i]);
        int gain = scale(l, diffusion, gains[i]);
        double longest = seconds_of(l, node, frames);
        x = ringed(l, node, VM_OP_allpass, longest, x, constant(l, frames), gain);
    }
    return x;
}

static int plate_heard(struct lowering *l, const struct plate *p, unsigned side)
{
    int sum = IR_NONE;
    for (unsigned i = 0; i < 7; i++) {
        int port = p->port[plate_taps[side][i].half][plate_taps[side][i].part];
        int x = delay_read(l, port, constant(l, plate_frames(p, plate_taps[side][i].at)));
        if (sum == IR_NONE)
            sum = x;
        else
            sum = plate_taps[side][i].sign > 0 ? add(l, sum, x) : sub(l, sum, x);
    }
    return scale(l, sum, 0.6);
}

void lower_REVERB_PLATE(struct lowering *l, unsigned node)
{
    struct signal dry = in_signal(l, node, VM_IN_REVERB_PLATE_in);
    double size = in_static(l, node, VM_IN_REVERB_PLATE_size);
    struct plate p = {.scale = RP_SAMPLE_RATE * node_rate(l, node) / PLATE_RATE * size};
    int x = plate_input(l, node, &p), out[2];
    p.decay = (struct decay){.time = in_value(l, node, VM_IN_REVERB_PLATE_decay),
                             .high = in_value(l, node, VM_IN_REVERB_PLATE_high),
                             .high_freq = in_value(l, node, VM_IN_REVERB_PLATE_high_freq),
                             .low = constant(l, 1.0),
                             .corner = constant(l, 1.0)};
    plate_read(l, node, &p);
    for (unsigned s = 0; s < 2; s++)
        out[s] = plate_heard(l, &p, s);
    for (unsigned h = 0; h < 2; h++)
        plate_half(l, &p, h, x);
    for (unsigned s = 0; s < 2; s++)
        out[s] = blend(l, node, VM_IN_REVERB_PLATE_wet, side_of(dry, s), out[s]);
    set_sides(l, node, out[0], out[1]);
}
