// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// National identity numbers that can be checked by themselves: those of Brazil (CPF), China,
// Finland, France, Italy, Poland and Spain.
#include "detect/detect_internal.h"

static unsigned digit_of(char c)
{
    return (unsigned)(c - '0');
}

static unsigned read_two(const char *digits)
{
    return digit_of(digits[0]) * 10 + digit_of(digits[1]);
}

static uint64_t read_number(const char *digits, size_t count)
{
    uint64_t number = 0;
    for (size_t i = 0; i < count; i++)
        number = number * 10 + digit_of(digits[i]);
    return number;
}

static bool is_day(unsigned month, unsigned day)
{
    static const unsigned char days[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return month >= 1 && month <= 12 && day >= 1 && day <= days[month - 1];
}

// The sum of the digits, each with its weight.
static unsigned weighted(const char *digits, const unsigned char *weights, size_t count)
{
    unsigned sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += digit_of(digits[i]) * weights[i];
    return sum;
}

// ---- Runs of digits; `at` is the first

// Spain: eight digits and a letter; foreigners have X, Y or Z for the first digit.
static size_t match_spain(struct slice text, size_t at, size_t *ret_start)
{
    static const char letters[] = "TRWAGMYFPDXBNJZSQVHLCKE";
    enum { DIGITS = 8 };
    size_t run = detect_run(text, at, CLASS_D), start = at;
    uint64_t number = read_number(text.data + at, run);
    if (run == DIGITS - 1 && at > 0 && text.data[at - 1] >= 'X' && text.data[at - 1] <= 'Z') {
        start = at - 1;
        number += (uint64_t)(text.data[start] - 'X') * 10000000;
    } else if (run != DIGITS) {
        return 0;
    }
    if (!detect_at(text, at + run, CLASS_UPPER) || text.data[at + run] != letters[number % 23])
        return 0;
    *ret_start = start;
    return at + run + 1 - start;
}

// Poland (PESEL): the month tells the century.
static bool is_poland(const char *digits)
{
    static const unsigned char weights[] = {1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1};
    return is_day(read_two(digits + 2) % 20, read_two(digits + 4)) &&
           weighted(digits, weights, sizeof weights) % 10 == 0;
}

// France (NIR), with its key: sex, year, month, place, serial.
static bool is_france(const char *digits)
{
    unsigned month = read_two(digits + 3);
    return (digits[0] == '1' || digits[0] == '2') &&
           ((month >= 1 && month <= 12) || (month >= 20 && month <= 42) || month >= 50) &&
           97 - read_number(digits, 13) % 97 == read_two(digits + 13);
}

// China: place, date of birth, serial; the check is a digit or X.
static bool is_china(const char *number)
{
    static const unsigned char weights[] = {7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2};
    static const char checks[] = "10X98765432";
    unsigned century = read_two(number + 6);
    return number[0] != '0' && (century == 18 || century == 19 || century == 20) &&
           is_day(read_two(number + 10), read_two(number + 12)) &&
           checks[weighted(number, weights, sizeof weights) % 11] == number[17];
}

static size_t match_digits(struct slice text, size_t at, size_t *ret_start)
{
    enum { POLAND = 11, FRANCE = 15, CHINA = 18 };
    const char *digits = text.data + at;
    size_t run = detect_run(text, at, CLASS_D);
    *ret_start = at;
    if (run < POLAND)
        return match_spain(text, at, ret_start);
    if (run == POLAND && is_poland(digits))
        return POLAND;
    if (run == FRANCE && is_france(digits))
        return FRANCE;
    bool x = run == CHINA - 1 && at + run < text.length && digits[run] == 'X';
    return (run == CHINA || x) && is_china(digits) ? CHINA : 0;
}

// ---- Others

// Italy (codice fiscale): letters of the names, year, month, day, place, check.
static size_t match_italy(struct slice text, size_t at)
{
    static const unsigned char odd[] = {1,  0,  5, 7, 9, 13, 15, 17, 19, 21, 2,  4,  18,
                                        20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23};
    static const char form[] = "LLLLLLDDLDDLDDDL";
    enum { LENGTH = sizeof form - 1 };
    unsigned sum = 0;
    if (text.length - at < LENGTH)
        return 0;
    for (size_t i = 0; i < LENGTH; i++) {
        char c = text.data[at + i];
        if (!detect_is(c, form[i] == 'L' ? CLASS_UPPER : CLASS_D))
            return 0;
        unsigned value = form[i] == 'L' ? (unsigned)(c - 'A') : digit_of(c);
        if (i + 1 < LENGTH)
            sum += i % 2 == 0 ? odd[value] : value;
    }
    bool month = strchr("ABCDEHLMPRST", text.data[at + 8]) != NULL;
    return month && text.data[at + LENGTH - 1] == (char)('A' + sum % 26) ? LENGTH : 0;
}

static unsigned cpf_check(const char *digits, size_t count)
{
    unsigned sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += digit_of(digits[i]) * (unsigned)(count + 1 - i);
    unsigned rest = sum * 10 % 11;
    return rest == 10 ? 0 : rest;
}

// Brazil (CPF), as people write it: 123.456.789-09.
static size_t match_brazil(struct slice text, size_t start)
{
    static const char form[] = "ddd.ddd.ddd-dd";
    enum { LENGTH = sizeof form - 1, DIGITS = 11 };
    char digits[DIGITS];
    size_t count = 0;
    if (text.length - start < LENGTH)
        return 0;
    for (size_t i = 0; i < LENGTH; i++) {
        char c = text.data[start + i];
        if (form[i] == 'd' ? !detect_is(c, CLASS_D) : c != form[i])
            return 0;
        if (form[i] == 'd')
            digits[count++] = c;
    }
    bool same = true; // 111.111.111-11 checks, and belongs to nobody
    for (size_t i = 1; i < DIGITS; i++)
        same = same && digits[i] == digits[0];
    return !same && cpf_check(digits, 9) == digit_of(digits[9]) &&
                   cpf_check(digits, 10) == digit_of(digits[10])
               ? LENGTH
               : 0;
}

// Finland, born before 2000: 131052-308T.
static size_t match_finland(struct slice text, size_t start)
{
    static const char checks[] = "0123456789ABCDEFHJKLMNPRSTUVWXY";
    enum { DATE = 6, SERIAL = 3, LENGTH = 11 };
    const char *number = text.data + start;
    if (text.length - start < LENGTH || detect_run(text, start, CLASS_D) != DATE ||
        detect_run(text, start + DATE + 1, CLASS_D) < SERIAL ||
        !is_day(read_two(number + 2), read_two(number)))
        return 0;
    uint64_t whole = read_number(number, DATE) * 1000 + read_number(number + DATE + 1, SERIAL);
    return number[LENGTH - 1] == checks[whole % 31] ? LENGTH : 0;
}

static size_t match(struct slice text, size_t at, size_t *ret_start)
{
    *ret_start = at;
    if (detect_is(text.data[at], CLASS_D))
        return match_digits(text, at, ret_start);
    if (detect_is(text.data[at], CLASS_UPPER))
        return match_italy(text, at);
    size_t front = text.data[at] == '-' ? 6 : 3;
    if (at < front)
        return 0;
    *ret_start = at - front;
    return text.data[at] == '-' ? match_finland(text, at - front) : match_brazil(text, at - front);
}

// At its first digit or letter, or at the first separator of it.
size_t detect_national_at(struct slice text, size_t at, size_t *ret_start)
{
    size_t length = match(text, at, ret_start), start = *ret_start, end = start + length;
    if (length == 0 || !detect_begins(text, start, CLASS_A | CLASS_DASH) ||
        detect_at(text, end, CLASS_A | CLASS_DASH) ||
        (start > 1 && text.data[start - 1] == '.' && detect_is(text.data[start - 2], CLASS_A)))
        return 0;
    return length;
}
