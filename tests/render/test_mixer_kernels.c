/* The mixer's inner loops give the bits of kernels.c on every ISA; the mix as floats is its sums.
 */
#include "test_mixer_kit.h"

enum { LENGTH = 3000, TRIES = 3000, MOST = 300, LANES = 16 };

static uint64_t random_state = 1;

static uint32_t random_bits(void)
{
    random_state = random_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(random_state >> 32);
}

static uint32_t below(uint32_t limit)
{
    return (uint32_t)((uint64_t)random_bits() * limit >> 32);
}

/* Mostly of the size of a sound, some beyond what is held, some next to silence. */
static float random_float(void)
{
    static const float sizes[] = {1.0f, 4.0f, 0x1p-15f, 0x1p-14f, 0x1p-130f, 0.0f};
    return ((float)random_bits() * 0x1p-31f - 1.0f) * sizes[below(6)];
}

/* All that this machine has but the plain ones. */
static const struct mix_kernels *others(unsigned i)
{
    static const enum rp_isa isas[] = {RP_ISA_AVX2, RP_ISA_AVX512};
    return i < 2 && rp_isa_available(isas[i]) ? mix_kernels(isas[i]) : NULL;
}

static int16_t *random_samples(void)
{
    int16_t *x = calloc(LENGTH + SAMPLE_PADDING, sizeof *x);
    assert_non_null(x);
    for (unsigned i = 0; i < LENGTH; i++)
        x[i] = (int16_t)(below(4) ? (int)random_bits() : below(2) ? INT16_MIN : INT16_MAX);
    return x;
}

/* Slow, about as fast as the file, twice that, or any; forward or backward; with a loop or not. */
static struct mix_head random_head(void)
{
    static const int64_t most[] = {1 << 20, INT64_C(1) << 32, INT64_C(2) << 32, INT64_C(40) << 32};
    struct mix_head h = {.loop = below(2)};
    h.step =
        1 + (int64_t)(((uint64_t)random_bits() << 32 | random_bits()) % (uint64_t)most[below(4)]);
    if (below(8) == 0)
        h.step = INT64_C(2) << 32;
    if (below(4) == 0)
        h.step = -h.step;
    h.loop_start = below(LENGTH - 1);
    h.loop_end = h.loop_start + 1 + below(below(2) ? 100 : LENGTH - 1 - h.loop_start);
    h.loop_end = h.loop_end < LENGTH ? h.loop_end : LENGTH;
    h.pos = (int64_t)below(h.loop ? h.loop_end : LENGTH) << 32 | random_bits();
    return h;
}

static void samples_are_the_same(void **state)
{
    (void)state;
    int16_t *x = random_samples();
    float wanted[MOST], got[MOST];
    for (unsigned t = 0; t < TRIES; t++) {
        struct mix_head head = random_head(), plain = head;
        uint64_t left = mix_head_left(&head, LENGTH);
        uint32_t n = 1 + below(MOST);
        n = left < n ? (uint32_t)left : n;
        mix_kernels_plain.sample(x, &plain, n, wanted);
        for (unsigned i = 0; i < 2; i++) {
            struct mix_head h = head;
            if (!others(i))
                continue;
            others(i)->sample(x, &h, n, got);
            assert_memory_equal(got, wanted, n * sizeof *got);
            if (head.loop)
                assert_true(h.pos == plain.pos);
        }
    }
    free(x);
}

struct sides {
    int32_t left[MOST], right[MOST];
};

static void sums_are_the_same(void **state)
{
    (void)state;
    static float a[MOST * LANES], b[MOST * LANES];
    float left[LANES], right[LANES];
    struct sides start, wanted, got;
    for (unsigned t = 0; t < TRIES / 10; t++) {
        static const unsigned widths[] = {1, 4, 8, 16};
        unsigned lanes = widths[below(4)];
        uint32_t n = 1 + below(MOST);
        const float *other = below(2) ? a : b;
        for (unsigned i = 0; i < MOST * LANES; i++) {
            a[i] = random_float();
            b[i] = random_float();
        }
        for (unsigned l = 0; l < LANES; l++) {
            left[l] = (float)below(256) / 255.0f;
            right[l] = (float)below(256) / 255.0f;
        }
        for (unsigned i = 0; i < MOST; i++) {
            start.left[i] = (int32_t)below(1 << 30);
            start.right[i] = -(int32_t)below(1 << 30);
        }
        wanted = start;
        mix_kernels_plain.add_lanes(a, other, lanes, n, left, right, wanted.left, wanted.right);
        for (unsigned i = 0; i < 2; i++) {
            got = start;
            if (!others(i))
                continue;
            others(i)->add_lanes(a, other, lanes, n, left, right, got.left, got.right);
            assert_memory_equal(&got, &wanted, sizeof got);
            assert_int_equal(others(i)->loud(a, lanes, n), mix_kernels_plain.loud(a, lanes, n));
        }
        mix_kernels_plain.add(a, other, n, left[0], right[0], wanted.left, wanted.right);
        for (unsigned i = 0; i < 2; i++) {
            struct sides more = got;
            if (!others(i))
                continue;
            others(i)->add(a, other, n, left[0], right[0], more.left, more.right);
            assert_memory_equal(&more, &wanted, sizeof more);
        }
    }
}

static void loud_is_from_a_step_on(void **state)
{
    (void)state;
    static float y[40 * LANES];
    for (unsigned i = 0; i < 2; i++)
        for (unsigned lane = 0; others(i) && lane < LANES; lane++) {
            float *at = &y[lane + LANES * (lane + 20)];
            const float loud[] = {0x1p-15f, -0x1p-15f},
                        quiet[] = {0x1.fffffep-16f, -0x1.fffffep-16f};
            for (unsigned k = 0; k < 2; k++) {
                *at = loud[k];
                assert_int_equal(others(i)->loud(y, LANES, 40), UINT32_C(1) << lane);
                *at = quiet[k];
                assert_int_equal(others(i)->loud(y, LANES, 40), 0);
            }
            *at = 0.0f;
        }
}

static void floats_are_sums(void **state)
{
    (void)state;
    struct sides s;
    float got[2 * MOST];
    for (unsigned i = 0; i < MOST; i++) {
        s.left[i] = (int32_t)random_bits();
        s.right[i] = i ? (int32_t)random_bits() >> below(32) : INT32_MIN;
    }
    for (unsigned k = 0; k < 3; k++)
        for (uint32_t n = 1; n < MOST && (k == 2 || others(k)); n += 7) {
            (k == 2 ? &mix_kernels_plain : others(k))->floats(s.left, s.right, n, got);
            for (unsigned i = 0; i < n; i++) {
                assert_true((double)got[2 * i] == (double)(float)s.left[i] / 8388608.0);
                assert_true((double)got[2 * i + 1] == (double)(float)s.right[i] / 8388608.0);
            }
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(samples_are_the_same),
        cmocka_unit_test(sums_are_the_same),
        cmocka_unit_test(loud_is_from_a_step_on),
        cmocka_unit_test(floats_are_sums),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
