/* midi_file.h - the channel messages of a Standard MIDI File, in order, on exact frames.
 *
 * Formats 0 and 1 as "Standard MIDI Files 1.0" (RP-001) has them, read strictly: what does not
 * conform is refused with its byte and what was expected there. Unknown chunks, system exclusive
 * and meta events but tempo and end of track are skipped.
 *
 * Tracks are merged by (tick, track, place in the track). An event's frame is the one nearest to
 * its exact time at 48,000 Hz, the later of two equally near. */
#ifndef RENDER_SCORE_MIDI_FILE_H
#define RENDER_SCORE_MIDI_FILE_H

#include "render/error.h"
#include <stddef.h>
#include <stdint.h>

enum { MIDI_LIMIT = 64 * 1024 * 1024 }; /* bytes of a file */

struct midi_event {
    uint64_t frame;
    size_t offset;   /* of the status byte, or where it would be */
    uint8_t status;  /* 0x80 .. 0xEF */
    uint8_t data[2]; /* 0 .. 127; the second is 0 where there is none */
};

struct midi_file;

/* Checks the whole file. The bytes are kept, not copied. NULL on failure: RENDER_WRONG or
 * RENDER_TROUBLE. */
struct midi_file *midi_open(const uint8_t *bytes, size_t size, struct render_error *);
void midi_close(struct midi_file *);
/* *more is 0 after the last event: then `frame` is where the last track ends. RENDER_WRONG: the
 * music is longer than 2^53 frames. */
enum render_status midi_next(struct midi_file *, struct midi_event *, int *more,
                             struct render_error *);

#endif
