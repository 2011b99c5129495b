// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Small notations: durations, sizes, names.
#include "config/config_internal.h"

#include <inttypes.h>
#include <stdio.h>

struct unit {
    const char *suffix;
    uint64_t factor;
};

static const struct unit durations[] = {
    {"d", 86400000}, {"h", 3600000}, {"m", 60000}, {"s", 1000}, {"ms", 1}};
static const struct unit sizes[] = {
    {" GiB", 1073741824}, {" MiB", 1048576}, {" KiB", 1024}, {" bytes", 1}};

// Digits, then what is behind them.
static bool read_digits(struct slice text, uint64_t *ret, struct slice *ret_rest)
{
    uint64_t value = 0;
    size_t i = 0;
    for (; i < text.length && text.data[i] >= '0' && text.data[i] <= '9'; i++) {
        uint64_t digit = (uint64_t)(text.data[i] - '0');
        if (value > (UINT64_MAX - digit) / 10)
            return false;
        value = value * 10 + digit;
    }
    if (i == 0)
        return false;
    *ret = value;
    *ret_rest = slice_of(text.data + i, text.length - i);
    return true;
}

static bool apply_unit(uint64_t value, uint64_t factor, uint64_t *ret)
{
    if (value > UINT64_MAX / factor)
        return false;
    *ret = value * factor;
    return true;
}

bool config_parse_duration(struct slice text, uint64_t *ret_ms)
{
    uint64_t value = 0;
    struct slice rest;
    if (!read_digits(text, &value, &rest))
        return false;
    for (size_t i = 0; i < sizeof durations / sizeof *durations; i++)
        if (slice_equal_string(rest, durations[i].suffix))
            return apply_unit(value, durations[i].factor, ret_ms);
    return false;
}

bool config_parse_bytes(struct slice text, uint64_t *ret_bytes)
{
    uint64_t value = 0;
    struct slice rest;
    if (!read_digits(text, &value, &rest))
        return false;
    if (rest.length == 0)
        return apply_unit(value, 1, ret_bytes);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct slice suffix = slice_from_string(sizes[i].suffix); // the space may be left out
        if (slice_equal(rest, suffix) ||
            slice_equal(rest, slice_of(suffix.data + 1, suffix.length - 1)))
            return apply_unit(value, sizes[i].factor, ret_bytes);
    }
    return false;
}

// In the largest unit that divides it.
static void show(uint64_t value, const struct unit *units, size_t count,
                 char text[CONFIG_AMOUNT_SIZE])
{
    size_t i = 0;
    while (i + 1 < count && (value == 0 || value % units[i].factor != 0))
        i++;
    snprintf(text, CONFIG_AMOUNT_SIZE, "%" PRIu64 "%s", value / units[i].factor, units[i].suffix);
}

void config_show_duration(uint64_t ms, char text[CONFIG_AMOUNT_SIZE])
{
    if (ms == 0)
        snprintf(text, CONFIG_AMOUNT_SIZE, "0s");
    else
        show(ms, durations, sizeof durations / sizeof *durations, text);
}

void config_show_bytes(uint64_t bytes, char text[CONFIG_AMOUNT_SIZE])
{
    show(bytes, sizes, sizeof sizes / sizeof *sizes, text);
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

bool config_is_name(struct slice text)
{
    if (text.length == 0 || text.length > CONFIG_NAME_MAX)
        return false;
    for (size_t i = 0; i < text.length; i++)
        if (!is_letter(text.data[i]) && !is_digit(text.data[i]) && text.data[i] != '_' &&
            text.data[i] != '-')
            return false;
    return true;
}

bool config_is_variable(struct slice text)
{
    for (size_t i = 0; i < text.length; i++)
        if (!is_letter(text.data[i]) && text.data[i] != '_' && (i == 0 || !is_digit(text.data[i])))
            return false;
    return text.length > 0;
}

const char *config_variable(const char *const *environment, struct slice name)
{
    for (; environment != NULL && *environment != NULL; environment++)
        if (strncmp(*environment, name.data, name.length) == 0 &&
            (*environment)[name.length] == '=')
            return *environment + name.length + 1;
    return NULL;
}
