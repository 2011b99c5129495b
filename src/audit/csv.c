// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Rows as a table (RFC 4180).
#include "audit/audit.h"

const char *const audit_decision_columns[] = {"time",
                                              "seq",
                                              "id",
                                              "organisation",
                                              "grant",
                                              "server",
                                              "session",
                                              "client",
                                              "peer",
                                              "direction",
                                              "method",
                                              "subject",
                                              "outcome",
                                              "rule",
                                              "reason",
                                              "policy",
                                              "policy_version",
                                              "approval",
                                              "trace",
                                              "argument_keys",
                                              "argument_keys_total",
                                              "arguments",
                                              "arguments_left_out",
                                              "redacted",
                                              "charged",
                                              "charged_total",
                                              "answer",
                                              "upstream_status",
                                              "decide_us",
                                              "upstream_us",
                                              "total_us",
                                              "link",
                                              NULL};

// Spreadsheets take a text that begins like this for a formula; peers choose some of the texts.
static bool looks_like_formula(struct slice text)
{
    return text.length > 0 && memchr("=+-@\t\r", text.data[0], 6) != NULL;
}

static void write_text(struct buffer *out, struct slice text)
{
    bool formula = looks_like_formula(text);
    bool plain = !formula;
    for (size_t i = 0; i < text.length && plain; i++)
        plain = memchr(",\"\r\n", text.data[i], 4) == NULL;
    if (plain) {
        buffer_append(out, text);
        return;
    }
    buffer_append_string(out, formula ? "\"'" : "\"");
    for (size_t i = 0; i < text.length; i++) {
        if (text.data[i] == '"')
            buffer_append_string(out, "\"");
        buffer_append(out, slice_of(text.data + i, 1));
    }
    buffer_append_string(out, "\"");
}

static void write_value(struct buffer *out, const struct json_doc *doc, struct arena *arena,
                        uint32_t node)
{
    if (node == JSON_NONE || json_type(doc, node) == JSON_NULL)
        return;
    if (json_type(doc, node) != JSON_STRING) {
        write_text(out, json_raw(doc, node));
        return;
    }
    struct slice text = json_string(doc, node, arena);
    if (text.data != NULL)
        write_text(out, text);
    else
        out->failed = true;
}

void audit_csv_head(struct buffer *out, const char *const *columns)
{
    for (size_t i = 0; columns[i] != NULL; i++)
        buffer_append_format(out, "%s%s", i == 0 ? "" : ",", columns[i]);
    buffer_append_string(out, "\r\n");
}

bool audit_csv_row(struct buffer *out, const char *const *columns, struct slice line,
                   struct json_doc *doc, struct arena *arena)
{
    if (json_scan(doc, line, NULL, NULL, NULL) != 0 || json_type(doc, 0) != JSON_OBJECT)
        return false;
    arena_clear(arena);
    for (size_t i = 0; columns[i] != NULL; i++) {
        if (i > 0)
            buffer_append_string(out, ",");
        write_value(out, doc, arena, json_get(doc, 0, columns[i]));
    }
    buffer_append_string(out, "\r\n");
    return true;
}
