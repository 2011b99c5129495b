// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Does the real gateway stand as the books say?
#include "lib/unit.h"
#include "limit/limit_internal.h"
#include "model/gateway.h"
#include "pipeline/ledger_internal.h"

static const int64_t HOUR_MS = 3600000;

static void check_answer(const struct request *request)
{
    char id[32], token[32];
    const char *body = request->reply.body;
    snprintf(id, sizeof id, "\"id\":%d,", request->id);
    snprintf(token, sizeof token, "answer-%d\"", request->token);
    assert_int_equal(request->reply.status, request->status);
    // A refusal of the face does not know the id.
    assert_non_null(strstr(body, request->status == 401 ? "\"id\":null" : id));
    if (request->holds != NULL)
        assert_non_null(strstr(body, request->holds));
    const char *answer = strstr(body, "answer-");
    if (!request->says_token)
        assert_null(answer);
    else
        assert_true(answer != NULL && strncmp(answer, token, strlen(token)) == 0 &&
                    strstr(answer + 1, "answer-") == NULL);
}

static void check_requests(const struct gateway *gateway)
{
    for (size_t i = 0; i < gateway->request_count; i++) {
        const struct request *request = &gateway->requests[i];
        enum reply_state state = request->reply.state;
        switch (request->state) {
        case BOOK_WAITING:
            assert_int_equal(state, request->call->streaming ? REPLY_STREAMING : REPLY_OPEN);
            assert_null(strstr(request->reply.body, "answer-"));
            break;
        case BOOK_ANSWERED:
            assert_int_equal(state, REPLY_ENDED);
            check_answer(request);
            break;
        case BOOK_LEFT: assert_int_equal(state, REPLY_GONE); break;
        }
        if (request->call != NULL) {
            assert_int_equal(request->call->over, !request->flying);
            assert_int_equal(request->call->token, request->token);
            assert_string_equal(request->call->session, gateway_upstream_ids[request->who]);
        }
    }
}

static void check_calls(const struct gateway *gateway)
{
    size_t sent = 0, goodbyes = 0;
    for (size_t i = 0; i < gateway->set.count; i++) {
        const struct upstream_call *call = &gateway->set.calls[i];
        sent += call->kind == MCP_REQUEST && call->method != MCP_DISCOVER;
        goodbyes += gateway->set.calls[i].verb == UPSTREAM_DELETE;
    }
    assert_int_equal(sent, gateway->sent);
    assert_int_equal(goodbyes, gateway->goodbyes);
}

static int64_t held_by(struct limit_counter *counter)
{
    int64_t sum = 0;
    for (uint32_t i = 0; i < counter->count; i++) {
        assert_int_equal(limit_entry_at(counter, i)->amount.exponent, 0);
        sum += (int64_t)limit_entry_at(counter, i)->amount.coefficient;
    }
    return sum;
}

// What all counters of windows of this length hold.
static int64_t held(const struct limit_table *table, int64_t window_ms)
{
    int64_t sum = 0;
    for (size_t i = 0; i < LIMIT_SHARDS; i++)
        LIST_EACH(&table->shards[i].classes, link)
        {
            struct limit_class *class = LIST_ENTRY(link, struct limit_class, link);
            LIST_EACH(&class->counters, member)
            if (class->window.length_ms == window_ms)
                sum += held_by(LIST_ENTRY(member, struct limit_counter, in_class));
        }
    return sum;
}

static void check_usage(const struct gateway *gateway, size_t flying)
{
    size_t calls = 0, sessions = 0, alive = 0, listed = 0;
    struct pipeline *pipeline = gateway->pipeline;
    for (int i = 0; i < GRANTS; i++) {
        const struct grant_usage *usage =
            table_get(&pipeline->grants, slice_from_string(gateway_labels[i]));
        calls += usage == NULL ? 0 : usage->calls;
        sessions += usage == NULL ? 0 : usage->sessions;
    }
    for (int i = 0; i < SESSIONS; i++) {
        alive += gateway->alive[i];
        assert_int_equal(gateway->alive[i], table_get(&pipeline->sessions_by_id,
                                                      slice_from_string(gateway->ids[i])) != NULL);
    }
    LIST_EACH(&pipeline->sessions, item)
    {
        listed++;
    }
    assert_int_equal(calls, flying);
    assert_int_equal(sessions, alive);
    assert_int_equal(listed, alive);
}

void gateway_check(struct gateway *gateway)
{
    size_t flying = 0;
    for (size_t i = 0; i < gateway->request_count; i++)
        flying += gateway->requests[i].flying;
    check_requests(gateway);
    check_calls(gateway);
    check_usage(gateway, flying);
    assert_int_equal(pipeline_calls_in_flight(gateway->pipeline),
                     flying + (gateway->listener != NULL ? 1 : 0));
    assert_int_equal(held(gateway->limits, HOUR_MS), gateway->charged[0] + gateway->charged[1]);
    assert_int_equal(held(gateway->limits, 24 * HOUR_MS),
                     gateway->succeeded[0] + gateway->succeeded[1]);
}
