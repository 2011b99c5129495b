// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "base/decimal.h"

enum { DIGITS_MAX = 36, EXPONENT_MAX = 9999, PLAIN_INTEGER_DIGITS = 20, PLAIN_LEADING_ZEROS = 6 };

// Written exponents saturate here, far beyond any that the scanner lets through.
#define EXPONENT_SATURATED ((int64_t)100000000000000000)

// A number text taken apart: 0.d1d2d3... * 10^point, where the digits are the `count` significant
// ones, from index `first` of integer and fraction read as one run.
struct number {
    struct slice integer;
    struct slice fraction;
    size_t first;
    size_t count; // 0: the number is zero
    int64_t point;
    bool negative;
    bool has_exponent;
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static struct slice take_digits(struct slice *rest)
{
    size_t length = 0;
    while (length < rest->length && is_digit(rest->data[length]))
        length++;
    struct slice digits = slice_of(rest->data, length);
    *rest = slice_of(rest->data + length, rest->length - length);
    return digits;
}

static bool take_byte(struct slice *rest, char c)
{
    if (rest->length == 0 || rest->data[0] != c)
        return false;
    *rest = slice_of(rest->data + 1, rest->length - 1);
    return true;
}

static char digit_at(const struct number *n, size_t index)
{
    return index < n->integer.length ? n->integer.data[index]
                                     : n->fraction.data[index - n->integer.length];
}

static char significant_digit(const struct number *n, size_t index)
{
    return digit_at(n, n->first + index);
}

static void find_significant_digits(struct number *n, int64_t exponent)
{
    size_t end = n->integer.length + n->fraction.length;
    n->first = 0;
    while (n->first < end && digit_at(n, n->first) == '0')
        n->first++;
    while (end > n->first && digit_at(n, end - 1) == '0')
        end--;
    n->count = end - n->first;
    n->point = (int64_t)n->integer.length - (int64_t)n->first + exponent;
}

static bool take_exponent(struct slice *rest, int64_t *ret)
{
    bool negative = take_byte(rest, '-');
    if (!negative)
        take_byte(rest, '+');
    struct slice digits = take_digits(rest);
    int64_t exponent = 0;
    for (size_t i = 0; i < digits.length && exponent < EXPONENT_SATURATED; i++)
        exponent = exponent * 10 + (digits.data[i] - '0');
    if (exponent > EXPONENT_SATURATED)
        exponent = EXPONENT_SATURATED;
    *ret = negative ? -exponent : exponent;
    return digits.length > 0;
}

static bool read_number(struct slice text, struct number *ret)
{
    if (text.length == 0)
        return false;
    struct number n = {.negative = take_byte(&text, '-')};
    int64_t exponent = 0;
    n.integer = take_digits(&text);
    if (n.integer.length == 0 || (n.integer.length > 1 && n.integer.data[0] == '0'))
        return false;
    if (take_byte(&text, '.')) {
        n.fraction = take_digits(&text);
        if (n.fraction.length == 0)
            return false;
    }
    n.has_exponent = take_byte(&text, 'e') || take_byte(&text, 'E');
    if (n.has_exponent && !take_exponent(&text, &exponent))
        return false;
    find_significant_digits(&n, exponent);
    *ret = n;
    return text.length == 0;
}

bool decimal_is_number(struct slice text)
{
    struct number n;
    return read_number(text, &n);
}

bool decimal_is_plain(struct slice text)
{
    struct number n;
    return read_number(text, &n) && !n.has_exponent;
}

// Both are not zero.
static int compare_magnitude(const struct number *a, const struct number *b)
{
    if (a->point != b->point)
        return a->point < b->point ? -1 : 1;
    size_t common = a->count < b->count ? a->count : b->count;
    for (size_t i = 0; i < common; i++) {
        char x = significant_digit(a, i), y = significant_digit(b, i);
        if (x != y)
            return x < y ? -1 : 1;
    }
    return (a->count > b->count) - (a->count < b->count);
}

static int sign_of(const struct number *n)
{
    return n->count == 0 ? 0 : n->negative ? -1 : 1;
}

int decimal_compare_text(struct slice a, struct slice b)
{
    struct number x, y;
    // Not a number is below every number, so that a broken promise is at least consistent.
    bool is_a = read_number(a, &x), is_b = read_number(b, &y);
    if (!is_a || !is_b)
        return is_a - is_b;
    int sign = sign_of(&x);
    if (sign != sign_of(&y))
        return sign < sign_of(&y) ? -1 : 1;
    return sign == 0 ? 0 : sign * compare_magnitude(&x, &y);
}

// ---- Writing

static size_t emit_plain(const struct number *n, char *out)
{
    size_t length = 0;
    if (n->point <= 0) {
        out[length++] = '0';
        out[length++] = '.';
        for (int64_t i = n->point; i < 0; i++)
            out[length++] = '0';
    }
    for (size_t i = 0; i < n->count || (int64_t)i < n->point; i++) {
        if ((int64_t)i == n->point && i > 0)
            out[length++] = '.';
        out[length++] = i < n->count ? significant_digit(n, i) : '0';
    }
    return length;
}

static size_t emit_scientific(const struct number *n, char *out)
{
    size_t length = 0;
    for (size_t i = 0; i < n->count; i++) {
        if (i == 1)
            out[length++] = '.';
        out[length++] = significant_digit(n, i);
    }
    out[length++] = 'e';
    int64_t exponent = n->point - 1;
    if (exponent < 0)
        out[length++] = '-';
    uint64_t rest = exponent < 0 ? (uint64_t)-exponent : (uint64_t)exponent;
    char digits[20];
    size_t at = sizeof digits;
    do {
        digits[--at] = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest > 0);
    memcpy(out + length, digits + at, sizeof digits - at);
    return length + sizeof digits - at;
}

static size_t emit(const struct number *n, char *out)
{
    if (n->count == 0) {
        out[0] = '0';
        return 1;
    }
    size_t length = 0;
    if (n->negative)
        out[length++] = '-';
    bool needs_zeros_behind = n->point > (int64_t)n->count;
    bool plain =
        needs_zeros_behind ? n->point <= PLAIN_INTEGER_DIGITS : n->point > -PLAIN_LEADING_ZEROS;
    return length + (plain ? emit_plain(n, out + length) : emit_scientific(n, out + length));
}

size_t decimal_canonical_text(struct slice text, char *out)
{
    struct number n;
    return read_number(text, &n) ? emit(&n, out) : 0;
}

void decimal_format(struct decimal d, char text[DECIMAL_TEXT_SIZE])
{
    char digits[40];
    size_t at = sizeof digits;
    __int128 rest = d.coefficient < 0 ? -d.coefficient : d.coefficient;
    do {
        digits[--at] = (char)('0' + (int)(rest % 10));
        rest /= 10;
    } while (rest > 0);
    struct number n = {.integer = slice_of(digits + at, sizeof digits - at),
                       .negative = d.coefficient < 0};
    find_significant_digits(&n, d.exponent);
    text[emit(&n, text)] = '\0';
}

// ---- Arithmetic

static __int128 power_of_ten(int exponent)
{
    __int128 power = 1;
    for (int i = 0; i < exponent; i++)
        power *= 10;
    return power;
}

static __int128 magnitude(__int128 value)
{
    return value < 0 ? -value : value;
}

static int count_digits(__int128 value)
{
    int count = 0;
    for (value = magnitude(value); value > 0; value /= 10)
        count++;
    return count;
}

// Moves trailing zeros into the exponent. ERROR_RANGE when the rest is out of bounds.
static int normalise(__int128 coefficient, int64_t exponent, struct decimal *ret)
{
    if (coefficient == 0) {
        *ret = (struct decimal){0};
        return 0;
    }
    for (; coefficient % 10 == 0; coefficient /= 10)
        exponent++;
    if (count_digits(coefficient) > DIGITS_MAX || exponent > EXPONENT_MAX ||
        exponent < -EXPONENT_MAX)
        return ERROR_RANGE;
    *ret = (struct decimal){coefficient, (int32_t)exponent};
    return 0;
}

int decimal_parse(struct slice text, struct decimal *ret)
{
    struct number n;
    if (!read_number(text, &n))
        return ERROR_SYNTAX;
    if (n.count > DIGITS_MAX)
        return ERROR_RANGE;
    __int128 coefficient = 0;
    for (size_t i = 0; i < n.count; i++)
        coefficient = coefficient * 10 + (significant_digit(&n, i) - '0');
    return normalise(n.negative ? -coefficient : coefficient, n.point - (int64_t)n.count, ret);
}

struct decimal decimal_from_integer(int64_t value)
{
    struct decimal d = {0};
    // 19 digits always fit.
    (void)!normalise(value, 0, &d);
    return d;
}

bool decimal_is_negative(struct decimal d)
{
    return d.coefficient < 0;
}

bool decimal_is_zero(struct decimal d)
{
    return d.coefficient == 0;
}

static int compare_values(__int128 a, __int128 b)
{
    return (a > b) - (a < b);
}

// Counters and their bounds are nearly always such that a machine word holds them and their sum,
// and division of 128 bits costs more than all else here.
enum { SMALL_SHIFT = 9 };
static const int64_t SMALL_MAX = 999999999;

static bool is_small(struct decimal d)
{
    return d.coefficient >= -SMALL_MAX && d.coefficient <= SMALL_MAX;
}

// Both as integers at the lesser exponent; false when that needs the long way.
static bool align_small(struct decimal a, struct decimal b, int64_t *ret_a, int64_t *ret_b)
{
    int shift = a.exponent - b.exponent;
    if (!is_small(a) || !is_small(b) || shift > SMALL_SHIFT || shift < -SMALL_SHIFT)
        return false;
    *ret_a = (int64_t)a.coefficient;
    *ret_b = (int64_t)b.coefficient;
    for (; shift > 0; shift--)
        *ret_a *= 10;
    for (; shift < 0; shift++)
        *ret_b *= 10;
    return true;
}

static struct decimal normalise_small(int64_t coefficient, int32_t exponent)
{
    if (coefficient == 0)
        return (struct decimal){0};
    for (; coefficient % 10 == 0; coefficient /= 10)
        exponent++;
    return (struct decimal){coefficient, exponent};
}

int decimal_compare(struct decimal a, struct decimal b)
{
    int64_t small_a, small_b;
    if (align_small(a, b, &small_a, &small_b))
        return (small_a > small_b) - (small_a < small_b);
    int sign = compare_values(a.coefficient, 0);
    if (sign != compare_values(b.coefficient, 0) || sign == 0)
        return compare_values(sign, compare_values(b.coefficient, 0));
    int place_a = count_digits(a.coefficient) + a.exponent;
    int place_b = count_digits(b.coefficient) + b.exponent;
    if (place_a != place_b)
        return place_a < place_b ? -sign : sign;
    // The leading digits stand at one place, so aligning needs no more digits than the longer has.
    if (a.exponent > b.exponent)
        a.coefficient *= power_of_ten(a.exponent - b.exponent);
    else
        b.coefficient *= power_of_ten(b.exponent - a.exponent);
    return compare_values(a.coefficient, b.coefficient);
}

int decimal_add(struct decimal a, struct decimal b, struct decimal *ret)
{
    if (a.coefficient == 0 || b.coefficient == 0) {
        *ret = a.coefficient == 0 ? b : a;
        return 0;
    }
    int64_t small_a, small_b;
    int32_t least = a.exponent < b.exponent ? a.exponent : b.exponent;
    // At the ends of the range the exponent of the sum is judged, below.
    if (least > -EXPONENT_MAX && least < EXPONENT_MAX - 2 * SMALL_SHIFT &&
        align_small(a, b, &small_a, &small_b)) {
        *ret = normalise_small(small_a + small_b, least);
        return 0;
    }
    if (a.exponent < b.exponent) {
        struct decimal swap = a;
        a = b;
        b = swap;
    }
    // With more places than this the sum keeps b's last digit and a's first: over 36 digits.
    int shift = a.exponent - b.exponent;
    if (count_digits(a.coefficient) + shift > DIGITS_MAX + 1)
        return ERROR_RANGE;
    return normalise(a.coefficient * power_of_ten(shift) + b.coefficient, b.exponent, ret);
}

int decimal_subtract(struct decimal a, struct decimal b, struct decimal *ret)
{
    b.coefficient = -b.coefficient;
    return decimal_add(a, b, ret);
}
