// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Words that the sentences about policies share.
#include "policy/policy_internal.h"

#include <inttypes.h>
#include <stdio.h>

void words_window(int64_t window_ms, bool calendar_month, char ret[WINDOW_WORDS])
{
    static const struct {
        int64_t ms;
        const char *name;
    } units[] = {{86400000, "day"}, {3600000, "hour"}, {60000, "minute"}, {1000, "second"}};
    size_t unit = 0;
    if (calendar_month || window_ms == 7 * units[0].ms) {
        snprintf(ret, WINDOW_WORDS, "%s", calendar_month ? "month" : "week");
        return;
    }
    while (unit + 1 < sizeof units / sizeof *units && window_ms % units[unit].ms != 0)
        unit++;
    int64_t count = window_ms / units[unit].ms;
    if (count == 1)
        snprintf(ret, WINDOW_WORDS, "%s", units[unit].name);
    else
        snprintf(ret, WINDOW_WORDS, "%" PRId64 " %ss", count, units[unit].name);
}

void words_plain(struct buffer *out, struct slice text)
{
    for (size_t i = 0; i < text.length; i++) {
        unsigned char c = (unsigned char)text.data[i];
        buffer_append(out, c < 0x20 || c == 0x7F ? SLICE_LITERAL("?") : slice_of(text.data + i, 1));
    }
}
