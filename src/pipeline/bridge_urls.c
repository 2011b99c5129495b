// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The error -32042 of 2025-11-25 for clients of 2026-07-28: a legacy server refuses a call until
// somebody has been to its pages. The client gets an input_required result with those; when it
// consented, the call is made once more, after the server said that they are done with, or soon.
#include "pipeline/bridge_internal.h"

enum { DONE_WAIT_MS = 10000 }; // for notifications/elicitation/complete, which is not a must

// ---- Asking

static uint32_t elicitations_of(const struct upstream_message *message)
{
    const struct json_doc *doc = message->doc;
    uint32_t list = json_get(doc, json_get(doc, message->message->error, "data"), "elicitations");
    return list != JSON_NONE && json_type(doc, list) == JSON_ARRAY ? list : (uint32_t)JSON_NONE;
}

static bool is_url_elicitation(const struct json_doc *doc, uint32_t entry)
{
    uint32_t mode = json_get(doc, entry, "mode");
    uint32_t id = json_get(doc, entry, "elicitationId");
    return mode != JSON_NONE && json_type(doc, mode) == JSON_STRING &&
           json_string_equals(doc, mode, SLICE_LITERAL("url")) && id != JSON_NONE &&
           json_type(doc, id) == JSON_STRING;
}

// All or none, as with every other way to ask.
static bool may_ask_all(const struct legacy_call *call, const struct json_doc *doc, uint32_t list)
{
    struct slice abilities = buffer_slice(&call->conversation->capabilities);
    size_t count = json_at(doc, list)->count;
    bool repeats = call->method == MCP_TOOLS_CALL || call->method == MCP_PROMPTS_GET ||
                   call->method == MCP_RESOURCES_READ;
    if (!repeats || count == 0 || count > BRIDGE_QUESTIONS_MAX ||
        call->asked + count > BRIDGE_ASKED_MAX)
        return false;
    for (uint32_t e = json_first_element(doc, list); e != JSON_NONE;
         e = json_next_element(doc, list, e))
        if (!is_url_elicitation(doc, e) ||
            !bridge_client_can(abilities, SLICE_LITERAL("elicitation/create"), doc, e))
            return false;
    return true;
}

static bool keep_all(struct legacy_call *call, const struct json_doc *doc, uint32_t list)
{
    static const struct bridge_member gone[] = {
        {"elicitationId", {0}}, {"task", {0}}, {"_meta", {0}}};
    for (uint32_t e = json_first_element(doc, list); e != JSON_NONE;
         e = json_next_element(doc, list, e)) {
        struct buffer params;
        buffer_init(&params, BRIDGE_TEXT_MAX);
        bridge_write_object(&params, doc, e, gone, sizeof gone / sizeof *gone);
        struct slice rule;
        bool kept = results_judge_question(call->ex, &params, NULL, &rule) == 0 && !params.failed &&
                    parked_keep(call, json_raw(doc, json_get(doc, e, "elicitationId")),
                                SLICE_LITERAL("elicitation/create"), buffer_slice(&params));
        buffer_release(&params);
        if (!kept)
            return false;
        call->asked++;
    }
    return true;
}

bool urls_ask(struct legacy_call *call, const struct upstream_message *message)
{
    struct exchange *ex = call->ex;
    uint32_t list = elicitations_of(message);
    bool same = false;
    if (list == JSON_NONE || !may_ask_all(call, message->doc, list) ||
        !parked_room_for(call->conversation, (struct slice){"", 0}, &same) ||
        !keep_all(call, message->doc, list))
        return false;
    outcome_record_server(ex->pipeline, NULL, ex, SLICE_LITERAL("elicitation/create"), true,
                          SLICE_LITERAL("(method)"));
    call->urls = true;
    parked_park(call);
    return true;
}

// ---- The client's next request

static bool all_done(const struct legacy_call *call)
{
    for (struct list *q = call->questions.next; q != &call->questions; q = q->next)
        if (!LIST_ENTRY(q, struct parked_question, link)->done)
            return false;
    return true;
}

// The pages were consented to: the call that brought them is over, and made anew.
static enum step_result call_again(struct legacy_call *call)
{
    struct exchange *ex = call->ex;
    struct conversation *c = call->conversation;
    unsigned asked = call->asked;
    int severity = call->log_severity;
    call->ex = NULL;
    ex->to_legacy = NULL;
    ex->call = NULL;
    legacy_end_call(call);
    enum step_result result = legacy_send(ex, c, severity, tasks_wanted(ex, c));
    if (ex->to_legacy != NULL)
        ex->to_legacy->asked = asked;
    return result;
}

static void go_on(struct legacy_call *call)
{
    struct exchange *ex = call->ex;
    call->waits_for_pages = false;
    if (bridge_rescan(ex) && call_again(call) != STEP_WAIT)
        exchange_finish(ex);
}

void urls_waited(struct legacy_call *call)
{
    if (call->ex != NULL && call->waits_for_pages)
        go_on(call);
}

bool urls_done(struct conversation *c, const struct upstream_message *message)
{
    const struct json_doc *doc = message->doc;
    if (!slice_equal_string(message->message->method_name, "notifications/elicitation/complete"))
        return false;
    uint32_t id = json_get(doc, message->message->params, "elicitationId");
    LIST_EACH(&c->calls, item)
    {
        struct legacy_call *call = LIST_ENTRY(item, struct legacy_call, link);
        if (!call->urls || id == JSON_NONE)
            continue;
        for (struct list *q = call->questions.next; q != &call->questions; q = q->next) {
            struct parked_question *question = LIST_ENTRY(q, struct parked_question, link);
            if (slice_equal(buffer_slice(&question->id), json_raw(doc, id)))
                question->done = true;
        }
        if (call->ex != NULL && call->waits_for_pages && all_done(call))
            parked_gather(call, 0); // not while the calls are looked through
    }
    return true;
}

enum { ANSWER_NONE, ANSWER_YES, ANSWER_NO };

static int answer_to(const struct exchange *ex, const struct parked_question *question)
{
    const struct json_doc *doc = &ex->pipeline->doc;
    char key[16];
    struct buffer text;
    buffer_init(&text, sizeof key);
    buffer_append_format(&text, "q%u", question->number);
    uint32_t responses = json_get(doc, ex->message.params, "inputResponses");
    uint32_t action = json_get(doc, json_get_slice(doc, responses, buffer_slice(&text)), "action");
    buffer_release(&text);
    if (action == JSON_NONE || json_type(doc, action) != JSON_STRING)
        return ANSWER_NONE;
    return json_string_equals(doc, action, SLICE_LITERAL("accept")) ? ANSWER_YES : ANSWER_NO;
}

enum step_result urls_resume(struct exchange *ex, struct legacy_call *call)
{
    bool open = false;
    LIST_EACH(&call->questions, item)
    {
        struct parked_question *question = LIST_ENTRY(item, struct parked_question, link);
        int answer = question->accepted ? ANSWER_YES : answer_to(ex, question);
        if (answer == ANSWER_NO) {
            ex->outcome = OUTCOME_FAILED;
            return exchange_refuse(ex, 200, MCP_ERROR_INTERNAL,
                                   "The call needs a page that its user did not want to open");
        }
        question->accepted = answer == ANSWER_YES;
        open = open || !question->accepted;
    }
    if (open) { // asked again
        parked_park(call);
        return STEP_WAIT;
    }
    if (all_done(call))
        return call_again(call);
    if (!send_keep_text(ex))
        return STEP_FAIL;
    call->waits_for_pages = true;
    parked_gather(call, DONE_WAIT_MS);
    return STEP_WAIT;
}
