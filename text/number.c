#include "text/number.h"
#include <float.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DIGITS_LIMIT = 320, EXPONENT_LIMIT = 99999 };

static const struct {
    const char *name;
    enum number_unit unit;
    int exponent; /* power of ten to the base unit */
} units[] = {
    {"hz", NUMBER_HZ, 0},       {"khz", NUMBER_HZ, 3},      {"s", NUMBER_SECONDS, 0},
    {"ms", NUMBER_SECONDS, -3}, {"us", NUMBER_SECONDS, -6}, {"db", NUMBER_DB, 0},
    {"%", NUMBER_PERCENT, -2},
};

enum { UNIT_COUNT = sizeof units / sizeof *units };

const char *const number_unit_words[] = {"hz", "khz", "s", "ms", "us", "db", "%"};
const size_t number_unit_word_count = sizeof number_unit_words / sizeof *number_unit_words;

static int is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static int lower(char c)
{
    return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c;
}

double number_exp2(double x)
{
    const double ln2 = 0.693147180559945309417232;
    int whole = (int)(x < 0 ? x - 0.5 : x + 0.5);
    double z = (x - whole) * ln2; /* |z| <= 0.3466: 16 terms leave 1e-21 */
    double sum = 1.0;
    for (int n = 16; n > 0; n--)
        sum = 1.0 + z / n * sum;
    for (; whole > 0; whole--)
        sum *= 2.0;
    for (; whole < 0; whole++)
        sum *= 0.5;
    return sum;
}

double number_factor(double db)
{
    const double log2_10 = 3.32192809488736234787032;
    int tens = (int)(db < 0 ? db / 20.0 - 0.5 : db / 20.0 + 0.5);
    double rest = number_exp2((db - 20.0 * tens) / 20.0 * log2_10);
    double power = 1.0;
    for (int i = tens < 0 ? -tens : tens; i > 0; i--)
        power *= 10.0;
    return tens < 0 ? rest / power : rest * power;
}

/* A number cut into what strtod needs to see of it: digits without the point, which the locale
 * would decide about, and the exponent that makes up for it. */
struct decimal {
    char digits[DIGITS_LIMIT];
    size_t count;
    long exponent;
    size_t end; /* where the unit begins */
    int negative, too_long;
};

static size_t scan_digits(const char *text, size_t length, size_t i, struct decimal *d)
{
    for (; i < length && is_digit(text[i]); i++) {
        if (d->count == 0 && text[i] == '0')
            continue; /* leading zeros count nothing */
        if (d->count + 1 < DIGITS_LIMIT)
            d->digits[d->count++] = text[i];
        else
            d->too_long = 1;
    }
    return i;
}

static size_t scan_exponent(const char *text, size_t length, size_t i, struct decimal *d)
{
    size_t at = i + 1;
    if (i >= length || lower(text[i]) != 'e')
        return i;
    int negative = at < length && text[at] == '-';
    at += at < length && (text[at] == '-' || text[at] == '+');
    if (at >= length || !is_digit(text[at]))
        return i;
    long value = 0;
    for (; at < length && is_digit(text[at]); at++)
        value = value < EXPONENT_LIMIT ? value * 10 + (text[at] - '0') : value;
    d->exponent += negative ? -value : value;
    return at;
}

static enum number_status scan(const char *text, size_t length, struct decimal *d)
{
    size_t i = 0;
    d->negative = length && text[0] == '-';
    i += length && (text[0] == '-' || text[0] == '+');
    if (i < length && text[i] == '.' && i + 1 < length && is_digit(text[i + 1]))
        return NUMBER_MALFORMED;
    if (i >= length || !is_digit(text[i]))
        return NUMBER_NOT;
    i = scan_digits(text, length, i, d);
    if (i < length && text[i] == '.') {
        size_t point = i + 1;
        i = scan_digits(text, length, point, d);
        if (i == point)
            return NUMBER_MALFORMED;
        d->exponent -= (long)(i - point);
    }
    d->end = scan_exponent(text, length, i, d);
    return d->too_long ? NUMBER_TOO_LARGE : NUMBER_OK;
}

/* Digits that make a whole number below 2^53, times or over a power of ten that a double holds: one
 * rounding, so the nearest double, as strtod finds it. Not where doubles are rounded twice. */
static int convert_short(const struct decimal *d, long exponent, double *value)
{
    static const double tens[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                  1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                  1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    uint64_t whole = 0;
    if (FLT_EVAL_METHOD != 0 || d->count > 15 || exponent < -22 || exponent > 22)
        return 0;
    for (size_t i = 0; i < d->count; i++)
        whole = whole * 10 + (uint64_t)(d->digits[i] - '0');
    *value = exponent < 0 ? (double)whole / tens[-exponent] : (double)whole * tens[exponent];
    return 1;
}

static enum number_status convert(struct decimal *d, int shift, double *value)
{
    char text[DIGITS_LIMIT + 32];
    double v;
    if (!convert_short(d, d->exponent + shift, &v)) {
        d->digits[d->count] = '\0';
        snprintf(text, sizeof text, "%se%ld", d->digits, d->exponent + shift);
        v = d->count ? strtod(text, NULL) : 0.0;
    }
    if (v - v != 0.0)
        return NUMBER_TOO_LARGE;
    *value = d->negative && v != 0.0 ? -v : v;
    return NUMBER_OK;
}

static int find_unit(const char *text, size_t length)
{
    for (int i = 0; i < UNIT_COUNT; i++) {
        const char *name = units[i].name;
        size_t n = 0;
        while (n < length && name[n] && lower(text[n]) == name[n])
            n++;
        if (n == length && !name[n])
            return i;
    }
    return -1;
}

/* Letter, # or b if wanted, octave -1 to 10; a4 is 440 Hz, c4 is middle C. 0 when it is one. */
static int scan_note(const char *text, size_t length, int *semitone, int *octave)
{
    static const int semitones[] = {9, 11, 0, 2, 4, 5, 7};
    int letter = length ? lower(text[0]) : 0;
    if (letter < 'a' || letter > 'g')
        return -1;
    *semitone = semitones[letter - 'a'];
    size_t i = 1;
    if (i < length && (text[i] == '#' || lower(text[i]) == 'b'))
        *semitone += text[i++] == '#' ? 1 : -1;
    size_t rest = length - i;
    if (rest == 1 && is_digit(text[i]))
        *octave = text[i] - '0';
    else if (rest == 2 && text[i] == '-' && text[i + 1] == '1')
        *octave = -1;
    else if (rest == 2 && text[i] == '1' && text[i + 1] == '0')
        *octave = 10;
    else
        return -1;
    return 0;
}

static enum number_status read_note(const char *text, size_t length, struct number *number)
{
    int semitone, octave;
    if (scan_note(text, length, &semitone, &octave))
        return NUMBER_NOT;
    number->value = 440.0 * number_exp2((semitone - 9) / 12.0) * number_exp2(octave - 4);
    number->unit = NUMBER_HZ;
    number->unit_at = length;
    return NUMBER_OK;
}

int number_begins(const char *text, size_t length)
{
    int semitone, octave;
    size_t i = length && (text[0] == '-' || text[0] == '+');
    i += i < length && text[i] == '.';
    return (i < length && is_digit(text[i])) || scan_note(text, length, &semitone, &octave) == 0;
}

int number_note(const char *text, size_t length, int *key)
{
    int semitone, octave;
    if (scan_note(text, length, &semitone, &octave))
        return -1;
    *key = 12 * (octave + 1) + semitone;
    return 0;
}

int number_unit_fits(enum number_unit given, enum number_unit wanted)
{
    if (given == NUMBER_BARE)
        return 1;
    if (wanted == NUMBER_HZ || wanted == NUMBER_SECONDS)
        return given == wanted;
    return given == NUMBER_DB || given == NUMBER_PERCENT;
}

enum number_status number_read_in(const char *text, size_t length, const char *unit,
                                  struct number *number)
{
    struct decimal d;
    d.count = 0; /* its digits need no zeros */
    d.exponent = 0;
    d.too_long = 0;
    *number = (struct number){.unit = NUMBER_BARE};
    enum number_status status = scan(text, length, &d);
    if (status == NUMBER_NOT)
        return read_note(text, length, number);
    if (status != NUMBER_OK)
        return status;
    number->unit_at = d.end;
    const char *rest = text + d.end;
    size_t rest_length = length - d.end;
    if (rest_length && (is_digit(*rest) || *rest == '.' || *rest == '+' || *rest == '-'))
        return NUMBER_MALFORMED;
    int row = rest_length ? find_unit(rest, rest_length) : find_unit(unit, strlen(unit));
    if (row < 0 && rest_length)
        return NUMBER_NO_UNIT;
    status = convert(&d, row < 0 ? 0 : units[row].exponent, &number->value);
    if (status != NUMBER_OK || row < 0)
        return status;
    number->unit = rest_length ? units[row].unit : NUMBER_BARE;
    if (units[row].unit != NUMBER_DB)
        return NUMBER_OK;
    if (number->value < -1000.0 || number->value > 1000.0)
        return NUMBER_TOO_LARGE;
    number->value = number_factor(number->value);
    return NUMBER_OK;
}

enum number_status number_read(const char *text, size_t length, struct number *number)
{
    return number_read_in(text, length, "", number);
}

/* The digits of value, without the point, and the power of ten of the first. */
static int shortest(char digits[24], double value)
{
    char text[40];
    for (int precision = 0; precision < 17; precision++) {
        snprintf(text, sizeof text, "%.*e", precision, value);
        char *e = strchr(text, 'e');
        size_t n = 0;
        for (char *p = text; p < e; p++)
            if (is_digit(*p))
                digits[n++] = *p;
        digits[n] = '\0';
        int exponent = (int)strtol(e + 1, NULL, 10);
        char again[64];
        snprintf(again, sizeof again, "%se%d", digits, exponent - precision);
        if (precision == 16 || strtod(again, NULL) == value)
            return exponent;
    }
    return 0;
}

unsigned number_digits(double value)
{
    char digits[24];
    shortest(digits, value < 0 ? -value : value);
    size_t count = strlen(digits);
    return value == 0.0 ? 1 : (unsigned)count;
}

static void lay_out(char *text, size_t size, const char *digits, int exponent, const char *unit)
{
    static const char zeros[] = "0000000000000000";
    int count = (int)strlen(digits);
    if (exponent < -5 || exponent > 15)
        snprintf(text, size, "%c%s%se%d%s", digits[0], count > 1 ? "." : "", digits + 1, exponent,
                 unit);
    else if (exponent < 0)
        snprintf(text, size, "0.%.*s%s%s", -exponent - 1, zeros, digits, unit);
    else if (exponent + 1 >= count)
        snprintf(text, size, "%s%.*s%s", digits, exponent + 1 - count, zeros, unit);
    else
        snprintf(text, size, "%.*s.%s%s", exponent + 1, digits, digits + exponent + 1, unit);
}

const char *number_write(char text[NUMBER_TEXT], double value, int shift, const char *unit)
{
    char digits[24];
    if (value == 0.0) {
        snprintf(text, NUMBER_TEXT, "0%s", unit);
        return text;
    }
    size_t sign = value < 0;
    text[0] = '-';
    int exponent = shortest(digits, sign ? -value : value);
    lay_out(text + sign, NUMBER_TEXT - sign, digits, exponent + shift, unit);
    return text;
}

/* The least thousandth of a dB whose factor is not below this one. */
static long milli_db(double factor)
{
    long low = -1000000, high = 1000000;
    while (low < high) {
        long middle = low + (high - low) / 2;
        if (number_factor((double)middle / 1000.0) < factor)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

double number_db(double factor)
{
    long above = milli_db(factor);
    double high = number_factor((double)above / 1000.0);
    double low = number_factor((double)(above - 1) / 1000.0);
    return (double)(high - factor < factor - low ? above : above - 1) / 1000.0;
}

const char *number_write_db(char text[NUMBER_TEXT], double factor)
{
    long low = milli_db(factor);
    /* Rounding may leave the factors of neighbours out of step by a unit in the last place. */
    for (long i = low - 1; i <= low + 1; i++) {
        double db = (double)i / 1000.0;
        if (i >= -1000000 && i <= 1000000 && number_factor(db) == factor)
            return number_write(text, db, 0, "db");
    }
    return number_write(text, factor, 2, "%");
}
