// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What came out of a case, for people and for programs.
#include "cli/cases_internal.h"

#include <inttypes.h>

static const char *const words[] = {
    [CASE_ANY] = "",        [CASE_ALLOW] = "allowed",
    [CASE_DENY] = "denied", [CASE_ASK] = "a person is asked",
    [CASE_HIDE] = "hidden", [CASE_OBSERVE] = "allowed and observed",
};
static const char *const codes[] = {
    [CASE_ANY] = "",    [CASE_ALLOW] = "allow", [CASE_DENY] = "deny",
    [CASE_ASK] = "ask", [CASE_HIDE] = "hide",   [CASE_OBSERVE] = "observe"};

// Names may hold anything; the report is made of lines.
void cases_write_plain(struct buffer *out, struct slice text)
{
    for (size_t i = 0; i < text.length; i++) {
        unsigned char c = (unsigned char)text.data[i];
        buffer_append(out, c < 0x20 || c == 0x7F ? SLICE_LITERAL("?") : slice_of(text.data + i, 1));
    }
}

void cases_write_name(struct buffer *out, const struct case_entry *entry)
{
    static const char *const kinds[] = {[POLICY_TOOL] = "tool ",
                                        [POLICY_RESOURCE] = "resource ",
                                        [POLICY_PROMPT] = "prompt ",
                                        [POLICY_METHOD] = "method "};
    const struct policy_call *call = &entry->steps[0].call;
    if (entry->name.length > 0) {
        cases_write_plain(out, entry->name);
        return;
    }
    buffer_append_string(out, entry->sequence ? "a sequence that begins with " : "");
    buffer_append_string(out, kinds[call->subject]);
    cases_write_plain(out, call->name);
}

static void append_listing(struct buffer *out, bool first, bool listed)
{
    buffer_append_string(out, first ? "" : ", and ");
    buffer_append_string(out, listed ? "listed" : "not listed");
}

static void append_returned(struct buffer *out, const struct json_doc *doc, uint32_t node)
{
    buffer_append_string(out, ", the agent sees ");
    json_write_compact(out, doc, node);
}

void cases_write_expected(const struct cases *cases, const struct case_call *step,
                          struct buffer *out)
{
    buffer_append_string(out, words[step->expect]);
    if (step->rule.data != NULL) {
        buffer_append_string(out, " by ");
        cases_write_plain(out, step->rule);
    }
    if (step->reason.data != NULL) {
        buffer_append_string(out, ", the reason holds '");
        cases_write_plain(out, step->reason);
        buffer_append_string(out, "'");
    }
    if (step->listed >= 0)
        append_listing(out, step->expect == CASE_ANY, step->listed == 1);
    if (step->returns != JSON_NONE)
        append_returned(out, &cases->doc, step->returns);
}

void cases_write_decided(const struct case_call *step, const struct case_verdict *verdict,
                         struct buffer *out)
{
    if (step->expect != CASE_ANY) {
        buffer_append_string(out, words[verdict->outcome]);
        buffer_append_string(out, " by ");
        cases_write_plain(out, verdict->rule);
    }
    if (step->listed >= 0)
        append_listing(out, step->expect == CASE_ANY, verdict->listed);
    if (step->expect != CASE_ANY && verdict->reason.length > 0) {
        buffer_append_string(out, ": ");
        cases_write_plain(out, verdict->reason);
    }
    if (step->returns != JSON_NONE && verdict->returned != NULL)
        append_returned(out, verdict->returned, 0);
}

void cases_write_text(const struct cases *cases, const struct case_entry *entry,
                      const struct case_failure *failure, struct buffer *out)
{
    if (failure == NULL)
        return;
    const struct case_call *step = failure->step;
    struct json_position at = cases_position(cases, step->node);
    buffer_append_format(out, "%s:%u:%u: failed: ", cases->path, at.line, at.column);
    cases_write_name(out, entry);
    if (entry->sequence)
        buffer_append_format(out, ", step %td", step - entry->steps + 1);
    if (step->repeat > 1)
        buffer_append_format(out, ", call %" PRId64 " of %" PRId64, failure->repetition,
                             step->repeat);
    buffer_append_string(out, "\n    expected: ");
    cases_write_expected(cases, step, out);
    buffer_append_string(out, "\n    decided:  ");
    cases_write_decided(step, &failure->verdict, out);
    buffer_append_string(out, "\n");
    if (step->call.subject == POLICY_TOOL && step->call.category == CATALOGUE_UNKNOWN &&
        policy_uses_categories(cases->policy))
        buffer_append_string(out, "    note:     the policy looks at categories, and the tool's is "
                                  "not given ('category')\n");
}

// ---- JSON

static void append_member(struct buffer *out, const char *name, struct slice value)
{
    json_write_key(out, name);
    json_write_string(out, value);
}

static void write_decision_json(struct buffer *out, enum case_outcome outcome, struct slice rule,
                                struct slice reason, int listed, const struct json_doc *doc,
                                uint32_t returned)
{
    struct slice code = slice_from_string(codes[outcome]);
    const char *between = "{";
    const struct {
        const char *name;
        struct slice value;
    } members[] = {{"outcome", code.length > 0 ? code : (struct slice){0}},
                   {"rule", rule},
                   {"reason", reason}};
    for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
        if (members[i].value.data == NULL)
            continue;
        buffer_append_string(out, between);
        append_member(out, members[i].name, members[i].value);
        between = ",";
    }
    if (listed >= 0) {
        buffer_append_format(out, "%s\"listed\":%s", between, listed == 1 ? "true" : "false");
        between = ",";
    }
    if (returned != JSON_NONE) {
        buffer_append_format(out, "%s\"returns\":", between);
        json_write_compact(out, doc, returned);
    }
    buffer_append_string(out, "}");
}

static void write_failure_json(const struct cases *cases, const struct case_entry *entry,
                               const struct case_failure *failure, struct buffer *out)
{
    const struct case_call *step = failure->step;
    const struct case_verdict *verdict = &failure->verdict;
    buffer_append_format(out, ",\"step\":%td,\"call\":%" PRId64 ",\"expected\":",
                         step - entry->steps + 1, failure->repetition);
    write_decision_json(out, step->expect, step->rule, step->reason, step->listed, &cases->doc,
                        step->returns);
    buffer_append_string(out, ",\"decided\":");
    write_decision_json(out, verdict->outcome, verdict->rule, verdict->reason,
                        step->listed < 0 ? -1 : (int)verdict->listed, verdict->returned,
                        verdict->returned == NULL || step->returns == JSON_NONE ? JSON_NONE : 0);
}

void cases_write_json(const struct cases *cases, const struct case_entry *entry,
                      const struct case_failure *failure, struct buffer *out)
{
    struct json_position at =
        cases_position(cases, failure == NULL ? entry->node : failure->step->node);
    struct buffer name;
    buffer_init(&name, 0);
    cases_write_name(&name, entry);
    buffer_append_format(out, "{\"line\":%u,\"column\":%u,", at.line, at.column);
    append_member(out, "name", buffer_slice(&name));
    buffer_append_format(out, ",\"passed\":%s", failure == NULL ? "true" : "false");
    if (failure != NULL)
        write_failure_json(cases, entry, failure, out);
    buffer_append_string(out, "}");
    out->failed = out->failed || name.failed;
    buffer_release(&name);
}

void cases_write_problems(const struct cases *cases, bool json, struct buffer *out)
{
    for (const struct case_problem *at = cases->problems; at != NULL; at = at->next) {
        if (!json) {
            cli_write_problem(out, at->path, &at->problem);
            continue;
        }
        buffer_append_string(out, at == cases->problems ? "{" : ",{");
        append_member(out, "file", slice_from_string(at->path));
        buffer_append_string(out, ",");
        cli_write_problem_members(out, &at->problem);
        buffer_append_string(out, "}");
    }
}
