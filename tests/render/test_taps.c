/* test_taps.c - what every op gives, as rp_process_tapped shows it: computed here by other means,
 * in every lane, however the run is cut; and the hashes that a ladder makes of it. */
#include "tests/modules/kit.h"

#include "render/taps.h"
#include "render/tick_hash.h"
#include <unistd.h>
#include <xxhash.h>

enum { FRAMES = 2000, LANES = 16, MOST_LINES = 64 };

static const char patch[] = "(patch (def in (input.mono)) (def half (gain in (amp 0.5)))"
                            " (def sum (math.add half in)) (output sum))";

static float heard[LANES][FRAMES];

static void make_noise(void)
{
    uint64_t chance = 11;
    for (unsigned v = 0; v < LANES; v++)
        for (unsigned i = 0; i < FRAMES; i++)
            heard[v][i] = (float)kit_between(&chance, -1.0, 1.0);
}

/* ---- what the ops gave, gathered by node ---- */

struct gathered {
    float in[FRAMES], half[FRAMES], sum[FRAMES];
    size_t in_count, half_count, sum_count;
    uint32_t in_at, half_at, sum_at; /* instructions */
};

static void put(float *to, size_t *count, const struct rp_tap_values *v)
{
    for (uint32_t i = 0; i < v->frames; i++)
        to[(*count)++] = v->values[i * v->stride];
}

static void gather(void *context, const struct rp_tap_values *v)
{
    struct gathered *g = context;
    assert_non_null(v->node);
    if (strcmp(v->node, "in") == 0) {
        g->in_at = v->instruction;
        put(g->in, &g->in_count, v);
    } else if (strcmp(v->node, "half") == 0) {
        g->half_at = v->instruction;
        put(g->half, &g->half_count, v);
    } else if (strcmp(v->node, "sum") == 0) {
        g->sum_at = v->instruction;
        put(g->sum, &g->sum_count, v);
    }
}

/* Runs every lane on its own noise, and taps one. */
static void run(unsigned lanes, unsigned lane, enum rp_isa isa, uint64_t cut, struct gathered *g)
{
    static float in[FRAMES * LANES], out[FRAMES * LANES], plain[FRAMES * LANES];
    struct player p = play(patch);
    size_t size = rp_group_bytes(p.program, lanes);
    void *memory = kit_aligned(size), *other = kit_aligned(size);
    struct rp_error error;
    struct rp_group *tapped = rp_instantiate(p.program, lanes, isa, memory, size, &error);
    struct rp_group *quiet = rp_instantiate(p.program, lanes, isa, other, size, &error);
    assert_true(tapped && quiet);
    for (unsigned v = 0; v < lanes; v++) {
        rp_voice_start(tapped, v, 0, 0);
        rp_voice_start(quiet, v, 0, 0);
        for (unsigned i = 0; i < FRAMES; i++)
            in[i * lanes + v] = heard[v][i];
    }
    struct rp_tap tap = {lane, gather, g};
    *g = (struct gathered){.in_count = 0};
    for (size_t at = 0, n; at < FRAMES; at += n) {
        n = cut ? 1 + kit_random(&cut) % 300 : FRAMES;
        n = n < FRAMES - at ? n : FRAMES - at;
        const float *from[] = {in + at * lanes, NULL};
        float *to[] = {out + at * lanes, NULL}, *also[] = {plain + at * lanes, NULL};
        assert_int_equal(rp_process_tapped(tapped, n, from, to, &tap, &error), RP_OK);
        assert_int_equal(rp_process(quiet, n, from, also, &error), RP_OK);
    }
    assert_memory_equal(out, plain, FRAMES * lanes * sizeof *out); /* looking changes nothing */
    free(memory);
    free(other);
    player_close(&p);
}

static void assert_gathered(const struct gathered *g, unsigned lane)
{
    assert_int_equal(g->in_count, FRAMES);
    assert_int_equal(g->half_count, FRAMES);
    assert_int_equal(g->sum_count, FRAMES);
    assert_true(g->in_at < g->half_at && g->half_at < g->sum_at);
    for (unsigned i = 0; i < FRAMES; i++) {
        float x = heard[lane][i], half = x * 0.5f, sum = half + x;
        assert_memory_equal(&g->in[i], &x, sizeof x);
        assert_memory_equal(&g->half[i], &half, sizeof x);
        assert_memory_equal(&g->sum[i], &sum, sizeof x);
    }
}

static void every_op_is_seen_as_it_is(void **state)
{
    (void)state;
    static const unsigned widths[] = {1, 4, 8, 16};
    static struct gathered g;
    make_noise();
    for (size_t w = 0; w < COUNT(widths); w++) {
        for (unsigned lane = 0; lane < widths[w]; lane += 3) {
            for (uint64_t cut = 0; cut < 3; cut++) {
                run(widths[w], lane, cut == 2 ? RP_ISA_BASE : RP_ISA_BEST, cut, &g);
                assert_gathered(&g, lane);
            }
        }
    }
}

static void no_such_lane_is_refused(void **state)
{
    (void)state;
    struct player p = play(patch);
    struct rp_error error;
    struct rp_tap tap = {1, gather, NULL};
    float out[4], *to[] = {out, NULL};
    assert_int_equal(rp_process_tapped(p.group, 4, NULL, to, &tap, &error), RP_ARGUMENT);
    player_close(&p);
}

/* ---- hashes ---- */

/* What taps_write adds to a file. */
static const char *written(struct taps *t, const char *place)
{
    static char text[4000];
    char path[] = "/tmp/test_taps-XXXXXX";
    struct out_file file;
    struct render_error error;
    close(mkstemp(path));
    assert_int_equal(out_create(&file, path, 1, &error), RENDER_OK);
    assert_int_equal(taps_write(t, place, &file, &error), RENDER_OK);
    assert_int_equal(out_close(&file, &error), RENDER_OK);
    assert_int_equal(out_commit(&file, &error), RENDER_OK);
    out_discard(&file);
    FILE *in = fopen(path, "rb");
    text[fread(text, 1, sizeof text - 1, in)] = '\0';
    fclose(in);
    unlink(path);
    return text;
}

/* By taps.h's words, with the library's one-shot hashes: of a node with one value. */
static uint32_t hash_of(const float *values, size_t count)
{
    unsigned char bytes[4 * FRAMES], digest[8];
    for (size_t i = 0; i < count; i++) {
        uint32_t bits;
        memcpy(&bits, &values[i], sizeof bits);
        for (unsigned b = 0; b < 4; b++)
            bytes[4 * i + b] = (unsigned char)(bits >> 8 * b);
    }
    uint64_t one = XXH64(bytes, 4 * count, 0);
    for (unsigned b = 0; b < 8; b++)
        digest[b] = (unsigned char)(one >> (56 - 8 * b));
    return (uint32_t)XXH64(digest, 8, 0);
}

static void show(struct taps *t, const char *node, uint32_t instruction, const float *values,
                 size_t stride, uint32_t frames)
{
    struct rp_tap tap = taps_tap(t, 0);
    struct rp_tap_values v = {instruction, 0, node, "gain", values, stride, frames, 2};
    tap.look(tap.context, &v);
}

static void hashes_are_as_documented(void **state)
{
    (void)state;
    struct taps *t = taps_new();
    static const char a[] = "a", b[] = "odd =%\t", c[] = "c";
    char wanted[200];
    float steady[3] = {0.25f, 0.25f, 0.25f}, apart[] = {1.0f, 9.0f, 2.0f, 9.0f, 3.0f, 9.0f};
    float joined[] = {1.0f, 2.0f, 3.0f};
    make_noise();
    /* In pieces, strided and standing still, out of order: instruction 2 before 1. */
    show(t, c, 5, steady, 0, 3);
    show(t, b, 2, heard[0], 1, 700);
    show(t, a, 1, apart, 2, 3);
    show(t, b, 2, heard[0] + 700, 1, 100);
    snprintf(wanted, sizeof wanted, " node.a=%08x node.odd%%20%%3d%%25%%09=%08x node.c=%08x",
             (unsigned)hash_of(joined, 3), (unsigned)hash_of(heard[0], 800),
             (unsigned)hash_of(steady, 3));
    assert_string_equal(written(t, ""), wanted);
    assert_string_equal(written(t, ""), ""); /* a new tick */
    show(t, a, 1, joined, 1, 3);
    snprintf(wanted, sizeof wanted, " voice3.node.a=%08x", (unsigned)hash_of(joined, 3));
    assert_string_equal(written(t, "voice3"), wanted);
    show(t, a, 1, joined, 1, 3);
    taps_drop(t);
    assert_string_equal(written(t, "voice3"), "");
    taps_free(t);
}

/* A voice that is played anew within a tick: one sound after the other, whatever came last. */
static void sounds_follow_each_other(void **state)
{
    (void)state;
    struct taps *t = taps_new();
    static const char a[] = "a";
    char wanted[200];
    taps_sound(t, 500, 0);
    show(t, a, 1, heard[1], 1, 300);
    taps_sound(t, 0, 0);
    show(t, a, 1, heard[0], 1, 500);
    snprintf(wanted, sizeof wanted, " bus.x.node.a=%08x bus.x.node.a=%08x",
             (unsigned)hash_of(heard[0], 500), (unsigned)hash_of(heard[1], 300));
    assert_string_equal(written(t, "bus.x"), wanted);
    taps_free(t);
}

/* Docs/mixer.md, section 9: equal values are a run, and a piece goes on where the last one ended.
 */
static void values_are_as_documented(void **state)
{
    (void)state;
    struct taps *t = taps_new();
    static const char a[] = "a", b[] = "b c";
    float steady = 0.5f, moving[] = {0.5f, 1.0f, -2.0f};
    char wanted[300];
    taps_sound(t, 0, 100);
    taps_keep(t, true);
    show(t, b, 2, &steady, 0, 3);
    show(t, a, 1, moving, 1, 3);
    taps_sound(t, 0, 103);
    show(t, b, 2, moving, 1, 3);
    uint32_t hash_b = hash_of((float[]){0.5f, 0.5f, 0.5f, 0.5f, 1.0f, -2.0f}, 6);
    snprintf(wanted, sizeof wanted,
             " voice1.node.a=%08x voice1.node.b%%20c=%08x"
             " voice1.values.a=100;gain.0/2:3f000000,3f800000,c0000000"
             " voice1.values.b%%20c=100;gain.0/2:3f000000*4,3f800000,c0000000",
             (unsigned)hash_of(moving, 3), (unsigned)hash_b);
    assert_string_equal(written(t, "voice1"), wanted);
    taps_keep(t, false);
    show(t, a, 1, moving, 1, 3);
    snprintf(wanted, sizeof wanted, " node.a=%08x", (unsigned)hash_of(moving, 3));
    assert_string_equal(written(t, ""), wanted);
    taps_free(t);
}

static void a_changed_bit_changes_the_hash(void **state)
{
    (void)state;
    struct taps *t = taps_new();
    static const char a[] = "a";
    char first[200];
    float values[4] = {1.0f, 2.0f, 3.0f, 4.0f};
    show(t, a, 1, values, 1, 4);
    snprintf(first, sizeof first, "%s", written(t, ""));
    values[3] = nextafterf(4.0f, 5.0f);
    show(t, a, 1, values, 1, 4);
    assert_string_not_equal(written(t, ""), first);
    taps_free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_op_is_seen_as_it_is),
        cmocka_unit_test(no_such_lane_is_refused),
        cmocka_unit_test(hashes_are_as_documented),
        cmocka_unit_test(sounds_follow_each_other),
        cmocka_unit_test(values_are_as_documented),
        cmocka_unit_test(a_changed_bit_changes_the_hash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
