#include "tests/fuzz/kit/kit.h"
#include <sndfile.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#if defined __has_feature
#if __has_feature(address_sanitizer)
#define WITH_ASAN
#endif
#endif
#if defined __SANITIZE_ADDRESS__
#define WITH_ASAN
#endif
#ifdef WITH_ASAN
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(at, size)   ((void)(at), (void)(size))
#define ASAN_UNPOISON_MEMORY_REGION(at, size) ((void)(at), (void)(size))
#endif

void fz_fail(const char *format, ...)
{
    va_list arguments;
    const char *input = getenv("FUZZ_INPUT");
    va_start(arguments, format);
    fprintf(stderr, "%s%sbroken: ", input ? input : "", input ? ": " : "");
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    abort();
}

FILE *fz_nowhere(void)
{
    static FILE *file;
    if (!file)
        file = fopen("/dev/null", "w");
    FZ_CHECK(file);
    return file;
}

FILE *fz_stream(const uint8_t *data, size_t size)
{
    FILE *file = size ? fmemopen((void *)(uintptr_t)data, size, "rb") : fopen("/dev/null", "rb");
    FZ_CHECK(file);
    return file;
}

struct source fz_source(const char *name, const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    FZ_CHECK(text);
    memcpy(text, data, size);
    text[size] = 0;
    return (struct source){.name = name, .text = text, .size = size};
}

uint32_t fz_random(uint64_t *chance)
{
    *chance += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t z = *chance;
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return (uint32_t)(z >> 32);
}

uint32_t fz_below(uint64_t *chance, uint32_t limit)
{
    return (uint32_t)((uint64_t)fz_random(chance) * limit >> 32);
}

/* ---- a folder ---- */

static char folder[] = "/tmp/repatch-fuzz-XXXXXX";
static const char *const files[] = {"kick.wav", "loop.wav", "wide.wav", "lead.sx", "echo.sx"};

static void path_in(char *path, size_t size, const char *name)
{
    snprintf(path, size, "%s/%s", folder, name);
}

static void remove_folder(void)
{
    char path[64];
    for (unsigned i = 0; i < sizeof files / sizeof *files; i++) {
        path_in(path, sizeof path, files[i]);
        unlink(path);
    }
    rmdir(folder);
}

static void write_sample(const char *name, int channels, int loop)
{
    SF_INFO info = {
        .samplerate = 48000, .channels = channels, .format = SF_FORMAT_WAV | SF_FORMAT_PCM_16};
    char path[64];
    short frames[600];
    path_in(path, sizeof path, name);
    SNDFILE *file = sf_open(path, SFM_WRITE, &info);
    FZ_CHECK(file);
    if (loop) {
        SF_INSTRUMENT instrument = {.gain = 1, .basenote = 72, .loop_count = 1};
        instrument.loops[0].mode = SF_LOOP_FORWARD;
        instrument.loops[0].start = 30;
        instrument.loops[0].end = 290;
        sf_command(file, SFC_SET_INSTRUMENT, &instrument, sizeof instrument);
    }
    for (int i = 0; i < 300 * channels; i++)
        frames[i] = (short)(i * 100);
    sf_writef_short(file, frames, 300);
    sf_close(file);
}

static void write_text(const char *name, const char *text)
{
    char path[64];
    path_in(path, sizeof path, name);
    FILE *file = fopen(path, "wb");
    FZ_CHECK(file);
    fputs(text, file);
    fclose(file);
}

const char *fz_folder(void)
{
    static int made;
    if (made)
        return folder;
    FZ_CHECK(mkdtemp(folder));
    made = 1;
    atexit(remove_folder);
    write_sample("kick.wav", 1, 0);
    write_sample("loop.wav", 1, 1);
    write_sample("wide.wav", 2, 0);
    write_text("lead.sx",
               "(patch (params (freq (unit hz) (range 20 5000) (default 440))\n"
               "  (cutoff (unit hz) (range 100 8000) (default 1000) (curve exponential))\n"
               "  (level (unit db) (default -6)) (attack (unit s) (range 0 2))\n"
               "  (velocity (unit ratio) (default 1)) (gate (unit gate)))\n"
               "  (output (gain (filter.lopass (osc.saw (freq freq)) cutoff)\n"
               "    (gain (gain velocity level) (env.adsr (gate gate) (attack attack))))))");
    write_text("echo.sx", "(patch (params (wet (unit ratio) (default 0.5)))\n"
                          "  (output (gain (input.mono) wet)))");
    return folder;
}

/* ---- memory ---- */

enum { GUARD = 64, GUARD_BYTE = 0xa5 };

void *fz_take(size_t size)
{
    void *block;
    FZ_CHECK(posix_memalign(&block, RP_ALIGNMENT, size + 2 * GUARD) == 0);
    uint8_t *memory = (uint8_t *)block + GUARD;
    memset(block, GUARD_BYTE, GUARD);
    memset(memory, 0x5a, size); /* what is not set is not zero */
    memset(memory + size, GUARD_BYTE, GUARD);
    ASAN_POISON_MEMORY_REGION(block, GUARD);
    ASAN_POISON_MEMORY_REGION(memory + size, GUARD);
    return memory;
}

void fz_give(void *memory, size_t size)
{
    if (!memory)
        return;
    uint8_t *block = (uint8_t *)memory - GUARD;
    ASAN_UNPOISON_MEMORY_REGION(block, GUARD);
    ASAN_UNPOISON_MEMORY_REGION(block + GUARD + size, GUARD);
    for (unsigned i = 0; i < GUARD; i++)
        if (block[i] != GUARD_BYTE || block[GUARD + size + i] != GUARD_BYTE)
            fz_fail("a guard byte of %zu bytes of memory was written", size);
    free(block);
}
