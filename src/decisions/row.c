// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// A line of the log, read without a JSON parser: its texts are compared as they stand there. What
// is strange about a line makes it no row, or leaves texts out; it is never shown as another's.
#include "base/clock.h"
#include "chain/chain.h"
#include "decisions/decisions_internal.h"

static const struct slice names[DECISIONS_TEXTS] = {
    [DECISIONS_ORGANISATION] = {"organisation", 12},
    [DECISIONS_GRANT] = {"grant", 5},
    [DECISIONS_SERVER] = {"server", 6},
    [DECISIONS_METHOD] = {"method", 6},
    [DECISIONS_SUBJECT] = {"subject", 7},
    [DECISIONS_OUTCOME] = {"outcome", 7},
    [DECISIONS_RULE] = {"rule", 4},
    [DECISIONS_REASON] = {"reason", 6},
    [DECISIONS_POLICY] = {"policy", 6},
    [DECISIONS_POLICY_VERSION] = {"policy_version", 14},
    [DECISIONS_ID] = {"id", 2},
    [DECISIONS_SESSION] = {"session", 7},
    [DECISIONS_CLIENT] = {"client", 6},
    [DECISIONS_PEER] = {"peer", 4},
    [DECISIONS_TRACE] = {"trace", 5},
};

// Moves behind a string, whose opening quote is at `at`; NULL: it does not end.
static const char *skip_string(const char *at, const char *end)
{
    for (at++; at < end; at++) {
        if (*at == '\\')
            at++;
        else if (*at == '"')
            return at + 1;
    }
    return NULL;
}

// Moves behind a value of any kind, to the comma or bracket that ends it.
static const char *skip_value(const char *at, const char *end)
{
    size_t depth = 0;
    while (at < end) {
        if (*at == '"') {
            at = skip_string(at, end);
            if (at == NULL)
                return NULL;
            continue;
        }
        if (depth == 0 && (*at == ',' || *at == '}'))
            return at;
        depth += *at == '{' || *at == '[';
        depth -= depth > 0 && (*at == '}' || *at == ']');
        at++;
    }
    return NULL;
}

static void take_text(struct decisions_row *row, struct slice name, struct slice value)
{
    if (value.length < 2 || value.data[0] != '"')
        return; // null, or no text
    for (size_t i = 0; i < DECISIONS_TEXTS; i++)
        if (slice_equal(name, names[i])) {
            row->texts[i] = slice_of(value.data + 1, value.length - 2);
            return;
        }
    row->note = row->note || slice_equal(name, SLICE_LITERAL("note"));
}

// The members behind the time, up to the number.
static bool read_members(const char *at, const char *end, struct decisions_row *row)
{
    while (at < end && *at == ',') {
        const char *name = at + 1;
        if (name >= end || *name != '"')
            return false;
        const char *behind = skip_string(name, end);
        if (behind == NULL || behind >= end || *behind != ':')
            return false;
        const char *value = behind + 1;
        bool text = value < end && *value == '"';
        at = text ? skip_string(value, end) : skip_value(value, end);
        if (at == NULL && text)
            return false;
        if (at == NULL)
            at = end; // the last one, which no comma ends
        take_text(row, slice_of(name + 1, (size_t)(behind - name) - 2),
                  slice_of(value, (size_t)(at - value)));
    }
    return at == end;
}

bool decisions_row_read(struct slice line, struct decisions_row *ret)
{
    static const struct slice start = {"{\"time\":\"", 9};
    enum { BEHIND = 9 + CLOCK_TEXT_SIZE };
    struct chain_row row;
    *ret = (struct decisions_row){.line = line};
    if (!chain_parse(line, &row) || row.number > INT64_MAX || row.body.length < BEHIND ||
        !slice_starts_with(row.body, start) || row.body.data[BEHIND - 1] != '"' ||
        !clock_parse(slice_of(row.body.data + start.length, CLOCK_TEXT_SIZE - 1), &ret->time_ms))
        return false;
    ret->number = row.number;
    memcpy(ret->link, row.link, sizeof ret->link);
    return read_members(row.body.data + BEHIND, row.body.data + row.body.length, ret);
}
