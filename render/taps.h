/* taps.h - what every node of a program gave, as a hash a tick and as values: to find the node at
 * which two renders part.
 *
 *   taps_sound    what is heard from now on belongs to the sound that began at `begun`, and the
 * next frame is number `at` of the tick taps_tap      hears lane `lane`: for rp_process_tapped
 *   taps_write    a tick is over: appends " node.ID=HASH" for each node heard, or with a place that
 *                 is not "" " PLACE.node.ID=HASH", and starts anew
 *                 where this tick's values are kept, " node..." is followed by " values.ID=..." for
 *                 each node; docs/mixer.md, section 9, has their form
 *   taps_keep     whether the values of what is heard from now on are kept
 *   taps_drop     as taps_write, without a trace
 *   taps_fold     a tick is over, as taps_write: the hashes go into those of the stretch
 *   taps_stretch  a stretch is over: appends " PLACE.stretch.ID=HASH" for each node folded into it
 *
 * The hash of a node is the lower half of the XXH64 of the XXH64 of each of its values, in the
 * order of the program; of a value its frames at its own rate as floats, least significant byte
 * first. That of a stretch begins as 0; each hash that a tick would have makes it the XXH64 of its
 * eight bytes and the four of the hash, most significant first. Sounds that share a tick follow
 * each other by the time they began. In an ID, a blank, '=',
 * '%' and what is not printable stand as % and two hexadecimal digits. */
#ifndef RENDER_TAPS_H
#define RENDER_TAPS_H

#include "render/out_file.h"
#include "vm/repatch.h"

struct taps;

struct taps *taps_new(void); /* NULL: out of memory */
void taps_free(struct taps *);
void taps_sound(struct taps *, uint64_t begun, uint32_t at);
void taps_keep(struct taps *, bool keep);
/* Good until taps_free. */
struct rp_tap taps_tap(struct taps *, unsigned lane);
/* RENDER_TROUBLE: the file, or memory that ran out meanwhile. */
enum render_status taps_write(struct taps *, const char *place, struct out_file *,
                              struct render_error *);
void taps_drop(struct taps *);
enum render_status taps_fold(struct taps *, struct render_error *);
enum render_status taps_stretch(struct taps *, const char *place, struct out_file *,
                                struct render_error *);

#endif
