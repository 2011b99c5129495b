// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The policy's rules on what comes back (docs/policy.md, "Results"): each answer of a tool, a
// resource or a prompt is judged, whichever way it came, before a byte of it goes on.
#include "pipeline/pipeline_internal.h"

// The loop serves others meanwhile not at all; an expression that needs longer withholds.
enum { INSPECTION_MAX_US = 50000 };

// What is judged, and as whose answer.
struct judged {
    enum mcp_method method;
    enum policy_subject subject;
    struct slice name; // empty when it is not known
    struct slice id;   // raw, of the answer
    struct policy_answer answer;
};

// Work is counted, not waiting: a busy machine must not withhold what a quiet one shows.
struct budget {
    uint64_t until_us;
    uint32_t asked;
};

static bool in_time(void *argument)
{
    struct budget *budget = argument;
    return budget->asked++ % 16 != 0 || clock_thread_us() < budget->until_us;
}

// False for answers that no rule on results is about.
static bool subject_of(struct exchange *ex, struct slice named, struct judged *judged)
{
    judged->name = named;
    switch (judged->method) {
    case MCP_TOOLS_CALL: judged->subject = POLICY_TOOL; return true;
    case MCP_RESOURCES_READ: judged->subject = POLICY_RESOURCE; return true;
    case MCP_PROMPTS_GET: judged->subject = POLICY_PROMPT; return true;
    default: break;
    }
    if (!origin_is_task_method(judged->method))
        return false;
    judged->subject = POLICY_TOOL;
    judged->name = origin_of_task(ex, named);
    return true;
}

// In the stateless era a task that is done carries the tool's result inside of its own.
static uint32_t inner_result(const struct upstream_message *message, enum mcp_method method)
{
    uint32_t result = message->message->result;
    if (!origin_is_task_method(method) || method == MCP_TASKS_RESULT)
        return result;
    return json_get(message->doc, result, "result");
}

static bool identify(struct exchange *ex, const struct upstream_message *message,
                     struct judged *judged)
{
    const struct mcp_message *m = message->message;
    struct slice named = ex->subject;
    judged->method = ex->method;
    judged->id = ex->id;
    if (ex->kind == EXCHANGE_STREAM) {
        judged->id = m->id == JSON_NONE ? (struct slice){0} : json_raw(message->doc, m->id);
        judged->method = MCP_TOOLS_CALL; // the gravest, when it is not known
        named = (struct slice){"", 0};
        (void)origin_of_replay(ex, judged->id, &judged->method, &named);
    }
    if (!subject_of(ex, named, judged))
        return false;
    bool failed = m->error != JSON_NONE;
    judged->answer.doc = message->doc;
    judged->answer.whole = failed ? m->error : m->result;
    judged->answer.result = failed ? JSON_NONE : inner_result(message, judged->method);
    return judged->answer.whole != JSON_NONE;
}

static void judge(struct exchange *ex, struct judged *judged, struct arena *arena,
                  struct policy_answer_verdict *verdict)
{
    struct policy_call call;
    struct budget budget = {.until_us = clock_thread_us() + INSPECTION_MAX_US};
    decide_describe(ex, judged->subject, judged->name, &call);
    judged->answer.may_go_on = in_time;
    judged->answer.argument = &budget;
    policy_decide_answer(ex->policy, &call, &judged->answer, arena, verdict);
    ex->redacted += verdict->change_count + verdict->watched_changes;
}

static void apply(const struct policy_answer_verdict *verdict, struct upstream_message *message)
{
    for (size_t i = 0; i < verdict->change_count; i++)
        mcp_edit_add(&message->edits, message->arena, verdict->changes[i].start - message->start,
                     verdict->changes[i].length, verdict->changes[i].replacement);
}

// A replayed answer is one of several messages of its stream, which goes on.
static void withhold_replay(struct exchange *ex, const struct judged *judged, struct slice rule,
                            struct slice reason, const struct upstream_message *message)
{
    struct buffer body;
    buffer_init(&body, 0);
    decide_write_denial(ex, judged->method, judged->id, rule, reason, &body);
    struct slice piece = buffer_slice(&body);
    outcome_record_server(ex->pipeline, ex->session, ex, SLICE_LITERAL("(replayed response)"),
                          false, rule);
    if (!ex->client_gone && !ex->answered && !body.failed) {
        if (!ex->streaming)
            ex->face->stream_begin(ex);
        ex->streaming = true;
        ex->face->stream_message(ex, &piece, 1, message->event_id, message->retry_ms);
    }
    buffer_release(&body);
}

// The agent must not take a call that ran for one that did not.
struct slice pipeline_withheld_reason(enum policy_subject subject, struct slice reason,
                                      struct arena *arena)
{
    if (subject != POLICY_TOOL)
        return arena_copy(arena, reason);
    return arena_format(arena, "%.*s The call has run; only its result is withheld.",
                        SLICE_PRINT(reason));
}

// The answer may also come on a resumed stream; then its tool is known by the request's id.
static void note_task(struct exchange *ex, const struct upstream_message *message)
{
    const struct mcp_message *m = message->message;
    enum mcp_method method = ex->method;
    struct slice tool = ex->subject;
    if (ex->kind == EXCHANGE_STREAM) {
        tool = (struct slice){"", 0};
        method = MCP_TOOLS_CALL;
        if (m->id != JSON_NONE)
            (void)origin_of_replay(ex, json_raw(message->doc, m->id), &method, &tool);
    }
    uint32_t task = json_get(message->doc, m->result, "task");
    uint32_t id = json_get(message->doc, task != JSON_NONE ? task : m->result, "taskId");
    if (origin_is_task_method(method) || id == JSON_NONE ||
        json_type(message->doc, id) != JSON_STRING)
        return;
    if (method != MCP_TOOLS_CALL)
        tool = (struct slice){"", 0};
    struct slice text = json_string(message->doc, id, message->arena);
    if (text.data != NULL)
        origin_note_task(ex, text, tool);
}

enum results_verdict results_judge(struct exchange *ex, struct upstream_message *message)
{
    struct judged judged = {0};
    struct policy_answer_verdict verdict;
    note_task(ex, message);
    if (!policy_judges_answers(ex->policy) || !identify(ex, message, &judged))
        return RESULTS_NOT_THEIRS;
    judge(ex, &judged, message->arena, &verdict);
    if (verdict.denied) {
        struct slice reason = pipeline_withheld_reason(judged.subject, verdict.reason, &ex->arena);
        struct slice rule = arena_copy(&ex->arena, verdict.rule);
        if (ex->kind == EXCHANGE_STREAM && !ex->observe) {
            withhold_replay(ex, &judged, rule, reason, message);
            return RESULTS_WITHHELD;
        }
        if (exchange_deny(ex, rule, reason, false, -1) == STEP_REPLY)
            return RESULTS_WITHHELD;
    }
    if (verdict.observed.noted)
        decide_observe(ex, POLICY_DENY, arena_copy(&ex->arena, verdict.observed.rule),
                       arena_copy(&ex->arena, verdict.observed.reason));
    if (!ex->observe)
        apply(&verdict, message);
    return RESULTS_PASS;
}

// ---- What a server says besides its answers

// Over HTTP, what comes with an answer is about that call. A link does not tell, but of progress; a
// bridge passes on what other calls of its conversation may be about.
static bool is_about_call(const struct exchange *ex, const struct mcp_message *m)
{
    return ex->kind == EXCHANGE_MESSAGE && ex->to_legacy == NULL &&
           (m->method == MCP_PROGRESS || !upstream_server_has_links(ex->server));
}

// What stands at `whole`, as news about the call or, if `known` is false, about any.
static bool judge_news(struct exchange *ex, bool known, const struct json_doc *doc, uint32_t whole,
                       struct arena *arena, struct policy_answer_verdict *ret)
{
    struct judged judged = {.method = ex->method, .subject = POLICY_METHOD};
    struct policy_call call;
    struct budget budget = {.until_us = clock_thread_us() + INSPECTION_MAX_US};
    if (!known || !subject_of(ex, ex->subject, &judged))
        judged = (struct judged){.subject = POLICY_METHOD, .name = ex->method_name};
    decide_describe(ex, judged.subject, judged.name, &call);
    judged.answer = (struct policy_answer){
        .doc = doc, .whole = whole, .result = JSON_NONE, .may_go_on = in_time, .argument = &budget};
    policy_decide_news(ex->policy, &call, &judged.answer, arena, ret);
    ex->redacted += ret->change_count;
    return !ret->denied || ex->observe;
}

// The message with its edits, in place of the old text.
static int write_changed(struct upstream_message *message, struct buffer *text)
{
    struct slice *pieces;
    size_t count;
    struct buffer changed;
    if (message->edits.count == 0 && !message->edits.failed)
        return 0;
    int result = mcp_edits_pieces(&message->edits, message->text, message->arena, &pieces, &count);
    if (result != 0)
        return result;
    buffer_init(&changed, text->cap);
    for (size_t i = 0; i < count; i++)
        buffer_append(&changed, pieces[i]);
    buffer_release(text);
    *text = changed;
    return 0;
}

int results_judge_question(struct exchange *ex, struct buffer *text, const char *member,
                           struct slice *ret_rule)
{
    struct json_doc doc;
    struct arena arena;
    struct policy_answer_verdict verdict = {0};
    int result = 0;
    if (!policy_judges_answers(ex->policy) || text->failed)
        return 0;
    json_doc_init(&doc);
    arena_init(&arena, 4 << 20);
    struct upstream_message message = {.text = buffer_slice(text), .doc = &doc, .arena = &arena};
    *ret_rule = SLICE_LITERAL("(unknown call)");
    if (json_scan(&doc, message.text, NULL, NULL, NULL) != 0) {
        result = ERROR_DENIED;
        goto done;
    }
    uint32_t whole = member == NULL ? 0 : json_get(&doc, 0, member);
    if (whole != JSON_NONE &&
        !judge_news(ex, ex->to_legacy == NULL, &doc, whole, &arena, &verdict)) {
        *ret_rule = arena_copy(&ex->arena, verdict.rule);
        result = ERROR_DENIED;
    }
    if (result == 0 && !ex->observe) {
        apply(&verdict, &message);
        result = write_changed(&message, text);
    }
done:
    arena_release(&arena);
    json_doc_release(&doc);
    return result;
}

static bool judge_task_notice(struct exchange *ex, struct upstream_message *message,
                              struct slice *ret_rule)
{
    const struct mcp_message *m = message->message;
    uint32_t id = json_get(message->doc, m->params, "taskId");
    struct slice task = {"", 0};
    if (id != JSON_NONE && json_type(message->doc, id) == JSON_STRING)
        task = json_string(message->doc, id, message->arena);
    *ret_rule = SLICE_LITERAL("(unknown task)");
    if (task.data == NULL || !origin_has_task(ex, task))
        return ex->observe;
    if (!policy_judges_answers(ex->policy))
        return true;
    struct judged judged = {.method = MCP_TASKS_GET,
                            .subject = POLICY_TOOL,
                            .answer = {.doc = message->doc,
                                       .whole = m->params,
                                       .result = json_get(message->doc, m->params, "result")}};
    judged.name = origin_of_task(ex, task);
    struct policy_answer_verdict verdict;
    judge(ex, &judged, message->arena, &verdict);
    *ret_rule = verdict.rule;
    if (verdict.denied)
        return ex->observe;
    if (!ex->observe)
        apply(&verdict, message);
    return true;
}

bool results_judge_notice(struct exchange *ex, struct upstream_message *message,
                          struct slice *ret_rule)
{
    static const struct slice tasks = SLICE_LITERAL("notifications/tasks");
    const struct mcp_message *m = message->message;
    if (m->params == JSON_NONE)
        return true;
    if (m->kind == MCP_NOTIFICATION && slice_starts_with(m->method_name, tasks))
        return judge_task_notice(ex, message, ret_rule);
    // Which resource it is, `resources` has judged.
    if (!policy_judges_answers(ex->policy) || m->method == MCP_RESOURCES_UPDATED)
        return true;
    struct policy_answer_verdict verdict;
    if (!judge_news(ex, is_about_call(ex, m), message->doc, m->params, message->arena, &verdict)) {
        *ret_rule = arena_copy(&ex->arena, verdict.rule);
        return false;
    }
    if (!ex->observe)
        apply(&verdict, message);
    return true;
}
