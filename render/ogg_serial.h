/* ogg_serial.h - takes the random number out of an Ogg file.
 *
 * Every Ogg stream carries a serial number, which libsndfile draws from the clock. It tells
 * streams apart that share a file; ours stands alone, so zero does, and the same sound gives the
 * same file (RFC 3533, section 6). */
#ifndef RENDER_OGG_SERIAL_H
#define RENDER_OGG_SERIAL_H

/* Sets the serial number of every page to 0 and renews the page's checksum, in place, in a file
 * open for reading and writing. 0, or -1 with errno set: EBADMSG when it is not an Ogg file. */
int ogg_clear_serial(int fd);

#endif
