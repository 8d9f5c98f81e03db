/* test_number.c - numbers, units, notes: their exact values. */
#include "text/number.h"
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const struct {
    const char *text;
    enum number_status status;
    double value;
    enum number_unit unit;
} numbers[] = {
    {"440", NUMBER_OK, 440.0, NUMBER_BARE},
    {"-0.5", NUMBER_OK, -0.5, NUMBER_BARE},
    {"+1e-3", NUMBER_OK, 0.001, NUMBER_BARE},
    {"1E+2", NUMBER_OK, 100.0, NUMBER_BARE},
    {"0.1", NUMBER_OK, 0.1, NUMBER_BARE},
    {"007.250", NUMBER_OK, 7.25, NUMBER_BARE},
    {"123456789012345678901234567890", NUMBER_OK, 123456789012345678901234567890.0, NUMBER_BARE},
    {"0.70710678118654752440", NUMBER_OK, 0.70710678118654752440, NUMBER_BARE},
    {"4.9e-324", NUMBER_OK, 4.9e-324, NUMBER_BARE},
    {"440Hz", NUMBER_OK, 440.0, NUMBER_HZ},
    {"1.2khz", NUMBER_OK, 1200.0, NUMBER_HZ},
    {"5ms", NUMBER_OK, 0.005, NUMBER_SECONDS},
    {"1.1MS", NUMBER_OK, 0.0011, NUMBER_SECONDS},
    {"250us", NUMBER_OK, 0.00025, NUMBER_SECONDS},
    {"2s", NUMBER_OK, 2.0, NUMBER_SECONDS},
    {"1e1s", NUMBER_OK, 10.0, NUMBER_SECONDS},
    {"50%", NUMBER_OK, 0.5, NUMBER_PERCENT},
    {"33.3%", NUMBER_OK, 0.333, NUMBER_PERCENT},
    {"0db", NUMBER_OK, 1.0, NUMBER_DB},
    {"20dB", NUMBER_OK, 10.0, NUMBER_DB},
    {"-40db", NUMBER_OK, 0.01, NUMBER_DB},
    {"-120db", NUMBER_OK, 1e-6, NUMBER_DB},
    {"a4", NUMBER_OK, 440.0, NUMBER_HZ},
    {"A-1", NUMBER_OK, 13.75, NUMBER_HZ},
    {"a10", NUMBER_OK, 28160.0, NUMBER_HZ},
    {"", NUMBER_NOT, 0, NUMBER_BARE},
    {"-", NUMBER_NOT, 0, NUMBER_BARE},
    {"->", NUMBER_NOT, 0, NUMBER_BARE},
    {"db", NUMBER_NOT, 0, NUMBER_BARE},
    {"a11", NUMBER_NOT, 0, NUMBER_BARE},
    {"h4", NUMBER_NOT, 0, NUMBER_BARE},
    {"nan", NUMBER_NOT, 0, NUMBER_BARE},
    {"inf", NUMBER_NOT, 0, NUMBER_BARE},
    {".5", NUMBER_MALFORMED, 0, NUMBER_BARE},
    {"440.", NUMBER_MALFORMED, 0, NUMBER_BARE},
    {"1.2.3", NUMBER_MALFORMED, 0, NUMBER_BARE},
    {"1e3.5", NUMBER_MALFORMED, 0, NUMBER_BARE},
    {"440herz", NUMBER_NO_UNIT, 0, NUMBER_BARE},
    {"0x10", NUMBER_NO_UNIT, 0, NUMBER_BARE},
    {"1e", NUMBER_NO_UNIT, 0, NUMBER_BARE},
    {"1e309", NUMBER_TOO_LARGE, 0, NUMBER_BARE},
    {"1e306khz", NUMBER_TOO_LARGE, 0, NUMBER_BARE},
    {"2000db", NUMBER_TOO_LARGE, 0, NUMBER_BARE},
};

static void check_numbers(void)
{
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        struct number number;
        assert_int_equal(number_read(numbers[i].text, strlen(numbers[i].text), &number),
                         numbers[i].status);
        if (numbers[i].status != NUMBER_OK)
            continue;
        assert_memory_equal(&number.value, &numbers[i].value, sizeof(double));
        assert_int_equal(number.unit, numbers[i].unit);
    }
}

static void test_numbers(void **state)
{
    (void)state;
    check_numbers();
}

/* A host program may have set a locale whose decimal point is a comma. */
static void test_locale(void **state)
{
    (void)state;
    if (!setlocale(LC_ALL, "de_DE.UTF-8") && !setlocale(LC_ALL, "fr_FR.UTF-8"))
        skip();
    check_numbers();
    char text[NUMBER_TEXT];
    assert_string_equal(number_write(text, 1.5, 0, ""), "1.5");
    setlocale(LC_ALL, "C");
}

static void near(const char *text, double wanted)
{
    struct number number;
    assert_int_equal(number_read(text, strlen(text), &number), NUMBER_OK);
    double error = (number.value - wanted) / wanted;
    assert_true(error > -4e-16 && error < 4e-16);
}

/* Published values: equal temperament at a4 = 440 Hz, and 10^(x/20), to the last digit or so. */
static void test_notes_and_decibels(void **state)
{
    (void)state;
    near("c4", 261.62556530059863467784999);
    near("c#3", 138.59131548843604189698467);
    near("db3", 138.59131548843604189698467);
    near("eb4", 311.12698372208091073626972);
    near("bb3", 233.08188075904495848427103);
    near("b3", 246.94165062806205590283066);
    near("-6db", 0.50118723362727228500155418688);
    near("-3db", 0.70794578438413791080221494218);
    near("6.5db", 2.1134890398366464910943287);
    near("-90db", 0.0000316227766016837933199889354);
    assert_true(number_exp2(10.0) == 1024.0 && number_exp2(-1.0) == 0.5);
}

/* Rows: given; columns: wanted. */
static void test_units_that_fit(void **state)
{
    (void)state;
    static const char fits[5][6] = {
        [NUMBER_BARE] = "11111", [NUMBER_HZ] = "01000",      [NUMBER_SECONDS] = "00100",
        [NUMBER_DB] = "10011",   [NUMBER_PERCENT] = "10011",
    };
    for (int given = 0; given < 5; given++)
        for (int wanted = 0; wanted < 5; wanted++)
            assert_int_equal(number_unit_fits((enum number_unit)given, (enum number_unit)wanted) !=
                                 0,
                             fits[given][wanted] == '1');
}

/* The numbers of MIDI 1.0 with c4 as 60. */
static void test_keys(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int key;
    } keys[] = {
        {"c4", 60},  {"C4", 60},  {"a4", 69},   {"c-1", 0},  {"cb-1", -1}, {"g9", 127},
        {"b3", 59},  {"b#3", 60}, {"cb4", 59},  {"bb3", 58}, {"f#3", 54},  {"gb3", 54},
        {"eb5", 75}, {"e#4", 65}, {"c10", 132}, {"A0", 21},
    };
    static const char *const none[] = {"",    "c",    "h4",  "4",     "c11",
                                       "c-2", "c##4", "c4 ", "440hz", "#4"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        int key = 1000;
        assert_int_equal(number_note(keys[i].text, strlen(keys[i].text), &key), 0);
        assert_int_equal(key, keys[i].key);
    }
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        int key = 1000;
        assert_int_equal(number_note(none[i], strlen(none[i]), &key), -1);
        assert_int_equal(key, 1000);
    }
    int key;
    assert_int_equal(number_note("c4:2", 2, &key), 0); /* no further than its length */
    assert_int_equal(key, 60);
}

static void test_number_writing(void **state)
{
    (void)state;
    static const struct {
        double value;
        int shift;
        const char *unit, *text;
    } rows[] = {
        {440.0, 0, "", "440"},
        {0.5, 0, "", "0.5"},
        {-0.001, 0, "", "-0.001"},
        {0.02, 3, "ms", "20ms"},
        {0.0011, 3, "ms", "1.1ms"},
        {1e30, 0, "", "1e30"},
        {1.5e-9, 0, "", "1.5e-9"},
        {123456.789, 0, "", "123456.789"},
        {0.0, 0, "", "0"},
        {0.00001, 0, "", "0.00001"},
        {1e15, 0, "", "1000000000000000"},
        {0.5, 2, "%", "50%"},
    };
    char text[NUMBER_TEXT];
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_string_equal(number_write(text, rows[i].value, rows[i].shift, rows[i].unit),
                            rows[i].text);
    assert_string_equal(number_write_db(text, number_factor(-6.5)), "-6.5db");
    struct number number;
    double factor = 0.123456789;
    number_write_db(text, factor);
    assert_int_equal(number_read(text, strlen(text), &number), NUMBER_OK);
    assert_memory_equal(&number.value, &factor, sizeof factor);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_locale),
        cmocka_unit_test(test_notes_and_decibels),
        cmocka_unit_test(test_units_that_fit),
        cmocka_unit_test(test_keys),
        cmocka_unit_test(test_number_writing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
