// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Counts, and whether a scan has what it must not have.
#include "scan/scan.h"

struct scan_totals scan_count(const struct scan *scan)
{
    struct scan_totals totals = {.servers = scan->count};
    for (size_t i = 0; i < scan->count; i++) {
        const struct scan_server *server = scan->servers[i];
        totals.good += server->state == SCAN_GOOD;
        totals.bad += server->state == SCAN_BAD;
        totals.skipped += server->state == SCAN_SKIPPED;
        totals.tools += server->tool_count;
        totals.tokens += server->tokens;
        for (size_t k = 0; k < server->tool_count; k++) {
            totals.categories[server->tools[k].category]++;
            totals.severities[server->tools[k].severity]++;
        }
    }
    return totals;
}

static bool take_severity(struct slice word, struct scan_bar *bar)
{
    for (int i = CATALOGUE_LOW; i <= CATALOGUE_CRITICAL; i++) {
        enum catalogue_severity severity = (enum catalogue_severity)i;
        if (!slice_equal_string(word, catalogue_severity_name(severity)))
            continue;
        // Of two the lower one is the bar.
        if (!bar->by_severity || severity < bar->severity)
            bar->severity = severity;
        bar->by_severity = true;
        return true;
    }
    return false;
}

static bool take_signal(struct slice word, struct scan_bar *bar)
{
    for (int i = 0; i < CATALOGUE_SIGNAL_COUNT; i++)
        if (slice_equal_string(word, catalogue_signal_name((enum catalogue_signal)i))) {
            bar->signals[i] = true;
            return true;
        }
    return false;
}

static int take_word(struct slice word, struct scan_bar *bar, struct error *error)
{
    struct slice signal = SLICE_LITERAL("signal:");
    if (take_severity(word, bar))
        return 0;
    if (!slice_starts_with(word, signal))
        return error_set(error, ERROR_CONFIG,
                         "'%.*s' is none of low, medium, high, critical and signal:NAME",
                         SLICE_PRINT(word));
    word = slice_of(word.data + signal.length, word.length - signal.length);
    return take_signal(word, bar)
               ? 0
               : error_set(error, ERROR_CONFIG, "there is no signal '%.*s'", SLICE_PRINT(word));
}

int scan_parse_bar(const char *text, struct scan_bar *ret, struct error *error)
{
    *ret = (struct scan_bar){.by_severity = false};
    for (int result = 0;; text++) {
        size_t length = strcspn(text, ",");
        result = take_word(slice_of(text, length), ret, error);
        text += length;
        if (result != 0 || *text == '\0')
            return result;
    }
}

bool scan_reaches(const struct scan_tool *tool, const struct scan_bar *bar)
{
    if (bar->by_severity && tool->severity >= bar->severity)
        return true;
    for (size_t i = 0; i < tool->signal_count; i++)
        if (bar->signals[tool->signals[i].signal] ||
            (bar->by_severity && tool->signals[i].severity >= bar->severity))
            return true;
    return false;
}

size_t scan_reach(const struct scan *scan, const struct scan_bar *bar)
{
    size_t count = 0;
    for (size_t i = 0; i < scan->count; i++)
        for (size_t k = 0; k < scan->servers[i]->tool_count; k++)
            count += scan_reaches(&scan->servers[i]->tools[k], bar);
    return count;
}
