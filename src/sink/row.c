// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "sink/sink_internal.h"

// Texts with escapes are none that anything here looks for.
static struct slice plain(const struct json_doc *doc, uint32_t node)
{
    if (json_type(doc, node) != JSON_STRING || json_at(doc, node)->escaped)
        return (struct slice){0};
    struct slice raw = json_raw(doc, node);
    return slice_of(raw.data + 1, raw.length - 2);
}

bool sink_row_read(struct json_doc *doc, struct slice line, uint64_t number, struct sink_row *ret)
{
    static const struct {
        struct slice name;
        size_t offset;
    } members[] = {{{"time", 4}, offsetof(struct sink_row, time)},
                   {{"outcome", 7}, offsetof(struct sink_row, outcome)},
                   {{"server", 6}, offsetof(struct sink_row, server)},
                   {{"method", 6}, offsetof(struct sink_row, method)},
                   {{"subject", 7}, offsetof(struct sink_row, subject)},
                   {{"note", 4}, offsetof(struct sink_row, note)},
                   {{"trace", 5}, offsetof(struct sink_row, trace)}};
    *ret = (struct sink_row){.line = line, .number = number, .doc = doc};
    if (json_scan(doc, line, NULL, NULL, NULL) != 0 || json_type(doc, 0) != JSON_OBJECT)
        return false;
    for (uint32_t key = json_first_key(doc, 0); key != JSON_NONE; key = json_next_key(doc, 0, key))
        for (size_t i = 0; i < sizeof members / sizeof *members; i++)
            if (slice_equal(plain(doc, key), members[i].name))
                *(struct slice *)(void *)((char *)ret + members[i].offset) = plain(doc, key + 1);
    return ret->time.length > 0;
}

static bool is_among(struct slice text, const struct slice *list, size_t count)
{
    bool found = count == 0;
    for (size_t i = 0; i < count && !found; i++)
        found = slice_equal(text, list[i]);
    return found;
}

bool sink_row_wanted(const struct sink_options *options, const struct sink_row *row)
{
    if (row->note.length > 0)
        return options->notes || row->number == 0;
    return is_among(row->outcome, options->outcomes, options->outcome_count) &&
           is_among(row->server, options->servers, options->server_count);
}

enum sink_severity sink_row_severity(const struct sink_row *row)
{
    if (row->note.length > 0)
        return slice_equal_string(row->note, "lost") || slice_equal_string(row->note, "torn") ||
                       slice_equal_string(row->note, "missed")
                   ? SINK_ERROR
                   : SINK_NOTICE;
    if (slice_equal_string(row->outcome, "allowed"))
        return SINK_INFORMATION;
    return slice_equal_string(row->outcome, "failed") ? SINK_ERROR : SINK_WARNING;
}
