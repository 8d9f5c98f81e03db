#include "render/score/ratio.h"

static uint64_t magnitude(int64_t n)
{
    return n < 0 ? 0 - (uint64_t)n : (uint64_t)n;
}

static unsigned zeros(uint64_t n)
{
    return (unsigned)__builtin_ctzll(n);
}

/* Stein's: it divides by two only. */
static uint64_t divisor(uint64_t a, uint64_t b)
{
    if (a == 0 || b == 0 || a == 1 || b == 1)
        return a == 0 ? b : b == 0 ? a : 1;
    unsigned twos = zeros(a | b);
    a >>= zeros(a);
    while (b) {
        b >>= zeros(b);
        uint64_t low = a < b ? a : b;
        b = a < b ? b - a : a - b;
        a = low;
    }
    return a << twos;
}

bool ratio_make(int64_t num, int64_t den, struct ratio *result)
{
    if (den == 0 || num == INT64_MIN || den == INT64_MIN)
        return false;
    if (den == 1) {
        *result = ratio_whole(num);
        return true;
    }
    int64_t common = (int64_t)divisor(magnitude(num), magnitude(den));
    common = den < 0 ? -common : common;
    *result = (struct ratio){num / common, den / common};
    return true;
}

/* a/b + c/d = (a (d/g) + c (b/g)) / (b (d/g)), g being the divisor of b and d. */
bool ratio_add(struct ratio x, struct ratio y, struct ratio *sum)
{
    int64_t left, right, num, den;
    if (x.den == 1 && y.den == 1) {
        *sum = ratio_whole(0);
        return !__builtin_add_overflow(x.num, y.num, &sum->num) && sum->num != INT64_MIN;
    }
    int64_t common = (int64_t)divisor((uint64_t)x.den, (uint64_t)y.den);
    if (__builtin_mul_overflow(x.num, y.den / common, &left) ||
        __builtin_mul_overflow(y.num, x.den / common, &right) ||
        __builtin_add_overflow(left, right, &num) ||
        __builtin_mul_overflow(x.den, y.den / common, &den))
        return false;
    return ratio_make(num, den, sum);
}

bool ratio_subtract(struct ratio x, struct ratio y, struct ratio *difference)
{
    return ratio_add(x, (struct ratio){-y.num, y.den}, difference);
}

bool ratio_multiply(struct ratio x, struct ratio y, struct ratio *product)
{
    int64_t over = (int64_t)divisor(magnitude(x.num), (uint64_t)y.den);
    int64_t under = (int64_t)divisor(magnitude(y.num), (uint64_t)x.den);
    int64_t num, den;
    if (__builtin_mul_overflow(x.num / over, y.num / under, &num) ||
        __builtin_mul_overflow(x.den / under, y.den / over, &den))
        return false;
    return ratio_make(num, den, product);
}

bool ratio_divide(struct ratio x, struct ratio y, struct ratio *quotient)
{
    struct ratio inverse;
    return ratio_make(y.den, y.num, &inverse) && ratio_multiply(x, inverse, quotient);
}

int64_t ratio_floor(struct ratio x)
{
    return x.num / x.den - (x.num % x.den < 0);
}

/* Where products do not fit: by whole parts, then by the rests turned over. */
int ratio_compare(struct ratio x, struct ratio y)
{
    int64_t across, back;
    if (!__builtin_mul_overflow(x.num, y.den, &across) &&
        !__builtin_mul_overflow(y.num, x.den, &back))
        return (across > back) - (across < back);
    int sign = 1;
    for (;;) {
        int64_t a = ratio_floor(x), b = ratio_floor(y);
        int64_t left = x.num - a * x.den, right = y.num - b * y.den;
        if (a != b)
            return a < b ? -sign : sign;
        if (left == 0 || right == 0)
            return left == right ? 0 : left < right ? -sign : sign;
        x = (struct ratio){x.den, left};
        y = (struct ratio){y.den, right};
        sign = -sign;
    }
}

double ratio_double(struct ratio x)
{
    return (double)x.num / (double)x.den;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool push_digit(int64_t *value, char digit)
{
    return !__builtin_mul_overflow(*value, 10, value) &&
           !__builtin_add_overflow(*value, digit - '0', value);
}

/* Digits from `at` on; each one past the point makes *den ten times as large. */
static size_t read_digits(const char *text, size_t length, size_t at, int64_t *value, int64_t *den,
                          bool *fits)
{
    for (; at < length && is_digit(text[at]); at++)
        *fits =
            *fits && push_digit(value, text[at]) && !(den && __builtin_mul_overflow(*den, 10, den));
    return at;
}

/* The end of an exponent, or `at` if there is none: the e may begin a unit. */
static size_t read_exponent(const char *text, size_t length, size_t at, int64_t *num, int64_t *den,
                            bool *fits)
{
    size_t i = at + 1;
    bool down = i < length && text[i] == '-';
    i += i < length && (text[i] == '-' || text[i] == '+');
    if (at >= length || (text[at] != 'e' && text[at] != 'E') || i >= length || !is_digit(text[i]))
        return at;
    int64_t power = 0;
    i = read_digits(text, length, i, &power, NULL, fits);
    for (; power > 0 && *fits && *num; power--)
        *fits = !__builtin_mul_overflow(down ? *den : *num, 10, down ? den : num);
    return i;
}

static size_t read_divisor(const char *text, size_t length, size_t at, int64_t *den, bool *fits)
{
    if (at + 1 >= length || text[at] != '/' || !is_digit(text[at + 1]))
        return at;
    int64_t by = 0;
    at = read_digits(text, length, at + 1, &by, NULL, fits);
    *fits = *fits && !__builtin_mul_overflow(*den, by, den);
    return at;
}

/* Digits that are all there is of a number that surely fits. 0: it takes more than that. */
static size_t read_whole(const char *text, size_t length, size_t at, int64_t *value)
{
    enum { SURE = 18 };
    size_t from = at, most = length - at < SURE ? length : at + SURE;
    int64_t whole = 0;
    while (at < most && is_digit(text[at]))
        whole = whole * 10 + (text[at++] - '0');
    *value = whole;
    if (at == length)
        return at;
    char c = text[at];
    bool more = is_digit(c) || c == '.' || c == 'e' || c == 'E' || c == '/';
    return more || at == from ? 0 : at;
}

size_t ratio_read(const char *text, size_t length, struct ratio *value, bool *fits)
{
    size_t at = length && (text[0] == '-' || text[0] == '+');
    int64_t num = 0, den = 1;
    *fits = true;
    *value = ratio_whole(0);
    if (at >= length || !is_digit(text[at]))
        return 0;
    size_t end = read_whole(text, length, at, &num);
    if (end > 0) {
        value->num = text[0] == '-' ? -num : num;
        return end;
    }
    num = 0;
    at = read_digits(text, length, at, &num, NULL, fits);
    if (at + 1 < length && text[at] == '.' && is_digit(text[at + 1]))
        at = read_digits(text, length, at + 1, &num, &den, fits);
    at = read_exponent(text, length, at, &num, &den, fits);
    at = read_divisor(text, length, at, &den, fits);
    *fits = *fits && ratio_make(text[0] == '-' ? -num : num, den, value);
    return at;
}
