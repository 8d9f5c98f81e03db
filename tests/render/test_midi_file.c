/* test_midi_file.c - MIDI files: what conforms and what does not, and exact time. */
#include "tests/render/test_midi_kit.h"

/* --- reading ------------------------------------------------------------------------------- */

/* All events as "frame:status,data,data ... frame" or the error. */
static const char *events_of(const uint8_t *bytes, size_t size)
{
    static char text[2000];
    struct render_error error = {.status = RENDER_OK};
    struct midi_file *m = midi_open(bytes, size, &error);
    size_t at = 0;
    if (!m)
        return memcpy(text, error.text, sizeof error.text);
    for (int more = 1; more;) {
        struct midi_event e;
        if (midi_next(m, &e, &more, &error)) {
            midi_close(m);
            return memcpy(text, error.text, sizeof error.text);
        }
        at += (size_t)snprintf(text + at, sizeof text - at, "%" PRIu64, e.frame);
        if (more)
            at += (size_t)snprintf(text + at, sizeof text - at, ":%02x,%u,%u ", e.status, e.data[0],
                                   e.data[1]);
    }
    midi_close(m);
    return text;
}

static void assert_events(const struct file *f, const char *wanted)
{
    assert_string_equal(events_of(f->bytes, f->size), wanted);
}

/* At 480 ticks and 120 beats a minute a tick is 50 frames. */
static void events_come_in_order(void **state)
{
    (void)state;
    struct file f = header(0, 1, 480);
    TRACK(&f, 0, 0x90, 60, 64, 1, 61, 65, 0x83, 0x60, 0x80, 60, 0, 0, 0xc1, 7, 0, 0xd2, 9, 0, 0xe3,
          1, 2, 2, 0xa4, 3, 4, END);
    assert_events(&f, "0:90,60,64 50:90,61,65 24050:80,60,0 24050:c1,7,0 24050:d2,9,0 24050:e3,1,2 "
                      "24150:a4,3,4 24150");
    f = header(1, 3, 480);
    TRACK(&f, 4, 0x90, 1, 1, 4, 0x90, 2, 2, END);
    TRACK(&f, 0, 0x91, 3, 3, 4, 0x91, 4, 4, 0, 0x91, 5, 5, 20, 0xff, 0x2f, 0);
    TRACK(&f, 8, 0x92, 6, 6, END);
    assert_events(&f, "0:91,3,3 200:90,1,1 200:91,4,4 200:91,5,5 400:90,2,2 400:92,6,6 1200");
}

static void what_is_not_played_is_skipped(void **state)
{
    (void)state;
    struct file f = header(1, 1, 480);
    memcpy(f.bytes + 7, "\7", 1); /* a longer header, of another time */
    put(&f, "", 1);
    put_chunk(&f, "XFIH", (const uint8_t *)"abc", 3);
    TRACK(&f, 1, 0xf0, 3, 0x7e, 0x09, 0xf7, 1, 0xf7, 2, 0x90, 60, 1, 0xff, 0x01, 2, 'h', 'i', 1,
          0xff, 0x7f, 0, 1, 0xff, 0x20, 1, 5, 1, 0x90, 60, 1, END);
    put_chunk(&f, "MTrq", NULL, 0);
    assert_events(&f, "300:90,60,1 300");
}

static void tempo_acts_from_its_tick_in_all_tracks(void **state)
{
    (void)state;
    struct file f = header(1, 2, 96);
    TRACK(&f, 96, 0xff, 0x51, 3, 0x03, 0xd0, 0x90, 96, 0xff, 0x51, 3, 0x0f, 0x42, 0x40, END);
    TRACK(&f, 48, 0x90, 1, 1, 48, 2, 2, 48, 3, 3, 48, 4, 4, 96, 5, 5, END);
    /* a quarter note: 24000 frames, then 12000, then 48000 */
    assert_events(&f, "12000:90,1,1 24000:90,2,2 30000:90,3,3 36000:90,4,4 84000:90,5,5 84000");
}

static void film_time_knows_no_tempo(void **state)
{
    (void)state;
    static const struct {
        unsigned division;
        const char *wanted;
    } rows[] = {
        {0xe828, "50:90,1,1 192000:90,2,2 192000"},   /* 24 * 40: a tick is 50 */
        {0xe728, "48:90,1,1 184320:90,2,2 184320"},   /* 25 * 40: 48 */
        {0xe250, "20:90,1,1 76800:90,2,2 76800"},     /* 30 * 80: 20 */
        {0xe304, "400:90,1,1 1537536:90,2,2 1537536"} /* 29.97 * 4: 400.4 */
    };
    for (size_t i = 0; i < 4; i++) {
        struct file f = header(0, 1, rows[i].division);
        TRACK(&f, 0, 0xff, 0x51, 3, 1, 0, 0, 1, 0x90, 1, 1, 0x9d, 0x7f, 2, 2, END);
        assert_events(&f, rows[i].wanted);
    }
}

/* 24 ticks to a quarter note of q microseconds: a tick is 6 q / 3000 frames. */
static void ties_go_up(void **state)
{
    (void)state;
    struct file f = header(0, 1, 24); /* q = 250: half a frame */
    TRACK(&f, 0, 0xff, 0x51, 3, 0, 0, 250, 1, 0x90, 1, 1, 1, 2, 2, 1, 3, 3, END);
    assert_events(&f, "1:90,1,1 1:90,2,2 2:90,3,3 2");
    f = header(0, 1, 24); /* a hair less */
    TRACK(&f, 0, 0xff, 0x51, 3, 0, 0, 249, 1, 0x90, 1, 1, 1, 2, 2, 1, 3, 3, END);
    assert_events(&f, "0:90,1,1 1:90,2,2 1:90,3,3 1");
}

static void put_delta(struct file *f, uint32_t delta)
{
    for (int shift = 21; shift > 0; shift -= 7)
        put(f, &(uint8_t){(uint8_t)(0x80 | (delta >> shift & 0x7f))}, 1);
    put(f, &(uint8_t){(uint8_t)(delta & 0x7f)}, 1);
}

/* Long steps, all tempos and divisions; the times again as fractions. */
static void time_is_exact(void **state)
{
    (void)state;
    mpq_t time, step;
    mpz_t frame, twice;
    mpq_inits(time, step, NULL);
    mpz_inits(frame, twice, NULL);
    for (int run = 0; run < 300; run++) {
        unsigned division = run % 3 ? 1 + random_below(0x7fff) : 1 + random_below(3);
        struct file f = header(0, 1, division), track = {.size = 0};
        uint64_t wanted[40];
        uint32_t tempo = 500000;
        mpq_set_ui(time, 0, 1);
        for (int i = 0; i < 40; i++) {
            uint32_t delta = random_below(run % 2 ? 1 << 28 : 1000);
            put_delta(&track, delta);
            mpq_set_ui(step, (unsigned long)delta * tempo * 6, 125ul * division);
            mpq_canonicalize(step);
            mpq_add(time, time, step);
            mpz_mul_ui(twice, mpq_numref(time), 2);
            mpz_add(twice, twice, mpq_denref(time));
            mpz_mul_ui(frame, mpq_denref(time), 2);
            mpz_fdiv_q(frame, twice, frame);
            wanted[i] = mpz_get_ui(frame);
            put(&track, "\x90\x01\x01", 3);
            tempo = 1 + random_below(0xffffff);
            put(&track, "\0\xff\x51\3", 4);
            put_number(&track, tempo, 3);
        }
        put(&track, "\0\xff\x2f\0", 4);
        put_chunk(&f, "MTrk", track.bytes, track.size);
        struct render_error error;
        struct midi_event e;
        int more;
        struct midi_file *m = midi_open(f.bytes, f.size, &error);
        assert_non_null(m);
        for (int i = 0; i < 40; i++) {
            assert_int_equal(midi_next(m, &e, &more, &error), RENDER_OK);
            assert_int_equal(e.frame, wanted[i]);
        }
        midi_close(m);
    }
    mpq_clears(time, step, NULL);
    mpz_clears(frame, twice, NULL);
}

static void more_than_2_to_the_53_frames_are_refused(void **state)
{
    (void)state;
    struct file f = header(0, 1, 1), track = {.size = 0};
    put(&track, "\0\xff\x51\3\xff\xff\xff", 7);
    for (int i = 0; i < 100; i++)
        put(&track, "\xff\xff\xff\x7f\x90\1\1", 7);
    put(&track, "\0\xff\x2f\0", 4);
    put_chunk(&f, "MTrk", track.bytes, track.size);
    const char *text = events_of(f.bytes, f.size);
    /* a step is (2^28 - 1) * (2^24 - 1) * 6 / 125 = 2.16e14 frames: 41 of them are below 2^53 */
    assert_string_equal(text,
                        "byte 320: expected an event within 2^53 frames, 5,900 years, found a "
                        "later one");
}

/* --- what does not conform ----------------------------------------------------------------- */

#define HEAD "MThd\0\0\0\6\0\0\0\1\0\x60" /* 14 bytes */
#define BAD(bytes, message)                                                                        \
    {                                                                                              \
        bytes, sizeof bytes - 1, message                                                           \
    }

static void errors_name_the_byte(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t size;
        const char *message;
    } rows[] = {
        BAD("", "byte 0: expected 'MThd', with which a MIDI file begins"),
        BAD("RIFF\0\0\0\6", "byte 0: expected 'MThd', with which a MIDI file begins"),
        BAD("MThd\0\0", "byte 0: expected a chunk's type and length, 8 bytes, found 6"),
        BAD("MThd\0\0\0\6\0\1",
            "byte 4: expected the 6 bytes of the chunk 'MThd', found 2, then the end of the file"),
        BAD("MThd\0\0\0\5\0\1\0\1\0", "byte 4: expected a header of 6 bytes or more, found 5"),
        BAD("MThd\0\0\0\6\0\2\0\1\0\x60",
            "byte 8: expected format 0 or 1, found 2: patterns, each on its own, which the file "
            "does not put in order"),
        BAD("MThd\0\0\0\6\1\0\0\1\0\x60", "byte 8: expected format 0 or 1, found 256"),
        BAD("MThd\0\0\0\6\0\0\0\2\0\x60",
            "byte 10: expected 1 track in a file of format 0, found 2"),
        BAD("MThd\0\0\0\6\0\1\0\0\0\x60", "byte 10: expected a track or more, found 0"),
        BAD("MThd\0\0\0\6\0\0\0\1\0\0",
            "byte 12: expected ticks to a quarter note, at least 1, found 0"),
        BAD("MThd\0\0\0\6\0\0\0\1\xe6\4",
            "byte 12: expected 24, 25, 29 or 30 frames a second, negated, found -26"),
        BAD("MThd\0\0\0\6\0\0\0\1\xe8\0",
            "byte 13: expected ticks to a frame, at least 1, found 0"),
        BAD(HEAD, "byte 14: expected 'MTrk', track 1 of 1, found the end of the file"),
        BAD(HEAD "MTrk", "byte 14: expected a chunk's type and length, 8 bytes, found 4"),
        BAD(HEAD "MTrk\0\0\0\5\0\xff\x2f\0",
            "byte 18: expected the 5 bytes of the chunk 'MTrk', found 4, then the end of the file"),
        BAD(HEAD "MTrk\0\0\0\4\0\xff\x2f\0MTrk\0\0\0\0",
            "byte 26: expected no more than the header's 1 tracks, found 'MTrk'"),
        BAD(HEAD "\1\2\3\4\xff\xff\xff\xff",
            "byte 18: expected the 4294967295 bytes of the chunk '....', found 0, then the end of "
            "the file"),
        BAD(HEAD "MTrk\0\0\0\0",
            "byte 22: expected an end of track event, FF 2F 00, found the end of track 1"),
        BAD(HEAD "MTrk\0\0\0\4\0\x90\1\1",
            "byte 26: expected an end of track event, FF 2F 00, found the end of track 1"),
        BAD(HEAD "MTrk\0\0\0\1\x80", "byte 23: expected a delta time, found the end of track 1"),
        BAD(HEAD "MTrk\0\0\0\1\0", "byte 23: expected an event, found the end of track 1"),
        BAD(HEAD "MTrk\0\0\0\5\x80\x80\x80\x80\0",
            "byte 25: expected the last byte, below 0x80, of a delta time, found 0x80 as the 4th"),
        BAD(HEAD "MTrk\0\0\0\2\0\x40",
            "byte 23: expected a status byte, there being none to run on with, found 0x40"),
        BAD(HEAD "MTrk\0\0\0\12\0\x90\1\1\0\xff\1\0\0\1",
            "byte 31: expected a status byte, there being none to run on with, found 0x01"),
        BAD(HEAD "MTrk\0\0\0\11\0\x90\1\1\0\xf0\0\0\1",
            "byte 30: expected a status byte, there being none to run on with, found 0x01"),
        BAD(HEAD "MTrk\0\0\0\4\0\x90\x80\1",
            "byte 24: expected a data byte, below 0x80, found 0x80"),
        BAD(HEAD "MTrk\0\0\0\4\0\x90\1\xff",
            "byte 25: expected a data byte, below 0x80, found 0xFF"),
        BAD(HEAD "MTrk\0\0\0\3\0\x90\1", "byte 25: expected a data byte, found the end of track 1"),
        BAD(HEAD "MTrk\0\0\0\2\0\xf8",
            "byte 23: expected a status byte that a file may have, found 0xF8"),
        BAD(HEAD "MTrk\0\0\0\2\0\xf1",
            "byte 23: expected a status byte that a file may have, found 0xF1"),
        BAD(HEAD "MTrk\0\0\0\2\0\xff",
            "byte 24: expected a meta event's type, found the end of track 1"),
        BAD(HEAD "MTrk\0\0\0\3\0\xff\x80",
            "byte 24: expected a meta event's type, below 0x80, found 0x80"),
        BAD(HEAD "MTrk\0\0\0\3\0\xff\1",
            "byte 25: expected an event's length, found the end of track 1"),
        BAD(HEAD "MTrk\0\0\0\5\0\xff\1\2x",
            "byte 25: expected the 2 bytes of an event, found 1, then the end of track 1"),
        BAD(HEAD "MTrk\0\0\0\4\0\xf0\x82\1",
            "byte 24: expected the 257 bytes of an event, found 0, then the end of track 1"),
        BAD(HEAD "MTrk\0\0\0\6\0\xff\x51\2xx", "byte 25: expected a tempo of 3 bytes, found 2"),
        BAD(HEAD "MTrk\0\0\0\7\0\xff\x51\3\0\0\0",
            "byte 26: expected microseconds to a quarter note, at least 1, found 0"),
        BAD(HEAD "MTrk\0\0\0\5\0\xff\x2f\1x",
            "byte 25: expected an end of track of 0 bytes, found 1"),
        BAD(HEAD "MTrk\0\0\0\10\0\xff\x2f\0\0\x90\1\1",
            "byte 26: expected nothing after the end of track 1, found 4 bytes"),
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_string_equal(events_of((const uint8_t *)rows[i].bytes, rows[i].size),
                            rows[i].message);
}

/* No strict beginning of a file is a file. */
static void cut_files_are_refused(void **state)
{
    (void)state;
    struct file f = busy();
    for (size_t size = 0; size < f.size; size++)
        assert_memory_equal(events_of(f.bytes, size), "byte ", 5);
    assert_memory_not_equal(events_of(f.bytes, f.size), "byte ", 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(events_come_in_order),
        cmocka_unit_test(what_is_not_played_is_skipped),
        cmocka_unit_test(tempo_acts_from_its_tick_in_all_tracks),
        cmocka_unit_test(film_time_knows_no_tempo),
        cmocka_unit_test(ties_go_up),
        cmocka_unit_test(time_is_exact),
        cmocka_unit_test(more_than_2_to_the_53_frames_are_refused),
        cmocka_unit_test(errors_name_the_byte),
        cmocka_unit_test(cut_files_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
