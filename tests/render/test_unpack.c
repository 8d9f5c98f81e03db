/* What leaves the lanes is what pcm.c and silence.c make of each lane alone; a WAV of ours is
 * libsndfile's, byte for byte. */
#include "render/audio_file.h"
#include "render/silence.h"
#include "render/unpack.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { MOST = UNPACK_MOST, LANES = 16 };

static uint64_t random_state = 1;

static uint32_t random_bits(void)
{
    random_state = random_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(random_state >> 33);
}

/* Of all sizes, halves of a step and what is held within the range among them. */
static float random_sample(void)
{
    float unit = (float)(int32_t)(random_bits() & 0xffffff) * 0x1p-23f - 1.0f;
    switch (random_bits() % 4) {
    case 0:
        return unit * 1e-5f;
    case 1:
        return ((float)(int32_t)(random_bits() % 65536) - 32768.0f + 0.5f) / 32768.0f;
    case 2:
        return unit * 3.0f;
    default:
        return unit;
    }
}

struct field {
    float plane[2][MOST * LANES];
    int16_t got[2 * MOST * LANES], wanted[2 * MOST];
    float own[2 * MOST];
};

static void lane_of(struct field *f, unsigned channels, unsigned lanes, unsigned lane,
                    size_t frames)
{
    for (size_t i = 0; i < frames; i++)
        for (unsigned c = 0; c < channels; c++)
            f->own[i * channels + c] = f->plane[c][i * lanes + lane];
}

static void try_samples(struct field *f, unsigned channels, unsigned lanes, size_t frames,
                        enum rp_isa isa)
{
    const float *planes[2] = {f->plane[0], channels == 2 ? f->plane[1] : NULL};
    for (unsigned c = 0; c < channels; c++)
        for (size_t i = 0; i < frames * lanes; i++)
            f->plane[c][i] = random_sample();
    memset(f->got, 0x55, sizeof f->got);
    unpack_16(planes, channels, lanes, frames, isa, f->got);
    for (unsigned l = 0; l < lanes; l++) {
        lane_of(f, channels, lanes, l, frames);
        pcm_convert(PCM_16, f->own, frames * channels, f->wanted);
        assert_memory_equal(f->wanted, f->got + l * MOST * channels,
                            frames * channels * sizeof *f->got);
    }
}

static void samples_are_those_of_each_lane(void **state)
{
    static const unsigned widths[] = {1, 4, 8, 16};
    static const size_t lengths[] = {1, 7, 8, 9, 63, 64, 200, 255, 256};
    struct field *f = malloc(sizeof *f);
    (void)state;
    assert_non_null(f);
    for (unsigned channels = 1; channels <= 2; channels++)
        for (size_t w = 0; w < 4; w++)
            for (size_t n = 0; n < sizeof lengths / sizeof *lengths; n++) {
                try_samples(f, channels, widths[w], lengths[n], RP_ISA_BASE);
                try_samples(f, channels, widths[w], lengths[n], RP_ISA_BEST);
            }
    free(f);
}

static void try_loud(struct field *f, unsigned channels, unsigned lanes, size_t frames)
{
    const float *planes[2] = {f->plane[0], channels == 2 ? f->plane[1] : NULL};
    float threshold[LANES];
    uint32_t loud[LANES];
    memset(f->plane, 0, sizeof f->plane);
    for (unsigned l = 0; l < lanes; l++) {
        threshold[l] = 0.25f;
        for (unsigned k = random_bits() % 4; k > 0; k--) {
            float value = random_bits() % 2 ? 0.25f : -0.2499f;
            f->plane[random_bits() % channels][(random_bits() % frames) * lanes + l] =
                random_bits() % 2 ? value : -value;
        }
    }
    unpack_loud(planes, channels, lanes, frames, threshold, loud);
    for (unsigned l = 0; l < lanes; l++) {
        struct silence fed, noted;
        lane_of(f, channels, lanes, l, frames);
        silence_init(&fed, 0.25f, 2 * MOST, 0);
        noted = fed;
        assert_true(silence_is_open(&noted, frames));
        silence_feed(&fed, f->own, frames, channels);
        silence_note(&noted, frames, loud[l]);
        assert_int_equal(fed.end, noted.end);
        assert_int_equal(fed.fed, noted.fed);
        assert_false(fed.over);
    }
}

static void the_last_loud_frame_is_that_of_each_lane(void **state)
{
    struct field *f = malloc(sizeof *f);
    (void)state;
    assert_non_null(f);
    for (unsigned channels = 1; channels <= 2; channels++)
        for (unsigned lanes = 4; lanes <= LANES; lanes *= 2)
            for (size_t frames = 1; frames <= MOST; frames += 51)
                try_loud(f, channels, lanes, frames);
    free(f);
}

/* A sound that may be over within the frames is not open. */
static void an_end_within_is_not_open(void **state)
{
    struct silence s;
    (void)state;
    silence_init(&s, 0.1f, 100, 0);
    assert_true(silence_is_open(&s, 99));
    assert_false(silence_is_open(&s, 100));
    silence_note(&s, 60, 11);
    assert_true(silence_is_open(&s, 50));
    assert_false(silence_is_open(&s, 51));
    silence_init(&s, 0.1f, 10, 70);
    assert_true(silence_is_open(&s, 69));
    assert_false(silence_is_open(&s, 70));
}

static size_t read_all(const char *path, unsigned char *bytes, size_t room)
{
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    size_t size = fread(bytes, 1, room, f);
    fclose(f);
    return size;
}

static void write_theirs(const char *path, unsigned channels, const int16_t *samples, size_t frames)
{
    SF_INFO info = {
        .samplerate = 48000, .channels = (int)channels, .format = SF_FORMAT_WAV | SF_FORMAT_PCM_16};
    SNDFILE *file = sf_open(path, SFM_WRITE, &info);
    assert_non_null(file);
    assert_int_equal(sf_writef_short(file, samples, (sf_count_t)frames), (sf_count_t)frames);
    sf_close(file);
}

/* `said`: frames the plan speaks of; in how many writes. */
static void write_ours(const char *path, unsigned channels, const int16_t *samples, size_t frames,
                       uint64_t said, size_t writes)
{
    struct audio_spec spec = {AUDIO_WAV, PCM_16, channels, said};
    struct audio_file file;
    struct render_error error;
    assert_int_equal(audio_create(&file, &spec, path, 1, &error), RENDER_OK);
    for (size_t at = 0, n; at < frames; at += n) {
        n = frames - at < frames / writes ? frames - at : frames / writes;
        assert_int_equal(audio_write(&file, samples + at * channels, n, &error), RENDER_OK);
    }
    assert_int_equal(audio_finish(&file, &error), RENDER_OK);
    assert_int_equal(audio_commit(&file, &error), RENDER_OK);
    audio_discard(&file);
}

static void a_wav_is_libsndfiles(void **state)
{
    char theirs[] = "/tmp/test_unpack_XXXXXX", ours[] = "/tmp/test_unpack_XXXXXX";
    int16_t samples[2 * 1000];
    unsigned char a[5000], b[5000];
    (void)state;
    close(mkstemp(theirs));
    close(mkstemp(ours));
    for (size_t i = 0; i < 2000; i++)
        samples[i] = (int16_t)random_bits();
    for (unsigned channels = 1; channels <= 2; channels++)
        for (size_t frames = 1; frames <= 1000; frames += 333)
            for (size_t writes = 1; writes <= 3 && writes <= frames; writes++)
                for (uint64_t said = frames; said <= frames + 5; said += 5) {
                    write_theirs(theirs, channels, samples, frames);
                    write_ours(ours, channels, samples, frames, said, writes);
                    size_t size = read_all(theirs, a, sizeof a);
                    assert_int_equal(size, 44 + 2 * channels * frames);
                    assert_int_equal(size, read_all(ours, b, sizeof b));
                    assert_memory_equal(a, b, size);
                }
    unlink(theirs);
    unlink(ours);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(samples_are_those_of_each_lane),
        cmocka_unit_test(the_last_loud_frame_is_that_of_each_lane),
        cmocka_unit_test(an_end_within_is_not_open),
        cmocka_unit_test(a_wav_is_libsndfiles),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
