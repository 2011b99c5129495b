// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "conversations.h"

#define in_time(came) in_time_at(__LINE__, came)
enum { ADDS_MAX = 2, FEWS_MAX = 1 };

static struct answer answer;

static void in_time_at(int line, bool came)
{
    if (!came)
        print_error("at line %d\n", line);
    assert_true(came);
    assert_false(answer_has(&answer, "\"name\":\"secret\""));
    assert_false(answer_has(&answer, "\"name\":\"s\\u0065cret\""));
}

static const char *open_session(struct gateway_world *world, const char *server,
                                const char *version, char session[80])
{
    in_time(agent_ask(world, &(struct ask){.server = server, .body = version}, &answer));
    snprintf(session, 80, "%s", answer.session[0] == '\0' ? "none" : answer.session);
    return session;
}

static void call(struct gateway_world *world, const char *server, const char *session,
                 const char *tool)
{
    in_time(agent_call(world, server, NULL, session, tool, &answer));
}

bool converse_legacy(struct gateway_world *world, const char *server)
{
    char session[80];
    open_session(world, server, INITIALIZE("2025-06-18"), session);
    in_time(agent_ask(world, &(struct ask){.server = server, .session = session, .body = LIST},
                      &answer));
    for (size_t i = 0; i < ADDS_MAX + 1; i++)
        call(world, server, session, "add");
    call(world, server, session, "drop");
    call(world, server, session, "secret");
    call(world, server, session, "stream");
    in_time(agent_ask(world, &(struct ask){.server = server, .verb = "DELETE", .session = session},
                      &answer));
    return answer.ended;
}

bool converse_modern(struct gateway_world *world, const char *server)
{
    // The first of all, so that judging the list needs the first memory there is.
    static const char list[] = "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"tools/list\","
                               "\"params\":{\"_meta\":{"
                               "\"io.modelcontextprotocol/protocolVersion\":\"2026-07-28\","
                               "\"io.modelcontextprotocol/clientCapabilities\":{}}}}";
    in_time(agent_ask(world, &(struct ask){.server = server, .body = list, .modern = "tools/list"},
                      &answer));
    call(world, server, NULL, "few");
    call(world, server, NULL, "few");
    for (size_t i = 0; i < ADDS_MAX + 1; i++)
        call(world, server, NULL, "add");
    call(world, server, NULL, "drop");
    call(world, server, NULL, "stream");
    return answer.ended;
}

bool converse_escaped(struct gateway_world *world, const char *server)
{
    static const char *const tools[] = {"dr\\u006fp", "s\\u0065cret", "pl\\u0061in"};
    static char body[32768];
    char session[80];
    open_session(world, server, INITIALIZE("2025-06-18"), session);
    for (size_t t = 0; t < sizeof tools / sizeof *tools; t++) {
        int n = snprintf(body, sizeof body,
                         "{\"jsonrpc\":\"2.0\",\"id\":\"\\u0041\",\"method\":\"tools/call\","
                         "\"params\":{\"name\":\"%s\",\"arguments\":{",
                         tools[t]);
        for (int i = 0; i < 100; i++)
            n +=
                snprintf(body + n, sizeof body - (size_t)n,
                         "\"\\u0061 long name of an argument that is escaped %d\":[%d,\"%0100d\"],",
                         i, i, i);
        snprintf(body + n, sizeof body - (size_t)n, "\"x\":1}}}");
        in_time(agent_ask(world, &(struct ask){.server = server, .session = session, .body = body},
                          &answer));
    }
    return answer.ended;
}

bool converse_batch(struct gateway_world *world, const char *server)
{
    static const char text[] =
        "[{\"jsonrpc\":\"2.0\",\"id\":10,\"method\":\"tools/"
        "call\",\"params\":{\"name\":\"plain\"}},"
        "{\"jsonrpc\":\"2.0\",\"id\":11,\"method\":\"tools/call\",\"params\":{\"name\":\"drop\"}},"
        "{\"jsonrpc\":\"2.0\",\"id\":12,\"method\":\"tools/"
        "call\",\"params\":{\"name\":\"stream\"}},"
        "{\"jsonrpc\":\"2.0\",\"id\":13,\"method\":\"tools/list\"},"
        "{\"jsonrpc\":\"2.0\",\"id\":14,\"method\":\"tools/"
        "call\",\"params\":{\"name\":\"secret\"}}]";
    char session[80];
    open_session(world, server, INITIALIZE("2025-03-26"), session);
    in_time(agent_ask(world, &(struct ask){.server = server, .session = session, .body = text},
                      &answer));
    return answer.ended;
}

bool converse_return(struct gateway_world *world, const char *server)
{
    static struct answer again;
    char session[80], id[80];
    open_session(world, server, INITIALIZE("2025-11-25"), session);
    call(world, server, session, "stream");
    const char *event = strstr(answer.body, "id: ");
    if (event == NULL || sscanf(event, "id: %79s", id) != 1)
        return false; // without memory for it the stream cannot be resumed
    in_time(agent_ask(
        world, &(struct ask){.server = server, .verb = "GET", .session = session, .last_id = id},
        &again));
    // Whole or refused, but nothing is missing in between.
    if (again.ended && again.status == 200)
        assert_true(answer_has(&again, "\"text\":\"plain\""));
    return again.ended;
}

// ---- The server asks

// The raw value that begins behind `before`, up to `end`; false when it is not there.
static bool cut_out(const char *text, const char *before, char end, char *value, size_t size)
{
    const char *at = strstr(text, before);
    const char *until = at == NULL ? NULL : strchr(at + strlen(before), end);
    if (until == NULL)
        return false;
    at += strlen(before);
    snprintf(value, size, "%.*s", (int)(until - at), at);
    return true;
}

bool question_id(const char *text, char *id, size_t size)
{
    const char *question = strstr(text, "\"method\":\"elicitation/create\"");
    // Written before the method or behind the parameters.
    while (question != NULL && question > text && question[-1] != '\n')
        question--;
    return question != NULL && cut_out(question, "\"id\":", ',', id, size);
}

// As a client does that wants its answer taken: a broken connection is tried again.
static bool reply(struct gateway_world *world, const struct ask *ask)
{
    static struct answer taken;
    for (int tries = 0; tries < 3; tries++) {
        in_time(agent_ask(world, ask, &taken));
        if (taken.ended && taken.status == 202)
            return true;
    }
    return false;
}

bool converse_asked_legacy(struct gateway_world *world, const char *server)
{
    static const char call_text[] = "{\"jsonrpc\":\"2.0\",\"id\":4,\"method\":\"tools/call\","
                                    "\"params\":{\"name\":\"ask\",\"arguments\":{}}}";
    char session[80], id[80], text[256];
    open_session(world, server, INITIALIZE_ASKABLE, session);
    call(world, server, session, "drop");
    agent_start(world, &(struct ask){.server = server, .session = session, .body = call_text},
                &answer);
    in_time(gateway_world_wait(world, &answer.heard));
    if (answer.done || !question_id(answer.body, id, sizeof id))
        return false;
    snprintf(text, sizeof text,
             "{\"jsonrpc\":\"2.0\",\"id\":%s,\"result\":{\"action\":\"accept\",\"content\":{}}}",
             id);
    if (reply(world, &(struct ask){.server = server, .session = session, .body = text}))
        in_time(gateway_world_wait(world, &answer.done));
    if (!answer.done)
        http_call_cancel(answer.call);
    return answer_has(&answer, "\"text\":\"asked\"");
}

bool converse_asked_modern(struct gateway_world *world, const char *server)
{
    char state[128], key[32], text[1024], round[256] = "";
    call(world, server, NULL, "drop");
    for (int rounds = 0; rounds < 3; rounds++) { // one of them may have to be repeated
        snprintf(text, sizeof text,
                 "{\"jsonrpc\":\"2.0\",\"id\":4,\"method\":\"tools/call\",\"params\":{"
                 "\"name\":\"ask\",\"arguments\":{},%s\"_meta\":{"
                 "\"io.modelcontextprotocol/protocolVersion\":\"2026-07-28\","
                 "\"io.modelcontextprotocol/clientCapabilities\":{\"elicitation\":{}}}}}",
                 round);
        in_time(agent_ask(
            world,
            &(struct ask){.server = server, .body = text, .modern = "tools/call", .name = "ask"},
            &answer));
        if (answer.status == 503)
            continue;
        if (!cut_out(answer.body, "\"requestState\":\"", '"', state, sizeof state) ||
            !cut_out(answer.body, "\"inputRequests\":{\"", '"', key, sizeof key))
            break;
        snprintf(round, sizeof round,
                 "\"requestState\":\"%s\",\"inputResponses\":{\"%s\":{\"action\":\"accept\","
                 "\"content\":{}}},",
                 state, key);
    }
    return answer_has(&answer, "\"text\":\"asked\"");
}

// ---- News

// What comes on a stream that has no end; without memory it may be nothing.
static bool heard(struct gateway_world *world, const char *text)
{
    for (int tries = 0; tries < 10 && !answer.heard; tries++)
        gateway_world_rest(world, 10);
    if (!answer.done)
        http_call_cancel(answer.call);
    return answer_has(&answer, text);
}

bool converse_watch_legacy(struct gateway_world *world, const char *server)
{
    static const char watch[] = "{\"jsonrpc\":\"2.0\",\"id\":5,\"method\":\"resources/subscribe\","
                                "\"params\":{\"uri\":\"test://a\"}}";
    static struct answer taken;
    char session[80];
    open_session(world, server, INITIALIZE("2025-06-18"), session);
    agent_start(world, &(struct ask){.server = server, .session = session, .verb = "GET"}, &answer);
    in_time(agent_ask(world, &(struct ask){.server = server, .session = session, .body = watch},
                      &taken));
    bool watched = taken.ended && taken.status == 200 && answer_has(&taken, "\"result\":{}");
    if (!watched && !answer.done)
        http_call_cancel(answer.call);
    bool news = watched && heard(world, "test://a");
    in_time(agent_ask(world, &(struct ask){.server = server, .verb = "DELETE", .session = session},
                      &taken));
    return news;
}

bool converse_watch_modern(struct gateway_world *world, const char *server)
{
    static const char listen[] =
        "{\"jsonrpc\":\"2.0\",\"id\":5,\"method\":\"subscriptions/listen\",\"params\":{"
        "\"notifications\":{\"resourceSubscriptions\":[\"test://a\"]},\"_meta\":{"
        "\"io.modelcontextprotocol/protocolVersion\":\"2026-07-28\","
        "\"io.modelcontextprotocol/clientCapabilities\":{}}}}";
    agent_start(world,
                &(struct ask){.server = server, .body = listen, .modern = "subscriptions/listen"},
                &answer);
    in_time(gateway_world_wait(world, &answer.heard));
    return heard(world, "notifications/subscriptions/acknowledged");
}

// ---- Whatever fails

void nothing_forbidden_happened(struct gateway_world *world)
{
    struct fake_server *fake = &world->fake;
    assert_int_equal(fake_count(fake, "tools/call drop"), 0);
    assert_int_equal(fake_count(fake, "tools/call secret"), 0);
    assert_int_equal(fake_count(fake, "tools/call dr\\u006fp"), 0);
    assert_int_equal(fake_count(fake, "tools/call s\\u0065cret"), 0);
    assert_in_range(fake_count(fake, "tools/call add"), 0, ADDS_MAX);
    assert_in_range(fake_count(fake, "tools/call few"), 0, FEWS_MAX);
    assert_false(fake->saw_token);
    assert_false(fake->saw_foreign_id);
    assert_int_equal(gateway_world_told(world, "\"tools/call\" \"drop\""), 0);
    assert_int_equal(gateway_world_told(world, "\"tools/call\" \"secret\""), 0);
    // One child for the stateless era and one for each session have limits in common.
    assert_in_range(gateway_world_told(world, "\"tools/call\" \"add\""), 0, ADDS_MAX);
    assert_in_range(gateway_world_told(world, "\"tools/call\" \"few\""), 0, FEWS_MAX);
}

// A child that could not be started is tried again after half a second only. False: it rests.
static bool greet(struct gateway_world *world, const char *server, bool patient, char session[80])
{
    open_session(world, server, INITIALIZE("2025-06-18"), session);
    bool resting = answer.status == 502 && answer_has(&answer, "keeps exiting");
    for (int tries = 0; resting && patient && tries < 20; tries++) {
        gateway_world_rest(world, 50);
        open_session(world, server, INITIALIZE("2025-06-18"), session);
        resting = answer.status == 502;
    }
    return !resting;
}

void works_again(struct gateway_world *world, const struct conversation *conversation, bool patient)
{
    char session[80];
    const char *server = conversation->server;
    if (!greet(world, server, patient, session) && !patient) {
        works_again(world, &(struct conversation){.server = "fake"}, true);
        return;
    }
    assert_true(answer.ended);
    assert_int_equal(answer.status, 200);
    call(world, server, session, "plain");
    assert_true(answer.ended);
    assert_true(answer_has(&answer, "\"text\":\"plain\""));
    call(world, server, NULL, "plain");
    // The stateless era has a child of its own.
    for (int tries = 0; answer_has(&answer, "keeps exiting") && tries < 20; tries++) {
        gateway_world_rest(world, 50);
        call(world, server, NULL, "plain");
    }
    assert_true(answer_has(&answer, "\"text\":\"plain\""));
    call(world, server, session, "drop");
    assert_true(answer_has(&answer, "Nothing may be dropped."));
    if (conversation->again)
        assert_true(conversation->run(world, server));
}
