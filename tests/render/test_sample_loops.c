/* test_sample_loops.c - the loops and notes that sound files carry. */
#include "tests/render/test_sample_kit.h"

/* --- files made by hand ------------------------------------------------------------------ */

static void save_looped(const struct smpl *smpl)
{
    save_wav(RATE, smpl, 200, 400);
}

/* 200 frames with a marker at each end of a loop; the modes are those of the INST chunk. */
static void save_aiff(uint32_t note, uint32_t mode, uint32_t release, uint32_t start, uint32_t end)
{
    static const unsigned char rate[10] = {0x40, 0x0e, 0xac, 0x44};
    struct bytes b = {.size = 0};
    put_tag(&b, "FORM");
    put_big(&b, 4 + 26 + 26 + 28 + 16 + 400, 4);
    put_tag(&b, "AIFF");
    put_tag(&b, "COMM");
    put_big(&b, 18, 4);
    put_big(&b, 1, 2);
    put_big(&b, 200, 4);
    put_big(&b, 16, 2);
    put(&b, rate, sizeof rate);
    put_tag(&b, "MARK");
    put_big(&b, 18, 4);
    put_big(&b, 2, 2);
    for (uint32_t i = 1; i <= 2; i++) {
        put_big(&b, i, 2);
        put_big(&b, i == 1 ? start : end, 4);
        put_big(&b, 0, 2);
    }
    put_tag(&b, "INST");
    put_big(&b, 20, 4);
    put_big(&b, note << 8, 2);
    put_big(&b, 127, 2);
    put_big(&b, 1 << 8 | 127, 2);
    put_big(&b, 0, 2);
    for (int i = 0; i < 2; i++) {
        uint32_t this = i == 0 ? mode : release;
        put_big(&b, this, 2);
        put_big(&b, this ? 1 : 0, 2);
        put_big(&b, this ? 2 : 0, 2);
    }
    put_tag(&b, "SSND");
    put_big(&b, 408, 4);
    put_big(&b, 0, 4);
    put_big(&b, 0, 4);
    for (uint32_t i = 0; i < 200; i++)
        put_big(&b, i + 1, 2);
    save("a", b.data, b.size);
}

/* --- loops and notes --------------------------------------------------------------------- */

static void check_loop(uint32_t start, uint32_t end, int root)
{
    struct sample sample;
    load(&sample, "a", &as_is);
    assert_int_equal(sample.length, 200);
    assert_int_equal(sample.frames[199], 200);
    assert_true(sample.has_loop);
    assert_false(sample.loop_ignored);
    assert_int_equal(sample.loop_start, start);
    assert_int_equal(sample.loop_end, end);
    assert_int_equal(sample.root, root);
    sample_free(&sample);
}

static void check_no_loop(bool ignored, int root)
{
    struct sample sample;
    load(&sample, "a", &as_is);
    assert_false(sample.has_loop);
    assert_int_equal(sample.loop_ignored, ignored);
    assert_int_equal(sample.loop_start, 0);
    assert_int_equal(sample.loop_end, 0);
    assert_int_equal(sample.root, root);
    sample_free(&sample);
}

/* The RIFF chunk names the last frame that is played; ours the one after. */
static void wav_loop_is_the_chunks(void **state)
{
    (void)state;
    save_looped(&(struct smpl){60, 1, {{0, 0, 99}}});
    check_loop(0, 100, 60);
    save_looped(&(struct smpl){0, 1, {{0, 0, 199}}});
    check_loop(0, 200, 0);
    save_looped(&(struct smpl){127, 1, {{0, 199, 199}}});
    check_loop(199, 200, 127);
    save_looped(&(struct smpl){60, 1, {{0, 0, 0}}});
    check_loop(0, 1, 60);
    save_looped(&(struct smpl){60, 2, {{0, 10, 19}, {1, 0, 5000}}});
    check_loop(10, 20, 60);
}

static void note_needs_no_loop(void **state)
{
    (void)state;
    save_looped(NULL);
    check_no_loop(false, -1);
    save_looped(&(struct smpl){61, 0, {{0, 0, 0}}});
    check_no_loop(false, 61);
    save_looped(&(struct smpl){128, 0, {{0, 0, 0}}});
    check_no_loop(false, -1);
    save_looped(&(struct smpl){UINT32_MAX, 0, {{0, 0, 0}}});
    check_no_loop(false, -1);
    save_aiff(72, 0, 0, 0, 0);
    check_no_loop(false, 72);
    write_zeros("a", SF_FORMAT_XI | SF_FORMAT_DPCM_16, RATE, 200);
    check_no_loop(false, -1);
}

/* Their points are not even looked at. */
static void other_loops_are_ignored(void **state)
{
    (void)state;
    for (uint32_t type = 1; type <= 4; type++) {
        save_looped(&(struct smpl){60, 1, {{type, 0, 5000}}});
        check_no_loop(true, 60);
    }
    save_aiff(60, 2, 0, 10, 5000); /* to and fro */
    check_no_loop(true, 60);
    save_aiff(60, 0, 1, 10, 50); /* after release only */
    check_no_loop(true, 60);
}

/* AIFF markers lie between frames. */
static void aiff_loop_is_the_markers(void **state)
{
    (void)state;
    save_aiff(60, 1, 0, 0, 100);
    check_loop(0, 100, 60);
    save_aiff(0, 1, 2, 10, 200);
    check_loop(10, 200, 0);
    save_aiff(60, 1, 0, 199, 200);
    check_loop(199, 200, 60);
}

static void loops_of_libsndfile_come_back(void **state)
{
    (void)state;
    static const int formats[] = {SF_FORMAT_WAV, SF_FORMAT_WAVEX};
    SF_INSTRUMENT instrument = {.gain = 1, .basenote = 64, .velocity_hi = 127, .key_hi = 127};
    short frames[200];
    instrument.loop_count = 1;
    instrument.loops[0].mode = SF_LOOP_FORWARD;
    instrument.loops[0].start = 20;
    instrument.loops[0].end = 180;
    for (short i = 0; i < 200; i++)
        frames[i] = (short)(i + 1);
    for (size_t i = 0; i < 2; i++) {
        SNDFILE *file = create("a", formats[i] | SF_FORMAT_PCM_16, RATE, 1);
        assert_int_equal(sf_command(file, SFC_SET_INSTRUMENT, &instrument, sizeof instrument), 1);
        assert_int_equal(sf_write_short(file, frames, 200), 200);
        assert_int_equal(sf_close(file), 0);
        check_loop(20, 180, 64);
    }
}

static void loops_outside_are_refused(void **state)
{
    (void)state;
    save_looped(&(struct smpl){60, 1, {{0, 0, 200}}});
    refuse("a", &as_is, RENDER_WRONG, "a: loops from frame 0 up to frame 201, and has 200 frames");
    save_looped(&(struct smpl){60, 1, {{0, 50, 49}}});
    refuse("a", &as_is, RENDER_WRONG, "a: loops from frame 50 up to frame 50, and has 200 frames");
    save_looped(&(struct smpl){60, 1, {{0, 50, 10}}});
    refuse("a", &as_is, RENDER_WRONG, "a: loops from frame 50 up to frame 11, and has 200 frames");
    save_looped(&(struct smpl){60, 1, {{0, 300, 400}}});
    refuse("a", &as_is, RENDER_WRONG,
           "a: loops from frame 300 up to frame 401, and has 200 frames");
    save_looped(&(struct smpl){60, 1, {{0, UINT32_MAX, UINT32_MAX}}});
    refuse("a", &as_is, RENDER_WRONG,
           "a: loops from frame 4294967295 up to frame 0, and has 200 frames");
    save_aiff(60, 1, 0, 0, 201);
    refuse("a", &as_is, RENDER_WRONG, "a: loops from frame 0 up to frame 201, and has 200 frames");
    save_aiff(60, 1, 0, 7, 7);
    refuse("a", &as_is, RENDER_WRONG, "a: loops from frame 7 up to frame 7, and has 200 frames");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_DIRECTORY(wav_loop_is_the_chunks),        IN_DIRECTORY(note_needs_no_loop),
        IN_DIRECTORY(other_loops_are_ignored),       IN_DIRECTORY(aiff_loop_is_the_markers),
        IN_DIRECTORY(loops_of_libsndfile_come_back), IN_DIRECTORY(loops_outside_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
