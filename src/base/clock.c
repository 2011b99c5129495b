// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "base/clock.h"

#include <time.h>

uint64_t clock_monotonic_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000u + (uint64_t)now.tv_nsec / 1000u;
}

int64_t clock_wall_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void write_digits(char *at, int value, int digits)
{
    for (int i = digits; i > 0; i--) {
        at[i - 1] = (char)('0' + value % 10);
        value /= 10;
    }
}

void clock_format(int64_t wall_ms, char text[CLOCK_TEXT_SIZE])
{
    int64_t ms = wall_ms % 1000;
    if (ms < 0)
        ms += 1000;
    time_t seconds = (time_t)((wall_ms - ms) / 1000);
    struct tm parts;
    gmtime_r(&seconds, &parts);
    memcpy(text, "0000-00-00T00:00:00.000Z", CLOCK_TEXT_SIZE);
    write_digits(text, parts.tm_year + 1900, 4);
    write_digits(text + 5, parts.tm_mon + 1, 2);
    write_digits(text + 8, parts.tm_mday, 2);
    write_digits(text + 11, parts.tm_hour, 2);
    write_digits(text + 14, parts.tm_min, 2);
    write_digits(text + 17, parts.tm_sec, 2);
    write_digits(text + 20, (int)ms, 3);
}

// Reads exactly `digits` digits at *at.
static bool take_number(struct slice text, size_t *at, size_t digits, int *ret)
{
    if (text.length - *at < digits)
        return false;
    int value = 0;
    for (size_t i = 0; i < digits; i++) {
        char c = text.data[*at + i];
        if (c < '0' || c > '9')
            return false;
        value = value * 10 + (c - '0');
    }
    *at += digits;
    *ret = value;
    return true;
}

static bool take_char(struct slice text, size_t *at, const char *any_of)
{
    if (*at >= text.length || text.data[*at] == '\0' || strchr(any_of, text.data[*at]) == NULL)
        return false;
    (*at)++;
    return true;
}

static bool take_offset(struct slice text, size_t *at, int *ret_minutes)
{
    *ret_minutes = 0;
    if (take_char(text, at, "Zz"))
        return true;
    if (*at >= text.length)
        return false;
    int sign = text.data[*at] == '-' ? -1 : 1;
    int hours, minutes;
    if (!take_char(text, at, "+-") || !take_number(text, at, 2, &hours) ||
        !take_char(text, at, ":") || !take_number(text, at, 2, &minutes) || hours > 23 ||
        minutes > 59)
        return false;
    *ret_minutes = sign * (hours * 60 + minutes);
    return true;
}

static int take_fraction_ms(struct slice text, size_t *at)
{
    int ms = 0, scale = 100;
    if (!take_char(text, at, "."))
        return 0;
    size_t first = *at;
    for (int digit; take_number(text, at, 1, &digit); scale /= 10)
        ms += digit * scale;
    return *at == first ? -1 : ms;
}

static int days_in_month(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return month == 2 && leap ? 29 : days[month - 1];
}

bool clock_parse(struct slice text, int64_t *ret_wall_ms)
{
    size_t at = 0;
    struct tm p = {0};
    int offset;
    if (!take_number(text, &at, 4, &p.tm_year) || !take_char(text, &at, "-") ||
        !take_number(text, &at, 2, &p.tm_mon) || !take_char(text, &at, "-") ||
        !take_number(text, &at, 2, &p.tm_mday) || !take_char(text, &at, "Tt ") ||
        !take_number(text, &at, 2, &p.tm_hour) || !take_char(text, &at, ":") ||
        !take_number(text, &at, 2, &p.tm_min) || !take_char(text, &at, ":") ||
        !take_number(text, &at, 2, &p.tm_sec))
        return false;
    int ms = take_fraction_ms(text, &at);
    if (ms < 0 || !take_offset(text, &at, &offset) || at != text.length)
        return false;
    if (p.tm_mon < 1 || p.tm_mon > 12 || p.tm_mday < 1 ||
        p.tm_mday > days_in_month(p.tm_year, p.tm_mon) || p.tm_hour > 23 || p.tm_min > 59 ||
        p.tm_sec > 60)
        return false;
    p.tm_year -= 1900;
    p.tm_mon -= 1;
    *ret_wall_ms = ((int64_t)timegm(&p) - offset * 60) * 1000 + ms;
    return true;
}

uint64_t clock_thread_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}
