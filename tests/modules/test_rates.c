/* test_rates.c - what runs at a multiple of the sample rate. */
#include "kit.h"

static void test_kit(void **state)
{
    (void)state;
    float *x = sound_of("(patch (output (osc.sine (freq 1000))))", 48000);
    assert_near(magnitude_at(x, 48000, 1000.0) / 24000.0, 1.0, 1e-5, "a sine's level");
    free(x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_kit)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
