// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "limit/limit_internal.h"

#include <time.h>

static const int64_t DAY_MS = 86400000;
static const int64_t WEEK_MS = 7 * 86400000;

bool limit_window_of(const struct limit_charge *charge, struct limit_window *ret)
{
    bool month = charge->calendar_month && !charge->sliding;
    if (!month && charge->window_ms <= 0)
        return false;
    *ret = (struct limit_window){charge->sliding, month, month ? 0 : charge->window_ms};
    return true;
}

bool limit_window_equal(const struct limit_window *a, const struct limit_window *b)
{
    return a->sliding == b->sliding && a->calendar_month == b->calendar_month &&
           a->length_ms == b->length_ms;
}

static void month_bounds(int64_t at_ms, int64_t *ret_start_ms, int64_t *ret_end_ms)
{
    time_t seconds = (time_t)(at_ms / 1000);
    struct tm now;
    gmtime_r(&seconds, &now);
    struct tm first = {.tm_year = now.tm_year, .tm_mon = now.tm_mon, .tm_mday = 1};
    struct tm next = {.tm_year = now.tm_year, .tm_mon = now.tm_mon + 1, .tm_mday = 1};
    *ret_start_ms = (int64_t)timegm(&first) * 1000;
    *ret_end_ms = (int64_t)timegm(&next) * 1000;
}

void limit_window_bounds(const struct limit_window *window, int64_t at_ms, int64_t *ret_start_ms,
                         int64_t *ret_end_ms)
{
    if (window->calendar_month) {
        month_bounds(at_ms, ret_start_ms, ret_end_ms);
        return;
    }
    // 1970-01-01 was a Thursday; weeks start on the Monday three days before.
    int64_t shift = window->length_ms == WEEK_MS ? 3 * DAY_MS : 0;
    int64_t into = (at_ms + shift) % window->length_ms;
    *ret_start_ms = at_ms - into;
    *ret_end_ms = *ret_start_ms > INT64_MAX - window->length_ms ? INT64_MAX
                                                                : *ret_start_ms + window->length_ms;
}
