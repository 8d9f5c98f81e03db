/* libraries.c - libsndfile, libsamplerate and libogg, loaded when first called.
 *
 * They and the six libraries that they need take a third of the time of a process that renders a
 * short effect, and a patch into a WAV of 16 bits needs none. What is called has the names and
 * types of their headers; elsewhere than on Linux, with its names of files, they are linked as
 * ever. A library that cannot be loaded opens nothing and says why. */
#if defined __linux__
#include <dlfcn.h>
#include <ogg/ogg.h>
#include <pthread.h>
#include <samplerate.h>
#include <sndfile.h>
#include <stdio.h>
#include <string.h>

static char why[200];

static void note_failure(void)
{
    const char *words = dlerror();
    snprintf(why, sizeof why, "%s", words ? words : "a library cannot be loaded");
    dlerror(); /* frees the words */
}

static void *load(const char *file)
{
    void *library = dlopen(file, RTLD_NOW | RTLD_LOCAL);
    if (!library)
        note_failure();
    return library;
}

/* C converts no pointer to data into one to a function; POSIX says that they are alike. */
static void find(void *library, const char *name, void *call)
{
    void *found = dlsym(library, name);
    if (!found)
        note_failure();
    memcpy(call, &found, sizeof found);
}

/* Of a library: X(what it gives, its name, parameters, arguments, what it gives where there is no
 * library). */
#define SNDFILE_CALLS(X)                                                                           \
    X(SNDFILE *, sf_open_virtual, (SF_VIRTUAL_IO * io, int mode, SF_INFO *info, void *context),    \
      (io, mode, info, context), NULL)                                                             \
    X(SNDFILE *, sf_open_fd, (int fd, int mode, SF_INFO *info, int close),                         \
      (fd, mode, info, close), NULL)                                                               \
    X(int, sf_close, (SNDFILE * file), (file), 0)                                                  \
    X(int, sf_command, (SNDFILE * file, int command, void *data, int size),                        \
      (file, command, data, size), 0)                                                              \
    X(int, sf_error, (SNDFILE * file), (file), SF_ERR_SYSTEM)                                      \
    X(const char *, sf_strerror, (SNDFILE * file), (file), why)                                    \
    X(const char *, sf_error_number, (int number), (number), why)                                  \
    X(int, sf_get_chunk_data, (const SF_CHUNK_ITERATOR *at, SF_CHUNK_INFO *info), (at, info),      \
      SF_ERR_SYSTEM)                                                                               \
    X(SF_CHUNK_ITERATOR *, sf_get_chunk_iterator, (SNDFILE * file, const SF_CHUNK_INFO *info),     \
      (file, info), NULL)                                                                          \
    X(sf_count_t, sf_seek, (SNDFILE * file, sf_count_t frames, int whence),                        \
      (file, frames, whence), -1)                                                                  \
    X(sf_count_t, sf_readf_double, (SNDFILE * file, double *to, sf_count_t frames),                \
      (file, to, frames), 0)                                                                       \
    X(sf_count_t, sf_readf_float, (SNDFILE * file, float *to, sf_count_t frames),                  \
      (file, to, frames), 0)                                                                       \
    X(sf_count_t, sf_writef_short, (SNDFILE * file, const short *from, sf_count_t frames),         \
      (file, from, frames), 0)                                                                     \
    X(sf_count_t, sf_writef_int, (SNDFILE * file, const int *from, sf_count_t frames),             \
      (file, from, frames), 0)                                                                     \
    X(sf_count_t, sf_writef_float, (SNDFILE * file, const float *from, sf_count_t frames),         \
      (file, from, frames), 0)

#define SAMPLERATE_CALLS(X)                                                                        \
    X(SRC_STATE *, src_new, (int kind, int channels, int *error), (kind, channels, error), NULL)   \
    X(SRC_STATE *, src_delete, (SRC_STATE * state), (state), NULL)                                 \
    X(int, src_process, (SRC_STATE * state, SRC_DATA * data), (state, data), 1)                    \
    X(int, src_is_valid_ratio, (double ratio), (ratio), 1)                                         \
    X(const char *, src_strerror, (int error), (error), why)

/* ogg_sync_buffer is the first that is asked whether it failed. */
#define OGG_CALLS(X)                                                                               \
    X(int, ogg_sync_init, (ogg_sync_state * sync), (sync), -1)                                     \
    X(int, ogg_sync_clear, (ogg_sync_state * sync), (sync), -1)                                    \
    X(char *, ogg_sync_buffer, (ogg_sync_state * sync, long size), (sync, size), NULL)             \
    X(int, ogg_sync_wrote, (ogg_sync_state * sync, long bytes), (sync, bytes), -1)                 \
    X(long, ogg_sync_pageseek, (ogg_sync_state * sync, ogg_page * page), (sync, page), 0)

#define KEEP(type, name, parameters, arguments, none) static type(*own_##name) parameters;
SNDFILE_CALLS(KEEP)
SAMPLERATE_CALLS(KEEP)
OGG_CALLS(KEEP)
static void (*own_ogg_page_checksum_set)(ogg_page *page); /* gives nothing, so it is by itself */

#define FIND(type, name, parameters, arguments, none) find(library, #name, &own_##name);

static void load_sndfile(void)
{
    void *library = load("libsndfile.so.1");
    if (library) {
        SNDFILE_CALLS(FIND)
    }
}

static void load_samplerate(void)
{
    void *library = load("libsamplerate.so.0");
    if (library) {
        SAMPLERATE_CALLS(FIND)
    }
}

static void load_ogg(void)
{
    void *library = load("libogg.so.0");
    if (library) {
        OGG_CALLS(FIND)
        find(library, "ogg_page_checksum_set", &own_ogg_page_checksum_set);
    }
}

static pthread_once_t sndfile = PTHREAD_ONCE_INIT, samplerate = PTHREAD_ONCE_INIT,
                      ogg = PTHREAD_ONCE_INIT;

#define DEFINE(once, load_it, type, name, parameters, arguments, none)                             \
    type name parameters                                                                           \
    {                                                                                              \
        pthread_once(&once, load_it);                                                              \
        return own_##name ? own_##name arguments : none;                                           \
    }
#define DEFINE_SNDFILE(...)    DEFINE(sndfile, load_sndfile, __VA_ARGS__)
#define DEFINE_SAMPLERATE(...) DEFINE(samplerate, load_samplerate, __VA_ARGS__)
#define DEFINE_OGG(...)        DEFINE(ogg, load_ogg, __VA_ARGS__)
SNDFILE_CALLS(DEFINE_SNDFILE)
SAMPLERATE_CALLS(DEFINE_SAMPLERATE)
OGG_CALLS(DEFINE_OGG)

void ogg_page_checksum_set(ogg_page *page)
{
    pthread_once(&ogg, load_ogg);
    if (own_ogg_page_checksum_set)
        own_ogg_page_checksum_set(page);
}
#else
typedef int libraries_are_linked; /* a file of C is not empty */
#endif
