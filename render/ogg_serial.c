#include "render/ogg_serial.h"
#include <errno.h>
#include <ogg/ogg.h>
#include <string.h>
#include <unistd.h>

enum { READ_BYTES = 1 << 16, SERIAL_AT = 14, SERIAL_BYTES = 4 };

/* The bytes read, 0 at the end, -1 on error. */
static ssize_t read_more(ogg_sync_state *sync, int fd, off_t at)
{
    char *room = ogg_sync_buffer(sync, READ_BYTES);
    if (!room) {
        errno = ENOMEM;
        return -1;
    }
    ssize_t got;
    do
        got = pread(fd, room, READ_BYTES, at);
    while (got < 0 && errno == EINTR);
    if (got > 0)
        ogg_sync_wrote(sync, (long)got);
    return got;
}

/* Only the header changes: the body is where it was. */
static int rewrite_page(ogg_page *page, int fd, off_t at)
{
    memset(page->header + SERIAL_AT, 0, SERIAL_BYTES);
    ogg_page_checksum_set(page);
    for (long done = 0; done < page->header_len;) {
        ssize_t put = pwrite(fd, page->header + done, (size_t)(page->header_len - done), at + done);
        if (put < 0 && errno != EINTR)
            return -1;
        done += put > 0 ? put : 0;
    }
    return 0;
}

/* All the pages that lie whole in what was read; *at moves behind them. */
static int rewrite_pages(ogg_sync_state *sync, int fd, off_t *at)
{
    ogg_page page;
    long size;
    while ((size = ogg_sync_pageseek(sync, &page)) > 0) {
        if (rewrite_page(&page, fd, *at))
            return -1;
        *at += size;
    }
    if (size < 0)
        errno = EBADMSG; /* a gap before the next page */
    return size < 0 ? -1 : 0;
}

int ogg_clear_serial(int fd)
{
    ogg_sync_state sync;
    off_t read_at = 0, page_at = 0, end = lseek(fd, 0, SEEK_END);
    ssize_t got;
    int failed = end < 0;
    ogg_sync_init(&sync);
    while (!failed && (got = read_more(&sync, fd, read_at)) != 0) {
        failed = got < 0 || rewrite_pages(&sync, fd, &page_at);
        read_at += got;
    }
    if (!failed && page_at != end) {
        errno = EBADMSG;
        failed = 1;
    }
    ogg_sync_clear(&sync);
    return failed ? -1 : 0;
}
