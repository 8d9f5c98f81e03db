/* sound_file.h - sound files as tables: every frame in double, at the file's own rate.
 *
 * A value is a fraction of full scale, as sample.h has it, but not rounded. Of several channels the
 * left or right one, or the mean of all, added in order. What lossy formats decode to is up to
 * their libraries. */
#ifndef RENDER_SOUND_FILE_H
#define RENDER_SOUND_FILE_H

#include "text/sound.h"

/* For struct sound_loader; the context is not looked at. */
int sound_load(void *context, const char *path, enum sound_channel, struct sound_frames *);

#endif
