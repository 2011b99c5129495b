// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "pipeline/rounds_internal.h"

#include "pipeline/bridge_internal.h"

#define PAGE_KEY "sallyport-approval"

// It has keys where rounds are possible.
static struct approval_desk *desk_of(const struct exchange *ex)
{
    return ex->pipeline->given.desk;
}

bool rounds_possible(const struct exchange *ex)
{
    bool may = ex->method == MCP_TOOLS_CALL || ex->method == MCP_PROMPTS_GET ||
               ex->method == MCP_RESOURCES_READ;
    return ex->modern && may && ex->message_kind == MCP_REQUEST && desk_of(ex) != NULL &&
           approval_desk_has_tickets(desk_of(ex));
}

// ---- What the client brought

static enum rounds_answer answer_of(const struct json_doc *doc, uint32_t params)
{
    uint32_t response = json_get(doc, json_get(doc, params, "inputResponses"), PAGE_KEY);
    uint32_t action = json_get(doc, response, "action");
    if (action == JSON_NONE || json_type(doc, action) != JSON_STRING)
        return ROUNDS_UNANSWERED;
    if (json_string_equals(doc, action, SLICE_LITERAL("accept")))
        return ROUNDS_OPENED;
    // "cancel" is a prompt that was closed, or a program that cannot show one: somebody else may
    // still answer the question.
    return json_string_equals(doc, action, SLICE_LITERAL("decline")) ? ROUNDS_DECLINED
                                                                     : ROUNDS_UNANSWERED;
}

static struct rounds *keep(struct arena *arena, const struct approval_ticket *ticket)
{
    struct rounds *rounds = arena_take_zeroed(arena, sizeof *rounds);
    if (rounds == NULL)
        return NULL;
    rounds->ticket = *ticket;
    memcpy(rounds->print, ticket->print, sizeof rounds->print);
    rounds->ticket.print = rounds->print;
    rounds->ticket.name = arena_copy(arena, ticket->name);
    rounds->ticket.version = arena_copy(arena, ticket->version);
    rounds->ticket.state = arena_copy(arena, ticket->state);
    bool whole = rounds->ticket.name.data != NULL && rounds->ticket.version.data != NULL &&
                 rounds->ticket.state.data != NULL;
    return whole ? rounds : NULL;
}

// *ret is NULL when the message brought no ticket of ours.
static int read_ticket(struct exchange *ex, struct rounds **ret)
{
    const struct json_doc *doc = &ex->pipeline->doc;
    struct buffer scratch;
    struct approval_ticket ticket;
    *ret = NULL;
    if (!rounds_possible(ex))
        return 0;
    uint32_t node = json_get(doc, ex->message.params, "requestState");
    if (node == JSON_NONE || json_type(doc, node) != JSON_STRING)
        return 0;
    struct slice text = json_string(doc, node, &ex->arena);
    if (text.data == NULL)
        return ERROR_NO_MEMORY;
    buffer_init(&scratch, 0);
    if (approval_desk_open(desk_of(ex), text, &scratch, &ticket) == 0)
        *ret = keep(&ex->arena, &ticket);
    bool lost = *ret == NULL && ticket.print != NULL;
    buffer_release(&scratch);
    if (*ret != NULL)
        (*ret)->answer = answer_of(doc, ex->message.params);
    return lost ? ERROR_NO_MEMORY : 0;
}

// ---- What goes on to the server

static void write_responses(struct buffer *out, const struct json_doc *doc, uint32_t responses)
{
    static const struct bridge_member ours[] = {{PAGE_KEY, {0}}};
    size_t others = 0;
    for (uint32_t key = json_first_key(doc, responses); key != JSON_NONE;
         key = json_next_key(doc, responses, key))
        others += json_string_equals(doc, key, SLICE_LITERAL(PAGE_KEY)) ? 0 : 1;
    if (others > 0)
        bridge_write_object(out, doc, responses, ours, 1);
}

static void write_message(struct buffer *out, struct exchange *ex, struct slice state, bool answers)
{
    const struct json_doc *doc = &ex->pipeline->doc;
    struct buffer params, responses;
    buffer_init(&params, BRIDGE_TEXT_MAX);
    buffer_init(&responses, BRIDGE_TEXT_MAX);
    uint32_t given = json_get(doc, ex->message.params, "inputResponses");
    if (answers && given != JSON_NONE && json_type(doc, given) == JSON_OBJECT)
        write_responses(&responses, doc, given);
    const struct bridge_member changes[] = {
        {"requestState", state.length > 0 ? state : (struct slice){0}},
        {"inputResponses", responses.length > 0 ? buffer_slice(&responses) : (struct slice){0}}};
    bridge_write_object(&params, doc, ex->message.params, changes, 2);
    const struct bridge_member whole[] = {{"params", buffer_slice(&params)}};
    bridge_write_object(out, doc, ex->message.node, whole, 1);
    out->failed = out->failed || params.failed || responses.failed;
    buffer_release(&responses);
    buffer_release(&params);
}

// `state`: the server's own requestState, raw; empty: none. `answers`: whether what the client
// answered to the server's questions stays.
static int strip(struct exchange *ex, struct slice state, bool answers)
{
    struct json_doc *doc = &ex->pipeline->doc;
    struct buffer out;
    int code;
    if (json_get(doc, ex->message.params, "requestState") == JSON_NONE &&
        json_get(doc, ex->message.params, "inputResponses") == JSON_NONE)
        return 0;
    buffer_init(&out, BRIDGE_TEXT_MAX);
    write_message(&out, ex, state, answers);
    ex->text = out.failed ? (struct slice){0} : arena_copy(&ex->arena, buffer_slice(&out));
    buffer_release(&out);
    ex->text_kept = ex->text.data != NULL;
    if (!ex->text_kept || json_scan(doc, ex->text, NULL, NULL, NULL) != 0 ||
        mcp_decode(doc, 0, &ex->arena, &ex->message, &code, NULL) != 0)
        return ERROR_NO_MEMORY; // the message was good before, and is the same but for our own
    return 0;
}

int rounds_pass(struct exchange *ex)
{
    struct rounds *rounds = NULL;
    int result = read_ticket(ex, &rounds);
    if (result != 0 || rounds == NULL)
        return result;
    return strip(ex, rounds->ticket.state, true);
}

static int go_on(struct exchange *ex, const struct rounds *rounds, const unsigned char *print,
                 enum rounds_way *ret)
{
    const struct approval_ticket *ticket = &rounds->ticket;
    int64_t now_ms = loop_wall_ms(ex->pipeline->loop);
    *ret = ROUNDS_USED;
    if (!approval_runs_take(approval_desk_runs(ex->pipeline->given.desk), ticket->name,
                            ticket->round, now_ms))
        return 0;
    *ret = ROUNDS_RUNS;
    ex->run.name = ticket->name;
    ex->run.round = ticket->round;
    ex->run.print = print;
    const char *end = memchr(ex->run.name.data, '.', ex->run.name.length);
    ex->approval = slice_of(ex->run.name.data,
                            end == NULL ? ex->run.name.length : (size_t)(end - ex->run.name.data));
    return strip(ex, ticket->state, true);
}

int rounds_begin(struct exchange *ex, const unsigned char *print, enum rounds_way *ret)
{
    struct rounds *rounds = NULL;
    *ret = ROUNDS_NEW;
    int result = read_ticket(ex, &rounds);
    if (result != 0 || !rounds_possible(ex))
        return result;
    if (rounds != NULL && !approval_ticket_fits(&rounds->ticket, print, policy_version(ex->policy),
                                                loop_wall_ms(ex->pipeline->loop)))
        rounds = NULL;
    if (rounds != NULL && rounds->ticket.kind == APPROVAL_RUNS)
        return go_on(ex, rounds, print, ret);
    ex->held.rounds = rounds;
    if (rounds != NULL)
        *ret = rounds->answer == ROUNDS_DECLINED ? ROUNDS_GIVEN_UP : ROUNDS_AGAIN;
    // What the client answers to questions that its server has not asked, nobody was shown.
    return strip(ex, (struct slice){0}, false);
}

// ---- What the client gets while its question is open

static void write_page(struct buffer *out, struct slice page)
{
    buffer_append_string(out, ",\"inputRequests\":{\"" PAGE_KEY
                              "\":{\"method\":\"elicitation/create\",\"params\":{\"mode\":\"url\","
                              "\"message\":\"This call waits for a person's approval. It can be "
                              "given on this page.\",\"url\":");
    json_write_string(out, page);
    buffer_append_string(out, "}}}");
}

int rounds_answer(struct exchange *ex, const struct approval_ticket *ticket, struct slice page)
{
    struct buffer body;
    buffer_init(&body, 0);
    buffer_append_format(&body,
                         "{\"jsonrpc\":\"2.0\",\"id\":%.*s,\"result\":{\"resultType\":"
                         "\"input_required\"",
                         SLICE_PRINT(ex->id));
    if (page.length > 0)
        write_page(&body, page);
    buffer_append_string(&body, ",\"requestState\":\"");
    int result = approval_desk_seal(desk_of(ex), ticket, &body);
    buffer_append_string(&body, "\"}}");
    if (result == 0 && body.failed)
        result = ERROR_NO_MEMORY;
    if (result == 0)
        exchange_answer_buffer(ex, 200, &body);
    buffer_release(&body);
    return result;
}

// ---- The server of an approved call asks something itself

int rounds_seal_state(struct exchange *ex, struct slice state, struct buffer *out)
{
    int64_t now_ms = loop_wall_ms(ex->pipeline->loop);
    const struct approval_ticket ticket = {.kind = APPROVAL_RUNS,
                                           .round = ex->run.round + 1,
                                           .expires_ms = now_ms + APPROVAL_TICKET_MS,
                                           .name = ex->run.name,
                                           .print = ex->run.print,
                                           .version = policy_version(ex->policy),
                                           .state = state};
    int result = approval_desk_seal(desk_of(ex), &ticket, out);
    if (result == 0)
        result = approval_runs_expect(approval_desk_runs(ex->pipeline->given.desk), ticket.name,
                                      ticket.round, ticket.expires_ms);
    return result;
}

static void edit_state(struct upstream_message *message, uint32_t node, struct slice sealed)
{
    const struct json_doc *doc = message->doc;
    const struct json_node *old = json_at(doc, node);
    if (node != JSON_NONE) {
        mcp_edit_add(&message->edits, message->arena, old->start - message->start, old->length,
                     sealed);
        return;
    }
    const struct json_node *result = json_at(doc, message->message->result);
    struct slice member =
        arena_format(message->arena, "\"requestState\":%.*s,", SLICE_PRINT(sealed));
    if (member.data == NULL)
        message->edits.failed = true;
    else // it has a member at least: resultType
        mcp_edit_add(&message->edits, message->arena, result->start - message->start + 1, 0,
                     member);
}

bool rounds_wrap(struct exchange *ex, struct upstream_message *message)
{
    const struct json_doc *doc = message->doc;
    if (ex->run.name.length == 0 || !ex->modern || ex->method == MCP_OTHER ||
        message->message->result == JSON_NONE ||
        bridge_result_kind(doc, message->message->result) != BRIDGE_INPUT_REQUIRED)
        return true;
    uint32_t node = json_get(doc, message->message->result, "requestState");
    struct slice state = node == JSON_NONE ? (struct slice){"", 0} : json_raw(doc, node);
    struct buffer sealed;
    buffer_init(&sealed, 0);
    int result = rounds_seal_state(ex, state, &sealed);
    struct slice kept = {0};
    if (result == 0 && !sealed.failed)
        kept = arena_format(message->arena, "\"%.*s\"", SLICE_PRINT(buffer_slice(&sealed)));
    buffer_release(&sealed);
    if (kept.data != NULL) {
        edit_state(message, node, kept);
        return true;
    }
    ex->outcome = OUTCOME_FAILED;
    exchange_refuse(ex, 502, MCP_ERROR_INTERNAL,
                    "The server asked something whose state cannot be carried; the call may "
                    "have run in part");
    return false;
}
