/* test_sample_errors.c - sound files that are refused, cut, damaged or too long. */
#include "tests/render/test_sample_kit.h"

/* libvorbis's, when libsndfile gives a cut Ogg file up. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:vorbis_info_init\n";
}

#if defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__
#define SANITIZED 1
#elif defined __has_feature
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) ||                         \
    __has_feature(memory_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

/* --- refusals ---------------------------------------------------------------------------- */

static void what_is_no_file_is_refused(void **state)
{
    (void)state;
    char name[300];
    struct render_error error;
    struct sample sample;
    assert_int_equal(mkdir("dir", 0777), 0);
    assert_int_equal(mkfifo("fifo", 0666), 0);
    assert_int_equal(symlink("loop", "loop"), 0);
    save("text", "RIFF is only a word here, and no sound comes of it", 50);
    save("none", "", 0);
    refuse("missing", &as_is, RENDER_WRONG, "missing: cannot open: No such file or directory");
    refuse("", &as_is, RENDER_WRONG, ": cannot open: No such file or directory");
    refuse("text/a", &as_is, RENDER_WRONG, "text/a: cannot open: Not a directory");
    refuse("loop", &as_is, RENDER_WRONG, "loop: cannot open: Too many levels of symbolic links");
    refuse("dir", &as_is, RENDER_WRONG, "dir: is a directory, not a sound file");
    refuse("fifo", &as_is, RENDER_WRONG, "fifo: is not a regular file");
    refuse("/dev/zero", &as_is, RENDER_WRONG, "/dev/zero: is not a regular file");
    refuse("none", &as_is, RENDER_WRONG, "none: is an empty file");
    memset(name, 'x', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    assert_int_equal(sample_load(&sample, name, &as_is, &error), RENDER_WRONG);
    assert_non_null(strstr(error.text, "xx: cannot open: File name too long"));
    assert_int_equal(sample_load(&sample, "text", &as_is, &error), RENDER_WRONG);
    assert_memory_equal(error.text, "text: cannot be decoded: ", 25);
    assert_int_not_equal(error.text[strlen(error.text) - 1], '.');
}

static void failing_reads_are_trouble(void **state)
{
    (void)state;
    if (access("/proc/self/mem", R_OK))
        skip();
    refuse("/proc/self/mem", &as_is, RENDER_TROUBLE,
           "/proc/self/mem: cannot read: Input/output error");
    write_zeros("a", SF_FORMAT_WAV | SF_FORMAT_PCM_16, RATE, 10);
    assert_int_equal(chmod("a", 0), 0);
    if (access("a", R_OK))
        refuse("a", &as_is, RENDER_TROUBLE, "a: cannot open: Permission denied");
}

static void frames_must_be_numbers(void **state)
{
    (void)state;
    static double x[40000];
    x[30000] = (double)NAN;
    write_doubles("a", 1, x, 40000);
    refuse("a", &as_is, RENDER_WRONG, "a: frame 30000 is not a number");
    x[30000] = -(double)INFINITY;
    write_doubles_at("a", SF_FORMAT_AIFF | SF_FORMAT_FLOAT, RATE, 1, x, 40000);
    refuse("a", &as_is, RENDER_WRONG, "a: frame 30000 is infinite");
    x[30000] = 0.0;
    x[39999] = (double)INFINITY;
    write_doubles("a", 2, x, 40000);
    refuse("a", &mixed, RENDER_WRONG, "a: frame 19999 is infinite");
    x[0] = (double)NAN;
    write_doubles("a", 4, x, 40000);
    refuse("a", &(struct sample_options){true, SAMPLE_BEST}, RENDER_WRONG,
           "a: frame 0 is not a number");
}

static void shapes_have_limits(void **state)
{
    (void)state;
    struct sample sample;
    save_wav(RATE, NULL, 0, 0);
    refuse("a", &as_is, RENDER_WRONG, "a: has no frames; a sample has at least one");
    save_wav(768000, NULL, 10, 20);
    load(&sample, "a", &as_is);
    assert_int_equal(sample.rate, 768000);
    sample_free(&sample);
    save_wav(768001, NULL, 10, 20);
    refuse("a", &as_is, RENDER_WRONG, "a: has a rate of 768001 Hz; a sample has 1 to 768000");
}

/* A header that promises more: what is there is the sample. */
static void what_is_read_counts(void **state)
{
    (void)state;
    static const uint32_t claims[] = {402, 0x7ffff000, 0xffffffff};
    for (size_t i = 0; i < 3; i++) {
        struct sample sample;
        save_wav(RATE, NULL, 200, claims[i]);
        load(&sample, "a", &as_is);
        assert_int_equal(sample.length, 200);
        assert_int_equal(sample.frames[199], 200);
        sample_free(&sample);
    }
}

static size_t read_file(const char *path, unsigned char *bytes, size_t room)
{
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    size_t size = fread(bytes, 1, room, file);
    assert_int_equal(fclose(file), 0);
    return size;
}

/* The count of frames in a FLAC header, 36 bits of which these are the middle ones. */
static void promised_frames_are_missed(void **state)
{
    (void)state;
    static unsigned char bytes[1 << 16];
    struct sample sample;
    write_sine("a", SF_FORMAT_FLAC | SF_FORMAT_PCM_16, RATE, 1000.0, 0.5, 1000);
    size_t size = read_file("a", bytes, sizeof bytes);
    load(&sample, "a", &as_is);
    sample_free(&sample);
    assert_int_equal(bytes[24] << 8 | bytes[25], 1000);
    bytes[24] = 0xff;
    save("b", bytes, size);
    refuse("b", &as_is, RENDER_WRONG, "b: is cut short: of 65512 frames, 1000 are there");
    bytes[24] = bytes[25] = 0; /* unknown */
    save("b", bytes, size);
    load(&sample, "b", &as_is);
    assert_int_equal(sample.length, 1000);
    sample_free(&sample);
    bytes[22] = 0xff; /* too many, were they there */
    save("b", bytes, size);
    refuse("b", &as_is, RENDER_WRONG, "b: is too long; a sample has at most 1073741824 frames");
}

static const int damaged_formats[] = {
    SF_FORMAT_WAV | SF_FORMAT_PCM_16,  SF_FORMAT_AIFF | SF_FORMAT_PCM_24,
    SF_FORMAT_FLAC | SF_FORMAT_PCM_16, SF_FORMAT_OGG | SF_FORMAT_VORBIS,
    SF_FORMAT_CAF | SF_FORMAT_ALAC_16, SF_FORMAT_WAV | SF_FORMAT_IMA_ADPCM,
};

/* A sample, or an error with a text that blames the file; never more frames than there were. */
static void check_damaged(const unsigned char *bytes, size_t size)
{
    struct sample sample;
    struct render_error error;
    save("b", bytes, size);
    enum render_status status = sample_load(&sample, "b", &as_is, &error);
    if (status == RENDER_OK) {
        assert_in_range(sample.length, 1, MOST);
        assert_int_equal(sample.frames[sample.length], 0);
    } else {
        assert_int_equal(status, RENDER_WRONG);
        assert_memory_equal(error.text, "b: ", 3);
        assert_null(sample.frames);
    }
    sample_free(&sample);
}

static void cut_files_are_refused_or_shorter(void **state)
{
    (void)state;
    static unsigned char bytes[1 << 20];
    for (size_t f = 0; f < sizeof damaged_formats / sizeof damaged_formats[0]; f++) {
        write_sine("a", damaged_formats[f], RATE, 1000.0, 0.5, 20000);
        size_t size = read_file("a", bytes, sizeof bytes);
        for (size_t cut = 0; cut < size; cut += cut < 128 ? 1 : size / 50)
            check_damaged(bytes, cut);
    }
}

static void a_cut_wav_or_aiff_is_refused(void **state)
{
    (void)state;
    static unsigned char bytes[1 << 20];
    for (size_t f = 0; f < 2; f++) {
        write_sine("a", damaged_formats[f], RATE, 1000.0, 0.5, 20000);
        size_t size = read_file("a", bytes, sizeof bytes);
        for (size_t cut = 44; cut < size - 1; cut += size / 7) {
            struct sample sample;
            struct render_error error;
            save("b", bytes, cut);
            assert_int_equal(sample_load(&sample, "b", &as_is, &error), RENDER_WRONG);
            assert_non_null(strstr(error.text, "b: is cut short: of "));
        }
    }
}

/* The sizes and counts of a header, wrong one bit after the other. */
static void headers_are_not_trusted(void **state)
{
    (void)state;
    struct bytes b = {.size = 0};
    put_wav(&b, RATE, &(struct smpl){60, 1, {{0, 0, 99}}}, 200, 400);
    for (size_t bit = 0; bit < 8 * (b.size - 400); bit++) {
        b.data[bit / 8] ^= (unsigned char)(1u << bit % 8);
        check_damaged(b.data, b.size);
        b.data[bit / 8] ^= (unsigned char)(1u << bit % 8);
    }
}

static void broken_flac_is_refused(void **state)
{
    (void)state;
    static unsigned char bytes[1 << 20];
    static int32_t samples[MOST];
    struct render_error error;
    struct sample sample;
    noise(samples, MOST);
    write_ints("a", SF_FORMAT_FLAC | SF_FORMAT_PCM_16, samples, MOST);
    size_t size = read_file("a", bytes, sizeof bytes);
    save("b", bytes, size / 2);
    assert_int_equal(sample_load(&sample, "b", &as_is, &error), RENDER_WRONG);
    assert_memory_equal(error.text, "b: is broken after frame ", 25);
    assert_null(sample.frames);
    for (size_t i = size / 2; i < size / 2 + 2000; i++)
        bytes[i] ^= 0x5a;
    save("b", bytes, size);
    assert_int_equal(sample_load(&sample, "b", &as_is, &error), RENDER_WRONG);
    assert_memory_equal(error.text, "b: is broken after frame ", 25);
}

static void cut_ogg_is_refused(void **state)
{
    (void)state;
    static unsigned char bytes[1 << 20];
    write_sine("a", SF_FORMAT_OGG | SF_FORMAT_VORBIS, RATE, 1000.0, 0.5, 20000);
    size_t size = read_file("a", bytes, sizeof bytes);
    save("b", bytes, size - 200);
    refuse("b", &as_is, RENDER_WRONG, "b: is broken: not one frame can be decoded");
}

/* --- memory ------------------------------------------------------------------------------ */

/* The file is a hole: nothing of it is on the disk, or should get into memory. */
static void too_long_is_refused_at_once(void **state)
{
    (void)state;
    struct bytes b = {.size = 0};
    static const uint32_t header[] = {24, 0xffffffff, 2, RATE, 1}; /* AU, 8 bits, length unknown */
    put_tag(&b, ".snd");
    for (size_t i = 0; i < 5; i++)
        put_big(&b, header[i], 4);
    save("a", b.data, b.size);
    if (truncate("a", 24 + INT64_C(0x80000000)))
        skip();
    refuse("a", &as_is, RENDER_WRONG, "a: is too long; a sample has at most 1073741824 frames");
    assert_int_equal(truncate("a", 24 + INT64_C(0x10000)), 0);
    struct sample sample;
    load(&sample, "a", &as_is);
    assert_int_equal(sample.length, 0x10000);
    sample_free(&sample);
}

static size_t pages_in_use(void)
{
    unsigned long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (file && fscanf(file, "%lu", &pages) != 1)
        pages = 0;
    if (file)
        fclose(file);
    return (size_t)pages;
}

/* What comes of loading "a" in a process with `room` more bytes of address space. */
static int load_within(size_t room)
{
    pid_t child = fork();
    int result = -1;
    assert_true(child >= 0);
    if (child == 0) {
        struct sample sample;
        struct render_error error;
        size_t bytes = pages_in_use() * (size_t)sysconf(_SC_PAGESIZE) + room;
        struct rlimit limit = {bytes, bytes};
        if (setrlimit(RLIMIT_AS, &limit))
            _exit(99);
        enum render_status status = sample_load(&sample, "a", &as_is, &error);
        bool worded = status == RENDER_OK ||
                      strcmp(error.text, "a: cannot load: Cannot allocate memory") == 0;
        _exit(worded ? (int)status : 98);
    }
    assert_int_equal(waitpid(child, &result, 0), child);
    assert_true(WIFEXITED(result));
    return WEXITSTATUS(result);
}

/* 20 MB of frames: twice that and a little is enough, less is said. */
static void memory_is_twice_the_sample(void **state)
{
    (void)state;
    enum { FRAMES = 10000000, BYTES = 2 * FRAMES };
    if (SANITIZED || pages_in_use() == 0)
        skip();
    SNDFILE *file = create("a", SF_FORMAT_WAV | SF_FORMAT_PCM_16, RATE, 1);
    static const short zeros[10000];
    for (int i = 0; i < FRAMES / 10000; i++)
        assert_int_equal(sf_write_short(file, zeros, 10000), 10000);
    sf_close(file);
    assert_int_equal(load_within(BYTES * 2 + BYTES / 5), RENDER_OK);
    assert_int_equal(load_within(BYTES + BYTES / 2), RENDER_TROUBLE);
    assert_int_equal(load_within(BYTES / 2), RENDER_TROUBLE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_DIRECTORY(what_is_no_file_is_refused),
        IN_DIRECTORY(failing_reads_are_trouble),
        IN_DIRECTORY(frames_must_be_numbers),
        IN_DIRECTORY(shapes_have_limits),
        IN_DIRECTORY(what_is_read_counts),
        IN_DIRECTORY(promised_frames_are_missed),
        IN_DIRECTORY(cut_files_are_refused_or_shorter),
        IN_DIRECTORY(a_cut_wav_or_aiff_is_refused),
        IN_DIRECTORY(headers_are_not_trusted),
        IN_DIRECTORY(broken_flac_is_refused),
        IN_DIRECTORY(cut_ogg_is_refused),
        IN_DIRECTORY(too_long_is_refused_at_once),
        IN_DIRECTORY(memory_is_twice_the_sample),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
