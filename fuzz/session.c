// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// A whole session, a message a line, '>' in front of the client's and '<' of the server's:
// decode, judge, edit, filter. What passes must mean to a careless reader (session_other.h) what
// was judged, and a list must not show what the policy hides. Seeds: fuzz/record.mjs.
#include "filter/filter.h"
#include "policy/policy.h"
#include "session_other.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { SIZE_LIMIT = 65536, ARENA = 8 << 20 };

static const char document[] =
    "{\"version\":\"1\",\"default\":\"deny\",\"list\":\"callable\",\"hide\":[\"secret*\"],"
    "\"tools\":{\"get_*\":{},\"echo\":{\"action\":\"deny\",\"reason\":\"Quiet.\"},"
    "\"add_order\":{\"require\":[{\"conditions\":[{\"path\":\"args.volume\",\"op\":\"gt\","
    "\"value\":0}]}],\"deny_if\":[{\"conditions\":[{\"path\":\"args.volume\",\"op\":\"gt\","
    "\"value\":1}]}],\"limits\":[{\"counter\":\"volume\",\"window\":\"day\",\"max\":5,"
    "\"increment_from\":\"args.volume\"}]}}}";

static void must(bool condition)
{
    if (!condition)
        abort();
}

static struct policy *the_policy(void)
{
    static struct policy *policy;
    struct policy_problems problems;
    if (policy == NULL) {
        must(policy_compile(slice_from_string(document), SLICE_LITERAL("fuzz"), &policy,
                            &problems) == 0);
        policy_problems_release(&problems);
    }
    return policy;
}

// ---- The client's messages

static bool is_open_tool(const char *name)
{
    return strncmp(name, "get_", 4) == 0 || strcmp(name, "add_order") == 0;
}

// The server reads what was judged, however it compares names.
static void check_reading(const struct mcp_message *m, struct slice text)
{
    static struct other_message other;
    for (int reader = 0; reader < OTHER_READERS; reader++) {
        other_read(text, (enum other_reader)reader, &other);
        if (!other.readable) // a number that jansson cannot hold
            continue;
        must(strncmp(other.method, m->method_name.data, m->method_name.length) == 0);
        if (strcmp(other.method, "tools/call") != 0)
            continue;
        must(m->method == MCP_TOOLS_CALL && is_open_tool(other.name));
        must(strcmp(other.name, "add_order") != 0 ||
             (other.has_volume && other.volume >= 0 && other.volume <= 1));
    }
}

// The message as a shared child gets it: with an id of ours, and otherwise the same.
static void check_new_id(const struct json_doc *doc, const struct mcp_message *m,
                         struct arena *arena)
{
    const struct json_node *whole = json_at(doc, m->node), *id = json_at(doc, m->id);
    struct slice text = json_raw(doc, m->node), *pieces;
    struct mcp_edits edits = {0};
    struct mcp_message again;
    struct json_doc sent;
    struct buffer out;
    size_t count;
    int code;
    mcp_edit_add(&edits, arena, id->start - whole->start, id->length, SLICE_LITERAL("71"));
    must(mcp_edits_pieces(&edits, text, arena, &pieces, &count) == 0);
    buffer_init(&out, 0);
    json_doc_init(&sent);
    for (size_t i = 0; i < count; i++)
        buffer_append(&out, pieces[i]);
    must(json_scan(&sent, buffer_slice(&out), NULL, NULL, NULL) == 0);
    must(mcp_decode(&sent, 0, arena, &again, &code, NULL) == 0);
    must(again.kind == MCP_REQUEST && again.method == m->method);
    must(slice_equal_string(json_raw(&sent, again.id), "71"));
    must(slice_equal(again.subject, m->subject));
    must((m->arguments == JSON_NONE) == (again.arguments == JSON_NONE));
    must(m->arguments == JSON_NONE || json_equal(doc, m->arguments, &sent, again.arguments));
    json_doc_release(&sent);
    buffer_release(&out);
}

static void check_denial(const struct json_doc *doc, const struct mcp_message *m,
                         const struct policy_verdict *verdict, struct arena *arena)
{
    const struct mcp_denial denial = {.text = verdict->reason,
                                      .outcome = SLICE_LITERAL("denied"),
                                      .rule = verdict->rule,
                                      .policy = SLICE_LITERAL("fuzz"),
                                      .retry_after_s = -1};
    struct json_doc answer;
    struct mcp_message response;
    struct buffer out;
    int code;
    buffer_init(&out, 0);
    json_doc_init(&answer);
    mcp_write_denial(&out, json_raw(doc, m->id), &denial);
    must(json_scan(&answer, buffer_slice(&out), NULL, NULL, NULL) == 0);
    must(mcp_decode(&answer, 0, arena, &response, &code, NULL) == 0);
    must(response.kind == MCP_RESPONSE && json_equal(doc, m->id, &answer, response.id));
    json_doc_release(&answer);
    buffer_release(&out);
}

static void client_message(const struct json_doc *doc, uint32_t node, struct arena *arena)
{
    struct mcp_message m;
    struct policy_verdict verdict;
    int code;
    if (mcp_decode(doc, node, arena, &m, &code, NULL) != 0 || m.kind == MCP_RESPONSE)
        return; // refused, or an answer to a question that was judged
    bool call = m.method == MCP_TOOLS_CALL;
    const struct policy_call subject = {.subject = call ? POLICY_TOOL : POLICY_METHOD,
                                        .name = call ? m.subject : m.method_name,
                                        .doc = doc,
                                        .args = m.arguments,
                                        .category = CATALOGUE_UNKNOWN,
                                        .client_name = mcp_client_name(doc, &m, arena)};
    policy_decide(the_policy(), &subject, arena, &verdict);
    must(verdict.outcome != POLICY_ASK);
    if (verdict.outcome == POLICY_ALLOW) {
        check_reading(&m, json_raw(doc, node));
        if (m.kind == MCP_REQUEST)
            check_new_id(doc, &m, arena);
    } else if (m.kind == MCP_REQUEST) {
        check_denial(doc, &m, &verdict, arena);
    }
}

// ---- The server's messages

static bool visible(void *argument, enum mcp_list list, struct slice name, uint32_t entry)
{
    (void)argument;
    (void)entry;
    enum policy_subject subject = list == MCP_LIST_TOOLS     ? POLICY_TOOL
                                  : list == MCP_LIST_PROMPTS ? POLICY_PROMPT
                                                             : POLICY_RESOURCE;
    return policy_lists(the_policy(), subject, name, CATALOGUE_UNKNOWN);
}

// The message without what is hidden, appended to `out`; the number of edits.
static size_t prune(const struct json_doc *doc, const struct mcp_message *m, struct arena *arena,
                    struct buffer *out)
{
    struct mcp_edits edits = {0};
    struct slice *pieces;
    size_t count, removed;
    filter_lists(doc, m->result, json_at(doc, m->node)->start, true, visible, NULL, arena, &edits,
                 &removed);
    must(mcp_edits_pieces(&edits, json_raw(doc, m->node), arena, &pieces, &count) == 0);
    for (size_t i = 0; i < count; i++)
        buffer_append(out, pieces[i]);
    return edits.count;
}

static void check_lists(struct slice text)
{
    static struct other_message other;
    for (int reader = 0; reader < OTHER_READERS; reader++) {
        other_read(text, (enum other_reader)reader, &other);
        for (size_t i = 0; other.readable && i < other.tools && i < OTHER_LIST; i++)
            must(is_open_tool(other.tool[i]));
    }
}

static void check_pruned(struct slice text, struct arena *arena)
{
    struct json_doc doc;
    struct mcp_message m;
    struct buffer again;
    int code;
    json_doc_init(&doc);
    buffer_init(&again, 0);
    must(json_scan(&doc, text, NULL, NULL, NULL) == 0);
    must(mcp_decode(&doc, 0, arena, &m, &code, NULL) == 0);
    prune(&doc, &m, arena, &again);
    must(slice_equal(text, buffer_slice(&again))); // nothing is left to take out
    check_lists(text);
    json_doc_release(&doc);
    buffer_release(&again);
}

static void server_message(const struct json_doc *doc, uint32_t node, struct arena *arena)
{
    struct mcp_message m;
    struct buffer out;
    int code;
    if (mcp_decode(doc, node, arena, &m, &code, NULL) != 0 || m.result == JSON_NONE)
        return;
    buffer_init(&out, 0);
    prune(doc, &m, arena, &out);
    check_pruned(buffer_slice(&out), arena);
    buffer_release(&out);
}

// ---- The session

static void run_line(char direction, struct slice text)
{
    struct json_doc doc;
    struct arena arena;
    json_doc_init(&doc);
    arena_init(&arena, ARENA);
    void (*take)(const struct json_doc *, uint32_t, struct arena *) =
        direction == '>' ? client_message : server_message;
    if (json_scan(&doc, text, NULL, NULL, NULL) == 0) {
        if (json_type(&doc, 0) != JSON_ARRAY)
            take(&doc, 0, &arena);
        for (uint32_t e = json_first_element(&doc, 0); e != JSON_NONE;
             e = json_next_element(&doc, 0, e))
            take(&doc, e, &arena);
    }
    arena_release(&arena);
    json_doc_release(&doc);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice rest = slice_of((const char *)data, size);
    if (size > SIZE_LIMIT)
        return 0;
    while (rest.length > 0) {
        const char *lf = memchr(rest.data, '\n', rest.length);
        size_t length = lf == NULL ? rest.length : (size_t)(lf - rest.data);
        if (length > 1)
            run_line(rest.data[0], slice_of(rest.data + 1, length - 1));
        length += lf != NULL;
        rest = slice_of(rest.data + length, rest.length - length);
    }
    return 0;
}
