// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "lib/unit.h"
#include "model/gateway.h"

#define LIMITED                                                                                    \
    "{\"version\":\"1\",\"default\":\"deny\",\"tools\":{\"add\":{\"limits\":["                     \
    "{\"counter\":\"all\",\"window\":\"hour\",\"max\":2},"                                         \
    "{\"counter\":\"ok\",\"window\":\"day\",\"max\":2,\"count\":\"successes\"}]}}}"
#define CLOSED "{\"version\":\"1\",\"default\":\"deny\"}"
enum { MAX = 2, PASSING_S = 31 * 60, IDLE_S = 30 * 60 };

const char *const gateway_labels[GRANTS] = {"agent", "other"};
const char *const gateway_upstream_ids[CALLERS] = {"up-0", "up-1", ""};

static int grant_of(enum who who)
{
    return who == SESSION_B ? 1 : 0;
}

// ---- Rules: made once, for a hundred thousand gateways

struct snapshot {
    struct identity_table *table;
    struct policy *policy;
    struct pipeline_policy named;
};

static void add_grants(struct identity_table *table)
{
    struct identity_reach reach = {.server = SLICE_LITERAL("fake")};
    for (int i = 0; i < GRANTS; i++) {
        struct identity_grant grant = {
            .label = slice_from_string(gateway_labels[i]), .reach = &reach, .reach_count = 1};
        char token[32];
        unsigned char hash[32];
        struct error error = {0};
        snprintf(token, sizeof token, "sp_%s", gateway_labels[i]);
        identity_hash_token(slice_from_string(token), hash);
        assert_int_equal(identity_table_add(table, &grant, hash, &error), 0);
    }
}

static void apply(struct gateway *gateway, const char *policy, bool grants)
{
    static struct snapshot snapshots[3];
    struct snapshot *snapshot = &snapshots[!grants ? 2 : strcmp(policy, CLOSED) == 0];
    if (snapshot->table == NULL) {
        struct policy_problems problems = {0};
        snapshot->table = identity_table_new();
        if (grants)
            add_grants(snapshot->table);
        assert_int_equal(policy_compile(slice_from_string(policy), SLICE_LITERAL("test"),
                                        &snapshot->policy, &problems),
                         0);
        policy_problems_release(&problems);
        snapshot->named = (struct pipeline_policy){SLICE_LITERAL("test"), snapshot->policy};
    }
    struct pipeline_rules rules = {.grants = snapshot->table,
                                   .policies = &snapshot->named,
                                   .policy_count = 1,
                                   .loopback_names = true};
    assert_int_equal(pipeline_apply(gateway->pipeline, &rules), 0);
}

// ---- One HTTP request into the real face

struct asking {
    const char *verb;
    const char *body;
    const char *session;
    const char *modern; // Mcp-Method
    int grant;
};

static size_t add(struct http_header *headers, size_t count, const char *name, const char *value)
{
    if (value != NULL)
        headers[count++] = (struct http_header){slice_from_string(name), slice_from_string(value)};
    return count;
}

static void ask(struct gateway *gateway, const struct asking *asking, struct http_reply *reply)
{
    struct http_header headers[10];
    char token[32];
    size_t count = 0;
    snprintf(token, sizeof token, "Bearer sp_%s", gateway_labels[asking->grant]);
    count = add(headers, count, "Host", "127.0.0.1");
    count = add(headers, count, "Authorization", token);
    count = add(headers, count, "Accept", "application/json, text/event-stream");
    count = add(headers, count, "Content-Type", asking->body == NULL ? NULL : "application/json");
    count = add(headers, count, "Mcp-Session-Id", asking->session);
    count =
        add(headers, count, "MCP-Protocol-Version", asking->modern == NULL ? NULL : "2026-07-28");
    count = add(headers, count, "Mcp-Method", asking->modern);
    bool names = asking->modern != NULL && strcmp(asking->modern, "tools/call") == 0;
    count = add(headers, count, "Mcp-Name", names ? "add" : NULL);
    struct http_request request = {.method = slice_from_string(asking->verb),
                                   .path = SLICE_LITERAL("/mcp/fake"),
                                   .headers = {headers, count},
                                   .body = slice_from_string(asking->body),
                                   .peer = SLICE_LITERAL("127.0.0.1:1"),
                                   .peer_is_loopback = true};
    *reply = (struct http_reply){.state = REPLY_OPEN};
    pipeline_handle_http(gateway->pipeline, reply, &request);
}

// The server says that it speaks the stateless era, too.
static void say_era(struct upstream_call *call)
{
    char text[256];
    snprintf(text, sizeof text,
             "{\"jsonrpc\":\"2.0\",\"id\":%s,\"result\":{\"resultType\":\"complete\","
             "\"supportedVersions\":[\"2026-07-28\"],\"capabilities\":{},\"ttlMs\":0,"
             "\"cacheScope\":\"private\"}}",
             call->id);
    fake_head(call, 200, false, NULL);
    fake_message(call, text);
    fake_end(call);
}

// The server takes notifications and farewells at once, opens the streams that it is asked for, and
// tells its era to whom asks.
static void settle(struct gateway *gateway)
{
    for (; gateway->settled < gateway->set.count; gateway->settled++) {
        struct upstream_call *call = &gateway->set.calls[gateway->settled];
        if (call->verb == UPSTREAM_GET)
            fake_head(call, 200, true, NULL);
        if (call->verb != UPSTREAM_GET && call->kind != MCP_REQUEST) {
            fake_head(call, 202, false, NULL);
            fake_end(call);
        }
        if (call->kind == MCP_REQUEST && call->method == MCP_DISCOVER)
            say_era(call);
        fake_loop_settle(&gateway->loop); // which may send more
    }
    fake_loop_settle(&gateway->loop);
}

static struct http_reply *other_reply(struct gateway *gateway)
{
    assert_true(gateway->other_count < OTHERS);
    return &gateway->others[gateway->other_count++];
}

// ---- Open and close

static void open_session(struct gateway *gateway, enum who who)
{
    char text[256];
    struct http_reply *reply = other_reply(gateway);
    ask(gateway,
        &(struct asking){.verb = "POST",
                         .body = "{\"jsonrpc\":\"2.0\",\"id\":0,\"method\":\"initialize\","
                                 "\"params\":{\"protocolVersion\":\"2025-06-18\","
                                 "\"capabilities\":{},\"clientInfo\":{\"name\":\"a\","
                                 "\"version\":\"1\"}}}",
                         .grant = grant_of(who)},
        reply);
    struct upstream_call *call = &gateway->set.calls[gateway->set.count - 1];
    fake_head(call, 200, false, gateway_upstream_ids[who]);
    snprintf(text, sizeof text,
             "{\"jsonrpc\":\"2.0\",\"id\":0,\"result\":{\"protocolVersion\":\"2025-06-18\","
             "\"capabilities\":{},\"serverInfo\":{\"name\":\"f\",\"version\":\"1\"}}}");
    fake_message(call, text);
    fake_end(call);
    assert_int_equal(reply->state, REPLY_ENDED);
    assert_int_equal(strlen(reply->session), 64);
    memcpy(gateway->ids[who], reply->session, sizeof reply->session);
    gateway->alive[who] = true;
    gateway->used_us[who] = gateway->loop.now_us;
    gateway->sent++;
}

// After this the gateway knows the server's era, and sends calls without asking for it.
static void discover(struct gateway *gateway)
{
    struct http_reply *reply = other_reply(gateway);
    ask(gateway,
        &(struct asking){.verb = "POST",
                         .body = "{\"jsonrpc\":\"2.0\",\"id\":0,\"method\":\"server/discover\","
                                 "\"params\":{\"_meta\":{"
                                 "\"io.modelcontextprotocol/protocolVersion\":\"2026-07-28\","
                                 "\"io.modelcontextprotocol/clientCapabilities\":{}}}}",
                         .modern = "server/discover"},
        reply);
    settle(gateway);
    assert_int_equal(reply->status, 200);
}

void gateway_open(struct gateway *gateway)
{
    memset(&gateway->loop, 0, sizeof gateway->loop);
    gateway->loop.now_us = 1000000;
    fake_set_open(&gateway->set, "fake");
    gateway->limits = limit_table_new(16);
    struct pipeline_options options = {
        .loop = &gateway->loop, .upstreams = &gateway->set, .limits = gateway->limits};
    gateway->pipeline = pipeline_new(&options);
    assert_non_null(gateway->pipeline);
    gateway->request_count = gateway->other_count = gateway->settled = 0;
    gateway->sent = gateway->goodbyes = 0;
    gateway->closed = false;
    gateway->grants = true;
    gateway->listener = NULL;
    gateway->listening = NULL;
    for (int i = 0; i < GRANTS; i++)
        gateway->charged[i] = gateway->succeeded[i] = 0;
    apply(gateway, LIMITED, true);
    for (int who = 0; who < SESSIONS; who++)
        open_session(gateway, (enum who)who);
    settle(gateway);
    discover(gateway);
    gateway_check(gateway);
}

// The gateway stops: whoever waits is told, and nothing is left behind.
void gateway_close(struct gateway *gateway)
{
    pipeline_free(gateway->pipeline);
    fake_loop_settle(&gateway->loop);
    for (size_t i = 0; i < gateway->request_count; i++)
        assert_true(gateway->requests[i].reply.state ==
                    (gateway->requests[i].state == BOOK_LEFT ? REPLY_GONE : REPLY_ENDED));
    for (size_t i = 0; i < gateway->set.count; i++)
        assert_true(gateway->set.calls[i].over || gateway->set.calls[i].kind != MCP_REQUEST);
    assert_false(fake_loop_has_timers(&gateway->loop));
    fake_set_close(&gateway->set);
    limit_table_free(gateway->limits);
}

// ---- The books

static void book_answer(struct request *request, int status, const char *holds, bool says_token)
{
    if (request->state != BOOK_WAITING)
        return;
    request->state = BOOK_ANSWERED;
    request->status = status;
    request->holds = holds;
    request->says_token = says_token;
}

static void book_listener_over(struct gateway *gateway)
{
    if (gateway->listener == NULL)
        return;
    assert_int_equal(gateway->listener->state, REPLY_ENDED);
    assert_true(gateway->listening->over);
    gateway->listener = NULL;
}

// `told`: the server learns of it.
static void book_session_over(struct gateway *gateway, enum who who, bool told)
{
    if (who == STATELESS || !gateway->alive[who])
        return;
    gateway->alive[who] = false;
    gateway->goodbyes += told;
    for (size_t i = 0; i < gateway->request_count; i++)
        if (gateway->requests[i].who == who)
            gateway->requests[i].with_session = false;
    if (who == SESSION_A)
        book_listener_over(gateway);
}

static bool is_busy(const struct gateway *gateway, enum who who)
{
    for (size_t i = 0; i < gateway->request_count; i++)
        if (gateway->requests[i].who == who && gateway->requests[i].flying)
            return true;
    return who == SESSION_A && gateway->listener != NULL;
}

static void book_use(struct gateway *gateway, enum who who)
{
    if (who != STATELESS && gateway->alive[who])
        gateway->used_us[who] = gateway->loop.now_us;
}

// What becomes of a message before its policy is asked: 0 or the status of a refusal.
static int refused(const struct gateway *gateway, enum who who)
{
    if (!gateway->grants)
        return 401;
    return who != STATELESS && !gateway->alive[who] ? 404 : 0;
}

// ---- The client

static void write_call(struct request *request)
{
    snprintf(request->text, sizeof request->text,
             "{\"jsonrpc\":\"2.0\",\"id\":%d,\"method\":\"tools/call\",\"params\":{\"name\":"
             "\"add\",\"arguments\":{\"n\":%d}%s}}",
             request->id, request->token,
             request->who != STATELESS
                 ? ""
                 : ",\"_meta\":{\"io.modelcontextprotocol/protocolVersion\":\"2026-07-28\","
                   "\"io.modelcontextprotocol/clientCapabilities\":{},"
                   "\"io.modelcontextprotocol/clientInfo\":{\"name\":\"a\",\"version\":\"1\"}}");
}

static void book_call(struct gateway *gateway, struct request *request, bool fails)
{
    int grant = grant_of(request->who), status = refused(gateway, request->who);
    bool full = gateway->charged[grant] >= MAX || gateway->succeeded[grant] >= MAX;
    if (status == 0)
        book_use(gateway, request->who);
    if (status != 0) {
        book_answer(request, status, NULL, false);
    } else if (gateway->closed || full) {
        book_answer(request, 200, "[POLICY DENIED]", false);
    } else if (fails) {
        book_answer(request, 502, "nobody is there", false);
    } else {
        gateway->charged[grant]++;
        gateway->succeeded[grant]++;
        gateway->sent++;
        request->flying = true;
        request->call = &gateway->set.calls[gateway->set.count - 1];
    }
}

bool client_calls(struct gateway *gateway, enum who who)
{
    bool fails = gateway->set.fail_next;
    if (gateway->request_count == REQUESTS)
        return false;
    struct request *request = &gateway->requests[gateway->request_count];
    // Both sessions use the same ids; tokens are each request's own.
    *request = (struct request){.who = who,
                                .id = (int)(gateway->request_count / 2) + 1,
                                .token = (int)gateway->request_count + 100,
                                .with_session = true};
    write_call(request);
    gateway->request_count++;
    ask(gateway,
        &(struct asking){.verb = "POST",
                         .body = request->text,
                         .session = who == STATELESS ? NULL : gateway->ids[who],
                         .modern = who == STATELESS ? "tools/call" : NULL,
                         .grant = grant_of(who)},
        &request->reply);
    book_call(gateway, request, fails);
    settle(gateway);
    return true;
}

static struct request *nth(struct gateway *gateway, size_t n, bool flying)
{
    for (size_t i = 0; i < gateway->request_count; i++) {
        struct request *request = &gateway->requests[i];
        bool fits = flying ? request->flying : request->state == BOOK_WAITING;
        if (fits && n-- == 0)
            return request;
    }
    return NULL;
}

// In the stateless era leaving is cancelling; in the other the call goes on.
bool client_leaves(struct gateway *gateway, size_t n)
{
    struct request *request = nth(gateway, n, false);
    if (request == NULL)
        return false;
    request->state = BOOK_LEFT;
    if (request->who == STATELESS)
        request->flying = false;
    fake_reply_leave(&request->reply);
    settle(gateway);
    return true;
}

// Over HTTP the server decides what becomes of the call; it is told.
bool client_cancels(struct gateway *gateway)
{
    struct request *target = NULL;
    bool fails = gateway->set.fail_next;
    for (size_t i = 0; i < gateway->request_count; i++)
        if (gateway->requests[i].who == SESSION_A && gateway->requests[i].flying)
            target = &gateway->requests[i];
    if (target == NULL || gateway->other_count == OTHERS)
        return false;
    char *text = gateway->texts[gateway->other_count];
    struct http_reply *reply = other_reply(gateway);
    size_t before = gateway->set.count;
    int status = refused(gateway, SESSION_A);
    if (status == 0)
        book_use(gateway, SESSION_A);
    snprintf(text, sizeof gateway->texts[0],
             "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\",\"params\":{"
             "\"requestId\":%d}}",
             target->id);
    ask(gateway, &(struct asking){.verb = "POST", .body = text, .session = gateway->ids[SESSION_A]},
        reply);
    settle(gateway);
    assert_int_equal(reply->state, REPLY_ENDED);
    assert_int_equal(reply->status, status != 0 ? status : fails ? 502 : 202);
    assert_int_equal(gateway->set.count - before, status == 0 && !fails ? 1 : 0);
    return true;
}

bool client_deletes(struct gateway *gateway, enum who who)
{
    bool fails = gateway->set.fail_next;
    int status = refused(gateway, who);
    if (gateway->other_count == OTHERS)
        return false;
    struct http_reply *reply = other_reply(gateway);
    ask(gateway,
        &(struct asking){.verb = "DELETE", .session = gateway->ids[who], .grant = grant_of(who)},
        reply);
    settle(gateway);
    assert_int_equal(reply->state, REPLY_ENDED);
    assert_int_equal(reply->status, status == 0 ? 200 : status);
    if (status == 0)
        book_session_over(gateway, who, !fails);
    return true;
}

bool client_listens(struct gateway *gateway)
{
    bool fails = gateway->set.fail_next;
    int status = refused(gateway, SESSION_A);
    if (gateway->listener != NULL || gateway->other_count == OTHERS)
        return false;
    struct http_reply *reply = other_reply(gateway);
    ask(gateway, &(struct asking){.verb = "GET", .session = gateway->ids[SESSION_A]}, reply);
    if (status == 0)
        book_use(gateway, SESSION_A);
    if (status == 0 && !fails) {
        gateway->listener = reply;
        gateway->listening = &gateway->set.calls[gateway->set.count - 1];
        assert_int_equal(gateway->listening->verb, UPSTREAM_GET);
        assert_string_equal(gateway->listening->session, gateway_upstream_ids[SESSION_A]);
    }
    settle(gateway);
    assert_int_equal(reply->state, status == 0 && !fails ? REPLY_STREAMING : REPLY_ENDED);
    assert_int_equal(reply->status, status != 0 ? status : fails ? 502 : 200);
    return true;
}

bool client_stops_listening(struct gateway *gateway)
{
    if (gateway->listener == NULL)
        return false;
    fake_reply_leave(gateway->listener);
    assert_true(gateway->listening->cancelled);
    gateway->listener = NULL;
    book_use(gateway, SESSION_A);
    settle(gateway);
    return true;
}

// ---- The server

static void say(struct request *request, int id, bool failed)
{
    char text[256];
    snprintf(text, sizeof text,
             "{\"jsonrpc\":\"2.0\",\"id\":%d,\"result\":{\"content\":[{\"type\":\"text\",\"text\":"
             "\"answer-%d\"}]%s}}",
             id, request->token, failed ? ",\"isError\":true" : "");
    fake_message(request->call, text);
}

static void say_progress(struct request *request)
{
    fake_message(request->call, "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/progress\","
                                "\"params\":{\"progressToken\":1,\"progress\":1}}");
}

// The call is over; a stream that began said 200 already.
static void book_over(struct gateway *gateway, struct request *request, int status,
                      const char *holds, bool says_token)
{
    request->flying = false;
    if (request->with_session)
        book_use(gateway, request->who);
    book_answer(request, request->call->streaming ? 200 : status, holds, says_token);
}

static void answers(struct gateway *gateway, struct request *request, bool failed)
{
    fake_head(request->call, 200, false, NULL);
    say(request, request->id, failed);
    fake_end(request->call);
    gateway->succeeded[grant_of(request->who)] -= failed;
    book_over(gateway, request, 200, NULL, true);
}

static void forgets(struct gateway *gateway, struct request *request)
{
    fake_head(request->call, 404, false, NULL);
    fake_end(request->call);
    bool session_over = request->who != STATELESS && request->with_session;
    book_over(gateway, request, 404, NULL, false);
    if (session_over)
        book_session_over(gateway, request->who, false); // the server said so itself
}

static void breaks(struct gateway *gateway, struct request *request, bool sent)
{
    fake_error(request->call, sent ? ERROR_CLOSED : ERROR_UNREACHABLE, sent);
    if (!sent) {
        gateway->charged[grant_of(request->who)]--;
        gateway->succeeded[grant_of(request->who)]--;
    }
    book_over(gateway, request, 502, sent ? "may or may not have run" : "cannot be reached", false);
}

bool server_does(struct gateway *gateway, enum server_event event, size_t n)
{
    struct request *request = nth(gateway, n, true);
    bool needs_no_head = event == SERVER_STREAMS || event == SERVER_FORGETS ||
                         event == SERVER_UNREACHED || event == SERVER_MISTAKES;
    if (request == NULL || (needs_no_head && request->call->head))
        return false;
    switch (event) {
    case SERVER_ANSWERS: answers(gateway, request, false); break;
    case SERVER_ANSWERS_ERROR: answers(gateway, request, true); break;
    case SERVER_STREAMS:
        fake_head(request->call, 200, true, NULL);
        say_progress(request);
        break;
    case SERVER_MISTAKES:
        fake_head(request->call, 200, false, NULL);
        say(request, 999, false);
        break;
    case SERVER_ENDS:
        fake_head(request->call, 200, false, NULL);
        fake_end(request->call);
        book_over(gateway, request, 502, request->call->streaming ? "may or may not" : NULL, false);
        break;
    case SERVER_FORGETS: forgets(gateway, request); break;
    case SERVER_UNREACHED: breaks(gateway, request, false); break;
    case SERVER_LOST: breaks(gateway, request, true); break;
    case SERVER_EVENTS: return false;
    }
    settle(gateway);
    return true;
}

bool server_stops_stream(struct gateway *gateway)
{
    if (gateway->listener == NULL)
        return false;
    fake_end(gateway->listening);
    book_listener_over(gateway);
    book_use(gateway, SESSION_A);
    settle(gateway);
    return true;
}

bool server_goes_away(struct gateway *gateway)
{
    if (gateway->set.fail_next)
        return false;
    gateway->set.fail_next = true;
    return true;
}

// ---- The operator, and time

bool operator_closes(struct gateway *gateway)
{
    if (gateway->closed || !gateway->grants)
        return false;
    apply(gateway, CLOSED, true);
    gateway->closed = true;
    settle(gateway);
    return true;
}

bool operator_removes(struct gateway *gateway)
{
    if (!gateway->grants)
        return false;
    bool fails = gateway->set.fail_next;
    apply(gateway, CLOSED, false);
    gateway->grants = false;
    settle(gateway);
    for (int who = 0; who < SESSIONS; who++) {
        bool ends = gateway->alive[who];
        book_session_over(gateway, (enum who)who, !fails);
        fails = fails && !ends; // the first farewell is the message that is lost
    }
    return true;
}

bool operator_drains(struct gateway *gateway)
{
    pipeline_begin_drain(gateway->pipeline);
    pipeline_end_streams(gateway->pipeline);
    settle(gateway);
    if (gateway->listener != NULL) {
        book_listener_over(gateway);
        book_use(gateway, SESSION_A);
    }
    return true;
}

// A call that its client left goes on for minutes, not for good; what it was charged stays charged,
// for it may have run.
static void book_given_up(struct gateway *gateway)
{
    for (size_t i = 0; i < gateway->request_count; i++) {
        struct request *request = &gateway->requests[i];
        if (request->state != BOOK_LEFT || !request->flying)
            continue;
        request->flying = false;
        if (request->with_session)
            book_use(gateway, request->who);
    }
}

bool time_passes(struct gateway *gateway)
{
    bool fails = gateway->set.fail_next;
    gateway->loop.now_us += (uint64_t)PASSING_S * 1000000;
    fake_loop_fire(&gateway->loop);
    settle(gateway);
    book_given_up(gateway);
    for (int who = 0; who < SESSIONS; who++) {
        uint64_t idle = gateway->loop.now_us - gateway->used_us[who];
        if (!gateway->alive[who] || is_busy(gateway, (enum who)who) ||
            idle <= (uint64_t)IDLE_S * 1000000)
            continue;
        book_session_over(gateway, (enum who)who, !fails);
        fails = false;
    }
    return true;
}
