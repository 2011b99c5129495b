// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "pipeline/bridge_internal.h"
#include "pipeline/toolbox_internal.h"

static enum policy_subject subject_of(enum mcp_method method)
{
    switch (method) {
    case MCP_TOOLS_CALL: return POLICY_TOOL;
    case MCP_RESOURCES_READ:
    case MCP_RESOURCES_SUBSCRIBE: return POLICY_RESOURCE;
    case MCP_PROMPTS_GET: return POLICY_PROMPT;
    default: return POLICY_METHOD;
    }
}

static struct slice server_name(const struct exchange *ex)
{
    return upstream_server_options(ex->server)->name;
}

static enum catalogue_category category_of(const struct exchange *ex, struct slice tool)
{
    enum catalogue_category category;
    if (pins_override(ex->rules, server_name(ex), tool, &category))
        return category;
    const struct tool *known = toolbox_find(ex->pipeline, server_name(ex), tool);
    return known == NULL ? CATALOGUE_UNKNOWN : known->category;
}

enum catalogue_category decide_category(const struct exchange *ex)
{
    return ex->method == MCP_TOOLS_CALL ? category_of(ex, ex->subject) : CATALOGUE_UNKNOWN;
}

static struct slice client_name(const struct exchange *ex)
{
    if (ex->client_name.length == 0 && ex->session != NULL && ex->session->client_name != NULL)
        return slice_from_string(ex->session->client_name);
    return ex->client_name;
}

void decide_describe(struct exchange *ex, enum policy_subject subject, struct slice name,
                     struct policy_call *call)
{
    *call = (struct policy_call){
        .subject = subject,
        .name = name,
        .args = JSON_NONE,
        .category = CATALOGUE_UNKNOWN,
        .server = server_name(ex),
        .grant_label = ex->grant->label,
        .grant_tags = ex->grant->tags,
        .grant_tag_count = ex->grant->tag_count,
        .client_name = client_name(ex),
        .now_ms = loop_wall_ms(ex->pipeline->loop),
    };
    if (call->subject != POLICY_TOOL)
        return;
    // What cannot be counted counts as too many.
    if (limits_session_calls(ex, false, &call->session_calls) != 0)
        call->session_calls = UINT64_MAX;
    if (ex->policy != NULL && policy_uses_categories(ex->policy))
        call->category = category_of(ex, name);
}

static void describe(struct exchange *ex, struct policy_call *call)
{
    enum policy_subject subject = subject_of(ex->method);
    decide_describe(ex, subject, subject == POLICY_METHOD ? ex->method_name : ex->subject, call);
    call->doc = &ex->pipeline->doc;
    call->args = ex->message.arguments;
}

// 2026-07-28, Tasks, "Protocol Errors": who did not declare the extension hears that first, and
// tasks/result is no method of that era.
static bool answer_no_tasks(struct exchange *ex)
{
    if (!ex->modern || !origin_is_task_method(ex->method))
        return false;
    if (ex->method == MCP_TASKS_RESULT)
        exchange_answer_error(ex, 404, MCP_ERROR_METHOD_NOT_FOUND,
                              SLICE_LITERAL("Method not found"), (struct slice){0});
    else if (!tasks_known_to_client(ex))
        tasks_answer_unable(ex);
    else
        return false;
    return true;
}

// What a name that does not exist is answered with; a hidden one must look the same.
static void answer_unknown(struct exchange *ex)
{
    if (answer_no_tasks(ex))
        return;
    const char *kind = ex->method == MCP_TOOLS_CALL        ? "tool"
                       : ex->method == MCP_COMPLETE        ? "reference"
                       : origin_is_task_method(ex->method) ? "task"
                                                           : "prompt";
    int code = MCP_ERROR_INVALID_PARAMS;
    struct slice text =
        arena_format(&ex->arena, "Unknown %s: %.*s", kind, SLICE_PRINT(ex->subject));
    struct slice data = {0};
    if (ex->method == MCP_RESOURCES_READ || ex->method == MCP_RESOURCES_SUBSCRIBE) {
        struct buffer uri;
        buffer_init(&uri, 0);
        buffer_append_string(&uri, "{\"uri\":");
        json_write_string(&uri, ex->subject);
        buffer_append_string(&uri, "}");
        data = arena_copy(&ex->arena, buffer_slice(&uri));
        buffer_release(&uri);
        text = SLICE_LITERAL("Resource not found");
        code = ex->modern ? MCP_ERROR_INVALID_PARAMS : -32002; // the older revisions' code
    }
    exchange_answer_error(ex, 200, code, text, data);
}

void decide_write_denial(struct exchange *ex, enum mcp_method method, struct slice id,
                         struct slice rule, struct slice reason, struct buffer *out)
{
    struct mcp_denial denial = {
        .text = reason,
        .pending = ex->outcome == OUTCOME_PENDING,
        .outcome = SLICE_LITERAL("denied"),
        .rule = rule,
        .policy = ex->policy == NULL ? (struct slice){0} : policy_name(ex->policy),
        .policy_version = ex->policy == NULL ? (struct slice){0} : policy_version(ex->policy),
        .request_id = slice_from_string(ex->request_id),
        .approval = ex->approval,
        .retry_after_s = ex->retry_ms < 0 ? -1 : (ex->retry_ms + 999) / 1000,
        .modern = ex->modern,
    };
    if (denial.pending)
        denial.outcome = SLICE_LITERAL("pending");
    if (method == MCP_TOOLS_CALL || method == MCP_TASKS_RESULT) {
        mcp_write_denial(out, id, &denial);
        return;
    }
    struct buffer data;
    buffer_init(&data, 0);
    mcp_write_decision(&data, &denial);
    struct slice text =
        arena_format(&ex->arena, "[%s] %.*s", denial.pending ? "APPROVAL PENDING" : "POLICY DENIED",
                     SLICE_PRINT(reason));
    mcp_write_error(out, id, MCP_ERROR_INVALID_PARAMS, text, buffer_slice(&data));
    buffer_release(&data);
}

// Whose client waits for a task finds the denial as that task's result.
static bool answer_as_task(struct exchange *ex, struct slice denial)
{
    struct json_doc doc;
    json_doc_init(&doc);
    bool answered = json_scan(&doc, denial, NULL, NULL, NULL) == 0 &&
                    own_task_answer(ex, json_raw(&doc, json_get(&doc, 0, "result")), true) == 0;
    json_doc_release(&doc);
    return answered;
}

void decide_answer(struct exchange *ex, const struct buffer *body)
{
    if (body->failed || !own_task_due(ex) || !answer_as_task(ex, buffer_slice(body)))
        exchange_answer_buffer(ex, 200, body);
}

static void answer_denial(struct exchange *ex)
{
    struct buffer body;
    buffer_init(&body, 0);
    decide_write_denial(ex, ex->method, ex->id, ex->rule, ex->reason, &body);
    decide_answer(ex, &body);
    buffer_release(&body);
}

enum step_result exchange_deny(struct exchange *ex, struct slice rule, struct slice reason,
                               bool hidden, int64_t retry_ms)
{
    ex->rule = rule;
    ex->reason = reason;
    ex->retry_ms = retry_ms;
    ex->denied = true;
    if (ex->observe) {
        ex->outcome = OUTCOME_OBSERVED;
        return STEP_NEXT;
    }
    ex->outcome = hidden ? OUTCOME_HIDDEN : OUTCOME_DENIED;
    if (ex->message_kind != MCP_REQUEST)
        exchange_answer(ex, 202,
                        (struct slice){0}); // nobody waits for an answer; it goes no further
    else if (hidden)
        answer_unknown(ex);
    else
        answer_denial(ex);
    return STEP_REPLY;
}

void decide_observe(struct exchange *ex, enum policy_outcome would, struct slice rule,
                    struct slice reason)
{
    struct policy_observation *observed = &ex->verdict.observed;
    bool graver = observed->noted && (observed->outcome == POLICY_DENY || would == POLICY_ASK);
    if (!graver)
        *observed = (struct policy_observation){
            .noted = true, .outcome = would, .rule = rule, .reason = reason};
    if (ex->outcome != OUTCOME_ALLOWED && ex->outcome != OUTCOME_OBSERVED)
        return;
    ex->outcome = OUTCOME_OBSERVED;
    ex->rule = observed->rule;
    ex->reason = observed->reason;
}

static bool is_allowed(const struct exchange *ex, enum policy_subject subject, struct slice name)
{
    if (ex->observe)
        return true;
    struct arena arena;
    arena_init(&arena, 64 * 1024);
    struct policy_call call = {.subject = subject,
                               .name = name,
                               .args = JSON_NONE,
                               .category = CATALOGUE_UNKNOWN,
                               .server = server_name(ex),
                               .grant_label = ex->grant->label,
                               .grant_tags = ex->grant->tags,
                               .grant_tag_count = ex->grant->tag_count,
                               .client_name = client_name(ex),
                               .now_ms = clock_wall_ms()};
    struct policy_verdict verdict;
    policy_decide(ex->policy, &call, &arena, &verdict);
    bool allowed = verdict.outcome == POLICY_ALLOW;
    arena_release(&arena);
    return allowed;
}

bool decide_method_allowed(const struct exchange *ex, struct slice method)
{
    return is_allowed(ex, POLICY_METHOD, method);
}

bool decide_resource_allowed(const struct exchange *ex, struct slice uri)
{
    return is_allowed(ex, POLICY_RESOURCE, uri);
}

bool decide_visible(void *argument, enum mcp_list list, struct slice name, uint32_t entry)
{
    static const enum policy_subject subjects[] = {[MCP_LIST_NONE] = POLICY_TOOL,
                                                   [MCP_LIST_TOOLS] = POLICY_TOOL,
                                                   [MCP_LIST_RESOURCES] = POLICY_RESOURCE,
                                                   [MCP_LIST_TEMPLATES] = POLICY_RESOURCE,
                                                   [MCP_LIST_PROMPTS] = POLICY_PROMPT};
    const struct exchange *ex = argument;
    if (list == MCP_LIST_TOOLS && (pins_refuses(ex->screen, entry) || bridge_cannot_call(ex, name)))
        return false;
    if (ex->observe)
        return true;
    if (list == MCP_LIST_TASKS)
        return origin_has_task(ex, name);
    if (ex->policy == NULL)
        return false;
    enum catalogue_category category = CATALOGUE_UNKNOWN;
    if (list == MCP_LIST_TOOLS && policy_uses_categories(ex->policy))
        category = category_of(ex, name);
    return policy_lists(ex->policy, subjects[list], name, category);
}

// completion/complete names a prompt or a resource template; one that is hidden must not answer.
static bool completes_hidden(struct exchange *ex)
{
    const struct json_doc *doc = &ex->pipeline->doc;
    uint32_t ref = json_get(doc, ex->message.params, "ref");
    uint32_t name = json_get(doc, ref, "name"), uri = json_get(doc, ref, "uri");
    if (name != JSON_NONE && json_type(doc, name) == JSON_STRING) {
        ex->subject = json_string(doc, name, &ex->arena);
        if (!decide_visible(ex, MCP_LIST_PROMPTS, ex->subject, JSON_NONE))
            return true;
    }
    if (uri == JSON_NONE || json_type(doc, uri) != JSON_STRING)
        return false;
    ex->subject = json_string(doc, uri, &ex->arena);
    return !decide_visible(ex, MCP_LIST_RESOURCES, ex->subject, JSON_NONE);
}

enum step_result step_decide(struct exchange *ex)
{
    // An answer to the server's own request: the request was judged when it came.
    ex->outcome = OUTCOME_ALLOWED;
    if (ex->message_kind == MCP_RESPONSE) {
        ex->rule = SLICE_LITERAL("(response)");
        ex->decided_us = clock_monotonic_us();
        return STEP_NEXT;
    }
    struct policy_call call;
    describe(ex, &call);
    policy_decide(ex->policy, &call, &ex->arena, &ex->verdict);
    ex->decided_us = clock_monotonic_us();
    ex->rule = ex->verdict.rule;
    if (ex->verdict.outcome == POLICY_DENY &&
        exchange_deny(ex, ex->verdict.rule, ex->verdict.reason, ex->verdict.hidden, -1) ==
            STEP_REPLY)
        return STEP_REPLY;
    // Also behind a denial that was only observed: what a server did is not tried out.
    if (ex->method == MCP_TOOLS_CALL && ex->pipeline->rules->given.pins != NULL &&
        pins_judge_call(ex) == STEP_REPLY)
        return STEP_REPLY;
    if (ex->denied)
        return STEP_NEXT;
    if (ex->verdict.observed.noted)
        decide_observe(ex, POLICY_ASK, ex->rule, ex->reason);
    if (ex->method == MCP_COMPLETE && completes_hidden(ex))
        return exchange_deny(ex, SLICE_LITERAL("(hidden)"),
                             SLICE_LITERAL("There is nothing to complete under that name."), true,
                             -1);
    if (origin_is_task_method(ex->method) && !origin_has_task(ex, ex->subject))
        return exchange_deny(ex, SLICE_LITERAL("(unknown task)"),
                             SLICE_LITERAL("No call of this grant became that task."), true, -1);
    return ex->method == MCP_LISTEN ? subscriptions_judge(ex) : STEP_NEXT;
}

bool decide_server_message(struct pipeline *pipeline, struct exchange *ex, struct session *session,
                           struct upstream_message *message)
{
    const struct mcp_message *m = message->message;
    struct slice rule = SLICE_LITERAL("(method denied)");
    if (m->kind == MCP_RESPONSE)
        return true;
    bool allowed = decide_method_allowed(ex, m->method_name);
    // News of a resource that the policy hides would tell of its existence.
    if (allowed && m->method == MCP_RESOURCES_UPDATED)
        allowed = decide_visible(ex, MCP_LIST_RESOURCES, m->subject, JSON_NONE);
    if (allowed)
        allowed = results_judge_notice(ex, message, &rule);
    if (!allowed && slice_equal_string(rule, "(unknown task)") &&
        held_news_keep(ex, session, message))
        return false;
    if (m->kind == MCP_REQUEST || !allowed)
        outcome_record_server(pipeline, session, ex, m->method_name, allowed,
                              allowed ? SLICE_LITERAL("(method)") : rule);
    return allowed;
}
