// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The line of a record; docs/decision-log.md describes it for readers and must be kept true.
#include "audit/audit_internal.h"
#include "json/json.h"

static const struct {
    struct slice key; // with the comma before and the colon behind
    bool always;      // null when empty; others are left out
} texts[AUDIT_TEXTS] = {
    [AUDIT_ID] = {{",\"id\":", 6}, true},
    [AUDIT_ORGANISATION] = {{",\"organisation\":", 16}, false},
    [AUDIT_GRANT] = {{",\"grant\":", 9}, true},
    [AUDIT_SERVER] = {{",\"server\":", 10}, true},
    [AUDIT_SESSION] = {{",\"session\":", 11}, false},
    [AUDIT_CLIENT] = {{",\"client\":", 10}, false},
    [AUDIT_PEER] = {{",\"peer\":", 8}, false},
    [AUDIT_DIRECTION] = {{",\"direction\":", 13}, true},
    [AUDIT_METHOD] = {{",\"method\":", 10}, true},
    [AUDIT_SUBJECT] = {{",\"subject\":", 11}, false},
    [AUDIT_OUTCOME] = {{",\"outcome\":", 11}, true},
    [AUDIT_RULE] = {{",\"rule\":", 8}, false},
    [AUDIT_REASON] = {{",\"reason\":", 10}, false},
    [AUDIT_POLICY] = {{",\"policy\":", 10}, false},
    [AUDIT_POLICY_VERSION] = {{",\"policy_version\":", 18}, false},
    [AUDIT_APPROVAL] = {{",\"approval\":", 12}, false},
    [AUDIT_TRACE] = {{",\"trace\":", 9}, false},
};

static void write_cut_string(struct buffer *out, struct slice text, bool cut)
{
    json_write_string(out, text);
    if (!cut || out->failed)
        return;
    out->length--; // the closing quote
    buffer_append_string(out, "\xE2\x80\xA6\"");
}

static const char *write_texts(struct buffer *out, const struct audit_cell *cell, const char *at)
{
    for (size_t i = 0; i < AUDIT_TEXTS; i++) {
        struct slice text = slice_of(at, cell->lengths[i]);
        at += text.length;
        if (text.length == 0 && !texts[i].always)
            continue;
        buffer_append(out, texts[i].key);
        if (text.length == 0)
            buffer_append_string(out, "null");
        else
            write_cut_string(out, text, (cell->cut >> i & 1) != 0);
    }
    return at;
}

// `key` with the comma before and the colon behind.
static void write_number(struct buffer *out, struct slice key, int64_t value)
{
    buffer_append(out, key);
    json_write_integer(out, value);
}

static const char *write_keys(struct buffer *out, const struct audit_cell *cell, const char *at)
{
    if (cell->key_total == 0)
        return at;
    buffer_append_string(out, ",\"argument_keys\":");
    for (size_t i = 0; i < cell->key_count; i++) {
        buffer_append_string(out, i == 0 ? "[" : ",");
        json_write_string(out, slice_of(at, cell->key_lengths[i]));
        at += cell->key_lengths[i];
    }
    buffer_append_string(out, "]");
    if (cell->key_total > cell->key_count) {
        buffer_append_string(out, ",\"argument_keys_total\":");
        json_write_integer(out, cell->key_total);
    }
    return at;
}

// What not every row has. Apart, as it would keep the rest from being compiled into one piece.
__attribute__((noinline)) static void write_more(struct buffer *out, const struct audit_cell *cell,
                                                 const char *at)
{
    if (cell->arguments_length > 0) {
        buffer_append(out, SLICE_LITERAL(",\"arguments\":"));
        buffer_append(out, slice_of(at, cell->arguments_length));
    }
    if (cell->arguments_left_out > 0)
        write_number(out, SLICE_LITERAL(",\"arguments_left_out\":"), cell->arguments_left_out);
    if (cell->redacted != 0)
        write_number(out, SLICE_LITERAL(",\"redacted\":"), cell->redacted);
    buffer_append(out, slice_of(at + cell->arguments_length, cell->charged_length));
    if (cell->answer != AUDIT_ANSWER_COUNTS)
        buffer_append_string(out, cell->answer == AUDIT_ANSWER_ERROR ? ",\"answer\":\"error\""
                                                                     : ",\"answer\":\"not_run\"");
}

static bool has_more(const struct audit_cell *cell)
{
    return (cell->arguments_length | cell->arguments_left_out | cell->redacted |
            cell->charged_length) != 0 ||
           cell->answer != AUDIT_ANSWER_COUNTS;
}

// Lines come many to the second, and only their milliseconds differ.
static void write_time(struct buffer *out, struct audit_second *second, int64_t time_ms)
{
    int64_t ms = time_ms % 1000;
    if (ms < 0 || second->text[0] == '\0' || time_ms - ms != second->begins_ms) {
        clock_format(time_ms, second->text);
        second->begins_ms = ms < 0 ? INT64_MIN : time_ms - ms;
    } else {
        char *digits = second->text + AUDIT_MS_AT;
        digits[0] = (char)('0' + ms / 100);
        digits[1] = (char)('0' + ms / 10 % 10);
        digits[2] = (char)('0' + ms % 10);
    }
    buffer_append(out, SLICE_LITERAL("{\"time\":\""));
    buffer_append(out, slice_of(second->text, CLOCK_TEXT_SIZE - 1));
    buffer_append(out, SLICE_LITERAL("\""));
}

void audit_line(struct buffer *out, struct audit_second *second, const struct audit_cell *cell)
{
    write_time(out, second, cell->time_ms);
    const char *at = write_texts(out, cell, (const char *)&cell->key_lengths[cell->key_count]);
    at = write_keys(out, cell, at);
    if (has_more(cell))
        write_more(out, cell, at);
    if (cell->upstream_status != 0)
        write_number(out, SLICE_LITERAL(",\"upstream_status\":"), cell->upstream_status);
    write_number(out, SLICE_LITERAL(",\"decide_us\":"), cell->decide_us);
    if (cell->upstream_us != 0)
        write_number(out, SLICE_LITERAL(",\"upstream_us\":"), cell->upstream_us);
    write_number(out, SLICE_LITERAL(",\"total_us\":"), cell->total_us);
    buffer_append(out, SLICE_LITERAL("\n"));
}
