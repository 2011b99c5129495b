// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as a file of a log: what a line's reader takes out of it is what a JSON parser finds
// there, and whatever the lines are, every call that is replayed has one end.
#include "rehearse/rehearse.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
    if (!condition)
        abort();
}

static void check_text(const struct json_doc *doc, const char *name, struct slice text)
{
    uint32_t node = json_get(doc, 0, name);
    if (text.data == NULL) {
        require(node == JSON_NONE || json_type(doc, node) != JSON_STRING);
        return;
    }
    struct slice raw = json_raw(doc, node);
    require(json_type(doc, node) == JSON_STRING);
    require(slice_equal(slice_of(raw.data + 1, raw.length - 2), text));
}

// A name with escapes is another way to write a member, which no gateway does.
static bool is_plain(const struct json_doc *doc)
{
    for (uint32_t key = json_first_key(doc, 0); key != JSON_NONE; key = json_next_key(doc, 0, key))
        if (json_at(doc, key)->escaped)
            return false;
    return memchr(doc->text.data, ' ', doc->text.length) == NULL &&
           memchr(doc->text.data, '\t', doc->text.length) == NULL;
}

static void check_line(struct slice line)
{
    struct rehearse_row row;
    struct json_doc doc;
    json_doc_init(&doc);
    bool read = rehearse_row_read(line, &row);
    bool json = json_scan(&doc, line, NULL, NULL, NULL) == 0;
    if (read && json && json_type(&doc, 0) == JSON_OBJECT && is_plain(&doc)) {
        check_text(&doc, "id", row.id);
        check_text(&doc, "grant", row.grant);
        check_text(&doc, "server", row.server);
        check_text(&doc, "subject", row.subject);
        check_text(&doc, "outcome", row.outcome);
        check_text(&doc, "rule", row.rule);
        check_text(&doc, "approval", row.approval);
        check_text(&doc, "policy_version", row.policy_version);
        uint32_t arguments = json_get(&doc, 0, "arguments");
        if (row.arguments.data != NULL && *row.arguments.data == '{')
            require(slice_equal(json_raw(&doc, arguments), row.arguments));
        require(row.note == (json_get(&doc, 0, "note") != JSON_NONE));
    }
    json_doc_release(&doc);
}

static struct policy *draft(void)
{
    static const char text[] =
        "{\"version\":\"1\",\"default\":\"deny\",\"hide\":[\"x*\"],\"all_tools\":{\"limits\":["
        "{\"counter\":\"n\",\"window\":\"hour\",\"max\":5,\"increment_from\":\"args.a\"},"
        "{\"counter\":\"m\",\"window\":\"minute\",\"max\":3,\"per\":\"args.b\"}]},"
        "\"tools\":{\"a*\":{\"rate_limit\":{\"max\":2,\"window\":60}},\"@read\":{},"
        "\"*\":{\"approve_if\":[{\"conditions\":[{\"path\":\"args.a\",\"op\":\"gt\",\"value\":1},"
        "{\"path\":\"session.calls\",\"op\":\"lt\",\"value\":3}]}],"
        "\"require\":[{\"conditions\":[{\"path\":\"time.hour\",\"op\":\"lt\",\"value\":22}]}]}}}";
    struct policy *policy = NULL;
    struct policy_problems problems;
    require(policy_compile(SLICE_LITERAL(text), SLICE_LITERAL("fuzz"), &policy, &problems) == 0);
    policy_problems_release(&problems);
    return policy;
}

static void play(struct slice text)
{
    struct policy *policy = draft();
    const struct rehearse_options options = {
        .draft = policy, .from_ms = INT64_MIN, .to_ms = INT64_MAX, .everybody = true};
    struct rehearse *rehearse = NULL;
    struct buffer out;
    buffer_init(&out, 0);
    require(rehearse_new(&options, &rehearse) == 0);
    for (size_t at = 0; at < text.length; at += 97) // in pieces that no line has
        require(rehearse_feed(rehearse, slice_of(text.data + at,
                                                 text.length - at < 97 ? text.length - at : 97)) ==
                0);
    require(rehearse_end_file(rehearse) == 0 && rehearse_finish(rehearse) == 0);
    const struct rehearse_counts *counts = rehearse_counts(rehearse);
    require(counts->replayed ==
            counts->same + counts->other_rule + counts->changed + counts->unsure);
    rehearse_write_text(rehearse, SLICE_LITERAL("draft"), &out);
    buffer_clear(&out);
    buffer_append_string(&out, "{");
    rehearse_write_json(rehearse, &out);
    buffer_append_string(&out, "}");
    struct json_doc doc;
    json_doc_init(&doc);
    require(json_scan(&doc, buffer_slice(&out), NULL, NULL, NULL) == 0);
    json_doc_release(&doc);
    buffer_release(&out);
    rehearse_free(rehearse);
    policy_unref(policy);
}

// What is suggested of any log is a policy.
static void suggest(struct slice text)
{
    const struct suggestion_options options = {.from_ms = INT64_MIN,
                                               .to_ms = INT64_MAX,
                                               .everybody = true,
                                               .grant = SLICE_LITERAL("g"),
                                               .include_observed = true};
    struct suggestion *suggestion = NULL;
    struct policy *policy = NULL;
    struct policy_problems problems = {0};
    struct buffer out;
    buffer_init(&out, 0);
    require(suggestion_new(&options, &suggestion) == 0);
    require(suggestion_feed(suggestion, text) == 0 && suggestion_end_file(suggestion) == 0);
    suggestion_write(suggestion, 2, &out);
    require(policy_compile(buffer_slice(&out), SLICE_LITERAL("made"), &policy, &problems) == 0);
    policy_problems_release(&problems);
    policy_unref(policy);
    buffer_release(&out);
    suggestion_free(suggestion);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice text = slice_of((const char *)data, size);
    size_t start = 0;
    for (size_t i = 0; i <= size; i++)
        if (i == size || data[i] == '\n') {
            check_line(slice_of(text.data + start, i - start));
            start = i + 1;
        }
    play(text);
    suggest(text);
    return 0;
}
