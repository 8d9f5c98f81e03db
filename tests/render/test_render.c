/* test_render.c - the parts of render/ that need no program: the sample rule, the end of a
 * sound, the files. */
#include "render/audio_file.h"
#include "render/events.h"
#include "render/hash.h"
#include "render/ogg_serial.h"
#include "render/pcm.h"
#include "render/silence.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

enum { MOST = 70000 };

/* --- the sample rule --------------------------------------------------------------------- */

static int16_t to16(float x)
{
    int16_t s;
    pcm_convert(PCM_16, &x, 1, &s);
    return s;
}

static int32_t to24(float x)
{
    int32_t s;
    pcm_convert(PCM_24, &x, 1, &s);
    return s / 256;
}

static void ties_go_away_from_zero(void **state)
{
    (void)state;
    assert_int_equal(to16(0.5f / 32768), 1);
    assert_int_equal(to16(-0.5f / 32768), -1);
    assert_int_equal(to16(1.5f / 32768), 2);
    assert_int_equal(to16(2.5f / 32768), 3);
    assert_int_equal(to16(-2.5f / 32768), -3);
    assert_int_equal(to16(nextafterf(0.5f, 0) / 32768), 0);
    assert_int_equal(to16(nextafterf(2.5f, 0) / 32768), 2);
    assert_int_equal(to24(0.5f / 8388608), 1);
    assert_int_equal(to24(-4194303.5f / 8388608), -4194304);
}

static void samples_saturate(void **state)
{
    (void)state;
    assert_int_equal(to16(1.0f), 32767);
    assert_int_equal(to16(-1.0f), -32768);
    assert_int_equal(to16(INFINITY), 32767);
    assert_int_equal(to16(-INFINITY), -32768);
    assert_int_equal(to16(32767.5f / 32768), 32767);
    assert_int_equal(to16(-3e38f), -32768);
    assert_int_equal(to24(1.0f), 8388607);
    assert_int_equal(to24(-2.0f), -8388608);
    assert_int_equal(to16(NAN), 0);
    assert_int_equal(to24(-NAN), 0);
}

/* The rule itself, in double and by libm. */
static int32_t expected(float x, double one)
{
    double y = round((double)x * one);
    return (int32_t)fmax(-one, fmin(one - 1.0, y));
}

/* Every 16-bit value, its ties and the floats around them, in one long conversion. */
static void samples_follow_the_rule(void **state)
{
    (void)state;
    static float in[3 * 2 * 65537];
    static int16_t out16[3 * 2 * 65537];
    static int32_t out24[3 * 2 * 65537];
    size_t count = 0;
    for (int half = -65536; half <= 65536; half++) {
        float x = (float)half / 65536.0f;
        in[count++] = nextafterf(x, -2.0f);
        in[count++] = x;
        in[count++] = nextafterf(x, 2.0f);
    }
    pcm_convert(PCM_16, in, count, out16);
    pcm_convert(PCM_24, in, count, out24);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(out16[i], expected(in[i], 32768.0));
        assert_int_equal(out24[i], expected(in[i], 8388608.0) * 256);
    }
}

static void dither_depends_on_the_place_alone(void **state)
{
    (void)state;
    float in[1000];
    int16_t whole[1000], parts[1000], other[1000];
    double sum = 0.0;
    for (size_t i = 0; i < 1000; i++)
        in[i] = 0.25f / 32768.0f;
    pcm_convert_dithered(PCM_16, 7, 0, in, 1000, whole);
    for (size_t at = 0; at < 1000; at += 125)
        pcm_convert_dithered(PCM_16, 7, at, in + at, 125, parts + at);
    pcm_convert_dithered(PCM_16, 8, 0, in, 1000, other);
    assert_memory_equal(whole, parts, sizeof whole);
    assert_memory_not_equal(whole, other, sizeof whole);
    for (size_t i = 0; i < 1000; i++) {
        assert_in_range(whole[i] + 1, 0, 2);
        sum += whole[i];
    }
    assert_true(fabs(sum / 1000.0 - 0.25) < 0.06); /* dither keeps the mean */
}

/* --- the hash ---------------------------------------------------------------------------- */

static void hash_is_of_little_endian_bytes(void **state)
{
    (void)state;
    struct sample_hash hash;
    char empty[HASH_TEXT], packed[HASH_TEXT], bytes[HASH_TEXT];
    const int32_t wide[2] = {0x030201 * 256, 0x060504 * 256};
    const int16_t pairs[3] = {0x0201, 0x0403, 0x0605};
    assert_int_equal(hash_init(&hash), 0);
    hash_text(&hash, empty);
    assert_string_equal(empty, "99aa06d3014798d86001c324468d497f"); /* xxhsum -H128 /dev/null */
    hash_add(&hash, PCM_24, wide, 2);
    hash_text(&hash, packed);
    hash_restart(&hash);
    hash_add(&hash, PCM_16, pairs, 1);
    hash_add(&hash, PCM_16, pairs + 1, 2);
    hash_text(&hash, bytes);
    assert_string_equal(packed, bytes);
    hash_free(&hash);
}

/* --- the end of a sound ------------------------------------------------------------------ */

/* Bursts with gaps of growing length, in two channels. */
static void fill_bursts(float *samples, size_t frames)
{
    for (size_t i = 0, gap = 1, left = 1; i < frames; i++) {
        bool loud = --left == 0;
        samples[2 * i] = 0.0f;
        samples[2 * i + 1] = loud ? -0.5f : 0.01f;
        if (loud)
            left = gap += 7;
    }
}

static struct silence feed_in_pieces(const float *samples, size_t frames, size_t piece,
                                     uint64_t not_before)
{
    struct silence silence;
    silence_init(&silence, 0.1f, 500, not_before);
    for (size_t at = 0; at < frames; at += piece) {
        size_t n = frames - at < piece ? frames - at : piece;
        silence_feed(&silence, samples + 2 * at, n, 2);
    }
    return silence;
}

static void silence_is_independent_of_the_cut(void **state)
{
    (void)state;
    static float samples[2 * MOST];
    static const size_t pieces[] = {1, 2, 63, 64, 499, 500, 501, 799, 4096, MOST};
    static const uint64_t not_before[] = {0, 1, 30000, MOST};
    fill_bursts(samples, MOST);
    for (size_t k = 0; k < 4; k++) {
        struct silence whole = feed_in_pieces(samples, MOST, MOST, not_before[k]);
        for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
            struct silence cut = feed_in_pieces(samples, MOST, pieces[i], not_before[k]);
            assert_int_equal(cut.over, whole.over);
            assert_int_equal(cut.end, whole.end);
            assert_int_equal(cut.fed, whole.fed);
        }
    }
}

static void silence_ends_after_the_last_loud_frame(void **state)
{
    (void)state;
    float samples[1000] = {[9] = 0.1f, [300] = -0.09f};
    struct silence silence;
    silence_init(&silence, 0.1f, 100, 0);
    silence_feed(&silence, samples, 109, 1);
    assert_false(silence.over);
    silence_feed(&silence, samples + 109, 891, 1);
    assert_true(silence.over);
    assert_int_equal(silence.end, 10); /* 0.1 is not below 0.1 */
    assert_int_equal(silence.fed, 110);
}

static void silence_waits_for_the_last_event(void **state)
{
    (void)state;
    float samples[1000] = {[9] = 1.0f};
    struct silence silence;
    silence_init(&silence, 0.1f, 100, 600);
    silence_feed(&silence, samples, 1000, 1);
    assert_int_equal(silence.end, 10);
    assert_int_equal(silence.fed, 600);
    samples[550] = NAN; /* is not below anything */
    silence_init(&silence, 0.1f, 100, 600);
    silence_feed(&silence, samples, 1000, 1);
    assert_int_equal(silence.end, 551);
    assert_int_equal(silence.fed, 651);
}

static void events_are_sorted_and_keep_their_order(void **state)
{
    (void)state;
    struct event list[] = {{5, 0, 0, 0}, {2, 1, 0, 0}, {5, 2, 0, 0}, {2, 3, 0, 0}, {0, 4, 0, 0}};
    static const unsigned order[] = {4, 1, 3, 0, 2};
    struct events events = {list, 5};
    events_sort(&events);
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(list[i].param, order[i]);
    assert_int_equal(events_last(&events), 5);
}

/* --- files ------------------------------------------------------------------------------- */

static int enter_directory(void **state)
{
    char *directory = strdup("/tmp/test_render.XXXXXX");
    *state = directory;
    return directory && mkdtemp(directory) && chdir(directory) == 0 ? 0 : -1;
}

static unsigned entries(void)
{
    unsigned count = 0;
    DIR *directory = opendir(".");
    assert_non_null(directory);
    while (readdir(directory))
        count++;
    closedir(directory);
    return count - 2;
}

static int leave_directory(void **state)
{
    static const char *const names[] = {"a.wav", "b.ogg", "link.wav", "pipe"};
    for (size_t i = 0; i < 4; i++)
        unlink(names[i]);
    int left = chdir("/") || rmdir(*state);
    free(*state);
    return left;
}

static void make_file(struct audio_file *file, const struct audio_spec *spec, const char *name)
{
    float samples[2 * 480];
    struct render_error error;
    for (size_t i = 0; i < 2 * 480; i++)
        samples[i] = (float)(i % 100) / 100.0f;
    assert_int_equal(audio_create(file, spec, name, 0, &error), RENDER_OK);
    for (int i = 0; i < 100; i++)
        assert_int_equal(audio_write(file, samples, 480, &error), RENDER_OK);
    assert_int_equal(audio_finish(file, &error), RENDER_OK);
}

static const struct audio_spec float_wav = {AUDIO_WAV, PCM_FLOAT, 2, 48000};
static const struct audio_spec vorbis = {AUDIO_OGG, PCM_FLOAT, 2, 48000};

static void write_text(const char *name, const char *text)
{
    FILE *file = fopen(name, "w");
    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
}

static size_t read_bytes(const char *name, char *bytes, size_t room)
{
    FILE *file = fopen(name, "rb");
    assert_non_null(file);
    size_t size = fread(bytes, 1, room, file);
    fclose(file);
    return size;
}

static void old_file_stays_until_commit(void **state)
{
    (void)state;
    struct audio_file file;
    struct render_error error;
    char bytes[16] = "";
    write_text("a.wav", "old");
    make_file(&file, &float_wav, "a.wav");
    assert_true(entries() <= 2); /* a temporary one beside it, or one without a name */
    audio_discard(&file);
    assert_int_equal(entries(), 1);
    assert_int_equal(read_bytes("a.wav", bytes, sizeof bytes), 3);
    make_file(&file, &float_wav, "a.wav");
    assert_int_equal(audio_commit(&file, &error), RENDER_OK);
    audio_discard(&file);
    assert_int_equal(entries(), 1);
    read_bytes("a.wav", bytes, sizeof bytes);
    assert_memory_equal(bytes, "RIFF", 4);
}

static void umask_is_honoured_and_links_followed(void **state)
{
    (void)state;
    struct audio_file file;
    struct render_error error;
    struct stat info;
    mode_t mask = umask(027);
    write_text("a.wav", "old");
    assert_int_equal(symlink("a.wav", "link.wav"), 0);
    make_file(&file, &float_wav, "link.wav");
    assert_int_equal(audio_commit(&file, &error), RENDER_OK);
    audio_discard(&file);
    umask(mask);
    assert_int_equal(lstat("link.wav", &info), 0);
    assert_true(S_ISLNK(info.st_mode));
    assert_int_equal(stat("a.wav", &info), 0);
    assert_int_equal(info.st_mode & 0777, 0640);
    assert_true(info.st_size > 48000 * 2 * 4);
}

static void what_cannot_be_written_is_said(void **state)
{
    (void)state;
    struct audio_file file;
    struct render_error error;
    assert_int_equal(audio_create(&file, &float_wav, "none/a.wav", 0, &error), RENDER_TROUBLE);
    assert_string_equal(error.text, "none/a.wav: cannot create: No such file or directory");
    audio_discard(&file);
    assert_int_equal(audio_create(&file, &float_wav, "/tmp", 0, &error), RENDER_TROUBLE);
    audio_discard(&file);
    make_file(&file, &float_wav, "/dev/full");
    assert_int_equal(audio_commit(&file, &error), RENDER_TROUBLE);
    assert_string_equal(error.text, "/dev/full: cannot write: No space left on device");
    audio_discard(&file);
    assert_int_equal(entries(), 0);
}

/* A file that takes no more bytes fails in a write, or at the latest when it is finished. */
static void full_disk_leaves_nothing(void **state)
{
    (void)state;
    static const enum audio_format formats[] = {AUDIO_WAV, AUDIO_FLAC, AUDIO_OGG};
    static const int16_t frame[2] = {1, 2};
    for (size_t i = 0; i < 3; i++) {
        struct audio_spec spec = {formats[i], formats[i] == AUDIO_OGG ? PCM_FLOAT : PCM_16, 2, 9};
        struct audio_file file;
        struct render_error error;
        assert_int_equal(audio_create(&file, &spec, "a.wav", 0, &error), RENDER_OK);
        int full = open("/dev/full", O_WRONLY);
        assert_true(full >= 0 && dup2(full, file.out.fd) >= 0);
        close(full);
        float silence[2] = {0};
        const void *sample = formats[i] == AUDIO_OGG ? (const void *)silence : frame;
        if (audio_write(&file, sample, 1, &error) == RENDER_OK)
            assert_int_equal(audio_finish(&file, &error), RENDER_TROUBLE);
        assert_string_equal(error.text, "a.wav: cannot write: No space left on device");
        audio_discard(&file);
        assert_int_equal(entries(), 0);
    }
}

static void ogg_has_no_random_serial(void **state)
{
    (void)state;
    static char first[1 << 20], second[1 << 20];
    struct audio_file file;
    struct render_error error;
    size_t sizes[2];
    for (int i = 0; i < 2; i++) {
        make_file(&file, &vorbis, "b.ogg");
        assert_int_equal(audio_commit(&file, &error), RENDER_OK);
        audio_discard(&file);
        sizes[i] = read_bytes("b.ogg", i ? second : first, sizeof first);
    }
    assert_int_equal(sizes[0], sizes[1]);
    assert_memory_equal(first, second, sizes[0]);
    assert_memory_equal(first + 14, "\0\0\0\0", 4);
    SF_INFO info = {0};
    SNDFILE *reader = sf_open("b.ogg", SFM_READ, &info); /* it checks every page's checksum */
    assert_non_null(reader);
    assert_int_equal(info.frames, 48000);
    sf_close(reader);
}

static void ogg_serial_refuses_what_is_not_ogg(void **state)
{
    (void)state;
    char bytes[100000];
    memset(bytes, 'x', sizeof bytes - 1);
    bytes[sizeof bytes - 1] = '\0';
    write_text("b.ogg", bytes);
    int fd = open("b.ogg", O_RDWR);
    assert_int_equal(ogg_clear_serial(fd), -1);
    assert_int_equal(errno, EBADMSG);
    close(fd);
}

#define IN_DIRECTORY(test) cmocka_unit_test_setup_teardown(test, enter_directory, leave_directory)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ties_go_away_from_zero),
        cmocka_unit_test(samples_saturate),
        cmocka_unit_test(samples_follow_the_rule),
        cmocka_unit_test(dither_depends_on_the_place_alone),
        cmocka_unit_test(hash_is_of_little_endian_bytes),
        cmocka_unit_test(silence_is_independent_of_the_cut),
        cmocka_unit_test(silence_ends_after_the_last_loud_frame),
        cmocka_unit_test(silence_waits_for_the_last_event),
        cmocka_unit_test(events_are_sorted_and_keep_their_order),
        IN_DIRECTORY(old_file_stays_until_commit),
        IN_DIRECTORY(umask_is_honoured_and_links_followed),
        IN_DIRECTORY(what_cannot_be_written_is_said),
        IN_DIRECTORY(full_disk_leaves_nothing),
        IN_DIRECTORY(ogg_has_no_random_serial),
        IN_DIRECTORY(ogg_serial_refuses_what_is_not_ogg),
    };
    return cmocka_run_group_tests_name("render", tests, NULL, NULL);
}
