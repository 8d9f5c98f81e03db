/* command.h - one timed command for the mixer, as score readers make them. docs/mixer.md,
 * section 4, says what each does. */
#ifndef RENDER_MIXER_COMMAND_H
#define RENDER_MIXER_COMMAND_H

#include <stdint.h>

enum mix_verb {
    MIX_PLAY,
    MIX_STOP,
    MIX_RELEASE,
    MIX_SET_VOLUME,
    MIX_SET_PAN,
    MIX_SET_PITCH,
    MIX_SET, /* a parameter */
    MIX_SEND,
    MIX_IS_PLAYING,
    MIX_VERBS
};

enum mix_target {
    MIX_ANY,   /* play: the mixer chooses */
    MIX_VOICE, /* by number */
    MIX_NAMED, /* the latest play of a name */
    MIX_SOUND, /* the play command of that order number */
    MIX_BUS,
};

enum mix_loop {
    MIX_LOOP_SAMPLE,
    MIX_LOOP_OFF,
    MIX_LOOP_ON
}; /* as the sample has it; off; points */

enum { MIX_TICK = 800, MIX_SENDS = 4, MIX_MOST_VOICES = 4096 };

#define MIX_NO_NAME   UINT32_MAX
#define MIX_NO_BASE   __builtin_nanf("") /* every number is a pitch, 0 too */
#define MIX_RATE_ONE  (INT64_C(1) << 32)
#define MIX_RATE_MOST (INT64_C(1024) << 32)

struct mix_command {
    uint64_t frame;  /* it acts on */
    uint64_t order;  /* among all commands: unique, ascending at equal frames; names the sound */
    uint64_t target; /* voice, name, order of a play, or bus */
    uint8_t verb;    /* enum mix_verb */
    uint8_t to;      /* enum mix_target */
    uint8_t part;    /* belongs to the play before it: neither counted nor traced by itself */
    uint8_t value;   /* set_volume, set_pan, send: 0..255 */
    uint16_t file;   /* of the score, by number: for traces and messages */
    uint16_t send_bus;
    uint32_t line;   /* from 1; 0: none */
    uint32_t frames; /* ramp, glide or fade; play: the fade of its release */
    uint32_t param;  /* set: number of the name in mix_config.params */
    float number;    /* set: the value in the parameter's unit; play: base pitch in Hz, MIX_NO_BASE:
                        the parameter's default */
    int64_t rate;    /* play, set_pitch: 32.32 */
    uint64_t length; /* play: frames until release; 0: none */
    int64_t serial;  /* play: -1: counted */
    uint32_t source; /* play */
    uint32_t name;   /* play: what it is called, or MIX_NO_NAME */
    uint32_t loop_start, loop_end;
    int32_t bus;                         /* play: -1: the mix */
    uint8_t volume, pan, priority, loop; /* play */
};

#endif
