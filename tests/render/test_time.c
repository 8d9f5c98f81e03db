/* test_time.c - frames of moments under tempos, against fractions of GMP; ratios against theirs. */
#include "render/score/time.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static uint64_t shake(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return *state >> 33;
}

static void set_q(mpq_t q, struct ratio x)
{
    mpq_set_si(q, (long)x.num, (unsigned long)x.den);
    mpq_canonicalize(q);
}

static struct ratio ratio_of(int64_t num, int64_t den)
{
    struct ratio x;
    assert_true(ratio_make(num, den, &x));
    return x;
}

/* Whole numbers, halves, decimals, thirds, and what hardly fits. */
static struct ratio chance_ratio(uint64_t *state, int64_t most)
{
    static const int64_t dens[] = {1, 1, 1, 2, 10, 3, 480, 1000, 12345, 1000000, 999999937};
    int64_t den = dens[shake(state) % (sizeof dens / sizeof *dens)];
    int64_t size = (int64_t)(shake(state) % (uint64_t)most) + 1;
    return ratio_of((int64_t)(shake(state) << 20 ^ shake(state)) % (size * den), den);
}

enum { TEMPOS = 40 };

struct song {
    size_t count;
    struct ratio beat[TEMPOS], bpm[TEMPOS];
};

/* floor(x + 1/2) of the frame, by adding up what the tempos before it take. */
static void frame_by_fractions(const struct song *song, const struct moment *m, mpz_t frame)
{
    mpq_t at, from, to, by;
    mpq_inits(at, from, to, by, (mpq_ptr)0);
    for (size_t i = 0; i < song->count; i++) {
        set_q(from, song->beat[i]);
        set_q(to, m->beats);
        if (i > 0 && mpq_cmp(to, from) < 0)
            break;
        if (i + 1 < song->count) {
            set_q(by, song->beat[i + 1]);
            if (mpq_cmp(by, to) < 0)
                mpq_set(to, by);
        }
        mpq_sub(to, to, from);
        set_q(by, song->bpm[i]);
        mpq_div(to, to, by);
        mpq_set_si(by, 60L * 48000, 1);
        mpq_mul(to, to, by);
        mpq_add(at, at, to);
    }
    set_q(by, m->frames);
    mpq_add(at, at, by);
    mpq_set_si(by, 1, 2);
    mpq_add(at, at, by);
    mpz_fdiv_q(frame, mpq_numref(at), mpq_denref(at));
    mpq_clears(at, from, to, by, (mpq_ptr)0);
}

static void assert_frame(struct time_map *map, const struct song *song, const struct moment *m)
{
    mpz_t wanted;
    mpz_init(wanted);
    frame_by_fractions(song, m, wanted);
    int64_t got = time_frame(map, m);
    if (mpz_sgn(wanted) < 0)
        assert_true(got < 0);
    else
        assert_true(mpz_cmp_si(wanted, (long)got) == 0);
    mpz_clear(wanted);
}

/* Beats that lie on a frame's middle or next to it, where the nearest frame is hard to tell. */
static struct moment hard_moment(uint64_t *state, const struct song *song)
{
    size_t i = shake(state) % song->count;
    struct ratio half, beats, sum;
    int64_t halves = (int64_t)(shake(state) % 2000001) - 1000000;
    struct moment m = {song->beat[i], ratio_whole(0)};
    if (ratio_multiply(song->bpm[i], ratio_of(halves, 2 * 60 * 48000), &half) &&
        ratio_add(song->beat[i], half, &beats) && beats.num >= 0 &&
        ratio_add(beats, ratio_of((int64_t)(shake(state) % 3) - 1, 1000000007), &sum))
        m.beats = shake(state) % 2 ? beats : sum;
    return m;
}

static void frames_are_the_nearest(void **state)
{
    (void)state;
    static const struct ratio usual[] = {{120, 1},   {90, 1},  {253, 2},
                                         {1333, 10}, {100, 3}, {60, 1}};
    uint64_t chance = 3;
    for (int round = 0; round < 300; round++) {
        struct arena arena;
        struct time_map map;
        struct song song = {.count = shake(&chance) % 4 ? shake(&chance) % 5 : TEMPOS};
        arena_init(&arena);
        assert_true(time_init(&map, &arena));
        for (size_t i = 0; i < song.count; i++) {
            struct ratio step = chance_ratio(&chance, 30);
            step.num = step.num < 0 ? -step.num : step.num ? step.num : 1;
            struct ratio before = i ? song.beat[i - 1] : ratio_whole(0);
            song.beat[i] = before;
            if (i && !ratio_add(before, step, &song.beat[i]))
                song.beat[i] = ratio_whole(before.num / before.den + 1);
            song.bpm[i] = usual[shake(&chance) % 6];
            assert_true(time_tempo(&map, song.beat[i], song.bpm[i]));
        }
        for (int i = 0; i < 200; i++) {
            struct moment m = {ratio_whole(0), chance_ratio(&chance, i % 5 ? 100000 : 4000000000)};
            if (song.count && i % 3)
                m.beats = chance_ratio(&chance, 100);
            if (song.count && i % 7 == 0)
                m = hard_moment(&chance, &song);
            if (shake(&chance) % 3 == 0)
                m.frames = ratio_whole(0);
            assert_frame(&map, &song, &m);
        }
        time_free(&map);
        arena_free(&arena);
    }
}

/* --- ratios -------------------------------------------------------------------------------- */

static struct ratio wide_ratio(uint64_t *state)
{
    unsigned bits = (unsigned)(shake(state) % 62) + 1;
    uint64_t num = (shake(state) << 32 ^ shake(state)) >> (63 - bits) >> 1;
    unsigned less = (unsigned)(shake(state) % 62) + 1;
    uint64_t den = (shake(state) << 32 ^ shake(state)) >> (63 - less) >> 1;
    int64_t size = (int64_t)(shake(state) % 3 ? num : shake(state) % 12);
    return ratio_of(shake(state) % 2 ? size : -size, shake(state) % 3 ? (int64_t)den + !den : 1);
}

static void assert_ratio(bool fits, struct ratio got, mpq_t wanted)
{
    bool can =
        mpz_sizeinbase(mpq_numref(wanted), 2) < 64 && mpz_sizeinbase(mpq_denref(wanted), 2) < 64;
    if (!fits)
        return; /* what does not fit on the way is refused as well */
    assert_true(can);
    mpq_t value;
    mpq_init(value);
    mpq_set_si(value, (long)got.num, (unsigned long)got.den);
    assert_true(mpz_cmp(mpq_numref(value), mpq_numref(wanted)) == 0);
    assert_true(mpz_cmp(mpq_denref(value), mpq_denref(wanted)) == 0);
    mpq_clear(value);
}

static void ratios_are_exact(void **state)
{
    (void)state;
    uint64_t chance = 5;
    unsigned fitted = 0;
    mpq_t a, b, c;
    mpq_inits(a, b, c, (mpq_ptr)0);
    for (int i = 0; i < 100000; i++) {
        struct ratio x = wide_ratio(&chance), y = wide_ratio(&chance), z;
        set_q(a, x);
        set_q(b, y);
        assert_int_equal((ratio_compare(x, y) > 0) - (ratio_compare(x, y) < 0),
                         (mpq_cmp(a, b) > 0) - (mpq_cmp(a, b) < 0));
        mpq_add(c, a, b);
        bool fits = ratio_add(x, y, &z);
        assert_ratio(fits, z, c);
        fitted += fits;
        mpq_mul(c, a, b);
        fits = ratio_multiply(x, y, &z);
        assert_ratio(fits, z, c);
        fitted += fits;
    }
    assert_true(fitted > 80000);
    mpq_clears(a, b, c, (mpq_ptr)0);
}

static void assert_read(const char *text, size_t used, bool fits, int64_t num, int64_t den)
{
    struct ratio value;
    bool fit;
    assert_int_equal(ratio_read(text, strlen(text), &value, &fit), used);
    assert_int_equal(fit, fits);
    assert_true(!fits || (value.num == num && value.den == den));
}

static void ratios_are_read(void **state)
{
    (void)state;
    assert_read("0", 1, true, 0, 1);
    assert_read("-17f", 3, true, -17, 1);
    assert_read("+4", 2, true, 4, 1);
    assert_read("007", 3, true, 7, 1);
    assert_read("12:3", 2, true, 12, 1);
    assert_read("1.50s", 4, true, 3, 2);
    assert_read("1.", 1, true, 1, 1);
    assert_read("6/4b", 3, true, 3, 2);
    assert_read("6/b", 1, true, 6, 1);
    assert_read("2e3", 3, true, 2000, 1);
    assert_read("2e", 1, true, 2, 1);
    assert_read("-25e-2ms", 6, true, -1, 4);
    assert_read("123456789012345678", 18, true, INT64_C(123456789012345678), 1);
    assert_read("1234567890123456789", 19, true, INT64_C(1234567890123456789), 1);
    assert_read("9223372036854775807", 19, true, INT64_MAX, 1);
    assert_read("9223372036854775808", 19, false, 0, 1);
    assert_read("-", 0, true, 0, 1);
    assert_read("x", 0, true, 0, 1);
    assert_read("", 0, true, 0, 1);
    assert_read("1/0", 3, false, 0, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_are_the_nearest),
        cmocka_unit_test(ratios_are_exact),
        cmocka_unit_test(ratios_are_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
