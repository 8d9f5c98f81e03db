/* stereo.c - two sides and what is between them. */
#include "compiler/lower/delay.h"

/* m := (left + right)/2;  s := (left - right)/2;  out: m + width s, m - width s */
void lower_STEREO_WIDTH(struct lowering *l, unsigned node)
{
    struct signal in = in_signal(l, node, VM_IN_STEREO_WIDTH_in);
    int width = in_value(l, node, VM_IN_STEREO_WIDTH_width);
    int middle = scale(l, add(l, in.left, side_of(in, 1)), 0.5);
    int side = mul(l, scale(l, sub(l, in.left, side_of(in, 1)), 0.5), width);
    int left = add(l, middle, side);
    set_sides(l, node, left, sub(l, middle, side));
}

/* Encoding: (a + b)/2, (a - b)/2; decoding: a + b, a - b. One undoes the other. */
void lower_STEREO_MIDSIDE(struct lowering *l, unsigned node)
{
    struct signal in = in_signal(l, node, VM_IN_STEREO_MIDSIDE_in);
    double factor = in_static(l, node, VM_IN_STEREO_MIDSIDE_mode) == 0.0 ? 0.5 : 1.0;
    int right = side_of(in, 1);
    int sum = scale(l, add(l, in.left, right), factor);
    int difference = scale(l, sub(l, in.left, right), factor);
    set_sides(l, node, sum, difference);
}

/* The gains of both sides by law 0 power, 1 linear, 2 between them. */
static void law_gains(struct lowering *l, int law, int pos, int *gain)
{
    if (law != 1) {
        gain[0] = op1(l, law == 0 ? VM_OP_pan_gains : VM_OP_pan_compromise, pos);
        gain[1] = gain[0] + 1;
        return;
    }
    int half = constant(l, 0.5);
    int way = mul(l, op3(l, VM_OP_clip, pos, constant(l, -1.0), constant(l, 1.0)), half);
    gain[0] = sub(l, half, way);
    gain[1] = add(l, half, way);
}

/* Each law's gains over its gain in the middle, so that the middle changes nothing; the `mono` law
 * lets no gain above 1. */
void lower_STEREO_BALANCE(struct lowering *l, unsigned node)
{
    static const double levels[] = {1.41421356, 2.0, 1.68179283};
    struct signal in = in_signal(l, node, VM_IN_STEREO_BALANCE_in);
    int law = (int)in_static(l, node, VM_IN_STEREO_BALANCE_law), gain[2], out[2];
    int pos = in_value(l, node, VM_IN_STEREO_BALANCE_pos), one = constant(l, 1.0);
    law_gains(l, law == 0 ? 1 : law - 1, pos, gain);
    for (unsigned s = 0; s < 2; s++) {
        int g = scale(l, gain[s], law == 0 ? 2.0 : levels[law - 1]);
        out[s] = mul(l, side_of(in, s), law == 0 ? op2(l, VM_OP_min, g, one) : g);
    }
    set_sides(l, node, out[0], out[1]);
}

void lower_STEREO_PAN(struct lowering *l, unsigned node)
{
    int x = in_value(l, node, VM_IN_STEREO_PAN_in), gain[2];
    int law = (int)in_static(l, node, VM_IN_STEREO_PAN_law);
    law_gains(l, law, in_value(l, node, VM_IN_STEREO_PAN_pos), gain);
    int left = mul(l, x, gain[0]);
    set_sides(l, node, left, mul(l, x, gain[1]));
}

void lower_STEREO_HAAS(struct lowering *l, unsigned node)
{
    struct signal in = in_signal(l, node, VM_IN_STEREO_HAAS_in);
    unsigned late = in_static(l, node, VM_IN_STEREO_HAAS_side) == 0.0 ? 1 : 0;
    double longest = time_span(l, node, VM_IN_STEREO_HAAS_time, 0.05).high;
    int frames = time_frames(l, node, VM_IN_STEREO_HAAS_time), out[2];
    int port = tapped_line(l, node, longest, side_of(in, late));
    int delayed = tap(l, VM_OP_tap_between, port, frames);
    out[late] = mul(l, delayed, in_value(l, node, VM_IN_STEREO_HAAS_level));
    out[1 - late] = side_of(in, 1 - late);
    set_sides(l, node, out[0], out[1]);
}
