/* pitch.h - frequencies of the equal temperament. Private to render/score/. */
#ifndef RENDER_SCORE_PITCH_H
#define RENDER_SCORE_PITCH_H

#include "render/score/ratio.h"

/* Hz of a MIDI note, which need not be whole: 440 * 2^((key - 69) / 12). */
double key_hz(struct ratio key);

#endif
