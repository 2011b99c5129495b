// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as a line of a log: a row's texts are those of the line, read as JSON. The bytes are
// tried as they are, and as the body of a row with a right end, which plain bytes seldom have.
#include "base/clock.h"
#include "chain/chain.h"
#include "decisions/decisions.h"
#include "json/json.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const names[DECISIONS_TEXTS] = {
    [DECISIONS_ORGANISATION] = "organisation",
    [DECISIONS_GRANT] = "grant",
    [DECISIONS_SERVER] = "server",
    [DECISIONS_METHOD] = "method",
    [DECISIONS_SUBJECT] = "subject",
    [DECISIONS_OUTCOME] = "outcome",
    [DECISIONS_RULE] = "rule",
    [DECISIONS_REASON] = "reason",
    [DECISIONS_POLICY] = "policy",
    [DECISIONS_POLICY_VERSION] = "policy_version",
    [DECISIONS_ID] = "id",
    [DECISIONS_SESSION] = "session",
    [DECISIONS_CLIENT] = "client",
    [DECISIONS_PEER] = "peer",
    [DECISIONS_TRACE] = "trace",
};

static void require(bool condition)
{
    if (!condition)
        abort();
}

// The text of a member as it stands in the line; NULL: there is none, or it is written otherwise.
static struct slice text_of(const struct json_doc *doc, const char *name)
{
    for (uint32_t key = json_first_key(doc, 0); key != JSON_NONE;
         key = json_next_key(doc, 0, key)) {
        struct slice raw = json_raw(doc, key), value = json_raw(doc, key + 1);
        if (!slice_equal_string(slice_of(raw.data + 1, raw.length - 2), name))
            continue;
        if (json_type(doc, key + 1) == JSON_STRING)
            return slice_of(value.data + 1, value.length - 2);
    }
    return slice_of(NULL, 0);
}

static void check_json(const struct decisions_row *row)
{
    struct json_doc doc;
    json_doc_init(&doc);
    if (json_scan(&doc, row->line, NULL, NULL, NULL) == 0) {
        require(json_type(&doc, 0) == JSON_OBJECT);
        int64_t number = 0;
        uint32_t seq = json_get(&doc, 0, "seq");
        require(seq != JSON_NONE && json_integer(&doc, seq, &number) == 0 &&
                (uint64_t)number == row->number);
        for (size_t i = 0; i < DECISIONS_TEXTS; i++) {
            struct slice text = text_of(&doc, names[i]);
            require(text.data == row->texts[i].data && text.length == row->texts[i].length);
        }
        require(row->note == (text_of(&doc, "note").data != NULL));
    }
    json_doc_release(&doc);
}

static bool check_line(struct slice line)
{
    struct decisions_row row;
    if (!decisions_row_read(line, &row))
        return false;
    require(row.number > 0 && row.number <= INT64_MAX);
    require(row.line.data == line.data && row.line.length == line.length);
    for (size_t i = 0; i < DECISIONS_TEXTS; i++) {
        struct slice text = row.texts[i];
        require(text.data == NULL ||
                (text.data > line.data && text.data[-1] == '"' && text.data[text.length] == '"' &&
                 text.data + text.length < line.data + line.length));
    }
    check_json(&row);
    return true;
}

// Written as the log writes, without blanks between its members.
static bool is_compact(const struct json_doc *doc)
{
    const char *at = doc->text.data + 1;
    for (uint32_t key = json_first_key(doc, 0); key != JSON_NONE;
         key = json_next_key(doc, 0, key)) {
        struct slice name = json_raw(doc, key), value = json_raw(doc, key + 1);
        if (name.data != at || value.data != name.data + name.length + 1)
            return false;
        at = value.data + value.length + 1;
    }
    return at == doc->text.data + doc->text.length;
}

// A line with a right end is a row if it is an object as the log writes them.
static void check_complete(struct slice line, bool taken)
{
    static const struct slice start = {"{\"time\":\"", 9};
    struct json_doc doc;
    int64_t time;
    json_doc_init(&doc);
    bool timed = slice_starts_with(line, start) && line.length > start.length + CLOCK_TEXT_SIZE &&
                 line.data[start.length + CLOCK_TEXT_SIZE - 1] == '"' &&
                 clock_parse(slice_of(line.data + start.length, CLOCK_TEXT_SIZE - 1), &time);
    if (timed && json_scan(&doc, line, NULL, NULL, NULL) == 0 && is_compact(&doc))
        require(taken);
    json_doc_release(&doc);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice text = slice_of((const char *)data, size);
    struct chain_hasher *hasher = chain_hasher_new();
    struct chain_state state = {.rows = size};
    struct buffer line;
    while (text.length > 0 &&
           (text.data[text.length - 1] == '\n' || text.data[text.length - 1] == '}'))
        text.length--;
    check_line(slice_of((const char *)data, size));
    buffer_init(&line, 0);
    require(hasher != NULL);
    if (text.length > 0) {
        require(chain_append(hasher, &state, text, &line) == 0);
        struct slice whole = buffer_slice(&line);
        whole.length--;
        check_complete(whole, check_line(whole));
    }
    buffer_release(&line);
    chain_hasher_free(hasher);
    return 0;
}
