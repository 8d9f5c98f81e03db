#include "render/score/pitch.h"
#include "text/number.h"

/* As text/number.c has it for the names of notes. */
double key_hz(struct ratio key)
{
    int64_t whole = ratio_floor(key);
    int64_t octave = whole / 12 - (whole % 12 < 0);
    double semitone = ratio_double(key) - 12.0 * (double)octave;
    return 440.0 * number_exp2((semitone - 9.0) / 12.0) * number_exp2((double)octave - 5.0);
}
